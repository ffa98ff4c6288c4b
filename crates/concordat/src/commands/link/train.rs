//! `concordat link train`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use linkage::model::Model;
use linkage::{Basis, Labels, SourceFault, Training, train, train_on_labels};

use super::common::{Bar, both, read_model, refused, threads, write};
use super::tables::each;
use crate::fail::Fail;
use crate::say;

/// Arguments of `link train`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat link train --left cases.parquet --right master.parquet --model models/example.yaml --out example.trained.json\nExample: concordat link train --left cases.parquet --right master.parquet --model models/example.yaml --labels labels.csv --out example.trained.json\nExample: concordat link train --left list.parquet --model models/example.yaml --out example.trained.json\n\nThe file holds probabilities and no value of any record."
)]
pub(crate) struct Args {
    /// The case list, or the only one: Parquet, Arrow IPC or csv.
    #[arg(long)]
    left: PathBuf,
    /// The master list; without it the list is held against itself.
    #[arg(long)]
    right: Option<PathBuf>,
    /// The model file.
    #[arg(long)]
    model: PathBuf,
    /// Pairs that people have judged: left_id, right_id and judgement (same, different or unsure). m rests on those that are
    /// the same; u and lambda are found as without them.
    #[arg(long)]
    labels: Option<PathBuf>,
    /// The file of trained numbers to write.
    #[arg(long)]
    out: PathBuf,
    /// How many threads read; as many as there are processors, where it is not given.
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Print the trained numbers as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let model = read_model(&args.model)?;
    let bar = Bar::new()?;
    let right = args.right.as_deref();
    let (cases, right) = both(&model, &args.left, right, threads(args.threads))?;
    let run = bar.run(args.threads);
    bar.step("training", right.records());
    let training = match &args.labels {
        Some(path) => {
            let labels = labels(path, args.right.is_none())?;
            train_on_labels(&model, &labels, &cases, right.as_ref(), run)
        }
        None => train(&model, &cases, right.as_ref(), run),
    };
    let training = training.map_err(refused)?;
    bar.finish();
    let text =
        serde_json::to_string_pretty(&training.trained).map_err(|e| Fail::fault(e.to_string()))?;
    write(&args.out, &text)?;
    if args.json {
        say(text);
    } else {
        tell(&model, &training);
        say(format!("trained numbers in {}", args.out.display()));
    }
    Ok(())
}

/// The labels of a file with left_id, right_id and judgement, such as a sheet of `link sample` that was judged.
fn labels(path: &Path, one_list: bool) -> Result<Labels, Fail> {
    let mut labels = match one_list {
        true => Labels::of_one_list(),
        false => Labels::default(),
    };
    let mut row = 0_u64;
    let columns = ["left_id", "right_id", "judgement"];
    each(path, &columns, |texts| {
        row += 1;
        let fault = |what: &str| SourceFault(format!("{}: row {row}: {what}", path.display()));
        let [left, right, judgement] = texts else {
            return Err(fault("it has not the three columns"));
        };
        let same = match *judgement {
            "same" => true,
            "different" => false,
            "unsure" => return Ok(()),
            _ => return Err(fault("write same, different or unsure as its judgement")),
        };
        if one_list && left == right {
            return Err(fault("it has one record twice: name two records"));
        }
        if labels.add(left, right, same) {
            Ok(())
        } else {
            Err(fault(
                "the pair was judged otherwise in a row before: decide on one",
            ))
        }
    })?;
    Ok(labels)
}

/// The training as a table: rules, then levels with m, u and their weight.
fn tell(model: &Model, training: &Training) {
    let name = |comparison: &usize| {
        let comparison = model.comparisons.get(*comparison);
        let column = comparison.and_then(|c| model.columns.get(c.column));
        column.map_or("", |c| c.name.as_str())
    };
    say(format!(
        "one pair in {:.0} is of one person (lambda); looked at {:.1} % of the master list's records; {} rounds",
        1.0 / training.trained.lambda,
        100.0 * training.sampled,
        training.rounds
    ));
    for (n, rule) in (1..).zip(&training.rules) {
        let free: Vec<&str> = rule.free.iter().map(name).collect();
        let says = match free.as_slice() {
            [] => String::new(),
            free => format!("; says m of {}", free.join(", ")),
        };
        say(format!(
            "rule {n}: {:.0} pairs, {:.0} matches expected ({:.0} by this rule alone){says}",
            rule.pairs, rule.expected, rule.alone
        ));
    }
    for (unit, basis) in training.trained.units.iter().zip(&training.u) {
        let [only] = unit.comparisons.as_slice() else {
            let names: Vec<&str> = unit.comparisons.iter().map(name).collect();
            say(format!(
                "{}: weighed together, {} combinations (in the file); u {}",
                names.join(" + "),
                unit.cells.len(),
                together(basis)
            ));
            continue;
        };
        say(format!("{}: level, m, u, bits, u rests on", name(only)));
        let comparison = model.comparisons.get(*only);
        let given = |level: usize| {
            let level = comparison.and_then(|c| c.levels.get(level - 1));
            level.is_some_and(|l| l.fixed.is_some())
        };
        for (level, (cell, basis)) in unit.cells.iter().zip(basis).enumerate().skip(1) {
            let rests = match basis {
                _ if given(level) => "the model".into(),
                Basis::Exact => "all pairs".into(),
                Basis::Sampled(pairs) => format!("{pairs} drawn pairs"),
            };
            let word = comparison.map_or_else(String::new, |c| c.word(level));
            say(format!(
                "  {word:<11}  {:.5}  {:.9}  {:+.2}  {rests}",
                cell.m,
                cell.u,
                cell.bits()
            ));
        }
    }
    for doubt in &training.doubts {
        say(format!("doubt: {doubt}"));
    }
}

/// What u of combinations rests on, in words.
fn together(basis: &[Basis]) -> String {
    let sampled = basis.iter().filter_map(|basis| match basis {
        Basis::Exact => None,
        Basis::Sampled(pairs) => Some(*pairs),
    });
    match (sampled.clone().min(), sampled.max()) {
        (Some(least), Some(most)) if least < most => {
            format!("rests on {least} to {most} drawn pairs")
        }
        (Some(pairs), _) => format!("rests on {pairs} drawn pairs"),
        _ => "rests on all pairs".into(),
    }
}
