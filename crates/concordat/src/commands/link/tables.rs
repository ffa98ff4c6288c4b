//! Tables that `link` wrote or that people give beside the lists: scored pairs, truths, some columns of a list.

use std::collections::BTreeSet;
use std::path::Path;

use linkage::quality::{ScoredPair, joined, pairs_within};
use linkage::{Batch, Source, SourceFault, Standing};

use super::common::refused;
use crate::fail::Fail;
use crate::link::open;

/// Some columns of a list, row by row; an absent value is an empty text.
pub(super) fn rows(path: &Path, columns: &[&str]) -> Result<Vec<Vec<String>>, Fail> {
    let mut rows = Vec::new();
    each(path, columns, |row| {
        rows.push(row.iter().map(|text| (*text).to_owned()).collect());
        Ok(())
    })?;
    Ok(rows)
}

/// Hands over some columns of a list, row by row; an absent value is an empty text.
pub(super) fn each(
    path: &Path,
    columns: &[&str],
    mut take: impl FnMut(&[&str]) -> Result<(), SourceFault>,
) -> Result<(), Fail> {
    let list = open(path, 1)?;
    let names: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
    for part in 0..list.parts() {
        let read = list.read(part, &names, &mut |batch| {
            for row in 0..batch.rows() {
                let text = |at| batch.text(at, row).unwrap_or_default();
                let texts: Vec<&str> = (0..names.len()).map(text).collect();
                take(&texts)?;
            }
            Ok(())
        });
        read.map_err(refused)?;
    }
    Ok(())
}

/// Pairs of handles.
pub(super) type Pairs = BTreeSet<(String, String)>;

/// The true pairs of one list: of a file with left_id and right_id and what follows from it, or of one that has the list's
/// handles and says whose record each is.
pub(super) fn truth_of_one(path: &Path, person: Option<&str>, id: &str) -> Result<Pairs, Fail> {
    let Some(person) = person else {
        return Ok(joined(&truth(path)?));
    };
    let mut people = Vec::new();
    each(path, &[id, person], |row| {
        if let [record, person] = row {
            people.push(((*record).to_owned(), (*person).to_owned()));
        }
        Ok(())
    })?;
    Ok(pairs_within(&people))
}

/// The true pairs of a file with left_id and right_id.
pub(super) fn truth(path: &Path) -> Result<Pairs, Fail> {
    let mut pairs = BTreeSet::new();
    each(path, &["left_id", "right_id"], |row| {
        if let [left, right] = row {
            pairs.insert(((*left).to_owned(), (*right).to_owned()));
        }
        Ok(())
    })?;
    Ok(pairs)
}

/// The pairs of a file that `link score` wrote.
pub(super) fn scored(path: &Path) -> Result<Vec<ScoredPair>, Fail> {
    let columns = [
        "left_id",
        "right_id",
        "match_probability",
        "match_weight",
        "standing",
    ];
    let mut pairs = Vec::new();
    let mut number = 0_u64;
    each(path, &columns, |row| {
        number += 1;
        let broken = |what: &str| {
            SourceFault(format!(
                "{}: row {number} has no {what}: give a file that `concordat link score` wrote",
                path.display()
            ))
        };
        let [left, right, probability, weight, standing] = row else {
            return Err(broken("pair"));
        };
        pairs.push(ScoredPair {
            left: (*left).to_owned(),
            right: (*right).to_owned(),
            probability: probability
                .parse()
                .map_err(|_| broken("match_probability"))?,
            weight: weight.parse().map_err(|_| broken("match_weight"))?,
            standing: [Standing::Strong, Standing::Ambiguous, Standing::Review]
                .into_iter()
                .find(|s| s.to_string() == *standing)
                .ok_or_else(|| broken("standing"))?,
        });
        Ok(())
    })?;
    Ok(pairs)
}

/// A list of which only some records are seen.
pub(super) struct Only<'a> {
    pub(super) list: &'a dyn Source,
    /// The column of the records' handles.
    pub(super) id: &'a str,
    pub(super) records: &'a BTreeSet<&'a str>,
}

struct Few<'a> {
    batch: &'a dyn Batch,
    rows: Vec<usize>,
}

impl Batch for Few<'_> {
    fn rows(&self) -> usize {
        self.rows.len()
    }
    fn text(&self, column: usize, row: usize) -> Option<&str> {
        self.batch.text(column, *self.rows.get(row)?)
    }
}

impl Source for Only<'_> {
    fn parts(&self) -> usize {
        self.list.parts()
    }

    fn read(
        &self,
        part: usize,
        columns: &[String],
        each: &mut dyn FnMut(&dyn Batch) -> Result<(), SourceFault>,
    ) -> Result<(), SourceFault> {
        let mut with_id = columns.to_vec();
        with_id.push(self.id.to_owned());
        self.list.read(part, &with_id, &mut |batch| {
            let wanted = |row: &usize| {
                let handle = batch.text(columns.len(), *row);
                handle.is_some_and(|handle| self.records.contains(handle))
            };
            let rows = (0..batch.rows()).filter(wanted).collect();
            each(&Few { batch, rows })
        })
    }
}
