//! The complete matrix: role x deed x scope, and what each thing that is missing comes to; and that no route is outside it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use agreement::Clearance;
use exchange::authority::{Action, Person, Role};
use exchange::ids::{AgreementId, PartyId, StaffId};
use web::{Attributes, Deed, OPEN, Permissions, Principal, Resource, TABLE};

fn party(name: &str) -> PartyId {
    PartyId::parse(name).unwrap()
}

fn some(name: &str) -> Option<BTreeSet<AgreementId>> {
    Some([AgreementId::parse(name).unwrap()].into())
}

fn staff(role: &'static str) -> Principal {
    Principal {
        party: party("ho"),
        agreements: some("mine"),
        person: Some(Attributes {
            role,
            clearance: Clearance::Ctc,
            authorised: true,
            trained: true,
            current: true,
            recent: true,
            teams: ["matching".to_owned()].into(),
        }),
    }
}

fn system() -> Principal {
    Principal {
        person: None,
        ..staff("")
    }
}

fn of(deed: Deed, id: &str) -> Resource {
    if deed.is_of_node() {
        return Resource::Node;
    }
    Resource::Agreement {
        id: AgreementId::parse(id).unwrap(),
        clearance: Clearance::Ctc,
        direct: false,
    }
}

fn everyone() -> Vec<(&'static str, Principal)> {
    let roles = Role::ALL.iter().map(|role| role.as_str());
    let mut all: Vec<_> = roles
        .chain(["auditor"])
        .map(|role| (role, staff(role)))
        .collect();
    all.push(("system", system()));
    let party = party("hmrc");
    all.push(("system-of-another-party", Principal { party, ..system() }));
    all
}

fn answer(who: &Principal, deed: Deed, resource: &Resource) -> String {
    static PERMISSIONS: LazyLock<Permissions> = LazyLock::new(|| Permissions::built_in().unwrap());
    PERMISSIONS.line(&party("ho"), who, deed, resource)
}

// shows: SEC-09, SEC-11, PTY-08, PTY-09, PTY-11, PTY-17
#[test]
fn the_matrix_is_the_one_written_down() {
    let mut lines = String::from("# no leave is asked for\n");
    for (method, path) in OPEN {
        lines.push_str(&format!("# {method} {path}\n"));
    }
    for deed in Deed::ALL {
        lines.push_str(&format!("# {}\n", deed.as_str()));
        for (method, path, needs) in TABLE {
            if needs == deed {
                lines.push_str(&format!("# {method} {path}\n"));
            }
        }
        for (name, who) in everyone() {
            let everything = Principal {
                agreements: None,
                ..who.clone()
            };
            for (scope, who, id) in [
                ("its-agreement", &who, "mine"),
                ("another-agreement", &who, "theirs"),
                ("all-agreements", &everything, "theirs"),
            ] {
                let said = answer(who, *deed, &of(*deed, id));
                lines.push_str(&format!("{name} {scope} {said}\n"));
            }
        }
    }
    insta::assert_snapshot!(lines);
}

/// One thing about a person that is not as it should be.
type Flaw = (&'static str, fn(&mut Principal, &mut Attributes));

const FLAWS: [Flaw; 8] = [
    ("access-ended", |_, a| a.current = false),
    ("untrained", |_, a| a.trained = false),
    ("not-authorised", |_, a| a.authorised = false),
    ("clearance-below", |_, a| a.clearance = Clearance::Bpss),
    ("another-team", |_, a| {
        a.teams = ["extracts".to_owned()].into()
    }),
    ("signed-in-long-ago", |_, a| a.recent = false),
    ("another-party", |p, _| p.party = party("hmrc")),
    ("nothing", |_, _| ()),
];

// shows: PTY-08, PTY-09, PTY-10, PTY-11, PTY-17, SEC-11
#[test]
fn each_thing_that_is_missing_is_refused_by_its_own_rule() {
    let mut lines = String::new();
    for deed in Deed::ALL {
        let allowed = |(_, who): &(&str, Principal)| {
            who.person.is_some() && answer(&widened(who), *deed, &of(*deed, "mine")) == "allow"
        };
        let Some((name, who)) = everyone().into_iter().find(allowed) else {
            // Who calls is another party's node, and has nothing of this.
            assert_eq!(*deed, Deed::AnswerCall, "nobody may {}", deed.as_str());
            continue;
        };
        for (flaw, change) in FLAWS {
            let mut flawed = widened(&who);
            let mut attributes = flawed.person.clone().unwrap();
            change(&mut flawed, &mut attributes);
            flawed.person = Some(attributes);
            let said = answer(&flawed, *deed, &of(*deed, "mine"));
            lines.push_str(&format!("{} {name} {flaw}: {said}\n", deed.as_str()));
        }
    }
    insta::assert_snapshot!(lines);
}

fn widened(who: &Principal) -> Principal {
    Principal {
        agreements: None,
        ..who.clone()
    }
}

// shows: SEC-11
#[test]
fn terms_of_direct_access_let_staff_of_another_party_read() {
    let mut auditor = staff("auditor");
    auditor.party = party("hmrc");
    let resource = |direct| Resource::Agreement {
        id: AgreementId::parse("mine").unwrap(),
        clearance: Clearance::Ctc,
        direct,
    };
    assert_eq!(answer(&auditor, Deed::ReadRun, &resource(true)), "allow");
    assert_eq!(
        answer(&auditor, Deed::ReadRun, &resource(false)),
        "deny SEC-11"
    );
}

#[test]
fn the_policies_permit_nothing_that_the_domain_refuses() {
    for (deed, action) in [
        (Deed::AskApproval, Action::AskApproval),
        (Deed::DecideApproval, Action::Approve),
        (Deed::Release, Action::Release),
        (Deed::ReviewMatch, Action::ReviewMatch),
        (Deed::LookUp, Action::LookUp),
        (Deed::Check, Action::Check),
        (Deed::SeeMonths, Action::Check),
    ] {
        for role in Role::ALL {
            let person = Person {
                staff: StaffId::parse("s1").unwrap(),
                role: *role,
            };
            let said = answer(&widened(&staff(role.as_str())), deed, &of(deed, "mine"));
            let may = person.may(action).is_ok();
            assert_eq!(said == "allow", may, "{} {}", role.as_str(), deed.as_str());
        }
    }
}

#[test]
fn every_route_is_in_the_table_and_every_line_of_the_table_is_a_route() {
    let api = serde_json::to_value(web::openapi()).unwrap();
    let mut described = BTreeSet::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for (method, what) in methods.as_object().unwrap() {
            described.insert((method.to_uppercase(), path.clone()));
            if OPEN.contains(&(&method.to_uppercase(), path)) {
                // Some tell about the session that is shown, and of nobody else.
                let shown = what.get("security");
                assert!(shown.is_none_or(|s| s[0].get("session").is_some()));
                continue;
            }
            // A caller shows a token; the node of another party, its certificate.
            let shown = if path == "/v1/calls" {
                "certificate"
            } else {
                "token"
            };
            assert!(what["security"][0].get(shown).is_some(), "{path}");
        }
    }
    let open = OPEN.iter().map(|(m, p)| ((*m).to_owned(), (*p).to_owned()));
    let table = TABLE
        .iter()
        .map(|(m, p, _)| ((*m).to_owned(), (*p).to_owned()))
        .chain(open);
    assert_eq!(described, table.collect::<BTreeSet<_>>());
}
