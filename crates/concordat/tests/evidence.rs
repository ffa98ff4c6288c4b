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
        let args = ["witness", "ask", "hmrc", "--dir", "ho", "--out", out];
        answers(&house, &[&args[..], &["--dry-run"]].concat(), 0, out);
        assert!(!dir.join(out).exists(), "a dry run writes nothing");
        answers(&house, &args, 0, out);
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

/// What `concordat due` says at a node, without what has other words in it.
async fn due(house: &House, who: &str, with: &str) -> Vec<String> {
    let out = concordat(house, &["due", "--dir", who]);
    let text = String::from_utf8(out.stdout).unwrap();
    let lines = text.lines().filter(|line| line.contains(with));
    lines.map(|line| line.trim().to_owned()).collect()
}

// shows: RET-14, S-21
#[tokio::test]
async fn a_partners_certificate_is_waited_for_chased_and_closes_it() {
    let house = House::new(None, None).await;
    house.asked().await;
    let to_certify = "is to certify";
    let told = due(&house, "ho", to_certify).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("waits") && told[0].contains("counted from: matching-complete"),
        "{told:?}"
    );
    assert!(
        told[0].contains("hmrc is to certify the destruction of")
            && told[0].contains("ask-2026-02/ask.1/extract")
    );
    // The answer says that the matching is done; 28 days later somebody asks.
    house.answered_from_here().await;
    let told = due(&house, "ho", to_certify).await;
    assert!(told[0].starts_with("2026-03-04 (due now)"), "{told:?}");
    assert!(
        told[0].contains("ask hmrc why no certificate came"),
        "{told:?}"
    );
    // What HMRC was sent back and destroyed by its own rule is owed to nobody here; the certificate closes the rest.
    house.at("2026-03-10T09:00:00Z");
    let hmrc = &house.hmrc;
    hmrc.complete_matching(&op("complete"), &run(), &analyst())
        .await
        .unwrap();
    house.settle().await;
    assert_eq!(due(&house, "ho", to_certify).await, Vec::<String>::new());
    let all: Vec<exchange::entrusted::Entrusted> = house.ho.all().await.unwrap();
    let states: Vec<_> = all
        .iter()
        .map(exchange::change::Aggregate::status)
        .collect();
    assert_eq!(states, ["destroyed"]);
    // The certificate says until when a backup may hold a copy.
    let gone = entries(hmrc).await;
    let gone = gone
        .iter()
        .find(|e| e.act.as_str() == "key.destroyed")
        .unwrap();
    let facts = format!("{:?}", gone.facts);
    assert!(
        facts.contains("backups-until") && facts.contains("2026-04-14"),
        "{facts}"
    );
}

// shows: RET-13, RET-16
#[tokio::test]
async fn a_hold_keeps_the_row_that_it_names_and_lets_all_else_die() {
    use exchange::authority::Role;
    use exchange::change::Aggregate;
    use exchange::ids::{HoldingId, StaffId};
    use exchange::retention::{Cause, Holding, LegalHold};
    let house = House::new(None, None).await;
    house.asked().await;
    let ho = &house.ho;
    let lead = person("d1", Role::DataProtectionLead);
    let hold = LegalHold {
        cause: Cause::SubjectAccess,
        owner: StaffId::parse("d1").unwrap(),
        review: jiff::civil::date(2026, 4, 1),
    };
    let (name, of) = ("sar-2026-014", "ask-2026-02/ask.1/extract");
    let (name, of) = (
        HoldingId::parse(name).unwrap(),
        HoldingId::parse(of).unwrap(),
    );
    let place = |op_: &str, rows: &'static [u64], who| {
        let (op_, name, of, hold) = (op(op_), name.clone(), of.clone(), hold.clone());
        async move {
            ho.place_hold(&op_, &name, &of, rows, hold, "it is answered", &who)
                .await
        }
    };
    assert_eq!(rules(&place("h0", &[2], officer()).await), ["SEC-09"]);
    assert_eq!(rules(&place("h1", &[999], lead.clone()).await), ["RET-13"]);
    place("h2", &[2], lead.clone()).await.unwrap();
    let whole: Holding = ho.find(of.as_str()).await.unwrap().unwrap();
    let rows = whole.rows();
    destroyed(&house).await;
    let row = format!("{of}/row/000002");
    let status = async |id: &str| {
        let holding: Holding = ho.find(id).await.unwrap().unwrap();
        holding.status()
    };
    assert_eq!(
        (status(of.as_str()).await, status(&row).await),
        ("destroyed", "counting")
    );
    let store = &ho.ports().store;
    let row = HoldingId::parse(row).unwrap();
    assert!(store.items(&of, "").await.unwrap().is_empty());
    let kept = store.items(&row, "").await.unwrap();
    assert_eq!(kept.len(), 1);
    let plain = ho
        .ports()
        .vault
        .open(&row, &kept[0].0, &kept[0].1)
        .await
        .unwrap();
    assert!(
        String::from_utf8_lossy(&plain).contains("full_name"),
        "the row can still be read"
    );
    // The certificate of the file counts the others; the run is over although a row is held.
    let all = entries(ho).await;
    let of_file = |e: &&ledger::Entry| {
        e.act.as_str() == "key.destroyed" && format!("{:?}", e.facts).contains("ask.1/extract")
    };
    let certificate = format!("{:?}", all.iter().find(of_file).unwrap().facts);
    assert!(
        certificate.contains(&format!("Count({rows})")),
        "{certificate}"
    );
    house.at("2026-12-01T09:00:00Z");
    house.settle().await;
    assert_eq!(
        status(row.as_str()).await,
        "counting",
        "no date ends a hold"
    );
    let told = due(&house, "ho", "sar-2026-014").await;
    assert!(
        told.iter()
            .any(|line| line.starts_with("2026-04-01") && line.contains("subject-access")),
        "{told:?}"
    );
    // Released, it is past its date and dies at once.
    ho.release_hold(&op("h3"), &name, "answered", &lead)
        .await
        .unwrap();
    house.settle().await;
    assert_eq!(status(row.as_str()).await, "destroyed");
    assert!(store.items(&row, "").await.unwrap().is_empty());
}

