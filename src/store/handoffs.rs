//! Handoffs: going from a workspace to the IRP with a purpose and coming back. One use, bound to the workspace session
//! that began it. Only the hash of the token is stored.

use diesel::prelude::*;

use super::schema::handoffs;
use super::{Connection, Result, on_any};
use crate::kernel::clock::Moment;

/// "Forgot API Password": log in to the IRP and change it.
pub const CHANGE_API_PASSWORD: &str = "change_api_password";
/// "Register now": register the GSTIN and create its credentials.
pub const REGISTER: &str = "register";

/// A handoff as stored. `session_id` is the workspace session's own id, which outlives a renewed cookie.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = handoffs)]
pub struct Handoff {
    pub token_hash: String,
    pub workspace_id: String,
    pub account_id: String,
    pub session_id: String,
    pub gstin: String,
    pub purpose: String,
    pub expires_at: i64,
    pub consumed_at: Option<i64>,
    pub finished_at: Option<i64>,
}

pub fn insert(c: &mut Connection, handoff: &Handoff) -> Result<()> {
    on_any!(c, |c| diesel::insert_into(handoffs::table).values(handoff.clone()).execute(c))?;
    Ok(())
}

pub fn find(c: &mut Connection, token_hash: &str) -> Result<Option<Handoff>> {
    Ok(on_any!(c, |c| {
        handoffs::table
            .filter(handoffs::token_hash.eq(token_hash))
            .select(Handoff::as_select())
            .get_result(c)
            .optional()
    })?)
}

/// The IRP has taken it up; `false` when somebody has before, or when it is over.
pub fn consume(c: &mut Connection, token_hash: &str, now: Moment) -> Result<bool> {
    let used = on_any!(c, |c| {
        let open = handoffs::table
            .filter(handoffs::token_hash.eq(token_hash))
            .filter(handoffs::consumed_at.is_null())
            .filter(handoffs::expires_at.gt(now.seconds()));
        diesel::update(open).set(handoffs::consumed_at.eq(Some(now.seconds()))).execute(c)
    })?;
    Ok(used == 1)
}

/// Its purpose is served; `false` when it was before, or when it is over.
pub fn finish(c: &mut Connection, token_hash: &str, now: Moment) -> Result<bool> {
    let finished = on_any!(c, |c| {
        let under_way = handoffs::table
            .filter(handoffs::token_hash.eq(token_hash))
            .filter(handoffs::finished_at.is_null())
            .filter(handoffs::expires_at.gt(now.seconds()));
        diesel::update(under_way).set(handoffs::finished_at.eq(Some(now.seconds()))).execute(c)
    })?;
    Ok(finished == 1)
}

/// Removes those that ended before `before`; the sweeper's work.
pub fn delete_ended_before(c: &mut Connection, before: Moment) -> Result<usize> {
    Ok(on_any!(c, |c| diesel::delete(handoffs::table.filter(handoffs::expires_at.lt(before.seconds()))).execute(c))?)
}
