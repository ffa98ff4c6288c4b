//! The agreement that the first exchange runs: it checks clean, and permits exactly what its table says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use agreement::{Act, Ask, FactId, Permit, Truth};
use common::{contact_thread, day, facts, field, flow, golden, kind, party, plan, purpose};

fn ask(of: &str, from: &str, to: &str) -> Ask {
    Ask {
        act: Act::Disclose,
        flow: None,
        field: field(of),
        about: kind("migrant"),
        from: party(from),
        from_member: None,
        to: party(to),
        to_member: None,
        purpose: purpose("contact"),
        on: day("2026-02-01"),
    }
}

#[test]
fn it_checks_clean_and_can_run() {
    let checked = common::check(&contact_thread());
    assert_eq!(checked.diagnostics, []);
    let plan = checked.plan.unwrap();
    assert!(plan.stopped_by().is_empty() && plan.stopped_flows.is_empty());
    assert_eq!(plan.term.unwrap().last, Some(day("2027-12-31")));
    assert_eq!(plan.life.reviews, [day("2027-01-01")]);
    assert_eq!(
        plan.flow(&flow("ask"))
            .unwrap()
            .volume
            .as_ref()
            .unwrap()
            .most,
        50
    );
}

fn row(p: &Permit) -> String {
    let list = |names: Vec<&str>| names.join("+");
    let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    format!(
        "{} | {} {} > {} | {} | {} | {} | {}..{} | {} {} | {} {} | {}\n",
        p.id,
        p.act.verb(),
        p.from,
        p.to,
        dash(p.gateway.as_ref().map(|g| format!("{} {g}", p.rank))),
        list(p.purposes.iter().map(|x| x.as_str()).collect()),
        list(p.when.iter().map(|x| x.as_str()).collect()),
        p.dates.from,
        p.dates.last.map_or_else(String::new, |d| d.to_string()),
        p.shape.field_type.name(),
        serde_json::to_string(&p.shape.presence).unwrap(),
        dash(p.form.map(|f| f.to_string())),
        dash(p.route.as_ref().map(ToString::to_string)),
        serde_json::to_string(&p.keep.iter().map(|k| k.ends.clone()).collect::<Vec<_>>()).unwrap(),
    )
}

#[test]
fn its_permits_are_these() {
    let plan = plan(&contact_thread());
    let table: String = plan.permits().iter().map(row).collect();
    golden("contact-thread.permits", &table);
}

#[test]
fn the_link_fields_go_first_and_come_back() {
    let plan = plan(&contact_thread());
    let columns = |name: &str| -> Vec<String> {
        plan.flow(&flow(name))
            .unwrap()
            .columns
            .iter()
            .map(|c| c.name.to_string())
            .collect()
    };
    let sent = [
        "dash_reference",
        "dash_source",
        "cid_person_id",
        "full_name",
        "date_of_birth",
        "nino",
        "postcode",
    ];
    let back = [
        &sent[..5],
        &["matched", "contact_address", "contact_postcode"],
    ]
    .concat();
    assert_eq!(columns("ask"), sent);
    assert_eq!(columns("reply"), back);
    let reply = plan.flow(&flow("reply")).unwrap();
    let pairs: Vec<&str> = reply
        .answers
        .as_ref()
        .unwrap()
        .pairs_on
        .iter()
        .map(|p| p.as_str())
        .collect();
    assert_eq!(pairs, sent[..5]);
    assert!(
        reply
            .columns
            .iter()
            .take(5)
            .all(|c| c.origins[0].dataset.as_str() == "extract" && c.required())
    );
}

#[test]
fn the_gateways_from_hmrc_are_exactly_the_printed_ones() {
    // shows: LEG-11
    let plan = plan(&contact_thread());
    let reply = plan.flow(&flow("reply")).unwrap();
    for column in &reply.columns {
        let gates: Vec<&str> = column
            .permits
            .iter()
            .map(|id| {
                plan.permits()
                    .get(id)
                    .unwrap()
                    .gateway
                    .as_ref()
                    .unwrap()
                    .as_str()
            })
            .collect();
        assert_eq!(
            gates,
            [
                "crca-2005-s18",
                "iana-2006-s36",
                "ukba-2007-s40",
                "ukba-2007-s41a"
            ]
        );
    }
    let first = plan.permits().get(&reply.columns[0].permits[0]).unwrap();
    assert_eq!(
        first.with.len(),
        3,
        "section 18 is read with sections 17 and 20, and with the Act of 2001"
    );
}

#[test]
fn six_months_without_contact_and_not_a_day_less() {
    // shows: EXCH-HMRC-02
    let plan = plan(&contact_thread());
    let lost = plan.flow(&flow("ask")).unwrap().only.clone().unwrap();
    let holds = |last: &str, on: &str| {
        plan.holds(
            &lost,
            &facts(&[("in_pool", "yes"), ("last_contact", last), ("dead", "no")]),
            day(on),
        )
    };
    assert_eq!(holds("2026-01-01", "2026-06-30"), Truth::False);
    assert_eq!(holds("2026-01-01", "2026-07-01"), Truth::True);
    assert_eq!(holds("2025-08-31", "2026-02-27"), Truth::False);
    assert_eq!(holds("2025-08-31", "2026-02-28"), Truth::True);
    // Who left the pool is not asked for, however long ago the contact was.
    let left = facts(&[
        ("in_pool", "no"),
        ("last_contact", "2020-01-01"),
        ("dead", "no"),
    ]);
    assert_eq!(plan.holds(&lost, &left, day("2026-07-01")), Truth::False);
}

