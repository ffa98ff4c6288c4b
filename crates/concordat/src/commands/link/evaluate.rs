//! `concordat link evaluate`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use ledger::Digest;
use linkage::model::Model;
use linkage::quality::{About, Input, Lists, Member, Side, Statement, measure, measure_clusters};
use linkage::{Cases, score};

use super::common::{Bar, FEWEST, read_model, read_trained, refused};
use super::quality_page;
use super::tables::{Only, Pairs, each, rows, scored, truth, truth_of_one};
use crate::fail::Fail;
use crate::link::open;
use crate::{house, say};

/// What stands for a value that a record lacks.
const NOT_KNOWN: &str = "not known";

/// The name of all groups that are too small to be named.
const OTHERS: &str = "groups of fewer than 5";

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
    /// A column by which groups of cases are made; may be repeated.
    #[arg(long, value_name = "COLUMN")]
    group: Vec<String>,
    /// The file that has the columns of --group, with the case list's column of handles; the case list, where it is not
    /// given.
    #[arg(long, value_name = "FILE")]
    groups: Option<PathBuf>,
    /// The case list's column of birth dates, for groups by age.
    #[arg(long, value_name = "COLUMN")]
    born: Option<String>,
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
    let records = records(args, &model)?;
    let bar = Bar::new()?;
    let right = args.right.as_deref();
    let right_records = right
        .map(|right| count_right(right, &model, &truth))
        .transpose()?;
    let reached = reached(args, &model, &truth, &bar)?;
    bar.finish();
    let columns = columns(args);
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

/// The columns by which groups are made, as the statement names them.
fn columns(args: &Args) -> Vec<String> {
    let mut columns = args.group.clone();
    columns.extend(args.born.as_ref().map(|_| "age".to_owned()));
    columns.push("completeness".to_owned());
    columns
}

/// Each record of the case list with its groups.
fn records(args: &Args, model: &Model) -> Result<BTreeMap<String, Vec<String>>, Fail> {
    let id = model.id.left.as_str();
    let from = args.groups.as_ref().unwrap_or(&args.left);
    let mut asked = vec![id];
    asked.extend(args.group.iter().map(String::as_str));
    let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows(from, &asked)? {
        let mut row = row.into_iter();
        let handle = row.next().unwrap_or_default();
        let known = |group: String| {
            if group.is_empty() {
                NOT_KNOWN.to_owned()
            } else {
                group
            }
        };
        given.insert(handle, row.map(known).collect());
    }
    let unknown = vec![NOT_KNOWN.to_owned(); args.group.len()];
    let mut asked = vec![id];
    asked.extend(args.born.as_deref());
    let first = asked.len();
    // Which of the columns that are read belong to which column of the model.
    let mut parts: Vec<std::ops::Range<usize>> = Vec::new();
    for column in &model.columns {
        let start = asked.len();
        asked.extend(column.from.left.iter().flatten().map(String::as_str));
        parts.push(start..asked.len());
    }
    let mut records = BTreeMap::new();
    for row in rows(&args.left, &asked)? {
        let handle = row.first().cloned().unwrap_or_default();
        let mut groups = given.get(&handle).unwrap_or(&unknown).clone();
        if first > 1 {
            groups.push(age(row.get(1).map_or("", String::as_str), args.on).to_owned());
        }
        let held = |part: &std::ops::Range<usize>| {
            let texts = row.get(part.clone()).unwrap_or_default();
            texts.iter().any(|text| !text.trim().is_empty())
        };
        let held = parts.iter().filter(|part| held(part)).count();
        groups.push(format!("{held} of {} columns", parts.len()));
        if records.insert(handle, groups).is_some() {
            return Err(Fail::no(format!(
                "{} has two records with one '{id}': give each record a handle of its own",
                args.left.display()
            )));
        }
    }
    unnamed(&mut records);
    Ok(records)
}

/// Records of groups so small that their name would tell of somebody are one group, which has none.
fn unnamed(records: &mut BTreeMap<String, Vec<String>>) {
    let mut counts: BTreeMap<(usize, String), u64> = BTreeMap::new();
    for groups in records.values() {
        for (column, group) in groups.iter().enumerate() {
            *counts.entry((column, group.clone())).or_default() += 1;
        }
    }
    counts.retain(|_, count| *count < FEWEST);
    for groups in records.values_mut() {
        for (column, group) in groups.iter_mut().enumerate() {
            if counts.contains_key(&(column, group.clone())) {
                *group = OTHERS.to_owned();
            }
        }
    }
}

/// The age band of a birth date on a day.
fn age(born: &str, on: Date) -> &'static str {
    let Some(born) = agreement::parse_date(born).filter(|born| *born <= on) else {
        return NOT_KNOWN;
    };
    let had = (on.month(), on.day()) >= (born.month(), born.day());
    match on.year() - born.year() - i16::from(!had) {
        ..18 => "under 18",
        18..30 => "18 to 29",
        30..45 => "30 to 44",
        45..60 => "45 to 59",
        60..75 => "60 to 74",
        _ => "75 and over",
    }
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
