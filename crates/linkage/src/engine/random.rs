//! How two records taken at random compare: what u is made of.
//!
//! Where both lists have few distinct values, each is held against each, and all is exact ([`distinct`](super::distinct)).
//! Else how often two values are equal is exact ([`equal`](super::equal)), and a sample of the master list's records, the
//! same whatever order they come in, is held against some cases for the rest. Of a joint group, where one column is equal,
//! the sample is held against every case that has the value, for such pairs are rare; where it shows too little, the group
//! leans on what its comparisons would show if they were independent.

use super::cases::Cases;
use super::compare::{Comparer, Side};
use super::distinct::{Distinct, Values};
use super::equal::{Equal, Equality};
use super::estimate::{independent, normalise};
use super::intern::{Strange, Words};
use super::train::cell_of;
use super::trained::{Cells, Unit};

/// How many master records are drawn.
const DRAWN: usize = 20_000;

/// How many pairs are looked at for one column's equal values, and for records held against cases blindly.
const LOOKED_AT: usize = 400_000;

/// A record of the sample.
struct Record {
    hash: u64,
    row: Box<[u32]>,
    strange: Strange,
}

/// The records with the smallest hashes.
#[derive(Default)]
pub(crate) struct Reservoir {
    records: Vec<Record>,
    /// No record above it can be among them; 0 while all can.
    bound: u64,
}

impl Reservoir {
    /// Whether a record of this hash can be among them.
    pub(crate) fn takes(&self, hash: u64) -> bool {
        self.bound == 0 || hash <= self.bound
    }

    /// A record that it [`takes`](Self::takes).
    pub(crate) fn offer(&mut self, hash: u64, row: &[u32], strange: &Strange) {
        self.records.push(Record {
            hash,
            row: row.into(),
            strange: strange.clone(),
        });
        if self.records.len() >= 2 * DRAWN {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.records.sort_unstable_by_key(|r| r.hash);
        self.records.truncate(DRAWN);
        if self.records.len() == DRAWN {
            self.bound = self.records.last().map_or(0, |r| r.hash);
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.records.extend(other.records);
        self.cut();
    }

    pub(crate) fn finish(mut self) -> Self {
        self.cut();
        self
    }
}

/// What the u of a level, or of a combination of levels, rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// All pairs of both lists.
    Exact,
    /// So many pairs, drawn by the hash of their handles: the same in every run.
    Sampled(u64),
}

/// How random pairs fall into the cells of a unit.
pub(crate) struct Drawn {
    /// Shares of the pairs that hold the same columns.
    pub(crate) cells: Cells,
    /// What each rests on.
    pub(crate) basis: Vec<Basis>,
}

impl Drawn {
    /// u: the random pairs less the matches among them. It is no smaller than half of what independence shows, for a cell
    /// that is nearly all matches says little of the rest.
    pub(crate) fn less(&self, unit: &Unit, m: &[f64], lambda: f64) -> Cells {
        let apart = normalise(unit, independent(unit, &self.cells, 0.0));
        let cells = self.cells.iter().zip(m).zip(&apart).map(|((q, m), apart)| {
            let rest = (q - lambda * m) / (1.0 - lambda);
            let least = if unit.comparisons.len() > 1 {
                0.5 * apart.min(*q)
            } else {
                0.05 * q
            };
            rest.max(least).max(1e-12)
        });
        normalise(unit, cells.collect())
    }
}

/// What is known of both lists.
pub(crate) struct Lists<'a> {
    pub(crate) comparers: &'a [Comparer],
    pub(crate) cases: &'a Cases,
    /// By comparison.
    pub(crate) equalities: &'a [Option<Equality>],
    pub(crate) equal: &'a [Equal],
    pub(crate) drawn: &'a Reservoir,
}

