//! How much may go: what was approved, and what the agreement expects, file by file and over a period.
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

use exchange::authority::Role;
use exchange::ids::AgreementId;
use exchange::{Start, Trouble};
use town::*;

/// A run of so many is prepared, passes the gate, and is released.
async fn released(town: &Town, name: &str, rows: u64) {
    let start = Start {
        at_most: Some(rows),
        reason: Some("the pool is worked through in parts".into()),
        ..starting(name, "ask")
    };
    let (run, ask) = (run(name), flow("ask"));
    let op = |verb: &str| op(format!("{name}/{verb}"));
    let ho = &town.ho;
    ho.start(&op("start"), &start, &officer()).await.unwrap();
    ho.validate(&op("validate"), &run, &ask).await.unwrap();
    ho.release(&op("release"), &run, &ask, &officer())
        .await
        .unwrap();
}

// shows: APP-08
#[tokio::test]
async fn two_files_that_are_sealed_side_by_side_are_counted_together() {
    let town = Town::new((1..=4).map(Migrant::new).collect()).await;
    town.laid().await;
    town.signed().await;
    town.approved("ask", 3).await;
    town.on("2016-04-04");
    town.settle().await;
    released(&town, "ask-a", 2).await;
    released(&town, "ask-b", 2).await;
    let seal = async |name: &str| {
        let sealing = op(format!("{name}/seal"));
        town.ho.seal(&sealing, &run(name), &flow("ask")).await
    };
    seal("ask-a").await.unwrap();
    // The first is not on the transport yet.
    assert_eq!(rules(&seal("ask-b").await), ["APP-08"]);
    town.settle().await;
    assert_eq!(rules(&seal("ask-b").await), ["APP-08"]);
}

// shows: RUN-16
#[tokio::test]
async fn a_file_outside_the_expected_volume_names_the_way_out() {
    let expected = source().replace(
        "when: { every: month, from: 2016-04 }",
        "when: { every: month, from: 2016-04 }\n    volume: { about: 10, give-or-take: 20 percent, beyond: { told-and-agreed-by: hmrc } }",
    );
    let town = Town::under((1..=14).map(Migrant::new).collect(), expected).await;
    town.agreed().await;
    town.on("2016-04-04");
    let ho = &town.ho;
    for (rows, fits) in [(7, false), (8, true), (12, true), (13, false)] {
        let name = format!("ask-{rows}");
        let start = Start {
            at_most: Some(rows),
            reason: Some("in parts".into()),
            ..starting(&name, "ask")
        };
        let (run, ask) = (run(&name), flow("ask"));
        let op = |verb: &str| op(format!("{name}/{verb}"));
        ho.start(&op("start"), &start, &officer()).await.unwrap();
        let passed = ho.validate(&op("validate"), &run, &ask).await;
        if fits {
            passed.unwrap();
        } else {
            assert_eq!(rules(&passed), ["RUN-16"], "{rows}");
            let told = passed.unwrap_err().to_string();
            assert!(
                told.contains("--at-most") && told.contains("hmrc"),
                "{told}"
            );
        }
        let why = "another number is tried";
        ho.abandon(&op("abandon"), &run, &ask, why, &officer())
            .await
            .unwrap();
    }
}

/// The agreement with this written of the flow `ask`.
fn with(volume: &str) -> String {
    let when = "when: { every: month, from: 2016-04 }";
    source().replace(when, &format!("{when}\n    volume: {{ {volume} }}"))
}

/// Seals a file of so many, and lets it travel.
async fn sealed(town: &Town, name: &str, rows: u64) -> Result<(), Trouble> {
    let start = Start {
        at_most: Some(rows),
        reason: Some("the pool is worked through in parts".into()),
        ..starting(name, "ask")
    };
    let starting = op(format!("{name}/start"));
    town.ho.start(&starting, &start, &officer()).await?;
    town.send(&town.ho, name, "ask").await.map(|_| ())
}

// shows: RUN-16
#[tokio::test]
async fn a_volume_over_a_period_counts_what_left_in_it() {
    let people = (1..=12).map(Migrant::new).collect();
    let town = Town::under(people, with("at-most: 4, per: 12 months")).await;
    town.agreed().await;
    town.on("2016-04-04");
    sealed(&town, "april", 3).await.unwrap();
    town.on("2017-04-03");
    let more = sealed(&town, "over", 2).await;
    assert_eq!(rules(&more), ["RUN-16"]);
    let told = more.unwrap_err().to_string();
    assert!(told.contains("5 rows in 12 months"), "{told}");
    sealed(&town, "one", 1).await.unwrap();
    // A year after the first file its rows count no more; those of the second do.
    town.on("2017-04-04");
    sealed(&town, "three", 3).await.unwrap();
    assert_eq!(rules(&sealed(&town, "four", 1).await), ["RUN-16"]);
}

