//! `/gst/not-here/{what}`: what the GST portal of the documents does and Sanad does not, and where it is done.

use askama::Template;

use crate::web::error::PageError;
use crate::web::page::{self, Frame, NavItem, PageResult, Visit};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "gst/not_here.html")]
struct NotHerePage {
    w: Words,
    frame: Frame,
    what: &'static str,
    place: &'static str,
}

/// Something that is done on the GST portal proper.
#[derive(Clone, Copy)]
pub enum Elsewhere {
    ReturnDashboard,
    CreateChallan,
    CashBalance,
    LiabilityLedger,
    CreditLedger,
    Dsc,
    Composition,
    Amendment,
    StockIntimation,
}

impl Elsewhere {
    const ALL: [Self; 9] = [
        Self::ReturnDashboard,
        Self::CreateChallan,
        Self::CashBalance,
        Self::LiabilityLedger,
        Self::CreditLedger,
        Self::Dsc,
        Self::Composition,
        Self::Amendment,
        Self::StockIntimation,
    ];

    const fn address(self) -> &'static str {
        match self {
            Self::ReturnDashboard => "/gst/not-here/return-dashboard",
            Self::CreateChallan => "/gst/not-here/create-challan",
            Self::CashBalance => "/gst/not-here/cash-balance",
            Self::LiabilityLedger => "/gst/not-here/liability-ledger",
            Self::CreditLedger => "/gst/not-here/credit-ledger",
            Self::Dsc => "/gst/not-here/dsc",
            Self::Composition => "/gst/not-here/composition",
            Self::Amendment => "/gst/not-here/amendment",
            Self::StockIntimation => "/gst/not-here/stock-intimation",
        }
    }

    /// The link to it.
    pub fn link(self, w: Words) -> NavItem {
        NavItem { address: self.address(), text: self.name(w), current: None }
    }

    /// What it is called on the page that links to it: the documents' words.
    fn name(self, w: Words) -> &'static str {
        match self {
            Self::ReturnDashboard => w.gst_elsewhere_return_dashboard(),
            Self::CreateChallan => w.gst_elsewhere_create_challan(),
            Self::CashBalance => w.gst_elsewhere_cash_balance(),
            Self::LiabilityLedger => w.gst_elsewhere_liability_ledger(),
            Self::CreditLedger => w.gst_elsewhere_credit_ledger(),
            Self::Dsc => w.gst_elsewhere_dsc(),
            Self::Composition => w.gst_elsewhere_composition(),
            Self::Amendment => w.gst_elsewhere_amendment(),
            Self::StockIntimation => w.gst_elsewhere_stock_intimation(),
        }
    }

    /// Where on the GST portal it is done.
    fn place(self, w: Words) -> &'static str {
        match self {
            Self::ReturnDashboard => w.gst_elsewhere_at_returns(),
            Self::CreateChallan => w.gst_elsewhere_at_payments(),
            Self::CashBalance | Self::LiabilityLedger | Self::CreditLedger => w.gst_elsewhere_at_ledgers(),
            Self::Dsc => w.gst_elsewhere_at_profile(),
            Self::Composition | Self::Amendment | Self::StockIntimation => w.gst_elsewhere_at_registration(),
        }
    }
}

/// GET.
pub async fn show(visit: Visit) -> PageResult {
    let found = Elsewhere::ALL.into_iter().find(|elsewhere| elsewhere.address() == visit.path());
    let elsewhere = found.ok_or(PageError::NotFound)?;
    page::ok(&NotHerePage {
        w: visit.w,
        frame: visit.frame(visit.w.gst_not_here_title()),
        what: elsewhere.name(visit.w),
        place: elsewhere.place(visit.w),
    })
}
