//! Who may be asked about under the agreement with the Department for Education: the whole tables of its grounds, row by
//! row, as the gate evaluates them.
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

use agreement::{ClockFrom, DatasetId, Event, Flow, FlowId, Force, Law, Library, Plan, Unit};
use exchange::gate::{self, RowFacts, Rows};
use exchange::inward;
use exchange::rows::Row;
use jiff::civil::{Date, date};

const DAY: Date = date(2016, 5, 3);

/// Each fact of ground A with the value by which it counts.
const GROUND_A: [(&str, &str); 4] = [
    ("contact_lost", "yes"),
    ("offence_suspected", "ia-1971-s24"),
    ("believed_in_uk", "yes"),
    ("open_breach", "yes"),
];

/// As [`GROUND_A`], for ground B.
const GROUND_B: [(&str, &str); 3] = [
    ("unaccompanied_minor", "yes"),
    ("contact_lost", "yes"),
    ("wellbeing_concern", "yes"),
];

fn plan() -> Plan {
    let read = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../agreements/demo/");
        std::fs::read(format!("{folder}{name}.yaml")).unwrap()
    };
    let law = Law::built_in().unwrap();
    let library = Library::read([("mou-ho-dfe", read("mou-ho-dfe").as_slice())], &law);
    let checked = agreement::check("dfe-demo", &read("dfe"), &law, &library);
    checked
        .plan
        .unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

fn flow(plan: &Plan, id: &str) -> Flow {
    plan.file(&FlowId::parse(id).unwrap()).unwrap()
}

fn person() -> Row {
    let mut row = Row::default();
    for (field, value) in [
        ("surname", "Example"),
        ("forename", "Zoë"),
        ("address", "1 Alder Row, Ambermouth"),
        ("post_code", "ZZ1 1AA"),
        ("date_of_birth", "2005-02-28"),
        ("nationality", "XXA"),
        ("cid_per_id", "C00000001"),
    ] {
        row.set(field, value);
    }
    row
}

fn facts(pairs: &[(&str, &str)]) -> RowFacts {
    let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
    pairs.iter().map(own).collect()
}

/// Does the gate let somebody of whom this is recorded leave by this flow?
fn leaves(plan: &Plan, by: &str, row: Row, facts: &RowFacts) -> bool {
    let rows = Rows::from([(
        DatasetId::parse("request").unwrap(),
        BTreeMap::from([(1, row)]),
    )]);
    let facts = BTreeMap::from([(1, facts.clone())]);
    let passed = gate::pass(plan, &flow(plan, by), &rows, &facts, &BTreeSet::new(), DAY);
    match passed {
        Ok(leaving) => leaving.rows.len() == 1,
        Err(refusals) => {
            assert!(refusals.iter().all(|r| r.rule == "RUN-20"), "{refusals:?}");
            false
        }
    }
}

/// All ways in which each of these facts counts, or does not, with those by which it does not: said to be otherwise, or
/// not recorded.
fn table(all: &[(&'static str, &'static str)]) -> Vec<(RowFacts, usize)> {
    let mut table = Vec::new();
    for no in ["no", ""] {
        for which in 0..1_u32 << all.len() {
            let mut recorded = RowFacts::new();
            for (n, (fact, value)) in all.iter().enumerate() {
                let counts = which & (1 << n) != 0;
                // An offence is suspected under a section, or none is.
                let otherwise = if *fact == "offence_suspected" { "" } else { no };
                let value = if counts { *value } else { otherwise };
                if !value.is_empty() {
                    recorded.insert((*fact).to_owned(), value.to_owned());
                }
            }
            table.push((recorded, which.count_ones() as usize));
        }
    }
    table
}

// shows: EXCH-DFE-03
#[test]
fn of_the_eight_ways_of_ground_a_one_passes() {
    let plan = plan();
    for (mut recorded, counting) in table(&GROUND_A[..3]) {
        recorded.insert("open_breach".into(), "yes".into());
        for by in ["monthly", "ad-hoc"] {
            let passed = leaves(&plan, by, person(), &recorded);
            assert_eq!(passed, counting == 3, "{by} {recorded:?}");
        }
    }
}

// shows: EXCH-DFE-05
#[test]
fn of_the_sixteen_ways_of_ground_a_with_the_open_breach_one_passes() {
    let plan = plan();
    for (recorded, counting) in table(&GROUND_A) {
        let passed = leaves(&plan, "monthly", person(), &recorded);
        assert_eq!(passed, counting == 4, "{recorded:?}");
    }
}

// shows: EXCH-DFE-04
#[test]
fn of_the_eight_ways_of_ground_b_one_passes_and_that_for_a_child_alone() {
    let plan = plan();
    // On the eighteenth birthday nobody is a child any more; of whom the day is not known, nobody can tell.
    let born = [
        ("2005-02-28", true),
        ("1998-05-04", true),
        ("1998-05-03", false),
        ("", false),
    ];
    for (recorded, counting) in table(&GROUND_B) {
        for (born, child) in born {
            let mut recorded = recorded.clone();
            if !born.is_empty() {
                recorded.insert("born".into(), born.into());
            }
            let passed = leaves(&plan, "monthly", person(), &recorded);
            assert_eq!(passed, counting == 3 && child, "{recorded:?}");
        }
    }
}

