//! The outbox: messages written in the transaction that causes them and sent afterwards, at least once. The id is the
//! idempotency key; the body is sealed until sent and wiped after.

use diesel::prelude::*;

use super::schema::outbox;
use super::{Connection, Result, on_any};
use crate::kernel::clock::Moment;

pub const QUEUED: &str = "queued";
pub const SENDING: &str = "sending";
pub const SENT: &str = "sent";
pub const FAILED: &str = "failed";
pub const EXPIRED: &str = "expired";

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = outbox)]
pub struct Message {
    pub id: String,
    /// `email` or `sms`.
    pub channel: String,
    /// Which message it is: `otp_register`, `account_created` …
    pub kind: String,
    /// Recipient and text, sealed; empty once sent, failed or expired.
    pub body: Option<String>,
    pub state: String,
    pub attempts: i32,
    pub created_at: i64,
    pub next_attempt_at: i64,
    /// After this moment it must not be sent any more.
    pub expires_at: Option<i64>,
    pub finished_at: Option<i64>,
    pub last_error: Option<String>,
}

pub fn insert(c: &mut Connection, message: &Message) -> Result<()> {
    on_any!(c, |c| diesel::insert_into(outbox::table).values(message.clone()).execute(c))?;
    Ok(())
}

/// Whether anything of that channel is due.
pub fn is_due(c: &mut Connection, channel: &str, now: Moment) -> Result<bool> {
    Ok(on_any!(c, |c| {
        let due = outbox::table
            .filter(outbox::state.eq_any([QUEUED, SENDING]))
            .filter(outbox::channel.eq(channel))
            .filter(outbox::next_attempt_at.le(now.seconds()));
        diesel::select(diesel::dsl::exists(due)).get_result(c)
    })?)
}

/// Takes up to `count` messages that are due, for `claim` seconds: a sender that dies gives them back by itself.
pub fn claim(c: &mut Connection, channel: &str, count: i64, claim: i64, now: Moment) -> Result<Vec<Message>> {
    let due: Vec<Message> = on_any!(c, |c| {
        outbox::table
            .filter(outbox::state.eq_any([QUEUED, SENDING]))
            .filter(outbox::channel.eq(channel))
            .filter(outbox::next_attempt_at.le(now.seconds()))
            .order((outbox::next_attempt_at.asc(), outbox::id.asc()))
            .limit(count)
            .select(Message::as_select())
            .load(c)
    })?;
    let mut claimed = Vec::with_capacity(due.len());
    for message in due {
        if claim_one(c, &message, now.plus(claim))? {
            claimed.push(message);
        }
    }
    Ok(claimed)
}

fn claim_one(c: &mut Connection, message: &Message, until: Moment) -> Result<bool> {
    let rows = on_any!(c, |c| {
        // The moment read before is the proof that no other sender was here in between.
        let unclaimed = outbox::table
            .filter(outbox::id.eq(&message.id))
            .filter(outbox::next_attempt_at.eq(message.next_attempt_at))
            .filter(outbox::state.eq(&message.state));
        diesel::update(unclaimed)
            .set((
                outbox::state.eq(SENDING),
                outbox::attempts.eq(outbox::attempts + 1),
                outbox::next_attempt_at.eq(until.seconds()),
            ))
            .execute(c)
    })?;
    Ok(rows == 1)
}

/// It ended as `state` (sent, failed or expired): the text is wiped.
pub fn set_finished(c: &mut Connection, id: &str, state: &str, error: Option<&str>, now: Moment) -> Result<()> {
    on_any!(c, |c| {
        diesel::update(outbox::table.filter(outbox::id.eq(id)))
            .set((
                outbox::state.eq(state),
                outbox::body.eq(None::<String>),
                outbox::finished_at.eq(Some(now.seconds())),
                outbox::last_error.eq(error),
            ))
            .execute(c)
    })?;
    Ok(())
}

/// It did not go through this time; tried again at `next_attempt`.
pub fn set_retry(c: &mut Connection, id: &str, error: &str, next_attempt: Moment) -> Result<()> {
    on_any!(c, |c| {
        diesel::update(outbox::table.filter(outbox::id.eq(id)))
            .set((
                outbox::state.eq(QUEUED),
                outbox::next_attempt_at.eq(next_attempt.seconds()),
                outbox::last_error.eq(Some(error)),
            ))
            .execute(c)
    })?;
    Ok(())
}

/// Removes rows that ended before `before`; the sweeper's work.
pub fn delete_finished_before(c: &mut Connection, before: Moment) -> Result<usize> {
    Ok(on_any!(c, |c| { diesel::delete(outbox::table.filter(outbox::finished_at.lt(before.seconds()))).execute(c) })?)
}
