//! The departments' own systems behind the domain's ports: the case register and the master list, as the
//! SQLite files that [`crate::register`] and [`crate::master`] write. Never keeps a value in memory longer than
//! one answer.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use exchange::ids::EffectId;
use exchange::ports::{CaseRegister, MasterList, OwnRecord, PortFault};
use jiff::Timestamp;
use linkage::{List, Source};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{Row, SqliteConnection, SqlitePool};

pub(crate) async fn connect(path: &Path) -> Result<SqlitePool, PortFault> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Normal)
        .create_if_missing(false);
    SqlitePool::connect_with(options)
        .await
        .map_err(|e| failed("open", &e))
}

// A database's error text may repeat a value, so only its kind is told.
pub(crate) fn failed(what: &str, error: &sqlx::Error) -> PortFault {
    let kind = if let sqlx::Error::Database(e) = error {
        format!("database error {}", e.code().unwrap_or_default())
    } else if let sqlx::Error::Io(e) = error {
        e.kind().to_string()
    } else {
        "database error".to_owned()
    };
    PortFault(format!("the department's file could not {what}: {kind}"))
}

/// The flags that are shown now, by name, with how many persons each.
pub(crate) async fn flags(file: &SqlitePool) -> Result<BTreeMap<String, u64>, PortFault> {
    let sql = "select name, count(*) from flags where lifted_at is null group by name";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql)
        .fetch_all(file)
        .await
        .map_err(|e| failed("read", &e))?;
    Ok(rows
        .into_iter()
        .map(|(name, n)| (name, n.unsigned_abs()))
        .collect())
}

/// Shows a flag in a register's tables of doings, once.
pub(crate) async fn show_flag(
    file: &SqlitePool,
    effect: &EffectId,
    person: &str,
    flag: &str,
    name: &str,
    at: Timestamp,
) -> Result<(), PortFault> {
    let write = |e: sqlx::Error| failed("write", &e);
    let mut tx = file.begin().await.map_err(write)?;
    sqlx::query("insert into flags values (?, ?, ?, ?, null, ?) on conflict do nothing")
        .bind(effect.as_str())
        .bind(person)
        .bind(name)
        .bind(at.to_string())
        .bind(flag)
        .execute(&mut *tx)
        .await
        .map_err(write)?;
    done(&mut tx, effect, flag, "flag set: ", at).await?;
    tx.commit().await.map_err(write)
}

/// Takes a flag away in a register's tables of doings, once.
pub(crate) async fn lift_flag(
    file: &SqlitePool,
    effect: &EffectId,
    flag: &str,
    at: Timestamp,
) -> Result<(), PortFault> {
    let write = |e: sqlx::Error| failed("write", &e);
    let mut tx = file.begin().await.map_err(write)?;
    let sql = "update flags set lifted_at = ? where reason_ref = ? and lifted_at is null";
    let lifted = sqlx::query(sql)
        .bind(at.to_string())
        .bind(flag)
        .execute(&mut *tx)
        .await
        .map_err(write)?;
    if lifted.rows_affected() > 0 {
        done(&mut tx, effect, flag, "flag lifted: ", at).await?;
    }
    tx.commit().await.map_err(write)
}

/// All activity on a case stands in the register (FLAG-02); the effect's id makes a repeat do nothing.
async fn done(
    tx: &mut SqliteConnection,
    effect: &EffectId,
    flag: &str,
    what: &str,
    at: Timestamp,
) -> Result<(), PortFault> {
    let sql = "insert into activity select ?, cid_person_id, ?, ? || name from flags \
               where reason_ref = ? on conflict do nothing";
    sqlx::query(sql)
        .bind(effect.as_str())
        .bind(at.to_string())
        .bind(what)
        .bind(flag)
        .execute(tx)
        .await
        .map_err(|e| failed("write", &e))?;
    Ok(())
}

/// An open case register.
#[derive(Debug)]
pub struct OpenRegister(SqlitePool);

impl OpenRegister {
    /// Opens the register's file.
    ///
    /// # Errors
    /// [`PortFault`] when it is not there or not a database.
    pub async fn open(path: &Path) -> Result<Self, PortFault> {
        Ok(Self(connect(path).await?))
    }

    /// The flags that are shown now, by name, with how many persons each.
    ///
    /// # Errors
    /// [`PortFault`] when the file cannot be read.
    pub async fn flags(&self) -> Result<BTreeMap<String, u64>, PortFault> {
        flags(&self.0).await
    }
}

const FACTS: &str = "select p.cid_person_id, f.in_pool, f.last_contact, f.dead \
     from persons p left join pool f on f.cid_person_id = p.cid_person_id \
     where p.cid_person_id > ? order by p.cid_person_id limit ?";

const RECORD: &str = "select p.cid_person_id, p.full_name, p.date_of_birth, p.nino, p.postcode, \
     f.in_pool, f.last_contact, f.dead \
     from persons p left join pool f on f.cid_person_id = p.cid_person_id where p.cid_person_id = ?";

