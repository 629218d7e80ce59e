//! GET `/eivital/v1.04/Master/gstin/{gstin}` and `syncgstin`: the register, for software in a session. And the
//! heartbeat.

use sanad::kernel::taxpayer::{Status, Taxpayer};
use serde_json::{Value, json};

use crate::machine::HOUR;
use crate::support::samples::{ACME, KAVERI, PATEL, SANDBOX};
use crate::support::software::{Headers, Session, SignIn};
use crate::support::walk::with_credentials;
use crate::support::walk_gst::{change_register, with_api_access};
use crate::support::{App, Software};

const MASTER: &str = "/eivital/v1.04/Master/gstin/29ABCDE1234F1ZW";

async fn in_session() -> (App, Software, Session) {
    let app = App::start().await;
    with_credentials(&app).await;
    let software = Software::of(&app).await;
    let session = software.session(&SignIn::of_acme()).await;
    (app, software, session)
}

/// What the register says of ACME, in the fields of version 1.04.
fn acme() -> Value {
    json!({
        "Gstin": "29ABCDE1234F1ZW",
        "TradeName": "Acme Stores",
        "LegalName": "ACME PRIVATE LIMITED",
        "AddrBnm": "Acme House, 2nd Floor, No. 12",
        "AddrBno": "",
        "AddrFlno": "",
        "AddrSt": "Mahatma Gandhi Road",
        "AddrLoc": "Ashok Nagar, Bengaluru",
        "StateCode": 29,
        "AddrPncd": 560_001,
        "TxpType": "REG",
        "Status": "ACT",
        "BlkStatus": null,
        "DtReg": "2017-07-01",
        "DtDReg": null,
    })
}

#[actix_web::test]
async fn a_gstin_is_told_in_the_fields_of_the_documents() {
    let (_app, software, session) = in_session().await;
    assert_eq!(session.open(&software.get(MASTER, software.headers_in(&session)).await), acme());
    let sync = "/eivital/v1.04/Master/syncgstin/29ABCDE1234F1ZW";
    assert_eq!(session.open(&software.get(sync, software.headers_in(&session)).await), acme());
}

#[actix_web::test]
async fn version_1_03_does_not_have_the_dates() {
    let (_app, software, session) = in_session().await;
    let mut expected = acme();
    for date in ["DtReg", "DtDReg"] {
        assert!(expected.as_object_mut().unwrap().remove(date).is_some());
    }
    for path in ["/eivital/v1.03/Master/gstin/29ABCDE1234F1ZW", "/eivital/v1.03/Master/syncgstin/29ABCDE1234F1ZW"] {
        assert_eq!(session.open(&software.get(path, software.headers_in(&session)).await), expected);
    }
}

#[actix_web::test]
async fn every_kind_of_taxpayer_has_its_codes() {
    let (_app, software, session) = in_session().await;
    for (gstin, taxpayer_type, status, cancelled) in [
        ("29ZABEC2121D1ZI", "REG", "CNL", json!("2024-03-31")),
        ("26BCDXF2323E1ZU", "REG", "SUS", Value::Null),
        ("17CDFNG2424F1Z3", "REG", "INA", Value::Null),
        ("11DFGIH2525G1ZE", "REG", "PRO", Value::Null),
        ("07UVWXY7890Z1Z9", "REG", "ACT", Value::Null),
        ("05STVNX1515Y1ZX", "COM", "ACT", Value::Null),
        ("29ABCDE1234F3ZU", "ISD", "ACT", Value::Null),
        ("37RSTXW1414X1ZG", "SEZ", "ACT", Value::Null),
        ("29ABCDE1234F1C7", "TCS", "ACT", Value::Null),
        ("27ZZZG00059Z1Z9", "TDS", "ACT", Value::Null),
    ] {
        let told = session.open(&software.look_up(&session, gstin).await);
        let told = (&told["Gstin"], &told["TxpType"], &told["Status"], &told["DtDReg"]);
        assert_eq!(told, (&json!(gstin), &json!(taxpayer_type), &json!(status), &cancelled));
    }
}

#[actix_web::test]
async fn what_the_register_does_not_know_is_an_empty_text_or_null() {
    let (_app, software, session) = in_session().await;
    let told = session.open(&software.look_up(&session, "10NPQER9090T1Z1").await);
    for text in ["TradeName", "AddrBnm", "AddrBno", "AddrFlno", "AddrSt", "AddrLoc"] {
        assert_eq!(told[text], "", "{text}");
    }
    for other in ["AddrPncd", "BlkStatus", "DtReg", "DtDReg"] {
        assert_eq!(told[other], Value::Null, "{other}");
    }
    assert_eq!((&told["StateCode"], &told["LegalName"]), (&json!(10), &json!("MAGADH HANDLOOM STORES")));
}

#[actix_web::test]
async fn names_in_any_script_arrive_as_they_are() {
    let (_app, software, session) = in_session().await;
    let told = session.open(&software.look_up(&session, "09LMNSO5555E1Z6").await);
    assert_eq!(told["LegalName"], "सनद व्यापार प्राइवेट लिमिटेड");
}

#[actix_web::test]
async fn a_gstin_is_found_in_any_letter_case_and_a_test_number_too() {
    let (_app, software, session) = in_session().await;
    assert_eq!(session.open(&software.look_up(&session, "29abcde1234f1zw").await), acme());
    assert_eq!(session.open(&software.look_up(&session, SANDBOX.gstin).await)["Gstin"], SANDBOX.gstin);
}

#[actix_web::test]
async fn the_next_import_is_seen_within_the_session() {
    let (app, software, session) = in_session().await;
    change_register(&app, KAVERI.gstin, |taxpayer| taxpayer.trade_name = Some("Kaveri Cottons".to_owned())).await;
    assert_eq!(session.open(&software.look_up(&session, KAVERI.gstin).await)["TradeName"], "Kaveri Cottons");
}

