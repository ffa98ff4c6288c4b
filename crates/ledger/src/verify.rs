//! Verification of a whole log from its files and its public key alone.
//!
//! It streams: some bundles and tiles at a time, and in memory the tree's edge, one tile per level and a digest
//! per entry id. All processors work at it. It trusts nothing but the key and, when given, an older checkpoint that the auditor kept. It
//! cannot show that the node recorded everything it did, only that what it recorded stands.
//!
//! ```
//! use ledger::{Checkpoint, Digest, NoteSigner, verify};
//! struct Empty(String);
//! impl verify::LogFiles for Empty {
//!     fn read(&self, path: &str) -> Result<Option<Vec<u8>>, verify::ReadFault> {
//!         Ok((path == "checkpoint").then(|| self.0.clone().into_bytes()))
//!     }
//! }
//! let signer = NoteSigner::new("ho.example/ledger", &[7; 32])?;
//! let none = Checkpoint { origin: "ho.example/ledger".into(), size: 0, root: Digest::of(b"") };
//! let files = Empty(none.sign(&signer)?);
//! assert_eq!(ledger::verify_log(&files, &signer.verifier(), None)?.size, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod fault;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

pub use fault::{LogFault, ReadFault};

use crate::checkpoint::{Checkpoint, CheckpointFault};
use crate::digest::{Digest, leaf_hash};
use crate::entry::Entry;
use crate::note::VerifierKey;
use crate::tiles::{CHECKPOINT, WIDTH, bundle_path, hashes_at, split_entry, tile_path, width_of};
use crate::tree::{self, Frontier};

/// How many bundles are read at a time: at most as many entries as are in memory.
const AT_ONCE: usize = 128;

/// Where a log's files are read from: a folder, a web server, a medium in the post.
pub trait LogFiles: Sync {
    /// The whole file at a relative path as [`crate::tiles`] gives it; none when there is no such file.
    ///
    /// # Errors
    /// [`ReadFault`] when the file is there and could not be read.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadFault>;
}

/// A log that verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogReport {
    /// How many entries.
    pub size: u64,
    /// The root over them, as signed.
    pub root: Digest,
    /// How many entries there are of each act.
    pub acts: BTreeMap<String, u64>,
    /// The size of the older checkpoint that the log was shown to have grown from.
    pub grew_from: Option<u64>,
}

/// Verifies a log: its checkpoint is signed by `key`; every entry is whole, canonical, in its place and unique;
/// every hash tile is right; the root is the signed one; and, when `trusted` is given, the log grew from it.
///
/// # Errors
/// [`LogFault`] with the first bad file and entry.
pub fn verify_log(
    files: &dyn LogFiles,
    key: &VerifierKey,
    trusted: Option<&Checkpoint>,
) -> Result<LogReport, LogFault> {
    let note = read(files, CHECKPOINT)?.ok_or_else(|| LogFault::Missing {
        path: CHECKPOINT.into(),
        index: 0,
    })?;
    let note =
        String::from_utf8(note).map_err(|_| CheckpointFault::Form("it is not text in UTF-8"))?;
    let checkpoint = Checkpoint::open(&note, key)?;
    if let Some(trusted) = trusted {
        compare(&checkpoint, trusted)?;
    }
    let mut walk = Walk {
        source: Source {
            files,
            size: checkpoint.size,
        },
        trusted,
        edge: Frontier::new(),
        levels: Vec::new(),
        ids: HashMap::new(),
        acts: BTreeMap::new(),
    };
    walk.meets_trusted()?;
    let bundles = checkpoint.size.div_ceil(WIDTH);
    for start in (0..bundles).step_by(AT_ONCE) {
        walk.bundles(start..bundles.min(start + AT_ONCE as u64))?;
    }
    walk.partial_tiles()?;
    if walk.edge.root() != checkpoint.root {
        let index = trusted.map_or(0, |trusted| trusted.size);
        return Err(LogFault::Root {
            size: checkpoint.size,
            index,
        });
    }
    Ok(LogReport {
        size: checkpoint.size,
        root: checkpoint.root,
        acts: walk.acts,
        grew_from: trusted.map(|trusted| trusted.size),
    })
}

