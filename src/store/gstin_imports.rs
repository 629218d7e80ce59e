//! Files of GSTINs on their way into a workspace: previewed, then added row by row in the background. Rows are the
//! only memory of how far an import has come, so it goes on after a kill where it stood.

use diesel::dsl::{count_star, exists};
use diesel::prelude::*;

use super::schema::{gstin_import_rows, gstin_imports, workspace_gstins};
use super::{Connection, Result, on_any};
use crate::kernel::clock::Moment;

/// The file's rows are being written; nobody has seen them yet.
pub const READING: &str = "reading";
/// Shown to the person, who has not decided.
pub const PREVIEW: &str = "preview";
/// Being added.
pub const RUNNING: &str = "running";
pub const DONE: &str = "done";
/// The person decided against it.
pub const CANCELLED: &str = "cancelled";

/// Outcome of a row: the workspace has the GSTIN now and had it not before.
pub const ADDED: &str = "added";
/// The workspace had the GSTIN already.
pub const PRESENT: &str = "present";
/// The workspace holds as many GSTINs as it may.
pub const FULL: &str = "full";
/// The GSTIN stands further up in the file.
pub const REPEATED: &str = "repeated";

/// An import as stored. `digest` is the hash of the file, which tells a doubled press from another file.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = gstin_imports)]
pub struct Import {
    pub id: String,
    pub workspace_id: String,
    pub account_id: String,
    pub digest: String,
    pub state: String,
    pub created_at: i64,
    pub finished_at: Option<i64>,
}

/// A row of the file. `position` is its line, `typed` what stood there. Without an outcome it is still to be done; what
/// is wrong with a row is its outcome from the start, and then it has no `gstin`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = gstin_import_rows)]
pub struct Row {
    pub import_id: String,
    pub position: i32,
    pub typed: String,
    pub gstin: Option<String>,
    pub outcome: Option<String>,
}

/// How many rows of an import have come to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub todo: i64,
    pub added: i64,
    pub present: i64,
    /// Wrong in themselves, repeated, or one too many.
    pub refused: i64,
    /// Of the refused, those that found no place: they were tried.
    pub full: i64,
}

impl Counts {
    /// Rows that are tried, or were.
    pub fn tried(&self) -> i64 {
        self.todo + self.done()
    }

    /// Rows that were tried.
    pub fn done(&self) -> i64 {
        self.added + self.present + self.full
    }
}

pub fn insert(c: &mut Connection, import: &Import) -> Result<()> {
    on_any!(c, |c| diesel::insert_into(gstin_imports::table).values(import.clone()).execute(c))?;
    Ok(())
}

pub fn insert_rows(c: &mut Connection, rows: &[Row]) -> Result<()> {
    for row in rows {
        on_any!(c, |c| diesel::insert_into(gstin_import_rows::table).values(row.clone()).execute(c))?;
    }
    Ok(())
}

/// The import of that id in that workspace.
pub fn find(c: &mut Connection, workspace_id: &str, id: &str) -> Result<Option<Import>> {
    Ok(on_any!(c, |c| {
        gstin_imports::table
            .filter(gstin_imports::workspace_id.eq(workspace_id))
            .filter(gstin_imports::id.eq(id))
            .select(Import::as_select())
            .get_result(c)
            .optional()
    })?)
}

/// What the same person has uploaded since then in the same bytes and not decided about, the newest. One that is still
/// being read counts only since `reading_since`: before that, its reading has been cut off.
pub fn find_same(c: &mut Connection, import: &Import, since: Moment, reading_since: Moment) -> Result<Option<String>> {
    Ok(on_any!(c, |c| {
        gstin_imports::table
            .filter(gstin_imports::workspace_id.eq(&import.workspace_id))
            .filter(gstin_imports::account_id.eq(&import.account_id))
            .filter(gstin_imports::digest.eq(&import.digest))
            .filter(gstin_imports::created_at.ge(since.seconds()))
            .filter(
                gstin_imports::state
                    .eq(PREVIEW)
                    .or(gstin_imports::state.eq(READING).and(gstin_imports::created_at.ge(reading_since.seconds()))),
            )
            .order((gstin_imports::created_at.desc(), gstin_imports::id.asc()))
            .limit(1)
            .select(gstin_imports::id)
            .get_result(c)
            .optional()
    })?)
}

