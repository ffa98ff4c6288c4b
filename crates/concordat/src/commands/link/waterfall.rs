//! One pair's weight as a picture: lines for a terminal, or one file of SVG that needs nothing else.

use linkage::model::Model;
use linkage::{KeyState, RuleMet, Seen, ValuePlace, Waterfall};
use serde::Serialize;

use crate::fail::Fail;
use crate::page;

const TEMPLATE: &str = include_str!("waterfall.svg");

/// A step: where the weight was, and where it is then.
struct Step {
    label: String,
    /// What it rests on.
    says: Vec<String>,
    bits: f64,
    from: f64,
    to: f64,
    sort: &'static str,
}

fn steps(why: &Waterfall) -> Vec<Step> {
    let one_in = (-why.prior).exp2() + 1.0;
    let mut at = why.prior;
    let mut steps = vec![Step {
        label: "before".into(),
        says: vec![format!("one pair in {one_in:.0} is of one person")],
        bits: why.prior,
        from: 0.0,
        to: at,
        sort: "before",
    }];
    for bar in &why.bars {
        let mut label = bar.columns.join(" + ");
        let mut says: Vec<String> = bar
            .levels
            .iter()
            .map(|l| level(l, bar.levels.len()))
            .collect();
        if bar.term_frequency {
            label.push_str(": how rare");
            let word = if bar.bits < 0.0 { "commoner" } else { "rarer" };
            says = vec![format!("what agrees is {word} than most")];
        }
        steps.push(Step {
            label,
            says,
            bits: bar.bits,
            from: at,
            to: at + bar.bits,
            sort: if bar.bits < 0.0 { "against" } else { "for" },
        });
        at += bar.bits;
    }
    steps.push(Step {
        label: "together".into(),
        says: vec![format!("a probability of {}", probability(why))],
        bits: why.weight,
        from: 0.0,
        to: why.weight,
        sort: "together",
    });
    steps
}

fn level(seen: &Seen, of: usize) -> String {
    let column = match of {
        1 => String::new(),
        _ => format!("{}: ", seen.column),
    };
    let place = |p: &Option<ValuePlace>, whose: &str| {
        p.map(|p| format!("value {} of the {whose}'s {}", p.value, p.of))
    };
    let places = [place(&seen.left, "case"), place(&seen.right, "record")];
    let places: Vec<String> = places.into_iter().flatten().collect();
    match places.as_slice() {
        [] => format!("{column}{}", seen.words),
        places => format!("{column}{} ({})", seen.words, places.join(", ")),
    }
}

/// Never rounded to certainty.
fn probability(why: &Waterfall) -> String {
    let against = 1.0 / (1.0 + why.weight.exp2());
    if why.probability < 1e-6 {
        format!("{:.1e}", why.probability)
    } else if against < 1e-6 {
        format!("1 - {against:.1e}")
    } else {
        format!("{:.6}", why.probability)
    }
}

/// How many characters the longest bar has.
const WIDE: f64 = 40.0;

/// The waterfall as lines.
pub(super) fn text(model: &Model, why: &Waterfall) -> Vec<String> {
    let steps = steps(why);
    let (least, most) = range(&steps);
    let at = |bits: f64| ((bits - least) / (most - least) * WIDE).round() as usize;
    let mut lines = Vec::new();
    let wide = steps
        .iter()
        .map(|s| s.label.chars().count())
        .max()
        .unwrap_or(0);
    for step in &steps {
        let (from, to) = (at(step.from.min(step.to)), at(step.from.max(step.to)));
        let mark = match step.sort {
            "against" => "░",
            "for" => "█",
            _ => "▒",
        };
        let mut bar: Vec<&str> = vec![" "; WIDE as usize + 1];
        if let Some(zero) = bar.get_mut(at(0.0)) {
            *zero = "|";
        }
        bar.iter_mut().take(to).skip(from).for_each(|c| *c = mark);
        let bar = bar.concat();
        lines.push(
            format!("{:<wide$} {:>+9.4}  {bar}", step.label, step.bits)
                .trim_end()
                .to_owned(),
        );
        lines.extend(step.says.iter().map(|says| format!("    {says}")));
    }
    lines.extend(rules(why));
    lines.push(verdict(model, why));
    lines
}

/// What the weight amounts to by itself. Whether a pair is strong also rests on the kind of evidence and on the case's other
/// candidates.
fn verdict(model: &Model, why: &Waterfall) -> String {
    let decide = &model.decide;
    let band = if why.probability >= decide.link {
        format!("heavy enough to be strong (from {} on)", decide.link)
    } else if why.probability >= decide.review {
        format!("for a person to look at (from {} on)", decide.review)
    } else {
        format!("too light to be kept (below {})", decide.review)
    };
    format!("by its weight {band}; a match is not a fact: a person confirms it")
}

