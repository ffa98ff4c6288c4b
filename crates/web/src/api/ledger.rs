//! The ledger: the signed checkpoint and the entries, without the sealed texts.

use std::sync::Arc;

use ::ledger::Entry;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::entry;
use crate::answer::{Answer, Listing, Page, Part};
use crate::app::App;
use crate::problem::{BAD_REQUEST, FAULT, Problem, Told};

/// The ledger's head.
#[derive(Serialize, ToSchema)]
pub(crate) struct Head {
    /// How many entries have their place.
    size: u64,
    /// The signed checkpoint (C2SP tlog-checkpoint); empty for an empty ledger.
    checkpoint: String,
}

/// An entry with its place.
#[derive(Serialize, ToSchema)]
pub(crate) struct Placed {
    /// Its index, from 0.
    index: u64,
    /// The entry (docs/formats/ledger.md).
    #[schema(value_type = Object)]
    entry: serde_json::Value,
}

/// The signed checkpoint.
#[utoipa::path(get, path = "/v1/ledger/checkpoint", operation_id = "readCheckpoint", tag = "ledger", security(("token" = [])), responses(
    (status = 200, description = "The head of the ledger", body = Head, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn checkpoint(State(app): State<Arc<App>>) -> Result<Answer<Head>, Problem> {
    let head = app.node.ports().store.head().await;
    let head = head.map_err(exchange::Trouble::from)?;
    Ok(Answer(Head {
        size: head.frontier.size(),
        checkpoint: head.checkpoint,
    }))
}

/// The entries that have their place, in order.
#[utoipa::path(get, path = "/v1/ledger/entries", operation_id = "listEntries", tag = "ledger", security(("token" = [])), params(Listing), responses(
    (status = 200, description = "A part of the ledger", body = Page<Placed>, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn entries(
    State(app): State<Arc<App>>,
    part: Part,
) -> Result<Answer<Page<Placed>>, Problem> {
    let after: Option<u64> = part
        .after
        .as_ref()
        .map(|a| a.parse())
        .transpose()
        .map_err(|_| BAD_REQUEST)?;
    let store = &app.node.ports().store;
    let size = store
        .head()
        .await
        .map_err(exchange::Trouble::from)?
        .frontier
        .size();
    let from = after.map_or(0, |a| a.saturating_add(1)).min(size);
    let to = from.saturating_add(part.limit as u64).min(size);
    let leaves = store
        .leaves(from, to)
        .await
        .map_err(exchange::Trouble::from)?;
    let mut items = Vec::new();
    for (index, (bytes, _)) in (from..).zip(&leaves) {
        let read = Entry::parse(bytes).map_err(|_| FAULT)?;
        items.push(Placed {
            index,
            entry: entry(&read)?,
        });
    }
    let next = (to < size).then(|| items.last().map(|placed| placed.index.to_string()));
    Ok(Answer(Page {
        items,
        next: next.flatten(),
    }))
}
