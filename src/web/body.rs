//! The body of a request: how much of it is taken, and how long it is waited for (`security.md` 3.6).

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::BytesMut;
use futures_util::StreamExt as _;

use super::error::PageError;

/// The whole body as it is, not compressed, when it has at most `bytes` and has come within so many `seconds`.
pub async fn read(headers: &HeaderMap, payload: Payload, bytes: i64, seconds: i64) -> Result<BytesMut, PageError> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(PageError::UnsupportedMedia);
    }
    let most = usize::try_from(bytes).unwrap_or(usize::MAX);
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(PageError::TooBig { bytes: most });
    }
    let patience = Duration::from_secs(u64::try_from(seconds).unwrap_or(20));
    tokio::time::timeout(patience, collect(payload, most)).await.map_err(|_| PageError::TooSlow)?
}

async fn collect(mut payload: Payload, most: usize) -> Result<BytesMut, PageError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        // A client that hangs up in the middle hears nothing anyway.
        let chunk = chunk.map_err(|_| PageError::TooSlow)?;
        if body.len() + chunk.len() > most {
            return Err(PageError::TooBig { bytes: most });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
