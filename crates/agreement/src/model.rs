//! The agreement as written: each construct with its parts, each part with its place in the file.
//!
//! A required part is none only where its fault has been told; so where no fault was told, all of them are
//! there. What is serialised here is what is signed: places, comments and layout are not in it, and contacts
//! stand in the annex.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use crate::condition::{Join, Term as Test};
use crate::diagnostic::Span;
use crate::ids::{
    AgreementId, BasisId, BodyId, ConditionId, DatasetId, DecisionId, FactId, FieldName, FieldPath,
    FlowId, GapId, GatewayId, LegalPurpose, PartyId, PersonKind, PurposeId, ReadingId, RoleId,
    SystemId,
};
use crate::keep::{
    Class, Force, Form, Frequency, Many, Place, Presence, RowCover, Stops, Then, When, Why,
};
use crate::period::Period;
use crate::plan::After;
use crate::read::At;
use crate::value::FieldType;

mod data;
mod flow;
mod header;
mod rest;
mod test;

pub(crate) use data::clash as data_clash;
pub(crate) use header::read;

/// A part whose fault was told where it is none.
pub(crate) type Part<T> = Option<At<T>>;

/// What the agreement settles, or the gap that stands in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Slot<T> {
    Given(T),
    Gap(GapId),
}

impl<T> Slot<T> {
    pub(crate) fn given(&self) -> Option<&T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Gap(_) => None,
        }
    }
}

/// Numbers are signed as text, so that no two programs round them differently.
fn as_text<T: ToString, S: Serializer>(part: &Part<T>, to: S) -> Result<S::Ok, S::Error> {
    part.as_ref().map(|at| at.value.to_string()).serialize(to)
}

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub(crate) struct $name { $($(#[$fdoc])* pub(crate) $field: $kind,)* }
    )*};
}

parts! {
    Agreement {
        #[serde(skip)]
        span: Span,
        agreement: Part<AgreementId>,
        title: Part<String>,
        kind: Part<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<Source>,
        under: BTreeMap<String, At<Slot<String>>>,
        regime: Part<String>,
        marking: Part<&'static str>,
        charges: Part<Slot<String>>,
        term: Option<Term>,
        parties: BTreeMap<PartyId, At<Party>>,
        people: BTreeMap<PersonKind, At<String>>,
        purposes: BTreeMap<PurposeId, At<Purpose>>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        facts: BTreeMap<FactId, At<Fact>>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        conditions: BTreeMap<ConditionId, At<Condition>>,
        datasets: BTreeMap<DatasetId, At<Dataset>>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        bases: BTreeMap<BasisId, At<Vec<Line>>>,
        flows: BTreeMap<FlowId, At<Flow>>,
        onward: BTreeMap<String, At<Vec<At<FlowId>>>>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        decisions: BTreeMap<DecisionId, At<Decision>>,
        keep: Vec<KeepLine>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Clock>,
        #[serde(skip)]
        contacts: BTreeMap<PartyId, At<Slot<BTreeMap<&'static str, String>>>>,
        signed: BTreeMap<PartyId, At<Slot<String>>>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        readings: BTreeMap<ReadingId, At<Reading>>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        gaps: BTreeMap<GapId, At<Gap>>,
    }
    Source {
        document: Part<String>,
        cited_as: Part<String>,
    }
    Term {
        #[serde(skip)]
        span: Span,
        from: Part<Slot<Date>>,
        #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
        period: Part<Period>,
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Part<Date>,
        review_every: Part<Period>,
    }
    Party {
        body: Part<BodyId>,
        unit: Part<String>,
        is: Part<&'static str>,
        reads: Vec<At<SystemId>>,
    }
    Purpose {
        text: Part<String>,
        law: Vec<At<LegalPurpose>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cite: Part<String>,
    }
    Fact {
        #[serde(rename = "type")]
        kind: Part<FieldType>,
        of: Part<PersonKind>,
        known_to: Vec<At<PartyId>>,
    }
    Condition {
        join: Join,
        terms: Vec<At<Test>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cite: Part<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reading: Part<ReadingId>,
    }
    Dataset {
        about: Vec<At<PersonKind>>,
        one_row_per: Part<RowPer>,
        /// In the order of the columns, which is signed.
        fields: Vec<Field>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        never: BTreeMap<FieldName, At<Never>>,
    }
    Never {
        why: Part<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reading: Part<ReadingId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cite: Part<String>,
    }
    Field {
        name: At<FieldName>,
        #[serde(skip_serializing_if = "Option::is_none")]
        holds: Option<Holds>,
        #[serde(skip_serializing_if = "Option::is_none")]
        class: Part<Class>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        why: Vec<At<Why>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        handling: Part<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        present: Part<Presence>,
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "many_as_text")]
        many: Part<Many>,
        #[serde(skip_serializing_if = "Option::is_none")]
        minted: Part<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reading: Part<ReadingId>,
    }
    Line {
        #[serde(skip)]
        span: Span,
        gate: Part<GatewayId>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        with: Vec<At<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        when: Part<ConditionId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Part<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        only_if: Part<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cite: Part<String>,
    }
    Flow {
        from: Part<PartyId>,
        to: Part<PartyId>,
        send: Vec<At<DatasetId>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        only: Part<ConditionId>,
        by: Option<By>,
        #[serde(rename = "for")]
        purposes: Vec<At<PurposeId>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        when: Part<Slot<Schedule>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        volume: Option<Volume>,
        #[serde(skip_serializing_if = "Option::is_none")]
        answers: Option<Answers>,
        #[serde(rename = "as")]
        form: Part<Slot<Form>>,
        route: Part<Slot<SystemId>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reading: Part<ReadingId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cite: Part<String>,
    }
    Volume {
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
        about: Part<u32>,
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
        give_or_take_percent: Part<u32>,
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
        at_most: Part<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reading: Part<ReadingId>,
    }
    Answers {
        #[serde(skip)]
        span: Span,
        flow: Vec<At<FlowId>>,
        a_row_for: Part<RowCover>,
        pairs_on: Vec<At<FieldName>>,
    }
    Decision {
        by: Part<Actor>,
        of: Vec<At<PersonKind>>,
        after: Part<After>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cite: Part<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reading: Part<ReadingId>,
    }
    KeepLine {
        what: Vec<At<DatasetId>>,
        at: Part<PartyId>,
        #[serde(rename = "in")]
        place: Option<Place>,
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Part<When>,
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Part<When>,
        #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
        period: Part<Period>,
        then: Part<Then>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cite: Part<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reading: Part<ReadingId>,
    }
    Clock {
        what: Part<String>,
        within: Part<Period>,
        from: Part<When>,
        owner: Part<String>,
        force: Part<Force>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cite: Part<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reading: Part<ReadingId>,
    }
    Reading {
        takes: Part<String>,
        owner: Part<String>,
    }
    Gap {
        asks: Part<String>,
        owner: Part<String>,
        stops: Part<Stops>,
        #[serde(skip_serializing_if = "Option::is_none")]
        register: Part<String>,
    }
}

