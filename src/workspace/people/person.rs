//! `/workspace/settings/people/{person}`: the role of one person, and the way out. For owners.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::{parse_role, role_name, roles};
use crate::kernel::clock::Moment;
use crate::kernel::role::Role;
use crate::store::events::{self, Event};
use crate::store::workspaces;
use crate::store::{self, Connection, StoreError, invitations};
use crate::web::error::PageError;
use crate::web::form::{Button, Choice, FieldErrors, Posted, SAME_PRESS};
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;
use crate::workspace::{Member, Seat, ToManagePeople};

const ROLE_CHANGED: &str = "role_changed";
const REMOVED: &str = "person_removed";

#[derive(Template)]
#[template(path = "workspace/people/person.html")]
struct PersonPage {
    w: Words,
    frame: Frame,
    workspace: String,
    name: String,
    email: String,
    role: &'static str,
    joined: String,
    roles: Vec<Choice>,
    /// The last owner can neither go nor become something else.
    is_only_owner: bool,
    is_self: bool,
    change: String,
    remove: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct RoleForm {
    role: String,
}

/// What became of the wish to change or to remove somebody.
enum Outcome {
    Done,
    /// Nobody of that id is in this workspace.
    NotHere,
    OnlyOwner,
}

/// GET: somebody of another workspace is not found.
pub async fn show(visit: Visit, member: Member<ToManagePeople>, path: web::Path<String>) -> PageResult {
    page::ok(&page_of(&visit, &member, &path, None, FieldErrors::default()).await?)
}

/// POST: another role.
pub async fn submit(
    visit: Visit,
    member: Member<ToManagePeople>,
    path: web::Path<String>,
    Posted(form): Posted<RoleForm>,
) -> PageResult {
    let mut errors = FieldErrors::default();
    let Some(role) = parse_role(visit.w, &form.role, &mut errors) else {
        return page::unprocessable(&page_of(&visit, &member, &path, Some(&form.role), errors).await?);
    };
    let detail = serde_json::json!({ "workspace": member.workspace.id, "person": *path, "role": role.as_str() });
    let event = visit.event(ROLE_CHANGED, events::DONE, None).with_detail(&detail);
    let (seat, workspace, person) = (member.seat(), member.workspace.id.clone(), path.clone());
    let since = visit.now.plus(-SAME_PRESS);
    let changed = visit.kit.store.write(move |c| match hold(c, &seat, &event, since)? {
        Held::Seat => change_role(c, &workspace, &person, role, &event),
        Held::SamePress => Ok(Outcome::Done),
    });
    match changed.await? {
        Outcome::Done => {
            visit.visitor.set_notice(&Notice::RoleChanged);
            Ok(see_other(after(&member, &path, role.may_manage_people())))
        }
        Outcome::NotHere => Err(PageError::NotFound),
        Outcome::OnlyOwner => refuse(&visit, &member, &path, Some(&form.role)).await,
    }
}

/// POST `/workspace/settings/people/{person}/remove`: their access ends with their next request.
pub async fn remove(
    visit: Visit,
    member: Member<ToManagePeople>,
    path: web::Path<String>,
    _form: Posted<Button>,
) -> PageResult {
    let detail = serde_json::json!({ "workspace": member.workspace.id, "person": *path });
    let event = visit.event(REMOVED, events::DONE, None).with_detail(&detail);
    let (seat, workspace, person) = (member.seat(), member.workspace.id.clone(), path.clone());
    let since = visit.now.plus(-SAME_PRESS);
    let removed = visit.kit.store.write(move |c| {
        if let Held::SamePress = hold(c, &seat, &event, since)? {
            return Ok(Outcome::Done);
        }
        match remove_person(c, &workspace, &person, &event)? {
            Outcome::NotHere if has_done(c, &event, since)? => Ok(Outcome::Done),
            outcome => Ok(outcome),
        }
    });
    match removed.await? {
        Outcome::Done => {
            visit.visitor.set_notice(&Notice::PersonRemoved);
            Ok(see_other(after(&member, &path, false)))
        }
        Outcome::NotHere => Err(PageError::NotFound),
        Outcome::OnlyOwner => refuse(&visit, &member, &path, None).await,
    }
}

/// Where the owner goes on: who has given up the role sees this list no more.
fn after<R>(member: &Member<R>, person: &str, stays_owner: bool) -> &'static str {
    match member.account.id == person && !stays_owner {
        true => paths::WORKSPACE_SETTINGS,
        false => paths::WORKSPACE_PEOPLE,
    }
}

