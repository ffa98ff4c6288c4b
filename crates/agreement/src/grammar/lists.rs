//! How several values are written: sets, sequences, rows, blocks of names, and a gap in place of a value.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::grammar::{Block, Book, Part, Written};
use crate::ids::{GapId, Name};
use crate::log::{At, Log, Step, cut};
use crate::rules::{MISSING, SHAPE, TWICE, WORD};
use document::{Node, Value};

/// The items of a list; a single value stands for a list of one.
fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        Value::Text { .. } | Value::Map(_) => std::slice::from_ref(node),
    }
}

/// One or more values, none of them twice.
fn several<T: Written + PartialEq>(node: &Node, log: &Log) -> Vec<At<T>> {
    let items = items(node);
    if items.is_empty() {
        log.fault(
            MISSING,
            node.span,
            format!("the list {} is empty", log.here()),
        );
    }
    let mut out: Vec<At<T>> = Vec::new();
    for item in items {
        let Some(read) = T::read(item, log) else {
            continue;
        };
        if out.iter().any(|o| o.value == read) {
            log.fault(TWICE, item.span, format!("{} names this twice", log.here()));
        } else {
            out.push(At::new(read, item.span));
        }
    }
    out
}

fn one_or_list(one: Json) -> Json {
    json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1, "uniqueItems": true }] })
}

/// A list whose order means nothing: signed in order of value. One value may stand without brackets.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Set<T>(pub(crate) Vec<At<T>>);

impl<T: Written + Ord> Written for Set<T> {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let mut all = several::<T>(node, log);
        all.sort_by(|a, b| a.value.cmp(&b.value));
        Some(Self(all))
    }

    fn schema(book: &mut Book) -> Json {
        one_or_list(T::schema(book))
    }

    fn words() -> String {
        format!("{}, or a list", T::words())
    }
}

/// A list whose order is kept. One value may stand without brackets.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Seq<T>(pub(crate) Vec<At<T>>);

impl<T: Written + PartialEq> Written for Seq<T> {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        Some(Self(several(node, log)))
    }

    fn schema(book: &mut Book) -> Json {
        one_or_list(T::schema(book))
    }

    fn words() -> String {
        format!("{}, or a list", T::words())
    }
}

/// A list of blocks, in order; always written as a list.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Rows<T>(pub(crate) Vec<At<T>>);

impl<T: Written> Written for Rows<T> {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let Value::List(items) = &node.value else {
            let message = format!("{} must be a list, `- {{ ... }}`", log.here());
            log.fault(SHAPE, node.span, message);
            return None;
        };
        if items.is_empty() {
            log.fault(
                MISSING,
                node.span,
                format!("the list {} is empty", log.here()),
            );
        }
        let mut out = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let _inside = log.enter(Step::Item(i + 1));
            if let Some(read) = T::read(item, log) {
                out.push(At::new(read, item.place()));
            }
        }
        Some(Self(out))
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "type": "array", "items": T::schema(book), "minItems": 1 })
    }

    fn words() -> String {
        format!("a list, each {}", T::words())
    }
}

/// One block, or a list of blocks.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct OneOrMore<T>(pub(crate) Vec<At<T>>);

impl<T: Written> Written for OneOrMore<T> {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        match &node.value {
            Value::List(_) => Rows::read(node, log).map(|rows| Self(rows.0)),
            Value::Text { .. } | Value::Map(_) => {
                Some(Self(vec![At::new(T::read(node, log)?, node.span)]))
            }
        }
    }

    fn schema(book: &mut Book) -> Json {
        let one = T::schema(book);
        json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }

    fn words() -> String {
        format!("{}, or a list", T::words())
    }
}

/// Reads a block whose keys are names that the author chose; each comes with its key.
fn named<K: Name, V: Written>(node: &Node, log: &Log) -> Option<Vec<(At<K>, V)>> {
    let Value::Map(entries) = &node.value else {
        let message = format!("{} must be a block of keys, `name: value`", log.here());
        log.fault(SHAPE, node.span, message);
        return None;
    };
    if entries.is_empty() {
        log.fault(
            MISSING,
            node.span,
            format!("the block {} is empty", log.here()),
        );
    }
    let mut out: Vec<(At<K>, V)> = Vec::new();
    for (key, value) in entries {
        let name = match K::parse_name(&key.text) {
            Ok(name) => name,
            Err(bad) => {
                log.fault(
                    WORD,
                    key.span,
                    format!("`{}` cannot stand here: {bad}", cut(&key.text)),
                );
                continue;
            }
        };
        let _inside = log.enter(Step::Name(key.text.clone()));
        if let Some(read) = V::read(value, log) {
            // The tree has told a key that stands twice.
            if out.iter().all(|(k, _)| k.value != name) {
                out.push((At::new(name, key.span), read));
            }
        }
    }
    Some(out)
}

fn named_schema<K: Name>(value: Json) -> Json {
    json!({
        "type": "object",
        "propertyNames": { "pattern": K::PATTERN },
        "additionalProperties": value,
        "minProperties": 1,
    })
}

