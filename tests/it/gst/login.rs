//! C1, `/gst/login`: the document's words, and one answer to every failure.

use futures_util::future::join_all;

use crate::sameness::assert_alike;
use crate::session::assert_cookie;
use crate::support::samples::{ACME, PASSWORD, PATEL};
use crate::support::walk_gst::{
    USERNAME, WRONG_PASSWORD, ask_first_password, first_login, lock, log_in, log_in_at, signed_in,
};
use crate::support::{App, Page};

const LOGIN: &str = "/gst/login";
const DASHBOARD: &str = "/gst/dashboard";
const WRONG: &str = "The username or password is not right";
const LOCKED: &str = "Your account is locked for 15 minutes";
/// A username that nobody has, as long as `USERNAME`.
const UNKNOWN: &str = "nobody123";

/// A portal where ACME has the account `USERNAME`, and nobody is signed in.
async fn with_account() -> App {
    let app = App::start().await;
    first_login(&app, &ACME, USERNAME, PASSWORD).await;
    app
}

async fn fail(app: &App, username: &str) -> Page {
    log_in(&app.browser(), username, WRONG_PASSWORD).await
}

async fn succeed(app: &App) -> Page {
    log_in(&app.browser(), USERNAME, PASSWORD).await
}

#[actix_web::test]
async fn the_page_has_the_words_of_the_document() {
    let app = App::start().await;
    let page = app.browser().get(LOGIN).await;
    page.assert_shows("Login");
    assert_eq!(page.title(), "Login – GST portal – Sanad");
    assert_eq!(page.all("main label"), ["Username •", "Password •"]);
    assert_eq!(page.all("main button"), ["LOGIN"]);
    assert_eq!(page.all("main form a"), ["Forgot Username", "Forgot Password"]);
    assert!(page.has("• indicates mandatory fields"));
    assert!(page.has("First time login: If you are logging in for the first time, click here to log in."));
    assert_eq!(page.all("main strong"), ["First time login:"]);
}

#[actix_web::test]
async fn the_bullets_are_words_for_screen_readers() {
    let app = App::start().await;
    let page = app.browser().get(LOGIN).await;
    assert_eq!(page.all("main label [aria-hidden=true]"), ["•", "•"]);
    assert_eq!(page.all("main label .vh"), ["required", "required"]);
}

#[actix_web::test]
async fn the_links_lead_to_the_pages_they_name() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get(LOGIN).await;
    for (link, h1) in
        [("Forgot Username", "Forgot Username"), ("Forgot Password", "Forgot Password"), ("here", "First time login")]
    {
        browser.get(&page.link(link)).await.assert_shows(h1);
    }
    assert_eq!(page.all("main a .vh"), ["for first time login"], "a list of links makes sense");
}

#[actix_web::test]
async fn password_managers_recognise_the_fields() {
    let app = App::start().await;
    let page = app.browser().get(LOGIN).await;
    for (field, attribute, expected) in [
        ("username", "autocomplete", "username"),
        ("username", "autocapitalize", "none"),
        ("username", "spellcheck", "false"),
        ("username", "value", ""),
        ("password", "autocomplete", "current-password"),
        ("password", "type", "password"),
    ] {
        assert_eq!(page.attribute(&format!("input[name={field}]"), attribute).unwrap(), expected, "{field}");
    }
}

#[actix_web::test]
async fn the_right_password_leads_to_the_dashboard() {
    let app = with_account().await;
    let browser = app.browser();
    let answer = log_in(&browser, USERNAME, PASSWORD).await;
    answer.assert_leads_to(DASHBOARD);
    browser.follow(&answer).await.assert_shows("Dashboard");
}

#[actix_web::test]
async fn a_username_is_accepted_whatever_its_case() {
    let app = with_account().await;
    for typed in ["ACMEGST01", "AcmeGst01", " acmegst01 "] {
        log_in(&app.browser(), typed, PASSWORD).await.assert_leads_to(DASHBOARD);
    }
}

