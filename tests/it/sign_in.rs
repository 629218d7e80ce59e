//! A8, `/irp/login`: one answer to every failure, waits that grow, a lock that ends (`security.md` 3.2).

use futures_util::future::{join, join_all};

use sanad::store::events;

use crate::forgot_password;
use crate::machine::freeze_account;
use crate::sameness::assert_alike;
use crate::support::samples::{ACME, OTHER_PASSWORD, PASSWORD, PATEL};
use crate::support::walk::{Step, log_in, register_to, registered, registered_as};
use crate::support::{App, Page};

const LOGIN: &str = "/irp/login";
const HUB: &str = "/irp/api-credentials";
const WRONG: &str = "The username or password is not right";
const WRONG_PASSWORD: &str = "three small bushes 5";
/// A valid GSTIN that has no account.
const UNKNOWN: &str = "27ABCDE1234F1Z0";
const LOCK: i64 = 15 * 60;

/// A wrong password typed in a fresh browser.
async fn fail(app: &App, username: &str) -> Page {
    log_in(&app.browser(), username, WRONG_PASSWORD).await
}

/// The right password of ACME typed in a fresh browser.
async fn succeed(app: &App) -> Page {
    log_in(&app.browser(), ACME.gstin, PASSWORD).await
}

/// Ten wrong passwords, each as soon as it is let through; the answers.
async fn lock(app: &App, username: &str) -> Vec<Page> {
    let mut answers = Vec::new();
    for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16, 32] {
        app.clock.advance(wait);
        answers.push(fail(app, username).await);
    }
    answers
}

fn assert_told_to_wait(page: &Page, seconds: &str) {
    page.assert_error_page(429, "Too many tries");
    assert_eq!(page.header("retry-after"), seconds);
    assert!(page.has("Nothing is lost."));
}

fn assert_locked(page: &Page, until: &str) {
    page.assert_error_page(429, "Your account is locked for 15 minutes");
    let told = format!(
        "There were too many wrong passwords. You can log in again after {until} IST, or set a new password now."
    );
    assert!(page.has(&told), "{}", page.told());
    assert_eq!(page.link("Forgot password"), "/irp/forgot-password");
}

#[actix_web::test]
async fn the_page_asks_for_a_username_and_a_password() {
    let app = App::start().await;
    let page = app.browser().get(LOGIN).await;
    page.assert_shows("Log in");
    assert_eq!(page.title(), "Log in – IRP – Sanad");
    assert!(page.has("Your GSTIN"));
    assert_eq!(page.value("username").unwrap(), "");
    for (field, attribute, expected) in [
        ("username", "autocomplete", "username"),
        ("username", "autocapitalize", "characters"),
        ("username", "spellcheck", "false"),
        ("password", "autocomplete", "current-password"),
        ("password", "type", "password"),
    ] {
        assert_eq!(page.attribute(&format!("input[name={field}]"), attribute).unwrap(), expected, "{field}");
    }
    assert_eq!(page.link("Forgot password?"), "/irp/forgot-password");
    assert_eq!(page.link("Check eligibility"), "/irp/register");
}

#[actix_web::test]
async fn the_right_password_leads_to_the_api_credentials() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let answer = log_in(&browser, ACME.gstin, PASSWORD).await;
    answer.assert_leads_to(HUB);
    browser.follow(&answer).await.assert_shows("API credentials");
}

#[actix_web::test]
async fn a_gstin_is_accepted_however_it_is_typed() {
    let app = App::start().await;
    registered(&app).await;
    for typed in
        ["29abcde1234f1zw", " 29ABCDE1234F1ZW ", "29 ABCDE 1234 F1ZW", "29-abcde-1234-F1ZW", "\u{200b}29ABCDE1234F1ZW"]
    {
        log_in(&app.browser(), typed, PASSWORD).await.assert_leads_to(HUB);
    }
}

#[actix_web::test]
async fn empty_fields_are_asked_for() {
    let app = App::start().await;
    let browser = app.browser();
    let both = [("username", "Enter your username"), ("password", "Enter your password")];
    log_in(&browser, " ", "").await.assert_refused(&both);

    let page = log_in(&browser, ACME.gstin, "").await;
    page.assert_refused(&both[1..]);
    assert_eq!(page.value("username").unwrap(), ACME.gstin);

    let page = log_in(&browser, "", PASSWORD).await;
    page.assert_refused(&both[..1]);
    assert!(!page.html.contains(PASSWORD));
}

