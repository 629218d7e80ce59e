//! `/workspace/invitation/{token}`: the link of an invitation (M11). It works once, for 72 hours, and proves the email
//! address by itself.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::newcomers::{self, name_message};
use super::people::role_name;
use crate::accounts::hashing::Hasher;
use crate::accounts::{NewPasswordForm, Recipients};
use crate::kernel::clock::Moment;
use crate::kernel::contact::Email;
use crate::kernel::ids;
use crate::kernel::name::Name;
use crate::kernel::password::{Password, Policy};
use crate::kernel::portal::{self, Portal};
use crate::kernel::role::Role;
use crate::store::accounts::{self, Account};
use crate::store::events::{self, Event};
use crate::store::invitations::{self, Invitation};
use crate::store::workspaces::{self, Workspace};
use crate::store::{self, Connection, Inserted, StoreError};
use crate::web::browser::Browser;
use crate::web::error::PageError;
use crate::web::form::{Button, FieldErrors, Posted, SAME_PRESS};
use crate::web::guard::{SignedIn, SignedOut};
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::session::Level;
use crate::words::Words;

#[derive(Template)]
#[template(path = "workspace/invitation.html")]
struct InvitationPage {
    w: Words,
    frame: Frame,
    workspace: String,
    invited_by: String,
    email: String,
    role: &'static str,
    until: String,
    way: Way,
}

/// How the person who holds the link goes on.
enum Way {
    /// Signed in as whom it is for.
    Join {
        action: String,
    },
    /// Signed in as somebody else.
    Another {
        username: String,
    },
    LogIn {
        address: String,
    },
    /// No account yet. `person` is the name typed.
    Newcomer {
        action: String,
        person: String,
        policy: Policy,
    },
}

#[derive(Template)]
#[template(path = "workspace/invitation/ended.html")]
struct EndedPage {
    w: Words,
    frame: Frame,
    hours: i64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct NewcomerForm {
    name: String,
    #[serde(flatten)]
    password: NewPasswordForm,
}

/// An invitation that can be accepted, and what stands around it.
struct Open {
    invitation: Invitation,
    workspace: Workspace,
    inviter: Option<Account>,
    /// Whether the address has an account already.
    known: bool,
}

/// GET: the invitation, or the same page for used, ended and invented links.
pub async fn show(visit: Visit, token: web::Path<String>) -> PageResult {
    match find(&visit, &token).await? {
        Some(open) => page::ok(&page_of(&visit, &token, open, String::new(), FieldErrors::default())),
        None => ended(&visit),
    }
}

/// POST: whoever is signed in with the invited address joins.
pub async fn submit(
    visit: Visit,
    user: SignedIn<portal::Workspace>,
    token: web::Path<String>,
    _form: Posted<Button>,
) -> PageResult {
    let joining = Joining::of(&visit, &token, user.account);
    let joined = visit.kit.store.write(move |c| joining.run(c)).await?;
    let Some(workspace) = joined else { return Ok(see_other(&paths::invitation(&token))) };
    visit.visitor.set_workspace(&workspace.id);
    visit.visitor.set_notice(&Notice::Joined { workspace: workspace.name });
    Ok(see_other(paths::WORKSPACE_API_CREDENTIALS))
}

/// POST `/workspace/invitation/{token}/account`: makes the account of somebody who has none, signs in and joins.
pub async fn create_account(
    visit: Visit,
    _guard: SignedOut<portal::Workspace>,
    token: web::Path<String>,
    hasher: web::Data<Hasher>,
    Posted(form): Posted<NewcomerForm>,
) -> PageResult {
    let open = match find(&visit, &token).await? {
        Some(open) if !open.known => open,
        _ => return after_another(&visit, &hasher, &token, form.password.typed()).await,
    };
    let email = email_of(&open.invitation)?;
    let (name, password) = match form.parse(&visit, &open, &email) {
        Ok(chosen) => chosen,
        Err(errors) => return page::unprocessable(&page_of(&visit, &token, open, form.name, errors)),
    };
    let account = newcomers::account_of(&visit, name.as_str(), &email, hasher.hash(password).await?);
    let joining = Joining::of(&visit, &token, account.clone());
    let browser = joining.browser.clone();
    match visit.kit.store.write(move |c| joining.run_for_newcomer(c)).await {
        Ok(workspace) => {
            browser.keep_proven(&visit);
            visit.visitor.sign_in(&account, Level::Otp, &visit, None);
            visit.visitor.set_notice(&Notice::Joined { workspace: workspace.name });
            Ok(see_other(paths::WORKSPACE_API_CREDENTIALS))
        }
        Err(StoreError::Undone) => after_another(&visit, &hasher, &token, form.password.typed()).await,
        Err(error) => Err(error.into()),
    }
}

impl NewcomerForm {
    fn parse(&self, visit: &Visit, open: &Open, email: &Email) -> Result<(Name, Password), FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.check("name", Name::parse(&self.name), |fault| name_message(visit.w, fault));
        let names = [self.name.as_str(), open.workspace.name.as_str()];
        match (name, self.password.parse_for(visit, &Recipients::person(email.clone()).context(&names))) {
            (Some(name), Ok(password)) => Ok((name, password)),
            (_, password) => {
                errors.append(password.err().unwrap_or_default());
                Err(errors)
            }
        }
    }
}

