//! `concordat link evaluate`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use ledger::Digest;
use linkage::model::Model;
use linkage::quality::{About, Input, Lists, Member, Side, Statement, measure, measure_clusters};
use linkage::{Cases, score};

use super::common::{Bar, read_model, read_trained, refused};
use super::groups::{By, columns, records};
use super::quality_page;
use super::tables::{Only, Pairs, each, scored, truth, truth_of_one};
use crate::fail::Fail;
use crate::link::open;
use crate::{house, say};

/// Arguments of `link evaluate`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat link evaluate --pairs pairs.parquet --left cases.parquet --right master.parquet --truth truth.csv --group sex --born date_of_birth --model models/example.yaml --trained trained.json --on 2026-03-02 --out quality\nExample: concordat link evaluate --pairs doubles.parquet --left list.parquet --truth people.csv --person person --group sex --model models/example.yaml --trained trained.json --on 2026-03-02 --out quality\n\nCounts from 1 to 4 are told as 'fewer than 5', and what would give them away is told as a range. docs/linkage/quality.md explains each figure."
)]
pub(crate) struct Args {
    /// The scored pairs, from `link score` or `link dedupe`.
    #[arg(long)]
    pairs: PathBuf,
    /// The case list that was scored, or the only list.
    #[arg(long)]
    left: PathBuf,
    /// The master list; without it the pairs are of one list.
    #[arg(long)]
    right: Option<PathBuf>,
    /// All true pairs: csv or Parquet with left_id and right_id. Of one list, pairs that join others make these true too.
    #[arg(long)]
    truth: PathBuf,
    /// Of one list: the column of --truth that says whose record it is, beside the list's column of handles; the truth is then
    /// no list of pairs.
    #[arg(long, value_name = "COLUMN", conflicts_with = "right")]
    person: Option<String>,
    #[command(flatten)]
    by: By,
    /// The model.
    #[arg(long)]
    model: PathBuf,
    /// Trained numbers of the model; with them, what blocking lost is told apart.
    #[arg(long)]
    trained: Option<PathBuf>,
    /// Clusters: cluster_id, side (left or right; of one list left) and record_id.
    #[arg(long)]
    clusters: Option<PathBuf>,
    /// The day of the statement, from which ages are counted.
    #[arg(long)]
    on: Date,
    /// The folder for quality.html and quality.json; it is made where it is not there.
    #[arg(long)]
    out: PathBuf,
    /// Print the statement as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let model = read_model(&args.model)?;
    std::fs::create_dir_all(&args.out).map_err(|e| Fail::at(&args.out, &e))?;
    let lists = match args.right {
        Some(_) => Lists::Two,
        None => Lists::One,
    };
    let truth = match lists {
        Lists::One => truth_of_one(&args.truth, args.person.as_deref(), &model.id.left)?,
        Lists::Two => truth(&args.truth)?,
    };
    let pairs = scored(&args.pairs)?;
    let records = records(&args.by, &args.left, &model, args.on)?;
    let bar = Bar::new()?;
    let right = args.right.as_deref();
    let right_records = right
        .map(|right| count_right(right, &model, &truth))
        .transpose()?;
    let reached = reached(args, &model, &truth, &bar)?;
    bar.finish();
    let columns = columns(&args.by);
    let quality = measure(&Input {
        lists,
        pairs: &pairs,
        truth: &truth,
        reached: reached.as_ref(),
        columns: &columns,
        records: &records,
        link: model.decide.link,
    })
    .map_err(|fault| Fail::no(fault.to_string()))?;
    let clusters = match &args.clusters {
        Some(path) => Some(measure_clusters(lists, &members(path, lists)?, &truth)),
        None => None,
    };
    let about = About {
        date: args.on.to_string(),
        model: model.name.clone(),
        model_sha256: sha256(&args.model)?,
        trained_sha256: args.trained.as_deref().map(sha256).transpose()?,
        left_records: quality.records,
        right_records,
        link: model.decide.link,
        review: model.decide.review,
    };
    let statement = serde_json::to_value(Statement::of(about, &quality, clusters.as_ref()))?;
    let text = serde_json::to_string_pretty(&statement)?;
    let (page, file) = (args.out.join("quality.html"), args.out.join("quality.json"));
    house::whole(&page, quality_page::render(&statement)?.as_bytes())?;
    house::whole(&file, format!("{text}\n").as_bytes())?;
    if args.json {
        say(text);
        return Ok(());
    }
    for line in quality_page::summary(&statement) {
        say(line);
    }
    say(format!("in {} and {}", page.display(), file.display()));
    Ok(())
}

