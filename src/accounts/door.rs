//! The password door of an account: how often a password may be tried, from where, and how long one waits
//! (`security.md` 3.2).
//!
//! Each try is counted before the password is looked at, so parallel guesses count one by one (T1). A username that
//! does not exist is counted like one that does. What strangers fail at is counted apart from what the owner does in a
//! known browser, after an OTP or signed in, so that nobody can lock the owner out (T20).

use super::hashing::{Checked, Hasher};
use crate::kernel::clock::{DAY, Moment};
use crate::kernel::contact::Email;
use crate::kernel::gst_username::GstUsername;
use crate::kernel::gstin::Gstin;
use crate::kernel::ids;
use crate::kernel::limits::Limits;
use crate::kernel::password::Password;
use crate::kernel::portal::Portal;
use crate::store::accounts::Account;
use crate::store::counters::{self, Budget};
use crate::store::{self, Connection, devices, events};
use crate::web::browser::Browser;
use crate::web::error::PageError;
use crate::web::page::Visit;
use crate::web::throttle::Stuffing;
use crate::web::{paths, throttle};

/// Longer than anybody keeps guessing.
const FOR_EVER: i64 = 10 * 365 * DAY;

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

/// A canonical username as a row may hold it: what cannot be one may be a password in the wrong field (T21), and is kept
/// as a digest only.
pub fn name_to_keep(portal: Portal, username: &str) -> String {
    let is_name = match portal {
        Portal::Irp => Gstin::parse_sandbox(username).is_ok(),
        Portal::Workspace => Email::parse(username).is_ok(),
        Portal::Gst => GstUsername::parse(username).is_ok(),
    };
    if is_name { username.to_owned() } else { ids::digest(username) }
}

/// How somebody has come to where the password is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    LogIn,
    /// By the OTP that opens the door for its owner.
    AfterOtp,
    /// Signed in, to change the password or to end other sessions.
    SignedIn,
}

/// Tries that are counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pool {
    /// In a browser where the owner has proven password and OTP.
    Known {
        token_hash: String,
        account_id: String,
    },
    Strangers,
    AfterOtp,
    SignedIn,
}

/// The counters of one pool of one account.
#[derive(Clone)]
struct Counters {
    failures: String,
    wait: String,
    lock: String,
    /// Failures without a success in between.
    consecutive: String,
}

impl Counters {
    /// Keys hold a digest: people type passwords into the wrong field, and no row may hold one (T21).
    fn of(pool: &Pool, portal: Portal, username: &str) -> Self {
        let (portal, name) = (portal.as_str(), ids::digest(username));
        let who = match pool {
            Pool::Known { token_hash, .. } => format!("known/{token_hash}"),
            Pool::Strangers => "strangers".to_owned(),
            Pool::AfterOtp => "after-otp".to_owned(),
            Pool::SignedIn => "signed-in".to_owned(),
        };
        let key = |what: &str| format!("sign-in/{what}/{who}/{portal}/{name}");
        Self { failures: key("failures"), wait: key("wait"), lock: key("lock"), consecutive: key("consecutive") }
    }

    fn clear(&self, c: &mut Connection) -> store::Result<()> {
        [&self.failures, &self.wait, &self.lock, &self.consecutive]
            .into_iter()
            .try_for_each(|key| counters::clear(c, key))
    }
}

/// A password that somebody wants to try.
struct Knock {
    portal: Portal,
    username: String,
    way: Way,
    /// The device cookie's digest.
    held: Option<String>,
    address: String,
    limits: Limits,
    now: Moment,
}

/// One try at an account's password, counted already.
#[derive(Clone)]
pub struct Attempt {
    pool: Pool,
    counters: Counters,
    /// Set when this try, if it fails, locks the door.
    locks_until: Option<Moment>,
    /// Whether the known browser it came from, if it fails, is a stranger's.
    is_last: bool,
    portal: Portal,
    username: String,
}

/// Lets a try at a password through, or says until when none is.
pub async fn admit(visit: &Visit, portal: Portal, username: &str, way: Way) -> Result<Attempt, PageError> {
    let knock = Knock::of(visit, portal, username, way);
    visit.kit.store.write(move |c| knock.admit(c)).await?
}

/// Why a stranger's browser could not try a password now; `None` when it could.
pub async fn closed_to_strangers(
    visit: &Visit,
    portal: Portal,
    username: &str,
) -> Result<Option<PageError>, PageError> {
    let knock = Knock::of(visit, portal, username, Way::LogIn);
    let counters = Counters::of(&Pool::Strangers, portal, username);
    Ok(visit.kit.store.read(move |c| knock.closed(c, &Pool::Strangers, &counters)).await?)
}

impl Knock {
    fn of(visit: &Visit, portal: Portal, username: &str, way: Way) -> Self {
        Self {
            portal,
            username: username.to_owned(),
            way,
            held: Browser::of(visit).held().map(str::to_owned),
            address: visit.throttle_key(),
            limits: visit.kit.settings.limits.clone(),
            now: visit.now,
        }
    }

