//! How a clerk writes down what is true: spellings, slips, and what is not asked. Each list has habits of its
//! own, and each mistake of a list is drawn apart from those of the others.

use jiff::civil::Date;

use super::World;
use super::naming::{Name, Part, Style};
use super::truth::Truth;
use crate::draw::Lot;
use crate::master::misspelt;
use crate::people::Sex;

/// A name as a list writes it, and the parts in which a form asks for it.
pub(crate) struct Written {
    pub(crate) whole: String,
    /// The family name, or the only word that there is.
    pub(crate) surname: String,
    pub(crate) forename: Option<String>,
    pub(crate) middle: Option<String>,
}

impl Written {
    /// A name whose parts have as many words as those of `parts`, in the same order; where a slip has joined two
    /// words, the last part has fewer.
    fn new(whole: String, parts: &[(Part, String)]) -> Self {
        let (mut family, mut forename, mut middle) = (None, None, None);
        let mut words = whole.split_whitespace();
        for (part, text) in parts {
            let many = text.split_whitespace().count();
            let taken: Vec<&str> = words.by_ref().take(many).collect();
            let place = match part {
                Part::Given => &mut forename,
                Part::Middle => &mut middle,
                Part::Family => &mut family,
            };
            *place = (!taken.is_empty()).then(|| taken.join(" "));
        }
        let surname = family.or_else(|| forename.take()).unwrap_or_default();
        Self {
            whole,
            surname,
            forename,
            middle,
        }
    }
}

/// How often, in 1,000 records, a list does something to a value.
pub(crate) struct Habits {
    /// Spells a word of a name in another way, where it has several.
    pub(crate) respells: u64,
    /// Writes the second given name or the father's name.
    pub(crate) middle: u64,
    /// Leaves out the second of two family names.
    pub(crate) one_family_name: u64,
    /// Writes the given name first whatever the tradition.
    pub(crate) given_first: u64,
    /// Writes capitals without accents and points.
    pub(crate) capitals: u64,
    /// Slips by a letter.
    pub(crate) typing: u64,
    /// Knows a changed name.
    pub(crate) knows_new_name: u64,
    /// Writes 1 January.
    pub(crate) new_year: u64,
    /// Writes day and month the wrong way round, where that is a date.
    pub(crate) swaps: u64,
    /// Does not know the number.
    pub(crate) no_number: u64,
    /// Slips by a digit of the number.
    pub(crate) wrong_digit: u64,
    /// Has the partner's number, where there is a partner.
    pub(crate) partners_number: u64,
}

impl Habits {
    /// The name that the list shows, and the former one that it may hold too.
    pub(crate) fn names(&self, lot: Lot, truth: &Truth) -> (Written, Option<Written>) {
        let write = |label: &str, name: &Name| self.name(lot.of(label, 0), name);
        match &truth.former {
            None => (write("name", &truth.name), None),
            Some((before, _)) if !lot.chance("knows the new name", self.knows_new_name) => {
                (write("former name", before), None)
            }
            Some((before, _)) => {
                let kept = lot.chance("keeps the former name", 600);
                let former = kept.then(|| write("former name", before));
                (write("name", &truth.name), former)
            }
        }
    }

    /// A name as this list writes it.
    pub(crate) fn name(&self, lot: Lot, name: &Name) -> Written {
        let style = Style {
            middle: lot.chance("middle", self.middle),
            second: !lot.chance("one family name", self.one_family_name),
            given_first: lot.chance("given first", self.given_first),
        };
        let mut parts = name.respelt(lot, self.respells).parts(style);
        if lot.chance("capitals", self.capitals) {
            for (_, word) in &mut parts {
                if let Some(plain) = linkage::name(word) {
                    *word = plain.to_uppercase();
                }
            }
        }
        let words: Vec<&str> = parts.iter().map(|(_, word)| word.as_str()).collect();
        let mut whole = words.join(" ");
        if lot.chance("typing", self.typing) {
            whole = misspelt(&whole, |label, below| lot.number(label, below));
        }
        Written::new(whole, &parts)
    }

    /// A birth date as this list has it.
    pub(crate) fn birth(&self, lot: Lot, born: Date) -> Date {
        let swapped = || Date::new(born.year(), born.day(), born.month()).ok();
        if lot.chance("new year", self.new_year) {
            born.first_of_year()
        } else if lot.chance("swapped", self.swaps) {
            swapped().unwrap_or(born)
        } else {
            born
        }
    }

    /// A National Insurance number as this list has it.
    pub(crate) fn number(&self, lot: Lot, world: &World, truth: &Truth) -> Option<String> {
        let own = truth.nino.as_ref()?;
        if lot.chance("no number", self.no_number) {
            return None;
        }
        let partner = truth.household.partner(truth.index);
        if let Some(partner) = partner.filter(|_| lot.chance("partner's", self.partners_number)) {
            return Some(crate::people::nino(world.seed, partner));
        }
        if !lot.chance("wrong digit", self.wrong_digit) {
            return Some(own.clone());
        }
        // The six digits stand after two letters.
        let at = usize::try_from(lot.number("digit", 6)).unwrap_or(0) + 2;
        let other = u32::try_from(lot.number("other", 9)).unwrap_or(0) + 1;
        let slip = |(n, c): (usize, char)| match c.to_digit(10) {
            Some(digit) if n == at => char::from_digit((digit + other) % 10, 10).unwrap_or(c),
            _ => c,
        };
        Some(own.chars().enumerate().map(slip).collect())
    }
}

/// Dated values in one text; none where there is none.
pub(crate) fn joined<T: std::fmt::Display>(values: impl IntoIterator<Item = T>) -> Option<String> {
    let all: Vec<String> = values.into_iter().map(|v| v.to_string()).collect();
    (!all.is_empty()).then(|| agreement::join(&all))
}

/// A sex as lists write it.
pub(crate) const fn sex(sex: Sex) -> &'static str {
    match sex {
        Sex::Female => "female",
        Sex::Male => "male",
    }
}
