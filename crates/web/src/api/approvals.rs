//! Approvals: asked for by one person, decided by another.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use exchange::approval::Approval;
use exchange::change::Aggregate;
use exchange::ids::{AgreementId, FlowId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Did, Why, listed, may};
use crate::answer::{Answer, Body, Listing, Named, Page, Part};
use crate::app::App;
use crate::caller::Caller;
use crate::idempotency::Key;
use crate::problem::{BAD_REQUEST, Problem, Told};

/// An approval.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownApproval {
    /// The agreement.
    agreement: String,
    /// The flow.
    flow: String,
    /// The recipient.
    to: String,
    /// The route.
    route: String,
    /// How many records may go in any 12 months.
    volume: u64,
    /// Asked, referred, granted or refused.
    state: String,
}

impl ShownApproval {
    fn of(approval: &Approval) -> Self {
        let scope = approval.scope();
        Self {
            agreement: scope.agreement.to_string(),
            flow: scope.flow.to_string(),
            to: scope.to.to_string(),
            route: scope.route.clone(),
            volume: scope.volume,
            state: approval.status().to_owned(),
        }
    }
}

fn under(approval: &Approval) -> &AgreementId {
    &approval.scope().agreement
}

/// The approvals.
#[utoipa::path(get, path = "/v1/approvals", operation_id = "listApprovals", tag = "approvals", security(("token" = [])), params(Listing), responses(
    (status = 200, description = "A part of the list", body = Page<ShownApproval>, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    part: Part,
) -> Result<Answer<Page<ShownApproval>>, Problem> {
    let asked = (&*app, &caller, &part);
    Ok(Answer(listed(asked, under, ShownApproval::of).await?))
}

/// What is asked for.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// How many records may go in any 12 months.
    #[schema(minimum = 1, maximum = 1_000_000_000_000u64)]
    volume: u64,
}

/// Ask for the approval of so many records in any 12 months.
#[utoipa::path(post, path = "/v1/agreements/{agreement}/approvals/{flow}/ask", operation_id = "askApproval", tag = "approvals", security(("token" = [])),
    params(("agreement" = String, Path, description = "The agreement"), ("flow" = String, Path, description = "The flow"),
        ("Idempotency-Key" = String, Header, description = "A name of the caller's for this act", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")),
    request_body = Asked, responses(
    (status = 200, description = "It is asked for", body = Did, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Named((id, flow)): Named<(AgreementId, FlowId)>,
    key: Key,
    Body(asked): Body<Asked>,
) -> Result<Answer<Did>, Problem> {
    may(&app, &caller, &id).await?;
    if !(1..=1_000_000_000_000).contains(&asked.volume) {
        return Err(BAD_REQUEST.into());
    }
    let (op, who) = (key.operation(&app.node, &asked).await?, caller.acts()?);
    let done = app.node.ask_approval(&op, &id, &flow, asked.volume, who);
    Ok(Answer(Did::of(&done.await?)?))
}

/// Grant what was asked for.
#[utoipa::path(post, path = "/v1/agreements/{agreement}/approvals/{flow}/grant", operation_id = "grantApproval", tag = "approvals", security(("token" = [])),
    params(("agreement" = String, Path, description = "The agreement"), ("flow" = String, Path, description = "The flow"),
        ("Idempotency-Key" = String, Header, description = "A name of the caller's for this act", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")),
    responses(
    (status = 200, description = "It is granted", body = Did, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn grant(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Named((id, flow)): Named<(AgreementId, FlowId)>,
    key: Key,
) -> Result<Answer<Did>, Problem> {
    may(&app, &caller, &id).await?;
    let (op, who) = (key.operation(&app.node, &()).await?, caller.acts()?);
    let done = app.node.approve(&op, &id, &flow, who).await?;
    Ok(Answer(Did::of(&done)?))
}

/// Refuse it, with the full reason.
#[utoipa::path(post, path = "/v1/agreements/{agreement}/approvals/{flow}/refuse", operation_id = "refuseApproval", tag = "approvals", security(("token" = [])),
    params(("agreement" = String, Path, description = "The agreement"), ("flow" = String, Path, description = "The flow"),
        ("Idempotency-Key" = String, Header, description = "A name of the caller's for this act", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")),
    request_body = Why, responses(
    (status = 200, description = "It is refused", body = Did, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn refuse(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Named((id, flow)): Named<(AgreementId, FlowId)>,
    key: Key,
    Body(why): Body<Why>,
) -> Result<Answer<Did>, Problem> {
    may(&app, &caller, &id).await?;
    let reason = why.text()?;
    let (op, who) = (key.operation(&app.node, &why).await?, caller.acts()?);
    let done = app
        .node
        .refuse_approval(&op, &id, &flow, reason, who)
        .await?;
    Ok(Answer(Did::of(&done)?))
}

/// Refer it to the senior information risk owner, with the reason.
#[utoipa::path(post, path = "/v1/agreements/{agreement}/approvals/{flow}/refer", operation_id = "referApproval", tag = "approvals", security(("token" = [])),
    params(("agreement" = String, Path, description = "The agreement"), ("flow" = String, Path, description = "The flow"),
        ("Idempotency-Key" = String, Header, description = "A name of the caller's for this act", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]+$")),
    request_body = Why, responses(
    (status = 200, description = "It is referred", body = Did, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn refer(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Named((id, flow)): Named<(AgreementId, FlowId)>,
    key: Key,
    Body(why): Body<Why>,
) -> Result<Answer<Did>, Problem> {
    may(&app, &caller, &id).await?;
    let reason = why.text()?;
    let (op, who) = (key.operation(&app.node, &why).await?, caller.acts()?);
    let done = app
        .node
        .refer_approval(&op, &id, &flow, reason, who)
        .await?;
    Ok(Answer(Did::of(&done)?))
}
