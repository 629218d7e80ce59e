//! What a screen knows of its request (`Visit`), what every page has around it (`Frame`), and how a page is sent.

use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::error::PageError;
use super::form::{self, FieldErrors};
use super::session::{SignedInState, Visitor};
use super::{Kit, address, assets, paths};
use crate::kernel::browser_name::browser_name;
use crate::kernel::clock::{HOUR, MINUTE, Moment};
use crate::kernel::portal::Portal;
use crate::settings::Mode;
use crate::store::events::Event;
use crate::store::sessions::Reason;
use crate::words::{Lang, Words};

/// What a handler answers.
pub type PageResult = Result<HttpResponse, PageError>;

/// The day the pages were last changed, shown in the footer.
const LAST_UPDATED: &str = "26/11/2026";

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

/// Everything a screen needs to know of its request.
#[derive(Clone)]
pub struct Visit {
    pub kit: web::Data<Kit>,
    pub w: Words,
    /// When this request began; every moment it writes is this one.
    pub now: Moment,
    pub portal: Option<Portal>,
    pub visitor: Visitor,
    pub address: IpAddr,
    pub device: String,
    pub request_id: String,
    request: HttpRequest,
}

/// The request's id, put there by the outermost middleware.
#[derive(Clone)]
pub struct RequestId(pub String);

impl Visit {
    pub fn of(request: &HttpRequest) -> Result<Self, PageError> {
        let kit: &web::Data<Kit> = request.app_data().ok_or_else(|| PageError::internal("the kit is not there"))?;
        let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        Ok(Self {
            w: Words::new(Lang::En),
            now: kit.clock.now(),
            portal: Portal::of_path(request.path()),
            visitor: Visitor::of(request),
            address: address::of_request(request, &kit.settings.trusted_proxies),
            device: address::device(request),
            request_id,
            kit: kit.clone(),
            request: request.clone(),
        })
    }

    /// What throttles count this client by.
    pub fn throttle_key(&self) -> String {
        address::throttle_key(self.address)
    }

    pub fn path(&self) -> &str {
        self.request.path()
    }

    /// A parameter of the address; empty when it is not there.
    pub fn query(&self, name: &str) -> String {
        let pairs = form::parse_pairs(self.request.query_string().as_bytes());
        pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value).unwrap_or_default()
    }

    /// An event of this request, for the transaction of its effect. `detail` holds allow-listed facts, never a secret.
    pub fn event(&self, action: &str, outcome: &str, gstin: Option<&str>) -> Event {
        Event {
            id: crate::kernel::ids::ordered(self.now),
            at: self.now.seconds(),
            request_id: self.request_id.clone(),
            portal: self.portal.map(|portal| portal.as_str().to_owned()),
            gstin: gstin.map(str::to_owned),
            account_id: self.visitor.signed_in().map(|state| state.account_id),
            action: action.to_owned(),
            outcome: outcome.to_owned(),
            address: self.address.to_string(),
            device: self.device.clone(),
            detail: "{}".to_owned(),
        }
    }

    /// The frame of a page with that title, without errors.
    pub fn frame(&self, title: impl ToString) -> Frame {
        self.frame_with(title, FieldErrors::default())
    }

    /// The frame of a page that shows what was wrong with a form.
    pub fn frame_with(&self, title: impl ToString, errors: FieldErrors) -> Frame {
        Frame::new(self, title.to_string(), errors)
    }

    /// The token of the form that posts to `action`.
    pub fn csrf(&self, action: &str) -> String {
        form::token(self, action)
    }

    pub(super) fn request(&self) -> &HttpRequest {
        &self.request
    }
}

impl FromRequest for Visit {
    type Error = PageError;
    type Future = std::future::Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Visit::of(request).and_then(|visit| {
            if visit.visitor.is_unknown() {
                return Err(PageError::Unavailable);
            }
            if *request.method() == Method::GET {
                visit.visitor.renew_if_due();
            }
            Ok(visit)
        }))
    }
}

