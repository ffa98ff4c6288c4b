//! Facts, datasets and their fields, and what is derived.

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::grammar::{
    Book, InOrder, Items, Named, Number, Part, Seq, Set, Slot, Together, Written, Yes, constructs,
};
use crate::ids::{
    ActorId, AgreementId, ConditionId, DatasetId, FactId, FieldName, FieldPath, GapId, LabelId,
    PartyId, PersonKind, ReadingId,
};
use crate::log::{At, Log};
use crate::model::TestOf;
use crate::period::Period;
use crate::words::{Class, Fallback, Minted, Moment, Presence, Recorded, TypeName, Why};
use document::{Node, Value};

constructs! {
    /// A fact: read to decide, never moved.
    Fact = "fact" {
        /// Its type.
        need kind = "type": TypeName;
        /// The values it can have, where its type is `one-of`.
        may values = "values": Set<String>;
        /// The list of the catalogue, where its type is `listed`.
        may list = "list": LabelId;
        /// What kind of person, or which case, it is about.
        need of = "of": Set<PersonKind>;
        /// The parties that can know it.
        need known_to = "known-to": Set<PartyId>;
        /// How it is recorded.
        may recorded_as = "recorded-as": Recorded;
        /// Can there be several values?
        may many = "many": Many;
        /// Where it is read from.
        may read_from = "read-from": String;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// A dataset: about whom, one row per what, which fields.
    Dataset = "dataset" {
        /// The kinds of person that its cells are about, or `nobody`.
        need about = "about": About;
        /// What a row stands for.
        need one_row_per = "one-row-per": RowPer;
        /// Kinds of information that a law treats in its own way.
        may information = "information": Set<LabelId>;
        /// How far back its rows reach.
        may window = "window": RowWindow;
        /// Its fields, in the order of the columns.
        need fields = "fields": InOrder<FieldName, Field> ["AGR-12"];
        /// Fields that it never has, each with its reason: a struck column does not come back unnoticed.
        may never = "never": Named<FieldName, Never>;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// A row that stands for something else than a person.
    Each = "one-row-per" {
        /// What it stands for, in a word.
        need each = "each": LabelId;
    }

    /// A row that belongs to a row of another dataset.
    RowOf = "one-row-per" {
        /// That dataset.
        need row_of = "row-of": DatasetId;
    }

    /// A field that a dataset never has.
    Never = "never" {
        /// Why not.
        need why = "why": String;
        /// The field that serves instead.
        may instead = "instead": FieldPath;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// A field. It has a type, is a copy, or is a gap.
    Field = "field" {
        /// The form of its cells.
        may kind = "type": TypeName;
        /// The values it can have, where its type is `one-of`; the fields it can point to, where it is `which-of`.
        may values = "values": Set<String>;
        /// The list of the catalogue, where its type is `listed`.
        may list = "list": LabelId;
        /// The fields it copies; their type, class and reasons are its own.
        may copy_of = "copy-of": Seq<FieldPath>;
        /// What is not settled about it.
        may gap = "gap": GapName;
        /// Its class.
        may class = "class": Class;
        /// Why it is sent.
        may why = "why": Set<Why>;
        /// Why it must be sent although it is sensitive, and how it is guarded.
        may handling = "handling": Slot<String>;
        /// May a cell be empty? Without it, never.
        may present = "present": Present;
        /// How many values may a cell have? Without it, one.
        may many = "many": Many;
        /// How far back its values reach.
        may window = "window": Window;
        /// Who makes the value: the exchange itself.
        may minted = "minted": Minted;
        /// The condition on which a cell of it may go at all.
        may only = "only": ConditionId;
        /// The fact that its receiver learns from it: what a cell says counts as that fact from then on.
        may tells = "tells": FactId;
        /// What must happen before it is permitted.
        may off_until = "off-until": LabelId;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
    together [
        Together::One("LANG-05", &["type", "copy-of", "gap"]),
    ]

    /// A cell that must be there on a condition.
    WhenPresent = "present" {
        /// It is there where the test of another field of the row holds.
        may when = "when": TestOf;
        /// It is there where another field of the row is not recorded.
        may unless_known = "unless-known": FieldName;
    }
    together [
        Together::One("LANG-05", &["when", "unless-known"]),
    ]

    /// At most so many values.
    UpTo = "many" {
        /// The number.
        need up_to = "up-to": Number<999>;
    }

    /// How far back values reach.
    Window = "window" {
        /// That far.
        may back = "back": Period;
        /// Whole tax years.
        may tax_years = "tax-years": TaxYears;
        /// What stands instead, where all values lie outside.
        may fallback = "else": Fallback;
        /// The moment at which it is measured; without it, when the flow is sent.
        may from = "from": Moment;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
    together [
        Together::One("LANG-05", &["back", "tax-years"]),
    ]

    /// How far back the rows of a dataset reach.
    RowWindow = "window" {
        /// That far.
        may back = "back": Period;
        /// Whole tax years.
        may tax_years = "tax-years": TaxYears;
        /// The field of type date by which a row is measured; where it is empty, the row reaches the present.
        need by = "by": FieldName;
        /// The moment at which it is measured; without it, when the flow is sent.
        may from = "from": Moment;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }
    together [
        Together::One("LANG-05", &["back", "tax-years"]),
    ]

    /// Tax years, from 6 April to 5 April (C-22).
    TaxYears = "tax-years" {
        /// The present one too?
        need current = "current": bool;
        /// How many before it.
        need before = "before": Number<99>;
    }

    /// Something that is calculated: the only thing that may come out of it.
    Derived = "derived" {
        /// The kinds of person that it is about, or `nobody`.
        need about = "about": About;
        /// The party that calculates, and keeps it.
        need at = "at": PartyId;
        /// The datasets out of which it is calculated.
        need out_of = "out-of": Seq<Ingredient>;
        /// The rules by which it is calculated.
        need rules = "rules": Rules ["RTC-12"];
        /// What a row stands for.
        need one_row_per = "one-row-per": RowPer;
        /// What comes out, in order.
        need fields = "fields": InOrder<FieldName, Field> ["AGR-12"];
        /// Nothing else comes out and nothing else is kept.
        need nothing_else = "may-hold-nothing-else": Yes ["RTC-09"];
        /// What it may be used for.
        need purposes = "for": Set<crate::ids::PurposeId> ["LEG-23"];
        /// The roles that may see it.
        need seen_by = "seen-by": Set<ActorId>;
        /// The paragraph of the source.
        may cite = "cite": String;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
    }

    /// The rules of a calculation.
    Rules = "rules" {
        /// Their name.
        need name = "name": LabelId;
        /// Their version.
        need version = "version": Slot<String> ["RTC-12"];
    }

    /// A dataset of another agreement; a calculation out of two agreements needs consent in both.
    Elsewhere = "out-of" {
        /// The other agreement.
        need agreement = "agreement": AgreementId;
        /// Its dataset.
        need dataset = "dataset": DatasetId;
        /// May it be missing?
        may present = "present": Presence;
        /// The reading it rests on.
        may reading = "reading": ReadingName;
        /// The paragraph of the source.
        may cite = "cite": String;
    }
}

impl About {
    fn kinds(about: &Part<Self>) -> &[At<PersonKind>] {
        match about.as_ref().map(|at| &at.value) {
            Some(Self::Kinds(kinds)) => &kinds.0,
            Some(Self::Nobody) | None => &[],
        }
    }
}

impl Derived {
    /// The kinds of person it is about; none where it is about nobody.
    pub(crate) fn kinds(&self) -> &[At<PersonKind>] {
        About::kinds(&self.about)
    }
}

/// The columns of a dataset.
impl Dataset {
    pub(crate) fn columns(&self) -> impl Iterator<Item = &(At<FieldName>, Field)> {
        self.fields.iter().flat_map(|at| &at.value.0)
    }

    /// The kinds of person it is about; none where it is about nobody.
    pub(crate) fn kinds(&self) -> &[At<PersonKind>] {
        About::kinds(&self.about)
    }

    /// Is it about nobody?
    pub(crate) fn about_nobody(&self) -> bool {
        matches!(self.about.as_ref().map(|at| &at.value), Some(About::Nobody))
    }
}

/// Whom the cells of a dataset are about.
#[derive(Clone, Debug)]
pub(crate) enum About {
    Nobody,
    Kinds(Set<PersonKind>),
}

impl Serialize for About {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nobody => "nobody".serialize(to),
            Self::Kinds(kinds) => kinds.serialize(to),
        }
    }
}

impl Written for About {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        if matches!(&node.value, Value::Text { text, .. } if text == "nobody") {
            return Some(Self::Nobody);
        }
        Set::read(node, log).map(Self::Kinds)
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [{ "const": "nobody" }, Set::<PersonKind>::schema(book)] })
    }

    fn words() -> String {
        format!("{}, or `nobody`", Set::<PersonKind>::words())
    }
}

