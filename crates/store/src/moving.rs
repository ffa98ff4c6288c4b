//! Everything that is in one database, into an empty one, of whatever kind: in one transaction there, row by row as it
//! stood, and compared afterwards. Nothing is made new: what could not be told apart by a reader stays the same.

mod tables;
mod wire;

use exchange::ports::PortFault;
use jiff::Timestamp;
use ledger::{Digest, Frontier, leaf_hash};
use serde::Serialize;

use crate::number::instant;
use tables::TABLES;
use wire::Pool;

/// The migration that no program has: it is written into a database whose contents were moved, so that whatever opens it
/// finds that another program wrote it, and writes nothing.
pub(crate) const MOVED: i64 = 9_000_000_000_000_000;

/// How many entries are hashed at once.
const PART: u64 = 1_000;

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// The table.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
    /// Over every value of every row, in the order of the key.
    pub digest: Digest,
}

/// What a database is, before anything is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No table of a node has a row, and there are no others.
    Empty,
    /// A node's, with contents.
    Full,
    /// A node's whose contents were moved to another database.
    Moved,
    /// Somebody else's tables are in it.
    Foreign,
}

/// A database that is looked at as it is: its tables are not brought up to date.
pub struct Database {
    pool: Pool,
}

impl Database {
    /// Connects. None: `url` names a SQLite file that is not there.
    ///
    /// # Errors
    /// [`PortFault`] when it cannot be reached.
    pub async fn look(url: &str) -> Result<Option<Self>, PortFault> {
        Ok(Pool::open(url).await?.map(|pool| Self { pool }))
    }

    /// What is in it.
    ///
    /// # Errors
    /// [`PortFault`] when it does not work.
    pub async fn standing(&self) -> Result<Standing, PortFault> {
        let found = self.pool.tables().await?;
        let ours = |name: &String| TABLES.iter().any(|table| table.name == name);
        let migrated = found.iter().any(|name| name == wire::MIGRATIONS);
        if found
            .iter()
            .any(|name| !ours(name) && name != wire::MIGRATIONS)
            || (found.iter().any(ours) && !migrated)
        {
            return Ok(Standing::Foreign);
        }
        if migrated
            && self
                .pool
                .count(&format!("{} WHERE version = {MOVED}", wire::MIGRATIONS))
                .await?
                > 0
        {
            return Ok(Standing::Moved);
        }
        for table in TABLES
            .iter()
            .filter(|table| found.iter().any(|name| name == table.name))
        {
            if self.pool.count(table.filled).await? > 0 {
                return Ok(Standing::Full);
            }
        }
        Ok(Standing::Empty)
    }

    /// How many rows all tables have.
    ///
    /// # Errors
    /// [`PortFault`] when it does not work.
    pub async fn rows(&self) -> Result<u64, PortFault> {
        let mut all = 0;
        for table in TABLES {
            all += self.pool.count(table.name).await?;
        }
        Ok(all)
    }

    /// What time it is by the database's own clock; none where that is this machine's.
    ///
    /// # Errors
    /// [`PortFault`] when it does not work.
    pub async fn now(&self) -> Result<Option<Timestamp>, PortFault> {
        self.pool.now().await?.map(instant).transpose()
    }

    /// What each table holds, read whole; `seen` is told of each part how many rows it had.
    ///
    /// # Errors
    /// [`PortFault`] when it does not work.
    pub async fn contents(&self, seen: &(dyn Fn(u64) + Sync)) -> Result<Vec<Contents>, PortFault> {
        let mut all = Vec::new();
        for table in TABLES {
            all.push(self.pool.contents(table, seen).await?);
        }
        Ok(all)
    }

    /// Puts everything of this database into `to`, whose tables stand and are empty: all of it, or nothing.
    ///
    /// # Errors
    /// [`PortFault`] when either does not work; `to` is then as it was.
    pub async fn copy(&self, to: &Self, seen: &(dyn Fn(u64) + Sync)) -> Result<(), PortFault> {
        self.pool.copy(&to.pool, TABLES, seen).await
    }

    /// Marks the contents as moved: no program opens it as a node's any more. Marking twice is marking once.
    ///
    /// # Errors
    /// [`PortFault`] when it does not work.
    pub async fn mark(&self) -> Result<(), PortFault> {
        if self.standing().await? == Standing::Moved {
            return Ok(());
        }
        self.pool.mark(MOVED).await
    }
}

/// Computes the ledger's tree anew, out of the entries of an open store: its size and root, when every leaf is its
/// entry's and the head is theirs.
///
/// # Errors
/// [`PortFault`] when the store does not work, or its ledger is not what its head says.
pub async fn ledger_of(store: &dyn exchange::ports::Store) -> Result<(u64, Digest), PortFault> {
    let broken = || PortFault("the ledger in the database is not the tree of its entries".into());
    let fault = |e: exchange::ports::StoreFault| PortFault(e.to_string());
    let head = store.head().await.map_err(fault)?;
    let mut tree = Frontier::new();
    while tree.size() < head.frontier.size() {
        let from = tree.size();
        let leaves = store.leaves(from, from + PART).await.map_err(fault)?;
        if leaves.is_empty() || leaves.iter().any(|(bytes, leaf)| leaf_hash(bytes) != *leaf) {
            return Err(broken());
        }
        tree.extend(leaves.into_iter().map(|(_, leaf)| leaf));
    }
    if tree != head.frontier {
        return Err(broken());
    }
    Ok((tree.size(), tree.root()))
}
