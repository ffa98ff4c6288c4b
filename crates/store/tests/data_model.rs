//! The document of the data model lists exactly the columns that the databases have.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod common;

use std::collections::BTreeSet;

use common::place::{Place, runtime};
use sqlx::{Connection, PgConnection, SqliteConnection};

const DOCUMENT: &str = include_str!("../../../docs/data-model.md");

fn quoted(line: &str, before: &str) -> Option<String> {
    let rest = line.strip_prefix(before)?.strip_prefix('`')?;
    Some(rest.split('`').next()?.to_owned())
}

fn documented() -> BTreeSet<(String, String)> {
    let tables = DOCUMENT
        .split("\n## Tables\n")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let mut table = String::new();
    let mut columns = BTreeSet::new();
    for line in tables.lines() {
        if let Some(name) = quoted(line, "### ") {
            table = name;
        } else if let Some(column) = quoted(line, "| ") {
            columns.insert((table.clone(), column));
        }
    }
    columns
}

fn check(found: Vec<(String, String)>) {
    let ours = found
        .into_iter()
        .filter(|(table, _)| table != "_sqlx_migrations");
    assert_eq!(ours.collect::<BTreeSet<_>>(), documented());
}

#[test]
fn sqlite_has_the_documented_columns() {
    let place = Place::sqlite();
    let sql = "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    check(runtime().block_on(async {
        place.store().await;
        let mut db = SqliteConnection::connect(&place.url()).await.unwrap();
        sqlx::query_as(sql).fetch_all(&mut db).await.unwrap()
    }));
}

#[test]
fn postgresql_has_the_documented_columns() {
    let place = Place::postgres();
    let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns \
               WHERE table_schema = 'public'";
    check(runtime().block_on(async {
        place.store().await;
        let mut db = PgConnection::connect(&place.url()).await.unwrap();
        sqlx::query_as(sql).fetch_all(&mut db).await.unwrap()
    }));
}