// shows: RET-16, SEC-02
#[tokio::test]
async fn after_destruction_no_copy_is_left_anywhere() {
    let house = House::new(None, None).await;
    house.asked().await;
    let keys = |who: &str| {
        let all = files(&house.home(who).join("keys/vault"));
        all.iter()
            .filter(|p| p.extension().is_some_and(|e| e == "key"))
            .count()
    };
    let before = (keys("ho"), keys("hmrc"));
    destroyed(&house).await;
    house.at("2026-03-10T09:00:00Z");
    house.settle().await;
    assert!(keys("ho") < before.0 && keys("hmrc") < before.1);
    for node in [&house.ho, &house.hmrc] {
        let who = node.party().as_str();
        let all: Vec<exchange::retention::Holding> = node.all().await.unwrap();
        use exchange::change::Aggregate;
        for holding in all.iter().filter(|h| h.what() != "evidence") {
            assert_eq!(holding.status(), "destroyed", "{who} {}", holding.id());
            let store = &node.ports().store;
            assert!(store.items(holding.id(), "").await.unwrap().is_empty());
        }
        let living = all.iter().filter(|h| h.is_alive()).count();
        assert_eq!(
            keys(who),
            living,
            "{who}: a key file for each living holding alone"
        );
        let legs: Vec<exchange::leg::Leg> = node.all().await.unwrap();
        for package in legs.iter().filter_map(exchange::leg::Leg::package) {
            let bytes = node.ports().store.package(package, 0).await.unwrap();
            assert!(bytes.is_none(), "{who}: the bytes of {package}");
        }
    }
    // Nothing waits on the transport, and no file but the departments' own has a value, in either encoding.
    let waiting: Vec<_> = files(&house.dir.path().join("transport"))
        .into_iter()
        .filter(|path| std::fs::metadata(path).unwrap().len() > 0)
        .collect();
    assert_eq!(waiting, Vec::<std::path::PathBuf>::new());
    let mut needles: Vec<Vec<u8>> = Vec::new();
    for value in values_in(&house).await {
        needles.push(value.as_bytes().to_vec());
        needles.push(value.encode_utf16().flat_map(u16::to_le_bytes).collect());
    }
    assert!(needles.len() > 600);
    let search = aho_corasick::AhoCorasick::new(&needles).unwrap();
    let known = ["ho", "hmrc", "transport"];
    let mut looked = 0;
    for path in files(house.dir.path()) {
        let name = path
            .strip_prefix(house.dir.path())
            .unwrap()
            .display()
            .to_string();
        assert!(known.iter().any(|dir| name.starts_with(dir)), "{name}");
        if name.starts_with("ho/register.db") || name.starts_with("hmrc/master.db") {
            continue;
        }
        looked += 1;
        let hits = search.find_iter(&std::fs::read(&path).unwrap()).count();
        assert_eq!(hits, 0, "{name}");
    }
    assert!(looked > 20, "{looked}");
}

