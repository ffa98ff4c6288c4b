//! Is there a gateway for every flow, for its purposes, its direction, its territory and its time?

use std::collections::BTreeSet;

use crate::check::Check;
use crate::check::reasoning::{Values, can_hold, is_documented, keeps_within};
use crate::grammar::{Entries, Items};
use crate::ids::{DatasetId, FlowId, LabelId, LegalPurpose, PartyId, PersonKind, PurposeId};
use crate::law::{Closed, End, Gateway};
use crate::log::At;
use crate::model::{Agreement, Body, Flow, Line, SUBJECT};
use crate::rules::{TWICE, WORD};
use crate::value::FieldType;
use crate::words::{Kind, Scope, TypeName};

pub(super) fn check(check: &Check<'_>) {
    for (id, flow) in check.a.each_flow() {
        flow_is_lawful(check, id, flow);
    }
    purposes(check);
}

/// The legal purposes that a line serves: those of the way, or of the limbs that it relies on.
pub(crate) fn purposes_of<'a>(
    line: &Line,
    gateway: &'a Gateway,
    open: &[&'a LegalPurpose],
) -> Vec<&'a LegalPurpose> {
    let limbs = line.limbs.all();
    // A limb that is not there is told as such.
    if limbs
        .iter()
        .all(|limb| !gateway.limbs.contains_key(&limb.value))
    {
        return open.to_vec();
    }
    let served: Vec<&LegalPurpose> = limbs
        .iter()
        .filter_map(|limb| gateway.limbs.get(&limb.value))
        .flatten()
        .collect();
    open.iter()
        .copied()
        .filter(|p| served.contains(p))
        .collect()
}

/// The purposes of a flow that a gateway serves: those that stand on one of the gateway's own.
pub(crate) fn served<'a>(
    a: &'a Agreement,
    flow: &'a Flow,
    open: &[&LegalPurpose],
) -> Vec<&'a PurposeId> {
    let stands = |purpose: &PurposeId| {
        a.purposes
            .entry(purpose)
            .is_some_and(|p| p.value.law.all().iter().any(|l| open.contains(&&l.value)))
    };
    flow.purposes
        .all()
        .iter()
        .map(|p| &p.value)
        .filter(|p| stands(p))
        .collect()
}

/// Can a line of a basis apply to a person of this kind at all?
pub(crate) fn applies_to(a: &Agreement, flow: &Flow, line: &Line, kind: &PersonKind) -> bool {
    let conditions = flow.only.iter().chain(&line.when);
    conditions.into_iter().all(|c| can_hold(a, &c.value, kind))
}

/// The kinds of information that a flow sends.
fn information(check: &Check<'_>, flow: &Flow) -> Vec<LabelId> {
    // A copy is of the kind that its source is of.
    let links = check
        .a
        .sent(flow)
        .filter_map(|path| check.a.links(&path))
        .flatten();
    let datasets: BTreeSet<DatasetId> = links
        .map(|(path, _)| path.dataset)
        .chain(flow.send.values())
        .collect();
    let mut all: Vec<LabelId> = datasets
        .iter()
        .filter_map(|d| check.a.datasets.entry(d))
        .flat_map(|d| d.value.information.values())
        .collect();
    all.sort();
    all.dedup();
    all
}

