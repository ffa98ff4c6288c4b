//! What stays after a match was confirmed: the values of that row alone, under a key of their own, while a person says
//! that they are needed. Everything else of the file dies with the run.

use agreement::{DatasetId, Ends, Keep, MatchIs, Place, Plan};
use ledger::Fact;

use super::Done;
use super::Node;
use super::agreements::actor;
use super::outbound::datasets;
use crate::act::Act;
use crate::authority::{Action, Person, Warrant};
use crate::change::{Aggregate, Batch, Change, Record};
use crate::flag::Flag;
use crate::gate::Rows;
use crate::ids::{FlowId, HoldingId, OperationId, RunId};
use crate::leg::{Leg, Side, State};
use crate::matches::Match;
use crate::refusal::Refusal;
use crate::retention::{Holding, KeepRule, NEED_REVIEWED, Opening};
use crate::rows::{self, Row};
use crate::trouble::Trouble;

impl Node {
    /// Opens the holding of a confirmed row, where the agreement keeps confirmed rows longer than their file, and gives
    /// what is to be sealed into it.
    pub(super) fn keep_row(
        &self,
        leg: &Leg,
        plan: &Plan,
        rows: &Rows,
        n: u64,
    ) -> Result<Option<(Change<Holding>, Kept)>, Trouble> {
        let stays = |dataset: &DatasetId| confirmed(plan, self, dataset).is_some();
        let kept: Vec<&DatasetId> = rows.keys().filter(|d| stays(d)).collect();
        let Some(rule) = kept.first().and_then(|d| confirmed(plan, self, d)) else {
            return Ok(None);
        };
        let mut whole = Row::default();
        let mut from = Vec::new();
        let flow = plan.file(leg.flow());
        let flow = flow.as_ref().map(datasets).unwrap_or_default();
        for (dataset, holding) in flow.iter().zip(leg.holdings()) {
            let row = rows.get(dataset).and_then(|d| d.get(&n));
            let Some(row) = row.filter(|_| kept.contains(&dataset)) else {
                continue;
            };
            from.push(holding.clone());
            for (field, value) in row.values() {
                whole.set(field, value);
            }
        }
        let id = kept_id(leg, n)?;
        let started = Some(self.now());
        let opening = Opening {
            id: id.clone(),
            agreement: Some(leg.hash()),
            what: joined_names(kept),
            keeper: self.party().clone(),
            rows: 1,
            controller: self.party().to_string(),
            rule,
            owed_to: (leg.side() == Side::Receiver).then(|| leg.peer().clone()),
            started,
        };
        let opened = Holding::open(opening, &crate::authority::Actor::Node)?;
        let kept = Kept { id, n, whole, from };
        Ok(Some((opened, kept)))
    }

    /// Makes the keys of confirmed rows, and puts the values of each row under its own.
    pub(super) async fn seal_kept(
        &self,
        op: &OperationId,
        kept: &[Kept],
        mut batch: Batch,
    ) -> Result<Batch, Trouble> {
        let vault = &*self.ports.vault;
        let ids: Vec<HoldingId> = kept.iter().map(|k| k.id.clone()).collect();
        vault.create_many(&ids, op).await?;
        for Kept { id, n, whole, .. } in kept {
            let one = std::iter::once((*n, whole));
            batch = rows::seal(vault, op, id, one, batch).await?;
        }
        Ok(batch)
    }

