//! The port `Store` over either database. Reads are one statement each; every write is one transaction.

use std::collections::BTreeMap;

use async_trait::async_trait;
use exchange::change::Commit;
use exchange::effect::LeasedEffect;
use exchange::ids::{EffectId, HoldingId, OperationId, PackageId, SubjectId};
use exchange::ports::{
    Committed, Due, Head, Pending, Placing, PortFault, Sealed, Sequenced, Store, StoreFault, Stored,
};
use jiff::Timestamp;
use ledger::Digest;

use crate::engine::{Engine, Lasting, Tx, args};
use crate::number::{asked, count, instant, strange, uncount};
use crate::{commit, outbox, sequencer};

/// A store on one database; see `SqliteStore` and `PostgresStore`.
pub struct SqlStore<E> {
    engine: E,
}

impl<E> SqlStore<E> {
    pub(crate) fn over(engine: E) -> Self {
        Self { engine }
    }
}

fn aggregate((version, status, body): (i64, String, String)) -> Result<Stored, PortFault> {
    let body = serde_json::from_str(&body).map_err(|_| strange("a state"))?;
    Ok(Stored {
        version: uncount(version)?,
        status,
        body,
    })
}

fn aggregates(
    rows: Vec<(String, i64, String, String)>,
) -> Result<Vec<(String, Stored)>, StoreFault> {
    rows.into_iter()
        .map(|(id, version, status, body)| Ok((id, aggregate((version, status, body))?)))
        .collect()
}

/// Ids are ASCII: `~` and whatever comes before it sorts before this end of those that begin so.
fn end(prefix: &str) -> String {
    format!("{prefix}\u{7f}")
}

#[async_trait]
impl<E: Engine> Store for SqlStore<E> {
    async fn load(&self, kind: &str, id: &str) -> Result<Option<Stored>, StoreFault> {
        let sql = "SELECT version, status, body FROM aggregates WHERE kind = $1 AND id = $2";
        let rows = self.engine.rows(sql, args![kind, id]).await?;
        Ok(rows.into_iter().next().map(aggregate).transpose()?)
    }

    async fn load_many(
        &self,
        kind: &str,
        ids: &[String],
    ) -> Result<Vec<(String, Stored)>, StoreFault> {
        let mut all = Vec::with_capacity(ids.len());
        for part in ids.chunks(commit::ROWS) {
            let keys = commit::rows(part.iter().map(|id| serde_json::json!([id])).collect());
            let sql = E::Tx::DIALECT.load_many;
            let found: Vec<(String, i64, String, String)> =
                self.engine.rows(sql, args![keys.as_str(), kind]).await?;
            for (id, version, status, body) in found {
                all.push((id, aggregate((version, status, body))?));
            }
        }
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all.dedup_by(|(a, _), (b, _)| a == b);
        Ok(all)
    }

    async fn versions(&self, kind: &str) -> Result<BTreeMap<String, u64>, StoreFault> {
        let sql = "SELECT id, version FROM aggregates WHERE kind = $1";
        let rows: Vec<(String, i64)> = self.engine.rows(sql, args![kind]).await?;
        let versions = rows.into_iter().map(|(id, n)| Ok((id, uncount(n)?)));
        Ok(versions.collect::<Result<_, PortFault>>()?)
    }

    async fn list(&self, kind: &str, prefix: &str) -> Result<Vec<(String, Stored)>, StoreFault> {
        let sql = "SELECT id, version, status, body FROM aggregates \
                   WHERE kind = $1 AND id >= $2 AND id < $3 ORDER BY id";
        let end = end(prefix);
        let args = args![kind, prefix, end.as_str()];
        aggregates(self.engine.rows(sql, args).await?)
    }

    async fn list_after(
        &self,
        kind: &str,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Stored)>, StoreFault> {
        // One lower bound: of two, a database may search by the one and walk to the other.
        let (from, sql) = if after < prefix {
            let sql = "SELECT id, version, status, body FROM aggregates \
                       WHERE kind = $1 AND id >= $2 AND id < $3 ORDER BY id LIMIT $4";
            (prefix, sql)
        } else {
            let sql = "SELECT id, version, status, body FROM aggregates \
                       WHERE kind = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4";
            (after, sql)
        };
        let (end, limit) = (end(prefix), i64::from(limit));
        let args = args![kind, from, end.as_str(), limit];
        aggregates(self.engine.rows(sql, args).await?)
    }

