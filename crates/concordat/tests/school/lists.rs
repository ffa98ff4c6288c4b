//! A case register and a school census in memory: each child is written with what both know.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use exchange::ids::EffectId;
use exchange::ports::{CaseRegister, MasterList, OwnRecord, PortFault};
use jiff::Timestamp;
use linkage::{List, Source};

use super::values;

/// A child with what each list knows.
#[derive(Clone)]
pub struct Child {
    pub key: String,
    pub register: OwnRecord,
    pub census: Option<BTreeMap<String, String>>,
}

/// Letters for a number, so that names differ in every place.
fn name(n: u32, of: &str) -> String {
    let letters = "aeiobdfglmnprstv".as_bytes();
    let mut text = of.to_owned();
    let mut left = n * 7 + 3;
    for _ in 0..4 {
        text.push(char::from(letters[(left % 16) as usize]));
        left /= 3;
    }
    text
}

impl Child {
    /// A child of whom the register says nothing but who it is, and the census nothing.
    pub fn new(n: u32) -> Self {
        let key = format!("C{n:08}");
        let day = format!("200{}-{:02}-{:02}", n % 8, 1 + n % 12, 1 + n % 28);
        let register = OwnRecord {
            values: values(&[
                ("cid_per_id", &key),
                ("surname", &name(n, "Ex")),
                ("forename", &name(n + 40, "Ar")),
                ("address", &format!("{n} Alder Row, Ambermouth")),
                ("post_code", &format!("ZZ{} 1AB", 1 + n % 90)),
                ("date_of_birth", &day),
                ("nationality", "XXA"),
            ]),
            facts: values(&[("born", &day)]),
        };
        Self {
            key,
            register,
            census: None,
        }
    }

    /// Of a family with whom contact was lost, with a suspected offence and an open breach.
    pub fn ground_a(self) -> Self {
        self.fact("contact_lost", "yes")
            .fact("offence_suspected", "ia-1971-s24")
            .fact("believed_in_uk", "yes")
            .fact("open_breach", "yes")
    }

    /// Alone, out of contact, and somebody is concerned.
    pub fn ground_b(self) -> Self {
        self.fact("contact_lost", "yes")
            .fact("unaccompanied_minor", "yes")
            .fact("wellbeing_concern", "yes")
    }

    pub fn fact(mut self, name: &str, value: &str) -> Self {
        self.register.facts.insert(name.into(), value.into());
        self
    }

    /// At school, known with these values.
    pub fn at_school(mut self, more: &[(&str, &str)]) -> Self {
        let own = |field: &str| self.register.values[field].clone();
        let mut known = values(&[
            ("surname", &own("surname")),
            ("forename", &own("forename")),
            ("address", "2 Heron Close, Fennowby"),
            ("post_code", "ZZ2 2BB"),
            ("census_date", "2016-01-21"),
            ("school_number", "ZZ/4001"),
            ("school_name", "Ferry Steps High School"),
            ("school_post_code", "ZZ4 4EE"),
            ("earliest_date", "2015-10-01"),
            ("latest_date", "2016-01-21"),
            ("adopted_from_care", "no"),
            ("date_of_birth", &own("date_of_birth")),
        ]);
        known.extend(values(more));
        known.retain(|_, value| !value.is_empty());
        self.census = Some(known);
        self
    }
}

/// The case register.
pub struct Cases(pub Mutex<BTreeMap<String, OwnRecord>>);

/// The school census, by its references.
pub struct Census(pub Mutex<BTreeMap<String, BTreeMap<String, String>>>);

/// The lists of these children.
pub fn of(children: Vec<Child>) -> (Cases, Census) {
    let (mut cases, mut census) = (BTreeMap::new(), BTreeMap::new());
    for child in children {
        if let Some(known) = child.census {
            census.insert(child.key.replace('C', "P"), known);
        }
        cases.insert(child.key, child.register);
    }
    (Cases(Mutex::new(cases)), Census(Mutex::new(census)))
}

#[async_trait]
impl CaseRegister for Cases {
    fn person_fields(&self) -> &[&str] {
        &["cid_per_id"]
    }

    async fn facts(
        &self,
        after: Option<&str>,
        size: u32,
    ) -> Result<Vec<(String, BTreeMap<String, String>)>, PortFault> {
        let people = self.0.lock().unwrap();
        let later = people
            .iter()
            .filter(|(key, _)| after.is_none_or(|a| key.as_str() > a));
        let facts = later.map(|(key, record)| (key.clone(), record.facts.clone()));
        Ok(facts.take(size as usize).collect())
    }

    async fn records(&self, keys: &[String]) -> Result<BTreeMap<String, OwnRecord>, PortFault> {
        let people = self.0.lock().unwrap();
        let found = |key: &String| Some((key.clone(), people.get(key)?.clone()));
        Ok(keys.iter().filter_map(found).collect())
    }

    async fn show_flag(
        &self,
        _effect: &EffectId,
        _person: &str,
        _flag: &str,
        _name: &str,
        _at: Timestamp,
    ) -> Result<(), PortFault> {
        Ok(())
    }

    async fn lift_flag(
        &self,
        _effect: &EffectId,
        _flag: &str,
        _at: Timestamp,
    ) -> Result<(), PortFault> {
        Ok(())
    }
}

#[async_trait]
impl MasterList for Census {
    async fn list(&self) -> Result<Box<dyn Source>, PortFault> {
        let mut list = List::new([
            "reference",
            "full_name",
            "former_names",
            "date_of_birth",
            "sex",
            "addresses",
            "addresses.postcode",
        ]);
        for (reference, known) in self.0.lock().unwrap().iter() {
            let value = |field: &str| known.get(field).cloned().unwrap_or_default();
            list.push(vec![
                reference.clone(),
                format!("{} {}", value("forename"), value("surname")),
                String::new(),
                value("date_of_birth"),
                String::new(),
                value("address"),
                value("post_code"),
            ]);
        }
        Ok(Box::new(list))
    }

    async fn records(
        &self,
        references: &[String],
    ) -> Result<BTreeMap<String, OwnRecord>, PortFault> {
        let census = self.0.lock().unwrap();
        let found = |reference: &String| {
            let values = census.get(reference)?.clone();
            let facts = BTreeMap::new();
            Some((reference.clone(), OwnRecord { values, facts }))
        };
        Ok(references.iter().filter_map(found).collect())
    }
}
