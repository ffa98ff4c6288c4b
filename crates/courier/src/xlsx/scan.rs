//! Looks through every part of a workbook before any of it is read as a table: sizes as they really are, the
//! list of sheets, relations that lead outside, counts that claim more than there is.

use std::io::{BufReader, Cursor, Read};

use exchange::table::{FileFault, Shape};
use zip::ZipArchive;

use super::archive::{Entry, bomb};
use super::broken;
use super::names::Part;
use super::sheet::SheetScan;
use super::tags::{Node, Tag, walk};
use crate::fault::{STRUCTURE, whole};
use crate::workbook::CONTENTS;

/// Checks every part.
pub(super) fn check(bytes: &[u8], entries: &[Entry], shape: &Shape) -> Result<(), FileFault> {
    for needed in [
        "[Content_Types].xml",
        "_rels/.rels",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
    ] {
        if !entries.iter().any(|entry| entry.name == needed) {
            return Err(broken());
        }
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken())?;
    if archive.len() != entries.len() {
        return Err(broken());
    }
    let sheets = entries
        .iter()
        .filter(|entry| entry.part == Part::Sheet)
        .count();
    for entry in entries {
        let mut file = archive.by_name(&entry.name).map_err(|_| broken())?;
        let mut counted = Counted {
            inner: (&mut file).take(entry.size + 1),
            bytes: 0,
            begin: Vec::new(),
        };
        let result = look(entry.part, &mut counted, shape, sheets);
        std::io::copy(&mut counted, &mut std::io::sink()).map_err(|_| broken())?;
        if counted.bytes > entry.size {
            return Err(bomb());
        }
        // A part in UTF-16 would be decoded by its mark: the walk could then see other text than was checked.
        if counted.begin.starts_with(b"\xff\xfe") || counted.begin.starts_with(b"\xfe\xff") {
            return Err(whole(
                STRUCTURE,
                "the workbook's XML is not in UTF-8: save it anew",
            ));
        }
        if counted.bytes < entry.size {
            return Err(broken());
        }
        result?;
    }
    Ok(())
}

/// Do all parts inflate to what their check sums say? A part that grows beyond what it declares is whole here: the
/// check above tells it.
pub(super) fn is_whole(bytes: &[u8], entries: &[Entry]) -> bool {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else {
        return false;
    };
    entries.iter().all(|entry| {
        archive.by_name(&entry.name).is_ok_and(|file| {
            std::io::copy(&mut file.take(entry.size + 1), &mut std::io::sink()).is_ok()
        })
    })
}

/// Counts what is really inflated and keeps its first two bytes.
struct Counted<R> {
    inner: R,
    bytes: u64,
    begin: Vec<u8>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(out)?;
        self.bytes += n as u64;
        let missing = 2usize.saturating_sub(self.begin.len());
        self.begin.extend(out.iter().take(n.min(missing)));
        Ok(n)
    }
}

fn look(part: Part, from: impl Read, shape: &Shape, sheets: usize) -> Result<(), FileFault> {
    let from = BufReader::new(from);
    match part {
        Part::Unread => Ok(()),
        Part::Other => walk(from, &mut |_| Ok(())),
        Part::Types => opens(from, &mut types),
        Part::Relations => opens(from, &mut relation),
        Part::Book => book(from, shape, sheets),
        Part::Strings => strings(from),
        Part::Sheet => {
            let mut scan = SheetScan::new(shape);
            walk(from, &mut |node| scan.visit(node))?;
            scan.finish()
        }
    }
}

