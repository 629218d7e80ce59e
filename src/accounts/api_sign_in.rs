//! Signing in with API credentials: are this API username and password right for this GSTIN? One code for software that
//! signs in and for a workspace that tests its copy, so that what was tested works.
//!
//! Each try is counted before the password is looked at, so parallel guesses count one by one (T1). A refusal costs the
//! same whether the username exists or not.

use serde::{Deserialize, Serialize};

use super::hashing::{Checked, Hasher};
use crate::kernel::api_user::ApiUsername;
use crate::kernel::clock::{MINUTE, Moment};
use crate::kernel::eligibility::eligibility;
use crate::kernel::limits::Limits;
use crate::kernel::password::Password;
use crate::kernel::portal::Portal;
use crate::kernel::taxpayer::Taxpayer;
use crate::store::accounts::{self, Account};
use crate::store::counters::{self, Budget};
use crate::store::credentials::{self, Credential};
use crate::store::{self, Connection, events, taxpayers};
use crate::web::error::PageError;
use crate::web::page::Visit;
use crate::web::throttle;

/// What somebody signs in with. The GSTIN is canonical, the rest is as it was typed or sent.
pub struct ApiSignIn<'a> {
    /// `None` when the caller does not say: the GSTIN that the username is of.
    pub gstin: Option<&'a str>,
    pub api_username: &'a str,
    pub api_password: &'a str,
}

/// What the IRP says to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<T> {
    /// With what the effect has given.
    Right(T),
    /// `registered`: whether the GSTIN has an account in the IRP. Only for callers that may tell who has.
    Refused { why: Refusal, registered: bool },
    /// Too many were wrong; nothing was looked at.
    Closed { until: Moment },
}

/// Why it does not take them. Software with an integrator key hears it, as the national system tells it; people do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    UnknownUser,
    WrongPassword,
    /// Right, and of another GSTIN.
    OtherGstin,
    /// Right, and frozen, or the GSTIN may not issue e-invoices any more.
    Inactive,
}

/// Which API password was right: one chosen since is another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    credential: String,
    changed_at: i64,
}

impl Proof {
    fn of(credential: &Credential) -> Self {
        Self { credential: credential.id.clone(), changed_at: credential.changed_at }
    }

    /// Whether the API password is still the one that was looked at, and stays it until the transaction that builds on
    /// it ends. Called before a workspace is held: a change of the API password takes the two in this order as well.
    pub fn holds(&self, c: &mut Connection) -> store::Result<bool> {
        credentials::hold_unchanged(c, &self.credential, self.changed_at)
    }
}

/// `Proof::holds`; a pair that the IRP had no time to look at builds on nothing.
pub fn proof_holds(c: &mut Connection, proof: Option<&Proof>) -> store::Result<bool> {
    proof.map_or(Ok(true), |proof| proof.holds(c))
}

