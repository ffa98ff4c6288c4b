//! What no file of the repository may hold. Never mends anything.

use std::path::Path;

use crate::{Fault, tree};

/// Folders of one machine, and hosts that serve packages: what a file says must hold everywhere. Written in
/// two halves so that this file does not hold them.
const NOT_HERE: [(&str, &str, &str); 8] = [
    ("/wo", "rk/", "a folder of one machine"),
    ("/ro", "ot/", "a folder of one machine"),
    ("index.crates", ".io", "a package registry's host"),
    ("static.crates", ".io", "a package registry's host"),
    ("registry.npm", "js.org", "a package registry's host"),
    ("pypi", ".org", "a package registry's host"),
    ("proxy.go", "lang.org", "a package registry's host"),
    ("deb.deb", "ian.org", "a package registry's host"),
];

/// The one source that Cargo.lock may name.
const SOURCE: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// What is untidy in the repository at `root`, as `file:line: what`.
///
/// # Errors
/// [`Fault`] when a file cannot be read.
pub fn of(root: &Path) -> Result<Vec<String>, Fault> {
    Ok(check(&tree::texts(root)?))
}

/// What is untidy in `files` (path with `/`, text).
pub fn check(files: &[(String, String)]) -> Vec<String> {
    files
        .iter()
        .flat_map(|(path, text)| file(path, text))
        .collect()
}

fn file(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let parts: Vec<&str> = path.split('/').collect();
    let starts = ["lib.rs", "main.rs"]
        .iter()
        .any(|name| parts.ends_with(&["src", name]));
    if starts && !text.starts_with("//!") {
        found.push(format!(
            "{path}:1: begin with //! and say what the crate is for and what it never does"
        ));
    }
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    for (number, line) in (1usize..).zip(text.lines()) {
        for what in untidy(path, ending, line) {
            found.push(format!("{path}:{number}: {what}"));
        }
    }
    found
}

fn untidy(path: &str, ending: &str, line: &str) -> Vec<String> {
    if path == "Cargo.lock" {
        let foreign = line.starts_with("source = ") && line != SOURCE;
        return foreign
            .then(|| "a package from another source than the public index".to_owned())
            .into_iter()
            .collect();
    }
    let mut found = Vec::new();
    let indent = line
        .split(|c: char| !c.is_whitespace())
        .next()
        .unwrap_or_default();
    // A case file may hold a tab on purpose: that the language refuses it is what the case shows.
    if matches!(ending, "yaml" | "yml") && indent.contains('\t') && !path.contains("tests/cases/") {
        found.push("a tab in the indentation of YAML".to_owned());
    }
    for (one, two, what) in NOT_HERE {
        if line.contains(&format!("{one}{two}")) {
            found.push(format!("{what}: {one}{two}"));
        }
    }
    if ending == "rs" && line.trim_start().starts_with(concat!("#[ignore", "]")) {
        found.push("a test is ignored: say why, #[ignore = \"…\"]".to_owned());
    }
    if nino_that_could_be_issued(line) {
        // The value itself stays out of the message: if the rule is right, it may be a person's.
        found.push(
            "a National Insurance number that could be a person's: use the prefix QQ (SEC-15)"
                .to_owned(),
        );
    }
    found
}

/// Whether the line holds the shape of a National Insurance number (whole, or in pairs with spaces)
/// whose prefix is one that is issued.
fn nino_that_could_be_issued(line: &str) -> bool {
    let chars: Vec<char> = line.chars().collect();
    (0..chars.len()).any(|from| {
        let bounded = from
            .checked_sub(1)
            .and_then(|at| chars.get(at))
            .is_none_or(|c| !c.is_alphanumeric());
        bounded
            && chars
                .get(from..)
                .and_then(prefix)
                .is_some_and(|(a, b)| issued(a, b))
    })
}

/// The two prefix letters, when `text` starts with the whole shape and then ends or goes on otherwise.
fn prefix(text: &[char]) -> Option<(char, char)> {
    let mut shape = Vec::with_capacity(9);
    let mut rest = text.iter().copied().peekable();
    while shape.len() < 9 {
        if matches!(shape.len(), 2 | 4 | 6 | 8) {
            let _ = rest.next_if_eq(&' ');
        }
        let next = rest.next()?;
        let fits = match shape.len() {
            0 | 1 => next.is_ascii_uppercase(),
            8 => matches!(next, 'A'..='D'),
            _ => next.is_ascii_digit(),
        };
        if !fits {
            return None;
        }
        shape.push(next);
    }
    // The picture of the shape, as documentation writes it.
    if shape == ['A', 'A', '9', '9', '9', '9', '9', '9', 'A'] {
        return None;
    }
    let ends = rest.next().is_none_or(|c| !c.is_alphanumeric());
    match shape.as_slice() {
        [a, b, ..] if ends => Some((*a, *b)),
        _ => None,
    }
}

fn issued(a: char, b: char) -> bool {
    let never = ["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"];
    !("DFIQUV".contains(a) || "DFIOQUV".contains(b) || never.contains(&format!("{a}{b}").as_str()))
}
