//! `/irp/register/verified`: the OTP was right. A page of its own because the document has it.

use askama::Template;

use super::AtPassword;
use crate::web::guard::Walking;
use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "irp/register/verified.html")]
struct VerifiedPage {
    w: Words,
    frame: Frame,
    next: &'static str,
}

pub async fn show(visit: Visit, _at: Walking<AtPassword>) -> PageResult {
    let frame = visit.frame(visit.w.irp_verified_title());
    page::ok(&VerifiedPage { w: visit.w, frame, next: paths::IRP_PASSWORD })
}
