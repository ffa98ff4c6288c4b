//! The reviews that an agreement promises: told of before and after their day, done by a person, counted on from then.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod school;

use exchange::Node;
use school::*;

/// A review's name, its last day and the next.
type Promised = (String, Option<String>, String);

/// The reviews that are promised at a node.
async fn promised(node: &Node) -> Vec<Promised> {
    let all = node.reviews().await.unwrap();
    let day = |d: jiff::civil::Date| d.to_string();
    all.into_iter()
        .map(|r| (r.name, r.last.map(day), day(r.on)))
        .collect()
}

fn item(name: &str, last: Option<&str>, on: &str) -> Promised {
    (name.into(), last.map(str::to_owned), on.into())
}

// shows: SEC-10
#[tokio::test]
async fn risks_are_reviewed_as_often_as_the_agreement_and_the_next_is_counted_from_the_last() {
    let school = School::new(vec![Child::new(1).ground_a()]).await;
    // Both sides review, each at its own node, what the agreement and its clocks promise.
    let first = [
        item("risks", None, "2017-03-18"),
        item("clock-6", None, "2017-03-18"),
    ];
    for node in [&school.ho, &school.dfe] {
        assert_eq!(promised(node).await, first);
    }
    // The day passes, and nothing is done by itself.
    let overdue = async || {
        let now = school.ho.ports().clock.now();
        let today = exchange::deadline::london_day(now).unwrap();
        let all = school.ho.reviews().await.unwrap();
        all.iter().filter(|r| r.is_overdue(today)).count()
    };
    for (day, over) in [("2017-03-18", 0), ("2017-03-19", 2), ("2017-05-02", 2)] {
        school.on(day);
        assert_eq!(overdue().await, over, "{day}");
    }
    assert_eq!(promised(&school.ho).await, first);
    let done = async |name: &str, word: &str, who| {
        let op = op(format!("{name}/{}", word.len()));
        school
            .ho
            .review_done(&op, &agreement(), name, word, &who)
            .await
    };
    assert_eq!(rules(&done("risks", " ", risk_owner()).await), ["SEC-10"]);
    assert_eq!(
        rules(&done("clock-1", "minutes", risk_owner()).await),
        ["SEC-10"]
    );
    assert_eq!(
        rules(&done("risks", "minutes", caseworker()).await),
        ["SEC-09"]
    );
    done("risks", "minutes of 2 May", risk_owner())
        .await
        .unwrap();
    let after = [
        item("risks", Some("2017-05-02"), "2018-05-02"),
        item("clock-6", None, "2017-03-18"),
    ];
    assert_eq!(promised(&school.ho).await, after);
    assert_eq!(overdue().await, 1);
    assert_eq!(
        promised(&school.dfe).await,
        first,
        "each party answers for itself"
    );
    school.settle().await;
    assert_eq!(school.acts(&school.ho, "review.done").await, 1);
}