pub(crate) fn held(
    row: &SqliteRow,
    columns: &[&str],
) -> Result<BTreeMap<String, String>, PortFault> {
    let mut all = BTreeMap::new();
    for column in columns {
        let value: Option<String> = row.try_get(column).map_err(|e| failed("read", &e))?;
        if let Some(value) = value {
            all.insert((*column).to_owned(), value);
        }
    }
    Ok(all)
}

#[async_trait]
impl CaseRegister for OpenRegister {
    fn person_fields(&self) -> &[&str] {
        &["cid_person_id"]
    }

    async fn facts(
        &self,
        after: Option<&str>,
        size: u32,
    ) -> Result<Vec<(String, BTreeMap<String, String>)>, PortFault> {
        let rows = sqlx::query(FACTS)
            .bind(after.unwrap_or_default())
            .bind(i64::from(size))
            .fetch_all(&self.0)
            .await
            .map_err(|e| failed("read", &e))?;
        rows.iter()
            .map(|row| {
                let key = row
                    .try_get("cid_person_id")
                    .map_err(|e| failed("read", &e))?;
                Ok((key, held(row, &["in_pool", "last_contact", "dead"])?))
            })
            .collect()
    }

    async fn records(&self, people: &[String]) -> Result<BTreeMap<String, OwnRecord>, PortFault> {
        const VALUES: [&str; 5] = [
            "cid_person_id",
            "full_name",
            "date_of_birth",
            "nino",
            "postcode",
        ];
        let mut all = BTreeMap::new();
        for person in people {
            let row = sqlx::query(RECORD)
                .bind(person)
                .fetch_optional(&self.0)
                .await
                .map_err(|e| failed("read", &e))?;
            let Some(row) = row else { continue };
            let mut values = held(&row, &VALUES)?;
            values.insert("dash_source".into(), "CID".into());
            let facts = held(&row, &["in_pool", "last_contact", "dead"])?;
            all.insert(person.clone(), OwnRecord { values, facts });
        }
        Ok(all)
    }

    async fn is_case_of(&self, case: &str, person: &str) -> Result<Option<bool>, PortFault> {
        let sql = "select cid_person_id from cases where case_reference = ?";
        let of: Option<String> = sqlx::query_scalar(sql)
            .bind(case)
            .fetch_optional(&self.0)
            .await
            .map_err(|e| failed("read", &e))?;
        Ok(of.map(|of| of == person))
    }

    async fn show_flag(
        &self,
        effect: &EffectId,
        person: &str,
        flag: &str,
        name: &str,
        at: Timestamp,
    ) -> Result<(), PortFault> {
        show_flag(&self.0, effect, person, flag, name, at).await
    }

    async fn lift_flag(
        &self,
        effect: &EffectId,
        flag: &str,
        at: Timestamp,
    ) -> Result<(), PortFault> {
        lift_flag(&self.0, effect, flag, at).await
    }
}

/// An open master list.
#[derive(Debug)]
pub struct OpenMaster(SqlitePool);

impl OpenMaster {
    /// Opens the master list's file.
    ///
    /// # Errors
    /// [`PortFault`] when it is not there or not a database.
    pub async fn open(path: &Path) -> Result<Self, PortFault> {
        Ok(Self(connect(path).await?))
    }
}

#[async_trait]
impl MasterList for OpenMaster {
    async fn list(&self) -> Result<Box<dyn Source>, PortFault> {
        let sql =
            "select reference, full_name, date_of_birth, nino, address, postcode from taxpayers";
        let rows = sqlx::query(sql)
            .fetch_all(&self.0)
            .await
            .map_err(|e| failed("read", &e))?;
        let columns = ["reference", "full_name", "date_of_birth", "nino"];
        let homes = ["addresses", "addresses.postcode"];
        let mut list = List::new(columns.into_iter().chain(homes));
        for row in &rows {
            let mut held = held(row, &[&columns[..], &["address", "postcode"]].concat())?;
            let row = columns.into_iter().chain(["address", "postcode"]);
            list.push(row.map(|c| held.remove(c).unwrap_or_default()).collect());
        }
        Ok(Box::new(list))
    }

    async fn records(
        &self,
        references: &[String],
    ) -> Result<BTreeMap<String, OwnRecord>, PortFault> {
        let sql = "select address as contact_address, postcode as contact_postcode from taxpayers \
                   where reference = ?";
        let mut all = BTreeMap::new();
        for reference in references {
            let row = sqlx::query(sql)
                .bind(reference)
                .fetch_optional(&self.0)
                .await
                .map_err(|e| failed("read", &e))?;
            let Some(row) = row else { continue };
            let values = held(&row, &["contact_address", "contact_postcode"])?;
            let facts = BTreeMap::new();
            all.insert(reference.clone(), OwnRecord { values, facts });
        }
        Ok(all)
    }
}
