//! Everything that is kept; the only room that knows diesel. A file per table.
//!
//! `Store::read` and `Store::write` are the only places with a pool, a blocking hand-off and a transaction: a write
//! *is* the transaction, and it is answered after the commit. No IO, no hashing and no waiting inside one.

mod connection;
mod migrate;
mod schema;
mod writer;

pub mod accounts;
pub mod api_access;
pub mod authenticators;
pub mod challenges;
pub mod counters;
pub mod credentials;
pub mod demo_messages;
pub mod devices;
pub mod events;
pub mod gstin_imports;
pub mod handoffs;
pub mod integrators;
pub mod invitations;
pub mod journeys;
pub mod outbox;
pub mod saved_credentials;
pub mod sessions;
pub mod taxpayers;
pub mod tokens;
pub mod workspace_gstins;
pub mod workspaces;

use std::path::PathBuf;
use std::sync::Arc;

use diesel::r2d2::Pool;
use tokio::sync::oneshot;

pub use connection::AnyConnection as Connection;
use connection::Manager;
use writer::{Batches, Writer};

/// Connections that answer reads at once; more than cores buys little, and each costs about 200 KB.
const READERS: u32 = 8;

/// Where the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file, made when it does not exist.
    Sqlite(PathBuf),
    /// A PostgreSQL address, `postgres://…`.
    Postgres(String),
}

/// Why the store could not do what it was asked. Clone, because one failed commit answers many writes.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    #[error("the database refused: {0}")]
    Database(Arc<diesel::result::Error>),
    #[error("no connection to the database: {0}")]
    Connection(String),
    #[error("the database is locked by another program")]
    Locked,
    #[error("too many writes are waiting")]
    Full,
    #[error("the store has stopped")]
    Stopped,
    #[error("a write panicked: {0}")]
    Panicked(String),
    #[error("the transaction was not committed: {0}")]
    NotCommitted(Arc<diesel::result::Error>),
    #[error("the schema could not be brought up to date: {0}")]
    Migration(String),
    #[error("a row holds what its table should not allow: {0}")]
    Damaged(String),
    /// A write that undid itself because what it builds on was gone; its caller knows what to say.
    #[error("the write undid itself")]
    Undone,
    /// A write that undid itself because the person has lost the right to it since the request began.
    #[error("the right is gone")]
    NoRight,
    #[error("this program was built without PostgreSQL: build it with --features postgres")]
    NoPostgres,
}

impl StoreError {
    /// Whether trying again in a moment may help; the page is 503 then and not 500.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Locked | Self::Full | Self::Stopped | Self::Connection(_) | Self::NotCommitted(_))
    }
}

impl From<diesel::result::Error> for StoreError {
    fn from(error: diesel::result::Error) -> Self {
        let text = error.to_string();
        if text.contains("database is locked") || text.contains("database table is locked") {
            return Self::Locked;
        }
        Self::Database(Arc::new(error))
    }
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// The outcome of an insert whose uniqueness the index decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    Yes,
    /// Somebody else has this name already.
    Taken,
}

/// Runs one query body against the concrete connection, so that diesel prepares each statement once and keeps it
/// (statements on the enum itself are prepared anew at every call).
macro_rules! on_any {
    ($connection:expr, |$c:ident| $body:expr) => {
        match $connection {
            $crate::store::Connection::Sqlite($c) => $body,
            #[cfg(feature = "postgres")]
            $crate::store::Connection::Postgres($c) => $body,
        }
    };
}
pub(crate) use on_any;

/// The open database. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    readers: Pool<Manager>,
    writer: Writer,
}

impl Store {
    /// Opens the database, making it and bringing its schema up to date first. Blocks for the time that takes.
    pub fn open(database: &Database) -> Result<Self> {
        let mut connection = connection::open(database)?;
        migrate::run(&mut connection)?;
        let readers = Pool::builder()
            .max_size(READERS)
            .min_idle(Some(1))
            .test_on_check_out(false)
            .build(Manager::reading(database.clone()))
            .map_err(|error| StoreError::Connection(error.to_string()))?;
        let writer = match database {
            Database::Sqlite(_) => Writer::thread(database.clone(), connection, Batches::default())?,
            Database::Postgres(_) => Writer::pooled(database)?,
        };
        Ok(Self(Arc::new(Inner { readers, writer })))
    }

    /// Runs `read` on a pooled connection, off the async threads.
    pub async fn read<T, F>(&self, read: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    {
        let store = self.clone();
        blocking(move || {
            let mut pooled = store.0.readers.get().map_err(|error| StoreError::Connection(error.to_string()))?;
            read(&mut pooled)
        })
        .await
    }

    /// Runs `write` as one transaction and answers after the commit. `Err` undoes it; a refusal that must keep its
    /// trace (a counted OTP try) is an `Ok`. Dropping the future does not undo the write.
    pub async fn write<T, F>(&self, write: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    {
        self.0.writer.write(write).await
    }

    /// Finishes the writes that wait and closes the writer; later writes are refused with `Stopped`.
    pub async fn stop(&self) {
        self.0.writer.stop().await;
    }
}

/// A closure on the thread pool for blocking work; a panic inside is an error and not a dead worker.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let (answer, answered) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        // The asker may have gone; its work is done all the same.
        let _ = answer.send(work());
    });
    answered.await.unwrap_or_else(|_| Err(StoreError::Panicked("see the log of this thread".to_owned())))
}

/// The canonical text of a list column: JSON, because names may hold any separator.
fn list_to_text(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}

fn list_from_text(text: &str) -> Result<Vec<String>> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))
}
