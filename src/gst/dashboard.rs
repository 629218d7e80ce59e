//! `/gst/dashboard`: who signed in last and from where, the documents' buttons, and whether API access is on.

use askama::Template;

use super::api_access::{self, Status};
use super::not_here::Elsewhere;
use crate::kernel::clock::Moment;
use crate::kernel::portal::{Gst, Portal};
use crate::web::guard::SignedIn;
use crate::web::page::{self, Frame, NavItem, PageResult, Visit};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "gst/dashboard.html")]
struct DashboardPage {
    w: Words,
    frame: Frame,
    /// `19/08/2017 17:01`, IST; `None` at the first login.
    last_login: Option<String>,
    address: String,
    legal_name: String,
    access: Status,
    buttons: [NavItem; 3],
    quick_links: [NavItem; 3],
}

/// GET.
pub async fn show(visit: Visit, user: SignedIn<Gst>) -> PageResult {
    let access = api_access::status_of(&visit, &user).await?;
    let taxpayer = super::taxpayer_of(&visit, &user).await?;
    let before = visit.visitor.signed_in().and_then(|session| session.before);
    let w = visit.w;
    let notices = NavItem { address: paths::GST_NOTICES, text: w.gst_dashboard_notices(), current: None };
    page::ok(&DashboardPage {
        w,
        frame: visit.frame(w.gst_dashboard_title()),
        last_login: before.map(|at| Moment::from_seconds(at).ist_date_time()),
        address: visit.address.to_string(),
        legal_name: taxpayer.map_or_else(|| user.gstin().to_owned(), |taxpayer| taxpayer.legal_name),
        access,
        buttons: [Elsewhere::ReturnDashboard.link(w), Elsewhere::CreateChallan.link(w), notices],
        quick_links: [Elsewhere::CashBalance, Elsewhere::LiabilityLedger, Elsewhere::CreditLedger]
            .map(|elsewhere| elsewhere.link(w)),
    })
}
