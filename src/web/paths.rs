//! Every address that a page links or redirects to. Rooms know each other's addresses and nothing else of each other.

use percent_encoding::percent_decode_str;

use crate::kernel::ids;
use crate::kernel::portal::Portal;
use crate::store::journeys::Kind;

pub const HOME: &str = "/";
pub const HELP: &str = "/help";
pub const HELP_PASSWORDS: &str = "/help/passwords";
pub const HELP_ERROR_CODES: &str = "/help/error-codes";
pub const ACCESSIBILITY: &str = "/accessibility";
pub const PRIVACY: &str = "/privacy";
pub const TERMS: &str = "/terms";
pub const CONTACT: &str = "/contact";
pub const DEMO: &str = "/demo";
pub const DEMO_MESSAGES: &str = "/demo/messages";
pub const CHANGE_PASSWORD: &str = "/.well-known/change-password";
pub const ROBOTS: &str = "/robots.txt";
pub const CSP_REPORT: &str = "/csp-report";

/// What the newest addresses of the IRP's door for software begin with.
pub const EIVITAL: &str = "/eivital/v1.04";
/// The same of the GSTN's door.
pub const TAXPAYERAPI: &str = "/taxpayerapi/v1.0";
pub const EIVITAL_AUTH: [&str; 2] = ["/eivital/v1.04/auth", "/eivital/v1.03/auth"];
pub const EIVITAL_MASTER: [&str; 4] = [
    "/eivital/v1.04/Master/gstin/{gstin}",
    "/eivital/v1.04/Master/syncgstin/{gstin}",
    "/eivital/v1.03/Master/gstin/{gstin}",
    "/eivital/v1.03/Master/syncgstin/{gstin}",
];
pub const EIVITAL_HEARTBEAT: [&str; 2] = ["/eivital/v1.04/heartbeat/ping", "/eivital/v1.03/heartbeat/ping"];
pub const EIVITAL_PUBLIC_KEY: &str = "/eivital/public-key.pem";
pub const TAXPAYERAPI_AUTHENTICATE: [&str; 2] = ["/taxpayerapi/v1.0/authenticate", "/taxpayerapi/v0.2/authenticate"];
pub const TAXPAYERAPI_CERTIFICATE: &str = "/taxpayerapi/certificate.pem";
pub const INTROSPECT: &str = "/introspect";
pub const OPENAPI: &str = "/openapi.json";

pub const IRP: &str = "/irp";
pub const IRP_LOGIN: &str = "/irp/login";
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
pub const IRP_API_USE: &str = "/irp/api-credentials/use";
pub const IRP_API_USE_ENV: &str = "/irp/api-credentials/use.env";

pub const GST: &str = "/gst";
pub const GST_FIRST_LOGIN: &str = "/gst/first-login";
pub const GST_FIRST_LOGIN_PASSWORD: &str = "/gst/first-login/password";
pub const GST_FIRST_LOGIN_CREDENTIALS: &str = "/gst/first-login/credentials";
pub const GST_FORGOT_USERNAME: &str = "/gst/forgot-username";
pub const GST_FORGOT_USERNAME_OTP: &str = "/gst/forgot-username/otp";
pub const GST_FORGOT_USERNAME_OTP_RESEND: &str = "/gst/forgot-username/otp/resend";
pub const GST_FORGOT_USERNAME_DONE: &str = "/gst/forgot-username/done";
pub const GST_DASHBOARD: &str = "/gst/dashboard";
pub const GST_PROFILE: &str = "/gst/profile";
pub const GST_PLACE_OF_BUSINESS: &str = "/gst/profile/place-of-business";
pub const GST_CONTACTS: &str = "/gst/profile/contacts";
pub const GST_OTHER_BUSINESS: &str = "/gst/profile/other-business";
pub const GST_API_ACCESS: &str = "/gst/profile/api-access";
pub const GST_API_ACCESS_CALENDAR: &str = "/gst/profile/api-access.ics";
pub const GST_ACCOUNT_PASSWORD: &str = "/gst/account/password";
pub const GST_CHANGE_PASSWORD: &str = "/gst/change-password";
pub const GST_NOTICES: &str = "/gst/notices";
pub const GST_NOTICES_CSV: &str = "/gst/notices.csv";

