//! The residence check between two nodes: what goes out, what comes back, what stays, and what nobody ever finds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod call;
mod common;

use std::collections::BTreeSet;

use call::{Counter, Fault, canaries, found_in};
use common::{caseworker, files, officer, op, person, rules};
use exchange::Trouble;
use exchange::authority::Role;
use exchange::change::Aggregate as _;
use exchange::check::application::Application;
use exchange::check::line::Line;
use exchange::check::{Caller, Channel, Checked, Guidance, Outcome, Request};
use exchange::ids::{PartyId, StaffId};
use exchange::retention::Holding;
use ledger::{Entry, Fact};
use serde_json::json;

fn refused(result: Result<Checked, Trouble>) -> Vec<&'static str> {
    rules(&result.map(|_| Vec::new()))
}

async fn outcome(counter: &Counter, request: &Request) -> Outcome {
    let checked = counter.ho.check(request, &Caller::Applicant).await;
    checked.unwrap().outcome
}

fn staff() -> Caller {
    Caller::Staff(caseworker())
}

/// The acts of the check's entries, each with the names of its facts.
fn profile(entries: &[Entry]) -> Vec<String> {
    let line = |e: &Entry| {
        let facts: Vec<_> = e.facts.keys().map(ToString::to_string).collect();
        let sealed: Vec<_> = e.sealed.keys().map(ToString::to_string).collect();
        format!("{} [{}] ({})", e.act, facts.join(" "), sealed.join(" "))
    };
    entries.iter().map(line).collect()
}

// shows: RTC-12, RTC-13, RTC-20, EXCH-EUSS-02
#[tokio::test]
async fn a_check_leaves_months_and_a_record_without_a_value() {
    let counter = Counter::new().await;
    let told = counter
        .ho
        .check(
            &call::request("r1", "Test Found", "QQ100001A"),
            &Caller::Applicant,
        )
        .await
        .unwrap();
    assert_eq!(
        (told.outcome, told.guidance),
        (Outcome::WithData, Guidance::NothingMore)
    );
    // Whoever applies is told an outcome, and no month.
    let text = serde_json::to_string(&told).unwrap();
    assert_eq!(
        text,
        r#"{"outcome":"with-data","unanswered":[{"agreement":"euss-check-hmrc","why":"not-in-force"}],"guidance":"nothing-more","guidance_version":"1"}"#
    );
    let entries = counter.entries("ho", "check:r1").await;
    assert_eq!(
        profile(&entries),
        [
            "check.begun [channel flow gateway] (application)",
            "holding.opened [due holding rows what] ()",
            "check.ended [channel flow outcome rules unanswered] ()",
        ]
    );
    let ended = entries.last().unwrap();
    let fact = |name: &str| {
        ended
            .facts
            .iter()
            .find(|(n, _)| n.as_str() == name)
            .unwrap()
            .1
    };
    assert_eq!(*fact("outcome"), Fact::Code("with-data".parse().unwrap()));
    assert_eq!(*fact("rules"), Fact::Id(call::version().parse().unwrap()));
    let entries = counter.entries("dwp", "answer:").await;
    assert_eq!(
        profile(&entries),
        ["call.answered [flow gateway outcome party] ()"]
    );

    counter.assigned().await;
    let number = call::NUMBER;
    let (_, shown) = counter
        .ho
        .months(
            &op("look"),
            (&call::agreement(), number),
            &caseworker(),
            &BTreeSet::new(),
        )
        .await
        .unwrap();
    let views: Vec<(u16, usize)> = shown[0].views.iter().map(|v| (v.months, v.shown)).collect();
    assert_eq!(views, [(60, 60), (6, 6)]);
    assert_eq!(shown[0].rules.as_deref(), Some(call::version().as_str()));
    assert_eq!(shown[0].views[1].each[5], ("2020-01".into(), "yes".into()));
    assert_eq!(
        Outcome::ALL.map(Outcome::as_str).join(" "),
        "with-data not-found ambiguous unsuccessful not-attempted"
    );
}

