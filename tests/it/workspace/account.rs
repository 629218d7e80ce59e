//! B0 and the account of a person: sign-in with the work email, a forgotten password, a new one.

use crate::sameness::assert_alike;
use crate::support::samples::{OTHER_PASSWORD, PASSWORD};
use crate::support::walk::go_on;
use crate::support::walk_workspace::{API_CREDENTIALS, log_in, workspace_of};
use crate::support::{App, Browser, Page};

const LOGIN: &str = "/workspace/login";
const FORGOT: &str = "/workspace/forgot-password";
const EMAIL: &str = "pelican@stores.example";
const UNKNOWN: &str = "nobodys@stores.example";
const WRONG: &str = "The username or password is not right";
const HOLDS_EMAIL: &str = "Password must not contain your email address";
const HOLDS_NAME: &str = "Password must not contain the name of the business";

async fn forget(browser: &Browser, email: &str) -> Page {
    browser.get(FORGOT).await.form("Continue").fill("email", email).submit(browser).await
}

/// At the page that chooses the new password.
async fn at_new(app: &App, browser: &Browser) -> Page {
    let page = go_on(browser, &forget(browser, EMAIL).await).await;
    let form = page.form("Continue").fill("otp", &app.last_otp_for(EMAIL).await);
    go_on(browser, &form.submit(browser).await).await
}

#[actix_web::test]
async fn the_login_page_asks_for_the_work_email() {
    let app = App::start().await;
    let page = app.browser().get(LOGIN).await;
    page.assert_shows("Log in");
    assert_eq!(page.all("main label"), ["Work email", "Password"]);
    assert_eq!(page.attribute("#username", "type").unwrap(), "email");
    assert_eq!(page.link("Forgot password?"), FORGOT);
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_email_look_alike() {
    let app = App::start().await;
    workspace_of(&app, EMAIL).await;
    let known = log_in(&app.browser(), EMAIL, OTHER_PASSWORD).await;
    known.assert_refused(&[("username", WRONG)]);
    assert_alike((&known, EMAIL), (&log_in(&app.browser(), UNKNOWN, OTHER_PASSWORD).await, UNKNOWN));
}

#[actix_web::test]
async fn an_email_longer_than_other_usernames_signs_in() {
    let app = App::start().await;
    let email = format!("{}@{}.example.in", "b".repeat(60), "c".repeat(60));
    workspace_of(&app, &email).await;
    log_in(&app.browser(), &email.to_uppercase(), PASSWORD).await.assert_leads_to(API_CREDENTIALS);
}

#[actix_web::test]
async fn a_forgotten_password_is_set_anew_with_an_otp_to_the_work_email() {
    let app = App::start().await;
    let old = workspace_of(&app, EMAIL).await;
    app.clock.advance(3600);
    let browser = app.browser();
    let page = at_new(&app, &browser).await;
    let form = page.form("Save new password").fill("password", OTHER_PASSWORD);
    form.fill("confirm_password", OTHER_PASSWORD).submit(&browser).await.assert_leads_to(LOGIN);
    let mail = app.messages().await.remove(0);
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), (EMAIL, "Your password was changed"));
    assert!(!mail.text.contains("GSTIN"), "{}", mail.text);
    old.get("/workspace/settings").await.assert_leads_to("/workspace/login?return=/workspace/settings");
    log_in(&app.browser(), EMAIL, PASSWORD).await.assert_refused(&[("username", WRONG)]);
    log_in(&app.browser(), EMAIL, OTHER_PASSWORD).await.assert_leads_to(API_CREDENTIALS);
}

#[actix_web::test]
async fn an_unknown_email_gets_the_same_pages_and_no_mail() {
    let app = App::start().await;
    workspace_of(&app, EMAIL).await;
    app.clock.advance(3600);
    let before = app.messages().await.len();
    let (known, unknown) = (app.browser(), app.browser());
    let answers = (forget(&known, EMAIL).await, forget(&unknown, UNKNOWN).await);
    assert_alike((&answers.0, EMAIL), (&answers.1, UNKNOWN));
    assert_alike((&known.follow(&answers.0).await, EMAIL), (&unknown.follow(&answers.1).await, UNKNOWN));
    assert_eq!(app.messages().await.len(), before + 1);
}

#[actix_web::test]
async fn a_new_password_must_not_hold_what_others_know_of_its_owner() {
    let app = App::start().await;
    let owner = workspace_of(&app, EMAIL).await;
    app.clock.advance(60);
    for (password, told) in [("green pelican 44!", HOLDS_EMAIL), ("green asha 44!zz", HOLDS_NAME)] {
        let form = owner.get("/workspace/account/password").await.form("Change password");
        let form = form.fill("current_password", PASSWORD).fill("new_password", password);
        form.fill("confirm_password", password).submit(&owner).await.assert_refused(&[("new_password", told)]);
    }
    let browser = app.browser();
    let form = at_new(&app, &browser).await.form("Save new password").fill("password", "green pelican 44!");
    let page = form.fill("confirm_password", "green pelican 44!").submit(&browser).await;
    page.assert_refused(&[("password", HOLDS_EMAIL)]);
}
