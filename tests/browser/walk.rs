//! The walk of a taxpayer through the IRP, in steps; each begins on the page where the one before ended.

use super::screen::Screen;

pub const GSTIN: &str = "29ABCDE1234F1ZW";
pub const PASSWORD: &str = "four tall trees 7";
pub const API_USERNAME: &str = "acme_irp_01";

const CHECK: &str = "Check if your GSTIN is eligible for e-invoicing";
const CONTACT: &str = "Enter the registered email address and phone number";
const OTP: &str = "Check your email and phone";
const CREATE_PASSWORD: &str = "Create a password for your account";

/// The start page and step 1, with a typing error first; ends on the details.
pub async fn check_eligibility(screen: &Screen) {
    screen.visit("/irp").await;
    screen.shows("Register your GSTIN and get API credentials", "start").await;
    screen.follow("Check eligibility").await;
    screen.shows(CHECK, "eligibility").await;

    screen.fill("GSTIN", "29ABCDE1234F1Z").await;
    screen.press("Continue").await;
    let sentence = "GSTIN must be 15 characters. You entered 14.";
    screen.refuses(CHECK, sentence, "eligibility-error").await;
    assert_eq!(screen.value("GSTIN").await, "29ABCDE1234F1Z", "what was typed is kept");
    screen.find("[role=alert] a").await.click().await.unwrap();
    screen.await_focus("#gstin").await;

    screen.fill("GSTIN", &GSTIN.to_lowercase()).await;
    screen.press("Continue").await;
    screen.shows("Check your GSTIN details", "details").await;
    assert!(screen.text().await.contains("ACME PRIVATE LIMITED"));
}

/// Steps 2 and 3; ends where the OTP is asked for.
pub async fn tell_contact(screen: &Screen) {
    screen.press("Confirm and Continue").await;
    screen.shows(CONTACT, "contact").await;
    screen.fill("Email address", "billing@acme.example").await;
    screen.press("Submit").await;
    screen.refuses(CONTACT, "Enter the registered phone number", "contact-error").await;
    assert_eq!(screen.value("Email address").await, "billing@acme.example", "what was typed is kept");

    screen.fill("Phone number", "+91 98765 43210").await;
    screen.press("Submit").await;
    screen.shows(OTP, "otp").await;
    let text = screen.text().await;
    assert!(text.contains("b•••••@acme.example") && text.contains("••••••3210"), "{text}");
}

/// Step 4, with a digit too few first; ends on the page that says so.
pub async fn prove_contact(screen: &Screen) {
    let otp = read_otp(screen, "register").await;
    screen.fill("OTP", &otp[1..]).await;
    screen.press("Verify").await;
    screen.refuses(OTP, "The OTP must be 6 digits. You entered 5.", "otp-error").await;
    assert_eq!(screen.value("OTP").await, "", "an OTP is never shown again");

    screen.fill("OTP", &format!("{} {}", &otp[..3], &otp[3..])).await;
    screen.press("Verify").await;
    screen.shows("Email address and phone number verified", "verified").await;
    screen.await_focus("h1").await;
}

/// Step 5, with a weak password first; ends on the page that the account is created.
pub async fn create_account(screen: &Screen) {
    screen.follow("Continue").await;
    screen.shows(CREATE_PASSWORD, "password").await;
    assert_eq!(screen.value("Username").await, GSTIN);
    screen.fill("Create a password", "Password@1").await;
    screen.fill("Confirm password", "Password@1").await;
    screen.press("Create Account").await;
    let sentence = "Choose a password that is harder to guess. This one is on a list of common passwords.";
    screen.refuses(CREATE_PASSWORD, sentence, "password-error").await;
    assert_eq!(screen.value("Create a password").await, "", "a password is never shown again");

    screen.fill("Create a password", PASSWORD).await;
    screen.fill("Confirm password", PASSWORD).await;
    screen.press("Create Account").await;
    screen.shows("Account created", "done").await;
    assert!(screen.text().await.contains(&format!("Your username is {GSTIN}.")));
}

/// Step 6, with a username too short first; ends on the page that the credentials are saved.
pub async fn create_credentials(screen: &Screen) {
    screen.follow("Create API credentials").await;
    screen.shows("Create API credentials", "api-new").await;
    screen.fill("API username", "acme").await;
    screen.fill("API password", "green lamp 42 roads").await;
    screen.fill("Confirm API password", "green lamp 42 roads").await;
    screen.press("Save and submit").await;
    let sentence = "API username must be between 6 and 30 characters";
    screen.refuses("Create API credentials", sentence, "api-new-error").await;

    screen.fill("API username", API_USERNAME).await;
    screen.fill("API password", "green lamp 42 roads").await;
    screen.fill("Confirm API password", "green lamp 42 roads").await;
    screen.press("Save and submit").await;
    screen.shows("API credentials created", "api-saved").await;
    assert!(screen.text().await.contains(API_USERNAME));
}

