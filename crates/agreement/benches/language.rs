//! How long checking, compiling and explaining take, beside the parser of the same files in the same run.
//!
//! `cargo bench -p agreement` prints a table. The aims: the largest agreement in under 10 ms, an answer of
//! `explain` in under 1 ms, five hundred agreements in under a second.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a benchmark"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use agreement::{Act, AsIf, Ask, Law, Library};
use saphyr_parser::Parser;

struct Sample {
    name: String,
    text: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agreements")
}

fn samples() -> Vec<Sample> {
    let mut all = Vec::new();
    for sub in ["", "examples"] {
        for entry in std::fs::read_dir(folder().join(sub)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "yaml") {
                let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                all.push(Sample {
                    name,
                    text: std::fs::read_to_string(path).unwrap(),
                });
            }
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The median of many runs of a thing.
fn median(mut once: impl FnMut()) -> Duration {
    let mut times = Vec::new();
    let begun = Instant::now();
    while times.len() < 9 || begun.elapsed() < Duration::from_millis(300) {
        let start = Instant::now();
        once();
        times.push(start.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

fn row(what: &str, took: Duration, of: &str) {
    println!("{what:<46} {:>10.3} ms  {of}", took.as_secs_f64() * 1000.0);
}

fn main() {
    let law = Law::built_in().unwrap();
    let samples = samples();
    let library = Library::read(
        samples.iter().map(|s| (s.name.as_str(), s.text.as_bytes())),
        &law,
    );
    let largest = samples.iter().max_by_key(|s| s.text.len()).unwrap();
    let bytes = largest.text.as_bytes();

    let parse = median(|| {
        black_box(Parser::new_from_str(black_box(&largest.text)).count());
    });
    row(
        &format!("parse the YAML of {} alone", largest.name),
        parse,
        &format!("{} bytes; the peer", bytes.len()),
    );
    let check = |as_if| {
        median(|| {
            let checked =
                agreement::check_as_if(&largest.name, black_box(bytes), &law, &library, as_if);
            assert!(checked.plan.is_some());
        })
    };
    let took = check(AsIf::Filled);
    let times = took.as_secs_f64() / parse.as_secs_f64();
    row(
        &format!("check and compile {}", largest.name),
        took,
        &format!("{times:.1} times the parser; aim 10 ms"),
    );

    let text = &samples
        .iter()
        .find(|s| s.name == "contact-thread")
        .unwrap()
        .text;
    let plan = agreement::check("contact-thread", text.as_bytes(), &law, &library)
        .plan
        .unwrap();
    let ask = |purpose: &str| Ask {
        act: Act::Disclose,
        flow: None,
        field: agreement::FieldPath::parse("extract.nino").unwrap(),
        about: agreement::PersonKind::parse("migrant").unwrap(),
        from: agreement::PartyId::parse("ho").unwrap(),
        from_member: None,
        to: agreement::PartyId::parse("hmrc").unwrap(),
        to_member: None,
        purpose: agreement::PurposeId::parse(purpose).unwrap(),
        on: agreement::parse_date("2026-02-02").unwrap(),
    };
    let facts: BTreeMap<String, String> = [
        ("in_pool", "yes"),
        ("last_contact", "2025-01-01"),
        ("dead", "no"),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .into();
    let (yes, no) = (ask("contact"), ask("other"));
    row(
        "explain: yes, for a record",
        median(|| assert!(plan.leave(black_box(&yes), &facts).is_ok())),
        "aim 1 ms",
    );
    row(
        "explain: no, with the nearest refusals",
        median(|| assert!(plan.leave(black_box(&no), &facts).is_err())),
        "aim 1 ms",
    );

    let many: Vec<&Sample> = samples.iter().cycle().take(500).collect();
    let begun = Instant::now();
    let read = Library::read(
        samples.iter().map(|s| (s.name.as_str(), s.text.as_bytes())),
        &law,
    );
    for sample in &many {
        let checked = agreement::check(&sample.name, sample.text.as_bytes(), &law, &read);
        assert!(checked.plan.is_some(), "{}", sample.name);
    }
    row(
        "check and compile 500 agreements",
        begun.elapsed(),
        "aim 1,000 ms",
    );

    let begun = Instant::now();
    black_box(Law::built_in().unwrap());
    row("read the law catalogue", begun.elapsed(), "once at start");
}
