//! The checker: a type checker for lawfulness. It reads an agreement against itself, the law catalogue and the
//! agreements beside it, and tells every fault; it changes nothing and compiles nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Span;
use crate::grammar::{Entries, Items};
use crate::ids::{BodyId, ConditionId, FieldPath, FlowId, GapId, Name, PartyId, ReadingId};
use crate::law::{End, Law, Regime};
use crate::library::Library;
use crate::log::{At, Log, Use, cut};
use crate::model::{Agreement, Body, Flow, SUBJECT, Term};
use crate::permit::Dates;
use crate::rules::UNDECLARED;
use document::{Node, Value};

mod conditions;
pub(crate) mod data;
pub(crate) mod dates;
mod decisions;
mod flows;
pub(crate) mod gaps;
mod held;
mod legal;
mod moves;
mod names;
pub(crate) mod papers;
mod reasoning;
mod routes;
mod size;
mod standing;
mod umbrellas;
mod unused;
mod volume;

pub(crate) use legal::{applies_to, purposes_of, served};

use conditions::Rests;
pub(crate) use conditions::operand;
use moves::Moves;

/// What every check looks at.
pub(crate) struct Check<'a> {
    pub(crate) a: &'a Agreement,
    pub(crate) law: &'a Law,
    pub(crate) library: &'a Library,
    pub(crate) log: &'a Log,
    pub(crate) root: &'a Node,
    pub(crate) term: Option<Dates>,
    pub(crate) gaps: &'a [Use<GapId>],
    pub(crate) readings: &'a [Use<ReadingId>],
    moves: Moves<'a>,
    rests: BTreeMap<&'a ConditionId, Rests<'a>>,
}

/// What a file says, besides its constructs.
pub(crate) struct Read<'a> {
    pub(crate) agreement: &'a Agreement,
    pub(crate) root: &'a Node,
    pub(crate) gaps: &'a [Use<GapId>],
    pub(crate) readings: &'a [Use<ReadingId>],
}

/// Checks the whole agreement.
pub(crate) fn check(read: &Read<'_>, law: &Law, library: &Library, log: &Log) {
    let a = read.agreement;
    let mut check = Check {
        a,
        law,
        library,
        log,
        root: read.root,
        term: dates::term(a),
        gaps: read.gaps,
        readings: read.readings,
        moves: Moves::default(),
        rests: BTreeMap::new(),
    };
    if !size::fits(&check) {
        return;
    }
    check.moves = Moves::new(a);
    check.rests = conditions::rests(a);
    names::check(&check);
    conditions::check(&check);
    data::check(&check);
    dates::check(&check);
    routes::check(&check);
    legal::check(&check);
    umbrellas::check(&check);
    standing::check(&check);
    flows::check(&check);
    volume::check(&check);
    held::check(&check);
    decisions::check(&check);
    papers::check(&check);
    gaps::check(&check);
    if !log.has_fault() {
        unused::check(&check);
        gaps::open(&check);
    }
}

