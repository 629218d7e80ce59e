//! A9, `/irp/forgot-password`: a new password for whoever holds the registered email or phone; a stranger learns
//! nothing.

use futures_util::future::join;

use crate::sameness::assert_alike;
use crate::support::samples::{ACME, ACME_OTHER_EMAIL, OTHER_PASSWORD, PASSWORD, PATEL, Sample};
use crate::support::walk::{Step, go_on, log_in, register_to, registered};
use crate::support::{App, Browser, FormFill, Page};

const FORGOT: &str = "/irp/forgot-password";
const OTP: &str = "/irp/forgot-password/otp";
const NEW: &str = "/irp/forgot-password/new";
const LOGIN: &str = "/irp/login";
const START_HERE: &str = "Start here. We need this before the next step.";
const WRONG_OTP: &str = "That OTP is not right. Check it and try again.";
/// A valid GSTIN that has no account.
const UNKNOWN: &str = "27ABCDE1234F1Z0";

/// Types a GSTIN into the first page, and returns its answer.
async fn ask(browser: &Browser, gstin: &str) -> Page {
    browser.get(FORGOT).await.form("Continue").fill("gstin", gstin).submit(browser).await
}

/// The page that asks for the OTP of that GSTIN.
async fn to_otp(browser: &Browser, gstin: &str) -> Page {
    let answer = ask(browser, gstin).await;
    answer.assert_leads_to(OTP);
    browser.follow(&answer).await
}

/// The page of the new password.
async fn to_new(app: &App, browser: &Browser, who: &Sample) -> Page {
    let page = to_otp(browser, who.gstin).await;
    let otp = app.last_otp_for(who.email).await;
    let answer = page.form("Continue").fill("otp", &otp).submit(browser).await;
    answer.assert_leads_to(NEW);
    browser.follow(&answer).await
}

fn choose(page: &Page, password: &str) -> FormFill {
    page.form("Save new password").fill("password", password).fill("confirm_password", password)
}

/// Sets a new password in a browser of its own, all the way.
pub async fn reset(app: &App, who: &Sample, password: &str) {
    let browser = app.browser();
    let page = to_new(app, &browser, who).await;
    choose(&page, password).submit(&browser).await.assert_leads_to(LOGIN);
}

/// An OTP that is not `otp`.
fn other_than(otp: &str) -> &'static str {
    if otp == "000000" { "111111" } else { "000000" }
}

#[actix_web::test]
async fn the_page_asks_for_a_gstin() {
    let app = App::start().await;
    let page = app.browser().get(FORGOT).await;
    page.assert_shows("Forgot password");
    assert!(page.has("15 characters, for example 29ABCDE1234F1ZW"));
    assert_eq!(page.link("Back to log in"), LOGIN);
}

#[actix_web::test]
async fn what_is_no_gstin_is_refused() {
    let app = App::start().await;
    let browser = app.browser();
    for (typed, told) in [
        ("", "Enter your GSTIN"),
        ("29ABCDE1234F1Z", "GSTIN must be 15 characters. You entered 14."),
        ("00ABCDE1234F1ZW", "GSTIN must start with a state code from 01 to 38, or 97 or 99"),
    ] {
        let page = ask(&browser, typed).await;
        page.assert_refused(&[("gstin", told)]);
        assert_eq!(page.value("gstin").unwrap(), typed);
    }
}

#[actix_web::test]
async fn the_owner_sets_a_new_password() {
    let app = App::start().await;
    registered(&app).await;
    app.clock.advance(19 * 60);
    let browser = app.browser();
    let page = to_new(&app, &browser, &ACME).await;
    page.assert_shows("Create a new password");
    assert_eq!(page.value("username").unwrap(), ACME.gstin);
    assert!(page.attribute("input[name=username]", "readonly").is_some());
    for rule in ["Minimum 8 characters", "One number", "One alphabet", "One special character", "Not a common password"]
    {
        assert!(page.has(rule), "{rule}");
    }

    let answer = choose(&page, OTHER_PASSWORD).submit(&browser).await;
    answer.assert_leads_to(LOGIN);
    let login = browser.follow(&answer).await;
    assert_eq!(login.notice().unwrap(), "Password changed at 17:20 IST. Log in with the new one.");

    log_in(&browser, ACME.gstin, PASSWORD)
        .await
        .assert_refused(&[("username", "The username or password is not right")]);
    log_in(&browser, ACME.gstin, OTHER_PASSWORD).await.assert_leads_to("/irp/api-credentials");
}

