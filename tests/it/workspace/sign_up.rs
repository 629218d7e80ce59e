//! B0a, `/workspace/sign-up`: a workspace of one's own; whoever has an account learns it by mail only.

use futures_util::future::join;

use crate::sameness::assert_alike;
use crate::support::samples::{OTHER_PASSWORD, PASSWORD};
use crate::support::walk::{create_account, go_on};
use crate::support::walk_workspace::{
    API_CREDENTIALS, NAME, WORKSPACE, ask_to_sign_up, log_in, sign_up_to_password, workspace_of,
};
use crate::support::{App, Page};

const SIGN_UP: &str = "/workspace/sign-up";
const OTP: &str = "/workspace/sign-up/otp";
const PASSWORD_PAGE: &str = "/workspace/sign-up/password";
const LOGIN: &str = "/workspace/login";
const EMAIL: &str = "asha@stores.example";
const OTHER: &str = "ravi@stores.example";
const START_HERE: &str = "Start here. We need this before the next step.";

#[actix_web::test]
async fn the_page_asks_for_name_email_and_workspace() {
    let app = App::start().await;
    let page = app.browser().get(SIGN_UP).await;
    page.assert_shows("Create a workspace");
    assert_eq!(page.title(), "Create a workspace – e-Invoicing workspace – Sanad");
    assert_eq!(page.all("main label"), ["Your name", "Work email", "Workspace name"]);
    assert_eq!(page.all("main button"), ["Continue"]);
    assert_eq!(page.link("Back to log in"), LOGIN);
}

#[actix_web::test]
async fn the_login_page_leads_there() {
    let app = App::start().await;
    assert_eq!(app.browser().get(LOGIN).await.link("Create a workspace"), SIGN_UP);
}

#[actix_web::test]
async fn a_new_owner_walks_to_the_api_credentials() {
    let app = App::start().await;
    let browser = app.browser();
    let answer = ask_to_sign_up(&browser, NAME, "  Asha@Stores.Example ", WORKSPACE).await;
    answer.assert_leads_to(OTP);
    let page = browser.follow(&answer).await;
    page.assert_shows("Check your email and phone");
    assert!(page.has("We sent a 6-digit OTP to a•••••@stores.example. It works until 17:11 IST (10 minutes)."));
    assert_eq!(page.all("main form button"), ["Verify", "Send a new OTP"]);
    assert!(!page.has("registered on the GST portal"));

    let page = go_on(&browser, &page.form("Verify").fill("otp", &otp(&app).await).submit(&browser).await).await;
    page.assert_shows("Create a password for your account");
    assert_eq!(page.value("username").unwrap(), EMAIL);
    create_account(&page, PASSWORD).submit(&browser).await.assert_leads_to(API_CREDENTIALS);

    let page = browser.get("/workspace/settings").await;
    page.assert_shows("Settings");
    assert!(page.has("Workspace: Acme Stores"));
    assert!(page.has("Signed in as asha@stores.example"));
    log_in(&app.browser(), "ASHA@stores.example", PASSWORD).await.assert_leads_to(API_CREDENTIALS);
}

#[actix_web::test]
async fn the_mail_says_what_the_otp_is_for_and_speaks_of_no_gstin() {
    let app = App::start().await;
    ask_to_sign_up(&app.browser(), NAME, EMAIL, WORKSPACE).await.assert_leads_to(OTP);
    let messages = app.messages().await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(messages[0].subject, "Your OTP to create a workspace");
    assert!(!messages[0].text.contains("GSTIN"), "{}", messages[0].text);
}

#[actix_web::test]
async fn every_fault_is_told_at_its_field_and_what_was_typed_is_kept() {
    let app = App::start().await;
    let browser = app.browser();
    ask_to_sign_up(&browser, "", " ", "\u{200B}").await.assert_refused(&[
        ("name", "Enter your name"),
        ("email", "Enter an email address"),
        ("workspace", "Enter a name for the workspace"),
    ]);
    let long = "x".repeat(101);
    let page = ask_to_sign_up(&browser, &long, "asha@stores", "Ac\u{202E}me").await;
    assert_eq!(page.field_error("name").unwrap(), "Your name must be 100 characters or fewer");
    assert_eq!(page.field_error("workspace").unwrap(), "Workspace name must be one line of plain text");
    assert!(page.field_error("email").is_some());
    assert_eq!((page.value("name").unwrap(), page.value("email").unwrap()), (long, "asha@stores".to_owned()));
    assert!(app.messages().await.is_empty());
}

