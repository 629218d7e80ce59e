//! What no client of ours sends: whatever it is, the answer is JSON, an error of the caller, and nothing breaks.

mod anything;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::samples::ACME;
use crate::support::software::{AUTH, AUTHENTICATE, Answer, Headers, SignIn, random_key};
use crate::support::walk::with_credentials;
use crate::support::walk_gst::with_api_access;
use crate::support::{App, Software};

/// The most bytes of a call.
const MOST: usize = 64 * 1024;

/// A portal whose doors both lead somewhere.
async fn with_software() -> (App, Software) {
    let app = App::start().await;
    with_credentials(&app).await;
    with_api_access(&app, "30d").await;
    let software = Software::of_integrator(&app, "acme-erp", |key| key.gateway = true).await;
    (app, software)
}

/// Headers that every address takes.
fn headers(software: &Software) -> Headers {
    software.headers_for(ACME.gstin).with("state-cd", "29").with("authorization", &software.basic())
}

fn assert_problem(answer: &Answer, status: u16) {
    assert_eq!((answer.status, &answer.json["status"]), (status, &json!(status)), "{}", answer.json);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert!(answer.json["title"].is_string() && answer.json["reference"].as_str().unwrap().len() == 9);
}

// --- Size ---------------------------------------------------------------------------------------

/// A body of so many bytes that says the same.
fn padded(body: &str, bytes: usize) -> String {
    format!("{body}{}", " ".repeat(bytes - body.len()))
}

#[actix_web::test]
async fn a_body_of_64_kilobytes_is_read_and_one_byte_more_is_not() {
    let (_app, software) = with_software().await;
    let with = SignIn::of_acme();
    let envelope = json!({ "Data": software.envelope(&with.json().to_string()).await }).to_string();
    let answer = software.post(AUTH, headers(&software), padded(&envelope, MOST)).await;
    software.session_in(&answer, &with);
    let otp_request = software.otp_request().await.to_string();
    software.post(AUTHENTICATE, headers(&software), padded(&otp_request, MOST)).await.assert_done();

    let answer = software.post(AUTH, headers(&software), padded(&envelope, MOST + 1)).await;
    assert_eq!((answer.status, answer.irp_fault().0), (413, "1007"));
    let answer = software.post(AUTHENTICATE, headers(&software), padded(&otp_request, MOST + 1)).await;
    assert_eq!((answer.status, answer.gstn_fault().0), (413, "AUTH4040"));
    let answer = software.post("/introspect", headers(&software), "x".repeat(MOST + 1)).await;
    assert_eq!((answer.status, &answer.json["error"]), (413, &json!("invalid_request")));
}

