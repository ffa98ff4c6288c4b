//! What a node hands to somebody outside who trusts nobody: proofs without values, and a ledger that a partner co-signed.
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

use std::process::{Command, Output};

use common::*;
use exchange::Trouble;
use ledger::{Proof, Request, VerifierKey};

/// Gives a command in the directory of the house; what it printed.
fn concordat(house: &House, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concordat"))
        .args(args)
        .current_dir(house.dir.path())
        .output()
        .unwrap()
}

#[track_caller]
fn answers(house: &House, args: &[&str], code: i32, says: &str) -> String {
    let out = concordat(house, args);
    let text =
        String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(code), "{args:?}: {text}");
    assert!(text.contains(says), "{args:?}: {text}");
    text
}

async fn destroyed(house: &House) {
    house.answered_from_here().await;
    house.at("2026-02-05T09:00:00Z");
    let (ho, hmrc) = (&house.ho, &house.hmrc);
    hmrc.complete_matching(&op("complete"), &run(), &analyst())
        .await
        .unwrap();
    for m in ho.all::<exchange::matches::Match>().await.unwrap() {
        let of = (m.run(), m.flow(), m.row());
        let refute = op(&format!("refute-{}", m.row()));
        ho.refute(&refute, of, "not the same", &caseworker())
            .await
            .unwrap();
    }
    ho.close_run(&op("close"), &run(), &officer())
        .await
        .unwrap();
    house.settle().await;
}

