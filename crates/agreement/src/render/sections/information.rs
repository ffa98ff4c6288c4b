//! Section 5: whose data, which fields, on which conditions. This list is what the hub enforces (AGR-12).

use super::{Draft, in_file_order};
use crate::grammar::Items;
use crate::ids::{DatasetId, FieldPath};
use crate::log::At;
use crate::model::{self, Dataset, Field, RowPer};
use crate::render::Sheet;
use crate::render::words::{self, and, plain};
use crate::words::Class;

pub(super) fn information(sheet: &Sheet<'_>) -> Vec<Draft> {
    let a = sheet.a;
    let mut all = vec![people(sheet), facts(sheet)];
    for (id, at) in in_file_order(&a.conditions) {
        let draft = Draft::new(3, format!("conditions/{id}"), format!("Condition {id}"));
        let words = sheet
            .whole
            .conditions
            .get(id)
            .map(|c| words::condition(&c.asked))
            .unwrap_or_default();
        all.push(draft.text(words).reading(sheet, &at.value.reading));
    }
    for (id, at) in in_file_order(&a.datasets) {
        all.push(dataset(sheet, id, at));
    }
    for (id, at) in in_file_order(&a.derived) {
        all.push(derived(sheet, id, &at.value));
    }
    all
}

fn people(sheet: &Sheet<'_>) -> Draft {
    let a = sheet.a;
    let kinds = in_file_order(&a.people).into_iter().filter_map(|(id, _)| {
        let person = sheet.whole.people.get(id)?;
        let mut marks = Vec::new();
        if person.third_party {
            marks.push("third party, kept apart, enters no later run");
        }
        if person.minor {
            marks.push("may be under 18");
        }
        Some(vec![id.to_string(), person.text.clone(), marks.join("; ")])
    });
    let cases = in_file_order(&a.cases).into_iter().map(|(id, at)| {
        let text = at
            .value
            .text
            .as_ref()
            .map_or(String::new(), |t| t.value.clone());
        vec![
            id.to_string(),
            format!("{text} (holds {})", and(&at.value.holds.values())),
            "belong together".to_owned(),
        ]
    });
    Draft::new(1, "people", "About whom").table(
        "The kinds of person that data can be about, and who belongs together",
        &["kind", "who", "mark"],
        kinds.chain(cases).collect(),
    )
}

fn facts(sheet: &Sheet<'_>) -> Draft {
    let rows = in_file_order(&sheet.a.facts)
        .into_iter()
        .filter_map(|(id, at)| {
            let fact = sheet.whole.facts.get(id)?;
            let mut kind = words::field_type(&fact.field_type);
            if fact.many {
                kind = format!("{kind} (several)");
            }
            let recorded = at
                .value
                .recorded_as
                .as_ref()
                .map_or(String::new(), |r| format!("recorded as {}", r.value));
            let from = at
                .value
                .read_from
                .as_ref()
                .map_or(String::new(), |r| format!("read from {}", r.value));
            let how: Vec<String> = [recorded, from]
                .into_iter()
                .filter(|s| !s.is_empty())
                .collect();
            Some(vec![
                plain(id.as_str()),
                kind,
                and(&fact.of),
                and(&fact.known_to),
                how.join("; "),
            ])
        });
    let mut draft = Draft::new(2, "facts", "Facts that are read to decide and never move").table(
        "Facts",
        &["fact", "type", "about", "known to", "how"],
        rows.collect(),
    );
    for (_, at) in in_file_order(&sheet.a.facts) {
        draft = draft.reading(sheet, &at.value.reading);
    }
    draft
}

fn row_per(row: Option<&At<RowPer>>) -> String {
    match row.map(|at| &at.value) {
        Some(RowPer::Word(word)) => format!("one row per {}", plain(word.as_str())),
        Some(RowPer::RowOf(dataset)) => format!("one row per row of {dataset}"),
        Some(RowPer::Each(what)) => format!("one row per {}", plain(what.as_str())),
        None => String::new(),
    }
}

fn dataset(sheet: &Sheet<'_>, id: &DatasetId, at: &At<Dataset>) -> Draft {
    let dataset = &at.value;
    let kinds: Vec<String> = dataset
        .kinds()
        .iter()
        .map(|k| k.value.to_string())
        .collect();
    let about = if kinds.is_empty() {
        "nobody".to_owned()
    } else {
        and(&kinds)
    };
    let cite = dataset
        .cite
        .as_ref()
        .map_or(String::new(), |c| format!(" [{}]", c.value));
    let mut draft = Draft::new(4, format!("datasets/{id}"), format!("Dataset {id}{cite}")).text(
        format!("About {about}; {}", row_per(dataset.one_row_per.as_ref())),
    );
    let column = |path: &FieldPath| {
        sheet
            .whole
            .flows
            .values()
            .flat_map(|f| &f.columns)
            .find(|c| c.field == *path)
    };
    let windows: Vec<String> = dataset
        .columns()
        .filter_map(|(name, field)| {
            let path = FieldPath::new(id.clone(), name.value.clone());
            let window = column(&path)?.window.as_ref()?;
            let by = match (&window.by, &field.window) {
                (Some(by), None) => format!("rows by {}", plain(by.as_str())),
                _ => plain(name.value.as_str()),
            };
            Some(format!("{by}: {}", words::window(window)))
        })
        .collect();
    let mut windows = windows;
    windows.dedup();
    let rows = dataset
        .columns()
        .map(|(name, field)| field_row(sheet, id, &name.value, field));
    draft = draft.table(
        &format!("The fields of {id}, in the order of the columns; no other field can move"),
        &["field", "type", "class", "why", "there", "values", "more"],
        rows.collect(),
    );
    if !windows.is_empty() {
        draft = draft.text("How far back:").list(windows);
    }
    let never: Vec<String> = in_file_order(&dataset.never)
        .into_iter()
        .map(|(name, at)| {
            let why = at.value.why.as_ref().map_or("", |w| w.value.as_str());
            let instead = at
                .value
                .instead
                .as_ref()
                .map_or(String::new(), |i| format!("; {} serves instead", i.value));
            format!("{}: {why}{instead}", plain(name.as_str()))
        })
        .collect();
    if !never.is_empty() {
        draft = draft.text("It never has:").list(never);
    }
    draft = draft.reading(sheet, &dataset.reading);
    if let Some(window) = &dataset.window {
        draft = draft.reading(sheet, &window.value.reading);
    }
    for (_, field) in dataset.columns() {
        draft = draft.reading(sheet, &field.reading);
        if let Some(window) = &field.window {
            draft = draft.reading(sheet, &window.value.reading);
        }
    }
    for (_, at) in in_file_order(&dataset.never) {
        draft = draft.reading(sheet, &at.value.reading);
    }
    dedup(&mut draft);
    draft.gaps_below(sheet, &["datasets", id.as_str()])
}

