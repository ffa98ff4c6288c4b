//! Reads conditions: each test against the type of what it tests.

use std::collections::BTreeMap;

use crate::condition::{Join, Operand, Term, Test};
use crate::ids::{ConditionId, DatasetId, FactId, FieldPath};
use crate::model::{Condition, Dataset, Fact, field_of, type_of};
use crate::read::{At, Block, Log, cut, date, items, name, named, period, several, text, word};
use crate::rules::{MISSING, NOT_YET, SHAPE, TEST_TYPE, UNDECLARED, UNKNOWN_KEY, WORD};
use crate::tree::{Key, Node, Value};
use crate::value::FieldType;

struct Scope<'a> {
    log: &'a Log,
    facts: &'a BTreeMap<FactId, At<Fact>>,
    datasets: &'a BTreeMap<DatasetId, At<Dataset>>,
}

const OPERATORS: [&str; 6] = ["is", "in", "known", "before", "on-or-after", "ago-at-least"];
const LATER: [&str; 2] = ["told", "received"];
const YES_NO: &[(&str, bool)] = &[
    ("yes", true),
    ("no", false),
    ("true", true),
    ("false", false),
];

pub(super) fn conditions(
    node: &Node,
    log: &Log,
    facts: &BTreeMap<FactId, At<Fact>>,
    datasets: &BTreeMap<DatasetId, At<Dataset>>,
) -> BTreeMap<ConditionId, At<Condition>> {
    let scope = Scope {
        log,
        facts,
        datasets,
    };
    named(node, log, "conditions", |_, key, node| {
        Some(At::new(scope.condition(node)?, key.span))
    })
}

