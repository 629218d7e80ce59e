//! A10 to A14, `/irp/api-credentials`: shown masked, created and changed after an OTP that proves that very act.

mod r#use;

use futures_util::future::join;
use sanad::store::credentials::{self, Credential};

use crate::support::samples::{ACME, ACME_OTHER_EMAIL, API_PASSWORD, OTHER_PASSWORD, PASSWORD, PATEL, Sample};
use crate::support::walk::{
    API_USERNAME, Step, go_on, log_in, register_to, registered, registered_as, with_credentials,
};
use crate::support::walk_sign_in::add_authenticator;
use crate::support::{App, Browser, FormFill, Page};

const HUB: &str = "/irp/api-credentials";
const OTP: &str = "/irp/api-credentials/otp";
const NEW: &str = "/irp/api-credentials/new";
const CHANGE: &str = "/irp/api-credentials/change";
const SAVED: &str = "/irp/api-credentials/saved";
const CREATE_BUTTON: &str = "Create API credentials";
const CHANGE_BUTTON: &str = "Change password";
const OTHER_API_PASSWORD: &str = "Early-Heron_Walks 31";
const EIGHT_DOTS: &str = "••••••••";

/// Presses the button of the first page and opens the page of the OTP.
async fn to_otp(browser: &Browser, button: &str) -> Page {
    let answer = browser.get(HUB).await.form(button).submit(browser).await;
    answer.assert_leads_to(OTP);
    browser.follow(&answer).await
}

/// Presses the button, types the OTP, and opens the page behind it.
async fn prove(app: &App, browser: &Browser, button: &str, who: &Sample) -> Page {
    let page = to_otp(browser, button).await;
    let otp = app.last_otp_for(who.email).await;
    go_on(browser, &page.form("Continue").fill("otp", &otp).submit(browser).await).await
}

fn create(page: &Page, username: &str, password: &str) -> FormFill {
    let form = page.form("Save and submit").fill("api_username", username);
    form.fill("api_password", password).fill("confirm_api_password", password)
}

fn change(page: &Page, password: &str) -> FormFill {
    page.form("Save and submit").fill("new_api_password", password).fill("confirm_api_password", password)
}

/// What is stored for that GSTIN.
async fn stored(app: &App, who: &Sample) -> Option<Credential> {
    let gstin = who.gstin;
    app.kit.store.read(move |c| credentials::find_by_gstin(c, gstin)).await.unwrap()
}

/// ACME signed in, with an account and nothing proven.
async fn signed_in(app: &App) -> Browser {
    registered(app).await;
    let browser = app.browser();
    log_in(&browser, ACME.gstin, PASSWORD).await.assert_leads_to(HUB);
    browser
}

/// ACME with credentials, signed in anew with nothing proven, and no message younger than 10 minutes.
async fn signed_in_with_credentials(app: &App) -> Browser {
    with_credentials(app).await;
    app.clock.advance(600);
    let browser = app.browser();
    log_in(&browser, ACME.gstin, PASSWORD).await.assert_leads_to(HUB);
    browser
}

fn assert_holds(page: &Page, details: &[(&str, &str)]) {
    let shown = page.details();
    for (term, description) in details {
        assert!(shown.contains(&((*term).to_owned(), (*description).to_owned())), "{term}: {shown:?}");
    }
}

#[actix_web::test]
async fn without_credentials_the_page_says_what_they_are_for() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let page = browser.get(HUB).await;
    page.assert_shows("API credentials");
    assert!(page.has(
        "You have not created API credentials for 29ABCDE1234F1ZW yet. Your billing software needs them to create \
         e-invoices."
    ));
    assert!(!page.html.contains(EIGHT_DOTS));
}

#[actix_web::test]
async fn the_otp_of_the_registration_proves_the_creation() {
    let app = App::start().await;
    let browser = app.browser();
    let done = register_to(&app, &browser, &ACME, Step::Done).await;
    assert_eq!(done.link(CREATE_BUTTON), NEW);
    let page = browser.get(NEW).await;
    page.assert_shows("Create API credentials");
    assert!(page.has("Step 6 of 6"));
    assert_holds(&page, &[("GSTIN", ACME.gstin)]);
    // From the first page too, without another OTP.
    browser.get(HUB).await.form(CREATE_BUTTON).submit(&browser).await.assert_leads_to(NEW);
}

