//! Does each test fit the type of what it tests, and can whoever must test it know it?

use std::collections::{BTreeMap, BTreeSet};

use crate::check::data::type_of;
use crate::check::{Check, conditions_of, paths, terms};
use crate::condition::Operand;
use crate::grammar::{Entries, Items};
use crate::ids::{ConditionId, FactId, FieldPath, FlowId, PartyId};
use crate::log::{At, cut};
use crate::model::{Agreement, DEEPEST, Fact, Flow, Term, Test, TestOf, Tested, Told};
use crate::rules::{CIRCLE, HAVE, KNOWN_TO, TEST_TYPE};
use crate::value::FieldType;

/// All that a condition rests on, itself and through others.
#[derive(Default)]
pub(super) struct Rests<'a> {
    operands: BTreeSet<Operand>,
    /// The facts of which it asks whether they are recorded.
    known: BTreeSet<FactId>,
    flows: BTreeSet<&'a FlowId>,
    told: Vec<&'a Told>,
}

pub(super) fn rests(a: &Agreement) -> BTreeMap<&ConditionId, Rests<'_>> {
    a.conditions
        .names()
        .map(|id| (id, rests_of(a, id)))
        .collect()
}

fn rests_of<'a>(a: &'a Agreement, id: &'a ConditionId) -> Rests<'a> {
    let mut rests = Rests::default();
    let mut seen = BTreeSet::from([id]);
    let mut next = vec![id];
    while let Some(id) = next.pop() {
        let Some(condition) = a.conditions.entry(id) else {
            continue;
        };
        rests
            .told
            .extend(condition.value.told.iter().map(|at| &at.value));
        for term in terms(&condition.value) {
            match &term.value {
                Term::Test(test) => {
                    let of = operand(&test.of.value);
                    if let (Some(Operand::Fact(fact)), Test::Known(_)) = (&of, &test.test) {
                        rests.known.insert(fact.clone());
                    }
                    rests.operands.extend(of);
                }
                Term::Holds(other) | Term::Fails(other) => {
                    if seen.insert(other) {
                        next.push(other);
                    }
                }
                Term::Received(flow) => {
                    rests.flows.insert(flow);
                }
            }
        }
    }
    rests
}

/// What a term tests: a field where there is a full stop, a fact otherwise.
pub(crate) fn operand(tested: &Tested) -> Option<Operand> {
    if tested.0.contains('.') {
        FieldPath::parse(&tested.0).ok().map(Operand::Field)
    } else {
        FactId::parse(&tested.0).ok().map(Operand::Fact)
    }
}

pub(super) fn check(check: &Check<'_>) {
    let a = check.a;
    for (_, condition) in a.conditions.entries() {
        for term in terms(&condition.value) {
            match &term.value {
                Term::Test(test) => tested(check, test),
                Term::Holds(other) | Term::Fails(other) => {
                    let at = At::new(other.clone(), term.span);
                    check.declared("condition", &at, a.conditions.names());
                }
                Term::Received(flow) => {
                    let at = At::new(flow.clone(), term.span);
                    check.declared("flow", &at, a.flows.names());
                }
            }
        }
        if let Some(told) = &condition.value.told {
            told_by(check, &told.value);
        }
    }
    circles(check);
    for (id, flow) in a.each_flow() {
        knowable(check, id, &flow.value);
    }
}

fn told_by(check: &Check<'_>, told: &Told) {
    if let Some(by) = &told.by {
        check.declared("party", by, check.a.parties.names());
    }
    let Some(that) = &told.that else { return };
    check.declared("condition", that, check.a.conditions.names());
    if let Some(by) = &told.by
        && let Some(rests) = check.rests.get(&that.value)
    {
        let needs = |what: &dyn std::fmt::Display| {
            format!(
                "{} would answer for the condition {}, which rests on {what}",
                by.value, that.value
            )
        };
        for of in &rests.operands {
            knowable_by(check, &needs(of), of, by, by.span);
        }
        for inner in &rests.told {
            hears(check, inner, &by.value, by.span);
        }
    }
}

/// What one party tells another goes with a flow between them: to tell is to disclose.
fn hears(check: &Check<'_>, told: &Told, listener: &PartyId, span: crate::Span) {
    let Some(by) = told.by.as_ref().filter(|by| by.value != *listener) else {
        return;
    };
    let goes = check
        .ways()
        .any(|(_, _, from, to)| *from == by.value && to == listener);
    if check.is_party(&by.value) && check.is_party(listener) && check.moves.is_complete() && !goes {
        let message = format!(
            "{} would tell {listener} something, and no flow goes from {} to {listener}",
            by.value, by.value
        );
        check
            .log
            .fault("LEG-01", span, message)
            .help("to tell is to disclose: it goes with a flow that has its gateway");
    }
}

