//! The walls between crates: the table of ARCHITECTURE.md against `cargo metadata`. Never looks at what a
//! crate does with what it depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::{Fault, text};

/// The page with the table, in the repository.
pub const PAGE: &str = "ARCHITECTURE.md";

/// Crates of the workspace, each with those of the workspace that it depends on.
pub type Walls = BTreeMap<String, BTreeSet<String>>;

/// Reads the table: its last column is headed "depends on"; the first column holds the crate's name in
/// backticks, the last the names of workspace crates in backticks, or none.
///
/// # Errors
/// [`Fault::Form`] when there is no such table, a row names no crate, or two rows name one.
pub fn table(page: &str) -> Result<Walls, Fault> {
    let mut walls = Walls::new();
    let mut lines = page.lines().skip_while(|line| {
        !cells(line)
            .last()
            .is_some_and(|head| head.eq_ignore_ascii_case("depends on"))
    });
    if lines.next().is_none() {
        return Err(Fault::Form(format!(
            "{PAGE} has no table whose last column is headed \"depends on\""
        )));
    }
    for line in lines
        .skip(1)
        .take_while(|line| line.trim_start().starts_with('|'))
    {
        let cells = cells(line);
        let name = cells
            .first()
            .and_then(|cell| quoted(cell).into_iter().next());
        let Some(name) = name else {
            return Err(Fault::Form(format!(
                "a row of {PAGE} has no crate name in backticks in its first column: {line}"
            )));
        };
        let on = cells.last().map(|cell| quoted(cell)).unwrap_or_default();
        if walls.insert(name.clone(), on).is_some() {
            return Err(Fault::Form(format!("{PAGE} has two rows for {name}")));
        }
    }
    Ok(walls)
}

/// The workspace's crates and their normal dependencies on each other.
///
/// # Errors
/// [`Fault::Metadata`] when cargo does not tell.
pub fn metadata(root: &Path) -> Result<Walls, Fault> {
    let told = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()?;
    let members: BTreeSet<String> = told.packages.iter().map(|p| p.name.to_string()).collect();
    let walls = told.packages.iter().map(|package| {
        let on = package
            .dependencies
            .iter()
            .filter(|d| d.kind == DependencyKind::Normal && members.contains(&d.name))
            .map(|d| d.name.clone())
            .collect();
        (package.name.to_string(), on)
    });
    Ok(walls.collect())
}

/// How the page and the workspace differ, one sentence each.
pub fn differences(page: &Walls, workspace: &Walls) -> Vec<String> {
    let names: BTreeSet<_> = page.keys().chain(workspace.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        match (page.get(name), workspace.get(name)) {
            (Some(page), Some(workspace)) => {
                for on in workspace.difference(page) {
                    found.push(format!("{name} depends on {on}, which {PAGE} does not say"));
                }
                for on in page.difference(workspace) {
                    found.push(format!(
                        "{PAGE} says that {name} depends on {on}, which it does not"
                    ));
                }
            }
            (None, _) => found.push(format!("{PAGE} has no row for {name}")),
            (_, None) => found.push(format!(
                "{PAGE} has a row for {name}, which is no crate of the workspace"
            )),
        }
    }
    found
}

/// The differences in the repository at `root`.
///
/// # Errors
/// [`Fault`] when the page or the metadata cannot be read.
pub fn check(root: &Path) -> Result<Vec<String>, Fault> {
    let page = table(&text(&root.join(PAGE))?)?;
    Ok(differences(&page, &metadata(root)?))
}

fn cells(line: &str) -> Vec<&str> {
    let line = line.trim();
    match line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) {
        Some(row) => row.split('|').map(str::trim).collect(),
        None => Vec::new(),
    }
}

fn quoted(cell: &str) -> BTreeSet<String> {
    let inside = cell.split('`').skip(1).step_by(2);
    inside.map(str::to_owned).collect()
}
