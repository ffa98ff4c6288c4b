//! A hand that changes a cell of a file after the gate and before the seal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use exchange::cover::Cover;
use exchange::ports::{Forms, Parts, PortFault, Reading, Writing};
use exchange::table::{Format, Gathering, Shape};

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
    fn begin(&self, format: Format, cover: &Cover) -> Result<Box<dyn Writing>, PortFault> {
        if !self.meddles.load(Ordering::Relaxed) {
            return self.inner.begin(format, cover);
        }
        let (inner, cover) = (self.inner.clone(), cover.clone());
        Ok(Box::new(Gathering::new(
            &cover.names(),
            move |mut table| {
                let name = table.columns.iter().position(|c| c == "full_name").unwrap();
                table.rows[0][name].push_str(" Junior");
                inner.write(format, &cover, &table)
            },
        )))
    }

    async fn read(
        &self,
        format: Format,
        shape: &Shape,
        file: Box<dyn Parts>,
    ) -> Result<Box<dyn Reading>, PortFault> {
        self.inner.read(format, shape, file).await
    }
}