impl Scope<'_> {
    fn condition(&self, node: &Node) -> Option<Condition> {
        let log = self.log;
        let mut block = Block::open(node, log, "a condition")?;
        let (all, any) = (block.get("all"), block.get("any"));
        let (join, terms) = match (all, any) {
            (Some(terms), None) => (Join::All, Some(terms)),
            (None, Some(terms)) => (Join::Any, Some(terms)),
            (Some(_), Some(any)) => {
                log.fault(
                    SHAPE,
                    any.span,
                    "a condition joins its terms by `all` or by `any`",
                )
                .help("make two conditions, and use one in the other with `holds`");
                (Join::All, None)
            }
            (None, None) => (Join::All, None),
        };
        let cite = block.get("cite").and_then(|n| text(n, log, "a paragraph"));
        let reading = block.get("reading").and_then(|n| name(n, log, "a reading"));
        if all.is_none() && any.is_none() && !has(node, "told") {
            log.fault(
                MISSING,
                node.span,
                "a condition has neither `all` nor `any`",
            );
        }
        block.close(log, &LATER);
        let terms = terms.map(|terms| {
            if !matches!(&terms.value, Value::List(list) if !list.is_empty()) {
                log.fault(
                    SHAPE,
                    terms.span,
                    "the terms of a condition are a list, and not empty",
                );
            }
            items(terms).iter().filter_map(|n| self.term(n)).collect()
        });
        Some(Condition {
            join,
            terms: terms.unwrap_or_default(),
            cite,
            reading,
        })
    }

    fn term(&self, node: &Node) -> Option<At<Term>> {
        let Some((key, value)) = single(node) else {
            self.log
                .fault(
                    SHAPE,
                    node.span,
                    "a term has one key: a fact, a field, or `holds`",
                )
                .help("write `{ fact: { is: yes } }`");
            return None;
        };
        let word = key.text.as_str();
        if LATER.contains(&word) {
            self.log.fault(
                NOT_YET,
                key.span,
                format!("`{word}` is not part of the language yet"),
            );
            return None;
        }
        if word == "holds" {
            let other = name(value, self.log, "a condition")?;
            return Some(At::new(Term::Holds(other.value), other.span));
        }
        let (of, kind) = self.operand(key)?;
        let test = self.test(value, &of, kind?)?;
        Some(At::new(Term::Test { of, test }, key.span))
    }

    /// What a test is about and its type; the type is none where its own fault was told.
    fn operand(&self, key: &Key) -> Option<(Operand, Option<&FieldType>)> {
        let undeclared = |what: &str, help: Option<String>| {
            let message = format!("there is no {what} named `{}`", cut(&key.text));
            self.log.fault(UNDECLARED, key.span, message).maybe(help);
        };
        if key.text.contains('.') {
            if let Ok(path) = FieldPath::parse(&key.text)
                && field_of(self.datasets, &path).is_some()
            {
                let kind = type_of(self.datasets, &path);
                return Some((Operand::Field(path), kind));
            }
            let all = self.datasets.iter().flat_map(|(d, at)| {
                at.value
                    .fields
                    .iter()
                    .map(move |f| format!("{d}.{}", f.name.value))
            });
            let all: Vec<String> = all.collect();
            undeclared(
                "field",
                self.log
                    .did_you_mean(&key.text, all.iter().map(String::as_str)),
            );
            return None;
        }
        let fact = FactId::parse(&key.text).ok();
        match fact.as_ref().and_then(|f| self.facts.get_key_value(f)) {
            Some((id, fact)) => Some((
                Operand::Fact(id.clone()),
                fact.value.kind.as_ref().map(|k| &k.value),
            )),
            None => {
                let all = self.facts.keys().map(FactId::as_str);
                undeclared("fact", self.log.did_you_mean(&key.text, all));
                None
            }
        }
    }

    fn test(&self, node: &Node, of: &Operand, kind: &FieldType) -> Option<Test> {
        let log = self.log;
        let Some((key, value)) = single(node) else {
            log.fault(
                SHAPE,
                node.span,
                format!("the test of {of} has one operator"),
            )
            .help(format!("it is one of: {}", OPERATORS.join(", ")));
            return None;
        };
        let days = |fits: bool| {
            if !fits {
                let message = format!(
                    "`{}` compares days, and {of} is a {}",
                    key.text,
                    kind.name()
                );
                log.fault(TEST_TYPE, key.span, message);
            }
            fits.then_some(())
        };
        let is_day = *kind == FieldType::Date;
        match key.text.as_str() {
            "is" => self.value(value, of, kind).map(|at| Test::Is(at.value)),
            "in" => {
                let mut list: Vec<String> =
                    several(value, log, "the values", |n| self.value(n, of, kind))
                        .into_iter()
                        .map(|at| at.value)
                        .collect();
                list.sort();
                Some(Test::In(list))
            }
            "known" => word(value, log, "known", YES_NO, &[], WORD).map(|at| Test::Known(at.value)),
            "before" => {
                days(is_day)?;
                date(value, log, "the day").map(|at| Test::Before(at.value))
            }
            "on-or-after" => {
                days(is_day)?;
                date(value, log, "the day").map(|at| Test::OnOrAfter(at.value))
            }
            "ago-at-least" => {
                days(is_day)?;
                let length = period(value, log, "the time")?;
                if length.value.after(jiff::civil::date(2000, 1, 1)).is_none() {
                    log.fault(
                        WORD,
                        length.span,
                        "this is measured in days, weeks, months or years",
                    );
                    return None;
                }
                Some(Test::AgoAtLeast(length.value))
            }
            other => {
                log.fault(
                    UNKNOWN_KEY,
                    key.span,
                    format!("there is no operator `{}`", cut(other)),
                )
                .help(
                    log.did_you_mean(other, OPERATORS)
                        .unwrap_or_else(|| format!("it is one of: {}", OPERATORS.join(", "))),
                );
                None
            }
        }
    }

    /// A value in the form of the type; `true` and `false` are read as `yes` and `no`.
    fn value(&self, node: &Node, of: &Operand, kind: &FieldType) -> Option<At<String>> {
        let found = text(node, self.log, "the value")?;
        let value = match (kind, found.value.as_str()) {
            (FieldType::Truth, "true") => "yes".to_owned(),
            (FieldType::Truth, "false") => "no".to_owned(),
            _ => found.value,
        };
        if kind.accepts(&value) {
            return Some(At::new(value, found.span));
        }
        let message = format!(
            "`{}` is not a value of {of}, which is a {}",
            cut(&value),
            kind.name()
        );
        let said = self.log.fault(TEST_TYPE, found.span, message);
        if let FieldType::OneOf(values) = kind {
            said.maybe(
                self.log
                    .did_you_mean(&value, values.iter().map(String::as_str)),
            );
        }
        None
    }
}

fn single(node: &Node) -> Option<(&Key, &Node)> {
    match &node.value {
        Value::Map(entries) => match entries.as_slice() {
            [(key, value)] => Some((key, value)),
            _ => None,
        },
        Value::Text { .. } | Value::List(_) => None,
    }
}

fn has(node: &Node, key: &str) -> bool {
    matches!(&node.value, Value::Map(entries) if entries.iter().any(|(k, _)| k.text == key))
}
