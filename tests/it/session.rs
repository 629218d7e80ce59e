//! 2.0.8 and `security.md` 3.4: cookies, how long a session lasts, what is kept of a form whose session had ended, and
//! who is let in where.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sanad::kernel::portal::Portal;
use sanad::store::{accounts, sessions};
use sha2::{Digest as _, Sha256};

use crate::support::browser::FORM;
use crate::support::samples::{ACME, API_PASSWORD, PASSWORD, PATEL};
use crate::support::walk::{API_USERNAME, go_on, log_in, registered, registered_as};
use crate::support::{App, Browser, Page};

const HUB: &str = "/irp/api-credentials";
const OTP: &str = "/irp/api-credentials/otp";
const NEW: &str = "/irp/api-credentials/new";
const ACCOUNT: &str = "/irp/account";
const LOGIN: &str = "/irp/login";
const EXTEND: &str = "/irp/session/extend";
const IDLE: i64 = 15 * 60;
const ABSOLUTE: i64 = 8 * 3600;

/// The attributes of the cookie that the answer sets, and whether they hold each of these.
pub fn assert_cookie(page: &Page, name: &str, expected: &[&str], unexpected: &[&str]) {
    let cookies = page.headers("set-cookie");
    let start = format!("{name}=");
    let cookie = cookies.iter().find(|cookie| cookie.starts_with(&start));
    let cookie = cookie.unwrap_or_else(|| panic!("no {name} in {cookies:?}"));
    let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
    for attribute in expected {
        assert!(attributes.contains(attribute), "{attribute}: {cookie}");
    }
    for attribute in unexpected {
        assert!(!attributes.iter().any(|given| given.starts_with(attribute)), "{attribute}: {cookie}");
    }
}

/// The answer of a session that is over: to the login page.
async fn assert_signed_out(browser: &Browser) -> Page {
    let page = browser.get(ACCOUNT).await;
    assert_eq!(page.status, 303, "{}", page.told());
    assert_eq!(page.location(), "/irp/login?return=/irp/account");
    browser.follow(&page).await
}

/// ACME at the page that creates credentials, with everything typed.
async fn about_to_save(browser: &Browser) -> crate::support::FormFill {
    let form = browser.get(NEW).await.form("Save and submit").fill("api_username", API_USERNAME);
    form.fill("api_password", API_PASSWORD).fill("confirm_api_password", API_PASSWORD)
}

/// Signs in, proves the creation by an OTP, and opens its page.
async fn to_new(app: &App, browser: &Browser, who: &crate::support::Sample) -> Page {
    log_in(browser, who.gstin, PASSWORD).await.assert_leads_to(HUB);
    let hub = browser.get(HUB).await;
    let page = go_on(browser, &hub.form("Create API credentials").submit(browser).await).await;
    let otp = app.last_otp_for(who.email).await;
    go_on(browser, &page.form("Continue").fill("otp", &otp).submit(browser).await).await
}

/// The body that presses "Stay signed in", as the script sends it from the dialog of the page.
fn stay(page: &Page) -> Vec<u8> {
    let (_, form) = page.html.split_once(&format!("action=\"{EXTEND}\"")).unwrap();
    let (_, token) = form.split_once("name=\"csrf\" value=\"").unwrap();
    let (token, _) = token.split_once('"').unwrap();
    format!("csrf={token}").into_bytes()
}

#[actix_web::test]
async fn cookies_are_for_this_site_and_its_server_only() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let page = browser.get(LOGIN).await;
    let always = ["HttpOnly", "SameSite=Lax", "Path=/"];
    assert_cookie(&page, "sanad-form", &always, &["Secure", "Domain"]);
    let form = page.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD);
    assert_cookie(&form.submit(&browser).await, "sanad-irp", &always, &["Secure", "Domain"]);
}

#[actix_web::test]
async fn over_tls_cookies_are_secure_and_bound_to_the_host() {
    let app = App::start_with(&[("BASE_URL", "https://irp.example.in")]).await;
    registered(&app).await;
    let browser = app.browser();
    let page = browser.get(LOGIN).await;
    let always = ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"];
    assert_cookie(&page, "__Host-sanad-form", &always, &["Domain"]);
    let form = page.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD);
    assert_cookie(&form.submit(&browser).await, "__Host-sanad-irp", &always, &["Domain"]);
}

