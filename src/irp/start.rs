//! `/irp`: what is needed, and the two ways in.

use askama::Template;

use crate::kernel::portal::Portal;
use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "irp/start.html")]
struct StartPage {
    w: Words,
    frame: Frame,
    register: &'static str,
    login: &'static str,
}

pub async fn show(visit: Visit) -> PageResult {
    let frame = visit.frame(visit.w.irp_start_title());
    let login = paths::shared(Portal::Irp).login;
    page::ok(&StartPage { w: visit.w, frame, register: paths::IRP_REGISTER, login })
}
