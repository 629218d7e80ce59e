//! Every error code of the GST system's sign-in protocol, for the cause that the documents give it (`domain.md` 4.2).

use std::collections::BTreeMap;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sanad::kernel::gstn_code::GstnCode;
use serde_json::{Value, json};

use super::with_access;
use crate::machine::MINUTE;
use crate::support::App;
use crate::support::samples::PATEL;
use crate::support::software::{AUTHENTICATE, Answer, Headers, Software, random_key};
use crate::support::walk::go_on;
use crate::support::walk_gst::{USERNAME, choose_no, first_login, with_api_access};

/// The codes and the words of the documents. TEC4001 has a test of its own: a server that cannot read its key.
const DOCUMENTED: [(&str, &str); 18] = [
    ("AUT4031", "Client ID is Null"),
    ("AUT4032", "Client-Secret is Null"),
    ("AUT4033", "Invalid Client ID"),
    ("AUT4034", "Invalid Client-Secret"),
    ("AUTH403", "Maximum session allowed for user with this GSP account exceeded."),
    ("AUTH4032", "Invalid USER"),
    ("AUTH4033", "Invalid Session"),
    ("AUTH4034", "Invalid OTP"),
    ("AUTH4035", "Invalid Request Action"),
    ("AUTH4036", "Invalid App Key"),
    (
        "AUTH4037",
        "API access is not available or user expiry Duration is less than or equal to auth token expiry duration",
    ),
    ("AUTH4038", "Session Expired"),
    ("AUTH4039", "Invalid Data Object"),
    ("AUTH4040", "Malformed Request Detected"),
    ("AUTH4041", "Invalid State Code"),
    ("GEN5001", "Missing Mandatory Params"),
    ("RET11402", "Unauthorized User!"),
    ("SWEB9035", "Account is Locked."),
];

/// A body with one field changed.
fn with(body: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut body = body.clone();
    body[name] = value.into();
    body
}

#[actix_web::test]
async fn every_code_is_heard_for_its_cause_in_the_documents_words() {
    let app = App::start_from("[limits]\ngstn_tokens = 1\n", &[]).await;
    let browser = with_api_access(&app, "30d").await;
    let software = Software::of(&app).await;
    let mut heard = BTreeMap::new();
    let mut note = |answer: Answer| {
        let (code, message) = answer.gstn_fault();
        assert_eq!(answer.status, if code == "SWEB9035" { 429 } else { 200 }, "{}", answer.json);
        heard.insert(code.to_owned(), message.to_owned());
    };
    let body = software.otp_request().await;
    let headers = || software.gstn_headers();

    for missing in ["clientid", "client-secret"] {
        note(software.post(AUTHENTICATE, headers().without(missing), body.to_string()).await);
    }
    note(software.post(AUTHENTICATE, headers().replace("clientid", "nobody"), body.to_string()).await);
    note(software.post(AUTHENTICATE, headers().replace("client-secret", "wrong"), body.to_string()).await);
    note(software.post(AUTHENTICATE, headers().replace("state-cd", "24"), body.to_string()).await);
    note(software.post(AUTHENTICATE, headers(), "no JSON").await);
    note(software.gstn(&with(&body, "username", "nobody2026")).await);
    note(software.gstn(&with(&body, "username", 1)).await);
    note(software.gstn(&with(&body, "action", "SENDOTP")).await);
    note(software.gstn(&with(&body, "app_key", "AAAA")).await);
    note(software.gstn(&json!({ "action": "OTPREQUEST" })).await);
    let of_patel = Software::of_integrator(&app, "patel-erp", |key| key.pan = Some("FGHIJ5678K".to_owned())).await;
    note(of_patel.ask_otp().await);
    note(software.type_otp("123456").await);
    let otp = software.otp(&app).await;
    note(software.type_otp(if otp == "000000" { "111111" } else { "000000" }).await);
    let session = software.gst_session(&app).await;
    note(software.ask_otp().await);
    software.gstn(&software.logout(&session).await).await.assert_done();
    note(software.refresh(&session).await);
    for _ in 0..6 {
        app.clock.advance(30);
        let answer = software.ask_otp().await;
        if answer.status == 429 {
            note(answer);
        }
    }
    go_on(&browser, &choose_no(&browser).await).await;
    note(software.ask_otp().await);

    for (code, words) in DOCUMENTED {
        let message = heard.get(code).unwrap_or_else(|| panic!("{code} was not heard"));
        let too_many = format!("{words} Too many tries. Try again after ");
        assert!(message == words || code == "SWEB9035" && message.starts_with(&too_many), "{code}: {message}");
    }
    let mut ours: Vec<&str> = GstnCode::ALL.iter().map(|code| code.code()).filter(|code| *code != "TEC4001").collect();
    ours.sort_unstable();
    assert!(ours.iter().eq(heard.keys()), "{heard:?}");
}

