//! Walks of the workspace, each step by the form that is on the page.

use super::samples::PASSWORD;
use super::walk::go_on;
use super::{App, Browser, Message, Page};

pub const API_CREDENTIALS: &str = "/workspace/settings/api-credentials";
pub const PEOPLE: &str = "/workspace/settings/people";

/// The name of everybody who signs up in a test, and of their workspace.
pub const NAME: &str = "Asha Rao";
pub const WORKSPACE: &str = "Acme Stores";

/// Fills in "Create a workspace" and presses "Continue".
pub async fn ask_to_sign_up(browser: &Browser, name: &str, email: &str, workspace: &str) -> Page {
    let form = browser.get("/workspace/sign-up").await.form("Continue").fill("name", name).fill("email", email);
    form.fill("workspace", workspace).submit(browser).await
}

/// At the page that chooses the password.
pub async fn sign_up_to_password(app: &App, browser: &Browser, email: &str, workspace: &str) -> Page {
    let page = go_on(browser, &ask_to_sign_up(browser, NAME, email, workspace).await).await;
    let form = page.form("Verify").fill("otp", &app.last_otp_for(email).await);
    go_on(browser, &form.submit(browser).await).await
}

/// A browser that has just created a workspace with `PASSWORD`, signed in as its owner.
pub async fn workspace_of(app: &App, email: &str) -> Browser {
    workspace_named(app, email, WORKSPACE).await
}

/// The same for a workspace of that name.
pub async fn workspace_named(app: &App, email: &str, workspace: &str) -> Browser {
    let browser = app.browser();
    let page = sign_up_to_password(app, &browser, email, workspace).await;
    let answer = super::walk::create_account(&page, PASSWORD).submit(&browser).await;
    answer.assert_leads_to(API_CREDENTIALS);
    browser
}

/// Invites somebody from the owner's page, and returns its answer.
pub async fn invite(owner: &Browser, email: &str, role: &str) -> Page {
    let form = owner.get(PEOPLE).await.form("Invite").fill("email", email).fill("role", role);
    form.submit(owner).await
}

/// Every invitation mailed to that address, the newest first.
pub async fn invitations_to(app: &App, email: &str) -> Vec<Message> {
    let messages = app.messages().await.into_iter();
    messages.filter(|mail| mail.to == email && mail.subject.contains(" invited you to ")).collect()
}

/// The path of the link in an invitation.
pub fn link_in(mail: &Message) -> String {
    let (_, rest) = mail.text.split_once("/workspace/invitation/").expect("a link");
    let token = rest.split_whitespace().next().expect("a token");
    format!("/workspace/invitation/{token}")
}

/// The link that the owner's invitation has just brought to that address.
pub async fn invited(app: &App, owner: &Browser, email: &str, role: &str) -> String {
    invite(owner, email, role).await.assert_leads_to(PEOPLE);
    link_in(&invitations_to(app, email).await[0])
}

/// Makes the account of a newcomer on the page of their invitation, and returns its answer.
pub async fn accept_as_newcomer(browser: &Browser, link: &str, name: &str) -> Page {
    let form = browser.get(link).await.form("Create Account").fill("name", name).fill("password", PASSWORD);
    form.fill("confirm_password", PASSWORD).submit(browser).await
}

/// A browser of somebody who has just come into the owner's workspace with that role.
pub async fn joined(app: &App, owner: &Browser, email: &str, role: &str) -> Browser {
    let link = invited(app, owner, email, role).await;
    let browser = app.browser();
    accept_as_newcomer(&browser, &link, "Vikram Das").await.assert_leads_to(API_CREDENTIALS);
    browser
}

/// Types an email address and a password into the login page at that address, and returns its answer.
pub async fn log_in_at(browser: &Browser, address: &str, email: &str, password: &str) -> Page {
    let form = browser.get(address).await.form("Login").fill("username", email);
    form.fill("password", password).submit(browser).await
}

/// The same at the usual address.
pub async fn log_in(browser: &Browser, email: &str, password: &str) -> Page {
    log_in_at(browser, "/workspace/login", email, password).await
}

/// Adds a GSTIN to the workspace by the form of its page.
pub async fn add_gstin(browser: &Browser, gstin: &str) {
    let page = browser.get("/workspace/settings/gstins").await;
    let answer = page.form("Add GSTIN").fill("gstin", gstin).submit(browser).await;
    answer.assert_leads_to("/workspace/settings/gstins");
}
