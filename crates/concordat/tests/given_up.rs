//! Files that are given up before anything of them is used, and values that go before their date.
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
use exchange::flag::Flag;
use exchange::ids::HoldingId;
use exchange::leg::State;
use exchange::retention::Holding;
use exchange::run::Run;
use town::*;

const APRIL: &str = "ask-2016-04";

async fn holding(node: &exchange::Node, id: &str) -> &'static str {
    let found: Holding = node.find(id).await.unwrap().unwrap();
    found.status()
}

#[tokio::test]
async fn a_question_that_is_given_up_was_not_asked() {
    let town = Town::new(vec![Migrant::new(1), Migrant::new(2)]).await;
    town.agreed().await;
    town.on("2016-04-04");
    let (ho, of) = (&town.ho, (run(APRIL), flow("ask")));
    ho.start(&op("start"), &starting(APRIL, "ask"), &officer())
        .await
        .unwrap();
    assert_eq!(town.trace("C00000001").await.unwrap().status(), "waiting");
    let silent = ho.abandon(&op("a"), &of.0, &of.1, " ", &officer()).await;
    assert_eq!(rules(&silent), ["RUN-04"]);
    let other = ho
        .abandon(&op("b"), &of.0, &of.1, "a mistake", &caseworker())
        .await;
    assert_eq!(rules(&other), ["SEC-09"]);
    ho.abandon(&op("c"), &of.0, &of.1, "a mistake", &officer())
        .await
        .unwrap();
    // Once.
    let again = ho
        .abandon(&op("c"), &of.0, &of.1, "a mistake", &officer())
        .await;
    assert_eq!(again.unwrap().len(), 0);
    town.settle().await;
    assert_eq!(town.state(ho, APRIL, "ask").await, State::Closed);
    for n in 1..=2 {
        let trace = town.trace(&format!("C0000000{n}")).await.unwrap();
        assert_eq!(trace.status(), "not-asked");
    }
    for kept in ho.under::<Holding>(&format!("{APRIL}/")).await.unwrap() {
        assert_eq!(kept.status(), "destroyed", "{}", kept.id());
    }
    let ended: Run = ho.find(APRIL).await.unwrap().unwrap();
    assert_eq!(ended.status(), "closed");
    // The whole history of asking begins with the run that is sent.
    let mut second = starting("ask-2016-04b", "ask");
    second.reason = Some("the first was given up".into());
    ho.start(&op("d"), &second, &officer()).await.unwrap();
    let pool = ho.find::<Run>("ask-2016-04b").await.unwrap().unwrap();
    assert_eq!((pool.pool().first, pool.pool().checked), (2, 0));
    town.send(ho, "ask-2016-04b", "ask").await.unwrap();
    // What is on its way is not given up.
    let late = ho
        .abandon(
            &op("e"),
            &run("ask-2016-04b"),
            &of.1,
            "a mistake",
            &officer(),
        )
        .await;
    assert_eq!(rules(&late), ["RUN-04"]);
    assert_eq!(town.trace("C00000001").await.unwrap().status(), "waiting");
}

#[tokio::test]
async fn a_partner_gives_up_its_own_file_and_the_question_stands() {
    let town = Town::new(vec![Migrant::new(1).taxed(&[])]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.matched(&town.hmrc, APRIL, "ask").await;
    let hmrc = &town.hmrc;
    hmrc.prepare_next(
        &op("prepare"),
        &agreement(),
        &flow("forward"),
        &run(APRIL),
        &officer(),
    )
    .await
    .unwrap();
    hmrc.abandon(
        &op("a"),
        &run(APRIL),
        &flow("forward"),
        "too early",
        &officer(),
    )
    .await
    .unwrap();
    town.settle().await;
    assert_eq!(town.state(hmrc, APRIL, "forward").await, State::Closed);
    assert_eq!(town.state(hmrc, APRIL, "ask").await, State::Matched);
    assert_eq!(town.trace("C00000001").await.unwrap().status(), "waiting");
    let own = hmrc.under::<Holding>(&format!("{APRIL}/ask.1/")).await;
    assert!(own.unwrap().iter().all(Holding::is_alive));
}

#[tokio::test]
async fn values_go_early_by_a_persons_word_and_not_while_a_flag_rests_on_them() {
    const FLAG: &str = "ISD HMRC Match";
    let person = Migrant::new(1).taxed(&[("hmrc_phone", "07700 900555")]);
    let town = Town::new(vec![person]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.answered(APRIL, "ask").await;
    let ho = &town.ho;
    town.reviewed(ho, APRIL, "hmrc-reply", &caseworker()).await;
    let kept = format!("{APRIL}/hmrc-reply.1/kept/000001");
    let id = HoldingId::parse(kept.clone()).unwrap();
    ho.set_flags(
        &op("flag"),
        (&run(APRIL), &flow("hmrc-reply")),
        &[1],
        FLAG,
        &caseworker(),
    )
    .await
    .unwrap();
    town.settle().await;
    let shown = ho
        .destroy_early(&op("a"), &id, "not needed", &caseworker())
        .await;
    assert_eq!(rules(&shown), ["RET-01"]);
    let flags: Vec<Flag> = ho.all().await.unwrap();
    ho.lift_flag(
        &op("lift"),
        &flags[0].key(),
        "left the country",
        &caseworker(),
    )
    .await
    .unwrap();
    let going = ho
        .destroy_early(&op("b"), &id, "not needed", &caseworker())
        .await;
    assert_eq!(
        rules(&going),
        ["RET-01"],
        "the register still names its person by them"
    );
    town.settle().await;
    let silent = ho.destroy_early(&op("c"), &id, "", &caseworker()).await;
    assert_eq!(rules(&silent), ["RET-01"]);
    ho.destroy_early(&op("d"), &id, "not needed", &caseworker())
        .await
        .unwrap();
    town.settle().await;
    assert_eq!(holding(ho, &kept).await, "destroyed");
    assert!(town.pool.flags().is_empty());
    let twice = ho
        .destroy_early(&op("e"), &id, "not needed", &caseworker())
        .await;
    assert_eq!(rules(&twice), ["RET-01"]);
}

// shows: EXCH-HMRC-03
#[tokio::test]
async fn what_is_sent_once_was_not_sent_by_a_run_that_was_given_up() {
    let town = Town::new(vec![
        Migrant::new(1).fact("status_ended", Some("2007-12-31")),
    ])
    .await;
    town.agreed().await;
    town.on("2016-04-04");
    let (ho, once) = (&town.ho, flow("once"));
    let open = starting("once-1", "once");
    ho.start(&op("a"), &open, &officer()).await.unwrap();
    let second = starting("once-2", "once");
    let early = ho.start(&op("b"), &second, &officer()).await;
    assert!(rules(&early).contains(&"EXCH-HMRC-03"), "{early:?}");
    ho.abandon(&op("c"), &run("once-1"), &once, "a mistake", &officer())
        .await
        .unwrap();
    ho.start(&op("d"), &second, &officer()).await.unwrap();
    town.send(ho, "once-2", "once").await.unwrap();
    let third = starting("once-3", "once");
    let third = ho.start(&op("e"), &third, &officer()).await;
    assert_eq!(rules(&third), ["EXCH-HMRC-03"]);
}
