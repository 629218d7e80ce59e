//! T21 and ASVS 16.2.5: whoever walks through the whole product leaves none of their secrets in what the program writes,
//! nor in a file of its data folder unless it is sealed. Secrets are typed where they belong and where they do not.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use sanad::kernel::clock::Clock;
use serde_json::json;

use crate::support::browser::FORM;
use crate::support::machine::{Machine, Server};
use crate::support::mailbox::messages_in;
use crate::support::samples::ACME;
use crate::support::software::{AUTH, GstSession, SignIn, random_key};
use crate::support::walk::{create_account, go_on};
use crate::support::walk_gst::{
    USERNAME, ask_first_password, choose_yes, credentials_form, first_password_in, log_in as log_in_gst,
    type_first_password,
};
use crate::support::walk_sign_in::{Phone, log_in_at};
use crate::support::walk_workspace::{NAME, WORKSPACE, add_gstin, ask_to_sign_up, invite, link_in};
use crate::support::{Browser, FormFill, Page, Software};

const API_USERNAME: &str = "kestrel_irp_01";
const OWNER: &str = "owner@kestrel.example";

/// Every secret of a walk and what it was.
#[derive(Default)]
struct Secrets {
    long: Vec<(String, &'static str)>,
    /// Six digits: these may stand somewhere by chance.
    otps: Vec<(String, &'static str)>,
}

impl Secrets {
    /// A password of its own, good enough for every rule.
    fn password(&mut self, what: &'static str) -> String {
        let number = self.long.len();
        self.keep(format!("Kestrel{number}moor-Vexing {number}q?"), what)
    }

    fn keep(&mut self, secret: String, what: &'static str) -> String {
        assert!(secret.len() >= 8, "{what}: {secret:?} is too short to be looked for");
        self.long.push((secret.clone(), what));
        secret
    }

    /// The OTP of the newest message.
    async fn otp(&mut self, browser: &Browser, what: &'static str) -> String {
        let otp = messages_in(browser).await.first().and_then(|message| message.otp()).expect("an OTP");
        self.otps.push((otp.clone(), what));
        otp
    }

    fn cookies(&mut self, browser: &Browser) {
        for (_, value) in browser.cookies() {
            self.keep(value, "a cookie");
        }
    }
}

/// A form that must be refused.
async fn refused(browser: &Browser, form: FormFill) {
    let answer = form.submit(browser).await;
    assert_eq!(answer.status, 422, "{}", answer.told());
}

/// A password typed for an OTP, a wrong OTP, and the right one; the page that follows.
async fn type_otp(secrets: &mut Secrets, browser: &Browser, page: &Page, button: &str, what: &'static str) -> Page {
    let otp = secrets.otp(browser, what).await;
    refused(browser, page.form(button).fill("otp", &secrets.password("a password typed for an OTP"))).await;
    let wrong = if otp == "000000" { "111111" } else { "000000" };
    refused(browser, page.form(button).fill("otp", wrong)).await;
    go_on(browser, &page.form(button).fill("otp", &otp).submit(browser).await).await
}

/// Everything that a taxpayer does in the IRP; returns the API password.
async fn walk_irp(server: &Server, secrets: &mut Secrets) -> String {
    let browser = server.browser();
    let page = browser.get("/irp/register").await;
    refused(&browser, page.form("Continue").fill("gstin", &secrets.password("typed for a GSTIN"))).await;
    let page = go_on(&browser, &page.form("Continue").fill("gstin", ACME.gstin).submit(&browser).await).await;
    let page = go_on(&browser, &page.form("Confirm and Continue").submit(&browser).await).await;
    let form = page.form("Submit").fill("email", &secrets.password("typed for an email address"));
    refused(&browser, form.fill("phone", &secrets.password("typed for a phone number"))).await;
    let form = page.form("Submit").fill("email", ACME.email).fill("phone", ACME.phone);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    let page = type_otp(secrets, &browser, &page, "Verify", "the OTP of the registration").await;
    let page = browser.get(&page.link("Continue")).await;
    let differ = create_account(&page, &secrets.password("the first of two passwords"));
    refused(&browser, differ.fill("confirm_password", &secrets.password("the second of two"))).await;
    let first_password = secrets.password("the first account password");
    go_on(&browser, &create_account(&page, &first_password).submit(&browser).await).await;

    let page = browser.get("/irp/api-credentials/new").await;
    let form = page.form("Save and submit").fill("api_username", &secrets.password("typed for an API username"));
    let form = form.fill("api_password", &secrets.password("the first of two API passwords"));
    refused(&browser, form.fill("confirm_api_password", &secrets.password("the second of two API passwords"))).await;
    let api_password = secrets.password("the first API password");
    let form = page.form("Save and submit").fill("api_username", API_USERNAME).fill("api_password", &api_password);
    go_on(&browser, &form.fill("confirm_api_password", &api_password).submit(&browser).await).await;

    let hub = browser.get("/irp/api-credentials").await;
    let page = go_on(&browser, &hub.form("Change password").submit(&browser).await).await;
    let page = type_otp(secrets, &browser, &page, "Continue", "the OTP before a change").await;
    let form = page.form("Save and submit").fill("new_api_password", &secrets.password("a new API password"));
    refused(&browser, form.fill("confirm_api_password", &secrets.password("another new API password"))).await;
    let api_password = secrets.password("the API password");
    let form = page.form("Save and submit").fill("new_api_password", &api_password);
    go_on(&browser, &form.fill("confirm_api_password", &api_password).submit(&browser).await).await;

    let page = browser.get("/irp/account/password").await;
    let password = secrets.password("the account password");
    let form = page.form("Change password").fill("new_password", &password).fill("confirm_password", &password);
    let wrong = secrets.password("typed for the current password");
    refused(&browser, form.clone().fill("current_password", &wrong)).await;
    go_on(&browser, &form.fill("current_password", &first_password).submit(&browser).await).await;
    let recovery_code = add_authenticator(secrets, &browser).await;
    secrets.cookies(&browser);
    log_in_anew(server, secrets, &password, &recovery_code).await;
    forget_password(server, secrets).await;
    api_password
}

/// Returns one of the recovery codes.
async fn add_authenticator(secrets: &mut Secrets, browser: &Browser) -> String {
    let page = browser.get("/irp/account/authenticator").await;
    let page = go_on(browser, &page.form("Add an authenticator app").submit(browser).await).await;
    let page = type_otp(secrets, browser, &page, "Continue", "the OTP before an authenticator").await;
    let shown = page.all("code").remove(0);
    secrets.keep(shown.replace('-', ""), "the secret of an authenticator");
    secrets.keep(shown, "the secret of an authenticator as it is shown");
    let form = page.form("Add the app");
    refused(browser, form.clone().fill("code", &secrets.password("typed for a code"))).await;
    let code = Phone::of(&page).code(Clock::system().now());
    secrets.otps.push((code.clone(), "the code of an authenticator"));
    let page = go_on(browser, &form.fill("code", &code).submit(browser).await).await;
    let codes: Vec<String> =
        page.all("code").into_iter().flat_map(|text| text.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(codes.len() >= 8, "{codes:?}");
    for code in &codes {
        secrets.keep(code.replace('-', ""), "a recovery code");
        secrets.keep(code.clone(), "a recovery code as it is shown");
    }
    codes[0].clone()
}

async fn log_in_anew(server: &Server, secrets: &mut Secrets, password: &str, recovery_code: &str) {
    let browser = server.browser();
    let typed = secrets.password("typed for a username");
    let answer = log_in_at(&browser, "/irp", &typed, &secrets.password("typed for a password")).await;
    assert_eq!(answer.status, 422, "{}", answer.told());
    let answer = log_in_at(&browser, "/irp", ACME.gstin, &secrets.password("a wrong password")).await;
    assert_eq!(answer.status, 422, "{}", answer.told());
    let page = go_on(&browser, &log_in_at(&browser, "/irp", ACME.gstin, password).await).await;
    refused(&browser, page.form("Continue").fill("code", &secrets.password("typed for a code when signing in"))).await;
    let form = page.form("Continue").fill("code", recovery_code);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    secrets.keep(page.form("Sign out").value("csrf"), "the token of a form");
    secrets.cookies(&browser);
    let form = page.form("Sign out").forge("csrf", secrets.password("typed for the token of a form").as_bytes());
    assert_eq!(form.submit(&browser).await.status, 403);
    page.form("Sign out").submit(&browser).await;
}

async fn forget_password(server: &Server, secrets: &mut Secrets) {
    let browser = server.browser();
    let page = browser.get("/irp/forgot-password").await;
    refused(&browser, page.form("Continue").fill("gstin", &secrets.password("typed for a forgotten GSTIN"))).await;
    let page = go_on(&browser, &page.form("Continue").fill("gstin", ACME.gstin).submit(&browser).await).await;
    let page = type_otp(secrets, &browser, &page, "Continue", "the OTP for a forgotten password").await;
    let form = page.form("Save new password").fill("password", &secrets.password("a new password"));
    refused(&browser, form.fill("confirm_password", &secrets.password("another new password"))).await;
    let password = secrets.password("the password after the forgotten one");
    let form = page.form("Save new password").fill("password", &password).fill("confirm_password", &password);
    go_on(&browser, &form.submit(&browser).await).await;
    secrets.cookies(&browser);
}

/// Everything that a taxpayer does in the GST portal.
async fn walk_gst(server: &Server, secrets: &mut Secrets) {
    let browser = server.browser();
    let page = go_on(&browser, &ask_first_password(&browser, ACME.gstin).await).await;
    let first = first_password_in(&messages_in(&browser).await[0]);
    secrets.keep(first.replace('-', ""), "the first-time password without hyphens");
    secrets.keep(first.clone(), "the first-time password");
    let wrong = type_first_password(&browser, &page, &secrets.password("typed for the first-time password")).await;
    assert_eq!(wrong.status, 422, "{}", wrong.told());
    let page = go_on(&browser, &type_first_password(&browser, &page, &first).await).await;
    let typed = secrets.password("typed for a GST username");
    refused(&browser, credentials_form(&page, &typed, &secrets.password("a GST password"))).await;
    let first_password = secrets.password("the first GST password");
    go_on(&browser, &credentials_form(&page, USERNAME, &first_password).submit(&browser).await).await;

    let typed = secrets.password("typed for a username of the GST portal");
    assert_eq!(log_in_gst(&browser, &typed, &secrets.password("a wrong GST password")).await.status, 422);
    assert_eq!(log_in_gst(&browser, USERNAME, &secrets.password("another wrong GST password")).await.status, 422);
    go_on(&browser, &log_in_gst(&browser, USERNAME, &first_password).await).await;
    let page = browser.get("/gst/change-password").await;
    let password = secrets.password("the GST password");
    let form = page.form("Change Password").fill("new_password", &password).fill("confirm_password", &password);
    let wrong = secrets.password("typed for the current GST password");
    refused(&browser, form.clone().fill("current_password", &wrong)).await;
    go_on(&browser, &form.fill("current_password", &first_password).submit(&browser).await).await;
    go_on(&browser, &choose_yes(&browser, "6h").await).await;
    secrets.cookies(&browser);

    let other = server.browser();
    let page = other.get("/gst/forgot-username").await;
    refused(&other, page.form("Generate OTP").fill("gstin", &secrets.password("typed for another GSTIN"))).await;
    let page = go_on(&other, &page.form("Generate OTP").fill("gstin", ACME.gstin).submit(&other).await).await;
    type_otp(secrets, &other, &page, "Continue", "the OTP for a forgotten username").await;
}

/// Everything that the owner of a workspace does.
async fn walk_workspace(server: &Server, secrets: &mut Secrets, api_password: &str) {
    let browser = server.browser();
    let typed = secrets.password("typed for an email address of a workspace");
    assert_eq!(ask_to_sign_up(&browser, NAME, &typed, WORKSPACE).await.status, 422);
    let page = go_on(&browser, &ask_to_sign_up(&browser, NAME, OWNER, WORKSPACE).await).await;
    let page = type_otp(secrets, &browser, &page, "Verify", "the OTP of a sign-up").await;
    let password = secrets.password("the password of a person");
    go_on(&browser, &create_account(&page, &password).submit(&browser).await).await;
    let page = browser.get("/workspace/settings/gstins").await;
    refused(&browser, page.form("Add GSTIN").fill("gstin", &secrets.password("typed for a GSTIN of a workspace")))
        .await;
    add_gstin(&browser, ACME.gstin).await;

    let page = browser.get(&format!("/workspace/settings/api-credentials/clearirp?gstin={}", ACME.gstin)).await;
    let form = page.form("Save and Submit");
    let wrong = form.clone().fill("api_username", API_USERNAME);
    refused(&browser, wrong.fill("api_password", &secrets.password("a wrong API password of a workspace"))).await;
    let wrong = form.clone().fill("api_username", &secrets.password("typed for an API username of a workspace"));
    refused(&browser, wrong.fill("api_password", &secrets.password("another wrong one of a workspace"))).await;
    let right = form.fill("api_username", API_USERNAME).fill("api_password", api_password);
    let list = go_on(&browser, &right.submit(&browser).await).await;
    go_on(&browser, &list.form("Test these credentials").submit(&browser).await).await;

    go_on(&browser, &invite(&browser, "vikram@kestrel.example", "member").await).await;
    let link = link_in(&messages_in(&browser).await[0]);
    let token = link.rsplit('/').next().unwrap().to_owned();
    secrets.keep(token.clone(), "the token of an invitation");
    let stranger = server.browser();
    stranger.get(&link).await;
    // However the address is written, it leads there and is told nowhere.
    for path in [format!("/{link}"), format!("{link}/account"), link.replace("invitation", "%69nvitation")] {
        stranger.get(&path).await;
    }
    secrets.cookies(&browser);
    let wrong = log_in_at(&stranger, "/workspace", OWNER, &secrets.password("a wrong password of a person")).await;
    assert_eq!(wrong.status, 422, "{}", wrong.told());
}

/// Software at both doors, with right and with wrong secrets in every place.
async fn walk_software(server: &Server, secrets: &mut Secrets, api_password: &str) {
    let at = |secret: &str| Software::at(server.client(), server.url.clone(), "demo", secret);
    let software = at("demo-secret");
    let mine = SignIn { username: API_USERNAME.to_owned(), password: api_password.to_owned(), ..SignIn::of_acme() };
    let wrong = secrets.password("a wrong API password of software");
    software.sign_in(&SignIn { password: wrong, ..mine.clone() }).await;
    let wrong = secrets.password("sent as an API username");
    software.sign_in(&SignIn { username: wrong, ..mine.clone() }).await;
    let open = json!({ "Data": { "UserName": API_USERNAME, "Password": secrets.password("sent in the open") } });
    software.post(AUTH, software.headers_for(ACME.gstin), open.to_string()).await;
    let broken = format!("{{\"Data\": \"{}", secrets.password("sent in broken JSON"));
    software.post(AUTH, software.headers_for(ACME.gstin), broken).await;
    let wrong = at(&secrets.password("a wrong client secret"));
    wrong.sign_in(&mine).await;
    wrong.introspect(&secrets.password("asked about as a token")).await;
    let session = software.session(&mine).await;
    secrets.keep(session.token.clone(), "a token of the IRP's door");
    secrets.keep(STANDARD_NO_PAD.encode(&session.key), "a session key of the IRP's door");
    assert!(software.works(&session).await);
    software.introspect(&session.token).await;

    let browser = server.browser();
    software.ask_otp().await.assert_done();
    let (otp, app_key) = (secrets.otp(&browser, "the OTP of software").await, random_key());
    software.type_otp(&secrets.password("sent as an OTP")).await;
    let open =
        json!({ "action": "AUTHTOKEN", "username": USERNAME, "otp": secrets.password("sent as an OTP in the open") });
    software.gstn(&open).await;
    let session = GstSession::of(&software.gstn(&software.auth_token(&app_key, &otp).await).await, &app_key);
    let next = software.refreshed(&session).await;
    for session in [&session, &next] {
        secrets.keep(session.token.clone(), "a token of the GSTN's door");
        secrets.keep(STANDARD_NO_PAD.encode(&session.key), "a session key of the GSTN's door");
    }
    software.gstn(&software.logout(&next).await).await.assert_done();
}

/// Secrets where no form asks for them.
async fn misplace(server: &Server, secrets: &mut Secrets) {
    let browser = server.browser();
    let encoded = |secret: String| secret.replace(' ', "%20").replace('?', "%3f");
    for path in ["/irp/login", "/gst/login", "/workspace/login", "/nowhere", "/eivital/v1.04/auth"] {
        let query = format!("{path}?password={}", encoded(secrets.password("in a query")));
        browser.get(&query).await;
        let body = format!("username=a&password={}", encoded(secrets.password("in a form without token")));
        browser.post_raw(path, body.as_bytes(), FORM).await;
        let body = format!("{{\"password\": \"{}\"}}", secrets.password("in a body of another kind"));
        browser.post_raw(path, body.as_bytes(), "application/json").await;
        for header in ["authorization", "cookie", "referer", "x-api-key", "client_secret", "x-forwarded-for"] {
            let secret = secrets.password("in a header");
            let value =
                if header == "cookie" { format!("sanad-irp={secret}; form={secret}; dev={secret}") } else { secret };
            browser.request("GET", path, &[(header, &value)], None).await;
        }
    }
    let parts = format!(
        "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n--x--\r\n",
        secrets.password("in a part")
    );
    browser.post_raw("/workspace/settings/gstins/import", parts.as_bytes(), "multipart/form-data; boundary=x").await;
    let report = json!({ "csp-report": { "document-uri": format!("https://x/{}", encoded(secrets.password("in a report"))),
        "blocked-uri": format!("https://x/?{}", encoded(secrets.password("in a report's query"))) } });
    browser.post_raw("/csp-report", report.to_string().as_bytes(), "application/csp-report").await;
}

// --- The search ---------------------------------------------------------------------------------------------------

/// Whatever is looked for, by how it begins, in small letters.
#[derive(Default)]
struct Search(HashMap<[u8; START], Vec<(Vec<u8>, usize)>>);

/// The shortest form of the shortest secret has as many bytes.
const START: usize = 6;

impl Search {
    fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut search = Self::default();
        for (number, secret) in secrets.into_iter().enumerate() {
            for form in forms(secret) {
                let form = form.to_ascii_lowercase().into_bytes();
                let start = form[..START].try_into().unwrap();
                search.0.entry(start).or_default().push((form, number));
            }
        }
        search
    }

    /// The numbers of the secrets that stand there in whatever form.
    fn find(&self, bytes: &[u8]) -> BTreeSet<usize> {
        let small = bytes.to_ascii_lowercase();
        let mut found = BTreeSet::new();
        for (at, start) in small.windows(START).enumerate() {
            for (form, number) in self.0.get(start).into_iter().flatten() {
                if small[at..].starts_with(form) {
                    found.insert(*number);
                }
            }
        }
        found
    }
}

/// As it is, in addresses and forms, in hexadecimal digits and in base64.
fn forms(secret: &str) -> Vec<String> {
    let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent = percent_encoding::percent_encode(secret.as_bytes(), percent_encoding::NON_ALPHANUMERIC).to_string();
    let spaced = [percent.replace("%20", "+"), secret.replace(' ', "+"), secret.replace(' ', "%20")];
    [vec![secret.to_owned(), percent, hex], spaced.to_vec(), base64_forms(secret)].concat()
}

/// Whether the digits stand there with nothing around them that they could be a part of.
fn has_otp(bytes: &[u8], otp: &str) -> bool {
    let part = |sign: Option<&u8>| sign.is_some_and(|sign| sign.is_ascii_alphanumeric() || b".-".contains(sign));
    bytes
        .windows(otp.len())
        .enumerate()
        .any(|(at, digits)| digits == otp.as_bytes() && !part(bytes[..at].last()) && !part(bytes.get(at + otp.len())))
}

/// What is the same wherever the secret stands in what was encoded.
fn base64_forms(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let bytes = [&vec![0; before], secret.as_bytes()].concat();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&bytes);
            forms.push(encoded[[0, 2, 3][before]..encoded.len() - 2].to_owned());
        }
    }
    forms
}