/// The use of the link and what it does: one transaction.
struct Joining {
    token_hash: String,
    account: Account,
    joined: Event,
    created: Event,
    browser: Browser,
    now: Moment,
}

impl Joining {
    fn of(visit: &Visit, token: &str, account: Account) -> Self {
        let event = |action| visit.event_of(&account, action, events::DONE);
        let (joined, created) = (event("invitation_accepted"), event("account_created"));
        Self { token_hash: ids::digest(token), account, joined, created, browser: Browser::of(visit), now: visit.now }
    }

    /// The workspace joined, by this press or the one before; `None` when the link does not work for this account.
    fn run(&self, c: &mut Connection) -> store::Result<Option<Workspace>> {
        let found = invitations::find_by_token_hash(c, &self.token_hash)?;
        let Some(invitation) = found.filter(|found| found.email == self.account.username) else { return Ok(None) };
        if invitations::consume(c, &invitation.id, self.now)? {
            self.join(c, &invitation)?;
        } else if !self.is_repeat(c, &invitation)? {
            return Ok(None);
        }
        workspaces::find(c, &invitation.workspace_id)
    }

    /// The same with an account that is made here. `Undone` when the link or the address was used meanwhile.
    fn run_for_newcomer(&self, c: &mut Connection) -> store::Result<Workspace> {
        let invitation = invitations::find_by_token_hash(c, &self.token_hash)?.ok_or(StoreError::Undone)?;
        if !invitations::consume(c, &invitation.id, self.now)? || accounts::insert(c, &self.account)? == Inserted::Taken
        {
            return Err(StoreError::Undone);
        }
        events::insert(c, &self.created)?;
        self.browser.prove(c, &self.account.id)?;
        self.join(c, &invitation)?;
        workspaces::find(c, &invitation.workspace_id)?.ok_or(StoreError::Undone)
    }

    fn join(&self, c: &mut Connection, invitation: &Invitation) -> store::Result<()> {
        let role = Role::parse(&invitation.role)
            .ok_or_else(|| StoreError::Damaged(format!("invitations.role: {}", invitation.role)))?;
        workspaces::insert_member(c, &invitation.workspace_id, &self.account.id, role, self.now)?;
        let detail = serde_json::json!({
            "workspace": invitation.workspace_id, "invitation": invitation.id, "role": invitation.role,
        });
        events::insert(c, &self.joined.clone().with_detail(&detail))
    }

