//! Every name that is used is declared, and what is declared is used.

use std::collections::BTreeSet;

use crate::check::{Scope, flows};
use crate::condition::{Operand, Term};
use crate::diagnostic::Span;
use crate::ids::{ConditionId, Name, ReadingId};
use crate::model::{By, DEEPEST, Dataset, Holds, Part, RowPer};
use crate::read::At;
use crate::rules::{CIRCLE, MISSING, NEVER, UNUSED};

pub(super) fn check(scope: &Scope<'_>) {
    header(scope);
    facts(scope);
    datasets(scope);
    conditions(scope);
    for (_, flow) in flows(scope) {
        flow_names(scope, &flow.value);
    }
    rest(scope);
    for reading in used_readings(scope) {
        scope.declared("reading", reading, scope.a.readings.keys());
    }
    if scope.a.flows.is_empty() {
        let message = "the agreement has no flow, so it permits nothing";
        scope.log.fault(MISSING, scope.a.span, message);
    }
}

fn header(scope: &Scope<'_>) {
    let a = scope.a;
    if let Some(regime) = &a.regime
        && !scope.law.regimes.contains_key(&regime.value)
    {
        let all = scope.law.regimes.keys().map(String::as_str);
        scope.undeclared("data protection regime", &regime.value, regime.span, all);
    }
    for party in a.parties.values() {
        if let Some(body) = &party.value.body {
            scope.declared("body in the law catalogue", body, scope.law.bodies.keys());
        }
    }
    for purpose in a.purposes.values() {
        for law in &purpose.value.law {
            scope.declared(
                "legal purpose in the law catalogue",
                law,
                scope.law.purposes.keys(),
            );
        }
    }
}

fn facts(scope: &Scope<'_>) {
    for fact in scope.a.facts.values() {
        if let Some(of) = &fact.value.of {
            scope.declared("kind of person", of, scope.a.people.keys());
        }
        for party in &fact.value.known_to {
            scope.declared("party", party, scope.a.parties.keys());
        }
    }
}

fn datasets(scope: &Scope<'_>) {
    let a = scope.a;
    for dataset in a.datasets.values() {
        for kind in &dataset.value.about {
            scope.declared("kind of person", kind, a.people.keys());
        }
        if let Some(at) = &dataset.value.one_row_per {
            row_per(scope, &dataset.value, at);
        }
        for field in &dataset.value.fields {
            if let Some(never) = dataset.value.never.get(&field.name.value) {
                let message = format!(
                    "the dataset never has {}, as line {} says",
                    field.name.value, never.span.line
                );
                scope
                    .log
                    .fault(NEVER, field.name.span, message)
                    .help("take the field out");
            }
            if let Some(Holds::CopyOf(source)) = &field.holds {
                copy(scope, &source.value, source.span);
            }
        }
    }
}

fn row_per(scope: &Scope<'_>, dataset: &Dataset, at: &At<RowPer>) {
    match &at.value {
        RowPer::Person(kind) => {
            if !dataset.about.iter().any(|k| k.value == *kind) {
                let all = dataset.about.iter().map(|k| k.value.as_str());
                let what = "kind of person in this dataset";
                scope.undeclared(what, kind.as_str(), at.span, all);
            }
        }
        RowPer::RowOf(other) => {
            if !scope.a.datasets.contains_key(other) {
                let all = scope.a.datasets.keys().map(Name::as_text);
                scope.undeclared("dataset", other.as_str(), at.span, all);
            }
        }
    }
}

fn copy(scope: &Scope<'_>, source: &crate::FieldPath, span: Span) {
    if scope.a.field(source).is_none() {
        let all: Vec<String> = scope.a.fields().map(|(path, _)| path.to_string()).collect();
        scope.undeclared(
            "field",
            &source.to_string(),
            span,
            all.iter().map(String::as_str),
        );
        return;
    }
    let mut at = source;
    for _ in 0..=DEEPEST {
        match scope.a.field(at).map(|f| &f.holds) {
            Some(Some(Holds::CopyOf(next))) => at = &next.value,
            _ => return,
        }
    }
    scope.log.fault(
        CIRCLE,
        span,
        format!("the copy of {source} ends at no field of its own"),
    );
}

