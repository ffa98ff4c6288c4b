//! How one column of a case compares with that of a master record: the number of the first level that holds.

use super::cases::Cases;
use super::encode::{Layout, NAME_WORDS, Place, outline_of, postcode_of};
use super::intern::Words;
use crate::diminutive::related;
use crate::model::{ColumnComparison, How, Kind, Model};
use crate::standardise::{postcode_area, postcode_outward, postcode_sector};
use crate::text::{Outline, alike, within_edits};

/// One side of a pair.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) row: &'a [u32],
    pub(crate) words: Words<'a>,
}

/// The number of a pair's level: 0 where a side has no value, then the levels from 1, then `else`.
pub(crate) type Code = u8;

/// Where two nearly alike words of a name begin to count as one (Jaro-Winkler).
const WORDS_ALIKE: f64 = 0.88;

/// How names compare, from the closest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Same,
    Within,
    Single,
    Variant,
    Close,
    AllButOne,
    Shares,
    Nothing,
}

/// A comparison made ready.
pub(crate) struct Comparer {
    pub(crate) left: Place,
    pub(crate) right: Place,
    hows: Vec<How>,
    /// For dates, the levels that may hold between two years: the code of `one-digit`, or one beyond all, and how many
    /// years apart with the code for it.
    digit: Code,
    years: Vec<(u32, Code)>,
    /// For postcodes: of each level's part a mask, and what of it must be there.
    parts: Vec<(u64, u64)>,
    /// For names: the code of each grade.
    by_grade: [Code; 8],
}

/// What was found: the level, and which value of each side it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) code: Code,
    pub(crate) left: u8,
    pub(crate) right: u8,
}

impl Comparer {
    pub(crate) fn new(comparison: &ColumnComparison, left: Place, right: Place) -> Self {
        let hows: Vec<How> = comparison.levels.iter().map(|l| l.how).collect();
        let otherwise = small(hows.len() + 1);
        let grades = [
            Grade::Same,
            Grade::Within,
            Grade::Single,
            Grade::Variant,
            Grade::Close,
            Grade::AllButOne,
            Grade::Shares,
            Grade::Nothing,
        ];
        let by_grade = grades.map(|grade| {
            let holds = |how: &How| grade <= grade_of(*how);
            hows.iter()
                .position(holds)
                .map_or(otherwise, |at| small(at + 1))
        });
        let digit = hows.iter().position(|how| *how == How::OneDigit);
        let years = (1..).zip(&hows);
        let years = years.filter_map(|(code, how)| {
            let How::Years(most) = how else {
                return None;
            };
            Some((*most, code))
        });
        Self {
            left,
            right,
            digit: digit.map_or(Code::MAX, |at| small(at + 1)),
            years: years.collect(),
            parts: hows.iter().map(|how| part(*how)).collect(),
            hows,
            by_grade,
        }
    }

    /// All comparisons of a model.
    pub(crate) fn all(model: &Model, cases: &Cases) -> Vec<Self> {
        let place = |layout: &Layout, column: usize| layout.places.get(column).copied();
        let placed = |c: &ColumnComparison| {
            let left = place(&cases.layout, c.column)?;
            Some(Self::new(c, left, place(&cases.master, c.column)?))
        };
        model.comparisons.iter().filter_map(placed).collect()
    }

    /// Whether strings may have to be compared.
    pub(crate) fn is_dear(&self) -> bool {
        match self.left.kind {
            Kind::Name => true,
            Kind::Text | Kind::Identifier => self.hows.iter().any(|h| *h != How::Same),
            Kind::Date | Kind::Postcode => false,
        }
    }

    pub(crate) fn code(&self, left: Side, right: Side) -> Code {
        self.compare(left, right).code
    }

    pub(crate) fn compare(&self, left: Side, right: Side) -> Compared {
        let otherwise = small(self.hows.len() + 1);
        let mut best = Compared {
            code: otherwise,
            left: 0,
            right: 0,
        };
        if self.left.is_empty(left.row) || self.right.is_empty(right.row) {
            best.code = 0;
            return best;
        }
        let apart = self.apart(left, right);
        for (i, a) in (0_u8..).zip(self.left.values(left.row)) {
            for (j, b) in (0_u8..).zip(self.right.values(right.row)) {
                let code = self.pair(a, b, left.words, right.words, apart, best.code);
                if code < best.code {
                    best = Compared {
                        code,
                        left: i,
                        right: j,
                    };
                    if code == 1 {
                        return best;
                    }
                }
            }
        }
        best
    }

