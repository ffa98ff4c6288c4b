//! The thread through the whole house, on real files: two nodes, one run, from the agreement to the
//! certificates.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod common;

use common::*;
use courier::DirectoryShelf;
use exchange::change::Aggregate;
use exchange::flag::Flag;
use exchange::leg::{Leg, State};
use exchange::matches::{Match, Standing};
use exchange::retention::Holding;
use ledger::{VerifierKey, verify_log};

fn states(all: &[Holding]) -> Vec<String> {
    all.iter()
        .map(|h| format!("{} {}", h.id(), h.status()))
        .collect()
}

async fn leg(node: &exchange::Node, flow: &exchange::ids::FlowId) -> Leg {
    node.find(&Leg::key_of(&run(), flow))
        .await
        .unwrap()
        .unwrap()
}

/// Personal values that stand in clear in a file of either node or on the transport, by file.
async fn in_clear(house: &House) -> Vec<String> {
    let values = values_in(house).await;
    assert!(values.len() > 300, "the scan looks for something");
    let mut needles: Vec<Vec<u8>> = Vec::new();
    for value in &values {
        needles.push(value.as_bytes().to_vec());
        needles.push(value.encode_utf16().flat_map(u16::to_le_bytes).collect());
    }
    let search = aho_corasick::AhoCorasick::new(&needles).unwrap();
    let mut found = Vec::new();
    for path in files(house.dir.path()) {
        let name = path
            .strip_prefix(house.dir.path())
            .unwrap()
            .display()
            .to_string();
        let theirs = name.starts_with("ho/register.db") || name.starts_with("hmrc/master.db");
        let hits = search.find_iter(&std::fs::read(&path).unwrap()).count();
        // The scan finds what is there: the departments' own files hold the values.
        assert!(
            !theirs || hits > 100 || name.contains('-'),
            "{name}: {hits}"
        );
        if !theirs && hits > 0 {
            found.push(format!("{name}: {hits} values"));
        }
    }
    found
}