pub const WORKSPACE: &str = "/workspace";
pub const WORKSPACE_SIGN_UP: &str = "/workspace/sign-up";
pub const WORKSPACE_SIGN_UP_OTP: &str = "/workspace/sign-up/otp";
pub const WORKSPACE_SIGN_UP_OTP_RESEND: &str = "/workspace/sign-up/otp/resend";
pub const WORKSPACE_SIGN_UP_PASSWORD: &str = "/workspace/sign-up/password";
/// The token of the invitation follows.
pub const WORKSPACE_INVITATION: &str = "/workspace/invitation";
pub const WORKSPACE_SETTINGS: &str = "/workspace/settings";
pub const WORKSPACE_SWITCH: &str = "/workspace/settings/switch";
pub const WORKSPACE_PEOPLE: &str = "/workspace/settings/people";
pub const WORKSPACE_TAKE_BACK: &str = "/workspace/settings/people/take-back";
pub const WORKSPACE_GSTINS: &str = "/workspace/settings/gstins";
pub const WORKSPACE_GSTINS_IMPORT: &str = "/workspace/settings/gstins/import";
pub const WORKSPACE_API_CREDENTIALS: &str = "/workspace/settings/api-credentials";
pub const WORKSPACE_CLEARIRP: &str = "/workspace/settings/api-credentials/clearirp";
pub const WORKSPACE_CLEARIRP_REPLACE: &str = "/workspace/settings/api-credentials/clearirp/replace";
pub const WORKSPACE_CLEARIRP_FORGOT: &str = "/workspace/settings/api-credentials/clearirp/forgot-api-password";
pub const WORKSPACE_CLEARIRP_REGISTER: &str = "/workspace/settings/api-credentials/clearirp/register";

/// The form for the API credentials of that GSTIN.
pub fn workspace_clearirp_for(gstin: &str) -> String {
    format!("{WORKSPACE_CLEARIRP}?gstin={gstin}")
}

/// Where the saved API credentials of that GSTIN are tested.
pub fn workspace_credentials_test(gstin: &str) -> String {
    format!("{WORKSPACE_API_CREDENTIALS}/{gstin}/test")
}

/// Where they are removed.
pub fn workspace_credentials_remove(gstin: &str) -> String {
    format!("{WORKSPACE_API_CREDENTIALS}/{gstin}/remove")
}

/// Where that GSTIN is removed from a workspace.
pub fn workspace_gstin_remove(gstin: &str) -> String {
    format!("{WORKSPACE_GSTINS}/{gstin}/remove")
}

/// The import of that id: its preview, its progress, its result.
pub fn workspace_gstins_import(id: &str) -> String {
    format!("{WORKSPACE_GSTINS_IMPORT}/{id}")
}

/// The result file of an import.
pub fn workspace_gstins_import_csv(id: &str) -> String {
    format!("{WORKSPACE_GSTINS_IMPORT}/{id}/result.csv")
}

/// The addresses of the screens that portals share, in one portal.
pub struct Shared {
    pub start: &'static str,
    pub login: &'static str,
    /// The second factor of a sign-in, or the OTP before its password.
    pub login_otp: &'static str,
    pub login_otp_resend: &'static str,
    /// For owners whose password door strangers have closed.
    pub otp_first: &'static str,
    pub otp_first_password: &'static str,
    pub logout: &'static str,
    pub extend: &'static str,
    pub forgot_password: &'static str,
    pub forgot_password_otp: &'static str,
    pub forgot_password_otp_resend: &'static str,
    pub forgot_password_new: &'static str,
    pub account: &'static str,
    pub account_password: &'static str,
    pub devices: &'static str,
    pub activity: &'static str,
    pub activity_csv: &'static str,
    pub authenticator: &'static str,
    pub authenticator_otp: &'static str,
    pub authenticator_otp_resend: &'static str,
    pub authenticator_new: &'static str,
    pub authenticator_codes: &'static str,
    pub authenticator_remove: &'static str,
    /// Where a person lands after signing in.
    pub landing: &'static str,
}

