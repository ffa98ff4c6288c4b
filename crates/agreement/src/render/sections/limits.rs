//! Sections 6, 7 and 13: what may not be done, how it is guarded, and how long it is kept.

use super::{Draft, in_file_order};
use crate::check::papers::texts;
use crate::grammar::{Entries, Items, Part};
use crate::ids::LabelId;
use crate::model::Text;
use crate::plan::Decision;
use crate::render::Sheet;
use crate::render::words::{self, and, or, plain, sentence};
use crate::words::{Impact, Passes, UntilThen};

fn prose<'a>(sheet: &Sheet<'a>, key: &str) -> Option<&'a Part<Text>> {
    let prose = &sheet.a.prose.as_ref()?.value;
    texts(prose)
        .into_iter()
        .find(|(k, _)| *k == key)
        .map(|(_, text)| text)
}

pub(super) fn with_prose(sheet: &Sheet<'_>, draft: Draft, key: &str) -> Draft {
    match prose(sheet, key) {
        Some(text) => draft.prose(sheet, text),
        None => draft,
    }
}

pub(super) fn limits(sheet: &Sheet<'_>) -> Vec<Draft> {
    let a = sheet.a;
    let onward = a.onward.entries().map(|(dataset, at)| {
        let name = if dataset.as_str() == "*" {
            rest_of(a.onward.names().count()).to_owned()
        } else {
            dataset.to_string()
        };
        let onward = match &at.value {
            crate::model::Onward::None => crate::Onward::None,
            crate::model::Onward::Flows(flows) => {
                crate::Onward::By(flows.iter().map(|f| f.value.clone()).collect())
            }
            crate::model::Onward::OnlyAfter(block) => {
                crate::Onward::AfterTelling(block.flows.values())
            }
        };
        format!("{name} {}", words::onward(&onward))
    });
    let controllers = sheet.whole.controllers.iter().map(|(dataset, c)| {
        let name = if dataset == "*" {
            rest_of(sheet.whole.controllers.len())
        } else {
            dataset
        };
        let passes = match c.passes {
            Passes::OnReceipt => "the receiver becomes controller when it has it",
            Passes::OnPromotion => {
                "the receiver becomes controller when it becomes a part of its permanent record"
            }
            Passes::Never => "the sender stays controller",
        };
        let before = match (c.passes, c.until_then) {
            (Passes::Never, _) => "",
            (_, UntilThen::Sender) => "; until then the sender is",
            (_, UntilThen::InCommon) => "; until then both are, in common",
        };
        format!("{name}: {passes}{before}")
    });
    let mut all = vec![
        Draft::new(1, "use", "Use").text(
            "What was received is used for the purposes for which it came and for no other; a party that means to use it otherwise tells the exporter first, or as soon as possible afterwards where that is too urgent",
        ),
        Draft::new(2, "onward", "Onward disclosure").list(onward.collect()),
        Draft::new(3, "controllers", "Whose controller").list(controllers.collect()),
    ];
    for (_, at) in a.controllers.entries() {
        if let Some(last) = all.last_mut() {
            last.blocks.extend(
                at.value
                    .reading
                    .iter()
                    .filter_map(|r| sheet.reading(&r.value.0)),
            );
        }
    }
    for (id, at) in in_file_order(&a.decisions) {
        if let Some(decision) = sheet.whole.decisions.get(id) {
            let draft = Draft::new(
                4,
                format!("decisions/{id}"),
                format!("Decision {}", plain(id.as_str())),
            );
            all.push(one_decision(sheet, draft, decision).reading(sheet, &at.value.reading));
        }
    }
    all.push(confidentiality(sheet));
    all.push(with_prose(
        sheet,
        Draft::new(6, "limitations", "Further limits"),
        "limitations",
    ));
    all
}

/// The datasets that are named by no entry of their own.
fn rest_of(entries: usize) -> &'static str {
    if entries == 1 {
        "every dataset"
    } else {
        "every other dataset"
    }
}

