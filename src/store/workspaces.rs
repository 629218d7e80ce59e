//! Workspaces and who belongs to them. A person may be in several.

use diesel::prelude::*;

use super::schema::{accounts, members, workspaces};
use super::{Connection, Inserted, Result, StoreError, on_any};
use crate::kernel::clock::Moment;
use crate::kernel::role::Role;

/// A workspace as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = workspaces)]
pub struct Workspace {
    pub id: String,
    pub name: String,
    pub created_at: i64,
}

/// A person in a workspace.
#[derive(Debug, Clone)]
pub struct Member {
    pub account_id: String,
    /// The work email, which is the account's username.
    pub email: String,
    pub name: String,
    pub role: Role,
    pub joined_at: Moment,
}

pub fn insert(c: &mut Connection, workspace: &Workspace) -> Result<()> {
    on_any!(c, |c| diesel::insert_into(workspaces::table).values(workspace.clone()).execute(c))?;
    Ok(())
}

pub fn find(c: &mut Connection, id: &str) -> Result<Option<Workspace>> {
    Ok(on_any!(c, |c| {
        workspaces::table.filter(workspaces::id.eq(id)).select(Workspace::as_select()).get_result(c).optional()
    })?)
}

/// Somebody who is in it already keeps the role they have.
pub fn insert_member(
    c: &mut Connection,
    workspace_id: &str,
    account_id: &str,
    role: Role,
    now: Moment,
) -> Result<Inserted> {
    let rows = on_any!(c, |c| {
        diesel::insert_into(members::table)
            .values((
                members::workspace_id.eq(workspace_id),
                members::account_id.eq(account_id),
                members::role.eq(role.as_str()),
                members::joined_at.eq(now.seconds()),
            ))
            .on_conflict_do_nothing()
            .execute(c)
    })?;
    Ok(if rows == 1 { Inserted::Yes } else { Inserted::Taken })
}

/// The workspaces of a person with the role in each, the one joined first first.
pub fn list_of_account(c: &mut Connection, account_id: &str) -> Result<Vec<(Workspace, Role)>> {
    let rows: Vec<(Workspace, String)> = on_any!(c, |c| {
        members::table
            .inner_join(workspaces::table)
            .filter(members::account_id.eq(account_id))
            .order((members::joined_at.asc(), workspaces::id.asc()))
            .select((Workspace::as_select(), members::role))
            .load(c)
    })?;
    rows.into_iter().map(|(workspace, role)| Ok((workspace, role_of(&role)?))).collect()
}

/// The role of that person in that workspace.
pub fn find_role(c: &mut Connection, workspace_id: &str, account_id: &str) -> Result<Option<Role>> {
    let role: Option<String> = on_any!(c, |c| {
        members::table
            .filter(members::workspace_id.eq(workspace_id))
            .filter(members::account_id.eq(account_id))
            .select(members::role)
            .get_result(c)
            .optional()
    })?;
    role.map(|role| role_of(&role)).transpose()
}

/// The people of a workspace, in the order in which they came.
pub fn list_members(c: &mut Connection, workspace_id: &str) -> Result<Vec<Member>> {
    let rows: Vec<(String, String, Option<String>, String, i64)> = on_any!(c, |c| {
        members::table
            .inner_join(accounts::table)
            .filter(members::workspace_id.eq(workspace_id))
            .order((members::joined_at.asc(), accounts::username.asc()))
            .select((accounts::id, accounts::username, accounts::name, members::role, members::joined_at))
            .load(c)
    })?;
    let member = |(account_id, email, name, role, joined_at): (String, String, Option<String>, String, i64)| {
        let (role, joined_at) = (role_of(&role)?, Moment::from_seconds(joined_at));
        Ok(Member { account_id, email, name: name.unwrap_or_default(), role, joined_at })
    };
    rows.into_iter().map(member).collect()
}

/// How many owners a workspace has: the last one can neither go nor become something else.
pub fn count_owners(c: &mut Connection, workspace_id: &str) -> Result<i64> {
    Ok(on_any!(c, |c| {
        members::table
            .filter(members::workspace_id.eq(workspace_id))
            .filter(members::role.eq(Role::Owner.as_str()))
            .count()
            .get_result(c)
    })?)
}

/// `false` when that person is not in the workspace.
pub fn set_role(c: &mut Connection, workspace_id: &str, account_id: &str, role: Role) -> Result<bool> {
    let changed = on_any!(c, |c| {
        let member =
            members::table.filter(members::workspace_id.eq(workspace_id)).filter(members::account_id.eq(account_id));
        diesel::update(member).set(members::role.eq(role.as_str())).execute(c)
    })?;
    Ok(changed == 1)
}

/// `false` when that person is not in the workspace.
pub fn delete_member(c: &mut Connection, workspace_id: &str, account_id: &str) -> Result<bool> {
    let deleted = on_any!(c, |c| {
        let member =
            members::table.filter(members::workspace_id.eq(workspace_id)).filter(members::account_id.eq(account_id));
        diesel::delete(member).execute(c)
    })?;
    Ok(deleted == 1)
}

/// Makes transactions about one workspace take turns where several can write at once (PostgreSQL).
pub fn lock(c: &mut Connection, workspace_id: &str) -> Result<()> {
    on_any!(c, |c| {
        diesel::update(workspaces::table.filter(workspaces::id.eq(workspace_id)))
            .set(workspaces::created_at.eq(workspaces::created_at))
            .execute(c)
    })?;
    Ok(())
}

fn role_of(text: &str) -> Result<Role> {
    Role::parse(text).ok_or_else(|| StoreError::Damaged(format!("members.role: {text}")))
}
