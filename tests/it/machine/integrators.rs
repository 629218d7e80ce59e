//! Integrator keys at the doors: whose are good for what, and which doors are open at all.

use serde_json::json;

use crate::support::samples::{ACME, API_PASSWORD, PASSWORD};
use crate::support::software::{AUTH, AUTHENTICATE, Answer, GstSession, Headers, SignIn, random_key};
use crate::support::walk::{API_USERNAME, Step, create_account, go_on, register_to, with_credentials};
use crate::support::walk_gst::with_api_access;
use crate::support::{App, Sample, Software};

/// Of the same company and PAN as ACME, in another state.
const MUMBAI: Sample = Sample { gstin: "27ABCDE1234F1Z0", email: "mumbai@acme.example", phone: "9876543211" };
/// The PAN of ACME and of somebody else.
const ACME_PAN: &str = "ABCDE1234F";
const OTHER_PAN: &str = "FGHIJ5678K";

async fn of_pan(app: &App, client_id: &str, pan: &str) -> Software {
    Software::of_integrator(app, client_id, |key| key.pan = Some(pan.to_owned())).await
}

fn assert_not_found(answer: &Answer) {
    assert_eq!((answer.status, &answer.json["status"]), (404, &json!(404)), "{}", answer.json);
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[actix_web::test]
async fn demo_mode_has_a_key_that_may_do_everything() {
    let app = App::start().await;
    with_credentials(&app).await;
    with_api_access(&app, "6h").await;
    let demo = Software::with_key(&app, "demo", "demo-secret");
    let session = demo.session(&SignIn::of_acme()).await;
    assert!(demo.works(&session).await);
    let gst = demo.gst_session(&app).await;
    for token in [&session.token, &gst.token] {
        assert_eq!(demo.introspect(token).await.json["active"], true);
    }
}

#[actix_web::test]
async fn a_wrong_key_is_told_by_the_gstn_with_which_half_is_wrong_and_by_the_irp_without() {
    let app = App::start().await;
    with_api_access(&app, "6h").await;
    let software = Software::of(&app).await;
    let disabled = Software::of_integrator(&app, "gone-erp", |key| key.disabled_at = Some(key.created_at)).await;
    let wrong = |client_id: &str, secret: &str| Software::with_key(&app, client_id, secret);
    for (stranger, code) in [
        (wrong("nobody", &software.secret), "AUT4033"),
        (wrong("ACME-ERP", &software.secret), "AUT4033"),
        (disabled, "AUT4033"),
        (wrong("acme-erp", "wrong"), "AUT4034"),
        (wrong("acme-erp", &software.secret.to_ascii_uppercase()), "AUT4034"),
    ] {
        stranger.ask_otp().await.assert_gstn(code);
        stranger.sign_in(&SignIn::of_acme()).await.assert_irp("1010");
    }
    software.ask_otp().await.assert_done();
}

// --- The key of one taxpayer --------------------------------------------------------------------

#[actix_web::test]
async fn the_key_of_a_taxpayer_is_for_the_gstins_of_its_pan() {
    let app = App::start().await;
    with_credentials(&app).await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &MUMBAI, Step::Password).await;
    go_on(&browser, &create_account(&page, PASSWORD).submit(&browser).await).await;
    let form =
        browser.get("/irp/api-credentials/new").await.form("Save and submit").fill("api_username", "acme_mumbai");
    let form = form.fill("api_password", API_PASSWORD).fill("confirm_api_password", API_PASSWORD);
    go_on(&browser, &form.submit(&browser).await).await;
    let mumbai = SignIn { gstin: MUMBAI.gstin, username: "acme_mumbai".to_owned(), ..SignIn::of_acme() };

    let own = of_pan(&app, "acme-own", ACME_PAN).await;
    for with in [&SignIn::of_acme(), &mumbai] {
        let session = own.session(with).await;
        assert!(own.works(&session).await);
    }
    let others = of_pan(&app, "other-own", OTHER_PAN).await;
    for with in [&SignIn::of_acme(), &mumbai] {
        others.sign_in(with).await.assert_irp("1018");
    }
}

#[actix_web::test]
async fn the_key_of_another_taxpayer_learns_of_a_wrong_password_what_everybody_does() {
    let app = App::start().await;
    with_credentials(&app).await;
    let others = of_pan(&app, "other-own", OTHER_PAN).await;
    let wrong = SignIn { password: "Slow-Ferry_Rides 30".to_owned(), ..SignIn::of_acme() };
    others.sign_in(&wrong).await.assert_irp("1019");
    // What is refused leaves no trace of a use.
    others.sign_in(&SignIn::of_acme()).await.assert_irp("1018");
    let used = app.kit.store.read(|c| sanad::store::credentials::find_by_username(c, API_USERNAME)).await.unwrap();
    assert_eq!(used.unwrap().last_used_at, None);
}

#[actix_web::test]
async fn the_key_of_another_taxpayer_sends_no_otp_at_the_gstns_door() {
    let app = App::start().await;
    with_api_access(&app, "30d").await;
    let own = of_pan(&app, "acme-own", ACME_PAN).await;
    let session = own.gst_session(&app).await;
    let before = app.messages().await.len();
    let others = of_pan(&app, "other-own", OTHER_PAN).await;
    others.ask_otp().await.assert_gstn("RET11402");
    assert_eq!(app.messages().await.len(), before);
    others.type_otp("123456").await.assert_gstn("RET11402");
    others.refresh(&session).await.assert_gstn("RET11402");
    others.gstn(&others.logout(&session).await).await.assert_gstn("RET11402");
    own.refreshed(&session).await;
}

