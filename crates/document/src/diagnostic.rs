//! What the checker says to the author of a file: the place, the rule, what is wrong, what would mend it.
//! Messages speak the author's words; they name no type of the program and no personal value.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

/// A stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Span {
    /// The first byte, from 0.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// The line of the first character, from 1.
    pub line: u32,
    /// The column of the first character, from 1, in characters.
    pub column: u32,
    /// The line of the character after the last.
    pub end_line: u32,
    /// The column of the character after the last.
    pub end_column: u32,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The file cannot be used.
    Fault,
    /// It can be used; somebody should look.
    Warning,
    /// The file itself lists that something is missing, and what that stops.
    Gap,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fault => "fault",
            Self::Warning => "warning",
            Self::Gap => "gap",
        })
    }
}

/// One thing the checker found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The file's name, as it was given.
    pub file: String,
    /// The rule: a requirement id such as `LEG-01`, or one of the language's own.
    pub rule: Cow<'static, str>,
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    #[serde(flatten)]
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub help: Option<String>,
    /// The law or clause behind the rule.
    pub source: Option<String>,
}

/// `file:line:column: fault[LEG-01] message`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            rule,
            severity,
            span,
            message,
            ..
        } = self;
        write!(
            f,
            "{file}:{}:{}: {severity}[{rule}] {message}",
            span.line, span.column
        )
    }
}

impl std::error::Error for Diagnostic {}

impl miette::Diagnostic for Diagnostic {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.rule))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Fault => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Gap => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let text = match (&self.help, &self.source) {
            (Some(help), Some(source)) => format!("{help}\nbehind it: {source}"),
            (Some(help), None) => help.clone(),
            (None, Some(source)) => format!("behind it: {source}"),
            (None, None) => return None,
        };
        Some(Box::new(text))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        let label = miette::LabeledSpan::new(
            Some("here".to_owned()),
            self.span.start,
            self.span.end.saturating_sub(self.span.start),
        );
        Some(Box::new(std::iter::once(label)))
    }
}

/// Renders diagnostics for a terminal, each with its stretch of the file; `colour` adds ANSI colours.
pub fn render(diagnostics: &[Diagnostic], text: &str, colour: bool) -> String {
    let theme = if colour {
        miette::GraphicalTheme::unicode()
    } else {
        miette::GraphicalTheme::unicode_nocolor()
    };
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(100);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let source = miette::NamedSource::new(&diagnostic.file, text.to_owned());
        let report = miette::Report::new(diagnostic.clone()).with_source_code(source);
        if handler.render_report(&mut out, report.as_ref()).is_err() {
            out.push_str(&diagnostic.to_string());
        }
        out.push('\n');
    }
    out
}
