//! Walks to and through the ways of signing in: a door that strangers have shut, the OTP before the password, an
//! authenticator app.

use sanad::kernel::clock::{Clock, Moment};
use totp_rs::{Algorithm, Builder, Secret};

use super::machine::last_otp;
use super::samples::PASSWORD;
use super::walk::go_on;
use super::{App, Browser, FormFill, Page};

/// Satisfies every rule and is nobody's.
pub const WRONG: &str = "three small bushes 5";

/// The form of a portal's login page.
pub async fn login_form(browser: &Browser, portal: &str, username: &str, password: &str) -> FormFill {
    let page = browser.get(&format!("{portal}/login")).await;
    let form = page.form(if portal == "/gst" { "LOGIN" } else { "Login" });
    form.fill("username", username).fill("password", password)
}

/// Types a username and a password into a portal's login page, and returns its answer.
pub async fn log_in_at(browser: &Browser, portal: &str, username: &str, password: &str) -> Page {
    login_form(browser, portal, username, password).await.submit(browser).await
}

/// Ten wrong passwords from new browsers, each as soon as it is let in: strangers are locked out. Takes 62 seconds.
pub async fn shut_door(app: &App, portal: &str, username: &str) {
    for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16, 32] {
        app.clock.advance(wait);
        log_in_at(&app.browser(), portal, username, WRONG).await;
    }
    let shut = log_in_at(&app.browser(), portal, username, PASSWORD).await;
    shut.assert_error_page(429, "Your account is locked for 15 minutes");
}

/// The page that asks for the OTP that comes before the password.
pub async fn ask_otp_first(browser: &Browser, portal: &str, username: &str) -> Page {
    let page = browser.get(&format!("{portal}/login/otp-first")).await;
    page.form("Continue").fill("username", username).submit(browser).await
}

/// A secret that an authenticator app holds.
pub struct Phone(Secret);

impl Phone {
    /// Types the secret of the page into the app.
    pub fn of(page: &Page) -> Self {
        Self::of_secret(&page.all("code").first().unwrap().replace('-', "").to_uppercase())
    }

    /// Types a secret into the app.
    pub fn of_secret(base32: &str) -> Self {
        Self(Secret::try_from_base32(base32).unwrap())
    }

    /// What the app shows then.
    pub fn code(&self, now: Moment) -> String {
        let app = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_step_duration(30);
        let app = app.with_secret(self.0.clone()).build_noncompliant();
        app.generate(u64::try_from(now.seconds()).unwrap()).to_string()
    }
}

/// At the page with the QR code, in a signed-in browser of whoever gets OTPs at `email`.
pub async fn at_new_authenticator(app: &App, browser: &Browser, portal: &str, email: &str) -> Page {
    prove_for_authenticator(browser, portal, async || app.last_otp_for(email).await).await
}

async fn prove_for_authenticator(browser: &Browser, portal: &str, otp: impl AsyncFnOnce() -> String) -> Page {
    let page = browser.get(&format!("{portal}/account/authenticator")).await;
    let page = go_on(browser, &page.form("Add an authenticator app").submit(browser).await).await;
    go_on(browser, &page.form("Continue").fill("otp", &otp().await).submit(browser).await).await
}

/// Adds an authenticator app: the phone and the page with the recovery codes.
pub async fn add_authenticator(app: &App, browser: &Browser, portal: &str, email: &str) -> (Phone, Page) {
    let page = at_new_authenticator(app, browser, portal, email).await;
    scan(browser, &page, app.clock.now()).await
}

/// The same at a program of its own, for whoever got the newest OTP there.
pub async fn add_authenticator_at(browser: &Browser, portal: &str) -> (Phone, Page) {
    let page = prove_for_authenticator(browser, portal, async || last_otp(browser).await).await;
    scan(browser, &page, Clock::system().now()).await
}

/// Scans the QR code of the page and types what the app shows.
async fn scan(browser: &Browser, page: &Page, now: Moment) -> (Phone, Page) {
    let phone = Phone::of(page);
    let form = page.form("Add the app").fill("code", &phone.code(now));
    (phone, go_on(browser, &form.submit(browser).await).await)
}