// shows: RTC-02, RTC-18, S-19
#[tokio::test]
async fn without_a_signed_declaration_that_names_the_department_or_without_a_number_nobody_is_called()
 {
    let counter = Counter::new().await;
    let whole = || call::request("x", "Test Found", "QQ100001A");
    let mut requests = Vec::new();
    let mut one = whole();
    one.declaration = None;
    requests.push((one, vec!["declared"]));
    let mut one = whole();
    one.declaration.as_mut().unwrap().signed = false;
    requests.push((one, vec!["declared"]));
    let mut one = whole();
    one.declaration.as_mut().unwrap().names = vec![PartyId::parse("hmrc").unwrap()];
    requests.push((one, vec!["declared"]));
    let mut one = whole();
    one.details.remove("nino");
    requests.push((one, vec!["details.nino"]));
    let mut one = whole();
    one.details.insert("nino".into(), String::new().into());
    one.declaration = None;
    requests.push((one, vec!["declared", "details.nino"]));
    for (n, (mut request, lacking)) in requests.into_iter().enumerate() {
        request.request = format!("n{n}");
        request.application = format!("GWF-{n}").into();
        let told = counter
            .ho
            .check(&request, &Caller::Applicant)
            .await
            .unwrap();
        assert_eq!(
            (told.outcome, told.guidance),
            (Outcome::NotAttempted, Guidance::FurtherEvidence)
        );
        assert_eq!(told.lacking, lacking);
    }
    assert_eq!(counter.calls(), 0);
    let counts = counter.ho.check_counts(&call::agreement()).await.unwrap();
    assert_eq!(counts[&(Channel::Applicant, "not-attempted")], 5);
}

// shows: RTC-14, RTC-16, EXCH-EUSS-04
#[tokio::test]
async fn each_test_user_has_an_outcome_and_none_is_a_decision() {
    use Outcome::{Ambiguous, NotFound, Unsuccessful, WithData};
    let counter = Counter::new().await;
    let evidence = Guidance::FurtherEvidence;
    for (n, (name, nino, outcome, guidance)) in [
        ("Test Found", "QQ100001A", WithData, Guidance::NothingMore),
        ("Test Gaps", "QQ100002A", WithData, evidence),
        ("Test Pension", "QQ100008A", WithData, evidence),
        ("Test Twice", "QQ100003A", Ambiguous, evidence),
        ("Test Abroad", "QQ100004A", Ambiguous, evidence),
        ("Test Outlived", "QQ100005A", Ambiguous, evidence),
        ("Test Old", "QQ100006A", NotFound, evidence),
        ("Test Nobody", "QQ100099A", NotFound, evidence),
        ("Test Renamed", "QQ100007A", WithData, Guidance::NothingMore),
        ("Test Before", "QQ100007A", WithData, Guidance::NothingMore),
        ("Test Fault", "QQ100010A", Unsuccessful, evidence),
    ]
    .into_iter()
    .enumerate()
    {
        let mut request = call::request(&format!("u{n}"), name, nino);
        request.application = format!("GWF-{n}").into();
        let told = counter
            .ho
            .check(&request, &Caller::Applicant)
            .await
            .unwrap();
        assert_eq!((told.outcome, told.guidance), (outcome, guidance), "{name}");
        assert_eq!(told.guidance_version, exchange::check::GUIDANCE);
    }
    let counts = counter.ho.check_counts(&call::agreement()).await.unwrap();
    let counts: Vec<_> = counts.iter().map(|((_, what), n)| (*what, *n)).collect();
    assert_eq!(
        counts,
        [
            ("ambiguous", 3),
            ("not-found", 2),
            ("unsuccessful", 1),
            ("with-data", 5)
        ]
    );
    // A gap in the records shows as months, and kept is the month with yes or no alone (RTC-09).
    let mut request = call::request("again", "Test Gaps", "QQ100002A");
    request.application = "GWF-gaps".to_owned().into();
    outcome(&counter, &request).await;
    counter.kept_months(3).await;
}

