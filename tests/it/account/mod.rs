//! A15, the account pages that all three portals share, walked in each of them.

mod activity;
mod devices;
#[cfg(feature = "postgres")]
mod postgres;
mod sessions;

use crate::support::samples::{ACME, PASSWORD};
use crate::support::walk::registered;
use crate::support::walk_gst::{USERNAME, signed_in};
use crate::support::walk_sign_in::log_in_at;
use crate::support::walk_workspace::{API_CREDENTIALS, workspace_of};
use crate::support::{App, Browser};

/// An account in one of the portals.
#[derive(Debug, Clone, Copy)]
pub struct House {
    pub portal: &'static str,
    pub username: &'static str,
    pub landing: &'static str,
    /// Where its OTPs go.
    pub email: &'static str,
}

pub const IRP: House =
    House { portal: "/irp", username: ACME.gstin, landing: "/irp/api-credentials", email: ACME.email };
pub const GST: House = House { portal: "/gst", username: USERNAME, landing: "/gst/dashboard", email: ACME.email };
pub const WORKSPACE: House = House {
    portal: "/workspace",
    username: "asha@stores.example",
    landing: API_CREDENTIALS,
    email: "asha@stores.example",
};
pub const HOUSES: [House; 3] = [IRP, GST, WORKSPACE];

pub const ANDROID: &str = "Mozilla/5.0 (Linux; Android 15; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) \
                           Chrome/140.0.0.0 Mobile Safari/537.36";
pub const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                           Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0";

impl House {
    pub fn path(&self, below: &str) -> String {
        format!("{}{below}", self.portal)
    }

    /// The browser that the account was made in, signed in.
    pub async fn owner(&self, app: &App) -> Browser {
        match self.portal {
            "/irp" => registered(app).await,
            "/gst" => signed_in(app).await,
            _ => workspace_of(app, self.username).await,
        }
    }

    /// Signs this browser in.
    pub async fn sign_in(&self, browser: Browser) -> Browser {
        log_in_at(&browser, self.portal, self.username, PASSWORD).await.assert_leads_to(self.landing);
        browser
    }

    /// Another browser of theirs, signed in.
    pub async fn another(&self, app: &App) -> Browser {
        self.sign_in(app.browser()).await
    }

    pub async fn is_signed_in(&self, browser: &Browser) -> bool {
        browser.get(&self.path("/account")).await.status == 200
    }

    /// What the login page says to a browser whose session is over.
    pub async fn told_at_login(&self, browser: &Browser) -> Option<String> {
        let account = self.path("/account");
        let answer = browser.get(&account).await;
        answer.assert_leads_to(&format!("{}/login?return={account}", self.portal));
        browser.follow(&answer).await.notice()
    }
}
