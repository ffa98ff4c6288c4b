//! The name of a locked file on a server that a party without a node reaches. People give such names, so spaces and
//! brackets are in them; nothing that leads anywhere is.

use std::fmt;

/// The longest name, in bytes.
const LONGEST: usize = 150;
/// The endings of locked files: a workbook, or an archive of a table.
const ENDINGS: [&str; 2] = [".xlsx", ".zip"];

/// A plain name: it begins with a letter or a digit, has no separator and no control character, and ends as a locked file
/// does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName(String);

impl FileName {
    /// The name; none where it is not a plain one.
    pub fn parse(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b" ._-()".contains(&b);
        let lower = name.to_ascii_lowercase();
        let ends = ENDINGS.iter().any(|end| lower.ends_with(end));
        (begins && ends && name.len() <= LONGEST && name.bytes().all(is_plain))
            .then_some(Self(name))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_or_none() {
        for good in [
            "a.xlsx",
            "official-monthly.XLSX",
            "answer (2).xlsx",
            "7 a.b_c.zip",
        ] {
            assert_eq!(FileName::parse(good).unwrap().as_str(), good);
        }
        let long = format!("{}.xlsx", "a".repeat(LONGEST));
        for bad in [
            "",
            ".xlsx",
            "a",
            "a.xlsm",
            "a.pkg",
            "a.xlsx.part",
            "../a.xlsx",
            "a/b.xlsx",
            "a\\b.xlsx",
            "/a.xlsx",
            "a\n.xlsx",
            "a\u{0}.xlsx",
            "a%2fb.xlsx",
            "a\u{202e}.xlsx",
            "~a.xlsx",
            "-a.xlsx",
            " a.xlsx",
            &long,
        ] {
            assert_eq!(FileName::parse(bad), None, "{bad:?}");
        }
    }
}