#[actix_web::test]
async fn reading_a_page_sets_no_cookie() {
    let app = App::start().await;
    for path in ["/", "/help", "/irp", "/demo"] {
        assert_eq!(app.browser().get(path).await.headers("set-cookie"), Vec::<String>::new(), "{path}");
    }
}

#[actix_web::test]
async fn the_row_of_a_session_holds_only_the_hash_of_its_token() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let cookie = browser.cookies()["sanad-irp"].clone();
    let cookie = percent_encoding::percent_decode_str(&cookie).decode_utf8().unwrap().into_owned();
    // The signature, 32 bytes in base64, and behind it the token.
    let token = cookie.split_at(44).1.to_owned();
    assert!(token.len() >= 43, "256 bits: {}", token.len());
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(&token));
    assert!(app.kit.store.read(move |c| sessions::find(c, &hash)).await.unwrap().is_some());
    for (name, bytes) in files(&app) {
        let found = bytes.windows(token.len()).any(|part| part == token.as_bytes());
        assert!(!found, "the token stands in {name}");
    }
}

/// Name and bytes of the files of the database.
fn files(app: &App) -> Vec<(String, Vec<u8>)> {
    let folder = std::fs::read_dir(&app.kit.settings.data_dir).unwrap();
    let files = folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let files: Vec<_> = files.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect();
    assert!(files.iter().any(|(_, bytes)| bytes.len() > 4096));
    files
}

#[actix_web::test]
async fn a_tampered_or_invented_cookie_is_nobodys() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let cookie = browser.cookies()["sanad-irp"].clone();
    let mut other_end = cookie.clone();
    let last = if other_end.pop() == Some('A') { 'B' } else { 'A' };
    other_end.push(last);
    for forged in [other_end.as_str(), "", "x", &cookie[1..], &"A".repeat(108)] {
        let browser = app.browser();
        browser.set_cookie("sanad-irp", forged);
        assert_signed_out(&browser).await.assert_shows("Log in");
    }
    browser.get(ACCOUNT).await.assert_shows("Account");
}

#[actix_web::test]
async fn a_session_ends_after_15_idle_minutes_to_the_second() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let copy = browser.clone_cookies();
    app.clock.advance(IDLE - 1);
    browser.get(ACCOUNT).await.assert_shows("Account");
    // That request began another quarter of an hour.
    app.clock.advance(IDLE - 1);
    browser.get(ACCOUNT).await.assert_shows("Account");
    app.clock.advance(IDLE);
    assert_signed_out(&copy).await.assert_shows("Log in");
    assert_signed_out(&browser).await.assert_shows("Log in");
}

#[actix_web::test]
async fn every_page_says_when_the_session_ends_and_afterwards_why_it_did() {
    let app = App::start().await;
    let browser = registered(&app).await;
    for path in [HUB, ACCOUNT, NEW] {
        assert!(browser.get(path).await.has("You will be signed out at 17:16 IST if you do nothing."), "{path}");
    }
    app.clock.advance(20 * 60);
    let login = assert_signed_out(&browser).await;
    assert_eq!(login.notice().unwrap(), "You were signed out at 17:16 IST because nothing happened for 15 minutes.");
    assert_eq!(browser.get(LOGIN).await.notice(), None, "told once");

    let form = login.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD);
    form.submit(&browser).await.assert_leads_to(ACCOUNT);
}

#[actix_web::test]
async fn a_session_ends_after_8_hours_however_busy() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let mut passed = 0;
    while passed + 840 < ABSOLUTE {
        app.clock.advance(840);
        passed += 840;
        browser.get(ACCOUNT).await.assert_shows("Account");
    }
    app.clock.advance(ABSOLUTE - 1 - passed);
    let page = browser.get(ACCOUNT).await;
    page.assert_shows("Account");
    assert!(page.has("You will be signed out at 01:01 IST if you do nothing."));
    app.clock.advance(1);
    let login = assert_signed_out(&browser).await;
    assert_eq!(login.notice().unwrap(), "You were signed out at 01:01 IST because a session lasts 8 hours at most.");
}

#[actix_web::test]
async fn renewing_the_token_does_not_lengthen_the_8_hours() {
    let app = App::start().await;
    let browser = registered(&app).await;
    for _ in 0..34 {
        app.clock.advance(840);
        browser.get(ACCOUNT).await.assert_shows("Account");
    }
    let page = browser.get("/irp/account/password").await;
    let form = page.form("Change password").fill("current_password", PASSWORD);
    let form = form.fill("new_password", "nine green ferns 4").fill("confirm_password", "nine green ferns 4");
    form.submit(&browser).await.assert_leads_to(ACCOUNT);
    app.clock.advance(ABSOLUTE - 34 * 840);
    assert_signed_out(&browser).await.assert_shows("Log in");
}