#[test]
fn unknown_is_not_true() {
    let plan = plan(&contact_thread());
    let lost = plan.flow(&flow("ask")).unwrap().only.clone().unwrap();
    let all = [
        ("in_pool", "yes"),
        ("last_contact", "2020-01-01"),
        ("dead", "no"),
    ];
    let on = day("2026-02-01");
    assert_eq!(plan.holds(&lost, &facts(&all), on), Truth::True);
    for missing in 0..3 {
        let some: Vec<_> = all
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != missing)
            .map(|(_, f)| *f)
            .collect();
        assert_eq!(
            plan.holds(&lost, &facts(&some), on),
            Truth::Unknown,
            "without {}",
            all[missing].0
        );
        let mut ill = all;
        ill[missing].1 = "perhaps";
        assert_eq!(
            plan.holds(&lost, &facts(&ill), on),
            Truth::Unknown,
            "{} is ill-formed",
            all[missing].0
        );
        let refused = plan
            .leave(&ask("extract.nino", "ho", "hmrc"), &facts(&some))
            .unwrap_err();
        assert_eq!(refused.len(), 3);
        assert!(
            refused[0].reasons[0].message.contains("not recorded"),
            "{refused:?}"
        );
    }
    let permit = plan
        .leave(&ask("extract.nino", "ho", "hmrc"), &facts(&all))
        .unwrap();
    assert_eq!(permit.as_str(), "ask/extract.nino/migrant/bcia-2009-s21");
}

#[test]
fn what_is_not_permitted_is_refused_with_the_nearest_rule() {
    let plan = plan(&contact_thread());
    let check = |ask: Ask, rule: &str, message: &str| {
        let near = plan.permits().ask(&ask).unwrap_err();
        let first = &near[0].reasons[0];
        assert_eq!((first.rule, first.message.as_str()), (rule, message));
    };
    let good = || ask("extract.nino", "ho", "hmrc");
    assert_eq!(plan.permits().ask(&good()).unwrap().permits.len(), 3);
    check(
        ask("extract.nino", "hmrc", "ho"),
        "LEG-01",
        "it runs the other way, from ho to hmrc",
    );
    check(
        ask("extract.nino", "ho", "dwp"),
        "LEG-01",
        "it is for hmrc to have them, not dwp",
    );
    check(
        ask("hmrc-found.employer", "hmrc", "ho"),
        "AGR-12",
        "no permit names the field hmrc-found.employer",
    );
    check(
        Ask {
            purpose: purpose("debt"),
            ..good()
        },
        "LEG-23",
        "it serves contact and tracing, not debt",
    );
    check(
        Ask {
            about: kind("partner"),
            ..good()
        },
        "AGR-12",
        "it is about migrant, not partner",
    );
    check(
        Ask {
            flow: Some(flow("reply")),
            ..good()
        },
        "AGR-12",
        "it belongs to another flow",
    );
    for on in ["2025-12-31", "2028-01-01"] {
        let message = format!("it holds from 2026-01-01 to 2027-12-31, not on {on}");
        check(
            Ask {
                on: day(on),
                ..good()
            },
            "AGR-20",
            &message,
        );
    }
    for on in ["2026-01-01", "2027-12-31"] {
        assert!(
            plan.permits()
                .ask(&Ask {
                    on: day(on),
                    ..good()
                })
                .is_ok(),
            "{on}"
        );
    }
}

#[test]
fn use_and_keeping_ask_for_a_permit_too() {
    let plan = plan(&contact_thread());
    let at = |act: Act, of: &str, who: &str| Ask {
        act,
        ..ask(of, who, who)
    };
    let may = |ask: Ask| plan.permits().ask(&ask).is_ok();
    assert!(may(at(Act::Use, "extract.full_name", "hmrc")));
    assert!(may(at(Act::Use, "hmrc-found.contact_address", "ho")));
    assert!(!may(at(Act::Use, "hmrc-found.contact_address", "dwp")));
    assert!(!may(Ask {
        purpose: purpose("debt"),
        ..at(Act::Use, "hmrc-found.contact_address", "ho")
    }));
    assert!(may(at(Act::Keep, "hmrc-found.contact_address", "ho")));
    assert!(!may(at(Act::Keep, "extract.full_name", "dwp")));
}

#[test]
fn no_permit_names_a_fact() {
    let plan = plan(&contact_thread());
    for fact in plan.facts.keys().map(FactId::as_str) {
        assert!(
            plan.permits()
                .iter()
                .all(|p| p.field.field.as_str() != fact && !p.id.as_str().contains(fact))
        );
    }
}
