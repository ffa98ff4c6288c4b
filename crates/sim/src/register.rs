//! The department's case register, as a real SQLite file. Never holds what a node knows: a node writes its
//! flags and activity here as effects, and its own history stays the truth.
//!
//! Tables: `persons` (who), `cases` (whose each is), `pool` (the facts that an agreement's conditions ask about; null is unknown),
//! `flags` and `activity` (empty at first; the effect's id is the key, so that a repeat does nothing).

use std::path::Path;

use jiff::Span;
use jiff::civil::Date;
use sqlx::{Connection, SqliteConnection};

use crate::draw::Draw;
use crate::file::{FileFault, create};
use crate::people::{SyntheticPerson, population};

/// The tables of who is in a case register. Dates and instants are ISO 8601 text; truths are `yes`, `no` or null.
pub const SCHEMA: &str = "
create table persons (
  cid_person_id text primary key not null,
  full_name text not null,
  date_of_birth text,
  nino text,
  address text,
  postcode text,
  mobile text
) strict;
create table pool (
  cid_person_id text primary key not null references persons (cid_person_id),
  in_pool text check (in_pool in ('yes', 'no')),
  last_contact text,
  dead text check (dead in ('yes', 'no'))
) strict;
create table cases (
  case_reference text primary key not null,
  cid_person_id text not null references persons (cid_person_id)
) strict;
";

/// The tables of what a node had done in a case register; empty at first.
pub(crate) const DOINGS: &str = "
create table flags (
  effect_id text primary key not null,
  cid_person_id text not null references persons (cid_person_id),
  name text not null,
  set_at text not null,
  lifted_at text,
  reason_ref text not null
) strict;
create table activity (
  effect_id text primary key not null,
  cid_person_id text not null references persons (cid_person_id),
  at text not null,
  what text not null
) strict;
";

/// What a register is made from.
#[derive(Clone, Copy, Debug)]
pub struct Register {
    /// The population's seed.
    pub seed: u64,
    /// How many people it holds: the first of the population.
    pub size: usize,
    /// The day it was written: no contact is later.
    pub as_of: Date,
}

/// The facts about one person that an agreement's conditions ask about; none is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether the person is in the pool of those with whom contact was lost.
    pub in_pool: Option<bool>,
    /// The day of the last contact.
    pub last_contact: Option<Date>,
    /// Whether the person is known to have died.
    pub dead: Option<bool>,
}

/// The person key of the register for this person of the population.
pub fn cid_person_id(index: u64) -> String {
    format!("C{index:08}")
}

/// The reference of this person's one case.
pub fn case_reference(index: u64) -> String {
    format!("K{index:08}")
}

impl Register {
    /// The facts about this person: three in five are in the pool, one in twenty has no answer; contact was
    /// within five years; one in fifty has died.
    pub fn facts(&self, index: u64) -> Facts {
        let draw = Draw::new(self.seed, index);
        let in_pool = match draw.number("in pool", 100) {
            0..60 => Some(true),
            60..95 => Some(false),
            _ => None,
        };
        let dead = match draw.number("dead", 100) {
            0..94 => Some(false),
            94..96 => Some(true),
            _ => None,
        };
        let days = i64::try_from(draw.number("last contact", 5 * 365)).unwrap_or(0);
        let last_contact = self.as_of.checked_sub(Span::new().days(days)).ok();
        Facts {
            in_pool,
            last_contact: last_contact.filter(|_| draw.chance("last contact known", 95)),
            dead,
        }
    }

    /// Writes the register as a new file at `path`. The same register gives the same bytes.
    ///
    /// # Errors
    /// [`FileFault`] when something is at `path`, or it cannot be written.
    pub async fn write(&self, path: &Path) -> Result<(), FileFault> {
        let mut db = create(path).await?;
        self.fill(&mut db).await.map_err(FileFault::at(path))?;
        db.close().await.map_err(FileFault::at(path))
    }

    async fn fill(&self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(SCHEMA).execute(&mut *db).await?;
        sqlx::raw_sql(DOINGS).execute(&mut *db).await?;
        let mut all = db.begin().await?;
        for person in population(self.seed, self.size) {
            self.insert(&mut all, &person).await?;
        }
        all.commit().await
    }

    async fn insert(
        &self,
        db: &mut SqliteConnection,
        person: &SyntheticPerson,
    ) -> Result<(), sqlx::Error> {
        let id = cid_person_id(person.index);
        sqlx::query("insert into persons values (?, ?, ?, ?, ?, ?, ?)")
            .bind(&id)
            .bind(&person.full_name)
            .bind(person.date_of_birth.map(|d| d.to_string()))
            .bind(&person.nino)
            .bind(person.address.as_ref().map(|a| &a.lines))
            .bind(person.address.as_ref().map(|a| &a.postcode))
            .bind(&person.mobile)
            .execute(&mut *db)
            .await?;
        sqlx::query("insert into cases values (?, ?)")
            .bind(case_reference(person.index))
            .bind(&id)
            .execute(&mut *db)
            .await?;
        let facts = self.facts(person.index);
        sqlx::query("insert into pool values (?, ?, ?, ?)")
            .bind(&id)
            .bind(facts.in_pool.map(yes_no))
            .bind(facts.last_contact.map(|d| d.to_string()))
            .bind(facts.dead.map(yes_no))
            .execute(&mut *db)
            .await?;
        Ok(())
    }
}

pub(crate) const fn yes_no(truth: bool) -> &'static str {
    if truth { "yes" } else { "no" }
}