#[actix_web::test]
async fn the_otp_page_does_not_say_whether_an_otp_went_out() {
    let app = App::start().await;
    registered(&app).await;
    let page = to_otp(&app.browser(), ACME.gstin).await;
    page.assert_shows("Check your email and phone");
    assert!(page.has(
        "If this GSTIN has an account, we sent a 6-digit OTP to its registered email addresses and phone numbers."
    ));
    assert!(page.has("It works until 17:11 IST (10 minutes)."));
    assert!(!page.has("acme.example"), "no address, masked or not: {}", page.text());
}

#[actix_web::test]
async fn the_otp_goes_to_every_registered_contact_in_the_documents_words() {
    let app = App::start().await;
    registered(&app).await;
    let before = app.messages().await.len();
    to_otp(&app.browser(), ACME.gstin).await;
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
        assert_eq!(message.subject, "Your OTP to reset your Sanad password");
        let sentence = format!(
            "{otp} is your OTP to reset your Sanad password for GSTIN 29ABCDE1234F1ZW. It works until 17:11 IST on \
             21/11/2026."
        );
        assert!(message.text.contains(&sentence), "{}", message.text);
        assert!(message.text.contains("We never ask for it by phone or email."));
    }
}

#[actix_web::test]
async fn an_unknown_gstin_gets_the_same_pages_and_nobody_a_message() {
    let app = App::start().await;
    registered(&app).await;
    let (owner, stranger) = (app.browser(), app.browser());
    assert_alike((&ask(&owner, ACME.gstin).await, ACME.gstin), (&ask(&stranger, UNKNOWN).await, UNKNOWN));
    let (known, unknown) = (owner.get(OTP).await, stranger.get(OTP).await);
    assert_alike((&known, ACME.gstin), (&unknown, UNKNOWN));

    // A wrong OTP, five times over: the last kills it.
    let wrong = other_than(&app.last_otp_for(ACME.email).await);
    for _ in 0..5 {
        let known = owner.get(OTP).await.form("Continue").fill("otp", wrong).submit(&owner).await;
        let unknown = stranger.get(OTP).await.form("Continue").fill("otp", wrong).submit(&stranger).await;
        assert_alike((&known, ACME.gstin), (&unknown, UNKNOWN));
    }
    assert_alike((&owner.get(OTP).await, ACME.gstin), (&stranger.get(OTP).await, UNKNOWN));
    assert!(
        app.messages().await.iter().all(|message| !message.text.contains(UNKNOWN) && !message.to.contains("mumbai"))
    );
}

#[actix_web::test]
async fn asking_too_often_is_refused_alike_for_an_unknown_gstin() {
    let app = App::start().await;
    registered(&app).await;
    let (owner, stranger) = (app.browser(), app.browser());
    for (browser, gstin) in [(&owner, ACME.gstin), (&stranger, UNKNOWN)] {
        to_otp(browser, gstin).await;
    }
    let mut answers = Vec::new();
    for _ in 0..5 {
        app.clock.advance(30);
        let mut pair = Vec::new();
        for browser in [&owner, &stranger] {
            pair.push(browser.get(OTP).await.form("Send a new OTP").submit(browser).await);
        }
        assert_alike((&pair[0], ACME.gstin), (&pair[1], UNKNOWN));
        answers.push(pair.swap_remove(0));
    }
    answers[3].assert_leads_to(OTP);
    answers[4].assert_error_page(429, "Too many OTPs");
    assert!(answers[4].has("You asked for 5 OTPs in one hour. You can ask again after 18:01 IST."));
    assert!(answers[4].has("The last one we sent works until 17:13 IST."));
    assert_eq!(answers[4].link("Enter the OTP"), OTP);
}

#[actix_web::test]
async fn nobody_guesses_the_otp_of_a_gstin_without_account() {
    let app = App::start().await;
    let browser = app.browser();
    for guess in ["000000", "123456", "999999"] {
        let page = to_otp(&browser, UNKNOWN).await.form("Continue").fill("otp", guess).submit(&browser).await;
        assert_eq!(page.status, 422, "{}", page.told());
    }
    browser.get(NEW).await.assert_leads_to(OTP);
}

