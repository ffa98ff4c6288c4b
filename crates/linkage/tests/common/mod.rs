//! Lists of synthetic people in memory, made with known probabilities.
#![allow(dead_code, reason = "each test file uses its part")]

use linkage::{Batch, Run, Source, SourceFault};

/// A model of these lists.
pub(crate) const MODEL: &str = "\
linkage: 1
name: small
id: id
columns:
  given: { kind: name, from: given }
  family: { kind: name, from: family }
  born: { kind: date, from: born }
  town: { kind: text, from: town }
blocking:
  - born
  - [given.word, family.sound]
  - town
comparisons:
  given: { levels: [same, variant, close], term-frequency: true }
  family: { levels: [same, variant, close], term-frequency: true }
  born: [same, swapped, one-digit, same-year]
  town: [same, like 0.9]
decide:
  review: 0.5
  keep: 50
  strong:
    - { given: close, family: close, born: same }
";

/// id, given, family, born, town.
pub(crate) type Row = [String; 5];

pub(crate) struct List {
    rows: Vec<Row>,
    part: usize,
}

struct Part<'a> {
    rows: &'a [Row],
    places: Vec<usize>,
}

impl Batch for Part<'_> {
    fn rows(&self) -> usize {
        self.rows.len()
    }
    fn text(&self, column: usize, row: usize) -> Option<&str> {
        Some(self.rows[row][self.places[column]].as_str()).filter(|t| !t.is_empty())
    }
}

impl Source for List {
    fn parts(&self) -> usize {
        self.rows.len().div_ceil(self.part)
    }
    fn read(
        &self,
        part: usize,
        columns: &[String],
        each: &mut dyn FnMut(&dyn Batch) -> Result<(), SourceFault>,
    ) -> Result<(), SourceFault> {
        let names = ["id", "given", "family", "born", "town"];
        let places = columns
            .iter()
            .map(|c| names.iter().position(|n| n == c).unwrap());
        let from = part * self.part;
        let to = (from + self.part).min(self.rows.len());
        each(&Part {
            rows: &self.rows[from..to],
            places: places.collect(),
        })
    }
}

impl List {
    pub(crate) fn of(rows: Vec<Row>) -> Self {
        Self { rows, part: 500 }
    }
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }
    pub(crate) fn cut(&self, part: usize) -> Self {
        Self {
            rows: self.rows.clone(),
            part,
        }
    }
    pub(crate) fn reversed(&self) -> Self {
        let mut rows = self.rows.clone();
        rows.reverse();
        Self { rows, part: 1000 }
    }
    pub(crate) fn and(&self, other: &Self) -> Self {
        let rows = self.rows.iter().chain(&other.rows).cloned().collect();
        Self { rows, part: 300 }
    }
    pub(crate) fn with_double_of(&self, id: &str) -> Self {
        let mut rows = self.rows.clone();
        let mut double = rows.iter().find(|r| r[0] == id).unwrap().clone();
        double[0] = format!("{id}-again");
        rows.push(double);
        Self { rows, part: 1000 }
    }
    /// How often a random pair has one value in this column, of pairs that hold it.
    pub(crate) fn chance(&self, other: &Self, column: usize) -> f64 {
        let held = |list: &Self| -> Vec<String> {
            let values = list.rows.iter().map(|r| r[column].clone());
            values.filter(|v| !v.is_empty()).collect()
        };
        let (left, right) = (held(self), held(other));
        let mut count = std::collections::HashMap::<&str, f64>::new();
        for v in &right {
            *count.entry(v).or_default() += 1.0;
        }
        let equal: f64 = left.iter().filter_map(|v| count.get(v.as_str())).sum();
        equal / (left.len() as f64 * right.len() as f64)
    }
}

pub(crate) fn quiet(threads: usize) -> Run<'static> {
    Run {
        threads,
        progress: &|_| true,
    }
}

struct Lot(u64);

impl Lot {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    fn chance(&mut self, of_1000: u64) -> bool {
        self.below(1000) < of_1000
    }
    /// One of so many words.
    fn word(&mut self, kind: &str, of: u64) -> String {
        // The lower of two draws: some words are more common than others.
        let n = self.below(of).min(self.below(of));
        unlike(kind, n as usize)
    }
}

/// A word for a number, that sounds like that of no other: a syllable for each digit.
pub(crate) fn unlike(kind: &str, n: usize) -> String {
    let syllables = ["ba", "di", "fu", "ge", "ka", "lo", "mi", "na", "pe", "ra"];
    let digits = format!("{n:03}");
    let named = digits.bytes().map(|d| syllables[usize::from(d - b'0')]);
    format!("{kind}{}", named.collect::<String>())
}

/// Two lists of `left` and `right` records, drawn from people of whom the first half of the left list are in both,
/// and the pairs of handles that are of one person. Each list writes a given name otherwise for 5 of 100, a family
/// name for 5 of 100, another day for 3 of 100 and another town for 8 of 100, and lacks the town of 5 of 100.
pub(crate) fn two_lists(
    seed: u64,
    left: usize,
    right: usize,
    days: u64,
) -> (List, List, Vec<(String, String)>) {
    made(seed, left, right, |lot| {
        let (born, of) = (day(lot, days), String::new());
        let names = (lot.word("s", 300), lot.word("t", 900));
        [of, names.0, names.1, born, lot.word("v", 200)]
    })
}

/// The same of people whose names go together: given and family names are of one of `traditions`, each with its own.
pub(crate) fn two_lists_of(
    traditions: u64,
    seed: u64,
    left: usize,
    right: usize,
) -> (List, List, Vec<(String, String)>) {
    made(seed, left, right, |lot| {
        let (born, of) = (day(lot, 20_000), String::new());
        let here = lot.below(traditions);
        let names = (
            unlike("s", (here * 12 + lot.below(12)) as usize),
            unlike("t", (here * 12 + lot.below(12)) as usize),
        );
        [of, names.0, names.1, born, lot.word("v", 200)]
    })
}

fn day(lot: &mut Lot, days: u64) -> String {
    let day = lot.below(days.min(20_000));
    let (year, rest) = (1940 + day / 336 % 60, day % 336);
    format!("{year}-{:02}-{:02}", rest / 28 + 1, rest % 28 + 1)
}

fn made(
    seed: u64,
    left: usize,
    right: usize,
    person: impl Fn(&mut Lot) -> Row,
) -> (List, List, Vec<(String, String)>) {
    let mut lot = Lot(seed);
    let written = |lot: &mut Lot, of: &Row, id: String| -> Row {
        let mut row = of.clone();
        let other = person(lot);
        row[0] = id;
        for (column, of_1000) in [(1, 50), (2, 50), (3, 30), (4, 80)] {
            if lot.chance(of_1000) {
                row[column] = other[column].clone();
            }
        }
        if lot.chance(50) {
            row[4] = String::new();
        }
        row
    };
    let shared = left / 2;
    let (mut lefts, mut rights, mut truth) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..left.max(right) {
        let of = person(&mut lot);
        let (l, r) = (format!("L{n}"), format!("R{n}"));
        if n < left {
            lefts.push(written(&mut lot, &of, l.clone()));
        }
        let other = if n < shared { of } else { person(&mut lot) };
        if n < right {
            rights.push(written(&mut lot, &other, r.clone()));
            if n < shared {
                truth.push((l, r));
            }
        }
    }
    let list = |rows| List { rows, part: 500 };
    (list(lefts), list(rights), truth)
}
