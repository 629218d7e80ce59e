//! `/workspace/sign-up/password`: a password; account and workspace are made here.

use actix_web::web;
use askama::Template;

use super::{AtPassword, Names};
use crate::accounts::hashing::Hasher;
use crate::accounts::{NewPasswordForm, Recipients};
use crate::kernel::clock::Moment;
use crate::kernel::contact::Email;
use crate::kernel::ids;
use crate::kernel::password::Policy;
use crate::kernel::portal::{Portal, Workspace};
use crate::kernel::role::Role;
use crate::store::accounts::{self, Account};
use crate::store::events::{self, Event};
use crate::store::journeys::{self, Journey, Stage};
use crate::store::workspaces;
use crate::store::{self, Connection, Inserted, StoreError};
use crate::web::browser::Browser;
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted};
use crate::web::guard::{SignedOut, Walking};
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::session::Level;
use crate::words::Words;
use crate::workspace::newcomers;

#[derive(Template)]
#[template(path = "workspace/sign_up/password.html")]
struct PasswordPage {
    w: Words,
    frame: Frame,
    journey: String,
    email: String,
    policy: Policy,
}

/// GET.
pub async fn show(visit: Visit, _guard: SignedOut<Workspace>, at: Walking<AtPassword>) -> PageResult {
    match at.journey.stage {
        Stage::Verified => page::ok(&page_of(&visit, &at.journey, FieldErrors::default())),
        _ => Ok(see_other(paths::shared(Portal::Workspace).login)),
    }
}

/// POST: makes the account and the workspace, and signs in.
pub async fn submit(
    visit: Visit,
    _guard: SignedOut<Workspace>,
    at: Walking<AtPassword>,
    hasher: web::Data<Hasher>,
    Posted(form): Posted<NewPasswordForm>,
) -> PageResult {
    let names = Names::of(&at.journey)?;
    let email = Email::parse(&at.journey.subject).map_err(|_| PageError::internal("journeys.subject is no email"))?;
    let own = [names.name.as_str(), names.workspace.as_str()];
    let password = match form.parse_for(&visit, &Recipients::person(email.clone()).context(&own)) {
        Ok(password) => password,
        Err(errors) => return page::unprocessable(&page_of(&visit, &at.journey, errors)),
    };
    let account = newcomers::account_of(&visit, &names.name, &email, hasher.hash(password).await?);
    let creation = Creation::of(&visit, at.journey.id.clone(), names.workspace, account.clone());
    let browser = creation.browser.clone();
    match visit.kit.store.write(move |c| creation.run(c)).await {
        Ok(()) => {
            browser.keep_proven(&visit);
            visit.visitor.sign_in(&account, Level::Otp, &visit, None);
            Ok(see_other(paths::WORKSPACE_API_CREDENTIALS))
        }
        Err(StoreError::Undone) => after_another(&visit, &hasher, &at.journey, form.typed()).await,
        Err(error) => Err(error.into()),
    }
}

/// Account, workspace, ownership, the end of the journey and events: one transaction.
struct Creation {
    journey: String,
    account: Account,
    workspace: workspaces::Workspace,
    events: [Event; 2],
    browser: Browser,
    now: Moment,
}

impl Creation {
    fn of(visit: &Visit, journey: String, name: String, account: Account) -> Self {
        let workspace = workspaces::Workspace { id: ids::random(), name, created_at: visit.now.seconds() };
        let detail = serde_json::json!({ "workspace": workspace.id });
        let event = |action| visit.event_of(&account, action, events::DONE).with_detail(&detail);
        let events = [event("account_created"), event("workspace_created")];
        Self { journey, account, workspace, events, browser: Browser::of(visit), now: visit.now }
    }

    /// `Undone` when the email address has an account by now.
    fn run(&self, c: &mut Connection) -> store::Result<()> {
        if accounts::insert(c, &self.account)? == Inserted::Taken
            || !journeys::advance(c, &self.journey, Stage::Verified, Stage::Done)?
        {
            return Err(StoreError::Undone);
        }
        workspaces::insert(c, &self.workspace)?;
        workspaces::insert_member(c, &self.workspace.id, &self.account.id, Role::Owner, self.now)?;
        self.browser.prove(c, &self.account.id)?;
        self.events.iter().try_for_each(|event| events::insert(c, event))
    }
}

/// The account was made while this form was on its way. When the other one was the same form, pressed twice, its
/// password opens the account and the first result is shown; else another session was first.
async fn after_another(visit: &Visit, hasher: &Hasher, journey: &Journey, typed: &str) -> PageResult {
    let (id, username) = (journey.id.clone(), journey.subject.clone());
    let found = visit.kit.store.read(move |c| {
        let account = accounts::find_by_username(c, Portal::Workspace, &username)?;
        Ok((account, journeys::find(c, &id)?))
    });
    let (account, journey) = found.await?;
    let own = journey.is_some_and(|journey| journey.stage == Stage::Done);
    if let (true, Some(account)) = (own, account)
        && newcomers::is_same_press(visit, hasher, &account, typed).await?
    {
        visit.visitor.sign_in(&account, Level::Otp, visit, None);
        return Ok(see_other(paths::WORKSPACE_API_CREDENTIALS));
    }
    visit.visitor.set_notice(&Notice::EmailHasAccount);
    Ok(see_other(paths::shared(Portal::Workspace).login))
}

fn page_of(visit: &Visit, journey: &Journey, errors: FieldErrors) -> PasswordPage {
    PasswordPage {
        w: visit.w,
        frame: visit.frame_with(visit.w.irp_password_title(), errors),
        journey: journey.id.clone(),
        email: journey.subject.clone(),
        policy: visit.kit.settings.password_policy,
    }
}
