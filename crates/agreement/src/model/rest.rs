//! Reads what follows a flow: onward, decisions, keep, clocks, contacts, signers, readings and gaps.

use std::collections::BTreeMap;

use crate::ids::{DatasetId, DecisionId, FlowId, GapId, PartyId, ReadingId, RoleId};
use crate::keep::{Event, Force, Place, Stops, Subject, Then, When};
use crate::model::header::{slot, sorted};
use crate::model::{Actor, Clock, Decision, Gap, KeepLine, Part, Reading, Slot};
use crate::plan::After;
use crate::read::{At, Block, Log, cut, list_of_names, name, named, period, text, word};
use crate::rules::{MISSING, NOT_YET, SHAPE, WORD};
use crate::tree::{Node, Value};

/// The keys are datasets, or `*` for every other one; the checker resolves them.
pub(super) fn onward(node: &Node, log: &Log) -> BTreeMap<String, At<Vec<At<FlowId>>>> {
    let mut out = BTreeMap::new();
    let Value::Map(entries) = &node.value else {
        log.fault(
            SHAPE,
            node.span,
            "onward must be a block of keys, `dataset: [flows]`",
        );
        return out;
    };
    for (key, value) in entries {
        if let Err(bad) = DatasetId::parse(&key.text)
            && key.text != "*"
        {
            log.fault(
                WORD,
                key.span,
                format!("`{}` cannot stand here: {bad}, or `*`", cut(&key.text)),
            );
            continue;
        }
        let flows = match &value.value {
            Value::Text { text, .. } if text == "none" => Vec::new(),
            Value::Map(entries) => {
                for (key, _) in entries.iter().filter(|(k, _)| k.text == "only-after") {
                    let message = "`only-after` is not part of the language yet";
                    log.fault(NOT_YET, key.span, message);
                }
                if !entries.iter().any(|(k, _)| k.text == "only-after") {
                    log.fault(SHAPE, value.span, "onward is `none` or a list of flows");
                }
                continue;
            }
            Value::Text { .. } | Value::List(_) => list_of_names(value, log, "the flows"),
        };
        out.insert(key.text.clone(), At::new(sorted(flows), key.span));
    }
    out
}

pub(super) fn decisions(node: &Node, log: &Log) -> BTreeMap<DecisionId, At<Decision>> {
    named(node, log, "decisions", |id, key, node| {
        let mut block = Block::open(node, log, format!("the decision {id}"))?;
        let by = block.need(log, "by").and_then(|n| actor(n, log));
        let of = block
            .need(log, "of")
            .map(|n| list_of_names(n, log, "the kinds of person"));
        let after = block.need(log, "after").and_then(|n| after(n, log));
        let cite = block.get("cite").and_then(|n| text(n, log, "a paragraph"));
        let reading = block.get("reading").and_then(|n| name(n, log, "a reading"));
        block.close(
            log,
            &[
                "what",
                "to",
                "before",
                "one-of",
                "default",
                "duty",
                "out-of",
                "never-rests-on",
                "makes-controller",
            ],
        );
        let of = sorted(of.unwrap_or_default());
        Some(At::new(
            Decision {
                by,
                of,
                after,
                cite,
                reading,
            },
            key.span,
        ))
    })
}

fn actor(node: &Node, log: &Log) -> Part<Actor> {
    let found = text(node, log, "who decides")?;
    let parts = found.value.split_once('.');
    let parts = parts.and_then(|(p, r)| PartyId::parse(p).ok().zip(RoleId::parse(r).ok()));
    match parts {
        Some((party, role)) => Some(At::new(Actor { party, role }, found.span)),
        None => {
            log.fault(
                WORD,
                found.span,
                format!("`{}` is not a role of a party", cut(&found.value)),
            )
            .help("write `party.role`, such as `ho.caseworker`");
            None
        }
    }
}

