//! Writes a table as a workbook: built cell by cell from the table, so that nothing else can be in it.
//!
//! Two sheets: `Contents` tells what the file is, `Records` holds the table under a frozen header. All cells
//! are text with the quote prefix, so that a text that begins like a formula stays a text; there are no
//! formulas, and no author or time of writing: the same table gives the same bytes. It never writes to a disk.

use exchange::ports::PortFault;
use exchange::table::Table;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use crate::cells::Written;

/// The sheet that holds the table; a reader's shape names it.
pub const RECORDS: &str = "Records";
/// The sheet that tells what the file is; a reader passes it over.
pub const CONTENTS: &str = "Contents";

/// Writes the table.
///
/// # Errors
/// [`PortFault`] with row and column when a cell or the table cannot stand in a workbook.
pub fn write(table: &Table) -> Result<Vec<u8>, PortFault> {
    let mut checked = Written::under(&table.columns)?;
    for row in &table.rows {
        checked.row(row)?;
    }
    build(table).map_err(|_| {
        PortFault(
            "the workbook was not written: its writer refused the table; report this as a defect"
                .into(),
        )
    })
}

fn build(table: &Table) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let text = Format::new().set_num_format("@").set_quote_prefix();
    let head = text.clone().set_bold();
    // The writer's `constant_memory` sheets go through a temporary file, in clear: never here (SEC-02).
    contents(book.add_worksheet(), table, &text, &head)?;
    let sheet = book.add_worksheet();
    sheet.set_name(RECORDS)?;
    sheet.set_freeze_panes(1, 0)?;
    for (column, name) in (0u16..).zip(&table.columns) {
        put(sheet, 0, column, name, &head)?;
        sheet.set_column_width(column, 18)?;
    }
    for (row, cells) in (1u32..).zip(&table.rows) {
        for (column, cell) in (0u16..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            put(sheet, row, column, cell, &text)?;
        }
    }
    sheet.set_active(true);
    book.save_to_buffer()
}

fn put(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    // The writer takes a text from `<r>` to `</r>` for XML of its own and would write it as it is.
    match cell.strip_prefix('<') {
        Some(rest) if rest.starts_with("r>") && rest.ends_with("</r>") => {
            let plain = Format::default();
            sheet.write_rich_string_with_format(
                row,
                column,
                &[(&plain, "<"), (&plain, rest)],
                format,
            )?;
        }
        _ => {
            sheet.write_string_with_format(row, column, cell, format)?;
        }
    }
    Ok(())
}

fn contents(
    sheet: &mut Worksheet,
    table: &Table,
    text: &Format,
    head: &Format,
) -> Result<(), XlsxError> {
    sheet.set_name(CONTENTS)?;
    sheet.set_column_width(0, 24)?;
    sheet.set_column_width(1, 60)?;
    let facts = [
        ("Sheet", RECORDS.to_owned()),
        ("Rows", table.rows.len().to_string()),
        ("Columns", table.columns.len().to_string()),
        (
            "Cells",
            "All cells are text. An empty cell means that no value is held or sent.".to_owned(),
        ),
    ];
    let columns = table
        .columns
        .iter()
        .enumerate()
        .map(|(n, name)| (format!("Column {}", n + 1), name.clone()));
    let facts = facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .chain(columns);
    for (row, (name, value)) in (0u32..).zip(facts) {
        put(sheet, row, 0, &name, head)?;
        put(sheet, row, 1, &value, text)?;
    }
    Ok(())
}
