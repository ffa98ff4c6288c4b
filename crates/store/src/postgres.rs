//! PostgreSQL: several processes of one node on one database. Each transaction checks versions and row counts
//! itself, so READ COMMITTED is enough.

use std::str::FromStr;
use std::time::Duration;

use exchange::ports::PortFault;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions};
use sqlx::{Arguments, PgPool, Postgres, Transaction};

use crate::dialect::{Dialect, POSTGRES};
use crate::engine::{Arg, Engine, Lasting, Row, Tx};
use crate::fault::{migration, port};
use crate::stored::SqlStore;

/// A process that stops in the midst of a transaction holds up the others, at the ledger's head for one, for so long at
/// most: the database ends the transaction then.
const STOPPED: (&str, &str) = ("idle_in_transaction_session_timeout", "30s");

/// A connection is waited for so long, and tried for where the database is down: much less than a request may take, so that
/// whoever asks is told that the node cannot do it now, and operators why.
const PATIENCE: Duration = Duration::from_secs(3);

/// The store on PostgreSQL, for a node of several processes.
pub type PostgresStore = SqlStore<PostgresEngine>;

/// A PostgreSQL database.
pub struct PostgresEngine {
    pool: PgPool,
}

impl PostgresStore {
    /// Connects to the database and brings its tables up to date. The role needs the right to make tables the
    /// first time only.
    ///
    /// # Errors
    /// [`PortFault`] when it cannot be reached or was written by a newer version.
    pub async fn connect(url: &str) -> Result<Self, PortFault> {
        let at = PgConnectOptions::from_str(url).map_err(port)?;
        let pool = PgPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(PATIENCE)
            .connect_with(at.options([STOPPED]))
            .await
            .map_err(port)?;
        sqlx::migrate!("migrations/postgres")
            .run(&pool)
            .await
            .map_err(migration)?;
        Ok(Self::over(PostgresEngine { pool }))
    }
}

impl Engine for PostgresEngine {
    type Tx = Transaction<'static, Postgres>;

    async fn rows<T: Row>(&self, sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<T>, PortFault> {
        all(&self.pool, sql, args).await
    }

    async fn begin(&self, lasting: Lasting) -> Result<Self::Tx, PortFault> {
        let mut tx = self.pool.begin_with(POSTGRES.begin).await.map_err(port)?;
        if lasting == Lasting::Passing {
            tx.run("SET LOCAL synchronous_commit = off", &[]).await?;
        }
        Ok(tx)
    }
}

impl Tx for Transaction<'static, Postgres> {
    const DIALECT: &'static Dialect = &POSTGRES;

    async fn rows<T: Row>(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<Vec<T>, PortFault> {
        all(&mut **self, sql, args).await
    }

    async fn run(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<u64, PortFault> {
        let done = sqlx::query_with(sql, bound(args)?)
            .execute(&mut **self)
            .await;
        done.map(|done| done.rows_affected()).map_err(port)
    }

    async fn commit(self) -> Result<(), PortFault> {
        Transaction::commit(self).await.map_err(port)
    }
}

async fn all<'c, T: Row>(
    executor: impl sqlx::Executor<'c, Database = Postgres>,
    sql: &'static str,
    args: &[Arg<'_>],
) -> Result<Vec<T>, PortFault> {
    sqlx::query_as_with(sql, bound(args)?)
        .fetch_all(executor)
        .await
        .map_err(port)
}

fn bound(args: &[Arg<'_>]) -> Result<PgArguments, PortFault> {
    let mut bound = PgArguments::default();
    for arg in args {
        match arg {
            Arg::Int(n) => bound.add(*n),
            Arg::Text(text) => bound.add(*text),
            Arg::Bytes(bytes) => bound.add(*bytes),
        }
        .map_err(|_| PortFault("a value is too large for the database".into()))?;
    }
    Ok(bound)
}
