//! `/{portal}/login/otp-first`: the owner's way in while strangers keep the password door shut (`security.md` 3.2): the
//! username, an OTP to the registered contacts, then the password, which strangers' failures do not count against.
//!
//! The same pages for a username without an account; only no message goes out. Nobody's phone rings while the door is
//! open.

use actix_web::web;
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::otp::step;
use super::try_password;
use crate::accounts::door::{self, Way, admit, canonical_username, name_to_keep};
use crate::accounts::hashing::Hasher;
use crate::accounts::otp;
use crate::accounts::owner::Owner;
use crate::accounts::sign_in::RightPassword;
use crate::accounts::wording::Wording;
use crate::kernel::portal::{InPortal, Portal};
use crate::notify::Outbox;
use crate::store::journeys::{self, Journey, Kind, Stage};
use crate::web::form::{FieldErrors, Posted};
use crate::web::guard::{SignedOut, Step, Walking};
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::session::Level;
use crate::web::throttle::Proof;
use crate::words::Words;

#[derive(Template)]
#[template(path = "accounts/login/otp_first.html")]
struct OtpFirstPage {
    w: Words,
    frame: Frame,
    own: &'static paths::Shared,
    wording: Wording,
    username: String,
    /// The walk's id on the page of the password; the username is settled there.
    journey: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct UsernameForm {
    username: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct PasswordForm {
    password: SecretString,
}

/// The step after the right OTP.
pub struct AtPassword;

impl Step for AtPassword {
    const KINDS: &'static [Kind] = &[Kind::OtpFirst];
    const STAGE: Stage = Stage::Verified;

    fn earlier(portal: Portal, journey: Option<&Journey>) -> &'static str {
        let own = paths::shared(portal);
        journey.map_or(own.otp_first, |_| own.login_otp)
    }
}

/// GET.
pub async fn show<P: InPortal>(visit: Visit, _guard: SignedOut<P>) -> PageResult {
    page::ok(&page_of::<P>(&visit, String::new(), None, FieldErrors::default()))
}

/// POST: sends an OTP, when the door is shut to strangers; else the password is all that is needed.
pub async fn submit<P: InPortal>(
    visit: Visit,
    _guard: SignedOut<P>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<UsernameForm>,
) -> PageResult {
    let username = canonical_username(P::PORTAL, &form.username);
    if username.is_empty() {
        let errors = FieldErrors::of("username", visit.w.login_username_empty());
        return page::unprocessable(&page_of::<P>(&visit, form.username, None, errors));
    }
    if door::closed_to_strangers(&visit, P::PORTAL, &username).await?.is_none() {
        visit.visitor.set_notice(&Notice::DoorOpen);
        return Ok(see_other(paths::shared(P::PORTAL).login));
    }
    let owner = Owner::find::<P>(&visit, &username).await?;
    let to = owner.recipients();
    let subject = owner.account.map_or_else(|| name_to_keep(P::PORTAL, &username), |account| account.username);
    otp::begin(&visit, &outbox, (Kind::OtpFirst, subject), &to, Proof::Nothing, step::<P>(Kind::OtpFirst).page).await
}

/// GET `/login/otp-first/password`.
pub async fn show_password<P: InPortal>(visit: Visit, _guard: SignedOut<P>, at: Walking<AtPassword>) -> PageResult {
    match at.journey.stage {
        Stage::Verified => {
            let Journey { id, subject, .. } = at.journey;
            page::ok(&page_of::<P>(&visit, subject, Some(id), FieldErrors::default()))
        }
        _ => Ok(see_other(paths::shared(P::PORTAL).login)),
    }
}

/// POST `/login/otp-first/password`: signs in.
pub async fn submit_password<P: InPortal>(
    visit: Visit,
    _guard: SignedOut<P>,
    at: Walking<AtPassword>,
    hasher: web::Data<Hasher>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<PasswordForm>,
) -> PageResult {
    let Journey { id, subject: username, stage, .. } = at.journey;
    if stage != Stage::Verified {
        return Ok(see_other(paths::shared(P::PORTAL).login));
    }
    let refuse = |message| {
        let errors = FieldErrors::of("password", message);
        page::unprocessable(&page_of::<P>(&visit, username.clone(), Some(id.clone()), errors))
    };
    if form.password.expose_secret().is_empty() {
        return refuse(visit.w.login_password_empty());
    }
    let attempt = admit(&visit, P::PORTAL, &username, Way::AfterOtp).await?;
    match try_password(&visit, &hasher, P::PORTAL, &username, &form.password, &attempt).await? {
        Some((account, rehashed)) => {
            let journey = id.clone();
            let first = visit.kit.store.write(move |c| journeys::advance(c, &journey, Stage::Verified, Stage::Done));
            if !first.await? {
                return Ok(see_other(paths::shared(P::PORTAL).login));
            }
            let right = RightPassword { account, attempt, rehashed, back: None, level: Level::Otp };
            right.go_on(&visit, &outbox, P::PORTAL).await
        }
        None => refuse(visit.w.otp_first_wrong()),
    }
}

fn page_of<P: InPortal>(visit: &Visit, username: String, journey: Option<String>, errors: FieldErrors) -> OtpFirstPage {
    let title = if journey.is_some() { visit.w.otp_first_password_title() } else { visit.w.otp_first_title() };
    OtpFirstPage {
        w: visit.w,
        frame: visit.frame_with(title, errors),
        own: paths::shared(P::PORTAL),
        wording: Wording::of(P::PORTAL, visit.w),
        username,
        journey,
    }
}
