//! `/{portal}/account/authenticator/new`: the secret as a QR code and as text, and the first code of the app.

use actix_web::web;
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{AtChange, Change, proven};
use crate::accounts::hashing::Hasher;
use crate::accounts::second_factor::{digits_of, place_of_codes, secret_of};
use crate::kernel::letters;
use crate::kernel::password::Password;
use crate::kernel::portal::InPortal;
use crate::kernel::recovery_code::RecoveryCode;
use crate::kernel::totp::QrPicture;
use crate::notify::Outbox;
use crate::notify::messages::{Cause, Writer};
use crate::store::accounts::Account;
use crate::store::authenticators::{self, Authenticator};
use crate::store::journeys::{self, Stage};
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted};
use crate::web::guard::{SignedIn, Walking};
use crate::web::page::{self, Frame, PageResult, Visit, area_name, see_other};
use crate::web::paths;
use crate::web::session::Level;
use crate::words::Words;

#[derive(Template)]
#[template(path = "accounts/authenticator/new.html")]
struct NewPage {
    w: Words,
    frame: Frame,
    own: &'static paths::Shared,
    journey: String,
    picture: QrPicture,
    /// The secret in groups of four letters.
    secret: Zeroizing<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct CodeForm {
    code: SecretString,
}

/// GET.
pub async fn show<P: InPortal>(visit: Visit, user: SignedIn<P>, at: Walking<AtChange>) -> PageResult {
    proven(&visit, &user, &at.journey)?;
    let Some(proposed) = proposed(&visit, &user.account).await? else { return Ok(to_authenticator::<P>()) };
    page::ok(&page_of::<P>(&visit, &user, &at.journey.id, &proposed, FieldErrors::default())?)
}

/// POST: with a right code the app is the account's, and recovery codes are made.
pub async fn submit<P: InPortal>(
    visit: Visit,
    user: SignedIn<P>,
    at: Walking<AtChange>,
    hasher: web::Data<Hasher>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<CodeForm>,
) -> PageResult {
    let pressed_twice = || Ok(see_other(paths::shared(P::PORTAL).authenticator_codes));
    if at.journey.stage == Stage::Done {
        return pressed_twice();
    }
    proven(&visit, &user, &at.journey)?;
    // The other press may have been first a moment ago: whoever is shown its answer must see the codes too.
    let Some(proposed) = proposed(&visit, &user.account).await? else { return pressed_twice() };
    let code = digits_of(form.code.expose_secret());
    let step = match &code {
        Some(code) => secret_of(&visit, &proposed)?.step_of(code, visit.now),
        None => None,
    };
    let Some(step) = step else {
        let w = visit.w;
        let message = if code.is_none() { w.authenticator_code_format() } else { w.authenticator_code_wrong() };
        let errors = FieldErrors::of("code", message);
        return page::unprocessable(&page_of::<P>(&visit, &user, &at.journey.id, &proposed, errors)?);
    };
    let codes = RecoveryCode::random_set();
    let mut hashes = Vec::new();
    for code in &codes {
        let Some(password) = Password::typed(code.as_str()) else { continue };
        hashes.push(hasher.hash(password).await?);
    }
    let shown: Vec<String> = codes.iter().map(RecoveryCode::shown).collect();
    let sealed_codes = visit.kit.keys.seal(place_of_codes(&proposed.id), &shown.join("\n"));
    let write = |writer: &Writer<'_>, cause: &Cause<'_>| writer.authenticator_added(P::PORTAL, user.gstin(), cause);
    let change = Change::of(&visit, &outbox, &user.account, "authenticator_added", write).await?;
    let (journey, now) = (at.journey.id.clone(), visit.now);
    let added = visit.kit.store.write(move |c| {
        if !authenticators::confirm(c, &proposed, step, &sealed_codes, now)? {
            return Ok(false);
        }
        authenticators::set_codes(c, &proposed.account_id, &hashes)?;
        journeys::advance(c, &journey, Stage::Verified, Stage::Done)?;
        change.run(c)?;
        Ok(true)
    });
    if added.await? {
        outbox.wake();
        visit.visitor.raise_to(Level::Authenticator);
        visit.visitor.renew_on_next_page();
    }
    Ok(see_other(paths::shared(P::PORTAL).authenticator_codes))
}

/// The account's authenticator while it has not shown a code.
async fn proposed(visit: &Visit, account: &Account) -> Result<Option<Authenticator>, PageError> {
    let id = account.id.clone();
    let found = visit.kit.store.read(move |c| authenticators::find(c, &id)).await?;
    Ok(found.filter(|found| found.confirmed_at.is_none()))
}

fn to_authenticator<P: InPortal>() -> actix_web::HttpResponse {
    see_other(paths::shared(P::PORTAL).authenticator)
}

fn page_of<P: InPortal>(
    visit: &Visit,
    user: &SignedIn<P>,
    journey: &str,
    proposed: &Authenticator,
    errors: FieldErrors,
) -> Result<NewPage, PageError> {
    let secret = secret_of(visit, proposed)?;
    let issuer = format!("{} {}", visit.kit.settings.brand, area_name(visit.w, P::PORTAL));
    let picture = secret.picture(&issuer, &user.account.username);
    Ok(NewPage {
        w: visit.w,
        frame: visit.frame_with(visit.w.authenticator_new_title(), errors),
        own: paths::shared(P::PORTAL),
        journey: journey.to_owned(),
        picture: picture.map_err(|error| PageError::internal(error.to_string()))?,
        secret: Zeroizing::new(letters::grouped(&secret.to_base32(), 4)),
    })
}
