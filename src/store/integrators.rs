//! Integrator keys: client id and secret of a maker of software, or of an operator's gateway. Of the secret a digest is
//! kept and nothing else; it is 130 random bits, so a digest without salt is enough.

use diesel::prelude::*;

use super::schema::integrators;
use super::{Connection, Inserted, Result, on_any, tokens};
use crate::kernel::clock::Moment;

/// An integrator key as stored. `secret_hash` is `ids::digest` of the secret; moments are seconds, UTC.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = integrators)]
pub struct Integrator {
    pub client_id: String,
    pub secret_hash: String,
    pub name: String,
    /// The key is for the GSTINs of this PAN only; `None` for everybody's.
    pub pan: Option<String>,
    /// May ask whether a token is good.
    pub gateway: bool,
    pub created_at: i64,
    pub secret_changed_at: i64,
    pub disabled_at: Option<i64>,
}

/// The key of that client id, disabled or not.
pub fn find(c: &mut Connection, client_id: &str) -> Result<Option<Integrator>> {
    Ok(on_any!(c, |c| {
        integrators::table
            .filter(integrators::client_id.eq(client_id))
            .select(Integrator::as_select())
            .get_result(c)
            .optional()
    })?)
}

/// Whether that key is one and not disabled.
pub fn is_enabled(c: &mut Connection, client_id: &str) -> Result<bool> {
    Ok(on_any!(c, |c| {
        let enabled =
            integrators::table.filter(integrators::client_id.eq(client_id)).filter(integrators::disabled_at.is_null());
        diesel::select(diesel::dsl::exists(enabled)).get_result(c)
    })?)
}

/// Every key, the oldest first.
pub fn list(c: &mut Connection) -> Result<Vec<Integrator>> {
    Ok(on_any!(c, |c| {
        integrators::table
            .order((integrators::created_at.asc(), integrators::client_id.asc()))
            .select(Integrator::as_select())
            .load(c)
    })?)
}

/// `Taken` leaves the key that has this client id as it is.
pub fn insert(c: &mut Connection, integrator: &Integrator) -> Result<Inserted> {
    let rows = on_any!(c, |c| {
        diesel::insert_into(integrators::table).values(integrator.clone()).on_conflict_do_nothing().execute(c)
    })?;
    Ok(if rows == 1 { Inserted::Yes } else { Inserted::Taken })
}

/// Another secret; the one before stops working with the commit. False when there is no such key, or it is disabled.
pub fn set_secret(c: &mut Connection, client_id: &str, secret_hash: &str, now: Moment) -> Result<bool> {
    let rows = on_any!(c, |c| {
        let enabled =
            integrators::table.filter(integrators::client_id.eq(client_id)).filter(integrators::disabled_at.is_null());
        diesel::update(enabled)
            .set((integrators::secret_hash.eq(secret_hash), integrators::secret_changed_at.eq(now.seconds())))
            .execute(c)
    })?;
    Ok(rows == 1)
}

/// Shuts an integrator out, with every token it was given. False when there is no such key; disabling one again keeps
/// the moment of the first time.
pub fn disable(c: &mut Connection, client_id: &str, now: Moment) -> Result<bool> {
    on_any!(c, |c| {
        let enabled =
            integrators::table.filter(integrators::client_id.eq(client_id)).filter(integrators::disabled_at.is_null());
        diesel::update(enabled).set(integrators::disabled_at.eq(Some(now.seconds()))).execute(c)
    })?;
    tokens::revoke_of_client(c, client_id, now)?;
    Ok(find(c, client_id)?.is_some())
}
