//! Conditions: named terms over facts and fields, evaluated on one record. Three values: only true gives leave,
//! and unknown is not true: a fact nobody recorded never gives leave. Reads no clock; the day is an argument.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::ids::{ConditionId, FactId, FieldPath, FlowId, PartyId};
use crate::period::{Period, parse_date};
use crate::value::{FieldType, values};
use crate::words::Told;

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Truth {
    /// It holds. Only this gives leave.
    True,
    /// It does not hold.
    False,
    /// Nobody recorded enough to tell.
    Unknown,
}

impl Truth {
    /// Both must hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
        }
    }

    /// Either must hold.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, Self::False) => Self::False,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
        }
    }

    /// It must be known not to hold.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }

    fn of(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

/// What one record says, as text in the form of its type; what is not recorded is none. Several values of one
/// fact or field stand in one text, as [`crate::value::split`] takes them apart.
pub trait Facts {
    /// The fact of this name.
    fn fact(&self, name: &FactId) -> Option<&str>;
    /// The field of this path.
    fn field(&self, path: &FieldPath) -> Option<&str>;
    /// Has that party said that its condition holds of the record?
    fn told(&self, by: &PartyId, that: &ConditionId) -> Option<bool>;
    /// Did the record come by this flow?
    fn received(&self, flow: &FlowId) -> Option<bool>;
}

impl Facts for BTreeMap<String, String> {
    fn fact(&self, name: &FactId) -> Option<&str> {
        self.get(name.as_str()).map(String::as_str)
    }

    /// Fields stand under their path, `extract.nino`.
    fn field(&self, path: &FieldPath) -> Option<&str> {
        self.get(&path.to_string()).map(String::as_str)
    }

    /// What was told stands under `told:ho.ground-a`, as `yes` or `no`.
    fn told(&self, by: &PartyId, that: &ConditionId) -> Option<bool> {
        yes_or_no(self.get(&format!("told:{by}.{that}"))?)
    }

    /// What was received stands under `received:forward`, as `yes` or `no`.
    fn received(&self, flow: &FlowId) -> Option<bool> {
        yes_or_no(self.get(&format!("received:{flow}"))?)
    }
}

fn yes_or_no(text: &str) -> Option<bool> {
    match text {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// What a test is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operand {
    /// A fact.
    Fact(FactId),
    /// A field of the record.
    Field(FieldPath),
}

impl std::fmt::Display for Operand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fact(name) => name.fmt(f),
            Self::Field(path) => path.fmt(f),
        }
    }
}

/// The closed list of operators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// It has this value, or one of its values is this.
    Is(String),
    /// It has one of these values.
    In(Vec<String>),
    /// It is recorded (true) or not recorded (false); the one test that is never unknown.
    Known(bool),
    /// It is a day before this one.
    Before(Date),
    /// It is this day or a later one.
    OnOrAfter(Date),
    /// It is a day that lies at least so long back, by the corresponding day of the month.
    AgoAtLeast(Period),
    /// It is a day that lies less than so long back.
    AgoLessThan(Period),
    /// It is this number or a greater one.
    AtLeast(u32),
    /// It is this number or a smaller one.
    AtMost(u32),
}

impl std::fmt::Display for Test {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Is(value) => write!(f, "is {value}"),
            Self::In(values) => write!(f, "is one of {}", values.join(", ")),
            Self::Known(true) => f.write_str("is recorded"),
            Self::Known(false) => f.write_str("is not recorded"),
            Self::Before(day) => write!(f, "is before {day}"),
            Self::OnOrAfter(day) => write!(f, "is on or after {day}"),
            Self::AgoAtLeast(period) => write!(f, "is at least {period} ago"),
            Self::AgoLessThan(period) => write!(f, "is less than {period} ago"),
            Self::AtLeast(n) => write!(f, "is {n} or more"),
            Self::AtMost(n) => write!(f, "is {n} or less"),
        }
    }
}

/// One term of a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Term {
    /// A test of a fact or a field.
    Test {
        /// What is tested.
        of: Operand,
        /// How.
        test: Test,
    },
    /// Another condition holds.
    Holds(ConditionId),
    /// Another condition is known not to hold.
    Fails(ConditionId),
    /// The record came by this flow.
    Received(FlowId),
}

/// What a condition asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// Every term must hold; at least one.
    All(Vec<Term>),
    /// One term must hold; at least one.
    Any(Vec<Term>),
    /// A party answers for one of its conditions.
    Told {
        /// That party.
        by: PartyId,
        /// That condition.
        that: ConditionId,
        /// How it says so.
        how: Told,
    },
}

/// A named condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Its name.
    pub id: ConditionId,
    /// What it asks.
    pub asked: Asked,
}

/// The type of what is tested, and whether it can have several values.
pub(crate) type Tested = (FieldType, bool);

/// The conditions of an agreement, with the types of what they test.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Conditions {
    by_id: BTreeMap<ConditionId, Condition>,
    types: BTreeMap<Operand, Tested>,
}

