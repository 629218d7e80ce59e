//! Handoffs as pages see them: a person on the way from a workspace to the IRP and back.
//!
//! The token stands in one address, once. It works only in the browser whose workspace session has begun it: else a
//! stranger could send a taxpayer through the IRP and get the credentials into the stranger's workspace.

use serde::{Deserialize, Serialize};

use super::error::PageError;
use super::page::Visit;
use super::session::{self, Visitor};
use super::session_keys;
use crate::kernel::clock::Moment;
use crate::kernel::ids;
use crate::kernel::portal::Portal;
use crate::store::handoffs::{self, Handoff};
use crate::store::sessions;

/// The parameter of the address that holds the token.
pub const PARAMETER: &str = "handoff";

const HANDED_OFF: &str = "handed_off";

/// The handoff that a session of the IRP serves, from its arrival to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOff {
    pub token_hash: String,
    pub workspace_id: String,
    pub gstin: String,
    pub purpose: String,
    /// Seconds, UTC.
    expires_at: i64,
}

/// A new handoff and the token that goes into the address; only its hash is stored.
pub fn begin(visit: &Visit, workspace_id: &str, account_id: &str, gstin: &str, purpose: &str) -> (Handoff, String) {
    let token = ids::random();
    let handoff = Handoff {
        token_hash: ids::digest(&token),
        workspace_id: workspace_id.to_owned(),
        account_id: account_id.to_owned(),
        session_id: visit.visitor.sid().unwrap_or_default(),
        gstin: gstin.to_owned(),
        purpose: purpose.to_owned(),
        expires_at: visit.now.plus(visit.kit.settings.limits.handoff_life).seconds(),
        consumed_at: None,
        finished_at: None,
    };
    (handoff, token)
}

/// Takes up the handoff of this request's address and keeps it in the session; `None` when it is unknown, used, over, or
/// of another browser. The same address once more finds the handoff that the session has.
pub async fn take_up(visit: &Visit) -> Result<Option<HandedOff>, PageError> {
    let token_hash = ids::digest(&visit.query(PARAMETER));
    if let Some(current) = visit.visitor.handed_off(visit.now).filter(|current| current.token_hash == token_hash) {
        return Ok(Some(current));
    }
    let hash = token_hash.clone();
    let Some(handoff) = visit.kit.store.read(move |c| handoffs::find(c, &hash)).await? else { return Ok(None) };
    if sid_in(visit, Portal::Workspace).await?.as_ref() != Some(&handoff.session_id) {
        return Ok(None);
    }
    let now = visit.now;
    if !visit.kit.store.write(move |c| handoffs::consume(c, &token_hash, now)).await? {
        return Ok(None);
    }
    let handed_off = HandedOff {
        token_hash: handoff.token_hash,
        workspace_id: handoff.workspace_id,
        gstin: handoff.gstin,
        purpose: handoff.purpose,
        expires_at: handoff.expires_at,
    };
    visit.visitor.set_handed_off(&handed_off);
    Ok(Some(handed_off))
}

/// The own id of the live session that this browser has in another portal.
async fn sid_in(visit: &Visit, portal: Portal) -> Result<Option<String>, PageError> {
    let settings = &visit.kit.settings;
    let name = session::cookie_name(portal.as_str(), settings.is_secure());
    let Some(cookie) = visit.request().cookie(&name) else { return Ok(None) };
    let Some(token) = session_keys::token_in(&visit.kit, portal, &cookie) else { return Ok(None) };
    let token_hash = session::hash(&token);
    let row = visit.kit.store.read(move |c| sessions::find(c, &token_hash)).await?;
    let row = row.filter(|row| row.portal == portal.as_str());
    Ok(row.and_then(|row| session::live_sid(&row, &settings.limits, visit.now)))
}

impl Visitor {
    /// The handoff under way, while it lives.
    pub fn handed_off(&self, now: Moment) -> Option<HandedOff> {
        self.read::<HandedOff>(HANDED_OFF).filter(|handed_off| now.seconds() < handed_off.expires_at)
    }

    fn set_handed_off(&self, handed_off: &HandedOff) {
        self.write(HANDED_OFF, handed_off);
    }

    /// Its purpose is served, or the person wants nothing of it any more.
    pub fn drop_handed_off(&self) {
        self.drop(HANDED_OFF);
    }

    /// What must be kept when the session becomes another one.
    pub(super) fn kept_handed_off(&self) -> Option<HandedOff> {
        self.read(HANDED_OFF)
    }

    pub(super) fn keep_handed_off(&self, kept: Option<HandedOff>) {
        if let Some(kept) = kept {
            self.set_handed_off(&kept);
        }
    }
}
