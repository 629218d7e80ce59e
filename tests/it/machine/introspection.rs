//! POST `/introspect`: an operator's gateway asks whether a token is good (RFC 7662).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diesel::RunQueryDsl as _;
use sanad::store::integrators;
use serde_json::json;

use crate::machine::{HOUR, MINUTE};
use crate::support::app::START;
use crate::support::samples::{ACME, API_PASSWORD};
use crate::support::software::{Answer, Headers, SignIn};
use crate::support::walk::{API_USERNAME, with_credentials};
use crate::support::walk_gst::{USERNAME, with_api_access};
use crate::support::{App, Software};

/// A portal with software and a gateway, which is another integrator.
async fn with_gateway() -> (App, Software, Software) {
    let app = App::start().await;
    let software = Software::of(&app).await;
    let gateway = Software::of_integrator(&app, "gateway", |key| key.gateway = true).await;
    (app, software, gateway)
}

fn assert_inactive(answer: &Answer) {
    // Nothing else is told of a token that is not good (RFC 7662, 2.2).
    assert_eq!((answer.status, &answer.json), (200, &json!({ "active": false })));
}

#[actix_web::test]
async fn a_token_of_the_irp_is_told_with_whose_it_is_and_its_life() {
    let (app, software, gateway) = with_gateway().await;
    with_credentials(&app).await;
    app.clock.advance(MINUTE);
    let session = software.session(&SignIn::of_acme()).await;
    let issued_at = START.seconds() + MINUTE;
    let told = json!({
        "active": true,
        "gstin": ACME.gstin,
        "username": API_USERNAME,
        "door": "irp",
        "client_id": software.client_id,
        "iat": issued_at,
        "exp": issued_at + 6 * HOUR,
    });
    for wait in [0, 6 * HOUR - 1] {
        app.clock.advance(wait);
        let answer = gateway.introspect(&session.token).await;
        assert_eq!((answer.status, &answer.json), (200, &told));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    app.clock.advance(1);
    assert_inactive(&gateway.introspect(&session.token).await);
}

#[actix_web::test]
async fn a_token_of_the_gstn_is_told_in_the_same_way() {
    let (app, software, gateway) = with_gateway().await;
    with_api_access(&app, "6h").await;
    app.clock.advance(HOUR);
    let session = software.gst_session(&app).await;
    let issued_at = START.seconds() + HOUR;
    let told = json!({
        "active": true,
        "gstin": ACME.gstin,
        "username": USERNAME,
        "door": "gstn",
        "client_id": software.client_id,
        "iat": issued_at,
        "exp": issued_at + 5 * HOUR,
    });
    let answer = gateway.introspect(&session.token).await;
    assert_eq!((answer.status, &answer.json), (200, &told));
    software.gstn(&software.logout(&session).await).await.assert_done();
    assert_inactive(&gateway.introspect(&session.token).await);
}

#[actix_web::test]
async fn a_token_is_inactive_from_the_moment_its_api_password_changes() {
    let (app, software, gateway) = with_gateway().await;
    let browser = with_credentials(&app).await;
    let session = software.session(&SignIn::of_acme()).await;
    assert_eq!(gateway.introspect(&session.token).await.json["active"], true);
    super::eivital::change_password(&app, &browser, "Early-Heron_Walks 31").await;
    assert_inactive(&gateway.introspect(&session.token).await);
}

#[actix_web::test]
async fn a_token_is_inactive_when_its_integrator_is_disabled() {
    let (app, software, gateway) = with_gateway().await;
    with_credentials(&app).await;
    let session = software.session(&SignIn::of_acme()).await;
    let (id, now) = (software.client_id.clone(), app.clock.now());
    app.kit.store.write(move |c| sanad::store::integrators::disable(c, &id, now)).await.unwrap();
    assert_inactive(&gateway.introspect(&session.token).await);
}

#[actix_web::test]
async fn what_is_no_token_is_inactive_whatever_it_is() {
    let (app, software, gateway) = with_gateway().await;
    with_credentials(&app).await;
    let session = software.session(&SignIn::of_acme()).await;
    let upper = session.token.to_ascii_uppercase();
    for token in
        ["x", "%00", API_PASSWORD, &upper, &session.token[1..], &format!("{}+", session.token), &"x".repeat(60_000)]
    {
        assert_inactive(&gateway.introspect(token).await);
    }
}

#[actix_web::test]
async fn whoever_may_not_ask_hears_401_and_how_to_say_who_they_are() {
    let (app, software, gateway) = with_gateway().await;
    with_credentials(&app).await;
    let session = software.session(&SignIn::of_acme()).await;
    let body = format!("token={}", session.token);
    let basic = |text: &str| Headers::default().with("authorization", &format!("Basic {}", STANDARD.encode(text)));
    let in_headers = Headers::default().with("client_id", "gateway").with("client_secret", &gateway.secret);
    for headers in [
        Headers::default(),
        in_headers,
        Headers::default().with("authorization", "Basic"),
        Headers::default().with("authorization", "Basic !"),
        Headers::default().with("authorization", &gateway.basic().replace("Basic", "Bearer")),
        basic("gateway"),
        basic("gateway:"),
        basic("gateway:wrong"),
        basic(&format!("nobody:{}", gateway.secret)),
        // A right key, without the role.
        Headers::default().with("authorization", &software.basic()),
    ] {
        let answer = software.post("/introspect", headers.clone(), body.clone()).await;
        assert_eq!((answer.status, &answer.json["error"]), (401, &json!("invalid_client")), "{headers:?}");
        assert!(answer.header("www-authenticate").starts_with("Basic realm="), "{headers:?}");
        assert!(!answer.json.to_string().contains("active"));
    }
    let id = "gateway";
    let now = app.clock.now();
    app.kit.store.write(move |c| sanad::store::integrators::disable(c, id, now)).await.unwrap();
    assert_eq!(gateway.introspect(&session.token).await.status, 401);
}

#[actix_web::test]
async fn a_form_with_one_token_is_wanted() {
    let (app, software, gateway) = with_gateway().await;
    with_credentials(&app).await;
    let token = software.session(&SignIn::of_acme()).await.token;
    let headers = || Headers::default().with("authorization", &gateway.basic());
    let twice = format!("token={token}&token={token}");
    let json = json!({ "token": token }).to_string();
    for body in ["", "token", "token=", "token=%FF", "Token=x", "tokens=x", &twice, &json] {
        let answer = gateway.post("/introspect", headers(), body).await;
        assert_eq!((answer.status, &answer.json["error"]), (400, &json!("invalid_request")), "{body}");
    }
    // Addresses end up in logs.
    let answer = gateway.post(&format!("/introspect?token={token}"), headers(), "").await;
    assert_eq!(answer.status, 400);
    for body in [format!("token={token}&token_type_hint=access_token"), format!("x=1&token={token}")] {
        let answer =
            gateway.post("/introspect", headers().with("content-type", "application/x-www-form-urlencoded"), body);
        assert_eq!(answer.await.json["active"], true);
    }
}

#[actix_web::test]
async fn a_token_that_an_integrator_got_while_it_was_being_disabled_is_not_good() {
    let (app, software, gateway) = with_gateway().await;
    with_credentials(&app).await;
    let session = software.session(&SignIn::of_acme()).await;
    let (client_id, now) = (software.client_id.clone(), app.clock.now());
    assert!(app.kit.store.write(move |c| integrators::disable(c, &client_id, now)).await.unwrap());
    // As if it had been handed out a moment after the others were ended.
    let revive = move |c: &mut _| Ok(diesel::sql_query("UPDATE tokens SET revoked_at = NULL").execute(c)?);
    assert_eq!(app.kit.store.write(revive).await.unwrap(), 1);
    assert_inactive(&gateway.introspect(&session.token).await);
}
