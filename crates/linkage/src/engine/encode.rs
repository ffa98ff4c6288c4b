//! One record as a row of words of fixed length: what comparisons read, contiguous in memory.
//!
//! A column has `most` slots; an empty slot begins with 0. A name's slot holds up to [`NAME_WORDS`] numbers of
//! words in the order written, a text's or identifier's one number and its outline in two words, a date's its eight
//! digits (BCD), a postcode's its packed form in two words.

use super::intern::{Known, Meaning, Recent, STRANGE, Strange, Table, Words};
use super::source::Batch;
use crate::model::{Column, Kind, Model};
use crate::standardise::{identifier_into, name_into, packed_date, postcode};
use crate::text::Outline;

/// How many words of a name are compared: of a longer one the first ones and the last.
pub(crate) const NAME_WORDS: usize = 8;

/// The words of a cache line.
pub(crate) const LINE: usize = 16;

/// What stands in a row after the slots of a name: two words of [bits](Place::bits) and two of the [only](Place::only)
/// word's outline.
const NAME_MORE: usize = 4;

/// Where a column's values stand in a row: slots of so many words each; after those of names [`NAME_MORE`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) kind: Kind,
    at: usize,
    slots: usize,
    width: usize,
}

impl Place {
    const fn end(self) -> usize {
        self.at + self.slots * self.width
    }

    /// The filled slots of this column in a row.
    pub(crate) fn values(self, row: &[u32]) -> impl Iterator<Item = &[u32]> {
        // Not in chunks: these begin with a division.
        (0..self.slots).map_while(move |slot| {
            let from = self.at + slot * self.width;
            let slot = row.get(from..from + self.width);
            slot.filter(|slot| slot.first() != Some(&0))
        })
    }

    /// All slots of this column in a row, to be changed.
    pub(crate) fn slots_mut(self, row: &mut [u32]) -> impl Iterator<Item = &mut [u32]> {
        row.get_mut(self.at..self.end())
            .unwrap_or_default()
            .chunks_exact_mut(self.width)
    }

    pub(crate) fn is_empty(self, row: &[u32]) -> bool {
        row.get(self.at).is_none_or(|w| *w == 0)
    }

    /// Of names, bits of all words: without one in common, no word of the one row is a spelling or a form of one of
    /// the other.
    pub(crate) fn bits(self, row: &[u32]) -> u64 {
        let end = self.end();
        postcode_of(row.get(end..end + 2).unwrap_or_default())
    }

    /// The outline of the word, where a record has one name of one word; an empty one otherwise.
    pub(crate) fn only(self, row: &[u32]) -> Outline {
        let end = self.end();
        match row.get(end + 2..end + NAME_MORE) {
            Some([kinds, count]) => Outline::of_words([*kinds, *count]),
            _ => Outline::default(),
        }
    }
}

/// The places of all columns of a model.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) places: Vec<Place>,
    pub(crate) words: usize,
}

impl Layout {
    /// Room for all that a model compares.
    pub(crate) fn of(model: &Model) -> Self {
        let width = |kind| match kind {
            Kind::Name => NAME_WORDS,
            Kind::Text | Kind::Identifier => 3,
            Kind::Postcode => 2,
            Kind::Date => 1,
        };
        let columns = model.columns.iter();
        Self::with(columns.map(|c| (c.kind, c.most, width(c.kind))))
    }

    fn with(columns: impl Iterator<Item = (Kind, usize, usize)>) -> Self {
        let mut words = 0;
        let places = columns
            .map(|(kind, slots, width)| {
                let place = Place {
                    kind,
                    at: words,
                    slots,
                    width,
                };
                words = place.end() + if kind == Kind::Name { NAME_MORE } else { 0 };
                place
            })
            .collect();
        Self { places, words }
    }

