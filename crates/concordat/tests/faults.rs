//! Disks that break or are full at any call, programs that are killed at it, and power that is cut: the step is given again,
//! the run goes on and ends as an undisturbed one. Nothing is lost, sent twice or half loaded, and nothing is in clear.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod disturbed;

use disturbed::disk::Disk;
use disturbed::history::{Expected, Ground, Tally};
use disturbed::{STEPS, World, injector};

/// The grounds of one seed after another in a soak.
const GROUNDS: [Ground; 4] = [Ground::Calls, Ground::Power, Ground::Calls, Ground::Full];

/// Histories of so many seeds on this ground; each ends as an undisturbed run, and each step was disturbed.
async fn histories(ground: Ground, seeds: u64) {
    let world = World::new().await;
    let expected = Expected::of(&world).await;
    let mut tally = Tally::default();
    for seed in 0..seeds {
        world.history(seed, ground, &expected, &mut tally).await;
    }
    println!("{tally}");
    // One has nothing to decide.
    assert!(tally.steps() + 1 >= STEPS.len(), "{tally}");
}

/// Why a disk cannot be mounted here; none when it can.
fn unmountable() -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("at");
    std::fs::create_dir(&at).unwrap();
    Disk::cuttable(&at, &dir.path().join("disk")).err()
}

// shows: SEC-02
#[tokio::test]
async fn whatever_call_fails_the_run_ends_the_same() {
    match injector::missing() {
        Some(why) => println!("NOT RUN: {why}"),
        None => histories(Ground::Calls, 4).await,
    }
}

// shows: SEC-02
#[tokio::test]
async fn power_is_cut_and_the_run_ends_the_same() {
    match injector::missing().or_else(unmountable) {
        Some(why) => println!("NOT RUN: {why}"),
        None => histories(Ground::Power, 2).await,
    }
}

// shows: SEC-02
#[tokio::test]
async fn on_a_full_disk_the_run_waits_and_ends_the_same() {
    match injector::missing().or_else(unmountable) {
        Some(why) => println!("NOT RUN: {why}"),
        None => histories(Ground::Full, 2).await,
    }
}

#[tokio::test]
async fn what_was_not_made_durable_is_made_so_when_it_is_tried_again() {
    match injector::missing() {
        Some(why) => println!("NOT RUN: {why}"),
        None => {
            let world = World::new().await;
            let expected = Expected::of(&world).await;
            let looked = world.durable_again(&expected).await;
            assert!(looked > 20, "{looked}");
        }
    }
}

/// `make soak`: histories of one seed after another, until as many calls were disturbed as SOAK_FAULTS says.
#[tokio::test]
#[ignore = "it takes as long as it is told to: make soak"]
#[expect(clippy::disallowed_methods, reason = "it says how long it will take")]
async fn soak() {
    let number = |name: &str, default: usize| {
        let given = std::env::var(name).ok();
        given.map_or(default, |text| text.parse().unwrap())
    };
    let many = number("SOAK_FAULTS", 500);
    let first = number("SOAK_SEED", 1);
    assert_eq!(injector::missing(), None);
    let unmountable = unmountable();
    if let Some(why) = &unmountable {
        println!("only failing calls and kills: no disk can be mounted here ({why})");
    }
    let world = World::new().await;
    let expected = Expected::of(&world).await;
    let (mut tally, began) = (Tally::default(), std::time::Instant::now());
    let mut seed = first;
    while tally.sum() < many {
        let _told = Repeat(seed);
        let ground = match unmountable {
            None => GROUNDS[seed % GROUNDS.len()],
            Some(_) => Ground::Calls,
        };
        world
            .history(seed as u64, ground, &expected, &mut tally)
            .await;
        let done = tally.sum();
        let left = many.saturating_sub(done) as f64 * began.elapsed().as_secs_f64() / done as f64;
        println!(
            "seed {seed}: {done} of {many} calls disturbed; about {:.0} minutes left",
            left / 60.0
        );
        seed += 1;
    }
    println!("\n{tally}");
    println!(
        "In {} exchanges of {} steps (seeds {first} to {}) nothing was lost, sent twice or half loaded; every ledger is \
         gapless and verified; every exchange ended as an undisturbed one; no file has a value of a person.",
        seed - first,
        STEPS.len(),
        seed - 1
    );
}

/// Says how a history that failed is repeated.
struct Repeat(usize);

impl Drop for Repeat {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seed = self.0;
            println!("Seed {seed} failed. Repeat it: make soak SOAK_SEED={seed} SOAK_FAULTS=1");
        }
    }
}