impl<'a> Check<'a> {
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
        self.undeclared(what, &used.value.to_string(), used.span, all);
        false
    }

    fn all_declared<'n, T: Name + 'n>(
        &self,
        what: &str,
        used: &[At<T>],
        all: impl Iterator<Item = &'n T> + Clone,
    ) {
        for one in used {
            self.declared(what, one, all.clone());
        }
    }

    fn undeclared(
        &self,
        what: &str,
        word: &str,
        span: Span,
        all: impl Iterator<Item = impl ToString>,
    ) {
        let all: Vec<String> = all.map(|one| one.to_string()).collect();
        let near = self.log.did_you_mean(word, all.iter().map(String::as_str));
        let help = near.or_else(|| {
            let some: Vec<&str> = all.iter().take(8).map(String::as_str).collect();
            (!some.is_empty()).then(|| format!("there is: {}", some.join(", ")))
        });
        let message = format!("there is no {what} named `{}`", cut(word));
        self.log.fault(UNDECLARED, span, message).maybe(help);
    }

    /// The body of a party as the law sees it, where it is known.
    fn end(&self, party: &PartyId) -> Option<End<'a>> {
        let (a, law): (&'a Agreement, &'a Law) = (self.a, self.law);
        match &a.parties.entry(party)?.value.body.as_ref()?.value {
            Body::One(id) => {
                let (id, body) = law.bodies.get_key_value(id)?;
                Some(End {
                    body: Some(id),
                    kind: &body.kind,
                })
            }
            Body::Each(each) => {
                let register = law.register(&each.each_of.as_ref()?.value)?;
                Some(End {
                    body: None,
                    kind: register.kind.as_ref()?,
                })
            }
        }
    }

    /// Was a fault told within the part of the file at this path? What follows from it is not told again.
    fn has_fault_at(&self, path: &[&str]) -> bool {
        let mut node = self.root;
        for step in path {
            let Value::Map(entries) = &node.value else {
                return false;
            };
            let Some((_, below)) = entries.iter().find(|(key, _)| key.text == *step) else {
                return false;
            };
            node = below;
        }
        self.log.told_within(node.span)
    }

    /// Where to point when something about the whole is wrong.
    fn whole(&self) -> Span {
        self.root.place()
    }

    fn regime(&self) -> Option<&'a Regime> {
        let law: &'a Law = self.law;
        law.regime(self.a.regime.as_ref()?.value.name.as_ref()?)
    }

    /// Is the body of a party bound by the laws of the United Kingdom? One that is not known is.
    fn is_bound(&self, party: &PartyId) -> bool {
        let body = self.end(party).and_then(|end| self.law.body(end.body?));
        body.is_none_or(|body| body.country.as_str() == "united-kingdom")
    }

    fn is_party(&self, party: &PartyId) -> bool {
        self.a.parties.has(party)
    }

    /// Does the flow go to the person it is about?
    fn to_subject(&self, flow: &Flow) -> bool {
        flow.to
            .as_ref()
            .is_some_and(|to| to.value.as_str() == SUBJECT)
    }

    /// Is anything that the flow sends about people, or of a personal class?
    fn is_personal(&self, flow: &Flow) -> bool {
        flow.send.all().iter().any(|d| {
            self.a.datasets.entry(&d.value).is_none_or(|dataset| {
                !dataset.value.about_nobody() || data::has_personal_field(self.a, &dataset.value)
            })
        })
    }

    /// The flows that go between parties that are there, with their ends.
    fn ways(&self) -> impl Iterator<Item = (&'a FlowId, &'a At<Flow>, &'a PartyId, &'a PartyId)> {
        let a: &'a Agreement = self.a;
        a.each_flow().filter_map(move |(id, flow)| {
            let (from, to) = (
                &flow.value.from.as_ref()?.value,
                &flow.value.to.as_ref()?.value,
            );
            (self.is_party(from) && self.is_party(to)).then_some((id, flow, from, to))
        })
    }
}

/// The conditions that a flow names, each with the place where it does.
pub(crate) fn conditions_of<'a>(a: &'a Agreement, flow: &'a Flow) -> Vec<&'a At<ConditionId>> {
    let lines = a
        .lines(flow)
        .iter()
        .filter_map(|line| line.value.when.as_ref());
    let needs = flow
        .needs
        .all()
        .iter()
        .filter_map(|need| need.value.for_rows());
    let links = a.sent(flow).filter_map(|path| a.links(&path)).flatten();
    let cells = links.filter_map(|(_, field)| field.only.as_ref());
    flow.only
        .iter()
        .chain(lines)
        .chain(needs)
        .chain(cells)
        .collect()
}

/// The names of all fields, for a hint.
fn paths(a: &Agreement) -> impl Iterator<Item = FieldPath> + '_ {
    a.fields().map(|(path, ..)| path)
}

/// The bodies of a set of parties.
pub(crate) fn bodies(a: &Agreement) -> BTreeSet<&BodyId> {
    a.parties
        .entries()
        .filter_map(|(_, at)| match at.value.body.as_ref().map(|b| &b.value) {
            Some(Body::One(body)) => Some(body),
            Some(Body::Each(_)) | None => None,
        })
        .collect()
}

/// The terms of a condition.
pub(crate) fn terms(condition: &crate::model::Condition) -> impl Iterator<Item = &At<Term>> {
    condition.all.all().iter().chain(condition.any.all())
}
