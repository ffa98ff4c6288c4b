//! The distinct values of a unit's columns in both lists, where they are few: then how random pairs compare is known
//! exactly, for each value is compared with each once and weighs as many pairs as hold the two.

use foldhash::{HashMap, HashMapExt};

use super::cases::Cases;
use super::compare::{Comparer, Side};
use super::encode::Place;
use super::intern::{STRANGE, Strange, Words};
use super::train::cell_of;
use super::trained::{Cells, Unit};
use crate::model::{Kind, Model};

/// The most pairs of distinct values that are compared: as many as would otherwise be drawn.
pub(crate) const DISTINCT_PAIRS: usize = 400_000;

/// The most distinct values of a list.
const VALUES: usize = 20_000;

/// A value's content: two records of one key compare alike with any other.
type ValueKey = Box<[u8]>;

/// The distinct values of a unit in the case list.
pub(crate) struct Distinct {
    pub(crate) columns: Vec<usize>,
    places: (Vec<Place>, Vec<Place>),
    /// By value: the first case that has it, and how many have it.
    left: HashMap<ValueKey, (u32, u64)>,
    /// The most distinct values of the master list.
    most: usize,
}

impl Distinct {
    /// One for each unit; none where the case list has too many values of it.
    pub(crate) fn all(model: &Model, units: &[Unit], cases: &Cases) -> Vec<Option<Self>> {
        units.iter().map(|u| Self::of(model, u, cases)).collect()
    }

    fn of(model: &Model, unit: &Unit, cases: &Cases) -> Option<Self> {
        let columns = unit.comparisons.iter();
        let columns: Vec<usize> = columns
            .filter_map(|c| Some(model.comparisons.get(*c)?.column))
            .collect();
        let places = |all: &[Place]| {
            columns
                .iter()
                .filter_map(|c| all.get(*c).copied())
                .collect()
        };
        let places: (Vec<Place>, Vec<Place>) =
            (places(&cases.layout.places), places(&cases.master.places));
        let mut left = HashMap::<ValueKey, (u32, u64)>::new();
        let mut key = Vec::new();
        for (case, row) in (0_u32..).zip(cases.rows()) {
            content(&places.0, row, cases.words(), &mut key);
            if let Some((_, count)) = left.get_mut(key.as_slice()) {
                *count += 1;
            } else if left.len() == VALUES {
                return None;
            } else {
                left.insert(key.as_slice().into(), (case, 1));
            }
        }
        Some(Self {
            columns,
            places,
            most: (DISTINCT_PAIRS / left.len().max(1)).min(VALUES),
            left,
        })
    }

    /// How all pairs of the two lists fall into the cells of the unit; and how many they are.
    pub(crate) fn cells(
        &self,
        unit: &Unit,
        comparers: &[Comparer],
        cases: &Cases,
        values: &Values,
    ) -> (Cells, f64) {
        let mut cells = vec![0_u64; unit.cells];
        let mut all = 0;
        for (key, value) in &values.seen {
            let right = Side {
                row: &value.row,
                words: Words {
                    known: &cases.known,
                    strange: &value.strange,
                },
            };
            for (case, count) in self.left.values() {
                let mut pairs = count * value.count;
                // No record is compared with itself.
                if cases.is_of_one_list() && self.left.get(key).is_some_and(|(of, _)| of == case) {
                    pairs -= value.count;
                }
                all += pairs;
                if let Some(cell) = cells.get_mut(cell_of(unit, comparers, cases, *case, right)) {
                    *cell += pairs;
                }
            }
        }
        (cells.into_iter().map(|n| n as f64).collect(), all as f64)
    }
}

/// A value of the master list.
struct Value {
    count: u64,
    row: Box<[u32]>,
    strange: Strange,
}

/// The distinct values of a unit in the master list, as far as one thread has seen it.
pub(crate) struct Values {
    seen: HashMap<ValueKey, Value>,
    key: Vec<u8>,
}

impl Values {
    pub(crate) fn new() -> Self {
        Self {
            seen: HashMap::new(),
            key: Vec::new(),
        }
    }

    /// Counts a record; false where there are too many values.
    pub(crate) fn count(&mut self, distinct: &Distinct, row: &[u32], words: Words) -> bool {
        content(&distinct.places.1, row, words, &mut self.key);
        if let Some(value) = self.seen.get_mut(self.key.as_slice()) {
            value.count += 1;
        } else if self.seen.len() == distinct.most {
            return false;
        } else {
            let value = Value {
                count: 1,
                row: row.into(),
                strange: words.strange.clone(),
            };
            self.seen.insert(self.key.as_slice().into(), value);
        }
        true
    }

    /// What two threads have seen; none where there are too many values.
    pub(crate) fn merge(mut self, other: Self, distinct: &Distinct) -> Option<Self> {
        for (key, value) in other.seen {
            let count = value.count;
            let all = self.seen.entry(key).or_insert(Value { count: 0, ..value });
            all.count += count;
        }
        (self.seen.len() <= distinct.most).then_some(self)
    }
}

/// Replaces `key` by the content of a record's values.
fn content(places: &[Place], row: &[u32], words: Words, key: &mut Vec<u8>) {
    key.clear();
    for place in places {
        for slot in place.values(row) {
            key.push(b'v');
            match place.kind {
                Kind::Name => {
                    for word in slot.iter().take_while(|w| **w != 0) {
                        number(*word, |w| words.word(w), key);
                    }
                }
                // What stands after the number follows from the text.
                Kind::Text | Kind::Identifier => {
                    let id = slot.first().copied().unwrap_or(0);
                    number(id, |id| words.text(id), key);
                }
                Kind::Date | Kind::Postcode => {
                    let bytes = slot.iter().flat_map(|word| word.to_le_bytes());
                    key.extend(bytes);
                }
            }
        }
        key.push(b'c');
    }
}

/// A number of the case list is the same in every record; a strange one is its record's alone, so its text stands there.
fn number<'a>(id: u32, text: impl Fn(u32) -> &'a str, key: &mut Vec<u8>) {
    if id & STRANGE == 0 {
        key.push(b'k');
        key.extend(id.to_le_bytes());
    } else {
        key.push(b's');
        key.extend(text(id).as_bytes());
        // No byte of a text is this.
        key.push(u8::MAX);
    }
}
