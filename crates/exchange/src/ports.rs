//! The doors for effects: everything that the domain needs from outside comes in through these traits.
//!
//! The domain owns them, adapters implement them (`store`, `courier`, `sim`), and the same code runs on the
//! wall clock, in a test, and through a simulated year.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use ledger::Digest;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::change::Commit;
use crate::check::months::Rules;
use crate::cover::Cover;
use crate::effect::LeasedEffect;
use crate::file_name::FileName;
use crate::ids::{EffectId, HoldingId, OperationId, PackageId, PartyId, RouteId, SubjectId};
use crate::message::{Head as LetterHead, Letter, Manifest};
use crate::password::Password;
use crate::rows::Row;
use crate::solution::Version;
use crate::table::{FileFault, Format, Looked, Shape, Table};

/// Something outside the domain did not work: a disk, a database, a transport.
///
/// Its text names what was tried and what to do, for an operator; never a personal value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PortFault(pub String);

/// Time is an input.
pub trait Clock: Send + Sync {
    /// The present instant, UTC.
    fn now(&self) -> Timestamp;

    /// What it should show by a count of time that nobody can set, where it shows something else: it has leapt, or nobody can
    /// tell. None for a clock that is set on purpose.
    fn should_show(&self) -> Option<Timestamp> {
        None
    }

    /// Keeps what it shows beside that count, for this process and the next ones to compare with; not where it has leapt.
    ///
    /// # Errors
    /// [`PortFault`] when it cannot be kept.
    fn remember(&self) -> Result<(), PortFault> {
        Ok(())
    }

    /// A person vouches for what it shows: from now on this process counts from there.
    fn believe(&self) {}
}

/// Randomness is an input, drawn by operation and label so that a repeat draws the same under test.
pub trait Entropy: Send + Sync {
    /// Fills `out` for this `label` of this operation. On a real node the bytes come from the operating system.
    fn fill(&self, op: &OperationId, label: &str, out: &mut [u8]);
}

/// A versioned aggregate as the store keeps it: no personal value is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Counts the changes, from 1.
    pub version: u64,
    /// The aggregate's state, by name.
    pub status: String,
    /// The aggregate itself.
    pub body: serde_json::Value,
}

/// Whether a commit did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// The change stands now.
    Now,
    /// The operation stood already; nothing was done again.
    Already,
}

/// Why the store did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// Somebody else changed the aggregate first: load it again and decide again.
    #[error("{kind} {id} was changed by somebody else in between: look at it again")]
    Conflict {
        /// The kind of aggregate.
        kind: String,
        /// Its id.
        id: String,
    },
    /// An item was offered for a holding that does not stand: nothing is kept without a rule (RET-01).
    #[error("holding {0} has no retention rule, so nothing can be kept in it (RET-01)")]
    NoHolding(HoldingId),
    /// The database did not work.
    #[error(transparent)]
    Port(#[from] PortFault),
}

/// A ciphertext of the vault: XChaCha20-Poly1305, bound to its holding and item name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed(#[serde(with = "lower_hex")] pub Vec<u8>);

/// A ciphertext as text.
mod lower_hex {
    use data_encoding::HEXLOWER;
    use serde::de::{Deserializer, Error};
    use serde::{Deserialize, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&HEXLOWER.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        HEXLOWER.decode(text.as_bytes()).map_err(Error::custom)
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// A deadline's row in the store's index of what falls due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The kind of aggregate that it is derived from.
    pub kind: String,
    /// The aggregate's id.
    pub id: String,
    /// The instant it falls due.
    pub at: Timestamp,
}

/// An entry that is durable but has no place in the tree yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The entry's id.
    pub id: String,
    /// Its canonical bytes.
    pub bytes: Vec<u8>,
}

/// An entry with its place in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The entry's id.
    pub id: String,
    /// Its index in the tree, from 0.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: Digest,
    /// The roots of the subtrees of 256, 65,536 and so on entries that it completes, as [`ledger::Frontier::append`]
    /// tells them; mostly none.
    pub subtrees: Vec<Digest>,
}

/// The places of entries, and the tree that they make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Each entry with its place, in order.
    pub placed: Vec<Placed>,
    /// The right edge of the tree after the last of them.
    pub frontier: ledger::Frontier,
    /// The signed checkpoint of that tree.
    pub checkpoint: String,
}

