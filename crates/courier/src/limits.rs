//! The bounds that every file and package is held to, whoever sent it (requirement RUN-09).
//!
//! They bound memory and time before a parser runs; an agreement's own volume is in the shape's `max_rows`.

use exchange::table::Format;

/// The longest file that is read as a whole, in bytes: a workbook, or a locked file.
pub const WHOLE_BYTES: u64 = 64 << 20;
/// The longest csv file, in bytes: it is read row by row.
const CSV_BYTES: u64 = 512 << 20;
/// The longest package, in bytes: the longest file, its manifest and age's overhead.
pub const PACKAGE_BYTES: u64 = CSV_BYTES + (4 << 20);
/// The most bytes that a workbook's parts have together once they are inflated.
pub const INFLATED_BYTES: u64 = 128 << 20;
/// The most names that are read of a server's folder.
pub const NAMES: usize = 100_000;
/// The longest answer of a server to the question what lies in a folder, in bytes.
pub const LISTING_BYTES: usize = 64 << 20;
/// How many times its compressed length a part above [`RATIO_FROM`] may be. Sheets stay below 40.
pub const RATIO: u64 = 100;
/// Parts up to this length, in bytes, may have any ratio.
pub const RATIO_FROM: u64 = 1 << 20;
/// The most entries of a workbook's archive; a plain table has about a dozen.
pub const ENTRIES: usize = 64;
/// The longest tag of a workbook's XML, in bytes.
pub const TAG_BYTES: usize = 16 << 10;
/// How deep a workbook's XML may nest.
pub const DEPTH: usize = 64;
/// The most characters of a cell (Excel's own limit, counted in UTF-16 units).
pub const CELL_UNITS: usize = 32_767;
/// The most columns (Excel's own limit).
pub const COLUMNS: usize = 16_384;
/// The most rows with the header (Excel's own limit).
pub const SHEET_ROWS: u64 = 1_048_576;
/// The most bytes of memory that the cells of a workbook's table take together.
pub const TABLE_BYTES: usize = 192 << 20;
/// The most bytes that the cells of a row have together.
pub const ROW_BYTES: usize = 1 << 20;
/// The longest record of a csv file, in bytes: the longest row with every character of it a quote, and more.
pub const RECORD_BYTES: u64 = 4 << 20;
/// How many rows the confined reader gives at a time.
pub const PAGE_ROWS: usize = 1_000;
/// The bytes of cells with which the confined reader gives rows before they are so many.
pub const PAGE_BYTES: usize = 256 << 10;
/// The longest line of the confined reader's answer, in bytes: a page and a row, each character of them escaped.
pub const ANSWER_BYTES: u64 = 16 << 20;
/// The longest line in which the confined reader shows a file as it is, in bytes.
pub const LOOKED_BYTES: u64 = 256 << 20;
/// The address space of the confined reader, in bytes.
pub const READER_MEMORY: u64 = 512 << 20;
/// The processor time of the confined reader, in seconds.
pub const READER_SECONDS: u64 = 60;

/// The longest file of a form, in bytes.
pub fn file_bytes(format: Format) -> u64 {
    match format {
        Format::Xlsx => WHOLE_BYTES,
        Format::Csv => CSV_BYTES,
    }
}
