//! The benefits department's list as it holds a person.

use agreement::DatedAddress;
use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::homes::known_homes;
use super::recorded::{Habits, joined};
use super::reference::{self, List};
use super::truth::{GROWN_UP, Truth};
use super::{FIRST_DAY, LAST_DAY, World};
use crate::draw::Lot;
use crate::people::Sex;

/// A record of the benefits department's list. Several values of one field are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenefitRecord {
    /// The list's reference.
    pub reference: String,
    /// The day from which the list has the record.
    pub begins: Date,
    /// The name, as this list writes it.
    pub full_name: String,
    /// A former name.
    pub former_names: Option<String>,
    /// The birth date, as this list has it.
    pub date_of_birth: Date,
    /// The National Insurance number.
    pub nino: String,
    /// Dated addresses.
    pub addresses: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// Benefits by their codes, each with its days in the form of a dated address.
    pub benefits: Option<String>,
    /// `customer`, `partner` or `both`.
    pub receives_as: &'static str,
    /// The day of death.
    pub died: Option<Date>,
    /// The partner's name.
    pub partner_name: Option<String>,
    /// The partner's birth date.
    pub partner_date_of_birth: Option<Date>,
}

const HABITS: Habits = Habits {
    respells: 90,
    middle: 400,
    one_family_name: 100,
    given_first: 300,
    capitals: 500,
    typing: 20,
    knows_new_name: 800,
    new_year: 10,
    swaps: 8,
    no_number: 0,
    wrong_digit: 3,
    partners_number: 4,
};

impl World {
    /// This person as the benefits department's list holds them; none where it does not.
    pub fn claimant(&self, index: u64) -> Option<BenefitRecord> {
        let truth = self.truth(index);
        let lot = self.person(index).of("benefits", 0);
        let known = if truth.pool { 350 } else { 580 };
        let known = truth.born <= GROWN_UP && lot.chance("known", known);
        let nino = HABITS.number(lot, self, &truth).filter(|_| known)?;
        Some(self.claims(&truth, nino))
    }

    fn claims(&self, truth: &Truth, nino: String) -> BenefitRecord {
        let lot = self.person(truth.index).of("benefits", 0);
        let begins = if lot.chance("begins later", 80) {
            lot.day("begins", FIRST_DAY, LAST_DAY)
        } else {
            lot.day("begins", date(2006, 4, 6).max(truth.sixteen()), FIRST_DAY)
        };
        let homes = if lot.chance("moved unsaid", 150) {
            known_homes(
                &truth.homes,
                lot.day("heard last", date(2012, 1, 1), FIRST_DAY),
            )
        } else {
            truth.homes.clone()
        };
        let (name, former) = HABITS.names(lot, truth);
        let died = truth.died.filter(|_| lot.chance("death known", 950));
        let partner = truth.household.partner(truth.index);
        let receives_as = match (partner, lot.number("receives as", 100)) {
            (None, _) | (_, 0..60) => "customer",
            (Some(_), 60..80) => "partner",
            (Some(_), _) => "both",
        };
        // A single claim says nothing of a partner.
        let partner = partner.filter(|_| receives_as != "customer" || lot.chance("joint", 500));
        let partner = partner.map(|index| (index, self.basics(index, truth.household)));
        BenefitRecord {
            reference: reference::text(List::Benefits, self.number(List::Benefits, truth.index)),
            begins,
            full_name: name.whole,
            former_names: former.map(|name| name.whole),
            date_of_birth: HABITS.birth(lot, truth.born),
            nino,
            addresses: joined(homes.iter().map(super::Home::dated)),
            phone: truth
                .mobiles
                .last()
                .filter(|_| lot.chance("phone held", 700))
                .cloned(),
            benefits: joined(benefits(lot, truth, begins, died)),
            receives_as,
            died,
            partner_name: partner
                .as_ref()
                .map(|(index, with)| HABITS.name(lot.of("partner", *index), &with.name).whole),
            partner_date_of_birth: partner
                .as_ref()
                .map(|(index, with)| HABITS.birth(lot.of("partner", *index), with.born)),
        }
    }
}

/// Up to three benefits, of those that the person's age allows, each from a day on and, for most, until a day.
fn benefits(lot: Lot, truth: &Truth, begins: Date, died: Option<Date>) -> Vec<DatedAddress> {
    const HOW_MANY: [u64; 8] = [0, 1, 1, 1, 1, 1, 2, 3];
    const OLD: [&str; 6] = [
        "state-pension",
        "state-pension",
        "state-pension",
        "housing-benefit",
        "attendance",
        "carers",
    ];
    const WORKING: [&str; 12] = [
        "jobseekers",
        "jobseekers",
        "esa",
        "esa",
        "housing-benefit",
        "housing-benefit",
        "universal-credit",
        "pip",
        "dla",
        "income-support",
        "carers",
        "maternity",
    ];
    const RARE: [&str; 3] = ["incapacity", "severe-disablement", "new-state-pension"];
    let codes: &[&str] = match truth.born.year() {
        ..1951 => &OLD,
        _ if lot.chance("rare", 20) => &RARE,
        _ => &WORKING,
    };
    let many = lot.pick("benefits", &HOW_MANY).unwrap_or(0);
    let mut all: Vec<DatedAddress> = Vec::new();
    for n in 0..many {
        let lot = lot.of("benefit", n);
        let code = lot.pick("code", codes);
        let code = code.filter(|code| *code != "maternity" || truth.sex == Sex::Female);
        let code = code.unwrap_or("esa");
        let from = lot.day("from", begins, begins.max(date(2017, 9, 30)));
        let lasts = lot.day("until", from + 60.days(), from + 1_500.days());
        let until = (!lot.chance("goes on", 400)).then_some(lasts);
        let until = match (until, died) {
            (Some(until), Some(died)) => Some(until.min(died)),
            (until, died) => until.or(died),
        };
        let after_death = died.is_some_and(|died| died < from);
        if !after_death && all.iter().all(|other| other.address != code) {
            all.push(DatedAddress {
                from: Some(from),
                until,
                address: code.to_owned(),
            });
        }
    }
    all
}
