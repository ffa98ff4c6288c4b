//! How long comparing two texts takes, beside rapidfuzz on the same pairs in the same run.
//!
//! `cargo bench -p linkage` prints a table. The aim: ours stays well ahead, or it goes (docs/decisions/0010-dependencies.md).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a benchmark"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use linkage::text::{alike, damerau, jaro_winkler, within_edits};
use rapidfuzz::distance::{damerau_levenshtein, jaro_winkler as reference};

const NAMES: &str = "smith smyth jones johnson johnston williams williamson taylor brown davies evans wilson thomas \
    roberts robinson thompson thomson wright walker white edwards hughes green hall lewis harris clarke patterson \
    kowalski kowalczyk wisniewski wojcik kaminski lewandowski hussain husain hussein ahmed ahmad mohammed muhammad \
    khan begum chowdhury choudhury okafor adeyemi boateng fernandez fernandes gonzalez schmidt schmitt";

const STREETS: &str = "12 high street;12 hihg street;flat 3 14 mill lane;flat 3 41 mill lane;7 church road north;\
    7 chruch road north;221 station road;the old rectory church lane;the old rectory church street;19 victoria avenue;\
    91 victoria avenue;4 kings court 18 park road;4 kings court park road";

/// The median over many runs, for one pair.
fn median(texts: &[&str], each: impl Fn(&str, &str) -> bool) -> f64 {
    let mut times = Vec::new();
    let begun = Instant::now();
    while times.len() < 9 || begun.elapsed() < Duration::from_millis(400) {
        let start = Instant::now();
        for a in texts {
            for b in texts {
                black_box(each(black_box(a), black_box(b)));
            }
        }
        times.push(start.elapsed());
    }
    times.sort();
    times[times.len() / 2].as_nanos() as f64 / (texts.len() * texts.len()) as f64
}

fn row(what: &str, ours: f64, theirs: f64) {
    println!(
        "{what:<34} {ours:>8.1} {theirs:>10.1} {:>6.1}",
        theirs / ours
    );
}

fn main() {
    let names: Vec<&str> = NAMES.split_whitespace().collect();
    let streets: Vec<&str> = STREETS.split(';').collect();
    println!("nanoseconds a pair                     ours  rapidfuzz  ratio");
    for (kind, texts) in [("words", &names), ("streets", &streets)] {
        let full = |a: &str, b: &str| reference::similarity(a.chars(), b.chars()) > 0.5;
        // As quick as rapidfuzz can be: bytes for letters, and told what is enough.
        let enough = reference::Args::default().score_cutoff(0.88);
        let cut = |a: &str, b: &str| {
            reference::similarity_with_args(a.bytes(), b.bytes(), &enough).is_some()
        };
        row(
            &format!("Jaro-Winkler, {kind}"),
            median(texts, |a, b| jaro_winkler(a, b) > 0.5),
            median(texts, full),
        );
        row(
            &format!("Jaro-Winkler of .88, {kind}"),
            median(texts, |a, b| alike(a, b, 0.88)),
            median(texts, cut),
        );
        let full = |a: &str, b: &str| damerau_levenshtein::distance(a.chars(), b.chars()) > 2;
        let enough = damerau_levenshtein::Args::default().score_cutoff(1);
        let cut = |a: &str, b: &str| {
            damerau_levenshtein::distance_with_args(a.bytes(), b.bytes(), &enough).is_some()
        };
        row(
            &format!("Damerau-Levenshtein, {kind}"),
            median(texts, |a, b| damerau(a, b) > 2),
            median(texts, full),
        );
        row(
            &format!("Damerau-Levenshtein of 1, {kind}"),
            median(texts, |a, b| within_edits(a, b, 1)),
            median(texts, cut),
        );
    }
}
