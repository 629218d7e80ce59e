//! The OTP step, once for all uses: issue, show, verify, resend. Here its page; `issue` and `verify` are what stands
//! behind it.
//!
//! An OTP is bound to its challenge, journey, purpose and subject by a MAC under a key outside the database.

mod issue;
mod verify;

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

pub use self::issue::{Issued, PreparedOtp, prepare};
pub use self::verify::{Verdict, verify};
use super::Recipients;
use crate::kernel::clock::{MINUTE, Moment};
use crate::kernel::limits::Limits;
use crate::kernel::otp::{OtpCode, OtpFormat};
use crate::kernel::portal::Portal;
use crate::notify::Outbox;
use crate::store::accounts;
use crate::store::challenges::{self, Challenge};
use crate::store::events::{self, Event};
use crate::store::journeys::{self, Journey, Kind, Stage};
use crate::store::{self, Connection};
use crate::web::error::PageError;
use crate::web::form::FieldErrors;
use crate::web::guard::current_journey;
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::throttle::{self, Proof};
use crate::words::Words;

/// Where an OTP step stands and how it looks there.
#[derive(Clone, Copy)]
pub struct OtpStep {
    pub page: &'static str,
    pub resend: &'static str,
    /// "Step 4 of 6", in the registration.
    pub number: Option<u8>,
    /// "Verify" in the registration, "Continue" elsewhere.
    pub verify: bool,
    /// Where a mistyped contact is corrected.
    pub change_contact: Option<&'static str>,
    /// Set where the page must not tell whether an OTP went out at all: what somebody had typed.
    pub discreet: Option<Typed>,
}

/// What a person who has proven nothing had typed to get an OTP.
#[derive(Clone, Copy)]
pub enum Typed {
    Gstin,
    Username,
    Email,
}

impl Typed {
    /// What names an account in that portal.
    pub const fn of(portal: Portal) -> Self {
        match portal {
            Portal::Gst => Self::Username,
            Portal::Workspace => Self::Email,
            Portal::Irp => Self::Gstin,
        }
    }
}

/// What is typed on the page: an OTP, or where an authenticator app is asked for its code.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct OtpForm {
    otp: SecretString,
    pub(super) code: SecretString,
}

impl OtpForm {
    /// The code, or what is wrong with its form. None of these uses up a try.
    fn parse(&self, w: Words, digits: i64) -> Result<OtpCode, FieldErrors> {
        let digits = usize::try_from(digits).unwrap_or(6);
        OtpCode::parse(self.otp.expose_secret(), digits).map_err(|fault| {
            let message = match fault {
                OtpFormat::Empty => w.otp_empty().digits(digits).to_string(),
                OtpFormat::Length(count) => w.otp_length().digits(digits).count(count).to_string(),
                OtpFormat::NotDigits => w.otp_not_digits().to_owned(),
            };
            FieldErrors::of("otp", message)
        })
    }
}

/// What a code's MAC covers.
fn mac_parts<'a>(challenge: &'a Challenge, code: &'a str) -> [&'a str; 7] {
    let Challenge { id, purpose, subject, journey_id, sent_to, .. } = challenge;
    ["otp/v1", id, purpose, subject, journey_id, sent_to, code]
}

/// Records an event of a walk about `subject`. One that began with a username names the account and its GSTIN, so that
/// its owner can read it; what was typed itself never stands in a record (T21).
fn record(c: &mut Connection, event: &Event, subject: &str) -> store::Result<()> {
    let by_username = matches!(Kind::parse(&event.outcome), Some(Kind::ForgotPassword | Kind::OtpFirst | Kind::SignIn));
    let portal = event.portal.as_deref().and_then(|portal| Portal::of_path(&format!("/{portal}")));
    let mut event = event.clone();
    if let (None, true, Some(portal)) = (&event.account_id, by_username, portal)
        && let Some(account) = accounts::find_by_username(c, portal, subject)?
    {
        event.gstin = account.gstin.or(event.gstin);
        event.account_id = Some(account.id);
    }
    events::insert(c, &event)
}