/// What a row of a dataset stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RowPer {
    /// A person, a run, a call: a word that the language knows.
    Word(PersonKind),
    /// A row of another dataset.
    RowOf(DatasetId),
    /// Something else: an address, a school.
    Each(LabelId),
}

/// Words that stand for a row without being declared.
pub(crate) const ROW_WORDS: [&str; 3] = ["person", "run", "call"];

impl Serialize for RowPer {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Word(word) => word.serialize(to),
            Self::RowOf(dataset) => json!({ "row-of": dataset }).serialize(to),
            Self::Each(what) => json!({ "each": what }).serialize(to),
        }
    }
}

impl Written for RowPer {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            return PersonKind::read(node, log).map(Self::Word);
        };
        if entries.iter().any(|(k, _)| k.text == "each") {
            let each = Each::read(node, log)?;
            return Some(Self::Each(each.each?.value));
        }
        let of = RowOf::read(node, log)?;
        Some(Self::RowOf(of.row_of?.value))
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [PersonKind::schema(book), RowOf::schema(book), Each::schema(book)] })
    }

    fn words() -> String {
        "a kind of person, `person`, `run`, `call`, `{ row-of: dataset }`, or `{ each: address }`"
            .to_owned()
    }
}

/// The name of a gap that stands in a block beside other keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct GapName(pub(crate) GapId);

