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
    /// The session's own id, which stays while its token is renewed; empty until somebody signs in.
    pub sid: String,
    /// Why somebody else than time has ended it; such a row only tells its browser the reason.
    pub ended_because: Option<String>,
}

/// Why a session was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its owner pressed "Sign out" on another device.
    Owner,
    /// The account was signed in to on more devices than it may be.
    Newer,
    Password,
    Authenticator,
    ApiPassword,
    Contacts,
    /// By a command.
    Operator,
    /// Its owner pressed "Sign out" in it: there is nothing to tell.
    SignedOut,
}

impl Reason {
    const ALL: [Self; 8] = [
        Self::Owner,
        Self::Newer,
        Self::Password,
        Self::Authenticator,
        Self::ApiPassword,
        Self::Contacts,
        Self::Operator,
        Self::SignedOut,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Newer => "newer",
            Self::Password => "password",
            Self::Authenticator => "authenticator",
            Self::ApiPassword => "api_password",
            Self::Contacts => "contacts",
            Self::Operator => "operator",
            Self::SignedOut => "signed_out",
        }
    }

    /// As stored; `None` for what an older version wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What stands in `ended_because` of a token that its session has left: for the next one, while it is renewed, or for good.
const LEFT: &str = "left";

impl Session {
    /// Nobody is told anything about this row: it is as good as removed.
    pub fn is_left(&self) -> bool {
        self.ended_because.as_deref().is_some_and(|because| because == LEFT || because == Reason::SignedOut.as_str())
    }
}

/// Sessions that are not over at that moment: when each must have been used and begun at the earliest.
#[derive(Debug, Clone, Copy)]
pub struct Alive {
    pub seen_after: Moment,
    pub begun_after: Moment,
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

/// The session leaves this token. A session of nobody is removed with it; of any other a trace stays, so that whoever
/// ends the session before it has its next token ends it all the same. One that was ended keeps the reason.
pub fn leave(c: &mut Connection, token_hash: &str) -> Result<()> {
    on_any!(c, |c| {
        let own = sessions::table.filter(sessions::token_hash.eq(token_hash));
        diesel::delete(own.filter(sessions::account_id.is_null())).execute(c)?;
        diesel::update(own.filter(sessions::ended_because.is_null()))
            .set(sessions::ended_because.eq(Some(LEFT)))
            .execute(c)
    })?;
    Ok(())
}

/// The session has its next token: removes the traces of those before.
pub fn delete_left(c: &mut Connection, sid: &str) -> Result<()> {
    on_any!(c, |c| {
        let before = sessions::table.filter(sessions::sid.eq(sid)).filter(sessions::ended_because.eq(LEFT));
        diesel::delete(before).execute(c)
    })?;
    Ok(())
}

/// The live sessions of the account, the one used last first.
pub fn list_alive(c: &mut Connection, account_id: &str, alive: Alive) -> Result<Vec<Session>> {
    Ok(on_any!(c, |c| {
        sessions::table
            .filter(sessions::account_id.eq(account_id))
            .filter(sessions::ended_because.is_null())
            .filter(sessions::last_seen_at.gt(alive.seen_after.seconds()))
            .filter(sessions::created_at.gt(alive.begun_after.seconds()))
            .order((sessions::last_seen_at.desc(), sessions::created_at.desc(), sessions::token_hash.asc()))
            .select(Session::as_select())
            .load(c)
    })?)
}

/// Why the session of that own id was ended, under whichever token.
pub fn find_reason(c: &mut Connection, sid: &str) -> Result<Option<String>> {
    let reason: Option<Option<String>> = on_any!(c, |c| {
        sessions::table
            .filter(sessions::sid.eq(sid))
            .filter(sessions::ended_because.ne(LEFT))
            .select(sessions::ended_because)
            .limit(1)
            .get_result(c)
            .optional()
    })?;
    Ok(reason.flatten())
}

/// Ends one session under whichever token; `false` when it was ended before.
pub fn end(c: &mut Connection, sid: &str, reason: Reason) -> Result<bool> {
    let ended = on_any!(c, |c| {
        let own = sessions::table.filter(sessions::sid.eq(sid)).filter(sessions::sid.ne(""));
        let live = own.filter(sessions::ended_because.is_null().or(sessions::ended_because.eq(LEFT)));
        diesel::update(live).set(sessions::ended_because.eq(Some(reason.as_str()))).execute(c)
    })?;
    Ok(ended > 0)
}

/// Ends every session of the account, except the one of `keep` when there is one; how many that were.
pub fn end_of_account(c: &mut Connection, account_id: &str, keep: Option<&str>, reason: Reason) -> Result<usize> {
    Ok(on_any!(c, |c| {
        let others = sessions::table
            .filter(sessions::account_id.eq(account_id))
            .filter(sessions::token_hash.ne(keep.unwrap_or_default()));
        let because = sessions::ended_because.eq(Some(reason.as_str()));
        let ended = diesel::update(others.filter(sessions::ended_because.is_null())).set(because).execute(c)?;
        // Those between two tokens.
        diesel::update(others.filter(sessions::ended_because.eq(LEFT))).set(because).execute(c).map(|_| ended)
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
