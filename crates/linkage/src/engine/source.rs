//! How a list is handed to the engine: in parts that several threads may read at a time, each in batches.

/// Why a list could not be read. The text holds no value of the list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceFault(pub String);

/// Some rows of a list: texts by column, in the order that was asked for.
pub trait Batch {
    /// How many rows there are.
    fn rows(&self) -> usize;
    /// The text of a cell; none where it is absent. `column` counts as asked for.
    fn text(&self, column: usize, row: usize) -> Option<&str>;
}

/// A list of records.
pub trait Source: Sync {
    /// How many parts there are.
    fn parts(&self) -> usize;
    /// How many records there are, where that is known before they are read.
    fn records(&self) -> Option<u64> {
        None
    }
    /// Hands over the rows of one part, with the named columns, in the order of the list.
    ///
    /// # Errors
    /// [`SourceFault`] when it cannot be read or lacks a column, or what `each` gives.
    fn read(
        &self,
        part: usize,
        columns: &[String],
        each: &mut dyn FnMut(&dyn Batch) -> Result<(), SourceFault>,
    ) -> Result<(), SourceFault>;
}