fn conditions(scope: &Scope<'_>) {
    let a = scope.a;
    for condition in a.conditions.values() {
        for term in &condition.value.terms {
            if let Term::Holds(other) = &term.value
                && !a.conditions.contains_key(other)
            {
                let all = a.conditions.keys().map(Name::as_text);
                scope.undeclared("condition", other.as_str(), term.span, all);
            }
        }
    }
    // Round by round, those that rest on settled ones are settled; what is left is too deep or a circle.
    let mut settled: BTreeSet<&ConditionId> = BTreeSet::new();
    for _ in 0..=DEEPEST {
        let now: Vec<&ConditionId> = a
            .conditions
            .iter()
            .filter(|(_, c)| {
                c.value.terms.iter().all(|t| match &t.value {
                    Term::Holds(other) => {
                        settled.contains(other) || !a.conditions.contains_key(other)
                    }
                    Term::Test { .. } => true,
                })
            })
            .map(|(id, _)| id)
            .collect();
        settled.extend(now);
    }
    for (id, condition) in &a.conditions {
        if !settled.contains(id) {
            let message = format!(
                "the condition {id} rests on itself, or on others more than {DEEPEST} deep"
            );
            scope.log.fault(CIRCLE, condition.span, message);
        }
    }
}

fn flow_names(scope: &Scope<'_>, flow: &crate::model::Flow) {
    let a = scope.a;
    for party in flow.from.iter().chain(&flow.to) {
        scope.declared("party", party, a.parties.keys());
    }
    for dataset in &flow.send {
        scope.declared("dataset", dataset, a.datasets.keys());
    }
    if let Some(By::Named(basis)) = &flow.by {
        scope.declared("basis", basis, a.bases.keys());
    }
    for condition in flow.only.iter() {
        scope.declared("condition", condition, a.conditions.keys());
    }
    for purpose in &flow.purposes {
        scope.declared("purpose", purpose, a.purposes.keys());
    }
    for asked in flow.answers.iter().flat_map(|answers| &answers.flow) {
        scope.declared("flow", asked, a.flows.keys());
    }
}

fn rest(scope: &Scope<'_>) {
    let a = scope.a;
    let inline = a.flows.values().filter_map(|flow| match &flow.value.by {
        Some(By::Lines(lines)) => Some(lines),
        Some(By::Named(_)) | None => None,
    });
    for line in inline.chain(a.bases.values().map(|at| &at.value)).flatten() {
        if let Some(condition) = &line.when {
            scope.declared("condition", condition, a.conditions.keys());
        }
    }
    for (dataset, flows) in &a.onward {
        if dataset != "*" && !a.datasets.keys().any(|d| d.as_str() == dataset) {
            scope.undeclared(
                "dataset",
                dataset,
                flows.span,
                a.datasets.keys().map(Name::as_text),
            );
        }
        for flow in &flows.value {
            scope.declared("flow", flow, a.flows.keys());
        }
    }
    for decision in a.decisions.values() {
        if let Some(by) = &decision.value.by
            && !a.parties.contains_key(&by.value.party)
        {
            scope.undeclared(
                "party",
                by.value.party.as_str(),
                by.span,
                a.parties.keys().map(Name::as_text),
            );
        }
        for kind in &decision.value.of {
            scope.declared("kind of person", kind, a.people.keys());
        }
    }
    for line in &a.keep {
        for dataset in &line.what {
            scope.declared("dataset", dataset, a.datasets.keys());
        }
        if let Some(party) = &line.at {
            scope.declared("party", party, a.parties.keys());
        }
    }
    let owners = a.clocks.iter().filter_map(|c| c.owner.as_ref());
    let owners = owners.chain(a.readings.values().filter_map(|r| r.value.owner.as_ref()));
    for owner in owners.chain(a.gaps.values().filter_map(|g| g.value.owner.as_ref())) {
        let known = matches!(owner.value.as_str(), "all" | "the party that lost it")
            || a.parties.keys().any(|p| p.as_str() == owner.value);
        if !known {
            let all: Vec<&str> = a.parties.keys().map(Name::as_text).chain(["all"]).collect();
            scope.undeclared("owner", &owner.value, owner.span, all.iter().copied());
        }
    }
}