fn facts<'a>(
    a: &'a Agreement,
    rests: &'a Rests<'_>,
) -> impl Iterator<Item = (&'a FactId, &'a Fact)> {
    rests
        .operands
        .iter()
        .filter_map(move |operand| match operand {
            Operand::Fact(id) => a.facts.entry(id).map(|at| (id, &at.value)),
            Operand::Field(_) => None,
        })
}

fn knows(fact: &Fact, party: &PartyId) -> bool {
    let known_to = fact.known_to.all();
    known_to.is_empty() || known_to.iter().any(|p| p.value == *party)
}

/// The test of a fact or a field fits its type.
pub(super) fn tested(check: &Check<'_>, test: &TestOf) {
    let of = &test.of;
    if !known(check, of) {
        return;
    }
    if let Some(operand) = operand(&of.value)
        && let Some((kind, many)) = type_of(check.a, check.law, &operand)
    {
        fits(check, &of.value.0, of.span, &test.test, &kind);
        let compares = !matches!(test.test, Test::Is(_) | Test::In(_) | Test::Known(_));
        if many && compares {
            let message = format!(
                "{} can have several values, and this compares one",
                of.value
            );
            check
                .log
                .fault(TEST_TYPE, of.span, message)
                .help("use a fact that has one value, such as the latest");
        }
    }
}

/// Is there a fact or field of this name? Where not, that is told.
pub(super) fn known(check: &Check<'_>, of: &At<Tested>) -> bool {
    let Some(operand) = operand(&of.value) else {
        return false;
    };
    let there = match &operand {
        Operand::Fact(fact) => check.a.facts.has(fact),
        Operand::Field(path) => check.a.field(path).is_some(),
    };
    if !there {
        match operand {
            Operand::Fact(_) => {
                check.undeclared("fact", &of.value.0, of.span, check.a.facts.names())
            }
            Operand::Field(_) => check.undeclared("field", &of.value.0, of.span, paths(check.a)),
        }
    }
    there
}

/// A party that goes by a condition can know all that it rests on.
pub(super) fn condition_known(
    check: &Check<'_>,
    what: &str,
    condition: &At<ConditionId>,
    party: &At<PartyId>,
) {
    let Some(rests) = check.rests.get(&condition.value) else {
        return;
    };
    for of in &rests.operands {
        let needs = format!(
            "{what} after the condition {}, which rests on {of}",
            condition.value
        );
        knowable_by(check, &needs, of, party, condition.span);
    }
}

/// A party that must look at a fact can know it, and one that must look at a field has it.
pub(super) fn knowable_by(
    check: &Check<'_>,
    needs: &str,
    of: &Operand,
    party: &At<PartyId>,
    span: crate::Span,
) {
    match of {
        Operand::Fact(id) => {
            let fact = check.a.facts.entry(id);
            if fact.is_some_and(|fact| !knows(&fact.value, &party.value)) {
                let message = format!("{needs}, and {} cannot know it", party.value);
                check.log.fault(KNOWN_TO, span, message);
            }
        }
        Operand::Field(path) => {
            let origins = check.a.origins(path).unwrap_or_default();
            if origins
                .iter()
                .any(|origin| check.moves.lacks(&party.value, origin))
            {
                let message = format!("{needs}, and {} does not have it", party.value);
                check.log.fault(HAVE, span, message);
            }
        }
    }
}

/// Says where a test does not fit the type of what it tests.
pub(super) fn fits(check: &Check<'_>, of: &str, span: crate::Span, test: &Test, kind: &FieldType) {
    let said = |message: String| check.log.fault(TEST_TYPE, span, message);
    let value = |value: &str| {
        if kind.accepts(value) {
            return;
        }
        let message = format!(
            "`{}` is not a value of {of}, which is a {}",
            cut(value),
            kind.name()
        );
        let fault = said(message);
        let values = match kind {
            FieldType::OneOf(values) | FieldType::Listed { codes: values, .. } => values.as_slice(),
            FieldType::Plain(_) | FieldType::WhichOf(_) => return,
        };
        fault.maybe(
            check
                .log
                .did_you_mean(value, values.iter().map(String::as_str)),
        );
    };
    let compares = |fits: bool, what: &str| {
        if !fits {
            said(format!(
                "this compares {what}, and {of} is a {}",
                kind.name()
            ));
        }
    };
    match test {
        Test::Is(one) => value(one),
        Test::In(all) => all.iter().for_each(|v| value(v)),
        Test::Known(_) => {}
        Test::Before(_) | Test::OnOrAfter(_) => compares(kind.is_day(), "days"),
        Test::AgoAtLeast(period) | Test::AgoLessThan(period) => {
            compares(kind.is_day(), "days");
            if period.after(jiff::civil::date(2000, 1, 1)).is_none() {
                said(format!(
                    "{period} is no count of days, weeks, months or years"
                ));
            }
        }
        Test::AtLeast(_) | Test::AtMost(_) => compares(kind.is_number(), "numbers"),
    }
}