/// A walk up to its proof: the one of this session that waits for it already, or a new one.
pub(super) struct Walk {
    pub journey: Journey,
    begins: bool,
}

impl Walk {
    pub async fn of(visit: &Visit, kind: Kind, subject: String, data: Option<String>) -> Result<Self, PageError> {
        let portal = visit.portal.ok_or(PageError::NotFound)?;
        let waits =
            |journey: &Journey| journey.kind == kind && journey.subject == subject && journey.stage == Stage::Otp;
        let waiting = current_journey(visit).await?.filter(waits);
        let begins = waiting.is_none();
        let journey = waiting.unwrap_or_else(|| Journey::begin(kind, portal, subject, Stage::Otp, visit.now));
        Ok(Self { journey: Journey { data, ..journey }, begins })
    }

    /// Stores it; of a walk that goes on, what it has collected anew.
    pub fn keep(&self, c: &mut Connection) -> store::Result<()> {
        match &self.journey.data {
            _ if self.begins => journeys::insert(c, &self.journey),
            Some(data) => journeys::set_data(c, &self.journey.id, data),
            None => Ok(()),
        }
    }
}

/// Sends the OTP that begins a walk and leads to its `page`. A walk of the same kind that waits for its OTP already goes
/// on, so that a button pressed twice sends one OTP.
pub async fn begin(
    visit: &Visit,
    outbox: &Outbox,
    (kind, subject): (Kind, String),
    to: &Recipients,
    proof: Proof,
    page: &'static str,
) -> PageResult {
    begin_with(visit, outbox, (kind, subject), None, to, proof, page).await
}

/// The same for a walk that has collected `data` before its OTP.
pub async fn begin_with(
    visit: &Visit,
    outbox: &Outbox,
    (kind, subject): (Kind, String),
    data: Option<String>,
    to: &Recipients,
    proof: Proof,
    page: &'static str,
) -> PageResult {
    let walk = Walk::of(visit, kind, subject, data).await?;
    let (id, otp) = (walk.journey.id.clone(), prepare(visit, outbox, &walk.journey, to, proof).await?);
    let issued = visit.kit.store.write(move |c| {
        walk.keep(c)?;
        let issued = otp.issue(c)?;
        if walk.begins && matches!(issued, Issued::TooMany { .. }) {
            journeys::delete(c, &walk.journey.id)?;
        }
        Ok(issued)
    });
    match issued.await? {
        Issued::Sent | Issued::Wait { .. } => {
            outbox.wake();
            visit.visitor.set_journey(&id);
            Ok(see_other(page))
        }
        // The page about OTPs would speak of what nobody asked for.
        Issued::TooMany { again, .. } if kind == Kind::FirstLogin => Err(PageError::TooMany { until: again }),
        Issued::TooMany { again, works_until } => Err(PageError::TooManyOtps { again, works_until, enter: page }),
    }
}

#[derive(Template)]
#[template(path = "accounts/otp.html")]
struct OtpPage {
    w: Words,
    frame: Frame,
    step: OtpStep,
    journey: String,
    digits: i64,
    /// As many digits that are no code.
    example: String,
    /// What was sent where, and until when it works.
    sent: String,
    /// When another may be asked for: for the script, and as a sentence.
    resend_at: i64,
    resend_sentence: String,
    /// Goes to a person of the workspace: there is no phone, and nothing registered elsewhere.
    personal: bool,
    /// There is no code to type: a button asks for one.
    dead: bool,
    /// There was one, and too many wrong codes have ended it.
    cancelled: bool,
}

/// The page that asks for the code. The caller has seen to it that the journey stands here.
pub async fn show(visit: &Visit, journey: &Journey, step: OtpStep) -> PageResult {
    render(visit, journey, step, StatusCode::OK, FieldErrors::default(), None).await
}

/// The same page with what was wrong with the code.
async fn show_errors(visit: &Visit, journey: &Journey, step: OtpStep, errors: FieldErrors) -> PageResult {
    render(visit, journey, step, StatusCode::UNPROCESSABLE_ENTITY, errors, None).await
}

