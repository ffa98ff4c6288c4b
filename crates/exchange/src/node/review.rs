//! A person's word: matches confirmed and refuted, with all that follows; what they tell looked at; flags set.

use std::collections::BTreeMap;

use agreement::{Column, Flow, Plan, Why, split};

use super::agreements::actor;
use super::keep::Kept;
use super::recall::Undone;
use super::{Done, Node};
use crate::authority::{Action, Person, Warrant};
use crate::change::{Aggregate, Batch};
use crate::compose::{contact, same_contact};
use crate::finding::{Finding, Kind};
use crate::flag::Flag;
use crate::gate::Rows;
use crate::ids::{FlowId, HoldingId, OperationId, RunId};
use crate::leg::Leg;
use crate::matches::{Match, Standing, unconfirmed};
use crate::refusal::Refusal;
use crate::retention::Holding;
use crate::rows::Row;
use crate::trouble::Trouble;

/// What a person says of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the same person.
    Confirm,
    /// It is not, or nobody can tell.
    Refute,
}

/// A person's word about one row.
#[derive(Clone, Debug)]
pub struct Word {
    /// The row.
    pub row: u64,
    /// What is said.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
}

impl Node {
    /// A person confirms the match of a row, with a reason.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn confirm(
        &self,
        op: &OperationId,
        of: (&RunId, &FlowId, u64),
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        let word = Word {
            row: of.2,
            verdict: Verdict::Confirm,
            reason: reason.to_owned(),
        };
        self.review(op, (of.0, of.1), &[word], who).await
    }

    /// A person refutes the match of a row, with a reason. One that was confirmed is undone everywhere it went (S-04).
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn refute(
        &self,
        op: &OperationId,
        of: (&RunId, &FlowId, u64),
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        let word = Word {
            row: of.2,
            verdict: Verdict::Refute,
            reason: reason.to_owned(),
        };
        self.review(op, (of.0, of.1), &[word], who).await
    }

    /// A person's words about several rows of one file, all of them or none.
    ///
    /// # Errors
    /// [`Trouble`]: one word that is refused refuses all.
    pub async fn review(
        &self,
        op: &OperationId,
        of: (&RunId, &FlowId),
        words: &[Word],
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ReviewMatch)?;
            let leg: Leg = self.need(&Leg::key_of(of.0, of.1)).await?;
            let (_, plan, flow) = self.flow(leg.agreement(), leg.flow()).await?;
            let mut seen = std::collections::BTreeSet::new();
            let mut batch = Batch::new(op.clone(), "match.review");
            let mut undone = Undone::default();
            let mut told = self.told_rows(&leg, &flow, words).await?;
            let keys: Vec<String> = words
                .iter()
                .map(|w| Match::key_of(of.0, of.1, w.row))
                .collect();
            let mut matches = self.find_many::<Match>(&keys).await?;
            for word in words {
                if !seen.insert(word.row) {
                    return Err(Refusal::new(
                        "MATCH-06",
                        format!("row {} is decided twice at once", word.row),
                    )
                    .into());
                }
                let key = Match::key_of(of.0, of.1, word.row);
                let found = matches.remove(&key).ok_or_else(|| missing(&key))?;
                batch = match word.verdict {
                    Verdict::Confirm => {
                        self.confirmed(found, word, &leg, &plan, &flow, &mut told, &by, batch)?
                    }
                    Verdict::Refute => {
                        self.refuted(found, &word.reason, &by.actor(), &leg, &mut undone, batch)
                            .await?
                    }
                };
            }
            batch = self.seal_kept(op, &told.kept, batch).await?;
            for (holding, rows) in told.apart {
                let holding: Holding = self.need(holding.as_str()).await?;
                batch = batch.and(holding.kept_apart(rows, &by.actor())?)?;
            }
            let batch = self.recall_all(undone, &by.actor(), batch).await?;
            self.commit(batch).await
        })
        .await
    }

    /// The rows of the file and those it answers, where a confirmation needs them.
    async fn told_rows(&self, leg: &Leg, flow: &Flow, words: &[Word]) -> Result<ToldRows, Trouble> {
        let confirms = words.iter().any(|w| w.verdict == Verdict::Confirm);
        if self.ports.register.is_none() || !confirms {
            return Ok(ToldRows::default());
        }
        let rows = self.rows_of(leg, flow).await?;
        let asked = match self.sent_leg(leg.run(), flow).await? {
            Some(asked) => {
                let (_, _, flow) = self.flow(asked.agreement(), asked.flow()).await?;
                let rows = self.rows_of(&asked, &flow).await?;
                Some((flow, rows))
            }
            None => None,
        };
        Ok(ToldRows {
            rows,
            asked,
            ..ToldRows::default()
        })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a confirmation is of one row of one file, under one agreement"
    )]
    fn confirmed(
        &self,
        found: Match,
        word: &Word,
        leg: &Leg,
        plan: &Plan,
        flow: &Flow,
        told: &mut ToldRows,
        by: &Warrant,
        batch: Batch,
    ) -> Result<Batch, Trouble> {
        let mut change = found.confirm(&word.reason, by)?;
        let mut batch = batch;
        if self.ports.register.is_some() {
            if let Some((opened, kept)) = self.keep_row(leg, plan, &told.rows, word.row)? {
                change = change.map(|m| m.kept_in(&kept.id));
                batch = batch.and(opened)?;
                for holding in &kept.from {
                    *told.apart.entry(holding.clone()).or_default() += 1;
                }
                told.kept.push(kept);
            }
            for (kind, field) in told.findings(plan, flow, word.row) {
                let basis = change.state().key();
                let finding = Finding::made(&basis, leg.hash(), kind, field, &by.actor());
                batch = batch.and(finding)?;
            }
        }
        Ok(batch.and(change)?)
    }

    /// A person says whether what a confirmed match tells is so (MATCH-08).
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn verify(
        &self,
        op: &OperationId,
        finding: &str,
        is_so: bool,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        let word = (finding.to_owned(), is_so, reason.to_owned());
        self.verify_each(op, &[word], who).await
    }

    /// As [`Node::verify`], for several findings: each with whether it is so, and why. All of them or none.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn verify_each(
        &self,
        op: &OperationId,
        words: &[(String, bool, String)],
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::Verify)?;
            let mut batch = Batch::new(op.clone(), "finding.decide");
            for (finding, is_so, reason) in words {
                let finding: Finding = self.need(finding).await?;
                let basis: Option<Match> = self.find(finding.basis()).await?;
                let confirmed = basis.is_some_and(|m| m.standing() == Standing::Confirmed);
                if !confirmed && finding.kind() != Kind::Death {
                    return Err(unconfirmed("the match that tells this is not confirmed").into());
                }
                batch = batch.and(finding.decide(*is_so, reason, &by)?)?;
            }
            self.commit(batch).await
        })
        .await
    }

    /// A person sets a flag on the person of a confirmed match; the case register will show it.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn set_flag(
        &self,
        op: &OperationId,
        of: (&RunId, &FlowId, u64),
        name: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.set_flags(op, (of.0, of.1), &[of.2], name, who).await
    }

    /// As [`Node::set_flag`], for several rows of one file: all of them or none.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn set_flags(
        &self,
        op: &OperationId,
        of: (&RunId, &FlowId),
        rows: &[u64],
        name: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ReviewMatch)?;
            let mut batch = Batch::new(op.clone(), "flag.set");
            let keys: Vec<String> = rows
                .iter()
                .map(|row| Match::key_of(of.0, of.1, *row))
                .collect();
            let matches = self.find_many::<Match>(&keys).await?;
            for key in &keys {
                let found = matches.get(key).ok_or_else(|| missing(key))?;
                batch = batch.and(Flag::set(name, found, self.now(), &by)?)?;
            }
            self.commit(batch).await
        })
        .await
    }

    /// A person says how what was begun because of a flag ended: it is not followed any more (FLAG-07).
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn conclude_flag(
        &self,
        op: &OperationId,
        flag: &str,
        how: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ReviewMatch)?;
            let flag: Flag = self.need(flag).await?;
            let change = flag.conclude(how, self.now(), &by)?;
            self.commit(Batch::new(op.clone(), "flag.conclude").and(change)?)
                .await
        })
        .await
    }

    /// A person takes a flag away, with a reason: the status changed (FLAG-08).
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn lift_flag(
        &self,
        op: &OperationId,
        flag: &str,
        reason: &str,
        who: &Person,
    ) -> Result<Done, Trouble> {
        self.recorded(op, &actor(who), async {
            let by = who.may(Action::ReviewMatch)?.actor();
            let flag: Flag = self.need(flag).await?;
            let change = flag.lift(reason, self.now(), &by)?;
            self.commit(Batch::new(op.clone(), "flag.lift").and(change)?)
                .await
        })
        .await
    }
}

