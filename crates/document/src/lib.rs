//! From the text of a file to a located tree of blocks, lists and texts; and what its author is told, each fault
//! with its place.
//!
//! The languages of this repository that people write by hand (agreements, models of linkage) read their files
//! through this crate, so that all refuse the same texts and all faults look alike. What the keys and words mean,
//! which rules there are, and what a rule is called is each language's own: nothing of any language is here.
//!
//! This crate never reads a file, a clock or the network.
//!
//! ```
//! use document::Value;
//!
//! let (root, twice) = document::text(b"name: example\n").and_then(document::parse).unwrap();
//! let Value::Map(entries) = root.value else { panic!() };
//! let (key, node) = &entries[0];
//! assert_eq!((key.text.as_str(), node.span.line, node.span.column), ("name", 1, 7));
//! assert!(twice.is_empty());
//! ```

pub mod diagnostic;
mod gathered;
mod places;
mod text;
mod tree;
mod unreadable;

pub use diagnostic::{Diagnostic, Severity, Span};
pub use gathered::{Gathered, MOST, Rule, Said, cut};
pub use text::{LONGEST, is_hidden, text};
pub use tree::{DEEPEST, Key, Node, Value, WIDEST, is_null, parse};
pub use unreadable::{Layer, Unreadable, Why};
