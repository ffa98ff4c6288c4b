//! Rows of any table, out of either database and into either.

use std::str::FromStr;
use std::time::Duration;

use exchange::ports::PortFault;
use futures_util::TryStreamExt;
use ledger::Digest;
use sha2::{Digest as _, Sha256};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder, Row as _, Sqlite, Transaction};

use super::Contents;
use super::tables::{Kind, Table};
use crate::fault::port as fault;
use crate::number::uncount;

/// Where the migrations of a database stand.
pub(super) const MIGRATIONS: &str = "_sqlx_migrations";
/// How many rows go in one statement, and how many bytes about.
const ROWS: usize = 500;
const BYTES: usize = 4 << 20;

pub(super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl Value {
    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Int(_) => None,
            Self::Text(text) => text.as_ref().map(String::as_bytes),
            Self::Bytes(bytes) => bytes.as_deref(),
        }
    }

    /// Each value with its kind and its length, so that no two rows are written alike.
    fn hash(&self, into: &mut Sha256) {
        match (self, self.bytes()) {
            (Self::Int(Some(n)), _) => {
                into.update([1]);
                into.update(n.to_be_bytes());
            }
            (_, Some(bytes)) => {
                into.update([2]);
                into.update((bytes.len() as u64).to_be_bytes());
                into.update(bytes);
            }
            (_, None) => into.update([0]),
        }
    }
}

type Row = Vec<Value>;

macro_rules! speaks {
    ($db:ty, $pool:ty, $read:ident, $put:ident, $overriding:literal) => {
        /// Every row of a table in the order of its key, some at a time.
        async fn $read(
            pool: &$pool,
            table: &Table,
            each: &mut (impl AsyncFnMut(Vec<Row>) -> Result<(), PortFault> + Send),
        ) -> Result<(), PortFault> {
            let sql = format!(
                "SELECT {} FROM {} ORDER BY {}",
                names(table),
                table.name,
                table.key
            );
            let mut found = sqlx::query(AssertSqlSafe(sql)).fetch(pool);
            let (mut rows, mut size) = (Vec::new(), 0);
            while let Some(row) = found.try_next().await.map_err(fault)? {
                let mut values = Row::new();
                for (n, (_, kind)) in table.columns.iter().enumerate() {
                    values.push(match kind {
                        Kind::Int => Value::Int(row.try_get(n).map_err(fault)?),
                        Kind::Text => Value::Text(row.try_get(n).map_err(fault)?),
                        Kind::Bytes => Value::Bytes(row.try_get(n).map_err(fault)?),
                    });
                }
                size += values
                    .iter()
                    .filter_map(Value::bytes)
                    .map(<[u8]>::len)
                    .sum::<usize>();
                rows.push(values);
                if rows.len() >= ROWS || size >= BYTES {
                    each(std::mem::take(&mut rows)).await?;
                    size = 0;
                }
            }
            each(rows).await
        }

        async fn $put(
            tx: &mut Transaction<'static, $db>,
            table: &Table,
            rows: &[Row],
        ) -> Result<(), PortFault> {
            let overriding = if table.numbered { $overriding } else { "" };
            let sql = format!("INSERT INTO {} ({}) {overriding}", table.name, names(table));
            let mut insert = QueryBuilder::<$db>::new(sql);
            insert.push_values(rows, |mut one, row| {
                for value in row {
                    match value {
                        Value::Int(n) => one.push_bind(*n),
                        Value::Text(text) => one.push_bind(text.clone()),
                        Value::Bytes(bytes) => one.push_bind(bytes.clone()),
                    };
                }
            });
            insert.build().execute(&mut **tx).await.map_err(fault)?;
            Ok(())
        }
    };
}

speaks!(Sqlite, SqlitePool, read_sqlite, put_sqlite, "");
speaks!(
    Postgres,
    PgPool,
    read_postgres,
    put_postgres,
    "OVERRIDING SYSTEM VALUE "
);