#[actix_web::test]
async fn what_is_no_gstin_and_what_nobody_has_are_told_apart() {
    let (_app, software, session) = in_session().await;
    // The fifth has a wrong check character.
    for wrong in [
        "x",
        "29ABCDE1234F1Z",
        "29ABCDE1234F1ZWW",
        "39ABCDE1234F1ZW",
        "29QQQQQ4321Q1ZG",
        "%20",
        "29ABCDE1234F1Z%00",
        "%E0%A4%95",
    ] {
        software.look_up(&session, wrong).await.assert_irp("3028");
    }
    software.look_up(&session, "29QQQQQ4321Q1ZF").await.assert_irp("3001");
}

/// Clients cut the GSTIN out of the message: the 15 characters after the hyphen.
fn gstin_in(message: &str) -> &str {
    let (_, rest) = message.split_once('-').unwrap_or_else(|| panic!("{message}"));
    &rest[..rest.len().min(15)]
}

#[actix_web::test]
async fn the_message_names_the_gstin_that_is_none_and_no_more_of_it_than_a_gstin_has() {
    let (_app, software, session) = in_session().await;
    let long = format!("29QQQQQ4321Q1ZG{}", "x".repeat(4_000));
    for asked in ["29QQQQQ4321Q1ZG", &long] {
        let answer = software.look_up(&session, asked).await;
        answer.assert_irp("3028");
        let message = answer.irp_fault().1;
        assert_eq!((gstin_in(message), message.len() < 50), ("29QQQQQ4321Q1ZG", true), "{message}");
    }
}

#[actix_web::test]
async fn a_gstin_that_is_cancelled_meanwhile_may_not_ask_any_more() {
    let (app, software, session) = in_session().await;
    for status in [Status::Cancelled, Status::Inactive] {
        change_register(&app, ACME.gstin, move |taxpayer| taxpayer.status = Some(status)).await;
        let answer = software.look_up(&session, PATEL.gstin).await;
        answer.assert_irp("3029");
        assert_eq!(gstin_in(answer.irp_fault().1), ACME.gstin);
    }
    change_register(&app, ACME.gstin, |taxpayer: &mut Taxpayer| taxpayer.status = Some(Status::Suspended)).await;
    session.open(&software.look_up(&session, PATEL.gstin).await);
}

// --- What belongs to a session ------------------------------------------------------------------

#[actix_web::test]
async fn token_user_gstin_and_integrator_must_belong_together() {
    let (app, software, session) = in_session().await;
    let headers = || software.headers_in(&session);
    let last = if session.token.ends_with('0') { '1' } else { '0' };
    let nearly = format!("{}{last}", &session.token[..session.token.len() - 1]);
    for wrong in [
        headers().replace("AuthToken", &nearly),
        headers().replace("AuthToken", &session.token.to_ascii_uppercase()),
        headers().replace("AuthToken", " "),
        headers().without("AuthToken"),
        headers().replace("user_name", "acme_irp_02"),
        headers().replace("Gstin", PATEL.gstin),
        headers().replace("Gstin", "nothing"),
    ] {
        software.get(MASTER, wrong.clone()).await.assert_irp("1005");
    }
    let other = Software::of_integrator(&app, "other-erp", |_| {}).await;
    other.look_up(&session, ACME.gstin).await.assert_irp("1005");
    session.open(&software.get(MASTER, headers()).await);
}

#[actix_web::test]
async fn each_missing_header_is_told() {
    let (_app, software, session) = in_session().await;
    let order = [("client_id", "1011"), ("client_secret", "1012"), ("Gstin", "1004"), ("user_name", "1006")];
    for (name, code) in order {
        software.get(MASTER, software.headers_in(&session).without(name)).await.assert_irp(code);
    }
    let mut headers = software.headers_in(&session);
    for (name, code) in order.into_iter().rev() {
        headers = headers.without(name);
        software.get(MASTER, headers.clone()).await.assert_irp(code);
    }
}

#[actix_web::test]
async fn a_wrong_integrator_key_hears_nothing_of_the_session() {
    let (app, software, session) = in_session().await;
    let stranger = Software::with_key(&app, &software.client_id, "not the secret");
    for gstin in [ACME.gstin, "29QQQQQ4321Q1ZF", "x"] {
        stranger.look_up(&session, gstin).await.assert_irp("1010");
    }
}

#[actix_web::test]
async fn a_token_of_the_other_door_is_none_here() {
    let (app, software, session) = in_session().await;
    with_api_access(&app, "30d").await;
    let gst = software.gst_session(&app).await;
    let headers = software.headers_in(&session).replace("AuthToken", &gst.token);
    for user in ["acmegst01", "acme_irp_01"] {
        software.get(MASTER, headers.clone().replace("user_name", user)).await.assert_irp("1005");
    }
}

#[actix_web::test]
async fn a_session_ends_to_the_second() {
    let (app, software, session) = in_session().await;
    app.clock.advance(6 * HOUR - 1);
    assert!(software.works(&session).await);
    app.clock.advance(1);
    assert!(!software.works(&session).await);
}

#[actix_web::test]
async fn the_heartbeat_asks_nothing_of_the_caller() {
    let app = App::start().await;
    let software = Software::without_key(&app);
    for path in ["/eivital/v1.04/heartbeat/ping", "/eivital/v1.03/heartbeat/ping"] {
        let answer = software.get(path, Headers::default()).await;
        assert_eq!((answer.status, &answer.json["Status"]), (200, &json!(1)), "{}", answer.json);
        assert_eq!((&answer.json["ErrorDetails"], &answer.json["InfoDtls"]), (&Value::Null, &Value::Null));
    }
}
