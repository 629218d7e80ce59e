//! What clients do differently, and what the door takes all the same (`domain.md` 4.1 and 9.6).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::machine::HOUR;
use crate::support::samples::ACME;
use crate::support::software::{AUTH, Answer, Headers, Session, SignIn, aes_open};
use crate::support::walk::with_credentials;
use crate::support::{App, Software};

const MASTER: &str = "/eivital/v1.04/Master/gstin/29ABCDE1234F1ZW";

/// A portal where ACME has API credentials, software that knows them, and its session.
async fn in_session() -> (App, Software, Session) {
    let app = App::start().await;
    with_credentials(&app).await;
    let software = Software::of(&app).await;
    let session = software.session(&SignIn::of_acme()).await;
    (app, software, session)
}

/// Signs in with these headers.
async fn sign_in(software: &Software, headers: Headers, with: &SignIn) -> Answer {
    let body = json!({ "Data": software.envelope(&with.json().to_string()).await });
    software.post(AUTH, headers, body.to_string()).await
}

#[actix_web::test]
async fn headers_are_known_in_every_spelling() {
    let (_app, software, session) = in_session().await;
    let with = SignIn::of_acme();
    for (id, secret) in [
        ("client_id", "client_secret"),
        ("client-id", "client-secret"),
        ("clientid", "clientsecret"),
        ("Client-Id", "Client-Secret"),
        ("CLIENT_ID", "CLIENT_SECRET"),
        ("ClientId", "ClientSecret"),
        ("client_id", "client-secret"),
    ] {
        let headers = software.headers_for(ACME.gstin).rename("client_id", id).rename("client_secret", secret);
        assert_eq!(software.session_in(&sign_in(&software, headers, &with).await, &with), session, "{id}");
    }
    for (user, token) in [
        ("user_name", "AuthToken"),
        ("user-name", "auth-token"),
        ("username", "auth_token"),
        ("USER_NAME", "AUTHTOKEN"),
    ] {
        let headers = software.headers_in(&session).rename("user_name", user).rename("AuthToken", token);
        session.open(&software.get(MASTER, headers).await);
    }
}

#[actix_web::test]
async fn the_gstin_is_known_in_every_letter_case_of_its_name_and_its_value() {
    let (_app, software, session) = in_session().await;
    let with = SignIn::of_acme();
    for name in ["Gstin", "gstin", "GSTIN"] {
        for value in ["29ABCDE1234F1ZW", "29abcde1234f1zw", " 29AbCdE1234f1Zw "] {
            let headers = software.headers_for(value).rename("Gstin", name);
            assert_eq!(software.session_in(&sign_in(&software, headers, &with).await, &with), session);
            let headers = software.headers_in(&session).replace("Gstin", value).rename("Gstin", name);
            session.open(&software.get(MASTER, headers).await);
        }
    }
}

#[actix_web::test]
async fn a_header_that_says_nothing_does_not_hide_the_one_that_does() {
    let (_app, software, session) = in_session().await;
    let with = SignIn::of_acme();
    let headers = Headers::default().with("client-id", "").with("client-secret", " ");
    let headers = headers.with("client_id", &software.client_id).with("client_secret", &software.secret);
    let answer = sign_in(&software, headers.with("Gstin", ACME.gstin), &with).await;
    assert_eq!(software.session_in(&answer, &with), session);
}

#[actix_web::test]
async fn the_flag_of_a_forced_refresh_is_a_boolean_or_a_text() {
    for (value, is_forced) in [
        (json!(true), true),
        (json!("true"), true),
        (json!("TRUE"), true),
        (json!("True"), true),
        (json!(false), false),
        (json!("false"), false),
        (json!("FALSE"), false),
        (json!(""), false),
        (Value::Null, false),
    ] {
        let (app, software, first) = in_session().await;
        app.clock.advance(6 * HOUR - 600);
        let next = software.session(&SignIn { forced: value.clone(), ..SignIn::of_acme() }).await;
        assert_eq!(next.token != first.token, is_forced, "{value}");
    }
}

#[actix_web::test]
async fn a_sign_in_that_does_not_speak_of_a_refresh_forces_none() {
    let (app, software, session) = in_session().await;
    app.clock.advance(6 * HOUR - 600);
    let with = SignIn::of_acme();
    let mut fields = with.json();
    fields.as_object_mut().unwrap().remove("ForceRefreshAccessToken").unwrap();
    let answer = software.sign_in_with_text(ACME.gstin, &fields.to_string()).await;
    assert_eq!(software.session_in(&answer, &with), session);
}

