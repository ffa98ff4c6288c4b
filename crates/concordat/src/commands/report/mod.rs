//! `concordat report`: what the agreements did, counted from the node's own state and ledger. Counts, names of the hub
//! and dates; never a value of a person.

mod count;
mod page;

use std::collections::BTreeMap;
use std::path::PathBuf;

use exchange::Node;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;

use super::acting::{At, Said, show};
use crate::fail::Fail;
use crate::{house, say};

/// What stands where nothing was sent that could have been found (MATCH-16).
const NOT_APPLICABLE: &str = "not applicable";

/// Arguments of `report`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat report --html report.html")]
pub(crate) struct Args {
    /// Write the report as a page that needs nothing else.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    at: At,
}

/// The whole report.
#[derive(Serialize)]
struct Report {
    party: String,
    on: Date,
    entries: u64,
    agreements: Vec<About>,
    /// Refusals that name no agreement and no run.
    other_refusals: Counts,
}

/// How many of each, by name.
type Counts = BTreeMap<String, u64>;

/// One agreement.
#[derive(Serialize)]
struct About {
    agreement: String,
    title: String,
    runs: Vec<OneRun>,
    files: Vec<File>,
    rows_sent: u64,
    rows_received: u64,
    /// What left to be asked about, by flow.
    volumes: BTreeMap<String, Volume>,
    /// By usefulness, the most useful first.
    data_sets: Vec<DataSet>,
    most_useful: Option<String>,
    pool: Counts,
    coverage: Share,
    refusals: Counts,
    findings: Counts,
    flags: Counts,
    recalls_sent: u64,
    recalls_received: u64,
    /// Confirmed matches that proved wrong.
    false_matches: u64,
    decisions: Counts,
    destruction: Destruction,
}

#[derive(Serialize)]
struct OneRun {
    run: String,
    flow: String,
    state: String,
    on: Date,
    register: u64,
    eligible: u64,
    checked: u64,
    first: u64,
    again: u64,
    /// Rows of the question that left.
    sent: u64,
    /// Of them, those for which the answer told a match that nobody refuted.
    matched: u64,
    hit_rate: String,
    #[serde(skip)]
    share: Option<u64>,
}

#[derive(Serialize)]
struct File {
    run: String,
    flow: String,
    way: &'static str,
    peer: String,
    state: &'static str,
    rows: u64,
    withheld: u64,
}

/// A part of a whole, in percent; not applicable where the whole is nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Share {
    part: u64,
    whole: u64,
    rate: String,
    #[serde(skip)]
    per_mille: Option<u64>,
}

impl Share {
    fn of(part: u64, whole: u64) -> Self {
        // Rounded to the nearest tenth of a percent.
        let per_mille = (whole > 0).then(|| (part * 2000 / whole.max(1)).div_ceil(2));
        Self {
            part,
            whole,
            rate: per_mille.map_or(NOT_APPLICABLE.to_owned(), |m| {
                format!("{}.{} %", m / 10, m % 10)
            }),
            per_mille,
        }
    }
}

/// What left by a flow that starts runs.
#[derive(Serialize)]
struct Volume {
    /// By month, as 2026-11.
    by_month: Counts,
    /// In the twelve months up to today: what an approval counts.
    in_12_months: u64,
    /// How many records are approved in any twelve months; none where nobody granted it.
    approved: Option<u64>,
}

/// What was found in one data set: `matched / sent`.
#[derive(Serialize)]
struct DataSet {
    name: String,
    /// The flow that told it, or that was looked for here.
    flow: String,
    held_by: String,
    sent: u64,
    /// Rows with a match that nobody refuted.
    matched: u64,
    confirmed: u64,
    undecided: u64,
    hit_rate: String,
    #[serde(skip)]
    share: Option<u64>,
}

#[derive(Serialize)]
struct Destruction {
    /// Sets of values whose date has come and whose key is not dead.
    due: u64,
    done: u64,
    /// Of those that are done: more than a day after their date.
    late: u64,
    /// Sets of values with a date to come.
    counting: u64,
    /// Sets of values that wait for an event.
    waiting: u64,
    /// Keys destroyed, by month, as 2026-11.
    by_month: Counts,
    /// Certificates that partners sent.
    certificates: u64,
}

