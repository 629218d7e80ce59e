//! What follows a right password: the second factor where one is asked for, then the session.

use std::sync::Arc;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::door::Attempt;
use super::{Recipients, second_factor};
use crate::kernel::clock::Moment;
use crate::kernel::portal::Portal;
use crate::notify::messages::{Cause, Writer};
use crate::notify::{Outbox, Prepared};
use crate::settings::SignIn;
use crate::store::accounts::{self, Account};
use crate::store::events::{self, Event};
use crate::store::journeys::{Journey, Kind};
use crate::store::{self, Connection, authenticators};
use crate::web::browser::Browser;
use crate::web::error::PageError;
use crate::web::page::{PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::session::Level;

/// Somebody has typed the right password of `account`.
pub struct RightPassword {
    pub account: Account,
    pub attempt: Attempt,
    /// The password under today's parameters, when it was stored under older ones.
    pub rehashed: Option<String>,
    /// Where the sign-in leads; one of the listed addresses.
    pub back: Option<String>,
    /// `Otp` when an OTP has opened the door to the password.
    pub level: Level,
}

impl RightPassword {
    /// Signs in, or asks for the second factor first.
    pub async fn go_on(self, visit: &Visit, outbox: &Outbox, portal: Portal) -> PageResult {
        let id = self.account.id.clone();
        let app = visit.kit.store.read(move |c| authenticators::find_confirmed(c, &id)).await?.is_some();
        let asks = app || (visit.kit.settings.sign_in == SignIn::Otp && self.level == Level::Password);
        let (attempt, rehashed, row) = (self.attempt, self.rehashed, self.account.clone());
        let effect = move |c: &mut Connection| {
            attempt.succeeded(c)?;
            match rehashed {
                Some(rehashed) => accounts::set_rehashed(c, &row.id, &row.password_hash, &rehashed),
                None => Ok(()),
            }
        };
        if asks {
            visit.kit.store.write(effect).await?;
            let waiting =
                Waiting { account_id: self.account.id.clone(), of: self.account.password_changed_at, back: self.back };
            let data = serde_json::to_string(&waiting).map_err(|error| PageError::internal(error.to_string()))?;
            let page = paths::shared(portal).login_otp;
            let asked = second_factor::begin(visit, outbox, &self.account, (Kind::SignIn, Some(data)), page).await?;
            // Whoever planted the token of before must not stand where only the second factor is left (T16).
            visit.visitor.renew_on_next_page();
            return Ok(asked);
        }
        let arrival = Arrival::prepare(visit, outbox, self.account).await?;
        let (row, level) = (arrival.clone(), self.level);
        visit.kit.store.write(move |c| effect(c).and_then(|()| row.run(c, level))).await?;
        Ok(arrival.finish(visit, outbox, level, self.back.as_deref()))
    }
}

/// A sign-in whose password was right, until its second factor is.
#[derive(Serialize, Deserialize)]
pub struct Waiting {
    account_id: String,
    /// `password_changed_at` of the account then.
    of: i64,
    back: Option<String>,
}

impl Waiting {
    /// The account, and where its sign-in leads. `None` when the password that was right is no longer the account's, or
    /// the account is frozen.
    pub async fn of(visit: &Visit, journey: &Journey) -> Result<Option<(Account, Option<String>)>, PageError> {
        let data = journey.data.as_deref().unwrap_or_default();
        let Ok(Self { account_id, of, back }) = serde_json::from_str(data) else { return Ok(None) };
        let found = visit.kit.store.read(move |c| accounts::find(c, &account_id)).await?;
        let account = found.filter(|account| account.password_changed_at == of && account.frozen_at.is_none());
        Ok(account.zip(Some(back)))
    }
}

/// Somebody is being signed in: what is written of it, and told to the owner when the browser is a new one.
#[derive(Clone)]
pub struct Arrival {
    account: Account,
    browser: Browser,
    address: String,
    now: Moment,
    signed_in: Event,
    new_device: Event,
    mails: Arc<Vec<Prepared>>,
}

impl Arrival {
    pub async fn prepare(visit: &Visit, outbox: &Outbox, account: Account) -> Result<Self, PageError> {
        let to = Recipients::find(visit, &account).await?;
        let cause = Cause { at: visit.now, address: &visit.address.to_string(), device: &visit.device };
        let portal = visit.portal.ok_or(PageError::NotFound)?;
        let forgot_password = paths::shared(portal).forgot_password;
        let mail = Writer::new(&visit.kit.settings).new_device(portal, account.known_as(), forgot_password, &cause);
        let event = |action| visit.event_of(&account, action, events::DONE);
        Ok(Self {
            browser: Browser::of(visit),
            address: visit.address.to_string(),
            now: visit.now,
            signed_in: event("sign_in"),
            new_device: event("new_device"),
            mails: Arc::new(outbox.mails(&to.emails, &mail, visit.now)),
            account,
        })
    }

    /// Belongs in the transaction of what was proven.
    pub fn run(&self, c: &mut Connection, level: Level) -> store::Result<()> {
        accounts::set_last_sign_in(c, &self.account.id, &self.address, self.now)?;
        let factors = serde_json::json!({ "factors": level.factors() });
        events::insert(c, &self.signed_in.clone().with_detail(&factors))?;
        let new = match level {
            Level::Password => self.browser.see(c, &self.account.id)?,
            Level::Otp | Level::Authenticator => self.browser.prove(c, &self.account.id)?,
        };
        if new {
            events::insert(c, &self.new_device)?;
            self.mails.iter().try_for_each(|mail| mail.insert(c))?;
        }
        Ok(())
    }

    /// After its commit: the session, the device cookie and where it leads.
    pub fn finish(&self, visit: &Visit, outbox: &Outbox, level: Level, back: Option<&str>) -> HttpResponse {
        outbox.wake();
        match level {
            Level::Password => self.browser.keep(visit),
            Level::Otp | Level::Authenticator => self.browser.keep_proven(visit),
        }
        visit.visitor.sign_in(&self.account, level, visit, None);
        let landing = visit.portal.map_or(paths::HOME, |portal| paths::shared(portal).landing);
        see_other(back.unwrap_or(landing))
    }
}
