//! A quality statement as one page: it is made of the statement's JSON, so it tells nothing that the JSON does not.

use serde::Serialize;
use serde_json::Value;

use crate::fail::Fail;
use crate::page;

const TEMPLATE: &str = include_str!("quality.html");

/// The drawing inside a chart's axes.
const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 260.0;

/// Where a rate's dot and its interval stand in a row of a chart of groups.
const ROW: (f64, f64) = (230.0, 500.0);

#[derive(Serialize)]
struct Page<'a> {
    s: &'a Value,
    charts: Vec<Chart>,
    group_charts: Vec<GroupChart>,
}

/// A line over two axes, with dots.
#[derive(Serialize)]
struct Chart {
    id: &'static str,
    title: &'static str,
    says: String,
    x: Axis,
    y: Axis,
    lines: Vec<Line>,
    dots: Vec<Dot>,
    /// A line from corner to corner: where dots would lie if all were right.
    diagonal: bool,
}

#[derive(Serialize)]
struct Axis {
    label: &'static str,
    ticks: Vec<Tick>,
    #[serde(skip)]
    from: f64,
    #[serde(skip)]
    to: f64,
}

#[derive(Serialize)]
struct Tick {
    at: f64,
    label: String,
}

#[derive(Serialize)]
struct Line {
    points: String,
    dashed: bool,
}

#[derive(Serialize)]
struct Dot {
    x: f64,
    y: f64,
    low: f64,
    high: f64,
    label: String,
}

/// One rate of every group of a column.
#[derive(Serialize)]
struct GroupChart {
    column: String,
    ticks: Vec<Tick>,
    rows: Vec<GroupRow>,
}

#[derive(Serialize)]
struct GroupRow {
    group: String,
    says: String,
    from: f64,
    to: f64,
    low: f64,
    high: f64,
}

/// Renders the page.
pub(super) fn render(statement: &Value) -> Result<String, Fail> {
    let charts = [
        precision_by_recall(statement),
        by_threshold(statement),
        calibration(statement),
        roc(statement),
    ];
    let columns = list(statement, "groups").iter();
    let page = Page {
        s: statement,
        charts: charts.into_iter().flatten().collect(),
        group_charts: columns.filter_map(group_chart).collect(),
    };
    page::render(TEMPLATE, page)
}

/// The statement in a few lines, for a terminal.
pub(super) fn summary(statement: &Value) -> Vec<String> {
    let point = |what: &str, point: &Value| {
        format!(
            "{what}: precision {}, recall {}, F1 {}",
            says(point.get("precision")),
            says(point.get("recall")),
            says(point.get("f1"))
        )
    };
    let nothing = Value::Null;
    let of = |key: &str| statement.get(key).unwrap_or(&nothing);
    let (link, best) = (of("link"), of("best"));
    let mut lines = vec![
        point(&format!("from p {}", number(link, "probability")), link),
        point(
            &format!("best F1, from p {}", number(best, "probability")),
            best,
        ),
    ];
    let lost = |key: &str| of("lost").get(key).filter(|lost| !lost.is_null());
    if let Some(blocking) = lost("by_blocking") {
        lines.push(format!(
            "lost: {} true pairs by blocking, {} scored below the file, {} below the threshold",
            says(Some(blocking)),
            says(lost("below_review")),
            says(lost("below_link"))
        ));
    } else {
        lines.push(format!(
            "lost: {} true pairs are not among the scored, {} are below the threshold",
            says(lost("not_written")),
            says(lost("below_link"))
        ));
    }
    let gap = of("headline_gap");
    if !gap.is_null() {
        lines.push(format!(
            "greatest gap in recall, by {}: {}",
            text(gap, "column"),
            gap_in_words(gap)
        ));
    }
    lines
}

