//! Announcements: a use or a disclosure that was not agreed is told to the sender of the file, and holds the end of the run
//! off until then.
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

use exchange::announcement::{Announcement, Matter, Said, State};
use exchange::{Done, Node, Trouble};
use school::*;

const APRIL: &str = "monthly-2016-04";

fn said(matter: Matter, done_at: Option<&str>) -> Said {
    Said {
        matter,
        text: "a court has asked for it".into(),
        done_at: done_at.map(|at| at.parse().unwrap()),
    }
}

async fn announce(school: &School, name: &str, said: Said) -> Result<Done, Trouble> {
    let (run, flow) = (run(APRIL), flow("monthly"));
    let dfe = &school.dfe;
    dfe.announce(&op(name), (&run, &flow), said, &analyst())
        .await
}

async fn tell(school: &School, number: u32) -> Result<Done, Trouble> {
    let (run, flow) = (run(APRIL), flow("monthly"));
    let op = op(format!("tell-{number}"));
    let of = (&run, &flow, number);
    school.dfe.tell_announcement(&op, of, &analyst()).await
}

async fn states(node: &Node) -> Vec<State> {
    let all: Vec<Announcement> = node.all().await.unwrap();
    all.iter().map(Announcement::state).collect()
}

/// The rules of announcements in the ledger of a node, by act.
async fn entries(school: &School, node: &Node, act: &str) -> Vec<String> {
    let all = school.entries(node).await;
    let of_act = all.iter().filter(|e| e.act.as_str() == act);
    of_act
        .map(|e| e.rule.as_ref().unwrap().to_string())
        .collect()
}

// shows: LEG-24, LEG-25
#[tokio::test]
async fn another_use_or_disclosure_is_told_to_the_sender_and_holds_the_end_off_until_then() {
    let school = School::new(vec![Child::new(1).ground_a(), Child::new(2).ground_a()]).await;
    school.on("2016-04-01");
    school.asked(APRIL, &[]).await;
    // Only what was loaded is used, and whoever tells it says what it is, in plain words.
    let none = Said {
        text: " ".into(),
        ..said(Matter::OtherPurpose, None)
    };
    assert_eq!(rules(&announce(&school, "none", none).await), ["LEG-24"]);
    let to_come = said(Matter::ThirdParty, Some("2016-04-02T09:00:00Z"));
    assert_eq!(
        rules(&announce(&school, "to-come", to_come).await),
        ["LEG-25"]
    );
    let (ours, by, sender) = (run(APRIL), flow("monthly"), op("sender"));
    let of = (&ours, &by);
    let at_sender = said(Matter::OtherPurpose, None);
    let at_sender = school.ho.announce(&sender, of, at_sender, &officer()).await;
    assert_eq!(rules(&at_sender), ["RUN-04"], "the sender tells nobody");

    // One before it is done; one that was urgent on a Friday, to be told by the end of Monday.
    announce(&school, "before", said(Matter::OtherPurpose, None))
        .await
        .unwrap();
    let urgent = said(Matter::ThirdParty, Some("2016-04-01T08:00:00Z"));
    announce(&school, "urgent", urgent.clone()).await.unwrap();
    assert_eq!(states(&school.dfe).await, [State::ToTell, State::ToTell]);
    let all: Vec<Announcement> = school.dfe.all().await.unwrap();
    let due: Vec<_> = all.iter().map(|a| a.due().map(|d| d.to_string())).collect();
    assert_eq!(due, [None, Some("2016-04-04T23:00:00Z".to_owned())]);

    // The work is done, and the run does not end before both are told.
    school.matched(APRIL, "monthly").await;
    school.answered(APRIL).await;
    let complete = async |name: &str| {
        let dfe = &school.dfe;
        dfe.complete_matching(&op(name), &run(APRIL), &analyst())
            .await
    };
    assert_eq!(rules(&complete("early").await), ["LEG-24", "LEG-25"]);
    tell(&school, 1).await.unwrap();
    let of = (&run(APRIL), &flow("monthly"), 1);
    let twice = school
        .dfe
        .tell_announcement(&op("twice"), of, &analyst())
        .await;
    assert_eq!(rules(&twice), ["LEG-24"]);
    school.settle().await;
    assert_eq!(states(&school.ho).await, [State::Received]);
    assert_eq!(states(&school.dfe).await, [State::Told, State::ToTell]);
    tell(&school, 2).await.unwrap();
    school.settle().await;
    complete("late").await.unwrap();

    // The sender has it as it was said; a person looks at it, with a word.
    let all: Vec<Announcement> = school.ho.all().await.unwrap();
    assert_eq!(*all[1].said(), urgent);
    let look = async |name: &str, word: &str| {
        let (run, flow) = (run(APRIL), flow("monthly"));
        let of = (&run, &flow, 2);
        school
            .ho
            .look_at_announcement(&op(name), of, word, &officer())
            .await
    };
    assert_eq!(rules(&look("silent", "").await), ["LEG-25"]);
    look("look", "their duty").await.unwrap();
    assert_eq!(rules(&look("twice", "again").await), ["LEG-25"]);
    school.settle().await;
    // Both ledgers have both.
    for (node, act, expected) in [
        (&school.dfe, "announcement.raised", vec!["LEG-24", "LEG-25"]),
        (&school.dfe, "announcement.sent", vec!["LEG-24", "LEG-25"]),
        (
            &school.ho,
            "announcement.received",
            vec!["LEG-24", "LEG-25"],
        ),
        (&school.ho, "announcement.looked-at", vec!["LEG-25"]),
    ] {
        assert_eq!(entries(&school, node, act).await, expected, "{act}");
    }
}