#[actix_web::test]
async fn the_otp_of_the_registration_proves_it_for_10_minutes() {
    let app = App::start().await;
    let browser = registered(&app).await;
    app.clock.advance(599);
    let page = browser.get(NEW).await;
    page.assert_shows("Create API credentials");
    app.clock.advance(1);
    create(&page, API_USERNAME, API_PASSWORD).submit(&browser).await.assert_leads_to(HUB);
    browser.get(NEW).await.assert_leads_to(HUB);
    assert!(stored(&app, &ACME).await.is_none());
    to_otp(&browser, CREATE_BUTTON).await.assert_shows("Check your email and phone");
}

#[actix_web::test]
async fn the_otp_of_the_registration_proves_it_once() {
    let app = App::start().await;
    let browser = with_credentials(&app).await;
    app.clock.advance(61);
    browser.get(NEW).await.assert_leads_to(HUB);
    browser.get(CHANGE).await.assert_leads_to(HUB);
    to_otp(&browser, CHANGE_BUTTON).await.assert_shows("Check your email and phone");
}

#[actix_web::test]
async fn a_later_sign_in_needs_an_otp_of_its_own() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    browser.get(NEW).await.assert_leads_to(HUB);
    app.clock.advance(60);
    let page = to_otp(&browser, CREATE_BUTTON).await;
    page.assert_shows("Check your email and phone");
    let sentence = "We sent a 6-digit OTP to b•••••@acme.example, a•••••@acme.example, ••••••3210 and ••••••1234. It \
                    works until 17:12 IST (10 minutes).";
    assert!(page.has(sentence), "{}", page.text());
    assert!(page.has("6 digits, for example 012345"));

    let otp = app.last_otp_for(ACME.email).await;
    let answer = page.form("Continue").fill("otp", &otp).submit(&browser).await;
    answer.assert_leads_to(NEW);
    let page = browser.follow(&answer).await;
    page.assert_shows("Create API credentials");
    assert!(!page.has("Step 6 of 6"));
}

#[actix_web::test]
async fn the_otp_messages_say_what_they_allow() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let before = app.messages().await.len();
    to_otp(&browser, CREATE_BUTTON).await;
    assert_otp_messages(
        &app,
        before,
        "create API credentials",
        "is your OTP to create API credentials for GSTIN ending F1ZW on Sanad. Valid 10 min. Do not share it.",
    )
    .await;

    let app = App::start().await;
    let browser = with_credentials(&app).await;
    let before = app.messages().await.len();
    to_otp(&browser, CHANGE_BUTTON).await;
    assert_otp_messages(
        &app,
        before,
        "change the API password",
        "is your OTP to CHANGE the API password for GSTIN ending F1ZW on Sanad. Valid 10 min. Not you? Do not share \
         it.",
    )
    .await;
}

/// Two mails and two SMS of ACME, in the documents' words.
async fn assert_otp_messages(app: &App, before: usize, purpose: &str, sms: &str) {
    let messages = app.messages().await;
    let sent = &messages[..messages.len() - before];
    let otp = sent[0].otp().unwrap();
    let mut to: Vec<_> = sent.iter().map(|message| message.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["919876501234", "919876543210", ACME_OTHER_EMAIL, ACME.email]);
    for message in sent {
        match message.channel.as_str() {
            "SMS" => assert_eq!(message.text, format!("{otp} {sms}\n\n@127.0.0.1 #{otp}")),
            _ => {
                assert_eq!(message.subject, format!("Your OTP to {purpose}"));
                let sentence = format!("{otp} is your OTP to {purpose} for GSTIN {}. It works until ", ACME.gstin);
                assert!(message.text.contains(&sentence), "{}", message.text);
            }
        }
    }
}

#[actix_web::test]
async fn created_credentials_are_confirmed_and_listed() {
    let app = App::start().await;
    let browser = registered(&app).await;
    app.clock.advance(300);
    let page = browser.get(NEW).await;
    assert!(page.has("6 to 30 letters, numbers, dot, hyphen or underscore; starts and ends with a letter or number"));
    let answer = create(&page, API_USERNAME, API_PASSWORD).submit(&browser).await;
    answer.assert_leads_to(SAVED);

    let saved = browser.follow(&answer).await;
    saved.assert_shows("API credentials created");
    assert!(saved.has("The credentials are created in the IRP. Add them to your billing product."));
    assert_holds(&saved, &[("GSTIN", ACME.gstin), ("API username", API_USERNAME), ("When", "21/11/2026 17:06 IST")]);
    let reference = saved.details().into_iter().find(|(term, _)| term == "Reference").unwrap().1;
    assert_eq!(reference.len(), 9, "{reference}");

    let hub = browser.get(&saved.link("Go to API credentials")).await;
    hub.assert_shows("API credentials");
    assert_holds(
        &hub,
        &[
            ("API username", API_USERNAME),
            ("API password", EIGHT_DOTS),
            ("Created on", "21/11/2026 17:06 IST"),
            ("Last changed on", "21/11/2026 17:06 IST"),
            ("Last used on", "Never used"),
            ("Status", "Active"),
        ],
    );
    assert!(hub.has("We cannot show the API password. If you lost it, change it."));
    assert!(hub.html.contains("<span class=\"vh\">Hidden</span>"), "the dots are not what a screen reader says");
}

