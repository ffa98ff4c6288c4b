//! Departments in memory: each migrant is written with what every list knows.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use exchange::ids::EffectId;
use exchange::ports::{CaseRegister, MasterList, OwnRecord, PortFault};
use jiff::Timestamp;
use linkage::{List, Source};

/// What a partner knows of somebody, by field and fact.
#[derive(Clone, Default)]
pub struct Known {
    pub name: Option<String>,
    pub born: Option<String>,
    pub nino: Option<String>,
    pub values: BTreeMap<String, String>,
    pub facts: BTreeMap<String, String>,
}

/// One person with what each list knows.
#[derive(Clone)]
pub struct Migrant {
    pub key: String,
    pub register: OwnRecord,
    pub tax: Option<Known>,
    pub benefits: Option<Known>,
}

fn map(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

impl Migrant {
    /// Somebody of the post-2008 pool with whom contact was lost in 2014, and whom no partner knows.
    pub fn new(n: u32) -> Self {
        let key = format!("C{n:08}");
        let name = format!("Example Person {}", letters(n));
        let born = format!("19{:02}-03-{:02}", 50 + n % 40, 1 + n % 28);
        let address = format!("2012-05-01/.. {n} Alder Row, Ambermouth");
        let values = map(&[
            ("cid_person_id", &key),
            ("dash_source", "CID"),
            ("full_name", &name),
            ("date_of_birth", &born),
            ("nationality", "XXA"),
            ("addresses", &address),
            ("mobile", &format!("07700 900{:03}", n % 1000)),
            ("immigration_status", "OVERSTAYER"),
            ("right_to_work", "no"),
            ("right_to_public_funds", "no"),
        ]);
        let facts = map(&[
            ("in_pool", "yes"),
            ("last_contact", "2014-06-01"),
            ("status_ended", "2012-01-01"),
            ("dead", "no"),
        ]);
        Self {
            key,
            register: OwnRecord { values, facts },
            tax: None,
            benefits: None,
        }
    }

    pub fn fact(mut self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.register.facts.insert(name.into(), value.into()),
            None => self.register.facts.remove(name),
        };
        self
    }

    pub fn value(mut self, name: &str, value: &str) -> Self {
        self.register.values.insert(name.into(), value.into());
        self
    }

    fn value_of(&self, name: &str) -> Option<String> {
        self.register.values.get(name).cloned()
    }

    /// Known to HMRC by name, date of birth and number, living in England at the old address.
    pub fn taxed(mut self, more: &[(&str, &str)]) -> Self {
        let nino = format!("QQ{:06}A", self.number());
        let mut known = Known {
            name: self.value_of("full_name"),
            born: self.value_of("date_of_birth"),
            nino: Some(nino.clone()),
            values: map(&[("nino", &nino)]),
            facts: map(&[
                ("lives_in", "england"),
                ("nino_traced", "yes"),
                ("from_third_party", "no"),
            ]),
        };
        known.put(more);
        self.tax = Some(known);
        self
    }

    /// Known to DWP, which pays a benefit and knows no other address.
    pub fn paid(mut self, more: &[(&str, &str)]) -> Self {
        let nino = format!("QQ{:06}A", self.number());
        let address = format!("{} Alder Row, Ambermouth", self.number());
        let mut known = Known {
            name: self.value_of("full_name"),
            born: self.value_of("date_of_birth"),
            nino: Some(nino),
            values: map(&[
                ("benefits", "universal-credit"),
                ("receives_as", "customer"),
                ("address", &address),
                ("died", "no"),
            ]),
            facts: map(&[("benefit_in_payment", "yes")]),
        };
        known.put(more);
        self.benefits = Some(known);
        self
    }

    fn number(&self) -> u32 {
        self.key.trim_start_matches('C').parse().unwrap()
    }
}

/// A number as letters, so that names differ.
fn letters(n: u32) -> String {
    n.to_string()
        .bytes()
        .map(|b| char::from(b'a' + (b - b'0')))
        .collect()
}

const FACTS: [&str; 5] = [
    "lives_in",
    "nino_traced",
    "from_third_party",
    "disclosure_allowed",
    "benefit_in_payment",
];

impl Known {
    fn put(&mut self, more: &[(&str, &str)]) {
        for (name, value) in more {
            let place = if FACTS.contains(name) {
                &mut self.facts
            } else {
                &mut self.values
            };
            if value.is_empty() {
                place.remove(*name);
            } else {
                place.insert((*name).into(), (*value).into());
            }
        }
    }
}

/// What was done in the case register.
#[derive(Clone, Debug)]
pub enum Doing {
    Shown {
        person: String,
        flag: String,
        name: String,
    },
    Lifted {
        flag: String,
    },
}

/// The case register.
pub struct Pool {
    pub people: Mutex<BTreeMap<String, OwnRecord>>,
    /// Does the register tell of everybody twice?
    pub twice: AtomicBool,
    /// Is nothing written in it at present?
    pub down: AtomicBool,
    /// How often it was read.
    pub reads: AtomicUsize,
    /// The person in whose record nothing can be written.
    pub locked: Mutex<Option<String>>,
    pub doings: Mutex<Vec<(EffectId, Doing)>>,
    /// The person of each case that the register knows.
    pub cases: Mutex<BTreeMap<String, String>>,
}

impl Pool {
    /// Sets a fact of somebody from now on.
    pub fn now(&self, person: &str, fact: &str, value: &str) {
        let mut people = self.people.lock().unwrap();
        let record = people.get_mut(person).unwrap();
        record.facts.insert(fact.into(), value.into());
    }

