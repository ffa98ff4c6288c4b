//! The transaction `commit`: all that one operation changes, or nothing; or all that several do, as if it were one.
//!
//! The order is part of it. The operations' rows come first, so that a repeat finds its own and does nothing.
//! Aggregates come next: those that stood before, then those that come to be, then the holdings that are filled, each in
//! order of kind and id, so that two commits which touch the same ones wait for each other and never deadlock. Entries come after the aggregates: whoever builds on a change gets a later number
//! than that change, so the tree never shows an effect before its cause. Deletions come after what is put, so
//! that what a commit destroys is gone whatever else it brings.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use exchange::act::found_by;
use exchange::change::{Aggregate, Commit, Item, Write};
use exchange::effect::Effect;
use exchange::ids::{HoldingId, PackageId};
use exchange::ports::{Committed, PortFault, Spooled, StoreFault};
use exchange::retention::Holding;
use serde::Serialize;
use serde_json::json;

use crate::engine::{Tx, args};
use crate::number::{asked, count, stored};

/// How many rows go in one statement.
pub(crate) const ROWS: usize = 1_000;

/// Nothing is put in a holding of this state: its key is dead.
const DESTROYED: &str = "destroyed";

/// Does all of it inside `tx`, and says of each commit whether it did something. On an error the caller lets the
/// transaction go.
pub(crate) async fn commit<T: Tx>(
    tx: &mut T,
    commits: &[&Commit],
) -> Result<Vec<Committed>, StoreFault> {
    let committed = operations(tx, commits).await?;
    let new: Vec<&Commit> = commits
        .iter()
        .zip(&committed)
        .filter(|(_, committed)| **committed == Committed::Now)
        .map(|(commit, _)| *commit)
        .collect();
    if !new.is_empty() {
        aggregates(tx, &new).await?;
        entries(tx, &new).await?;
        items(tx, &new).await?;
    }
    for commit in new {
        packages(tx, commit).await?;
        effects(tx, commit).await?;
        completion(tx, commit).await?;
    }
    Ok(committed)
}

/// Which operations stand from now on, and did not before. On PostgreSQL this waits for another process that is
/// committing the same operation.
async fn operations<T: Tx>(tx: &mut T, commits: &[&Commit]) -> Result<Vec<Committed>, PortFault> {
    let mut new = BTreeSet::new();
    for part in commits.chunks(ROWS) {
        let all = part
            .iter()
            .map(|c| json!([c.op().as_str(), c.name(), asked(c.at())]))
            .collect();
        let sql = T::DIALECT.insert_operations;
        let part: Vec<(String,)> = tx.rows(sql, args![rows(all).as_str()]).await?;
        new.extend(part.into_iter().map(|(op,)| op));
    }
    let committed = |c: &&Commit| match new.remove(c.op().as_str()) {
        true => Committed::Now,
        false => Committed::Already,
    };
    Ok(commits.iter().map(committed).collect())
}

/// What a commit does with one aggregate: changes it, puts items in it (a holding), or both.
#[derive(Default)]
struct Touch<'a> {
    writes: Vec<&'a Write>,
    filled: Option<&'a HoldingId>,
}

async fn aggregates(tx: &mut impl Tx, commits: &[&Commit]) -> Result<(), StoreFault> {
    let mut touched: BTreeMap<(&str, &str), Touch<'_>> = BTreeMap::new();
    for write in commits.iter().flat_map(|c| c.writes()) {
        touched
            .entry((&write.kind, &write.id))
            .or_default()
            .writes
            .push(write);
    }
    for item in commits.iter().flat_map(|c| c.items()) {
        touched
            .entry((Holding::KIND, item.holding.as_str()))
            .or_default()
            .filled = Some(&item.holding);
    }
    let many_items = commits.iter().flat_map(|c| c.many_items());
    for holding in many_items.flat_map(|(all, _)| all) {
        let key = (Holding::KIND, holding.as_str());
        touched.entry(key).or_default().filled = Some(holding);
    }
    let most = touched.values().map(|t| t.writes.len()).max().unwrap_or(0);
    // One statement writes an aggregate once: a second change of one aggregate goes with the next.
    for turn in 0..most.max(1) {
        let writes: Vec<&Write> = touched
            .values()
            .filter_map(|t| t.writes.get(turn).copied())
            .collect();
        let (new, old): (Vec<_>, Vec<_>) = writes.into_iter().partition(|w| w.expected == 0);
        let first = turn == 0;
        moved(tx, &old).await?;
        many(tx, commits, |w| first && w.expected > 0).await?;
        made(tx, &new).await?;
        many(tx, commits, |w| first && w.expected == 0).await?;
    }
    if let Some(holding) = filled_early(commits) {
        return Err(StoreFault::NoHolding(holding.clone()));
    }
    let filled = touched.values().filter_map(|t| t.filled);
    for holding in filled {
        stands(tx, holding).await?;
    }
    Ok(())
}

