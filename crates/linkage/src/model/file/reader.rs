//! Reads single parts of a file: blocks, lists, texts, words and numbers. What cannot be read is told and comes
//! back as none; reading goes on.

use document::{Gathered, Key, Node, Said, Severity, Span, Value, cut, is_null};

use crate::model::rules::{MISSING, SHAPE, UNKNOWN_KEY, WORD};

/// The longest name, in bytes.
pub(super) const LONGEST_NAME: usize = 64;

/// The most characters of a number.
const LONGEST_NUMBER: usize = 24;

/// Something that was read, with its place in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// The texts of a list that could be read.
pub(super) struct Texts<'a> {
    pub(super) read: Vec<At<&'a str>>,
    /// Are they all, and is there one?
    pub(super) whole: bool,
}

/// What is told of a file while it is read.
pub(super) struct Reader {
    pub(super) found: Gathered,
}

/// A block of keys.
pub(super) struct Block<'a> {
    what: String,
    place: Span,
    entries: &'a [(Key, Node)],
}

impl<'a> Block<'a> {
    /// A part that may be left out.
    pub(super) fn may(&self, key: &str) -> Option<&'a Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// A key and its part.
    pub(super) fn entry(&self, key: &str) -> Option<&'a (Key, Node)> {
        self.entries.iter().find(|(k, _)| k.text == key)
    }

    /// A part that must be written; `such_as` shows how.
    pub(super) fn need(&self, reader: &Reader, key: &str, such_as: &str) -> Option<&'a Node> {
        let found = self.may(key);
        if found.is_none() {
            let message = format!("{} has no `{key}`", self.what);
            reader
                .fault(MISSING, self.place, message)
                .help(format!("write `{key}: {such_as}`"));
        }
        found
    }
}

impl Reader {
    pub(super) fn fault(
        &self,
        rule: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Said<'_> {
        self.found
            .say(Severity::Fault, rule.into(), span, message.into())
    }

    /// A block of keys that the author chose: not empty, each key once (that one stands twice is told by the tree).
    pub(super) fn named<'a>(&self, node: &'a Node, what: &str) -> Option<Vec<&'a (Key, Node)>> {
        let Value::Map(entries) = &node.value else {
            self.shape(node, what, "a block of keys, `key: value`");
            return None;
        };
        if entries.is_empty() {
            self.fault(MISSING, node.span, format!("{what} is empty"));
        }
        let mut once: Vec<&(Key, Node)> = Vec::new();
        for entry in entries {
            if once.iter().all(|(key, _)| key.text != entry.0.text) {
                once.push(entry);
            }
        }
        Some(once)
    }

    /// A block of keys of the form.
    pub(super) fn block<'a>(
        &self,
        node: &'a Node,
        what: &str,
        keys: &[&'static str],
    ) -> Option<Block<'a>> {
        let Value::Map(entries) = &node.value else {
            self.shape(node, what, "a block of keys, `key: value`");
            return None;
        };
        for (key, _) in entries {
            if !keys.contains(&key.text.as_str()) {
                let message = format!("{what} has no part named `{}`", cut(&key.text));
                self.fault(UNKNOWN_KEY, key.span, message)
                    .help(self.near(&key.text, keys));
            }
        }
        Some(Block {
            what: what.to_owned(),
            place: node.place(),
            entries,
        })
    }

    /// A list that is not empty.
    pub(super) fn list<'a>(&self, node: &'a Node, what: &str) -> Option<&'a [Node]> {
        let Value::List(items) = &node.value else {
            self.shape(node, what, "a list, `[one, another]`");
            return None;
        };
        if items.is_empty() {
            self.fault(MISSING, node.span, format!("{what} is empty"));
        }
        Some(items)
    }

    /// One or more texts: a text stands for a list of one.
    pub(super) fn texts<'a>(&self, node: &'a Node, what: &str) -> Texts<'a> {
        let items = match &node.value {
            Value::Text { .. } => std::slice::from_ref(node),
            Value::List(_) => self.list(node, what).unwrap_or_default(),
            Value::Map(_) => {
                self.shape(node, what, "a text or a list of texts");
                &[]
            }
        };
        let read: Vec<At<&str>> = items
            .iter()
            .filter_map(|item| self.text(item, what))
            .collect();
        Texts {
            whole: !read.is_empty() && read.len() == items.len(),
            read,
        }
    }

    /// A text that is not empty.
    pub(super) fn text<'a>(&self, node: &'a Node, what: &str) -> Option<At<&'a str>> {
        match &node.value {
            Value::Text { text, plain } if is_null(text, *plain) || text.trim().is_empty() => {
                self.fault(MISSING, node.span, format!("{what} is empty"));
                None
            }
            Value::Text { text, .. } => Some(At {
                value: text,
                span: node.span,
            }),
            Value::List(_) | Value::Map(_) => {
                self.shape(node, what, "one text");
                None
            }
        }
    }

    /// A text where another shape stands.
    pub(super) fn shape(&self, node: &Node, what: &str, must: &str) {
        if matches!(&node.value, Value::Text { text, plain } if is_null(text, *plain)) {
            self.fault(MISSING, node.span, format!("{what} is empty"))
                .help(format!("it is {must}"));
        } else {
            self.fault(SHAPE, node.span, format!("{what} must be {must}"));
        }
    }

    /// A word of a closed list.
    pub(super) fn word<T: Copy>(&self, node: &Node, what: &str, all: &[(&str, T)]) -> Option<T> {
        let written = self.text(node, what)?;
        let found = all.iter().find(|(word, _)| *word == written.value);
        if found.is_none() {
            let words: Vec<&str> = all.iter().map(|(word, _)| *word).collect();
            let message = format!("{what} cannot be `{}`", cut(written.value));
            self.fault(WORD, node.span, message)
                .help(self.near(written.value, &words));
        }
        found.map(|(_, value)| *value)
    }

    pub(super) fn truth(&self, node: &Node, what: &str) -> Option<bool> {
        let all = [
            ("true", true),
            ("false", false),
            ("yes", true),
            ("no", false),
        ];
        self.word(node, what, &all)
    }

    /// A whole number within bounds.
    pub(super) fn whole(
        &self,
        node: &Node,
        what: &str,
        least: usize,
        most: usize,
    ) -> Option<usize> {
        let written = self.text(node, what)?.value;
        let number = whole(written).filter(|n| (least..=most).contains(n));
        if number.is_none() {
            let message = format!("{what} must be a whole number from {least} to {most}");
            self.fault(WORD, node.span, message);
        }
        number
    }

    /// A number that `fits`, such as `such_as`.
    pub(super) fn decimal(
        &self,
        node: &Node,
        what: &str,
        fits: fn(f64) -> bool,
        such_as: &str,
    ) -> Option<f64> {
        let written = self.text(node, what)?.value;
        let number = decimal(written).filter(|n| fits(*n));
        if number.is_none() {
            self.fault(WORD, node.span, format!("{what} must be {such_as}"));
        }
        number
    }

    /// A probability, neither 0 nor 1.
    pub(super) fn probability(&self, node: &Node, what: &str) -> Option<f64> {
        let fits = |n: f64| 0.0 < n && n < 1.0;
        self.decimal(node, what, fits, "a number between 0 and 1, as 0.95")
    }

    /// What would mend a word that is not of a list: the near one, or what there is.
    pub(super) fn near(&self, word: &str, all: &[&str]) -> String {
        let near = self.found.did_you_mean(word, all.iter().copied());
        near.unwrap_or_else(|| match all {
            [] => "there is none yet".to_owned(),
            some => format!(
                "there is: {}{}",
                some.iter().take(16).copied().collect::<Vec<_>>().join(", "),
                if some.len() > 16 { ", ..." } else { "" }
            ),
        })
    }
}

