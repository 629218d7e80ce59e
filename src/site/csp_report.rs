//! `/csp-report`: where browsers tell that a page of ours tried what its content security policy forbids. Each report is
//! a line in the log; nothing else comes of it.

use actix_web::HttpResponse;

use crate::web::error::PageError;
use crate::web::report::Reported;

/// POST, from browsers and not from pages: there is no form and no token.
pub async fn submit(Reported(reports): Reported) -> Result<HttpResponse, PageError> {
    for report in reports {
        let (directive, blocked, path) = (report.directive, report.blocked, report.path);
        tracing::warn!(directive, blocked, path, "a browser has blocked something on a page");
    }
    Ok(HttpResponse::NoContent().finish())
}