/// Who is signed in, as the header shows it.
pub struct SignedInFrame {
    pub username: String,
    /// Where the username does not tell it.
    pub gstin: Option<String>,
    /// The name of the workspace that the person works in.
    pub workspace: Option<String>,
    pub account: &'static str,
    pub logout: &'static str,
    pub extend: &'static str,
    /// `17:15`, IST.
    pub ends_at: String,
    /// The same in seconds since 1970, for the script.
    pub ends_at_seconds: i64,
    /// Minutes for which a form that outlives the session is kept.
    pub draft_minutes: i64,
}

/// A link of the header's navigation.
pub struct NavItem {
    pub address: &'static str,
    pub text: &'static str,
    /// The value of `aria-current`: `page` for the page itself, `true` for one that it belongs to.
    pub current: Option<&'static str>,
}

/// What is around every page: title, header, notice, error summary, footer.
pub struct Frame {
    pub title: String,
    pub brand: String,
    pub operator_contact: String,
    /// The area's own name and start page: IRP, workspace, GST portal.
    pub area: Option<(&'static str, &'static str)>,
    pub nav: Vec<NavItem>,
    pub signed_in: Option<SignedInFrame>,
    /// The way back to the workspace that the person came from.
    pub workspace: Option<&'static str>,
    pub demo: bool,
    pub notice: Option<NoticeBox>,
    pub errors: FieldErrors,
    pub last_updated: &'static str,
    /// Now, for "Printed …" and for the script's countdowns.
    pub now: Moment,
    visit: Visit,
}

impl Frame {
    fn new(visit: &Visit, page: String, errors: FieldErrors) -> Self {
        let settings = &visit.kit.settings;
        let area = visit.portal.map(|portal| (area_name(visit.w, portal), paths::shared(portal).start));
        let prefix = if errors.is_empty() { "" } else { visit.w.frame_error_prefix() };
        let step = area.map_or(visit.w.frame_no_area(), |(name, _)| name);
        Self {
            title: format!("{prefix}{page} – {step} – {}", settings.brand),
            brand: settings.brand.clone(),
            operator_contact: settings.operator_contact.clone(),
            area,
            nav: nav(visit),
            signed_in: signed_in(visit),
            workspace: visit.visitor.handed_off(visit.now).map(|_| paths::WORKSPACE_API_CREDENTIALS),
            demo: settings.mode == Mode::Demo,
            notice: visit.visitor.take_notice().map(|notice| notice_box(visit, &notice)),
            errors,
            last_updated: LAST_UPDATED,
            now: visit.now,
            visit: visit.clone(),
        }
    }

    /// A box of this page's own instead of the notice.
    pub fn with_box(mut self, class: &'static str, role: &'static str, text: impl ToString) -> Self {
        self.notice = Some(NoticeBox { class, role, text: text.to_string() });
        self
    }

    /// The token of the form that posts to `action`, anew for each form.
    pub fn csrf(&self, action: &str) -> String {
        self.visit.csrf(action)
    }

    pub fn css(&self) -> &'static str {
        assets::path("app.css")
    }

    pub fn script(&self) -> &'static str {
        assets::path("app.js")
    }

    pub fn icon(&self) -> &'static str {
        assets::path("favicon.svg")
    }
}

/// The name of a portal, as the header shows it.
pub fn area_name(w: Words, portal: Portal) -> &'static str {
    match portal {
        Portal::Irp => w.frame_area_irp(),
        Portal::Workspace => w.frame_area_workspace(),
        Portal::Gst => w.frame_area_gst(),
    }
}

