//! Runs, their files, and the matches of a file by row number.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use exchange::change::Aggregate;
use exchange::ids::{FlowId, OperationId, RunId};
use exchange::leg::{Leg, Side, State as Step};
use exchange::matches::Match;
use exchange::run::Run;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Did, Why, listed, may};
use crate::answer::{Answer, Body, Listing, Named, Page, Part};
use crate::app::App;
use crate::caller::Caller;
use crate::idempotency::Key;
use crate::problem::{NOT_FOUND, Problem, Told};

/// A run that this node started.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownRun {
    /// Its name.
    run: String,
    /// The agreement.
    agreement: String,
    /// The flow that it starts with.
    flow: String,
    /// Its kind.
    kind: String,
    /// The day on which it was started.
    #[schema(value_type = String, format = Date)]
    on: Date,
    /// Open, closing or closed.
    state: String,
    /// How many are in the register, meet the condition, and were selected.
    register: u64,
    eligible: u64,
    selected: u64,
}

impl ShownRun {
    fn of(run: &Run) -> Self {
        let pool = run.pool();
        Self {
            run: run.id().to_string(),
            agreement: run.agreement().to_string(),
            flow: run.flow().to_string(),
            kind: run.kind().name().to_owned(),
            on: run.on(),
            state: run.status().to_owned(),
            register: pool.register,
            eligible: pool.eligible,
            selected: pool.first + pool.again,
        }
    }
}

/// A file of a run, sent or received.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownFile {
    /// The run.
    run: String,
    /// The flow.
    flow: String,
    /// The agreement.
    agreement: String,
    /// Is it sent or received here?
    side: String,
    /// The other party.
    peer: String,
    /// Its state; `held` waits for a person.
    state: String,
    /// Its rows.
    rows: u64,
    /// Is its answer late?
    late: bool,
    /// What was found to be wrong with it: rule and place, never a value.
    fault: Option<String>,
}

impl ShownFile {
    fn of(leg: &Leg) -> Self {
        let side = match leg.side() {
            Side::Sender => "sender",
            Side::Receiver => "receiver",
        };
        Self {
            run: leg.run().to_string(),
            flow: leg.flow().to_string(),
            agreement: leg.agreement().to_string(),
            side: side.to_owned(),
            peer: leg.peer().to_string(),
            state: leg.state().name().to_owned(),
            rows: leg.rows(),
            late: leg.is_late(),
            fault: leg.fault().map(ToString::to_string),
        }
    }
}

/// A match: which row, by what evidence, and how it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownMatch {
    /// The row of the file.
    row: u64,
    /// `strong`, `weak` or `partner-answer`.
    evidence: String,
    /// How it stands.
    standing: String,
    /// Does somebody still have to decide?
    open: bool,
}

impl ShownMatch {
    fn of(found: &Match) -> Self {
        Self {
            row: found.row(),
            evidence: found.evidence().name().to_owned(),
            standing: found.standing().name().to_owned(),
            open: found.standing().is_open(),
        }
    }
}

/// The runs that this node started.
#[utoipa::path(get, path = "/v1/runs", operation_id = "listRuns", tag = "runs", security(("token" = [])), params(Listing), responses(
    (status = 200, description = "A part of the list", body = Page<ShownRun>, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    part: Part,
) -> Result<Answer<Page<ShownRun>>, Problem> {
    let asked = (&*app, &caller, &part);
    Ok(Answer(listed(asked, Run::agreement, ShownRun::of).await?))
}

