//! The gate and the door inward, on the agreement of the thread.
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

use agreement::{DatasetId, Flow, FlowId, Law, Library, Plan};
use exchange::gate::{self, RowFacts, Rows};
use exchange::inward;
use exchange::rows::Row;
use exchange::table::Table;
use jiff::civil::{Date, date};
use proptest::prelude::*;

const DAY: Date = date(2026, 2, 2);

fn plan() -> Plan {
    let read = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../agreements/");
        std::fs::read(format!("{folder}{name}.yaml")).unwrap()
    };
    let law = Law::built_in().unwrap();
    let library = Library::read([("mou-u-d", read("mou-u-d").as_slice())], &law);
    let checked = agreement::check("contact-thread", &read("contact-thread"), &law, &library);
    checked
        .plan
        .unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

fn flow(plan: &Plan, id: &str) -> Flow {
    plan.flow(&FlowId::parse(id).unwrap()).unwrap().clone()
}

fn row(n: u64) -> Row {
    let mut row = Row::default();
    row.set("dash_reference", format!("D{n:016}"));
    row.set("dash_source", "CID");
    row.set("cid_person_id", format!("C{n:08}"));
    row.set("full_name", "Zoë Example");
    row.set("date_of_birth", "1980-02-29");
    row
}

fn rows(all: Vec<Row>) -> Rows {
    let numbered = all.into_iter().zip(1..).map(|(row, n)| (n, row)).collect();
    Rows::from([(DatasetId::parse("extract").unwrap(), numbered)])
}

fn lost() -> RowFacts {
    let facts = [
        ("in_pool", "yes"),
        ("last_contact", "2025-01-01"),
        ("dead", "no"),
    ];
    facts
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect()
}

/// The rules that refuse one row with these facts on this day; none when it may leave.
fn refused(row: Row, facts: RowFacts, on: Date) -> Vec<&'static str> {
    let plan = plan();
    let result = gate::pass(
        &plan,
        &flow(&plan, "ask"),
        &rows(vec![row]),
        &BTreeMap::from([(1, facts)]),
        &BTreeSet::new(),
        on,
    );
    result
        .err()
        .unwrap_or_default()
        .iter()
        .map(|r| r.rule)
        .collect()
}

// shows: RUN-05, RUN-20
#[test]
fn unknown_means_no() {
    assert_eq!(refused(row(1), lost(), DAY), Vec::<&str>::new());
    for missing in ["in_pool", "last_contact", "dead"] {
        let mut facts = lost();
        facts.remove(missing);
        assert_eq!(
            refused(row(1), facts, DAY),
            ["RUN-20"],
            "{missing} is not known"
        );
    }
    for (fact, value) in [
        ("in_pool", "no"),
        ("dead", "yes"),
        ("last_contact", "2025-08-03"),
    ] {
        let mut facts = lost();
        facts.insert(fact.into(), value.into());
        assert_eq!(refused(row(1), facts, DAY), ["RUN-20"], "{fact} is {value}");
    }
}

// shows: RUN-05
#[test]
fn every_fault_of_a_row_is_named_at_once() {
    let mut wrong = row(1);
    wrong.set("date_of_birth", "29 February 1980");
    wrong.set("nino", "not a number");
    assert_eq!(refused(wrong, lost(), DAY), ["RUN-05", "RUN-05"]);
    assert_eq!(
        refused(Row::default(), lost(), DAY).len(),
        5,
        "each required field that is missing"
    );
}

// shows: LEG-01
#[test]
fn outside_the_term_no_cell_has_a_permit() {
    assert_eq!(refused(row(1), lost(), date(2028, 1, 1)), ["LEG-01"; 7]);
}

proptest! {
    // Compared with the plain reading: a row leaves if and only if each of its facts says so, and then with
    // exactly the flow's columns, each with a permit of this flow.
    #[test]
    fn the_gate_lets_through_what_the_condition_says(
        people in prop::collection::vec((any::<Option<bool>>(), 0i64..800, any::<Option<bool>>()), 1..20),
    ) {
        let plan = plan();
        let ask = flow(&plan, "ask");
        let word = |b: bool| if b { "yes" } else { "no" }.to_owned();
        let mut facts = BTreeMap::new();
        let mut expected = Vec::new();
        for ((in_pool, days, dead), n) in people.iter().zip(1u64..) {
            let contact = DAY.checked_sub(jiff::Span::new().days(*days)).unwrap();
            let mut known = RowFacts::from([("last_contact".to_owned(), contact.to_string())]);
            known.extend(in_pool.map(|b| ("in_pool".to_owned(), word(b))));
            known.extend(dead.map(|b| ("dead".to_owned(), word(b))));
            facts.insert(n, known);
            if *in_pool == Some(true) && *dead == Some(false) && contact <= date(2025, 8, 2) {
                expected.push(n);
            }
        }
        let all = rows((1..=people.len() as u64).map(row).collect());
        match gate::pass(&plan, &ask, &all, &facts, &BTreeSet::new(), DAY) {
            Err(_) => prop_assert!(expected.is_empty()),
            Ok(leaving) => {
                let left: Vec<u64> = leaving.rows.iter().map(|(n, _)| *n).collect();
                prop_assert_eq!(&left, &expected);
                for (_, cells) in &leaving.rows {
                    let fields: Vec<_> = cells.iter().map(|c| c.field.as_str()).collect();
                    let columns: Vec<_> = ask.columns.iter().map(|c| c.name.as_str()).collect();
                    prop_assert_eq!(fields, columns);
                    for cell in cells {
                        let permit = plan.permits().find(&cell.permit).unwrap();
                        prop_assert_eq!(permit.flow.as_ref(), Some(&ask.id));
                        prop_assert_eq!(&permit.field.field, &*cell.field);
                    }
                }
            }
        }
    }
}

