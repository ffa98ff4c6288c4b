//! The groups that a quality statement tells apart: columns of the cases, age, area, and how much a record holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use linkage::model::Model;

use super::common::FEWEST;
use super::tables::rows;
use crate::fail::Fail;

/// What stands for a value that a record lacks.
const NOT_KNOWN: &str = "not known";

/// The name of all groups that are too small to be named.
const OTHERS: &str = "groups of fewer than 5";

/// By what cases are grouped.
#[derive(clap::Args)]
pub(super) struct By {
    /// A column by which groups of cases are made; may be repeated.
    #[arg(long, value_name = "COLUMN")]
    group: Vec<String>,
    /// The file that has the columns of --group, with the case list's column of handles; the case list, where it is not
    /// given.
    #[arg(long, value_name = "FILE")]
    groups: Option<PathBuf>,
    /// The case list's column of birth dates, for groups by age.
    #[arg(long, value_name = "COLUMN")]
    born: Option<String>,
    /// The case list's column of postcodes, for groups by postcode area (`SW` of `SW1A 1AA`); of several postcodes the last.
    #[arg(long, value_name = "COLUMN")]
    area: Option<String>,
}

/// The columns by which groups are made, as the statement names them.
pub(super) fn columns(by: &By) -> Vec<String> {
    let mut columns = by.group.clone();
    columns.extend(by.born.as_ref().map(|_| "age".to_owned()));
    columns.extend(by.area.as_ref().map(|_| "area".to_owned()));
    columns.push("completeness".to_owned());
    columns
}

/// Each record of the case list with its groups.
pub(super) fn records(
    by: &By,
    left: &Path,
    model: &Model,
    on: Date,
) -> Result<BTreeMap<String, Vec<String>>, Fail> {
    let id = model.id.left.as_str();
    let from = by.groups.as_deref().unwrap_or(left);
    let mut asked = vec![id];
    asked.extend(by.group.iter().map(String::as_str));
    let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows(from, &asked)? {
        let mut row = row.into_iter();
        let handle = row.next().unwrap_or_default();
        let known = |group: String| {
            if group.is_empty() {
                NOT_KNOWN.to_owned()
            } else {
                group
            }
        };
        given.insert(handle, row.map(known).collect());
    }
    let unknown = vec![NOT_KNOWN.to_owned(); by.group.len()];
    let mut asked = vec![id];
    asked.extend(by.born.as_deref());
    asked.extend(by.area.as_deref());
    let split = by.area.as_ref().and_then(|area| split_of(model, area));
    // Which of the columns that are read belong to which column of the model.
    let mut parts: Vec<std::ops::Range<usize>> = Vec::new();
    for column in &model.columns {
        let start = asked.len();
        asked.extend(column.from.left.iter().flatten().map(String::as_str));
        parts.push(start..asked.len());
    }
    let mut records = BTreeMap::new();
    for row in rows(left, &asked)? {
        let handle = row.first().cloned().unwrap_or_default();
        let mut groups = given.get(&handle).unwrap_or(&unknown).clone();
        let mut told = row.iter().skip(1).map(String::as_str);
        if by.born.is_some() {
            groups.push(age(told.next().unwrap_or_default(), on).to_owned());
        }
        if by.area.is_some() {
            let last = last_area(told.next().unwrap_or_default(), split);
            groups.push(last.unwrap_or_else(|| NOT_KNOWN.to_owned()));
        }
        let held = |part: &std::ops::Range<usize>| {
            let texts = row.get(part.clone()).unwrap_or_default();
            texts.iter().any(|text| !text.trim().is_empty())
        };
        let held = parts.iter().filter(|part| held(part)).count();
        groups.push(format!("{held} of {} columns", parts.len()));
        if records.insert(handle, groups).is_some() {
            return Err(Fail::no(format!(
                "{} has two records with one '{id}': give each record a handle of its own",
                left.display()
            )));
        }
    }
    unnamed(&mut records);
    Ok(records)
}

/// The area of the last of several postcodes that is one.
fn last_area(postcodes: &str, split: Option<char>) -> Option<String> {
    match split {
        Some(mark) => postcodes.rsplit(mark).find_map(linkage::area),
        None => linkage::area(postcodes),
    }
}

/// What the model splits the values of a column of the case list at.
fn split_of(model: &Model, name: &str) -> Option<char> {
    let reads = |c: &&linkage::model::Column| c.from.left.iter().flatten().any(|n| n == name);
    model.columns.iter().find(reads)?.split
}

/// Records of groups so small that their name would tell of somebody are one group, which has none.
fn unnamed(records: &mut BTreeMap<String, Vec<String>>) {
    let mut counts: BTreeMap<(usize, String), u64> = BTreeMap::new();
    for groups in records.values() {
        for (column, group) in groups.iter().enumerate() {
            *counts.entry((column, group.clone())).or_default() += 1;
        }
    }
    counts.retain(|_, count| *count < FEWEST);
    for groups in records.values_mut() {
        for (column, group) in groups.iter_mut().enumerate() {
            if counts.contains_key(&(column, group.clone())) {
                *group = OTHERS.to_owned();
            }
        }
    }
}

/// The age band of a birth date on a day.
fn age(born: &str, on: Date) -> &'static str {
    let Some(born) = agreement::parse_date(born).filter(|born| *born <= on) else {
        return NOT_KNOWN;
    };
    let had = (on.month(), on.day()) >= (born.month(), born.day());
    match on.year() - born.year() - i16::from(!had) {
        ..18 => "under 18",
        18..30 => "18 to 29",
        30..45 => "30 to 44",
        45..60 => "45 to 59",
        60..75 => "60 to 74",
        _ => "75 and over",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_postcodes_the_last_that_is_one_says_the_area() {
        let area = |text, split| last_area(text, split).unwrap_or_default();
        assert_eq!(area("zz1 1aa|M1 1AA|SW1A 1AA", Some('|')), "SW");
        assert_eq!(area("ZZ1 1AA|M1|abroad", Some('|')), "M");
        assert_eq!(area("ZZ98", None), "ZZ");
        assert_eq!(area("ZZ1 1AA|M1 1AA", None), "");
        assert_eq!(area("", Some('|')), "");
    }
}