// shows: RTC-01, RTC-03, RTC-04, RTC-05, RTC-07, RTC-11
#[tokio::test]
async fn an_answer_that_departs_from_the_agreement_is_not_used() {
    let counter = Counter::new().await;
    for (n, (fault, breach)) in [
        (Fault::Garbage, true),
        (
            Fault::Replace("\"outcome\"", "\"nino\":\"QQ100001A\",\"outcome\""),
            true,
        ),
        (
            Fault::Replace("\"start_date\"", "\"amount\":\"3\",\"start_date\""),
            true,
        ),
        (Fault::Replace("universal-credit", "child-benefit"), true),
        (Fault::OtherCall, true),
        (Fault::Unreachable, false),
        (Fault::Late, false),
    ]
    .into_iter()
    .enumerate()
    {
        counter.restored(&format!("{n}")).await;
        counter.fault(Some(fault));
        let mut request = call::request(&format!("f{n}"), "Test Found", "QQ100001A");
        request.application = format!("GWF-{n}").into();
        assert_eq!(
            outcome(&counter, &request).await,
            Outcome::Unsuccessful,
            "{fault:?}"
        );
        let counts = counter.ho.check_counts(&call::agreement()).await.unwrap();
        let before = counts.get(&(Channel::Applicant, "breach")).copied();
        assert_eq!(
            before.unwrap_or_default(),
            (n as u64 + 1).min(5),
            "{breach}"
        );
    }
    // What goes back names nobody, and no two calls have one name.
    let log = counter.log();
    let mut names = std::collections::BTreeSet::new();
    for (question, answer) in &log {
        let question: serde_json::Value = serde_json::from_slice(question).unwrap();
        let details = question["details"].as_object().unwrap();
        for (field, value) in details.iter().filter(|(f, _)| *f != "correlation_id") {
            assert!(!answer.contains(value.as_str().unwrap()), "{field}");
        }
        assert!(names.insert(details["correlation_id"].as_str().unwrap().to_owned()));
    }
    assert!(names.iter().all(|name| name.len() == 32));
    assert!(names.len() >= 6);
    // A call makes no file: nothing waits anywhere, and nothing is to be sent (RTC-01).
    let open = counter.ho.ports().store.open_effects().await;
    assert_eq!(open.unwrap(), 0);
    assert!(!counter.dir.path().join("transport").exists());
}

// shows: RTC-05, EXCH-EUSS-06, EXCH-EUSS-08
#[tokio::test]
async fn the_supplier_answers_a_call_once_and_retains_nothing() {
    let counter = Counter::new().await;
    outcome(&counter, &call::request("r1", "Test Found", "QQ100001A")).await;
    let (question, _) = counter.log().pop().unwrap();
    let (ho, dwp) = (PartyId::parse("ho").unwrap(), &counter.dwp);
    let ask = |question: Vec<u8>, from: PartyId| async move {
        let asked = dwp.call_asked(&question, &from).await;
        rules(&dwp.answer_call(asked).await.map(|_| Vec::new()))
    };
    assert_eq!(ask(question.clone(), ho.clone()).await, ["RTC-05"]);
    let text = String::from_utf8(question.clone()).unwrap();
    let fresh = |n: u8| {
        let old: serde_json::Value = serde_json::from_slice(&question).unwrap();
        let old = old["details"]["correlation_id"]
            .as_str()
            .unwrap()
            .to_owned();
        text.replace(&old, &format!("{n:032x}"))
    };
    assert_eq!(
        ask(fresh(1).into(), PartyId::parse("hmrc").unwrap()).await,
        ["LEG-01"]
    );
    let other = fresh(2).replace("\"agreement\":\"", "\"agreement\":\"0");
    assert_eq!(ask(other.into(), ho.clone()).await, ["RTC-02"]);
    let more = fresh(3).replace("\"forename\"", "\"amount\":\"1\",\"forename\"");
    assert_eq!(ask(more.into(), ho.clone()).await, ["RTC-02"]);
    let none = fresh(4).replace("\"surname\"", "\"other_names\"");
    assert_eq!(ask(none.into(), ho.clone()).await, ["RTC-02"]);
    let asked = dwp.call_asked(fresh(5).as_bytes(), &ho).await;
    assert!(dwp.answer_call(asked).await.is_ok());
    let held: Vec<Holding> = dwp.all().await.unwrap();
    assert!(held.iter().all(|h| h.what() == "evidence"));
    assert!(dwp.all::<Application>().await.unwrap().is_empty());
    let found = found_in(&counter.dir.path().join("dwp"), &canaries(&counter));
    assert_eq!(found, Vec::<String>::new());
}