/// Works out the places of entries that wait, in their order, behind this right edge of the tree.
pub type Placing<'a> =
    &'a (dyn Fn(ledger::Frontier, Vec<Pending>) -> Result<Places, PortFault> + Send + Sync);

/// What [`Store::sequence`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequenced {
    /// Of each commit, whether it did something.
    pub committed: Vec<Committed>,
    /// How many entries got their places.
    pub placed: usize,
}

/// The state of the tree: what the sequencer goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The right edge of the tree.
    pub frontier: ledger::Frontier,
    /// The signed checkpoint of this size; empty for an empty tree.
    pub checkpoint: String,
    /// How much of the tree the published files show.
    pub published: u64,
}

/// Durable state, ledger entries, vault items, packages and the outbox, in one database.
///
/// All that one [`Commit`] holds happens in one transaction or not at all.
#[async_trait]
pub trait Store: Send + Sync {
    /// One aggregate, or none.
    async fn load(&self, kind: &str, id: &str) -> Result<Option<Stored>, StoreFault>;
    /// Those of these aggregates that there are, by id, in order of id.
    async fn load_many(
        &self,
        kind: &str,
        ids: &[String],
    ) -> Result<Vec<(String, Stored)>, StoreFault>;
    /// The versions of all aggregates of a kind, by id.
    async fn versions(&self, kind: &str) -> Result<BTreeMap<String, u64>, StoreFault>;
    /// All aggregates of a kind whose id starts with `prefix`, by id, in order of id.
    async fn list(&self, kind: &str, prefix: &str) -> Result<Vec<(String, Stored)>, StoreFault>;
    /// Of the same, the first `limit` whose ids come after `after`, which is a whole id or any text: keyset pagination.
    async fn list_after(
        &self,
        kind: &str,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Stored)>, StoreFault>;
    /// All aggregates of a kind in a state, by id, in order of id.
    async fn in_state(&self, kind: &str, status: &str)
    -> Result<Vec<(String, Stored)>, StoreFault>;
    /// All aggregates of a kind that are about this person of the case register, by id, in order of id.
    async fn about(
        &self,
        kind: &str,
        subject: &SubjectId,
    ) -> Result<Vec<(String, Stored)>, StoreFault>;
    /// What falls due at or before `by`, earliest first, at most `limit` rows.
    async fn due(&self, by: Timestamp, limit: u32) -> Result<Vec<Due>, StoreFault>;
    /// Has this operation been committed?
    async fn done(&self, op: &OperationId) -> Result<bool, StoreFault>;
    /// Commits; a second commit of one operation does nothing and says so.
    async fn commit(&self, commit: &Commit) -> Result<Committed, StoreFault>;

    /// One sealed item of a holding.
    async fn item(&self, holding: &HoldingId, name: &str) -> Result<Option<Sealed>, StoreFault>;
    /// All sealed items of a holding whose name starts with `prefix`, in order of name.
    async fn items(
        &self,
        holding: &HoldingId,
        prefix: &str,
    ) -> Result<Vec<(String, Sealed)>, StoreFault>;
    /// The sealed items of a holding whose names are as long as `first` and lie from `first` to `last`, both included,
    /// in order of name.
    async fn items_between(
        &self,
        holding: &HoldingId,
        first: &str,
        last: &str,
    ) -> Result<Vec<(String, Sealed)>, StoreFault>;
    /// A part of the sealed bytes of a package that this node sends or has received, while they are kept: parts count
    /// from 0, and after the last there is none.
    async fn package(&self, id: &PackageId, part: u32) -> Result<Option<Vec<u8>>, StoreFault>;