impl Written for GapName {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let name = GapId::read(node, log)?;
        log.use_gap(name.clone(), node.span);
        Some(Self(name))
    }

    fn schema(book: &mut Book) -> Json {
        GapId::schema(book)
    }

    fn words() -> String {
        GapId::words()
    }
}

/// The name of the reading that a part rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct ReadingName(pub(crate) ReadingId);

impl Written for ReadingName {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        let name = ReadingId::read(node, log)?;
        log.use_reading(name.clone(), node.span);
        Some(Self(name))
    }

    fn schema(book: &mut Book) -> Json {
        ReadingId::schema(book)
    }

    fn words() -> String {
        ReadingId::words()
    }
}

/// How many values a cell may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Many {
    All,
    UpTo(u32),
}

impl Serialize for Many {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => "all".serialize(to),
            Self::UpTo(n) => n.to_string().serialize(to),
        }
    }
}

impl Written for Many {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        match &node.value {
            Value::Map(_) => Some(Self::UpTo(UpTo::read(node, log)?.up_to?.value.0)),
            Value::Text { .. } | Value::List(_) => {
                crate::grammar::word(node, log, &[("all", Self::All)], crate::rules::WORD)
            }
        }
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [{ "const": "all" }, UpTo::schema(book)] })
    }

    fn words() -> String {
        "`all`, or `{ up-to: 4 }`".to_owned()
    }
}

/// May a cell be empty?
#[derive(Clone, Debug)]
pub(crate) enum Present {
    Word(Presence),
    When(TestOf),
    UnlessKnown(FieldName),
}

impl Serialize for Present {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Word(word) => word.serialize(to),
            Self::When(test) => json!({ "when": test }).serialize(to),
            Self::UnlessKnown(field) => json!({ "unless-known": field }).serialize(to),
        }
    }
}

impl Written for Present {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        if let Value::Map(_) = &node.value {
            let block = WhenPresent::read(node, log)?;
            let when = block.when.map(|at| Self::When(at.value));
            return when.or(block.unless_known.map(|at| Self::UnlessKnown(at.value)));
        }
        Presence::read(node, log).map(Self::Word)
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [Presence::schema(book), WhenPresent::schema(book)] })
    }

    fn words() -> String {
        format!(
            "{}, `{{ when: {{ field: test }} }}`, or `{{ unless-known: field }}`",
            Presence::words()
        )
    }
}

/// Out of what something is derived.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Ingredient {
    Here(DatasetId),
    Elsewhere(Box<Elsewhere>),
}

impl PartialEq for Ingredient {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Here(a), Self::Here(b)) => a == b,
            (Self::Elsewhere(a), Self::Elsewhere(b)) => {
                let key = |e: &Elsewhere| {
                    (
                        e.agreement.as_ref().map(|at| at.value.clone()),
                        e.dataset.as_ref().map(|at| at.value.clone()),
                    )
                };
                key(a) == key(b)
            }
            (Self::Here(_), Self::Elsewhere(_)) | (Self::Elsewhere(_), Self::Here(_)) => false,
        }
    }
}

impl Written for Ingredient {
    fn read(node: &Node, log: &Log) -> Option<Self> {
        match &node.value {
            Value::Map(_) => Elsewhere::read(node, log).map(|e| Self::Elsewhere(Box::new(e))),
            Value::Text { .. } | Value::List(_) => DatasetId::read(node, log).map(Self::Here),
        }
    }

    fn schema(book: &mut Book) -> Json {
        json!({ "anyOf": [DatasetId::schema(book), Elsewhere::schema(book)] })
    }

    fn words() -> String {
        "a dataset, or `{ agreement: name, dataset: name }`".to_owned()
    }
}

impl Field {
    /// Is it a copy of others?
    pub(crate) fn is_copy(&self) -> bool {
        !self.copy_of.all().is_empty()
    }
}

/// The window of a field or of the rows of a dataset, in one form.
pub(crate) fn window(back: &Part<Period>, years: &Part<TaxYears>) -> Option<crate::window::Reach> {
    match (back, years) {
        (Some(back), _) => Some(crate::window::Reach::Back(back.value)),
        (None, Some(years)) => Some(crate::window::Reach::TaxYears {
            current: years.value.current.as_ref()?.value,
            before: years.value.before.as_ref()?.value.0,
        }),
        (None, None) => None,
    }
}
