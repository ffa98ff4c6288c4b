//! Reading a located tree: the log of faults, and the few ways in which constructs take their parts.
//! A part that cannot be read is reported and comes back as none; reading goes on, so that all faults of a
//! file are told at once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::ids::Name;
use crate::period::{Period, parse_date};
use crate::rules::{MANY_FAULTS, MISSING, NOT_YET, SHAPE, TWICE, UNKNOWN_KEY, WORD};
use crate::tree::{Key, Node, Value};

/// How many faults are shown.
const MOST: usize = 500;

/// A value with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> At<T> {
    pub(crate) fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl<T: Serialize> Serialize for At<T> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(to)
    }
}

/// Collects what is found in one file.
pub(crate) struct Log {
    file: String,
    found: RefCell<Vec<Diagnostic>>,
    /// Was there a fault, shown or not?
    faulty: Cell<bool>,
}

impl Log {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            found: RefCell::new(Vec::new()),
            faulty: Cell::new(false),
        }
    }

    pub(crate) fn fault(
        &self,
        rule: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Said<'_> {
        self.say(Severity::Fault, rule, span, message.into())
    }

    pub(crate) fn warn(
        &self,
        rule: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Said<'_> {
        self.say(Severity::Warning, rule, span, message.into())
    }

    fn say(&self, severity: Severity, rule: &'static str, span: Span, message: String) -> Said<'_> {
        let mut found = self.found.borrow_mut();
        // Warnings that nobody can be shown must not let an agreement pass.
        if severity == Severity::Fault || found.len() >= MOST {
            self.faulty.set(true);
        }
        if found.len() <= MOST {
            let file = self.file.clone();
            found.push(Diagnostic {
                file,
                rule,
                severity,
                span,
                message,
                help: None,
                source: None,
            });
        }
        Said {
            log: self,
            index: found.len() - 1,
        }
    }

    pub(crate) fn has_fault(&self) -> bool {
        self.faulty.get()
    }

    /// `did you mean ...?`, where one of the candidates is near; not asked for faults that nobody is shown.
    pub(crate) fn did_you_mean<'a>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Option<String> {
        if self.found.borrow().len() > MOST || word.len() > crate::ids::LONGEST {
            return None;
        }
        candidates
            .into_iter()
            .filter(|c| word.len().abs_diff(c.len()) * 3 <= c.len().max(3))
            .map(|c| (strsim::osa_distance(word, c), c))
            .filter(|(distance, c)| *distance * 3 <= c.len().max(3))
            .min()
            .map(|(_, c)| format!("did you mean `{c}`?"))
    }

    /// All that was found, in the order of the file.
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        let too_many = found.len() > MOST;
        found.truncate(MOST);
        found.sort_by(|a, b| (a.span, a.rule, &a.message).cmp(&(b.span, b.rule, &b.message)));
        found.dedup();
        if let (true, Some(last)) = (too_many, found.last()) {
            let (file, span) = (last.file.clone(), last.span);
            found.push(Diagnostic {
                file,
                rule: MANY_FAULTS,
                severity: Severity::Fault,
                span,
                message: format!("more than {MOST} faults: mend these first"),
                help: None,
                source: None,
            });
        }
        found
    }
}

/// A fault that was just said, to add its remedy or its source.
pub(crate) struct Said<'a> {
    log: &'a Log,
    index: usize,
}

impl Said<'_> {
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        if let Some(d) = self.log.found.borrow_mut().get_mut(self.index) {
            d.help = Some(help.into());
        }
        self
    }

    pub(crate) fn maybe(self, help: Option<String>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    pub(crate) fn source(self, source: impl Into<String>) -> Self {
        if let Some(d) = self.log.found.borrow_mut().get_mut(self.index) {
            d.source = Some(source.into());
        }
        self
    }
}

/// The text of a long value, cut for a message.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((i, _)) => format!("{}...", text.get(..i).unwrap_or("")),
        None => text.to_owned(),
    }
}

/// A block of keys that is being read; [`Block::close`] reports the keys that nobody asked for.
pub(crate) struct Block<'a> {
    pub(crate) span: Span,
    what: String,
    entries: &'a [(Key, Node)],
    asked: Vec<&'static str>,
}

impl<'a> Block<'a> {
    pub(crate) fn open(node: &'a Node, log: &Log, what: impl Into<String>) -> Option<Self> {
        let what = what.into();
        let entries = entries(node, log, &what)?;
        Some(Self {
            span: node.place(),
            what,
            entries,
            asked: Vec::new(),
        })
    }

    pub(crate) fn get(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.push(key);
        self.entries
            .iter()
            .find(|(k, _)| k.text == key)
            .map(|(_, node)| node)
    }

    pub(crate) fn need(&mut self, log: &Log, key: &'static str) -> Option<&'a Node> {
        self.need_for(log, key, MISSING)
    }

    /// Takes a part that a rule of the register asks for.
    pub(crate) fn need_for(
        &mut self,
        log: &Log,
        key: &'static str,
        rule: &'static str,
    ) -> Option<&'a Node> {
        let node = self.get(key);
        if node.is_none() {
            let message = format!("{} has no `{key}`", self.what);
            log.fault(rule, self.span, message)
                .help(format!("write `{key}:`"));
        }
        node
    }

    /// Reports what is left over; `later` are keys that the language will have.
    pub(crate) fn close(self, log: &Log, later: &[&str]) {
        for (key, _) in self.entries {
            let word = key.text.as_str();
            if self.asked.contains(&word) {
                continue;
            }
            if later.contains(&word) {
                log.fault(
                    NOT_YET,
                    key.span,
                    format!("`{word}` is not part of the language yet"),
                );
            } else {
                let message = format!("{} has no part named `{}`", self.what, cut(word));
                log.fault(UNKNOWN_KEY, key.span, message)
                    .maybe(log.did_you_mean(word, self.asked.iter().copied()));
            }
        }
    }
}

