//! The password door of an account: how often a password may be tried, from where, and how long one waits.
//!
//! Each try is counted before the password is looked at, so parallel guesses count one by one (T1). A username that
//! does not exist is counted like one that does.

use crate::kernel::clock::Moment;
use crate::kernel::contact::Email;
use crate::kernel::gstin::Gstin;
use crate::kernel::portal::Portal;
use crate::store::{self, Connection, counters, events};
use crate::web::error::PageError;
use crate::web::page::Visit;
use crate::web::{paths, throttle};

/// A username as accounts and counters know it (T12): in the IRP a GSTIN without blanks, in capitals.
pub fn canonical_username(portal: Portal, typed: &str) -> String {
    let bounded: String = typed.trim().chars().filter(|letter| !letter.is_control()).take(100).collect();
    match portal {
        Portal::Irp => Gstin::parse_sandbox(&bounded).map_or(bounded.to_uppercase(), |gstin| gstin.to_string()),
        // May be longer than any other username.
        Portal::Workspace => Email::parse(typed).map_or(bounded.to_lowercase(), |email| email.as_str().to_owned()),
        Portal::Gst => bounded.to_lowercase(),
    }
}

/// One try at an account's password, counted already.
pub struct Attempt {
    /// How many failures the account's window holds, this try included.
    count: i64,
    locked_until: Moment,
}

/// The counter, the wait and the lock of one account's password door.
struct Door {
    failures: String,
    wait: String,
    lock: String,
}

impl Door {
    fn of(portal: Portal, username: &str) -> Self {
        let key = |what: &str| format!("sign-in/{what}/{}/{username}", portal.as_str());
        Self { failures: key("account-failures"), wait: key("wait"), lock: key("lock") }
    }
}

/// Lets a try at a password through, or says until when none is.
pub async fn admit(visit: &Visit, portal: Portal, username: &str) -> Result<Attempt, PageError> {
    let limits = visit.kit.settings.limits.clone();
    let (door, address, now) = (Door::of(portal, username), visit.throttle_key(), visit.now);
    let admitted = visit.kit.store.write(move |c| -> store::Result<Result<Attempt, PageError>> {
        if let Err(until) = counters::take(c, &[throttle::sign_in_posts(&limits, &address)], now)? {
            return Ok(Err(PageError::TooMany { until }));
        }
        for budget in throttle::sign_in_failures_from(&limits, &address) {
            if let Some(until) = counters::exhausted(c, &budget, now)? {
                return Ok(Err(PageError::TooMany { until }));
            }
        }
        if let Some(until) = counters::closed_until(c, &door.lock, now)? {
            return Ok(Err(PageError::Locked { until, forgot_password: paths::shared(portal).forgot_password }));
        }
        if let Some(until) = counters::closed_until(c, &door.wait, now)? {
            return Ok(Err(PageError::TooMany { until }));
        }
        let count = counters::count(c, &door.failures, limits.sign_in_failure_window, now)?;
        let locked_until = now.plus(limits.sign_in_lock);
        if count >= limits.sign_in_failures_before_lock {
            counters::close(c, &door.lock, locked_until)?;
            counters::clear(c, &door.failures)?;
        } else if count >= limits.sign_in_failures_before_wait {
            let doublings = u32::try_from(count - limits.sign_in_failures_before_wait).unwrap_or(0).min(20);
            let wait = (2_i64 << doublings).min(limits.sign_in_longest_wait);
            counters::close(c, &door.wait, now.plus(wait))?;
        }
        Ok(Ok(Attempt { count, locked_until }))
    });
    admitted.await?
}

impl Attempt {
    /// The password was wrong: counts against the address, and shows the locked page when that was the last try.
    /// `gstin` is the account's when there is one, `action` what the password was typed for.
    pub async fn failed(
        &self,
        visit: &Visit,
        portal: Portal,
        username: &str,
        gstin: Option<&str>,
        action: &str,
    ) -> Result<(), PageError> {
        let limits = &visit.kit.settings.limits;
        let budgets = throttle::sign_in_failures_from(limits, &visit.throttle_key());
        let locked = self.count >= limits.sign_in_failures_before_lock;
        // Only a GSTIN goes into the record: people type passwords into the wrong field (T21).
        let typed = Some(username).filter(|name| portal == Portal::Irp && Gstin::parse_sandbox(name).is_ok());
        let refused = visit.event(action, "refused", gstin.or(typed));
        // Where there is no account, its owner need not hear of it.
        let lock = gstin.filter(|_| locked).map(|gstin| visit.event("account_locked", events::DONE, Some(gstin)));
        let now = visit.now;
        let counted = visit.kit.store.write(move |c| {
            for budget in &budgets {
                counters::count(c, &budget.key, budget.window, now)?;
            }
            [Some(refused), lock].iter().flatten().try_for_each(|event| events::insert(c, event))
        });
        counted.await?;
        match locked {
            true => Err(PageError::Locked {
                until: self.locked_until,
                forgot_password: paths::shared(portal).forgot_password,
            }),
            false => Ok(()),
        }
    }
}

impl Attempt {
    /// Nothing was tried after all: the service was too busy to look at the password.
    pub async fn give_back(&self, visit: &Visit, portal: Portal, username: String) -> Result<(), PageError> {
        let door = Door::of(portal, &username);
        let given_back = visit.kit.store.write(move |c| {
            counters::uncount(c, &door.failures)?;
            counters::clear(c, &door.wait)
        });
        Ok(given_back.await?)
    }
}

/// The owner was here: forgets the failures, the wait and the lock of this account, and of nothing else (T13).
pub fn open_door(c: &mut Connection, portal: Portal, username: &str) -> store::Result<()> {
    let door = Door::of(portal, username);
    [door.failures, door.wait, door.lock].iter().try_for_each(|key| counters::clear(c, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_know_one_spelling_of_a_username() {
        for typed in ["29ABCDE1234F1ZW", " 29abcde1234f1zw", "29-ABCDE-1234-F1ZW"] {
            assert_eq!(canonical_username(Portal::Irp, typed), "29ABCDE1234F1ZW");
        }
        for portal in [Portal::Irp, Portal::Workspace] {
            assert!(canonical_username(portal, &"x".repeat(10_000)).len() <= 300);
        }
        let long = format!("{}@{}.example.in", "b".repeat(60), "c".repeat(60));
        assert_eq!(canonical_username(Portal::Workspace, &format!(" {}\u{200B}", long.to_uppercase())), long);
    }
}
