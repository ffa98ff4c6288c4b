//! What custody costs: a csv file sealed, sent, received, opened, validated and loaded between two nodes, stage by stage, and in
//! the same run what the programs `age` and `cp` take for the same bytes, a workbook of the same cells by the hub and by
//! `rust_xlsxwriter` alone, and proofs made and checked. Ratios are of processor time, with that of the programs that were
//! started.
//!
//! `cargo bench -p concordat --bench custody`; `ROWS=1000000` chooses the size, `BOOK=100000` that of the workbook.
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

mod measure;
#[path = "../tests/town/mod.rs"]
mod town;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use exchange::cover::Cover;
use exchange::inward;
use exchange::ports::{Parts, Spooled};
use exchange::table::{Format, Table};
use measure::{Kept, Stages, plain_workbook};
use town::*;

const RUN: &str = "ask-2016-04";
const PROOFS: u64 = 5;
const CHECKS: u64 = 200;

fn number(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |n| n.parse().unwrap())
}

#[tokio::main]
async fn main() {
    let rows = number("ROWS", 10_000);
    let book = number("BOOK", rows.min(100_000));
    println!("{}", Stages::HEADER);
    let source = source().replace("as: xlsx", "as: csv");
    let town = Town::under((1..=rows).map(Migrant::new).collect(), source).await;
    town.laid().await;
    town.signed().await;
    town.approved("ask", 10_000_000).await;
    town.on("2016-04-04");
    let (ho, hmrc, run, flow) = (&town.ho, &town.hmrc, run(RUN), flow("ask"));
    ho.start(&op("start"), &starting(RUN, "ask"), &officer())
        .await
        .unwrap();
    ho.validate(&op("validate"), &run, &flow).await.unwrap();
    ho.release(&op("release"), &run, &flow, &officer())
        .await
        .unwrap();

    let mut stages = Stages::begin();
    ho.seal(&op("seal"), &run, &flow).await.unwrap();
    stages.mark("seal");
    while ho.work().await.unwrap().busy {}
    stages.mark("send");
    let ports = hmrc.ports();
    let (route, carrier) = ports.routes.first_key_value().unwrap();
    let waiting = carrier.transport.waiting(hmrc.party()).await.unwrap();
    stages.again();
    hmrc.receive(route, &waiting[0]).await.unwrap();
    stages.mark("receive");

    let (_, plan) = ho.agreement(&agreement()).await.unwrap();
    let flow_plan = plan.flow(&flow).unwrap();
    let on = jiff::civil::date(2016, 4, 4);
    let cards = [ho.ports().signer.card(), ports.signer.card()];
    let shape = inward::shape(flow_plan);
    let package = Spooled(Arc::new(Kept {
        store: ports.store.clone(),
        package: waiting[0].clone(),
    }));
    stages.again();
    let mut file = ports
        .sealer
        .open(&package, &cards)
        .await
        .unwrap()
        .unwrap()
        .file;
    let plain = whole(&mut *file).await;
    stages.mark("open");
    let file = ports
        .sealer
        .open(&package, &cards)
        .await
        .unwrap()
        .unwrap()
        .file;
    stages.again();
    let mut reading = ports.forms.read(Format::Csv, &shape, file).await.unwrap();
    let mut table = Table {
        columns: shape.columns.clone(),
        rows: Vec::new(),
    };
    while let Some(mut page) = reading.next().await.unwrap().unwrap() {
        for (row, place) in page.rows.iter().zip(table.rows.len() as u64..) {
            inward::cells(&plan, flow_plan, row, place, on, None).unwrap();
        }
        let wanted = (book as usize).saturating_sub(table.rows.len());
        page.rows.truncate(wanted);
        table.rows.append(&mut page.rows);
    }
    stages.mark("validate");
    hmrc.open_received(&run, &flow).await.unwrap();
    stages.mark("load");
    stages.without("open");
    stages.without("validate");
    stages.print("csv", rows);
    assert_eq!(town.leg(hmrc, RUN, "ask").await.rows(), u64::from(rows));

    let mut peers = Stages::begin();
    let aside = tempfile::tempdir().unwrap();
    peer(&mut peers, aside.path(), &plain);
    peers.print("csv", rows);
    let compare = |what: &str, ours: f64, theirs: f64| {
        println!(
            "{what}: {:.1} times the processor time",
            ours / theirs.max(1e-9)
        );
    };
    let out = ["seal", "send"];
    let into = ["receive", "open", "validate", "load"];
    compare(
        "seal and send, to age encrypting and cp",
        stages.cpu(&out),
        peers.cpu(&["age", "cp"]),
    );
    compare(
        "open, to age decrypting",
        stages.cpu(&["open"]),
        peers.cpu(&["age -d"]),
    );
    compare(
        "receive to load, to cp and age decrypting",
        stages.cpu(&into),
        peers.cpu(&["age -d", "cp"]),
    );

    let mut books = Stages::begin();
    let cover = Cover::plain(&table.columns);
    let forms = &ho.ports().forms;
    let made = forms.write(Format::Xlsx, &cover, &table).unwrap();
    books.mark("workbook");
    let alone = plain_workbook(&table);
    books.mark("xlsx alone");
    let written = u32::try_from(table.rows.len()).unwrap();
    books.print("xlsx", written);
    println!("{} KiB and {} KiB", made.len() >> 10, alone.len() >> 10);
    compare(
        "the workbook, to rust_xlsxwriter",
        books.cpu(&["workbook"]),
        books.cpu(&["xlsx alone"]),
    );

    let mut proofs = Stages::begin();
    for _ in 0..PROOFS {
        ho.prove_disclosure(&run, &flow).await.unwrap();
    }
    proofs.mark("facts");
    let mut last = None;
    for n in 0..PROOFS {
        let row = 1 + n % u64::from(rows);
        last = Some(ho.prove_fields(&run, &flow, row).await.unwrap());
    }
    proofs.mark("rows");
    let last = last.unwrap();
    let key = ledger::VerifierKey::parse(&last.key).unwrap();
    proofs.again();
    for _ in 0..CHECKS {
        last.proof.check(&key).unwrap();
    }
    proofs.mark("checks");
    for (name, what, many) in [
        ("facts", "proofs that a file left", PROOFS),
        ("rows", "proofs of a row's fields", PROOFS),
        ("checks", "proofs of a row checked", CHECKS),
    ] {
        println!(
            "{what}: {:.1} a second of processor time",
            many as f64 / proofs.cpu(&[name]).max(1e-9)
        );
    }
}

