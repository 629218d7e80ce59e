//! C4, `/gst/first-login`: a first-time password by mail, then a username and a password of one's own; a stranger learns
//! nothing.

use futures_util::future::{join, join_all};

use crate::bad_input::refuses_all;
use crate::sameness::assert_alike;
use crate::support::samples::{ACME, ACME_OTHER_EMAIL, KAVERI, OTHER_PASSWORD, PASSWORD, PATEL, SANDBOX};
use crate::support::walk::go_on;
use crate::support::walk_gst::{
    FIRST_PASSWORD_SUBJECT, USERNAME, WRONG_PASSWORD, ask_first_password, at_credentials, credentials_form,
    first_login, first_password, first_passwords, log_in, signed_in, type_first_password,
};
use crate::support::{App, Browser, Page, Sample};

const FIRST_LOGIN: &str = "/gst/first-login";
const CREDENTIALS: &str = "/gst/first-login/credentials";
const LOGIN: &str = "/gst/login";
const DASHBOARD: &str = "/gst/dashboard";
const WRONG: &str = "That first-time password is not right. Check it and try again.";
const EXPIRED: &str = "That first-time password has expired. Send a new one.";
const REPLACED: &str = "That first-time password was replaced by a newer one. Use the newest one.";
const DEAD: &str = "Too many wrong passwords. For your safety we cancelled the first-time password. Send a new one.";
const TAKEN: &str = "This username is taken. Choose another one.";
const START_HERE: &str = "Start here. We need this before the next step.";
const LIFE: i64 = 15 * 60;
/// A valid number that the register does not know.
const UNKNOWN: &str = "29QQQQQ4321Q1ZF";
/// Another GSTIN of ACME: `accounts@acme.example` is its too.
const MUMBAI: Sample = Sample { gstin: "27ABCDE1234F1Z0", email: "mumbai@acme.example", phone: "9876543211" };

/// A browser at the page that waits for the first-time password, and that password.
struct Waiting {
    app: App,
    browser: Browser,
    page: Page,
    password: String,
}

impl Waiting {
    async fn start() -> Self {
        let app = App::start().await;
        let browser = app.browser();
        let page = asked(&browser, ACME.gstin).await;
        let password = first_password(&app, &ACME).await;
        Self { app, browser, page, password }
    }

    async fn type_in(&self, password: &str) -> Page {
        type_first_password(&self.browser, &self.page, password).await
    }

    /// Asks again after the wait, and returns the new one.
    async fn sent_again(&self) -> String {
        self.app.clock.advance(30);
        ask_first_password(&self.browser, ACME.gstin).await.assert_leads_to(FIRST_LOGIN);
        first_password(&self.app, &ACME).await
    }
}

/// The page after "Send first-time password".
async fn asked(browser: &Browser, gstin: &str) -> Page {
    let answer = ask_first_password(browser, gstin).await;
    answer.assert_leads_to(FIRST_LOGIN);
    browser.follow(&answer).await
}

/// A browser at "New credentials" of ACME.
async fn choosing() -> (App, Browser, Page) {
    let app = App::start().await;
    let browser = app.browser();
    let page = at_credentials(&app, &browser, &ACME).await;
    (app, browser, page)
}

/// How many mails of that subject went out.
async fn mails(app: &App, subject: &str) -> usize {
    app.messages().await.iter().filter(|mail| mail.subject == subject).count()
}

// --- Asking for the first-time password ---------------------------------------------------------

#[actix_web::test]
async fn the_page_asks_for_a_gstin() {
    let app = App::start().await;
    let page = app.browser().get(FIRST_LOGIN).await;
    page.assert_shows("First time login");
    assert_eq!(page.title(), "First time login – GST portal – Sanad");
    assert_eq!(page.all("main button"), ["Send first-time password"]);
    assert_eq!(page.link("Back to log in"), LOGIN);
}

#[actix_web::test]
async fn the_field_has_the_documents_name() {
    let app = App::start().await;
    let page = app.browser().get(FIRST_LOGIN).await;
    assert_eq!(page.all("main label"), ["Provisional ID/GSTIN/UIN"]);
}

#[actix_web::test]
async fn the_page_then_says_what_may_have_been_sent_and_asks_for_it_below() {
    let at = Waiting::start().await;
    at.page.assert_shows("First time login");
    assert!(at.page.has(
        "If this GSTIN has not been used here before, we sent a first-time password to its registered email addresses."
    ));
    assert!(at.page.has("It works once, until 17:16 IST (15 minutes)."));
    assert_eq!(at.page.value("gstin").unwrap(), ACME.gstin);
    assert_eq!(at.page.all("main label")[1], "Password");
    assert_eq!(at.page.all("main button"), ["Send first-time password", "LOGIN"]);
    for secret in ["acme.example", at.password.as_str()] {
        assert!(!at.page.html.contains(secret), "tells {secret}");
    }
    assert!(at.page.header("cache-control").contains("no-store"));
}

