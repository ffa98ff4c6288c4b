//! Does the agreement stand where the law lets it stand: its regime, who may be party to it, where the data may go,
//! and whether another agreement says the same?

use crate::check::{Check, bodies};
use crate::grammar::{Entries, Items};
use crate::ids::{FlowId, PartyId};
use crate::log::At;
use crate::model::{Flow, Schedule};
use crate::rules::{PROCESSOR, SHAPE};
use crate::words::{Control, Kind};

pub(super) fn check(check: &Check<'_>) {
    regime(check);
    adequacy(check);
    parties(check);
    one_off(check);
    alike(check);
}

/// The regime holds in the term, and each controller names its condition for processing (LEG-18, LEG-27).
fn regime(check: &Check<'_>) {
    let (Some(regime), Some(written)) = (check.regime(), &check.a.regime) else {
        return;
    };
    if let Some(term) = check.term {
        let ends = regime
            .effective
            .until
            .is_some_and(|until| term.last.is_none_or(|last| until < last));
        let begins = regime.effective.from.is_some_and(|from| term.from < from);
        if regime
            .effective
            .until
            .is_some_and(|until| until < term.from)
        {
            let message = format!("{} ended before the term, {term}", regime.title);
            check
                .log
                .fault("LEG-27", written.span, message)
                .help("put the agreement on the regime that holds (C-06)");
        } else if (ends || begins) && written.value.reading.is_none() {
            let mut message = format!("{} does not hold for all of the term, {term}", regime.title);
            if let Some(until) = regime.effective.until.filter(|_| ends) {
                message = format!("{message}: it ended on {until}");
            }
            check
                .log
                .warn("LEG-27", written.span, message)
                .help("put the agreement on the regime that holds, or end it with this one (C-06)");
        }
    }
    for (id, at) in check.a.parties.entries() {
        let party = &at.value;
        let is_controller = party
            .is
            .as_ref()
            .is_some_and(|is| is.value == Control::Controller);
        match &party.lawful_basis {
            Some(basis) => {
                let what = format!("lawful basis under the {}", regime.title);
                check.declared(&what, basis, regime.lawful_bases.keys());
            }
            None if is_controller && !regime.lawful_bases.is_empty() && check.is_bound(id) => {
                let all: Vec<&str> = regime
                    .lawful_bases
                    .keys()
                    .map(crate::InstrumentId::as_str)
                    .collect();
                check
                    .log
                    .fault(
                        "LEG-18",
                        at.span,
                        format!(
                            "the party {id} names no condition for processing under {}",
                            regime.title
                        ),
                    )
                    .help(format!("write `lawful-basis:`, one of: {}", all.join(", ")));
            }
            None => {}
        }
    }
}

/// A transfer of personal data to a country that needs one has its adequacy assessment (APP-14 to APP-17): to a
/// receiver, and to a processor that handles or carries it.
fn adequacy(check: &Check<'_>) {
    let mut told = Vec::new();
    for (id, flow) in check
        .a
        .each_flow()
        .filter(|(_, flow)| check.is_personal(&flow.value))
    {
        let hands = flow.value.handled_by.all().iter();
        let route = flow.value.route.as_ref().and_then(|r| r.value.given());
        let host = route.and_then(|r| check.a.routes.entry(r)?.value.host.as_ref());
        for party in flow.value.to.iter().chain(hands).chain(host) {
            if !told.contains(&&party.value) && assessed(check, id, flow, party) {
                told.push(&party.value);
            }
        }
    }
}

/// Says where a party's country needs an assessment that is not there, or not in time; true where it said so.
fn assessed(check: &Check<'_>, id: &FlowId, flow: &At<Flow>, to: &At<PartyId>) -> bool {
    let Some(body) = check
        .end(&to.value)
        .and_then(|end| check.law.body(end.body?))
    else {
        return false;
    };
    let on = check.term.map_or(jiff::civil::Date::MAX, |term| term.from);
    if !check.law.needs_adequacy(&body.country, on) {
        return false;
    }
    let source = "the last step before a transfer outside the European Economic Area";
    let party = check.a.parties.entry(&to.value);
    if let Some(assessed) = party.and_then(|p| p.value.adequacy.as_ref()) {
        let day = assessed.value.given().and_then(|a| a.on.as_ref());
        let late = day.filter(|day| on < day.value);
        if let Some(day) = late {
            let message = format!(
                "the assessment is of {}, after the first day of the term, {on}",
                day.value
            );
            check.log.fault("APP-14", day.span, message).source(source);
        }
        return late.is_some();
    }
    let listed = check
        .law
        .adequacy_on(on)
        .is_some_and(|list| list.always.contains(&body.country));
    let (rule, why) = match (listed, body.country.as_str()) {
        (true, "united-states") => ("APP-17", "which always needs one"),
        (true, _) => ("APP-16", "which always needs one"),
        (false, _) => ("APP-14", "which no list exempts"),
    };
    let span = if flow.value.to.as_ref().is_some_and(|t| t.value == to.value) {
        to.span
    } else {
        flow.span
    };
    check
        .log
        .fault(
            rule,
            span,
            format!(
                "the flow {id} goes to {}, {why}, and there is no adequacy assessment",
                body.country
            ),
        )
        .help(format!(
            "give the party {} `adequacy: {{ on: ..., verdict: ..., by: ... }}`, or a gap",
            to.value
        ))
        .source(source);
    true
}

