//! The ports `Store` and `Vault` of the domain: durable state, ledger entries, sealed items, packages and the
//! outbox in SQLite or PostgreSQL; keys in files of their own. Never reads a clock, draws randomness or opens
//! an item: instants and ciphertexts are handed in, and no SQL column holds a personal value.
//!
//! ```
//! # use exchange::ports::StoreFault;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), StoreFault> {
//! # let folder = tempfile::tempdir().map_err(|e| exchange::ports::PortFault(e.to_string()))?;
//! let store = store::open(&format!("sqlite:{}/node.db", folder.path().display())).await?;
//! assert_eq!(store.load("holding", "ask-1").await?, None);
//! assert_eq!(store.open_effects().await?, 0);
//! # Ok(())
//! # }
//! ```

mod commit;
mod dialect;
mod engine;
mod fault;
mod moving;
mod number;
mod outbox;
mod postgres;
mod records;
mod sequencer;
mod sqlite;
mod stored;
mod vault;

use std::sync::Arc;

use exchange::ports::{PortFault, Store};

pub use moving::{Contents, Database, Standing, ledger_of};
pub use postgres::PostgresStore;
pub use records::{NewRecords, Records};
pub use sqlite::SqliteStore;
pub use stored::SqlStore;
pub use vault::{FileVault, print_of, reseal};

/// Opens the database that `url` names and brings its tables up to date: `sqlite:PATH` (the file is made when
/// it is not there) or `postgres://…`.
///
/// # Errors
/// [`PortFault`] when the kind of database is unknown, or it cannot be reached or brought up to date. The text
/// never repeats the address, which may hold a password.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, PortFault> {
    match url.split_once(':') {
        Some(("sqlite", path)) => {
            let path = path.strip_prefix("//").unwrap_or(path);
            Ok(Arc::new(SqliteStore::open(path).await?))
        }
        Some(("postgres" | "postgresql", _)) => Ok(Arc::new(PostgresStore::connect(url).await?)),
        _ => Err(PortFault(
            "the database's address is of no known kind: write sqlite:PATH or postgres://HOST/NAME"
                .into(),
        )),
    }
}
