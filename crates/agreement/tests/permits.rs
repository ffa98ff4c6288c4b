//! What permits say of copies, last resorts, members of registers, processors and papers that are missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use agreement::{Act, Ask, Class, LabelId, Onward, Plan};
use common::{base_with, day, facts, field, flow, kind, party, plan, purpose};

const ASK: &str = "  ask: { from: ho, to: hmrc, send: list, only: lost, by: out, for: contact, when: { every: month, from: 2026-01 }, volume: { about: 50 }, as: xlsx, route: exchange }\n";
const REPLY: &str = "  reply: { from: hmrc, to: ho, answers: { flow: ask, a-row-for: every-row, pairs-on: [ref] }, send: found, by: out, for: contact, as: csv, route: exchange }\n";

/// The small agreement with other fields of what is sent first and of what comes back.
fn with_fields(list: &str, found: &str) -> String {
    base_with(&format!(
        "datasets:
  list:
    about: person
    one-row-per: person
    fields:
      ref: {{ type: reference, class: reference, why: [links], minted: per-record }}
{list}  found:
    about: person
    one-row-per: {{ row-of: list }}
    fields:
      ref: {{ copy-of: list.ref }}
{found}"
    ))
}

fn columns(plan: &Plan, id: &str) -> Vec<String> {
    plan.flows[&flow(id)]
        .columns
        .iter()
        .map(|c| c.name.to_string())
        .collect()
}

#[test]
fn what_is_off_is_off_in_every_copy() {
    let list = "      name: { type: name, class: personal, why: identifies, off-until: advice }\n      alias: { type: name, class: personal, why: identifies }\n";
    let found = "      again: { copy-of: list.name }\n      both: { copy-of: [list.alias, list.name], many: { up-to: 2 } }\n      kept: { copy-of: list.alias }\n";
    let plan = plan(&with_fields(list, found));
    assert_eq!(columns(&plan, "ask"), ["ref", "alias"]);
    assert_eq!(columns(&plan, "reply"), ["ref", "kept"]);
}

#[test]
fn a_copy_in_the_middle_counts_too() {
    let list = "      name: { type: name, class: personal, why: identifies }\n";
    let found = "      middle: { copy-of: list.name, off-until: advice }\n      last: { copy-of: found.middle }\n";
    let plan = plan(&with_fields(list, found));
    assert_eq!(columns(&plan, "reply"), ["ref"]);
}

#[test]
fn a_copy_of_several_is_of_the_strictest_class_and_under_all_conditions() {
    let list = "      name: { type: name, class: personal, why: identifies }\n      alias: { type: name, class: sensitive, handling: it tells of a former life, why: identifies, present: if-held, only: lost }\n";
    let found = "      both: { copy-of: [list.name, list.alias], many: { up-to: 2 } }\n";
    let text = with_fields(list, found).replace("known-to: [ho]", "known-to: [ho, hmrc]");
    let plan = plan(&text);
    let both = plan.flows[&flow("reply")]
        .columns
        .iter()
        .find(|c| c.name.as_str() == "both")
        .unwrap();
    assert_eq!(both.class, Class::Sensitive);
    assert!(!both.required());
    let permit = plan.permits().get(&both.permits[0]).unwrap();
    assert_eq!(
        permit.when.iter().map(|c| c.as_str()).collect::<Vec<_>>(),
        ["lost"]
    );
    assert_eq!(permit.origins, [field("list.name"), field("list.alias")]);
}

#[test]
fn what_is_said_of_any_dataset_on_the_way_holds_for_the_copy() {
    let list = "      name: { type: name, class: personal, why: identifies }\n";
    let found = "      again: { copy-of: list.name }\n";
    let text = with_fields(list, found).replace(
        "onward: { \"*\": none }",
        "onward: { list: { only-after: told-exporter }, found: none }",
    );
    let plan = plan(&text);
    let of = |id: &str| plan.permits().find(id).unwrap().onward.clone();
    assert_eq!(
        of("ask/list.name/person/iana-2006-s36"),
        Onward::AfterTelling(Vec::new())
    );
    assert_eq!(of("reply/found.again/person/iana-2006-s36"), Onward::None);
}

fn ask(of: &str) -> Ask {
    Ask {
        act: Act::Disclose,
        flow: None,
        field: field(of),
        about: kind("person"),
        from: party("ho"),
        from_member: None,
        to: party("hmrc"),
        to_member: None,
        purpose: purpose("contact"),
        on: day("2026-02-02"),
    }
}

