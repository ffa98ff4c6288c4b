//! A plain, slow reading of an agreement beside the compiled permits: may this cell of this record leave?
//! The reading knows nothing of permits: it walks the flows of what was generated and a small table of law.
//! `make soak` asks for millions of cells.
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
/// The facts, with the kinds of person each is about; `home` is the case that holds both.
const FACTS: [(&str, &str, &str, &[&str]); 5] = [
    ("t0", "truth", "k0", &["k0"]),
    ("t1", "truth", "[k0, k1]", &["k0", "k1"]),
    ("t2", "truth", "home", &["k0", "k1"]),
    ("d0", "date", "k0", &["k0"]),
    ("o0", "one-of, values: [x, y, z]", "k1", &["k1"]),
];
/// Purposes of the agreement and the legal purposes they stand on.
const PURPOSES: [(&str, &[&str]); 4] = [
    ("find", &["immigration-control"]),
    ("check", &["benefit-checking"]),
    ("both", &["immigration-control", "counter-fraud"]),
    ("house", &["asylum-support"]),
];

const CROWN: &str = "common-law-crown";

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
    Fresh,
    In(Vec<&'static str>),
    Holds(usize),
    Fails(usize),
}

/// One condition; it rests on earlier ones.
#[derive(Clone, Debug)]
enum Condition {
    All(Vec<Test>),
    Any(Vec<Test>),
    /// The party c says that an earlier one holds.
    Told(usize),
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
    conditions: Vec<Condition>,
    flows: Vec<Flow>,
}

fn serves(from: &str, to: &str, gate: &str, of: &str) -> bool {
    let law = PURPOSES.iter().find(|(p, _)| *p == of).unwrap().1;
    LAW.iter().any(|(f, t, g, open)| {
        (*f, *t, *g) == (from, to, gate) && law.iter().any(|l| open.contains(l))
    })
}

fn conditions() -> impl Strategy<Value = Vec<Condition>> {
    let test = prop_oneof![
        (0..3_usize).prop_map(Test::Yes),
        (0..3_usize).prop_map(Test::No),
        (0..5_usize, any::<bool>()).prop_map(|(f, k)| Test::Known(f, k)),
        Just(Test::Old),
        Just(Test::Fresh),
        subsequence(vec!["x", "y", "z"], 1..=3).prop_map(Test::In),
        (0..4_usize).prop_map(Test::Holds),
        (0..4_usize).prop_map(Test::Fails),
    ];
    let terms = proptest::collection::vec(test, 1..4);
    proptest::collection::vec((0..5_u8, terms, 0..4_usize), 1..6).prop_map(|all| {
        let earlier = |i: usize, term: Test| match term {
            Test::Holds(_) | Test::Fails(_) if i == 0 => Test::Yes(0),
            Test::Holds(other) => Test::Holds(other % i),
            Test::Fails(other) => Test::Fails(other % i),
            own @ (Test::Yes(_)
            | Test::No(_)
            | Test::Known(..)
            | Test::Old
            | Test::Fresh
            | Test::In(_)) => own,
        };
        all.into_iter()
            .enumerate()
            .map(|(i, (shape, terms, other))| {
                let terms = terms.into_iter().map(|t| earlier(i, t)).collect();
                match shape {
                    0 | 1 => Condition::All(terms),
                    2 | 3 => Condition::Any(terms),
                    _ if i == 0 => Condition::All(terms),
                    _ => Condition::Told(other % i),
                }
            })
            .collect()
    })
}

/// Does the condition rest on what c tells?
fn is_told(conditions: &[Condition], at: usize) -> bool {
    match &conditions[at] {
        Condition::Told(_) => true,
        Condition::All(terms) | Condition::Any(terms) => terms.iter().any(|term| match term {
            Test::Holds(other) | Test::Fails(other) => is_told(conditions, *other),
            Test::Yes(_)
            | Test::No(_)
            | Test::Known(..)
            | Test::Old
            | Test::Fresh
            | Test::In(_) => false,
        }),
    }
}

