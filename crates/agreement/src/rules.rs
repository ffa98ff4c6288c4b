//! The rules of the language itself, each with its sentence. Rules that stand in the requirements register
//! (LEG, AGR, RUN ...) are named by their own ids and are not repeated here.

/// A rule's id and what it asks.
pub type Rule = (&'static str, &'static str);

pub(crate) const READABLE: &str = "LANG-01";
pub(crate) const PLAIN_YAML: &str = "LANG-02";
pub(crate) const TWICE: &str = "LANG-03";
pub(crate) const UNKNOWN_KEY: &str = "LANG-04";
pub(crate) const MISSING: &str = "LANG-05";
pub(crate) const SHAPE: &str = "LANG-06";
pub(crate) const WORD: &str = "LANG-07";
pub(crate) const UNDECLARED: &str = "LANG-08";
pub(crate) const DETAIL: &str = "LANG-09";
pub(crate) const CIRCLE: &str = "LANG-10";
pub(crate) const KNOWN_TO: &str = "LANG-11";
pub(crate) const TEST_TYPE: &str = "LANG-12";
pub(crate) const GAP: &str = "LANG-13";
pub(crate) const UNUSED: &str = "LANG-14";
pub(crate) const ANSWERS: &str = "LANG-15";
pub(crate) const NEVER: &str = "LANG-16";
pub(crate) const OPEN_GAP: &str = "LANG-17";
pub(crate) const MANY_FAULTS: &str = "LANG-18";
pub(crate) const HAVE: &str = "LANG-19";
pub(crate) const SIZE: &str = "LANG-20";
pub(crate) const FOLLOWS: &str = "LANG-21";
pub(crate) const TOGETHER: &str = "LANG-22";
pub(crate) const PROCESSOR: &str = "LANG-23";
pub(crate) const SUBJECT: &str = "LANG-24";
pub(crate) const VOCABULARY: &str = "LANG-25";
pub(crate) const DOOR: &str = "LANG-26";
pub(crate) const MEMBER: &str = "LANG-27";
pub(crate) const COMMA: &str = "LANG-28";
pub(crate) const ABOUT: &str = "LANG-29";
pub(crate) const TELLS: &str = "LANG-30";

/// Every rule of the language.
pub const LANGUAGE: &[Rule] = &[
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
        "Nothing is written twice: no key in a block, no name in a list, no column in a flow.",
    ),
    (
        UNKNOWN_KEY,
        "Every key is a key of the language; nothing is ignored.",
    ),
    (MISSING, "Every part that a construct needs is written."),
    (
        SHAPE,
        "Each part has its shape: a block of keys, a list, or a text.",
    ),
    (
        WORD,
        "Each word, number, date, period or name is of its form or from its closed list.",
    ),
    (
        UNDECLARED,
        "A name that is used is declared in this file or in the law catalogue.",
    ),
    (
        DETAIL,
        "Each detail stands only beside what it details: values beside a type that has values, a window beside days, a reason beside a field of its own.",
    ),
    (
        CIRCLE,
        "Conditions and copies rest on others at most 16 deep and never on themselves.",
    ),
    (
        KNOWN_TO,
        "A condition of a flow uses only what its sender can know.",
    ),
    (TEST_TYPE, "A test fits the type of what it tests."),
    (
        GAP,
        "A gap that is used is listed with its question, its owner and what it stops, which is enough for the place where it is used; a gap is waived only where a waiver can stand in for it.",
    ),
    (UNUSED, "What is declared is used (a warning)."),
    (
        ANSWERS,
        "An answer goes from a party that was asked to the party that asked, about the people it was asked about or third parties.",
    ),
    (
        NEVER,
        "A field that a dataset says it never has is not in it.",
    ),
    (
        OPEN_GAP,
        "An open gap that the file lists is shown, with what it stops (it is no fault).",
    ),
    (MANY_FAULTS, "At most 500 faults of a file are shown."),
    (
        HAVE,
        "A party copies or tests only fields that it sends first or has received.",
    ),
    (
        SIZE,
        "An agreement has at most 2,000 columns, 2,000 terms of conditions and 20,000 permits to disclose.",
    ),
    (
        FOLLOWS,
        "A flow follows only flows that its sender sent or received, and is sent on to another than who asked.",
    ),
    (
        TOGETHER,
        "What goes together goes between the same parties, in the same form and on the same route.",
    ),
    (
        PROCESSOR,
        "A processor sends and receives nothing of its own: it handles what its controller sends or receives, or carries what it cannot read.",
    ),
    (
        SUBJECT,
        "What goes to the person it is about is about that person alone, and says so.",
    ),
    (
        VOCABULARY,
        "The texts keep to the words that the agreement sets itself.",
    ),
    (
        DOOR,
        "A decision says what must be so before it, or out of what it is taken.",
    ),
    (
        MEMBER,
        "What goes to each body of a register says of each row for which of them it is; nothing goes from one of them to another.",
    ),
    (
        COMMA,
        "A text with a comma in it stands in quotes where it stands in brackets, since a comma ends a text there (a warning).",
    ),
    (
        ABOUT,
        "A copy, and what is calculated, is about whom its source is about.",
    ),
    (
        TELLS,
        "A field that tells a fact has the fact's type and no more than one value, and a flow sends it to a party to which the fact is known.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_numbered_without_a_hole() {
        for (i, (id, sentence)) in LANGUAGE.iter().enumerate() {
            assert_eq!(*id, format!("LANG-{:02}", i + 1));
            assert!(sentence.ends_with(['.', ')']), "{id}");
        }
    }
}