#[actix_web::test]
async fn the_first_time_password_goes_to_every_registered_email_and_to_no_phone() {
    let at = Waiting::start().await;
    let messages = at.app.messages().await;
    let mut to: Vec<_> = messages.iter().map(|message| (message.channel.as_str(), message.to.as_str())).collect();
    to.sort_unstable();
    assert_eq!(to, [("Email", ACME_OTHER_EMAIL), ("Email", ACME.email)]);
    for mail in &messages {
        assert_eq!(mail.subject, FIRST_PASSWORD_SUBJECT);
        for told in [
            "Your first-time password for GSTIN 29ABCDE1234F1ZW is:",
            "It works once, until 17:16 IST on 21/11/2026.",
            "We never ask for it by phone or email.",
        ] {
            assert!(mail.text.contains(told), "{told}: {}", mail.text);
        }
        assert_eq!(crate::support::walk_gst::first_password_in(mail), at.password, "one password, two addresses");
    }
}

#[actix_web::test]
async fn what_is_no_gstin_is_refused_and_kept_as_typed() {
    let app = App::start().await;
    let browser = app.browser();
    for (typed, told) in [
        ("", "Enter your GSTIN"),
        ("29ABCDE1234F1Z", "GSTIN must be 15 characters. You entered 14."),
        ("00ABCDE1234F1ZW", "GSTIN must start with a state code from 01 to 38, or 97 or 99"),
    ] {
        let page = ask_first_password(&browser, typed).await;
        page.assert_refused(&[("gstin", told)]);
        assert_eq!(page.value("gstin").unwrap(), typed);
        assert_eq!(page.all("main button"), ["Send first-time password"]);
    }
}

#[actix_web::test]
async fn no_wrong_gstin_breaks_the_page() {
    let app = App::start().await;
    let browser = app.browser();
    let form = browser.get(FIRST_LOGIN).await.form("Send first-time password");
    refuses_all(&browser, &form, "gstin", None).await;
    assert!(app.messages().await.is_empty());
}

#[actix_web::test]
async fn an_unknown_gstin_and_one_with_an_account_get_the_same_pages_and_nobody_a_mail() {
    let app = App::start().await;
    first_login(&app, &PATEL, "patelgst01", PASSWORD).await;
    let before = app.messages().await.len();
    // Not ACME, whose GSTIN is the example on every page.
    let (newcomer, others) = (app.browser(), [(app.browser(), PATEL.gstin), (app.browser(), UNKNOWN)]);

    let answer = ask_first_password(&newcomer, KAVERI.gstin).await;
    let page = newcomer.follow(&answer).await;
    assert_eq!(app.messages().await.len() - before, 3, "a mail to each address of the newcomer");
    for (browser, gstin) in &others {
        assert_alike((&answer, KAVERI.gstin), (&ask_first_password(browser, gstin).await, gstin));
        assert_alike((&page, KAVERI.gstin), (&browser.get(FIRST_LOGIN).await, gstin));
    }

    // Empty, wrong five times over and once more: the last kills it.
    for typed in ["", "k7qm-x2vd-9tnw", "x", "two words", "aaaa-aaaa-aaaa", "bbbb-bbbb-bbbb", "cccc-cccc-cccc"] {
        let told = type_first_password(&newcomer, &newcomer.get(FIRST_LOGIN).await, typed).await;
        assert_eq!(told.status, 422, "{}", told.told());
        for (browser, gstin) in &others {
            let other = type_first_password(browser, &browser.get(FIRST_LOGIN).await, typed).await;
            assert_alike((&told, KAVERI.gstin), (&other, gstin));
        }
    }
    for (browser, gstin) in &others {
        assert_alike((&newcomer.get(FIRST_LOGIN).await, KAVERI.gstin), (&browser.get(FIRST_LOGIN).await, gstin));
    }
    assert_eq!(app.messages().await.len() - before, 3, "and none for the others");
}

#[actix_web::test]
async fn a_number_of_another_kind_is_let_in() {
    let app = App::start().await;
    let uin = Sample { gstin: "0726UNX90001UNH", email: "gst.unitednationsoffic@example.in", phone: "" };
    for (who, username) in [(uin, "samplesun1"), (SANDBOX, "acmetest1")] {
        let browser = first_login(&app, &who, username, PASSWORD).await;
        log_in(&browser, username, PASSWORD).await.assert_leads_to(DASHBOARD);
    }
}

