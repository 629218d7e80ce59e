//! Tokens of the doors for software. Token and session key are derived from a server key and the row's id, so nothing
//! reversible is kept; the token's digest is what it is found by.
//!
//! Whatever ends a token ends it in its own transaction: `credentials`, `api_access` and `integrators` call `revoke_…`
//! here.

use diesel::prelude::*;

use super::schema::tokens;
use super::{Connection, Result, StoreError, on_any};
use crate::kernel::api_access::CLOCK_SLACK;
use crate::kernel::clock::Moment;
use crate::kernel::door::{Door, Life};

/// A token as it was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: String,
    /// `ids::digest` of the token.
    pub token_hash: String,
    /// The key it is derived under.
    pub key_id: String,
    pub opened_by: OpenedBy,
    pub gstin: String,
    /// As the software spells it in its calls.
    pub username: String,
    /// Of the integrator it was given to; empty when there was no key.
    pub client_id: String,
    pub life: Life,
}

/// What opened the door, with the id of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenedBy {
    /// API credentials: the IRP's door.
    Credential(String),
    /// An account of the GST portal: the GSTN's door.
    Account(String),
}

impl Token {
    /// The door it is for.
    pub fn door(&self) -> Door {
        match self.opened_by {
            OpenedBy::Credential(_) => Door::Irp,
            OpenedBy::Account(_) => Door::Gstn,
        }
    }
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = tokens)]
struct Row {
    id: String,
    token_hash: String,
    key_id: String,
    door: String,
    credential_id: Option<String>,
    account_id: Option<String>,
    gstin: String,
    username: String,
    client_id: String,
    issued_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
}

/// The token of that digest, over or not.
pub fn find(c: &mut Connection, token_hash: &str) -> Result<Option<Token>> {
    let row: Option<Row> = on_any!(c, |c| {
        tokens::table.filter(tokens::token_hash.eq(token_hash)).select(Row::as_select()).get_result(c).optional()
    })?;
    row.map(from_row).transpose()
}

/// The token of these API credentials and that integrator which lives longest after `now`. One from the future is none:
/// the clock was set back.
pub fn find_of_credential(
    c: &mut Connection,
    credential_id: &str,
    client_id: &str,
    now: Moment,
) -> Result<Option<Token>> {
    let rows: Vec<Row> = on_any!(c, |c| {
        tokens::table
            .filter(tokens::credential_id.eq(credential_id))
            .filter(tokens::expires_at.gt(now.seconds()))
            .filter(tokens::issued_at.le(now.plus(CLOCK_SLACK).seconds()))
            .filter(tokens::client_id.eq(client_id))
            .filter(tokens::revoked_at.is_null())
            .order((tokens::expires_at.desc(), tokens::id.desc()))
            .select(Row::as_select())
            .load(c)
    })?;
    rows.into_iter().next().map(from_row).transpose()
}

/// How many tokens of that door, GSTIN and integrator work at `now`.
pub fn count(c: &mut Connection, door: Door, gstin: &str, client_id: &str, now: Moment) -> Result<i64> {
    Ok(on_any!(c, |c| {
        tokens::table
            .filter(tokens::gstin.eq(gstin))
            .filter(tokens::door.eq(door.as_str()))
            .filter(tokens::client_id.eq(client_id))
            .filter(tokens::expires_at.gt(now.seconds()))
            .filter(tokens::revoked_at.is_null())
            .count()
            .get_result(c)
    })?)
}

/// Keeps a token that is about to be handed out.
pub fn insert(c: &mut Connection, token: &Token) -> Result<()> {
    let row = to_row(token);
    on_any!(c, |c| diesel::insert_into(tokens::table).values(row.clone()).execute(c))?;
    Ok(())
}

/// Ends one token; false when it was ended before.
pub fn revoke(c: &mut Connection, id: &str, now: Moment) -> Result<bool> {
    let rows = on_any!(c, |c| {
        let live = tokens::table.filter(tokens::id.eq(id)).filter(tokens::revoked_at.is_null());
        diesel::update(live).set(tokens::revoked_at.eq(Some(now.seconds()))).execute(c)
    })?;
    Ok(rows == 1)
}

/// Ends every live token that the condition holds for.
macro_rules! revoke_all {
    ($c:expr, $now:expr, $($condition:expr),+) => {
        on_any!($c, |c| {
            let live = tokens::table.filter(tokens::revoked_at.is_null())$(.filter($condition))+;
            diesel::update(live).set(tokens::revoked_at.eq(Some($now.seconds()))).execute(c)
        })?
    };
}

/// Ends every token of these API credentials.
pub(super) fn revoke_of_credential(c: &mut Connection, credential_id: &str, now: Moment) -> Result<()> {
    revoke_all!(c, now, tokens::credential_id.eq(credential_id));
    Ok(())
}

/// Ends every token of that GSTIN at that door.
pub(super) fn revoke_of_gstin(c: &mut Connection, door: Door, gstin: &str, now: Moment) -> Result<()> {
    revoke_all!(c, now, tokens::gstin.eq(gstin), tokens::door.eq(door.as_str()));
    Ok(())
}

/// Ends every token that was given to that integrator.
pub(super) fn revoke_of_client(c: &mut Connection, client_id: &str, now: Moment) -> Result<()> {
    revoke_all!(c, now, tokens::client_id.eq(client_id));
    Ok(())
}

/// Removes tokens that were over before `before`; the sweeper's work.
pub fn delete_expired_before(c: &mut Connection, before: Moment) -> Result<usize> {
    Ok(on_any!(c, |c| diesel::delete(tokens::table.filter(tokens::expires_at.lt(before.seconds()))).execute(c))?)
}

fn to_row(token: &Token) -> Row {
    let (credential_id, account_id) = match token.opened_by.clone() {
        OpenedBy::Credential(id) => (Some(id), None),
        OpenedBy::Account(id) => (None, Some(id)),
    };
    Row {
        id: token.id.clone(),
        token_hash: token.token_hash.clone(),
        key_id: token.key_id.clone(),
        door: token.door().as_str().to_owned(),
        credential_id,
        account_id,
        gstin: token.gstin.clone(),
        username: token.username.clone(),
        client_id: token.client_id.clone(),
        issued_at: token.life.issued_at.seconds(),
        expires_at: token.life.expires_at.seconds(),
        revoked_at: token.life.revoked_at.map(Moment::seconds),
    }
}

fn from_row(row: Row) -> Result<Token> {
    let opened_by = match (Door::parse(&row.door), row.credential_id, row.account_id) {
        (Some(Door::Irp), Some(id), None) => OpenedBy::Credential(id),
        (Some(Door::Gstn), None, Some(id)) => OpenedBy::Account(id),
        _ => return Err(StoreError::Damaged(format!("tokens.door of {}", row.id))),
    };
    Ok(Token {
        id: row.id,
        token_hash: row.token_hash,
        key_id: row.key_id,
        opened_by,
        gstin: row.gstin,
        username: row.username,
        client_id: row.client_id,
        life: Life {
            issued_at: Moment::from_seconds(row.issued_at),
            expires_at: Moment::from_seconds(row.expires_at),
            revoked_at: row.revoked_at.map(Moment::from_seconds),
        },
    })
}
