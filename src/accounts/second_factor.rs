//! What somebody proves after the password: the code of their authenticator app when they have one, else an OTP. One
//! step for signing in, for the API credentials and for the authenticator itself.

use actix_web::http::StatusCode;
use askama::Template;
use secrecy::ExposeSecret as _;

use super::Recipients;
use super::hashing::{Checked, Hasher};
use super::otp::{self, OtpForm, OtpStep, Proving, Walk};
use crate::kernel::password::Password;
use crate::kernel::recovery_code::RecoveryCode;
use crate::kernel::totp::{self, TotpSecret};
use crate::notify::messages::{Cause, Writer};
use crate::notify::{Outbox, Prepared};
use crate::store::accounts::Account;
use crate::store::authenticators::{self, Authenticator};
use crate::store::events;
use crate::store::journeys::{self, Journey, Kind, Stage};
use crate::store::{self, Connection, StoreError, counters};
use crate::vault::{KeyRing, Place, Unopened, key_id_of};
use crate::web::error::PageError;
use crate::web::form::FieldErrors;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::session::Level;
use crate::web::throttle::{self, Proof};
use crate::words::Words;

#[derive(Template)]
#[template(path = "accounts/second_factor.html")]
struct SecondFactorPage {
    w: Words,
    frame: Frame,
    action: &'static str,
    journey: String,
}

/// Where the secret of the authenticator of that id belongs.
pub(super) fn place_of_secret(id: &str) -> Place<'_> {
    Place { kind: "authenticator", record: id, field: "secret" }
}

/// Where its recovery codes belong until they are kept.
pub(super) fn place_of_codes(id: &str) -> Place<'_> {
    Place { kind: "authenticator", record: id, field: "codes" }
}

/// The same secret sealed under the key in use, and that key's id.
pub fn reseal(keys: &KeyRing, authenticator: &Authenticator) -> Result<(String, String), Unopened> {
    let place = place_of_secret(&authenticator.id);
    let sealed = keys.seal(place, &keys.open(place, &authenticator.sealed_secret)?);
    let key_id = key_id_of(&sealed).unwrap_or_default();
    Ok((sealed, key_id))
}

/// The secret that the app has too.
pub(super) fn secret_of(visit: &Visit, authenticator: &Authenticator) -> Result<TotpSecret, PageError> {
    let opened = visit.kit.keys.open(place_of_secret(&authenticator.id), &authenticator.sealed_secret);
    let opened = opened.map_err(|error| PageError::internal(error.to_string()))?;
    TotpSecret::from_base32(&opened).map_err(|error| PageError::internal(error.to_string()))
}

/// The authenticator that the account's owner is asked for.
async fn authenticator_of(visit: &Visit, account: &Account) -> Result<Option<Authenticator>, PageError> {
    let id = account.id.clone();
    Ok(visit.kit.store.read(move |c| authenticators::find_confirmed(c, &id)).await?)
}

/// Begins the walk `kind` of `account`, with what it has collected, and leads to its `page`. An OTP is sent only to
/// somebody who has no authenticator.
pub async fn begin(
    visit: &Visit,
    outbox: &Outbox,
    account: &Account,
    (kind, data): (Kind, Option<String>),
    page: &'static str,
) -> PageResult {
    let subject = account.known_as().to_owned();
    if authenticator_of(visit, account).await?.is_none() {
        let to = Recipients::find(visit, account).await?;
        return otp::begin_with(visit, outbox, (kind, subject), data, &to, Proof::ContactOrPassword, page).await;
    }
    let walk = Walk::of(visit, kind, subject, data).await?;
    let id = walk.journey.id.clone();
    visit.kit.store.write(move |c| walk.keep(c)).await?;
    visit.visitor.set_journey(&id);
    Ok(see_other(page))
}

/// The page that asks for it.
pub async fn show(visit: &Visit, account: &Account, journey: &Journey, step: OtpStep) -> PageResult {
    match authenticator_of(visit, account).await? {
        Some(_) => render(visit, journey, step, FieldErrors::default()),
        None => otp::show(visit, journey, step).await,
    }
}

/// Asks for a new OTP; an app has none to send.
pub async fn resend(visit: &Visit, outbox: &Outbox, account: &Account, journey: &Journey, step: OtpStep) -> PageResult {
    if authenticator_of(visit, account).await?.is_some() {
        return Ok(see_other(step.page));
    }
    let to = Recipients::find(visit, account).await?;
    otp::resend(visit, outbox, journey, step, &to, Proof::ContactOrPassword).await
}

/// What a step needs besides the request.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    pub hasher: &'a Hasher,
    pub outbox: &'a Outbox,
}

/// A posted OTP or code. When it is right the journey is verified and `effect`, told the level it proves, has run in the
/// same transaction.
pub async fn check<T: Send + 'static>(
    visit: &Visit,
    means: Means<'_>,
    account: &Account,
    journey: &Journey,
    step: OtpStep,
    form: &OtpForm,
    effect: impl FnOnce(&mut Connection, Level) -> store::Result<T> + Send + 'static,
) -> Result<Proving<T>, PageError> {
    match authenticator_of(visit, account).await? {
        Some(authenticator) => {
            let asked = Asked { visit, means, account, journey, step };
            asked.check(&authenticator, form, |c| effect(c, Level::Authenticator)).await
        }
        None => otp::check(visit, journey, step, form, |c| effect(c, Level::Otp)).await,
    }
}

/// Somebody who was asked for the code of their authenticator.
struct Asked<'a> {
    visit: &'a Visit,
    means: Means<'a>,
    account: &'a Account,
    journey: &'a Journey,
    step: OtpStep,
}