#[actix_web::test]
async fn a_gstin_is_read_however_it_was_copied() {
    let app = App::start().await;
    for typed in ["29abcde1234f1zw", " 29 ABCDE 1234 F1ZW ", "29-ABCDE-1234-F1ZW"] {
        let page = asked(&app.browser(), typed).await;
        assert_eq!(page.value("gstin").unwrap(), ACME.gstin, "{typed:?}");
    }
    assert_eq!(first_passwords(&app, &ACME).await.len(), 3);
}

#[actix_web::test]
async fn a_button_pressed_twice_sends_one_password() {
    let app = App::start().await;
    let browser = app.browser();
    asked(&browser, ACME.gstin).await;
    app.clock.advance(29);
    ask_first_password(&browser, ACME.gstin).await.assert_leads_to(FIRST_LOGIN);
    assert_eq!(first_passwords(&app, &ACME).await.len(), 1);
    let password = first_password(&app, &ACME).await;
    let page = browser.get(FIRST_LOGIN).await;
    type_first_password(&browser, &page, &password).await.assert_leads_to(CREDENTIALS);
}

#[actix_web::test]
async fn another_gstin_can_be_typed_instead() {
    let at = Waiting::start().await;
    let page = asked(&at.browser, PATEL.gstin).await;
    assert_eq!(page.value("gstin").unwrap(), PATEL.gstin);
    type_first_password(&at.browser, &page, &at.password).await.assert_refused(&[("password", WRONG)]);
    let password = first_password(&at.app, &PATEL).await;
    let page = go_on(&at.browser, &type_first_password(&at.browser, &page, &password).await).await;
    assert!(page.details().contains(&("GSTIN".to_owned(), PATEL.gstin.to_owned())));
}

#[actix_web::test]
async fn a_form_of_the_gstin_before_changes_nothing() {
    let at = Waiting::start().await;
    asked(&at.browser, PATEL.gstin).await;
    let page = at.type_in(&at.password).await;
    page.assert_error_page(403, "This form is from another tab");
    assert!(page.has(&format!("You started {} in another tab.", PATEL.gstin)));
    assert_eq!(page.link("Go on there"), FIRST_LOGIN);
    at.browser.get(CREDENTIALS).await.assert_leads_to(FIRST_LOGIN);
}

// --- How often, and to whom ---------------------------------------------------------------------

#[actix_web::test]
async fn a_gstin_is_sent_five_an_hour_known_or_not() {
    let app = App::start().await;
    for gstin in [KAVERI.gstin, UNKNOWN] {
        for _ in 0..5 {
            asked(&app.browser(), gstin).await;
        }
    }
    let (known, unknown) = (app.browser(), app.browser());
    let refused = ask_first_password(&known, KAVERI.gstin).await;
    refused.assert_error_page(429, "Too many tries");
    assert_eq!(refused.header("retry-after"), "3600");
    assert!(refused.has("Try again after 18:01 IST."));
    assert_alike((&refused, KAVERI.gstin), (&ask_first_password(&unknown, UNKNOWN).await, UNKNOWN));
    assert_eq!(first_passwords(&app, &KAVERI).await.len(), 5);
    app.clock.advance(3600);
    asked(&known, KAVERI.gstin).await;
    assert_eq!(first_passwords(&app, &KAVERI).await.len(), 6);
}

#[actix_web::test]
async fn one_address_is_not_bombed_through_many_gstins() {
    let app = App::start().await;
    for who in [&ACME, &MUMBAI] {
        for _ in 0..3 {
            asked(&app.browser(), who.gstin).await;
        }
        assert_eq!(first_passwords(&app, who).await.len(), 3);
    }
    let messages = app.messages().await;
    let to_both = messages.iter().filter(|mail| mail.to == ACME_OTHER_EMAIL).count();
    assert_eq!(to_both, 5, "the sixth is not sent, and nothing is said of it");
}

#[actix_web::test]
async fn one_visitor_may_ask_only_so_often() {
    let app = App::start_from("[limits]\naddress_unproven_per_hour = 2\n", &[]).await;
    for gstin in [ACME.gstin, UNKNOWN] {
        asked(&app.browser(), gstin).await;
    }
    ask_first_password(&app.browser(), PATEL.gstin).await.assert_error_page(429, "Too many tries");
    assert_eq!(first_passwords(&app, &PATEL).await.len(), 0);
}

/// A stranger can type as many as they like: the owner's right one is taken all the same (T20).
#[actix_web::test]
async fn a_strangers_wrong_passwords_do_not_close_the_way_to_the_owner() {
    let app = App::start().await;
    for _ in 0..4 {
        let stranger = app.browser();
        let page = asked(&stranger, KAVERI.gstin).await;
        for _ in 0..5 {
            assert_eq!(type_first_password(&stranger, &page, "aaaa-aaaa-aaaa").await.status, 422);
        }
        app.clock.advance(61);
    }
    let owner = app.browser();
    let page = asked(&owner, KAVERI.gstin).await;
    let right = first_password(&app, &KAVERI).await;
    type_first_password(&owner, &page, &right).await.assert_leads_to(CREDENTIALS);
}