    async fn in_state(
        &self,
        kind: &str,
        status: &str,
    ) -> Result<Vec<(String, Stored)>, StoreFault> {
        let sql = "SELECT id, version, status, body FROM aggregates \
                   WHERE kind = $1 AND status = $2 ORDER BY id";
        aggregates(self.engine.rows(sql, args![kind, status]).await?)
    }

    async fn about(
        &self,
        kind: &str,
        subject: &SubjectId,
    ) -> Result<Vec<(String, Stored)>, StoreFault> {
        let sql = "SELECT id, version, status, body FROM aggregates \
                   WHERE kind = $1 AND subject = $2 ORDER BY id";
        let args = args![kind, subject.as_str()];
        aggregates(self.engine.rows(sql, args).await?)
    }

    async fn due(&self, by: Timestamp, limit: u32) -> Result<Vec<Due>, StoreFault> {
        let sql = "SELECT kind, id, due_at FROM aggregates WHERE due_at <= $1 \
                   ORDER BY due_at, kind, id LIMIT $2";
        let rows: Vec<(String, String, i64)> = self
            .engine
            .rows(sql, args![asked(by), i64::from(limit)])
            .await?;
        rows.into_iter()
            .map(|(kind, id, at)| {
                Ok(Due {
                    kind,
                    id,
                    at: instant(at)?,
                })
            })
            .collect()
    }

