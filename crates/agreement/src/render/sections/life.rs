//! Sections 8 to 12, 14 and 15: how the agreement lives, changes and ends.

use super::limits::{clocks, with_prose};
use super::{Draft, in_file_order};
use crate::grammar::{Entries, Slot};
use crate::model::{EffectRule, Schedule};
use crate::plan::Again;
use crate::render::Sheet;
use crate::render::words::{self, and, or, plain};

pub(super) fn consultation(sheet: &Sheet<'_>) -> Vec<Draft> {
    vec![with_prose(
        sheet,
        Draft::new(1, "consultation", "How and when the parties consult"),
        "consultation",
    )]
}

pub(super) fn performance(sheet: &Sheet<'_>) -> Vec<Draft> {
    let (a, plan) = (sheet.a, sheet.written);
    let life = &plan.life;
    let mut reviews = vec![format!("reviewed every {}", life.review_every)];
    if let Some(stop) = life.review_stop {
        reviews.push(format!("no run starts when a review is later than {stop}"));
    }
    // A usage agreement ends with its exchange, and not with a day.
    if !life.reviews.is_empty() && plan.records.is_none() {
        let days: Vec<String> = life
            .reviews
            .iter()
            .take(10)
            .map(ToString::to_string)
            .collect();
        reviews.push(format!("days of review: {}", days.join(", ")));
    }
    reviews.push("each party may call a review at any time".to_owned());
    let approvals = plan.approvals.iter().map(|(party, approval)| {
        let level = match approval.level {
            crate::Level::Iao => "information asset owner",
            crate::Level::Siro => "senior information risk owner",
        };
        vec![
            party.to_string(),
            level.to_owned(),
            words::actor(plan, sheet.law, &approval.by),
            words::actor(plan, sheet.law, &approval.lead),
            yes_or_no(approval.national_security),
            yes_or_no(approval.sensitive_recipient),
        ]
    });
    let volumes = in_file_order(&a.flows).into_iter().filter_map(|(id, _)| {
        let volume = sheet.whole.flows.get(id)?.volume.as_ref()?;
        Some(format!("{id}: {}", crate::render::words::volume(volume)))
    });
    let records = plan.records.map(|n| format!("{n} records in all"));
    let clocks: Vec<String> = clocks(sheet, "term")
        .into_iter()
        .chain(clocks(sheet, ""))
        .collect();
    vec![
        with_prose(
            sheet,
            Draft::new(1, "performance", "Usefulness and audit"),
            "performance",
        ),
        Draft::new(2, "review", "Reviews").list(reviews),
        Draft::new(3, "volumes", "Volumes").list(volumes.chain(records).collect()),
        Draft::new(4, "approval", "Approval").table(
            "Who gave leave for the volume",
            &[
                "party",
                "level",
                "given by",
                "asked for by",
                "national security",
                "sensitive recipient",
            ],
            approvals.collect(),
        ),
        Draft::new(5, "clocks", "Clocks").list(clocks),
    ]
}

fn yes_or_no(answer: bool) -> String {
    if answer { "yes" } else { "no" }.to_owned()
}

pub(super) fn financial(sheet: &Sheet<'_>) -> Vec<Draft> {
    let a = sheet.a;
    let charges = Draft::new(1, "charges", "Charges");
    let charges = match a.charges.as_ref().map(|at| &at.value) {
        Some(Slot::Given(text)) if text == "none" => charges.text("No charges apply"),
        _ => charges.slot(sheet, &a.charges),
    };
    vec![
        charges,
        with_prose(
            sheet,
            Draft::new(2, "financial", "More about money"),
            "financial",
        ),
    ]
}

pub(super) fn disclaimer(sheet: &Sheet<'_>) -> Vec<Draft> {
    let draft = Draft::new(1, "legally-binding", "Not legally binding");
    vec![match sheet.law.clause_named("not-binding") {
        Some(text) => draft.text(text),
        None => draft.text("This agreement is not legally binding"),
    }]
}

pub(super) fn amendment(sheet: &Sheet<'_>) -> Vec<Draft> {
    let clocks: Vec<String> = clocks(sheet, "issue")
        .into_iter()
        .chain(clocks(sheet, "error"))
        .collect();
    vec![
        Draft::new(1, "amend", "Amendment").text(
            "It is changed only in writing that every party consents to. What is agreed between reviews is appended and folded in at the next review",
        ),
        with_prose(sheet, Draft::new(2, "disputes", "Issues and disputes"), "disputes"),
        Draft::new(3, "dispute-clocks", "Clocks that run on an issue or an error").list(clocks),
    ]
}

