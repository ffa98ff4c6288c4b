//! Looks through one worksheet: nothing hidden, no formula, rows and cells in order and where they may be.

use exchange::table::{FileFault, Shape};

use super::broken;
use super::tags::{Node, Tag};
use crate::fault::{STRUCTURE, column_at, in_cell, in_row, whole};
use crate::limits;

/// The children of `worksheet` that a plain table has (ECMA-376 part 1, section 18.3.1.99).
const CHILDREN: [&str; 18] = [
    "sheetPr",
    "dimension",
    "sheetViews",
    "sheetFormatPr",
    "cols",
    "sheetData",
    "sheetProtection",
    "autoFilter",
    "phoneticPr",
    "conditionalFormatting",
    "dataValidations",
    "printOptions",
    "pageMargins",
    "pageSetup",
    "headerFooter",
    "rowBreaks",
    "colBreaks",
    "ignoredErrors",
];

/// A contents sheet has more rows than a small table; its text is never read.
const CONTENTS_ROWS: u64 = 20_000;

pub(super) struct SheetScan<'a> {
    shape: &'a Shape,
    path: Vec<&'static str>,
    data: u32,
    row: u64,
    column: usize,
    valued: bool,
}

/// The elements that the scan tells apart; any other is nameless to it.
fn known(name: &str) -> &'static str {
    let names = ["worksheet", "cols", "sheetData", "row", "c", "is"];
    names
        .into_iter()
        .find(|known| *known == name)
        .unwrap_or_default()
}

/// A cell's place as row (from 1) and column (from 0): `B7` is (7, 1).
fn place(text: &str) -> Option<(u64, usize)> {
    let split = text.find(|c: char| !c.is_ascii_uppercase())?;
    let (letters, digits) = text.split_at(split);
    let column = letters.bytes().try_fold(0usize, |n, b| {
        n.checked_mul(26)?
            .checked_add(usize::from(b - b'A') + 1)
            .filter(|n| *n <= limits::COLUMNS)
    })?;
    let row: u64 = digits.parse().ok()?;
    let plain = row.to_string() == digits && (1..=limits::SHEET_ROWS).contains(&row);
    plain.then_some((row, column.checked_sub(1)?))
}

impl<'a> SheetScan<'a> {
    pub(super) fn new(shape: &'a Shape) -> Self {
        Self {
            shape,
            path: Vec::new(),
            data: 0,
            row: 0,
            column: 0,
            valued: false,
        }
    }

    pub(super) fn visit(&mut self, node: Node<'_>) -> Result<(), FileFault> {
        match node {
            Node::Open(tag) => {
                self.open(&tag)?;
                self.path.push(known(tag.name()));
                Ok(())
            }
            Node::Close => {
                self.path.pop();
                Ok(())
            }
        }
    }

    pub(super) fn finish(self) -> Result<(), FileFault> {
        if self.data == 1 {
            Ok(())
        } else {
            Err(broken())
        }
    }

    fn open(&mut self, tag: &Tag<'_>) -> Result<(), FileFault> {
        match (self.path.as_slice(), tag.name()) {
            ([], "worksheet") => Ok(()),
            (["worksheet"], "dimension") => self.dimension(tag),
            (["worksheet"], "sheetData") => {
                self.data += 1;
                if self.data > 1 { Err(broken()) } else { Ok(()) }
            }
            (["worksheet"], "sheetFormatPr") if tag.is_on("zeroHeight")? => Err(hidden_rows()),
            // What extensions hold is no cell; only the elements below could be mistaken for some.
            (["worksheet"], "extLst") => Ok(()),
            (["worksheet"], name) if CHILDREN.contains(&name) => Ok(()),
            (["worksheet"], name) => Err(whole(STRUCTURE, beyond(name))),
            (["worksheet", "cols"], "col")
                if tag.is_on("hidden")? || tag.is_nothing("width")? =>
            {
                let first = tag.attribute("min")?.and_then(|n| n.parse::<usize>().ok());
                let column = first.map(|n| column_at(&self.shape.columns, n.saturating_sub(1)));
                Err(FileFault {
                    column,
                    ..whole(
                        STRUCTURE,
                        "the workbook has a hidden column: show or delete it",
                    )
                })
            }
            (["worksheet", "sheetData"], "row") => self.row(tag),
            (["worksheet", "sheetData", "row"], "c") => self.cell(tag),
            (["worksheet", "sheetData", "row", "c"], "f") => {
                let column = column_at(&self.shape.columns, self.column.saturating_sub(1));
                Err(in_cell(
                    self.row,
                    column,
                    "the cell holds a formula: put its value there, as text",
                ))
            }
            (["worksheet", "sheetData", "row", "c"], "v" | "is") => {
                // Of two values in one cell, one would be hidden.
                let twice = std::mem::replace(&mut self.valued, true);
                if twice { Err(broken()) } else { Ok(()) }
            }
            (["worksheet", "sheetData", "row", "c", "is", ..], _) => Ok(()),
            (["worksheet", "sheetData", ..], _) | (_, "sheetData" | "dimension" | "row" | "c") => {
                Err(broken())
            }
            _ => Ok(()),
        }
    }

