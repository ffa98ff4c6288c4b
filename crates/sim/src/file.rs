//! Files of the virtual world. Never opens a file that exists.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
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
    /// The columns were not written.
    #[error("{path} could not be written: {cause}")]
    Columns {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        cause: ParquetError,
    },
    /// The folder or file could not be made.
    #[error("{path} could not be made: {cause}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

impl FileFault {
    pub(crate) fn columns(path: &Path) -> impl Fn(ParquetError) -> Self {
        let path = path.to_owned();
        move |cause| Self::Columns {
            path: path.clone(),
            cause,
        }
    }

    pub(crate) fn folder(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Folder {
            path: path.clone(),
            cause,
        }
    }

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
