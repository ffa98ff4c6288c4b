//! The published JSON Schema and the reader say the same of a file's form, and nothing that an agreement needs can
//! be left out unnoticed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use std::collections::BTreeSet;

use agreement::Severity;
use common::yaml::{Draw, Yaml, read, write};
use jsonschema::Validator;
use serde_json::{Map, Value as Json, json};

/// As an editor reads it: YAML 1.2, core schema.
fn as_json(value: &Yaml) -> Json {
    match value {
        Yaml::List(items) => Json::Array(items.iter().map(as_json).collect()),
        Yaml::Map(entries) => {
            let all: Map<String, Json> = entries
                .iter()
                .map(|(k, v)| (k.clone(), as_json(v)))
                .collect();
            Json::Object(all)
        }
        Yaml::Text(text) => scalar(text),
    }
}

/// The writer of these tests leaves out the quotes where it can.
fn scalar(text: &str) -> Json {
    match text {
        "" | "~" | "null" => Json::Null,
        "true" => json!(true),
        "false" => json!(false),
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(n), _) => json!(n),
            (Err(_), Ok(n)) if text.starts_with(|c: char| c.is_ascii_digit()) => json!(n),
            _ => json!(text),
        },
    }
}

fn validator() -> Validator {
    jsonschema::validator_for(&agreement::schema::agreement_schema()).unwrap()
}

/// Every agreement of the repository.
fn all() -> Vec<(String, String)> {
    [
        "../../agreements",
        "../../agreements/examples",
        "tests/cases/beside",
    ]
    .into_iter()
    .flat_map(common::files)
    .chain([("base.yaml".to_owned(), common::base_with(""))])
    .collect()
}

fn told(validator: &Validator, value: &Yaml) -> Vec<String> {
    let instance = as_json(value);
    validator
        .iter_errors(&instance)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect()
}

/// The faults of form, but for names that stand twice, which JSON cannot have.
fn form(text: &str) -> Vec<String> {
    agreement::form("test.yaml", text.as_bytes())
        .iter()
        .filter(|d| d.severity == Severity::Fault)
        .map(ToString::to_string)
        .collect()
}

#[test]
fn every_agreement_is_valid() {
    let validator = validator();
    for (name, text) in all() {
        assert_eq!(told(&validator, &read(&text)), [] as [String; 0], "{name}");
        assert_eq!(form(&text), [] as [String; 0], "{name}");
    }
}

/// The paths of all nodes of a value: which entries or items lead there.
fn paths(value: &Yaml, here: &[usize], out: &mut Vec<Vec<usize>>) {
    let children: Vec<&Yaml> = match value {
        Yaml::Text(_) => return,
        Yaml::List(items) => items.iter().collect(),
        Yaml::Map(entries) => entries.iter().map(|(_, v)| v).collect(),
    };
    for (i, child) in children.into_iter().enumerate() {
        let path = [here, &[i]].concat();
        out.push(path.clone());
        paths(child, &path, out);
    }
}

/// Changes the node at a path; the answer is the key it had, where it had one.
fn change(value: &mut Yaml, path: &[usize], to: &Change) -> Option<String> {
    let [at, rest @ ..] = path else {
        panic!("a path leads somewhere")
    };
    if !rest.is_empty() {
        return match value {
            Yaml::List(items) => change(&mut items[*at], rest, to),
            Yaml::Map(entries) => change(&mut entries[*at].1, rest, to),
            Yaml::Text(_) => panic!("a text has nothing below it"),
        };
    }
    match (value, to) {
        (Yaml::List(items), Change::Delete) => {
            items.remove(*at);
            None
        }
        (Yaml::Map(entries), Change::Delete) => Some(entries.remove(*at).0),
        (Yaml::List(_), Change::Rename) => None,
        (Yaml::Map(entries), Change::Rename) => {
            entries[*at].0.push_str("-other");
            None
        }
        (Yaml::List(items), Change::Put(new)) => {
            items[*at] = new.clone();
            None
        }
        (Yaml::Map(entries), Change::Put(new)) => {
            entries[*at].1 = new.clone();
            None
        }
        (Yaml::Text(_), _) => panic!("a text has nothing below it"),
    }
}

/// Where the entry at a path is the only one of its block: the key of the block.
fn around(value: &Yaml, path: &[usize]) -> Option<String> {
    let (mut here, mut key) = (value, None);
    for at in &path[..path.len() - 1] {
        here = match here {
            Yaml::List(items) => &items[*at],
            Yaml::Map(entries) => {
                key = Some(entries[*at].0.clone());
                &entries[*at].1
            }
            Yaml::Text(_) => panic!("a text has nothing below it"),
        };
    }
    let alone = matches!(here, Yaml::Map(entries) if entries.len() == 1);
    key.filter(|_| alone)
}

#[derive(Clone, Debug)]
enum Change {
    Delete,
    Rename,
    Put(Yaml),
}