#[actix_web::test]
async fn the_confirmation_says_the_same_when_it_is_loaded_again() {
    let app = App::start().await;
    let browser = with_credentials(&app).await;
    let first = browser.get(SAVED).await.details();
    app.clock.advance(120);
    assert_eq!(browser.get(SAVED).await.details(), first);
}

#[actix_web::test]
async fn nothing_saved_is_nothing_confirmed() {
    let app = App::start().await;
    let browser = registered(&app).await;
    browser.get(SAVED).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn the_api_password_stands_in_no_page_and_no_message() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let page = browser.get(NEW).await;
    let refused = create(&page, "acme", API_PASSWORD).submit(&browser).await;
    assert_eq!(refused.status, 422);
    create(&page, API_USERNAME, API_PASSWORD).submit(&browser).await.assert_leads_to(SAVED);
    let mut pages = vec![refused];
    for path in [SAVED, HUB, "/irp/account", "/irp/register/done", "/demo/messages"] {
        pages.push(browser.get(path).await);
    }
    app.clock.advance(60);
    let page = prove(&app, &browser, CHANGE_BUTTON, &ACME).await;
    pages.push(change(&page, API_PASSWORD).submit(&browser).await);
    for page in pages {
        assert!(!page.html.contains(API_PASSWORD), "{}", page.told());
    }
    let hash = stored(&app, &ACME).await.unwrap().password_hash;
    assert!(hash.contains("$argon2id$") && !hash.contains(API_PASSWORD), "{hash}");
}

#[actix_web::test]
async fn the_owner_is_told_of_new_credentials_by_mail() {
    let app = App::start().await;
    with_credentials(&app).await;
    let messages = app.messages().await;
    let mails: Vec<_> =
        messages.iter().take_while(|mail| mail.subject == "API credentials created for GSTIN …F1ZW").collect();
    assert_eq!(mails.len(), 2);
    for mail in mails {
        for told in
            [API_USERNAME, ACME.gstin, "21/11/2026 17:01 IST", "127.0.0.1", "The API password is never sent by email."]
        {
            assert!(mail.text.contains(told), "{told}: {}", mail.text);
        }
        assert!(!mail.text.contains(API_PASSWORD));
    }
}

#[actix_web::test]
async fn a_username_must_follow_its_rules() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let page = browser.get(NEW).await;
    for (username, told) in [
        ("", "Enter an API username"),
        ("acme1", "API username must be between 6 and 30 characters"),
        ("a234567890123456789012345678901", "API username must be between 6 and 30 characters"),
        ("acme irp", "API username must only include letters, numbers, dots, hyphens and underscores"),
        ("_acme_irp", "API username must start and end with a letter or number"),
    ] {
        let refused = create(&page, username, API_PASSWORD).submit(&browser).await;
        refused.assert_refused(&[("api_username", told)]);
        assert_eq!(refused.value("api_username").unwrap(), username);
    }
    assert!(stored(&app, &ACME).await.is_none());
}

#[actix_web::test]
async fn an_api_password_must_follow_its_rules() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let page = browser.get(NEW).await;
    let common = "Choose an API password that is harder to guess. This one is on a list of common passwords.";
    let long = "Slow-Ferry_Rides 29".repeat(4);
    for (password, told) in [
        ("Slow-Ferry_Rides", "API password must have at least one number"),
        ("82-57_94 63@1#7", "API password must have at least one alphabet"),
        ("SlowFerryRides29", "API password must have at least one special character"),
        ("Gsp@1234", common),
        ("Slow-Férry_Rides 29", "API password must only use letters, numbers and signs of a plain keyboard."),
        (long.as_str(), "API password must be 64 characters or fewer"),
        (
            "X-29abcde1234f1zw!",
            "API password must not contain your GSTIN, name, email address, phone number or the name of this service",
        ),
    ] {
        let refused = create(&page, API_USERNAME, password).submit(&browser).await;
        refused.assert_refused(&[("api_password", told)]);
        assert_eq!(refused.value("api_username").unwrap(), API_USERNAME);
        assert!(!refused.html.contains(password));
    }
}

