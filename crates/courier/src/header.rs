//! Compares a file's header with the agreed columns: exactly these, in this order, and no other.
//!
//! Names of unexpected columns are told, values never: a file whose first row is no header at all could hold a
//! person there, so nothing of such a row is repeated.

use std::collections::BTreeSet;

use exchange::table::FileFault;

use crate::fault::{MINIMISE, STRUCTURE, letters, whole};

/// What a column is called in a fault: its name if that has the form of a name, else its letters.
fn told(index: usize, name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/');
    if !name.trim().is_empty() && name.chars().count() <= 64 && name.chars().all(plain) {
        name.to_owned()
    } else {
        letters(index)
    }
}

fn fault(rule: &str, column: String, what: String) -> FileFault {
    FileFault {
        row: Some(1),
        column: Some(column),
        ..whole(rule, what)
    }
}

/// Checks the header row.
///
/// # Errors
/// RUN-07 for a column that the agreement does not list; RUN-09 for one that is missing, renamed, twice there
/// or in another place.
pub(crate) fn check(found: &[String], expected: &[String]) -> Result<(), FileFault> {
    if found == expected {
        return Ok(());
    }
    let listed: BTreeSet<&String> = expected.iter().collect();
    if !found.iter().any(|name| listed.contains(name)) {
        return Err(FileFault {
            row: Some(1),
            ..whole(
                STRUCTURE,
                "the first row has none of the agreed column names: put the header in row 1",
            )
        });
    }
    let mut seen = BTreeSet::new();
    for (index, name) in found.iter().enumerate() {
        if listed.contains(name) && !seen.insert(name) {
            let what = "the column is there twice: keep one of the two";
            return Err(fault(STRUCTURE, told(index, name), what.into()));
        }
    }
    let missing: Vec<&String> = expected
        .iter()
        .filter(|name| !seen.contains(name))
        .collect();
    let extra = found
        .iter()
        .enumerate()
        .find(|(_, name)| !listed.contains(name));
    if let Some((index, name)) = extra {
        let here = expected
            .get(index)
            .filter(|agreed| missing.contains(agreed));
        let column = told(index, name);
        if let (Some(agreed), true) = (here, found.len() == expected.len()) {
            let what = format!(
                "column {column} stands where the agreement has {agreed}: name it as agreed"
            );
            return Err(fault(STRUCTURE, column, what));
        }
        let what = "the agreement does not list this column: take it out of the file";
        return Err(fault(MINIMISE, column, what.into()));
    }
    if let Some(agreed) = missing.first() {
        let what = "an agreed column is missing: add it, with empty cells where nothing is held";
        return Err(fault(STRUCTURE, (*agreed).clone(), what.into()));
    }
    let moved = found.iter().zip(expected).find(|(a, b)| a != b);
    let column = moved.map_or_else(String::new, |(_, agreed)| agreed.clone());
    Err(fault(
        STRUCTURE,
        column,
        "the columns stand in another order: use the agreed order".into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::check;

    fn expect(found: &str, want: Option<(&str, &str)>) {
        let split = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        let got = check(&split(found), &split("ref,surname,born")).err();
        let got = got
            .as_ref()
            .map(|f| (f.rule.as_str(), f.column.as_deref().unwrap_or("")));
        assert_eq!(got, want, "{found}");
    }

    // shows: RUN-07, RUN-09
    #[test]
    fn every_way_a_header_can_differ_is_named() {
        expect("ref,surname,born", None);
        expect("ref,surname,born,religion", Some(("RUN-07", "religion")));
        expect("ref,religion,surname,born", Some(("RUN-07", "religion")));
        expect("ref,surname", Some(("RUN-09", "born")));
        expect("ref,family name,born", Some(("RUN-09", "family name")));
        expect("ref,surname,surname", Some(("RUN-09", "surname")));
        expect("surname,ref,born", Some(("RUN-09", "ref")));
        expect("ref,surname,born,", Some(("RUN-07", "D")));
        expect("ref,surname,born,=cmd()", Some(("RUN-07", "D")));
    }

    #[test]
    fn a_first_row_that_is_no_header_is_not_repeated() {
        expect("123,Okafor,1980-01-01", Some(("RUN-09", "")));
    }

    #[test]
    fn both_names_of_a_renamed_column_are_told() {
        let found = ["ref".to_owned(), "family name".to_owned()];
        let fault = check(&found, &["ref".to_owned(), "surname".to_owned()]).unwrap_err();
        assert!(fault.what.contains("family name") && fault.what.contains("surname"));
    }
}
