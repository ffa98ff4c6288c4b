//! The log of what is found in one file, with the place in the file and the path of keys that leads there.
//! Reading goes on after a fault, so that all faults of a file are told at once.

use std::cell::RefCell;

use document::{Diagnostic, Gathered, Severity, Span};
use serde::Serialize;

pub(crate) use document::{Rule, Said, cut};

use crate::ids::{GapId, ReadingId};
use crate::rules::MANY_FAULTS;

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

/// One step of the path that leads to a part of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A key of the language.
    Key(&'static str),
    /// A name that the author chose.
    Name(String),
    /// A place in a list, from 1.
    Item(usize),
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Name(name) => f.write_str(name),
            Self::Item(n) => n.fmt(f),
        }
    }
}

/// Where a name of the agreement's papers (a reading, a gap) is used.
#[derive(Clone, Debug)]
pub(crate) struct Use<T> {
    pub(crate) name: T,
    pub(crate) span: Span,
    pub(crate) path: Vec<Step>,
}

/// Collects what is found in one file.
pub(crate) struct Log {
    path: RefCell<Vec<Step>>,
    found: Gathered,
    gaps: RefCell<Vec<Use<GapId>>>,
    readings: RefCell<Vec<Use<ReadingId>>>,
}

/// Leaves the step again when it is dropped.
pub(crate) struct Inside<'a>(&'a Log);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.path.borrow_mut().pop();
    }
}

impl Log {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            path: RefCell::default(),
            found: Gathered::new(file),
            gaps: RefCell::default(),
            readings: RefCell::default(),
        }
    }

    /// Goes one step down the path.
    pub(crate) fn enter(&self, step: Step) -> Inside<'_> {
        self.path.borrow_mut().push(step);
        Inside(self)
    }

    /// The last key of the path, as a message names the part that is being read.
    pub(crate) fn here(&self) -> String {
        let path = self.path.borrow();
        let keys = path.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some((*key).to_owned()),
            Step::Name(name) => Some(cut(name)),
            Step::Item(_) => None,
        });
        keys.map_or_else(|| "the file".to_owned(), |key| format!("`{key}`"))
    }

    /// How a message names the construct that is being read: `the flow ask`, `keep rule 3`, `the term`.
    pub(crate) fn subject(&self, what: &str) -> String {
        match self.path.borrow().last() {
            Some(Step::Name(name)) => format!("the {what} {}", cut(name)),
            Some(Step::Item(n)) => format!("{what} {n}"),
            Some(Step::Key(_)) | None => format!("the {what}"),
        }
    }

    pub(crate) fn use_gap(&self, name: GapId, span: Span) {
        let path = self.path.borrow().clone();
        self.gaps.borrow_mut().push(Use { name, span, path });
    }

    pub(crate) fn use_reading(&self, name: ReadingId, span: Span) {
        let path = self.path.borrow().clone();
        self.readings.borrow_mut().push(Use { name, span, path });
    }

    /// The gaps and readings that were used so far.
    pub(crate) fn take_uses(&self) -> (Vec<Use<GapId>>, Vec<Use<ReadingId>>) {
        (self.gaps.take(), self.readings.take())
    }

    /// Was a fault told of a place within this one?
    pub(crate) fn told_within(&self, span: Span) -> bool {
        self.found.told_within(span)
    }

    pub(crate) fn fault(
        &self,
        rule: impl Into<Rule>,
        span: Span,
        message: impl Into<String>,
    ) -> Said<'_> {
        self.say(Severity::Fault, rule.into(), span, message.into())
    }

    pub(crate) fn warn(
        &self,
        rule: impl Into<Rule>,
        span: Span,
        message: impl Into<String>,
    ) -> Said<'_> {
        self.say(Severity::Warning, rule.into(), span, message.into())
    }

    /// Tells of an open gap, which the file itself lists.
    pub(crate) fn gap(
        &self,
        rule: impl Into<Rule>,
        span: Span,
        message: impl Into<String>,
    ) -> Said<'_> {
        self.say(Severity::Gap, rule.into(), span, message.into())
    }

    fn say(&self, severity: Severity, rule: Rule, span: Span, message: String) -> Said<'_> {
        self.found.say(severity, rule, span, message)
    }

    pub(crate) fn has_fault(&self) -> bool {
        self.found.has_fault()
    }

    /// `did you mean ...?`, where one of the candidates is near; not asked for faults that nobody is shown.
    pub(crate) fn did_you_mean<'a>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Option<String> {
        self.found.did_you_mean(word, candidates)
    }

    /// All that was found, in the order of the file.
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.found.into_diagnostics(MANY_FAULTS)
    }
}