pub(super) fn duration(sheet: &Sheet<'_>) -> Vec<Draft> {
    let (a, plan) = (sheet.a, sheet.written);
    let life = &plan.life;
    let mut lines = Vec::new();
    match (plan.term, plan.records) {
        (Some(term), None) => lines.push(format!("in force {term}")),
        (Some(term), Some(records)) => lines.push(format!(
            "in force from {}; it moves {records} records in all, and ends with them",
            term.from
        )),
        (None, _) => lines.push("the first day is open".to_owned()),
    }
    lines.push("it ends at any time when all parties agree".to_owned());
    if let Some(notice) = life.notice {
        lines.push(format!(
            "one party may end it by {notice} of notice in writing"
        ));
    }
    let mut withdraw = Draft::new(1, "term", "Duration and withdrawal");
    if !life.stop_at_once.is_empty() {
        let all: Vec<String> = life
            .stop_at_once
            .iter()
            .map(|s| plain(s.as_str()))
            .collect();
        lines.push(format!("it ends or is suspended at once on {}", or(&all)));
    }
    withdraw = withdraw.list(lines);
    if let Some(term) = &a.term {
        if let Some(Slot::Given(text)) = term.value.withdraw.as_ref().map(|at| &at.value) {
            withdraw = withdraw.text(format!("One party may withdraw: {text}"));
        } else {
            withdraw = withdraw.slot(sheet, &term.value.withdraw);
        }
        withdraw = withdraw.reading(sheet, &term.value.reading);
        if let Some(until) = &term.value.until
            && let crate::model::Until::Before(before) = &until.value
        {
            withdraw = withdraw.reading(sheet, &before.reading);
        }
        if let Some(Slot::Gap(gap)) = term.value.from.as_ref().map(|at| &at.value) {
            withdraw = withdraw.gap(sheet, gap);
        }
    }
    if let Some(regime) = &a.regime
        && let Some(reading) = &regime.value.reading
    {
        withdraw.blocks.extend(sheet.reading(&reading.0));
    }
    let survives: Vec<String> = life.survives.iter().map(|s| plain(s.as_str())).collect();
    let survives = Draft::new(2, "survives", "What stays in force after the end").text(format!(
        "These stay in force after it has ended: {}",
        and(&survives)
    ));
    vec![withdraw, survives, washes(sheet)]
}

/// The last time that rows are sent again, beside the last day of the term (both dates, so that nobody is
/// surprised).
fn washes(sheet: &Sheet<'_>) -> Draft {
    let plan = sheet.whole;
    let lines = plan.flows.values().filter_map(|flow| {
        let again: &Again = flow.again.as_ref()?;
        let first = match &sheet
            .a
            .flows
            .entry(&flow.id)?
            .value
            .when
            .as_ref()?
            .value
            .given()?
            .schedule
        {
            Schedule::Every { from, .. } => from.0,
            Schedule::Once(month) => month.0,
            Schedule::Each(_) | Schedule::OnDemand { .. } => return None,
        };
        let first = plan.term.map_or(first, |term| first.max(term.from));
        let count = again.every.count.checked_mul(again.times)?;
        let last = crate::Period {
            count,
            ..again.every
        }
        .after(first)?;
        let end = match plan.term.and_then(|t| t.last) {
            Some(end) => format!("the agreement ends on {end}"),
            None => "the agreement has no end".to_owned(),
        };
        Some(format!(
            "rows of {} that are first sent on {first} are last sent on {last}; {end}",
            flow.id
        ))
    });
    Draft::new(3, "again", "Rows that are sent again").list(lines.collect())
}

pub(super) fn signature(sheet: &Sheet<'_>) -> Vec<Draft> {
    let (a, plan) = (sheet.a, sheet.written);
    let effect = a
        .term
        .as_ref()
        .and_then(|t| t.value.effect.as_ref())
        .map(|e| &e.value);
    let effect = match effect {
        Some(EffectRule::Some(block)) => {
            let n = block.signatures.as_ref().map_or(0, |s| s.value.0);
            format!("It takes effect on its first day when {n} signatories have signed")
        }
        Some(EffectRule::All(_)) | None => {
            "It takes effect on its first day when every signatory has signed".to_owned()
        }
    };
    let rows = in_file_order(&a.signed)
        .into_iter()
        .map(|(signer, at)| match &at.value {
            Slot::Given(given) => {
                let text = |part: &crate::grammar::Part<String>| {
                    part.as_ref().map_or(String::new(), |p| p.value.clone())
                };
                let date = given
                    .date
                    .as_ref()
                    .map_or("awaited".to_owned(), |d| d.value.to_string());
                vec![
                    signer.to_string(),
                    text(&given.role),
                    text(&given.name),
                    date,
                ]
            }
            Slot::Gap(gap) => vec![
                signer.to_string(),
                format!("(gap {gap})"),
                String::new(),
                "awaited".to_owned(),
            ],
        });
    let languages = a
        .term
        .as_ref()
        .map(|t| t.value.languages.clone())
        .unwrap_or_default();
    let mut signed = Draft::new(2, "signed", "Signatories")
        .table(
            "Who signs",
            &["for", "role or title", "name", "date"],
            rows.collect(),
        )
        .gaps_below(sheet, &["signed"]);
    if let Some(at) = languages {
        let all: Vec<String> = at.value.0.iter().map(|l| l.value.clone()).collect();
        signed = signed.text(format!("Signed in: {}", and(&all)));
    }
    vec![
        Draft::new(1, "effect", "Effective date").text(effect),
        signed,
        Draft::new(3, "hash", "What is signed").text(format!(
            "The parties sign the hash {} of the agreement in its canonical form. Permits are derived from it and never signed; contacts, document control, versions and signatures stand in its annex",
            plan.hash()
        )),
    ]
}
