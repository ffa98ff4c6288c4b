//! Which permit each column of a row may rely on. The conditions of a flow are worked out once for each set of facts
//! that they read, the permits once for each set of what the conditions come to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use agreement::{
    Asked, ConditionId, FactId, Facts, FieldPath, Flow, FlowId, Operand, PartyId, Permit,
    PersonKind, Plan, Term, Truth,
};
use foldhash::HashMap;
use jiff::civil::Date;

use super::NOTHING;

/// What may leave in a column.
#[derive(Clone, Copy)]
pub(super) enum Leave {
    /// Its value, by the permit of this number.
    By(usize),
    /// Nothing: there are permits today, and the conditions of each fail.
    Closed,
    /// Nothing: there is no permit today.
    Never,
}

/// The number that stands for no permit: [`NOTHING`].
pub(super) const NONE: usize = 0;

/// What the conditions and permits of a flow come to, remembered.
pub(super) struct Leaves<'p> {
    plan: &'p Plan,
    on: Date,
    only: Option<&'p ConditionId>,
    /// The permits of each column, by the kind of person.
    columns: Vec<Vec<(&'p PersonKind, Vec<&'p Permit>)>>,
    names: Vec<Arc<str>>,
    numbers: BTreeMap<&'p str, usize>,
    /// All that conditions and the kind of person rest on, each once.
    reads: Vec<Read<'p>>,
    record: Record,
    /// What may leave by what a record has of that; none where the flow's own condition is not true.
    seen: HashMap<Vec<u8>, Option<usize>>,
    conditions: Vec<Remembered<'p>>,
    truths: Vec<Truth>,
    known: HashMap<(Option<&'p PersonKind>, Vec<Truth>), usize>,
    leaves: Vec<Vec<Leave>>,
}

impl<'p> Leaves<'p> {
    pub(super) fn new(plan: &'p Plan, flow: &'p Flow, on: Date) -> Self {
        let mut columns = Vec::new();
        let mut asked: Vec<&ConditionId> = flow.only.iter().collect();
        let mut names: Vec<Arc<str>> = vec![NOTHING.into()];
        let mut numbers = BTreeMap::new();
        for column in &flow.columns {
            let mut by_kind: BTreeMap<&PersonKind, Vec<&Permit>> = BTreeMap::new();
            let permits = column.permits.iter();
            for permit in permits.filter_map(|id| plan.permits().get(id)) {
                // A leave to each body of a register needs to know which of them the node speaks to, which no
                // node does yet.
                if permit.each_from.is_some() || permit.each_to.is_some() {
                    continue;
                }
                by_kind.entry(&permit.about).or_default().push(permit);
                numbers.entry(permit.id.as_str()).or_insert_with(|| {
                    names.push(permit.id.as_str().into());
                    names.len() - 1
                });
                for condition in &permit.when {
                    if !asked.contains(&condition) {
                        asked.push(condition);
                    }
                }
            }
            columns.push(by_kind.into_iter().collect());
        }
        let mut reads: BTreeSet<Read<'_>> = plan.kinds_told().map(|(n, _)| Read::Fact(n)).collect();
        for id in &asked {
            gather(plan, id, &mut BTreeSet::new(), &mut reads);
        }
        let reads: Vec<Read<'_>> = reads.into_iter().collect();
        let conditions = asked.into_iter();
        let conditions = conditions.map(|id| Remembered::new(plan, id, &reads));
        Self {
            plan,
            on,
            only: flow.only.as_ref(),
            columns,
            names,
            numbers,
            conditions: conditions.collect(),
            reads,
            record: Record::default(),
            seen: HashMap::default(),
            truths: Vec::new(),
            known: HashMap::default(),
            leaves: Vec::new(),
        }
    }

    /// What may leave in each column of a record with these facts; none where the flow's own condition is not true of it.
    pub(super) fn of(&mut self, facts: &dyn Facts) -> Option<&[Leave]> {
        self.record.read(&self.reads, facts);
        let at = match self.seen.get(&self.record.bytes) {
            Some(seen) => *seen,
            None => {
                let at = self.worked_out(facts);
                if self.seen.len() >= MOST {
                    self.seen.clear();
                }
                self.seen.insert(self.record.bytes.clone(), at);
                at
            }
        };
        self.leaves.get(at?).map(Vec::as_slice)
    }

    fn worked_out(&mut self, facts: &dyn Facts) -> Option<usize> {
        self.truths.clear();
        for condition in &mut self.conditions {
            let truth = condition.truth(self.plan, &self.record, facts, self.on);
            // The flow's own condition is the first.
            if truth != Truth::True && self.only == Some(condition.id) {
                return None;
            }
            self.truths.push(truth);
        }
        let about = self.plan.kind_of(facts);
        let key = (about, std::mem::take(&mut self.truths));
        let known = self.known.get(&key).copied();
        self.truths = key.1;
        Some(known.unwrap_or_else(|| {
            let columns = self.columns.iter();
            let leaves = columns.map(|c| self.leave(c, about, facts)).collect();
            self.leaves.push(leaves);
            self.known
                .insert((about, self.truths.clone()), self.leaves.len() - 1);
            self.leaves.len() - 1
        }))
    }

