//! The copy of a refused workbook for whoever must mend it: made anew of the cells that were read, never of the
//! file itself, with a comment on each cell that is at fault. A comment names the rule and the way out, and no value.

use std::collections::BTreeMap;

use exchange::cover::Cover;
use exchange::ports::PortFault;
use exchange::table::{FileFault, Looked};
use rust_xlsxwriter::{Color, Format, Note, Workbook, XlsxError};

use crate::cells::wrong_text;
use crate::fault::letters;
use crate::limits;
use crate::workbook::{self, RECORDS, put};

/// The sheet that lists what is wrong.
const FAULTS: &str = "Faults";

/// Writes the copy.
///
/// # Errors
/// [`PortFault`] when its writer refuses it.
pub(crate) fn write(cover: &Cover, looked: &Looked) -> Result<Vec<u8>, PortFault> {
    build(cover, looked).map_err(|_| {
        PortFault("the annotated copy was not written: report this as a defect".into())
    })
}

/// Where a fault shows: its cell, the first of its row, or the first of the sheet.
fn place(fault: &FileFault, header: &[String]) -> (u32, u16) {
    let row = fault.row.filter(|row| *row <= limits::SHEET_ROWS);
    let row = row.and_then(|row| u32::try_from(row.checked_sub(1)?).ok());
    let column = fault.column.as_ref().and_then(|name| {
        let named = header.iter().position(|found| found == name);
        let lettered = || (0..limits::COLUMNS).find(|n| letters(*n) == *name);
        u16::try_from(named.or_else(lettered)?).ok()
    });
    (row.unwrap_or(0), column.unwrap_or(0))
}

fn build(cover: &Cover, looked: &Looked) -> Result<Vec<u8>, XlsxError> {
    let mut notes: BTreeMap<(u32, u16), Vec<String>> = BTreeMap::new();
    let header = looked.header();
    for fault in &looked.faults {
        let note = format!("{} (rule {})", fault.what, fault.rule);
        notes.entry(place(fault, &header)).or_default().push(note);
    }
    let text = Format::new().set_num_format("@").set_quote_prefix();
    let wrong = text.clone().set_background_color(Color::RGB(0x00FF_E0E0));
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name(FAULTS)?;
    workbook::marked(sheet, cover);
    sheet
        .set_column_width(0, 12)?
        .set_column_width(1, 24)?
        .set_column_width(2, 90)?;
    for (column, name) in [(0, "Row"), (1, "Column"), (2, "What is wrong")] {
        put(sheet, 0, column, name, &text)?;
    }
    for (row, fault) in (1u32..).zip(&looked.faults) {
        let place = fault.row.map(|n| n.to_string()).unwrap_or_default();
        put(sheet, row, 0, &place, &text)?;
        put(
            sheet,
            row,
            1,
            fault.column.as_deref().unwrap_or_default(),
            &text,
        )?;
        put(
            sheet,
            row,
            2,
            &format!("{} (rule {})", fault.what, fault.rule),
            &text,
        )?;
    }
    let sheet = book.add_worksheet();
    sheet.set_name(RECORDS)?;
    workbook::marked(sheet, cover);
    sheet.set_freeze_panes(1, 0)?;
    for (row, column, cell) in &looked.cells {
        let row = row.checked_sub(1).and_then(|n| u32::try_from(n).ok());
        let (Some(row), Ok(column)) = (row, u16::try_from(*column)) else {
            continue;
        };
        // What no file can hold stands in the list of faults alone.
        if wrong_text(cell).is_some() {
            continue;
        }
        let format = if notes.contains_key(&(row, column)) {
            &wrong
        } else {
            &text
        };
        put(sheet, row, column, cell, format)?;
    }
    for ((row, column), told) in notes {
        let told: String = told.join("\n").chars().take(2_000).collect();
        let note = Note::new(told)
            .add_author_prefix(false)
            .set_width(300)
            .set_height(120);
        sheet.insert_note(row, column, &note)?;
    }
    book.save_to_buffer()
}
