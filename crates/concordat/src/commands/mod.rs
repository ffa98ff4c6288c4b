//! The commands, one file each.

pub(crate) mod check;
pub(crate) mod explain;
pub(crate) mod permits;
pub(crate) mod verify;

use std::path::Path;

use agreement::{Checked, Plan};

use crate::fail::Fail;
use crate::house;

pub(crate) fn checked(path: &Path) -> Result<(Vec<u8>, Checked), Fail> {
    let bytes = std::fs::read(path).map_err(|e| Fail::usage(format!("{}: {e}", path.display())))?;
    let checked = agreement::check(&path.display().to_string(), &bytes, &house::law()?);
    Ok((bytes, checked))
}

/// The plan of an agreement without faults; with faults, they are the answer.
pub(crate) fn plan(path: &Path) -> Result<Plan, Fail> {
    let (_, checked) = checked(path)?;
    let lines: Vec<_> = checked
        .diagnostics
        .iter()
        .map(ToString::to_string)
        .collect();
    checked.plan.ok_or_else(|| Fail::no(lines.join("\n")))
}
