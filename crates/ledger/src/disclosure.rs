//! Disclosures: the commitment to what left, cell by cell, and the proofs that open one cell or one row.
//!
//! Nothing is stored per cell. Every salt comes from the file's key: destroying that key leaves the proof of
//! the fact and makes the values unguessable. An absent value is a cell with the value "", so that a whole
//! row shows that nothing else left. This module never decides whether a cell may leave.
//!
//! ```
//! use ledger::{Cell, DisclosureKey, disclosure};
//! let key = DisclosureKey::new([7; 32]);
//! let cell = |field, value| Cell { permit: "p-1", field, value };
//! let rows = [[cell("nino", "QQ123456C"), cell("postcode", "")], [cell("nino", ""), cell("postcode", "ZZ1 1ZZ")]];
//! let left = disclosure::commit(&key, &rows)?;
//! assert_eq!((left.rows, left.cells), (2, 4));
//! disclosure::prove(&key, &rows, 1, "postcode")?.verify(&left.root, left.rows)?;
//! let row = disclosure::prove_row(&key, &rows, 0)?;
//! row.verify(&left.root, left.rows)?; // nothing else left in row 0
//! assert_eq!(row.fields().collect::<Vec<_>>(), ["nino", "postcode"]);
//! let fields = row.without_values(); // for whoever may not see them
//! fields.verify(&left.root, left.rows)?;
//! # Ok::<(), ledger::DisclosureFault>(())
//! ```

mod opening;

use std::fmt;

pub use opening::{CellProof, FieldsProof, RowProof, near, prove, prove_row, prove_row_near};

use hkdf::Hkdf;
use hmac::Mac;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::codec::hmac;
use crate::commitment::Commitment;
use crate::digest::{Digest, leaf_hash};
use crate::tree::Frontier;

/// The fact of an entry that holds a disclosure's root.
pub const ROOT_FACT: &str = "disclosure";
/// The fact of the same entry that holds the number of rows.
pub const ROWS_FACT: &str = "rows";

const INFO: &[u8] = b"concordat/cell-salt/v1";

/// What every cell's salt comes from: derived from the file's key, wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct DisclosureKey([u8; 32]);

/// One cell that leaves: the permit that lets it, its field and its value as text ("" when absent).
#[derive(Clone, Copy)]
pub struct Cell<'a> {
    /// The permit's id.
    pub permit: &'a str,
    /// The field's name, each once in a row.
    pub field: &'a str,
    /// The value, exactly as it leaves.
    pub value: &'a str,
}

/// What is recorded of a disclosure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// The root over the row roots.
    pub root: Digest,
    /// How many rows.
    pub rows: u64,
    /// How many cells.
    pub cells: u64,
}

/// A cell with its salt: what a proof hands over about a cell.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenCell {
    field: String,
    permit: String,
    #[serde(with = "hex::serde")]
    salt: [u8; 32],
    value: String,
}

/// A cell without its value: what a proof hands over to whoever may know of it and not see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosedCell {
    commitment: Commitment,
    field: String,
    permit: String,
}

/// Why a disclosure was not committed to, proven or verified. No value is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureFault {
    /// A row without cells.
    #[error("row {row} has no cells: every row has a cell for every column, empty ones too")]
    EmptyRow {
        /// The row, from 0.
        row: u64,
    },
    /// A field twice in a row.
    #[error(
        "row {row} has two cells for one field (RUN-07): each field of the agreement stands in one column; name the columns apart"
    )]
    FieldTwice {
        /// The row, from 0.
        row: u64,
    },
    /// No such row.
    #[error("row {row} is not among the {rows} rows of this disclosure: rows count from 0")]
    NoSuchRow {
        /// The row that was asked for.
        row: u64,
        /// How many there are.
        rows: u64,
    },
    /// No such field.
    #[error(
        "row {row} has no cell of the field asked for: a proof of the whole row shows which fields it has"
    )]
    NoSuchField {
        /// The row, from 0.
        row: u64,
    },
    /// The cell is not in its row.
    #[error(
        "the cell is not in row {row} of this disclosure (SEC-14): its value, field, permit or salt was altered; do not rely on it, and ask the sender for a new proof"
    )]
    NotInRow {
        /// The row, from 0.
        row: u64,
    },
    /// The row is not in the disclosure.
    #[error(
        "row {row} is not in this disclosure of {rows} rows (SEC-14): a cell, the row's number or the path was altered, or the proof is of another disclosure; ask the sender for a new proof"
    )]
    NotDisclosed {
        /// The row, from 0.
        row: u64,
        /// How many rows the disclosure has.
        rows: u64,
    },
}

impl DisclosureKey {
    /// Derives the key of the salts from the 32 bytes of the file's key: HKDF-SHA256 (RFC 5869), no salt.
    pub fn new(file_key: [u8; 32]) -> Self {
        let mut key = Self([0; 32]);
        #[expect(
            clippy::expect_used,
            reason = "RFC 5869 allows up to 8160 bytes of output"
        )]
        Hkdf::<Sha256>::new(None, &file_key)
            .expand(INFO, &mut key.0)
            .expect("32 bytes");
        let mut file_key = file_key;
        file_key.zeroize();
        key
    }

    /// The salts of one row's cells, by field: HMAC-SHA256 of the row's number and the field's name.
    fn salts(&self, row: u64) -> impl Fn(&str) -> [u8; 32] {
        // The row number has a fixed length, so row and field cannot run together.
        let keyed = hmac(&self.0, &[&row.to_be_bytes()]);
        move |field| {
            let mut salt = keyed.clone();
            salt.update(field.as_bytes());
            salt.finalize().into_bytes().into()
        }
    }

    fn open_row(&self, row: u64, cells: &[Cell<'_>]) -> Vec<OpenCell> {
        let salts = self.salts(row);
        let open = |cell: &Cell<'_>| OpenCell {
            field: cell.field.to_owned(),
            permit: cell.permit.to_owned(),
            salt: salts(cell.field),
            value: cell.value.to_owned(),
        };
        cells.iter().map(open).collect()
    }

    /// The root over the cells of a row, which must be whole.
    fn row_root(&self, row: u64, cells: &[Cell<'_>]) -> Result<Digest, DisclosureFault> {
        whole(row, cells.iter().map(|cell| cell.field))?;
        let salts = self.salts(row);
        let mut root = Frontier::new();
        let mut bytes = Vec::new();
        for cell in cells {
            bytes.clear();
            let salt = Zeroizing::new(salts(cell.field));
            let commitment = Commitment::of(&salt, cell.value.as_bytes());
            write_leaf(row, cell.permit, cell.field, commitment, &mut bytes)?;
            root.append(leaf_hash(&bytes));
        }
        Ok(root.root())
    }
}

