//! SQLite: one file, one writer, any number of readers. A commit is on the disk before it is said to stand.
//!
//! A statement is run where it is asked for: the way to a thread of the database's own and back takes longer than most of
//! them. Only what waits, for another process or for the disk, is told to the runtime, so that other tasks go on.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use exchange::ports::PortFault;
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OpenFlags, Statement};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::OwnedMutexGuard;
use tokio::task::{block_in_place, coop};

use crate::dialect::{Dialect, SQLITE};
use crate::engine::{Arg, Engine, Lasting, Row, Tx};
use crate::fault::{migration, port, sqlite};
use crate::stored::SqlStore;

/// The store on SQLite, the default.
pub type SqliteStore = SqlStore<SqliteEngine>;

/// How long a writer waits for one of another process.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many statements a connection keeps prepared: more than the store has.
const STATEMENTS: usize = 100;
/// Whether a commit waits for the disk; with a journal of its own, SQLite has the commits before it on the disk with it.
const SYNCHRONOUS: &str = "synchronous";
/// The names of values in a statement, in order.
const NAMES: [&str; 9] = ["$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9"];

/// A SQLite file.
pub struct SqliteEngine {
    // A single connection, so that writers of this process wait for each other here and not for the file's lock.
    writer: Arc<tokio::sync::Mutex<Connection>>,
    readers: Readers,
}

/// Connections that read, as many as ever read at once.
struct Readers {
    path: Box<Path>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// A connection whose question failed is not used again.
    fn rows<T: Row>(&self, sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<T>, PortFault> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => opened(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        let rows = rows(&connection, sql, args)?;
        self.idle().push(connection);
        Ok(rows)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // Nothing that could leave it half done happens under the lock.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
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
        let alone = alone(path).await?;
        up_to_date(path).await?;
        let writer = opened(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        drop(alone);
        Ok(Self {
            writer: Arc::new(tokio::sync::Mutex::new(writer)),
            readers: Readers {
                path: path.into(),
                idle: Mutex::default(),
            },
        })
    }
}

/// Makes the file where it is not there, and its tables.
async fn up_to_date(path: &Path) -> Result<(), PortFault> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "ON")
        .busy_timeout(PATIENCE);
    let pool = SqlitePool::connect_with(options).await.map_err(port)?;
    let made = sqlx::migrate!("migrations/sqlite").run(&pool).await;
    pool.close().await;
    made.map_err(migration)
}

fn opened(path: &Path, access: OpenFlags) -> Result<Connection, PortFault> {
    let open = || {
        let connection =
            Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.pragma_update(None, "foreign_keys", true)?;
        // What is deleted is overwritten in the file: an item of a dead holding leaves no ciphertext.
        connection.pragma_update(None, "secure_delete", true)?;
        Ok(connection)
    };
    open().map_err(sqlite)
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
    type Tx = Writing;

    async fn rows<T: Row>(&self, sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<T>, PortFault> {
        coop::consume_budget().await;
        self.readers.rows(sql, args)
    }

    async fn begin(&self, lasting: Lasting) -> Result<Writing, PortFault> {
        let connection = self.writer.clone().lock_owned().await;
        let synchronous = match lasting {
            Lasting::Durable => "FULL",
            Lasting::Passing => "NORMAL",
        };
        let begin = || {
            connection.pragma_update(None, SYNCHRONOUS, synchronous)?;
            connection.execute_batch(SQLITE.begin)
        };
        waiting(begin).map_err(sqlite)?;
        Ok(Writing { connection })
    }
}

/// The connection that writes, in a transaction.
pub struct Writing {
    connection: OwnedMutexGuard<Connection>,
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.connection.is_autocommit() {
            // Where it fails, the next one cannot begin, and says so.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }
}

impl Tx for Writing {
    const DIALECT: &'static Dialect = &SQLITE;

    async fn rows<T: Row>(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<Vec<T>, PortFault> {
        rows(&self.connection, sql, args)
    }

    async fn run(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<u64, PortFault> {
        let run = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            bind(&mut statement, args)?;
            Ok(statement.raw_execute()? as u64)
        };
        run().map_err(sqlite)
    }

    async fn commit(self) -> Result<(), PortFault> {
        waiting(|| self.connection.execute_batch("COMMIT")).map_err(sqlite)
    }
}

fn rows<T: Row>(
    connection: &Connection,
    sql: &'static str,
    args: &[Arg<'_>],
) -> Result<Vec<T>, PortFault> {
    let read = || {
        let mut statement = connection.prepare_cached(sql)?;
        bind(&mut statement, args)?;
        let mut found = statement.raw_query();
        let mut all = Vec::new();
        while let Some(row) = found.next()? {
            all.push(T::try_from(row)?);
        }
        Ok(all)
    };
    read().map_err(sqlite)
}

/// Values go to the places of their names: SQLite numbers the names of a statement in the order in which they come.
fn bind(statement: &mut Statement<'_>, args: &[Arg<'_>]) -> rusqlite::Result<()> {
    for (name, arg) in NAMES.iter().zip(args) {
        if let Some(place) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(place, arg)?;
        }
    }
    Ok(())
}

impl ToSql for Arg<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Int(Some(n)) => ToSqlOutput::Owned(Value::Integer(*n)),
            Self::Int(None) => ToSqlOutput::Owned(Value::Null),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// Does what may wait, while the runtime's other tasks go on elsewhere; a runtime of one thread has no elsewhere.
fn waiting<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        _ => work(),
    }
}
