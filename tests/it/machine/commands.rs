//! `sanad integrators …` and `sanad credentials …` beside a running server, which obeys at its next call.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::machine::{Machine, Server, register, text};
use crate::support::samples::{ACME, API_PASSWORD};
use crate::support::software::{Session, SignIn};
use crate::support::walk::{API_USERNAME, go_on};
use crate::support::{Browser, Software};

/// Runs a command that must succeed, and returns what it writes on standard output.
fn run(machine: &Machine, arguments: &[&str]) -> String {
    let output = machine.run(arguments, &[]);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Refused with one line, which names `what`, and nothing on standard output.
fn assert_refused(output: &Output, what: &str) {
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
    let told = text(&output.stderr);
    assert!(told.lines().count() == 1 && told.ends_with('\n') && told.contains(what), "{told:?}");
}

/// Client id and secret as `add` and `rotate` write them.
fn key_in(told: &str) -> (String, String) {
    let [id, secret] = told.lines().collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("two lines: {told:?}"));
    let value = |line: &str, name: &str| {
        let value = line.strip_prefix(&format!("{name}: ")).unwrap_or_else(|| panic!("{told:?}"));
        assert!(value.len() >= 20 && value.chars().all(|letter| letter.is_ascii_alphanumeric()), "{told:?}");
        value.to_owned()
    };
    (value(id, "client_id"), value(secret, "client_secret"))
}

/// The list of the keys, without the one of demo mode.
fn list(machine: &Machine) -> Vec<Value> {
    let listed: Value = serde_json::from_str(&run(machine, &["integrators", "list", "--json"])).unwrap();
    listed.as_array().unwrap().iter().filter(|key| key["client_id"] != "demo").cloned().collect()
}

/// Software of this machine's server with that key.
fn software(server: &Server, (client_id, secret): &(String, String)) -> Software {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    Software::at(client, server.url.clone(), client_id, secret)
}

/// A server where ACME has API credentials.
async fn with_credentials(machine: &Machine) -> (Server, Browser) {
    let server = machine.serve();
    let browser = server.browser();
    register(&browser).await.assert_shows("Account created");
    create_credentials(&browser).await;
    (server, browser)
}

async fn create_credentials(browser: &Browser) {
    let form = browser.get("/irp/api-credentials/new").await.form("Save and submit");
    let form = form.fill("api_username", API_USERNAME).fill("api_password", API_PASSWORD);
    let answer = form.fill("confirm_api_password", API_PASSWORD).submit(browser).await;
    go_on(browser, &answer).await.assert_shows("API credentials created");
}

/// The same with a new integrator in a session.
async fn in_session(machine: &Machine) -> (Server, Browser, Software, Session) {
    let (server, browser) = with_credentials(machine).await;
    let software = software(&server, &key_in(&run(machine, &["integrators", "add", "Acme ERP"])));
    let session = software.session(&SignIn::of_acme()).await;
    assert!(software.works(&session).await);
    (server, browser, software, session)
}

// --- sanad integrators --------------------------------------------------------------------------

#[actix_web::test]
async fn a_key_that_was_added_works_at_once_and_is_no_gateway() {
    let machine = Machine::new();
    let (_server, _, software, session) = in_session(&machine).await;
    assert_eq!(software.introspect(&session.token).await.status, 401);
}

#[actix_web::test]
async fn a_gateway_may_ask_about_the_tokens_of_others() {
    let machine = Machine::new();
    let (server, _, erp, session) = in_session(&machine).await;
    let told = run(&machine, &["integrators", "add", "The gateway", "--gateway"]);
    let answer = software(&server, &key_in(&told)).introspect(&session.token).await;
    assert_eq!((&answer.json["active"], &answer.json["client_id"]), (&json!(true), &json!(erp.client_id)));
}

