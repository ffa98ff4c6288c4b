//! The residence check (docs/residence-check.md): asked for by the system by which people apply or by a caseworker, answered
//! to the node of another party, and seen by whoever works on the application.

use std::collections::BTreeSet;
use std::sync::Arc;

use agreement::Plan;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use exchange::check;
use exchange::check::Request;
use exchange::ids::AgreementId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{about, as_resource, may};
use crate::answer::{Answer, Body, V1};
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{Problem, Told};

/// The agreements whose data goes into the same months and that are not the caller's to use.
async fn closed(app: &App, caller: &Caller, plan: &Plan) -> Result<BTreeSet<AgreementId>, Problem> {
    let (mut closed, pacts) = (BTreeSet::new(), app.node.pacts().await?);
    let others = plan.derived.values().flat_map(|d| &d.out_of_others);
    for (other, _, _) in others {
        // One that is not there is nobody's.
        let Some(pact) = pacts.get(other) else {
            continue;
        };
        let plan = app.node.plan_of(pact)?;
        if !caller.sees(app, &as_resource(app, other, &plan)) {
            closed.insert(other.clone());
        }
    }
    Ok(closed)
}

/// Have a check made; one of the same `request` is told again, and nobody is called.
#[utoipa::path(post, path = "/v1/residence-checks", operation_id = "checkResidence", tag = "residence", security(("token" = [])),
    request_body(content = Object, description = "The request, as docs/residence-check.md has it; its `request` is the name of this act", content_type = "application/json"), responses(
    (status = 200, description = "The outcome, and what the applicant is told to do next: no month and no value", body = Object, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn check(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Body(mut request): Body<Request>,
) -> Result<Answer<check::Checked>, Problem> {
    let plan = may(&app, &caller, &request.agreement).await?;
    request.closed = closed(&app, &caller, &plan).await?;
    about(&app, &caller, "application", &request.application).await?;
    // The number of the application is the caller's to choose; whom it asks about is not.
    if let Some(subject) = request.subject(&plan) {
        about(&app, &caller, "called", &subject).await?;
    }
    let who = match caller.principal.person {
        None => check::Caller::Applicant,
        Some(_) => check::Caller::Staff(caller.acts()?.clone()),
    };
    let checked = app.node.check(&request, &who).await?;
    app.metrics.checked(who.channel(), &checked);
    Ok(Answer(checked))
}

/// Which application.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// The agreement.
    #[schema(value_type = String)]
    agreement: AgreementId,
    /// The application's number.
    #[schema(value_type = String)]
    application: Zeroizing<String>,
}

/// What the checks of an application came to.
#[derive(Serialize)]
pub(crate) struct Seen {
    /// The protective marking of the agreement, as a reader sees it (SEC-05).
    marking: String,
    checks: Vec<check::Shown>,
}

/// See the months of an application, as a caseworker who works on it. That they were seen is in the ledger first.
#[utoipa::path(post, path = "/v1/residence-months", operation_id = "seeMonths", tag = "residence", security(("token" = [])),
    request_body = Which, responses(
    (status = 200, description = "`checks`: each with its outcome and its months", body = Object, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn months(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Body(which): Body<Which>,
) -> Result<Answer<Seen>, Problem> {
    let plan = may(&app, &caller, &which.agreement).await?;
    about(&app, &caller, "application", &which.application).await?;
    let (op, who) = (caller.operation("months")?, caller.acts()?);
    let of = (&which.agreement, which.application.as_str());
    let closed = closed(&app, &caller, &plan).await?;
    let (_, checks) = app.node.months(&op, of, who, &closed).await?;
    let marking = plan.marking.as_str().to_uppercase();
    Ok(Answer(Seen { marking, checks }))
}

/// Answer the call of another party's node, which its client certificate proves; no token is asked for.
#[utoipa::path(post, path = "/v1/calls", operation_id = "answerCall", tag = "residence", security(("certificate" = [])),
    request_body(content = Object, description = "The question, as docs/residence-check.md has it", content_type = "application/json"), responses(
    (status = 200, description = "The answer", body = Object, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    question: Bytes,
) -> Result<Response, Problem> {
    let from = &caller.principal.party;
    let asked = app.node.call_asked(&question, from).await;
    wiped(question);
    // Before anybody is looked for: a caller who is held back learns nothing of whom there are records.
    if let Some(subject) = asked.subject() {
        about(&app, &caller, "called", &subject).await?;
    }
    let answer = app.node.answer_call(asked).await;
    // Wiped when the last part of it is sent.
    let answer = Bytes::from_owner(answer?);
    Ok(([(header::CONTENT_TYPE, V1)], answer).into_response())
}

/// Wipes what came, where nothing else holds the buffer that it lies in.
fn wiped(bytes: Bytes) {
    if let Ok(mut bytes) = bytes.try_into_mut() {
        zeroize::Zeroize::zeroize(bytes.as_mut());
    }
}
