//! Levels, keys and rules in words.

use crate::model::{BlockingRule, ColumnComparison, How, Key, Kind, Model};

/// A level's code of a comparison, in words. Code 0 has its words where it is known which side lacks the value.
pub(super) fn level(kind: Kind, comparison: &ColumnComparison, code: usize) -> String {
    if code == 0 {
        return "no value".into();
    }
    match comparison.levels.get(code - 1) {
        Some(level) => how(kind, level.how),
        None if kind == Kind::Name => "nothing in common".into(),
        None => "different".into(),
    }
}

fn how(kind: Kind, how: How) -> String {
    let words = match how {
        How::Same => match kind {
            Kind::Name => "the same words",
            Kind::Date => "the same date",
            Kind::Postcode => "the same postcode",
            Kind::Text | Kind::Identifier => "the same",
        },
        How::Like(least) => return format!("alike by {least} or more"),
        How::Edits(1) => "one edit apart",
        How::Edits(most) => return format!("at most {most} edits apart"),
        How::Swapped => "day and month exchanged",
        How::OneDigit => "one digit apart",
        How::DefaultDay => "one is a default day",
        How::SameYear => "the same year",
        How::Years(1) => "at most one year apart",
        How::Years(most) => return format!("at most {most} years apart"),
        How::Sector => "the same sector",
        How::Outward => "the same outward part",
        How::Area => "the same area",
        How::Within => "the shorter is in the longer",
        How::Single => "one word is in the other",
        How::Variant => "other spellings of the same",
        How::Close => "nearly the same, or initials",
        How::AllButOne => "all but one word",
        How::Shares => "one word in common",
    };
    words.into()
}

/// A key as the model's file has it.
pub(super) fn key(model: &Model, key: Key) -> String {
    let column = model.columns.get(key.column).map_or("", |c| &c.name);
    match key.part.word() {
        Some(part) => format!("{column}.{part}"),
        None => column.into(),
    }
}

/// The blocking rules in their order, each in one line.
pub fn rules(model: &Model) -> Vec<String> {
    let rules = model.blocking.iter();
    rules.map(|of| rule(model, of)).collect()
}

/// A blocking rule in one line.
pub(crate) fn rule(model: &Model, rule: &BlockingRule) -> String {
    let keys = |keys: &[Key]| {
        let keys: Vec<String> = keys.iter().map(|k| key(model, *k)).collect();
        keys.join(" and ")
    };
    match rule.cap {
        Some(cap) => format!(
            "{}; above {cap} cases also {}",
            keys(&rule.keys),
            keys(&rule.then)
        ),
        None => keys(&rule.keys),
    }
}

/// The column of a comparison, by name.
pub(super) fn column(model: &Model, comparison: usize) -> String {
    let comparison = model.comparisons.get(comparison);
    let column = comparison.and_then(|c| model.columns.get(c.column));
    column.map_or_else(String::new, |c| c.name.clone())
}

/// The code of a comparison, in words.
pub(super) fn of_comparison(model: &Model, comparison: usize, code: usize) -> String {
    let found = model.comparisons.get(comparison);
    let column = found.and_then(|c| model.columns.get(c.column));
    match (found, column) {
        (Some(comparison), Some(column)) => level(column.kind, comparison, code),
        _ => String::new(),
    }
}