/// Lower-case words of letters and digits, a letter first, joined by one of `joints`.
pub(super) fn is_name(text: &str, joints: &[char]) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    text.len() <= LONGEST_NAME
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split(joints).all(is_word)
        // Other readers of YAML take these for a truth value or for nothing.
        && !matches!(text, "true" | "false" | "null")
}

/// A whole number as written: digits, no nought before them.
pub(super) fn whole(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let plain = text == "0" || !text.starts_with('0');
    (digits && plain).then(|| text.parse().ok()).flatten()
}

/// A decimal number as written: digits, and perhaps a point with digits after it. No sign and no exponent.
pub(super) fn decimal(text: &str) -> Option<f64> {
    let (before, after) = text.split_once('.').unwrap_or((text, "0"));
    let digits = !after.is_empty() && after.bytes().all(|b| b.is_ascii_digit());
    let plain = whole(before).is_some() && text.len() <= LONGEST_NUMBER;
    (digits && plain).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_they_are_written() {
        for (text, expect) in [
            ("0.5", Some(0.5)),
            ("3", Some(3.0)),
            ("0", Some(0.0)),
            ("10.25", Some(10.25)),
        ] {
            assert_eq!(decimal(text), expect, "{text}");
        }
        for text in [
            "", ".5", "5.", "1e3", "-1", "+1", "0x1", "inf", "nan", "1_0", "00.5", "1.2.3", " 1",
            "½",
        ] {
            assert_eq!(decimal(text), None, "{text}");
            assert_eq!(whole(text), None, "{text}");
        }
        assert_eq!(decimal(&"9".repeat(30)), None);
        assert_eq!(
            (whole("0"), whole("07"), whole("70")),
            (Some(0), None, Some(70))
        );
    }

    #[test]
    fn names_are_words_joined() {
        for (text, expect) in [
            ("a", true),
            ("a-1", true),
            ("a_b", false),
            ("a--b", false),
            ("-a", false),
            ("a-", false),
            ("1a", false),
            ("A", false),
            ("é", false),
            ("", false),
            ("null", false),
        ] {
            assert_eq!(is_name(text, &['-']), expect, "{text}");
        }
        assert!(is_name("a_b-c", &['-', '_']));
        assert!(!is_name(&"a".repeat(LONGEST_NAME + 1), &['-']));
    }
}
