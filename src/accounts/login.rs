//! `/{portal}/login`: a username and a password.
//!
//! Every failure reads alike and costs the same, whether the account exists or not. Each try is counted before the
//! password is looked at, so parallel guesses count one by one (T1).

use actix_web::web;
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::hashing::{Checked, Hasher};
use crate::kernel::clock::Moment;
use crate::kernel::gstin::Gstin;
use crate::kernel::password::Password;
use crate::kernel::portal::{InPortal, Portal};
use crate::store::accounts::{self, Account};
use crate::store::{self, Connection, counters, events};
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted};
use crate::web::guard::SignedOut;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::{paths, throttle};
use crate::words::Words;

#[derive(Template)]
#[template(path = "accounts/login.html")]
struct LoginPage {
    w: Words,
    frame: Frame,
    own: &'static paths::Shared,
    username: String,
    /// Where to go after signing in; one of the listed addresses, or empty.
    back: &'static str,
    /// Where somebody without an account begins.
    register: &'static str,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct LoginForm {
    username: String,
    password: SecretString,
    #[serde(rename = "return")]
    back: String,
}

/// GET: the form, with the username when a page before knew it.
pub async fn show<P: InPortal>(visit: Visit, _guard: SignedOut<P>) -> PageResult {
    let username = visit.visitor.noticed_gstin().unwrap_or_default();
    let back = paths::return_target(P::PORTAL, &visit.query("return")).unwrap_or_default();
    let mut frame = visit.frame(visit.w.login_title());
    if frame.notice.is_none() && visit.query("signed-out") == "yes" {
        frame = frame.with_box("ok", "status", visit.w.notice_signed_out());
    }
    page::ok(&page_of::<P>(&visit, frame, username, back))
}

/// POST: signs in, or says that something was wrong without saying what.
pub async fn submit<P: InPortal>(
    visit: Visit,
    _guard: SignedOut<P>,
    hasher: web::Data<Hasher>,
    Posted(form): Posted<LoginForm>,
) -> PageResult {
    let errors = form.faults(visit.w);
    if !errors.is_empty() {
        return refuse::<P>(&visit, &form, errors);
    }
    let username = canonical_username(P::PORTAL, &form.username);
    let attempt = admit(&visit, P::PORTAL, &username).await?;

    let (portal, name) = (P::PORTAL, username.clone());
    let found = visit.kit.store.read(move |c| accounts::find_by_username(c, portal, &name)).await?;
    let typed = Password::typed(form.password.expose_secret());
    let stored = found.as_ref().map(|account| account.password_hash.as_str());
    let checked = hasher.check(typed.as_ref(), stored).await?;

    match found.filter(|account| account.frozen_at.is_none() && checked != Checked::Wrong) {
        Some(account) => {
            let rehashed = match (checked, typed) {
                (Checked::RightAndOld, Some(password)) => Some(hasher.hash(password).await?),
                _ => None,
            };
            sign_in(&visit, P::PORTAL, account, rehashed).await?;
            let back = paths::return_target(P::PORTAL, &form.back);
            Ok(see_other(back.unwrap_or(paths::shared(P::PORTAL).landing)))
        }
        None => {
            attempt.failed(&visit, P::PORTAL, username).await?;
            refuse::<P>(&visit, &form, FieldErrors::of("username", visit.w.login_wrong()))
        }
    }
}

impl LoginForm {
    fn faults(&self, w: Words) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.username.trim().is_empty() {
            errors.add("username", w.login_username_empty());
        }
        if self.password.expose_secret().is_empty() {
            errors.add("password", w.login_password_empty());
        }
        errors
    }
}

fn refuse<P: InPortal>(visit: &Visit, form: &LoginForm, errors: FieldErrors) -> PageResult {
    let frame = visit.frame_with(visit.w.login_title(), errors);
    let back = paths::return_target(P::PORTAL, &form.back).unwrap_or_default();
    page::unprocessable(&page_of::<P>(visit, frame, form.username.clone(), back))
}

fn page_of<P: InPortal>(visit: &Visit, frame: Frame, username: String, back: &'static str) -> LoginPage {
    LoginPage { w: visit.w, frame, own: paths::shared(P::PORTAL), username, back, register: paths::IRP_REGISTER }
}

/// A username as accounts and counters know it (T12): in the IRP a GSTIN without blanks, in capitals.
pub fn canonical_username(portal: Portal, typed: &str) -> String {
    let bounded: String = typed.trim().chars().take(100).collect();
    match portal {
        Portal::Irp => Gstin::parse_sandbox(&bounded).map_or(bounded.to_uppercase(), |gstin| gstin.to_string()),
        Portal::Workspace | Portal::Gst => bounded.to_lowercase(),
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
    pub async fn failed(&self, visit: &Visit, portal: Portal, username: String) -> Result<(), PageError> {
        let limits = &visit.kit.settings.limits;
        let budgets = throttle::sign_in_failures_from(limits, &visit.throttle_key());
        let locked = self.count >= limits.sign_in_failures_before_lock;
        let outcome = if locked { "locked" } else { "refused" };
        let event = visit.event("sign_in", outcome, Some(&username));
        let now = visit.now;
        let counted = visit.kit.store.write(move |c| {
            for budget in &budgets {
                counters::count(c, &budget.key, budget.window, now)?;
            }
            events::insert(c, &event)
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

/// The owner was here: forgets the failures, the wait and the lock of this account, and of nothing else (T13).
pub fn open_door(c: &mut Connection, portal: Portal, username: &str) -> store::Result<()> {
    let door = Door::of(portal, username);
    [door.failures, door.wait, door.lock].iter().try_for_each(|key| counters::clear(c, key))
}

async fn sign_in(visit: &Visit, portal: Portal, account: Account, rehashed: Option<String>) -> Result<(), PageError> {
    let mut event = visit.event("sign_in", "accepted", account.gstin.as_deref());
    event.account_id = Some(account.id.clone());
    let (address, now, row) = (visit.address.to_string(), visit.now, account.clone());
    let written = visit.kit.store.write(move |c| {
        open_door(c, portal, &row.username)?;
        accounts::set_last_sign_in(c, &row.id, &address, now)?;
        if let Some(rehashed) = rehashed {
            accounts::set_rehashed(c, &row.id, &row.password_hash, &rehashed)?;
        }
        events::insert(c, &event)
    });
    written.await?;
    visit.visitor.sign_in(&account, visit.address, &visit.device, visit.now, None);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_know_one_spelling_of_a_username() {
        for typed in ["29ABCDE1234F1ZW", " 29abcde1234f1zw", "29-ABCDE-1234-F1ZW"] {
            assert_eq!(canonical_username(Portal::Irp, typed), "29ABCDE1234F1ZW");
        }
        assert!(canonical_username(Portal::Irp, &"x".repeat(10_000)).len() <= 300);
    }
}