// shows: LEG-03
#[test]
fn a_last_resort_is_open_only_where_no_statute_is_known_to_apply() {
    let text = base_with(&format!(
        "facts:
  in_pool: {{ type: truth, of: person, known-to: [ho] }}
  last_seen: {{ type: date, of: person, known-to: [ho] }}
  abroad: {{ type: truth, of: person, known-to: [ho] }}
conditions:
  lost: {{ all: [ {{ in_pool: {{ is: yes }} }}, {{ last_seen: {{ ago-at-least: 6 months }} }} ] }}
  away: {{ all: [ {{ abroad: {{ is: yes }} }} ] }}
bases:
  out: [ {{ gate: iana-2006-s36 }} ]
  first: [ {{ gate: bcia-2009-s21, when: away }}, {{ gate: common-law-crown, why: no statute covers it, only-if: no-line-above }} ]
flows:
{}{REPLY}",
        ASK.replace("by: out", "by: first")
    ));
    let plan = plan(&text);
    let lost = [("in_pool", "yes"), ("last_seen", "2025-01-01")];
    let leave =
        |more: &[(&str, &str)]| plan.leave(&ask("list.ref"), &facts(&[&lost, more].concat()));
    assert_eq!(
        leave(&[("abroad", "yes")]).unwrap().as_str(),
        "ask/list.ref/person/bcia-2009-s21"
    );
    assert_eq!(
        leave(&[("abroad", "no")]).unwrap().as_str(),
        "ask/list.ref/person/common-law-crown"
    );
    let refused = leave(&[]).unwrap_err();
    assert!(
        refused
            .iter()
            .any(|r| r.reasons.iter().any(|reason| reason.rule == "LEG-03")),
        "{refused:?}"
    );
}

#[test]
fn a_value_that_is_not_of_its_form_is_neither_recorded_nor_not() {
    let text = base_with(
        "conditions:\n  lost: { all: [ { in_pool: { known: yes } }, { last_seen: { ago-less-than: 6 months } } ] }\n",
    );
    let plan = plan(&text);
    let leave = |pool: &str, seen: &str| {
        plan.leave(
            &ask("list.ref"),
            &facts(&[("in_pool", pool), ("last_seen", seen)]),
        )
        .is_ok()
    };
    assert!(leave("yes", "2026-01-01"));
    assert!(!leave("perhaps", "2026-01-01"));
    assert!(!leave("yes", "2062-01-01"), "a day to come lies not back");
}

/// The register of the examples: a row goes to the member that it names, and to no other.
#[test]
fn a_row_goes_to_the_member_that_it_names() {
    let library = common::library_of("../../agreements/examples");
    let text =
        std::fs::read_to_string(common::folder().join("../../agreements/examples/register.yaml"))
            .unwrap();
    let plan = agreement::check("register", text.as_bytes(), &common::law(), &library)
        .plan
        .unwrap();
    let ask = |member: &str| Ask {
        about: kind("absconder"),
        to: party("force"),
        to_member: Some(LabelId::parse(member).unwrap()),
        purpose: purpose("find"),
        ..ask("list.full_name")
    };
    let record = |lived: &[(&str, &str)]| {
        let all = [
            ("in_contact_again", "no"),
            ("list.missing_since", "2026-01-01"),
            ("list.date_of_birth", "1980-01-01"),
        ];
        facts(&[&all, lived].concat())
    };
    assert!(
        plan.leave(&ask("kent"), &record(&[("last_lived_in", "kent")]))
            .is_ok()
    );
    assert!(
        plan.leave(&ask("essex"), &record(&[("last_lived_in", "kent")]))
            .is_err()
    );
    assert!(
        plan.leave(&ask("kent"), &record(&[])).is_err(),
        "unknown means no"
    );
    let keep = Ask {
        act: Act::Keep,
        from: party("force"),
        from_member: ask("kent").to_member,
        ..ask("kent")
    };
    assert!(plan.permits().ask(&keep).is_ok());
    assert!(
        plan.permits()
            .ask(&Ask {
                from_member: None,
                to_member: None,
                ..keep
            })
            .is_err()
    );
}

#[test]
fn a_flow_goes_only_with_what_it_needs() {
    let note = "  note: { from: ho, to: hmrc, send: list, only: lost, by: out, for: contact, when: { each: ask.sent }, as: xlsx, route: { gap: open } }\n";
    let text = base_with(&format!(
        "flows:\n{}{REPLY}{note}gaps: {{ open: {{ asks: which route, owner: ho, stops: flow }} }}\nproportionality: {{ all: {{ flows: [ask, reply, note], aim: x, necessity: x, least-data: x }} }}\napproval: {{ ho: {{ level: siro, by: ho.siro, lead: ho.lead, national-security: no, sensitive-recipient: no }} }}\n",
        ASK.replace("as: xlsx", "needs: note, as: xlsx")
    ));
    let plan = plan(&text);
    assert!(
        plan.flows.is_empty() && plan.permits().is_empty(),
        "the list needs the note, and the answer the list"
    );
    assert_eq!(plan.stopped_flows.len(), 3);
}

