//! What holders may do with what they have: keep it until when, pass it on to whom, as whose controller.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Check;
use crate::check::data::civil;
use crate::check::names::event;
use crate::grammar::{Entries, Items};
use crate::ids::{DatasetId, DatasetOrAll, FlowId, PartyId};
use crate::log::At;
use crate::model::{From, KeepLine, KeepUntil, Onward};
use crate::rules::{TWICE, WORD};
use crate::words::{MatchIs, Place};

pub(super) fn check(check: &Check<'_>) {
    keep_lines(check);
    retention(check);
    onward(check);
    controllers(check);
    for clock in check.a.clocks.all() {
        let clock = &clock.value;
        civil_or_hours(check, clock);
        match clock.from.as_ref().map(|at| &at.value) {
            Some(From::Event(when)) => occasion(check, when),
            Some(From::Earlier(earlier)) => {
                if let Some(of) = &earlier.of {
                    event(check, earlier.events.all(), of);
                }
            }
            Some(From::Term) | None => {}
        }
    }
}

fn occasion(check: &Check<'_>, when: &crate::model::Occasion) {
    if let (Some(happens), Some(of)) = (&when.event, &when.of) {
        event(check, std::slice::from_ref(happens), of);
    }
}

/// What is done again and again is measured in civil days.
fn civil_or_hours(check: &Check<'_>, clock: &crate::model::Clock) {
    civil(check, &clock.every);
}

/// What a holder can have: a dataset that a flow brings or takes, or something that it derives.
type Held<'a> = (&'a DatasetId, &'a PartyId, Place);

fn keep_lines(check: &Check<'_>) {
    let a = check.a;
    let mut seen: BTreeMap<(Held<'_>, Option<MatchIs>), ()> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for at in a.keep.all() {
        let line = &at.value;
        for what in line.what.all() {
            let derived = a.derived.names().any(|d| d.as_str() == what.value.as_str());
            if !derived {
                check.declared("dataset or derived thing", what, a.datasets.names());
            }
        }
        if let Some(party) = &line.at {
            check.declared("party", party, a.parties.names());
        }
        if let Some(id) = &line.id
            && !ids.insert(&id.value)
        {
            check.log.fault(
                TWICE,
                id.span,
                format!("two keep rules are named {}", id.value),
            );
        }
        match line.until.as_ref().and_then(|u| u.value.given()) {
            Some(KeepUntil::Event(when)) => ends(check, when),
            Some(KeepUntil::Need(need)) => civil(check, &need.every),
            None => {}
        }
        if let Some(from) = &line.from {
            ends(check, &from.value);
        }
        civil(check, &line.length);
        if let Some(decided) = line.unless.as_ref().and_then(|u| u.value.decided.as_ref()) {
            check.declared("decision", decided, a.decisions.names());
        }
        let Some(party) = &line.at else { continue };
        for dataset in line.what.all() {
            let held: Held<'_> = (&dataset.value, &party.value, line.place());
            let rows = line.rows();
            // Two rules for the same rows are one too many; so is one for all rows beside one for some.
            let clash = seen.contains_key(&(held, rows))
                || seen.contains_key(&(held, None))
                || (rows.is_none() && seen.keys().any(|(h, _)| *h == held));
            if clash {
                let message = format!(
                    "how long {} keeps {} is said twice",
                    party.value, dataset.value
                );
                check.log.fault(TWICE, dataset.span, message);
            }
            seen.insert((held, rows), ());
        }
    }
}

/// A keeping ends with an event of the exchange, and not with an incident.
fn ends(check: &Check<'_>, when: &crate::model::Occasion) {
    if let Some(of) = &when.of
        && matches!(of.value.as_str(), "incident" | "issue" | "error")
    {
        check
            .log
            .fault(WORD, of.span, "a keeping ends with an event of the exchange")
            .help("write `of: run`, `of: call`, or name a flow, a decision, a case or a kind of person");
        return;
    }
    occasion(check, when);
}

/// Everything has a keep rule at every holder (AGR-19, RET-01).
fn retention(check: &Check<'_>) {
    let a = check.a;
    let mut told = BTreeSet::new();
    for (id, flow) in a.each_flow() {
        let ends = [
            (flow.value.from.as_ref(), Place::Staging),
            (flow.value.to.as_ref(), Place::Received),
        ];
        let hands = flow
            .value
            .handled_by
            .all()
            .iter()
            .map(|p| (Some(p), Place::Received));
        for (party, place) in ends.into_iter().chain(hands) {
            let Some(party) = party.filter(|p| check.is_party(&p.value)) else {
                continue;
            };
            for dataset in flow
                .value
                .send
                .all()
                .iter()
                .filter(|d| a.datasets.has(&d.value))
            {
                let held: Held<'_> = (&dataset.value, &party.value, place);
                if !told.insert(held) {
                    continue;
                }
                let copy = match place {
                    Place::Staging => "the copy it sends",
                    Place::Received
                        if flow
                            .value
                            .to
                            .as_ref()
                            .is_some_and(|to| to.value == party.value) =>
                    {
                        "what it receives"
                    }
                    Place::Received => "what it handles",
                };
                let message = format!(
                    "the flow {id} moves {}, and nothing says how long {} keeps {copy}",
                    dataset.value, party.value
                );
                missing(check, held, dataset.span, &message);
            }
        }
    }
    for (id, at) in a.derived.entries() {
        let Some(party) = at.value.at.as_ref().filter(|p| check.is_party(&p.value)) else {
            continue;
        };
        if let Ok(dataset) = DatasetId::parse(id.as_str()) {
            let message = format!("nothing says how long {} keeps {id}", party.value);
            missing(
                check,
                (&dataset, &party.value, Place::Received),
                at.span,
                &message,
            );
        }
    }
}

