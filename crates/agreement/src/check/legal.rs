//! Is there a gateway for every flow, for its purposes, its direction, its territory and its time?

use crate::check::{Scope, flows};
use crate::condition::{Join, Operand, Term, Test};
use crate::ids::{ConditionId, FlowId, LegalPurpose};
use crate::law::{Closed, Gateway};
use crate::model::{Flow, Line};
use crate::permit::Scope as Reach;
use crate::read::At;
use crate::rules::{TWICE, WORD};

pub(super) fn check(scope: &Scope<'_>) {
    for (id, flow) in flows(scope) {
        flow_is_lawful(scope, id, flow);
    }
    umbrellas(scope);
}

/// The purposes of a flow that a gateway serves: those that stand on one of the gateway's own.
pub(crate) fn served<'a>(
    a: &'a crate::model::Agreement,
    flow: &'a Flow,
    open: &[LegalPurpose],
) -> Vec<&'a crate::ids::PurposeId> {
    let stands = |purpose: &crate::ids::PurposeId| {
        let law = a
            .purposes
            .get(purpose)
            .map_or(&[][..], |p| p.value.law.as_slice());
        law.iter().any(|l| open.contains(&l.value))
    };
    flow.purposes
        .iter()
        .map(|p| &p.value)
        .filter(|p| stands(p))
        .collect()
}

fn flow_is_lawful(scope: &Scope<'_>, id: &FlowId, flow: &At<Flow>) {
    let a = scope.a;
    let (Some(from), Some(to)) = (&flow.value.from, &flow.value.to) else {
        return;
    };
    let (Some(sender), Some(receiver)) = (scope.body(&from.value), scope.body(&to.value)) else {
        return;
    };
    let lines = a.lines(&flow.value);
    let mut unserved: Vec<_> = flow.value.purposes.iter().collect();
    // A purpose that is itself at fault is not told again as a missing gateway.
    let purposes_known = !flow.value.purposes.is_empty()
        && flow.value.purposes.iter().all(|p| {
            a.purposes.get(&p.value).is_some_and(|purpose| {
                let law = &purpose.value.law;
                !law.is_empty() && law.iter().all(|l| scope.law.purpose(&l.value).is_some())
            })
        });
    let mut one_is_closed = !purposes_known;
    for (rank, line) in lines.iter().enumerate() {
        let Some(gate) = &line.gate else { continue };
        let Some(gateway) = scope.law.gateway(&gate.value) else {
            scope.declared(
                "gateway in the law catalogue",
                gate,
                scope.law.gateways.keys(),
            );
            one_is_closed = true;
            continue;
        };
        let others = lines.iter().take(rank).filter_map(|l| l.gate.as_ref());
        if others.into_iter().any(|other| other.value == gate.value) {
            scope
                .log
                .fault(
                    TWICE,
                    gate.span,
                    format!("the flow {id} names {} twice", gate.value),
                )
                .help("join the two conditions in one with `any`");
            continue;
        }
        line_is_complete(scope, id, line, gateway, rank, lines.len());
        let law = a
            .purposes
            .values()
            .flat_map(|p| p.value.law.iter().map(|l| l.value.clone()));
        let law: Vec<LegalPurpose> = law.collect();
        let instead: Vec<&str> = scope
            .law
            .open_for(sender, receiver, &law)
            .map(crate::GatewayId::as_str)
            .collect();
        let help = if instead.is_empty() {
            format!("the catalogue has no gateway from {sender} to {receiver} for these purposes")
        } else {
            format!(
                "from {sender} to {receiver} there is: {}",
                instead.join(", ")
            )
        };
        match scope.law.open(gateway, sender, receiver) {
            Err(closed) => {
                one_is_closed = true;
                let (rule, why) = match closed {
                    Closed::Opposite => ("LEG-01", "opens the opposite way only"),
                    Closed::Elsewhere => ("LEG-01", "does not open this way"),
                    Closed::Excluded(rule) => (rule, "excludes this sender"),
                };
                let message = format!(
                    "the flow {id} goes from {sender} to {receiver}, and {} {why}",
                    gate.value
                );
                scope
                    .log
                    .fault(rule, gate.span, message)
                    .help(help)
                    .source(gateway.cites.clone());
            }
            Ok(open) => {
                let serves = served(a, &flow.value, &open);
                if serves.is_empty() && purposes_known {
                    one_is_closed = true;
                    let message = format!(
                        "{} serves none of the purposes of the flow {id}",
                        gate.value
                    );
                    scope
                        .log
                        .fault("LEG-01", gate.span, message)
                        .help(help)
                        .source(gateway.cites.clone());
                }
                unserved.retain(|p| !serves.contains(&&p.value));
                reach(scope, id, &flow.value, line, gate, gateway);
            }
        }
    }
    // Where a line has a fault, the purposes would only repeat it.
    if !one_is_closed && !lines.is_empty() {
        for purpose in unserved
            .iter()
            .filter(|p| a.purposes.contains_key(&p.value))
        {
            let message = format!(
                "no gateway of the flow {id} serves the purpose {}",
                purpose.value
            );
            scope
                .log
                .fault("LEG-23", purpose.span, message)
                .help("add a gateway that does, or take the purpose out");
        }
    }
}

