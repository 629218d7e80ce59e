//! Every address that a page links or redirects to. Rooms know each other's addresses and nothing else of each other.

use crate::kernel::portal::Portal;
use crate::store::journeys::Kind;

pub const HOME: &str = "/";
pub const HELP: &str = "/help";
pub const ACCESSIBILITY: &str = "/accessibility";
pub const PRIVACY: &str = "/privacy";
pub const TERMS: &str = "/terms";
pub const CONTACT: &str = "/contact";
pub const DEMO: &str = "/demo";
pub const DEMO_MESSAGES: &str = "/demo/messages";
pub const CHANGE_PASSWORD: &str = "/.well-known/change-password";
pub const ROBOTS: &str = "/robots.txt";

pub const IRP: &str = "/irp";
pub const IRP_REGISTER: &str = "/irp/register";
pub const IRP_DETAILS: &str = "/irp/register/details";
pub const IRP_NOT_ELIGIBLE: &str = "/irp/register/not-eligible";
pub const IRP_CONTACT: &str = "/irp/register/contact";
pub const IRP_OTP: &str = "/irp/register/otp";
pub const IRP_OTP_RESEND: &str = "/irp/register/otp/resend";
pub const IRP_VERIFIED: &str = "/irp/register/verified";
pub const IRP_PASSWORD: &str = "/irp/register/password";
pub const IRP_DONE: &str = "/irp/register/done";
pub const IRP_API_CREDENTIALS: &str = "/irp/api-credentials";
pub const IRP_API_OTP: &str = "/irp/api-credentials/otp";
pub const IRP_API_OTP_RESEND: &str = "/irp/api-credentials/otp/resend";
pub const IRP_API_NEW: &str = "/irp/api-credentials/new";
pub const IRP_API_CHANGE: &str = "/irp/api-credentials/change";
pub const IRP_API_SAVED: &str = "/irp/api-credentials/saved";

/// The addresses of the screens that portals share, in one portal.
pub struct Shared {
    pub start: &'static str,
    pub login: &'static str,
    pub logout: &'static str,
    pub extend: &'static str,
    pub forgot_password: &'static str,
    pub forgot_password_otp: &'static str,
    pub forgot_password_otp_resend: &'static str,
    pub forgot_password_new: &'static str,
    pub account: &'static str,
    pub account_password: &'static str,
    /// Where a person lands after signing in.
    pub landing: &'static str,
}

macro_rules! shared {
    ($prefix:literal, landing: $landing:expr) => {
        Shared {
            start: $prefix,
            login: concat!($prefix, "/login"),
            logout: concat!($prefix, "/logout"),
            extend: concat!($prefix, "/session/extend"),
            forgot_password: concat!($prefix, "/forgot-password"),
            forgot_password_otp: concat!($prefix, "/forgot-password/otp"),
            forgot_password_otp_resend: concat!($prefix, "/forgot-password/otp/resend"),
            forgot_password_new: concat!($prefix, "/forgot-password/new"),
            account: concat!($prefix, "/account"),
            account_password: concat!($prefix, "/account/password"),
            landing: $landing,
        }
    };
}

static IRP_SHARED: Shared = shared!("/irp", landing: IRP_API_CREDENTIALS);
static WORKSPACE_SHARED: Shared = shared!("/workspace", landing: "/workspace/settings/api-credentials");
static GST_SHARED: Shared = shared!("/gst", landing: "/gst/dashboard");

/// The shared screens' addresses in `portal`.
pub fn shared(portal: Portal) -> &'static Shared {
    match portal {
        Portal::Irp => &IRP_SHARED,
        Portal::Workspace => &WORKSPACE_SHARED,
        Portal::Gst => &GST_SHARED,
    }
}

/// Where a journey is gone on with: its guard leads from there to the first unfinished step.
pub fn of_journey(portal: Portal, kind: Kind) -> &'static str {
    match kind {
        Kind::Register => IRP_CONTACT,
        Kind::ForgotPassword => shared(portal).forgot_password_otp,
        Kind::CreateApiCredentials | Kind::ChangeApiPassword => IRP_API_OTP,
    }
}

/// The only places a sign-in may lead to; anything else typed into `return` is ignored (no open redirect).
pub fn return_target(portal: Portal, wanted: &str) -> Option<&'static str> {
    let own = shared(portal);
    let targets = match portal {
        Portal::Irp => [IRP_API_CREDENTIALS, own.account, own.account_password],
        Portal::Workspace | Portal::Gst => [own.landing, own.account, own.account_password],
    };
    targets.into_iter().find(|target| *target == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_a_listed_page_or_nowhere() {
        assert_eq!(return_target(Portal::Irp, "/irp/account"), Some("/irp/account"));
        for elsewhere in ["//evil.example", "https://evil.example/irp/account", "/irp/account/../..", "/irp/logout", ""]
        {
            assert_eq!(return_target(Portal::Irp, elsewhere), None, "{elsewhere}");
        }
    }
}
