//! Budgets: how often something may happen in a window of time. Rows, so that they survive a restart and hold for every
//! instance. A window begins with its first event; a success never clears one, except where its caller says so (T13).

use diesel::prelude::*;

use super::schema::counters;
use super::{Connection, Result, on_any};
use crate::kernel::clock::Moment;

/// `max` events in `window` seconds for whatever `key` names. Keys hold canonical values only (T12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    pub key: String,
    pub max: i64,
    pub window: i64,
}

impl From<Budget> for Vec<Budget> {
    fn from(budget: Budget) -> Self {
        vec![budget]
    }
}

impl Budget {
    pub fn new(key: String, max: i64, window: i64) -> Self {
        Self { key, max, window }
    }
}

/// When `budget` can be used again; `None` when it can be now.
pub fn exhausted(c: &mut Connection, budget: &Budget, now: Moment) -> Result<Option<Moment>> {
    Ok(current(c, &budget.key, now)?.and_then(|(count, end)| (count >= budget.max).then_some(end)))
}

/// When every one of `budgets` can be used again; `None` when all can be now.
pub fn any_exhausted(c: &mut Connection, budgets: &[Budget], now: Moment) -> Result<Option<Moment>> {
    budgets.iter().try_fold(None, |latest, budget| Ok(latest.max(exhausted(c, budget, now)?)))
}

/// Counts one event in each of `budgets`, whether they hold more or not.
pub fn count_each(c: &mut Connection, budgets: &[Budget], now: Moment) -> Result<()> {
    budgets.iter().try_for_each(|budget| count(c, &budget.key, budget.window, now).map(drop))
}

/// Takes one event back from each.
pub fn uncount_each(c: &mut Connection, budgets: &[Budget]) -> Result<()> {
    budgets.iter().try_for_each(|budget| uncount(c, &budget.key))
}

/// Spends one of each budget, or none and says until when the first exhausted one is closed. Each is one conditional
/// statement judged by its row count, so that parallel requests never spend more than there is.
pub fn take(c: &mut Connection, budgets: &[Budget], now: Moment) -> Result<std::result::Result<(), Moment>> {
    for (position, budget) in budgets.iter().enumerate() {
        if spend(c, budget, now)? {
            continue;
        }
        budgets.iter().take(position).try_for_each(|spent| uncount(c, &spent.key))?;
        let end = closed_until(c, &budget.key, now)?;
        return Ok(Err(end.unwrap_or_else(|| now.plus(budget.window))));
    }
    Ok(Ok(()))
}

fn spend(c: &mut Connection, budget: &Budget, now: Moment) -> Result<bool> {
    clear_ended(c, &budget.key, now)?;
    let end = now.plus(budget.window).seconds();
    let spent = on_any!(c, |c| {
        let counted = diesel::insert_into(counters::table)
            .values((counters::key.eq(&budget.key), counters::count.eq(1_i64), counters::ends_at.eq(end)))
            .on_conflict(counters::key)
            .do_update()
            .set(counters::count.eq(counters::count + 1));
        diesel::query_dsl::methods::FilterDsl::filter(counted, counters::count.lt(budget.max)).execute(c)
    })?;
    Ok(spent == 1)
}

/// Counts one event and returns how many the window holds now.
pub fn count(c: &mut Connection, key: &str, window: i64, now: Moment) -> Result<i64> {
    clear_ended(c, key, now)?;
    Ok(on_any!(c, |c| {
        diesel::insert_into(counters::table)
            .values((
                counters::key.eq(key),
                counters::count.eq(1_i64),
                counters::ends_at.eq(now.plus(window).seconds()),
            ))
            .on_conflict(counters::key)
            .do_update()
            .set(counters::count.eq(counters::count + 1))
            .returning(counters::count)
            .get_result(c)
    })?)
}

/// How many the window of `key` holds.
pub fn used(c: &mut Connection, key: &str, now: Moment) -> Result<i64> {
    Ok(current(c, key, now)?.map_or(0, |(count, _)| count))
}

/// Takes one event back.
pub fn uncount(c: &mut Connection, key: &str) -> Result<()> {
    on_any!(c, |c| {
        let counted = counters::table.filter(counters::key.eq(key)).filter(counters::count.gt(0));
        diesel::update(counted).set(counters::count.eq(counters::count - 1)).execute(c)
    })?;
    Ok(())
}

/// Closes `key` until that moment, which replaces any other.
pub fn close(c: &mut Connection, key: &str, until: Moment) -> Result<()> {
    on_any!(c, |c| {
        diesel::insert_into(counters::table)
            .values((counters::key.eq(key), counters::count.eq(1_i64), counters::ends_at.eq(until.seconds())))
            .on_conflict(counters::key)
            .do_update()
            .set(counters::ends_at.eq(until.seconds()))
            .execute(c)
    })?;
    Ok(())
}

/// Until when `key` is closed; `None` when it is open.
pub fn closed_until(c: &mut Connection, key: &str, now: Moment) -> Result<Option<Moment>> {
    Ok(current(c, key, now)?.map(|(_, end)| end))
}

/// Forgets `key`.
pub fn clear(c: &mut Connection, key: &str) -> Result<()> {
    on_any!(c, |c| diesel::delete(counters::table.filter(counters::key.eq(key))).execute(c))?;
    Ok(())
}

/// Removes what ended before `now`; the sweeper's work.
pub fn delete_ended(c: &mut Connection, now: Moment) -> Result<usize> {
    Ok(on_any!(c, |c| diesel::delete(counters::table.filter(counters::ends_at.le(now.seconds()))).execute(c))?)
}

fn clear_ended(c: &mut Connection, key: &str, now: Moment) -> Result<()> {
    on_any!(c, |c| {
        let ended = counters::table.filter(counters::key.eq(key)).filter(counters::ends_at.le(now.seconds()));
        diesel::delete(ended).execute(c)
    })?;
    Ok(())
}

fn current(c: &mut Connection, key: &str, now: Moment) -> Result<Option<(i64, Moment)>> {
    let row: Option<(i64, i64)> = on_any!(c, |c| {
        counters::table
            .filter(counters::key.eq(key))
            .filter(counters::ends_at.gt(now.seconds()))
            .select((counters::count, counters::ends_at))
            .get_result(c)
            .optional()
    })?;
    Ok(row.map(|(count, end)| (count, Moment::from_seconds(end))))
}
