//! A15, `/irp/account/password`: a new password for somebody who knows the old one.

use crate::support::samples::{ACME, OTHER_PASSWORD, PASSWORD};
use crate::support::walk::{go_on, log_in, registered};
use crate::support::{App, Browser, Page};

const CHANGE: &str = "/irp/account/password";
const ACCOUNT: &str = "/irp/account";
const HUB: &str = "/irp/api-credentials";
const CURRENT_WRONG: &str = "The current password is not right";
const WRONG_PASSWORD: &str = "three small bushes 5";

/// Fills in the form and returns the answer.
async fn change(browser: &Browser, current: &str, new: &str, confirm: &str) -> Page {
    let page = browser.get(CHANGE).await;
    let form = page.form("Change password").fill("current_password", current);
    form.fill("new_password", new).fill("confirm_password", confirm).submit(browser).await
}

#[actix_web::test]
async fn the_page_asks_for_the_old_password_and_twice_for_the_new_one() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let account = browser.get(ACCOUNT).await;
    let page = browser.get(&account.link("Change password")).await;
    page.assert_shows("Change password");
    assert_eq!(page.value("username").unwrap(), ACME.gstin);
    for (field, autocomplete) in [
        ("current_password", "current-password"),
        ("new_password", "new-password"),
        ("confirm_password", "new-password"),
    ] {
        assert_eq!(page.attribute(&format!("input[name={field}]"), "autocomplete").unwrap(), autocomplete);
        assert_eq!(page.attribute(&format!("input[name={field}]"), "type").unwrap(), "password");
    }
    assert!(page.has("All your other sessions are signed out when the password changes."));
    for rule in ["Minimum 8 characters", "One number", "One alphabet", "One special character", "Not a common password"]
    {
        assert!(page.has(rule), "{rule}");
    }
}

#[actix_web::test]
async fn whoever_is_signed_out_signs_in_first_and_comes_back() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let login = go_on(&browser, &browser.get(CHANGE).await).await;
    let form = login.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD);
    form.submit(&browser).await.assert_leads_to(CHANGE);
}

#[actix_web::test]
async fn the_new_password_works_and_the_old_one_does_not() {
    let app = App::start().await;
    let browser = registered(&app).await;
    app.clock.advance(600);
    let answer = change(&browser, PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD).await;
    answer.assert_leads_to(ACCOUNT);
    let page = browser.follow(&answer).await;
    assert_eq!(page.notice().unwrap(), "Password changed at 17:11 IST. All your other sessions are signed out.");
    assert!(page.details().contains(&("Password last changed on".to_owned(), "21/11/2026 17:11 IST".to_owned())));

    assert_eq!(log_in(&app.browser(), ACME.gstin, PASSWORD).await.status, 422);
    log_in(&app.browser(), ACME.gstin, OTHER_PASSWORD).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn every_other_session_ends_and_this_one_goes_on_under_a_new_token() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let other = app.browser();
    log_in(&other, ACME.gstin, PASSWORD).await;
    let copy = browser.clone_cookies();

    change(&browser, PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD).await.assert_leads_to(ACCOUNT);
    browser.get(ACCOUNT).await.assert_shows("Account");
    for ended in [other, copy] {
        assert_eq!(ended.get(ACCOUNT).await.status, 303);
    }
}

#[actix_web::test]
async fn the_owner_is_told_by_mail() {
    let app = App::start().await;
    let browser = registered(&app).await;
    app.clock.advance(600);
    change(&browser, PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD).await;
    let messages = app.messages().await;
    let mails: Vec<_> = messages.iter().take_while(|mail| mail.subject == "Your password was changed").collect();
    assert_eq!(mails.len(), 2);
    for mail in mails {
        for told in ["GSTIN 29ABCDE1234F1ZW", "21/11/2026 17:11 IST", "127.0.0.1", "Firefox/140.0"] {
            assert!(mail.text.contains(told), "{told}: {}", mail.text);
        }
        assert!(!mail.text.contains(OTHER_PASSWORD) && !mail.text.contains(PASSWORD));
    }
}

#[actix_web::test]
async fn empty_fields_are_asked_for() {
    let app = App::start().await;
    let browser = registered(&app).await;
    change(&browser, "", "", "").await.assert_refused(&[
        ("current_password", "Enter your current password"),
        ("new_password", "Enter a password"),
        ("confirm_password", "Confirm the password"),
    ]);
}

#[actix_web::test]
async fn a_new_password_must_follow_the_rules_and_differ() {
    let app = App::start().await;
    let browser = registered(&app).await;
    for (new, confirm, faults) in [
        (PASSWORD, PASSWORD, vec![("new_password", "New password must be different from the current one")]),
        (OTHER_PASSWORD, "nine green ferns 5", vec![("confirm_password", "The passwords do not match")]),
        (
            "abc",
            "abc",
            vec![
                ("new_password", "Password must be 8 characters or more"),
                ("new_password", "Password must have at least one number"),
                ("new_password", "Password must have at least one special character"),
                (
                    "new_password",
                    "Choose a password that is harder to guess. This one is on a list of common passwords.",
                ),
            ],
        ),
    ] {
        let page = change(&browser, PASSWORD, new, confirm).await;
        page.assert_refused(&faults);
        for field in ["current_password", "new_password", "confirm_password"] {
            assert_eq!(page.value(field).unwrap_or_default(), "");
        }
        assert!(!page.html.contains(PASSWORD));
    }
    log_in(&app.browser(), ACME.gstin, PASSWORD).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn the_same_password_spelled_in_other_code_points_is_the_same() {
    let app = App::start().await;
    let browser = registered(&app).await;
    // é as one code point, then as two.
    let (one, two) = ("caf\u{e9} tall trees 7", "cafe\u{301} tall trees 7");
    change(&browser, PASSWORD, one, one).await.assert_leads_to(ACCOUNT);
    let page = change(&browser, one, two, two).await;
    page.assert_refused(&[("new_password", "New password must be different from the current one")]);
}

#[actix_web::test]
async fn a_wrong_current_password_changes_nothing() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let page = change(&browser, WRONG_PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD).await;
    page.assert_refused(&[("current_password", CURRENT_WRONG)]);
    for secret in [WRONG_PASSWORD, OTHER_PASSWORD] {
        assert!(!page.html.contains(secret));
    }
    log_in(&app.browser(), ACME.gstin, PASSWORD).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn a_stolen_session_cannot_try_passwords_forever() {
    let app = App::start().await;
    let browser = registered(&app).await;
    for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16] {
        app.clock.advance(wait);
        let page = change(&browser, WRONG_PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD).await;
        page.assert_refused(&[("current_password", CURRENT_WRONG)]);
    }
    let early = change(&browser, PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD).await;
    early.assert_error_page(429, "Too many tries");
    assert_eq!(early.header("retry-after"), "32");
    app.clock.advance(32);
    let last = change(&browser, WRONG_PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD).await;
    last.assert_error_page(429, "Your account is locked for 15 minutes");
    // The session is over, and its owner is not locked out.
    browser.get(ACCOUNT).await.assert_leads_to("/irp/login?return=/irp/account");
    log_in(&app.browser(), ACME.gstin, PASSWORD).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn a_change_forgets_the_failures_before_it() {
    let app = App::start().await;
    let browser = registered(&app).await;
    for _ in 0..4 {
        change(&browser, WRONG_PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD).await;
    }
    change(&browser, PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD).await.assert_leads_to(ACCOUNT);
    for _ in 0..5 {
        assert_eq!(log_in(&app.browser(), ACME.gstin, PASSWORD).await.status, 422);
    }
}
