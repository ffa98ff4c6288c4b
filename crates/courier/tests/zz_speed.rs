#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods
)]
mod common;
use exchange::table::{Format, Shape, Table};
#[test]
fn speed() {
    let columns: Vec<String> = (0..6).map(|n| format!("c{n}")).collect();
    let rows: Vec<Vec<String>> = (0..200_000)
        .map(|r| (0..6).map(|c| format!("value {r} {c}")).collect())
        .collect();
    let t = Table {
        columns: columns.clone(),
        rows,
    };
    let shape = Shape {
        sheet: "Records".into(),
        columns,
        max_rows: 1_000_000,
    };
    for f in [Format::Csv, Format::Xlsx] {
        let s = std::time::Instant::now();
        let b = if f == Format::Csv {
            courier::csv::write(&t)
        } else {
            courier::workbook::write(&t)
        }
        .unwrap();
        println!("{f:?} write {:?} {} bytes", s.elapsed(), b.len());
        let s = std::time::Instant::now();
        let r = common::confined_with(f, &shape, &b);
        println!("read {:?} {:?}", s.elapsed(), r.map(|x| x == t));
    }
}
