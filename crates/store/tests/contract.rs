//! The contract of the port `Store`, one suite of cases run against both databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

#[path = "contract/commits.rs"]
mod commits;
mod common;
#[path = "contract/contention.rs"]
mod contention;
#[path = "contract/outbox.rs"]
mod outbox;
#[path = "contract/reads.rs"]
mod reads;
#[path = "contract/sequencer.rs"]
mod sequencer;

use std::pin::Pin;

use common::place::{Place, runtime};

/// One case: its name, and what it does in a fresh database.
pub type Case = (
    &'static str,
    fn(Place) -> Pin<Box<dyn Future<Output = ()> + Send>>,
);

/// Names the cases of a file.
#[macro_export]
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        pub const CASES: &[$crate::Case] =
            &[$((stringify!($case), |place| Box::pin($case(place)))),*];
    };
}

fn check(cases: &[Case], place: fn() -> Place) {
    let mut failed = Vec::new();
    for (name, case) in cases {
        let runtime = runtime();
        if runtime.block_on(runtime.spawn(case(place()))).is_err() {
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "failed cases: {failed:?}");
}

fn whole() -> Vec<Case> {
    [
        commits::CASES,
        outbox::CASES,
        reads::CASES,
        sequencer::CASES,
    ]
    .concat()
}

// shows: RET-01
#[test]
fn sqlite_keeps_the_contract() {
    check(&whole(), Place::sqlite);
}

// shows: RET-01
#[test]
fn postgresql_keeps_the_contract() {
    check(&whole(), Place::postgres);
}

#[test]
fn sqlite_keeps_it_among_many() {
    check(contention::CASES, Place::sqlite);
}

#[test]
fn postgresql_keeps_it_among_many() {
    check(contention::CASES, Place::postgres);
}

#[test]
fn an_address_that_cannot_be_used_is_refused_without_repeating_it() {
    for url in [
        "mysql://root:hunter2@db",
        "postgres://u:hunter2@localhost:port/x",
        "hunter2",
    ] {
        let fault = runtime().block_on(store::open(url)).err().unwrap();
        assert!(!fault.to_string().contains("hunter2"), "{fault}");
    }
}
