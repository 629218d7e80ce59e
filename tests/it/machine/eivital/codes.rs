//! Every error code of the e-invoice protocol, for the cause that the documents give it (`domain.md` 4.1).

use std::collections::BTreeMap;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sanad::kernel::irp_code::IrpCode;
use sanad::kernel::taxpayer::{Status, Taxpayer};
use sanad::store::credentials;
use serde_json::{Value, json};

use crate::machine::set_status;
use crate::support::samples::{ACME, PATEL};
use crate::support::software::{AUTH, Answer, Headers, SignIn};
use crate::support::walk::with_credentials;
use crate::support::walk_gst::change_register;
use crate::support::{App, Software};

const MASTER: &str = "/eivital/v1.04/Master/gstin/29ABCDE1234F1ZW";

/// The codes and the words of the documents. 5001 has a test of its own: a server that cannot read its key.
const DOCUMENTED: [(&str, &str); 20] = [
    ("1004", "Header GSTIN is required"),
    ("1005", "Invalid Token"),
    ("1006", "User Name is required"),
    ("1007", "Authentication failed. Pls. inform the helpdesk"),
    ("1008", "Invalid login credentials"),
    ("1010", "Invalid Client-ID/Client-Secret"),
    ("1011", "Client Id is required"),
    ("1012", "Client Secret is required"),
    ("1013", "Decryption of password failed"),
    ("1014", "Inactive User"),
    ("1015", "Invalid GSTIN for this user"),
    ("1016", "Decryption of App Key failed"),
    ("1017", "Incorrect user id/User does not exists"),
    ("1018", "Client Id is not mapped to this user"),
    ("1019", "Incorrect Password"),
    ("1020", "Decryption failed"),
    ("3001", "Requested data is not available"),
    ("3028", "GSTIN -NOGSTIN is invalid"),
    ("3029", "GSTIN -29ABCDE1234F1ZW is inactive or cancelled"),
    ("5003", "Data cannot be null or empty"),
];

async fn with_software() -> (App, Software) {
    let app = App::start().await;
    with_credentials(&app).await;
    let software = Software::of(&app).await;
    (app, software)
}

/// Sends a body to the door, with the right headers.
async fn post(software: &Software, body: &Value) -> Answer {
    software.post(AUTH, software.headers_for(ACME.gstin), body.to_string()).await
}

/// What the door says to `parts`, the body of version 1.03, with one field changed.
async fn with_part(software: &Software, name: &str, value: Value) -> Answer {
    let mut body = SignIn::of_acme().parts(software.irp_key().await);
    body["data"][name] = value;
    post(software, &body).await
}

/// Each code that was heard, with its message.
#[derive(Default)]
struct Heard(BTreeMap<String, String>);

impl Heard {
    fn note(&mut self, answer: &Answer) {
        let (code, message) = answer.irp_fault();
        assert_eq!(answer.status, if code == "1008" { 429 } else { 200 }, "{}", answer.json);
        self.0.insert(code.to_owned(), message.to_owned());
    }
}

