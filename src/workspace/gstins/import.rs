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
use crate::store::{counters, taxpayers, workspaces};
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, SAME_PRESS};
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::upload::Uploaded;
use crate::web::{paths, throttle};
use crate::words::Words;
use crate::workspace::{Member, ToChange};

/// Rows written in one go, so that nobody waits for a whole file.
const AT_ONCE: usize = 500;

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
    let import = Import {
        id: ids::random(),
        workspace_id: member.workspace.id,
        account_id: member.account.id,
        digest: Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
        state: READING.to_owned(),
        created_at: visit.now.seconds(),
        finished_at: None,
    };
    let id = keep(&visit, import, lines).await?;
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
async fn keep(visit: &Visit, import: Import, lines: Vec<Line>) -> Result<String, PageError> {
    let budgets = throttle::imports(&visit.kit.settings.limits, &import.workspace_id);
    let (id, now, store) = (import.id.clone(), visit.now, &visit.kit.store);
    let begun = store.write(move |c| {
        workspaces::lock(c, &import.workspace_id)?;
        if let Some(same) = gstin_imports::find_same(c, &import, now.plus(-SAME_PRESS))? {
            return Ok(Begun::Before(same));
        }
        if let Err(until) = counters::take(c, &budgets, now)? {
            return Ok(Begun::TooMany(until));
        }
        gstin_imports::insert(c, &import).map(|()| Begun::Now)
    });
    match begun.await? {
        Begun::Before(id) => return Ok(id),
        Begun::TooMany(until) => return Err(PageError::TooMany { until }),
        Begun::Now => {}
    }
    for chunk in judge(visit, &id, lines).await?.chunks(AT_ONCE) {
        let rows = chunk.to_vec();
        store.write(move |c| gstin_imports::insert_rows(c, &rows)).await?;
    }
    let of = id.clone();
    store.write(move |c| gstin_imports::set_state(c, &of, READING, PREVIEW)).await?;
    Ok(id)
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
