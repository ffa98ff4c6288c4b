//! Decisions are the only doors to harm: each has a person, and something that must be so before it.

use std::collections::BTreeSet;

use crate::check::conditions::{condition_known, knowable_by, operand, tested};
use crate::check::names::actor;
use crate::check::{Check, paths};
use crate::grammar::{Entries, Items};
use crate::ids::{DecisionId, LabelId};
use crate::log::At;
use crate::model::{After, Decision, Field};
use crate::rules::{DETAIL, DOOR, HAVE, UNDECLARED};
use crate::value::MATCH_OUTCOMES;
use crate::words::TypeName;

/// The rule of referrals of people under 18.
const CHILD: &str = "CHILD-06";

/// What a decision may say it never rests on, besides the values of facts and fields.
const NEVER_ALONE: [&str; 4] = ["negative-alone", "no-record", "weak-match", "candidate"];

pub(super) fn check(check: &Check<'_>) {
    for (id, at) in check.a.decisions.entries() {
        decision(check, id, at);
    }
}

fn decision(check: &Check<'_>, id: &DecisionId, at: &At<Decision>) {
    let a = check.a;
    let decision = &at.value;
    if let Some(by) = &decision.by {
        actor(check, by);
    }
    check.all_declared("kind of person", decision.of.all(), a.people.names());
    if let Some(after) = &decision.after {
        before_it(check, id, decision, &after.value);
    }
    let nothing = decision
        .after
        .as_ref()
        .is_none_or(|after| after.value.is_empty());
    if nothing && decision.out_of.is_none() {
        check
            .log
            .fault(
                DOOR,
                at.span,
                format!("nothing must be so before the decision {id}"),
            )
            .help("write `after: { match: confirmed }`, or `out-of:` what it is taken")
            .source("a match is not a fact, and a person decides every harm (S-01)");
    }
    for what in decision.out_of.all() {
        let derived = a.derived.names().any(|d| d.as_str() == what.value.as_str());
        if !derived {
            check.declared("dataset or derived thing", what, a.datasets.names());
        }
    }
    check.all_declared("dataset", decision.what.all(), a.datasets.names());
    if let Some(party) = &decision.makes_controller {
        check.declared("party", party, a.parties.names());
    }
    if let Some(keep) = decision.before.as_ref().and_then(|b| b.value.keep.as_ref()) {
        let all: Vec<_> = a
            .keep
            .all()
            .iter()
            .filter_map(|k| k.value.id.as_ref())
            .map(|id| &id.value)
            .collect();
        check.declared("keep rule", keep, all.into_iter());
    }
    never_rests_on(check, decision);
    duty(check, id, at);
    seconded(check, id, decision);
    referral(check, id, at);
}

fn seconded(check: &Check<'_>, id: &DecisionId, decision: &Decision) {
    let Some(by) = &decision.seconded_by else {
        return;
    };
    actor(check, by);
    let takes = decision.by.as_ref();
    if takes.is_some_and(|takes| takes.value.party() != by.value.party()) {
        let message = format!("{} is of another party than whoever decides {id}", by.value);
        check.log.fault(DETAIL, by.span, message);
    }
    let again = decision.after.as_ref().and_then(|a| a.value.again.as_ref());
    if let Some(again) = again {
        let message = format!("{id} ends the tracing of somebody, and waits for nobody");
        check.log.fault(DETAIL, again.span, message);
    }
}

/// A child is referred to somebody only with the word of a senior person, for a purpose that is said, and never only to
/// lose a service (CHILD-06).
fn referral(check: &Check<'_>, id: &DecisionId, at: &At<Decision>) {
    let a = check.a;
    let decision = &at.value;
    for removes in decision.removes.all() {
        let all = decision.one_of.all();
        check.declared("outcome", removes, all.iter().map(|o| &o.value));
    }
    if !is_of_minors(check, decision) {
        return;
    }
    if let Some(removes) = decision.removes.all().first() {
        check
            .log
            .fault(
                CHILD,
                removes.span,
                format!(
                    "{id} can be about a person under 18, and `{}` does nothing but take a service away",
                    removes.value
                ),
            )
            .help("leave that outcome out, or write a decision of its own about adults")
            .source("what is learnt of a child is never used only to remove a service from the child");
    }
    let outsider = |to: &&At<LabelId>| !a.parties.names().any(|p| p.as_str() == to.value.as_str());
    let Some(to) = decision.tells.all().iter().find(outsider) else {
        return;
    };
    if decision.seconded_by.is_none() {
        check
            .log
            .fault(
                CHILD,
                to.span,
                format!(
                    "{id} refers a person under 18 to {}, and no senior person agrees to it",
                    to.value
                ),
            )
            .help("write `seconded-by:` with the senior role, such as `ho.siro`");
    }
    if decision.one_of.is_none() {
        check
            .log
            .fault(
                CHILD,
                to.span,
                format!(
                    "{id} refers a person under 18 to {}, and does not say what for",
                    to.value
                ),
            )
            .help("write `one-of:` with what the child is referred for");
    }
}