// shows: RTC-10, RET-08, RET-09, S-10
#[tokio::test]
async fn no_value_of_a_call_is_in_any_file_of_either_party() {
    let counter = Counter::new().await;
    for (n, (name, nino, fault)) in [
        ("Test Found", "QQ100001A", None),
        ("Test Gaps", "QQ100002A", None),
        ("Test Outlived", "QQ100005A", None),
        (
            "Test Found",
            "QQ100001A",
            Some(Fault::Replace("universal-credit", "child-benefit")),
        ),
        ("Test Found", "QQ100001A", Some(Fault::Late)),
        ("Test Fault", "QQ100010A", None),
    ]
    .into_iter()
    .enumerate()
    {
        counter.fault(fault);
        let mut request = call::request(&format!("s{n}"), name, nino);
        request.application = format!("GWF-CANARY-{n}").into();
        outcome(&counter, &request).await;
        counter.ho.work().await.unwrap();
        counter.dwp.work().await.unwrap();
    }
    let canaries = canaries(&counter);
    // The scan finds what it looks for, where it is.
    std::fs::write(counter.dir.path().join("planted"), "xx QQ100001A xx").unwrap();
    let found = found_in(counter.dir.path(), &canaries);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(files(counter.dir.path()).len() > 10);
    // The state of a check has no value and no month.
    let state = counter.ho.snapshot().await.unwrap();
    let text = serde_json::to_string(&state).unwrap();
    assert!(
        text.contains("application ") && !text.contains("2019-1"),
        "{text}"
    );
}

// shows: RTC-11
#[tokio::test]
async fn a_check_that_is_cut_off_did_not_succeed_and_nothing_of_it_is_left() {
    let counter = Counter::new().await;
    counter.fault(Some(Fault::Never));
    let request = call::request("cut", "Test Found", "QQ100001A");
    {
        let mut check = Box::pin(counter.ho.check(&request, &Caller::Applicant));
        // It is let go of while the supplier is silent, as where the process stops.
        let short = std::time::Duration::from_millis(20);
        while counter.calls() == 0 {
            assert!(tokio::time::timeout(short, &mut check).await.is_err());
        }
    }
    let again = counter.ho.check(&request, &Caller::Applicant).await;
    assert_eq!(refused(again), ["RTC-11"]);
    counter.at("2020-02-29T12:00:05Z");
    assert!(counter.ho.work().await.unwrap().entries.is_empty());
    counter.at("2020-02-29T12:00:06Z");
    let done = counter.ho.work().await.unwrap().entries;
    assert_eq!(profile(&done), ["check.ended [channel flow outcome] ()"]);
    assert_eq!(outcome(&counter, &request).await, Outcome::Unsuccessful);
    let found = found_in(counter.dir.path(), &canaries(&counter));
    assert_eq!(found, Vec::<String>::new());
}

