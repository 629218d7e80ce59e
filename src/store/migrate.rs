//! Brings the schema up to date at start: one folder of migrations that both databases accept.

use diesel::connection::SimpleConnection as _;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Connection, Result, StoreError};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Events are append-only by trigger as well as by this room's interface. The two databases spell triggers
/// differently, so this stands here and not in the shared migrations; running it again changes nothing.
const SQLITE_TRIGGERS: &str = "
    CREATE TRIGGER IF NOT EXISTS events_keep_rows BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
    CREATE TRIGGER IF NOT EXISTS events_keep_words BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;";

#[cfg(feature = "postgres")]
const POSTGRES_TRIGGERS: &str = "
    CREATE OR REPLACE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$;
    CREATE OR REPLACE TRIGGER events_keep BEFORE UPDATE OR DELETE ON events
        FOR EACH ROW EXECUTE FUNCTION events_append_only();";

/// A number nobody else is likely to lock, so that two starting instances take turns.
#[cfg(feature = "postgres")]
const POSTGRES_LOCK: i64 = 0x5361_6e61_6401;

/// Runs what is pending, all of it or nothing; two programs that start together take turns.
pub(super) fn run(connection: &mut Connection) -> Result<()> {
    match connection {
        Connection::Sqlite(sqlite) => {
            // A start on an existing database must not wait for another program's writes.
            if !pending(sqlite)? {
                return Ok(());
            }
            sqlite.immediate_transaction(|sqlite| {
                run_pending(sqlite)?;
                Ok(sqlite.batch_execute(SQLITE_TRIGGERS)?)
            })
        }
        #[cfg(feature = "postgres")]
        Connection::Postgres(postgres) => diesel::Connection::transaction(postgres, |postgres| {
            postgres.batch_execute(&format!("SELECT pg_advisory_xact_lock({POSTGRES_LOCK});"))?;
            run_pending(postgres)?;
            Ok(postgres.batch_execute(POSTGRES_TRIGGERS)?)
        }),
    }
}

fn pending<DB, C>(connection: &mut C) -> Result<bool>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: diesel::migration::MigrationSource<DB>,
{
    connection.has_pending_migration(MIGRATIONS).map_err(|error| StoreError::Migration(error.to_string()))
}

fn run_pending<DB, C>(connection: &mut C) -> Result<()>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: diesel::migration::MigrationSource<DB>,
{
    connection.run_pending_migrations(MIGRATIONS).map(drop).map_err(|error| StoreError::Migration(error.to_string()))
}
