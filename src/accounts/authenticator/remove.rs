//! `/{portal}/account/authenticator/remove`: asks once, then removes the authenticator app and its recovery codes.

use actix_web::web;
use askama::Template;

use super::{AtChange, Change, proven};
use crate::kernel::portal::InPortal;
use crate::notify::Outbox;
use crate::notify::messages::{Cause, Writer};
use crate::store::authenticators;
use crate::store::journeys::{self, Stage};
use crate::web::form::{Button, Posted};
use crate::web::guard::{SignedIn, Walking};
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "accounts/authenticator/remove.html")]
struct RemovePage {
    w: Words,
    frame: Frame,
    own: &'static paths::Shared,
    journey: String,
}

/// GET.
pub async fn show<P: InPortal>(visit: Visit, user: SignedIn<P>, at: Walking<AtChange>) -> PageResult {
    proven(&visit, &user, &at.journey)?;
    page::ok(&RemovePage {
        w: visit.w,
        frame: visit.frame(visit.w.authenticator_remove_title()),
        own: paths::shared(P::PORTAL),
        journey: at.journey.id,
    })
}

/// POST. Pressed twice it finds nothing left to remove and says the same.
pub async fn submit<P: InPortal>(
    visit: Visit,
    user: SignedIn<P>,
    at: Walking<AtChange>,
    outbox: web::Data<Outbox>,
    _form: Posted<Button>,
) -> PageResult {
    let page = paths::shared(P::PORTAL).authenticator;
    if at.journey.stage == Stage::Done {
        return Ok(see_other(page));
    }
    proven(&visit, &user, &at.journey)?;
    let write = |writer: &Writer<'_>, cause: &Cause<'_>| writer.authenticator_removed(P::PORTAL, user.gstin(), cause);
    let change = Change::of(&visit, &outbox, &user.account, "authenticator_removed", write).await?;
    let journey = at.journey.id.clone();
    let removed = visit.kit.store.write(move |c| {
        if !journeys::advance(c, &journey, Stage::Verified, Stage::Done)?
            || !authenticators::delete(c, &change.account.id)?
        {
            return Ok(false);
        }
        change.run(c)?;
        Ok(true)
    });
    if removed.await? {
        outbox.wake();
        visit.visitor.set_notice(&Notice::AuthenticatorRemoved);
        visit.visitor.renew_on_next_page();
    }
    Ok(see_other(page))
}