    /// The two values that were found.
    pub(crate) fn slots<'r>(
        &self,
        found: Compared,
        left: &'r [u32],
        right: &'r [u32],
    ) -> (&'r [u32], &'r [u32]) {
        let a = self.left.values(left).nth(found.left.into());
        let b = self.right.values(right).nth(found.right.into());
        (a.unwrap_or_default(), b.unwrap_or_default())
    }

    /// The closest level that a pair can have, by what can be told without a look at letters; and whether a value that
    /// a rare term could make heavier may be common to both.
    pub(crate) fn at_best(&self, left: Side, right: Side) -> (Code, bool) {
        let otherwise = small(self.hows.len() + 1);
        if self.left.is_empty(left.row) || self.right.is_empty(right.row) {
            return (0, false);
        }
        let (mut best, mut common) = (otherwise, false);
        let apart = self.apart(left, right);
        for a in self.left.values(left.row) {
            for b in self.right.values(right.row) {
                if self.left.kind == Kind::Name {
                    let paired = pair_off(a, b, left.words, right.words, apart);
                    common |= paired.equal > 0;
                    let best_grade = paired.at_best(|| self.may_be_near(left, right));
                    let code = self.by_grade.get(best_grade as usize).copied();
                    best = best.min(code.unwrap_or(1));
                } else {
                    best = self.first(best, |how| may_hold(how, a, b));
                    common |= best < otherwise;
                }
            }
        }
        (best, common)
    }

    /// False only where both names are one word each, and neither the other's initial nor nearly alike.
    fn may_be_near(&self, left: Side, right: Side) -> bool {
        let (a, b) = (self.left.only(left.row), self.right.only(right.row));
        let short = |outline: Outline| outline.is_empty() || outline.is_letter();
        short(a) || short(b) || a.may_be_alike(b, WORDS_ALIKE)
    }

    /// Whether it is plain that no word of a name is a spelling or form of one of the other's.
    fn apart(&self, left: Side, right: Side) -> bool {
        self.left.kind == Kind::Name && self.left.bits(left.row) & self.right.bits(right.row) == 0
    }

    /// The code of two values where it is below `best`; else anything not below.
    fn pair(
        &self,
        a: &[u32],
        b: &[u32],
        of_a: Words,
        of_b: Words,
        apart: bool,
        best: Code,
    ) -> Code {
        match self.left.kind {
            Kind::Name => {
                let grade = grade(a, b, of_a, of_b, apart) as usize;
                self.by_grade.get(grade).copied().unwrap_or(best)
            }
            Kind::Postcode => {
                let (a, b) = (postcode_of(a), postcode_of(b));
                let mut levels = (1..best).zip(&self.parts);
                let held = levels.find(|(_, (mask, there))| (a ^ b) & mask == 0 && a & there != 0);
                held.map_or(best, |(code, _)| code)
            }
            Kind::Date if year_differs(a, b) => self.across(a, b, best),
            Kind::Text | Kind::Identifier | Kind::Date => {
                self.first(best, |how| holds(how, a, b, of_a, of_b))
            }
        }
    }

    /// The code of two dates of two years, where it is below `best`; else `best`.
    fn across(&self, a: &[u32], b: &[u32], best: Code) -> Code {
        let (one, other) = (first(a), first(b));
        let by_years = self
            .years
            .iter()
            .find(|(most, _)| apart(one, other) <= *most);
        let best = by_years.map_or(best, |(_, code)| best.min(*code));
        if self.digit < best && one_digit(one, other) {
            return self.digit;
        }
        best
    }

    /// The code of the first level that holds, where it is below `best`; else `best`.
    fn first(&self, best: Code, holds: impl Fn(How) -> bool) -> Code {
        let mut levels = (1..best).zip(&self.hows);
        let held = levels.find(|(_, how)| holds(**how));
        held.map_or(best, |(code, _)| code)
    }
}

fn small(n: usize) -> Code {
    Code::try_from(n).unwrap_or(Code::MAX)
}

const fn grade_of(how: How) -> Grade {
    match how {
        How::Within => Grade::Within,
        How::Single => Grade::Single,
        How::Variant => Grade::Variant,
        How::Close => Grade::Close,
        How::AllButOne => Grade::AllButOne,
        How::Shares => Grade::Shares,
        How::Same
        | How::Like(_)
        | How::Edits(_)
        | How::Swapped
        | How::OneDigit
        | How::DefaultDay
        | How::SameYear
        | How::Years(_)
        | How::Sector
        | How::Outward
        | How::Area => Grade::Same,
    }
}

