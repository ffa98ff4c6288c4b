//! The tax authority's list as it holds a person.

use jiff::civil::{Date, date};

use super::homes::known_homes;
use super::recorded::{Habits, joined};
use super::reference::{self, List};
use super::truth::{GROWN_UP, Truth};
use super::{FIRST_DAY, LAST_DAY, World};

/// A record of the tax authority's list. Several values of one field are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxRecord {
    /// The list's reference.
    pub reference: String,
    /// The day from which the list has the record.
    pub begins: Date,
    /// The name, as this list writes it.
    pub full_name: String,
    /// A former name.
    pub former_names: Option<String>,
    /// The birth date, as this list has it.
    pub date_of_birth: Option<Date>,
    /// The National Insurance number.
    pub nino: Option<String>,
    /// Dated addresses.
    pub addresses: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// The nation of the latest address.
    pub lives_in: Option<&'static str>,
    /// Whether the record came from a third party: `yes` or `no`.
    pub from_third_party: Option<&'static str>,
    /// Whether the third party's record may be passed on: `yes` or `no`.
    pub disclosure_allowed: Option<&'static str>,
}

const HABITS: Habits = Habits {
    respells: 100,
    middle: 500,
    one_family_name: 80,
    given_first: 250,
    capitals: 200,
    typing: 20,
    knows_new_name: 850,
    new_year: 10,
    swaps: 8,
    no_number: 30,
    wrong_digit: 5,
    partners_number: 2,
};

impl World {
    /// This person as the tax authority's list holds them; none where it does not.
    pub fn taxpayer(&self, index: u64) -> Option<TaxRecord> {
        let truth = self.truth(index);
        let lot = self.person(index).of("taxes", 0);
        let known = if truth.pool { 500 } else { 720 };
        (truth.born <= GROWN_UP && lot.chance("known", known)).then(|| self.taxed(&truth))
    }

    fn taxed(&self, truth: &Truth) -> TaxRecord {
        let lot = self.person(truth.index).of("taxes", 0);
        let begins = if lot.chance("begins later", 120) {
            lot.day("begins", FIRST_DAY, LAST_DAY)
        } else {
            lot.day("begins", date(2005, 4, 6).max(truth.sixteen()), FIRST_DAY)
        };
        // A record of which nothing was heard for years: its addresses are older than the tax years that count.
        let stale = (begins < date(2013, 1, 1) && lot.chance("stale", 250))
            .then(|| lot.day("heard last", date(2013, 1, 1), date(2015, 4, 5)));
        let homes = stale.map_or_else(
            || truth.homes.clone(),
            |seen| {
                let mut homes = known_homes(&truth.homes, seen);
                if let Some(last) = homes.last_mut() {
                    last.until = Some(seen);
                }
                homes
            },
        );
        let (name, former) = HABITS.names(lot, truth);
        let third = match lot.number("third party", 100) {
            0..10 => Some("yes"),
            10..98 => Some("no"),
            _ => None,
        };
        let allowed = match lot.number("disclosure", 100) {
            0..50 => Some("yes"),
            50..80 => Some("no"),
            _ => None,
        };
        TaxRecord {
            reference: reference::text(List::Taxes, self.number(List::Taxes, truth.index)),
            begins,
            full_name: name.whole,
            former_names: former.map(|name| name.whole),
            date_of_birth: lot
                .chance("birth held", 985)
                .then(|| HABITS.birth(lot, truth.born)),
            nino: HABITS.number(lot, self, truth),
            addresses: joined(homes.iter().map(super::Home::dated))
                .filter(|_| lot.chance("addresses held", 960)),
            phone: truth
                .mobiles
                .first()
                .filter(|_| lot.chance("phone held", 600))
                .cloned(),
            lives_in: lot.chance("nation known", 960).then_some(truth.nation),
            from_third_party: third,
            disclosure_allowed: allowed.filter(|_| third == Some("yes")),
        }
    }
}
