//! The school census as it holds a person: what the schools told on the census day of each term.

use agreement::DatedAddress;
use jiff::civil::{Date, date};

use super::homes::{Home, known_homes};
use super::naming::{Family, Name};
use super::recorded::{Habits, joined, sex};
use super::reference::{self, List};
use super::schooling::{Phase, Term, of_age};
use super::truth::Truth;
use super::{FIRST_DAY, LAST_DAY, World};
use crate::draw::Lot;
use crate::people::{self, Origin};

/// A record of the school census. Several values of one field are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PupilRecord {
    /// The list's reference.
    pub reference: String,
    /// The day from which the list has the record: the first census that told of the pupil.
    pub begins: Date,
    /// The name, as this list writes it.
    pub full_name: String,
    /// A former name, and the name that the pupil is known as.
    pub former_names: Option<String>,
    /// The birth date, as this list has it.
    pub date_of_birth: Date,
    /// `female` or `male`.
    pub sex: &'static str,
    /// Addresses, dated by the first and the last census that told of each.
    pub addresses: Option<String>,
    /// Schools, dated in the same way: number, name, postcode.
    pub schools: Option<String>,
    /// The first language, three letters.
    pub first_language: Option<&'static str>,
    /// The family name, or the only name.
    pub surname: String,
    /// The given name, beside a family name.
    pub forename: Option<String>,
    /// A second given name, or the father's name.
    pub middle_name: Option<String>,
    /// The family name of the former name.
    pub former_surname: Option<String>,
    /// The family name that the pupil is known by.
    pub preferred_surname: Option<String>,
    /// Whether the pupil was adopted from care: `yes` or `no`.
    pub adopted_from_care: Option<&'static str>,
}

const HABITS: Habits = Habits {
    respells: 80,
    middle: 700,
    one_family_name: 60,
    given_first: 350,
    capitals: 100,
    typing: 25,
    knows_new_name: 750,
    new_year: 5,
    swaps: 6,
    no_number: 1000,
    wrong_digit: 0,
    partners_number: 0,
};

impl World {
    /// This person as the school census holds them; none where it does not.
    pub fn pupil(&self, index: u64) -> Option<PupilRecord> {
        // Nearly everybody is too old or too young: that is known without the rest of the truth.
        if !of_age(self.born(index)) {
            return None;
        }
        let truth = self.truth(index);
        let (first, last) = self.on_roll(&truth)?;
        let end = Term::last_by(LAST_DAY);
        // Who is not told of any more has left: the world's last census cannot say that.
        let (last, left) = (last.min(end), last < end);
        if first > last {
            return None;
        }
        let begins = first.census();
        let lot = self.person(index).of("pupils", 0);
        let (name, former) = HABITS.names(lot, &truth);
        let known_as = self
            .known_as(lot, &truth)
            .map(|name| HABITS.name(lot.of("known as", 0), &name));
        let others = former.iter().chain(&known_as).map(|name| &name.whole);
        let heard = if lot.chance("moved unsaid", 100) {
            lot.day("heard last", date(2012, 1, 1), FIRST_DAY)
        } else {
            LAST_DAY
        };
        let homes = known_homes(&truth.homes, heard.max(begins));
        let home = |term| Some((term, at(&homes, term)?.dated().address));
        let addresses = dated(first.to(last).filter_map(home), left);
        let adopted = match lot.number("adopted", 1000) {
            0..5 => Some("yes"),
            5..950 => Some("no"),
            _ => None,
        };
        Some(PupilRecord {
            reference: reference::text(List::Pupils, self.number(List::Pupils, index)),
            begins,
            full_name: name.whole,
            date_of_birth: HABITS.birth(lot, truth.born),
            sex: sex(truth.sex),
            addresses: joined(addresses).filter(|_| lot.chance("addresses held", 985)),
            schools: joined(dated(self.schools(&truth, first, last), left)),
            first_language: lot
                .chance("language known", 920)
                .then(|| language(lot, truth.origin)),
            former_names: joined(others),
            surname: name.surname,
            forename: name.forename,
            middle_name: name.middle,
            former_surname: former.map(|name| name.surname),
            preferred_surname: known_as.map(|name| name.surname),
            adopted_from_care: adopted,
        })
    }