/// A posted code: on to `next` when it proves the journey; else the page again.
pub async fn submit(visit: &Visit, journey: &Journey, step: OtpStep, form: &OtpForm, next: &str) -> PageResult {
    submit_and(visit, journey, step, form, next, |_| Ok(())).await
}

/// The same; acceptance and `effect` are one transaction.
pub async fn submit_and(
    visit: &Visit,
    journey: &Journey,
    step: OtpStep,
    form: &OtpForm,
    next: &str,
    effect: impl FnOnce(&mut Connection) -> store::Result<()> + Send + 'static,
) -> PageResult {
    match check(visit, journey, step, form, effect).await? {
        Proving::Proven(()) => {
            visit.visitor.renew_on_next_page();
            Ok(see_other(next))
        }
        Proving::Page(page) => Ok(page),
    }
}

/// What became of a posted code.
pub enum Proving<T> {
    /// It was right; with what its effect returned.
    Proven(T),
    /// It was not: the page that says so.
    Page(HttpResponse),
}

/// A posted code: when it proves the journey, `effect` has run in the transaction that used it up.
pub async fn check<T: Send + 'static>(
    visit: &Visit,
    journey: &Journey,
    step: OtpStep,
    form: &OtpForm,
    effect: impl FnOnce(&mut Connection) -> store::Result<T> + Send + 'static,
) -> Result<Proving<T>, PageError> {
    // Counted whatever it looks like.
    throttle::spend(visit, throttle::otp_posts(&visit.kit.settings.limits, &visit.throttle_key())).await?;
    let digits = digits_of(newest(visit, journey).await?.as_ref(), &visit.kit.settings.limits);
    let code = match form.parse(visit.w, digits) {
        Ok(code) => code,
        Err(errors) => return show_errors(visit, journey, step, errors).await.map(Proving::Page),
    };
    let (id, now) = (journey.id.clone(), visit.now);
    let verified = move |c: &mut Connection| match journeys::set_verified(c, &id, now)? {
        true => effect(c).map(Some),
        false => Ok(None),
    };
    match verify(visit, journey, Zeroizing::new(code.as_str().to_owned()), verified).await? {
        Verdict::Accepted(outcome) => Ok(Proving::Proven(outcome)),
        refused => refuse(visit, journey, step, refused).await.map(Proving::Page),
    }
}

/// The page for every verdict but acceptance, which is the caller's.
async fn refuse<T>(visit: &Visit, journey: &Journey, step: OtpStep, verdict: Verdict<T>) -> PageResult {
    let w = visit.w;
    let message = match verdict {
        Verdict::Wrong { left } if left <= visit.kit.settings.limits.otp_tries - 3 => {
            w.otp_wrong_left().n(left).to_string()
        }
        Verdict::Wrong { .. } => w.otp_wrong().to_owned(),
        Verdict::Replaced => w.otp_replaced().to_owned(),
        Verdict::Expired => w.otp_expired().to_owned(),
        // The page itself says it: too many wrong OTPs, and a button instead of the field.
        Verdict::Dead => return show_errors(visit, journey, step, FieldErrors::default()).await,
        Verdict::Accepted(_) | Verdict::Gone => return Ok(see_other(step.page)),
        Verdict::TooMany { until } => return Err(PageError::TooMany { until }),
    };
    show_errors(visit, journey, step, FieldErrors::of("otp", message)).await
}