#[actix_web::test]
async fn every_fault_is_told_at_once() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let page = browser.get(NEW).await;
    let empty = page.form("Save and submit").submit(&browser).await;
    empty.assert_refused(&[
        ("api_username", "Enter an API username"),
        ("api_password", "Enter an API password"),
        ("confirm_api_password", "Confirm the API password"),
    ]);
    let different = create(&page, API_USERNAME, API_PASSWORD).fill("confirm_api_password", "Slow-Ferry_Rides 30");
    different.submit(&browser).await.assert_refused(&[("confirm_api_password", "The API passwords do not match")]);
}

#[actix_web::test]
async fn a_taken_username_is_refused_whatever_the_case_with_a_free_one_suggested() {
    let app = App::start().await;
    with_credentials(&app).await;
    let browser = registered_as(&app, &PATEL).await;
    let page = browser.get(NEW).await;
    let refused = create(&page, "acme_irp_01", API_PASSWORD).submit(&browser).await;
    refused.assert_refused(&[("api_username", "This API username is taken. Try acme_irp_02 or another one.")]);
    let refused = create(&page, "Acme_IRP_01", API_PASSWORD).submit(&browser).await;
    refused.assert_refused(&[("api_username", "This API username is taken. Try Acme_IRP_02 or another one.")]);
    assert_eq!(refused.value("api_username").unwrap(), "Acme_IRP_01");
    create(&page, "Acme_IRP_02", API_PASSWORD).submit(&browser).await.assert_leads_to(SAVED);

    // The second of the pattern is taken now too.
    let third = registered_as(&app, &crate::support::samples::KAVERI).await;
    let page = third.get(NEW).await;
    let refused = create(&page, "acme_irp_01", API_PASSWORD).submit(&third).await;
    refused.assert_refused(&[("api_username", "This API username is taken. Try acme_irp_03 or another one.")]);
}

#[actix_web::test]
async fn an_api_password_differs_from_the_account_password() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let told = "API password must be different from your account password";
    let page = browser.get(NEW).await;
    create(&page, API_USERNAME, PASSWORD).submit(&browser).await.assert_refused(&[("api_password", told)]);

    create(&page, API_USERNAME, API_PASSWORD).submit(&browser).await.assert_leads_to(SAVED);
    let page = prove(&app, &browser, CHANGE_BUTTON, &ACME).await;
    change(&page, PASSWORD).submit(&browser).await.assert_refused(&[("new_api_password", told)]);
}

#[actix_web::test]
async fn the_api_password_is_changed_after_an_otp() {
    let app = App::start().await;
    let browser = signed_in_with_credentials(&app).await;
    let before = stored(&app, &ACME).await.unwrap();
    let page = prove(&app, &browser, CHANGE_BUTTON, &ACME).await;
    page.assert_shows("Change API password");
    assert_eq!(page.value("api_username").unwrap(), API_USERNAME);
    assert!(page.attribute("input[name=api_username]", "readonly").is_some());
    assert!(page.attribute("input[name=api_username][disabled]", "name").is_none());
    assert!(page.has("You cannot change the API username"));
    assert!(page.has("Software that uses the old API password stops working at once."));
    assert_eq!(page.link("Cancel"), HUB);

    let answer = change(&page, OTHER_API_PASSWORD).submit(&browser).await;
    answer.assert_leads_to(SAVED);
    let saved = browser.follow(&answer).await;
    saved.assert_shows("API password changed");
    assert!(saved.has("The new API credentials are saved for 29ABCDE1234F1ZW."));
    assert_holds(&saved, &[("API username", API_USERNAME), ("When", "21/11/2026 17:11 IST")]);

    let hub = browser.get(HUB).await;
    assert_holds(&hub, &[("Created on", "21/11/2026 17:01 IST"), ("Last changed on", "21/11/2026 17:11 IST")]);
    assert_ne!(stored(&app, &ACME).await.unwrap().password_hash, before.password_hash);
}