// --- Without keys -------------------------------------------------------------------------------

#[actix_web::test]
async fn where_keys_are_optional_a_call_without_one_is_let_in_and_a_wrong_one_is_not() {
    let app = App::start_with(&[("MACHINE_KEYS", "optional")]).await;
    with_credentials(&app).await;
    with_api_access(&app, "30d").await;
    let nobody = Software::without_key(&app);
    let session = nobody.session(&SignIn::of_acme()).await;
    assert!(nobody.works(&session).await);
    let gst = nobody.gst_session(&app).await;
    nobody.refreshed(&gst).await;

    let stranger = Software::with_key(&app, "nobody", "wrong");
    stranger.sign_in(&SignIn::of_acme()).await.assert_irp("1010");
    stranger.look_up(&session, ACME.gstin).await.assert_irp("1010");
    stranger.ask_otp().await.assert_gstn("AUT4033");
    // Half a key is none.
    let headers = nobody.headers_for(ACME.gstin).with("client_id", "acme-erp");
    nobody.post(AUTH, headers, "{}").await.assert_irp("1012");
    let headers = nobody.gstn_headers().with("clientid", "acme-erp");
    nobody.post(AUTHENTICATE, headers, "{}").await.assert_gstn("AUT4032");
}

#[actix_web::test]
async fn where_keys_are_optional_those_with_one_have_sessions_of_their_own_and_introspection_needs_one() {
    let app = App::start_with(&[("MACHINE_KEYS", "optional")]).await;
    with_credentials(&app).await;
    let (nobody, software) = (Software::without_key(&app), Software::of(&app).await);
    let (without, with) = (nobody.session(&SignIn::of_acme()).await, software.session(&SignIn::of_acme()).await);
    assert_ne!(without.token, with.token);
    software.look_up(&without, ACME.gstin).await.assert_irp("1005");
    nobody.look_up(&with, ACME.gstin).await.assert_irp("1005");
    let answer = nobody.post("/introspect", Headers::default(), format!("token={}", without.token)).await;
    assert_eq!(answer.status, 401);
}

#[actix_web::test]
async fn where_keys_are_required_a_call_without_one_is_not_let_in() {
    let app = App::start_with(&[("MACHINE_KEYS", "required")]).await;
    with_credentials(&app).await;
    let nobody = Software::without_key(&app);
    nobody.sign_in(&SignIn::of_acme()).await.assert_irp("1011");
    nobody.ask_otp().await.assert_gstn("AUT4031");
}

// --- Closed doors -------------------------------------------------------------------------------

const IRP: [(&str, &str); 5] = [
    ("POST", "/eivital/v1.04/auth"),
    ("POST", "/eivital/v1.03/auth"),
    ("GET", "/eivital/v1.04/Master/gstin/29ABCDE1234F1ZW"),
    ("GET", "/eivital/v1.04/heartbeat/ping"),
    ("GET", "/eivital/public-key.pem"),
];
const GSTN: [(&str, &str); 3] = [
    ("POST", "/taxpayerapi/v1.0/authenticate"),
    ("POST", "/taxpayerapi/v0.2/authenticate"),
    ("GET", "/taxpayerapi/certificate.pem"),
];

async fn assert_closed(software: &Software, addresses: &[(&str, &str)]) {
    for (method, path) in addresses {
        let headers = software.headers_for(ACME.gstin);
        assert_not_found(&software.send(method, path, headers, Some(b"{}".to_vec())).await);
    }
}

#[actix_web::test]
async fn without_the_door_of_the_irp_the_other_one_is_open() {
    let app = App::start_with(&[("NIC_DOOR", "off")]).await;
    with_api_access(&app, "6h").await;
    let software = Software::with_key(&app, "demo", "demo-secret");
    assert_closed(&software, &IRP).await;
    let (otp, app_key) = (software.otp(&app).await, random_key());
    let session = GstSession::of(&software.gstn(&software.auth_token(&app_key, &otp).await).await, &app_key);
    assert_eq!(software.introspect(&session.token).await.json["active"], true);
}

#[actix_web::test]
async fn without_the_door_of_the_gstn_the_other_one_is_open() {
    let app = App::start_with(&[("GSTN_DOOR", "off")]).await;
    with_credentials(&app).await;
    let software = Software::with_key(&app, "demo", "demo-secret");
    assert_closed(&software, &GSTN).await;
    let session = software.session(&SignIn::of_acme()).await;
    assert!(software.works(&session).await);
    assert_eq!(software.introspect(&session.token).await.json["active"], true);
}

#[actix_web::test]
async fn without_any_door_there_is_nothing_for_software() {
    let app = App::start_with(&[("NIC_DOOR", "off"), ("GSTN_DOOR", "off")]).await;
    let software = Software::with_key(&app, "demo", "demo-secret");
    assert_closed(&software, &IRP).await;
    assert_closed(&software, &GSTN).await;
    assert_closed(&software, &[("POST", "/introspect"), ("GET", "/openapi.json")]).await;
}