fn flow_is_lawful(check: &Check<'_>, id: &FlowId, flow: &At<Flow>) {
    let a = check.a;
    let (Some(from), Some(to)) = (&flow.value.from, &flow.value.to) else {
        return;
    };
    let Some(sender) = check.end(&from.value) else {
        return;
    };
    // The person the data is about stands in no catalogue: a way to anybody is open to them, and no other.
    let person;
    let receiver = if to.value.as_str() == SUBJECT {
        let Ok(kind) = crate::ids::KindId::parse(SUBJECT) else {
            return;
        };
        person = kind;
        End {
            body: None,
            kind: &person,
        }
    } else {
        let Some(receiver) = check.end(&to.value) else {
            return;
        };
        receiver
    };
    let lines = a.lines(&flow.value);
    let about = information(check, &flow.value);
    let mut unserved: Vec<_> = flow.value.purposes.all().iter().collect();
    // A purpose that is itself at fault is not told again as a missing gateway.
    let purposes_known = !unserved.is_empty()
        && unserved.iter().all(|p| {
            a.purposes.entry(&p.value).is_some_and(|purpose| {
                let law = purpose.value.law.all();
                !law.is_empty() && law.iter().all(|l| check.law.purpose(&l.value).is_some())
            })
        });
    let mut one_is_closed = !purposes_known;
    for (rank, line) in lines.iter().enumerate() {
        let Some(gate) = &line.value.gate else {
            continue;
        };
        let Some(gateway) = check.law.gateway(&gate.value) else {
            check.declared(
                "gateway in the law catalogue",
                gate,
                check.law.gateways.keys(),
            );
            one_is_closed = true;
            continue;
        };
        let others = lines.iter().take(rank).map(|l| &l.value);
        if others.into_iter().any(|other| same_use(other, &line.value)) {
            check
                .log
                .fault(
                    TWICE,
                    gate.span,
                    format!("the flow {id} names {} twice", gate.value),
                )
                .help("join the two conditions in one with `any`; or name another limb or area");
            continue;
        }
        line_is_complete(check, id, line, gateway, rank, lines.len());
        if gateway.needs_why && lines.len() == 1 {
            no_statute(check, id, flow, gate, sender, receiver, &about);
        }
        let law = law_of(a, &flow.value);
        let instead: Vec<&str> = check
            .law
            .open_for(sender, receiver, &law, &about)
            .map(crate::GatewayId::as_str)
            .collect();
        let (f, t) = (name(check, &from.value), name(check, &to.value));
        let help = if instead.is_empty() {
            format!("the catalogue has no gateway from {f} to {t} for these purposes")
        } else {
            format!("from {f} to {t} there is: {}", instead.join(", "))
        };
        match check.law.open(gateway, sender, receiver, &about) {
            Err(closed) => {
                one_is_closed = true;
                let (rule, why, help) = closed_because(&closed, gateway, &help);
                let message = format!(
                    "the flow {id} goes from {f} to {t}, and {} {why}",
                    gate.value
                );
                check
                    .log
                    .fault(rule, gate.span, message)
                    .help(help)
                    .source(gateway.cites.clone());
            }
            Ok(open) => {
                let open = purposes_of(&line.value, gateway, &open);
                let serves = served(a, &flow.value, &open);
                if serves.is_empty() && purposes_known {
                    one_is_closed = true;
                    let message = format!(
                        "{} serves none of the purposes of the flow {id}",
                        gate.value
                    );
                    let rule = gateway.rule.clone().unwrap_or_else(|| "LEG-01".to_owned());
                    check
                        .log
                        .fault(rule, gate.span, message)
                        .help(limbs_for(check, &flow.value, gateway).unwrap_or(help))
                        .source(gateway.cites.clone());
                }
                unserved.retain(|p| !serves.contains(&&p.value));
                reach(
                    check,
                    id,
                    &flow.value,
                    &line.value,
                    gate,
                    gateway,
                    &from.value,
                );
            }
        }
    }
    // Where a line has a fault, the purposes would only repeat it.
    if !one_is_closed && !lines.is_empty() {
        for purpose in unserved.iter().filter(|p| a.purposes.has(&p.value)) {
            let message = format!(
                "no gateway of the flow {id} serves the purpose {}",
                purpose.value
            );
            check
                .log
                .fault("LEG-23", purpose.span, message)
                .help("add a gateway that does, or take the purpose out");
        }
    }
}

