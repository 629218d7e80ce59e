//! `/irp` and `/irp/register/…`: from a GSTIN to an account (A0 to A7). The OTP page has a file of
//! its own.

use sanad::kernel::gstin::Gstin;

use crate::support::samples::*;
use crate::support::walk::{create_account, go_on, log_in, register_to, registered};
use crate::support::{App, Browser, Message, Page, Step};

const START_HERE: &str = "Start here. We need this before the next step.";
const ALREADY_REGISTERED: &str = "This GSTIN is already registered. Log in to create or change its API credentials.";
const MISMATCH: &str = "The email address and phone number do not match the ones registered for \
                        this GSTIN. Check them on the GST portal under Contacts.";
const NO_PHONE: &str = "9000000000";
const NO_EMAIL: &str = "nobody@example.in";
const DAY: i64 = 24 * 60 * 60;
/// Portals behind a proxy on this machine believe the address it names.
const BEHIND_PROXY: [(&str, &str); 1] = [("TRUSTED_PROXIES", "127.0.0.1/32")];

async fn check(browser: &Browser, gstin: &str) -> Page {
    let page = browser.get("/irp/register").await;
    let form = page.form("Continue").fill("gstin", gstin);
    form.submit(browser).await
}

async fn send_contact(browser: &Browser, page: &Page, email: &str, phone: &str) -> Page {
    let form = page.form("Submit").fill("email", email).fill("phone", phone);
    form.submit(browser).await
}

/// The message about a new account, as each address got it.
async fn account_mails(app: &App) -> Vec<Message> {
    let mut messages = app.messages().await;
    messages.retain(|message| message.subject.starts_with("Account created"));
    messages
}

// --- A0 -----------------------------------------------------------------------------------------

#[tokio::test]
async fn the_start_page_says_what_is_needed_and_where_to_go() {
    let app = App::start().await;
    let page = app.browser().get("/irp").await;
    page.assert_shows("Register your GSTIN and get API credentials");
    let facts = ["your GSTIN", "the email address and phone number registered on the GST portal", "about 5 minutes"];
    assert!(page.has("You need:"));
    assert_eq!(page.all("main li"), facts);
    assert_eq!(page.link("Check eligibility"), "/irp/register");
    assert!(page.has("Already registered?"));
    assert_eq!(page.link("Log in"), "/irp/login");
}

// --- A1 -----------------------------------------------------------------------------------------

#[tokio::test]
async fn the_eligibility_page_asks_for_a_gstin() {
    let app = App::start().await;
    let page = app.browser().get("/irp/register").await;
    page.assert_shows("Check if your GSTIN is eligible for e-invoicing");
    assert!(page.has("Step 1 of 6"));
    assert!(page.has("15 characters, for example 29ABCDE1234F1ZW"));
    assert_eq!(page.value("gstin").as_deref(), Some(""));
    let expected = [
        ("autocomplete", "off"),
        ("autocapitalize", "characters"),
        ("spellcheck", "false"),
        ("inputmode", "text"),
        ("class", "gstin"),
    ];
    for (name, value) in expected {
        let found = page.attribute("#gstin", name);
        assert_eq!(found.as_deref(), Some(value), "{name}");
    }
    assert_eq!(page.attribute("#gstin", "placeholder").unwrap(), "");
    assert!(page.header("cache-control").contains("no-store"));
}

#[tokio::test]
async fn an_eligible_gstin_leads_to_its_details() {
    let app = App::start().await;
    let browser = app.browser();
    let answer = check(&browser, ACME.gstin).await;
    answer.assert_leads_to("/irp/register/details");
    let page = browser.follow(&answer).await;
    page.assert_shows("Check your GSTIN details");
}

#[tokio::test]
async fn other_kinds_of_numbers_cannot_be_registered() {
    let app = App::start().await;
    let browser = app.browser();
    let others = [
        "27ZZZG00059Z1Z9",
        "12ZZZL00002Y1D1",
        "29ZZZXZ3131M1DB",
        "29ABCDE1234F1C7",
        "0726UNX90001UNH",
        "0726ZZZ90002ONQ",
        "2926ZZZ90003NRB",
        "9926ZZZ90004OSZ",
    ];
    for gstin in others {
        let page = check(&browser, gstin).await;
        let sentence = "This kind of number cannot be registered for e-invoicing.";
        page.assert_refused(&[("gstin", sentence)]);
        assert_eq!(page.value("gstin").as_deref(), Some(gstin));
    }
}

#[tokio::test]
async fn a_test_number_counts_only_when_the_register_says_so() {
    let app = App::start().await;
    let browser = app.browser();
    check(&browser, SANDBOX.gstin).await.assert_leads_to("/irp/register/details");
    let page = check(&browser, "29ABCDE1234F002").await;
    let sentence = "GSTIN must be 2 numbers, a 10-character PAN, then 3 letters or numbers";
    page.assert_refused(&[("gstin", sentence)]);
}

#[tokio::test]
async fn a_test_number_registers_like_any_other() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &SANDBOX, Step::Done).await;
    assert!(page.has("Your username is 29ABCDE1234F001."));
    let answer = log_in(&app.browser(), SANDBOX.gstin, PASSWORD).await;
    answer.assert_leads_to("/irp/api-credentials");
}

