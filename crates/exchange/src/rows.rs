//! Rows of values in the vault: one sealed item for each row of a holding. Nothing here is ever printed.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use zeroize::{Zeroize, Zeroizing};

use crate::change::Batch;
use crate::ids::{HoldingId, OperationId};
use crate::ports::{PortFault, Sealed, Store, Vault};
use crate::trouble::Trouble;

/// The values of one row, by field name; an absent field is not held.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Row(BTreeMap<String, String>);

impl Row {
    /// The value of a field; empty when it is not held.
    pub fn get(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }

    /// The fields that are held, with their values, by name.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Sets a field; an empty value is not held.
    pub fn set(&mut self, field: impl AsRef<str> + Into<String>, value: impl Into<String>) {
        if let Some(mut before) = self.0.remove(field.as_ref()) {
            before.zeroize();
        }
        let value = value.into();
        if !value.is_empty() {
            self.0.insert(field.into(), value);
        }
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({} fields)", self.0.len())
    }
}

impl Drop for Row {
    fn drop(&mut self) {
        for value in self.0.values_mut() {
            value.zeroize();
        }
    }
}

/// The name of a row's item; rows count from 1.
pub fn item_name(row: u64) -> String {
    format!("row/{row:06}")
}

/// A row as it is sealed.
pub(crate) fn plain(
    holding: &HoldingId,
    n: u64,
    row: &Row,
) -> Result<Zeroizing<Vec<u8>>, PortFault> {
    let plain = serde_json::to_vec(&row.0)
        .map_err(|_| PortFault(format!("row {n} of {holding} cannot be written")))?;
    Ok(Zeroizing::new(plain))
}

/// Seals rows into a holding, as items of `batch`. The holding must be opened in the same batch or before.
pub(crate) async fn seal(
    vault: &dyn Vault,
    op: &OperationId,
    holding: &HoldingId,
    rows: impl Iterator<Item = (u64, &Row)>,
    mut batch: Batch,
) -> Result<Batch, Trouble> {
    let mut items = Vec::new();
    for (n, row) in rows {
        items.push((item_name(n), plain(holding, n, row)?));
    }
    let sealed = vault.seal_many(holding, op, &items).await?;
    for ((name, _), sealed) in items.into_iter().zip(sealed) {
        batch = batch.item(holding, name, sealed);
    }
    Ok(batch)
}

/// Seals one row into a holding under a name of its own, as an item of `batch`.
pub(crate) async fn seal_as(
    vault: &dyn Vault,
    op: &OperationId,
    holding: &HoldingId,
    name: &str,
    row: &Row,
    batch: Batch,
) -> Result<Batch, Trouble> {
    let plain = serde_json::to_vec(&row.0)
        .map_err(|_| PortFault(format!("{name} of {holding} cannot be written")))?;
    let sealed = vault
        .seal(holding, op, name, &Zeroizing::new(plain))
        .await?;
    Ok(batch.item(holding, name, sealed))
}

/// How many row numbers a page of rows covers.
pub(crate) const PAGE: u64 = 1_000;

/// The pages up to a row number, in order. The names of a page's items are all of one length.
pub(crate) fn pages(last: u64) -> impl Iterator<Item = RangeInclusive<u64>> {
    (0..=last / PAGE).map(|page| page_of(page * PAGE))
}

/// The page that a row number is on.
pub(crate) fn page_of(number: u64) -> RangeInclusive<u64> {
    let first = number / PAGE * PAGE;
    first..=first + PAGE - 1
}

/// Opens all rows of a holding, by row number.
pub(crate) async fn open(
    store: &dyn Store,
    vault: &dyn Vault,
    holding: &HoldingId,
) -> Result<BTreeMap<u64, Row>, Trouble> {
    let items = store.items(holding, "row/").await?;
    opened(vault, holding, items).await
}

/// Opens the rows of one page of a holding, by row number.
pub(crate) async fn open_page(
    store: &dyn Store,
    vault: &dyn Vault,
    holding: &HoldingId,
    page: &RangeInclusive<u64>,
) -> Result<BTreeMap<u64, Row>, Trouble> {
    let (first, last) = (item_name(*page.start()), item_name(*page.end()));
    let items = store.items_between(holding, &first, &last).await?;
    opened(vault, holding, items).await
}

/// Opens sealed rows of a holding, by row number.
pub(crate) async fn opened(
    vault: &dyn Vault,
    holding: &HoldingId,
    items: Vec<(String, Sealed)>,
) -> Result<BTreeMap<u64, Row>, Trouble> {
    let plain = vault.open_many(holding, &items).await?;
    let mut rows = BTreeMap::new();
    for ((name, _), plain) in items.iter().zip(plain) {
        let n = name
            .trim_start_matches("row/")
            .parse()
            .map_err(|_| damaged(holding))?;
        rows.insert(
            n,
            Row(serde_json::from_slice(&plain).map_err(|_| damaged(holding))?),
        );
    }
    Ok(rows)
}

/// Opens one row of a holding.
pub(crate) async fn open_one(
    store: &dyn Store,
    vault: &dyn Vault,
    holding: &HoldingId,
    item: &str,
) -> Result<Option<Row>, Trouble> {
    let Some(sealed) = store.item(holding, item).await? else {
        return Ok(None);
    };
    let plain = vault.open(holding, item, &sealed).await?;
    Ok(Some(Row(
        serde_json::from_slice(&plain).map_err(|_| damaged(holding))?
    )))
}

fn damaged(holding: &HoldingId) -> PortFault {
    PortFault(format!(
        "a row of holding {holding} is damaged: restore the store from a backup"
    ))
}
