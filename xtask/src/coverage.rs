//! Which rows of the requirements register a test says it shows. It counts claims, and never judges them:
//! whether a test would fail without the row is for its reviewer.
//!
//! A claim is a comment of its own in a test, `// shows: RUN-09, SEC-14` (`# shows: …` in a case file), and
//! nothing else: no mention of an id elsewhere counts, nor does a test that is ignored.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::{Fault, text, tree};

/// The register's place in the repository.
pub const REGISTER: &str = "docs/requirements.md";

/// The ids of the register.
#[derive(Debug, Default)]
pub struct Register {
    /// The requirement rows with their group, in the register's order: what is counted.
    pub rows: Vec<(String, String)>,
    /// Every other row's id (contradictions, safeguards): may be cited, is not counted.
    pub others: BTreeSet<String>,
}

impl Register {
    /// Reads the register: rows `| LEG-01 | …`; those of the section `## 1.` are the requirements.
    ///
    /// # Errors
    /// [`Fault::Form`] when there is no row, or two have one id.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut register = Self::default();
        let mut seen = BTreeSet::new();
        let mut counted = false;
        for line in text.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                counted = heading.starts_with("1.");
            }
            let Some((id, _)) = line.strip_prefix("| ").and_then(|row| row.split_once(" |")) else {
                continue;
            };
            let Some(group) = group(id) else { continue };
            if !seen.insert(id) {
                return Err(Fault::Form(format!("the register has two rows {id}")));
            }
            if counted {
                register.rows.push((id.to_owned(), group.to_owned()));
            } else {
                register.others.insert(id.to_owned());
            }
        }
        if register.rows.is_empty() {
            return Err(Fault::Form("the register has no row".to_owned()));
        }
        Ok(register)
    }

    fn has(&self, id: &str) -> bool {
        self.others.contains(id) || self.rows.iter().any(|(row, _)| row == id)
    }
}

/// The group of an id such as `LEG-01` or `EXCH-HMRC-01`; none when it is no id.
fn group(id: &str) -> Option<&str> {
    let (group, number) = id.rsplit_once('-')?;
    let number_is = number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit());
    let group_is = group
        .split('-')
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_uppercase()));
    (number_is && group_is).then_some(group)
}

/// What the claims come to.
#[derive(Debug, Default)]
pub struct Coverage {
    /// The rows with their group, in the register's order, and whether a test claims them.
    pub rows: Vec<(String, String, bool)>,
    /// Claims that are wrong, as `file:line: what and what to do`.
    pub faults: Vec<String>,
}

/// Rows of a group, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Claimed by a test.
    pub tested: usize,
    /// Claimed by none.
    pub open: usize,
}

impl Count {
    fn add(&mut self, tested: bool) {
        let side = if tested {
            &mut self.tested
        } else {
            &mut self.open
        };
        *side = side.saturating_add(1);
    }
}

#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    all: Count,
    groups: BTreeMap<&'a str, Count>,
}

/// Counts the claims of the repository at `root`.
///
/// # Errors
/// [`Fault`] when the register or a file cannot be read.
pub fn of(root: &Path) -> Result<Coverage, Fault> {
    let register = Register::parse(&text(&root.join(REGISTER))?)?;
    Ok(count(&register, &tree::texts(root)?))
}

/// Counts the claims of `files` (path with `/`, text).
pub fn count(register: &Register, files: &[(String, String)]) -> Coverage {
    let mut cited = BTreeSet::new();
    let mut faults = Vec::new();
    for (path, text) in files {
        for (line, ids) in claims(path, text) {
            for id in ids.split(',').map(str::trim) {
                if register.has(id) {
                    cited.insert(id.to_owned());
                } else {
                    faults.push(format!(
                        "{path}:{line}: \"{id}\" is no id of {REGISTER}: cite ids of its rows, with commas between"
                    ));
                }
            }
        }
    }
    let rows = register
        .rows
        .iter()
        .map(|(id, group)| (id.clone(), group.clone(), cited.contains(id)))
        .collect();
    Coverage { rows, faults }
}

impl Coverage {
    /// The count of all rows.
    pub fn all(&self) -> Count {
        let mut all = Count::default();
        for (_, _, tested) in &self.rows {
            all.add(*tested);
        }
        all
    }

    /// The counts by group.
    pub fn groups(&self) -> BTreeMap<&str, Count> {
        let mut groups: BTreeMap<&str, Count> = BTreeMap::new();
        for (_, group, tested) in &self.rows {
            groups.entry(group).or_default().add(*tested);
        }
        groups
    }

    /// `{"tested":n,"open":n,"groups":{"LEG":{"tested":n,"open":n},…}}` on one line.
    ///
    /// # Errors
    /// None that can be met: counts and names are always JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(&Summary {
            all: self.all(),
            groups: self.groups(),
        })
    }

    /// The counts as a table for people, groups in the register's order; with the open ids if asked.
    pub fn table(&self, open: bool) -> String {
        let groups = self.groups();
        let mut shown = BTreeSet::new();
        let mut out = String::from("group       tested  open\n");
        // Writing to a String cannot fail.
        for (_, group, _) in &self.rows {
            let count = groups.get(group.as_str()).copied().unwrap_or_default();
            if shown.insert(group) {
                let _ = writeln!(out, "{group:<10} {:>7} {:>5}", count.tested, count.open);
            }
        }
        let all = self.all();
        let _ = writeln!(out, "{:<10} {:>7} {:>5}", "all", all.tested, all.open);
        if open {
            out.push_str("\nopen:\n");
            for (id, ..) in self.rows.iter().filter(|(_, _, tested)| !tested) {
                let _ = writeln!(out, "{id}");
            }
        }
        out
    }
}

/// The claims of one file: line from 1, and what stands after `shows:`.
fn claims<'a>(path: &str, text: &'a str) -> Vec<(usize, &'a str)> {
    let parts: Vec<&str> = path.split('/').collect();
    let in_tests = parts.contains(&"tests") || parts.last() == Some(&"tests.rs");
    let mark = match path.rsplit_once('.') {
        Some((_, "rs")) => "//",
        Some((_, "yaml")) if path.contains("tests/cases/") => "#",
        _ => return Vec::new(),
    };
    let lines: Vec<&str> = text.lines().collect();
    let mut inside = in_tests;
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if !in_tests {
            // rustfmt puts a top-level module's attribute and closing brace in the first column.
            match *line {
                "#[cfg(test)]" => inside = true,
                "}" => inside = false,
                _ => {}
            }
        }
        let after = lines.get(at.saturating_add(1)..).unwrap_or_default();
        if inside
            && let Some(ids) = claim(mark, line)
            && !ignored(after)
        {
            found.push((at.saturating_add(1), ids));
        }
    }
    found
}

fn claim<'a>(mark: &str, line: &'a str) -> Option<&'a str> {
    let comment = line.trim_start().strip_prefix(mark)?;
    let ids = comment
        .trim_start_matches('/')
        .trim()
        .strip_prefix("shows:")?;
    Some(ids.trim().trim_end_matches('.'))
}

/// Whether the attributes and comments that follow a claim ignore its test.
fn ignored(after: &[&str]) -> bool {
    after
        .iter()
        .map(|line| line.trim_start())
        .take_while(|line| line.starts_with('#') || line.starts_with("//"))
        .any(|line| line.starts_with("#[ignore"))
}