// shows: RUN-01, RUN-08, MATCH-02, MATCH-07, RET-02, RET-12, SEC-02
#[tokio::test]
async fn one_run_from_the_agreement_to_the_certificates() {
    let house = House::new(None, None).await;
    let (ho, hmrc) = (&house.ho, &house.hmrc);
    house.asked().await;

    // HMRC has it and has told so.
    assert_eq!(leg(ho, &ask()).await.state(), State::Accepted);
    let asked = leg(hmrc, &ask()).await;
    assert_eq!(
        (asked.state(), asked.rows()),
        (State::Loaded, leg(ho, &ask()).await.rows())
    );
    assert_eq!(in_clear(&house).await, Vec::<String>::new());

    // A cell can be proven to an outsider with the key of the ledger alone.
    let proven = ho.prove_cell(&run(), &ask(), 1, "full_name").await.unwrap();
    let key = VerifierKey::parse(&proven.key).unwrap();
    let shown = proven.proof.check(&key).unwrap();
    assert!(shown.words.contains("full_name"), "{}", shown.words);
    let ledger::Proof::Cell(mut forged) = proven.proof else {
        panic!("not a cell's proof")
    };
    forged.opens = serde_json::from_str(
        &serde_json::to_string(&forged.opens)
            .unwrap()
            .replace("full_name", "nino"),
    )
    .unwrap();
    assert!(ledger::Proof::Cell(forged).check(&key).is_err());

    house.answered_from_here().await;
    assert_eq!(leg(hmrc, &reply()).await.state(), State::Accepted);
    let answer = leg(ho, &reply()).await;
    assert_eq!(
        (answer.state(), answer.rows()),
        (State::Loaded, asked.rows())
    );
    assert_eq!(in_clear(&house).await, Vec::<String>::new());

    // Matching complete: HMRC's keys die, and the Home Office has the certificates.
    house.at("2026-02-05T09:00:00Z");
    hmrc.complete_matching(&op("complete"), &run(), &analyst())
        .await
        .unwrap();
    let entries = house.settle().await;
    let kept: Vec<Holding> = hmrc.all().await.unwrap();
    let gone: Vec<_> = kept.iter().filter(|h| h.what() != "evidence").collect();
    assert!(
        gone.len() == 3 && gone.iter().all(|h| h.status() == "destroyed"),
        "{:?}",
        states(&kept)
    );
    let certificates = entries
        .iter()
        .filter(|e| e.act.as_str() == "destruction.confirmed")
        .count();
    assert_eq!(
        certificates, 1,
        "the extract came from the Home Office, the rest was HMRC's own"
    );

    // A caseworker's word, and only then a flag in the case register.
    house.at("2026-02-10T09:00:00Z");
    let candidates: Vec<Match> = ho.all().await.unwrap();
    assert!(!candidates.is_empty());
    assert!(
        candidates
            .iter()
            .all(|m| m.standing() == Standing::Candidate)
    );
    let first = &candidates[0];
    let of = (first.run(), first.flow(), first.row());
    let flag = "ISD HMRC Match";
    assert_eq!(
        rules(
            &ho.set_flag(&op("flag-early"), of, flag, &caseworker())
                .await
        ),
        ["FLAG-04"]
    );
    ho.confirm(&op("confirm"), of, "they agree", &caseworker())
        .await
        .unwrap();
    ho.set_flag(&op("flag"), of, flag, &caseworker())
        .await
        .unwrap();
    assert_eq!(
        rules(&ho.close_run(&op("close-early"), &run(), &officer()).await),
        ["RUN-21"]
    );
    for m in &candidates[1..] {
        let of = (m.run(), m.flow(), m.row());
        ho.refute(
            &op(&format!("refute-{}", m.row())),
            of,
            "not the same",
            &caseworker(),
        )
        .await
        .unwrap();
    }
    house.settle().await;
    let flags: Vec<Flag> = ho.all().await.unwrap();
    assert_eq!(
        flags.iter().map(Aggregate::status).collect::<Vec<_>>(),
        ["applied"]
    );
    let register = sim::departments::OpenRegister::open(&house.home("ho").join("register.db"))
        .await
        .unwrap();
    assert_eq!(register.flags().await.unwrap().get(flag), Some(&1));

    // The run is closed: the extract dies at once, what was returned on its 28th day and not before.
    ho.close_run(&op("close"), &run(), &officer())
        .await
        .unwrap();
    house.settle().await;
    let refused = ho
        .prove_cell(&run(), &ask(), 1, "full_name")
        .await
        .map(|_| Vec::new());
    assert_eq!(
        rules(&refused),
        ["RET-12"],
        "with the key the salts are gone"
    );
    house.at("2026-03-03T23:59:59Z");
    house.settle().await;
    let id = "ask-2026-02/reply.1/hmrc-found";
    let holding = |all: Vec<Holding>| all.into_iter().find(|h| h.id().as_str() == id).unwrap();
    assert_eq!(holding(ho.all().await.unwrap()).status(), "counting");
    house.at("2026-03-04T00:00:00Z");
    house.settle().await;
    assert_eq!(holding(ho.all().await.unwrap()).status(), "destroyed");
    let proven = ho.prove_destroyed(id).await.unwrap();
    assert!(
        proven
            .proof
            .check(&key)
            .unwrap()
            .words
            .contains("key was destroyed")
    );
    assert_eq!(in_clear(&house).await, Vec::<String>::new());

    // Both ledgers verify with their files and public keys alone.
    for node in [ho, hmrc] {
        let shelf = DirectoryShelf::new(house.home(node.party().as_str()).join("ledger"));
        let key = VerifierKey::parse(&node.ports().signer.card().verifier).unwrap();
        let report = verify_log(&shelf, &key, None).unwrap();
        assert_eq!(
            report.size,
            node.ports().store.head().await.unwrap().frontier.size()
        );
        assert_eq!(node.ports().store.open_effects().await.unwrap(), 0);
    }
}

