//! Why a text cannot be read, before any rule of a language.

use std::fmt;

use crate::diagnostic::Span;
use crate::text::LONGEST;
use crate::tree::{DEEPEST, WIDEST};

/// A fault of the text or of its YAML. Its sentence serves every language; one that can tell its author more
/// has its own for that [`Why`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong.
    pub why: Why,
    /// Where.
    pub span: Span,
}

/// What is wrong with a text or its YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is longer than [`LONGEST`].
    TooLong,
    /// It is not UTF-8.
    NotUtf8,
    /// A tab stands in the indentation.
    Tab,
    /// A character that is not seen, or that makes the text look other than it is.
    Hidden(char),
    /// Blocks or lists stand more than [`DEEPEST`] within each other.
    TooDeep,
    /// A block or list has more than [`WIDEST`] entries.
    TooWide,
    /// It is not YAML; the parser's words.
    NotYaml(String),
    /// A line that begins with `%`.
    Directive,
    /// A second document of one file.
    SecondDocument,
    /// `*name`.
    Alias,
    /// `&name`.
    Anchor,
    /// `!name`.
    Tag,
    /// A key that is a block or a list.
    KeyNotText,
    /// There is nothing.
    Empty,
    /// A key that its block has already.
    Twice {
        /// The key.
        key: String,
        /// The line of the first.
        line: u32,
    },
}

/// What a fault is about; a language has a rule for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The characters, the length and the size.
    Text,
    /// The YAML, and what of it a file may use.
    Yaml,
    /// A key that stands twice.
    Keys,
}

impl Why {
    /// What it is about.
    pub fn layer(&self) -> Layer {
        match self {
            Self::TooLong
            | Self::NotUtf8
            | Self::Tab
            | Self::Hidden(_)
            | Self::TooDeep
            | Self::TooWide => Layer::Text,
            Self::NotYaml(_)
            | Self::Directive
            | Self::SecondDocument
            | Self::Alias
            | Self::Anchor
            | Self::Tag
            | Self::KeyNotText
            | Self::Empty => Layer::Yaml,
            Self::Twice { .. } => Layer::Keys,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the file is longer than {} MiB", LONGEST >> 20),
            Self::NotUtf8 => {
                f.write_str("the file is not UTF-8 text from here on: save it as UTF-8")
            }
            Self::Tab => f.write_str("a tab stands in the indentation: use spaces"),
            Self::Hidden(c) => write!(
                f,
                "the character U+{:04X} cannot be seen here: take it out",
                u32::from(*c)
            ),
            Self::TooDeep => write!(f, "this is nested more than {DEEPEST} deep"),
            Self::TooWide => write!(f, "this block or list has more than {WIDEST} entries"),
            Self::NotYaml(said) => write!(f, "this is not YAML: {said}"),
            Self::Directive => f.write_str("a directive stands here: take it out"),
            Self::SecondDocument => f.write_str("a second document begins here: a file holds one"),
            Self::Alias => f.write_str("an alias stands here: write out what it stands for"),
            Self::Anchor => f.write_str("an anchor stands here: take it out"),
            Self::Tag => {
                f.write_str("a tag stands here: the language gives each value its type itself")
            }
            Self::KeyNotText => f.write_str("a key must be a plain text"),
            Self::Empty => f.write_str("the file is empty"),
            Self::Twice { key, line } => write!(
                f,
                "the key `{key}` stands in this block already, in line {line}"
            ),
        }
    }
}
