//! C2, `/gst/forgot-username`: the username, for whoever holds the registered email or phone; a stranger learns nothing.

use futures_util::future::join;

use crate::bad_input::refuses_all;
use crate::sameness::assert_alike;
use crate::support::samples::{ACME, ACME_OTHER_EMAIL, KAVERI, PASSWORD, PATEL};
use crate::support::walk::{go_on, registered};
use crate::support::walk_gst::{USERNAME, ask_first_password, first_login, log_in, signed_in};
use crate::support::{App, Browser, Page, Sample};

const FORGOT: &str = "/gst/forgot-username";
const OTP: &str = "/gst/forgot-username/otp";
const DONE: &str = "/gst/forgot-username/done";
const LOGIN: &str = "/gst/login";
const SUBJECT: &str = "Your GST portal username";
const START_HERE: &str = "Start here. We need this before the next step.";
const WRONG_OTP: &str = "That OTP is not right. Check it and try again.";
/// A valid number that the register does not know.
const UNKNOWN: &str = "29QQQQQ4321Q1ZF";

/// A portal where ACME has the account `USERNAME`.
async fn with_account() -> App {
    let app = App::start().await;
    first_login(&app, &ACME, USERNAME, PASSWORD).await;
    app
}

async fn ask(browser: &Browser, gstin: &str) -> Page {
    browser.get(FORGOT).await.form("Generate OTP").fill("gstin", gstin).submit(browser).await
}

/// The page that asks for the OTP.
async fn to_otp(browser: &Browser, gstin: &str) -> Page {
    let answer = ask(browser, gstin).await;
    answer.assert_leads_to(OTP);
    browser.follow(&answer).await
}

async fn type_otp(browser: &Browser, page: &Page, otp: &str) -> Page {
    page.form("Continue").fill("otp", otp).submit(browser).await
}

/// The page that shows the username.
async fn to_done(app: &App, browser: &Browser, who: &Sample) -> Page {
    let page = to_otp(browser, who.gstin).await;
    let answer = type_otp(browser, &page, &app.last_otp_for(who.email).await).await;
    answer.assert_leads_to(DONE);
    browser.follow(&answer).await
}

fn other_than(otp: &str) -> &'static str {
    if otp == "000000" { "111111" } else { "000000" }
}

#[actix_web::test]
async fn the_page_has_the_words_of_the_document() {
    let app = App::start().await;
    let page = app.browser().get(FORGOT).await;
    page.assert_shows("Forgot Username");
    assert_eq!(page.title(), "Forgot Username – GST portal – Sanad");
    assert_eq!(page.all("main label"), ["GSTIN/UIN or Provisional ID"]);
    assert_eq!(page.all("main button"), ["Generate OTP"]);
    assert_eq!(page.link("Back to log in"), LOGIN);
}

#[actix_web::test]
async fn what_is_no_gstin_is_refused_and_kept_as_typed() {
    let app = App::start().await;
    let browser = app.browser();
    for (typed, told) in [
        ("", "Enter your GSTIN"),
        ("29ABCDE1234F1Z", "GSTIN must be 15 characters. You entered 14."),
        ("acmegst01abcdef", "GSTIN must be 2 numbers, a 10-character PAN, then 3 letters or numbers"),
    ] {
        let page = ask(&browser, typed).await;
        page.assert_refused(&[("gstin", told)]);
        assert_eq!(page.value("gstin").unwrap(), typed);
    }
    refuses_all(&browser, &browser.get(FORGOT).await.form("Generate OTP"), "gstin", None).await;
}

#[actix_web::test]
async fn the_owner_sees_the_username_and_gets_it_by_mail() {
    let app = with_account().await;
    app.clock.advance(19 * 60);
    let browser = app.browser();
    let page = to_done(&app, &browser, &ACME).await;
    page.assert_shows("Your username");
    assert!(page.has("Your username is acmegst01."));
    assert!(page.has("We sent it to the email addresses registered for 29ABCDE1234F1ZW too."));
    assert_eq!(page.link("Login"), LOGIN);

    let messages = app.messages().await;
    let mails: Vec<_> = messages.iter().take_while(|mail| mail.subject == SUBJECT).collect();
    assert_eq!(mails.len(), 2);
    for mail in mails {
        for told in [
            "The username of GSTIN 29ABCDE1234F1ZW in the GST portal is acmegst01.",
            "21/11/2026 17:20 IST",
            "127.0.0.1",
            "Firefox/140.0",
        ] {
            assert!(mail.text.contains(told), "{told}: {}", mail.text);
        }
    }
    // Shown again when the page is opened again, and nobody is signed in by it.
    assert!(browser.get(DONE).await.has("Your username is acmegst01."));
    browser.get("/gst/dashboard").await.assert_leads_to("/gst/login?return=/gst/dashboard");
    log_in(&browser, USERNAME, PASSWORD).await.assert_leads_to("/gst/dashboard");
}