fn rules(why: &Waterfall) -> Vec<String> {
    let mut lines = Vec::new();
    if why.rules.iter().all(|r| !r.met) {
        lines.push("no blocking rule finds this pair: scoring does not look at it".to_owned());
    }
    for (n, rule) in (1..).zip(&why.rules) {
        lines.push(format!("rule {n}, {}: {}", rule.rule, says(rule)));
    }
    lines
}

/// Whether a rule finds a pair, and by what it misses it.
fn says(rule: &RuleMet) -> String {
    if rule.met {
        return "finds it".into();
    }
    let missing = |beyond_cap: bool| -> Vec<String> {
        let keys = rule.keys.iter().filter(|k| k.beyond_cap == beyond_cap);
        let keys = keys.filter_map(|k| {
            let how = match k.state {
                KeyState::Equal => return None,
                KeyState::Differs => "differs",
                KeyState::CaseHasNone => "is not in the case",
                KeyState::RecordHasNone => "is not in the record",
                KeyState::NeitherHas => "is in neither",
            };
            Some(format!("{} {how}", k.key))
        });
        keys.collect()
    };
    match missing(false).as_slice() {
        [] => format!(
            "misses it: more cases hold the value than its cap, and {}",
            missing(true).join(", ")
        ),
        keys => format!("misses it: {}", keys.join(", ")),
    }
}

fn range(steps: &[Step]) -> (f64, f64) {
    let ends = || steps.iter().flat_map(|s| [s.from, s.to]);
    let least = ends().fold(0.0, f64::min);
    let most = ends().fold(0.0, f64::max);
    (least, most.max(least + 1.0))
}

#[derive(Serialize)]
struct Row {
    y: f64,
    label: String,
    lines: Vec<String>,
    bits: String,
    x: f64,
    width: f64,
    /// Where the next step begins.
    end: f64,
    sort: &'static str,
    last: bool,
}

#[derive(Serialize)]
struct Tick {
    x: f64,
    bits: i64,
}

#[derive(Serialize)]
struct Picture {
    height: f64,
    foot: f64,
    rows: Vec<Row>,
    ticks: Vec<Tick>,
    zero: f64,
    rules: Vec<String>,
    verdict: Vec<String>,
    says: String,
}

/// Where bars begin and how wide they may be.
const LEFT: f64 = 400.0;
const BARS: f64 = 450.0;
/// How many characters of small print fit beside the bars, and below them.
const BESIDE: usize = 60;
const BELOW: usize = 140;
const LINE: f64 = 17.0;

/// The waterfall as SVG.
pub(super) fn svg(model: &Model, why: &Waterfall) -> Result<String, Fail> {
    let steps = steps(why);
    let (least, most) = range(&steps);
    let x = |bits: f64| LEFT + (bits - least) / (most - least) * BARS;
    let mut rows = Vec::new();
    let mut y = 48.0;
    for (n, step) in steps.iter().enumerate() {
        let lines: Vec<String> = step.says.iter().flat_map(|s| wrapped(s, BESIDE)).collect();
        let tall = 18.0 + LINE * lines.len() as f64 + 12.0;
        rows.push(Row {
            y,
            label: step.label.clone(),
            lines,
            bits: format!("{:+.2}", step.bits),
            x: x(step.from.min(step.to)),
            width: (x(step.to) - x(step.from)).abs().max(1.0),
            end: x(step.to),
            sort: step.sort,
            last: n + 1 == steps.len(),
        });
        y += tall;
    }
    let foot = y;
    let apart = tick(most - least);
    let (first, last) = ((least / apart).ceil() as i64, (most / apart).floor() as i64);
    let ticks = (first..=last).map(|n| Tick {
        x: x(n as f64 * apart),
        bits: n * apart as i64,
    });
    let rules: Vec<String> = rules(why).iter().flat_map(|r| wrapped(r, BELOW)).collect();
    let verdict = wrapped(&verdict(model, why), BELOW);
    let below = rules.len() + verdict.len();
    let picture = Picture {
        height: foot + 78.0 + LINE * below as f64,
        foot,
        ticks: ticks.collect(),
        zero: x(0.0),
        rules,
        verdict,
        says: steps
            .iter()
            .map(|s| format!("{}: {:+.2} bits", s.label, s.bits))
            .collect::<Vec<_>>()
            .join("; "),
        rows,
    };
    page::render(TEMPLATE, picture)
}

/// How many bits lie between two marks: so that there are some and not many.
fn tick(range: f64) -> f64 {
    let steps = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
    let fits = steps.into_iter().find(|step| range / step <= 8.0);
    fits.unwrap_or(200.0)
}

/// A text in lines of at most so many characters; a longer word stands alone.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        if let Some(line) = lines.last_mut() {
            if line.is_empty() {
                line.push_str(word);
                continue;
            }
            if line.chars().count() + 1 + word.chars().count() <= most {
                line.push(' ');
                line.push_str(word);
                continue;
            }
        }
        lines.push(word.to_owned());
    }
    lines
}
