//! What a list is like before it is linked: counts and lengths of its columns, what of them has no standard form, and how
//! many pairs a model would look at. Never gives a value.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt};

use crate::engine::cases::Cases;
use crate::engine::encode::{Encoder, Lookup, Reading, Unused};
use crate::engine::intern::Words;
use crate::engine::pairs::{Blocks, Finder};
use crate::engine::scan::{Run, scan};
use crate::engine::source::{Source, SourceFault};
use crate::engine::train::hash_of;
use crate::explain::words;
use crate::model::{Kind, Model};

/// A list's columns as they stand in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListProfile {
    /// Rows.
    pub rows: u64,
    /// The columns that were asked for.
    pub columns: Vec<ColumnProfile>,
}

/// A column of a file. Space around a text is no part of it, and a text of space alone is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnProfile {
    /// Its name.
    pub column: String,
    /// Rows that have a text.
    pub filled: u64,
    /// How many unlike texts there are.
    pub distinct: u64,
    /// In how many rows the commonest text stands.
    pub commonest: u64,
    /// Whether `distinct` is exact; else it is an estimate with a standard error of 1.6 %.
    pub distinct_exact: bool,
    /// Whether `commonest` is exact; else it may be too great, and never too small.
    pub commonest_exact: bool,
    /// The length of the shortest text, in characters.
    pub shortest: u64,
    /// Of the longest.
    pub longest: u64,
    /// The sum of all lengths.
    pub length: u64,
}

/// How the values of a list are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// Each on its own: memory grows with the values.
    Exact,
    /// In memory that does not grow: the 4,096 smallest hashes say how many there are (Bar-Yossef and others 2002), and
    /// counters that share hashes say how common the commonest is at most (Cormode and Muthukrishnan 2005).
    Bounded,
}

/// How many of the smallest hashes are kept.
const SMALLEST: usize = 4096;

/// How many counters, in each of four rows; 16 bits of a hash choose one of each.
const COUNTERS: usize = 1 << 16;
const ROWS: usize = 4;

/// The counts of one column's texts.
enum Texts {
    Exact(HashMap<u64, u64>),
    Bounded {
        smallest: BTreeSet<u64>,
        counters: Vec<u64>,
    },
}

impl Texts {
    fn new(counting: Counting) -> Self {
        match counting {
            Counting::Exact => Self::Exact(HashMap::new()),
            Counting::Bounded => Self::Bounded {
                smallest: BTreeSet::new(),
                counters: vec![0; ROWS * COUNTERS],
            },
        }
    }

    fn add(&mut self, hash: u64) {
        match self {
            Self::Exact(counts) => *counts.entry(hash).or_default() += 1,
            Self::Bounded { smallest, counters } => {
                keep(smallest, hash);
                for row in 0..ROWS {
                    let at = row * COUNTERS + (hash >> (16 * row)) as usize % COUNTERS;
                    if let Some(counter) = counters.get_mut(at) {
                        *counter += 1;
                    }
                }
            }
        }
    }

    fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Exact(all), Self::Exact(some)) => {
                for (hash, count) in some {
                    *all.entry(hash).or_default() += count;
                }
            }
            (
                Self::Bounded { smallest, counters },
                Self::Bounded {
                    smallest: some,
                    counters: counts,
                },
            ) => {
                some.into_iter().for_each(|hash| keep(smallest, hash));
                counters.iter_mut().zip(counts).for_each(|(a, s)| *a += s);
            }
            (Self::Exact(_), Self::Bounded { .. }) | (Self::Bounded { .. }, Self::Exact(_)) => {}
        }
    }

    /// How many unlike texts, and in how many rows the commonest stands; each with whether it is exact.
    fn finish(&self) -> [(u64, bool); 2] {
        match self {
            Self::Exact(counts) => {
                let most = counts.values().max().copied().unwrap_or(0);
                [(counts.len() as u64, true), (most, true)]
            }
            Self::Bounded { smallest, counters } => {
                let rows = counters.chunks(COUNTERS);
                let most = rows.filter_map(|row| row.iter().max()).min().copied();
                let distinct = match smallest.last() {
                    Some(last) if smallest.len() == SMALLEST => {
                        let below = *last as f64 / u64::MAX as f64;
                        (((SMALLEST - 1) as f64 / below).round() as u64, false)
                    }
                    _ => (smallest.len() as u64, true),
                };
                [distinct, (most.unwrap_or(0), false)]
            }
        }
    }
}

