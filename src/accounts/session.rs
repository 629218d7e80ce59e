//! `/{portal}/logout` and `/{portal}/session/extend`: the two buttons about the session itself.

use actix_web::http::header;

use crate::kernel::portal::InPortal;
use crate::store::events;
use crate::store::sessions::{self, Reason};
use crate::web::form::{Button, Posted};
use crate::web::guard::SignedIn;
use crate::web::page::{PageResult, Visit, see_other};
use crate::web::paths;

/// POST `/{portal}/logout`: ends this portal's session. Never clears cookies as a whole, which would sign the person
/// out of the other portals too.
pub async fn sign_out<P: InPortal>(visit: Visit, user: SignedIn<P>, _form: Posted<Button>) -> PageResult {
    let event = visit.event("sign_out", events::DONE, user.account.gstin.as_deref());
    let sid = visit.visitor.sid().unwrap_or_default();
    let ended = visit.kit.store.write(move |c| {
        // Here and not with its cookie, so that no other answer that is on its way brings it back.
        sessions::end(c, &sid, Reason::SignedOut)?;
        events::insert(c, &event)
    });
    ended.await?;
    visit.visitor.sign_out();
    let mut response = see_other(&format!("{}?signed-out=yes", paths::shared(P::PORTAL).login));
    let cleared = header::HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert(header::HeaderName::from_static("clear-site-data"), cleared);
    Ok(response)
}

/// POST `/{portal}/session/extend`: the request itself has moved the session's end.
pub async fn extend<P: InPortal>(_user: SignedIn<P>, _form: Posted<Button>) -> PageResult {
    Ok(see_other(paths::shared(P::PORTAL).account))
}
