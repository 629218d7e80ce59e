//! `/{portal}/forgot-password`, `/otp`, `/new`: a new password for whoever holds the registered email or phone.
//!
//! The same pages for a GSTIN or username without an account; only no message goes out.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::hashing::Hasher;
use super::otp::{self, OtpForm, OtpStep, Typed};
use super::owner::Owner;
use super::wording::Wording;
use super::{NewPasswordForm, any_gstin, door, email_message, gstin_message};
use crate::kernel::contact::Email;
use crate::kernel::password::Policy;
use crate::kernel::portal::{InPortal, Portal};
use crate::notify::Outbox;
use crate::notify::messages::{Cause, Writer};
use crate::store::journeys::{self, Journey, Kind, Stage};
use crate::store::{accounts, devices, events, sessions};
use crate::web::form::{Button, FieldErrors, Posted};
use crate::web::guard::{SignedOut, Step, Walking};
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::throttle::Proof;
use crate::words::Words;

#[derive(Template)]
#[template(path = "accounts/forgot_password.html")]
struct ForgotPasswordPage {
    w: Words,
    frame: Frame,
    portal: Portal,
    own: &'static paths::Shared,
    wording: Wording,
    /// The GSTIN, or in the GST portal the username, as typed.
    typed: String,
    /// Set on the last page, where the new password is chosen.
    chooses: Option<Choosing>,
}

/// What the page of the new password knows.
struct Choosing {
    username: String,
    journey: String,
    policy: Policy,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ForgotPasswordForm {
    gstin: String,
    username: String,
    email: String,
}

impl ForgotPasswordForm {
    fn typed(&self, portal: Portal) -> &str {
        match portal {
            Portal::Gst => &self.username,
            Portal::Workspace => &self.email,
            Portal::Irp => &self.gstin,
        }
    }

    /// The canonical name of the account, or what is wrong with it. Says nothing of whether there is such an account.
    fn parse(&self, portal: Portal, w: Words) -> Result<String, FieldErrors> {
        match portal {
            Portal::Gst => {
                let typed = door::canonical_username(portal, &self.username);
                if typed.is_empty() {
                    return Err(FieldErrors::of("username", w.login_username_empty()));
                }
                Ok(door::name_to_keep(portal, &typed))
            }
            Portal::Workspace => Email::parse(&self.email)
                .map(|email| email.as_str().to_owned())
                .map_err(|fault| FieldErrors::of("email", email_message(w, fault))),
            Portal::Irp => any_gstin(&self.gstin)
                .map(|gstin| gstin.to_string())
                .map_err(|fault| FieldErrors::of("gstin", gstin_message(w, fault))),
        }
    }
}

/// The OTP step of a forgotten password.
pub struct AtOtp;

impl Step for AtOtp {
    const KINDS: &'static [Kind] = &[Kind::ForgotPassword];
    const STAGE: Stage = Stage::Otp;

    fn earlier(portal: Portal, _: Option<&Journey>) -> &'static str {
        paths::shared(portal).forgot_password
    }
}

/// The step after the right OTP.
pub struct AtNew;

impl Step for AtNew {
    const KINDS: &'static [Kind] = &[Kind::ForgotPassword];
    const STAGE: Stage = Stage::Verified;

    fn earlier(portal: Portal, journey: Option<&Journey>) -> &'static str {
        let own = paths::shared(portal);
        journey.map_or(own.forgot_password, |_| own.forgot_password_otp)
    }
}

fn step<P: InPortal>() -> OtpStep {
    let own = paths::shared(P::PORTAL);
    OtpStep {
        page: own.forgot_password_otp,
        resend: own.forgot_password_otp_resend,
        number: None,
        verify: false,
        change_contact: None,
        discreet: Some(Typed::of(P::PORTAL)),
    }
}

/// GET `/forgot-password`.
pub async fn show<P: InPortal>(visit: Visit, _guard: SignedOut<P>) -> PageResult {
    page::ok(&page_of::<P>(&visit, String::new(), FieldErrors::default(), None))
}

/// POST `/forgot-password`: always on to the OTP page.
pub async fn submit<P: InPortal>(
    visit: Visit,
    _guard: SignedOut<P>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<ForgotPasswordForm>,
) -> PageResult {
    let username = match form.parse(P::PORTAL, visit.w) {
        Ok(username) => username,
        Err(errors) => {
            return page::unprocessable(&page_of::<P>(&visit, form.typed(P::PORTAL).to_owned(), errors, None));
        }
    };
    let to = Owner::find::<P>(&visit, &username).await?.recipients();
    otp::begin(&visit, &outbox, (Kind::ForgotPassword, username), &to, Proof::Nothing, step::<P>().page).await
}

