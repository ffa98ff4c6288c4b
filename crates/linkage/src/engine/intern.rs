//! One number for each text of the case list. Number 0 is no text.

use foldhash::HashMap;

use super::keys::spread;
use crate::diminutive::groups;
use crate::sound::sound;
use crate::text::{Outline, long_word};

/// Something for each of some texts.
pub(crate) struct Table<T> {
    /// Most texts are short: with these in the table itself, a look-up goes no further than the table.
    short: HashMap<u128, T>,
    long: HashMap<Box<str>, T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            short: HashMap::default(),
            long: HashMap::default(),
        }
    }
}

impl<T: Copy> Table<T> {
    pub(crate) fn get(&self, text: &str) -> Option<T> {
        match packed(text) {
            Some(key) => self.short.get(&key),
            None => self.long.get(text),
        }
        .copied()
    }

    pub(crate) fn insert(&mut self, text: &str, of: T) {
        match packed(text) {
            Some(key) => self.short.insert(key, of),
            None => self.long.insert(text.into(), of),
        };
    }

    pub(crate) fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }
}

/// The bytes of a text of up to 15 with their number, as one number.
fn packed(text: &str) -> Option<u128> {
    let count = u8::try_from(text.len()).ok().filter(|n| *n < 16)?;
    Some(long_word(text.as_bytes()) | u128::from(count) << 120)
}

/// The numbers of some texts that were looked up, for most come again soon.
pub(crate) struct Recent(Vec<(u128, u32)>);

/// So many are still near.
const RECENT: usize = 1 << 12;

impl Recent {
    pub(crate) fn new() -> Self {
        Self(vec![(0, 0); RECENT])
    }

    /// What [`Interner::find`] gives.
    pub(crate) fn find(&mut self, of: &Interner, text: &str) -> Option<u32> {
        let Some(key) = packed(text) else {
            return of.find(text);
        };
        let halves = (key >> 64) as u64 ^ key as u64;
        let slot = self.0.get_mut(spread(halves) as usize % RECENT)?;
        if slot.0 != key {
            *slot = (key, of.find(text).unwrap_or(0));
        }
        Some(slot.1).filter(|id| *id != 0)
    }
}

/// Texts with their numbers.
#[derive(Default)]
pub(crate) struct Interner {
    ids: Table<u32>,
    text: String,
    ends: Vec<u32>,
}

impl Interner {
    /// The number of a text, new or known.
    pub(crate) fn intern(&mut self, text: &str) -> u32 {
        if let Some(id) = self.find(text) {
            return id;
        }
        self.text.push_str(text);
        self.ends.push(narrow(self.text.len()));
        let id = narrow(self.ends.len());
        self.ids.insert(text, id);
        id
    }

    /// The number of a text of the case list; none for any other.
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        self.ids.get(text)
    }

    fn text(&self, id: u32) -> &str {
        let at = id as usize;
        let end = at.checked_sub(1).and_then(|i| self.ends.get(i));
        let start = at.checked_sub(2).and_then(|i| self.ends.get(i));
        let (start, end) = (
            start.map_or(0, |s| *s as usize),
            end.map_or(0, |e| *e as usize),
        );
        self.text.get(start..end).unwrap_or_default()
    }
}

/// What a word may be taken for, and of which letters it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meaning {
    pub(crate) outline: Outline,
    /// The groups of diminutives that it is in.
    pub(crate) groups: &'static [u16],
    /// The number of its sound among the case list's; 0 for any other.
    pub(crate) sound: u32,
}

impl Meaning {
    /// Bits of the sound and of the groups: words of one sound or one group have one in common.
    pub(crate) fn bits(self) -> u64 {
        let sound = match self.sound {
            0 => 0,
            // The upper three quarters of the bits are for sounds, the rest for groups.
            sound => 1 << (16 + spread(sound.into()) % 48),
        };
        self.groups.iter().fold(sound, |all, g| all | 1 << (g % 16))
    }
}

/// The case list's words of names and its other texts: each of a table of its own, so that what is asked most often of
/// words lies close together.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) texts: Interner,
    words: Interner,
    sounds: HashMap<Box<str>, u32>,
    meanings: Vec<Meaning>,
}

impl Known {
    /// The number of a word, new or known.
    pub(crate) fn intern_word(&mut self, word: &str) -> u32 {
        let id = self.words.intern(word);
        if id as usize > self.meanings.len() {
            let mut code = String::new();
            sound(word, &mut code);
            let next = narrow(self.sounds.len() + 1);
            self.meanings.push(Meaning {
                outline: Outline::of(word),
                groups: groups(word),
                sound: *self.sounds.entry(code.into_boxed_str()).or_insert(next),
            });
        }
        id
    }

    /// The number of a word of the case list; none for any other.
    pub(crate) fn find_word(&self, word: &str, recent: &mut Recent) -> Option<u32> {
        recent.find(&self.words, word)
    }

    /// What a word means that the case list does not have.
    pub(crate) fn strange(&self, word: &str, code: &mut String) -> Meaning {
        code.clear();
        sound(word, code);
        Meaning {
            outline: Outline::of(word),
            groups: groups(word),
            sound: self.sounds.get(code.as_str()).copied().unwrap_or(0),
        }
    }

    pub(crate) fn meaning(&self, id: u32) -> Meaning {
        let at = (id as usize).checked_sub(1);
        let meaning = at.and_then(|at| self.meanings.get(at));
        meaning.copied().unwrap_or_default()
    }
}

/// Four thousand million texts are more than memory holds: what would not fit stands for the last.
pub(crate) fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The words and texts of one master record that the case list does not have: the record's alone, gone with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strange {
    text: String,
    all: Vec<StrangeText>,
}

#[derive(Clone, Copy, Debug)]
struct StrangeText {
    end: u32,
    meaning: Meaning,
}

/// Marks the number of a strange text.
pub(crate) const STRANGE: u32 = 1 << 31;

impl Strange {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.all.clear();
    }

    pub(crate) fn add(&mut self, text: &str, meaning: Meaning) -> u32 {
        self.text.push_str(text);
        self.all.push(StrangeText {
            end: narrow(self.text.len()),
            meaning,
        });
        STRANGE | narrow(self.all.len() - 1)
    }

    fn get(&self, id: u32) -> Option<&StrangeText> {
        self.all.get((id & !STRANGE) as usize)
    }

    fn text(&self, id: u32) -> &str {
        let at = (id & !STRANGE) as usize;
        let before = at.checked_sub(1).and_then(|i| self.all.get(i));
        let start = before.map_or(0, |w| w.end as usize);
        let end = self.get(id).map_or(0, |w| w.end as usize);
        self.text.get(start..end).unwrap_or_default()
    }
}

/// Looks up a word or another text of a record, whichever list it is of.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    pub(crate) known: &'a Known,
    pub(crate) strange: &'a Strange,
}

impl<'a> Words<'a> {
    pub(crate) fn text(&self, id: u32) -> &'a str {
        if id & STRANGE == 0 {
            self.known.texts.text(id)
        } else {
            self.strange.text(id)
        }
    }

    pub(crate) fn word(&self, id: u32) -> &'a str {
        if id & STRANGE == 0 {
            self.known.words.text(id)
        } else {
            self.strange.text(id)
        }
    }

    pub(crate) fn meaning(&self, word: u32) -> Meaning {
        if word & STRANGE == 0 {
            self.known.meaning(word)
        } else {
            let word = self.strange.get(word);
            word.map_or(Meaning::default(), |w| w.meaning)
        }
    }
}