#[actix_web::test]
async fn a_name_with_a_line_break_reaches_no_mail_header() {
    let app = App::start().await;
    let browser = app.browser();
    let form = browser.get(SIGN_UP).await.form("Continue").fill("email", EMAIL).fill("workspace", WORKSPACE);
    let page = form.forge("name", b"Asha\r\nBcc: everybody@stores.example").submit(&browser).await;
    page.assert_refused(&[("name", "Your name must be one line of plain text")]);
}

#[actix_web::test]
async fn markup_in_names_is_shown_as_typed() {
    let app = App::start().await;
    let browser = app.browser();
    let page = sign_up_to_password(&app, &browser, EMAIL, "<script>alert(1)</script>").await;
    create_account(&page, PASSWORD).submit(&browser).await.assert_leads_to(API_CREDENTIALS);
    let page = browser.get("/workspace/settings").await;
    assert!(page.has("<script>alert(1)</script>") && !page.html.contains("<script>alert"));
}

#[actix_web::test]
async fn an_email_with_an_account_gets_the_same_pages_and_no_otp() {
    let app = App::start().await;
    workspace_of(&app, OTHER).await;
    app.clock.advance(3600);
    let before = app.messages().await.len();
    let (new, known) = (app.browser(), app.browser());
    let answers =
        (ask_to_sign_up(&new, NAME, EMAIL, WORKSPACE).await, ask_to_sign_up(&known, NAME, OTHER, WORKSPACE).await);
    assert_alike((&answers.0, EMAIL), (&answers.1, OTHER));
    let pages = (new.follow(&answers.0).await, known.follow(&answers.1).await);
    assert_alike((&pages.0, "a•••••@"), (&pages.1, "r•••••@"));

    let messages = app.messages().await;
    assert_eq!(messages.len() - before, 2);
    let mail = messages.iter().find(|mail| mail.to == OTHER).unwrap();
    assert_eq!(mail.subject, "You already have an account");
    assert_eq!(mail.otp(), None);
    for link in ["/workspace/login", "/workspace/forgot-password"] {
        assert!(mail.text.contains(&app.url(link)), "{}", mail.text);
    }
    for wrong in ["", "12345", "000000", "111111", "222222", "333333", "444444", "555555"] {
        let (one, other) = (verify(&new, wrong).await, verify(&known, wrong).await);
        assert_alike((&one, "a•••••@"), (&other, "r•••••@"));
    }
}

async fn verify(browser: &crate::support::Browser, otp: &str) -> Page {
    let page = browser.get(OTP).await;
    match page.all("main form button").contains(&"Verify".to_owned()) {
        true => page.form("Verify").fill("otp", otp).submit(browser).await,
        false => page,
    }
}

async fn otp(app: &App) -> String {
    app.last_otp_for(EMAIL).await
}

#[actix_web::test]
async fn a_new_otp_for_an_email_with_an_account_is_that_mail_again() {
    let app = App::start().await;
    workspace_of(&app, EMAIL).await;
    let browser = app.browser();
    let page = go_on(&browser, &ask_to_sign_up(&browser, NAME, EMAIL, WORKSPACE).await).await;
    app.clock.advance(30);
    page.form("Send a new OTP").submit(&browser).await.assert_leads_to(OTP);
    let messages = app.messages().await;
    assert_eq!((messages[0].subject.as_str(), messages[0].otp()), ("You already have an account", None));
}

#[actix_web::test]
async fn names_typed_anew_count_and_send_no_second_otp() {
    let app = App::start().await;
    let browser = app.browser();
    ask_to_sign_up(&browser, "Old Name", EMAIL, "Old Workspace").await.assert_leads_to(OTP);
    let page = browser.get(SIGN_UP).await;
    assert_eq!(page.value("workspace").unwrap(), "Old Workspace", "the step is shown filled in");
    let page = sign_up_to_password(&app, &browser, EMAIL, "New Workspace").await;
    assert_eq!(app.messages().await.len(), 1);
    create_account(&page, PASSWORD).submit(&browser).await.assert_leads_to(API_CREDENTIALS);
    assert!(browser.get("/workspace/settings").await.has("New Workspace"));
}

