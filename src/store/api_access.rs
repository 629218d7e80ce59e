//! Manage API Access: the last switch of each GSTIN, and when its owner is told next that it ends.

use diesel::prelude::*;

use super::schema::api_access;
use super::{Connection, Result, StoreError, on_any, tokens};
use crate::kernel::api_access::{CLOCK_SLACK, Duration, Switch};
use crate::kernel::clock::Moment;
use crate::kernel::door::Door;

/// The access of a GSTIN as it was switched last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAccess {
    pub gstin: String,
    pub switch: Switch,
    /// Who switched it on.
    pub account_id: String,
    /// The end that this switch replaced; `None` when access was not on before it.
    pub replaced_until: Option<Moment>,
    /// When its owner is told next; `None` when there is nothing left to tell.
    pub next_notice_at: Option<Moment>,
}

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = api_access, treat_none_as_null = true)]
struct Row {
    gstin: String,
    duration: String,
    enabled_at: i64,
    until: i64,
    ended_at: Option<i64>,
    account_id: String,
    replaced_until: Option<i64>,
    next_notice_at: Option<i64>,
}

/// The access of that GSTIN; `None` when it was never switched on.
pub fn find(c: &mut Connection, gstin: &str) -> Result<Option<ApiAccess>> {
    let row: Option<Row> = on_any!(c, |c| {
        api_access::table.filter(api_access::gstin.eq(gstin)).select(Row::as_select()).get_result(c).optional()
    })?;
    row.map(from_row).transpose()
}

/// Switches it on; takes the place of the switch before.
pub fn set_on(c: &mut Connection, access: &ApiAccess) -> Result<()> {
    let row = to_row(access);
    on_any!(c, |c| {
        diesel::insert_into(api_access::table)
            .values(row.clone())
            .on_conflict(api_access::gstin)
            .do_update()
            .set(row.clone())
            .execute(c)
    })?;
    Ok(())
}

/// Switches it off by hand, so that nothing is left to tell; software is signed out with it. Whether it was on: false
/// changes nothing.
pub fn set_off(c: &mut Connection, gstin: &str, now: Moment) -> Result<bool> {
    let rows = on_any!(c, |c| {
        let on = api_access::table
            .filter(api_access::gstin.eq(gstin))
            .filter(api_access::ended_at.is_null())
            .filter(api_access::until.gt(now.seconds()));
        diesel::update(on)
            .set((api_access::ended_at.eq(Some(now.seconds())), api_access::next_notice_at.eq(None::<i64>)))
            .execute(c)
    })?;
    if rows == 1 {
        tokens::revoke_of_gstin(c, Door::Gstn, gstin, now)?;
    }
    Ok(rows == 1)
}

/// An end by time that its owner has seen and said No to is over like one by hand; one that nobody has told yet stays
/// to be told.
pub fn set_end_seen(c: &mut Connection, gstin: &str, now: Moment) -> Result<()> {
    on_any!(c, |c| {
        let over = api_access::table
            .filter(api_access::gstin.eq(gstin))
            .filter(api_access::ended_at.is_null())
            .filter(api_access::next_notice_at.is_null())
            .filter(api_access::until.le(now.seconds()));
        diesel::update(over).set(api_access::ended_at.eq(api_access::until.nullable())).execute(c)
    })?;
    Ok(())
}

/// Ends for good what was switched on in the future: the clock was set back since, and neither access nor the
/// software that used it must come back by itself when it catches up.
pub fn end_from_future(c: &mut Connection, now: Moment) -> Result<usize> {
    let gstins: Vec<String> = on_any!(c, |c| {
        let future = api_access::table
            .filter(api_access::enabled_at.gt(now.plus(CLOCK_SLACK).seconds()))
            .filter(api_access::ended_at.is_null());
        diesel::update(future)
            .set((api_access::ended_at.eq(Some(now.seconds())), api_access::next_notice_at.eq(None::<i64>)))
            .returning(api_access::gstin)
            .get_results(c)
    })?;
    gstins.iter().try_for_each(|gstin| tokens::revoke_of_gstin(c, Door::Gstn, gstin, now))?;
    Ok(gstins.len())
}

/// Whether there is something to end.
pub fn has_future(c: &mut Connection, now: Moment) -> Result<bool> {
    Ok(on_any!(c, |c| {
        let future = api_access::table
            .filter(api_access::enabled_at.gt(now.plus(CLOCK_SLACK).seconds()))
            .filter(api_access::ended_at.is_null());
        diesel::select(diesel::dsl::exists(future)).get_result(c)
    })?)
}

/// Up to `limit` whose owner is to be told something by `now`, the longest waiting first. A damaged row is logged and
/// left out: it must not keep the others from being told.
pub fn list_due(c: &mut Connection, now: Moment, limit: i64) -> Result<Vec<ApiAccess>> {
    let rows: Vec<Row> = on_any!(c, |c| {
        api_access::table
            .filter(api_access::next_notice_at.le(now.seconds()))
            .order((api_access::next_notice_at.asc(), api_access::gstin.asc()))
            .limit(limit)
            .select(Row::as_select())
            .load(c)
    })?;
    let readable = |row: Result<ApiAccess>| row.inspect_err(|error| tracing::error!(%error, "left out")).ok();
    Ok(rows.into_iter().map(from_row).filter_map(readable).collect())
}

/// Its owner is told what was due of `was`, and is told again at `next`. False when somebody else has told it, or when
/// it was switched since: whoever gets false tells nothing.
pub fn set_told(c: &mut Connection, was: &ApiAccess, next: Option<Moment>) -> Result<bool> {
    let Some(was_due) = was.next_notice_at else { return Ok(false) };
    let rows = on_any!(c, |c| {
        // Switch and moment as read before are the proof that nobody was here in between.
        let untold = api_access::table
            .filter(api_access::gstin.eq(&was.gstin))
            .filter(api_access::enabled_at.eq(was.switch.enabled_at.seconds()))
            .filter(api_access::next_notice_at.eq(was_due.seconds()));
        diesel::update(untold).set(api_access::next_notice_at.eq(next.map(Moment::seconds))).execute(c)
    })?;
    Ok(rows == 1)
}

fn to_row(access: &ApiAccess) -> Row {
    let switch = access.switch;
    Row {
        gstin: access.gstin.clone(),
        duration: switch.duration.as_str().to_owned(),
        enabled_at: switch.enabled_at.seconds(),
        until: switch.until.seconds(),
        ended_at: switch.ended_at.map(Moment::seconds),
        account_id: access.account_id.clone(),
        replaced_until: access.replaced_until.map(Moment::seconds),
        next_notice_at: access.next_notice_at.map(Moment::seconds),
    }
}

fn from_row(row: Row) -> Result<ApiAccess> {
    let duration = Duration::parse(&row.duration)
        .ok_or_else(|| StoreError::Damaged(format!("api_access.duration of {}", row.gstin)))?;
    let switch = Switch {
        duration,
        enabled_at: Moment::from_seconds(row.enabled_at),
        until: Moment::from_seconds(row.until),
        ended_at: row.ended_at.map(Moment::from_seconds),
    };
    Ok(ApiAccess {
        gstin: row.gstin,
        switch,
        account_id: row.account_id,
        replaced_until: row.replaced_until.map(Moment::from_seconds),
        next_notice_at: row.next_notice_at.map(Moment::from_seconds),
    })
}