#[actix_web::test]
async fn a_key_of_one_pan_is_for_the_gstins_of_that_pan() {
    let machine = Machine::new();
    let (server, _) = with_credentials(&machine).await;
    let key_of = |pan: &str| key_in(&run(&machine, &["integrators", "add", "Direct", "--pan", pan]));
    software(&server, &key_of("abcde1234f")).session(&SignIn::of_acme()).await;
    software(&server, &key_of("FGHIJ5678K")).sign_in(&SignIn::of_acme()).await.assert_irp("1018");
    // A usage fault, before anything is made.
    let output = machine.run(&["integrators", "add", "Direct", "--pan", "29ABCDE1234F1ZW"], &[]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""));
    assert_eq!(list(&machine).len(), 2);
}

#[test]
fn with_json_a_key_is_one_object_of_two_fields() {
    let machine = Machine::new();
    drop(machine.serve());
    let told = run(&machine, &["integrators", "add", "Acme ERP", "--json"]);
    let key: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told.lines().count(), 1);
    let (id, secret) = (key["client_id"].as_str().unwrap(), key["client_secret"].as_str().unwrap());
    assert_eq!(key, json!({ "client_id": id, "client_secret": secret }));

    let again: Value = serde_json::from_str(&run(&machine, &["integrators", "rotate", id, "--json"])).unwrap();
    assert_eq!(again, json!({ "client_id": id, "client_secret": again["client_secret"] }));
    assert_ne!(again["client_secret"], key["client_secret"]);
}

#[test]
fn the_list_has_every_key_and_no_secret() {
    let machine = Machine::new();
    drop(machine.serve());
    let (first, secret) = key_in(&run(&machine, &["integrators", "add", "Acme ERP", "--pan", "ABCDE1234F"]));
    let (second, _) = key_in(&run(&machine, &["integrators", "add", "The gateway", "--gateway"]));
    run(&machine, &["integrators", "disable", &second]);
    let listed = list(&machine);
    assert_eq!(listed.len(), 2);
    for (id, name, pan, gateway, enabled) in
        [(&first, "Acme ERP", json!("ABCDE1234F"), false, true), (&second, "The gateway", Value::Null, true, false)]
    {
        let key = listed.iter().find(|key| key["client_id"] == *id).unwrap();
        assert_eq!((&key["name"], &key["pan"]), (&json!(name), &pan));
        assert_eq!((&key["gateway"], &key["enabled"]), (&json!(gateway), &json!(enabled)));
        assert_eq!(key["disabled_at"].is_null(), enabled);
    }
    let told = run(&machine, &["integrators", "list"]);
    let line = |id: &str| told.lines().find(|line| line.starts_with(id)).unwrap_or_else(|| panic!("{told}"));
    assert!(line(&first).ends_with("Acme ERP") && line(&first).contains("ABCDE1234F"), "{told}");
    assert!(line(&second).contains("disabled") && line(&second).contains("gateway"), "{told}");
    assert_eq!(told.lines().count(), 3, "with the one of demo mode: {told}");
    assert!(!told.contains(&secret) && !Value::from(listed).to_string().contains(&secret));
}

#[actix_web::test]
async fn a_rotated_secret_takes_the_place_of_the_one_before_and_ends_no_session() {
    let machine = Machine::new();
    let (server, _, before, session) = in_session(&machine).await;
    let (id, secret) = key_in(&run(&machine, &["integrators", "rotate", &before.client_id]));
    assert_eq!((&id, secret == before.secret), (&before.client_id, false));
    before.sign_in(&SignIn::of_acme()).await.assert_irp("1010");
    before.look_up(&session, ACME.gstin).await.assert_irp("1010");
    let after = software(&server, &(id, secret));
    assert!(after.works(&session).await);
    assert_eq!(after.session(&SignIn::of_acme()).await, session);
}

