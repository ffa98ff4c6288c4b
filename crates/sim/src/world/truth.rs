//! A person as they are. What a list holds of them is another matter ([`super::Case`], [`super::TaxRecord`],
//! [`super::BenefitRecord`], [`super::PupilRecord`]).

use jiff::civil::{Date, date};

use super::homes::{Home, homes};
use super::naming::{Family, Name};
use super::schooling::Schooling;
use super::{FIRST_DAY, Household, LAST_DAY, Together, World};
use crate::draw::Lot;
use crate::names;
use crate::people::{self, Origin, Sex};

/// A person as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    /// The place in the population, from 0.
    pub index: u64,
    /// The household.
    pub household: Household,
    /// The tradition of the name.
    pub origin: Origin,
    /// Sex.
    pub sex: Sex,
    /// The birth date; for one person in twenty-five the day is not known to anybody, and is 1 January.
    pub born: Date,
    /// The day of death.
    pub died: Option<Date>,
    /// The name at the end.
    pub name: Name,
    /// The name before a marriage or deed, and the day of the change.
    pub former: Option<(Name, Date)>,
    /// The National Insurance number, if one was ever given.
    pub nino: Option<String>,
    /// The homes, oldest first, over ten years.
    pub homes: Vec<Home>,
    /// Mobile numbers, the one in use first.
    pub mobiles: Vec<String>,
    /// E-mail addresses, the one in use first.
    pub emails: Vec<String>,
    /// The nation of the latest home.
    pub nation: &'static str,
    /// How the person is schooled, of what the school census can know.
    pub schooling: Schooling,
    /// Whether the Home Office has a case.
    pub case: bool,
    /// Whether the case is in the pool on the first day.
    pub pool: bool,
}

/// What is known of a person without the rest of the truth, and so cheaply about a partner too.
pub(crate) struct Basics {
    pub(crate) sex: Sex,
    pub(crate) born: Date,
    pub(crate) name: Name,
    pub(crate) former: Option<(Name, Date)>,
    pub(crate) origin: Origin,
}

/// Who was born by this day is sixteen on the first day and can be in a list of adults on the first day.
pub(crate) const GROWN_UP: Date = date(2000, 3, 18);

impl World {
    pub(crate) fn person(&self, index: u64) -> Lot {
        self.lot.of("person", index)
    }

    /// The family whose name a household's members may share.
    pub(crate) fn family(&self, household: Household) -> Family {
        let home = self.lot.of("household", household.first);
        let origin = home.pick("origin", &Origin::WORLD);
        Family::draw(home, origin.unwrap_or(Origin::British))
    }

    /// When this person was born, without the rest of the truth.
    pub(crate) fn born(&self, index: u64) -> Date {
        let household = self.household(index);
        let home = self.lot.of("household", household.first);
        born(self.person(index), home, household, index)
    }

    pub(crate) fn basics(&self, index: u64, household: Household) -> Basics {
        let lot = self.person(index);
        let home = self.lot.of("household", household.first);
        let child = household.is_child(index);
        let family = self.family(household);
        let usual = family.origin;
        let own = lot.pick("origin", &Origin::WORLD);
        let origin = own
            .filter(|_| !child && lot.chance("another origin", 150))
            .unwrap_or(usual);
        let sex = sex(lot, home, household, index);
        let mine = Family::draw(lot, origin);
        let second = household.partner(index) == Some(household.first);
        let shares = match household.together {
            Together::Couple if second => lot.chance("shares the name", 700),
            Together::Couple | Together::Parent if child => lot.chance("shares the name", 950),
            Together::Alone | Together::Couple | Together::Parent => origin == usual,
            Together::Sharers => false,
        };
        let born_as = Name::draw(lot, mine, sex);
        let name = if shares {
            Name::draw(lot, Family { origin, ..family }, sex)
        } else {
            born_as.clone()
        };
        let former = former(lot, born_as, &name, second && shares, sex, origin);
        Basics {
            sex,
            born: born(lot, home, household, index),
            name,
            former,
            origin,
        }
    }

    /// This person as they are.
    pub fn truth(&self, index: u64) -> Truth {
        let lot = self.person(index);
        let household = self.household(index);
        let Basics {
            sex,
            born,
            name,
            former,
            origin,
        } = self.basics(index, household);
        let home = self.lot.of("household", household.first);
        let grown_up = born <= GROWN_UP;
        let case = if home.chance("cases", 160) {
            lot.chance("case", 800)
        } else {
            lot.chance("case", 83)
        };
        let pool = case && grown_up && lot.chance("pool", 475);
        let numbered = if case { 760 } else { 960 };
        let nino = grown_up && lot.chance("nino", numbered);
        let nation = home.pick("nation", &NATIONS).unwrap_or("england");
        Truth {
            index,
            household,
            origin,
            sex,
            born,
            died: died(lot, born),
            nino: nino.then(|| people::nino(self.seed, index)),
            homes: homes(lot, home, !household.is_child(index)),
            mobiles: mobiles(lot),
            emails: emails(lot, &name),
            nation,
            schooling: Schooling::draw(lot, born, case, nation),
            name,
            former,
            case,
            pool,
        }
    }
}

