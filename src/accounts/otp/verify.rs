//! Verifying an OTP: the try is counted before anything is compared, and acceptance runs its effect in the transaction
//! that uses the code up.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{mac_parts, record};
use crate::kernel::clock::Moment;
use crate::kernel::limits::Limits;
use crate::store::challenges::{self, Challenge};
use crate::store::counters;
use crate::store::events::Event;
use crate::store::journeys::Journey;
use crate::store::{self, Connection};
use crate::vault::{KeyRing, Purpose};
use crate::web::error::PageError;
use crate::web::page::Visit;
use crate::web::throttle;

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

/// Compares `code`, in its canonical form, with the journey's newest OTP. On acceptance `effect` runs in the same
/// transaction that uses the code up; `None` from it means that there was nothing left to do.
pub async fn verify<T: Send + 'static>(
    visit: &Visit,
    journey: &Journey,
    code: Zeroizing<String>,
    effect: impl FnOnce(&mut Connection) -> store::Result<Option<T>> + Send + 'static,
) -> Result<Verdict<T>, PageError> {
    let attempt = Attempt {
        keys: visit.kit.keys.clone(),
        limits: visit.kit.settings.limits.clone(),
        journey: journey.clone(),
        right: visit.event("otp_accepted", journey.kind.as_str(), journey.gstin()),
        wrong: visit.event("otp_refused", journey.kind.as_str(), journey.gstin()),
        now: visit.now,
    };
    let guesses = throttle::anonymous_otp_failures(&attempt.limits);
    let (verdict, many) = visit.kit.store.write(move |c| attempt.run_and_count(c, &code, effect)).await?;
    if many == Some(guesses.max) {
        tracing::warn!(failures = guesses.max, "many wrong OTPs within the hour: new ones get more digits");
    }
    Ok(verdict)
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
    /// With how many wrong OTPs strangers have typed within the hour, when this is one more.
    fn run_and_count<T>(
        &self,
        c: &mut Connection,
        code: &str,
        effect: impl FnOnce(&mut Connection) -> store::Result<Option<T>>,
    ) -> store::Result<(Verdict<T>, Option<i64>)> {
        let verdict = self.run(c, code, effect)?;
        let wrong = matches!(verdict, Verdict::Wrong { .. } | Verdict::Replaced | Verdict::Dead);
        if !wrong || !throttle::is_anonymous(self.journey.kind) {
            return Ok((verdict, None));
        }
        let guesses = throttle::anonymous_otp_failures(&self.limits);
        let many = counters::count(c, &guesses.key, guesses.window, self.now)?;
        Ok((verdict, Some(many)))
    }

    fn run<T>(
        &self,
        c: &mut Connection,
        code: &str,
        effect: impl FnOnce(&mut Connection) -> store::Result<Option<T>>,
    ) -> store::Result<Verdict<T>> {
        let failures = throttle::otp_failures(&self.limits, &self.journey);
        if let Some(failures) = &failures
            && let Some(until) = counters::exhausted(c, failures, self.now)?
        {
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
            if let Some(failures) = &failures {
                counters::count(c, &failures.key, failures.window, self.now)?;
            }
            record(c, &self.wrong, &self.journey.subject)?;
            return Ok(self.refusal(newest, older, code));
        }
        if !self.is_in_time(newest) {
            return Ok(Verdict::Expired);
        }
        if !challenges::consume(c, &newest.id, self.now)? {
            return Ok(Verdict::Gone);
        }
        let Some(outcome) = effect(c)? else { return Ok(Verdict::Gone) };
        record(c, &self.right, &self.journey.subject)?;
        Ok(Verdict::Accepted(outcome))
    }

    fn fits(&self, challenge: &Challenge, code: &str) -> bool {
        self.keys.verify_mac(Purpose::Otp, &mac_parts(challenge, code), &challenge.mac)
    }

    /// A challenge from the future is not in time: the clock was set back.
    fn is_in_time(&self, challenge: &Challenge) -> bool {
        self.now.seconds() < challenge.expires_at && challenge.sent_at <= self.now.seconds() + 5
    }

    fn refusal<T>(&self, newest: &Challenge, older: &[Challenge], code: &str) -> Verdict<T> {
        let left = self.limits.otp_tries - i64::from(newest.tries) - 1;
        match older.iter().any(|older| self.fits(older, code)) {
            _ if left <= 0 => Verdict::Dead,
            true => Verdict::Replaced,
            false => Verdict::Wrong { left },
        }
    }
}