/// A gap in percentage points; between whom is told where it is certain.
fn gap_in_words(gap: &Value) -> String {
    let (from, to) = (number(gap, "from") * 100.0, number(gap, "to") * 100.0);
    let between = format!(
        "between {} and {}",
        text(gap, "largest"),
        text(gap, "smallest")
    );
    if (to - from).abs() < 0.005 {
        format!("{to:.2} percentage points {between}")
    } else if from > 0.0 {
        format!("{from:.2} to {to:.2} percentage points {between}")
    } else {
        format!("at most {to:.2} percentage points")
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn number(value: &Value, key: &str) -> f64 {
    value.get(key).and_then(Value::as_f64).unwrap_or(0.0)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn says(told: Option<&Value>) -> &str {
    let says = told.and_then(|t| t.get("says")).and_then(Value::as_str);
    says.unwrap_or("not applicable")
}

/// Halfway between the ends of a rate; none where there is none.
fn middle(point: &Value, rate: &str) -> Option<f64> {
    let rate = point.get(rate).filter(|rate| !rate.is_null())?;
    Some(f64::midpoint(number(rate, "from"), number(rate, "to")))
}

impl Axis {
    /// Six ticks between two rates.
    fn rates(label: &'static str, from: f64, to: f64) -> Self {
        let tick = |n: i32| {
            let value = from + (to - from) * f64::from(n) / 5.0;
            Tick {
                at: f64::from(n) / 5.0,
                label: format!("{:.0} %", value * 100.0),
            }
        };
        Self {
            label,
            ticks: (0..=5).map(tick).collect(),
            from,
            to,
        }
    }

    /// From the tenth below the lowest value to 1.
    fn from_least(label: &'static str, values: impl Iterator<Item = f64>) -> Self {
        let least = values.fold(1.0, f64::min);
        Self::rates(label, ((least * 10.0).floor() / 10.0).clamp(0.0, 0.9), 1.0)
    }

    fn place(&self, value: f64) -> f64 {
        ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }
}

impl Chart {
    fn x_of(&self, value: f64) -> f64 {
        tidy(self.x.place(value) * WIDTH)
    }
    fn y_of(&self, value: f64) -> f64 {
        tidy(HEIGHT - self.y.place(value) * HEIGHT)
    }
    fn line(&mut self, values: impl Iterator<Item = (f64, f64)>, dashed: bool) {
        let points: Vec<String> = values
            .map(|(x, y)| format!("{},{}", self.x_of(x), self.y_of(y)))
            .collect();
        self.lines.push(Line {
            points: points.join(" "),
            dashed,
        });
    }
    fn dot(&mut self, x: f64, y: f64, (low, high): (f64, f64), label: String) {
        self.dots.push(Dot {
            x: self.x_of(x),
            y: self.y_of(y),
            low: self.y_of(low),
            high: self.y_of(high),
            label,
        });
    }
}

/// To a tenth of a unit of the drawing.
fn tidy(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn precision_by_recall(statement: &Value) -> Option<Chart> {
    let both: Vec<(f64, f64)> = list(statement, "points")
        .iter()
        .filter_map(|p| Some((middle(p, "recall")?, middle(p, "precision")?)))
        .collect();
    let link = statement.get("link")?;
    let (x, y) = (middle(link, "recall")?, middle(link, "precision")?);
    let mut chart = Chart {
        id: "precision-recall",
        title: "Precision against recall",
        says: format!(
            "From the model's threshold precision is {} and recall {}.",
            says(link.get("precision")),
            says(link.get("recall"))
        ),
        x: Axis::from_least("recall", both.iter().map(|(r, _)| *r)),
        y: Axis::from_least("precision", both.iter().map(|(_, p)| *p)),
        lines: Vec::new(),
        dots: Vec::new(),
        diagonal: false,
    };
    chart.line(both.into_iter(), false);
    let precision = link.get("precision")?;
    let interval = (number(precision, "low"), number(precision, "high"));
    chart.dot(x, y, interval, format!("p {}", number(link, "probability")));
    Some(chart)
}

fn by_threshold(statement: &Value) -> Option<Chart> {
    let of = |rate: &'static str| {
        let points = list(statement, "points").iter();
        points.filter_map(move |p| Some((p.get("weight")?.as_f64()?, middle(p, rate)?)))
    };
    let weights = || of("recall").map(|(w, _)| w);
    let (from, to) = (
        weights().fold(f64::INFINITY, f64::min).floor(),
        weights().fold(f64::NEG_INFINITY, f64::max).ceil(),
    );
    if from >= to {
        return None;
    }
    let tick = |n: i32| Tick {
        at: f64::from(n) / 5.0,
        label: format!("{:.1}", from + (to - from) * f64::from(n) / 5.0),
    };
    let mut chart = Chart {
        id: "thresholds",
        title: "Precision and recall as the threshold rises",
        says: "The line is recall, the dashed line precision. The table below has the figures."
            .into(),
        x: Axis {
            label: "threshold, in bits of weight (0 is a probability of .5)",
            ticks: (0..=5).map(tick).collect(),
            from,
            to,
        },
        y: Axis::from_least("rate", of("recall").chain(of("precision")).map(|(_, r)| r)),
        lines: Vec::new(),
        dots: Vec::new(),
        diagonal: false,
    };
    chart.line(of("recall"), false);
    chart.line(of("precision"), true);
    Some(chart)
}

fn calibration(statement: &Value) -> Option<Chart> {
    let tenths = list(statement.get("calibration")?, "tenths");
    let mut chart = Chart {
        id: "calibration",
        title: "What the probabilities promise, and what was found",
        says: "Each dot is a tenth of the probabilities, with its interval; on the dotted line promise and finding are equal."
            .into(),
        x: Axis::rates("mean probability", 0.0, 1.0),
        y: Axis::rates("of one person", 0.0, 1.0),
        lines: Vec::new(),
        dots: Vec::new(),
        diagonal: true,
    };
    for tenth in tenths {
        let (Some(x), Some(y)) = (
            tenth.get("predicted").and_then(Value::as_f64),
            middle(tenth, "observed"),
        ) else {
            continue;
        };
        let observed = tenth.get("observed")?;
        let interval = (number(observed, "low"), number(observed, "high"));
        chart.dot(x, y, interval, String::new());
    }
    (!chart.dots.is_empty()).then_some(chart)
}

fn roc(statement: &Value) -> Option<Chart> {
    let points: Vec<(f64, f64)> = list(statement, "roc")
        .iter()
        .map(|p| (number(p, "false_share"), number(p, "recall")))
        .collect();
    let mut chart = Chart {
        id: "roc",
        title: "Recall against the share of scored pairs of two people that are links",
        says: "Over scored pairs alone: pairs that were never looked at are not counted.".into(),
        x: Axis::rates("of the scored pairs of two people, linked", 0.0, 1.0),
        y: Axis::rates("recall", 0.0, 1.0),
        lines: Vec::new(),
        dots: Vec::new(),
        diagonal: false,
    };
    let enough = points.len() > 1;
    chart.line(points.into_iter(), false);
    enough.then_some(chart)
}

fn group_chart(column: &Value) -> Option<GroupChart> {
    let recalls: Vec<(&str, &Value)> = list(column, "groups")
        .iter()
        .filter_map(|g| Some((text(g, "group"), g.get("figures")?.get("recall")?)))
        .filter(|(_, recall)| !recall.is_null())
        .collect();
    let axis = Axis::from_least("recall", recalls.iter().map(|(_, r)| number(r, "low")));
    let place = |value: f64| tidy(ROW.0 + axis.place(value) * (ROW.1 - ROW.0));
    let rows: Vec<GroupRow> = recalls
        .iter()
        .map(|(group, recall)| GroupRow {
            group: (*group).to_owned(),
            says: says(Some(recall)).to_owned(),
            from: place(number(recall, "from")),
            to: place(number(recall, "to")),
            low: place(number(recall, "low")),
            high: place(number(recall, "high")),
        })
        .collect();
    let ticks = axis.ticks.iter().map(|t| Tick {
        at: tidy(ROW.0 + t.at * (ROW.1 - ROW.0)),
        label: t.label.clone(),
    });
    (!rows.is_empty()).then(|| GroupChart {
        column: text(column, "column").to_owned(),
        ticks: ticks.collect(),
        rows,
    })
}