/// Removes what the same person has uploaded in the same bytes and nobody has read to the end.
pub fn delete_unread(c: &mut Connection, import: &Import) -> Result<()> {
    on_any!(c, |c| {
        let unread = gstin_imports::table
            .filter(gstin_imports::workspace_id.eq(&import.workspace_id))
            .filter(gstin_imports::account_id.eq(&import.account_id))
            .filter(gstin_imports::digest.eq(&import.digest))
            .filter(gstin_imports::state.eq(READING));
        diesel::delete(unread).execute(c)
    })?;
    Ok(())
}

/// The import that the workspace is running; there is never a second.
pub fn find_running(c: &mut Connection, workspace_id: &str) -> Result<Option<Import>> {
    Ok(on_any!(c, |c| {
        gstin_imports::table
            .filter(gstin_imports::workspace_id.eq(workspace_id))
            .filter(gstin_imports::state.eq(RUNNING))
            .select(Import::as_select())
            .get_result(c)
            .optional()
    })?)
}

/// The imports of any workspace that are running, the oldest first.
pub fn list_running(c: &mut Connection) -> Result<Vec<Import>> {
    Ok(on_any!(c, |c| {
        gstin_imports::table
            .filter(gstin_imports::state.eq(RUNNING))
            .order((gstin_imports::created_at.asc(), gstin_imports::id.asc()))
            .select(Import::as_select())
            .load(c)
    })?)
}

/// The newest imports of a workspace that are running or done.
pub fn list_recent(c: &mut Connection, workspace_id: &str, limit: i64) -> Result<Vec<Import>> {
    Ok(on_any!(c, |c| {
        gstin_imports::table
            .filter(gstin_imports::workspace_id.eq(workspace_id))
            .filter(gstin_imports::state.eq_any([RUNNING, DONE]))
            .order((gstin_imports::created_at.desc(), gstin_imports::id.asc()))
            .limit(limit)
            .select(Import::as_select())
            .load(c)
    })?)
}

/// From one state into another; `false` when it was not in the first.
pub fn set_state(c: &mut Connection, id: &str, from: &str, to: &str) -> Result<bool> {
    let changed = on_any!(c, |c| {
        let import = gstin_imports::table.filter(gstin_imports::id.eq(id)).filter(gstin_imports::state.eq(from));
        diesel::update(import).set(gstin_imports::state.eq(to)).execute(c)
    })?;
    Ok(changed == 1)
}

/// Nothing is left to do; `false` when it was not running.
pub fn set_done(c: &mut Connection, id: &str, now: Moment) -> Result<bool> {
    let changed = on_any!(c, |c| {
        let import = gstin_imports::table.filter(gstin_imports::id.eq(id)).filter(gstin_imports::state.eq(RUNNING));
        diesel::update(import)
            .set((gstin_imports::state.eq(DONE), gstin_imports::finished_at.eq(Some(now.seconds()))))
            .execute(c)
    })?;
    Ok(changed == 1)
}

/// Up to `limit` rows that are still to be done, in the order of the file.
pub fn list_todo(c: &mut Connection, id: &str, limit: i64) -> Result<Vec<Row>> {
    Ok(on_any!(c, |c| {
        gstin_import_rows::table
            .filter(gstin_import_rows::import_id.eq(id))
            .filter(gstin_import_rows::outcome.is_null())
            .order(gstin_import_rows::position.asc())
            .limit(limit)
            .select(Row::as_select())
            .load(c)
    })?)
}

/// Up to `limit` rows that are not in the workspace because of themselves, in the order of the file.
pub fn list_refused(c: &mut Connection, id: &str, limit: i64) -> Result<Vec<Row>> {
    Ok(on_any!(c, |c| {
        gstin_import_rows::table
            .filter(gstin_import_rows::import_id.eq(id))
            .filter(gstin_import_rows::outcome.is_not_null())
            .filter(gstin_import_rows::outcome.ne_all([ADDED, PRESENT]))
            .order(gstin_import_rows::position.asc())
            .limit(limit)
            .select(Row::as_select())
            .load(c)
    })?)
}