/// Of 33 households one lives in Northern Ireland, three in Scotland, two in Wales.
const NATIONS: [&str; 33] = {
    let mut all = ["england"; 33];
    let [a, b, c, d, e, f, ..] = &mut all;
    (*a, *b, *c) = ("northern-ireland", "scotland", "scotland");
    (*d, *e, *f) = ("scotland", "wales", "wales");
    all
};

fn sex(lot: Lot, home: Lot, household: Household, index: u64) -> Sex {
    let of = |female| if female { Sex::Female } else { Sex::Male };
    let first = home.chance("first is a woman", 500);
    if index == household.first {
        return of(first);
    }
    if household.partner(index).is_some() {
        return of(first != lot.chance("other sex", 960));
    }
    of(lot.chance("woman", 500))
}

fn born(lot: Lot, home: Lot, household: Household, index: u64) -> Date {
    const YOUNGEST: Date = date(2015, 12, 31);
    let years = |date: Date, years: i64| {
        date.checked_add(jiff::Span::new().years(years))
            .unwrap_or(date)
    };
    let first = home.day("first born", date(1938, 1, 1), date(1996, 12, 31));
    let born = if household.is_child(index) {
        let (from, until) = (years(first, 18), years(first, 42));
        lot.day("born", from, until.min(YOUNGEST).max(from))
    } else if index == household.first {
        first
    } else if household.partner(index).is_some() {
        let (from, until) = (years(first, -9), years(first, 9));
        lot.day("born", from, until.min(date(1997, 12, 31)))
    } else {
        lot.day("born", date(1938, 1, 1), date(1997, 12, 31))
    };
    if lot.chance("day of birth unknown", 40) {
        born.first_of_year()
    } else {
        born
    }
}

impl Truth {
    /// The sixteenth birthday: no list of adults knows of anybody before.
    pub(crate) fn sixteen(&self) -> Date {
        let years = jiff::Span::new().years(16);
        self.born.checked_add(years).unwrap_or(self.born)
    }
}

fn died(lot: Lot, born: Date) -> Option<Date> {
    let (before, after) = match born.year() {
        ..1950 => (70, 30),
        _ => (6, 3),
    };
    match lot.number("dies", 1000) {
        n if n < after => Some(lot.day("died", FIRST_DAY, LAST_DAY)),
        n if n < before + after => Some(lot.day("died", date(2008, 1, 1), FIRST_DAY)),
        _ => None,
    }
}

/// Half the women who took the name of a partner changed it within the years that lists remember; one person in
/// a hundred changed both names by deed.
fn former(
    lot: Lot,
    born_as: Name,
    name: &Name,
    took_it: bool,
    sex: Sex,
    origin: Origin,
) -> Option<(Name, Date)> {
    let day = lot.day("name changed", date(2006, 1, 1), date(2017, 12, 31));
    if took_it && sex == Sex::Female && lot.chance("married lately", 500) {
        return (born_as != *name).then_some((born_as, day));
    }
    if !lot.chance("deed", 10) {
        return None;
    }
    let before = lot.of("before the deed", 0);
    let given = names::given(before, "given name", origin, sex);
    let was = name.of_family(Family::draw(before, origin)).given(given);
    Some((was, day))
}

fn mobiles(lot: Lot) -> Vec<String> {
    const HOW_MANY: [u64; 10] = [0, 0, 1, 1, 1, 1, 1, 2, 2, 4];
    let many = lot.pick("mobiles", &HOW_MANY).unwrap_or(0);
    (0..many)
        .map(|n| format!("07700 900{:03}", lot.of("mobile", n).number("number", 1000)))
        .collect()
}

fn emails(lot: Lot, name: &Name) -> Vec<String> {
    const HOW_MANY: [u64; 10] = [0, 0, 0, 0, 1, 1, 1, 1, 2, 4];
    const AT: [&str; 4] = ["mail", "post", "letters", "inbox"];
    let many = lot.pick("emails", &HOW_MANY).unwrap_or(0);
    if many == 0 {
        return Vec::new();
    }
    let word = linkage::name(name.first()).unwrap_or_default();
    let word: String = word.chars().filter(char::is_ascii_alphabetic).collect();
    (0..many)
        .map(|n| {
            let lot = lot.of("email", n);
            let at = lot.pick("at", &AT).unwrap_or_default();
            format!("{word}{}@{at}.example", lot.number("number", 10_000))
        })
        .collect()
}
