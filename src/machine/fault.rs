//! Why a call is refused, in the terms of both protocols: a code, and how the answer is sent.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::caller::KeyFault;
use crate::kernel::clock::{MINUTE, Moment};
use crate::kernel::gstn_code::GstnCode;
use crate::kernel::ids;
use crate::kernel::irp_code::IrpCode;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::page::Visit;
use crate::web::paths;

/// The codes of one protocol.
pub trait Code: Copy {
    /// We failed, or have no time.
    const FAILED: Self;
    /// The body cannot be read.
    const MALFORMED: Self;
    /// Too many were wrong.
    const TOO_MANY: Self;

    fn of_key(fault: KeyFault) -> Self;

    /// To both national protocols a refusal is an answer like any other.
    fn status(self) -> StatusCode {
        StatusCode::OK
    }

    /// The message that goes with the code.
    fn message(self) -> &'static str;

    /// The body of the answer.
    fn body(self, message: &str) -> Value;
}

/// Why a call is refused.
pub struct Fault<C> {
    code: C,
    /// Instead of the code's own text.
    message: Option<String>,
    how: How,
}

enum How {
    /// With the code's own status.
    Answer,
    TooMany {
        until: Moment,
    },
    TooBig,
    TooSlow,
    Compressed,
    Unavailable,
    Internal(String),
}

impl<C: Code> Fault<C> {
    pub fn new(code: C, message: String) -> Self {
        Self { code, message: Some(message), how: How::Answer }
    }

    /// Nothing was looked at, and nothing will be until then.
    pub fn too_many(until: Moment) -> Self {
        Self { code: C::TOO_MANY, message: None, how: How::TooMany { until } }
    }

    fn send(self, request: &HttpRequest) -> HttpResponse {
        let status = match self.how {
            How::Answer => self.code.status(),
            How::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            How::TooBig => StatusCode::PAYLOAD_TOO_LARGE,
            How::TooSlow => StatusCode::REQUEST_TIMEOUT,
            How::Compressed => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            How::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            How::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut message = self.message.unwrap_or_else(|| self.code.message().to_owned());
        let mut go_on = |sentence: String| message = format!("{}. {sentence}", message.trim_end_matches('.'));
        let mut response = HttpResponse::build(status);
        match self.how {
            How::Answer | How::Compressed => {}
            How::TooMany { until } => {
                let now = Visit::of(request).map_or(until, |visit| visit.now);
                response.insert_header((header::RETRY_AFTER, until.since(now).max(1).to_string()));
                let when =
                    if until.since(now) < MINUTE { until.ist_time_with_seconds() } else { until.ist_date_time() };
                go_on(format!("Too many tries. Try again after {when} IST."));
            }
            // The rest of a body that is too big or too slow is not waited for.
            How::TooBig | How::TooSlow => {
                response.force_close();
            }
            How::Unavailable => {
                response.insert_header((header::RETRY_AFTER, "5"));
            }
            How::Internal(cause) => {
                let id = Visit::of(request).map(|visit| visit.request_id).unwrap_or_default();
                let reference = ids::reference(&id);
                tracing::error!(%reference, path = paths::for_log(request.path()), cause, "a call failed");
                go_on(format!("Reference {reference}."));
            }
        }
        response.json(self.code.body(&message))
    }
}

/// Sends what a call is answered, or why it is refused.
pub fn answer<C: Code>(request: &HttpRequest, outcome: Result<Value, Fault<C>>) -> HttpResponse {
    match outcome {
        Ok(body) => HttpResponse::Ok().json(body),
        Err(fault) => fault.send(request),
    }
}

impl<C: Code> From<C> for Fault<C> {
    fn from(code: C) -> Self {
        Self { code, message: None, how: How::Answer }
    }
}

impl<C: Code> From<KeyFault> for Fault<C> {
    fn from(fault: KeyFault) -> Self {
        Self::from(C::of_key(fault))
    }
}

impl<C: Code> From<PageError> for Fault<C> {
    fn from(error: PageError) -> Self {
        let (code, how) = match error {
            PageError::TooMany { until }
            | PageError::TooManyOtps { again: until, .. }
            | PageError::Locked { until, .. } => (C::TOO_MANY, How::TooMany { until }),
            PageError::TooBig { .. } => (C::MALFORMED, How::TooBig),
            PageError::TooSlow => (C::MALFORMED, How::TooSlow),
            PageError::UnsupportedMedia => (C::MALFORMED, How::Compressed),
            PageError::Unavailable => (C::FAILED, How::Unavailable),
            other => (C::FAILED, How::Internal(other.to_string())),
        };
        Self { code, message: None, how }
    }
}

impl<C: Code> From<StoreError> for Fault<C> {
    fn from(error: StoreError) -> Self {
        PageError::from(error).into()
    }
}

impl Code for IrpCode {
    const FAILED: Self = Self::Application;
    const MALFORMED: Self = Self::Malformed;
    const TOO_MANY: Self = Self::InvalidLogin;

    fn of_key(fault: KeyFault) -> Self {
        match fault {
            KeyFault::IdMissing => Self::ClientIdMissing,
            KeyFault::SecretMissing => Self::ClientSecretMissing,
            KeyFault::UnknownId | KeyFault::WrongSecret => Self::InvalidClient,
        }
    }

    fn message(self) -> &'static str {
        self.text()
    }

    /// `ErrorDetails` is a plain list: that is what clients index.
    fn body(self, message: &str) -> Value {
        serde_json::json!({
            "Status": 0,
            "ErrorDetails": [{ "ErrorCode": self.code(), "ErrorMessage": message }],
            "Data": null,
            "InfoDtls": null,
        })
    }
}

impl Code for GstnCode {
    const FAILED: Self = Self::Technical;
    const MALFORMED: Self = Self::Malformed;
    const TOO_MANY: Self = Self::TooMany;

    fn of_key(fault: KeyFault) -> Self {
        match fault {
            KeyFault::IdMissing => Self::ClientIdMissing,
            KeyFault::SecretMissing => Self::ClientSecretMissing,
            KeyFault::UnknownId => Self::InvalidClientId,
            KeyFault::WrongSecret => Self::InvalidClientSecret,
        }
    }

    fn message(self) -> &'static str {
        self.text()
    }

    /// `status_cd` is a text here and not a number.
    fn body(self, message: &str) -> Value {
        serde_json::json!({ "status_cd": "0", "error": { "error_cd": self.code(), "message": message } })
    }
}