fn read(files: &dyn LogFiles, path: &str) -> Result<Option<Vec<u8>>, LogFault> {
    files.read(path).map_err(|fault| LogFault::Read {
        path: path.to_owned(),
        fault,
    })
}

/// What two checkpoints show before any file is read.
fn compare(checkpoint: &Checkpoint, trusted: &Checkpoint) -> Result<(), LogFault> {
    if checkpoint.origin != trusted.origin {
        let (origin, trusted) = (checkpoint.origin.clone(), trusted.origin.clone());
        return Err(LogFault::OtherLog { origin, trusted });
    }
    if checkpoint.size < trusted.size {
        return Err(LogFault::Shrunk {
            size: checkpoint.size,
            trusted: trusted.size,
        });
    }
    if checkpoint.size == trusted.size && checkpoint.root != trusted.root {
        return Err(LogFault::Forked {
            trusted: trusted.size,
        });
    }
    Ok(())
}

/// What is read: the files of a log of so many entries.
#[derive(Clone, Copy)]
struct Source<'a> {
    files: &'a dyn LogFiles,
    size: u64,
}

struct Walk<'a> {
    source: Source<'a>,
    trusted: Option<&'a Checkpoint>,
    edge: Frontier,
    /// Level 1 and up: how many tiles are done, and the hashes of the one that is not.
    levels: Vec<(u64, Vec<Digest>)>,
    ids: HashMap<Digest, u64>,
    acts: BTreeMap<String, u64>,
}

impl Walk<'_> {
    /// The bundles of a range, checked by all processors together and taken in their order, so that the first fault of the
    /// log is the one that is told.
    fn bundles(&mut self, range: Range<u64>) -> Result<(), LogFault> {
        let source = self.source;
        let share = (range.end - range.start).div_ceil(processors()).max(1);
        let starts: Vec<u64> = range.clone().step_by(share as usize).collect();
        let shares = std::thread::scope(|scope| {
            let of = |start: u64| {
                let end = (start + share).min(range.end);
                scope.spawn(move || (start..end).map(|n| source.bundle(n)).collect::<Vec<_>>())
            };
            let running: Vec<_> = starts.into_iter().map(of).collect();
            let done = running.into_iter().map(|share| share.join());
            done.map(|share| share.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect::<Vec<_>>()
        });
        shares.into_iter().flatten().try_for_each(|b| self.take(b))
    }

    fn take(&mut self, bundle: Bundle) -> Result<(), LogFault> {
        let full = bundle.leaves.len() as u64 == WIDTH;
        for (leaf, id) in bundle.leaves.iter().zip(bundle.ids) {
            let index = self.edge.size();
            if let Some(first) = self.ids.insert(id, index) {
                return Err(LogFault::Twice {
                    path: bundle.path,
                    index,
                    first,
                });
            }
            self.edge.append(*leaf);
            self.meets_trusted()?;
        }
        if let Some(fault) = bundle.fault {
            return Err(fault);
        }
        for (act, count) in bundle.acts {
            *self.acts.entry(act).or_default() += count;
        }
        if full {
            self.push(1, tree::root(&bundle.leaves))?;
        }
        Ok(())
    }

    /// At the size of the trusted checkpoint the root must be the one it signed.
    fn meets_trusted(&self) -> Result<(), LogFault> {
        match self.trusted {
            Some(t) if t.size == self.edge.size() && t.root != self.edge.root() => {
                Err(LogFault::Forked { trusted: t.size })
            }
            _ => Ok(()),
        }
    }

    /// A complete subtree's root, on its way into the tiles above.
    fn push(&mut self, level: u32, hash: Digest) -> Result<(), LogFault> {
        let at = level as usize - 1;
        if self.levels.len() <= at {
            self.levels.push((0, Vec::new()));
        }
        let Some((n, hashes)) = self.levels.get_mut(at) else {
            return Ok(());
        };
        hashes.push(hash);
        if hashes.len() as u64 == WIDTH {
            let (tile, full) = (*n, std::mem::take(hashes));
            *n += 1;
            self.tile(level, tile, &full)?;
            self.push(level + 1, tree::root(&full))?;
        }
        Ok(())
    }

    fn partial_tiles(&self) -> Result<(), LogFault> {
        for (at, (n, hashes)) in self.levels.iter().enumerate() {
            if !hashes.is_empty() {
                self.tile(at as u32 + 1, *n, hashes)?;
            }
        }
        Ok(())
    }

    /// Compares a tile above level 0 with the hashes that the entries give.
    fn tile(&self, level: u32, n: u64, hashes: &[Digest]) -> Result<(), LogFault> {
        let first = |hash: u64| (n * WIDTH + hash) << (8 * level);
        let width = width_of(n, hashes_at(level, self.source.size));
        let tile = self
            .source
            .file(|width| tile_path(level, n, width), width, first(0))?;
        let (found, odd) = tile.bytes.as_chunks::<32>();
        let same = hashes
            .iter()
            .zip(found)
            .take_while(|(a, b)| a.0 == **b)
            .count();
        let ends = odd.is_empty() && (found.len() == hashes.len() || tile.runs_on);
        if same == hashes.len() && ends {
            return Ok(());
        }
        Err(LogFault::Tile {
            path: tile.path,
            index: first(same as u64),
        })
    }
}

