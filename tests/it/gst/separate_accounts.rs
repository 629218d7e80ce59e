//! The IRP account and the GST account of one GSTIN are two accounts: nothing done to one is done to the other.

use crate::support::samples::{ACME, OTHER_PASSWORD, PASSWORD};
use crate::support::walk::{self, Step, go_on, register_to, registered};
use crate::support::walk_gst::{
    USERNAME, WRONG_PASSWORD, ask_first_password, at_credentials, credentials_form, first_login, lock, log_in,
    signed_in, type_first_password,
};
use crate::support::{App, Browser};

const IRP: &str = "/irp/account";
const GST: &str = "/gst/account";
const LOCKED: &str = "Your account is locked for 15 minutes";

/// One browser that is signed in to both portals, each with its own password.
async fn in_both(app: &App) -> Browser {
    first_login(app, &ACME, USERNAME, OTHER_PASSWORD).await;
    let browser = registered(app).await;
    log_in(&browser, USERNAME, OTHER_PASSWORD).await.assert_leads_to("/gst/dashboard");
    browser
}

async fn assert_signed_in_to(browser: &Browser, irp: bool, gst: bool) {
    for (account, expected) in [(IRP, irp), (GST, gst)] {
        assert_eq!(browser.get(account).await.status == 200, expected, "{account}");
    }
}

#[actix_web::test]
async fn signing_in_to_one_does_not_sign_in_to_the_other() {
    let app = App::start().await;
    let irp = registered(&app).await;
    assert_signed_in_to(&irp, true, false).await;
    let gst = signed_in(&app).await;
    assert_signed_in_to(&gst, false, true).await;
    let both = in_one_browser(&app).await;
    assert_signed_in_to(&both, true, true).await;
}

/// A browser that signs in to the IRP and then to the GST portal.
async fn in_one_browser(app: &App) -> Browser {
    let browser = app.browser();
    walk::log_in(&browser, ACME.gstin, PASSWORD).await.assert_leads_to("/irp/api-credentials");
    log_in(&browser, USERNAME, PASSWORD).await.assert_leads_to("/gst/dashboard");
    browser
}

#[actix_web::test]
async fn each_portal_shows_its_own_account() {
    let app = App::start().await;
    let browser = in_both(&app).await;
    assert!(browser.get(IRP).await.details().contains(&("Username".to_owned(), ACME.gstin.to_owned())));
    assert!(browser.get(GST).await.details().contains(&("Username".to_owned(), USERNAME.to_owned())));
}

#[actix_web::test]
async fn a_username_opens_its_own_portal_only() {
    let app = App::start().await;
    registered(&app).await;
    first_login(&app, &ACME, USERNAME, PASSWORD).await;
    assert_eq!(walk::log_in(&app.browser(), USERNAME, PASSWORD).await.status, 422);
    assert_eq!(log_in(&app.browser(), ACME.gstin, PASSWORD).await.status, 422);
}

#[actix_web::test]
async fn a_password_opens_its_own_portal_only() {
    let app = App::start().await;
    in_both(&app).await;
    assert_eq!(walk::log_in(&app.browser(), ACME.gstin, OTHER_PASSWORD).await.status, 422);
    assert_eq!(log_in(&app.browser(), USERNAME, PASSWORD).await.status, 422);
}

#[actix_web::test]
async fn a_registered_gstin_has_its_first_login_here_still_and_the_other_way_round() {
    let app = App::start().await;
    registered(&app).await;
    let browser = first_login(&app, &ACME, USERNAME, PASSWORD).await;
    log_in(&browser, USERNAME, PASSWORD).await.assert_leads_to("/gst/dashboard");

    let app = App::start().await;
    first_login(&app, &ACME, USERNAME, PASSWORD).await;
    registered(&app).await.get(IRP).await.assert_shows("Account");
}

#[actix_web::test]
async fn the_cookie_of_one_portal_is_nobodys_in_the_other() {
    let app = App::start().await;
    let browser = in_both(&app).await;
    let cookies = browser.cookies();
    assert_ne!(cookies["sanad-irp"], cookies["sanad-gst"]);
    let swapped = app.browser();
    swapped.set_cookie("sanad-irp", &cookies["sanad-gst"]);
    swapped.set_cookie("sanad-gst", &cookies["sanad-irp"]);
    assert_signed_in_to(&swapped, false, false).await;
    assert_signed_in_to(&browser, true, true).await;
}

#[actix_web::test]
async fn signing_out_of_one_leaves_the_other() {
    for (page, irp, gst) in [(IRP, false, true), (GST, true, false)] {
        let app = App::start().await;
        let browser = in_both(&app).await;
        let answer = browser.get(page).await.form("Sign out").submit(&browser).await;
        assert_eq!(answer.header("clear-site-data"), "\"cache\", \"storage\"", "cookies stay");
        assert_eq!(browser.follow(&answer).await.notice().unwrap(), "You are signed out.");
        assert_signed_in_to(&browser, irp, gst).await;
    }
}

#[actix_web::test]
async fn one_session_may_end_while_the_other_is_in_use() {
    let app = App::start().await;
    let browser = in_both(&app).await;
    app.clock.advance(10 * 60);
    browser.get(GST).await.assert_shows("Account");
    app.clock.advance(10 * 60);
    assert_signed_in_to(&browser, false, true).await;
}

