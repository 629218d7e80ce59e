//! The OTP between OTPREQUEST and AUTHTOKEN: the ordinary step, with a purpose of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;

use super::with_access;
use crate::machine::MINUTE;
use crate::support::samples::{ACME, ACME_OTHER_EMAIL, KAVERI};
use crate::support::software::{Answer, Software, aes_seal, random_key};
use crate::support::walk::go_on;
use crate::support::walk_gst::{choose_yes, signed_in_as};
use crate::support::{App, Browser, Page};

const SUBJECT: &str = "Your OTP to let software sign in";

fn other_than(otp: &str) -> &'static str {
    if otp == "000000" { "111111" } else { "000000" }
}

fn is_given(answer: &Answer) -> bool {
    answer.status == 200 && answer.json["status_cd"] == "1"
}

/// How many mails have brought an OTP for software to ACME's first address.
async fn mailed(app: &App) -> usize {
    app.messages().await.iter().filter(|mail| mail.to == ACME.email && mail.subject == SUBJECT).count()
}

#[actix_web::test]
async fn the_otp_goes_to_every_contact_and_says_what_it_allows() {
    let (app, _, software) = with_access("30d").await;
    let before = app.messages().await.len();
    let otp = software.otp(&app).await;
    let messages = app.messages().await;
    let sent = &messages[..messages.len() - before];
    let mut to: Vec<_> = sent.iter().map(|message| message.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["919876501234", "919876543210", ACME_OTHER_EMAIL, ACME.email]);
    for message in sent {
        match message.channel.as_str() {
            "SMS" => {
                let sentence = "is your OTP to let software sign in for GSTIN ending F1ZW on Sanad. Valid 10 min. Do \
                                not share it.";
                assert_eq!(message.text, format!("{otp} {sentence}\n\n@127.0.0.1 #{otp}"));
            }
            _ => {
                assert_eq!(message.subject, SUBJECT);
                let sentence = "is your OTP to let software sign in for GSTIN 29ABCDE1234F1ZW. It works until ";
                let sentence = format!("{otp} {sentence}");
                assert!(message.text.contains(&sentence), "{}", message.text);
            }
        }
    }
    assert!(is_given(&software.type_otp(&otp).await));
}

#[actix_web::test]
async fn an_otp_is_used_once() {
    let (app, _, software) = with_access("30d").await;
    let otp = software.otp(&app).await;
    assert!(is_given(&software.type_otp(&otp).await));
    software.type_otp(&otp).await.assert_gstn("AUTH4033");
}

#[actix_web::test]
async fn an_otp_typed_many_times_at_once_opens_one_session() {
    let (app, _, software) = with_access("30d").await;
    let otp = software.otp(&app).await;
    let answers = join_all((0..8).map(|_| software.type_otp(&otp))).await;
    let (given, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| is_given(answer));
    assert_eq!(given.len(), 1);
    refused.iter().for_each(|answer| answer.assert_gstn("AUTH4033"));
}

#[actix_web::test]
async fn an_otp_works_to_its_last_second() {
    let (app, _, software) = with_access("30d").await;
    let otp = software.otp(&app).await;
    app.clock.advance(10 * MINUTE - 1);
    assert!(is_given(&software.type_otp(&otp).await));
    let otp = software.otp(&app).await;
    app.clock.advance(10 * MINUTE);
    software.type_otp(&otp).await.assert_gstn("AUTH4033");
    let next = software.otp(&app).await;
    assert!(is_given(&software.type_otp(&next).await));
}

#[actix_web::test]
async fn an_otp_dies_with_the_fifth_wrong_try() {
    let (app, _, software) = with_access("30d").await;
    let otp = software.otp(&app).await;
    for _ in 0..4 {
        software.type_otp(other_than(&otp)).await.assert_gstn("AUTH4034");
    }
    // The last one: another OTP must be asked for, even for the right one.
    for typed in [other_than(&otp), &otp] {
        software.type_otp(typed).await.assert_gstn("AUTH4033");
    }
    app.clock.advance(30);
    let next = software.otp(&app).await;
    assert!(is_given(&software.type_otp(&next).await));
}

#[actix_web::test]
async fn four_wrong_tries_leave_one() {
    let (app, _, software) = with_access("30d").await;
    let otp = software.otp(&app).await;
    for _ in 0..4 {
        software.type_otp(other_than(&otp)).await.assert_gstn("AUTH4034");
    }
    assert!(is_given(&software.type_otp(&otp).await));
}

#[actix_web::test]
async fn tries_at_the_same_moment_are_counted_one_by_one() {
    let (app, _, software) = with_access("30d").await;
    let otp = software.otp(&app).await;
    let wrong = other_than(&otp);
    let answers = join_all((0..20).map(|_| software.type_otp(wrong))).await;
    let compared = answers.iter().filter(|answer| answer.gstn_fault().0 == "AUTH4034").count();
    assert_eq!(compared, 4, "the fifth and all after it hear that the OTP is dead");
    software.type_otp(&otp).await.assert_gstn("AUTH4033");
}

#[actix_web::test]
async fn what_cannot_be_an_otp_uses_up_no_try() {
    let (app, _, software) = with_access("30d").await;
    let otp = software.otp(&app).await;
    for typed in ["", "12345", "1234567", "abcdef", "१२३४५६", "\0\0\0\0\0\0"] {
        software.type_otp(typed).await.assert_gstn("AUTH4034");
    }
    // Encrypted under another key, and not encrypted at all.
    let app_key = random_key();
    let mut body = software.auth_token(&app_key, &otp).await;
    for sealed in [aes_seal(&random_key(), otp.as_bytes()), otp.clone().into_bytes()] {
        body["otp"] = STANDARD.encode(sealed).into();
        software.gstn(&body).await.assert_gstn("AUTH4034");
    }
    assert!(is_given(&software.type_otp(&otp).await));
}

