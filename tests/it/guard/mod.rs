//! What stands between an account and everybody who is not its owner (`security.md` 3.1, 3.2): known browsers, the OTP
//! that opens a shut door, the second factor, the limits on guessing. In every portal where it matters.

mod authenticator;
mod known_browser;
mod more_digits;
mod new_device;
mod otp_first;
mod sameness;
mod second_factor;
mod sign_in_otp;
mod strangers;
mod stuffing;

use diesel::RunQueryDsl as _;
use diesel::sql_types::Text;
use sanad::kernel::portal::Portal;
use sanad::store::accounts;

use crate::support::samples::{ACME, PASSWORD};
use crate::support::walk::registered;
use crate::support::walk_gst::{USERNAME, first_login};
use crate::support::walk_sign_in::{Phone, WRONG, add_authenticator, ask_otp_first, log_in_at};
use crate::support::walk_workspace::workspace_of;
use crate::support::{App, Browser, Page};

const WRONG_LOGIN: &str = "The username or password is not right";
const WRONG_OTP: &str = "That OTP is not right. Check it and try again.";
const LOCKED: &str = "Your account is locked for 15 minutes";
const TOO_MANY: &str = "Too many tries";
const OTP_FIRST: &str = "Log in with an OTP first";
const START_HERE: &str = "Start here. We need this before the next step.";
const ASKS_CODE: &str = "Enter the code of your authenticator app";
const CODE_WRONG: &str = "That code is not right. Check it and try again.";
const CODE_USED: &str = "That code was used already. Wait until the app shows the next one.";
const NEW_LOGIN: &str = "New login to your account";
const DAY: i64 = 24 * 60 * 60;
const HOUR: i64 = 60 * 60;
const LOCK: i64 = 15 * 60;

/// Somebody with an account in one portal, or about to have one.
#[derive(Debug, Clone, Copy)]
struct Owner {
    portal: Portal,
    /// What the portal's addresses begin with.
    at: &'static str,
    username: &'static str,
    /// Nobody's username, as long.
    nobody: &'static str,
    /// Gets the OTPs.
    email: &'static str,
    landing: &'static str,
}

const IRP: Owner = Owner {
    portal: Portal::Irp,
    at: "/irp",
    username: ACME.gstin,
    nobody: "27ABCDE1234F1Z0",
    email: ACME.email,
    landing: "/irp/api-credentials",
};
const GST: Owner = Owner {
    portal: Portal::Gst,
    at: "/gst",
    username: USERNAME,
    nobody: "nobody123",
    email: ACME.email,
    landing: "/gst/dashboard",
};
const WORKSPACE: Owner = Owner {
    portal: Portal::Workspace,
    at: "/workspace",
    username: "pelican@stores.example",
    nobody: "nobodys@stores.example",
    email: "pelican@stores.example",
    landing: "/workspace/settings/api-credentials",
};
const OWNERS: [Owner; 3] = [IRP, GST, WORKSPACE];