    /// Room for what these rows hold, in whole cache lines and no more, and the rows in it: so little of each is far.
    pub(crate) fn fitted(&self, rows: &[u32]) -> (Self, Vec<u32>) {
        let rows = || rows.chunks_exact(self.words.max(1));
        let columns = self.places.iter().map(|place| {
            let slots = rows().map(|row| place.values(row).count()).max();
            let filled = |slot: &[u32]| slot.iter().take_while(|w| **w != 0).count();
            let width = match place.kind {
                Kind::Name => rows().flat_map(|row| place.values(row).map(filled)).max(),
                Kind::Text | Kind::Identifier | Kind::Date | Kind::Postcode => Some(place.width),
            };
            (place.kind, slots.unwrap_or(0).max(1), width.unwrap_or(1))
        });
        let mut fitted = Self::with(columns);
        let filled = fitted.words;
        fitted.words = filled.next_multiple_of(LINE);
        let mut out = Vec::with_capacity(rows().count() * fitted.words);
        for row in rows() {
            for (from, to) in self.places.iter().zip(&fitted.places) {
                let slots = row.get(from.at..).unwrap_or_default();
                for slot in slots.chunks_exact(from.width).take(to.slots) {
                    out.extend(slot.iter().take(to.width));
                }
                if from.kind == Kind::Name {
                    let end = from.end();
                    out.extend(row.get(end..end + NAME_MORE).unwrap_or_default());
                }
            }
            out.extend(std::iter::repeat_n(0, fitted.words - filled));
        }
        (fitted, out)
    }
}

/// The outline that stands in a slot of a text or identifier.
pub(crate) fn outline_of(slot: &[u32]) -> Outline {
    match slot {
        [_, kinds, count] => Outline::of_words([*kinds, *count]),
        _ => Outline::default(),
    }
}

/// The number whose halves stand in two words.
pub(crate) fn postcode_of(slot: &[u32]) -> u64 {
    match slot {
        [high, low] => u64::from(*high) << 32 | u64::from(*low),
        _ => 0,
    }
}

/// Which columns of a file one side needs, and which of them make each value.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// The file's columns; the first is the handle.
    pub(crate) columns: Vec<String>,
    /// For each column of the model, for each value, indexes into `columns`.
    values: Vec<Vec<Vec<usize>>>,
}

impl Reading {
    pub(crate) fn new<'a>(
        id: &'a str,
        model: &'a Model,
        side: impl Fn(&'a Column) -> &'a Vec<Vec<String>>,
    ) -> Self {
        let mut columns = vec![id.to_owned()];
        let mut place = |name: &String| match columns.iter().skip(1).position(|c| c == name) {
            Some(at) => at + 1,
            None => {
                columns.push(name.clone());
                columns.len() - 1
            }
        };
        let values = model
            .columns
            .iter()
            .map(|c| {
                let lists = side(c).iter();
                lists.map(|l| l.iter().map(&mut place).collect()).collect()
            })
            .collect();
        Self { columns, values }
    }
}

/// How words of a list become numbers.
pub(crate) trait Numbers {
    fn word(&mut self, word: &str) -> u32;
    fn text(&mut self, text: &str) -> u32;
    /// What a word that was given this number means.
    fn meaning(&self, id: u32) -> Meaning;
}

/// The case list's words are interned.
impl Numbers for Known {
    fn word(&mut self, word: &str) -> u32 {
        self.intern_word(word)
    }
    fn text(&mut self, text: &str) -> u32 {
        self.texts.intern(text)
    }
    fn meaning(&self, id: u32) -> Meaning {
        self.meaning(id)
    }
}

/// The master list's words are looked up; strange ones live as long as their record.
pub(crate) struct Lookup<'a> {
    known: &'a Known,
    recent: Recent,
    pub(crate) strange: Strange,
    /// What strange words mean: bounded, for they come again.
    remembered: Table<Meaning>,
    code: String,
}

/// How many strange words a thread remembers.
const REMEMBERED: usize = 1 << 16;

impl<'a> Lookup<'a> {
    pub(crate) fn new(known: &'a Known) -> Self {
        Self {
            known,
            recent: Recent::new(),
            strange: Strange::default(),
            remembered: Table::default(),
            code: String::new(),
        }
    }
}

impl Numbers for Lookup<'_> {
    fn word(&mut self, word: &str) -> u32 {
        if let Some(id) = self.known.find_word(word, &mut self.recent) {
            return id;
        }
        let meaning = match self.remembered.get(word) {
            Some(known) => known,
            None => {
                let found = self.known.strange(word, &mut self.code);
                if self.remembered.len() >= REMEMBERED {
                    self.remembered = Table::default();
                }
                self.remembered.insert(word, found);
                found
            }
        };
        self.strange.add(word, meaning)
    }

    fn text(&mut self, text: &str) -> u32 {
        match self.known.texts.find(text) {
            Some(id) => id,
            None => self.strange.add(text, Meaning::default()),
        }
    }

    fn meaning(&self, id: u32) -> Meaning {
        let words = Words {
            known: self.known,
            strange: &self.strange,
        };
        words.meaning(id)
    }
}