// shows: AGR-30
#[test]
fn a_waiver_is_signed_and_gives_leave_for_its_days_alone() {
    let gap = "under: { ho-hmrc: { gap: open } }\ngaps: { open: { asks: which umbrella, owner: ho, stops: agreement } }\n";
    let waiver = "waivers: { open: { by: ho.siro, on: 2026-03-01, until: 2026-06-30, why: it is being written } }\n";
    let (without, with) = (
        plan(&base_with(gap)),
        plan(&base_with(&format!("{gap}{waiver}"))),
    );
    assert!(without.permits().is_empty());
    assert_ne!(without.hash(), with.hash(), "who signs it signs the waiver");
    let permit = with
        .permits()
        .find("ask/list.ref/person/iana-2006-s36")
        .unwrap();
    assert_eq!(
        (permit.dates.from, permit.dates.last),
        (day("2026-03-01"), Some(day("2026-06-30")))
    );
}

// shows: AGR-27
#[test]
fn a_sender_assures_its_own_standard_unless_a_higher_one_is_agreed() {
    let text = base_with(&format!(
        "flows:\n{}{REPLY}",
        ASK.replace("as: xlsx", "integrity: two people read each row, as: xlsx")
    ));
    let plan = plan(&text);
    assert_eq!(
        plan.flows[&flow("ask")].integrity.as_deref(),
        Some("two people read each row")
    );
    assert_eq!(plan.flows[&flow("reply")].integrity, None);
}

/// What is calculated out of another agreement's data is signed with that agreement as it stands.
#[test]
fn the_other_agreement_of_a_calculation_is_signed_with_it() {
    let text = base_with(
        "derived:
  months:
    about: person
    at: ho
    out-of: [found, { agreement: working, dataset: list }]
    rules: { name: months, version: \"1\" }
    one-row-per: person
    fields: { count: { type: count, class: personal, why: decides } }
    may-hold-nothing-else: yes
    for: contact
    seen-by: ho.caseworker
keep:
  - { what: list, at: ho, in: staging, until: { event: run-closed, of: run }, then: destroy }
  - { what: list, at: hmrc, until: { event: matching-complete, of: run }, then: destroy }
  - { what: found, at: hmrc, in: staging, until: { event: matching-complete, of: run }, then: destroy }
  - { what: found, at: ho, from: { event: received, of: run }, for: 28 days, then: destroy }
  - { what: months, at: ho, from: { event: created, of: months }, for: 28 days, then: destroy }
",
    );
    let files = common::files("tests/cases/beside");
    let hash = |change: &dyn Fn(&str) -> String| {
        let law = common::law();
        let all: Vec<(String, String)> = files
            .iter()
            .map(|(name, text)| {
                (
                    name.clone(),
                    if name == "working.yaml" {
                        change(text)
                    } else {
                        text.clone()
                    },
                )
            })
            .collect();
        let library =
            agreement::Library::read(all.iter().map(|(n, t)| (n.as_str(), t.as_bytes())), &law);
        agreement::check("x", text.as_bytes(), &law, &library)
            .plan
            .unwrap()
            .hash()
    };
    assert_ne!(
        hash(&str::to_owned),
        hash(&|t| t.replace("type: name, class: personal", "type: text, class: personal"))
    );
    assert_eq!(hash(&str::to_owned), hash(&|t| format!("# a comment\n{t}")));
}

// shows: LEG-02, LEG-09
#[test]
fn neither_signatures_nor_a_gateway_alone_let_anything_leave() {
    let signed = base_with(
        "signed:\n  ho: { role: Director, name: the post holder, date: 2026-01-05 }\n  hmrc: { role: Director, name: the post holder, date: 2026-01-05 }\n",
    );
    let plan = |text: &str| common::check(text).plan;
    assert!(plan(&signed).is_some_and(|p| !p.permits().is_empty()));
    let no_gateway = signed.replace("out: [ { gate: iana-2006-s36 } ]", "out: []");
    assert!(
        plan(&no_gateway).is_none(),
        "a signed agreement is no gateway"
    );
    for check in ["principles", "proportionality", "confidentiality"] {
        let open = base_with(&format!("# without: {check}\n"));
        assert!(
            plan(&open).is_none(),
            "a gateway does not stand in for {check}"
        );
    }
}