    /// What a confirmed row tells becomes part of this party's permanent record: its values are kept under a key of their
    /// own, by this party's own schedule and as the controller that the decision names (RET-07). Gives the match that
    /// knows them there.
    #[expect(
        clippy::too_many_arguments,
        reason = "one decision of one agreement moves one row, in one batch"
    )]
    pub(super) async fn promote(
        &self,
        op: &OperationId,
        plan: &Plan,
        decision: &agreement::Decision,
        moved: &[DatasetId],
        of: (&RunId, &FlowId, u64),
        by: &Warrant,
        mut batch: Batch,
    ) -> Result<(Match, Batch), Trouble> {
        let Some(schedule) = self.settings.permanent else {
            let what = format!(
                "{} has no schedule for its permanent record here",
                self.party()
            );
            let help = "set `permanent` in the node's configuration";
            return Err(Refusal::new("RET-07", what).help(help).into());
        };
        let leg: Leg = self.need(&Leg::key_of(of.0, of.1)).await?;
        let found: Match = self.need(&Match::key_of(of.0, of.1, of.2)).await?;
        let flow = plan.file(leg.flow());
        let columns = flow.iter().flat_map(|f| &f.columns);
        let order = flow.as_ref().map(datasets).unwrap_or_default();
        let mut rows = Rows::new();
        for (dataset, id) in order.iter().zip(leg.holdings()) {
            if !moved.contains(dataset) {
                continue;
            }
            let holding: Holding = self.need(id.as_str()).await?;
            let open = holding.due().is_none_or(|due| self.now() < due);
            if !holding.is_alive() || !open {
                let what = format!("the time in which {} could be promoted is over", leg.run());
                let help = "what is destroyed does not come back; ask again in another run";
                return Err(Refusal::new("RET-07", what).help(help).into());
            }
            let item = rows::item_name(of.2);
            let row = rows::open_one(&*self.ports.store, &*self.ports.vault, id, &item).await?;
            rows.insert(
                dataset.clone(),
                row.into_iter().map(|r| (of.2, r)).collect(),
            );
            batch = batch.and(holding.kept_apart(1, &by.actor())?)?;
        }
        let mut whole = Row::default();
        // What was told stands before what was echoed, where both have the name of a field.
        let (echoed, told): (Vec<_>, Vec<_>) = columns.partition(|c| !c.origins.contains(&c.field));
        for column in echoed.into_iter().chain(told) {
            let row = rows.get(&column.field.dataset).and_then(|d| d.get(&of.2));
            let value = row.map_or("", |r| r.get(column.field.field.as_str()));
            if !value.is_empty() {
                whole.set(column.field.field.as_str(), value);
            }
        }
        let id = kept_id(&leg, of.2)?;
        let controller = decision.makes_controller.as_ref().unwrap_or(self.party());
        let opening = Opening {
            id: id.clone(),
            agreement: Some(leg.hash()),
            what: joined_names(moved),
            keeper: self.party().clone(),
            rows: 1,
            controller: controller.to_string(),
            rule: KeepRule {
                event: "promoted".into(),
                after: Some(schedule),
                authority: decision.cite.clone().unwrap_or_default(),
            },
            owed_to: None,
            started: Some(self.now()),
        };
        self.ports.vault.create(&id, op).await?;
        let on = crate::deadline::london_day(self.now())?;
        let record = Record::new(Act::RecordPromoted, &by.actor())
            .under(leg.hash())
            .rule("RET-07")
            .id("run", of.0)
            .id("flow", of.1)
            .count("row", of.2)
            .id("controller", controller)
            .fact("on", Fact::Date(on));
        let batch = batch
            .and(Holding::open(opening, &by.actor())?)?
            .note(record);
        let one = std::iter::once((of.2, &whole));
        let batch = rows::seal(&*self.ports.vault, op, &id, one, batch).await?;
        Ok((found.kept_in(&id), batch))
    }

    /// A person says that kept values are still needed, and why: they are looked at again after the same time (RET-04).
    ///
    /// # Errors
    /// [`Trouble`]: refused once the date has come.
    pub async fn still_needed(
        &self,
        op: &OperationId,
        holding: &HoldingId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.still_needed_each(op, std::slice::from_ref(holding), reason, who)
            .await
    }

    /// As [`Node::still_needed`], for several sets of kept values: all of them or none.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn still_needed_each(
        &self,
        op: &OperationId,
        holdings: &[HoldingId],
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ReviewNeed)?.actor();
            let mut batch = Batch::new(op.clone(), "holding.needed");
            for holding in holdings {
                let kept: Holding = self.need(holding.as_str()).await?;
                batch = batch.and(kept.needed(reason, self.now(), &by)?)?;
            }
            self.commit(batch).await
        })
        .await
    }

    /// A person has values destroyed before their rule asks for it, and says why; the worker then does it.
    ///
    /// # Errors
    /// [`Trouble`]: refused for a file that is still to be sent (give it up instead), and while the case register shows
    /// a flag because of these values (lift it first).
    pub async fn destroy_early(
        &self,
        op: &OperationId,
        holding: &HoldingId,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::DestroyEarly)?.actor();
            let kept: Holding = self.need(holding.as_str()).await?;
            if let Some(leg) = self.leg_of(holding).await?
                && leg.holdings().contains(holding)
                && leg.side() == Side::Sender
                && !matches!(leg.state(), State::Sent | State::Accepted | State::Closed)
            {
                return Err(Refusal::new(
                    "RET-01",
                    format!("{} of {} is still to be sent", leg.flow(), leg.run()),
                )
                .help("give the file up: its values die with it")
                .into());
            }
            let run = holding.as_str().split('/').next().unwrap_or_default();
            for flag in self.under::<Flag>(&format!("{run}/")).await? {
                let basis: Option<Match> = self.find(flag.basis()).await?;
                if flag.status() != "lifted" && basis.is_some_and(|m| m.holding() == holding) {
                    return Err(Refusal::new(
                        "RET-01",
                        format!("the flag {} rests on these values", flag.key()),
                    )
                    .help("lift the flag first")
                    .into());
                }
            }
            let change = kept.give_up(reason, self.now(), &by)?;
            self.commit(Batch::new(op.clone(), "holding.give-up").and(change)?)
                .await
        })
        .await
    }

    /// Why a holding's values cannot be used any more, as a refusal.
    pub(super) fn gone(holding: &HoldingId) -> Refusal {
        Refusal::new(
            "RET-12",
            format!("the values of {holding} are destroyed, or were never here"),
        )
    }
}