#[tokio::test]
async fn a_registered_gstin_leads_to_login_with_the_username_filled_in() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let answer = check(&browser, "29 abcde-1234 f1zw").await;
    answer.assert_leads_to("/irp/login");
    let page = browser.follow(&answer).await;
    page.assert_shows("Log in");
    assert_eq!(page.notice().as_deref(), Some(ALREADY_REGISTERED));
    assert_eq!(page.value("username").as_deref(), Some(ACME.gstin));
    let again = browser.get("/irp/login").await;
    assert_eq!(again.notice(), None, "a notice shows once");
}

#[tokio::test]
async fn a_program_that_fills_in_the_hidden_field_begins_nothing() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    let wrapper = page.attribute("div[hidden] #website", "name");
    assert_eq!(wrapper.as_deref(), Some("website"));
    let form = page.form("Continue").fill("gstin", ACME.gstin);
    let answer = form.fill("website", "https://example.com").submit(&browser).await;
    assert_ne!(answer.status, 303);
    let details = browser.get("/irp/register/details").await;
    details.assert_leads_to("/irp/register");
}

#[tokio::test]
async fn one_address_checks_forty_different_gstins_an_hour() {
    let app = App::start().await;
    let browser = app.browser();
    for number in 0..40 {
        let answer = check(&browser, &unregistered(number)).await;
        answer.assert_leads_to("/irp/register/not-eligible");
    }
    let answer = check(&browser, ACME.gstin).await;
    answer.assert_error_page(429, "Too many tries");
    assert!(answer.has("Try again after 18:01 IST. Nothing is lost."));
    assert_eq!(answer.header("retry-after"), "3600");
    let known = check(&browser, &unregistered(0)).await;
    known.assert_leads_to("/irp/register/not-eligible");
    app.clock.advance(60 * 60);
    check(&browser, ACME.gstin).await.assert_leads_to("/irp/register/details");
}

/// A GSTIN of the right form that the register does not hold.
fn unregistered(number: u32) -> String {
    let stem = format!("29QQQQQ{number:04}Q1Z");
    let check = Gstin::check_character(&stem).unwrap();
    format!("{stem}{check}")
}

// --- A2 -----------------------------------------------------------------------------------------

#[tokio::test]
async fn the_details_are_those_of_the_register() {
    let app = App::start().await;
    let page = register_to(&app, &app.browser(), &ACME, Step::Details).await;
    page.assert_shows("Check your GSTIN details");
    assert!(page.has("Step 2 of 6"));
    assert!(page.has("This GSTIN is eligible for e-invoicing."));
    assert!(page.has("These details come from the GST portal. If something is wrong, correct it on the GST portal."));
    let place = "Acme House, 2nd Floor, No. 12, Mahatma Gandhi Road, Ashok Nagar, Bengaluru, \
                 Bengaluru Urban, Karnataka, 560001";
    let expected = [
        ("GSTIN", ACME.gstin),
        ("Legal name", "ACME PRIVATE LIMITED"),
        ("Trade name", "Acme Stores"),
        ("Constitution of business", "Private Limited Company"),
        ("Principal place of business", place),
        ("State", "Karnataka"),
        ("Status", "Active"),
        ("Date of registration", "01/07/2017"),
    ];
    let expected = expected.map(|(term, value)| (term.to_owned(), value.to_owned()));
    assert_eq!(page.details(), expected);
    assert_eq!(page.link("Use another GSTIN"), "/irp/register");
    assert!(page.header("cache-control").contains("no-store"));
}

#[tokio::test]
async fn unknown_details_are_said_to_be_unknown() {
    let app = App::start().await;
    let browser = app.browser();
    let page = go_on(&browser, &check(&browser, "10NPQER9090T1Z1").await).await;
    let unknown = page.details().into_iter().filter(|(_, value)| value == "Not known");
    let unknown: Vec<String> = unknown.map(|(term, _)| term).collect();
    let expected = ["Trade name", "Constitution of business", "Principal place of business", "Date of registration"];
    assert_eq!(unknown, expected);
}

#[tokio::test]
async fn every_eligible_row_of_the_sample_shows_its_names() {
    let app = App::start().await;
    let browser = app.browser();
    let mut seen = 0;
    for row in csv::Reader::from_reader(sanad::register::SAMPLE.as_bytes()).records() {
        let row = row.unwrap();
        // One address may check 40 an hour.
        app.clock.advance(90);
        let answer = check(&browser, &row[0]).await;
        if answer.status == 303 && answer.location() == "/irp/register/details" {
            let page = browser.follow(&answer).await;
            let details = page.details();
            // The page shows runs of blanks as one.
            assert_eq!(details[1].1, row[1], "legal name");
            assert!(row[2].is_empty() || details[2].1 == row[2], "trade name");
            seen += 1;
        }
    }
    assert_eq!(seen, 28);
}

#[tokio::test]
async fn confirmed_details_lead_to_the_contact() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Details).await;
    let answer = page.form("Confirm and Continue").submit(&browser).await;
    answer.assert_leads_to("/irp/register/contact");
}

// --- A2n ----------------------------------------------------------------------------------------

