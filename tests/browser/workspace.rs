//! The walks of a workspace, in steps; each begins on the page where the one before ended.

use super::screen::Screen;
use super::walk::{self, read_otp};

const EMAIL: &str = "owner@acme.example";
const PASSWORD: &str = "seven blue boats 5";
const API_CREDENTIALS: &str = "API credentials";
const CLEARIRP: &str = "ClearIRP API credentials";

/// Registers now from the workspace and comes back with the credentials.
pub async fn register_and_come_back(screen: &Screen) {
    create_workspace(screen).await;
    add_gstin(screen).await;
    register_now(screen).await;
    come_back(screen).await;
}

/// Adds credentials that exist in the IRP, tests them, and changes a forgotten API password.
pub async fn add_existing_and_test(screen: &Screen) {
    walk::check_eligibility(screen).await;
    walk::tell_contact(screen).await;
    walk::prove_contact(screen).await;
    walk::create_account(screen).await;
    walk::create_credentials(screen).await;
    screen.press("Sign out").await;
    create_workspace(screen).await;
    add_gstin(screen).await;
    add_existing(screen).await;
}

/// From the login page, with an empty form first; ends on the empty list of API credentials.
async fn create_workspace(screen: &Screen) {
    screen.visit("/workspace").await;
    screen.shows("Log in", "workspace-login").await;
    // In the header and below the form: either leads there.
    screen.follow("Create a workspace").await;
    screen.shows("Create a workspace", "workspace-sign-up").await;
    screen.press("Continue").await;
    screen.refuses("Create a workspace", "Enter your name", "workspace-sign-up-error").await;
    screen.fill("Your name", "Asha Rao").await;
    screen.fill("Work email", EMAIL).await;
    screen.fill("Workspace name", "Acme Stores").await;
    screen.press("Continue").await;
    screen.shows("Check your email and phone", "workspace-sign-up-otp").await;
    let otp = read_otp(screen, "create a workspace").await;
    screen.fill("OTP", &otp).await;
    screen.press("Verify").await;
    screen.shows("Create a password for your account", "workspace-sign-up-password").await;
    screen.fill("Create a password", PASSWORD).await;
    screen.fill("Confirm password", PASSWORD).await;
    screen.press("Create Account").await;
    screen.shows(API_CREDENTIALS, "workspace-api-credentials-empty").await;
}

async fn add_gstin(screen: &Screen) {
    screen.visit("/workspace/settings").await;
    screen.shows("Settings", "workspace-settings").await;
    screen.follow("GSTINs").await;
    screen.shows("GSTINs", "workspace-gstins-empty").await;
    screen.fill("GSTIN", walk::GSTIN).await;
    screen.press("Add GSTIN").await;
    screen.shows("GSTINs", "workspace-gstins").await;
    assert!(screen.text().await.contains(walk::GSTIN));
}

/// Through the whole registration; ends on "API credentials created".
async fn register_now(screen: &Screen) {
    screen.visit("/workspace/settings/api-credentials/clearirp").await;
    screen.shows(CLEARIRP, "workspace-clearirp").await;
    screen.follow("Register now").await;
    screen.shows("Register a GSTIN on ClearIRP", "workspace-register").await;
    let choose = format!("document.querySelector('select option:nth-child(2)').value === '{}'", walk::GSTIN);
    assert_eq!(screen.ask(&choose).await, true);
    screen.find("select option:nth-child(2)").await.click().await.unwrap();
    screen.press("Continue").await;
    screen.shows("Check your GSTIN details", "workspace-register-details").await;
    assert!(screen.text().await.contains("Back to workspace"));
    walk::tell_contact(screen).await;
    walk::prove_contact(screen).await;
    walk::create_account(screen).await;
    walk::create_credentials(screen).await;
    let text = screen.text().await;
    assert!(text.contains("created in the IRP and saved in the e-Invoicing workspace."), "{text}");
}

async fn come_back(screen: &Screen) {
    screen.follow("Back to workspace").await;
    screen.shows(API_CREDENTIALS, "workspace-api-credentials").await;
    let text = screen.text().await;
    assert!(text.contains(walk::API_USERNAME) && text.contains("Working"), "{text}");
    screen.take_picture_for_readme("workspace").await;
}

/// A wrong password first; ends on the list with the credentials working.
async fn add_existing(screen: &Screen) {
    screen.visit(&format!("/workspace/settings/api-credentials/clearirp?gstin={}", walk::GSTIN)).await;
    screen.fill("API username", walk::API_USERNAME).await;
    screen.fill("API password", "blue kettle 58 hills").await;
    screen.press("Save and Submit").await;
    let sentence = "The IRP did not accept this API username and password for 29ABCDE1234F1ZW.";
    screen.refuses(CLEARIRP, sentence, "workspace-clearirp-error").await;
    screen.fill("API password", "green lamp 42 roads").await;
    screen.press("Save and Submit").await;
    screen.shows(API_CREDENTIALS, "workspace-api-credentials-saved").await;
    screen.press(&format!("Test these credentials {}", walk::GSTIN)).await;
    screen.shows(API_CREDENTIALS, "workspace-api-credentials-tested").await;
    assert!(screen.text().await.contains("Working"));
}
