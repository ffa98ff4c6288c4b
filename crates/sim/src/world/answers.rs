//! A row of a large list as its department answers with it.

use std::collections::BTreeMap;

use exchange::ports::OwnRecord;
use jiff::civil::Date;

use super::columns::Values;
use super::dated;
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

/// One row of a group.
pub(crate) struct Cells<'a> {
    pub(crate) columns: &'a BTreeMap<&'a str, Values>,
    pub(crate) at: usize,
}

impl Cells<'_> {
    fn get(&self, column: &str) -> Option<&str> {
        self.columns.get(column)?.get(self.at)?.as_deref()
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
        let latest = addresses.and_then(|text| dated::latest(text, day));
        if let Some((lines, postcode)) = latest
            .as_ref()
            .and_then(|home| home.address.rsplit_once(", "))
        {
            values.insert("contact_address".into(), lines.to_owned());
            values.insert("contact_postcode".into(), postcode.to_owned());
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
}
