//! The OTP step, once for all uses: issue, show, verify, resend.
//!
//! An OTP is bound to its challenge, journey, purpose and subject by a MAC under a key outside the database. Tries are
//! counted before anything is compared; acceptance runs the caller's effect in the transaction that uses the code up.

use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use askama::Template;
use serde::Deserialize;

use super::Recipients;
use crate::kernel::clock::Moment;
use crate::kernel::ids;
use crate::kernel::limits::Limits;
use crate::kernel::otp::{OtpCode, OtpFormat};
use crate::notify::messages::Writer;
use crate::notify::{Outbox, Prepared};
use crate::store::challenges::{self, Challenge};
use crate::store::counters::{self, Budget};
use crate::store::events::{self, Event};
use crate::store::journeys::{self, Journey, Kind, Stage};
use crate::store::{self, Connection};
use crate::vault::{KeyRing, Purpose};
use crate::web::error::PageError;
use crate::web::form::FieldErrors;
use crate::web::guard::current_journey;
use crate::web::page::{self, Frame, Notice, PageResult, Visit, see_other};
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
    /// The page must not tell whether an OTP went out at all.
    pub discreet: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct OtpForm {
    otp: secrecy::SecretString,
}

impl OtpForm {
    /// The code, or what is wrong with its form. None of these uses up a try.
    fn parse(&self, w: Words, limits: &Limits) -> Result<OtpCode, FieldErrors> {
        let digits = usize::try_from(limits.otp_digits).unwrap_or(6);
        let typed = secrecy::ExposeSecret::expose_secret(&self.otp);
        OtpCode::parse(typed, digits).map_err(|fault| {
            let message = match fault {
                OtpFormat::Empty => w.otp_empty().digits(digits).to_string(),
                OtpFormat::Length(count) => w.otp_length().digits(digits).count(count).to_string(),
                OtpFormat::NotDigits => w.otp_not_digits().to_owned(),
            };
            FieldErrors::of("otp", message)
        })
    }
}

/// An OTP made and its messages written, before the transaction that sends them.
pub struct PreparedOtp {
    challenge: Challenge,
    messages: Vec<(Budgets, Prepared)>,
    budgets: Vec<Budget>,
    proof: Proof,
    limits: Limits,
    event: Event,
    now: Moment,
}

type Budgets = [Budget; 2];

/// What became of the wish for an OTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issued {
    Sent,
    /// One was sent moments ago and still works.
    Wait {
        seconds: i64,
        sent_at: Moment,
    },
    TooMany {
        again: Moment,
        works_until: Option<Moment>,
    },
}

/// Makes an OTP for `journey` and writes it to every recipient. Nothing is sent before `issue`.
pub fn prepare(visit: &Visit, outbox: &Outbox, journey: &Journey, to: &Recipients, proof: Proof) -> PreparedOtp {
    let (limits, settings) = (&visit.kit.settings.limits, &visit.kit.settings);
    let code = OtpCode::random(usize::try_from(limits.otp_digits).unwrap_or(6));
    let until = visit.now.plus(limits.otp_life);
    let purpose = journey.kind;
    let nobody = to.emails.is_empty() && to.mobiles.is_empty();

    let writer = Writer::new(settings);
    let mail = writer.otp_mail(purpose, code.as_str(), &journey.subject, until);
    let ending = journey.subject.get(journey.subject.len().saturating_sub(4)..).unwrap_or_default();
    let sms = writer.otp_sms(purpose, code.as_str(), ending);
    let mut messages = Vec::new();
    for email in &to.emails {
        let prepared = outbox.mail(email, &mail, visit.now, Some(until));
        messages.push((throttle::otp_sends_to(limits, email.as_str(), proof), prepared));
    }
    let mut masked: Vec<String> = to.emails.iter().map(|email| email.masked()).collect();
    for mobile in &to.mobiles {
        // Without a gateway nothing goes to phones, and the page must not say so.
        if let Some(prepared) = outbox.sms(mobile, &sms, visit.now, Some(until)) {
            messages.push((throttle::otp_sends_to(limits, mobile.as_str(), proof), prepared));
            masked.push(mobile.masked());
        }
    }

    let id = ids::ordered(visit.now);
    let mut challenge = Challenge {
        journey_id: journey.id.clone(),
        purpose: purpose.as_str().to_owned(),
        subject: journey.subject.clone(),
        mac: String::new(),
        sent_to: serde_json::Value::from(masked).to_string(),
        tries: 0,
        sent_at: visit.now.seconds(),
        expires_at: until.seconds(),
        consumed_at: None,
        replaced_at: None,
        id,
    };
    // A code that went to nobody must not be found by guessing either.
    let secret = if nobody { ids::random() } else { code.as_str().to_owned() };
    challenge.mac = visit.kit.keys.mac(Purpose::Otp, &mac_parts(&challenge, &secret)).as_str().to_owned();

    let mut budgets = throttle::otp_sends(limits, purpose.as_str(), &journey.subject).to_vec();
    budgets.extend(throttle::otp_sends_from(limits, &visit.throttle_key(), proof));
    PreparedOtp {
        challenge,
        messages,
        budgets,
        proof,
        limits: limits.clone(),
        event: visit.event("otp_sent", purpose.as_str(), Some(&journey.subject)),
        now: visit.now,
    }
}