    /// Every value of the register that is long enough to be told apart, but for codes.
    pub fn values(&self) -> Vec<String> {
        let people = self.people.lock().unwrap();
        let names = [
            "cid_person_id",
            "full_name",
            "date_of_birth",
            "addresses",
            "mobile",
        ];
        let records = people.values();
        let values = records.flat_map(|r| names.iter().filter_map(|n| r.values.get(*n).cloned()));
        values.collect()
    }

    /// Somebody comes into the register.
    pub fn add(&self, migrant: Migrant) {
        let mut people = self.people.lock().unwrap();
        people.insert(migrant.key, migrant.register);
    }

    /// The flags that are shown, by person.
    pub fn flags(&self) -> Vec<(String, String)> {
        let mut shown: BTreeMap<String, (String, String)> = BTreeMap::new();
        for (_, doing) in self.doings.lock().unwrap().iter() {
            match doing.clone() {
                Doing::Shown { person, flag, name } => {
                    shown.insert(flag, (person, name));
                }
                Doing::Lifted { flag } => {
                    shown.remove(&flag);
                }
            }
        }
        shown.into_values().collect()
    }

    fn write(
        &self,
        effect: &EffectId,
        locked: bool,
        what: impl FnOnce() -> Doing,
    ) -> Result<(), PortFault> {
        if locked || self.down.load(Ordering::Relaxed) {
            return Err(PortFault("nothing can be written".into()));
        }
        let mut doings = self.doings.lock().unwrap();
        if !doings.iter().any(|(id, _)| id == effect) {
            doings.push((effect.clone(), what()));
        }
        Ok(())
    }
}

/// A partner's own records.
pub struct Office {
    pub records: Mutex<BTreeMap<String, Known>>,
}

/// The departments of these people.
pub fn of(people: Vec<Migrant>) -> (Pool, Office, Office) {
    let mut register = BTreeMap::new();
    let (mut tax, mut benefits) = (BTreeMap::new(), BTreeMap::new());
    for migrant in people {
        let handle = migrant.key.replace('C', "T");
        if let Some(known) = migrant.tax {
            tax.insert(handle.clone(), known);
        }
        if let Some(known) = migrant.benefits {
            benefits.insert(handle, known);
        }
        register.insert(migrant.key, migrant.register);
    }
    let office = |records| Office {
        records: Mutex::new(records),
    };
    let pool = Pool {
        people: Mutex::new(register),
        twice: AtomicBool::new(false),
        down: AtomicBool::new(false),
        reads: AtomicUsize::new(0),
        locked: Mutex::default(),
        doings: Mutex::new(Vec::new()),
        cases: Mutex::default(),
    };
    (pool, office(tax), office(benefits))
}

#[async_trait]
impl CaseRegister for Pool {
    fn person_fields(&self) -> &[&str] {
        &["cid_person_id", "cid_per_id"]
    }

    async fn facts(
        &self,
        after: Option<&str>,
        size: u32,
    ) -> Result<Vec<(String, BTreeMap<String, String>)>, PortFault> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let people = self.people.lock().unwrap();
        let copies = 1 + usize::from(self.twice.load(Ordering::Relaxed));
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(people
            .range::<str, _>((from, Bound::Unbounded))
            .take(size as usize)
            .flat_map(|(key, record)| vec![(key.clone(), record.facts.clone()); copies])
            .collect())
    }

    async fn records(&self, keys: &[String]) -> Result<BTreeMap<String, OwnRecord>, PortFault> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let people = self.people.lock().unwrap();
        Ok(keys
            .iter()
            .filter_map(|key| Some((key.clone(), people.get(key)?.clone())))
            .collect())
    }

    async fn is_case_of(&self, case: &str, person: &str) -> Result<Option<bool>, PortFault> {
        let cases = self.cases.lock().unwrap();
        Ok(cases.get(case).map(|of| of == person))
    }

    async fn show_flag(
        &self,
        effect: &EffectId,
        person: &str,
        flag: &str,
        name: &str,
        _at: Timestamp,
    ) -> Result<(), PortFault> {
        let locked = self.locked.lock().unwrap().as_deref() == Some(person);
        self.write(effect, locked, || Doing::Shown {
            person: person.to_owned(),
            flag: flag.to_owned(),
            name: name.to_owned(),
        })
    }

    async fn lift_flag(
        &self,
        effect: &EffectId,
        flag: &str,
        _at: Timestamp,
    ) -> Result<(), PortFault> {
        self.write(effect, false, || Doing::Lifted {
            flag: flag.to_owned(),
        })
    }
}

#[async_trait]
impl MasterList for Office {
    async fn list(&self) -> Result<Box<dyn Source>, PortFault> {
        let mut list = List::new(["reference", "full_name", "date_of_birth", "nino"]);
        for (reference, known) in self.records.lock().unwrap().iter() {
            let values = [&known.name, &known.born, &known.nino];
            let values = values.map(|v| v.clone().unwrap_or_default());
            list.push([vec![reference.clone()], values.into()].concat());
        }
        Ok(Box::new(list))
    }

    async fn records(
        &self,
        references: &[String],
    ) -> Result<BTreeMap<String, OwnRecord>, PortFault> {
        let records = self.records.lock().unwrap();
        Ok(references
            .iter()
            .filter_map(|reference| {
                let known = records.get(reference)?;
                let (values, facts) = (known.values.clone(), known.facts.clone());
                Some((reference.clone(), OwnRecord { values, facts }))
            })
            .collect())
    }
}