// shows: SEC-14, S-08, S-21
#[tokio::test]
async fn a_row_is_proven_to_an_outsider_by_its_fields_and_the_fact_for_ever() {
    let house = House::new(None, None).await;
    house.asked().await;
    let ho = &house.ho;
    let row = [
        "prove",
        "disclosure",
        "ask-2026-02",
        "--row",
        "1",
        "--dir",
        "ho",
    ];
    answers(
        &house,
        &[&row[..], &["--out", "row.json"]].concat(),
        0,
        "row.json",
    );
    // An outsider has the file and the key, and nothing else.
    let key = VerifierKey::parse(&ho.ports().signer.card().verifier).unwrap();
    std::fs::write(house.dir.path().join("ho.key"), key.to_string()).unwrap();
    let verify = ["verify", "row.json", "--proof", "--key", "ho.key"];
    let told = answers(&house, &verify, 0, "left with exactly these fields");
    let (pact, plan) = ho.agreement(&agreement()).await.unwrap();
    let agreed = format!("under the agreement {}", pact.hash());
    assert!(
        told.contains(&agreed) && told.contains("Nothing else left"),
        "{told}"
    );
    let flow = plan.flow(&ask()).unwrap();
    let lines: Vec<&str> = told.lines().filter(|l| l.starts_with("  \"")).collect();
    assert_eq!(lines.len(), flow.columns.len(), "{told}");
    for (line, column) in lines.iter().zip(&flow.columns) {
        let field = format!("\"{}\" under the permit", column.name);
        assert!(line.contains(&field), "{line} {field}");
    }
    let gateway = "ask/extract.full_name/migrant/bcia-2009-s21";
    assert!(told.contains(gateway), "the gateway is named: {told}");
    // No value, no salt.
    let path = house.dir.path().join("row.json");
    let file = std::fs::read_to_string(&path).unwrap();
    assert!(
        !file.contains("salt") && !file.contains("\"value\""),
        "{file}"
    );
    for value in values_in(&house).await {
        assert!(!file.contains(&value) && !told.contains(&value));
    }
    // A proof with a field more, less or renamed shows nothing.
    let forged = file.replace("\"full_name\"", "\"nationality\"");
    assert_ne!(forged, file);
    std::fs::write(house.dir.path().join("forged.json"), forged).unwrap();
    let forged = ["verify", "forged.json", "--proof", "--key", "ho.key"];
    answers(&house, &forged, 1, "NOT SHOWN");

    // The key dies: no row can be proven again, what was handed out still holds, and the fact can be proven for ever.
    destroyed(&house).await;
    let refused = ho.prove_fields(&run(), &ask(), 1).await;
    let Err(Trouble::Refused(refusals)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(refusals[0].rule, "RET-12");
    answers(&house, &row, 1, "concordat prove disclosure");
    answers(&house, &verify, 0, "left with exactly these fields");
    let fact = [
        "prove",
        "disclosure",
        "ask-2026-02",
        "ask",
        "--dir",
        "ho",
        "--out",
        "fact.json",
    ];
    answers(&house, &fact, 0, "fact.json");
    let verify = ["verify", "fact.json", "--proof", "--key", "ho.key"];
    let told = answers(&house, &verify, 0, "It commits to a disclosure of ");
    assert!(told.contains(&agreed) && told.contains("to hmrc"), "{told}");
    let certificate = [
        "prove",
        "destruction",
        "ask-2026-02/ask.1/extract",
        "--dir",
        "ho",
    ];
    let proof = answers(&house, &certificate, 0, "destroyed@v1");
    let proof: Proof = serde_json::from_str(&proof).unwrap();
    assert!(proof.check(&key).is_ok());
}

/// The ledger of a node that was put back and went on otherwise: the same key, another history.
fn forked(house: &House, size: u64) -> Request {
    let dir = house.home("ho").join("keys");
    let party = house.ho.party().clone();
    let keys = courier::Keys::load(party, &dir).unwrap();
    use exchange::ports::Signer;
    let root = ledger::Digest::of(b"another history");
    let origin = "ho".into();
    let checkpoint = ledger::Checkpoint { origin, size, root };
    Request {
        old: size - 1,
        path: Vec::new(),
        checkpoint: keys.sign_note(&checkpoint.text()).unwrap(),
    }
}

// shows: SEC-14
#[tokio::test]
async fn a_partner_co_signs_a_ledger_that_only_grows_and_names_a_fork() {
    let house = House::new(None, None).await;
    house.agreed().await;
    let dir = house.dir.path();
    let officer = ["--as", "o1:data-sharing-officer"];
    let analyst = ["--as", "a1:analyst"];
    let ask = |out: &str| {
        answers(
            &house,
            &["witness", "ask", "hmrc", "--dir", "ho", "--out", out],
            0,
            out,
        );
    };
    let cosign = |request: &str, code: i32, says: &str| {
        let args = [
            "witness",
            "cosign",
            request,
            "--dir",
            "hmrc",
            "--out",
            "cosigned.note",
        ];
        answers(&house, &[&args[..], &analyst].concat(), code, says)
    };
    let add = |note: &str, code: i32, says: &str| {
        let args = ["witness", "add", note, "--dir", "ho"];
        answers(&house, &[&args[..], &officer].concat(), code, says)
    };
    for node in [&house.ho, &house.hmrc] {
        let key = node.ports().signer.card().verifier;
        std::fs::write(dir.join(format!("{}.key", node.party())), key).unwrap();
    }
    let verify = [
        "verify",
        "ho/ledger",
        "--key",
        "ho.key",
        "--witness-key",
        "hmrc.key",
    ];
    answers(&house, &verify, 1, "no checkpoint that hmrc co-signed");

    ask("first.txt");
    cosign("first.txt", 0, "checkpoint.witnessed");
    add("cosigned.note", 0, "checkpoint.cosigned");
    answers(&house, &verify, 0, "co-signed by hmrc at ");
    // What was co-signed stands in the ledgers of both, and the ledger goes on from there.
    house.settle().await;
    ask("second.txt");
    let second: Request = std::fs::read_to_string(dir.join("second.txt"))
        .unwrap()
        .parse()
        .unwrap();
    assert!(second.old > 0 && !second.path.is_empty());
    cosign("second.txt", 0, "checkpoint.witnessed");
    add("cosigned.note", 0, "checkpoint.cosigned");
    cosign("second.txt", 0, "done before");
    answers(&house, &verify, 0, "co-signed by hmrc at ");
    answers(
        &house,
        &["witness", "list", "--dir", "ho"],
        0,
        "hmrc co-signed this ledger",
    );
    answers(
        &house,
        &["witness", "list", "--dir", "hmrc"],
        0,
        "the ledger of ho is co-signed here",
    );

    // An older request, a fork under the same key, a checkpoint that nobody co-signed.
    cosign("first.txt", 1, "a newer checkpoint of ho is co-signed");
    let size = second
        .checkpoint
        .lines()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap();
    let mut fork = forked(&house, size + 1);
    fork.old = size;
    std::fs::write(dir.join("fork.txt"), fork.to_string()).unwrap();
    let told = cosign("fork.txt", 1, "is forked");
    let root = ledger::Digest::of(b"another history").to_string();
    assert!(
        told.contains(&root) && told.contains(&format!("of {size} entries")),
        "{told}"
    );
    std::fs::write(dir.join("own.note"), &second.checkpoint).unwrap();
    add("own.note", 1, "no partner has co-signed");
    // A signature by hmrc under a history that this node does not have.
    let fork = fork.checkpoint;
    let text = fork.split_inclusive('\n').take(3).collect::<String>();
    let at = "2026-02-03T09:00:00Z".parse().unwrap();
    let line = house.hmrc.ports().signer.cosign(&text, at).unwrap();
    std::fs::write(dir.join("other.note"), fork + &line).unwrap();
    add("other.note", 1, "not of this ledger as it stands");
    // The refusals stand in the witness's ledger.
    let refused = entries(&house.hmrc).await;
    assert!(refused.iter().any(|e| {
        e.act.as_str() == "refused"
            && e.rule
                .as_ref()
                .is_some_and(|rule| rule.as_str() == "SEC-14")
    }));

    // A ledger that went another way than what the witness saw does not verify.
    let published = house.home("ho").join("ledger/witness/hmrc");
    let good = std::fs::read_to_string(&published).unwrap();
    std::fs::write(
        &published,
        std::fs::read_to_string(dir.join("other.note")).unwrap(),
    )
    .unwrap();
    answers(&house, &verify, 1, "NOT VERIFIED");
    std::fs::write(&published, good).unwrap();
    answers(&house, &verify, 0, "ledger verified");
    let wrong = [
        "verify",
        "ho/ledger",
        "--key",
        "ho.key",
        "--witness-key",
        "ho.key",
    ];
    answers(&house, &wrong, 1, "no checkpoint that ho co-signed");
}

async fn entries(node: &exchange::Node) -> Vec<ledger::Entry> {
    node.work().await.unwrap();
    let store = &node.ports().store;
    let size = store.head().await.unwrap().frontier.size();
    let leaves = store.leaves(0, size).await.unwrap();
    leaves
        .iter()
        .map(|(bytes, _)| ledger::Entry::parse(bytes).unwrap())
        .collect()
}