#[actix_web::test]
async fn the_fields_stand_in_any_order_with_any_spacing_and_letter_case() {
    let (_app, software, session) = in_session().await;
    let with = SignIn::of_acme();
    let key = STANDARD.encode(&with.app_key);
    let (user, password) = (&with.username, &with.password);
    for text in [
        format!(r#"{{"AppKey":"{key}","ForceRefreshAccessToken":false,"Password":"{password}","UserName":"{user}"}}"#),
        format!(
            r#"{{"UserName": "{user}", "Password": "{password}", "AppKey": "{key}", "ForceRefreshAccessToken": false}}"#
        ),
        format!("{{\n\t\"UserName\" : \"{user}\",\r\n\t\"Password\" : \"{password}\",\n\t\"AppKey\" : \"{key}\"\n}}\n"),
        format!(r#"{{"username":"{user}","PASSWORD":"{password}","Appkey":"{key}"}}"#),
        format!(r#"{{"UserName":"{user}","Password":"{password}","AppKey":"{key}","Version":1,"More":{{"a":[1]}}}}"#),
        format!(r#"{{"UserName":"\u0061cme_irp_01","Password":"{password}","AppKey":"{}"}}"#, key.replace('/', "\\/")),
    ] {
        let answer = software.sign_in_with_text(ACME.gstin, &text).await;
        assert_eq!(software.session_in(&answer, &with), session, "{text}");
    }
    let data = software.envelope(&with.json().to_string()).await;
    for body in [
        format!(" {{ \"Data\" : \"{data}\" }} "),
        format!("{{\"data\":\"{data}\"}}"),
        format!("{{\"More\":[{{}}],\"DATA\":\"{data}\"}}"),
    ] {
        let answer = software.post(AUTH, software.headers_for(ACME.gstin), body).await;
        assert_eq!(software.session_in(&answer, &with), session);
    }
}

/// base64 as clients write it.
fn spellings(bytes: &[u8]) -> Vec<String> {
    let standard = STANDARD.encode(bytes);
    let lines: Vec<&str> = standard.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let plain = [STANDARD_NO_PAD.encode(bytes), URL_SAFE.encode(bytes), URL_SAFE_NO_PAD.encode(bytes)];
    plain.into_iter().chain([lines.join("\n"), lines.join("\r\n"), format!(" {standard}\r\n"), standard]).collect()
}

#[actix_web::test]
async fn base64_is_read_in_both_alphabets_padded_or_not_and_with_line_breaks() {
    let (_app, software, session) = in_session().await;
    // In base64 an AppKey that needs both letters in which the alphabets differ, and padding.
    let with = SignIn { app_key: [0xfb, 0xff].repeat(16), ..SignIn::of_acme() };
    let mut fields = with.json();
    for app_key in spellings(&with.app_key) {
        fields["AppKey"] = app_key.into();
        let answer = software.sign_in_with_text(ACME.gstin, &fields.to_string()).await;
        assert_eq!(software.session_in(&answer, &with), session);
    }
    // Long enough for a second line.
    for inner in spellings(fields.to_string().as_bytes()) {
        for data in spellings(&software.irp_key().await.seal(inner.as_bytes())) {
            let body = json!({ "Data": data });
            let answer = software.post(AUTH, software.headers_for(ACME.gstin), body.to_string()).await;
            assert_eq!(software.session_in(&answer, &with), session);
        }
    }
}

#[actix_web::test]
async fn doubled_slashes_in_a_path_are_one() {
    let (_app, software, session) = in_session().await;
    for path in ["//eivital/v1.04/auth", "/eivital//v1.04/auth", "/eivital/v1.04//auth", "/eivital/v1.04/auth/"] {
        software.session(&SignIn { path, ..SignIn::of_acme() }).await;
    }
    for path in ["//eivital/v1.04/Master/gstin/29ABCDE1234F1ZW", "/eivital/v1.04/Master//gstin//29ABCDE1234F1ZW"] {
        session.open(&software.get(path, software.headers_in(&session)).await);
    }
}

#[actix_web::test]
async fn an_app_key_may_be_32_printable_characters() {
    let (_app, software, session) = in_session().await;
    // Hexadecimal, base64 of 24 bytes, and neither.
    for printable in
        ["972322cb0f3a4b1d9f6f0123456789ab", "c2l4dGVlbiBieXRlcyBhcmUgc28gZmV3", "a key of 32 characters, no more!"]
    {
        assert_eq!(printable.len(), 32);
        let with = SignIn { app_key: printable.as_bytes().to_vec(), ..SignIn::of_acme() };
        let mut fields = with.json();
        for sent in [printable.to_owned(), STANDARD.encode(printable)] {
            fields["AppKey"] = sent.into();
            let answer = software.sign_in_with_text(ACME.gstin, &fields.to_string()).await;
            assert_eq!(software.session_in(&answer, &with), session, "{printable}");
        }
    }
}

#[actix_web::test]
async fn a_get_may_have_a_body() {
    let (_app, software, session) = in_session().await;
    let body = json!({ "Gstin": "29QQQQQ4321Q1ZF" }).to_string();
    let answer = software.send("GET", MASTER, software.headers_in(&session), Some(body.into_bytes())).await;
    assert_eq!(session.open(&answer)["Gstin"], ACME.gstin, "the address says who is asked about");
    software.session(&SignIn::of_acme()).await;
}

// --- Version 1.03 -------------------------------------------------------------------------------

const AUTH_1_03: &str = "/eivital/v1.03/auth";

#[actix_web::test]
async fn version_1_03_encrypts_password_and_app_key_and_sends_no_gstin() {
    let (_app, software, session) = in_session().await;
    let with = SignIn::of_acme();
    let key = software.irp_key().await;
    let headers = software.headers_for(ACME.gstin).without("Gstin");
    let answer = software.post(AUTH_1_03, headers.clone(), with.parts(key).to_string()).await;
    assert_eq!(software.session_in(&answer, &with), session);

    // The AppKey as base64 inside of its envelope.
    let mut body = with.parts(key);
    let app_key = STANDARD.encode(&with.app_key);
    body["data"]["AppKey"] = STANDARD.encode(key.seal(app_key.as_bytes())).into();
    let answer = software.post(AUTH_1_03, headers, body.to_string()).await;
    assert_eq!(software.session_in(&answer, &with), session);
}

#[actix_web::test]
async fn either_form_is_taken_at_either_version() {
    let (_app, software, session) = in_session().await;
    let with = SignIn::of_acme();
    let parts = with.parts(software.irp_key().await).to_string();
    let answer = software.post(AUTH, software.headers_for(ACME.gstin), parts.clone()).await;
    assert_eq!(software.session_in(&answer, &with), session);
    assert_eq!(software.session(&SignIn { path: AUTH_1_03, ..SignIn::of_acme() }).await, session);
    // The GSTIN may only be left out where the protocol leaves it out.
    software.post(AUTH, software.headers_for(ACME.gstin).without("Gstin"), parts).await.assert_irp("1004");
}

#[actix_web::test]
async fn version_1_03_tells_a_wrong_user_and_password_apart_as_well() {
    let (_app, software, _) = in_session().await;
    let key = software.irp_key().await;
    let headers = software.headers_for(ACME.gstin).without("Gstin");
    let user = SignIn { username: "nobody_01".to_owned(), ..SignIn::of_acme() };
    let password = SignIn { password: "Slow-Ferry_Rides 30".to_owned(), ..SignIn::of_acme() };
    for (with, code) in [(user, "1017"), (password, "1019")] {
        software.post(AUTH_1_03, headers.clone(), with.parts(key).to_string()).await.assert_irp(code);
    }
    let others = headers.with("Gstin", "24FGHIJ5678K1Z7");
    software.post(AUTH_1_03, others, SignIn::of_acme().parts(key).to_string()).await.assert_irp("1015");
}

#[actix_web::test]
async fn the_session_key_is_wrapped_under_the_bytes_of_the_app_key() {
    let (_app, software, session) = in_session().await;
    let with = SignIn::of_acme();
    let sek = software.sign_in(&with).await.json["Data"]["Sek"].as_str().unwrap().to_owned();
    assert_eq!(sek.len(), 64, "48 bytes: the key and its padding");
    assert_eq!(aes_open(&with.app_key, &STANDARD.decode(&sek).unwrap()), session.key);
}
