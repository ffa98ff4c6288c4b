//! Every state has an owner and a way out; the diagrams in docs/exchange.md are made from the same tables.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use exchange::authority::Action;
use exchange::leg::{self, Side};
use exchange::machine::{MACHINES, Owner};
use exchange::message::{Kind, rule_of};
use exchange::pact::{self, Standing};
use exchange::{alteration, assurance, finding, incident, matches, route, solution};

/// A table of steps: verb, from, to, owner.
type Steps = Vec<(String, Option<String>, String, String)>;

fn legs() -> Steps {
    leg::STEPS
        .iter()
        .map(|s| {
            (
                s.verb.to_owned(),
                s.from.map(|f| f.name().to_owned()),
                s.to.name().to_owned(),
                s.owner.to_owned(),
            )
        })
        .collect()
}

fn the_matches() -> Steps {
    let found = |to: matches::Standing| {
        let name = to.name().to_owned();
        ("found".to_owned(), None, name, "node or partner".to_owned())
    };
    let mut all = vec![
        found(matches::Standing::Candidate),
        found(matches::Standing::Ambiguous),
    ];
    all.extend(matches::MOVES.iter().map(|(verb, from, to, owner)| {
        let from = Some(from.name().to_owned());
        (
            (*verb).to_owned(),
            from,
            to.name().to_owned(),
            (*owner).to_owned(),
        )
    }));
    all
}

fn findings() -> Steps {
    let state = |s: finding::State| s.name().to_owned();
    let made = state(finding::State::ToVerify);
    let mut all = vec![("made".to_owned(), None, made, "node or partner".to_owned())];
    all.extend(finding::MOVES.iter().map(|(verb, from, to, owner)| {
        (
            (*verb).to_owned(),
            Some(state(*from)),
            state(*to),
            (*owner).to_owned(),
        )
    }));
    all
}

fn solutions() -> Steps {
    let state = |s: solution::State| s.name().to_owned();
    let tested = state(solution::State::Tested);
    let mut all = vec![("test".to_owned(), None, tested, "analyst".to_owned())];
    all.extend(solution::MOVES.iter().map(|(verb, from, to, owner)| {
        (
            (*verb).to_owned(),
            Some(state(*from)),
            state(*to),
            (*owner).to_owned(),
        )
    }));
    all
}

fn routes() -> Steps {
    let state = |s: route::State| s.name().to_owned();
    let proposed = state(route::State::Proposed);
    let by = "data-sharing-officer or analyst".to_owned();
    let mut all = vec![("propose".to_owned(), None, proposed, by)];
    all.extend(route::MOVES.iter().map(|(verb, from, to, owner)| {
        (
            (*verb).to_owned(),
            Some(state(*from)),
            state(*to),
            (*owner).to_owned(),
        )
    }));
    all
}

fn incidents() -> Steps {
    let state = |s: incident::State| s.name().to_owned();
    let raised = state(incident::State::Reported);
    let mut all = vec![(
        "raise".to_owned(),
        None,
        raised,
        "everybody or node".to_owned(),
    )];
    all.extend(incident::MOVES.iter().map(|(verb, from, to, owner)| {
        (
            (*verb).to_owned(),
            Some(state(*from)),
            state(*to),
            (*owner).to_owned(),
        )
    }));
    all
}

fn assurances() -> Steps {
    let state = |s: assurance::State| s.name().to_owned();
    let begins = |verb: &str, to| {
        let by = assurance::ASKS.to_owned();
        (verb.to_owned(), None, state(to), by)
    };
    let mut all = vec![
        begins("ask", assurance::State::Asked),
        begins("take", assurance::State::ToGive),
    ];
    all.extend(assurance::MOVES.iter().map(|(verb, from, to, owner)| {
        (
            (*verb).to_owned(),
            Some(state(*from)),
            state(*to),
            (*owner).to_owned(),
        )
    }));
    all
}

fn alterations() -> Steps {
    let state = |s: alteration::State| s.name().to_owned();
    let begins = |verb: &str, to| {
        let by = alteration::OWNER.to_owned();
        (verb.to_owned(), None, state(to), by)
    };
    let mut all = vec![
        begins("discuss", alteration::State::Discussed),
        begins("take", alteration::State::Notified),
    ];
    all.extend(alteration::MOVES.iter().map(|(verb, from, to, owner)| {
        (
            (*verb).to_owned(),
            Some(state(*from)),
            state(*to),
            (*owner).to_owned(),
        )
    }));
    all
}

