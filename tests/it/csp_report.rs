//! `security.md` 3.5: what the content policy has stopped is reported to us, by anybody, and changes nothing.

use std::fs;

use crate::support::machine::Machine;
use crate::support::{App, Browser, Page};

const REPORT: &str = "application/csp-report";
const REPORTS: &str = "application/reports+json";

const BODY: &str = r#"{"csp-report": {"document-uri": "https://irp.example.in/irp/login?return=canary-query",
    "effective-directive": "script-src-elem", "blocked-uri": "https://evil.example/canary-path?canary-query",
    "script-sample": "canary-sample", "source-file": "canary-file"}}"#;

async fn send(browser: &Browser, body: &str, kind: &str) -> Page {
    browser.post_raw("/csp-report", body.as_bytes(), kind).await
}

#[actix_web::test]
async fn every_answer_says_where_reports_go() {
    let app = App::start().await;
    for path in ["/", "/irp/login", "/nowhere", "/irp/account", "/csp-report", "/eivital/v1.04/auth"] {
        let page = app.browser().get(path).await;
        assert_eq!(page.headers("reporting-endpoints"), ["csp=\"/csp-report\""], "{path}");
        let policy = page.header("content-security-policy");
        let parts: Vec<&str> = policy.split("; ").collect();
        assert!(parts.contains(&"report-to csp") && parts.contains(&"report-uri /csp-report"), "{policy}");
    }
}

#[actix_web::test]
async fn a_report_is_taken_from_anybody_however_broken_it_is() {
    let app = App::start().await;
    for (kind, body) in [
        (REPORT, BODY),
        (REPORTS, r#"[{"type": "csp-violation", "body": {"effectiveDirective": "img-src"}}]"#),
        (REPORTS, "[1, null, {\"type\": \"csp-violation\"}]"),
        ("Application/CSP-Report; charset=utf-8", BODY),
        (REPORT, "no JSON"),
        (REPORT, ""),
        (REPORT, "{\"csp-report\": 1}"),
    ] {
        let answer = send(&app.browser().without_form_headers(), body, kind).await;
        assert_eq!((answer.status, answer.html.as_str()), (204, ""), "{kind} {body}");
        assert_eq!(answer.headers("set-cookie"), Vec::<String>::new());
    }
}

#[actix_web::test]
async fn anything_else_is_no_report() {
    let app = App::start().await;
    let browser = app.browser();
    for kind in ["application/json", "text/plain", "application/x-www-form-urlencoded", ""] {
        send(&browser, BODY, kind).await.assert_error_page(415, "This is not a form we can read");
    }
    let packed = [("content-type", REPORT), ("content-encoding", "gzip")];
    let answer = browser.request("POST", "/csp-report", &packed, Some(BODY.into())).await;
    assert_eq!(answer.status, 415, "packed");
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let answer = browser.request(method, "/csp-report", &[], None).await;
        assert_eq!((answer.status, answer.header("allow").as_str()), (405, "POST"), "{method}");
    }
}

#[actix_web::test]
async fn a_report_has_8_kb_at_most() {
    let app = App::start().await;
    let body = |bytes: usize| format!("{{\"padding\":\"{}\"}}", "x".repeat(bytes - 14));
    assert_eq!(send(&app.browser(), &body(8 * 1024), REPORT).await.status, 204);
    assert_eq!(send(&app.browser(), &body(8 * 1024 + 1), REPORT).await.status, 413);
}

#[actix_web::test]
async fn one_address_reports_60_times_a_minute() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let browser = app.browser_at("203.0.113.9");
    for _ in 0..60 {
        assert_eq!(send(&browser, BODY, REPORT).await.status, 204);
    }
    let refused = send(&browser, BODY, REPORT).await;
    assert_eq!((refused.status, refused.header("retry-after").as_str()), (429, "60"));
    assert_eq!(send(&app.browser_at("203.0.113.10"), BODY, REPORT).await.status, 204);
    app.clock.advance(60);
    assert_eq!(send(&browser, BODY, REPORT).await.status, 204);
}

#[actix_web::test]
async fn the_log_has_the_directive_the_host_and_the_page_and_nothing_else() {
    let machine = Machine::new();
    let log = machine.folder.path().join("log");
    let server = machine.serve_logged(&[("SANAD_LOG", "json")], &log);
    let answer = send(&server.browser(), BODY, REPORT).await;
    assert_eq!(answer.status, 204);
    drop(server);
    let log = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("a browser has blocked something")).collect();
    let [line] = lines.as_slice() else { panic!("one line: {log}") };
    for told in [r#""directive":"script-src-elem""#, r#""blocked":"https://evil.example""#, r#""path":"/irp/login""#] {
        assert!(line.contains(told), "{line}");
    }
    assert!(!log.contains("canary"), "{log}");
}
