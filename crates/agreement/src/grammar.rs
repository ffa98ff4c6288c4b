//! The grammar: each construct of the language is declared once, and its reader, its part of the published JSON
//! Schema and its row of the reference are made of that one declaration.
//!
//! A part that cannot be read is told and comes back as none; reading goes on.

use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

use crate::diagnostic::Span;
use crate::log::{At, Log, Step};
use crate::rules::{MISSING, SHAPE, UNKNOWN_KEY};
use document::{Key, Node, Value, is_null};

mod lists;
mod values;

pub(crate) use lists::{Entries, InOrder, Items, Named, OneOrMore, Rows, Seq, Set, Slot};
pub(crate) use values::{Day, Month, Number, Yes, one_of, word};

/// A part of a construct: none only where it may be left out, or where its fault was told.
pub(crate) type Part<T> = Option<At<T>>;

/// Something that an author writes.
pub(crate) trait Written: Sized {
    /// Reads it; where it cannot be read, that was told.
    fn read(node: &Node, log: &Log) -> Option<Self>;
    /// What an editor is told of it.
    fn schema(book: &mut Book) -> Json;
    /// What it is, for the reference: `a day`, `a list of parties`.
    fn words() -> String;
}

/// The definitions of the published schema.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) defs: BTreeMap<&'static str, Json>,
}

