//! The handlers, one file for each kind of thing. Each reads what is there, asks whether it is the caller's to see, and
//! shows the hub's own names, states and counts; none but a look-up shows a value of a person.

pub(crate) mod agreements;
pub(crate) mod approvals;
pub(crate) mod ledger;
pub(crate) mod look_ups;
pub(crate) mod overview;
pub(crate) mod residence;
pub(crate) mod runs;

use std::collections::BTreeMap;
use std::sync::Arc;

use agreement::{Plan, RouteKind};
use exchange::Done;
use exchange::change::Aggregate;
use exchange::ids::AgreementId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Page, Part};
use crate::app::App;
use crate::caller::Caller;
use crate::permission::Resource;
use crate::problem::{FAULT, NOT_FOUND, Problem};

/// What a write did.
#[derive(Serialize, ToSchema)]
pub(crate) struct Did {
    /// Was it done before, under the same key? Nothing happened again then.
    done_before: bool,
    /// The ledger entries that now stand for it.
    #[schema(value_type = Vec<Object>)]
    entries: Vec<serde_json::Value>,
}

impl Did {
    fn of(done: &Done) -> Result<Self, Problem> {
        Ok(Self {
            done_before: done.is_empty(),
            entries: done.iter().map(entry).collect::<Result<_, _>>()?,
        })
    }
}

/// An entry as the ledger has it (docs/formats/ledger.md): no text, only commitments to texts.
fn entry(entry: &::ledger::Entry) -> Result<serde_json::Value, Problem> {
    let bytes = entry.to_bytes().map_err(|_| FAULT)?;
    serde_json::from_slice(&bytes).map_err(|_| FAULT.into())
}

/// Why something is done: kept sealed, never logged.
#[derive(serde::Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    /// In words that name nobody.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

impl Why {
    /// The reason, if it is one.
    fn text(&self) -> Result<&str, Problem> {
        let length = self.reason.chars().count();
        if (1..=2000).contains(&length) {
            Ok(&self.reason)
        } else {
            Err(crate::problem::BAD_REQUEST.into())
        }
    }
}

/// An agreement on the table, as the policies see it.
async fn resource(app: &App, id: &AgreementId) -> Result<Resource, Problem> {
    let (_, plan) = app.node.agreement(id).await?;
    Ok(as_resource(app, id, &plan))
}

fn as_resource(app: &App, id: &AgreementId, plan: &Plan) -> Resource {
    let here = plan.parties.get(app.node.party());
    let direct = |route: &agreement::Route| route.kind == RouteKind::DirectAccess;
    Resource::Agreement {
        id: id.clone(),
        clearance: here
            .and_then(|party| party.clearance)
            .unwrap_or(agreement::Clearance::None),
        direct: plan.routes.values().any(direct),
    }
}

/// What this agreement compiles to, where the caller may do it to it. One that is not there answers as one that is not
/// theirs.
async fn may(app: &App, caller: &Caller, id: &AgreementId) -> Result<Arc<Plan>, Problem> {
    let pacts = app.node.pacts().await?;
    let plan = app.node.plan_of(pacts.get(id).ok_or(NOT_FOUND)?)?;
    caller.may(app, &as_resource(app, id, &plan)).await?;
    Ok(plan)
}

/// A caller asks about one subject once more: known to the limits by a keyed hash.
async fn about(app: &App, caller: &Caller, kind: &str, subject: &str) -> Result<(), Problem> {
    let of = zeroize::Zeroizing::new(format!("asked-about/{kind}/{subject}"));
    let hash = app.node.ports().vault.lookup_key(&of).await;
    let hash = hash.map_err(|fault| Problem::from(exchange::Trouble::from(fault)))?;
    app.limits.about(&caller.name, hash)
}

/// Which agreements of a list are the caller's to see: each is asked about once.
#[derive(Default)]
struct Seen(BTreeMap<AgreementId, bool>);

impl Seen {
    async fn shows(
        &mut self,
        app: &App,
        caller: &Caller,
        id: &AgreementId,
    ) -> Result<bool, Problem> {
        if let Some(known) = self.0.get(id) {
            return Ok(*known);
        }
        let may = caller.sees(app, &resource(app, id).await?);
        self.0.insert(id.clone(), may);
        Ok(may)
    }
}

/// The part of the list of all of these whose agreement is the caller's to see, in order of their keys. Read in pieces:
/// what a page costs does not grow with the list.
async fn listed<A: Aggregate, T>(
    (app, caller, part): (&App, &Caller, &Part),
    agreement: impl Fn(&A) -> &AgreementId,
    show: impl Fn(&A) -> T,
) -> Result<Page<T>, Problem> {
    let (mut items, mut seen) = (Vec::new(), Seen::default());
    let (mut last, mut from) = (None, part.after.clone().unwrap_or_default());
    loop {
        let piece: Vec<(String, A)> = app.node.after("", &from, part.one_more()).await?;
        let ended = piece.len() <= part.limit;
        for (key, one) in piece {
            if seen.shows(app, caller, agreement(&one)).await? {
                if items.len() == part.limit {
                    return Ok(Page { items, next: last });
                }
                items.push(show(&one));
                last = Some(key.clone());
            }
            from = key;
        }
        if ended {
            return Ok(Page { items, next: None });
        }
    }
}
