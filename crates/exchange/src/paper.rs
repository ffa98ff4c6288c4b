//! Papers: what one party signs and hands to another as a file, by whatever way people use: a request for an assurance, an
//! assurance, the notice of an alteration. A paper is a C2SP signed note whose text is a line that says what it is, and JSON.
//! It moves no value and gives no leave.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ports::PortFault;

/// A kind of paper.
pub trait Paper: Serialize + DeserializeOwned {
    /// The first line, which says what kind of text it is and of which version.
    const FIRST_LINE: &'static str;

    /// The text that is signed.
    ///
    /// # Errors
    /// [`PortFault`] when it cannot be written as JSON.
    fn text(&self) -> Result<String, PortFault> {
        let json = serde_json::to_string_pretty(self).map_err(|e| PortFault(e.to_string()))?;
        Ok(format!("{}\n{json}\n", Self::FIRST_LINE))
    }

    /// Reads a text that a note was opened to; none where it is another kind, or not exactly what its values write.
    fn read(text: &str) -> Option<Self> {
        let json = text.strip_prefix(Self::FIRST_LINE)?.strip_prefix('\n')?;
        let paper: Self = serde_json::from_str(json).ok()?;
        (paper.text().ok()? == text).then_some(paper)
    }
}