impl Source<'_> {
    fn bundle(&self, n: u64) -> Bundle {
        let mut bundle = Bundle::default();
        bundle.fault = self.read_bundle(n, &mut bundle).err();
        bundle
    }

    /// Checks the entries of a bundle against their hashes and their form, up to the first fault.
    fn read_bundle(&self, n: u64, into: &mut Bundle) -> Result<(), LogFault> {
        let (start, width) = (n * WIDTH, width_of(n, self.size));
        let bundle = self.file(|width| bundle_path(n, width), width, start)?;
        into.path.clone_from(&bundle.path);
        let tile = self.file(|width| tile_path(0, n, width), width, start)?;
        let (hashes, odd) = tile.bytes.as_chunks::<32>();
        let mut rest = bundle.bytes.as_slice();
        for index in start..start + width {
            let Some((bytes, after)) = split_entry(rest) else {
                return Err(LogFault::Bundle {
                    path: bundle.path,
                    index,
                });
            };
            rest = after;
            let leaf = leaf_hash(bytes);
            match hashes.get((index - start) as usize) {
                Some(hash) if *hash == leaf.0 => {}
                Some(_) => {
                    return Err(LogFault::Hash {
                        path: bundle.path,
                        tile: tile.path,
                        index,
                    });
                }
                None => {
                    return Err(LogFault::Tile {
                        path: tile.path,
                        index,
                    });
                }
            }
            let entry = Entry::parse(bytes).map_err(|fault| LogFault::Entry {
                path: bundle.path.clone(),
                index,
                fault,
            })?;
            into.leaves.push(leaf);
            into.ids.push(Digest::of(entry.id.to_string().as_bytes()));
            *into.acts.entry(entry.act.to_string()).or_default() += 1;
        }
        let index = start + width;
        if !rest.is_empty() && !bundle.runs_on {
            return Err(LogFault::Bundle {
                path: bundle.path,
                index,
            });
        }
        if !odd.is_empty() || (hashes.len() as u64 > width && !tile.runs_on) {
            return Err(LogFault::Tile {
                path: tile.path,
                index,
            });
        }
        Ok(())
    }

    /// A file at its width or, when the partial one was cleared away, the full one in its stead.
    fn file(&self, path: impl Fn(u64) -> String, width: u64, index: u64) -> Result<Part, LogFault> {
        let exact = path(width);
        if let Some(bytes) = read(self.files, &exact)? {
            return Ok(Part {
                path: exact,
                bytes,
                runs_on: false,
            });
        }
        let full = path(WIDTH);
        match read(self.files, &full)? {
            Some(bytes) if width < WIDTH => Ok(Part {
                path: full,
                bytes,
                runs_on: true,
            }),
            _ => Err(LogFault::Missing { path: exact, index }),
        }
    }
}

/// A bundle whose entries hold, up to the fault if there is one.
#[derive(Default)]
struct Bundle {
    path: String,
    leaves: Vec<Digest>,
    ids: Vec<Digest>,
    acts: BTreeMap<String, u64>,
    fault: Option<LogFault>,
}

fn processors() -> u64 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u64)
}

/// A tile or bundle as it was found.
struct Part {
    path: String,
    bytes: Vec<u8>,
    /// It may hold more than the checkpoint covers: a full file that stands in for a partial one.
    runs_on: bool,
}
