//! `concordat link sample`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use exchange::table::Table;
use ledger::Digest;
use linkage::quality::{
    Bounded, DrawnPair, Estimate, Judgement, Lists, Plan, Rate, Stratum, draw, estimate,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::common::read_model;
use super::tables::{each, rows, scored};
use crate::fail::Fail;
use crate::link::names;
use crate::{house, say};

/// The form of the key.
const KEY: &str = "concordat-linkage-sample/1";

/// Bands begin at these, and at the model's `link`.
const THRESHOLDS: [f64; 6] = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999];

/// Arguments of `link sample`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat link sample --pairs pairs.parquet --left cases.parquet --right master.parquet --model models/example.yaml --columns full_name,date_of_birth --n 400 --seed 7 --out sheet.csv --key key.json\nExample: concordat link sample --pairs doubles.parquet --left list.parquet --model models/example.yaml --columns full_name --n 400 --seed 7 --out sheet.csv --key key.json\nExample: concordat link sample --judged sheet.csv --key key.json --json\n\nWho judges gets the sheet and not the key, and writes same, different or unsure into the column judgement. What blocking lost cannot be seen from a sample of scored pairs."
)]
pub(crate) struct Args {
    /// The scored pairs, from `link score` or `link dedupe`.
    #[arg(long, required_unless_present = "judged", requires_all = ["left", "model", "columns", "n", "seed", "out"])]
    pairs: Option<PathBuf>,
    /// The case list, or the only one.
    #[arg(long)]
    left: Option<PathBuf>,
    /// The master list; without it the pairs are of one list.
    #[arg(long, requires = "pairs")]
    right: Option<PathBuf>,
    /// The model: its columns of handles, and its `link`, at which a band begins.
    #[arg(long)]
    model: Option<PathBuf>,
    /// What the sheet shows of both records, with commas between; a column that one list lacks is shown of the other alone.
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
    /// A column of the case list by which to stratify besides.
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// How many pairs to draw.
    #[arg(long)]
    n: Option<u64>,
    /// The seed of the draw.
    #[arg(long)]
    seed: Option<u64>,
    /// The sheet to write.
    #[arg(long)]
    out: Option<PathBuf>,
    /// The sheet as it came back.
    #[arg(long, conflicts_with = "pairs")]
    judged: Option<PathBuf>,
    /// The key: written with the sheet, read with the judged one.
    #[arg(long)]
    key: PathBuf,
    /// Print the summary, or the estimates, as JSON.
    #[arg(long)]
    json: bool,
}

/// What the sheet does not tell.
#[derive(Serialize, Deserialize)]
struct Key {
    schema: String,
    seed: u64,
    pairs_sha256: String,
    thresholds: Vec<f64>,
    strata: Vec<Stratum>,
    /// In the order of the sheet.
    pairs: Vec<DrawnPair>,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    if let Some(sheet) = &args.judged {
        return judge(args, sheet);
    }
    let (Some(pairs), Some(left), Some(model), Some(n), Some(seed), Some(out)) = (
        &args.pairs,
        &args.left,
        &args.model,
        args.n,
        args.seed,
        &args.out,
    ) else {
        return Err(Fail::usage("give what is to be drawn from, or --judged"));
    };
    let model = read_model(model)?;
    let mut thresholds = THRESHOLDS.to_vec();
    thresholds.push(model.decide.link);
    thresholds.sort_by(f64::total_cmp);
    thresholds.dedup();
    let mut groups = BTreeMap::new();
    if let Some(column) = &args.group {
        each(left, &[&model.id.left, column], |row| {
            if let [record, group] = row {
                groups.insert((*record).to_owned(), (*group).to_owned());
            }
            Ok(())
        })?;
    }
    let plan = Plan {
        lists: match args.right {
            Some(_) => Lists::Two,
            None => Lists::One,
        },
        thresholds: thresholds.clone(),
        pairs: n,
        seed,
    };
    let drawn = draw(&scored(pairs)?, &groups, &plan).map_err(|needed| {
        Fail::usage(format!(
            "--n {n} is too few for the strata of these pairs: give {needed} or more"
        ))
    })?;
    let (right, right_id) = match &args.right {
        Some(right) => (right, &model.id.right),
        None => (left, &model.id.left),
    };
    let lists = [
        shown(
            left,
            &model.id.left,
            &args.columns,
            drawn.pairs.iter().map(|p| &p.left),
        )?,
        shown(
            right,
            right_id,
            &args.columns,
            drawn.pairs.iter().map(|p| &p.right),
        )?,
    ];
    for column in &args.columns {
        if lists.iter().all(|list| !list.columns.contains(column)) {
            return Err(Fail::usage(format!("no list has a column '{column}'")));
        }
    }
    let bytes = courier::csv::write(&sheet(&drawn.pairs, &lists))?;
    let key = Key {
        schema: KEY.to_owned(),
        seed,
        pairs_sha256: Digest::of(&std::fs::read(pairs).map_err(|e| Fail::at(pairs, &e))?)
            .to_string(),
        thresholds,
        strata: drawn.strata,
        pairs: drawn.pairs,
    };
    house::whole(&args.key, serde_json::to_string_pretty(&key)?.as_bytes())?;
    house::whole(out, &bytes)?;
    if args.json {
        say(
            json!({"out": out, "key": args.key, "pairs": key.pairs.len(), "strata": key.strata.len()}),
        );
    } else {
        say(format!(
            "{} pairs of {} strata in {}; the key in {}",
            key.pairs.len(),
            key.strata.len(),
            out.display(),
            args.key.display()
        ));
        say("who judges gets the sheet, not the key: same, different or unsure for each pair");
    }
    Ok(())
}

