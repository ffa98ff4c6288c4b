//! Is there a gateway for every flow, for its purposes, its direction, its territory and its time? And does the
//! agreement stand where the law lets it stand: umbrella, regime, adequacy, parties?

use crate::check::conditions::{can_hold, is_documented, keeps_within};
use crate::check::{Check, bodies};
use crate::grammar::{Entries, Items};
use crate::ids::{FlowId, LabelId, LegalPurpose, PartyId, PersonKind, PurposeId};
use crate::law::{Closed, End, Gateway};
use crate::log::At;
use crate::model::{Agreement, Body, DEEPEST, Flow, Line, SUBJECT, Schedule};
use crate::rules::{SHAPE, TWICE, WORD};
use crate::value::FieldType;
use crate::words::{Control, Kind, Scope, TypeName};

pub(super) fn check(check: &Check<'_>) {
    for (id, flow) in check.a.each_flow() {
        flow_is_lawful(check, id, flow);
    }
    purposes(check);
    umbrellas(check);
    regime(check);
    adequacy(check);
    parties(check);
    one_off(check);
    alike(check);
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
    conditions
        .into_iter()
        .all(|c| can_hold(a, &c.value, kind, DEEPEST))
}

/// The kinds of information that a flow sends.
fn information(check: &Check<'_>, flow: &Flow) -> Vec<LabelId> {
    let mut all: Vec<LabelId> = flow
        .send
        .all()
        .iter()
        .filter_map(|d| check.a.datasets.entry(&d.value))
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
        let others = lines
            .iter()
            .take(rank)
            .filter_map(|l| l.value.gate.as_ref());
        if others.into_iter().any(|other| other.value == gate.value) {
            check
                .log
                .fault(
                    TWICE,
                    gate.span,
                    format!("the flow {id} names {} twice", gate.value),
                )
                .help("join the two conditions in one with `any`");
            continue;
        }
        line_is_complete(check, id, line, gateway, rank, lines.len());
        let law: Vec<LegalPurpose> = a
            .purposes
            .entries()
            .flat_map(|(_, p)| p.value.law.values())
            .collect();
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
    let within = |is_type: &dyn Fn(&FieldType) -> bool, values: &[String]| {
        conditions
            .iter()
            .any(|c| keeps_within(check, &c.value, is_type, values, DEEPEST))
    };
    let nation = |kind: &FieldType| *kind == FieldType::Plain(TypeName::Nation);
    if !gateway.everywhere() && !within(&nation, &gateway.territory) {
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
        && !within(&list, &only.values)
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

/// Every pair of parties between which something flows has its umbrella (AGR-30, C-13).
fn umbrellas(check: &Check<'_>) {
    let a = check.a;
    let mut pairs = Vec::new();
    for one in a.parties.names() {
        for other in a.parties.names().filter(|p| *p > one) {
            pairs.push((
                [format!("{one}-{other}"), format!("{other}-{one}")],
                [one, other],
            ));
        }
    }
    for (key, at) in a.under.entries() {
        match pairs
            .iter()
            .find(|(names, _)| names.iter().any(|n| n == key.as_str()))
        {
            None => {
                let all = pairs.iter().flat_map(|(names, _)| names);
                check.undeclared("pair of parties", key.as_str(), at.span, all);
            }
            Some((names, parties)) => {
                let is_there = |n: &String| a.under.names().any(|k| k.as_str() == n);
                if names.iter().all(is_there)
                    && names.iter().max().map(String::as_str) == Some(key.as_str())
                {
                    let message = format!("the umbrella of the pair {key} is written twice");
                    check.log.fault(TWICE, at.span, message);
                }
                if let Some(reference) = at.value.given() {
                    umbrella(check, reference, *parties, at.span);
                }
            }
        }
    }
    let mut told: Vec<&[String; 2]> = Vec::new();
    for (id, flow, from, to) in check.ways() {
        let key = format!("{from}-{to}");
        let Some((names, _)) = pairs.iter().find(|(names, _)| names.contains(&key)) else {
            continue;
        };
        let there = a
            .under
            .names()
            .any(|k| names.iter().any(|n| n == k.as_str()));
        if told.contains(&names) || there {
            continue;
        }
        told.push(names);
        if a.under.is_none() {
            if !check.has_fault_at(&["under"]) {
                check
                    .log
                    .fault("AGR-04", check.whole(), "the agreement has no `under`")
                    .help(format!("write `under: {{ {key}: ... }}`; every pair between which something flows has its umbrella"));
            }
            break;
        }
        check
            .log
            .fault(
                "AGR-30",
                flow.span,
                format!("the flow {id} goes between {from} and {to}, which no umbrella joins"),
            )
            .help(format!(
                "write `under: {{ {key}: ... }}` with its name, or a gap"
            ));
    }
}

/// The umbrella that a pair names is there, is one, and has both bodies as parties.
fn umbrella(check: &Check<'_>, name: &crate::AgreementId, pair: [&PartyId; 2], span: crate::Span) {
    let Some(found) = check.library.get(name) else {
        let known = check.library.umbrellas().map(ToString::to_string);
        let near = check.log.did_you_mean(
            name.as_str(),
            known.collect::<Vec<_>>().iter().map(String::as_str),
        );
        check
            .log
            .fault(
                "AGR-30",
                span,
                format!("there is no umbrella named `{name}` beside this agreement"),
            )
            .help(near.unwrap_or_else(|| {
                "add its file to the folder (a stub with gaps will do), or let a gap stand here"
                    .to_owned()
            }));
        return;
    };
    if found.kind != Kind::Umbrella {
        let message = format!("{name} is a {}, and no umbrella", found.kind);
        check.log.fault("AGR-30", span, message);
        return;
    }
    if found.hash.is_none() {
        let message = format!("the umbrella {name} has faults of its own");
        check
            .log
            .fault("AGR-30", span, message)
            .help("`concordat check` its file");
    }
    for party in pair {
        if let Some(body) = check.a.body(party)
            && check.law.body(body).is_some()
            && !found.bodies.contains(body)
        {
            let message = format!("{body} is no party of the umbrella {name}");
            check.log.fault("AGR-30", span, message);
        }
        let own = check
            .a
            .parties
            .entry(party)
            .and_then(|p| p.value.named.as_ref());
        if let Some(own) = own
            && let Some(names) = check.a.body(party).and_then(|body| found.named.get(body))
            && !names.contains(&own.value)
        {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let message = format!(
                "the umbrella {name} is with {}, and not with {}",
                names.join(", "),
                own.value
            );
            check.log.fault("AGR-30", span, message);
        }
        let register = check
            .a
            .parties
            .entry(party)
            .and_then(|p| p.value.register());
        if let Some(register) = register
            && let Some(kind) = check.law.register(register).and_then(|r| r.kind.as_ref())
        {
            let speaks =
                |body: &crate::BodyId| check.law.body(body).is_some_and(|b| b.kind == *kind);
            if !found.registers.contains(register) && !found.bodies.iter().any(speaks) {
                let message = format!(
                    "neither {register} nor a body of its kind is a party of the umbrella {name}"
                );
                check.log.fault("AGR-30", span, message);
            }
        }
    }
    if let (Some(own), Some(its)) = (check.term, found.term) {
        let ended = its.last.is_some_and(|last| last < own.from);
        let ends = its
            .last
            .is_some_and(|last| own.last.is_none_or(|own| last < own));
        if ended {
            let message = format!("the umbrella {name} is over: it held {its}");
            check.log.fault("AGR-30", span, message);
        } else if ends || own.from < its.from {
            let message = format!("the umbrella {name} holds for a part of the term only, {its}");
            check.log.warn("AGR-30", span, message);
        }
    }
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
        if (ends || begins) && written.value.reading.is_none() {
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

/// A transfer to a country that needs one has its adequacy assessment (APP-14 to APP-17).
fn adequacy(check: &Check<'_>) {
    let mut told = Vec::new();
    for (id, flow, _, to) in check.ways() {
        let Some(body) = check.end(to).and_then(|end| check.law.body(end.body?)) else {
            continue;
        };
        let on = check.term.map_or(jiff::civil::Date::MAX, |term| term.from);
        let listed = check
            .law
            .adequacy_on(on)
            .is_some_and(|list| list.always.contains(&body.country));
        let party = check.a.parties.entry(to);
        let assessed = party.and_then(|p| p.value.adequacy.as_ref());
        let has = assessed.is_some();
        let day = assessed.and_then(|at| at.value.given()?.on.as_ref());
        if let Some(day) = day.filter(|day| on < day.value)
            && !told.contains(&to)
        {
            told.push(to);
            let message = format!(
                "the assessment is of {}, after the first day of the term, {on}",
                day.value
            );
            check
                .log
                .fault("APP-14", day.span, message)
                .source("the last step before a transfer outside the European Economic Area");
        }
        if has || told.contains(&to) || !check.law.needs_adequacy(&body.country, on) {
            continue;
        }
        told.push(to);
        let why = if listed {
            "which always needs one"
        } else {
            "which no list exempts"
        };
        check
            .log
            .fault(
                if listed { "APP-17" } else { "APP-14" },
                flow.value.to.as_ref().map_or(flow.span, |to| to.span),
                format!(
                    "the flow {id} goes to {}, {why}, and there is no adequacy assessment",
                    body.country
                ),
            )
            .help(format!(
                "give the party {to} `adequacy: {{ on: ..., verdict: ..., by: ... }}`, or a gap"
            ))
            .source("the last step before a transfer outside the European Economic Area");
    }
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
        if check.law.kinds.get(end.kind).is_some_and(|k| k.commercial) {
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
    for (id, flow) in check.a.each_flow() {
        let again = flow.value.again.as_ref().map(|at| at.span);
        let when = flow.value.when.as_ref();
        let often = when.filter(|w| {
            w.value.given().is_some_and(|w| {
                matches!(
                    w.schedule,
                    Schedule::Every { .. } | Schedule::OnDemand { .. }
                )
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
