//! Uploads: how a posted file is read and trusted. The only way a handler gets at one, so none can forget the check.

use std::io;
use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::time::Instant;

use super::error::PageError;
use super::form;
use super::page::Visit;
use crate::kernel::limits::Limits;

/// Bytes around the file: boundaries, the headers of the parts, the token.
const AROUND: usize = 16 * 1024;

/// Longest token that is looked at.
const TOKEN: usize = 1024;

/// The field `file` of a form of ours; empty when no file was chosen. The token stands before it, so that nothing of
/// what somebody else's page sends is kept.
pub struct Uploaded(pub Vec<u8>);

impl FromRequest for Uploaded {
    type Error = PageError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if form::is_taken(request, payload) {
            return Box::pin(std::future::pending());
        }
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read(&Visit::of(&request)?, payload).await })
    }
}

async fn read(visit: &Visit, payload: Payload) -> Result<Uploaded, PageError> {
    form::refuse_foreign_page(visit)?;
    let (headers, limits) = (visit.request().headers(), &visit.kit.settings.limits);
    if !is_multipart(headers) {
        return Err(PageError::UnsupportedMedia);
    }
    let most = usize::try_from(limits.upload_bytes).unwrap_or(usize::MAX);
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most.saturating_add(AROUND)) {
        return Err(PageError::TooBig { bytes: most });
    }
    let fault = |error| fault_of(&error, most);
    let mut parts = Multipart::new(headers, paced(payload, limits, most.saturating_add(AROUND)));
    let mut trusted = false;
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(fault)?;
        match part.name() {
            Some("csrf") if !trusted => {
                let token = part.bytes(TOKEN).await.map_err(|_| PageError::FormOutOfDate)?.map_err(fault)?;
                trusted = form::token_fits(visit, std::str::from_utf8(&token).unwrap_or_default());
            }
            Some("file") if trusted => return collect(part, most).await.map(Uploaded),
            _ if trusted => drop(collect(part, most).await?),
            _ => break,
        }
    }
    if trusted { Ok(Uploaded(Vec::new())) } else { Err(PageError::FormOutOfDate) }
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("multipart/form-data") && !headers.contains_key(header::CONTENT_ENCODING)
}

async fn collect(mut part: Field, most: usize) -> Result<Vec<u8>, PageError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(|error| fault_of(&error, most))?;
        if body.len() + chunk.len() > most {
            return Err(PageError::TooBig { bytes: most });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

/// A client that hangs up in the middle hears nothing anyway; what is no multipart is no form that we can read.
fn fault_of(error: &MultipartError, most: usize) -> PageError {
    match error {
        MultipartError::Payload(PayloadError::Overflow) => PageError::TooBig { bytes: most },
        MultipartError::Payload(_) => PageError::TooSlow,
        _ => PageError::UnsupportedMedia,
    }
}

/// The body, cut off when it is larger than `most`, or slower than an upload may be (`security.md` 3.6): whoever sends
/// a byte now and then must not hold a connection for ever.
fn paced(payload: Payload, limits: &Limits, most: usize) -> impl Stream<Item = Result<Bytes, PayloadError>> + 'static {
    let pace = Pace::of(limits);
    let chunks = stream::unfold((payload, 0_usize), move |(mut payload, received)| async move {
        let chunk = match tokio::time::timeout_at(pace.next_by(received), payload.next()).await {
            Err(_) => Err(PayloadError::Io(io::ErrorKind::TimedOut.into())),
            Ok(None) => return None,
            Ok(Some(chunk)) => chunk,
        };
        let received = received.saturating_add(chunk.as_ref().map_or(0, Bytes::len));
        let chunk = if received > most { Err(PayloadError::Overflow) } else { chunk };
        Some((chunk, (payload, received)))
    });
    // The reader of parts looks again after the end, which `unfold` alone does not bear.
    chunks.fuse()
}

/// By when how much must have come.
#[derive(Clone, Copy)]
struct Pace {
    began: Instant,
    head_start: u64,
    bytes_per_second: u64,
    longest: u64,
}

impl Pace {
    fn of(limits: &Limits) -> Self {
        let number = |limit: i64| u64::try_from(limit).unwrap_or(0);
        Self {
            began: Instant::now(),
            head_start: number(limits.upload_head_start),
            bytes_per_second: number(limits.upload_bytes_per_second).max(1),
            longest: number(limits.upload_seconds),
        }
    }

    /// When the byte after the first `received` is late.
    fn next_by(&self, received: usize) -> Instant {
        let earned = u64::try_from(received).unwrap_or(u64::MAX) / self.bytes_per_second;
        self.began + Duration::from_secs(self.head_start.saturating_add(earned).min(self.longest))
    }
}