#[actix_web::test]
async fn one_visitor_types_only_so_many_passwords_a_minute() {
    let app = App::start_from("[limits]\naddress_otp_posts_per_minute = 3\n", &[]).await;
    let browser = app.browser();
    let page = asked(&browser, ACME.gstin).await;
    for _ in 0..3 {
        assert_eq!(type_first_password(&browser, &page, "").await.status, 422, "counted whatever it looks like");
    }
    let password = first_password(&app, &ACME).await;
    type_first_password(&browser, &page, &password).await.assert_error_page(429, "Too many tries");
    app.clock.advance(60);
    type_first_password(&browser, &page, &password).await.assert_leads_to(CREDENTIALS);
}

// --- Typing it ----------------------------------------------------------------------------------

#[actix_web::test]
async fn it_is_recognised_however_it_is_typed() {
    for spell in [
        |password: &str| password.to_uppercase(),
        |password: &str| password.replace('-', ""),
        |password: &str| format!(" {} ", password.replace('-', " ")),
        |password: &str| password.replace('1', "l").replace('0', "O"),
    ] {
        let at = Waiting::start().await;
        at.type_in(&spell(&at.password)).await.assert_leads_to(CREDENTIALS);
    }
}

#[actix_web::test]
async fn a_wrong_one_keeps_the_person_on_the_page() {
    let at = Waiting::start().await;
    let page = at.type_in(WRONG_PASSWORD).await;
    page.assert_refused(&[("password", WRONG)]);
    page.assert_error_page(422, "First time login");
    assert_eq!(page.value("gstin").unwrap(), ACME.gstin);
    assert!(page.has("It works once, until 17:16 IST (15 minutes)."));
    assert!(!page.html.contains(WRONG_PASSWORD));
    at.type_in(&at.password).await.assert_leads_to(CREDENTIALS);
}

#[actix_web::test]
async fn an_empty_one_is_asked_for_and_uses_up_no_try() {
    let at = Waiting::start().await;
    for typed in ["", " ", "\t", "", "", ""] {
        at.type_in(typed).await.assert_refused(&[("password", "Enter the first-time password")]);
    }
    at.type_in(&at.password).await.assert_leads_to(CREDENTIALS);
}

#[actix_web::test]
async fn no_hostile_password_breaks_the_page() {
    let at = Waiting::start().await;
    refuses_all(&at.browser, &at.page.form("LOGIN"), "password", Some(("gstin", ACME.gstin))).await;
}

#[actix_web::test]
async fn it_expires_after_15_minutes_to_the_second() {
    let (in_time, late) = (Waiting::start().await, Waiting::start().await);
    in_time.app.clock.advance(LIFE - 1);
    in_time.type_in(&in_time.password).await.assert_leads_to(CREDENTIALS);
    late.app.clock.advance(LIFE);
    late.type_in(&late.password).await.assert_refused(&[("password", EXPIRED)]);
    let password = late.sent_again().await;
    late.type_in(&password).await.assert_leads_to(CREDENTIALS);
}

#[actix_web::test]
async fn a_password_from_the_future_is_not_trusted() {
    let at = Waiting::start().await;
    at.app.clock.advance(-6);
    let page = at.type_in(&at.password).await;
    assert_ne!(page.header("location"), CREDENTIALS, "{}", page.told());
}

#[actix_web::test]
async fn only_the_newest_works() {
    let at = Waiting::start().await;
    let newest = at.sent_again().await;
    assert_ne!(newest, at.password);
    at.type_in(&at.password).await.assert_refused(&[("password", REPLACED)]);
    at.type_in(&newest).await.assert_leads_to(CREDENTIALS);
}

#[actix_web::test]
async fn five_wrong_ones_end_it() {
    let at = Waiting::start().await;
    for _ in 0..4 {
        at.type_in("aaaa-aaaa-aaaa").await.assert_refused(&[("password", WRONG)]);
    }
    at.type_in("aaaa-aaaa-aaaa").await.assert_refused(&[("password", DEAD)]);
    at.type_in(&at.password).await.assert_refused(&[("password", DEAD)]);

    // No wait stands before the next one.
    ask_first_password(&at.browser, ACME.gstin).await.assert_leads_to(FIRST_LOGIN);
    let next = first_password(&at.app, &ACME).await;
    at.type_in(&next).await.assert_leads_to(CREDENTIALS);
}

