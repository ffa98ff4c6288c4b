//! The few things that the shared code asks of a database: rows out of committed state, and a transaction in
//! which to look and write. Values go in and come out as 64-bit integers, texts and bytes alone.

use exchange::ports::PortFault;
use sqlx::FromRow;
use sqlx::postgres::PgRow;

use crate::dialect::Dialect;

/// A value for a statement.
pub enum Arg<'a> {
    /// An integer, or null.
    Int(Option<i64>),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl From<i64> for Arg<'_> {
    fn from(n: i64) -> Self {
        Self::Int(Some(n))
    }
}

impl From<Option<i64>> for Arg<'_> {
    fn from(n: Option<i64>) -> Self {
        Self::Int(n)
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Arg<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

/// The values of a statement, in the order of its placeholders.
macro_rules! args {
    ($($arg:expr),*) => { &[$($crate::engine::Arg::from($arg)),*] };
}
pub(crate) use args;

/// A row that reads the same from both databases.
pub trait Row:
    for<'r> TryFrom<&'r rusqlite::Row<'r>, Error = rusqlite::Error>
    + for<'r> FromRow<'r, PgRow>
    + Send
    + Unpin
{
}
impl<T> Row for T where
    T: for<'r> TryFrom<&'r rusqlite::Row<'r>, Error = rusqlite::Error>
        + for<'r> FromRow<'r, PgRow>
        + Send
        + Unpin
{
}

/// A database.
pub trait Engine: Send + Sync + 'static {
    /// Its transaction; dropped without a commit, it leaves no trace.
    type Tx: Tx;
    /// Rows of what is committed.
    fn rows<T: Row>(
        &self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> impl Future<Output = Result<Vec<T>, PortFault>> + Send;
    /// Begins a transaction that writes.
    fn begin(&self, lasting: Lasting) -> impl Future<Output = Result<Self::Tx, PortFault>> + Send;
}

/// What a power cut may do to a transaction that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// Nothing: it is on the disk.
    Durable,
    /// It may be undone, together with nothing that was begun after it and is durable: a lease, a note of what was done.
    Passing,
}

/// A transaction that writes.
pub trait Tx: Send {
    /// The statements that are this database's own.
    const DIALECT: &'static Dialect;
    /// Rows as this transaction sees them.
    fn rows<T: Row>(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> impl Future<Output = Result<Vec<T>, PortFault>> + Send;
    /// Runs a statement and counts the rows that it changed.
    fn run(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> impl Future<Output = Result<u64, PortFault>> + Send;
    /// Makes it stand, as lastingly as it was begun.
    fn commit(self) -> impl Future<Output = Result<(), PortFault>> + Send;
}
