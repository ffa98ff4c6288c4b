//! How many rows a second go through each stage of a file, its share of the whole, and how much memory it takes beyond
//! what was there before: extract, gate, seal, send; receive, open, load. Beside them, in the same run, what people would use for
//! the same cells without a hub: a csv file (or a workbook) written and read whole, encrypted and decrypted with age.
//!
//! `cargo bench -p concordat --bench files`; `ROWS=10000,100000` chooses the sizes, `FORMS=csv` the forms.
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

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use exchange::gate::{self, Cells, Gate, RowFacts};
use exchange::inward;
use exchange::ports::Spooled;
use exchange::table::{Format, Table};
use measure::{Kept, Stages, of_thread, plain_workbook};
use town::*;

const RUN: &str = "ask-2016-04";

fn main() {
    let sizes = std::env::var("ROWS").unwrap_or_else(|_| "1000,10000".into());
    let forms = std::env::var("FORMS").unwrap_or_else(|_| "csv,xlsx".into());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    println!("{}", Stages::HEADER);
    for form in forms.split(',') {
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
    let (ho, hmrc, run, flow) = (&town.ho, &town.hmrc, run(RUN), flow("ask"));
    let mut stages = Stages::begin();
    ho.start(&op("start"), &starting(RUN, "ask"), &officer())
        .await
        .unwrap();
    stages.mark("extract");
    ho.validate(&op("validate"), &run, &flow).await.unwrap();
    stages.mark("gate");
    ho.release(&op("release"), &run, &flow, &officer())
        .await
        .unwrap();
    stages.again();
    ho.seal(&op("seal"), &run, &flow).await.unwrap();
    stages.mark("seal");
    while ho.work().await.unwrap().busy {}
    stages.mark("send");
    let ports = hmrc.ports();
    let (route, carrier) = ports.routes.first_key_value().unwrap();
    let waiting = carrier.transport.waiting(hmrc.party()).await.unwrap();
    hmrc.receive(route, &waiting[0]).await.unwrap();
    stages.mark("receive");
    let (_, plan) = ho.agreement(&agreement()).await.unwrap();
    let flow_plan = plan.flow(&flow).unwrap();
    let on = jiff::civil::date(2016, 4, 4);
    let cards = [ho.ports().signer.card(), ports.signer.card()];
    let format = if form == "csv" {
        Format::Csv
    } else {
        Format::Xlsx
    };
    // What loading does first, once more by itself: its time is taken from the whole of loading.
    let shape = inward::shape(flow_plan);
    let package = Spooled(Arc::new(Kept {
        store: ports.store.clone(),
        package: waiting[0].clone(),
    }));
    let begun = async || {
        let opened = ports.sealer.open(&package, &cards).await;
        let file = opened.unwrap().unwrap().file;
        ports.forms.read(format, &shape, file).await.unwrap()
    };
    stages.again();
    let (mut reading, mut place) = (begun().await, 0);
    while let Some(page) = reading.next().await.unwrap().unwrap() {
        for row in &page.rows {
            inward::cells(&plan, flow_plan, row, place, on, None).unwrap();
            place += 1;
        }
    }
    stages.mark("open");
    let (mut reading, mut rest) = (begun().await, Vec::new());
    while let Some(mut page) = reading.next().await.unwrap().unwrap() {
        rest.append(&mut page.rows);
    }
    let table = Table {
        columns: shape.columns.clone(),
        rows: rest,
    };
    stages.again();
    hmrc.open_received(&run, &flow).await.unwrap();
    stages.mark("load");
    stages.without("open");
    stages.print(form, rows);
    let received = town.leg(hmrc, RUN, "ask").await;
    assert_eq!(received.rows(), u64::from(rows));

    let facts: RowFacts = Migrant::new(1).register.facts;
    let mut passing = Gate::new(&plan, flow_plan, on);
    let cells = Cells::of(flow_plan);
    let cover = exchange::cover::Cover::plain(&table.columns);
    let mut file = ho.ports().forms.begin(format, &cover).unwrap();
    let (mut bytes, mut gate, mut writing) = (Vec::new(), Duration::ZERO, Duration::ZERO);
    let mut numbers = 1..=u64::from(rows);
    for page in table.rows.chunks(1_000) {
        let numbers: Vec<u64> = numbers.by_ref().take(page.len()).collect();
        let mut held = gate::Rows::new();
        for (n, cells) in numbers.iter().zip(page) {
            for (dataset, row) in inward::row(flow_plan, cells) {
                held.entry(dataset).or_default().insert(*n, row);
            }
        }
        let at = of_thread();
        for n in &numbers {
            let values = cells.row(&held, *n);
            assert!(passing.row(*n, &values, &facts).is_some());
        }
        gate += of_thread() - at;
        let at = of_thread();
        for n in &numbers {
            file.row(&cells.row(&held, *n), &mut bytes).unwrap();
        }
        writing += of_thread() - at;
    }
    assert_eq!(passing.done().unwrap().rows, u64::from(rows));
    let at = of_thread();
    file.finish(&mut bytes).unwrap();
    writing += of_thread() - at;
    let (gate, writing) = (gate.as_secs_f64(), writing.as_secs_f64());
    println!(
        "{form:<6} {rows:<8} the gate alone {gate:.3} CPU s, writing the file alone {writing:.3} CPU s ({} MiB): {:.2} times",
        bytes.len() >> 20,
        gate / writing
    );
    peer(form, rows, &stages, &table, &bytes);
}

/// The same cells through plain libraries: no permit, no commitment, no ledger, no vault, nothing durable.
fn peer(form: &str, rows: u32, stages: &Stages, table: &Table, workbook: &[u8]) {
    let key = age::x25519::Identity::generate();
    let mut peer = Stages::begin();
    let plain = if form == "csv" {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&table.columns).unwrap();
        for row in &table.rows {
            writer.write_record(row).unwrap();
        }
        writer.into_inner().unwrap()
    } else {
        plain_workbook(table)
    };
    let recipient = key.to_public();
    let to = age::Encryptor::with_recipients(std::iter::once(&recipient as _)).unwrap();
    let mut sealed = Vec::new();
    let mut writer = to.wrap_output(&mut sealed).unwrap();
    writer.write_all(&plain).unwrap();
    writer.finish().unwrap();
    peer.mark("peer-out");
    let from = age::Decryptor::new(sealed.as_slice()).unwrap();
    let mut opened = Vec::new();
    from.decrypt(std::iter::once(&key as _))
        .unwrap()
        .read_to_end(&mut opened)
        .unwrap();
    let read: Vec<Vec<String>> = if form == "csv" {
        let mut reader = csv::Reader::from_reader(opened.as_slice());
        reader.deserialize().map(Result::unwrap).collect()
    } else {
        read_workbook(workbook)
    };
    assert_eq!(read.len(), table.rows.len());
    peer.mark("peer-in");
    peer.print(form, rows);
    let ours = (stages.sum(&["gate", "seal"]), stages.sum(&["open", "load"]));
    let theirs = (peer.sum(&["peer-out"]), peer.sum(&["peer-in"]));
    println!(
        "{form:<6} {rows:<8} gate and seal take {:.0} times the plain libraries, open and load {:.0} times",
        ours.0 / theirs.0,
        ours.1 / theirs.1
    );
}

fn read_workbook(bytes: &[u8]) -> Vec<Vec<String>> {
    use calamine::Reader as _;
    let mut book = calamine::Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    let range = book.worksheet_range(inward::SHEET).unwrap();
    let row = |cells: &[calamine::Data]| cells.iter().map(ToString::to_string).collect();
    range.rows().skip(1).map(row).collect()
}
