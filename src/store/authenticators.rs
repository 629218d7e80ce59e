//! Authenticator apps, one an account, and the recovery codes that come with one.

use diesel::prelude::*;

use super::schema::{authenticators, recovery_codes};
use super::{Connection, Result, on_any};
use crate::kernel::clock::Moment;

/// An authenticator as stored. `sealed_secret` is sealed for its id; `last_step` is the newest time step whose code
/// was used.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = authenticators)]
pub struct Authenticator {
    pub id: String,
    pub account_id: String,
    pub sealed_secret: String,
    /// The key it is sealed under.
    pub key_id: String,
    pub created_at: i64,
    /// `None` until a first code was right: it is asked for nowhere before.
    pub confirmed_at: Option<i64>,
    pub last_step: i64,
    /// The recovery codes until their owner has kept them, sealed like the secret.
    pub sealed_codes: Option<String>,
}

/// Confirmed or not.
pub fn find(c: &mut Connection, account_id: &str) -> Result<Option<Authenticator>> {
    Ok(on_any!(c, |c| {
        authenticators::table
            .filter(authenticators::account_id.eq(account_id))
            .select(Authenticator::as_select())
            .get_result(c)
            .optional()
    })?)
}

/// The one that the account's owner is asked for.
pub fn find_confirmed(c: &mut Connection, account_id: &str) -> Result<Option<Authenticator>> {
    Ok(find(c, account_id)?.filter(|found| found.confirmed_at.is_some()))
}

/// Puts an unconfirmed one in the place of another unconfirmed one; a confirmed one stays.
pub fn propose(c: &mut Connection, proposed: &Authenticator) -> Result<()> {
    on_any!(c, |c| {
        let unconfirmed = authenticators::table
            .filter(authenticators::account_id.eq(&proposed.account_id))
            .filter(authenticators::confirmed_at.is_null());
        diesel::delete(unconfirmed).execute(c)
    })?;
    on_any!(c, |c| {
        diesel::insert_into(authenticators::table).values(proposed.clone()).on_conflict_do_nothing().execute(c)
    })?;
    Ok(())
}

/// The first code of the proposed one was right, that of `step`; `false` when it was confirmed or replaced meanwhile.
pub fn confirm(
    c: &mut Connection,
    proposed: &Authenticator,
    step: i64,
    sealed_codes: &str,
    now: Moment,
) -> Result<bool> {
    let confirmed = on_any!(c, |c| {
        let same = authenticators::table
            .filter(authenticators::id.eq(&proposed.id))
            .filter(authenticators::confirmed_at.is_null());
        diesel::update(same)
            .set((
                authenticators::confirmed_at.eq(Some(now.seconds())),
                authenticators::last_step.eq(step),
                authenticators::sealed_codes.eq(Some(sealed_codes)),
            ))
            .execute(c)
    })?;
    Ok(confirmed == 1)
}

/// Uses up the code of that time step; `false` when it or a newer one was used before.
pub fn use_step(c: &mut Connection, account_id: &str, step: i64) -> Result<bool> {
    let used = on_any!(c, |c| {
        let older = authenticators::table
            .filter(authenticators::account_id.eq(account_id))
            .filter(authenticators::last_step.lt(step));
        diesel::update(older).set(authenticators::last_step.eq(step)).execute(c)
    })?;
    Ok(used == 1)
}

/// The owner has kept the recovery codes: they are shown no more.
pub fn forget_codes(c: &mut Connection, account_id: &str) -> Result<()> {
    on_any!(c, |c| {
        diesel::update(authenticators::table.filter(authenticators::account_id.eq(account_id)))
            .set(authenticators::sealed_codes.eq(None::<String>))
            .execute(c)
    })?;
    Ok(())
}

/// Forgets recovery codes that were shown before `before` and not said to be kept; the sweeper's work.
pub fn forget_codes_before(c: &mut Connection, before: Moment) -> Result<usize> {
    Ok(on_any!(c, |c| {
        diesel::update(authenticators::table.filter(authenticators::confirmed_at.lt(before.seconds())))
            .set(authenticators::sealed_codes.eq(None::<String>))
            .execute(c)
    })?)
}