/// The limbs of a gateway that would serve the purposes of a flow.
fn limbs_for(check: &Check<'_>, flow: &Flow, gateway: &Gateway) -> Option<String> {
    let serves = |law: &Vec<LegalPurpose>| {
        let law: Vec<&LegalPurpose> = law.iter().collect();
        !served(check.a, flow, &law).is_empty()
    };
    let limbs = gateway.limbs.iter().filter(|(_, law)| serves(law));
    let limbs: Vec<&str> = limbs.map(|(limb, _)| limb.as_str()).collect();
    (!limbs.is_empty()).then(|| format!("its limbs for these purposes are: {}", limbs.join(", ")))
}

/// Do two lines rely on the same gateway, limbs and area?
fn same_use(one: &Line, other: &Line) -> bool {
    let gate = |line: &Line| line.gate.as_ref().map(|at| at.value.clone());
    let area = |line: &Line| line.area.as_ref().map(|at| at.value.clone());
    gate(one) == gate(other)
        && area(one) == area(other)
        && one.limbs.values() == other.limbs.values()
}

/// The legal purposes that a flow's purposes stand on.
fn law_of(a: &Agreement, flow: &Flow) -> Vec<LegalPurpose> {
    let purposes = flow
        .purposes
        .all()
        .iter()
        .filter_map(|p| a.purposes.entry(&p.value));
    purposes.flat_map(|p| p.value.law.values()).collect()
}

/// The power of last resort is relied on alone only where no statutory gateway opens this way (LEG-03).
fn no_statute(
    check: &Check<'_>,
    id: &FlowId,
    flow: &At<Flow>,
    gate: &At<crate::GatewayId>,
    sender: End<'_>,
    receiver: End<'_>,
    about: &[LabelId],
) {
    let law = law_of(check.a, &flow.value);
    let plain = |other: &crate::GatewayId| {
        check.law.gateway(other).is_some_and(|g| {
            let whole = g.everywhere() && g.scope == Scope::Batch && g.only_where.is_none();
            !g.needs_why && !g.non_personal && whole
        })
    };
    let statutes: Vec<&str> = check
        .law
        .open_for(sender, receiver, &law, about)
        .filter(|other| plain(other))
        .map(crate::GatewayId::as_str)
        .collect();
    if !statutes.is_empty() {
        let message = format!(
            "the flow {id} rests on {} alone, and statutory gateways open this way",
            gate.value
        );
        check
            .log
            .fault("LEG-03", gate.span, message)
            .help(format!(
                "name them first: {}; and this one last, `only-if: no-line-above`",
                statutes.join(", ")
            ))
            .source("it may be relied on only where no statutory gateway applies");
    }
}

/// The body of a party, as messages call it.
fn name(check: &Check<'_>, party: &PartyId) -> String {
    match check
        .a
        .parties
        .entry(party)
        .and_then(|p| p.value.body.as_ref())
        .map(|b| &b.value)
    {
        Some(Body::One(body)) => body.to_string(),
        Some(Body::Each(each)) => {
            let register = each.each_of.as_ref().map(|r| r.value.to_string());
            format!("each of {}", register.unwrap_or_default())
        }
        None => party.to_string(),
    }
}

fn closed_because(closed: &Closed<'_>, gateway: &Gateway, help: &str) -> (String, String, String) {
    let rule = || gateway.rule.clone().unwrap_or_else(|| "LEG-01".to_owned());
    let help = help.to_owned();
    match closed {
        Closed::Opposite => (
            "LEG-01".to_owned(),
            "opens the opposite way only".to_owned(),
            help,
        ),
        Closed::Elsewhere => (rule(), "does not open this way".to_owned(), help),
        Closed::Excluded(except) => {
            let why = match &except.information {
                Some(what) => format!("is not for {what}"),
                None => "excludes this sender".to_owned(),
            };
            let help = match &except.instead {
                Some(instead) => format!("use {instead}"),
                None => help,
            };
            (except.rule.clone(), why, help)
        }
    }
}

