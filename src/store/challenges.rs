//! Challenges: one OTP sent for one purpose of one journey. Tries, replacement and consumption are conditional
//! updates judged by their row count, so parallel guesses count one by one (T1) and a code is used once (T2).

use diesel::prelude::*;

use super::schema::challenges;
use super::{Connection, Result, on_any};
use crate::kernel::clock::Moment;

/// A challenge as stored. `mac` proves a code without holding it; `sent_to` is masked already, a JSON list.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = challenges)]
pub struct Challenge {
    pub id: String,
    pub journey_id: String,
    pub purpose: String,
    pub subject: String,
    pub mac: String,
    pub sent_to: String,
    pub tries: i32,
    pub sent_at: i64,
    pub expires_at: i64,
    pub consumed_at: Option<i64>,
    pub replaced_at: Option<i64>,
    /// Of its OTP.
    pub digits: i32,
}

/// Every challenge of the journey for that purpose, the newest first.
pub fn list(c: &mut Connection, journey_id: &str, purpose: &str) -> Result<Vec<Challenge>> {
    Ok(on_any!(c, |c| {
        challenges::table
            .filter(challenges::journey_id.eq(journey_id))
            .filter(challenges::purpose.eq(purpose))
            .order((challenges::sent_at.desc(), challenges::id.desc()))
            .select(Challenge::as_select())
            .load(c)
    })?)
}

/// Inserts the newest challenge; those before it of the same journey and purpose stop working.
pub fn insert(c: &mut Connection, challenge: &Challenge) -> Result<()> {
    on_any!(c, |c| {
        let older = challenges::table
            .filter(challenges::journey_id.eq(&challenge.journey_id))
            .filter(challenges::purpose.eq(&challenge.purpose))
            .filter(challenges::replaced_at.is_null());
        diesel::update(older).set(challenges::replaced_at.eq(Some(challenge.sent_at))).execute(c)
    })?;
    on_any!(c, |c| diesel::insert_into(challenges::table).values(challenge.clone()).execute(c))?;
    Ok(())
}

/// Uses up one try before anything is compared. `false` when none is left or the code is used or replaced.
pub fn count_try(c: &mut Connection, id: &str, allowed: i32) -> Result<bool> {
    let counted = on_any!(c, |c| {
        let open = challenges::table
            .filter(challenges::id.eq(id))
            .filter(challenges::tries.lt(allowed))
            .filter(challenges::consumed_at.is_null())
            .filter(challenges::replaced_at.is_null());
        diesel::update(open).set(challenges::tries.eq(challenges::tries + 1)).execute(c)
    })?;
    Ok(counted == 1)
}

/// Uses the code up; `false` when somebody else was first. Belongs in the transaction of what it allows.
pub fn consume(c: &mut Connection, id: &str, now: Moment) -> Result<bool> {
    let consumed = on_any!(c, |c| {
        let unused = challenges::table.filter(challenges::id.eq(id)).filter(challenges::consumed_at.is_null());
        diesel::update(unused).set(challenges::consumed_at.eq(Some(now.seconds()))).execute(c)
    })?;
    Ok(consumed == 1)
}