#[actix_web::test]
async fn a_wrong_otp_keeps_the_person_on_the_page() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let page = to_otp(&browser, ACME.gstin).await;
    let wrong = other_than(&app.last_otp_for(ACME.email).await);
    let page = page.form("Continue").fill("otp", wrong).submit(&browser).await;
    page.assert_refused(&[("otp", WRONG_OTP)]);
    assert!(!page.html.contains(wrong));
    browser.get(NEW).await.assert_leads_to(OTP);
}

#[actix_web::test]
async fn a_new_password_follows_the_rules_and_is_never_shown_again() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let page = to_new(&app, &browser, &ACME).await;
    let form = page.form("Save new password");
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
        assert_eq!(page.value("password").unwrap_or_default(), "");
        assert!(password.is_empty() || !page.html.contains(password));
    }
    log_in(&app.browser(), ACME.gstin, PASSWORD).await.assert_leads_to("/irp/api-credentials");
}

#[actix_web::test]
async fn every_session_of_the_account_ends() {
    let app = App::start().await;
    let first = registered(&app).await;
    let second = app.browser();
    log_in(&second, ACME.gstin, PASSWORD).await;
    reset(&app, &ACME, OTHER_PASSWORD).await;
    for browser in [first, second] {
        let page = browser.get("/irp/account").await;
        assert_eq!(page.status, 303);
        assert!(page.location().starts_with(LOGIN));
    }
}

#[actix_web::test]
async fn whoever_resets_a_password_is_not_signed_in_by_it() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let page = to_new(&app, &browser, &ACME).await;
    choose(&page, OTHER_PASSWORD).submit(&browser).await.assert_leads_to(LOGIN);
    assert_eq!(browser.get("/irp/account").await.status, 303);
}

#[actix_web::test]
async fn the_owner_is_told_by_mail() {
    let app = App::start().await;
    registered(&app).await;
    app.clock.advance(19 * 60);
    reset(&app, &ACME, OTHER_PASSWORD).await;
    let messages = app.messages().await;
    let mails: Vec<_> = messages.iter().take_while(|message| message.subject == "Your password was changed").collect();
    assert_eq!(mails.len(), 2);
    for mail in mails {
        for told in [
            "The account password of GSTIN 29ABCDE1234F1ZW was changed.",
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
async fn a_used_journey_changes_nothing_more() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let page = to_new(&app, &browser, &ACME).await;
    choose(&page, OTHER_PASSWORD).submit(&browser).await.assert_leads_to(LOGIN);
    choose(&page, "seven blue stones 8").submit(&browser).await.assert_leads_to(LOGIN);
    browser.get(NEW).await.assert_leads_to(LOGIN);
    log_in(&app.browser(), ACME.gstin, OTHER_PASSWORD).await.assert_leads_to("/irp/api-credentials");
}

#[actix_web::test]
async fn of_two_passwords_sent_at_once_one_is_set() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let page = to_new(&app, &browser, &ACME).await;
    let (one, other) = (choose(&page, OTHER_PASSWORD), choose(&page, "seven blue stones 8"));
    let (one, other) = join(one.submit(&browser), other.submit(&browser)).await;
    one.assert_leads_to(LOGIN);
    other.assert_leads_to(LOGIN);
    let changed = app.messages().await.iter().filter(|mail| mail.subject == "Your password was changed").count();
    assert_eq!(changed, 2, "one change, two addresses");
}

#[actix_web::test]
async fn an_otp_works_once() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let page = to_otp(&browser, ACME.gstin).await;
    let form = page.form("Continue").fill("otp", &app.last_otp_for(ACME.email).await);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    // A second press only goes on.
    go_on(&browser, &form.submit(&browser).await).await.assert_leads_to(NEW);
    choose(&page, OTHER_PASSWORD).submit(&browser).await.assert_leads_to(LOGIN);
    go_on(&browser, &form.submit(&browser).await).await.assert_leads_to(NEW);
    browser.get(NEW).await.assert_leads_to(LOGIN);
}

#[actix_web::test]
async fn a_copy_of_the_session_before_the_otp_sets_no_password() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let page = to_otp(&browser, ACME.gstin).await;
    let planted = browser.clone_cookies();
    let otp = app.last_otp_for(ACME.email).await;
    let answer = page.form("Continue").fill("otp", &otp).submit(&browser).await;
    browser.follow(&answer).await.assert_shows("Create a new password");
    planted.get(NEW).await.assert_leads_to(FORGOT);
}

