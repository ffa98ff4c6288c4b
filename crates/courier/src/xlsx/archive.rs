//! Reads a zip archive's own directory (PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16), because a
//! library keeps one of two entries with the same name and does not say so.
//!
//! It inflates nothing.

use std::collections::BTreeSet;

use exchange::table::FileFault;

use super::broken;
use super::names::{Part, part};
use crate::fault::{STRUCTURE, whole};
use crate::limits;

/// An entry of the archive that may stand in a plain workbook.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) part: Part,
    /// The inflated length that the directory declares, in bytes.
    pub(super) size: u64,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    let (field, _) = bytes.get(at..)?.split_first_chunk::<2>()?;
    Some(usize::from(u16::from_le_bytes(*field)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let (field, _) = bytes.get(at..)?.split_first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*field)).ok()
}

/// One record of the central directory.
struct Record<'a> {
    flags: usize,
    method: usize,
    packed: usize,
    size: usize,
    name: &'a [u8],
    mode: usize,
    offset: usize,
    next: usize,
}

fn record(bytes: &[u8], at: usize) -> Option<Record<'_>> {
    let start = at.checked_add(46)?;
    let (name, extra, comment) = (
        u16_at(bytes, at + 28)?,
        u16_at(bytes, at + 30)?,
        u16_at(bytes, at + 32)?,
    );
    bytes
        .get(at..)?
        .starts_with(b"PK\x01\x02")
        .then_some(Record {
            flags: u16_at(bytes, at + 8)?,
            method: u16_at(bytes, at + 10)?,
            packed: u32_at(bytes, at + 20)?,
            size: u32_at(bytes, at + 24)?,
            name: bytes.get(start..start + name)?,
            mode: u32_at(bytes, at + 38)? >> 16,
            offset: u32_at(bytes, at + 42)?,
            next: start + name + extra + comment,
        })
}

/// Where the entry's bytes begin and end, if its local header agrees with the directory.
fn extent(bytes: &[u8], record: &Record<'_>) -> Option<(usize, usize)> {
    let at = record.offset;
    let (name, extra) = (u16_at(bytes, at.checked_add(26)?)?, u16_at(bytes, at + 28)?);
    let local = bytes.get(at + 30..at + 30 + name)?;
    let agrees = bytes.get(at..)?.starts_with(b"PK\x03\x04")
        && local == record.name
        && u16_at(bytes, at + 6)? == record.flags
        && u16_at(bytes, at + 8)? == record.method;
    agrees.then_some((at, at + 30 + name + extra + record.packed))
}

/// The archive's entries, all of them parts of a plain workbook.
pub(super) fn entries(bytes: &[u8]) -> Result<Vec<Entry>, FileFault> {
    let end = bytes.len().checked_sub(22).ok_or_else(broken)?;
    let field = |at: usize| u16_at(bytes, end + at).ok_or_else(broken);
    let directory = u32_at(bytes, end + 16).ok_or_else(broken)?;
    let length = u32_at(bytes, end + 12).ok_or_else(broken)?;
    let whole_file = bytes
        .get(end..)
        .is_some_and(|tail| tail.starts_with(b"PK\x05\x06"))
        && field(4)? == 0
        && field(6)? == 0
        && field(8)? == field(10)?
        && field(20)? == 0
        && directory.checked_add(length) == Some(end);
    if !whole_file {
        return Err(broken());
    }
    let count = field(10)?;
    if count > limits::ENTRIES {
        return Err(whole(
            STRUCTURE,
            "the workbook's archive has more entries than a plain table needs: save it anew",
        ));
    }
    let mut out = Vec::new();
    let mut extents = Vec::new();
    let mut seen = BTreeSet::new();
    let mut at = directory;
    for _ in 0..count {
        let record = record(bytes, at).ok_or_else(broken)?;
        let name = std::str::from_utf8(record.name).map_err(|_| broken())?;
        let part = part(name)?;
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(whole(
                STRUCTURE,
                "two entries of the workbook's archive have the same name: save it anew",
            ));
        }
        check(&record)?;
        extents.push(extent(bytes, &record).ok_or_else(broken)?);
        out.push(Entry {
            name: name.to_owned(),
            part,
            size: record.size as u64,
        });
        at = record.next;
    }
    extents.sort_unstable();
    let apart = extents
        .windows(2)
        .all(|pair| matches!(pair, [(_, a), (b, _)] if a <= b))
        && extents.iter().all(|(_, end)| *end <= directory);
    let total: u64 = out.iter().map(|entry| entry.size).sum();
    if total > limits::INFLATED_BYTES {
        return Err(bomb());
    }
    if apart && at == end {
        Ok(out)
    } else {
        Err(broken())
    }
}

/// What a workbook is called that grows out of bounds when it is inflated.
pub(super) fn bomb() -> FileFault {
    whole(
        STRUCTURE,
        "the workbook inflates beyond what can be read safely: send the table in parts",
    )
}

fn check(record: &Record<'_>) -> Result<(), FileFault> {
    if record.flags & 0x2041 != 0 {
        return Err(whole(
            STRUCTURE,
            "the workbook's archive is encrypted: send it without a password of its own",
        ));
    }
    if !matches!(record.method, 0 | 8) {
        return Err(broken());
    }
    if record.mode & 0o170_000 == 0o120_000 {
        return Err(whole(
            STRUCTURE,
            "the workbook's archive has a symbolic link: save it anew",
        ));
    }
    let (packed, size) = (record.packed as u64, record.size as u64);
    if size > limits::RATIO_FROM && size / packed.max(1) > limits::RATIO {
        return Err(bomb());
    }
    Ok(())
}