/// The page of the credentials, where the password is masked.
pub async fn see_credentials(screen: &Screen) {
    screen.follow("Go to API credentials").await;
    screen.shows("API credentials", "api-index").await;
    let text = screen.text().await;
    assert!(text.contains(API_USERNAME) && text.contains("••••••••") && text.contains("Never used"), "{text}");
    assert!(!screen.ask("document.documentElement.outerHTML").await.to_string().contains("green lamp"));
}

/// What software needs besides, and the help for when it does not work; ends on the page of the credentials again.
pub async fn use_in_software(screen: &Screen) {
    screen.follow("Use them in software").await;
    screen.shows("Use the API credentials in software", "api-use").await;
    let text = screen.text().await;
    assert!(text.contains("/eivital/v1.04") && text.contains("openssl pkeyutl"), "{text}");
    screen.follow("Error codes of software").await;
    screen.shows("Error codes of software", "help-error-codes").await;
    screen.follow("Which of my passwords is this?").await;
    screen.shows("Which of my passwords is this?", "help-passwords").await;
    screen.visit("/irp/api-credentials").await;
}

/// Another API password, by an OTP of its own; ends on the page that it is changed.
pub async fn change_api_password(screen: &Screen) {
    screen.press("Change password").await;
    screen.shows(OTP, "api-otp").await;
    let otp = read_otp(screen, "CHANGE the API password").await;
    screen.fill("OTP", &otp).await;
    screen.press("Continue").await;
    screen.shows("Change API password", "api-change").await;
    assert_eq!(screen.value("API username").await, API_USERNAME);
    assert_eq!(screen.field("API username").await.attr("readonly").await.unwrap().as_deref(), Some("true"));

    screen.fill("New API password", "blue kettle 58 hills").await;
    screen.fill("Confirm new API password", "blue kettle 85 hills").await;
    screen.press("Save and submit").await;
    screen.refuses("Change API password", "The API passwords do not match", "api-change-error").await;
    screen.fill("New API password", "blue kettle 58 hills").await;
    screen.fill("Confirm new API password", "blue kettle 58 hills").await;
    screen.press("Save and submit").await;
    screen.shows("API password changed", "api-changed").await;
}

/// Out, a wrong password, in again, out again and to the forgotten password.
pub async fn come_and_go(screen: &Screen) {
    screen.press("Sign out").await;
    screen.shows("Log in", "login-signed-out").await;
    assert!(screen.text().await.contains("You are signed out."));
    screen.fill("Username", GSTIN).await;
    screen.fill("Password", "four tall trees 8").await;
    screen.press("Login").await;
    screen.refuses("Log in", "The username or password is not right", "login-error").await;
    assert_eq!(screen.value("Username").await, GSTIN, "what was typed is kept");

    screen.fill("Password", PASSWORD).await;
    screen.press("Login").await;
    screen.shows("API credentials", "api-index-again").await;
    screen.press("Sign out").await;
    screen.follow("Forgot password?").await;
    screen.shows("Forgot password", "forgot-password").await;
}

/// The newest OTP for a purpose, read in a second window under "Open the messages".
pub async fn read_otp(screen: &Screen, purpose: &str) -> String {
    let texts = "Array.from(document.querySelectorAll('article pre'), message => message.innerText)";
    let messages = screen.in_second_window("/demo/messages", texts).await;
    let words = format!(" is your OTP to {purpose}");
    let otp = messages.as_array().unwrap().iter().find_map(|message| {
        let (code, rest) = message.as_str()?.split_at_checked(6)?;
        (rest.starts_with(&words) && code.bytes().all(|byte| byte.is_ascii_digit())).then(|| code.to_owned())
    });
    otp.unwrap_or_else(|| panic!("no OTP to {purpose} in {messages}"))
}

/// Everything, from the start page to the forgotten password.
pub async fn walk(screen: &Screen) {
    check_eligibility(screen).await;
    tell_contact(screen).await;
    prove_contact(screen).await;
    create_account(screen).await;
    create_credentials(screen).await;
    see_credentials(screen).await;
    screen.take_picture_for_readme("walk").await;
    use_in_software(screen).await;
    change_api_password(screen).await;
    come_and_go(screen).await;
}