/// How an agreement stands when it is signed, apart from days.
fn pacts() -> Steps {
    let state = |s: Standing| {
        let name = match s {
            Standing::Running => "signed",
            Standing::UnderReview => "under-review",
            Standing::Suspended => "suspended",
        };
        name.to_owned()
    };
    let by = |action| Owner::May(action).says();
    let signed = state(Standing::Running);
    let mut all = vec![("sign".to_owned(), None, signed, by(Action::Sign))];
    all.extend(pact::MOVES.iter().map(|(verb, from, to)| {
        (
            verb.name().to_owned(),
            Some(state(*from)),
            state(*to),
            by(Action::Stand),
        )
    }));
    all
}

/// The states that are meant to be ends.
const ENDS: [(&str, &[&str]); 9] = [
    ("agreement", &[]),
    ("leg", &["closed"]),
    ("match", &["refuted", "superseded"]),
    ("finding", &["dismissed", "withdrawn"]),
    ("solution", &[]),
    ("route", &[]),
    ("incident", &[]),
    ("assurance", &["given", "received", "dropped"]),
    ("alteration", &["applied", "withdrawn"]),
];

fn tables() -> Vec<(&'static str, Steps)> {
    let named = MACHINES.iter().map(|(name, moves, _)| {
        let steps = moves.iter().map(|(verb, from, to, owner)| {
            let from = from.map(str::to_owned);
            ((*verb).to_owned(), from, (*to).to_owned(), owner.says())
        });
        (*name, steps.collect())
    });
    let mut all = vec![
        ("agreement", pacts()),
        ("leg", legs()),
        ("match", the_matches()),
        ("finding", findings()),
        ("solution", solutions()),
        ("route", routes()),
        ("incident", incidents()),
        ("assurance", assurances()),
        ("alteration", alterations()),
    ];
    all.extend(named);
    all
}

// shows: RUN-04, MATCH-06, INC-13
#[test]
fn every_state_is_reached_and_has_an_owner_and_a_way_out() {
    let machines = MACHINES.iter().map(|(name, _, ends)| (*name, *ends));
    let ends: Vec<_> = ENDS.into_iter().chain(machines).collect();
    for (name, steps) in tables() {
        let (_, ends) = ends.iter().find(|(n, _)| *n == name).unwrap();
        let reached: BTreeSet<&str> = steps.iter().map(|(_, _, to, _)| to.as_str()).collect();
        let left: BTreeSet<&str> = steps
            .iter()
            .filter_map(|(_, from, _, _)| from.as_deref())
            .collect();
        for state in &reached {
            let end = ends.contains(state);
            assert_eq!(
                !left.contains(state),
                end,
                "{name} {state}: a way out, or an end"
            );
        }
        for (verb, from, _, owner) in &steps {
            assert!(!owner.is_empty(), "{name} {verb} has an owner");
            if let Some(from) = from {
                assert!(reached.contains(from.as_str()), "{name} {from} is reached");
            }
        }
    }
}

fn diagram(steps: &Steps) -> String {
    let mut out = "```mermaid\nstateDiagram-v2\n".to_owned();
    let word = |s: &str| s.replace('-', "_");
    for (verb, from, to, owner) in steps {
        let from = from.as_deref().map_or("[*]".to_owned(), word);
        writeln!(out, "  {from} --> {}: {verb} ({owner})", word(to)).unwrap();
    }
    out + "```\n"
}

fn messages() -> String {
    let mut out = "| message | sent by the flow's | while its leg is | taken while the leg is |\n|---|---|---|---|\n".to_owned();
    let names = |states: &[leg::State]| {
        let all: Vec<&str> = states.iter().map(|s| s.name()).collect();
        all.join(", ")
    };
    for kind in Kind::ALL {
        let rule = rule_of(kind);
        let by = match rule.sent_by {
            Side::Sender => "sender",
            Side::Receiver => "receiver",
        };
        let taking = names(rule.taking);
        let taking = if rule.first {
            format!("not there, {taking}")
        } else {
            taking
        };
        writeln!(
            out,
            "| {} | {by} | {} | {taking} |",
            kind.as_str(),
            names(rule.sending)
        )
        .unwrap();
    }
    out
}

/// The page's parts between `<!-- made: name -->` and `<!-- end -->` are what the tables make; `UPDATE=1` writes them.
#[test]
fn the_page_shows_the_tables_as_they_are() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/exchange.md");
    let mut page = std::fs::read_to_string(path).unwrap();
    let mut parts: Vec<(&str, String)> = tables()
        .iter()
        .map(|(name, steps)| (*name, diagram(steps)))
        .collect();
    parts.push(("messages", messages()));
    for (name, made) in parts {
        let mark = format!("<!-- made: {name} -->\n");
        let start = page.find(&mark).unwrap_or_else(|| panic!("no part {name}")) + mark.len();
        let end = start + page[start..].find("<!-- end -->").unwrap();
        if std::env::var_os("UPDATE").is_some() {
            page.replace_range(start..end, &made);
        } else {
            assert_eq!(&page[start..end], made, "{name}: UPDATE=1 writes it");
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, page).unwrap();
    }
}
