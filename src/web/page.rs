//! What a screen knows of its request (`Visit`), what every page has around it (`Frame`), and how a page is sent.

use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, web};
use askama::Template;

use super::error::PageError;
use super::form::{self, FieldErrors};
use super::notice::NoticeBox;
use super::session::{SignedInState, Visitor};
use super::{Kit, address, assets, paths};
use crate::kernel::clock::{MINUTE, Moment};
use crate::kernel::portal::Portal;
use crate::settings::Mode;
use crate::store::accounts::Account;
use crate::store::events::Event;
use crate::words::{Lang, Words};

/// What a handler answers.
pub type PageResult = Result<HttpResponse, PageError>;

/// The day the pages were last changed, shown in the footer.
const LAST_UPDATED: &str = "26/11/2026";

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

    /// The same about an account, whoever is signed in.
    pub fn event_of(&self, account: &Account, action: &str, outcome: &str) -> Event {
        let event = self.event(action, outcome, account.gstin.as_deref());
        Event { account_id: Some(account.id.clone()), ..event }
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
            notice: visit.visitor.take_notice().map(|notice| notice.shown(visit)),
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
