//! Gathers what is told of one file. Reading goes on after a fault, so that all faults of a file are told at once.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use crate::diagnostic::{Diagnostic, Severity, Span};

/// A rule's id; most are known to the program, some stand in files.
pub type Rule = Cow<'static, str>;

/// How many diagnostics of a file are shown.
pub const MOST: usize = 500;

/// The longest word, in bytes, for which a near one is sought.
const LONGEST_WORD: usize = 64;

/// What was told of one file so far.
pub struct Gathered {
    file: String,
    found: RefCell<Vec<Diagnostic>>,
    /// Was there a fault, shown or not?
    faulty: Cell<bool>,
}

impl Gathered {
    /// Nothing yet; `file` is what diagnostics call the file.
    pub fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            found: RefCell::default(),
            faulty: Cell::new(false),
        }
    }

    /// Tells something of a place.
    pub fn say(&self, severity: Severity, rule: Rule, span: Span, message: String) -> Said<'_> {
        let mut found = self.found.borrow_mut();
        // Warnings that nobody can be shown must not let a file pass.
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
            gathered: self,
            index: found.len() - 1,
        }
    }

    /// Was there a fault, or more than can be shown?
    pub fn has_fault(&self) -> bool {
        self.faulty.get()
    }

    /// Was a fault told of a place within this one?
    pub fn told_within(&self, span: Span) -> bool {
        let within = |found: &Diagnostic| {
            found.severity == Severity::Fault
                && span.start <= found.span.start
                && found.span.end <= span.end
        };
        self.found.borrow().iter().any(within)
    }

    /// `did you mean ...?`, where one of the candidates is near; not asked for faults that nobody is shown.
    pub fn did_you_mean<'a>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Option<String> {
        if self.found.borrow().len() > MOST || word.len() > LONGEST_WORD {
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

    /// All that was found, in the order of the file; `too_many` is the rule that more than [`MOST`] break.
    pub fn into_diagnostics(self, too_many: &'static str) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        let cut_off = found.len() > MOST;
        found.truncate(MOST);
        found.sort_by(|a, b| (a.span, &a.rule, &a.message).cmp(&(b.span, &b.rule, &b.message)));
        found.dedup();
        if let (true, Some(last)) = (cut_off, found.last()) {
            let (file, span) = (last.file.clone(), last.span);
            found.push(Diagnostic {
                file,
                rule: too_many.into(),
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

/// What was just said, to add its remedy or its source.
pub struct Said<'a> {
    gathered: &'a Gathered,
    index: usize,
}

impl Said<'_> {
    /// What would mend it.
    pub fn help(self, help: impl Into<String>) -> Self {
        if let Some(d) = self.gathered.found.borrow_mut().get_mut(self.index) {
            d.help = Some(help.into());
        }
        self
    }

    /// What would mend it, where that is known.
    pub fn maybe(self, help: Option<String>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// What is behind the rule.
    pub fn source(self, source: impl Into<String>) -> Self {
        if let Some(d) = self.gathered.found.borrow_mut().get_mut(self.index) {
            d.source = Some(source.into());
        }
        self
    }
}

/// The text of a long value, cut for a message.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((i, _)) => format!("{}...", text.get(..i).unwrap_or("")),
        None => text.to_owned(),
    }
}
