//! From text to a located tree: blocks of keys, lists and texts, each with its place in the file.
//!
//! Every scalar is text: `yes`, `no`, `on`, `1.0` mean what the construct that reads them says. Anchors,
//! aliases, tags, several documents, duplicate and complex keys are refused. Memory is in proportion to the
//! text; nesting is bounded.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::diagnostic::Span;
use crate::rules::{PLAIN_YAML, READABLE, TWICE};
use crate::text::{Unreadable, small};

/// How deep blocks and lists may nest.
const DEEPEST: usize = 32;

/// How many entries a block or a list may have.
const WIDEST: usize = 512;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// `plain` is false where the text stood in quotes or in a text block.
    Text {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Node {
    /// Where to point when something about the whole is wrong: its first key, where it is of several lines.
    pub(crate) fn place(&self) -> Span {
        match &self.value {
            Value::Map(entries) if self.span.line != self.span.end_line => {
                entries.first().map_or(self.span, |(key, _)| key.span)
            }
            Value::Text { .. } | Value::List(_) | Value::Map(_) => self.span,
        }
    }
}

/// Finds byte offsets for the parser's character counts.
struct Places {
    /// The byte offset of each character, or none where they are the same.
    offsets: Option<Vec<usize>>,
    length: usize,
}

impl Places {
    fn new(text: &str) -> Self {
        let offsets = (!text.is_ascii()).then(|| text.char_indices().map(|(i, _)| i).collect());
        Self {
            offsets,
            length: text.len(),
        }
    }

    fn byte(&self, character: usize) -> usize {
        match &self.offsets {
            Some(offsets) => offsets.get(character).copied().unwrap_or(self.length),
            None => character.min(self.length),
        }
    }

    fn span(&self, span: saphyr_parser::Span) -> Span {
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
}

/// The first line that begins with `%`.
fn directive(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with('%') {
            return Some(at);
        }
        at += line.len();
    }
    None
}

impl Places {
    /// The place of a text. The parser takes what follows a quoted text for a part of it, and the indicator of a
    /// text block for none. `last` is where the text before it ends.
    fn scalar(&self, text: &str, span: Span, style: ScalarStyle, last: usize) -> Span {
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

/// A block or list that is not closed yet.
enum Open {
    List(Span, Vec<Node>),
    Map {
        span: Span,
        entries: Vec<(Key, Node)>,
        key: Option<Key>,
        seen: BTreeMap<String, u32>,
    },
}

fn join(first: Span, last: Span) -> Span {
    Span {
        end: last.end,
        end_line: last.end_line,
        end_column: last.end_column,
        ..first
    }
}

/// Reads one document; duplicate keys do not stop the reading and are all reported.
pub(crate) fn parse(text: &str) -> Result<(Node, Vec<Unreadable>), Unreadable> {
    let places = Places::new(text);
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<Node> = None;
    let mut twice = Vec::new();
    let mut documents = 0_usize;
    let mut last = 0;
    let plain_only = |span, message: &str| {
        Err(Unreadable {
            rule: PLAIN_YAML,
            span,
            message: message.to_owned(),
        })
    };
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| unreadable(text, &places, &error))?;
        let span = places.span(span);
        let node = match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
            Event::DocumentStart(_) => {
                let before = text.get(..span.start).unwrap_or_default();
                if let Some(at) = directive(before).filter(|_| documents == 0) {
                    let message = "a directive stands here: take it out";
                    return plain_only(crate::text::span_at(text, at), message);
                }
                documents += 1;
                if documents > 1 {
                    return plain_only(
                        span,
                        "a second document begins here: a file holds one agreement",
                    );
                }
                continue;
            }
            Event::Alias(_) => {
                return plain_only(
                    span,
                    "an alias stands here: write out what it stands for, or name a basis",
                );
            }
            Event::Scalar(.., Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                return plain_only(
                    span,
                    "a tag stands here: the language gives each value its type itself",
                );
            }
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                return plain_only(span, "an anchor stands here: take it out, or name a basis");
            }
            Event::Scalar(value, style, ..) => Node {
                span: places.scalar(text, span, style, last),
                value: Value::Text {
                    text: value.into_owned(),
                    plain: style == ScalarStyle::Plain,
                },
            },
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() >= DEEPEST {
                    let message = format!("this is nested more than {DEEPEST} deep");
                    return Err(Unreadable {
                        rule: READABLE,
                        span,
                        message,
                    });
                }
                open.push(if matches!(event, Event::SequenceStart(..)) {
                    Open::List(span, Vec::new())
                } else {
                    Open::Map {
                        span,
                        entries: Vec::new(),
                        key: None,
                        seen: BTreeMap::new(),
                    }
                });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let span = without_rest(text, span);
                match open.pop() {
                    Some(Open::List(start, items)) => {
                        let span = close(start, span, items.last().map(|n| n.span));
                        Node {
                            span,
                            value: Value::List(items),
                        }
                    }
                    Some(Open::Map {
                        span: start,
                        entries,
                        ..
                    }) => {
                        let span = close(start, span, entries.last().map(|(_, n)| n.span));
                        Node {
                            span,
                            value: Value::Map(entries),
                        }
                    }
                    None => continue,
                }
            }
        };
        if matches!(node.value, Value::Text { .. }) {
            last = node.span.end;
        }
        match open.last_mut() {
            None => root = Some(node),
            Some(Open::List(_, items)) if items.len() >= WIDEST => return Err(too_wide(node.span)),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map { entries, .. }) if entries.len() >= WIDEST => {
                return Err(too_wide(node.span));
            }
            Some(Open::Map {
                entries, key, seen, ..
            }) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(as_key(node, seen, &mut twice)?),
            },
        }
    }
    match root {
        Some(root) => Ok((root, twice)),
        None => plain_only(
            Span {
                line: 1,
                column: 1,
                end_line: 1,
                end_column: 1,
                ..Span::default()
            },
            "the file is empty: an agreement begins with its name, `agreement: ...`",
        ),
    }
}

