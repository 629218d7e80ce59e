//! Events: every security-relevant act, appended in the transaction of its effect; no row is ever changed or removed
//! (triggers see to it as well).

use diesel::prelude::*;

use super::schema::events;
use super::{Connection, Result, on_any};
use crate::kernel::clock::Moment;
use crate::kernel::ids;

/// The outcome of an act that was done.
pub const DONE: &str = "accepted";

/// An event. `detail` is JSON of allow-listed facts and never holds a secret.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = events)]
pub struct Event {
    pub id: String,
    pub at: i64,
    pub request_id: String,
    pub portal: Option<String>,
    pub gstin: Option<String>,
    pub account_id: Option<String>,
    pub action: String,
    pub outcome: String,
    pub address: String,
    pub device: String,
    pub detail: String,
}

impl Event {
    /// Done by the operator, with a command.
    pub fn by_command(action: &str, gstin: Option<&str>, now: Moment) -> Self {
        Self {
            id: ids::ordered(now),
            at: now.seconds(),
            request_id: String::new(),
            portal: None,
            gstin: gstin.map(str::to_owned),
            account_id: None,
            action: action.to_owned(),
            outcome: DONE.to_owned(),
            address: String::new(),
            device: "the operator, by command".to_owned(),
            detail: "{}".to_owned(),
        }
    }

    /// The same with facts of its own.
    pub fn with_detail(mut self, detail: &serde_json::Value) -> Self {
        self.detail = detail.to_string();
        self
    }
}

pub fn insert(c: &mut Connection, event: &Event) -> Result<()> {
    on_any!(c, |c| diesel::insert_into(events::table).values(event.clone()).execute(c))?;
    Ok(())
}

/// What happened to that GSTIN, the oldest first.
pub fn list_by_gstin(c: &mut Connection, gstin: &str) -> Result<Vec<Event>> {
    Ok(on_any!(c, |c| {
        events::table.filter(events::gstin.eq(gstin)).order(events::id.asc()).select(Event::as_select()).load(c)
    })?)
}

/// Whose events: those of a GSTIN, in whichever portal, or those of an account that has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    Gstin(String),
    Account(String),
}

/// Some of somebody's events, by their actions.
#[derive(Debug, Clone)]
pub struct Filter {
    pub of: Of,
    pub actions: Vec<&'static str>,
    /// Only acts that were done.
    pub only_done: bool,
}

/// The rows of a filter, for either database.
macro_rules! filtered {
    ($filter:expr) => {{
        let mut rows = events::table.filter(events::action.eq_any(&$filter.actions)).into_boxed();
        rows = match &$filter.of {
            Of::Gstin(gstin) => rows.filter(events::gstin.eq(gstin)),
            Of::Account(id) => rows.filter(events::account_id.eq(id)),
        };
        if $filter.only_done { rows.filter(events::outcome.eq(DONE)) } else { rows }
    }};
}

/// A page of them, the newest first: `limit` rows after the first `skip`.
pub fn list(c: &mut Connection, filter: &Filter, skip: i64, limit: i64) -> Result<Vec<Event>> {
    Ok(on_any!(c, |c| {
        filtered!(filter).order(events::id.desc()).offset(skip).limit(limit).select(Event::as_select()).load(c)
    })?)
}

/// The same rows in another way: `limit` of them before the one with that id, so that what happens meanwhile shifts none.
pub fn list_before(c: &mut Connection, filter: &Filter, before: &str, limit: i64) -> Result<Vec<Event>> {
    Ok(on_any!(c, |c| {
        filtered!(filter)
            .filter(events::id.lt(before))
            .order(events::id.desc())
            .limit(limit)
            .select(Event::as_select())
            .load(c)
    })?)
}

/// How many there are.
pub fn count(c: &mut Connection, filter: &Filter) -> Result<i64> {
    Ok(on_any!(c, |c| filtered!(filter).count().get_result(c))?)
}

/// Whether that account has done exactly this later than `since`: a button pressed twice.
pub fn has_done(c: &mut Connection, account_id: &str, action: &str, detail: &str, since: Moment) -> Result<bool> {
    let found: i64 = on_any!(c, |c| {
        events::table
            .filter(events::id.ge(ids::first_of(since.plus(1))))
            .filter(events::account_id.eq(account_id))
            .filter(events::action.eq(action))
            .filter(events::outcome.eq(DONE))
            .filter(events::detail.eq(detail))
            .count()
            .get_result(c)
    })?;
    Ok(found > 0)
}
