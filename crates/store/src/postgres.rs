//! PostgreSQL: several processes of one node on one database. Each transaction checks versions and row counts
//! itself, so READ COMMITTED is enough.

use std::str::FromStr;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult};
use deadpool::{Runtime, managed::Timeouts};
use exchange::ports::PortFault;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions};
use sqlx::{Arguments, ConnectOptions, Connection, PgConnection};
use tokio::runtime::Handle;

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

/// A connection that was not used for so long is asked first whether it still stands. Not each time: that costs as much as
/// most statements.
const UNUSED: Duration = Duration::from_secs(1);

/// How many connections a process has at most.
const CONNECTIONS: usize = 8;

/// The store on PostgreSQL, for a node of several processes.
pub type PostgresStore = SqlStore<PostgresEngine>;

/// A PostgreSQL database.
pub struct PostgresEngine {
    pool: Pool<Connections>,
}

/// Where connections are made.
struct Connections {
    at: PgConnectOptions,
}

/// A connection of the pool.
struct Held {
    connection: PgConnection,
    /// Is a statement or a transaction under way? A connection that was left amid one is let go of.
    amid: bool,
}

impl Manager for Connections {
    type Type = Held;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Held, sqlx::Error> {
        let connection = self.at.connect().await?;
        Ok(Held {
            connection,
            amid: false,
        })
    }

    async fn recycle(&self, held: &mut Held, known: &Metrics) -> RecycleResult<sqlx::Error> {
        if held.amid {
            return Err(RecycleError::message("it was left amid a statement"));
        }
        if known.last_used() > UNUSED {
            held.connection.ping().await?;
        }
        Ok(())
    }
}

impl PostgresStore {
    /// Connects to the database and brings its tables up to date. The role needs the right to make tables the
    /// first time only.
    ///
    /// # Errors
    /// [`PortFault`] when it cannot be reached or was written by a newer version.
    pub async fn connect(url: &str) -> Result<Self, PortFault> {
        let at = options(url)?;
        up_to_date(at.clone()).await?;
        let pool = Pool::builder(Connections { at })
            .max_size(CONNECTIONS)
            .timeouts(Timeouts {
                wait: Some(PATIENCE),
                create: Some(PATIENCE),
                recycle: Some(PATIENCE),
            })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|e| PortFault(e.to_string()))?;
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

async fn up_to_date(at: PgConnectOptions) -> Result<(), PortFault> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE);
    let pool = pool.connect_with(at).await.map_err(port)?;
    let made = sqlx::migrate!("migrations/postgres").run(&pool).await;
    pool.close().await;
    made.map_err(migration)
}

impl PostgresEngine {
    async fn held(&self) -> Result<Object<Connections>, PortFault> {
        self.pool.get().await.map_err(|fault| match fault {
            PoolError::Backend(fault) => port(fault),
            PoolError::Timeout(_) => port(sqlx::Error::PoolTimedOut),
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                port(sqlx::Error::PoolClosed)
            }
        })
    }
}

impl Engine for PostgresEngine {
    type Tx = Writing;

    async fn rows<T: Row>(&self, sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<T>, PortFault> {
        let mut held = self.held().await?;
        held.amid = true;
        let rows = all(&mut held.connection, sql, args).await?;
        held.amid = false;
        Ok(rows)
    }

    async fn begin(&self, lasting: Lasting) -> Result<Writing, PortFault> {
        let mut held = self.held().await?;
        held.amid = true;
        let mut tx = Writing { held: Some(held) };
        tx.run(POSTGRES.begin, &[]).await?;
        if lasting == Lasting::Passing {
            tx.run("SET LOCAL synchronous_commit = off", &[]).await?;
        }
        Ok(tx)
    }
}

/// A connection in a transaction.
pub struct Writing {
    /// None once it is over.
    held: Option<Object<Connections>>,
}

impl Writing {
    fn connection(&mut self) -> Result<&mut PgConnection, PortFault> {
        let held = self.held.as_mut().ok_or(sqlx::Error::PoolClosed);
        Ok(&mut held.map_err(port)?.connection)
    }
}

impl Drop for Writing {
    /// Takes back what was begun, at once: it holds rows that others wait for.
    fn drop(&mut self) {
        let Some(mut held) = self.held.take() else {
            return;
        };
        let Ok(runtime) = Handle::try_current() else {
            drop(Object::take(held));
            return;
        };
        runtime.spawn(async move {
            match sqlx::query("ROLLBACK").execute(&mut held.connection).await {
                Ok(_) => held.amid = false,
                Err(_) => drop(Object::take(held)),
            }
        });
    }
}

impl Tx for Writing {
    const DIALECT: &'static Dialect = &POSTGRES;

    async fn rows<T: Row>(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<Vec<T>, PortFault> {
        all(self.connection()?, sql, args).await
    }

    async fn run(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<u64, PortFault> {
        let done = sqlx::query_with(sql, bound(args)?)
            .execute(self.connection()?)
            .await;
        done.map(|done| done.rows_affected()).map_err(port)
    }

    async fn commit(mut self) -> Result<(), PortFault> {
        self.run("COMMIT", &[]).await?;
        if let Some(mut held) = self.held.take() {
            held.amid = false;
        }
        Ok(())
    }
}

async fn all<T: Row>(
    connection: &mut PgConnection,
    sql: &'static str,
    args: &[Arg<'_>],
) -> Result<Vec<T>, PortFault> {
    sqlx::query_as_with(sql, bound(args)?)
        .fetch_all(connection)
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
