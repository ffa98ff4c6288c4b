//! The world as files: a case register, three large lists and the truth, written as they are drawn.

use std::path::Path;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};

use super::cases::Case;
use super::columns::TableWriter;
use super::reference::{self, List};
use super::register::SCHEMA;
use super::rows::{BENEFITS, PUPILS, TAXES, TRUTH, benefits, pupils, taxes};
use super::states::State;
use super::{FIRST_DAY, World};
use crate::file::{FileFault, create};
use crate::register::{DOINGS, yes_no};

/// How many there are in the files of a world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// People of the population.
    pub people: u64,
    /// People in the case register.
    pub cases: u64,
    /// Of them, those in the pool on the first day.
    pub in_pool: u64,
    /// Of them, those whom the exchange may ask about on the first day: in the pool, no contact for six months,
    /// known not to be dead.
    pub eligible: u64,
    /// Of them, those whose status ended before 2008.
    pub ended_before_2008: u64,
    /// Of them, those whose status ended in 2008 or later; the end of the rest is not known.
    pub ended_since_2008: u64,
    /// Records of the tax authority.
    pub taxpayers: u64,
    /// Records of the benefits department.
    pub claimants: u64,
    /// Records of the school census.
    pub pupils: u64,
}

/// People between two reports of progress, and in one statement.
const CHUNK: usize = 64;

impl World {
    /// How often [`World::write`] reports a person done, from first to last.
    pub const fn steps(&self) -> u64 {
        self.people.saturating_mul(5)
    }

    /// Writes `ho/register.db`, `hmrc/master.parquet`, `dwp/master.parquet`, `dfe/census.parquet` and
    /// `truth.parquet` in the folder `dir`, which is made where it is not there. Tells `done` how many more steps
    /// are done. The same world gives the same bytes.
    ///
    /// # Errors
    /// [`FileFault`] when a file is there already or cannot be written.
    pub async fn write(&self, dir: &Path, done: impl Fn(u64) + Sync) -> Result<Summary, FileFault> {
        for part in ["ho", "hmrc", "dwp", "dfe"] {
            let part = dir.join(part);
            std::fs::create_dir_all(&part).map_err(FileFault::folder(&part))?;
        }
        let mut summary = Summary {
            people: self.people,
            ..Summary::default()
        };
        let path = dir.join("ho/register.db");
        let mut register = create(&path).await?;
        self.register(&mut register, &mut summary, &done)
            .await
            .map_err(FileFault::at(&path))?;
        register.close().await.map_err(FileFault::at(&path))?;
        let list = |file: &str, list, columns, row: &(dyn Fn(u64) -> Option<Row> + Sync)| {
            self.list(&dir.join(file), list, columns, &done, row)
        };
        // No file needs another: two are drawn at once.
        let ((taxes, pupils), (benefits, truth)) = both(
            || {
                let taxes = list("hmrc/master.parquet", List::Taxes, &TAXES, &|index| {
                    self.taxpayer(index).map(taxes)
                });
                let pupils = list("dfe/census.parquet", List::Pupils, &PUPILS, &|index| {
                    self.pupil(index).map(pupils)
                });
                (taxes, pupils)
            },
            || {
                let benefits = list("dwp/master.parquet", List::Benefits, &BENEFITS, &|index| {
                    self.claimant(index).map(benefits)
                });
                (benefits, self.who_is_who(&dir.join("truth.parquet"), &done))
            },
        );
        summary.taxpayers = taxes?;
        summary.claimants = benefits?;
        summary.pupils = pupils?;
        truth?;
        Ok(summary)
    }

    async fn register(
        &self,
        db: &mut SqliteConnection,
        summary: &mut Summary,
        done: &impl Fn(u64),
    ) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(SCHEMA).execute(&mut *db).await?;
        sqlx::raw_sql(DOINGS).execute(&mut *db).await?;
        let mut all = db.begin().await?;
        let mut cases = Vec::with_capacity(CHUNK);
        for index in 0..self.people {
            if let Some(case) = self.case(index) {
                summary.count(&case);
                cases.push(case);
            }
            if cases.len() == CHUNK {
                insert(&mut all, &cases).await?;
                cases.clear();
            }
            done(1);
        }
        insert(&mut all, &cases).await?;
        all.commit().await
    }

    /// Writes a list in the order of its references, a part of them at a time: each part is found by going
    /// through the population again, so that nothing grows with it.
    fn list(
        &self,
        path: &Path,
        list: List,
        columns: &[&str],
        done: &impl Fn(u64),
        row: impl Fn(u64) -> Option<Row>,
    ) -> Result<u64, FileFault> {
        let mut table = TableWriter::create(path, columns)?;
        let parts = reference::parts(self.people);
        let mut records = 0;
        let mut here = Vec::new();
        for part in 0..parts {
            here.clear();
            here.extend((0..self.people).filter_map(|index| {
                let number = self.number(list, index);
                (reference::part(number, parts) == part).then_some((number, index))
            }));
            here.sort_unstable();
            for (_, index) in &here {
                if let Some(row) = row(*index) {
                    table.push(row).map_err(FileFault::columns(path))?;
                    records += 1;
                }
                done(1);
            }
        }
        table.finish().map_err(FileFault::columns(path))?;
        Ok(records)
    }

    fn who_is_who(&self, path: &Path, done: &impl Fn(u64)) -> Result<(), FileFault> {
        let mut table = TableWriter::create(path, &TRUTH)?;
        for index in 0..self.people {
            let truth = self.truth(index);
            let row = vec![
                Some(index.to_string()),
                Some(truth.household.first.to_string()),
                self.case(index).map(|case| case.key),
                self.taxpayer(index).map(|record| record.reference),
                self.claimant(index).map(|record| record.reference),
                Some(format!("{:?}", truth.origin).to_lowercase()),
                Some(format!("{:?}", truth.sex).to_lowercase()),
                Some(truth.born.year().to_string()),
                self.pupil(index).map(|record| record.reference),
            ];
            table.push(row).map_err(FileFault::columns(path))?;
            done(1);
        }
        table.finish().map_err(FileFault::columns(path))
    }
}

