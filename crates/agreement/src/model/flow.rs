//! Reads bases and flows.

use std::collections::BTreeMap;

use crate::ids::{BasisId, FlowId};
use crate::keep::{Form, Frequency, RowCover};
use crate::model::header::{slot, sorted};
use crate::model::{Answers, By, Flow, Line, Part, Schedule, Volume};
use crate::period::parse_month;
use crate::read::{At, Block, Log, list_of_names, name, named, number, several, text, word};
use crate::rules::{MISSING, NOT_YET, SHAPE, WORD};
use crate::tree::{Node, Value};

pub(super) fn bases(node: &Node, log: &Log) -> BTreeMap<BasisId, At<Vec<Line>>> {
    named(node, log, "bases", |_, key, node| {
        Some(At::new(lines(node, log), key.span))
    })
}

fn lines(node: &Node, log: &Log) -> Vec<Line> {
    let Value::List(items) = &node.value else {
        log.fault(
            SHAPE,
            node.span,
            "a legal basis is a list of gateways, `- { gate: ... }`",
        );
        return Vec::new();
    };
    if items.is_empty() {
        log.fault(
            "LEG-01",
            node.span,
            "a legal basis without a gateway gives no power to send",
        );
    }
    items.iter().filter_map(|n| line(n, log)).collect()
}

fn line(node: &Node, log: &Log) -> Option<Line> {
    let mut block = Block::open(node, log, "a line of a basis")?;
    let gate = block
        .need_for(log, "gate", "LEG-01")
        .and_then(|n| name(n, log, "a gateway"));
    let with = block
        .get("with")
        .map(|n| several(n, log, "with", |n| text(n, log, "what it is read with")))
        .unwrap_or_default();
    let when = block.get("when").and_then(|n| name(n, log, "a condition"));
    let why = block.get("why").and_then(|n| text(n, log, "why"));
    let only_if = block.get("only-if").and_then(|n| {
        word(
            n,
            log,
            "only-if",
            &[("no-line-above", "no-line-above")],
            &[],
            WORD,
        )
    });
    let cite = block.get("cite").and_then(|n| text(n, log, "a paragraph"));
    block.close(log, &["limbs", "scope"]);
    Some(Line {
        span: node.span,
        gate,
        with: sorted(with),
        when,
        why,
        only_if,
        cite,
    })
}

pub(super) fn flows(node: &Node, log: &Log) -> BTreeMap<FlowId, At<Flow>> {
    named(node, log, "flows", |id, key, node| {
        Some(At::new(flow(id, node, log)?, key.span))
    })
}

const LATER: &[&str] = &["part-of", "needs", "again", "about", "started-by"];

fn flow(id: &FlowId, node: &Node, log: &Log) -> Option<Flow> {
    let mut block = Block::open(node, log, format!("the flow {id}"))?;
    let from = block
        .need(log, "from")
        .and_then(|n| name(n, log, "the sender"));
    let to = block
        .need(log, "to")
        .and_then(|n| name(n, log, "the receiver"));
    let send = block
        .need_for(log, "send", "AGR-12")
        .map(|n| list_of_names(n, log, "the datasets"))
        .unwrap_or_default();
    let only = block.get("only").and_then(|n| name(n, log, "a condition"));
    let by = block
        .need_for(log, "by", "LEG-01")
        .and_then(|n| match &n.value {
            Value::Text { .. } => name(n, log, "a basis").map(By::Named),
            Value::List(_) | Value::Map(_) => Some(By::Lines(lines(n, log))),
        });
    let purposes = block
        .need_for(log, "for", "LEG-23")
        .map(|n| list_of_names(n, log, "the purposes"))
        .unwrap_or_default();
    let answers = block.get("answers").and_then(|n| answers(n, log));
    let when = block.get("when");
    if when.is_none() && answers.is_none() {
        log.fault(
            MISSING,
            block.span,
            format!("the flow {id} neither answers another nor says `when` it runs"),
        );
    }
    let when = when.and_then(|n| slot(n, log, |n| schedule(n, log)));
    let volume = block.get("volume").and_then(|n| volume(n, log));
    let form = block.need_for(log, "as", "RUN-12").and_then(|n| {
        slot(n, log, |n| {
            word(n, log, "the form", Form::ALL, &["form", "call"], "RUN-12")
        })
    });
    let route = block
        .need_for(log, "route", "AGR-04")
        .and_then(|n| slot(n, log, |n| name(n, log, "the route")));
    let reading = block.get("reading").and_then(|n| name(n, log, "a reading"));
    let cite = block.get("cite").and_then(|n| text(n, log, "a paragraph"));
    block.close(log, LATER);
    let purposes = sorted(purposes);
    Some(Flow {
        from,
        to,
        send,
        only,
        by,
        purposes,
        when,
        volume,
        answers,
        form,
        route,
        reading,
        cite,
    })
}

