//! POST `/introspect`: an operator's API gateway asks whether a token is good (RFC 7662). HTTP Basic with an integrator
//! key that has the gateway role.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::caller::{KeyFault, SentKey};
use super::fault::{Code, Fault as AnyFault, answer};
use super::{Machine, is_open, tokens};
use crate::store::tokens::Token;
use crate::web::page::Visit;
use crate::web::{body, form};

type Fault = AnyFault<Refusal>;

/// The error codes of OAuth 2.0 that this address gives (RFC 6749, 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    InvalidRequest,
    InvalidClient,
    TooMany,
    ServerError,
}

/// POST `token=…`.
pub async fn submit(request: HttpRequest, payload: web::Payload, machine: web::Data<Machine>) -> HttpResponse {
    let mut response = answer(&request, introspect(&request, payload, &machine).await);
    if response.status() == StatusCode::UNAUTHORIZED {
        let scheme = header::HeaderValue::from_static("Basic realm=\"introspection\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}

async fn introspect(request: &HttpRequest, payload: web::Payload, machine: &Machine) -> Result<Value, Fault> {
    let visit = Visit::of(request)?;
    let key = SentKey::of_basic(request.headers()).ok_or(Refusal::InvalidClient)?;
    let caller = machine.admit(&visit, Some(key)).await?;
    if !caller.gateway {
        return Err(Refusal::InvalidClient.into());
    }
    let limits = &visit.kit.settings.limits;
    let body =
        body::read(request.headers(), payload.into_inner(), limits.machine_bytes, limits.machine_seconds).await?;
    let token = token_in(&body)?;
    let now = visit.now;
    let found = visit.kit.store.read(move |c| tokens::find_open(c, &token, now)).await?;
    let open = found.filter(|token| is_open(&visit.kit.settings, token.door()) && caller.is_for(&token.gstin));
    Ok(open.map_or_else(|| json!({ "active": false }), |token| told(&token)))
}

/// The one parameter `token`; `token_type_hint` and whatever else there is are nothing to us.
fn token_in(body: &[u8]) -> Result<String, Refusal> {
    let mut tokens = form::parse_pairs(body).into_iter().filter(|(name, _)| name == "token").map(|(_, token)| token);
    match (tokens.next(), tokens.next()) {
        (Some(token), None) if !token.is_empty() => Ok(token),
        _ => Err(Refusal::InvalidRequest),
    }
}

/// `exp` and `iat` are seconds since 1970.
fn told(token: &Token) -> Value {
    json!({
        "active": true,
        "gstin": token.gstin,
        "username": token.username,
        "door": token.door().as_str(),
        "client_id": token.client_id,
        "iat": token.life.issued_at.seconds(),
        "exp": token.life.expires_at.seconds(),
    })
}

impl Code for Refusal {
    const FAILED: Self = Self::ServerError;
    const MALFORMED: Self = Self::InvalidRequest;
    const TOO_MANY: Self = Self::TooMany;

    fn of_key(_: KeyFault) -> Self {
        Self::InvalidClient
    }

    fn status(self) -> StatusCode {
        match self {
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The body must be a form with one token.",
            Self::InvalidClient => "This needs an integrator key with the gateway role.",
            Self::TooMany => "The answer must wait.",
            Self::ServerError => "The service could not answer.",
        }
    }

    fn body(self, message: &str) -> Value {
        let code = match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::TooMany => "slow_down",
            Self::ServerError => "server_error",
        };
        json!({ "error": code, "error_description": message })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_token_is_read_whatever_stands_beside_it() {
        assert_eq!(token_in(b"token=abc&token_type_hint=access_token"), Ok("abc".to_owned()));
        for wrong in ["", "token=", "token=a&token=b", "Token=a", "{\"token\":\"a\"}"] {
            assert_eq!(token_in(wrong.as_bytes()), Err(Refusal::InvalidRequest), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = token_in(&body);
        }
    }
}
