//! `/irp/register/otp`: step 4, the OTP that proves the contact.

use actix_web::web;

use super::AtOtp;
use crate::accounts::Recipients;
use crate::accounts::otp::{self, OtpForm, OtpStep};
use crate::notify::Outbox;
use crate::store::journeys::Stage;
use crate::web::form::{Button, Posted};
use crate::web::guard::Walking;
use crate::web::page::{PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::throttle::Proof;

const STEP: OtpStep = OtpStep {
    page: paths::IRP_OTP,
    resend: paths::IRP_OTP_RESEND,
    number: Some(4),
    verify: true,
    change_contact: Some(paths::IRP_CONTACT),
    discreet: None,
};

/// GET: the page, or the next step when the OTP was right already.
pub async fn show(visit: Visit, at: Walking<AtOtp>) -> PageResult {
    match at.journey.stage {
        Stage::Otp => otp::show(&visit, &at.journey, STEP).await,
        Stage::Done | Stage::Spent => Ok(see_other(paths::IRP_DONE)),
        _ => Ok(see_other(paths::IRP_VERIFIED)),
    }
}

/// POST: verifies.
pub async fn submit(visit: Visit, at: Walking<AtOtp>, Posted(form): Posted<OtpForm>) -> PageResult {
    otp::submit(&visit, &at.journey, STEP, &form, paths::IRP_VERIFIED).await
}

/// POST `/irp/register/otp/resend`.
pub async fn resend(visit: Visit, at: Walking<AtOtp>, outbox: web::Data<Outbox>, _form: Posted<Button>) -> PageResult {
    let taxpayer = super::taxpayer_of(&visit, &at.journey).await?;
    otp::resend(&visit, &outbox, &at.journey, STEP, &Recipients::from(&taxpayer), Proof::ContactOrPassword).await
}
