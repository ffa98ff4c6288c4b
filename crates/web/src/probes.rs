//! What operators and load balancers ask: does the process live, can it serve, and if not, why.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use exchange::deadline::london_day;
use exchange::{Trouble, Waits};
use jiff::{SignedDuration, Timestamp};
use ledger::Entry;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

/// An entry that waits longer than this for its place in the tree means that the sequencer does not work.
const BEHIND: SignedDuration = SignedDuration::from_secs(60);
/// For so long an answer stands, so that asking often costs nothing.
const FRESH: SignedDuration = SignedDuration::from_secs(2);
/// For so long a count of what waits stands: it looks at every file of every run.
const COUNTED: SignedDuration = SignedDuration::from_secs(15);

/// Whether the node can serve.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// Can it?
    pub(crate) ready: bool,
    /// Why not: `store-unreadable`, `store-unwritable`, `sequencer-behind`, `no-agreement-in-force`,
    /// `access-list-faulty`, `clock-in-doubt`.
    pub(crate) why_not: Vec<String>,
}

/// An answer that is whole as it is: a no that is not a problem.
#[derive(Clone, Copy)]
pub(crate) struct Whole;

/// The process lives.
#[utoipa::path(get, path = "/livez", tag = "probes", responses((status = 200, description = "It lives", body = String, content_type = "text/plain")))]
pub(crate) async fn livez() -> &'static str {
    "live\n"
}

/// The node can serve, or why not.
#[utoipa::path(get, path = "/readyz", tag = "probes", responses(
    (status = 200, description = "It can serve", body = Readiness, content_type = "application/json"),
    (status = 503, description = "It cannot; `why_not` says why", body = Readiness, content_type = "application/json"),
))]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let why_not = why_not(&app).await;
    let status = if why_not.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let told = Readiness {
        ready: why_not.is_empty(),
        why_not: why_not.into_iter().map(str::to_owned).collect(),
    };
    let body = serde_json::to_vec(&told).unwrap_or_default();
    let json = HeaderValue::from_static("application/json");
    let mut response = (status, [(header::CONTENT_TYPE, json)], body).into_response();
    response.extensions_mut().insert(Whole);
    response
}

/// The counts of this process, and what waits at the node.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let waits = waits(&app).await;
    let kind =
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], app.metrics.text(waits)).into_response()
}

async fn waits(app: &App) -> Option<Waits> {
    let now = app.node.ports().clock.now();
    let last = app.counted.lock().ok().and_then(|counted| *counted);
    if let Some((at, waits)) = last
        && now.duration_since(at).abs() < COUNTED
    {
        return Some(waits);
    }
    match app.node.waits().await {
        Ok(waits) => {
            if let Ok(mut counted) = app.counted.lock() {
                *counted = Some((now, waits));
            }
            Some(waits)
        }
        Err(Trouble::Fault(fault)) => {
            crate::log::fault(&fault);
            None
        }
        Err(Trouble::Refused(_)) => None,
    }
}

async fn why_not(app: &App) -> Vec<&'static str> {
    let now = app.node.ports().clock.now();
    let last = app.looked.lock().ok().and_then(|looked| looked.clone());
    if let Some((at, why)) = last
        && now.duration_since(at).abs() < FRESH
    {
        return why;
    }
    let mut why = look(app, now).await.unwrap_or_else(|trouble| {
        if let Trouble::Fault(fault) = &trouble {
            crate::log::fault(fault);
        }
        vec!["store-unreadable"]
    });
    if app.stale_access.lock().is_ok_and(|stale| *stale) {
        why.push("access-list-faulty");
    }
    if let Ok(mut looked) = app.looked.lock() {
        *looked = Some((now, why.clone()));
    }
    why
}

async fn look(app: &App, now: Timestamp) -> Result<Vec<&'static str>, Trouble> {
    let (node, store) = (&app.node, &app.node.ports().store);
    let mut why = Vec::new();
    let waits = store.pending(1).await?;
    let oldest = waits.first().map(|pending| Entry::parse(&pending.bytes));
    // An entry that cannot be read will never get its place either.
    let is_behind = |at: Timestamp| now.duration_since(at) > BEHIND;
    if oldest.is_some_and(|entry| entry.map_or(true, |entry| is_behind(entry.at))) {
        why.push("sequencer-behind");
    }
    if node.clock_doubt().await?.is_some() {
        why.push("clock-in-doubt");
    }
    let today = london_day(now)?;
    let pacts = node.pacts().await?;
    if !pacts.values().any(|pact| pact.in_force(today).is_ok()) {
        why.push("no-agreement-in-force");
    }
    // A lease of its own is a write like any other, and keeps nobody from anything.
    if store.lease("readiness", "readyz", now, now).await.is_err() {
        why.push("store-unwritable");
    }
    Ok(why)
}