impl Owner {
    /// An address of the portal.
    fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.at)
    }

    /// Makes the account as people do, with `PASSWORD`. The browser is signed in; in the GST portal it is not.
    async fn with_account(&self, app: &App) -> Browser {
        match self.portal {
            Portal::Irp => registered(app).await,
            Portal::Gst => first_login(app, &ACME, USERNAME, PASSWORD).await,
            Portal::Workspace => workspace_of(app, self.email).await,
        }
    }

    /// The same, signed out.
    async fn at_the_door(&self, app: &App) -> Browser {
        let browser = self.with_account(app).await;
        if self.portal != Portal::Gst {
            self.sign_out(&browser).await;
        }
        browser
    }

    async fn log_in(&self, browser: &Browser, password: &str) -> Page {
        log_in_at(browser, self.at, self.username, password).await
    }

    /// Makes the account and signs in, whatever the setting asks for besides the password.
    async fn inside(&self, app: &App) -> Browser {
        let browser = self.with_account(app).await;
        if self.portal == Portal::Gst {
            self.come_in(app, &browser).await;
        }
        browser
    }

    /// Signs in, with an OTP when one is asked for.
    async fn come_in(&self, app: &App, browser: &Browser) {
        let mut answer = self.log_in(browser, PASSWORD).await;
        if answer.header("location") == self.path("/login/otp") {
            let form = browser.follow(&answer).await.form("Continue").fill("otp", &app.last_otp_for(self.email).await);
            answer = form.submit(browser).await;
        }
        answer.assert_leads_to(self.landing);
    }

    /// At the page that asks for the code of the authenticator app, after the right password.
    async fn at_code(&self, browser: &Browser) -> Page {
        let answer = self.log_in(browser, PASSWORD).await;
        answer.assert_leads_to(&self.path("/login/otp"));
        let page = browser.follow(&answer).await;
        page.assert_shows(ASKS_CODE);
        page
    }

    /// Signs in with the password and what the app shows now, or a recovery code.
    async fn log_in_with_code(&self, browser: &Browser, code: &str) -> Page {
        let page = self.at_code(browser).await;
        type_code(browser, &page, code).await
    }

    /// Makes the account and adds an app: the signed-in browser, the phone and the recovery codes. The code that the
    /// phone shows now is used up.
    async fn with_app(&self, app: &App) -> (Browser, Phone, Vec<String>) {
        let browser = self.inside(app).await;
        let (phone, page) = add_authenticator(app, &browser, self.at, self.email).await;
        page.assert_shows("Keep your recovery codes");
        (browser, phone, page.all("main li code"))
    }

    /// A new browser, signed in with the password alone.
    async fn signed_in(&self, app: &App) -> Browser {
        let browser = app.browser();
        self.log_in(&browser, PASSWORD).await.assert_leads_to(self.landing);
        browser
    }

    /// A wrong password from a browser that nobody has used.
    async fn fail(&self, app: &App) -> Page {
        self.log_in(&app.browser(), WRONG).await
    }

    /// Ten wrong passwords from new browsers: strangers are locked out. Takes 62 seconds.
    async fn shut(&self, app: &App) {
        let mut last = None;
        for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16, 32] {
            app.clock.advance(wait);
            last = Some(self.fail(app).await);
        }
        last.unwrap().assert_error_page(429, LOCKED);
    }

    async fn sign_out(&self, browser: &Browser) {
        let answer = browser.get(self.landing).await.form("Sign out").submit(browser).await;
        answer.assert_leads_to(&self.path("/login?signed-out=yes"));
    }

    /// While strangers are locked out: the password is right there, and it is let in.
    async fn assert_known(&self, browser: &Browser) {
        self.log_in(browser, PASSWORD).await.assert_leads_to(self.landing);
    }

    /// While strangers are locked out: no password is looked at.
    async fn assert_stranger(&self, browser: &Browser) {
        self.log_in(browser, PASSWORD).await.assert_error_page(429, LOCKED);
    }

    /// At the page of the password, by the OTP that comes first. The door must be shut.
    async fn at_password_after_otp(&self, app: &App, browser: &Browser) -> Page {
        let answer = ask_otp_first(browser, self.at, self.username).await;
        answer.assert_leads_to(&self.path("/login/otp"));
        let form = browser.follow(&answer).await.form("Continue").fill("otp", &app.last_otp_for(self.email).await);
        let answer = form.submit(browser).await;
        answer.assert_leads_to(&self.path("/login/otp-first/password"));
        browser.follow(&answer).await
    }

    /// Types a password into that page.
    async fn type_password(&self, browser: &Browser, page: &Page, password: &str) -> Page {
        let button = if self.portal == Portal::Gst { "LOGIN" } else { "Login" };
        page.form(button).fill("password", password).submit(browser).await
    }

    /// The change of the password, with a current one.
    async fn change_password(&self, browser: &Browser, current: &str, new: &str) -> Page {
        let button = if self.portal == Portal::Gst { "Change Password" } else { "Change password" };
        let form = browser.get(&self.path("/account/password")).await.form(button);
        let form = form.fill("current_password", current).fill("new_password", new);
        form.fill("confirm_password", new).submit(browser).await
    }

    /// Sets a new password by "Forgot password", in a browser of its own.
    async fn reset(&self, app: &App, password: &str) {
        let (button, field, save) = match self.portal {
            Portal::Irp => ("Continue", "gstin", "Save new password"),
            Portal::Gst => ("Generate OTP", "username", "Submit"),
            Portal::Workspace => ("Continue", "email", "Save new password"),
        };
        let browser = app.browser();
        let form = browser.get(&self.path("/forgot-password")).await.form(button).fill(field, self.username);
        let page = browser.follow(&form.submit(&browser).await).await;
        let form = page.form("Continue").fill("otp", &app.last_otp_for(self.email).await);
        let page = browser.follow(&form.submit(&browser).await).await;
        let form = page.form(save).fill("password", password).fill("confirm_password", password);
        form.submit(&browser).await.assert_leads_to(&self.path("/login"));
    }

    /// The id of the account's row.
    async fn id(&self, app: &App) -> String {
        let (portal, username) = (self.portal, self.username);
        let found = app.kit.store.read(move |c| accounts::find_by_username(c, portal, username)).await;
        found.unwrap().expect("there is an account").id
    }

    /// Freezes the account, which no page and no command does yet.
    async fn freeze(&self, app: &App) {
        let id = self.id(app).await;
        let frozen = app.kit.store.write(move |c| {
            let query = diesel::sql_query("UPDATE accounts SET frozen_at = created_at WHERE id = $1");
            Ok(query.bind::<Text, _>(id).execute(c)?)
        });
        assert_eq!(frozen.await.unwrap(), 1);
    }
}

