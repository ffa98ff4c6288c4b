//! `concordat link explain`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use linkage::{Cases, SourceFault, chart, explain, lists};
use serde_json::json;

use super::common::{Bar, both, read_model, read_trained, refused, threads, write};
use super::{model_page, waterfall};
use crate::fail::Fail;
use crate::say;

/// Arguments of `link explain`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat link explain --left cases.parquet --right master.parquet --model models/example.yaml --trained example.trained.json --pair ho-17,R-4711 --svg pair.svg\nExample: concordat link explain --model models/example.yaml --trained example.trained.json --out model.html\nExample: concordat link explain --left cases.parquet --right master.parquet --model models/example.yaml --trained example.trained.json --out model.html\nExample: concordat link explain --left list.parquet --model models/example.yaml --trained example.trained.json --pair R-17,R-4711\n\nNo value of a record is shown: values are named by their place. docs/linkage/explain.md says how to read the pictures."
)]
pub(crate) struct Args {
    /// The model file.
    #[arg(long)]
    model: PathBuf,
    /// Trained numbers of the model, from `link train`.
    #[arg(long)]
    trained: PathBuf,
    /// The case list, or the only one: Parquet, Arrow IPC or csv.
    #[arg(long)]
    left: Option<PathBuf>,
    /// The master list; without it --left is held against itself.
    #[arg(long, requires = "left")]
    right: Option<PathBuf>,
    /// The pair to explain: the case's handle, a comma, the master record's. Of one list the order does not matter.
    #[arg(
        long,
        requires = "left",
        conflicts_with = "out",
        required_unless_present = "out"
    )]
    pair: Option<String>,
    /// Draw the pair's waterfall into this file.
    #[arg(long, requires = "pair")]
    svg: Option<PathBuf>,
    /// Draw the model into this page; with --left also what it does with the lists.
    #[arg(long)]
    out: Option<PathBuf>,
    /// How many threads read; as many as there are processors, where it is not given.
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Print what is explained as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    match (&args.pair, &args.out) {
        (Some(pair), _) => one_pair(args, pair),
        (None, Some(out)) => model(args, out),
        (None, None) => Err(Fail::usage("give --pair or --out")),
    }
}

/// The cases, and the list that they are looked for in.
type Both = (Cases, Box<dyn linkage::Source>);

fn lists_of(args: &Args, model: &linkage::model::Model) -> Result<Option<Both>, Fail> {
    let both = |left| both(model, left, args.right.as_deref(), threads(args.threads));
    args.left.as_deref().map(both).transpose()
}

fn one_pair(args: &Args, pair: &str) -> Result<(), Fail> {
    let model = read_model(&args.model)?;
    let trained = read_trained(&args.trained)?;
    let (left, right) = pair
        .split_once(',')
        .ok_or_else(|| Fail::usage("--pair is the case's handle, a comma, the record's handle"))?;
    if args.right.is_none() && left == right {
        return Err(Fail::usage("--pair has one record twice: name two records"));
    }
    let Some((cases, list)) = lists_of(args, &model)? else {
        return Err(Fail::usage("--pair needs --left"));
    };
    let (left, right) = cases.as_looked_at(left, right);
    let case = case(&cases, left).map_err(refused)?;
    let bar = Bar::new()?;
    let run = bar.run(args.threads);
    bar.step("looking for the record", list.records());
    let found = explain(
        &model,
        &trained,
        None,
        &cases,
        list.as_ref(),
        run,
        &[(case, right)],
    );
    let found = found.map_err(refused)?.into_iter().next().flatten();
    bar.finish();
    let found = found.ok_or_else(|| Fail::no("the master list has no record of this handle"))?;
    if let Some(path) = &args.svg {
        write(path, &waterfall::svg(&model, &found)?)?;
    }
    if args.json {
        say(serde_json::to_string_pretty(&json!({
            "left-id": left,
            "right-id": right,
            "waterfall": found,
        }))?);
    } else {
        waterfall::text(&model, &found).iter().for_each(say);
        if let Some(path) = &args.svg {
            say(format!("drawn in {}", path.display()));
        }
    }
    Ok(())
}

/// The one case of a handle.
fn case(cases: &Cases, handle: &str) -> Result<u32, SourceFault> {
    let all = (0_u32..).take(cases.len());
    let mut found = all.filter(|case| cases.handle(*case) == handle);
    match (found.next(), found.next()) {
        (Some(case), None) => Ok(case),
        (Some(_), Some(_)) => Err(SourceFault(
            "the case list has more than one case of this handle: a handle is one case's".into(),
        )),
        (None, _) => Err(SourceFault(
            "the case list has no case of this handle".into(),
        )),
    }
}

fn model(args: &Args, out: &std::path::Path) -> Result<(), Fail> {
    let model = read_model(&args.model)?;
    let trained = read_trained(&args.trained)?;
    let shown = chart(&model, &trained).map_err(refused)?;
    let bar = Bar::new()?;
    let of_lists = match lists_of(args, &model)? {
        Some((cases, list)) => {
            let run = bar.run(args.threads);
            bar.step("charting the list", list.records());
            let found = lists(&model, &trained, None, &cases, list.as_ref(), run);
            Some(found.map_err(refused)?)
        }
        None => None,
    };
    bar.finish();
    write(out, &model_page::render(&model, &shown, of_lists.as_ref())?)?;
    if args.json {
        say(serde_json::to_string_pretty(&json!({
            "out": out,
            "model": shown,
            "lists": of_lists.as_ref().map(model_page::json),
        }))?);
        return Ok(());
    }
    if let Some(lists) = &of_lists {
        model_page::tell(lists).iter().for_each(say);
    }
    say(format!("drawn in {}", out.display()));
    Ok(())
}
