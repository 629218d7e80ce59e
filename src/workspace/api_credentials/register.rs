//! `/workspace/settings/api-credentials/clearirp/register` and `…/clearirp/forgot-api-password`: to the IRP with a
//! purpose and a GSTIN of this workspace, and back with the credentials.

use askama::Template;
use serde::Deserialize;

use super::gstin_choices;
use crate::store::events;
use crate::store::handoffs::{self, CHANGE_API_PASSWORD, REGISTER};
use crate::store::workspace_gstins;
use crate::web::error::PageError;
use crate::web::form::{Choice, FieldErrors, Posted};
use crate::web::handoff;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;
use crate::workspace::{Member, ToChange};

#[derive(Template)]
#[template(path = "workspace/api_credentials/register.html")]
struct RegisterPage {
    w: Words,
    frame: Frame,
    way: &'static Way,
    title: &'static str,
    text: &'static str,
    gstins: Vec<Choice>,
}

/// One of the two ways into the IRP.
struct Way {
    purpose: &'static str,
    page: &'static str,
    /// Where in the IRP it begins.
    to: &'static str,
}

static REGISTRATION: Way = Way { purpose: REGISTER, page: paths::WORKSPACE_CLEARIRP_REGISTER, to: paths::IRP_REGISTER };
static FORGOTTEN: Way =
    Way { purpose: CHANGE_API_PASSWORD, page: paths::WORKSPACE_CLEARIRP_FORGOT, to: paths::IRP_LOGIN };

/// A GSTIN of the workspace.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct GstinForm {
    gstin: String,
}

/// GET: which GSTIN is to be registered?
pub async fn show(visit: Visit, member: Member<ToChange>) -> PageResult {
    let wanted = visit.query("gstin");
    page::ok(&page_of(&visit, &member, &REGISTRATION, &wanted, FieldErrors::default()).await?)
}

/// POST: on to the eligibility check of the IRP.
pub async fn submit(visit: Visit, member: Member<ToChange>, Posted(form): Posted<GstinForm>) -> PageResult {
    hand_off(&visit, &member, &REGISTRATION, &form).await
}

/// GET `…/forgot-api-password`: for which GSTIN?
pub async fn show_forgotten(visit: Visit, member: Member<ToChange>) -> PageResult {
    let wanted = visit.query("gstin");
    page::ok(&page_of(&visit, &member, &FORGOTTEN, &wanted, FieldErrors::default()).await?)
}

/// POST `…/forgot-api-password`: on to the login page of the IRP.
pub async fn submit_forgotten(visit: Visit, member: Member<ToChange>, Posted(form): Posted<GstinForm>) -> PageResult {
    hand_off(&visit, &member, &FORGOTTEN, &form).await
}

/// Writes the handoff and leads to the IRP; asks for a GSTIN when it is none of the workspace.
async fn hand_off(visit: &Visit, member: &Member<ToChange>, way: &'static Way, form: &GstinForm) -> PageResult {
    let (handoff, token) = handoff::begin(visit, &member.workspace.id, &member.account.id, &form.gstin, way.purpose);
    let event = visit.event("handed_off", events::DONE, Some(&form.gstin));
    let event = event.with_detail(&serde_json::json!({ "workspace": member.workspace.id, "for": way.purpose }));
    let seat = member.seat();
    let written = visit.kit.store.write(move |c| {
        seat.hold(c)?;
        if !workspace_gstins::exists(c, &handoff.workspace_id, &handoff.gstin)? {
            return Ok(false);
        }
        handoffs::insert(c, &handoff)?;
        events::insert(c, &event)?;
        Ok(true)
    });
    if written.await? {
        return Ok(see_other(&format!("{}?{}={token}", way.to, handoff::PARAMETER)));
    }
    let errors = FieldErrors::of("gstin", visit.w.workspace_credentials_gstin_empty());
    page::unprocessable(&page_of(visit, member, way, "", errors).await?)
}

async fn page_of(
    visit: &Visit,
    member: &Member<ToChange>,
    way: &'static Way,
    chosen: &str,
    errors: FieldErrors,
) -> Result<RegisterPage, PageError> {
    let w = visit.w;
    let (title, text) = match way.purpose {
        REGISTER => (w.workspace_register_title(), w.workspace_register_text()),
        _ => (w.workspace_forgotten_title(), w.workspace_forgotten_text()),
    };
    Ok(RegisterPage {
        w,
        frame: visit.frame_with(title, errors),
        way,
        title,
        text,
        gstins: gstin_choices(visit, &member.workspace.id, chosen).await?,
    })
}
