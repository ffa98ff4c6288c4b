//! SQLite: one file, one writer, any number of readers. A commit is on the disk before it is said to stand.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::Duration;

use exchange::ports::PortFault;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::{Mutex, Semaphore};

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
    readers: Readers,
}

/// How many read at once.
const READERS: usize = 4;

/// Connections that read. A pool asks each connection before and after every use whether it still stands, which is
/// twice the way to the database's thread and back; those to a file do not go away.
struct Readers {
    options: SqliteConnectOptions,
    places: Semaphore,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl Readers {
    fn new(options: SqliteConnectOptions) -> Self {
        Self {
            options: options.read_only(true),
            places: Semaphore::new(READERS),
            idle: Mutex::default(),
        }
    }

    /// A connection whose question failed or was given up is not used again.
    async fn rows<T: Row>(&self, sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<T>, PortFault> {
        let _place = self.places.acquire().await.ok();
        let idle = self.idle.lock().await.pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(port)?,
        };
        let rows = sqlite_rows(&mut connection, sql, args).await?;
        self.idle.lock().await.push(connection);
        Ok(rows)
    }
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
        let alone = alone(path).await?;
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .connect_with(writing)
            .await
            .map_err(port)?;
        sqlx::migrate!("migrations/sqlite")
            .run(&writer)
            .await
            .map_err(migration)?;
        drop(alone);
        Ok(Self {
            writer,
            readers: Readers::new(options),
        })
    }
}

/// The right to open the database, one process at a time, until it is dropped. SQLite waits for a writer, but not
/// for whoever turns a new file into one with a journal of its own, nor does making the tables wait for the same.
/// The lock is on a file beside the database: closing the database's own file would let go SQLite's locks.
async fn alone(path: &Path) -> Result<File, PortFault> {
    let mut name = path.as_os_str().to_owned();
    name.push("-opening");
    let locked = move || {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(name)?;
        file.lock().map(|()| file)
    };
    let fault = |text: String| {
        PortFault(format!(
            "the database cannot be opened: no lock in its folder ({text})"
        ))
    };
    match tokio::task::spawn_blocking(locked).await {
        Ok(locked) => locked.map_err(|e| fault(e.to_string())),
        Err(e) => Err(fault(e.to_string())),
    }
}

impl Engine for SqliteEngine {
    type Tx = Transaction<'static, Sqlite>;

    async fn rows<T: Row>(&self, sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<T>, PortFault> {
        self.readers.rows(sql, args).await
    }

    async fn begin(&self) -> Result<Self::Tx, PortFault> {
        self.writer.begin_with(SQLITE.begin).await.map_err(port)
    }
}