/// Up to `limit` rows below that line, in the order of the file.
pub fn list_rows(c: &mut Connection, id: &str, below: i32, limit: i64) -> Result<Vec<Row>> {
    Ok(on_any!(c, |c| {
        gstin_import_rows::table
            .filter(gstin_import_rows::import_id.eq(id))
            .filter(gstin_import_rows::position.gt(below))
            .order(gstin_import_rows::position.asc())
            .limit(limit)
            .select(Row::as_select())
            .load(c)
    })?)
}

pub fn set_outcome(c: &mut Connection, row: &Row, outcome: &str) -> Result<()> {
    on_any!(c, |c| {
        let same = gstin_import_rows::table
            .filter(gstin_import_rows::import_id.eq(&row.import_id))
            .filter(gstin_import_rows::position.eq(row.position));
        diesel::update(same).set(gstin_import_rows::outcome.eq(Some(outcome))).execute(c)
    })?;
    Ok(())
}

pub fn count(c: &mut Connection, id: &str) -> Result<Counts> {
    let groups: Vec<(Option<String>, i64)> = on_any!(c, |c| {
        gstin_import_rows::table
            .filter(gstin_import_rows::import_id.eq(id))
            .group_by(gstin_import_rows::outcome)
            .select((gstin_import_rows::outcome, count_star()))
            .load(c)
    })?;
    let mut counts = Counts::default();
    for (outcome, rows) in groups {
        match outcome.as_deref() {
            None => counts.todo += rows,
            Some(ADDED) => counts.added += rows,
            Some(PRESENT) => counts.present += rows,
            Some(FULL) => (counts.full, counts.refused) = (counts.full + rows, counts.refused + rows),
            Some(_) => counts.refused += rows,
        }
    }
    Ok(counts)
}

/// How many of the rows still to be done the workspace lists already.
pub fn count_known(c: &mut Connection, import: &Import) -> Result<i64> {
    Ok(on_any!(c, |c| {
        let known = workspace_gstins::table
            .filter(workspace_gstins::workspace_id.eq(&import.workspace_id))
            .filter(workspace_gstins::gstin.nullable().eq(gstin_import_rows::gstin));
        gstin_import_rows::table
            .filter(gstin_import_rows::import_id.eq(&import.id))
            .filter(gstin_import_rows::outcome.is_null())
            .filter(exists(known))
            .count()
            .get_result(c)
    })?)
}

/// Up to `limit` imports that were begun before that moment and never run.
pub fn list_undecided_before(c: &mut Connection, before: Moment, limit: i64) -> Result<Vec<String>> {
    Ok(on_any!(c, |c| {
        gstin_imports::table
            .filter(gstin_imports::state.eq_any([READING, PREVIEW, CANCELLED]))
            .filter(gstin_imports::created_at.lt(before.seconds()))
            .order(gstin_imports::id.asc())
            .limit(limit)
            .select(gstin_imports::id)
            .load(c)
    })?)
}

/// Up to `limit` imports that were done before that moment.
pub fn list_done_before(c: &mut Connection, before: Moment, limit: i64) -> Result<Vec<String>> {
    Ok(on_any!(c, |c| {
        gstin_imports::table
            .filter(gstin_imports::state.eq(DONE))
            .filter(gstin_imports::finished_at.lt(before.seconds()))
            .order(gstin_imports::id.asc())
            .limit(limit)
            .select(gstin_imports::id)
            .load(c)
    })?)
}

/// Removes an import with its rows, unless it is running.
pub fn delete(c: &mut Connection, id: &str) -> Result<()> {
    on_any!(c, |c| {
        let import = gstin_imports::table.filter(gstin_imports::id.eq(id)).filter(gstin_imports::state.ne(RUNNING));
        diesel::delete(import).execute(c)
    })?;
    Ok(())
}
