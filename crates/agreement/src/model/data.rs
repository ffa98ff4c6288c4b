//! Reads facts and datasets.

use std::collections::BTreeMap;

use crate::ids::{DatasetId, FactId, FieldName, FieldPath, PersonKind};
use crate::keep::{Class, Many, Presence, Why};
use crate::model::header::sorted;
use crate::model::{Dataset, Fact, Field, Holds, Never, Part, RowPer};
use crate::read::{At, Block, Log, cut, list_of_names, name, named, number, several, text, word};
use crate::rules::{MISSING, NOT_YET, SHAPE, TWICE, WORD};
use crate::tree::{Key, Node, Value};
use crate::value::FieldType;

pub(super) fn facts(node: &Node, log: &Log) -> BTreeMap<FactId, At<Fact>> {
    named(node, log, "facts", |_, key, node| {
        let mut block = Block::open(node, log, "a fact")?;
        let kind = kind(&mut block, log, true);
        let of = block
            .need(log, "of")
            .and_then(|n| name(n, log, "the kind of person"));
        let known_to = block
            .need(log, "known-to")
            .map(|n| list_of_names(n, log, "the parties that know it"))
            .unwrap_or_default();
        block.close(log, &["recorded-as", "many", "read-from"]);
        Some(At::new(
            Fact {
                kind,
                of,
                known_to: sorted(known_to),
            },
            key.span,
        ))
    })
}

const LATER_TYPES: &[&str] = &["dated-address", "benefit", "which-of", "contact", "month"];

