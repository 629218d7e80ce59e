//! One connection type for both databases, and how each is opened.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::r2d2::ManageConnection;
use diesel::{Connection as _, SqliteConnection};

use super::{Database, Result, StoreError};

/// A connection to either database. Statements go through `on_any!`.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Sqlite(SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(diesel::PgConnection),
}

/// WAL with full flushing: an acknowledged commit survives a power cut (T27). Deleted secrets are overwritten.
const SQLITE_PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;";

/// Opens one connection for writing.
pub(super) fn open(database: &Database) -> Result<AnyConnection> {
    match database {
        Database::Sqlite(path) => {
            make_private(path)?;
            let path = path.to_str().ok_or_else(|| StoreError::Connection("the path is not UTF-8".to_owned()))?;
            let mut connection =
                SqliteConnection::establish(path).map_err(|error| StoreError::Connection(error.to_string()))?;
            connection.batch_execute(SQLITE_PRAGMAS)?;
            Ok(AnyConnection::Sqlite(connection))
        }
        #[cfg(feature = "postgres")]
        Database::Postgres(url) => {
            let connection =
                diesel::PgConnection::establish(url).map_err(|error| StoreError::Connection(error.to_string()))?;
            Ok(AnyConnection::Postgres(connection))
        }
        #[cfg(not(feature = "postgres"))]
        Database::Postgres(_) => Err(StoreError::NoPostgres),
    }
}

/// A new database is its owner's only (0600); SQLite gives the files beside it the same mode.
fn make_private(path: &Path) -> Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(StoreError::Connection(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

/// Makes connections for a pool.
pub(super) struct Manager {
    database: Database,
    read_only: bool,
}

impl Manager {
    pub(super) fn reading(database: Database) -> Self {
        Self { database, read_only: true }
    }

    #[cfg(feature = "postgres")]
    pub(super) fn writing(database: Database) -> Self {
        Self { database, read_only: false }
    }
}

impl ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = StoreError;

    fn connect(&self) -> Result<AnyConnection> {
        let mut connection = open(&self.database)?;
        if let (true, AnyConnection::Sqlite(sqlite)) = (self.read_only, &mut connection) {
            sqlite.batch_execute("PRAGMA query_only = ON;")?;
        }
        Ok(connection)
    }

    fn is_valid(&self, connection: &mut AnyConnection) -> Result<()> {
        Ok(connection.batch_execute("SELECT 1;")?)
    }

    fn has_broken(&self, connection: &mut AnyConnection) -> bool {
        use diesel::connection::TransactionManager;
        <AnyConnection as diesel::Connection>::TransactionManager::is_broken_transaction_manager(connection)
    }
}
