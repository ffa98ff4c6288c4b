//! From text to a located tree: blocks of keys, lists and texts, each with its place in the file.
//!
//! Every scalar is text: `yes`, `no`, `on`, `1.0` mean what the construct that reads them says. Anchors,
//! aliases, tags, several documents, duplicate and complex keys are refused. Memory is in proportion to the
//! text; nesting is bounded.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::diagnostic::Span;
use crate::places::Places;
use crate::text::{small, span_at};
use crate::unreadable::{Unreadable, Why};

/// How deep blocks and lists may nest.
pub const DEEPEST: usize = 32;

/// How many entries a block or a list may have.
pub const WIDEST: usize = 512;

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// What a part of a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text, whatever it looks like.
    Text {
        /// As YAML reads it.
        text: String,
        /// Not where it stood in quotes or in a text block.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A block of keys, in the order of the file. A key may stand twice; [`parse`] tells of it.
    Map(Vec<(Key, Node)>),
}

/// A key of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its text.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl Node {
    /// Where to point when something about the whole is wrong: its first key, where it is of several lines.
    pub fn place(&self) -> Span {
        match &self.value {
            Value::Map(entries) if self.span.line != self.span.end_line => {
                entries.first().map_or(self.span, |(key, _)| key.span)
            }
            Value::Text { .. } | Value::List(_) | Value::Map(_) => self.span,
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

/// A text that stands for a missing value in YAML: nothing, `~`, `null`.
pub fn is_null(text: &str, plain: bool) -> bool {
    plain && matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Reads one document; duplicate keys do not stop the reading and are all reported.
///
/// # Errors
/// The first place from which the text cannot be read on.
pub fn parse(text: &str) -> Result<(Node, Vec<Unreadable>), Unreadable> {
    let places = Places::new(text);
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<Node> = None;
    let mut twice = Vec::new();
    let mut documents = 0_usize;
    let mut last = 0;
    let refuse = |why, span| Err(Unreadable { why, span });
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| unreadable(text, &places, &error))?;
        let span = places.span(span);
        let node = match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
            Event::DocumentStart(_) => {
                let before = text.get(..span.start).unwrap_or_default();
                if let Some(at) = directive(before).filter(|_| documents == 0) {
                    return refuse(Why::Directive, span_at(text, at));
                }
                documents += 1;
                if documents > 1 {
                    return refuse(Why::SecondDocument, span);
                }
                continue;
            }
            Event::Alias(_) => return refuse(Why::Alias, span),
            Event::Scalar(.., Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => return refuse(Why::Tag, span),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                return refuse(Why::Anchor, span);
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
                    return refuse(Why::TooDeep, span);
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
            Some(Open::List(_, items)) if items.len() >= WIDEST => {
                return refuse(Why::TooWide, node.span);
            }
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map { entries, .. }) if entries.len() >= WIDEST => {
                return refuse(Why::TooWide, node.span);
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
        None => refuse(
            Why::Empty,
            Span {
                line: 1,
                column: 1,
                end_line: 1,
                end_column: 1,
                ..Span::default()
            },
        ),
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
        return Err(Unreadable {
            why: Why::KeyNotText,
            span: node.span,
        });
    };
    if let Some(line) = seen.get(&text) {
        twice.push(Unreadable {
            why: Why::Twice {
                key: text.clone(),
                line: *line,
            },
            span: node.span,
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
        why: Why::NotYaml(error.info().to_owned()),
        span: Span {
            start,
            end: start + width,
            line,
            column,
            end_line: line,
            end_column,
        },
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
                    .for_each(|t| out.push_str(&format!(" {}", t.why)));
                out
            }
            Err(e) => format!("! {}:{} {}", e.span.line, e.span.column, e.why),
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
        check("a: &x 1\n", "! 1:");
        check("a: &x 1\nb: *x\n", "! 1:");
        check("a: !!str 1\n", "! 1:");
        check("a: !x {}\n", "! 1:");
        check("# %\n%YAML 1.1\n---\na: 1\n", "! 2:1 a directive");
        check("a: 1\n---\nb: 2\n", "! 2:1 a second document");
        check("? [a]\n: b\n", "! 1:3 a key must be");
        check("", "! 1:1 the file is empty");
        check("a: [1, 2\n", "! ");
        check(&"[".repeat(40), "! 1:33 this is nested more than 32 deep");
    }
}