fn too_wide(span: Span) -> Unreadable {
    let message = format!("this block or list has more than {WIDEST} entries");
    Unreadable {
        rule: READABLE,
        span,
        message,
    }
}

/// The parser takes what follows a closing bracket for a part of it.
fn without_rest(text: &str, end: Span) -> Span {
    let bracket = text
        .get(end.start..)
        .is_some_and(|t| t.starts_with(['}', ']']));
    if bracket {
        Span {
            end: end.start + 1,
            end_line: end.line,
            end_column: end.column + 1,
            ..end
        }
    } else {
        end
    }
}

/// A block in brackets ends at its bracket; one by indentation at its last entry.
fn close(start: Span, end: Span, last: Option<Span>) -> Span {
    match last {
        Some(last) if end.start == end.end || end.end < last.end => join(start, last),
        _ => join(start, end),
    }
}

fn as_key(
    node: Node,
    seen: &mut BTreeMap<String, u32>,
    twice: &mut Vec<Unreadable>,
) -> Result<Key, Unreadable> {
    let Value::Text { text, .. } = node.value else {
        let message = "a key must be a plain text".to_owned();
        return Err(Unreadable {
            rule: PLAIN_YAML,
            span: node.span,
            message,
        });
    };
    if let Some(line) = seen.get(&text) {
        let message = format!("the key `{text}` stands in this block already, in line {line}");
        twice.push(Unreadable {
            rule: TWICE,
            span: node.span,
            message,
        });
    } else {
        seen.insert(text.clone(), node.span.line);
    }
    Ok(Key {
        text,
        span: node.span,
    })
}

