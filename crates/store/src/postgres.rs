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
/// most: the database ends the transaction then. The address may say another time (`?options[…]=5s`).
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
        let at = options(url)?;
        let pool = PgPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(PATIENCE)
            .connect_with(at)
            .await
            .map_err(port)?;
        sqlx::migrate!("migrations/postgres")
            .run(&pool)
            .await
            .map_err(migration)?;
        Ok(Self::over(PostgresEngine { pool }))
    }
}

/// How the sessions of a store at this address are set.
fn options(url: &str) -> Result<PgConnectOptions, PortFault> {
    let at = PgConnectOptions::from_str(url).map_err(port)?;
    let (name, _) = STOPPED;
    match at.get_options().is_some_and(|set| set.contains(name)) {
        true => Ok(at),
        false => Ok(at.options([STOPPED])),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_that_is_left_ends_after_half_a_minute_unless_the_address_says_when() {
        let set = |more: &str| {
            let url = format!("postgres://ho@db.example/ho{more}");
            options(&url).unwrap().get_options().unwrap().to_owned()
        };
        let (ours, theirs) = (
            "-c idle_in_transaction_session_timeout=30s",
            "-c idle_in_transaction_session_timeout=5s",
        );
        assert_eq!(set(""), ours);
        assert_eq!(set("?options[geqo]=off"), format!("-c geqo=off {ours}"));
        assert_eq!(
            set("?options[idle_in_transaction_session_timeout]=5s"),
            theirs
        );
    }
}
