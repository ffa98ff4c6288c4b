//! What holders may do with what they have: keep it until when, pass it on to whom, answer for it by whom.

use std::collections::BTreeSet;

use crate::check::{Scope, flows, sent};
use crate::ids::{DatasetId, FlowId, PartyId};
use crate::keep::{Place, Subject};
use crate::rules::{MISSING, TWICE, UNUSED, WORD};

pub(super) fn check(scope: &Scope<'_>) {
    retention(scope);
    keep_lines(scope);
    onward(scope);
    for_each_party(scope);
}

/// Every dataset that a flow moves has a keep rule at its sender and at its receiver (AGR-19).
fn retention(scope: &Scope<'_>) {
    let mut told = BTreeSet::new();
    for (id, flow) in flows(scope) {
        let ends = [
            (&flow.value.from, Place::Staging),
            (&flow.value.to, Place::Received),
        ];
        for (party, place) in ends {
            let Some(party) = party
                .as_ref()
                .filter(|p| scope.a.parties.contains_key(&p.value))
            else {
                continue;
            };
            for dataset in flow
                .value
                .send
                .iter()
                .filter(|d| scope.a.datasets.contains_key(&d.value))
            {
                let known = held(scope, &dataset.value, &party.value, place);
                if known || !told.insert((&dataset.value, &party.value, place)) {
                    continue;
                }
                let (copy, mend) = match place {
                    Place::Staging => ("the copy it sends", ", in: staging"),
                    Place::Received => ("what it receives", ""),
                };
                let message = format!(
                    "the flow {id} moves {}, and nothing says how long {} keeps {copy}",
                    dataset.value, party.value
                );
                scope
                    .log
                    .fault("AGR-19", dataset.span, message)
                    .help(format!(
                        "add to keep: `- {{ what: {}, at: {}{mend}, until: ..., then: destroy }}`",
                        dataset.value, party.value
                    ));
            }
        }
    }
}

fn held(scope: &Scope<'_>, dataset: &DatasetId, party: &PartyId, place: Place) -> bool {
    scope.a.keep.iter().any(|line| {
        // A line whose own parts have a fault is given the benefit of the doubt, so that nothing is told twice.
        line.what.iter().any(|d| d.value == *dataset)
            && line.at.as_ref().is_none_or(|p| p.value == *party)
            && line.place.is_none_or(|p| p == place)
    })
}

fn keep_lines(scope: &Scope<'_>) {
    let mut seen = BTreeSet::new();
    for line in &scope.a.keep {
        for event in line.until.iter().chain(&line.from) {
            if event.value.of != Subject::Run {
                scope
                    .log
                    .fault(WORD, event.span, "a keeping ends with an event of the run")
                    .help("write `of: run`");
            }
        }
        let (Some(at), Some(place)) = (&line.at, line.place) else {
            continue;
        };
        for dataset in &line.what {
            if !seen.insert((&dataset.value, &at.value, place)) {
                let message = format!(
                    "how long {} keeps {} is said twice",
                    at.value, dataset.value
                );
                scope.log.fault(TWICE, dataset.span, message);
            }
        }
    }
}

/// Keep rules for what a party never has. Asked only where there is no fault, which may hide a use.
pub(super) fn unused(scope: &Scope<'_>) {
    for line in &scope.a.keep {
        let (Some(at), Some(place)) = (&line.at, line.place) else {
            continue;
        };
        for dataset in &line.what {
            let comes = scope.a.flows.values().map(|f| &f.value).any(|flow| {
                let end = match place {
                    Place::Staging => &flow.from,
                    Place::Received => &flow.to,
                };
                end.as_ref().is_some_and(|p| p.value == at.value)
                    && flow.send.iter().any(|d| d.value == dataset.value)
            });
            if !comes {
                let verb = match place {
                    Place::Staging => "sends",
                    Place::Received => "receives",
                };
                let message = format!("{} never {verb} {}", at.value, dataset.value);
                scope.log.warn(UNUSED, dataset.span, message);
            }
        }
    }
}

/// What was received goes on only by the flows that `onward` names (LEG-30).
fn onward(scope: &Scope<'_>) {
    let a = scope.a;
    for (id, flow) in flows(scope) {
        for dataset in flow
            .value
            .send
            .iter()
            .filter(|d| a.datasets.contains_key(&d.value))
        {
            if !a.onward.contains_key("*") && !a.onward.contains_key(dataset.value.as_str()) {
                let message = format!("nothing says whether {} may go on to others", dataset.value);
                scope
                    .log
                    .fault("LEG-30", dataset.span, message)
                    .help("write `onward: { \"*\": none }`");
            }
        }
        let mut told = BTreeSet::new();
        for field in sent(a, &flow.value) {
            let Some(origin) = a.origin(&field) else {
                continue;
            };
            if !scope.moves.passes_on(&flow.value, &origin) || !told.insert(origin.dataset.clone())
            {
                continue;
            }
            let rule = a
                .onward
                .get(origin.dataset.as_str())
                .or_else(|| a.onward.get("*"));
            if rule.is_some_and(|flows| !allows(&flows.value, id)) {
                let span = flow
                    .value
                    .send
                    .iter()
                    .find(|d| d.value == field.dataset)
                    .map_or(flow.span, |d| d.span);
                let message = format!(
                    "the flow {id} passes {} on, and onward does not allow it",
                    origin.dataset
                );
                scope.log.fault("LEG-30", span, message).help(format!(
                    "write `onward: {{ {}: [{id}] }}`, if it may",
                    origin.dataset
                ));
            }
        }
    }
}

fn allows(flows: &[crate::read::At<FlowId>], id: &FlowId) -> bool {
    flows.iter().any(|f| f.value == *id)
}

/// Contacts and a signer for every party.
fn for_each_party(scope: &Scope<'_>) {
    let a = scope.a;
    for (party, at) in &a.parties {
        if !a.contacts.contains_key(party) {
            scope
                .log
                .fault(
                    "PTY-03",
                    at.span,
                    format!("the party {party} has no contacts"),
                )
                .help("add it to `contacts`");
        }
        if !a.signed.contains_key(party) {
            scope
                .log
                .fault(
                    "AGR-21",
                    at.span,
                    format!("nothing says who signs for the party {party}"),
                )
                .help("add it to `signed`");
        }
    }
    let spans = a
        .contacts
        .iter()
        .map(|(p, at)| (p, at.span))
        .chain(a.signed.iter().map(|(p, at)| (p, at.span)));
    for (party, span) in spans {
        if !a.parties.contains_key(party) {
            scope.undeclared(
                "party",
                party.as_str(),
                span,
                a.parties.keys().map(PartyId::as_str),
            );
        }
    }
    if a.parties.len() < 2 {
        scope
            .log
            .fault(MISSING, a.span, "an agreement has at least two parties");
    }
}
