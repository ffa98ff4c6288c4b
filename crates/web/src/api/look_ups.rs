//! Looking one person up (docs/look-up.md). The answer is made, with its entry, and then kept back until the instant that
//! the domain names: neither its bytes nor its time tell why nothing is shown.

use std::sync::Arc;

use agreement::PurposeId;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use exchange::lookup::{self, Asker, Request, not_before};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::answer::{Answer, Body};
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{DENIED, FAULT, Problem, Rule, Told};

/// One look-up, as it is asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// The case register's key of the one person, exactly.
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    reference: Zeroizing<String>,
    /// The case that it is for.
    #[schema(min_length = 1, max_length = 64)]
    case: String,
    /// Why; kept sealed.
    #[schema(min_length = 1)]
    reason: String,
    /// For which purpose of the agreements.
    #[schema(value_type = String)]
    purpose: PurposeId,
    /// Why what is sensitive must be seen; without it that stays masked.
    #[serde(default)]
    unmask: Option<String>,
}

impl From<Question> for Request {
    fn from(question: Question) -> Self {
        Self {
            reference: question.reference,
            case: question.case,
            reason: question.reason,
            purpose: question.purpose,
            unmask: question.unmask,
        }
    }
}

/// Look one person up, for a case and with a reason. Each time is a look-up of its own, in the ledger before it is answered.
#[utoipa::path(post, path = "/v1/look-ups", operation_id = "lookUp", tag = "look-ups", security(("token" = [])),
    request_body = Question, responses(
    (status = 200, description = "`answer` is `shown`, with what is `held`, or `nothing`: one answer for whatever depends on the person",
        body = Object, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Body(question): Body<Question>,
) -> Result<Response, Problem> {
    let asked = app.node.ports().clock.now();
    let request = Request::from(question);
    super::about(&app, &caller, "person", &request.reference).await?;
    let (asker, op) = (asker(&app, &caller)?, caller.operation("look-up")?);
    let (answer, at) = match app.node.look_up(&op, &asker, &request).await {
        Ok(looked) => (answer(looked.answer), looked.not_before),
        // A fault may depend on the person too.
        Err(trouble) => {
            let now = app.node.ports().clock.now();
            (Err(trouble.into()), not_before(asked, now))
        }
    };
    wait(&app, at).await;
    answer
}

/// The whole answer, made before it is waited for.
fn answer(answer: lookup::Answer) -> Result<Response, Problem> {
    match answer {
        lookup::Answer::Refused { refused } => Err(Problem {
            rules: refused.iter().map(Rule::from).collect(),
            ..Problem::from(DENIED)
        }),
        told
        @ (lookup::Answer::Shown { .. } | lookup::Answer::Nothing | lookup::Answer::Before) => {
            Ok(Answer(told).into_response())
        }
    }
}

/// What a look-up asks about the caller, as the staff list has it. Whoever is not in it has no unit, no purpose and no case,
/// and is refused by those rules.
fn asker(app: &App, caller: &Caller) -> Result<Asker, Problem> {
    let person = caller.acts()?;
    let list = app.askers.read().map_err(|_| FAULT)?.clone();
    if let Some(listed) = list.iter().find(|asker| asker.person == *person) {
        return Ok(listed.clone());
    }
    Ok(Asker {
        person: person.clone(),
        party: caller.principal.party.clone(),
        unit: String::new(),
        team: String::new(),
        clearance: agreement::Clearance::None,
        authorised: false,
        trained_until: None,
        purposes: Default::default(),
        cases: Default::default(),
    })
}

async fn wait(app: &App, until: Timestamp) {
    let left = until.duration_since(app.node.ports().clock.now());
    if let Ok(left) = std::time::Duration::try_from(left) {
        tokio::time::sleep(left).await;
    }
}
