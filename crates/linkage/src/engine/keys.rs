//! Blocking: the keys of a record under a rule, and the cases that hold each.

use foldhash::{HashSet, HashSetExt};

use super::encode::{Layout, Place, postcode_of};
use super::intern::{STRANGE, Words, narrow};
use crate::model::{BlockingRule, Key, Kind, Part};
use crate::standardise::{postcode_area, postcode_outward, postcode_sector};

/// Spreads a number over 64 bits (the finaliser of SplitMix64).
pub(crate) const fn spread(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// One number for a value in a slot; none where no case can have it. The words of a name in any order are one value.
pub(crate) fn whole(kind: Kind, slot: &[u32]) -> Option<u64> {
    match kind {
        Kind::Name => {
            let mut sum = 0_u64;
            for word in slot.iter().take_while(|w| **w != 0) {
                if word & STRANGE != 0 {
                    return None;
                }
                sum = sum.wrapping_add(spread(u64::from(*word)));
            }
            Some(sum)
        }
        Kind::Text | Kind::Identifier => match slot.first() {
            Some(id) if id & STRANGE == 0 => Some(u64::from(*id)),
            _ => None,
        },
        Kind::Date => slot.first().map(|d| u64::from(*d)),
        Kind::Postcode => Some(postcode_of(slot)),
    }
}

/// Calls `each` with the numbers of a key's values in a record; one may come more than once.
fn parts(key: Key, place: Place, row: &[u32], words: Words, each: &mut impl FnMut(u64)) {
    for slot in place.values(row) {
        let date = slot.first().copied().unwrap_or(0);
        let written = || slot.iter().copied().take_while(|w| *w != 0);
        let mut some = |value: u64| {
            if value != 0 {
                each(value);
            }
        };
        match key.part {
            Part::Whole => {
                if let Some(value) = whole(place.kind, slot) {
                    some(value);
                }
            }
            Part::Word => written()
                .filter(|w| w & STRANGE == 0)
                .for_each(|w| some(w.into())),
            Part::Sound => written().for_each(|w| some(words.meaning(w).sound.into())),
            Part::First => written()
                .take(1)
                .filter(|w| w & STRANGE == 0)
                .for_each(|w| some(w.into())),
            Part::Last => {
                if let Some(w) = written().last().filter(|w| w & STRANGE == 0) {
                    some(w.into());
                }
            }
            Part::Year => some((date >> 16).into()),
            Part::YearMonth => some((date >> 8).into()),
            Part::DayMonth => some((date & 0xffff).into()),
            Part::Area => some(postcode_area(postcode_of(slot))),
            Part::Outward => some(postcode_outward(postcode_of(slot))),
            Part::Sector => some(postcode_sector(postcode_of(slot))),
        }
    }
}

/// The numbers under which a record stands: one for each combination of its values of the keys.
pub(crate) struct KeyMaker {
    keys: Vec<(Key, Place)>,
    values: Vec<u64>,
    combined: Vec<u64>,
}

impl KeyMaker {
    pub(crate) fn new(keys: &[Key], layout: &Layout) -> Self {
        let keys = keys
            .iter()
            .filter_map(|k| Some((*k, *layout.places.get(k.column)?)))
            .collect();
        Self {
            keys,
            values: Vec::new(),
            combined: Vec::new(),
        }
    }

    /// Replaces `out` by the record's numbers, each once; `from` is what they are built on.
    pub(crate) fn make(&mut self, from: u64, row: &[u32], words: Words, out: &mut Vec<u64>) {
        out.clear();
        out.push(from);
        for (key, place) in &self.keys {
            self.values.clear();
            parts(*key, *place, row, words, &mut |v| self.values.push(v));
            match self.values.as_slice() {
                [] => {
                    out.clear();
                    return;
                }
                [value] => {
                    for number in out.iter_mut() {
                        *number = spread(*number ^ spread(*value));
                    }
                }
                values => {
                    self.combined.clear();
                    self.combined.extend(
                        out.iter()
                            .flat_map(|n| values.iter().map(|v| spread(*n ^ spread(*v)))),
                    );
                    std::mem::swap(out, &mut self.combined);
                    out.sort_unstable();
                    out.dedup();
                }
            }
        }
    }
}

/// Which cases stand under each number of one rule.
///
/// Numbers are spread evenly, so a directory by their first bits leads to the very place; unlike a hash map's, that
/// place can be read before it is asked about ([`fetch`](Self::fetch)).
pub(crate) struct Block {
    /// By number, in order: from where to where its cases stand.
    ranges: Vec<(u64, u32, u32)>,
    /// Where the numbers of each beginning begin; then their end.
    starts: Vec<u32>,
    /// What is left of a number when its beginning is taken.
    rest: u32,
    cases: Vec<u32>,
}

impl Block {
    fn build(mut pairs: Vec<(u64, u32)>) -> Self {
        pairs.sort_unstable();
        let mut ranges = Vec::new();
        let mut from = 0;
        for group in pairs.chunk_by(|a, b| a.0 == b.0) {
            if let Some((number, _)) = group.first() {
                ranges.push((*number, narrow(from), narrow(from + group.len())));
            }
            from += group.len();
        }
        // About as many beginnings as numbers, and two at least.
        let rest = 63 - ranges.len().max(1).ilog2();
        let mut starts = vec![0];
        let mut at = 0;
        for beginning in 0..1_u64 << (64 - rest) {
            let those = ranges.iter().skip(at);
            at += those.take_while(|(n, ..)| n >> rest == beginning).count();
            starts.push(narrow(at));
        }
        Self {
            ranges,
            starts,
            rest,
            cases: pairs.into_iter().map(|(_, case)| case).collect(),
        }
    }

    /// The numbers that begin as this one does.
    fn near(&self, number: u64) -> &[(u64, u32, u32)] {
        let at = usize::try_from(number >> self.rest).unwrap_or(usize::MAX);
        match self.starts.get(at..).unwrap_or_default() {
            [from, to, ..] => self.ranges.get(*from as usize..*to as usize),
            _ => None,
        }
        .unwrap_or_default()
    }

    /// Reads something of what [`get`](Self::get) reads.
    pub(crate) fn fetch(&self, number: u64) -> u32 {
        let at = usize::try_from(number >> self.rest).unwrap_or(usize::MAX);
        let from = self.starts.get(at).copied().unwrap_or(0);
        let range = self.ranges.get(from as usize);
        range.map_or(0, |(_, from, _)| *from)
    }

    pub(crate) fn get(&self, number: u64) -> &[u32] {
        let range = self.near(number).iter().find(|(n, ..)| *n == number);
        range
            .and_then(|(_, from, to)| self.cases.get(*from as usize..*to as usize))
            .unwrap_or_default()
    }
}

/// A number of a rule that held more cases than the rule's cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hot {
    pub(crate) numbers: u64,
    pub(crate) cases: u64,
}

