//! What holders may do with what they have: keep it until when, pass it on to whom, as whose controller.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Check;
use crate::check::data::civil;
use crate::check::names::event;
use crate::grammar::{Entries, Items};
use crate::ids::{DatasetId, DatasetOrAll, FlowId, PartyId};
use crate::log::At;
use crate::model::{Agreement, From, KeepLine, KeepUntil, Onward};
use crate::period::{Period, Unit};
use crate::rules::{TWICE, WORD};
use crate::words::{Event, Form, MatchIs, Place};

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
        let longest = [(&line.length, HELD), (&needed(line), LOOKED_AT)];
        for (period, most) in longest {
            if let Some(at) = period
                && longer(at.value, most)
            {
                let message = format!("{} is longer than {most}", at.value);
                check
                    .log
                    .fault("RET-01", at.span, message)
                    .help("keep it for less; look at the need more often");
            }
        }
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

/// The longest that anything is kept after an event.
const HELD: Period = Period {
    count: 100,
    unit: Unit::Years,
};
/// The longest time between two looks at a need.
const LOOKED_AT: Period = Period {
    count: 24,
    unit: Unit::Months,
};

fn longer(one: Period, other: Period) -> bool {
    let day = jiff::civil::date(2000, 1, 1);
    match (one.after(day), other.after(day)) {
        (Some(one), Some(other)) => other < one,
        (None, Some(_)) => one.unit.is_civil(),
        (_, None) => false,
    }
}

fn needed(line: &KeepLine) -> crate::grammar::Part<Period> {
    match line.until.as_ref()?.value.given()? {
        KeepUntil::Need(need) => need.every.clone(),
        KeepUntil::Event(_) => None,
    }
}

/// A keeping ends with an event of the exchange that will happen, and not with an incident.
fn ends(check: &Check<'_>, when: &crate::model::Occasion) {
    let happens = when.event.as_ref().map(|at| at.value);
    let of = when.of.as_ref().map(|at| at.value.as_str());
    let open_ended = check
        .a
        .term
        .as_ref()
        .is_some_and(|t| t.value.open_ended.is_some());
    let no_call = !check.a.each_flow().any(|(_, f)| {
        let form = f.value.form.as_ref();
        form.is_none_or(|at| at.value.given().is_none_or(|form| *form == Form::Call))
    });
    let never = match (happens, of) {
        (Some(Event::Ended), Some("agreement")) if open_ended => {
            Some("the agreement has no end of its own")
        }
        (_, Some("call")) if no_call => Some("no flow goes as a call"),
        _ => None,
    };
    if let (Some(why), Some(of)) = (never, &when.of) {
        check
            .log
            .fault("RET-01", of.span, format!("this never comes: {why}"))
            .help("write an event that ends the keeping, or a time after one");
        return;
    }
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
    let rule_of = |dataset: &DatasetId| -> Option<&Onward> {
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
        passes_on(check, id, flow, &rule_of);
    }
}

/// What a flow passes on goes by the rule of every dataset through which it came.
fn passes_on<'a>(
    check: &Check<'a>,
    id: &FlowId,
    flow: &At<crate::model::Flow>,
    rule_of: &dyn Fn(&DatasetId) -> Option<&'a Onward>,
) {
    let a: &'a Agreement = check.a;
    let mut told = BTreeSet::new();
    for field in a.sent(&flow.value) {
        let links = a.links(&field).unwrap_or_default();
        let origins = links.iter().filter(|(_, link)| !link.is_copy());
        let passed = origins.filter(|(origin, _)| check.moves.passes_on(&flow.value, origin));
        if passed.count() == 0 {
            continue;
        }
        let sent = flow
            .value
            .send
            .all()
            .iter()
            .find(|d| d.value == field.dataset);
        let span = sent.map_or(flow.span, |d| d.span);
        for (link, _) in links
            .iter()
            .filter(|(link, own)| *link != field || !own.is_copy())
        {
            if rule_of(&link.dataset).is_some_and(|rule| !allows(rule, id))
                && told.insert(link.dataset.clone())
            {
                let message = format!(
                    "the flow {id} passes {} on, and onward does not allow it",
                    link.dataset
                );
                check.log.fault("LEG-30", span, message).help(format!(
                    "write `onward: {{ {}: [{id}] }}`, if it may",
                    link.dataset
                ));
            }
            other_purpose(check, id, flow, &link.dataset);
        }
    }
}

/// What came for one purpose is passed on for another only where a reading says why (LEG-23).
fn other_purpose(
    check: &Check<'_>,
    id: &FlowId,
    flow: &At<crate::model::Flow>,
    dataset: &DatasetId,
) {
    let Some(from) = &flow.value.from else { return };
    let Some(came_for) = check.moves.came_for(&from.value, dataset) else {
        return;
    };
    // What a person is told of themselves is theirs to know.
    if flow.value.reading.is_some() || check.to_subject(&flow.value) {
        return;
    }
    for purpose in flow.value.purposes.all() {
        let other = !came_for.contains(&purpose.value) && check.a.purposes.has(&purpose.value);
        if other && !check.log.told_within(purpose.span) {
            let message = format!(
                "the flow {id} passes {dataset} on for {}, and it did not come to {} for that",
                purpose.value, from.value
            );
            check
                .log
                .fault("LEG-23", purpose.span, message)
                .help("give the flow a `reading` that says why it may, and who owns the question");
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
