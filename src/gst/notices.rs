//! `/gst/notices`: what happened to this GSTIN here that its owner should know, from the events of all portals.

use askama::Template;

use crate::accounts::history::{History, Kind, Listing, Manner};
use crate::kernel::portal::Gst;
use crate::store::events::Of;
use crate::web::guard::SignedIn;
use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "gst/notices.html")]
struct NoticesPage {
    w: Words,
    frame: Frame,
    history: History,
}

fn listing(user: &SignedIn<Gst>) -> Listing {
    let kinds = &[Kind::ApiAccess, Kind::ApiCredentials, Kind::Account];
    Listing { of: Of::Gstin(user.gstin().to_owned()), kinds, manner: Manner::Notices }
}

/// GET: a page of them, the newest first.
pub async fn show(visit: Visit, user: SignedIn<Gst>) -> PageResult {
    let history = listing(&user).page(&visit).await?;
    page::ok(&NoticesPage { w: visit.w, frame: visit.frame(visit.w.gst_notices_title()), history })
}

/// GET `/gst/notices.csv`: all of that kind.
pub async fn show_csv(visit: Visit, user: SignedIn<Gst>) -> PageResult {
    listing(&user).csv(&visit, "notices.csv").await
}
