//! Forms: how a posted one is read and trusted, its token, and what is said about its fields.

use std::fmt::Display;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use percent_encoding::percent_decode;
use serde::de::DeserializeOwned;

use super::error::PageError;
use super::page::Visit;
use super::{body, paths, session};
use crate::kernel::ids;
use crate::store::journeys::{self, Stage};
use crate::vault::Purpose;

/// What was wrong with a form: for each fault the field and the sentence, in the order of the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(&'static str, String)>);

impl FieldErrors {
    pub fn add(&mut self, field: &'static str, message: impl Display) {
        self.0.push((field, message.to_string()));
    }

    /// The faults of further fields.
    pub fn append(&mut self, further: Self) {
        self.0.extend(further.0);
    }

    /// A single fault.
    pub fn of(field: &'static str, message: impl Display) -> Self {
        Self(vec![(field, message.to_string())])
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the summary above the heading lists: each sentence once, with the first field that it is about.
    pub fn summary(&self) -> Vec<(&'static str, &str)> {
        let mut summary: Vec<(&'static str, &str)> = Vec::new();
        for (field, message) in &self.0 {
            if !summary.iter().any(|(_, said)| said == message) {
                summary.push((field, message));
            }
        }
        summary
    }

    /// The sentences at one field.
    pub fn at(&self, field: &str) -> Vec<&str> {
        self.0.iter().filter(|(name, _)| *name == field).map(|(_, message)| message.as_str()).collect()
    }

    /// The value, or the fault noted at `field`.
    pub fn check<T, E>(&mut self, field: &'static str, parsed: Result<T, E>, say: impl Fn(E) -> String) -> Option<T> {
        parsed.map_err(|fault| self.add(field, say(fault))).ok()
    }
}

/// One of the values that a group of radio buttons or a list offers.
pub struct Choice {
    pub value: String,
    pub text: String,
    pub chosen: bool,
}

impl Choice {
    /// The choices, of which `chosen` is the value typed before; one that is not offered chooses nothing.
    pub fn list<T: Into<String>>(offered: impl IntoIterator<Item = (T, T)>, chosen: &str) -> Vec<Self> {
        let choice = |(value, text): (String, String)| Self { chosen: value == chosen, value, text };
        offered.into_iter().map(|(value, text)| choice((value.into(), text.into()))).collect()
    }
}

/// A posted form whose token fits: the only way a handler gets at a body, so none can forget the check.
///
/// Missing fields are empty. A field that came twice or is not UTF-8 is empty too: which of two answers was meant, or
/// what a broken one says, is not ours to guess, so its own "Enter …" message asks again.
pub struct Posted<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Posted<T> {
    type Error = PageError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if is_taken(request, payload) {
            return Box::pin(std::future::pending());
        }
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let visit = Visit::of(&request)?;
            let fields = read_trusted(&visit, payload).await?;
            refuse_other_journey(&visit, &fields).await?;
            let value =
                serde_json::Value::Object(fields.into_iter().map(|(name, value)| (name, value.into())).collect());
            serde_json::from_value(value).map(Self).map_err(|error| PageError::internal(error.to_string()))
        })
    }
}

/// Seconds within which a form that comes again is taken for the same press of its button.
pub const SAME_PRESS: i64 = 60;

/// A form with no fields of its own: a button.
#[derive(serde::Deserialize)]
pub struct Button {}

pub type Fields = Vec<(String, String)>;

/// The fields of the request's body, when the request comes from a page of ours.
pub async fn read_trusted(visit: &Visit, payload: Payload) -> Result<Fields, PageError> {
    refuse_foreign_page(visit)?;
    let fields = read(visit, payload).await?;
    let token = fields.iter().find(|(name, _)| name == "csrf").map_or("", |(_, value)| value.as_str());
    match token_fits(visit, token) {
        true => Ok(fields),
        false => match has_signed_in(visit, &fields).await? {
            Some(done) => Err(PageError::SeeOther(done.to_owned())),
            None => Err(PageError::FormOutOfDate),
        },
    }
}