fn one_decision(sheet: &Sheet<'_>, draft: Draft, decision: &Decision) -> Draft {
    let mut draft = draft.text(format!(
        "Only {} decides it, about {}; software never does",
        words::actor(sheet.whole, sheet.law, &decision.by),
        or(&decision.of)
    ));
    let after = words::after(&decision.after);
    if !after.is_empty() {
        draft = draft.text("Before it, all of this must be so:").list(after);
    }
    if !decision.one_of.is_empty() {
        let all: Vec<String> = decision.one_of.iter().map(|o| plain(o.as_str())).collect();
        draft = draft.text(format!("It comes out as {}; none is a default", or(&all)));
    }
    if !decision.out_of.is_empty() {
        draft = draft.text(format!("It is taken with {}", and(&decision.out_of)));
    }
    if !decision.never_rests_on.is_empty() {
        let all: Vec<String> = decision
            .never_rests_on
            .iter()
            .map(|o| plain(o.as_str()))
            .collect();
        draft = draft.text(format!("It never rests on: {}", or(&all)));
    }
    if let Some((what, to)) = &decision.moves {
        draft = draft.text(format!("It moves {} to {}", and(what), plain(to.as_str())));
    }
    if let Some(party) = &decision.makes_controller {
        draft = draft.text(format!(
            "By it {} becomes controller",
            words::party(sheet.whole, sheet.law, party)
        ));
    }
    if let Some(keep) = &decision.before {
        draft = draft.text(format!("It is taken before the keep rule {keep} ends"));
    }
    if let Some(until) = &decision.off_until {
        draft = draft.text(format!(
            "Nobody decides it until every controller has reviewed this, and agreed: {}",
            plain(until.as_str())
        ));
    }
    if let Some(by) = &decision.seconded_by {
        draft = draft.text(format!(
            "It counts when {} has agreed to it, who is another person",
            words::actor(sheet.whole, sheet.law, by)
        ));
    }
    if !decision.tells.is_empty() {
        let named = |to: &LabelId| {
            let party = sheet
                .whole
                .parties
                .keys()
                .find(|p| p.as_str() == to.as_str());
            party.map_or_else(
                || plain(to.as_str()),
                |party| words::party(sheet.whole, sheet.law, party),
            )
        };
        let all: Vec<String> = decision.tells.iter().map(named).collect();
        draft = draft.text(format!(
            "When it is taken, a person tells {}; nothing is sent with it",
            and(&all)
        ));
    }
    if let Some(duty) = decision.duty.as_ref().and_then(|d| sheet.law.duty(d)) {
        draft = draft.text(format!(
            "A named person considers this duty, and records that it was considered: {}",
            duty.cites
        ));
    }
    draft
}

fn confidentiality(sheet: &Sheet<'_>) -> Draft {
    let draft = Draft::new(5, "confidentiality", "Confidentiality");
    let Some(at) = &sheet.a.confidentiality else {
        return draft;
    };
    let applies = at.value.applies.as_ref().is_some_and(|x| x.value);
    let draft = draft
        .text(if applies {
            "The common law duty of confidentiality applies"
        } else {
            "The common law duty of confidentiality does not apply"
        })
        .slot(sheet, &at.value.because);
    match sheet.law.clause_named("unlawful-disclosure") {
        Some(text) => draft.text(text),
        None => draft,
    }
}

pub(super) fn security(sheet: &Sheet<'_>) -> Vec<Draft> {
    let (a, plan) = (sheet.a, sheet.whole);
    let mut access = Vec::new();
    for (id, party) in &plan.parties {
        if let Some(clearance) = party.clearance {
            access.push(format!(
                "{id}: whoever reads what was received has at least the clearance {}",
                clearance.as_str().to_uppercase()
            ));
        }
        if !party.reads.is_empty() {
            access.push(format!(
                "{id} reads {} and no other source",
                and(&party.reads)
            ));
        }
        if party.no_staff {
            access.push(format!("{id}: no person takes part, software only"));
        }
    }
    let principles = in_file_order(&a.principles).into_iter().map(|(name, at)| {
        let regime = sheet
            .law
            .regime(&plan.regime)
            .and_then(|r| r.principles.get(name));
        let words = regime.map_or(plain(name.as_str()), Clone::clone);
        vec![words, sheet.shown(&at.value)]
    });
    let proportionate = in_file_order(&a.proportionality)
        .into_iter()
        .map(|(_, at)| {
            let p = &at.value;
            let shown = |part: &Part<crate::grammar::Slot<String>>| {
                part.as_ref()
                    .map_or(String::new(), |s| sheet.shown(&s.value))
            };
            vec![
                and(&p.flows.values()),
                shown(&p.aim),
                shown(&p.necessity),
                shown(&p.least_data),
            ]
        });
    let impact = a.impact.all().iter().map(|at| {
        let row = &at.value;
        let word = |w: Option<&str>| w.unwrap_or_default().to_owned();
        vec![
            word(row.kind.as_ref().map(|k| assessment(k.value))),
            and(&row.of.values()),
            plain(row.is.as_ref().map_or("", |i| i.value.as_str())),
            row.on
                .as_ref()
                .map_or(String::new(), |on| on.value.to_string()),
            word(row.consulted.as_ref().map(|c| c.value.as_str())),
            row.because
                .as_ref()
                .map_or(String::new(), |b| sheet.shown(&b.value)),
        ]
    });
    vec![
        with_prose(
            sheet,
            Draft::new(1, "security", "Control, safeguarding and failure"),
            "security",
        ),
        Draft::new(2, "incidents", "Clocks that run on a loss").list(clocks(sheet, "incident")),
        Draft::new(3, "access", "Access").list(access),
        Draft::new(4, "principles", "The principles of data protection")
            .table(
                "Each principle with its outcome",
                &["principle", "outcome"],
                principles.collect(),
            )
            .gaps_below(sheet, &["principles"]),
        Draft::new(5, "proportionality", "Proportionality")
            .table(
                "Why each flow is proportionate",
                &["flows", "aim", "necessity", "least data"],
                proportionate.collect(),
            )
            .gaps_below(sheet, &["proportionality"]),
        Draft::new(6, "impact", "Impact assessments")
            .table(
                "Impact assessments",
                &["kind", "of", "stands", "on", "consulted", "because"],
                impact.collect(),
            )
            .gaps_below(sheet, &["impact"]),
        rights(sheet),
        with_prose(
            sheet,
            Draft::new(8, "frameworks", "Frameworks"),
            "frameworks",
        ),
    ]
}