/// One run.
#[utoipa::path(get, path = "/v1/runs/{run}", operation_id = "readRun", tag = "runs", security(("token" = [])),
    params(("run" = String, Path, description = "Its name")), responses(
    (status = 200, description = "The run", body = ShownRun, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Named(id): Named<RunId>,
) -> Result<Answer<ShownRun>, Problem> {
    let run: Run = app.node.find(id.as_str()).await?.ok_or(NOT_FOUND)?;
    may(&app, &caller, run.agreement()).await?;
    Ok(Answer(ShownRun::of(&run)))
}

/// The files of all runs, sent and received.
#[utoipa::path(get, path = "/v1/files", operation_id = "listFiles", tag = "runs", security(("token" = [])), params(Listing), responses(
    (status = 200, description = "A part of the list", body = Page<ShownFile>, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn files(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    part: Part,
) -> Result<Answer<Page<ShownFile>>, Problem> {
    let asked = (&*app, &caller, &part);
    Ok(Answer(listed(asked, Leg::agreement, ShownFile::of).await?))
}

/// The file of this run and flow, if it is the caller's to see.
async fn file(app: &App, caller: &Caller, run: &RunId, flow: &FlowId) -> Result<Leg, Problem> {
    let leg: Option<Leg> = app.node.find(&Leg::key_of(run, flow)).await?;
    let leg = leg.ok_or(NOT_FOUND)?;
    may(app, caller, leg.agreement()).await?;
    Ok(leg)
}

/// Check a prepared file and release it; it is sealed, and sent by the worker.
#[utoipa::path(post, path = "/v1/runs/{run}/files/{flow}/release", operation_id = "releaseFile", tag = "runs", security(("token" = [])),
    params(("run" = String, Path, description = "The run"), ("flow" = String, Path, description = "The flow"),
        ("Idempotency-Key" = String, Header, description = "A name of the caller's for this act", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")),
    responses(
    (status = 200, description = "It is released", body = Did, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn release(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Named((run, flow)): Named<(RunId, FlowId)>,
    key: Key,
) -> Result<Answer<Did>, Problem> {
    let leg = file(&app, &caller, &run, &flow).await?;
    let (op, who) = (key.operation(&app.node, &()).await?, caller.acts()?);
    let part = |name| OperationId::parse(format!("{op}/{name}")).map_err(exchange::Trouble::from);
    let mut done = Vec::new();
    if leg.state() == Step::Prepared {
        done.extend(app.node.validate(&part("validate")?, &run, &flow).await?);
    }
    done.extend(app.node.release(&op, &run, &flow, who).await?);
    if !app.node.is_by_hand(leg.peer()) {
        done.extend(app.node.seal(&part("seal")?, &run, &flow).await?);
    }
    Ok(Answer(Did::of(&done)?))
}

/// The matches of a file.
#[utoipa::path(get, path = "/v1/runs/{run}/files/{flow}/matches", operation_id = "listMatches", tag = "matches", security(("token" = [])),
    params(("run" = String, Path, description = "The run"), ("flow" = String, Path, description = "The flow"), Listing),
    responses(
    (status = 200, description = "A part of the list", body = Page<ShownMatch>, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn matches(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Named((run, flow)): Named<(RunId, FlowId)>,
    part: Part,
) -> Result<Answer<Page<ShownMatch>>, Problem> {
    file(&app, &caller, &run, &flow).await?;
    let file = format!("{run}/{flow}/");
    let after = part.after.as_ref();
    let after = after.map_or_else(String::new, |row| format!("{file}{row}"));
    let mut found: Vec<(String, Match)> = app.node.after(&file, &after, part.one_more()).await?;
    let more = found.len() > part.limit;
    found.truncate(part.limit);
    let last = found.last().and_then(|(key, _)| key.strip_prefix(&file));
    let next = last.filter(|_| more).map(str::to_owned);
    let items = found.iter().map(|(_, m)| ShownMatch::of(m)).collect();
    Ok(Answer(Page { items, next }))
}

/// Confirm the match of a row: it is the same person.
#[utoipa::path(post, path = "/v1/runs/{run}/files/{flow}/matches/{row}/confirm", operation_id = "confirmMatch", tag = "matches", security(("token" = [])),
    params(("run" = String, Path, description = "The run"), ("flow" = String, Path, description = "The flow"), ("row" = u64, Path, description = "The row"),
        ("Idempotency-Key" = String, Header, description = "A name of the caller's for this act", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")),
    request_body = Why, responses(
    (status = 200, description = "It is confirmed", body = Did, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn confirm(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Named((run, flow, row)): Named<(RunId, FlowId, u64)>,
    key: Key,
    Body(why): Body<Why>,
) -> Result<Answer<Did>, Problem> {
    file(&app, &caller, &run, &flow).await?;
    let reason = why.text()?;
    let (op, who) = (key.operation(&app.node, &why).await?, caller.acts()?);
    let done = app
        .node
        .confirm(&op, (&run, &flow, row), reason, who)
        .await?;
    Ok(Answer(Did::of(&done)?))
}

/// Refute the match of a row; a confirmed one is undone everywhere it went.
#[utoipa::path(post, path = "/v1/runs/{run}/files/{flow}/matches/{row}/refute", operation_id = "refuteMatch", tag = "matches", security(("token" = [])),
    params(("run" = String, Path, description = "The run"), ("flow" = String, Path, description = "The flow"), ("row" = u64, Path, description = "The row"),
        ("Idempotency-Key" = String, Header, description = "A name of the caller's for this act", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")),
    request_body = Why, responses(
    (status = 200, description = "It is refuted", body = Did, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn refute(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Named((run, flow, row)): Named<(RunId, FlowId, u64)>,
    key: Key,
    Body(why): Body<Why>,
) -> Result<Answer<Did>, Problem> {
    file(&app, &caller, &run, &flow).await?;
    let reason = why.text()?;
    let (op, who) = (key.operation(&app.node, &why).await?, caller.acts()?);
    let done = app
        .node
        .refute(&op, (&run, &flow, row), reason, who)
        .await?;
    Ok(Answer(Did::of(&done)?))
}
