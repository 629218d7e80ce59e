//! Issuing an OTP, or the first-time password of the GST portal: a challenge row and its messages, within every budget,
//! in one transaction.

use super::{mac_parts, record};
use crate::accounts::Recipients;
use crate::kernel::clock::Moment;
use crate::kernel::first_password::FirstPassword;
use crate::kernel::gstin::Gstin;
use crate::kernel::ids;
use crate::kernel::limits::Limits;
use crate::kernel::otp::OtpCode;
use crate::notify::messages::{Mail, Sms, Writer};
use crate::notify::{Outbox, Prepared};
use crate::store::challenges::{self, Challenge};
use crate::store::counters::{self, Budget};
use crate::store::events::Event;
use crate::store::journeys::{Journey, Kind};
use crate::store::{self, Connection};
use crate::vault::Purpose;
use crate::web::error::PageError;
use crate::web::page::Visit;
use crate::web::throttle::{self, Proof};

/// What is sent and typed back.
enum Secret {
    Otp(OtpCode),
    FirstPassword(FirstPassword),
}

impl Secret {
    fn random(purpose: Kind, digits: i64) -> Self {
        match purpose {
            Kind::FirstLogin => Self::FirstPassword(FirstPassword::random()),
            _ => Self::Otp(OtpCode::random(usize::try_from(digits).unwrap_or(6))),
        }
    }

    /// Seconds it works.
    fn life(&self, limits: &Limits) -> i64 {
        match self {
            Self::Otp(_) => limits.otp_life,
            Self::FirstPassword(_) => limits.first_password_life,
        }
    }

    /// As it is compared.
    fn as_str(&self) -> &str {
        match self {
            Self::Otp(code) => code.as_str(),
            Self::FirstPassword(password) => password.as_str(),
        }
    }

    fn mail(&self, writer: &Writer<'_>, purpose: Kind, gstin: Option<&Gstin>, until: Moment) -> Mail {
        match self {
            Self::Otp(code) => writer.otp_mail(purpose, code.as_str(), gstin, until),
            Self::FirstPassword(password) => {
                writer.first_password(gstin.map_or("", Gstin::as_str), &password.grouped(), until)
            }
        }
    }

    /// The first-time password goes by email only (M10).
    fn sms(&self, writer: &Writer<'_>, purpose: Kind, gstin: Option<&Gstin>) -> Option<Sms> {
        match self {
            Self::Otp(code) => Some(writer.otp_sms(purpose, code.as_str(), gstin.map_or("", Gstin::ending))),
            Self::FirstPassword(_) => None,
        }
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
pub async fn prepare(
    visit: &Visit,
    outbox: &Outbox,
    journey: &Journey,
    to: &Recipients,
    proof: Proof,
) -> Result<PreparedOtp, PageError> {
    let limits = &visit.kit.settings.limits;
    let purpose = journey.kind;
    let digits = digits_for(visit, purpose).await?;
    let secret = Secret::random(purpose, digits);
    let until = visit.now.plus(secret.life(limits));
    let written = write_messages(visit, outbox, &secret, purpose, to, until);
    let mut masked: Vec<String> = Vec::new();
    let mut messages = Vec::new();
    for (destination, shown, prepared) in written {
        messages.push((throttle::otp_sends_to(limits, &destination, proof), prepared));
        masked.push(shown);
    }
    let nobody = messages.is_empty() || to.instead.is_some();

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
        digits: i32::try_from(digits).unwrap_or(6),
        id,
    };
    // A code that went to nobody must not be found by guessing either.
    let unguessable = ids::random();
    let answer = if nobody { &unguessable } else { secret.as_str() };
    challenge.mac = visit.kit.keys.mac(Purpose::Otp, &mac_parts(&challenge, answer)).as_str().to_owned();

    let mut budgets = throttle::otp_sends(limits, journey).to_vec();
    let from = match proof {
        Proof::IntegratorKey => journey.data.clone().unwrap_or_default(),
        Proof::Nothing | Proof::ContactOrPassword => visit.throttle_key(),
    };
    budgets.extend(throttle::otp_sends_from(limits, &from, proof));
    Ok(PreparedOtp {
        challenge,
        messages,
        budgets,
        proof,
        limits: limits.clone(),
        event: visit.event("otp_sent", purpose.as_str(), journey.gstin()),
        now: visit.now,
    })
}

/// More while somebody guesses the codes of people who have proven nothing.
async fn digits_for(visit: &Visit, purpose: Kind) -> Result<i64, PageError> {
    let limits = &visit.kit.settings.limits;
    if !throttle::is_anonymous(purpose) {
        return Ok(limits.otp_digits);
    }
    let (guesses, now) = (throttle::anonymous_otp_failures(limits), visit.now);
    let many = visit.kit.store.read(move |c| counters::exhausted(c, &guesses, now)).await?.is_some();
    Ok(if many { limits.otp_more_digits } else { limits.otp_digits })
}

/// A message to every email address and phone: with the destination and how the page may show it.
fn write_messages(
    visit: &Visit,
    outbox: &Outbox,
    secret: &Secret,
    purpose: Kind,
    to: &Recipients,
    until: Moment,
) -> Vec<(String, String, Prepared)> {
    let writer = Writer::new(&visit.kit.settings);
    let gstin = to.gstin.as_ref();
    let mail = to.instead.clone().unwrap_or_else(|| secret.mail(&writer, purpose, gstin, until));
    let mails = to
        .emails
        .iter()
        .map(|email| (email.as_str().to_owned(), email.masked(), outbox.mail(email, &mail, visit.now, Some(until))));
    let sms = secret.sms(&writer, purpose, gstin);
    let texts = to.mobiles.iter().filter_map(|mobile| {
        // Without a gateway nothing goes to phones, and the page must not say so.
        let prepared = outbox.sms(mobile, sms.as_ref()?, visit.now, Some(until))?;
        Some((mobile.as_str().to_owned(), mobile.masked(), prepared))
    });
    mails.chain(texts).collect()
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
        record(c, &self.event, &self.challenge.subject)?;
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
        Ok(closed.filter(|_| queued == 0 && self.proof != Proof::Nothing))
    }

    fn is_live(&self, challenge: &Challenge) -> bool {
        challenge.consumed_at.is_none()
            && challenge.expires_at > self.now.seconds()
            && i64::from(challenge.tries) < self.limits.otp_tries
    }
}
