//! Events: every security-relevant act, appended in the transaction of its effect; no row is ever changed or removed
//! (triggers see to it as well).

use diesel::prelude::*;

use super::schema::events;
use super::{Connection, Result, on_any};

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