    async fn done(&self, op: &OperationId) -> Result<bool, StoreFault> {
        let sql = "SELECT op_id FROM operations WHERE op_id = $1";
        let rows: Vec<(String,)> = self.engine.rows(sql, args![op.as_str()]).await?;
        Ok(!rows.is_empty())
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, StoreFault> {
        let mut tx = self.engine.begin(Lasting::Durable).await?;
        let committed = commit::commit(&mut tx, &[commit]).await?;
        if !committed.contains(&Committed::Now) {
            return Ok(Committed::Already);
        }
        tx.commit().await?;
        Ok(Committed::Now)
    }

    async fn item(&self, holding: &HoldingId, name: &str) -> Result<Option<Sealed>, StoreFault> {
        let sql = "SELECT ciphertext FROM items WHERE holding = $1 AND name = $2";
        let rows: Vec<(Vec<u8>,)> = self.engine.rows(sql, args![holding.as_str(), name]).await?;
        Ok(rows.into_iter().next().map(|(bytes,)| Sealed(bytes)))
    }

    async fn items(
        &self,
        holding: &HoldingId,
        prefix: &str,
    ) -> Result<Vec<(String, Sealed)>, StoreFault> {
        let sql = "SELECT name, ciphertext FROM items WHERE holding = $1 AND name >= $2 \
                   AND substr(name, 1, length($2)) = $2 ORDER BY name";
        let rows: Vec<(String, Vec<u8>)> = self
            .engine
            .rows(sql, args![holding.as_str(), prefix])
            .await?;
        Ok(rows
            .into_iter()
            .map(|(name, bytes)| (name, Sealed(bytes)))
            .collect())
    }

    async fn items_between(
        &self,
        holding: &HoldingId,
        first: &str,
        last: &str,
    ) -> Result<Vec<(String, Sealed)>, StoreFault> {
        let sql = "SELECT name, ciphertext FROM items WHERE holding = $1 AND name >= $2 \
                   AND name <= $3 AND length(name) = length($2) ORDER BY name";
        let rows: Vec<(String, Vec<u8>)> = self
            .engine
            .rows(sql, args![holding.as_str(), first, last])
            .await?;
        Ok(rows
            .into_iter()
            .map(|(name, bytes)| (name, Sealed(bytes)))
            .collect())
    }

    async fn package(&self, id: &PackageId, part: u32) -> Result<Option<Vec<u8>>, StoreFault> {
        let sql = "SELECT bytes FROM packages WHERE id = $1 AND $2 = 0 AND bytes IS NOT NULL \
                   UNION ALL SELECT bytes FROM package_parts WHERE id = $1 AND part = $2";
        let rows: Vec<(Vec<u8>,)> = self
            .engine
            .rows(sql, args![id.as_str(), i64::from(part)])
            .await?;
        Ok(rows.into_iter().next().map(|(bytes,)| bytes))
    }

    async fn lease_effects(
        &self,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<LeasedEffect>, StoreFault> {
        let mut tx = self.engine.begin(Lasting::Passing).await?;
        let leased = outbox::lease(&mut tx, holder, now, until, limit).await?;
        tx.commit().await?;
        Ok(leased)
    }

    async fn retry_effect(&self, id: &EffectId, retry_at: Timestamp) -> Result<(), StoreFault> {
        let mut tx = self.engine.begin(Lasting::Durable).await?;
        outbox::retry(&mut tx, id, retry_at).await?;
        Ok(tx.commit().await?)
    }

    async fn open_effects(&self) -> Result<u64, StoreFault> {
        let sql = "SELECT count(*) FROM outbox WHERE state = 'open'";
        let rows: Vec<(i64,)> = self.engine.rows(sql, args![]).await?;
        Ok(rows.first().map_or(Ok(0), |(open,)| uncount(*open))?)
    }

    async fn open_since(&self) -> Result<Option<Timestamp>, StoreFault> {
        let sql = "SELECT operations.at FROM outbox JOIN operations ON operations.op_id = outbox.op_id \
                   WHERE outbox.state = 'open' ORDER BY operations.at LIMIT 1";
        let rows: Vec<(i64,)> = self.engine.rows(sql, args![]).await?;
        Ok(rows.first().map(|(at,)| instant(*at)).transpose()?)
    }

    async fn effect_open(&self, op: &OperationId) -> Result<bool, StoreFault> {
        let sql = "SELECT effect_id FROM outbox WHERE op_id = $1 AND state = 'open' LIMIT 1";
        let rows: Vec<(String,)> = self.engine.rows(sql, args![op.as_str()]).await?;
        Ok(!rows.is_empty())
    }

    async fn lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreFault> {
        let mut tx = self.engine.begin(Lasting::Passing).await?;
        let taken = outbox::take(&mut tx, name, holder, now, until).await?;
        tx.commit().await?;
        Ok(taken)
    }

    async fn pending(&self, limit: u32) -> Result<Vec<Pending>, StoreFault> {
        let args = args![i64::from(limit)];
        let rows = self.engine.rows(sequencer::PENDING, args).await?;
        Ok(sequencer::pending(rows))
    }

    async fn head(&self) -> Result<Head, StoreFault> {
        let sql = "SELECT frontier, checkpoint, published FROM head WHERE one = 1";
        Ok(sequencer::head(self.engine.rows(sql, args![]).await?)?)
    }

    async fn sequence(
        &self,
        commits: &[&Commit],
        limit: u32,
        placing: Placing<'_>,
    ) -> Result<Sequenced, StoreFault> {
        let mut tx = self.engine.begin(Lasting::Durable).await?;
        let committed = commit::commit(&mut tx, commits).await?;
        let placed = sequencer::place(&mut tx, limit, placing).await?;
        tx.commit().await?;
        Ok(Sequenced { committed, placed })
    }

    async fn published(&self, holder: &str, size: u64) -> Result<(), StoreFault> {
        let mut tx = self.engine.begin(Lasting::Passing).await?;
        sequencer::published(&mut tx, holder, size).await?;
        Ok(tx.commit().await?)
    }

    async fn leaves(&self, from: u64, to: u64) -> Result<Vec<(Vec<u8>, Digest)>, StoreFault> {
        let sql = "SELECT bytes, leaf FROM entries WHERE idx >= $1 AND idx < $2 ORDER BY idx";
        let rows = self
            .engine
            .rows(sql, args![count(from)?, count(to)?])
            .await?;
        Ok(sequencer::leaves(rows)?)
    }

    async fn subtrees(&self, level: u32, from: u64, to: u64) -> Result<Vec<Digest>, StoreFault> {
        let sql =
            "SELECT root FROM subtrees WHERE level = $1 AND idx >= $2 AND idx < $3 ORDER BY idx";
        let args = args![i64::from(level), count(from)?, count(to)?];
        Ok(sequencer::roots(self.engine.rows(sql, args).await?)?)
    }

    async fn found_by(&self, name: &str) -> Result<Vec<(u64, Vec<u8>)>, StoreFault> {
        let sql =
            "SELECT idx, bytes FROM entries WHERE found_by = $1 AND idx IS NOT NULL ORDER BY idx";
        let rows: Vec<(i64, Vec<u8>)> = self.engine.rows(sql, args![name]).await?;
        let found = rows
            .into_iter()
            .map(|(index, bytes)| Ok((uncount(index)?, bytes)));
        Ok(found.collect::<Result<_, PortFault>>()?)
    }
}
