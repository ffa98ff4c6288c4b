//! How two records taken at random compare: what u is made of.
//!
//! A sample of the master list's records, the same whatever order they come in, is held against the case list.
//! A level that asks for equality is rare among random pairs, so for it every case that has the value is looked
//! at; for what is left some records are held against some cases. Where neither shows enough, a joint group
//! leans on what its comparisons would show if they were independent.

use super::cases::Cases;
use super::compare::{Comparer, Side};
use super::estimate::{independent, normalise};
use super::intern::{Strange, Words};
use super::keys::{Prober, RuleIndex};
use super::trained::{Cells, Unit};
use crate::model::{BlockingRule, How, Key, Model, Part};

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

/// How random pairs fall into the cells of a unit.
pub(crate) struct Drawn {
    /// Shares of the pairs that hold the same columns.
    pub(crate) cells: Cells,
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

struct Stratum {
    /// The comparison's place in the unit.
    at: usize,
    prober: Prober,
    index: RuleIndex,
    /// How many drawn records are held against the cases of their value.
    records: usize,
}

/// How random pairs fall into the cells of each unit.
pub(crate) fn chances(
    model: &Model,
    units: &[Unit],
    comparers: &[Comparer],
    cases: &Cases,
    drawn: &Reservoir,
) -> Vec<Drawn> {
    let one = |unit: &Unit| {
        let mut strata = strata(model, unit, cases, drawn);
        let draw = Draw {
            unit,
            comparers,
            cases,
            drawn,
        };
        draw.cells(&mut strata)
    };
    units.iter().map(one).collect()
}

fn strata(model: &Model, unit: &Unit, cases: &Cases, drawn: &Reservoir) -> Vec<Stratum> {
    let mut strata = Vec::new();
    for (at, comparison) in unit.comparisons.iter().enumerate() {
        let Some(comparison) = model.comparisons.get(*comparison) else {
            continue;
        };
        if comparison.levels.first().is_none_or(|l| l.how != How::Same) {
            continue;
        }
        let rule = BlockingRule {
            keys: vec![Key {
                column: comparison.column,
                part: Part::Whole,
            }],
            cap: None,
            then: Vec::new(),
        };
        let index = RuleIndex::build(&rule, &cases.layout, cases.words(), cases.rows());
        let mut prober = Prober::new(&rule, &cases.master);
        let (mut looked_at, mut records) = (0, 0);
        for record in &drawn.records {
            if looked_at > LOOKED_AT {
                break;
            }
            let words = Words {
                known: &cases.known,
                strange: &record.strange,
            };
            prober.probe(&index, &record.row, words, &mut |_| looked_at += 1);
            records += 1;
        }
        strata.push(Stratum {
            at,
            prober,
            index,
            records,
        });
    }
    strata
}

struct Draw<'a> {
    unit: &'a Unit,
    comparers: &'a [Comparer],
    cases: &'a Cases,
    drawn: &'a Reservoir,
}

impl Draw<'_> {
    fn cell(&self, case: u32, record: &Record) -> usize {
        let left = Side {
            row: self.cases.row(case),
            words: self.cases.words(),
        };
        let right = Side {
            row: &record.row,
            words: Words {
                known: &self.cases.known,
                strange: &record.strange,
            },
        };
        let mut cell = 0;
        for (c, radix) in self.unit.comparisons.iter().zip(&self.unit.radix) {
            let code = self.comparers.get(*c).map_or(0, |c| c.code(left, right));
            cell = cell * radix + usize::from(code);
        }
        cell
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

    fn cells(&self, strata: &mut [Stratum]) -> Drawn {
        let home: Vec<Option<usize>> = (0..self.unit.cells)
            .map(|cell| self.counted_in(strata, cell))
            .collect();
        let mut counts = vec![0.0; self.unit.cells];
        let mut met = Vec::new();
        for n in 0..strata.len() {
            let Some(stratum) = strata.get_mut(n) else {
                continue;
            };
            for record in self.drawn.records.iter().take(stratum.records) {
                let words = Words {
                    known: &self.cases.known,
                    strange: &record.strange,
                };
                met.clear();
                let Stratum { prober, index, .. } = stratum;
                prober.probe(index, &record.row, words, &mut |case| met.push(case));
                met.sort_unstable();
                met.dedup();
                for case in &met {
                    if self.cases.is_own(*case, record.hash) {
                        continue;
                    }
                    let cell = self.cell(*case, record);
                    if home.get(cell) == Some(&Some(n)) {
                        add(&mut counts, cell);
                    }
                }
            }
        }
        let cases = self.cases.len();
        let records = self.drawn.records.len();
        // As many records as cases, where both lists are long enough.
        let some_cases = cases.min((LOOKED_AT as f64).sqrt() as usize).max(1);
        let some_records = records.min(LOOKED_AT / some_cases);
        let stride = (cases / some_cases).max(1);
        let chosen: Vec<u32> = (0..some_cases)
            .map(|n| super::intern::narrow(n * stride))
            .collect();
        for record in self.drawn.records.iter().take(some_records) {
            for case in &chosen {
                if self.cases.is_own(*case, record.hash) {
                    continue;
                }
                let cell = self.cell(*case, record);
                if home.get(cell) == Some(&None) {
                    add(&mut counts, cell);
                }
            }
        }
        let blind = (some_records * some_cases).max(1) as f64;
        let looked: Vec<f64> = home
            .iter()
            .map(|home| match home.and_then(|n| strata.get(n)) {
                Some(s) => (s.records.max(1) * cases) as f64,
                None => blind,
            })
            .collect();
        let raw: Vec<f64> = counts
            .iter()
            .zip(&looked)
            .map(|(n, of)| {
                if self.unit.comparisons.len() == 1 {
                    (n + 0.5) / of
                } else {
                    n / of
                }
            })
            .collect();
        let cells = if self.unit.comparisons.len() == 1 {
            raw
        } else {
            self.leaning(&counts, &looked, &raw)
        };
        Drawn {
            cells: normalise(self.unit, cells),
        }
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