/// The cases by the numbers of one rule; hot numbers by further keys.
pub(crate) struct RuleIndex {
    pub(crate) block: Block,
    fallback: Option<(HashSet<u64>, Block)>,
    pub(crate) hot: Hot,
}

/// Finds what stands under a rule's numbers.
pub(crate) struct Prober {
    keys: KeyMaker,
    then: KeyMaker,
    numbers: Vec<u64>,
}

impl Prober {
    pub(crate) fn new(rule: &BlockingRule, layout: &Layout) -> Self {
        Self {
            keys: KeyMaker::new(&rule.keys, layout),
            then: KeyMaker::new(&rule.then, layout),
            numbers: Vec::new(),
        }
    }

    /// A record's numbers under the rule, each once.
    pub(crate) fn numbers(&mut self, row: &[u32], words: Words) -> &[u64] {
        self.keys.make(0, row, words, &mut self.numbers);
        &self.numbers
    }

    /// Calls `each` with the cases that stand under a number of this record.
    pub(crate) fn met(
        &mut self,
        index: &RuleIndex,
        number: u64,
        row: &[u32],
        words: Words,
        each: &mut impl FnMut(u32),
    ) {
        match &index.fallback {
            Some((hot, fallback)) if hot.contains(&number) => {
                self.then.make(number, row, words, &mut self.numbers);
                for further in &self.numbers {
                    fallback.get(*further).iter().for_each(|c| each(*c));
                }
            }
            _ => index.block.get(number).iter().for_each(|c| each(*c)),
        }
    }
}

impl RuleIndex {
    /// Indexes the cases, whose rows `row` gives.
    pub(crate) fn build<'a>(
        rule: &BlockingRule,
        layout: &Layout,
        words: Words,
        rows: impl Iterator<Item = &'a [u32]> + Clone,
    ) -> Self {
        let mut keys = KeyMaker::new(&rule.keys, layout);
        let mut out = Vec::new();
        let mut pairs = Vec::new();
        for (case, row) in (0_u32..).zip(rows.clone()) {
            keys.make(0, row, words, &mut out);
            pairs.extend(out.iter().map(|n| (*n, case)));
        }
        let block = Block::build(pairs);
        let Some(cap) = rule.cap else {
            return Self {
                block,
                fallback: None,
                hot: Hot::default(),
            };
        };
        let mut hot = HashSet::new();
        let mut count = Hot::default();
        for (number, from, to) in &block.ranges {
            let held = (to - from) as usize;
            if held > cap {
                hot.insert(*number);
                count.numbers += 1;
                count.cases += held as u64;
            }
        }
        let mut then = KeyMaker::new(&rule.then, layout);
        let mut further = Vec::new();
        let mut pairs = Vec::new();
        for (case, row) in (0_u32..).zip(rows) {
            keys.make(0, row, words, &mut out);
            for number in out.iter().filter(|n| hot.contains(*n)) {
                then.make(*number, row, words, &mut further);
                pairs.extend(further.iter().map(|n| (*n, case)));
            }
        }
        Self {
            block,
            fallback: (!hot.is_empty()).then(|| (hot, Block::build(pairs))),
            hot: count,
        }
    }
}
