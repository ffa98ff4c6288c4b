//! The report as one page: a chart for what is compared, with its numbers in words and in a table beside it.

use serde::Serialize;

use super::{About, Counts, Report};
use crate::fail::Fail;
use crate::page;

const TEMPLATE: &str = include_str!("report.html");
/// How long the longest bar is.
const LONGEST: u64 = 400;

#[derive(Serialize)]
struct Bar {
    label: String,
    says: String,
    length: u64,
}

#[derive(Serialize)]
struct Chart {
    id: String,
    title: &'static str,
    bars: Vec<Bar>,
}

#[derive(Serialize)]
struct Shown<'a> {
    about: &'a About,
    charts: Vec<Chart>,
}

#[derive(Serialize)]
struct OfNode<'a> {
    report: &'a Report,
    shown: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Page<'a> {
    nodes: Vec<OfNode<'a>>,
    told: &'a [(String, String)],
}

/// Renders the page.
pub(super) fn render(reports: &[Report], told: &[(String, String)]) -> Result<String, Fail> {
    let nodes = reports
        .iter()
        .map(|report| OfNode {
            report,
            shown: report
                .agreements
                .iter()
                .map(|about| Shown {
                    about,
                    charts: charts(&report.party, about),
                })
                .collect(),
        })
        .collect();
    page::render(TEMPLATE, Page { nodes, told })
}

fn charts(party: &str, about: &About) -> Vec<Chart> {
    let rates = about.data_sets.iter().map(|d| Bar {
        label: format!("{} ({})", d.name, d.held_by),
        says: d.hit_rate.clone(),
        length: d.share.unwrap_or(0) * LONGEST / 1000,
    });
    let most = about.runs.iter().map(|r| r.sent).max().unwrap_or(0).max(1);
    let asked = about.runs.iter().map(|r| Bar {
        label: r.run.clone(),
        says: format!("{}: {} first, {} again", r.sent, r.first, r.again),
        length: r.sent * LONGEST / most,
    });
    let hits = about.runs.iter().map(|r| Bar {
        label: r.run.clone(),
        says: format!("{} ({} of {})", r.hit_rate, r.matched, r.sent),
        length: r.share.unwrap_or(0) * LONGEST / 1000,
    });
    let widest = about
        .runs
        .iter()
        .map(|r| r.eligible)
        .max()
        .unwrap_or(0)
        .max(1);
    let pool = about.runs.iter().map(|r| Bar {
        label: r.run.clone(),
        says: format!("{} eligible, {} asked about before", r.eligible, r.checked),
        length: r.eligible * LONGEST / widest,
    });
    let mut harm = about.decisions.clone();
    harm.extend(about.flags.iter().map(|(k, n)| (format!("flag {k}"), *n)));
    harm.insert(
        "confirmed matches that proved wrong".into(),
        about.false_matches,
    );
    harm.insert("recalls sent".into(), about.recalls_sent);
    harm.insert("recalls received".into(), about.recalls_received);
    let charts = vec![
        ("asked", "Rows asked about, by run", asked.collect()),
        ("hits", "Hit rate, by run", hits.collect()),
        ("eligible", "People of the pool, by run", pool.collect()),
        ("rates", "Hit rate of each data set", rates.collect()),
        ("pool", "People of the pool, by state", bars(&about.pool)),
        ("rules", "Refusals, by rule", bars(&about.refusals)),
        ("findings", "Findings, by state", bars(&about.findings)),
        (
            "harm",
            "What touched people, and what was undone",
            bars(&harm),
        ),
        (
            "dead",
            "Keys destroyed, by month",
            bars(&about.destruction.by_month),
        ),
    ];
    charts
        .into_iter()
        .filter(|(_, _, bars): &(_, _, Vec<Bar>)| !bars.is_empty())
        .map(|(id, title, bars)| Chart {
            id: format!("{id}-{party}-{}", about.agreement),
            title,
            bars,
        })
        .collect()
}

fn bars(counts: &Counts) -> Vec<Bar> {
    let most = counts.values().copied().max().unwrap_or(0).max(1);
    counts
        .iter()
        .map(|(label, n)| Bar {
            label: label.clone(),
            says: n.to_string(),
            length: n * LONGEST / most,
        })
        .collect()
}
