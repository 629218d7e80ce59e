//! The doors for software, each as a client of its own sees it: a file an address, as in `src/machine`.

mod commands;
mod eivital;
mod integrators;
mod introspection;
mod openapi;
#[cfg(feature = "postgres")]
mod postgres;
mod strictness;
mod taxpayerapi;
mod throttles;

use diesel::RunQueryDsl as _;
use diesel::sql_types::Text;
use sanad::store::credentials;

use crate::support::App;
use crate::support::samples::ACME;
use crate::support::walk::API_USERNAME;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What the operator's commands do to ACME's API credentials: shuts them out or lets them in again.
async fn set_status(app: &App, status: &'static str) {
    let now = app.clock.now();
    let changed = app.kit.store.write(move |c| {
        let credential = credentials::find_by_username(c, API_USERNAME)?.expect("ACME has credentials");
        credentials::set_status(c, &credential.id, status, now)
    });
    changed.await.unwrap();
}

/// Freezes ACME's account in that portal, which no page and no command does yet.
pub async fn freeze_account(app: &App, portal: &'static str) {
    let frozen = app.kit.store.write(move |c| {
        let query = diesel::sql_query("UPDATE accounts SET frozen_at = created_at WHERE portal = $1 AND gstin = $2");
        Ok(query.bind::<Text, _>(portal).bind::<Text, _>(ACME.gstin).execute(c)?)
    });
    assert_eq!(frozen.await.unwrap(), 1);
}
