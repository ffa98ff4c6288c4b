//! A hand that changes a cell of a file after the gate and before the seal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use exchange::ports::{Forms, PortFault};
use exchange::table::{FileFault, Format, Shape, Table};

/// A writer of files that can be told to change the name in the first row.
pub struct Hands {
    inner: Arc<dyn Forms>,
    pub meddles: AtomicBool,
}

impl Hands {
    pub fn over(inner: Arc<dyn Forms>) -> Self {
        Self {
            inner,
            meddles: AtomicBool::new(false),
        }
    }
}

#[async_trait]
impl Forms for Hands {
    fn write(&self, format: Format, table: &Table) -> Result<Vec<u8>, PortFault> {
        let mut table = table.clone();
        if self.meddles.load(Ordering::Relaxed) {
            let name = table.columns.iter().position(|c| c == "full_name").unwrap();
            table.rows[0][name].push_str(" Junior");
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
