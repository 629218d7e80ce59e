//! What stands on every answer (`security.md` 3.5), and which Host an answer is given to at all (3.6).

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, web};
use tracing::Instrument as _;

use super::Kit;
use super::browser::DeviceCookie;
use super::error::PageError;
use super::form::FreshFormCookie;
use super::page::RequestId;
use crate::kernel::ids;
use crate::settings::{Mode, Settings};

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; \
    script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'";

static ALWAYS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not no-referrer: browsers would then send `Origin: null` with our own forms (T25).
    (header::REFERRER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    (header::PERMISSIONS_POLICY, "camera=(), microphone=(), geolocation=(), payment=(), otp-credentials=(self)"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

const STRICT_TRANSPORT_SECURITY: &str = "max-age=63072000; includeSubDomains; preload";

/// Outermost middleware: gives the request an id, logs it when it is answered, and puts the headers on the answer.
pub async fn on_every_answer(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let id = ids::random();
    request.extensions_mut().insert(RequestId(id.clone()));
    let secure = request.app_data::<web::Data<Kit>>().is_some_and(|kit| kit.settings.is_secure());
    let path = super::paths::for_log(request.path());
    let span = tracing::info_span!("request", id = %id, method = %request.method(), path);
    let mut response = match next.call(request).instrument(span.clone()).await {
        Ok(response) => response,
        Err(error) => {
            let mut response = error.error_response();
            put(response.headers_mut(), secure, false);
            return Err(InternalError::from_response(error, response).into());
        }
    };
    span.in_scope(|| tracing::info!(status = response.status().as_u16(), "answered"));

    let fresh = response.request().extensions_mut().remove::<FreshFormCookie>();
    if let Some(FreshFormCookie(cookie)) = fresh {
        response.response_mut().add_cookie(&cookie)?;
    }
    let device = response.request().extensions_mut().remove::<DeviceCookie>();
    if let Some(DeviceCookie(cookie)) = device {
        response.response_mut().add_cookie(&cookie)?;
    }
    let landing = response.request().path() == super::paths::HOME;
    put(response.headers_mut(), secure, landing);
    Ok(response)
}

fn put(headers: &mut HeaderMap, secure: bool, landing: bool) {
    for (name, value) in &ALWAYS {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
    if secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(STRICT_TRANSPORT_SECURITY));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if !landing {
        headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"));
    }
}

/// Middleware: an answer is given to our own names only; every absolute link is made from the settings and never from
/// the request (T10).
pub async fn own_host_only(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let own = request.app_data::<web::Data<Kit>>().is_some_and(|kit| is_own(&request, &kit.settings));
    match own {
        true => Ok(next.call(request).await?.map_into_left_body()),
        false => Ok(request.error_response(PageError::UnknownHost).map_into_right_body()),
    }
}

fn is_own(request: &ServiceRequest, settings: &Settings) -> bool {
    let hosts: Vec<&HeaderValue> = request.headers().get_all(header::HOST).collect();
    let [host] = hosts.as_slice() else { return false };
    let Some(host) = host.to_str().ok().map(str::to_ascii_lowercase) else { return false };
    let fits_target = request.uri().authority().is_none_or(|authority| authority.as_str().eq_ignore_ascii_case(&host));
    fits_target && own_hosts(settings).contains(&host)
}

/// Host and port as a Host header spells them. On loopback demo mode answers to every loopback name of its port.
pub fn own_hosts(settings: &Settings) -> Vec<String> {
    let public = settings.public_host().to_owned();
    let mut hosts = vec![public];
    if settings.mode == Mode::Demo && settings.listen.ip().is_loopback() {
        let port = settings.listen.port();
        hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}")));
    }
    hosts
}
