//! People, names and hashes that the tests share.
#![allow(dead_code, reason = "each test file uses its part")]

use exchange::authority::{Action, Actor, Person, Role, Warrant};
use exchange::ids::{AgreementId, FlowId, PackageId, PartyId, RouteId, RunId, StaffId};
use exchange::leg::{Arrival, Of};
use ledger::Digest;

pub fn person(staff: &str, role: Role) -> Person {
    Person {
        staff: StaffId::parse(staff).unwrap(),
        role,
    }
}

pub fn officer() -> Warrant {
    person("o1", Role::DataSharingOfficer)
        .may(Action::Run)
        .unwrap()
}

pub fn caseworker() -> Warrant {
    person("c1", Role::Caseworker)
        .may(Action::ReviewMatch)
        .unwrap()
}

/// The caseworker as the actor of a record.
pub fn reviewer() -> Actor {
    Actor::Person(person("c1", Role::Caseworker))
}

pub fn approver(staff: &str, role: Role) -> Warrant {
    person(staff, role).may(Action::Approve).unwrap()
}

pub fn hash() -> Digest {
    Digest::of(b"an agreement")
}

pub fn party(name: &str) -> PartyId {
    PartyId::parse(name).unwrap()
}

pub fn of() -> Of {
    Of {
        run: RunId::parse("ask-2026-02").unwrap(),
        flow: FlowId::parse("ask").unwrap(),
        agreement: AgreementId::parse("contact-thread").unwrap(),
        hash: hash(),
        peer: party("hmrc"),
        route: RouteId::parse("sealed-exchange").unwrap(),
    }
}

pub fn arrival(n: u32) -> Arrival {
    Arrival {
        package: package(n),
        at: jiff::Timestamp::UNIX_EPOCH,
        bytes: hash(),
        reply_by: None,
        late: false,
    }
}

pub fn package(n: u32) -> PackageId {
    PackageId::parse(format!("ho.ask-2026-02.ask.data.{n}")).unwrap()
}