/// Whether a level of anything but names and postcodes holds.
fn holds(how: How, a: &[u32], b: &[u32], of_a: Words, of_b: Words) -> bool {
    let (one, other) = (first(a), first(b));
    match how {
        How::Same => is_same(a, b),
        How::Like(least) => {
            one == other || (may_hold(how, a, b) && alike(of_a.text(one), of_b.text(other), least))
        }
        How::Edits(most) => {
            one == other
                || (may_hold(how, a, b) && within_edits(of_a.text(one), of_b.text(other), most))
        }
        How::Swapped => {
            one >> 16 == other >> 16
                && one >> 8 & 0xff == other & 0xff
                && one & 0xff == other >> 8 & 0xff
        }
        How::OneDigit => one_digit(one, other),
        How::DefaultDay => default_day(one, other),
        How::SameYear => one >> 16 == other >> 16,
        How::Years(most) => apart(one, other) <= most,
        How::Sector | How::Outward | How::Area => false,
        How::Within | How::Single | How::Variant | How::Close | How::AllButOne | How::Shares => {
            false
        }
    }
}

fn year_differs(a: &[u32], b: &[u32]) -> bool {
    first(a) >> 16 != first(b) >> 16
}

fn first(slot: &[u32]) -> u32 {
    slot.first().copied().unwrap_or(0)
}

/// Whether two values of one kind, but names, are the same. What stands after two words follows from the first.
fn is_same(a: &[u32], b: &[u32]) -> bool {
    a.first() == b.first() && a.get(1) == b.get(1)
}

/// False only where a level of texts or identifiers does not hold, by what can be told without a look at letters.
fn may_hold(how: How, a: &[u32], b: &[u32]) -> bool {
    match how {
        How::Same => is_same(a, b),
        How::Like(least) => outline_of(a).may_be_alike(outline_of(b), least),
        How::Edits(most) => outline_of(a).may_be_within(outline_of(b), most),
        How::Swapped
        | How::OneDigit
        | How::DefaultDay
        | How::SameYear
        | How::Years(_)
        | How::Sector
        | How::Outward
        | How::Area
        | How::Within
        | How::Single
        | How::Variant
        | How::Close
        | How::AllButOne
        | How::Shares => true,
    }
}

/// What must be equal of two packed postcodes for a level, and what of it must be there.
fn part(how: How) -> (u64, u64) {
    let [sector, outward, area] =
        [postcode_sector, postcode_outward, postcode_area].map(|part| part(u64::MAX));
    if how == How::Sector {
        (sector, sector ^ outward)
    } else if how == How::Outward {
        (outward, outward)
    } else if how == How::Area {
        (area, area)
    } else {
        (u64::MAX, u64::MAX)
    }
}

/// How many years two dates are apart.
fn apart(one: u32, other: u32) -> u32 {
    year(one).abs_diff(year(other))
}

/// The year of a date's digits.
const fn year(date: u32) -> u32 {
    (date >> 28) * 1000 + (date >> 24 & 15) * 100 + (date >> 20 & 15) * 10 + (date >> 16 & 15)
}

/// One digit differs, or two neighbouring digits of the written date are exchanged.
pub(crate) fn one_digit(a: u32, b: u32) -> bool {
    let differ = a ^ b;
    // A nibble that is not nought, as its lowest bit.
    let nibbles = (differ | differ >> 1 | differ >> 2 | differ >> 3) & 0x1111_1111;
    match nibbles.count_ones() {
        0 | 1 => true,
        2 => {
            let low = nibbles.trailing_zeros();
            nibbles >> low == 0x11 && {
                let (two_a, two_b) = (a >> low & 0xff, b >> low & 0xff);
                two_a >> 4 == two_b & 0xf && two_a & 0xf == two_b >> 4
            }
        }
        _ => false,
    }
}

/// One year, and one of the dates is its first of January; or one month, and one of them is its first.
pub(crate) fn default_day(a: u32, b: u32) -> bool {
    let first_of_year = |d: u32| d & 0xffff == 0x0101;
    let first_of_month = |d: u32| d & 0xff == 0x01;
    (a >> 16 == b >> 16 && (first_of_year(a) || first_of_year(b)))
        || (a >> 8 == b >> 8 && (first_of_month(a) || first_of_month(b)))
}

/// Which words of two names were given to one another, by what can be told from numbers alone.
struct Paired {
    shorter: usize,
    same_count: bool,
    equal: usize,
    variant: usize,
    /// A bit for each word that has been given away.
    taken_a: u8,
    taken_b: u8,
}

