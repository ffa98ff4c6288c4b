//! Sorting what memory cannot hold: sorted stretches of it lie in the spool, a sealed page after the other, and are merged
//! as they are read. What is in memory is bounded by how much that is at a time, and not by how much there is.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::bulk::{Bulk, Bulking, Pages};
use crate::change::Item;
use crate::ids::{HoldingId, OperationId};
use crate::ports::{PortFault, Spool, Vault};
use crate::trouble::Trouble;

/// How much is in memory at a time.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// So many are sorted in memory.
    pub sorted: usize,
    /// So many are sealed and opened at a time.
    pub page: usize,
    /// So many stretches are merged at a time; at least 2.
    pub merged: usize,
}

impl Room {
    /// What a node takes: some megabytes, since a spool gives back a megabyte at a time of each stretch.
    pub const NODE: Self = Self {
        sorted: 4_000,
        page: 1_000,
        merged: 4,
    };
}

/// Where what is sorted lies meanwhile: sealed in the spool, as items of a holding whose key is made when the first of
/// them is.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The spool.
    pub spool: &'a dyn Spool,
    /// What seals.
    pub vault: &'a dyn Vault,
    /// The holding.
    pub holding: &'a HoldingId,
    /// The operation that sorts.
    pub op: &'a OperationId,
    /// What is sorted, in words of the hub: items of two sorts in one holding have two names.
    pub name: &'static str,
}

/// What is being sorted.
pub struct Sorting<'a, T> {
    place: Place<'a>,
    room: Room,
    here: Vec<T>,
    /// Sorted stretches, each with how often it was merged.
    there: Vec<(u32, Bulk<Item>)>,
    /// How many pages were sealed.
    pages: u64,
}

/// What was sorted, from the least.
pub struct Sorted<'a, T> {
    place: Place<'a>,
    stretches: Vec<Stretch<T>>,
}

/// A sorted stretch that is read: a page of it, the greatest first, and where the others come from.
struct Stretch<T> {
    here: Vec<T>,
    there: Option<Pages<Item>>,
}

impl<'a, T: Ord + Serialize + DeserializeOwned> Sorting<'a, T> {
    /// Nothing yet.
    pub fn begin(place: Place<'a>, room: Room) -> Self {
        Self {
            place,
            room,
            here: Vec::new(),
            there: Vec::new(),
            pages: 0,
        }
    }

    /// Adds one.
    ///
    /// # Errors
    /// [`Trouble`] when vault or spool do not work.
    pub async fn push(&mut self, one: T) -> Result<(), Trouble> {
        self.here.push(one);
        if self.here.len() < self.room.sorted {
            return Ok(());
        }
        let here = in_order(std::mem::take(&mut self.here));
        let stretch = self.kept(vec![here]).await?;
        self.there.push((0, stretch));
        // As many as are merged at a time become one, so that few lie there however many come.
        while let Some((merged, _)) = self.there.last() {
            let merged = *merged;
            let alike = self.there.iter().rev();
            if alike.take_while(|(m, _)| *m == merged).count() < self.room.merged {
                break;
            }
            self.merge(merged + 1).await?;
        }
        Ok(())
    }

    /// All of them in order, one after another.
    ///
    /// # Errors
    /// [`Trouble`] when vault or spool do not work.
    pub async fn sorted(mut self) -> Result<Sorted<'a, T>, Trouble> {
        while self.there.len() > self.room.merged {
            self.merge(0).await?;
        }
        let here = in_order(std::mem::take(&mut self.here));
        let there = self.there.iter().map(|(_, bulk)| Stretch::of(bulk));
        Ok(Sorted {
            place: self.place,
            stretches: there.chain([here]).collect(),
        })
    }

    /// Makes one stretch of the last ones.
    async fn merge(&mut self, merged: u32) -> Result<(), Trouble> {
        let from = self.there.len().saturating_sub(self.room.merged);
        let last = self.there.split_off(from);
        let last = last.iter().map(|(_, bulk)| Stretch::of(bulk)).collect();
        let stretch = self.kept(last).await?;
        self.there.push((merged, stretch));
        Ok(())
    }

    /// Merges stretches into one that lies in the spool.
    async fn kept(&mut self, stretches: Vec<Stretch<T>>) -> Result<Bulk<Item>, Trouble> {
        let place = self.place;
        place.vault.create(place.holding, place.op).await?;
        let mut bulk = Bulking::begin(place.spool).await?;
        let mut sorted = Sorted { place, stretches };
        loop {
            let mut page = Vec::with_capacity(self.room.page);
            while page.len() < self.room.page
                && let Some(one) = sorted.next().await?
            {
                page.push(one);
            }
            if page.is_empty() {
                return Ok(bulk.done().await?);
            }
            let name = format!("{}/{}", place.name, self.pages);
            self.pages += 1;
            let plain = serde_json::to_vec(&page);
            let plain = Zeroizing::new(plain.map_err(|_| damaged(place.holding))?);
            let sealed = place.vault.seal(place.holding, place.op, &name, &plain);
            let item = Item {
                holding: place.holding.clone(),
                sealed: sealed.await?,
                name,
            };
            bulk.page(std::slice::from_ref(&item)).await?;
        }
    }
}

impl<T: Ord + DeserializeOwned> Sorted<'_, T> {
    /// The next; none after the greatest.
    ///
    /// # Errors
    /// [`Trouble`] when vault or spool do not work.
    pub async fn next(&mut self) -> Result<Option<T>, Trouble> {
        for stretch in &mut self.stretches {
            stretch.fill(&self.place).await?;
        }
        let stretches = self.stretches.iter_mut();
        let heads = stretches.filter(|stretch| !stretch.here.is_empty());
        let least = heads.min_by(|a, b| a.here.last().cmp(&b.here.last()));
        Ok(least.and_then(|stretch| stretch.here.pop()))
    }
}

impl<T: DeserializeOwned> Stretch<T> {
    fn of(bulk: &Bulk<Item>) -> Self {
        Self {
            here: Vec::new(),
            there: Some(bulk.pages()),
        }
    }

    /// Opens the next page where this one is at its end.
    async fn fill(&mut self, place: &Place<'_>) -> Result<(), Trouble> {
        while self.here.is_empty()
            && let Some(there) = &mut self.there
        {
            let Some(page) = there.next().await? else {
                self.there = None;
                break;
            };
            for item in page {
                let plain = place.vault.open(&item.holding, &item.name, &item.sealed);
                let page: Result<Vec<T>, _> = serde_json::from_slice(&plain.await?);
                self.here = page.map_err(|_| damaged(place.holding))?;
                self.here.reverse();
            }
        }
        Ok(())
    }
}

/// What is in memory, as a stretch.
fn in_order<T: Ord>(mut here: Vec<T>) -> Stretch<T> {
    here.sort_unstable_by(|a, b| b.cmp(a));
    Stretch { here, there: None }
}

fn damaged(holding: &HoldingId) -> PortFault {
    PortFault(format!(
        "what was sorted for {holding} cannot be read again: check the node's folder and its space"
    ))
}
