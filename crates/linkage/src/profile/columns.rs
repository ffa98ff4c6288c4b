//! The columns of a list, counted as they stand in its file.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt};

use crate::engine::scan::{Run, scan};
use crate::engine::source::{Source, SourceFault};
use crate::engine::train::hash_of;

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