/// Numbers of the case list's words and texts; of others nothing but that they are strange. Enough to count terms.
pub(crate) struct KnownAlone<'l, 'a>(pub(crate) &'l mut Lookup<'a>);

impl Numbers for KnownAlone<'_, '_> {
    fn word(&mut self, word: &str) -> u32 {
        let found = self.0.known.find_word(word, &mut self.0.recent);
        found.unwrap_or(STRANGE)
    }
    fn text(&mut self, text: &str) -> u32 {
        self.0.known.texts.find(text).unwrap_or(STRANGE)
    }
    fn meaning(&self, _: u32) -> Meaning {
        Meaning::default()
    }
}

/// How often a column's values could not be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unused {
    /// A value was there and has no standard form.
    pub(crate) unusable: u64,
    /// There were more values than the model compares.
    pub(crate) beyond: u64,
    /// A name had more words than are compared.
    cut: u64,
}

impl Unused {
    /// Adds what another reader of the list could not use.
    pub(crate) fn add(all: &mut [Self], some: &[Self]) {
        for (all, some) in all.iter_mut().zip(some) {
            all.unusable += some.unusable;
            all.beyond += some.beyond;
            all.cut += some.cut;
        }
    }

    /// What could not be used of a list, in words; holds no value.
    pub(crate) fn doubts(list: &str, model: &Model, unused: &[Self]) -> Vec<String> {
        let mut doubts = Vec::new();
        for (column, unused) in model.columns.iter().zip(unused) {
            let mut tell = |n: u64, what: &str| {
                if n > 0 {
                    doubts.push(format!("{}: {n} values of the {list} {what}", column.name));
                }
            };
            tell(
                unused.unusable,
                "have no standard form and are not compared",
            );
            let most = format!("come after the {} that the model compares", column.most);
            tell(unused.beyond, &most);
            tell(
                unused.cut,
                &format!("have more than {NAME_WORDS} words, of which some are not compared"),
            );
        }
        doubts
    }
}

/// Makes rows of records.
pub(crate) struct Encoder<'m> {
    model: &'m Model,
    layout: &'m Layout,
    reading: &'m Reading,
    joined: String,
    standard: String,
    pub(crate) unused: Vec<Unused>,
}

impl<'m> Encoder<'m> {
    pub(crate) fn new(model: &'m Model, layout: &'m Layout, reading: &'m Reading) -> Self {
        Self {
            model,
            layout,
            reading,
            joined: String::new(),
            standard: String::new(),
            unused: vec![Unused::default(); model.columns.len()],
        }
    }

    /// Writes the row of one record into `row`, which has the layout's length.
    pub(crate) fn encode(
        &mut self,
        batch: &dyn Batch,
        at: usize,
        numbers: &mut impl Numbers,
        row: &mut [u32],
    ) {
        self.encode_some(|_| true, batch, at, numbers, row);
    }

