//! The demonstration: three departments as three nodes in three directories, one agreement, one one-off run and 24
//! months, from the file that all sign to the certificates of destruction. Everybody in it is synthetic. It can be
//! stopped at any moment and started again: it goes on where it was.

mod cast;
mod hands;
mod play;
mod school;
mod script;
mod stage;

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use ledger::verify_log;

use crate::commands::report;
use crate::fail::Fail;
use crate::{house, say};
use script::Step;
use stage::Stage;

/// Which exchange is shown.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Exchange {
    /// Three departments: people with whom contact was lost.
    NoContact,
    /// Two: children and families, with the Department for Education.
    Dfe,
}

/// Arguments of `demo`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat demo --dir demo --people 2000 --months 6")]
pub(crate) struct Args {
    /// Where the three nodes live; what is there already goes on.
    #[arg(long, default_value = "demo")]
    dir: PathBuf,
    /// How many people the departments' lists are drawn from.
    #[arg(long, default_value_t = 100_000)]
    people: u64,
    /// The seed of the synthetic world.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many monthly runs follow the one-off run.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=24))]
    months: u32,
    /// The database of each node: sqlite:PATH in the node's directory, or postgres://…
    #[arg(long, num_args = 3, value_names = ["HO", "HMRC", "DWP"], default_values = ["sqlite:node.db"; 3])]
    store: Vec<String>,
    /// Which exchange is shown; that with the Department for Education runs for at most six months, in a directory of its
    /// own and a database of its own.
    #[arg(long, value_enum, default_value = "no-contact")]
    exchange: Exchange,
    /// Print the domain state at the end as JSON and nothing else.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    if args.exchange == Exchange::Dfe {
        return school::run(args).await;
    }
    let steps = script::steps(args.months, args.people)?;
    let bar = bar(args, &steps);
    let stage = Stage::set(args, &steps, |_| bar.tick()).await?;
    let played = stage.played();
    for (n, step) in steps.iter().enumerate() {
        bar.set_position(n as u64);
        if n < played {
            continue;
        }
        stage.clock_to(step)?;
        tell(args, &bar, step);
        let refusals = stage.play(step).await?;
        stage.settle().await?;
        stage.remember(n + 1)?;
        if !args.json {
            for refusal in refusals {
                bar.suspend(|| {
                    say(format!(
                        "            {}",
                        refusal.lines().next().unwrap_or_default()
                    ))
                });
            }
        }
    }
    bar.finish_and_clear();
    if args.json {
        say(stage.snapshot().await?);
        return Ok(());
    }
    conclude(&stage, &steps).await
}

fn bar(args: &Args, steps: &[Step]) -> ProgressBar {
    if args.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(steps.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent}% {msg}") {
        bar.set_style(style);
    }
    bar.set_message("drawing the people");
    bar
}

fn tell(args: &Args, bar: &ProgressBar, step: &Step) {
    if args.json {
        return;
    }
    let day = step.at.to_string();
    let day = day.get(..10).unwrap_or_default();
    bar.set_message(day.to_owned());
    if let Some(says) = step.says {
        bar.suspend(|| say(format!("{day}  {says}")));
    }
}

async fn conclude(stage: &Stage, steps: &[Step]) -> Result<(), Fail> {
    say("\nThe three ledgers, verified with their files and public keys alone:");
    for (who, node) in stage.nodes() {
        let key = ledger::VerifierKey::parse(&node.ports().signer.card().verifier)
            .map_err(|e| Fail::fault(e.to_string()))?;
        let report = verify_log(&stage.ledger(who), &key, None)
            .map_err(|e| Fail::no(format!("NOT VERIFIED: {e}")))?;
        say(format!(
            "  {}: ledger verified: {} entries",
            node.party(),
            report.size
        ));
    }
    let told: Vec<(String, String)> = steps
        .iter()
        .filter_map(|s| Some((s.at.to_string().get(..10)?.to_owned(), s.says?.to_owned())))
        .collect();
    let nodes: Vec<_> = stage.nodes().map(|(_, node)| node).collect();
    let dir = stage.dir();
    let page = report::page(&nodes, &told).await?;
    house::whole(&dir.join("index.html"), page.as_bytes())?;
    let memorandum = play::memorandum()?;
    house::whole(&dir.join("memorandum.html"), memorandum.as_bytes())?;
    stage.prove_destruction().await?;
    let dir = dir.display();
    say(format!("\nThe report of the three nodes: {dir}/index.html"));
    say(format!(
        "The memorandum that was signed:  {dir}/memorandum.html"
    ));
    say(format!("The files of the last run:       {dir}/files"));
    say("Check it yourself, with files and public keys alone:");
    say(format!("  concordat verify {dir}/ho/ledger"));
    for proof in [stage::CELL, stage::CERTIFICATE] {
        say(format!(
            "  concordat verify --proof {dir}/{proof} --key {dir}/ho/ledger/key"
        ));
    }
    Ok(())
}
