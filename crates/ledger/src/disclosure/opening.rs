//! Openings of a disclosure: proofs of one cell, of all cells of one row, and of the names of a row's fields.
//!
//! All but the last hold values: hand them only to those who may see them. Nothing here prints one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Cell, ClosedCell, DisclosureFault, DisclosureKey, OpenCell, TreeCell, row_leaves, whole,
};
use crate::digest::{Digest, leaf_hash};
use crate::tiles::WIDTH;
use crate::tree::{self, Joint, Stretch};

/// Shows that one cell left, under which permit and with which value. Holds the value: hand it only to those
/// who may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellProof {
    row: u64,
    cell: OpenCell,
    column: u64,
    columns: u64,
    cell_path: Vec<Digest>,
    row_root: Digest,
    row_path: Vec<Digest>,
}

/// Shows every cell of one row, so that nothing else left in it. Holds the values: hand it only to those who
/// may see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowProof {
    row: u64,
    cells: Vec<OpenCell>,
    row_path: Vec<Digest>,
}

/// Shows which fields one row left with, each under its permit, and that nothing else left in it. Holds no value
/// and no salt: a value cannot be guessed from it, before or after the file's key is destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldsProof {
    row: u64,
    cells: Vec<ClosedCell>,
    row_path: Vec<Digest>,
}

/// Proves one cell; `rows` are all the rows, as they were given to [`super::commit`].
///
/// # Errors
/// [`DisclosureFault`]: no such row or field, or a row that could not have been committed to.
pub fn prove<'a, R: AsRef<[Cell<'a>]>>(
    key: &DisclosureKey,
    rows: impl IntoIterator<Item = R>,
    row: u64,
    field: &str,
) -> Result<CellProof, DisclosureFault> {
    prove_row(key, rows, row)?.cell(field)
}

/// How many rows each of the roots covers that [`super::Committing::roots`] gives.
const COVERED: u64 = WIDTH;

/// Which rows a proof of `row` needs beside those roots, of a file of so many rows: the up to 256 among which it is, and those
/// behind the last whole 256.
pub fn near(rows: u64, row: u64) -> impl Iterator<Item = u64> {
    let own = row / COVERED * COVERED;
    let rest = rows / COVERED * COVERED;
    let of = move |from: u64, to: u64| from..to.min(rows);
    of(own, own + COVERED).chain(of(rest.max(own + COVERED), rows))
}

/// Proves all cells of one row of a file of so many rows, out of the rows that are [`near`] it, by number, and the roots.
/// Roots or rows that are not those of the file make a proof that does not verify.
///
/// # Errors
/// [`DisclosureFault`]: no such row, one that is near it or a root is missing, or a row that could not have been committed to.
pub fn prove_row_near<'a, R: AsRef<[Cell<'a>]>>(
    key: &DisclosureKey,
    (roots, rows): (&[Digest], u64),
    near: impl IntoIterator<Item = (u64, R)>,
    row: u64,
) -> Result<RowProof, DisclosureFault> {
    let none = || DisclosureFault::NoSuchRow { row, rows };
    let mut leaves = BTreeMap::new();
    let mut wanted = None;
    for (n, cells) in near {
        let cells = cells.as_ref();
        leaves.insert(n, leaf_hash(key.row_root(n, cells)?.as_bytes()));
        if n == row {
            wanted = Some(key.open_row(n, cells));
        }
    }
    let cells = wanted.ok_or_else(none)?;
    let mut row_path = Vec::new();
    for stretches in tree::inclusion_stretches(rows, row).map_err(|_| none())? {
        let mut joint = Joint::default();
        for Stretch { level, from, to } in stretches {
            // Larger subtrees are joined of those that there are roots of.
            let (level, many) = match level {
                0 => (0, 1),
                larger => (1, COVERED.pow(larger - 1)),
            };
            for n in from * many..to * many {
                let hash = match level {
                    0 => leaves.get(&n),
                    _ => usize::try_from(n).ok().and_then(|n| roots.get(n)),
                };
                joint.push(level, *hash.ok_or_else(none)?);
            }
        }
        row_path.push(joint.hash());
    }
    Ok(RowProof {
        row,
        cells,
        row_path,
    })
}

/// Proves all cells of one row; `rows` are all the rows, as they were given to [`super::commit`].
///
/// # Errors
/// [`DisclosureFault`]: no such row, or a row that could not have been committed to.
pub fn prove_row<'a, R: AsRef<[Cell<'a>]>>(
    key: &DisclosureKey,
    rows: impl IntoIterator<Item = R>,
    row: u64,
) -> Result<RowProof, DisclosureFault> {
    let mut leaves = Vec::new();
    let mut wanted = None;
    for (cells, n) in rows.into_iter().zip(0u64..) {
        let cells = cells.as_ref();
        leaves.push(leaf_hash(key.row_root(n, cells)?.as_bytes()));
        if n == row {
            wanted = Some(key.open_row(n, cells));
        }
    }
    let none = DisclosureFault::NoSuchRow {
        row,
        rows: leaves.len() as u64,
    };
    match (wanted, tree::prove_inclusion(&leaves, row)) {
        (Some(cells), Ok(row_path)) => Ok(RowProof {
            row,
            cells,
            row_path,
        }),
        _ => Err(none),
    }
}

