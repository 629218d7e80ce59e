//! POST `/taxpayerapi/v1.0/authenticate`: the walk from OTPREQUEST to LOGOUT, and how long a token works.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde_json::json;

use super::with_access;
use crate::machine::{HOUR, MINUTE};
use crate::support::App;
use crate::support::app::START;
use crate::support::samples::ACME;
use crate::support::software::{AUTHENTICATE, GstSession, Software, aes_seal, random_key};
use crate::support::walk_gst::{USERNAME, choose_yes, signed_in_again};

const DAY: i64 = 24 * HOUR;

/// What the gateway of an operator says to a token.
async fn is_active(app: &App, session: &GstSession) -> bool {
    let gateway = Software::of_integrator(app, "gateway", |key| key.gateway = true).await;
    gateway.introspect(&session.token).await.json["active"].as_bool().unwrap()
}

#[actix_web::test]
async fn an_otp_opens_a_session_of_360_minutes() {
    let (app, _, software) = with_access("30d").await;
    let session = software.gst_session(&app).await;
    assert!(session.token.len() >= 25 && session.token.chars().all(|letter| letter.is_ascii_alphanumeric()));
    assert_eq!(session.expiry, 360);
    assert!(is_active(&app, &session).await);
    app.clock.advance(6 * HOUR - 1);
    assert!(is_active(&app, &session).await);
    app.clock.advance(1);
    assert!(!is_active(&app, &session).await);
}

#[actix_web::test]
async fn the_old_version_of_the_address_is_the_same_door() {
    let (app, _, software) = with_access("30d").await;
    let old = "/taxpayerapi/v0.2/authenticate";
    let (headers, app_key) = (software.gstn_headers(), random_key());
    software.post(old, headers.clone(), software.otp_request().await.to_string()).await.assert_done();
    let body = software.auth_token(&app_key, &app.last_otp_for(ACME.email).await).await;
    let session = GstSession::of(&software.post(old, headers, body.to_string()).await, &app_key);
    software.refreshed(&session).await;
}

#[actix_web::test]
async fn a_session_lasts_the_whole_minutes_that_are_left_of_api_access() {
    let (app, _, software) = with_access("6h").await;
    for (left, minutes) in
        [(6 * HOUR, 360), (6 * HOUR - 1, 359), (5 * HOUR, 300), (2 * MINUTE, 2), (2 * MINUTE - 1, 1), (MINUTE, 1)]
    {
        let passed = app.clock.now().since(START);
        app.clock.advance(6 * HOUR - left - passed);
        let session = software.gst_session(&app).await;
        assert_eq!(session.expiry, minutes, "{left} s before the end");
    }
    app.clock.advance(1);
    software.ask_otp().await.assert_gstn("AUTH4037");
}

#[actix_web::test]
async fn a_session_ends_with_api_access_at_the_latest() {
    let (app, _, software) = with_access("6h").await;
    app.clock.advance(HOUR);
    let session = software.gst_session(&app).await;
    assert_eq!(session.expiry, 300);
    app.clock.advance(5 * HOUR - 1);
    assert!(is_active(&app, &session).await);
    app.clock.advance(1);
    assert!(!is_active(&app, &session).await);
    software.refresh(&session).await.assert_gstn("AUTH4037");
}

// --- REFRESHTOKEN -------------------------------------------------------------------------------

#[actix_web::test]
async fn a_refresh_needs_no_otp_and_ends_the_token_before() {
    let (app, _, software) = with_access("30d").await;
    let first = software.gst_session(&app).await;
    let messages = app.messages().await.len();
    app.clock.advance(6 * HOUR - 1);
    let second = software.refreshed(&first).await;
    assert!(second.token != first.token && second.key != first.key);
    assert_eq!(second.expiry, 360);
    assert!(is_active(&app, &second).await && !is_active(&app, &first).await);
    software.refresh(&first).await.assert_gstn("AUTH4038");
    assert_eq!(app.messages().await.len(), messages, "nobody is told anything");
    app.clock.advance(6 * HOUR - 1);
    assert!(is_active(&app, &second).await, "360 minutes of its own");
}

#[actix_web::test]
async fn refreshes_reach_to_the_end_of_api_access_and_no_further() {
    let (app, _, software) = with_access("12h").await;
    let mut session = software.gst_session(&app).await;
    for (wait, minutes) in [(5 * HOUR, 360), (5 * HOUR, 120), (HOUR + 30, 59), (58 * MINUTE, 1)] {
        app.clock.advance(wait);
        session = software.refreshed(&session).await;
        assert_eq!(session.expiry, minutes, "{wait} s later");
    }
    // The session has half a minute left, API access one second less than a minute.
    app.clock.advance(31);
    software.refresh(&session).await.assert_gstn("AUTH4037");
}

#[actix_web::test]
async fn a_session_that_is_over_needs_another_otp() {
    let (app, _, software) = with_access("30d").await;
    let session = software.gst_session(&app).await;
    app.clock.advance(6 * HOUR);
    software.refresh(&session).await.assert_gstn("AUTH4038");
    let next = software.gst_session(&app).await;
    assert_ne!(next.token, session.token);
}

