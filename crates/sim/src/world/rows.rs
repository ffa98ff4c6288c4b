//! The columns of the large tables, and a record as a row of them.

use jiff::civil::Date;

use super::{BenefitRecord, PupilRecord, TaxRecord};

pub(crate) const TRUTH: [&str; 9] = [
    "index",
    "household",
    "register_key",
    "hmrc_reference",
    "dwp_reference",
    "origin",
    "sex",
    "birth_year",
    "dfe_reference",
];

pub(crate) const TAXES: [&str; 11] = [
    "reference",
    "begins",
    "full_name",
    "former_names",
    "date_of_birth",
    "nino",
    "addresses",
    "phone",
    "lives_in",
    "from_third_party",
    "disclosure_allowed",
];

pub(crate) fn taxes(record: TaxRecord) -> Vec<Option<String>> {
    let word = |word: Option<&str>| word.map(ToOwned::to_owned);
    vec![
        Some(record.reference),
        Some(record.begins.to_string()),
        Some(record.full_name),
        record.former_names.map(|name| agreement::join(&[name])),
        record.date_of_birth.map(|day| day.to_string()),
        record.nino,
        record.addresses,
        record.phone,
        word(record.lives_in),
        word(record.from_third_party),
        word(record.disclosure_allowed),
    ]
}

pub(crate) const BENEFITS: [&str; 13] = [
    "reference",
    "begins",
    "full_name",
    "former_names",
    "date_of_birth",
    "nino",
    "addresses",
    "phone",
    "benefits",
    "receives_as",
    "died",
    "partner_name",
    "partner_date_of_birth",
];

pub(crate) fn benefits(record: BenefitRecord) -> Vec<Option<String>> {
    let day = |day: Option<Date>| day.map(|day| day.to_string());
    vec![
        Some(record.reference),
        Some(record.begins.to_string()),
        Some(record.full_name),
        record.former_names.map(|name| agreement::join(&[name])),
        Some(record.date_of_birth.to_string()),
        Some(record.nino),
        record.addresses,
        record.phone,
        record.benefits,
        Some(record.receives_as.to_owned()),
        day(record.died),
        record.partner_name,
        day(record.partner_date_of_birth),
    ]
}

pub(crate) const PUPILS: [&str; 15] = [
    "reference",
    "begins",
    "full_name",
    "former_names",
    "date_of_birth",
    "sex",
    "addresses",
    "schools",
    "first_language",
    "surname",
    "forename",
    "middle_name",
    "former_surname",
    "preferred_surname",
    "adopted_from_care",
];

pub(crate) fn pupils(record: PupilRecord) -> Vec<Option<String>> {
    let word = |word: Option<&str>| word.map(ToOwned::to_owned);
    vec![
        Some(record.reference),
        Some(record.begins.to_string()),
        Some(record.full_name),
        record.former_names,
        Some(record.date_of_birth.to_string()),
        word(Some(record.sex)),
        record.addresses,
        record.schools,
        word(record.first_language),
        Some(record.surname),
        record.forename,
        record.middle_name,
        record.former_surname,
        record.preferred_surname,
        word(record.adopted_from_care),
    ]
}
