//! Who plays in the demonstrations, and names as their types have them.

use exchange::authority::{Person, Role};
use exchange::ids::{FlowId, OperationId, RunId, StaffId};

use crate::fail::Fail;

pub(super) fn op(text: impl Into<String>) -> Result<OperationId, Fail> {
    OperationId::parse(text).map_err(|e| Fail::fault(e.to_string()))
}

pub(super) fn run_id(text: &str) -> Result<RunId, Fail> {
    RunId::parse(text).map_err(|e| Fail::fault(e.to_string()))
}

pub(super) fn flow_id(text: &str) -> Result<FlowId, Fail> {
    FlowId::parse(text).map_err(|e| Fail::fault(e.to_string()))
}

pub(super) fn person(staff: &str, role: Role) -> Result<Person, Fail> {
    let staff = StaffId::parse(staff).map_err(|e| Fail::fault(e.to_string()))?;
    Ok(Person { staff, role })
}

pub(super) fn officer() -> Result<Person, Fail> {
    person("o1", Role::DataSharingOfficer)
}

pub(super) fn analyst() -> Result<Person, Fail> {
    person("a1", Role::Analyst)
}

pub(super) fn caseworker() -> Result<Person, Fail> {
    person("c1", Role::Caseworker)
}
