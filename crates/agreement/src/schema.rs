//! The language as data: the published JSON Schema of agreements and of law files, and the reference of every
//! construct. Both are made of the declarations that the reader is made of.

use serde_json::Value as Json;

use crate::grammar::{Book, Construct, PartDoc};
use crate::law::file as law;
use crate::model as m;
use crate::words::{Kind, LISTS};

/// The JSON Schema (2020-12) of an agreement.
pub fn agreement_schema() -> Json {
    m::schema()
}

/// The JSON Schema (2020-12) of a file of the law catalogue.
pub fn law_schema() -> Json {
    let mut book = Book::default();
    let root = <law::LawFile as crate::grammar::Written>::schema(&mut book);
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Concordat law catalogue file",
        "allOf": [root],
        "$defs": book.defs,
    })
}

/// One part of a construct, as the reference lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartReference {
    /// Its key.
    pub key: &'static str,
    /// Which agreements need it.
    pub needed: Needed,
    /// The rule that is broken where it is missing.
    pub rule: &'static str,
    /// What is written there.
    pub words: String,
    /// What it means.
    pub doc: String,
}

/// Which agreements need a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needed {
    /// Every one.
    Always,
    /// These kinds.
    By(&'static [Kind]),
    /// None.
    Never,
}

/// One construct, as the reference lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstructReference {
    /// The name of its definition in the schema.
    pub name: &'static str,
    /// What messages call it.
    pub what: &'static str,
    /// What it is.
    pub doc: String,
    /// Its parts, in the order of the declaration.
    pub parts: Vec<PartReference>,
}

fn construct<T: Construct>(name: &'static str) -> ConstructReference {
    let root = name == "Agreement";
    let part = |p: PartDoc| PartReference {
        key: p.key,
        needed: match (p.needed, if root { m::needed_by(p.key) } else { &[] }) {
            (true, _) => Needed::Always,
            (false, []) => Needed::Never,
            (false, kinds) => Needed::By(kinds),
        },
        rule: if root && !p.needed {
            m::rule_of(p.key).unwrap_or(p.rule)
        } else {
            p.rule
        },
        words: p.words,
        doc: p.doc,
    };
    ConstructReference {
        name,
        what: T::WHAT,
        doc: T::doc(),
        parts: T::parts().into_iter().map(part).collect(),
    }
}

macro_rules! reference {
    ($($kind:ident),* $(,)?) => { vec![$(construct::<m::$kind>(stringify!($kind))),*] };
}

/// Every construct of an agreement.
pub fn reference() -> Vec<ConstructReference> {
    reference![
        Agreement,
        Source,
        RegimeBlock,
        Lasts,
        Review,
        Before,
        Signatures,
        ProcessAgreements,
        Vocabulary,
        Party,
        EachOf,
        Adequacy,
        PersonBlock,
        Case,
        Purpose,
        Fact,
        Condition,
        Told,
        Received,
        TestBlock,
        Dataset,
        Each,
        RowOf,
        RowWindow,
        TaxYears,
        Field,
        WhenPresent,
        UpTo,
        Window,
        Never,
        Derived,
        Rules,
        Elsewhere,
        Line,
        Route,
        Flow,
        WhenBlock,
        OnDemandBlock,
        OtherNeeds,
        Volume,
        Beyond,
        NeedFor,
        Again,
        AgainRows,
        AgainThen,
        Answers,
        Follows,
        OnlyAfter,
        Controllers,
        Decision,
        AfterBlock,
        ReceivedBy,
        BeforeKeep,
        KeepLine,
        WhereMatch,
        Occasion,
        NeedReviewed,
        Unless,
        Clock,
        Earlier,
        Approval,
        Proportionality,
        Confidentiality,
        Assessment,
        Benefit,
        Requests,
        Prose,
        Clause,
        Signer,
        Contacts,
        Record,
        Deputy,
        Control,
        Version,
        Waiver,
        Reading,
        Gap,
    ]
}

/// Every closed list of words: its name, what it is, and each word with its meaning.
pub fn word_lists() -> impl Iterator<
    Item = (
        &'static str,
        &'static str,
        Vec<(&'static str, &'static str)>,
    ),
> {
    LISTS.iter().map(|(name, doc, words)| {
        let words = words
            .iter()
            .map(|(word, means)| (*word, means.trim()))
            .collect();
        (*name, doc.trim(), words)
    })
}