macro_rules! shared {
    ($prefix:literal, landing: $landing:expr) => {
        Shared {
            start: $prefix,
            login: concat!($prefix, "/login"),
            login_otp: concat!($prefix, "/login/otp"),
            login_otp_resend: concat!($prefix, "/login/otp/resend"),
            otp_first: concat!($prefix, "/login/otp-first"),
            otp_first_password: concat!($prefix, "/login/otp-first/password"),
            logout: concat!($prefix, "/logout"),
            extend: concat!($prefix, "/session/extend"),
            forgot_password: concat!($prefix, "/forgot-password"),
            forgot_password_otp: concat!($prefix, "/forgot-password/otp"),
            forgot_password_otp_resend: concat!($prefix, "/forgot-password/otp/resend"),
            forgot_password_new: concat!($prefix, "/forgot-password/new"),
            account: concat!($prefix, "/account"),
            account_password: concat!($prefix, "/account/password"),
            devices: concat!($prefix, "/account/devices"),
            activity: concat!($prefix, "/account/activity"),
            activity_csv: concat!($prefix, "/account/activity.csv"),
            authenticator: concat!($prefix, "/account/authenticator"),
            authenticator_otp: concat!($prefix, "/account/authenticator/otp"),
            authenticator_otp_resend: concat!($prefix, "/account/authenticator/otp/resend"),
            authenticator_new: concat!($prefix, "/account/authenticator/new"),
            authenticator_codes: concat!($prefix, "/account/authenticator/codes"),
            authenticator_remove: concat!($prefix, "/account/authenticator/remove"),
            landing: $landing,
        }
    };
}

static IRP_SHARED: Shared = shared!("/irp", landing: IRP_API_CREDENTIALS);
static WORKSPACE_SHARED: Shared = shared!("/workspace", landing: WORKSPACE_API_CREDENTIALS);
static GST_SHARED: Shared = Shared { account_password: GST_CHANGE_PASSWORD, ..shared!("/gst", landing: GST_DASHBOARD) };

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
        Kind::ForgotUsername => GST_FORGOT_USERNAME_OTP,
        Kind::FirstLogin => GST_FIRST_LOGIN,
        Kind::CreateWorkspace => WORKSPACE_SIGN_UP_OTP,
        Kind::CreateApiCredentials | Kind::ChangeApiPassword => IRP_API_OTP,
        // No page: software walks it.
        Kind::SoftwareSignIn => GST_API_ACCESS,
        Kind::SignIn | Kind::OtpFirst => shared(portal).login_otp,
        Kind::ChangeAuthenticator => shared(portal).authenticator_otp,
    }
}

/// Where a walk leads that has just signed somebody in.
pub fn of_signed_in(portal: Portal, kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Register => Some(IRP_DONE),
        Kind::CreateWorkspace | Kind::SignIn | Kind::OtpFirst => Some(shared(portal).landing),
        _ => None,
    }
}

/// The address of an invitation; its token is an id made by `ids::random`.
pub fn invitation(token: &str) -> String {
    format!("{WORKSPACE_INVITATION}/{token}")
}

/// Letters of an address that a log has room for; the longest of ours is half as long.
const LOGGED: usize = 200;

/// What of an address may stand in a log: the token of an invitation is a secret, however its address is written.
pub fn for_log(path: &str) -> &str {
    let plain = percent_decode_str(path).decode_utf8_lossy();
    if plain.split('/').any(|part| part.eq_ignore_ascii_case("invitation")) {
        return WORKSPACE_INVITATION;
    }
    path.char_indices().nth(LOGGED).and_then(|(end, _)| path.get(..end)).unwrap_or(path)
}

/// Whether software is answered there, in JSON whatever happens.
pub fn is_for_software(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    matches!(first, "eivital" | "taxpayerapi" | "introspect" | "openapi.json")
}

/// The address of a person of the workspace, for its owners.
pub fn person(account_id: &str) -> String {
    format!("{WORKSPACE_PEOPLE}/{account_id}")
}