#[actix_web::test]
async fn the_gstin_is_no_username_here() {
    let app = with_account().await;
    log_in(&app.browser(), ACME.gstin, PASSWORD).await.assert_refused(&[("username", WRONG)]);
}

#[actix_web::test]
async fn empty_fields_are_asked_for() {
    let app = with_account().await;
    let browser = app.browser();
    let both = [("username", "Enter your username"), ("password", "Enter your password")];
    log_in(&browser, " ", "").await.assert_refused(&both);
    let page = log_in(&browser, USERNAME, "").await;
    page.assert_refused(&both[1..]);
    assert_eq!(page.value("username").unwrap(), USERNAME);
    let page = log_in(&browser, "", PASSWORD).await;
    page.assert_refused(&both[..1]);
    assert!(!page.html.contains(PASSWORD));
}

#[actix_web::test]
async fn a_wrong_password_keeps_the_username_as_typed_and_not_the_password() {
    let app = with_account().await;
    let page = fail(&app, "AcmeGst01").await;
    page.assert_refused(&[("username", WRONG)]);
    assert_eq!(page.value("username").unwrap(), "AcmeGst01");
    assert!(!page.html.contains(WRONG_PASSWORD));
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_username_look_the_same() {
    let app = with_account().await;
    let (known, unknown) = (fail(&app, USERNAME).await, fail(&app, UNKNOWN).await);
    known.assert_refused(&[("username", WRONG)]);
    assert_alike((&known, USERNAME), (&unknown, UNKNOWN));
}

#[actix_web::test]
async fn a_gstin_that_has_asked_for_a_first_time_password_is_unknown_still() {
    let app = App::start().await;
    let browser = app.browser();
    ask_first_password(&browser, ACME.gstin).await.assert_leads_to("/gst/first-login");
    log_in(&browser, ACME.gstin, PASSWORD).await.assert_refused(&[("username", WRONG)]);
}

#[actix_web::test]
async fn what_is_nobodys_username_or_password_is_simply_not_right() {
    let app = with_account().await;
    let long = "x".repeat(10_000);
    for (username, password) in [
        ("' OR '1'='1", PASSWORD),
        ("<script>alert(1)</script>", PASSWORD),
        ("acmegst01\0", WRONG_PASSWORD),
        ("ａｃｍｅｇｓｔ０１", PASSWORD),
        (USERNAME, long.as_str()),
        (long.as_str(), PASSWORD),
    ] {
        let page = log_in(&app.browser(), username, password).await;
        page.assert_refused(&[("username", WRONG)]);
        assert!(!page.html.contains("<script>alert"));
    }
}

#[actix_web::test]
async fn a_sign_in_returns_to_the_page_it_was_asked_for() {
    let app = with_account().await;
    for target in [
        DASHBOARD,
        "/gst/profile",
        "/gst/profile/place-of-business",
        "/gst/profile/contacts",
        "/gst/profile/other-business",
        "/gst/profile/api-access",
        "/gst/notices",
        "/gst/account",
        "/gst/change-password",
    ] {
        let browser = app.browser();
        let login = browser.follow(&browser.get(target).await).await;
        login.assert_shows("Login");
        let form = login.form("LOGIN").fill("username", USERNAME).fill("password", PASSWORD);
        let answer = form.submit(&browser).await;
        answer.assert_leads_to(target);
        assert_eq!(browser.follow(&answer).await.status, 200, "{target}");
    }
}

#[actix_web::test]
async fn a_mistake_does_not_lose_the_page_to_return_to() {
    let app = with_account().await;
    let browser = app.browser();
    let again = log_in_at(&browser, "/gst/login?return=%2Fgst%2Fnotices", USERNAME, WRONG_PASSWORD).await;
    let form = again.form("LOGIN").fill("password", PASSWORD);
    form.submit(&browser).await.assert_leads_to("/gst/notices");
}

#[actix_web::test]
async fn a_return_target_off_the_list_is_ignored() {
    let app = with_account().await;
    for elsewhere in [
        "https://evil.example/",
        "//evil.example",
        "/gst/logout",
        "/irp/account",
        "/gst/notices.csv",
        "/gst/profile/../../demo",
        "/gst/notices?kind=account",
    ] {
        let browser = app.browser();
        let encoded = percent_encoding::utf8_percent_encode(elsewhere, percent_encoding::NON_ALPHANUMERIC);
        let page = browser.get(&format!("{LOGIN}?return={encoded}")).await;
        assert_eq!(page.value("return").unwrap(), "", "{elsewhere}");
        let form = page.form("LOGIN").fill("username", USERNAME).fill("password", PASSWORD);
        form.forge("return", elsewhere.as_bytes()).submit(&browser).await.assert_leads_to(DASHBOARD);
    }
}

#[actix_web::test]
async fn whoever_is_signed_in_need_not_sign_in_again() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for address in [LOGIN, "/gst"] {
        browser.get(address).await.assert_leads_to(DASHBOARD);
    }
}

