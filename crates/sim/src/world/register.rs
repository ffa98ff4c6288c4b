//! The case register of the world behind the domain's port: it answers as it stood on the clock's day in London.
//!
//! Tables: `persons` (who, of which family, and what does not change), `families` (why contact with one matters), `pool` and `homes` (what was so from
//! `valid_from` until the day before `valid_until`; null is unknown, and no end in sight), `flags` and `activity` as
//! in every case register. The register is right from the first day of the exchange on.
//!
//! A person's values have the names that the agreements give them: one value may have two.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use agreement::DatedAddress;
use async_trait::async_trait;
use exchange::deadline::london_day;
use exchange::ids::EffectId;
use exchange::ports::{CaseRegister, Clock, OwnRecord, PortFault};
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::{QueryBuilder, Row, Sqlite, SqlitePool};

use super::dated;
use crate::departments::{self, connect, failed, held};

/// The tables of who is in the register. Days are ISO 8601 text; truths are `yes`, `no` or null.
pub(crate) const SCHEMA: &str = "
create table persons (
  cid_person_id text primary key not null,
  opened text not null,
  dash_source text not null,
  full_name text not null,
  date_of_birth text not null,
  port_reference text,
  ho_reference text,
  title text,
  nationality text not null,
  email_primary text,
  email_other text,
  mobile text,
  nino text,
  surname text not null,
  forename text,
  middle_name text,
  sex text check (sex in ('female', 'male')),
  family text not null,
  unaccompanied_minor text check (unaccompanied_minor in ('yes', 'no')),
  wellbeing_concern text check (wellbeing_concern in ('yes', 'no'))
) strict, without rowid;
create table families (
  family text primary key not null,
  contact_lost text check (contact_lost in ('yes', 'no')),
  offence_suspected text,
  believed_in_uk text check (believed_in_uk in ('yes', 'no')),
  open_breach text check (open_breach in ('yes', 'no'))
) strict, without rowid;
create table pool (
  cid_person_id text not null references persons (cid_person_id),
  valid_from text not null,
  valid_until text,
  in_pool text check (in_pool in ('yes', 'no')),
  last_contact text,
  status_ended text,
  dead text check (dead in ('yes', 'no')),
  immigration_status text,
  right_to_work text check (right_to_work in ('yes', 'no')),
  right_to_public_funds text check (right_to_public_funds in ('yes', 'no')),
  primary key (cid_person_id, valid_from)
) strict, without rowid;
create table homes (
  cid_person_id text not null references persons (cid_person_id),
  valid_from text not null,
  valid_until text,
  addresses text,
  postcode text,
  primary key (cid_person_id, valid_from)
) strict, without rowid;
";

const FACTS: &str = "select p.cid_person_id, f.in_pool, f.last_contact, f.status_ended, f.dead, \
     p.date_of_birth as born, p.unaccompanied_minor, p.wellbeing_concern, \
     g.contact_lost, g.offence_suspected, g.believed_in_uk, g.open_breach \
     from persons p left join families g on g.family = p.family left join pool f on f.cid_person_id = p.cid_person_id \
     and f.valid_from <= ?1 and (f.valid_until is null or ?1 < f.valid_until) \
     where p.cid_person_id > ?2 and p.opened <= ?1 order by p.cid_person_id limit ?3";

/// Before the day and after it.
const RECORDS: [&str; 2] = [
    "with today (day) as (select ",
    ") select p.*, f.in_pool, f.last_contact, f.status_ended, f.dead, f.immigration_status, \
     f.right_to_work, f.right_to_public_funds, h.addresses, h.postcode, \
     p.cid_person_id as cid_per_id, p.sex as gender, p.date_of_birth as born, \
     g.contact_lost, g.offence_suspected, g.believed_in_uk, g.open_breach \
     from today cross join persons p left join families g on g.family = p.family \
     left join pool f on f.cid_person_id = p.cid_person_id \
     and f.valid_from <= day and (f.valid_until is null or day < f.valid_until) \
     left join homes h on h.cid_person_id = p.cid_person_id \
     and h.valid_from <= day and (h.valid_until is null or day < h.valid_until) \
     where p.opened <= day and p.cid_person_id in (",
];

/// Keys that one query asks for.
const CHUNK: usize = 500;

/// Keys that are looked at together where everybody is.
const PAGE: u32 = 10_000;

/// What partners are told of somebody, in some agreement.
const TOLD: [&str; 10] = [
    "cid_person_id",
    "full_name",
    "date_of_birth",
    "nino",
    "surname",
    "forename",
    "middle_name",
    "gender",
    "address",
    "post_code",
];

const FACT_NAMES: [&str; 11] = [
    "in_pool",
    "last_contact",
    "status_ended",
    "dead",
    "born",
    "unaccompanied_minor",
    "wellbeing_concern",
    "contact_lost",
    "offence_suspected",
    "believed_in_uk",
    "open_breach",
];