impl ApiSignIn<'_> {
    /// Counts the try, looks at the password and keeps the record of a refusal.
    pub async fn check(&self, visit: &Visit, hasher: &Hasher) -> Result<Verdict<Proof>, PageError> {
        self.check_and(visit, hasher, |_, credential| Ok(Proof::of(credential))).await
    }

    /// The same; what the owner gets is made by `effect` in the transaction that lets them in. There the API password
    /// is still the one that was looked at.
    pub async fn check_and<T: Send + 'static>(
        &self,
        visit: &Visit,
        hasher: &Hasher,
        effect: impl FnOnce(&mut Connection, &Credential) -> store::Result<T> + Send + 'static,
    ) -> Result<Verdict<T>, PageError> {
        // A name that nobody can have is nobody's to guess at; but the GSTIN is looked at whatever the name.
        let Ok(username) = ApiUsername::parse(self.api_username) else { return self.without_username(visit).await };
        let username = username.canonical();
        let budgets = Budgets::of(&visit.kit.settings.limits, &username, &visit.throttle_key());
        let pool = match budgets.admit(visit).await? {
            Ok(pool) => pool,
            Err(until) => return Ok(Verdict::Closed { until }),
        };
        let found = self.find(visit, username).await?;
        let stored = found.credential.as_ref().map(|credential| credential.password_hash.as_str());
        let typed = Password::typed(self.api_password);
        let checked = match hasher.check(typed.as_ref(), stored).await {
            Ok(checked) => checked,
            Err(error) => {
                // No password was looked at: the try was nobody's.
                visit.kit.store.write(move |c| counters::uncount(c, &pool.key)).await?;
                return Err(error);
            }
        };
        let registered = found.account.is_some();
        let credential = match found.judge(self.gstin, checked) {
            Ok(credential) => credential,
            Err(why) => {
                self.refuse(visit, budgets).await?;
                return Ok(Verdict::Refused { why, registered });
            }
        };
        let old = (checked == Checked::RightAndOld).then_some(typed).flatten();
        let rehashed = match old {
            // Not worth a refusal when it cannot be computed now: the next sign-in will.
            Some(password) => hasher.hash(password).await.ok(),
            None => None,
        };
        let opened = budgets.clone().open(visit, pool, credential, rehashed, effect).await?;
        match opened {
            Some(given) => Ok(Verdict::Right(given)),
            None => {
                self.refuse(visit, budgets).await?;
                Ok(Verdict::Refused { why: Refusal::WrongPassword, registered })
            }
        }
    }

    /// Counted against the address like any other refusal; there is no password to look at.
    async fn without_username<T>(&self, visit: &Visit) -> Result<Verdict<T>, PageError> {
        let budgets = Budgets::of(&visit.kit.settings.limits, "", &visit.throttle_key());
        let (from_address, gstin, now) = (budgets.from_address.clone(), self.gstin.map(str::to_owned), visit.now);
        let found = visit.kit.store.read(move |c| {
            let closed = counters::any_exhausted(c, &from_address, now)?;
            let find = |gstin: String| accounts::find_by_gstin(c, Portal::Irp, &gstin);
            Ok((closed, gstin.map(find).transpose()?.flatten().is_some()))
        });
        let (closed, registered) = found.await?;
        if let Some(until) = closed {
            return Ok(Verdict::Closed { until });
        }
        self.refuse(visit, budgets).await?;
        Ok(Verdict::Refused { why: Refusal::UnknownUser, registered })
    }

    async fn find(&self, visit: &Visit, username: String) -> Result<Found, PageError> {
        let gstin = self.gstin.map(str::to_owned);
        let found = visit.kit.store.read(move |c| {
            let credential = credentials::find_by_username(c, &username)?;
            let gstin = gstin.or_else(|| credential.as_ref().map(|credential| credential.gstin.clone()));
            let gstin = gstin.unwrap_or_default();
            let account = accounts::find_by_gstin(c, Portal::Irp, &gstin)?;
            Ok(Found { credential, account, taxpayer: taxpayers::find(c, &gstin)? })
        });
        Ok(found.await?)
    }

    async fn refuse(&self, visit: &Visit, budgets: Budgets) -> Result<(), PageError> {
        let event = visit.event("api_sign_in", "refused", self.gstin);
        let now = visit.now;
        let counted = visit.kit.store.write(move |c| {
            counters::count_each(c, &budgets.from_address, now)?;
            events::insert(c, &event)
        });
        Ok(counted.await?)
    }
}

/// What is kept of the username and of the GSTIN.
struct Found {
    credential: Option<Credential>,
    account: Option<Account>,
    taxpayer: Option<Taxpayer>,
}