impl Book {
    /// A reference to a definition, which is made where it is not there yet.
    pub(crate) fn define(
        &mut self,
        name: &'static str,
        make: impl FnOnce(&mut Self) -> Json,
    ) -> Json {
        if !self.defs.contains_key(name) {
            self.defs.insert(name, Json::Null);
            let made = make(self);
            self.defs.insert(name, made);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }
}

/// Which keys of a block go together.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Together {
    /// Exactly one of these.
    One(&'static str, &'static [&'static str]),
    /// At most one of these.
    AtMostOne(&'static str, &'static [&'static str]),
    /// The first only with all of the others.
    With(&'static str, &'static str, &'static [&'static str]),
}

/// A part, as the reference lists it.
pub(crate) struct PartDoc {
    pub(crate) key: &'static str,
    pub(crate) needed: bool,
    pub(crate) rule: &'static str,
    pub(crate) words: String,
    pub(crate) doc: String,
}

/// A construct, as the reference lists it.
pub(crate) trait Construct: Written {
    /// What a message calls it.
    const WHAT: &'static str;
    /// What it is.
    fn doc() -> String;
    /// Its parts.
    fn parts() -> Vec<PartDoc>;
    /// Which of them go together.
    fn together() -> &'static [Together];
}

/// Declares constructs: `need` or `may`, the field, its key in the file, its type, and the rule that a missing
/// part breaks (LANG-05 where none is named). What stands under `annex` is not signed.
macro_rules! constructs {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident = $what:literal {
            $( $(#[doc = $fdoc:literal])+ $need:ident $field:ident = $key:literal : $kind:ty $([$rule:literal])? ; )*
        }
        $( annex { $( $(#[doc = $adoc:literal])+ $aneed:ident $afield:ident = $akey:literal : $akind:ty $([$arule:literal])? ; )* } )?
        $( together [ $($together:expr),* $(,)? ] )?
    )*) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, serde::Serialize)]
        pub(crate) struct $name {
            $(
                $(#[doc = $fdoc])+
                #[serde(rename = $key, skip_serializing_if = "Option::is_none")]
                pub(crate) $field: $crate::grammar::Part<$kind>,
            )*
            $($(
                $(#[doc = $adoc])+
                #[serde(skip)]
                pub(crate) $afield: $crate::grammar::Part<$akind>,
            )*)?
        }

        impl $crate::grammar::Written for $name {
            fn read(node: &document::Node, log: &$crate::log::Log) -> Option<Self> {
                let mut block = $crate::grammar::Block::open(node, log, $what)?;
                let made = Self {
                    $( $field: $crate::grammar::take!(block, $need, $key $(, $rule)?), )*
                    $($( $afield: $crate::grammar::take!(block, $aneed, $akey $(, $arule)?), )*)?
                };
                block.close(<Self as $crate::grammar::Construct>::together());
                Some(made)
            }

            fn schema(book: &mut $crate::grammar::Book) -> serde_json::Value {
                book.define(stringify!($name), |book| {
                    let mut block = $crate::grammar::BlockSchema::new(
                        &<Self as $crate::grammar::Construct>::doc(),
                    );
                    $( block.part(book, $key, $crate::grammar::needed!($need), <$kind as $crate::grammar::Written>::schema, &$crate::grammar::lines(&[$($fdoc),+])); )*
                    $($( block.part(book, $akey, $crate::grammar::needed!($aneed), <$akind as $crate::grammar::Written>::schema, &$crate::grammar::lines(&[$($adoc),+])); )*)?
                    block.finish(<Self as $crate::grammar::Construct>::together())
                })
            }

            fn words() -> String {
                format!("a block: {}", $what)
            }
        }

        impl $crate::grammar::Construct for $name {
            const WHAT: &'static str = $what;
            fn doc() -> String {
                $crate::grammar::lines(&[$($doc),+])
            }
            fn parts() -> Vec<$crate::grammar::PartDoc> {
                vec![
                    $( $crate::grammar::PartDoc {
                        key: $key,
                        needed: $crate::grammar::needed!($need),
                        rule: $crate::grammar::rule!($($rule)?),
                        words: <$kind as $crate::grammar::Written>::words(),
                        doc: $crate::grammar::lines(&[$($fdoc),+]),
                    }, )*
                    $($( $crate::grammar::PartDoc {
                        key: $akey,
                        needed: $crate::grammar::needed!($aneed),
                        rule: $crate::grammar::rule!($($arule)?),
                        words: <$akind as $crate::grammar::Written>::words(),
                        doc: $crate::grammar::lines(&[$($adoc),+]),
                    }, )*)?
                ]
            }
            fn together() -> &'static [$crate::grammar::Together] {
                &[$($($together),*)?]
            }
        }
    )*};
}

macro_rules! take {
    ($block:ident, need, $key:literal) => {
        $block.need($key, $crate::rules::MISSING)
    };
    ($block:ident, need, $key:literal, $rule:literal) => {
        $block.need($key, $rule)
    };
    ($block:ident, may, $key:literal $(, $rule:literal)?) => {
        $block.may($key)
    };
}

macro_rules! needed {
    (need) => {
        true
    };
    (may) => {
        false
    };
}

macro_rules! rule {
    () => {
        $crate::rules::MISSING
    };
    ($rule:literal) => {
        $rule
    };
}

pub(crate) use {constructs, needed, rule, take};

/// The lines of a documentation comment as one text.
pub(crate) fn lines(doc: &[&str]) -> String {
    doc.iter()
        .map(|line| line.trim())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A block of keys that is being read.
pub(crate) struct Block<'a> {
    span: Span,
    log: &'a Log,
    what: &'static str,
    entries: &'a [(Key, Node)],
    asked: Vec<&'static str>,
}

impl<'a> Block<'a> {
    pub(crate) fn open(node: &'a Node, log: &'a Log, what: &'static str) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let subject = log.subject(what);
            log.fault(
                SHAPE,
                node.span,
                format!("{subject} must be a block of keys, `key: value`"),
            );
            return None;
        };
        Some(Self {
            span: node.place(),
            log,
            what,
            entries,
            asked: Vec::new(),
        })
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.push(key);
        self.entries
            .iter()
            .find(|(k, _)| k.text == key)
            .map(|(_, node)| node)
    }

    pub(crate) fn may<T: Written>(&mut self, key: &'static str) -> Part<T> {
        let node = self.find(key)?;
        let _inside = self.log.enter(Step::Key(key));
        Some(At::new(T::read(node, self.log)?, node.span))
    }

    pub(crate) fn need<T: Written>(&mut self, key: &'static str, rule: &'static str) -> Part<T> {
        if self.has(key) {
            return self.may(key);
        }
        self.asked.push(key);
        let subject = self.log.subject(self.what);
        self.log
            .fault(rule, self.span, format!("{subject} has no `{key}`"))
            .help(format!("write `{key}:`, {}", T::words()));
        None
    }

    fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(k, _)| k.text == key)
    }

    fn key_span(&self, key: &str) -> Span {
        self.entries
            .iter()
            .find(|(k, _)| k.text == key)
            .map_or(self.span, |(k, _)| k.span)
    }

    /// Reports the keys that nobody asked for, and those that do not go together.
    pub(crate) fn close(self, together: &[Together]) {
        for (key, value) in self.entries {
            let word = key.text.as_str();
            if !self.asked.contains(&word) {
                let subject = self.log.subject(self.what);
                let message = format!("{subject} has no part named `{}`", crate::log::cut(word));
                let empty =
                    matches!(&value.value, Value::Text { text, plain } if is_null(text, *plain));
                let comma = (empty && word.contains(' ')).then(|| {
                    "a comma ends a text within `{ }` and `[ ]`: put the text in quotes".to_owned()
                });
                self.log.fault(UNKNOWN_KEY, key.span, message).maybe(
                    comma.or_else(|| self.log.did_you_mean(word, self.asked.iter().copied())),
                );
            }
        }
        for rule in together {
            self.go_together(rule);
        }
    }

    fn go_together(&self, rule: &Together) {
        let subject = self.log.subject(self.what);
        let quoted = |keys: &[&str]| {
            let keys: Vec<String> = keys.iter().map(|k| format!("`{k}`")).collect();
            keys.join(", ")
        };
        let (id, keys) = match rule {
            Together::One(id, keys) | Together::AtMostOne(id, keys) => (*id, *keys),
            Together::With(id, first, others) => {
                let missing: Vec<&str> = others.iter().copied().filter(|k| !self.has(k)).collect();
                if self.has(first) && !missing.is_empty() {
                    let message = format!("{subject} has `{first}` and no {}", quoted(&missing));
                    self.log.fault(*id, self.key_span(first), message);
                }
                return;
            }
        };
        let there: Vec<&str> = keys.iter().copied().filter(|k| self.has(k)).collect();
        match (rule, there.as_slice()) {
            (Together::One(..), []) => {
                let message = format!("{subject} has none of {}", quoted(keys));
                self.log
                    .fault(id, self.span, message)
                    .help("write one of them");
            }
            (_, [_, second, ..]) => {
                let message = format!("{subject} has {} side by side", quoted(&there));
                self.log
                    .fault(id, self.key_span(second), message)
                    .help("only one of them can be meant");
            }
            _ => {}
        }
    }
}

/// The schema of a block of keys, being made.
pub(crate) struct BlockSchema {
    doc: String,
    properties: Map<String, Json>,
    required: Vec<&'static str>,
}

impl BlockSchema {
    pub(crate) fn new(doc: &str) -> Self {
        Self {
            doc: doc.to_owned(),
            properties: Map::new(),
            required: Vec::new(),
        }
    }