#[tokio::test]
async fn every_reason_against_a_gstin_is_told_in_a_sentence() {
    let app = App::start().await;
    let browser = app.browser();
    let unknown = unregistered(1);
    let exempt = |kind: &str| format!("It is registered as “{kind}”. Taxpayers of this type do not issue e-invoices.");
    let told = |sentence: &str| sentence.to_owned();
    let reasons = [
        (unknown.as_str(), told("We found no registration with this GSTIN.")),
        ("29ZABEC2121D1ZI", told("Its GST registration is cancelled.")),
        ("26BCDXF2323E1ZU", told("Its GST registration is suspended.")),
        ("17CDFNG2424F1Z3", told("Its GST registration is inactive.")),
        ("11DFGIH2525G1ZE", told("Its GST registration is provisional.")),
        ("02FGHDJ2626H1ZD", told("The GST system does not tell its registration status.")),
        ("20WXZNA1818B1ZH", told("It is not enabled for e-invoicing on the GST system.")),
        ("22XZADB1919C1ZD", told("It is not enabled for e-invoicing on the GST system.")),
        ("27ZZZZZ9999Z002", told("It is not enabled for e-invoicing on the GST system.")),
        ("29ABCDE1234F3ZU", exempt("Input Service Distributor (ISD)")),
        ("37RSTXW1414X1ZG", exempt("SEZ Unit")),
        ("05STVNX1515Y1ZX", exempt("Composition")),
        ("34TVWDY1616Z1Z6", exempt("Casual")),
        ("04VWXIZ1717A1Z5", exempt("Temporary")),
        ("35GHJXK2727J1ZM", told("The GST system does not tell its taxpayer type.")),
        // Several reasons: the first that matters.
        ("01HJKNL2828K1Z5", told("Its GST registration is cancelled.")),
        ("15JKLDM2929L1Z7", told("Its GST registration is suspended.")),
    ];
    for (gstin, sentence) in reasons {
        let answer = check(&browser, gstin).await;
        answer.assert_leads_to("/irp/register/not-eligible");
        let page = browser.follow(&answer).await;
        page.assert_shows("This GSTIN is not eligible for e-invoicing");
        assert!(page.has(&sentence), "{gstin}: {}", page.told());
        assert!(page.has(gstin), "says which GSTIN");
        assert_eq!(page.link("Check another GSTIN"), "/irp/register");
        assert!(page.all(".err").is_empty(), "no red");
        assert!(page.all("main p").len() >= 3, "says what to do");
    }
}

#[tokio::test]
async fn the_reason_page_needs_a_check_before_it() {
    let app = App::start().await;
    let browser = app.browser();
    let answer = browser.get("/irp/register/not-eligible").await;
    answer.assert_leads_to("/irp/register");
    assert_eq!(browser.follow(&answer).await.notice().as_deref(), Some(START_HERE));
}

#[tokio::test]
async fn a_gstin_that_is_not_eligible_begins_no_registration() {
    let app = App::start().await;
    let browser = app.browser();
    check(&browser, "29ZABEC2121D1ZI").await;
    browser.get("/irp/register/details").await.assert_leads_to("/irp/register");
}

// --- A3 -----------------------------------------------------------------------------------------

#[tokio::test]
async fn the_contact_page_asks_for_what_is_registered() {
    let app = App::start().await;
    let page = register_to(&app, &app.browser(), &ACME, Step::Contact).await;
    page.assert_shows("Enter the registered email address and phone number");
    assert!(page.has("Step 3 of 6"));
    assert!(page.has("They must be the ones registered for this GSTIN on the GST portal. We send an OTP to both."));
    assert!(page.has("10-digit Indian mobile number"));
    assert_eq!(page.all("main label"), ["Email address", "Phone number"]);
    let expected = [
        ("#email", "type", "email"),
        ("#email", "autocomplete", "email"),
        ("#email", "spellcheck", "false"),
        ("#phone", "type", "tel"),
        ("#phone", "autocomplete", "tel"),
        ("#phone", "inputmode", "tel"),
    ];
    for (field, name, value) in expected {
        let found = page.attribute(field, name);
        assert_eq!(found.as_deref(), Some(value), "{field} {name}");
    }
    for secret in [ACME.email, ACME.phone, "acme.example", "3210"] {
        assert!(!page.html.contains(secret), "tells {secret}");
    }
}

#[tokio::test]
async fn any_registered_email_goes_with_any_registered_phone_however_typed() {
    let typed = [
        (ACME.email, ACME.phone),
        (ACME_OTHER_EMAIL, ACME.phone),
        (ACME.email, ACME_OTHER_PHONE),
        ("Billing@ACME.Example", "+91 98765 43210"),
        (" billing@acme.example ", "098765-43210"),
        (ACME.email, "919876543210"),
        (ACME.email, "(+91) 98765-43210"),
    ];
    for (email, phone) in typed {
        let app = App::start().await;
        let browser = app.browser();
        let page = register_to(&app, &browser, &ACME, Step::Contact).await;
        let answer = send_contact(&browser, &page, email, phone).await;
        answer.assert_leads_to("/irp/register/otp");
    }
}

#[tokio::test]
async fn nobody_learns_whether_the_email_or_the_phone_was_wrong() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Contact).await;
    let wrong = [
        (NO_EMAIL, ACME.phone),
        (ACME.email, NO_PHONE),
        (NO_EMAIL, NO_PHONE),
        // Registered, but for another GSTIN.
        (PATEL.email, PATEL.phone),
    ];
    let mut answers = Vec::new();
    for (email, phone) in wrong {
        let answer = send_contact(&browser, &page, email, phone).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.field_error("email").as_deref(), Some(MISMATCH));
        assert_eq!(answer.field_error("phone").as_deref(), Some(MISMATCH));
        assert_eq!(answer.value("email").as_deref(), Some(email));
        assert_eq!(answer.value("phone").as_deref(), Some(phone));
        answers.push((answer.title(), answer.text(), answer.errors()));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert!(answers[0].0.starts_with("Error: "));
    assert!(app.messages().await.is_empty(), "no OTP goes out");
}

