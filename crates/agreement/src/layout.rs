//! The one layout of an agreement's file: the top-level keys in the order of the language, two spaces for each
//! level, one space after a colon, a blank line around each longer section. What is written, how it is quoted,
//! which blocks stand on one line, and every comment stay as the author has them. The meaning, and so the hash,
//! cannot change: the new text is read again and compared before it is given out.

use std::collections::BTreeMap;

use document::{Diagnostic, Key, Node, Span, Unreadable, Value, parse};

use crate::log::Log;
use crate::rules::READABLE;
use crate::schema::reference;

/// Lays a file out. Faults of the text or its YAML come back as diagnostics; faults of the language do not
/// matter here.
pub fn lay_out(name: &str, bytes: &[u8]) -> Result<String, Vec<Diagnostic>> {
    let log = Log::new(name);
    laid(bytes, &log).ok_or_else(|| log.into_diagnostics())
}

fn laid(bytes: &[u8], log: &Log) -> Option<String> {
    let unreadable = |bad: &Unreadable| crate::unreadable::tell(bad, log);
    let text = document::text(bytes).map_err(|bad| unreadable(&bad)).ok()?;
    let (root, twice) = parse(text).map_err(|bad| unreadable(&bad)).ok()?;
    if let Some(bad) = twice.first() {
        unreadable(bad);
        return None;
    }
    sheet(text, &root)
        .map_err(|message| log.fault(READABLE, root.place(), message))
        .ok()
}

fn sheet(text: &str, root: &Node) -> Result<String, &'static str> {
    let Value::Map(entries) = &root.value else {
        return Err("an agreement is a block of keys, `key: value`");
    };
    let mut sheet = Sheet {
        text,
        comments: comments(text, root),
        out: String::new(),
    };
    let before = sheet.comments.len();
    sheet.top(entries);
    let out = sheet.out;
    let same = parse(&out)
        .is_ok_and(|(new, _)| same(root, &new, true) && comments(&out, &new).len() == before);
    if same {
        Ok(out)
    } else {
        Err(
            "this file cannot be laid out anew without a change: write a text block with `+` or a number after its sign in quotes",
        )
    }
}

/// Do both say the same? At the top, in any order.
fn same(one: &Node, two: &Node, top: bool) -> bool {
    match (&one.value, &two.value) {
        (Value::Map(a), Value::Map(b)) if top => {
            let find = |key: &Key| b.iter().find(|(k, _)| k.text == key.text);
            a.len() == b.len()
                && a.iter()
                    .all(|(k, n)| find(k).is_some_and(|(_, m)| same(n, m, false)))
        }
        (Value::Map(a), Value::Map(b)) => {
            let pairs = a.iter().zip(b);
            a.len() == b.len()
                && pairs
                    .into_iter()
                    .all(|((k, n), (l, m))| k.text == l.text && same(n, m, false))
        }
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(n, m)| same(n, m, false))
        }
        (a, b) => a == b,
    }
}

#[derive(Clone, Copy)]
struct Comment {
    end: usize,
    line: u32,
    column: usize,
    /// Does it stand on a line of its own?
    alone: bool,
}

/// The comments, by their first byte: what follows a `#` outside all texts.
fn comments(text: &str, root: &Node) -> BTreeMap<usize, Comment> {
    let mut taken = Vec::new();
    texts(root, &mut taken);
    taken.sort_unstable();
    taken.push((text.len(), text.len()));
    let mut found = BTreeMap::new();
    let mut from = 0;
    // Lines are counted on from the comment before, so that a file of comments is read once.
    let (mut line, mut counted) = (1_u32, 0_usize);
    for (start, end) in taken {
        let mut at = from;
        while let Some(hash) = text.get(at..start).and_then(|gap| gap.find('#')) {
            let begin = at + hash;
            let rest = text.get(begin..).unwrap_or_default();
            let line_end = begin + rest.find('\n').unwrap_or(rest.len());
            let line_start = line_start(text, begin);
            let before = text.get(line_start..begin).unwrap_or_default();
            let passed = text.get(counted..begin).unwrap_or_default();
            let lines = passed.matches('\n').count();
            line = line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
            counted = begin;
            let comment = Comment {
                end: line_end,
                line,
                column: before.chars().count(),
                alone: before.trim().is_empty(),
            };
            found.insert(begin, comment);
            at = line_end;
        }
        from = from.max(end).max(at);
    }
    found
}

