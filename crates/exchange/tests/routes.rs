//! The register of routes: from each state the steps of the table and no other, by different people, for the settings that
//! were proposed; and only an approved one carries.
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

use common::{hash, person};
use exchange::authority::{Action, Role, Warrant};
use exchange::change::Change;
use exchange::ids::RouteId;
use exchange::refusal::Refusal;
use exchange::route::{MOVES, Route, State};
use ledger::Digest;

const STATES: [State; 4] = [
    State::Proposed,
    State::Assured,
    State::Approved,
    State::Retired,
];

fn proposer() -> Warrant {
    person("o1", Role::DataSharingOfficer)
        .may(Action::ProposeRoute)
        .unwrap()
}

fn owner(staff: &str) -> Warrant {
    person(staff, Role::AssetOwner)
        .may(Action::ApproveRoute)
        .unwrap()
}

/// A route in this state.
fn route(state: State) -> Route {
    let name = RouteId::parse("secure-transfer").unwrap();
    let proposed = || Route::propose(&name, hash(), &proposer()).state().clone();
    let assured = || {
        let assured = proposed().assure(hash(), "terms of the host", &owner("i1"));
        assured.unwrap().state().clone()
    };
    let route = match state {
        State::Proposed => proposed(),
        State::Assured => assured(),
        State::Approved => {
            let approved = assured().approve(hash(), "accredited", &owner("r1"));
            approved.unwrap().state().clone()
        }
        State::Retired => {
            let retired = assured().retire("replaced", false, &owner("i1"));
            retired.unwrap().state().clone()
        }
    };
    assert_eq!(route.state(), state);
    route
}

/// What a verb makes of a route.
fn step(verb: &str, route: Route, settings: Digest) -> Result<Change<Route>, Refusal> {
    match verb {
        "propose" => route.propose_again(settings, &proposer()),
        "assure" => route.assure(settings, "terms of the host", &owner("i1")),
        "approve" => route.approve(settings, "accredited", &owner("r1")),
        "retire" => route.retire("replaced", false, &owner("i1")),
        other => panic!("{other}"),
    }
}

// shows: SEC-07
#[test]
fn each_state_takes_the_steps_of_the_table_and_no_other() {
    for state in STATES {
        for verb in ["propose", "assure", "approve", "retire"] {
            // Another proposal is of other settings, but for a route that was retired.
            let settings = match verb {
                "propose" => Digest::of(b"others"),
                _ => hash(),
            };
            let to = MOVES
                .iter()
                .find(|(v, from, _, _)| *v == verb && *from == state)
                .map(|(_, _, to, _)| *to);
            let done = step(verb, route(state), settings);
            let came = done.as_ref().ok().map(|change| change.state().state());
            assert_eq!(came, to, "{verb} from {}", state.name());
            if let Err(refusal) = done {
                assert!(refusal.help.is_some(), "{refusal}");
            }
        }
    }
    let again = |state| step("propose", route(state), hash()).is_ok();
    assert_eq!(STATES.map(again), [false, false, false, true]);
}

// shows: SEC-07, RUN-13
#[test]
fn only_an_approved_route_carries_and_only_with_the_settings_that_were_proposed() {
    let carries = |state| {
        let answer = route(state).carries(hash());
        answer.map_err(|refusal| refusal.rule)
    };
    assert_eq!(
        STATES.map(carries),
        [Err("SEC-07"), Err("SEC-07"), Ok(()), Err("RUN-13")]
    );
    let others = Digest::of(b"another server");
    for state in STATES {
        assert!(route(state).carries(others).is_err());
        for verb in ["assure", "approve"] {
            assert!(step(verb, route(state), others).is_err());
        }
    }
    // What was proposed anew begins from the start.
    let anew = step("propose", route(State::Approved), others).unwrap();
    assert_eq!(
        anew.state().clone().carries(others).unwrap_err().rule,
        "SEC-07"
    );
}

#[test]
fn neither_who_proposed_it_nor_who_assured_it_approves_it() {
    for (who, may) in [("o1", false), ("i1", false), ("r1", true)] {
        let approved = route(State::Assured).approve(hash(), "accredited", &owner(who));
        assert_eq!(approved.is_ok(), may, "{who}");
    }
}

#[test]
fn every_step_but_a_proposal_has_its_reason() {
    let none = " ";
    assert!(
        route(State::Proposed)
            .assure(hash(), none, &owner("i1"))
            .is_err()
    );
    assert!(
        route(State::Assured)
            .approve(hash(), none, &owner("r1"))
            .is_err()
    );
    assert!(
        route(State::Approved)
            .retire(none, false, &owner("i1"))
            .is_err()
    );
}
