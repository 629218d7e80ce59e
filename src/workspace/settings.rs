//! `/workspace/settings`: the list of settings, and the workspaces that the person may switch to.

use askama::Template;
use serde::Deserialize;

use super::{Member, ToSee};
use crate::store::workspaces;
use crate::web::error::PageError;
use crate::web::form::Posted;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "workspace/settings.html")]
struct SettingsPage {
    w: Words,
    frame: Frame,
    workspace: String,
    /// The list of people is for owners.
    may_manage_people: bool,
    /// The other ones of this person: id and name.
    others: Vec<(String, String)>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct SwitchForm {
    workspace: String,
}

/// GET.
pub async fn show(visit: Visit, member: Member<ToSee>) -> PageResult {
    let account = member.account.id.clone();
    let all = visit.kit.store.read(move |c| workspaces::list_of_account(c, &account)).await?;
    let others = all.into_iter().filter(|(other, _)| other.id != member.workspace.id);
    page::ok(&SettingsPage {
        w: visit.w,
        frame: visit.frame(visit.w.workspace_settings_title()),
        workspace: member.workspace.name,
        may_manage_people: member.role.may_manage_people(),
        others: others.map(|(other, _)| (other.id, other.name)).collect(),
    })
}

/// POST `/workspace/settings/switch`: to another workspace of this person; any other is not found.
pub async fn switch(visit: Visit, member: Member<ToSee>, Posted(form): Posted<SwitchForm>) -> PageResult {
    let account = member.account.id;
    let all = visit.kit.store.read(move |c| workspaces::list_of_account(c, &account)).await?;
    let wanted = all.iter().find(|(workspace, _)| workspace.id == form.workspace).ok_or(PageError::NotFound)?;
    visit.visitor.set_workspace(&wanted.0.id);
    Ok(see_other(paths::WORKSPACE_API_CREDENTIALS))
}