/// What the sheet shows of the records of one list.
struct Shown {
    columns: Vec<String>,
    records: BTreeMap<String, Vec<String>>,
}

fn shown<'a>(
    path: &Path,
    id: &str,
    asked: &[String],
    records: impl Iterator<Item = &'a String>,
) -> Result<Shown, Fail> {
    let wanted: std::collections::BTreeSet<&str> = records.map(String::as_str).collect();
    let there = names(path)?;
    let columns = asked.iter().filter(|column| there.contains(column));
    let columns: Vec<String> = columns.cloned().collect();
    let mut read = vec![id];
    read.extend(columns.iter().map(String::as_str));
    let mut found = BTreeMap::new();
    each(path, &read, |row| {
        if let [handle, values @ ..] = row
            && wanted.contains(handle)
        {
            let values = values.iter().map(|text| (*text).to_owned());
            found.insert((*handle).to_owned(), values.collect());
        }
        Ok(())
    })?;
    if found.len() != wanted.len() {
        return Err(Fail::no(format!(
            "{} lacks records of the scored pairs: give the list that was scored",
            path.display()
        )));
    }
    Ok(Shown {
        columns,
        records: found,
    })
}

fn sheet(pairs: &[DrawnPair], lists: &[Shown; 2]) -> Table {
    let [left, right] = lists;
    let mut columns: Vec<String> = ["row", "left_id", "right_id"].map(str::to_owned).into();
    columns.extend(left.columns.iter().map(|c| format!("left_{c}")));
    columns.extend(right.columns.iter().map(|c| format!("right_{c}")));
    columns.push("judgement".to_owned());
    let row = |(n, pair): (usize, &DrawnPair)| {
        let mut row = vec![n.to_string(), pair.left.clone(), pair.right.clone()];
        for (list, record) in [(left, &pair.left), (right, &pair.right)] {
            row.extend(list.records.get(record).into_iter().flatten().cloned());
        }
        row.push(String::new());
        row
    };
    Table {
        columns,
        rows: (1..).zip(pairs).map(row).collect(),
    }
}

fn judge(args: &Args, sheet: &Path) -> Result<(), Fail> {
    let text = std::fs::read(&args.key).map_err(|e| Fail::at(&args.key, &e))?;
    let key: Option<Key> = serde_json::from_slice(&text).ok();
    let key = key.filter(|key| key.schema == KEY).ok_or_else(|| {
        Fail::no(format!(
            "{} is no key of a sample: give the one that was written with the sheet",
            args.key.display()
        ))
    })?;
    let mut judged: BTreeMap<usize, Judgement> = BTreeMap::new();
    for row in rows(sheet, &["row", "left_id", "right_id", "judgement"])? {
        let [number, left, right, judgement] = row.as_slice() else {
            continue;
        };
        let broken = |what: &str| Fail::no(format!("{}: row {number}: {what}", sheet.display()));
        let judgement = match judgement.trim().to_lowercase().as_str() {
            "same" => Judgement::Same,
            "different" => Judgement::Different,
            "unsure" => Judgement::Unsure,
            "" => continue,
            _ => return Err(broken("write same, different or unsure as its judgement")),
        };
        let at = number
            .trim()
            .parse::<usize>()
            .ok()
            .and_then(|n| n.checked_sub(1));
        // A handle may have come back with the mark that keeps a spreadsheet from running it.
        let is =
            |cell: &str, handle: &str| cell == handle || cell.strip_prefix('\'') == Some(handle);
        let pair = at.and_then(|at| key.pairs.get(at));
        let (Some(at), true) = (
            at,
            pair.is_some_and(|p| is(left, &p.left) && is(right, &p.right)),
        ) else {
            return Err(broken("is no pair of this key's sample"));
        };
        if judged.insert(at, judgement).is_some() {
            return Err(broken("stands twice"));
        }
    }
    let strata = |at: &usize| key.pairs.get(*at).map_or(0, |p| p.stratum);
    let list: Vec<(usize, Judgement)> = judged.iter().map(|(at, j)| (strata(at), *j)).collect();
    let told = estimate(&key.strata, &list, &key.thresholds).map_err(|empty| {
        let from = key.strata.get(empty).map_or(0.0, |s| s.from);
        Fail::no(format!(
            "{}: of a stratum from a probability of {from} nothing is judged same or different: judge more of the sheet",
            sheet.display()
        ))
    })?;
    let unsure = list.iter().filter(|(_, j)| *j == Judgement::Unsure).count();
    if args.json {
        say(serde_json::to_string_pretty(&json!({
            "drawn": key.pairs.len(),
            "judged": list.len(),
            "unsure": unsure,
            "recall_is_over": "scored pairs: what blocking lost is not seen",
            "estimates": told,
        }))?);
        return Ok(());
    }
    say(format!(
        "{} of {} pairs judged, {unsure} of them unsure",
        list.len(),
        key.pairs.len()
    ));
    for Estimate {
        threshold,
        links,
        precision,
        recall,
    } in &told
    {
        say(format!(
            "from {threshold}: {links} links, precision {}, recall over scored pairs {}",
            in_words(precision),
            in_words(recall)
        ));
    }
    say("what blocking lost is not seen");
    Ok(())
}

fn in_words(bounded: &Bounded) -> String {
    let value = |rate: Option<Rate>| {
        rate.map_or("not applicable".to_owned(), |r| format!("{:.4}", r.value))
    };
    let Some(rate) = bounded.rate else {
        return value(None);
    };
    format!(
        "{:.4} ({:.4} to {:.4}; with the unsure {} to {})",
        rate.value,
        rate.low,
        rate.high,
        value(bounded.at_worst),
        value(bounded.at_best)
    )
}