#[actix_web::test]
async fn a_server_that_cannot_read_its_key_says_tec4001_with_a_reference_and_nothing_of_the_cause() {
    let (app, _, software) = with_access("30d").await;
    fs::write(app.kit.settings.keys_dir.join("gstn.pem"), "damaged").unwrap();
    let file = software.get("/taxpayerapi/certificate.pem", Headers::default()).await;
    let sealed = software.gstn(&json!({ "action": "OTPREQUEST", "username": USERNAME, "app_key": "AAAA" })).await;
    for answer in [file, sealed] {
        let (code, message) = answer.gstn_fault();
        assert_eq!((answer.status, code), (500, "TEC4001"));
        let reference = message.strip_prefix("Technical Error. Reference ").unwrap_or_else(|| panic!("{message}"));
        assert_eq!((reference.len(), reference.ends_with('.')), (10, true), "{message}");
    }
}

// --- The causes one by one ----------------------------------------------------------------------

#[actix_web::test]
async fn of_the_headers_the_client_id_is_missed_first_then_the_secret_then_the_state() {
    let (_app, _, software) = with_access("30d").await;
    let body = software.otp_request().await.to_string();
    let without = |names: &[&str]| names.iter().fold(software.gstn_headers(), |headers, name| headers.without(name));
    for (missing, code) in [
        (&["clientid", "client-secret", "state-cd"][..], "AUT4031"),
        (&["clientid"], "AUT4031"),
        (&["client-secret", "state-cd"], "AUT4032"),
        (&["state-cd"], "AUTH4041"),
    ] {
        software.post(AUTHENTICATE, without(missing), body.clone()).await.assert_gstn(code);
    }
    // Where the end user is and which call it is are for the national system's statistics.
    software.post(AUTHENTICATE, without(&["ip-usr", "txn"]), body).await.assert_done();
}

#[actix_web::test]
async fn the_state_must_be_the_one_of_the_users_gstin() {
    let (_app, _, software) = with_access("30d").await;
    let body = software.otp_request().await.to_string();
    for state in ["24", "2", "029", "29 ABCDE", "Karnataka"] {
        let headers = software.gstn_headers().replace("state-cd", state);
        software.post(AUTHENTICATE, headers, body.clone()).await.assert_gstn("AUTH4041");
    }
}

#[actix_web::test]
async fn a_body_that_is_no_json_object_is_malformed_and_one_with_a_wrong_type_is_no_data_object() {
    let (_app, _, software) = with_access("30d").await;
    let whole = software.otp_request().await;
    for body in ["", "no JSON", "[]", "null", "1", "{\"action\":", "{\"action\":\"LOGOUT\"}{}"] {
        software.post(AUTHENTICATE, software.gstn_headers(), body).await.assert_gstn("AUTH4040");
    }
    let twice = whole.to_string().replacen('{', "{\"Action\":\"LOGOUT\",", 1);
    software.post(AUTHENTICATE, software.gstn_headers(), twice).await.assert_gstn("AUTH4040");
    for (name, value) in [("action", json!(1)), ("username", json!([])), ("app_key", json!({})), ("otp", json!(true))] {
        software.gstn(&with(&whole, name, value)).await.assert_gstn("AUTH4039");
    }
}