fn sha256(path: &Path) -> Result<String, Fail> {
    let bytes = std::fs::read(path).map_err(|e| Fail::at(path, &e))?;
    Ok(Digest::of(&bytes).to_string())
}

/// How many records the master list has; every true pair's must be among them.
fn count_right(right: &Path, model: &Model, truth: &Pairs) -> Result<u64, Fail> {
    let mut missing: BTreeSet<&str> = truth.iter().map(|(_, right)| right.as_str()).collect();
    let mut count = 0;
    each(right, &[model.id.right.as_str()], |row| {
        count += 1;
        missing.remove(row.first().copied().unwrap_or_default());
        Ok(())
    })?;
    if missing.is_empty() && count >= 5 {
        return Ok(count);
    }
    Err(Fail::no(format!(
        "{} lacks records that the truth names, or has fewer than 5: give the list that was scored, and its truth",
        right.display()
    )))
}

/// The true pairs that a blocking rule brings together: those that are scored when every weight is kept.
fn reached(args: &Args, model: &Model, truth: &Pairs, bar: &Bar) -> Result<Option<Pairs>, Fail> {
    let Some(trained) = &args.trained else {
        return Ok(None);
    };
    let trained = read_trained(trained)?;
    let mut all = model.clone();
    all.decide.review = f64::MIN_POSITIVE;
    all.decide.keep = truth.len();
    let left = open(&args.left, 1)?;
    let cases = Cases::read(&all, left.as_ref()).map_err(refused)?;
    let (lists, cases, right, id) = match &args.right {
        Some(right) => (Lists::Two, cases, open(right, 1)?, &model.id.right),
        None => (Lists::One, cases.with_itself(), left, &model.id.left),
    };
    let mut wanted: BTreeSet<&str> = truth.iter().map(|(_, right)| right.as_str()).collect();
    if lists == Lists::One {
        wanted.extend(truth.iter().map(|(left, _)| left.as_str()));
    }
    let only = Only {
        list: right.as_ref(),
        id,
        records: &wanted,
    };
    let run = bar.run(std::num::NonZeroUsize::new(1));
    bar.step("looking at true pairs", right.records());
    let scored = score(&all, &trained, None, &cases, &only, run).map_err(refused)?;
    let pairs = scored.pairs.iter();
    let pairs = pairs.map(|p| {
        let (left, right) = lists.ends(cases.handle(p.case), &p.master);
        (left.to_owned(), right.to_owned())
    });
    Ok(Some(pairs.filter(|pair| truth.contains(pair)).collect()))
}

fn members(path: &Path, lists: Lists) -> Result<Vec<Member>, Fail> {
    let mut members = Vec::new();
    each(path, &["cluster_id", "side", "record_id"], |row| {
        let [cluster, side, record] = row else {
            return Ok(());
        };
        let side = match (*side, lists) {
            ("left", _) => Side::Left,
            ("right", Lists::Two) => Side::Right,
            _ => {
                return Err(linkage::SourceFault(format!(
                    "{}: row {} has a side that is not {}: give the clusters of what was scored",
                    path.display(),
                    members.len() + 1,
                    match lists {
                        Lists::One => "left, that of one list",
                        Lists::Two => "left or right",
                    }
                )));
            }
        };
        members.push(Member {
            side,
            record: (*record).to_owned(),
            cluster: (*cluster).to_owned(),
        });
        Ok(())
    })?;
    Ok(members)
}
