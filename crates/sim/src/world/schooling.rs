//! Who goes to school, and in which terms. Terms are counted: three in a year, each with one day on which the schools
//! tell the census who is on their roll.

use jiff::civil::{Date, Weekday, date};

use super::truth::Truth;
use super::{FIRST_DAY, LAST_DAY, World};
use crate::draw::Lot;

/// How a person is schooled who is of an age for school in the years of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schooling {
    /// Too young, or grown up.
    OutOfAge,
    /// In a nation whose schools are not in the census.
    OtherNation,
    /// At an independent school, of which the census knows nothing.
    Independent,
    /// Not at school.
    NoSchool,
    /// In terms of which the census knows.
    InCensus,
}

/// Terms from the first one at school to the end of primary school, of secondary school, and of the sixth form.
const PRIMARY: i32 = 7 * 3;
const SECONDARY: i32 = 12 * 3;
const SIXTH_FORM: i32 = 14 * 3;

/// Who was born by this day is nineteen on the first day.
const TOO_OLD: Date = date(1997, 3, 18);

/// A term: that in spring, in summer or in autumn of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Term(i32);

impl Term {
    /// The first of which the census knows: autumn 2006.
    pub(crate) const FIRST: Self = Self(2006 * 3 + 2);

    /// The day of the census in this term: the third Thursday of January or of May, the first of October.
    pub(crate) fn census(self) -> Date {
        let (month, nth) = match self.0.rem_euclid(3) {
            0 => (1, 3),
            1 => (5, 3),
            _ => (10, 1),
        };
        let year = i16::try_from(self.0.div_euclid(3)).unwrap_or(i16::MAX);
        Date::new(year, month, 1)
            .and_then(|first| first.nth_weekday_of_month(nth, Weekday::Thursday))
            .unwrap_or(Date::MAX)
    }

    /// The last term whose census was by `day`.
    pub(crate) fn last_by(day: Date) -> Self {
        let mut term = Self(i32::from(day.year()) * 3 + 2);
        while term.census() > day {
            term.0 -= 1;
        }
        term
    }

    /// The terms from this one to `last`.
    pub(crate) fn to(self, last: Self) -> impl Iterator<Item = Self> {
        (self.0..=last.0).map(Self)
    }

    /// One of the terms from this to `last`; this where `last` is before it.
    fn draw(self, lot: Lot, label: &str, last: Self) -> Self {
        let below = u64::try_from(last.0 - self.0 + 1).unwrap_or(1);
        Self(self.0 + i32::try_from(lot.number(label, below)).unwrap_or(0))
    }
}

/// The autumn term of the school year in which somebody born on this day is five.
fn starts(born: Date) -> Term {
    let late = i32::from(born.month() >= 9);
    Term((i32::from(born.year()) + 4 + late) * 3 + 2)
}

/// Whether somebody born on this day is at most eighteen on the first day and of an age for school by the last.
pub(crate) fn of_age(born: Date) -> bool {
    born > TOO_OLD && starts(born) <= Term::last_by(LAST_DAY)
}

/// A kind of school.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Primary,
    Secondary,
    SixthForm,
}

impl Phase {
    /// Of somebody in this term who was born on this day, and `stays` at the secondary school for the sixth form or
    /// does not.
    pub(crate) fn of(born: Date, term: Term, stays: bool) -> Self {
        match term.0 - starts(born).0 {
            ..PRIMARY => Self::Primary,
            SECONDARY.. if !stays => Self::SixthForm,
            PRIMARY.. => Self::Secondary,
        }
    }
}

impl Schooling {
    pub(crate) fn draw(lot: Lot, born: Date, case: bool, nation: &str) -> Self {
        let (independent, none) = if case { (40, 120) } else { (70, 90) };
        match lot.of("schooling", 0).number("how", 1000) {
            _ if !of_age(born) => Self::OutOfAge,
            _ if nation != "england" => Self::OtherNation,
            n if n < independent => Self::Independent,
            n if n < none => Self::NoSchool,
            _ => Self::InCensus,
        }
    }
}

impl World {
    /// The first and the last term in which this person is on the roll of a school of the census; a last term after
    /// those of the world is yet to come.
    pub(crate) fn on_roll(&self, truth: &Truth) -> Option<(Term, Term)> {
        if truth.schooling != Schooling::InCensus {
            return None;
        }
        let lot = self.person(truth.index).of("schooling", 0);
        let start = starts(truth.born);
        let terms = if lot.chance("sixth form", 500) {
            SIXTH_FORM
        } else {
            SECONDARY
        };
        let end = Term(start.0 + terms - 1);
        let now = Term::last_by(FIRST_DAY);
        let (late, left) = if truth.case { (350, 130) } else { (60, 15) };
        let first = if lot.chance("comes later", late) {
            start.draw(lot, "first term", now.min(end))
        } else {
            start
        };
        let first = first.max(Term::FIRST);
        let last = if first < now && lot.chance("left", left) {
            first.draw(lot, "last term", Term(now.0 - 1))
        } else if lot.chance("leaves", 30) {
            first
                .max(now)
                .draw(lot, "last term", Term::last_by(LAST_DAY))
        } else {
            end
        };
        let dies = truth.died.map_or(end, Term::last_by);
        let last = last.min(end).min(dies);
        (first <= last).then_some((first, last))
    }
}
