//! Uses of values: a state for each time that a person was given values of a received row, by which the auditors of
//! look-ups find it (SEC-16). It names who, when and which row, never a value; a developer's read is one like any other.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::authority::{Role, Warrant};
use crate::change::Aggregate;
use crate::deadline::Deadline;
use crate::ids::{FlowId, OperationId, RunId, StaffId};
use agreement::PurposeId;

/// One use of the values of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueUse {
    op: OperationId,
    day: Date,
    /// When.
    pub at: Timestamp,
    /// Who was given them.
    pub user: StaffId,
    /// In which role.
    pub role: Role,
    /// The run.
    pub run: RunId,
    /// The flow by which they came.
    pub flow: FlowId,
    /// The row, from 1.
    pub row: u64,
    /// What for.
    pub purpose: PurposeId,
    /// How many fields were given.
    pub fields: u64,
    /// Was what is sensitive shown?
    pub is_unmasked: bool,
    #[serde(skip)]
    version: u64,
}

/// What was given.
pub(crate) struct Given<'a> {
    pub(crate) of: (&'a RunId, &'a FlowId, u64),
    pub(crate) purpose: &'a PurposeId,
    pub(crate) fields: u64,
    pub(crate) is_unmasked: bool,
}

impl ValueUse {
    /// The prefix of the keys of a day's uses, in London.
    pub fn prefix(day: Date) -> String {
        format!("{day}/")
    }

    /// A person was given values at `at`, on `day` in London.
    pub(crate) fn made(
        op: &OperationId,
        (day, at): (Date, Timestamp),
        given: &Given<'_>,
        by: &Warrant,
    ) -> Self {
        let (run, flow, row) = given.of;
        Self {
            op: op.clone(),
            day,
            at,
            user: by.staff().clone(),
            role: by.role(),
            run: run.clone(),
            flow: flow.clone(),
            row,
            purpose: given.purpose.clone(),
            fields: given.fields,
            is_unmasked: given.is_unmasked,
            version: 0,
        }
    }
}

impl Aggregate for ValueUse {
    const KIND: &'static str = "value-use";
    fn key(&self) -> String {
        key_of(self.day, self.at, &self.op)
    }
    fn status(&self) -> &'static str {
        "given"
    }
    fn deadline(&self) -> Option<Deadline> {
        None
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn at_version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }
}

/// A key in the order of time: the day, microseconds since 1970 of one length, and what tells operations apart.
pub(crate) fn key_of(day: Date, at: Timestamp, op: &OperationId) -> String {
    let digest = ledger::Digest::of(op.as_str().as_bytes()).to_string();
    let short: String = digest.chars().take(24).collect();
    format!("{day}/{:017}/{short}", at.as_microsecond())
}
