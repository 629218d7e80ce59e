//! `/irp/api-credentials/otp`: the OTP before credentials are created or changed.

use actix_web::web;

use super::index::recipients;
use crate::accounts::otp::{self, OtpForm, OtpStep};
use crate::kernel::portal::{Irp, Portal};
use crate::notify::Outbox;
use crate::store::journeys::{Journey, Kind, Stage};
use crate::web::error::PageError;
use crate::web::form::{Button, Posted};
use crate::web::guard::{SignedIn, Step, Walking};
use crate::web::page::{PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::throttle::Proof;

/// Where this step stands.
pub(super) const STEP: OtpStep = OtpStep {
    page: paths::IRP_API_OTP,
    resend: paths::IRP_API_OTP_RESEND,
    number: None,
    verify: false,
    change_contact: None,
    discreet: None,
};

/// An OTP was asked for on the page of the credentials.
pub struct AtOtp;

impl Step for AtOtp {
    const KINDS: &'static [Kind] = &[Kind::CreateApiCredentials, Kind::ChangeApiPassword];
    const STAGE: Stage = Stage::Otp;

    fn earlier(_: Portal, _: Option<&Journey>) -> &'static str {
        paths::IRP_API_CREDENTIALS
    }
}

/// GET: the page, or what the OTP was for when it was right already.
pub async fn show(visit: Visit, user: SignedIn<Irp>, at: Walking<AtOtp>) -> PageResult {
    own(&user, &at.journey)?;
    match at.journey.stage {
        Stage::Otp => otp::show(&visit, &at.journey, STEP).await,
        Stage::Verified => Ok(see_other(next(at.journey.kind))),
        _ => Ok(see_other(paths::IRP_API_CREDENTIALS)),
    }
}

/// POST: verifies.
pub async fn submit(
    visit: Visit,
    user: SignedIn<Irp>,
    at: Walking<AtOtp>,
    Posted(form): Posted<OtpForm>,
) -> PageResult {
    own(&user, &at.journey)?;
    otp::submit(&visit, &at.journey, STEP, &form, next(at.journey.kind)).await
}

/// POST `/irp/api-credentials/otp/resend`.
pub async fn resend(
    visit: Visit,
    user: SignedIn<Irp>,
    at: Walking<AtOtp>,
    outbox: web::Data<Outbox>,
    _form: Posted<Button>,
) -> PageResult {
    own(&user, &at.journey)?;
    let to = recipients(&visit, user.gstin()).await?;
    otp::resend(&visit, &outbox, &at.journey, STEP, &to, Proof::ContactOrPassword).await
}

const fn next(kind: Kind) -> &'static str {
    match kind {
        Kind::ChangeApiPassword => paths::IRP_API_CHANGE,
        _ => paths::IRP_API_NEW,
    }
}

/// A journey is of the GSTIN that began it, whoever is signed in by now.
fn own(user: &SignedIn<Irp>, journey: &Journey) -> Result<(), PageError> {
    match journey.subject == user.gstin() {
        true => Ok(()),
        false => Err(PageError::SeeOther(paths::IRP_API_CREDENTIALS.to_owned())),
    }
}