    /// [`encode`](Self::encode), of the columns that are wanted; the others are empty.
    pub(crate) fn encode_some(
        &mut self,
        wanted: impl Fn(usize) -> bool,
        batch: &dyn Batch,
        at: usize,
        numbers: &mut impl Numbers,
        row: &mut [u32],
    ) {
        row.fill(0);
        let columns = self.model.columns.iter().zip(&self.layout.places);
        let columns = columns.zip(&self.reading.values).enumerate();
        for (n, ((column, place), values)) in columns.filter(|(n, _)| wanted(*n)) {
            let mut unused = Unused::default();
            let slots = row.get_mut(place.at..place.end()).unwrap_or_default();
            let mut slots = slots.chunks_exact_mut(place.width);
            let width = place.width;
            let mut put = |text: &str, standard: &mut String, numbers: &mut _| {
                if text.chars().all(char::is_whitespace) {
                    return;
                }
                let mut value = [0; NAME_WORDS];
                let value = value.get_mut(..width).unwrap_or_default();
                match fill(column.kind, text, standard, numbers, value) {
                    Filled::Not => unused.unusable += 1,
                    filled @ (Filled::Cut | Filled::Whole) => match slots.next() {
                        Some(slot) => {
                            slot.copy_from_slice(value);
                            unused.cut += u64::from(filled == Filled::Cut);
                        }
                        None => unused.beyond += 1,
                    },
                }
            };
            for parts in values {
                let text = match parts.as_slice() {
                    [one] => batch.text(*one, at).unwrap_or_default(),
                    many => {
                        self.joined.clear();
                        for part in many {
                            if !self.joined.is_empty() {
                                self.joined.push(' ');
                            }
                            self.joined
                                .push_str(batch.text(*part, at).unwrap_or_default());
                        }
                        &self.joined
                    }
                };
                match column.split {
                    Some(mark) => {
                        for piece in text.split(mark) {
                            put(piece, &mut self.standard, numbers);
                        }
                    }
                    None => put(text, &mut self.standard, numbers),
                }
            }
            if column.kind == Kind::Name {
                let words = place.values(row).flatten().filter(|w| **w != 0);
                let (mut bits, mut only, mut count) = (0, Outline::default(), 0);
                for word in words {
                    let meaning = numbers.meaning(*word);
                    bits |= meaning.bits();
                    only = meaning.outline;
                    count += 1;
                }
                if count > 1 {
                    only = Outline::default();
                }
                let [high, low] = halves(bits);
                let [kinds, letters] = only.words();
                if let Some(more) = row.get_mut(place.end()..place.end() + NAME_MORE) {
                    more.copy_from_slice(&[high, low, kinds, letters]);
                }
            }
            if let Some(count) = self.unused.get_mut(n) {
                Unused::add(std::slice::from_mut(count), &[unused]);
            }
        }
    }
}

/// A number as two words.
fn halves(number: u64) -> [u32; 2] {
    let half = |n: u64| u32::try_from(n & u64::from(u32::MAX)).unwrap_or(0);
    [half(number >> 32), half(number)]
}

/// What became of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filled {
    /// It has no standard form.
    Not,
    /// It is a name of more words than are compared.
    Cut,
    Whole,
}

/// Writes one value in standard form.
fn fill(
    kind: Kind,
    text: &str,
    standard: &mut String,
    numbers: &mut impl Numbers,
    slot: &mut [u32],
) -> Filled {
    standard.clear();
    let usable = match (kind, slot) {
        (Kind::Name, slot) => {
            let usable = name_into(text, standard);
            if usable && standard.bytes().filter(|b| *b == b' ').count() >= NAME_WORDS {
                // The last word is a family name as often as not.
                let first = words_of(standard).take(NAME_WORDS - 1);
                let kept = first.chain(standard.split(' ').next_back());
                kept.zip(slot)
                    .for_each(|(word, to)| *to = numbers.word(word));
                return Filled::Cut;
            }
            if usable {
                let words = words_of(standard).zip(slot);
                words.for_each(|(word, to)| *to = numbers.word(word));
            }
            usable
        }
        (Kind::Text | Kind::Identifier, [to, kinds, count, ..]) => {
            let usable = match kind {
                Kind::Identifier => identifier_into(text, standard),
                Kind::Text | Kind::Name | Kind::Date | Kind::Postcode => name_into(text, standard),
            };
            if usable {
                *to = numbers.text(standard);
                [*kinds, *count] = Outline::of(standard).words();
            }
            usable
        }
        (Kind::Date, [to, ..]) => {
            *to = packed_date(text).unwrap_or(0);
            *to != 0
        }
        (Kind::Postcode, [high, low, ..]) => {
            let packed = postcode(text).unwrap_or(0);
            [*high, *low] = halves(packed);
            packed != 0
        }
        (Kind::Text | Kind::Identifier | Kind::Date | Kind::Postcode, _) => false,
    };
    if usable { Filled::Whole } else { Filled::Not }
}

/// The words of a standard name. They are short: to look at each byte is faster than what finds one in a long text.
fn words_of(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(name);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.bytes().position(|b| b == b' ');
        let (word, more) = end.map_or((text, None), |end| {
            (text.get(..end).unwrap_or_default(), text.get(end + 1..))
        });
        rest = more;
        Some(word)
    })
}

/// Whether a number is of a text that the case list has.
pub(crate) const fn is_known(id: u32) -> bool {
    id != 0 && id & STRANGE == 0
}
