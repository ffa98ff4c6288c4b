//! A row of a flow out of what this party was given and what it holds itself: column by column, as the agreement
//! names them and from nothing else. Pure. What a condition or a window does not let through is not there.

use std::collections::BTreeMap;

use agreement::{
    Column, ConditionId, DatasetId, DatedAddress, FactId, Facts, FieldPath, FieldType, Flow,
    FlowId, Many, PartyId, Plan, Present, Truth, TypeName, join, parse_date, split,
};
use jiff::civil::Date;

use crate::gate::RowFacts;
use crate::inward::parallel;
use crate::rows::Row;

/// What a row is made of.
#[derive(Clone, Default)]
pub struct Source {
    /// The values that came with the row that this one answers or follows, by their fields and by the fields they
    /// were first copied from.
    pub given: BTreeMap<FieldPath, String>,
    /// What this party holds about the person, by field name.
    pub own: BTreeMap<String, String>,
    /// What a person decided about the match.
    pub outcome: Option<&'static str>,
    /// The exchange's own reference for the row.
    pub minted: Option<String>,
    /// The facts of the record.
    pub facts: RowFacts,
    /// The day on which it was asked for, where it answers something.
    pub asked_on: Option<Date>,
}

impl Source {
    /// Takes over a row that came with a flow.
    pub fn give(&mut self, flow: &Flow, rows: &BTreeMap<&DatasetId, &Row>) {
        for column in &flow.columns {
            let Some(row) = rows.get(&column.field.dataset) else {
                continue;
            };
            let value = row.get(column.field.field.as_str());
            if value.is_empty() {
                continue;
            }
            if let [origin] = column.origins.as_slice() {
                self.given.insert(origin.clone(), value.to_owned());
            }
            self.given.insert(column.field.clone(), value.to_owned());
        }
    }

    /// The facts with the values of the row beside them, as conditions ask for both.
    pub fn known<'a>(&'a self, row: &'a dyn Fn(&FieldPath) -> &'a str) -> Known<'a> {
        Known { source: self, row }
    }
}

/// What is known of a record: its facts, the values it came with, and those of its own row.
pub struct Known<'a> {
    source: &'a Source,
    row: &'a dyn Fn(&FieldPath) -> &'a str,
}

impl Facts for Known<'_> {
    fn fact(&self, name: &FactId) -> Option<&str> {
        self.source.facts.fact(name)
    }

    fn field(&self, path: &FieldPath) -> Option<&str> {
        let own = Some((self.row)(path)).filter(|value| !value.is_empty());
        let given = || self.source.given.get(path).map(String::as_str);
        own.or_else(given).or_else(|| self.source.facts.field(path))
    }

    fn told(&self, by: &PartyId, that: &ConditionId) -> Option<bool> {
        self.source.facts.told(by, that)
    }

    fn received(&self, flow: &FlowId) -> Option<bool> {
        self.source.facts.received(flow)
    }
}

/// Makes the row.
pub fn compose(plan: &Plan, flow: &Flow, from: &Source, on: Date) -> BTreeMap<DatasetId, Row> {
    let mut rows: BTreeMap<DatasetId, Row> = BTreeMap::new();
    for column in &flow.columns {
        let allowed = column
            .only
            .iter()
            .all(|c| plan.holds(c, &from.facts, on) == Truth::True);
        let value = if allowed {
            value(plan, flow, column, from, on)
        } else {
            String::new()
        };
        let field = column.field.field.as_str();
        match rows.get_mut(&column.field.dataset) {
            Some(row) => row.set(field, value),
            None => {
                let row = rows.entry(column.field.dataset.clone()).or_default();
                row.set(field, value);
            }
        }
    }
    for columns in parallel(flow) {
        if let Some(row) = columns.first().and_then(|c| rows.get_mut(&c.field.dataset)) {
            within(&columns, row, from.asked_on.unwrap_or(on));
        }
    }
    rows
}

/// Of values that stand in parallel, those that lie in their window.
fn within(columns: &[&Column], row: &mut Row, on: Date) {
    let Some(window) = columns.iter().find_map(|c| c.window.as_ref()) else {
        return;
    };
    let Some(by) = &window.by else { return };
    let inside: Vec<bool> = split(row.get(by.as_str()))
        .iter()
        .map(|day| parse_date(day).is_some_and(|day| window.covers(Some(day), on)))
        .collect();
    for column in columns {
        let field = column.field.field.as_str();
        let values = split(row.get(field)).into_iter().zip(&inside);
        let kept: Vec<String> = values.filter(|(_, i)| **i).map(|(v, _)| v).collect();
        row.set(field, join(&kept));
    }
}

fn value(plan: &Plan, flow: &Flow, column: &Column, from: &Source, on: Date) -> String {
    let name = column.field.field.as_str();
    let held = if column.minted.is_some() && column.origins.contains(&column.field) {
        from.minted.clone().unwrap_or_default()
    } else if !column.origins.contains(&column.field) {
        copied(column, from)
    } else if column.field_type == FieldType::Plain(TypeName::MatchOutcome) {
        from.outcome.unwrap_or_default().to_owned()
    } else if let FieldType::WhichOf(fields) = &column.field_type {
        same_as(plan, flow, column, fields, from).unwrap_or_default()
    } else {
        from.own.get(name).cloned().unwrap_or_default()
    };
    // What is the same as something that came is told by its place there, and not again.
    let told_by_place = flow.columns.iter().any(|which| {
        companion(plan, flow, which).is_some_and(|c| c.name == column.name)
            && !value(plan, flow, which, from, on).is_empty()
    });
    if told_by_place {
        return String::new();
    }
    confined(column, held, on)
}