#[actix_web::test]
async fn a_wrong_password_keeps_the_username_and_not_the_password() {
    let app = App::start().await;
    registered(&app).await;
    let page = fail(&app, ACME.gstin).await;
    page.assert_refused(&[("username", WRONG)]);
    assert_eq!(page.value("username").unwrap(), ACME.gstin);
    assert_eq!(page.value("password").unwrap_or_default(), "");
    assert!(!page.html.contains(WRONG_PASSWORD));
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_gstin_look_the_same() {
    let app = App::start().await;
    registered(&app).await;
    let (known, unknown) = (fail(&app, ACME.gstin).await, fail(&app, UNKNOWN).await);
    known.assert_refused(&[("username", WRONG)]);
    assert_alike((&known, ACME.gstin), (&unknown, UNKNOWN));
}

#[actix_web::test]
async fn what_is_nobodys_username_or_password_is_simply_not_right() {
    let app = App::start().await;
    registered(&app).await;
    let long = "x".repeat(10_000);
    for (username, password) in
        [("not a GSTIN", PASSWORD), ("<b>29</b>", PASSWORD), (ACME.gstin, long.as_str()), (long.as_str(), PASSWORD)]
    {
        log_in(&app.browser(), username, password).await.assert_refused(&[("username", WRONG)]);
    }
}

#[actix_web::test]
async fn a_sign_in_returns_to_the_page_it_was_asked_for() {
    let app = App::start().await;
    registered(&app).await;
    for target in ["/irp/account", "/irp/account/password", HUB] {
        let browser = app.browser();
        let sent = browser.get(target).await;
        let login = browser.follow(&sent).await;
        login.assert_shows("Log in");
        let form = login.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD);
        form.submit(&browser).await.assert_leads_to(target);
    }
}

#[actix_web::test]
async fn a_mistake_does_not_lose_the_page_to_return_to() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let login = browser.get("/irp/login?return=%2Firp%2Faccount").await;
    let form = login.form("Login").fill("username", ACME.gstin);
    let again = form.clone().fill("password", WRONG_PASSWORD).submit(&browser).await;
    let form = again.form("Login").fill("password", PASSWORD);
    form.submit(&browser).await.assert_leads_to("/irp/account");
}

#[actix_web::test]
async fn a_return_target_off_the_list_is_ignored() {
    let app = App::start().await;
    registered(&app).await;
    for elsewhere in [
        "https://evil.example/",
        "//evil.example",
        "/irp/logout",
        "/demo",
        "/irp/account/../../demo",
        "\\\\evil.example",
    ] {
        let browser = app.browser();
        let encoded = percent_encoding::utf8_percent_encode(elsewhere, percent_encoding::NON_ALPHANUMERIC);
        let page = browser.get(&format!("{LOGIN}?return={encoded}")).await;
        assert_eq!(page.value("return").unwrap(), "", "{elsewhere}");
        let form = page.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD);
        form.forge("return", elsewhere.as_bytes()).submit(&browser).await.assert_leads_to(HUB);
    }
}

