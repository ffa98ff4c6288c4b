//! The checker: a type checker for lawfulness. It reads an agreement against itself and the law catalogue and
//! tells every fault; it changes nothing and compiles nothing.

use crate::condition::{Operand, Term};
use std::collections::{BTreeMap, BTreeSet};

use crate::check::moves::Moves;
use crate::diagnostic::Span;
use crate::ids::{BodyId, ConditionId, FieldPath, FlowId, Name, PartyId, PersonKind};
use crate::law::Law;
use crate::model::{Agreement, Flow};
use crate::permit::Dates;
use crate::read::{At, Log, cut};
use crate::rules::UNDECLARED;

pub(crate) mod dates;
mod flows;
pub(crate) mod gaps;
mod held;
mod legal;
mod moves;
mod names;
mod size;

pub(crate) use legal::served;

/// What every check looks at.
pub(crate) struct Scope<'a> {
    pub(crate) a: &'a Agreement,
    pub(crate) law: &'a Law,
    pub(crate) log: &'a Log,
    pub(crate) term: Option<Dates>,
    moves: Moves<'a>,
    operands: BTreeMap<&'a ConditionId, BTreeSet<&'a Operand>>,
}

/// Checks the whole agreement.
pub(crate) fn check(a: &Agreement, law: &Law, log: &Log) {
    let mut scope = Scope {
        a,
        law,
        log,
        term: dates::term(a),
        moves: Moves::default(),
        operands: BTreeMap::new(),
    };
    if !size::fits(&scope) {
        return;
    }
    scope.moves = Moves::new(a);
    scope.operands = a
        .conditions
        .keys()
        .map(|id| (id, operands(a, id)))
        .collect();
    names::check(&scope);
    dates::check(&scope);
    legal::check(&scope);
    flows::check(&scope);
    held::check(&scope);
    gaps::check(&scope);
    if !log.has_fault() {
        names::unused(&scope);
        held::unused(&scope);
        gaps::open(&scope);
    }
}

impl Scope<'_> {
    /// Says that a name is not declared, unless it is.
    fn declared<'n, T: Name + 'n>(
        &self,
        what: &str,
        used: &At<T>,
        all: impl Iterator<Item = &'n T> + Clone,
    ) -> bool {
        if all.clone().any(|known| *known == used.value) {
            return true;
        }
        self.undeclared(
            what,
            used.value.as_text(),
            used.span,
            all.map(Name::as_text),
        );
        false
    }

    fn undeclared<'n>(
        &self,
        what: &str,
        word: &str,
        span: Span,
        all: impl Iterator<Item = &'n str> + Clone,
    ) {
        let help = self.log.did_you_mean(word, all.clone()).or_else(|| {
            let some: Vec<&str> = all.take(8).collect();
            (!some.is_empty()).then(|| format!("there is: {}", some.join(", ")))
        });
        self.log
            .fault(
                UNDECLARED,
                span,
                format!("there is no {what} named `{}`", cut(word)),
            )
            .maybe(help);
    }

    /// The body of a party, where both are known.
    fn body(&self, party: &PartyId) -> Option<&BodyId> {
        let body = self.a.parties.get(party)?.value.body.as_ref()?;
        self.law.body(&body.value)?;
        Some(&body.value)
    }
}

/// The kinds of person that a flow is about.
pub(crate) fn about<'a>(a: &'a Agreement, flow: &'a Flow) -> Vec<&'a PersonKind> {
    let mut kinds: Vec<&PersonKind> = flow
        .send
        .iter()
        .filter_map(|d| a.datasets.get(&d.value))
        .flat_map(|d| d.value.about.iter().map(|k| &k.value))
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// The fields that a flow sends, in the order of its columns.
pub(crate) fn sent<'a>(a: &'a Agreement, flow: &'a Flow) -> impl Iterator<Item = FieldPath> + 'a {
    flow.send.iter().flat_map(move |d| {
        a.datasets
            .get(&d.value)
            .into_iter()
            .flat_map(move |dataset| {
                dataset
                    .value
                    .fields
                    .iter()
                    .map(move |f| FieldPath::new(d.value.clone(), f.name.value.clone()))
            })
    })
}

/// The conditions that a flow names, each with the place where it does.
pub(crate) fn conditions_of<'a>(a: &'a Agreement, flow: &'a Flow) -> Vec<&'a At<ConditionId>> {
    let lines = a.lines(flow).iter().filter_map(|line| line.when.as_ref());
    flow.only.iter().chain(lines).collect()
}

/// Every operand that a condition rests on, itself and through others.
fn operands<'a>(a: &'a Agreement, id: &'a ConditionId) -> BTreeSet<&'a Operand> {
    let mut seen = BTreeSet::from([id]);
    let mut next = vec![id];
    let mut found = BTreeSet::new();
    while let Some(id) = next.pop() {
        for term in a.conditions.get(id).iter().flat_map(|c| &c.value.terms) {
            match &term.value {
                Term::Test { of, .. } => {
                    found.insert(of);
                }
                Term::Holds(other) => {
                    if seen.insert(other) {
                        next.push(other);
                    }
                }
            }
        }
    }
    found
}

/// The flows, with their names.
fn flows<'a>(scope: &'a Scope<'_>) -> impl Iterator<Item = (&'a FlowId, &'a At<Flow>)> {
    scope.a.flows.iter()
}
