//! The tax authority's master list, as a real SQLite file: some people of the case register, as another
//! body knows them, among many strangers. Never holds a register's key: who is who can be told from
//! [`Master::knows`] and [`Master::reference`] only, which tests use to measure matching.

use std::path::Path;

use sqlx::{Connection, SqliteConnection};

use crate::draw::Draw;
use crate::file::{FileFault, create};
use crate::people::{self, SyntheticPerson};

/// The table of a master list. Dates are ISO 8601 text.
pub const SCHEMA: &str = "
create table taxpayers (
  reference text primary key not null,
  full_name text not null,
  date_of_birth text,
  nino text,
  address text,
  postcode text
) strict;
";

/// What a master list is made from.
#[derive(Clone, Copy, Debug)]
pub struct Master {
    /// The population's seed: the case register's, so that the two are about the same people.
    pub seed: u64,
    /// How many of the population's first people the case register holds.
    pub register_size: u64,
    /// How many people the master list holds who are not in the case register.
    pub strangers: u64,
}

/// How many out of a hundred people of the register the master list knows.
const KNOWN: u64 = 70;

impl Master {
    /// Whether the master list holds this person of the population.
    pub fn knows(&self, index: u64) -> bool {
        if index < self.register_size {
            Draw::new(self.seed, index).chance("known to the master list", KNOWN)
        } else {
            index.saturating_sub(self.register_size) < self.strangers
        }
    }

    /// The master list's reference of this person, which tells nothing about the index; no two people of one
    /// population share one.
    pub fn reference(&self, index: u64) -> String {
        const ALL: u64 = 1_000_000_000;
        // Odd and no multiple of five, so that multiplying only reorders.
        const STEP: u64 = 618_033_989;
        let start = Draw::new(self.seed, 0).number("master start", ALL);
        format!(
            "T{:09}",
            ((index % ALL).wrapping_mul(STEP).wrapping_add(start)) % ALL
        )
    }

    /// This person as the master list holds them. Of those whom the register holds too, two in five have
    /// moved, one in eleven is spelt otherwise, one in fifty has another date of birth, and the list may know
    /// a National Insurance number or address that the register does not.
    pub fn person(&self, index: u64) -> SyntheticPerson {
        let draw = Draw::new(self.seed, index);
        let mut held = people::person(self.seed, index);
        held.nino = draw
            .chance("nino known to the master list", 96)
            .then(|| people::nino(self.seed, index));
        if held.address.is_none() || draw.chance("moved", 40) {
            held.address = Some(people::address(self.seed, index, "moved to"));
        }
        if draw.chance("spelt otherwise", 9) {
            held.full_name = misspelt(&held.full_name, |label, below| draw.number(label, below));
        }
        if draw.chance("born otherwise", 2) {
            held.date_of_birth = held.date_of_birth.and_then(|d| d.tomorrow().ok());
        }
        held
    }

    /// Writes the master list as a new file at `path`, in order of reference. The same list gives the same
    /// bytes.
    ///
    /// # Errors
    /// [`FileFault`] when something is at `path`, or it cannot be written.
    pub async fn write(&self, path: &Path) -> Result<(), FileFault> {
        let mut db = create(path).await?;
        self.fill(&mut db).await.map_err(FileFault::at(path))?;
        db.close().await.map_err(FileFault::at(path))
    }

    async fn fill(&self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let end = self.register_size.saturating_add(self.strangers);
        let mut rows: Vec<(String, u64)> = (0..end)
            .filter(|index| self.knows(*index))
            .map(|index| (self.reference(index), index))
            .collect();
        // By reference, so that the place in the file does not tell who is in the register.
        rows.sort_unstable();
        sqlx::raw_sql(SCHEMA).execute(&mut *db).await?;
        let mut all = db.begin().await?;
        for (reference, index) in rows {
            let person = self.person(index);
            sqlx::query("insert into taxpayers values (?, ?, ?, ?, ?, ?)")
                .bind(reference)
                .bind(&person.full_name)
                .bind(person.date_of_birth.map(|d| d.to_string()))
                .bind(&person.nino)
                .bind(person.address.as_ref().map(|a| &a.lines))
                .bind(person.address.as_ref().map(|a| &a.postcode))
                .execute(&mut *all)
                .await?;
        }
        all.commit().await
    }
}

/// The name with one small slip: two letters change places, one is left out, or one is written twice.
pub(crate) fn misspelt(name: &str, number: impl Fn(&str, u64) -> u64) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let inner = u64::try_from(letters.len()).unwrap_or(0).saturating_sub(2);
    let at = usize::try_from(number("slip place", inner))
        .unwrap_or(0)
        .saturating_add(1);
    match number("slip", 3) {
        0 if at.saturating_add(1) < letters.len() => letters.swap(at, at.saturating_add(1)),
        1 if letters.len() > 2 => {
            letters.remove(at);
        }
        _ => {
            if let Some(letter) = letters.get(at).copied() {
                letters.insert(at, letter);
            }
        }
    }
    letters.into_iter().collect()
}