fn unreadable(text: &str, places: &Places, error: &saphyr_parser::ScanError) -> Unreadable {
    let start = places.byte(error.marker().index());
    let width = text
        .get(start..)
        .and_then(|t| t.chars().next())
        .map_or(0, char::len_utf8);
    let line = small(error.marker().line());
    let column = small(error.marker().col() + 1);
    let end_column = column.saturating_add(u32::from(width > 0));
    Unreadable {
        rule: PLAIN_YAML,
        span: Span {
            start,
            end: start + width,
            line,
            column,
            end_line: line,
            end_column,
        },
        message: format!("this is not YAML: {}", error.info()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(node: &Node, out: &mut String) {
        let Span {
            line,
            column,
            end_line,
            end_column,
            ..
        } = node.span;
        out.push_str(&format!("{line}:{column}-{end_line}:{end_column}"));
        match &node.value {
            Value::Text { text, plain } => {
                out.push_str(&format!("{}{text:?}", if *plain { "" } else { "q" }))
            }
            Value::List(items) => {
                out.push('[');
                items.iter().for_each(|n| show(n, out));
                out.push(']');
            }
            Value::Map(entries) => {
                out.push('{');
                for (key, n) in entries {
                    out.push_str(&format!(
                        "{}:{} {}=",
                        key.span.line, key.span.column, key.text
                    ));
                    show(n, out);
                }
                out.push('}');
            }
        }
    }

    fn check(text: &str, expect: &str) {
        let found = match parse(text) {
            Ok((node, twice)) => {
                let mut out = String::new();
                show(&node, &mut out);
                twice
                    .iter()
                    .for_each(|t| out.push_str(&format!(" {}", t.message)));
                out
            }
            Err(e) => format!("{} {}:{} {}", e.rule, e.span.line, e.span.column, e.message),
        };
        assert!(
            found.starts_with(expect),
            "{text:?}\n found {found}\nexpect {expect}"
        );
    }

    #[test]
    fn the_tree_knows_its_places() {
        check(
            "a: yes\nb:\n  - 'no'\n  - é: [x, y]\n",
            concat!(
                "1:1-4:14{1:1 a=1:4-1:7\"yes\"2:1 b=3:3-4:14[3:5-3:9q\"no\"",
                "4:5-4:14{4:5 é=4:8-4:14[4:9-4:10\"x\"4:12-4:13\"y\"]}]}"
            ),
        );
        check("{ a: 'x'  }", "1:1-1:12{1:3 a=1:6-1:9q\"x\"}");
        check(
            "é: 'ü # ''no' # yes\n",
            "1:1-1:14{1:1 é=1:4-1:14q\"ü # 'no\"}",
        );
        check(
            "a: \"x\\\"\n y\"  # z",
            "1:1-2:4{1:1 a=1:4-2:4q\"x\\\" y\"}",
        );
        check(
            "a: |  # > no\n b\nc: d\n",
            "1:1-3:5{1:1 a=1:4-3:1q\"b\\n\"3:1 c=3:4-3:5\"d\"}",
        );
        check(
            "a: { b: [c]  }  # d\ne: f\n",
            "1:1-2:5{1:1 a=1:4-1:15{1:6 b=1:9-1:12[1:10-1:11\"c\"]}2:1 e=2:4-2:5\"f\"}",
        );
        check("{}", "1:1-1:3{}");
        check("a:", "1:1-1:2{1:1 a=1:2-1:2\"\"}");
    }

    #[test]
    fn what_is_not_plain_yaml_is_refused() {
        check(
            "a: 1\na: 2\n",
            "1:1-2:5{1:1 a=1:4-1:5\"1\"2:1 a=2:4-2:5\"2\"} the key `a` stands",
        );
        check("a: &x 1\n", "LANG-02 1:");
        check("a: &x 1\nb: *x\n", "LANG-02 1:");
        check("a: !!str 1\n", "LANG-02 1:");
        check("a: !x {}\n", "LANG-02 1:");
        check("# %\n%YAML 1.1\n---\na: 1\n", "LANG-02 2:1 a directive");
        check("a: 1\n---\nb: 2\n", "LANG-02 2:1 a second document");
        check("? [a]\n: b\n", "LANG-02 1:3 a key must be");
        check("", "LANG-02 1:1 the file is empty");
        check("a: [1, 2\n", "LANG-02 ");
        check(
            &"[".repeat(40),
            "LANG-01 1:33 this is nested more than 32 deep",
        );
    }
}