    /// Whether this account has joined with this link moments ago, and is in the workspace still.
    fn is_repeat(&self, c: &mut Connection, invitation: &Invitation) -> store::Result<bool> {
        let since = self.now.seconds() - SAME_PRESS;
        let fresh = invitation.accepted_at.is_some_and(|accepted_at| accepted_at > since);
        let joined = workspaces::list_of_account(c, &self.account.id)?;
        Ok(fresh && joined.iter().any(|(workspace, _)| workspace.id == invitation.workspace_id))
    }
}

/// The link or the address was used while this form was on its way. When by the same form, pressed twice, the first
/// result is shown; else the link says by itself how things stand.
async fn after_another(visit: &Visit, hasher: &Hasher, token: &str, typed: &str) -> PageResult {
    let token_hash = ids::digest(token);
    let found = visit.kit.store.read(move |c| {
        let Some(invitation) = invitations::find_by_token_hash(c, &token_hash)? else { return Ok(None) };
        let account = accounts::find_by_username(c, Portal::Workspace, &invitation.email)?;
        Ok(account.zip(invitation.accepted_at))
    });
    if let Some((account, accepted_at)) = found.await?
        && accepted_at == account.created_at
        && newcomers::is_same_press(visit, hasher, &account, typed).await?
    {
        visit.visitor.sign_in(&account, Level::Otp, visit, None);
        return Ok(see_other(paths::WORKSPACE_API_CREDENTIALS));
    }
    Ok(see_other(&paths::invitation(token)))
}

/// The invitation of that token; `None` when it was never sent, was used or taken back, or is over.
async fn find(visit: &Visit, token: &str) -> Result<Option<Open>, PageError> {
    let (token_hash, now) = (ids::digest(token), visit.now.seconds());
    let found = visit.kit.store.read(move |c| {
        let found = invitations::find_by_token_hash(c, &token_hash)?;
        let open = |found: &Invitation| found.accepted_at.is_none() && found.expires_at > now;
        let Some(invitation) = found.filter(open) else { return Ok(None) };
        let Some(workspace) = workspaces::find(c, &invitation.workspace_id)? else { return Ok(None) };
        let inviter = accounts::find(c, &invitation.invited_by)?;
        let known = accounts::find_by_username(c, Portal::Workspace, &invitation.email)?.is_some();
        Ok(Some(Open { invitation, workspace, inviter, known }))
    });
    Ok(found.await?)
}

fn email_of(invitation: &Invitation) -> Result<Email, PageError> {
    Email::parse(&invitation.email).map_err(|_| PageError::internal("invitations.email is no email"))
}

fn page_of(visit: &Visit, token: &str, open: Open, person: String, errors: FieldErrors) -> InvitationPage {
    let Open { invitation, workspace, inviter, known } = open;
    let address = paths::invitation(token);
    let way = match visit.visitor.signed_in() {
        Some(state) if state.username == invitation.email => Way::Join { action: address },
        Some(state) => Way::Another { username: state.username },
        None if known => Way::LogIn { address: format!("{}?return={address}", paths::shared(Portal::Workspace).login) },
        None => {
            let policy = visit.kit.settings.password_policy;
            Way::Newcomer { action: format!("{address}/account"), person, policy }
        }
    };
    let invited_by = inviter.map(|inviter| {
        let Account { name, username, .. } = inviter;
        name.map_or(username.clone(), |name| format!("{name} ({username})"))
    });
    InvitationPage {
        w: visit.w,
        frame: visit.frame_with(visit.w.workspace_invitation_title(), errors),
        workspace: workspace.name,
        invited_by: invited_by.unwrap_or_default(),
        role: Role::parse(&invitation.role).map_or("", |role| role_name(visit.w, role)),
        until: Moment::from_seconds(invitation.expires_at).ist_date_time(),
        email: invitation.email,
        way,
    }
}

fn ended(visit: &Visit) -> PageResult {
    let frame = visit.frame(visit.w.workspace_invitation_ended_title());
    let hours = visit.kit.settings.limits.invitation_life / crate::kernel::clock::HOUR;
    page::page(StatusCode::NOT_FOUND, &EndedPage { w: visit.w, frame, hours })
}
