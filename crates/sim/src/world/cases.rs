//! The Home Office's case register as it holds a person.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::recorded::{Habits, joined, sex};
use super::states::{Held, State, homes, states};
use super::truth::{GROWN_UP, Truth};
use super::{FIRST_DAY, LAST_DAY, Together, World};
use crate::draw::Lot;
use crate::people::{Origin, Sex};
use crate::register::cid_person_id;

/// A person of the case register. Several values of one field are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The register's person key.
    pub key: String,
    /// The day from which the register has the person.
    pub opened: Date,
    /// The system that holds the case: `CID` or `CRS`.
    pub source: &'static str,
    /// The name, as this register writes it.
    pub full_name: String,
    /// The birth date, as this register has it.
    pub date_of_birth: Date,
    /// The port reference.
    pub port_reference: Option<String>,
    /// The Home Office reference.
    pub ho_reference: Option<String>,
    /// The title.
    pub title: Option<&'static str>,
    /// The nationality, three letters.
    pub nationality: &'static str,
    /// The first e-mail address.
    pub email_primary: Option<String>,
    /// Up to three more.
    pub email_other: Option<String>,
    /// Up to four mobile numbers.
    pub mobile: Option<String>,
    /// The National Insurance number.
    pub nino: Option<String>,
    /// The family name, or the only name.
    pub surname: String,
    /// The given name, beside a family name.
    pub forename: Option<String>,
    /// A second given name, or the father's name.
    pub middle_name: Option<String>,
    /// `female` or `male`.
    pub sex: Option<&'static str>,
    /// The family's key: the same in the cases of one family.
    pub family: String,
    /// Why contact with the family matters.
    pub grounds: Grounds,
    /// What the register says, oldest first; at least one.
    pub states: Vec<State>,
    /// What addresses it holds, oldest first; at least one.
    pub homes: Vec<Held>,
}

const HABITS: Habits = Habits {
    respells: 120,
    middle: 850,
    one_family_name: 50,
    given_first: 150,
    capitals: 0,
    typing: 30,
    knows_new_name: 600,
    new_year: 25,
    swaps: 15,
    no_number: 350,
    wrong_digit: 20,
    partners_number: 10,
};

impl World {
    /// This person as the case register holds them; none where it has no case.
    pub fn case(&self, index: u64) -> Option<Case> {
        let truth = self.truth(index);
        truth.case.then(|| self.recorded_case(&truth))
    }

    fn recorded_case(&self, truth: &Truth) -> Case {
        let lot = self.person(truth.index).of("register", 0);
        let new = lot.chance("opened later", 40);
        let opened = if new {
            lot.day("opened", FIRST_DAY, LAST_DAY - 60.days())
        } else {
            let from = date(1999, 1, 1).max(truth.born);
            lot.day("opened", from, FIRST_DAY)
        };
        let states = states(lot, truth, opened);
        let held = lot.chance("addresses held", 930);
        let homes = homes(lot, truth, &states);
        let (name, _) = HABITS.names(lot, truth);
        let held_or =
            |label, of_thousand, value: String| lot.chance(label, of_thousand).then_some(value);
        let (first, others) = truth
            .emails
            .split_first()
            .filter(|_| lot.chance("emails held", 700))
            .map_or((None, &[][..]), |(first, others)| (Some(first), others));
        let number = |label, digits: u32| lot.number(label, 10_u64.pow(digits));
        Case {
            key: cid_person_id(truth.index),
            opened,
            source: if lot.chance("crs", 200) { "CRS" } else { "CID" },
            full_name: name.whole,
            date_of_birth: HABITS.birth(lot, truth.born),
            port_reference: held_or("port", 600, format!("ZZP/{:07}", number("port number", 7))),
            ho_reference: held_or("ho", 850, format!("Z{:09}", number("ho number", 9))),
            title: title(lot, truth).filter(|_| lot.chance("title held", 820)),
            nationality: lot
                .pick("nationality", nationalities(truth.origin))
                .unwrap_or("XXA"),
            email_primary: first.cloned(),
            email_other: joined(others.iter().take(3)),
            mobile: joined(truth.mobiles.iter().take(4))
                .filter(|_| lot.chance("mobiles held", 750)),
            nino: HABITS.number(lot, self, truth),
            surname: name.surname,
            forename: name.forename,
            middle_name: name.middle,
            sex: lot.chance("sex known", 920).then(|| sex(truth.sex)),
            family: family(truth),
            grounds: self.grounds(truth),
            homes: homes
                .into_iter()
                .filter(|h| held || h.from > opened)
                .collect(),
            states,
        }
    }
}

