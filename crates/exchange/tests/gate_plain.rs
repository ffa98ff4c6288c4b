//! The gate against its plain definition: one question for each cell, nothing remembered, on every flow of every
//! agreement here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use agreement::{
    AsIf, Column, FieldType, Flow, Law, Library, Operand, Permit, PersonKind, Plan, Present, Test,
    Truth, TypeName,
};
use exchange::gate::{self, RowFacts, Rows};
use exchange::rows::Row;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use proptest::sample::Index;

const FOLDERS: [&str; 3] = ["", "examples/", "demo/"];

/// Every plan here, as if its gaps were filled.
fn plans() -> &'static Vec<Plan> {
    static PLANS: OnceLock<Vec<Plan>> = OnceLock::new();
    PLANS.get_or_init(|| {
        let law = Law::built_in().unwrap();
        let mut plans = Vec::new();
        for folder in FOLDERS {
            let place = format!("{}/../../agreements/{folder}", env!("CARGO_MANIFEST_DIR"));
            let paths = std::fs::read_dir(place).unwrap().map(|e| e.unwrap().path());
            let mut files: Vec<(String, Vec<u8>)> = paths
                .filter(|p| p.extension().is_some_and(|e| e == "yaml"))
                .map(|p| (p.display().to_string(), std::fs::read(&p).unwrap()))
                .collect();
            files.sort();
            let beside = files.iter().map(|(n, b)| (n.as_str(), b.as_slice()));
            let library = Library::read(beside, &law);
            for (name, bytes) in &files {
                let filled = AsIf::Filled;
                plans.extend(agreement::check_as_if(name, bytes, &law, &library, filled).plan);
            }
        }
        plans
    })
}

/// Texts of every type, some of them of the form of theirs, for facts and for cells.
const TEXTS: [&str; 24] = [
    "",
    "yes",
    "no",
    "matched",
    "1980-02-29",
    "2015-06-01",
    "2025-08-02",
    "2016-01",
    "2016",
    "2016-04-04T09:00:00Z",
    "QQ123456C",
    "ZZ1 1ZZ",
    "Zoë Example",
    "../.. 1 High Street, Zedtown",
    "a@example.org",
    "01632 960001",
    "7",
    "31.50",
    "GBR",
    "england",
    "wales",
    "scotland",
    "D0000000000000001",
    "not\tof any form",
];

/// A text that is likely to be of the type's form.
fn text(kind: &FieldType, by: &Index) -> String {
    let mut all: Vec<&str> = TEXTS.into_iter().filter(|t| kind.accepts(t)).collect();
    if let FieldType::OneOf(values) | FieldType::Listed { codes: values, .. } = kind {
        all.extend(values.iter().map(String::as_str));
    }
    if all.is_empty() {
        all.extend(TEXTS);
    }
    by.get(&all).to_string()
}

/// The column, value and permit of a cell.
type Cell = (String, String, String);

#[derive(Debug, PartialEq, Eq)]
struct Out {
    rows: Vec<(u64, Vec<Cell>)>,
    withheld: Vec<u64>,
    without_gateway: u64,
}

/// The rules of the refusals, where nothing leaves.
type Plain = Result<Out, Vec<&'static str>>;

struct Asked<'a> {
    plan: &'a Plan,
    flow: &'a Flow,
    on: Date,
}

fn held<'a>(rows: &'a Rows, column: &Column, n: u64) -> &'a str {
    let row = rows.get(&column.field.dataset).and_then(|d| d.get(&n));
    row.map_or("", |row| row.get(column.field.field.as_str()))
}

