//! The sequencer: gives durable entries their place in the tree under a signed checkpoint, and publishes the
//! tree's files. One process at a time, by lease; nothing leaves the node before its entry has a place.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use ledger::tiles::{LeafSource, WIDTH, asked, bundle_path, tile_path};
use ledger::{Checkpoint, Digest, leaf_hash};
use tracing::Instrument;

use super::{Node, span};
use crate::ids::OperationId;
use crate::ports::{Placed, PortFault, StoreFault};
use crate::trouble::Trouble;

const LEASE: &str = "sequencer";
const LEASE_TIME: SignedDuration = SignedDuration::from_secs(30);
const BATCH: u32 = 1_000;
/// How often it is tried to give an entry its place, where another process holds the lease.
const TRIES: u32 = 1_000;

impl Node {
    /// Places what waits and publishes it; false when there was nothing to do, or another process does it.
    ///
    /// # Errors
    /// [`Trouble::Fault`].
    pub async fn sequence(&self) -> Result<bool, Trouble> {
        let Ok(_alone) = self.sequencing.try_lock() else {
            return Ok(false);
        };
        let store = &self.ports.store;
        // Looked for before the lease is taken: taking it writes, and mostly there is nothing to do.
        let head = store.head().await?;
        if head.published == head.frontier.size() && store.pending(1).await?.is_empty() {
            return Ok(false);
        }
        self.place(true).await
    }

    /// Places what waits, and publishes it where that is wanted now.
    async fn place(&self, publish: bool) -> Result<bool, Trouble> {
        let placing = self.placing(publish);
        placing.instrument(span::placing()).await
    }

    async fn placing(&self, publish: bool) -> Result<bool, Trouble> {
        let store = &self.ports.store;
        let (holder, now) = (self.settings.instance.as_str(), self.now());
        let until = later(now)?;
        if !store.lease(LEASE, holder, now, until).await? {
            return Ok(false);
        }
        let mut head = store.head().await?;
        let pending = store.pending(BATCH).await?;
        let worked = !pending.is_empty();
        if worked {
            let mut placed = Vec::new();
            for entry in pending {
                let leaf = leaf_hash(&entry.bytes);
                placed.push(Placed {
                    id: entry.id,
                    index: head.frontier.size(),
                    leaf,
                    subtrees: head.frontier.append(leaf),
                });
            }
            let checkpoint = Checkpoint {
                origin: self.origin(),
                size: head.frontier.size(),
                root: head.frontier.root(),
            };
            let note = self.ports.signer.sign_note(&checkpoint.text())?;
            // The clock anew: signing may have taken longer than the lease.
            let (now, frontier) = (self.now(), &head.frontier);
            match store.sequence(holder, now, &placed, frontier, &note).await {
                // Another process has the lease now, and comes to these entries.
                Err(StoreFault::LeaseLost) => return Ok(false),
                done => done?,
            }
            head.checkpoint = note;
        }
        let (mut published, size) = (head.published, head.frontier.size());
        if publish && published < size {
            self.shelve(published, size, &head.checkpoint).await?;
            published = size;
        }
        store.published(holder, published).await?;
        Ok(worked)
    }

    /// Waits until the entries of an operation have their places under a signed checkpoint: what goes out at once, and by no
    /// effect, goes after that. The tree's files follow with the worker's next round: nobody who waits for an answer waits
    /// for them.
    ///
    /// # Errors
    /// [`Trouble::Fault`] when another process holds the sequencer and does not come to them.
    pub(super) async fn covered(&self, op: &OperationId) -> Result<(), Trouble> {
        let mine = format!("{op}/");
        // Whoever waits here finds, as a rule, that the one before placed its entry too.
        let _alone = self.sequencing.lock().await;
        for _ in 0..TRIES {
            let pending = self.ports.store.pending(BATCH).await?;
            let waits = pending.iter().any(|entry| entry.id.starts_with(&mine));
            if !waits && pending.len() < BATCH as usize {
                return Ok(());
            }
            // A lease that is lost to another process is tried for again.
            if let Err(Trouble::Refused(refusals)) = self.place(false).await {
                return Err(Trouble::Refused(refusals));
            }
        }
        let what = "the entry of this call got no place in the ledger: look at the process that holds the sequencer";
        Err(PortFault(what.into()).into())
    }

    /// The origin line of this node's checkpoints: its party's name.
    fn origin(&self) -> String {
        self.party().to_string()
    }

    async fn shelve(&self, old: u64, new: u64, checkpoint: &str) -> Result<(), Trouble> {
        let store = &self.ports.store;
        let first = asked(0, old, new).start;
        let mut tree = Tree {
            first,
            leaves: store.leaves(first, new).await?,
            subtrees: BTreeMap::new(),
        };
        for level in 1.. {
            let indexes = asked(level, old, new);
            if indexes.is_empty() {
                break;
            }
            let roots = store.subtrees(level, indexes.start, indexes.end).await?;
            tree.subtrees.insert(level, (indexes.start, roots));
        }
        let files =
            ledger::tiles::publish(old, new, &tree).map_err(|e| PortFault(e.to_string()))?;
        let shelf = &self.ports.shelf;
        shelf.write(files).await?;
        // Last, so that a reader never sees a checkpoint without its files.
        let checkpoint = ("checkpoint".to_owned(), checkpoint.as_bytes().to_vec());
        shelf.write(vec![checkpoint]).await?;
        // A partial file that a longer one stands for now would be one that no verifier looks at.
        let mut passed = partial(old);
        let stand = partial(new);
        passed.retain(|path| !stand.contains(path));
        shelf.remove(passed).await?;
        Ok(())
    }
}

/// The partial files of a tree of this size: the last bundle of entries, and the last tile of each level.
fn partial(size: u64) -> Vec<String> {
    let mut paths = Vec::new();
    let mut hashes = size;
    for level in 0u32.. {
        if hashes == 0 {
            break;
        }
        let (n, width) = (hashes / WIDTH, hashes % WIDTH);
        if width > 0 {
            paths.push(tile_path(level, n, width));
            if level == 0 {
                paths.push(bundle_path(n, width));
            }
        }
        hashes /= WIDTH;
    }
    paths
}

fn later(now: Timestamp) -> Result<Timestamp, Trouble> {
    now.checked_add(LEASE_TIME)
        .map_err(|_| PortFault("the clock is at the end of time".into()).into())
}

/// What of the tree the changed files are made of.
struct Tree {
    first: u64,
    leaves: Vec<(Vec<u8>, Digest)>,
    /// By level, the first index and the roots from it on.
    subtrees: BTreeMap<u32, (u64, Vec<Digest>)>,
}

impl Tree {
    fn at(&self, index: u64) -> Option<&(Vec<u8>, Digest)> {
        from(&self.leaves, self.first, index)
    }
}

fn from<T>(all: &[T], first: u64, index: u64) -> Option<&T> {
    all.get(usize::try_from(index.checked_sub(first)?).ok()?)
}

impl LeafSource for Tree {
    fn entry(&self, index: u64) -> Option<Vec<u8>> {
        self.at(index).map(|(bytes, _)| bytes.clone())
    }
    fn leaf(&self, index: u64) -> Option<Digest> {
        self.at(index).map(|(_, leaf)| *leaf)
    }
    fn subtree(&self, level: u32, index: u64) -> Option<Digest> {
        let (first, roots) = self.subtrees.get(&level)?;
        from(roots, *first, index).copied()
    }
}
