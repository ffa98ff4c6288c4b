//! Sections 1 to 3: who, what for, and what is gained.

use super::{Draft, in_file_order};
use crate::grammar::{Entries, Items, Slot};
use crate::model::Agreement;
use crate::render::Sheet;
use crate::render::words::{and, plain, sentence};
use crate::words::{Control, Does, Marking};

pub(super) fn front(sheet: &Sheet<'_>) -> Vec<(String, String)> {
    let (a, plan) = (sheet.a, sheet.written);
    let marking = match plan.marking {
        Marking::Official => "Official",
        Marking::OfficialSensitive => "Official-Sensitive",
    };
    let term = match plan.term {
        Some(term) => sentence(&term.to_string()).trim_end_matches('.').to_owned(),
        None => "the first day is open".to_owned(),
    };
    let regime = sheet
        .law
        .regime(&plan.regime)
        .map_or(plan.regime.to_string(), |r| r.title.clone());
    let mut all = vec![
        ("Name".to_owned(), plan.agreement.to_string()),
        ("Marking".to_owned(), marking.to_owned()),
        ("Data protection".to_owned(), regime),
        ("In force".to_owned(), term),
    ];
    if let Some(reference) = &a.reference {
        all.push(("Reference".to_owned(), sheet.shown(&reference.value)));
    }
    if let Some(stage) = &a.stage {
        all.push(("Stage".to_owned(), plain(stage.value.as_str())));
    }
    let open = plan.gaps.values().filter(|g| !g.open_at.is_empty()).count();
    all.push((
        "Gaps".to_owned(),
        format!(
            "{open} open, {} stop the agreement",
            plan.stopped_by().len()
        ),
    ));
    all.push(("Hash that is signed".to_owned(), sheet.hash().to_string()));
    all
}

pub(super) fn introduction(sheet: &Sheet<'_>) -> Vec<Draft> {
    let (a, plan) = (sheet.a, sheet.written);
    let participants = in_file_order(&a.parties).into_iter().filter_map(|(id, _)| {
        let party = plan.parties.get(id)?;
        let stands = match (&party.is, &party.acts_for) {
            (Control::Processor, Some(controller)) => {
                let does: Vec<String> = party.does.iter().map(|d| plain(d.as_str())).collect();
                let contract = party.contract.as_ref().map(|c| format!(", by {c}"));
                let unread = if party.does == [Does::Carry] {
                    " (cannot read what it carries)"
                } else {
                    ""
                };
                format!(
                    "processor for {controller}: {}{unread}{}",
                    and(&does),
                    contract.unwrap_or_default()
                )
            }
            (is, _) => is.to_string(),
        };
        let units = a.parties.entry(id).map(|p| &p.value.units);
        let units: Vec<String> = units
            .into_iter()
            .flat_map(Entries::entries)
            .map(|(_, at)| at.value.clone())
            .collect();
        let scope = match party.scope.as_slice() {
            [] => party.unit.clone(),
            parts => format!("{}; in scope: {}", party.unit, and(parts)),
        };
        Some(vec![
            id.to_string(),
            crate::render::words::party(plan, sheet.law, id),
            scope,
            units.join("; "),
            stands,
            basis(sheet, id),
        ])
    });
    let parties = Draft::new(1, "parties", "Participants").table(
        "The parties, their units and what they are to the data",
        &[
            "party",
            "body",
            "unit",
            "other units",
            "is",
            "condition for processing",
        ],
        participants.collect(),
    );
    let background = Draft::new(2, "prose/background", "Background and rationale");
    let background = match &a.prose {
        Some(prose) => background.prose(sheet, &prose.value.background),
        None => background,
    };
    vec![
        parties,
        with_id(background, "background"),
        umbrellas(sheet),
        source(a),
        registers(sheet),
        adequacy(sheet),
    ]
}

/// A party's condition for processing, as the regime cites it.
fn basis(sheet: &Sheet<'_>, id: &crate::PartyId) -> String {
    let written = sheet
        .a
        .parties
        .entry(id)
        .and_then(|p| p.value.lawful_basis.as_ref());
    let Some(basis) = written else {
        return String::new();
    };
    let regime = sheet.law.regime(&sheet.written.regime);
    let cites = regime.and_then(|r| r.lawful_bases.get(&basis.value));
    cites.map_or(basis.value.to_string(), Clone::clone)
}

/// The bodies that one party stands for.
fn registers(sheet: &Sheet<'_>) -> Draft {
    let lines = in_file_order(&sheet.a.parties).into_iter().filter_map(|(id, _)| {
        let each = sheet.written.parties.get(id)?.each.as_ref()?;
        let title = sheet.law.register(&each.register).map_or(String::new(), |r| r.title.clone());
        let members: Vec<String> = each.members.iter().map(|m| plain(m.as_str())).collect();
        Some(format!(
            "{id} stands for each of {title}, in the version of {}, one at a time; nothing goes from one of them to another. They are {}: {}",
            each.version,
            members.len(),
            members.join(", ")
        ))
    });
    Draft::new(5, "registers", "Registers").list(lines.collect())
}

