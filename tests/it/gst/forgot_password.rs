//! C3, `/gst/forgot-password`: a new password by username; a stranger learns nothing.

use futures_util::future::join;

use crate::sameness::assert_alike;
use crate::support::samples::{ACME, ACME_OTHER_EMAIL, OTHER_PASSWORD, PASSWORD, PATEL};
use crate::support::walk::{self, go_on, registered};
use crate::support::walk_gst::{USERNAME, first_login, lock, log_in, signed_in};
use crate::support::{App, Browser, FormFill, Page};

const FORGOT: &str = "/gst/forgot-password";
const OTP: &str = "/gst/forgot-password/otp";
const NEW: &str = "/gst/forgot-password/new";
const LOGIN: &str = "/gst/login";
const DASHBOARD: &str = "/gst/dashboard";
const START_HERE: &str = "Start here. We need this before the next step.";
const WRONG_OTP: &str = "That OTP is not right. Check it and try again.";
const CHANGED: &str = "Your password was changed";
/// A username that nobody has, as long as `USERNAME`.
const UNKNOWN: &str = "nobody123";

/// A portal where ACME has the account `USERNAME`.
async fn with_account() -> App {
    let app = App::start().await;
    first_login(&app, &ACME, USERNAME, PASSWORD).await;
    app
}

async fn ask(browser: &Browser, username: &str) -> Page {
    browser.get(FORGOT).await.form("Generate OTP").fill("username", username).submit(browser).await
}

/// The page that asks for the OTP.
async fn to_otp(browser: &Browser, username: &str) -> Page {
    let answer = ask(browser, username).await;
    answer.assert_leads_to(OTP);
    browser.follow(&answer).await
}

async fn type_otp(browser: &Browser, page: &Page, otp: &str) -> Page {
    page.form("Continue").fill("otp", otp).submit(browser).await
}

/// The page of the new password of ACME.
async fn to_new(app: &App, browser: &Browser) -> Page {
    let page = to_otp(browser, USERNAME).await;
    let answer = type_otp(browser, &page, &app.last_otp_for(ACME.email).await).await;
    answer.assert_leads_to(NEW);
    browser.follow(&answer).await
}

fn choose(page: &Page, password: &str) -> FormFill {
    page.form("Submit").fill("password", password).fill("confirm_password", password)
}

/// Sets a new password for ACME in a browser of its own, all the way.
pub async fn reset(app: &App, password: &str) {
    let browser = app.browser();
    let page = to_new(app, &browser).await;
    choose(&page, password).submit(&browser).await.assert_leads_to(LOGIN);
}

fn other_than(otp: &str) -> &'static str {
    if otp == "000000" { "111111" } else { "000000" }
}

#[actix_web::test]
async fn the_page_asks_for_a_username() {
    let app = App::start().await;
    let page = app.browser().get(FORGOT).await;
    page.assert_shows("Forgot Password");
    assert_eq!(page.title(), "Forgot Password – GST portal – Sanad");
    assert_eq!(page.all("main label"), ["Username"]);
    assert_eq!(page.all("main button"), ["Generate OTP"]);
    assert_eq!(page.attribute("input[name=username]", "autocomplete").unwrap(), "username");
    assert_eq!(page.link("Back to log in"), LOGIN);
}

#[actix_web::test]
async fn an_empty_username_is_asked_for() {
    let app = App::start().await;
    let browser = app.browser();
    for typed in ["", "  ", "\t\r\n", "\0"] {
        ask(&browser, typed).await.assert_refused(&[("username", "Enter your username")]);
    }
    let form = browser.get(FORGOT).await.form("Generate OTP").fill("username", USERNAME);
    for form in [
        form.clone().with("username", b"patelgst01"),
        form.clone().without("username"),
        form.forge("username", b"\xff"),
    ] {
        form.submit(&browser).await.assert_refused(&[("username", "Enter your username")]);
    }
}