/// Reads `type`, with `values` where it is one of a list.
fn kind(block: &mut Block<'_>, log: &Log, needed: bool) -> Part<FieldType> {
    let values = block.get("values");
    let node = if needed {
        block.need(log, "type")
    } else {
        block.get("type")
    }?;
    let mut all: Vec<(&'static str, usize)> = FieldType::PLAIN
        .iter()
        .enumerate()
        .map(|(i, (w, _))| (*w, i))
        .collect();
    let one_of = all.len();
    all.push(("one-of", one_of));
    let chosen = word(node, log, "the type", &all, LATER_TYPES, WORD)?;
    let found = match FieldType::PLAIN.get(chosen.value) {
        Some((_, kind)) => kind.clone(),
        None => {
            let Some(values) = values else {
                log.fault(
                    MISSING,
                    node.span,
                    "the type is one of a list, and there is no list",
                )
                .help("write `values: [...]`");
                return None;
            };
            let list = several(values, log, "values", |n| text(n, log, "a value"));
            FieldType::OneOf(sorted(list).into_iter().map(|v| v.value).collect())
        }
    };
    if let (Some(values), true) = (values, chosen.value != one_of) {
        log.fault(
            WORD,
            values.span,
            format!("a {} has no list of values", found.name()),
        )
        .help("write `type: one-of`, or take the values out");
    }
    Some(At::new(found, chosen.span))
}

pub(super) fn datasets(node: &Node, log: &Log) -> BTreeMap<DatasetId, At<Dataset>> {
    named(node, log, "datasets", |_, key, node| {
        let mut block = Block::open(node, log, "a dataset")?;
        let about = block
            .need(log, "about")
            .map(|n| list_of_names(n, log, "the kinds of person"))
            .unwrap_or_default();
        let one_row_per = block.need(log, "one-row-per").and_then(|n| row_per(n, log));
        let fields = block
            .need_for(log, "fields", "AGR-12")
            .map(|n| fields(n, log));
        let never = block.get("never").map(|n| {
            named(n, log, "never", |_, key, node| {
                Some(At::new(never(node, log)?, key.span))
            })
        });
        block.close(log, &["window"]);
        let dataset = Dataset {
            about: sorted(about),
            one_row_per,
            fields: fields.unwrap_or_default(),
            never: never.unwrap_or_default(),
        };
        Some(At::new(dataset, key.span))
    })
}

fn row_per(node: &Node, log: &Log) -> Part<RowPer> {
    if let Value::Map(_) = &node.value {
        let mut block = Block::open(node, log, "one-row-per")?;
        let of = block
            .need(log, "row-of")
            .and_then(|n| name::<DatasetId>(n, log, "a dataset"));
        block.close(log, &[]);
        return of.map(|at| At::new(RowPer::RowOf(at.value), at.span));
    }
    let person = name::<PersonKind>(node, log, "what a row stands for")?;
    Some(At::new(RowPer::Person(person.value), person.span))
}

fn never(node: &Node, log: &Log) -> Option<Never> {
    let mut block = Block::open(node, log, "a field that is never sent")?;
    let why = block.need(log, "why").and_then(|n| text(n, log, "why"));
    let reading = block.get("reading").and_then(|n| name(n, log, "a reading"));
    let cite = block.get("cite").and_then(|n| text(n, log, "a paragraph"));
    block.close(log, &["instead"]);
    Some(Never { why, reading, cite })
}

fn fields(node: &Node, log: &Log) -> Vec<Field> {
    let Value::Map(entries) = &node.value else {
        log.fault(
            SHAPE,
            node.span,
            "fields must be a block of keys, `name: { type: ... }`",
        );
        return Vec::new();
    };
    if entries.is_empty() {
        log.fault(
            "AGR-12",
            node.span,
            "a dataset without fields holds nothing",
        );
    }
    let mut out: Vec<Field> = Vec::new();
    for (key, node) in entries {
        match field(key, node, log) {
            // The tree has told a key that stands twice.
            Some(field) if out.iter().all(|f| f.name.value != field.name.value) => out.push(field),
            _ => {}
        }
    }
    out
}

fn field(key: &Key, node: &Node, log: &Log) -> Option<Field> {
    let name_of_field = match FieldName::parse(&key.text) {
        Ok(found) => At::new(found, key.span),
        Err(bad) => {
            log.fault(
                WORD,
                key.span,
                format!("`{}` cannot stand here: {bad}", cut(&key.text)),
            );
            return None;
        }
    };
    let mut block = Block::open(node, log, format!("the field {}", key.text))?;
    let copy = block.get("copy-of");
    let gap = block.get("gap");
    if let (Some(_), Some(gap)) = (copy, gap) {
        log.fault(SHAPE, gap.span, "a field is a copy or a gap, not both");
    }
    let holds = match (copy, gap) {
        (Some(node), _) => match &node.value {
            Value::List(_) => {
                log.fault(
                    NOT_YET,
                    node.span,
                    "a copy of several fields is not part of the language yet",
                );
                None
            }
            Value::Text { .. } | Value::Map(_) => path(node, log).map(Holds::CopyOf),
        },
        (None, Some(node)) => name(node, log, "a gap").map(Holds::Gap),
        (None, None) => kind(&mut block, log, true).map(Holds::Type),
    };
    // A copy has the type, class and reasons of what it copies.
    let (class, why, handling, minted) = if copy.is_some() {
        (None, Vec::new(), None, None)
    } else {
        let class = block
            .need_for(log, "class", "LEG-22")
            .and_then(|n| word(n, log, "the class", Class::ALL, &[], "LEG-22"));
        let why = block.need_for(log, "why", "LEG-20").map(|n| {
            several(n, log, "why", |n| {
                word(n, log, "why a field is sent", Why::ALL, &[], "LEG-20")
            })
        });
        let handling = block
            .get("handling")
            .and_then(|n| text(n, log, "the handling reason"));
        let minted = block.get("minted").and_then(|n| {
            word(
                n,
                log,
                "minted",
                &[("per-record", "per-record")],
                &["per-call"],
                WORD,
            )
        });
        (class, sorted(why.unwrap_or_default()), handling, minted)
    };
    if let (Some(class), None) = (&class, &handling)
        && class.value == Class::Sensitive
    {
        log.fault(
            "LEG-22",
            class.span,
            format!(
                "the field {} is sensitive and has no handling reason",
                key.text
            ),
        )
        .help("write `handling:` with why it must be sent and how it is guarded");
    }
    let present = block.get("present").and_then(|n| present(n, log));
    let many = block.get("many").and_then(|n| many(n, log));
    let reading = block.get("reading").and_then(|n| name(n, log, "a reading"));
    block.close(log, &["window", "off-until", "only"]);
    Some(Field {
        name: name_of_field,
        holds,
        class,
        why,
        handling,
        present,
        many,
        minted,
        reading,
    })
}

fn path(node: &Node, log: &Log) -> Part<FieldPath> {
    let found = text(node, log, "the field that is copied")?;
    match FieldPath::parse(&found.value) {
        Ok(path) => Some(At::new(path, found.span)),
        Err(bad) => {
            log.fault(
                WORD,
                found.span,
                format!("`{}` cannot stand here: {bad}", cut(&found.value)),
            )
            .help("write `dataset.field`");
            None
        }
    }
}

fn present(node: &Node, log: &Log) -> Part<Presence> {
    if let Value::Map(_) = &node.value {
        log.fault(
            NOT_YET,
            node.span,
            "presence on a condition is not part of the language yet",
        );
        return None;
    }
    word(node, log, "present", Presence::ALL, &[], WORD)
}

fn many(node: &Node, log: &Log) -> Part<Many> {
    if let Value::Map(_) = &node.value {
        let mut block = Block::open(node, log, "many")?;
        let most = block
            .need(log, "up-to")
            .and_then(|n| number(n, log, "the number of values", 999));
        block.close(log, &[]);
        let most = most?;
        return Some(At::new(
            Many::UpTo(u16::try_from(most.value).ok()?),
            most.span,
        ));
    }
    word(node, log, "many", &[("all", Many::All)], &[], WORD)
}

/// A list given twice in one file would be two columns of one name.
pub(crate) fn clash(log: &Log, span: crate::Span, name: &FieldName, flow: &str) {
    log.fault(
        TWICE,
        span,
        format!("the flow {flow} would have two columns named {name}"),
    )
    .help("send one of the two datasets, or name one field differently");
}
