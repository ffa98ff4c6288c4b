//! `concordat destroy`: lets fall due what is due, and says what waits for which event; or, by a person's word and with
//! the reason, destroys one set of values early.

use exchange::authority::Person;
use exchange::ids::HoldingId;
use serde_json::json;

use super::acting::{Said, Working, op, tell};
use super::{due, node};
use crate::fail::Fail;

/// Arguments of `destroy`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat destroy\n\nExample: concordat destroy --holding ask-2026-12/reply.1/hmrc-found --reason \"not needed\" --as c1:caseworker"
)]
pub(crate) struct Args {
    /// Destroy this set of values before its date, as `concordat due` names it.
    #[arg(long, requires = "reason", requires = "who")]
    holding: Option<String>,
    /// Why it is destroyed early.
    #[arg(long, requires = "holding")]
    reason: Option<String>,
    /// Who acts, where something is destroyed early: a staff handle and a role, such as c1:caseworker (the local
    /// single-user mode).
    #[arg(id = "who", long = "as", value_name = "STAFF:ROLE", value_parser = super::acting::person)]
    who: Option<Person>,
    #[command(flatten)]
    working: Working,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    let result = match (&args.holding, &args.reason, &args.who) {
        (Some(holding), Some(reason), Some(who)) => {
            early(&args.working, holding, reason, who).await
        }
        _ => what_is_due(&args.working).await,
    };
    tell(&args.working, result)
}

async fn early(working: &Working, holding: &str, reason: &str, who: &Person) -> Result<Said, Fail> {
    let node = working.node().await?;
    let id = HoldingId::parse(holding)?;
    let op = op("destroy", &id)?;
    let done = node.destroy_early(&op, &id, reason, who).await?;
    Ok(Said::did(format!("The values of {id} are to be destroyed now."), done)
        .next("`concordat node work` destroys the key and writes the certificate")
        .undo("a destroyed key does not come back; the sender may send the values again in another run"))
}

/// A round of the worker, told by what it destroyed.
async fn what_is_due(working: &Working) -> Result<Said, Fail> {
    let node = working.node().await?;
    let now = node.ports().clock.now();
    let due = node.ports().store.due(now, u32::MAX).await?;
    let said = node::round(&node).await?;
    let waiting: Vec<_> = due::holdings(&node)
        .await?
        .into_iter()
        .filter(|item| item.on.is_none())
        .collect();
    let mut said = said.renamed(format!(
        "Sets of values that were due: {}; the worker did a whole round. Sets that wait for an event: {}.",
        due.len(),
        waiting.len()
    ));
    for item in &waiting {
        said = said.line(format!("  waits: {}; {}", item.what, item.then));
    }
    Ok(said
        .with("due", json!(due.len()))
        .with("waiting", json!(waiting))
        .next("`concordat due` says what falls due later")
        .undo("a destroyed key does not come back"))
}
