//! Does every pair of parties between which something flows have an umbrella that is there, holds, and is theirs?

use crate::check::Check;
use crate::grammar::Entries;
use crate::ids::PartyId;
use crate::rules::TWICE;
use crate::words::Kind;

pub(super) fn check(check: &Check<'_>) {
    umbrellas(check);
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
            Some(_)
                if pairs
                    .iter()
                    .filter(|(names, _)| names.iter().any(|n| n == key.as_str()))
                    .count()
                    > 1 =>
            {
                let message = format!("{key} can be read as two pairs of parties");
                check
                    .log
                    .fault(TWICE, at.span, message)
                    .help("give one of the parties a name without a hyphen");
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