#[actix_web::test]
async fn after_five_wrong_passwords_a_wait_begins() {
    let app = with_account().await;
    for _ in 0..5 {
        fail(&app, USERNAME).await.assert_refused(&[("username", WRONG)]);
    }
    let page = succeed(&app).await;
    page.assert_error_page(429, "Too many tries");
    assert_eq!(page.header("retry-after"), "2");
    app.clock.advance(2);
    succeed(&app).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn the_tenth_wrong_password_locks_and_leads_to_forgot_password() {
    let app = with_account().await;
    let answers = lock(&app, USERNAME).await;
    for answer in &answers[..9] {
        answer.assert_refused(&[("username", WRONG)]);
    }
    let locked = &answers[9];
    locked.assert_error_page(429, LOCKED);
    assert_eq!(locked.header("retry-after"), "900");
    // 17:02:02 and a quarter of an hour.
    assert!(
        locked.has(
            "There were too many wrong passwords. You can log in again after 17:17 IST, or set a new password now."
        )
    );
    app.browser().get(&locked.link("Forgot password")).await.assert_shows("Forgot Password");
    assert_eq!(locked.link("Forgot password"), "/gst/forgot-password");
}

#[actix_web::test]
async fn a_lock_holds_for_the_right_password_and_ends_after_15_minutes() {
    let app = with_account().await;
    lock(&app, USERNAME).await;
    app.clock.advance(15 * 60 - 1);
    succeed(&app).await.assert_error_page(429, LOCKED);
    app.clock.advance(1);
    succeed(&app).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn an_unknown_username_waits_and_locks_alike() {
    // Each with a portal of its own, so that one clock tells both.
    let (known, unknown) = (with_account().await, App::start().await);
    let (of_known, of_unknown) = (lock(&known, USERNAME).await, lock(&unknown, UNKNOWN).await);
    of_unknown[9].assert_error_page(429, LOCKED);
    for (known, unknown) in of_known.iter().zip(&of_unknown) {
        assert_alike((known, USERNAME), (unknown, UNKNOWN));
    }
}

#[actix_web::test]
async fn a_lock_of_one_username_is_none_of_another() {
    let app = with_account().await;
    first_login(&app, &PATEL, "patelgst01", PASSWORD).await;
    lock(&app, USERNAME).await;
    log_in(&app.browser(), "patelgst01", PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn spellings_of_one_username_share_a_counter() {
    let app = with_account().await;
    for typed in ["acmegst01", "ACMEGST01", " acmegst01", "AcmeGst01", "acmegst01\t"] {
        fail(&app, typed).await.assert_refused(&[("username", WRONG)]);
    }
    fail(&app, "aCMEgST01").await.assert_error_page(429, "Too many tries");
}

#[actix_web::test]
async fn parallel_guesses_count_one_by_one() {
    let app = with_account().await;
    let browsers: Vec<_> = (0..12).map(|_| app.browser()).collect();
    let answers = join_all(browsers.iter().map(|browser| log_in(browser, USERNAME, WRONG_PASSWORD))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 422).count(), 5);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 7);
}

#[actix_web::test]
async fn signing_in_changes_the_session_token() {
    let app = with_account().await;
    let browser = app.browser();
    ask_first_password(&browser, PATEL.gstin).await;
    let (planted, before) = (browser.clone_cookies(), browser.cookies()["sanad-gst"].clone());
    log_in(&browser, USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
    assert_ne!(browser.cookies()["sanad-gst"], before);
    // Whoever planted the token of before is nobody.
    planted.get(DASHBOARD).await.assert_leads_to("/gst/login?return=/gst/dashboard");
}

#[actix_web::test]
async fn the_dashboard_says_when_one_was_here_before() {
    let app = with_account().await;
    let first = app.browser();
    log_in(&first, USERNAME, PASSWORD).await;
    let page = first.get(DASHBOARD).await;
    assert!(page.has("This is your first login."));
    assert!(!page.has("Last logged in on"));

    app.clock.advance(19 * 60);
    fail(&app, USERNAME).await;
    let second = app.browser();
    log_in(&second, USERNAME, PASSWORD).await;
    let page = second.get(DASHBOARD).await;
    assert!(page.has("Last logged in on 21/11/2026 17:01"), "{}", page.text());
    assert!(!page.has("This is your first login."));

    app.clock.advance(60);
    assert!(second.get(DASHBOARD).await.has("Last logged in on 21/11/2026 17:01"), "the same all session long");
    let third = app.browser();
    log_in(&third, USERNAME, PASSWORD).await;
    assert!(third.get(DASHBOARD).await.has("Last logged in on 21/11/2026 17:20"));
}

#[actix_web::test]
async fn the_account_page_says_when_and_from_where_the_last_sign_in_was() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    first_login(&app, &ACME, USERNAME, PASSWORD).await;
    app.clock.advance(600);
    let browser = app.browser_at("203.0.113.9");
    log_in(&browser, USERNAME, PASSWORD).await;
    let page = browser.get("/gst/account").await;
    page.assert_shows("Account");
    let details = page.details();
    for (term, description) in [
        ("Username", USERNAME),
        ("Last signed in on", "21/11/2026 17:11 IST"),
        ("From IP", "203.0.113.9"),
        ("Password last changed on", "21/11/2026 17:01 IST"),
    ] {
        assert!(details.contains(&(term.to_owned(), description.to_owned())), "{details:?}");
    }
    assert_eq!(page.link("Change Password"), "/gst/change-password");
}

#[actix_web::test]
async fn the_portal_has_a_cookie_of_its_own_for_this_site_and_its_server_only() {
    let app = with_account().await;
    let always = ["HttpOnly", "SameSite=Lax", "Path=/"];
    assert_cookie(&succeed(&app).await, "sanad-gst", &always, &["Secure", "Domain"]);

    let app = App::start_with(&[("BASE_URL", "https://gst.example.in")]).await;
    let asked = ask_first_password(&app.browser(), ACME.gstin).await;
    assert_cookie(&asked, "__Host-sanad-gst", &["Secure", "HttpOnly", "SameSite=Lax", "Path=/"], &["Domain"]);
}

#[actix_web::test]
async fn a_session_that_has_ended_says_when_and_why_and_leads_back() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    app.clock.advance(20 * 60);
    let login = browser.follow(&browser.get("/gst/profile").await).await;
    assert_eq!(login.notice().unwrap(), "You were signed out at 17:16 IST because nothing happened for 15 minutes.");
    let form = login.form("LOGIN").fill("username", USERNAME).fill("password", PASSWORD);
    form.submit(&browser).await.assert_leads_to("/gst/profile");
}
