//! `/workspace/settings/people`: who is in the workspace, who is invited, and the form that invites. For owners.

pub mod person;

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::{Member, ToManagePeople};
use crate::accounts::email_message;
use crate::kernel::clock::Moment;
use crate::kernel::contact::Email;
use crate::kernel::ids;
use crate::kernel::role::Role;
use crate::notify::messages::{Invited, Writer};
use crate::notify::{Outbox, Prepared};
use crate::store::counters::{self, Budget};
use crate::store::events::{self, Event};
use crate::store::invitations::{self, Invitation};
use crate::store::workspaces;
use crate::store::{self, Connection};
use crate::web::error::PageError;
use crate::web::form::{Choice, FieldErrors, Posted, SAME_PRESS};
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::{paths, throttle};
use crate::words::Words;

const TAKEN_BACK: &str = "invitation_taken_back";

#[derive(Template)]
#[template(path = "workspace/people.html")]
struct PeoplePage {
    w: Words,
    frame: Frame,
    workspace: String,
    people: Vec<Person>,
    open: Vec<Open>,
    email: String,
    roles: Vec<Choice>,
}

/// A row of the list.
struct Person {
    address: String,
    name: String,
    email: String,
    role: &'static str,
    joined: String,
    /// The person who looks at the page.
    is_self: bool,
}

/// An invitation that can still be accepted.
struct Open {
    id: String,
    email: String,
    role: &'static str,
    until: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct InviteForm {
    email: String,
    role: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct TakeBackForm {
    invitation: String,
}

/// What a role is called.
pub fn role_name(w: Words, role: Role) -> &'static str {
    match role {
        Role::Owner => w.workspace_role_owner(),
        Role::Member => w.workspace_role_member(),
        Role::Viewer => w.workspace_role_viewer(),
    }
}

/// The roles to choose from.
fn roles(w: Words, chosen: &str) -> Vec<Choice> {
    Choice::list(Role::ALL.map(|role| (role.as_str(), role_name(w, role))), chosen)
}

/// GET.
pub async fn show(visit: Visit, member: Member<ToManagePeople>) -> PageResult {
    let kept = visit.visitor.draft_of(paths::WORKSPACE_PEOPLE, visit.now);
    let form = kept.map(|kept| InviteForm { email: kept.field("email"), role: kept.field("role") });
    page::ok(&page_of(&visit, member, form.unwrap_or_default(), FieldErrors::default()).await?)
}

/// POST: sends an invitation (M11). Whoever was invited before gets a new link in place of the old one.
pub async fn submit(
    visit: Visit,
    member: Member<ToManagePeople>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<InviteForm>,
) -> PageResult {
    let (email, role) = match form.parse(visit.w) {
        Ok(parsed) => parsed,
        Err(errors) => return page::unprocessable(&page_of(&visit, member, form, errors).await?),
    };
    let (sending, seat) = (Sending::of(&visit, &outbox, &member, &email, role), member.seat());
    let sent = visit.kit.store.write(move |c| {
        seat.hold(c)?;
        sending.run(c)
    });
    match sent.await? {
        Outcome::Sent { until } => {
            outbox.wake();
            visit.visitor.drop_draft();
            visit.visitor.set_notice(&Notice::Invited { email: email.as_str().to_owned(), until: until.seconds() });
            Ok(see_other(paths::WORKSPACE_PEOPLE))
        }
        Outcome::IsMember => {
            let errors = FieldErrors::of("email", visit.w.workspace_people_is_member());
            page::unprocessable(&page_of(&visit, member, form, errors).await?)
        }
        Outcome::TooMany { until } => Err(PageError::TooMany { until }),
    }
}

/// POST `/workspace/settings/people/take-back`: the link of an open invitation works no more.
pub async fn take_back(visit: Visit, member: Member<ToManagePeople>, Posted(form): Posted<TakeBackForm>) -> PageResult {
    let detail = serde_json::json!({ "workspace": member.workspace.id, "invitation": form.invitation });
    let event = visit.event(TAKEN_BACK, events::DONE, None).with_detail(&detail);
    let (seat, account, workspace, now) = (member.seat(), member.account.id, member.workspace.id, visit.now);
    let taken_back = visit.kit.store.write(move |c| {
        seat.hold(c)?;
        if invitations::delete_open(c, &workspace, &form.invitation)? {
            events::insert(c, &event)?;
            return Ok(true);
        }
        events::has_done(c, &account, TAKEN_BACK, &event.detail, now.plus(-SAME_PRESS))
    });
    if !taken_back.await? {
        return Err(PageError::NotFound);
    }
    visit.visitor.set_notice(&Notice::InvitationTakenBack);
    Ok(see_other(paths::WORKSPACE_PEOPLE))
}

impl InviteForm {
    fn parse(&self, w: Words) -> Result<(Email, Role), FieldErrors> {
        let mut errors = FieldErrors::default();
        let email = errors.check("email", Email::parse(&self.email), |fault| email_message(w, fault));
        let role = parse_role(w, &self.role, &mut errors);
        email.zip(role).ok_or(errors)
    }
}

/// The role chosen, or the fault noted at `role`.
fn parse_role(w: Words, raw: &str, errors: &mut FieldErrors) -> Option<Role> {
    errors.check("role", Role::parse(raw).ok_or(()), |()| w.workspace_people_role_empty().to_owned())
}

/// An invitation, its mail and its event: one transaction.
struct Sending {
    invitation: Invitation,
    mail: Prepared,
    budgets: [Budget; 2],
    event: Event,
    now: Moment,
}

enum Outcome {
    /// By this press of the button, or by the one before.
    Sent {
        until: Moment,
    },
    IsMember,
    TooMany {
        until: Moment,
    },
}

impl Sending {
    fn of<R>(visit: &Visit, outbox: &Outbox, member: &Member<R>, email: &Email, role: Role) -> Self {
        let (limits, token) = (&visit.kit.settings.limits, ids::random());
        let until = visit.now.plus(limits.invitation_life);
        let link = paths::invitation(&token);
        let invited = Invited {
            by: member.account.name.as_deref().unwrap_or(&member.account.username),
            by_email: &member.account.username,
            workspace: &member.workspace.name,
            role: role_name(visit.w, role),
            link: &link,
            until,
        };
        let mail = Writer::new(&visit.kit.settings).invitation(&invited);
        let invitation = Invitation {
            id: ids::random(),
            token_hash: ids::digest(&token),
            workspace_id: member.workspace.id.clone(),
            email: email.as_str().to_owned(),
            role: role.as_str().to_owned(),
            invited_by: member.account.id.clone(),
            created_at: visit.now.seconds(),
            expires_at: until.seconds(),
            accepted_at: None,
        };
        let detail = serde_json::json!({
            "workspace": invitation.workspace_id, "invitation": invitation.id, "role": invitation.role,
        });
        Self {
            mail: outbox.mail(email, &mail, visit.now, Some(until)),
            budgets: throttle::invitations(limits, &invitation.workspace_id, email.as_str()),
            event: visit.event("person_invited", events::DONE, None).with_detail(&detail),
            now: visit.now,
            invitation,
        }
    }