    /// The name of the other side of the family, which some children have at school.
    fn known_as(&self, lot: Lot, truth: &Truth) -> Option<Name> {
        if !truth.household.is_child(truth.index) {
            return None;
        }
        let with_household = truth.name.of_family(self.family(truth.household));
        if with_household != truth.name {
            return lot
                .chance("known as the family", 500)
                .then_some(with_household);
        }
        let own = Family::draw(self.person(truth.index), truth.origin);
        let own = truth.name.of_family(own);
        (own != truth.name && lot.chance("known as another", 20)).then_some(own)
    }

    /// The school of each of the terms from `first` to `last`: the same for a family, another where it has moved, in
    /// half of the moves.
    fn schools(&self, truth: &Truth, first: Term, last: Term) -> Vec<(Term, String)> {
        let own = self.person(truth.index).of("schools", 0);
        let family = self.lot.of("household", truth.household.first);
        let lot = if own.chance("another than the family's", 200) {
            own
        } else {
            family.of("schools", 0)
        };
        let stays = own.chance("stays for the sixth form", 600);
        let (mut moves, mut changes, mut before) = (0, 0, None);
        let mut all = Vec::new();
        // From the first term of all, so that brothers and sisters who come later come to the same school.
        for term in Term::FIRST.to(last) {
            let home = at(&truth.homes, term);
            if before.is_some() && before != home {
                moves += 1;
                changes += u64::from(lot.of("move", moves).chance("changes school", 500));
            }
            before = home;
            if term >= first {
                let phase = Phase::of(truth.born, term, stays);
                all.push((term, self.school(lot.of("change", changes), phase)));
            }
        }
        all
    }

    /// A school with number, name and postcode: one of 800 primary schools, 200 high schools, and 50 colleges.
    fn school(&self, lot: Lot, phase: Phase) -> String {
        let (number, kind) = match phase {
            Phase::Primary => (2000 + lot.number("primary", 800), "Primary School"),
            Phase::Secondary => (4000 + lot.number("secondary", 200), "High School"),
            Phase::SixthForm => (6900 + lot.number("sixth form", 50), "Sixth Form College"),
        };
        let place = self.lot.of("school", number);
        let site = people::compose(|part, below| place.number(part, below));
        // The street stands between a house number and a comma.
        let street = site.lines.split_once(' ').map_or("", |(_, street)| street);
        let street = street.split_once(',').map_or(street, |(street, _)| street);
        format!("ZZ/{number}, {street} {kind}, {}", site.postcode)
    }
}

/// The home on the census day of this term.
fn at(homes: &[Home], term: Term) -> Option<&Home> {
    let day = term.census();
    homes
        .iter()
        .rfind(|home| home.from <= day && home.until.is_none_or(|until| day <= until))
}

/// What was told term by term, each value with the first and the last census that told it; the last value goes on
/// where nobody has `left`.
fn dated(told: impl IntoIterator<Item = (Term, String)>, left: bool) -> Vec<DatedAddress> {
    let mut all: Vec<DatedAddress> = Vec::new();
    for (term, address) in told {
        let day = Some(term.census());
        match all.last_mut() {
            Some(last) if last.address == address => last.until = day,
            _ => all.push(DatedAddress {
                from: day,
                until: day,
                address,
            }),
        }
    }
    if let Some(last) = all.last_mut().filter(|_| !left) {
        last.until = None;
    }
    all
}

/// The language of the tradition, or English.
fn language(lot: Lot, origin: Origin) -> &'static str {
    if lot.chance("english", 200) {
        return "eng";
    }
    match origin {
        Origin::Albanian => "sqi",
        Origin::Arabic => "ara",
        Origin::Bangladeshi => "ben",
        Origin::British | Origin::Irish => "eng",
        Origin::Chinese => "zho",
        Origin::Ethiopian => "amh",
        Origin::French => "fra",
        Origin::Ghanaian => "aka",
        Origin::Indian => "guj",
        Origin::Indonesian => "ind",
        Origin::Iranian => "fas",
        Origin::Nigerian => "yor",
        Origin::Pakistani => "urd",
        Origin::Polish => "pol",
        Origin::Portuguese => "por",
        Origin::Romanian => "ron",
        Origin::Somali => "som",
        Origin::Spanish => "spa",
        Origin::Turkish => "tur",
        Origin::Ukrainian => "ukr",
        Origin::Vietnamese => "vie",
    }
}
