//! The faulty tools of the demonstration: what happens to a file between the gate and the seal.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use exchange::ports::{Forms, PortFault};
use exchange::table::{FileFault, Format, Shape, Table};

use super::script::Spoil;

/// The writer of files, which does what it is told to the next one.
pub(super) struct Hands {
    inner: Arc<dyn Forms>,
    next: Mutex<Option<Spoil>>,
}

impl Hands {
    pub(super) fn new(inner: Arc<dyn Forms>) -> Self {
        Self {
            inner,
            next: Mutex::new(None),
        }
    }

    /// Spoils the next files, or no longer does.
    pub(super) fn spoil(&self, how: Option<Spoil>) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = how;
    }
}

#[async_trait]
impl Forms for Hands {
    fn write(&self, format: Format, table: &Table) -> Result<Vec<u8>, PortFault> {
        let how = *self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let mut table = table.clone();
        match how {
            None => {}
            Some(Spoil::Column) => {
                table.columns.push("remarks".into());
                for row in &mut table.rows {
                    row.push("seen before".into());
                }
            }
            Some(Spoil::Cell) => {
                let at = table.columns.iter().position(|c| c == "full_name");
                let cell = at.and_then(|at| table.rows.first_mut()?.get_mut(at));
                if let Some(cell) = cell {
                    cell.push('x');
                }
            }
        }
        self.inner.write(format, &table)
    }

    async fn read(
        &self,
        format: Format,
        shape: &Shape,
        bytes: &[u8],
    ) -> Result<Result<Table, FileFault>, PortFault> {
        self.inner.read(format, shape, bytes).await
    }
}