fn after(node: &Node, log: &Log) -> Part<After> {
    let mut block = Block::open(node, log, "after")?;
    let found = block.get("match").and_then(|n| {
        word(
            n,
            log,
            "the match",
            &[("confirmed", After::MatchConfirmed)],
            &[],
            WORD,
        )
    });
    let empty = matches!(&node.value, Value::Map(entries) if entries.is_empty());
    if empty {
        log.fault(MISSING, node.span, "`after` says nothing")
            .help("write `after: { match: confirmed }`");
    }
    block.close(
        log,
        &[
            "again",
            "completed",
            "received",
            "verified",
            "status.correctly_matched",
        ],
    );
    found.map(|at| At::new(at.value, node.span))
}

pub(super) fn keep(node: &Node, log: &Log) -> Vec<KeepLine> {
    let Value::List(items) = &node.value else {
        log.fault(
            SHAPE,
            node.span,
            "keep must be a list, `- { what: ..., at: ... }`",
        );
        return Vec::new();
    };
    items.iter().filter_map(|n| keep_line(n, log)).collect()
}

fn keep_line(node: &Node, log: &Log) -> Option<KeepLine> {
    let mut block = Block::open(node, log, "a keep rule")?;
    let what = block
        .need(log, "what")
        .map(|n| list_of_names(n, log, "what is kept"));
    let at = block
        .need(log, "at")
        .and_then(|n| name(n, log, "the party that keeps it"));
    let place = match block.get("in") {
        None => Some(Place::Received),
        Some(n) => {
            let staging = [("staging", Place::Staging)];
            word(n, log, "where it is kept", &staging, &["memory-only"], WORD).map(|p| p.value)
        }
    };
    let (until, from, length) = (block.get("until"), block.get("from"), block.get("for"));
    match (until, from, length) {
        (Some(_), None, None) | (None, Some(_), Some(_)) => {}
        (None, None, None) => {
            log.fault("RET-01", node.span, "a keep rule does not say until when")
                .help(
                    "write `until: { event: ..., of: run }`, or `from:` an event and `for:` a time",
                );
        }
        (None, ..) => {
            log.fault(
                "RET-01",
                node.span,
                "a time is kept `from` an event `for` so long: one of them is missing",
            );
        }
        (Some(until), ..) => {
            log.fault(
                "RET-01",
                until.span,
                "a keep rule ends at an event or after a time, not both",
            );
        }
    }
    let until = until.and_then(|n| event(n, log, &["need-reviewed-every"]));
    let from = from.and_then(|n| event(n, log, &["earlier-of"]));
    let length = length.and_then(|n| period(n, log, "how long"));
    if let Some(at) = &length
        && at.value.after(jiff::civil::date(2000, 1, 1)).is_none()
    {
        log.fault(
            WORD,
            at.span,
            "keeping is measured in days, weeks, months or years",
        );
    }
    let then = block
        .need(log, "then")
        .and_then(|n| word(n, log, "what happens then", Then::ALL, &[], WORD));
    let cite = block.get("cite").and_then(|n| text(n, log, "a paragraph"));
    let reading = block.get("reading").and_then(|n| name(n, log, "a reading"));
    block.close(log, &["where", "holds", "unless", "id", "gap"]);
    let what = sorted(what.unwrap_or_default());
    Some(KeepLine {
        what,
        at,
        place,
        until,
        from,
        period: length,
        then,
        cite,
        reading,
    })
}

fn event(node: &Node, log: &Log, later: &[&str]) -> Part<When> {
    let mut block = Block::open(node, log, "an event")?;
    let is_later = matches!(&node.value, Value::Map(e) if e.iter().any(|(k, _)| later.contains(&k.text.as_str())));
    let event = if is_later {
        block.get("event")
    } else {
        block.need(log, "event")
    };
    let event = event.and_then(|n| word(n, log, "the event", Event::ALL, LATER_EVENTS, WORD));
    let of = if is_later {
        block.get("of")
    } else {
        block.need(log, "of")
    };
    let of = of.and_then(|n| {
        word(
            n,
            log,
            "what it happens to",
            Subject::ALL,
            &["call", "issue", "months"],
            WORD,
        )
    });
    block.close(log, later);
    Some(At::new(
        When {
            event: event?.value,
            of: of?.value,
        },
        node.span,
    ))
}

const LATER_EVENTS: &[&str] = &[
    "decided",
    "answered",
    "calculated",
    "created",
    "next-review",
    "pool-left",
    "matching-done",
    "escalated",
    "happened",
];