    /// Leases effects until `until`: only those that are not done, whose retry time has come, which nobody
    /// else holds, and **all of whose operation's entries have a place under a signed checkpoint**.
    async fn lease_effects(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<LeasedEffect>, StoreFault>;
    /// Gives a leased effect back, to be tried again at `retry_at`; counts the attempt.
    async fn retry_effect(&self, id: &EffectId, retry_at: Timestamp) -> Result<(), StoreFault>;
    /// How many effects are not done (whether due or not).
    async fn open_effects(&self) -> Result<u64, StoreFault>;
    /// When the oldest effect that is not done was intended.
    async fn open_since(&self) -> Result<Option<Timestamp>, StoreFault>;
    /// Is an effect of this operation not done?
    async fn effect_open(&self, op: &OperationId) -> Result<bool, StoreFault>;

    /// Takes or renews the named lease for `holder`; false when somebody else holds it at `now`.
    async fn lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreFault>;
    /// Entries without a place, in the order in which they were committed, at most `limit`.
    async fn pending(&self, limit: u32) -> Result<Vec<Pending>, StoreFault>;
    /// The head of the tree; the empty head at first.
    async fn head(&self) -> Result<Head, StoreFault>;
    /// Commits these operations as [`Store::commit`] does each, then gives at most `limit` of the entries without a place
    /// theirs and moves the head, all in one transaction: on a fault none of it stands. `placing` is told the head, which nobody else moves meanwhile, and is not asked when no entry
    /// waits.
    async fn sequence(
        &self,
        commits: &[&Commit],
        limit: u32,
        placing: Placing<'_>,
    ) -> Result<Sequenced, StoreFault>;
    /// Remembers that the published files show the tree up to `size`, and gives the lease named `sequencer` back if it
    /// is `holder`'s, so that the next process need not wait for its end.
    async fn published(&self, holder: &str, size: u64) -> Result<(), StoreFault>;
    /// Entry bytes and leaf hashes of the indexes `from..to`.
    async fn leaves(&self, from: u64, to: u64) -> Result<Vec<(Vec<u8>, Digest)>, StoreFault>;
    /// The roots of the complete subtrees `from..to` of 256^`level` entries each, of level 1 or more, in their order.
    async fn subtrees(&self, level: u32, from: u64, to: u64) -> Result<Vec<Digest>, StoreFault>;
    /// The entries that have a place and are found by `name` ([`crate::act::found_by`]), each with its index, in order.
    async fn found_by(&self, name: &str) -> Result<Vec<(u64, Vec<u8>)>, StoreFault>;
}

/// Why the vault did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultFault {
    /// The key is gone, so the values are.
    #[error("the key of holding {0} was destroyed: its values cannot be read again")]
    Destroyed(HoldingId),
    /// There never was such a key.
    #[error("holding {0} has no key")]
    Missing(HoldingId),
    /// The ciphertext is not what was sealed under this key and name.
    #[error("an item of holding {0} does not open: it was altered or belongs elsewhere")]
    Altered(HoldingId),
    /// The key store did not work.
    #[error(transparent)]
    Port(#[from] PortFault),
}

/// Keys for values at rest: one per holding. Keys live apart from the database, so that a copy of the
/// database tells nothing and the destruction of a key is the destruction of what it sealed.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Makes the holding's key unless it stands; a destroyed key is never made again.
    async fn create(&self, holding: &HoldingId, op: &OperationId) -> Result<(), VaultFault>;
    /// Makes the keys of several holdings, as [`Vault::create`] does each.
    async fn create_many(
        &self,
        holdings: &[HoldingId],
        op: &OperationId,
    ) -> Result<(), VaultFault> {
        for holding in holdings {
            self.create(holding, op).await?;
        }
        Ok(())
    }
    /// Seals `plain`, bound to the holding and the item's name.
    async fn seal(
        &self,
        holding: &HoldingId,
        op: &OperationId,
        item: &str,
        plain: &[u8],
    ) -> Result<Sealed, VaultFault>;
    /// Seals several items of one holding, as [`Vault::seal`] does each.
    async fn seal_many(
        &self,
        holding: &HoldingId,
        op: &OperationId,
        items: &[(String, Zeroizing<Vec<u8>>)],
    ) -> Result<Vec<Sealed>, VaultFault>;
    /// Opens several items of one holding, as [`Vault::open`] does each.
    async fn open_many(
        &self,
        holding: &HoldingId,
        items: &[(String, Sealed)],
    ) -> Result<Vec<Zeroizing<Vec<u8>>>, VaultFault>;
    /// Opens an item.
    async fn open(
        &self,
        holding: &HoldingId,
        item: &str,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, VaultFault>;
    /// A key derived from the holding's key for `purpose` (cell salts, commitments); gone with it.
    async fn derive(
        &self,
        holding: &HoldingId,
        purpose: &str,
    ) -> Result<Zeroizing<[u8; 32]>, VaultFault>;
    /// Destroys the keys of these holdings; destroying one twice is no error.
    async fn destroy(&self, holdings: &[HoldingId]) -> Result<(), VaultFault>;
    /// The keyed hash by which SQL may look a personal value up; 64 lower-case hex digits.
    async fn lookup_key(&self, value: &str) -> Result<String, VaultFault>;
}

/// This node's private signing key, which never leaves its adapter.
pub trait Signer: Send + Sync {
    /// Signs `text` as a C2SP signed note in this node's name.
    fn sign_note(&self, text: &str) -> Result<String, PortFault>;
    /// The signature line by which this node, as a witness, states that it saw the checkpoint with this text at `at`.
    fn cosign(&self, checkpoint: &str, at: Timestamp) -> Result<String, PortFault>;
    /// This node's public keys.
    fn card(&self) -> PartyCard;
}

/// A party's public keys, as they stand in an agreement's annex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyCard {
    /// Whose keys.
    pub party: PartyId,
    /// The C2SP verifier key of its notes, manifests and checkpoints.
    pub verifier: String,
    /// The age recipient that packages for it are sealed to.
    pub sealing: String,
}

