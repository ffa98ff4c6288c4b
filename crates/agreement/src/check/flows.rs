//! Does each flow hold together: its ends, its columns, what its sender can know, and what it answers?

use std::collections::BTreeSet;

use crate::check::{Scope, about, conditions_of, flows, sent};
use crate::condition::Operand;
use crate::ids::FlowId;
use crate::model::{Flow, Holds, Part, data_clash};
use crate::read::At;
use crate::rules::{ANSWERS, CIRCLE, HAVE, KNOWN_TO, NOT_YET, SHAPE};

pub(super) fn check(scope: &Scope<'_>) {
    for (id, flow) in flows(scope) {
        ends(scope, id, flow);
        columns(scope, id, &flow.value);
        knowable(scope, id, &flow.value);
        answers(scope, id, &flow.value);
    }
    circles(scope);
}

fn ends(scope: &Scope<'_>, id: &FlowId, flow: &At<Flow>) {
    if let (Some(from), Some(to)) = (&flow.value.from, &flow.value.to)
        && from.value == to.value
    {
        scope.log.fault(
            SHAPE,
            to.span,
            format!("the flow {id} goes from {} to itself", from.value),
        );
    }
}

fn columns(scope: &Scope<'_>, id: &FlowId, flow: &Flow) {
    let mut seen = BTreeSet::new();
    for dataset in &flow.send {
        let Some(found) = scope.a.datasets.get(&dataset.value) else {
            continue;
        };
        for field in &found.value.fields {
            if !seen.insert(&field.name.value) {
                data_clash(scope.log, dataset.span, &field.name.value, id.as_str());
            }
            let (Some(Holds::CopyOf(source)), Some(from)) = (&field.holds, &flow.from) else {
                continue;
            };
            let Some(origin) = scope.a.origin(&source.value) else {
                continue;
            };
            if scope.moves.lacks(&from.value, &origin) {
                let message = format!(
                    "{} would send a copy of {origin} in the flow {id}, and no flow brings it there",
                    from.value
                );
                scope.log.fault(HAVE, dataset.span, message);
            }
        }
    }
}

/// A condition of a flow rests on what its sender can know and has (law of the house 1).
fn knowable(scope: &Scope<'_>, id: &FlowId, flow: &Flow) {
    let Some(from) = &flow.from else { return };
    for condition in conditions_of(scope.a, flow) {
        let name = &condition.value;
        for operand in scope.operands.get(name).into_iter().flatten() {
            let needs =
                format!("the flow {id} needs the condition {name}, which rests on {operand}");
            match operand {
                Operand::Fact(fact) => {
                    let Some(fact) = scope.a.facts.get(fact).map(|at| &at.value) else {
                        continue;
                    };
                    let known = fact.known_to.is_empty()
                        || fact.known_to.iter().any(|p| p.value == from.value);
                    if !known {
                        scope
                            .log
                            .fault(
                                KNOWN_TO,
                                condition.span,
                                format!("{needs}, and {} cannot know it", from.value),
                            )
                            .help("let a party test it that can know it");
                    }
                    if let Some(of) = &fact.of
                        && about(scope.a, flow)
                            .into_iter()
                            .any(|kind| *kind != of.value)
                    {
                        let message = format!(
                            "{needs}, a fact about a {}: a flow about others too is not part of the language yet",
                            of.value
                        );
                        scope.log.fault(NOT_YET, condition.span, message);
                    }
                }
                Operand::Field(path) => {
                    let Some(origin) = scope.a.origin(path) else {
                        continue;
                    };
                    if scope.moves.lacks(&from.value, &origin) {
                        let message = format!("{needs}, and {} does not have it", from.value);
                        scope.log.fault(HAVE, condition.span, message);
                    }
                }
            }
        }
    }
}

fn answers(scope: &Scope<'_>, id: &FlowId, flow: &Flow) {
    let Some(answers) = &flow.answers else { return };
    let kinds = about(scope.a, flow);
    for asked in &answers.flow {
        let Some(question) = scope.a.flows.get(&asked.value).map(|at| &at.value) else {
            continue;
        };
        let declared = |p: &&At<crate::PartyId>| scope.a.parties.contains_key(&p.value);
        let same = |one: &Part<crate::PartyId>, other: &Part<crate::PartyId>| {
            let ends = one
                .as_ref()
                .filter(declared)
                .zip(other.as_ref().filter(declared));
            ends.is_none_or(|(a, b)| a.value == b.value)
        };
        if !same(&flow.from, &question.to) || !same(&flow.to, &question.from) {
            let message = format!(
                "the flow {id} answers {}, and does not go back the way it came",
                asked.value
            );
            scope.log.fault(ANSWERS, asked.span, message);
        }
        let asked_about = about(scope.a, question);
        for kind in kinds.iter().filter(|k| !asked_about.contains(k)) {
            let message = format!(
                "the flow {id} is about a {kind}, about whom {} did not ask",
                asked.value
            );
            scope.log.fault(ANSWERS, asked.span, message);
        }
        for column in &answers.pairs_on {
            let origin = |of: &Flow| {
                sent(scope.a, of)
                    .find(|f| f.field == column.value)
                    .map(|f| scope.a.origin(&f))
            };
            let told = match (origin(question), origin(flow)) {
                (None, _) => format!(
                    "{} does not send {}, so rows cannot pair on it",
                    asked.value, column.value
                ),
                (_, None) => format!(
                    "the flow {id} does not send {} back, so rows cannot pair on it",
                    column.value
                ),
                (Some(there), Some(back)) if there != back => {
                    format!(
                        "{} comes back as something else than {} sent",
                        column.value, asked.value
                    )
                }
                (Some(_), Some(_)) => continue,
            };
            scope
                .log
                .fault("MATCH-03", column.span, told)
                .help("send it both ways; `copy-of` says that it comes back as it went");
        }
    }
}

/// Some flow must come first: an answer cannot answer its own answer.
fn circles(scope: &Scope<'_>) {
    let all = &scope.a.flows;
    let mut settled: BTreeSet<&FlowId> = BTreeSet::new();
    loop {
        let before = settled.len();
        let now: Vec<&FlowId> = all
            .iter()
            .filter(|(_, flow)| {
                let asked = flow.value.answers.iter().flat_map(|a| &a.flow);
                asked
                    .into_iter()
                    .all(|f| settled.contains(&f.value) || !all.contains_key(&f.value))
            })
            .map(|(id, _)| id)
            .collect();
        settled.extend(now);
        if settled.len() == before {
            break;
        }
    }
    for (id, flow) in all.iter().filter(|(id, _)| !settled.contains(id)) {
        let span = flow.value.answers.as_ref().map_or(flow.span, |a| a.span);
        scope.log.fault(
            CIRCLE,
            span,
            format!("the flow {id} answers an answer to itself"),
        );
    }
}
