//! What is told of the node as a whole.

use std::sync::Arc;

use axum::extract::State;

use crate::answer::{Answer, Listing, Page, Part};
use crate::app::{App, Waiting};
use crate::problem::{Problem, Told};

/// What falls due when, and what waits for whom; what has a date first.
#[utoipa::path(get, path = "/v1/due", operation_id = "listDue", tag = "overview", security(("token" = [])), params(Listing), responses(
    (status = 200, description = "A part of the list", body = Page<Waiting>, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn due(
    State(app): State<Arc<App>>,
    part: Part,
) -> Result<Answer<Page<Waiting>>, Problem> {
    let key = |w: &Waiting| {
        // What has no date stands after every date.
        let on = w.on.map_or("waits".to_owned(), |on| on.to_string());
        let what = ::ledger::Digest::of(format!("{}\n{}\n{}", w.whose, w.what, w.then).as_bytes());
        format!("{on}/{what}")
    };
    Ok(Answer(Page::of(app.overview.due().await?, key, &part)))
}

/// What the agreements did, in counts, names of the hub and dates.
#[utoipa::path(get, path = "/v1/report", operation_id = "readReport", tag = "overview", security(("token" = [])), responses(
    (status = 200, description = "The report, as `concordat report --json` prints it", body = Object, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
) -> Result<Answer<serde_json::Value>, Problem> {
    Ok(Answer(app.overview.report().await?))
}