/// Writes and reads files of tables; reading happens in a confined process.
#[async_trait]
pub trait Forms: Send + Sync {
    /// Begins a file under this cover, to be built in memory from the allowed cells alone.
    fn begin(&self, format: Format, cover: &Cover) -> Result<Box<dyn Writing>, PortFault>;
    /// Builds the file of a whole table; where it has other columns than the cover, they count.
    fn write(&self, format: Format, cover: &Cover, table: &Table) -> Result<Vec<u8>, PortFault> {
        let mut file = Vec::new();
        let mut writing = self.begin(format, &cover.clone().over(&table.columns))?;
        for row in &table.rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            writing.row(&cells, &mut file)?;
        }
        writing.finish(&mut file)?;
        Ok(file)
    }
    /// Begins to read a partner's file against the shape that the agreement gives.
    async fn read(
        &self,
        format: Format,
        shape: &Shape,
        file: Box<dyn Parts>,
    ) -> Result<Box<dyn Reading>, PortFault>;
}

/// A partner's file that is being read.
#[async_trait]
pub trait Reading: Send {
    /// The next rows, under the shape's columns; none after the last. Any structural fault refuses the whole file, also the
    /// rows that were given before it (RUN-09), and names rule, row and column, never a value.
    async fn next(&mut self) -> Result<Result<Option<Table>, FileFault>, PortFault>;
}

/// Files for parties that have no node: locked with a password, and opened when they come back (SEC-06).
#[async_trait]
pub trait Locks: Send + Sync {
    /// The name under which a locked file of this form goes.
    fn name(&self, format: Format, cover: &Cover) -> String;
    /// Locks a file that [`Forms`] built. Keys and salts are drawn from `seed`, which is used for nothing else.
    fn lock(
        &self,
        format: Format,
        cover: &Cover,
        file: &[u8],
        password: &Password,
        seed: &Zeroizing<[u8; 32]>,
    ) -> Result<Vec<u8>, PortFault>;
    /// As [`Forms::read`], of a locked file. A wrong password and a damaged file are one answer, and a file without a
    /// password is refused (both SEC-06).
    async fn open(
        &self,
        format: Format,
        shape: &Shape,
        bytes: &[u8],
        password: &Password,
    ) -> Result<Result<Table, FileFault>, PortFault>;
    /// Reads a locked file as it is, for whoever must mend it: what [`Locks::open`] would refuse is told with it. A
    /// fault where nothing of it can be shown.
    async fn look(
        &self,
        format: Format,
        shape: &Shape,
        bytes: &[u8],
        password: &Password,
    ) -> Result<Result<Looked, FileFault>, PortFault>;
    /// Builds a workbook of the cells that were read, with a comment on each that is at fault.
    fn annotate(&self, cover: &Cover, looked: &Looked) -> Result<Vec<u8>, PortFault>;
}

/// A way by which the people of a party are told a file's password, apart from the file (SEC-06).
#[async_trait]
pub trait Channel: Send + Sync {
    /// Tells them the password of the file of this name. It may be told twice when the first answer was lost.
    async fn tell(&self, to: &PartyId, file: &str, password: &Password) -> Result<(), PortFault>;
}

