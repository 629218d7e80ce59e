//! C9, `/gst/change-password` and `/gst/account/password`: a new password for somebody who knows the old one.

use crate::support::samples::{ACME, OTHER_PASSWORD, PASSWORD};
use crate::support::walk::go_on;
use crate::support::walk_gst::{USERNAME, WRONG_PASSWORD, first_login, log_in, signed_in};
use crate::support::{App, Browser, Page};

const CHANGE: &str = "/gst/change-password";
/// One page, at the documents' address and where every portal has it.
const ADDRESSES: [&str; 2] = [CHANGE, "/gst/account/password"];
const ACCOUNT: &str = "/gst/account";
const DASHBOARD: &str = "/gst/dashboard";
const LOCKED: &str = "Your account is locked for 15 minutes";

/// Fills in the form at `address` and returns the answer.
async fn change_at(browser: &Browser, address: &str, [current, new, confirm]: [&str; 3]) -> Page {
    let page = browser.get(address).await;
    let form = page.form("Change Password").fill("current_password", current);
    form.fill("new_password", new).fill("confirm_password", confirm).submit(browser).await
}

async fn change(browser: &Browser, current: &str, new: &str) -> Page {
    change_at(browser, CHANGE, [current, new, new]).await
}

#[actix_web::test]
async fn the_page_asks_for_the_old_password_and_twice_for_the_new_one() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for address in ADDRESSES {
        let page = browser.get(address).await;
        page.assert_shows("Change Password");
        assert_eq!(
            page.all("main label"),
            ["Username", "Current password", "New password", "Re-confirm password"],
            "{address}"
        );
        assert_eq!(page.value("username").unwrap(), USERNAME);
        for (field, autocomplete) in [
            ("current_password", "current-password"),
            ("new_password", "new-password"),
            ("confirm_password", "new-password"),
        ] {
            assert_eq!(page.attribute(&format!("input[name={field}]"), "autocomplete").unwrap(), autocomplete);
            assert_eq!(page.attribute(&format!("input[name={field}]"), "type").unwrap(), "password");
        }
        for rule in
            ["Minimum 8 characters", "One number", "One alphabet", "One special character", "Not a common password"]
        {
            assert!(page.has(rule), "{rule}");
        }
        assert_eq!(page.form("Change Password").action, address, "it posts to where it stands");
    }
}

#[actix_web::test]
async fn the_pages_before_lead_to_it() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for (page, link) in
        [(DASHBOARD, "Change password"), ("/gst/profile", "Change Password"), (ACCOUNT, "Change Password")]
    {
        assert_eq!(browser.get(page).await.link(link), CHANGE, "{page}");
    }
}

/// Opens the page signed out, signs in, and stands on it.
async fn assert_comes_back(address: &str) {
    let app = App::start().await;
    first_login(&app, &ACME, USERNAME, PASSWORD).await;
    let browser = app.browser();
    let login = go_on(&browser, &browser.get(address).await).await;
    let form = login.form("LOGIN").fill("username", USERNAME).fill("password", PASSWORD);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    page.assert_shows("Change Password");
}

#[actix_web::test]
async fn whoever_is_signed_out_signs_in_first_and_comes_back() {
    assert_comes_back(CHANGE).await;
}

#[actix_web::test]
async fn whoever_is_signed_out_comes_back_to_the_other_address_too() {
    assert_comes_back("/gst/account/password").await;
}

#[actix_web::test]
async fn the_new_password_works_and_the_old_one_does_not() {
    for address in ADDRESSES {
        let app = App::start().await;
        let browser = signed_in(&app).await;
        app.clock.advance(600);
        let answer = change_at(&browser, address, [PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD]).await;
        answer.assert_leads_to(ACCOUNT);
        let page = browser.follow(&answer).await;
        assert_eq!(page.notice().unwrap(), "Password changed at 17:11 IST. All your other sessions are signed out.");
        assert!(page.details().contains(&("Password last changed on".to_owned(), "21/11/2026 17:11 IST".to_owned())));
        assert_eq!(log_in(&app.browser(), USERNAME, PASSWORD).await.status, 422);
        log_in(&app.browser(), USERNAME, OTHER_PASSWORD).await.assert_leads_to(DASHBOARD);
    }
}

#[actix_web::test]
async fn every_other_session_ends_and_this_one_goes_on_under_a_new_token() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let other = app.browser();
    log_in(&other, USERNAME, PASSWORD).await;
    let copy = browser.clone_cookies();

    change(&browser, PASSWORD, OTHER_PASSWORD).await.assert_leads_to(ACCOUNT);
    browser.get(ACCOUNT).await.assert_shows("Account");
    for ended in [other, copy] {
        ended.get(ACCOUNT).await.assert_leads_to("/gst/login?return=/gst/account");
    }
}