/// A body in chunks, whose length nobody announces; returns the head and the body of the answer.
fn post_in_chunks(app: &App, path: &str, software: &Software, bytes: usize) -> (String, String) {
    let url = app.url("");
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let (id, secret, basic) = (&software.client_id, &software.secret, software.basic());
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nclient_id: {id}\r\nclient_secret: {secret}\r\n\
         Gstin: 29ABCDE1234F1ZW\r\nAuthorization: {basic}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..bytes / 1024 {
        // The server may have heard enough.
        if stream.write_all(format!("400\r\n{}\r\n", " ".repeat(1024)).as_bytes()).is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n");
    let mut answer = Vec::new();
    // What was read before a reset is what counts.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{path}: {answer:?}"));
    (head.to_owned(), body.to_owned())
}

#[actix_web::test]
async fn a_body_that_grows_too_big_in_chunks_is_cut_off() {
    let (app, software) = with_software().await;
    for path in [AUTH, AUTHENTICATE, "/introspect"] {
        let (head, body) = post_in_chunks(&app, path, &software, MOST + 1024);
        assert!(head.starts_with("HTTP/1.1 413 "), "{path}: {head}");
        assert!(serde_json::from_str::<Value>(&body).is_ok(), "{path}: {body}");
        let (head, _) = post_in_chunks(&app, path, &software, MOST);
        assert!(!head.starts_with("HTTP/1.1 413 "), "{path}: {head}");
    }
}

// --- Shape --------------------------------------------------------------------------------------

/// A body, what the IRP's door says to it, and what the GSTN's.
fn shapes() -> Vec<(String, &'static str, &'static str)> {
    let deep = |open: &str, close: &str, depth: usize| format!("{}{}", open.repeat(depth), close.repeat(depth));
    let in_data = |value: &str| format!("{{\"Data\":{value},\"action\":{value}}}");
    let wide = (0..5_000).map(|at| format!("\"k{at}\":0")).collect::<Vec<_>>().join(",");
    vec![
        (String::new(), "1007", "AUTH4040"),
        (" ".to_owned(), "1007", "AUTH4040"),
        ("x".to_owned(), "1007", "AUTH4040"),
        ("null".to_owned(), "1007", "AUTH4040"),
        ("\"Data\"".to_owned(), "1007", "AUTH4040"),
        ("[{}]".to_owned(), "1007", "AUTH4040"),
        ("{".to_owned(), "1007", "AUTH4040"),
        ("{} {}".to_owned(), "1007", "AUTH4040"),
        ("{\"Data\":\"x\",}".to_owned(), "1007", "AUTH4040"),
        ("{'Data':'x'}".to_owned(), "1007", "AUTH4040"),
        ("{\"Data\":NaN}".to_owned(), "1007", "AUTH4040"),
        ("{\"Data\":\"\\ud800\"}".to_owned(), "1007", "AUTH4040"),
        ("\u{feff}{}".to_owned(), "1007", "AUTH4040"),
        ("<Data>x</Data>".to_owned(), "1007", "AUTH4040"),
        ("Data=x&action=LOGOUT".to_owned(), "1007", "AUTH4040"),
        (deep("[", "]", 30_000), "1007", "AUTH4040"),
        (deep("{\"Data\":", "}", 5_000), "1007", "AUTH4040"),
        (in_data(&deep("[", "]", 10_000)), "1007", "AUTH4040"),
        (in_data(&deep("{\"a\":[", "]}", 3_000)), "1007", "AUTH4040"),
        (format!("{{{wide}}}"), "1007", "AUTH4040"),
        ("{\"Data\":\"x\",\"Data\":\"y\",\"action\":\"LOGOUT\",\"action\":\"LOGOUT\"}".to_owned(), "1007", "AUTH4040"),
        ("{\"Data\":\"x\",\"data\":\"y\"}".to_owned(), "1007", "AUTH4040"),
        ("{\"more\":{\"a\":1,\"a\":1}}".to_owned(), "1007", "AUTH4040"),
        ("{\"more\":[{\"a\":1,\"A\":1}]}".to_owned(), "1007", "AUTH4040"),
        (in_data("1"), "1007", "AUTH4039"),
        (in_data("-1e400"), "1007", "AUTH4040"),
        (in_data("true"), "1007", "AUTH4039"),
        (in_data("[\"x\"]"), "1007", "AUTH4039"),
        // Version 1.03, without a name.
        (in_data("{}"), "1013", "AUTH4039"),
        (in_data("null"), "5003", "GEN5001"),
        (in_data("\"\""), "5003", "GEN5001"),
        (in_data("\"x\""), "1020", "AUTH4035"),
        ("{}".to_owned(), "5003", "GEN5001"),
    ]
}

#[actix_web::test]
async fn what_is_no_message_of_the_protocol_is_refused_in_its_terms() {
    let (_app, software) = with_software().await;
    for (body, irp, gstn) in shapes() {
        let beginning: String = body.chars().take(60).collect();
        for (path, code) in [(AUTH, irp), ("/eivital/v1.03/auth", irp)] {
            let answer = software.post(path, headers(&software), body.clone()).await;
            assert_eq!((answer.status, answer.irp_fault().0), (200, code), "{beginning}");
        }
        for path in [AUTHENTICATE, "/taxpayerapi/v0.2/authenticate"] {
            let answer = software.post(path, headers(&software), body.clone()).await;
            assert_eq!((answer.status, answer.gstn_fault().0), (200, gstn), "{beginning}");
        }
        let answer = software.post("/introspect", headers(&software), body).await;
        assert_eq!((answer.status, &answer.json["error"]), (400, &json!("invalid_request")), "{beginning}");
    }
}

#[actix_web::test]
async fn bytes_that_are_no_text_are_refused_in_the_same_way() {
    let (_app, software) = with_software().await;
    for body in [&[0xff, 0xfe][..], &[0; 64], b"{\"Data\":\"\xff\"}", "{\"Data\":\"x\"}".repeat(2).as_bytes()] {
        software.post(AUTH, headers(&software), body).await.assert_irp("1007");
        software.post(AUTHENTICATE, headers(&software), body).await.assert_gstn("AUTH4040");
    }
}

#[actix_web::test]
async fn nothing_inside_the_envelope_is_read_less_strictly() {
    let (_app, software) = with_software().await;
    let with = SignIn::of_acme();
    let right = with.json().to_string();
    let deep = format!("{}{}", "[".repeat(150), "]".repeat(150));
    for text in [
        right.replacen('{', "{\"Password\":\"other\",", 1),
        right.replacen('{', "{\"password\":\"other\",", 1),
        format!("{{\"more\":{deep}}}"),
        format!("{right}{right}")[..right.len() + 1].to_owned(),
        format!("[{right}]"),
    ] {
        software.sign_in_with_text(ACME.gstin, &text).await.assert_irp("1020");
    }
    software.session(&with).await;
}

#[actix_web::test]
async fn credentials_of_any_signs_are_just_wrong() {
    let (_app, software) = with_software().await;
    for odd in [
        "\0",
        "a\0cme_irp_01",
        "😀😀😀😀😀😀",
        "' OR '1'='1",
        "\u{202e}10_pri_emca",
        "ａｃｍｅ_irp_01",
        &"x".repeat(100),
    ] {
        let user = SignIn { username: odd.to_owned(), ..SignIn::of_acme() };
        software.sign_in(&user).await.assert_irp("1017");
        let password = SignIn { password: odd.to_owned(), ..SignIn::of_acme() };
        software.sign_in(&password).await.assert_irp("1019");
        let mut body = software.otp_request().await;
        body["username"] = odd.into();
        software.gstn(&body).await.assert_gstn("AUTH4032");
    }
    software.session(&SignIn::of_acme()).await;
}

#[actix_web::test]
async fn a_header_of_any_signs_is_just_wrong() {
    let (_app, software) = with_software().await;
    let session = software.session(&SignIn::of_acme()).await;
    let path = "/eivital/v1.04/Master/gstin/29ABCDE1234F1ZW";
    let whole = || software.headers_in(&session);
    for odd in [&b"\xff\xfe"[..], "सनद".as_bytes(), b"' OR '1'='1", &[b'x'; 8_000]] {
        for (name, codes) in [
            ("client_id", ["1010", "1011"]),
            ("client_secret", ["1010", "1012"]),
            ("Gstin", ["1005", "1004"]),
            ("user_name", ["1005", "1006"]),
            ("AuthToken", ["1005", "1005"]),
        ] {
            let answer = software.get(path, whole().without(name).with_bytes(name, odd)).await;
            assert!(codes.contains(&answer.irp_fault().0), "{name}: {}", answer.json);
            assert_eq!(answer.status, 200);
        }
    }
    session.open(&software.get(path, whole()).await);
}

// --- Addresses ----------------------------------------------------------------------------------

#[actix_web::test]
async fn another_method_is_refused_in_json_with_the_one_that_is_wanted() {
    let (_app, software) = with_software().await;
    let session = software.session(&SignIn::of_acme()).await;
    for path in [AUTH, "/eivital/v1.03/auth", AUTHENTICATE, "/taxpayerapi/v0.2/authenticate", "/introspect"] {
        for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let answer = software.send(method, path, headers(&software), Some(b"{}".to_vec())).await;
            assert_problem(&answer, 405);
            assert_eq!(answer.header("allow"), "POST", "{method} {path}");
        }
    }
    for path in [
        "/eivital/v1.04/Master/gstin/29ABCDE1234F1ZW",
        "/eivital/v1.04/heartbeat/ping",
        "/eivital/public-key.pem",
        "/taxpayerapi/certificate.pem",
        "/openapi.json",
    ] {
        for method in ["POST", "PUT", "DELETE"] {
            let answer = software.send(method, path, software.headers_in(&session), Some(b"{}".to_vec())).await;
            assert_problem(&answer, 405);
        }
    }
}

