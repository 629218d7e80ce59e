//! `/workspace/settings/api-credentials/clearirp/replace`: other API credentials are saved for the GSTIN already.
//!
//! What was typed waits in the session, its password sealed as the row that it may become; it is never in the page.

use actix_web::HttpResponse;
use askama::Template;
use serde::{Deserialize, Serialize};

use super::{event, tell};
use crate::accounts::api_sign_in::{Proof, proof_holds};
use crate::accounts::saved_credentials::save;
use crate::kernel::clock::Moment;
use crate::store::events;
use crate::store::saved_credentials::{self, SavedCredential};
use crate::vault::key_id_of;
use crate::web::error::PageError;
use crate::web::form::Posted;
use crate::web::notice::CredentialsTold;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;
use crate::workspace::{Member, ToChange};

#[derive(Template)]
#[template(path = "workspace/api_credentials/replace.html")]
struct ReplacePage {
    w: Words,
    frame: Frame,
    gstin: String,
    old_username: String,
    new_username: String,
    /// The id of the copy that the person is asked about.
    replaces: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ReplaceForm {
    replaces: String,
    answer: String,
}

/// API credentials that wait for a yes.
#[derive(Serialize, Deserialize)]
pub struct Replacement {
    id: String,
    workspace_id: String,
    gstin: String,
    api_username: String,
    sealed_password: String,
    /// When the IRP took them, and which password it was; not there when it had no time to look.
    tested_at: Option<i64>,
    proof: Option<Proof>,
    /// Seconds, UTC.
    until: i64,
}

impl Replacement {
    pub(super) fn of(row: SavedCredential, proof: Option<Proof>, until: Moment) -> Self {
        Self {
            id: row.id,
            workspace_id: row.workspace_id,
            gstin: row.gstin,
            api_username: row.api_username,
            sealed_password: row.sealed_password,
            tested_at: row.tested_at,
            proof,
            until: until.seconds(),
        }
    }

    /// What waits in this session for an answer in this workspace.
    fn asked(visit: &Visit, member: &Member<ToChange>) -> Option<Self> {
        let asked = visit.visitor.asked::<Self>()?;
        if asked.workspace_id == member.workspace.id {
            return Some(asked);
        }
        Self::drop_when_over(visit);
        None
    }

    /// Forgets what nobody can say yes to any more, sealed as it is, at whichever page is seen next.
    pub fn drop_when_over(visit: &Visit) {
        if visit.visitor.asked::<Self>().is_some_and(|asked| asked.is_over(visit.now)) {
            visit.visitor.drop_asked();
        }
    }

    fn is_over(&self, now: Moment) -> bool {
        self.until <= now.seconds()
    }

    /// The row under the id that its password was sealed for.
    fn into_row(self, visit: &Visit) -> SavedCredential {
        let state = if self.tested_at.is_some() { saved_credentials::WORKING } else { saved_credentials::SAVED };
        SavedCredential {
            key_id: key_id_of(&self.sealed_password).unwrap_or_default(),
            id: self.id,
            workspace_id: self.workspace_id,
            gstin: self.gstin,
            api_username: self.api_username,
            sealed_password: self.sealed_password,
            state: state.to_owned(),
            tested_at: self.tested_at,
            changed_at: visit.now.seconds(),
            stale_since: None,
        }
    }
}

/// GET.
pub async fn show(visit: Visit, member: Member<ToChange>) -> PageResult {
    let Some(asked) = Replacement::asked(&visit, &member) else {
        return Ok(see_other(paths::WORKSPACE_API_CREDENTIALS));
    };
    let (workspace, gstin) = (member.workspace.id.clone(), asked.gstin.clone());
    let before = visit.kit.store.read(move |c| saved_credentials::find(c, &workspace, &gstin)).await?;
    let Some(before) = before.filter(|_| !asked.is_over(visit.now)) else {
        return Ok(over(&visit, &asked.gstin));
    };
    page::ok(&ReplacePage {
        w: visit.w,
        frame: visit.frame(visit.w.workspace_replace_title()),
        gstin: asked.gstin,
        old_username: before.api_username,
        new_username: asked.api_username,
        replaces: before.id,
    })
}

/// POST: the new ones in place of the old, or the old ones stay.
pub async fn submit(visit: Visit, member: Member<ToChange>, Posted(form): Posted<ReplaceForm>) -> PageResult {
    let Some(asked) = Replacement::asked(&visit, &member) else {
        // Answered before, perhaps by the other press of the same button: the list says what came of it.
        return Ok(see_other(paths::WORKSPACE_API_CREDENTIALS));
    };
    let gstin = asked.gstin.clone();
    if form.answer != "replace" {
        return Ok(done(&visit, &gstin, CredentialsTold::Kept));
    }
    if asked.is_over(visit.now) {
        return Ok(over(&visit, &gstin));
    }
    let told = if asked.tested_at.is_some() { CredentialsTold::Saved } else { CredentialsTold::SavedUntested };
    match replace(&visit, &member, asked, form.replaces).await? {
        Replaced::Yes => Ok(done(&visit, &gstin, told)),
        Replaced::AskAgain => Ok(see_other(paths::WORKSPACE_CLEARIRP_REPLACE)),
        Replaced::Outdated => Ok(over(&visit, &gstin)),
    }
}

enum Replaced {
    /// Now, or by the other press of the same button.
    Yes,
    /// Somebody has saved others since the page was shown.
    AskAgain,
    /// The API password was changed since it was tested, or the workspace lists the GSTIN no more.
    Outdated,
}

/// The new row, the check that it still holds, and the event in one transaction.
async fn replace(
    visit: &Visit,
    member: &Member<ToChange>,
    asked: Replacement,
    replaces: String,
) -> Result<Replaced, PageError> {
    let event = event(visit, member, "api_credentials_replaced", events::DONE, &asked.gstin);
    let (seat, proof) = (member.seat(), asked.proof.clone());
    let row = asked.into_row(visit);
    let replaced = visit.kit.store.write(move |c| {
        let holds = proof_holds(c, proof.as_ref())?;
        seat.hold(c)?;
        match saved_credentials::find(c, &row.workspace_id, &row.gstin)? {
            Some(now) if now.id == row.id => return Ok(Replaced::Yes),
            Some(now) if now.id != replaces => return Ok(Replaced::AskAgain),
            _ => {}
        }
        if !holds || !save(c, &row)? {
            return Ok(Replaced::Outdated);
        }
        events::insert(c, &event)?;
        Ok(Replaced::Yes)
    });
    Ok(replaced.await?)
}

fn done(visit: &Visit, gstin: &str, told: CredentialsTold) -> HttpResponse {
    visit.visitor.drop_asked();
    tell(visit, gstin, told);
    see_other(paths::WORKSPACE_API_CREDENTIALS)
}

/// What was typed is of no use any more: to the form again.
fn over(visit: &Visit, gstin: &str) -> HttpResponse {
    visit.visitor.drop_asked();
    tell(visit, gstin, CredentialsTold::Over);
    see_other(&paths::workspace_clearirp_for(gstin))
}
