//! PostgreSQL: several processes of one node on one database. Each transaction checks versions and row counts
//! itself, so READ COMMITTED is enough.

use std::time::Duration;

use exchange::ports::PortFault;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Postgres, Transaction};

use crate::dialect::POSTGRES;
use crate::engine::{Arg, Engine, Row, postgres_rows};
use crate::fault::{migration, port};
use crate::stored::SqlStore;

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
        let pool = PgPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(PATIENCE)
            .connect(url)
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
        postgres_rows(&self.pool, sql, args).await
    }

    async fn begin(&self) -> Result<Self::Tx, PortFault> {
        self.pool.begin_with(POSTGRES.begin).await.map_err(port)
    }
}