// shows: RTC-15, PTY-12, S-20
#[tokio::test]
async fn a_check_again_needs_its_three_reasons_recorded_and_a_caseworker_of_the_application() {
    let counter = Counter::new().await;
    let first = call::request("first", "Test Nobody", "QQ100099A");
    let again = |request: &str| {
        let mut again = call::request(request, "Test Found", "QQ100001A");
        again.flow = exchange::ids::FlowId::parse("recheck").unwrap();
        again.facts = call::reasons(&["match_possible", "helps_applicant"]);
        again
    };
    assert_eq!(outcome(&counter, &first).await, Outcome::NotFound);
    let ho = &counter.ho;
    assert_eq!(refused(ho.check(&again("a0"), &staff()).await), ["PTY-12"]);
    counter.assigned().await;
    assert_eq!(
        refused(ho.check(&again("a1"), &Caller::Applicant).await),
        ["RTC-15"]
    );
    let analyst = Caller::Staff(person("a1", Role::Analyst));
    assert_eq!(refused(ho.check(&again("a2"), &analyst).await), ["SEC-09"]);
    for (n, name) in ["match_possible", "helps_applicant"]
        .into_iter()
        .enumerate()
    {
        let mut less = again(&format!("l{n}"));
        less.facts.remove(name);
        assert_eq!(
            refused(ho.check(&less, &staff()).await),
            ["RTC-15"],
            "{name}"
        );
        let mut bare = again(&format!("b{n}"));
        bare.facts.get_mut(name).unwrap().because = " ".to_owned().into();
        assert_eq!(
            refused(ho.check(&bare, &staff()).await),
            ["RTC-15"],
            "{name}"
        );
        let mut no = again(&format!("n{n}"));
        no.facts.get_mut(name).unwrap().value = "no".into();
        assert_eq!(refused(ho.check(&no, &staff()).await), ["RTC-15"], "{name}");
    }
    // Nobody states what the hub knows itself.
    let mut forged = again("forged");
    forged.facts.extend(call::reasons(&["first_check"]));
    assert_eq!(refused(ho.check(&forged, &staff()).await), ["RTC-15"]);
    let mut undeclared = again("undeclared");
    undeclared.declaration = None;
    assert_eq!(refused(ho.check(&undeclared, &staff()).await), ["RTC-18"]);
    assert_eq!(counter.calls(), 1);
    let told = ho.check(&again("good"), &staff()).await.unwrap();
    assert_eq!(told.outcome, Outcome::WithData);
    let entries = counter.entries("ho", "check:good").await;
    assert_eq!(
        profile(&entries)[0],
        "check.begun [channel flow gateway] (application reasons who)"
    );
    // After data there is no check again.
    assert_eq!(
        refused(ho.check(&again("more"), &staff()).await),
        ["RTC-15"]
    );
    assert_eq!(
        refused(
            ho.check(
                &{
                    let mut f = first;
                    f.request = "f2".into();
                    f
                },
                &Caller::Applicant
            )
            .await
        ),
        ["RTC-15"]
    );
    assert_eq!(counter.calls(), 2);
}

// shows: RTC-17
#[tokio::test]
async fn a_sponsor_is_checked_by_a_caseworker_where_documents_fail() {
    let counter = Counter::new().await;
    let sponsor = |request: &str| {
        let mut sponsor = call::request(request, "Test Found", "QQ100001A");
        sponsor.flow = exchange::ids::FlowId::parse("sponsor-check").unwrap();
        sponsor.facts = call::reasons(&["non_eea", "documents_fail"]);
        sponsor
    };
    let ho = &counter.ho;
    assert_eq!(
        refused(ho.check(&sponsor("s0"), &Caller::Applicant).await),
        ["RTC-17"]
    );
    counter.assigned().await;
    for (n, name) in ["non_eea", "documents_fail"].into_iter().enumerate() {
        let mut no = sponsor(&format!("n{n}"));
        no.facts.get_mut(name).unwrap().value = "no".into();
        assert_eq!(refused(ho.check(&no, &staff()).await), ["RTC-17"], "{name}");
        let mut less = sponsor(&format!("l{n}"));
        less.facts.remove(name);
        assert_eq!(
            refused(ho.check(&less, &staff()).await),
            ["RTC-17"],
            "{name}"
        );
    }
    assert_eq!(counter.calls(), 0);
    let told = ho.check(&sponsor("good"), &staff()).await.unwrap();
    assert_eq!(told.outcome, Outcome::WithData);
}

// shows: RTC-19, PTY-18
#[tokio::test]
async fn an_outage_is_told_to_the_technical_contact_and_stops_no_application() {
    let counter = Counter::new().await;
    counter.fault(Some(Fault::Unreachable));
    let ask = async |n: u32| {
        let mut request = call::request(&format!("o{n}"), "Test Found", "QQ100001A");
        request.application = format!("GWF-{n}").into();
        outcome(&counter, &request).await
    };
    for n in 0..5 {
        assert_eq!(ask(n).await, Outcome::Unsuccessful);
    }
    assert_eq!(counter.calls(), 3, "no call is made while the line is down");
    let line = || async { counter.ho.all::<Line>().await.unwrap().pop().unwrap() };
    let down = line().await;
    assert_eq!(
        (down.status(), down.contact()),
        ("down", "live-service@dwp.example")
    );
    let entries = counter.entries("ho", "check:o2").await;
    assert!(entries.iter().any(|e| e.act.to_string() == "line.down"));
    // It is tried once when the pause is over; when it works, all is well.
    counter.at("2020-02-29T12:06:00Z");
    assert_eq!(ask(6).await, Outcome::Unsuccessful);
    assert_eq!(ask(7).await, Outcome::Unsuccessful);
    assert_eq!(counter.calls(), 4);
    counter.at("2020-02-29T12:12:00Z");
    counter.fault(None);
    assert_eq!(ask(8).await, Outcome::WithData);
    assert_eq!(line().await.status(), "working");
    assert!(
        counter
            .entries("ho", "check:o8")
            .await
            .iter()
            .any(|e| e.act.to_string() == "line.restored")
    );
}

