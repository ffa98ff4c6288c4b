//! A trained model, and what it does with two lists, as one page, as lines and as JSON. No value of a record, and no count
//! of fewer than five.

use linkage::model::Model;
use linkage::{LevelChart, ListsChart, ModelChart, TermChart, Unlinkable};
use serde::Serialize;
use serde_json::{Value, json};

use super::common::{few, share};
use crate::fail::Fail;
use crate::page;

const TEMPLATE: &str = include_str!("model.html");

#[derive(Serialize)]
struct Page<'a> {
    name: &'a str,
    prior: String,
    one_in: String,
    charts: Vec<Chart>,
    joints: Vec<Joint>,
    lists: Option<Lists<'a>>,
}

/// The levels of one column.
#[derive(Serialize)]
struct Chart {
    id: String,
    title: String,
    rows: Vec<Level>,
}

#[derive(Serialize)]
struct Level {
    words: String,
    m: String,
    m_wide: f64,
    u: String,
    u_wide: f64,
    bits: String,
    x: f64,
    wide: f64,
    favours: bool,
    seen: String,
}

/// Combinations of a joint group.
#[derive(Serialize)]
struct Joint {
    columns: Vec<String>,
    rows: Vec<(Vec<String>, String, String, String)>,
}

#[derive(Serialize)]
struct Lists<'a> {
    cases: String,
    records: String,
    pairs: String,
    expected: String,
    rules: Vec<Rule<'a>>,
    missed: String,
    curves: Curves,
    unlinkable: Vec<[String; 4]>,
    terms: Vec<Terms<'a>>,
}

#[derive(Serialize)]
struct Rule<'a> {
    rule: &'a str,
    pairs: String,
    expected: String,
    alone: String,
    lost: String,
    wide: f64,
    alone_wide: f64,
}

/// Shares of unlinkable records by weight, as points of lines.
#[derive(Serialize)]
struct Curves {
    lines: Vec<String>,
    ticks: Vec<(f64, i32)>,
    marks: Vec<(f64, &'static str)>,
}

#[derive(Serialize)]
struct Terms<'a> {
    column: &'a str,
    id: usize,
    terms: String,
    weights: Vec<[String; 3]>,
    bins: Vec<Bin>,
}

#[derive(Serialize)]
struct Bin {
    label: String,
    terms: String,
    wide: f64,
}

/// How wide the longest bar of a probability, of bits to one side, and of a count is.
const SHARE: f64 = 140.0;
const BITS: f64 = 80.0;
const COUNT: f64 = 400.0;
/// Where bits of nothing stand.
const NOUGHT: f64 = 880.0;

/// Renders the page.
pub(super) fn render(
    model: &Model,
    shown: &ModelChart,
    lists: Option<&ListsChart>,
) -> Result<String, Fail> {
    let levels = shown.units.iter().flat_map(|u| u.levels.iter().flatten());
    let most = levels.map(|l| l.bits.abs()).fold(1.0, f64::max);
    let mut charts = Vec::new();
    let mut joints = Vec::new();
    for unit in &shown.units {
        for (column, levels) in unit.columns.iter().zip(&unit.levels) {
            let title = match unit.columns.len() {
                1 => column.clone(),
                _ => format!(
                    "{column}, whatever the rest of {} is",
                    unit.columns.join(" + ")
                ),
            };
            charts.push(Chart {
                id: format!("levels-{}", charts.len()),
                title,
                rows: levels.iter().map(|l| level(l, most)).collect(),
            });
        }
        if !unit.combinations.is_empty() {
            let rows = unit.combinations.iter();
            let row = |c: &linkage::Combination| {
                let bits = format!("{:+.2}", c.bits);
                (c.words.clone(), probability(c.m), probability(c.u), bits)
            };
            joints.push(Joint {
                columns: unit.columns.clone(),
                rows: rows.map(row).collect(),
            });
        }
    }
    let page = Page {
        name: &shown.model,
        prior: format!("{:+.2}", shown.prior),
        one_in: format!("{:.0}", 1.0 / shown.lambda),
        charts,
        joints,
        lists: lists.map(|lists| of_lists(model, lists)),
    };
    page::render(TEMPLATE, page)
}

