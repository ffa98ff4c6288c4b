//! The case list, read and encoded; its values are interned.

use foldhash::HashMap;

use super::encode::{Encoder, LINE, Layout, Reading, Unused};
use super::intern::{Known, Strange, Words, narrow};
use super::source::{Source, SourceFault};
use super::train::hash_of;
use crate::model::Model;

/// A case list in memory.
pub struct Cases {
    /// Of the cases' rows; those of the master list have room for more.
    pub(crate) layout: Layout,
    pub(crate) master: Layout,
    pub(crate) known: Known,
    nothing: Strange,
    rows: Vec<u32>,
    handles: String,
    ends: Vec<u32>,
    pub(crate) unused: Vec<Unused>,
    /// Where the list is compared with itself: each record's place, by the hash of its handle.
    own: Option<HashMap<u64, u32>>,
}

impl Cases {
    /// Reads a case list.
    ///
    /// # Errors
    /// [`SourceFault`] when it cannot be read.
    pub fn read(model: &Model, list: &dyn Source) -> Result<Self, SourceFault> {
        let master = Layout::of(model);
        let reading = Reading::new(&model.id.left, model, |c| &c.from.left);
        let mut known = Known::default();
        let mut rows = Vec::new();
        let (mut handles, mut ends) = (String::new(), Vec::new());
        let mut encoder = Encoder::new(model, &master, &reading);
        let mut row = vec![0; master.words];
        for part in 0..list.parts() {
            list.read(part, &reading.columns, &mut |batch| {
                for at in 0..batch.rows() {
                    let handle = batch.text(0, at).unwrap_or_default();
                    if handle.is_empty() {
                        return Err(SourceFault(format!(
                            "row {} of the case list has no {}: every case needs its handle",
                            ends.len() + 1,
                            model.id.left
                        )));
                    }
                    handles.push_str(handle);
                    ends.push(narrow(handles.len()));
                    encoder.encode(batch, at, &mut known, &mut row);
                    rows.extend_from_slice(&row);
                }
                Ok(())
            })?;
        }
        let unused = encoder.unused;
        let (layout, rows) = master.fitted(&rows);
        Ok(Self {
            layout,
            master,
            known,
            nothing: Strange::default(),
            rows,
            handles,
            ends,
            unused,
            own: None,
        })
    }

    /// The list is compared with itself: a pair is looked at once, and no record with itself.
    #[must_use]
    pub fn with_itself(mut self) -> Self {
        let own = (0_u32..).take(self.len());
        self.own = Some(own.map(|case| (hash_of(self.handle(case)), case)).collect());
        self
    }

    /// The cases that a record with this hash is compared with come before this one.
    pub(crate) fn before(&self, hash: u64) -> u32 {
        match &self.own {
            Some(own) => own.get(&hash).copied().unwrap_or(u32::MAX),
            None => u32::MAX,
        }
    }

    /// A pair as scoring looks at it: where the list is compared with itself, the case is the record that comes first.
    pub fn as_looked_at<'p>(&self, left: &'p str, right: &'p str) -> (&'p str, &'p str) {
        let place = |handle: &str| self.before(hash_of(handle));
        if self.own.is_some() && place(right) < place(left) {
            (right, left)
        } else {
            (left, right)
        }
    }

    /// Whether a case is the very record of this hash.
    pub(crate) fn is_own(&self, case: u32, hash: u64) -> bool {
        self.own.is_some() && self.before(hash) == case
    }

    /// Whether the list is compared with itself.
    pub(crate) fn is_of_one_list(&self) -> bool {
        self.own.is_some()
    }

    /// How many pairs there are with so many records of the master list.
    pub(crate) fn pairs_with(&self, records: u64) -> f64 {
        let all = self.len() as f64 * records as f64;
        match self.own {
            Some(_) => (all - records as f64) / 2.0,
            None => all,
        }
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The handle of a case, which counts from 0.
    pub fn handle(&self, case: u32) -> &str {
        let at = case as usize;
        let end = self.ends.get(at).map_or(0, |e| *e as usize);
        let start = at
            .checked_sub(1)
            .and_then(|i| self.ends.get(i))
            .map_or(0, |s| *s as usize);
        self.handles.get(start..end).unwrap_or_default()
    }

    /// What could not be used of the list's values, in words; holds no value.
    pub fn doubts(&self, model: &Model) -> Vec<String> {
        Unused::doubts("case list", model, &self.unused)
    }

    pub(crate) fn row(&self, case: u32) -> &[u32] {
        let from = case as usize * self.layout.words;
        self.rows
            .get(from..from + self.layout.words)
            .unwrap_or_default()
    }

    /// Reads something of each cache line of a case's row, so that all of it is near.
    pub(crate) fn fetch(&self, case: u32) -> u32 {
        let lines = self.row(case).iter().step_by(LINE);
        lines.fold(0, |all, word| all ^ word)
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &[u32]> + Clone {
        self.rows.chunks_exact(self.layout.words.max(1))
    }

    pub(crate) fn words(&self) -> Words<'_> {
        Words {
            known: &self.known,
            strange: &self.nothing,
        }
    }
}