#[actix_web::test]
async fn a_second_request_within_30_seconds_is_answered_and_sends_nothing() {
    let (app, _, software) = with_access("30d").await;
    let otp = software.otp(&app).await;
    for wait in [0, 29] {
        app.clock.advance(wait);
        software.ask_otp().await.assert_done();
        assert_eq!(mailed(&app).await, 1, "after {wait} s");
    }
    assert!(is_given(&software.type_otp(&otp).await));
}

#[actix_web::test]
async fn requests_at_the_same_moment_send_one_otp() {
    let (app, _, software) = with_access("30d").await;
    for answer in join_all((0..8).map(|_| software.ask_otp())).await {
        answer.assert_done();
    }
    assert_eq!(mailed(&app).await, 1);
    let otp = app.last_otp_for(ACME.email).await;
    assert!(is_given(&software.type_otp(&otp).await));
}

#[actix_web::test]
async fn a_request_after_30_seconds_sends_another_and_the_first_one_is_dead() {
    let (app, _, software) = with_access("30d").await;
    let first = software.otp(&app).await;
    app.clock.advance(30);
    let second = software.otp(&app).await;
    assert_eq!(mailed(&app).await, 2);
    if first != second {
        software.type_otp(&first).await.assert_gstn("AUTH4034");
    }
    assert!(is_given(&software.type_otp(&second).await));
}

#[actix_web::test]
async fn the_sixth_otp_within_an_hour_is_too_many_and_says_when_there_is_another() {
    let (app, _, software) = with_access("30d").await;
    for _ in 0..5 {
        software.ask_otp().await.assert_done();
        app.clock.advance(30);
    }
    let answer = software.ask_otp().await;
    assert_eq!(answer.gstn_fault().0, "SWEB9035");
    app.clock.advance(answer.retry_after() - 1);
    assert_eq!(software.ask_otp().await.status, 429);
    app.clock.advance(1);
    software.ask_otp().await.assert_done();
}

// --- Whose OTP it is ----------------------------------------------------------------------------

#[actix_web::test]
async fn the_otp_of_one_integrator_is_of_no_use_to_another() {
    let (app, _, software) = with_access("30d").await;
    let other = Software::of_integrator(&app, "other-erp", |_| {}).await;
    let otp = software.otp(&app).await;
    other.type_otp(&otp).await.assert_gstn("AUTH4033");
    app.clock.advance(1);
    let others = other.otp(&app).await;
    if others != otp {
        other.type_otp(&otp).await.assert_gstn("AUTH4034");
        software.type_otp(&others).await.assert_gstn("AUTH4034");
    }
    assert!(is_given(&software.type_otp(&otp).await));
    assert!(is_given(&other.type_otp(&others).await));
}

#[actix_web::test]
async fn another_integrator_cannot_guess_an_otp_away() {
    let (app, _, software) = with_access("30d").await;
    let other = Software::of_integrator(&app, "other-erp", |_| {}).await;
    let otp = software.otp(&app).await;
    app.clock.advance(1);
    let others = other.otp(&app).await;
    for _ in 0..6 {
        assert!(!is_given(&other.type_otp(other_than(&others)).await));
    }
    assert!(is_given(&software.type_otp(&otp).await));
}

/// The page that asks for the OTP of somebody who has forgotten their username.
async fn forgotten_username(browser: &Browser) -> Page {
    let form = browser.get("/gst/forgot-username").await.form("Generate OTP").fill("gstin", ACME.gstin);
    go_on(browser, &form.submit(browser).await).await
}

#[actix_web::test]
async fn an_otp_of_another_purpose_opens_nothing_and_ours_opens_no_other() {
    let (app, _, software) = with_access("30d").await;
    let browser = app.browser();
    let page = forgotten_username(&browser).await;
    let of_username = app.last_otp_for(ACME.email).await;
    software.type_otp(&of_username).await.assert_gstn("AUTH4033");
    app.clock.advance(1);
    let of_software = software.otp(&app).await;
    if of_username != of_software {
        software.type_otp(&of_username).await.assert_gstn("AUTH4034");
        let answer = page.form("Continue").fill("otp", &of_software).submit(&browser).await;
        answer.assert_refused(&[("otp", "That OTP is not right. Check it and try again.")]);
    }
    assert!(is_given(&software.type_otp(&of_software).await));
    let answer = page.form("Continue").fill("otp", &of_username).submit(&browser).await;
    answer.assert_leads_to("/gst/forgot-username/done");
}

#[actix_web::test]
async fn the_otp_of_one_taxpayer_opens_no_session_for_another() {
    let (app, _, software) = with_access("30d").await;
    let kaveri = signed_in_as(&app, &KAVERI, "kaveri2026").await;
    go_on(&kaveri, &choose_yes(&kaveri, "30d").await).await;
    let otp = software.otp(&app).await;
    let app_key = random_key();
    let mut body = software.auth_token(&app_key, &otp).await;
    body["username"] = "kaveri2026".into();
    let headers = software.gstn_headers().replace("state-cd", "33");
    let answer = software.post("/taxpayerapi/v1.0/authenticate", headers, body.to_string()).await;
    answer.assert_gstn("AUTH4033");
    assert!(is_given(&software.type_otp(&otp).await));
}

#[actix_web::test]
async fn without_any_request_there_is_nothing_to_type() {
    let (_app, _, software) = with_access("30d").await;
    software.type_otp("123456").await.assert_gstn("AUTH4033");
}
