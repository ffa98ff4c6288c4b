//! A file that has not come by its time is an alarm, and a late one is marked: nothing else follows.
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

use exchange::run::Run;
use exchange::{Node, Start};
use town::{Migrant, Town, officer, op, project, rules, source, starting};

const APRIL: &str = "ask-2016-04";

/// The demonstration's agreement, with an aim for HMRC's answer.
fn with_an_aim() -> String {
    let aim = "clocks:\n  - { what: answer the question, within: 10 working days, from: { event: received, of: ask }, owner: hmrc, force: aim, cite: \"4\" }\n";
    let text = source().replacen("clocks:\n", aim, 1);
    assert!(text.contains(aim));
    text
}

/// What is awaited at a node: the answer, until when, and is it late?
async fn awaited(node: &Node) -> Vec<(String, String, bool)> {
    let now = node.ports().clock.now();
    let all = node.awaited().await.unwrap();
    assert!(all.iter().all(|a| a.run.as_str() == APRIL));
    all.iter()
        .map(|a| {
            let by = &a.deadline;
            assert_eq!(by.owner().as_str(), "hmrc");
            (a.answer.to_string(), by.at().to_string(), by.is_due(now))
        })
        .collect()
}

// shows: RUN-18
#[tokio::test]
async fn an_answer_is_awaited_over_weekends_and_bank_holidays_and_marked_when_it_is_late() {
    let people = vec![Migrant::new(1).taxed(&[]), Migrant::new(2)];
    for (arrives, late) in [("2016-05-16", false), ("2016-05-17", true)] {
        let town = Town::under(people.clone(), with_an_aim()).await;
        town.agreed().await;
        // A Friday; 2 May is a bank holiday, so the tenth working day is 16 May.
        town.on("2016-04-29");
        town.asked(APRIL, "ask").await;
        let due = ("hmrc-reply".to_owned(), "2016-05-16T23:00:00Z".to_owned());
        for node in [&town.ho, &town.hmrc] {
            let (answer, by) = due.clone();
            assert_eq!(awaited(node).await, [(answer, by, false)]);
        }
        assert!(awaited(&town.dwp).await.is_empty());
        town.on(arrives);
        for node in [&town.ho, &town.hmrc] {
            let (answer, by) = due.clone();
            assert_eq!(awaited(node).await, [(answer, by, late)]);
        }
        town.matched(&town.hmrc, APRIL, "ask").await;
        town.next(&town.hmrc, APRIL, "hmrc-reply").await.unwrap();
        town.settle().await;
        for node in [&town.ho, &town.hmrc] {
            assert!(awaited(node).await.is_empty());
        }
        let reply = town.leg(&town.ho, APRIL, "hmrc-reply").await;
        assert_eq!(reply.is_late(), late, "{arrives}");
        // It is marked in the ledger as well, and no other act tells of it.
        let entries = town.entries(&town.ho).await;
        let told: Vec<_> = entries
            .iter()
            .filter(|e| e.rule.as_ref().is_some_and(|r| r.as_str() == "RUN-18"))
            .map(|e| e.act.as_str().to_owned())
            .collect();
        let expected: &[&str] = if late { &["leg.received"] } else { &[] };
        assert_eq!(told, expected);
    }
}

/// What a command says at the Home Office; the program's clock is the machine's, years after the answer was due.
fn concordat(town: &Town, args: &[&str]) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_concordat"));
    let out = command.args(args).current_dir(town.home("ho")).output();
    let out = out.unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

// shows: RUN-18
#[tokio::test]
async fn a_missing_answer_is_an_alarm_in_what_is_due_and_in_the_health_of_the_node() {
    let town = Town::under(vec![Migrant::new(1).taxed(&[])], with_an_aim()).await;
    town.agreed().await;
    town.on("2016-04-29");
    let late = [
        (
            "due",
            format!("the answer hmrc-reply to ask of {APRIL} is LATE"),
        ),
        ("doctor", format!("hmrc-reply of {APRIL} is late")),
    ];
    let says = |is: bool| {
        for (command, what) in &late {
            let said = concordat(&town, &[command, "--dir", "."]);
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(words(&said).contains(what), is, "{command}: {said}");
            let json = concordat(&town, &[command, "--dir", ".", "--json"]);
            let json: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert_eq!(json.to_string().contains(what), is, "{command}: {json}");
        }
    };
    says(false);
    town.asked(APRIL, "ask").await;
    says(true);
    town.matched(&town.hmrc, APRIL, "ask").await;
    town.next(&town.hmrc, APRIL, "hmrc-reply").await.unwrap();
    town.settle().await;
    says(false);
}

// shows: RUN-03
#[tokio::test]
async fn the_agreements_clock_says_the_day_that_a_run_states_and_no_person_another() {
    let town = Town::under(vec![Migrant::new(1)], with_an_aim()).await;
    town.agreed().await;
    town.on("2016-04-29");
    let stated = |flow: &str, day: &str| Start {
        reply_by: Some(day.parse().unwrap()),
        ..starting(APRIL, flow)
    };
    let ho = &town.ho;
    let sooner = stated("ask", "2016-05-03");
    let sooner = ho.start(&op("sooner"), &sooner, &officer()).await;
    assert_eq!(
        rules(&sooner),
        ["RUN-03"],
        "the agreement gives until 16 May"
    );
    let plain = starting(APRIL, "ask");
    ho.start(&op("start"), &plain, &officer()).await.unwrap();
    let run: Run = ho.find(APRIL).await.unwrap().unwrap();
    assert_eq!(run.reply_by(), Some(jiff::civil::date(2016, 5, 16)));
    assert_eq!(run.project(), Some(&project()));
    // HMRC forwards in the run of the Home Office, and its file says whose project that is.
    town.send(ho, APRIL, "ask").await.unwrap();
    town.settle().await;
    town.matched(&town.hmrc, APRIL, "ask").await;
    town.next(&town.hmrc, APRIL, "hmrc-reply").await.unwrap();
    town.settle().await;
    for (node, flow) in [(&town.hmrc, "ask"), (ho, "hmrc-reply")] {
        let leg = town.leg(node, APRIL, flow).await;
        assert_eq!(leg.project(), Some(&project()), "{flow}");
    }
}