fn missing(key: &str) -> Refusal {
    Refusal::new("RUN-04", format!("there is no match {key} here"))
}

/// The rows of an answer, and of what it answers.
#[derive(Default)]
struct ToldRows {
    rows: Rows,
    asked: Option<(Flow, Rows)>,
    /// How many of them are kept apart, by the holding that they were in.
    apart: BTreeMap<HoldingId, u64>,
    /// The rows that are.
    kept: Vec<Kept>,
}

impl ToldRows {
    /// What a confirmed row tells: each contact detail that was not known, or else a lead; another person's details.
    /// A death was told when the file was loaded.
    fn findings(&self, plan: &Plan, flow: &Flow, n: u64) -> Vec<(Kind, Option<String>)> {
        let mut findings = Vec::new();
        let mut third = Vec::new();
        for column in &flow.columns {
            let copied = !column.origins.contains(&column.field);
            let value = self
                .row(column, n)
                .map_or("", |r| r.get(column.field.field.as_str()));
            if copied || value.is_empty() || !column.why.contains(&Why::Answers) {
                continue;
            }
            let others = |kind| plan.people.get(kind).is_some_and(|p| p.third_party);
            if column.about.iter().any(others) {
                if !third.contains(&&column.field.dataset) {
                    third.push(&column.field.dataset);
                    findings.push((Kind::ThirdParty, Some(column.field.dataset.to_string())));
                }
            } else if contact(&column.field_type).is_some() && !self.known(column, value, n) {
                findings.push((Kind::Contact, Some(column.field.to_string())));
            }
        }
        if !findings.iter().any(|(kind, _)| *kind == Kind::Contact) {
            findings.push((Kind::Lead, None));
        }
        findings
    }

    fn row(&self, column: &Column, n: u64) -> Option<&Row> {
        self.rows.get(&column.field.dataset)?.get(&n)
    }

    /// Did the row that is answered have all these values already, in a field of that kind?
    fn known(&self, column: &Column, value: &str, n: u64) -> bool {
        let Some((flow, rows)) = &self.asked else {
            return false;
        };
        let mut ours: Vec<String> = Vec::new();
        for asked in flow.columns.iter().filter(|c| {
            let kind = contact(&c.field_type);
            kind.is_some() && kind == contact(&column.field_type)
        }) {
            let row = rows.get(&asked.field.dataset).and_then(|d| d.get(&n));
            ours.extend(
                row.map(|r| split(r.get(asked.field.field.as_str())))
                    .unwrap_or_default(),
            );
        }
        split(value)
            .iter()
            .all(|v| ours.iter().any(|o| same_contact(&column.field_type, v, o)))
    }
}