#[actix_web::test]
async fn changing_one_password_leaves_the_other_account_alone() {
    let new = "seven blue stones 8";
    for (address, current, button) in [
        ("/irp/account/password", PASSWORD, "Change password"),
        ("/gst/change-password", OTHER_PASSWORD, "Change Password"),
    ] {
        let app = App::start().await;
        let browser = in_both(&app).await;
        let (irp, gst) = (app.browser(), app.browser());
        walk::log_in(&irp, ACME.gstin, PASSWORD).await.assert_leads_to("/irp/api-credentials");
        log_in(&gst, USERNAME, OTHER_PASSWORD).await.assert_leads_to("/gst/dashboard");

        let form = browser.get(address).await.form(button).fill("current_password", current);
        let answer = form.fill("new_password", new).fill("confirm_password", new).submit(&browser).await;
        assert_eq!(answer.status, 303, "{}", answer.told());
        assert_signed_in_to(&browser, true, true).await;

        let changed_irp = address.starts_with("/irp");
        assert_eq!(irp.get(IRP).await.status == 200, !changed_irp, "{address}");
        assert_eq!(gst.get(GST).await.status == 200, changed_irp, "{address}");
        let (of_irp, of_gst) = if changed_irp { (new, OTHER_PASSWORD) } else { (PASSWORD, new) };
        walk::log_in(&app.browser(), ACME.gstin, of_irp).await.assert_leads_to("/irp/api-credentials");
        log_in(&app.browser(), USERNAME, of_gst).await.assert_leads_to("/gst/dashboard");
    }
}

#[actix_web::test]
async fn resetting_the_irp_password_leaves_the_gst_account_alone() {
    let app = App::start().await;
    let browser = in_both(&app).await;
    crate::forgot_password::reset(&app, &ACME, "seven blue stones 8").await;
    assert_signed_in_to(&browser, false, true).await;
    log_in(&app.browser(), USERNAME, OTHER_PASSWORD).await.assert_leads_to("/gst/dashboard");
}

#[actix_web::test]
async fn a_lock_of_one_is_none_of_the_other() {
    let app = App::start().await;
    let browser = in_both(&app).await;
    lock(&app, USERNAME).await;
    log_in(&app.browser(), USERNAME, OTHER_PASSWORD).await.assert_error_page(429, LOCKED);
    walk::log_in(&app.browser(), ACME.gstin, PASSWORD).await.assert_leads_to("/irp/api-credentials");
    // Whoever is in already stays.
    assert_signed_in_to(&browser, true, true).await;

    let app = App::start().await;
    in_both(&app).await;
    for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16, 32] {
        app.clock.advance(wait);
        walk::log_in(&app.browser(), ACME.gstin, WRONG_PASSWORD).await;
    }
    walk::log_in(&app.browser(), ACME.gstin, PASSWORD).await.assert_error_page(429, LOCKED);
    app.clock.advance(60);
    log_in(&app.browser(), USERNAME, OTHER_PASSWORD).await.assert_leads_to("/gst/dashboard");
}

#[actix_web::test]
async fn two_walks_in_two_portals_do_not_meet() {
    let app = App::start().await;
    let browser = app.browser();
    register_to(&app, &browser, &ACME, Step::Otp).await;
    let page = at_credentials(&app, &browser, &ACME).await;
    // The registration goes on where it stood, and so does the first login.
    let otp = app.last_otp_for(ACME.email).await;
    let waiting = browser.get("/irp/register/otp").await;
    let answer = waiting.form("Verify").fill("otp", &otp).submit(&browser).await;
    answer.assert_leads_to("/irp/register/verified");
    browser.follow(&answer).await;
    credentials_form(&page, USERNAME, PASSWORD).submit(&browser).await.assert_leads_to("/gst/login");
    browser.get("/irp/register/password").await.assert_shows("Create a password for your account");
}

#[actix_web::test]
async fn the_otp_of_one_portal_is_not_right_in_the_other() {
    let app = App::start().await;
    in_both(&app).await;
    let browser = app.browser();
    let irp = browser.get("/irp/forgot-password").await.form("Continue").fill("gstin", ACME.gstin);
    go_on(&browser, &irp.submit(&browser).await).await;
    let otp = app.last_otp_for(ACME.email).await;
    let gst = browser.get("/gst/forgot-password").await.form("Generate OTP").fill("username", USERNAME);
    let page = go_on(&browser, &gst.submit(&browser).await).await;
    if app.last_otp_for(ACME.email).await != otp {
        let refused = page.form("Continue").fill("otp", &otp).submit(&browser).await;
        refused.assert_refused(&[("otp", "That OTP is not right. Check it and try again.")]);
    }
}

#[actix_web::test]
async fn wrong_passwords_typed_at_the_first_login_do_not_stop_a_registration() {
    let app = App::start().await;
    for _ in 0..4 {
        let stranger = app.browser();
        let answer = ask_first_password(&stranger, ACME.gstin).await;
        let page = stranger.follow(&answer).await;
        for _ in 0..5 {
            type_first_password(&stranger, &page, "aaaa-aaaa-aaaa").await;
        }
        app.clock.advance(61);
    }
    register_to(&app, &app.browser(), &ACME, Step::Done).await.assert_shows("Account created");
}
