//! `/workspace/settings/gstins/import/{id}`: an import as it stands: the preview before anything is added, the progress,
//! the result.

use actix_web::web::Path;
use askama::Template;
use serde::Deserialize;

use super::super::Fault;
use crate::kernel::clock::Moment;
use crate::kernel::ids;
use crate::store::gstin_imports::{self, CANCELLED, Counts, DONE, Import, PREVIEW, READING, RUNNING, Row};
use crate::store::{self, Connection, events, workspace_gstins};
use crate::web::error::PageError;
use crate::web::form::Posted;
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::{download, paths};
use crate::words::Words;
use crate::workspace::{Member, Seat, ToChange};

/// Refused rows that a page shows; the result file has all.
const SHOWN: i64 = 100;

/// Seconds after which a file that is still being read is said to be interrupted.
const READS_FOR: i64 = 60;

/// Rows read at once for the result file.
const PER_READ: i64 = 1_000;

#[derive(Template)]
#[template(path = "workspace/gstins/import/preview.html")]
struct PreviewPage {
    w: Words,
    frame: Frame,
    action: String,
    total: i64,
    /// What the button would add.
    new: i64,
    known: i64,
    counts: Counts,
    /// So many GSTINs fit into the workspace; `None` when all do.
    fits: Option<i64>,
    refused: Vec<Refused>,
    shown: i64,
}

#[derive(Template)]
#[template(path = "workspace/gstins/import/progress.html")]
struct ProgressPage {
    w: Words,
    frame: Frame,
    title: &'static str,
    here: String,
    /// The file is on its way to the preview.
    reading: bool,
    /// It will never get there.
    interrupted: bool,
    counts: Counts,
}

#[derive(Template)]
#[template(path = "workspace/gstins/import/result.html")]
struct ResultPage {
    w: Words,
    frame: Frame,
    counts: Counts,
    refused: Vec<Refused>,
    shown: i64,
    csv: String,
}

