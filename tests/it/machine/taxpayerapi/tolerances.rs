//! What clients do differently, and what the door takes all the same (`domain.md` 4.2 and 9.6).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::with_access;
use crate::support::samples::ACME;
use crate::support::software::{AUTHENTICATE, GstSession, random_key};

#[actix_web::test]
async fn headers_are_known_in_every_spelling() {
    let (_app, _, software) = with_access("30d").await;
    let body = software.otp_request().await.to_string();
    for (id, secret, state) in [
        ("clientid", "client-secret", "state-cd"),
        ("client_id", "client_secret", "state_cd"),
        ("client-id", "client-secret", "state-cd"),
        ("Client-Id", "Client-Secret", "State-Cd"),
        ("CLIENTID", "CLIENTSECRET", "STATECD"),
    ] {
        let headers = software.gstn_headers().rename("clientid", id).rename("client-secret", secret);
        software.post(AUTHENTICATE, headers.rename("state-cd", state), body.clone()).await.assert_done();
    }
    // Some clients send more of them, which may say anything.
    let more = software.gstn_headers().with("username", "x").with("gstin", "x").with("app_key", "x");
    software.post(AUTHENTICATE, more, body).await.assert_done();
}

#[actix_web::test]
async fn doubled_slashes_in_a_path_are_one() {
    let (_app, _, software) = with_access("30d").await;
    let body = software.otp_request().await.to_string();
    for path in
        ["//taxpayerapi/v1.0/authenticate", "/taxpayerapi//v1.0/authenticate", "/taxpayerapi//v0.2//authenticate/"]
    {
        software.post(path, software.gstn_headers(), body.clone()).await.assert_done();
    }
}

/// base64 as clients write it.
fn spellings(bytes: &[u8]) -> Vec<String> {
    let standard = STANDARD.encode(bytes);
    let lines: Vec<&str> = standard.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let plain = [STANDARD_NO_PAD.encode(bytes), URL_SAFE.encode(bytes), URL_SAFE_NO_PAD.encode(bytes)];
    plain.into_iter().chain([lines.join("\r\n"), format!("\n{standard} ")]).collect()
}

/// The bytes of a field, written in each way.
fn respelt(body: &Value, name: &str) -> Vec<Value> {
    let bytes = STANDARD.decode(body[name].as_str().unwrap()).unwrap();
    let with = |text: String| {
        let mut body = body.clone();
        body[name] = text.into();
        body
    };
    spellings(&bytes).into_iter().map(with).collect()
}

#[actix_web::test]
async fn base64_is_read_in_both_alphabets_padded_or_not_and_with_line_breaks() {
    let (app, _, software) = with_access("30d").await;
    for body in respelt(&software.otp_request().await, "app_key") {
        software.gstn(&body).await.assert_done();
    }
    let app_key = random_key();
    for body in respelt(&software.auth_token(&app_key, &app.last_otp_for(ACME.email).await).await, "app_key") {
        // One OTP is used once.
        let answer = software.gstn(&body).await;
        assert!(answer.json["status_cd"] == "1" || answer.gstn_fault().0 == "AUTH4033", "{}", answer.json);
    }
    app.clock.advance(30);
    for at in 0..5 {
        let body = software.auth_token(&app_key, &software.otp(&app).await).await;
        GstSession::of(&software.gstn(&respelt(&body, "otp")[at]).await, &app_key);
        app.clock.advance(15 * 60);
    }
    let mut session = software.gst_session(&app).await;
    for at in 0..5 {
        let body = software.refresh_token(&session, &app_key);
        session = GstSession::of(&software.gstn(&respelt(&body, "app_key")[at]).await, &app_key);
    }
}

#[actix_web::test]
async fn an_app_key_is_32_bytes_printable_or_not() {
    let (app, _, software) = with_access("30d").await;
    // Hexadecimal as vendors do, base64 of 24 bytes (which nobody may decode), and bytes that are no text.
    for app_key in [&b"972322cb0f3a4b1d9f6f0123456789ab"[..], b"c2l4dGVlbiBieXRlcyBhcmUgc28gZmV3", &[0xff; 32]] {
        let body = software.auth_token(app_key, &software.otp(&app).await).await;
        let session = GstSession::of(&software.gstn(&body).await, app_key);
        GstSession::of(&software.gstn(&software.refresh_token(&session, app_key)).await, app_key);
    }
}

#[actix_web::test]
async fn the_fields_stand_in_any_order_with_any_spacing_and_more_beside_them() {
    let (_app, _, software) = with_access("30d").await;
    let key = software.sealed_app_key(&random_key()).await;
    for body in [
        format!(r#"{{"username":"acmegst01","app_key":"{key}","action":"OTPREQUEST"}}"#),
        format!("{{\r\n\t\"action\" : \"OTPREQUEST\" ,\n\"app_key\":\"{key}\", \"username\" :\t\"acmegst01\"\n}}\n"),
        format!(r#"{{"Action":"OTPREQUEST","APP_KEY":"{key}","UserName":"acmegst01","hmac":null,"more":[{{"a":1}}]}}"#),
        format!(r#"{{"action":"OTPREQUEST","app_key":"{}","username":"\u0061cmegst01"}}"#, key.replace('/', "\\/")),
    ] {
        software.post(AUTHENTICATE, software.gstn_headers(), body).await.assert_done();
    }
}

#[actix_web::test]
async fn the_content_type_may_be_any() {
    let (_app, _, software) = with_access("30d").await;
    let body = software.otp_request().await.to_string();
    for of_type in ["text/plain", "application/json; charset=utf-8", "application/x-www-form-urlencoded"] {
        let headers = software.gstn_headers().replace("Content-Type", of_type);
        software.post(AUTHENTICATE, headers, body.clone()).await.assert_done();
    }
    software.post(AUTHENTICATE, software.gstn_headers().without("Content-Type"), body).await.assert_done();
}