fn level(level: &LevelChart, most: f64) -> Level {
    let wide = level.bits.abs() / most * BITS;
    let favours = level.bits >= 0.0;
    Level {
        words: level.words.clone(),
        m: probability(level.m),
        m_wide: level.m * SHARE,
        u: probability(level.u),
        u_wide: level.u * SHARE,
        bits: format!("{:+.2}", level.bits),
        x: if favours { NOUGHT } else { NOUGHT - wide },
        wide,
        favours,
        seen: if level.seen < 5.0 {
            "fewer than 5".into()
        } else {
            format!("{:.0}", level.seen)
        },
    }
}

fn probability(p: f64) -> String {
    if p < 0.001 {
        format!("{p:.1e}")
    } else {
        format!("{p:.4}")
    }
}

fn percent(part: f64) -> String {
    format!("{:.1} %", 100.0 * part)
}

fn of_lists<'a>(model: &Model, lists: &'a ListsChart) -> Lists<'a> {
    let all = lists.expected.max(f64::MIN_POSITIVE);
    let rules = lists.rules.iter().map(|r| Rule {
        rule: &r.rule,
        pairs: few(r.pairs),
        expected: format!("{:.0}", r.expected),
        alone: format!("{:.0}", r.alone),
        lost: percent(r.lost),
        wide: r.expected / all * COUNT,
        alone_wide: r.alone / all * COUNT,
    });
    let names = ["case list", "master list"];
    let unlinkable = names.into_iter().zip(&lists.unlinkable).map(|(name, u)| {
        [
            name.to_owned(),
            few(u.records),
            share(u.below_review, u.records),
            share(u.below_link, u.records),
        ]
    });
    Lists {
        cases: few(lists.cases),
        records: few(lists.records),
        pairs: few(lists.pairs),
        expected: format!("{:.0}", lists.expected),
        rules: rules.collect(),
        missed: missed(lists),
        curves: curves(model, &lists.unlinkable),
        unlinkable: unlinkable.collect(),
        terms: lists.terms.iter().enumerate().map(terms).collect(),
    }
}

fn missed(lists: &ListsChart) -> String {
    match lists.missed {
        Some(least) => format!(
            "If a pair that meets rule {} is no less likely to meet rule {}, all rules together miss at least {} of the matches.",
            least.rules[0],
            least.rules[1],
            percent(least.missed)
        ),
        None => "What all rules together miss cannot be said: no two rules ask about different columns and find enough matches in common.".into(),
    }
}

/// The curves' field: from 60 to 740 across, from 20 down to 260.
fn curves(model: &Model, lists: &[Unlinkable; 2]) -> Curves {
    let bits = || {
        lists
            .iter()
            .flat_map(|u| u.below.iter().map(|(bits, _)| *bits))
    };
    let marks = [("review", model.decide.review), ("link", model.decide.link)];
    let marks = marks.map(|(name, p)| ((p / (1.0 - p)).log2(), name));
    let least = f64::from(bits().min().unwrap_or(0)).min(marks[0].0);
    let most = f64::from(bits().max().unwrap_or(1)).max(marks[1].0);
    let x = |bits: f64| 60.0 + (bits - least) / (most - least).max(1.0) * 680.0;
    let line = |u: &Unlinkable| {
        let point = |(bits, n): &(i32, u64)| {
            // Of fewer than five, or all but fewer, nothing is drawn that could be counted.
            let n = match (*n, u.records - *n) {
                (1..5, _) => 0,
                (_, 1..5) => u.records,
                (n, _) => n,
            };
            let share = n as f64 / u.records.max(1) as f64;
            format!("{:.1},{:.1}", x((*bits).into()), 260.0 - 240.0 * share)
        };
        let end = format!("{:.1},20", x(most));
        let points: Vec<String> = u.below.iter().map(point).chain([end]).collect();
        points.join(" ")
    };
    let first = (least / 10.0).ceil() as i32;
    let ticks = (first..=(most / 10.0).floor() as i32).map(|n| (x(f64::from(n) * 10.0), n * 10));
    Curves {
        lines: lists.iter().map(line).collect(),
        ticks: ticks.collect(),
        marks: marks.map(|(bits, name)| (x(bits), name)).to_vec(),
    }
}

