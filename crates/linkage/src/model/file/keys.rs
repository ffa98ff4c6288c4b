//! Reads the rules that say which pairs are looked at.

use document::{Node, Span, Value, cut};

use super::columns::{Declared, position};
use super::reader::{At, Reader};
use crate::model::rules::{CAP, FITS, SIZE, TWICE, UNDECLARED, WORD};
use crate::model::words::PARTS;
use crate::model::{BlockingRule, Key, Kind, Part};

/// The most rules for blocking and training together.
const MOST_RULES: usize = 16;

/// The largest cap.
const LARGEST_CAP: usize = 1_000_000_000;

impl Reader {
    /// The rules of `blocking` and of `training`.
    pub(super) fn rules(
        &self,
        blocking: Option<&Node>,
        training: Option<&Node>,
        columns: &[Declared],
    ) -> (Vec<BlockingRule>, Vec<BlockingRule>) {
        let mut read: Vec<BlockingRule> = Vec::new();
        let mut seen = 0;
        let mut of = |node: Option<&Node>, what: &str| {
            let from = read.len();
            let items = node.and_then(|node| self.list(node, what));
            for item in items.unwrap_or_default() {
                seen += 1;
                if seen == MOST_RULES + 1 {
                    let message = format!(
                        "this is one rule too many: blocking and training have at most {MOST_RULES}"
                    );
                    self.fault(SIZE, item.place(), message);
                }
                let Some(rule) = self.rule(item, columns) else {
                    continue;
                };
                if read.iter().any(|before| same(before, &rule)) {
                    self.fault(TWICE, item.place(), "this rule is there already");
                }
                read.push(rule);
            }
            read.get(from..).unwrap_or_default().to_vec()
        };
        let blocking = of(blocking, "`blocking`");
        let training = of(training, "`training`");
        (blocking, training)
    }

    fn rule(&self, node: &Node, columns: &[Declared]) -> Option<BlockingRule> {
        if !matches!(node.value, Value::Map(_)) {
            return Some(BlockingRule {
                keys: self.keys(node, "the rule", columns, &[])?,
                cap: None,
                then: Vec::new(),
            });
        }
        let block = self.block(node, "the rule", &["keys", "cap", "then"])?;
        let keys = block
            .need(self, "keys", "born")
            .and_then(|node| self.keys(node, "`keys`", columns, &[]));
        let cap = block.may("cap");
        let then = block.may("then");
        let alone = |span: Span, message: &str, help: &str| {
            self.fault(CAP, span, message).help(help);
        };
        match (block.entry("cap"), block.entry("then")) {
            (Some((key, _)), None) => alone(
                key.span,
                "the rule has a `cap` and no `then`",
                "write with `then` which further keys are asked for beyond the cap",
            ),
            (None, Some((key, _))) => alone(
                key.span,
                "the rule has `then` and no `cap`",
                "write with `cap` how many cases one value may hold before further keys are asked for",
            ),
            (Some(_), Some(_)) | (None, None) => {}
        }
        let cap = cap.map(|node| self.whole(node, "`cap`", 1, LARGEST_CAP));
        let before = keys.as_deref().unwrap_or_default();
        let then = then.map(|node| self.keys(node, "`then`", columns, before));
        // A rule that could be read in part only would look like another one.
        let cap = match cap {
            Some(read) => Some(read?),
            None => None,
        };
        Some(BlockingRule {
            cap,
            then: then.unwrap_or(Some(Vec::new()))?,
            keys: keys?,
        })
    }

    /// One or more keys, none of them among those `before`.
    fn keys(
        &self,
        node: &Node,
        what: &str,
        columns: &[Declared],
        before: &[Key],
    ) -> Option<Vec<Key>> {
        let texts = self.texts(node, what);
        let mut keys: Vec<Key> = Vec::new();
        for text in &texts.read {
            let Some(key) = self.key(*text, columns) else {
                continue;
            };
            if keys.contains(&key) || before.contains(&key) {
                let message = format!("the rule has the key `{}` twice", cut(text.value));
                self.fault(TWICE, text.span, message);
            }
            keys.push(key);
        }
        (texts.whole && keys.len() == texts.read.len()).then_some(keys)
    }

    fn key(&self, text: At<&str>, columns: &[Declared]) -> Option<Key> {
        let (name, part) = match text.value.split_once('.') {
            Some((name, part)) => (name, Some(part)),
            None => (text.value, None),
        };
        let column = self.named_column(name, text.span, columns);
        let part = match part {
            None => Some(Part::Whole),
            Some(word) => self.part(word, text.span, column.and_then(|c| columns.get(c))),
        };
        Some(Key {
            column: column?,
            part: part?,
        })
    }

    /// The index of a column that is named.
    pub(super) fn named_column(
        &self,
        name: &str,
        span: Span,
        columns: &[Declared],
    ) -> Option<usize> {
        let found = position(columns, name);
        if found.is_none() {
            let all: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
            let message = format!("there is no column named `{}`", cut(name));
            self.fault(UNDECLARED, span, message)
                .help(self.near(name, &all));
        }
        found
    }

    fn part(&self, word: &str, span: Span, of: Option<&Declared>) -> Option<Part> {
        let kind = of.and_then(|declared| declared.kind);
        let all: Vec<&str> = fitting(kind).collect();
        let known = PARTS.iter().find(|(w, _)| *w == word);
        let (rule, message) = match (known, of, kind) {
            (Some((_, part)), Some(_), Some(kind)) if part.fits(kind) => return Some(*part),
            // Of a column that is not known nothing can be said.
            (Some((_, part)), _, None) | (Some((_, part)), None, _) => return Some(*part),
            (Some(_), Some(declared), Some(kind)) => {
                let (column, kind) = (&declared.name, kind.word());
                let message = format!("`{word}` is no part of `{column}`, whose kind is {kind}");
                (FITS, message)
            }
            (None, _, _) if word.is_empty() => (WORD, "no part stands after the point".to_owned()),
            (None, _, _) => (WORD, format!("a value has no part named `{}`", cut(word))),
        };
        let help = if all.is_empty() {
            "the key can only be the whole value: write the column alone".to_owned()
        } else {
            self.near(word, &all)
        };
        self.fault(rule, span, message).help(help);
        None
    }
}

/// The parts of a kind, or of any.
fn fitting(kind: Option<Kind>) -> impl Iterator<Item = &'static str> {
    PARTS
        .into_iter()
        .filter(move |(_, part)| kind.is_none_or(|kind| part.fits(kind)))
        .map(|(word, _)| word)
}

/// Do two rules ask for the same, in whatever order?
fn same(one: &BlockingRule, other: &BlockingRule) -> bool {
    let alike = |one: &[Key], other: &[Key]| {
        one.len() == other.len() && one.iter().all(|key| other.contains(key))
    };
    one.cap == other.cap && alike(&one.keys, &other.keys) && alike(&one.then, &other.then)
}
