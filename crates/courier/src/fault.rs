//! Short ways to say a structural fault of a file. Never holds a cell's value.

use exchange::table::FileFault;

/// The receiver's right to reject what does not meet the specification.
pub(crate) const STRUCTURE: &str = "RUN-09";
/// No more fields than the agreement lists.
pub(crate) const MINIMISE: &str = "RUN-07";
/// The form of the file is fixed by the agreement.
pub(crate) const FORM: &str = "RUN-12";

/// A fault of the whole file.
pub(crate) fn whole(rule: &str, what: impl Into<String>) -> FileFault {
    FileFault {
        rule: rule.into(),
        row: None,
        column: None,
        what: what.into(),
    }
}

/// The fault of a file that is longer than so many bytes.
pub(crate) fn too_long(most: u64) -> FileFault {
    let most = most >> 20;
    let what = format!("the file is longer than {most} MiB: send it in parts");
    whole(STRUCTURE, what)
}

/// A structural fault in a row (from 1, the header is row 1).
pub(crate) fn in_row(row: u64, what: impl Into<String>) -> FileFault {
    FileFault {
        row: Some(row),
        ..whole(STRUCTURE, what)
    }
}

/// A structural fault in a cell.
pub(crate) fn in_cell(row: u64, column: impl Into<String>, what: impl Into<String>) -> FileFault {
    FileFault {
        column: Some(column.into()),
        ..in_row(row, what)
    }
}

/// The letters of a column by its index from 0, as a spreadsheet shows them.
pub(crate) fn letters(index: usize) -> String {
    let mut n = index + 1;
    let mut out = Vec::new();
    while n > 0 {
        let digit = u8::try_from((n - 1) % 26).unwrap_or(0);
        out.push(char::from(b'A' + digit));
        n = (n - 1) / 26;
    }
    out.iter().rev().collect()
}

/// How a column is told: by its agreed name, or by its letters where the agreement knows none.
pub(crate) fn column_at(columns: &[String], index: usize) -> String {
    columns
        .get(index)
        .cloned()
        .unwrap_or_else(|| letters(index))
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn letters_are_those_of_a_spreadsheet() {
        for (index, text) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (701, "ZZ"),
            (702, "AAA"),
            (16_383, "XFD"),
        ] {
            assert_eq!(letters(index), text);
        }
    }
}