impl Lists<'_> {
    /// How random pairs fall into the cells of a unit, of which these are the distinct values, where they are few.
    pub(crate) fn chances(&self, unit: &Unit, distinct: Option<(&Distinct, &Values)>) -> Drawn {
        let draw = Draw { of: self, unit };
        match (distinct, unit.comparisons.as_slice()) {
            (Some((distinct, values)), _) => {
                let (counts, all) = distinct.cells(unit, self.comparers, self.cases, values);
                draw.exact(&counts, all)
            }
            (None, [only]) => draw.alone(*only),
            (None, _) => draw.together(),
        }
    }

    fn words<'r>(&'r self, record: &'r Record) -> Words<'r> {
        Words {
            known: &self.cases.known,
            strange: &record.strange,
        }
    }
}

/// A comparison of a joint group whose equal values are looked at, for they are rare.
struct Stratum<'a> {
    /// The comparison's place in the unit.
    at: usize,
    equality: &'a Equality,
    /// How many drawn records are held against the cases of their value.
    records: usize,
}

struct Draw<'a> {
    of: &'a Lists<'a>,
    unit: &'a Unit,
}

impl<'a> Draw<'a> {
    fn cell(&self, case: u32, record: &Record) -> usize {
        let right = Side {
            row: &record.row,
            words: self.of.words(record),
        };
        cell_of(self.unit, self.of.comparers, self.of.cases, case, right)
    }

    fn exact(&self, counts: &[f64], all: f64) -> Drawn {
        let all = all.max(1.0);
        let shares: Cells = match self.unit.comparisons.len() {
            // A level that no pair has is not impossible: half a pair has it.
            1 => counts.iter().map(|n| n.max(0.5) / all).collect(),
            _ => {
                let raw: Cells = counts.iter().map(|n| n / all).collect();
                self.leaning(counts, &vec![all; counts.len()], &raw)
            }
        };
        Drawn {
            cells: normalise(self.unit, shares),
            basis: vec![Basis::Exact; counts.len()],
        }
    }

    /// Of a comparison by itself.
    fn alone(&self, comparison: usize) -> Drawn {
        let asked = self.of.equalities.get(comparison).and_then(Option::as_ref);
        let equal = asked.and_then(|e| Equal::of(e, self.of.equal));
        let (mut counts, _) = self.blindly();
        let other = if equal.is_some() { 2 } else { 1 };
        let seen: f64 = counts.iter().skip(other).sum();
        let mut basis = vec![Basis::Sampled(seen as u64); counts.len()];
        let share = equal.map_or(0.0, |e| e.pairs.max(0.5) / e.of.max(1.0));
        let rest: f64 = counts.iter().skip(other).map(|n| n + 0.5).sum();
        for count in counts.iter_mut().skip(other) {
            *count = (1.0 - share) * (*count + 0.5) / rest;
        }
        if let (Some(_), [_, same, ..], [_, of_same, ..]) =
            (equal, counts.as_mut_slice(), basis.as_mut_slice())
        {
            (*same, *of_same) = (share, Basis::Exact);
        }
        if let Some(missing) = counts.first_mut() {
            *missing = 1.0;
        }
        Drawn {
            cells: normalise(self.unit, counts),
            basis,
        }
    }

    /// Of comparisons that are weighed together.
    fn together(&self) -> Drawn {
        let strata = self.strata();
        let home: Vec<Option<usize>> = (0..self.unit.cells)
            .map(|cell| self.counted_in(&strata, cell))
            .collect();
        let (mut counts, blind) = self.blindly();
        for (count, home) in counts.iter_mut().zip(&home) {
            if home.is_some() {
                *count = 0.0;
            }
        }
        let mut met = Vec::new();
        let mut looked_at = vec![0_u64; strata.len()];
        for ((n, stratum), looked_at) in strata.iter().enumerate().zip(&mut looked_at) {
            for record in self.of.drawn.records.iter().take(stratum.records) {
                stratum.equality.cases_of(&record.row, &mut met);
                for case in &met {
                    if self.of.cases.is_own(*case, record.hash) {
                        continue;
                    }
                    *looked_at += 1;
                    let cell = self.cell(*case, record);
                    if home.get(cell) == Some(&Some(n)) {
                        add(&mut counts, cell);
                    }
                }
            }
        }
        let of = |home: &Option<usize>| home.and_then(|n| strata.get(n).zip(looked_at.get(n)));
        let looked: Vec<f64> = home
            .iter()
            .map(|home| match of(home) {
                Some((stratum, _)) => (stratum.records.max(1) * self.of.cases.len()) as f64,
                None => blind as f64,
            })
            .collect();
        let raw: Vec<f64> = counts.iter().zip(&looked).map(|(n, of)| n / of).collect();
        let basis = home.iter();
        let basis = basis.map(|h| Basis::Sampled(of(h).map_or(blind, |(_, looked_at)| *looked_at)));
        Drawn {
            cells: normalise(self.unit, self.leaning(&counts, &looked, &raw)),
            basis: basis.collect(),
        }
    }