// shows: RET-10
#[tokio::test]
async fn months_of_a_leap_day_are_gone_and_certified_after_ten_years() {
    let counter = Counter::new().await;
    outcome(&counter, &call::request("r1", "Test Found", "QQ100001A")).await;
    counter.assigned().await;
    let months = async |n: u32| {
        let of = (&call::agreement(), call::NUMBER);
        let who = caseworker();
        counter
            .ho
            .months(&op(&format!("look{n}")), of, &who, &BTreeSet::new())
            .await
            .unwrap()
            .1
    };
    let held: Vec<Holding> = counter.ho.all().await.unwrap();
    let held = held.iter().find(|h| h.what() == "months").unwrap();
    let due = held.due().unwrap().to_string();
    assert_eq!(
        (due.as_str(), held.rule().authority.as_str()),
        ("2030-02-28T00:00:00Z", "Retention")
    );
    counter.at("2030-02-27T23:59:59Z");
    counter.ho.work().await.unwrap();
    assert_eq!(months(1).await[0].views.len(), 2);
    counter.at(&due);
    let done = counter.ho.work().await.unwrap().entries;
    let certified = |e: &&Entry| e.act.to_string() == "key.destroyed";
    assert_eq!(done.iter().filter(certified).count(), 1, "{done:?}");
    let shown = months(2).await;
    assert_eq!(
        (shown[0].views.len(), shown[0].outcome),
        (0, Some(Outcome::WithData))
    );
    assert!(shown[0].kept.is_none());
}

// shows: PTY-12, LOOKUP-11
#[tokio::test]
async fn months_are_for_a_caseworker_of_the_application_alone() {
    let counter = Counter::new().await;
    outcome(&counter, &call::request("r1", "Test Found", "QQ100001A")).await;
    counter.assigned().await;
    let number = call::NUMBER;
    let id = call::agreement();
    let look = async |n: u32, number: &str, who: &exchange::authority::Person| {
        let seen = counter
            .ho
            .months(
                &op(&format!("look{n}")),
                (&id, number),
                who,
                &BTreeSet::new(),
            )
            .await;
        rules(&seen.map(|(done, _)| done))
    };
    let other = person("c2", Role::Caseworker);
    assert_eq!(look(1, number, &other).await, ["PTY-12"]);
    // The same answer, whether there is such an application or not.
    assert_eq!(look(2, "GWF-none", &other).await, ["PTY-12"]);
    assert_eq!(look(3, "GWF-none", &caseworker()).await, ["PTY-12"]);
    for (n, role) in Role::ALL
        .iter()
        .enumerate()
        .filter(|(_, r)| **r != Role::Caseworker)
    {
        let who = person("c1", *role);
        assert_eq!(look(10 + n as u32, number, &who).await, ["SEC-09"]);
    }
    let denied = counter.entries("ho", "look1").await;
    assert!(profile(&denied)[0].starts_with("refused "), "{denied:?}");
    let by = officer();
    let own = op("self");
    let self_made = counter.ho.assign(&own, (&id, number), &by.staff, true, &by);
    assert_eq!(rules(&self_made.await), ["PTY-12"]);
    let c1 = StaffId::parse("c1").unwrap();
    counter
        .ho
        .assign(&op("out"), (&id, number), &c1, false, &officer())
        .await
        .unwrap();
    assert_eq!(look(50, number, &caseworker()).await, ["PTY-12"]);
}

