//! The walk of a taxpayer through the GST portal, in steps; each begins on the page where the one before ended.

use super::screen::{Screen, Scripts};

const GSTIN: &str = "29ABCDE1234F1ZW";
const USERNAME: &str = "acmegst01";
const PASSWORD: &str = "four tall trees 7";

/// Labels of fields that must be filled in, as they are read out.
const USERNAME_LABEL: &str = "Username • required";
const PASSWORD_LABEL: &str = "Password • required";
const DURATION_LABEL: &str = "Duration • required";

const FIRST_LOGIN: &str = "First time login";
const CREDENTIALS: &str = "New credentials";
const API_ACCESS: &str = "Manage API Access";

/// Everything, from the login page to signing out.
pub async fn walk(screen: &Screen, scripts: Scripts) {
    log_in_for_the_first_time(screen).await;
    choose_credentials(screen).await;
    log_in(screen).await;
    see_profile(screen).await;
    switch_on_api_access(screen, scripts).await;
    see_dashboard(screen).await;
    see_notices(screen).await;
    come_back(screen).await;
}

/// From the login page, with a wrong first-time password first; ends where the username is chosen.
async fn log_in_for_the_first_time(screen: &Screen) {
    screen.visit("/gst").await;
    screen.shows("Login", "gst-login").await;
    screen.press("LOGIN").await;
    screen.refuses("Login", "Enter your username", "gst-login-error").await;
    screen.follow("here for first time login").await;
    screen.shows(FIRST_LOGIN, "gst-first-login").await;

    screen.fill("Provisional ID/GSTIN/UIN", GSTIN).await;
    screen.press("Send first-time password").await;
    screen.shows(FIRST_LOGIN, "gst-first-login-sent").await;
    screen.fill("Password", "k7qm-x2vd-9tnw").await;
    screen.press("LOGIN").await;
    let sentence = "That first-time password is not right. Check it and try again.";
    screen.refuses(FIRST_LOGIN, sentence, "gst-first-login-error").await;

    let password = read_first_password(screen).await;
    screen.fill("Password", &password).await;
    screen.press("LOGIN").await;
    screen.shows(CREDENTIALS, "gst-credentials").await;
}

/// A username without a digit first; ends on the login page.
async fn choose_credentials(screen: &Screen) {
    screen.fill("New username", "acmestores").await;
    screen.fill("New password", PASSWORD).await;
    screen.fill("Re-confirm password", PASSWORD).await;
    screen.press("Submit").await;
    screen.refuses(CREDENTIALS, "Username must have at least one digit", "gst-credentials-error").await;
    assert_eq!(screen.value("New username").await, "acmestores", "what was typed is kept");
    assert_eq!(screen.value("New password").await, "", "a password is never shown again");

    screen.fill("New username", USERNAME).await;
    screen.fill("New password", PASSWORD).await;
    screen.fill("Re-confirm password", PASSWORD).await;
    screen.press("Submit").await;
    screen.shows("Login", "gst-login-set").await;
    assert_eq!(screen.value(USERNAME_LABEL).await, USERNAME);
}

async fn log_in(screen: &Screen) {
    screen.fill(PASSWORD_LABEL, PASSWORD).await;
    screen.press("LOGIN").await;
    screen.shows("Dashboard", "gst-dashboard-first").await;
    let text = screen.text().await;
    assert!(text.contains("This is your first login.") && text.contains("\nOff\n"), "{text}");
}

async fn see_profile(screen: &Screen) {
    screen.follow("View Profile").await;
    screen.shows("Profile", "gst-profile").await;
    screen.find("summary").await.click().await.unwrap();
    screen.await_text("Asha Rao").await;
    for (tab, heading, picture) in [
        ("Place of Business", "Place of Business", "gst-place-of-business"),
        ("Contacts", "Contacts", "gst-contacts"),
        ("Other Business", "Other Business", "gst-other-business"),
    ] {
        screen.follow(tab).await;
        screen.shows(heading, picture).await;
    }
}

/// Nothing chosen first; ends with access on for 30 days.
async fn switch_on_api_access(screen: &Screen, scripts: Scripts) {
    screen.follow(API_ACCESS).await;
    screen.shows(API_ACCESS, "gst-api-access").await;
    let duration = screen.find("#duration").await;
    assert!(!duration.is_displayed().await.unwrap(), "the duration shows with Yes");
    screen.press("CONFIRM").await;
    screen.refuses(API_ACCESS, "Select Yes or No for Enable API Request", "gst-api-access-error").await;
    screen.find("[role=alert] a").await.click().await.unwrap();
    screen.await_focus("#enable").await;

    screen.find("input[name=enable][value=yes]").await.click().await.unwrap();
    screen.field(DURATION_LABEL).await.send_keys("30 days").await.unwrap();
    assert_eq!(screen.value(DURATION_LABEL).await, "30d");
    let told = "document.querySelector('.dur [role=status]')?.textContent.startsWith('Access would end on ') ?? false";
    assert_eq!(screen.ask(told).await, scripts == Scripts::On, "the preview is what script adds");
    screen.press("CONFIRM").await;
    screen.shows(API_ACCESS, "gst-api-access-on").await;
    let text = screen.text().await;
    assert!(text.contains("API access is on until ") && text.contains("Add to calendar"), "{text}");
}

async fn see_dashboard(screen: &Screen) {
    screen.follow("Dashboard").await;
    screen.shows("Dashboard", "gst-dashboard").await;
    let text = screen.text().await;
    assert!(text.contains("Welcome ACME PRIVATE LIMITED to GST Common Portal"), "{text}");
    assert!(text.contains(" days left)") && text.contains("127.0.0.1"), "{text}");
    screen.follow("CREATE CHALLAN >").await;
    screen.shows("This is not part of this service", "gst-not-here").await;
    screen.follow("Go to the dashboard").await;
}

async fn see_notices(screen: &Screen) {
    screen.follow("VIEW NOTICE(S) AND ORDER(S) >").await;
    screen.shows("Notices and orders", "gst-notices").await;
    let text = screen.text().await;
    assert!(text.contains("API access switched on until ") && text.contains("Account created"), "{text}");
}

/// Out and in again: now there is a last login.
async fn come_back(screen: &Screen) {
    screen.press("Sign out").await;
    screen.shows("Login", "gst-login-signed-out").await;
    screen.fill(USERNAME_LABEL, &USERNAME.to_uppercase()).await;
    screen.fill(PASSWORD_LABEL, PASSWORD).await;
    screen.press("LOGIN").await;
    screen.shows("Dashboard", "gst-dashboard-again").await;
    let text = screen.text().await;
    assert!(text.contains("Last logged in on") && !text.contains("This is your first login."), "{text}");
    screen.take_picture_for_readme("gst").await;
    screen.press("Sign out").await;
    screen.follow("Forgot Username").await;
    screen.shows("Forgot Username", "gst-forgot-username").await;
    screen.follow("Back to log in").await;
    screen.follow("Forgot Password").await;
    screen.shows("Forgot Password", "gst-forgot-password").await;
}

/// The newest first-time password: the only line of its mail that is a single word.
async fn read_first_password(screen: &Screen) -> String {
    let texts = "Array.from(document.querySelectorAll('article pre'), message => message.innerText)";
    let messages = screen.in_second_window("/demo/messages", texts).await;
    let mail = messages.as_array().unwrap().iter().filter_map(|message| message.as_str());
    let mail = mail.into_iter().find(|text| text.starts_with("Your first-time password for GSTIN"));
    let word = mail.unwrap().lines().find(|line| !line.is_empty() && !line.contains(' '));
    word.unwrap().to_owned()
}
