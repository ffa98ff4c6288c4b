//! The rules of a model's file, each with its sentence.

/// A rule's id and what it asks.
pub type Rule = (&'static str, &'static str);

pub(super) const READABLE: &str = "LINK-01";
pub(super) const PLAIN_YAML: &str = "LINK-02";
pub(super) const TWICE: &str = "LINK-03";
pub(super) const UNKNOWN_KEY: &str = "LINK-04";
pub(super) const MISSING: &str = "LINK-05";
pub(super) const SHAPE: &str = "LINK-06";
pub(super) const WORD: &str = "LINK-07";
pub(super) const UNDECLARED: &str = "LINK-08";
pub(super) const FITS: &str = "LINK-09";
pub(super) const ORDER: &str = "LINK-10";
pub(super) const SIZE: &str = "LINK-11";
pub(super) const GIVEN: &str = "LINK-12";
pub(super) const CAP: &str = "LINK-13";
pub(super) const JOINT: &str = "LINK-14";
pub(super) const DECIDE: &str = "LINK-15";
pub(super) const MANY_FAULTS: &str = "LINK-16";

/// Every rule.
pub const RULES: &[Rule] = &[
    (
        READABLE,
        "The file is UTF-8 text of at most 1 MiB, without tabs in its indentation or invisible controls, nested at most 32 deep and with at most 512 entries in a block or list.",
    ),
    (
        PLAIN_YAML,
        "The file is one YAML 1.2 document without anchors, aliases, tags, directives or keys that are not plain text.",
    ),
    (
        TWICE,
        "Nothing is written twice: no key in a block, no column in a value, no value in a column, no key in a rule, no rule, no level in a comparison, no name in a group, no evidence.",
    ),
    (
        UNKNOWN_KEY,
        "Every key is a key of the form; nothing is ignored.",
    ),
    (
        MISSING,
        "Every part that is needed is written and not empty: at least one column, one blocking rule, one comparison and one level of each.",
    ),
    (
        SHAPE,
        "Each part has its shape: a block of keys, a list, or a text.",
    ),
    (
        WORD,
        "Each name, word and number is of its form, from its closed list and within its bounds.",
    ),
    (
        UNDECLARED,
        "A column, a comparison or a level that is named is there.",
    ),
    (
        FITS,
        "The part of a key and the level of a comparison fit the kind of their column.",
    ),
    (
        ORDER,
        "Levels go from the closest on: none stands after one that holds wherever it does.",
    ),
    (
        SIZE,
        "A model has at most 12 comparisons of at most 14 levels each, at most 16 rules for blocking and training together, and at most 8 values of a column are compared.",
    ),
    (
        GIVEN,
        "Of a level m and u are both given or neither, and neither in a joint group; those of one comparison leave something for what meets none of its levels.",
    ),
    (
        CAP,
        "A cap stands with the keys that are asked for beyond it, and these with a cap.",
    ),
    (
        JOINT,
        "A joint group has at least two comparisons, and no comparison is in two groups.",
    ),
    (
        DECIDE,
        "A pair is looked at from a lower probability than that from which it is strong.",
    ),
    (MANY_FAULTS, "At most 500 faults of a file are shown."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_numbered_without_a_hole() {
        for (i, (id, sentence)) in RULES.iter().enumerate() {
            assert_eq!(*id, format!("LINK-{:02}", i + 1));
            assert!(sentence.ends_with('.'), "{id}");
        }
    }
}
