//! The sequencer: gives entries their place in the tree under a signed checkpoint, and publishes the tree's files. Places
//! are worked out in the transaction that gives them, in which nobody else moves the head; files are published by one
//! process at a time, by lease. Nothing leaves the node before its entry has a place.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use ledger::tiles::{LeafSource, WIDTH, asked, bundle_path, tile_path};
use ledger::{Checkpoint, Digest, Frontier, leaf_hash};
use tracing::Instrument;

use super::{Node, span};
use crate::change::Commit;
use crate::ports::{Committed, Pending, Placed, Places, PortFault, Sequenced, StoreFault};
use crate::together::Together;
use crate::trouble::Trouble;

const LEASE: &str = "sequencer";
const LEASE_TIME: SignedDuration = SignedDuration::from_secs(30);
/// How many entries get their places in one transaction.
const BATCH: u32 = 1_000;

/// What of this process is placed.
#[derive(Default)]
pub(super) struct Sequencer {
    /// Those that come while others get their places are placed together by the next.
    placing: Together<Arc<Commit>, Result<Committed, StoreFault>>,
    /// Held by the task that publishes: two at once would publish two heads.
    publishing: tokio::sync::Mutex<()>,
}

impl Node {
    /// Places what waits and publishes it; false when there was nothing to do, or another process does it.
    ///
    /// # Errors
    /// [`Trouble::Fault`].
    pub async fn sequence(&self) -> Result<bool, Trouble> {
        let Ok(_alone) = self.sequencer.publishing.try_lock() else {
            return Ok(false);
        };
        let store = &self.ports.store;
        // Looked for before the lease is taken: taking it writes, and mostly there is nothing to do.
        let head = store.head().await?;
        if head.published == head.frontier.size() && store.pending(1).await?.is_empty() {
            return Ok(false);
        }
        let publishing = self.place_and_publish();
        publishing.instrument(span::placing()).await
    }

    async fn place_and_publish(&self) -> Result<bool, Trouble> {
        let placed = self.place(&[]).await?.placed;
        let store = &self.ports.store;
        let (holder, now) = (self.settings.instance.as_str(), self.now());
        if store.lease(LEASE, holder, now, later(now)?).await? {
            let head = store.head().await?;
            let size = head.frontier.size();
            if head.published < size {
                self.shelve(head.published, size, &head.checkpoint).await?;
            }
            store.published(holder, size).await?;
        }
        Ok(placed > 0)
    }

    /// Commits, with the places of its entries under a signed checkpoint: what goes out at once, and by no effect, goes
    /// after that. Commits that come while others are made durable are made durable together. The tree's files follow with
    /// the worker's next round: nobody who waits for an answer waits for them.
    pub(super) async fn commit_placed(&self, commit: Commit) -> Result<Committed, StoreFault> {
        let place = |commits| self.place_all(commits).instrument(span::placing());
        self.sequencer.placing.done(Arc::new(commit), place).await
    }

    /// Commits all of these, and says what came of each.
    async fn place_all(&self, commits: Vec<Arc<Commit>>) -> Vec<Result<Committed, StoreFault>> {
        let all: Vec<&Commit> = commits.iter().map(|commit| &**commit).collect();
        match self.place(&all).await {
            Ok(done) => done.committed.into_iter().map(Ok).collect(),
            // What stands in the way of one of them stands in the way of none of the others. Where the database does not
            // work, it works for none.
            Err(StoreFault::Conflict { .. } | StoreFault::NoHolding(_)) if all.len() > 1 => {
                let mut each = Vec::with_capacity(all.len());
                for commit in all {
                    each.push(self.place_one(commit).await);
                }
                each
            }
            Err(fault) => all.iter().map(|_| Err(fault.clone())).collect(),
        }
    }

    async fn place_one(&self, commit: &Commit) -> Result<Committed, StoreFault> {
        let committed = self.place(&[commit]).await?.committed;
        let none = || PortFault("the store says nothing of a commit".into()).into();
        committed.into_iter().next().ok_or_else(none)
    }

    /// Gives all entries that wait their places: what goes out at once, and by no effect, goes after that.
    ///
    /// # Errors
    /// [`Trouble::Fault`].
    pub(super) async fn covered(&self) -> Result<(), Trouble> {
        self.place(&[]).instrument(span::placing()).await?;
        Ok(())
    }

    /// Commits, and gives all entries that wait their places under a signed checkpoint: the first [`BATCH`] of them in one
    /// transaction with the commits.
    async fn place(&self, commits: &[&Commit]) -> Result<Sequenced, StoreFault> {
        let store = &self.ports.store;
        let place = |frontier, waiting| self.places(frontier, waiting);
        let mut done = store.sequence(commits, BATCH, &place).await?;
        let mut last = done.placed;
        while last == BATCH as usize {
            last = store.sequence(&[], BATCH, &place).await?.placed;
            done.placed += last;
        }
        Ok(done)
    }

    fn places(&self, mut frontier: Frontier, waiting: Vec<Pending>) -> Result<Places, PortFault> {
        let mut placed = Vec::with_capacity(waiting.len());
        for entry in waiting {
            let leaf = leaf_hash(&entry.bytes);
            placed.push(Placed {
                id: entry.id,
                index: frontier.size(),
                leaf,
                subtrees: frontier.append(leaf),
            });
        }
        let checkpoint = Checkpoint {
            origin: self.origin(),
            size: frontier.size(),
            root: frontier.root(),
        };
        let checkpoint = self.ports.signer.sign_note(&checkpoint.text())?;
        Ok(Places {
            placed,
            frontier,
            checkpoint,
        })
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
