//! `concordat prove`: makes the small file that an outsider checks offline with `concordat verify --proof`. No value of a
//! person is in it.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use exchange::Node;
use exchange::ids::{FlowId, RunId};
use exchange::leg::Leg;
use exchange::node::Proven;

use super::acting::{At, Said, flow_id, run_id, show};
use crate::fail::Fail;
use crate::{house, say};

/// Arguments of `prove`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat prove disclosure ask-2026-12 ask --row 4 --out proof.json\n\nWhoever gets the file checks it with the public key of the ledger:\n\n    concordat verify proof.json --proof --key ho/ledger/key"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Prove that a file left: when, to whom, under which agreement; with --row, which fields a row of it had, each under
    /// its permit and gateway, and that nothing else left in that row.
    #[command(
        after_help = "Example: concordat prove disclosure ask-2026-12 ask --row 4 --out proof.json\n\nA row is proven while the key of its values lives. That the file left can be proven for as long as the ledger stands."
    )]
    Disclosure {
        /// The run.
        #[arg(value_parser = run_id)]
        run: RunId,
        /// The flow. [default: the only one of the run whose file left here]
        #[arg(value_parser = flow_id)]
        flow: Option<FlowId>,
        /// A row of the file, from 1, as `run status` and `review list` count them.
        #[arg(long)]
        row: Option<u64>,
        #[command(flatten)]
        to: To,
    },
    /// Prove that the ledger has the certificate of a destruction.
    #[command(
        after_help = "Example: concordat prove destruction ask-2026-12/reply.1/hmrc-found --out certificate.json"
    )]
    Destruction {
        /// The set of values, as `concordat due` named it.
        holding: String,
        #[command(flatten)]
        to: To,
    },
}

#[derive(clap::Args)]
struct To {
    /// The file that the proof is written to. [default: it is printed]
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    at: At,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match &args.what {
        What::Disclosure { run, flow, row, to } => {
            let proven = disclosure(&to.at, run, flow.as_ref(), *row).await;
            hand_out(to, proven)
        }
        What::Destruction { holding, to } => {
            let node = to.at.node().await?;
            let proven = node.prove_destroyed(holding).await;
            hand_out(to, proven.map_err(Fail::from))
        }
    }
}

async fn disclosure(
    at: &At,
    run: &RunId,
    flow: Option<&FlowId>,
    row: Option<u64>,
) -> Result<Proven, Fail> {
    let node = at.node().await?;
    let flow = match flow {
        Some(flow) => flow.clone(),
        None => only_flow(&node, run).await?,
    };
    Ok(match row {
        Some(row) => node.prove_fields(run, &flow, row).await?,
        None => node.prove_disclosure(run, &flow).await?,
    })
}

async fn only_flow(node: &Node, run: &RunId) -> Result<FlowId, Fail> {
    let legs: Vec<Leg> = node.under(&format!("{run}/")).await?;
    let mut left = legs.iter().filter(|leg| leg.disclosure().is_some());
    match (left.next(), left.next()) {
        (Some(leg), None) => Ok(leg.flow().clone()),
        (Some(_), Some(_)) => Err(Fail::usage(format!(
            "several files of {run} left here: name the flow that is meant"
        ))),
        (None, _) => Err(Fail::no(format!(
            "no file of {run} left this node: `concordat run status` lists what there is"
        ))),
    }
}

fn hand_out(to: &To, proven: Result<Proven, Fail>) -> Result<(), Fail> {
    match (&to.out, proven) {
        (Some(path), Ok(proven)) => show(&to.at, written(path, &proven)),
        (None, Ok(proven)) => {
            say(serde_json::to_string_pretty(&proven.proof)?);
            Ok(())
        }
        (_, Err(fail)) => show(&to.at, Err(fail)),
    }
}

fn written(path: &Path, proven: &Proven) -> Result<Said, Fail> {
    let json = serde_json::to_vec_pretty(&proven.proof)?;
    house::whole(path, &json)?;
    Ok(
        Said::shown(format!("The proof is in {}.", path.display()))
            .line(format!("  the ledger's public key: {}", proven.key))
            .next(format!(
                "whoever gets it checks it with `concordat verify {} --proof --key KEY`, with the key taken from a place \
                 that they trust",
                path.display()
            )),
    )
}
