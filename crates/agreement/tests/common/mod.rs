//! What the tests of this crate share.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agreement::{
    AsIf, Checked, FieldPath, FlowId, Law, Library, PartyId, PersonKind, Plan, PurposeId,
};

pub mod yaml;

pub fn law() -> Law {
    Law::built_in().unwrap()
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The YAML files of a folder, by path from this crate.
pub fn files(of: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = std::fs::read_dir(folder().join(of))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    all.sort();
    all
}

/// The umbrellas of `agreements/`, and what lies beside the cases.
pub fn library() -> Library {
    let mut all = files("../../agreements");
    all.retain(|(_, text)| text.contains("\nkind: umbrella\n"));
    all.extend(files("tests/cases/beside"));
    Library::read(
        all.iter()
            .map(|(name, text)| (name.as_str(), text.as_bytes())),
        &law(),
    )
}

/// The agreements of one folder.
pub fn library_of(folder: &str) -> Library {
    let all = files(folder);
    Library::read(
        all.iter()
            .map(|(name, text)| (name.as_str(), text.as_bytes())),
        &law(),
    )
}

/// One of `agreements/`.
pub fn agreement(name: &str) -> String {
    std::fs::read_to_string(folder().join(format!("../../agreements/{name}.yaml"))).unwrap()
}

pub fn contact_thread() -> String {
    agreement("contact-thread")
}

/// The small agreement of the cases, with some sections replaced.
pub fn base_with(sections: &str) -> String {
    let base = std::fs::read_to_string(folder().join("tests/cases/base.yaml")).unwrap();
    compose(&base, sections).0
}

pub fn check(text: &str) -> Checked {
    agreement::check("test.yaml", text.as_bytes(), &law(), &library())
}

/// The plan of an agreement that has no fault, as if all its gaps were filled.
pub fn filled(text: &str) -> Plan {
    let checked = agreement::check_as_if(
        "test.yaml",
        text.as_bytes(),
        &law(),
        &library(),
        AsIf::Filled,
    );
    checked.plan.unwrap_or_else(|| panic!("a fault"))
}

/// The plan of an agreement that has no fault.
pub fn plan(text: &str) -> Plan {
    let checked = check(text);
    let told: Vec<String> = checked
        .diagnostics
        .iter()
        .map(ToString::to_string)
        .collect();
    checked
        .plan
        .unwrap_or_else(|| panic!("{}\n{text}", told.join("\n")))
}

pub fn flow(name: &str) -> FlowId {
    FlowId::parse(name).unwrap()
}

pub fn party(name: &str) -> PartyId {
    PartyId::parse(name).unwrap()
}

pub fn kind(name: &str) -> PersonKind {
    PersonKind::parse(name).unwrap()
}

pub fn purpose(name: &str) -> PurposeId {
    PurposeId::parse(name).unwrap()
}

pub fn field(path: &str) -> FieldPath {
    FieldPath::parse(path).unwrap()
}

pub fn day(text: &str) -> jiff::civil::Date {
    agreement::parse_date(text).unwrap()
}

pub fn facts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

/// How many random cases a property runs: so many, or as many as `PROPTEST_CASES` says.
pub fn cases(usually: u32) -> proptest::prelude::ProptestConfig {
    let said = proptest::prelude::ProptestConfig::default();
    let cases = if said.cases == 256 {
        usually
    } else {
        said.cases
    };
    proptest::prelude::ProptestConfig { cases, ..said }
}

/// Compares with a golden file; `UPDATE=1` writes it anew.
pub fn golden(name: &str, found: &str) {
    let path = folder().join("tests/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == found,
        "{name} differs; UPDATE=1 writes it anew. Found:\n{found}"
    );
}

/// The sections of a file: key, first line (from 1) and lines.
fn sections(text: &str) -> Vec<(String, usize, Vec<&str>)> {
    let mut out: Vec<(String, usize, Vec<&str>)> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        if line.starts_with('#') {
            continue;
        }
        if !line.is_empty() && !line.starts_with(' ') {
            let key = line.split(':').next().unwrap().to_owned();
            out.push((key, i + 1, Vec::new()));
        }
        if let Some((.., lines)) = out.last_mut() {
            lines.push(line);
        }
    }
    out
}

/// The agreement of a case, and where each of its lines comes from.
pub fn compose(base: &str, case: &str) -> (String, Vec<String>) {
    let without: Vec<&str> = case
        .lines()
        .filter_map(|l| l.strip_prefix("# without:"))
        .flat_map(|l| l.split(','))
        .map(str::trim)
        .collect();
    let own = sections(case);
    let mut text = String::new();
    let mut places = Vec::new();
    let mut push = |section: &(String, usize, Vec<&str>), of: &str| {
        for (i, line) in section.2.iter().enumerate() {
            text.push_str(line);
            text.push('\n');
            places.push(format!("{of}{}", section.1 + i));
        }
    };
    let mut used: BTreeMap<&str, bool> = own.iter().map(|(k, ..)| (k.as_str(), false)).collect();
    if !case.lines().any(|l| l == "# whole") {
        for section in sections(base) {
            let replaced: Vec<_> = own.iter().filter(|(k, ..)| *k == section.0).collect();
            if let Some(seen) = used.get_mut(section.0.as_str()) {
                *seen = true;
                replaced.iter().for_each(|s| push(s, ""));
            } else if !without.contains(&section.0.as_str()) {
                push(&section, "base ");
            }
        }
    }
    for section in own.iter().filter(|(k, ..)| !used[k.as_str()]) {
        push(section, "");
    }
    (text, places)
}