/// A block whose keys are names that the author chose; their order means nothing. The place of each is that
/// of its key.
#[derive(Clone, Debug)]
pub(crate) struct Named<K, V>(pub(crate) BTreeMap<K, At<V>>);

impl<K: Serialize, V: Serialize> Serialize for Named<K, V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (key, at) in &self.0 {
            map.serialize_entry(key, &at.value)?;
        }
        map.end()
    }
}

impl<K: Name, V: Written> Written for Named<K, V> {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let all = named::<K, V>(node, log)?;
        Some(Self(
            all.into_iter()
                .map(|(key, value)| (key.value, At::new(value, key.span)))
                .collect(),
        ))
    }

    fn schema(book: &mut Book) -> Json {
        named_schema::<K>(V::schema(book))
    }

    fn words() -> String {
        format!("by name, each {}", V::words())
    }
}

/// A block whose keys are names that the author chose, in an order that means something and is signed.
#[derive(Clone, Debug)]
pub(crate) struct InOrder<K, V>(pub(crate) Vec<(At<K>, V)>);

impl<K: Serialize, V: Serialize> Serialize for InOrder<K, V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<K: Name, V: Written> Written for InOrder<K, V> {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        named(node, log).map(Self)
    }

    fn schema(book: &mut Book) -> Json {
        named_schema::<K>(V::schema(book))
    }

    fn words() -> String {
        format!("by name and in order, each {}", V::words())
    }
}

/// What the agreement settles, or the gap that stands in its place, `{ gap: name }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Slot<T> {
    Given(T),
    Gap(GapId),
}

impl<T> Slot<T> {
    pub(crate) fn given(&self) -> Option<&T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Gap(_) => None,
        }
    }
}

/// Does a block stand here that begins with `gap`?
pub(crate) fn is_gap(node: &Node) -> bool {
    matches!(&node.value, Value::Map(entries) if entries.iter().any(|(key, _)| key.text == "gap"))
}

/// Reads `{ gap: name }`.
pub(crate) fn gap(node: &Node, log: &Log) -> Option<GapId> {
    let mut block = Block::open(node, log, "gap")?;
    let name: Part<GapId> = block.need("gap", MISSING);
    block.close(&[]);
    let name = name?;
    log.use_gap(name.value.clone(), name.span);
    Some(name.value)
}

pub(crate) fn gap_schema(book: &mut Book) -> Json {
    book.define("GapHere", |book| {
        json!({
            "type": "object",
            "description": "What the agreement does not settle yet: a name listed under gaps.",
            "properties": { "gap": GapId::schema(book) },
            "required": ["gap"],
            "additionalProperties": false,
        })
    })
}

impl<T: Written> Written for Slot<T> {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        if is_gap(node) {
            return gap(node, log).map(Self::Gap);
        }
        T::read(node, log).map(Self::Given)
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [gap_schema(book), T::schema(book)] })
    }

    fn words() -> String {
        format!("{}, or a gap", T::words())
    }
}

/// The items of a part that is a list; none where the part is missing.
pub(crate) trait Items<T> {
    /// The items.
    fn all(&self) -> &[At<T>];

    /// Their values.
    fn values(&self) -> Vec<T>
    where
        T: Clone,
    {
        self.all().iter().map(|at| at.value.clone()).collect()
    }
}

macro_rules! items {
    ($($list:ident),*) => {$(
        impl<T> Items<T> for Part<$list<T>> {
            fn all(&self) -> &[At<T>] {
                self.as_ref().map_or(&[], |at| at.value.0.as_slice())
            }
        }
    )*};
}

items!(Set, Seq, Rows, OneOrMore);

/// The entries of a part that is a block of names; none where the part is missing.
pub(crate) trait Entries<K, V> {
    /// All of them, in order of name.
    fn entries<'a>(&'a self) -> impl DoubleEndedIterator<Item = (&'a K, &'a At<V>)> + Clone
    where
        K: 'a,
        V: 'a;
    /// One of them.
    fn entry(&self, key: &K) -> Option<&At<V>>;
    /// Their names.
    fn names<'a>(&'a self) -> impl Iterator<Item = &'a K> + Clone
    where
        K: 'a,
        V: 'a,
    {
        self.entries().map(|(key, _)| key)
    }
    /// Is there one of this name?
    fn has(&self, key: &K) -> bool {
        self.entry(key).is_some()
    }
}

impl<K: Ord, V> Entries<K, V> for Part<Named<K, V>> {
    fn entries<'a>(&'a self) -> impl DoubleEndedIterator<Item = (&'a K, &'a At<V>)> + Clone
    where
        K: 'a,
        V: 'a,
    {
        self.as_ref()
            .map(|at| at.value.0.iter())
            .into_iter()
            .flatten()
    }

    fn entry(&self, key: &K) -> Option<&At<V>> {
        self.as_ref()?.value.0.get(key)
    }
}
