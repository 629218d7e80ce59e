//! Hundreds of generated requests at what meets outside bytes: cookies, the headers of a proxy and of a browser, the
//! parameters of an address, uploads, and the way back after signing in. Each is answered, none with an error of ours.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::support::samples::{ACME, PASSWORD};
use crate::support::walk::registered;
use crate::support::walk_gst;
use crate::support::walk_sign_in::login_form;
use crate::support::walk_workspace::workspace_of;
use crate::support::{App, Browser, Page};

/// The same values at every run.
fn generated<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// What may stand in a header at all.
fn header() -> impl Strategy<Value = String> {
    let odd = select(vec!["=", ";", ",", "\"", "%00", "%ff", ":", "::", "[", "/64", " ", "\t", "127.0.0.1", "é", "."]);
    let part = prop_oneof![3 => "[ -~]{0,12}", 2 => odd.prop_map(str::to_owned)];
    vec(part, 0..12).prop_map(|parts| parts.concat())
}

/// Percent-encoded or not; what a URL may hold.
fn parameter() -> impl Strategy<Value = String> {
    let odd =
        vec!["-1", "0", "9223372036854775807", "-9223372036854775808", "99999999999999999999", "1e9", "%00", "%ff"];
    let odd = select([odd, vec!["%", "%zz", "&", "=", "page=2", "[]", "%2e%2e%2f", "%25", "'", "%E2%80%AE"]].concat());
    let part = prop_oneof![2 => "[a-zA-Z0-9._~%+-]{0,8}", 3 => odd.prop_map(str::to_owned)];
    vec(part, 0..5).prop_map(|parts| parts.concat())
}

fn assert_answered(page: &Page, what: &str) {
    let answered = [200, 303, 400, 403, 404, 413, 415, 421, 422, 429].contains(&page.status);
    assert!(answered, "{what:?}: {}", page.told());
}

#[actix_web::test]
async fn any_cookie_is_answered() {
    let app = App::start().await;
    let signed_in = registered(&app).await;
    let cookies = signed_in.cookies();
    for (number, value) in generated(header(), 120).into_iter().enumerate() {
        let name = ["sanad-irp", "form", "dev", ""][number % 4];
        let known = cookies.get(name).cloned().unwrap_or_default();
        for cookie in
            [format!("{name}={value}"), format!("{name}={known}{value}"), format!("{name}={known}; {name}={value}")]
        {
            let page = app.browser().request("GET", "/irp/login", &[("cookie", &cookie)], None).await;
            assert_answered(&page, &cookie);
        }
    }
    signed_in.get("/irp/account").await.assert_shows("Account");
}

#[actix_web::test]
async fn any_header_of_a_proxy_or_browser_is_answered() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let names =
        ["x-forwarded-for", "forwarded", "user-agent", "accept-encoding", "origin", "sec-fetch-site", "authorization"];
    for (number, value) in generated(header(), 210).into_iter().enumerate() {
        let name = names[number % names.len()];
        let browser = app.browser().with_header(name, &value);
        let page = browser.get("/irp/register").await;
        assert_answered(&page, &value);
        // The page is the same whatever the header says.
        page.assert_shows("Check if your GSTIN is eligible for e-invoicing");
        let answer = page.form("Continue").fill("gstin", "nonsense").submit(&browser).await;
        assert!([422, 403, 429].contains(&answer.status), "{name}: {value:?}: {}", answer.told());
    }
}

#[actix_web::test]
async fn any_parameter_of_an_address_is_answered() {
    let app = App::start().await;
    let gst = walk_gst::signed_in(&app).await;
    let workspace = workspace_of(&app, "owner@acme.example").await;
    for value in generated(parameter(), 100) {
        for (browser, path) in [
            (&gst, "/gst/notices?page="),
            (&gst, "/gst/notices?kind="),
            (&gst, "/gst/notices.csv?kind="),
            (&workspace, "/workspace/settings/gstins?page="),
            (&workspace, "/workspace/settings/api-credentials?page="),
            (&workspace, "/workspace/settings/api-credentials?q="),
            (&workspace, "/workspace/settings/api-credentials/clearirp?gstin="),
            (&workspace, "/workspace/settings/gstins/import/"),
            (&workspace, "/workspace/settings/people/"),
        ] {
            let page = browser.get(&format!("{path}{value}")).await;
            assert!([200, 303, 400, 404].contains(&page.status), "{path}{value}: {}", page.told());
        }
    }
}

