//! `/irp/register/not-eligible`: why this GSTIN cannot be registered, and what to do about it. No error, no red.

use askama::Template;

use crate::kernel::eligibility::{Ineligible, eligibility};
use crate::store::taxpayers;
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "irp/register/not_eligible.html")]
struct NotEligiblePage {
    w: Words,
    frame: Frame,
    gstin: String,
    reason: String,
    advice: &'static str,
    again: &'static str,
}

/// GET: for the GSTIN this session has asked about last.
pub async fn show(visit: Visit) -> PageResult {
    let Some(gstin) = visit.visitor.checked_gstin() else {
        visit.visitor.set_notice(&Notice::StartHere);
        return Ok(see_other(paths::IRP_REGISTER));
    };
    let asked = gstin.clone();
    let found = visit.kit.store.read(move |c| taxpayers::find(c, &asked)).await?;
    // An import may have changed the answer since: then the check begins anew.
    let Err(reason) = eligibility(found.as_ref()) else { return Ok(see_other(paths::IRP_REGISTER)) };
    page::ok(&NotEligiblePage {
        w: visit.w,
        frame: visit.frame(visit.w.irp_not_eligible_title()),
        gstin,
        reason: reason_words(visit.w, reason),
        advice: advice_words(visit.w, reason),
        again: paths::IRP_REGISTER,
    })
}

fn reason_words(w: Words, reason: Ineligible) -> String {
    match reason {
        Ineligible::NotFound => w.irp_not_eligible_not_found().to_owned(),
        Ineligible::Cancelled => w.irp_not_eligible_cancelled().to_owned(),
        Ineligible::Suspended => w.irp_not_eligible_suspended().to_owned(),
        Ineligible::Inactive => w.irp_not_eligible_inactive().to_owned(),
        Ineligible::Provisional => w.irp_not_eligible_provisional().to_owned(),
        Ineligible::StatusUnknown => w.irp_not_eligible_status_unknown().to_owned(),
        Ineligible::NotEnabled => w.irp_not_eligible_not_enabled().to_owned(),
        Ineligible::Exempt(kind) => w.irp_not_eligible_exempt().kind(kind.as_str()).to_string(),
        Ineligible::TypeUnknown => w.irp_not_eligible_type_unknown().to_owned(),
    }
}

fn advice_words(w: Words, reason: Ineligible) -> &'static str {
    match reason {
        Ineligible::NotFound => w.irp_not_eligible_advice_not_found(),
        Ineligible::NotEnabled => w.irp_not_eligible_advice_not_enabled(),
        Ineligible::Exempt(_) => w.irp_not_eligible_advice_exempt(),
        Ineligible::StatusUnknown | Ineligible::TypeUnknown => w.irp_not_eligible_advice_unknown(),
        Ineligible::Cancelled | Ineligible::Suspended | Ineligible::Inactive | Ineligible::Provisional => {
            w.irp_not_eligible_advice_status()
        }
    }
}