/// A file that is being built, row by row.
pub trait Writing: Send {
    /// Takes the next row, and adds to `file` what is ready of it: all, some or nothing yet.
    fn row(&mut self, cells: &[&str], file: &mut Vec<u8>) -> Result<(), PortFault>;
    /// Adds the rest of it to `file`.
    fn finish(self: Box<Self>, file: &mut Vec<u8>) -> Result<(), PortFault>;
}

/// Why a package is refused. Nothing of its content has been released.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageFault {
    /// Not a package, or cut short, or longer than it says.
    #[error("the package is malformed: {0}")]
    Malformed(&'static str),
    /// Signed by nobody known, or altered.
    #[error("the package's manifest is not signed by a party of the agreement, or was altered")]
    Unsigned,
    /// The ciphertext is not the one that was signed.
    #[error("the package's ciphertext is not the one in its manifest")]
    Altered,
    /// It does not open with this node's key. (A wrong key and a damaged text are told alike.)
    #[error("the package does not open with this node's key")]
    Unopened,
    /// The content is not a letter of the manifest's kind.
    #[error("the package's letter is not of the kind its manifest says")]
    WrongLetter,
}

/// Seals letters into packages and opens them.
#[async_trait]
pub trait Sealer: Send + Sync {
    /// Begins to seal a letter with this head to the recipient's key; its file follows in pieces. Done once per
    /// package; the ciphertext is kept and sent as it is.
    fn begin(
        &self,
        manifest: &Manifest,
        head: &LetterHead,
        to: &PartyCard,
    ) -> Result<Box<dyn SealingFile>, PortFault>;
    /// Seals a letter that is in memory: the bytes of the whole package.
    fn seal(
        &self,
        manifest: &Manifest,
        letter: &Letter,
        to: &PartyCard,
    ) -> Result<Vec<u8>, PortFault> {
        let mut sealed = Vec::new();
        let mut sealing = self.begin(manifest, &letter.head, to)?;
        sealing.push(&letter.file, &mut sealed)?;
        let mut package = sealing.finish(&mut sealed)?;
        package.append(&mut sealed);
        Ok(package)
    }
    /// Reads the manifest and checks its signature against the sender's card and the ciphertext's digest;
    /// decrypts nothing.
    async fn inspect(
        &self,
        package: &Spooled,
        parties: &[PartyCard],
    ) -> Result<Result<Manifest, PackageFault>, PortFault>;
    /// Inspects, then decrypts and authenticates the whole before giving any of it out.
    async fn open(
        &self,
        package: &Spooled,
        parties: &[PartyCard],
    ) -> Result<Result<Opened, PackageFault>, PortFault>;
}

/// A package that was opened.
pub struct Opened {
    /// Its manifest.
    pub manifest: Manifest,
    /// What its letter says.
    pub head: LetterHead,
    /// The letter's file, which is decrypted as it is read; without parts where the letter has none.
    pub file: Box<dyn Parts>,
}

/// A letter's file that is being sealed, piece by piece.
pub trait SealingFile: Send {
    /// Takes the next piece of the file, and adds the ciphertext that is ready to `sealed`.
    fn push(&mut self, file: &[u8], sealed: &mut Vec<u8>) -> Result<(), PortFault>;
    /// Adds the last of the ciphertext to `sealed`, and gives what stands before all of it in the package: the manifest,
    /// signed over the ciphertext's digest.
    fn finish(self: Box<Self>, sealed: &mut Vec<u8>) -> Result<Vec<u8>, PortFault>;
}

/// Bytes that come in parts.
#[async_trait]
pub trait Parts: Send {
    /// The next part; none after the last.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, PortFault>;
}

/// Bytes in memory, as one part.
#[async_trait]
impl Parts for &[u8] {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, PortFault> {
        let all = std::mem::take(self);
        Ok((!all.is_empty()).then(|| all.to_vec()))
    }
}

/// Blobs on the node's disk for as long as one operation needs them, for what is too large to be in memory. Only
/// ciphertext goes there. A blob is gone when it is let go of, also where the process stops at any instruction.
#[async_trait]
pub trait Spool: Send + Sync {
    /// Begins a blob.
    async fn begin(&self) -> Result<Box<dyn Filling>, PortFault>;
}