fn line_is_complete(
    scope: &Scope<'_>,
    id: &FlowId,
    line: &Line,
    gateway: &Gateway,
    rank: usize,
    lines: usize,
) {
    if gateway.needs_why {
        if line.why.is_none() {
            scope
                .log
                .fault(
                    "LEG-03",
                    line.span,
                    format!(
                        "the flow {id} rests on {} and does not say why",
                        gateway.cites
                    ),
                )
                .help("write `why: no statutory gateway ...`")
                .source("it may be relied on only where no statutory gateway applies");
        }
        if lines > 1 && line.only_if.is_none() {
            scope
                .log
                .fault(
                    "LEG-03",
                    line.span,
                    format!("{} stands beside statutory gateways", gateway.cites),
                )
                .help("write `only-if: no-line-above`, and put it last");
        }
    }
    if let Some(only_if) = &line.only_if
        && rank == 0
    {
        scope
            .log
            .fault(WORD, only_if.span, "no line stands above this one")
            .help("put it last");
    }
    for with in &line.with {
        let all = gateway
            .may_be_with
            .iter()
            .chain(&gateway.read_with)
            .map(String::as_str);
        if !all.clone().any(|known| known == with.value) {
            scope.undeclared(
                "text that the catalogue reads with this gateway",
                &with.value,
                with.span,
                all,
            );
        }
    }
}

/// Territory, scope and time of one line.
fn reach(
    scope: &Scope<'_>,
    id: &FlowId,
    flow: &Flow,
    line: &Line,
    gate: &At<crate::GatewayId>,
    gateway: &Gateway,
) {
    let conditions = flow.only.iter().chain(&line.when);
    if !gateway.everywhere()
        && !conditions
            .into_iter()
            .any(|c| keeps_within(scope, &c.value, gateway, 0))
    {
        let nations = gateway.territory.join(", ");
        scope
            .log
            .fault(
                "LEG-14",
                gate.span,
                format!(
                    "{} reaches {nations} only, and the flow {id} does not test where a record is",
                    gate.value
                ),
            )
            .help("give the line a `when` with a condition on a fact of type nation")
            .source(gateway.cites.clone());
    }
    if gateway.scope == Reach::OneRecord {
        scope
            .log
            .fault(
                "LEG-16",
                gate.span,
                format!(
                    "{} is used record by record, and the flow {id} sends files",
                    gate.value
                ),
            )
            .source(gateway.cites.clone());
    }
    let Some(term) = scope.term else { return };
    let gone = gateway.until.is_some_and(|last| last < term.from);
    let not_yet = gateway.from.is_some_and(|first| first > term.last);
    if gone || not_yet {
        let message = format!(
            "{} is not in force in the term, {} to {}",
            gate.value, term.from, term.last
        );
        scope
            .log
            .fault("LEG-01", gate.span, message)
            .source(gateway.cites.clone());
    } else if gateway.until.is_some_and(|last| last < term.last)
        || gateway.from.is_some_and(|first| first > term.from)
    {
        let message = format!("{} is in force for a part of the term only", gate.value);
        scope
            .log
            .warn("LEG-01", gate.span, message)
            .source(gateway.cites.clone());
    }
}

/// Does the condition hold only of records within the gateway's territory?
fn keeps_within(scope: &Scope<'_>, id: &ConditionId, gateway: &Gateway, deep: usize) -> bool {
    let Some(condition) = scope.a.conditions.get(id) else {
        return false;
    };
    if deep > crate::model::DEEPEST || condition.value.join != Join::All {
        return false;
    }
    let within = |value: &String| gateway.territory.contains(value);
    condition.value.terms.iter().any(|term| match &term.value {
        Term::Holds(other) => keeps_within(scope, other, gateway, deep + 1),
        Term::Test {
            of: Operand::Fact(fact),
            test,
        } => {
            let kind = scope.a.facts.get(fact).and_then(|f| f.value.kind.as_ref());
            kind.is_some_and(|k| k.value == crate::FieldType::Nation)
                && match test {
                    Test::Is(value) => within(value),
                    Test::In(values) => values.iter().all(within),
                    Test::Known(_) | Test::Before(_) | Test::OnOrAfter(_) | Test::AgoAtLeast(_) => {
                        false
                    }
                }
        }
        Term::Test {
            of: Operand::Field(_),
            ..
        } => false,
    })
}

/// Every pair of parties between which something flows has its umbrella (AGR-30).
fn umbrellas(scope: &Scope<'_>) {
    let a = scope.a;
    let mut pairs = Vec::new();
    for one in a.parties.keys() {
        for other in a.parties.keys().filter(|p| *p > one) {
            pairs.push([format!("{one}-{other}"), format!("{other}-{one}")]);
        }
    }
    for (key, at) in &a.under {
        match pairs.iter().find(|names| names.contains(key)) {
            None => {
                let all = pairs.iter().flatten().map(String::as_str);
                scope.undeclared("pair of parties", key, at.span, all);
            }
            Some(names) => {
                if names.iter().all(|n| a.under.contains_key(n)) && names.iter().max() == Some(key)
                {
                    scope.log.fault(
                        TWICE,
                        at.span,
                        format!("the umbrella of the pair {key} is written twice"),
                    );
                }
            }
        }
    }
    let mut told: Vec<&[String; 2]> = Vec::new();
    for (id, flow) in flows(scope) {
        let (Some(from), Some(to)) = (&flow.value.from, &flow.value.to) else {
            continue;
        };
        let key = format!("{}-{}", from.value, to.value);
        let Some(names) = pairs.iter().find(|names| names.contains(&key)) else {
            continue;
        };
        if told.contains(&names) || names.iter().any(|n| a.under.contains_key(n)) {
            continue;
        }
        told.push(names);
        scope
            .log
            .fault(
                "AGR-30",
                flow.span,
                format!(
                    "the flow {id} goes between {} and {}, which no umbrella joins",
                    from.value, to.value
                ),
            )
            .help(format!(
                "write `under: {{ {key}: ... }}` with its reference, or a gap"
            ));
    }
}