    /// In a transaction that holds the seat of who invites.
    fn run(&self, c: &mut Connection) -> store::Result<Outcome> {
        let Invitation { workspace_id, email, .. } = &self.invitation;
        if workspaces::list_members(c, workspace_id)?.iter().any(|member| member.email == *email) {
            return Ok(Outcome::IsMember);
        }
        if let Some(before) = self.same_press(c)? {
            return Ok(Outcome::Sent { until: Moment::from_seconds(before.expires_at) });
        }
        if let Err(until) = counters::take(c, &self.budgets, self.now)? {
            return Ok(Outcome::TooMany { until });
        }
        invitations::delete_open_to(c, workspace_id, email)?;
        invitations::insert(c, &self.invitation)?;
        self.mail.insert(c)?;
        events::insert(c, &self.event)?;
        Ok(Outcome::Sent { until: Moment::from_seconds(self.invitation.expires_at) })
    }

    /// The invitation that the same button has sent moments ago.
    fn same_press(&self, c: &mut Connection) -> store::Result<Option<Invitation>> {
        let since = self.now.seconds() - SAME_PRESS;
        let open = invitations::list_open(c, &self.invitation.workspace_id, self.now)?;
        Ok(open.into_iter().find(|open| {
            open.email == self.invitation.email && open.role == self.invitation.role && open.created_at > since
        }))
    }
}

async fn page_of<R>(
    visit: &Visit,
    member: Member<R>,
    form: InviteForm,
    errors: FieldErrors,
) -> Result<PeoplePage, PageError> {
    let (w, id, now) = (visit.w, member.workspace.id, visit.now);
    let found =
        visit.kit.store.read(move |c| Ok((workspaces::list_members(c, &id)?, invitations::list_open(c, &id, now)?)));
    let (people, open) = found.await?;
    let person = |person: workspaces::Member| Person {
        address: paths::person(&person.account_id),
        is_self: person.account_id == member.account.id,
        name: person.name,
        email: person.email,
        role: role_name(w, person.role),
        joined: person.joined_at.ist_date(),
    };
    let open_row = |open: Invitation| Open {
        role: Role::parse(&open.role).map_or("", |role| role_name(w, role)),
        until: Moment::from_seconds(open.expires_at).ist_date_time(),
        id: open.id,
        email: open.email,
    };
    Ok(PeoplePage {
        w,
        frame: visit.frame_with(w.workspace_people_title(), errors),
        workspace: member.workspace.name,
        people: people.into_iter().map(person).collect(),
        open: open.into_iter().map(open_row).collect(),
        email: form.email,
        roles: roles(w, &form.role),
    })
}