/// What was typed, when it is right.
enum Right {
    /// The code of that time step.
    Step(i64),
    /// The recovery code of that hash.
    Recovery(String),
}

impl Asked<'_> {
    async fn check<T: Send + 'static>(
        &self,
        authenticator: &Authenticator,
        form: &OtpForm,
        effect: impl FnOnce(&mut Connection) -> store::Result<T> + Send + 'static,
    ) -> Result<Proving<T>, PageError> {
        let (visit, limits, w) = (self.visit, &self.visit.kit.settings.limits, self.visit.w);
        throttle::spend(visit, throttle::otp_posts(limits, &visit.throttle_key())).await?;
        if self.journey.stage != Stage::Otp {
            return self.go_on();
        }
        let typed = form.code.expose_secret().trim();
        let code = digits_of(typed);
        let recovery = RecoveryCode::parse(typed);
        if code.is_none() && recovery.is_none() {
            let message = if typed.is_empty() { w.second_factor_empty() } else { w.second_factor_format() };
            return self.refuse(message);
        }
        // Counted before it is looked at (T1); taken back when it is right.
        let failures = throttle::otp_failures(limits, self.journey).ok_or(PageError::NotFound)?;
        throttle::spend(visit, failures.clone()).await?;
        let right = match (code, recovery) {
            (Some(code), _) => secret_of(visit, authenticator)?.step_of(&code, visit.now).map(Right::Step),
            (None, Some(recovery)) => self.recovery_of(&recovery).await?.map(Right::Recovery),
            (None, None) => None,
        };
        let Some(right) = right else {
            self.record_refusal().await?;
            return self.refuse(w.second_factor_wrong());
        };
        let mails = match &right {
            Right::Recovery(_) => self.mails().await?,
            Right::Step(_) => Vec::new(),
        };
        let accepted = visit.event_of(self.account, "otp_accepted", self.journey.kind.as_str());
        let used_up = visit.event_of(self.account, "recovery_code_used", events::DONE);
        let (account_id, journey, now) = (self.account.id.clone(), self.journey.id.clone(), visit.now);
        let outcome = visit.kit.store.write(move |c| {
            if !journeys::set_verified(c, &journey, now)? {
                counters::uncount(c, &failures.key)?;
                return Ok(None);
            }
            let unused = match &right {
                Right::Step(step) => authenticators::use_step(c, &account_id, *step)?,
                Right::Recovery(hash) => authenticators::use_code(c, &account_id, hash, now)?,
            };
            if !unused {
                return Err(StoreError::Undone);
            }
            counters::uncount(c, &failures.key)?;
            if let Right::Recovery(_) = right {
                mails.iter().try_for_each(|mail| mail.insert(c))?;
                events::insert(c, &used_up)?;
            }
            events::insert(c, &accepted)?;
            effect(c).map(Some)
        });
        match outcome.await {
            Ok(Some(outcome)) => {
                self.means.outbox.wake();
                Ok(Proving::Proven(outcome))
            }
            Ok(None) => self.go_on(),
            Err(StoreError::Undone) => {
                self.record_refusal().await?;
                self.refuse(w.second_factor_used())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The button was pressed twice, and the first press has proven it.
    fn go_on<T>(&self) -> Result<Proving<T>, PageError> {
        Ok(Proving::Page(see_other(self.step.page)))
    }

    /// The hash of that recovery code, when it is one of the account's that is not used up.
    async fn recovery_of(&self, recovery: &RecoveryCode) -> Result<Option<String>, PageError> {
        let (account_id, position) = (self.account.id.clone(), recovery.position());
        let hash = self.visit.kit.store.read(move |c| authenticators::find_code(c, &account_id, position)).await?;
        let typed = Password::typed(recovery.as_str());
        let checked = self.means.hasher.check(typed.as_ref(), hash.as_deref()).await?;
        Ok(hash.filter(|_| checked != Checked::Wrong))
    }

    async fn mails(&self) -> Result<Vec<Prepared>, PageError> {
        let visit = self.visit;
        let to = Recipients::find(visit, self.account).await?;
        let cause = Cause { at: visit.now, address: &visit.address.to_string(), device: &visit.device };
        let portal = visit.portal.ok_or(PageError::NotFound)?;
        let mail = Writer::new(&visit.kit.settings).recovery_code_used(portal, self.account.known_as(), &cause);
        Ok(self.means.outbox.mails(&to.emails, &mail, visit.now))
    }

    async fn record_refusal(&self) -> Result<(), PageError> {
        let event = self.visit.event_of(self.account, "otp_refused", self.journey.kind.as_str());
        Ok(self.visit.kit.store.write(move |c| events::insert(c, &event)).await?)
    }

    fn refuse<T>(&self, message: &str) -> Result<Proving<T>, PageError> {
        let errors = FieldErrors::of("code", message);
        render(self.visit, self.journey, self.step, errors).map(Proving::Page)
    }
}

/// The six digits that an app shows, however they are spaced.
pub(super) fn digits_of(typed: &str) -> Option<String> {
    let kept: String = typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').take(100).collect();
    (kept.len() == totp::DIGITS && kept.bytes().all(|digit| digit.is_ascii_digit())).then_some(kept)
}

fn render(visit: &Visit, journey: &Journey, step: OtpStep, errors: FieldErrors) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let frame = visit.frame_with(visit.w.second_factor_title(), errors);
    page::page(status, &SecondFactorPage { w: visit.w, frame, action: step.page, journey: journey.id.clone() })
}