impl Asked<'_> {
    fn plainly(
        &self,
        rows: &Rows,
        facts: &BTreeMap<u64, RowFacts>,
        stopped: &BTreeSet<u64>,
    ) -> Plain {
        let numbers: BTreeSet<u64> = rows.values().flat_map(BTreeMap::keys).copied().collect();
        let (mut out, mut refused) = (Vec::new(), Vec::new());
        let (mut withheld, mut without_gateway) = (Vec::new(), 0);
        for n in numbers {
            let facts = facts.get(&n).cloned().unwrap_or_default();
            let only = self.flow.only.as_ref();
            let eligible = only.is_none_or(|c| self.plan.holds(c, &facts, self.on) == Truth::True);
            if !eligible || stopped.contains(&n) {
                withheld.push(n);
                continue;
            }
            let (mut cells, mut rules, mut closed) = (Vec::new(), Vec::new(), false);
            for column in &self.flow.columns {
                let value = held(rows, column, n);
                if self.misshapen(column, value, rows, n) {
                    rules.push("RUN-05");
                } else if let Some(permit) = self.permit(column, &facts) {
                    cells.push((column.name.to_string(), value.to_owned(), permit));
                } else if value.is_empty() && !column.only.is_empty() {
                    cells.push((column.name.to_string(), String::new(), "-".to_owned()));
                } else if self.permits(column).any(|p| p.dates.contains(self.on)) {
                    closed = true;
                } else {
                    rules.push("LEG-01");
                }
            }
            if closed {
                withheld.push(n);
                without_gateway += 1;
            } else if rules.is_empty() {
                out.push((n, cells));
            } else {
                refused.extend(rules);
            }
        }
        if refused.is_empty() {
            let rests = self.flow.answers.is_some() || self.flow.follows.is_some();
            if out.is_empty() && !rests {
                refused.push("RUN-20");
            } else if self.flow.answers_every_row() && !withheld.is_empty() {
                refused.push("MATCH-02");
            }
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        Ok(Out {
            rows: out,
            withheld,
            without_gateway,
        })
    }

    fn permits(&self, column: &Column) -> impl Iterator<Item = &Permit> {
        let all: Vec<&Permit> = column
            .permits
            .iter()
            .filter_map(|id| self.plan.permits().get(id))
            .filter(|p| p.each_from.is_none() && p.each_to.is_none())
            .collect();
        all.into_iter()
    }

    /// The permit of a cell: the first in rank that holds, one for each kind of person; the first of them is named.
    fn permit(&self, column: &Column, facts: &RowFacts) -> Option<String> {
        let kinds: BTreeSet<&PersonKind> = self.permits(column).map(|p| &p.about).collect();
        // A record that is known to be about one of them needs that one's alone.
        let about = self.plan.kind_of(facts).filter(|k| kinds.contains(k));
        let mut named = None;
        for kind in kinds.into_iter().filter(|k| about.is_none_or(|a| a == *k)) {
            let all: Vec<&Permit> = self.permits(column).filter(|p| p.about == *kind).collect();
            let found = all.iter().find(|p| {
                let holds = |c| self.plan.holds(c, facts, self.on) == Truth::True;
                p.dates.contains(self.on)
                    && p.when.iter().all(holds)
                    && self.plan.is_resort(p, &all, facts, self.on)
            })?;
            named = named.or(Some(found.id.to_string()));
        }
        named
    }

    fn misshapen(&self, column: &Column, value: &str, rows: &Rows, n: u64) -> bool {
        let beside = |name: &str| {
            let mut all = self.flow.columns.iter();
            let dataset = &column.field.dataset;
            all.find(|c| c.field.dataset == *dataset && c.field.field.as_str() == name)
        };
        let (must, may) = match &column.present {
            Present::Always => (true, true),
            Present::IfHeld => (false, true),
            Present::UnlessKnown(other) => match beside(other.as_str()) {
                Some(other) if held(rows, other, n).is_empty() => (true, true),
                Some(_) => (false, false),
                None => (false, true),
            },
            Present::When { field, test } => {
                let when =
                    beside(field.as_str()).is_some_and(|other| self.test(other, test, rows, n));
                (when, when)
            }
        };
        if value.is_empty() {
            must
        } else {
            !may || !column.accepts(value)
        }
    }

    fn test(&self, other: &Column, test: &Test, rows: &Rows, n: u64) -> bool {
        let value = held(rows, other, n).to_owned();
        let facts = RowFacts::from([(other.field.to_string(), value)]);
        let of = Operand::Field(other.field.clone());
        self.plan.conditions.test(&of, test, &facts, self.on) == Truth::True
    }
}

