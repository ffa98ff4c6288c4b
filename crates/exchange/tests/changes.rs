//! Changes: whatever is written has its record, and no text of a record is in an entry.
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

use common::{hash, officer, party};
use exchange::authority::Actor;
use exchange::change::Batch;
use exchange::ids::{HoldingId, OperationId};
use exchange::leg::Leg;
use exchange::retention::{Holding, KeepRule, Opening};
use ledger::{CommitKey, NodeName};
use proptest::prelude::*;

fn opening(n: usize) -> Opening {
    Opening {
        id: HoldingId::parse(format!("run/ask.1/set-{n}")).unwrap(),
        agreement: Some(hash()),
        what: "extract".into(),
        keeper: party("ho"),
        rows: 1,
        rule: KeepRule {
            event: "run-closed".into(),
            after: None,
            authority: "4".into(),
        },
        controller: "ho".into(),
        owed_to: None,
        started: None,
    }
}

proptest! {
    // shows: SEC-14
    #[test]
    fn each_write_has_its_entry_and_no_entry_has_a_text(changes in 1usize..20, reason in "[A-Z]{12,20}") {
        let mut batch = Batch::new(OperationId::parse("op").unwrap(), "test");
        for n in 0..changes {
            batch = batch.and(Holding::open(opening(n), &Actor::Node).unwrap()).unwrap();
        }
        // One change whose record has a text that a person typed.
        let leg = Leg::receive(common::of(), common::arrival(1)).state().clone();
        let fault = exchange::table::FileFault { rule: "RUN-11".into(), row: None, column: None, what: "x".into() };
        let held = leg.hold([1].into_iter().collect(), vec![], fault, None).unwrap().state().clone();
        batch = batch.and(held.release_held(&reason, &officer()).unwrap()).unwrap();

        let key = CommitKey::new([7; 32]);
        let at = "2026-02-02T09:00:00Z".parse().unwrap();
        let (commit, bodies) = batch.finish(at, &NodeName::parse("ho").unwrap(), &key).unwrap();
        prop_assert_eq!(commit.entries().len(), commit.writes().len());
        prop_assert_eq!(commit.writes().len(), changes + 1);
        let mut ids: Vec<_> = commit.entries().iter().map(|e| e.id.to_string()).collect();
        ids.dedup();
        prop_assert_eq!(ids.len(), changes + 1);
        let staff = officer().staff().to_string();
        for entry in commit.entries() {
            let text = String::from_utf8(entry.to_bytes().unwrap()).unwrap();
            prop_assert!(!text.contains(&reason));
            let quoted = ["\"", &staff, "\""].concat();
            prop_assert!(!text.contains(&quoted));
        }
        // The texts stand in the bodies, and open the commitments of the entry.
        let body = bodies.iter().find(|b| b.texts.get("reason") == Some(&reason)).unwrap();
        prop_assert_eq!(body.texts.get("who"), Some(&staff));
        let entry = commit.entries().iter().find(|e| e.id.to_string() == body.entry).unwrap();
        for (label, commitment) in &entry.sealed {
            let opening = key.open(&entry.id, label, body.texts[label.as_str()].as_bytes());
            prop_assert!(opening.verify(commitment).is_ok());
        }
    }
}