/// Where a form leads whose walk has signed somebody in already: it was sent twice, with the cookies of before. Signing in
/// has taken its session away since, so only the journey's id in it tells.
pub async fn repeat_leads_to(visit: &Visit, payload: Payload) -> Result<Option<&'static str>, PageError> {
    match read(visit, payload).await {
        Ok(fields) => has_signed_in(visit, &fields).await,
        // What is wrong with it otherwise is not said to somebody who has no journey.
        Err(_) => Ok(None),
    }
}

/// The page that the first press has led to, when the journey that a form belongs to has signed somebody in. Its id
/// cannot be guessed, and nothing is done for the form.
async fn has_signed_in(visit: &Visit, fields: &Fields) -> Result<Option<&'static str>, PageError> {
    let Some((_, id)) = fields.iter().find(|(name, _)| name == "journey").cloned() else { return Ok(None) };
    if !ids::is_random(&id) {
        return Ok(None);
    }
    let journey = visit.kit.store.read(move |c| journeys::find(c, &id)).await?;
    let done = journey.filter(|journey| journey.stage >= Stage::Done);
    Ok(done.and_then(|journey| paths::of_signed_in(journey.portal, journey.kind)))
}

async fn read(visit: &Visit, payload: Payload) -> Result<Fields, PageError> {
    let limits = &visit.kit.settings.limits;
    let headers = visit.request().headers();
    if !is_form(headers) {
        return Err(PageError::UnsupportedMedia);
    }
    let body = body::read(headers, payload, limits.form_bytes, limits.form_seconds).await?;
    Ok(unrepeated(parse_pairs(&body)))
}

/// Whether a guard before has taken the body, which it does only when it will refuse. actix polls all extractors of a
/// handler together, so whoever comes after must wait for that guard's answer instead of giving one.
pub fn is_taken(request: &HttpRequest, payload: &Payload) -> bool {
    let headers = request.headers();
    let announced = headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0");
    announced && matches!(payload, Payload::None)
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Name and value of each pair. A value that is not UTF-8 is empty; so is a name, which nobody asks for.
pub fn parse_pairs(body: &[u8]) -> Fields {
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let mut text = || decode(halves.next().unwrap_or_default());
            (text(), text())
        })
        .collect()
}

fn decode(encoded: &[u8]) -> String {
    let spaced: Vec<u8> = encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    String::from_utf8(percent_decode(&spaced).collect()).unwrap_or_default()
}

fn unrepeated(pairs: Fields) -> Fields {
    let mut fields: Fields = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, first)) => first.clear(),
            None => fields.push((name, value)),
        }
    }
    fields
}

/// Second layer beside the token: what the browser itself says about where the form stood. A client that says nothing
/// is judged by the token alone.
pub(super) fn refuse_foreign_page(visit: &Visit) -> Result<(), PageError> {
    let header = |name: &str| visit.request().headers().get(name).map(|value| value.to_str().unwrap_or("?").to_owned());
    let own = match (header("sec-fetch-site"), header("origin")) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => is_own_origin(visit, &origin),
        (None, None) => true,
    };
    if own { Ok(()) } else { Err(PageError::FormOutOfDate) }
}

fn is_own_origin(visit: &Visit, origin: &str) -> bool {
    let settings = &visit.kit.settings;
    let scheme = if settings.is_secure() { "https" } else { "http" };
    origin
        .strip_prefix(scheme)
        .and_then(|rest| rest.strip_prefix("://"))
        .is_some_and(|host| super::headers::own_hosts(settings).iter().any(|own| own == host))
}

