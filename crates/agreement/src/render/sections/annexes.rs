//! Section 16: definitions, document control, contacts, readings, gaps, and an umbrella's register.

use super::{Draft, in_file_order};
use crate::grammar::{Items, Slot};
use crate::model::Agreement;
use crate::render::Sheet;
use crate::render::words::plain;
use crate::words::Kind;

pub(super) fn annexes(sheet: &Sheet<'_>) -> Vec<Draft> {
    let (a, plan) = (sheet.a, sheet.written);
    let definitions = in_file_order(&a.definitions)
        .into_iter()
        .map(|(word, at)| vec![plain(word.as_str()), at.value.clone()]);
    let readings = in_file_order(&a.readings)
        .into_iter()
        .filter_map(|(id, _)| {
            let reading = plan.readings.get(id)?;
            Some(vec![
                id.to_string(),
                reading.takes.clone(),
                reading.owner.clone(),
            ])
        });
    let gaps = in_file_order(&a.gaps).into_iter().filter_map(|(id, at)| {
        let gap = plan.gaps.get(id)?;
        let register = at
            .value
            .register
            .as_ref()
            .map_or(String::new(), |r| r.value.clone());
        let waived = gap
            .waived
            .map_or(String::new(), |days| format!("; waived {days}"));
        Some(vec![
            id.to_string(),
            gap.asks.clone(),
            gap.owner.clone(),
            format!("{}{waived}", gap.stops),
            gap.open_at.join(", "),
            register,
        ])
    });
    let mut all = vec![
        Draft::new(1, "definitions", "Definitions").table(
            "Definitions",
            &["word", "means"],
            definitions.collect(),
        ),
        control(sheet),
        contacts(sheet),
        owners(sheet),
        Draft::new(5, "readings", "Readings").table(
            "Where the source allows two readings, which one runs",
            &["reading", "takes", "the question is owned by"],
            readings.collect(),
        ),
        Draft::new(6, "gaps", "Gaps").table(
            "What is missing, and what that stops; what a gap stops does not run",
            &[
                "gap",
                "asks",
                "to be answered by",
                "stops",
                "open in",
                "register",
            ],
            gaps.collect(),
        ),
        permits(sheet),
    ];
    if plan.kind == Kind::Umbrella {
        all.push(register(sheet));
    }
    if let Some(prose) = &a.prose {
        all.push(Draft::new(9, "other", "Other").prose(sheet, &prose.value.other));
    }
    all
}

fn control(sheet: &Sheet<'_>) -> Draft {
    let a = sheet.a;
    let rows = in_file_order(&a.control).into_iter().map(|(party, at)| {
        let shown = |part: &crate::grammar::Part<Slot<String>>| {
            part.as_ref()
                .map_or(String::new(), |s| sheet.shown(&s.value))
        };
        let control = &at.value;
        let control = match control {
            Slot::Given(control) => [
                shown(&control.author),
                shown(&control.approver),
                shown(&control.review),
            ],
            Slot::Gap(gap) => [format!("(gap {gap})"), String::new(), String::new()],
        };
        std::iter::once(party.to_string()).chain(control).collect()
    });
    let versions = a.versions.all().iter().map(|at| {
        let version = &at.value;
        let day = |part: &crate::grammar::Part<Slot<jiff::civil::Date>>| match part
            .as_ref()
            .map(|p| &p.value)
        {
            Some(Slot::Given(day)) => day.to_string(),
            Some(Slot::Gap(gap)) => format!("(gap {gap})"),
            None => String::new(),
        };
        let text = |part: &crate::grammar::Part<String>| {
            part.as_ref().map_or(String::new(), |p| p.value.clone())
        };
        let marked = if version.marked.as_ref().is_some_and(|m| m.value) {
            "yes"
        } else {
            "no"
        };
        vec![
            text(&version.number),
            day(&version.date),
            text(&version.changes),
            marked.to_owned(),
            day(&version.published),
            day(&version.review),
        ]
    });
    Draft::new(2, "control", "Document control")
        .table(
            "Who wrote, approved and reviews",
            &["party", "author", "approver", "review"],
            rows.collect(),
        )
        .table(
            "Versions",
            &[
                "version",
                "date",
                "changes",
                "marked",
                "published",
                "to be reviewed",
            ],
            versions.collect(),
        )
}

