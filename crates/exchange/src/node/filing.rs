//! Filing: the rows of a file that comes to be here are sealed into the spool a page at a time, and kept with the file's
//! leg in one commit. Until then nothing of them is anywhere else.

use std::collections::BTreeMap;

use agreement::{DatasetId, Flow, Plan};
use zeroize::Zeroizing;

use super::Node;
use super::outbound::{datasets, holding_id};
use crate::authority::Actor;
use crate::bulk::{Bulk, Bulking};
use crate::change::{Batch, Item};
use crate::ids::{HoldingId, OperationId};
use crate::leg::Of;
use crate::ports::Vault;
use crate::retention::{Holding, Opening};
use crate::rows::{self, Row};
use crate::trouble::Trouble;

/// How many rows are sealed at a time.
const PAGE: usize = 1_000;

/// The rows of a file that are being filed.
pub(super) struct Filing<'a> {
    vault: &'a dyn Vault,
    op: &'a OperationId,
    drawers: Vec<Drawer>,
    /// Do the holdings have their keys? They get them with the first rows that are sealed: a file that is refused before
    /// leaves no key.
    keyed: bool,
    items: Bulking<Item>,
}

/// What goes into one holding, and how that is opened.
struct Drawer {
    dataset: DatasetId,
    opening: Opening,
    page: Vec<(String, Zeroizing<Vec<u8>>)>,
}

/// The rows of a file in the spool, and the holdings that are opened for them.
pub(super) struct Filed {
    openings: Vec<Opening>,
    /// The rows as sealed items: on a page all the items of a thousand rows.
    pub(super) items: Bulk<Item>,
}

impl Filing<'_> {
    /// Takes the row of this number: its values in each of the datasets that it has some of.
    pub(super) async fn row(
        &mut self,
        n: u64,
        row: &BTreeMap<DatasetId, Row>,
    ) -> Result<(), Trouble> {
        for drawer in &mut self.drawers {
            if let Some(row) = row.get(&drawer.dataset) {
                let plain = rows::plain(&drawer.opening.id, n, row)?;
                drawer.page.push((rows::item_name(n), plain));
                drawer.opening.rows += 1;
            }
        }
        if self.drawers.iter().any(|d| d.page.len() >= PAGE) {
            self.turn().await?;
        }
        Ok(())
    }

    /// Seals the page, and begins another.
    async fn turn(&mut self) -> Result<(), Trouble> {
        if !self.keyed {
            for drawer in &self.drawers {
                self.vault.create(&drawer.opening.id, self.op).await?;
            }
            self.keyed = true;
        }
        let mut page = Vec::new();
        for drawer in &mut self.drawers {
            let plain = std::mem::take(&mut drawer.page);
            let holding = &drawer.opening.id;
            let sealed = self.vault.seal_many(holding, self.op, &plain).await?;
            let named = plain.into_iter().zip(sealed);
            page.extend(named.map(|((name, _), sealed)| Item {
                holding: holding.clone(),
                name,
                sealed,
            }));
        }
        Ok(self.items.page(&page).await?)
    }

    /// The holding of the first of the file's datasets.
    pub(super) fn first(&self) -> Option<HoldingId> {
        self.drawers.first().map(|d| d.opening.id.clone())
    }

    /// The holdings that have keys already, where the file is refused.
    pub(super) fn keyed(self) -> Vec<HoldingId> {
        let drawers = self.drawers.into_iter().filter(|_| self.keyed);
        drawers.map(|drawer| drawer.opening.id).collect()
    }

    /// All rows are there.
    pub(super) async fn done(mut self) -> Result<Filed, Trouble> {
        self.turn().await?;
        Ok(Filed {
            openings: self.drawers.into_iter().map(|d| d.opening).collect(),
            items: self.items.done().await?,
        })
    }
}

impl Filed {
    /// The holdings.
    pub(super) fn holdings(&self) -> Vec<HoldingId> {
        self.openings.iter().map(|o| o.id.clone()).collect()
    }

    /// Opens the holdings in this batch, with all rows in them.
    pub(super) fn kept(self, by: &Actor, mut batch: Batch) -> Result<Batch, Trouble> {
        let holdings = self.holdings();
        for opening in self.openings {
            batch = batch.and(Holding::open(opening, by)?)?;
        }
        Ok(batch.many_items(&holdings, self.items))
    }
}

impl Node {
    /// Begins to file the rows of a leg's file: a holding for each dataset, that is opened when the file is kept.
    pub(super) async fn filing<'a>(
        &'a self,
        op: &'a OperationId,
        plan: &Plan,
        flow: &Flow,
        of: &Of,
        file: u32,
    ) -> Result<Filing<'a>, Trouble> {
        let mut drawers = Vec::new();
        for dataset in datasets(flow) {
            let id = holding_id(of, file, &dataset)?;
            drawers.push(Drawer {
                opening: self.opening(plan, flow, of, &dataset, &id, 0)?,
                dataset,
                page: Vec::new(),
            });
        }
        Ok(Filing {
            vault: &*self.ports.vault,
            op,
            drawers,
            keyed: false,
            items: Bulking::begin(&*self.ports.spool).await?,
        })
    }
}
