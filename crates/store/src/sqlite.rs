//! SQLite: one file, one writer, any number of readers. A commit is on the disk before it is said to stand.

use std::path::Path;
use std::time::Duration;

use exchange::ports::PortFault;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};

use crate::dialect::SQLITE;
use crate::engine::{Arg, Engine, Row, sqlite_rows};
use crate::fault::{migration, port};
use crate::stored::SqlStore;

/// The store on SQLite, the default.
pub type SqliteStore = SqlStore<SqliteEngine>;

/// A SQLite file.
pub struct SqliteEngine {
    // A single connection, so that writers of this process wait for each other here and not for the file's lock.
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the database file, making it when it is not there, and brings its tables up to date.
    ///
    /// # Errors
    /// [`PortFault`] when the file cannot be opened or was written by a newer version.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, PortFault> {
        Ok(Self::over(SqliteEngine::open(path.as_ref()).await?))
    }
}

impl SqliteEngine {
    pub(crate) async fn open(path: &Path) -> Result<Self, PortFault> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(true)
            // Rows cross from the database's thread to this one in heaps, not one by one.
            .row_buffer_size(1_024)
            .busy_timeout(Duration::from_secs(20));
        let writing = options
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // What is deleted is overwritten in the file: an item of a dead holding leaves no ciphertext.
            .pragma("secure_delete", "ON");
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(writing)
            .await
            .map_err(port)?;
        migrate(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_lazy_with(options.read_only(true));
        Ok(Self { writer, readers })
    }
}

/// Two processes may open a new file at once; the slower one finds the tables there and looks again.
async fn migrate(writer: &SqlitePool) -> Result<(), PortFault> {
    let migrations = sqlx::migrate!("migrations/sqlite");
    if migrations.run(writer).await.is_ok() {
        return Ok(());
    }
    migrations.run(writer).await.map_err(migration)
}

impl Engine for SqliteEngine {
    type Tx = Transaction<'static, Sqlite>;

    async fn rows<T: Row>(&self, sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<T>, PortFault> {
        sqlite_rows(&self.readers, sql, args).await
    }

    async fn begin(&self) -> Result<Self::Tx, PortFault> {
        self.writer.begin_with(SQLITE.begin).await.map_err(port)
    }
}
