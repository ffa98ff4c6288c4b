//! A row of a large list as its department answers with it.

use std::collections::BTreeMap;

use agreement::DatedAddress;
use exchange::ports::OwnRecord;
use jiff::civil::Date;

use super::columns::Values;
use super::dated;
use super::schooling::Term;
use crate::register::yes_no;

/// The columns that an answer of the tax authority needs.
pub(crate) const TAXES: [&str; 6] = [
    "nino",
    "addresses",
    "phone",
    "lives_in",
    "from_third_party",
    "disclosure_allowed",
];

/// The columns that an answer of the benefits department needs.
pub(crate) const BENEFITS: [&str; 7] = [
    "addresses",
    "phone",
    "benefits",
    "receives_as",
    "died",
    "partner_name",
    "partner_date_of_birth",
];

/// The columns that an answer of the education department needs.
pub(crate) const PUPILS: [&str; 8] = [
    "surname",
    "forename",
    "middle_name",
    "former_surname",
    "preferred_surname",
    "adopted_from_care",
    "addresses",
    "schools",
];

/// One row of a group.
pub(crate) struct Cells<'a> {
    pub(crate) columns: &'a BTreeMap<&'a str, Values>,
    pub(crate) at: usize,
}

impl Cells<'_> {
    fn get(&self, column: &str) -> Option<&str> {
        self.columns.get(column)?.get(self.at)
    }

    /// What the tax authority holds in it on this day.
    pub(crate) fn taxes(&self, day: Date) -> OwnRecord {
        let mut record = OwnRecord::default();
        let values = &mut record.values;
        let addresses = self.get("addresses");
        let begun = addresses
            .map(|text| dated::begun(text, day))
            .unwrap_or_default();
        let texts: Vec<String> = begun.iter().map(ToString::to_string).collect();
        if !texts.is_empty() {
            values.insert("hmrc_addresses".into(), agreement::join(&texts));
        }
        if let Some((lines, postcode)) = addresses.and_then(|text| dated::home(text, day)) {
            values.insert("contact_address".into(), lines);
            values.insert("contact_postcode".into(), postcode);
        }
        for (column, name) in [("nino", "nino"), ("phone", "hmrc_phone")] {
            if let Some(value) = self.get(column) {
                values.insert(name.into(), value.to_owned());
            }
        }
        for fact in ["lives_in", "from_third_party", "disclosure_allowed"] {
            if let Some(value) = self.get(fact) {
                record.facts.insert(fact.into(), value.to_owned());
            }
        }
        if self.get("nino").is_some() {
            record.facts.insert("nino_traced".into(), "yes".into());
        }
        record
    }

    /// What the benefits department holds in it on this day.
    pub(crate) fn benefits(&self, day: Date) -> OwnRecord {
        let mut record = OwnRecord::default();
        let paid = self.get("benefits").map(|text| dated::standing(text, day));
        let paid: Vec<String> = paid
            .unwrap_or_default()
            .into_iter()
            .map(|benefit| benefit.address)
            .collect();
        let in_payment = yes_no(!paid.is_empty());
        record
            .facts
            .insert("benefit_in_payment".into(), in_payment.into());
        let values = &mut record.values;
        if !paid.is_empty() {
            values.insert("benefits".into(), agreement::join(&paid));
        }
        if let Some(home) = self
            .get("addresses")
            .and_then(|text| dated::latest(text, day))
        {
            values.insert("address".into(), home.address);
        }
        let died = self
            .get("died")
            .is_some_and(|died| *died <= *day.to_string());
        values.insert("died".into(), yes_no(died).into());
        for name in [
            "phone",
            "receives_as",
            "partner_name",
            "partner_date_of_birth",
        ] {
            if let Some(value) = self.get(name) {
                values.insert(name.into(), value.to_owned());
            }
        }
        record
    }

    /// What the education department holds in it on this day. Where there are several addresses or schools, each of
    /// their fields has a value for each, oldest first.
    pub(crate) fn pupils(&self, day: Date) -> OwnRecord {
        let mut record = OwnRecord::default();
        for name in [
            "surname",
            "forename",
            "middle_name",
            "former_surname",
            "preferred_surname",
        ] {
            if let Some(value) = self.get(name) {
                record.values.insert(name.into(), value.to_owned());
            }
        }
        let mut tell = |fields: &[&str], all: Vec<Vec<String>>| {
            for (at, field) in fields.iter().enumerate() {
                let values: Vec<&String> = all.iter().filter_map(|one| one.get(at)).collect();
                if !values.is_empty() {
                    record
                        .values
                        .insert((*field).into(), agreement::join(&values));
                }
            }
        };
        let begun = |name: &str| {
            let text = self.get(name);
            text.map(|text| dated::begun(text, day)).unwrap_or_default()
        };
        let latest = |one: &DatedAddress| {
            let census = Term::last_by(one.until.unwrap_or(day)).census();
            census.to_string()
        };
        let homes = begun("addresses").into_iter().filter_map(|one| {
            let (lines, postcode) = one.address.rsplit_once(", ")?;
            Some(vec![lines.to_owned(), postcode.to_owned(), latest(&one)])
        });
        tell(&["address", "post_code", "census_date"], homes.collect());
        let schools = begun("schools").into_iter().filter_map(|one| {
            let (number, name) = one.address.split_once(", ")?;
            let (name, postcode) = name.rsplit_once(", ")?;
            let mut told = vec![number.to_owned(), name.to_owned(), postcode.to_owned()];
            told.extend([one.from?.to_string(), latest(&one)]);
            // It is the pupil's, and stands with each school.
            told.extend(self.get("adopted_from_care").map(ToOwned::to_owned));
            Some(told)
        });
        tell(
            &[
                "school_number",
                "school_name",
                "school_post_code",
                "earliest_date",
                "latest_date",
                "adopted_from_care",
            ],
            schools.collect(),
        );
        record
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn told(columns: &[(&'static str, &str)], day: Date) -> BTreeMap<String, String> {
        let column = |value| {
            let mut values = Values::default();
            values.push(Some(value));
            values
        };
        let columns = columns
            .iter()
            .map(|(name, value)| (*name, column(value)))
            .collect();
        let cells = Cells {
            columns: &columns,
            at: 0,
        };
        cells.pupils(day).values
    }

    #[test]
    fn a_pupil_is_told_with_the_addresses_and_schools_that_were_known_on_the_day() {
        let record = [
            ("surname", "Osei"),
            ("first_language", "aka"),
            (
                "addresses",
                "2014-10-02/2015-01-15 1 Ropewalk, Fennowby, ZZ1 1AA|2015-05-21/.. 2 Heron Close, Fennowby, ZZ2 2BB",
            ),
            (
                "schools",
                "2014-10-02/2015-05-21 ZZ/2001, Ropewalk Primary School, ZZ3 3DD|2015-10-01/.. ZZ/4001, Ferry Steps High School, ZZ4 4EE",
            ),
        ];
        let all = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(a, b)| ((*a).into(), (*b).into()));
            pairs.collect::<BTreeMap<String, String>>()
        };
        let now = told(&record, date(2016, 3, 18));
        let expected = all(&[
            ("surname", "Osei"),
            ("address", "1 Ropewalk, Fennowby|2 Heron Close, Fennowby"),
            ("post_code", "ZZ1 1AA|ZZ2 2BB"),
            ("census_date", "2015-01-15|2016-01-21"),
            ("school_number", "ZZ/2001|ZZ/4001"),
            (
                "school_name",
                "Ropewalk Primary School|Ferry Steps High School",
            ),
            ("school_post_code", "ZZ3 3DD|ZZ4 4EE"),
            ("earliest_date", "2014-10-02|2015-10-01"),
            ("latest_date", "2015-05-21|2016-01-21"),
        ]);
        assert_eq!(now, expected);
        let before = told(&record, date(2015, 1, 14));
        let expected = all(&[
            ("surname", "Osei"),
            ("address", "1 Ropewalk, Fennowby"),
            ("post_code", "ZZ1 1AA"),
            ("census_date", "2014-10-02"),
            ("school_number", "ZZ/2001"),
            ("school_name", "Ropewalk Primary School"),
            ("school_post_code", "ZZ3 3DD"),
            ("earliest_date", "2014-10-02"),
            ("latest_date", "2014-10-02"),
        ]);
        assert_eq!(before, expected);
    }
}
