//! Above so many wrong OTPs of strangers within the hour, new OTPs of people who have proven nothing get 8 digits: who
//! guesses one code of many accounts (T4) finds none.

use sanad::kernel::limits::Limits;

use super::{GST, HOUR, IRP, OWNERS, Owner, WORKSPACE, WRONG_OTP, other_than};
use crate::support::samples::{ACME, KAVERI, PASSWORD, PATEL};
use crate::support::walk::{Step, go_on, register_to};
use crate::support::walk_gst::{first_password, type_first_password};
use crate::support::walk_sign_in::ask_otp_first;
use crate::support::walk_workspace::{NAME, ask_to_sign_up};
use crate::support::{App, Browser, Page, Sample};

/// Three hundred are three here.
const THREE: &str = "[limits]\notp_failures_before_more_digits = 3";

async fn start() -> App {
    App::start_from(THREE, &[]).await
}

/// The page that asks for the OTP of a forgotten password.
async fn forget(owner: &Owner, browser: &Browser) -> Page {
    let (button, field) = match owner.at {
        "/irp" => ("Continue", "gstin"),
        "/gst" => ("Generate OTP", "username"),
        _ => ("Continue", "email"),
    };
    let form = browser.get(&owner.path("/forgot-password")).await.form(button).fill(field, owner.username);
    go_on(browser, &form.submit(browser).await).await
}

/// Wrong OTPs of a registration that goes no further.
async fn guess(app: &App, who: &Sample, times: usize) {
    let browser = app.browser();
    let page = register_to(app, &browser, who, Step::Otp).await;
    let wrong = other_than(&app.last_otp_for(who.email).await);
    for _ in 0..times {
        let answer = page.form("Verify").fill("otp", &wrong).submit(&browser).await;
        assert_eq!(answer.status, 422, "{}", answer.told());
    }
}

/// One more than three.
async fn guess_too_often(app: &App) {
    guess(app, &KAVERI, 4).await;
}

fn assert_asks_for(page: &Page, digits: usize) {
    let example = &"0123456789"[..digits];
    assert!(page.has(&format!("{digits} digits, for example {example}")), "{}", page.told());
    assert!(page.has(&format!("{digits}-digit OTP")), "{}", page.told());
}

#[test]
fn it_is_300_an_hour_and_6_digits_become_8() {
    let limits = Limits::default();
    let numbers = (limits.otp_failures_before_more_digits, limits.otp_digits, limits.otp_more_digits);
    assert_eq!(numbers, (300, 6, 8));
    let budget = sanad::web::throttle::anonymous_otp_failures(&limits);
    // Used up by the 301st: that is above 300.
    assert_eq!((budget.max, budget.window), (301, HOUR));
}

#[actix_web::test]
async fn the_limit_itself_is_not_above_it() {
    let app = start().await;
    IRP.at_the_door(&app).await;
    guess(&app, &PATEL, 3).await;
    let page = forget(&IRP, &app.browser()).await;
    assert_asks_for(&page, 6);
    assert_eq!(app.last_otp_for(ACME.email).await.len(), 6);
    guess(&app, &KAVERI, 1).await;
    let page = forget(&IRP, &app.browser()).await;
    assert_asks_for(&page, 8);
    assert_eq!(app.last_otp_for(ACME.email).await.len(), 8);
}

#[actix_web::test]
async fn pages_and_messages_have_8_digits_and_the_otp_works() {
    for owner in OWNERS {
        let app = start().await;
        owner.at_the_door(&app).await;
        guess_too_often(&app).await;
        let browser = app.browser();
        let page = forget(&owner, &browser).await;
        assert_asks_for(&page, 8);
        let otp = app.last_otp_for(owner.email).await;
        assert_eq!(otp.len(), 8);
        let mut messages = app.messages().await.into_iter().take_while(|message| message.otp() == Some(otp.clone()));
        assert!(messages.all(|message| message.text.starts_with(&otp)));
        if owner.at != "/workspace" {
            assert_eq!(app.last_otp_for("SMS").await, otp);
        }
        let type_in = async |otp: &str| page.form("Continue").fill("otp", otp).submit(&browser).await;
        type_in("").await.assert_refused(&[("otp", "Enter the 8-digit OTP")]);
        type_in(&otp[..6]).await.assert_refused(&[("otp", "The OTP must be 8 digits. You entered 6.")]);
        type_in(&other_than(&otp)).await.assert_refused(&[("otp", WRONG_OTP)]);
        let spaced = format!("{} {}", &otp[..4], &otp[4..]);
        type_in(&spaced).await.assert_leads_to(&owner.path("/forgot-password/new"));
    }
}

#[actix_web::test]
async fn every_walk_of_strangers_gets_them() {
    let app = start().await;
    for owner in [IRP, GST] {
        owner.at_the_door(&app).await;
    }
    guess_too_often(&app).await;
    // Registration.
    let browser = app.browser();
    let page = register_to(&app, &browser, &PATEL, Step::Otp).await;
    assert_asks_for(&page, 8);
    let form = page.form("Verify").fill("otp", &app.last_otp_for(PATEL.email).await);
    go_on(&browser, &form.submit(&browser).await).await.assert_shows("Email address and phone number verified");
    // A workspace.
    let browser = app.browser();
    let page = go_on(&browser, &ask_to_sign_up(&browser, NAME, WORKSPACE.email, "Stores").await).await;
    assert_asks_for(&page, 8);
    assert_eq!(app.last_otp_for(WORKSPACE.email).await.len(), 8);
    // Forgot Username.
    let browser = app.browser();
    let form = browser.get("/gst/forgot-username").await.form("Generate OTP").fill("gstin", ACME.gstin);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    assert_asks_for(&page, 8);
    assert_eq!(app.last_otp_for(ACME.email).await.len(), 8);
    // The OTP before the password.
    IRP.shut(&app).await;
    let browser = app.browser();
    let page = go_on(&browser, &ask_otp_first(&browser, "/irp", IRP.username).await).await;
    assert_asks_for(&page, 8);
    let form = page.form("Continue").fill("otp", &app.last_otp_for(ACME.email).await);
    form.submit(&browser).await.assert_leads_to("/irp/login/otp-first/password");
}

