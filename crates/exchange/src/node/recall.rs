//! Undoing: a match that proves wrong is undone everywhere it went (S-04, FLAG-08). Its flags are lifted, its findings
//! withdrawn, its values die, and every party that was sent something because of it is told by a recall, which does
//! the same there.

use std::collections::BTreeMap;

use super::{Done, Node};
use crate::authority::Actor;
use crate::change::{Aggregate, Batch};
use crate::decision::Decision;
use crate::effect::Effect;
use crate::finding::Finding;
use crate::flag::Flag;
use crate::leg::{Leg, State};
use crate::matches::{Match, Standing};
use crate::message::{Head, Kind, Letter, Manifest};
use crate::refusal::Refusal;
use crate::retention::Holding;
use crate::trouble::Trouble;

/// The rows of files that must be recalled or made anew, gathered over one operation.
#[derive(Default)]
pub(super) struct Undone {
    /// By the leg's key: the leg and the places of the rows in its file.
    rows: BTreeMap<String, (Leg, Vec<u64>)>,
}

impl Node {
    /// A match is refuted, with all that follows here; what must be recalled elsewhere is gathered in `undone`.
    pub(super) async fn refuted(
        &self,
        found: Match,
        reason: &str,
        by: &Actor,
        leg: &Leg,
        undone: &mut Undone,
        mut batch: Batch,
    ) -> Result<Batch, Trouble> {
        let was = found.standing();
        let key = found.key();
        let row = found.row();
        let holding = found.holding().clone();
        let trace = self.no_hit_after_all(&found, leg.agreement()).await?;
        if was == Standing::Confirmed {
            let prefix = format!("{key}/");
            for flag in self.under::<Flag>(&prefix).await? {
                if !flag.is_going() {
                    batch = batch.and(flag.lift(reason, self.now(), by)?)?;
                }
            }
            for finding in self.under::<Finding>(&prefix).await? {
                if let Ok(change) = finding.withdraw(by) {
                    batch = batch.and(change)?;
                }
            }
            batch = self.reopen_decisions(leg, row, by, batch).await?;
            // The values that only this match kept die now.
            batch = self.discard_kept(&holding, by, batch).await?;
            self.gather(leg, row, undone).await?;
        }
        let mut change = found.refute(reason, by)?;
        if let Some(trace) = trace {
            change = change.along(&trace);
        }
        Ok(batch.and(change)?)
    }

    /// The decisions that rest on a row must be looked at again.
    async fn reopen_decisions(
        &self,
        leg: &Leg,
        row: u64,
        by: &Actor,
        mut batch: Batch,
    ) -> Result<Batch, Trouble> {
        let about = format!("{}/{}/{row:06}", leg.run(), leg.flow());
        for decision in self.all::<Decision>().await? {
            if decision.about() == about && (decision.stands() || decision.waits()) {
                batch = batch.and(decision.reopen(by)?)?;
            }
        }
        Ok(batch)
    }

    /// The values that were kept for one confirmed row alone die.
    async fn discard_kept(
        &self,
        holding: &crate::ids::HoldingId,
        by: &Actor,
        batch: Batch,
    ) -> Result<Batch, Trouble> {
        if !holding.as_str().contains("/kept/") {
            return Ok(batch);
        }
        let kept: Holding = self.need(holding.as_str()).await?;
        if !kept.is_alive() {
            return Ok(batch);
        }
        Ok(batch.and(kept.discard(self.now(), by)?)?)
    }

    /// The files that left, or are being made, with a row that rests on this one.
    async fn gather(&self, leg: &Leg, row: u64, undone: &mut Undone) -> Result<(), Trouble> {
        let prefix = format!("{}/", leg.run());
        for sent in self.under::<Leg>(&prefix).await? {
            if !sent.has_left() && !sent.is_being_made() {
                continue;
            }
            let (_, _, flow) = self.flow(sent.agreement(), sent.flow()).await?;
            let rests = self
                .base_leg(sent.run(), &flow)
                .await?
                .is_some_and(|base| base.flow() == leg.flow());
            let Some(place) = sent.place_of(row).filter(|_| rests) else {
                continue;
            };
            let entry = undone
                .rows
                .entry(sent.key())
                .or_insert_with(|| (sent, Vec::new()));
            entry.1.push(place);
        }
        Ok(())
    }

    /// Seals the recalls that were gathered and intends to send them; what is not sealed yet is prepared again.
    pub(super) async fn recall_all(
        &self,
        undone: Undone,
        by: &Actor,
        mut batch: Batch,
    ) -> Result<Batch, Trouble> {
        for (_, (leg, mut places)) in undone.rows {
            places.sort_unstable();
            places.dedup();
            if leg.is_being_made() {
                batch = batch.and(leg.prepare_again(places.len() as u64, by)?)?;
                continue;
            }
            Kind::Recall.sent_from(&leg)?;
            if self.is_by_hand(leg.peer()) {
                // There is no node to write to: a person tells it.
                batch = batch.and(leg.recall(&places, by)?)?;
                continue;
            }
            let number = leg.recalls() + 1;
            let manifest = self.manifest(&leg, Kind::Recall, number, leg.package().cloned())?;
            let head = Head::Recall {
                rows: places.clone(),
            };
            let letter = Letter {
                head,
                file: Vec::new(),
            };
            let to = self.card_of(leg.peer()).await?;
            let bytes = self.ports.sealer.seal(&manifest, &letter, &to)?;
            let effect = Effect::Publish {
                package: manifest.id.clone(),
                to: leg.peer().clone(),
                route: leg.route().clone(),
            };
            batch = batch
                .package(&manifest.id, bytes)
                .and(leg.recall(&places, by)?.effect(effect))?;
        }
        Ok(batch)
    }

    /// A recall came in: what this node knows from those rows is undone here, and from here onward.
    pub(super) async fn take_recall(
        &self,
        manifest: &Manifest,
        leg: Leg,
        places: &[u64],
        batch: Batch,
    ) -> Result<Done, Trouble> {
        if leg.state() == State::Rejected {
            return self.commit(batch.and(leg.recalled(&[]))?).await; // Nothing of it was used.
        }
        let by = Actor::Partner(manifest.from.clone());
        let mut rows = Vec::new();
        for place in places {
            let number = leg.number_at(*place).ok_or_else(|| {
                Refusal::new(
                    "RUN-11",
                    "the recall names a row that the file did not have",
                )
            })?;
            rows.push(number);
        }
        let mut undone = Undone::default();
        let mut batch = batch;
        for row in rows.iter().copied() {
            let key = Match::key_of(leg.run(), leg.flow(), row);
            match self.find::<Match>(&key).await? {
                Some(found)
                    if found.standing().is_open() || found.standing() == Standing::Confirmed =>
                {
                    batch = self
                        .refuted(
                            found,
                            "recalled by the partner",
                            &by,
                            &leg,
                            &mut undone,
                            batch,
                        )
                        .await?;
                }
                // Decided against already, or nothing was matched: what was decided by the row is open again.
                Some(_) | None => {
                    batch = self.reopen_decisions(&leg, row, &by, batch).await?;
                }
            }
        }
        let batch = self.recall_all(undone, &by, batch).await?;
        let change = leg.recalled(&rows);
        self.commit(batch.and(change)?).await
    }
}
