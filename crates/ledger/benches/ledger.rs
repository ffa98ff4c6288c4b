//! How many entries a second are verified of a log's files, how many proofs a second are made and checked, and how many
//! cells a second are committed to.
//!
//! `cargo bench -p ledger --bench ledger`; `ENTRIES=1000000` chooses the size.
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

use common::{Log, signer};
use ledger::proof::{EntryProof, Proof};
use ledger::{Cell, DisclosureKey, disclosure, tree, verify_log};

/// The processor time that this process has used, in seconds: what other processes do does not count.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let ticks = |at: usize| {
        after_name
            .split(' ')
            .nth(at)
            .unwrap()
            .parse::<f64>()
            .unwrap()
    };
    (ticks(12) + ticks(13)) / 100.0
}

/// Does it `times` and prints how many a second.
fn rate(name: &str, times: u64, work: impl FnOnce()) {
    let (at, used) = (Instant::now(), cpu());
    work();
    let (took, used) = (at.elapsed().as_secs_f64(), cpu() - used);
    println!(
        "{name:<48} {times:>8} in {took:>7.3} s {:>10.0} /s; {used:>6.2} CPU s {:>10.0} /CPU s",
        times as f64 / took,
        times as f64 / used,
    );
}

fn main() {
    let entries = std::env::var("ENTRIES").map_or(1_000_000, |n| n.parse().unwrap());
    let log = Log::of(entries);
    let files = log.files();
    let bytes: usize = files.0.values().map(Vec::len).sum();
    println!("a log of {entries} entries, {bytes} bytes of files in memory");
    let key = signer().verifier();
    rate("verify the whole log, entries", entries, || {
        assert_eq!(verify_log(&files, &key, None).unwrap().size, entries);
    });

    let leaves = log.leaves();
    let checkpoint = log.checkpoint(entries).sign(&signer()).unwrap();
    let mut proofs = Vec::new();
    let made = 20.min(entries);
    rate("make proofs of an entry", made, || {
        for n in 0..made {
            let index = n * (entries / made);
            proofs.push(Proof::Entry(EntryProof {
                index,
                entry: String::from_utf8(log.0[index as usize].clone()).unwrap(),
                path: tree::prove_inclusion(&leaves, index).unwrap(),
                checkpoint: checkpoint.clone(),
            }));
        }
    });
    rate("check proofs of an entry", 2_000, || {
        for n in 0..2_000 {
            proofs[n % proofs.len()].check(&key).unwrap();
        }
    });

    let values: Vec<[String; 14]> = (0..10_000)
        .map(|n| std::array::from_fn(|c| format!("value {n} {c}")))
        .collect();
    let names: [String; 14] = std::array::from_fn(|c| format!("field_{c}"));
    let rows: Vec<Vec<Cell<'_>>> = values
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&names);
            let cell = |(value, field)| Cell {
                permit: "ask/extract.field/migrant/bcia-2009-s21",
                field,
                value,
            };
            cells
                .map(|(value, field): (&String, &String)| cell((value.as_str(), field.as_str())))
                .collect()
        })
        .collect();
    let key = DisclosureKey::new([7; 32]);
    rate("commit to a file of 10,000 rows, cells", 140_000, || {
        assert_eq!(disclosure::commit(&key, &rows).unwrap().cells, 140_000);
    });
    let root = disclosure::commit(&key, &rows).unwrap().root;
    let made = 5;
    rate(
        "prove and check a row of a file of 10,000 rows",
        made,
        || {
            for n in 0..made {
                let row = disclosure::prove_row(&key, &rows, n).unwrap();
                row.without_values().verify(&root, 10_000).unwrap();
            }
        },
    );
    let mut committing = disclosure::Committing::default();
    for row in &rows {
        committing.row(&key, row).unwrap();
    }
    let roots = committing.roots();
    rate("the same out of the rows near it", 200, || {
        for n in 0..200 {
            let near = disclosure::near(10_000, n).map(|n| (n, &rows[n as usize]));
            let row = disclosure::prove_row_near(&key, (roots, 10_000), near, n).unwrap();
            row.without_values().verify(&root, 10_000).unwrap();
        }
    });
}
