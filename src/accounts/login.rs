//! `/{portal}/login`: a username and a password.
//!
//! Every failure reads alike and costs the same, whether the account exists or not. `door.rs` counts the tries,
//! `sign_in.rs` does what follows a right password, `otp` asks for the second factor, and `otp_first` is the owner's way
//! in while strangers keep the door shut.

pub mod otp;
pub mod otp_first;

use actix_web::web;
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::door::{Attempt, Way, admit, canonical_username};
use super::hashing::{Checked, Hasher};
use super::sign_in::RightPassword;
use super::wording::Wording;
use crate::kernel::password::Password;
use crate::kernel::portal::{InPortal, Portal};
use crate::notify::Outbox;
use crate::store::accounts::{self, Account};
use crate::store::handoffs::CHANGE_API_PASSWORD;
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted};
use crate::web::guard::SignedOut;
use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::paths;
use crate::web::session::Level;
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
    outbox: web::Data<Outbox>,
    Posted(form): Posted<LoginForm>,
) -> PageResult {
    let errors = form.faults(visit.w);
    if !errors.is_empty() {
        return refuse::<P>(&visit, &form, errors);
    }
    let username = canonical_username(P::PORTAL, &form.username);
    let attempt = admit(&visit, P::PORTAL, &username, Way::LogIn).await?;
    let back = paths::return_target(P::PORTAL, &form.back);
    match try_password(&visit, &hasher, P::PORTAL, &username, &form.password, &attempt).await? {
        Some((account, rehashed)) => {
            let right = RightPassword { account, attempt, rehashed, back, level: Level::Password };
            right.go_on(&visit, &outbox, P::PORTAL).await
        }
        None => refuse::<P>(&visit, &form, FieldErrors::of("username", visit.w.login_wrong())),
    }
}

/// The account of that username when the password is its own, with the new hash when the stored one is old. Any failure
/// is counted; the caller says it in the same words for all of them.
async fn try_password(
    visit: &Visit,
    hasher: &Hasher,
    portal: Portal,
    username: &str,
    password: &SecretString,
    attempt: &Attempt,
) -> Result<Option<(Account, Option<String>)>, PageError> {
    let name = username.to_owned();
    let found = visit.kit.store.read(move |c| accounts::find_by_username(c, portal, &name)).await?;
    let typed = Password::typed(password.expose_secret());
    let stored = found.as_ref().map(|account| account.password_hash.as_str());
    let checked = attempt.check(visit, hasher, typed.as_ref(), stored).await?;
    match found {
        Some(account) if account.frozen_at.is_none() && checked != Checked::Wrong => {
            let rehashed = match (checked, typed) {
                (Checked::RightAndOld, Some(password)) => Some(hasher.hash(password).await?),
                _ => None,
            };
            Ok(Some((account, rehashed)))
        }
        other => {
            attempt.failed(visit, other.as_ref(), "sign_in").await?;
            Ok(None)
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