#[tokio::test]
async fn a_mismatch_is_said_once_in_the_summary() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Contact).await;
    let answer = send_contact(&browser, &page, NO_EMAIL, NO_PHONE).await;
    // screens.md A3: "both fields, one message that does not say which".
    assert_eq!(answer.errors(), [MISMATCH]);
}

#[tokio::test]
async fn five_mismatches_a_day_close_the_gstin_for_whoever_made_them() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Contact).await;
    for _ in 0..5 {
        let answer = send_contact(&browser, &page, NO_EMAIL, NO_PHONE).await;
        assert_eq!(answer.status, 422);
    }
    for (email, phone) in [(NO_EMAIL, NO_PHONE), (ACME.email, ACME.phone)] {
        let answer = send_contact(&browser, &page, email, phone).await;
        answer.assert_error_page(429, "Too many tries");
        assert_eq!(answer.header("retry-after"), DAY.to_string());
        assert!(answer.has("17:01 IST"), "{}", answer.told());
    }
    assert!(app.messages().await.is_empty());
    // Another GSTIN is not closed.
    register_to(&app, &app.browser(), &PATEL, Step::Otp).await;
    app.clock.advance(DAY);
    register_to(&app, &app.browser(), &ACME, Step::Otp).await;
}

#[tokio::test]
async fn a_wait_of_a_day_names_the_day() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Contact).await;
    for _ in 0..5 {
        send_contact(&browser, &page, NO_EMAIL, NO_PHONE).await;
    }
    app.clock.advance(60);
    let answer = send_contact(&browser, &page, NO_EMAIL, NO_PHONE).await;
    // At 17:02 "after 17:01 IST" alone would be wrong (screens.md rule 8).
    assert!(answer.has("22/11/2026 17:01 IST"), "{}", answer.told());
}

#[tokio::test]
async fn a_strangers_mismatches_do_not_keep_the_owner_out() {
    let app = App::start_with(&BEHIND_PROXY).await;
    let stranger = app.browser_at("203.0.113.7");
    let page = register_to(&app, &stranger, &ACME, Step::Contact).await;
    for _ in 0..5 {
        send_contact(&stranger, &page, NO_EMAIL, NO_PHONE).await;
    }
    // Getting it right at last does not help the stranger, from any session.
    let answer = send_contact(&stranger, &page, ACME.email, ACME.phone).await;
    answer.assert_error_page(429, "Too many tries");
    let second = app.browser_at("203.0.113.7");
    let page = register_to(&app, &second, &ACME, Step::Contact).await;
    let answer = send_contact(&second, &page, ACME.email, ACME.phone).await;
    answer.assert_error_page(429, "Too many tries");

    for _ in 0..2 {
        register_to(&app, &app.browser_at("198.51.100.4"), &ACME, Step::Otp).await;
    }
    let owner = app.browser_at("198.51.100.4");
    let page = register_to(&app, &owner, &ACME, Step::Contact).await;
    let answer = send_contact(&owner, &page, ACME.email, ACME.phone).await;
    answer.assert_error_page(429, "Too many tries");
}

#[tokio::test]
async fn a_mismatch_from_elsewhere_stays_closed_out() {
    let app = App::start_with(&BEHIND_PROXY).await;
    let stranger = app.browser_at("203.0.113.7");
    let page = register_to(&app, &stranger, &ACME, Step::Contact).await;
    for _ in 0..5 {
        send_contact(&stranger, &page, NO_EMAIL, NO_PHONE).await;
    }
    // Else five more guesses could be had from every address.
    let other = app.browser_at("203.0.113.8");
    let page = register_to(&app, &other, &ACME, Step::Contact).await;
    let answer = send_contact(&other, &page, NO_EMAIL, NO_PHONE).await;
    answer.assert_error_page(429, "Too many tries");
    // Nor may an answer of another kind tell that a second guess from there was right.
    let answer = send_contact(&other, &page, ACME.email, ACME.phone).await;
    answer.assert_error_page(429, "Too many tries");
    assert!(app.messages().await.is_empty());
}

#[tokio::test]
async fn a_forwarded_address_counts_only_behind_a_trusted_proxy() {
    let app = App::start().await;
    let browser = app.browser_at("203.0.113.7");
    let page = register_to(&app, &browser, &ACME, Step::Contact).await;
    for _ in 0..5 {
        send_contact(&browser, &page, NO_EMAIL, NO_PHONE).await;
    }
    let same = app.browser_at("198.51.100.4");
    let page = register_to(&app, &same, &ACME, Step::Contact).await;
    let answer = send_contact(&same, &page, ACME.email, ACME.phone).await;
    answer.assert_error_page(429, "Too many tries");
}

#[tokio::test]
async fn a_taxpayer_without_a_phone_is_told_the_same_as_on_a_mismatch() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &CERAMICS, Step::Contact).await;
    let answer = send_contact(&browser, &page, CERAMICS.email, NO_PHONE).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.field_error("phone").as_deref(), Some(MISMATCH));
}

// --- A5 -----------------------------------------------------------------------------------------

