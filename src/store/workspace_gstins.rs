//! The GSTINs that a workspace lists. Listing one proves nothing about it.

use diesel::prelude::*;

use super::schema::{taxpayers, workspace_gstins};
use super::{Connection, Inserted, Result, on_any};
use crate::kernel::clock::Moment;

pub fn insert(c: &mut Connection, workspace_id: &str, gstin: &str, now: Moment) -> Result<Inserted> {
    let rows = on_any!(c, |c| {
        diesel::insert_into(workspace_gstins::table)
            .values((
                workspace_gstins::workspace_id.eq(workspace_id),
                workspace_gstins::gstin.eq(gstin),
                workspace_gstins::added_at.eq(now.seconds()),
            ))
            .on_conflict_do_nothing()
            .execute(c)
    })?;
    Ok(if rows == 1 { Inserted::Yes } else { Inserted::Taken })
}

/// Whether the workspace lists that GSTIN.
pub fn exists(c: &mut Connection, workspace_id: &str, gstin: &str) -> Result<bool> {
    Ok(on_any!(c, |c| {
        let listed = workspace_gstins::table
            .filter(workspace_gstins::workspace_id.eq(workspace_id))
            .filter(workspace_gstins::gstin.eq(gstin));
        diesel::select(diesel::dsl::exists(listed)).get_result(c)
    })?)
}

/// When the workspace began to list that GSTIN; `None` when it does not.
pub fn find_added_at(c: &mut Connection, workspace_id: &str, gstin: &str) -> Result<Option<Moment>> {
    let added_at: Option<i64> = on_any!(c, |c| {
        workspace_gstins::table
            .filter(workspace_gstins::workspace_id.eq(workspace_id))
            .filter(workspace_gstins::gstin.eq(gstin))
            .select(workspace_gstins::added_at)
            .get_result(c)
            .optional()
    })?;
    Ok(added_at.map(Moment::from_seconds))
}

/// With its saved credentials; `false` when the workspace does not list it.
pub fn delete(c: &mut Connection, workspace_id: &str, gstin: &str) -> Result<bool> {
    let deleted = on_any!(c, |c| {
        let listed = workspace_gstins::table
            .filter(workspace_gstins::workspace_id.eq(workspace_id))
            .filter(workspace_gstins::gstin.eq(gstin));
        diesel::delete(listed).execute(c)
    })?;
    Ok(deleted == 1)
}

/// The GSTINs of a workspace in their order: `limit` of them after the first `skip`.
pub fn list(c: &mut Connection, workspace_id: &str, skip: i64, limit: i64) -> Result<Vec<String>> {
    Ok(on_any!(c, |c| {
        workspace_gstins::table
            .filter(workspace_gstins::workspace_id.eq(workspace_id))
            .order(workspace_gstins::gstin.asc())
            .offset(skip)
            .limit(limit)
            .select(workspace_gstins::gstin)
            .load(c)
    })?)
}

/// A GSTIN with what the register calls the taxpayer, where it knows one.
#[derive(Debug, Clone, Queryable)]
pub struct Named {
    pub gstin: String,
    pub legal_name: Option<String>,
    pub trade_name: Option<String>,
}

/// Every GSTIN of a workspace with its names, in the order of GSTINs.
pub fn list_named(c: &mut Connection, workspace_id: &str) -> Result<Vec<Named>> {
    Ok(on_any!(c, |c| {
        workspace_gstins::table
            .left_join(taxpayers::table.on(taxpayers::gstin.eq(workspace_gstins::gstin)))
            .filter(workspace_gstins::workspace_id.eq(workspace_id))
            .order(workspace_gstins::gstin.asc())
            .select((workspace_gstins::gstin, taxpayers::legal_name.nullable(), taxpayers::trade_name.nullable()))
            .load(c)
    })?)
}

/// How many GSTINs a workspace lists.
pub fn count(c: &mut Connection, workspace_id: &str) -> Result<i64> {
    Ok(on_any!(c, |c| {
        workspace_gstins::table.filter(workspace_gstins::workspace_id.eq(workspace_id)).count().get_result(c)
    })?)
}
