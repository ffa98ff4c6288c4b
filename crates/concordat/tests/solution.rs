//! No matching solution matches anybody before its test report is signed and another person puts it to use.
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
use exchange::authority::Role;
use exchange::matches::{Evidence, Match};
use exchange::solution::{Solution, State};

fn owner() -> exchange::authority::Person {
    person("i1", Role::AssetOwner)
}

// shows: MATCH-17
#[tokio::test]
async fn an_untested_solution_is_put_to_use_by_nobody() {
    let house = House::new(None, None).await;
    let hmrc = &house.hmrc;
    hmrc.open(&op("open")).await.unwrap();
    assert_eq!(
        rules(&hmrc.use_solution(&op("use"), &owner()).await),
        ["MATCH-17"]
    );
    let report = std::fs::read(models("hmrc").join("quality.json")).unwrap();
    let another = std::fs::read(models("dwp").join("quality.json")).unwrap();
    assert_eq!(
        rules(&hmrc.test_solution(&op("other"), &another, &analyst()).await),
        ["MATCH-17"],
        "a report of another version"
    );
    assert_eq!(
        rules(&hmrc.test_solution(&op("who"), &report, &owner()).await),
        ["SEC-09"]
    );
    let signed = hmrc
        .test_solution(&op("test"), &report, &analyst())
        .await
        .unwrap();
    assert_eq!(signed[0].act.to_string(), "solution.tested");
    let solution = &hmrc.all::<Solution>().await.unwrap()[0];
    let key = ledger::VerifierKey::parse(&hmrc.ports().signer.card().verifier).unwrap();
    let opened = ledger::note::open(solution.note(), &[key]).unwrap();
    assert!(opened.text.contains(&solution.report().to_string()));
    assert_eq!(
        rules(
            &hmrc
                .use_solution(&op("tester"), &person("a1", Role::AssetOwner))
                .await
        ),
        ["MATCH-17"],
        "not the tester"
    );
    hmrc.use_solution(&op("use-2"), &owner()).await.unwrap();
    // The Home Office matches nobody, and so has no solution.
    house.ho.open(&op("open")).await.unwrap();
    assert_eq!(
        rules(&house.ho.use_solution(&op("use"), &owner()).await),
        ["MATCH-17"]
    );
}

// shows: MATCH-17, MATCH-05
#[tokio::test]
async fn a_retired_solution_matches_nobody_until_it_is_in_use_again() {
    let house = House::new(None, None).await;
    house.asked().await;
    let hmrc = &house.hmrc;
    let why = "the list is made anew";
    hmrc.retire_solution(&op("retire"), why, &owner())
        .await
        .unwrap();
    let matching = op("match-1");
    assert_eq!(
        rules(&hmrc.match_rows(&matching, &run(), &ask(), &analyst()).await),
        ["MATCH-17"]
    );
    assert!(hmrc.all::<Match>().await.unwrap().is_empty());
    hmrc.use_solution(&op("use-again"), &owner()).await.unwrap();
    hmrc.match_rows(&op("match-2"), &run(), &ask(), &analyst())
        .await
        .unwrap();
    let solution = &hmrc.all::<Solution>().await.unwrap()[0];
    assert_eq!(solution.state(), State::InUse);
    let found = hmrc.all::<Match>().await.unwrap();
    assert!(found.len() > 5, "{}", found.len());
    // Each match says which version found it, by which evidence and how heavy it is.
    for found in found {
        let Evidence::Own(grounds) = found.evidence() else {
            panic!("found here");
        };
        assert_eq!(grounds.solution, solution.of().digest());
        assert!(grounds.weight > 0);
    }
}

// shows: MATCH-17
#[tokio::test]
async fn an_altered_solution_is_another_version_and_matches_nobody() {
    let house = House::new(None, None).await;
    house.asked().await;
    let altered = house.home("hmrc").join("altered");
    std::fs::create_dir(&altered).unwrap();
    for name in ["model.yaml", "trained.json"] {
        let mut bytes = std::fs::read(models("hmrc").join(name)).unwrap();
        // A remark is enough.
        if name == "model.yaml" {
            bytes.extend_from_slice(b"# as before\n");
        }
        std::fs::write(altered.join(name), bytes).unwrap();
    }
    let settings = house.home("hmrc").join("node.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let there = models("hmrc").display().to_string();
    assert!(text.contains(&there));
    std::fs::write(&settings, text.replace(&there, "altered")).unwrap();
    let hmrc = reopened(&house, "hmrc").await;
    let matched = async |node: &exchange::Node, name: &str| {
        node.match_rows(&op(name), &run(), &ask(), &analyst()).await
    };
    assert_eq!(rules(&matched(&hmrc, "match-1").await), ["MATCH-17"]);
    // As it was, it matches.
    let done = matched(&house.hmrc, "match-2").await;
    assert!(!done.unwrap().is_empty());
}

// shows: MATCH-17
#[test]
fn what_ships_is_what_was_tested_and_shows_what_is_documented() {
    use exchange::authority::Action;
    use exchange::solution::{Report, Tested};
    for party in ["hmrc", "dwp", "dfe", "residence"] {
        let matching = concordat::solution::read(&models(party)).unwrap();
        let model = matching.solution.model();
        assert_eq!(model.name, party);
        let report = std::fs::read(models(party).join("quality.json")).unwrap();
        let test = Tested {
            name: model.name.clone(),
            version: matching.version,
            documented: model.documented,
            report: Report::read(&report).unwrap(),
            note: String::new(),
        };
        let by = analyst().may(Action::TestSolution).unwrap();
        assert!(Solution::tested(test, &by).is_ok(), "{party}");
    }
}
