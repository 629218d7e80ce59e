//! Walks of the GST portal, each step by the form that is on the page.

use sanad::kernel::taxpayer::Taxpayer;
use sanad::store::taxpayers::{self, Source};

use super::samples::{ACME, PASSWORD};
use super::walk::go_on;
use super::{App, Browser, FormFill, Message, Page, Sample};

/// The username that `signed_in` has chosen.
pub const USERNAME: &str = "acmegst01";

/// The subject of M10.
pub const FIRST_PASSWORD_SUBJECT: &str = "Your first-time password";

/// Types a GSTIN into "First time login" and presses "Send first-time password".
pub async fn ask_first_password(browser: &Browser, gstin: &str) -> Page {
    let page = browser.get("/gst/first-login").await;
    page.form("Send first-time password").fill("gstin", gstin).submit(browser).await
}

/// The newest first-time password mailed to `who`.
pub async fn first_password(app: &App, who: &Sample) -> String {
    first_passwords(app, who).await.into_iter().next().expect("a first-time password was mailed")
}

/// Every first-time password mailed to the first address of `who`, the newest first.
pub async fn first_passwords(app: &App, who: &Sample) -> Vec<String> {
    let messages = app.messages().await;
    let mails = messages.iter().filter(|mail| mail.subject == FIRST_PASSWORD_SUBJECT && mail.to == who.email);
    mails.map(first_password_in).collect()
}

/// The only line of the mail that is a single word.
pub fn first_password_in(mail: &Message) -> String {
    let mut words = mail.text.lines().filter(|line| !line.is_empty() && !line.contains(' '));
    let password = words.next().expect("a line that is a single word");
    assert_eq!(words.next(), None, "one such line only: {}", mail.text);
    password.to_owned()
}

/// Types a first-time password into the page and presses "LOGIN".
pub async fn type_first_password(browser: &Browser, page: &Page, password: &str) -> Page {
    page.form("LOGIN").fill("password", password).submit(browser).await
}

/// At "New credentials" of `who`.
pub async fn at_credentials(app: &App, browser: &Browser, who: &Sample) -> Page {
    let page = go_on(browser, &ask_first_password(browser, who.gstin).await).await;
    let answer = type_first_password(browser, &page, &first_password(app, who).await).await;
    answer.assert_leads_to("/gst/first-login/credentials");
    browser.follow(&answer).await
}

/// The form of "New credentials", with `password` in both fields.
pub fn credentials_form(page: &Page, username: &str, password: &str) -> FormFill {
    let form = page.form("Submit").fill("username", username);
    form.fill("password", password).fill("confirm_password", password)
}

/// Walks "First time login" of `who` to its end; the browser stands at the login page and is not signed in.
pub async fn first_login(app: &App, who: &Sample, username: &str, password: &str) -> Browser {
    let browser = app.browser();
    let page = at_credentials(app, &browser, who).await;
    let answer = credentials_form(&page, username, password).submit(&browser).await;
    answer.assert_leads_to("/gst/login");
    browser.follow(&answer).await.assert_shows("Login");
    browser
}

/// Types a username and a password into the GST login page, and returns its answer.
pub async fn log_in(browser: &Browser, username: &str, password: &str) -> Page {
    log_in_at(browser, "/gst/login", username, password).await
}

/// The same at a login page that knows where to lead to.
pub async fn log_in_at(browser: &Browser, address: &str, username: &str, password: &str) -> Page {
    let form = browser.get(address).await.form("LOGIN").fill("username", username);
    form.fill("password", password).submit(browser).await
}

/// A browser on the dashboard of ACME, as `USERNAME` with `PASSWORD`, for the first time.
pub async fn signed_in(app: &App) -> Browser {
    signed_in_as(app, &ACME, USERNAME).await
}

/// A browser on the dashboard of `who`, for the first time.
pub async fn signed_in_as(app: &App, who: &Sample, username: &str) -> Browser {
    let browser = first_login(app, who, username, PASSWORD).await;
    let answer = log_in(&browser, username, PASSWORD).await;
    answer.assert_leads_to("/gst/dashboard");
    browser.follow(&answer).await.assert_shows("Dashboard");
    browser
}

/// The address of Manage API Access.
pub const API_ACCESS: &str = "/gst/profile/api-access";

/// Opens Manage API Access, chooses Yes and `duration` and presses "CONFIRM".
pub async fn choose_yes(browser: &Browser, duration: &str) -> Page {
    let form = browser.get(API_ACCESS).await.form("CONFIRM").fill("enable", "yes");
    form.fill("duration", duration).submit(browser).await
}

/// Opens Manage API Access, chooses No and presses "CONFIRM".
pub async fn choose_no(browser: &Browser) -> Page {
    let page = browser.get(API_ACCESS).await;
    page.form("CONFIRM").fill("enable", "no").submit(browser).await
}

/// A browser of ACME that has just switched API access on.
pub async fn with_api_access(app: &App, duration: &str) -> Browser {
    let browser = signed_in(app).await;
    go_on(&browser, &choose_yes(&browser, duration).await).await;
    browser
}

/// A browser of ACME that logs in anew, because time has passed.
pub async fn signed_in_again(app: &App) -> Browser {
    let browser = app.browser();
    log_in(&browser, USERNAME, PASSWORD).await.assert_leads_to("/gst/dashboard");
    browser
}

/// Changes what the register knows of a GSTIN, as the next import would.
pub async fn change_register(app: &App, gstin: &'static str, change: impl Fn(&mut Taxpayer) + Send + 'static) {
    let now = app.clock.now();
    let changed = app.kit.store.write(move |c| {
        let mut taxpayer = taxpayers::find(c, gstin)?.expect("the register has it");
        change(&mut taxpayer);
        taxpayers::upsert(c, &[taxpayer], Source::Import, now)
    });
    changed.await.unwrap();
}

/// A password that is nobody's.
pub const WRONG_PASSWORD: &str = "three small bushes 5";

/// Ten wrong passwords for `username`, each as soon as it is let through; the answers.
pub async fn lock(app: &App, username: &str) -> Vec<Page> {
    let mut answers = Vec::new();
    for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16, 32] {
        app.clock.advance(wait);
        answers.push(log_in(&app.browser(), username, WRONG_PASSWORD).await);
    }
    answers
}
