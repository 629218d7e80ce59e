//! `/{portal}/login/otp`: the second factor after the password, or the OTP that opens the way to it.

use actix_web::web;

use crate::accounts::hashing::Hasher;
use crate::accounts::otp::{self, OtpForm, OtpStep, Proving, Typed};
use crate::accounts::owner::Owner;
use crate::accounts::second_factor::{self, Means};
use crate::accounts::sign_in::{Arrival, Waiting};
use crate::kernel::portal::{InPortal, Portal};
use crate::notify::Outbox;
use crate::store::journeys::{self, Journey, Kind, Stage};
use crate::web::error::PageError;
use crate::web::form::{Button, Posted};
use crate::web::guard::{SignedOut, Step, Walking};
use crate::web::page::{PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::throttle::Proof;

/// The password was right, or strangers keep its door shut.
pub struct AtOtp;

impl Step for AtOtp {
    const KINDS: &'static [Kind] = &[Kind::SignIn, Kind::OtpFirst];
    const STAGE: Stage = Stage::Otp;

    fn earlier(portal: Portal, _: Option<&Journey>) -> &'static str {
        paths::shared(portal).login
    }
}

pub(super) fn step<P: InPortal>(kind: Kind) -> OtpStep {
    let own = paths::shared(P::PORTAL);
    OtpStep {
        page: own.login_otp,
        resend: own.login_otp_resend,
        number: None,
        verify: false,
        change_contact: None,
        // After the password there is an account, and its owner may read whose phone it is.
        discreet: (kind == Kind::OtpFirst).then_some(Typed::of(P::PORTAL)),
    }
}

/// GET.
pub async fn show<P: InPortal>(visit: Visit, _guard: SignedOut<P>, at: Walking<AtOtp>) -> PageResult {
    let own = paths::shared(P::PORTAL);
    match (at.journey.kind, at.journey.stage) {
        (Kind::OtpFirst, Stage::Otp) => otp::show(&visit, &at.journey, step::<P>(Kind::OtpFirst)).await,
        (Kind::OtpFirst, Stage::Verified) => Ok(see_other(own.otp_first_password)),
        (_, Stage::Otp) => match Waiting::of(&visit, &at.journey).await? {
            Some((account, _)) => second_factor::show(&visit, &account, &at.journey, step::<P>(Kind::SignIn)).await,
            None => Ok(see_other(own.login)),
        },
        _ => Ok(see_other(own.login)),
    }
}

/// POST: signs in, or leads to the password.
pub async fn submit<P: InPortal>(
    visit: Visit,
    _guard: SignedOut<P>,
    at: Walking<AtOtp>,
    hasher: web::Data<Hasher>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<OtpForm>,
) -> PageResult {
    let own = paths::shared(P::PORTAL);
    if at.journey.kind == Kind::OtpFirst {
        return otp::submit(&visit, &at.journey, step::<P>(Kind::OtpFirst), &form, own.otp_first_password).await;
    }
    let Some((account, back)) = Waiting::of(&visit, &at.journey).await? else { return Ok(see_other(own.login)) };
    let arrival = Arrival::prepare(&visit, &outbox, account.clone()).await?;
    let (row, journey) = (arrival.clone(), at.journey.id.clone());
    let means = Means { hasher: &hasher, outbox: &outbox };
    let effect = move |c: &mut _, level| {
        journeys::advance(c, &journey, Stage::Verified, Stage::Done)?;
        row.run(c, level).map(|()| level)
    };
    let step = step::<P>(Kind::SignIn);
    match second_factor::check(&visit, means, &account, &at.journey, step, &form, effect).await? {
        Proving::Proven(level) => Ok(arrival.finish(&visit, &outbox, level, back.as_deref())),
        Proving::Page(page) => Ok(page),
    }
}

/// POST `/login/otp/resend`.
pub async fn resend<P: InPortal>(
    visit: Visit,
    _guard: SignedOut<P>,
    at: Walking<AtOtp>,
    outbox: web::Data<Outbox>,
    _form: Posted<Button>,
) -> PageResult {
    let step = step::<P>(at.journey.kind);
    if at.journey.kind == Kind::OtpFirst {
        let to = Owner::find::<P>(&visit, &at.journey.subject).await?.recipients();
        return otp::resend(&visit, &outbox, &at.journey, step, &to, Proof::Nothing).await;
    }
    match Waiting::of(&visit, &at.journey).await? {
        Some((account, _)) => second_factor::resend(&visit, &outbox, &account, &at.journey, step).await,
        None => Err(PageError::SeeOther(paths::shared(P::PORTAL).login.to_owned())),
    }
}