fn contacts(sheet: &Sheet<'_>) -> Draft {
    let mut rows = Vec::new();
    for (party, at) in in_file_order(&sheet.a.contacts) {
        if let Slot::Gap(gap) = &at.value {
            rows.push(vec![
                party.to_string(),
                "all".to_owned(),
                format!("(gap {gap})"),
            ]);
        }
        for (role, line) in sheet.written.contacts.get(party).into_iter().flatten() {
            rows.push(vec![party.to_string(), plain(role), line.clone()]);
        }
    }
    Draft::new(3, "contacts", "Contacts and escalation points")
        .table("Contacts", &["party", "for", "contact"], rows)
        .gaps_below(sheet, &["contacts"])
}

fn owners(sheet: &Sheet<'_>) -> Draft {
    let rows = in_file_order(&sheet.a.owners)
        .into_iter()
        .map(|(party, at)| vec![party.to_string(), sheet.shown(&at.value)]);
    Draft::new(4, "owners", "Business owners").table(
        "Business owners",
        &["party", "owner"],
        rows.collect(),
    )
}

fn permits(sheet: &Sheet<'_>) -> Draft {
    let draft = Draft::new(7, "permits", "Permits");
    if sheet.written.kind == Kind::Umbrella {
        return draft
            .text("An umbrella compiles to no permit: by itself it gives no power to send");
    }
    let [now_disclose, now_use, now_keep] = sheet.written.counts();
    let [disclose, use_, keep] = sheet.whole.counts();
    draft.text(format!(
        "As it stands it compiles to {now_disclose} permits to disclose, {now_use} to use and {now_keep} to keep; with every gap filled to {disclose}, {use_} and {keep}. What no permit names does not move"
    ))
}

/// The process agreements under an umbrella, per direction (AGR-06, AGR-07).
fn register(sheet: &Sheet<'_>) -> Draft {
    let draft = Draft::new(8, "register", "Register of process agreements");
    let Some(own) = &sheet.a.agreement else {
        return draft;
    };
    let mut rows = Vec::new();
    for (name, beside) in sheet
        .library
        .all()
        .filter(|(_, b)| b.under.contains(&own.value))
    {
        for ((from, to), direction) in &beside.directions {
            if !among(sheet.a, from) || !among(sheet.a, to) {
                continue;
            }
            let title = |body: &crate::BodyId| {
                sheet
                    .law
                    .body(body)
                    .map_or(body.to_string(), |b| b.title.clone())
            };
            let bases: Vec<String> = direction
                .gates
                .iter()
                .map(|gate| {
                    let gateway = crate::GatewayId::parse(gate).ok();
                    let gateway = gateway
                        .and_then(|g| sheet.law.gateway(&g))
                        .map(|g| g.cites.clone());
                    let instrument = crate::InstrumentId::parse(gate).ok();
                    let instrument = instrument
                        .and_then(|i| sheet.law.instrument(&i))
                        .map(|i| i.cites.clone());
                    gateway.or(instrument).unwrap_or_else(|| gate.clone())
                })
                .collect();
            let starts = beside.starts.map_or("open".to_owned(), |d| d.to_string());
            let stage = beside.stage.map_or(String::new(), |s| plain(s.as_str()));
            rows.push(vec![
                format!("{} to {}", title(from), title(to)),
                name.to_string(),
                bases.join("; "),
                direction.owner.clone().unwrap_or_default(),
                starts,
                stage,
            ]);
        }
    }
    draft.table(
        "Process agreements under this umbrella",
        &[
            "direction",
            "reference",
            "legal basis",
            "business owner",
            "start",
            "stage",
        ],
        rows,
    )
}

fn among(a: &Agreement, body: &crate::BodyId) -> bool {
    crate::check::bodies(a).contains(body)
}