#[tokio::test]
async fn the_verified_page_leads_to_the_password_and_may_be_reloaded() {
    let app = App::start().await;
    let browser = app.browser();
    register_to(&app, &browser, &ACME, Step::Verified).await;
    let page = browser.get("/irp/register/verified").await;
    page.assert_shows("Email address and phone number verified");
    assert!(page.has("The OTP is checked and verified."));
    assert_eq!(page.attribute("h1", "tabindex").as_deref(), Some("-1"));
    assert_eq!(page.link("Continue"), "/irp/register/password");
}

// --- A6 -----------------------------------------------------------------------------------------

#[tokio::test]
async fn the_password_page_tells_the_rules_before_typing() {
    let app = App::start().await;
    let page = register_to(&app, &app.browser(), &ACME, Step::Password).await;
    page.assert_shows("Create a password for your account");
    assert!(page.has("Step 5 of 6"));
    let labels = ["Username", "Create a password", "Confirm password"];
    assert_eq!(page.all("main label"), labels);
    assert_eq!(page.value("username").as_deref(), Some(ACME.gstin));
    assert!(page.attribute("#username[readonly][autocomplete=username]", "id").is_some());
    assert!(page.has("Your GSTIN is your username"));
    let rules =
        ["Minimum 8 characters", "One number", "One alphabet", "One special character", "Not a common password"];
    assert_eq!(page.all("#password-rules li"), rules);
    let described = page.attribute("#password", "aria-describedby").unwrap();
    assert!(described.split(' ').any(|id| id == "password-rules"));
    for field in ["#password", "#confirm_password"] {
        let autocomplete = page.attribute(field, "autocomplete");
        assert_eq!(autocomplete.as_deref(), Some("new-password"));
        assert_eq!(page.attribute(field, "maxlength").as_deref(), Some(""), "no limit");
    }
    assert!(!page.has("Show password"), "only script makes that button");
}

const COMMON: &str = "Choose a password that is harder to guess. This one is on a list of common passwords.";
const NO_SPECIAL: &str = "Password must have at least one special character";

#[tokio::test]
async fn all_broken_rules_are_told_at_once() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Password).await;
    let short = "Password must be 8 characters or more";
    let no_number = "Password must have at least one number";
    let no_alphabet = "Password must have at least one alphabet";
    let cases: [(&str, &[&str]); 8] = [
        ("vexq", &[short, no_number, NO_SPECIAL, COMMON]),
        ("4718", &[short, no_alphabet, NO_SPECIAL, COMMON]),
        ("Password@1", &[COMMON]),
        ("Test@123", &[COMMON]),
        ("29ABCDE1234F1ZW #x", &["Password must not contain your GSTIN"]),
        ("9876543210 qv#Zt", &["Password must not contain your phone number"]),
        ("xq7 billing #Tvk", &["Password must not contain your email address"]),
        ("xq7 sanad #Tvkw", &["Password must not contain the name of this service"]),
    ];
    for (password, sentences) in cases {
        let answer = create_account(&page, password).submit(&browser).await;
        let faults: Vec<(&str, &str)> = sentences.iter().map(|sentence| ("password", *sentence)).collect();
        answer.assert_refused(&faults);
        assert_secret_gone(&answer, password);
    }
}

fn assert_secret_gone(page: &Page, secret: &str) {
    assert!(!page.html.contains(secret), "{secret} came back");
    for field in ["password", "confirm_password"] {
        assert_eq!(page.value(field).as_deref(), Some(""));
    }
}

#[tokio::test]
async fn the_password_must_not_hold_the_name_of_the_business() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &KAVERI, Step::Password).await;
    let answer = create_account(&page, "xq7 t3xtiles #Tvk").submit(&browser).await;
    let sentence = "Password must not contain the name of the business";
    answer.assert_refused(&[("password", sentence)]);
}

#[tokio::test]
async fn both_password_fields_are_needed_and_alike() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Password).await;
    let empty = ("password", "Enter a password");
    let confirm = ("confirm_password", "Confirm the password");
    let differ = ("confirm_password", "The passwords do not match");
    let cases = [
        ("", "", vec![empty, confirm]),
        (PASSWORD, "", vec![confirm]),
        ("", PASSWORD, vec![empty, differ]),
        (PASSWORD, OTHER_PASSWORD, vec![differ]),
        (PASSWORD, "four tall trees 7 ", vec![differ]),
    ];
    for (password, confirmed, faults) in cases {
        let form = page.form("Create Account").fill("password", password);
        let answer = form.fill("confirm_password", confirmed).submit(&browser).await;
        answer.assert_refused(&faults);
        assert_secret_gone(&answer, PASSWORD);
    }
    let answer = create_account(&page, PASSWORD).submit(&browser).await;
    answer.assert_leads_to("/irp/register/done");
}

#[tokio::test]
async fn the_operator_may_ask_for_long_passwords_instead() {
    let app = App::start_with(&[("PASSWORD_POLICY", "nist")]).await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Password).await;
    let rules = ["Minimum 15 characters", "Not a common password"];
    assert_eq!(page.all("#password-rules li"), rules);
    let answer = create_account(&page, "vexq tall 74 9").submit(&browser).await;
    let sentence = "Password must be 15 characters or more";
    answer.assert_refused(&[("password", sentence)]);
    let answer = create_account(&page, "vexing tall quartz boats").submit(&browser).await;
    answer.assert_leads_to("/irp/register/done");
}