#[actix_web::test]
async fn stay_signed_in_begins_another_15_minutes() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let page = browser.get(ACCOUNT).await;
    app.clock.advance(13 * 60);
    browser.post_raw(EXTEND, &stay(&page), FORM).await.assert_leads_to(ACCOUNT);
    app.clock.advance(IDLE - 1);
    browser.get(ACCOUNT).await.assert_shows("Account");
}

#[actix_web::test]
async fn stay_signed_in_is_too_late_after_the_end() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let page = browser.get(ACCOUNT).await;
    app.clock.advance(IDLE);
    browser.post_raw(EXTEND, &stay(&page), FORM).await.assert_leads_to(LOGIN);
    assert_eq!(browser.get(ACCOUNT).await.status, 303);
}

#[actix_web::test]
async fn a_session_from_the_future_is_not_trusted() {
    let app = App::start().await;
    let browser = registered(&app).await;
    app.clock.advance(-5);
    browser.get(ACCOUNT).await.assert_shows("Account");
    app.clock.advance(-1);
    assert_signed_out(&browser).await.assert_shows("Log in");
}

#[actix_web::test]
async fn what_was_typed_is_kept_when_the_session_had_ended_and_passwords_are_not() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let form = about_to_save(&browser).await;
    app.clock.advance(20 * 60);
    let answer = form.submit(&browser).await;
    answer.assert_leads_to(LOGIN);
    let login = browser.follow(&answer).await;
    assert_eq!(
        login.notice().unwrap(),
        "You were signed out at 17:16 IST because nothing happened for 15 minutes. We kept what you typed, except \
         passwords."
    );
    for (name, bytes) in files(&app) {
        let found = bytes.windows(API_PASSWORD.len()).any(|part| part == API_PASSWORD.as_bytes());
        assert!(!found, "the password stands in {name}");
    }

    let page = to_new(&app, &browser, &ACME).await;
    page.assert_shows("Create API credentials");
    assert_eq!(page.value("api_username").unwrap(), API_USERNAME);
    assert_eq!(page.value("api_password").unwrap_or_default(), "");
    assert!(!page.html.contains(API_PASSWORD));
}

#[actix_web::test]
async fn the_8_hours_keep_what_was_typed_too() {
    let app = App::start().await;
    let browser = registered(&app).await;
    for _ in 0..33 {
        app.clock.advance(840);
        browser.get(ACCOUNT).await;
    }
    let hub = browser.get(HUB).await;
    let page = go_on(&browser, &hub.form("Create API credentials").submit(&browser).await).await;
    app.clock.advance(840);
    let otp = app.last_otp_for(ACME.email).await;
    let refused = page.form("Continue").fill("otp", &otp).submit(&browser).await;
    refused.assert_refused(&[("otp", "That OTP has expired. Ask for a new one.")]);
    let page = go_on(&browser, &refused.form("Send a new OTP").submit(&browser).await).await;
    let otp = app.last_otp_for(ACME.email).await;
    let page = go_on(&browser, &page.form("Continue").fill("otp", &otp).submit(&browser).await).await;
    let form = page.form("Save and submit").fill("api_username", API_USERNAME).fill("api_password", API_PASSWORD);
    app.clock.advance(ABSOLUTE - 34 * 840);
    let login = go_on(&browser, &form.submit(&browser).await).await;
    assert_eq!(
        login.notice().unwrap(),
        "You were signed out at 01:01 IST because a session lasts 8 hours at most. We kept what you typed, except \
         passwords."
    );
}

#[actix_web::test]
async fn what_was_typed_is_kept_for_30_minutes() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let form = about_to_save(&browser).await;
    app.clock.advance(IDLE);
    form.submit(&browser).await.assert_leads_to(LOGIN);
    app.clock.advance(29 * 60);
    let page = to_new(&app, &browser, &ACME).await;
    assert_eq!(page.value("api_username").unwrap(), API_USERNAME);
    app.clock.advance(60);
    assert_eq!(browser.get(NEW).await.value("api_username").unwrap(), "");
}

