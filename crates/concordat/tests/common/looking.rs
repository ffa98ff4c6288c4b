//! A node with people who may look people up, and one of them with a question.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use agreement::{Clearance, PurposeId};
use concordat::house;
use exchange::Node;
use exchange::authority::{Person, Role};
use exchange::ids::{PartyId, StaffId};
use exchange::lookup::{Asker, Request, Rules};
use exchange::ports::CaseRegister;
use jiff::civil::date;
use sim::{SeededEntropy, VirtualClock};
use zeroize::Zeroizing;

/// Another process of the node in `home`, where the team `north` of `casework` may look people up.
pub async fn node(home: &Path, clock: Arc<VirtualClock>, register: Arc<dyn CaseRegister>) -> Node {
    let entropy = Arc::new(SeededEntropy::new("looking"));
    let (mut settings, mut ports) = house::compose(home, clock, entropy).await.unwrap();
    settings.look_ups = Rules {
        teams: BTreeMap::from([("casework".to_owned(), ["north".to_owned()].into())]),
        clearance: Some(Clearance::Sc),
        ..Rules::default()
    };
    ports.register = Some(register);
    Node::new(settings, ports, house::law().unwrap()).unwrap()
}

/// A caseworker of that team who works for these purposes, on `case-1`.
pub fn asker(staff: &str, purposes: &[&str]) -> Asker {
    let purposes = purposes.iter().map(|p| PurposeId::parse(p).unwrap());
    Asker {
        person: Person {
            staff: StaffId::parse(staff).unwrap(),
            role: Role::Caseworker,
        },
        party: PartyId::parse("ho").unwrap(),
        unit: "casework".into(),
        team: "north".into(),
        clearance: Clearance::Sc,
        authorised: true,
        trained_until: Some(date(2017, 12, 31)),
        purposes: purposes.collect(),
        cases: ["case-1".to_owned()].into(),
    }
}

/// Who is this, for `case-1`?
pub fn request(reference: &str, purpose: &str) -> Request {
    Request {
        reference: Zeroizing::new(reference.into()),
        case: "case-1".into(),
        reason: "a letter came back".into(),
        purpose: PurposeId::parse(purpose).unwrap(),
        unmask: None,
    }
}
