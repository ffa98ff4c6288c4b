//! Tiles (C2SP tlog-tiles): the files that let anyone check a log, as paths and contents.
//!
//! Pure functions: they never write a file. The caller writes the files in the order given, each whole, and
//! the signed checkpoint of the new size last, so that no reader meets a checkpoint before its files.
//!
//! ```
//! use ledger::{Digest, leaf_hash, tiles};
//! struct Three;
//! impl tiles::LeafSource for Three {
//!     fn entry(&self, index: u64) -> Option<Vec<u8>> {
//!         (index < 3).then(|| vec![index as u8])
//!     }
//!     fn leaf(&self, index: u64) -> Option<Digest> {
//!         self.entry(index).map(|entry| leaf_hash(&entry))
//!     }
//! }
//! let files = tiles::publish(0, 3, &Three)?;
//! assert_eq!(files[0], ("tile/entries/000.p/3".into(), vec![0, 1, 0, 0, 1, 1, 0, 1, 2]));
//! assert_eq!((files[1].0.as_str(), files[1].1.len()), ("tile/0/000.p/3", 96));
//! # Ok::<(), ledger::tiles::PublishFault>(())
//! ```

use crate::digest::{Digest, leaf_hash};
use crate::tree::{Frontier, MAX_SIZE};

/// The path of the signed checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// How many hashes or entries a full tile has.
pub const WIDTH: u64 = 256;

/// Where publishing gets entries from.
pub trait LeafSource {
    /// The bytes of the entry at `index`, from 0.
    fn entry(&self, index: u64) -> Option<Vec<u8>>;
    /// The leaf hash of the entry at `index`.
    fn leaf(&self, index: u64) -> Option<Digest>;
    /// The root over the 256^`level` leaves from `index` times as many on, `level` being 1 or more: what
    /// [`Frontier::append`] told. Whoever did not keep it has it computed of the leaves.
    fn subtree(&self, level: u32, index: u64) -> Option<Digest> {
        let mut edge = Frontier::new();
        for index in (index << (8 * level))..((index + 1) << (8 * level)) {
            edge.append(self.leaf(index)?);
        }
        Some(edge.root())
    }
}

/// Why nothing was published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishFault {
    /// An entry or its hash is not there.
    #[error(
        "entry {index} cannot be published: the store has no such entry (SEC-14); do not sign a checkpoint of this size, and restore the store"
    )]
    Missing {
        /// Its index.
        index: u64,
    },
    /// An entry does not have its leaf hash.
    #[error(
        "entry {index} cannot be published: its bytes do not have the hash that it was sequenced under (SEC-14); the store was altered: restore it"
    )]
    Altered {
        /// Its index.
        index: u64,
    },
    /// An entry is longer than a bundle's length prefix can say.
    #[error(
        "entry {index} cannot be published: it has {bytes} bytes, and 65535 is the most (C2SP tlog-tiles); record fewer facts in one entry"
    )]
    TooLong {
        /// Its index.
        index: u64,
        /// Its length in bytes.
        bytes: usize,
    },
    /// The log does not grow from the one size to the other.
    #[error(
        "a log of {old} entries cannot be published as one of {new} (SEC-14): a log only grows, up to 9007199254740991 entries"
    )]
    Shrinks {
        /// The size that is published.
        old: u64,
        /// The size asked for.
        new: u64,
    },
}

/// The path of hash tile `n` of `level` that holds `width` hashes (1 to [`WIDTH`]).
pub fn tile_path(level: u32, n: u64, width: u64) -> String {
    format!("tile/{level}/{}", tail(n, width))
}

/// The path of entry bundle `n` that holds `width` entries (1 to [`WIDTH`]).
pub fn bundle_path(n: u64, width: u64) -> String {
    format!("tile/entries/{}", tail(n, width))
}

fn tail(mut n: u64, width: u64) -> String {
    let mut path = format!("{:03}", n % 1000);
    while n >= 1000 {
        n /= 1000;
        path = format!("x{:03}/{path}", n % 1000);
    }
    if width < WIDTH {
        format!("{path}.p/{width}")
    } else {
        path
    }
}

/// How many hashes level `level` has in the tiles of a log of `size` entries: one for each complete subtree.
pub(crate) fn hashes_at(level: u32, size: u64) -> u64 {
    size.checked_shr(8 * level).unwrap_or(0)
}

/// How many of `count` hashes or entries are in tile `n`.
pub(crate) fn width_of(n: u64, count: u64) -> u64 {
    count.saturating_sub(n.saturating_mul(WIDTH)).min(WIDTH)
}

/// The tiles of a level that change when its count of hashes grows.
fn changed(old: u64, new: u64) -> std::ops::Range<u64> {
    if old < new {
        old / WIDTH..new.div_ceil(WIDTH)
    } else {
        0..0
    }
}

/// The hashes of a level that [`publish`] asks for: of level 0 leaves with their entries, above it subtrees.
/// Empty where nothing of the level changes, as on every level above one without hashes.
pub fn asked(level: u32, old: u64, new: u64) -> std::ops::Range<u64> {
    let (old, new) = (hashes_at(level, old), hashes_at(level, new));
    match changed(old, new).next() {
        Some(first) => first * WIDTH..new,
        None => new..new,
    }
}

/// The files that change when a published log grows from `old` to `new` entries, in the order in which they
/// must be written; the checkpoint is the caller's and comes last. Partial tiles of the old size may be
/// removed once a checkpoint of the new size is there.
///
/// # Errors
/// [`PublishFault`]: nothing may be written then.
pub fn publish(
    old: u64,
    new: u64,
    leaves: &dyn LeafSource,
) -> Result<Vec<(String, Vec<u8>)>, PublishFault> {
    if old > new || new > MAX_SIZE {
        return Err(PublishFault::Shrinks { old, new });
    }
    let mut files = Vec::new();
    for n in changed(old, new) {
        files.push(bundle(n, width_of(n, new), leaves)?);
    }
    for level in 0.. {
        let (from, to) = (hashes_at(level, old), hashes_at(level, new));
        if to == 0 {
            break;
        }
        for n in changed(from, to) {
            let width = width_of(n, to);
            let mut tile = Vec::with_capacity(width as usize * 32);
            for index in n * WIDTH..n * WIDTH + width {
                let hash = if level == 0 {
                    leaves.leaf(index)
                } else {
                    leaves.subtree(level, index)
                };
                let missing = PublishFault::Missing {
                    index: index << (8 * level),
                };
                tile.extend_from_slice(hash.ok_or(missing)?.as_bytes());
            }
            files.push((tile_path(level, n, width), tile));
        }
    }
    Ok(files)
}

fn bundle(n: u64, width: u64, leaves: &dyn LeafSource) -> Result<(String, Vec<u8>), PublishFault> {
    let mut bytes = Vec::new();
    for index in n * WIDTH..n * WIDTH + width {
        let entry = leaves.entry(index).ok_or(PublishFault::Missing { index })?;
        let length = u16::try_from(entry.len()).map_err(|_| PublishFault::TooLong {
            index,
            bytes: entry.len(),
        })?;
        if leaves.leaf(index) != Some(leaf_hash(&entry)) {
            return Err(PublishFault::Altered { index });
        }
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&entry);
    }
    Ok((bundle_path(n, width), bytes))
}

/// Splits the first entry off what is left of a bundle.
pub(crate) fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}