pub(super) fn clocks(node: &Node, log: &Log) -> Vec<Clock> {
    let Value::List(items) = &node.value else {
        log.fault(
            SHAPE,
            node.span,
            "clocks must be a list, `- { what: ..., within: ... }`",
        );
        return Vec::new();
    };
    items.iter().filter_map(|n| clock(n, log)).collect()
}

fn clock(node: &Node, log: &Log) -> Option<Clock> {
    let mut block = Block::open(node, log, "a clock")?;
    let what = block
        .need(log, "what")
        .and_then(|n| text(n, log, "what is to be done"));
    let within = block
        .need(log, "within")
        .and_then(|n| period(n, log, "the time"));
    let from = block
        .need(log, "from")
        .and_then(|n| event(n, log, &["earlier-of"]));
    let owner = block
        .need(log, "owner")
        .and_then(|n| text(n, log, "who must do it"));
    let force = block
        .need(log, "force")
        .and_then(|n| word(n, log, "the force", Force::ALL, &[], WORD));
    let cite = block.get("cite").and_then(|n| text(n, log, "a paragraph"));
    let reading = block.get("reading").and_then(|n| name(n, log, "a reading"));
    block.close(log, &["every", "then"]);
    Some(Clock {
        what,
        within,
        from,
        owner,
        force,
        cite,
        reading,
    })
}

const CONTACTS: [&str; 4] = ["business", "deputy", "incidents", "legal"];

pub(super) fn contacts(
    node: &Node,
    log: &Log,
) -> BTreeMap<PartyId, At<Slot<BTreeMap<&'static str, String>>>> {
    named(node, log, "contacts", |_, key, node| {
        let found = slot(node, log, |node| {
            let mut block = Block::open(node, log, "the contacts of a party")?;
            let mut points = BTreeMap::new();
            for role in CONTACTS {
                let point = if role == "legal" {
                    block.get(role)
                } else {
                    block.need_for(log, role, "PTY-03")
                };
                if let Some(point) = point.and_then(|n| text(n, log, "a contact point")) {
                    points.insert(role, point.value);
                }
            }
            block.close(log, &[]);
            Some(At::new(points, node.span))
        })?;
        Some(At::new(found.value, key.span))
    })
}

pub(super) fn signed(node: &Node, log: &Log) -> BTreeMap<PartyId, At<Slot<String>>> {
    named(node, log, "signed", |_, key, node| {
        let found = slot(node, log, |node| {
            let mut block = Block::open(node, log, "who signs for a party")?;
            let role = block
                .need_for(log, "role", "AGR-21")
                .and_then(|n| text(n, log, "the role"));
            block.close(log, &["date"]);
            role
        })?;
        Some(At::new(found.value, key.span))
    })
}

pub(super) fn readings(node: &Node, log: &Log) -> BTreeMap<ReadingId, At<Reading>> {
    named(node, log, "readings", |_, key, node| {
        let mut block = Block::open(node, log, "a reading")?;
        let takes = block
            .need(log, "takes")
            .and_then(|n| text(n, log, "what the reading takes"));
        let owner = block
            .need(log, "owner")
            .and_then(|n| text(n, log, "who owns the question"));
        block.close(log, &[]);
        Some(At::new(Reading { takes, owner }, key.span))
    })
}

pub(super) fn gaps(node: &Node, log: &Log) -> BTreeMap<GapId, At<Gap>> {
    named(node, log, "gaps", |_, key, node| {
        let mut block = Block::open(node, log, "a gap")?;
        let asks = block
            .need(log, "asks")
            .and_then(|n| text(n, log, "the question"));
        let owner = block
            .need(log, "owner")
            .and_then(|n| text(n, log, "who owns the question"));
        let stops = block
            .need(log, "stops")
            .and_then(|n| word(n, log, "what it stops", Stops::ALL, &["derivation"], WORD));
        let register = block
            .get("register")
            .and_then(|n| text(n, log, "the register's entry"));
        block.close(log, &[]);
        Some(At::new(
            Gap {
                asks,
                owner,
                stops,
                register,
            },
            key.span,
        ))
    })
}