/// Walks a part of which only the start tags matter.
fn opens(
    from: impl std::io::BufRead,
    visit: &mut dyn FnMut(&Tag<'_>) -> Result<(), FileFault>,
) -> Result<(), FileFault> {
    walk(from, &mut |node| match node {
        Node::Open(tag) => visit(&tag),
        Node::Close => Ok(()),
    })
}

fn types(tag: &Tag<'_>) -> Result<(), FileFault> {
    let kind = tag
        .attribute("ContentType")?
        .unwrap_or_default()
        .to_ascii_lowercase();
    if ["macroenabled", "vba", "activex", "oleobject"]
        .iter()
        .any(|word| kind.contains(word))
    {
        return Err(whole(
            STRUCTURE,
            "the workbook holds a macro or an embedded object: save it as .xlsx without",
        ));
    }
    Ok(())
}

fn relation(tag: &Tag<'_>) -> Result<(), FileFault> {
    let outside = tag
        .attribute("TargetMode")?
        .is_some_and(|mode| !mode.eq_ignore_ascii_case("internal"));
    let target = tag.attribute("Target")?.unwrap_or_default();
    if outside || target.contains(':') || target.contains('\\') || target.starts_with("//") {
        return Err(whole(
            STRUCTURE,
            "the workbook has a link to another file or place: save the values alone",
        ));
    }
    let kind = tag.attribute("Type")?.unwrap_or_default();
    let main = kind.ends_with("/officeDocument");
    if main && target.trim_start_matches('/') != "xl/workbook.xml" {
        return Err(broken());
    }
    Ok(())
}

fn book(from: impl std::io::BufRead, shape: &Shape, sheets: usize) -> Result<(), FileFault> {
    let mut records = 0;
    let mut contents = 0;
    opens(from, &mut |tag| {
        match tag.name() {
            "sheet" => {
                if tag
                    .attribute("state")?
                    .is_some_and(|state| state != "visible")
                {
                    return Err(whole(
                        STRUCTURE,
                        "the workbook has a hidden sheet: delete it",
                    ));
                }
                match tag.attribute("name")?.as_deref() {
                    Some(name) if name == shape.sheet => records += 1,
                    Some(CONTENTS) => contents += 1,
                    _ => {
                        let what = format!(
                            "the workbook has another sheet than {} and {CONTENTS}: delete it",
                            shape.sheet
                        );
                        return Err(whole(STRUCTURE, what));
                    }
                }
            }
            "workbookView" if tag.attribute("visibility")?.is_some_and(|v| v != "visible") => {
                return Err(whole(
                    STRUCTURE,
                    "the workbook's window is hidden: show it and save anew",
                ));
            }
            "externalReference" | "oleSize" => {
                return Err(whole(
                    STRUCTURE,
                    "the workbook refers to another file: save the values alone",
                ));
            }
            "definedName" => {
                let name = tag.attribute("name")?.unwrap_or_default();
                if !matches!(
                    name.as_str(),
                    "_xlnm.Print_Area" | "_xlnm.Print_Titles" | "_xlnm._FilterDatabase"
                ) {
                    return Err(whole(
                        STRUCTURE,
                        "the workbook has a defined name, which can hold a formula: delete it",
                    ));
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    if records + contents < sheets {
        return Err(whole(
            STRUCTURE,
            "the workbook holds a sheet that it does not show: save it anew",
        ));
    }
    match (records, contents) {
        (1, 0 | 1) => Ok(()),
        _ => {
            let what = format!(
                "the workbook needs exactly one sheet named {} and may have one named {CONTENTS}",
                shape.sheet
            );
            Err(whole(STRUCTURE, what))
        }
    }
}

fn strings(from: impl std::io::BufRead) -> Result<(), FileFault> {
    let mut claimed = Vec::new();
    let mut there = 0u64;
    opens(from, &mut |tag| {
        match (tag.name(), tag.depth) {
            ("sst", 0) => {
                if let Some(count) = tag.attribute("uniqueCount")? {
                    claimed.push(count.trim().parse::<u64>().map_err(|_| broken())?);
                }
            }
            ("si", 1) => there += 1,
            ("sst" | "si", _) | (_, 0) => return Err(broken()),
            _ => {}
        }
        Ok(())
    })?;
    if claimed.iter().any(|count| *count > there) {
        return Err(whole(
            STRUCTURE,
            "the workbook's list of texts claims more texts than it has: save it anew",
        ));
    }
    Ok(())
}