fn nav(visit: &Visit) -> Vec<NavItem> {
    let (w, signed_in) = (visit.w, visit.visitor.signed_in().is_some());
    let items = match visit.portal {
        Some(Portal::Irp) if signed_in => vec![(paths::IRP_API_CREDENTIALS, w.frame_nav_api_credentials())],
        Some(Portal::Irp) => {
            vec![(paths::IRP_REGISTER, w.frame_nav_register()), (paths::shared(Portal::Irp).login, w.frame_nav_login())]
        }
        Some(Portal::Gst) if signed_in => vec![
            (paths::GST_DASHBOARD, w.frame_nav_dashboard()),
            (paths::GST_PROFILE, w.frame_nav_profile()),
            (paths::GST_NOTICES, w.frame_nav_notices()),
        ],
        Some(Portal::Gst) => vec![
            (paths::shared(Portal::Gst).login, w.frame_nav_gst_login()),
            (paths::GST_FIRST_LOGIN, w.frame_nav_first_login()),
        ],
        Some(Portal::Workspace) if signed_in => vec![
            (paths::WORKSPACE_API_CREDENTIALS, w.frame_nav_api_credentials()),
            (paths::WORKSPACE_GSTINS, w.frame_nav_gstins()),
            (paths::WORKSPACE_SETTINGS, w.frame_nav_settings()),
        ],
        Some(Portal::Workspace) => vec![
            (paths::shared(Portal::Workspace).login, w.frame_nav_login()),
            (paths::WORKSPACE_SIGN_UP, w.frame_nav_sign_up()),
        ],
        _ => vec![
            (paths::IRP, w.frame_area_irp()),
            (paths::WORKSPACE, w.frame_area_workspace()),
            (paths::GST, w.frame_area_gst()),
        ],
    };
    let path = visit.path();
    let current = |address: &str| match path.strip_prefix(address)? {
        "" => Some("page"),
        below => below.starts_with('/').then_some("true"),
    };
    // Of an item and another below it, the one below is meant.
    let nearest = items.iter().map(|(address, _)| *address).filter(|address| current(address).is_some());
    let nearest = nearest.max_by_key(|address| address.len());
    let current = |address| current(address).filter(|_| Some(address) == nearest);
    items.into_iter().map(|(address, text)| NavItem { address, text, current: current(address) }).collect()
}

fn signed_in(visit: &Visit) -> Option<SignedInFrame> {
    let (state, limits): (SignedInState, _) = (visit.visitor.signed_in()?, &visit.kit.settings.limits);
    let shared = paths::shared(visit.portal?);
    // A page that has just signed somebody in has no row yet: its life begins now.
    let ends_at = visit.visitor.ends_at(limits.session_idle, limits.session_absolute);
    let ends_at = ends_at.unwrap_or_else(|| visit.now.plus(limits.session_idle));
    Some(SignedInFrame {
        workspace: visit.visitor.workspace_name(),
        gstin: state.gstin.filter(|gstin| *gstin != state.username),
        username: state.username,
        account: shared.account,
        logout: shared.logout,
        extend: shared.extend,
        ends_at: ends_at.ist_time(),
        ends_at_seconds: ends_at.seconds(),
        draft_minutes: limits.draft_life / MINUTE,
    })
}

fn notice_box(visit: &Visit, notice: &Notice) -> NoticeBox {
    let (w, limits) = (visit.w, &visit.kit.settings.limits);
    let (minutes, hours) = (limits.session_idle / MINUTE, limits.session_absolute / HOUR);
    let time = |seconds: i64| Moment::from_seconds(seconds).ist_time();
    let date_time = |seconds: i64| Moment::from_seconds(seconds).ist_date_time();
    let (class, text) = match notice {
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
        Notice::Invited { email, until } => ("ok", w.notice_invited().email(email).time(date_time(*until)).to_string()),
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
        Some(Reason::Owner | Reason::SignedOut) | None => w.notice_because_owner(),
    };
    if draft { format!("{why} {}", w.notice_kept_draft()) } else { why.to_owned() }
}

/// Sends a page.
pub fn page(status: StatusCode, template: &impl Template) -> PageResult {
    let body = template.render().map_err(|error| PageError::internal(error.to_string()))?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body))
}

/// Sends a page with status 200.
pub fn ok(template: &impl Template) -> PageResult {
    page(StatusCode::OK, template)
}

/// Sends a form again with what was wrong.
pub fn unprocessable(template: &impl Template) -> PageResult {
    page(StatusCode::UNPROCESSABLE_ENTITY, template)
}

/// The answer to every successful POST. Always a path of our own, so that cookies stay (no open redirect).
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}
