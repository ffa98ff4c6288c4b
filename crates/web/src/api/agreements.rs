//! Agreements on the node's table: how each stands today.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use exchange::deadline::london_day;
use exchange::ids::AgreementId;
use exchange::pact::Pact;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::{listed, may};
use crate::answer::{Answer, Listing, Named, Page, Part};
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{NOT_FOUND, Problem, Told};

/// How an agreement stands today.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownAgreement {
    /// Its name.
    agreement: String,
    /// The hash that the parties sign.
    hash: String,
    /// How far it has come.
    stage: String,
    /// Is it in force today?
    in_force: bool,
    /// What it waits for, where it is not.
    why_not: Vec<String>,
    /// The last day of its term.
    #[schema(value_type = Option<String>, format = Date)]
    last_day: Option<Date>,
}

impl ShownAgreement {
    fn of(pact: &Pact, today: Date) -> Self {
        let open = pact.in_force(today).err().unwrap_or_default();
        Self {
            agreement: pact.id().to_string(),
            hash: pact.hash().to_string(),
            stage: pact.stage(today).to_owned(),
            in_force: open.is_empty(),
            why_not: open.into_iter().map(|refusal| refusal.what).collect(),
            last_day: pact.last(),
        }
    }
}

/// The agreements on the table.
#[utoipa::path(get, path = "/v1/agreements", operation_id = "listAgreements", tag = "agreements", security(("token" = [])), params(Listing), responses(
    (status = 200, description = "A part of the list", body = Page<ShownAgreement>, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    part: Part,
) -> Result<Answer<Page<ShownAgreement>>, Problem> {
    let today = london_day(app.node.ports().clock.now()).map_err(exchange::Trouble::from)?;
    let asked = (&*app, &caller, &part);
    let show = |pact: &Pact| ShownAgreement::of(pact, today);
    Ok(Answer(listed(asked, Pact::id, show).await?))
}

/// One agreement.
#[utoipa::path(get, path = "/v1/agreements/{agreement}", operation_id = "readAgreement", tag = "agreements", security(("token" = [])),
    params(("agreement" = String, Path, description = "Its name")), responses(
    (status = 200, description = "How it stands", body = ShownAgreement, content_type = "application/vnd.concordat.v1+json"),
    (status = "default", description = "A problem", body = Told, content_type = "application/problem+json"),
))]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Named(id): Named<AgreementId>,
) -> Result<Answer<ShownAgreement>, Problem> {
    may(&app, &caller, &id).await?;
    let today = london_day(app.node.ports().clock.now()).map_err(exchange::Trouble::from)?;
    let pact: Pact = app.node.find(id.as_str()).await?.ok_or(NOT_FOUND)?;
    Ok(Answer(ShownAgreement::of(&pact, today)))
}
