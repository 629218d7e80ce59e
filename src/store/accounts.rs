//! Accounts: a username and a password hash in one portal.

use diesel::prelude::*;

use super::schema::accounts;
use super::{Connection, Inserted, Result, on_any};
use crate::kernel::clock::Moment;
use crate::kernel::portal::Portal;

/// An account as stored. `username` is canonical; `password_hash` is `<pepper id>:<PHC>`.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts)]
pub struct Account {
    pub id: String,
    pub portal: String,
    pub username: String,
    pub gstin: Option<String>,
    pub password_hash: String,
    pub created_at: i64,
    pub password_changed_at: i64,
    pub last_sign_in_at: Option<i64>,
    pub last_sign_in_address: Option<String>,
    pub frozen_at: Option<i64>,
    /// Of a person; accounts of GSTINs have none.
    pub name: Option<String>,
}

impl Account {
    /// What its owner knows it by: its GSTIN, or a person's email address.
    pub fn known_as(&self) -> &str {
        self.gstin.as_deref().unwrap_or(&self.username)
    }
}

pub fn find(c: &mut Connection, id: &str) -> Result<Option<Account>> {
    Ok(on_any!(c, |c| {
        accounts::table.filter(accounts::id.eq(id)).select(Account::as_select()).get_result(c).optional()
    })?)
}

/// The account of that canonical username in that portal.
pub fn find_by_username(c: &mut Connection, portal: Portal, username: &str) -> Result<Option<Account>> {
    Ok(on_any!(c, |c| {
        accounts::table
            .filter(accounts::portal.eq(portal.as_str()))
            .filter(accounts::username.eq(username))
            .select(Account::as_select())
            .get_result(c)
            .optional()
    })?)
}

/// The account of that GSTIN in that portal.
pub fn find_by_gstin(c: &mut Connection, portal: Portal, gstin: &str) -> Result<Option<Account>> {
    Ok(on_any!(c, |c| {
        accounts::table
            .filter(accounts::portal.eq(portal.as_str()))
            .filter(accounts::gstin.eq(gstin))
            .select(Account::as_select())
            .get_result(c)
            .optional()
    })?)
}

/// Those of the GSTINs that have an account in that portal; a page of them at most.
pub fn list_gstins(c: &mut Connection, portal: Portal, gstins: &[String]) -> Result<Vec<String>> {
    let found: Vec<Option<String>> = on_any!(c, |c| {
        accounts::table
            .filter(accounts::portal.eq(portal.as_str()))
            .filter(accounts::gstin.eq_any(gstins))
            .select(accounts::gstin)
            .load(c)
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// The accounts of those GSTINs, in whichever portal.
pub fn list_by_gstins(c: &mut Connection, gstins: &[String]) -> Result<Vec<Account>> {
    Ok(on_any!(c, |c| {
        accounts::table
            .filter(accounts::gstin.eq_any(gstins))
            .order(accounts::id.asc())
            .select(Account::as_select())
            .load(c)
    })?)
}

/// The indexes decide who was first: in one portal a username is unique, and so is the account of a GSTIN.
pub fn insert(c: &mut Connection, account: &Account) -> Result<Inserted> {
    let rows = on_any!(c, |c| {
        diesel::insert_into(accounts::table).values(account.clone()).on_conflict_do_nothing().execute(c)
    })?;
    Ok(if rows == 1 { Inserted::Yes } else { Inserted::Taken })
}

pub fn set_password(c: &mut Connection, id: &str, password_hash: &str, now: Moment) -> Result<()> {
    on_any!(c, |c| {
        diesel::update(accounts::table.filter(accounts::id.eq(id)))
            .set((accounts::password_hash.eq(password_hash), accounts::password_changed_at.eq(now.seconds())))
            .execute(c)
    })?;
    Ok(())
}

/// Makes transactions about one account take turns where several can write at once (PostgreSQL).
pub fn lock(c: &mut Connection, id: &str) -> Result<()> {
    on_any!(c, |c| {
        diesel::update(accounts::table.filter(accounts::id.eq(id)))
            .set(accounts::created_at.eq(accounts::created_at))
            .execute(c)
    })?;
    Ok(())
}

/// A new password in place of the one that was checked; `false` when that one was replaced meanwhile.
pub fn change_password(c: &mut Connection, id: &str, checked: &str, password_hash: &str, now: Moment) -> Result<bool> {
    let changed = on_any!(c, |c| {
        let unchanged = accounts::table.filter(accounts::id.eq(id)).filter(accounts::password_hash.eq(checked));
        diesel::update(unchanged)
            .set((accounts::password_hash.eq(password_hash), accounts::password_changed_at.eq(now.seconds())))
            .execute(c)
    })?;
    Ok(changed == 1)
}

/// The same password under newer parameters or a newer pepper; refused silently when it was changed meanwhile.
pub fn set_rehashed(c: &mut Connection, id: &str, old_hash: &str, new_hash: &str) -> Result<()> {
    on_any!(c, |c| {
        let unchanged = accounts::table.filter(accounts::id.eq(id)).filter(accounts::password_hash.eq(old_hash));
        diesel::update(unchanged).set(accounts::password_hash.eq(new_hash)).execute(c)
    })?;
    Ok(())
}

/// Shuts the account, or opens it again; `false` when it was so before.
pub fn set_frozen(c: &mut Connection, id: &str, at: Option<Moment>) -> Result<bool> {
    let changed = on_any!(c, |c| {
        let own = accounts::table.filter(accounts::id.eq(id));
        match at {
            Some(at) => diesel::update(own.filter(accounts::frozen_at.is_null()))
                .set(accounts::frozen_at.eq(Some(at.seconds())))
                .execute(c),
            None => diesel::update(own.filter(accounts::frozen_at.is_not_null()))
                .set(accounts::frozen_at.eq(None::<i64>))
                .execute(c),
        }
    })?;
    Ok(changed == 1)
}

pub fn set_last_sign_in(c: &mut Connection, id: &str, address: &str, now: Moment) -> Result<()> {
    on_any!(c, |c| {
        diesel::update(accounts::table.filter(accounts::id.eq(id)))
            .set((accounts::last_sign_in_at.eq(Some(now.seconds())), accounts::last_sign_in_address.eq(Some(address))))
            .execute(c)
    })?;
    Ok(())
}
