//! How many pairs of two whole lists have one value: the chance of equality, exactly (Fellegi and Sunter 1969). Each
//! record of the master list asks how many cases have its value, so nothing is compared.

use foldhash::{HashMap, HashMapExt};

use super::cases::Cases;
use super::encode::Place;
use super::intern::narrow;
use super::keys::whole;
use super::trained::Unit;
use crate::model::{How, Model};

/// How many combinations of frequent values are remembered.
const REMEMBERED: usize = 1 << 16;

/// Combinations of values that so many cases have are remembered, and the cases counted once for all records.
const FREQUENT: usize = 256;

/// A comparison whose first level asks for equality, and the cases by their values.
pub(crate) struct Equality {
    column: usize,
    /// In the rows of the master list.
    place: Place,
    /// By value: from where to where its cases stand.
    values: HashMap<u64, (u32, u32)>,
    cases: Vec<u32>,
    /// How many cases have a value.
    held: u64,
}

impl Equality {
    /// One for each comparison of a model; none where its first level asks for something else.
    pub(crate) fn all(model: &Model, cases: &Cases) -> Vec<Option<Self>> {
        let of = |c: &crate::model::ColumnComparison| {
            let asks = c.levels.first().is_some_and(|l| l.how == How::Same);
            let place = *cases.layout.places.get(c.column).filter(|_| asks)?;
            let mut pairs = Vec::new();
            let mut held = 0;
            for (case, row) in (0_u32..).zip(cases.rows()) {
                held += u64::from(!place.is_empty(row));
                let slots = place.values(row);
                let values = slots.filter_map(|slot| whole(place.kind, slot));
                pairs.extend(values.map(|value| (value, case)));
            }
            pairs.sort_unstable();
            pairs.dedup();
            let mut values = HashMap::new();
            let mut from = 0;
            for group in pairs.chunk_by(|a, b| a.0 == b.0) {
                if let Some((value, _)) = group.first() {
                    values.insert(*value, (narrow(from), narrow(from + group.len())));
                }
                from += group.len();
            }
            Some(Self {
                column: c.column,
                place: *cases.master.places.get(c.column)?,
                values,
                cases: pairs.into_iter().map(|(_, case)| case).collect(),
                held,
            })
        };
        model.comparisons.iter().map(of).collect()
    }

    /// Calls `each` with every run of cases that have a value of a record.
    fn runs(&self, row: &[u32], each: impl FnMut((u32, u32))) {
        let values = self.place.values(row);
        let values = values.filter_map(|slot| whole(self.place.kind, slot));
        let runs = values.filter_map(|value| self.values.get(&value));
        runs.copied().for_each(each);
    }

    fn run(&self, (from, to): (u32, u32)) -> &[u32] {
        self.cases
            .get(from as usize..to as usize)
            .unwrap_or_default()
    }

    /// Replaces `out` by the cases that have a value of a record, each once.
    pub(crate) fn cases_of(&self, row: &[u32], out: &mut Vec<u32>) {
        out.clear();
        self.runs(row, |run| out.extend(self.run(run)));
        out.sort_unstable();
        out.dedup();
    }
}

/// Counts for one comparison.
pub(crate) struct Counter<'a> {
    equality: &'a Equality,
    /// Records that have a value.
    held: u64,
    pairs: u64,
    /// How many records have each combination of several frequent values: a case that has two of them is one.
    several: HashMap<Box<[(u32, u32)]>, u64>,
    runs: Vec<(u32, u32)>,
    met: Vec<u32>,
}

impl<'a> Counter<'a> {
    /// One for each comparison that asks for equality and is weighed alone. Of a joint group nothing is counted: it would
    /// say how often one column is equal, and not with which of the others.
    pub(crate) fn all(units: &[Unit], equalities: &'a [Option<Equality>]) -> Vec<Self> {
        let of = |equality: &'a Equality| Self {
            equality,
            held: 0,
            pairs: 0,
            several: HashMap::new(),
            runs: Vec::new(),
            met: Vec::new(),
        };
        let alone = units.iter().filter_map(|unit| match *unit.comparisons {
            [only] => equalities.get(only)?.as_ref(),
            _ => None,
        });
        alone.map(of).collect()
    }

    /// The column that is counted.
    pub(crate) fn column(&self) -> usize {
        self.equality.column
    }

    /// Counts a record of the master list.
    pub(crate) fn count(&mut self, row: &[u32]) {
        self.held += u64::from(!self.equality.place.is_empty(row));
        self.runs.clear();
        let runs = &mut self.runs;
        self.equality.runs(row, |run| runs.push(run));
        let many = |(from, to): &(u32, u32)| (to - from) as usize;
        let all: usize = self.runs.iter().map(many).sum();
        if self.runs.len() < 2 {
            self.pairs += all as u64;
        } else if all < FREQUENT {
            self.pairs += Self::cases(self.equality, &self.runs, &mut self.met);
        } else {
            self.runs.sort_unstable();
            self.runs.dedup();
            match self.several.get_mut(self.runs.as_slice()) {
                Some(records) => *records += 1,
                None => {
                    self.several.insert(self.runs.as_slice().into(), 1);
                }
            }
            if self.several.len() >= REMEMBERED {
                self.settle();
            }
        }
    }

    /// How many cases are in some runs.
    fn cases(equality: &Equality, runs: &[(u32, u32)], met: &mut Vec<u32>) -> u64 {
        met.clear();
        runs.iter().for_each(|run| met.extend(equality.run(*run)));
        met.sort_unstable();
        met.dedup();
        met.len() as u64
    }

    fn settle(&mut self) {
        for (runs, records) in self.several.drain() {
            self.pairs += records * Self::cases(self.equality, &runs, &mut self.met);
        }
    }

    /// What all threads counted.
    pub(crate) fn merge(&mut self, other: Self) {
        self.held += other.held;
        self.pairs += other.pairs;
        for (runs, records) in other.several {
            *self.several.entry(runs).or_default() += records;
        }
    }

    /// What was counted of both lists. Where the list is compared with itself, no record is with itself.
    pub(crate) fn end(mut self, cases: &Cases) -> Equal {
        self.settle();
        let own = if cases.is_of_one_list() { self.held } else { 0 };
        Equal {
            column: self.equality.column,
            pairs: self.pairs.saturating_sub(own) as f64,
            of: self.equality.held as f64 * self.held as f64 - own as f64,
        }
    }
}

/// The pairs of two lists whose values are equal.
pub(crate) struct Equal {
    column: usize,
    pub(crate) pairs: f64,
    /// Of so many that hold a value each.
    pub(crate) of: f64,
}

impl Equal {
    /// That of a comparison.
    pub(crate) fn of<'e>(equality: &Equality, all: &'e [Self]) -> Option<&'e Self> {
        all.iter().find(|e| e.column == equality.column)
    }
}
