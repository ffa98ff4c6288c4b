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

use std::sync::atomic::Ordering;

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

// shows: S-04, FLAG-05, FLAG-08, FLAG-10, MATCH-06
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

// shows: FLAG-07
#[tokio::test]
async fn what_was_begun_because_of_a_flag_is_followed_until_a_person_concludes_it() {
    let town = gone_far().await;
    let ho = &town.ho;
    let open = async || {
        let flags: Vec<Flag> = ho.all().await.unwrap();
        flags.iter().filter(|f| f.is_open()).count()
    };
    // Time and the end of the run conclude nothing.
    town.closed(APRIL).await;
    town.on("2016-12-01");
    town.settle().await;
    assert_eq!(open().await, 2);
    let key = first_flag(&town).await;
    let silent = ho
        .conclude_flag(&op("conclude-0"), &key, " ", &caseworker())
        .await;
    assert_eq!(rules(&silent), ["FLAG-07"]);
    let how = "the person left the country";
    ho.conclude_flag(&op("conclude"), &key, how, &caseworker())
        .await
        .unwrap();
    let twice = ho
        .conclude_flag(&op("conclude-2"), &key, how, &caseworker())
        .await;
    assert_eq!(rules(&twice), ["FLAG-07"]);
    assert_eq!(open().await, 1);
    let concluded: Flag = ho.find(&key).await.unwrap().unwrap();
    assert_eq!(concluded.status(), "concluded");
    // It is shown until it is lifted, with all that happened to it.
    assert_eq!(town.pool.flags().len(), 2);
    ho.lift_flag(&op("lift"), &key, "leave was granted", &caseworker())
        .await
        .unwrap();
    town.settle().await;
    let lifted: Flag = ho.find(&key).await.unwrap().unwrap();
    assert_eq!((lifted.status(), lifted.history().len()), ("lifted", 5));
}

async fn first_flag(town: &Town) -> String {
    let flags: Vec<Flag> = town.ho.all().await.unwrap();
    flags[0].key()
}

// shows: FLAG-08, S-04
#[tokio::test]
async fn a_flag_that_is_on_its_way_goes_after_the_values_are_dead() {
    let town = gone_far().await;
    let ho = &town.ho;
    let key = first_flag(&town).await;
    // The case register is down when the flag is to be lifted, and its match is refuted meanwhile.
    town.pool.down.store(true, Ordering::Relaxed);
    ho.lift_flag(&op("lift"), &key, "leave was granted", &caseworker())
        .await
        .unwrap();
    let of = (&run(APRIL), &flow("hmrc-reply"), 1);
    ho.refute(&op("refute"), of, "a namesake", &caseworker())
        .await
        .unwrap();
    while ho.work().await.unwrap().busy {}
    let kept = format!("{APRIL}/hmrc-reply.1/kept/000001");
    let kept: Holding = ho.find(&kept).await.unwrap().unwrap();
    assert_eq!(kept.status(), "destroyed");
    assert_eq!(town.pool.flags().len(), 2);
    town.pool.down.store(false, Ordering::Relaxed);
    town.on("2016-04-05");
    town.settle().await;
    assert_eq!(town.pool.flags().len(), 1);
    let lifted: Flag = ho.find(&key).await.unwrap().unwrap();
    assert_eq!(lifted.status(), "lifted");
}

// shows: FLAG-08
#[tokio::test]
async fn a_flag_can_be_lifted_when_the_values_it_rests_on_are_gone() {
    let town = gone_far().await;
    town.closed(APRIL).await;
    // Nobody said that they are still needed.
    town.on("2017-04-05");
    town.settle().await;
    let kept = format!("{APRIL}/hmrc-reply.1/kept/000001");
    let kept: Holding = town.ho.find(&kept).await.unwrap().unwrap();
    assert_eq!(kept.status(), "destroyed");
    let key = first_flag(&town).await;
    town.ho
        .lift_flag(&op("lift"), &key, "leave was granted", &caseworker())
        .await
        .unwrap();
    town.settle().await;
    assert_eq!(town.pool.flags().len(), 1);
}

