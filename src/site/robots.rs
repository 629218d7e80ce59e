//! `/robots.txt` and `/.well-known/change-password`: two addresses that programs ask for.

use actix_web::HttpResponse;

use crate::kernel::portal::Portal;
use crate::web::page::see_other;
use crate::web::paths;

/// Only the landing page is for search engines.
const ROBOTS: &str = "User-agent: *\nAllow: /$\nDisallow: /\n";

pub async fn show() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(ROBOTS)
}

/// Where password managers send people (W3C "A Well-Known URL for Changing Passwords").
pub async fn change_password() -> HttpResponse {
    see_other(paths::shared(Portal::Irp).account_password)
}
