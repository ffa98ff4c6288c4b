//! What is wrong with a log: each fault names the file, the first entry that is not shown to be good, and what
//! to do. No content of an entry is repeated.

use crate::checkpoint::CheckpointFault;
use crate::entry::EntryFault;

/// A file that could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReadFault(pub String);

/// Why a log did not verify; `index` is the first entry, from 0, that is not shown to be good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogFault {
    /// A file could not be read.
    #[error("{path} cannot be read: {fault}; make it readable and verify again")]
    Read {
        /// The file.
        path: String,
        /// Why.
        fault: ReadFault,
    },
    /// A file is not there.
    #[error(
        "{path} is missing, so entry {index} and those after it are not shown (SEC-14): the log was truncated or not copied whole; fetch the file, or ask the node why it is gone"
    )]
    Missing {
        /// The file.
        path: String,
        /// The first entry that it would show.
        index: u64,
    },
    /// The checkpoint does not hold.
    #[error("checkpoint: {0}")]
    Checkpoint(#[from] CheckpointFault),
    /// The trusted checkpoint is of another log.
    #[error(
        "checkpoint: it is of the log {origin}, the trusted checkpoint is of {trusted}: compare checkpoints of one log"
    )]
    OtherLog {
        /// The log that was read.
        origin: String,
        /// The log of the trusted checkpoint.
        trusted: String,
    },
    /// The log is smaller than it was.
    #[error(
        "checkpoint: the log has {size} entries, and had {trusted} when the trusted checkpoint was signed (SEC-14): entries from {size} on were taken away, or an old copy is shown; keep both checkpoints as evidence"
    )]
    Shrunk {
        /// Its size now.
        size: u64,
        /// Its size then.
        trusted: u64,
    },
    /// The log has another history than the trusted checkpoint.
    #[error(
        "checkpoint: the first {trusted} entries are not those that the trusted checkpoint signed (SEC-14): the log was rewritten or two histories are shown; keep both checkpoints as evidence and ask a witness"
    )]
    Forked {
        /// The size of the trusted checkpoint.
        trusted: u64,
    },
    /// A bundle ends too early or does not end in time.
    #[error(
        "{path} does not hold whole entries at entry {index} (SEC-14): it was cut or entries were taken out or put in; fetch it again, or ask the node for the entry with its proof"
    )]
    Bundle {
        /// The file.
        path: String,
        /// The first entry that is not whole; one past the last when there is more than there should be.
        index: u64,
    },
    /// An entry and its hash tile disagree.
    #[error(
        "entry {index} in {path} does not have the hash that {tile} gives for it (SEC-14): it was edited, moved or put in, or the tile was; fetch both files again, or ask the node for the entry with its proof"
    )]
    Hash {
        /// The bundle.
        path: String,
        /// The hash tile.
        tile: String,
        /// The first entry that disagrees.
        index: u64,
    },
    /// An entry is not in its canonical form.
    #[error("entry {index} in {path}: {fault}")]
    Entry {
        /// The bundle.
        path: String,
        /// The entry.
        index: u64,
        /// What is wrong with it.
        fault: EntryFault,
    },
    /// Two entries have one id.
    #[error(
        "entry {index} in {path} has the id of entry {first} (SEC-14): one act was recorded twice or an id was reused; ask the node for the operation's history"
    )]
    Twice {
        /// The bundle.
        path: String,
        /// The later entry.
        index: u64,
        /// The earlier one.
        first: u64,
    },
    /// A hash tile has the wrong length or a wrong hash.
    #[error(
        "{path} is not the tile of the entries from {index} on (SEC-14): a hash in it was changed or is missing; fetch it again, or have the node publish it again"
    )]
    Tile {
        /// The file.
        path: String,
        /// The first entry below the wrong hash.
        index: u64,
    },
    /// Everything agrees with itself, and not with the signature.
    #[error(
        "the files agree with each other but not with the root in the signed checkpoint of {size} entries (SEC-14): entries from {index} on were rewritten together with their tiles; ask the node or a witness for the files of this checkpoint"
    )]
    Root {
        /// The size.
        size: u64,
        /// The first entry that may have been rewritten: those before it are covered by the trusted
        /// checkpoint.
        index: u64,
    },
}