fn mac_parts<'a>(challenge: &'a Challenge, code: &'a str) -> [&'a str; 7] {
    let Challenge { id, purpose, subject, journey_id, sent_to, .. } = challenge;
    ["otp/v1", id, purpose, subject, journey_id, sent_to, code]
}

impl PreparedOtp {
    /// Stores the challenge and queues its messages, within the budgets; belongs in a write.
    pub fn issue(&self, c: &mut Connection) -> store::Result<Issued> {
        let last = challenges::list(c, &self.challenge.journey_id, &self.challenge.purpose)?.into_iter().next();
        let live = last.filter(|last| self.is_live(last));
        if let Some(last) = &live {
            let sent_at = Moment::from_seconds(last.sent_at);
            let seconds = self.limits.otp_resend_wait - self.now.since(sent_at);
            if seconds > 0 {
                return Ok(Issued::Wait { seconds, sent_at });
            }
        }
        let works_until = live.map(|last| Moment::from_seconds(last.expires_at));
        if let Err(again) = counters::take(c, &self.budgets, self.now)? {
            return Ok(Issued::TooMany { again, works_until });
        }
        if let Some(again) = self.queue_messages(c)? {
            return Ok(Issued::TooMany { again, works_until });
        }
        challenges::insert(c, &self.challenge)?;
        events::insert(c, &self.event)?;
        Ok(Issued::Sent)
    }

    /// Queues a message to every destination that may get one. When none may, says when the last opens again; but to
    /// somebody who has proven nothing it says nothing, because a stranger must not learn whose phone is busy.
    fn queue_messages(&self, c: &mut Connection) -> store::Result<Option<Moment>> {
        let mut closed = None;
        let mut queued = 0;
        for (budgets, message) in &self.messages {
            match counters::take(c, budgets, self.now)? {
                Ok(()) => {
                    message.insert(c)?;
                    queued += 1;
                }
                Err(until) => closed = closed.max(Some(until)),
            }
        }
        Ok(closed.filter(|_| queued == 0 && self.proof == Proof::ContactOrPassword))
    }

    fn is_live(&self, challenge: &Challenge) -> bool {
        challenge.consumed_at.is_none()
            && challenge.expires_at > self.now.seconds()
            && i64::from(challenge.tries) < self.limits.otp_tries
    }
}