/// Every place where a reading is named.
fn used_readings<'a>(scope: &'a Scope<'_>) -> impl Iterator<Item = &'a At<ReadingId>> {
    let a = scope.a;
    let one = |part: &'a Part<ReadingId>| part.iter();
    let datasets = a.datasets.values().flat_map(move |d| {
        let fields = d.value.fields.iter().flat_map(move |f| one(&f.reading));
        fields.chain(
            d.value
                .never
                .values()
                .flat_map(move |n| one(&n.value.reading)),
        )
    });
    let flows = a.flows.values().flat_map(move |f| {
        let volume = f.value.volume.iter().flat_map(move |v| one(&v.reading));
        one(&f.value.reading).chain(volume)
    });
    datasets
        .chain(flows)
        .chain(
            a.conditions
                .values()
                .flat_map(move |c| one(&c.value.reading)),
        )
        .chain(
            a.decisions
                .values()
                .flat_map(move |d| one(&d.value.reading)),
        )
        .chain(a.keep.iter().flat_map(move |k| one(&k.reading)))
        .chain(a.clocks.iter().flat_map(move |c| one(&c.reading)))
}

fn warn(scope: &Scope<'_>, what: &str, name: &str, span: Span) {
    scope
        .log
        .warn(UNUSED, span, format!("the {what} {name} is used nowhere"));
}

/// What is declared and used nowhere. Asked only where there is no fault, which may hide a use.
pub(super) fn unused(scope: &Scope<'_>) {
    let a = scope.a;
    for (id, reading) in &a.readings {
        if !used_readings(scope).any(|used| used.value == *id) {
            warn(scope, "reading", id.as_str(), reading.span);
        }
    }
    let named: Vec<&ConditionId> = a
        .flows
        .values()
        .flat_map(|f| crate::check::conditions_of(a, &f.value))
        .map(|at| &at.value)
        .chain(
            a.conditions
                .values()
                .flat_map(|c| &c.value.terms)
                .filter_map(|t| match &t.value {
                    Term::Holds(other) => Some(other),
                    Term::Test { .. } => None,
                }),
        )
        .collect();
    let tested: Vec<&Operand> = a
        .conditions
        .values()
        .flat_map(|c| &c.value.terms)
        .filter_map(|t| match &t.value {
            Term::Test { of, .. } => Some(of),
            Term::Holds(_) => None,
        })
        .collect();
    for (id, at) in &a.conditions {
        if !named.contains(&id) {
            warn(scope, "condition", id.as_str(), at.span);
        }
    }
    for (id, at) in &a.facts {
        if !tested
            .iter()
            .any(|o| matches!(o, Operand::Fact(f) if f == id))
        {
            warn(scope, "fact", id.as_str(), at.span);
        }
    }
    for (id, at) in &a.datasets {
        if !a
            .flows
            .values()
            .any(|f| f.value.send.iter().any(|d| d.value == *id))
        {
            warn(scope, "dataset", id.as_str(), at.span);
        }
    }
    for (id, at) in &a.purposes {
        if !a
            .flows
            .values()
            .any(|f| f.value.purposes.iter().any(|p| p.value == *id))
        {
            warn(scope, "purpose", id.as_str(), at.span);
        }
    }
    for (id, at) in &a.bases {
        let uses = |by: &Option<By>| matches!(by, Some(By::Named(n)) if n.value == *id);
        if !a.flows.values().any(|f| uses(&f.value.by)) {
            warn(scope, "basis", id.as_str(), at.span);
        }
    }
    for (id, at) in &a.people {
        if !a
            .datasets
            .values()
            .any(|d| d.value.about.iter().any(|k| k.value == *id))
        {
            warn(scope, "kind of person", id.as_str(), at.span);
        }
    }
}
