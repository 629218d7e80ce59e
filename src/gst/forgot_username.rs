//! `/gst/forgot-username`, `/otp`, `/done`: the username, for whoever holds the registered email or phone.
//!
//! The same pages for a GSTIN without an account; only no message goes out.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::accounts::otp::{self, OtpForm, OtpStep, Typed};
use crate::accounts::{Recipients, any_gstin, gstin_message};
use crate::kernel::portal::{Gst, Portal};
use crate::kernel::taxpayer::Taxpayer;
use crate::notify::messages::{Cause, Writer};
use crate::notify::{Outbox, Prepared};
use crate::store::accounts::{self, Account};
use crate::store::journeys::{Journey, Kind, Stage};
use crate::store::taxpayers;
use crate::web::error::PageError;
use crate::web::form::{Button, FieldErrors, Posted};
use crate::web::guard::{SignedOut, Step, Walking};
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::throttle::Proof;
use crate::words::Words;

#[derive(Template)]
#[template(path = "gst/forgot_username.html")]
struct ForgotUsernamePage {
    w: Words,
    frame: Frame,
    gstin: String,
    /// Set on the last page.
    username: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ForgotUsernameForm {
    gstin: String,
}

/// The OTP step.
pub struct AtOtp;

impl Step for AtOtp {
    const KINDS: &'static [Kind] = &[Kind::ForgotUsername];
    const STAGE: Stage = Stage::Otp;

    fn earlier(_: Portal, _: Option<&Journey>) -> &'static str {
        paths::GST_FORGOT_USERNAME
    }
}

/// After the right OTP.
pub struct AtDone;

impl Step for AtDone {
    const KINDS: &'static [Kind] = &[Kind::ForgotUsername];
    const STAGE: Stage = Stage::Verified;

    fn earlier(_: Portal, journey: Option<&Journey>) -> &'static str {
        journey.map_or(paths::GST_FORGOT_USERNAME, |_| paths::GST_FORGOT_USERNAME_OTP)
    }
}

const STEP: OtpStep = OtpStep {
    page: paths::GST_FORGOT_USERNAME_OTP,
    resend: paths::GST_FORGOT_USERNAME_OTP_RESEND,
    number: None,
    verify: false,
    change_contact: None,
    discreet: Some(Typed::Gstin),
};

/// GET `/gst/forgot-username`.
pub async fn show(visit: Visit, _guard: SignedOut<Gst>) -> PageResult {
    page::ok(&page_of(&visit, String::new(), FieldErrors::default()))
}

/// POST `/gst/forgot-username`: always on to the OTP page.
pub async fn submit(
    visit: Visit,
    _guard: SignedOut<Gst>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<ForgotUsernameForm>,
) -> PageResult {
    let gstin = match any_gstin(&form.gstin) {
        Ok(gstin) => gstin.to_string(),
        Err(fault) => {
            let errors = FieldErrors::of("gstin", gstin_message(visit.w, fault));
            return page::unprocessable(&page_of(&visit, form.gstin, errors));
        }
    };
    let to = recipients(&visit, &gstin).await?;
    otp::begin(&visit, &outbox, (Kind::ForgotUsername, gstin), &to, Proof::Nothing, STEP.page).await
}

/// GET `/gst/forgot-username/otp`.
pub async fn show_otp(visit: Visit, _guard: SignedOut<Gst>, at: Walking<AtOtp>) -> PageResult {
    match at.journey.stage {
        Stage::Otp => otp::show(&visit, &at.journey, STEP).await,
        _ => Ok(see_other(paths::GST_FORGOT_USERNAME_DONE)),
    }
}

/// POST `/gst/forgot-username/otp`: the right OTP sends the username to the registered email addresses too.
pub async fn submit_otp(
    visit: Visit,
    _guard: SignedOut<Gst>,
    at: Walking<AtOtp>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<OtpForm>,
) -> PageResult {
    let mails = match owner(&visit, &at.journey.subject).await? {
        Some((account, taxpayer)) => mails(&visit, &outbox, &account, &taxpayer),
        None => Vec::new(),
    };
    let send = move |c: &mut _| mails.iter().try_for_each(|mail| mail.insert(c));
    let answer = otp::submit_and(&visit, &at.journey, STEP, &form, paths::GST_FORGOT_USERNAME_DONE, send).await;
    outbox.wake();
    answer
}

/// POST `/gst/forgot-username/otp/resend`.
pub async fn resend_otp(
    visit: Visit,
    _guard: SignedOut<Gst>,
    at: Walking<AtOtp>,
    outbox: web::Data<Outbox>,
    _form: Posted<Button>,
) -> PageResult {
    let to = recipients(&visit, &at.journey.subject).await?;
    otp::resend(&visit, &outbox, &at.journey, STEP, &to, Proof::Nothing).await
}

/// GET `/gst/forgot-username/done`.
pub async fn show_done(visit: Visit, _guard: SignedOut<Gst>, at: Walking<AtDone>) -> PageResult {
    match owner(&visit, &at.journey.subject).await? {
        Some((account, _)) => page::ok(&ForgotUsernamePage {
            w: visit.w,
            frame: visit.frame(visit.w.gst_forgot_username_done_title()),
            gstin: at.journey.subject,
            username: Some(account.username),
        }),
        // Frozen or gone since the OTP.
        None => Ok(see_other(paths::shared(Portal::Gst).login)),
    }
}

/// The account of that GSTIN and what the register knows of it; `None` without an account, or when it is frozen.
async fn owner(visit: &Visit, gstin: &str) -> Result<Option<(Account, Taxpayer)>, PageError> {
    let gstin = gstin.to_owned();
    let found = visit.kit.store.read(move |c| {
        let account = accounts::find_by_gstin(c, Portal::Gst, &gstin)?;
        Ok(account.filter(|account| account.frozen_at.is_none()).zip(taxpayers::find(c, &gstin)?))
    });
    Ok(found.await?)
}

async fn recipients(visit: &Visit, gstin: &str) -> Result<Recipients, PageError> {
    let owner = owner(visit, gstin).await?;
    Ok(owner.map(|(_, taxpayer)| Recipients::from(&taxpayer)).unwrap_or_default())
}

fn mails(visit: &Visit, outbox: &Outbox, account: &Account, taxpayer: &Taxpayer) -> Vec<Prepared> {
    let cause = Cause { at: visit.now, address: &visit.address.to_string(), device: &visit.device };
    let writer = Writer::new(&visit.kit.settings);
    let mail = writer.gst_username(taxpayer.gstin.as_str(), &account.username, &cause);
    outbox.mails(&taxpayer.emails, &mail, visit.now)
}

fn page_of(visit: &Visit, gstin: String, errors: FieldErrors) -> ForgotUsernamePage {
    let frame = visit.frame_with(visit.w.gst_forgot_username_title(), errors);
    ForgotUsernamePage { w: visit.w, frame, gstin, username: None }
}
