//! `security.md` 3.6 and ASVS V4.2: requests that no browser sends, byte by byte. Each is answered with an error of the
//! client or closed, never with a 5xx, and the portal goes on.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use tokio::time::Instant;

use crate::session::every_address;
use crate::support::App;
use crate::support::browser::FORM;

/// Everything that the portal answers on one connection until it closes it; empty when it only closes.
async fn exchange(app: &App, sent: impl Into<Vec<u8>>) -> String {
    exchange_in_parts(app, vec![sent.into()]).await
}

/// The same; after each part of the request the client waits for a moment.
async fn exchange_in_parts(app: &App, parts: Vec<Vec<u8>>) -> String {
    let host = host(app);
    tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(host).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut answer = Vec::new();
        for part in parts {
            // It may have been refused and closed already.
            if connection.write_all(&part).is_err() {
                break;
            }
            read_what_is_there(&mut connection, &mut answer);
        }
        match connection.read_to_end(&mut answer) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the connection stays open: {error}: {}", String::from_utf8_lossy(&answer)),
        }
        String::from_utf8_lossy(&answer).into_owned()
    })
    .await
    .unwrap()
}

fn read_what_is_there(connection: &mut TcpStream, answer: &mut Vec<u8>) {
    connection.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = connection.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..count]);
    }
    connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
}

fn host(app: &App) -> String {
    app.url("").replace("http://", "")
}

/// A request with the right Host that ends its connection, with further lines in its head.
fn request(app: &App, line: &str, further: &str) -> String {
    format!("{line}\r\nHost: {}\r\nConnection: close\r\n{further}\r\n", host(app))
}

/// The statuses of all answers, in order.
fn statuses(answers: &str) -> Vec<u16> {
    let lines = answers.split("HTTP/1.").skip(1);
    lines.map(|line| line[2..5].parse().unwrap_or_else(|_| panic!("no status: {answers}"))).collect()
}

/// The whole exchange is one answer of this status, and the portal goes on.
async fn assert_refused(app: &App, what: &str, sent: impl Into<Vec<u8>>, expected: u16) {
    let answer = exchange(app, sent).await;
    assert_eq!(statuses(&answer), [expected], "{what}: {answer}");
    app.browser().get("/irp/login").await.assert_shows("Log in");
}

const GET: &str = "GET /irp/login HTTP/1.1";
const POST: &str = "POST /irp/login HTTP/1.1";

