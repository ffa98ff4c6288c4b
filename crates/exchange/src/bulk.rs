//! What one commit brings and memory cannot hold: states and sealed items, written to the spool a page at a time and
//! read again by the transaction that keeps them. No value in clear goes there.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ports::{Filling, InParts, Parts, PortFault, Spool, Spooled};

/// Pages of `T` in the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulk<T> {
    blob: Spooled,
    of: PhantomData<T>,
}

/// A bulk that is being written.
pub struct Bulking<T> {
    filling: Box<dyn Filling>,
    of: PhantomData<T>,
}

/// The pages of a bulk, one after the other.
pub struct Pages<T> {
    parts: InParts,
    rest: Vec<u8>,
    of: PhantomData<T>,
}

/// The bytes before a page that say how many bytes it has.
const LENGTH: usize = 4;

impl<T: Serialize> Bulking<T> {
    /// Begins a bulk.
    ///
    /// # Errors
    /// [`PortFault`] when the spool does not work.
    pub async fn begin(spool: &dyn Spool) -> Result<Self, PortFault> {
        let filling = spool.begin().await?;
        Ok(Self {
            filling,
            of: PhantomData,
        })
    }

    /// Adds a page, which is kept whole.
    ///
    /// # Errors
    /// [`PortFault`] when the spool does not work, or the page is too long.
    pub async fn page(&mut self, all: &[T]) -> Result<(), PortFault> {
        let page = serde_json::to_vec(all);
        let page = page.map_err(|e| PortFault(format!("a page cannot be spooled: {e}")))?;
        let length = u32::try_from(page.len())
            .map_err(|_| PortFault("a page is too long for the spool".into()))?;
        self.filling.push(&length.to_be_bytes()).await?;
        self.filling.push(&page).await
    }

    /// Ends it.
    ///
    /// # Errors
    /// [`PortFault`] when the spool does not work.
    pub async fn done(self) -> Result<Bulk<T>, PortFault> {
        Ok(Bulk {
            blob: self.filling.done().await?,
            of: PhantomData,
        })
    }
}

impl<T> Bulk<T> {
    /// Its pages, from the first.
    pub fn pages(&self) -> Pages<T> {
        Pages {
            parts: self.blob.parts(),
            rest: Vec::new(),
            of: PhantomData,
        }
    }
}

impl<T: DeserializeOwned> Pages<T> {
    /// The next page; none after the last.
    ///
    /// # Errors
    /// [`PortFault`] when the spool does not work.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>, PortFault> {
        let damaged = || PortFault("the node's spool gave back what was not put in it".into());
        loop {
            if let Some((length, rest)) = self.rest.split_first_chunk::<LENGTH>() {
                let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged())?;
                if let Some(page) = rest.get(..length) {
                    let page = serde_json::from_slice(page).map_err(|_| damaged())?;
                    self.rest.drain(..LENGTH + length);
                    return Ok(Some(page));
                }
            }
            let Some(part) = self.parts.next().await? else {
                return if self.rest.is_empty() {
                    Ok(None)
                } else {
                    Err(damaged())
                };
            };
            self.rest.extend_from_slice(&part);
        }
    }
}