impl Serialize for Conditions {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.by_id.serialize(to)
    }
}

impl Conditions {
    pub(crate) fn new(
        by_id: BTreeMap<ConditionId, Condition>,
        types: BTreeMap<Operand, Tested>,
    ) -> Self {
        Self { by_id, types }
    }

    /// One condition.
    pub fn get(&self, id: &ConditionId) -> Option<&Condition> {
        self.by_id.get(id)
    }

    /// All conditions, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.by_id.values()
    }

    /// Does this condition hold of the record on that day? A condition that does not exist is unknown, and so
    /// is a test of a value that is not of its type's form.
    pub fn holds(&self, id: &ConditionId, facts: &dyn Facts, on: Date) -> Truth {
        self.eval(id, facts, on, &mut BTreeMap::new())
    }

    // INVARIANT: the checker bounds how deep conditions rest on each other, so the recursion is bounded; what
    // was found is remembered, so a condition is evaluated once however many others rest on it.
    fn eval<'a>(
        &'a self,
        id: &ConditionId,
        facts: &dyn Facts,
        on: Date,
        found: &mut BTreeMap<&'a ConditionId, Truth>,
    ) -> Truth {
        if let Some(truth) = found.get(id) {
            return *truth;
        }
        let Some(condition) = self.by_id.get(id) else {
            return Truth::Unknown;
        };
        let truth = match &condition.asked {
            Asked::All(terms) => terms
                .iter()
                .map(|term| self.term(term, facts, on, found))
                .reduce(Truth::and)
                .unwrap_or(Truth::Unknown),
            Asked::Any(terms) => terms
                .iter()
                .map(|term| self.term(term, facts, on, found))
                .reduce(Truth::or)
                .unwrap_or(Truth::Unknown),
            Asked::Told { by, that, .. } => facts.told(by, that).map_or(Truth::Unknown, Truth::of),
        };
        found.insert(&condition.id, truth);
        truth
    }

    fn term<'a>(
        &'a self,
        term: &Term,
        facts: &dyn Facts,
        on: Date,
        found: &mut BTreeMap<&'a ConditionId, Truth>,
    ) -> Truth {
        match term {
            Term::Holds(other) => self.eval(other, facts, on, found),
            Term::Fails(other) => self.eval(other, facts, on, found).negated(),
            Term::Received(flow) => facts.received(flow).map_or(Truth::Unknown, Truth::of),
            Term::Test { of, test } => self.test(of, test, facts, on),
        }
    }

    /// Does this test hold of the record? A test of what the agreement does not declare is unknown.
    pub fn test(&self, of: &Operand, test: &Test, facts: &dyn Facts, on: Date) -> Truth {
        let value = match of {
            Operand::Fact(name) => facts.fact(name),
            Operand::Field(path) => facts.field(path),
        };
        let value = value.filter(|text| !text.is_empty());
        let Some((kind, many)) = self.types.get(of) else {
            return Truth::Unknown;
        };
        let values = value.map(|text| {
            if *many {
                values(text)
            } else {
                vec![Cow::Borrowed(text)]
            }
        });
        if let Test::Known(expected) = test {
            // What is not of the form of its type is neither recorded nor not.
            return match values {
                None => Truth::of(!expected),
                Some(all) if all.iter().all(|text| kind.accepts(text)) => Truth::of(*expected),
                Some(_) => Truth::Unknown,
            };
        }
        values
            .unwrap_or_default()
            .iter()
            .map(|text| one(kind, text, test, on))
            .reduce(Truth::or)
            .unwrap_or(Truth::Unknown)
    }
}

/// The test of one value.
fn one(kind: &FieldType, text: &str, test: &Test, on: Date) -> Truth {
    if !kind.accepts(text) {
        return Truth::Unknown;
    }
    let day = |compare: &dyn Fn(Date) -> Option<bool>| {
        parse_date(text)
            .and_then(compare)
            .map_or(Truth::Unknown, Truth::of)
    };
    let number = |compare: &dyn Fn(u32) -> bool| {
        text.parse()
            .ok()
            .map(compare)
            .map_or(Truth::Unknown, Truth::of)
    };
    match test {
        Test::Is(expected) => Truth::of(text == expected),
        Test::In(values) => Truth::of(values.iter().any(|v| v == text)),
        Test::Before(limit) => day(&|d| Some(d < *limit)),
        Test::OnOrAfter(limit) => day(&|d| Some(d >= *limit)),
        // A day that is still to come lies not back at all.
        Test::AgoAtLeast(_) | Test::AgoLessThan(_) if parse_date(text).is_some_and(|d| on < d) => {
            Truth::Unknown
        }
        Test::AgoAtLeast(period) => day(&|d| period.after(d).map(|due| due <= on)),
        Test::AgoLessThan(period) => day(&|d| period.after(d).map(|due| due > on)),
        Test::AtLeast(limit) => number(&|n| n >= *limit),
        Test::AtMost(limit) => number(&|n| n <= *limit),
        Test::Known(_) => Truth::Unknown,
    }
}
