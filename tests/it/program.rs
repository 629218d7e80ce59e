//! The program itself, as an operator starts it: `sanad serve` killed and started again, `sanad taxpayers import`,
//! `sanad config show`, and every refusal (`design.md` 6 and 7).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;

use sanad::kernel::clock::Clock;
use sanad::store::taxpayers::{self, Source};
use sanad::store::{Database, Store};

use crate::support::machine::{Machine, Server, first_line, register, text};
use crate::support::samples::{ACME, PASSWORD};
use crate::support::walk::go_on;
use crate::support::walk_sign_in::{add_authenticator_at, log_in_at};
use crate::support::{Browser, Page, keys};

/// What production needs at least; the keys come from the folder.
const PRODUCTION: [(&str, &str); 5] = [
    ("SANAD_MODE", "production"),
    ("SANAD_BASE_URL", "https://irp.example.in"),
    ("SANAD_SMTP_URL", "smtp://127.0.0.1:9"),
    ("SANAD_TRUSTED_PROXIES", "10.0.0.0/8"),
    ("SANAD_ARGON2", "m=19456,t=2,p=1"),
];

/// Types a GSTIN into the eligibility check; the page that follows.
async fn check(browser: &Browser, gstin: &str) -> Page {
    let page = browser.get("/irp/register").await;
    browser.follow(&page.form("Continue").fill("gstin", gstin).submit(browser).await).await
}

#[actix_web::test]
async fn account_and_session_survive_kill_9() {
    let machine = Machine::new();
    let server = machine.serve();
    let browser = server.browser();
    register(&browser).await.assert_shows("Account created");
    let cookies = browser.cookies();
    server.kill();

    let server = machine.serve();
    let browser = server.browser();
    for (name, value) in cookies {
        browser.set_cookie(&name, &value);
    }
    browser.get("/irp/account").await.assert_shows("Account");
    let other = server.browser();
    let page = other.get("/irp/login").await;
    let form = page.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD);
    form.submit(&other).await.assert_leads_to("/irp/api-credentials");
    check(&server.browser(), ACME.gstin).await.assert_shows("Log in");
}

#[actix_web::test]
async fn a_count_of_wrong_passwords_survives_kill_9() {
    let machine = Machine::new();
    let server = machine.serve();
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(guess(&server).await.status);
    }
    assert_eq!(answers, [422, 422, 422, 422, 422, 429]);
    // The tenth failure of the address in a minute closes it for longer than a restart takes.
    for gstin in ["24FGHIJ5678K1Z7", "33KLMNO9012P1ZE", "06PQRST3456U1ZY", "07UVWXY7890Z1Z9", "19ZZZZZ1111A1ZW"] {
        guess_of(&server, gstin).await;
    }
    server.kill();
    let server = machine.serve();
    assert_eq!(guess_of(&server, "27XYZXA2222B1ZO").await.status, 429);
}

async fn guess(server: &Server) -> Page {
    guess_of(server, ACME.gstin).await
}

async fn guess_of(server: &Server, gstin: &str) -> Page {
    let browser = server.browser();
    let page = browser.get("/irp/login").await;
    page.form("Login").fill("username", gstin).fill("password", "three small bushes 5").submit(&browser).await
}

#[test]
fn a_second_server_on_the_same_database_is_refused() {
    let machine = Machine::new();
    let _server = machine.serve();
    let (code, told) = machine.refusal(&[]);
    assert_eq!(code, 3);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("another server is running"), "{told}");
}

#[test]
fn a_server_starts_again_where_another_was_killed() {
    let machine = Machine::new();
    machine.serve().kill();
    drop(machine.serve());
}

#[test]
fn the_data_folder_and_the_keys_are_private() {
    let machine = Machine::new();
    let _server = machine.serve();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(machine.data()), 0o700);
    assert_eq!(mode(machine.data().join("keys")), 0o700);
    assert_eq!(mode(machine.data().join("keys/otp.key")), 0o600);
    assert_eq!(mode(machine.data().join("sanad.db")), 0o600);
}