/// Does the condition ask whether something is recorded that is not about all of these kinds?
fn asks_of_others(conditions: &[Condition], at: usize, kinds: &[&str]) -> bool {
    match &conditions[at] {
        Condition::Told(that) => asks_of_others(conditions, *that, kinds),
        Condition::All(terms) | Condition::Any(terms) => terms.iter().any(|term| match term {
            Test::Known(n, _) => kinds.iter().any(|k| !FACTS[*n].3.contains(k)),
            Test::Holds(other) | Test::Fails(other) => asks_of_others(conditions, *other, kinds),
            Test::Yes(_) | Test::No(_) | Test::Old | Test::Fresh | Test::In(_) => false,
        }),
    }
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
        .prop_filter(
            "the power of the Crown alone only where no statute opens",
            |flow| {
                let alone = flow.lines.len() == 1 && flow.lines[0].0 == CROWN;
                let statutes = LAW
                    .iter()
                    .filter(|(f, t, g, _)| (*f, *t) == (flow.from, flow.to) && *g != CROWN);
                let mut statutes = statutes.map(|(.., g, _)| *g);
                !alone
                    || !statutes.any(|g| {
                        flow.purposes
                            .iter()
                            .any(|p| serves(flow.from, flow.to, g, p))
                    })
            },
        )
}