const VALUE_NAMES: [&str; 23] = [
    "cid_person_id",
    "dash_source",
    "full_name",
    "date_of_birth",
    "port_reference",
    "ho_reference",
    "title",
    "nationality",
    "addresses",
    "postcode",
    "email_primary",
    "email_other",
    "mobile",
    "nino",
    "immigration_status",
    "right_to_work",
    "right_to_public_funds",
    "surname",
    "forename",
    "middle_name",
    "family",
    "cid_per_id",
    "gender",
];

/// An open case register of a world.
pub struct WorldRegister {
    file: SqlitePool,
    clock: Arc<dyn Clock>,
}

impl WorldRegister {
    /// Opens the register's file; it answers as of the clock's day.
    ///
    /// # Errors
    /// [`PortFault`] when it is not there or not a database.
    pub async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, PortFault> {
        let file = connect(path).await?;
        Ok(Self { file, clock })
    }

    /// The flags that are shown now, by name, with how many persons each.
    ///
    /// # Errors
    /// [`PortFault`] when the file cannot be read.
    pub async fn flags(&self) -> Result<BTreeMap<String, u64>, PortFault> {
        departments::flags(&self.file).await
    }

    /// How many lines there are in the record of what was done.
    ///
    /// # Errors
    /// [`PortFault`] when the file cannot be read.
    pub async fn activity(&self) -> Result<u64, PortFault> {
        let count: i64 = sqlx::query_scalar("select count(*) from activity")
            .fetch_one(&self.file)
            .await
            .map_err(|e| failed("read", &e))?;
        Ok(count.unsigned_abs())
    }

    /// Everybody of the register as a partner would be told of them: what [`TOLD`] names, then the addresses and
    /// their postcodes.
    pub(crate) async fn cases(&self) -> Result<Vec<Vec<Option<String>>>, PortFault> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let people = self.facts(after.as_deref(), PAGE).await?;
            let keys: Vec<String> = people.into_iter().map(|(key, _)| key).collect();
            let Some(last) = keys.last() else {
                return Ok(all);
            };
            after = Some(last.clone());
            for mut record in self.records(&keys).await?.into_values() {
                let mut held = |c: &str| record.values.remove(c);
                let mut row: Vec<Option<String>> = TOLD.into_iter().map(&mut held).collect();
                let addresses = held("addresses").map(|a| DatedAddress::taken_apart(&a));
                let (lines, postcodes) = addresses.unzip();
                row.extend([lines, postcodes]);
                all.push(row);
            }
        }
    }

    fn today(&self) -> Result<Date, PortFault> {
        london_day(self.clock.now())
    }
}

#[async_trait]
impl CaseRegister for WorldRegister {
    fn person_fields(&self) -> &[&str] {
        &["cid_person_id", "cid_per_id"]
    }

    async fn facts(
        &self,
        after: Option<&str>,
        size: u32,
    ) -> Result<Vec<(String, BTreeMap<String, String>)>, PortFault> {
        let rows = sqlx::query(FACTS)
            .bind(self.today()?.to_string())
            .bind(after.unwrap_or_default())
            .bind(i64::from(size))
            .fetch_all(&self.file)
            .await
            .map_err(|e| failed("read", &e))?;
        let fact = |row| {
            let key: String = Row::try_get(row, 0).map_err(|e| failed("read", &e))?;
            Ok((key, held(row, &FACT_NAMES)?))
        };
        rows.iter().map(fact).collect()
    }

    async fn records(&self, people: &[String]) -> Result<BTreeMap<String, OwnRecord>, PortFault> {
        let today = self.today()?;
        let mut all = BTreeMap::new();
        for chunk in people.chunks(CHUNK) {
            let mut query = QueryBuilder::<Sqlite>::new(RECORDS[0]);
            query.push_bind(today.to_string()).push(RECORDS[1]);
            let mut keys = query.separated(", ");
            for key in chunk {
                keys.push_bind(key);
            }
            query.push(")");
            let rows = query
                .build()
                .fetch_all(&self.file)
                .await
                .map_err(|e| failed("read", &e))?;
            for row in &rows {
                let mut values = held(row, &VALUE_NAMES)?;
                let home = values.get("addresses");
                if let Some((lines, postcode)) = home.and_then(|text| dated::home(text, today)) {
                    values.insert("address".into(), lines);
                    values.insert("post_code".into(), postcode);
                }
                let facts = held(row, &FACT_NAMES)?;
                let key = values.get("cid_person_id").cloned().unwrap_or_default();
                all.insert(key, OwnRecord { values, facts });
            }
        }
        Ok(all)
    }

    async fn show_flag(
        &self,
        effect: &EffectId,
        person: &str,
        flag: &str,
        name: &str,
        at: Timestamp,
    ) -> Result<(), PortFault> {
        departments::show_flag(&self.file, effect, person, flag, name, at).await
    }

    async fn lift_flag(
        &self,
        effect: &EffectId,
        flag: &str,
        at: Timestamp,
    ) -> Result<(), PortFault> {
        departments::lift_flag(&self.file, effect, flag, at).await
    }
}