    fn last_row(&self) -> u64 {
        let rows = self.shape.max_rows.saturating_add(1);
        rows.clamp(CONTENTS_ROWS, limits::SHEET_ROWS)
    }

    /// A forged dimension makes parsers reserve what it says.
    fn dimension(&self, tag: &Tag<'_>) -> Result<(), FileFault> {
        let text = tag.attribute("ref")?.ok_or_else(broken)?;
        let (from, to) = text.split_once(':').unwrap_or((&text, &text));
        let (Some(from), Some(to)) = (place(from), place(to)) else {
            return Err(broken());
        };
        if from.0 > to.0 || from.1 > to.1 {
            return Err(broken());
        }
        if to.0 > self.last_row() {
            Err(too_far(to.0))
        } else {
            Ok(())
        }
    }

    fn row(&mut self, tag: &Tag<'_>) -> Result<(), FileFault> {
        let number = match tag.attribute("r")? {
            Some(text) => place(&format!("A{text}")).ok_or_else(broken)?.0,
            None => self.row + 1,
        };
        if number <= self.row {
            return Err(broken());
        }
        if number > self.last_row() {
            return Err(too_far(number));
        }
        if tag.is_on("hidden")? || tag.is_nothing("ht")? {
            return Err(FileFault {
                row: Some(number),
                ..hidden_rows()
            });
        }
        (self.row, self.column) = (number, 0);
        Ok(())
    }

    fn cell(&mut self, tag: &Tag<'_>) -> Result<(), FileFault> {
        let (row, column) = match tag.attribute("r")? {
            Some(text) => place(&text).ok_or_else(broken)?,
            None => (self.row, self.column),
        };
        if row != self.row || column < self.column || column >= limits::COLUMNS {
            return Err(broken());
        }
        (self.column, self.valued) = (column + 1, false);
        Ok(())
    }
}

fn too_far(row: u64) -> FileFault {
    in_row(
        row,
        "the sheet reaches beyond the rows that the run can have: send only what was asked for",
    )
}

fn hidden_rows() -> FileFault {
    whole(
        STRUCTURE,
        "the workbook has a hidden row: show or delete it",
    )
}

fn beyond(name: &str) -> &'static str {
    match name {
        "mergeCells" => "the sheet has merged cells: part them",
        "oleObjects" | "controls" | "drawing" | "legacyDrawing" | "picture" => {
            "the sheet holds an object, a control or a picture: save the table alone"
        }
        "hyperlinks" => "the sheet has hyperlinks: save the values alone",
        _ => "the sheet holds something that a plain table does not have: save the table alone",
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn places_are_read_exactly() {
        for (text, want) in [
            ("A1", Some((1, 0))),
            ("XFD1048576", Some((1_048_576, 16_383))),
            ("XFE1", None),
            ("A1048577", None),
            ("A0", None),
            ("A01", None),
            ("1", None),
            ("a1", None),
            ("AAAAAAAAAAAAAAAAAAAA1", None),
            ("A", None),
            ("", None),
        ] {
            assert_eq!(place(text), want, "{text}");
        }
    }
}