/// What the transaction begins with.
enum Held {
    Seat,
    /// The owner has given up the right by the same button, pressed a moment ago.
    SamePress,
}

fn hold(c: &mut Connection, seat: &Seat, event: &Event, since: Moment) -> store::Result<Held> {
    match seat.hold(c) {
        Err(StoreError::NoRight) if has_done(c, event, since)? => Ok(Held::SamePress),
        held => held.map(|()| Held::Seat),
    }
}

fn has_done(c: &mut Connection, event: &Event, since: Moment) -> store::Result<bool> {
    let account = event.account_id.as_deref().unwrap_or_default();
    events::has_done(c, account, &event.action, &event.detail, since)
}

fn change_role(c: &mut Connection, workspace: &str, person: &str, role: Role, event: &Event) -> store::Result<Outcome> {
    let Some(before) = role_of(c, workspace, person)? else { return Ok(Outcome::NotHere) };
    if before == role {
        return Ok(Outcome::Done);
    }
    if is_only_owner(c, workspace, before)? {
        return Ok(Outcome::OnlyOwner);
    }
    workspaces::set_role(c, workspace, person, role)?;
    if !role.may_manage_people() {
        invitations::delete_open_of(c, workspace, person)?;
    }
    events::insert(c, event)?;
    Ok(Outcome::Done)
}

fn remove_person(c: &mut Connection, workspace: &str, person: &str, event: &Event) -> store::Result<Outcome> {
    let Some(role) = role_of(c, workspace, person)? else { return Ok(Outcome::NotHere) };
    if is_only_owner(c, workspace, role)? {
        return Ok(Outcome::OnlyOwner);
    }
    workspaces::delete_member(c, workspace, person)?;
    // Else they could come back through a link that they have sent to themselves.
    invitations::delete_open_of(c, workspace, person)?;
    events::insert(c, event)?;
    Ok(Outcome::Done)
}

fn role_of(c: &mut Connection, workspace: &str, person: &str) -> store::Result<Option<Role>> {
    let members = workspaces::list_members(c, workspace)?;
    Ok(members.into_iter().find(|member| member.account_id == person).map(|member| member.role))
}

fn is_only_owner(c: &mut Connection, workspace: &str, role: Role) -> store::Result<bool> {
    Ok(role == Role::Owner && workspaces::count_owners(c, workspace)? <= 1)
}

async fn refuse<R>(visit: &Visit, member: &Member<R>, person: &str, chosen: Option<&str>) -> PageResult {
    let errors = FieldErrors::of("role", visit.w.workspace_person_only_owner());
    page::unprocessable(&page_of(visit, member, person, chosen, errors).await?)
}

async fn page_of<R>(
    visit: &Visit,
    member: &Member<R>,
    person: &str,
    chosen: Option<&str>,
    errors: FieldErrors,
) -> Result<PersonPage, PageError> {
    let (w, workspace) = (visit.w, member.workspace.id.clone());
    let members = visit.kit.store.read(move |c| workspaces::list_members(c, &workspace)).await?;
    let owners = members.iter().filter(|member| member.role == Role::Owner).count();
    let found = members.into_iter().find(|member| member.account_id == person).ok_or(PageError::NotFound)?;
    let change = paths::person(&found.account_id);
    Ok(PersonPage {
        w,
        frame: visit.frame_with(&found.name, errors),
        workspace: member.workspace.name.clone(),
        role: role_name(w, found.role),
        joined: found.joined_at.ist_date(),
        roles: roles(w, chosen.unwrap_or(found.role.as_str())),
        is_only_owner: found.role == Role::Owner && owners <= 1,
        is_self: found.account_id == member.account.id,
        remove: format!("{change}/remove"),
        change,
        name: found.name,
        email: found.email,
    })
}