/// A blob that is being written.
#[async_trait]
pub trait Filling: Send {
    /// Adds ciphertext.
    async fn push(&mut self, sealed: &[u8]) -> Result<(), PortFault>;
    /// Ends it: from now on it is read.
    async fn done(self: Box<Self>) -> Result<Spooled, PortFault>;
}

/// A blob that is whole.
#[async_trait]
pub trait Blob: Send + Sync {
    /// A part of it, counted from 0; none after the last.
    async fn part(&self, n: u32) -> Result<Option<Vec<u8>>, PortFault>;
}

/// A blob that may be read by several, and that a commit takes bytes from. Two are the same only when they are one.
#[derive(Clone)]
pub struct Spooled(pub Arc<dyn Blob>);

impl Spooled {
    /// Its parts, from the first.
    pub fn parts(&self) -> InParts {
        InParts {
            blob: self.clone(),
            next: 0,
        }
    }
}

/// The parts of a blob, one after the other.
pub struct InParts {
    blob: Spooled,
    next: u32,
}

#[async_trait]
impl Parts for InParts {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, PortFault> {
        let part = self.blob.0.part(self.next).await?;
        self.next += 1;
        Ok(part)
    }
}

/// A blob in memory, of one part.
#[async_trait]
impl Blob for Vec<u8> {
    async fn part(&self, n: u32) -> Result<Option<Vec<u8>>, PortFault> {
        Ok((n == 0 && !self.is_empty()).then(|| self.clone()))
    }
}

impl From<Vec<u8>> for Spooled {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Arc::new(bytes))
    }
}

impl PartialEq for Spooled {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Spooled {}

impl std::fmt::Debug for Spooled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spooled")
    }
}

/// Moves sealed packages between parties, and locked files to and from those that have no node.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Publishes a package for `to` at once and whole; publishing the same package again is no error.
    async fn put(
        &self,
        to: &PartyId,
        id: &PackageId,
        bytes: &mut dyn Parts,
    ) -> Result<(), PortFault>;
    /// What waits for `me`, in order of id.
    async fn waiting(&self, me: &PartyId) -> Result<Vec<PackageId>, PortFault>;
    /// One waiting package, to be read; none when it was taken in between.
    async fn get(&self, me: &PartyId, id: &PackageId) -> Result<Option<Box<dyn Parts>>, PortFault>;
    /// Takes a package away; taking away what is not there is no error.
    async fn remove(&self, me: &PartyId, id: &PackageId) -> Result<(), PortFault>;
    /// Lays a locked file out for a party without a node, at once and whole, in place of one of that name.
    async fn lay(&self, to: &PartyId, name: &FileName, bytes: &[u8]) -> Result<(), PortFault>;
    /// The locked files that lie for `me`, in order of name. What has no plain name is passed over.
    async fn lying(&self, me: &PartyId) -> Result<Vec<FileName>, PortFault>;
    /// The bytes of a locked file that lies for `me`; none when there is none of that name.
    async fn fetch(&self, me: &PartyId, name: &FileName) -> Result<Option<Vec<u8>>, PortFault>;
    /// Takes a locked file away that lies for this party; taking away what is not there is no error.
    async fn clear(&self, party: &PartyId, name: &FileName) -> Result<(), PortFault>;
}

/// What carries the packages of a route.
#[derive(Clone)]
pub struct Carrier {
    /// The digest of its settings: where, as whom, and by which pins. No secret is in it.
    pub settings: Digest,
    /// The transport with these settings.
    pub transport: Arc<dyn Transport>,
}

/// Why a call brought no answer. What was sent is told to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFault {
    /// No answer came in time.
    #[error("no answer came in time")]
    Late,
    /// The supplier could not be reached, or could not answer.
    #[error("the supplier could not answer")]
    Failed,
    /// The supplier refused the question.
    #[error("the supplier refused the question")]
    Refused,
}

/// Another party's system that answers calls (RTC-01).
#[async_trait]
pub trait Supplier: Send + Sync {
    /// Asks once and waits at most so long; never asks again by itself. The adapter keeps no copy of either message.
    async fn ask(
        &self,
        question: &[u8],
        within: SignedDuration,
    ) -> Result<Zeroizing<Vec<u8>>, CallFault>;
}