fn line_is_complete(
    check: &Check<'_>,
    id: &FlowId,
    at: &At<Line>,
    gateway: &Gateway,
    rank: usize,
    lines: usize,
) {
    let line = &at.value;
    if gateway.needs_why {
        if line.why.is_none() {
            check
                .log
                .fault(
                    "LEG-03",
                    at.span,
                    format!(
                        "the flow {id} rests on {} and does not say why",
                        gateway.cites
                    ),
                )
                .help("write `why: no statutory gateway ...`")
                .source("it may be relied on only where no statutory gateway applies");
        }
        if let Some(only_if) = line
            .only_if
            .as_ref()
            .filter(|_| rank + 1 < lines && rank > 0)
        {
            check
                .log
                .fault(
                    "LEG-03",
                    only_if.span,
                    format!("{} stands above other lines", gateway.cites),
                )
                .help("put it last");
        }
        if lines > 1 && line.only_if.is_none() {
            check
                .log
                .fault(
                    "LEG-03",
                    at.span,
                    format!("{} stands beside statutory gateways", gateway.cites),
                )
                .help("write `only-if: no-line-above`, and put it last");
        }
    }
    if let Some(only_if) = &line.only_if
        && rank == 0
    {
        check
            .log
            .fault(WORD, only_if.span, "no line stands above this one")
            .help("put it last");
    }
    let with = gateway.may_be_with.iter().chain(&gateway.read_with);
    check.all_declared("instrument beside this gateway", line.with.all(), with);
    check.all_declared(
        "limb of this gateway",
        line.limbs.all(),
        gateway.limbs.keys(),
    );
    area(check, id, at, gateway);
    if let Some(scope) = &line.scope
        && scope.value == Scope::Batch
        && gateway.scope == Scope::OneRecord
    {
        let rule = gateway.rule.clone().unwrap_or_else(|| "LEG-16".to_owned());
        check
            .log
            .fault(
                rule,
                scope.span,
                "this gateway is used record by record and not for a batch",
            )
            .help("write `scope: one-record`")
            .source(gateway.cites.clone());
    }
}

/// A gateway that is used area by area names one of the register's.
fn area(check: &Check<'_>, id: &FlowId, at: &At<Line>, gateway: &Gateway) {
    let line = &at.value;
    let rule = || gateway.rule.clone().unwrap_or_else(|| "LEG-01".to_owned());
    match (&gateway.areas, &line.area) {
        (None, None) => {}
        (None, Some(area)) => {
            let message = "this gateway is not used area by area";
            check
                .log
                .fault(crate::rules::DETAIL, area.span, message)
                .help("take the area out");
        }
        (Some(register), area) => {
            let latest = check
                .law
                .register(register)
                .and_then(|r| r.versions.last_key_value());
            let Some((_, members)) = latest else { return };
            match area {
                None => {
                    let message = format!(
                        "the flow {id} names no area, and this gateway is used area by area"
                    );
                    check
                        .log
                        .fault(rule(), at.span, message)
                        .help(format!(
                            "write `area:`, one of the {} of {register}",
                            members.len()
                        ))
                        .source(gateway.cites.clone());
                }
                Some(area) if !members.contains(&area.value) => {
                    let near = check
                        .log
                        .did_you_mean(area.value.as_str(), members.iter().map(LabelId::as_str));
                    let message = format!("there is no area named `{}` in {register}", area.value);
                    check.log.fault(rule(), area.span, message).maybe(near);
                }
                Some(_) => {}
            }
        }
    }
}

