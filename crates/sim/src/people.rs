//! Synthetic people. Each depends on the seed and its index alone, so any one can be made without the
//! others. Never draws an identifier that a real person could hold.

use jiff::civil::{Date, date};

use crate::draw::Draw;
use crate::names::{self, Form};

/// The naming tradition that a name is drawn from: one of the groups by which matching is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Origin {
    Albanian,
    Arabic,
    Bangladeshi,
    British,
    Chinese,
    French,
    Ghanaian,
    Indian,
    Indonesian,
    Irish,
    Nigerian,
    Pakistani,
    Polish,
    Portuguese,
    Romanian,
    Somali,
    Spanish,
    Turkish,
    Vietnamese,
    Ethiopian,
    Iranian,
    Ukrainian,
}

impl Origin {
    /// The origins of [`population`]; each is as likely as another.
    pub const ALL: [Self; 19] = [
        Self::Albanian,
        Self::Arabic,
        Self::Bangladeshi,
        Self::British,
        Self::Chinese,
        Self::French,
        Self::Ghanaian,
        Self::Indian,
        Self::Indonesian,
        Self::Irish,
        Self::Nigerian,
        Self::Pakistani,
        Self::Polish,
        Self::Portuguese,
        Self::Romanian,
        Self::Somali,
        Self::Spanish,
        Self::Turkish,
        Self::Vietnamese,
    ];

    /// The origins of a [`crate::world::World`]; each is as likely as another.
    pub const WORLD: [Self; 22] = [
        Self::Albanian,
        Self::Arabic,
        Self::Bangladeshi,
        Self::British,
        Self::Chinese,
        Self::Ethiopian,
        Self::French,
        Self::Ghanaian,
        Self::Indian,
        Self::Indonesian,
        Self::Iranian,
        Self::Irish,
        Self::Nigerian,
        Self::Pakistani,
        Self::Polish,
        Self::Portuguese,
        Self::Romanian,
        Self::Somali,
        Self::Spanish,
        Self::Turkish,
        Self::Ukrainian,
        Self::Vietnamese,
    ];
}

/// As the lists record it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Sex {
    Female,
    Male,
}

/// An address in an invented town.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// House number, street and town, with commas between.
    pub lines: String,
    /// `ZZ` followed by 1 to 98: there is no postcode area ZZ (and ZZ99, which statistics use as a pseudo
    /// postcode, is left out).
    pub postcode: String,
}

/// A person who does not exist, as some list might hold them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntheticPerson {
    /// The place in the population, from 0.
    pub index: u64,
    /// Where the name comes from.
    pub origin: Origin,
    /// Sex.
    pub sex: Sex,
    /// The whole name; some have accents, an apostrophe, two family names, or one name only.
    pub full_name: String,
    /// Born from 1930 to 2008; some on a recorder's first of January, some not recorded.
    pub date_of_birth: Option<Date>,
    /// See [`nino`]; one person in five has none on record.
    pub nino: Option<String>,
    /// One person in ten has none on record.
    pub address: Option<Address>,
    /// Of the numbers that the telephone regulator keeps free for drama (07700 900000 to 900999), so
    /// several people may have the same.
    pub mobile: Option<String>,
}

/// The first `n` people of the population that `seed` stands for.
pub fn population(seed: u64, n: usize) -> impl Iterator<Item = SyntheticPerson> {
    (0u64..).take(n).map(move |index| person(seed, index))
}

/// One person of the population that `seed` stands for.
pub fn person(seed: u64, index: u64) -> SyntheticPerson {
    let draw = Draw::new(seed, index);
    let origin = draw.pick("origin", &Origin::ALL).unwrap_or(Origin::British);
    let sex = if draw.chance("sex", 50) {
        Sex::Female
    } else {
        Sex::Male
    };
    let known = |label: &str, percent| draw.chance(label, percent);
    SyntheticPerson {
        index,
        origin,
        sex,
        full_name: full_name(draw, origin, sex),
        date_of_birth: known("birth known", 97).then(|| date_of_birth(draw)),
        nino: known("nino known", 80).then(|| nino(seed, index)),
        address: known("address known", 90).then(|| address(seed, index, "home")),
        mobile: known("mobile known", 60)
            .then(|| format!("07700 900{:03}", draw.number("mobile", 1000))),
    }
}

