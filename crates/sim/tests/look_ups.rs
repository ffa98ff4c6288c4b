//! How the triage orders a simulated log of look-ups.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use sim::look_ups::{Department, Snoop, measured};

// shows: LOOKUP-05, AUD-06
#[test]
fn most_that_was_planted_lies_at_the_front_of_the_queue_and_most_work_explains_itself() {
    let department = Department {
        seed: 1,
        teams: 10,
        days: 20,
    };
    let log = department.log().unwrap();
    let found = measured(&log, 5).unwrap();
    assert_eq!(found.look_ups, log.made.len() as u64);
    let kinds: Vec<_> = found.planted.keys().copied().collect();
    assert_eq!(kinds, Snoop::ALL.map(|(snoop, _, _)| snoop));
    assert!(found.found().unwrap().value >= 0.95, "{found:?}");
    assert!(found.explained().unwrap().value >= 0.9, "{found:?}");
    // All browsing raises an alert on its day.
    assert!(
        found.alerts.1 >= found.planted[&Snoop::Browsing].0 / 20,
        "{found:?}"
    );
}

#[test]
fn a_department_is_made_again_from_its_seed() {
    let log = |seed| {
        let (teams, days) = (1, 12);
        let made = Department { seed, teams, days }.log().unwrap().made;
        format!("{made:?}")
    };
    assert_eq!(log(1), log(1));
    assert_ne!(log(1), log(2));
}
