//! The levels of comparisons as they would be explained on paper: texts, lists of words and the documentation's sentences.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use linkage::model::{Column, How, Kind, Model};
use rapidfuzz::distance::{damerau_levenshtein, jaro_winkler};

/// A word of a name as it is written, in standard form, and what it sounds like: words of one sound share a label.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) written: &'static str,
    standard: &'static str,
    sound: &'static str,
}

const fn word(written: &'static str, standard: &'static str, sound: &'static str) -> Word {
    Word {
        written,
        standard,
        sound,
    }
}

pub(crate) const WORDS: &[Word] = &[
    word("William", "william", "william"),
    word("BILL", "bill", "bill"),
    word("Liam", "liam", "liam"),
    word("Margaret", "margaret", "margaret"),
    word("Peggy", "peggy", "peggy"),
    word("Smith", "smith", "smith"),
    word("Smyth", "smyth", "smith"),
    word("Muhammad", "muhammad", "muhammad"),
    word("Mohamed", "mohamed", "muhammad"),
    word("Мухаммед", "мухаммед", "muhammad"),
    word("Юсуф", "юсуф", "yusuf"),
    word("Yusuf", "yusuf", "yusuf"),
    word("O'Neill", "oneill", "oneill"),
    word("Ivanov", "ivanov", "ivanov"),
    word("Иванов", "иванов", "ivanov"),
    word("Ivanovich", "ivanovich", "ivanovich"),
    word("Łukasz", "lukasz", "lukasz"),
    word("Lukas", "lukas", "lukasz"),
    word("Garcia", "garcia", "garcia"),
    word("Garvia", "garvia", "garvia"),
    word("Zoë", "zoe", "zoe"),
    word("王", "王", "王"),
    word("W", "w", "w"),
    word("M", "m", "m"),
];

const DIMINUTIVES: &str = include_str!("../../data/diminutives.txt");

/// Pairs of the words above that stand in one line of the list.
static RELATED: LazyLock<BTreeSet<(&str, &str)>> = LazyLock::new(|| {
    let lines = DIMINUTIVES.lines().filter(|line| !line.starts_with('#'));
    let lines = lines.filter_map(|line| line.split_once(':'));
    let mut related = BTreeSet::new();
    for (head, forms) in lines {
        let has = |w: &&Word| head == w.standard || forms.split(' ').any(|f| f == w.standard);
        for one in WORDS.iter().filter(has) {
            let others = WORDS.iter().filter(has);
            related.extend(others.map(|other| (one.standard, other.standard)));
        }
    }
    related
});

/// How the words of two names are given to one another.
struct Names {
    shorter: usize,
    same_count: bool,
    equal: usize,
    /// Of one sound, or forms of one name.
    variant: usize,
    /// Initials, or nearly alike.
    near: usize,
}

/// Each word of the left name is given the first free word of the right one: over all words equal ones, then over those
/// that are left spellings and forms, then initials and words nearly alike.
fn names(a: &str, b: &str) -> Names {
    let find = |w: &str| WORDS.iter().find(|known| known.standard == w).unwrap();
    let mut a: Vec<&Word> = a.split(' ').map(find).collect();
    let mut b: Vec<&Word> = b.split(' ').map(find).collect();
    let mut found = Names {
        shorter: a.len().min(b.len()),
        same_count: a.len() == b.len(),
        equal: 0,
        variant: 0,
        near: 0,
    };
    let give = |alike: &dyn Fn(&Word, &Word) -> bool, a: &mut Vec<&Word>, b: &mut Vec<&Word>| {
        let before = a.len();
        a.retain(|x| match b.iter().position(|y| alike(x, y)) {
            Some(at) => {
                b.remove(at);
                false
            }
            None => true,
        });
        before - a.len()
    };
    found.equal = give(&|x, y| x.standard == y.standard, &mut a, &mut b);
    // Once all words of the shorter are given, there is nothing left to give.
    let variant =
        |x: &Word, y: &Word| x.sound == y.sound || RELATED.contains(&(x.standard, y.standard));
    found.variant = give(&variant, &mut a, &mut b);
    let near = |x: &Word, y: &Word| {
        let (x, y) = (x.standard, y.standard);
        let first = |w: &str| w.chars().next();
        if x.chars().count() == 1 || y.chars().count() == 1 {
            first(x) == first(y)
        } else {
            jaro_winkler::similarity(x.chars(), y.chars()) >= 0.88
        }
    };
    found.near = give(&near, &mut a, &mut b);
    found
}