/// Asserts exit code 2 and one line that says `told`.
fn assert_refused(machine: &Machine, settings: &[(&str, &str)], told: &str) {
    let (code, line) = machine.refusal(settings);
    assert_eq!(code, 2, "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.contains(told), "{told}: {line}");
}

/// Asserts that production starts at its public address.
fn assert_starts(machine: &Machine, settings: &[(&str, &str)]) {
    let mut child = machine.command(&[], settings).stderr(Stdio::null()).spawn().unwrap();
    let line = first_line(&mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(line, "Sanad is ready: https://irp.example.in");
}

fn production(change: (&'static str, &'static str)) -> Vec<(&'static str, &'static str)> {
    PRODUCTION.into_iter().chain([change]).collect()
}

fn with_keys() -> Machine {
    let machine = Machine::new();
    keys::make_all(&machine.data().join("keys"));
    machine
}

#[test]
fn production_starts_with_what_it_needs() {
    let machine = with_keys();
    assert_starts(&machine, &PRODUCTION);
}

#[test]
fn production_refuses_to_start_unsafe() {
    let machine = with_keys();
    for (change, told) in [
        (("SANAD_TRUSTED_PROXIES", ""), "TLS"),
        (("SANAD_SMTP_URL", ""), "mail transport"),
        (("SANAD_BASE_URL", ""), "SANAD_BASE_URL"),
        (("SANAD_BASE_URL", "http://irp.example.in"), "https://"),
        (("SANAD_ARGON2", "m=8,t=1,p=1"), "SANAD_ARGON2"),
        (("SANAD_TLS_CERT", "missing.pem"), "SANAD_TLS_KEY"),
        (("SANAD_SMTP_URL", "nonsense"), "SANAD_SMTP_URL"),
    ] {
        assert_refused(&machine, &production(change), told);
    }
    let missing = [("SANAD_TLS_CERT", "missing.pem"), ("SANAD_TLS_KEY", "missing.key")];
    let settings: Vec<_> = PRODUCTION.into_iter().chain(missing).collect();
    assert_refused(&machine, &settings, "missing.pem");
}

#[test]
fn production_refuses_an_address_open_to_all_without_tls() {
    let machine = with_keys();
    let settings: Vec<_> =
        PRODUCTION.into_iter().chain([("SANAD_TRUSTED_PROXIES", ""), ("SANAD_LISTEN", "0.0.0.0:0")]).collect();
    assert_refused(&machine, &settings, "TLS");
}

#[test]
fn production_refuses_missing_and_exposed_keys() {
    let machine = Machine::new();
    assert_refused(&machine, &PRODUCTION, "is missing");

    let machine = with_keys();
    let key = machine.data().join("keys/pepper.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert_refused(&machine, &PRODUCTION, "can be read by others");

    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, "not a key\n").unwrap();
    assert_refused(&machine, &PRODUCTION, "damaged");
}

#[test]
fn production_refuses_a_door_without_its_key_and_starts_without_that_door() {
    let machine = with_keys();
    let key = machine.data().join("keys/gstn.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert_refused(&machine, &PRODUCTION, "gstn.pem can be read by others");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, "not a key\n").unwrap();
    assert_refused(&machine, &PRODUCTION, "gstn.pem is not a PKCS#8 PEM file of an RSA key with 4096 bits");
    fs::remove_file(&key).unwrap();
    assert_refused(&machine, &PRODUCTION, "gstn.pem is missing");
    assert_starts(&machine, &production(("SANAD_GSTN_DOOR", "off")));
}

#[test]
fn production_refuses_the_integrator_key_that_everybody_knows() {
    let machine = with_keys();
    let add = |arguments: &[&str]| machine.run(arguments, &PRODUCTION);
    assert!(add(&["integrators", "add", "Acme Billing"]).status.success());
    machine.serve().kill();
    // Without the sample register the key of demo mode is what is left of it.
    let store = Store::open(&Database::Sqlite(machine.data().join("sanad.db"))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let samples = store.read(taxpayers::list_samples).await.unwrap();
        store.write(move |c| taxpayers::upsert(c, &samples, Source::Import, Clock::system().now())).await.unwrap();
        store.stop().await;
    });
    assert_refused(&machine, &PRODUCTION, "the sample of demo mode");
    assert!(add(&["integrators", "disable", "demo"]).status.success());
    assert_starts(&machine, &PRODUCTION);
}

#[test]
fn production_refuses_the_sample_register() {
    let machine = Machine::new();
    machine.serve().kill();
    assert_refused(&machine, &PRODUCTION, "sample");
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let machine = Machine::new();
    for (name, value, told) in [
        ("SANAD_MODE", "prod", "SANAD_MODE: wants demo or production"),
        ("SANAD_LISTEN", "0.0.0.0:0", "SANAD_DEMO_PUBLIC=yes"),
        ("SANAD_LISTEN", "here", "SANAD_LISTEN"),
        ("SANAD_LISTNE", "127.0.0.1:0", "SANAD_LISTNE: there is no setting of this name"),
        ("SANAD_PASSWORD_POLICY", "none", "SANAD_PASSWORD_POLICY"),
        ("SANAD_ARGON2", "fast", "SANAD_ARGON2"),
        ("SANAD_LISTEN", "203.0.113.1:80", "SANAD_LISTEN"),
    ] {
        assert_refused(&machine, &[(name, value)], told);
    }
    machine.file("sanad.toml", "[limits]\notp_trys = 3\n");
    assert_refused(&machine, &[], "limits.otp_trys: there is no limit of this name");
    machine.file("sanad.toml", "brand = \n");
    assert_refused(&machine, &[], "sanad.toml");
}

#[cfg(not(feature = "postgres"))]
#[test]
fn a_program_without_postgres_refuses_its_address() {
    assert_refused(&Machine::new(), &[("SANAD_DATABASE_URL", "postgres://localhost/sanad")], "--features postgres");
}

#[test]
fn a_port_in_use_is_told_in_one_line() {
    let (first, second) = (Machine::new(), Machine::new());
    let server = first.serve();
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    assert_refused(&second, &[("SANAD_LISTEN", &address)], "SANAD_LISTEN");
}

#[test]
fn config_show_prints_what_is_in_force_without_secrets() {
    let machine = Machine::new();
    machine.file("sanad.toml", "brand = \"File\"\noperator_name = \"Acme Hosting\"\n[limits]\notp_tries = 3\n");
    let settings = [("SANAD_BRAND", "Variable"), ("SANAD_SMTP_URL", "smtps://user:hunter2@mail.example.in")];
    let output = machine.run(&["config", "show"], &settings);
    assert_eq!(output.status.code(), Some(0));
    let shown = text(&output.stdout);
    for line in [
        "mode = \"demo\"",
        "brand = \"Variable\"",
        "operator_name = \"Acme Hosting\"",
        "smtp_url = \"***\"",
        "[limits]",
        "session_idle = 900",
        "session_absolute = 28800",
    ] {
        assert!(shown.lines().any(|shown| shown.starts_with(line)), "{line}: {shown}");
    }
    assert!(shown.contains("otp_tries = 3"), "{shown}");
    assert!(!shown.contains("hunter2"));
    assert!(!machine.data().exists(), "to look changes nothing");
}

#[test]
fn config_show_is_a_settings_file_that_says_the_same() {
    let machine = Machine::new();
    let shown = text(&machine.run(&["config", "show"], &[]).stdout);
    machine.file("sanad.toml", &shown);
    assert_eq!(text(&machine.run(&["config", "show"], &[]).stdout), shown);
}

const HEADER: &str = "gstin,legal_name,trade_name,constitution,taxpayer_type,status,registered_on,cancelled_on,\
    centre_jurisdiction,state_jurisdiction,building,street,locality,city,district,state_code,pincode,emails,mobiles,\
    einvoice_enabled,sandbox,people,activities,other_places,compliance_rating";
/// A GSTIN that the sample does not hold.
const FRESH: &str = "27AAPFU0939F1ZV";

/// A row of the register file, eligible, with the names given.
fn row(gstin: &str, legal_name: &str, trade_name: &str) -> String {
    format!(
        "{gstin},{legal_name},{trade_name},Partnership,Regular,Active,2017-07-01,,,,No. 1,,,Mumbai,,27,400001,\
         books@fresh.example,9876598765,yes,no,,,,"
    )
}

fn csv(rows: &[String]) -> String {
    format!("{HEADER}\r\n{}\r\n", rows.join("\r\n"))
}

#[actix_web::test]
async fn an_import_beside_the_running_server_is_seen_at_once() {
    let machine = Machine::new();
    let server = machine.serve();
    let browser = server.browser();
    check(&browser, FRESH).await.assert_shows("This GSTIN is not eligible for e-invoicing");

    let file = machine.file("fresh.csv", &csv(&[row(FRESH, "FRESH BOOKS", "Fresh")]));
    let output = machine.import(&file);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).trim(), "1 taxpayers imported, 0 rows rejected");
    assert!(!machine.folder.path().join("fresh.rejected.csv").exists());
    let page = check(&browser, FRESH).await;
    page.assert_shows("Check your GSTIN details");
    assert!(page.has("FRESH BOOKS"));
}

