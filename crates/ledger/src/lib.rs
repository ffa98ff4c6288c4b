//! The transparency log and the proofs that an outsider can check.
//!
//! An outside auditor can build a verifier from this crate alone: entries in one canonical form, an RFC 6962
//! tree over them, C2SP checkpoints, tiles and signed notes, and commitments to what left cell by cell. The
//! formats are laid down for other languages in `docs/formats/ledger.md` and `docs/formats/disclosure.md`.
//!
//! This crate never reads a clock, a file, the network or a source of randomness, never decides whether
//! something may be disclosed, and never writes a value, a name or a key into an error or a debug print.

pub mod checkpoint;
pub mod commitment;
pub mod digest;
pub mod disclosure;
pub mod entry;
pub mod name;
pub mod note;
pub mod proof;
pub mod tiles;
pub mod trail;
pub mod tree;
pub mod verify;
pub mod witness;

mod codec;

pub use checkpoint::{Checkpoint, CheckpointFault};
pub use commitment::{CommitKey, Commitment, Opening, OpeningFault};
pub use digest::{Digest, Digesting, leaf_hash, node_hash};
pub use disclosure::{
    Cell, CellProof, Disclosure, DisclosureFault, DisclosureKey, FieldsProof, RowProof,
};
pub use entry::{By, Entry, EntryFault, Fact};
pub use name::{Code, EntryId, Id, NameFault, NodeName};
pub use note::{KeyFault, NoteFault, NoteSigner, Opened, VerifierKey};
pub use proof::{Proof, ProofFault, Shown};
pub use trail::{Trail, TrailFault, Walked};
pub use tree::{Frontier, MAX_SIZE, PathFault};
pub use verify::{LogFault, LogFiles, LogReport, verify_log};
pub use witness::{Cosigned, CosignerKey, Request, WitnessFault};
