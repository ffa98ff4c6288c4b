//! One number for each text of the case list. Number 0 is no text.

use foldhash::HashMap;

use super::keys::spread;
use crate::diminutive::groups;
use crate::sound::sound;
use crate::text::Outline;

/// What the comparison of words needs to know of one, so that its letters are hardly ever read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meaning {
    /// The groups of diminutives that it is in.
    pub(crate) groups: &'static [u16],
    /// The number of its sound among the case list's; 0 for any other.
    pub(crate) sound: u32,
    pub(crate) outline: Outline,
}

impl Meaning {
    fn of(word: &str, sound: u32) -> Self {
        Self {
            groups: groups(word),
            sound,
            outline: Outline::of(word),
        }
    }

    /// Bits of its sound and of its groups: words of one sound or one group have one in common.
    pub(crate) fn bits(self) -> u64 {
        let sound = match self.sound {
            0 => 0,
            // The upper three quarters of the bits are for sounds, the rest for groups.
            sound => 1 << (16 + spread(sound.into()) % 48),
        };
        self.groups.iter().fold(sound, |all, g| all | 1 << (g % 16))
    }
}

/// Texts with their numbers, and what words among them mean.
#[derive(Default)]
pub(crate) struct Interner {
    ids: HashMap<Box<str>, u32>,
    text: String,
    ends: Vec<u32>,
    sounds: HashMap<Box<str>, u32>,
    meanings: Vec<Meaning>,
}

impl Interner {
    /// The number of a text, new or known.
    pub(crate) fn intern(&mut self, text: &str) -> u32 {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        self.text.push_str(text);
        self.ends.push(narrow(self.text.len()));
        let id = narrow(self.ends.len());
        self.ids.insert(text.into(), id);
        id
    }

    /// The number of a word, whose sound is kept too.
    pub(crate) fn intern_word(&mut self, word: &str) -> u32 {
        let id = self.intern(word);
        let at = id as usize;
        if self.meanings.len() <= at {
            self.meanings.resize(at + 1, Meaning::default());
        }
        if let Some(meaning) = self.meanings.get_mut(at).filter(|m| m.sound == 0) {
            let mut code = String::new();
            sound(word, &mut code);
            let next = narrow(self.sounds.len() + 1);
            let sound = *self.sounds.entry(code.into_boxed_str()).or_insert(next);
            *meaning = Meaning::of(word, sound);
        }
        id
    }

    /// The number of a text of the case list; none for any other.
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        self.ids.get(text).copied()
    }

    /// What a word means that the case list does not have.
    pub(crate) fn strange(&self, word: &str, code: &mut String) -> Meaning {
        code.clear();
        sound(word, code);
        Meaning::of(word, self.sounds.get(code.as_str()).copied().unwrap_or(0))
    }

    pub(crate) fn text(&self, id: u32) -> &str {
        let at = id as usize;
        let end = at.checked_sub(1).and_then(|i| self.ends.get(i));
        let start = at.checked_sub(2).and_then(|i| self.ends.get(i));
        let (start, end) = (
            start.map_or(0, |s| *s as usize),
            end.map_or(0, |e| *e as usize),
        );
        self.text.get(start..end).unwrap_or_default()
    }

    /// What a word means; of a text that is no word, nothing.
    pub(crate) fn meaning(&self, id: u32) -> Meaning {
        self.meanings.get(id as usize).copied().unwrap_or_default()
    }
}

/// Four thousand million texts are more than memory holds: what would not fit stands for the last.
pub(crate) fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The words of one master record that the case list does not have: the record's alone, gone with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strange {
    text: String,
    /// End of each text, and what it means.
    words: Vec<(u32, Meaning)>,
}

/// Marks the number of a strange word.
pub(crate) const STRANGE: u32 = 1 << 31;

impl Strange {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.words.clear();
    }

    pub(crate) fn add(&mut self, text: &str, meaning: Meaning) -> u32 {
        self.text.push_str(text);
        self.words.push((narrow(self.text.len()), meaning));
        STRANGE | narrow(self.words.len() - 1)
    }

    fn get(&self, id: u32) -> Option<(&str, Meaning)> {
        let at = (id & !STRANGE) as usize;
        let &(end, meaning) = self.words.get(at)?;
        let before = at.checked_sub(1).and_then(|i| self.words.get(i));
        let start = before.map_or(0, |w| w.0);
        Some((self.text.get(start as usize..end as usize)?, meaning))
    }
}

/// Looks up a word of a record, whichever list it is of.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    pub(crate) known: &'a Interner,
    pub(crate) strange: &'a Strange,
}

impl<'a> Words<'a> {
    pub(crate) fn text(&self, id: u32) -> &'a str {
        if id & STRANGE == 0 {
            self.known.text(id)
        } else {
            self.strange.get(id).map_or("", |(text, _)| text)
        }
    }

    pub(crate) fn meaning(&self, id: u32) -> Meaning {
        if id & STRANGE == 0 {
            self.known.meaning(id)
        } else {
            self.strange.get(id).map_or(Meaning::default(), |(_, m)| m)
        }
    }
}