    pub(crate) fn part(
        &mut self,
        book: &mut Book,
        key: &'static str,
        needed: bool,
        schema: fn(&mut Book) -> Json,
        doc: &str,
    ) {
        let mut part = schema(book);
        if let Json::Object(part) = &mut part {
            part.insert("description".to_owned(), json!(doc));
        }
        self.properties.insert(key.to_owned(), part);
        if needed {
            self.required.push(key);
        }
    }

    pub(crate) fn finish(self, together: &[Together]) -> Json {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        schema.insert("description".to_owned(), json!(self.doc));
        schema.insert("properties".to_owned(), json!(self.properties));
        schema.insert("additionalProperties".to_owned(), json!(false));
        if !self.required.is_empty() {
            schema.insert("required".to_owned(), json!(self.required));
        }
        let both = |keys: &[&str]| {
            let mut pairs = Vec::new();
            for (i, one) in keys.iter().enumerate() {
                for other in keys.iter().skip(i + 1) {
                    pairs.push(json!({ "not": { "required": [one, other] } }));
                }
            }
            pairs
        };
        let mut all = Vec::new();
        for rule in together {
            match rule {
                Together::One(_, keys) => {
                    let each: Vec<Json> = keys.iter().map(|k| json!({ "required": [k] })).collect();
                    all.push(json!({ "oneOf": each }));
                }
                Together::AtMostOne(_, keys) => all.extend(both(keys)),
                Together::With(_, first, others) => {
                    all.push(json!({ "dependentRequired": { *first: others } }));
                }
            }
        }
        if !all.is_empty() {
            schema.insert("allOf".to_owned(), json!(all));
        }
        Json::Object(schema)
    }
}

/// The text of a scalar that is not empty.
pub(crate) fn text<'a>(node: &'a Node, log: &Log) -> Option<&'a str> {
    match &node.value {
        Value::Text { text, plain } if is_null(text, *plain) || text.trim().is_empty() => {
            log.fault(MISSING, node.span, format!("{} is empty", log.here()));
            None
        }
        Value::Text { text, .. } => Some(text),
        Value::List(_) | Value::Map(_) => {
            log.fault(SHAPE, node.span, format!("{} must be one text", log.here()));
            None
        }
    }
}
