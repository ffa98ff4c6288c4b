//! Counts as a statement that is shared may say them (RPT-08): none from 1 to 4 is shown or can be worked out. Nought is
//! told: nobody is in it.
//!
//! A count is a range: of one number where it may be told, of all that it could be as far as a reader can work out
//! where it may not. Rates are those of the ranges, so they tell no more than the counts beside them.

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use super::interval::{Rate, f1, wilson};

/// Below this a count is not told.
const LEAST: u64 = 5;

fn is_small(count: u64) -> bool {
    (1..LEAST).contains(&count)
}

/// What a reader is told of a count: it lies between these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// At least.
    pub from: u64,
    /// At most.
    pub to: u64,
}

impl Shown {
    /// A count that stands alone.
    pub fn of(count: u64) -> Self {
        if is_small(count) {
            Self {
                from: 1,
                to: LEAST - 1,
            }
        } else {
            Self::exactly(count)
        }
    }

    /// A count whose difference from others could be a small one: its block of five.
    pub fn block(count: u64) -> Self {
        Self::in_block(count, LEAST)
    }

    /// A count of records of which each pair has two: its block of ten, so that the pairs are in blocks of five.
    pub(super) fn wide_block(count: u64) -> Self {
        Self::in_block(count, 2 * LEAST)
    }

    fn in_block(count: u64, width: u64) -> Self {
        let from = count / width * width;
        Self {
            from,
            to: from + width - 1,
        }
    }

    pub(super) fn exactly(count: u64) -> Self {
        Self {
            from: count,
            to: count,
        }
    }

    fn up_to(self, to: u64) -> Self {
        Self { to, ..self }
    }

    /// The count, where it is told.
    pub fn exact(self) -> Option<u64> {
        (self.from == self.to).then_some(self.from)
    }

    /// Both together.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            from: self.from + other.from,
            to: self.to + other.to,
        }
    }

    /// What is left of this when `other`, a part of it, is taken away.
    pub fn less(self, other: Self) -> Self {
        Self {
            from: self.from.saturating_sub(other.to),
            to: self.to.saturating_sub(other.from),
        }
    }

    fn says(self) -> String {
        match (self.from, self.to) {
            (from, to) if from == to => from.to_string(),
            (0 | 1, to) if to < LEAST => "fewer than 5".to_owned(),
            (from, to) => format!("{from} to {to}"),
        }
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Shown", 3)?;
        fields.serialize_field("from", &self.from)?;
        fields.serialize_field("to", &self.to)?;
        fields.serialize_field("says", &self.says())?;
        fields.end()
    }
}

/// A rate of shown counts: one value where they are told, else all that it could be; and its 95 % interval, from the
/// lower end at worst to the upper end at best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShownRate {
    /// At least.
    pub from: f64,
    /// At most.
    pub to: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
}

impl ShownRate {
    fn between(worst: Option<Rate>, best: Option<Rate>) -> Option<Self> {
        let (worst, best) = (worst?, best?);
        Some(Self {
            from: worst.value,
            to: best.value,
            low: worst.low,
            high: best.high,
        })
    }

    /// Of so many right and so many wrong; none where both are too few to say anything.
    pub fn share(right: Shown, wrong: Shown) -> Option<Self> {
        if right.to < LEAST && wrong.to < LEAST {
            return None;
        }
        Self::between(
            wilson(right.from, right.from + wrong.to),
            wilson(right.to, right.to + wrong.from),
        )
    }

    /// Recall: the right ones of all that are true.
    pub fn recall(right: Shown, all: u64) -> Option<Self> {
        Self::between(wilson(right.from, all), wilson(right.to.min(all), all))
    }

    /// F1 of links against all that are true.
    pub fn f1(right: Shown, wrong: Shown, all: u64) -> Option<Self> {
        let best = right.to.min(all);
        Self::between(
            f1(right.from, wrong.to, all.saturating_sub(right.from)),
            f1(best, wrong.from, all - best),
        )
    }

    /// Halfway, for a drawing.
    pub fn middle(self) -> f64 {
        f64::midpoint(self.from, self.to)
    }

    fn says(self) -> String {
        let percent = |rate: f64| format!("{:.2}", rate * 100.0);
        let (from, to) = (percent(self.from), percent(self.to));
        let interval = format!("{} to {}", percent(self.low), percent(self.high));
        if from == to {
            format!("{from} % ({interval})")
        } else {
            format!("{from} to {to} % ({interval})")
        }
    }
}

impl Serialize for ShownRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("ShownRate", 5)?;
        fields.serialize_field("from", &rounded(self.from))?;
        fields.serialize_field("to", &rounded(self.to))?;
        fields.serialize_field("low", &rounded(self.low))?;
        fields.serialize_field("high", &rounded(self.high))?;
        fields.serialize_field("says", &self.says())?;
        fields.end()
    }
}

