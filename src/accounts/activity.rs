//! `/{portal}/account/activity`: what happened to the account and its GSTIN, also what was refused.

use askama::Template;

use super::history::{History, Kind, Listing, Manner};
use crate::kernel::portal::InPortal;
use crate::store::accounts::Account;
use crate::store::events::Of;
use crate::web::guard::SignedIn;
use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "accounts/activity.html")]
struct ActivityPage {
    w: Words,
    frame: Frame,
    own: &'static paths::Shared,
    history: History,
}

/// Everything its owner should be able to see.
pub(super) fn listing(account: &Account) -> Listing {
    let of = account.gstin.clone().map_or_else(|| Of::Account(account.id.clone()), Of::Gstin);
    let kinds: &[Kind] = match of {
        Of::Gstin(_) => &[Kind::SignIns, Kind::Account, Kind::ApiCredentials, Kind::ApiAccess, Kind::Otps],
        Of::Account(_) => &[Kind::SignIns, Kind::Account, Kind::SavedCredentials, Kind::Otps],
    };
    Listing { of, kinds, manner: Manner::Activity }
}

/// GET: a page of it, the newest first.
pub async fn show<P: InPortal>(visit: Visit, user: SignedIn<P>) -> PageResult {
    let history = listing(&user.account).page(&visit).await?;
    let (w, own) = (visit.w, paths::shared(P::PORTAL));
    page::ok(&ActivityPage { w, frame: visit.frame(w.activity_title()), own, history })
}

/// GET `/account/activity.csv`: all of that kind.
pub async fn show_csv<P: InPortal>(visit: Visit, user: SignedIn<P>) -> PageResult {
    listing(&user.account).csv(&visit, "activity.csv").await
}
