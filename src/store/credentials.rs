//! API credentials: what software signs in with. The IRP keeps a hash of the API password and nothing else of it.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::schema::credentials;
use super::{Connection, Inserted, Result, on_any, tokens};
use crate::kernel::clock::Moment;

/// API credentials as stored. `canonical_username` is lower case and unique in the IRP.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = credentials)]
pub struct Credential {
    pub id: String,
    pub gstin: String,
    pub api_username: String,
    pub canonical_username: String,
    pub password_hash: String,
    pub status: String,
    pub created_at: i64,
    pub changed_at: i64,
    /// When software has signed in with them last, and from where.
    pub last_used_at: Option<i64>,
    pub last_used_address: Option<String>,
}

/// Software may sign in with them.
pub const ACTIVE: &str = "active";
/// The operator has shut them out.
pub const FROZEN: &str = "frozen";

/// The credentials of that GSTIN. The table allows several API users, the pages show the first.
pub fn find_by_gstin(c: &mut Connection, gstin: &str) -> Result<Option<Credential>> {
    let mut of_gstin = list_by_gstin(c, gstin)?;
    Ok(if of_gstin.is_empty() { None } else { Some(of_gstin.remove(0)) })
}

/// The credentials of that canonical username.
pub fn find_by_username(c: &mut Connection, canonical_username: &str) -> Result<Option<Credential>> {
    Ok(on_any!(c, |c| {
        credentials::table
            .filter(credentials::canonical_username.eq(canonical_username))
            .select(Credential::as_select())
            .get_result(c)
            .optional()
    })?)
}

fn list_by_gstin(c: &mut Connection, gstin: &str) -> Result<Vec<Credential>> {
    Ok(on_any!(c, |c| {
        credentials::table
            .filter(credentials::gstin.eq(gstin))
            .order((credentials::created_at.asc(), credentials::id.asc()))
            .select(Credential::as_select())
            .load(c)
    })?)
}

/// Whether somebody has that canonical username.
pub fn is_taken(c: &mut Connection, canonical_username: &str) -> Result<bool> {
    Ok(on_any!(c, |c| {
        let same = credentials::table.filter(credentials::canonical_username.eq(canonical_username));
        diesel::select(diesel::dsl::exists(same)).get_result(c)
    })?)
}

/// Whether these credentials are still there, not frozen, with the API password of that moment. An update that changes nothing and
/// not a look: until the transaction ends, `set_password` waits.
pub fn hold_unchanged(c: &mut Connection, id: &str, changed_at: i64) -> Result<bool> {
    let rows = on_any!(c, |c| {
        let same = credentials::table.filter(credentials::id.eq(id)).filter(credentials::changed_at.eq(changed_at));
        let same = same.filter(credentials::status.eq(ACTIVE));
        diesel::update(same).set(credentials::changed_at.eq(credentials::changed_at)).execute(c)
    })?;
    Ok(rows == 1)
}

/// The index on the canonical username decides who was first.
pub fn insert(c: &mut Connection, credential: &Credential) -> Result<Inserted> {
    let rows = on_any!(c, |c| {
        diesel::insert_into(credentials::table)
            .values(credential.clone())
            .on_conflict(credentials::canonical_username)
            .do_nothing()
            .execute(c)
    })?;
    Ok(if rows == 1 { Inserted::Yes } else { Inserted::Taken })
}

/// Another password; every token that the old one has opened ends. `changed_at` always grows, by one second more than the clock if it must: it tells one password from
/// the next (`hold_unchanged`), which the hash does not, being made anew for the same password too.
pub fn set_password(c: &mut Connection, id: &str, password_hash: &str, now: Moment) -> Result<()> {
    on_any!(c, |c| {
        let changed_at =
            diesel::dsl::case_when(credentials::changed_at.lt(now.seconds()), now.seconds().into_sql::<BigInt>())
                .otherwise(credentials::changed_at + 1);
        diesel::update(credentials::table.filter(credentials::id.eq(id)))
            .set((credentials::password_hash.eq(password_hash), credentials::changed_at.eq(changed_at)))
            .execute(c)
    })?;
    tokens::revoke_of_credential(c, id, now)
}

/// `ACTIVE` or `FROZEN`; every token ends with either.
pub fn set_status(c: &mut Connection, id: &str, status: &str, now: Moment) -> Result<()> {
    on_any!(c, |c| {
        diesel::update(credentials::table.filter(credentials::id.eq(id))).set(credentials::status.eq(status)).execute(c)
    })?;
    tokens::revoke_of_credential(c, id, now)
}

/// Removes them for good; their tokens go with them.
pub fn delete(c: &mut Connection, id: &str) -> Result<()> {
    on_any!(c, |c| diesel::delete(credentials::table.filter(credentials::id.eq(id))).execute(c))?;
    Ok(())
}

/// Software has signed in with them.
pub fn set_last_used(c: &mut Connection, id: &str, address: &str, now: Moment) -> Result<()> {
    on_any!(c, |c| {
        diesel::update(credentials::table.filter(credentials::id.eq(id)))
            .set((credentials::last_used_at.eq(Some(now.seconds())), credentials::last_used_address.eq(Some(address))))
            .execute(c)
    })?;
    Ok(())
}

/// The credentials of that id.
pub fn find(c: &mut Connection, id: &str) -> Result<Option<Credential>> {
    Ok(on_any!(c, |c| {
        credentials::table.filter(credentials::id.eq(id)).select(Credential::as_select()).get_result(c).optional()
    })?)
}

/// The same password under newer parameters or a newer pepper; refused silently when it was changed meanwhile.
pub fn set_rehashed(c: &mut Connection, id: &str, old_hash: &str, new_hash: &str) -> Result<()> {
    on_any!(c, |c| {
        let unchanged =
            credentials::table.filter(credentials::id.eq(id)).filter(credentials::password_hash.eq(old_hash));
        diesel::update(unchanged).set(credentials::password_hash.eq(new_hash)).execute(c)
    })?;
    Ok(())
}
