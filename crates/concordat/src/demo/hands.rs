//! The faulty tools of the demonstration: what happens to a file between the gate and the seal.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use exchange::cover::Cover;
use exchange::ports::{Forms, Parts, PortFault, Reading, Writing};
use exchange::table::{Format, Gathering, Shape, Table};

use super::script::Spoil;

/// The writer of files, which does what it is told to the next one.
pub(super) struct Hands {
    inner: Arc<dyn Forms>,
    next: Mutex<Orders>,
}

/// What is done with the next files.
#[derive(Clone, Default)]
pub(super) struct Orders {
    /// What the tool does to them.
    pub(super) spoil: Option<Spoil>,
    /// Where a copy is left to look at, without the end of its name.
    pub(super) copy: Option<PathBuf>,
}

impl Hands {
    pub(super) fn new(inner: Arc<dyn Forms>) -> Self {
        Self {
            inner,
            next: Mutex::default(),
        }
    }

    /// Takes orders for the next files.
    pub(super) fn order(&self, orders: Orders) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = orders;
    }
}

#[async_trait]
impl Forms for Hands {
    fn begin(&self, format: Format, cover: &Cover) -> Result<Box<dyn Writing>, PortFault> {
        let orders = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let (orders, inner) = (Orders::clone(&orders), self.inner.clone());
        let cover = cover.clone();
        Ok(Box::new(Gathering::new(
            &cover.names(),
            move |mut table| {
                spoil(orders.spoil, &mut table);
                let bytes = inner.write(format, &cover, &table)?;
                if let Some(copy) = orders.copy {
                    let path = copy.with_extension(format.to_string());
                    std::fs::write(&path, &bytes)
                        .map_err(|e| PortFault(format!("{}: {e}", path.display())))?;
                }
                Ok(bytes)
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

fn spoil(how: Option<Spoil>, table: &mut Table) {
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
}