/// Asks for a new code: 303 back to the page, the page with status 429 when it is too early, or the page of its own
/// when there were too many.
pub async fn resend(
    visit: &Visit,
    outbox: &Outbox,
    journey: &Journey,
    step: OtpStep,
    to: &Recipients,
    proof: Proof,
) -> PageResult {
    if journey.stage != Stage::Otp {
        return Ok(see_other(step.page));
    }
    let prepared = prepare(visit, outbox, journey, to, proof).await?;
    let issued = visit.kit.store.write(move |c| prepared.issue(c)).await?;
    outbox.wake();
    match issued {
        Issued::Sent => {
            visit.visitor.set_notice(&Notice::NewOtp { at: visit.now.seconds() });
            Ok(see_other(step.page))
        }
        Issued::Wait { seconds, sent_at } => {
            let text = visit.w.otp_wait().n(seconds).time(sent_at.ist_time()).to_string();
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut response = render(visit, journey, step, status, FieldErrors::default(), Some(text)).await?;
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
            Ok(response)
        }
        Issued::TooMany { again, works_until } => Err(PageError::TooManyOtps { again, works_until, enter: step.page }),
    }
}

async fn newest(visit: &Visit, journey: &Journey) -> Result<Option<Challenge>, PageError> {
    let (id, purpose) = (journey.id.clone(), journey.kind.as_str());
    let sent = visit.kit.store.read(move |c| challenges::list(c, &id, purpose)).await?;
    Ok(sent.into_iter().next())
}

/// Of the OTP that was sent, or would be.
fn digits_of(newest: Option<&Challenge>, limits: &Limits) -> i64 {
    newest.map_or(limits.otp_digits, |newest| i64::from(newest.digits))
}

async fn render(
    visit: &Visit,
    journey: &Journey,
    step: OtpStep,
    status: StatusCode,
    errors: FieldErrors,
    wait: Option<String>,
) -> PageResult {
    let (w, limits) = (visit.w, &visit.kit.settings.limits);
    let newest = newest(visit, journey).await?;
    let digits = digits_of(newest.as_ref(), limits);
    // Without any challenge there is nothing to type: the person asks for one here.
    let dead = newest.as_ref().is_none_or(|newest| i64::from(newest.tries) >= limits.otp_tries);
    let sent_at = newest.as_ref().map_or(visit.now, |newest| Moment::from_seconds(newest.sent_at));
    let resend_at = if dead { visit.now } else { sent_at.plus(limits.otp_resend_wait) };
    // A dead OTP has no field that a fault could stand at.
    let (title, errors) = if dead { (w.otp_ask_new(), FieldErrors::default()) } else { (w.otp_title(), errors) };
    let mut frame = visit.frame_with(title, errors);
    if let Some(text) = wait {
        frame = frame.with_box("info", "status", text);
    }
    page::page(
        status,
        &OtpPage {
            w,
            frame,
            step,
            journey: journey.id.clone(),
            digits,
            example: w.otp_example().chars().take(usize::try_from(digits).unwrap_or(6)).collect(),
            sent: sent_sentence(w, limits, newest.as_ref(), step),
            resend_at: resend_at.seconds(),
            resend_sentence: w.otp_resend_after().time(resend_at.ist_time_with_seconds()).to_string(),
            personal: journey.portal == Portal::Workspace,
            dead,
            cancelled: newest.is_some(),
        },
    )
}

fn sent_sentence(w: Words, limits: &Limits, newest: Option<&Challenge>, step: OtpStep) -> String {
    let until = newest.map_or(Moment::from_seconds(0), |newest| Moment::from_seconds(newest.expires_at)).ist_time();
    let (digits, minutes) = (digits_of(newest, limits), limits.otp_life / MINUTE);
    match step.discreet {
        Some(Typed::Gstin) => return w.otp_sent_if().digits(digits).time(until).minutes(minutes).to_string(),
        Some(Typed::Email) => {
            let sent = w.workspace_forgot_password_sent_if().digits(digits).time(until).minutes(minutes);
            return sent.to_string();
        }
        Some(Typed::Username) => return w.gst_otp_sent_if().digits(digits).time(until).minutes(minutes).to_string(),
        None => {}
    }
    let to: Vec<String> = newest.and_then(|newest| serde_json::from_str(&newest.sent_to).ok()).unwrap_or_default();
    let to = match to.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => w.otp_list().rest(rest.join(", ")).last(last).to_string(),
        None => String::new(),
    };
    w.otp_sent().digits(digits).to(to).time(until).minutes(minutes).to_string()
}
