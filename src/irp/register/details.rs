//! `/irp/register/details`: step 2, are these your details?

use askama::Template;

use super::AtDetails;
use crate::kernel::taxpayer::{Address, Taxpayer, state_name};
use crate::store::journeys::{self, Stage};
use crate::web::form::{Button, Posted};
use crate::web::guard::Walking;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "irp/register/details.html")]
struct DetailsPage {
    w: Words,
    frame: Frame,
    action: &'static str,
    journey: String,
    other_gstin: &'static str,
    /// Label and value of each detail.
    details: Vec<(&'static str, String)>,
}

/// GET.
pub async fn show(visit: Visit, at: Walking<AtDetails>) -> PageResult {
    let taxpayer = super::taxpayer_of(&visit, &at.journey).await?;
    page::ok(&DetailsPage {
        w: visit.w,
        frame: visit.frame(visit.w.irp_details_title()),
        action: paths::IRP_DETAILS,
        journey: at.journey.id,
        other_gstin: paths::IRP_REGISTER,
        details: details_of(visit.w, &taxpayer),
    })
}

/// POST: confirmed; a step done before stays done.
pub async fn submit(visit: Visit, at: Walking<AtDetails>, _form: Posted<Button>) -> PageResult {
    let id = at.journey.id;
    visit.kit.store.write(move |c| journeys::advance(c, &id, Stage::Details, Stage::Contact)).await?;
    Ok(see_other(paths::IRP_CONTACT))
}

fn details_of(w: Words, taxpayer: &Taxpayer) -> Vec<(&'static str, String)> {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| w.ui_not_known().to_owned());
    let state = state_name(taxpayer.gstin.state_code()).map(str::to_owned);
    vec![
        (w.taxpayer_gstin(), taxpayer.gstin.to_string()),
        (w.taxpayer_legal_name(), taxpayer.legal_name.clone()),
        (w.taxpayer_trade_name(), or_dash(taxpayer.trade_name.clone())),
        (w.taxpayer_constitution(), or_dash(taxpayer.constitution.map(|word| word.as_str().to_owned()))),
        (w.taxpayer_principal_place(), or_dash(one_line(&taxpayer.principal_place))),
        (w.taxpayer_state(), or_dash(state)),
        (w.taxpayer_status(), or_dash(taxpayer.status.map(|word| word.as_str().to_owned()))),
        (w.taxpayer_registered_on(), or_dash(taxpayer.registered_on.map(|day| day.format("%d/%m/%Y").to_string()))),
    ]
}

/// Building, street, locality, city, district, state and PIN code, as the GST portal orders them.
fn one_line(place: &Address) -> Option<String> {
    let Address { building, street, locality, city, district, state_code, pincode } = place;
    let state = state_code.as_deref().and_then(state_name).map(str::to_owned);
    let parts = [building, street, locality, city, district, &state, pincode];
    let known: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    (!known.is_empty()).then(|| known.join(", "))
}