/// Who may be party to which kind of agreement (AGR-23, LEG-29).
fn parties(check: &Check<'_>) {
    let Some(kind) = &check.a.kind else { return };
    let all = bodies(check.a);
    for rule in check
        .law
        .agreements
        .iter()
        .filter(|rule| rule.kind == kind.value)
    {
        if !all.contains(&rule.with) {
            let title = check
                .law
                .body(&rule.with)
                .map_or(rule.with.to_string(), |b| b.title.clone());
            check
                .log
                .fault(
                    rule.rule.clone(),
                    kind.span,
                    format!("a {} is made with {title}, which is no party", kind.value),
                )
                .help(
                    "write `kind: process`; where it happens once, let its flows say `once` (C-47)",
                );
        }
    }
    for (id, at) in check.a.parties.entries() {
        let Some(end) = check.end(id) else { continue };
        let kind = check.law.kinds.get(end.kind);
        let controller = at
            .value
            .is
            .as_ref()
            .is_some_and(|is| is.value == Control::Controller);
        if kind.is_some_and(|k| k.processor_only) && controller {
            check
                .log
                .fault(
                    PROCESSOR,
                    at.span,
                    format!(
                        "the party {id} is a private body, which can be a party as a processor only"
                    ),
                )
                .help("write `is: processor`, `for:` and `does:`");
        }
        if kind.is_some_and(|k| k.commercial) && controller {
            check
                .log
                .fault(
                    "LEG-29",
                    at.span,
                    format!("the party {id} is in a commercial relationship, which a memorandum does not cover"),
                )
                .help("make a commercial contract, or let the body be a processor of a party");
        }
    }
}

/// A usage agreement is for an exchange that happens once (AGR-23).
fn one_off(check: &Check<'_>) {
    if check.a.kind.as_ref().is_none_or(|k| k.value != Kind::Dua) {
        return;
    }
    with_revenue(check);
    for (id, flow) in check.a.each_flow() {
        let again = flow.value.again.as_ref().map(|at| at.span);
        let when = flow.value.when.as_ref();
        let often = when.filter(|w| {
            w.value.given().is_some_and(|w| match &w.schedule {
                Schedule::Every { .. } | Schedule::OnDemand { .. } => true,
                // What happens to a case happens again and again.
                Schedule::Each(occasions) => occasions
                    .iter()
                    .any(|o| !check.a.flows.names().any(|f| f.as_str() == o.of().as_str())),
                Schedule::Once(_) => false,
            })
        });
        if let Some(span) = again.or(often.map(|w| w.span)) {
            check
                .log
                .fault(
                    "AGR-23",
                    span,
                    format!("the flow {id} runs more than once, and this is a usage agreement"),
                )
                .help("write `when: { once: ... }`, or make a process agreement");
        }
    }
}

/// Every flow of a usage agreement has the body that it is made with at one of its ends (AGR-23).
fn with_revenue(check: &Check<'_>) {
    let Some(kind) = check.a.kind.as_ref().map(|k| k.value) else {
        return;
    };
    for rule in check.law.agreements.iter().filter(|rule| rule.kind == kind) {
        for (id, flow, from, to) in check.ways() {
            let ends = [check.a.body(from), check.a.body(to)];
            if bodies(check.a).contains(&rule.with) && !ends.contains(&Some(&rule.with)) {
                let message = format!(
                    "the flow {id} does not have {} at an end, with which a {kind} is made",
                    rule.with
                );
                check
                    .log
                    .fault(rule.rule.clone(), flow.span, message)
                    .help("make a process agreement for it");
            }
        }
    }
}

/// Another agreement for the same parties, purpose and data (AGR-25).
fn alike(check: &Check<'_>) {
    let Some(own) = &check.a.agreement else {
        return;
    };
    let mine = crate::library::exchanges(check.a, check.law);
    for (name, other) in check.library.all().filter(|(name, _)| **name != own.value) {
        if check.a.besides.has(name) {
            continue;
        }
        if let Some(same) = mine
            .iter()
            .find(|m| other.exchanges.iter().any(|o| m.is_like(o)))
        {
            check
                .log
                .warn(
                    "AGR-25",
                    own.span,
                    format!(
                        "{name} is also about data from {} to {} for {}",
                        same.from, same.to, same.purpose
                    ),
                )
                .help(format!("use that agreement; or write `besides: {{ {name}: ... }}` with why this one is needed"));
        }
    }
    if check.a.besides.has(&own.value) {
        check.log.fault(
            SHAPE,
            own.span,
            "an agreement does not stand besides itself",
        );
    }
}
