//! What is moved: every table, each after those that it refers to. A test compares the list with
//! the tables, which another test compares with the document that both databases have to follow.

/// What a column holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Int,
    Text,
    Bytes,
}

/// A table.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Its key, by which its rows are ordered.
    pub(super) key: &'static str,
    pub(super) columns: &'static [(&'static str, Kind)],
    /// Does the database number its rows?
    pub(super) numbered: bool,
    /// Its rows that a new database does not have.
    pub(super) filled: &'static str,
}

use Kind::{Bytes, Int, Text};

macro_rules! table {
    ($name:literal by $key:literal: $($column:literal $kind:ident),*) => {
        table!($name by $key, false, $name: $($column $kind),*)
    };
    ($name:literal by $key:literal, $numbered:literal, $filled:literal: $($column:literal $kind:ident),*) => {
        Table {
            name: $name, key: $key, columns: &[$(($column, $kind)),*], numbered: $numbered, filled: $filled,
        }
    };
}

pub(super) const TABLES: &[Table] = &[
    table!("operations" by "op_id": "op_id" Text, "name" Text, "at" Int),
    table!("aggregates" by "kind, id": "kind" Text, "id" Text, "version" Int, "status" Text, "body" Text, "due_at" Int,
        "subject" Text),
    table!("entries" by "ord", true, "entries": "ord" Int, "entry_id" Text, "op_id" Text, "bytes" Bytes, "idx" Int,
        "leaf" Bytes, "found_by" Text),
    table!("subtrees" by "level, idx": "level" Int, "idx" Int, "root" Bytes),
    table!("head" by "one", false, "head WHERE size > 0": "one" Int, "frontier" Text, "checkpoint" Text, "size" Int,
        "published" Int),
    table!("leases" by "name": "name" Text, "holder" Text, "held_until" Int),
    table!("items" by "holding, name": "holding" Text, "name" Text, "ciphertext" Bytes),
    table!("packages" by "id": "id" Text, "bytes" Bytes),
    table!("package_parts" by "id, part": "id" Text, "part" Int, "bytes" Bytes),
    table!("outbox" by "ord", true, "outbox": "ord" Int, "effect_id" Text, "op_id" Text, "effect" Text, "state" Text,
        "lease_holder" Text, "lease_until" Int, "retry_at" Int, "attempts" Int),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::engine::{Engine, args};
    use crate::sqlite::SqliteEngine;

    #[tokio::test]
    async fn every_column_of_every_table_is_moved() {
        let folder = tempfile::tempdir().unwrap();
        let engine = SqliteEngine::open(&folder.path().join("node.db"))
            .await
            .unwrap();
        let sql = "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
                   WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations'";
        let there: Vec<(String, String)> = engine.rows(sql, args![]).await.unwrap();
        let moved = TABLES.iter().flat_map(|table| {
            let columns = table.columns.iter();
            columns.map(|(column, _)| (table.name.to_owned(), (*column).to_owned()))
        });
        let there: BTreeSet<_> = there.into_iter().collect();
        assert_eq!(moved.collect::<BTreeSet<_>>(), there);
    }
}