#[actix_web::test]
async fn whoever_is_signed_in_need_not_sign_in_again() {
    let app = App::start().await;
    let browser = registered(&app).await;
    browser.get(LOGIN).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn after_five_wrong_passwords_a_wait_begins_that_doubles() {
    let app = App::start().await;
    registered(&app).await;
    for _ in 0..5 {
        fail(&app, ACME.gstin).await.assert_refused(&[("username", WRONG)]);
    }
    for (wait, seconds) in [(2, "2"), (4, "4"), (8, "8"), (16, "16")] {
        assert_told_to_wait(&fail(&app, ACME.gstin).await, seconds);
        app.clock.advance(wait - 1);
        assert_told_to_wait(&succeed(&app).await, "1");
        app.clock.advance(1);
        fail(&app, ACME.gstin).await.assert_refused(&[("username", WRONG)]);
    }
    app.clock.advance(32);
    succeed(&app).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn parallel_guesses_count_one_by_one() {
    let app = App::start().await;
    registered(&app).await;
    let browsers: Vec<_> = (0..12).map(|_| app.browser()).collect();
    let answers = join_all(browsers.iter().map(|browser| log_in(browser, ACME.gstin, WRONG_PASSWORD))).await;
    let judged = answers.iter().filter(|answer| answer.status == 422).count();
    assert_eq!(judged, 5);
    assert!(answers.iter().all(|answer| [422, 429].contains(&answer.status)));
}

#[actix_web::test]
async fn the_tenth_wrong_password_locks_the_account() {
    let app = App::start().await;
    registered(&app).await;
    let answers = lock(&app, ACME.gstin).await;
    for answer in &answers[..9] {
        answer.assert_refused(&[("username", WRONG)]);
    }
    // 17:02:02 and a quarter of an hour.
    assert_locked(&answers[9], "17:17");
    assert_eq!(answers[9].header("retry-after"), "900");
}

#[actix_web::test]
async fn a_lock_holds_for_the_right_password_and_ends_after_15_minutes() {
    let app = App::start().await;
    registered(&app).await;
    lock(&app, ACME.gstin).await;
    assert_locked(&succeed(&app).await, "17:17");
    app.clock.advance(LOCK - 1);
    let page = succeed(&app).await;
    assert_locked(&page, "17:17");
    assert_eq!(page.header("retry-after"), "1");
    app.clock.advance(1);
    succeed(&app).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn a_gstin_without_account_waits_and_locks_alike() {
    // Each with a portal of its own, so that one clock tells both.
    let (known, unknown) = (App::start().await, App::start().await);
    registered(&known).await;
    let (of_known, of_unknown) = (lock(&known, ACME.gstin).await, lock(&unknown, UNKNOWN).await);
    for (known, unknown) in of_known.iter().zip(&of_unknown) {
        assert_eq!((known.status, known.h1()), (unknown.status, unknown.h1()));
    }
    assert_locked(&of_unknown[9], "17:17");
    assert_alike((&of_known[9], ACME.gstin), (&of_unknown[9], UNKNOWN));
}

#[actix_web::test]
async fn a_wait_of_one_gstin_is_none_of_another() {
    let app = App::start().await;
    registered(&app).await;
    for _ in 0..6 {
        fail(&app, UNKNOWN).await;
    }
    succeed(&app).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn spellings_of_one_gstin_share_a_counter() {
    let app = App::start().await;
    for typed in ["29abcde1234f1zw", "29 ABCDE 1234 F1ZW", "29ABCDE1234F1ZW", " 29abcde1234F1ZW", "29-ABCDE-1234-F1ZW"]
    {
        fail(&app, typed).await.assert_refused(&[("username", WRONG)]);
    }
    assert_told_to_wait(&fail(&app, "29aBCDE1234F1ZW").await, "2");
}

#[actix_web::test]
async fn a_forgotten_password_opens_the_lock() {
    let app = App::start().await;
    registered(&app).await;
    lock(&app, ACME.gstin).await;
    forgot_password::reset(&app, &ACME, OTHER_PASSWORD).await;
    log_in(&app.browser(), ACME.gstin, OTHER_PASSWORD).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn a_success_forgets_the_failures_of_its_account() {
    let app = App::start().await;
    registered(&app).await;
    for _ in 0..4 {
        fail(&app, ACME.gstin).await;
    }
    succeed(&app).await.assert_leads_to(HUB);
    app.clock.advance(61);
    for _ in 0..5 {
        fail(&app, ACME.gstin).await.assert_refused(&[("username", WRONG)]);
    }
    assert_told_to_wait(&fail(&app, ACME.gstin).await, "2");
}

#[actix_web::test]
async fn a_success_does_not_forget_the_failures_of_its_address() {
    let app = App::start().await;
    registered(&app).await;
    for username in ["27ABCDE1234F1Z0", "29ABCDE1234F2ZV", "33KLMNO9012P1ZE"] {
        for _ in 0..3 {
            fail(&app, username).await.assert_refused(&[("username", WRONG)]);
        }
        succeed(&app).await.assert_leads_to(HUB);
    }
    fail(&app, PATEL.gstin).await.assert_refused(&[("username", WRONG)]);
    assert_told_to_wait(&succeed(&app).await, "60");
    app.clock.advance(60);
    succeed(&app).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn an_address_signs_in_30_times_a_minute() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    registered(&app).await;
    for _ in 0..30 {
        log_in(&app.browser_at("203.0.113.9"), ACME.gstin, PASSWORD).await.assert_leads_to(HUB);
    }
    assert_told_to_wait(&log_in(&app.browser_at("203.0.113.9"), ACME.gstin, PASSWORD).await, "60");
    log_in(&app.browser_at("203.0.113.10"), ACME.gstin, PASSWORD).await.assert_leads_to(HUB);
    app.clock.advance(60);
    log_in(&app.browser_at("203.0.113.9"), ACME.gstin, PASSWORD).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn an_ipv6_network_counts_as_one_address() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    registered(&app).await;
    for host in 0..30 {
        let browser = app.browser_at(&format!("2001:db8:1:2::{host:x}"));
        log_in(&browser, ACME.gstin, PASSWORD).await.assert_leads_to(HUB);
    }
    assert_told_to_wait(&log_in(&app.browser_at("2001:db8:1:2:ffff::1"), ACME.gstin, PASSWORD).await, "60");
    log_in(&app.browser_at("2001:db8:1:3::1"), ACME.gstin, PASSWORD).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn a_stranger_cannot_choose_an_address_to_count_by() {
    let app = App::start().await;
    for number in 0..5 {
        let browser = app.browser_at(&format!("203.0.113.{number}"));
        log_in(&browser, "27ABCDE1234F1Z0", WRONG_PASSWORD).await;
        log_in(&browser, "29ABCDE1234F2ZV", WRONG_PASSWORD).await;
    }
    let refused = log_in(&app.browser_at("198.51.100.1"), PATEL.gstin, WRONG_PASSWORD).await;
    assert_told_to_wait(&refused, "60");
}

#[actix_web::test]
async fn signing_in_changes_the_session_token() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    register_to(&app, &browser, &PATEL, Step::Details).await;
    let planted = browser.clone_cookies();
    let before = browser.cookies()["sanad-irp"].clone();
    log_in(&browser, ACME.gstin, PASSWORD).await.assert_leads_to(HUB);
    assert_ne!(browser.cookies()["sanad-irp"], before);
    // Whoever planted the token of before is nobody.
    planted.get(HUB).await.assert_leads_to("/irp/login?return=/irp/api-credentials");
}

#[actix_web::test]
async fn two_people_may_sign_in_at_once() {
    let app = App::start().await;
    registered(&app).await;
    registered_as(&app, &PATEL).await;
    let (one, other, third) = (app.browser(), app.browser(), app.browser());
    let same_account = join(log_in(&one, ACME.gstin, PASSWORD), log_in(&other, ACME.gstin, PASSWORD));
    let (answers, elsewhere) = join(same_account, log_in(&third, PATEL.gstin, PASSWORD)).await;
    for answer in [answers.0, answers.1, elsewhere] {
        answer.assert_leads_to(HUB);
    }
    assert!(one.get(HUB).await.has(ACME.gstin));
    assert!(other.get(HUB).await.has(ACME.gstin));
    assert!(third.get(HUB).await.has(PATEL.gstin));
}

#[actix_web::test]
async fn one_form_sent_twice_at_once_signs_in() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let page = browser.get(LOGIN).await;
    let form = page.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD);
    let (first, second) = join(form.submit(&browser), form.submit(&browser)).await;
    first.assert_leads_to(HUB);
    second.assert_leads_to(HUB);
    browser.get(HUB).await.assert_shows("API credentials");
}

#[actix_web::test]
async fn the_account_page_says_when_and_from_where_the_last_sign_in_was() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    registered(&app).await;
    app.clock.advance(600);
    let browser = app.browser_at("203.0.113.9");
    log_in(&browser, ACME.gstin, PASSWORD).await;
    let page = browser.get("/irp/account").await;
    page.assert_shows("Account");
    let details = page.details();
    for (term, description) in [
        ("Username", ACME.gstin),
        ("Last signed in on", "21/11/2026 17:11 IST"),
        ("From IP", "203.0.113.9"),
        ("Password last changed on", "21/11/2026 17:01 IST"),
    ] {
        assert!(details.contains(&(term.to_owned(), description.to_owned())), "{details:?}");
    }
}

#[actix_web::test]
async fn every_sign_in_is_recorded_with_its_factors_and_every_refused_one_too() {
    let app = App::start().await;
    registered(&app).await;
    log_in(&app.browser(), ACME.gstin, "three small bushes 5").await;
    log_in(&app.browser(), ACME.gstin, PASSWORD).await;
    log_in(&app.browser(), PATEL.gstin, PASSWORD).await;
    let recorded = async |gstin: &'static str| {
        let found = app.kit.store.read(move |c| events::list_by_gstin(c, gstin)).await.unwrap();
        let sign_ins = found.into_iter().filter(|event| event.action == "sign_in");
        sign_ins.map(|event| (event.outcome, event.detail, event.account_id.is_some())).collect::<Vec<_>>()
    };
    let told = |outcome: &str, detail: &str, known| (outcome.to_owned(), detail.to_owned(), known);
    let right = r#"{"factors":"password"}"#;
    assert_eq!(recorded(ACME.gstin).await, [told("refused", "{}", true), told("accepted", right, true)]);
    assert_eq!(recorded(PATEL.gstin).await, [told("refused", "{}", false)]);
}

#[actix_web::test]
async fn a_frozen_account_is_signed_out_at_once_and_let_in_no_more() {
    let app = App::start().await;
    let browser = registered(&app).await;
    assert_eq!(browser.get("/irp/account").await.status, 200);
    freeze_account(&app, "irp").await;
    browser.get("/irp/account").await.assert_leads_to("/irp/login");
    let refused = log_in(&app.browser(), ACME.gstin, PASSWORD).await;
    refused.assert_refused(&[("username", "The username or password is not right")]);
}
