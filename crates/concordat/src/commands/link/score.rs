//! `concordat link score` and `link dedupe`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use linkage::model::Model;
use linkage::{Cases, Scored, Source, Standing, rules, score, train};
use serde_json::{Map, Value, json};

use super::common::{Bar, read_model, read_trained, refused, threads};
use crate::fail::Fail;
use crate::link::{Column, Writer, open};
use crate::os;
use crate::say;

/// What both verbs take.
#[derive(clap::Args)]
struct Common {
    /// The model file.
    #[arg(long)]
    model: PathBuf,
    /// Trained numbers of the model, from `link train`.
    #[arg(long)]
    trained: Option<PathBuf>,
    /// The Parquet file of scored pairs to write.
    #[arg(long)]
    out: PathBuf,
    /// How many threads read; as many as there are processors, where it is not given.
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

/// Arguments of `link score`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat link score --left cases.parquet --right master.parquet --model models/example.yaml --out pairs.parquet\n\nThe result has left_id, right_id, rule (the first blocking rule met), match_weight (bits), match_probability, margin (bits ahead of the case's other best), standing, and level_<column>: 0 where a side has no value, then the model's levels from 1, then none of them."
)]
pub(crate) struct Args {
    /// The case list: Parquet, Arrow IPC or csv.
    #[arg(long)]
    left: PathBuf,
    /// The master list.
    #[arg(long)]
    right: PathBuf,
    #[command(flatten)]
    common: Common,
}

/// Arguments of `link dedupe`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat link dedupe --left cases.parquet --model models/example.yaml --out pairs.parquet\n\nEach pair of records is looked at once. The result is that of `link score`."
)]
pub(crate) struct DedupeArgs {
    /// The list: Parquet, Arrow IPC or csv.
    #[arg(long)]
    left: PathBuf,
    #[command(flatten)]
    common: Common,
}

/// The CPU seconds that each step took, with all its threads.
#[derive(Default)]
struct Steps {
    done: Map<String, Value>,
    until: f64,
}

impl Steps {
    fn end(&mut self, name: &str) {
        let now = os::cpu_seconds();
        self.done.insert(name.into(), json!(now - self.until));
        self.until = now;
    }
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let threads = threads(args.common.threads);
    let (left, right) = (open(&args.left, threads)?, open(&args.right, threads)?);
    both(&args.common, left.as_ref(), right.as_ref(), false)
}

pub(crate) fn dedupe(args: &DedupeArgs) -> Result<(), Fail> {
    let list = open(&args.left, threads(args.common.threads))?;
    both(&args.common, list.as_ref(), list.as_ref(), true)
}

fn both(common: &Common, left: &dyn Source, right: &dyn Source, itself: bool) -> Result<(), Fail> {
    let model = read_model(&common.model)?;
    // Begun first: a folder that cannot be written is told before minutes of work.
    let writer = Writer::new(&common.out)?;
    let bar = Bar::new()?;
    let run = bar.run(common.threads);
    let mut steps = Steps::default();
    bar.step("reading the cases", None);
    let cases = Cases::read(&model, left).map_err(refused)?;
    let cases = if itself { cases.with_itself() } else { cases };
    steps.end("read");
    let (trained, training) = match &common.trained {
        Some(path) => (read_trained(path)?, None),
        None => {
            bar.step("training", right.records());
            let training = train(&model, &cases, right, run).map_err(refused)?;
            (training.trained.clone(), Some(training))
        }
    };
    steps.end("train");
    bar.step("scoring", right.records());
    let scored = score(&model, &trained, training.as_ref(), &cases, right, run).map_err(refused)?;
    steps.end("score");
    bar.finish();
    writer.write(columns(&model, &cases, &scored))?;
    steps.end("write");
    // Each pair by the first rule that it meets.
    let candidates = rules(&model).into_iter().zip(&scored.looked_at);
    let mut doubts = cases.doubts(&model);
    doubts.extend(scored.doubts.iter().cloned());
    doubts.extend(training.into_iter().flat_map(|t| t.doubts));
    let count = |standing| {
        scored
            .pairs
            .iter()
            .filter(|p| p.standing == standing)
            .count()
    };
    let (strong, ambiguous, review) = (
        count(Standing::Strong),
        count(Standing::Ambiguous),
        count(Standing::Review),
    );
    if common.json {
        say(json!({
            "out": common.out,
            "cases": cases.len(),
            "records": scored.right,
            "candidates": candidates.map(|(rule, pairs)| json!({ "rule": rule, "pairs": pairs })).collect::<Vec<_>>(),
            "cpu-seconds": steps.done,
            "pairs": scored.pairs.len(),
            "strong": strong,
            "ambiguous": ambiguous,
            "review": review,
            "lambda": trained.lambda,
            "doubts": doubts,
        }));
        return Ok(());
    }
    say(format!("{} cases, {} records", cases.len(), scored.right));
    for (rule, pairs) in candidates {
        say(format!("{pairs:>12} pairs looked at by {rule} first"));
    }
    say(format!(
        "{:>12} pairs in {}",
        scored.pairs.len(),
        common.out.display()
    ));
    say(format!(
        "{strong:>12} on strong evidence; {ambiguous} ambiguous, {review} for review"
    ));
    for doubt in doubts {
        say(format!("doubt: {doubt}"));
    }
    say("a match is not a fact: a person confirms it");
    Ok(())
}

fn columns(model: &Model, cases: &Cases, scored: &Scored) -> Vec<(String, Column)> {
    let pairs = &scored.pairs;
    let number =
        |of: &dyn Fn(&linkage::Pair) -> Option<f64>| Column::Number(pairs.iter().map(of).collect());
    let mut columns = vec![
        (
            "left_id".to_owned(),
            Column::Text(
                pairs
                    .iter()
                    .map(|p| cases.handle(p.case).to_owned())
                    .collect(),
            ),
        ),
        (
            "right_id".to_owned(),
            Column::Text(pairs.iter().map(|p| p.master.to_string()).collect()),
        ),
        (
            "rule".to_owned(),
            Column::Small(pairs.iter().map(|p| p.rule + 1).collect()),
        ),
        ("match_weight".to_owned(), number(&|p| Some(p.weight))),
        (
            "match_probability".to_owned(),
            number(&|p| Some(p.probability())),
        ),
        ("margin".to_owned(), number(&|p| p.margin)),
        (
            "standing".to_owned(),
            Column::Text(pairs.iter().map(|p| p.standing.to_string()).collect()),
        ),
    ];
    for (n, comparison) in model.comparisons.iter().enumerate() {
        let name = model.columns.get(comparison.column).map_or("", |c| &c.name);
        let codes = pairs.iter().map(|p| u8::try_from(p.code(n)).unwrap_or(0));
        columns.push((format!("level_{name}"), Column::Small(codes.collect())));
    }
    columns
}
