//! The three-party exchange, run by its agreement: what goes where, what is withheld, what is learnt, what dies.
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

use agreement::PurposeId;
use exchange::authority::Role;
use exchange::change::Aggregate;
use exchange::finding::{Finding, Kind};
use exchange::flag::Flag;
use exchange::ids::{HoldingId, StaffId};
use exchange::leg::State;
use exchange::matches::{Match, Standing};
use exchange::pact::Move;
use exchange::retention::Holding;
use exchange::run::Run;
use exchange::{About, Deciding, Node, Start};
use ledger::{Digest, Entry, Fact, Id};
use town::*;

const APRIL: &str = "ask-2016-04";

fn purpose(name: &str) -> PurposeId {
    PurposeId::parse(name).unwrap()
}

async fn findings(town: &Town) -> Vec<(String, Kind, Option<String>)> {
    let all: Vec<Finding> = town.ho.all().await.unwrap();
    all.iter()
        .map(|f| {
            let from = f.basis().split('/').nth(1).unwrap_or_default().to_owned();
            (from, f.kind(), f.field().map(str::to_owned))
        })
        .collect()
}

// shows: RET-02, RET-03, RET-04, RET-12, RUN-21, MATCH-01, MATCH-02, MATCH-07, EXCH-HMRC-10, EXCH-HMRC-13, EXCH-HMRC-14, S-05
#[tokio::test]
async fn one_run_goes_round_and_its_files_are_destroyed() {
    let town = Town::new(vec![
        Migrant::new(1).taxed(&[]).paid(&[]),
        Migrant::new(2).taxed(&[]),
        Migrant::new(3),
    ])
    .await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    assert_eq!(town.in_clear(), Vec::<String>::new());
    town.answered(APRIL, "ask").await;
    assert_eq!(town.in_clear(), Vec::<String>::new());
    // Every question has one outcome; DWP has a row only for whom it pays, and a count of the others.
    assert_eq!(town.leg(&town.ho, APRIL, "hmrc-reply").await.rows(), 3);
    assert_eq!(town.leg(&town.dwp, APRIL, "forward").await.rows(), 2);
    assert_eq!(town.leg(&town.ho, APRIL, "dwp-reply").await.rows(), 1);
    let states = town.ho.pool(&agreement()).await.unwrap();
    assert_eq!((states["found"], states["to-be-asked-again"]), (2, 1));
    // Whoever was not found is not touched in the register.
    town.confirmed(APRIL).await;
    town.closed(APRIL).await;
    assert_eq!(town.in_clear(), Vec::<String>::new());
    let doings = town.pool.doings.lock().unwrap().clone();
    assert!(doings.is_empty(), "{doings:?}");
    for (node, flows) in [
        (&town.ho, vec!["ask", "hmrc-reply", "dwp-reply", "confirm"]),
        (&town.hmrc, vec!["ask", "hmrc-reply", "forward"]),
        (&town.dwp, vec!["forward", "dwp-reply", "confirm"]),
    ] {
        for by in flows {
            assert_eq!(town.state(node, APRIL, by).await, State::Closed, "{by}");
        }
        let prefix = format!("{APRIL}/");
        let alive: Vec<String> = node
            .under::<Holding>(&prefix)
            .await
            .unwrap()
            .iter()
            .filter(|h| h.status() != "destroyed")
            .map(|h| h.id().to_string())
            .collect();
        let stays: &[&str] = match node.party().as_str() {
            "ho" => &[
                "ask-2016-04/dwp-reply.1/kept/000001",
                "ask-2016-04/hmrc-reply.1/kept/000001",
                "ask-2016-04/hmrc-reply.1/kept/000002",
            ],
            "dwp" => &["ask-2016-04/confirm.1/status"],
            _ => &[],
        };
        assert_eq!(alive, stays, "{}", node.party());
    }
    let run: Run = town.ho.find(APRIL).await.unwrap().unwrap();
    assert_eq!(run.status(), "closed");
    // Each file that came in has its certificate at the node it came from. It counts what died with the file: not the
    // rows that the Home Office keeps apart.
    assert_eq!(town.acts(&town.ho, "destruction.confirmed").await, 1 + 1);
    assert_eq!(town.acts(&town.hmrc, "destruction.confirmed").await, 2 + 2);
    let certified = |entries: Vec<ledger::Entry>, by: &str| -> Vec<u64> {
        let certificates = entries.iter().filter(|e| {
            let of = ledger::Fact::Id(ledger::Id::parse(by).unwrap());
            e.act.as_str() == "destruction.confirmed" && e.facts.values().any(|f| *f == of)
        });
        let mut rows: Vec<u64> = certificates.map(|e| count(e, "rows")).collect();
        rows.sort_unstable(); // One for each dataset, in whatever order they come.
        rows
    };
    let hmrc = town.entries(&town.hmrc).await;
    assert_eq!(certified(hmrc, "hmrc-reply"), [1, 1]);
    let dwp = town.entries(&town.dwp).await;
    assert_eq!(certified(dwp, "dwp-reply"), [0, 0, 1]);
}

