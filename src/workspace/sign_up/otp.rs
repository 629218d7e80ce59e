//! `/workspace/sign-up/otp`: the OTP that proves the work email.

use actix_web::web;

use super::AtOtp;
use super::index::recipients;
use crate::accounts::otp::{self, OtpForm, OtpStep};
use crate::kernel::contact::Email;
use crate::kernel::portal::Workspace;
use crate::notify::Outbox;
use crate::store::journeys::Stage;
use crate::web::error::PageError;
use crate::web::form::{Button, Posted};
use crate::web::guard::{SignedOut, Walking};
use crate::web::page::{PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::throttle::Proof;

/// Not discreet: whoever typed the address sees it masked, known or not.
const STEP: OtpStep = OtpStep {
    page: paths::WORKSPACE_SIGN_UP_OTP,
    resend: paths::WORKSPACE_SIGN_UP_OTP_RESEND,
    number: None,
    verify: true,
    change_contact: Some(paths::WORKSPACE_SIGN_UP),
    discreet: None,
};

/// GET: the page, or the next one when the OTP was right already.
pub async fn show(visit: Visit, _guard: SignedOut<Workspace>, at: Walking<AtOtp>) -> PageResult {
    match at.journey.stage {
        Stage::Otp => otp::show(&visit, &at.journey, STEP).await,
        _ => Ok(see_other(paths::WORKSPACE_SIGN_UP_PASSWORD)),
    }
}

/// POST: verifies.
pub async fn submit(
    visit: Visit,
    _guard: SignedOut<Workspace>,
    at: Walking<AtOtp>,
    Posted(form): Posted<OtpForm>,
) -> PageResult {
    otp::submit(&visit, &at.journey, STEP, &form, paths::WORKSPACE_SIGN_UP_PASSWORD).await
}

/// POST `/workspace/sign-up/otp/resend`.
pub async fn resend(
    visit: Visit,
    _guard: SignedOut<Workspace>,
    at: Walking<AtOtp>,
    outbox: web::Data<Outbox>,
    _form: Posted<Button>,
) -> PageResult {
    let email = Email::parse(&at.journey.subject).map_err(|_| PageError::internal("journeys.subject is no email"))?;
    let to = recipients(&visit, &email).await?;
    otp::resend(&visit, &outbox, &at.journey, STEP, &to, Proof::Nothing).await
}