#[actix_web::test]
async fn refreshes_at_the_same_moment_give_one_session() {
    let (app, _, software) = with_access("30d").await;
    let session = software.gst_session(&app).await;
    let app_keys: Vec<_> = (0..8).map(|_| random_key()).collect();
    let bodies: Vec<_> = app_keys.iter().map(|app_key| software.refresh_token(&session, app_key)).collect();
    let answers = join_all(bodies.iter().map(|body| software.gstn(body))).await;
    let (given, refused): (Vec<_>, Vec<_>) =
        answers.iter().zip(&app_keys).partition(|(answer, _)| answer.json["status_cd"] == "1");
    assert_eq!((given.len(), refused.len()), (1, 7));
    refused.iter().for_each(|(answer, _)| answer.assert_gstn("AUTH4038"));
    let (answer, app_key) = given[0];
    assert!(is_active(&app, &GstSession::of(answer, app_key)).await);
}

#[actix_web::test]
async fn the_app_key_of_a_refresh_is_encrypted_under_the_session_key_and_nothing_else() {
    let (app, _, software) = with_access("30d").await;
    let session = software.gst_session(&app).await;
    let app_key = random_key();
    let sealed = |key: &[u8], plain: &[u8]| STANDARD.encode(aes_seal(key, plain));
    for wrong in [
        sealed(&app_key, &app_key),
        sealed(&session.key, &app_key[1..]),
        sealed(&session.key, STANDARD.encode(&app_key).as_bytes()),
        software.sealed_app_key(&app_key).await,
        STANDARD.encode(&app_key),
        "x".to_owned(),
    ] {
        let mut body = software.refresh_token(&session, &app_key);
        body["app_key"] = wrong.into();
        software.gstn(&body).await.assert_gstn("AUTH4036");
    }
    assert!(is_active(&app, &session).await, "a wrong key ends nothing");
    software.refreshed(&session).await;
}

// --- LOGOUT -------------------------------------------------------------------------------------

#[actix_web::test]
async fn a_logout_ends_its_own_session_and_may_be_repeated() {
    let (app, _, software) = with_access("30d").await;
    let (first, second) = (software.gst_session(&app).await, software.gst_session(&app).await);
    for _ in 0..2 {
        software.gstn(&software.logout(&first).await).await.assert_done();
    }
    assert!(!is_active(&app, &first).await && is_active(&app, &second).await);
    software.refresh(&first).await.assert_gstn("AUTH4038");
    software.refreshed(&second).await;
}

#[actix_web::test]
async fn nobody_ends_or_renews_the_session_of_another_integrator() {
    let (app, _, software) = with_access("30d").await;
    let session = software.gst_session(&app).await;
    let other = Software::of_integrator(&app, "other-erp", |_| {}).await;
    other.gstn(&other.logout(&session).await).await.assert_gstn("AUTH4033");
    other.refresh(&session).await.assert_gstn("AUTH4033");
    assert!(is_active(&app, &session).await);
}

#[actix_web::test]
async fn the_token_may_stand_in_the_header_instead() {
    let (app, _, software) = with_access("30d").await;
    let session = software.gst_session(&app).await;
    let mut body = software.logout(&session).await;
    body.as_object_mut().unwrap().remove("auth_token").unwrap();
    let headers = software.gstn_headers().with("auth-token", &session.token);
    software.post(AUTHENTICATE, headers, body.to_string()).await.assert_done();
    assert!(!is_active(&app, &session).await);
}

// --- Restart and range --------------------------------------------------------------------------

#[actix_web::test]
async fn a_session_and_an_otp_live_through_a_restart() {
    let (mut app, _, software) = with_access("30d").await;
    let session = software.gst_session(&app).await;
    let otp = software.otp(&app).await;
    app.restart().await;
    let software = Software::of(&app).await;
    assert!(is_active(&app, &session).await);
    let next = software.refreshed(&session).await;
    assert!(is_active(&app, &next).await);
    let app_key = random_key();
    GstSession::of(&software.gstn(&software.auth_token(&app_key, &otp).await).await, &app_key);
}

#[actix_web::test]
async fn another_yes_leaves_the_sessions_as_they_are() {
    let (app, browser, software) = with_access("30d").await;
    let session = software.gst_session(&app).await;
    app.clock.advance(MINUTE);
    choose_yes(&browser, "6h").await.assert_leads_to("/gst/profile/api-access");
    assert!(is_active(&app, &session).await);
    app.clock.advance(5 * HOUR);
    assert_eq!(software.refreshed(&session).await.expiry, 60, "what is left of the new time");
}

#[actix_web::test]
async fn a_session_may_be_asked_for_again_on_the_last_of_thirty_days() {
    let (app, _, software) = with_access("30d").await;
    app.clock.advance(30 * DAY - 10 * MINUTE);
    assert_eq!(software.gst_session(&app).await.expiry, 10);
    signed_in_again(&app).await;
}

#[actix_web::test]
async fn the_username_is_known_in_any_letter_case() {
    let (app, _, software) = with_access("30d").await;
    let mut body = software.otp_request().await;
    body["username"] = json!(USERNAME.to_ascii_uppercase());
    software.gstn(&body).await.assert_done();
    let mut body = software.auth_token(&random_key(), &app.last_otp_for(ACME.email).await).await;
    body["username"] = json!(" AcmeGst01 ");
    assert_eq!(software.gstn(&body).await.json["status_cd"], "1");
}