/// A reading that several fields rest on is printed once.
fn dedup(draft: &mut Draft) {
    let mut seen = Vec::new();
    draft.blocks.retain(|block| {
        let is_reading = matches!(block, crate::render::memo::Block::Reading { .. });
        let new = !is_reading || !seen.contains(block);
        if is_reading && new {
            seen.push(block.clone());
        }
        new
    });
}

fn field_row(
    sheet: &Sheet<'_>,
    dataset: &DatasetId,
    name: &crate::FieldName,
    field: &Field,
) -> Vec<String> {
    let path = FieldPath::new(dataset.clone(), name.clone());
    let a = sheet.a;
    let origin = a.origin(&path).map_or(field, |(_, origin)| origin);
    let column = sheet
        .whole
        .flows
        .values()
        .flat_map(|f| &f.columns)
        .find(|c| c.field == path);
    let kind = match (column, &origin.gap) {
        (_, Some(gap)) => format!("(gap {})", gap.value.0),
        (Some(column), None) => words::field_type(&column.field_type),
        (None, None) => origin
            .kind
            .as_ref()
            .map_or(String::new(), |k| plain(k.value.as_str())),
    };
    let class = origin
        .class
        .as_ref()
        .map_or(String::new(), |c| c.value.to_string());
    let why: Vec<&str> = origin.why.all().iter().map(|w| w.value.as_str()).collect();
    let mut more = Vec::new();
    let copies = field.copy_of.values();
    if !copies.is_empty() {
        more.push(format!("a copy of {}", and(&copies)));
    }
    if let Some(minted) = origin.minted.as_ref().filter(|_| copies.is_empty()) {
        more.push(words::minted(minted.value).to_owned());
    }
    if let Some(tells) = &origin.tells {
        more.push(format!("tells the fact `{}`", tells.value));
    }
    for only in column.iter().flat_map(|c| &c.only) {
        more.push(format!("only where `{only}` holds"));
    }
    if let Some(off) = field.off_until.as_ref().or(origin.off_until.as_ref()) {
        more.push(format!("not permitted until {}", plain(off.value.as_str())));
    }
    if let Some(handling) = &origin.handling {
        more.push(sheet.shown(&handling.value));
    }
    if origin
        .class
        .as_ref()
        .is_some_and(|c| c.value == Class::Sensitive)
        && origin.handling.is_none()
    {
        more.push("handling reason missing".to_owned());
    }
    vec![
        name.to_string(),
        kind,
        class,
        why.join(", "),
        column.map_or(String::new(), |c| words::present(&c.present)),
        column.map_or(String::new(), |c| words::many(c.many)),
        more.join("; "),
    ]
}

fn derived(sheet: &Sheet<'_>, id: &crate::DerivedId, written: &model::Derived) -> Draft {
    let draft = Draft::new(5, format!("derived/{id}"), format!("Derived: {id}"));
    let Some(derived) = sheet.whole.derived.get(id) else {
        return draft;
    };
    let others: Vec<String> = derived
        .out_of_others
        .iter()
        .map(|(agreement, dataset, may)| {
            let may = if *may { ", where it is there" } else { "" };
            format!("{dataset} of {agreement}{may}")
        })
        .collect();
    let sources: Vec<String> = derived
        .out_of
        .iter()
        .map(ToString::to_string)
        .chain(others)
        .collect();
    let version = derived
        .rules_version
        .clone()
        .unwrap_or_else(|| "to be settled".to_owned());
    let fields = derived
        .fields
        .iter()
        .map(|(name, kind)| vec![name.to_string(), words::field_type(kind)]);
    draft
        .text(format!(
            "Calculated at {} out of {}, by the rules {} (version {version}); {}. Nothing else comes out, and nothing else is kept",
            derived.at,
            and(&sources),
            plain(derived.rules.as_str()),
            row_per(written.one_row_per.as_ref())
        ))
        .table("What comes out", &["field", "type"], fields.collect())
        .text(format!("It is used for {} and seen by {}", and(&derived.purposes), and(&derived.seen_by)))
        .reading(sheet, &written.reading)
        .gaps_below(sheet, &["derived", id.as_str()])
}
