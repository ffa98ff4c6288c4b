//! The sandbox of the residence check: test users whose outcome is known, so that whoever builds a client sees each of
//! them, with the records of the benefits department and of the tax authority. Nobody is real, and nothing is drawn. Reads
//! no clock.

use std::time::Duration;

use async_trait::async_trait;
use exchange::ports::{CallRecords, PortFault};
use exchange::rows::Row;
use zeroize::Zeroizing;

/// What the records hold of a test user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Records, each with periods: benefit, first day, last day, death, abroad; an empty text is not held.
    Records(&'static [&'static [Period]]),
    /// The records never answer.
    Silence,
    /// The records do not work.
    Fault,
}

/// Benefit, first day, last day, day of death, gone abroad.
pub type Period = [&'static str; 5];

/// One test user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestUser {
    /// The name in the records.
    pub name: &'static str,
    /// The name before.
    pub previous: &'static str,
    /// The date of birth.
    pub date_of_birth: &'static str,
    /// The National Insurance number, with a prefix that is never issued.
    pub nino: &'static str,
    /// What the benefits department holds.
    pub holds: Holds,
    /// What the tax authority holds.
    pub works: Holds,
}

const fn user(name: &'static str, nino: &'static str, holds: Holds, works: Holds) -> TestUser {
    TestUser {
        name,
        previous: "",
        date_of_birth: "1980-02-29",
        nino,
        holds,
        works,
    }
}

const WHOLE: Period = ["universal-credit", "2013-01-01", "", "", ""];
/// An employment says what it is to nobody.
const EMPLOYED: Period = ["", "2013-01-01", "", "", ""];
const NOBODY: Holds = Holds::Records(&[]);
const WORKER: Holds = Holds::Records(&[&[EMPLOYED]]);

/// The test users, as docs/residence-check.md lists them.
pub const USERS: [TestUser; 13] = [
    user(
        "Test Found",
        "QQ100001A",
        Holds::Records(&[&[WHOLE]]),
        NOBODY,
    ),
    user(
        "Test Gaps",
        "QQ100002A",
        Holds::Records(&[&[
            ["jobseekers", "2013-01-01", "2018-06-30", "", ""],
            ["carers", "2019-10-01", "", "", "no"],
        ]]),
        NOBODY,
    ),
    user(
        "Test Twice",
        "QQ100003A",
        Holds::Records(&[&[WHOLE], &[WHOLE]]),
        NOBODY,
    ),
    user(
        "Test Abroad",
        "QQ100004A",
        Holds::Records(&[&[["esa", "2013-01-01", "", "", "yes"]]]),
        WORKER,
    ),
    user(
        "Test Outlived",
        "QQ100005A",
        Holds::Records(&[&[["esa", "2013-01-01", "", "2019-01-01", ""]]]),
        NOBODY,
    ),
    user(
        "Test Old",
        "QQ100006A",
        Holds::Records(&[&[["jobseekers", "2003-01-01", "2004-01-01", "", ""]]]),
        NOBODY,
    ),
    TestUser {
        previous: "Test Before",
        ..user(
            "Test Renamed",
            "QQ100007A",
            Holds::Records(&[&[WHOLE]]),
            NOBODY,
        )
    },
    user(
        "Test Pension",
        "QQ100008A",
        Holds::Records(&[&[["state-pension", "2013-01-01", "", "", ""]]]),
        WORKER,
    ),
    user("Test Silence", "QQ100009A", Holds::Silence, WORKER),
    user("Test Fault", "QQ100010A", Holds::Fault, NOBODY),
    user("Test Worker", "QQ100011A", NOBODY, WORKER),
    user(
        "Test Changed",
        "QQ100012A",
        Holds::Records(&[&[["jobseekers", "2013-01-01", "2022-12-31", "", ""]]]),
        Holds::Records(&[&[["", "2023-01-01", "", "", ""]]]),
    ),
    user(
        "Test Payroll",
        "QQ100013A",
        Holds::Records(&[&[["jobseekers", "2013-01-01", "2022-12-31", "", ""]]]),
        Holds::Fault,
    ),
];

/// How long silence lasts: longer than anybody waits.
const SILENCE: Duration = Duration::from_secs(3_600);

/// The records of the test users at one department.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// The benefits department.
    Benefits,
    /// The tax authority.
    Tax,
}

#[async_trait]
impl CallRecords for Sandbox {
    /// Number and date of birth must agree, and one of the person's names with one of the record's.
    async fn about(&self, details: &Row) -> Result<Vec<Vec<Row>>, PortFault> {
        let Some(user) = USERS.iter().find(|user| is_about(user, details)) else {
            return Ok(Vec::new());
        };
        let holds = match self {
            Self::Benefits => user.holds,
            Self::Tax => user.works,
        };
        match holds {
            Holds::Records(records) => {
                let rows = |record: &&[Period]| record.iter().map(row).collect();
                Ok(records.iter().map(rows).collect())
            }
            Holds::Silence => {
                tokio::time::sleep(SILENCE).await;
                Ok(Vec::new())
            }
            Holds::Fault => Err(PortFault("the sandbox does not work for this user".into())),
        }
    }
}

fn is_about(user: &TestUser, details: &Row) -> bool {
    let mut names = Zeroizing::new(agreement::split(details.get("other_names")));
    // In one piece: a text that grows leaves what it was behind.
    names.push([details.get("forename"), details.get("surname")].join(" "));
    let known = [user.name, user.previous];
    let is_known = |name: &String| {
        known
            .iter()
            .any(|k| !k.is_empty() && k.eq_ignore_ascii_case(name))
    };
    user.nino == details.get("nino")
        && user.date_of_birth == details.get("date_of_birth")
        && names.iter().any(is_known)
}

fn row(period: &Period) -> Row {
    let fields = [
        "benefit_type",
        "start_date",
        "end_date",
        "date_of_death",
        "gone_abroad",
    ];
    let mut row = Row::default();
    for (field, value) in fields.into_iter().zip(period) {
        row.set(field, *value);
    }
    row
}