/// A form of an older journey changes nothing: the person started another one in another tab.
async fn refuse_other_journey(visit: &Visit, fields: &Fields) -> Result<(), PageError> {
    let theirs = fields.iter().find(|(name, _)| name == "journey").map(|(_, value)| value.as_str());
    let (Some(theirs), Some(current)) = (theirs, visit.visitor.journey()) else { return Ok(()) };
    if theirs == current {
        return Ok(());
    }
    let current = visit.kit.store.read(move |c| journeys::find(c, &current)).await?;
    // Without a journey there is nothing to mix up; the step's guard says where to begin.
    let Some(current) = current else { return Ok(()) };
    let on = paths::of_journey(current.portal, current.kind);
    Err(PageError::OtherJourney { subject: current.subject, on })
}

/// A form's token: `nonce.key id.MAC`, bound to the session or to a random cookie, and to the address it posts to. The
/// nonce makes it new in every page.
pub fn token(visit: &Visit, action: &str) -> String {
    let nonce = ids::random();
    let mac = visit.kit.keys.mac(Purpose::Csrf, &[&binding_or_new(visit), &place(visit, action), &nonce]);
    format!("{nonce}.{}", mac.as_str())
}

pub(super) fn token_fits(visit: &Visit, token: &str) -> bool {
    let (Some((nonce, mac)), Some(binding)) = (token.split_once('.'), binding(visit)) else { return false };
    visit.kit.keys.verify_mac(Purpose::Csrf, &[&binding, &place(visit, visit.path()), nonce], mac)
}

/// Where the form acts: its address, and in the workspace portal the workspace of the session, because a form that was
/// open while its person switched must not act in the other one. The switch itself may be pressed twice.
fn place(visit: &Visit, action: &str) -> String {
    let switches = action == paths::WORKSPACE_SWITCH || !action.starts_with(paths::WORKSPACE_SETTINGS);
    let workspace = visit.visitor.workspace().filter(|_| !switches);
    workspace.map_or_else(|| action.to_owned(), |workspace| format!("{action} {workspace}"))
}

/// What forms of this visitor are bound to: the session of whoever is (or just was) signed in, else the form cookie.
fn binding(visit: &Visit) -> Option<String> {
    let session = visit.visitor.sid().map(|sid| format!("session/{sid}"));
    session.or_else(|| {
        let name = session::cookie_name("form", visit.kit.settings.is_secure());
        let cookie = visit.request().cookie(&name)?;
        Some(format!("cookie/{}", cookie.value()))
    })
}

/// A cookie that the answer must set: the page holds a form and the browser had none yet.
pub struct FreshFormCookie(pub Cookie<'static>);

fn binding_or_new(visit: &Visit) -> String {
    if let Some(binding) = binding(visit) {
        return binding;
    }
    let mut extensions = visit.request().extensions_mut();
    if let Some(FreshFormCookie(cookie)) = extensions.get::<FreshFormCookie>() {
        return format!("cookie/{}", cookie.value());
    }
    let value = ids::random();
    let secure = visit.kit.settings.is_secure();
    let cookie = Cookie::build(session::cookie_name("form", secure), value.clone());
    let cookie = cookie.path("/").http_only(true).secure(secure).same_site(SameSite::Lax).finish();
    extensions.insert(FreshFormCookie(cookie));
    format!("cookie/{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_pair_by_pair() {
        let pairs = parse_pairs(b"gstin=29ABCDE1234F1ZW&name=A+%26+B&&empty");
        let expected = [("gstin", "29ABCDE1234F1ZW"), ("name", "A & B"), ("empty", "")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_doubled_or_broken_field_is_empty() {
        assert_eq!(unrepeated(parse_pairs(b"otp=1&otp=2")), [("otp".to_owned(), String::new())]);
        assert_eq!(parse_pairs(b"otp=%ff"), [("otp".to_owned(), String::new())]);
    }

    proptest::proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let fields = unrepeated(parse_pairs(&body));
            let mut names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
            names.sort();
            names.dedup();
            proptest::prop_assert_eq!(names.len(), fields.len());
        }
    }
}