// shows: AGR-01, AGR-21, AUD-07, SEC-09
#[tokio::test]
async fn nothing_moves_before_the_agreement_is_in_force_and_approved() {
    let house = House::new(None, None).await;
    let ho = &house.ho;
    ho.open(&op("open")).await.unwrap();
    let early = ho.start(&op("p0"), &start(), &officer()).await;
    assert_eq!(rules(&early), ["AGR-01"]);
    ho.lay(
        &op("lay"),
        (&agreement(), &project()),
        &source(),
        &umbrellas(),
        &officer(),
    )
    .await
    .unwrap();
    let unsigned = ho.start(&op("p1"), &start(), &officer()).await;
    assert_eq!(rules(&unsigned), ["AGR-21", "SEC-03", "SEC-04"]);
    let not_theirs = ho.start(&op("p2"), &start(), &caseworker()).await;
    assert_eq!(rules(&not_theirs), ["SEC-09"]);
    house.settle().await;
    let head = ho.ports().store.head().await.unwrap();
    let leaves = ho
        .ports()
        .store
        .leaves(0, head.frontier.size())
        .await
        .unwrap();
    let refused: Vec<_> = leaves
        .iter()
        .map(|(bytes, _)| ledger::Entry::parse(bytes).unwrap())
        .filter(|e| e.act.as_str() == "refused")
        .filter_map(|e| e.rule.map(|r| r.to_string()))
        .collect();
    assert_eq!(
        refused,
        ["AGR-01", "AGR-21", "SEC-03", "SEC-04", "SEC-09"],
        "every refusal stands in the ledger by its rule"
    );
}

// shows: RUN-05, RUN-13
#[tokio::test]
async fn the_gate_names_all_failing_conditions_together() {
    let house = House::new(None, None).await;
    let ho = &house.ho;
    house.agreed().await;
    house.at("2026-02-02T09:00:00Z");
    ho.start(&op("prepare"), &start(), &officer())
        .await
        .unwrap();
    // After the term, without its route: both are named.
    let settings = exchange::Settings {
        by_hand: Default::default(),
        party: ho.party().clone(),
        instance: exchange::Instance::held("ho-2".into(), ()),
        quality: None,
        permanent: None,
        look_ups: Default::default(),
        evidence: agreement::Period::parse("7 years").unwrap(),
        backups: agreement::Period::parse("35 days"),
    };
    let mut ports = ho.ports().clone();
    ports.routes.clear();
    let strict = exchange::Node::new(settings, ports, concordat::house::law().unwrap()).unwrap();
    house.at("2028-02-02T09:00:00Z");
    let refused = rules(&strict.validate(&op("validate"), &run(), &ask()).await);
    assert!(
        refused.contains(&"AGR-28") && refused.contains(&"RUN-13"),
        "{refused:?}"
    );
    assert!(
        refused.contains(&"LEG-01"),
        "no permit outlives the term: {refused:?}"
    );
}

// shows: RUN-20
#[tokio::test]
async fn eligibility_is_asked_again_at_the_moment_of_sending() {
    let house = House::new(None, None).await;
    let ho = &house.ho;
    house.agreed().await;
    house.at("2026-02-02T09:00:00Z");
    ho.start(&op("prepare"), &start(), &officer())
        .await
        .unwrap();
    ho.validate(&op("validate"), &run(), &ask()).await.unwrap();
    ho.release(&op("release"), &run(), &ask(), &officer())
        .await
        .unwrap();
    let before = leg(ho, &ask()).await.rows();
    house.found_alive_again(1).await;
    ho.seal(&op("seal"), &run(), &ask()).await.unwrap();
    let sealed = leg(ho, &ask()).await;
    assert_eq!((sealed.rows(), sealed.withheld().len()), (before - 1, 1));
    house.settle().await;
    assert_eq!(leg(&house.hmrc, &ask()).await.rows(), before - 1);
}
