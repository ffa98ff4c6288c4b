//! Pairs of which people have said whether they are of one person: where m may come from instead of EM.

use std::collections::BTreeMap;

use super::cases::Cases;
use super::compare::Comparer;
use super::scan::Run;
use super::seek::seek;
use super::source::{Source, SourceFault};
use super::train::codes;
use super::trained::{Cells, Unit};
use crate::model::Model;

/// Labelled pairs: a case's handle, a master record's handle, and whether they are of one person.
#[derive(Clone, Default)]
pub struct Labels {
    same: BTreeMap<(String, String), bool>,
    one_list: bool,
}

impl Labels {
    /// No labels yet, of pairs of one list: a pair is the same from either side.
    pub fn of_one_list() -> Self {
        Self {
            one_list: true,
            ..Self::default()
        }
    }

    /// Adds a pair; false where it stands there with the other label.
    pub fn add(&mut self, left: &str, right: &str, same: bool) -> bool {
        let turned = self.one_list && right < left;
        let (left, right) = if turned { (right, left) } else { (left, right) };
        let label = self.same.entry((left.into(), right.into())).or_insert(same);
        *label == same
    }
}

/// What was found of labelled pairs.
pub(crate) struct Labelled {
    /// By unit and cell: how many pairs of one person.
    pub(crate) seen: Vec<Cells>,
    /// Labelled the same, and found in both lists.
    pub(crate) same: u64,
    /// Labelled different: they say nothing of m, and are no random pairs, so that u is not theirs to say.
    pub(crate) different: u64,
    /// Of a handle that a list has not.
    pub(crate) strange: u64,
}

/// Compares the labelled pairs. A handle that a list has more than once counts with each of its records.
pub(crate) fn labelled(
    model: &Model,
    labels: &Labels,
    cases: &Cases,
    list: &dyn Source,
    run: Run,
) -> Result<Labelled, SourceFault> {
    let mut by_handle = BTreeMap::<&str, Vec<u32>>::new();
    for case in (0_u32..).take(cases.len()) {
        by_handle.entry(cases.handle(case)).or_default().push(case);
    }
    let mut wanted = BTreeMap::<&str, Vec<(&str, u32)>>::new();
    for ((left, right), _) in labels.same.iter().filter(|(_, same)| **same) {
        let (left, right) = cases.as_looked_at(left, right);
        let found = by_handle.get(left).into_iter().flatten();
        let asked = wanted.entry(right).or_default();
        asked.extend(found.map(|case| (left, *case)));
    }
    let comparers = Comparer::all(model, cases);
    let found = seek(
        model,
        cases,
        list,
        run,
        &wanted,
        |right, asked, record, found| {
            for (left, case) in asked {
                found.push(((*left, *right), codes(&comparers, cases, *case, record)));
            }
        },
    )?;
    let units = Unit::all(model);
    let mut seen: Vec<Cells> = units.iter().map(|u| vec![0.0; u.cells]).collect();
    let mut met: Vec<(&str, &str)> = Vec::new();
    for (pair, codes) in found {
        met.push(pair);
        for (unit, seen) in units.iter().zip(&mut seen) {
            if let Some(seen) = seen.get_mut(unit.cell(codes)) {
                *seen += 1.0;
            }
        }
    }
    met.sort_unstable();
    met.dedup();
    let same = labels.same.values().filter(|same| **same).count() as u64;
    Ok(Labelled {
        seen,
        same: met.len() as u64,
        different: labels.same.len() as u64 - same,
        strange: same - met.len() as u64,
    })
}