/// What a row of a dataset stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RowPer {
    Person(PersonKind),
    RowOf(DatasetId),
}

/// What a field's cells are.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Holds {
    Type(At<FieldType>),
    CopyOf(At<FieldPath>),
    Gap(At<GapId>),
}

/// The legal basis of a flow.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum By {
    Named(At<BasisId>),
    Lines(Vec<Line>),
}

/// When a flow runs of its own accord; both dates are the first day of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Schedule {
    Every { every: Frequency, from: Date },
    Once(Date),
}

/// A role of a party: `ho.caseworker`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Actor {
    pub(crate) party: PartyId,
    pub(crate) role: RoleId,
}

fn many_as_text<S: Serializer>(part: &Part<Many>, to: S) -> Result<S::Ok, S::Error> {
    let text = part.as_ref().map(|at| match at.value {
        Many::One => "one".to_owned(),
        Many::All => "all".to_owned(),
        Many::UpTo(n) => n.to_string(),
    });
    text.serialize(to)
}

impl Agreement {
    /// One field by its path.
    pub(crate) fn field(&self, path: &FieldPath) -> Option<&Field> {
        field_of(&self.datasets, path)
    }

    /// The field that a field was first copied from, or itself; none where a copy's source is missing.
    pub(crate) fn origin(&self, path: &FieldPath) -> Option<FieldPath> {
        origin_of(&self.datasets, path)
    }

    /// The lines of a flow's legal basis.
    pub(crate) fn lines<'a>(&'a self, flow: &'a Flow) -> &'a [Line] {
        match &flow.by {
            Some(By::Lines(lines)) => lines,
            Some(By::Named(name)) => self
                .bases
                .get(&name.value)
                .map_or(&[], |lines| lines.value.as_slice()),
            None => &[],
        }
    }

    /// All fields, with their paths.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (FieldPath, &Field)> {
        self.datasets.iter().flat_map(|(id, dataset)| {
            dataset
                .value
                .fields
                .iter()
                .map(move |f| (FieldPath::new(id.clone(), f.name.value.clone()), f))
        })
    }
}

pub(crate) fn field_of<'a>(
    datasets: &'a BTreeMap<DatasetId, At<Dataset>>,
    path: &FieldPath,
) -> Option<&'a Field> {
    datasets
        .get(&path.dataset)?
        .value
        .fields
        .iter()
        .find(|f| f.name.value == path.field)
}

/// How deep conditions may rest on conditions, and copies on copies.
pub(crate) const DEEPEST: usize = 16;

pub(crate) fn origin_of(
    datasets: &BTreeMap<DatasetId, At<Dataset>>,
    path: &FieldPath,
) -> Option<FieldPath> {
    let mut at = path.clone();
    for _ in 0..=DEEPEST {
        match &field_of(datasets, &at)?.holds {
            Some(Holds::CopyOf(source)) => at = source.value.clone(),
            Some(Holds::Type(_) | Holds::Gap(_)) | None => return Some(at),
        }
    }
    None
}

/// The type of a field's cells, through its copies.
pub(crate) fn type_of<'a>(
    datasets: &'a BTreeMap<DatasetId, At<Dataset>>,
    path: &FieldPath,
) -> Option<&'a FieldType> {
    match &field_of(datasets, &origin_of(datasets, path)?)?.holds {
        Some(Holds::Type(kind)) => Some(&kind.value),
        Some(Holds::CopyOf(_) | Holds::Gap(_)) | None => None,
    }
}
