//! Browsers that an account was used in, by the digest of the token in their device cookie (`security.md` 3.2). One
//! browser may be known to many accounts: an accountant's is.

use diesel::prelude::*;

use super::schema::{accounts, devices};
use super::{Connection, Result, on_any};
use crate::kernel::clock::Moment;
use crate::kernel::portal::Portal;

/// The account of that canonical username, when its owner has proven password and OTP in that browser after `since`.
pub fn find_proven(
    c: &mut Connection,
    token_hash: &str,
    portal: Portal,
    username: &str,
    since: Moment,
) -> Result<Option<String>> {
    Ok(on_any!(c, |c| {
        devices::table
            .inner_join(accounts::table)
            .filter(devices::token_hash.eq(token_hash))
            .filter(devices::proven_at.gt(since.seconds()))
            .filter(accounts::portal.eq(portal.as_str()))
            .filter(accounts::username.eq(username))
            .select(accounts::id)
            .get_result(c)
            .optional()
    })?)
}

/// The account was signed in to from that browser; `true` when it was not known there.
pub fn see(c: &mut Connection, token_hash: &str, account_id: &str, now: Moment) -> Result<bool> {
    let row = (
        devices::token_hash.eq(token_hash),
        devices::account_id.eq(account_id),
        devices::last_seen_at.eq(now.seconds()),
    );
    let new =
        on_any!(c, |c| { diesel::insert_into(devices::table).values(row).on_conflict_do_nothing().execute(c) })? == 1;
    if !new {
        on_any!(c, |c| {
            diesel::update(of(token_hash, account_id)).set(devices::last_seen_at.eq(now.seconds())).execute(c)
        })?;
    }
    Ok(new)
}

/// The owner has proven password and OTP in the browser of the token `held`, which is `fresh` from now on, for every
/// account known there: who had put a cookie of theirs into this browser has nothing of it. `true` when the browser was
/// not known to the account.
pub fn prove(c: &mut Connection, held: Option<&str>, fresh: &str, account_id: &str, now: Moment) -> Result<bool> {
    if let Some(held) = held {
        on_any!(c, |c| {
            let all = devices::table.filter(devices::token_hash.eq(held));
            diesel::update(all).set(devices::token_hash.eq(fresh)).execute(c)
        })?;
    }
    let new = see(c, fresh, account_id, now)?;
    on_any!(c, |c| {
        diesel::update(of(fresh, account_id)).set(devices::proven_at.eq(Some(now.seconds()))).execute(c)
    })?;
    Ok(new)
}

/// Too many wrong passwords came from that browser: it proves nothing for the account any more.
pub fn distrust(c: &mut Connection, token_hash: &str, account_id: &str) -> Result<()> {
    on_any!(c, |c| { diesel::update(of(token_hash, account_id)).set(devices::proven_at.eq(None::<i64>)).execute(c) })?;
    Ok(())
}

/// Forgets every browser of the account but that of `keep`: its password or its second factor is a new one.
pub fn delete_of_account(c: &mut Connection, account_id: &str, keep: Option<&str>) -> Result<()> {
    on_any!(c, |c| {
        let others = devices::table
            .filter(devices::account_id.eq(account_id))
            .filter(devices::token_hash.ne(keep.unwrap_or_default()));
        diesel::delete(others).execute(c)
    })?;
    Ok(())
}

/// Removes browsers that nobody has signed in from since `before`; the sweeper's work.
pub fn delete_unseen_since(c: &mut Connection, before: Moment) -> Result<usize> {
    Ok(on_any!(c, |c| {
        diesel::delete(devices::table.filter(devices::last_seen_at.lt(before.seconds()))).execute(c)
    })?)
}

#[diesel::dsl::auto_type]
fn of<'a>(token_hash: &'a str, account_id: &'a str) -> _ {
    devices::table.filter(devices::token_hash.eq(token_hash)).filter(devices::account_id.eq(account_id))
}