    /// The first permit in rank whose conditions are all true of the record; unknown is not true. A cell that may be
    /// about several kinds of person needs one for each, but where the record is known to be about one of them.
    fn leave(
        &self,
        by_kind: &[(&'p PersonKind, Vec<&'p Permit>)],
        about: Option<&PersonKind>,
        facts: &dyn Facts,
    ) -> Leave {
        let about = about.filter(|about| by_kind.iter().any(|(kind, _)| kind == about));
        let asked = by_kind
            .iter()
            .filter(|(kind, _)| about.is_none_or(|about| about == *kind));
        let today = |permit: &Permit| permit.dates.contains(self.on);
        let mut relied = None;
        for (_, all) in asked {
            let found = all.iter().find(|permit| {
                today(permit)
                    && permit.when.iter().all(|c| self.holds(c))
                    && self.plan.is_resort(permit, all, facts, self.on)
            });
            let Some(found) = found else {
                relied = None;
                break;
            };
            relied = relied.or(self.numbers.get(found.id.as_str()));
        }
        match relied {
            Some(number) => Leave::By(*number),
            None if by_kind.iter().flat_map(|(_, all)| all).any(|p| today(p)) => Leave::Closed,
            None => Leave::Never,
        }
    }

    fn holds(&self, condition: &ConditionId) -> bool {
        let mut all = self.conditions.iter().zip(&self.truths);
        all.any(|(c, truth)| c.id == condition && *truth == Truth::True)
    }

    /// The name of the permit of a number.
    pub(super) fn name(&self, number: usize) -> Arc<str> {
        let name = self.names.get(number).cloned();
        name.unwrap_or_else(|| NOTHING.into())
    }
}

/// How many sets of facts one condition is remembered for: enough for the days of some years.
const MOST: usize = 4_096;

/// What a record has of all that is read, each after its length: no two sets of facts have one text.
#[derive(Default)]
struct Record {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Record {
    fn read(&mut self, reads: &[Read<'_>], facts: &dyn Facts) {
        self.bytes.clear();
        self.ends.clear();
        for read in reads {
            let answer = |yes: bool| if yes { "yes" } else { "no" };
            let value = match read {
                Read::Fact(name) => facts.fact(name),
                Read::Field(path) => facts.field(path),
                Read::Told(by, that) => facts.told(by, that).map(answer),
                Read::Received(flow) => facts.received(flow).map(answer),
            };
            let length = value.map_or(u64::MAX, |text| text.len() as u64);
            self.bytes.extend_from_slice(&length.to_le_bytes());
            self.bytes.extend_from_slice(value.unwrap_or("").as_bytes());
            self.ends.push(self.bytes.len());
        }
    }

    /// What it has of one.
    fn part(&self, at: usize) -> &[u8] {
        let before = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let from = before.copied().unwrap_or(0);
        let part = self.ends.get(at).and_then(|to| self.bytes.get(from..*to));
        part.unwrap_or_default()
    }
}

/// A condition with what it came to for each set of the facts that it reads.
struct Remembered<'p> {
    id: &'p ConditionId,
    /// Where what it reads stands in a record.
    reads: Vec<usize>,
    known: HashMap<Vec<u8>, Truth>,
    key: Vec<u8>,
}

/// What a condition reads of a record.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Read<'p> {
    Fact(&'p FactId),
    Field(&'p FieldPath),
    Told(&'p PartyId, &'p ConditionId),
    Received(&'p FlowId),
}

impl<'p> Remembered<'p> {
    fn new(plan: &'p Plan, id: &'p ConditionId, all: &[Read<'p>]) -> Self {
        let mut reads = BTreeSet::new();
        gather(plan, id, &mut BTreeSet::new(), &mut reads);
        let reads = reads.iter().filter_map(|read| all.binary_search(read).ok());
        Self {
            id,
            reads: reads.collect(),
            known: HashMap::default(),
            key: Vec::new(),
        }
    }

    fn truth(&mut self, plan: &Plan, record: &Record, facts: &dyn Facts, on: Date) -> Truth {
        self.key.clear();
        for at in &self.reads {
            self.key.extend_from_slice(record.part(*at));
        }
        if let Some(truth) = self.known.get(&self.key) {
            return *truth;
        }
        let truth = plan.holds(self.id, facts, on);
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(self.key.clone(), truth);
        truth
    }
}

/// Adds all that a condition reads, also by the conditions that it rests on.
fn gather<'p>(
    plan: &'p Plan,
    id: &'p ConditionId,
    seen: &mut BTreeSet<&'p ConditionId>,
    reads: &mut BTreeSet<Read<'p>>,
) {
    let Some(condition) = plan.conditions.get(id).filter(|_| seen.insert(id)) else {
        return;
    };
    let terms = match &condition.asked {
        Asked::All(terms) | Asked::Any(terms) => terms.as_slice(),
        Asked::Told { by, that, .. } => {
            reads.insert(Read::Told(by, that));
            return;
        }
    };
    for term in terms {
        match term {
            Term::Test { of, .. } => {
                reads.insert(match of {
                    Operand::Fact(name) => Read::Fact(name),
                    Operand::Field(path) => Read::Field(path),
                });
            }
            Term::Holds(other) | Term::Fails(other) => gather(plan, other, seen, reads),
            Term::Received(flow) => {
                reads.insert(Read::Received(flow));
            }
        }
    }
}
