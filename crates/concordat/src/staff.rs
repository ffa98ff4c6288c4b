//! `staff.toml` in a node's directory: who may look people up here, and what a look-up asks about each of them. Names
//! nobody: members of staff stand in it by their handles, people who are watched by keyed hashes.
//!
//! ```toml
//! [look-up]
//! clearance = "sc"
//! teams = { casework = ["north"] }
//!
//! [[staff]]
//! person = { staff = "c1", role = "caseworker" }
//! party = "ho"
//! unit = "casework"
//! team = "north"
//! clearance = "sc"
//! authorised = true
//! trained-until = "2027-03-31"
//! purposes = ["contact"]
//! cases = ["case-2026-0007"]
//! ```

use std::path::Path;

use exchange::ids::StaffId;
use exchange::lookup::{Asker, Rules};
use serde::Deserialize;

use crate::fail::Fail;

/// Who may look people up, and for whom somebody works. The file need not be there: then nobody may look anybody up.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Staff {
    /// Who may look people up here, and what its auditors watch.
    pub(crate) look_up: Rules,
    /// The members of staff whom a look-up knows.
    pub(crate) staff: Vec<Asker>,
}

impl Staff {
    /// The member of staff of this handle.
    pub(crate) fn member(self, handle: &StaffId) -> Result<Asker, Fail> {
        let mut all = self.staff.into_iter();
        all.find(|asker| asker.person.staff == *handle)
            .ok_or_else(|| {
                Fail::usage(format!(
                    "{handle} is not in staff.toml: the node's owner writes there who may look people up"
                ))
            })
    }
}

/// The staff of the node in `dir`.
pub(crate) fn read(dir: &Path) -> Result<Staff, Fail> {
    let path = dir.join("staff.toml");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Staff::default()),
        Err(e) => return Err(Fail::at(&path, &e)),
    };
    let bad = |e| Fail::usage(format!("{}: {}", path.display(), web::line_of(&text, &e)));
    toml::from_str(&text).map_err(bad)
}
