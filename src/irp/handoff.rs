//! `/irp/login` and `/irp/register` with `?handoff=…`: a person who comes from a workspace, with a purpose.

use serde::{Deserialize, Serialize};

use super::register::eligibility;
use crate::accounts::saved_credentials::{self, Copied};
use crate::kernel::clock::Moment;
use crate::kernel::portal::Portal;
use crate::kernel::role::Role;
use crate::store::events::{self, Event};
use crate::store::handoffs::{self, REGISTER};
use crate::store::saved_credentials::{SavedCredential, WORKING};
use crate::store::{self, Connection, workspaces};
use crate::web::error::PageError;
use crate::web::handoff;
use crate::web::notice::Notice;
use crate::web::page::{PageResult, Visit, see_other};
use crate::web::paths;

/// GET: takes the handoff up and leads to where its purpose begins. The token stands in no address after this one.
pub async fn arrive(visit: Visit) -> PageResult {
    let login = paths::shared(Portal::Irp).login;
    let Some(handed_off) = handoff::take_up(&visit).await? else {
        visit.visitor.set_notice(&Notice::HandoffOver);
        return Ok(see_other(login));
    };
    match visit.visitor.signed_in() {
        Some(_) => Ok(see_other(paths::IRP_API_CREDENTIALS)),
        None if handed_off.purpose == REGISTER => eligibility::check(&visit, handed_off.gstin).await,
        None => Ok(see_other(login)),
    }
}

/// What has become of the workspace's copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivered {
    /// The person did not come from a workspace, or came for another GSTIN.
    Nowhere,
    /// Saved in that workspace.
    In(String),
    /// The workspace lists the GSTIN no more, or the handoff was over.
    Failed,
}

/// The credentials just made, sealed for the workspace that the person came from.
pub struct Delivery {
    token_hash: String,
    sealed: SavedCredential,
    /// Which workspace got the copy must be told later.
    event: Event,
}

impl Delivery {
    /// `None` when the person did not come from a workspace for this GSTIN.
    pub fn of(visit: &Visit, gstin: &str, api_username: &str, api_password: &str) -> Option<Self> {
        let handed_off = visit.visitor.handed_off(visit.now).filter(|handed_off| handed_off.gstin == gstin)?;
        let workspace_id = &handed_off.workspace_id;
        let copied = Copied { workspace_id, gstin, api_username, api_password };
        // The IRP has made the pair itself in this very transaction: there is nothing to test.
        let sealed = copied.seal(&visit.kit.keys, WORKING, visit.now);
        let event = visit.event("api_credentials_saved", events::DONE, Some(gstin));
        let event = event.with_detail(&serde_json::json!({ "workspace": workspace_id, "by": "handoff" }));
        Some(Self { token_hash: handed_off.token_hash, sealed, event })
    }

    /// Saves the copy in the transaction that makes the credentials.
    pub fn run(&self, c: &mut Connection, now: Moment) -> store::Result<Delivered> {
        let workspace = &self.sealed.workspace_id;
        // Takes turns with whoever removes the GSTIN or the person from that workspace.
        workspaces::lock(c, workspace)?;
        let begun_by = handoffs::find(c, &self.token_hash)?.map(|handoff| handoff.account_id).unwrap_or_default();
        let may = workspaces::find_role(c, workspace, &begun_by)?.is_some_and(Role::may_change);
        if may && handoffs::finish(c, &self.token_hash, now)? && saved_credentials::save(c, &self.sealed)? {
            events::insert(c, &self.event)?;
            return Ok(Delivered::In(workspace.clone()));
        }
        Ok(Delivered::Failed)
    }
}

/// Delivers when there is something to deliver.
pub fn deliver(c: &mut Connection, delivery: Option<&Delivery>, now: Moment) -> store::Result<Delivered> {
    delivery.map_or(Ok(Delivered::Nowhere), |delivery| delivery.run(c, now))
}

/// What had become of the workspace's copy when the same form was sent a moment ago.
pub async fn delivered_before(visit: &Visit, gstin: &str) -> Result<Delivered, PageError> {
    let handed_off = visit.visitor.handed_off(visit.now).filter(|handed_off| handed_off.gstin == gstin);
    let Some(handed_off) = handed_off else { return Ok(Delivered::Nowhere) };
    let (token_hash, id) = (handed_off.token_hash, handed_off.workspace_id);
    let found = visit.kit.store.read(move |c| handoffs::find(c, &token_hash)).await?;
    let finished = found.is_some_and(|handoff| handoff.finished_at.is_some());
    Ok(if finished { Delivered::In(id) } else { Delivered::Failed })
}
