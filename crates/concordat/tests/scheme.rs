//! A residence scheme: its record under Article 8, its volume, and how far it serves its aims. Nobody is told apart.
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
use std::process::Command;

use agreement::Library;
use call::{Counter, canaries};
use common::{caseworker, officer, op, rules};
use exchange::check::{Caller, Channel};
use exchange::ids::{AgreementId, ProjectId};
use exchange::{Aims, Share};
use serde_json::Value;

fn concordat(counter: &Counter, args: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_concordat"))
        .arg("residence")
        .args(args)
        .arg("--dir")
        .arg(counter.dir.path().join("ho"))
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).unwrap()
}

/// Ten applications with every outcome that a call can have, and one that a caseworker has checked again.
async fn scheme() -> Counter {
    let counter = Counter::new().await;
    let check = async |request: &exchange::check::Request, by: &Caller| {
        counter.ho.check(request, by).await.unwrap();
    };
    for (n, (name, nino)) in [
        ("Test Found", "QQ100001A"),
        ("Test Gaps", "QQ100002A"),
        ("Test Twice", "QQ100003A"),
        ("Test Abroad", "QQ100004A"),
        ("Test Old", "QQ100006A"),
        ("Test Renamed", "QQ100007A"),
        ("Test Fault", "QQ100010A"),
        ("Test Found", "QQ100001A"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut request = call::request(&format!("u{n}"), name, nino);
        request.application = format!("GWF-{n}").into();
        if n == 7 {
            request.declaration = None;
        }
        check(&request, &Caller::Applicant).await;
    }
    let first = call::request("first", "Test Nobody", "QQ100099A");
    check(&first, &Caller::Applicant).await;
    counter.assigned().await;
    let mut again = call::request("again", "Test Found", "QQ100001A");
    again.flow = exchange::ids::FlowId::parse("recheck").unwrap();
    again.facts = call::reasons(&["match_possible", "helps_applicant"]);
    check(&again, &Caller::Staff(caseworker())).await;
    counter
}

// shows: RPT-10
#[tokio::test]
async fn checks_outcomes_and_failures_are_counted_and_nobody_is_told_apart() {
    let counter = scheme().await;
    let counts = counter.ho.check_counts(&call::agreement()).await.unwrap();
    let counts: Vec<_> = counts
        .into_iter()
        .map(|((by, what), n)| (by, what, n))
        .collect();
    assert_eq!(
        counts,
        [
            (Channel::Applicant, "ambiguous", 2),
            (Channel::Applicant, "not-attempted", 1),
            (Channel::Applicant, "not-found", 2),
            (Channel::Applicant, "unsuccessful", 1),
            (Channel::Applicant, "with-data", 3),
            (Channel::Caseworker, "with-data", 1),
        ]
    );
    // What is printed has channels, words and numbers, and nothing of an application or a person.
    let json: Value = serde_json::from_str(&concordat(&counter, &["counts", "--json"])).unwrap();
    for row in json["counts"].as_array().unwrap() {
        let keys: BTreeSet<&str> = row
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(keys, BTreeSet::from(["channel", "count", "what"]));
    }
    for args in [
        &["counts"][..],
        &["counts", "--json"],
        &["aims"],
        &["aims", "--json"],
    ] {
        let told = concordat(&counter, args);
        for canary in canaries(&counter) {
            assert!(!told.contains(&canary), "{args:?} tells {canary}");
        }
        assert!(!told.contains("GWF"), "{told}");
    }
    // The load model counts at most so many entries for each check, and at most one for each call.
    let mut most = 0;
    for n in 0..8 {
        let here = counter.entries("ho", &format!("check:u{n}")).await.len();
        most = most.max(here);
    }
    assert_eq!(most, 3);
    let there = counter.entries("dwp", "answer:").await.len();
    assert!(there > 0 && there <= usize::try_from(counter.calls()).unwrap());
}

// shows: EXCH-EUSS-11
#[tokio::test]
async fn the_aims_that_the_agreement_records_have_four_measures() {
    let counter = scheme().await;
    let share = |count, of| Share { count, of };
    let aims = counter.ho.check_aims(&call::agreement()).await.unwrap();
    let expected = Aims {
        // Found, renamed, and whoever was found when a caseworker had it checked again.
        less_paper: share(3, 9),
        less_time: share(8, 9),
        less_fraud: share(2, 10),
        // One call did not work, and one was not made.
        easier_path: share(8, 10),
    };
    assert_eq!(aims, expected);
    let json: Value = serde_json::from_str(&concordat(&counter, &["aims", "--json"])).unwrap();
    let measured: BTreeSet<&str> = json["aims"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    // They are the aims of the agreement, by their names there.
    let text = call::source();
    let benefits = text.split("\nbenefits:\n").nth(1).unwrap();
    let lines = benefits.lines().take_while(|line| line.starts_with("  "));
    let recorded: BTreeSet<&str> = lines.map(|l| l.trim().split(':').next().unwrap()).collect();
    assert_eq!(measured, recorded);
    assert_eq!(measured.len(), 4);
    // Of another agreement there is nothing.
    let other = AgreementId::parse("euss-other").unwrap();
    let none = counter.ho.check_aims(&other).await.unwrap();
    assert_eq!(none, Aims::default());
}

// shows: EXCH-EUSS-07
#[tokio::test]
async fn without_its_record_under_article_8_the_check_is_not_agreed_and_runs_nowhere() {
    let counter = Counter::new().await;
    let umbrella = call::text("agreements/demo/mou-ho-dwp-gdpr.yaml");
    let whole = call::source().replace("agreement: euss-check-demo\n", "agreement: euss-check-2\n");
    let line = whole
        .lines()
        .find(|l| l.trim().starts_with("article-8: {"))
        .unwrap();
    for part in [
        "correlation id",
        "aim: to support",
        "necessary in a democratic society",
    ] {
        assert!(line.contains(part), "{part}");
    }
    let (flows, rest) = line.split_once("aim:").unwrap();
    let (aim, rest) = rest.split_once(", necessity:").unwrap();
    let (necessity, rest) = rest.split_once(", least-data:").unwrap();
    let (least, cite) = rest.split_once(", cite:").unwrap();
    let without = [
        format!("{flows}necessity:{necessity}, least-data:{least}, cite:{cite}"),
        format!("{flows}aim:{aim}, least-data:{least}, cite:{cite}"),
        format!("{flows}aim:{aim}, necessity:{necessity}, cite:{cite}"),
        line.replace("check, recheck, ", "recheck, "),
        line.replace(", answer]", "]"),
    ];
    let law = concordat::house::law().unwrap();
    let library = Library::read([("umbrella", umbrella.as_bytes())], &law);
    let (id, project) = (
        AgreementId::parse("euss-check-2").unwrap(),
        ProjectId::parse("euss-2019").unwrap(),
    );
    let lay = async |n: usize, text: &str| {
        let laid = (&id, &project);
        let umbrella = [umbrella.clone()];
        let ho = &counter.ho;
        ho.lay(&op(&format!("lay-{n}")), laid, text, &umbrella, &officer())
            .await
    };
    for (n, other) in without.iter().enumerate() {
        let text = whole.replace(line, other);
        assert_ne!(text, whole);
        let checked = agreement::check("euss", text.as_bytes(), &law, &library);
        let told = checked.diagnostics.iter().any(|d| d.rule == "LEG-20");
        assert!(told && checked.plan.is_none(), "{other}");
        assert_eq!(rules(&lay(n, &text).await), ["AGR-01"]);
    }
    lay(99, &whole).await.unwrap();
}
