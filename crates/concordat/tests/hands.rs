//! Hands that interfere: with a file before it is sealed, with a package on its way, with a ledger.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod common;

use common::*;
use courier::DirectoryShelf;
use exchange::incident::{self, Incident};
use exchange::leg::{Leg, State};
use exchange::matches::Match;
use exchange::retention::Holding;
use exchange::table::{Format, Table};
use ledger::{Entry, VerifierKey, verify_log};

async fn leg(node: &exchange::Node, flow: &exchange::ids::FlowId) -> Leg {
    node.find(&Leg::key_of(&run(), flow))
        .await
        .unwrap()
        .unwrap()
}

/// The packages that wait on the transport.
fn packages(house: &House) -> Vec<std::path::PathBuf> {
    let mut all = files(&house.dir.path().join("transport"));
    all.retain(|path| path.extension().is_some_and(|e| e == "pkg"));
    all
}

/// A column more, as somebody would add it in a spreadsheet program.
fn one_column_more(_: Format, table: &Table, _: Vec<u8>) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book
        .add_worksheet()
        .set_name(exchange::inward::SHEET)
        .unwrap();
    let more = ["ward".to_owned()];
    for (c, name) in table.columns.iter().chain(&more).enumerate() {
        sheet.write_string(0, c as u16, name).unwrap();
    }
    for (r, row) in table.rows.iter().enumerate() {
        for (c, cell) in row.iter().chain(&more).enumerate() {
            sheet.write_string(r as u32 + 1, c as u16, cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

/// The date of birth of the second row, changed.
fn one_cell_changed(_: Format, table: &Table, file: Vec<u8>) -> Vec<u8> {
    let column = table
        .columns
        .iter()
        .position(|c| c == "date_of_birth")
        .unwrap();
    let text = String::from_utf8(file).unwrap();
    let handle = &table.rows[1][0];
    let lines: Vec<_> = text
        .split_inclusive('\n')
        .map(|line| {
            if line.contains(handle) {
                line.replace(&table.rows[1][column], "1901-01-01")
            } else {
                line.into()
            }
        })
        .collect();
    lines.concat().into_bytes()
}

/// The one incident at a node, as the node raised it.
async fn the_incident(node: &exchange::Node) -> Incident {
    let all: Vec<Incident> = node.all().await.unwrap();
    let [incident] = &all[..] else {
        panic!("{all:?}")
    };
    assert_eq!(incident.state(), incident::State::Reported);
    assert_eq!(incident.category(), incident::Category::WrongfulDisclosure);
    let told: Vec<_> = incident.notices().keys().map(|p| p.as_str()).collect();
    assert_eq!(told, ["hmrc", "ho"]);
    // The agreement gives 24 hours.
    let since = node.ports().clock.now();
    assert_eq!(incident.due().duration_since(since).as_hours(), 24);
    incident.clone()
}

/// The answer about the second row says that it is about another.
fn another_row(_: Format, table: &Table, file: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(file).unwrap();
    let handle = &table.rows[1][0];
    let last = if handle.ends_with('0') { "1" } else { "0" };
    let other = format!("{}{last}", &handle[..handle.len() - 1]);
    text.replace(handle, &other).into_bytes()
}

// shows: RUN-11
#[tokio::test]
async fn a_row_that_was_not_asked_for_holds_the_file_and_raises_an_incident() {
    let house = House::new(None, Some(another_row)).await;
    house.answered().await;
    let held = leg(&house.ho, &reply()).await;
    assert_eq!(held.state(), State::Held);
    let fault = held.fault().unwrap();
    assert_eq!((fault.rule.as_str(), fault.row), ("RUN-11", None));
    assert!(fault.what.starts_with("1 rows were not asked for"));
    let incident = the_incident(&house.ho).await;
    assert_eq!(incident.name().as_str(), "hmrc.ask-2026-02.reply.return.1");
    assert!(house.hmrc.all::<Incident>().await.unwrap().is_empty());
    // Who noticed it stands in the ledger.
    let store = &house.ho.ports().store;
    let leaves = store.leaves(0, u64::from(u32::MAX)).await.unwrap();
    let entries = leaves.iter().map(|(bytes, _)| Entry::parse(bytes).unwrap());
    let raised: Vec<_> = entries
        .filter(|e| e.act.as_str() == "incident.raised")
        .collect();
    assert_eq!(raised.len(), 1);
    assert_eq!(raised[0].by.role.as_str(), "node");
}

/// The last row left out.
fn one_row_less(_: Format, _: &Table, file: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(file).unwrap();
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    lines[..lines.len() - 1].concat().into_bytes()
}

// shows: RUN-07, RUN-09, RUN-10, S-08
#[tokio::test]
async fn a_column_too_many_refuses_the_whole_file_and_names_the_column() {
    let house = House::new(Some(one_column_more), None).await;
    house.asked().await;
    let there = leg(&house.hmrc, &ask()).await;
    assert_eq!(there.state(), State::Rejected);
    let fault = there.fault().unwrap();
    assert_eq!(
        (fault.rule.as_str(), fault.column.as_deref()),
        ("RUN-07", Some("ward"))
    );
    let kept: Vec<Holding> = house.hmrc.all().await.unwrap();
    assert!(
        kept.iter().all(|h| h.what() == "evidence"),
        "nothing of the file is kept"
    );
    let here = leg(&house.ho, &ask()).await;
    assert_eq!(
        (here.state(), here.fault()),
        (State::RefusedThere, Some(fault))
    );
    // More came than may come: a person assesses it, and the column's name is all that is kept of it.
    let incident = the_incident(&house.hmrc).await;
    assert_eq!(incident.name().as_str(), "ho.ask-2026-02.ask.data.1");
    assert!(house.ho.all::<Incident>().await.unwrap().is_empty());
    // The same run, a new file.
    house
        .ho
        .reopen(&op("reopen"), &run(), &ask(), &officer())
        .await
        .unwrap();
    assert_eq!(leg(&house.ho, &ask()).await.file(), 2);
}

// shows: MATCH-04, RUN-11
#[tokio::test]
async fn a_changed_cell_holds_the_file_until_a_person_decides() {
    let house = House::new(None, Some(one_cell_changed)).await;
    house.answered().await;
    let held = leg(&house.ho, &reply()).await;
    assert_eq!(held.state(), State::Held);
    let fault = held.fault().unwrap();
    assert_eq!(
        (fault.rule.as_str(), fault.row, fault.column.as_deref()),
        ("MATCH-04", Some(3), Some("date_of_birth"))
    );
    assert!(
        house.ho.all::<Match>().await.unwrap().is_empty(),
        "nothing of a held file is used"
    );
    let refuse = house
        .ho
        .refuse_held(&op("refuse"), &run(), &reply(), "ask again", &officer())
        .await;
    assert!(refuse.is_ok());
    house.settle().await;
    assert_eq!(
        leg(&house.hmrc, &reply()).await.state(),
        State::RefusedThere
    );
    let returned = |h: &&Holding| h.id().as_str().contains("/reply.");
    let kept: Vec<Holding> = house.ho.all().await.unwrap();
    use exchange::change::Aggregate;
    assert!(
        kept.iter()
            .filter(returned)
            .all(|h| h.status() == "destroyed"),
        "what was refused is gone"
    );
}

#[tokio::test]
async fn a_held_file_that_a_person_releases_is_loaded() {
    let house = House::new(None, Some(one_cell_changed)).await;
    house.answered().await;
    house
        .ho
        .release_held(
            &op("release-it"),
            &run(),
            &reply(),
            "told by telephone",
            &officer(),
        )
        .await
        .unwrap();
    house.settle().await;
    assert_eq!(leg(&house.ho, &reply()).await.state(), State::Loaded);
    assert!(!house.ho.all::<Match>().await.unwrap().is_empty());
    assert_eq!(leg(&house.hmrc, &reply()).await.state(), State::Accepted);
}

// shows: RUN-09
#[tokio::test]
async fn a_file_with_other_rows_than_its_letter_says_is_refused() {
    let house = House::new(None, Some(one_row_less)).await;
    house.answered().await;
    let there = leg(&house.ho, &reply()).await;
    assert_eq!(
        (there.state(), there.fault().unwrap().rule.as_str()),
        (State::Rejected, "RUN-09")
    );
}

#[tokio::test]
async fn an_altered_package_is_turned_away_and_a_repeated_one_has_no_effect() {
    let house = House::new(None, None).await;
    house.agreed().await;
    house.at("2026-02-02T09:00:00Z");
    let ho = &house.ho;
    ho.start(&op("prepare"), &start(), &officer())
        .await
        .unwrap();
    ho.validate(&op("validate"), &run(), &ask()).await.unwrap();
    ho.release(&op("release"), &run(), &ask(), &officer())
        .await
        .unwrap();
    ho.seal(&op("seal"), &run(), &ask()).await.unwrap();
    ho.work().await.unwrap();
    let waiting = packages(&house);
    assert_eq!(waiting.len(), 1);
    let package = std::fs::read(&waiting[0]).unwrap();

    let mut altered = package.clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    std::fs::write(&waiting[0], &altered).unwrap();
    let acts = |w: &exchange::node::Worked| {
        w.entries
            .iter()
            .map(|e| e.act.to_string())
            .collect::<Vec<_>>()
    };
    let worked = house.hmrc.work().await.unwrap();
    assert_eq!(acts(&worked), ["package.refused"]);
    assert!(house.hmrc.all::<Leg>().await.unwrap().is_empty());
    assert!(packages(&house).is_empty());
}

#[tokio::test]
async fn a_package_that_comes_again_changes_nothing() {
    let house = House::new(None, None).await;
    house.agreed().await;
    house.at("2026-02-02T09:00:00Z");
    let (ho, hmrc) = (&house.ho, &house.hmrc);
    ho.start(&op("prepare"), &start(), &officer())
        .await
        .unwrap();
    ho.validate(&op("validate"), &run(), &ask()).await.unwrap();
    ho.release(&op("release"), &run(), &ask(), &officer())
        .await
        .unwrap();
    ho.seal(&op("seal"), &run(), &ask()).await.unwrap();
    ho.work().await.unwrap();
    let waiting = packages(&house);
    let package = std::fs::read(&waiting[0]).unwrap();
    house.settle().await;
    let before = hmrc.snapshot().await.unwrap();
    for round in ["first", "second"] {
        std::fs::write(&waiting[0], &package).unwrap();
        let worked = hmrc.work().await.unwrap();
        let acts: Vec<_> = worked.entries.iter().map(|e| e.act.as_str()).collect();
        let told: &[&str] = if round == "first" {
            &["package.repeated"]
        } else {
            &[]
        };
        assert_eq!(acts, told, "{round}");
        assert_eq!(hmrc.snapshot().await.unwrap(), before);
        assert!(packages(&house).is_empty());
    }
}

// shows: SEC-14
#[tokio::test]
async fn a_flipped_byte_of_a_ledger_file_is_named() {
    let house = House::new(None, None).await;
    house.asked().await;
    let dir = house.home("ho").join("ledger");
    let key = VerifierKey::parse(&house.ho.ports().signer.card().verifier).unwrap();
    let shelf = DirectoryShelf::new(dir.clone());
    let size = verify_log(&shelf, &key, None).unwrap().size;
    let bundle = files(&dir.join("tile/entries")).into_iter().max().unwrap();
    let bytes = std::fs::read(&bundle).unwrap();
    // In the middle of the bundle: an entry that is neither the first nor the last.
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    std::fs::write(&bundle, &flipped).unwrap();
    let fault = verify_log(&shelf, &key, None).unwrap_err().to_string();
    let named = (0..size)
        .filter(|i| {
            fault.contains(&format!("entry {i} ")) || fault.contains(&format!("entry {i}:"))
        })
        .count();
    assert_eq!(named, 1, "{fault}");
    std::fs::write(&bundle, &bytes).unwrap();
    assert!(verify_log(&shelf, &key, None).is_ok());
    let checkpoint = dir.join("checkpoint");
    let text = std::fs::read_to_string(&checkpoint).unwrap();
    std::fs::write(
        &checkpoint,
        text.replacen(&size.to_string(), &(size - 1).to_string(), 1),
    )
    .unwrap();
    assert!(
        verify_log(&shelf, &key, None).is_err(),
        "a checkpoint that nobody signed"
    );
}