#[tokio::test]
async fn a_forged_username_registers_nobody_else() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Password).await;
    let form = create_account(&page, PASSWORD).forge("username", PATEL.gstin.as_bytes());
    let page = go_on(&browser, &form.submit(&browser).await).await;
    assert!(page.has("Your username is 29ABCDE1234F1ZW."));
    check(&app.browser(), PATEL.gstin).await.assert_leads_to("/irp/register/details");
}

// --- A7 -----------------------------------------------------------------------------------------

#[tokio::test]
async fn the_new_account_is_signed_in_and_told_what_comes_next() {
    let app = App::start().await;
    let browser = app.browser();
    register_to(&app, &browser, &ACME, Step::Done).await;
    for _ in 0..2 {
        let page = browser.get("/irp/register/done").await;
        page.assert_shows("Account created");
        assert!(page.has("Your username is 29ABCDE1234F1ZW."));
        assert!(page.has("What happens next"));
        assert!(page.has("To create e-invoices through the IRP, create API credentials for the GSTIN."));
        assert_eq!(page.link("Create API credentials"), "/irp/api-credentials/new");
        assert_eq!(page.link("Do this later"), "/irp/api-credentials");
        assert!(page.has("Signed in as 29ABCDE1234F1ZW"));
    }
}

#[tokio::test]
async fn the_session_of_the_registration_opens_nothing_after_it() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Password).await;
    let before = browser.clone_cookies();
    let answer = create_account(&page, PASSWORD).submit(&browser).await;
    answer.assert_leads_to("/irp/register/done");
    assert_ne!(before.cookies()["sanad-irp"], browser.cookies()["sanad-irp"]);
    let replayed = before.get("/irp/account").await;
    assert_eq!(replayed.status, 303);
    assert!(replayed.location().starts_with("/irp/login"));
}

#[tokio::test]
async fn the_account_opens_with_its_password_only() {
    let app = App::start().await;
    registered(&app).await;
    let answer = log_in(&app.browser(), ACME.gstin, OTHER_PASSWORD).await;
    assert_eq!(answer.status, 422);
    let answer = log_in(&app.browser(), ACME.gstin, PASSWORD).await;
    answer.assert_leads_to("/irp/api-credentials");
}

#[tokio::test]
async fn every_registered_address_is_told_of_the_new_account() {
    let app = App::start().await;
    register_to(&app, &app.browser(), &KAVERI, Step::Done).await;
    let mails = account_mails(&app).await;
    let mut to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
    to.sort_unstable();
    let registered = ["auditor@example.com", "kaveri@example.in", "partners.kaveri@example.com"];
    assert_eq!(to, registered);
    for mail in &mails {
        assert_eq!(mail.channel, "Email");
        assert_eq!(mail.subject, "Account created for GSTIN …P1ZE");
        let told = [
            KAVERI.gstin,
            "21/11/2026 17:01 IST",
            "127.0.0.1",
            "Firefox/140.0",
            "API credentials",
            "Was that not you?",
        ];
        for words in told {
            assert!(mail.text.contains(words), "{words}: {}", mail.text);
        }
        assert!(!mail.text.contains(PASSWORD));
    }
}

// --- Stages -------------------------------------------------------------------------------------

const STEPS: [(&str, Step); 5] = [
    ("/irp/register/details", Step::Details),
    ("/irp/register/contact", Step::Contact),
    ("/irp/register/otp", Step::Otp),
    ("/irp/register/verified", Step::Verified),
    ("/irp/register/password", Step::Password),
];

/// Whoever stands at `at` is sent to `first` from every later step.
async fn later_steps_lead_back(at: Step, first: &str) {
    let app = App::start().await;
    let browser = app.browser();
    register_to(&app, &browser, &ACME, at).await;
    for (path, _) in STEPS.into_iter().filter(|(_, step)| *step > at) {
        let answer = browser.get(path).await;
        answer.assert_leads_to(first);
        let page = browser.follow(&answer).await;
        assert_eq!(page.notice().as_deref(), Some(START_HERE), "from {path}");
    }
}

#[tokio::test]
async fn without_a_gstin_every_later_step_leads_to_the_first() {
    later_steps_lead_back(Step::Eligibility, "/irp/register").await;
}

#[tokio::test]
async fn before_the_details_are_confirmed_later_steps_lead_to_them() {
    later_steps_lead_back(Step::Details, "/irp/register/details").await;
}

#[tokio::test]
async fn before_the_contact_later_steps_lead_to_it() {
    later_steps_lead_back(Step::Contact, "/irp/register/contact").await;
}

#[tokio::test]
async fn before_the_otp_later_steps_lead_to_it() {
    later_steps_lead_back(Step::Otp, "/irp/register/otp").await;
}

#[tokio::test]
async fn a_form_of_a_later_step_leads_back_as_well() {
    let app = App::start().await;
    let browser = app.browser();
    let otp = register_to(&app, &browser, &PATEL, Step::Otp).await;
    let otp_form = otp.form("Verify").fill("otp", &app.last_otp_for(PATEL.email).await);
    let page = go_on(&browser, &otp_form.submit(&browser).await).await;
    let password = browser.get(&page.link("Continue")).await;
    register_to(&app, &browser, &ACME, Step::Details).await;
    let forms = [otp_form, otp.form("Send a new OTP"), create_account(&password, PASSWORD)];
    for form in forms {
        let answer = form.without("journey").submit(&browser).await;
        answer.assert_leads_to("/irp/register/details");
    }
    for gstin in [ACME.gstin, PATEL.gstin] {
        check(&app.browser(), gstin).await.assert_leads_to("/irp/register/details");
    }
}