// shows: RUN-16
#[tokio::test]
async fn a_volume_for_each_file_of_another_flow_begins_anew_with_each() {
    let ended = |n| Migrant::new(n).fact("status_ended", Some("2007-06-01"));
    let mut people: Vec<Migrant> = (1..=6).map(Migrant::new).collect();
    people.push(ended(7));
    let town = Town::under(people, with("at-most: 2, per: once")).await;
    town.agreed().await;
    town.on("2016-04-04");
    sealed(&town, "april", 2).await.unwrap();
    assert_eq!(rules(&sealed(&town, "over", 1).await), ["RUN-16"]);
    town.on("2016-04-05");
    town.asked("once-2016", "once").await;
    town.on("2016-04-06");
    sealed(&town, "again", 2).await.unwrap();
    assert_eq!(rules(&sealed(&town, "over-again", 1).await), ["RUN-16"]);
}

// shows: RUN-16
#[tokio::test]
async fn a_file_that_goes_with_another_counts_for_that_one_alone() {
    let confirm = "  confirm:\n    from: ho\n";
    let counted = format!("{confirm}    volume: {{ at-most: 1, per: ask }}\n");
    let someone = |n| Migrant::new(n).taxed(&[]).paid(&[]);
    let people = vec![someone(1), someone(2).fact("in_pool", Some("no"))];
    let town = Town::under(people, source().replace(confirm, &counted)).await;
    town.agreed().await;
    town.on("2016-04-04");
    let month = async |name: &str, answered: &str| {
        town.asked(name, "ask").await;
        town.on(answered);
        town.answered(name, "ask").await;
        town.confirmed(name).await;
    };
    month("ask-2016-04", "2016-04-11").await;
    town.pool.now("C00000002", "in_pool", "yes");
    town.on("2016-05-04");
    // One row goes with this month's file, as one went with the last.
    month("ask-2016-05", "2016-05-11").await;
    let leg = town.leg(&town.ho, "ask-2016-05", "confirm").await;
    assert_eq!(leg.rows(), 1);
}

// shows: APP-09
#[tokio::test]
async fn what_goes_to_one_recipient_for_one_purpose_is_counted_over_agreements() {
    const NAMES: [&str; 3] = ["no-contact-demo", "no-contact-more", "no-contact-third"];
    // What the asset owner may approve: 400 once with their confirmations, and 10 in a year with all that is asked again.
    let owned = |name: &str| {
        let once = "when: { once: 2016-02, not-before: term, reading: C-12 }";
        with("at-most: 10, per: 12 months")
            .replace(once, &format!("{once}\n    volume: {{ at-most: 400 }}"))
            .replace("level: siro, by: ho.siro,", "level: iao, by: ho.iao,")
            .replace("no-contact-demo", name)
    };
    let ended = |n| Migrant::new(n).fact("status_ended", Some("2007-06-01"));
    let people = (1..=334).map(ended).collect();
    let town = Town::under(people, owned(NAMES[0])).await;
    town.laid().await;
    town.signed().await;
    for name in &NAMES[1..] {
        town.laid_as(name, &owned(name)).await;
        town.signed_as(name).await;
    }
    let (ho, once) = (&town.ho, flow("once"));
    let owner = person("i1", Role::AssetOwner);
    for name in NAMES {
        let id = AgreementId::parse(name).unwrap();
        let op = |verb: &str| op(format!("{name}/{verb}"));
        ho.ask_approval(&op("ask"), &id, &once, 400, &officer())
            .await
            .unwrap();
        ho.approve(&op("approve"), &id, &once, &owner)
            .await
            .unwrap();
    }
    town.on("2016-04-04");
    town.settle().await;
    let started = async |name: &str| {
        let start = Start {
            agreement: AgreementId::parse(name).unwrap(),
            ..starting(&format!("{name}-run"), "once")
        };
        let starting = op(format!("{name}-run/start"));
        ho.start(&starting, &start, &officer()).await.unwrap();
    };
    for name in &NAMES[..2] {
        started(name).await;
        let sent = town.send(ho, &format!("{name}-run"), "once").await;
        sent.unwrap();
    }
    // 334 by each of three agreements: each alone is the asset owner's to approve, all together are not.
    started(NAMES[2]).await;
    let third = run("no-contact-third-run");
    let validate = op("third/validate");
    let passed = ho.validate(&validate, &third, &once).await;
    assert_eq!(rules(&passed), ["APP-09"]);
    let id = AgreementId::parse(NAMES[2]).unwrap();
    ho.ask_approval(&op("third/ask"), &id, &once, 400, &officer())
        .await
        .unwrap();
    ho.approve(&op("third/approve"), &id, &once, &risk_owner())
        .await
        .unwrap();
    ho.validate(&validate, &third, &once).await.unwrap();
}
