//! `/taxpayerapi`: the sign-in protocol of the GST system.

mod authenticate;
mod certificate;
mod codes;
mod ends;
mod otp;
mod tolerances;

use crate::support::walk_gst::with_api_access;
use crate::support::{App, Browser, Software};

/// ACME has just switched API access on for so long, and has software.
async fn with_access(duration: &str) -> (App, Browser, Software) {
    let app = App::start().await;
    let browser = with_api_access(&app, duration).await;
    let software = Software::of(&app).await;
    (app, browser, software)
}
