//! Demo mode's own sealed copy of the last messages, for `/demo/messages`. Production never writes here.

use diesel::prelude::*;

use super::schema::demo_messages;
use super::{Connection, Result, on_any};

/// Keeps a copy and drops the oldest beyond `keep`.
pub fn insert(c: &mut Connection, id: &str, body: &str, keep: i64) -> Result<()> {
    let row = (demo_messages::id.eq(id), demo_messages::body.eq(body));
    on_any!(c, |c| diesel::insert_into(demo_messages::table).values(row).execute(c))?;
    let surplus: Vec<String> = on_any!(c, |c| {
        demo_messages::table
            .order(demo_messages::id.desc())
            .select(demo_messages::id)
            .limit(i64::MAX)
            .offset(keep)
            .load(c)
    })?;
    on_any!(c, |c| diesel::delete(demo_messages::table.filter(demo_messages::id.eq_any(&surplus))).execute(c))?;
    Ok(())
}

/// Id and sealed body of each, the newest first.
pub fn list(c: &mut Connection) -> Result<Vec<(String, String)>> {
    Ok(on_any!(c, |c| {
        demo_messages::table.order(demo_messages::id.desc()).select((demo_messages::id, demo_messages::body)).load(c)
    })?)
}
