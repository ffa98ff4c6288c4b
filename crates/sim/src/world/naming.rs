//! Whole names in their parts, so that each list can write them in its own way. Every word is from
//! [`crate::names`] and is drawn by itself: a whole name is nobody's in particular.

use crate::draw::Lot;
use crate::names::{self, Form};
use crate::people::{Origin, Sex};

/// A name in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    origin: Origin,
    given: String,
    /// A second given name, or the father's name.
    middle: Option<String>,
    family: Option<String>,
    second: Option<String>,
}

/// What a word of a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Given,
    /// A second given name, or the father's name.
    Middle,
    Family,
}

/// How a list writes a whole name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// With the second given name or the father's name.
    pub(crate) middle: bool,
    /// With the second of two family names.
    pub(crate) second: bool,
    /// The given name first, whatever the tradition.
    pub(crate) given_first: bool,
}

impl Style {
    /// The name as it is.
    pub(crate) const WHOLE: Self = Self {
        middle: true,
        second: true,
        given_first: false,
    };
}

/// A family's name, which its members may share: the origin and two words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Family {
    pub(crate) origin: Origin,
    pub(crate) name: &'static str,
    pub(crate) second: &'static str,
}

impl Family {
    /// A family of this origin.
    pub(crate) fn draw(lot: Lot, origin: Origin) -> Self {
        Self {
            origin,
            name: names::family(lot, "family name", origin),
            second: names::family(lot, "second family name", origin),
        }
    }
}

impl Name {
    /// A name of this family.
    pub(crate) fn draw(lot: Lot, family: Family, sex: Sex) -> Self {
        let Family { origin, .. } = family;
        let given = names::given(lot, "given name", origin, sex).to_owned();
        let own = |text: &str| Some(text.to_owned());
        let second_given = lot.chance("second given name", 150);
        let (middle, name, second) = match names::of(origin).form {
            Form::FamilyGiven => (None, own(family.name), None),
            Form::TwoFamily => (None, own(family.name), own(family.second)),
            Form::Single if lot.chance("single name", 600) => (None, None, None),
            Form::Patronymic => {
                let father = lot.pick("father", names::fathers(origin, sex));
                (father.and_then(own), own(family.name), None)
            }
            Form::GivenFamily | Form::Single => {
                let other = names::given(lot, "second given", origin, sex);
                let middle = own(other).filter(|m| second_given && *m != given);
                let joined = lot.chance("joined family names", 40);
                let joined = joined && family.name != family.second;
                (
                    middle,
                    own(family.name),
                    joined.then(|| family.second.to_owned()),
                )
            }
        };
        Self {
            origin,
            given,
            middle,
            family: name,
            second,
        }
    }

    /// The same person with the name of another family.
    pub(crate) fn of_family(&self, family: Family) -> Self {
        let mut name = self.clone();
        name.family = Some(family.name.to_owned());
        name.second = match names::of(family.origin).form {
            Form::TwoFamily => Some(family.second.to_owned()),
            Form::GivenFamily | Form::FamilyGiven | Form::Single | Form::Patronymic => None,
        };
        name
    }

    /// The name with another given name.
    pub(crate) fn given(&self, given: &str) -> Self {
        Self {
            given: given.to_owned(),
            ..self.clone()
        }
    }

    /// The given name.
    pub(crate) fn first(&self) -> &str {
        &self.given
    }

    /// Each word spelt otherwise where it has several spellings, as often as `chance` says by word.
    pub(crate) fn respelt(&self, lot: Lot, of_thousand: u64) -> Self {
        let respell = |label: &str, word: &str| {
            if !lot.chance(label, of_thousand) {
                return word.to_owned();
            }
            let others = names::spellings(word);
            let other = lot.of(label, 1).pick("spelling", others);
            other.unwrap_or(word).to_owned()
        };
        let maybe = |label: &str, word: &Option<String>| word.as_ref().map(|w| respell(label, w));
        Self {
            origin: self.origin,
            given: respell("respell given", &self.given),
            middle: maybe("respell middle", &self.middle),
            family: maybe("respell family", &self.family),
            second: maybe("respell second", &self.second),
        }
    }

    /// The words of the name in the order in which they are written.
    pub(crate) fn parts(&self, style: Style) -> Vec<(Part, String)> {
        let form = names::of(self.origin).form;
        let middle = self.middle.as_ref().filter(|_| style.middle);
        let second = self.second.as_ref().filter(|_| style.second);
        let family = self.family.as_ref().map(|family| match (second, &form) {
            (Some(second), Form::TwoFamily) => format!("{family} {second}"),
            (Some(second), _) => format!("{family}-{second}"),
            (None, _) => family.clone(),
        });
        let mut parts = vec![(Part::Given, self.given.clone())];
        parts.extend(middle.map(|middle| (Part::Middle, middle.clone())));
        let family_first = matches!(form, Form::FamilyGiven) && !style.given_first;
        let at = if family_first { 0 } else { parts.len() };
        if let Some(family) = family {
            parts.insert(at, (Part::Family, family));
        }
        parts
    }

    /// The name as the person writes it.
    pub fn whole(&self) -> String {
        let parts = self.parts(Style::WHOLE);
        let words: Vec<String> = parts.into_iter().map(|(_, word)| word).collect();
        words.join(" ")
    }
}