/// Says that something held has no keep rule, or one for a part of its rows only.
fn missing(check: &Check<'_>, held: Held<'_>, span: crate::Span, message: &str) {
    let a = check.a;
    let (dataset, party, place) = held;
    let lines: Vec<&At<KeepLine>> = a
        .keep
        .all()
        .iter()
        .filter(|at| {
            // A line whose own parts have a fault is given the benefit of the doubt, so that nothing is told
            // twice.
            let line = &at.value;
            let known = |d: &DatasetId| {
                a.datasets.has(d)
                    || a.derived
                        .names()
                        .any(|derived| derived.as_str() == d.as_str())
            };
            line.what
                .all()
                .iter()
                .any(|d| d.value == *dataset || !known(&d.value))
                && line.at.as_ref().is_none_or(|p| p.value == *party)
                && line.place() == place
        })
        .collect();
    let staging = if place == Place::Staging {
        ", in: staging"
    } else {
        ""
    };
    if lines.is_empty() {
        check
            .log
            .fault("AGR-19", span, message)
            .help(format!(
                "add to keep: `- {{ what: {dataset}, at: {party}{staging}, until: ..., then: destroy }}`"
            ));
        return;
    }
    let rows: BTreeSet<Option<MatchIs>> = lines.iter().map(|at| at.value.rows()).collect();
    let whole = rows.contains(&None) || rows.len() == MatchIs::ALL.len();
    if let (false, Some(line)) = (whole, lines.first()) {
        let message = format!("how long {party} keeps {dataset} is said for some of the rows only");
        check.log.fault("AGR-19", line.span, message).help(
            "write a rule for `match: none` and one for `match: confirmed`, or one without `where`",
        );
    }
}

/// What was received goes on only by the flows that `onward` names (LEG-30).
fn onward(check: &Check<'_>) {
    let a = check.a;
    if a.onward.is_none() {
        return;
    }
    let rule_of = |dataset: &DatasetId| {
        let all = || a.onward.entries();
        let own = all().find(|(key, _)| key.as_str() == dataset.as_str());
        own.or_else(|| all().find(|(key, _)| is_all(key)))
            .map(|(_, at)| &at.value)
    };
    for (id, flow) in a.each_flow() {
        for dataset in flow
            .value
            .send
            .all()
            .iter()
            .filter(|d| a.datasets.has(&d.value))
        {
            if rule_of(&dataset.value).is_none() {
                let message = format!("nothing says whether {} may go on to others", dataset.value);
                check
                    .log
                    .fault("LEG-30", dataset.span, message)
                    .help("write `onward: { \"*\": none }`");
            }
        }
        let mut told = BTreeSet::new();
        for field in a.sent(&flow.value) {
            for origin in a.origins(&field).unwrap_or_default() {
                if !check.moves.passes_on(&flow.value, &origin)
                    || !told.insert(origin.dataset.clone())
                {
                    continue;
                }
                if rule_of(&origin.dataset).is_some_and(|rule| !allows(rule, id)) {
                    let sent = flow
                        .value
                        .send
                        .all()
                        .iter()
                        .find(|d| d.value == field.dataset);
                    let message = format!(
                        "the flow {id} passes {} on, and onward does not allow it",
                        origin.dataset
                    );
                    check
                        .log
                        .fault("LEG-30", sent.map_or(flow.span, |d| d.span), message)
                        .help(format!(
                            "write `onward: {{ {}: [{id}] }}`, if it may",
                            origin.dataset
                        ));
                }
            }
        }
    }
}

fn is_all(key: &DatasetOrAll) -> bool {
    key.as_str() == "*"
}

fn allows(rule: &Onward, id: &FlowId) -> bool {
    let named = |flows: &[At<FlowId>]| flows.iter().any(|f| f.value == *id);
    match rule {
        Onward::None => false,
        Onward::Flows(flows) => named(flows),
        Onward::OnlyAfter(block) => block.flows.is_none() || named(block.flows.all()),
    }
}

/// Whose controller is what moves (LEG-26)?
fn controllers(check: &Check<'_>) {
    let a = check.a;
    if a.controllers.is_none() {
        return;
    }
    let mut told = BTreeSet::new();
    for (id, flow) in a.each_flow() {
        for dataset in flow.value.send.all() {
            let about_people = a
                .datasets
                .entry(&dataset.value)
                .is_some_and(|d| !d.value.about_nobody());
            let said = a
                .controllers
                .names()
                .any(|key| is_all(key) || key.as_str() == dataset.value.as_str());
            if about_people && !said && told.insert(&dataset.value) {
                let message = format!(
                    "the flow {id} moves {}, and nothing says who is its controller",
                    dataset.value
                );
                check.log.fault("LEG-26", dataset.span, message).help(
                    "write `controllers: { \"*\": { passes: on-receipt, until-then: sender } }`",
                );
            }
        }
    }
}
