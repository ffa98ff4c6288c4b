//! Who is asked about, when, how often, and who may say that it is over.
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
use exchange::run::{Kind, Run};
use exchange::{About, Deciding, Start};
use town::*;

const APRIL: &str = "ask-2016-04";

async fn rows(town: &Town, name: &str, by: &str) -> u64 {
    town.leg(&town.ho, name, by).await.rows()
}

// shows: EXCH-HMRC-02, EXCH-HMRC-03, EXCH-HMRC-21, RUN-20, S-06
#[tokio::test]
async fn each_person_has_one_pool_and_whoever_left_it_is_not_sent() {
    let ended = |n, day| Migrant::new(n).fact("status_ended", Some(day));
    let seen = |n, day| Migrant::new(n).fact("last_contact", Some(day));
    let town = Town::new(vec![
        ended(1, "2007-12-31"),
        ended(2, "2008-01-01"),
        seen(3, "2015-10-04"),
        seen(4, "2015-10-05"),
        Migrant::new(5).fact("in_pool", Some("no")),
        Migrant::new(6).fact("dead", None),
        Migrant::new(7),
    ])
    .await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked("once-2016", "once").await;
    // Ended on the last day of 2007: the one-off pool, and never the monthly one.
    assert_eq!(rows(&town, "once-2016", "once").await, 1);
    let second = starting("once-again", "once");
    let second = town.ho.start(&op("once-2"), &second, &officer()).await;
    assert_eq!(rules(&second), ["EXCH-HMRC-03"]);
    // Six months without contact, to the day; unknown is not dead; in April: 2, 3 and 7.
    let ho = &town.ho;
    ho.start(&op("start"), &starting(APRIL, "ask"), &officer())
        .await
        .unwrap();
    assert_eq!(rows(&town, APRIL, "ask").await, 3);
    // Contact is restored between selection and sending: removed, and counted.
    town.pool.now("C00000007", "last_contact", "2016-04-03");
    town.send(ho, APRIL, "ask").await.unwrap();
    let sealed = town.entries(ho).await;
    let sealed = sealed
        .iter()
        .find(|e| e.id.to_string().starts_with(&format!("{APRIL}/ask/seal")));
    let sealed = sealed.unwrap();
    assert_eq!((count(sealed, "rows"), count(sealed, "withheld")), (2, 1));
    assert_eq!(town.trace("C00000007").await.unwrap().status(), "not-asked");
    assert_eq!(
        town.trace("C00000001").await.unwrap().washes()[0].flow,
        flow("once")
    );
}

// shows: EXCH-HMRC-04, RUN-02
#[tokio::test]
async fn the_pool_is_worked_through_and_a_second_run_needs_its_reason() {
    let town = Town::new((1..=5).map(Migrant::new).collect()).await;
    town.agreed().await;
    let some = |name: &str, at_most, reason: Option<&str>| Start {
        at_most: Some(at_most),
        reason: reason.map(str::to_owned),
        ..starting(name, "ask")
    };
    let early = town
        .ho
        .start(&op("early"), &some(APRIL, 2, None), &officer())
        .await;
    assert_eq!(rules(&early), ["RUN-04"], "the flow begins in April");
    town.on("2016-04-04");
    let ho = &town.ho;
    ho.start(&op("april"), &some(APRIL, 2, None), &officer())
        .await
        .unwrap();
    let second = ho
        .start(&op("b"), &some("ask-2016-04b", 2, None), &officer())
        .await;
    assert_eq!(rules(&second), ["RUN-02"]);
    let silent = ho
        .start(&op("c"), &some("ask-2016-04b", 2, Some(" ")), &officer())
        .await;
    assert_eq!(rules(&silent), ["RUN-02"]);
    let same = ho
        .start(&op("d"), &some(APRIL, 2, Some("again")), &officer())
        .await;
    assert_eq!(rules(&same), ["RUN-02"], "each run has its own name");
    let why = Some("the first file was lost on the way");
    ho.start(&op("e"), &some("ask-2016-04b", 2, why), &officer())
        .await
        .unwrap();
    town.on("2016-05-03");
    ho.start(&op("may"), &some("ask-2016-05", 2, None), &officer())
        .await
        .unwrap();
    let pool = async |name: &str| ho.find::<Run>(name).await.unwrap().unwrap().pool();
    let seen: Vec<_> = [
        pool(APRIL).await,
        pool("ask-2016-04b").await,
        pool("ask-2016-05").await,
    ]
    .iter()
    .map(|p| (p.eligible, p.checked, p.first, p.again))
    .collect();
    // Two, two more, the last one: in time everybody is asked about.
    assert_eq!(seen, [(5, 0, 2, 0), (5, 2, 2, 0), (5, 4, 1, 0)]);
}

