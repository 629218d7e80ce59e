//! `/irp/api-credentials`: the API username, the masked password, and the button that asks for an OTP.

use actix_web::web;
use askama::Template;

use super::otp::STEP;
use super::proves;
use crate::accounts::second_factor;
use crate::kernel::clock::Moment;
use crate::kernel::portal::Irp;
use crate::notify::Outbox;
use crate::store::credentials::{self, Credential};
use crate::store::journeys::Kind;
use crate::web::error::PageError;
use crate::web::form::{Button, Posted};
use crate::web::guard::{SignedIn, current_journey};
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "irp/api_credentials/index.html")]
struct IndexPage {
    w: Words,
    frame: Frame,
    action: &'static str,
    gstin: String,
    credential: Option<Shown>,
}

/// Credentials as the page shows them; moments are `21/11/2026 17:11`, IST.
struct Shown {
    api_username: String,
    created: String,
    changed: String,
    /// With the address it came from.
    last_used: Option<(String, String)>,
    frozen: bool,
}

impl From<Credential> for Shown {
    fn from(credential: Credential) -> Self {
        let moment = |seconds: i64| Moment::from_seconds(seconds).ist_date_time();
        Self {
            api_username: credential.api_username,
            created: moment(credential.created_at),
            changed: moment(credential.changed_at),
            last_used: credential.last_used_at.map(moment).zip(credential.last_used_address),
            frozen: credential.status == credentials::FROZEN,
        }
    }
}

/// GET.
pub async fn show(visit: Visit, user: SignedIn<Irp>) -> PageResult {
    let credential = find(&visit, user.gstin()).await?;
    let mut frame = visit.frame(visit.w.api_index_title());
    if let Some(other) = visit.visitor.handed_off(visit.now).filter(|handed_off| handed_off.gstin != user.gstin()) {
        frame = frame.with_box("warn", "status", visit.w.notice_handoff_other_gstin().gstin(other.gstin));
    }
    page::ok(&IndexPage {
        w: visit.w,
        frame,
        action: paths::IRP_API_CREDENTIALS,
        gstin: user.gstin().to_owned(),
        credential: credential.map(Shown::from),
    })
}

/// POST: sends the OTP that must come before creating or changing; when one has just proven that, straight on.
pub async fn submit(visit: Visit, user: SignedIn<Irp>, outbox: web::Data<Outbox>, _form: Posted<Button>) -> PageResult {
    let gstin = user.gstin().to_owned();
    let (kind, next) = match find(&visit, &gstin).await? {
        Some(_) => (Kind::ChangeApiPassword, paths::IRP_API_CHANGE),
        None => (Kind::CreateApiCredentials, paths::IRP_API_NEW),
    };
    let limits = &visit.kit.settings.limits;
    if current_journey(&visit).await?.is_some_and(|journey| proves(&journey, kind, &gstin, limits, visit.now)) {
        return Ok(see_other(next));
    }
    second_factor::begin(&visit, &outbox, &user.account, (kind, None), STEP.page).await
}

pub(super) async fn find(visit: &Visit, gstin: &str) -> Result<Option<Credential>, PageError> {
    let gstin = gstin.to_owned();
    Ok(visit.kit.store.read(move |c| credentials::find_by_gstin(c, &gstin)).await?)
}