#[actix_web::test]
async fn the_owner_is_told_of_a_changed_api_password_by_mail() {
    let app = App::start().await;
    let browser = signed_in_with_credentials(&app).await;
    let page = prove(&app, &browser, CHANGE_BUTTON, &ACME).await;
    change(&page, OTHER_API_PASSWORD).submit(&browser).await.assert_leads_to(SAVED);
    let messages = app.messages().await;
    let mails: Vec<_> = messages.iter().take_while(|mail| mail.subject == "API password changed").collect();
    assert_eq!(mails.len(), 2);
    for mail in mails {
        assert!(mail.text.contains("The old one stopped working at 17:11 IST."), "{}", mail.text);
        assert!(mail.text.contains(API_USERNAME));
        assert!(!mail.text.contains(OTHER_API_PASSWORD) && !mail.text.contains(API_PASSWORD));
    }
}

#[actix_web::test]
async fn a_new_api_password_must_be_new_and_follow_the_rules() {
    let app = App::start().await;
    let browser = signed_in_with_credentials(&app).await;
    let page = prove(&app, &browser, CHANGE_BUTTON, &ACME).await;
    let form = page.form("Save and submit");
    for (password, confirm, faults) in [
        (
            "",
            "",
            vec![("new_api_password", "Enter an API password"), ("confirm_api_password", "Confirm the API password")],
        ),
        (
            API_PASSWORD,
            API_PASSWORD,
            vec![("new_api_password", "New API password must be different from the current one")],
        ),
        (
            "SlowFerryRides29",
            "SlowFerryRides29",
            vec![("new_api_password", "API password must have at least one special character")],
        ),
        (OTHER_API_PASSWORD, API_PASSWORD, vec![("confirm_api_password", "The API passwords do not match")]),
    ] {
        let form = form.clone().fill("new_api_password", password).fill("confirm_api_password", confirm);
        let refused = form.submit(&browser).await;
        refused.assert_refused(&faults);
        assert_eq!(refused.value("api_username").unwrap(), API_USERNAME);
        assert!(password.is_empty() || !refused.html.contains(password));
    }
    // None of that has used the proof up.
    change(&page, OTHER_API_PASSWORD).submit(&browser).await.assert_leads_to(SAVED);
}

#[actix_web::test]
async fn the_username_of_a_change_cannot_be_forged() {
    let app = App::start().await;
    let browser = signed_in_with_credentials(&app).await;
    let page = prove(&app, &browser, CHANGE_BUTTON, &ACME).await;
    let forged = change(&page, OTHER_API_PASSWORD).forge("api_username", b"somebody_else");
    forged.submit(&browser).await.assert_leads_to(SAVED);
    assert_eq!(stored(&app, &ACME).await.unwrap().api_username, API_USERNAME);
}

#[actix_web::test]
async fn an_otp_proves_an_operation_for_5_minutes() {
    let app = App::start().await;
    let browser = signed_in_with_credentials(&app).await;
    let page = prove(&app, &browser, CHANGE_BUTTON, &ACME).await;
    app.clock.advance(299);
    browser.get(CHANGE).await.assert_shows("Change API password");
    app.clock.advance(1);
    let before = stored(&app, &ACME).await.unwrap().password_hash;
    change(&page, OTHER_API_PASSWORD).submit(&browser).await.assert_leads_to(HUB);
    browser.get(CHANGE).await.assert_leads_to(HUB);
    assert_eq!(stored(&app, &ACME).await.unwrap().password_hash, before);

    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = prove(&app, &browser, CREATE_BUTTON, &ACME).await;
    app.clock.advance(300);
    create(&page, API_USERNAME, API_PASSWORD).submit(&browser).await.assert_leads_to(HUB);
    assert!(stored(&app, &ACME).await.is_none());
}

#[actix_web::test]
async fn a_proof_of_creation_does_not_allow_a_change() {
    let app = App::start().await;
    let (one, other) = (registered(&app).await, app.browser());
    log_in(&other, ACME.gstin, PASSWORD).await;
    let page = prove(&app, &other, CREATE_BUTTON, &ACME).await;
    // Meanwhile the credentials are created elsewhere, which ends the other session.
    let first = one.get(NEW).await;
    create(&first, API_USERNAME, API_PASSWORD).submit(&one).await.assert_leads_to(SAVED);
    create(&page, "acme_irp_77", OTHER_API_PASSWORD).submit(&other).await.assert_leads_to("/irp/login");
    // Its own proof is of a creation as well.
    one.get(CHANGE).await.assert_leads_to(SAVED);
    app.clock.advance(61);
    one.get(CHANGE).await.assert_leads_to(HUB);
    assert_eq!(stored(&app, &ACME).await.unwrap().api_username, API_USERNAME);
}