fn names(table: &Table) -> String {
    let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

enum Writing {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Writing {
    async fn put(&mut self, table: &Table, rows: &[Row]) -> Result<(), PortFault> {
        match self {
            Self::Sqlite(tx) => put_sqlite(tx, table, rows).await,
            Self::Postgres(tx) => put_postgres(tx, table, rows).await,
        }
    }

    async fn run(&mut self, sql: String) -> Result<(), PortFault> {
        let sql = AssertSqlSafe(sql);
        match self {
            Self::Sqlite(tx) => sqlx::query(sql).execute(&mut **tx).await.map(|_| ()),
            Self::Postgres(tx) => sqlx::query(sql).execute(&mut **tx).await.map(|_| ()),
        }
        .map_err(fault)
    }

    /// The database goes on numbering after what was put.
    async fn numbered(&mut self, table: &Table) -> Result<(), PortFault> {
        let (Self::Postgres(_), true) = (&*self, table.numbered) else {
            return Ok(());
        };
        let name = table.name;
        self.run(format!(
            "SELECT setval(pg_get_serial_sequence('{name}', 'ord'), max(ord)) FROM {name} HAVING count(*) > 0"
        ))
        .await
    }

    async fn commit(self) -> Result<(), PortFault> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
        .map_err(fault)
    }
}

impl Pool {
    pub(super) async fn open(url: &str) -> Result<Option<Self>, PortFault> {
        let Some(path) = url.strip_prefix("sqlite:") else {
            let pool = PgPoolOptions::new().max_connections(2).connect(url).await;
            return Ok(Some(Self::Postgres(pool.map_err(fault)?)));
        };
        let path = path.strip_prefix("//").unwrap_or(path);
        if !std::path::Path::new(path).exists() {
            return Ok(None);
        }
        let options = SqliteConnectOptions::from_str("sqlite:").map_err(fault)?;
        let options = options
            .filename(path)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(20));
        let pool = SqlitePoolOptions::new().max_connections(2);
        let pool = pool.connect_with(options).await.map_err(fault)?;
        Ok(Some(Self::Sqlite(pool)))
    }

    /// The names of its tables.
    pub(super) async fn tables(&self) -> Result<Vec<String>, PortFault> {
        let found: Result<Vec<(String,)>, _> = match self {
            Self::Sqlite(pool) => {
                let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
                sqlx::query_as(sql).fetch_all(pool).await
            }
            Self::Postgres(pool) => {
                let sql =
                    "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";
                sqlx::query_as(sql).fetch_all(pool).await
            }
        };
        Ok(found
            .map_err(fault)?
            .into_iter()
            .map(|(name,)| name)
            .collect())
    }

    /// How many rows `from` has: a table's name, and which of its rows.
    pub(super) async fn count(&self, from: &str) -> Result<u64, PortFault> {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {from}"));
        let (count,): (i64,) = match self {
            Self::Sqlite(pool) => sqlx::query_as(sql).fetch_one(pool).await,
            Self::Postgres(pool) => sqlx::query_as(sql).fetch_one(pool).await,
        }
        .map_err(fault)?;
        uncount(count)
    }

    /// Microseconds by the database's own clock.
    pub(super) async fn now(&self) -> Result<Option<i64>, PortFault> {
        let Self::Postgres(pool) = self else {
            return Ok(None);
        };
        let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";
        let (now,): (i64,) = sqlx::query_as(sql).fetch_one(pool).await.map_err(fault)?;
        Ok(Some(now))
    }

    async fn read(
        &self,
        table: &Table,
        each: &mut (impl AsyncFnMut(Vec<Row>) -> Result<(), PortFault> + Send),
    ) -> Result<(), PortFault> {
        match self {
            Self::Sqlite(pool) => read_sqlite(pool, table, each).await,
            Self::Postgres(pool) => read_postgres(pool, table, each).await,
        }
    }

    pub(super) async fn contents(
        &self,
        table: &Table,
        seen: &(dyn Fn(u64) + Sync),
    ) -> Result<Contents, PortFault> {
        let (mut count, mut hash) = (0, Sha256::new());
        self.read(table, &mut async |rows| {
            count += rows.len() as u64;
            for value in rows.iter().flatten() {
                value.hash(&mut hash);
            }
            seen(rows.len() as u64);
            Ok(())
        })
        .await?;
        Ok(Contents {
            table: table.name,
            rows: count,
            digest: Digest(hash.finalize().into()),
        })
    }

    pub(super) async fn copy(
        &self,
        to: &Self,
        tables: &[Table],
        seen: &(dyn Fn(u64) + Sync),
    ) -> Result<(), PortFault> {
        let mut writing = match to {
            Self::Sqlite(pool) => {
                Writing::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await.map_err(fault)?)
            }
            Self::Postgres(pool) => Writing::Postgres(pool.begin().await.map_err(fault)?),
        };
        // The only row that a new database has.
        writing.run("DELETE FROM head".to_owned()).await?;
        for table in tables {
            self.read(table, &mut async |rows| {
                if !rows.is_empty() {
                    writing.put(table, &rows).await?;
                }
                seen(rows.len() as u64);
                Ok(())
            })
            .await?;
            writing.numbered(table).await?;
        }
        writing.commit().await
    }

    pub(super) async fn mark(&self, version: i64) -> Result<(), PortFault> {
        let sql = AssertSqlSafe(format!(
            "INSERT INTO {MIGRATIONS} (version, description, installed_on, success, checksum, execution_time) \
             VALUES ({version}, 'moved', CURRENT_TIMESTAMP, TRUE, $1, 0)"
        ));
        let none: &[u8] = &[];
        match self {
            Self::Sqlite(pool) => sqlx::query(sql).bind(none).execute(pool).await.map(|_| ()),
            Self::Postgres(pool) => sqlx::query(sql).bind(none).execute(pool).await.map(|_| ()),
        }
        .map_err(fault)
    }
}
