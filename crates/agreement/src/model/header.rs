//! Reads the header, the parties, the people and the purposes, and puts the agreement together.

use std::collections::BTreeMap;

use crate::ids::{GapId, PartyId};
use crate::model::{Agreement, Part, Party, Purpose, Slot, Source, Term};
use crate::model::{data, flow, rest, test};
use crate::read::{At, Block, Log, date, list_of_names, name, named, period, text, word};
use crate::rules::WORD;
use crate::tree::{Node, Value};

const KINDS: &[(&str, &str)] = &[("process", "process")];
const MARKINGS: &[(&str, &str)] = &[
    ("official", "official"),
    ("official-sensitive", "official-sensitive"),
];
const CONTROL: &[(&str, &str)] = &[("controller", "controller")];

/// Reads `{ gap: name }`, or else the value.
pub(super) fn slot<T>(
    node: &Node,
    log: &Log,
    each: impl FnOnce(&Node) -> Part<T>,
) -> Part<Slot<T>> {
    if let Value::Map(entries) = &node.value
        && entries.iter().any(|(key, _)| key.text == "gap")
    {
        let mut block = Block::open(node, log, "a gap")?;
        let gap = block
            .get("gap")
            .and_then(|n| name::<GapId>(n, log, "a gap"));
        block.close(log, &[]);
        return Some(At::new(Slot::Gap(gap?.value), node.span));
    }
    let found = each(node)?;
    Some(At::new(Slot::Given(found.value), found.span))
}

/// Reads a whole file.
pub(crate) fn read(root: &Node, log: &Log) -> Option<Agreement> {
    let mut file = Block::open(root, log, "an agreement")?;
    let agreement = file
        .need(log, "agreement")
        .and_then(|n| name(n, log, "the agreement's name"));
    let title = file
        .need(log, "title")
        .and_then(|n| text(n, log, "the title"));
    let kind = file
        .need(log, "kind")
        .and_then(|n| word(n, log, "the kind", KINDS, &["umbrella", "dua"], "AGR-02"));
    let source = file.get("source").and_then(|n| source(n, log));
    let under = file
        .need_for(log, "under", "AGR-04")
        .map(|n| under(n, log))
        .unwrap_or_default();
    let regime = file
        .need_for(log, "regime", "LEG-27")
        .and_then(|n| text(n, log, "the regime"));
    let marking = file
        .need(log, "marking")
        .and_then(|n| word(n, log, "the marking", MARKINGS, &[], WORD));
    let charges = file
        .need_for(log, "charges", "AGR-16")
        .and_then(|n| slot(n, log, |n| text(n, log, "charges (`none` is an answer)")));
    let term = file
        .need_for(log, "term", "AGR-20")
        .and_then(|n| term(n, log));
    let parties = file
        .need(log, "parties")
        .map(|n| parties(n, log))
        .unwrap_or_default();
    let people = file
        .need(log, "people")
        .map(|n| named(n, log, "people", |_, _, node| person(node, log)));
    let purposes = file.need_for(log, "purposes", "AGR-04").map(|n| {
        named(n, log, "purposes", |_, key, node| {
            Some(At::new(purpose(node, log)?, key.span))
        })
    });
    let facts = file
        .get("facts")
        .map(|n| data::facts(n, log))
        .unwrap_or_default();
    let datasets = file
        .need_for(log, "datasets", "AGR-12")
        .map(|n| data::datasets(n, log))
        .unwrap_or_default();
    let conditions = file
        .get("conditions")
        .map(|n| test::conditions(n, log, &facts, &datasets))
        .unwrap_or_default();
    let bases = file
        .get("bases")
        .map(|n| flow::bases(n, log))
        .unwrap_or_default();
    let flows = file
        .need(log, "flows")
        .map(|n| flow::flows(n, log))
        .unwrap_or_default();
    let onward = file
        .need_for(log, "onward", "LEG-30")
        .map(|n| rest::onward(n, log));
    let decisions = file
        .get("decisions")
        .map(|n| rest::decisions(n, log))
        .unwrap_or_default();
    let keep = file
        .need_for(log, "keep", "AGR-19")
        .map(|n| rest::keep(n, log))
        .unwrap_or_default();
    let clocks = file
        .get("clocks")
        .map(|n| rest::clocks(n, log))
        .unwrap_or_default();
    let contacts = file
        .need_for(log, "contacts", "AGR-04")
        .map(|n| rest::contacts(n, log));
    let signed = file
        .need_for(log, "signed", "AGR-21")
        .map(|n| rest::signed(n, log));
    let readings = file
        .get("readings")
        .map(|n| rest::readings(n, log))
        .unwrap_or_default();
    let gaps = file
        .get("gaps")
        .map(|n| rest::gaps(n, log))
        .unwrap_or_default();
    file.close(log, &["cases", "derived", "prose", "words"]);
    Some(Agreement {
        span: root.place(),
        agreement,
        title,
        kind,
        source,
        under,
        regime,
        marking,
        charges,
        term,
        parties,
        people: people.unwrap_or_default(),
        purposes: purposes.unwrap_or_default(),
        facts,
        conditions,
        datasets,
        bases,
        flows,
        onward: onward.unwrap_or_default(),
        decisions,
        keep,
        clocks,
        contacts: contacts.unwrap_or_default(),
        signed: signed.unwrap_or_default(),
        readings,
        gaps,
    })
}