#[actix_web::test]
async fn nobody_gets_past_a_step_that_is_not_done() {
    let app = App::start().await;
    let browser = app.browser();
    for path in [OTP, PASSWORD_PAGE] {
        let page = browser.get(path).await;
        page.assert_leads_to(SIGN_UP);
        assert_eq!(browser.follow(&page).await.notice().unwrap(), START_HERE);
    }
    ask_to_sign_up(&browser, NAME, EMAIL, WORKSPACE).await.assert_leads_to(OTP);
    browser.get(PASSWORD_PAGE).await.assert_leads_to(OTP);
}

#[actix_web::test]
async fn the_password_must_not_hold_what_others_know_of_its_owner() {
    let app = App::start().await;
    let browser = app.browser();
    let page = sign_up_to_password(&app, &browser, "pelican@stores.example", "Zebra Traders").await;
    for (password, told) in [
        ("green zebra 44!", "Password must not contain the name of the business"),
        ("green pelican 44!", "Password must not contain your email address"),
    ] {
        let page = create_account(&page, password).submit(&browser).await;
        page.assert_refused(&[("password", told)]);
        assert!(!page.html.contains(password));
    }
    create_account(&page, "green willow 44!").submit(&browser).await.assert_leads_to(API_CREDENTIALS);
}

#[actix_web::test]
async fn a_button_pressed_twice_makes_one_workspace_and_signs_both_answers_in() {
    let app = App::start().await;
    let browser = app.browser();
    let page = sign_up_to_password(&app, &browser, EMAIL, WORKSPACE).await;
    let (one, other) = (browser.clone_cookies(), browser.clone_cookies());
    let form = create_account(&page, PASSWORD);
    let answers = join(form.submit(&one), form.submit(&other)).await;
    answers.0.assert_leads_to(API_CREDENTIALS);
    answers.1.assert_leads_to(API_CREDENTIALS);
    // Later, with the cookies of before and with those of after.
    form.submit(&browser).await.assert_leads_to(API_CREDENTIALS);
    form.submit(&one).await.assert_leads_to(API_CREDENTIALS);
    let page = one.get("/workspace/settings").await;
    page.assert_shows("Settings");
    assert!(!page.has("Your other workspaces"));
}

#[actix_web::test]
async fn two_sessions_with_one_email_make_one_account() {
    let app = App::start().await;
    let (first, second) = (app.browser(), app.browser());
    let page = sign_up_to_password(&app, &first, EMAIL, WORKSPACE).await;
    let late = sign_up_to_password(&app, &second, EMAIL, "Other Workspace").await;
    create_account(&page, PASSWORD).submit(&first).await.assert_leads_to(API_CREDENTIALS);
    let answer = create_account(&late, OTHER_PASSWORD).submit(&second).await;
    answer.assert_leads_to(LOGIN);
    let page = second.follow(&answer).await;
    assert_eq!(page.notice().unwrap(), "This email address has an account already. Log in with it.");
    log_in(&second, EMAIL, OTHER_PASSWORD)
        .await
        .assert_refused(&[("username", "The username or password is not right")]);
}

#[actix_web::test]
async fn whoever_is_signed_in_needs_no_account() {
    let app = App::start().await;
    let browser = workspace_of(&app, EMAIL).await;
    for path in [SIGN_UP, OTP, PASSWORD_PAGE, LOGIN] {
        browser.get(path).await.assert_leads_to(API_CREDENTIALS);
    }
}

#[actix_web::test]
async fn only_five_otps_an_hour_go_to_one_email() {
    let app = App::start().await;
    for _ in 0..5 {
        ask_to_sign_up(&app.browser(), NAME, EMAIL, WORKSPACE).await.assert_leads_to(OTP);
    }
    let page = ask_to_sign_up(&app.browser(), NAME, EMAIL, WORKSPACE).await;
    page.assert_error_page(429, "Too many OTPs");
    assert_eq!(app.messages().await.len(), 5);
}
