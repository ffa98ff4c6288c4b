//! Does each test fit the type of what it tests, and can whoever must test it know it?

use std::collections::{BTreeMap, BTreeSet};

use crate::check::data::type_of;
use crate::check::{Check, conditions_of, paths, terms};
use crate::condition::Operand;
use crate::grammar::{Entries, Items};
use crate::ids::{ConditionId, FactId, FieldPath, FlowId, PartyId, PersonKind};
use crate::log::{At, cut};
use crate::model::{Agreement, DEEPEST, Fact, Flow, Term, Test, TestOf, Tested, Told};
use crate::rules::{CIRCLE, HAVE, KNOWN_TO, TEST_TYPE};
use crate::value::FieldType;

/// All that a condition rests on, itself and through others.
#[derive(Default)]
pub(super) struct Rests<'a> {
    operands: BTreeSet<Operand>,
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
                Term::Test(test) => rests.operands.extend(operand(&test.of.value)),
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
        for fact in facts(check.a, rests) {
            if !knows(fact.1, &by.value) {
                let message = format!(
                    "{} would answer for the condition {}, which rests on {}, and cannot know it",
                    by.value, that.value, fact.0
                );
                check.log.fault(KNOWN_TO, by.span, message);
            }
        }
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
        && let Some((kind, _)) = type_of(check.a, check.law, &operand)
    {
        fits(check, &of.value.0, of.span, &test.test, &kind);
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
                terms(&c.value).all(|t| match &t.value {
                    Term::Holds(other) | Term::Fails(other) => {
                        settled.contains(other) || !a.conditions.has(other)
                    }
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
        for told in &rests.told {
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

/// Can the condition be true of a person of this kind? A fact that is never about such a person is never
/// recorded of one, so a condition that needs it is never true.
pub(super) fn can_hold(
    check_a: &Agreement,
    id: &ConditionId,
    kind: &PersonKind,
    deep: usize,
) -> bool {
    let Some(condition) = check_a.conditions.entry(id) else {
        return false;
    };
    let Some(deep) = deep.checked_sub(1) else {
        return false;
    };
    let term = |term: &At<Term>| match &term.value {
        Term::Holds(other) => can_hold(check_a, other, kind, deep),
        Term::Fails(_) | Term::Received(_) => true,
        Term::Test(test) => match operand(&test.of.value) {
            Some(Operand::Fact(fact)) => {
                matches!(test.test, Test::Known(false))
                    || check_a
                        .facts
                        .entry(&fact)
                        .is_none_or(|f| check_a.concerns(f.value.of.all(), kind))
            }
            Some(Operand::Field(_)) | None => true,
        },
    };
    match (&condition.value.told, &condition.value.any) {
        // What is told is a condition of the teller, about the same person.
        (Some(told), _) => told
            .value
            .that
            .as_ref()
            .is_none_or(|that| can_hold(check_a, &that.value, kind, deep)),
        (None, Some(_)) => condition.value.any.all().iter().any(term),
        (None, None) => condition.value.all.all().iter().all(term),
    }
}

/// Does the condition hold only of records where a fact of this type has one of these values?
pub(super) fn keeps_within(
    check: &Check<'_>,
    id: &ConditionId,
    is_type: &dyn Fn(&FieldType) -> bool,
    values: &[String],
    deep: usize,
) -> bool {
    let (Some(condition), Some(deep)) = (check.a.conditions.entry(id), deep.checked_sub(1)) else {
        return false;
    };
    let within = |value: &String| values.contains(value);
    let term = |term: &At<Term>| match &term.value {
        Term::Holds(other) => keeps_within(check, other, is_type, values, deep),
        Term::Fails(_) | Term::Received(_) => false,
        Term::Test(test) => {
            let kind = operand(&test.of.value).and_then(|o| type_of(check.a, check.law, &o));
            kind.is_some_and(|(kind, _)| {
                is_type(&kind)
                    && match &test.test {
                        Test::Is(value) => within(value),
                        Test::In(all) => all.iter().all(within),
                        // Recorded at all is enough where every value it can have is one of these.
                        Test::Known(known) => {
                            *known
                                && match &kind {
                                    FieldType::OneOf(all)
                                    | FieldType::Listed { codes: all, .. } => {
                                        all.iter().all(within)
                                    }
                                    FieldType::Plain(_) | FieldType::WhichOf(_) => false,
                                }
                        }
                        Test::Before(_)
                        | Test::OnOrAfter(_)
                        | Test::AgoAtLeast(_)
                        | Test::AgoLessThan(_)
                        | Test::AtLeast(_)
                        | Test::AtMost(_) => false,
                    }
            })
        }
    };
    match (&condition.value.told, &condition.value.any) {
        (Some(told), _) => told
            .value
            .that
            .as_ref()
            .is_some_and(|that| keeps_within(check, &that.value, is_type, values, deep)),
        (None, Some(_)) => {
            let all = condition.value.any.all();
            !all.is_empty() && all.iter().all(term)
        }
        (None, None) => condition.value.all.all().iter().any(term),
    }
}

/// Does the condition rest on a fact that is recorded as a text and that this party knows?
pub(super) fn is_documented(check: &Check<'_>, id: &ConditionId, by: &PartyId) -> bool {
    check.rests.get(id).is_some_and(|rests| {
        facts(check.a, rests).any(|(_, fact)| {
            let text = fact
                .recorded_as
                .as_ref()
                .is_some_and(|r| r.value == crate::words::Recorded::Text);
            text && knows(fact, by)
        })
    })
}