/// The only places a sign-in may lead to; anything else typed into `return` is ignored (no open redirect).
pub fn return_target(portal: Portal, wanted: &str) -> Option<String> {
    let own = shared(portal);
    let invites = |token: &str| portal == Portal::Workspace && ids::is_random(token);
    if wanted.strip_prefix(WORKSPACE_INVITATION).and_then(|rest| rest.strip_prefix('/')).is_some_and(invites) {
        return Some(wanted.to_owned());
    }
    let of_portal: &[&'static str] = match portal {
        Portal::Gst => &[
            GST_PROFILE,
            GST_PLACE_OF_BUSINESS,
            GST_CONTACTS,
            GST_OTHER_BUSINESS,
            GST_API_ACCESS,
            GST_NOTICES,
            GST_ACCOUNT_PASSWORD,
        ],
        Portal::Workspace => {
            &[WORKSPACE_SETTINGS, WORKSPACE_PEOPLE, WORKSPACE_GSTINS, WORKSPACE_GSTINS_IMPORT, WORKSPACE_CLEARIRP]
        }
        Portal::Irp => &[IRP_API_USE],
    };
    let of_all = [own.landing, own.account, own.account_password, own.authenticator, own.devices, own.activity];
    of_portal.iter().copied().chain(of_all).find(|target| *target == wanted).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_a_listed_page_or_nowhere() {
        assert_eq!(return_target(Portal::Irp, "/irp/account"), Some("/irp/account".to_owned()));
        for elsewhere in ["//evil.example", "https://evil.example/irp/account", "/irp/account/../..", "/irp/logout", ""]
        {
            assert_eq!(return_target(Portal::Irp, elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn a_sign_in_leads_back_to_an_invitation_of_the_workspace_only() {
        let address = invitation(&ids::random());
        assert_eq!(return_target(Portal::Workspace, &address), Some(address.clone()));
        assert_eq!(return_target(Portal::Irp, &address), None);
        for elsewhere in ["/workspace/invitation", "/workspace/invitation/", "/workspace/invitation/../../gst"] {
            assert_eq!(return_target(Portal::Workspace, elsewhere), None, "{elsewhere}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_sign_in_leads_into_its_own_portal_whatever_is_wanted(tail in "\\PC{0,40}", known in 0..3_usize) {
            for (portal, start) in [(Portal::Irp, IRP), (Portal::Workspace, WORKSPACE), (Portal::Gst, GST)] {
                let wanted = [tail.clone(), format!("{start}/account{tail}"), format!("{WORKSPACE_INVITATION}/{tail}")];
                let target = return_target(portal, &wanted[known]);
                let within = |target: &String| target.starts_with(start) && !target.contains("//");
                proptest::prop_assert!(target.as_ref().is_none_or(within), "{target:?}");
            }
        }

        #[test]
        fn no_log_holds_what_follows_an_invitation(tail in "[a-z0-9]{26}", slashes in "/{1,3}") {
            let path = format!("{slashes}workspace{slashes}invitation{slashes}{tail}");
            proptest::prop_assert!(!for_log(&path).contains(&tail));
        }
    }

    #[test]
    fn the_addresses_for_software_are_told_from_those_for_people() {
        for path in EIVITAL_AUTH.iter().chain(&TAXPAYERAPI_AUTHENTICATE).chain(&[INTROSPECT, OPENAPI, "//eivital/x"]) {
            assert!(is_for_software(path), "{path}");
        }
        for path in ["/", IRP, "/eivitals", "/irp/eivital"] {
            assert!(!is_for_software(path), "{path}");
        }
    }

    #[test]
    fn a_log_does_not_hold_the_token_of_an_invitation() {
        for address in [invitation("0123"), format!("/{}", invitation("0123")), invitation("0123").replace('i', "%69")]
        {
            assert_eq!(for_log(&address), WORKSPACE_INVITATION, "{address}");
        }
        assert_eq!(for_log(&"/é".repeat(1_000)).chars().count(), LOGGED);
        assert_eq!(for_log(HELP), HELP);
    }
}
