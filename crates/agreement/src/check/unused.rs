//! What is declared and used nowhere. Asked only where there is no fault, which may hide a use.

use crate::check::{Check, conditions_of, terms};
use crate::grammar::{Entries, Items};
use crate::ids::{ConditionId, DatasetId};
use crate::model::{By, Ingredient, Term};
use crate::rules::UNUSED;
use crate::words::{Control, Kind, Place};

pub(super) fn check(check: &Check<'_>) {
    let a = check.a;
    let warn = |what: &str, name: &dyn std::fmt::Display, span| {
        check
            .log
            .warn(UNUSED, span, format!("the {what} {name} is used nowhere"));
    };
    for (id, at) in a.readings.entries() {
        if at.value.about.is_none() && !check.readings.iter().any(|used| used.name == *id) {
            warn("reading", id, at.span);
        }
    }
    let named = named_conditions(check);
    for (id, at) in a.conditions.entries() {
        if !named.contains(&id) {
            warn("condition", id, at.span);
        }
    }
    let tested: Vec<&str> = a
        .conditions
        .entries()
        .flat_map(|(_, c)| terms(&c.value))
        .filter_map(|t| match &t.value {
            Term::Test(test) => Some(test.of.value.0.as_str()),
            Term::Holds(_) | Term::Fails(_) | Term::Received(_) => None,
        })
        .chain(
            a.decisions
                .entries()
                .flat_map(|(_, d)| d.value.after.iter().flat_map(|after| &after.value.tests))
                .map(|test| test.of.value.0.as_str()),
        )
        .chain(
            a.each_flow()
                .filter_map(|(_, f)| f.value.for_member.as_ref())
                .map(|at| at.value.0.as_str()),
        )
        .collect();
    for (id, at) in a.facts.entries() {
        if !tested.contains(&id.as_str()) {
            warn("fact", id, at.span);
        }
    }
    let sends = |dataset: &DatasetId| {
        a.each_flow()
            .any(|(_, f)| f.value.send.all().iter().any(|d| d.value == *dataset))
    };
    for (id, at) in a.datasets.entries() {
        let derives = a.derived.entries().any(|(_, d)| {
            d.value
                .out_of
                .all()
                .iter()
                .any(|one| matches!(&one.value, Ingredient::Here(d) if d == id))
        });
        if !sends(id) && !derives {
            warn("dataset", id, at.span);
        }
    }
    if a.kind.as_ref().is_none_or(|k| k.value != Kind::Umbrella) {
        for (id, at) in a.purposes.entries() {
            let flows = a.each_flow().flat_map(|(_, f)| f.value.purposes.all());
            let derived = a
                .derived
                .entries()
                .flat_map(|(_, d)| d.value.purposes.all());
            if !flows.chain(derived).any(|p| p.value == *id) {
                warn("purpose", id, at.span);
            }
        }
    }
    for (id, at) in a.bases.entries() {
        let uses = |by: &By| matches!(by, By::Named(n) if n == id);
        if !a
            .each_flow()
            .any(|(_, f)| f.value.by.as_ref().is_some_and(|by| uses(&by.value)))
        {
            warn("basis", id, at.span);
        }
    }
    for (id, at) in a.routes.entries() {
        let used = a
            .each_flow()
            .any(|(_, f)| f.value.route.as_ref().and_then(|r| r.value.given()) == Some(id));
        let password = a
            .routes
            .entries()
            .any(|(_, r)| r.value.password_by.as_ref().is_some_and(|p| p.value == *id));
        if !used && !password {
            warn("route", id, at.span);
        }
    }
    for (id, at) in a.people.entries() {
        let about = a
            .datasets
            .entries()
            .any(|(_, d)| d.value.kinds().iter().any(|k| k.value == *id));
        if !about {
            warn("kind of person", id, at.span);
        }
    }
    for (id, at) in a.parties.entries() {
        let processor = at
            .value
            .is
            .as_ref()
            .is_some_and(|is| is.value == Control::Processor);
        let handles = a
            .each_flow()
            .any(|(_, f)| f.value.handled_by.all().iter().any(|p| p.value == *id));
        let hosts = a
            .routes
            .entries()
            .any(|(_, r)| r.value.host.as_ref().is_some_and(|p| p.value == *id));
        if processor && !handles && !hosts {
            warn("processor", id, at.span);
        }
    }
    keep_rules(check);
}

fn named_conditions<'a>(check: &'a Check<'_>) -> Vec<&'a ConditionId> {
    let a = check.a;
    let flows = a
        .each_flow()
        .flat_map(|(_, f)| conditions_of(a, &f.value))
        .map(|at| &at.value);
    let conditions = a.conditions.entries().flat_map(|(_, c)| {
        let told = c
            .value
            .told
            .iter()
            .filter_map(|t| t.value.that.as_ref())
            .map(|at| &at.value);
        let terms = terms(&c.value).filter_map(|t| match &t.value {
            Term::Holds(other) | Term::Fails(other) => Some(other),
            Term::Test(_) | Term::Received(_) => None,
        });
        told.chain(terms)
    });
    let decisions = a
        .decisions
        .entries()
        .filter_map(|(_, d)| d.value.after.as_ref()?.value.holds.as_ref())
        .map(|at| &at.value);
    flows.chain(conditions).chain(decisions).collect()
}

/// Keep rules for what a party never has.
fn keep_rules(check: &Check<'_>) {
    let a = check.a;
    for at in a.keep.all() {
        let line = &at.value;
        let Some(party) = &line.at else { continue };
        for dataset in line.what.all() {
            let derived = a.derived.entries().any(|(id, d)| {
                id.as_str() == dataset.value.as_str()
                    && d.value.at.as_ref().is_some_and(|p| p.value == party.value)
            });
            let comes = a.each_flow().map(|(_, f)| &f.value).any(|flow| {
                let end = match line.place() {
                    Place::Staging => &flow.from,
                    Place::Received => &flow.to,
                };
                end.as_ref().is_some_and(|p| p.value == party.value)
                    && flow.send.all().iter().any(|d| d.value == dataset.value)
                    || line.place() == Place::Received
                        && flow.handled_by.all().iter().any(|p| p.value == party.value)
                        && flow.send.all().iter().any(|d| d.value == dataset.value)
            });
            if !comes && !derived {
                let verb = match line.place() {
                    Place::Staging => "sends",
                    Place::Received => "receives",
                };
                let message = format!("{} never {verb} {}", party.value, dataset.value);
                check.log.warn(UNUSED, dataset.span, message);
            }
        }
    }
}
