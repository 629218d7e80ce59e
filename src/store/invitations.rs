//! Invitations into a workspace: a link by mail, one use, 72 hours. Only the hash of the link's token is stored.

use diesel::prelude::*;

use super::schema::invitations;
use super::{Connection, Result, on_any};
use crate::kernel::clock::Moment;

/// An invitation as stored. `email` is canonical; `role` is a word of `kernel/role.rs`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = invitations)]
pub struct Invitation {
    pub id: String,
    pub token_hash: String,
    pub workspace_id: String,
    pub email: String,
    pub role: String,
    pub invited_by: String,
    pub created_at: i64,
    pub expires_at: i64,
    pub accepted_at: Option<i64>,
}

pub fn insert(c: &mut Connection, invitation: &Invitation) -> Result<()> {
    on_any!(c, |c| diesel::insert_into(invitations::table).values(invitation.clone()).execute(c))?;
    Ok(())
}

pub fn find_by_token_hash(c: &mut Connection, token_hash: &str) -> Result<Option<Invitation>> {
    Ok(on_any!(c, |c| {
        invitations::table
            .filter(invitations::token_hash.eq(token_hash))
            .select(Invitation::as_select())
            .get_result(c)
            .optional()
    })?)
}

/// Those of a workspace that can still be accepted, the newest first.
pub fn list_open(c: &mut Connection, workspace_id: &str, now: Moment) -> Result<Vec<Invitation>> {
    Ok(on_any!(c, |c| {
        invitations::table
            .filter(invitations::workspace_id.eq(workspace_id))
            .filter(invitations::accepted_at.is_null())
            .filter(invitations::expires_at.gt(now.seconds()))
            .order((invitations::created_at.desc(), invitations::id.desc()))
            .select(Invitation::as_select())
            .load(c)
    })?)
}

/// Uses it up; `false` when it was used or is over.
pub fn consume(c: &mut Connection, id: &str, now: Moment) -> Result<bool> {
    let used = on_any!(c, |c| {
        let open = invitations::table
            .filter(invitations::id.eq(id))
            .filter(invitations::accepted_at.is_null())
            .filter(invitations::expires_at.gt(now.seconds()));
        diesel::update(open).set(invitations::accepted_at.eq(Some(now.seconds()))).execute(c)
    })?;
    Ok(used == 1)
}

/// Takes back those that can still be accepted by whoever has that address; how many there were.
pub fn delete_open_to(c: &mut Connection, workspace_id: &str, email: &str) -> Result<usize> {
    Ok(on_any!(c, |c| {
        let open = invitations::table
            .filter(invitations::workspace_id.eq(workspace_id))
            .filter(invitations::email.eq(email))
            .filter(invitations::accepted_at.is_null());
        diesel::delete(open).execute(c)
    })?)
}

/// Takes back those that `account_id` has sent; how many there were.
pub fn delete_open_of(c: &mut Connection, workspace_id: &str, account_id: &str) -> Result<usize> {
    Ok(on_any!(c, |c| {
        let open = invitations::table
            .filter(invitations::workspace_id.eq(workspace_id))
            .filter(invitations::invited_by.eq(account_id))
            .filter(invitations::accepted_at.is_null());
        diesel::delete(open).execute(c)
    })?)
}

/// Removes what nobody can accept any more since `before`, used or not; the sweeper's work.
pub fn delete_ended_before(c: &mut Connection, before: Moment) -> Result<usize> {
    Ok(on_any!(c, |c| {
        diesel::delete(invitations::table.filter(invitations::expires_at.lt(before.seconds()))).execute(c)
    })?)
}

/// Takes an open one back; `false` when that workspace has none of that id.
pub fn delete_open(c: &mut Connection, workspace_id: &str, id: &str) -> Result<bool> {
    let deleted = on_any!(c, |c| {
        let open = invitations::table
            .filter(invitations::workspace_id.eq(workspace_id))
            .filter(invitations::id.eq(id))
            .filter(invitations::accepted_at.is_null());
        diesel::delete(open).execute(c)
    })?;
    Ok(deleted == 1)
}
