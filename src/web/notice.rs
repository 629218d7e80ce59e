//! Notices: one line that a page leaves for the page after it, and the box in which that page shows it.

use serde::{Deserialize, Serialize};

use super::page::Visit;
use crate::kernel::browser_name::browser_name;
use crate::kernel::clock::{HOUR, MINUTE, Moment};
use crate::kernel::portal::Portal;
use crate::store::sessions::Reason;
use crate::words::Words;

/// One line that survives one redirect and says what has just happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// A later step was opened first.
    StartHere,
    /// The eligibility check met a GSTIN that has an account.
    AlreadyRegistered {
        gstin: String,
    },
    /// Moments are seconds, UTC.
    SignedOutIdle {
        at: i64,
        draft: bool,
    },
    SignedOutForGood {
        at: i64,
        draft: bool,
    },
    /// By somebody, `sessions::Reason` tells why.
    SignedOutBecause {
        reason: String,
        draft: bool,
    },
    /// Signing in has ended the session used longest ago.
    OldestSignedOut {
        device: Option<String>,
    },
    /// From the page of the devices.
    DeviceSignedOut {
        device: String,
    },
    DeviceGone,
    OthersSignedOut,
    NewOtp {
        at: i64,
    },
    /// The OTP was right and its time to prove something is over.
    ProofOver,
    /// The account of the GST portal is made: log in with its username.
    FirstLoginDone {
        username: String,
    },
    /// Another session has made it first.
    GstAccountExists,
    /// The way from the workspace was used, is over, or began in another browser.
    HandoffOver,
    /// `replaced`: the end that access had before, when it was on.
    ApiAccessOn {
        until: i64,
        replaced: Option<i64>,
    },
    ApiAccessOff {
        at: i64,
    },
    ApiAccessOffAlready,
    /// About the saved API credentials of that GSTIN.
    Credentials {
        gstin: String,
        told: CredentialsTold,
    },
    /// No OTP is needed before the password.
    DoorOpen,
    AuthenticatorAdded,
    AuthenticatorRemoved,
    /// By "forgot password": log in now.
    PasswordReset {
        at: i64,
    },
    PasswordChanged {
        at: i64,
    },
    GstinAdded {
        gstin: String,
    },
    GstinRemoved {
        gstin: String,
    },
    /// Another import of the workspace is running.
    ImportWaits,
    ImportCancelled,
    /// Somebody wants a workspace with an email address that got its account meanwhile.
    EmailHasAccount,
    Invited {
        email: String,
        until: i64,
    },
    InvitationTakenBack,
    RoleChanged,
    PersonRemoved,
    Joined {
        workspace: String,
    },
    /// Removed from the last one.
    NoWorkspace,
    /// Removed from the one of the session.
    AnotherWorkspace,
}

/// What has happened to saved API credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CredentialsTold {
    Saved,
    /// The IRP had no time to look at them.
    SavedUntested,
    Untested,
    Working,
    Refused,
    NotRegistered,
    /// The sealed password does not open.
    Unreadable,
    /// The old ones stay.
    Kept,
    /// What was typed cannot replace them any more.
    Over,
    Removed,
}

/// A box above the heading: its class and its words.
pub struct NoticeBox {
    pub class: &'static str,
    pub role: &'static str,
    pub text: String,
}