fn files_in(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(files_in(&path)),
            false => files.push((path.display().to_string(), fs::read(&path).unwrap())),
        }
    }
    files
}

/// The log without the moments at the beginning of its lines, whose digits are nobody's.
fn without_moments(log: &str) -> String {
    log.lines().map(|line| line.split_once("Z").map_or(line, |(_, rest)| rest)).collect::<Vec<_>>().join("\n")
}

async fn walk_and_search(format: &str) {
    let machine = Machine::new();
    let log = machine.folder.path().join("log");
    let server = machine.serve_logged(&[("SANAD_LOG", format), ("RUST_LOG", "trace")], &log);
    let mut secrets = Secrets::default();
    misplace(&server, &mut secrets).await;
    let api_password = walk_irp(&server, &mut secrets).await;
    walk_gst(&server, &mut secrets).await;
    walk_workspace(&server, &mut secrets, &api_password).await;
    walk_software(&server, &mut secrets, &api_password).await;
    assert!(secrets.long.len() > 100 && secrets.otps.len() >= 7, "{} {}", secrets.long.len(), secrets.otps.len());

    let out = server.kill_and_read();
    let log = fs::read_to_string(log).unwrap();
    assert!(log.lines().count() > 100, "requests are logged: {log}");
    let files = files_in(&machine.data());
    let known = Search::of([API_USERNAME, OWNER]);
    let found: BTreeSet<usize> = files.iter().flat_map(|(_, bytes)| known.find(bytes)).collect();
    assert_eq!(found.len(), 2, "the search finds what is there");
    // The register of samples has numbers too.
    let fresh = Machine::new();
    fresh.serve().kill();
    let samples = files_in(&fresh.data());

    let search = Search::of(secrets.long.iter().map(|(secret, _)| secret.as_str()));
    let otps = secrets.otps.iter().filter(|(otp, _)| !samples.iter().any(|(_, bytes)| has_otp(bytes, otp)));
    let otps: Vec<_> = otps.collect();
    let written = [("standard output".to_owned(), out), ("the log".to_owned(), without_moments(&log).into_bytes())];
    let mut leaks = BTreeSet::new();
    for (place, bytes) in written.iter().chain(&files) {
        leaks.extend(search.find(bytes).into_iter().map(|number| (place, &secrets.long[number])));
        leaks.extend(otps.iter().filter(|(otp, _)| has_otp(bytes, otp)).map(|otp| (place, *otp)));
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[actix_web::test]
async fn no_secret_is_left_in_text_or_files() {
    walk_and_search("text").await;
}

#[actix_web::test]
async fn no_secret_is_left_in_json() {
    walk_and_search("json").await;
}

#[test]
fn the_search_finds_a_secret_however_it_is_written() {
    let secret = "Kestrel7moor-Vexing 7q?";
    let search = Search::of([secret]);
    let encode = |text: &str| STANDARD_NO_PAD.encode(text);
    for written in [
        format!("x{secret}x"),
        secret.to_uppercase(),
        "Kestrel7moor-Vexing+7q%3F".replace("-", "%2D"),
        "Kestrel7moor%2DVexing%207q%3F".to_owned(),
        secret.bytes().map(|byte| format!("{byte:02X}")).collect(),
        encode(secret),
        encode(&format!("a{secret}b")),
        encode(&format!("id:{secret}")),
        encode(&format!("four{secret}five")),
    ] {
        assert_eq!(search.find(written.as_bytes()).len(), 1, "{written}");
    }
    assert!(search.find(b"Kestrel7moor").is_empty());
    assert!(has_otp(b"{\"otp\":\"123456\"}", "123456") && !has_otp(b"9123456", "123456"));
}