/// The id of the holding of one row that is kept apart from its file.
fn kept_id(leg: &Leg, n: u64) -> Result<HoldingId, Trouble> {
    let (run, flow, file) = (leg.run(), leg.flow(), leg.file());
    Ok(HoldingId::parse(format!(
        "{run}/{flow}.{file}/kept/{n:06}"
    ))?)
}

/// The names of datasets whose values are kept together, as one name.
fn joined_names<'a>(datasets: impl IntoIterator<Item = &'a DatasetId>) -> String {
    let names: Vec<&str> = datasets.into_iter().map(|d| d.as_str()).collect();
    names.join(".")
}

/// A confirmed row that is kept apart from its file.
pub(super) struct Kept {
    /// Its holding.
    pub(super) id: HoldingId,
    n: u64,
    whole: Row,
    /// The holdings of the file that had its values.
    pub(super) from: Vec<HoldingId>,
}

/// The rule by which a party keeps the confirmed rows of a dataset while they are needed.
fn confirmed(plan: &Plan, node: &Node, dataset: &DatasetId) -> Option<KeepRule> {
    let rule = plan
        .keep_rules(dataset, node.party())
        .find(|r| r.rows == Some(MatchIs::Confirmed) && r.place != Place::Staging)?;
    let Ends::NeedReviewed { every } = rule.ends else {
        return None;
    };
    Some(KeepRule {
        event: NEED_REVIEWED.into(),
        after: Some(every),
        authority: authority(rule),
    })
}

/// The clause or reading that a keep rule rests on.
pub(super) fn authority(rule: &Keep) -> String {
    rule.cite
        .clone()
        .or_else(|| rule.reading.as_ref().map(ToString::to_string))
        .unwrap_or_default()
}
