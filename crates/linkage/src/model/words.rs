//! The closed lists of a model's file: kinds, parts of values, levels; and which of them fit each other.

use std::fmt;

use super::{How, Kind, Part};

/// The kinds of columns.
pub(super) const KINDS: [(&str, Kind); 5] = [
    ("name", Kind::Name),
    ("text", Kind::Text),
    ("identifier", Kind::Identifier),
    ("date", Kind::Date),
    ("postcode", Kind::Postcode),
];

/// The parts of values. The whole value has no word.
pub(super) const PARTS: [(&str, Part); 10] = [
    ("word", Part::Word),
    ("sound", Part::Sound),
    ("first", Part::First),
    ("last", Part::Last),
    ("year", Part::Year),
    ("year-month", Part::YearMonth),
    ("day-month", Part::DayMonth),
    ("area", Part::Area),
    ("outward", Part::Outward),
    ("sector", Part::Sector),
];

/// A level's word, and what stands after it.
#[derive(Clone, Copy)]
pub(super) enum Wording {
    /// Nothing.
    Alone(How),
    /// A similarity.
    Similarity,
    /// A whole number, from 1 to this.
    Count(fn(u32) -> How, usize),
}

/// The words of levels; those of names and postcodes from the closest on.
pub(super) const LEVELS: [(&str, Wording); 17] = [
    ("same", Wording::Alone(How::Same)),
    ("like", Wording::Similarity),
    ("edits", Wording::Count(How::Edits, 9)),
    ("swapped", Wording::Alone(How::Swapped)),
    ("one-digit", Wording::Alone(How::OneDigit)),
    ("default-day", Wording::Alone(How::DefaultDay)),
    ("same-year", Wording::Alone(How::SameYear)),
    ("years", Wording::Count(How::Years, 99)),
    ("sector", Wording::Alone(How::Sector)),
    ("outward", Wording::Alone(How::Outward)),
    ("area", Wording::Alone(How::Area)),
    ("within", Wording::Alone(How::Within)),
    ("single", Wording::Alone(How::Single)),
    ("variant", Wording::Alone(How::Variant)),
    ("close", Wording::Alone(How::Close)),
    ("all-but-one", Wording::Alone(How::AllButOne)),
    ("shares", Wording::Alone(How::Shares)),
];

impl Wording {
    /// Does the level fit values of this kind?
    pub(super) fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Alone(how) => how.fits(kind),
            Self::Similarity => How::Like(1.0).fits(kind),
            Self::Count(how, _) => how(1).fits(kind),
        }
    }
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        let is = |(_, kind): &&(&str, Self)| *kind == self;
        KINDS.iter().find(is).map_or("", |(word, _)| word)
    }
}

impl Part {
    /// Its word; the whole value has none.
    pub(crate) fn word(self) -> Option<&'static str> {
        let is = |(_, part): &&(&str, Self)| *part == self;
        PARTS.iter().find(is).map(|(word, _)| *word)
    }

    pub(super) fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Whole => true,
            Self::Word | Self::Sound | Self::First | Self::Last => kind == Kind::Name,
            Self::Year | Self::YearMonth | Self::DayMonth => kind == Kind::Date,
            Self::Area | Self::Outward | Self::Sector => kind == Kind::Postcode,
        }
    }
}

