//! `/{portal}/account/authenticator/codes`: the recovery codes, until their owner says that they are kept.

use askama::Template;
use zeroize::Zeroizing;

use crate::accounts::second_factor::place_of_codes;
use crate::kernel::clock::Moment;
use crate::kernel::portal::InPortal;
use crate::store::authenticators;
use crate::web::error::PageError;
use crate::web::form::{Button, Posted};
use crate::web::guard::SignedIn;
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "accounts/authenticator/codes.html")]
struct CodesPage<'a> {
    w: Words,
    frame: Frame,
    own: &'static paths::Shared,
    username: &'a str,
    codes: Vec<&'a str>,
    /// `17:11`, IST: until when the page can be opened again.
    until: String,
}

/// GET: for some minutes after the app was added, and not after the button.
pub async fn show<P: InPortal>(visit: Visit, user: SignedIn<P>) -> PageResult {
    let id = user.account.id.clone();
    let found = visit.kit.store.read(move |c| authenticators::find_confirmed(c, &id)).await?;
    let life = visit.kit.settings.limits.recovery_codes_shown;
    let shown = found.and_then(|found| {
        let until = Moment::from_seconds(found.confirmed_at?).plus(life);
        (visit.now < until).then_some((found.id, found.sealed_codes?, until))
    });
    let Some((id, sealed, until)) = shown else { return Ok(see_other(paths::shared(P::PORTAL).authenticator)) };
    let codes: Zeroizing<String> =
        visit.kit.keys.open(place_of_codes(&id), &sealed).map_err(|error| PageError::internal(error.to_string()))?;
    page::ok(&CodesPage {
        w: visit.w,
        frame: visit.frame(visit.w.authenticator_codes_title()),
        own: paths::shared(P::PORTAL),
        username: &user.account.username,
        codes: codes.lines().collect(),
        until: until.ist_time(),
    })
}

/// POST: they are kept, and shown no more.
pub async fn submit<P: InPortal>(visit: Visit, user: SignedIn<P>, _form: Posted<Button>) -> PageResult {
    let id = user.account.id.clone();
    visit.kit.store.write(move |c| authenticators::forget_codes(c, &id)).await?;
    visit.visitor.set_notice(&Notice::AuthenticatorAdded);
    Ok(see_other(paths::shared(P::PORTAL).authenticator))
}
