//! `/{portal}/login`: a username and a password.
//!
//! Every failure reads alike and costs the same, whether the account exists or not. `door.rs` counts the tries.

use actix_web::web;
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::door::{admit, canonical_username, open_door};
use super::hashing::{Checked, Hasher};
use super::wording::Wording;
use crate::kernel::password::Password;
use crate::kernel::portal::{InPortal, Portal};
use crate::store::accounts::{self, Account};
use crate::store::events;
use crate::store::handoffs::CHANGE_API_PASSWORD;
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted};
use crate::web::guard::SignedOut;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "accounts/login.html")]
struct LoginPage {
    w: Words,
    frame: Frame,
    portal: Portal,
    own: &'static paths::Shared,
    wording: Wording,
    username: String,
    /// Where to go after signing in; one of the listed addresses, or empty.
    back: String,
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
    let username = visit.visitor.noticed_username().unwrap_or_default();
    let back = paths::return_target(P::PORTAL, &visit.query("return")).unwrap_or_default();
    let username = visit.visitor.handed_off(visit.now).map_or(username, |handed_off| handed_off.gstin);
    let mut frame = visit.frame(Wording::of(P::PORTAL, visit.w).login_title);
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
    let found_gstin = found.as_ref().and_then(|account| account.gstin.clone());
    let checked = match hasher.check(typed.as_ref(), stored).await {
        Ok(checked) => checked,
        Err(error) => {
            // No password was looked at: the try was not the person's.
            attempt.give_back(&visit, P::PORTAL, username).await?;
            return Err(error);
        }
    };

    match found.filter(|account| account.frozen_at.is_none() && checked != Checked::Wrong) {
        Some(account) => {
            let rehashed = match (checked, typed) {
                (Checked::RightAndOld, Some(password)) => Some(hasher.hash(password).await?),
                _ => None,
            };
            sign_in(&visit, P::PORTAL, account, rehashed).await?;
            let back = paths::return_target(P::PORTAL, &form.back);
            Ok(see_other(back.as_deref().unwrap_or(paths::shared(P::PORTAL).landing)))
        }
        None => {
            let of_account = found_gstin.as_deref();
            attempt.failed(&visit, P::PORTAL, &username, of_account, "sign_in").await?;
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
    let frame = visit.frame_with(Wording::of(P::PORTAL, visit.w).login_title, errors);
    let back = paths::return_target(P::PORTAL, &form.back).unwrap_or_default();
    page::unprocessable(&page_of::<P>(visit, frame, form.username.clone(), back))
}

fn page_of<P: InPortal>(visit: &Visit, frame: Frame, username: String, back: String) -> LoginPage {
    let (w, portal) = (visit.w, P::PORTAL);
    let frame = match visit.visitor.handed_off(visit.now) {
        Some(handed_off) if frame.notice.is_none() && handed_off.purpose == CHANGE_API_PASSWORD => {
            frame.with_box("info", "status", w.notice_handoff_log_in().gstin(handed_off.gstin))
        }
        _ => frame,
    };
    LoginPage { w, frame, portal, own: paths::shared(portal), wording: Wording::of(portal, w), username, back }
}

async fn sign_in(visit: &Visit, portal: Portal, account: Account, rehashed: Option<String>) -> Result<(), PageError> {
    let mut event = visit.event("sign_in", events::DONE, account.gstin.as_deref());
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