// shows: EXCH-HMRC-05, EXCH-HMRC-06, EXCH-HMRC-22, RET-17, S-01
#[tokio::test]
async fn no_hit_is_asked_again_four_times_and_then_a_person_may_close() {
    let town = Town::new(vec![Migrant::new(1), Migrant::new(2)]).await;
    town.agreed().await;
    let close = |reason: &str, subject| Deciding {
        agreement: agreement(),
        decision: "close-not-located".into(),
        about: About::Pool(subject),
        outcome: None,
        reason: reason.into(),
    };
    let subject = town.subject("C00000001").await;
    // First in April 2016, then every six months: the last time is in April 2018, after the term (C-11), so the
    // history here begins with the first run that the term allows and is moved forward by the clock alone.
    let days = ["2016-04-04", "2016-10-04", "2017-04-04", "2017-10-04"];
    for (n, day) in days.iter().enumerate() {
        town.on(day);
        let name = format!("ask-{}", &day[..7]);
        town.whole(&name, "ask").await;
        let trace = town.trace("C00000001").await.unwrap();
        assert_eq!(trace.washes().len(), n + 1);
        assert_eq!(trace.status(), "to-be-asked-again", "{day}");
        // The month after it is nobody's turn.
        let next = jiff::civil::Date::strptime("%Y-%m-%d", day).unwrap();
        let next = next.checked_add(jiff::Span::new().months(1)).unwrap();
        town.on(&next.to_string());
        let name = format!("none-{}-{}", next.year(), next.month());
        let none = town
            .ho
            .start(&op(&name), &starting(&name, "ask"), &officer())
            .await;
        assert_eq!(rules(&none), ["RUN-20"]);
        let early = close("nothing was found", subject.clone());
        let early = town
            .ho
            .decide(&op(format!("close-{n}")), &early, &caseworker())
            .await;
        assert_eq!(rules(&early), ["EXCH-HMRC-06"]);
    }
    // The fifth time lies outside the term: unfinished records are reported, and not closed.
    assert_eq!(
        town.trace("C00000001")
            .await
            .unwrap()
            .next_on()
            .unwrap()
            .to_string(),
        "2018-04-04"
    );
    town.on("2018-04-04");
    let over = town
        .ho
        .start(&op("over"), &starting("ask-2018-04", "ask"), &officer())
        .await;
    assert_eq!(rules(&over), ["AGR-28"]);
    assert_eq!(
        town.trace("C00000001").await.unwrap().status(),
        "to-be-asked-again"
    );
    assert_eq!(town.acts(&town.ho, "decision.taken").await, 0);
}

