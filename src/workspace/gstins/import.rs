//! `/workspace/settings/gstins/import`: the file with many GSTINs.

mod file;
pub mod run;

use std::collections::HashSet;

use askama::Template;
use sha2::{Digest as _, Sha256};

use self::file::{FileFault, Line};
use super::{Fault, Typed};
use crate::kernel::clock::Moment;
use crate::kernel::ids;
use crate::store::gstin_imports::{self, Import, PREVIEW, READING, REPEATED, Row};
use crate::store::{self, Connection, counters, taxpayers};
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, SAME_PRESS};
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::upload::Uploaded;
use crate::web::{paths, throttle};
use crate::words::Words;
use crate::workspace::{Member, Seat, ToChange};

/// Rows written in one go, so that nobody waits for a whole file.
const AT_ONCE: usize = 500;

/// Seconds after which rows that are still not all kept will never be: whoever kept them was cut off.
const READS_FOR: i64 = 10;

/// Earlier imports that the page leads to.
const RECENT: i64 = 5;

#[derive(Template)]
#[template(path = "workspace/gstins/import.html")]
struct ImportPage {
    w: Words,
    frame: Frame,
    most_rows: i64,
    /// Running and done ones: address and when they were begun.
    recent: Vec<(String, String)>,
}

/// GET.
pub async fn show(visit: Visit, member: Member<ToChange>) -> PageResult {
    page::ok(&page_of(&visit, &member, FieldErrors::default()).await?)
}

/// POST: keeps the rows for the preview; nothing is added yet.
pub async fn submit(visit: Visit, member: Member<ToChange>, Uploaded(bytes): Uploaded) -> PageResult {
    let most = usize::try_from(visit.kit.settings.limits.import_rows).unwrap_or(usize::MAX);
    let lines = match file::read(&bytes, most) {
        Ok(lines) => lines,
        Err(fault) => {
            let errors = FieldErrors::of("file", fault_words(&visit, fault));
            return page::unprocessable(&page_of(&visit, &member, errors).await?);
        }
    };
    let (seat, now) = (member.seat(), visit.kit.clock.now());
    let import = Import {
        id: ids::random(),
        workspace_id: member.workspace.id,
        account_id: member.account.id,
        digest: Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
        state: READING.to_owned(),
        // The upload may have taken a minute.
        created_at: now.seconds(),
        finished_at: None,
    };
    let id = keep(&visit, seat, import, lines).await?;
    Ok(see_other(&paths::workspace_gstins_import(&id)))
}

fn fault_words(visit: &Visit, fault: FileFault) -> String {
    let w = visit.w;
    match fault {
        FileFault::Empty => w.workspace_import_empty().to_owned(),
        FileFault::NotText => w.workspace_import_not_text().to_owned(),
        FileFault::Encoding => w.workspace_import_encoding().to_owned(),
        FileFault::NoColumn => w.workspace_import_no_column().to_owned(),
        FileFault::Quote { line } => w.workspace_import_quote().line(line).to_string(),
        FileFault::NoRows => w.workspace_import_no_rows().to_owned(),
        FileFault::TooManyRows => {
            w.workspace_import_too_many().limit(visit.kit.settings.limits.import_rows).to_string()
        }
    }
}

/// Writes import and rows, and returns its id; of a file that the same person has just sent, the id of then.
async fn keep(visit: &Visit, seat: Seat, import: Import, lines: Vec<Line>) -> Result<String, PageError> {
    match begin(visit, &seat, &import).await? {
        Begun::Before(id) => return Ok(id),
        Begun::TooMany(until) => return Err(PageError::TooMany { until }),
        Begun::Now => {}
    }
    for chunk in judge(visit, &import.id, lines).await?.chunks(AT_ONCE) {
        let (seat, import, rows) = (seat.clone(), import.clone(), chunk.to_vec());
        let kept = visit.kit.store.write(move |c| {
            seat.hold(c)?;
            // Whoever is slow may have been taken for cut off, and be removed.
            let is_there = gstin_imports::find(c, &import.workspace_id, &import.id)?.is_some();
            gstin_imports::insert_rows(c, if is_there { &rows } else { &[] })
        });
        kept.await?;
    }
    let kept = visit.kit.store.write(move |c| {
        seat.hold(c)?;
        match gstin_imports::set_state(c, &import.id, READING, PREVIEW)? {
            true => Ok(Some(import.id)),
            false => find_same(c, &import),
        }
    });
    kept.await?.ok_or(PageError::Unavailable)
}