#[actix_web::test]
async fn what_is_nobodys_username_gets_the_same_page() {
    let app = with_account().await;
    let before = app.messages().await.len();
    for typed in [
        "' OR '1'='1",
        "<script>alert(1)</script>",
        &"x".repeat(10_000),
        "acmegst01\r\nBcc: all@b.example",
        ACME.gstin,
        ACME.email,
        "सनद१२३४५६",
    ] {
        let page = to_otp(&app.browser(), typed).await;
        page.assert_shows("Check your email and phone");
        assert!(!page.html.contains("<script>alert"));
    }
    assert_eq!(app.messages().await.len(), before);
}

#[actix_web::test]
async fn the_owner_sets_a_new_password() {
    let app = with_account().await;
    app.clock.advance(19 * 60);
    let browser = app.browser();
    let page = to_new(&app, &browser).await;
    page.assert_shows("Create a new password");
    assert_eq!(page.value("username").unwrap(), USERNAME);
    assert!(page.attribute("input[name=username]", "readonly").is_some());
    assert_eq!(page.all("main label"), ["Username", "New password", "Re-confirm password"]);
    for rule in ["Minimum 8 characters", "One number", "One alphabet", "One special character", "Not a common password"]
    {
        assert!(page.has(rule), "{rule}");
    }

    let answer = choose(&page, OTHER_PASSWORD).submit(&browser).await;
    answer.assert_leads_to(LOGIN);
    let login = browser.follow(&answer).await;
    assert_eq!(login.notice().unwrap(), "Your password has been changed. Log in with the new password.");
    // Whoever resets a password is not signed in by it.
    browser.get(DASHBOARD).await.assert_leads_to("/gst/login?return=/gst/dashboard");
    assert_eq!(log_in(&browser, USERNAME, PASSWORD).await.status, 422);
    log_in(&browser, USERNAME, OTHER_PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn a_username_is_known_whatever_its_case() {
    let app = with_account().await;
    let browser = app.browser();
    let page = to_otp(&browser, " AcmeGST01 ").await;
    type_otp(&browser, &page, &app.last_otp_for(ACME.email).await).await.assert_leads_to(NEW);
}

#[actix_web::test]
async fn the_messages_carry_the_gstin_and_go_to_every_contact() {
    let app = with_account().await;
    let before = app.messages().await.len();
    to_otp(&app.browser(), USERNAME).await;
    let messages = app.messages().await;
    let sent = &messages[..messages.len() - before];
    let otp = sent[0].otp().unwrap();
    let mut to: Vec<_> = sent.iter().map(|message| (message.channel.as_str(), message.to.as_str())).collect();
    to.sort_unstable();
    assert_eq!(
        to,
        [("Email", ACME_OTHER_EMAIL), ("Email", ACME.email), ("SMS", "919876501234"), ("SMS", "919876543210")]
    );
    for message in sent.iter().filter(|message| message.channel == "SMS") {
        let expected = format!(
            "{otp} is your OTP to reset your Sanad password. Valid 10 min. Do not share it.\n\n@127.0.0.1 #{otp}"
        );
        assert_eq!(message.text, expected);
    }
    for message in sent.iter().filter(|message| message.channel == "Email") {
        let sentence = format!(
            "{otp} is your OTP to reset your Sanad password for GSTIN 29ABCDE1234F1ZW. It works until 17:11 IST on \
             21/11/2026."
        );
        assert!(message.text.contains(&sentence), "{}", message.text);
    }
}

#[actix_web::test]
async fn the_otp_page_speaks_of_the_username_and_tells_nothing() {
    let app = with_account().await;
    let page = to_otp(&app.browser(), USERNAME).await;
    page.assert_shows("Check your email and phone");
    assert!(page.has(
        "If this username exists, we sent a 6-digit OTP to the email addresses and phone numbers registered for it."
    ));
    assert!(page.has("It works until 17:11 IST (10 minutes)."));
    for secret in ["acme.example", "3210", "F1ZW"] {
        assert!(!page.html.contains(secret), "tells {secret}");
    }
}

#[actix_web::test]
async fn an_unknown_username_gets_the_same_pages_and_nobody_a_message() {
    let app = with_account().await;
    let (owner, stranger) = (app.browser(), app.browser());
    assert_alike((&ask(&owner, USERNAME).await, USERNAME), (&ask(&stranger, UNKNOWN).await, UNKNOWN));
    let sent = app.messages().await.len();
    let wrong = other_than(&app.last_otp_for(ACME.email).await);
    // The last one kills it.
    for typed in ["", "12345", "12a456", wrong, wrong, wrong, wrong, wrong] {
        let (known, unknown) = (owner.get(OTP).await, stranger.get(OTP).await);
        assert_alike((&known, USERNAME), (&unknown, UNKNOWN));
        let known = type_otp(&owner, &known, typed).await;
        let unknown = type_otp(&stranger, &unknown, typed).await;
        assert_alike((&known, USERNAME), (&unknown, UNKNOWN));
    }
    let (known, unknown) = (owner.get(OTP).await, stranger.get(OTP).await);
    assert!(known.has("Too many wrong OTPs"));
    assert_alike((&known, USERNAME), (&unknown, UNKNOWN));
    for browser in [&owner, &stranger] {
        browser.get(NEW).await.assert_leads_to(OTP);
    }
    assert_eq!(app.messages().await.len(), sent);
}

#[actix_web::test]
async fn asking_too_often_is_refused_alike_for_an_unknown_username() {
    let app = with_account().await;
    for username in [USERNAME, UNKNOWN] {
        for _ in 0..5 {
            to_otp(&app.browser(), username).await;
        }
    }
    // Another spelling is the same username.
    let (known, unknown) = (ask(&app.browser(), "ACMEGST01").await, ask(&app.browser(), UNKNOWN).await);
    known.assert_error_page(429, "Too many OTPs");
    assert!(known.has("You asked for 5 OTPs in one hour. You can ask again after 18:01 IST."));
    assert_alike((&known, "ACMEGST01"), (&unknown, UNKNOWN));
}

#[actix_web::test]
async fn a_new_password_follows_the_rules_and_is_never_shown_again() {
    let app = with_account().await;
    let browser = app.browser();
    let form = to_new(&app, &browser).await.form("Submit");
    for (password, confirm, faults) in [
        ("", "", vec![("password", "Enter a password"), ("confirm_password", "Confirm the password")]),
        (OTHER_PASSWORD, "nine green ferns 5", vec![("confirm_password", "The passwords do not match")]),
        (
            "Gsp@1234",
            "Gsp@1234",
            vec![("password", "Choose a password that is harder to guess. This one is on a list of common passwords.")],
        ),
        ("x29abcde1234f1zw!", "x29abcde1234f1zw!", vec![("password", "Password must not contain your GSTIN")]),
    ] {
        let page = form.clone().fill("password", password).fill("confirm_password", confirm).submit(&browser).await;
        page.assert_refused(&faults);
        assert!(password.is_empty() || !page.html.contains(password));
    }
    log_in(&app.browser(), USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn every_session_of_the_account_ends() {
    let app = App::start().await;
    let first = signed_in(&app).await;
    let second = app.browser();
    log_in(&second, USERNAME, PASSWORD).await;
    reset(&app, OTHER_PASSWORD).await;
    for browser in [first, second] {
        browser.get(DASHBOARD).await.assert_leads_to("/gst/login?return=/gst/dashboard");
    }
}

#[actix_web::test]
async fn the_irp_account_of_the_gstin_stays_as_it_is() {
    let app = App::start().await;
    let irp = registered(&app).await;
    first_login(&app, &ACME, USERNAME, PASSWORD).await;
    reset(&app, OTHER_PASSWORD).await;
    irp.get("/irp/account").await.assert_shows("Account");
    walk::log_in(&app.browser(), ACME.gstin, PASSWORD).await.assert_leads_to("/irp/api-credentials");
    assert_eq!(walk::log_in(&app.browser(), ACME.gstin, OTHER_PASSWORD).await.status, 422);
}

#[actix_web::test]
async fn the_owner_is_told_by_mail() {
    let app = with_account().await;
    app.clock.advance(19 * 60);
    reset(&app, OTHER_PASSWORD).await;
    let messages = app.messages().await;
    let mails: Vec<_> = messages.iter().take_while(|message| message.subject == CHANGED).collect();
    assert_eq!(mails.len(), 2);
    for mail in mails {
        for told in [
            "The GST portal password of GSTIN 29ABCDE1234F1ZW was changed.",
            "All other devices were signed out.",
            "21/11/2026 17:20 IST",
            "127.0.0.1",
            "Firefox/140.0",
            &app.url(FORGOT),
        ] {
            assert!(mail.text.contains(told), "{told}: {}", mail.text);
        }
        assert!(!mail.text.contains(OTHER_PASSWORD));
    }
}

#[actix_web::test]
async fn a_forgotten_password_opens_the_lock() {
    let app = with_account().await;
    lock(&app, USERNAME).await;
    reset(&app, OTHER_PASSWORD).await;
    log_in(&app.browser(), USERNAME, OTHER_PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn a_used_walk_changes_nothing_more() {
    let app = with_account().await;
    let browser = app.browser();
    let page = to_new(&app, &browser).await;
    choose(&page, OTHER_PASSWORD).submit(&browser).await.assert_leads_to(LOGIN);
    choose(&page, "seven blue stones 8").submit(&browser).await.assert_leads_to(LOGIN);
    browser.get(NEW).await.assert_leads_to(LOGIN);
    log_in(&app.browser(), USERNAME, OTHER_PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn of_two_passwords_sent_at_once_one_is_set() {
    let app = with_account().await;
    let browser = app.browser();
    let page = to_new(&app, &browser).await;
    let (one, other) = (choose(&page, OTHER_PASSWORD), choose(&page, "seven blue stones 8"));
    let (one, other) = join(one.submit(&browser), other.submit(&browser)).await;
    one.assert_leads_to(LOGIN);
    other.assert_leads_to(LOGIN);
    let changed = app.messages().await.iter().filter(|mail| mail.subject == CHANGED).count();
    assert_eq!(changed, 2, "one change, two addresses");
}

#[actix_web::test]
async fn steps_cannot_be_opened_out_of_order() {
    let app = with_account().await;
    for step in [OTP, NEW] {
        let browser = app.browser();
        let answer = browser.get(step).await;
        answer.assert_leads_to(FORGOT);
        assert_eq!(browser.follow(&answer).await.notice().unwrap(), START_HERE);
    }
    let browser = app.browser();
    to_otp(&browser, USERNAME).await;
    browser.get(NEW).await.assert_leads_to(OTP);
}

#[actix_web::test]
async fn the_otp_for_a_username_resets_no_password() {
    let app = with_account().await;
    let browser = app.browser();
    let page = browser.get("/gst/forgot-username").await;
    let page = go_on(&browser, &page.form("Generate OTP").fill("gstin", ACME.gstin).submit(&browser).await).await;
    let otp = app.last_otp_for(ACME.email).await;
    type_otp(&browser, &page, &otp).await.assert_leads_to("/gst/forgot-username/done");
    browser.get(NEW).await.assert_leads_to(FORGOT);

    let page = to_otp(&browser, USERNAME).await;
    if app.last_otp_for(ACME.email).await != otp {
        type_otp(&browser, &page, &otp).await.assert_refused(&[("otp", WRONG_OTP)]);
    }
}

#[actix_web::test]
async fn the_otp_of_one_username_does_not_open_another() {
    let app = with_account().await;
    first_login(&app, &PATEL, "patelgst01", PASSWORD).await;
    let browser = app.browser();
    to_otp(&browser, USERNAME).await;
    let otp = app.last_otp_for(ACME.email).await;
    let page = to_otp(&browser, "patelgst01").await;
    if app.last_otp_for(PATEL.email).await != otp {
        type_otp(&browser, &page, &otp).await.assert_refused(&[("otp", WRONG_OTP)]);
    }
}

#[actix_web::test]
async fn a_walk_left_alone_for_30_minutes_begins_anew() {
    let app = with_account().await;
    let browser = app.browser();
    let page = to_new(&app, &browser).await;
    app.clock.advance(30 * 60);
    go_on(&browser, &choose(&page, OTHER_PASSWORD).submit(&browser).await).await.assert_shows("Forgot Password");
    log_in(&app.browser(), USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn whoever_is_signed_in_changes_the_password_elsewhere() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for step in [FORGOT, OTP, NEW] {
        browser.get(step).await.assert_leads_to(DASHBOARD);
    }
}
