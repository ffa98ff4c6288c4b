//! Extracting: whose turn it is among everybody in the register, and the rows that are made of them. Goes through the
//! register a page at a time; what the order of the selection needs of each person is sorted in the spool.

use std::collections::BTreeSet;

use agreement::{Flow, Plan, Truth};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Node;
use super::filing::{Filed, Filing};
use super::start::Case;
use crate::bulk::{Bulk, Bulking};
use crate::change::{Aggregate, Write};
use crate::compose::{Source, compose};
use crate::gate;
use crate::ids::{OperationId, SubjectId};
use crate::leg::Of;
use crate::ports::{CaseRegister, StoreFault};
use crate::refusal::Refusal;
use crate::run::Pool;
use crate::select::{self, Candidate};
use crate::sorting::{Place, Room, Sorted, Sorting};
use crate::trace::{Outcome, Rewash, Trace, Turn, Wash};
use crate::trouble::Trouble;

/// How many people are read from the register at a time.
const PAGE: usize = 1_000;

/// What a selection is of: one register, by one flow, on one day.
#[derive(Clone, Copy)]
pub(super) struct Under<'a> {
    pub(super) register: &'a dyn CaseRegister,
    pub(super) plan: &'a Plan,
    pub(super) flow: &'a Flow,
    pub(super) of: &'a Of,
    /// The case that it is about; none where everybody is asked about whose turn it is.
    pub(super) case: Option<&'a Case>,
    pub(super) on: Date,
}

/// Who is asked about, and who was looked at.
pub(super) struct Extract {
    /// What the file has of them.
    pub(super) filed: Filed,
    /// How many they are: their rows are numbered from 1.
    pub(super) rows: u64,
    /// The traces that move with the selection.
    pub(super) traces: Bulk<Write>,
    pub(super) pool: Pool,
    /// How many could not be asked about, since what must be told of them is not held.
    pub(super) incomplete: u64,
}

/// Somebody whose trace moves.
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Moving {
    subject: SubjectId,
    /// The row; none for whoever leaves the pool.
    row: Option<u64>,
    /// The version of the trace that was looked at; 0 where there was none.
    seen: u64,
}

/// Everybody whose turn it is, and whose traces move.
struct Looked<'a> {
    pool: Pool,
    candidates: Sorting<'a, Candidate>,
    /// The candidate before, until it is known whether the next is the same person.
    last: Option<Candidate>,
    moving: Sorting<'a, Moving>,
}

impl Looked<'_> {
    /// Adds somebody whose turn it is. A register tells of people in the order of their keys: what it has twice comes in
    /// succession.
    async fn candidate(&mut self, mut one: Candidate) -> Result<(), Trouble> {
        if let Some(mut last) = self.last.take() {
            one.twice = last.person == one.person;
            last.twice |= one.twice;
            self.candidates.push(last).await?;
        }
        self.last = Some(one);
        Ok(())
    }
}

impl Node {
    /// Selects whom the flow's condition lets through and whose turn it is, at most so many of them, and files what the
    /// agreement names of them (RUN-06, EXCH-HMRC-04).
    pub(super) async fn extract(
        &self,
        op: &OperationId,
        under: Under<'_>,
        at_most: Option<u64>,
    ) -> Result<Extract, Trouble> {
        let mut filing = self.filing(op, under.plan, under.flow, under.of, 1).await?;
        let holding = filing.first().ok_or_else(nobody)?;
        let place = |name| Place {
            spool: &*self.ports.spool,
            vault: &*self.ports.vault,
            holding: &holding,
            op,
            name,
        };
        let mut looked = Looked {
            pool: Pool::default(),
            candidates: Sorting::begin(place("candidates"), Room::NODE),
            last: None,
            moving: Sorting::begin(place("moving"), Room::NODE),
        };
        self.look_at(under, &mut looked).await?;
        let Looked {
            mut pool,
            mut candidates,
            last,
            mut moving,
        } = looked;
        if let Some(last) = last {
            candidates.push(last).await?;
        }
        let mut chosen = candidates.sorted().await?;
        let most = at_most.unwrap_or(u64::MAX);
        let mut twice = BTreeSet::new();
        let (mut rows, mut incomplete) = (0, 0);
        while rows < most {
            let mut part = Vec::with_capacity(PAGE);
            while part.len() < PAGE
                && let Some(candidate) = chosen.next().await?
            {
                part.push(candidate);
            }
            if part.is_empty() {
                break;
            }
            let keys: Vec<String> = part.iter().map(|c| c.person.clone()).collect();
            let mut records = under.register.records(&keys).await?;
            for candidate in part {
                if rows >= most {
                    break;
                }
                if candidate.twice && !twice.insert(candidate.person.clone()) {
                    return Err(in_it_already(rows + 1).into());
                }
                let Some(record) = records.remove(&candidate.person) else {
                    continue;
                };
                let source = Source {
                    own: record.values,
                    facts: record.facts,
                    minted: Some(self.mint(op, rows + 1)),
                    ..Source::default()
                };
                if !file(&mut filing, under, rows + 1, &source).await? {
                    incomplete += 1;
                    continue;
                }
                rows += 1;
                match candidate.turn {
                    Turn::Again(_) => pool.again += 1,
                    Turn::First | Turn::No => pool.first += 1,
                }
                let one = Moving {
                    subject: self.subject(&candidate.person).await?,
                    row: Some(rows),
                    seen: candidate.seen,
                };
                moving.push(one).await?;
            }
        }
        if rows == 0 {
            return Err(nobody().into());
        }
        Ok(Extract {
            filed: filing.done().await?,
            rows,
            traces: self.moved(under, moving.sorted().await?).await?,
            pool,
            incomplete,
        })
    }