/// Where in a node's ledger the entries of this act about this flow stand.
async fn places(town: &Town, node: &Node, act: &str, by: &str) -> Vec<usize> {
    let flow = Fact::Id(Id::parse(by).unwrap());
    let entries = town.entries(node).await;
    let here = |e: &Entry| e.act.as_str() == act && e.facts.values().any(|f| *f == flow);
    let found = entries.iter().enumerate().filter(|(_, e)| here(e));
    found.map(|(place, _)| place).collect()
}

// shows: RUN-14
#[tokio::test]
async fn a_file_is_in_its_restricted_place_before_it_is_opened_or_matched() {
    let town = Town::new(vec![Migrant::new(1).taxed(&[]).paid(&[])]).await;
    town.agreed().await;
    town.on("2016-04-04");
    let (ho, hmrc, dwp) = (&town.ho, &town.hmrc, &town.dwp);
    ho.start(&op("start"), &starting(APRIL, "ask"), &officer())
        .await
        .unwrap();
    let (april, ask) = (run(APRIL), flow("ask"));
    ho.validate(&op("validate"), &april, &ask).await.unwrap();
    ho.release(&op("release"), &april, &ask, &officer())
        .await
        .unwrap();
    ho.seal(&op("seal"), &april, &ask).await.unwrap();
    while ho.work().await.unwrap().busy {}
    // Lying on the way, it is nothing to match; nor is it before it has passed the confined reader.
    let matching = op("match");
    let unknown = hmrc.match_rows(&matching, &april, &ask, &analyst()).await;
    assert_eq!(rules(&unknown), ["RUN-04"]);
    let (route, carrier) = hmrc.ports().routes.first_key_value().unwrap();
    let transport = &carrier.transport;
    let waiting = transport.waiting(hmrc.party()).await.unwrap();
    hmrc.receive(route, &waiting[0]).await.unwrap();
    assert_eq!(town.state(hmrc, APRIL, "ask").await, State::Received);
    let unopened = hmrc.match_rows(&matching, &april, &ask, &analyst()).await;
    assert_eq!(rules(&unopened), ["RUN-04"]);
    town.settle().await;
    let gone = transport.waiting(hmrc.party()).await.unwrap();
    assert!(gone.is_empty(), "it lies in one place only");
    town.answered(APRIL, "ask").await;
    for (node, by) in [(hmrc, "ask"), (dwp, "forward")] {
        let at = async |act: &str| places(&town, node, act, by).await;
        let (received, loaded) = (at("leg.received").await, at("leg.loaded").await);
        assert!(received[0] < loaded[0] && loaded[0] < at("leg.matched").await[0]);
    }
    // The Home Office does so with what comes back.
    for by in ["hmrc-reply", "dwp-reply"] {
        let at = async |act: &str| places(&town, ho, act, by).await;
        assert!(at("leg.received").await[0] < at("leg.loaded").await[0]);
    }
}

// shows: RUN-17
#[tokio::test]
async fn each_file_has_its_cover_evidence() {
    let town = Town::new(vec![Migrant::new(1).taxed(&[]), Migrant::new(2)]).await;
    town.agreed().await;
    town.on("2016-04-04");
    let (ho, april, ask) = (&town.ho, run(APRIL), flow("ask"));
    ho.start(&op("start"), &starting(APRIL, "ask"), &officer())
        .await
        .unwrap();
    ho.validate(&op("validate"), &april, &ask).await.unwrap();
    ho.release(&op("release"), &april, &ask, &officer())
        .await
        .unwrap();
    ho.seal(&op("seal"), &april, &ask).await.unwrap();
    while ho.work().await.unwrap().busy {}
    let (_, carrier) = town.hmrc.ports().routes.first_key_value().unwrap();
    let transport = &carrier.transport;
    let package = transport.waiting(town.hmrc.party()).await.unwrap();
    let package = package[0].clone();
    let waiting = transport.get(town.hmrc.party(), &package).await.unwrap();
    let (mut waiting, mut file) = (waiting.unwrap(), Vec::new());
    while let Some(part) = waiting.next().await.unwrap() {
        file.extend(part);
    }
    town.on("2016-04-05");
    town.settle().await;
    let entries = town.entries(ho).await;
    let entry = async |act: &str| entries[places(&town, ho, act, "ask").await[0]].clone();
    // Who released it, what left for whom, when it was sent, and when the receiver had it.
    let released = entry("leg.approved").await;
    assert_eq!(released.by.role.as_str(), "data-sharing-officer");
    assert!(released.sealed.keys().any(|label| label.as_str() == "who"));
    let sealed = entry("leg.sealed").await;
    let fact = |name: &str| {
        let mut facts = sealed.facts.iter();
        facts.find(|(n, _)| n.as_str() == name).unwrap().1.clone()
    };
    assert_eq!(fact("ciphertext"), Fact::Digest(Digest::of(&file)));
    assert_eq!(
        fact("package"),
        Fact::Id(Id::parse(package.as_str()).unwrap())
    );
    assert_eq!(fact("to"), Fact::Id(Id::parse("hmrc").unwrap()));
    assert_eq!(count(&sealed, "rows"), 2);
    let (sent, accepted) = (entry("leg.sent").await, entry("leg.accepted").await);
    assert_eq!(sent.at.to_string(), "2016-04-04T09:00:00Z");
    assert_eq!(accepted.at.to_string(), "2016-04-05T09:00:00Z");
    assert_eq!(count(&accepted, "rows"), 2);
    assert_eq!(accepted.by.role.as_str(), "partner");
}