/// The names of the three terms of which weights are told.
const TERMS: [&str; 3] = ["the commonest", "the middle one", "the rarest"];

fn terms((id, chart): (usize, &TermChart)) -> Terms<'_> {
    let most = chart.bins.iter().map(|b| b.terms).max().unwrap_or(1).max(1);
    let weights = TERMS.into_iter().zip(&chart.weights);
    let bin = |b: &linkage::TermBin| Bin {
        label: format!("{:+} to {:+}", b.bits, b.bits + 1),
        terms: few(b.terms),
        wide: if b.terms < 5 {
            2.0
        } else {
            b.terms as f64 / most as f64 * COUNT
        },
    };
    Terms {
        column: &chart.column,
        id,
        terms: few(chart.terms),
        weights: weights
            .map(|(name, w)| [name.to_owned(), few(w.records), format!("{:+.2}", w.bits)])
            .collect(),
        bins: chart.bins.iter().map(bin).collect(),
    }
}

/// What a model does with two lists, in lines.
pub(super) fn tell(lists: &ListsChart) -> Vec<String> {
    let mut lines = vec![format!(
        "{} pairs looked at, {:.0} matches expected among them",
        few(lists.pairs),
        lists.expected
    )];
    for (n, rule) in (1..).zip(&lists.rules) {
        lines.push(format!(
            "rule {n}, {}: {} pairs, {:.0} matches expected, {:.0} by it alone; {} are found by others only",
            rule.rule,
            few(rule.pairs),
            rule.expected,
            rule.alone,
            percent(rule.lost)
        ));
    }
    lines.push(missed(lists));
    for (name, u) in ["case list", "master list"]
        .into_iter()
        .zip(&lists.unlinkable)
    {
        lines.push(format!(
            "{name}: unlinkable {} (review), {} (link) of {} records",
            share(u.below_review, u.records),
            share(u.below_link, u.records),
            few(u.records)
        ));
    }
    for chart in &lists.terms {
        let weights = TERMS.into_iter().zip(&chart.weights);
        let weights: Vec<String> = weights
            .map(|(name, w)| format!("{name} ({}) {:+.2}", few(w.records), w.bits))
            .collect();
        lines.push(format!(
            "{}, bits by how rare: {}",
            chart.column,
            weights.join(", ")
        ));
    }
    lines
}

/// What a model does with two lists, for programs.
pub(super) fn json(lists: &ListsChart) -> Value {
    let rules = lists.rules.iter().map(|r| {
        json!({
            "rule": r.rule,
            "pairs": few(r.pairs),
            "expected": r.expected,
            "alone": r.alone,
            "lost": r.lost,
        })
    });
    let unlinkable = |u: &Unlinkable| {
        let below = u.below.iter();
        let below = below.map(|(bits, n)| json!({ "bits": bits, "below": share(*n, u.records) }));
        json!({
            "records": few(u.records),
            "below-review": share(u.below_review, u.records),
            "below-link": share(u.below_link, u.records),
            "by-bits": below.collect::<Vec<_>>(),
        })
    };
    let terms = lists.terms.iter().map(|t| {
        let weights = TERMS.into_iter().zip(&t.weights);
        let weights = weights
            .map(|(name, w)| json!({ "term": name, "records": few(w.records), "bits": w.bits }));
        let bins = t.bins.iter();
        let bins = bins.map(|b| json!({ "bits": b.bits, "terms": few(b.terms) }));
        json!({
            "column": t.column,
            "terms": few(t.terms),
            "weights": weights.collect::<Vec<_>>(),
            "bins": bins.collect::<Vec<_>>(),
        })
    });
    let [left, right] = &lists.unlinkable;
    json!({
        "cases": few(lists.cases),
        "records": few(lists.records),
        "pairs": few(lists.pairs),
        "expected": lists.expected,
        "rules": rules.collect::<Vec<_>>(),
        "missed-at-least": lists.missed,
        "unlinkable": { "left": unlinkable(left), "right": unlinkable(right) },
        "terms": terms.collect::<Vec<_>>(),
    })
}