    fn admit(&self, c: &mut Connection) -> store::Result<Result<Attempt, PageError>> {
        if let Some(attempt) = self.admit_known(c)? {
            return Ok(Ok(attempt));
        }
        let pool = match self.way {
            Way::LogIn => Pool::Strangers,
            Way::AfterOtp => Pool::AfterOtp,
            Way::SignedIn => Pool::SignedIn,
        };
        let (counters, now) = (Counters::of(&pool, self.portal, &self.username), self.now);
        if let Err(until) = counters::take(c, &throttle::sign_in_posts(&self.limits, &self.address), now)? {
            return Ok(Err(PageError::TooMany { until }));
        }
        if let Some(closed) = self.closed(c, &pool, &counters)? {
            return Ok(Err(closed));
        }
        let failures = counters::count(c, &counters.failures, self.limits.sign_in_failure_window, now)?;
        if pool == Pool::Strangers {
            counters::count(c, &counters.consecutive, FOR_EVER, now)?;
        }
        let locks_until = self.slow_down(c, &counters, failures)?;
        Ok(Ok(Attempt { locks_until, ..self.attempt(pool, counters) }))
    }

    /// A try in a browser where the owner has proven password and OTP: it waits for nothing. `None` elsewhere, and when
    /// such a browser has had its tries.
    fn admit_known(&self, c: &mut Connection) -> store::Result<Option<Attempt>> {
        let (Some(held), Way::LogIn) = (&self.held, self.way) else { return Ok(None) };
        let (limits, now) = (&self.limits, self.now);
        let since = now.plus(-limits.device_life);
        let Some(account_id) = devices::find_proven(c, held, self.portal, &self.username, since)? else {
            return Ok(None);
        };
        let pool = Pool::Known { token_hash: held.clone(), account_id };
        let counters = Counters::of(&pool, self.portal, &self.username);
        let tries = counters::count(c, &counters.failures, limits.sign_in_failure_window, now)?;
        let admitted = tries <= limits.device_failures;
        Ok(admitted.then(|| Attempt { is_last: tries == limits.device_failures, ..self.attempt(pool, counters) }))
    }

    fn attempt(&self, pool: Pool, counters: Counters) -> Attempt {
        let (portal, username) = (self.portal, self.username.clone());
        Attempt { pool, counters, locks_until: None, is_last: false, portal, username }
    }

    /// Why no password may be tried now.
    fn closed(&self, c: &mut Connection, pool: &Pool, counters: &Counters) -> store::Result<Option<PageError>> {
        let (limits, now) = (&self.limits, self.now);
        let own = paths::shared(self.portal);
        let otp_first = (*pool == Pool::Strangers).then_some(own.otp_first);
        // What others fail at behind the same address is nothing to somebody who has proven to be the owner.
        if *pool == Pool::Strangers {
            let mut shut = counters::any_exhausted(c, &throttle::sign_in_failures_from(limits, &self.address), now)?;
            for place in throttle::stuffing(limits, &self.address, "") {
                shut = shut.max(counters::closed_until(c, &place.block, now)?);
            }
            if let Some(until) = shut {
                return Ok(Some(PageError::TooManySignIns { until, otp_first: own.otp_first }));
            }
            let consecutive = Budget::new(counters.consecutive.clone(), limits.sign_in_consecutive_failures, FOR_EVER);
            if counters::exhausted(c, &consecutive, now)?.is_some() {
                return Ok(Some(PageError::OtpFirst {
                    otp_first: own.otp_first,
                    forgot_password: own.forgot_password,
                }));
            }
        }
        if let Some(until) = counters::closed_until(c, &counters.lock, now)? {
            return Ok(Some(PageError::Locked { until, otp_first, forgot_password: own.forgot_password }));
        }
        let wait = counters::closed_until(c, &counters.wait, now)?;
        Ok(wait.map(|until| PageError::TooMany { until }))
    }

    /// After so many failures the next try must wait or the door is locked. Returns until when this try locks the door,
    /// should it fail.
    fn slow_down(&self, c: &mut Connection, counters: &Counters, failures: i64) -> store::Result<Option<Moment>> {
        let limits = &self.limits;
        if failures >= limits.sign_in_failures_before_lock {
            let until = self.now.plus(limits.sign_in_lock);
            counters::close(c, &counters.lock, until)?;
            return Ok(Some(until));
        }
        if failures >= limits.sign_in_failures_before_wait {
            let doublings = u32::try_from(failures - limits.sign_in_failures_before_wait).unwrap_or(0).min(20);
            let wait = (2_i64 << doublings).min(limits.sign_in_longest_wait);
            counters::close(c, &counters.wait, self.now.plus(wait))?;
        }
        Ok(None)
    }
}

impl Attempt {
    /// Whether `typed` is the password of `stored`; when nobody had the time to look at it, nothing was tried.
    pub async fn check(
        &self,
        visit: &Visit,
        hasher: &Hasher,
        typed: Option<&Password>,
        stored: Option<&str>,
    ) -> Result<Checked, PageError> {
        let checked = hasher.check(typed, stored).await;
        if checked.is_err() {
            self.give_back(visit).await?;
        }
        checked
    }

