//! The transaction `commit`: all that one operation changes, or nothing.
//!
//! The order is part of it. The operation's row comes first, so that a repeat finds it and does nothing.
//! Aggregates come next, in order of kind and id, so that two commits which touch the same ones wait for each
//! other and never deadlock. Entries come after the aggregates: whoever builds on a change gets a later number
//! than that change, so the tree never shows an effect before its cause. Deletions come after what is put, so
//! that what a commit destroys is gone whatever else it brings.

use std::collections::BTreeMap;

use exchange::change::{Aggregate, Commit, Write};
use exchange::effect::Effect;
use exchange::ids::HoldingId;
use exchange::ports::{Committed, PortFault, StoreFault};
use exchange::retention::Holding;

use crate::engine::{Tx, args};
use crate::number::{asked, count, stored};

/// Nothing is put in a holding of this state: its key is dead.
const DESTROYED: &str = "destroyed";

/// Does all of it inside `tx`. On [`Committed::Already`] and on an error the caller lets the transaction go.
pub(crate) async fn commit(tx: &mut impl Tx, commit: &Commit) -> Result<Committed, StoreFault> {
    if !operation(tx, commit).await? {
        return Ok(Committed::Already);
    }
    aggregates(tx, commit).await?;
    entries(tx, commit).await?;
    items(tx, commit).await?;
    packages(tx, commit).await?;
    effects(tx, commit).await?;
    completion(tx, commit).await?;
    Ok(Committed::Now)
}

/// False when the operation stands already. On PostgreSQL this waits for another process that is committing
/// the same operation.
async fn operation(tx: &mut impl Tx, commit: &Commit) -> Result<bool, PortFault> {
    let sql = "INSERT INTO operations (op_id, name, at) VALUES ($1, $2, $3) ON CONFLICT (op_id) DO NOTHING";
    let at = asked(commit.at());
    Ok(tx
        .run(sql, args![commit.op().as_str(), commit.name(), at])
        .await?
        == 1)
}

/// What a commit does with one aggregate: changes it, puts items in it (a holding), or both.
#[derive(Default)]
struct Touch<'a> {
    writes: Vec<&'a Write>,
    filled: Option<&'a HoldingId>,
}

async fn aggregates(tx: &mut impl Tx, commit: &Commit) -> Result<(), StoreFault> {
    let mut touched: BTreeMap<(&str, &str), Touch<'_>> = BTreeMap::new();
    for write in commit.writes() {
        touched
            .entry((write.kind, &write.id))
            .or_default()
            .writes
            .push(write);
    }
    for item in commit.items() {
        touched
            .entry((Holding::KIND, item.holding.as_str()))
            .or_default()
            .filled = Some(&item.holding);
    }
    for Touch { writes, filled } in touched.into_values() {
        for write in writes {
            aggregate(tx, write).await?;
        }
        if let Some(holding) = filled {
            stands(tx, holding).await?;
        }
    }
    Ok(())
}

async fn aggregate(tx: &mut impl Tx, write: &Write) -> Result<(), StoreFault> {
    let sql = if write.expected == 0 {
        "INSERT INTO aggregates (kind, id, version, status, body, due_at) \
         VALUES ($1, $2, $3 + 1, $4, $5, $6) ON CONFLICT (kind, id) DO NOTHING"
    } else {
        "UPDATE aggregates SET version = $3 + 1, status = $4, body = $5, due_at = $6 \
         WHERE kind = $1 AND id = $2 AND version = $3"
    };
    let expected = count(write.expected)?;
    let body = write.body.to_string();
    let due = write.due.map(stored);
    let args = args![
        write.kind,
        write.id.as_str(),
        expected,
        write.status,
        body.as_str(),
        due
    ];
    if tx.run(sql, args).await? == 1 {
        return Ok(());
    }
    Err(StoreFault::Conflict {
        kind: write.kind.into(),
        id: write.id.clone(),
    })
}

/// Nothing is kept without a rule (RET-01), nor where the key is dead: it could never be read again, and would
/// outlive its date.
async fn stands<T: Tx>(tx: &mut T, holding: &HoldingId) -> Result<(), StoreFault> {
    let found: Vec<(String,)> = tx.rows(T::DIALECT.holding, args![holding.as_str()]).await?;
    match found.first() {
        Some((state,)) if state != DESTROYED => Ok(()),
        _ => Err(StoreFault::NoHolding(holding.clone())),
    }
}