#[actix_web::test]
async fn every_code_is_heard_for_its_cause_in_the_documents_words() {
    let (app, software) = with_software().await;
    let of_patel = Software::of_integrator(&app, "patel-erp", |key| key.pan = Some("FGHIJ5678K".to_owned())).await;
    let right = SignIn::of_acme();
    let session = software.session(&right).await;
    let headers = || software.headers_for(ACME.gstin);
    let mut heard = Heard::default();

    for missing in ["Gstin", "client_id", "client_secret"] {
        heard.note(&software.post(AUTH, headers().without(missing), "{}").await);
    }
    heard.note(&software.get(MASTER, software.headers_in(&session).replace("AuthToken", "another")).await);
    heard.note(&software.sign_in(&SignIn { username: String::new(), ..right.clone() }).await);
    heard.note(&software.post(AUTH, headers(), "no JSON").await);
    heard.note(&Software::with_key(&app, "nobody", "x").sign_in(&right).await);
    heard.note(&with_part(&software, "Password", "AAAA".into()).await);
    heard.note(&software.sign_in(&SignIn { gstin: PATEL.gstin, ..right.clone() }).await);
    heard.note(&software.sign_in(&SignIn { app_key: vec![1; 31], ..right.clone() }).await);
    heard.note(&software.sign_in(&SignIn { username: "nobody_01".to_owned(), ..right.clone() }).await);
    heard.note(&of_patel.sign_in(&right).await);
    heard.note(&post(&software, &json!({ "Data": "AAAA" })).await);
    heard.note(&post(&software, &json!({})).await);
    heard.note(&software.look_up(&session, "29QQQQQ4321Q1ZF").await);
    heard.note(&software.look_up(&session, "NOGSTIN").await);

    for _ in 0..11 {
        let stranger =
            SignIn { password: "Slow-Ferry_Rides 30".to_owned(), username: "nobody_02".to_owned(), ..right.clone() };
        let answer = software.sign_in(&stranger).await;
        assert!(["1017", "1008"].contains(&answer.irp_fault().0));
        heard.note(&answer);
    }
    heard.note(&software.sign_in(&SignIn { password: "Slow-Ferry_Rides 30".to_owned(), ..right.clone() }).await);
    set_status(&app, credentials::FROZEN).await;
    heard.note(&software.sign_in(&right).await);
    set_status(&app, credentials::ACTIVE).await;
    let session = software.session(&right).await;
    change_register(&app, ACME.gstin, |taxpayer| taxpayer.status = Some(Status::Cancelled)).await;
    heard.note(&software.look_up(&session, ACME.gstin).await);

    for (code, words) in DOCUMENTED {
        let message = heard.0.get(code).unwrap_or_else(|| panic!("{code} was not heard"));
        let too_many = format!("{words}. Too many tries. Try again after ");
        assert!(message == words || code == "1008" && message.starts_with(&too_many), "{code}: {message}");
    }
    let ours = IrpCode::ALL.iter().map(|code| code.code()).filter(|code| *code != "5001");
    assert!(ours.eq(heard.0.keys().map(String::as_str)), "{:?}", heard.0);
}

#[actix_web::test]
async fn a_server_that_cannot_read_its_key_says_5001_with_a_reference_and_nothing_of_the_cause() {
    let (app, software) = with_software().await;
    fs::write(app.kit.settings.keys_dir.join("irp.pem"), "damaged").unwrap();
    let file = software.get("/eivital/public-key.pem", Headers::default()).await;
    let sealed = post(&software, &json!({ "Data": "AAAA" })).await;
    for answer in [file, sealed] {
        let (code, message) = answer.irp_fault();
        assert_eq!((answer.status, code), (500, "5001"));
        let words = "Application Error in Auth, Please Contact the help desk. Reference ";
        let reference = message.strip_prefix(words).unwrap_or_else(|| panic!("{message}"));
        assert_eq!((reference.len(), reference.ends_with('.')), (10, true), "{message}");
    }
}

// --- What is missing ----------------------------------------------------------------------------

#[actix_web::test]
async fn of_the_headers_the_client_id_is_missed_first_then_the_secret_then_the_gstin() {
    let (_app, software) = with_software().await;
    let body = json!({}).to_string();
    for (sent, code) in [
        (&[][..], "1011"),
        (&["client_secret", "Gstin"][..], "1011"),
        (&["client_id"][..], "1012"),
        (&["client_id", "Gstin"][..], "1012"),
        (&["client_id", "client_secret"][..], "1004"),
        (&["client_id", "client_secret", "Gstin"][..], "5003"),
    ] {
        let values =
            [("client_id", &software.client_id[..]), ("client_secret", &software.secret), ("Gstin", ACME.gstin)];
        let sent = values.iter().filter(|(name, _)| sent.contains(name));
        let headers = sent.fold(Headers::default(), |headers, (name, value)| headers.with(name, value));
        software.post(AUTH, headers, body.clone()).await.assert_irp(code);
    }
    let blank = software.headers_for(" ");
    software.post(AUTH, blank, body).await.assert_irp("1004");
}

#[actix_web::test]
async fn without_data_there_is_nothing_to_open() {
    let (_app, software) = with_software().await;
    for body in
        [json!({}), json!({ "Data": "" }), json!({ "Data": null }), json!({ "data": " \n" }), json!({ "Date": "AAAA" })]
    {
        post(&software, &body).await.assert_irp("5003");
    }
}

