//! A file of more rows than are in memory at a time.
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

use town::*;

const RUN: &str = "ask-2016-04";
const ROWS: u32 = 2_345;

// shows: RUN-20, SEC-14
#[tokio::test]
async fn a_file_of_several_pages_arrives_whole_and_is_proven_by_row() {
    let source = source().replace("as: xlsx", "as: csv");
    let town = Town::under((1..=ROWS).map(Migrant::new).collect(), source).await;
    town.agreed().await;
    town.on("2016-04-04");
    let (ho, run, flow) = (&town.ho, run(RUN), flow("ask"));
    let start = op("start");
    ho.start(&start, &starting(RUN, "ask"), &officer())
        .await
        .unwrap();
    // Somebody of each page is not eligible any more when the file is sealed, and the last one.
    let mut gone = Vec::new();
    for n in [7, 1_000, 2_100, ROWS] {
        let key = Migrant::new(n).key;
        town.pool.now(&key, "dead", "yes");
        gone.push(town.row(RUN, &key).await);
    }
    gone.sort_unstable();
    town.send(ho, RUN, "ask").await.unwrap();
    let sent = town.leg(ho, RUN, "ask").await;
    let came = town.leg(&town.hmrc, RUN, "ask").await;
    let left = u64::from(ROWS) - gone.len() as u64;
    assert_eq!((sent.rows(), came.rows()), (left, left));
    assert_eq!(sent.withheld(), gone);
    let expected = (1..=u64::from(ROWS)).filter(|n| !gone.contains(n));
    assert_eq!(sent.numbers(), expected.collect::<Vec<_>>());
    for row in [1, 999, 1_001, 2_344] {
        ho.prove_cell(&run, &flow, row, "full_name").await.unwrap();
    }
    assert!(
        ho.prove_cell(&run, &flow, gone[0], "full_name")
            .await
            .is_err()
    );
}
