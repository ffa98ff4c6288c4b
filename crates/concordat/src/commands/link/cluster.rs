//! `concordat link cluster`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use linkage::{Clusters, Link, Member, Method, Of, SourceFault, cluster};
use serde_json::json;

use super::tables::each;
use crate::fail::Fail;
use crate::link::{Column, Writer};
use crate::say;

/// Arguments of `link cluster`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat link cluster --pairs pairs.parquet --threshold 0.99 --method one-to-one --out clusters.parquet\nExample: concordat link cluster --pairs pairs.parquet --method components --previous clusters.parquet --out next.parquet\n\nThe result has cluster_id, side (left or right), record_id and size; a record that is linked to none is not in it. docs/linkage/explain.md says what the methods do, and when a cluster keeps its id."
)]
pub(crate) struct Args {
    /// Scored pairs, from `link score` or `link dedupe`.
    #[arg(long)]
    pairs: PathBuf,
    /// The match probability from which a pair is taken for a link.
    #[arg(long, default_value_t = 0.99, value_parser = probability)]
    threshold: f64,
    /// Which links hold records together: all of them, or the mutual best alone.
    #[arg(long, value_enum)]
    method: How,
    /// The pairs are of one list, from `link dedupe`.
    #[arg(long)]
    one_list: bool,
    /// The clusters of an earlier run, whose ids go on.
    #[arg(long)]
    previous: Option<PathBuf>,
    /// The Parquet file of clusters to write.
    #[arg(long)]
    out: PathBuf,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum How {
    /// Connected components.
    Components,
    /// Each record's best link, where it is the best of both its records.
    OneToOne,
}

fn probability(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    let number = number.filter(|p| (0.0..=1.0).contains(p));
    number.ok_or_else(|| "a probability is a number from 0 to 1".into())
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    if args.one_list && args.method == How::OneToOne {
        return Err(Fail::usage(
            "one-to-one holds a record of one list to one of another: for --one-list use --method components",
        ));
    }
    let previous = match &args.previous {
        Some(path) => earlier(path)?,
        None => BTreeMap::new(),
    };
    let links = links(&args.pairs, args.threshold)?;
    let method = match args.method {
        How::Components => Method::Components,
        How::OneToOne => Method::OneToOne,
    };
    // Begun last: what is written may be what was read as `previous`.
    let found = cluster(&links, method, args.one_list, &previous);
    Writer::new(&args.out)?.write(columns(&found))?;
    tell(args, links.len(), &found);
    Ok(())
}

fn links(path: &Path, threshold: f64) -> Result<Vec<Link>, Fail> {
    let mut links = Vec::new();
    let mut row = 0_u64;
    let columns = ["left_id", "right_id", "match_weight", "match_probability"];
    each(path, &columns, |texts| {
        row += 1;
        let broken = || {
            SourceFault(format!(
                "{}: row {row} has no weight and probability: give a file that `concordat link score` wrote",
                path.display()
            ))
        };
        let [left, right, weight, probability] = texts else {
            return Err(broken());
        };
        let number = |text: &str| text.parse::<f64>().map_err(|_| broken());
        let weight = number(weight)?;
        if number(probability)? >= threshold {
            links.push(Link {
                left: (*left).to_owned(),
                right: (*right).to_owned(),
                weight,
            });
        }
        Ok(())
    })?;
    Ok(links)
}

/// The clusters of an earlier run.
fn earlier(path: &Path) -> Result<BTreeMap<Member, String>, Fail> {
    let mut clusters = BTreeMap::new();
    let mut row = 0_u64;
    each(path, &["cluster_id", "side", "record_id"], |texts| {
        row += 1;
        let broken = |what: &str| SourceFault(format!("{}: row {row} {what}", path.display()));
        let [id, side, handle] = texts else {
            return Err(broken("has not the three columns"));
        };
        let of = [Of::Left, Of::Right]
            .into_iter()
            .find(|of| of.to_string() == *side);
        let member = Member {
            of: of.ok_or_else(|| broken("is of neither side, left or right"))?,
            handle: (*handle).to_owned(),
        };
        match clusters.insert(member, (*id).to_owned()) {
            Some(_) => Err(broken("has a record that a row before it has")),
            None => Ok(()),
        }
    })?;
    Ok(clusters)
}

fn columns(found: &Clusters) -> Vec<(String, Column)> {
    let members = || {
        let clusters = found.clusters.iter();
        clusters.flat_map(|c| c.members.iter().map(move |m| (c, m)))
    };
    vec![
        (
            "cluster_id".to_owned(),
            Column::Text(members().map(|(c, _)| c.id.clone()).collect()),
        ),
        (
            "side".to_owned(),
            Column::Text(members().map(|(_, m)| m.of.to_string()).collect()),
        ),
        (
            "record_id".to_owned(),
            Column::Text(members().map(|(_, m)| m.handle.clone()).collect()),
        ),
        (
            "size".to_owned(),
            Column::Count(members().map(|(c, _)| c.members.len() as u64).collect()),
        ),
    ]
}

/// More records of one person than a list should hold.
const MANY: usize = 5;

/// What about the clusters a person should look at.
fn doubts(args: &Args, found: &Clusters) -> Vec<String> {
    let mut doubts = Vec::new();
    let expected = if args.one_list { MANY } else { 2 };
    let large = found.clusters.iter().map(|c| c.members.len());
    let large: Vec<usize> = large.filter(|n| *n > expected).collect();
    if let Some(most) = large.iter().max() {
        doubts.push(format!(
            "{} clusters hold more than {expected} records, the largest {most}: raise the threshold, or see whether a list has a person twice",
            large.len()
        ));
    }
    let held = found.clusters.iter().filter(|c| c.bridges > 0);
    let bridges: u64 = held.clone().map(|c| c.bridges).sum();
    if bridges > 0 {
        doubts.push(format!(
            "{} clusters hang together by single links, {bridges} in all, without which two or more records fall apart from two or more others",
            held.count()
        ));
    }
    if found.tied > 0 {
        doubts.push(format!(
            "{} records have several best links that weigh the same, and are not linked for it",
            found.tied
        ));
    }
    if found.second > 0 {
        doubts.push(format!(
            "{} records have a best link that is not the other record's best, and are not linked",
            found.second
        ));
    }
    doubts
}

fn tell(args: &Args, links: usize, found: &Clusters) {
    let records: usize = found.clusters.iter().map(|c| c.members.len()).sum();
    let doubts = doubts(args, found);
    let changes = &found.changes;
    let mut sizes = BTreeMap::<usize, u64>::new();
    for cluster in &found.clusters {
        *sizes.entry(cluster.members.len()).or_default() += 1;
    }
    if args.json {
        say(json!({
            "out": args.out,
            "links": links,
            "clusters": found.clusters.len(),
            "records": records,
            "clusters-by-size": sizes,
            "kept": changes.kept,
            "new": changes.new,
            "merged": changes.merged,
            "split": changes.split,
            "doubts": doubts,
        }));
        return;
    }
    say(format!(
        "{links} links, {} clusters of {records} records in {}",
        found.clusters.len(),
        args.out.display()
    ));
    for (size, clusters) in sizes {
        say(format!("{clusters:>12} of {size} records"));
    }
    if args.previous.is_some() {
        say(format!(
            "{:>12} keep the id of an earlier run, {} are new",
            changes.kept, changes.new
        ));
        for merge in &changes.merged {
            say(format!(
                "merged: {} holds records of {}",
                merge.id,
                merge.from.join(", ")
            ));
        }
        for split in &changes.split {
            let into = match split.into.as_slice() {
                [] => "none".to_owned(),
                into => into.join(", "),
            };
            say(format!(
                "split: records of {} are in {into}; {} in no cluster",
                split.id, split.loose
            ));
        }
    }
    for doubt in doubts {
        say(format!("doubt: {doubt}"));
    }
    say("a cluster is not a person: a person confirms each match");
}
