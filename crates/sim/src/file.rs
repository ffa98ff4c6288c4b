//! Database files of the virtual world. Never opens a file that exists.

use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, SqliteConnection};

/// Why a file of the virtual world was not written.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// There is something at the path.
    #[error("{0} exists: give a path where nothing is yet")]
    Exists(PathBuf),
    /// The database did not take it.
    #[error("{path} could not be written: {cause}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What the database said.
        #[source]
        cause: sqlx::Error,
    },
}

impl FileFault {
    pub(crate) fn at(path: &Path) -> impl Fn(sqlx::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Database {
            path: path.clone(),
            cause,
        }
    }
}

/// A new database at `path`, with one file and nothing beside it once it is closed.
pub(crate) async fn create(path: &Path) -> Result<SqliteConnection, FileFault> {
    if path.exists() {
        return Err(FileFault::Exists(path.to_owned()));
    }
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Delete)
        .connect()
        .await
        .map_err(FileFault::at(path))
}