#[actix_web::test]
async fn the_owner_is_told_by_mail() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    app.clock.advance(600);
    change(&browser, PASSWORD, OTHER_PASSWORD).await;
    let messages = app.messages().await;
    let mails: Vec<_> = messages.iter().take_while(|mail| mail.subject == "Your password was changed").collect();
    assert_eq!(mails.len(), 2);
    for mail in mails {
        for told in [
            "The GST portal password of GSTIN 29ABCDE1234F1ZW was changed.",
            "21/11/2026 17:11 IST",
            "127.0.0.1",
            "Firefox/140.0",
            &app.url("/gst/forgot-password"),
        ] {
            assert!(mail.text.contains(told), "{told}: {}", mail.text);
        }
        assert!(!mail.text.contains(OTHER_PASSWORD) && !mail.text.contains(PASSWORD));
    }
}

#[actix_web::test]
async fn what_is_wrong_is_told_and_changes_nothing() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let empty = vec![
        ("current_password", "Enter your current password"),
        ("new_password", "Enter a password"),
        ("confirm_password", "Confirm the password"),
    ];
    let long = "x".repeat(10_000);
    for (typed, faults) in [
        (["", "", ""], empty),
        ([PASSWORD, PASSWORD, PASSWORD], vec![("new_password", "New password must be different from the current one")]),
        ([PASSWORD, OTHER_PASSWORD, WRONG_PASSWORD], vec![("confirm_password", "The passwords do not match")]),
        (
            [PASSWORD, "x29abcde1234f1zw!", "x29abcde1234f1zw!"],
            vec![("new_password", "Password must not contain your GSTIN")],
        ),
        ([&long, OTHER_PASSWORD, OTHER_PASSWORD], vec![("current_password", "The current password is not right")]),
        (
            [WRONG_PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD],
            vec![("current_password", "The current password is not right")],
        ),
    ] {
        for address in ADDRESSES {
            let page = change_at(&browser, address, typed).await;
            page.assert_refused(&faults);
            for secret in typed.into_iter().filter(|secret| !secret.is_empty()) {
                assert!(!page.html.contains(secret), "{secret}");
            }
            assert_eq!(page.form("Change Password").action, address, "and goes on there");
        }
    }
    log_in(&app.browser(), USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn a_stolen_session_cannot_try_passwords_forever_at_two_addresses() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for (number, wait) in [0, 0, 0, 0, 0, 2, 4, 8, 16].into_iter().enumerate() {
        app.clock.advance(wait);
        let typed = [WRONG_PASSWORD, OTHER_PASSWORD, OTHER_PASSWORD];
        assert_eq!(change_at(&browser, ADDRESSES[number % 2], typed).await.status, 422);
    }
    let early = change(&browser, PASSWORD, OTHER_PASSWORD).await;
    early.assert_error_page(429, "Too many tries");
    assert_eq!(early.header("retry-after"), "32");
    app.clock.advance(32);
    change(&browser, WRONG_PASSWORD, OTHER_PASSWORD).await.assert_error_page(429, LOCKED);
    // The session is over, and its owner is not locked out.
    browser.get(ACCOUNT).await.assert_leads_to("/gst/login?return=/gst/account");
    log_in(&app.browser(), USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn a_change_forgets_the_failures_before_it() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for _ in 0..4 {
        change(&browser, WRONG_PASSWORD, OTHER_PASSWORD).await;
    }
    change(&browser, PASSWORD, OTHER_PASSWORD).await.assert_leads_to(ACCOUNT);
    for _ in 0..5 {
        assert_eq!(log_in(&app.browser(), USERNAME, PASSWORD).await.status, 422);
    }
}

#[actix_web::test]
async fn the_button_pressed_twice_changes_it_once() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = browser.get(CHANGE).await;
    let form = page.form("Change Password").fill("current_password", PASSWORD);
    let form = form.fill("new_password", OTHER_PASSWORD).fill("confirm_password", OTHER_PASSWORD);
    let answers = futures_util::future::join(form.submit(&browser), form.submit(&browser)).await;
    assert!([answers.0.status, answers.1.status].contains(&303));
    let changed = app.messages().await.iter().filter(|mail| mail.subject == "Your password was changed").count();
    assert_eq!(changed, 2, "one change, two addresses");
    log_in(&app.browser(), USERNAME, OTHER_PASSWORD).await.assert_leads_to(DASHBOARD);
}