/// The column that has the value itself where a which-of column says which of the values that came it is: the one that
/// the agreement leaves out where the place is known, or else the one of the same kind.
fn companion<'a>(plan: &Plan, flow: &'a Flow, which: &Column) -> Option<&'a Column> {
    let FieldType::WhichOf(fields) = &which.field_type else {
        return None;
    };
    let beside = |c: &&Column| c.field.dataset == which.field.dataset && c.name != which.name;
    let mut all = flow.columns.iter().filter(beside);
    let left_out =
        |c: &&Column| matches!(&c.present, Present::UnlessKnown(o) if *o == which.field.field);
    let kinds: Vec<Contact> = plan
        .flows
        .values()
        .flat_map(|f| &f.columns)
        .filter(|c| fields.contains(&c.field))
        .filter_map(|c| contact(&c.field_type))
        .collect();
    all.clone()
        .find(left_out)
        .or_else(|| all.find(|c| contact(&c.field_type).is_some_and(|kind| kinds.contains(&kind))))
}

/// The kinds of contact detail that compare with each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Contact {
    /// An address, with or without its days.
    Address,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
}

/// What kind of contact detail a field of this type is, if it is one.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a new type is no contact detail until it is said to be"
)]
pub fn contact(kind: &FieldType) -> Option<Contact> {
    match kind {
        FieldType::Plain(TypeName::Address | TypeName::DatedAddress) => Some(Contact::Address),
        FieldType::Plain(TypeName::Phone) => Some(Contact::Phone),
        FieldType::Plain(TypeName::Email) => Some(Contact::Email),
        _ => None,
    }
}

fn copied(column: &Column, from: &Source) -> String {
    if let Some(value) = from.given.get(&column.field) {
        return value.clone();
    }
    let values: Vec<&String> = column
        .origins
        .iter()
        .filter_map(|origin| from.given.get(origin))
        .collect();
    match values.as_slice() {
        [one] => (*one).clone(),
        many => join(&many.iter().flat_map(|v| split(v)).collect::<Vec<_>>()),
    }
}

/// Which of the values that came is the one that this party holds, where one is (MATCH-10, MATCH-11).
fn same_as(
    plan: &Plan,
    flow: &Flow,
    column: &Column,
    fields: &[FieldPath],
    from: &Source,
) -> Option<String> {
    let companion = companion(plan, flow, column)?;
    let held = from.own.get(companion.field.field.as_str())?;
    let held = comparable(&companion.field_type, held);
    for field in fields {
        let given = from.given.get(field).map(|v| split(v)).unwrap_or_default();
        let at = given
            .iter()
            .position(|v| comparable(&companion.field_type, v) == held);
        if let Some(at) = at.filter(|_| !held.is_empty()) {
            return Some(format!("{}/{}", field.field, at + 1));
        }
    }
    None
}

/// Are these two contact details one?
pub fn same_contact(kind: &FieldType, one: &str, other: &str) -> bool {
    comparable(kind, one) == comparable(kind, other)
}

/// A value as it is compared with another of its kind: an address by its letters and digits without its days, a
/// telephone number by its last ten digits.
fn comparable(kind: &FieldType, text: &str) -> String {
    if *kind == FieldType::Plain(TypeName::Phone) {
        let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
        let from = digits.len().saturating_sub(10);
        return digits.into_iter().skip(from).collect();
    }
    let address = DatedAddress::parse(text).map_or_else(|| text.to_owned(), |a| a.address);
    address
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// What of a cell lies in the column's window, and no more values than the agreement allows: of addresses the
/// latest, of other values the first.
fn confined(column: &Column, text: String, on: Date) -> String {
    if column.in_parallel || (column.many == Many::One && column.window.is_none()) {
        return text;
    }
    let most = match column.many {
        Many::One => return windowed_one(column, &text, on),
        Many::All => usize::MAX,
        Many::UpTo(n) => usize::from(n),
    };
    let values = split(&text);
    if column.field_type != FieldType::Plain(TypeName::DatedAddress) {
        let kept: Vec<String> = values
            .into_iter()
            .filter(|v| !windowed_one(column, v, on).is_empty())
            .take(most)
            .collect();
        return join(&kept);
    }
    let all: Vec<DatedAddress> = values
        .iter()
        .filter_map(|v| DatedAddress::parse(v))
        .collect();
    let mut kept: Vec<&DatedAddress> = match &column.window {
        Some(window) => window.addresses(&all, on),
        None => all.iter().collect(),
    };
    // Whoever still lives there has no last day, and is the latest.
    kept.sort_by_key(|a| std::cmp::Reverse((a.until.is_none(), a.until, a.from)));
    kept.truncate(most);
    join(&kept.iter().map(ToString::to_string).collect::<Vec<_>>())
}

fn windowed_one(column: &Column, text: &str, on: Date) -> String {
    let Some(window) = &column.window else {
        return text.to_owned();
    };
    let covered = match (&column.field_type, DatedAddress::parse(text)) {
        (FieldType::Plain(TypeName::DatedAddress), Some(dated)) => {
            window.last_known || window.covers(dated.until, on)
        }
        (FieldType::Plain(TypeName::Date), _) => {
            parse_date(text).is_some_and(|day| window.covers(Some(day), on))
        }
        (
            FieldType::Plain(_)
            | FieldType::OneOf(_)
            | FieldType::Listed { .. }
            | FieldType::WhichOf(_),
            _,
        ) => true,
    };
    if covered {
        text.to_owned()
    } else {
        String::new()
    }
}