#[actix_web::test]
async fn an_address_that_is_not_there_is_refused_in_json() {
    let (_app, software) = with_software().await;
    for path in [
        "/eivital",
        "/eivital/",
        "/eivital/v1.04",
        "/eivital/v1.05/auth",
        "/eivital/v1.04/Auth",
        "/eivital/v1.04/auth/x",
        "/eivital/v1.04/Master/gstin",
        "/eivital/v1.04/master/gstin/29ABCDE1234F1ZW",
        "/eivital/v1.04/Master/gstin/29ABCDE1234F1ZW/x",
        "/eivital/%FF",
        "/eivital/<script>",
        "//eivital//x",
        "/taxpayerapi",
        "/taxpayerapi/v1.1/authenticate",
        "/taxpayerapi/v1.0/returns",
        "/introspect/x",
        "/openapi.json/x",
    ] {
        for method in ["GET", "POST"] {
            let answer = software.send(method, path, headers(&software), Some(b"{}".to_vec())).await;
            assert_problem(&answer, 404);
            assert!(!answer.json.to_string().contains("script"));
        }
    }
}

#[actix_web::test]
async fn a_host_that_is_not_ours_is_refused_in_json() {
    let (_app, software) = with_software().await;
    for path in [AUTH, AUTHENTICATE, "/introspect"] {
        let answer = software.post(path, headers(&software).with("host", "evil.example"), "{}").await;
        assert_problem(&answer, 421);
        assert!(!answer.json.to_string().contains("evil"));
    }
}

#[actix_web::test]
async fn no_answer_sets_a_cookie_or_may_be_kept_or_framed() {
    let (_app, software) = with_software().await;
    let app_key = random_key();
    let answers = [
        software.sign_in(&SignIn::of_acme()).await,
        software.post(AUTH, headers(&software), "{}").await,
        software.gstn(&software.auth_token(&app_key, "123456").await).await,
        software.introspect("x").await,
        software.get("/eivital/x", Headers::default()).await,
    ];
    for answer in answers {
        assert_eq!(answer.header("set-cookie"), "");
        assert_eq!((answer.header("cache-control"), answer.header("x-content-type-options")), ("no-store", "nosniff"));
    }
}

#[actix_web::test]
async fn a_compressed_body_is_refused_unread() {
    let (_app, software) = with_software().await;
    for (path, code) in [(AUTH, "1007"), (AUTHENTICATE, "AUTH4040"), ("/introspect", "invalid_request")] {
        for encoding in ["gzip", "br", "identity"] {
            let headers = headers(&software).with("content-encoding", encoding);
            let answer = software.post(path, headers, r#"{"Data":"x"}"#).await;
            assert_eq!(answer.status, 415, "{}", answer.json);
            assert!(answer.json.to_string().contains(code), "{}", answer.json);
        }
    }
}