#[actix_web::test]
async fn parallel_guesses_count_one_by_one() {
    let at = Waiting::start().await;
    let answers = join_all((0..12).map(|_| at.type_in("aaaa-aaaa-aaaa"))).await;
    let wrong = answers.iter().filter(|answer| answer.field_error("password").as_deref() == Some(WRONG)).count();
    assert_eq!(wrong, 4);
    at.type_in(&at.password).await.assert_refused(&[("password", DEAD)]);
}

#[actix_web::test]
async fn it_works_in_the_session_that_asked_for_it_only() {
    let at = Waiting::start().await;
    let stranger = at.app.browser();
    let page = asked(&stranger, ACME.gstin).await;
    type_first_password(&stranger, &page, &at.password).await.assert_refused(&[("password", WRONG)]);
    // And a stranger's own does not end the owner's.
    at.type_in(&at.password).await.assert_leads_to(CREDENTIALS);
}

/// At "New credentials" after an answer to "LOGIN", which may lead there by way of the page before.
async fn assert_goes_on(browser: &Browser, answer: &Page) {
    let mut page = go_on(browser, answer).await;
    if page.status == 303 {
        page = browser.follow(&page).await;
    }
    page.assert_shows("New credentials");
}

#[actix_web::test]
async fn login_pressed_twice_goes_on_twice() {
    for at_once in [true, false] {
        let at = Waiting::start().await;
        let form = at.page.form("LOGIN").fill("password", &at.password);
        let (one, other) = match at_once {
            true => join(form.submit(&at.browser), form.submit(&at.browser)).await,
            false => (form.submit(&at.browser).await, form.submit(&at.browser).await),
        };
        assert_goes_on(&at.browser, &one).await;
        assert_goes_on(&at.browser, &other).await;
    }
}

#[actix_web::test]
async fn it_works_once() {
    let at = Waiting::start().await;
    let again = at.page.form("Send first-time password");
    at.type_in(&at.password).await.assert_leads_to(CREDENTIALS);
    // Back, and once more from the beginning: the used one is nobody's.
    let page = go_on(&at.browser, &again.submit(&at.browser).await).await;
    type_first_password(&at.browser, &page, &at.password).await.assert_refused(&[("password", WRONG)]);
    at.browser.get(CREDENTIALS).await.assert_leads_to(FIRST_LOGIN);
}

#[actix_web::test]
async fn a_copy_of_the_session_before_it_sets_no_credentials() {
    let at = Waiting::start().await;
    let planted = at.browser.clone_cookies();
    let answer = at.type_in(&at.password).await;
    at.browser.follow(&answer).await.assert_shows("New credentials");
    planted.get(CREDENTIALS).await.assert_leads_to(FIRST_LOGIN);
}

#[actix_web::test]
async fn the_credentials_cannot_be_opened_before_it() {
    let app = App::start().await;
    let nobody = app.browser();
    let page = go_on(&nobody, &nobody.get(CREDENTIALS).await).await;
    page.assert_shows("First time login");
    assert_eq!(page.notice().unwrap(), START_HERE);

    let waiting = app.browser();
    asked(&waiting, ACME.gstin).await;
    let page = go_on(&waiting, &waiting.get(CREDENTIALS).await).await;
    assert_eq!(page.all(".box[role=status]")[0], START_HERE);
}

#[actix_web::test]
async fn a_password_typed_without_having_asked_leads_to_the_beginning() {
    let at = Waiting::start().await;
    let body = at.page.form("LOGIN").fill("password", &at.password).body();
    let stranger = at.app.browser();
    stranger
        .post_raw("/gst/first-login/password", &body, crate::support::browser::FORM)
        .await
        .assert_leads_to(FIRST_LOGIN);
}

// --- New credentials ----------------------------------------------------------------------------

#[actix_web::test]
async fn the_next_page_asks_for_a_username_and_twice_for_a_password() {
    let (_app, _browser, page) = choosing().await;
    page.assert_shows("New credentials");
    assert_eq!(page.all("main label"), ["New username", "New password", "Re-confirm password"]);
    assert_eq!(page.all("main button"), ["Submit"]);
    assert!(page.details().contains(&("GSTIN".to_owned(), ACME.gstin.to_owned())));
    assert!(page.has("8 to 15 letters and digits, with at least one digit"));
    for rule in ["Minimum 8 characters", "One number", "One alphabet", "One special character", "Not a common password"]
    {
        assert!(page.has(rule), "{rule}");
    }
    for (field, autocomplete) in
        [("username", "username"), ("password", "new-password"), ("confirm_password", "new-password")]
    {
        assert_eq!(page.attribute(&format!("input[name={field}]"), "autocomplete").unwrap(), autocomplete);
    }
}