// shows: RUN-21
#[tokio::test]
async fn nothing_ends_while_a_file_is_owed_or_a_match_is_open() {
    let town = Town::new(vec![Migrant::new(1).taxed(&[]).paid(&[])]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    let (hmrc, dwp, ho) = (&town.hmrc, &town.dwp, &town.ho);
    let early = hmrc
        .complete_matching(&op("early"), &run(APRIL), &analyst())
        .await;
    // Neither the answer nor what is passed on has left.
    assert_eq!(rules(&early), ["RUN-21", "RUN-21"]);
    town.answered(APRIL, "ask").await;
    // DWP waits for the confirmation, the Home Office has decided nothing.
    let early = dwp
        .complete_matching(&op("early"), &run(APRIL), &analyst())
        .await;
    assert_eq!(rules(&early), ["RUN-21"]);
    let early = ho.close_run(&op("early"), &run(APRIL), &officer()).await;
    assert_eq!(rules(&early), ["RUN-21", "RUN-21"]);
    town.confirmed(APRIL).await;
    town.closed(APRIL).await;
    // What is over is over: nothing more is prepared on it.
    let late = op("late");
    let late = ho
        .prepare_next(
            &late,
            &agreement(),
            &flow("confirm"),
            &run(APRIL),
            &officer(),
        )
        .await;
    assert_eq!(rules(&late), ["RUN-04"]);
}

// shows: LEG-14, MATCH-14, MATCH-15, EXCH-HMRC-11
#[tokio::test]
async fn what_no_gateway_covers_stays_and_is_counted() {
    let third = [
        ("from_third_party", "yes"),
        ("hmrc_addresses", "2015-05-01/.. 9 New Street, Ambermouth"),
    ];
    let allowed = [third[0], third[1], ("disclosure_allowed", "yes")];
    let years = [(
        "hmrc_addresses",
        "2010-01-01/2015-04-05 1 Old Street|2015-04-06/2015-12-31 2 Last Year Street|2016-01-01/.. 3 New Street",
    )];
    let town = Town::new(vec![
        Migrant::new(1).taxed(&[]).paid(&[]),
        Migrant::new(2)
            .taxed(&[("lives_in", "northern-ireland")])
            .paid(&[]),
        Migrant::new(3).taxed(&[("lives_in", "")]).paid(&[]),
        Migrant::new(4).taxed(&third),
        Migrant::new(5).taxed(&allowed),
        Migrant::new(6).taxed(&years),
    ])
    .await;
    town.agreed().await;
    town.on("2016-04-06");
    town.asked(APRIL, "ask").await;
    town.answered(APRIL, "ask").await;
    // Neither Northern Ireland nor nowhere known: two rows are withheld for want of a gateway.
    let sealed = town.entries(&town.hmrc).await;
    let forward = sealed
        .iter()
        .find(|e| {
            e.id.to_string()
                .starts_with(&format!("{APRIL}/forward/seal"))
        })
        .unwrap();
    assert_eq!(
        (count(forward, "rows"), count(forward, "without-gateway")),
        (4, 2)
    );
    assert_eq!(town.leg(&town.dwp, APRIL, "forward").await.rows(), 4);
    town.reviewed(&town.ho, APRIL, "hmrc-reply", &caseworker())
        .await;
    let told = async |key: &str| {
        let row = town.row(APRIL, key).await;
        let of = (&run(APRIL), &flow("hmrc-reply"), row);
        let use_op = op(format!("use-{row}"));
        let used = town
            .ho
            .use_row(&use_op, of, &purpose("contact"), &caseworker())
            .await;
        used.unwrap()
            .1
            .get("hmrc_addresses")
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(
        told("C00000004").await,
        "",
        "a third party's, without leave"
    );
    assert!(told("C00000005").await.contains("New Street"));
    // This tax year and the one before it, and nothing older.
    let all = told("C00000006").await;
    assert!(
        all.contains("Last Year") && all.contains("3 New") && !all.contains("Old"),
        "{all}"
    );
}

// shows: MATCH-08, MATCH-09, MATCH-10, MATCH-11, MATCH-13, EXCH-HMRC-15
#[tokio::test]
async fn what_dwp_knows_is_compared_and_findings_wait_for_a_person() {
    let elsewhere = [
        ("address", "77 Tannery Court, Wexcombe Parva"),
        ("phone", "07700 900777"),
        ("partner_name", "Partner Example"),
        ("partner_date_of_birth", "1990-01-01"),
    ];
    let same_phone = [("phone", "+44 7700 900001")];
    let town = Town::new(vec![
        Migrant::new(1).taxed(&[]).paid(&same_phone),
        Migrant::new(2).taxed(&[]).paid(&elsewhere),
    ])
    .await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.answered(APRIL, "ask").await;
    town.reviewed(&town.ho, APRIL, "dwp-reply", &caseworker())
        .await;
    let (one, two) = (
        town.row(APRIL, "C00000001").await,
        town.row(APRIL, "C00000002").await,
    );
    let reply = flow("dwp-reply");
    let values = async |row| {
        let of = (&run(APRIL), &reply, row);
        let used = town
            .ho
            .use_row(
                &op(format!("use-{row}")),
                of,
                &purpose("contact"),
                &caseworker(),
            )
            .await;
        used.unwrap().1
    };
    let known = values(one).await;
    assert_eq!(known["address_same_as"], "addresses/1");
    assert_eq!(known["phone_same_as"], "mobiles/1");
    assert!(!known.contains_key("address") && !known.contains_key("phone"));
    let new = values(two).await;
    assert_eq!(new["address"], "77 Tannery Court, Wexcombe Parva");
    assert_eq!(new["phone"], "07700 900777");
    assert!(!new.contains_key("address_same_as") && !new.contains_key("partner_name"));
    let mut all = findings(&town).await;
    all.sort_by_key(|f| format!("{f:?}"));
    let field = |name: &str| Some(name.to_owned());
    let from = || "dwp-reply".to_owned();
    assert_eq!(
        all,
        [
            (from(), Kind::Contact, field("dwp-found.address")),
            (from(), Kind::Contact, field("dwp-found.phone")),
            (from(), Kind::Lead, None),
            (from(), Kind::ThirdParty, field("dwp-partner")),
        ]
    );
    // A new address is used only after somebody verified it.
    let using = Deciding {
        agreement: agreement(),
        decision: "use-contact".into(),
        about: About::Row(run(APRIL), reply.clone(), two),
        outcome: None,
        reason: "a visit is planned".into(),
    };
    let early = town
        .ho
        .decide(&op("use-early"), &using, &caseworker())
        .await;
    assert_eq!(rules(&early), ["MATCH-08"]);
    let key = format!("{APRIL}/dwp-reply/{two:06}/contact/dwp-found.address");
    town.ho
        .verify(
            &op("verify"),
            &key,
            true,
            "a letter was answered",
            &caseworker(),
        )
        .await
        .unwrap();
    town.ho
        .decide(&op("use"), &using, &caseworker())
        .await
        .unwrap();
    // The partner is in no list: the next selection knows the register's people alone.
    assert!(town.trace("C00000003").await.is_none());
    assert_eq!(
        town.ho
            .pool(&agreement())
            .await
            .unwrap()
            .values()
            .sum::<u64>(),
        2
    );
}

// shows: MATCH-12, S-24
#[tokio::test]
async fn a_death_stops_everything_until_a_person_says_so() {
    let town = Town::new(vec![
        Migrant::new(1).taxed(&[]).paid(&[("died", "yes")]),
        Migrant::new(2),
    ])
    .await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.answered(APRIL, "ask").await;
    // Nobody has decided anything yet; the tracing stands still, and a person is told.
    assert_eq!(town.trace("C00000001").await.unwrap().status(), "stopped");
    assert_eq!(
        findings(&town).await,
        [(
            "dwp-reply".into(),
            Kind::Death,
            Some("dwp-found.died".into())
        )]
    );
    // Not even the confirmation goes out about somebody who died.
    for by in ["hmrc-reply", "dwp-reply"] {
        town.reviewed(&town.ho, APRIL, by, &caseworker()).await;
    }
    town.next(&town.ho, APRIL, "confirm").await.unwrap();
    assert_eq!(town.leg(&town.dwp, APRIL, "confirm").await.rows(), 0);
    town.closed(APRIL).await;
    town.on("2016-10-05");
    town.asked("ask-2016-10", "ask").await;
    assert_eq!(town.leg(&town.ho, "ask-2016-10", "ask").await.rows(), 1);
    let subject = town.subject("C00000001").await;
    let silent = town
        .ho
        .restart_tracing(&op("restart-0"), &agreement(), &subject, " ", &caseworker())
        .await;
    assert_eq!(rules(&silent), ["S-24"]);
    town.ho
        .restart_tracing(
            &op("restart"),
            &agreement(),
            &subject,
            "a namesake died",
            &caseworker(),
        )
        .await
        .unwrap();
    assert_eq!(town.trace("C00000001").await.unwrap().status(), "found");
}

// shows: REF-04, REF-05, S-01, S-02, EXCH-HMRC-16
#[tokio::test]
async fn no_benefit_changes_before_the_home_office_has_confirmed() {
    let town = Town::new(vec![Migrant::new(1).taxed(&[]).paid(&[])]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.answered(APRIL, "ask").await;
    let change = Deciding {
        agreement: agreement(),
        decision: "change-benefit".into(),
        about: About::Row(run(APRIL), flow("confirm"), 1),
        outcome: None,
        reason: "no right to public funds".into(),
    };
    let dwp = &town.dwp;
    let early = dwp.decide(&op("early"), &change, &decision_maker()).await;
    assert_eq!(
        rules(&early),
        ["REF-05", "REF-05"],
        "not received, not known to be matched"
    );
    town.confirmed(APRIL).await;
    let other = dwp.decide(&op("other"), &change, &caseworker()).await;
    assert_eq!(rules(&other), ["REF-04"], "another role's to take");
    let analyst = dwp.decide(&op("analyst"), &change, &analyst()).await;
    assert_eq!(rules(&analyst), ["SEC-09"]);
    dwp.decide(&op("decide"), &change, &decision_maker())
        .await
        .unwrap();
    // Nothing but a person's word makes a decision.
    assert_eq!(
        town.acts(dwp, "decision.taken").await,
        0,
        "not yet in the tree"
    );
    town.settle().await;
    assert_eq!(town.acts(dwp, "decision.taken").await, 1);
    // Three months on the confirmation is gone: whoever decides now must ask again.
    town.closed(APRIL).await;
    town.on("2016-07-10");
    town.settle().await;
    let late = Deciding {
        decision: "change-benefit".into(),
        about: About::Row(run(APRIL), flow("confirm"), 1),
        ..change
    };
    let late = dwp.decide(&op("late"), &late, &decision_maker()).await;
    assert!(rules(&late).contains(&"REF-05"), "{late:?}");
}

// shows: LEG-23, LEG-26, SEC-16
#[tokio::test]
async fn values_serve_the_purposes_they_came_for_and_have_one_controller() {
    let town = Town::new(vec![Migrant::new(1).taxed(&[]).paid(&[])]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.answered(APRIL, "ask").await;
    let of = (&run(APRIL), &flow("hmrc-reply"), 1);
    let open = town
        .ho
        .use_row(&op("use-0"), of, &purpose("contact"), &caseworker())
        .await;
    assert_eq!(
        rules(&open),
        ["MATCH-06"],
        "a candidate is used for nothing"
    );
    town.reviewed(&town.ho, APRIL, "hmrc-reply", &caseworker())
        .await;
    let other = town
        .ho
        .use_row(&op("use-1"), of, &purpose("benefits"), &caseworker())
        .await;
    assert_eq!(rules(&other), ["LEG-23"]);
    let (done, values) = town
        .ho
        .use_row(&op("use-2"), of, &purpose("contact"), &caseworker())
        .await
        .unwrap();
    assert_eq!((done.len(), values["matched"].as_str()), (1, "matched"));
    // A developer with access is a user like any other: each read is in what the auditors are given.
    let developer = person("midas-dev", Role::Caseworker);
    town.ho
        .use_row(&op("use-3"), of, &purpose("contact"), &developer)
        .await
        .unwrap();
    let day = jiff::civil::date(2016, 4, 4);
    let period = exchange::lookup::Period { from: day, to: day };
    let auditor = person("u1", Role::AccessAuditor);
    let (read, uses) = town
        .ho
        .value_uses(&op("uses"), period, None, &auditor)
        .await
        .unwrap();
    let told = |u: &exchange::value_use::ValueUse| (u.user.to_string(), u.row, u.fields > 0);
    // Both were given them at one instant, where no order is promised.
    let told: std::collections::BTreeSet<_> = uses.iter().map(told).collect();
    assert_eq!(
        told.into_iter().collect::<Vec<_>>(),
        [
            ("c1".to_owned(), 1, true),
            ("midas-dev".to_owned(), 1, true)
        ]
    );
    assert_eq!(read.len(), 1, "the auditor's own read stands in the ledger");
    let mine = StaffId::parse("midas-dev").unwrap();
    let (_, uses) = town
        .ho
        .value_uses(&op("mine"), period, Some(&mine), &auditor)
        .await
        .unwrap();
    assert_eq!(uses.len(), 1);
    let denied = town
        .ho
        .value_uses(&op("denied"), period, None, &caseworker())
        .await;
    assert_eq!(rules(&denied), ["SEC-09"]);
    // Each party is controller of what it received, from the moment it has it.
    for (node, id) in [
        (&town.ho, "ask-2016-04/ask.1/extract"),
        (&town.hmrc, "ask-2016-04/ask.1/extract"),
        (&town.ho, "ask-2016-04/hmrc-reply.1/hmrc-found"),
        (&town.dwp, "ask-2016-04/forward.1/case-for-dwp"),
    ] {
        let holding: Holding = node.find(id).await.unwrap().unwrap();
        assert_eq!(holding.controller(), node.party().as_str(), "{id}");
    }
}

// shows: LEG-23
#[tokio::test]
async fn what_is_about_nobody_needs_a_permit_too() {
    let source = source()
        .replace(
            "  case-for-dwp:\n    about: migrant",
            "  hmrc-note:\n    about: nobody\n    one-row-per: { row-of: extract }\n    fields:\n      searched: { type: count, class: none, why: evaluates, present: if-held }\n    cite: \"4\"\n  case-for-dwp:\n    about: migrant",
        )
        .replace("send: [link-fields, hmrc-found]", "send: [link-fields, hmrc-found, hmrc-note]")
        .replace("what: [link-fields, hmrc-found,", "what: [link-fields, hmrc-found, hmrc-note,");
    let known = [("searched", "7")];
    let town = Town::under(vec![Migrant::new(1).taxed(&known)], source).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.answered(APRIL, "ask").await;
    town.reviewed(&town.ho, APRIL, "hmrc-reply", &caseworker())
        .await;
    let of = (&run(APRIL), &flow("hmrc-reply"), 1);
    let other = town
        .ho
        .use_row(&op("use-1"), of, &purpose("benefits"), &caseworker())
        .await;
    assert_eq!(rules(&other), ["LEG-23"]);
    let (_, values) = town
        .ho
        .use_row(&op("use-2"), of, &purpose("contact"), &caseworker())
        .await
        .unwrap();
    assert_eq!(values["searched"], "7");
}

// shows: RET-04, RET-15, RET-17
#[tokio::test]
async fn a_confirmed_row_stays_while_a_person_says_that_it_is_needed() {
    let town = Town::new(vec![Migrant::new(1).taxed(&[]), Migrant::new(2)]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.whole(APRIL, "ask").await;
    let id = HoldingId::parse("ask-2016-04/hmrc-reply.1/kept/000001").unwrap();
    let kept = async || -> Holding { town.ho.find(id.as_str()).await.unwrap().unwrap() };
    town.on("2017-04-03");
    let silent = town
        .ho
        .still_needed(&op("need-0"), &id, "", &caseworker())
        .await;
    assert_eq!(rules(&silent), ["RET-01"]);
    town.ho
        .still_needed(&op("need-1"), &id, "the case goes on", &caseworker())
        .await
        .unwrap();
    town.on("2017-04-05");
    town.settle().await;
    assert_eq!(kept().await.status(), "counting");
    town.on("2018-04-04");
    town.settle().await;
    assert_eq!(kept().await.status(), "destroyed");
    // The history of the washes outlives the partner's data, and says dates and outcomes only.
    let trace = town.trace("C00000001").await.unwrap();
    assert_eq!(trace.washes().len(), 1);
    let json = serde_json::to_string(&trace).unwrap();
    assert!(
        !json.contains("C00000001") && !json.contains("Example"),
        "{json}"
    );
}

// shows: FLAG-09
#[tokio::test]
async fn each_reading_of_the_case_register_and_each_writing_in_it_stands_in_the_ledger() {
    let town = Town::new(vec![Migrant::new(1).taxed(&[]).paid(&[])]).await;
    town.agreed().await;
    town.on("2016-04-04");
    let (ho, april) = (&town.ho, run(APRIL));
    let mut seen = 0;
    // Since the last look, has the register been read, and is there a new entry of this act?
    let mut looked = async |act: &str| {
        let reads = town.pool.reads.load(Ordering::Relaxed);
        let entries = town.acts(ho, act).await;
        let read = reads > seen;
        seen = reads;
        (read, entries)
    };
    ho.start(&op("start"), &starting(APRIL, "ask"), &officer())
        .await
        .unwrap();
    town.settle().await;
    assert_eq!(looked("leg.prepared").await, (true, 1));
    let ask = flow("ask");
    ho.validate(&op("validate"), &april, &ask).await.unwrap();
    town.settle().await;
    assert_eq!(looked("leg.validated").await, (true, 1));
    ho.release(&op("release"), &april, &ask, &officer())
        .await
        .unwrap();
    assert!(!looked("leg.approved").await.0);
    ho.seal(&op("seal"), &april, &ask).await.unwrap();
    town.settle().await;
    assert_eq!(looked("leg.sealed").await, (true, 1));
    town.answered(APRIL, "ask").await;
    for by in ["hmrc-reply", "dwp-reply"] {
        town.reviewed(ho, APRIL, by, &caseworker()).await;
    }
    assert!(!looked("match.confirmed").await.0);
    town.next(ho, APRIL, "confirm").await.unwrap();
    assert_eq!(looked("leg.prepared").await, (true, 2));
    // A reading that comes to nothing is recorded too.
    let nobody = starting("ask-2016-04b", "ask");
    let nobody = Start {
        reason: Some("another try".into()),
        ..nobody
    };
    let nobody = ho.start(&op("nobody"), &nobody, &officer()).await;
    assert_eq!(rules(&nobody), ["RUN-20"]);
    town.settle().await;
    assert_eq!(looked("refused").await, (true, 1));
    let of = (&april, &flow("hmrc-reply"), 1);
    ho.set_flag(&op("flag"), of, "ISD HMRC Match", &caseworker())
        .await
        .unwrap();
    town.settle().await;
    let key = Flag::key_of(&Match::key_of(of.0, of.1, 1), "ISD HMRC Match");
    ho.lift_flag(&op("lift"), &key, "leave was granted", &caseworker())
        .await
        .unwrap();
    town.settle().await;
    assert_eq!(town.pool.doings.lock().unwrap().len(), 2);
    assert_eq!(looked("flag.shown").await, (false, 1));
    assert_eq!(looked("flag.lifted").await, (false, 1));
}

// shows: FLAG-02, FLAG-03, FLAG-04, FLAG-10, MATCH-06
#[tokio::test]
async fn a_flag_is_set_by_a_person_for_a_confirmed_match_and_shown_once() {
    let town = Town::new(vec![Migrant::new(1).taxed(&[])]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.answered(APRIL, "ask").await;
    let of = (&run(APRIL), &flow("hmrc-reply"), 1);
    let flag = "ISD HMRC Match";
    let early = town
        .ho
        .set_flag(&op("flag-0"), of, flag, &caseworker())
        .await;
    assert_eq!(rules(&early), ["FLAG-04"]);
    town.reviewed(&town.ho, APRIL, "hmrc-reply", &caseworker())
        .await;
    let unknown = town
        .ho
        .set_flag(&op("flag-1"), of, "ISD DWP Match", &caseworker())
        .await;
    assert_eq!(
        rules(&unknown),
        ["FLAG-03"],
        "a new flag needs a change request (C-39)"
    );
    town.ho
        .set_flag(&op("flag-2"), of, flag, &caseworker())
        .await
        .unwrap();
    town.settle().await;
    assert_eq!(
        town.pool.flags(),
        [("C00000001".to_owned(), flag.to_owned())]
    );
    assert_eq!(town.pool.doings.lock().unwrap().len(), 1);
    let again = town
        .the_match(&town.ho, APRIL, "hmrc-reply", 1)
        .await
        .unwrap();
    assert_eq!(again.standing(), Standing::Confirmed);
}

// shows: AGR-28, REV-10
#[tokio::test]
async fn nothing_moves_under_a_suspended_agreement_but_what_is_due_is_destroyed() {
    let town = Town::new(vec![Migrant::new(1).taxed(&[]), Migrant::new(2)]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.whole(APRIL, "ask").await;
    // A file that a person has released already.
    town.on("2017-02-27");
    town.pool.add(Migrant::new(3));
    let first = Start {
        at_most: Some(1),
        reason: Some("in parts".into()),
        ..starting("ask-first", "ask")
    };
    let (of_first, ask) = (run("ask-first"), flow("ask"));
    town.ho
        .start(&op("first"), &first, &officer())
        .await
        .unwrap();
    let validated = town
        .ho
        .validate(&op("first/validate"), &of_first, &ask)
        .await;
    validated.unwrap();
    town.ho
        .release(&op("first/release"), &of_first, &ask, &officer())
        .await
        .unwrap();
    town.on("2017-03-01");
    let may = "ask-2017-03";
    town.asked(may, "ask").await;
    town.matched(&town.hmrc, may, "ask").await;
    let (ho, hmrc, id) = (&town.ho, &town.hmrc, agreement());
    let suspend = op("suspend");
    let why = "a loss is being looked into";
    let other = ho
        .stand(&suspend, &id, Move::Suspend, why, &caseworker())
        .await;
    assert_eq!(rules(&other), ["SEC-09"]);
    ho.stand(&suspend, &id, Move::Suspend, why, &risk_owner())
        .await
        .unwrap();
    let start = starting("ask-2017-04", "ask");
    let start = ho.start(&op("start"), &start, &officer()).await;
    assert!(rules(&start).contains(&"AGR-28"), "{start:?}");
    let sealed = ho.seal(&op("first/seal"), &of_first, &ask).await;
    assert_eq!(rules(&sealed), ["AGR-28"]);
    let prepared = town.next(ho, may, "confirm").await;
    assert_eq!(rules(&prepared), ["AGR-28"]);
    // What comes in waits, and is refused by nobody.
    town.next(hmrc, may, "hmrc-reply").await.unwrap();
    let key = exchange::leg::Leg::key_of(&run(may), &flow("hmrc-reply"));
    assert!(ho.find::<exchange::leg::Leg>(&key).await.unwrap().is_none());
    assert_eq!(town.acts(ho, "package.refused").await, 0);
    // Nobody said that the values of last year are still needed.
    town.on("2017-04-05");
    town.settle().await;
    let kept = format!("{APRIL}/hmrc-reply.1/kept/000001");
    let kept: Holding = ho.find(&kept).await.unwrap().unwrap();
    assert_eq!(kept.status(), "destroyed");
    ho.stand(
        &op("resume"),
        &id,
        Move::Resume,
        "nothing was lost",
        &risk_owner(),
    )
    .await
    .unwrap();
    town.settle().await;
    assert_eq!(town.state(ho, may, "hmrc-reply").await, State::Loaded);
}

// shows: EXCH-HMRC-17, PTY-11
#[tokio::test]
async fn a_return_is_opened_by_the_team_that_matches_and_by_nobody_else() {
    let town = Town::new(vec![Migrant::new(1).taxed(&[])]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.answered(APRIL, "ask").await;
    let of = (&run(APRIL), &flow("hmrc-reply"), 1);
    let (ho, contact) = (&town.ho, purpose("contact"));
    let mut opened = Vec::new();
    for role in Role::ALL {
        let who = person("x1", *role);
        let name = |verb: &str| op(format!("{verb}/{}", role.as_str()));
        let used = ho.use_row(&name("use"), of, &contact, &who).await;
        let [rule] = rules(&used)[..] else {
            panic!("{used:?}")
        };
        if rule != "SEC-09" {
            // Whoever may use values may not use those of a match that nobody has confirmed.
            assert_eq!(rule, "MATCH-06");
            opened.push(role.as_str());
        }
        let verdict = ho
            .verify(&name("verify"), "nothing", true, "so", &who)
            .await;
        assert_eq!(rules(&verdict) == ["SEC-09"], *role != Role::Caseworker);
    }
    assert_eq!(opened, ["caseworker", "decision-maker"]);
}

// shows: MATCH-18
#[tokio::test]
async fn each_result_says_for_which_day_its_sources_stood_and_what_they_are_worth() {
    let town = Town::new(vec![Migrant::new(1).taxed(&[]).paid(&[])]).await;
    town.agreed().await;
    town.on("2016-04-04");
    town.asked(APRIL, "ask").await;
    town.matched(&town.hmrc, APRIL, "ask").await;
    // The name in HMRC's answer is changed on the way: what it says of its sources is not lost with a held file.
    town.meddle(true);
    town.next(&town.hmrc, APRIL, "hmrc-reply").await.unwrap();
    town.meddle(false);
    town.next(&town.hmrc, APRIL, "forward").await.unwrap();
    town.matched(&town.dwp, APRIL, "forward").await;
    town.on("2016-04-06");
    town.next(&town.dwp, APRIL, "dwp-reply").await.unwrap();
    let said = async |by: &str| {
        let leg = town.leg(&town.ho, APRIL, by).await;
        (
            leg.as_of().unwrap().to_string(),
            leg.quality().map(str::to_owned),
        )
    };
    assert_eq!(said("hmrc-reply").await, ("2016-04-04".into(), None));
    assert_eq!(
        said("dwp-reply").await,
        ("2016-04-06".into(), Some(QUALITY.to_owned()))
    );
}
