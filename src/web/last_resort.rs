//! The last resort (ASVS 16.5.4): a handler that panics is answered with the page of any other fault, and the process
//! goes on. What panics around the handlers, where the page's frame is not known, `headers::on_every_answer` answers.

use std::panic::AssertUnwindSafe;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use futures_util::FutureExt as _;

use super::error::PageError;

/// Middleware of every address, where its handler is already chosen: before, actix bears no second hold on a request.
pub async fn catch(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let held = request.request().clone();
    // Nothing that the handler has held is looked at again, and every effect of it is one transaction.
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(answered) => Ok(answered?.map_into_left_body()),
        // Where it happened is told by the panic's own line in the log (`telemetry.rs`).
        Err(_) => Ok(ServiceResponse::from_err(PageError::internal("panicked"), held).map_into_right_body()),
    }
}
