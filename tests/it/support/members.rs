//! People of a workspace, put there behind the pages and signed in by the form.

use sanad::accounts::hashing::Hasher;
use sanad::kernel::ids;
use sanad::kernel::password::Password;
use sanad::kernel::portal::Portal;
use sanad::kernel::role::Role;
use sanad::store::accounts::{self, Account};
use sanad::store::workspaces::{self, Workspace};

use super::samples::PASSWORD;
use super::{App, Browser};

/// A workspace that nobody is in yet.
pub async fn workspace(app: &App, name: &str) -> Workspace {
    let made = Workspace { id: ids::random(), name: name.to_owned(), created_at: app.clock.now().seconds() };
    let workspace = made.clone();
    app.kit.store.write(move |c| workspaces::insert(c, &made)).await.unwrap();
    workspace
}

/// A browser of somebody new in that workspace, signed in with `PASSWORD`.
pub async fn member(app: &App, workspace: &Workspace, email: &str, role: Role) -> Browser {
    let (id, now) = (workspace.id.clone(), app.clock.now());
    let account = account(app, email).await;
    let joined = app.kit.store.write(move |c| {
        accounts::insert(c, &account)?;
        workspaces::insert_member(c, &id, &account.id, role, now)
    });
    joined.await.unwrap();
    let browser = app.browser();
    sign_in(&browser, email).await;
    browser
}

/// Signs in at the page, with `PASSWORD`.
pub async fn sign_in(browser: &Browser, email: &str) {
    let form = browser.get("/workspace/login").await.form("Login").fill("username", email);
    form.fill("password", PASSWORD).submit(browser).await.assert_leads_to("/workspace/settings/api-credentials");
}

/// Gives everybody in the workspace that role.
pub async fn make_all(app: &App, workspace: &Workspace, role: Role) {
    let id = workspace.id.clone();
    let changed = app.kit.store.write(move |c| {
        let people = workspaces::list_members(c, &id)?;
        people.iter().try_for_each(|person| workspaces::set_role(c, &id, &person.account_id, role).map(|_| ()))
    });
    changed.await.unwrap();
}

async fn account(app: &App, email: &str) -> Account {
    let (kit, now) = (&app.kit, app.clock.now().seconds());
    let hasher = Hasher::new(kit.keys.clone(), kit.settings.argon2, &kit.settings.limits).unwrap();
    let password = Password::typed(PASSWORD).unwrap();
    Account {
        id: ids::random(),
        portal: Portal::Workspace.as_str().to_owned(),
        username: email.to_owned(),
        gstin: None,
        password_hash: hasher.hash(password).await.unwrap(),
        created_at: now,
        password_changed_at: now,
        last_sign_in_at: None,
        last_sign_in_address: None,
        frozen_at: None,
        name: Some("Asha Rao".to_owned()),
    }
}