#[actix_web::test]
async fn a_form_that_was_kept_can_be_finished() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let form = about_to_save(&browser).await;
    app.clock.advance(IDLE);
    form.submit(&browser).await.assert_leads_to(LOGIN);
    let page = to_new(&app, &browser, &ACME).await;
    let form = page.form("Save and submit").fill("api_password", API_PASSWORD);
    form.fill("confirm_api_password", API_PASSWORD)
        .submit(&browser)
        .await
        .assert_leads_to("/irp/api-credentials/saved");
}

#[actix_web::test]
async fn what_one_person_typed_is_not_shown_to_the_next() {
    let app = App::start().await;
    registered_as(&app, &PATEL).await;
    let browser = registered(&app).await;
    let form = about_to_save(&browser).await;
    app.clock.advance(IDLE);
    form.submit(&browser).await.assert_leads_to(LOGIN);
    let page = to_new(&app, &browser, &PATEL).await;
    page.assert_shows("Create API credentials");
    assert_eq!(page.value("api_username").unwrap(), "");
}

#[actix_web::test]
async fn nothing_is_kept_of_a_form_that_cannot_be_trusted() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let form = about_to_save(&browser).await.forge("csrf", b"x.y.z");
    app.clock.advance(IDLE);
    let login = go_on(&browser, &form.submit(&browser).await).await;
    assert_eq!(login.notice().unwrap(), "You were signed out at 17:16 IST because nothing happened for 15 minutes.");
}

#[actix_web::test]
async fn an_otp_typed_after_the_end_leads_to_the_login_page() {
    for late in [IDLE, 31 * 60] {
        let app = App::start().await;
        registered(&app).await;
        let browser = app.browser();
        log_in(&browser, ACME.gstin, PASSWORD).await;
        let hub = browser.get(HUB).await;
        let page = go_on(&browser, &hub.form("Create API credentials").submit(&browser).await).await;
        let form = page.form("Continue").fill("otp", &app.last_otp_for(ACME.email).await);
        app.clock.advance(late);
        let answer = form.submit(&browser).await;
        answer.assert_leads_to(LOGIN);
        let notice = browser.follow(&answer).await.notice().unwrap();
        assert_eq!(notice, "You were signed out at 17:16 IST because nothing happened for 15 minutes.");
    }
}

#[actix_web::test]
async fn signing_out_ends_the_session_on_the_server() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let copy = browser.clone_cookies();
    let answer = browser.get(HUB).await.form("Sign out").submit(&browser).await;
    answer.assert_leads_to("/irp/login?signed-out=yes");
    assert_eq!(answer.header("clear-site-data"), "\"cache\", \"storage\"");
    assert!(!browser.cookies().contains_key("sanad-irp"));
    let login = browser.follow(&answer).await;
    login.assert_shows("Log in");
    assert_eq!(login.notice().unwrap(), "You are signed out.");
    assert_signed_out(&browser).await;
    assert_signed_out(&copy).await;
}

#[actix_web::test]
async fn signing_out_ends_one_session_and_not_the_others() {
    let app = App::start().await;
    let (browser, other) = (registered(&app).await, app.browser());
    log_in(&other, ACME.gstin, PASSWORD).await;
    browser.get(HUB).await.form("Sign out").submit(&browser).await;
    other.get(HUB).await.assert_shows("API credentials");
}

#[actix_web::test]
async fn a_link_does_not_sign_anybody_out() {
    let app = App::start().await;
    let browser = registered(&app).await;
    assert_eq!(browser.get("/irp/logout").await.status, 405);
    assert_eq!(browser.get(EXTEND).await.status, 405);
    browser.get(HUB).await.assert_shows("API credentials");
}

