//! What holders may do with what they have: keep, pass on, calculate, decide.

use std::collections::BTreeMap;

use super::conditions::test;
use super::{Source, part, set};
use crate::check::data::declared_type;
use crate::check::gaps::Stopped;
use crate::check::operand;
use crate::grammar::{Entries, Items, Part, Slot};
use crate::ids::{DatasetId, DecisionId, DerivedId};
use crate::law::Law;
use crate::model::{self, Agreement, Ingredient};
use crate::plan::{
    After, Clock, ClockFrom, Controllers, Decision, Derived, Ends, Keep, Onward, When,
};
use crate::value::FieldType;
use crate::words::{Presence, TypeName};

fn when(written: &model::Occasion) -> Option<When> {
    Some(When {
        event: part(&written.event)?,
        of: part(&written.of)?,
    })
}

pub(super) fn keep(a: &Agreement) -> Option<Vec<Keep>> {
    a.keep.all().iter().map(|at| keep_line(&at.value)).collect()
}

fn keep_line(line: &model::KeepLine) -> Option<Keep> {
    let ends = match (&line.until, &line.from, &line.length) {
        (Some(until), _, _) => match &until.value {
            Slot::Given(model::KeepUntil::Event(event)) => Ends::Until(when(event)?),
            Slot::Given(model::KeepUntil::Need(need)) => Ends::NeedReviewed {
                every: part(&need.every)?,
            },
            Slot::Gap(_) => Ends::Open,
        },
        (None, Some(from), Some(period)) => Ends::After {
            from: when(&from.value)?,
            period: period.value,
        },
        (None, _, _) => return None,
    };
    Some(Keep {
        id: part(&line.id),
        what: set(&line.what),
        own: line
            .own
            .as_ref()
            .map(|own| (own.value.clone(), line.holds.values())),
        at: part(&line.at)?,
        place: line.place(),
        memory_only: line.only_in.is_some(),
        rows: line.rows(),
        ends,
        unless: line.unless.as_ref().and_then(|at| part(&at.value.decided)),
        then: part(&line.then)?,
        cite: part(&line.cite),
        reading: part(&line.reading).map(|r| r.0),
    })
}

/// By dataset, or `*` for every other one.
pub(super) fn onward(a: &Agreement) -> Option<BTreeMap<String, Onward>> {
    let values =
        |flows: &[crate::log::At<crate::FlowId>]| flows.iter().map(|f| f.value.clone()).collect();
    Some(
        a.onward
            .entries()
            .map(|(dataset, at)| {
                let onward = match &at.value {
                    model::Onward::None => Onward::None,
                    model::Onward::Flows(flows) => Onward::By(values(flows)),
                    model::Onward::OnlyAfter(block) => {
                        Onward::AfterTelling(values(block.flows.all()))
                    }
                };
                (dataset.to_string(), onward)
            })
            .collect(),
    )
}

pub(super) fn controllers(a: &Agreement) -> Option<BTreeMap<String, Controllers>> {
    a.controllers
        .entries()
        .map(|(dataset, at)| {
            let controllers = Controllers {
                passes: part(&at.value.passes)?,
                until_then: part(&at.value.until_then)?,
            };
            Some((dataset.to_string(), controllers))
        })
        .collect()
}

pub(super) fn derived(
    source: &Source<'_>,
    stopped: &Stopped,
) -> Option<BTreeMap<DerivedId, Derived>> {
    let a = source.read.agreement;
    a.derived
        .entries()
        .filter(|(id, _)| !stopped.derived.contains_key(*id))
        .map(|(id, at)| Some((id.clone(), one_derived(source, &at.value)?)))
        .collect()
}

fn one_derived(source: &Source<'_>, derived: &model::Derived) -> Option<Derived> {
    let (mut here, mut others) = (Vec::new(), Vec::new());
    for one in derived.out_of.all() {
        match &one.value {
            Ingredient::Here(dataset) => here.push(dataset.clone()),
            Ingredient::Elsewhere(other) => others.push((
                part(&other.agreement)?,
                part(&other.dataset)?,
                other
                    .present
                    .as_ref()
                    .is_some_and(|p| p.value == Presence::IfHeld),
            )),
        }
    }
    let rules = &derived.rules.as_ref()?.value;
    let fields = derived.fields.iter().flat_map(|at| &at.value.0);
    let fields = fields.map(|(name, field)| {
        let kind = declared_type(&field.kind, &field.values, &field.list, source.law);
        let kind = kind.or(source.filled().then_some(FieldType::Plain(TypeName::Text)))?;
        Some((name.value.clone(), kind))
    });
    Some(Derived {
        at: part(&derived.at)?,
        about: derived.kinds().iter().map(|at| at.value.clone()).collect(),
        out_of: here,
        out_of_others: others,
        rules: part(&rules.name)?,
        rules_version: rules.version.as_ref()?.value.given().cloned(),
        fields: fields.collect::<Option<_>>()?,
        purposes: set(&derived.purposes),
        seen_by: set(&derived.seen_by),
    })
}

