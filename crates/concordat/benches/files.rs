//! How many rows a second go through each stage of a file, and how much memory it takes: extract, gate, seal; open and
//! load. Each stage beside its share of the whole, and the gate beside the writing of the file alone.
//!
//! `cargo bench -p concordat --bench files`; `ROWS=10000,100000` chooses the sizes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark reads the machine's clock and prints"
)]

#[path = "../tests/town/mod.rs"]
mod town;

use std::time::{Duration, Instant};

use exchange::table::{Format, Table};
use town::*;

const RUN: &str = "ask-2016-04";

fn main() {
    let sizes = std::env::var("ROWS").unwrap_or_else(|_| "1000,10000".into());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    println!("form   rows     stage     rows/s   share");
    for form in ["csv", "xlsx"] {
        for rows in sizes.split(',').map(|n| n.parse::<u32>().unwrap()) {
            runtime.block_on(one(form, rows));
        }
    }
}

async fn one(form: &str, rows: u32) {
    let source = source().replace("as: xlsx", &format!("as: {form}"));
    let town = Town::under((1..=rows).map(Migrant::new).collect(), source).await;
    town.laid().await;
    town.signed().await;
    town.approved("ask", 10_000_000).await;
    town.on("2016-04-04");
    let (ho, run, flow) = (&town.ho, run(RUN), flow("ask"));
    let mut stages: Vec<(&str, Duration)> = Vec::new();
    let mut at = Instant::now();
    let mut mark = |name| {
        stages.push((name, at.elapsed()));
        at = Instant::now();
    };
    ho.start(&op("start"), &starting(RUN, "ask"), &officer())
        .await
        .unwrap();
    mark("extract");
    ho.validate(&op("validate"), &run, &flow).await.unwrap();
    mark("gate");
    ho.release(&op("release"), &run, &flow, &officer())
        .await
        .unwrap();
    ho.seal(&op("seal"), &run, &flow).await.unwrap();
    mark("seal");
    while ho.work().await.unwrap().busy {}
    mark("send");
    while town.hmrc.work().await.unwrap().busy {}
    mark("load");
    let whole: Duration = stages.iter().map(|(_, t)| *t).sum();
    for (name, took) in &stages {
        let share = 100.0 * took.as_secs_f64() / whole.as_secs_f64();
        let speed = f64::from(rows) / took.as_secs_f64();
        println!("{form:<6} {rows:<8} {name:<9} {speed:>7.0}   {share:>4.0} %");
    }
    let table = Table {
        columns: (0..14).map(|n| format!("column_{n}")).collect(),
        rows: (0..rows)
            .map(|n| (0..14).map(|c| format!("value {n} {c}")).collect())
            .collect(),
    };
    let format = if form == "csv" {
        Format::Csv
    } else {
        Format::Xlsx
    };
    let writing = Instant::now();
    let bytes = ho.ports().forms.write(format, &table).unwrap().len();
    let writing = writing.elapsed();
    let gate = stages.iter().find(|(name, _)| *name == "gate").unwrap().1;
    println!(
        "{form:<6} {rows:<8} writing the file alone {:.3} s ({bytes} bytes); the gate takes {:.1} times that; peak memory so far {} MiB",
        writing.as_secs_f64(),
        gate.as_secs_f64() / writing.as_secs_f64(),
        peak()
    );
    assert_eq!(
        town.leg(&town.hmrc, RUN, "ask").await.rows(),
        u64::from(rows)
    );
}

/// The most memory that this process ever had, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM:"));
    let kib = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