#[actix_web::test]
async fn a_proof_of_a_change_does_not_allow_a_creation() {
    let app = App::start().await;
    let browser = signed_in_with_credentials(&app).await;
    prove(&app, &browser, CHANGE_BUTTON, &ACME).await;
    browser.get(NEW).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn a_form_sent_again_shows_what_the_first_one_did() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let page = browser.get(NEW).await;
    let form = create(&page, API_USERNAME, API_PASSWORD);
    form.submit(&browser).await.assert_leads_to(SAVED);
    let before = app.messages().await.len();
    form.submit(&browser).await.assert_leads_to(SAVED);
    browser.get(SAVED).await.assert_shows("API credentials created");
    assert_eq!(app.messages().await.len(), before);

    let page = prove(&app, &browser, CHANGE_BUTTON, &ACME).await;
    let form = change(&page, OTHER_API_PASSWORD);
    form.submit(&browser).await.assert_leads_to(SAVED);
    let hash = stored(&app, &ACME).await.unwrap().password_hash;
    form.submit(&browser).await.assert_leads_to(SAVED);
    browser.get(SAVED).await.assert_shows("API password changed");
    assert_eq!(stored(&app, &ACME).await.unwrap().password_hash, hash);
}

#[actix_web::test]
async fn a_form_replayed_later_changes_nothing() {
    let app = App::start().await;
    let browser = signed_in_with_credentials(&app).await;
    let page = prove(&app, &browser, CHANGE_BUTTON, &ACME).await;
    let form = change(&page, OTHER_API_PASSWORD);
    form.submit(&browser).await.assert_leads_to(SAVED);
    let hash = stored(&app, &ACME).await.unwrap().password_hash;
    app.clock.advance(61);
    form.submit(&browser).await.assert_leads_to(HUB);
    assert_eq!(stored(&app, &ACME).await.unwrap().password_hash, hash);
}

#[actix_web::test]
async fn a_double_press_of_save_creates_once_and_confirms() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let page = browser.get(NEW).await;
    let form = create(&page, API_USERNAME, API_PASSWORD);
    let (first, second) = join(form.submit(&browser), form.submit(&browser)).await;
    // The browser shows the answer to either press.
    first.assert_leads_to(SAVED);
    second.assert_leads_to(SAVED);
    browser.get(SAVED).await.assert_shows("API credentials created");
    let mails = app.messages().await;
    assert_eq!(mails.iter().filter(|mail| mail.subject.starts_with("API credentials created")).count(), 2);
}

#[actix_web::test]
async fn a_double_press_of_save_changes_once_and_confirms() {
    let app = App::start().await;
    let browser = signed_in_with_credentials(&app).await;
    let page = prove(&app, &browser, CHANGE_BUTTON, &ACME).await;
    let form = change(&page, OTHER_API_PASSWORD);
    let (first, second) = join(form.submit(&browser), form.submit(&browser)).await;
    first.assert_leads_to(SAVED);
    second.assert_leads_to(SAVED);
    browser.get(SAVED).await.assert_shows("API password changed");
    let mails = app.messages().await;
    assert_eq!(mails.iter().filter(|mail| mail.subject == "API password changed").count(), 2);
}

#[actix_web::test]
async fn the_second_of_two_tabs_sees_what_the_first_one_did() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let (one, other) = (browser.get(NEW).await, browser.get(NEW).await);
    create(&one, API_USERNAME, API_PASSWORD).submit(&browser).await.assert_leads_to(SAVED);
    create(&other, "acme_irp_77", OTHER_API_PASSWORD).submit(&browser).await.assert_leads_to(SAVED);
    let saved = browser.get(SAVED).await;
    assert_holds(&saved, &[("API username", API_USERNAME)]);
    assert_eq!(stored(&app, &ACME).await.unwrap().api_username, API_USERNAME);
}

#[actix_web::test]
async fn a_form_of_an_older_start_changes_nothing() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let old = prove(&app, &browser, CREATE_BUTTON, &ACME).await;
    app.clock.advance(300);
    prove(&app, &browser, CREATE_BUTTON, &ACME).await.assert_shows("Create API credentials");
    let refused = create(&old, API_USERNAME, API_PASSWORD).submit(&browser).await;
    refused.assert_error_page(403, "This form is from another tab");
    assert!(refused.has("You started 29ABCDE1234F1ZW in another tab."));
    let on = go_on(&browser, &browser.get(&refused.link("Go on there")).await).await;
    on.assert_shows("Create API credentials");
    assert!(stored(&app, &ACME).await.is_none());
}