/// Why contact with a family and a child matters, as the register has it; none is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grounds {
    /// Contact with the family was lost.
    pub contact_lost: Option<bool>,
    /// The section under which somebody of the family is suspected of an offence.
    pub offence_suspected: Option<&'static str>,
    /// The family is believed to be in the United Kingdom.
    pub believed_in_uk: Option<bool>,
    /// There is an open breach on the register.
    pub open_breach: Option<bool>,
    /// A child who came without family.
    pub unaccompanied_minor: Option<bool>,
    /// Somebody is concerned for the child.
    pub wellbeing_concern: Option<bool>,
}

/// The sections of the offences, as the agreements write them.
const OFFENCES: [&str; 4] = [
    "ia-1971-s24",
    "ia-1971-s24",
    "ia-1971-s24a",
    "aitca-2004-s35",
];

impl World {
    fn grounds(&self, truth: &Truth) -> Grounds {
        let child = truth.born > GROWN_UP;
        let own = self.person(truth.index).of("grounds", 0);
        let family = match truth.household.together {
            Together::Sharers => own,
            Together::Alone | Together::Couple | Together::Parent => self
                .lot
                .of("household", truth.household.first)
                .of("grounds", 0),
        };
        // Whether somebody is grown up follows from the birth date.
        let alone = child && own.chance("came alone", 40);
        let of_child = |label, of_thousand| match child {
            true => truth_of(own, label, of_thousand),
            false => Some(false),
        };
        Grounds {
            contact_lost: truth_of(family, "contact lost", 700),
            offence_suspected: family
                .chance("offence", 900)
                .then(|| family.pick("section", &OFFENCES))
                .flatten(),
            believed_in_uk: truth_of(family, "in the United Kingdom", 900),
            open_breach: truth_of(family, "open breach", 900),
            unaccompanied_minor: Some(alone),
            wellbeing_concern: of_child("concern", if alone { 400 } else { 30 }),
        }
    }
}

/// So in so many of a thousand cases; in thirty it is not known.
fn truth_of(lot: Lot, label: &str, of_thousand: u64) -> Option<bool> {
    match lot.number(label, 1000) {
        970.. => None,
        n => Some(n < of_thousand),
    }
}

/// Who shares no more than an address is a family of their own.
fn family(truth: &Truth) -> String {
    let first = match truth.household.together {
        Together::Sharers => truth.index,
        Together::Alone | Together::Couple | Together::Parent => truth.household.first,
    };
    format!("F{first:08}")
}

fn title(lot: Lot, truth: &Truth) -> Option<&'static str> {
    match truth.sex {
        _ if truth.born > GROWN_UP => None,
        Sex::Female => lot.pick("title", &["Mrs", "Mrs", "Ms", "Miss", "Dr"]),
        Sex::Male => lot.pick("title", &["Mr", "Mr", "Mr", "Mr", "Dr"]),
    }
}

const fn nationalities(origin: Origin) -> &'static [&'static str] {
    match origin {
        Origin::Albanian => &["ALB", "ALB", "XKX"],
        Origin::Arabic => &["IRQ", "SYR", "EGY", "SDN", "DZA"],
        Origin::Bangladeshi => &["BGD"],
        Origin::British => &["JAM", "ZWE", "ZAF", "AUS"],
        Origin::Chinese => &["CHN"],
        Origin::Ethiopian => &["ETH", "ERI"],
        Origin::French => &["COD", "CMR", "CIV"],
        Origin::Ghanaian => &["GHA"],
        Origin::Indian => &["IND"],
        Origin::Indonesian => &["IDN"],
        Origin::Iranian => &["IRN", "AFG"],
        Origin::Irish => &["USA", "CAN"],
        Origin::Nigerian => &["NGA"],
        Origin::Pakistani => &["PAK"],
        Origin::Polish => &["BLR"],
        Origin::Portuguese => &["BRA", "AGO"],
        Origin::Romanian => &["MDA"],
        Origin::Somali => &["SOM"],
        Origin::Spanish => &["COL", "BOL", "ECU"],
        Origin::Turkish => &["TUR"],
        Origin::Ukrainian => &["UKR", "RUS"],
        Origin::Vietnamese => &["VNM"],
    }
}