impl Notice {
    /// The box in which a page of `visit` shows it.
    pub(super) fn shown(&self, visit: &Visit) -> NoticeBox {
        let (w, limits) = (visit.w, &visit.kit.settings.limits);
        let (minutes, hours) = (limits.session_idle / MINUTE, limits.session_absolute / HOUR);
        let time = |seconds: i64| Moment::from_seconds(seconds).ist_time();
        let date_time = |seconds: i64| Moment::from_seconds(seconds).ist_date_time();
        let (class, text) = match self {
            Notice::StartHere => ("info", w.notice_start_here().to_owned()),
            Notice::AlreadyRegistered { .. } => ("info", w.notice_already_registered().to_owned()),
            Notice::SignedOutIdle { at, draft: true } => {
                ("info", w.notice_signed_out_idle_draft().time(time(*at)).minutes(minutes).to_string())
            }
            Notice::SignedOutIdle { at, draft: false } => {
                ("info", w.notice_signed_out_idle().time(time(*at)).minutes(minutes).to_string())
            }
            Notice::SignedOutForGood { at, draft: true } => {
                ("info", w.notice_signed_out_for_good_draft().time(time(*at)).hours(hours).to_string())
            }
            Notice::SignedOutForGood { at, draft: false } => {
                ("info", w.notice_signed_out_for_good().time(time(*at)).hours(hours).to_string())
            }
            Notice::SignedOutBecause { reason, draft } => ("info", signed_out_because(w, reason, *draft)),
            Notice::OldestSignedOut { device } => {
                let device = device.as_deref().map(browser_name).filter(|name| !name.is_empty());
                let device = device.unwrap_or_else(|| w.account_device_unknown().to_owned());
                ("info", w.notice_oldest_signed_out().device(device).n(limits.sessions_per_account).to_string())
            }
            Notice::DeviceSignedOut { device } => ("ok", w.notice_device_signed_out().device(device).to_string()),
            Notice::DeviceGone => ("info", w.notice_device_gone().to_owned()),
            Notice::OthersSignedOut => ("ok", w.notice_others_signed_out().to_owned()),
            Notice::DoorOpen => ("info", w.notice_door_open().to_owned()),
            Notice::AuthenticatorAdded => ("ok", w.notice_authenticator_added().to_owned()),
            Notice::AuthenticatorRemoved => ("ok", w.notice_authenticator_removed().to_owned()),
            Notice::ProofOver => ("info", w.notice_proof_over().to_owned()),
            Notice::NewOtp { at } => ("ok", w.notice_new_otp().time(time(*at)).to_string()),
            Notice::FirstLoginDone { .. } => ("ok", w.notice_first_login_done().to_owned()),
            Notice::HandoffOver => ("warn", w.notice_handoff_over().to_owned()),
            Notice::GstAccountExists => ("info", w.notice_gst_account_exists().to_owned()),
            Notice::ApiAccessOn { until, replaced: None } => {
                ("ok", w.notice_api_access_on().time(date_time(*until)).to_string())
            }
            Notice::ApiAccessOn { until, replaced: Some(before) } => {
                let text = w.notice_api_access_replaced().time(date_time(*until)).before(date_time(*before));
                ("ok", text.to_string())
            }
            Notice::ApiAccessOff { at } => ("ok", w.notice_api_access_off().time(time(*at)).to_string()),
            Notice::ApiAccessOffAlready => ("info", w.notice_api_access_off_already().to_owned()),
            Notice::Credentials { gstin, told } => credentials_box(w, gstin, *told),
            Notice::PasswordReset { .. } if visit.portal == Some(Portal::Gst) => {
                ("ok", w.notice_gst_password_reset().to_owned())
            }
            Notice::PasswordReset { at } => ("ok", w.notice_password_reset().time(time(*at)).to_string()),
            Notice::EmailHasAccount => ("info", w.notice_email_has_account().to_owned()),
            Notice::Invited { email, until } => {
                ("ok", w.notice_invited().email(email).time(date_time(*until)).to_string())
            }
            Notice::InvitationTakenBack => ("ok", w.notice_invitation_taken_back().to_owned()),
            Notice::RoleChanged => ("ok", w.notice_role_changed().to_owned()),
            Notice::PersonRemoved => ("ok", w.notice_person_removed().to_owned()),
            Notice::NoWorkspace => ("info", w.notice_no_workspace().to_owned()),
            Notice::AnotherWorkspace => ("info", w.notice_another_workspace().to_owned()),
            Notice::Joined { workspace } => ("ok", w.notice_joined().workspace(workspace).to_string()),
            Notice::GstinAdded { gstin } => ("ok", w.notice_gstin_added().gstin(gstin).to_string()),
            Notice::GstinRemoved { gstin } => ("ok", w.notice_gstin_removed().gstin(gstin).to_string()),
            Notice::ImportWaits => ("info", w.notice_import_waits().to_owned()),
            Notice::ImportCancelled => ("ok", w.notice_import_cancelled().to_owned()),
            Notice::PasswordChanged { at } => ("ok", w.notice_password_changed().time(time(*at)).to_string()),
        };
        NoticeBox { class, role: "status", text }
    }
}

fn credentials_box(w: Words, gstin: &str, told: CredentialsTold) -> (&'static str, String) {
    match told {
        CredentialsTold::Saved => ("ok", w.notice_credentials_saved().gstin(gstin).to_string()),
        CredentialsTold::SavedUntested => ("warn", w.notice_credentials_saved_untested().to_owned()),
        CredentialsTold::Untested => ("warn", w.notice_credentials_untested().gstin(gstin).to_string()),
        CredentialsTold::Working => ("ok", w.notice_credentials_working().gstin(gstin).to_string()),
        CredentialsTold::Refused => ("warn", w.notice_credentials_refused().gstin(gstin).to_string()),
        CredentialsTold::NotRegistered => ("warn", w.notice_credentials_not_registered().gstin(gstin).to_string()),
        CredentialsTold::Unreadable => ("warn", w.notice_credentials_unreadable().gstin(gstin).to_string()),
        CredentialsTold::Kept => ("info", w.notice_credentials_kept().gstin(gstin).to_string()),
        CredentialsTold::Over => ("warn", w.notice_credentials_over().gstin(gstin).to_string()),
        CredentialsTold::Removed => ("ok", w.notice_credentials_removed().gstin(gstin).to_string()),
    }
}

fn signed_out_because(w: Words, reason: &str, draft: bool) -> String {
    let why = match Reason::parse(reason) {
        Some(Reason::Newer) => w.notice_because_newer(),
        Some(Reason::Password) => w.notice_because_password(),
        Some(Reason::Authenticator) => w.notice_because_authenticator(),
        Some(Reason::ApiPassword) => w.notice_because_api_password(),
        Some(Reason::Contacts) => w.notice_because_contacts(),
        Some(Reason::Operator) => w.notice_because_operator(),
        Some(Reason::Owner | Reason::SignedOut) | None => w.notice_because_owner(),
    };
    if draft { format!("{why} {}", w.notice_kept_draft()) } else { why.to_owned() }
}