#[actix_web::test]
async fn steps_cannot_be_opened_out_of_order() {
    let app = App::start().await;
    registered(&app).await;
    for step in [OTP, NEW] {
        let browser = app.browser();
        let answer = browser.get(step).await;
        answer.assert_leads_to(FORGOT);
        assert_eq!(browser.follow(&answer).await.notice().unwrap(), START_HERE);
    }
    let browser = app.browser();
    to_otp(&browser, ACME.gstin).await;
    let answer = browser.get(NEW).await;
    answer.assert_leads_to(OTP);
    assert_eq!(browser.follow(&answer).await.notice().unwrap(), START_HERE);
}

#[actix_web::test]
async fn a_new_password_without_a_right_otp_is_not_taken() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let page = to_new(&app, &browser, &ACME).await;
    let form = choose(&page, OTHER_PASSWORD);
    // The same person begins again and has not typed the new OTP yet.
    let again = ask(&browser, ACME.gstin).await;
    assert_eq!(again.status, 303, "{}", again.told());
    let refused = form.submit(&browser).await;
    assert_ne!(refused.header("location"), LOGIN, "{}", refused.told());
    log_in(&app.browser(), ACME.gstin, PASSWORD).await.assert_leads_to("/irp/api-credentials");
}

#[actix_web::test]
async fn the_otp_of_a_registration_resets_nothing() {
    let app = App::start().await;
    let browser = app.browser();
    register_to(&app, &browser, &PATEL, Step::Password).await;
    browser.get(NEW).await.assert_leads_to(FORGOT);
    browser.get(OTP).await.assert_leads_to(FORGOT);
}

#[actix_web::test]
async fn the_otp_of_one_gstin_does_not_open_another() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    to_otp(&browser, ACME.gstin).await;
    let otp = app.last_otp_for(ACME.email).await;
    let page = to_otp(&browser, UNKNOWN).await;
    page.form("Continue").fill("otp", &otp).submit(&browser).await.assert_refused(&[("otp", WRONG_OTP)]);
}

#[actix_web::test]
async fn a_journey_left_alone_for_30_minutes_begins_anew() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let page = to_new(&app, &browser, &ACME).await;
    app.clock.advance(30 * 60);
    go_on(&browser, &choose(&page, OTHER_PASSWORD).submit(&browser).await).await.assert_shows("Forgot password");
    log_in(&app.browser(), ACME.gstin, PASSWORD).await.assert_leads_to("/irp/api-credentials");
}

#[actix_web::test]
async fn whoever_is_signed_in_changes_the_password_elsewhere() {
    let app = App::start().await;
    let browser = registered(&app).await;
    for step in [FORGOT, OTP, NEW] {
        browser.get(step).await.assert_leads_to("/irp/api-credentials");
    }
}

#[actix_web::test]
async fn a_new_password_obeys_the_policy_in_force() {
    let app = App::start_with(&[("PASSWORD_POLICY", "nist")]).await;
    registered(&app).await;
    let browser = app.browser();
    let page = to_new(&app, &browser, &ACME).await;
    assert!(page.has("Minimum 15 characters"));
    let refused = choose(&page, "pine cone 4 me").submit(&browser).await;
    refused.assert_refused(&[("password", "Password must be 15 characters or more")]);
    choose(&page, "correctly battered staplers").submit(&browser).await.assert_leads_to(LOGIN);
}

#[actix_web::test]
async fn a_strangers_wrong_otps_do_not_stop_the_owners_own() {
    let app = App::start().await;
    let owner = registered(&app).await;
    // Four OTPs of five tries each use up what anonymous walks may fail in a day.
    for _ in 0..4 {
        let stranger = app.browser();
        let page = to_otp(&stranger, ACME.gstin).await;
        let wrong = other_than(&app.last_otp_for(ACME.email).await);
        for _ in 0..5 {
            page.form("Continue").fill("otp", wrong).submit(&stranger).await;
        }
    }
    let stranger = app.browser();
    let page = to_otp(&stranger, ACME.gstin).await;
    let otp = app.last_otp_for(ACME.email).await;
    page.form("Continue").fill("otp", &otp).submit(&stranger).await.assert_error_page(429, "Too many tries");

    // The registration's own proof is over by then, so the owner needs an OTP.
    app.clock.advance(10 * 60);
    let answer = owner.get("/irp/api-credentials").await.form("Create API credentials").submit(&owner).await;
    let page = go_on(&owner, &answer).await;
    let otp = app.last_otp_for(ACME.email).await;
    let answer = page.form("Continue").fill("otp", &otp).submit(&owner).await;
    answer.assert_leads_to("/irp/api-credentials/new");
}