fn entries<'a>(node: &'a Node, log: &Log, what: &str) -> Option<&'a [(Key, Node)]> {
    if let Value::Map(entries) = &node.value {
        return Some(entries);
    }
    log.fault(
        SHAPE,
        node.span,
        format!("{what} must be a block of keys, `key: value`"),
    );
    None
}

/// Reads a block whose keys are names that the author chose.
pub(crate) fn named<K: Name, V>(
    node: &Node,
    log: &Log,
    what: &str,
    mut each: impl FnMut(&K, &Key, &Node) -> Option<V>,
) -> BTreeMap<K, V> {
    let mut out = BTreeMap::new();
    for (key, value) in entries(node, log, what).unwrap_or_default() {
        let Some(name) = parsed::<K>(&key.text, key.span, log) else {
            continue;
        };
        if let Some(read) = each(&name, key, value) {
            out.insert(name, read);
        }
    }
    out
}

fn parsed<T: Name>(text: &str, span: Span, log: &Log) -> Option<T> {
    T::parse_name(text)
        .map_err(|bad| {
            log.fault(
                WORD,
                span,
                format!("`{}` cannot stand here: {bad}", cut(text)),
            )
        })
        .ok()
}

/// A text that is not empty.
pub(crate) fn text(node: &Node, log: &Log, what: &str) -> Option<At<String>> {
    match &node.value {
        Value::Text { text, .. } if !text.trim().is_empty() => {
            Some(At::new(text.clone(), node.span))
        }
        Value::Text { .. } => {
            log.fault(MISSING, node.span, format!("{what} is empty"));
            None
        }
        Value::List(_) | Value::Map(_) => {
            log.fault(SHAPE, node.span, format!("{what} must be a text"));
            None
        }
    }
}

pub(crate) fn name<T: Name>(node: &Node, log: &Log, what: &str) -> Option<At<T>> {
    let found = text(node, log, what)?;
    Some(At::new(parsed(&found.value, found.span, log)?, found.span))
}

/// The items of a list; a single value stands for a list of one.
pub(crate) fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        Value::Text { .. } | Value::Map(_) => std::slice::from_ref(node),
    }
}

/// One or more values, none of them twice.
pub(crate) fn several<T: PartialEq>(
    node: &Node,
    log: &Log,
    what: &str,
    each: impl Fn(&Node) -> Option<At<T>>,
) -> Vec<At<T>> {
    let items = items(node);
    if items.is_empty() {
        log.fault(MISSING, node.span, format!("{what}: the list is empty"));
    }
    let mut out: Vec<At<T>> = Vec::new();
    for item in items {
        let Some(read) = each(item) else { continue };
        if out.iter().any(|o| o.value == read.value) {
            log.fault(TWICE, item.span, format!("{what}: this is named twice"));
        } else {
            out.push(read);
        }
    }
    out
}

pub(crate) fn list_of_names<T: Name>(node: &Node, log: &Log, what: &str) -> Vec<At<T>> {
    several(node, log, what, |item| name(item, log, what))
}

/// A word from a closed list; `later` are words that the language will have.
pub(crate) fn word<T: Copy>(
    node: &Node,
    log: &Log,
    what: &str,
    all: &[(&'static str, T)],
    later: &[&str],
    rule: &'static str,
) -> Option<At<T>> {
    let found = text(node, log, what)?;
    let written = found.value.as_str();
    if let Some((_, value)) = all.iter().find(|(w, _)| *w == written) {
        return Some(At::new(*value, found.span));
    }
    if later.contains(&written) {
        log.fault(
            NOT_YET,
            found.span,
            format!("{what} `{written}` is not part of the language yet"),
        );
        return None;
    }
    let words: Vec<&str> = all.iter().map(|(w, _)| *w).collect();
    log.fault(
        rule,
        found.span,
        format!("{what} cannot be `{}`", cut(written)),
    )
    .help(
        log.did_you_mean(written, words.iter().copied())
            .unwrap_or_else(|| format!("it is one of: {}", words.join(", "))),
    );
    None
}

pub(crate) fn date(node: &Node, log: &Log, what: &str) -> Option<At<Date>> {
    let found = text(node, log, what)?;
    let Some(day) = parse_date(&found.value) else {
        log.fault(
            WORD,
            found.span,
            format!("{what} must be a day that exists, as 2026-01-31"),
        );
        return None;
    };
    Some(At::new(day, found.span))
}

pub(crate) fn period(node: &Node, log: &Log, what: &str) -> Option<At<Period>> {
    let found = text(node, log, what)?;
    let Some(period) = Period::parse(&found.value) else {
        log.fault(
            WORD,
            found.span,
            format!("{what} must be a number and a unit, such as `6 months`"),
        );
        return None;
    };
    Some(At::new(period, found.span))
}

pub(crate) fn number(node: &Node, log: &Log, what: &str, most: u32) -> Option<At<u32>> {
    let found = text(node, log, what)?;
    let digits = found.value.bytes().all(|b| b.is_ascii_digit()) && !found.value.starts_with('0');
    match found.value.parse::<u32>() {
        Ok(n) if digits && n <= most => Some(At::new(n, found.span)),
        _ => {
            log.fault(
                WORD,
                found.span,
                format!("{what} must be a whole number from 1 to {most}"),
            );
            None
        }
    }
}
