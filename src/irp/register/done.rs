//! `/irp/register/done`: the account is there; API credentials come next.

use askama::Template;

use super::AtDone;
use crate::kernel::portal::Portal;
use crate::web::guard::Walking;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "irp/register/done.html")]
struct DonePage {
    w: Words,
    frame: Frame,
    username: String,
    create: &'static str,
    later: &'static str,
}

/// GET: for whoever has just registered, and after a reload.
pub async fn show(visit: Visit, at: Walking<AtDone>) -> PageResult {
    if visit.visitor.signed_in().is_none() {
        return Ok(see_other(paths::shared(Portal::Irp).login));
    }
    page::ok(&DonePage {
        w: visit.w,
        frame: visit.frame(visit.w.irp_done_title()),
        username: at.journey.subject,
        create: paths::IRP_API_NEW,
        later: paths::IRP_API_CREDENTIALS,
    })
}