impl Found {
    /// The credentials to let in, or the first thing against it.
    fn judge(self, gstin: Option<&str>, checked: Checked) -> Result<Credential, Refusal> {
        let credential = self.credential.ok_or(Refusal::UnknownUser)?;
        if checked == Checked::Wrong {
            return Err(Refusal::WrongPassword);
        }
        if gstin.is_some_and(|gstin| gstin != credential.gstin) {
            return Err(Refusal::OtherGstin);
        }
        let frozen = self.account.is_none_or(|account| account.frozen_at.is_some());
        let active = credential.status == credentials::ACTIVE && !frozen;
        match active && eligibility(self.taxpayer.as_ref()).is_ok() {
            true => Ok(credential),
            false => Err(Refusal::Inactive),
        }
    }
}

/// The budgets of one API username and one address.
#[derive(Clone)]
struct Budgets {
    /// Wrong tries from the address, whatever the username.
    from_address: Vec<Budget>,
    /// Wrong tries at the username by strangers.
    of_strangers: Budget,
    /// Wrong tries at the username by an address that it was used from: strangers cannot shut it out.
    of_known: Budget,
    /// Remembers that the username was used from the address.
    known: String,
    known_for: i64,
}

impl Budgets {
    fn of(limits: &Limits, username: &str, address: &str) -> Self {
        let failures = |pool: &str| {
            let key = format!("api-sign-in/failures/{pool}");
            Budget::new(key, limits.api_sign_in_failures, limits.api_sign_in_failure_window)
        };
        Self {
            from_address: throttle::from_address(address, limits.api_sign_in_failures_per_minute, MINUTE, |address| {
                format!("api-sign-in/failures-from/{address}")
            }),
            of_strangers: failures(&format!("strangers/{username}")),
            of_known: failures(&format!("known/{username}/{address}")),
            known: format!("api-sign-in/known/{username}/{address}"),
            known_for: limits.api_sign_in_address_known,
        }
    }

    /// The budget that the try is counted in, or until when there is none.
    async fn admit(&self, visit: &Visit) -> Result<Result<Budget, Moment>, PageError> {
        let (budgets, now) = (self.clone(), visit.now);
        Ok(visit.kit.store.write(move |c| budgets.take(c, now)).await?)
    }

    fn take(self, c: &mut Connection, now: Moment) -> store::Result<Result<Budget, Moment>> {
        if let Some(until) = counters::any_exhausted(c, &self.from_address, now)? {
            return Ok(Err(until));
        }
        let pool = match counters::closed_until(c, &self.known, now)? {
            Some(_) => self.of_known,
            None => self.of_strangers,
        };
        let taken = counters::take(c, std::slice::from_ref(&pool), now)?;
        Ok(taken.map(|()| pool))
    }

    /// The owner was here: forgets the wrong tries of the budget used and of no other (T13). `None`, and nothing done,
    /// when the API password was changed since it was looked at.
    async fn open<T: Send + 'static>(
        self,
        visit: &Visit,
        pool: Budget,
        credential: Credential,
        rehashed: Option<String>,
        effect: impl FnOnce(&mut Connection, &Credential) -> store::Result<T> + Send + 'static,
    ) -> Result<Option<T>, PageError> {
        let now = visit.now;
        let opened = visit.kit.store.write(move |c| {
            if !Proof::of(&credential).holds(c)? {
                return Ok(None);
            }
            counters::clear(c, &pool.key)?;
            counters::close(c, &self.known, now.plus(self.known_for))?;
            if let Some(hash) = rehashed {
                credentials::set_rehashed(c, &credential.id, &credential.password_hash, &hash)?;
            }
            effect(c, &credential).map(Some)
        });
        Ok(opened.await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_and_a_known_address_do_not_share_a_budget() {
        let budgets = Budgets::of(&Limits::default(), "acme_irp_01", "192.0.2.1");
        let keys = [&budgets.from_address[0].key, &budgets.of_strangers.key, &budgets.of_known.key, &budgets.known];
        assert!(keys.iter().enumerate().all(|(at, key)| !keys.iter().skip(at + 1).any(|other| key == other)));
        assert_eq!((budgets.of_strangers.max, budgets.of_strangers.window), (10, 15 * MINUTE));
    }
}
