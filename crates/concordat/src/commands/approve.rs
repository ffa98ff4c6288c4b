//! `concordat approve`: asking for the approval of a flow's volume, and deciding on it.

use clap::Subcommand;
use exchange::Node;
use exchange::approval::Approval;
use exchange::change::Aggregate;
use exchange::ids::{AgreementId, FlowId};

use super::acting::{self, Acting, Said, agreement_id, flow_id, op, tell};
use crate::fail::Fail;

/// Arguments of `approve`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat approve ask ask --volume 600 --as o1:data-sharing-officer"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Ask for the approval of so many records in any 12 months.
    #[command(
        after_help = "Example: concordat approve ask ask --volume 600 --as o1:data-sharing-officer"
    )]
    Ask {
        #[command(flatten)]
        of: Of,
        /// How many records may go in any 12 months.
        #[arg(long)]
        volume: u64,
    },
    /// Grant what was asked for.
    #[command(after_help = "Example: concordat approve grant ask --as i1:iao")]
    Grant {
        #[command(flatten)]
        of: Of,
    },
    /// Refuse it, with the full reason.
    #[command(
        after_help = "Example: concordat approve refuse ask --reason \"no assessment was done\" --as i1:iao"
    )]
    Refuse {
        #[command(flatten)]
        of: Of,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Refer it to the senior information risk owner, with the reason.
    #[command(
        after_help = "Example: concordat approve refer ask --reason \"a new kind of recipient\" --as i1:iao"
    )]
    Refer {
        #[command(flatten)]
        of: Of,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(clap::Args)]
struct Of {
    /// The flow.
    #[arg(value_parser = flow_id)]
    flow: FlowId,
    /// The agreement. [default: the only one on the table]
    #[arg(long, value_parser = agreement_id)]
    agreement: Option<AgreementId>,
    #[command(flatten)]
    by: Acting,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    let of = match &args.what {
        What::Ask { of, .. }
        | What::Grant { of }
        | What::Refuse { of, .. }
        | What::Refer { of, .. } => of,
    };
    tell(&of.by.working, act(&args.what, of).await)
}

/// How often the approval was moved before it is (or was, when the command is given again) in this state: the number of
/// the operation.
async fn moved(node: &Node, key: &str, then: &[&str]) -> Result<u64, Fail> {
    let found: Option<Approval> = node.find(key).await?;
    Ok(found.map_or(0, |a| {
        let there = then.contains(&a.status());
        a.version() - u64::from(there)
    }))
}

async fn act(what: &What, of: &Of) -> Result<Said, Fail> {
    let node = of.by.working.node().await?;
    let id = acting::agreement(&node, of.agreement.as_ref()).await?;
    let (flow, who) = (&of.flow, &of.by.who);
    let key = Approval::key_of(&id, flow);
    Ok(match what {
        What::Ask { volume, .. } => {
            let n = moved(&node, &key, &["asked"]).await?;
            let op = op("approval.ask", format!("{key}/{volume}/{n}"))?;
            let done = node.ask_approval(&op, &id, flow, *volume, who).await?;
            Said::did(
                format!("Approval was asked for: {volume} records in any 12 months by {flow}."),
                done,
            )
            .next(format!(
                "somebody else decides: `concordat approve grant {flow} --as STAFF:iao` (over 1000 records, or where it \
                 is referred: siro)"
            ))
            .undo("have it refused, with the reason, and ask anew")
        }
        What::Grant { .. } => {
            let n = moved(&node, &key, &["granted"]).await?;
            let op = op("approval.grant", format!("{key}/{n}"))?;
            Said::did(
                format!("The approval of {flow} was granted."),
                node.approve(&op, &id, flow, who).await?,
            )
            .next(format!(
                "`concordat run start {flow} --run NAME`, when it is the flow's time"
            ))
            .undo("it covers this version, recipient, route and volume only; ask anew to have it decided anew")
        }
        What::Refuse { reason, .. } => {
            let n = moved(&node, &key, &["refused"]).await?;
            let op = op("approval.refuse", format!("{key}/{n}"))?;
            Said::did(
                format!(
                    "The approval of {flow} was refused; the reason goes back to whoever asked."
                ),
                node.refuse_approval(&op, &id, flow, reason, who).await?,
            )
            .undo(format!(
                "whoever asked may ask anew: `concordat approve ask {flow} --volume N`"
            ))
        }
        What::Refer { reason, .. } => {
            let n = moved(&node, &key, &["referred"]).await?;
            let op = op("approval.refer", format!("{key}/{n}"))?;
            Said::did(
                format!("The approval of {flow} was referred upward."),
                node.refer_approval(&op, &id, flow, reason, who).await?,
            )
            .next(format!(
                "the senior information risk owner decides: `concordat approve grant {flow} --as STAFF:siro`"
            ))
            .undo("the senior information risk owner's word ends it")
        }
    })
}
