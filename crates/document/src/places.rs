//! The places of a file as the YAML parser counts them, and as a person sees them.

use saphyr_parser::ScalarStyle;

use crate::diagnostic::Span;
use crate::text::small;

/// Finds byte offsets for the parser's character counts.
pub(crate) struct Places {
    /// The byte offset of each character, or none where they are the same.
    offsets: Option<Vec<usize>>,
    length: usize,
}

impl Places {
    pub(crate) fn new(text: &str) -> Self {
        let offsets = (!text.is_ascii()).then(|| text.char_indices().map(|(i, _)| i).collect());
        Self {
            offsets,
            length: text.len(),
        }
    }

    pub(crate) fn byte(&self, character: usize) -> usize {
        match &self.offsets {
            Some(offsets) => offsets.get(character).copied().unwrap_or(self.length),
            None => character.min(self.length),
        }
    }

    pub(crate) fn span(&self, span: saphyr_parser::Span) -> Span {
        let (start, end) = (span.start, span.end);
        Span {
            start: self.byte(start.index()),
            end: self.byte(end.index()),
            line: small(start.line()),
            column: small(start.col() + 1),
            end_line: small(end.line()),
            end_column: small(end.col() + 1),
        }
    }

    /// The place of a text. The parser takes what follows a quoted text for a part of it, and the indicator of a
    /// text block for none. `last` is where the text before it ends.
    pub(crate) fn scalar(&self, text: &str, span: Span, style: ScalarStyle, last: usize) -> Span {
        let place = |span: Span, end: usize| {
            let inside = text.get(span.start..end).unwrap_or_default();
            let lines = small(inside.matches('\n').count());
            let width = small(
                inside
                    .rsplit('\n')
                    .next()
                    .unwrap_or_default()
                    .chars()
                    .count(),
            );
            let end_column = if lines == 0 {
                span.column + width
            } else {
                width + 1
            };
            Span {
                end,
                end_line: span.line + lines,
                end_column,
                ..span
            }
        };
        match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                after_quote(text, span.start).map_or(span, |end| place(span, end))
            }
            ScalarStyle::Literal | ScalarStyle::Folded => {
                indicator(text, last, span.start).map_or(span, |start| {
                    let head = before(text, span, start);
                    Span {
                        end: span.end,
                        end_line: span.end_line,
                        end_column: span.end_column,
                        ..head
                    }
                })
            }
            ScalarStyle::Plain => span,
        }
    }
}

/// The place of a byte that stands a few lines before a span.
fn before(text: &str, span: Span, start: usize) -> Span {
    let between = text.get(start..span.start).unwrap_or_default();
    let line_start = text
        .get(..start)
        .and_then(|t| t.rfind('\n'))
        .map_or(0, |i| i + 1);
    let column = text
        .get(line_start..start)
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    let lines = between.matches('\n').count();
    Span {
        start,
        line: span.line.saturating_sub(small(lines)),
        column: small(column),
        ..span
    }
}

/// The byte after a quoted text's closing quote.
fn after_quote(text: &str, start: usize) -> Option<usize> {
    let mut characters = text.get(start..)?.char_indices();
    let (_, quote) = characters.next()?;
    while let Some((i, c)) = characters.next() {
        if c == '\\' && quote == '"' {
            characters.next();
        } else if c == quote {
            let after = start + i + 1;
            let doubled = quote == '\'' && text.get(after..)?.starts_with('\'');
            if !doubled {
                return Some(after);
            }
            characters.next();
        }
    }
    None
}

/// The byte of the indicator of a text block, which stands before its first line.
fn indicator(text: &str, after: usize, before: usize) -> Option<usize> {
    let mut at = after;
    for line in text.get(after..before)?.split_inclusive('\n') {
        let code = line.split('#').next().unwrap_or_default();
        if let Some(found) = code.find(['|', '>']) {
            return Some(at + found);
        }
        at += line.len();
    }
    None
}