/// GET `/forgot-password/otp`.
pub async fn show_otp<P: InPortal>(visit: Visit, _guard: SignedOut<P>, at: Walking<AtOtp>) -> PageResult {
    match at.journey.stage {
        Stage::Otp => otp::show(&visit, &at.journey, step::<P>()).await,
        _ => Ok(see_other(paths::shared(P::PORTAL).forgot_password_new)),
    }
}

/// POST `/forgot-password/otp`.
pub async fn submit_otp<P: InPortal>(
    visit: Visit,
    _guard: SignedOut<P>,
    at: Walking<AtOtp>,
    Posted(form): Posted<OtpForm>,
) -> PageResult {
    let next = paths::shared(P::PORTAL).forgot_password_new;
    otp::submit(&visit, &at.journey, step::<P>(), &form, next).await
}

/// POST `/forgot-password/otp/resend`.
pub async fn resend_otp<P: InPortal>(
    visit: Visit,
    _guard: SignedOut<P>,
    at: Walking<AtOtp>,
    outbox: web::Data<Outbox>,
    _form: Posted<Button>,
) -> PageResult {
    let to = Owner::find::<P>(&visit, &at.journey.subject).await?.recipients();
    otp::resend(&visit, &outbox, &at.journey, step::<P>(), &to, Proof::Nothing).await
}

/// GET `/forgot-password/new`.
pub async fn show_new<P: InPortal>(visit: Visit, _guard: SignedOut<P>, at: Walking<AtNew>) -> PageResult {
    match at.journey.stage {
        Stage::Verified => page::ok(&new_page::<P>(&visit, &at.journey, FieldErrors::default())),
        _ => Ok(see_other(paths::shared(P::PORTAL).login)),
    }
}

/// POST `/forgot-password/new`: sets the password, ends every session of the account, opens its door, tells the owner.
pub async fn submit_new<P: InPortal>(
    visit: Visit,
    _guard: SignedOut<P>,
    at: Walking<AtNew>,
    hasher: web::Data<Hasher>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<NewPasswordForm>,
) -> PageResult {
    let to_login = see_other(paths::shared(P::PORTAL).login);
    let owner = Owner::find::<P>(&visit, &at.journey.subject).await?;
    let (names, to) = (owner.names(), owner.recipients());
    let password = match form.parse_for(&visit, &to.context(&names)) {
        Ok(password) => password,
        Err(errors) => return page::unprocessable(&new_page::<P>(&visit, &at.journey, errors)),
    };
    let Some(account) = owner.account else { return Ok(to_login) };
    let hash = hasher.hash(password).await?;

    let cause = Cause { at: visit.now, address: &visit.address.to_string(), device: &visit.device };
    let writer = Writer::new(&visit.kit.settings);
    let gstin = account.gstin.as_deref().unwrap_or(&account.username);
    let mail = writer.password_changed(P::PORTAL, gstin, paths::shared(P::PORTAL).forgot_password, &cause);
    let mails = outbox.mails(&to.emails, &mail, visit.now);
    let event = visit.event_of(&account, "password_reset", events::DONE);
    let (journey, now) = (at.journey.id.clone(), visit.now);
    let reset = visit.kit.store.write(move |c| {
        if !journeys::advance(c, &journey, Stage::Verified, Stage::Done)? {
            return Ok(false);
        }
        accounts::set_password(c, &account.id, &hash, now)?;
        sessions::end_of_account(c, &account.id, None, sessions::Reason::Password)?;
        devices::delete_of_account(c, &account.id, None)?;
        door::open_door(c, P::PORTAL, &account.username)?;
        mails.iter().try_for_each(|mail| mail.insert(c))?;
        events::insert(c, &event)?;
        Ok(true)
    });
    if reset.await? {
        outbox.wake();
        visit.visitor.set_notice(&Notice::PasswordReset { at: visit.now.seconds() });
    }
    Ok(to_login)
}

fn new_page<P: InPortal>(visit: &Visit, journey: &Journey, errors: FieldErrors) -> ForgotPasswordPage {
    let choosing = Choosing {
        username: journey.subject.clone(),
        journey: journey.id.clone(),
        policy: visit.kit.settings.password_policy,
    };
    page_of::<P>(visit, String::new(), errors, Some(choosing))
}

fn page_of<P: InPortal>(
    visit: &Visit,
    typed: String,
    errors: FieldErrors,
    chooses: Option<Choosing>,
) -> ForgotPasswordPage {
    let (w, portal) = (visit.w, P::PORTAL);
    let wording = Wording::of(portal, w);
    let title = if chooses.is_some() { w.forgot_new_title() } else { wording.forgot_password_title };
    let frame = visit.frame_with(title, errors);
    ForgotPasswordPage { w, frame, portal, own: paths::shared(portal), wording, typed, chooses }
}