/// Territory, scope, ground and time of one line.
fn reach(
    check: &Check<'_>,
    id: &FlowId,
    flow: &Flow,
    line: &Line,
    gate: &At<crate::GatewayId>,
    gateway: &Gateway,
    sender: &PartyId,
) {
    let conditions: Vec<_> = flow.only.iter().chain(&line.when).collect();
    let rule = || gateway.rule.clone().unwrap_or_else(|| "LEG-01".to_owned());
    let within = |is_type: &dyn Fn(&FieldType) -> bool, values: &[String], of| {
        conditions
            .iter()
            .any(|c| keeps_within(check, &c.value, is_type, values, of))
    };
    let nation = |kind: &FieldType| *kind == FieldType::Plain(TypeName::Nation);
    if !gateway.everywhere() && !within(&nation, &gateway.territory, Values::Every) {
        let nations = gateway.territory.join(", ");
        check
            .log
            .fault(
                rule(),
                gate.span,
                format!(
                    "{} reaches {nations} only, and the flow {id} does not test where a record is",
                    gate.value
                ),
            )
            .help("give the line a `when` with a condition on a fact of type nation")
            .source(gateway.cites.clone());
    }
    let list = |kind: &FieldType| matches!(kind, FieldType::OneOf(_) | FieldType::Listed { .. });
    if let Some(only) = &gateway.only_where
        && !within(&list, &only.values, Values::One)
    {
        check
            .log
            .fault(
                only.rule.clone(),
                gate.span,
                format!("{} is used only where one of {} is known of a record", gate.value, only.values.join(", ")),
            )
            .help("give the line a `when` with a condition on a fact that has these values, or that the other party tells")
            .source(gateway.cites.clone());
    }
    if gateway.scope == Scope::OneRecord
        && line
            .scope
            .as_ref()
            .is_none_or(|s| s.value != Scope::OneRecord)
    {
        check
            .log
            .fault(
                rule(),
                gate.span,
                format!(
                    "{} is used record by record, and the flow {id} does not say so",
                    gate.value
                ),
            )
            .help("write `scope: one-record`")
            .source(gateway.cites.clone());
    }
    if gateway.documented
        && !conditions
            .iter()
            .any(|c| is_documented(check, &c.value, sender))
    {
        check
            .log
            .fault(
                rule(),
                gate.span,
                format!(
                    "{} is documented case by case, and the flow {id} asks for no such record",
                    gate.value
                ),
            )
            .help(format!(
                "give the line a `when` on a fact `recorded-as: text` that is known to {sender}"
            ))
            .source(gateway.cites.clone());
    }
    if gateway.non_personal && check.is_personal(flow) {
        let message = format!(
            "{}, and the flow {id} sends data about people",
            gateway.cites
        );
        check.log.fault("LEG-01", gate.span, message).help(
            "name a gateway; or let the dataset be `about: nobody`, with fields of class none",
        );
    }
    in_force(check, gate, gateway, line);
}

fn in_force(check: &Check<'_>, gate: &At<crate::GatewayId>, gateway: &Gateway, line: &Line) {
    let Some(term) = check.term else { return };
    let parts = std::iter::once((&gateway.cites, gateway.effective)).chain(
        line.with
            .all()
            .iter()
            .filter_map(|w| check.law.instrument(&w.value))
            .map(|i| (&i.cites, i.effective)),
    );
    for (cites, effective) in parts {
        let gone = effective.until.is_some_and(|last| last < term.from);
        let not_yet = effective
            .from
            .zip(term.last)
            .is_some_and(|(first, last)| last < first);
        if gone || not_yet {
            let message = format!("{cites} is not in force in the term, {term}");
            check
                .log
                .fault("LEG-01", gate.span, message)
                .source(cites.clone());
        } else if line.reading.is_some() {
            // A reading says what becomes of the rest of the term.
        } else if effective
            .until
            .is_some_and(|until| term.last.is_none_or(|last| until < last))
            || effective.from.is_some_and(|first| term.from < first)
        {
            let message = format!("{cites} is in force for a part of the term only");
            check
                .log
                .warn("LEG-01", gate.span, message)
                .source(cites.clone());
        }
    }
}

/// A purpose of an exchange stands on the law.
fn purposes(check: &Check<'_>) {
    if check
        .a
        .kind
        .as_ref()
        .is_none_or(|k| k.value == Kind::Umbrella)
    {
        return;
    }
    for (id, purpose) in check.a.purposes.entries() {
        if purpose.value.law.is_none() {
            let message = format!("the purpose {id} stands on no purpose of the law");
            check
                .log
                .fault("LEG-08", purpose.span, message)
                .help("write `law:` with one or more purposes of the law catalogue");
        }
    }
}