// shows: EXCH-EUSS-09
#[tokio::test]
async fn nobody_is_called_after_the_agreement_has_ended() {
    let text = call::source().replace("before: 2036-04-01", "before: 2026-04-01");
    let counter = Counter::under(&text).await;
    counter.at("2026-03-31T22:59:00Z");
    assert_eq!(
        outcome(&counter, &call::request("r1", "Test Found", "QQ100001A")).await,
        Outcome::WithData
    );
    counter.at("2026-03-31T23:00:00Z");
    let mut late = call::request("r2", "Test Found", "QQ100001A");
    late.application = "GWF-2".to_owned().into();
    assert_eq!(
        refused(counter.ho.check(&late, &Caller::Applicant).await),
        ["AGR-28"]
    );
    assert_eq!(counter.calls(), 1);
}

// shows: EXCH-EUSS-05, RTC-12
#[tokio::test]
async fn what_came_goes_no_further_and_other_rules_calculate_nothing() {
    let counter = Counter::new().await;
    let (_, plan) = counter.ho.agreement(&call::agreement()).await.unwrap();
    let discloses = |dataset: &str| {
        let mut all = plan.permits().to(agreement::Act::Disclose);
        all.any(|p| p.from.as_str() == "ho" && p.field.dataset.as_str() == dataset)
    };
    assert!(discloses("details") && !discloses("periods") && !discloses("months"));
    let text = call::source().replace(&call::version(), "not-policy-1.0123456789abcdef");
    let other = Counter::under(&text).await;
    let request = call::request("r1", "Test Found", "QQ100001A");
    assert_eq!(
        refused(other.ho.check(&request, &Caller::Applicant).await),
        ["RTC-12"]
    );
    assert_eq!(other.calls(), 0);
}

#[tokio::test]
async fn a_request_is_answered_once_and_its_form_is_told_without_its_values() {
    let counter = Counter::new().await;
    let request = call::request("r1", "Test Found", "QQ100001A");
    for _ in 0..2 {
        assert_eq!(outcome(&counter, &request).await, Outcome::WithData);
    }
    assert_eq!(counter.calls(), 1);
    let mut stolen = request.clone();
    stolen.application = "GWF-2".to_owned().into();
    assert_eq!(
        refused(counter.ho.check(&stolen, &Caller::Applicant).await),
        ["RTC-02"]
    );
    let mut wrong = call::request("r3", "Test Found", "QQ CANARY");
    wrong.application = "GWF-3".to_owned().into();
    let fault = counter
        .ho
        .check(&wrong, &Caller::Applicant)
        .await
        .unwrap_err();
    let text = fault.to_string();
    assert!(
        text.contains("nino: ") && !text.contains("CANARY"),
        "{text}"
    );
    let bad = json!({ "request": "r", "details": { "nino": 7, "QQ CANARY": "x" } }).to_string();
    let fault = Request::read(bad.as_bytes()).unwrap_err();
    assert!(!fault.to_string().contains("CANARY"), "{fault}");
    assert_eq!(format!("{request:?}"), "Request(check of euss-check-demo)");
}

// Many at once in one process: each has its own call, its own entry under a checkpoint, and its own months.
#[tokio::test(flavor = "multi_thread")]
async fn many_checks_at_once_are_each_made_once() {
    let counter = std::sync::Arc::new(Counter::new().await);
    let checks = (0..24).map(|n| {
        let counter = counter.clone();
        tokio::spawn(async move {
            let mut request = call::request(&format!("m{n}"), "Test Found", "QQ100001A");
            request.application = format!("GWF-{n}").into();
            outcome(&counter, &request).await
        })
    });
    for check in checks.collect::<Vec<_>>() {
        assert_eq!(check.await.unwrap(), Outcome::WithData);
    }
    assert_eq!(counter.calls(), 24);
    let ended = counter.entries("ho", "check:m").await;
    let ended = ended.iter().filter(|e| e.act.to_string() == "check.ended");
    assert_eq!(ended.count(), 24);
    let held: Vec<Holding> = counter.ho.all().await.unwrap();
    assert_eq!(held.iter().filter(|h| h.what() == "months").count(), 24);
}

/// The program itself: what it prints, and that killing it amid a call leaves nothing.
mod program {
    use super::*;
    use std::path::Path;
    use std::process::{Command, Stdio};

    fn concordat(dir: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concordat"));
        command.arg("residence").args(args);
        command.arg("--dir").arg(dir.join("ho")).arg("--json");
        command
    }

