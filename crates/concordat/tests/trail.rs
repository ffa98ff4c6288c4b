//! The trail of a regular exchange: complete for a whole project, checked by an outsider, and of no use once anything of it is
//! altered.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod school;

use std::collections::{BTreeMap, BTreeSet};

use exchange::ids::AgreementId;
use exchange::{Node, Start, of_project};
use ledger::trail::{Trail, Walked};
use ledger::{Code, Entry, VerifierKey};
use school::*;

const APRIL: &str = "monthly-2016-04";

/// A project: a proof of concept with a run, and the regular exchange with a whole month, told, reviewed and closed.
async fn project_of() -> School {
    let school = School::new(vec![Child::new(1).ground_a(), Child::new(2).ground_a()]).await;
    let (ho, pilot) = (&school.ho, AgreementId::parse("dfe-demo-0").unwrap());
    let text = text_of("dfe.yaml").replace("agreement: dfe-demo\n", "agreement: dfe-demo-0\n");
    let text = text.replace("stage: regular\n", "stage: proof-of-concept\n");
    let text = text.replace(
        "open-ended: yes, review: { first: 6 months, every: 12 months }",
        "for: 12 months, review: { every: 6 months }",
    );
    school.laid_too(&pilot, &text).await;
    school.signed_too(&pilot).await;
    school.on("2016-04-01");
    let start = Start {
        agreement: pilot,
        ..starting("pilot-1", "monthly")
    };
    ho.start(&op("pilot/start"), &start, &officer())
        .await
        .unwrap();
    let given_up = op("pilot/abandon");
    let (of, by) = (run("pilot-1"), flow("monthly"));
    ho.abandon(&given_up, &of, &by, "it is told by telephone", &officer())
        .await
        .unwrap();

    school.asked(APRIL, &[]).await;
    school.matched(APRIL, "monthly").await;
    school.answered(APRIL).await;
    school.complete(APRIL).await.unwrap();
    school.settle().await;
    school.close(APRIL).await.unwrap();
    for node in [&school.ho, &school.dfe] {
        let word = "minutes of 1 April";
        node.review_done(&op("review"), &agreement(), "risks", word, &risk_owner())
            .await
            .unwrap();
    }
    school.settle().await;
    school
}

async fn trail(node: &Node) -> Trail {
    let all = of_project(&node.all().await.unwrap(), &project()).unwrap();
    assert_eq!(all.len(), 2);
    node.trail(&all).await.unwrap()
}

fn key(node: &Node) -> VerifierKey {
    VerifierKey::parse(&node.ports().signer.card().verifier).unwrap()
}

fn names(codes: &[Code]) -> Vec<&str> {
    codes.iter().map(Code::as_str).collect()
}

/// The acts of a trail, by kind.
fn acts(trail: &Trail) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for item in &trail.items {
        let entry = Entry::parse(item.entry.as_bytes()).unwrap();
        let kind = all.entry(item.kind.to_string()).or_default();
        kind.insert(entry.act.to_string());
    }
    all
}

// shows: AUD-04
#[tokio::test]
async fn the_trail_of_a_project_is_complete_and_an_outsider_checks_every_part_of_it() {
    let school = project_of().await;
    let (of_ho, of_dfe) = (trail(&school.ho).await, trail(&school.dfe).await);
    // How it was tried and justified stands at whoever asks, how it was tested at whoever matches.
    let expected = [
        ("pilot", "run.started"),
        (
            "justification",
            "approval.asked approval.granted volume.agreed",
        ),
        (
            "agreement",
            "agreement.laid agreement.signed controls.stated",
        ),
        ("quality", "leg.loaded leg.prepared"),
        ("evaluation", "run.closed"),
        ("review", "review.done"),
    ];
    let words = |acts: &BTreeSet<String>| acts.iter().cloned().collect::<Vec<_>>().join(" ");
    let found = acts(&of_ho);
    for (kind, expected) in expected {
        assert_eq!(words(&found[kind]), expected, "{kind}");
    }
    assert_eq!(names(&of_ho.needed), expected.map(|(kind, _)| kind));
    let found = acts(&of_dfe);
    assert_eq!(words(&found["testing"]), "solution.in-use solution.tested");
    assert_eq!(words(&found["evaluation"]), "leg.matched");
    assert!(of_dfe.needed.contains(&Code::parse("testing").unwrap()));

    for (node, trail) in [(&school.ho, &of_ho), (&school.dfe, &of_dfe)] {
        let key = key(node);
        let walked = trail.check(&key).unwrap();
        assert_eq!(names(&walked.missing), [""; 0], "{}", node.party());
        assert_eq!(trail.agreements.len(), 2);
        // The words that people gave are opened, and who they are is not.
        assert!(walked.texts > 0 && walked.notes >= 2);
        let texts = trail.items.iter().flat_map(|i| &i.texts);
        let texts: Vec<_> = texts.collect();
        assert!(
            texts
                .iter()
                .any(|(_, t)| t.value() == b"minutes of 1 April")
        );
        assert!(texts.iter().all(|(label, _)| label.as_str() != "who"));
        // It goes as a file, and comes back the same.
        let json = serde_json::to_vec(trail).unwrap();
        assert_eq!(serde_json::from_slice::<Trail>(&json).unwrap(), *trail);
        assert!(
            !String::from_utf8(json)
                .unwrap()
                .contains("\"who\":{\"salt\"")
        );
        altered(trail, &key, &walked);
    }
    let other = key(&school.dfe);
    assert!(of_ho.check(&other).is_err(), "another ledger's key");
}

/// Without the entries of one kind it is not complete; with anything altered it shows nothing.
fn altered(trail: &Trail, key: &VerifierKey, walked: &Walked) {
    for kind in &trail.needed {
        let mut without = trail.clone();
        without.items.retain(|item| item.kind != *kind);
        let missing = without.check(key).unwrap().missing;
        assert_eq!(missing, std::slice::from_ref(kind));
        assert!(walked.kinds[kind] > 0);
    }
    type Edit = fn(&mut Trail);
    let edits: [Edit; 7] = [
        |t| t.schema = "concordat-trail/2".into(),
        |t| t.items[0].index += 1,
        |t| {
            t.items[0].entry = t.items[0]
                .entry
                .replace("signatory", "officer")
                .replace("laid", "kept")
        },
        // Its size, for the digits of a root and a signature are not the same each time.
        |t| {
            let mut lines: Vec<_> = t.checkpoint.split('\n').map(str::to_owned).collect();
            lines[1].push('0');
            t.checkpoint = lines.join("\n");
        },
        |t| {
            let (hash, text) = t.agreements.pop_first().unwrap();
            t.agreements.insert(hash, text + " ");
        },
        |t| drop(t.agreements.pop_first()),
        |t| {
            let mut with = t.items.iter_mut().filter(|i| !i.texts.is_empty());
            let (one, two) = (with.next().unwrap(), with.next().unwrap());
            std::mem::swap(&mut one.texts, &mut two.texts);
        },
    ];
    for (n, edit) in edits.into_iter().enumerate() {
        let mut other = trail.clone();
        edit(&mut other);
        assert!(other.check(key).is_err(), "edit {n}");
    }
}
