//! Walks to a page, each step by the form that is on the page.

use super::samples::{ACME, API_PASSWORD, PASSWORD};
use super::{App, Browser, Page, Sample};

/// The steps of a registration; `register_to` returns the page of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Eligibility,
    Details,
    Contact,
    Otp,
    Verified,
    Password,
    Done,
}

/// Registers `who` up to the page of `step`, in a browser that may have begun something else before.
pub async fn register_to(app: &App, browser: &Browser, who: &Sample, step: Step) -> Page {
    let mut page = browser.get("/irp/register").await;
    if step >= Step::Details {
        let form = page.form("Continue").fill("gstin", who.gstin);
        page = go_on(browser, &form.submit(browser).await).await;
    }
    if step >= Step::Contact {
        let form = page.form("Confirm and Continue");
        page = go_on(browser, &form.submit(browser).await).await;
    }
    if step >= Step::Otp {
        let form = page.form("Submit").fill("email", who.email).fill("phone", who.phone);
        page = go_on(browser, &form.submit(browser).await).await;
    }
    if step >= Step::Verified {
        let otp = app.last_otp_for(who.email).await;
        let form = page.form("Verify").fill("otp", &otp);
        page = go_on(browser, &form.submit(browser).await).await;
    }
    if step >= Step::Password {
        page = browser.get(&page.link("Continue")).await;
    }
    if step >= Step::Done {
        page = go_on(browser, &create_account(&page, PASSWORD).submit(browser).await).await;
    }
    assert_eq!(page.status, 200, "{}", page.told());
    page
}

/// The page after a form that must be accepted.
pub async fn go_on(browser: &Browser, answer: &Page) -> Page {
    assert_eq!(answer.status, 303, "{}", answer.told());
    browser.follow(answer).await
}

/// The form that makes the account, with `password` in both fields.
pub fn create_account(page: &Page, password: &str) -> super::FormFill {
    let form = page.form("Create Account").fill("password", password);
    form.fill("confirm_password", password)
}

/// A browser that has just registered ACME with `PASSWORD`, signed in at "Account created".
pub async fn registered(app: &App) -> Browser {
    registered_as(app, &ACME).await
}

/// A browser that has just registered `who` with `PASSWORD`.
pub async fn registered_as(app: &App, who: &Sample) -> Browser {
    let browser = app.browser();
    register_to(app, &browser, who, Step::Done).await;
    browser
}

/// The API username that `with_credentials` creates.
pub const API_USERNAME: &str = "acme_irp_01";

/// A browser that has registered ACME and created its API credentials, at "API credentials created".
pub async fn with_credentials(app: &App) -> Browser {
    let browser = registered(app).await;
    let page = browser.get("/irp/api-credentials/new").await;
    let form = page
        .form("Save and submit")
        .fill("api_username", API_USERNAME)
        .fill("api_password", API_PASSWORD)
        .fill("confirm_api_password", API_PASSWORD);
    let answer = form.submit(&browser).await;
    answer.assert_leads_to("/irp/api-credentials/saved");
    browser
}

/// Types a username and a password into the login page, and returns its answer.
pub async fn log_in(browser: &Browser, username: &str, password: &str) -> Page {
    let page = browser.get("/irp/login").await;
    let form = page.form("Login").fill("username", username);
    form.fill("password", password).submit(browser).await
}