/// A row of a list.
type Row = Vec<Option<String>>;

/// Does two things at once.
fn both<A: Send, B>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one.join();
        (one.unwrap_or_else(|e| std::panic::resume_unwind(e)), other)
    })
}

impl Summary {
    fn count(&mut self, case: &Case) {
        self.cases += 1;
        let Some(state) = case.states.first() else {
            return;
        };
        if case.opened > FIRST_DAY || state.in_pool != Some(true) {
            return;
        }
        self.in_pool += 1;
        if !lost(state) {
            return;
        }
        self.eligible += 1;
        match state.status_ended {
            Some(day) if day < date(2008, 1, 1) => self.ended_before_2008 += 1,
            Some(_) => self.ended_since_2008 += 1,
            None => {}
        }
    }
}

fn lost(state: &State) -> bool {
    let long = |contact: Date| contact <= FIRST_DAY - 6.months();
    state.last_contact.is_some_and(long) && state.dead == Some(false)
}

async fn insert(db: &mut SqliteConnection, cases: &[Case]) -> Result<(), sqlx::Error> {
    if cases.is_empty() {
        return Ok(());
    }
    let truth = |known: Option<bool>| known.map(yes_no);
    let day = |known: Option<Date>| known.map(|day| day.to_string());
    let mut query = QueryBuilder::<Sqlite>::new("insert into persons ");
    query.push_values(cases, |mut row, case| {
        row.push_bind(&case.key)
            .push_bind(case.opened.to_string())
            .push_bind(case.source)
            .push_bind(&case.full_name)
            .push_bind(case.date_of_birth.to_string())
            .push_bind(&case.port_reference)
            .push_bind(&case.ho_reference)
            .push_bind(case.title)
            .push_bind(case.nationality)
            .push_bind(&case.email_primary)
            .push_bind(&case.email_other)
            .push_bind(&case.mobile)
            .push_bind(&case.nino)
            .push_bind(&case.surname)
            .push_bind(&case.forename)
            .push_bind(&case.middle_name)
            .push_bind(case.sex)
            .push_bind(&case.family)
            .push_bind(truth(case.grounds.unaccompanied_minor))
            .push_bind(truth(case.grounds.wellbeing_concern));
    });
    query.build().persistent(false).execute(&mut *db).await?;
    // A family has one line, whichever of its cases comes first.
    let mut query = QueryBuilder::<Sqlite>::new("insert or ignore into families ");
    query.push_values(cases, |mut row, case| {
        row.push_bind(&case.family)
            .push_bind(truth(case.grounds.contact_lost))
            .push_bind(case.grounds.offence_suspected)
            .push_bind(truth(case.grounds.believed_in_uk))
            .push_bind(truth(case.grounds.open_breach));
    });
    query.build().persistent(false).execute(&mut *db).await?;
    let states = cases.iter().flat_map(|case| {
        let next = case.states.iter().skip(1).map(|state| Some(state.from));
        let next = next.chain([None]);
        case.states
            .iter()
            .zip(next)
            .map(|(state, next)| (&case.key, state, next))
    });
    let mut query = QueryBuilder::<Sqlite>::new("insert into pool ");
    query.push_values(states, |mut row, (key, state, next)| {
        row.push_bind(key)
            .push_bind(state.from.to_string())
            .push_bind(day(next))
            .push_bind(truth(state.in_pool))
            .push_bind(day(state.last_contact))
            .push_bind(day(state.status_ended))
            .push_bind(truth(state.dead))
            .push_bind(state.status)
            .push_bind(truth(state.work))
            .push_bind(truth(state.funds));
    });
    query.build().persistent(false).execute(&mut *db).await?;
    let mut homes = cases
        .iter()
        .flat_map(|case| {
            let next = case.homes.iter().skip(1).map(|held| Some(held.from));
            let next = next.chain([None]);
            case.homes
                .iter()
                .zip(next)
                .map(|(held, next)| (&case.key, held, next))
        })
        .peekable();
    if homes.peek().is_none() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new("insert into homes ");
    query.push_values(homes, |mut row, (key, held, next)| {
        row.push_bind(key)
            .push_bind(held.from.to_string())
            .push_bind(day(next))
            .push_bind(&held.addresses)
            .push_bind(&held.postcode);
    });
    query.build().persistent(false).execute(&mut *db).await?;
    Ok(())
}