fn adequacy(sheet: &Sheet<'_>) -> Draft {
    let rows = in_file_order(&sheet.a.parties)
        .into_iter()
        .filter_map(|(id, at)| {
            let text = |part: &crate::grammar::Part<String>| {
                part.as_ref().map_or(String::new(), |p| p.value.clone())
            };
            let body = crate::render::words::party(sheet.written, sheet.law, id);
            Some(match &at.value.adequacy.as_ref()?.value {
                Slot::Given(found) => {
                    let on = found
                        .on
                        .as_ref()
                        .map_or(String::new(), |on| on.value.to_string());
                    vec![body, on, text(&found.verdict), text(&found.by)]
                }
                Slot::Gap(gap) => vec![body, String::new(), format!("(gap {gap})"), String::new()],
            })
        });
    Draft::new(
        6,
        "adequacy",
        "Adequacy of the protection in other countries",
    )
    .table(
        "Adequacy assessments",
        &["receiver", "on", "verdict", "by"],
        rows.collect(),
    )
}

fn with_id(mut draft: Draft, id: &str) -> Draft {
    id.clone_into(&mut draft.id);
    draft
}

/// The agreements that this one refers to.
fn umbrellas(sheet: &Sheet<'_>) -> Draft {
    let a = sheet.a;
    let rows = a.under.entries().map(|(pair, at)| {
        let umbrella = match &at.value {
            Slot::Given(name) => match sheet.library.get(name) {
                Some(found) => {
                    let reference = found.reference.as_ref().map(|r| format!(" ({r})"));
                    format!("{}{}", found.title, reference.unwrap_or_default())
                }
                None => name.to_string(),
            },
            Slot::Gap(gap) => format!("(gap {gap})"),
        };
        vec![pair.to_string(), umbrella]
    });
    let mut draft = Draft::new(3, "under", "Existing agreements").table(
        "The umbrella of each pair of parties",
        &["between", "umbrella"],
        rows.collect(),
    );
    let besides: Vec<String> = a
        .besides
        .entries()
        .map(|(name, at)| format!("{name}: {}", at.value))
        .collect();
    if !besides.is_empty() {
        draft = draft
            .text("It stands besides these agreements:")
            .list(besides);
    }
    draft.gaps_below(sheet, &["under"])
}

fn source(a: &Agreement) -> Draft {
    let draft = Draft::new(4, "source", "Source");
    let Some(source) = &a.source else {
        return draft;
    };
    match (&source.value.document, &source.value.cited_as) {
        (Some(document), Some(cited)) => draft.text(format!(
            "Written from: {}. Numbers in brackets cite it by {}",
            document.value, cited.value
        )),
        _ => draft,
    }
}

pub(super) fn purpose(sheet: &Sheet<'_>) -> Vec<Draft> {
    let (a, plan) = (sheet.a, sheet.whole);
    let rows = in_file_order(&a.purposes)
        .into_iter()
        .filter_map(|(id, at)| {
            let purpose = plan.purposes.get(id)?;
            let law: Vec<String> = purpose
                .law
                .iter()
                .map(|l| sheet.law.purpose(l).map_or(l.to_string(), str::to_owned))
                .collect();
            let umbrella = purpose
                .umbrella
                .as_ref()
                .map_or(String::new(), ToString::to_string);
            let cite = at
                .value
                .cite
                .as_ref()
                .map_or(String::new(), |c| c.value.clone());
            Some(vec![
                id.to_string(),
                purpose.text.clone(),
                law.join("; "),
                umbrella,
                cite,
            ])
        });
    let purposes = Draft::new(1, "purposes", "Purposes").table(
        "What the data may be used for, and the purposes of the law that it stands on",
        &["purpose", "in words", "law", "umbrella", "source"],
        rows.collect(),
    );
    let guidance = plan.purposes.iter().flat_map(|(id, purpose)| {
        let all = purpose.law.iter().flat_map(|l| sheet.law.guidance(l));
        all.map(move |title| format!("{id}: {title}"))
    });
    let guidance: Vec<String> = guidance.collect();
    let purposes = match guidance.is_empty() {
        true => purposes,
        false => purposes
            .text("Statutory guidance under which a purpose is served:")
            .list(guidance),
    };
    let scope = Draft::new(2, "scope", "The work, its extent and its use");
    let scope = match &a.prose {
        Some(prose) => scope.prose(sheet, &prose.value.scope),
        None => scope,
    };
    vec![purposes, scope, legal_basis(sheet), asks(sheet)]
}

