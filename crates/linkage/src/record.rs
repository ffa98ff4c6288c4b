//! What a list says about one person, as text. Never shows a value when it is printed for a log.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a value is, and so how it is standardised and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// A person's whole name, in the order in which the list has it.
    FullName,
    /// A date of birth, ISO 8601: `1980-02-29`.
    DateOfBirth,
    /// A National Insurance number with its suffix letter; spacing and case do not matter.
    Nino,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FullName => "full name",
            Self::DateOfBirth => "date of birth",
            Self::Nino => "National Insurance number",
        })
    }
}

/// One record of a list: its handle and its values, raw as they were read.
///
/// A field may have several values (former names, two dates on file); they compare as a set.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The list's own handle of the row. Two records of a master list with one handle are one person.
    pub reference: String,
    /// The values, by field; a field that is not held is absent.
    pub fields: BTreeMap<Field, Vec<String>>,
}

impl Record {
    /// A record without values.
    pub fn new(reference: impl Into<String>) -> Self {
        Self {
            reference: reference.into(),
            fields: BTreeMap::new(),
        }
    }

    /// The record with one more value of `field`.
    #[must_use]
    pub fn with(mut self, field: Field, value: impl Into<String>) -> Self {
        self.fields.entry(field).or_default().push(value.into());
        self
    }

    /// The values of `field`; none when it is not held.
    pub fn values(&self, field: Field) -> &[String] {
        self.fields.get(&field).map_or(&[], Vec::as_slice)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held: Vec<_> = self.fields.iter().map(|(k, v)| (k, v.len())).collect();
        f.debug_struct("Record").field("held", &held).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_record_shows_no_value() {
        let record = Record::new("CANARY-1")
            .with(Field::FullName, "CANARY-2")
            .with(Field::Nino, "CANARY-3");
        let shown = format!("{record:?} {record:#?}");
        assert!(!shown.contains("CANARY"), "{shown}");
        assert!(shown.contains("FullName"), "{shown}");
    }
}
