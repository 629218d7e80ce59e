//! GET `/eivital/v1.04/heartbeat/ping`: whether the door answers. Nothing is asked of the caller.

use actix_web::HttpResponse;

use super::success;

/// GET.
pub async fn show() -> HttpResponse {
    HttpResponse::Ok().json(success("pong"))
}
