//! A match that proves wrong is undone everywhere it went, whoever finds it out.
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

use exchange::change::Aggregate;
use exchange::decision::Decision;
use exchange::finding::Finding;
use exchange::flag::Flag;
use exchange::matches::Standing;
use exchange::retention::Holding;
use exchange::{About, Deciding};
use town::*;

const APRIL: &str = "ask-2016-04";
const FLAG: &str = "ISD HMRC Match";

/// A run that has gone as far as it goes: flagged at the Home Office, decided about at DWP.
async fn gone_far() -> Town {
    let town = Town::new(vec![
        Migrant::new(1)
            .taxed(&[("hmrc_phone", "07700 900555")])
            .paid(&[]),
        Migrant::new(2).taxed(&[]).paid(&[]),
    ])
    .await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.answered(APRIL, "ask").await;
    town.confirmed(APRIL).await;
    let of = (&run(APRIL), &flow("hmrc-reply"));
    town.ho
        .set_flags(&op("flags"), of, &[1, 2], FLAG, &caseworker())
        .await
        .unwrap();
    for row in [1, 2] {
        let change = Deciding {
            agreement: agreement(),
            decision: "change-benefit".into(),
            about: About::Row(run(APRIL), flow("confirm"), row),
            outcome: None,
            reason: "no right to public funds".into(),
        };
        let deciding = op(format!("decide-{row}"));
        town.dwp
            .decide(&deciding, &change, &decision_maker())
            .await
            .unwrap();
    }
    town.settle().await;
    assert_eq!(town.pool.flags().len(), 2);
    town
}

async fn decision(town: &Town, row: u64) -> Decision {
    let key = Decision::key_of("change-benefit", &format!("{APRIL}/confirm/{row:06}"));
    town.dwp.find(&key).await.unwrap().unwrap()
}

// shows: S-04, FLAG-08, FLAG-10, MATCH-06
#[tokio::test]
async fn hmrc_finds_a_wrong_match_and_everybody_undoes_it() {
    let town = gone_far().await;
    let of = (&run(APRIL), &flow("ask"), 1);
    town.hmrc
        .refute(
            &op("refute"),
            of,
            "a namesake with the same day of birth",
            &analyst(),
        )
        .await
        .unwrap();
    town.settle().await;
    // At the Home Office: both matches fall, the flag is lifted, the findings are withdrawn, the values are dead.
    for by in ["hmrc-reply", "dwp-reply"] {
        let fallen = town.the_match(&town.ho, APRIL, by, 1).await.unwrap();
        assert_eq!(fallen.standing(), Standing::Refuted, "{by}");
        let other = town.the_match(&town.ho, APRIL, by, 2).await.unwrap();
        assert_eq!(other.standing(), Standing::Confirmed, "{by}");
        let kept: Holding = town
            .ho
            .find(&format!("{APRIL}/{by}.1/kept/000001"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(kept.status(), "destroyed", "{by}");
    }
    assert_eq!(
        town.pool.flags(),
        [("C00000002".to_owned(), FLAG.to_owned())]
    );
    let flags: Vec<Flag> = town.ho.all().await.unwrap();
    let states: Vec<_> = flags
        .iter()
        .map(|f| (f.status(), f.history().len()))
        .collect();
    assert_eq!(
        states,
        [("lifted", 4), ("applied", 2)],
        "history grows only"
    );
    for finding in town.ho.all::<Finding>().await.unwrap() {
        let first = finding.basis().ends_with("000001");
        assert_eq!(finding.status() == "withdrawn", first, "{}", finding.key());
    }
    // At DWP: its own match falls, and what was decided must be looked at again by a person.
    let fallen = town
        .the_match(&town.dwp, APRIL, "forward", 1)
        .await
        .unwrap();
    assert_eq!(fallen.standing(), Standing::Refuted);
    assert_eq!(decision(&town, 1).await.status(), "reopened");
    assert_eq!(decision(&town, 2).await.status(), "taken");
    // The person is asked about again in six months: nothing was found after all.
    assert_eq!(
        town.trace("C00000001").await.unwrap().status(),
        "to-be-asked-again"
    );
    // Taken anew it would need a confirmation that was not recalled.
    let again = Deciding {
        agreement: agreement(),
        decision: "change-benefit".into(),
        about: About::Row(run(APRIL), flow("confirm"), 1),
        outcome: None,
        reason: "as before".into(),
    };
    let again = town
        .dwp
        .decide(&op("again"), &again, &decision_maker())
        .await;
    assert!(rules(&again).contains(&"REF-05"), "{again:?}");
    // The run ends like any other.
    town.closed(APRIL).await;
}

// shows: S-04, FLAG-08
#[tokio::test]
async fn the_home_office_finds_a_wrong_match_after_the_run_is_over() {
    let town = gone_far().await;
    town.closed(APRIL).await;
    town.on("2016-05-20");
    let of = (&run(APRIL), &flow("dwp-reply"), 2);
    town.ho
        .refute(
            &op("refute"),
            of,
            "another person came forward",
            &caseworker(),
        )
        .await
        .unwrap();
    town.settle().await;
    assert_eq!(decision(&town, 2).await.status(), "reopened");
    assert_eq!(decision(&town, 1).await.status(), "taken");
    // What HMRC told is another match: the person's word was about DWP's.
    let other = town
        .the_match(&town.ho, APRIL, "hmrc-reply", 2)
        .await
        .unwrap();
    assert_eq!(other.standing(), Standing::Confirmed);
    assert_eq!(town.pool.flags().len(), 2);
    // Once only: the same word again is refused, and nobody is told twice.
    let twice = town
        .ho
        .refute(&op("refute-2"), of, "again", &caseworker())
        .await;
    assert_eq!(rules(&twice), ["MATCH-06"]);
    assert_eq!(town.acts(&town.dwp, "recall.received").await, 1);
}

// shows: FLAG-08
#[tokio::test]
async fn a_flag_is_lifted_with_a_reason_when_the_status_changes() {
    let town = gone_far().await;
    let flags: Vec<Flag> = town.ho.all().await.unwrap();
    let key = flags[0].key();
    let silent = town
        .ho
        .lift_flag(&op("lift-0"), &key, "", &caseworker())
        .await;
    assert_eq!(rules(&silent), ["FLAG-08"]);
    town.ho
        .lift_flag(&op("lift"), &key, "leave was granted", &caseworker())
        .await
        .unwrap();
    let twice = town
        .ho
        .lift_flag(&op("lift-2"), &key, "again", &caseworker())
        .await;
    assert_eq!(rules(&twice), ["FLAG-10"]);
    town.settle().await;
    assert_eq!(town.pool.flags().len(), 1);
    // The match stands: only what is shown has changed.
    let stands = town
        .the_match(&town.ho, APRIL, "hmrc-reply", 1)
        .await
        .unwrap();
    assert_eq!(stands.standing(), Standing::Confirmed);
}