/// What one row is drawn from: texts for facts and cells, and how likely each is left out.
type Drawn = (Vec<Index>, Vec<u8>, bool);

fn drawn() -> impl Strategy<Value = Drawn> {
    let texts = prop::collection::vec(any::<Index>(), 64);
    (
        texts,
        prop::collection::vec(0u8..20, 64),
        prop::bool::weighted(0.1),
    )
}

proptest! {
    // shows: RUN-05, RUN-07, RUN-20, LEG-14
    #[test]
    fn what_is_remembered_changes_nothing(
        which in any::<Index>(),
        people in prop::collection::vec(drawn(), 1..12),
        on in prop::sample::select(vec![date(2016, 4, 4), date(2026, 2, 2), date(2031, 1, 1)]),
        tidy in any::<bool>(),
    ) {
        let all: Vec<(&Plan, &Flow)> =
            plans().iter().flat_map(|p| p.flows.values().map(move |f| (p, f))).collect();
        let (plan, flow) = *which.get(&all);
        let (mut rows, mut facts, mut stopped) = (Rows::new(), BTreeMap::new(), BTreeSet::new());
        for ((texts, chances, stop), n) in people.iter().zip(1u64..) {
            let mut draw = texts.iter().zip(chances).cycle();
            let mut known = RowFacts::default();
            for (name, fact) in &plan.facts {
                let (by, chance) = draw.next().unwrap();
                if *chance > 2 {
                    known.insert(name.to_string(), text(&fact.field_type, by));
                }
            }
            for other in plan.flows.keys() {
                let (by, chance) = draw.next().unwrap();
                if *chance > 5 {
                    known.insert(format!("received:{other}"), by.get(&["yes", "no"]).to_string());
                }
            }
            for party in plan.parties.keys() {
                for condition in plan.conditions.iter() {
                    let (by, _) = draw.next().unwrap();
                    let told = by.get(&["yes", "no", "perhaps"]).to_string();
                    known.insert(format!("told:{party}.{}", condition.id), told);
                }
            }
            for column in &flow.columns {
                let (by, chance) = draw.next().unwrap();
                let row: &mut Row = rows.entry(column.field.dataset.clone()).or_default().entry(n).or_default();
                // A tidy row has what must be there, and nothing else.
                let there = if tidy { column.present == Present::Always } else { *chance > 1 };
                let kind = &column.field_type;
                let value = if *kind == FieldType::Plain(TypeName::Name) {
                    "Zoë Example".to_owned()
                } else {
                    text(kind, by)
                };
                if there {
                    known.insert(column.field.to_string(), value.clone());
                    row.set(column.field.field.as_str(), value);
                }
            }
            facts.insert(n, known);
            if *stop {
                stopped.insert(n);
            }
        }
        let plain = Asked { plan, flow, on }.plainly(&rows, &facts, &stopped);
        let quick = match gate::pass(plan, flow, &rows, &facts, &stopped, on) {
            Err(refusals) => Err(refusals.iter().map(|r| r.rule).collect()),
            Ok(leaving) => {
                let cell = |c: &gate::LeavingCell| (c.field.to_string(), c.value.clone(), c.permit.to_string());
                let rows = leaving.rows.iter();
                Ok(Out {
                    rows: rows.map(|(n, cells)| (*n, cells.iter().map(cell).collect())).collect(),
                    withheld: leaving.withheld,
                    without_gateway: leaving.without_gateway,
                })
            }
        };
        prop_assert_eq!(quick, plain);
    }
}

// The property is about something: flows that ask a lot of conditions, and both outcomes of each.
#[test]
fn there_are_flows_with_conditions_to_remember() {
    let flows = plans()
        .iter()
        .flat_map(|p| p.flows.values().map(move |f| (p, f)));
    let asking = flows.filter(|(plan, flow)| {
        let permits = flow.columns.iter().flat_map(|c| &c.permits);
        let mut permits = permits.filter_map(|id| plan.permits().get(id));
        permits.any(|p| !p.when.is_empty())
    });
    assert!(asking.count() > 3);
    let permits = plans().iter().flat_map(|p| p.permits().iter());
    assert!(permits.filter(|p| p.last_resort).count() > 0);
}