#[actix_web::test]
async fn the_walk_of_another_gstin_proves_nothing() {
    let app = App::start().await;
    registered(&app).await;
    let browser = registered_as(&app, &PATEL).await;
    browser.get(NEW).await.assert_shows("Create API credentials");
    browser.get(HUB).await.form("Sign out").submit(&browser).await;
    log_in(&browser, ACME.gstin, PASSWORD).await.assert_leads_to(HUB);
    browser.get(NEW).await.assert_leads_to(HUB);

    // Signed in as one, half through the registration of another.
    let browser = app.browser();
    log_in(&browser, ACME.gstin, PASSWORD).await;
    register_to(&app, &browser, &crate::support::samples::KAVERI, Step::Password).await;
    browser.get(NEW).await.assert_leads_to(HUB);
    browser.get(OTP).await.assert_leads_to(HUB);
    assert!(stored(&app, &ACME).await.is_none());
}

#[actix_web::test]
async fn the_otp_page_opens_only_when_an_otp_is_waited_for() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    browser.get(OTP).await.assert_leads_to(HUB);
    prove(&app, &browser, CREATE_BUTTON, &ACME).await;
    browser.get(OTP).await.assert_leads_to(NEW);
}

#[actix_web::test]
async fn a_wrong_otp_opens_nothing() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = to_otp(&browser, CREATE_BUTTON).await;
    let right = app.last_otp_for(ACME.email).await;
    let wrong = if right == "000000" { "111111" } else { "000000" };
    let refused = page.form("Continue").fill("otp", wrong).submit(&browser).await;
    refused.assert_refused(&[("otp", "That OTP is not right. Check it and try again.")]);
    browser.get(NEW).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn the_otp_to_create_is_not_the_otp_to_change() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    to_otp(&browser, CREATE_BUTTON).await;
    let old = app.last_otp_for(ACME.email).await;
    // Credentials come to be elsewhere; that ends this session, and the next one changes them.
    let other = app.browser();
    log_in(&other, ACME.gstin, PASSWORD).await;
    app.clock.advance(60);
    let page = prove(&app, &other, CREATE_BUTTON, &ACME).await;
    create(&page, API_USERNAME, API_PASSWORD).submit(&other).await.assert_leads_to(SAVED);
    let page = to_otp(&other, CHANGE_BUTTON).await;
    assert_ne!(app.last_otp_for(ACME.email).await, old, "one in a million: run again");
    let refused = page.form("Continue").fill("otp", &old).submit(&other).await;
    refused.assert_refused(&[("otp", "That OTP is not right. Check it and try again.")]);
}

#[actix_web::test]
async fn after_a_right_otp_the_next_page_changes_the_session_token() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = to_otp(&browser, CREATE_BUTTON).await;
    let copy = browser.clone_cookies();
    let otp = app.last_otp_for(ACME.email).await;
    page.form("Continue").fill("otp", &otp).submit(&browser).await.assert_leads_to(NEW);
    browser.get(NEW).await.assert_shows("Create API credentials");
    assert_ne!(copy.cookies()["sanad-irp"], browser.cookies()["sanad-irp"]);
    assert!(copy.get(NEW).await.location().starts_with("/irp/login"));
    browser.get(NEW).await.assert_shows("Create API credentials");
}

#[actix_web::test]
async fn a_double_press_of_continue_goes_on() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = to_otp(&browser, CREATE_BUTTON).await;
    let form = page.form("Continue").fill("otp", &app.last_otp_for(ACME.email).await);
    let (first, second) = join(form.submit(&browser), form.submit(&browser)).await;
    let mut leads = [first.location(), second.location()];
    leads.sort_unstable();
    // The page of the OTP leads on by itself once the OTP was right.
    assert_eq!(leads, [NEW, OTP]);
    browser.get(OTP).await.assert_leads_to(NEW);
    browser.get(NEW).await.assert_shows("Create API credentials");
}

#[actix_web::test]
async fn an_otp_used_already_proves_nothing_more() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = to_otp(&browser, CREATE_BUTTON).await;
    let form = page.form("Continue").fill("otp", &app.last_otp_for(ACME.email).await);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    create(&page, API_USERNAME, API_PASSWORD).submit(&browser).await.assert_leads_to(SAVED);
    app.clock.advance(61);
    go_on(&browser, &form.submit(&browser).await).await.assert_leads_to(HUB);
    browser.get(CHANGE).await.assert_leads_to(HUB);
}