#[actix_web::test]
async fn each_action_names_what_it_cannot_do_without() {
    let (_app, _, software) = with_access("30d").await;
    let whole = json!({ "username": USERNAME, "app_key": "AAAA", "otp": "AAAA", "auth_token": "AAAA" });
    for (action, needed) in [
        ("OTPREQUEST", &["username", "app_key"][..]),
        ("AUTHTOKEN", &["username", "app_key", "otp"]),
        ("REFRESHTOKEN", &["username", "app_key", "auth_token"]),
        ("LOGOUT", &["username", "app_key", "auth_token"]),
    ] {
        for name in needed {
            for blank in [json!(""), json!("  "), Value::Null] {
                let body = with(&with(&whole, "action", action), name, blank);
                software.gstn(&body).await.assert_gstn("GEN5001");
            }
        }
    }
    software.gstn(&whole).await.assert_gstn("GEN5001");
    for action in ["otprequest", "OTPREQUEST ", "SENDOTP"] {
        software.gstn(&with(&whole, "action", action)).await.assert_gstn("AUTH4035");
    }
}

#[actix_web::test]
async fn whatever_is_wrong_with_an_app_key_is_answered_alike_before_anything_is_said_of_the_user() {
    let (app, _, software) = with_access("30d").await;
    let key = software.gstn_key().await;
    let mut flipped = key.seal(&random_key());
    flipped[100] ^= 1;
    for action in ["OTPREQUEST", "AUTHTOKEN", "LOGOUT"] {
        // So many that do not open are not let through in one minute.
        app.clock.advance(MINUTE);
        for user in [USERNAME, "nobody2026", "!"] {
            for wrong in [
                STANDARD.encode(software.irp_key().await.seal(&random_key())),
                STANDARD.encode(&flipped),
                STANDARD.encode(key.seal(&[1; 31])),
                STANDARD.encode(key.seal(&[1; 33])),
                STANDARD.encode(key.seal(STANDARD.encode(random_key()).as_bytes())),
                STANDARD.encode(random_key()),
                "!".to_owned(),
            ] {
                let body =
                    json!({ "action": action, "username": user, "app_key": wrong, "otp": "x", "auth_token": "x" });
                let answer = software.gstn(&body).await;
                answer.assert_gstn("AUTH4036");
                assert_eq!(answer.gstn_fault().1, "Invalid App Key");
            }
        }
    }
}

#[actix_web::test]
async fn whoever_has_no_account_in_the_gst_portal_is_no_user() {
    let (app, _, software) = with_access("30d").await;
    let body = software.otp_request().await;
    for user in ["nobody2026", "29ABCDE1234F1ZW", "acme_irp_01", "acmegst0", "' OR '1'='1", "ａｃｍｅｇｓｔ０１"]
    {
        software.gstn(&with(&body, "username", user)).await.assert_gstn("AUTH4032");
    }
    // Somebody who has one, and has never switched anything on.
    first_login(&app, &PATEL, "patel2026", crate::support::samples::PASSWORD).await;
    let headers = software.gstn_headers().replace("state-cd", "24");
    let body = with(&body, "username", "patel2026");
    software.post(AUTHENTICATE, headers, body.to_string()).await.assert_gstn("AUTH4037");
}

#[actix_web::test]
async fn a_token_that_is_none_of_ours_is_no_session() {
    let (app, _, software) = with_access("30d").await;
    let session = software.gst_session(&app).await;
    for token in ["x", &session.token.to_ascii_uppercase(), &session.token[1..]] {
        let wrong = with(&software.logout(&session).await, "auth_token", token);
        software.gstn(&wrong).await.assert_gstn("AUTH4033");
        let wrong = with(&software.refresh_token(&session, &random_key()), "auth_token", token);
        software.gstn(&wrong).await.assert_gstn("AUTH4033");
    }
    software.refreshed(&session).await;
}

#[actix_web::test]
async fn one_integrator_has_so_many_sessions_for_one_user_and_no_more() {
    let app = App::start_from("[limits]\ngstn_tokens = 2\n", &[]).await;
    with_api_access(&app, "30d").await;
    let software = Software::of(&app).await;
    let first = software.gst_session(&app).await;
    let second = software.gst_session(&app).await;
    software.ask_otp().await.assert_gstn("AUTH403");
    let other = Software::of_integrator(&app, "other-erp", |_| {}).await;
    app.clock.advance(1);
    other.gst_session(&app).await;
    software.refreshed(&second).await;
    software.ask_otp().await.assert_gstn("AUTH403");
    software.gstn(&software.logout(&first).await).await.assert_done();
    software.gst_session(&app).await;
}