#[actix_web::test]
async fn bad_rows_are_set_aside_with_their_reasons_and_the_good_ones_kept() {
    let machine = Machine::new();
    let server = machine.serve();
    let rows = [
        row("27AAPFU0939F1ZX", "WRONG CHECK DIGIT", ""),
        row(FRESH, "FRESH BOOKS", ""),
        row("29ABCDE1234F2ZV", "", "no legal name"),
        "one cell".to_owned(),
    ];
    let file = machine.file("mixed.csv", &csv(&rows));
    let output = machine.import(&file);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("1 taxpayers imported, 3 rows rejected"), "{}", text(&output.stdout));

    let rejected = machine.folder.path().join("mixed.rejected.csv");
    assert!(text(&output.stdout).contains(&rejected.display().to_string()));
    let rejects = fs::read_to_string(&rejected).unwrap();
    assert_eq!(rejects.lines().count(), 4, "{rejects}");
    assert!(rejects.lines().next().unwrap().ends_with(",reason"));
    for told in ["WRONG CHECK DIGIT", "no legal name", "one cell"] {
        assert!(rejects.contains(told), "{told}: {rejects}");
    }
    assert!(!rejects.contains("FRESH BOOKS"));
    assert_eq!(fs::metadata(&rejected).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(check(&server.browser(), FRESH).await.has("FRESH BOOKS"));
}