fn sent() -> BTreeMap<u64, Row> {
    (1..=3).map(|n| (n, row(n))).collect()
}

fn answer(numbers: &[u64]) -> Table {
    let plan = plan();
    let reply = flow(&plan, "reply");
    let cell = |row: &Row, name: &str| match name {
        "matched" => "not-matched".to_owned(),
        other => row.get(other).to_owned(),
    };
    Table {
        columns: reply.columns.iter().map(|c| c.name.to_string()).collect(),
        rows: numbers
            .iter()
            .map(|n| {
                reply
                    .columns
                    .iter()
                    .map(|c| cell(&row(*n), c.name.as_str()))
                    .collect()
            })
            .collect(),
    }
}

/// The rule, row and column of a fault of content; the paired numbers when there is none.
fn paired(table: &Table) -> Result<Vec<u64>, (String, Option<u64>, Option<String>)> {
    let plan = plan();
    let reply = flow(&plan, "reply");
    let answers = reply.answers.as_ref().unwrap();
    let mut links = inward::Sent::default();
    let returned = inward::returned(&reply, answers);
    for (n, row) in sent() {
        let cell = |name: &&agreement::FieldName| row.get(name.as_str()).to_owned();
        links.add(n, returned.iter().map(cell).collect());
    }
    let mut pairing = inward::Pairing::new(&reply, answers, &links);
    let numbers = table.rows.iter().map(|row| pairing.row(row)).collect();
    match pairing.done(None).into_iter().next() {
        Some(fault) => Err((fault.rule, fault.row, fault.column)),
        None => Ok(numbers),
    }
}

// shows: MATCH-01, MATCH-02, MATCH-03, MATCH-04, RUN-11
#[test]
fn a_return_pairs_with_what_was_sent_or_is_held() {
    assert_eq!(
        paired(&answer(&[3, 1, 2])),
        Ok(vec![3, 1, 2]),
        "in any order"
    );
    let fault = |rule: &str, row, column: Option<&str>| {
        Err((rule.to_owned(), row, column.map(str::to_owned)))
    };
    assert_eq!(
        paired(&answer(&[1, 2])),
        fault("MATCH-02", None, None),
        "a row is missing"
    );
    assert_eq!(
        paired(&answer(&[1, 2, 2])),
        fault("MATCH-01", Some(4), Some("dash_reference")),
        "a row twice"
    );
    assert_eq!(
        paired(&answer(&[1, 2, 3, 9])),
        fault("RUN-11", None, None),
        "a row that was not asked for"
    );
    for link in ["dash_source", "cid_person_id", "full_name", "date_of_birth"] {
        let mut table = answer(&[1, 2, 3]);
        let at = table.columns.iter().position(|c| c == link).unwrap();
        table.rows[1][at].push('x');
        assert_eq!(
            paired(&table),
            fault("MATCH-04", Some(3), Some(link)),
            "{link} was changed"
        );
    }
}

// shows: RUN-09
#[test]
fn a_cell_of_the_wrong_form_refuses_the_file_by_row_and_column_and_without_its_value() {
    let plan = plan();
    let reply = flow(&plan, "reply");
    let cells = |table: &Table, place: u64| {
        let row = &table.rows[usize::try_from(place).unwrap()];
        inward::cells(&plan, &reply, row, place, DAY, None)
    };
    assert_eq!(cells(&answer(&[1, 2]), 1), Ok(()));
    for (column, value) in [
        ("matched", "perhaps"),
        ("date_of_birth", "tomorrow"),
        ("matched", ""),
    ] {
        let mut table = answer(&[1, 2]);
        let at = table.columns.iter().position(|c| c == column).unwrap();
        table.rows[1][at] = value.into();
        let fault = cells(&table, 1).unwrap_err();
        assert_eq!(
            (fault.rule.as_str(), fault.row, fault.column.as_deref()),
            ("RUN-09", Some(3), Some(column))
        );
        assert!(value.is_empty() || !fault.to_string().contains(value));
    }
}