#[tokio::test]
async fn a_crash_writes_no_memory_to_a_disk() {
    use std::os::unix::process::ExitStatusExt;
    let house = House::new(None, None).await;
    // The shell lifts the limit: the program itself must put it down.
    let line = format!(
        "ulimit -c unlimited; exec {} node work --watch 60 --dir ho",
        env!("CARGO_BIN_EXE_concordat")
    );
    let mut child = Command::new("sh")
        .args(["-c", &line])
        .current_dir(house.dir.path())
        .spawn()
        .unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    let is_off = || {
        let text = std::fs::read_to_string(&limits).unwrap_or_default();
        let line = text
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        line.is_some_and(|line| line.split_whitespace().nth(4) == Some("0"))
    };
    let mut tries = 0;
    while !is_off() && tries < 600 {
        tries += 1;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(is_off(), "core dumps are not off");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
    let status = child.wait().unwrap();
    assert!(
        status.signal().is_some() && !status.core_dumped(),
        "{status}"
    );
}

#[tokio::test]
async fn the_node_key_is_in_a_file_of_its_owners_alone_or_in_the_environment() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::new(None, None).await;
    house.asked().await;
    let home = house.home("ho");
    let file = home.join("keys/node.key");
    let mode =
        |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    let proves = [
        "prove",
        "disclosure",
        "ask-2026-02",
        "--row",
        "1",
        "--dir",
        "ho",
    ];
    answers(&house, &proves, 0, "fields@v1");
    mode(0o640);
    answers(&house, &proves, 3, "may be read by others (SEC-02)");
    mode(0o600);
    // The same key from the environment: the file is not needed, and every value opens as before.
    let key = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    answers(&house, &proves, 3, "node.key");
    let config = home.join("node.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("node-key = \"env:HO_NODE_KEY\"\n{text}")).unwrap();
    answers(&house, &proves, 3, "HO_NODE_KEY is not set");
    let with = |value: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concordat"));
        command
            .args(proves)
            .current_dir(house.dir.path())
            .env("HO_NODE_KEY", value);
        command.output().unwrap()
    };
    let good = with(&key);
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    for bad in ["", "zz", &key[..62]] {
        let out = with(bad);
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(3), "{told}");
        assert!(
            told.contains("is not a key") && !told.contains(&key[..8]),
            "{told}"
        );
    }
    let other = with(&"ab".repeat(32));
    assert_eq!(other.status.code(), Some(3), "another key opens nothing");
}

/// A date of birth that is changed in the answer, so that the file is held.
fn one_birth_changed(
    _: exchange::table::Format,
    table: &exchange::table::Table,
    file: Vec<u8>,
) -> Vec<u8> {
    let column = table
        .columns
        .iter()
        .position(|c| c == "date_of_birth")
        .unwrap();
    let text = String::from_utf8(file).unwrap();
    text.replacen(&table.rows[1][column], "1901-01-01", 1)
        .into_bytes()
}

// shows: RET-12, RET-14
#[tokio::test]
async fn certificates_of_an_old_file_and_of_the_present_one_are_two() {
    use exchange::authority::Role;
    use exchange::ids::{HoldingId, StaffId};
    use exchange::retention::{Cause, LegalHold};
    let house = House::new(None, Some(one_birth_changed)).await;
    house.answered().await;
    let (ho, hmrc) = (&house.ho, &house.hmrc);
    // The first answer is held, kept for a dispute, and refused; the second is loaded as it is.
    let lead = person("d1", Role::DataProtectionLead);
    let name = HoldingId::parse("dispute-1").unwrap();
    let all: Vec<exchange::retention::Holding> = ho.all().await.unwrap();
    let first: Vec<_> = all
        .iter()
        .filter(|h| h.id().as_str().contains("/reply.1/"))
        .collect();
    assert!(!first.is_empty());
    for (n, holding) in first.iter().enumerate() {
        let hold = LegalHold {
            cause: Cause::Dispute,
            owner: StaffId::parse("d1").unwrap(),
            review: jiff::civil::date(2026, 6, 1),
        };
        ho.place_hold(
            &op(&format!("h{n}")),
            &name,
            holding.id(),
            &[],
            hold,
            "a dispute",
            &lead,
        )
        .await
        .unwrap();
    }
    ho.refuse_held(&op("refuse"), &run(), &reply(), "ask again", &officer())
        .await
        .unwrap();
    house.settle().await;
    hmrc.reopen(&op("reopen"), &run(), &reply(), &analyst())
        .await
        .unwrap();
    hmrc.validate(&op("validate-2"), &run(), &reply())
        .await
        .unwrap();
    hmrc.release(&op("release-2"), &run(), &reply(), &analyst())
        .await
        .unwrap();
    hmrc.seal(&op("seal-2"), &run(), &reply()).await.unwrap();
    house.settle().await;
    ho.release_held(
        &op("load-2"),
        &run(),
        &reply(),
        "told by telephone",
        &officer(),
    )
    .await
    .unwrap();
    house.settle().await;
    // The first file dies late, then the second by its date: a certificate of each comes to HMRC.
    ho.release_hold(&op("free"), &name, "it is settled", &lead)
        .await
        .unwrap();
    house.settle().await;
    house.at("2026-03-10T09:00:00Z");
    house.settle().await;
    let came = entries(hmrc).await;
    let came = came.iter().filter(|e| {
        e.act.as_str() == "destruction.confirmed" && format!("{:?}", e.facts).contains("reply")
    });
    let files: Vec<String> = came
        .map(|e| format!("{:?}", e.facts[&ledger::Code::of("file")]))
        .collect();
    let of = |n| {
        files
            .iter()
            .filter(|f| **f == format!("Count({n})"))
            .count()
    };
    assert_eq!((of(1), of(2)), (first.len(), first.len()), "{files:?}");
}