    fn strata(&self) -> Vec<Stratum<'a>> {
        let mut strata = Vec::new();
        for (at, comparison) in self.unit.comparisons.iter().enumerate() {
            let asked = self.of.equalities.get(*comparison).and_then(Option::as_ref);
            let Some(equality) = asked else {
                continue;
            };
            let (mut looked_at, mut records) = (0, 0);
            let mut met = Vec::new();
            for record in &self.of.drawn.records {
                if looked_at > LOOKED_AT {
                    break;
                }
                equality.cases_of(&record.row, &mut met);
                looked_at += met.len();
                records += 1;
            }
            strata.push(Stratum {
                at,
                equality,
                records,
            });
        }
        strata
    }

    /// The stratum that a cell is counted in: of those whose values are equal in it, the one of most records.
    fn counted_in(&self, strata: &[Stratum], cell: usize) -> Option<usize> {
        let codes = self.unit.codes(cell);
        let equal = strata
            .iter()
            .enumerate()
            .filter(|(_, s)| codes.get(s.at) == Some(&1));
        equal
            .max_by_key(|(n, s)| (s.records, usize::MAX - n))
            .map(|(n, _)| n)
    }

    /// Some records held against some cases: by cell, and how many pairs. As many records as cases, where both lists are
    /// long enough.
    fn blindly(&self) -> (Cells, u64) {
        let mut counts = vec![0.0; self.unit.cells];
        let cases = self.of.cases.len();
        let drawn = &self.of.drawn.records;
        let some_cases = cases.min((LOOKED_AT as f64).sqrt() as usize).max(1);
        let some_records = drawn.len().min(LOOKED_AT / some_cases);
        let stride = (cases / some_cases).max(1);
        let chosen: Vec<u32> = (0..some_cases)
            .map(|n| super::intern::narrow(n * stride))
            .collect();
        for record in drawn.iter().take(some_records) {
            for case in &chosen {
                if !self.of.cases.is_own(*case, record.hash) {
                    add(&mut counts, self.cell(*case, record));
                }
            }
        }
        (counts, (some_records * some_cases).max(1) as u64)
    }

    /// The share that was seen, leaning by one pair's worth on what independence would show: a cell that was not seen
    /// and would hardly have been is taken to be as independence has it.
    fn leaning(&self, counts: &[f64], looked: &[f64], raw: &[f64]) -> Cells {
        let codes: Vec<Vec<usize>> = (0..self.unit.cells).map(|c| self.unit.codes(c)).collect();
        let mut sums: Vec<Vec<f64>> = self.unit.radix.iter().map(|r| vec![0.0; *r]).collect();
        for ((codes, q), looked) in codes.iter().zip(raw).zip(looked) {
            for (sums, code) in sums.iter_mut().zip(codes) {
                if let Some(sum) = sums.get_mut(*code) {
                    *sum += q.max(1e-3 / looked);
                }
            }
        }
        let cells = codes
            .iter()
            .zip(counts)
            .zip(looked)
            .map(|((codes, n), looked)| {
                let each = codes.iter().zip(&sums);
                let apart: f64 = each.filter_map(|(code, sums)| sums.get(*code)).product();
                let weight = n + looked * apart;
                (weight * n / looked + apart) / (weight + 1.0)
            });
        cells.collect()
    }
}

fn add(counts: &mut [f64], cell: usize) {
    if let Some(count) = counts.get_mut(cell) {
        *count += 1.0;
    }
}
