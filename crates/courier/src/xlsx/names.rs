//! Which parts a plain workbook has (ECMA-376 part 1, section 12.3); every other part refuses the file.
//!
//! A refusal tells the kind of part, not its name: names in an archive are free text.

use exchange::table::FileFault;

use crate::fault::{STRUCTURE, whole};

/// How a part is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `[Content_Types].xml`.
    Types,
    /// A list of relationships.
    Relations,
    /// The workbook itself.
    Book,
    /// A worksheet.
    Sheet,
    /// The shared strings.
    Strings,
    /// Other XML that no cell comes from: styles, themes, properties.
    Other,
    /// A printer's settings: bytes that nobody reads.
    Unread,
}

/// The kind of part that has this name.
pub(super) fn part(name: &str) -> Result<Part, FileFault> {
    let plain = |prefix: &str, suffix: &str| {
        let middle = name
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_suffix(suffix));
        middle.is_some_and(|m| {
            !m.is_empty()
                && m.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        })
    };
    Ok(match name {
        "[Content_Types].xml" => Part::Types,
        "_rels/.rels" | "xl/_rels/workbook.xml.rels" => Part::Relations,
        "xl/workbook.xml" => Part::Book,
        "xl/sharedStrings.xml" => Part::Strings,
        "xl/styles.xml"
        | "docProps/app.xml"
        | "docProps/core.xml"
        | "docProps/custom.xml"
        | "docMetadata/LabelInfo.xml" => Part::Other,
        _ if plain("xl/worksheets/", ".xml") => Part::Sheet,
        _ if plain("xl/worksheets/_rels/", ".xml.rels") => Part::Relations,
        _ if plain("xl/theme/", ".xml") => Part::Other,
        _ if plain("xl/printerSettings/", ".bin") => Part::Unread,
        _ => return Err(whole(STRUCTURE, refused(name))),
    })
}

fn refused(name: &str) -> &'static str {
    let lower = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if lower.starts_with('/') || has(&["..", "\\", ":"]) {
        "the workbook's archive has an entry that points outside of it: save it anew"
    } else if has(&["vba", "macro", "activex", "ctrlprops"]) {
        "the workbook holds a macro: save it as .xlsx without macros"
    } else if has(&["embeddings", "oleobject", ".ole"]) {
        "the workbook holds an embedded object: save the table alone"
    } else if has(&["externallink", "connections", "querytable"]) {
        "the workbook refers to another file: save the values alone"
    } else if has(&["calcchain"]) {
        "the workbook holds formulas: save the values alone, as text"
    } else {
        "the workbook holds a part that a plain table does not have, such as a drawing, a comment or a second kind of table: save the table alone"
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, part};

    #[test]
    fn the_list_is_closed() {
        for (name, want) in [
            ("xl/worksheets/sheet1.xml", Some(Part::Sheet)),
            ("xl/workbook.xml", Some(Part::Book)),
            ("xl/Workbook.xml", None),
            ("xl/worksheets/../sheet1.xml", None),
            ("/xl/workbook.xml", None),
            ("xl/worksheets/", None),
            ("xl/comments1.xml", None),
            ("xl/vbaProject.bin", None),
        ] {
            assert_eq!(part(name).ok(), want, "{name}");
        }
    }
}