/// Each word of the shorter name is given at most one word of the longer: equal ones first, then spellings of one
/// sound and diminutives. Where the names are `apart`, there is none of these.
fn pair_off(a: &[u32], b: &[u32], of_a: Words, of_b: Words, apart: bool) -> Paired {
    let (count_a, count_b) = (count(a), count(b));
    let mut paired = Paired {
        shorter: count_a.min(count_b),
        same_count: count_a == count_b,
        equal: 0,
        variant: 0,
        taken_a: 0,
        taken_b: 0,
    };
    if apart {
        return paired;
    }
    for (i, x) in a.iter().enumerate().take(count_a) {
        for (j, y) in b.iter().enumerate().take(count_b) {
            if x == y && paired.taken_b >> j & 1 == 0 {
                paired.taken_a |= 1 << i;
                paired.taken_b |= 1 << j;
                paired.equal += 1;
                break;
            }
        }
    }
    if paired.equal == paired.shorter {
        return paired;
    }
    for (i, x) in a.iter().enumerate().take(count_a) {
        if paired.taken_a >> i & 1 == 1 {
            continue;
        }
        let of_x = of_a.meaning(*x);
        for (j, y) in b.iter().enumerate().take(count_b) {
            if paired.taken_b >> j & 1 == 1 {
                continue;
            }
            let of_y = of_b.meaning(*y);
            let alike = (of_x.sound != 0 && of_x.sound == of_y.sound)
                || (!of_x.groups.is_empty() && related(of_x.groups, of_y.groups));
            if alike {
                paired.taken_a |= 1 << i;
                paired.taken_b |= 1 << j;
                paired.variant += 1;
                break;
            }
        }
    }
    paired
}

impl Paired {
    /// The grade, where it needs no look at the letters.
    fn grade(&self) -> Option<Grade> {
        // One word against several says less than whole names do.
        let lone = self.shorter == 1 && !self.same_count;
        if self.equal == self.shorter {
            Some(match (self.same_count, lone) {
                (true, _) => Grade::Same,
                (false, true) => Grade::Single,
                (false, false) => Grade::Within,
            })
        } else if self.equal + self.variant == self.shorter {
            Some(if lone { Grade::Shares } else { Grade::Variant })
        } else {
            None
        }
    }

    /// The closest grade that a look at the letters can give; `near` says whether one word each may be nearly alike.
    fn at_best(&self, near: impl FnOnce() -> bool) -> Grade {
        match self.grade() {
            Some(grade) => grade,
            None if self.shorter == 1 && self.same_count => {
                if near() {
                    Grade::Close
                } else {
                    Grade::Nothing
                }
            }
            None if self.equal + self.variant > 0 => Grade::Close,
            None => Grade::Shares,
        }
    }
}

/// How two sets of words compare: what [`pair_off`] left may be initials or nearly alike. Words that are all no more than
/// nearly alike do not make a name of several words close.
fn grade(a: &[u32], b: &[u32], of_a: Words, of_b: Words, apart: bool) -> Grade {
    let mut paired = pair_off(a, b, of_a, of_b, apart);
    if let Some(grade) = paired.grade() {
        return grade;
    }
    let (count_a, count_b) = (count(a), count(b));
    let mut near = 0;
    for (i, x) in a.iter().enumerate().take(count_a) {
        if paired.taken_a >> i & 1 == 1 {
            continue;
        }
        for (j, y) in b.iter().enumerate().take(count_b) {
            if paired.taken_b >> j & 1 == 0 && nearly(*x, *y, of_a, of_b) {
                paired.taken_b |= 1 << j;
                near += 1;
                break;
            }
        }
    }
    let sure = paired.equal + paired.variant;
    let all = sure + near;
    let whole = sure > 0 || (paired.shorter == 1 && paired.same_count);
    if all == paired.shorter && whole {
        Grade::Close
    } else if all + 1 == paired.shorter && sure > 0 {
        Grade::AllButOne
    } else if all > 0 {
        Grade::Shares
    } else {
        Grade::Nothing
    }
}

fn count(slot: &[u32]) -> usize {
    slot.iter()
        .take(NAME_WORDS)
        .take_while(|w| **w != 0)
        .count()
}

/// One is the other's initial, or they are nearly alike.
fn nearly(a: u32, b: u32, of_a: Words, of_b: Words) -> bool {
    let (outline_a, outline_b) = (of_a.meaning(a).outline, of_b.meaning(b).outline);
    if outline_a.is_letter() || outline_b.is_letter() {
        return of_a.word(a).chars().next() == of_b.word(b).chars().next();
    }
    outline_a.may_be_alike(outline_b, WORDS_ALIKE) && alike(of_a.word(a), of_b.word(b), WORDS_ALIKE)
}