/// Removes the authenticator and its recovery codes; `false` when there was none.
pub fn delete(c: &mut Connection, account_id: &str) -> Result<bool> {
    on_any!(c, |c| {
        diesel::delete(recovery_codes::table.filter(recovery_codes::account_id.eq(account_id))).execute(c)
    })?;
    let deleted = on_any!(c, |c| {
        diesel::delete(authenticators::table.filter(authenticators::account_id.eq(account_id))).execute(c)
    })?;
    Ok(deleted == 1)
}

/// Up to `limit` authenticators with ids after `after` that are not sealed under `key_id`: what a rotation still has to
/// do.
pub fn list_under_other_keys(c: &mut Connection, key_id: &str, after: &str, limit: i64) -> Result<Vec<Authenticator>> {
    Ok(on_any!(c, |c| {
        authenticators::table
            .filter(authenticators::key_id.ne(key_id))
            .filter(authenticators::id.gt(after))
            .order(authenticators::id.asc())
            .limit(limit)
            .select(Authenticator::as_select())
            .load(c)
    })?)
}

/// The same secret under another key; `false`, and nothing done, when it was removed or sealed anew meanwhile.
pub fn set_resealed(c: &mut Connection, was: &Authenticator, sealed_secret: &str, key_id: &str) -> Result<bool> {
    let changed = on_any!(c, |c| {
        let unchanged = authenticators::table
            .filter(authenticators::id.eq(&was.id))
            .filter(authenticators::sealed_secret.eq(&was.sealed_secret));
        diesel::update(unchanged)
            .set((authenticators::sealed_secret.eq(sealed_secret), authenticators::key_id.eq(key_id)))
            .execute(c)
    })?;
    Ok(changed == 1)
}

/// The hashes of the account's recovery codes, in their order, in place of any before.
pub fn set_codes(c: &mut Connection, account_id: &str, hashes: &[String]) -> Result<()> {
    on_any!(c, |c| {
        diesel::delete(recovery_codes::table.filter(recovery_codes::account_id.eq(account_id))).execute(c)
    })?;
    for (position, hash) in (0_i32..).zip(hashes) {
        on_any!(c, |c| {
            diesel::insert_into(recovery_codes::table)
                .values((
                    recovery_codes::account_id.eq(account_id),
                    recovery_codes::position.eq(position),
                    recovery_codes::code_hash.eq(hash),
                ))
                .execute(c)
        })?;
    }
    Ok(())
}

/// The hash of the unused recovery code at that position.
pub fn find_code(c: &mut Connection, account_id: &str, position: i32) -> Result<Option<String>> {
    Ok(on_any!(c, |c| {
        recovery_codes::table
            .filter(recovery_codes::account_id.eq(account_id))
            .filter(recovery_codes::position.eq(position))
            .filter(recovery_codes::used_at.is_null())
            .select(recovery_codes::code_hash)
            .get_result(c)
            .optional()
    })?)
}

/// Uses up the recovery code of that hash; `false` when it was used before.
pub fn use_code(c: &mut Connection, account_id: &str, hash: &str, now: Moment) -> Result<bool> {
    let used = on_any!(c, |c| {
        let unused = recovery_codes::table
            .filter(recovery_codes::account_id.eq(account_id))
            .filter(recovery_codes::code_hash.eq(hash))
            .filter(recovery_codes::used_at.is_null());
        diesel::update(unused).set(recovery_codes::used_at.eq(Some(now.seconds()))).execute(c)
    })?;
    Ok(used == 1)
}

/// How many recovery codes are left.
pub fn count_codes(c: &mut Connection, account_id: &str) -> Result<i64> {
    Ok(on_any!(c, |c| {
        recovery_codes::table
            .filter(recovery_codes::account_id.eq(account_id))
            .filter(recovery_codes::used_at.is_null())
            .count()
            .get_result(c)
    })?)
}