#[tokio::test]
async fn the_end_opened_too_early_leads_to_the_first_unfinished_step() {
    let app = App::start().await;
    let steps = [
        (Step::Eligibility, "/irp/register"),
        (Step::Details, "/irp/register/details"),
        (Step::Contact, "/irp/register/contact"),
        (Step::Otp, "/irp/register/otp"),
        (Step::Password, "/irp/register/password"),
    ];
    for (step, first) in steps {
        let browser = app.browser();
        register_to(&app, &browser, &ACME, step).await;
        browser.get("/irp/register/done").await.assert_leads_to(first);
    }
}

#[tokio::test]
async fn done_steps_show_what_was_typed() {
    let app = App::start().await;
    let browser = app.browser();
    register_to(&app, &browser, &ACME, Step::Password).await;
    let details = browser.get("/irp/register/details").await;
    assert!(details.has(ACME.gstin));
    let contact = browser.get("/irp/register/contact").await;
    assert_eq!(contact.value("email").as_deref(), Some(ACME.email));
    assert_eq!(contact.value("phone").as_deref(), Some(ACME.phone));
    let otp = browser.get("/irp/register/otp").await;
    otp.assert_leads_to("/irp/register/verified");
    // Looking back undoes nothing.
    let password = browser.get("/irp/register/password").await;
    password.assert_shows("Create a password for your account");
}

#[tokio::test]
async fn the_first_step_shows_the_gstin_when_it_is_done() {
    let app = App::start().await;
    let browser = app.browser();
    register_to(&app, &browser, &ACME, Step::Contact).await;
    let page = browser.get("/irp/register").await;
    assert_eq!(page.value("gstin").as_deref(), Some(ACME.gstin));
}

#[tokio::test]
async fn details_confirmed_again_do_not_undo_the_rest() {
    let app = App::start().await;
    let browser = app.browser();
    register_to(&app, &browser, &ACME, Step::Password).await;
    let page = browser.get("/irp/register/details").await;
    let answer = page.form("Confirm and Continue").submit(&browser).await;
    answer.assert_leads_to("/irp/register/contact");
    let password = browser.get("/irp/register/password").await;
    password.assert_shows("Create a password for your account");
}

#[tokio::test]
async fn another_contact_after_the_otp_needs_another_otp() {
    let app = App::start().await;
    let browser = app.browser();
    register_to(&app, &browser, &ACME, Step::Password).await;
    let page = browser.get("/irp/register/contact").await;
    let answer = send_contact(&browser, &page, ACME_OTHER_EMAIL, ACME_OTHER_PHONE).await;
    answer.assert_leads_to("/irp/register/otp");
    browser.get("/irp/register/password").await.assert_leads_to("/irp/register/otp");
}

#[tokio::test]
async fn a_finished_registration_makes_no_second_account() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Password).await;
    let answer = create_account(&page, PASSWORD).submit(&browser).await;
    answer.assert_leads_to("/irp/register/done");
    for path in ["/irp/register/otp", "/irp/register/password"] {
        browser.get(path).await.assert_leads_to("/irp/register/done");
    }
    check(&app.browser(), ACME.gstin).await.assert_leads_to("/irp/login");
}

// --- Time ---------------------------------------------------------------------------------------

#[tokio::test]
async fn a_registration_ends_after_30_minutes_without_a_page() {
    for step in [Step::Details, Step::Contact, Step::Otp, Step::Password] {
        let app = App::start().await;
        let browser = app.browser();
        let page = register_to(&app, &browser, &ACME, step).await;
        app.clock.advance(30 * 60);
        let answer = browser.get(&page.path).await;
        answer.assert_leads_to("/irp/register");
        let first = browser.follow(&answer).await;
        assert_eq!(first.notice().as_deref(), Some(START_HERE), "{step:?}");
    }
}

#[tokio::test]
async fn a_form_that_comes_after_its_registration_ended_starts_anew() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Password).await;
    app.clock.advance(30 * 60);
    let answer = create_account(&page, PASSWORD).submit(&browser).await;
    answer.assert_leads_to("/irp/register");
    check(&app.browser(), ACME.gstin).await.assert_leads_to("/irp/register/details");
}

#[tokio::test]
async fn every_page_lengthens_a_registration() {
    let app = App::start().await;
    let browser = app.browser();
    register_to(&app, &browser, &ACME, Step::Contact).await;
    for _ in 0..4 {
        app.clock.advance(30 * 60 - 1);
        let page = browser.get("/irp/register/contact").await;
        page.assert_shows("Enter the registered email address and phone number");
    }
}

// --- Tabs, sessions and doubled clicks ----------------------------------------------------------

#[tokio::test]
async fn a_form_of_an_older_registration_changes_nothing() {
    let forms = [
        (Step::Details, "Confirm and Continue"),
        (Step::Contact, "Submit"),
        (Step::Otp, "Verify"),
        (Step::Otp, "Send a new OTP"),
        (Step::Password, "Create Account"),
    ];
    for (step, button) in forms {
        let app = App::start().await;
        let browser = app.browser();
        let old = register_to(&app, &browser, &ACME, step).await;
        // The other tab is as far, so that only the journey tells them apart.
        let new = register_to(&app, &browser, &PATEL, step).await;
        let answer = old.form(button).submit(&browser).await;
        assert!(answer.has("You started 24FGHIJ5678K1Z7 in another tab."), "{button}: {}", answer.told());
        let on = browser.get(&answer.link("Go on there")).await;
        let on = if on.status == 303 { browser.follow(&on).await } else { on };
        assert_eq!(on.status, 200);
        assert_eq!(answer.link("Check another GSTIN"), "/irp/register");
        let still = browser.get(&new.path).await;
        assert_eq!((still.status, still.h1()), (200, new.h1()), "{button} changed something");
    }
}