impl CellProof {
    /// Shows that the cell left in the disclosure with this root and number of rows.
    ///
    /// # Errors
    /// [`DisclosureFault::NotInRow`] or [`DisclosureFault::NotDisclosed`].
    pub fn verify(&self, root: &Digest, rows: u64) -> Result<(), DisclosureFault> {
        let Self {
            row,
            column,
            columns,
            ..
        } = *self;
        let leaf = self.cell.leaf(row)?;
        tree::verify_inclusion(&leaf, column, columns, &self.cell_path, &self.row_root)
            .map_err(|_| DisclosureFault::NotInRow { row })?;
        in_disclosure(&self.row_root, row, rows, &self.row_path, root)
    }

    /// The row, from 0.
    pub fn row(&self) -> u64 {
        self.row
    }
    /// The field.
    pub fn field(&self) -> &str {
        &self.cell.field
    }
    /// The permit under which it left.
    pub fn permit(&self) -> &str {
        &self.cell.permit
    }
    /// The value that left.
    pub fn value(&self) -> &str {
        &self.cell.value
    }
}

impl RowProof {
    /// Shows that exactly these cells left in this row of the disclosure with this root and number of rows.
    ///
    /// # Errors
    /// [`DisclosureFault::NotDisclosed`], or a row that is not whole.
    pub fn verify(&self, root: &Digest, rows: u64) -> Result<(), DisclosureFault> {
        whole(self.row, self.fields())?;
        row_in_disclosure(self.row, &self.cells, rows, &self.row_path, root)
    }

    /// One of its cells alone.
    ///
    /// # Errors
    /// [`DisclosureFault::NoSuchField`].
    pub fn cell(self, field: &str) -> Result<CellProof, DisclosureFault> {
        let Self {
            row,
            cells,
            row_path,
        } = self;
        let none = || DisclosureFault::NoSuchField { row };
        let column = cells.iter().position(|cell| cell.field == field);
        let column = column.ok_or_else(none)?;
        let leaves = row_leaves(row, &cells)?;
        let (columns, at) = (cells.len() as u64, column as u64);
        let cell_path = tree::prove_inclusion(&leaves, at).map_err(|_| none())?;
        Ok(CellProof {
            row,
            cell: cells.into_iter().nth(column).ok_or_else(none)?,
            column: at,
            columns,
            cell_path,
            row_root: tree::root(&leaves),
            row_path,
        })
    }

    /// The same row without its values and salts.
    #[must_use]
    pub fn without_values(&self) -> FieldsProof {
        let closed = |cell: &OpenCell| {
            let (permit, field, commitment) = cell.leaf_of();
            ClosedCell {
                commitment,
                field: field.to_owned(),
                permit: permit.to_owned(),
            }
        };
        FieldsProof {
            row: self.row,
            cells: self.cells.iter().map(closed).collect(),
            row_path: self.row_path.clone(),
        }
    }

    /// The row, from 0.
    pub fn row(&self) -> u64 {
        self.row
    }
    /// The fields of the row, in column order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(|cell| cell.field.as_str())
    }
    /// The cells of the row: permit, field and value, in column order.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.cells.iter().map(OpenCell::cell)
    }
}

impl FieldsProof {
    /// Shows that this row of the disclosure with this root and number of rows left with exactly these fields,
    /// each under its permit.
    ///
    /// # Errors
    /// [`DisclosureFault::NotDisclosed`], or a row that is not whole.
    pub fn verify(&self, root: &Digest, rows: u64) -> Result<(), DisclosureFault> {
        whole(self.row, self.fields().map(|(field, _)| field))?;
        row_in_disclosure(self.row, &self.cells, rows, &self.row_path, root)
    }

    /// The row, from 0.
    pub fn row(&self) -> u64 {
        self.row
    }
    /// The fields of the row, each with its permit, in column order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cells
            .iter()
            .map(|cell| (cell.field.as_str(), cell.permit.as_str()))
    }
}

fn row_in_disclosure(
    row: u64,
    cells: &[impl TreeCell],
    rows: u64,
    path: &[Digest],
    root: &Digest,
) -> Result<(), DisclosureFault> {
    let row_root = tree::root(&row_leaves(row, cells)?);
    in_disclosure(&row_root, row, rows, path, root)
}

fn in_disclosure(
    row_root: &Digest,
    row: u64,
    rows: u64,
    path: &[Digest],
    root: &Digest,
) -> Result<(), DisclosureFault> {
    tree::verify_inclusion(row_root.as_bytes(), row, rows, path, root)
        .map_err(|_| DisclosureFault::NotDisclosed { row, rows })
}
