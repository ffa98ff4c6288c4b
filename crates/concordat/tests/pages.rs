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

use sqlx::Connection as _;
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
    let some = [1, 300, 999, 1_001, 2_304, 2_344];
    let proven = async |row| {
        ho.prove_cell(&run, &flow, row, "full_name").await.unwrap();
        let fields = ho.prove_fields(&run, &flow, row).await.unwrap();
        serde_json::to_string(&fields.proof).unwrap()
    };
    let mut by_roots = Vec::new();
    for row in some {
        by_roots.push(proven(row).await);
    }
    // As of a file that was sealed before the roots of its commitment were kept: all its rows are read.
    let mut db = sqlx::SqliteConnection::connect(town.home("ho").join("node.db").to_str().unwrap())
        .await
        .unwrap();
    let forgotten = sqlx::query("delete from items where name = 'roots/1'");
    assert_eq!(forgotten.execute(&mut db).await.unwrap().rows_affected(), 1);
    assert_eq!(proven(some[1]).await, by_roots[1]);
    assert!(
        ho.prove_cell(&run, &flow, gone[0], "full_name")
            .await
            .is_err()
    );
}