/// The National Insurance number of this person, whether or not a list knows it; no two people of one
/// population share one.
///
/// The first letter is Q, which is never used as the first letter of a prefix that is issued; the first
/// four million people have the prefix QQ, the one that official examples use.
pub fn nino(seed: u64, index: u64) -> String {
    /// Six digits and four suffix letters.
    const BLOCK: u64 = 4_000_000;
    // Odd and no multiple of five, so that multiplying only reorders a block.
    const STEP: u64 = 2_654_435_761 % BLOCK;
    let start = Draw::new(seed, 0).number("nino start", BLOCK);
    let (block, place) = (index / BLOCK, index % BLOCK);
    let slot = (place.wrapping_mul(STEP).wrapping_add(start)) % BLOCK;
    // Q, then the letters after Q, then those before.
    let second = letter((16 + block) % 26);
    format!("Q{second}{:06}{}", slot / 4, letter(slot % 4))
}

/// An address of this person; another for another `label`.
pub(crate) fn address(seed: u64, index: u64, label: &str) -> Address {
    let draw = Draw::new(seed, index);
    compose(|part, below| draw.number(&format!("{label} {part}"), below))
}

/// An address of what `number` draws, by the name of the part, below a bound.
pub(crate) fn compose(number: impl Fn(&str, u64) -> u64) -> Address {
    const STREETS: [&str; 12] = [
        "Alder Row",
        "Bellfounder Lane",
        "Candlewick Street",
        "Dovecote Rise",
        "Ferry Steps",
        "Foundry Walk",
        "Gatehouse Road",
        "Heron Close",
        "Lantern Yard",
        "Orchard Bank",
        "Ropewalk",
        "Tannery Court",
    ];
    const TOWNS: [&str; 10] = [
        "Ambermouth",
        "Brackenhythe",
        "Cawdlestone",
        "Eastling Ferry",
        "Fennowby",
        "Harrowmere",
        "Nettlebrook",
        "Quarrendale",
        "Saltersgate",
        "Wexcombe Parva",
    ];
    // The letters of a postcode's second half.
    const INWARD: &[u8] = b"ABDEFGHJLNPQRSTUWXYZ";
    let at = |part: &str, length: usize| {
        let below = u64::try_from(length).unwrap_or(0);
        usize::try_from(number(part, below)).unwrap_or(0)
    };
    let pick = |part: &str, list: &[&'static str]| {
        list.get(at(part, list.len())).copied().unwrap_or_default()
    };
    let inward = |part: &str| {
        let letter = INWARD.get(at(part, INWARD.len()));
        char::from(letter.copied().unwrap_or(b'A'))
    };
    Address {
        lines: format!(
            "{} {}, {}",
            number("house", 240).saturating_add(1),
            pick("street", &STREETS),
            pick("town", &TOWNS)
        ),
        postcode: format!(
            "ZZ{} {}{}{}",
            number("district", 98).saturating_add(1),
            number("sector", 10),
            inward("unit 1"),
            inward("unit 2")
        ),
    }
}

fn full_name(draw: Draw, origin: Origin, sex: Sex) -> String {
    let names = names::of(origin);
    let pick = |label, list| draw.pick(label, list).unwrap_or_default();
    let given = pick("given name", names.given(sex));
    let family = pick("family name", names.family);
    let second = pick("second family name", names.family);
    match names.form {
        Form::FamilyGiven => format!("{family} {given}"),
        Form::TwoFamily => format!("{given} {family} {second}"),
        Form::Single if draw.chance("single name", 60) => given.to_owned(),
        Form::GivenFamily if draw.chance("joined family names", 4) => {
            format!("{given} {family}-{second}")
        }
        Form::Single | Form::GivenFamily | Form::Patronymic => format!("{given} {family}"),
    }
}

fn date_of_birth(draw: Draw) -> Date {
    const FIRST: Date = date(1930, 1, 1);
    // 1930-01-01 to 2008-12-31.
    const DAYS: u64 = 28_855;
    let days = i64::try_from(draw.number("birth", DAYS)).unwrap_or(0);
    let born = FIRST
        .checked_add(jiff::SignedDuration::from_hours(days.saturating_mul(24)))
        .unwrap_or(FIRST);
    if draw.chance("birth on new year", 4) {
        born.first_of_year()
    } else {
        born
    }
}

fn letter(n: u64) -> char {
    u8::try_from(n)
        .ok()
        .and_then(|n| b'A'.checked_add(n))
        .map_or('A', char::from)
}