#[actix_web::test]
async fn a_user_without_a_name_is_none() {
    let (_app, software) = with_software().await;
    for blank in ["", "  ", "\t\n"] {
        let with = SignIn { username: blank.to_owned(), ..SignIn::of_acme() };
        software.sign_in(&with).await.assert_irp("1006");
        with_part(&software, "UserName", blank.into()).await.assert_irp("1006");
    }
    for json in [json!({}), json!({ "UserName": null, "Password": "x" }), json!({ "user_name": "acme_irp_01" })] {
        software.sign_in_with_text(ACME.gstin, &json.to_string()).await.assert_irp("1006");
    }
}

// --- What cannot be read ------------------------------------------------------------------------

#[actix_web::test]
async fn an_app_key_has_32_bytes_as_base64_or_as_they_are() {
    let (_app, software) = with_software().await;
    for app_key in ["", "short", &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33]), &"k".repeat(31), &"k".repeat(33)]
    {
        let mut fields = SignIn::of_acme().json();
        fields["AppKey"] = app_key.into();
        software.sign_in_with_text(ACME.gstin, &fields.to_string()).await.assert_irp("1016");
    }
    let mut without = SignIn::of_acme().json();
    without.as_object_mut().unwrap().remove("AppKey");
    software.sign_in_with_text(ACME.gstin, &without.to_string()).await.assert_irp("1016");
    // Before anything is said of the user.
    let unknown = SignIn { username: "nobody_01".to_owned(), app_key: vec![1; 16], ..SignIn::of_acme() };
    software.sign_in(&unknown).await.assert_irp("1016");
}

#[actix_web::test]
async fn each_part_of_version_1_03_must_be_encrypted_under_our_key() {
    let (_app, software) = with_software().await;
    let other = software.gstn_key().await;
    let under_other = |plain: &[u8]| Value::from(STANDARD.encode(other.seal(plain)));
    let right = SignIn::of_acme();
    let password = under_other(right.password.as_bytes());
    for password in [password, "".into(), Value::Null, "AAAA".into(), right.password.clone().into()] {
        with_part(&software, "Password", password).await.assert_irp("1013");
    }
    let under_ours = STANDARD.encode(software.irp_key().await.seal(&[1; 31]));
    for app_key in [under_other(&right.app_key), "".into(), Value::Null, "AAAA".into(), under_ours.into()] {
        with_part(&software, "AppKey", app_key).await.assert_irp("1016");
    }
}

#[actix_web::test]
async fn a_body_that_is_not_what_the_protocol_says_is_malformed() {
    let (_app, software) = with_software().await;
    for body in
        ["", "no JSON", "[]", "null", "\"x\"", "{\"Data\":", "{\"Data\":\"x\"}{}", "{\"Data\":1}", "{\"Data\":[]}"]
    {
        software.post(AUTH, software.headers_for(ACME.gstin), body).await.assert_irp("1007");
    }
    for (name, value) in [("UserName", json!(1)), ("Password", json!({})), ("AppKey", json!(true))] {
        with_part(&software, name, value).await.assert_irp("1007");
    }
    with_part(&software, "ForceRefreshAccessToken", json!("maybe")).await.assert_irp("1007");
}

// --- Who is inactive ----------------------------------------------------------------------------

#[actix_web::test]
async fn a_user_whose_gstin_may_not_issue_e_invoices_any_more_is_inactive() {
    let (app, software) = with_software().await;
    let changes: [fn(&mut Taxpayer); 4] = [
        |taxpayer| taxpayer.status = Some(Status::Suspended),
        |taxpayer| taxpayer.status = Some(Status::Cancelled),
        |taxpayer| taxpayer.status = Some(Status::Inactive),
        |taxpayer| taxpayer.einvoice_enabled = Some(false),
    ];
    for change in changes {
        change_register(&app, ACME.gstin, change).await;
        software.sign_in(&SignIn::of_acme()).await.assert_irp("1014");
        // A wrong password tells nothing of it.
        let wrong = SignIn { password: "Slow-Ferry_Rides 30".to_owned(), ..SignIn::of_acme() };
        software.sign_in(&wrong).await.assert_irp("1019");
        let restore = |taxpayer: &mut Taxpayer| {
            taxpayer.status = Some(Status::Active);
            taxpayer.einvoice_enabled = Some(true);
        };
        change_register(&app, ACME.gstin, restore).await;
        software.session(&SignIn::of_acme()).await;
    }
}