#[actix_web::test]
async fn corrected_rejects_can_be_imported_as_they_are() {
    let machine = Machine::new();
    let file = machine.file("mixed.csv", &csv(&[row("27AAPFU0939F1ZX", "FRESH BOOKS", "")]));
    assert_eq!(machine.import(&file).status.code(), Some(1));
    let rejects = fs::read_to_string(machine.folder.path().join("mixed.rejected.csv")).unwrap();
    let corrected = machine.file("corrected.csv", &rejects.replace("27AAPFU0939F1ZX", FRESH));
    assert_eq!(machine.import(&corrected).status.code(), Some(0));
    let server = machine.serve();
    assert!(check(&server.browser(), FRESH).await.has("FRESH BOOKS"));
}

#[actix_web::test]
async fn a_file_of_a_spreadsheet_is_read() {
    let machine = Machine::new();
    let name = "\"FRESH, \"\"BOOKS\"\" & SONS\"";
    let file = machine.file("sheet.csv", &format!("\u{feff}{}", csv(&[row(FRESH, name, "\"Two\nlines\"")])));
    let output = machine.import(&file);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let server = machine.serve();
    let page = check(&server.browser(), FRESH).await;
    assert!(page.has("FRESH, \"BOOKS\" & SONS"), "{}", page.text());
}

#[actix_web::test]
async fn a_second_run_of_an_import_is_harmless() {
    let machine = Machine::new();
    let server = machine.serve();
    let file = machine.file("fresh.csv", &csv(&[row(FRESH, "FRESH BOOKS", "")]));
    for _ in 0..2 {
        let output = machine.import(&file);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(text(&output.stdout).trim(), "1 taxpayers imported, 0 rows rejected");
    }
    assert!(check(&server.browser(), FRESH).await.has("FRESH BOOKS"));
    // Corrected and imported once more, the later row stands.
    let file = machine.file("fresh.csv", &csv(&[row(FRESH, "FRESHER BOOKS", "")]));
    assert_eq!(machine.import(&file).status.code(), Some(0));
    assert!(check(&server.browser(), FRESH).await.has("FRESHER BOOKS"));
}

#[actix_web::test]
async fn an_imported_row_wins_over_the_sample_before_and_after_a_start() {
    let machine = Machine::new();
    let before = machine.file("before.csv", &csv(&[row(ACME.gstin, "IMPORTED BEFORE", "")]));
    assert_eq!(machine.import(&before).status.code(), Some(0));
    let server = machine.serve();
    assert!(check(&server.browser(), ACME.gstin).await.has("IMPORTED BEFORE"));

    let other = "27ABCDE1234F1Z0";
    assert!(check(&server.browser(), other).await.has("ACME PRIVATE LIMITED"));
    let after = machine.file("after.csv", &csv(&[row(other, "IMPORTED AFTER", "")]));
    assert_eq!(machine.import(&after).status.code(), Some(0));
    server.kill();
    let server = machine.serve();
    assert!(check(&server.browser(), other).await.has("IMPORTED AFTER"));
    assert!(check(&server.browser(), ACME.gstin).await.has("IMPORTED BEFORE"));
}