/// How calls by a route are made at this node.
#[derive(Clone)]
pub struct Calling {
    /// The digest of its settings, which people approve as those of a carrier.
    pub settings: Digest,
    /// The supplier that it leads to.
    pub supplier: Arc<dyn Supplier>,
    /// How long an answer is waited for.
    pub within: SignedDuration,
    /// After so many failures in a row no call is made for a while (RTC-19).
    pub failures: u32,
    /// That while.
    pub pause: SignedDuration,
}

/// The records out of which this party answers calls; never changed by one.
#[async_trait]
pub trait CallRecords: Send + Sync {
    /// The records that could be about the person of these details, each with its rows by the agreement's field names.
    async fn about(&self, details: &Row) -> Result<Vec<Vec<Row>>, PortFault>;
}

/// What a node needs to make calls, or to answer them.
#[derive(Clone, Default)]
pub struct Calls {
    /// How calls are made, by the agreement's routes.
    pub suppliers: BTreeMap<RouteId, Calling>,
    /// Out of what calls are answered.
    pub records: Option<Arc<dyn CallRecords>>,
    /// The rules that turn periods into months, in the versions that stand ready.
    pub rules: Vec<Rules>,
}

/// One record of a party's own system, as it stands now.
#[derive(Clone, Default)]
pub struct OwnRecord {
    /// The values, by the agreement's field names; several values of one field stand in one text, as
    /// [`agreement::join`] joins them. A field that is not held is absent.
    pub values: BTreeMap<String, String>,
    /// The facts that the agreement's conditions ask about, by name, as text in the form of their type; an
    /// unknown fact is absent.
    pub facts: BTreeMap<String, String>,
}

/// The case register: outside the node; the node's own history is the truth, the register a projection.
#[async_trait]
pub trait CaseRegister: Send + Sync {
    /// The names by which agreements know the register's person key, such as `cid_person_id`.
    fn person_fields(&self) -> &[&str];
    /// The person keys and facts of the people that come after this key, in order of their keys, at most
    /// `size`; empty at the end. No other value is read.
    async fn facts(
        &self,
        after: Option<&str>,
        size: u32,
    ) -> Result<Vec<(String, BTreeMap<String, String>)>, PortFault>;
    /// The records of these people, by person key; those that are not held are left out.
    async fn records(&self, people: &[String]) -> Result<BTreeMap<String, OwnRecord>, PortFault>;
    /// Is this case one of this person's? None where the register does not know the case: then nobody can say.
    async fn is_case_of(&self, _case: &str, _person: &str) -> Result<Option<bool>, PortFault> {
        Ok(None)
    }
    /// Shows a flag on the person with this person key, once: the effect's id makes a repeat do nothing. `flag` is the
    /// hub's own key of this flag on this person, `name` what is shown (FLAG-03).
    async fn show_flag(
        &self,
        effect: &EffectId,
        person: &str,
        flag: &str,
        name: &str,
        at: Timestamp,
    ) -> Result<(), PortFault>;
    /// Takes the flag of this key away; one that is not shown is no error.
    async fn lift_flag(
        &self,
        effect: &EffectId,
        flag: &str,
        at: Timestamp,
    ) -> Result<(), PortFault>;
}

/// The partner's own records.
#[async_trait]
pub trait MasterList: Send + Sync {
    /// The list as it stands now, to be gone through once or twice.
    async fn list(&self) -> Result<Box<dyn linkage::Source>, PortFault>;
    /// What the party holds in these records, by reference; those that are not held are left out.
    async fn records(
        &self,
        references: &[String],
    ) -> Result<BTreeMap<String, OwnRecord>, PortFault>;
}

/// The matching solution that stands ready at this node, and its version. Only one that a person put to use matches
/// anybody (MATCH-17).
#[derive(Debug)]
pub struct Matching {
    /// The model with its numbers.
    pub solution: linkage::Solution,
    /// Its version.
    pub version: Version,
    /// How many threads go through the master list.
    pub threads: usize,
}

/// The published files of this node's ledger (C2SP tlog-tiles).
#[async_trait]
pub trait LedgerShelf: Send + Sync {
    /// Writes files, each whole and durably or not at all, in no order. Their paths are relative, as `ledger::tiles`
    /// gives them.
    async fn write(&self, files: Vec<(String, Vec<u8>)>) -> Result<(), PortFault>;
    /// Takes files away; taking away what is not there is no error.
    async fn remove(&self, paths: Vec<String>) -> Result<(), PortFault>;
}