#[tokio::test]
async fn of_two_sessions_that_register_one_gstin_exactly_one_wins() {
    let app = App::start().await;
    let (first, second) = (app.browser(), app.browser());
    let first_page = register_to(&app, &first, &ACME, Step::Password).await;
    let second_page = register_to(&app, &second, &ACME, Step::Password).await;
    let one = create_account(&first_page, PASSWORD);
    let two = create_account(&second_page, OTHER_PASSWORD);
    let (one, two) = tokio::join!(one.submit(&first), two.submit(&second));
    let mut ends = [one.location(), two.location()];
    ends.sort_unstable();
    assert_eq!(ends, ["/irp/login", "/irp/register/done"]);
    let (loser, told, password) = match one.location() == "/irp/login" {
        true => (first, one, OTHER_PASSWORD),
        false => (second, two, PASSWORD),
    };
    let page = loser.follow(&told).await;
    assert_eq!(page.notice().as_deref(), Some(ALREADY_REGISTERED));
    assert_eq!(page.value("username").as_deref(), Some(ACME.gstin));
    assert_eq!(account_mails(&app).await.len(), 2, "one mail to each of two addresses");
    let answer = log_in(&app.browser(), ACME.gstin, password).await;
    answer.assert_leads_to("/irp/api-credentials");
}

#[tokio::test]
async fn who_comes_second_with_the_same_password_is_told_as_well() {
    let app = App::start().await;
    let (first, second) = (app.browser(), app.browser());
    let first_page = register_to(&app, &first, &ACME, Step::Password).await;
    let second_page = register_to(&app, &second, &ACME, Step::Password).await;
    let answer = create_account(&first_page, PASSWORD).submit(&first).await;
    answer.assert_leads_to("/irp/register/done");
    let answer = create_account(&second_page, PASSWORD).submit(&second).await;
    answer.assert_leads_to("/irp/login");
}

#[tokio::test]
async fn a_gstin_sent_twice_begins_one_walk() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    let form = page.form("Continue").fill("gstin", ACME.gstin);
    let (one, two) = tokio::join!(form.submit(&browser), form.submit(&browser));
    one.assert_leads_to("/irp/register/details");
    two.assert_leads_to("/irp/register/details");
    let page = browser.follow(&two).await;
    let answer = page.form("Confirm and Continue").submit(&browser).await;
    answer.assert_leads_to("/irp/register/contact");
}

#[tokio::test]
async fn details_confirmed_twice_are_confirmed_once() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Details).await;
    let form = page.form("Confirm and Continue");
    let (one, two) = tokio::join!(form.submit(&browser), form.submit(&browser));
    one.assert_leads_to("/irp/register/contact");
    two.assert_leads_to("/irp/register/contact");
}

#[tokio::test]
async fn a_contact_sent_twice_sends_one_otp() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Contact).await;
    let form = page.form("Submit").fill("email", ACME.email).fill("phone", ACME.phone);
    let (one, two) = tokio::join!(form.submit(&browser), form.submit(&browser));
    one.assert_leads_to("/irp/register/otp");
    two.assert_leads_to("/irp/register/otp");
    assert_eq!(app.messages().await.len(), 4, "two mails and two SMS");
    register_otp(&app, &browser).await.assert_leads_to("/irp/register/verified");
}

/// Types the OTP into the page that asks for it.
async fn register_otp(app: &App, browser: &Browser) -> Page {
    let page = browser.get("/irp/register/otp").await;
    let otp = app.last_otp_for(ACME.email).await;
    page.form("Verify").fill("otp", &otp).submit(browser).await
}

#[tokio::test]
async fn a_password_sent_twice_at_once_makes_one_account_and_shows_it() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Password).await;
    let form = create_account(&page, PASSWORD);
    let (one, two) = tokio::join!(form.submit(&browser), form.submit(&browser));
    one.assert_leads_to("/irp/register/done");
    two.assert_leads_to("/irp/register/done");
    browser.follow(&two).await.assert_shows("Account created");
    assert_eq!(account_mails(&app).await.len(), 2, "one mail to each of two addresses");
}

#[tokio::test]
async fn a_password_sent_again_after_back_shows_the_account() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Password).await;
    let form = create_account(&page, PASSWORD);
    form.submit(&browser).await.assert_leads_to("/irp/register/done");
    // security.md 3.4: the repeat of a form that succeeded shows the first result.
    form.submit(&browser).await.assert_leads_to("/irp/register/done");
}

#[tokio::test]
async fn a_slow_double_click_on_create_account_leaves_the_person_signed_in() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Password).await;
    let form = create_account(&page, PASSWORD);
    // The second click leaves with the cookies of the first, and its answer comes last.
    let before = browser.cookies();
    let second_click = browser.clone_cookies();
    form.submit(&browser).await.assert_leads_to("/irp/register/done");
    form.submit(&second_click).await;
    browser.take_new_cookies(&before, &second_click);
    browser.get("/irp/register/done").await.assert_shows("Account created");
}
