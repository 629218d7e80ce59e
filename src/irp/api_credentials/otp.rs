//! `/irp/api-credentials/otp`: the OTP before credentials are created or changed.

use actix_web::web;

use crate::accounts::hashing::Hasher;
use crate::accounts::otp::{OtpForm, OtpStep, Proving};
use crate::accounts::second_factor::{self, Means};
use crate::kernel::portal::{Irp, Portal};
use crate::notify::Outbox;
use crate::store::journeys::{Journey, Kind, Stage};
use crate::web::browser::Browser;
use crate::web::error::PageError;
use crate::web::form::{Button, Posted};
use crate::web::guard::{SignedIn, Step, Walking};
use crate::web::page::{PageResult, Visit, see_other};
use crate::web::paths;

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
        Stage::Otp => second_factor::show(&visit, &user.account, &at.journey, STEP).await,
        Stage::Verified => Ok(see_other(next(at.journey.kind))),
        _ => Ok(see_other(paths::IRP_API_CREDENTIALS)),
    }
}

/// POST: verifies.
pub async fn submit(
    visit: Visit,
    user: SignedIn<Irp>,
    at: Walking<AtOtp>,
    hasher: web::Data<Hasher>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<OtpForm>,
) -> PageResult {
    own(&user, &at.journey)?;
    let (browser, means) = (Browser::of(&visit), Means { hasher: &hasher, outbox: &outbox });
    let (proven_in, account_id) = (browser.clone(), user.account.id.clone());
    let effect = move |c: &mut _, _| proven_in.prove(c, &account_id);
    match second_factor::check(&visit, means, &user.account, &at.journey, STEP, &form, effect).await? {
        Proving::Proven(_) => {
            browser.keep_proven(&visit);
            visit.visitor.renew_on_next_page();
            Ok(see_other(next(at.journey.kind)))
        }
        Proving::Page(page) => Ok(page),
    }
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
    second_factor::resend(&visit, &outbox, &user.account, &at.journey, STEP).await
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