/// What the same press, or the one before, has begun.
fn find_same(c: &mut Connection, import: &Import) -> store::Result<Option<String>> {
    let begun = Moment::from_seconds(import.created_at);
    gstin_imports::find_same(c, import, begun.plus(-SAME_PRESS), begun.plus(-READS_FOR))
}

async fn begin(visit: &Visit, seat: &Seat, import: &Import) -> Result<Begun, PageError> {
    let budgets = throttle::imports(&visit.kit.settings.limits, &import.workspace_id);
    let (seat, import, now) = (seat.clone(), import.clone(), Moment::from_seconds(import.created_at));
    let begun = visit.kit.store.write(move |c| {
        seat.hold(c)?;
        if let Some(same) = find_same(c, &import)? {
            return Ok(Begun::Before(same));
        }
        if let Err(until) = counters::take(c, &budgets, now)? {
            return Ok(Begun::TooMany(until));
        }
        gstin_imports::delete_unread(c, &import)?;
        gstin_imports::insert(c, &import).map(|()| Begun::Now)
    });
    Ok(begun.await?)
}

enum Begun {
    Now,
    Before(String),
    TooMany(Moment),
}

/// The rows, each with its GSTIN or with what is wrong with it. Test numbers are looked up together.
async fn judge(visit: &Visit, import_id: &str, lines: Vec<Line>) -> Result<Vec<Row>, PageError> {
    let typed: Vec<Result<Typed, Fault>> = lines.iter().map(|line| Typed::parse(&line.cell)).collect();
    let doubtful = |typed: &Result<Typed, Fault>| match typed {
        Ok(Typed::SandboxOnly(gstin, _)) => Some(gstin.to_string()),
        _ => None,
    };
    let doubtful: Vec<String> = typed.iter().filter_map(doubtful).collect();
    let marked = visit.kit.store.read(move |c| taxpayers::list_sandbox(c, &doubtful)).await?;
    let marked: HashSet<String> = marked.into_iter().collect();
    let mut seen = HashSet::new();
    let rows = lines.iter().zip(typed).map(|(line, typed)| {
        let gstin = match typed {
            Ok(Typed::Strict(gstin)) => Ok(gstin),
            Ok(Typed::SandboxOnly(gstin, _)) if marked.contains(gstin.as_str()) => Ok(gstin),
            Ok(Typed::SandboxOnly(_, fault)) | Err(fault) => Err(fault.to_text()),
        };
        let (gstin, outcome) = match gstin {
            Ok(gstin) if seen.insert(gstin.to_string()) => (Some(gstin.to_string()), None),
            Ok(_) => (None, Some(REPEATED.to_owned())),
            Err(fault) => (None, Some(fault)),
        };
        Row { import_id: import_id.to_owned(), position: line.number, typed: line.typed(), gstin, outcome }
    });
    Ok(rows.collect())
}

async fn page_of(visit: &Visit, member: &Member<ToChange>, errors: FieldErrors) -> Result<ImportPage, PageError> {
    let workspace = member.workspace.id.clone();
    let recent = visit.kit.store.read(move |c| gstin_imports::list_recent(c, &workspace, RECENT)).await?;
    let link = |import: Import| {
        (paths::workspace_gstins_import(&import.id), Moment::from_seconds(import.created_at).ist_date_time())
    };
    Ok(ImportPage {
        w: visit.w,
        frame: visit.frame_with(visit.w.workspace_import_title(), errors),
        most_rows: visit.kit.settings.limits.import_rows,
        recent: recent.into_iter().map(link).collect(),
    })
}
