//! How much may go: what was approved, and what the agreement expects, file by file and over a period.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod town;

use exchange::Start;
use town::*;

/// A run of so many is prepared, passes the gate, and is released.
async fn released(town: &Town, name: &str, rows: u64) {
    let start = Start {
        at_most: Some(rows),
        reason: Some("the pool is worked through in parts".into()),
        ..starting(name, "ask")
    };
    let (run, ask) = (run(name), flow("ask"));
    let op = |verb: &str| op(format!("{name}/{verb}"));
    let ho = &town.ho;
    ho.start(&op("start"), &start, &officer()).await.unwrap();
    ho.validate(&op("validate"), &run, &ask).await.unwrap();
    ho.release(&op("release"), &run, &ask, &officer())
        .await
        .unwrap();
}

// shows: APP-08
#[tokio::test]
async fn two_files_that_are_sealed_side_by_side_are_counted_together() {
    let town = Town::new((1..=4).map(Migrant::new).collect()).await;
    town.laid().await;
    town.signed().await;
    town.approved("ask", 3).await;
    town.on("2016-04-04");
    town.settle().await;
    released(&town, "ask-a", 2).await;
    released(&town, "ask-b", 2).await;
    let seal = async |name: &str| {
        let sealing = op(format!("{name}/seal"));
        town.ho.seal(&sealing, &run(name), &flow("ask")).await
    };
    seal("ask-a").await.unwrap();
    // The first is not on the transport yet.
    assert_eq!(rules(&seal("ask-b").await), ["APP-08"]);
    town.settle().await;
    assert_eq!(rules(&seal("ask-b").await), ["APP-08"]);
}

// shows: RUN-16
#[tokio::test]
async fn a_file_outside_the_expected_volume_names_the_way_out() {
    let expected = source().replace(
        "when: { every: month, from: 2016-04 }",
        "when: { every: month, from: 2016-04 }\n    volume: { about: 10, give-or-take: 20 percent, beyond: { told-and-agreed-by: hmrc } }",
    );
    let town = Town::under((1..=14).map(Migrant::new).collect(), expected).await;
    town.agreed().await;
    town.on("2016-04-04");
    let ho = &town.ho;
    for (rows, fits) in [(7, false), (8, true), (12, true), (13, false)] {
        let name = format!("ask-{rows}");
        let start = Start {
            at_most: Some(rows),
            reason: Some("in parts".into()),
            ..starting(&name, "ask")
        };
        let (run, ask) = (run(&name), flow("ask"));
        let op = |verb: &str| op(format!("{name}/{verb}"));
        ho.start(&op("start"), &start, &officer()).await.unwrap();
        let passed = ho.validate(&op("validate"), &run, &ask).await;
        if fits {
            passed.unwrap();
        } else {
            assert_eq!(rules(&passed), ["RUN-16"], "{rows}");
            let told = passed.unwrap_err().to_string();
            assert!(
                told.contains("--at-most") && told.contains("hmrc"),
                "{told}"
            );
        }
        let why = "another number is tried";
        ho.abandon(&op("abandon"), &run, &ask, why, &officer())
            .await
            .unwrap();
    }
}
