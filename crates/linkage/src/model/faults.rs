//! What is wrong with a model's file.

use std::fmt;

use document::Diagnostic;

/// All faults of a file, in its order; at least one. Displayed, each is drawn with its stretch of the file.
#[derive(Clone, Debug)]
pub struct Faults {
    all: Vec<Diagnostic>,
    text: String,
}

impl Faults {
    pub(super) fn new(all: Vec<Diagnostic>, bytes: &[u8]) -> Self {
        Self {
            all,
            text: String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    /// Each with its place, its rule (one of [`RULES`](super::rules::RULES)), what is wrong and what would mend it.
    pub fn all(&self) -> &[Diagnostic] {
        &self.all
    }

    /// The faults drawn for a terminal; `colour` adds ANSI colours.
    pub fn draw(&self, colour: bool) -> String {
        document::diagnostic::render(&self.all, &self.text, colour)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.draw(false))
    }
}

impl std::error::Error for Faults {}