fn keep(smallest: &mut BTreeSet<u64>, hash: u64) {
    let full = smallest.len() == SMALLEST;
    if full && smallest.last().is_some_and(|last| hash >= *last) {
        return;
    }
    if smallest.insert(hash) && full {
        smallest.pop_last();
    }
}

/// One column while its rows are read.
struct Counted {
    texts: Texts,
    filled: u64,
    shortest: u64,
    longest: u64,
    length: u64,
}

impl Counted {
    fn new(counting: Counting) -> Self {
        Self {
            texts: Texts::new(counting),
            filled: 0,
            shortest: u64::MAX,
            longest: 0,
            length: 0,
        }
    }

    fn add(&mut self, text: &str) {
        let length = text.chars().count() as u64;
        self.texts.add(hash_of(text));
        self.filled += 1;
        self.shortest = self.shortest.min(length);
        self.longest = self.longest.max(length);
        self.length += length;
    }

    fn merge(&mut self, other: Self) {
        self.texts.merge(other.texts);
        self.filled += other.filled;
        self.shortest = self.shortest.min(other.shortest);
        self.longest = self.longest.max(other.longest);
        self.length += other.length;
    }

    fn finish(self, column: String) -> ColumnProfile {
        let [(distinct, distinct_exact), (commonest, commonest_exact)] = self.texts.finish();
        ColumnProfile {
            column,
            filled: self.filled,
            distinct,
            commonest,
            distinct_exact,
            commonest_exact,
            shortest: if self.filled == 0 { 0 } else { self.shortest },
            longest: self.longest,
            length: self.length,
        }
    }
}

/// Counts columns of a list.
///
/// # Errors
/// [`SourceFault`] when it cannot be read or lacks a column.
pub fn profile(
    list: &dyn Source,
    columns: &[String],
    counting: Counting,
    run: Run,
) -> Result<ListProfile, SourceFault> {
    let new = || -> Vec<Counted> { columns.iter().map(|_| Counted::new(counting)).collect() };
    let workers = scan(
        list,
        columns,
        run,
        || (0_u64, new()),
        |(rows, counted), batch| {
            *rows += batch.rows() as u64;
            for (column, counted) in counted.iter_mut().enumerate() {
                let texts = (0..batch.rows()).filter_map(|row| batch.text(column, row));
                texts
                    .map(str::trim)
                    .filter(|text| !text.is_empty())
                    .for_each(|text| counted.add(text));
            }
            Ok(())
        },
    )?;
    let (mut rows, mut all) = (0, new());
    for (some, counted) in workers {
        rows += some;
        all.iter_mut().zip(counted).for_each(|(a, c)| a.merge(c));
    }
    let columns = all.into_iter().zip(columns);
    Ok(ListProfile {
        rows,
        columns: columns.map(|(c, name)| c.finish(name.clone())).collect(),
    })
}

/// Two lists under a model that need not be trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelProfile {
    /// The model's columns in the case list.
    pub left: Vec<ValueProfile>,
    /// The same in the master list.
    pub right: Vec<ValueProfile>,
    /// Each blocking rule in words, with the pairs that it looks at.
    pub rules: Vec<(String, u64)>,
    /// The pairs that any rule looks at.
    pub pairs: u64,
    /// What of the rules is not as it stands in the model, in words.
    pub doubts: Vec<String>,
}

/// A column of a model, in one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueProfile {
    /// Its name in the model.
    pub column: String,
    /// Records.
    pub records: u64,
    /// Records with a value that can be compared.
    pub filled: u64,
    /// Values, whether they can be compared or not.
    pub values: u64,
    /// Values that have no standard form.
    pub unusable: u64,
    /// Of dates: those of a first of January, which often stand for an unknown day.
    pub default_days: Option<u64>,
}