/// Sends the OTP that begins a walk and leads to its page. A walk of the same kind that waits for its OTP already goes
/// on, so that a button pressed twice sends one OTP.
pub async fn begin(
    visit: &Visit,
    outbox: &Outbox,
    (kind, subject): (Kind, String),
    to: &Recipients,
    proof: Proof,
    step: OtpStep,
) -> PageResult {
    let portal = visit.portal.ok_or(PageError::NotFound)?;
    let waits = |journey: &Journey| journey.kind == kind && journey.subject == subject && journey.stage == Stage::Otp;
    let waiting = current_journey(visit).await?.filter(waits);
    let begun = waiting.is_none();
    let journey = waiting.unwrap_or_else(|| Journey::begin(kind, portal, subject, Stage::Otp, visit.now));
    let (id, otp) = (journey.id.clone(), prepare(visit, outbox, &journey, to, proof));
    let issued = visit.kit.store.write(move |c| {
        if begun {
            journeys::insert(c, &journey)?;
        }
        let issued = otp.issue(c)?;
        if begun && matches!(issued, Issued::TooMany { .. }) {
            journeys::delete(c, &journey.id)?;
        }
        Ok(issued)
    });
    match issued.await? {
        Issued::Sent | Issued::Wait { .. } => {
            outbox.wake();
            visit.visitor.set_journey(&id);
            Ok(see_other(step.page))
        }
        Issued::TooMany { again, works_until } => Err(PageError::TooManyOtps { again, works_until, enter: step.page }),
    }
}

/// What became of a typed code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<T> {
    Accepted(T),
    Wrong {
        left: i64,
    },
    /// Right once, but a newer one was sent.
    Replaced,
    /// Right, but too old.
    Expired,
    /// That was the last try; or there was none left.
    Dead,
    /// Used already, or never sent: the journey has gone on.
    Gone,
    TooMany {
        until: Moment,
    },
}

/// Compares `code` with the journey's newest OTP. On acceptance `effect` runs in the same transaction that uses the
/// code up; `None` from it means that there was nothing left to do.
pub async fn verify<T: Send + 'static>(
    visit: &Visit,
    journey: &Journey,
    code: OtpCode,
    effect: impl FnOnce(&mut Connection) -> store::Result<Option<T>> + Send + 'static,
) -> Result<Verdict<T>, PageError> {
    let attempt = Attempt {
        keys: visit.kit.keys.clone(),
        limits: visit.kit.settings.limits.clone(),
        journey: journey.clone(),
        right: visit.event("otp_accepted", journey.kind.as_str(), Some(&journey.subject)),
        wrong: visit.event("otp_refused", journey.kind.as_str(), Some(&journey.subject)),
        now: visit.now,
    };
    Ok(visit.kit.store.write(move |c| attempt.run(c, &code, effect)).await?)
}

struct Attempt {
    keys: Arc<KeyRing>,
    limits: Limits,
    journey: Journey,
    right: Event,
    wrong: Event,
    now: Moment,
}

impl Attempt {
    fn run<T>(
        &self,
        c: &mut Connection,
        code: &OtpCode,
        effect: impl FnOnce(&mut Connection) -> store::Result<Option<T>>,
    ) -> store::Result<Verdict<T>> {
        let failures = throttle::otp_failures(&self.limits, self.journey.kind, &self.journey.subject);
        if let Some(until) = counters::exhausted(c, &failures, self.now)? {
            return Ok(Verdict::TooMany { until });
        }
        let sent = challenges::list(c, &self.journey.id, self.journey.kind.as_str())?;
        let Some((newest, older)) = sent.split_first() else { return Ok(Verdict::Gone) };
        if newest.consumed_at.is_some() {
            return Ok(Verdict::Gone);
        }
        if !challenges::count_try(c, &newest.id, i32::try_from(self.limits.otp_tries).unwrap_or(5))? {
            return Ok(Verdict::Dead);
        }
        if !self.fits(newest, code) {
            counters::count(c, &failures.key, failures.window, self.now)?;
            events::insert(c, &self.wrong)?;
            return Ok(self.refusal(newest, older, code));
        }
        if !self.is_in_time(newest) {
            return Ok(Verdict::Expired);
        }
        if !challenges::consume(c, &newest.id, self.now)? {
            return Ok(Verdict::Gone);
        }
        let Some(outcome) = effect(c)? else { return Ok(Verdict::Gone) };
        events::insert(c, &self.right)?;
        Ok(Verdict::Accepted(outcome))
    }