/// A row has a cell, and no field twice: else a second value of a field could be kept back.
fn whole<'a>(row: u64, fields: impl Iterator<Item = &'a str>) -> Result<(), DisclosureFault> {
    let mut fields: Vec<&str> = fields.collect();
    if fields.is_empty() {
        return Err(DisclosureFault::EmptyRow { row });
    }
    fields.sort_unstable();
    if fields
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a == b))
    {
        return Err(DisclosureFault::FieldTwice { row });
    }
    Ok(())
}

/// A leaf; its members stand in the order of RFC 8785.
#[derive(Serialize)]
struct Leaf<'a> {
    commitment: Commitment,
    field: &'a str,
    permit: &'a str,
    row: u64,
    v: u8,
}

/// Adds the leaf's bytes: RFC 8785 JSON. `serde_json` writes texts and whole numbers as RFC 8785 asks; a test compares.
fn write_leaf(
    row: u64,
    permit: &str,
    field: &str,
    commitment: Commitment,
    bytes: &mut Vec<u8>,
) -> Result<(), DisclosureFault> {
    let leaf = Leaf {
        commitment,
        field,
        permit,
        row,
        v: 1,
    };
    // INVARIANT: texts and a number can always be written; the fault stands in for a panic.
    serde_json::to_writer(bytes, &leaf).map_err(|_| DisclosureFault::NotInRow { row })
}

/// A cell as the tree has it: with its value or without, its leaf is the same.
trait TreeCell {
    fn leaf_of(&self) -> (&str, &str, Commitment);

    /// The leaf's bytes.
    fn leaf(&self, row: u64) -> Result<Vec<u8>, DisclosureFault> {
        let (permit, field, commitment) = self.leaf_of();
        let mut bytes = Vec::new();
        write_leaf(row, permit, field, commitment, &mut bytes)?;
        Ok(bytes)
    }
}

impl OpenCell {
    fn cell(&self) -> Cell<'_> {
        Cell {
            permit: &self.permit,
            field: &self.field,
            value: &self.value,
        }
    }
}

impl TreeCell for OpenCell {
    fn leaf_of(&self) -> (&str, &str, Commitment) {
        let commitment = Commitment::of(&self.salt, self.value.as_bytes());
        (&self.permit, &self.field, commitment)
    }
}

impl TreeCell for ClosedCell {
    fn leaf_of(&self) -> (&str, &str, Commitment) {
        (&self.permit, &self.field, self.commitment)
    }
}

fn row_leaves(row: u64, cells: &[impl TreeCell]) -> Result<Vec<Digest>, DisclosureFault> {
    cells
        .iter()
        .map(|cell| Ok(leaf_hash(&cell.leaf(row)?)))
        .collect()
}

/// Commits to the rows in the order in which they leave; rows count from 0, cells stand in column order.
///
/// # Errors
/// [`DisclosureFault::EmptyRow`] or [`DisclosureFault::FieldTwice`].
pub fn commit<'a, R: AsRef<[Cell<'a>]>>(
    key: &DisclosureKey,
    rows: impl IntoIterator<Item = R>,
) -> Result<Disclosure, DisclosureFault> {
    let mut committing = Committing::default();
    for row in rows {
        committing.row(key, row.as_ref())?;
    }
    Ok(committing.done())
}

/// A commitment to rows that come one after another, as [`commit`] makes it.
#[derive(Clone, Debug, Default)]
pub struct Committing {
    edge: Frontier,
    cells: u64,
    roots: Vec<Digest>,
}

impl Committing {
    /// Takes the next row.
    ///
    /// # Errors
    /// [`DisclosureFault::EmptyRow`] or [`DisclosureFault::FieldTwice`].
    pub fn row(&mut self, key: &DisclosureKey, cells: &[Cell<'_>]) -> Result<(), DisclosureFault> {
        let n = self.edge.size();
        let root = key.row_root(n, cells)?;
        self.cells += cells.len() as u64;
        let complete = self.edge.append(leaf_hash(root.as_bytes()));
        self.roots.extend(complete.first());
        Ok(())
    }

    /// The root over each 256 rows that are whole, in order: with them a row is proven without the others
    /// ([`prove_row_near`]). They are hashes of salted commitments, from which nothing can be guessed.
    pub fn roots(&self) -> &[Digest] {
        &self.roots
    }

    /// What is recorded of all of them.
    pub fn done(self) -> Disclosure {
        Disclosure {
            root: self.edge.root(),
            rows: self.edge.size(),
            cells: self.cells,
        }
    }
}

impl fmt::Debug for DisclosureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DisclosureKey(redacted)")
    }
}

impl fmt::Debug for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cell({:?}, redacted)", self.field)
    }
}

impl fmt::Debug for OpenCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenCell({:?}, redacted)", self.field)
    }
}
