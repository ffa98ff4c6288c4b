//! `concordat solution`: matching solutions of a node. None matches anybody before its test report is signed and
//! another person puts it to use (MATCH-17).

use std::path::PathBuf;

use clap::Subcommand;
use exchange::solution::{Solution, State};
use serde_json::json;

use super::acting::{Acting, At, Said, op, show, tell};
use super::shelf::read;
use crate::fail::Fail;

/// Arguments of `solution`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat solution status --dir hmrc")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Sign the report of a test of the solution that node.toml names.
    #[command(
        after_help = "Example: concordat solution test quality/quality.json --as a1:analyst\n\n`concordat link evaluate` makes the report. It must be of this version, and show what the model is documented to do."
    )]
    Test {
        /// The report.
        report: PathBuf,
        #[command(flatten)]
        by: Acting,
    },
    /// Put the tested solution to use; the one that was in use is retired with it.
    #[command(after_help = "Example: concordat solution use --as i1:iao")]
    Use {
        #[command(flatten)]
        by: Acting,
    },
    /// End the solution's use: nothing is matched any more.
    #[command(
        after_help = "Example: concordat solution retire --reason \"a new list needs a new test\" --as i1:iao"
    )]
    Retire {
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Say which versions there are, and which of them matches.
    #[command(after_help = "Example: concordat solution status --dir hmrc")]
    Status(At),
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match &args.what {
        What::Test { report, by } => tell(&by.working, test(report, by).await),
        What::Use { by } => tell(&by.working, put_to_use(by).await),
        What::Retire { reason, by } => tell(&by.working, retire(reason, by).await),
        What::Status(at) => show(at, status(at).await),
    }
}

/// How often the node's versions have changed: each time is another act.
async fn changes(node: &exchange::Node) -> Result<u64, Fail> {
    let all: Vec<Solution> = node.all().await?;
    Ok(all.iter().map(exchange::change::Aggregate::version).sum())
}

async fn test(report: &std::path::Path, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let report = read(report)?;
    let op = op("solution-test", ledger::Digest::of(&report))?;
    let done = node.test_solution(&op, &report, &by.who).await?;
    Ok(Said::did("The test report is signed.", done)
        .next("the information asset owner or the senior risk owner, and not the tester, puts the solution to use: `concordat solution use`")
        .undo("`concordat solution retire`"))
}

async fn put_to_use(by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let op = op("solution-use", changes(&node).await?)?;
    let done = node.use_solution(&op, &by.who).await?;
    Ok(Said::did("The matching solution is in use.", done)
        .next("`concordat run` matches with it from now on")
        .undo("`concordat solution retire`"))
}

async fn retire(reason: &str, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let op = op("solution-retire", changes(&node).await?)?;
    let done = node.retire_solution(&op, reason, &by.who).await?;
    Ok(
        Said::did("The matching solution is retired: nothing is matched.", done)
            .next("look again at the matches that it made and nobody has decided yet: `concordat review list`")
            .undo("`concordat solution use`"),
    )
}

async fn status(at: &At) -> Result<Said, Fail> {
    let node = at.node().await?;
    let here = node.ports().matching.as_ref().map(|m| m.version);
    let all: Vec<Solution> = node.all().await?;
    let in_use = all.iter().filter(|s| s.state() == State::InUse).count();
    let mut said = Said::shown(format!(
        "Matching solutions: {}; in use: {in_use}.",
        all.len()
    ));
    for solution in &all {
        let stands = if here == Some(solution.of()) {
            ", the one that node.toml names"
        } else {
            ""
        };
        said = said.line(format!(
            "  {} {}: {}{stands}",
            solution.name(),
            solution.of().digest(),
            solution.state().name()
        ));
    }
    let known = here.is_some_and(|here| all.iter().any(|s| s.of() == here));
    if here.is_none() {
        said = said.next("name the solution's folder in node.toml: `solution = \"FOLDER\"`");
    } else if !known {
        said = said.next("the solution that node.toml names has no signed test report: `concordat solution test`");
    }
    let told: Vec<_> = all
        .iter()
        .map(|s| {
            json!({ "name": s.name(), "version": s.of().digest().to_string(), "model": s.of().model.to_string(),
                "trained": s.of().trained.to_string(), "report": s.report().to_string(), "state": s.state().name(),
                "note": s.note(), "named": here == Some(s.of()) })
        })
        .collect();
    Ok(said.with("solutions", json!(told)))
}