async fn whole(file: &mut dyn Parts) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(mut part) = file.next().await.unwrap() {
        all.append(&mut part);
    }
    all
}

/// The same bytes through the programs: nothing is asked, committed to, recorded or made durable.
fn peer(peers: &mut Stages, aside: &Path, plain: &[u8]) {
    let at = |name: &str| aside.join(name).display().to_string();
    std::fs::write(at("plain"), plain).unwrap();
    let runs = |line: &[&str]| {
        let out = Command::new(line[0]).args(&line[1..]).output();
        let out = out.unwrap_or_else(|e| panic!("{}: {e}: apt-get install age", line[0]));
        assert!(out.status.success(), "{line:?}");
    };
    runs(&["age-keygen", "-o", &at("key")]);
    runs(&[
        "sh",
        "-c",
        &format!("age-keygen -y {} > {}", at("key"), at("to")),
    ]);
    peers.again();
    runs(&[
        "age",
        "-e",
        "-R",
        &at("to"),
        "-o",
        &at("sealed"),
        &at("plain"),
    ]);
    peers.mark("age");
    runs(&["cp", &at("sealed"), &at("sent")]);
    peers.mark("cp");
    runs(&[
        "age",
        "-d",
        "-i",
        &at("key"),
        "-o",
        &at("opened"),
        &at("sent"),
    ]);
    peers.mark("age -d");
    assert!(std::fs::read(at("opened")).unwrap() == plain);
}
