//! Stylesheet, script and icon, compiled in and served under a name that holds their hash, so that a browser may keep
//! them for a year. They alone are compressed, ahead of time: a page mixes secrets and typed text (BREACH, T33).

use actix_web::http::header::{self, AcceptEncoding, Encoding, Header as _};
use actix_web::{HttpRequest, HttpResponse, web};

use super::error::PageError;
use super::page::PageResult;

/// A file of `static/` as the build made it.
pub(crate) struct Asset {
    name: &'static str,
    /// `/static/app.3f2a….css`
    path: &'static str,
    bytes: &'static [u8],
    /// `None` when compressing does not make it smaller.
    gzip: Option<&'static [u8]>,
    content_type: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The address of a file of `static/`; empty when there is no such file.
pub fn path(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| asset.path)
}

/// GET `/static/{name}`.
pub async fn show(request: HttpRequest, _name: web::Path<String>) -> PageResult {
    let asset = ASSETS.iter().find(|asset| asset.path == request.path()).ok_or(PageError::NotFound)?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, asset.content_type))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::VARY, "Accept-Encoding"));
    // A header that does not parse asks for nothing.
    let accepted = AcceptEncoding::parse(&request).ok();
    let offered = [Encoding::gzip(), Encoding::identity()];
    let accepts = accepted.and_then(|accepted| accepted.negotiate(offered.iter())) == Some(Encoding::gzip());
    match asset.gzip.filter(|_| accepts) {
        Some(gzip) => Ok(response.insert_header((header::CONTENT_ENCODING, "gzip")).body(gzip)),
        None => Ok(response.body(asset.bytes)),
    }
}