#[test]
fn what_is_no_register_file_is_refused_in_one_line() {
    let machine = Machine::new();
    let missing = machine.folder.path().join("missing.csv");
    let files = [
        (missing, "missing.csv"),
        (machine.file("empty.csv", ""), "header"),
        (machine.file("other.csv", "a,b,c\n1,2,3\n"), "unknown column"),
        (machine.file("short.csv", "gstin,legal_name\n"), "lacks"),
    ];
    for (file, told) in files {
        let output = machine.import(&file);
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(line.contains(told), "{told}: {line}");
    }
}

#[test]
fn the_help_names_every_command() {
    let machine = Machine::new();
    let help = text(&machine.run(&["--help"], &[]).stdout);
    for command in ["serve", "taxpayers", "keys", "config"] {
        assert!(help.contains(command), "{command}: {help}");
    }
    assert!(text(&machine.run(&["--version"], &[]).stdout).starts_with("sanad "));
    assert_eq!(machine.run(&["sevre"], &[]).status.code(), Some(2));
}

#[actix_web::test]
async fn new_contacts_are_told_at_the_old_and_the_new_ones_and_sign_everybody_out() {
    let machine = Machine::new();
    let server = machine.serve();
    let browser = server.browser();
    register(&browser).await;
    let header = "gstin,legal_name,trade_name,constitution,taxpayer_type,status,registered_on,cancelled_on,\
                  centre_jurisdiction,state_jurisdiction,building,street,locality,city,district,state_code,pincode,emails,\
                  mobiles,einvoice_enabled,sandbox,people,activities,other_places,compliance_rating";
    let row = |emails: &str| {
        format!(
            "{header}\n{},ACME PRIVATE LIMITED,,,Regular,Active,,,,,,,,,,29,,{emails},9876543210,yes,no,,,,\n",
            ACME.gstin
        )
    };
    let file = machine.file("new.csv", &row("owner@acme.example;billing@acme.example"));
    assert_eq!(machine.import(&file).status.code(), Some(0));

    let login = browser.get("/irp/account").await;
    login.assert_leads_to("/irp/login?return=/irp/account");
    let told = browser.follow(&login).await.notice().unwrap();
    assert!(told.starts_with("You were signed out because the registered email addresses"), "{told}");
    let messages = browser.get("/demo/messages").await.text();
    let subject = "Your registered contacts changed";
    assert!(messages.contains(subject) && messages.contains("owner@acme.example"), "{messages}");
    let count = messages.matches(subject).count();
    // The two of before and the one that is new; the same import again changes nothing.
    assert_eq!(count, 3, "{messages}");
    assert_eq!(machine.import(&file).status.code(), Some(0));
    assert_eq!(browser.get("/demo/messages").await.text().matches(subject).count(), count);
}

#[actix_web::test]
async fn an_account_is_frozen_and_unfrozen_beside_a_running_server() {
    let machine = Machine::new();
    let server = machine.serve();
    let browser = server.browser();
    register(&browser).await;
    let run = |act: &str| machine.run(&["account", act, "irp", "29abcde1234f1zw"], &[]).status.code();
    assert_eq!(run("unfreeze"), Some(1), "it is not frozen");
    assert_eq!(run("freeze"), Some(0));
    let signed_out = browser.get("/irp/account").await;
    signed_out.assert_leads_to("/irp/login?return=/irp/account");
    assert!(go_on(&browser, &signed_out).await.has("You were signed out by the operator of this service."));
    let log_in = async || log_in_at(&server.browser(), "/irp", ACME.gstin, PASSWORD).await;
    assert_eq!(log_in().await.status, 422);
    assert_eq!(run("unfreeze"), Some(0));
    log_in().await.assert_leads_to("/irp/api-credentials");
}

#[actix_web::test]
async fn an_operator_removes_an_authenticator_whose_owner_has_lost_it_and_the_owner_is_told() {
    let machine = Machine::new();
    let server = machine.serve();
    let browser = server.browser();
    register(&browser).await;
    add_authenticator_at(&browser, "/irp").await;

    let run = || machine.run(&["account", "remove-authenticator", "irp", ACME.gstin], &[]).status.code();
    assert_eq!([run(), run()], [Some(0), Some(1)]);
    assert!(browser.get("/demo/messages").await.has("Authenticator app removed"));
    browser.get("/irp/account").await.assert_leads_to("/irp/login?return=/irp/account");
    log_in_at(&server.browser(), "/irp", ACME.gstin, PASSWORD).await.assert_leads_to("/irp/api-credentials");
}
