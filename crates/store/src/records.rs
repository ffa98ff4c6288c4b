//! A party's own records, sealed, found by a number: one SQLite file that is made whole and after that only read. Without
//! the node key it tells nobody whom it is about or what it says: the number is a keyed hash, and each record is sealed
//! for its place as an item of the vault is. What a record says is its caller's. Never changes a file that stands.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use exchange::ids::{HoldingId, OperationId};
use exchange::ports::{Entropy, PortFault};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection, SqlitePool};
use zeroize::Zeroizing;

use crate::fault::port;
use crate::vault::cipher::{Key, derived, keyed_hash, open, seal};

/// How many records go in one statement: two values each, of the 32,766 that SQLite takes.
const PART: usize = 2_000;
/// The item by which a key is told from another. No keyed hash is this text.
const PROBE: &str = "probe";
const MADE: &str = "concordat-records/v1";

/// The keys of an index, and the holding that its records are sealed for.
struct Keys {
    lookup: Key,
    seal: Key,
    holding: HoldingId,
}

impl Keys {
    fn of(node_key: &[u8; 32]) -> Result<Self, PortFault> {
        Ok(Self {
            lookup: derived(node_key, "concordat/records/lookup/v1")?,
            seal: derived(node_key, "concordat/records/item/v1")?,
            holding: HoldingId::parse("records").map_err(|e| PortFault(e.to_string()))?,
        })
    }

    fn place(&self, number: &str) -> Result<String, PortFault> {
        keyed_hash(&self.lookup, number.as_bytes())
    }
}

/// An index that is read.
pub struct Records {
    pool: SqlitePool,
    keys: Keys,
}

impl Records {
    /// Opens an index.
    ///
    /// # Errors
    /// [`PortFault`] when it is not there, is no index, or was made under another node key: nobody would be found in it.
    pub async fn open(path: &Path, node_key: &[u8; 32]) -> Result<Self, PortFault> {
        let keys = Keys::of(node_key)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .immutable(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_lazy_with(options);
        let probe: Result<Vec<u8>, _> = sqlx::query_scalar("SELECT probe FROM made")
            .fetch_one(&pool)
            .await;
        let at = path.display();
        let probe = probe.map_err(|_| {
            PortFault(format!(
                "{at} is no index of records: make it with `concordat residence index`"
            ))
        })?;
        match open(&keys.seal, &keys.holding, PROBE, &probe) {
            Some(made) if made.as_slice() == MADE.as_bytes() => Ok(Self { pool, keys }),
            _ => Err(PortFault(format!(
                "{at} was made under another node key or by another version: make it anew with `concordat residence index`"
            ))),
        }
    }

    /// The records of this number, as they were added; none where there is none.
    ///
    /// # Errors
    /// [`PortFault`] when the file cannot be read or is damaged.
    pub async fn of(&self, number: &str) -> Result<Vec<Zeroizing<Vec<u8>>>, PortFault> {
        let place = self.keys.place(number)?;
        let found: Vec<Vec<u8>> = sqlx::query_scalar("SELECT sealed FROM records WHERE number = ?")
            .bind(raw(&place)?)
            .fetch_all(&self.pool)
            .await
            .map_err(port)?;
        let opened = found.iter().map(|sealed| {
            open(&self.keys.seal, &self.keys.holding, &place, sealed).ok_or_else(|| {
                PortFault("a record of the index is damaged: make the index anew".into())
            })
        });
        opened.collect()
    }
}

/// A keyed hash as it stands in the file.
fn raw(place: &str) -> Result<Vec<u8>, PortFault> {
    hex::decode(place).map_err(|_| PortFault("a keyed hash could not be made".into()))
}

/// An index that is being made; nothing stands under its name until it is finished.
pub struct NewRecords {
    path: PathBuf,
    temporary: PathBuf,
    file: SqliteConnection,
    keys: Keys,
    entropy: Arc<dyn Entropy>,
    op: OperationId,
    waiting: Vec<(Vec<u8>, Vec<u8>)>,
    added: u64,
}

impl NewRecords {
    /// Begins the index that is to stand at `path`. What an earlier attempt left is begun anew.
    ///
    /// # Errors
    /// [`PortFault`] when nothing can be written there.
    pub async fn begin(
        path: &Path,
        node_key: &[u8; 32],
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, PortFault> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let temporary = PathBuf::from(name);
        let empty = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary);
        empty.map_err(|e| PortFault(format!("{}: {e}", temporary.display())))?;
        // Nobody reads the file before it is whole, and one that is not is begun anew: it needs no journal.
        let options = SqliteConnectOptions::new()
            .filename(&temporary)
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off);
        let mut file = SqliteConnection::connect_with(&options)
            .await
            .map_err(port)?;
        let keys = Keys::of(node_key)?;
        let op = OperationId::parse("records").map_err(|e| PortFault(e.to_string()))?;
        let tables = "CREATE TABLE made (probe BLOB NOT NULL); \
                      CREATE TABLE records (number BLOB NOT NULL, sealed BLOB NOT NULL); BEGIN";
        sqlx::raw_sql(tables)
            .execute(&mut file)
            .await
            .map_err(port)?;
        let mut new = Self {
            path: path.to_owned(),
            temporary,
            file,
            keys,
            entropy,
            op,
            waiting: Vec::with_capacity(PART),
            added: 0,
        };
        let probe = new.sealed(PROBE, MADE.as_bytes())?;
        sqlx::query("INSERT INTO made VALUES (?)")
            .bind(probe)
            .execute(&mut new.file)
            .await
            .map_err(port)?;
        Ok(new)
    }

    fn sealed(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, PortFault> {
        let mut nonce = [0; 24];
        let label = format!("records/nonce/{place}/{}", self.added);
        self.entropy.fill(&self.op, &label, &mut nonce);
        seal(&self.keys.seal, &nonce, &self.keys.holding, place, plain)
    }

    /// One more record of this number.
    ///
    /// # Errors
    /// [`PortFault`] when it cannot be written.
    pub async fn add(&mut self, number: &str, plain: &[u8]) -> Result<(), PortFault> {
        let place = self.keys.place(number)?;
        let sealed = self.sealed(&place, plain)?;
        self.waiting.push((raw(&place)?, sealed));
        self.added += 1;
        if self.waiting.len() == PART {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), PortFault> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO records ");
        query.push_values(self.waiting.drain(..), |mut row, (number, sealed)| {
            row.push_bind(number).push_bind(sealed);
        });
        let done = query.build().execute(&mut self.file).await;
        done.map(|_| ()).map_err(port)
    }

    /// Gives the index its name, whole and durable; how many records it has. Whoever reads the one before goes on with it.
    ///
    /// # Errors
    /// [`PortFault`] when it cannot be written.
    pub async fn finish(mut self) -> Result<u64, PortFault> {
        self.flush().await?;
        let found = "COMMIT; CREATE INDEX by_number ON records (number)";
        sqlx::raw_sql(found)
            .execute(&mut self.file)
            .await
            .map_err(port)?;
        self.file.close().await.map_err(port)?;
        let (from, to) = (self.temporary, self.path);
        let folder = to.parent().filter(|p| !p.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        let named = move || {
            File::open(&from)?.sync_all()?;
            std::fs::rename(&from, &to)?;
            File::open(folder)?.sync_all()
        };
        let done = tokio::task::spawn_blocking(named).await;
        match done {
            Ok(Ok(())) => Ok(self.added),
            Ok(Err(e)) => Err(PortFault(format!("the index could not be written: {e}"))),
            Err(_) => Err(PortFault("the index was broken off: make it anew".into())),
        }
    }
}
