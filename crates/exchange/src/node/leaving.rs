//! What may leave at this moment: every condition is asked anew before the gate and before the seal, and all reasons
//! against it are told together (RUN-05, RUN-20).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use agreement::{ConditionId, FieldPath, Flow, Per, Plan, Truth};
use jiff::civil::Date;
use jiff::{Span, Timestamp};

use super::Node;
use super::left::Left;
use super::outbound::Commitment;
use super::writing::{is_written, sent_with, starts};
use crate::approval::Approval;
use crate::change::{Aggregate, Change};
use crate::compose::{Source, compose};
use crate::gate::{self, Cells, Gate, Passed, Rows};
use crate::ids::FlowId;
use crate::leg::Leg;
use crate::ports::PortFault;
use crate::refusal::Refusal;
use crate::rows::pages;
use crate::trouble::Trouble;

/// What may leave at this moment. No value of a row is in it, but of those that changed.
pub(super) struct Leaving {
    /// What came of the gate.
    pub(super) passed: Passed,
    /// The numbers of the rows that leave, each with the pattern of its permits.
    pub(super) rows: Left,
    /// The rows that are not as they were prepared any more.
    pub(super) anew: Rows,
    /// The approvals by which it was counted what goes to the recipient.
    approvals: Vec<Approval>,
}

impl Leaving {
    /// The same change, which does not stand beside another one that was counted at the same time, or beside another word of
    /// whoever approves: each moves the approvals on (APP-08, APP-09).
    pub(super) fn counted(&self, change: Change<Leg>) -> Change<Leg> {
        let all = self.approvals.iter();
        all.fold(change, |change, approval| change.along(approval))
    }
}

impl Node {
    /// The rows that may leave now, or every reason why none may; a page of rows is in memory at a time. Each row that
    /// leaves is committed to on its way.
    pub(super) async fn leaving(
        &self,
        leg: &Leg,
        mut committing: Option<&mut Commitment>,
    ) -> Result<Leaving, Trouble> {
        let (pact, plan, flow_plan) = self.flow(leg.agreement(), leg.flow()).await?;
        let now = self.now();
        let on = crate::deadline::london_day(now)?;
        let mut refusals = pact.in_force(on).err().unwrap_or_default();
        match self.approved_route(&flow_plan.route).await {
            Ok(_) => {}
            Err(Trouble::Refused(why)) => refusals.extend(why),
            Err(fault) => return Err(fault),
        }
        if self.is_by_hand(leg.peer()) {
            refusals.extend(self.password_by(&plan, &flow_plan).err());
        } else if self.card_of(leg.peer()).await.is_err() {
            refusals.push(Refusal::new(
                "SEC-01",
                format!("the keys of {} are not taken on", leg.peer()),
            ));
        }
        refusals.extend(self.contacts(&plan, leg));
        let mut approvals = Vec::new();
        if starts(&flow_plan)
            && about_people(&flow_plan)
            && plan.approvals.contains_key(self.party())
        {
            // Before it is looked what has left.
            approvals = self.all::<Approval>().await?;
            approvals.retain(|approval| approval.scope().to == *leg.peer());
            let approved = self.approved(leg, &flow_plan, &plan, &approvals, now);
            refusals.extend(approved.await?.err());
        }
        refusals.extend(self.outside_volume(leg, &flow_plan, now).await?);
        refusals.extend(self.out_of_turn(leg, &flow_plan).await?);
        let (lacking, lists) = self.beside_it(leg, &flow_plan).await?;
        refusals.extend(lacking);
        let written = is_written(&plan, &flow_plan);
        let base = if written {
            None
        } else {
            self.resting_on(leg, &flow_plan).await?
        };
        let figures = self.with_figures(&plan, &flow_plan, leg, on).await?;
        let mut last = leg.last_number();
        if let Some((base, _)) = &base {
            last = last.max(base.last_number());
        }
        let mut gate = Gate::new(&plan, &flow_plan, on);
        let cells = Cells::of(&flow_plan);
        let traces = self.stopped_traces(leg.agreement()).await?;
        let mut left = Left::default();
        let mut anew = figures.clone();
        for page in pages(last) {
            let mut rows = self.rows_of_page(leg, &flow_plan, &page).await?;
            overlay(&mut rows, &figures, &page);
            let sources = match &base {
                Some((base, flow)) => {
                    let base = self.base_page(base, flow, &page).await?;
                    self.sources(&base).await?
                }
                None => self.facts_of(&flow_plan, &rows).await?,
            };
            let agreement = leg.agreement();
            let mut stopped = self.stopped(&traces, agreement, &flow_plan, &rows).await?;
            if flow_plan.answers_every_row() && !written {
                let changed = unmatched(&plan, &flow_plan, &rows, &sources, on);
                overlay(&mut rows, &changed, &page);
                for (dataset, changed) in changed {
                    anew.entry(dataset).or_default().extend(changed);
                }
            } else if base.is_some() {
                let fallen = sources.iter().filter(|(_, s)| s.outcome != Some("matched"));
                stopped.extend(fallen.map(|(n, _)| *n));
            }
            let none = Source::default();
            for n in gate::numbers(&rows) {
                if stopped.contains(&n) {
                    gate.withhold(n);
                    continue;
                }
                let own = |path: &FieldPath| {
                    let row = rows.get(&path.dataset).and_then(|d| d.get(&n));
                    row.map_or("", |r| r.get(path.field.as_str()))
                };
                let values = cells.row(&rows, n);
                let facts = sources.get(&n).unwrap_or(&none).known(&own);
                // A row that must be in a list beside the file waits for its place there.
                let unlisted = |(condition, named): &(&ConditionId, BTreeSet<u64>)| {
                    !named.contains(&n) && plan.holds(condition, &facts, on) == Truth::True
                };
                if lists.iter().any(unlisted) {
                    gate.withhold(n);
                    continue;
                }
                let Some(pattern) = gate.row(n, &values, &facts) else {
                    continue;
                };
                if let Some(committing) = &mut committing {
                    committing.row(&flow_plan, gate.relied(pattern), &values)?;
                }
                left.push(n, pattern);
            }
        }
        match gate.done() {
            Ok(passed) if refusals.is_empty() => Ok(Leaving {
                passed,
                rows: left,
                anew,
                approvals,
            }),
            Ok(_) => Err(refusals.into()),
            Err(more) => {
                refusals.extend(more);
                Err(refusals.into())
            }
        }
    }

