//! A plain, slow reading of an agreement beside the compiled permits: may this cell of this record leave?
//! The reading knows nothing of permits: it walks the flows of what was generated and a small table of law.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use agreement::{Act, Ask};
use common::{day, field, flow, kind, party, plan, purpose};
use proptest::prelude::*;
use proptest::sample::subsequence;

const PARTIES: [(&str, &str); 3] = [("a", "home-office"), ("b", "hmrc"), ("c", "dwp")];
const PEOPLE: [&str; 2] = ["k0", "k1"];
/// Purposes of the agreement and the legal purposes they stand on.
const PURPOSES: [(&str, &[&str]); 4] = [
    ("find", &["immigration-control"]),
    ("check", &["benefit-checking"]),
    ("both", &["immigration-control", "counter-fraud"]),
    ("house", &["asylum-support"]),
];

/// The law as this test knows it: sender, receiver, gateway and what it serves.
const LAW: [(&str, &str, &str, &[&str]); 10] = [
    ("a", "b", "bcia-2009-s21", &["immigration-control"]),
    ("a", "b", "iana-2006-s36", &["immigration-control"]),
    (
        "a",
        "b",
        "common-law-crown",
        &[
            "immigration-control",
            "asylum-support",
            "benefit-checking",
            "counter-fraud",
        ],
    ),
    ("b", "a", "crca-2005-s18", &["immigration-control"]),
    ("b", "a", "iana-2006-s36", &["immigration-control"]),
    (
        "b",
        "a",
        "ukba-2007-s40",
        &["immigration-control", "asylum-support"],
    ),
    (
        "a",
        "c",
        "ssaa-1992-s122b",
        &["benefit-checking", "counter-fraud"],
    ),
    (
        "a",
        "c",
        "iana-2006-s36",
        &["benefit-checking", "counter-fraud"],
    ),
    (
        "a",
        "c",
        "common-law-crown",
        &[
            "immigration-control",
            "asylum-support",
            "benefit-checking",
            "counter-fraud",
        ],
    ),
    (
        "c",
        "a",
        "iaa-1999-s20",
        &["immigration-control", "asylum-support"],
    ),
];

#[derive(Clone, Debug)]
enum Test {
    Yes(usize),
    No(usize),
    Known(usize, bool),
    Old,
    Holds(usize),
}

