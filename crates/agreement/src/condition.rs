//! Conditions: what must hold of a record before a cell may move, in three values.
//! Unknown is not true: a fact nobody recorded never gives leave. Reads no clock; the day is an argument.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::ids::{ConditionId, FactId, FieldPath};
use crate::period::{Period, parse_date};
use crate::value::FieldType;

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

    fn of(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

/// What one record says, as text in the form of its type; what is not recorded is none.
pub trait Facts {
    /// The fact of this name.
    fn fact(&self, name: &FactId) -> Option<&str>;
    /// The field of this path.
    fn field(&self, path: &FieldPath) -> Option<&str>;
}

impl Facts for BTreeMap<String, String> {
    fn fact(&self, name: &FactId) -> Option<&str> {
        self.get(name.as_str()).map(String::as_str)
    }

    /// Fields stand under their path, `extract.nino`.
    fn field(&self, path: &FieldPath) -> Option<&str> {
        self.get(&path.to_string()).map(String::as_str)
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
    /// It has this value.
    Is(String),
    /// It has one of these values.
    In(Vec<String>),
    /// It is recorded (true) or not recorded (false); the one test that is never unknown.
    Known(bool),
    /// It is a day before this one.
    Before(Date),
    /// It is this day or a later one.
    OnOrAfter(Date),
    /// It is a day at least so long ago, by the corresponding day of the month.
    AgoAtLeast(Period),
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
}

/// How the terms of a condition join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    /// Every term must hold.
    All,
    /// One term must hold.
    Any,
}

/// A named condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Its name.
    pub id: ConditionId,
    /// How its terms join.
    pub join: Join,
    /// Its terms; at least one.
    pub terms: Vec<Term>,
}

/// The conditions of an agreement, with the types of what they test.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Conditions {
    by_id: BTreeMap<ConditionId, Condition>,
    types: BTreeMap<Operand, FieldType>,
}

impl Serialize for Conditions {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.by_id.serialize(to)
    }
}

impl Conditions {
    pub(crate) fn new(
        by_id: BTreeMap<ConditionId, Condition>,
        types: BTreeMap<Operand, FieldType>,
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
        let mut truth = Truth::of(condition.join == Join::All && !condition.terms.is_empty());
        for term in &condition.terms {
            let one = match term {
                Term::Holds(other) => self.eval(other, facts, on, found),
                Term::Test { of, test } => self.test(of, test, facts, on),
            };
            truth = match condition.join {
                Join::All => truth.and(one),
                Join::Any => truth.or(one),
            };
        }
        found.insert(&condition.id, truth);
        truth
    }

    fn test(&self, of: &Operand, test: &Test, facts: &dyn Facts, on: Date) -> Truth {
        let value = match of {
            Operand::Fact(name) => facts.fact(name),
            Operand::Field(path) => facts.field(path),
        };
        let value = value.filter(|text| !text.is_empty());
        if let Test::Known(expected) = test {
            return Truth::of(value.is_some() == *expected);
        }
        let well_formed = |text: &&str| self.types.get(of).is_some_and(|kind| kind.accepts(text));
        let Some(text) = value.filter(well_formed) else {
            return Truth::Unknown;
        };
        let day = |compare: &dyn Fn(Date) -> Option<bool>| {
            parse_date(text)
                .and_then(compare)
                .map_or(Truth::Unknown, Truth::of)
        };
        match test {
            Test::Is(expected) => Truth::of(text == expected),
            Test::In(values) => Truth::of(values.iter().any(|v| v == text)),
            Test::Before(limit) => day(&|d| Some(d < *limit)),
            Test::OnOrAfter(limit) => day(&|d| Some(d >= *limit)),
            Test::AgoAtLeast(period) => day(&|d| period.after(d).map(|due| due <= on)),
            Test::Known(_) => Truth::Unknown,
        }
    }
}
