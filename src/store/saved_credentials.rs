//! A workspace's copies of API credentials: the password sealed, because software must read it back (`product.md`,
//! decision 4). A copy works in its own workspace only.

use diesel::prelude::*;

use super::schema::saved_credentials;
use super::{Connection, Result, on_any};
use crate::kernel::clock::Moment;

/// Saved and not tested yet.
pub const SAVED: &str = "saved";
/// The IRP took the pair at `tested_at`.
pub const WORKING: &str = "working";
/// The IRP refused it, or the API password was changed elsewhere since.
pub const NOT_WORKING: &str = "not_working";

/// Saved credentials. `sealed_password` is a blob of the vault under the key `key_id`, bound to `place`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
// A change set leaves out what diesel takes for the primary key: a copy that replaces another must bring its own id,
// which its sealed password is bound to.
#[diesel(table_name = saved_credentials, primary_key(workspace_id, gstin), treat_none_as_null = true)]
pub struct SavedCredential {
    pub id: String,
    pub workspace_id: String,
    pub gstin: String,
    pub api_username: String,
    pub sealed_password: String,
    pub key_id: String,
    pub state: String,
    pub tested_at: Option<i64>,
    pub changed_at: i64,
    /// Since when the copy is out of date: the API password was changed elsewhere.
    pub stale_since: Option<i64>,
}

impl SavedCredential {
    /// Where its sealed password belongs: workspace, GSTIN and record, so that a blob moved elsewhere does not open.
    pub fn place_of(workspace_id: &str, gstin: &str, id: &str) -> String {
        format!("{workspace_id}/{gstin}/{id}")
    }

    pub fn place(&self) -> String {
        Self::place_of(&self.workspace_id, &self.gstin, &self.id)
    }
}

pub fn find(c: &mut Connection, workspace_id: &str, gstin: &str) -> Result<Option<SavedCredential>> {
    Ok(on_any!(c, |c| {
        saved_credentials::table
            .filter(saved_credentials::workspace_id.eq(workspace_id))
            .filter(saved_credentials::gstin.eq(gstin))
            .select(SavedCredential::as_select())
            .get_result(c)
            .optional()
    })?)
}

/// Inserts, or replaces what the workspace has for that GSTIN (under a new id).
pub fn upsert(c: &mut Connection, saved: &SavedCredential) -> Result<()> {
    on_any!(c, |c| {
        diesel::insert_into(saved_credentials::table)
            .values(saved.clone())
            .on_conflict((saved_credentials::workspace_id, saved_credentials::gstin))
            .do_update()
            .set(saved.clone())
            .execute(c)
    })?;
    Ok(())
}

/// The IRP took the pair; `false` when the copy was replaced or removed meanwhile.
pub fn set_working(c: &mut Connection, id: &str, now: Moment) -> Result<bool> {
    let changed = on_any!(c, |c| {
        diesel::update(saved_credentials::table.filter(saved_credentials::id.eq(id)))
            .set((
                saved_credentials::state.eq(WORKING),
                saved_credentials::tested_at.eq(Some(now.seconds())),
                saved_credentials::stale_since.eq(None::<i64>),
            ))
            .execute(c)
    })?;
    Ok(changed == 1)
}

/// The IRP refused the pair, for the reason known before when there is one; `false` when the copy was replaced or
/// removed meanwhile.
pub fn set_refused(c: &mut Connection, id: &str, now: Moment) -> Result<bool> {
    let changed = on_any!(c, |c| {
        diesel::update(saved_credentials::table.filter(saved_credentials::id.eq(id)))
            .set((saved_credentials::state.eq(NOT_WORKING), saved_credentials::tested_at.eq(Some(now.seconds()))))
            .execute(c)
    })?;
    Ok(changed == 1)
}

/// The API password of that GSTIN was changed: every copy but that of `but_in` is out of date, when it was right once.
/// One that never was is whoever's, and must not learn what happens to a GSTIN of others.
pub fn set_stale(c: &mut Connection, gstin: &str, but_in: Option<&str>, now: Moment) -> Result<()> {
    on_any!(c, |c| {
        let copies = saved_credentials::table
            .filter(saved_credentials::gstin.eq(gstin))
            .filter(saved_credentials::workspace_id.ne(but_in.unwrap_or_default()))
            .filter(saved_credentials::state.eq(WORKING).or(saved_credentials::stale_since.is_not_null()));
        diesel::update(copies)
            .set((saved_credentials::state.eq(NOT_WORKING), saved_credentials::stale_since.eq(Some(now.seconds()))))
            .execute(c)
    })?;
    Ok(())
}

/// `false` when the workspace has none for that GSTIN.
pub fn delete(c: &mut Connection, workspace_id: &str, gstin: &str) -> Result<bool> {
    let deleted = on_any!(c, |c| {
        let copy = saved_credentials::table
            .filter(saved_credentials::workspace_id.eq(workspace_id))
            .filter(saved_credentials::gstin.eq(gstin));
        diesel::delete(copy).execute(c)
    })?;
    Ok(deleted == 1)
}

/// Every copy of a workspace, in the order of GSTINs.
pub fn list(c: &mut Connection, workspace_id: &str) -> Result<Vec<SavedCredential>> {
    Ok(on_any!(c, |c| {
        saved_credentials::table
            .filter(saved_credentials::workspace_id.eq(workspace_id))
            .order(saved_credentials::gstin.asc())
            .select(SavedCredential::as_select())
            .load(c)
    })?)
}

/// A copy as a list shows it, without its password.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = saved_credentials)]
pub struct Summary {
    pub gstin: String,
    pub api_username: String,
    pub state: String,
    pub tested_at: Option<i64>,
    pub changed_at: i64,
    pub stale_since: Option<i64>,
}

/// Every copy of a workspace as lists show it, in the order of GSTINs.
pub fn list_summaries(c: &mut Connection, workspace_id: &str) -> Result<Vec<Summary>> {
    Ok(on_any!(c, |c| {
        saved_credentials::table
            .filter(saved_credentials::workspace_id.eq(workspace_id))
            .order(saved_credentials::gstin.asc())
            .select(Summary::as_select())
            .load(c)
    })?)
}

/// Up to `limit` copies with ids after `after` that are not sealed under `key_id`, of any workspace: what a rotation
/// still has to do.
pub fn list_under_other_keys(
    c: &mut Connection,
    key_id: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<SavedCredential>> {
    Ok(on_any!(c, |c| {
        saved_credentials::table
            .filter(saved_credentials::key_id.ne(key_id))
            .filter(saved_credentials::id.gt(after))
            .order(saved_credentials::id.asc())
            .limit(limit)
            .select(SavedCredential::as_select())
            .load(c)
    })?)
}

/// The same password under another key; `false`, and nothing done, when the copy was replaced or sealed anew meanwhile.
pub fn set_resealed(c: &mut Connection, was: &SavedCredential, sealed_password: &str, key_id: &str) -> Result<bool> {
    let changed = on_any!(c, |c| {
        let unchanged = saved_credentials::table
            .filter(saved_credentials::id.eq(&was.id))
            .filter(saved_credentials::sealed_password.eq(&was.sealed_password));
        diesel::update(unchanged)
            .set((saved_credentials::sealed_password.eq(sealed_password), saved_credentials::key_id.eq(key_id)))
            .execute(c)
    })?;
    Ok(changed == 1)
}
