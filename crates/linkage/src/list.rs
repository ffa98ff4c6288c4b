//! A list in memory. Its values are wiped when it goes.

use std::fmt;

use zeroize::Zeroize;

use crate::engine::{Batch, Source, SourceFault};

/// A list of records in memory. A column that it lacks is one whose values are not held: a case list names what the
/// agreement lets it name, and the model may ask for more.
#[derive(Clone, Default)]
pub struct List {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl List {
    /// An empty list with these columns.
    pub fn new(columns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            columns: columns.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// One more record, in the order of the columns; an empty text is an absent value.
    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List({:?}, {} rows)", self.columns, self.rows.len())
    }
}

impl Drop for List {
    fn drop(&mut self) {
        self.rows.iter_mut().flatten().for_each(Zeroize::zeroize);
    }
}

/// Rows in a batch.
const BATCH: usize = 8192;

impl Source for List {
    fn parts(&self) -> usize {
        self.rows.len().div_ceil(BATCH)
    }

    fn read(
        &self,
        part: usize,
        columns: &[String],
        each: &mut dyn FnMut(&dyn Batch) -> Result<(), SourceFault>,
    ) -> Result<(), SourceFault> {
        let places = columns
            .iter()
            .map(|column| self.columns.iter().position(|own| own == column));
        let rows = self.rows.chunks(BATCH).nth(part).unwrap_or_default();
        each(&Part {
            rows,
            places: places.collect(),
        })
    }
}

struct Part<'a> {
    rows: &'a [Vec<String>],
    places: Vec<Option<usize>>,
}

impl Batch for Part<'_> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn text(&self, column: usize, row: usize) -> Option<&str> {
        let place = (*self.places.get(column)?)?;
        let text = self.rows.get(row)?.get(place)?;
        Some(text.as_str()).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::List;

    #[test]
    fn a_printed_list_shows_no_value() {
        let mut list = List::new(["full_name"]);
        list.push(vec!["CANARY".into()]);
        assert_eq!(format!("{list:?}"), "List([\"full_name\"], 1 rows)");
    }
}
