//! How many ledger entries a second the store takes: one in each transaction, many in one, and how many a second get their
//! places. Each comes with the state that it is about, and every transaction is on the disk before the next begins.
//!
//! `cargo bench -p store --bench appends`; `ENTRIES=2000` chooses how many. SQLite, in the folder of temporary files.
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

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use common::place::{Place, runtime};
use common::world::{at, commit, opened, place};

const TOGETHER: u64 = 1_000;

fn main() {
    let entries: u64 = std::env::var("ENTRIES").map_or(2_000, |n| n.parse().unwrap());
    runtime().block_on(async {
        let folder = Place::sqlite();
        let store = folder.store().await;
        let told = |name: &str, at: Instant| {
            let took = at.elapsed().as_secs_f64();
            println!(
                "{name:<44} {entries:>7} in {took:>7.3} s {:>9.0} /s",
                entries as f64 / took
            );
        };

        let begun = Instant::now();
        for n in 0..entries {
            let id = format!("one-{n}");
            let one = commit(&id, at(0), |b| b.and(opened(&id, None)).unwrap());
            store.commit(&one).await.unwrap();
        }
        told("durable: one entry in each transaction", begun);

        let begun = Instant::now();
        for start in (0..entries).step_by(TOGETHER as usize) {
            let many = commit(&format!("many-{start}"), at(0), |b| {
                let ids = (start..entries.min(start + TOGETHER)).map(|n| format!("many-{n}"));
                ids.fold(b, |b, id| b.and(opened(&id, None)).unwrap())
            });
            store.commit(&many).await.unwrap();
        }
        told("batched: up to 1,000 entries in a transaction", begun);

        let begun = Instant::now();
        let mut left = entries;
        while left > 0 {
            let many = left.min(TOGETHER) as u32;
            left -= place(&*store, many).await as u64;
        }
        told("given their places, up to 1,000 at a time", begun);
    });
}