#[actix_web::test]
async fn a_name_that_nobody_has_is_asked_for_as_many() {
    let app = start().await;
    IRP.at_the_door(&app).await;
    guess_too_often(&app).await;
    let nobody = Owner { username: IRP.nobody, ..IRP };
    let (known, unknown) = (forget(&IRP, &app.browser()).await, forget(&nobody, &app.browser()).await);
    crate::sameness::assert_alike((&known, IRP.username), (&unknown, IRP.nobody));
}

#[actix_web::test]
async fn whoever_has_proven_the_password_gets_6() {
    for owner in OWNERS {
        let app = App::start_from(THREE, &[("SIGN_IN", "otp")]).await;
        owner.at_the_door(&app).await;
        guess_too_often(&app).await;
        let browser = app.browser();
        let page = go_on(&browser, &owner.log_in(&browser, PASSWORD).await).await;
        assert_asks_for(&page, 6);
        let otp = app.last_otp_for(owner.email).await;
        assert_eq!(otp.len(), 6);
        page.form("Continue").fill("otp", &otp).submit(&browser).await.assert_leads_to(owner.landing);
        let form = browser.get(&owner.path("/account/authenticator")).await.form("Add an authenticator app");
        assert_asks_for(&go_on(&browser, &form.submit(&browser).await).await, 6);
        assert_eq!(app.last_otp_for(owner.email).await.len(), 6);
    }
}

#[actix_web::test]
async fn wrong_otps_of_people_who_are_signed_in_do_not_count() {
    let app = start().await;
    let browser = IRP.inside(&app).await;
    let form = browser.get("/irp/account/authenticator").await.form("Add an authenticator app");
    let page = go_on(&browser, &form.submit(&browser).await).await;
    let wrong = other_than(&app.last_otp_for(ACME.email).await);
    for _ in 0..5 {
        page.form("Continue").fill("otp", &wrong).submit(&browser).await;
    }
    assert_asks_for(&forget(&IRP, &app.browser()).await, 6);
}

#[actix_web::test]
async fn an_otp_of_before_still_works_with_its_6() {
    let app = start().await;
    IRP.at_the_door(&app).await;
    let browser = app.browser();
    let page = forget(&IRP, &browser).await;
    let otp = app.last_otp_for(ACME.email).await;
    guess_too_often(&app).await;
    assert_asks_for(&browser.get("/irp/forgot-password/otp").await, 6);
    let answer = page.form("Continue").fill("otp", &other_than(&otp)).submit(&browser).await;
    answer.assert_refused(&[("otp", WRONG_OTP)]);
    assert_asks_for(&answer, 6);
    answer.form("Continue").fill("otp", &otp).submit(&browser).await.assert_leads_to("/irp/forgot-password/new");
}

#[actix_web::test]
async fn an_otp_sent_anew_in_that_hour_has_8() {
    let app = start().await;
    IRP.at_the_door(&app).await;
    let browser = app.browser();
    let page = forget(&IRP, &browser).await;
    let old = app.last_otp_for(ACME.email).await;
    guess_too_often(&app).await;
    app.clock.advance(30);
    let page = go_on(&browser, &page.form("Send a new OTP").submit(&browser).await).await;
    assert_asks_for(&page, 8);
    let otp = app.last_otp_for(ACME.email).await;
    assert_eq!(otp.len(), 8);
    let answer = page.form("Continue").fill("otp", &old).submit(&browser).await;
    answer.assert_refused(&[("otp", "The OTP must be 8 digits. You entered 6.")]);
    page.form("Continue").fill("otp", &otp).submit(&browser).await.assert_leads_to("/irp/forgot-password/new");
}

#[actix_web::test]
async fn it_is_over_with_the_hour() {
    let app = start().await;
    IRP.at_the_door(&app).await;
    guess_too_often(&app).await;
    app.clock.advance(HOUR - 1);
    assert_asks_for(&forget(&IRP, &app.browser()).await, 8);
    app.clock.advance(1);
    let browser = app.browser();
    let page = forget(&IRP, &browser).await;
    assert_asks_for(&page, 6);
    let otp = app.last_otp_for(ACME.email).await;
    page.form("Continue").fill("otp", &otp).submit(&browser).await.assert_leads_to("/irp/forgot-password/new");
}

#[actix_web::test]
async fn the_first_time_password_is_as_it_was() {
    let app = start().await;
    guess_too_often(&app).await;
    let browser = app.browser();
    let form = browser.get("/gst/first-login").await.form("Send first-time password").fill("gstin", ACME.gstin);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    let password = first_password(&app, &ACME).await;
    type_first_password(&browser, &page, &password).await.assert_leads_to("/gst/first-login/credentials");
}