impl Names {
    /// Whether a level holds by itself, were it the only one.
    fn meet(&self, how: How) -> bool {
        let lone = self.shorter == 1 && !self.same_count;
        let (all, sure) = (self.shorter, self.equal + self.variant);
        let any = sure + self.near;
        match how {
            How::Same => self.equal == all && self.same_count,
            How::Within => self.meet(How::Same) || (self.equal == all && !lone),
            How::Single => self.equal == all,
            How::Variant => self.meet(How::Single) || (sure == all && !lone),
            // Of a name of several words not all may be merely near.
            How::Close => {
                let whole = sure > 0 || (all == 1 && self.same_count);
                self.meet(How::Variant) || (any == all && whole && !(lone && sure == all))
            }
            How::AllButOne => self.meet(How::Close) || (any + 1 == all && sure > 0),
            How::Shares => any > 0,
            _ => panic!("no level of names"),
        }
    }
}

/// Year, month and day.
fn date(text: &str) -> Option<[String; 3]> {
    text.parse::<jiff::civil::Date>().ok()?;
    let parts: Vec<String> = text.split('-').map(str::to_owned).collect();
    parts.try_into().ok()
}

fn dates_meet(how: How, a: &str, b: &str) -> bool {
    let ([year, month, day], [other_year, other_month, other_day]) =
        (&date(a).unwrap(), &date(b).unwrap());
    match how {
        How::Same => a == b,
        How::Swapped => year == other_year && month == other_day && day == other_month,
        How::OneDigit => {
            let digits = |t: &str| t.replace('-', "").into_bytes();
            let (a, b) = (digits(a), digits(b));
            let differ: Vec<usize> = (0..8).filter(|n| a[*n] != b[*n]).collect();
            match differ[..] {
                [] | [_] => true,
                [x, y] => y == x + 1 && a[x] == b[y] && a[y] == b[x],
                _ => false,
            }
        }
        How::DefaultDay => {
            let january = |month: &str, day: &str| (month, day) == ("01", "01");
            let of_year = january(month, day) || january(other_month, other_day);
            let of_month = month == other_month && (day == "01" || other_day == "01");
            year == other_year && (of_year || of_month)
        }
        How::SameYear => year == other_year,
        How::Years(most) => {
            let number = |year: &str| year.parse::<u32>().unwrap();
            number(year).abs_diff(number(other_year)) <= most
        }
        _ => panic!("no level of dates"),
    }
}

fn postcodes_meet(how: How, a: &str, b: &str) -> bool {
    let outward = |t: &str| t.split(' ').next().unwrap().to_owned();
    let sector = |t: &str| Some(format!("{} {}", outward(t), t.split_once(' ')?.1.get(..1)?));
    let area = |t: &str| {
        t.split(|c: char| c.is_ascii_digit())
            .next()
            .unwrap()
            .to_owned()
    };
    match how {
        How::Same => a == b,
        How::Sector => sector(a).is_some() && sector(a) == sector(b),
        How::Outward => outward(a) == outward(b),
        How::Area => area(a) == area(b),
        _ => panic!("no level of postcodes"),
    }
}

fn texts_meet(how: How, a: &str, b: &str) -> bool {
    let edits = damerau_levenshtein::distance(a.chars(), b.chars());
    match how {
        How::Same => a == b,
        How::Like(least) => jaro_winkler::similarity(a.chars(), b.chars()) >= least,
        How::Edits(most) => edits <= most as usize,
        _ => panic!("no level of texts"),
    }
}

/// A model's comparisons.
pub(crate) struct Plain<'m> {
    model: &'m Model,
}

impl<'m> Plain<'m> {
    pub(crate) fn new(model: &'m Model) -> Self {
        Self { model }
    }

    /// The code of two cells: of all pairs of their values the closest.
    pub(crate) fn code(&self, comparison: usize, left: &str, right: &str) -> usize {
        let comparison = &self.model.comparisons[comparison];
        let column = &self.model.columns[comparison.column];
        let (left, right) = (values(column, left), values(column, right));
        if left.is_empty() || right.is_empty() {
            return 0;
        }
        let level = |a: &str, b: &str| {
            let meets = |how: How| match column.kind {
                Kind::Name => names(a, b).meet(how),
                Kind::Date => dates_meet(how, a, b),
                Kind::Postcode => postcodes_meet(how, a, b),
                Kind::Identifier | Kind::Text => texts_meet(how, a, b),
            };
            let levels = &comparison.levels;
            let first = levels.iter().position(|level| meets(level.how));
            first.unwrap_or(levels.len()) + 1
        };
        let pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
        pairs.map(|(a, b)| level(a, b)).min().unwrap()
    }
}

/// The values of a cell in standard form, as many as are compared.
fn values(column: &Column, cell: &str) -> Vec<String> {
    let standard = |text: &str| match column.kind {
        Kind::Name | Kind::Text => linkage::name(text),
        Kind::Date => date(text).map(|_| text.to_owned()),
        Kind::Identifier | Kind::Postcode => Some(text.to_owned()).filter(|t| !t.is_empty()),
    };
    let pieces = cell.split(column.split.unwrap());
    pieces.filter_map(standard).take(column.most).collect()
}
