//! `/workspace/settings/gstins/{gstin}/remove`: removes a GSTIN from the workspace; asks once when credentials go too.

use actix_web::web::Path;
use askama::Template;
use serde::Deserialize;

use crate::accounts::any_gstin;
use crate::kernel::clock::Moment;
use crate::store::events::{self, Event};
use crate::store::{self, saved_credentials, workspace_gstins};
use crate::web::error::PageError;
use crate::web::form::{Posted, SAME_PRESS};
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;
use crate::workspace::{Member, ToChange};

const ACTION: &str = "workspace_gstin_removed";

#[derive(Template)]
#[template(path = "workspace/gstins/remove.html")]
struct RemovePage {
    w: Words,
    frame: Frame,
    action: String,
    gstin: String,
    /// How many saved credentials go with it.
    credentials: usize,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct RemoveForm {
    /// `yes` from the page that asks.
    confirmed: String,
}

enum Removed {
    Done,
    /// Credentials go with it: the person is asked first.
    Ask,
    NotListed,
}

/// GET: asks.
pub async fn show(visit: Visit, member: Member<ToChange>, gstin: Path<String>) -> PageResult {
    let (gstin, workspace, wanted) = (canonical(gstin)?, member.workspace.id, visit.path().to_owned());
    let of = gstin.clone();
    let found = visit.kit.store.read(move |c| {
        let listed = workspace_gstins::exists(c, &workspace, &of)?;
        Ok((listed, saved_credentials::find(c, &workspace, &of)?))
    });
    let (true, saved) = found.await? else { return Err(PageError::NotFound) };
    let title = visit.w.workspace_gstins_remove_title().gstin(&gstin).to_string();
    let frame = visit.frame(title);
    page::ok(&RemovePage { w: visit.w, frame, action: wanted, gstin, credentials: saved.iter().count() })
}

/// The address holds the GSTIN as the workspace lists it, or none of it.
fn canonical(gstin: Path<String>) -> Result<String, PageError> {
    let gstin = gstin.into_inner();
    let is_canonical = any_gstin(&gstin).is_ok_and(|parsed| parsed.as_str() == gstin);
    if is_canonical { Ok(gstin) } else { Err(PageError::NotFound) }
}

/// POST.
pub async fn submit(
    visit: Visit,
    member: Member<ToChange>,
    gstin: Path<String>,
    Posted(form): Posted<RemoveForm>,
) -> PageResult {
    let gstin = canonical(gstin)?;
    match remove(&visit, member, &gstin, form.confirmed == "yes").await? {
        Removed::NotListed => Err(PageError::NotFound),
        Removed::Ask => Ok(see_other(&paths::workspace_gstin_remove(&gstin))),
        Removed::Done => {
            visit.visitor.set_notice(&Notice::GstinRemoved { gstin });
            Ok(see_other(paths::WORKSPACE_GSTINS))
        }
    }
}

async fn remove(visit: &Visit, member: Member<ToChange>, gstin: &str, confirmed: bool) -> Result<Removed, PageError> {
    let (seat, workspace, gstin, now) = (member.seat(), member.workspace.id, gstin.to_owned(), visit.now);
    let event = visit.event(ACTION, events::DONE, Some(&gstin));
    let removed = visit.kit.store.write(move |c| {
        seat.hold(c)?;
        if !workspace_gstins::exists(c, &workspace, &gstin)? {
            let twice = was_just_removed(c, &event, &workspace, now)?;
            return Ok(if twice { Removed::Done } else { Removed::NotListed });
        }
        let saved = saved_credentials::find(c, &workspace, &gstin)?.is_some();
        if saved && !confirmed {
            return Ok(Removed::Ask);
        }
        workspace_gstins::delete(c, &workspace, &gstin)?;
        let detail = detail_of(&workspace, &gstin, saved);
        events::insert(c, &event.with_detail(&detail))?;
        Ok(Removed::Done)
    });
    Ok(removed.await?)
}

/// What is recorded of a removal.
fn detail_of(workspace: &str, gstin: &str, credentials: bool) -> serde_json::Value {
    serde_json::json!({ "workspace": workspace, "gstin": gstin, "credentials": credentials })
}

/// Whether the same person has removed it from this workspace a moment ago: the button was pressed twice.
fn was_just_removed(c: &mut store::Connection, event: &Event, workspace: &str, now: Moment) -> store::Result<bool> {
    let gstin = event.gstin.as_deref().unwrap_or_default();
    let account = event.account_id.as_deref().unwrap_or_default();
    for credentials in [false, true] {
        let detail = detail_of(workspace, gstin, credentials).to_string();
        if events::has_done(c, account, ACTION, &detail, now.plus(-SAME_PRESS))? {
            return Ok(true);
        }
    }
    Ok(false)
}
