//! `/{portal}/account/authenticator/otp`: the proof before an authenticator app is added or removed.

use actix_web::web;

use super::is_own;
use crate::accounts::hashing::Hasher;
use crate::accounts::otp::{OtpForm, OtpStep, Proving};
use crate::accounts::second_factor::{self, Means};
use crate::kernel::ids;
use crate::kernel::portal::{InPortal, Portal};
use crate::kernel::totp::TotpSecret;
use crate::notify::Outbox;
use crate::store::accounts::Account;
use crate::store::authenticators::{self, Authenticator};
use crate::store::journeys::{Journey, Kind, Stage};
use crate::vault::key_id_of;
use crate::web::browser::Browser;
use crate::web::error::PageError;
use crate::web::form::{Button, Posted};
use crate::web::guard::{SignedIn, Step, Walking};
use crate::web::page::{PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::session::Level;

/// The change was asked for.
pub struct AtOtp;

impl Step for AtOtp {
    const KINDS: &'static [Kind] = &[Kind::ChangeAuthenticator];
    const STAGE: Stage = Stage::Otp;

    fn earlier(portal: Portal, _: Option<&Journey>) -> &'static str {
        paths::shared(portal).authenticator
    }
}

fn step<P: InPortal>() -> OtpStep {
    let own = paths::shared(P::PORTAL);
    OtpStep {
        page: own.authenticator_otp,
        resend: own.authenticator_otp_resend,
        number: None,
        verify: false,
        change_contact: None,
        discreet: None,
    }
}

/// GET.
pub async fn show<P: InPortal>(visit: Visit, user: SignedIn<P>, at: Walking<AtOtp>) -> PageResult {
    own::<P>(&user.account, &at.journey)?;
    match at.journey.stage {
        Stage::Otp => second_factor::show(&visit, &user.account, &at.journey, step::<P>()).await,
        Stage::Verified => Ok(see_other(paths::shared(P::PORTAL).authenticator_new)),
        _ => Ok(see_other(paths::shared(P::PORTAL).authenticator)),
    }
}

/// POST: an OTP leads to a new authenticator, a code of the present one to its removal.
pub async fn submit<P: InPortal>(
    visit: Visit,
    user: SignedIn<P>,
    at: Walking<AtOtp>,
    hasher: web::Data<Hasher>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<OtpForm>,
) -> PageResult {
    let (account, own_paths) = (&user.account, paths::shared(P::PORTAL));
    own::<P>(account, &at.journey)?;
    let (browser, proposed) = (Browser::of(&visit), propose(&visit, account));
    let proven_in = browser.clone();
    let effect = move |c: &mut _, level| {
        proven_in.prove(c, &proposed.account_id)?;
        if level == Level::Otp {
            authenticators::propose(c, &proposed)?;
        }
        Ok(level)
    };
    let means = Means { hasher: &hasher, outbox: &outbox };
    match second_factor::check(&visit, means, account, &at.journey, step::<P>(), &form, effect).await? {
        Proving::Proven(level) => {
            browser.keep_proven(&visit);
            visit.visitor.raise_to(level);
            visit.visitor.renew_on_next_page();
            Ok(see_other(match level {
                Level::Authenticator => own_paths.authenticator_remove,
                Level::Otp | Level::Password => own_paths.authenticator_new,
            }))
        }
        Proving::Page(page) => Ok(page),
    }
}

/// POST `/account/authenticator/otp/resend`.
pub async fn resend<P: InPortal>(
    visit: Visit,
    user: SignedIn<P>,
    at: Walking<AtOtp>,
    outbox: web::Data<Outbox>,
    _form: Posted<Button>,
) -> PageResult {
    own::<P>(&user.account, &at.journey)?;
    second_factor::resend(&visit, &outbox, &user.account, &at.journey, step::<P>()).await
}

fn own<P: InPortal>(account: &Account, journey: &Journey) -> Result<(), PageError> {
    match is_own(account, journey) {
        true => Ok(()),
        false => Err(PageError::SeeOther(paths::shared(P::PORTAL).authenticator.to_owned())),
    }
}

/// A secret for the app, not asked for before it has shown a first code.
fn propose(visit: &Visit, account: &Account) -> Authenticator {
    let secret = TotpSecret::random().to_base32();
    let id = ids::random();
    let sealed_secret = visit.kit.keys.seal(second_factor::place_of_secret(&id), &secret);
    Authenticator {
        key_id: key_id_of(&sealed_secret).unwrap_or_default(),
        sealed_secret,
        id,
        account_id: account.id.clone(),
        created_at: visit.now.seconds(),
        confirmed_at: None,
        last_step: 0,
        sealed_codes: None,
    }
}