#[actix_web::test]
async fn a_body_of_two_lengths_is_none() {
    let app = App::start().await;
    let kind = format!("Content-Type: {FORM}\r\n");
    for (what, further, body) in [
        ("length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nGET / HTTP/1.1\r\n"),
        ("chunks and length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
        ("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n", "a=b&c"),
        ("two lengths in one", "Content-Length: 5, 6\r\n", "a=b&c"),
        ("a length with a sign", "Content-Length: +5\r\n", "a=b&c"),
        ("a length below nothing", "Content-Length: -5\r\n", "a=b&c"),
        ("a length of no number", "Content-Length: five\r\n", "a=b&c"),
        ("a length beyond all numbers", "Content-Length: 99999999999999999999999\r\n", "a=b&c"),
        ("a coding that we do not know", "Transfer-Encoding: gzip\r\n", "a=b&c"),
        ("a coding twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("chunks that are not last", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
    ] {
        let sent = request(&app, POST, &format!("{kind}{further}")) + body;
        assert_refused(&app, what, sent, 400).await;
    }
}

#[actix_web::test]
async fn a_chunk_of_no_size_ends_the_connection() {
    let app = App::start().await;
    let further = format!("Content-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n");
    for body in
        ["zz\r\na\r\n", "-1\r\na\r\n", "\r\na\r\n", "fffffffffffffffffff\r\na\r\n", "2\r\nabc\r\n0\r\n\r\n", "1 1\r\na"]
    {
        let answer = exchange(&app, request(&app, POST, &further) + body).await;
        let statuses = statuses(&answer);
        assert!(statuses.len() <= 1, "one answer at most, {body:?}: {answer}");
        assert!(statuses.iter().all(|status| (400..500).contains(status)), "{body:?}: {answer}");
    }
    app.browser().get("/irp/login").await.assert_shows("Log in");
}

#[actix_web::test]
async fn a_head_that_two_programs_could_read_differently_is_refused() {
    let app = App::start().await;
    for (what, further) in [
        ("a folded line", "X-Folded: a\r\n b\r\n"),
        ("a blank before the colon", "X-Blank : a\r\n"),
        ("a blank in the name", "X Blank: a\r\n"),
        ("no colon", "X-Nothing\r\n"),
        ("no name", ": a\r\n"),
        ("NUL in a value", "X-Nul: a\0b\r\n"),
        ("NUL in a name", "X-N\0l: a\r\n"),
        ("CR in a value", "X-Cr: a\rb\r\n"),
        ("a control sign in a value", "X-Esc: a\x1b[31mb\r\n"),
    ] {
        assert_refused(&app, what, request(&app, GET, further), 400).await;
    }
}

#[actix_web::test]
async fn a_request_line_of_another_shape_is_refused() {
    let app = App::start().await;
    for line in
        ["GET /irp/login", "GET  /irp/login HTTP/1.1", "GET /irp/login HTTP/9.9", "GET /irp login HTTP/1.1", "\0", "é"]
    {
        assert_refused(&app, line, request(&app, line, ""), 400).await;
    }
}

#[actix_web::test]
async fn a_request_has_one_host_and_it_is_the_one_of_its_address() {
    let app = App::start().await;
    let own = host(&app);
    for (what, sent) in [
        ("no host", format!("{GET}\r\nConnection: close\r\n\r\n")),
        ("an empty host", format!("{GET}\r\nHost:\r\nConnection: close\r\n\r\n")),
        ("two hosts", request(&app, GET, &format!("Host: {own}\r\n"))),
        ("two hosts, one of somebody else", request(&app, GET, "Host: evil.example\r\n")),
        ("another host in the address", request(&app, "GET http://evil.example/irp/login HTTP/1.1", "")),
        ("a name and a password in the address", request(&app, &format!("GET http://a:b@{own}/irp HTTP/1.1"), "")),
    ] {
        let answer = exchange(&app, sent).await;
        let expected = if what == "an empty host" { 421 } else { 400 };
        assert_eq!(statuses(&answer), [expected], "{what}: {answer}");
        // No Host or two are refused where the wire is read, before there is a page.
        if !what.starts_with("no host") && !what.starts_with("two hosts") {
            assert!(answer.contains("Unknown address") && !answer.contains("evil.example"), "{what}: {answer}");
            assert!(answer.contains("content-security-policy: default-src 'none'"), "{what}: {answer}");
        }
    }
    let whole = exchange(&app, request(&app, &format!("GET http://{own}/irp/login HTTP/1.1"), "")).await;
    assert_eq!(statuses(&whole), [200], "its own host in the address: {whole}");
}

#[actix_web::test]
async fn a_head_is_not_read_for_ever() {
    let app = App::start().await;
    let long = "x".repeat(200_000);
    for (what, sent) in [
        ("a long value", request(&app, GET, &format!("X-Long: {long}\r\n"))),
        ("a long name", request(&app, GET, &format!("X-{long}: a\r\n"))),
        ("a long address", request(&app, &format!("GET /{long} HTTP/1.1"), "")),
        ("a long method", request(&app, &format!("{long} / HTTP/1.1"), "")),
        ("many lines", request(&app, GET, &"X-Many: a\r\n".repeat(10_000))),
        ("a thousand cookies", request(&app, GET, &format!("Cookie: {}\r\n", "a=b; ".repeat(40_000)))),
    ] {
        let answer = exchange(&app, sent).await;
        let statuses = statuses(&answer);
        assert!(statuses.len() <= 1 && statuses.iter().all(|status| (400..500).contains(status)), "{what}: {answer}");
    }
    app.browser().get("/irp/login").await.assert_shows("Log in");
}

#[actix_web::test]
async fn other_methods_are_refused_and_the_right_ones_told() {
    let app = App::start().await;
    for method in ["TRACE", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "BREW", "get"] {
        let answer =
            exchange(&app, request(&app, &format!("{method} /irp/login HTTP/1.1"), "X-Canary: echo\r\n")).await;
        assert_eq!(statuses(&answer), [405], "{method}: {answer}");
        let allow = answer.lines().find_map(|line| line.strip_prefix("allow: ")).unwrap_or_default();
        let mut allowed: Vec<&str> = allow.split(", ").collect();
        allowed.sort_unstable();
        assert_eq!(allowed, ["GET", "HEAD", "POST"], "{method}: {answer}");
        assert!(!answer.contains("echo"), "{method}: {answer}");
    }
    for target in [host(&app), "evil.example:443".to_owned(), "/irp/login".to_owned()] {
        let answer = exchange(&app, request(&app, &format!("CONNECT {target} HTTP/1.1"), "")).await;
        let [status] = statuses(&answer)[..] else { panic!("{target}: {answer}") };
        assert!([400, 404, 405].contains(&status), "{target}: {answer}");
    }
    let star = exchange(&app, request(&app, "OPTIONS * HTTP/1.1", "")).await;
    assert!([400, 404, 405].contains(&statuses(&star)[0]), "{star}");
}

#[actix_web::test]
async fn http_1_0_is_answered_and_closed() {
    let app = App::start().await;
    let answer = exchange(&app, format!("GET /irp/login HTTP/1.0\r\nHost: {}\r\n\r\n", host(&app))).await;
    assert_eq!(statuses(&answer), [200], "{answer}");
    let answer = exchange(&app, "GET /irp/login HTTP/1.0\r\n\r\n").await;
    assert_eq!(statuses(&answer), [400], "{answer}");
}

#[actix_web::test]
async fn a_head_that_does_not_come_within_five_seconds_is_not_waited_for() {
    let app = App::start().await;
    let began = Instant::now();
    let answer = exchange(&app, format!("{GET}\r\nHost: {}\r\nX-Slow: ", host(&app))).await;
    let statuses = statuses(&answer);
    assert!(statuses.is_empty() || statuses == [408], "{answer}");
    let passed = began.elapsed();
    assert!((4..8).contains(&passed.as_secs()), "{passed:?}");
}

#[actix_web::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let app = App::start_from("[limits]\nform_seconds = 1\nmachine_seconds = 1\n", &[]).await;
    for path in ["/irp/login", "/irp/register", "/csp-report", "/gst/login"] {
        let kind = if path == "/csp-report" { "application/csp-report" } else { FORM };
        let line = format!("POST {path} HTTP/1.1");
        let further = format!("Content-Type: {kind}\r\nContent-Length: 100\r\n");
        // One byte now and then does not help.
        let parts = vec![(request(&app, &line, &further) + "a").into_bytes(), b"=".to_vec(), b"b".to_vec()];
        let answer = exchange_in_parts(&app, parts).await;
        assert_eq!(statuses(&answer), [408], "{path}: {answer}");
        assert!(answer.contains("connection: close"), "{path}: {answer}");
    }
}

#[actix_web::test]
async fn requests_in_a_row_on_one_connection_are_answered_in_their_order() {
    let app = App::start().await;
    let first = format!("GET /irp/login HTTP/1.1\r\nHost: {}\r\n\r\n", host(&app));
    let second = format!("GET /nowhere HTTP/1.1\r\nHost: {}\r\n\r\n", host(&app));
    let last = request(&app, "GET /irp/account HTTP/1.1", "");
    let answer = exchange(&app, first + &second + &last).await;
    assert_eq!(statuses(&answer), [200, 404, 303], "{answer}");
}

#[actix_web::test]
async fn the_body_of_a_refused_form_is_never_the_next_request() {
    let app = App::start().await;
    let inside = format!("GET /nowhere HTTP/1.1\r\nHost: {}\r\n\r\n", host(&app));
    for (what, kind) in [("no form", "text/plain"), ("no token", FORM)] {
        let head = format!(
            "POST /irp/login HTTP/1.1\r\nHost: {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            host(&app),
            inside.len()
        );
        let answer = exchange(&app, head + &inside + &request(&app, GET, "")).await;
        let statuses = statuses(&answer);
        assert!(!statuses.contains(&404), "{what}: {answer}");
        assert!([415, 403].contains(&statuses[0]), "{what}: {answer}");
    }
}

#[actix_web::test]
async fn a_get_may_have_a_body_and_it_is_not_read() {
    let app = App::start().await;
    let body = "username=29ABCDE1234F1ZW&password=x";
    let further = format!("Content-Type: {FORM}\r\nContent-Length: {}\r\n", body.len());
    let answer = exchange(&app, request(&app, GET, &further) + body).await;
    assert_eq!(statuses(&answer), [200], "{answer}");
    assert!(!answer.contains("29ABCDE1234F1ZW"), "{answer}");
}

#[actix_web::test]
async fn a_client_that_waits_to_be_asked_for_its_body_is_asked() {
    let app = App::start().await;
    let further = format!("Content-Type: {FORM}\r\nContent-Length: 3\r\nExpect: 100-continue\r\n");
    let parts = vec![request(&app, POST, &further).into_bytes(), b"a=b".to_vec()];
    let answer = exchange_in_parts(&app, parts).await;
    assert_eq!(statuses(&answer), [100, 403], "{answer}");
    let further = format!("Content-Type: {FORM}\r\nContent-Length: 3\r\nExpect: the-moon\r\n");
    let answer = exchange(&app, request(&app, POST, &further) + "a=b").await;
    assert!(statuses(&answer).iter().all(|status| (400..500).contains(status)), "{answer}");
}

#[actix_web::test]
async fn tricks_in_an_address_lead_nowhere_else() {
    let app = App::start().await;
    for path in [
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2f..%2fetc%2fpasswd",
        "/static/%2e%2e%5cetc",
        "/irp/%2e%2e/gst/account",
        "/irp/../gst/account",
        "/irp/./account",
        "/irp/account%00",
        "/irp/account%00.css",
        "/irp/account;a=b",
        "/irp/account;.css",
        "/irp;/account",
        "/irp/account%2f",
        "/irp%2faccount",
        "/%69rp/login%3freturn=x",
        "/irp/account%0d%0aSet-Cookie:%20a=b",
        "/irp/account%ff%fe",
        "/irp/account%",
        "/irp/account%zz",
        "/IRP/account",
        "/irp/account.",
        "/irp/account%20",
        "/workspace/settings/gstins/%2e%2e/remove",
        "/workspace/invitation/%2e%2e",
        "/gst/not-here/%3cscript%3e",
        "/.git/config",
        "/.env",
        "/sanad.toml",
    ] {
        let answer = exchange(&app, request(&app, &format!("GET {path} HTTP/1.1"), "")).await;
        let [status] = statuses(&answer)[..] else { panic!("{path}: {answer}") };
        assert!([303, 400, 404, 410].contains(&status), "{path}: {answer}");
        assert!(!answer.contains("root:") && !answer.contains("<script>"), "{path}: {answer}");
        assert!(!answer.to_ascii_lowercase().contains("\r\nset-cookie: a=b"), "{path}: {answer}");
    }
}

#[actix_web::test]
async fn slashes_too_many_are_one() {
    let app = App::start().await;
    for path in ["//irp//account", "/irp/account/", "/irp///account//"] {
        let answer = exchange(&app, request(&app, &format!("GET {path} HTTP/1.1"), "")).await;
        assert!(answer.contains("location: /irp/login?return=/irp/account\r\n"), "{path}: {answer}");
    }
    let elsewhere = exchange(&app, request(&app, "GET //evil.example/irp/account/ HTTP/1.1", "")).await;
    assert!(!elsewhere.contains("location: //"), "{elsewhere}");
}

// --- What a page of somebody else may do --------------------------------------------------------------------------

#[actix_web::test]
async fn a_page_of_somebody_else_opens_ours_and_never_embeds_it() {
    let app = App::start().await;
    let refused: [&[(&str, &str)]; 6] = [
        &[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
        &[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "script")],
        &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
        &[("sec-fetch-mode", "websocket")],
        &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
        &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "object")],
    ];
    for path in ["/irp/login", "/gst/login", "/workspace/login", "/irp/account", "/irp/nowhere"] {
        for headers in refused {
            let headers = [&[("sec-fetch-site", "cross-site")], headers].concat();
            let answer = app.browser().request("GET", path, &headers, None).await;
            assert_eq!(answer.status, 403, "{path} {headers:?}: {}", answer.told());
            assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        }
    }
    let opened = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    app.browser().request("GET", "/irp/login", &opened, None).await.assert_shows("Log in");
    for site in ["same-origin", "none"] {
        let own = [("sec-fetch-site", site), ("sec-fetch-mode", "cors")];
        app.browser().request("GET", "/irp/login", &own, None).await.assert_shows("Log in");
    }
    app.browser().get("/irp/login").await.assert_shows("Log in");
}

#[actix_web::test]
async fn no_answer_lets_another_site_read_it() {
    let app = App::start().await;
    for path in ["/", "/irp/login", "/nowhere", "/csp-report", "/openapi.json", "/eivital/v1.04/heartbeat/ping"] {
        for method in ["GET", "OPTIONS"] {
            let headers = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
            let answer = app.browser().request(method, path, &headers, None).await;
            assert_eq!(answer.header("access-control-allow-origin"), "", "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn every_address_tells_which_methods_it_has() {
    let app = App::start().await;
    let addresses: BTreeSet<String> = ["/irp", "/gst", "/workspace"].into_iter().flat_map(every_address).collect();
    let mut nowhere = Vec::new();
    for path in addresses {
        let page = app.browser().request("PATCH", &path, &[], None).await;
        match page.status {
            404 => nowhere.push(path),
            status => assert!(status == 405 && !page.header("allow").is_empty(), "{}", page.told()),
        }
    }
    assert_eq!(nowhere, ["/workspace/invitation"], "a token follows");
}
