//! The sequencer's transaction: entries get their places and the head moves, or neither. Computes no hash: the
//! places, the frontier and the checkpoint are handed in.

use exchange::ports::{Head, Placed, PortFault, StoreFault};
use jiff::Timestamp;
use ledger::{Digest, Frontier};
use serde_json::json;

use crate::commit::{ROWS, rows};
use crate::engine::{Tx, args};
use crate::number::{asked, count, strange, uncount};

/// A row of the head: frontier (none for the empty tree), checkpoint, how much is published.
pub(crate) type HeadRow = (Option<String>, String, i64);

/// Gives places inside `tx`. On an error the caller lets the transaction go.
pub(crate) async fn place<T: Tx>(
    tx: &mut T,
    holder: &str,
    now: Timestamp,
    placed: &[Placed],
    frontier: &Frontier,
    checkpoint: &str,
) -> Result<(), StoreFault> {
    let held: Vec<(String,)> = tx
        .rows(T::DIALECT.sequencer, args![holder, asked(now)])
        .await?;
    let sizes: Vec<(i64,)> = tx.rows(T::DIALECT.size, args![]).await?;
    let size = sizes
        .first()
        .map_or_else(|| Err(strange("no head")), |(size,)| uncount(*size))?;
    if held.is_empty() || !follows(size, placed, frontier) {
        return Err(StoreFault::LeaseLost);
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
            return Err(StoreFault::LeaseLost);
        }
    }
    let sql = "INSERT INTO subtrees (level, idx, root) VALUES ($1, $2, $3)";
    for place in placed {
        for (level, root) in (1..).zip(&place.subtrees) {
            let index = place.index.checked_shr(8 * level).unwrap_or(0);
            let args = args![i64::from(level), count(index)?, root.0.as_slice()];
            tx.run(sql, args).await?;
        }
    }
    let edge = serde_json::to_string(frontier).map_err(|_| strange("a tree's edge"))?;
    let sql = "UPDATE head SET frontier = $1, checkpoint = $2, size = $3 WHERE one = 1";
    tx.run(
        sql,
        args![edge.as_str(), checkpoint, count(frontier.size())?],
    )
    .await?;
    Ok(())
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
    // The lease first: placing takes the two rows in this order.
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