#[derive(Clone, Debug)]
struct Flow {
    from: &'static str,
    to: &'static str,
    datasets: Vec<usize>,
    only: Option<usize>,
    /// Gateway and condition.
    lines: Vec<(&'static str, Option<usize>)>,
    purposes: Vec<&'static str>,
    stopped: bool,
}

#[derive(Clone, Debug)]
struct World {
    /// Kinds of person and number of fields.
    datasets: Vec<(Vec<&'static str>, usize)>,
    /// `all` or `any`, and terms on facts t0..t2 (truth) and d0 (date); a condition rests on earlier ones.
    conditions: Vec<(bool, Vec<Test>)>,
    flows: Vec<Flow>,
}

fn serves(from: &str, to: &str, gate: &str, of: &str) -> bool {
    let law = PURPOSES.iter().find(|(p, _)| *p == of).unwrap().1;
    LAW.iter().any(|(f, t, g, open)| {
        (*f, *t, *g) == (from, to, gate) && law.iter().any(|l| open.contains(l))
    })
}

fn conditions() -> impl Strategy<Value = Vec<(bool, Vec<Test>)>> {
    let test = prop_oneof![
        (0..3_usize).prop_map(Test::Yes),
        (0..3_usize).prop_map(Test::No),
        (0..4_usize, any::<bool>()).prop_map(|(f, k)| Test::Known(f, k)),
        Just(Test::Old),
        (0..4_usize).prop_map(Test::Holds),
    ];
    proptest::collection::vec((any::<bool>(), proptest::collection::vec(test, 1..4)), 1..5)
        .prop_map(|mut all| {
            for (i, (_, terms)) in all.iter_mut().enumerate() {
                for term in terms {
                    if let Test::Holds(other) = term {
                        *term = if i == 0 {
                            Test::Yes(0)
                        } else {
                            Test::Holds(*other % i)
                        };
                    }
                }
            }
            all
        })
}

fn one_flow(datasets: usize, conditions: usize) -> impl Strategy<Value = Flow> {
    let ways: Vec<(&'static str, &'static str)> =
        vec![("a", "b"), ("b", "a"), ("a", "c"), ("c", "a")];
    let gates = proptest::sample::select(ways).prop_flat_map(|(from, to)| {
        let all: Vec<&'static str> = LAW
            .iter()
            .filter(|(f, t, ..)| (*f, *t) == (from, to))
            .map(|(_, _, g, _)| *g)
            .collect();
        let n = all.len();
        (Just((from, to)), subsequence(all, 1..=n).prop_shuffle())
    });
    (
        gates,
        subsequence((0..datasets).collect::<Vec<_>>(), 1..=datasets),
        proptest::option::of(0..conditions),
        proptest::collection::vec(proptest::option::of(0..conditions), 4),
        subsequence(PURPOSES.map(|(p, _)| p).to_vec(), 1..=PURPOSES.len()),
        proptest::bool::weighted(0.15),
    )
        .prop_map(
            |(((from, to), gates), datasets, only, whens, purposes, stopped)| {
                // The checker wants the power of the Crown last, and a gateway for each purpose.
                let mut gates = gates;
                gates.sort_by_key(|g| *g == "common-law-crown");
                let served: Vec<&'static str> = purposes
                    .iter()
                    .copied()
                    .filter(|p| gates.iter().any(|g| serves(from, to, g, p)))
                    .collect();
                gates.retain(|g| served.iter().any(|p| serves(from, to, g, p)));
                let lines = gates.into_iter().zip(whens).collect();
                Flow {
                    from,
                    to,
                    datasets,
                    only,
                    lines,
                    purposes: served,
                    stopped,
                }
            },
        )
        .prop_filter("a flow serves something", |flow| !flow.purposes.is_empty())
}

fn world() -> impl Strategy<Value = World> {
    let datasets =
        proptest::collection::vec((subsequence(PEOPLE.to_vec(), 1..=2), 1..4_usize), 1..4);
    (datasets, conditions()).prop_flat_map(|(datasets, conditions)| {
        let flows = proptest::collection::vec(one_flow(datasets.len(), conditions.len()), 1..5);
        (Just(datasets), Just(conditions), flows).prop_map(|(datasets, conditions, mut flows)| {
            // Facts are about k0: a flow that is about others too cannot test them yet.
            for flow in &mut flows {
                if flow.datasets.iter().any(|d| datasets[*d].0 != ["k0"]) {
                    flow.only = None;
                    flow.lines.iter_mut().for_each(|l| l.1 = None);
                }
            }
            World {
                datasets,
                conditions,
                flows,
            }
        })
    })
}

fn write(world: &World) -> String {
    let mut out = String::from(
        "agreement: random\ntitle: Random\nkind: process\nregime: dpa-1998\nmarking: official\ncharges: none
under: { a-b: U, a-c: U, b-c: U }
term: { from: 2026-01-01, for: 12 months, review: { every: 6 months } }
facts:
  t0: { type: truth, of: k0, known-to: [a, b, c] }
  t1: { type: truth, of: k0, known-to: [a, b, c] }
  t2: { type: truth, of: k0, known-to: [a, b, c] }
  d0: { type: date, of: k0, known-to: [a, b, c] }
people: { k0: one, k1: other }\n",
    );
    let mut block = |name: &str, each: Vec<String>| {
        writeln!(out, "{name}:").unwrap();
        each.iter()
            .for_each(|line| writeln!(out, "  {line}").unwrap());
    };
    block(
        "parties",
        PARTIES
            .map(|(p, b)| format!("{p}: {{ body: {b}, unit: U, is: controller }}"))
            .to_vec(),
    );
    block(
        "contacts",
        PARTIES
            .map(|(p, _)| format!("{p}: {{ business: x, deputy: x, incidents: x }}"))
            .to_vec(),
    );
    block(
        "signed",
        PARTIES
            .map(|(p, _)| format!("{p}: {{ role: Director }}"))
            .to_vec(),
    );
    block(
        "purposes",
        PURPOSES
            .map(|(p, law)| format!("{p}: {{ text: t, law: [{}] }}", law.join(", ")))
            .to_vec(),
    );
    let fact = |n: &usize| {
        if *n == 3 {
            "d0".to_owned()
        } else {
            format!("t{n}")
        }
    };
    let term = |t: &Test| match t {
        Test::Yes(n) => format!("{{ t{n}: {{ is: yes }} }}"),
        Test::No(n) => format!("{{ t{n}: {{ is: no }} }}"),
        Test::Known(n, yes) => format!("{{ {}: {{ known: {yes} }} }}", fact(n)),
        Test::Old => "{ d0: { ago-at-least: 6 months } }".to_owned(),
        Test::Holds(n) => format!("{{ holds: c{n} }}"),
    };
    let conditions = world
        .conditions
        .iter()
        .enumerate()
        .map(|(i, (all, terms))| {
            let terms: Vec<String> = terms.iter().map(term).collect();
            format!(
                "c{i}: {{ {}: [ {} ] }}",
                if *all { "all" } else { "any" },
                terms.join(", ")
            )
        });
    block("conditions", conditions.collect());
    let datasets = world
        .datasets
        .iter()
        .enumerate()
        .map(|(i, (about, fields))| {
            let fields: Vec<String> = (0..*fields)
                .map(|f| format!("f{i}_{f}: {{ type: text, class: personal, why: [answers] }}"))
                .collect();
            format!(
                "s{i}: {{ about: [{}], one-row-per: {}, fields: {{ {} }} }}",
                about.join(", "),
                about[0],
                fields.join(", ")
            )
        });
    block("datasets", datasets.collect());
    let list = |flow: &Flow| {
        flow.datasets
            .iter()
            .map(|d| format!("s{d}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let flows = world.flows.iter().enumerate().map(|(i, flow)| {
        let lines: Vec<String> = flow
            .lines
            .iter()
            .enumerate()
            .map(|(rank, (gate, when))| {
                let when = when.map(|c| format!(", when: c{c}")).unwrap_or_default();
                let why = match (*gate, rank) {
                    ("common-law-crown", 0) => ", why: none other",
                    ("common-law-crown", _) => ", why: none other, only-if: no-line-above",
                    _ => "",
                };
                format!("{{ gate: {gate}{when}{why} }}")
            })
            .collect();
        let only = flow.only.map(|c| format!(", only: c{c}")).unwrap_or_default();
        let route = if flow.stopped { "{ gap: g }" } else { "r" };
        format!(
            "w{i}: {{ from: {}, to: {}, send: [{}]{only}, by: [ {} ], for: [{}], when: {{ every: month, from: 2026-01 }}, as: csv, route: {route} }}",
            flow.from, flow.to, list(flow), lines.join(", "), flow.purposes.join(", ")
        )
    });
    block("flows", flows.collect());
    block(
        "gaps",
        vec!["g: { asks: which, owner: all, stops: flow }".to_owned()],
    );
    let all: Vec<String> = (0..world.flows.len()).map(|i| format!("w{i}")).collect();
    block("onward", vec![format!("\"*\": [{}]", all.join(", "))]);
    let every: Vec<String> = (0..world.datasets.len()).map(|i| format!("s{i}")).collect();
    let keep = PARTIES.iter().flat_map(|(p, _)| {
        [", in: staging", ""].map(|place| {
            format!("- {{ what: [{}], at: {p}{place}, until: {{ event: run-closed, of: run }}, then: destroy }}", every.join(", "))
        })
    });
    block("keep", keep.collect());
    out
}

/// The plain reading of one condition: none is unknown.
fn holds(world: &World, at: usize, facts: &BTreeMap<String, String>, on: &str) -> Option<bool> {
    let truth = |n: usize, expected: &str| facts.get(&format!("t{n}")).map(|v| v == expected);
    let (all, terms) = &world.conditions[at];
    let found: Vec<Option<bool>> = terms
        .iter()
        .map(|term| match term {
            Test::Yes(n) => truth(*n, "yes"),
            Test::No(n) => truth(*n, "no"),
            Test::Known(n, expected) => {
                let name = if *n == 3 {
                    "d0".to_owned()
                } else {
                    format!("t{n}")
                };
                Some(facts.contains_key(&name) == *expected)
            }
            // The generated days all have their corresponding day.
            Test::Old => facts.get("d0").map(|d| {
                let (year, month, rest) = (
                    d[..4].parse::<i32>().unwrap(),
                    d[5..7].parse::<i32>().unwrap(),
                    &d[8..],
                );
                let months = year * 12 + month - 1 + 6;
                let due = format!("{:04}-{:02}-{rest}", months / 12, months % 12 + 1);
                due.as_str() <= on
            }),
            Test::Holds(other) => holds(world, *other, facts, on),
        })
        .collect();
    let decided = !*all;
    if found.contains(&Some(decided)) {
        Some(decided)
    } else if found.contains(&None) {
        None
    } else {
        Some(*all)
    }
}

/// The plain reading: by which flow and gateway may the cell leave? The first of its flow counts.
#[allow(clippy::too_many_arguments, reason = "the question has so many parts")]
fn may_leave(
    world: &World,
    by: usize,
    dataset: usize,
    about: &str,
    from: &str,
    to: &str,
    of: &str,
    facts: &BTreeMap<String, String>,
    on: &str,
) -> Option<String> {
    let flow = &world.flows[by];
    let in_term = ("2026-01-01"..="2026-12-31").contains(&on);
    let is_sent = flow.datasets.contains(&dataset) && world.datasets[dataset].0.contains(&about);
    if flow.stopped
        || !in_term
        || !is_sent
        || flow.from != from
        || flow.to != to
        || !flow.purposes.contains(&of)
    {
        return None;
    }
    if flow
        .only
        .is_some_and(|c| holds(world, c, facts, on) != Some(true))
    {
        return None;
    }
    flow.lines
        .iter()
        .find(|(gate, when)| {
            serves(from, to, gate, of)
                && when.is_none_or(|c| holds(world, c, facts, on) == Some(true))
        })
        .map(|(gate, _)| (*gate).to_owned())
}

fn record() -> impl Strategy<Value = BTreeMap<String, String>> {
    let truth = || proptest::option::of(proptest::sample::select(vec!["yes", "no"]));
    let days = proptest::sample::select(vec![
        "2025-06-15",
        "2025-07-14",
        "2025-07-15",
        "2025-07-16",
        "2026-01-01",
    ]);
    (truth(), truth(), truth(), proptest::option::of(days)).prop_map(|(t0, t1, t2, d0)| {
        [("t0", t0), ("t1", t1), ("t2", t2), ("d0", d0)]
            .into_iter()
            .filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned())))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_permits_say_what_the_agreement_says(
        world in world(),
        records in proptest::collection::vec(record(), 1..5),
        on in proptest::sample::select(vec!["2025-12-31", "2026-01-01", "2026-01-15", "2026-12-31", "2027-01-01"]),
    ) {
        let text = write(&world);
        let plan = plan(&text);
        let mut asked = 0;
        for by in 0..world.flows.len() {
            for (dataset, (_, fields)) in world.datasets.iter().enumerate() {
                for (from, _) in PARTIES {
                    for (to, _) in PARTIES.iter().filter(|(p, _)| *p != from) {
                        for about in PEOPLE {
                            for (of, _) in PURPOSES {
                                let ask = Ask {
                                    act: Act::Disclose,
                                    flow: Some(flow(&format!("w{by}"))),
                                    field: field(&format!("s{dataset}.f{dataset}_{}", fields - 1)),
                                    about: kind(about),
                                    from: party(from),
                                    to: party(to),
                                    purpose: purpose(of),
                                    on: day(on),
                                };
                                for facts in &records {
                                    let expected = may_leave(&world, by, dataset, about, from, to, of, facts, on);
                                    let found = plan.leave(&ask, facts).ok();
                                    let gate = found.map(|id| id.as_str().rsplit('/').next().unwrap().to_owned());
                                    prop_assert_eq!(gate, expected, "{:?} {:?}\n{}", ask, facts, text);
                                    asked += 1;
                                }
                            }
                        }
                    }
                }
            }
        }
        prop_assert!(asked > 0);
    }
}