    /// A file that goes with another waits until that one is sealed, and one whose circumstance a senior person must
    /// approve waits for that (EXCH-DFE-11).
    async fn out_of_turn(&self, leg: &Leg, flow: &Flow) -> Result<Vec<Refusal>, Trouble> {
        let mut refusals = Vec::new();
        let with: Vec<FlowId> = sent_with(flow).collect();
        let mut left = with.is_empty();
        for other in &with {
            let other: Option<Leg> = self.find(&Leg::key_of(leg.run(), other)).await?;
            left |= other.is_some_and(|l| l.has_left());
        }
        if !left {
            let with: Vec<&str> = with.iter().map(FlowId::as_str).collect();
            let what = format!("{} goes once {} is sent", flow.id, with.join(" or "));
            refusals.push(Refusal::new("RUN-05", what).help("release that file first"));
        }
        if leg.circumstance().is_some_and(|c| c.needs_senior) {
            let what = "the circumstance waits for the senior information risk owner's approval";
            let help = "`concordat run approve-case`";
            refusals.push(Refusal::new("EXCH-DFE-11", what).help(help));
        }
        Ok(refusals)
    }

    /// What must go with a file and is not there, and the rows that the lists beside it name, by the condition that asks
    /// for them.
    async fn beside_it<'f>(
        &self,
        leg: &Leg,
        flow: &'f Flow,
    ) -> Result<(Vec<Refusal>, Vec<(&'f ConditionId, BTreeSet<u64>)>), Trouble> {
        let (mut lacking, mut lists) = (Vec::new(), Vec::new());
        for need in &flow.needs {
            let other: Option<Leg> = self.find(&Leg::key_of(leg.run(), &need.flow)).await?;
            let other = other.filter(|l| l.is_being_made() || l.has_left());
            match (&need.for_rows, other) {
                (None, None) => {
                    let what = format!("{} does not go without {}", flow.id, need.flow);
                    let help = format!("write it: `concordat run write {}`", need.flow);
                    lacking.push(Refusal::new("RUN-05", what).help(help));
                }
                (None, Some(_)) => {}
                (Some(condition), other) => {
                    let named = other.map(|l| l.numbers()).unwrap_or_default();
                    lists.push((condition, named.into_iter().collect()));
                }
            }
        }
        Ok((lacking, lists))
    }

    /// Who is told when something goes wrong must stand in the annex (AGR-22, PTY-03).
    fn contacts(&self, plan: &Plan, leg: &Leg) -> Vec<Refusal> {
        [self.party(), leg.peer()]
            .into_iter()
            .filter(|party| plan.contacts.get(*party).is_none_or(BTreeMap::is_empty))
            .map(|party| {
                Refusal::new("RUN-05", format!("no contact of {party} is known"))
                    .help("write it in the agreement's annex")
            })
            .collect()
    }

    async fn approved(
        &self,
        leg: &Leg,
        flow: &Flow,
        plan: &Plan,
        approvals: &[Approval],
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, Trouble> {
        let (mut volume, mut to_recipient) = (leg.rows(), leg.rows());
        let day = crate::deadline::london_day(now)?;
        let since = day
            .checked_sub(
                Span::new()
                    .try_months(12)
                    .map_err(|e| PortFault(e.to_string()))?,
            )
            .map_err(|e| PortFault(e.to_string()))?;
        let mine = legal_purposes(plan, flow);
        for other in self.all::<Leg>().await? {
            let same = other.run() == leg.run() && other.flow() == leg.flow();
            let Some(left) = other.left_at(now).filter(|_| !same) else {
                continue;
            };
            if other.peer() != leg.peer() || crate::deadline::london_day(left)? <= since {
                continue;
            }
            let (_, theirs, flow) = self.flow(other.agreement(), other.flow()).await?;
            if !flow.rests_on().is_empty() {
                continue;
            }
            if other.agreement() == leg.agreement() && other.flow() == leg.flow() {
                volume += other.rows();
            }
            let purposes = legal_purposes(&theirs, &flow);
            if mine.intersection(&purposes).next().is_some() {
                to_recipient += other.rows();
            }
        }
        let wanted = self.scope(leg.agreement(), leg.flow(), volume).await?;
        let key = Approval::key_of(leg.agreement(), leg.flow());
        Ok(
            match approvals.iter().find(|approval| approval.key() == key) {
                Some(approval) => approval.covers(&wanted, to_recipient),
                None => Err(
                    Refusal::new("APP-03", format!("nobody has approved {}", leg.flow()))
                        .help("ask an information asset owner for approval"),
                ),
            },
        )
    }

    /// A file outside the volume that the agreement expects needs the other party's word first (RUN-16). Over a period,
    /// or for each file of another flow, it is counted with those that left before it.
    async fn outside_volume(
        &self,
        leg: &Leg,
        flow: &Flow,
        now: Timestamp,
    ) -> Result<Option<Refusal>, Trouble> {
        let Some(volume) = &flow.volume else {
            return Ok(None);
        };
        let others = match volume.per {
            Per::File => Vec::new(),
            Per::Period(_) | Per::Flow(_) => self.all::<Leg>().await?,
        };
        let sent = |flow: &FlowId| {
            let of = |l: &&Leg| l.agreement() == leg.agreement() && l.flow() == flow;
            let left = |l: &Leg| Some((l.left_at(now)?, l.rows()));
            let other = |l: &&Leg| l.run() != leg.run() || l.flow() != leg.flow();
            let all = others.iter().filter(of).filter(other);
            all.filter_map(left).collect::<Vec<_>>()
        };
        let today = crate::deadline::london_day(now)?;
        let mut rows = leg.rows();
        let within = match &volume.per {
            Per::File => String::new(),
            Per::Period(period) => {
                for (left, more) in sent(&flow.id) {
                    let ends = period.after(crate::deadline::london_day(left)?);
                    if ends.is_none_or(|ends| today < ends) {
                        rows += more;
                    }
                }
                format!(" in {period}")
            }
            Per::Flow(other) => {
                let last = sent(other).into_iter().map(|(left, _)| left).max();
                let since = sent(&flow.id).into_iter();
                let since = since.filter(|(left, _)| last.is_none_or(|last| *left > last));
                rows += since.map(|(_, more)| more).sum::<u64>();
                format!(" for one file of {other}")
            }
        };
        if volume.beyond.is_some() && leg.agreed_volume() == Some(rows) {
            return Ok(None);
        }
        let least = volume.least.filter(|_| volume.per == Per::File);
        if rows <= volume.most && least.is_none_or(|least| rows >= u64::from(least)) {
            return Ok(None);
        }
        let what = format!("{rows} rows{within} lie outside the volume that the agreement expects");
        let way = if flow.rests_on().is_empty() {
            "give the file up and choose another number with --at-most"
        } else {
            "give the file up: its rows follow from the file that it rests on"
        };
        Ok(Some(Refusal::new("RUN-16", what).help(
            match &volume.beyond {
                Some(party) => format!(
                    "{way}; or tell {party} beforehand, and record that it agreed: `concordat run agree`"
                ),
                None => way.to_owned(),
            },
        )))
    }
}

/// Does a flow tell anything about anybody?
fn about_people(flow: &Flow) -> bool {
    flow.columns.iter().any(|c| !c.about.is_empty())
}

/// Puts the rows of a page that changed in place of those that were prepared.
pub(super) fn overlay(rows: &mut Rows, changed: &Rows, page: &RangeInclusive<u64>) {
    for (dataset, changed) in changed {
        let here = changed.range(page.clone());
        let here = here.map(|(n, row)| (*n, row.clone()));
        rows.entry(dataset.clone()).or_default().extend(here);
    }
}

/// The rows of an answer that has every row, where their match does not stand any more: as if nothing had been found.
fn unmatched(
    plan: &Plan,
    flow: &Flow,
    prepared: &Rows,
    sources: &BTreeMap<u64, Source>,
    on: Date,
) -> Rows {
    let mut anew = Rows::new();
    for (n, source) in sources.iter().filter(|(_, s)| s.outcome != Some("matched")) {
        for (dataset, row) in compose(plan, flow, source, on) {
            if prepared.get(&dataset).and_then(|d| d.get(n)) != Some(&row) {
                anew.entry(dataset).or_default().insert(*n, row);
            }
        }
    }
    anew
}

/// The statutory purposes that a flow serves: by them volumes are counted over agreements (APP-09).
fn legal_purposes(plan: &Plan, flow: &Flow) -> BTreeSet<String> {
    flow.purposes
        .iter()
        .filter_map(|p| plan.purposes.get(p))
        .flat_map(|p| p.law.iter().map(ToString::to_string))
        .collect()
}