/// A holding that one of the commits fills and a later one opens: for the first it does not stand yet.
fn filled_early<'a>(commits: &[&'a Commit]) -> Option<&'a HoldingId> {
    let opens = |commit: &'a Commit| {
        let new = commit.writes().iter().filter(|w| w.expected == 0);
        new.filter(|w| w.kind == Holding::KIND)
            .map(|w| w.id.as_str())
    };
    let mut coming: BTreeSet<&str> = commits.iter().flat_map(|c| opens(c)).collect();
    for commit in commits {
        for id in opens(commit) {
            coming.remove(id);
        }
        let items = commit.items().iter().map(|i| &i.holding);
        let mut filled = items.chain(commit.many_items().iter().flat_map(|(all, _)| all));
        if let Some(early) = filled.find(|h| coming.contains(h.as_str())) {
            return Some(early);
        }
    }
    None
}

/// Those of the states in the spool that are `wanted`, which all stood before or all come to be.
async fn many<T: Tx>(
    tx: &mut T,
    commits: &[&Commit],
    wanted: impl Fn(&Write) -> bool + Send,
) -> Result<(), StoreFault> {
    for bulk in commits.iter().flat_map(|c| c.many_writes()) {
        let mut pages = bulk.pages();
        while let Some(page) = pages.next().await? {
            let page = page.iter().filter(|w| wanted(w));
            let (new, old): (Vec<_>, Vec<_>) = page.partition(|w| w.expected == 0);
            moved(tx, &old).await?;
            made(tx, &new).await?;
        }
    }
    Ok(())
}

/// Aggregates that stood before: each must have the version that its change was made from.
async fn moved<T: Tx>(tx: &mut T, writes: &[&Write]) -> Result<(), StoreFault> {
    for part in writes.chunks(ROWS) {
        if let Some(hold) = T::DIALECT.hold {
            let keys = part.iter().map(|w| json!([w.kind, w.id])).collect();
            let _: Vec<(String,)> = tx.rows(hold, args![rows(keys).as_str()]).await?;
        }
        let mut all = Vec::with_capacity(part.len());
        for w in part {
            let (expected, due) = (count(w.expected)?, w.due.map(stored));
            all.push((
                &w.kind, &w.id, expected, &w.status, &w.body, due, &w.subject,
            ));
        }
        let all = together(&all)?;
        let sql = T::DIALECT.update_aggregates;
        let done = tx.rows(sql, args![all.as_str()]).await?;
        all_of(part, &done)?;
    }
    Ok(())
}

/// Aggregates that come to be: none of them may stand.
async fn made<T: Tx>(tx: &mut T, writes: &[&Write]) -> Result<(), StoreFault> {
    for part in writes.chunks(ROWS) {
        let all = part.iter();
        let all = all.map(|w| {
            let due = w.due.map(stored);
            (&w.kind, &w.id, &w.status, &w.body, due, &w.subject)
        });
        let all = together(&all.collect::<Vec<_>>())?;
        let sql = T::DIALECT.insert_aggregates;
        let done = tx.rows(sql, args![all.as_str()]).await?;
        all_of(part, &done)?;
    }
    Ok(())
}

/// Was each of these written? The first that was not was changed by somebody else.
fn all_of(writes: &[&Write], done: &[(String, String)]) -> Result<(), StoreFault> {
    let done: BTreeSet<(&str, &str)> = done
        .iter()
        .map(|(kind, id)| (kind.as_str(), id.as_str()))
        .collect();
    match writes
        .iter()
        .find(|w| !done.contains(&(&*w.kind, w.id.as_str())))
    {
        None => Ok(()),
        Some(write) => Err(StoreFault::Conflict {
            kind: write.kind.to_string(),
            id: write.id.clone(),
        }),
    }
}

/// Rows for one statement, as the dialects take them apart.
pub(crate) fn rows(all: Vec<serde_json::Value>) -> String {
    serde_json::Value::Array(all).to_string()
}