async fn entries(tx: &mut impl Tx, commit: &Commit) -> Result<(), PortFault> {
    for entry in commit.entries() {
        let sql = "INSERT INTO entries (entry_id, op_id, bytes) VALUES ($1, $2, $3)";
        let id = entry.id.to_string();
        let bytes = entry.to_bytes().map_err(|e| PortFault(e.to_string()))?;
        tx.run(
            sql,
            args![id.as_str(), commit.op().as_str(), bytes.as_slice()],
        )
        .await?;
    }
    Ok(())
}

async fn items(tx: &mut impl Tx, commit: &Commit) -> Result<(), PortFault> {
    for item in commit.items() {
        let sql = "INSERT INTO items (holding, name, ciphertext) VALUES ($1, $2, $3) \
                   ON CONFLICT (holding, name) DO UPDATE SET ciphertext = excluded.ciphertext";
        let args = args![
            item.holding.as_str(),
            item.name.as_str(),
            item.sealed.0.as_slice()
        ];
        tx.run(sql, args).await?;
    }
    for holding in commit.emptied() {
        empty(tx, holding).await?;
    }
    Ok(())
}

async fn empty(tx: &mut impl Tx, holding: &HoldingId) -> Result<(), PortFault> {
    tx.run(
        "DELETE FROM items WHERE holding = $1",
        args![holding.as_str()],
    )
    .await?;
    Ok(())
}

/// A package's bytes are set once: what was sealed and signed is sent as it is. A dropped one leaves its id, so
/// that it never comes back.
async fn packages(tx: &mut impl Tx, commit: &Commit) -> Result<(), StoreFault> {
    for (id, bytes) in commit.packages() {
        let sql = "INSERT INTO packages (id, bytes) VALUES ($1, $2) ON CONFLICT (id) \
                   DO UPDATE SET bytes = excluded.bytes WHERE packages.bytes = excluded.bytes";
        if tx.run(sql, args![id.as_str(), bytes.as_slice()]).await? == 0 {
            return Err(StoreFault::Conflict {
                kind: "package".into(),
                id: id.to_string(),
            });
        }
    }
    for id in commit.dropped() {
        tx.run(
            "UPDATE packages SET bytes = NULL WHERE id = $1",
            args![id.as_str()],
        )
        .await?;
    }
    Ok(())
}

async fn effects(tx: &mut impl Tx, commit: &Commit) -> Result<(), PortFault> {
    for (id, effect) in commit.effects() {
        let sql = "INSERT INTO outbox (effect_id, op_id, effect, state, retry_at, attempts) \
                   VALUES ($1, $2, $3, 'open', $4, 0)";
        let effect = written(effect)?;
        let args = args![
            id.as_str(),
            commit.op().as_str(),
            effect.as_str(),
            asked(commit.at())
        ];
        tx.run(sql, args).await?;
    }
    Ok(())
}

fn written(effect: &Effect) -> Result<String, PortFault> {
    serde_json::to_string(effect)
        .map_err(|e| PortFault(format!("an effect cannot be written: {e}")))
}

/// An effect is completed once: a second completion under another operation is refused whole.
async fn completion(tx: &mut impl Tx, commit: &Commit) -> Result<(), StoreFault> {
    let Some(id) = commit.completes() else {
        return Ok(());
    };
    let sql = "UPDATE outbox SET state = 'done', lease_holder = NULL, lease_until = NULL \
               WHERE effect_id = $1 AND state = 'open'";
    if tx.run(sql, args![id.as_str()]).await? == 1 {
        return Ok(());
    }
    Err(StoreFault::Conflict {
        kind: "effect".into(),
        id: id.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::sqlite::SqliteEngine;

    // Outside the domain no commit empties a holding, so what a commit does then is asked of its statement.
    #[tokio::test]
    async fn emptying_takes_the_items_of_that_holding_alone() {
        let folder = tempfile::tempdir().unwrap();
        let engine = SqliteEngine::open(&folder.path().join("node.db"))
            .await
            .unwrap();
        let mut tx = engine.begin().await.unwrap();
        let sql = "INSERT INTO items (holding, name, ciphertext) VALUES ($1, $2, $3)";
        for (holding, name) in [("a", "row/1"), ("a", "row/2"), ("a2", "row/1")] {
            tx.run(sql, args![holding, name, b"x".as_slice()])
                .await
                .unwrap();
        }
        empty(&mut tx, &HoldingId::parse("a").unwrap())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let left: Vec<(String,)> = engine
            .rows("SELECT holding FROM items", args![])
            .await
            .unwrap();
        assert_eq!(left, [("a2".to_owned(),)]);
    }
}