// shows: EXCH-DFE-03, EXCH-DFE-05
#[test]
fn either_ground_suffices_and_each_section_counts() {
    let plan = plan();
    for section in [
        "ia-1971-s24",
        "ia-1971-s24a",
        "aitca-2004-s35",
        "ia-1971-s24|aitca-2004-s35",
    ] {
        let mut recorded = facts(&GROUND_A);
        recorded.insert("offence_suspected".into(), section.into());
        recorded.insert("unaccompanied_minor".into(), "no".into());
        assert!(leaves(&plan, "monthly", person(), &recorded), "{section}");
        recorded.insert("offence_suspected".into(), "some-other-act".into());
        assert!(!leaves(&plan, "monthly", person(), &recorded));
    }
    let mut child = facts(&GROUND_B);
    child.insert("born".into(), "2005-02-28".into());
    child.insert("open_breach".into(), "no".into());
    assert!(leaves(&plan, "monthly", person(), &child));
}

// shows: EXCH-DFE-06, EXCH-DFE-07, CHILD-03
#[test]
fn nine_columns_leave_and_no_ground_is_one() {
    let plan = plan();
    let monthly = flow(&plan, "monthly");
    let columns: Vec<&str> = monthly.columns.iter().map(|c| c.name.as_str()).collect();
    let nine = [
        "surname",
        "middle_name",
        "forename",
        "address",
        "post_code",
        "gender",
        "date_of_birth",
        "nationality",
        "cid_per_id",
    ];
    assert_eq!(columns, nine);
    let named: BTreeSet<&str> = plan.facts.keys().map(|f| f.as_str()).collect();
    assert!(columns.iter().all(|c| !named.contains(c)));
    for optional in ["middle_name", "gender"] {
        assert_eq!(person().get(optional), "");
    }
    assert!(leaves(&plan, "monthly", person(), &facts(&GROUND_A)));
}

// shows: EXCH-DFE-13
#[test]
fn what_stands_in_parallel_belongs_together_and_reaches_back_five_years_from_the_request() {
    let plan = plan();
    let reply = flow(&plan, "reply");
    let asked = date(2016, 4, 1);
    let row = |addresses: &str, postcodes: &str, days: &str| {
        let value = |name: &str| match name {
            "surname" | "pupil_surname" => "Example",
            "address" => "1 Alder Row",
            "post_code" => "ZZ1 1AA",
            "date_of_birth" => "2005-02-28",
            "nationality" => "XXA",
            "cid_per_id" => "C00000001",
            "matched" => "matched",
            "pupil_address_address" => addresses,
            "pupil_address_post_code" => postcodes,
            "census_date" => days,
            _ => "",
        };
        let columns = reply.columns.iter();
        let cells = columns.map(|c| value(c.name.as_str()).to_owned());
        cells.collect::<Vec<_>>()
    };
    let check = |row: &[String]| {
        // It comes a month after the request.
        let read = inward::cells(&plan, &reply, row, 0, date(2016, 5, 3), Some(asked));
        read.map_err(|fault| (fault.rule.clone(), fault.column.clone().unwrap()))
    };
    let refused = |column: &str| Err(("RUN-09".to_owned(), column.to_owned()));
    for (addresses, postcodes, days, expected) in [
        ("", "", "", Ok(())),
        (
            "1 A Road|2 B Road",
            "ZZ1 1AA|ZZ2 2BB",
            "2014-10-02|2016-01-21",
            Ok(()),
        ),
        // Not held for the first of the two.
        (
            "1 A Road|2 B Road",
            "|ZZ2 2BB",
            "2014-10-02|2016-01-21",
            Ok(()),
        ),
        (
            "1 A Road",
            "ZZ1 1AA|ZZ2 2BB",
            "2014-10-02",
            refused("pupil_address_post_code"),
        ),
        (
            "1 A Road|2 B Road",
            "",
            "2014-10-02",
            refused("census_date"),
        ),
        // The corresponding day of the request is inside, the day before is not.
        ("1 A Road", "ZZ1 1AA", "2011-04-01", Ok(())),
        ("1 A Road", "ZZ1 1AA", "2011-03-31", refused("census_date")),
        (
            "1 A Road|2 B Road",
            "ZZ1 1AA|ZZ2 2BB",
            "2011-03-31|2016-01-21",
            refused("census_date"),
        ),
        // A dataset that says something says all that it must.
        ("1 A Road", "ZZ1 1AA", "", refused("census_date")),
    ] {
        assert_eq!(
            check(&row(addresses, postcodes, days)),
            expected,
            "{addresses} {days}"
        );
    }
}

// shows: RUN-18, EXCH-DFE-19
#[test]
fn a_reply_is_aimed_at_in_ten_or_five_working_days_over_weekends_and_bank_holidays() {
    let plan = plan();
    let law = Law::built_in().unwrap();
    let calendar = law.calendar("england-and-wales").unwrap();
    let due = |of: &str, received: Date| {
        let clock = plan.clocks.iter().find(|c| {
            matches!(&c.from, ClockFrom::Event(when)
                if when.event == Event::Received && when.of.as_str() == of)
        });
        let clock = clock.unwrap();
        // It is aimed at: whoever is late breaks nothing.
        assert_eq!((clock.force, clock.owner.as_str()), (Force::Aim, "dfe"));
        let within = clock.within.unwrap();
        assert_eq!(within.unit, Unit::WorkingDays);
        calendar.after(received, within.count).unwrap()
    };
    for (received, monthly, ad_hoc) in [
        // A Monday in a month without a holiday.
        (date(2016, 4, 4), date(2016, 4, 18), date(2016, 4, 11)),
        // Over Good Friday and Easter Monday.
        (date(2016, 3, 21), date(2016, 4, 6), date(2016, 3, 30)),
        // On a Saturday, before the holiday at the end of May.
        (date(2016, 5, 28), date(2016, 6, 13), date(2016, 6, 6)),
    ] {
        assert_eq!(due("monthly", received), monthly, "{received}");
        assert_eq!(due("ad-hoc", received), ad_hoc, "{received}");
    }
}