fn source(node: &Node, log: &Log) -> Option<Source> {
    let mut block = Block::open(node, log, "the source")?;
    let document = block
        .need(log, "document")
        .and_then(|n| text(n, log, "the document"));
    let cited_as = block
        .need(log, "cited-as")
        .and_then(|n| text(n, log, "how it is cited"));
    block.close(log, &[]);
    Some(Source { document, cited_as })
}

/// Keys are pairs of parties, `ho-hmrc`; the checker resolves them.
fn under(node: &Node, log: &Log) -> BTreeMap<String, At<Slot<String>>> {
    named(node, log, "under", |_: &PartyId, key, node| {
        let slot = slot(node, log, |n| text(n, log, "the umbrella's reference"))?;
        Some(At::new(slot.value, key.span))
    })
    .into_iter()
    .map(|(pair, at)| (pair.to_string(), at))
    .collect()
}

fn term(node: &Node, log: &Log) -> Option<Term> {
    let mut block = Block::open(node, log, "the term")?;
    let from = block
        .need_for(log, "from", "AGR-20")
        .and_then(|n| slot(n, log, |n| date(n, log, "the first day")));
    let length = block.get("for");
    let last = block.get("until");
    match (length, last) {
        (None, None) => {
            log.fault("AGR-20", node.span, "the term has no end")
                .help("write `for: 24 months`, or `until:` with the last day");
        }
        (Some(_), Some(last)) => {
            log.fault(
                "AGR-20",
                last.span,
                "the term says its end twice: write `for` or `until`",
            );
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    let length = length.and_then(|n| period(n, log, "the length of the term"));
    let until = last.and_then(|n| date(n, log, "the last day"));
    let review_every = block.need_for(log, "review", "AGR-15").and_then(|n| {
        let mut review = Block::open(n, log, "review")?;
        let every = review
            .need_for(log, "every", "AGR-15")
            .and_then(|n| period(n, log, "the time between reviews"));
        review.close(log, &["first", "no-later-than"]);
        every
    });
    block.close(log, &["open-ended", "notice", "stop-at-once", "amend"]);
    Some(Term {
        span: node.span,
        from,
        period: length,
        until,
        review_every,
    })
}

fn parties(node: &Node, log: &Log) -> BTreeMap<PartyId, At<Party>> {
    named(node, log, "parties", |_, key, node| {
        let mut block = Block::open(node, log, "a party")?;
        let body = block.need(log, "body").and_then(|n| name(n, log, "a body"));
        let unit = block
            .need_for(log, "unit", "PTY-01")
            .and_then(|n| text(n, log, "the unit"));
        let is = block.need(log, "is").and_then(|n| {
            word(
                n,
                log,
                "the standing of a party",
                CONTROL,
                &["processor"],
                WORD,
            )
        });
        let reads = block
            .get("reads")
            .map(|n| list_of_names(n, log, "the systems it reads"))
            .unwrap_or_default();
        block.close(
            log,
            &[
                "for",
                "does",
                "clearance",
                "sends-through",
                "lawful-basis",
                "staff",
            ],
        );
        Some(At::new(
            Party {
                body,
                unit,
                is,
                reads: sorted(reads),
            },
            key.span,
        ))
    })
}

fn person(node: &Node, log: &Log) -> Part<String> {
    if let Value::Map(_) = &node.value {
        let mut block = Block::open(node, log, "a kind of person")?;
        let found = block
            .need(log, "text")
            .and_then(|n| text(n, log, "who they are"));
        block.close(log, &["third-party"]);
        return found;
    }
    text(node, log, "who they are")
}

fn purpose(node: &Node, log: &Log) -> Option<Purpose> {
    let mut block = Block::open(node, log, "a purpose")?;
    let words = block
        .need(log, "text")
        .and_then(|n| text(n, log, "the purpose"));
    let law = block
        .need_for(log, "law", "LEG-08")
        .map(|n| list_of_names(n, log, "the legal purposes"))
        .unwrap_or_default();
    let cite = block.get("cite").and_then(|n| text(n, log, "a paragraph"));
    block.close(log, &["umbrella"]);
    Some(Purpose {
        text: words,
        law: sorted(law),
        cite,
    })
}

/// A list whose order means nothing is signed in order of name.
pub(super) fn sorted<T: Ord>(mut list: Vec<At<T>>) -> Vec<At<T>> {
    list.sort_by(|a, b| a.value.cmp(&b.value));
    list
}
