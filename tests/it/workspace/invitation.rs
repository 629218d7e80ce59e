//! M11 and `/workspace/invitation/{token}`: the link that brings somebody in, once, within 72 hours.

use futures_util::future::join;

use crate::support::browser::FORM;
use crate::support::samples::{OTHER_PASSWORD, PASSWORD};
use crate::support::walk::go_on;
use crate::support::walk_workspace::{
    API_CREDENTIALS, PEOPLE, accept_as_newcomer, invited, joined, log_in, log_in_at, workspace_named, workspace_of,
};
use crate::support::{App, Browser};

const SETTINGS: &str = "/workspace/settings";
const OWNER: &str = "asha@stores.example";
const VIKRAM: &str = "vikram@elsewhere.example";
const ENDED: &str = "This invitation does not work";
const INVITED: &str = "You are invited";
const DAYS_3: i64 = 72 * 60 * 60;

/// An owner, and the link that invites Vikram as a member.
async fn inviting(app: &App) -> (Browser, String) {
    let owner = workspace_of(app, OWNER).await;
    let link = invited(app, &owner, VIKRAM, "member").await;
    (owner, link)
}

#[actix_web::test]
async fn a_newcomer_sees_who_invites_where_as_what_and_makes_an_account_without_an_otp() {
    let app = App::start().await;
    let (owner, link) = inviting(&app).await;
    let before = app.messages().await.len();
    let browser = app.browser();
    let page = browser.get(&link).await;
    page.assert_shows(INVITED);
    let told = [
        ("Workspace", "Acme Stores"),
        ("Invited by", "Asha Rao (asha@stores.example)"),
        ("For", VIKRAM),
        ("Role", "Member"),
        ("Works until", "24/11/2026 17:01 IST"),
    ];
    let expected: Vec<_> = told.iter().map(|(term, text)| ((*term).to_owned(), (*text).to_owned())).collect();
    assert_eq!(page.details(), expected);
    assert_eq!(page.value("username").unwrap(), VIKRAM);

    let answer = accept_as_newcomer(&browser, &link, "Vikram Das").await;
    answer.assert_leads_to(API_CREDENTIALS);
    let page = browser.follow(&answer).await;
    assert_eq!(page.notice().unwrap(), "You are in the workspace Acme Stores now.");
    assert!(page.has("Signed in as vikram@elsewhere.example"));
    assert_eq!(app.messages().await.len(), before);
    assert!(owner.get(PEOPLE).await.has("Vikram Das vikram@elsewhere.example Member"));
    log_in(&app.browser(), VIKRAM, PASSWORD).await.assert_leads_to(API_CREDENTIALS);
}

#[actix_web::test]
async fn the_newcomers_faults_are_told_and_the_name_is_kept() {
    let app = App::start().await;
    let (_owner, link) = inviting(&app).await;
    let browser = app.browser();
    let form = browser.get(&link).await.form("Create Account");
    form.submit(&browser).await.assert_refused(&[
        ("name", "Enter your name"),
        ("password", "Enter a password"),
        ("confirm_password", "Confirm the password"),
    ]);
    let form = form.fill("name", "Vikram Das").fill("password", "green vikram 44!");
    let page = form.fill("confirm_password", "green vikram 44!").submit(&browser).await;
    assert!(page.field_errors("password").contains(&"Password must not contain your email address".to_owned()));
    assert_eq!(page.value("name").unwrap(), "Vikram Das");
    assert!(!page.html.contains("green vikram"));
    accept_as_newcomer(&browser, &link, "Vikram Das").await.assert_leads_to(API_CREDENTIALS);
}

#[actix_web::test]
async fn whoever_has_an_account_logs_in_and_comes_back_to_join() {
    let app = App::start().await;
    let (owner, link) = inviting(&app).await;
    workspace_named(&app, VIKRAM, "Own Traders").await;
    let browser = app.browser();
    let page = browser.get(&link).await;
    page.assert_shows(INVITED);
    assert!(page.all("main form").is_empty());
    let login = page.link("Log in to join");
    log_in_at(&browser, &login, VIKRAM, OTHER_PASSWORD)
        .await
        .assert_refused(&[("username", "The username or password is not right")]);
    let answer = log_in_at(&browser, &login, VIKRAM, PASSWORD).await;
    answer.assert_leads_to(&link);
    let page = browser.follow(&answer).await;
    let page = go_on(&browser, &page.form("Join").submit(&browser).await).await;
    assert_eq!(page.notice().unwrap(), "You are in the workspace Acme Stores now.");
    let page = browser.get(SETTINGS).await;
    assert!(page.has("Workspace: Acme Stores") && page.has("Switch to Own Traders"));
    assert_eq!(owner.get(PEOPLE).await.all("main tbody tr").len(), 2);
}

#[actix_web::test]
async fn a_sign_in_leads_to_no_made_up_address() {
    let app = App::start().await;
    workspace_of(&app, OWNER).await;
    for wanted in ["/workspace/invitation/../../gst", "//evil.example", "/workspace/invitation/x"] {
        let login = format!("/workspace/login?return={wanted}");
        log_in_at(&app.browser(), &login, OWNER, PASSWORD).await.assert_leads_to(API_CREDENTIALS);
    }
}