    fn fits(&self, challenge: &Challenge, code: &OtpCode) -> bool {
        self.keys.verify_mac(Purpose::Otp, &mac_parts(challenge, code.as_str()), &challenge.mac)
    }

    /// A challenge from the future is not in time: the clock was set back.
    fn is_in_time(&self, challenge: &Challenge) -> bool {
        self.now.seconds() < challenge.expires_at && challenge.sent_at <= self.now.seconds() + 5
    }

    fn refusal<T>(&self, newest: &Challenge, older: &[Challenge], code: &OtpCode) -> Verdict<T> {
        let left = self.limits.otp_tries - i64::from(newest.tries) - 1;
        match older.iter().any(|older| self.fits(older, code)) {
            _ if left <= 0 => Verdict::Dead,
            true => Verdict::Replaced,
            false => Verdict::Wrong { left },
        }
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
    /// What was sent where, and until when it works.
    sent: String,
    /// When another may be asked for: for the script, and as a sentence.
    resend_at: i64,
    resend_sentence: String,
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
    count_post(visit).await?;
    let code = match form.parse(visit.w, &visit.kit.settings.limits) {
        Ok(code) => code,
        Err(errors) => return show_errors(visit, journey, step, errors).await,
    };
    let (id, now) = (journey.id.clone(), visit.now);
    let effect = move |c: &mut Connection| Ok(journeys::set_verified(c, &id, now)?.then_some(()));
    match verify(visit, journey, code, effect).await? {
        Verdict::Accepted(()) => {
            visit.visitor.renew_on_next_page();
            Ok(see_other(next))
        }
        refused => refuse(visit, journey, step, refused).await,
    }
}

/// Codes typed from one address are counted whatever they look like.
async fn count_post(visit: &Visit) -> Result<(), PageError> {
    let posts = throttle::otp_posts(&visit.kit.settings.limits, &visit.throttle_key());
    let now = visit.now;
    let counted = visit.kit.store.write(move |c| counters::take(c, &[posts], now)).await?;
    counted.map_err(|until| PageError::TooMany { until })
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
    let prepared = prepare(visit, outbox, journey, to, proof);
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

async fn render(
    visit: &Visit,
    journey: &Journey,
    step: OtpStep,
    status: StatusCode,
    errors: FieldErrors,
    wait: Option<String>,
) -> PageResult {
    let (w, limits) = (visit.w, &visit.kit.settings.limits);
    let (id, purpose) = (journey.id.clone(), journey.kind.as_str());
    let newest = visit.kit.store.read(move |c| challenges::list(c, &id, purpose)).await?.into_iter().next();
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
            digits: limits.otp_digits,
            sent: sent_sentence(w, limits, newest.as_ref(), step),
            resend_at: resend_at.seconds(),
            resend_sentence: w.otp_resend_after().time(resend_at.ist_time_with_seconds()).to_string(),
            dead,
            cancelled: newest.is_some(),
        },
    )
}

fn sent_sentence(w: Words, limits: &Limits, newest: Option<&Challenge>, step: OtpStep) -> String {
    let until = newest.map_or(Moment::from_seconds(0), |newest| Moment::from_seconds(newest.expires_at)).ist_time();
    let (digits, minutes) = (limits.otp_digits, limits.otp_life / 60);
    if step.discreet {
        return w.otp_sent_if().digits(digits).time(until).minutes(minutes).to_string();
    }
    let to: Vec<String> = newest.and_then(|newest| serde_json::from_str(&newest.sent_to).ok()).unwrap_or_default();
    let to = match to.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => w.otp_list().rest(rest.join(", ")).last(last).to_string(),
        None => String::new(),
    };
    w.otp_sent().digits(digits).to(to).time(until).minutes(minutes).to_string()
}