fn assessment(kind: Impact) -> &'static str {
    match kind {
        Impact::Pia => "privacy impact assessment",
        Impact::Dpia => "data protection impact assessment",
        Impact::Equality => "equality impact assessment",
    }
}

/// What people may ask, and how soon they are answered (LEG-27).
fn rights(sheet: &Sheet<'_>) -> Draft {
    let title = "Data protection, human rights, freedom of information";
    let draft = with_prose(sheet, Draft::new(7, "rights", title), "rights");
    match sheet.law.regime(&sheet.whole.regime) {
        Some(regime) => draft.text(format!(
            "A person who asks what is held about them is answered within {} ({})",
            regime.access, regime.title
        )),
        None => draft,
    }
}

/// The clocks that run on something, in sentences; `""` is all that run on nothing else that is printed.
pub(super) fn clocks(sheet: &Sheet<'_>, of: &str) -> Vec<String> {
    let subject = |from: &crate::ClockFrom| match from {
        crate::ClockFrom::Term => "term".to_owned(),
        crate::ClockFrom::Event(when) => when.of.to_string(),
        crate::ClockFrom::EarlierOf { of, .. } => of.to_string(),
    };
    let printed = ["incident", "issue", "error", "term"];
    sheet
        .whole
        .clocks
        .iter()
        .filter(|c| {
            let subject = subject(&c.from);
            if of.is_empty() {
                !printed.contains(&subject.as_str())
            } else {
                subject == of
            }
        })
        .map(|c| {
            let time = match (&c.within, &c.every) {
                (Some(within), _) => format!("within {within}"),
                (None, Some(every)) => format!("every {every}"),
                (None, None) => String::new(),
            };
            let force = match c.force {
                crate::Force::Must => "must",
                crate::Force::Aim => "aims to",
            };
            let then = if c.then.is_some() {
                "; then it is escalated"
            } else {
                ""
            };
            sentence(&format!(
                "{} {force} {} {time} {}{then}",
                words::owner(sheet.whole, sheet.law, &c.owner),
                c.what,
                words::clock_from(&c.from)
            ))
        })
        .collect()
}

pub(super) fn retention(sheet: &Sheet<'_>) -> Vec<Draft> {
    let rows = sheet.whole.keep.iter().map(|keep| {
        let unless = keep.unless.as_ref().map_or(String::new(), |d| {
            format!(", unless {} was decided", plain(d.as_str()))
        });
        vec![
            words::keep_what(keep),
            words::party(sheet.whole, sheet.law, &keep.at),
            words::keep_copy(keep),
            format!("{}{unless}", keep.ends),
            "the key is destroyed, with a certificate".to_owned(),
            keep.cite.clone().unwrap_or_default(),
        ]
    });
    let mut schedule = Draft::new(1, "keep", "Schedule").table(
        "How long each holder keeps what it has",
        &["what", "at", "copy", "until", "then", "source"],
        rows.collect(),
    );
    let mut told = Vec::new();
    for at in sheet.a.keep.all() {
        if let Some(reading) = &at.value.reading
            && !told.contains(&reading.value)
        {
            told.push(reading.value.clone());
            schedule.blocks.extend(sheet.reading(&reading.value.0));
        }
    }
    vec![
        schedule.gaps_below(sheet, &["keep"]),
        with_prose(
            sheet,
            Draft::new(2, "retention", "More about storing and destroying"),
            "retention",
        ),
    ]
}