#[actix_web::test]
async fn whoever_is_signed_in_as_somebody_else_is_told_and_cannot_join() {
    let app = App::start().await;
    let (owner, link) = inviting(&app).await;
    let meera = joined(&app, &owner, "meera@stores.example", "viewer").await;
    let page = meera.get(&link).await;
    page.assert_shows(INVITED);
    assert!(page.has("You are signed in as meera@stores.example. Sign out first, then open the link again."));
    assert!(page.all("main form").is_empty());
    // A session of Vikram's in another tab became Meera's: the button of before does nothing.
    let vikram = workspace_named(&app, VIKRAM, "Own Traders").await;
    let join_form = vikram.get(&link).await.form("Join");
    meera.post_raw(&join_form.action, &join_form.body(), FORM).await.assert_error_page(403, "This form is out of date");
    vikram.get(&link).await.assert_shows(INVITED);
}

#[actix_web::test]
async fn an_invitation_works_once() {
    let app = App::start().await;
    let (_owner, link) = inviting(&app).await;
    let (one, other) = (app.browser(), app.browser());
    let late = other.get(&link).await.form("Create Account");
    accept_as_newcomer(&one, &link, "Vikram Das").await.assert_leads_to(API_CREDENTIALS);
    for browser in [&one, &other, &app.browser()] {
        browser.get(&link).await.assert_error_page(404, ENDED);
    }
    let late = late.fill("name", "Thief").fill("password", OTHER_PASSWORD).fill("confirm_password", OTHER_PASSWORD);
    late.submit(&other).await.assert_leads_to(&link);
    other.get(SETTINGS).await.assert_leads_to("/workspace/login?return=/workspace/settings");
}

#[actix_web::test]
async fn an_invitation_ends_after_72_hours() {
    let app = App::start().await;
    let (_owner, link) = inviting(&app).await;
    app.clock.advance(DAYS_3 - 1);
    let browser = app.browser();
    let form = browser.get(&link).await.form("Create Account");
    app.clock.advance(1);
    app.browser().get(&link).await.assert_error_page(404, ENDED);
    let form = form.fill("name", "Vikram").fill("password", PASSWORD).fill("confirm_password", PASSWORD);
    form.submit(&browser).await.assert_leads_to(&link);
    browser.get(&link).await.assert_error_page(404, ENDED);
}

#[actix_web::test]
async fn invented_used_and_ended_links_look_alike() {
    let app = App::start().await;
    let (_owner, used) = inviting(&app).await;
    accept_as_newcomer(&app.browser(), &used, "Vikram Das").await.assert_leads_to(API_CREDENTIALS);
    let browser = app.browser();
    let page = browser.get(&used).await;
    for invented in ["0123456789abcdefghjkmnpqrs", "x", "%00", "..%2f..", "Ж"] {
        let other = browser.get(&format!("/workspace/invitation/{invented}")).await;
        other.assert_error_page(404, ENDED);
        assert_eq!(other.html, page.html);
    }
}

#[actix_web::test]
async fn join_pressed_twice_joins_once() {
    let app = App::start().await;
    let (owner, link) = inviting(&app).await;
    let vikram = workspace_named(&app, VIKRAM, "Own Traders").await;
    let form = vikram.get(&link).await.form("Join");
    let answers = join(form.submit(&vikram), form.submit(&vikram)).await;
    answers.0.assert_leads_to(API_CREDENTIALS);
    answers.1.assert_leads_to(API_CREDENTIALS);
    assert_eq!(owner.get(PEOPLE).await.all("main tbody tr").len(), 2);
    assert!(vikram.get(SETTINGS).await.has("Workspace: Acme Stores"));
}

#[actix_web::test]
async fn create_account_pressed_twice_makes_one_account_and_shows_the_first_result() {
    let app = App::start().await;
    let (owner, link) = inviting(&app).await;
    let browser = app.browser();
    let form = browser.get(&link).await.form("Create Account").fill("name", "Vikram Das");
    let form = form.fill("password", PASSWORD).fill("confirm_password", PASSWORD);
    let (one, other) = (browser.clone_cookies(), browser.clone_cookies());
    let answers = join(form.submit(&one), form.submit(&other)).await;
    for (answer, browser) in [(&answers.0, &one), (&answers.1, &other)] {
        answer.assert_leads_to(API_CREDENTIALS);
        assert!(browser.get(SETTINGS).await.has("Workspace: Acme Stores"));
    }
    form.submit(&browser).await.assert_leads_to(API_CREDENTIALS);
    form.submit(&one).await.assert_leads_to(API_CREDENTIALS);
    assert_eq!(owner.get(PEOPLE).await.all("main tbody tr").len(), 2);
}

#[actix_web::test]
async fn an_account_made_meanwhile_logs_in_to_join() {
    let app = App::start().await;
    let (_owner, link) = inviting(&app).await;
    let browser = app.browser();
    let form = browser.get(&link).await.form("Create Account").fill("name", "Vikram Das");
    workspace_named(&app, VIKRAM, "Own Traders").await;
    let form = form.fill("password", OTHER_PASSWORD).fill("confirm_password", OTHER_PASSWORD);
    form.submit(&browser).await.assert_leads_to(&link);
    assert!(browser.get(&link).await.link("Log in to join").starts_with("/workspace/login?return="));
}

#[actix_web::test]
async fn nobody_joins_without_a_session() {
    let app = App::start().await;
    let (_owner, link) = inviting(&app).await;
    let page = app.browser().post_raw(&link, b"csrf=x.y.z", FORM).await;
    page.assert_leads_to("/workspace/login");
    let page = app.browser().post_raw(&format!("{link}/account"), b"csrf=x.y.z&name=x&password=y", FORM).await;
    page.assert_error_page(403, "This form is out of date");
    app.browser().get(&link).await.assert_shows(INVITED);
}