fn changes() -> Vec<Change> {
    let text = |t: &str| Yaml::Text(t.to_owned());
    let puts = [
        text("word"),
        text(""),
        text("12"),
        text("2026-01-01"),
        text("Some words, and more"),
        Yaml::List(Vec::new()),
        Yaml::List(vec![text("one"), text("two")]),
        Yaml::Map(Vec::new()),
        Yaml::Map(vec![("gap".to_owned(), text("open"))]),
        Yaml::Map(vec![("each".to_owned(), text("thing"))]),
        Yaml::Map(vec![("other".to_owned(), text("word"))]),
    ];
    [Change::Delete, Change::Rename]
        .into_iter()
        .chain(puts.map(Change::Put))
        .collect()
}

/// The words of a file alone cannot say these: what stands twice, and days that are in no calendar.
fn beyond_a_schema(fault: &str) -> bool {
    fault.contains("LANG-03")
}

fn agree(validator: &Validator, name: &str, value: &Yaml, path: &[usize], to: &Change) {
    let mut changed = value.clone();
    change(&mut changed, path, to);
    let text = write(&changed, &mut Draw(&[]));
    let (schema, reader) = (told(validator, &changed), form(&text));
    let reader: Vec<&String> = reader.iter().filter(|f| !beyond_a_schema(f)).collect();
    assert_eq!(
        schema.is_empty(),
        reader.is_empty(),
        "{name}: {path:?} {to:?}\nschema: {schema:#?}\nreader: {reader:#?}\n{text}"
    );
}

/// Every part of the small agreement, changed in every way.
#[test]
fn the_schema_and_the_reader_agree_on_every_change_of_the_small_agreement() {
    let validator = validator();
    let value = read(&common::base_with(""));
    let mut places = Vec::new();
    paths(&value, &[], &mut places);
    assert!(places.len() > 200);
    for path in &places {
        for to in &changes() {
            agree(&validator, "base", &value, path, to);
        }
    }
}

#[test]
fn they_agree_on_changes_of_every_agreement() {
    let validator = validator();
    for (name, text) in all() {
        let value = read(&text);
        let mut places = Vec::new();
        paths(&value, &[], &mut places);
        // Each change in turn, so that every kind meets every part of the language somewhere.
        for (path, to) in places.iter().zip(changes().iter().cycle()).step_by(5) {
            agree(&validator, &name, &value, path, to);
        }
    }
}

/// Deleting any one part is a fault that names it, unless the schema says that it may be left out; and what is
/// written always counts: without it the agreement, or its annex, has another hash.
#[test]
fn nothing_that_is_needed_can_be_left_out_unnoticed() {
    let validator = validator();
    let (law, library) = (common::law(), common::library());
    let reference = agreement::schema::reference();
    let parts: BTreeSet<&str> = reference
        .iter()
        .flat_map(|c| &c.parts)
        .map(|p| p.key)
        .collect();
    let check = |text: &str| agreement::check("test.yaml", text.as_bytes(), &law, &library);
    for name in [
        "contact-thread",
        "euss-check",
        "dfe-annex-5",
        "no-contact",
        "ho-dfe-umbrella",
    ] {
        let text = common::agreement(name);
        let value = read(&text);
        let whole = check(&text).plan.unwrap();
        let mut places = Vec::new();
        paths(&value, &[], &mut places);
        let mut needed = 0;
        for (i, path) in places.iter().enumerate() {
            let mut changed = value.clone();
            let Some(key) = change(&mut changed, path, &Change::Delete) else {
                continue;
            };
            // Of what may be left out, a part is enough.
            let valid = told(&validator, &changed).is_empty();
            if valid && i % 5 != 0 {
                continue;
            }
            let without = write(&changed, &mut Draw(&[]));
            let checked = check(&without);
            let faults: Vec<String> = checked
                .diagnostics
                .iter()
                .filter(|d| d.severity == Severity::Fault)
                .map(ToString::to_string)
                .collect();
            // The names that an author chooses are no parts of the language, and a gap stands for a part.
            if key != "gap" && parts.contains(key.as_str()) && !valid {
                needed += 1;
                // The only part of a block is missed as the block, the longer form of an event as the shorter.
                let around = around(&value, path);
                let key = if ["earlier-of", "need-reviewed-every"].contains(&key.as_str()) {
                    "event"
                } else {
                    &key
                };
                let named = |f: &String| {
                    f.contains(&format!("`{key}`"))
                        || around.as_ref().is_some_and(|k| f.contains(k))
                };
                assert!(
                    faults.iter().any(named),
                    "{name}: {key} at {path:?}: {faults:#?}"
                );
            }
            match checked.plan {
                None => assert!(!faults.is_empty()),
                Some(plan) => assert!(
                    plan.hash() != whole.hash() || plan.annex_hash != whole.annex_hash,
                    "{name}: {key} at {path:?} says nothing"
                ),
            }
        }
        assert!(needed > 80, "{name}: {needed} parts are needed");
    }
}
