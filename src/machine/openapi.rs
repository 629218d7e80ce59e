//! GET `/openapi.json`: the description of the doors for programs; `docs/api.md` is the one for people.

use actix_web::HttpResponse;

/// GET. The same text as the file in `docs/`; its addresses are relative to this server.
pub async fn show() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(include_str!("../../docs/openapi.json"))
}