/// A row that is not imported, and why.
struct Refused {
    line: i32,
    typed: String,
    why: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct DecisionForm {
    /// `import` or `cancel`.
    decision: String,
}

/// What came of a decision.
enum Decided {
    /// It is running or done, by this press or one before; or being read anew. Its page tells.
    SeePage,
    /// Another import of the workspace is running.
    Waits,
    Cancelled,
    /// There is nothing to decide about any more.
    Gone,
}

/// GET.
pub async fn show(visit: Visit, member: Member<ToChange>, id: Path<String>) -> PageResult {
    let import = find(&visit, &member, &id).await?;
    match import.state.as_str() {
        PREVIEW => show_preview(&visit, import).await,
        READING | RUNNING => show_progress(&visit, import).await,
        DONE => show_result(&visit, import).await,
        _ => Err(PageError::NotFound),
    }
}

async fn find(visit: &Visit, member: &Member<ToChange>, id: &str) -> Result<Import, PageError> {
    if !ids::is_random(id) {
        return Err(PageError::NotFound);
    }
    let (workspace, id) = (member.workspace.id.clone(), id.to_owned());
    let found = visit.kit.store.read(move |c| gstin_imports::find(c, &workspace, &id)).await?;
    found.ok_or(PageError::NotFound)
}

async fn show_preview(visit: &Visit, import: Import) -> PageResult {
    let (w, most) = (visit.w, visit.kit.settings.limits.workspace_gstins);
    let action = paths::workspace_gstins_import(&import.id);
    let found = visit.kit.store.read(move |c| {
        let counts = gstin_imports::count(c, &import.id)?;
        let (known, listed) =
            (gstin_imports::count_known(c, &import)?, workspace_gstins::count(c, &import.workspace_id)?);
        Ok((counts, known, listed, gstin_imports::list_refused(c, &import.id, SHOWN)?))
    });
    let (counts, known, listed, refused) = found.await?;
    let (new, fits) = (counts.todo - known, (most - listed).max(0));
    page::ok(&PreviewPage {
        w,
        frame: visit.frame(w.workspace_import_preview_title()),
        action,
        total: counts.todo + counts.refused,
        new,
        known,
        counts,
        fits: (fits < new).then_some(fits),
        refused: refused.into_iter().map(|row| Refused::of(w, row)).collect(),
        shown: SHOWN,
    })
}

async fn show_progress(visit: &Visit, import: Import) -> PageResult {
    let (w, here, reading) = (visit.w, paths::workspace_gstins_import(&import.id), import.state == READING);
    let interrupted = reading && visit.now.since(Moment::from_seconds(import.created_at)) > READS_FOR;
    let counts = visit.kit.store.read(move |c| gstin_imports::count(c, &import.id)).await?;
    let title = match interrupted {
        true => w.workspace_import_interrupted_title(),
        false => w.workspace_import_progress_title(),
    };
    page::ok(&ProgressPage { w, frame: visit.frame(title), title, here, reading, interrupted, counts })
}

async fn show_result(visit: &Visit, import: Import) -> PageResult {
    let (w, csv) = (visit.w, paths::workspace_gstins_import_csv(&import.id));
    let found = visit.kit.store.read(move |c| {
        let counts = gstin_imports::count(c, &import.id)?;
        Ok((counts, gstin_imports::list_refused(c, &import.id, SHOWN)?))
    });
    let (counts, refused) = found.await?;
    let refused = refused.into_iter().map(|row| Refused::of(w, row)).collect();
    let frame = visit.frame(w.workspace_import_result_title());
    page::ok(&ResultPage { w, frame, counts, refused, shown: SHOWN, csv })
}

/// POST: imports what the preview has shown, or drops it.
pub async fn submit(
    visit: Visit,
    member: Member<ToChange>,
    id: Path<String>,
    Posted(form): Posted<DecisionForm>,
) -> PageResult {
    let import = find(&visit, &member, &id).await?;
    let here = paths::workspace_gstins_import(&import.id);
    let decided = match form.decision.as_str() {
        "import" => start(&visit, member.seat(), import).await?,
        "cancel" => cancel(&visit, member.seat(), import).await?,
        _ => Decided::SeePage,
    };
    match decided {
        Decided::SeePage => Ok(see_other(&here)),
        Decided::Waits => {
            visit.visitor.set_notice(&Notice::ImportWaits);
            Ok(see_other(&here))
        }
        Decided::Cancelled => {
            visit.visitor.set_notice(&Notice::ImportCancelled);
            Ok(see_other(paths::WORKSPACE_GSTINS))
        }
        Decided::Gone => Err(PageError::NotFound),
    }
}

/// One import runs in a workspace at a time. The button pressed twice starts it once.
async fn start(visit: &Visit, seat: Seat, import: Import) -> Result<Decided, PageError> {
    let event = visit.event("gstin_import_started", events::DONE, None);
    let detail = serde_json::json!({ "workspace": import.workspace_id, "import": import.id });
    let event = event.with_detail(&detail);
    let started = visit.kit.store.write(move |c| {
        seat.hold(c)?;
        match now_of(c, &import)?.as_deref() {
            Some(PREVIEW) => {}
            Some(CANCELLED) | None => return Ok(Decided::Gone),
            Some(_) => return Ok(Decided::SeePage),
        }
        if gstin_imports::find_running(c, &import.workspace_id)?.is_some() {
            return Ok(Decided::Waits);
        }
        if gstin_imports::set_state(c, &import.id, PREVIEW, RUNNING)? {
            events::insert(c, &event)?;
        }
        Ok(Decided::SeePage)
    });
    Ok(started.await?)
}

async fn cancel(visit: &Visit, seat: Seat, import: Import) -> Result<Decided, PageError> {
    let cancelled = visit.kit.store.write(move |c| {
        seat.hold(c)?;
        if gstin_imports::set_state(c, &import.id, PREVIEW, CANCELLED)? {
            return Ok(Decided::Cancelled);
        }
        Ok(match now_of(c, &import)?.as_deref() {
            Some(CANCELLED) => Decided::Cancelled,
            Some(_) => Decided::SeePage,
            None => Decided::Gone,
        })
    });
    Ok(cancelled.await?)
}

/// The state of an import in this transaction; `None` when it was removed meanwhile.
fn now_of(c: &mut Connection, import: &Import) -> store::Result<Option<String>> {
    Ok(gstin_imports::find(c, &import.workspace_id, &import.id)?.map(|import| import.state))
}

/// GET `/workspace/settings/gstins/import/{id}/result.csv`: every row and what came of it, when all is done.
pub async fn show_csv(visit: Visit, member: Member<ToChange>, id: Path<String>) -> PageResult {
    let import = find(&visit, &member, &id).await?;
    if import.state != DONE {
        return Err(PageError::NotFound);
    }
    let w = visit.w;
    let header = [w.workspace_import_line(), w.workspace_import_typed(), w.gstin_label(), w.workspace_import_outcome()];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let mut below = 0;
    loop {
        let id = import.id.clone();
        let found = visit.kit.store.read(move |c| gstin_imports::list_rows(c, &id, below, PER_READ)).await?;
        let Some(last) = found.last() else { return download::csv("gstin-import.csv", rows) };
        below = last.position;
        rows.extend(found.into_iter().map(|row| {
            let outcome = outcome_words(w, row.outcome.as_deref());
            vec![row.position.to_string(), row.typed, row.gstin.unwrap_or_default(), outcome]
        }));
    }
}

impl Refused {
    fn of(w: Words, row: Row) -> Self {
        Self { line: row.position, typed: row.typed, why: outcome_words(w, row.outcome.as_deref()) }
    }
}

fn outcome_words(w: Words, outcome: Option<&str>) -> String {
    match outcome {
        Some(gstin_imports::ADDED) => w.workspace_import_added().to_owned(),
        Some(gstin_imports::PRESENT) => w.workspace_import_present().to_owned(),
        Some(gstin_imports::FULL) => w.workspace_import_full().to_owned(),
        Some(gstin_imports::REPEATED) => w.workspace_import_repeated().to_owned(),
        other => other.and_then(Fault::from_text).map(|fault| fault.message(w)).unwrap_or_default(),
    }
}
