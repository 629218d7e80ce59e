//! What stands on every answer (`security.md` 3.5), and which Host an answer is given to at all (3.6).

use std::panic::AssertUnwindSafe;

use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, web};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::Kit;
use super::browser::DeviceCookie;
use super::error::PageError;
use super::form::FreshFormCookie;
use super::page::RequestId;
use crate::kernel::ids;
use crate::kernel::portal::Portal;
use crate::settings::{Mode, Settings};
use crate::words::{Lang, Words};

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; \
    script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; report-to csp; report-uri /csp-report";

static ALWAYS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (HeaderName::from_static("reporting-endpoints"), "csp=\"/csp-report\""),
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
    let answered = AssertUnwindSafe(next.call(request).instrument(span.clone())).catch_unwind().await;
    let mut response = match answered.unwrap_or_else(|_| Err(span.in_scope(|| panicked(&id)))) {
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

/// A handler has panicked, which the panic hook has logged: the request is gone with it and so is the page's frame, the
/// process goes on.
fn panicked(request_id: &str) -> actix_web::Error {
    let (w, reference) = (Words::new(Lang::En), ids::reference(request_id));
    tracing::error!(reference, "a request failed");
    let text = format!("{}\n\n{}", w.error_internal_title(), w.error_reference().reference(&reference));
    let response = HttpResponse::InternalServerError().content_type("text/plain; charset=utf-8").body(text);
    InternalError::from_response("a panic", response).into()
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
    let kit = request.app_data::<web::Data<Kit>>().ok_or(PageError::UnknownHost);
    let refused = match kit.and_then(|kit| check_host(&request, &kit.settings)) {
        Err(refused) => refused,
        Ok(()) if is_embedded_elsewhere(&request) => PageError::Forbidden,
        Ok(()) => return Ok(next.call(request).await?.map_into_left_body()),
    };
    Ok(request.error_response(refused).map_into_right_body())
}

/// Whether a page of another site has asked for one of ours without anybody going there: as an image, a script, a frame
/// (ASVS 3.5.8). Links, in mails too, are followed as ever; browsers that say nothing are served.
fn is_embedded_elsewhere(request: &ServiceRequest) -> bool {
    let says = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let embedded = match (says("sec-fetch-mode"), says("sec-fetch-dest")) {
        ("", _) => false,
        ("navigate", dest) => !matches!(dest, "" | "document"),
        _ => true,
    };
    says("sec-fetch-site") == "cross-site" && embedded && Portal::of_path(request.path()).is_some()
}

fn check_host(request: &ServiceRequest, settings: &Settings) -> Result<(), PageError> {
    let hosts: Vec<&HeaderValue> = request.headers().get_all(header::HOST).collect();
    let [host] = hosts.as_slice() else { return Err(PageError::AmbiguousHost) };
    let host = host.to_str().map_err(|_| PageError::UnknownHost)?.to_ascii_lowercase();
    if request.uri().authority().is_some_and(|authority| !authority.as_str().eq_ignore_ascii_case(&host)) {
        return Err(PageError::AmbiguousHost);
    }
    if own_hosts(settings).contains(&host) { Ok(()) } else { Err(PageError::UnknownHost) }
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

#[cfg(test)]
mod tests {
    use actix_web::{App, test};

    use super::*;

    #[actix_web::test]
    async fn a_panic_is_an_answer_with_a_reference_and_says_nothing_else() {
        async fn panics() -> HttpResponse {
            panic!("the password is Slow-Ferry_Rides 29")
        }
        let app = App::new().route("/", web::get().to(panics)).wrap(actix_web::middleware::from_fn(on_every_answer));
        let app = test::init_service(app).await;
        let answer = test::try_call_service(&app, test::TestRequest::get().uri("/").to_request()).await;
        let answer =
            answer.map_or_else(|error| error.error_response(), |answer| answer.into_parts().1.map_into_boxed_body());
        assert_eq!(answer.status(), 500);
        assert!(answer.headers().contains_key(header::CONTENT_SECURITY_POLICY));
        let body = actix_web::body::to_bytes(answer.into_body()).await.map_err(|_| "no body").unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.starts_with("There is a problem with the service\n\nReference "), "{body}");
    }
}