/// To six decimals: what a statement says of any rate.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Counts of which each holds the ones before it; the last is all. Those that are told differ by nothing or by at least
/// five; those between stand in a block.
pub fn ladder(counts: &[u64]) -> Vec<Shown> {
    let all = counts.last().copied().unwrap_or(0);
    let mut told = 0;
    let mut show = |count: u64| {
        let (since, until) = (count - told, all - count);
        let room = since + until;
        if since == 0 {
            Shown::exactly(told)
        } else if room >= LEAST && until > 0 && room < 2 * LEAST {
            // No place from which both ends are five away.
            Shown::exactly(told).up_to(all)
        } else if since < LEAST {
            Shown::exactly(told).up_to(told + LEAST - 1)
        } else if is_small(until) {
            Shown::exactly(all - (LEAST - 1)).up_to(all)
        } else {
            told = count;
            Shown::exactly(count)
        }
    };
    counts.iter().map(|count| show(*count)).collect()
}

/// Counts that make a total which is told elsewhere, and that could be held against other counts too: each in its block.
/// Blocks are of five, or a little wider where with this total all counts could stand at the same end of theirs, and the
/// total would tell them.
pub fn blocks(counts: &[u64]) -> Vec<Shown> {
    blocks_from(counts, LEAST)
}

/// The same for counts of records of which each pair has two: blocks of ten or a little wider, so that the pairs are in
/// blocks of five and wider.
pub fn wide_blocks(counts: &[u64]) -> Vec<Shown> {
    blocks_from(counts, 2 * LEAST)
}

fn blocks_from(counts: &[u64], least: u64) -> Vec<Shown> {
    let total: u64 = counts.iter().sum();
    let spare = total + counts.len() as u64;
    let mut widths = least..10 * least;
    let width = widths.find(|w| !total.is_multiple_of(*w) && !spare.is_multiple_of(*w));
    let width = width.unwrap_or(least);
    let block = |count: &u64| Shown::in_block(*count, width);
    counts.iter().map(block).collect()
}

/// One part of what is shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// How much it has.
    pub count: u64,
    /// Of how many, where that is told: what it lacks is a count too.
    pub of: Option<u64>,
}

impl Cell {
    /// Between what the reader may know it to be while it is hidden, and whether it must be hidden.
    fn zone(self, total: Shown) -> (Shown, bool) {
        let last = LEAST - 1;
        let wholes = [self.of, total.exact()];
        let lacks = |whole: &u64| is_small(whole.saturating_sub(self.count));
        if is_small(self.count) {
            (Shown::exactly(1).up_to(last), true)
        } else if let Some(whole) = wholes.into_iter().flatten().find(lacks) {
            let from = whole.saturating_sub(last).max(1);
            (Shown::exactly(from).up_to(whole - 1), true)
        } else {
            let most = self.of.map_or(total.to, |of| of.saturating_sub(LEAST));
            (Shown::exactly(LEAST).up_to(most), false)
        }
    }
}

/// What is told of the parts of `total`. A part is hidden where it, or what it lacks, is small; then further ones are
/// hidden, nought never, until each that must be hidden could be anything that is as small. Which ones depends on their
/// order alone: who knows that the smallest are hidden would learn from it. Where there is no way, and of a total below
/// ten, nothing is told of any part but what the total tells.
pub fn share_out(total: Shown, cells: &[Cell]) -> Vec<Shown> {
    let most = |c: &Cell| c.of.unwrap_or(total.to);
    let nothing = || {
        let whole = cells.iter().map(|c| Shown::exactly(0).up_to(most(c)));
        narrow(total, &whole.collect::<Vec<_>>())
    };
    if total.to < 2 * LEAST {
        return nothing();
    }
    let zones: Vec<(Shown, bool)> = cells.iter().map(|c| c.zone(total)).collect();
    let mut hidden: Vec<bool> = zones.iter().map(|(_, must)| *must).collect();
    loop {
        let each = cells.iter().zip(&zones).zip(&hidden);
        let known: Vec<Shown> = each
            .map(|((cell, (zone, _)), hidden)| {
                if *hidden {
                    *zone
                } else {
                    Shown::exactly(cell.count)
                }
            })
            .collect();
        let narrowed = narrow(total, &known);
        let mut each = zones.iter().zip(&narrowed);
        if each.all(|((zone, must), narrowed)| !must || zone == narrowed) {
            return narrowed;
        }
        let mut more = hidden.iter_mut().zip(cells);
        let more = more.find(|(hidden, cell)| !**hidden && cell.count > 0);
        let Some((more, _)) = more else {
            return nothing();
        };
        *more = true;
    }
}

/// What the total tells of each part besides: the others have at least and at most so much.
fn narrow(total: Shown, known: &[Shown]) -> Vec<Shown> {
    let (from, to): (u64, u64) = known
        .iter()
        .fold((0, 0), |sum, k| (sum.0 + k.from, sum.1 + k.to));
    known
        .iter()
        .map(|k| Shown {
            from: k.from.max(total.from.saturating_sub(to - k.to)),
            to: k.to.min(total.to.saturating_sub(from - k.from)),
        })
        .collect()
}
