//! `/`: the portals and what each is for.

use askama::Template;

use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "site/home.html")]
struct HomePage {
    w: Words,
    frame: Frame,
    demo: Option<&'static str>,
}

pub async fn show(visit: Visit) -> PageResult {
    let frame = visit.frame(visit.w.home_title());
    let demo = frame.demo.then_some(paths::DEMO);
    page::ok(&HomePage { w: visit.w, frame, demo })
}
