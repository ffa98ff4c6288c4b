//! What a new version changes, and who must sign it again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use agreement::diff::{Change, How, diff};
use agreement::render::{Memo, memorandum};
use agreement::{Plan, lay_out};
use common::base_with;
use common::yaml::{Draw, read, write};
use proptest::prelude::*;

fn version(text: &str) -> (Plan, Memo) {
    let (memo, checked) = memorandum("x", text.as_bytes(), &common::law(), &common::library());
    (
        checked
            .plan
            .unwrap_or_else(|| panic!("{:?}", checked.diagnostics)),
        memo.unwrap(),
    )
}

fn change(old: &str, new: &str) -> Change {
    let (old, new) = (version(old), version(new));
    diff((&old.0, &old.1), (&new.0, &new.1))
}

fn signers(change: &Change) -> Vec<String> {
    change.sign_again.iter().map(ToString::to_string).collect()
}

#[test]
fn a_field_that_is_added_gives_permits_and_needs_signatures() {
    let base = base_with("");
    let field = "      full_name: { type: name, class: personal, why: [identifies] }\n";
    assert!(base.contains(field));
    let more = base.replace(
        field,
        &format!("{field}      born: {{ type: date, class: personal, why: [identifies] }}\n"),
    );
    let given = change(&base, &more);
    let ids: Vec<String> = given.given.iter().map(|p| p.id.to_string()).collect();
    assert!(
        ids.contains(&"ask/list.born/person/iana-2006-s36".to_owned()),
        "{ids:?}"
    );
    assert!(given.taken.is_empty() && given.altered.is_empty());
    assert_eq!(signers(&given), ["hmrc", "ho"]);
    assert!(
        given
            .clauses
            .iter()
            .any(|c| c.id == "datasets/list" && c.how == How::Changed)
    );
    assert!(
        given
            .parts
            .iter()
            .any(|p| p.path == "datasets.list.fields" && p.was.is_none())
    );
    let taken = change(&more, &base);
    assert_eq!(taken.taken.len(), given.given.len());
    assert!(taken.given.is_empty());
}

#[test]
fn a_longer_term_gives_no_permit_and_changes_all() {
    let base = base_with("");
    let longer = change(&base, &base.replace("for: 24 months", "for: 36 months"));
    assert!(longer.given.is_empty() && longer.taken.is_empty());
    assert!(longer.altered.values().any(|what| what == &["dates"]));
    let part = longer.parts.iter().find(|p| p.path == "term.for").unwrap();
    assert_eq!(
        (part.was.clone(), part.is.clone()),
        (Some("24 months".into()), Some("36 months".into()))
    );
}

// shows: PTY-05
#[test]
fn a_new_contact_needs_no_new_signature() {
    let base = base_with("");
    let new = change(
        &base,
        &base.replace("incidents@ho.example", "other@ho.example"),
    );
    assert!(new.annex && new.sign_again.is_empty() && new.parts.is_empty());
    assert!(new.clauses.iter().any(|c| c.id == "contacts"));
}

#[test]
fn who_signs_no_longer_is_told() {
    let base = base_with("");
    let unit = base.replace(
        "unit: Analytics, is: controller, lawful-basis: gdpr-6-1-e }",
        "unit: Analytics, is: controller, lawful-basis: gdpr-6-1-e, units: { board: \"signs\" } }",
    );
    let signed = unit.replace(
        "  hmrc: { role: Director }",
        "  hmrc.board: { role: Director }",
    );
    let other = change(&unit, &signed);
    assert_eq!(signers(&other), ["hmrc.board", "ho"]);
    assert_eq!(
        other
            .signs_no_longer
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["hmrc"]
    );
}

proptest! {
    #![proptest_config(common::cases(24))]

    /// Files that differ in layout alone differ in nothing; laid out anew they are the same text, and say the same.
    #[test]
    fn layout_changes_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let base = base_with("");
        let other = write(&read(&base), &mut Draw(&bytes));
        let laid = lay_out("x", other.as_bytes()).unwrap();
        prop_assert_eq!(&lay_out("x", laid.as_bytes()).unwrap(), &laid, "a second time");
        for text in [&other, &laid] {
            let none = change(&base, text);
            prop_assert_eq!(none.hashes[0], none.hashes[1]);
            prop_assert!(none.given.is_empty() && none.taken.is_empty() && none.altered.is_empty());
            prop_assert!(none.parts.is_empty() && none.sign_again.is_empty() && !none.annex);
        }
        let comments = |text: &str| text.matches("# a comment").count() + text.matches("# why not").count();
        prop_assert_eq!(comments(&other), comments(&laid));
    }
}

/// Every agreement of the repository is in the one layout.
#[test]
fn the_agreements_are_laid_out() {
    for folder in [
        "../../agreements",
        "../../agreements/examples",
        "tests/cases/beside",
    ] {
        for (name, text) in common::files(folder) {
            assert_eq!(
                lay_out(&name, text.as_bytes()).unwrap(),
                text,
                "{name}: `concordat fmt` lays it out"
            );
        }
    }
}