    /// The password was wrong: counts against the address, and shows the locked page when that was the last try.
    /// `account` is the one of the username, when there is one; `action` what the password was typed for.
    pub async fn failed(&self, visit: &Visit, account: Option<&Account>, action: &str) -> Result<(), PageError> {
        // Only a GSTIN goes into the record: people type passwords into the wrong field (T21).
        let typed = Some(self.username.as_str())
            .filter(|name| self.portal == Portal::Irp && Gstin::parse_sandbox(name).is_ok());
        let gstin = account.and_then(|account| account.gstin.as_deref()).or(typed);
        let event = |action: &str, outcome: &str| {
            let mut event = visit.event(action, outcome, gstin);
            event.account_id = account.map(|account| account.id.clone());
            event
        };
        let refused = event(action, "refused");
        // Where there is no account, its owner need not hear of it.
        let locked = self.locks_until.filter(|_| account.is_some()).map(|_| event("account_locked", events::DONE));
        let (limits, address, now) = (visit.kit.settings.limits.clone(), visit.throttle_key(), visit.now);
        let attempt = self.clone();
        let counted = visit.kit.store.write(move |c| {
            attempt.count_against(c, &limits, &address, now)?;
            [Some(refused), locked].iter().flatten().try_for_each(|event| events::insert(c, event))
        });
        counted.await?;
        if self.pool == Pool::SignedIn && self.locks_until.is_some() {
            // Whoever guesses so long has found somebody else's session.
            visit.visitor.sign_out();
        }
        let own = paths::shared(self.portal);
        let otp_first = (self.pool == Pool::Strangers).then_some(own.otp_first);
        match self.locks_until {
            Some(until) => Err(PageError::Locked { until, otp_first, forgot_password: own.forgot_password }),
            None => Ok(()),
        }
    }

    /// What a failure brings: too many make a known browser a stranger's; those of others count against their address.
    fn count_against(&self, c: &mut Connection, limits: &Limits, address: &str, now: Moment) -> store::Result<()> {
        if let Pool::Known { token_hash, account_id } = &self.pool {
            return if self.is_last { devices::distrust(c, token_hash, account_id) } else { Ok(()) };
        }
        if self.locks_until.is_some() {
            counters::clear(c, &self.counters.failures)?;
        }
        counters::count_each(c, &throttle::sign_in_failures_from(limits, address), now)?;
        if self.pool != Pool::Strangers {
            return Ok(());
        }
        let name = format!("{}/{}", self.portal.as_str(), ids::digest(&self.username));
        for Stuffing { seen, names, block } in throttle::stuffing(limits, address, &name) {
            if counters::take(c, &[seen], now)?.is_ok()
                && counters::count(c, &names.key, names.window, now)? > names.max
            {
                counters::close(c, &block, now.plus(limits.stuffing_block))?;
            }
        }
        Ok(())
    }

    /// Nothing was tried after all: the service was too busy to look at the password.
    async fn give_back(&self, visit: &Visit) -> Result<(), PageError> {
        let (counters, locked) = (self.counters.clone(), self.locks_until.is_some());
        let given_back = visit.kit.store.write(move |c| {
            counters::uncount(c, &counters.failures)?;
            counters::uncount(c, &counters.consecutive)?;
            if locked {
                counters::clear(c, &counters.lock)?;
            }
            counters::clear(c, &counters.wait)
        });
        Ok(given_back.await?)
    }

    /// The password was right: forgets the failures of this pool and of no other, and of no address (T13). Somebody who
    /// came by an OTP has shown that the door may be used again.
    pub fn succeeded(&self, c: &mut Connection) -> store::Result<()> {
        self.counters.clear(c)?;
        match self.pool {
            Pool::AfterOtp => {
                counters::clear(c, &Counters::of(&Pool::Strangers, self.portal, &self.username).consecutive)
            }
            _ => Ok(()),
        }
    }
}

/// There is a new password: what was failed at before was another one.
pub fn open_door(c: &mut Connection, portal: Portal, username: &str) -> store::Result<()> {
    let pools = [Pool::Strangers, Pool::AfterOtp, Pool::SignedIn];
    pools.iter().try_for_each(|pool| Counters::of(pool, portal, username).clear(c))
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

    #[test]
    fn no_key_holds_what_was_typed_and_no_two_pools_share_one() {
        let known = Pool::Known { token_hash: "x".to_owned(), account_id: "y".to_owned() };
        let pools = [known, Pool::Strangers, Pool::AfterOtp, Pool::SignedIn];
        let mut keys: Vec<String> =
            pools.iter().map(|pool| Counters::of(pool, Portal::Gst, "my-password-1").failures).collect();
        assert!(keys.iter().all(|key| !key.contains("my-password-1")));
        keys.dedup();
        assert_eq!(keys.len(), 4);
    }
}
