//! The sequencer's transaction: entries get their places and the head moves, or neither. Computes no hash: the
//! places, the frontier and the checkpoint are worked out by whoever asks.

use exchange::ports::{Head, Pending, Placed, Places, Placing, PortFault};
use ledger::{Digest, Frontier};
use serde_json::json;

use crate::commit::{ROWS, rows};
use crate::engine::{Tx, args};
use crate::number::{count, strange, uncount};

/// A row of the head: frontier (none for the empty tree), checkpoint, how much is published.
pub(crate) type HeadRow = (Option<String>, String, i64);

/// The entries without a place, in the order in which they were committed, at most $1.
pub(crate) const PENDING: &str =
    "SELECT entry_id, bytes FROM entries WHERE idx IS NULL ORDER BY ord LIMIT $1";

/// Entries without a place out of their rows.
pub(crate) fn pending(rows: Vec<(String, Vec<u8>)>) -> Vec<Pending> {
    rows.into_iter()
        .map(|(id, bytes)| Pending { id, bytes })
        .collect()
}

/// Gives at most `limit` entries their places inside `tx`, and says how many. The head is held before it is looked which
/// entries wait: whatever another process has placed is no longer among them. On an error the caller lets the transaction
/// go.
pub(crate) async fn place<T: Tx>(
    tx: &mut T,
    limit: u32,
    placing: Placing<'_>,
) -> Result<usize, PortFault> {
    let before = head(tx.rows(T::DIALECT.head, args![]).await?)?.frontier;
    let waiting = pending(tx.rows(PENDING, args![i64::from(limit)]).await?);
    if waiting.is_empty() {
        return Ok(0);
    }
    let size = before.size();
    let Places {
        placed,
        frontier,
        checkpoint,
    } = placing(before, waiting)?;
    if !follows(size, &placed, &frontier) {
        return Err(misplaced());
    }
    for part in placed.chunks(ROWS) {
        let mut all = Vec::with_capacity(part.len());
        for place in part {
            all.push(json!([
                place.id,
                count(place.index)?,
                hex::encode(place.leaf.0)
            ]));
        }
        let changed = tx
            .run(T::DIALECT.place_entries, args![rows(all).as_str()])
            .await?;
        if changed != part.len() as u64 {
            return Err(misplaced());
        }
    }
    let sql = "INSERT INTO subtrees (level, idx, root) VALUES ($1, $2, $3)";
    for place in &placed {
        for (level, root) in (1..).zip(&place.subtrees) {
            let index = place.index.checked_shr(8 * level).unwrap_or(0);
            let args = args![i64::from(level), count(index)?, root.0.as_slice()];
            tx.run(sql, args).await?;
        }
    }
    let edge = serde_json::to_string(&frontier).map_err(|_| strange("a tree's edge"))?;
    let sql = "UPDATE head SET frontier = $1, checkpoint = $2, size = $3 WHERE one = 1";
    tx.run(
        sql,
        args![edge.as_str(), checkpoint.as_str(), count(frontier.size())?],
    )
    .await?;
    Ok(placed.len())
}

fn misplaced() -> PortFault {
    PortFault(
        "the places that were worked out for entries do not go on from the ledger's head".into(),
    )
}

/// Do the places go on from `size` without a gap, up to the frontier?
fn follows(size: u64, placed: &[Placed], frontier: &Frontier) -> bool {
    let end = size.saturating_add(placed.len() as u64);
    (size..end).eq(placed.iter().map(|place| place.index)) && frontier.size() == end
}

/// The head out of its row.
pub(crate) fn head(rows: Vec<HeadRow>) -> Result<Head, PortFault> {
    let (edge, checkpoint, published) =
        rows.into_iter().next().ok_or_else(|| strange("no head"))?;
    let frontier = match edge {
        None => Frontier::new(),
        Some(edge) => serde_json::from_str(&edge).map_err(|_| strange("a tree's edge"))?,
    };
    Ok(Head {
        frontier,
        checkpoint,
        published: uncount(published)?,
    })
}

/// Remembers what is published, which never becomes less, and gives the holder's lease back.
pub(crate) async fn published(tx: &mut impl Tx, holder: &str, size: u64) -> Result<(), PortFault> {
    let sql = "UPDATE leases SET held_until = 0 WHERE name = 'sequencer' AND holder = $1";
    tx.run(sql, args![holder]).await?;
    let sql = "UPDATE head SET published = CASE WHEN published < $1 THEN $1 ELSE published END \
               WHERE one = 1 AND size >= $1";
    if tx.run(sql, args![count(size)?]).await? == 1 {
        return Ok(());
    }
    Err(PortFault(format!(
        "the ledger has fewer than {size} entries, so its files cannot show as many"
    )))
}

/// Entries and leaf hashes out of their rows.
pub(crate) fn leaves(rows: Vec<(Vec<u8>, Vec<u8>)>) -> Result<Vec<(Vec<u8>, Digest)>, PortFault> {
    rows.into_iter()
        .map(|(bytes, leaf)| {
            let leaf = leaf.try_into().map_err(|_| strange("a leaf hash"))?;
            Ok((bytes, Digest(leaf)))
        })
        .collect()
}

/// Roots of subtrees out of their rows.
pub(crate) fn roots(rows: Vec<(Vec<u8>,)>) -> Result<Vec<Digest>, PortFault> {
    let root = |(root,): (Vec<u8>,)| root.try_into().map_err(|_| strange("a subtree's root"));
    rows.into_iter().map(|row| root(row).map(Digest)).collect()
}
