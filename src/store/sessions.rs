//! Sessions: judged at every request against this table. Only the hash of the cookie's token is stored, so a leaked
//! database signs nobody in.

use diesel::prelude::*;

use super::schema::sessions;
use super::{Connection, Result, on_any};
use crate::kernel::clock::Moment;

/// A session as stored. `state` is JSON; `account_id` is empty until somebody signs in.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
pub struct Session {
    pub token_hash: String,
    pub portal: String,
    pub account_id: Option<String>,
    pub state: String,
    pub address: String,
    pub device: String,
    pub created_at: i64,
    pub last_seen_at: i64,
}

pub fn find(c: &mut Connection, token_hash: &str) -> Result<Option<Session>> {
    Ok(on_any!(c, |c| {
        sessions::table
            .filter(sessions::token_hash.eq(token_hash))
            .select(Session::as_select())
            .get_result(c)
            .optional()
    })?)
}

pub fn insert(c: &mut Connection, session: &Session) -> Result<()> {
    on_any!(c, |c| diesel::insert_into(sessions::table).values(session.clone()).execute(c))?;
    Ok(())
}

/// New state for a session that still exists; a session ended meanwhile stays ended (never an insert).
pub fn set_state(c: &mut Connection, token_hash: &str, state: &str, account_id: Option<&str>) -> Result<()> {
    on_any!(c, |c| {
        diesel::update(sessions::table.filter(sessions::token_hash.eq(token_hash)))
            .set((sessions::state.eq(state), sessions::account_id.eq(account_id)))
            .execute(c)
    })?;
    Ok(())
}

/// The person is still there.
pub fn set_last_seen(c: &mut Connection, token_hash: &str, now: Moment) -> Result<()> {
    on_any!(c, |c| {
        diesel::update(sessions::table.filter(sessions::token_hash.eq(token_hash)))
            .set(sessions::last_seen_at.eq(now.seconds()))
            .execute(c)
    })?;
    Ok(())
}

pub fn delete(c: &mut Connection, token_hash: &str) -> Result<()> {
    on_any!(c, |c| diesel::delete(sessions::table.filter(sessions::token_hash.eq(token_hash))).execute(c))?;
    Ok(())
}

/// Ends every session of the account, except the one of `keep` when there is one.
pub fn delete_of_account(c: &mut Connection, account_id: &str, keep: Option<&str>) -> Result<usize> {
    Ok(on_any!(c, |c| {
        let others = sessions::table
            .filter(sessions::account_id.eq(account_id))
            .filter(sessions::token_hash.ne(keep.unwrap_or_default()));
        diesel::delete(others).execute(c)
    })?)
}

/// Removes sessions of nobody that were last used before `before`; the sweeper's work.
pub fn delete_anonymous_unseen_since(c: &mut Connection, before: Moment) -> Result<usize> {
    Ok(on_any!(c, |c| {
        let anonymous = sessions::table.filter(sessions::account_id.is_null());
        diesel::delete(anonymous.filter(sessions::last_seen_at.lt(before.seconds()))).execute(c)
    })?)
}

/// Removes what nobody has used since `before`; the sweeper's work.
pub fn delete_unseen_since(c: &mut Connection, before: Moment) -> Result<usize> {
    Ok(on_any!(c, |c| {
        diesel::delete(sessions::table.filter(sessions::last_seen_at.lt(before.seconds()))).execute(c)
    })?)
}
