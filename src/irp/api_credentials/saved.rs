//! `/irp/api-credentials/saved`: what the last "Save and submit" did. Shown again, it says the same.

use askama::Template;
use serde::{Deserialize, Serialize};

use crate::irp::handoff::Delivered;
use crate::kernel::clock::Moment;
use crate::kernel::ids;
use crate::kernel::portal::Irp;
use crate::web::form::SAME_PRESS;
use crate::web::guard::SignedIn;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "irp/api_credentials/saved.html")]
struct SavedPage {
    w: Words,
    frame: Frame,
    gstin: String,
    created: bool,
    api_username: String,
    /// `21/11/2026 17:11`, IST.
    at: String,
    reference: String,
    index: &'static str,
    /// The way back to the workspace that the person came from.
    workspace: Option<&'static str>,
    /// Made, and not saved in that workspace.
    undelivered: bool,
}

/// The result kept in the session.
#[derive(Serialize, Deserialize)]
pub struct Saved {
    created: bool,
    api_username: String,
    /// Seconds, UTC.
    at: i64,
    reference: String,
    delivered: Delivered,
}

impl Saved {
    pub fn created(visit: &Visit, api_username: &str, delivered: Delivered) -> Self {
        Self::now(visit, api_username, true, delivered)
    }

    pub fn changed(visit: &Visit, api_username: &str, delivered: Delivered) -> Self {
        Self::now(visit, api_username, false, delivered)
    }

    fn now(visit: &Visit, api_username: &str, created: bool, delivered: Delivered) -> Self {
        let api_username = api_username.to_owned();
        let (at, reference) = (visit.now.seconds(), ids::reference(&visit.request_id));
        Self { created, api_username, at, reference, delivered }
    }

    /// Keeps it for the page; what was typed before is of no use any more.
    pub fn remember(&self, visit: &Visit) {
        visit.visitor.set_saved(self);
        visit.visitor.drop_draft();
        if self.delivered != Delivered::Nowhere {
            visit.visitor.drop_handed_off();
        }
    }
}

/// Whether this session has saved something moments ago.
pub fn just_saved(visit: &Visit) -> bool {
    visit.visitor.saved::<Saved>().is_some_and(|saved| visit.now.seconds() - saved.at < SAME_PRESS)
}

pub async fn show(visit: Visit, user: SignedIn<Irp>) -> PageResult {
    let Some(saved) = visit.visitor.saved::<Saved>() else { return Ok(see_other(paths::IRP_API_CREDENTIALS)) };
    let title = if saved.created { visit.w.api_saved_created_title() } else { visit.w.api_saved_changed_title() };
    page::ok(&SavedPage {
        w: visit.w,
        frame: visit.frame(title),
        gstin: user.gstin().to_owned(),
        created: saved.created,
        api_username: saved.api_username,
        at: Moment::from_seconds(saved.at).ist_date_time(),
        reference: saved.reference,
        index: paths::IRP_API_CREDENTIALS,
        workspace: (saved.delivered != Delivered::Nowhere).then_some(paths::WORKSPACE_API_CREDENTIALS),
        undelivered: saved.delivered == Delivered::Failed,
    })
}
