//! `concordat trail`: the whole trail of testing, evaluation and justification of an exchange, in one file that an outsider
//! checks offline (AUD-04).

use std::path::PathBuf;

use exchange::ids::{AgreementId, ProjectId};
use exchange::of_project;
use ledger::{Trail, VerifierKey};
use serde_json::json;

use super::acting::{self, At, Said, agreement_id, project_id, show};
use crate::fail::Fail;
use crate::{house, say};

/// Arguments of `trail`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat trail --project contact-2026 --out trail.json\n\nWhoever gets the file checks it with the public key of the ledger:\n\n    concordat verify trail.json --trail --key ho/ledger/key"
)]
pub(crate) struct Args {
    /// The agreement. [default: the only one on the table]
    #[arg(value_parser = agreement_id, conflicts_with = "project")]
    agreement: Option<AgreementId>,
    /// All agreements of a project of this party, a proof of concept among them.
    #[arg(long, value_parser = project_id)]
    project: Option<ProjectId>,
    /// The file that the trail is written to. [default: it is printed]
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    at: At,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match (&args.out, gathered(args).await) {
        (Some(path), Ok((trail, key))) => show(&args.at, written(path, &trail, &key)),
        (None, Ok((trail, _))) => {
            say(serde_json::to_string_pretty(&trail)?);
            Ok(())
        }
        (_, Err(fail)) => show(&args.at, Err(fail)),
    }
}

async fn gathered(args: &Args) -> Result<(Trail, String), Fail> {
    let node = args.at.node().await?;
    let of = match &args.project {
        Some(project) => {
            of_project(&node.all().await?, project).map_err(exchange::Trouble::from)?
        }
        None => vec![acting::agreement(&node, args.agreement.as_ref()).await?],
    };
    let trail = node.trail(&of).await?;
    Ok((trail, node.ports().signer.card().verifier))
}

fn written(path: &PathBuf, trail: &Trail, key: &str) -> Result<Said, Fail> {
    let parsed = VerifierKey::parse(key).map_err(|e| Fail::fault(e.to_string()))?;
    let walked = trail
        .check(&parsed)
        .map_err(|e| Fail::fault(e.to_string()))?;
    house::whole(path, &serde_json::to_vec_pretty(trail)?)?;
    let mut said = Said::shown(format!("The trail is in {}.", path.display()))
        .line(format!("  the ledger's public key: {key}"))
        .with("file", json!(path))
        .with("kinds", json!(walked.kinds))
        .with("missing", json!(walked.missing));
    for (kind, count) in &walked.kinds {
        said = said.line(format!("  {count:>6} {kind}"));
    }
    for kind in &walked.missing {
        said = said.line(format!(
            "  nothing of the kind {kind} stands in this ledger: the trail is not complete"
        ));
    }
    Ok(said.next(format!(
        "whoever gets it checks it with `concordat verify {} --trail --key KEY`, with the key taken from a place that they trust; \
         reasons and words stand in it, opened",
        path.display()
    )))
}
