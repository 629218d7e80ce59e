//! Why a request cannot go on, and the page that says so. What a person can fix in a form is not here: that is a page
//! with status 422.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, ResponseError};
use askama::Template;

use super::page::{Frame, Visit, see_other};
use super::paths;
use crate::kernel::clock::{HOUR, MINUTE, Moment};
use crate::kernel::ids;
use crate::kernel::portal::Portal;
use crate::store::StoreError;
use crate::words::{Lang, Words};

/// An early return from a handler: a redirect or an error page.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PageError {
    #[error("not found")]
    NotFound,
    /// Signed in, and still not for this person.
    #[error("no access")]
    Forbidden,
    #[error("method not allowed")]
    MethodNotAllowed,
    #[error("the form is out of date")]
    FormOutOfDate,
    /// The form belongs to an older journey than the session's, which is about `subject` and goes on at `on`.
    #[error("the form belongs to another journey")]
    OtherJourney { subject: String, on: &'static str },
    /// 303 to an own path: sign in first, or start at the beginning.
    #[error("see {0}")]
    SeeOther(String),
    /// A budget is used up until then.
    #[error("too many tries")]
    TooMany { until: Moment },
    /// `again`: when a new OTP may be asked for. `works_until`: how long the last one sent works, when it does.
    #[error("too many OTPs")]
    TooManyOtps { again: Moment, works_until: Option<Moment>, enter: &'static str },
    /// Strangers can use `otp_first` instead of waiting; others have come that way, or are signed in.
    #[error("the account is locked")]
    Locked { until: Moment, otp_first: Option<&'static str>, forgot_password: &'static str },
    /// From this address; somebody who owns an account goes on at `otp_first`.
    #[error("too many failed sign-ins")]
    TooManySignIns { until: Moment, otp_first: &'static str },
    /// So many wrong passwords that only an OTP opens the way to the password.
    #[error("an OTP comes first")]
    OtpFirst { otp_first: &'static str, forgot_password: &'static str },
    #[error("the body is larger than {bytes} bytes")]
    TooBig { bytes: usize },
    #[error("the body came too slowly")]
    TooSlow,
    #[error("not a form")]
    UnsupportedMedia,
    #[error("not a host of ours")]
    UnknownHost,
    /// No Host, several, or another one than the address asked for: two programs in a row might each read their own.
    #[error("not one host")]
    AmbiguousHost,
    #[error("unavailable")]
    Unavailable,
    #[error("internal: {0}")]
    Internal(String),
}

impl PageError {
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::Internal(cause.into())
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        if error.is_passing() {
            tracing::warn!(%error, "the store could not do it now");
            return Self::Unavailable;
        }
        match error {
            StoreError::NoRight => Self::Forbidden,
            other => Self::Internal(other.to_string()),
        }
    }
}

/// Seconds after which a 503 may be tried again.
const RETRY_AFTER: i64 = 5;

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Forbidden | Self::FormOutOfDate | Self::OtherJourney { .. } => StatusCode::FORBIDDEN,
            Self::SeeOther(_) => StatusCode::SEE_OTHER,
            Self::TooMany { .. }
            | Self::TooManyOtps { .. }
            | Self::Locked { .. }
            | Self::TooManySignIns { .. }
            | Self::OtpFirst { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::TooBig { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UnknownHost => StatusCode::MISDIRECTED_REQUEST,
            Self::AmbiguousHost => StatusCode::BAD_REQUEST,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Bare: `render` makes the page of it, because only there the request is known.
    fn error_response(&self) -> HttpResponse {
        match self {
            Self::SeeOther(path) => see_other(path),
            _ => HttpResponse::new(self.status_code()),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    w: Words,
    frame: Frame,
    heading: String,
    paragraphs: Vec<String>,
    /// Ways on: address and words.
    ways: Vec<(String, &'static str)>,
    reference: String,
}

/// Middleware: every answer that is an error becomes a page in the usual frame.
pub async fn render(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let response = next.call(request).await.map_err(without_request)?;
    let error = response.response().error().map(|error| classify(error, response.status()));
    match error.or_else(|| bare_error(&response)) {
        Some(error) if !matches!(error, PageError::SeeOther(_)) => {
            let (request, old) = response.into_parts();
            let page = keep_cookies(error_page(&request, &error), old.headers());
            Ok(ServiceResponse::new(request, page).map_into_right_body())
        }
        _ => Ok(response.map_into_left_body()),
    }
}

/// The session could not be saved after the handler had answered. Here the request is gone, so the frame is too: one
/// line of text says it.
fn without_request(error: actix_web::Error) -> actix_web::Error {
    tracing::error!(%error, "the session could not be saved");
    let sorry = Words::new(Lang::En).error_unavailable_title();
    let mut response = HttpResponse::ServiceUnavailable();
    response.insert_header((header::RETRY_AFTER, RETRY_AFTER.to_string()));
    InternalError::from_response(error, response.content_type("text/plain; charset=utf-8").body(sorry)).into()
}

fn classify(error: &actix_web::Error, status: StatusCode) -> PageError {
    error.as_error::<PageError>().cloned().unwrap_or_else(|| match status {
        StatusCode::NOT_FOUND => PageError::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => PageError::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => PageError::TooBig { bytes: 0 },
        status if status.is_client_error() => PageError::NotFound,
        _ => PageError::Internal(error.to_string()),
    })
}

/// An answer of the router itself: no such address, or not with this method.
fn bare_error(response: &ServiceResponse<impl MessageBody>) -> Option<PageError> {
    let rendered = response.headers().contains_key(header::CONTENT_TYPE);
    match response.status() {
        StatusCode::NOT_FOUND if !rendered => Some(PageError::NotFound),
        StatusCode::METHOD_NOT_ALLOWED if !rendered => Some(PageError::MethodNotAllowed),
        _ => None,
    }
}

/// A guard may have ended or renewed the session before it refused.
fn keep_cookies(mut page: HttpResponse, old: &header::HeaderMap) -> HttpResponse {
    for name in [header::SET_COOKIE, header::ALLOW] {
        for value in old.get_all(&name) {
            page.headers_mut().append(name.clone(), value.clone());
        }
    }
    page
}

fn error_page(request: &actix_web::HttpRequest, error: &PageError) -> HttpResponse {
    let visit = Visit::of(request).ok();
    let reference = ids::reference(visit.as_ref().map_or("", |visit| visit.request_id.as_str()));
    if let PageError::Internal(cause) = error {
        tracing::error!(%reference, path = paths::for_log(request.path()), cause, "a request failed");
    }
    let mut response = HttpResponse::build(error.status_code());
    match error {
        PageError::TooMany { until }
        | PageError::Locked { until, .. }
        | PageError::TooManySignIns { until, .. }
        | PageError::TooManyOtps { again: until, .. } => {
            let now = visit.as_ref().map_or(*until, |visit| visit.now);
            response.insert_header((header::RETRY_AFTER, until.since(now).max(1).to_string()));
        }
        PageError::OtpFirst { .. } => {
            let again = visit.as_ref().map_or(HOUR, |visit| visit.kit.settings.limits.sign_in_lock);
            response.insert_header((header::RETRY_AFTER, again.to_string()));
        }
        PageError::Unavailable => {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER.to_string()));
        }
        // The rest of a body that is too big or too slow is not waited for.
        PageError::TooBig { .. } | PageError::TooSlow => {
            response.force_close();
        }
        _ => {}
    }
    if paths::is_for_software(request.path()) {
        // RFC 9457: software reads no page.
        let problem = serde_json::json!({
            "title": error.to_string(),
            "status": error.status_code().as_u16(),
            "reference": reference,
        });
        return response.content_type("application/problem+json").body(problem.to_string());
    }
    let body = visit.and_then(|visit| words_of(&visit, error, reference).render().ok());
    response.content_type("text/html; charset=utf-8").body(body.unwrap_or_default())
}

fn words_of(visit: &Visit, error: &PageError, reference: String) -> ErrorPage {
    let w = visit.w;
    let home = visit.portal.map_or(paths::HOME, |portal| paths::shared(portal).start).to_owned();
    let to_home = (home, w.error_way_home());
    let to_help = (paths::HELP.to_owned(), w.error_way_help());
    let (heading, paragraphs, ways) = match error {
        PageError::NotFound | PageError::MethodNotAllowed | PageError::SeeOther(_) => {
            (w.error_not_found_title().to_owned(), vec![w.error_not_found_text().to_owned()], vec![to_home, to_help])
        }
        PageError::Forbidden => {
            let who =
                visit.visitor.signed_in().map(|state| w.error_forbidden_who().username(state.username).to_string());
            let paragraphs = [Some(w.error_forbidden_text().to_owned()), who].into_iter().flatten().collect();
            (w.error_forbidden_title().to_owned(), paragraphs, vec![to_home])
        }
        PageError::FormOutOfDate => {
            let again = (page_of_form(visit), w.error_form_way());
            (w.error_form_title().to_owned(), vec![w.error_form_text().to_owned()], vec![again, to_home])
        }
        PageError::OtherJourney { subject, on } => {
            let anew = match visit.portal {
                Some(Portal::Irp) => (paths::IRP_REGISTER.to_owned(), w.error_other_journey_way_anew()),
                _ => (start_of_walk(visit), w.error_other_journey_way_again()),
            };
            let ways = vec![((*on).to_owned(), w.error_other_journey_way_on()), anew];
            let text = w.error_other_journey_text().gstin(subject).to_string();
            (w.error_other_journey_title().to_owned(), vec![text], ways)
        }
        PageError::TooMany { until } => (
            w.error_too_many_title().to_owned(),
            vec![w.error_too_many_text().time(clock_or_date(visit, *until)).to_string()],
            vec![to_home],
        ),
        PageError::TooManyOtps { again, works_until, enter } => {
            let mut paragraphs = vec![otps_sentence(visit, *again)];
            paragraphs
                .extend(works_until.map(|until| w.error_otps_works().time(clock_or_date(visit, until)).to_string()));
            let enter = works_until.map(|_| ((*enter).to_owned(), w.error_otps_way()));
            (w.error_otps_title().to_owned(), paragraphs, enter.into_iter().chain([to_home]).collect())
        }
        PageError::Locked { until, otp_first, forgot_password } => {
            let text = w.error_locked_text().time(until.ist_time()).to_string();
            let minutes = visit.kit.settings.limits.sign_in_lock / MINUTE;
            let title = w.error_locked_title().minutes(minutes).to_string();
            let otp_first = otp_first.map(|otp_first| (otp_first.to_owned(), w.error_way_otp_first()));
            let ways = otp_first.into_iter().chain([((*forgot_password).to_owned(), w.error_locked_way())]);
            (title, vec![text], ways.collect())
        }
        PageError::TooManySignIns { until, otp_first } => (
            w.error_too_many_title().to_owned(),
            vec![w.error_sign_ins_text().time(clock_or_date(visit, *until)).to_string()],
            vec![((*otp_first).to_owned(), w.error_way_otp_first()), to_home],
        ),
        PageError::OtpFirst { otp_first, forgot_password } => (
            w.otp_first_title().to_owned(),
            vec![w.error_otp_first_text().to_owned()],
            vec![
                ((*otp_first).to_owned(), w.error_way_otp_first()),
                ((*forgot_password).to_owned(), w.error_locked_way()),
            ],
        ),
        PageError::TooBig { bytes } => {
            let text = w.error_big_text().limit(size(*bytes)).to_string();
            (w.error_big_title().to_owned(), vec![text], vec![(visit.path().to_owned(), w.error_way_back())])
        }
        PageError::TooSlow => (w.error_slow_title().to_owned(), vec![w.error_slow_text().to_owned()], vec![to_home]),
        PageError::UnsupportedMedia => {
            (w.error_media_title().to_owned(), vec![w.error_media_text().to_owned()], vec![to_home])
        }
        PageError::UnknownHost | PageError::AmbiguousHost => {
            (w.error_host_title().to_owned(), vec![w.error_host_text().to_owned()], vec![])
        }
        PageError::Unavailable => {
            let text = w.error_unavailable_text().time(visit.now.plus(RETRY_AFTER).ist_time_with_seconds()).to_string();
            (w.error_unavailable_title().to_owned(), vec![text], vec![to_home])
        }
        PageError::Internal(_) => {
            let contact = (paths::CONTACT.to_owned(), w.error_way_contact());
            (w.error_internal_title().to_owned(), vec![w.error_internal_text().to_owned()], vec![to_home, contact])
        }
    };
    ErrorPage { w, frame: visit.frame(&heading), heading, paragraphs, ways, reference }
}

/// The page on which a form stands: most post to their own address, a few buttons do not.
fn page_of_form(visit: &Visit) -> String {
    let path = visit.path();
    let landing = visit.portal.map(paths::shared).filter(|own| path == own.logout || path == own.extend);
    landing.map_or(path.strip_suffix("/resend").unwrap_or(path), |own| own.landing).to_owned()
}

/// The first page of the walk that the form belongs to.
fn start_of_walk(visit: &Visit) -> String {
    let starts = [paths::GST_FIRST_LOGIN, paths::GST_FORGOT_USERNAME];
    let start = starts.into_iter().find(|start| visit.path().starts_with(start));
    let portal = visit.portal.unwrap_or(Portal::Irp);
    start.unwrap_or(paths::shared(portal).forgot_password).to_owned()
}

/// `64 KB`, `2 MB`.
fn size(bytes: usize) -> String {
    let kilobytes = bytes / 1024;
    if kilobytes >= 1024 && kilobytes.is_multiple_of(1024) {
        return format!("{} MB", kilobytes / 1024);
    }
    format!("{kilobytes} KB")
}

/// Of the two budgets the one that opens within the hour is the hourly one.
fn otps_sentence(visit: &Visit, again: Moment) -> String {
    let count = visit.kit.settings.limits.otp_sends_per_hour;
    match again.since(visit.now) <= HOUR {
        true => visit.w.error_otps_text().count(count).time(again.ist_time()).to_string(),
        false => visit.w.error_otps_text_day().time(again.ist_date_time()).to_string(),
    }
}

/// `17:20:30` within the minute, `17:20` today, `23/11/2026 17:20` on another day.
fn clock_or_date(visit: &Visit, moment: Moment) -> String {
    match moment.ist_date() == visit.now.ist_date() {
        true if moment.since(visit.now) < MINUTE => moment.ist_time_with_seconds(),
        true => moment.ist_time(),
        false => moment.ist_date_time(),
    }
}