#[actix_web::test]
async fn a_disabled_integrator_is_shut_out_with_its_tokens_and_nobody_else_is() {
    let machine = Machine::new();
    let (server, _, erp, session) = in_session(&machine).await;
    let other = software(&server, &key_in(&run(&machine, &["integrators", "add", "Other ERP"])));
    let others = other.session(&SignIn::of_acme()).await;
    let gateway = software(&server, &("demo".to_owned(), "demo-secret".to_owned()));
    assert_eq!(gateway.introspect(&session.token).await.json["active"], true);
    for _ in 0..2 {
        assert_eq!(run(&machine, &["integrators", "disable", &erp.client_id]), "");
    }
    erp.look_up(&session, ACME.gstin).await.assert_irp("1010");
    assert_eq!(gateway.introspect(&session.token).await.json, json!({ "active": false }));
    assert!(other.works(&others).await);
    // Another secret would not let it in again, so there is none.
    let rotated = machine.run(&["integrators", "rotate", &erp.client_id], &[]);
    assert_refused(&rotated, &format!("there is no integrator {} that is not disabled", erp.client_id));
}

#[test]
fn an_integrator_that_nobody_knows_is_refused_in_one_line() {
    let machine = Machine::new();
    drop(machine.serve());
    for command in ["rotate", "disable"] {
        assert_refused(&machine.run(&["integrators", command, "nobody"], &[]), "nobody");
    }
    assert_eq!(list(&machine), [Value::Null; 0]);
}

#[test]
fn what_is_no_command_is_a_usage_fault() {
    let machine = Machine::new();
    for arguments in [
        &["integrators"][..],
        &["integrators", "add"],
        &["integrators", "add", ""],
        &["integrators", "rotate"],
        &["integrators", "remove", "x"],
        &["credentials"],
        &["credentials", "freeze"],
    ] {
        let output = machine.run(arguments, &[]);
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""), "{arguments:?}");
    }
}

// --- sanad credentials --------------------------------------------------------------------------

/// The status on the owner's page.
async fn status(browser: &Browser) -> Option<String> {
    let details = browser.get("/irp/api-credentials").await.details();
    details.into_iter().find(|(term, _)| term == "Status").map(|(_, status)| status)
}

#[actix_web::test]
async fn frozen_credentials_are_shut_out_at_once_until_they_are_unfrozen() {
    let machine = Machine::new();
    let (_server, browser, software, session) = in_session(&machine).await;
    assert_eq!(status(&browser).await.as_deref(), Some("Active"));
    // As the owner spells it or not.
    assert_eq!(run(&machine, &["credentials", "freeze", "ACME_Irp_01"]), "");
    assert!(!software.works(&session).await);
    software.sign_in(&SignIn::of_acme()).await.assert_irp("1014");
    assert_ne!(status(&browser).await.as_deref(), Some("Active"));

    run(&machine, &["credentials", "unfreeze", API_USERNAME]);
    assert!(!software.works(&session).await, "what has ended does not come back");
    let next = software.session(&SignIn::of_acme()).await;
    assert!(software.works(&next).await);
    assert_eq!(status(&browser).await.as_deref(), Some("Active"));
}

#[actix_web::test]
async fn removed_credentials_are_gone_with_their_tokens_and_their_owner_may_create_others() {
    let machine = Machine::new();
    let (_server, browser, software, session) = in_session(&machine).await;
    run(&machine, &["credentials", "remove", API_USERNAME]);
    assert!(!software.works(&session).await);
    software.sign_in(&SignIn::of_acme()).await.assert_irp("1017");
    assert_eq!(status(&browser).await, None);
    browser.get("/irp/api-credentials").await.form("Create API credentials");
    assert_refused(&machine.run(&["credentials", "remove", API_USERNAME], &[]), API_USERNAME);
}

#[test]
fn credentials_that_nobody_has_are_refused_in_one_line() {
    let machine = Machine::new();
    drop(machine.serve());
    for command in ["freeze", "unfreeze", "remove"] {
        for username in ["nobody_01", "x", "' OR '1'='1"] {
            assert_refused(&machine.run(&["credentials", command, username], &[]), username);
        }
    }
}