impl How {
    pub(super) fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Same => true,
            Self::Like(_) | Self::Edits(_) => matches!(kind, Kind::Text | Kind::Identifier),
            Self::Swapped | Self::OneDigit | Self::DefaultDay | Self::SameYear | Self::Years(_) => {
                kind == Kind::Date
            }
            Self::Sector | Self::Outward | Self::Area => kind == Kind::Postcode,
            Self::Within
            | Self::Single
            | Self::Variant
            | Self::Close
            | Self::AllButOne
            | Self::Shares => kind == Kind::Name,
        }
    }

    /// Does this hold wherever the other does, as far as that is known of the two alone?
    pub(super) fn covers(self, other: Self) -> bool {
        match (self, other) {
            (_, Self::Same) => true,
            (Self::Like(this), Self::Like(other)) => this <= other,
            (Self::Edits(this), Self::Edits(other)) => this >= other,
            // A digit that differs may be one of the year.
            (
                Self::SameYear | Self::Years(_),
                Self::Swapped | Self::DefaultDay | Self::SameYear,
            ) => true,
            (Self::Years(this), Self::Years(other)) => this >= other,
            _ => match (self.rank(), other.rank()) {
                (Some(this), Some(other)) => this >= other,
                _ => self == other,
            },
        }
    }

    /// The place among the levels of names or of postcodes, which widen one after the other.
    fn rank(self) -> Option<usize> {
        let ranked = match self {
            Self::Same
            | Self::Like(_)
            | Self::Edits(_)
            | Self::Swapped
            | Self::OneDigit
            | Self::DefaultDay
            | Self::SameYear
            | Self::Years(_) => false,
            Self::Sector
            | Self::Outward
            | Self::Area
            | Self::Within
            | Self::Single
            | Self::Variant
            | Self::Close
            | Self::AllButOne
            | Self::Shares => true,
        };
        let is =
            |(_, wording): &(&str, Wording)| matches!(wording, Wording::Alone(how) if *how == self);
        ranked.then(|| LEVELS.iter().position(is)).flatten()
    }
}

/// As it is written in a model's file.
impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Like(least) => write!(f, "like {least}"),
            Self::Edits(most) => write!(f, "edits {most}"),
            Self::Years(most) => write!(f, "years {most}"),
            Self::Same
            | Self::Swapped
            | Self::OneDigit
            | Self::DefaultDay
            | Self::SameYear
            | Self::Sector
            | Self::Outward
            | Self::Area
            | Self::Within
            | Self::Single
            | Self::Variant
            | Self::Close
            | Self::AllButOne
            | Self::Shares => {
                let is = |(_, wording): &&(&str, Wording)| matches!(wording, Wording::Alone(how) if how == self);
                f.write_str(LEVELS.iter().find(is).map_or("", |(word, _)| word))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_fits_something() {
        for (word, part) in PARTS {
            assert!(KINDS.iter().any(|(_, kind)| part.fits(*kind)), "{word}");
        }
        for (word, wording) in LEVELS {
            assert!(KINDS.iter().any(|(_, kind)| wording.fits(*kind)), "{word}");
        }
    }

    #[test]
    fn a_level_covers_what_it_holds_for() {
        let all = |hows: &[How]| {
            for (i, close) in hows.iter().enumerate() {
                for (j, wide) in hows.iter().enumerate() {
                    assert_eq!(wide.covers(*close), i <= j, "{wide:?} {close:?}");
                }
            }
        };
        all(&[
            How::Same,
            How::Within,
            How::Single,
            How::Variant,
            How::Close,
            How::AllButOne,
            How::Shares,
        ]);
        all(&[How::Same, How::Sector, How::Outward, How::Area]);
        all(&[How::Same, How::Like(0.95), How::Like(0.9)]);
        all(&[How::Same, How::Edits(1), How::Edits(2)]);
        all(&[How::Same, How::Swapped, How::SameYear]);
        all(&[How::Same, How::DefaultDay, How::SameYear]);
        all(&[How::Same, How::Swapped, How::Years(1), How::Years(2)]);
        all(&[How::Same, How::SameYear, How::Years(1)]);
        for (one, other) in [
            (How::Like(0.5), How::Edits(1)),
            (How::OneDigit, How::SameYear),
            (How::OneDigit, How::Years(9)),
            (How::OneDigit, How::Swapped),
            (How::DefaultDay, How::Swapped),
        ] {
            assert!(!one.covers(other) && !other.covers(one));
        }
    }
}