    /// Goes through the register: who meets the flow's condition and whose turn it is, and who is no longer in the pool.
    async fn look_at(&self, under: Under<'_>, looked: &mut Looked<'_>) -> Result<(), Trouble> {
        let Under {
            plan,
            flow,
            case,
            on,
            ..
        } = under;
        let size = u32::try_from(PAGE).unwrap_or(u32::MAX);
        let mut after: Option<String> = None;
        loop {
            let people = under.register.facts(after.as_deref(), size).await?;
            let Some((last, _)) = people.last() else {
                return Ok(());
            };
            after = Some(last.clone());
            let keys = people.iter().map(|(person, _)| person);
            let traces = self.traces_of(&under.of.agreement, keys).await?;
            for (person, mut facts) in people {
                looked.pool.register += 1;
                let trace = traces.get(&person);
                if let Some(trace) = trace {
                    facts.extend(trace.told_facts().clone());
                }
                let meets = |flow: &Flow| {
                    let only = flow.only.as_ref();
                    only.map_or(Truth::True, |only| plan.holds(only, &facts, on))
                };
                let seen = trace.map_or(0, Aggregate::version);
                // Whoever was asked about by another flow is in that one's pool, and leaves it by its condition.
                let own = trace.and_then(Trace::may_leave);
                let own = own.and_then(|id| plan.flow(id));
                if own.is_some_and(|own| meets(own) == Truth::False) {
                    let subject = self.subject(&person).await?;
                    let row = None;
                    let one = Moving { subject, row, seen };
                    looked.moving.push(one).await?;
                    continue;
                }
                if meets(flow) != Truth::True {
                    continue;
                }
                looked.pool.eligible += 1;
                if trace.is_some_and(Trace::was_asked) {
                    looked.pool.checked += 1;
                }
                let turn = match (trace, case) {
                    (Some(trace), Some(case)) if case.people.contains(&person) => {
                        trace.turn_of_case()
                    }
                    (Some(trace), None) => trace.turn(&flow.id, on),
                    (None, Some(case)) if !case.people.contains(&person) => Turn::No,
                    (Some(_), Some(_)) => Turn::No,
                    (None, _) => Turn::First,
                };
                if turn == Turn::No {
                    continue;
                }
                let one = Candidate {
                    turn,
                    since: select::since(plan, flow.only.as_ref(), &facts),
                    person,
                    seen,
                    twice: false,
                };
                looked.candidate(one).await?;
            }
        }
    }

    /// The traces of these people as they are after the selection, in the order of their keys.
    async fn moved(
        &self,
        under: Under<'_>,
        mut moving: Sorted<'_, Moving>,
    ) -> Result<Bulk<Write>, Trouble> {
        let Of {
            agreement,
            hash,
            run,
            flow,
            ..
        } = under.of;
        let again = under.flow.again.as_ref().map(|a| Rewash {
            every: a.every,
            times: a.times,
        });
        let mut bulk = Bulking::begin(&*self.ports.spool).await?;
        let mut last: Option<SubjectId> = None;
        loop {
            let mut part: Vec<Moving> = Vec::with_capacity(PAGE);
            while part.len() < PAGE
                && let Some(one) = moving.next().await?
            {
                if last.as_ref() != Some(&one.subject) {
                    last = Some(one.subject.clone());
                    part.push(one);
                }
            }
            if part.is_empty() {
                return Ok(bulk.done().await?);
            }
            let key = |m: &Moving| Trace::key_of(agreement, &m.subject);
            let keys: Vec<String> = part.iter().map(key).collect();
            let mut traces = self.find_many::<Trace>(&keys).await?;
            let mut page = Vec::with_capacity(part.len());
            for (one, key) in part.iter().zip(keys) {
                let trace = traces
                    .remove(&key)
                    .unwrap_or_else(|| Trace::new(agreement, *hash, one.subject.clone()));
                if trace.version() != one.seen {
                    let kind = Trace::KIND.to_owned();
                    return Err(StoreFault::Conflict { kind, id: key }.into());
                }
                page.push(Write::of(&match one.row {
                    None => trace.left(),
                    Some(row) => {
                        let wash = Wash {
                            run: run.clone(),
                            flow: flow.clone(),
                            row,
                            on: under.on,
                            outcome: Outcome::Waiting,
                        };
                        trace.selected(wash, again)
                    }
                })?);
            }
            bulk.page(&page).await?;
        }
    }

    /// A reference that stands for a row between nodes and says nothing about the person.
    fn mint(&self, op: &OperationId, row: u64) -> String {
        let mut bytes = [0; 8];
        self.ports
            .entropy
            .fill(op, &format!("reference/{row}"), &mut bytes);
        format!("D{}", hex::encode_upper(bytes))
    }
}

/// Files the row of this number; not where what must be told of the person is not held.
async fn file(
    filing: &mut Filing<'_>,
    under: Under<'_>,
    n: u64,
    source: &Source,
) -> Result<bool, Trouble> {
    let row = compose(under.plan, under.flow, source, under.on);
    let complete = gate::is_complete(under.plan, under.flow, &row, under.on);
    if complete {
        filing.row(n, &row).await?;
    }
    Ok(complete)
}

fn in_it_already(record: u64) -> Refusal {
    let what = format!("record {record} of the extract is a person who is in it already");
    let way = "mend the register: there is one record for each person";
    Refusal::new("RUN-19", what).help(way)
}

fn nobody() -> Refusal {
    let what = "nobody in the register is eligible today, or it is nobody's turn";
    Refusal::new("RUN-20", what).help("wait: `concordat due` says whose turn comes when")
}
