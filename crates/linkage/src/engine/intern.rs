//! One number for each text of the case list. Number 0 is no text.

use foldhash::HashMap;

use crate::diminutive::groups;
use crate::sound::sound;

/// Texts with their numbers, and what the comparison of words needs to know of each.
#[derive(Default)]
pub(crate) struct Interner {
    ids: HashMap<Box<str>, u32>,
    text: String,
    ends: Vec<u32>,
    sounds: HashMap<Box<str>, u32>,
    sound_of: Vec<u32>,
    groups_of: Vec<&'static [u16]>,
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
        if self.sound_of.len() <= at {
            self.sound_of.resize(at + 1, 0);
            self.groups_of.resize(at + 1, &[]);
        }
        if self.sound_of.get(at) == Some(&0) {
            let mut code = String::new();
            sound(word, &mut code);
            let next = narrow(self.sounds.len() + 1);
            let known = *self.sounds.entry(code.into_boxed_str()).or_insert(next);
            if let (Some(s), Some(g)) = (self.sound_of.get_mut(at), self.groups_of.get_mut(at)) {
                *s = known;
                *g = groups(word);
            }
        }
        id
    }

    /// The number of a text of the case list; none for any other.
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        self.ids.get(text).copied()
    }

    /// The number of a sound of the case list.
    pub(crate) fn find_sound(&self, code: &str) -> u32 {
        self.sounds.get(code).copied().unwrap_or(0)
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

    pub(crate) fn sound(&self, id: u32) -> u32 {
        self.sound_of.get(id as usize).copied().unwrap_or(0)
    }

    pub(crate) fn groups(&self, id: u32) -> &'static [u16] {
        self.groups_of.get(id as usize).copied().unwrap_or(&[])
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
    /// End of each text, its sound among the case list's, its groups.
    words: Vec<(u32, u32, &'static [u16])>,
}

/// Marks the number of a strange word.
pub(crate) const STRANGE: u32 = 1 << 31;

impl Strange {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.words.clear();
    }

    pub(crate) fn add(&mut self, text: &str, sound: u32, groups: &'static [u16]) -> u32 {
        self.text.push_str(text);
        self.words.push((narrow(self.text.len()), sound, groups));
        STRANGE | narrow(self.words.len() - 1)
    }

    fn get(&self, id: u32) -> (&str, u32, &'static [u16]) {
        let at = (id & !STRANGE) as usize;
        let Some(&(end, sound, groups)) = self.words.get(at) else {
            return ("", 0, &[]);
        };
        let start = at
            .checked_sub(1)
            .and_then(|i| self.words.get(i))
            .map_or(0, |w| w.0);
        let text = self.text.get(start as usize..end as usize);
        (text.unwrap_or_default(), sound, groups)
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
            self.strange.get(id).0
        }
    }

    pub(crate) fn sound(&self, id: u32) -> u32 {
        if id & STRANGE == 0 {
            self.known.sound(id)
        } else {
            self.strange.get(id).1
        }
    }

    pub(crate) fn groups(&self, id: u32) -> &'static [u16] {
        if id & STRANGE == 0 {
            self.known.groups(id)
        } else {
            self.strange.get(id).2
        }
    }
}
