//! The outbox: intended effects, leased to workers, given back or done. Completion is part of a commit.

use exchange::effect::{Effect, LeasedEffect};
use exchange::ids::{EffectId, OperationId};
use exchange::ports::PortFault;
use jiff::Timestamp;
use serde_json::json;

use crate::commit::rows;
use crate::engine::{Tx, args};
use crate::number::{asked, stored, strange, uncount};

/// Leases what the holder may do now; the caller commits.
pub(crate) async fn lease<T: Tx>(
    tx: &mut T,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<LeasedEffect>, PortFault> {
    let args = args![holder, asked(now), i64::from(limit)];
    let found: Vec<(String, String, String, i64)> = tx.rows(T::DIALECT.leasable, args).await?;
    if !found.is_empty() {
        let ids = found.iter().map(|(id, ..)| json!([id])).collect();
        let ids = rows(ids);
        let args = args![ids.as_str(), holder, stored(until)];
        tx.run(T::DIALECT.lease_effects, args).await?;
    }
    let mut leased = Vec::with_capacity(found.len());
    for (id, op, effect, attempts) in found {
        leased.push(LeasedEffect {
            id: EffectId::parse(id).map_err(|_| strange("an effect's id"))?,
            op: OperationId::parse(op).map_err(|_| strange("an operation's id"))?,
            effect: read(&effect)?,
            attempts: u32::try_from(uncount(attempts)?).map_err(|_| strange("a count"))?,
        });
    }
    Ok(leased)
}

fn read(effect: &str) -> Result<Effect, PortFault> {
    serde_json::from_str(effect).map_err(|_| strange("an effect"))
}

/// Gives an effect back, unless it was done in between.
pub(crate) async fn retry(tx: &mut impl Tx, id: &EffectId, at: Timestamp) -> Result<(), PortFault> {
    let sql = "UPDATE outbox SET lease_holder = NULL, lease_until = NULL, retry_at = $2, \
               attempts = attempts + 1 WHERE effect_id = $1 AND state = 'open'";
    tx.run(sql, args![id.as_str(), stored(at)]).await?;
    Ok(())
}

/// Takes or renews a lease: one statement, so that two takers cannot both have it.
pub(crate) async fn take(
    tx: &mut impl Tx,
    name: &str,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, PortFault> {
    let sql = "INSERT INTO leases (name, holder, held_until) VALUES ($1, $2, $3) ON CONFLICT (name) \
               DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until \
               WHERE leases.holder = excluded.holder OR leases.held_until <= $4";
    Ok(tx
        .run(sql, args![name, holder, stored(until), asked(now)])
        .await?
        == 1)
}