#[actix_web::test]
async fn a_newcomer_sets_credentials_and_logs_in_with_them() {
    let (app, browser, page) = choosing().await;
    let answer = credentials_form(&page, "AcmeGst01", PASSWORD).submit(&browser).await;
    answer.assert_leads_to(LOGIN);
    let login = browser.follow(&answer).await;
    assert_eq!(login.notice().unwrap(), "Your username and password are set. Log in with them.");
    assert_eq!(login.value("username").unwrap(), USERNAME, "lower case: it is the same");
    // Nobody is signed in by it.
    browser.get(DASHBOARD).await.assert_leads_to("/gst/login?return=/gst/dashboard");

    let form = login.form("LOGIN").fill("password", PASSWORD);
    let dashboard = go_on(&browser, &form.submit(&browser).await).await;
    assert!(dashboard.has("Welcome ACME PRIVATE LIMITED to GST Common Portal"));
    log_in(&app.browser(), USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn the_owner_is_told_by_mail() {
    let app = App::start().await;
    app.clock.advance(19 * 60);
    first_login(&app, &ACME, USERNAME, PASSWORD).await;
    let messages = app.messages().await;
    let mails: Vec<_> = messages.iter().take_while(|mail| mail.subject == "Account created for GSTIN …F1ZW").collect();
    assert_eq!(mails.len(), 2, "{messages:?}");
    for mail in mails {
        for told in [
            "A username and a password for the GST portal were set for GSTIN 29ABCDE1234F1ZW.",
            USERNAME,
            "21/11/2026 17:20 IST",
            "127.0.0.1",
            "Firefox/140.0",
            "/contact",
        ] {
            assert!(mail.text.contains(told), "{told}: {}", mail.text);
        }
        assert!(!mail.text.contains(PASSWORD));
    }
}

#[actix_web::test]
async fn a_wrong_username_is_told_why_and_kept_as_typed() {
    let (app, browser, page) = choosing().await;
    let length = "Username must be between 8 and 15 characters";
    let characters = "Username must only have letters and digits";
    for (typed, told) in [
        ("", "Enter a username"),
        ("  ", "Enter a username"),
        ("acmegs1", length),
        ("acmegst012345678", length),
        ("acme_gst01", characters),
        ("acme gst01", characters),
        ("acmégst01", characters),
        ("सनद१२३४५६", characters),
        ("billing@acme.example", characters),
        ("<script>alert(1)</script>", characters),
        ("acmegstin", "Username must have at least one digit"),
    ] {
        let answer = credentials_form(&page, typed, PASSWORD).submit(&browser).await;
        answer.assert_refused(&[("username", told)]);
        answer.assert_error_page(422, "New credentials");
        assert_eq!(answer.value("username").unwrap(), typed);
        assert!(!answer.html.contains(PASSWORD) && !answer.html.contains("<script>alert"));
    }
    assert_eq!(mails(&app, "Account created for GSTIN …F1ZW").await, 0);
    let longest = "acmegst01234567";
    credentials_form(&page, longest, PASSWORD).submit(&browser).await.assert_leads_to(LOGIN);
    log_in(&browser, longest, PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn a_wrong_password_is_told_every_reason_and_never_shown() {
    let (_app, browser, page) = choosing().await;
    let form = credentials_form(&page, USERNAME, "");
    let common = "Choose a password that is harder to guess. This one is on a list of common passwords.";
    for (password, confirm, faults) in [
        ("", "", vec![("password", "Enter a password"), ("confirm_password", "Confirm the password")]),
        (PASSWORD, "", vec![("confirm_password", "Confirm the password")]),
        (PASSWORD, OTHER_PASSWORD, vec![("confirm_password", "The passwords do not match")]),
        (
            "ab",
            "ab",
            vec![
                ("password", "Password must be 8 characters or more"),
                ("password", "Password must have at least one number"),
                ("password", "Password must have at least one special character"),
            ],
        ),
        ("12345678!", "12345678!", vec![("password", "Password must have at least one alphabet")]),
        ("Gst@1234", "Gst@1234", vec![("password", common)]),
        ("x29abcde1234f1zw!", "x29abcde1234f1zw!", vec![("password", "Password must not contain your GSTIN")]),
        ("my-billing-2026", "my-billing-2026", vec![("password", "Password must not contain your email address")]),
        ("call 9876543210", "call 9876543210", vec![("password", "Password must not contain your phone number")]),
    ] {
        let answer = form.clone().fill("password", password).fill("confirm_password", confirm).submit(&browser).await;
        assert_eq!(answer.status, 422, "{}", answer.told());
        for (field, told) in &faults {
            assert!(answer.field_errors(field).iter().any(|said| said == told), "{told}: {}", answer.told());
            assert!(answer.errors().iter().any(|said| said == told));
        }
        assert_eq!(answer.value("username").unwrap(), USERNAME);
        for field in ["password", "confirm_password"] {
            assert_eq!(answer.value(field).unwrap_or_default(), "");
        }
    }
    credentials_form(&page, USERNAME, PASSWORD).submit(&browser).await.assert_leads_to(LOGIN);
}

#[actix_web::test]
async fn everything_wrong_is_told_at_once() {
    let (_app, browser, page) = choosing().await;
    page.form("Submit").submit(&browser).await.assert_refused(&[
        ("username", "Enter a username"),
        ("password", "Enter a password"),
        ("confirm_password", "Confirm the password"),
    ]);
}

#[actix_web::test]
async fn no_wrong_username_breaks_the_page() {
    let (_app, browser, page) = choosing().await;
    refuses_all(&browser, &credentials_form(&page, USERNAME, PASSWORD), "username", None).await;
}

#[actix_web::test]
async fn a_password_obeys_the_policy_in_force() {
    let app = App::start_with(&[("PASSWORD_POLICY", "nist")]).await;
    let browser = app.browser();
    let page = at_credentials(&app, &browser, &ACME).await;
    assert!(page.has("Minimum 15 characters"));
    let refused = credentials_form(&page, USERNAME, "pine cone 4 me").submit(&browser).await;
    refused.assert_refused(&[("password", "Password must be 15 characters or more")]);
    credentials_form(&page, USERNAME, "correctly battered staplers").submit(&browser).await.assert_leads_to(LOGIN);
}

#[actix_web::test]
async fn a_username_is_taken_whatever_its_case() {
    let app = App::start().await;
    first_login(&app, &PATEL, USERNAME, PASSWORD).await;
    let browser = app.browser();
    let page = at_credentials(&app, &browser, &ACME).await;
    for typed in [USERNAME, "ACMEGST01", " AcmeGst01 "] {
        let answer = credentials_form(&page, typed, OTHER_PASSWORD).submit(&browser).await;
        answer.assert_refused(&[("username", TAKEN)]);
        assert_eq!(answer.value("username").unwrap(), typed);
        assert!(!answer.html.contains(OTHER_PASSWORD));
    }
    credentials_form(&page, "acmegst02", OTHER_PASSWORD).submit(&browser).await.assert_leads_to(LOGIN);
    log_in(&app.browser(), USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
    log_in(&app.browser(), "acmegst02", OTHER_PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn of_two_who_want_one_username_one_gets_it() {
    let app = App::start().await;
    let (one, other) = (app.browser(), app.browser());
    let of_one = at_credentials(&app, &one, &ACME).await;
    let of_other = at_credentials(&app, &other, &PATEL).await;
    let (first, second) =
        (credentials_form(&of_one, USERNAME, PASSWORD), credentials_form(&of_other, USERNAME, PASSWORD));
    let answers = join(first.submit(&one), second.submit(&other)).await;
    let mut statuses = [answers.0.status, answers.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);
    let refused = if answers.0.status == 422 { answers.0 } else { answers.1 };
    refused.assert_refused(&[("username", TAKEN)]);
}

#[actix_web::test]
async fn a_gstin_that_another_session_has_taken_meanwhile_keeps_its_account() {
    let app = App::start().await;
    let (slow, quick) = (app.browser(), app.browser());
    let slow_page = at_credentials(&app, &slow, &ACME).await;
    let quick_page = at_credentials(&app, &quick, &ACME).await;
    credentials_form(&quick_page, USERNAME, PASSWORD).submit(&quick).await.assert_leads_to(LOGIN);

    let answer = credentials_form(&slow_page, "acmegst02", OTHER_PASSWORD).submit(&slow).await;
    answer.assert_leads_to(LOGIN);
    let login = slow.follow(&answer).await;
    assert_eq!(login.notice().unwrap(), "This GSTIN has a username already. Log in with it, or use Forgot Username.");
    assert_eq!(login.value("username").unwrap(), "");
    assert_eq!(log_in(&slow, "acmegst02", OTHER_PASSWORD).await.status, 422);
    log_in(&app.browser(), USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
    assert_eq!(mails(&app, "Account created for GSTIN …F1ZW").await, 2, "one account, two addresses");
}

#[actix_web::test]
async fn two_sessions_of_one_gstin_at_once_make_one_account() {
    let app = App::start().await;
    let (one, other) = (app.browser(), app.browser());
    let of_one = at_credentials(&app, &one, &ACME).await;
    let of_other = at_credentials(&app, &other, &ACME).await;
    let first = credentials_form(&of_one, "acmegst01", PASSWORD);
    let second = credentials_form(&of_other, "acmegst02", PASSWORD);
    let answers = join(first.submit(&one), second.submit(&other)).await;
    for answer in [answers.0, answers.1] {
        answer.assert_leads_to(LOGIN);
    }
    let (one, other) = (app.browser(), app.browser());
    let mut statuses =
        [log_in(&one, "acmegst01", PASSWORD).await.status, log_in(&other, "acmegst02", PASSWORD).await.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);
    assert_eq!(mails(&app, "Account created for GSTIN …F1ZW").await, 2);
}

#[actix_web::test]
async fn submit_pressed_twice_makes_one_account() {
    let (app, browser, page) = choosing().await;
    let form = credentials_form(&page, USERNAME, PASSWORD);
    let (one, other) = join(form.submit(&browser), form.submit(&browser)).await;
    one.assert_leads_to(LOGIN);
    other.assert_leads_to(LOGIN);
    let third = form.submit(&browser).await;
    third.assert_leads_to(LOGIN);
    let login = browser.follow(&third).await;
    assert_eq!(login.notice().unwrap(), "Your username and password are set. Log in with them.");
    assert_eq!(mails(&app, "Account created for GSTIN …F1ZW").await, 2);
    log_in(&browser, USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn a_second_submit_names_the_username_of_the_first() {
    let (app, browser, page) = choosing().await;
    credentials_form(&page, USERNAME, PASSWORD).submit(&browser).await.assert_leads_to(LOGIN);
    // Back, another username, Submit: the account has its username already.
    let login = go_on(&browser, &credentials_form(&page, "acmegst02", OTHER_PASSWORD).submit(&browser).await).await;
    assert_ne!(login.value("username").unwrap(), "acmegst02", "{}", login.told());
    assert_eq!(log_in(&app.browser(), "acmegst02", OTHER_PASSWORD).await.status, 422);
    log_in(&app.browser(), USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn the_page_of_new_credentials_is_over_with_the_account() {
    let (_app, browser, page) = choosing().await;
    credentials_form(&page, USERNAME, PASSWORD).submit(&browser).await.assert_leads_to(LOGIN);
    browser.get(CREDENTIALS).await.assert_leads_to(LOGIN);
    let again = browser.get(FIRST_LOGIN).await;
    again.assert_shows("First time login");
    assert_eq!(again.value("gstin").unwrap(), "");
}

#[actix_web::test]
async fn a_gstin_with_an_account_gets_no_second_one() {
    let app = App::start().await;
    let browser = app.browser();
    let page = asked(&browser, ACME.gstin).await;
    let password = first_password(&app, &ACME).await;
    first_login(&app, &ACME, USERNAME, PASSWORD).await;
    // The password sent before the account was made leads no further than to the login page.
    let answer = type_first_password(&browser, &page, &password).await;
    if answer.header("location") == CREDENTIALS {
        let page = browser.follow(&answer).await;
        credentials_form(&page, "acmegst02", OTHER_PASSWORD).submit(&browser).await.assert_leads_to(LOGIN);
    }
    assert_eq!(log_in(&browser, "acmegst02", OTHER_PASSWORD).await.status, 422);
    log_in(&app.browser(), USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn a_walk_left_alone_for_30_minutes_begins_anew() {
    let (app, browser, page) = choosing().await;
    let waiting = app.browser();
    asked(&waiting, PATEL.gstin).await;
    app.clock.advance(30 * 60);
    let answer = credentials_form(&page, USERNAME, PASSWORD).submit(&browser).await;
    answer.assert_leads_to(FIRST_LOGIN);
    assert_eq!(browser.follow(&answer).await.notice().unwrap(), START_HERE);
    assert_eq!(waiting.get(FIRST_LOGIN).await.all("main button"), ["Send first-time password"]);
    assert_eq!(log_in(&browser, USERNAME, PASSWORD).await.status, 422);
}

#[actix_web::test]
async fn a_walk_in_use_goes_on_for_longer() {
    let (app, browser, page) = choosing().await;
    for _ in 0..3 {
        app.clock.advance(30 * 60 - 1);
        browser.get(CREDENTIALS).await.assert_shows("New credentials");
    }
    credentials_form(&page, USERNAME, PASSWORD).submit(&browser).await.assert_leads_to(LOGIN);
}

#[actix_web::test]
async fn a_walk_survives_a_restart() {
    let mut at = Waiting::start().await;
    let cookies = at.browser.cookies();
    at.app.restart().await;
    let browser = at.app.browser();
    for (name, value) in cookies {
        browser.set_cookie(&name, &value);
    }
    let page = browser.get(FIRST_LOGIN).await;
    let answer = type_first_password(&browser, &page, &at.password).await;
    let page = go_on(&browser, &answer).await;
    credentials_form(&page, USERNAME, PASSWORD).submit(&browser).await.assert_leads_to(LOGIN);
    log_in(&browser, USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
}

#[actix_web::test]
async fn whoever_is_signed_in_has_no_first_login() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for step in [FIRST_LOGIN, "/gst/first-login/password", CREDENTIALS] {
        browser.get(step).await.assert_leads_to(DASHBOARD);
    }
}