fn texts(node: &Node, out: &mut Vec<(usize, usize)>) {
    match &node.value {
        Value::Text { .. } => out.push((node.span.start, node.span.end)),
        Value::List(items) => items.iter().for_each(|n| texts(n, out)),
        Value::Map(entries) => {
            for (key, n) in entries {
                out.push((key.span.start, key.span.end));
                texts(n, out);
            }
        }
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .and_then(|t| t.rfind('\n'))
        .map_or(0, |i| i + 1)
}

/// Where an entry is laid out.
#[derive(Clone, Copy)]
struct Place {
    /// How far it stands in.
    indent: usize,
    /// The byte before which its comments end.
    limit: usize,
    /// To which width its key is filled.
    width: usize,
}

fn width(key: &Key) -> usize {
    usize::try_from(key.span.end_column.saturating_sub(key.span.column)).unwrap_or(0)
}

struct Sheet<'a> {
    text: &'a str,
    comments: BTreeMap<usize, Comment>,
    out: String,
}

impl Sheet<'_> {
    fn top(&mut self, entries: &[(Key, Node)]) {
        let order: Vec<&str> = reference()
            .first()
            .map(|root| root.parts.iter().map(|p| p.key).collect())
            .unwrap_or_default();
        let rank = |key: &str| order.iter().position(|k| *k == key).unwrap_or(order.len());
        let limits = entries.iter().skip(1).map(|(key, _)| key.span.start);
        let limits: Vec<usize> = limits.chain([self.text.len()]).collect();
        // What stands above the first key is about the file.
        if let Some((key, _)) = entries.first() {
            self.own_lines(key.span.start, 0);
        }
        // A comment stays with the key below it, so each entry is laid out in the order of the file.
        let head = std::mem::take(&mut self.out);
        let mut laid = Vec::new();
        for ((key, node), limit) in entries.iter().zip(limits) {
            self.entry(
                key,
                node,
                Place {
                    indent: 0,
                    limit,
                    width: 0,
                },
            );
            let made = std::mem::take(&mut self.out);
            laid.push((rank(&key.text), made));
        }
        self.own_lines(self.text.len(), 0);
        let end = std::mem::take(&mut self.out);
        laid.sort_by_key(|(rank, _)| *rank);
        self.out = head;
        let mut long_before = false;
        for (i, (_, entry)) in laid.iter().enumerate() {
            let body = entry.trim_start_matches('\n');
            let long = body
                .trim_end()
                .lines()
                .filter(|line| !line.starts_with('#'))
                .count()
                > 1;
            let parted = entry.starts_with('\n') && !self.out.is_empty();
            if parted || i > 0 && (long || long_before) {
                self.out.push('\n');
            }
            self.out.push_str(body);
            long_before = long;
        }
        if !end.is_empty() {
            self.out.push('\n');
            self.out.push_str(end.trim_start_matches('\n'));
        }
    }

    fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    fn pad(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// Keeps an empty line that stands above this place.
    fn gap_above(&mut self, at: usize) {
        let above = self
            .text
            .get(..line_start(self.text, at))
            .unwrap_or_default();
        let above = above.strip_suffix('\n').unwrap_or(above);
        let line = above.rsplit('\n').next().unwrap_or_default();
        if line_start(self.text, at) > 0 && line.trim().is_empty() {
            self.out.push('\n');
        }
    }

    /// Writes the comments before this place, each on a line of its own.
    fn own_lines(&mut self, before: usize, indent: usize) {
        let all: Vec<(usize, Comment)> = self
            .comments
            .range(..before)
            .map(|(at, c)| (*at, *c))
            .collect();
        for (at, comment) in all {
            self.own_line(at, comment, indent);
        }
    }

    fn own_line(&mut self, at: usize, comment: Comment, indent: usize) {
        self.comments.remove(&at);
        if comment.alone {
            self.gap_above(at);
        }
        self.pad(indent);
        let text = self
            .text
            .get(at..comment.end)
            .unwrap_or_default()
            .trim_end()
            .to_owned();
        self.out.push_str(&text);
        self.out.push('\n');
    }

    /// Ends a line, with the comment that stood at its end.
    fn end_line(&mut self, after: usize, line: u32) {
        let found = self.comments.range(after..).next().map(|(at, c)| (*at, *c));
        if let Some((at, comment)) = found.filter(|(_, c)| c.line == line && !c.alone) {
            self.comments.remove(&at);
            let text = self
                .text
                .get(at..comment.end)
                .unwrap_or_default()
                .trim_end()
                .to_owned();
            self.out.push_str("  ");
            self.out.push_str(&text);
        }
        self.out.push('\n');
    }

    fn is_block(&self, node: &Node) -> bool {
        let collection = matches!(node.value, Value::List(_) | Value::Map(_));
        collection && !self.slice(node.span).starts_with(['{', '['])
    }

    fn entry(&mut self, key: &Key, node: &Node, place: Place) {
        // A comment between a key and its text on the next line goes above the key.
        let lead = if self.is_block(node) {
            key.span.start
        } else {
            node.span.start
        };
        self.own_lines(lead.max(key.span.start), place.indent);
        self.gap_above(key.span.start);
        self.pad(place.indent);
        self.bare_entry(key, node, place);
    }

    fn bare_entry(&mut self, key: &Key, node: &Node, place: Place) {
        let key_text = self.slice(key.span).to_owned();
        self.out.push_str(&key_text);
        self.out.push(':');
        if self.is_block(node) {
            self.end_line(key.span.end, key.span.line);
            self.block(node, place.indent + 2, place.limit);
            return;
        }
        let value = self.inline(node, place.indent + 2);
        if !value.is_empty() {
            self.pad(place.width.saturating_sub(width(key)) + 1);
            self.out.push_str(&value);
        }
        self.end_value(node);
    }

    /// Ends the line after a text, which may be a block of text that has ended its line itself.
    fn end_value(&mut self, node: &Node) {
        if self.out.ends_with('\n') {
            return;
        }
        self.end_line(node.span.end, node.span.end_line);
    }

    fn block(&mut self, node: &Node, indent: usize, limit: usize) {
        match &node.value {
            Value::Map(entries) => {
                let width = self.width(entries);
                let limits = entries
                    .iter()
                    .skip(1)
                    .map(|(key, _)| key.span.start)
                    .chain([limit]);
                for ((key, child), limit) in entries.iter().zip(limits) {
                    self.entry(
                        key,
                        child,
                        Place {
                            indent,
                            limit,
                            width,
                        },
                    );
                }
            }
            Value::List(items) => {
                let limits = items
                    .iter()
                    .skip(1)
                    .map(|item| item.span.start)
                    .chain([limit]);
                for (item, limit) in items.iter().zip(limits) {
                    self.own_lines(item.span.start, indent);
                    self.gap_above(item.span.start);
                    self.pad(indent);
                    self.out.push('-');
                    self.item(item, indent, limit);
                }
            }
            Value::Text { .. } => {}
        }
        // A comment that stands as deep as this block, below its last entry, is still about it.
        let column = usize::try_from(node.span.column)
            .unwrap_or(1)
            .saturating_sub(1);
        let below: Vec<(usize, Comment)> = self
            .comments
            .range(node.span.end..limit)
            .map(|(at, c)| (*at, *c))
            .collect();
        for (at, comment) in below {
            if column == 0 || comment.column < column {
                break;
            }
            self.own_line(at, comment, indent);
        }
    }

    fn item(&mut self, item: &Node, indent: usize, limit: usize) {
        if !self.is_block(item) {
            let value = self.inline(item, indent + 2);
            self.out.push(' ');
            self.out.push_str(&value);
            self.end_value(item);
            return;
        }
        if let Value::Map(entries) = &item.value {
            let limits = entries
                .iter()
                .skip(1)
                .map(|(key, _)| key.span.start)
                .chain([limit]);
            for (i, ((key, child), limit)) in entries.iter().zip(limits).enumerate() {
                let place = Place {
                    indent: indent + 2,
                    limit,
                    width: 0,
                };
                if i == 0 {
                    self.out.push(' ');
                    self.bare_entry(key, child, place);
                } else {
                    self.entry(key, child, place);
                }
            }
        } else {
            self.out.push('\n');
            self.block(item, indent + 2, limit);
        }
    }

    /// To which width the keys of a block are filled: where each entry is a block on one line, they stand as a
    /// table.
    fn width(&self, entries: &[(Key, Node)]) -> usize {
        let is_row = |(key, node): &(Key, Node)| {
            node.span.end_line == key.span.line && self.slice(node.span).starts_with('{')
        };
        if entries.iter().all(is_row) {
            entries.iter().map(|(key, _)| width(key)).max().unwrap_or(0)
        } else {
            0
        }
    }

    /// A text, or a block or list in brackets.
    fn inline(&mut self, node: &Node, indent: usize) -> String {
        if node.span.line != node.span.end_line
            && !matches!(node.value, Value::Map(_) | Value::List(_))
        {
            return self.long_text(node, indent);
        }
        if node.span.line != node.span.end_line {
            // The author's own lines; the comments among them are part of the slice.
            let inside: Vec<usize> = self
                .comments
                .range(node.span.start..node.span.end)
                .map(|(at, _)| *at)
                .collect();
            for at in inside {
                self.comments.remove(&at);
            }
            return self.shifted(node.span, indent);
        }
        self.short(node)
    }

    fn short(&self, node: &Node) -> String {
        match &node.value {
            Value::Text { .. } => self.slice(node.span).to_owned(),
            Value::List(items) if items.is_empty() => "[]".to_owned(),
            Value::Map(entries) if entries.is_empty() => "{}".to_owned(),
            Value::List(items) => {
                let blocks = items.iter().any(|i| matches!(i.value, Value::Map(_)));
                let items: Vec<String> = items.iter().map(|i| self.short(i)).collect();
                let items = items.join(", ");
                if blocks {
                    format!("[ {items} ]")
                } else {
                    format!("[{items}]")
                }
            }
            Value::Map(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| match self.short(value).as_str() {
                        "" => format!("{}:", self.slice(key.span)),
                        value => format!("{}: {value}", self.slice(key.span)),
                    })
                    .collect();
                format!("{{ {} }}", entries.join(", "))
            }
        }
    }

    /// A text of several lines. In a block of text, how far its lines stand in from each other counts.
    fn long_text(&self, node: &Node, indent: usize) -> String {
        let source = self.slice(node.span);
        if !source.starts_with(['|', '>']) {
            return self.shifted(node.span, indent);
        }
        let mut lines = source.lines();
        let head = lines.next().unwrap_or_default().trim_end();
        let deep = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let own = source
            .lines()
            .skip(1)
            .filter(|l| !l.trim().is_empty())
            .map(deep)
            .min()
            .unwrap_or(0);
        let mut out = format!("{head}\n");
        for line in lines {
            let line = line.get(own..).unwrap_or_default();
            if !line.is_empty() {
                out.extend(std::iter::repeat_n(' ', indent));
                out.push_str(line);
            }
            out.push('\n');
        }
        if !head.contains('+') {
            out.truncate(out.trim_end().len());
            out.push('\n');
        }
        out
    }

    /// Lines whose place from the left means nothing.
    fn shifted(&self, span: Span, indent: usize) -> String {
        let mut out = String::new();
        for (i, line) in self.slice(span).lines().enumerate() {
            if i > 0 {
                out.push('\n');
                if !line.trim().is_empty() {
                    out.extend(std::iter::repeat_n(' ', indent));
                }
            }
            out.push_str(if i == 0 { line.trim_end() } else { line.trim() });
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        match lay_out("test.yaml", text.as_bytes()) {
            Ok(found) => {
                assert_eq!(found, expect, "of {text}");
                assert_eq!(
                    lay_out("test.yaml", found.as_bytes()).as_deref(),
                    Ok(expect),
                    "a second time"
                );
            }
            Err(told) => panic!("{text}: {told:?}"),
        }
    }

    #[test]
    fn spaces_order_and_empty_lines_are_the_layout_and_nothing_else_changes() {
        check("a:   b\n", "a: b\n");
        check("a: b\r\nc: d\r\n", "a: b\nc: d\n");
        check(
            "x: {a:  b,c: [d , e], f: [{g: h}], i: {}, j: []}\n",
            "x: { a: b, c: [d, e], f: [ { g: h } ], i: {}, j: [] }\n",
        );
        check(
            "x:\n    y:\n        z: 'it''s'\n",
            "x:\n  y:\n    z: 'it''s'\n",
        );
        check(
            "x:\n- a\n-  b: c\n   d: e\n",
            "x:\n  - a\n  - b: c\n    d: e\n",
        );
        check("title: t\nagreement: a\n", "agreement: a\ntitle: t\n");
        check(
            "title: t\nx:\n  y: z\nagreement: a\n",
            "agreement: a\ntitle: t\n\nx:\n  y: z\n",
        );
        check("x:\n  a: b\n\n\n\n  c: d\n", "x:\n  a: b\n\n  c: d\n");
        check("x:\n  a:\n  b: ~\n", "x:\n  a:\n  b: ~\n");
        check("\"*\": none\n", "\"*\": none\n");
        check(
            "x:\n  a: { b: \"c\" }\n  long: { d: e }\n",
            "x:\n  a:    { b: \"c\" }\n  long: { d: e }\n",
        );
        check(
            "x:\n  a:   { b: c }\n  long: d\n",
            "x:\n  a: { b: c }\n  long: d\n",
        );
    }

    #[test]
    fn every_comment_stays_with_what_it_is_about() {
        check(
            "# the file\n\n# the title\ntitle: t   # why\nagreement: a# no\n",
            "# the file\n\n# the title\nagreement: a# no\ntitle: t  # why\n",
        );
        check(
            "x:      # of x\n    # of a\n    a: b\n    # at the end\ny: z\n",
            "x:  # of x\n  # of a\n  a: b\n  # at the end\n\ny: z\n",
        );
        check(
            "x:\n  a: { b: c }   # one\n                # two\ny: z\n",
            "x:\n  a: { b: c }  # one\n  # two\n\ny: z\n",
        );
        check(
            "a: '# none'  # one\n# last\n",
            "a: '# none'  # one\n\n# last\n",
        );
        check(
            "x: { a: b,   # first\n     c: d }\n",
            "x: { a: b,   # first\n  c: d }\n",
        );
        check("x:\n  # above\n  long\n", "# above\nx: long\n");
        check("é: 'ü # no' # yes\n", "é: 'ü # no'  # yes\n");
    }

    #[test]
    fn texts_of_several_lines_keep_their_words() {
        check("x:\n   a\n     b\n", "x: a\n  b\n");
        check(
            "x: |\n      one\n        two\n\n      three\ny: z\n",
            "x: |\n  one\n    two\n\n  three\n\ny: z\n",
        );
        check("x: >-\n one\n two\n", "x: >-\n  one\n  two\n");
        check("x: \"one\n    two\"\n", "x: \"one\n  two\"\n");
    }

    #[test]
    fn what_is_not_yaml_is_told_and_not_touched() {
        for text in ["a: [1\n", "a: 1\na: 2\n", "[a]\n", "\ta: b\n"] {
            assert!(lay_out("test.yaml", text.as_bytes()).is_err(), "{text}");
        }
    }
}