impl ValueProfile {
    fn all(model: &Model) -> Vec<Self> {
        let columns = model.columns.iter();
        columns
            .map(|c| Self {
                column: c.name.clone(),
                records: 0,
                filled: 0,
                values: 0,
                unusable: 0,
                default_days: (c.kind == Kind::Date).then_some(0),
            })
            .collect()
    }

    /// One record's row.
    fn add(&mut self, place: crate::engine::encode::Place, row: &[u32]) {
        let values = place.values(row).count() as u64;
        self.records += 1;
        self.values += values;
        self.filled += u64::from(values > 0);
        if let Some(days) = &mut self.default_days {
            let first = |slot: &&[u32]| slot.first().is_some_and(|d| d & 0xffff == 0x0101);
            *days += place.values(row).filter(first).count() as u64;
        }
    }

    fn lost(&mut self, unused: &Unused) {
        self.values += unused.unusable + unused.beyond;
        self.unusable += unused.unusable;
    }

    fn merge(&mut self, other: &Self) {
        self.records += other.records;
        self.filled += other.filled;
        self.values += other.values;
        self.unusable += other.unusable;
        if let (Some(all), Some(some)) = (&mut self.default_days, other.default_days) {
            *all += some;
        }
    }
}

/// What a model finds in two lists, before it is trained.
///
/// # Errors
/// [`SourceFault`] when the master list cannot be read.
pub fn profile_under(
    model: &Model,
    cases: &Cases,
    list: &dyn Source,
    run: Run,
) -> Result<ModelProfile, SourceFault> {
    let blocks = Blocks::build(model.blocking.iter().collect(), cases);
    let reading = Reading::new(&model.id.right, model, |c| &c.from.right);
    let workers = scan(
        list,
        &reading.columns,
        run,
        || Worker {
            encoder: Encoder::new(model, &cases.layout, &reading),
            lookup: Lookup::new(&cases.known),
            finder: Finder::new(&blocks, cases),
            row: vec![0; cases.layout.words],
            values: ValueProfile::all(model),
            met: BTreeMap::new(),
        },
        |w, batch| {
            for at in 0..batch.rows() {
                w.lookup.strange.clear();
                w.encoder.encode(batch, at, &mut w.lookup, &mut w.row);
                for (value, place) in w.values.iter_mut().zip(&cases.layout.places) {
                    value.add(*place, &w.row);
                }
                let words = Words {
                    known: &cases.known,
                    strange: &w.lookup.strange,
                };
                let before = cases.before(hash_of(batch.text(0, at).unwrap_or_default()));
                let met = &mut w.met;
                w.finder.find(&w.row, words, &mut |case, mask| {
                    if case < before {
                        *met.entry(mask).or_default() += 1;
                    }
                });
            }
            Ok(())
        },
    )?;
    let mut right = ValueProfile::all(model);
    let mut met = BTreeMap::<u32, u64>::new();
    for mut w in workers {
        for (value, unused) in w.values.iter_mut().zip(&w.encoder.unused) {
            value.lost(unused);
        }
        right
            .iter_mut()
            .zip(&w.values)
            .for_each(|(a, s)| a.merge(s));
        for (mask, pairs) in w.met {
            *met.entry(mask).or_default() += pairs;
        }
    }
    let mut left = ValueProfile::all(model);
    for row in cases.rows() {
        for (value, place) in left.iter_mut().zip(&cases.layout.places) {
            value.add(*place, row);
        }
    }
    for (value, unused) in left.iter_mut().zip(&cases.unused) {
        value.lost(unused);
    }
    let rules = (0..).zip(&model.blocking).map(|(n, rule)| {
        let mine = met.iter().filter(|(mask, _)| *mask >> n & 1 == 1);
        (words::rule(model, rule), mine.map(|(_, pairs)| pairs).sum())
    });
    Ok(ModelProfile {
        rules: rules.collect(),
        pairs: met.values().sum(),
        doubts: blocks.doubts(),
        left,
        right,
    })
}

struct Worker<'a> {
    encoder: Encoder<'a>,
    lookup: Lookup<'a>,
    finder: Finder<'a>,
    row: Vec<u32>,
    values: Vec<ValueProfile>,
    /// Pairs by the rules that they meet.
    met: BTreeMap<u32, u64>,
}