#[actix_web::test]
async fn no_way_back_leads_elsewhere() {
    let app = App::start().await;
    let owner = registered(&app).await;
    drop(owner);
    let elsewhere =
        ["//evil.example", "https://evil.example/irp/account", "/\\evil.example", "/irp/account%0d%0aX:%20y"];
    let generated = generated(parameter(), 12).into_iter().map(|value| format!("/irp/account{value}"));
    for target in elsewhere.map(str::to_owned).into_iter().chain(generated) {
        let browser = app.browser();
        let page = browser.get(&format!("/irp/login?return={target}")).await;
        let form = page.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD);
        let answer = form.submit(&browser).await;
        assert!(
            ["/irp/api-credentials", "/irp/account"].contains(&answer.location().as_str()),
            "{target}: {}",
            answer.told()
        );
    }
    // Nor when the form itself says so.
    let browser = app.browser();
    let form = login_form(&browser, "/irp", ACME.gstin, PASSWORD).await.forge("return", b"//evil.example");
    form.submit(&browser).await.assert_leads_to("/irp/api-credentials");
}

/// Pieces of which multipart bodies are made, and broken.
fn multipart() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        "--x\r\n",
        "--x--\r\n",
        "--x",
        "\r\n",
        "\r\n\r\n",
        "\n",
        "--",
        "Content-Disposition: form-data; name=\"csrf\"",
        "Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"",
        "Content-Disposition: attachment",
        "Content-Disposition: form-data; name=\"\u{202E}\"; filename=\"../../etc/passwd\"",
        "Content-Type: text/csv",
        "Content-Length: 99999999999",
        "Content-Transfer-Encoding: base64",
        "gstin\r\n29ABCDE1234F1ZW",
        "TOKEN",
    ];
    let piece = select(pieces).prop_map(|piece| piece.as_bytes().to_vec());
    vec(prop_oneof![6 => piece, 1 => vec(any::<u8>(), 0..20)], 0..16).prop_map(|pieces| pieces.concat())
}

#[actix_web::test]
async fn any_upload_is_answered() {
    let app = App::start_from("[limits]\nimports_per_hour = 100000\nimports_per_day = 100000\n", &[]).await;
    let owner = workspace_of(&app, "owner@acme.example").await;
    let address = "/workspace/settings/gstins/import";
    let token = owner.get(address).await.form("Upload").value("csrf");
    for (number, body) in generated(multipart(), 300).into_iter().enumerate() {
        let body = String::from_utf8_lossy(&body).replace("TOKEN", &token);
        let trusted = format!("--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n{body}");
        let body = if number % 2 == 0 { trusted } else { body };
        let kinds = ["multipart/form-data; boundary=x", "multipart/form-data; boundary=\"x\"", "multipart/form-data"];
        let page = owner.post_raw(address, body.as_bytes(), kinds[usize::from(number % 10 == 3) * 2]).await;
        assert_answered(&page, &body);
    }
    owner.get(address).await.assert_shows("Import GSTINs");
}

#[actix_web::test]
async fn any_file_of_gstins_is_answered() {
    let app = App::start_from("[limits]\nimports_per_hour = 100000\nimports_per_day = 100000\n", &[]).await;
    let owner: Browser = workspace_of(&app, "owner@acme.example").await;
    let form = owner.get("/workspace/settings/gstins/import").await.form("Upload");
    let odd =
        select(vec!["gstin", ",", ";", "\n", "\r\n", "\"", "29ABCDE1234F1ZW", "=1+1", "\0", "\u{FEFF}", "\u{202E}"]);
    let piece = prop_oneof![5 => odd.prop_map(|text| text.as_bytes().to_vec()), 1 => vec(any::<u8>(), 0..10)];
    for file in generated(vec(piece, 0..30).prop_map(|pieces| pieces.concat()), 100) {
        let answer = form.clone().forge("file", &file).submit(&owner).await;
        assert!([303, 422].contains(&answer.status), "{file:?}: {}", answer.told());
        if answer.status == 303 {
            let preview = owner.follow(&answer).await;
            assert_eq!(preview.status, 200, "{file:?}: {}", preview.told());
            preview.form("Cancel").submit(&owner).await;
        }
    }
}