/// What an umbrella asks of the process agreements under it.
fn asks(sheet: &Sheet<'_>) -> Draft {
    let draft = Draft::new(
        4,
        "process-agreements",
        "Process agreements under this umbrella",
    );
    let Some(at) = &sheet.a.process_agreements else {
        return draft;
    };
    let asks = &at.value;
    let must: Vec<String> = asks
        .must_have
        .all()
        .iter()
        .map(|m| plain(m.value.as_str()))
        .collect();
    let mut draft = draft;
    if !must.is_empty() {
        draft = draft.text(format!("Each has: {}", and(&must)));
    }
    let day = |p: &crate::grammar::Part<crate::Period>| p.as_ref().map(|p| p.value.to_string());
    match (day(&asks.review_from), day(&asks.review_until)) {
        (Some(from), Some(until)) => {
            draft = draft.text(format!(
                "Its first review lies between {from} and {until} after its first day"
            ));
        }
        (Some(from), None) => {
            draft = draft.text(format!(
                "Its first review is not before {from} after its first day"
            ))
        }
        (None, Some(until)) => {
            draft = draft.text(format!(
                "Its first review is within {until} of its first day"
            ))
        }
        (None, None) => {}
    }
    draft.reading(sheet, &asks.reading)
}

/// The gateways of each flow, with what each serves and which legal questions are open.
fn legal_basis(sheet: &Sheet<'_>) -> Draft {
    let (a, plan) = (sheet.a, sheet.whole);
    let mut rows = Vec::new();
    let mut checks: Vec<String> = Vec::new();
    let mut readings = Vec::new();
    for (id, at) in in_file_order(&a.flows) {
        let Some(flow) = plan.flows.get(id) else {
            continue;
        };
        for line in a.lines(&at.value) {
            let Some(gate) = &line.value.gate else {
                continue;
            };
            let Some(gateway) = sheet.law.gateway(&gate.value) else {
                continue;
            };
            let permit = plan.permits().iter().find(|p| {
                p.flow.as_ref() == Some(id)
                    && p.gateway.as_ref() == Some(&gate.value)
                    && p.act == crate::Act::Disclose
            });
            let purposes = permit.map(|p| and(&p.purposes)).unwrap_or_default();
            let with: Vec<String> = permit
                .iter()
                .flat_map(|p| &p.with)
                .filter_map(|w| sheet.law.instrument(w))
                .map(|i| i.cites.clone())
                .collect();
            let mut cites = gateway.cites.clone();
            let limbs: Vec<String> = line
                .value
                .limbs
                .all()
                .iter()
                .map(|l| format!("({})", l.value))
                .collect();
            if !limbs.is_empty() {
                let word = if limbs.len() == 1 { "limb" } else { "limbs" };
                cites = format!("{cites}, {word} {}", and(&limbs));
            }
            if let Some(area) = &line.value.area {
                cites = format!("{cites}, in {}", plain(area.value.as_str()));
            }
            if !with.is_empty() {
                cites = format!("{cites}, read with {}", and(&with));
            }
            if let Some(why) = &line.value.why {
                cites = format!("{cites}, because {}", why.value);
            }
            let when: Vec<String> = flow
                .only
                .iter()
                .chain(line.value.when.as_ref().map(|at| &at.value))
                .map(ToString::to_string)
                .collect();
            let days = permit.map_or(String::new(), |p| p.dates.to_string());
            rows.push(vec![
                id.to_string(),
                format!("{} > {}", flow.from, flow.to),
                cites,
                purposes,
                and(&when),
                days,
            ]);
            for check in &gateway.checks {
                let check = format!("{}: {check}", gateway.cites);
                if !checks.contains(&check) {
                    checks.push(check);
                }
            }
            readings.push(&line.value.reading);
        }
    }
    let mut draft = Draft::new(3, "legal-basis", "Legal basis").table(
        "The gateways of each flow; any one line of a flow suffices",
        &["flow", "from > to", "gateway", "serves", "when", "in force"],
        rows,
    );
    if !checks.is_empty() {
        draft = draft.text("Legal questions that are open:").list(checks);
    }
    for reading in readings {
        draft = draft.reading(sheet, reading);
    }
    draft
}

pub(super) fn benefits(sheet: &Sheet<'_>) -> Vec<Draft> {
    let rows = in_file_order(&sheet.a.benefits)
        .into_iter()
        .map(|(id, at)| {
            let benefit = &at.value;
            let text = |part: &crate::grammar::Part<String>| {
                part.as_ref().map_or(String::new(), |p| p.value.clone())
            };
            let measured = benefit
                .measured_by
                .as_ref()
                .map_or(String::new(), |m| sheet.shown(&m.value));
            vec![
                plain(id.as_str()),
                text(&benefit.text),
                and(&benefit.to.values()),
                measured,
            ]
        });
    vec![
        Draft::new(1, "benefits", "Benefits and how each is measured")
            .table(
                "Benefits",
                &["benefit", "in words", "to", "measured by"],
                rows.collect(),
            )
            .gaps_below(sheet, &["benefits"]),
    ]
}