/// As [`rows`], of what is written as an array.
fn together(all: &[impl Serialize]) -> Result<String, PortFault> {
    let text = serde_json::to_string(all);
    text.map_err(|e| PortFault(format!("rows cannot be written: {e}")))
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

async fn entries<T: Tx>(tx: &mut T, commits: &[&Commit]) -> Result<(), PortFault> {
    let mut entries = Vec::new();
    for commit in commits {
        entries.extend(commit.entries().iter().map(|e| (commit.op(), e)));
    }
    for part in entries.chunks(ROWS) {
        let mut all = Vec::with_capacity(part.len());
        for (op, entry) in part {
            let bytes = entry.to_bytes().map_err(|e| PortFault(e.to_string()))?;
            all.push(json!([
                entry.id.to_string(),
                hex::encode(bytes),
                found_by(entry),
                op.as_str()
            ]));
        }
        let all = rows(all);
        tx.run(T::DIALECT.insert_entries, args![all.as_str()])
            .await?;
    }
    Ok(())
}

async fn items<T: Tx>(tx: &mut T, commits: &[&Commit]) -> Result<(), StoreFault> {
    put(tx, commits.iter().flat_map(|c| c.items())).await?;
    for (holdings, bulk) in commits.iter().flat_map(|c| c.many_items()) {
        let mut pages = bulk.pages();
        while let Some(page) = pages.next().await? {
            if let Some(stray) = page.iter().find(|i| !holdings.contains(&i.holding)) {
                return Err(StoreFault::NoHolding(stray.holding.clone()));
            }
            put(tx, page.iter()).await?;
        }
    }
    for holding in commits.iter().flat_map(|c| c.emptied()) {
        empty(tx, holding).await?;
    }
    Ok(())
}

async fn put<'a, T: Tx>(
    tx: &mut T,
    items: impl Iterator<Item = &'a Item>,
) -> Result<(), PortFault> {
    // One statement cannot put one item twice: the last one stands.
    let last: BTreeMap<(&str, &str), &[u8]> = items
        .map(|i| ((i.holding.as_str(), i.name.as_str()), i.sealed.0.as_slice()))
        .collect();
    let all: Vec<_> = last.into_iter().collect();
    for part in all.chunks(ROWS) {
        let all = part
            .iter()
            .map(|((holding, name), bytes)| (holding, name, HEXLOWER.encode(bytes)));
        let all = together(&all.collect::<Vec<_>>())?;
        tx.run(T::DIALECT.put_items, args![all.as_str()]).await?;
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
    for (id, rest) in commit.more() {
        more(tx, id, rest).await?;
    }
    for id in commit.dropped() {
        for sql in [
            "UPDATE packages SET bytes = NULL WHERE id = $1",
            "DELETE FROM package_parts WHERE id = $1",
        ] {
            tx.run(sql, args![id.as_str()]).await?;
        }
    }
    Ok(())
}

/// The parts of a package after its first bytes, from the spool, one in memory at a time. The first bytes have the
/// digest of all of them: whoever has those has these.
async fn more(tx: &mut impl Tx, id: &PackageId, rest: &Spooled) -> Result<(), StoreFault> {
    let sql = "INSERT INTO package_parts (id, part, bytes) VALUES ($1, $2, $3) \
               ON CONFLICT (id, part) DO NOTHING";
    for n in 0.. {
        let Some(part) = rest.0.part(n).await? else {
            break;
        };
        let at = i64::from(n) + 1;
        tx.run(sql, args![id.as_str(), at, part.as_slice()]).await?;
    }
    Ok(())
}

async fn effects<T: Tx>(tx: &mut T, commit: &Commit) -> Result<(), PortFault> {
    for part in commit.effects().chunks(ROWS) {
        let mut all = Vec::with_capacity(part.len());
        for (id, effect) in part {
            all.push(json!([id.as_str(), written(effect)?]));
        }
        let all = rows(all);
        let args = args![all.as_str(), commit.op().as_str(), asked(commit.at())];
        tx.run(T::DIALECT.insert_effects, args).await?;
    }
    Ok(())
}

fn written(effect: &Effect) -> Result<String, PortFault> {
    serde_json::to_string(effect)
        .map_err(|e| PortFault(format!("an effect cannot be written: {e}")))
}

/// An effect is completed once: a second completion under another operation is refused whole.
async fn completion(tx: &mut impl Tx, commit: &Commit) -> Result<(), StoreFault> {
    let sql = "UPDATE outbox SET state = 'done', lease_holder = NULL, lease_until = NULL \
               WHERE effect_id = $1 AND state = 'open'";
    for id in commit.completes() {
        if tx.run(sql, args![id.as_str()]).await? != 1 {
            return Err(StoreFault::Conflict {
                kind: "effect".into(),
                id: id.to_string(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Engine, Lasting};
    use crate::sqlite::SqliteEngine;

    // Outside the domain no commit empties a holding, so what a commit does then is asked of its statement.
    #[tokio::test]
    async fn emptying_takes_the_items_of_that_holding_alone() {
        let folder = tempfile::tempdir().unwrap();
        let engine = SqliteEngine::open(&folder.path().join("node.db"))
            .await
            .unwrap();
        let mut tx = engine.begin(Lasting::Durable).await.unwrap();
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