/// What an address does to a person who is not signed in and has begun nothing.
#[derive(Debug, Clone, Copy)]
pub enum Door {
    /// A page for everybody.
    Open,
    /// To the login page, and back here afterwards when it is on the list.
    SignIn { back: bool },
    /// To the beginning of its walk.
    Begin(&'static str),
    /// For POST only.
    Post,
    /// Elsewhere, for everybody.
    Leads(&'static str),
}

const REGISTER: &str = "/irp/register";
const FORGOT: &str = "/irp/forgot-password";

const DOORS: &[(&str, Door)] = &[
    ("/", Door::Open),
    ("/help", Door::Open),
    ("/help/passwords", Door::Open),
    ("/help/error-codes", Door::Open),
    ("/accessibility", Door::Open),
    ("/privacy", Door::Open),
    ("/terms", Door::Open),
    ("/contact", Door::Open),
    ("/robots.txt", Door::Open),
    ("/csp-report", Door::Post),
    ("/demo", Door::Open),
    ("/demo/messages", Door::Open),
    ("/.well-known/change-password", Door::Leads("/irp/account/password")),
    ("/irp", Door::Open),
    ("/irp/register", Door::Open),
    ("/irp/register/not-eligible", Door::Leads(REGISTER)),
    ("/irp/register/details", Door::Begin(REGISTER)),
    ("/irp/register/contact", Door::Begin(REGISTER)),
    ("/irp/register/otp", Door::Begin(REGISTER)),
    ("/irp/register/otp/resend", Door::Post),
    ("/irp/register/verified", Door::Begin(REGISTER)),
    ("/irp/register/password", Door::Begin(REGISTER)),
    ("/irp/register/done", Door::Begin(REGISTER)),
    ("/irp/login", Door::Open),
    ("/irp/login/otp", Door::Begin("/irp/login")),
    ("/irp/login/otp/resend", Door::Post),
    ("/irp/login/otp-first", Door::Open),
    ("/irp/login/otp-first/password", Door::Begin("/irp/login/otp-first")),
    ("/irp/logout", Door::Post),
    ("/irp/session/extend", Door::Post),
    ("/irp/forgot-password", Door::Open),
    ("/irp/forgot-password/otp", Door::Begin(FORGOT)),
    ("/irp/forgot-password/otp/resend", Door::Post),
    ("/irp/forgot-password/new", Door::Begin(FORGOT)),
    ("/irp/account", Door::SignIn { back: true }),
    ("/irp/account/password", Door::SignIn { back: true }),
    ("/irp/account/devices", Door::SignIn { back: true }),
    ("/irp/account/activity", Door::SignIn { back: true }),
    ("/irp/account/activity.csv", Door::SignIn { back: false }),
    ("/irp/account/authenticator", Door::SignIn { back: true }),
    ("/irp/account/authenticator/otp", Door::SignIn { back: false }),
    ("/irp/account/authenticator/otp/resend", Door::Post),
    ("/irp/account/authenticator/new", Door::SignIn { back: false }),
    ("/irp/account/authenticator/codes", Door::SignIn { back: false }),
    ("/irp/account/authenticator/remove", Door::SignIn { back: false }),
    ("/irp/api-credentials", Door::SignIn { back: true }),
    ("/irp/api-credentials/otp", Door::SignIn { back: false }),
    ("/irp/api-credentials/otp/resend", Door::Post),
    ("/irp/api-credentials/new", Door::SignIn { back: false }),
    ("/irp/api-credentials/change", Door::SignIn { back: false }),
    ("/irp/api-credentials/saved", Door::SignIn { back: false }),
    ("/irp/api-credentials/use", Door::SignIn { back: true }),
    ("/irp/api-credentials/use.env", Door::SignIn { back: false }),
];

/// POSTs of the signed out without a token: let no further than this.
const POSTS: &[(&str, &str)] = &[
    ("/irp/register/details", REGISTER),
    ("/irp/register/contact", REGISTER),
    ("/irp/register/otp", REGISTER),
    ("/irp/register/otp/resend", REGISTER),
    ("/irp/register/password", REGISTER),
    ("/irp/forgot-password/otp", FORGOT),
    ("/irp/forgot-password/otp/resend", FORGOT),
    ("/irp/forgot-password/new", FORGOT),
    ("/irp/logout", LOGIN),
    ("/irp/session/extend", LOGIN),
    ("/irp/account/password", LOGIN),
    ("/irp/login/otp", LOGIN),
    ("/irp/login/otp/resend", LOGIN),
    ("/irp/login/otp-first/password", "/irp/login/otp-first"),
    ("/irp/account/devices", LOGIN),
    ("/irp/account/authenticator", LOGIN),
    ("/irp/account/authenticator/otp", LOGIN),
    ("/irp/account/authenticator/otp/resend", LOGIN),
    ("/irp/account/authenticator/new", LOGIN),
    ("/irp/account/authenticator/codes", LOGIN),
    ("/irp/account/authenticator/remove", LOGIN),
    ("/irp/api-credentials", LOGIN),
    ("/irp/api-credentials/otp", LOGIN),
    ("/irp/api-credentials/otp/resend", LOGIN),
    ("/irp/api-credentials/new", LOGIN),
    ("/irp/api-credentials/change", LOGIN),
];

/// Every address of `src/web/paths.rs` that this portal or no portal has for people.
pub fn every_address(portal: &str) -> BTreeSet<String> {
    let source = include_str!("../../src/web/paths.rs");
    let (source, _) = source.split_once("#[cfg(test)]").unwrap();
    let quoted = source.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| {
        let shared = line.contains("concat!($prefix");
        let literals = line.split('"').skip(1).step_by(2).filter(|literal| literal.starts_with('/'));
        literals.map(move |literal| if shared { format!("{portal}{literal}") } else { literal.to_owned() })
    });
    let others = ["/irp", "/workspace", "/gst"].into_iter().filter(|other| *other != portal);
    let others: Vec<&str> = others.collect();
    let quoted = quoted.filter(|path| !sanad::web::paths::is_for_software(path));
    quoted.filter(|path| !others.iter().any(|other| path.starts_with(other))).collect()
}

#[test]
fn every_address_is_in_the_table_of_doors() {
    let table: BTreeSet<String> = DOORS.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(table, every_address("/irp"));
}

/// The signed out are let in where the table says.
pub async fn assert_doors(app: &App, doors: &[(&str, Door)], login: &str) {
    for (path, door) in doors {
        let page = app.browser().get(path).await;
        match door {
            Door::Open => assert_eq!(page.status, 200, "{}", page.told()),
            Door::Post => assert_eq!(page.status, 405, "{}", page.told()),
            Door::Begin(start) | Door::Leads(start) => page.assert_leads_to(start),
            Door::SignIn { back: false } => page.assert_leads_to(login),
            Door::SignIn { back: true } => {
                page.assert_leads_to(&format!("{login}?return={path}"));
            }
        }
    }
}

#[actix_web::test]
async fn the_signed_out_are_let_in_where_the_table_says() {
    assert_doors(&App::start().await, DOORS, LOGIN).await;
}

#[actix_web::test]
async fn no_form_of_the_signed_out_gets_past_its_door() {
    let app = App::start().await;
    for (path, way) in POSTS {
        app.browser().post_raw(path, b"otp=123456&password=x&csrf=x.y.z", FORM).await.assert_leads_to(way);
    }
    for path in ["/irp/login", "/irp/register", "/irp/forgot-password"] {
        let page = app.browser().post_raw(path, b"gstin=29ABCDE1234F1ZW&csrf=x.y.z", FORM).await;
        page.assert_error_page(403, "This form is out of date");
    }
}

#[actix_web::test]
async fn whoever_begins_in_the_middle_is_told_where_to_start() {
    assert_begins(&App::start().await, DOORS).await;
}

/// Whoever opens a page in the middle of a walk is told where it begins.
pub async fn assert_begins(app: &App, doors: &[(&str, Door)]) {
    for (path, door) in doors {
        if let Door::Begin(_) = door {
            let browser = app.browser();
            let page = go_on(&browser, &browser.get(path).await).await;
            assert_eq!(page.notice().unwrap(), "Start here. We need this before the next step.", "{path}");
        }
    }
}

#[actix_web::test]
async fn the_signed_in_see_no_page_of_the_signed_out() {
    let app = App::start().await;
    let browser = registered(&app).await;
    for path in [LOGIN, FORGOT, "/irp/forgot-password/otp", "/irp/forgot-password/new"] {
        browser.get(path).await.assert_leads_to(HUB);
    }
    for path in [HUB, ACCOUNT, "/irp/account/password", NEW] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    browser.get(OTP).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn an_ended_session_shows_nothing_of_its_journey() {
    let app = App::start().await;
    let browser = registered(&app).await;
    app.clock.advance(IDLE);
    // Somebody else may sit there now: neither the contact typed nor the end of the walk is theirs.
    for step in ["/irp/register/contact", "/irp/register/details", "/irp/register/done"] {
        browser.get(step).await.assert_leads_to("/irp/register");
    }
}

#[actix_web::test]
async fn a_session_of_an_older_password_is_over_however_it_is_kept() {
    let app = App::start().await;
    let browser = registered(&app).await;
    assert_eq!(browser.get(HUB).await.status, 200);
    // The row itself is left alone here, as if it had been stored in the moment of the change.
    let now = app.clock.now().plus(1);
    let changed = app.kit.store.write(move |c| {
        let account = accounts::find_by_username(c, Portal::Irp, ACME.gstin)?.unwrap();
        accounts::set_password(c, &account.id, &account.password_hash, now)
    });
    changed.await.unwrap();
    browser.get(HUB).await.assert_leads_to(LOGIN);
}