    fn said(command: &mut Command) -> (bool, serde_json::Value, String) {
        let out = command.output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        (out.status.success(), json, text)
    }

    fn written(dir: &Path, name: &str, surname: &str, nino: &str, number: &str) -> String {
        let request = json!({
            "request": name, "agreement": "euss-check-demo", "flow": "check", "application": number,
            "declaration": { "signed": true, "names": ["dwp"] },
            "details": { "forename": "Test", "surname": surname, "date_of_birth": "1980-02-29", "nino": nino },
        });
        let path = dir.join("request.json");
        std::fs::write(&path, request.to_string()).unwrap();
        path.display().to_string()
    }

    // shows: SEC-05
    #[tokio::test]
    async fn it_makes_a_check_and_shows_its_months() {
        let (counter, outside) = (
            Counter::under_this_clock().await,
            tempfile::tempdir().unwrap(),
        );
        let (dir, out) = (counter.dir.path(), outside.path());
        let file = written(out, "r1", "Found", "QQ100001A", "GWF-CANARY");
        let (fine, json, text) = said(&mut concordat(dir, &["check", &file]));
        assert!(fine, "{text}");
        assert_eq!(json["checked"]["outcome"], "with-data");
        let number = out.join("number.txt");
        std::fs::write(&number, "GWF-CANARY\n").unwrap();
        let number = number.display().to_string();
        let look = ["show", &number, "--as", "c1:caseworker"];
        let (fine, json, text) = said(&mut concordat(dir, &look));
        assert!(!fine && json["refused"][0]["rule"] == "PTY-12", "{text}");
        let by = ["--caseworker", "c1", "--as", "o1:data-sharing-officer"];
        let (fine, _, text) = said(concordat(dir, &["assign", &number]).args(by));
        assert!(fine, "{text}");
        let (fine, json, text) = said(&mut concordat(dir, &look));
        assert!(fine, "{text}");
        assert_eq!(json["checks"][0]["views"][0]["shown"], 60);
        assert_eq!(json["marking"], "OFFICIAL-SENSITIVE");
        let (fine, _, text) = said(concordat(dir, &look).arg("--dry-run"));
        assert!(!fine && !text.contains("2021-"), "{text}");
        let (_, json, _) = said(&mut concordat(dir, &["counts"]));
        assert_eq!(json["counts"][0]["count"], 1);
        // A wrong request is told by its place, without its values; and it reads standard input.
        std::fs::write(out.join("bad"), r#"{"details":{"nino":"QQ CANARY"}"#).unwrap();
        let input = std::fs::File::open(out.join("bad")).unwrap();
        let (fine, _, text) = said(concordat(dir, &["check", "-"]).stdin(input));
        assert!(
            !fine && text.contains("line 1") && !text.contains("CANARY"),
            "{text}"
        );
        let found = found_in(dir, &canaries(&counter));
        assert_eq!(found, Vec::<String>::new());
    }

    // shows: RTC-11, S-10
    #[tokio::test]
    async fn killed_amid_a_call_it_leaves_no_value_and_the_check_did_not_succeed() {
        let (counter, outside) = (
            Counter::under_this_clock().await,
            tempfile::tempdir().unwrap(),
        );
        let dir = counter.dir.path();
        let file = written(outside.path(), "r1", "Silence", "QQ100009A", "GWF-CANARY");
        let mut child = concordat(dir, &["check", &file])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        loop {
            let all: Vec<Application> = counter.ho.all().await.unwrap();
            if all.iter().any(|a| a.status() == "checking") {
                break;
            }
            assert!(
                child.try_wait().unwrap().is_none(),
                "it ended before it called"
            );
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let scan = || found_in(dir, &canaries(&counter));
        assert_eq!(scan(), Vec::<String>::new());
        counter.at("2036-01-01T00:00:00Z");
        let done = counter.ho.work().await.unwrap().entries;
        let ended = |line: &String| line == "check.ended [channel flow outcome] ()";
        assert_eq!(profile(&done).iter().filter(|l| ended(l)).count(), 1);
        let all: Vec<Application> = counter.ho.all().await.unwrap();
        assert_eq!(all[0].checks()[0].outcome(), Some(Outcome::Unsuccessful));
        assert_eq!(scan(), Vec::<String>::new());
    }
}
