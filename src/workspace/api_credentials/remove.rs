//! `/workspace/settings/api-credentials/{gstin}/remove`: asks once, then removes the workspace's copy.

use askama::Template;

use super::replace::Replacement;
use super::{event, gstin_in, tell};
use crate::store::{events, saved_credentials, workspace_gstins};
use crate::web::error::PageError;
use crate::web::form::{Button, Posted};
use crate::web::notice::CredentialsTold;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;
use crate::workspace::{Member, ToChange};

#[derive(Template)]
#[template(path = "workspace/api_credentials/remove.html")]
struct RemovePage {
    w: Words,
    frame: Frame,
    action: String,
    gstin: String,
    api_username: String,
}

/// GET.
pub async fn show(visit: Visit, member: Member<ToChange>) -> PageResult {
    Replacement::drop_when_over(&visit);
    let (workspace, gstin) = (member.workspace.id, gstin_in(&visit, "remove")?);
    let found = visit.kit.store.read(move |c| saved_credentials::find(c, &workspace, &gstin)).await?;
    let saved = found.ok_or(PageError::NotFound)?;
    page::ok(&RemovePage {
        w: visit.w,
        frame: visit.frame(visit.w.workspace_remove_title()),
        action: paths::workspace_credentials_remove(&saved.gstin),
        gstin: saved.gstin,
        api_username: saved.api_username,
    })
}

/// POST. Pressed twice it finds nothing left to remove and says the same.
pub async fn submit(visit: Visit, member: Member<ToChange>, _form: Posted<Button>) -> PageResult {
    Replacement::drop_when_over(&visit);
    let gstin = gstin_in(&visit, "remove")?;
    let event = event(&visit, &member, "api_credentials_removed", events::DONE, &gstin);
    let (seat, workspace, of) = (member.seat(), member.workspace.id.clone(), gstin.clone());
    let listed = visit.kit.store.write(move |c| {
        seat.hold(c)?;
        if saved_credentials::delete(c, &workspace, &of)? {
            events::insert(c, &event)?;
            return Ok(true);
        }
        workspace_gstins::exists(c, &workspace, &of)
    });
    if !listed.await? {
        return Err(PageError::NotFound);
    }
    tell(&visit, &gstin, CredentialsTold::Removed);
    Ok(see_other(paths::WORKSPACE_API_CREDENTIALS))
}
