//! The report as one page: a chart for what is compared, with its numbers in words and in a table beside it.

use minijinja::Environment;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::{About, Counts, Report};
use crate::fail::Fail;

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
struct Page<'a> {
    report: &'a Report,
    shown: Vec<Shown<'a>>,
}

/// Renders the page.
pub(super) fn render(report: &Report) -> Result<String, Fail> {
    let mut env = Environment::new();
    // The name's ending switches on escaping.
    env.add_template("report.html", TEMPLATE)
        .map_err(|e| Fail::fault(e.to_string()))?;
    let shown = (0..).zip(&report.agreements);
    let page = Page {
        report,
        shown: shown
            .map(|(n, about)| Shown {
                about,
                charts: charts(n, about),
            })
            .collect(),
    };
    let page = env
        .get_template("report.html")
        .and_then(|t| t.render(Value::from(Serde(&page))));
    page.map_err(|e| Fail::fault(e.to_string()))
}

fn charts(n: usize, about: &About) -> Vec<Chart> {
    let rates = about.data_sets.iter().map(|d| Bar {
        label: format!("{} ({})", d.name, d.held_by),
        says: d.hit_rate.clone(),
        length: d.share.unwrap_or(0) * LONGEST / 1000,
    });
    let charts = vec![
        ("rates", "Hit rate of each data set", rates.collect()),
        ("pool", "People of the pool, by state", bars(&about.pool)),
        ("rules", "Refusals, by rule", bars(&about.refusals)),
        ("findings", "Findings, by state", bars(&about.findings)),
    ];
    charts
        .into_iter()
        .filter(|(_, _, bars): &(_, _, Vec<Bar>)| !bars.is_empty())
        .map(|(id, title, bars)| Chart {
            id: format!("{id}-{n}"),
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