// shows: FLAG-10
#[tokio::test]
async fn a_flag_that_cannot_be_shown_does_not_hold_back_the_others() {
    let town = Town::new(vec![
        Migrant::new(1).taxed(&[]),
        Migrant::new(2).taxed(&[]),
        Migrant::new(3).taxed(&[]),
    ])
    .await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.answered(APRIL, "ask").await;
    let ho = &town.ho;
    town.reviewed(ho, APRIL, "hmrc-reply", &caseworker()).await;
    *town.pool.locked.lock().unwrap() = Some("C00000002".into());
    let of = (&run(APRIL), &flow("hmrc-reply"));
    ho.set_flags(&op("flags"), of, &[1, 2, 3], FLAG, &caseworker())
        .await
        .unwrap();
    let mut faults = Vec::new();
    loop {
        let worked = ho.work().await.unwrap();
        faults.extend(worked.faults);
        if !worked.busy {
            break;
        }
    }
    let shown = |town: &Town| -> Vec<String> {
        let flags = town.pool.flags();
        flags.into_iter().map(|(person, _)| person).collect()
    };
    assert_eq!(shown(&town), ["C00000001", "C00000003"]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    *town.pool.locked.lock().unwrap() = None;
    town.on("2016-04-05");
    town.settle().await;
    assert_eq!(shown(&town).len(), 3);
    assert_eq!(town.acts(ho, "flag.shown").await, 3);
}

/// Two people whom both partners know, asked about and matched at HMRC.
async fn matched_at_hmrc() -> Town {
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
    town.matched(&town.hmrc, APRIL, "ask").await;
    town
}

async fn refuted_at_hmrc(town: &Town) {
    let of = (&run(APRIL), &flow("ask"), 1);
    let why = "another person of that name";
    town.hmrc
        .refute(&op("refute"), of, why, &analyst())
        .await
        .unwrap();
}

// shows: MATCH-06, S-04
#[tokio::test]
async fn what_is_refuted_before_a_file_leaves_does_not_leave_with_it() {
    let town = matched_at_hmrc().await;
    let hmrc = &town.hmrc;
    for by in ["hmrc-reply", "forward"] {
        let prepare = op(format!("{by}/prepare"));
        hmrc.prepare_next(&prepare, &agreement(), &flow(by), &run(APRIL), &officer())
            .await
            .unwrap();
    }
    let (april, reply) = (run(APRIL), flow("hmrc-reply"));
    let validate = op("before/validate");
    hmrc.validate(&validate, &april, &reply).await.unwrap();
    let release = op("before/release");
    hmrc.release(&release, &april, &reply, &officer())
        .await
        .unwrap();
    refuted_at_hmrc(&town).await;
    // What was released is not what would leave: it is released anew.
    let sealed = hmrc.seal(&op("before/seal"), &april, &reply).await;
    assert_eq!(rules(&sealed), ["RUN-04"]);
    for by in ["hmrc-reply", "forward"] {
        town.send(hmrc, APRIL, by).await.unwrap();
    }
    // The answer still has every row; of the refuted one it says that nothing was found, and nothing else.
    assert_eq!(town.leg(&town.ho, APRIL, "hmrc-reply").await.rows(), 2);
    let none = town.the_match(&town.ho, APRIL, "hmrc-reply", 1).await;
    assert!(none.is_none());
    hmrc.prove_cell(&april, &reply, 1, "full_name")
        .await
        .unwrap();
    let status = town.trace("C00000001").await.unwrap().status();
    assert_eq!(status, "to-be-asked-again");
    assert_eq!(town.leg(&town.dwp, APRIL, "forward").await.rows(), 1);
    assert_eq!(town.acts(&town.ho, "recall.received").await, 0);
}

// shows: S-04, FLAG-08
#[tokio::test]
async fn a_recall_that_comes_before_its_file_waits_for_it() {
    let town = matched_at_hmrc().await;
    let (hmrc, ho) = (&town.hmrc, &town.ho);
    for by in ["hmrc-reply", "forward"] {
        let name = |verb: &str| op(format!("{by}/{verb}"));
        let (run, by) = (run(APRIL), flow(by));
        hmrc.prepare_next(&name("prepare"), &agreement(), &by, &run, &officer())
            .await
            .unwrap();
        hmrc.validate(&name("validate"), &run, &by).await.unwrap();
        hmrc.release(&name("release"), &run, &by, &officer())
            .await
            .unwrap();
        hmrc.seal(&name("seal"), &run, &by).await.unwrap();
    }
    // Sealed, and not yet on the transport, when it proves wrong: both go, and both arrive at once.
    refuted_at_hmrc(&town).await;
    while hmrc.work().await.unwrap().busy {}
    town.settle().await;
    let fallen = town.the_match(ho, APRIL, "hmrc-reply", 1).await.unwrap();
    assert_eq!(fallen.standing(), Standing::Refuted);
    let stands = town.the_match(ho, APRIL, "hmrc-reply", 2).await.unwrap();
    assert_eq!(stands.standing(), Standing::Candidate);
    assert_eq!(town.acts(ho, "recall.received").await, 1);
    assert_eq!(town.acts(&town.dwp, "recall.received").await, 1);
    assert_eq!(town.acts(ho, "package.refused").await, 0);
}

// shows: MATCH-04, RUN-11, S-03, S-04
#[tokio::test]
async fn a_row_that_was_changed_is_ambiguous_even_in_a_file_that_a_person_releases() {
    let town = matched_at_hmrc().await;
    town.meddle(true);
    town.next(&town.hmrc, APRIL, "hmrc-reply").await.unwrap();
    town.meddle(false);
    let ho = &town.ho;
    assert_eq!(
        town.state(ho, APRIL, "hmrc-reply").await,
        exchange::leg::State::Held
    );
    // A recall of the other row is not lost while the file is held.
    let of = (&run(APRIL), &flow("ask"), 2);
    town.hmrc
        .refute(&op("refute"), of, "a namesake", &analyst())
        .await
        .unwrap();
    town.settle().await;
    let why = "told by telephone";
    let (run, reply) = (run(APRIL), flow("hmrc-reply"));
    ho.release_held(&op("release"), &run, &reply, why, &officer())
        .await
        .unwrap();
    town.settle().await;
    let changed = (&run, &reply, 1);
    let confirm = ho
        .confirm(&op("confirm"), changed, "it is them", &caseworker())
        .await;
    assert_eq!(rules(&confirm), ["MATCH-04"]);
    let recalled = town.the_match(ho, APRIL, "hmrc-reply", 2).await.unwrap();
    assert_eq!(recalled.standing(), Standing::Refuted);
}

// shows: S-04, RUN-10
#[tokio::test]
async fn a_recall_of_a_file_that_was_refused_finds_nothing_and_the_corrected_file_is_without_the_row()
 {
    let town = matched_at_hmrc().await;
    let (hmrc, ho) = (&town.hmrc, &town.ho);
    town.meddle(true);
    town.next(hmrc, APRIL, "hmrc-reply").await.unwrap();
    town.meddle(false);
    // While the Home Office looks at the held file, HMRC finds that a match was wrong.
    refuted_at_hmrc(&town).await;
    town.settle().await;
    let (april, reply) = (run(APRIL), flow("hmrc-reply"));
    ho.refuse_held(
        &op("refuse"),
        &april,
        &reply,
        "not what was asked",
        &officer(),
    )
    .await
    .unwrap();
    town.settle().await;
    assert_eq!(town.acts(ho, "recall.received").await, 1);
    hmrc.reopen(&op("reopen"), &april, &reply, &officer())
        .await
        .unwrap();
    hmrc.validate(&op("again/validate"), &april, &reply)
        .await
        .unwrap();
    hmrc.release(&op("again/release"), &april, &reply, &officer())
        .await
        .unwrap();
    hmrc.seal(&op("again/seal"), &april, &reply).await.unwrap();
    town.settle().await;
    assert_eq!(town.leg(ho, APRIL, "hmrc-reply").await.rows(), 2);
    let none = town.the_match(ho, APRIL, "hmrc-reply", 1).await;
    assert!(none.is_none());
    assert_eq!(town.acts(ho, "package.refused").await, 0);
}

// shows: RUN-09, RET-01
#[tokio::test]
async fn a_held_file_whose_values_are_gone_can_be_refused_and_not_released() {
    let town = matched_at_hmrc().await;
    let (hmrc, ho) = (&town.hmrc, &town.ho);
    town.meddle(true);
    town.next(hmrc, APRIL, "hmrc-reply").await.unwrap();
    town.meddle(false);
    let (april, reply) = (run(APRIL), flow("hmrc-reply"));
    let held = town.leg(ho, APRIL, "hmrc-reply").await;
    let holding = held.holdings().first().unwrap().clone();
    ho.destroy_early(&op("early"), &holding, "read by mistake", &officer())
        .await
        .unwrap();
    town.settle().await;
    let why = "nothing is left of it";
    let released = ho
        .release_held(&op("release"), &april, &reply, why, &officer())
        .await;
    assert_eq!(rules(&released), ["RET-01"]);
    ho.refuse_held(&op("refuse"), &april, &reply, why, &officer())
        .await
        .unwrap();
    town.settle().await;
    assert_eq!(
        town.state(hmrc, APRIL, "hmrc-reply").await,
        exchange::leg::State::RefusedThere
    );
}