#[actix_web::test]
async fn one_otp_goes_to_every_registered_contact() {
    let app = with_account().await;
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
        let expected =
            format!("{otp} is your OTP to see your GST username. Valid 10 min. Do not share it.\n\n@127.0.0.1 #{otp}");
        assert_eq!(message.text, expected);
    }
    for message in sent.iter().filter(|message| message.channel == "Email") {
        assert_eq!(message.subject, "Your OTP to see your GST username");
        let sentence = format!(
            "{otp} is your OTP to see your GST username for GSTIN 29ABCDE1234F1ZW. It works until 17:11 IST on \
             21/11/2026."
        );
        assert!(message.text.contains(&sentence), "{}", message.text);
    }
}

#[actix_web::test]
async fn the_otp_page_does_not_say_whether_an_otp_went_out() {
    let app = with_account().await;
    let page = to_otp(&app.browser(), ACME.gstin).await;
    page.assert_shows("Check your email and phone");
    assert!(page.has(
        "If this GSTIN has an account, we sent a 6-digit OTP to its registered email addresses and phone numbers."
    ));
    assert!(page.has("It works until 17:11 IST (10 minutes)."));
    for secret in ["acme.example", "3210", USERNAME] {
        assert!(!page.html.contains(secret), "tells {secret}");
    }
}

#[actix_web::test]
async fn a_gstin_without_account_gets_the_same_pages_and_nobody_a_message() {
    let app = with_account().await;
    first_login(&app, &KAVERI, "kaverigst1", PASSWORD).await;
    let before = app.messages().await.len();
    // PATEL is in the register and has no account here; the other is not even there.
    let (owner, others) = (app.browser(), [(app.browser(), PATEL.gstin), (app.browser(), UNKNOWN)]);
    let answer = ask(&owner, KAVERI.gstin).await;
    for (browser, gstin) in &others {
        assert_alike((&answer, KAVERI.gstin), (&ask(browser, gstin).await, gstin));
    }
    let wrong = other_than(&app.last_otp_for(KAVERI.email).await);
    // The last one kills it.
    for typed in ["", "12345", wrong, wrong, wrong, wrong, wrong] {
        let page = owner.get(OTP).await;
        let told = type_otp(&owner, &page, typed).await;
        for (browser, gstin) in &others {
            let other = browser.get(OTP).await;
            assert_alike((&page, KAVERI.gstin), (&other, gstin));
            assert_alike((&told, KAVERI.gstin), (&type_otp(browser, &other, typed).await, gstin));
        }
    }
    assert!(owner.get(OTP).await.has("Too many wrong OTPs"));
    assert_eq!(app.messages().await.len() - before, 6, "three emails, three phones of the owner");
    for (browser, _) in &others {
        browser.get(DONE).await.assert_leads_to(OTP);
    }
}

#[actix_web::test]
async fn an_irp_account_alone_has_no_username_here() {
    let app = App::start().await;
    registered(&app).await;
    let before = app.messages().await.len();
    to_otp(&app.browser(), ACME.gstin).await;
    assert_eq!(app.messages().await.len(), before);
}

#[actix_web::test]
async fn asking_too_often_is_refused_alike_for_an_unknown_gstin() {
    let app = with_account().await;
    for gstin in [ACME.gstin, UNKNOWN] {
        for _ in 0..5 {
            to_otp(&app.browser(), gstin).await;
        }
    }
    let (known, unknown) = (ask(&app.browser(), ACME.gstin).await, ask(&app.browser(), UNKNOWN).await);
    known.assert_error_page(429, "Too many OTPs");
    assert!(known.has("You asked for 5 OTPs in one hour. You can ask again after 18:01 IST."));
    assert_alike((&known, ACME.gstin), (&unknown, UNKNOWN));
}

#[actix_web::test]
async fn a_new_otp_replaces_the_old_one() {
    let app = with_account().await;
    let browser = app.browser();
    let page = to_otp(&browser, ACME.gstin).await;
    let old = app.last_otp_for(ACME.email).await;
    let early = page.form("Send a new OTP").submit(&browser).await;
    assert_eq!((early.status, early.header("retry-after").as_str()), (429, "30"));
    app.clock.advance(30);
    let page = go_on(&browser, &page.form("Send a new OTP").submit(&browser).await).await;
    assert_eq!(page.notice().unwrap(), "We sent a new OTP at 17:01 IST. Only the newest one works.");
    let new = app.last_otp_for(ACME.email).await;
    if old != new {
        let refused = type_otp(&browser, &page, &old).await;
        refused.assert_refused(&[("otp", "That OTP was replaced by a newer one. Use the newest OTP.")]);
    }
    type_otp(&browser, &page, &new).await.assert_leads_to(DONE);
}