// shows: EXCH-HMRC-05
#[tokio::test]
async fn a_hit_takes_the_person_off_the_schedule() {
    let town = Town::new(vec![Migrant::new(1), Migrant::new(2).taxed(&[])]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.whole(APRIL, "ask").await;
    // In October HMRC knows the first one as well.
    let known = Migrant::new(1).taxed(&[]).tax.unwrap();
    town.tax
        .records
        .lock()
        .unwrap()
        .insert("T00000001".into(), known);
    town.on("2016-10-04");
    town.whole("ask-2016-10", "ask").await;
    assert_eq!(rows(&town, "ask-2016-10", "ask").await, 1);
    assert_eq!(town.trace("C00000001").await.unwrap().status(), "found");
    // Whoever leaves the pool takes the history of the washes along.
    town.pool.now("C00000001", "in_pool", "no");
    town.pool.add(Migrant::new(3));
    town.on("2017-04-04");
    town.asked("ask-2017-04", "ask").await;
    assert_eq!(rows(&town, "ask-2017-04", "ask").await, 1);
    let left = town.trace("C00000001").await.unwrap();
    assert_eq!((left.status(), left.washes().len()), ("left-the-pool", 0));
}

// shows: EXCH-HMRC-22, RET-17
#[tokio::test]
async fn whoever_leaves_the_pool_that_is_asked_about_once_takes_the_history_along() {
    let before = |n| Migrant::new(n).fact("status_ended", Some("2007-06-01"));
    let town = Town::new(vec![before(1), before(2), Migrant::new(3)]).await;
    town.agreed().await;
    town.on("2016-04-01");
    town.whole("once-2016", "once").await;
    let washes = async |person: &str| {
        let trace = town.trace(person).await.unwrap();
        (trace.status(), trace.washes().len())
    };
    assert_eq!(washes("C00000001").await, ("not-found", 1));
    // Contact with the first is restored; the second is still in the pool of those who are asked about once.
    town.pool.now("C00000001", "in_pool", "no");
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    assert_eq!(washes("C00000001").await, ("left-the-pool", 0));
    assert_eq!(washes("C00000002").await, ("not-found", 1));
    assert_eq!(rows(&town, APRIL, "ask").await, 1);
}

// shows: EXCH-HMRC-06, S-01
#[tokio::test]
async fn after_the_last_time_a_person_closes_and_no_timer_does() {
    let twice = source().replace("every: 6 months, times: 4", "every: 6 months, times: 1");
    let town = Town::under(vec![Migrant::new(1)], twice).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.whole(APRIL, "ask").await;
    town.on("2016-10-04");
    town.whole("ask-2016-10", "ask").await;
    town.on("2017-03-01");
    town.settle().await;
    // Time alone closes nothing.
    let status = town.trace("C00000001").await.unwrap().status();
    assert_eq!(status, "eligible-for-closure");
    let subject = town.subject("C00000001").await;
    let close = |reason: &str| Deciding {
        agreement: agreement(),
        decision: "close-not-located".into(),
        about: About::Pool(subject.clone()),
        outcome: None,
        reason: reason.into(),
    };
    let silent = town.ho.decide(&op("a"), &close(""), &caseworker()).await;
    assert_eq!(rules(&silent), ["REF-04"]);
    let closing = close("nothing was found twice");
    let officers = town.ho.decide(&op("b"), &closing, &officer()).await;
    assert_eq!(rules(&officers), ["SEC-09"]);
    town.ho
        .decide(&op("c"), &closing, &caseworker())
        .await
        .unwrap();
    let closed = town.trace("C00000001").await.unwrap();
    let washes = closed.washes().len();
    assert_eq!((closed.status(), washes), ("closed-not-located", 2));
}

// shows: RUN-06, EXCH-HMRC-23
#[tokio::test]
async fn an_extract_says_what_was_read_when_and_by_whom() {
    let town = Town::new(vec![Migrant::new(1)]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    let entries = town.entries(&town.ho).await;
    let extract = entries.iter().find(|e| e.act.as_str() == "leg.prepared");
    let extract = extract.unwrap();
    let fact = |name: &str| {
        let found = extract.facts.iter().find(|(n, _)| n.as_str() == name);
        let Some((_, ledger::Fact::Id(id))) = found else {
            return None;
        };
        Some(id.to_string())
    };
    // The systems that the agreement lets the Home Office read, and no other.
    assert_eq!(fact("sources").as_deref(), Some("cid/crs"));
    assert!(extract.id.to_string().starts_with("ask-2016-04/start"));
    assert_eq!(extract.at.to_string(), "2016-04-04T09:00:00Z");
    assert_eq!(extract.by.role.as_str(), "data-sharing-officer");
    let who = extract.sealed.keys().any(|label| label.as_str() == "who");
    assert!(who, "the person is committed to, and sealed");
}

// shows: RUN-19
#[tokio::test]
async fn a_person_who_is_in_the_register_twice_stops_the_extract() {
    let town = Town::new(vec![Migrant::new(1), Migrant::new(2)]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.pool
        .twice
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let twice = starting(APRIL, "ask");
    let twice = town.ho.start(&op("twice"), &twice, &officer()).await;
    assert_eq!(rules(&twice), ["RUN-19"]);
    assert!(town.trace("C00000001").await.is_none(), "nothing was begun");
}

// shows: RUN-22
#[tokio::test]
async fn a_list_of_a_pilot_is_another_kind_of_run_than_a_request_case_by_case() {
    let kind = async |source: String| {
        let town = Town::under(vec![Migrant::new(1)], source).await;
        town.agreed().await;
        town.on("2016-04-04");
        town.asked(APRIL, "ask").await;
        let run: Run = town.ho.find(APRIL).await.unwrap().unwrap();
        run.kind().name()
    };
    assert_eq!(kind(source()).await, "regular");
    let pilot = source().replace("stage: regular", "stage: proof-of-concept");
    assert_eq!(kind(pilot).await, "ad-hoc-transfer");
    assert_ne!(Kind::AdHocTransfer.name(), Kind::OnDemand.name());
}