/// Types a code into a page that asks for one.
async fn type_code(browser: &Browser, page: &Page, code: &str) -> Page {
    page.form("Continue").fill("code", code).submit(browser).await
}

/// A wait, told in the page and in the header.
fn assert_told_to_wait(page: &Page, seconds: &str) {
    page.assert_error_page(429, TOO_MANY);
    assert_eq!(page.header("retry-after"), seconds, "{}", page.told());
}

/// The device cookie.
fn device(browser: &Browser) -> Option<String> {
    browser.cookies().get("dev").cloned()
}

/// An OTP of as many digits that is not `otp`.
fn other_than(otp: &str) -> String {
    let digit = if otp.starts_with('0') { "1" } else { "0" };
    digit.repeat(otp.len())
}

/// The actions on the record of that kind about the account, oldest first, with their outcomes.
async fn events_of(app: &App, account_id: &str, action: &'static str) -> Vec<String> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        outcome: String,
    }
    let account_id = account_id.to_owned();
    let found = app.kit.store.read(move |c| {
        let query = diesel::sql_query("SELECT outcome FROM events WHERE account_id = $1 AND action = $2 ORDER BY id");
        let rows: Vec<Row> = query.bind::<Text, _>(account_id).bind::<Text, _>(action).load(c)?;
        Ok(rows)
    });
    found.await.unwrap().into_iter().map(|row| row.outcome).collect()
}

/// The names of the files of the data folder that hold those bytes.
fn files_with(app: &App, bytes: &[u8]) -> Vec<String> {
    let folder = std::fs::read_dir(&app.kit.settings.data_dir).unwrap();
    let files: Vec<_> = folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    assert!(files.iter().any(|file| std::fs::metadata(file).unwrap().len() > 4096));
    let holding = files.into_iter().filter(|file| {
        let held = std::fs::read(file).unwrap();
        held.windows(bytes.len()).any(|part| part == bytes)
    });
    holding.map(|file| file.display().to_string()).collect()
}