fn schedule(node: &Node, log: &Log) -> Part<Schedule> {
    let mut block = Block::open(node, log, "when")?;
    let (every, once) = (block.get("every"), block.get("once"));
    let from = block.get("from");
    if let (Some(_), Some(from)) = (once, from) {
        log.fault(
            SHAPE,
            from.span,
            "what runs once has no first month of its own",
        );
    }
    let found = match (every, once) {
        (Some(every), None) => {
            let every = word(every, log, "how often", Frequency::ALL, &[], WORD);
            if from.is_none() {
                log.fault(MISSING, node.span, "`every` has no first month")
                    .help("write `from: 2026-01`");
            }
            let from = from.and_then(|n| month(n, log));
            every.zip(from).map(|(e, f)| Schedule::Every {
                every: e.value,
                from: f.value,
            })
        }
        (None, Some(once)) => month(once, log).map(|m| Schedule::Once(m.value)),
        (Some(_), Some(once)) => {
            log.fault(
                SHAPE,
                once.span,
                "a flow runs `every` so often or `once`, not both",
            );
            None
        }
        (None, None) => {
            let later = matches!(&node.value, Value::Map(e)
                if e.iter().any(|(k, _)| matches!(k.text.as_str(), "on-demand" | "each")));
            if !later {
                log.fault(MISSING, node.span, "`when` has neither `every` nor `once`");
            }
            None
        }
    };
    block.close(log, &["on-demand", "each", "not-before"]);
    Some(At::new(found?, node.span))
}

fn month(node: &Node, log: &Log) -> Part<jiff::civil::Date> {
    let found = text(node, log, "the month")?;
    match parse_month(&found.value) {
        Some(day) => Some(At::new(day, found.span)),
        None => {
            log.fault(WORD, found.span, "a month is written as 2026-01");
            None
        }
    }
}

fn volume(node: &Node, log: &Log) -> Option<Volume> {
    let mut block = Block::open(node, log, "volume")?;
    let rows = |n| number(n, log, "the number of rows", 100_000_000);
    let (about, at_most) = (block.get("about"), block.get("at-most"));
    match (about, at_most) {
        (Some(_), Some(most)) => {
            log.fault(
                SHAPE,
                most.span,
                "a volume is `about` a number or `at-most` one, not both",
            );
        }
        (None, None) => {
            log.fault(
                MISSING,
                node.span,
                "volume has neither `about` nor `at-most`",
            );
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    if let (Some(_), Some(off)) = (at_most, block.get("give-or-take")) {
        log.fault(
            SHAPE,
            off.span,
            "`at-most` is a limit, and nothing may be off it",
        );
    }
    let about = about.and_then(rows);
    let at_most = at_most.and_then(rows);
    let give_or_take_percent = block.get("give-or-take").and_then(|n| {
        let found = text(n, log, "give-or-take")?;
        let percent = found
            .value
            .strip_suffix(" percent")
            .and_then(|p| p.parse::<u32>().ok());
        match percent.filter(|p| (1..=100).contains(p)) {
            Some(percent) => Some(At::new(percent, found.span)),
            None => {
                log.fault(WORD, found.span, "give-or-take is written as `20 percent`");
                None
            }
        }
    });
    let reading = block.get("reading").and_then(|n| name(n, log, "a reading"));
    block.close(log, &["beyond", "per"]);
    Some(Volume {
        about,
        give_or_take_percent,
        at_most,
        reading,
    })
}

fn answers(node: &Node, log: &Log) -> Option<Answers> {
    let mut block = Block::open(node, log, "answers")?;
    let flow = block
        .need(log, "flow")
        .map(|n| list_of_names(n, log, "the flows"))
        .unwrap_or_default();
    let a_row_for = block
        .need_for(log, "a-row-for", "MATCH-02")
        .and_then(|n| word(n, log, "a-row-for", RowCover::ALL, &[], WORD));
    let pairs_on = block
        .need_for(log, "pairs-on", "MATCH-03")
        .map(|n| list_of_names(n, log, "the columns that pair"))
        .unwrap_or_default();
    for later in ["through", "others", "same-file", "once"] {
        if let Some(n) = block.get(later) {
            log.fault(
                NOT_YET,
                n.span,
                format!("`{later}` of an answer is not part of the language yet"),
            );
        }
    }
    block.close(log, &[]);
    Some(Answers {
        span: node.span,
        flow: sorted(flow),
        a_row_for,
        pairs_on,
    })
}