/// The report of several nodes as one page, with what is told of them besides.
pub(crate) async fn page(nodes: &[&Node], told: &[(String, String)]) -> Result<String, Fail> {
    let mut reports = Vec::new();
    for node in nodes {
        reports.push(count::report(node).await?);
    }
    page::render(&reports, told)
}

/// The report of a node, for programs.
pub(crate) async fn as_json(node: &Node) -> Result<serde_json::Value, Fail> {
    Ok(serde_json::to_value(count::report(node).await?)?)
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    let node = args.at.node().await?;
    let report = count::report(&node).await?;
    if let Some(path) = &args.html {
        house::whole(path, page::render(&[report], &[])?.as_bytes())?;
        let said = Said::shown(format!("The report stands in {}.", path.display()));
        return show(&args.at, Ok(said.with("file", json!(path))));
    }
    if args.at.json {
        say(serde_json::to_string_pretty(&report)?);
    } else {
        in_words(&report);
    }
    Ok(())
}

fn in_words(report: &Report) {
    say(format!(
        "{} on {}: {} ledger entries",
        report.party, report.on, report.entries
    ));
    for a in &report.agreements {
        say(format!("\n{}: {}", a.agreement, a.title));
        for r in &a.runs {
            say(format!(
                "  run {} ({}, {}): {} in the register, {} eligible, {} asked about before, {} first, {} again",
                r.run, r.state, r.on, r.register, r.eligible, r.checked, r.first, r.again
            ));
        }
        for f in &a.files {
            say(format!(
                "  file {} of {} {} {}: {}, {} rows, {} withheld",
                f.flow, f.run, f.way, f.peer, f.state, f.rows, f.withheld
            ));
        }
        say(format!(
            "  rows sent {}, received {}",
            a.rows_sent, a.rows_received
        ));
        for (flow, v) in &a.volumes {
            let approved = v.approved.map_or("none".to_owned(), |n| n.to_string());
            say(format!(
                "  volume of {flow}: {} in 12 months, {approved} approved; by month: {}",
                v.in_12_months,
                listed(&v.by_month)
            ));
        }
        for d in &a.data_sets {
            say(format!(
                "  hit rate of {} ({}, {}): {} ({} of {} sent; {} confirmed, {} undecided)",
                d.name, d.held_by, d.flow, d.hit_rate, d.matched, d.sent, d.confirmed, d.undecided
            ));
        }
        say(format!(
            "  coverage of the pool: {} ({} of {} eligible asked about)",
            a.coverage.rate, a.coverage.part, a.coverage.whole
        ));
        for (what, counts) in [
            ("pool", &a.pool),
            ("refusals", &a.refusals),
            ("findings", &a.findings),
            ("flags", &a.flags),
            ("decisions", &a.decisions),
        ] {
            say(format!("  {what}: {}", listed(counts)));
        }
        say(format!(
            "  recalls: {} sent, {} received; {} confirmed matches proved wrong",
            a.recalls_sent, a.recalls_received, a.false_matches
        ));
        let d = &a.destruction;
        say(format!(
            "  destruction: {} done ({} late), {} due now, {} with a date to come, {} wait for an event; {} certificates received",
            d.done, d.late, d.due, d.counting, d.waiting, d.certificates
        ));
    }
    if !report.other_refusals.is_empty() {
        say(format!(
            "\nother refusals: {}",
            listed(&report.other_refusals)
        ));
    }
}

fn listed(counts: &Counts) -> String {
    if counts.is_empty() {
        return "none".into();
    }
    let all: Vec<_> = counts
        .iter()
        .map(|(name, n)| format!("{name} {n}"))
        .collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    // shows: MATCH-16
    #[test]
    fn a_share_is_in_percent_and_of_nothing_not_applicable() {
        let rates: Vec<String> = [(0, 0), (0, 7), (1, 3), (2, 3), (1, 8), (5, 5)]
            .map(|(part, whole)| Share::of(part, whole).rate)
            .into();
        assert_eq!(
            rates,
            [
                "not applicable",
                "0.0 %",
                "33.3 %",
                "66.7 %",
                "12.5 %",
                "100.0 %"
            ]
        );
    }
}
