//! What Manage API Access means to software: without it there is no session, and No ends every one at once.

use sanad::store::{StoreError, api_access};

use super::with_access;
use crate::machine::{DAY, HOUR, MINUTE, freeze_account};
use crate::support::samples::ACME;
use crate::support::software::{GstSession, Software};
use crate::support::walk::go_on;
use crate::support::walk_gst::{choose_no, choose_yes, signed_in, signed_in_again};
use crate::support::{App, Browser};

async fn is_active(app: &App, session: &GstSession) -> bool {
    let gateway = Software::of_integrator(app, "gateway", |key| key.gateway = true).await;
    gateway.introspect(&session.token).await.json["active"].as_bool().unwrap()
}

async fn in_session() -> (App, Browser, Software, GstSession) {
    let (app, browser, software) = with_access("30d").await;
    let session = software.gst_session(&app).await;
    assert!(is_active(&app, &session).await);
    (app, browser, software, session)
}

#[actix_web::test]
async fn no_kills_every_session_at_once() {
    let (app, browser, software, session) = in_session().await;
    let other = Software::of_integrator(&app, "other-erp", |_| {}).await;
    app.clock.advance(MINUTE);
    let others = other.gst_session(&app).await;
    go_on(&browser, &choose_no(&browser).await).await;
    assert!(!is_active(&app, &session).await && !is_active(&app, &others).await);
    software.refresh(&session).await.assert_gstn("AUTH4037");
    other.refresh(&others).await.assert_gstn("AUTH4037");
}

#[actix_web::test]
async fn a_killed_session_does_not_come_back_with_the_next_yes() {
    let (app, browser, software, session) = in_session().await;
    go_on(&browser, &choose_no(&browser).await).await;
    app.clock.advance(MINUTE);
    go_on(&browser, &choose_yes(&browser, "30d").await).await;
    assert!(!is_active(&app, &session).await);
    software.refresh(&session).await.assert_gstn("AUTH4038");
    let next = software.gst_session(&app).await;
    assert!(is_active(&app, &next).await);
}

#[actix_web::test]
async fn an_otp_asked_for_before_a_no_opens_nothing_after_it() {
    let (app, browser, software) = with_access("30d").await;
    let otp = software.otp(&app).await;
    go_on(&browser, &choose_no(&browser).await).await;
    software.type_otp(&otp).await.assert_gstn("AUTH4037");
    software.ask_otp().await.assert_gstn("AUTH4037");
}

#[actix_web::test]
async fn without_api_access_nothing_is_sent_and_nothing_opens() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let software = Software::of(&app).await;
    let before = app.messages().await.len();
    software.ask_otp().await.assert_gstn("AUTH4037");
    software.type_otp("123456").await.assert_gstn("AUTH4037");
    assert_eq!(app.messages().await.len(), before);
    go_on(&browser, &choose_yes(&browser, "6h").await).await;
    software.ask_otp().await.assert_done();
}

#[actix_web::test]
async fn with_the_end_of_api_access_everything_is_refused_until_the_next_yes() {
    let (app, _, software, session) = in_session().await;
    app.clock.advance(30 * 24 * HOUR);
    software.ask_otp().await.assert_gstn("AUTH4037");
    software.type_otp("123456").await.assert_gstn("AUTH4037");
    software.refresh(&session).await.assert_gstn("AUTH4037");
    let browser = signed_in_again(&app).await;
    go_on(&browser, &choose_yes(&browser, "6h").await).await;
    assert_eq!(software.gst_session(&app).await.expiry, 360);
}

#[actix_web::test]
async fn the_refusal_has_the_words_of_the_live_system() {
    let (_app, browser, software) = with_access("30d").await;
    go_on(&browser, &choose_no(&browser).await).await;
    let answer = software.ask_otp().await;
    let words =
        "API access is not available or user expiry Duration is less than or equal to auth token expiry duration";
    assert_eq!(answer.gstn_fault(), ("AUTH4037", words));
}

/// A No whose transaction comes to nothing must not have ended the token by itself.
#[actix_web::test]
async fn a_session_ends_in_the_transaction_that_switches_api_access_off() {
    let (app, _, software, session) = in_session().await;
    let now = app.clock.now();
    let undone = app.kit.store.write(move |c| {
        assert!(api_access::set_off(c, ACME.gstin, now)?);
        Err::<(), _>(StoreError::Undone)
    });
    assert!(matches!(undone.await, Err(StoreError::Undone)));
    assert!(is_active(&app, &session).await);
    software.refreshed(&session).await;
}

#[actix_web::test]
async fn a_frozen_account_has_no_session_and_gets_none() {
    let (app, _, software, session) = in_session().await;
    freeze_account(&app, "gst").await;
    assert!(!is_active(&app, &session).await);
    software.refresh(&session).await.assert_gstn("AUTH4032");
    software.ask_otp().await.assert_gstn("AUTH4032");
}

#[actix_web::test]
async fn a_disabled_integrator_has_no_session() {
    let (app, _, software, session) = in_session().await;
    let (id, now) = (software.client_id.clone(), app.clock.now());
    assert!(app.kit.store.write(move |c| sanad::store::integrators::disable(c, &id, now)).await.unwrap());
    assert!(!is_active(&app, &session).await);
    software.refresh(&session).await.assert_gstn("AUT4033");
}

#[actix_web::test]
async fn a_session_from_the_future_ends_with_the_access_it_came_from() {
    let (app, _, software, _) = in_session().await;
    // The clock runs a day ahead, access is switched on and used, and the clock is set right again.
    app.clock.advance(DAY);
    let browser = signed_in_again(&app).await;
    go_on(&browser, &choose_yes(&browser, "30d").await).await;
    let session = software.gst_session(&app).await;
    app.clock.advance(-DAY);
    let now = app.clock.now();
    assert_eq!(app.kit.store.write(move |c| api_access::end_from_future(c, now)).await.unwrap(), 1);
    let browser = signed_in_again(&app).await;
    go_on(&browser, &choose_yes(&browser, "30d").await).await;
    app.clock.advance(DAY + MINUTE);
    assert!(!is_active(&app, &session).await);
    software.refresh(&session).await.assert_gstn("AUTH4038");
}
