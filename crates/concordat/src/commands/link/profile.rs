//! `concordat link profile`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use linkage::model::Model;
use linkage::{
    Cases, ColumnProfile, Counting, ListProfile, ModelProfile, ValueProfile, profile, profile_under,
};
use serde_json::{Value, json};

use super::common::{Bar, few, read_model, refused, share, threads};
use crate::fail::Fail;
use crate::link::{names, open};
use crate::say;

/// Arguments of `link profile`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat link profile --left cases.parquet --right master.parquet --model models/example.yaml\n\nNo value is shown, and no count of fewer than 5 records. The case list is counted exactly; of the master list the number of unlike values is an estimate (standard error 1.6 %) and the commonest value's share at most what is said."
)]
pub(crate) struct Args {
    /// The case list, or the only one: Parquet, Arrow IPC or csv.
    #[arg(long)]
    left: PathBuf,
    /// The master list.
    #[arg(long)]
    right: Option<PathBuf>,
    /// A model: what of the lists it cannot use, and how many pairs each of its blocking rules would look at.
    #[arg(long)]
    model: Option<PathBuf>,
    /// How many threads read; as many as there are processors, where it is not given.
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Print the profile as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let model = args.model.as_deref().map(read_model).transpose()?;
    let bar = Bar::new()?;
    let of = |path: &Path, counting| {
        let list = open(path, threads(args.threads))?;
        let columns = names(path)?;
        bar.step("counting values", list.records());
        profile(list.as_ref(), &columns, counting, bar.run(args.threads)).map_err(refused)
    };
    let left = of(&args.left, Counting::Exact)?;
    let right = args.right.as_ref();
    let right = right.map(|path| of(path, Counting::Bounded)).transpose()?;
    let under = model.as_ref().map(|model| under(args, model, &bar));
    let under = under.transpose()?;
    bar.finish();
    if args.json {
        say(json!({
            "left": list_json(&left),
            "right": right.as_ref().map(list_json),
            "model": under.as_ref().map(under_json),
        }));
        return Ok(());
    }
    tell_list("case list", &left);
    if let Some(right) = &right {
        tell_list("master list", right);
    }
    if let Some(under) = &under {
        tell_under(under);
    }
    Ok(())
}

/// The lists under a model; a list alone is held against itself, if the model reads both sides from the same columns.
fn under(args: &Args, model: &Model, bar: &Bar) -> Result<ModelProfile, Fail> {
    let threads = threads(args.threads);
    let left = open(&args.left, threads)?;
    let run = bar.run(args.threads);
    let cases = Cases::read(model, left.as_ref()).map_err(refused)?;
    match &args.right {
        Some(right) => {
            let right = open(right, threads)?;
            bar.step("counting pairs", right.records());
            profile_under(model, &cases, right.as_ref(), run).map_err(refused)
        }
        None => {
            let cases = cases.with_itself();
            bar.step("counting pairs", left.records());
            profile_under(model, &cases, left.as_ref(), run).map_err(refused)
        }
    }
}

fn mean(column: &ColumnProfile) -> String {
    match column.filled {
        0 => "-".into(),
        filled => format!("{:.1}", column.length as f64 / filled as f64),
    }
}

fn list_json(list: &ListProfile) -> Value {
    let columns = list.columns.iter().map(|c| {
        json!({
            "column": c.column,
            "filled": share(c.filled, list.rows),
            "distinct": c.distinct,
            "distinct-exact": c.distinct_exact,
            "commonest": share(c.commonest, c.filled),
            "commonest-exact": c.commonest_exact,
            "shortest": c.shortest,
            "longest": c.longest,
            "mean-length": mean(c),
        })
    });
    json!({ "rows": few(list.rows), "columns": columns.collect::<Vec<_>>() })
}

fn values_json(values: &[ValueProfile]) -> Value {
    let values = values.iter().map(|v| {
        json!({
            "column": v.column,
            "records": few(v.records),
            "usable": share(v.filled, v.records),
            "values": few(v.values),
            "no-standard-form": share(v.unusable, v.values),
            "default-days": v.default_days.map(|n| share(n, v.values)),
        })
    });
    values.collect()
}

fn under_json(under: &ModelProfile) -> Value {
    let rules = under.rules.iter();
    let rules = rules.map(|(rule, pairs)| json!({ "rule": rule, "pairs": few(*pairs) }));
    json!({
        "left": values_json(&under.left),
        "right": values_json(&under.right),
        "rules": rules.collect::<Vec<_>>(),
        "pairs": few(under.pairs),
        "doubts": under.doubts,
    })
}

fn tell_list(name: &str, list: &ListProfile) {
    say(format!("{name}: {} rows", few(list.rows)));
    say(format!(
        "  {:<24} {:>22} {:>14} {:>22} {:>16}",
        "column", "filled", "unlike", "commonest", "length"
    ));
    for c in &list.columns {
        let about = if c.distinct_exact { "" } else { "about " };
        let unlike = format!("{about}{}", c.distinct);
        let commonest = match (share(c.commonest, c.filled), c.commonest_exact) {
            (few, false) if c.commonest >= 5 => format!("at most {few}"),
            (share, _) => share,
        };
        say(format!(
            "  {:<24} {:>22} {unlike:>14} {commonest:>22} {:>16}",
            c.column,
            share(c.filled, list.rows),
            format!("{}-{} ({})", c.shortest, c.longest, mean(c))
        ));
    }
}

fn tell_under(under: &ModelProfile) {
    for (name, values) in [("case list", &under.left), ("master list", &under.right)] {
        say(format!("{name} under the model:"));
        for v in values {
            let days = v.default_days.map(|n| share(n, v.values));
            let days = days.map_or_else(String::new, |s| format!("; first of January {s}"));
            say(format!(
                "  {:<24} usable in {}; no standard form {}{days}",
                v.column,
                share(v.filled, v.records),
                share(v.unusable, v.values)
            ));
        }
    }
    say(format!("{} pairs would be looked at:", few(under.pairs)));
    for (n, (rule, pairs)) in (1..).zip(&under.rules) {
        say(format!("{:>14} by rule {n}: {rule}", few(*pairs)));
    }
    for doubt in &under.doubts {
        say(format!("doubt: {doubt}"));
    }
}
