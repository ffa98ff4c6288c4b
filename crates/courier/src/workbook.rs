//! Writes a table as a workbook: built cell by cell from the table, so that nothing else can be in it.
//!
//! Two sheets: `Contents` tells what the file is, `Records` holds the table under a frozen header, and, where the file
//! comes back, empty columns to be filled in. The marking stands at the head of every printed page (SEC-05). All
//! cells are text with the quote prefix, so that a text that begins like a formula stays a text; there are no
//! formulas, and no author or time of writing: the same table gives the same bytes. It never writes to a disk.

use exchange::cover::{Cover, Heading};
use exchange::ports::PortFault;
use exchange::table::Table;
use rust_xlsxwriter::{
    DataValidation, DataValidationErrorStyle, DataValidationRule, DocProperties, ExcelDateTime,
    Format, Workbook, Worksheet, XlsxError,
};

use crate::cells::Written;

/// The sheet that holds the table; a reader's shape names it.
pub const RECORDS: &str = "Records";
/// The sheet that tells what the file is; a reader passes it over.
pub const CONTENTS: &str = "Contents";

/// The longest list that a cell's drop-down takes, in characters with its commas (Excel's own limit).
const LIST: usize = 255;

/// Writes the table under its cover; the cover's columns are the table's.
///
/// # Errors
/// [`PortFault`] with row and column when a cell or the table cannot stand in a workbook.
pub fn write(cover: &Cover, table: &Table) -> Result<Vec<u8>, PortFault> {
    let mut names = table.columns.clone();
    names.extend(cover.to_fill.iter().map(|h| h.name.clone()));
    Written::under(&names)?;
    let mut checked = Written::under(&table.columns)?;
    for row in &table.rows {
        checked.row(row)?;
    }
    build(cover, table).map_err(|_| {
        PortFault(
            "the workbook was not written: its writer refused the table; report this as a defect"
                .into(),
        )
    })
}

fn build(cover: &Cover, table: &Table) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let text = Format::new().set_num_format("@").set_quote_prefix();
    let head = text.clone().set_bold();
    // The writer's `constant_memory` sheets go through a temporary file, in clear: never here (SEC-02).
    let sheet = book.add_worksheet();
    contents(sheet, cover, table, &text, &head)?;
    marked(sheet, cover);
    let sheet = book.add_worksheet();
    sheet.set_name(RECORDS)?;
    marked(sheet, cover);
    sheet.set_freeze_panes(1, 0)?;
    let names = table.columns.iter();
    let names = names.chain(cover.to_fill.iter().map(|h| &h.name));
    for (column, name) in (0u16..).zip(names) {
        // What somebody enters stays a text as well: an identifier keeps its zeros.
        sheet.set_column_format(column, &text)?;
        put(sheet, 0, column, name, &head)?;
        sheet.set_column_width(column, 18)?;
    }
    for (row, cells) in (1u32..).zip(&table.rows) {
        for (column, cell) in (0u16..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            put(sheet, row, column, cell, &text)?;
        }
    }
    let first = u16::try_from(table.columns.len()).unwrap_or(u16::MAX);
    let rows = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
    for (column, heading) in (first..).zip(&cover.to_fill) {
        if let Some(rule) = validation(heading)?.filter(|_| rows > 0) {
            sheet.add_data_validation(1, column, rows, column, &rule)?;
        }
    }
    sheet.set_active(true);
    book.save_to_buffer()
}

/// The marking at the head and foot of every printed page.
pub(crate) fn marked(sheet: &mut Worksheet, cover: &Cover) {
    if !cover.marking.is_empty() {
        // In a page's head `&` begins an instruction.
        let marking = format!("&C{}", cover.marking.replace('&', "&&"));
        sheet.set_header(marking.clone()).set_footer(marking);
    }
}

/// What may be entered in a column that is to be filled in.
fn validation(heading: &Heading) -> Result<Option<DataValidation>, XlsxError> {
    let listed = heading.choices.iter().map(|c| c.encode_utf16().count() + 1);
    let rule = if !heading.choices.is_empty() && listed.sum::<usize>() <= LIST {
        DataValidation::new().allow_list_strings(&heading.choices)?
    } else if let Some(length) = heading.length {
        DataValidation::new().allow_text_length(DataValidationRule::EqualTo(length))
    } else {
        return Ok(None);
    };
    let what: String = heading.form.chars().take(200).collect();
    let rule = rule
        .ignore_blank(true)
        .set_error_style(DataValidationErrorStyle::Stop)
        .set_error_title("Not as agreed")?
        .set_error_message(format!("This column takes {what}."))?;
    Ok(Some(rule))
}

pub(crate) fn put(
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
    cover: &Cover,
    table: &Table,
    text: &Format,
    head: &Format,
) -> Result<(), XlsxError> {
    sheet.set_name(CONTENTS)?;
    sheet.set_column_width(0, 24)?;
    sheet.set_column_width(1, 60)?;
    let mut facts = Vec::new();
    if !cover.marking.is_empty() {
        facts.push(("Marking".to_owned(), cover.marking.clone()));
    }
    facts.extend(
        cover
            .about
            .iter()
            .map(|(n, what)| ((*n).to_owned(), what.clone())),
    );
    facts.push(("Sheet".into(), RECORDS.into()));
    facts.push(("Rows".into(), table.rows.len().to_string()));
    facts.push(("Columns".into(), table.columns.len().to_string()));
    let cells = "All cells are text. An empty cell means that no value is held or sent.";
    facts.push(("Cells".into(), cells.into()));
    if !cover.to_fill.is_empty() {
        let way = "Fill in the columns named below and send the same file back: no row or cell of the others may change, and no column may be added.";
        facts.push(("To come back".into(), way.into()));
    }
    let columns = (1..)
        .zip(&cover.columns)
        .map(|(n, h)| (format!("Column {n}"), h));
    let to_fill = (cover.columns.len() + 1..).zip(&cover.to_fill);
    let to_fill = to_fill.map(|(n, h)| (format!("Column {n}, to be filled in"), h));
    facts.extend(columns.chain(to_fill).map(|(n, h)| (n, told(h))));
    for (row, (name, value)) in (0u32..).zip(facts) {
        put(sheet, row, 0, &name, head)?;
        put(sheet, row, 1, &value, text)?;
    }
    Ok(())
}

/// A column in words.
fn told(heading: &Heading) -> String {
    let empty = if heading.required {
        ""
    } else {
        "; may be empty"
    };
    let text = format!("{}: {}{empty}", heading.name, heading.form);
    text.chars().take(1_000).collect()
}
