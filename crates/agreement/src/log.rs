//! The log of what is found in one file, with the place in the file and the path of keys that leads there.
//! Reading goes on after a fault, so that all faults of a file are told at once.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::ids::{GapId, ReadingId};
use crate::rules::MANY_FAULTS;

/// A rule's id; most are known to the program, some stand in the law catalogue.
pub(crate) type Rule = Cow<'static, str>;

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
    file: String,
    path: RefCell<Vec<Step>>,
    found: RefCell<Vec<Diagnostic>>,
    /// Was there a fault, shown or not?
    faulty: Cell<bool>,
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
            file: file.to_owned(),
            path: RefCell::default(),
            found: RefCell::default(),
            faulty: Cell::new(false),
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
        let within = |found: &Diagnostic| {
            found.severity == Severity::Fault
                && span.start <= found.span.start
                && found.span.end <= span.end
        };
        self.found.borrow().iter().any(within)
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
        let mut found = self.found.borrow_mut();
        // Warnings that nobody can be shown must not let an agreement pass.
        if severity == Severity::Fault || found.len() >= MOST {
            self.faulty.set(true);
        }
        if found.len() <= MOST {
            found.push(Diagnostic {
                file: self.file.clone(),
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
        found.sort_by(|a, b| (a.span, &a.rule, &a.message).cmp(&(b.span, &b.rule, &b.message)));
        found.dedup();
        if let (true, Some(last)) = (too_many, found.last()) {
            let (file, span) = (last.file.clone(), last.span);
            found.push(Diagnostic {
                file,
                rule: MANY_FAULTS.into(),
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