fn is_of_minors(check: &Check<'_>, decision: &Decision) -> bool {
    decision.of.all().iter().any(|kind| {
        let kind = check.a.people.entry(&kind.value);
        kind.is_some_and(|p| p.value.minor)
    })
}

fn before_it(check: &Check<'_>, id: &DecisionId, decision: &Decision, after: &After) {
    let a = check.a;
    if let Some(path) = &after.verified
        && a.field(&path.value).is_none()
    {
        check.undeclared("field", &path.value.to_string(), path.span, paths(a));
    }
    for flow in after.received.iter().chain(&after.again) {
        check.declared("flow", flow, a.flows.names());
    }
    if let Some(again) = &after.again
        && a.flows
            .entry(&again.value)
            .is_some_and(|f| f.value.again.is_none())
    {
        let message = format!("the rows of {} are never sent again", again.value);
        check.log.fault(DETAIL, again.span, message);
    }
    if let (Some(received), Some(by)) = (&after.received, &decision.by) {
        let to = a
            .flows
            .entry(&received.value)
            .and_then(|f| f.value.to.as_ref());
        if to.is_some_and(|to| to.value != by.value.party()) {
            let message = format!(
                "{} decides {id} after it received {}, and does not receive that flow",
                by.value, received.value
            );
            check.log.fault(HAVE, received.span, message);
        }
    }
    if let Some(holds) = &after.holds {
        check.declared("condition", holds, a.conditions.names());
        if let Some(by) = &decision.by {
            let party = At::new(by.value.party(), by.span);
            condition_known(check, &format!("{} decides {id}", by.value), holds, &party);
        }
    }
    for test in &after.tests {
        tested(check, test);
        if let (Some(by), Some(of)) = (&decision.by, operand(&test.of.value)) {
            let party = At::new(by.value.party(), by.span);
            let needs = format!("{} decides {id} by {}", by.value, test.of.value);
            knowable_by(check, &needs, &of, &party, test.of.span);
        }
    }
}

fn never_rests_on(check: &Check<'_>, decision: &Decision) {
    let a = check.a;
    let list = |kind: &crate::grammar::Part<TypeName>| {
        kind.as_ref().is_some_and(|k| k.value == TypeName::OneOf)
    };
    let of_field = |f: &Field| {
        if list(&f.kind) {
            f.values.values()
        } else {
            Vec::new()
        }
    };
    let facts = a
        .facts
        .entries()
        .filter(|(_, f)| list(&f.value.kind))
        .flat_map(|(_, f)| f.value.values.values());
    let fields = a.fields().flat_map(|(_, _, f)| of_field(f));
    let outcome = |f: &Field| {
        f.kind
            .as_ref()
            .is_some_and(|k| k.value == TypeName::MatchOutcome)
    };
    let matches = a.fields().any(|(_, _, f)| outcome(f));
    let outcomes = if matches {
        MATCH_OUTCOMES.as_slice()
    } else {
        &[]
    };
    let all: BTreeSet<String> = facts
        .chain(fields)
        .chain(outcomes.iter().map(|o| (*o).to_owned()))
        .chain(NEVER_ALONE.map(str::to_owned))
        .collect();
    for what in decision.never_rests_on.all() {
        if !all.contains(what.value.as_str()) {
            let near = check
                .log
                .did_you_mean(what.value.as_str(), all.iter().map(String::as_str));
            let message = format!(
                "`{}` is no value of a fact or field of this agreement",
                what.value
            );
            check
                .log
                .fault(UNDECLARED, what.span, message)
                .help(near.unwrap_or_else(|| {
                    let all: Vec<&str> = all.iter().map(String::as_str).collect();
                    format!("it is one of: {}", all.join(", "))
                }));
        }
    }
}

/// A decision about people under 18 names the duty that binds whoever takes it (LEG-17).
fn duty(check: &Check<'_>, id: &DecisionId, at: &At<Decision>) {
    let decision = &at.value;
    if let Some(duty) = &decision.duty {
        check.declared("duty in the law catalogue", duty, check.law.duties.keys());
        return;
    }
    let minors = is_of_minors(check, decision);
    let body = decision
        .by
        .as_ref()
        .and_then(|by| check.a.body(&by.value.party()));
    let binds = check.law.duties.iter().find(|(_, duty)| {
        duty.minors
            && body.is_some_and(|b| duty.binds.contains(b))
            && check.term.is_none_or(|term| duty.effective.on(term.from))
    });
    if let (true, Some((name, duty))) = (minors, binds) {
        check
            .log
            .fault(
                duty.rule.clone(),
                at.span,
                format!("the decision {id} can be about a person under 18, and names no duty"),
            )
            .help(format!("write `duty: {name}`"))
            .source(duty.cites.clone());
    }
}