pub(super) fn decisions(a: &Agreement) -> Option<BTreeMap<DecisionId, Decision>> {
    a.decisions
        .entries()
        .map(|(id, at)| Some((id.clone(), decision(&at.value)?)))
        .collect()
}

fn decision(written: &model::Decision) -> Option<Decision> {
    let after = match &written.after {
        Some(at) => after(&at.value)?,
        None => After::default(),
    };
    let moves = match (&written.what, &written.to) {
        (Some(_), Some(to)) => Some((set(&written.what), to.value.clone())),
        (Some(_), None) | (None, _) => None,
    };
    Some(Decision {
        by: part(&written.by)?,
        of: set(&written.of),
        after,
        one_of: written.one_of.values(),
        duty: part(&written.duty),
        out_of: set(&written.out_of),
        never_rests_on: set(&written.never_rests_on),
        moves,
        makes_controller: part(&written.makes_controller),
        before: written.before.as_ref().and_then(|at| part(&at.value.keep)),
        off_until: part(&written.off_until),
        tells: set(&written.tells),
        seconded_by: part(&written.seconded_by),
        cite: part(&written.cite),
        reading: part(&written.reading).map(|r| r.0),
    })
}

fn after(written: &model::After) -> Option<After> {
    Some(After {
        matched: part(&written.matched),
        verified: part(&written.verified),
        received: part(&written.received),
        again: part(&written.again),
        holds: part(&written.holds),
        tests: written
            .tests
            .iter()
            .map(|t| Some((operand(&t.of.value)?, test(&t.test))))
            .collect::<Option<_>>()?,
    })
}

pub(super) fn clocks(a: &Agreement) -> Option<Vec<Clock>> {
    a.clocks.all().iter().map(|at| clock(&at.value)).collect()
}

fn clock(written: &model::Clock) -> Option<Clock> {
    Some(Clock {
        what: part(&written.what)?,
        within: part(&written.within),
        every: part(&written.every),
        from: match &written.from.as_ref()?.value {
            model::From::Term => ClockFrom::Term,
            model::From::Event(event) => ClockFrom::Event(when(event)?),
            model::From::Earlier(earlier) => ClockFrom::EarlierOf {
                events: earlier.events.values(),
                of: part(&earlier.of)?,
            },
        },
        owner: part(&written.owner)?,
        force: part(&written.force)?,
        then: part(&written.then),
    })
}

/// The texts of the prose that say what the parties do, or do not do, with what they receive.
const UNDERTAKEN: [&str; 9] = [
    "security",
    "consultation",
    "performance",
    "disputes",
    "rights",
    "procedures",
    "limitations",
    "retention",
    "frameworks",
];

/// What the parties undertake in words, by the key of the prose.
pub(super) fn undertakings(a: &Agreement, law: &Law) -> BTreeMap<String, String> {
    let Some(prose) = &a.prose else {
        return BTreeMap::new();
    };
    let line = |text: &model::Text| {
        let said = text.0.0.iter().filter_map(|at| match &at.value {
            model::Paragraph::Words(slot) => slot.given().map(String::as_str),
            model::Paragraph::Clause(name) => law.clause(name),
        });
        let words: Vec<&str> = said.flat_map(str::split_whitespace).collect();
        words.join(" ")
    };
    crate::check::papers::texts(&prose.value)
        .into_iter()
        .filter(|(key, _)| UNDERTAKEN.contains(key))
        .filter_map(|(key, text)| Some((key.to_owned(), line(&text.as_ref()?.value))))
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

/// The contacts of a party, by role, each in one line.
pub(super) fn contact_lines(contacts: &model::Contacts) -> BTreeMap<String, String> {
    let one = |part: &Part<Slot<model::Contact>>| {
        part.as_ref().and_then(|at| Some(at.value.given()?.line()))
    };
    let business = contacts
        .business
        .as_ref()
        .and_then(|at| Some(at.value.given()?.line()));
    let all = [
        ("business", business),
        ("incidents", one(&contacts.incidents)),
        ("escalation", one(&contacts.escalation)),
        ("legal", one(&contacts.legal)),
        ("foi", one(&contacts.foi)),
        ("complaints", one(&contacts.complaints)),
        ("incidents-escalation", one(&contacts.incidents_escalation)),
        ("legal-escalation", one(&contacts.legal_escalation)),
        ("foi-escalation", one(&contacts.foi_escalation)),
        (
            "complaints-escalation",
            one(&contacts.complaints_escalation),
        ),
        ("manager", one(&contacts.manager)),
        ("technical-failure", one(&contacts.technical_failure)),
        ("change-control", one(&contacts.change_control)),
    ];
    all.into_iter()
        .filter_map(|(role, line)| Some((role.to_owned(), line?)))
        .collect()
}

/// The rule for a dataset, or the one for every other.
pub(super) fn onward_of(all: &BTreeMap<String, Onward>, dataset: &DatasetId) -> Onward {
    all.get(dataset.as_str())
        .or_else(|| all.get("*"))
        .cloned()
        .unwrap_or(Onward::None)
}