fn world() -> impl Strategy<Value = World> {
    let datasets =
        proptest::collection::vec((subsequence(PEOPLE.to_vec(), 1..=2), 1..4_usize), 1..4);
    (datasets, conditions()).prop_flat_map(|(datasets, conditions)| {
        let flows = proptest::collection::vec(one_flow(datasets.len(), conditions.len()), 1..5);
        (Just(datasets), Just(conditions), flows).prop_map(|(datasets, conditions, mut flows)| {
            // Nobody tells itself, and to tell goes with a flow; what is never recorded of a kind is not asked.
            let told_to: Vec<&str> = flows
                .iter()
                .filter(|f| f.from == "c")
                .map(|f| f.to)
                .collect();
            for flow in &mut flows {
                let kinds: Vec<&str> = flow
                    .datasets
                    .iter()
                    .flat_map(|d| datasets[*d].0.clone())
                    .collect();
                let may = |at: &usize| {
                    (told_to.contains(&flow.from) || !is_told(&conditions, *at))
                        && !asks_of_others(&conditions, *at, &kinds)
                };
                flow.only = flow.only.filter(may);
                for line in &mut flow.lines {
                    line.1 = line.1.filter(may);
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
        "agreement: random\ntitle: Random\nkind: process\nregime: gdpr-dpa-2018\nmarking: official\ncharges: none
legally-binding: no
under: { a-b: three, a-c: three, b-c: three }
term: { from: 2026-01-01, for: 12 months, review: { every: 6 months }, effect: all-signed, amend: in-writing-by-all, notice: 1 month, survives: retention }
people: { k0: one, k1: other }
cases: { home: { holds: [k0, k1], text: who live together } }
routes: { r: { kind: transfer, state: approved, text: a route } }
controllers: { \"*\": { passes: on-receipt, until-then: sender } }
clocks: [ { what: tell, within: 24 hours, from: { event: aware, of: incident }, owner: all, force: must } ]
approval: { a: { level: siro, by: a.siro, lead: a.lead, national-security: no, sensitive-recipient: no } }
principles: { lawful-fair-transparent: x, purpose-limitation: x, minimisation: x, accuracy: x, storage-limitation: x, integrity-and-confidentiality: x, accountability: x }
confidentiality: { applies: no, because: x }
impact: [ { kind: dpia, of: [a, b, c], is: done, because: x } ]
requests: { asked-in: writing, justified: x, unprompted: no }
readings: { R-1: { takes: what came serves the other purposes too, owner: all } }
prose: { background: x, scope: x, security: x, consultation: x, performance: { clause: audit-on-request }, disputes: x, rights: x }
",
    );
    let mut block = |name: &str, each: Vec<String>| {
        writeln!(out, "{name}:").unwrap();
        each.iter()
            .for_each(|line| writeln!(out, "  {line}").unwrap());
    };
    block(
        "facts",
        FACTS
            .map(|(name, kind, of, _)| {
                format!("{name}: {{ type: {kind}, of: {of}, known-to: [a, b, c] }}")
            })
            .to_vec(),
    );
    let each = |line: &dyn Fn(&str, &str) -> String| PARTIES.map(|(p, b)| line(p, b)).to_vec();
    block(
        "parties",
        each(&|p, b| {
            format!("{p}: {{ body: {b}, unit: U, is: controller, lawful-basis: gdpr-6-1-e }}")
        }),
    );
    let deputy = "deputy: { name: x, email: x, telephone: x }";
    let record = format!("{{ name: x, job-title: x, team: x, email: x, telephone: x, {deputy} }}");
    block(
        "contacts",
        each(&|p, _| format!("{p}: {{ business: {record}, incidents: x, escalation: x }}")),
    );
    block(
        "control",
        each(&|p, _| format!("{p}: {{ author: x, approver: x, review: x }}")),
    );
    block("signed", each(&|p, _| format!("{p}: {{ role: Director }}")));
    block(
        "purposes",
        PURPOSES
            .map(|(p, law)| format!("{p}: {{ text: t, law: [{}] }}", law.join(", ")))
            .to_vec(),
    );
    let term = |t: &Test| match t {
        Test::Yes(n) => format!("{{ t{n}: {{ is: yes }} }}"),
        Test::No(n) => format!("{{ t{n}: {{ is: no }} }}"),
        Test::Known(n, yes) => format!("{{ {}: {{ known: {yes} }} }}", FACTS[*n].0),
        Test::Old => "{ d0: { ago-at-least: 6 months } }".to_owned(),
        Test::Fresh => "{ d0: { ago-less-than: 6 months } }".to_owned(),
        Test::In(values) => format!("{{ o0: {{ in: [{}] }} }}", values.join(", ")),
        Test::Holds(n) => format!("{{ holds: c{n} }}"),
        Test::Fails(n) => format!("{{ fails: c{n} }}"),
    };
    let terms = |terms: &[Test]| terms.iter().map(term).collect::<Vec<_>>().join(", ");
    let conditions = world
        .conditions
        .iter()
        .enumerate()
        .map(|(i, condition)| match condition {
            Condition::All(all) => format!("c{i}: {{ all: [ {} ] }}", terms(all)),
            Condition::Any(any) => format!("c{i}: {{ any: [ {} ] }}", terms(any)),
            Condition::Told(that) => {
                format!("c{i}: {{ told: {{ by: c, that: c{that}, as: statement }} }}")
            }
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
            "w{i}: {{ from: {}, to: {}, send: [{}]{only}, by: [ {} ], for: [{}], when: {{ every: month, from: 2026-01 }}, reading: R-1, as: csv, route: {route} }}",
            flow.from, flow.to, list(flow), lines.join(", "), flow.purposes.join(", ")
        )
    });
    block("flows", flows.collect());
    block(
        "gaps",
        vec!["g: { asks: which, owner: all, stops: flow }".to_owned()],
    );
    let all: Vec<String> = (0..world.flows.len()).map(|i| format!("w{i}")).collect();
    block(
        "proportionality",
        vec![format!(
            "all: {{ flows: [{}], aim: x, necessity: x, least-data: x }}",
            all.join(", ")
        )],
    );
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
    // The generated days all have their corresponding day.
    let old = || {
        facts.get("d0").map(|d| {
            let (year, month, rest) = (
                d[..4].parse::<i32>().unwrap(),
                d[5..7].parse::<i32>().unwrap(),
                &d[8..],
            );
            let months = year * 12 + month - 1 + 6;
            let due = format!("{:04}-{:02}-{rest}", months / 12, months % 12 + 1);
            due.as_str() <= on
        })
    };
    let value = |n: usize| facts.get(FACTS[n].0).map(String::as_str);
    let one = |term: &Test| match term {
        Test::Yes(n) => value(*n).map(|v| v == "yes"),
        Test::No(n) => value(*n).map(|v| v == "no"),
        Test::Known(n, expected) => Some(value(*n).is_some() == *expected),
        Test::Old => old(),
        Test::Fresh => old().map(|old| !old),
        Test::In(values) => value(4).map(|v| values.contains(&v)),
        Test::Holds(other) => holds(world, *other, facts, on),
        Test::Fails(other) => holds(world, *other, facts, on).map(|held| !held),
    };
    let (terms, all) = match &world.conditions[at] {
        Condition::All(terms) => (terms, true),
        Condition::Any(terms) => (terms, false),
        Condition::Told(that) => return facts.get(&format!("told:c.c{that}")).map(|v| v == "yes"),
    };
    let found: Vec<Option<bool>> = terms.iter().map(one).collect();
    if found.contains(&Some(!all)) {
        Some(!all)
    } else if found.contains(&None) {
        None
    } else {
        Some(all)
    }
}

/// What is recorded of a person of one kind: facts about others are not, and nobody says of a person what would
/// have to rest on facts about others.
fn of_kind(
    world: &World,
    facts: &BTreeMap<String, String>,
    kind: &str,
) -> BTreeMap<String, String> {
    let about = |name: &str, value: &str| match name.strip_prefix("told:c.c") {
        Some(at) => at
            .parse()
            .is_ok_and(|at| at < world.conditions.len() && can_be(world, at, kind, value == "yes")),
        None => FACTS
            .iter()
            .any(|(n, .., of)| *n == name && of.contains(&kind)),
    };
    let own = facts.iter().filter(|(name, value)| about(name, value));
    own.map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn can_be_said(world: &World, at: usize, kind: &str) -> bool {
    can_be(world, at, kind, true)
}

/// Can the condition be known to be true, or false, of a person of this kind?
fn can_be(world: &World, at: usize, kind: &str, truth: bool) -> bool {
    let about = |n: usize| FACTS[n].3.contains(&kind);
    let one = |term: &Test| match term {
        Test::Yes(n) | Test::No(n) | Test::Known(n, _) => about(*n),
        Test::Old | Test::Fresh => about(3),
        Test::In(_) => about(4),
        Test::Holds(other) => can_be(world, *other, kind, truth),
        Test::Fails(other) => can_be(world, *other, kind, !truth),
    };
    match (&world.conditions[at], truth) {
        (Condition::All(terms), true) | (Condition::Any(terms), false) => terms.iter().all(one),
        (Condition::Any(terms), true) | (Condition::All(terms), false) => terms.iter().any(one),
        (Condition::Told(that), _) => can_be(world, *that, kind, truth),
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
    // The last resort is open only where it is known of every line above that it does not hold.
    let fails = |when: Option<usize>| {
        when.is_some_and(|c| {
            holds(world, c, facts, on) == Some(false) || !can_be_said(world, c, about)
        })
    };
    flow.lines
        .iter()
        .enumerate()
        .find(|(rank, (gate, when))| {
            let mut above = flow.lines[..*rank]
                .iter()
                .filter(|(g, _)| serves(from, to, g, of));
            serves(from, to, gate, of)
                && when.is_none_or(|c| holds(world, c, facts, on) == Some(true))
                && (*gate != CROWN || above.all(|(_, when)| fails(*when)))
        })
        .map(|(_, (gate, _))| (*gate).to_owned())
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
    let letter = proptest::option::of(proptest::sample::select(vec!["x", "y", "z"]));
    let told = proptest::collection::vec(truth(), 5);
    (
        truth(),
        truth(),
        truth(),
        proptest::option::of(days),
        letter,
        told,
    )
        .prop_map(|(t0, t1, t2, d0, o0, told)| {
            let facts = [("t0", t0), ("t1", t1), ("t2", t2), ("d0", d0), ("o0", o0)];
            let facts = facts
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value));
            let told = told
                .into_iter()
                .enumerate()
                .map(|(i, value)| (format!("told:c.c{i}"), value));
            facts
                .chain(told)
                .filter_map(|(k, v)| Some((k, v?.to_owned())))
                .collect()
        })
}

proptest! {
    #![proptest_config(common::cases(48))]

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
                                    from_member: None,
                                    to: party(to),
                                    to_member: None,
                                    purpose: purpose(of),
                                    on: day(on),
                                };
                                for facts in &records {
                                    let facts = &of_kind(&world, facts, about);
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