#[actix_web::test]
async fn saving_ends_every_other_session_of_the_account() {
    let app = App::start().await;
    let (browser, other) = (registered(&app).await, app.browser());
    log_in(&other, ACME.gstin, PASSWORD).await;
    let page = browser.get(NEW).await;
    create(&page, API_USERNAME, API_PASSWORD).submit(&browser).await.assert_leads_to(SAVED);
    assert_eq!(other.get(HUB).await.status, 303);

    log_in(&other, ACME.gstin, PASSWORD).await.assert_leads_to(HUB);
    let page = prove(&app, &browser, CHANGE_BUTTON, &ACME).await;
    change(&page, OTHER_API_PASSWORD).submit(&browser).await.assert_leads_to(SAVED);
    assert_eq!(other.get(HUB).await.status, 303);
    browser.get(HUB).await.assert_shows("API credentials");
}

#[actix_web::test]
async fn a_second_otp_waits_30_seconds_and_replaces_the_first() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = to_otp(&browser, CREATE_BUTTON).await;
    let old = app.last_otp_for(ACME.email).await;
    app.clock.advance(6);
    let early = page.form("Send a new OTP").submit(&browser).await;
    early.assert_error_page(429, "Check your email and phone");
    assert_eq!(early.header("retry-after"), "24");
    assert_eq!(early.notice().unwrap(), "Wait 24 seconds, then ask again. The OTP we sent at 17:01 still works.");

    app.clock.advance(24);
    let page = go_on(&browser, &page.form("Send a new OTP").submit(&browser).await).await;
    assert_eq!(page.notice().unwrap(), "We sent a new OTP at 17:01 IST. Only the newest one works.");
    assert_ne!(app.last_otp_for(ACME.email).await, old, "one in a million: run again");
    let refused = page.form("Continue").fill("otp", &old).submit(&browser).await;
    refused.assert_refused(&[("otp", "That OTP was replaced by a newer one. Use the newest OTP.")]);
}

#[actix_web::test]
async fn the_account_password_may_change_between_otp_and_save() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let page = browser.get("/irp/account/password").await;
    let form = page.form("Change password").fill("current_password", PASSWORD);
    let form = form.fill("new_password", OTHER_PASSWORD).fill("confirm_password", OTHER_PASSWORD);
    form.submit(&browser).await.assert_leads_to("/irp/account");
    let page = browser.get(NEW).await;
    let told = "API password must be different from your account password";
    create(&page, API_USERNAME, OTHER_PASSWORD).submit(&browser).await.assert_refused(&[("api_password", told)]);
    create(&page, API_USERNAME, API_PASSWORD).submit(&browser).await.assert_leads_to(SAVED);
}

#[actix_web::test]
async fn a_form_that_outlives_its_proof_keeps_the_username_for_the_next_one() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = prove(&app, &browser, CREATE_BUTTON, &ACME).await;
    app.clock.advance(5 * 60);
    let answer = create(&page, API_USERNAME, API_PASSWORD).submit(&browser).await;
    answer.assert_leads_to(HUB);
    let hub = browser.follow(&answer).await;
    assert!(hub.has("That took too long after the OTP, so nothing was saved."), "{}", hub.told());
    assert!(stored(&app, &ACME).await.is_none());

    let page = prove(&app, &browser, CREATE_BUTTON, &ACME).await;
    assert_eq!(page.value("api_username").as_deref(), Some(API_USERNAME));
    assert!(!page.html.contains(API_PASSWORD));
}

#[actix_web::test]
async fn an_authenticator_is_asked_instead_of_sending_an_otp() {
    let app = App::start().await;
    let browser = with_credentials(&app).await;
    let (phone, _) = add_authenticator(&app, &browser, "/irp", ACME.email).await;
    let sent = app.messages().await.len();
    let page = go_on(&browser, &browser.get(HUB).await.form(CHANGE_BUTTON).submit(&browser).await).await;
    page.assert_shows("Enter the code of your authenticator app");
    app.clock.advance(30);
    let form = page.form("Continue").fill("code", &phone.code(app.clock.now()));
    let page = go_on(&browser, &form.submit(&browser).await).await;
    change(&page, OTHER_API_PASSWORD).submit(&browser).await.assert_leads_to(SAVED);
    let subjects: Vec<String> = app.messages().await.into_iter().map(|message| message.subject).collect();
    let since = &subjects[..subjects.len() - sent];
    assert!(since.iter().all(|subject| subject == "API password changed") && !since.is_empty(), "{since:?}");
}
