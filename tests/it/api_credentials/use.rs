//! `/irp/api-credentials/use`: what is needed besides the password, and that its two programs run as they stand.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::machine::text;
use crate::support::samples::*;
use crate::support::walk::{API_USERNAME, registered, with_credentials};
use crate::support::{App, Page};

const USE: &str = "/irp/api-credentials/use";
const ENV: &str = "/irp/api-credentials/use.env";
const HUB: &str = "/irp/api-credentials";

/// The program under that heading, as a person copies it.
fn program(page: &Page, heading: &str) -> String {
    let at = ["Try it in a shell", "Try it in Python"].iter().position(|known| *known == heading).unwrap();
    page.raw("main pre code").swap_remove(at)
}

/// Runs a program of the page with the passwords where it looks for them.
async fn run(interpreter: &str, program: String, api_password: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("program");
    fs::write(&file, program).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = Command::new(interpreter);
    command.arg(&file).current_dir(folder.path()).stdin(Stdio::null());
    command.env("IRP_CLIENT_ID", "demo").env("IRP_CLIENT_SECRET", "demo-secret").env("IRP_API_PASSWORD", api_password);
    // The server answers on a thread of its own; this one may wait.
    command.output().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a switch of the test suite, not a setting")]
fn python() -> String {
    std::env::var("SANAD_TEST_PYTHON").unwrap_or_else(|_| "/usr/bin/python3".to_owned())
}

#[actix_web::test]
async fn it_shows_addresses_gstin_and_username_and_no_password() {
    let app = App::start().await;
    let browser = with_credentials(&app).await;
    let hub = browser.get(HUB).await;
    assert_eq!(hub.link("Use them in software"), USE);
    let page = browser.get(USE).await;
    page.assert_shows("Use the API credentials in software");
    for shown in [&app.url("/eivital/v1.04"), ACME.gstin, API_USERNAME, &app.url("/eivital/public-key.pem")] {
        assert!(page.has(shown), "{shown}");
    }
    assert!(!page.html.contains(API_PASSWORD));
    assert_eq!(page.link("Error codes of software"), "/help/error-codes");
    assert_eq!(page.link("Which of my passwords is this?"), "/help/passwords");
    assert_eq!(page.link("This practice copy has one to try."), "/demo#software");
}

#[actix_web::test]
async fn the_env_file_has_everything_but_secrets() {
    let app = App::start().await;
    let browser = with_credentials(&app).await;
    let file = browser.get(ENV).await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"credentials.env\"");
    assert!(file.header("content-type").starts_with("text/plain"));
    let lines: Vec<&str> = file.html.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        lines,
        [
            &format!("IRP_BASE_URL={}", app.url("/eivital/v1.04")),
            &format!("IRP_PUBLIC_KEY_URL={}", app.url("/eivital/public-key.pem")),
            &format!("IRP_GSTIN={}", ACME.gstin),
            &format!("IRP_API_USERNAME={API_USERNAME}"),
            "IRP_API_PASSWORD=",
            "IRP_CLIENT_ID=",
            "IRP_CLIENT_SECRET=",
        ]
    );
}

#[actix_web::test]
async fn without_credentials_there_is_nothing_to_use() {
    let app = App::start().await;
    let browser = registered(&app).await;
    for address in [USE, ENV] {
        browser.get(address).await.assert_leads_to(HUB);
    }
    assert!(browser.get(HUB).await.links("main a").iter().all(|(text, _)| text != "Use them in software"));
    let stranger = app.browser();
    stranger.get(USE).await.assert_leads_to("/irp/login?return=/irp/api-credentials/use");
    stranger.get(ENV).await.assert_leads_to("/irp/login");
}

#[actix_web::test]
async fn a_door_that_is_shut_is_told() {
    let app = App::start_with(&[("NIC_DOOR", "off")]).await;
    let browser = with_credentials(&app).await;
    assert!(browser.get(USE).await.has("has switched off the sign-in for software"));
}

#[actix_web::test]
async fn both_programs_sign_in_and_look_the_gstin_up() {
    let app = App::start().await;
    let browser = with_credentials(&app).await;
    let page = browser.get(USE).await;
    let shell = run("sh", program(&page, "Try it in a shell"), API_PASSWORD).await;
    assert!(shell.status.success(), "{}", text(&shell.stderr));
    let told = text(&shell.stdout);
    let (answer, object) = told.trim().split_once('\n').unwrap();
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer["Data"]["UserName"], API_USERNAME);
    assert_eq!(serde_json::from_str::<Value>(object).unwrap()["Gstin"], ACME.gstin);

    let python = run(&python(), program(&page, "Try it in Python"), API_PASSWORD).await;
    assert!(python.status.success(), "{}", text(&python.stderr));
    let object: Value = serde_json::from_slice(&python.stdout).unwrap();
    assert_eq!(object["Gstin"], ACME.gstin);
}

#[actix_web::test]
async fn both_programs_say_the_code_of_a_refusal() {
    let app = App::start().await;
    let browser = with_credentials(&app).await;
    let page = browser.get(USE).await;
    // Signs that a shell and JSON take for their own.
    let wrong = r#"wrong "\ $HOME' 1"#;
    let shell = run("sh", program(&page, "Try it in a shell"), wrong).await;
    assert_eq!(shell.status.code(), Some(1));
    assert!(text(&shell.stdout).contains(r#""ErrorCode":"1019""#), "{}", text(&shell.stdout));
    let python = run(&python(), program(&page, "Try it in Python"), wrong).await;
    assert_eq!(python.status.code(), Some(1));
    assert!(text(&python.stderr).contains("1019"), "{}", text(&python.stderr));
}

#[actix_web::test]
async fn the_hub_tells_when_and_from_where_software_signed_in_last() {
    let app = App::start().await;
    let browser = with_credentials(&app).await;
    let page = browser.get(HUB).await;
    assert!(page.has("Never used"));
    app.clock.advance(3 * 60);
    let program = program(&browser.get(USE).await, "Try it in a shell");
    assert!(run("sh", program, API_PASSWORD).await.status.success());
    assert!(browser.get(HUB).await.has("21/11/2026 17:04 IST, from 127.0.0.1"));
}