/// Conditions rest on others at most so deep, and never on themselves.
fn circles(check: &Check<'_>) {
    let a = check.a;
    // Round by round, those that rest on settled ones are settled; what is left is too deep or a circle.
    let mut settled: BTreeSet<&ConditionId> = BTreeSet::new();
    for _ in 0..=DEEPEST {
        let now: Vec<&ConditionId> = a
            .conditions
            .entries()
            .filter(|(_, c)| {
                let rests_on =
                    |other: &ConditionId| settled.contains(other) || !a.conditions.has(other);
                let told = c.value.told.as_ref().and_then(|t| t.value.that.as_ref());
                told.is_none_or(|that| rests_on(&that.value))
                    && terms(&c.value).all(|t| match &t.value {
                        Term::Holds(other) | Term::Fails(other) => rests_on(other),
                        Term::Test(_) | Term::Received(_) => true,
                    })
            })
            .map(|(id, _)| id)
            .collect();
        settled.extend(now);
    }
    for (id, condition) in a.conditions.entries() {
        if !settled.contains(id) {
            let message = format!(
                "the condition {id} rests on itself, or on others more than {DEEPEST} deep"
            );
            check.log.fault(CIRCLE, condition.span, message);
        }
    }
}

/// A condition of a flow rests on what its sender can know and has (law of the house 1).
fn knowable(check: &Check<'_>, id: &FlowId, flow: &Flow) {
    let Some(from) = &flow.from else { return };
    for condition in conditions_of(check.a, flow) {
        let name = &condition.value;
        let Some(rests) = check.rests.get(name) else {
            continue;
        };
        let needs = |what: &dyn std::fmt::Display| {
            format!("the flow {id} needs the condition {name}, which rests on {what}")
        };
        for (fact, declared) in facts(check.a, rests) {
            if !knows(declared, &from.value) {
                check
                    .log
                    .fault(
                        KNOWN_TO,
                        condition.span,
                        format!("{}, and {} cannot know it", needs(fact), from.value),
                    )
                    .help("let a party test it that can know it, or let one tell the other with `told`");
            }
        }
        for path in rests.operands.iter().filter_map(|o| match o {
            Operand::Field(path) => Some(path),
            Operand::Fact(_) => None,
        }) {
            let origins = check.a.origins(path).unwrap_or_default();
            if origins
                .iter()
                .any(|origin| check.moves.lacks(&from.value, origin))
            {
                let message = format!("{}, and {} does not have it", needs(path), from.value);
                check.log.fault(HAVE, condition.span, message);
            }
        }
        for received in &rests.flows {
            let to = check
                .a
                .flows
                .entry(received)
                .and_then(|f| f.value.to.as_ref());
            if to.is_some_and(|to| to.value != from.value) {
                let message = format!(
                    "{}, and {} does not receive that flow",
                    needs(received),
                    from.value
                );
                check.log.fault(KNOWN_TO, condition.span, message);
            }
        }
        let asked_of = rests.told.iter().filter_map(|told| told.that.as_ref());
        let told_known = asked_of.filter_map(|that| check.rests.get(&that.value));
        for rests in std::iter::once(rests).chain(told_known) {
            others_known(check, id, flow, condition, rests);
        }
        for told in &rests.told {
            hears(check, told, &from.value, condition.span);
            if told.by.as_ref().is_some_and(|by| by.value == from.value) {
                let message = format!(
                    "{}, which {} would tell itself",
                    needs(
                        &told
                            .that
                            .as_ref()
                            .map(|t| t.value.to_string())
                            .unwrap_or_default()
                    ),
                    from.value
                );
                check
                    .log
                    .fault(KNOWN_TO, condition.span, message)
                    .help("use the condition itself with `holds`");
            }
        }
    }
}

/// Of a person whom a fact is never about it is never recorded: that says nothing of them, and gives no leave.
fn others_known(
    check: &Check<'_>,
    id: &FlowId,
    flow: &Flow,
    condition: &At<ConditionId>,
    rests: &Rests<'_>,
) {
    for kind in check.a.flow_about(flow) {
        for fact in &rests.known {
            let about = check.a.facts.entry(fact).map(|at| at.value.of.all());
            if about.is_some_and(|of| !check.a.concerns(of, kind)) {
                let message = format!(
                    "the flow {id} is about {kind}, and the condition {} asks whether {fact} is recorded, which is never about {kind}",
                    condition.value
                );
                check
                    .log
                    .fault(TEST_TYPE, condition.span, message)
                    .help("let the fact be about that kind too, or about a case that holds both; or make two flows");
            }
        }
    }
}
