//! `concordat synth`: the synthetic world of the exchanges of four departments, as files. Never adds to a folder
//! that has something in it.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sim::world::{Summary, World};

use crate::fail::Fail;
use crate::say;

/// Arguments of `synth`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat synth --people 100000 --seed 7 --out world\n\nThe same seed and number give the same files, byte for byte. docs/synthetic-world.md has the rates."
)]
pub(crate) struct Args {
    /// How many people the population has.
    #[arg(long, default_value_t = 100_000)]
    people: u64,
    /// The seed that everything is drawn from.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The folder to write; it is made where it is not there, and must be empty where it is.
    #[arg(long)]
    out: PathBuf,
    /// Write the lists as flat tables too, in the folder `flat`: for training and measuring a matching solution.
    #[arg(long)]
    flat: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    refuse_what_is_there(&args.out)?;
    let world = World::new(args.seed, args.people);
    // Drawn on standard error, and only where that is a terminal.
    let bar = ProgressBar::new(world.steps()).with_style(style());
    let written = world.write(&args.out, |steps| bar.inc(steps)).await;
    bar.finish_and_clear();
    let summary = written.map_err(|e| Fail::fault(e.to_string()))?;
    if args.flat {
        sim::world::flat(&args.out).await?;
    }
    if args.json {
        say(as_json(args, &summary));
    } else {
        tell(args, &summary);
    }
    Ok(())
}

fn refuse_what_is_there(out: &Path) -> Result<(), Fail> {
    let mut entries = match out.read_dir() {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Fail::at(out, &e)),
    };
    if entries.next().is_none() {
        return Ok(());
    }
    Err(Fail::usage(format!(
        "{} has something in it: give --out a folder that is empty or not there",
        out.display()
    )))
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {percent:>3} %, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn as_json(args: &Args, summary: &Summary) -> serde_json::Value {
    json!({
        "out": args.out,
        "seed": args.seed,
        "people": summary.people,
        "case-register": {
            "people": summary.cases,
            "in-pool": summary.in_pool,
            "eligible": summary.eligible,
            "eligible-ended-before-2008": summary.ended_before_2008,
            "eligible-ended-since-2008": summary.ended_since_2008,
        },
        "hmrc": summary.taxpayers,
        "dwp": summary.claimants,
        "dfe": summary.pupils,
    })
}

fn tell(args: &Args, summary: &Summary) {
    say(format!(
        "{} synthetic people of seed {} in {}",
        summary.people,
        args.seed,
        args.out.display()
    ));
    for (count, what) in [
        (summary.cases, "in the case register (ho/register.db)"),
        (summary.in_pool, "of them in the pool on 2016-03-18"),
        (summary.eligible, "of them without contact for six months"),
        (
            summary.ended_before_2008,
            "of them with a status that ended before 2008",
        ),
        (
            summary.ended_since_2008,
            "of them with one that ended since",
        ),
        (
            summary.taxpayers,
            "in the tax authority's list (hmrc/master.parquet)",
        ),
        (
            summary.claimants,
            "in the benefits department's list (dwp/master.parquet)",
        ),
        (summary.pupils, "in the school census (dfe/census.parquet)"),
    ] {
        say(format!("  {count:>9} {what}"));
    }
    say("who is who stands in truth.parquet, for measuring only");
}