#[actix_web::test]
async fn a_wrong_or_expired_otp_shows_no_username() {
    let app = with_account().await;
    let browser = app.browser();
    let page = to_otp(&browser, ACME.gstin).await;
    let otp = app.last_otp_for(ACME.email).await;
    let refused = type_otp(&browser, &page, other_than(&otp)).await;
    refused.assert_refused(&[("otp", WRONG_OTP)]);
    app.clock.advance(600);
    let refused = type_otp(&browser, &page, &otp).await;
    refused.assert_refused(&[("otp", "That OTP has expired. Ask for a new one.")]);
    browser.get(DONE).await.assert_leads_to(OTP);
    assert!(app.messages().await.iter().all(|mail| mail.subject != SUBJECT));
}

#[actix_web::test]
async fn continue_pressed_twice_mails_the_username_once() {
    let app = with_account().await;
    let browser = app.browser();
    let page = to_otp(&browser, ACME.gstin).await;
    let form = page.form("Continue").fill("otp", &app.last_otp_for(ACME.email).await);
    let (one, other) = join(form.submit(&browser), form.submit(&browser)).await;
    for answer in [one, other] {
        assert_eq!(answer.status, 303, "{}", answer.told());
    }
    let mut page = browser.get(OTP).await;
    page.assert_leads_to(DONE);
    page = browser.follow(&page).await;
    assert!(page.has("Your username is acmegst01."));
    let mails = app.messages().await.iter().filter(|mail| mail.subject == SUBJECT).count();
    assert_eq!(mails, 2, "one to each address");
}

#[actix_web::test]
async fn steps_cannot_be_opened_out_of_order() {
    let app = with_account().await;
    for step in [OTP, DONE] {
        let browser = app.browser();
        let answer = browser.get(step).await;
        answer.assert_leads_to(FORGOT);
        assert_eq!(browser.follow(&answer).await.notice().unwrap(), START_HERE);
    }
    let browser = app.browser();
    to_otp(&browser, ACME.gstin).await;
    browser.get(DONE).await.assert_leads_to(OTP);
}

#[actix_web::test]
async fn the_otp_of_one_session_does_not_open_another() {
    let app = with_account().await;
    let (owner, stranger) = (app.browser(), app.browser());
    to_otp(&owner, ACME.gstin).await;
    let otp = app.last_otp_for(ACME.email).await;
    let page = to_otp(&stranger, ACME.gstin).await;
    if app.last_otp_for(ACME.email).await != otp {
        type_otp(&stranger, &page, &otp).await.assert_refused(&[("otp", WRONG_OTP)]);
    }
    let page = to_otp(&owner, PATEL.gstin).await;
    type_otp(&owner, &page, &otp).await.assert_refused(&[("otp", WRONG_OTP)]);
}

#[actix_web::test]
async fn the_steps_of_another_walk_open_nothing_here() {
    let app = with_account().await;
    let browser = app.browser();
    ask_first_password(&browser, PATEL.gstin).await.assert_leads_to("/gst/first-login");
    for step in [OTP, DONE] {
        browser.get(step).await.assert_leads_to(FORGOT);
    }
    let browser = app.browser();
    to_otp(&browser, ACME.gstin).await;
    browser.get("/gst/forgot-password/otp").await.assert_leads_to("/gst/forgot-password");
    browser.get("/gst/first-login/credentials").await.assert_leads_to("/gst/first-login");
}

#[actix_web::test]
async fn a_copy_of_the_session_before_the_otp_shows_no_username() {
    let app = with_account().await;
    let browser = app.browser();
    let page = to_otp(&browser, ACME.gstin).await;
    let planted = browser.clone_cookies();
    let answer = type_otp(&browser, &page, &app.last_otp_for(ACME.email).await).await;
    browser.follow(&answer).await.assert_shows("Your username");
    planted.get(DONE).await.assert_leads_to(FORGOT);
}

#[actix_web::test]
async fn a_walk_left_alone_for_30_minutes_begins_anew() {
    let app = with_account().await;
    let browser = app.browser();
    to_done(&app, &browser, &ACME).await;
    app.clock.advance(30 * 60);
    browser.get(DONE).await.assert_leads_to(FORGOT);
}

#[actix_web::test]
async fn whoever_is_signed_in_knows_the_username() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for step in [FORGOT, OTP, DONE] {
        browser.get(step).await.assert_leads_to("/gst/dashboard");
    }
}
