//! The log of the program as it runs: a line of JSON for each thing that happened, in UTC, on standard error alone.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use serde_json::Value;

use crate::support::Browser;
use crate::support::machine::{Machine, first_line, last_otp, register_to_otp};
use crate::support::samples::{ACME, ACME_OTHER_EMAIL};
use crate::support::walk::log_in;

/// A `sanad serve` whose log is a file; killed when it is dropped.
struct Logging {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Logging {
    /// With a mail server that nobody runs.
    fn start(machine: &Machine) -> Self {
        let log = machine.folder.path().join("log");
        let settings = [("SANAD_LOG", "json"), ("SANAD_SMTP_URL", "smtps://127.0.0.1:1")];
        let mut command = machine.command(&["serve"], &settings);
        let mut child = command.stderr(File::create(&log).unwrap()).spawn().unwrap();
        let line = first_line(&mut child);
        let url = line.strip_prefix("Sanad is ready: ").unwrap_or_else(|| panic!("it does not start: {line:?}"));
        Self { url: url.to_owned(), child, log }
    }

    fn browser(&self) -> Browser {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        Browser::new(client.build().unwrap(), self.url.clone())
    }

    /// The log once that stands in it.
    async fn with(&self, message: &str) -> String {
        for _ in 0..1_000 {
            let text = fs::read_to_string(&self.log).unwrap();
            if text.contains(message) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no {message:?} in {}", fs::read_to_string(&self.log).unwrap());
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_utc(time: &str) -> bool {
    time.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(time).is_ok()
}

/// Every file below the folder.
fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path.display().to_string()] };
    entries.flat_map(below).collect()
}

#[actix_web::test]
async fn every_line_is_json_in_utc_and_nothing_that_is_sent_makes_a_line_of_its_own() {
    let machine = Machine::new();
    let serving = Logging::start(&machine);
    let browser = serving.browser().with_header("user-agent", "\"},{\"level\":\"ERROR\",\"message\":\"forged");
    let broken = "/irp/%0d%0a%7B%22level%22:%22ERROR%22%7D";
    browser.get(broken).await.assert_error_page(404, "Page not found");
    browser.get("/help?secret=canary-of-a-query").await.assert_shows("Help");
    assert_eq!(log_in(&browser, ACME.gstin, "canary of a password 7").await.status, 422);
    register_to_otp(&browser).await;
    let otp = last_otp(&browser).await;
    // A control that fails: the key of a door that others can read.
    fs::write(machine.data().join("keys/irp.pem"), "no key").unwrap();
    assert_eq!(browser.get("/eivital/public-key.pem").await.status, 500);
    serving.with("a call failed").await;
    let log = serving.with("a message will be tried again").await;

    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    for line in &lines {
        assert!(is_utc(&text(line, "timestamp")), "{line}");
        assert!(["INFO", "WARN", "ERROR"].contains(&text(line, "level").as_str()), "{line}");
        assert!(!text(line, "message").is_empty(), "{line}");
    }
    let answered: Vec<&Value> = lines.iter().filter(|line| text(line, "message") == "answered").collect();
    for line in &answered {
        assert!(
            line["status"].is_u64() && line["span"]["id"].is_string() && line["span"]["method"].is_string(),
            "{line}"
        );
    }
    let paths: BTreeSet<&str> = answered.iter().filter_map(|line| line["span"]["path"].as_str()).collect();
    for path in [broken, "/help", "/irp/login", "/irp/register/contact", "/eivital/public-key.pem"] {
        assert!(paths.contains(path), "{path}: {paths:?}");
    }
    // What goes wrong on our side is told with the reference that the caller was told, and what a caller sends is not.
    let errors: Vec<&Value> = lines.iter().filter(|line| text(line, "level") == "ERROR").collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(text(errors[0], "message"), "a call failed");
    assert!(!text(errors[0], "reference").is_empty() && text(errors[0], "cause").contains("irp.pem"), "{}", errors[0]);

    for secret in ["canary", "forged", ACME.email, ACME_OTHER_EMAIL, ACME.phone, otp.as_str()] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[actix_web::test]
async fn nothing_is_logged_into_a_file_of_its_own() {
    let machine = Machine::new();
    let serving = Logging::start(&machine);
    register_to_otp(&serving.browser()).await;
    serving.with("a message will be tried again").await;
    let known = |name: &str| {
        ["/log", "/sanad.db", "/sanad.db-wal", "/sanad.db-shm", "/sanad.db.lock", ".key", ".pem"]
            .iter()
            .any(|ending| name.ends_with(ending))
    };
    let unknown: Vec<String> = files(machine.folder.path()).into_iter().filter(|name| !known(name)).collect();
    assert_eq!(unknown, [""; 0]);
}
