//! The papers around an exchange: are the assessments answered, the signers and contacts named, the texts in
//! the agreement's own words, and does the agreement have what its umbrella asks for?

use std::collections::BTreeSet;

use crate::check::Check;
use crate::check::names::actor;
use crate::grammar::{Entries, Items, OneOrMore, Part, Slot};
use crate::ids::PartyId;
use crate::library::Beside;
use crate::log::At;
use crate::model::{EffectRule, Paragraph, Prose, Text, Waiver};
use crate::period::{Period, Unit};
use crate::rules::{COMMA, VOCABULARY, WORD};
use crate::words::{Asks, Assessed, Control, Event, Kind};
use document::{Node, Value};

pub(super) fn check(check: &Check<'_>) {
    principles(check);
    proportionality(check);
    impact(check);
    for_each_party(check);
    prose(check);
    audited(check);
    commas(check);
    incidents(check);
    asked_by_umbrella(check);
    versions(check);
    vocabulary(check);
}

/// Every principle of the regime has its outcome (LEG-19).
fn principles(check: &Check<'_>) {
    let (Some(regime), true) = (check.regime(), check.a.principles.is_some()) else {
        return;
    };
    let span = check
        .a
        .principles
        .as_ref()
        .map_or(check.whole(), |at| at.span);
    for (name, words) in &regime.principles {
        if !check.a.principles.has(name) {
            check
                .log
                .fault(
                    "LEG-19",
                    span,
                    format!("the principle {name} is not answered: {words}"),
                )
                .help(format!("write `{name}:` with the outcome"))
                .source(regime.title.clone());
        }
    }
    for (name, at) in check.a.principles.entries() {
        let at = At::new(name.clone(), at.span);
        check.declared("principle of this regime", &at, regime.principles.keys());
    }
}

/// Every flow of data about people is proportionate, and says why (LEG-20).
fn proportionality(check: &Check<'_>) {
    if check.a.proportionality.is_none() {
        return;
    }
    let mut covered = BTreeSet::new();
    for (_, at) in check.a.proportionality.entries() {
        check.all_declared("flow", at.value.flows.all(), check.a.flows.names());
        covered.extend(at.value.flows.all().iter().map(|f| &f.value));
    }
    for (id, flow) in check.a.each_flow() {
        if !covered.contains(id) && check.is_personal(&flow.value) {
            check
                .log
                .fault("LEG-20", flow.span, format!("nothing says why the flow {id} is proportionate"))
                .help("name it under `proportionality`, with the aim, the necessity and the least data")
                .source("Human Rights Act 1998, Article 8");
        }
    }
}

/// The assessment that the regime knows was decided about (APP-11, C-50).
fn impact(check: &Check<'_>) {
    let Some(regime) = check.regime() else { return };
    let a = check.a;
    let Some(all) = &a.impact else { return };
    let mut assessed: BTreeSet<&PartyId> = BTreeSet::new();
    for at in a.impact.all() {
        let row = &at.value;
        check.all_declared("party", row.of.all(), a.parties.names());
        if row.kind.as_ref().is_some_and(|k| k.value == regime.impact) {
            assessed.extend(row.of.all().iter().map(|p| &p.value));
        }
        let is = row.is.as_ref().map(|is| (is.value, is.span));
        if let Some((Assessed::NotNeeded, span)) = is
            && row.consulted.is_none()
        {
            check
                .log
                .fault(
                    "APP-11",
                    span,
                    "that no assessment is needed is decided only after somebody was consulted",
                )
                .help("write `consulted:` with who was");
        }
        let open = row
            .because
            .as_ref()
            .is_some_and(|b| b.value.given().is_none());
        if let Some((Assessed::Due, span)) = is
            && !open
        {
            check
                .log
                .fault("APP-11", span, "an assessment that is due is not there yet")
                .help("let a gap stand in `because`, which stops the agreement until it is done");
        }
        if let (Some((Assessed::NotNeeded | Assessed::Due, _)), Some(on)) = (is, &row.on) {
            check.log.fault(
                crate::rules::DETAIL,
                on.span,
                "a day stands beside an assessment that is done",
            );
        }
    }
    let kind = regime.impact;
    let missing: Vec<&PartyId> = a
        .parties
        .entries()
        .filter(|(_, p)| {
            p.value
                .is
                .as_ref()
                .is_some_and(|is| is.value == Control::Controller)
        })
        .map(|(id, _)| id)
        .filter(|id| !assessed.contains(id) && check.is_bound(id))
        .collect();
    let none = assessed.is_empty();
    if none || (regime.impact_needed && !missing.is_empty()) {
        let of = if none {
            String::new()
        } else {
            names(" of ", &missing)
        };
        check
            .log
            .fault(
                "APP-11",
                all.span,
                format!("nothing is decided about the {kind}{of}"),
            )
            .help(format!(
                "write `- {{ kind: {kind}, of: ..., is: done, because: ... }}`"
            ))
            .source(regime.title.clone());
    }
}

fn names(before: &str, parties: &[&PartyId]) -> String {
    let all: Vec<&str> = parties.iter().map(|p| p.as_str()).collect();
    format!("{before}{}", all.join(" and "))
}

/// Contacts, a signer and document control for every party that is a controller.
fn for_each_party(check: &Check<'_>) {
    let a = check.a;
    for (party, at) in a.parties.entries() {
        if at
            .value
            .is
            .as_ref()
            .is_some_and(|is| is.value == Control::Processor)
        {
            continue;
        }
        let signs = a.signed.names().any(|s| s.party() == *party);
        for (there, block, rule, what) in [
            (
                a.contacts.has(party),
                a.contacts.is_some(),
                "PTY-03",
                "contacts",
            ),
            (signs, a.signed.is_some(), "AGR-21", "signed"),
            (
                a.control.has(party),
                a.control.is_some(),
                "AGR-31",
                "control",
            ),
        ] {
            if block && !there {
                check
                    .log
                    .fault(
                        rule,
                        at.span,
                        format!("`{what}` says nothing of the party {party}"),
                    )
                    .help(format!("add {party} to `{what}`, or let a gap stand there"));
            }
        }
    }
    let spans = |part: Vec<(&PartyId, crate::Span)>| {
        for (party, span) in part {
            check.declared("party", &At::new(party.clone(), span), a.parties.names());
        }
    };
    spans(a.contacts.entries().map(|(p, at)| (p, at.span)).collect());
    spans(a.control.entries().map(|(p, at)| (p, at.span)).collect());
    spans(a.owners.entries().map(|(p, at)| (p, at.span)).collect());
    for (_, benefit) in a.benefits.entries() {
        check.all_declared("party", benefit.value.to.all(), a.parties.names());
    }
    signers(check);
    placeholders(check);
}

/// What stands for a contact and is none: a gap would say who must answer (C-17).
fn placeholders(check: &Check<'_>) {
    let Value::Map(sections) = &check.root.value else {
        return;
    };
    for (_, section) in sections
        .iter()
        .filter(|(key, _)| ["contacts", "signed", "control"].contains(&key.text.as_str()))
    {
        placeholders_in(check, section);
    }
}

fn placeholders_in(check: &Check<'_>, node: &Node) {
    match &node.value {
        Value::Text { text, .. } => {
            let bare = text
                .trim()
                .trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase();
            let none = [
                "",
                "redacted",
                "tbc",
                "tbd",
                "tba",
                "to be confirmed",
                "unknown",
                "none",
                "n/a",
                "xxx",
            ];
            if none.contains(&bare.as_str()) {
                check
                    .log
                    .fault(
                        "PTY-03",
                        node.span,
                        format!("`{}` stands for what is missing", crate::log::cut(text)),
                    )
                    .help("let a gap stand here, which says who must answer and what it stops");
            }
        }
        Value::List(items) => items.iter().for_each(|item| placeholders_in(check, item)),
        Value::Map(entries) => entries
            .iter()
            .for_each(|(_, value)| placeholders_in(check, value)),
    }
}

/// Signers are of parties or their units, and of comparable seniority (PTY-16).
fn signers(check: &Check<'_>) {
    let a = check.a;
    let effect = a.term.as_ref().and_then(|t| t.value.effect.as_ref());
    if let Some(EffectRule::Some(block)) = effect.map(|e| &e.value)
        && let Some(n) = &block.signatures
        && usize::try_from(n.value.0).is_ok_and(|n| a.signed.names().count() < n)
        && a.signed.is_some()
    {
        let message = format!(
            "it takes {} signatures, and {} sign",
            n.value.0,
            a.signed.names().count()
        );
        check.log.fault("AGR-21", n.span, message);
    }
    let mut grades = Vec::new();
    for (signer, at) in a.signed.entries() {
        let party = At::new(signer.party(), at.span);
        if !check.declared("party", &party, a.parties.names()) {
            continue;
        }
        if let Some(unit) = signer.unit() {
            let units = a.parties.entry(&party.value).map(|p| &p.value.units);
            let all: Vec<_> = units.into_iter().flat_map(|u| u.names()).collect();
            let what = format!("unit of {}", party.value);
            check.declared(&what, &At::new(unit, at.span), all.into_iter());
        }
        let role = at.value.given().and_then(|s| s.role.as_ref());
        if let Some(role) = role
            && let Some(grade) = check.law.grade(&role.value)
        {
            grades.push((grade, signer, role));
        }
    }
    let highest = grades.iter().min_by_key(|(grade, ..)| *grade);
    let lowest = grades.iter().max_by_key(|(grade, ..)| *grade);
    if let (Some((high, one, senior)), Some((low, other, role))) = (highest, lowest)
        && low - high > 1
    {
        check
            .log
            .warn(
                "PTY-16",
                role.span,
                format!(
                    "the {} of {other} and the {} of {one} are not of comparable seniority",
                    role.value, senior.value
                ),
            )
            .help("let people of one level sign");
    }
    for (gap, at) in a.waivers.entries() {
        let name = At::new(gap.clone(), at.span);
        check.declared("gap", &name, a.gaps.names());
        if let Some(by) = &at.value.by {
            actor(check, by);
            let role = by.value.role();
            if !role
                .as_ref()
                .is_some_and(|r| matches!(r.as_str(), "iao" | "siro"))
            {
                check
                    .log
                    .fault(
                        "AGR-30",
                        by.span,
                        "an information asset owner or senior information risk owner waives a gap",
                    )
                    .help("write the role as `iao` or `siro`, such as `ho.iao`");
            }
        }
        waived_days(check, gap, &at.value);
    }
}

/// A waiver is for a time, and of a gap that its own party answers for.
fn waived_days(check: &Check<'_>, gap: &crate::GapId, waiver: &Waiver) {
    let year = Period {
        count: 12,
        unit: Unit::Months,
    };
    if let (Some(on), Some(until)) = (&waiver.on, &waiver.until) {
        if until.value < on.value {
            check
                .log
                .fault(WORD, until.span, "the last day is before the first");
        } else if year.after(on.value).is_some_and(|end| end <= until.value) {
            check
                .log
                .fault(
                    "AGR-30",
                    until.span,
                    "a waiver holds for 12 months at the most",
                )
                .help("write an earlier day; a gap that is open longer is no exception");
        }
    }
    let owner = check.a.gaps.entry(gap).and_then(|g| g.value.owner.as_ref());
    if let (Some(owner), Some(by)) = (owner, &waiver.by)
        && owner.value != "all"
        && owner.value != by.value.party().as_str()
    {
        let message = format!(
            "{} owns the gap {gap}, and {} would waive it",
            owner.value, by.value
        );
        check.log.fault("AGR-30", by.span, message);
    }
}

/// The texts of a prose, with their keys.
pub(crate) fn texts(prose: &Prose) -> [(&'static str, &Part<Text>); 13] {
    [
        ("background", &prose.background),
        ("scope", &prose.scope),
        ("security", &prose.security),
        ("consultation", &prose.consultation),
        ("performance", &prose.performance),
        ("disputes", &prose.disputes),
        ("rights", &prose.rights),
        ("procedures", &prose.procedures),
        ("limitations", &prose.limitations),
        ("financial", &prose.financial),
        ("retention", &prose.retention),
        ("frameworks", &prose.frameworks),
        ("other", &prose.other),
    ]
}

/// Every clause that a text names is in the library.
fn prose(check: &Check<'_>) {
    let Some(prose) = &check.a.prose else { return };
    for (_, text) in texts(&prose.value) {
        let paragraphs: &[At<Paragraph>] = match text {
            Some(at) => {
                let OneOrMore(all) = &at.value.0;
                all
            }
            None => &[],
        };
        for paragraph in paragraphs {
            if let Paragraph::Clause(name) = &paragraph.value {
                let at = At::new(name.clone(), paragraph.span);
                check.declared("clause in the library", &at, check.law.clauses.keys());
            }
        }
    }
}

/// The agreement provides for being audited (AUD-03): by the clause of the library, or in its own words. An open gap is its
/// owner's to fill.
fn audited(check: &Check<'_>) {
    let Some(prose) = &check.a.prose else { return };
    let Some(text) = &prose.value.performance else {
        return;
    };
    let provides = |at: &At<Paragraph>| match &at.value {
        Paragraph::Words(Slot::Given(words)) => words.to_lowercase().contains("audit"),
        Paragraph::Words(Slot::Gap(_)) => true,
        Paragraph::Clause(name) => name.as_str() == AUDIT,
    };
    let OneOrMore(all) = &text.value.0;
    if !all.iter().any(provides) {
        check
            .log
            .fault("AUD-03", text.span, "nothing says that the parties may be audited")
            .help(format!(
                "name the clause: `performance: [ {{ clause: yearly-usefulness }}, {{ clause: {AUDIT} }} ]`, or say in own words who may audit what"
            ));
    }
}

/// The clause of the library that provides for audit.
const AUDIT: &str = "audit-on-request";

/// A text of the prose that begins with a small letter, in a list in brackets, was cut off at a comma.
fn commas(check: &Check<'_>) {
    let Value::Map(sections) = &check.root.value else {
        return;
    };
    let prose = sections.iter().filter(|(key, _)| key.text == "prose");
    for (_, prose) in prose {
        let Value::Map(texts) = &prose.value else {
            continue;
        };
        for (_, text) in texts {
            let Value::List(items) = &text.value else {
                continue;
            };
            let cut = items.iter().skip(1).find(|item| {
                matches!(&item.value, Value::Text { text, plain: true }
                    if item.span.line == items.first().map_or(0, |i| i.span.line)
                        && text.starts_with(|c: char| c.is_lowercase() || c.is_ascii_digit()))
            });
            if let Some(cut) = cut {
                check
                    .log
                    .warn(
                        COMMA,
                        cut.span,
                        "a comma has cut this text off from the one before",
                    )
                    .help("put the whole text in quotes");
            }
        }
    }
}

/// What happens on failure has a clock (AGR-13).
fn incidents(check: &Check<'_>) {
    let a = check.a;
    if a.kind.as_ref().is_none_or(|k| k.value == Kind::Umbrella) || a.flows.is_none() {
        return;
    }
    let of_incident =
        a.clocks
            .all()
            .iter()
            .any(|clock| match clock.value.from.as_ref().map(|f| &f.value) {
                Some(crate::model::From::Event(when)) => when
                    .of
                    .as_ref()
                    .is_some_and(|of| of.value.as_str() == "incident"),
                Some(crate::model::From::Earlier(earlier)) => earlier
                    .of
                    .as_ref()
                    .is_some_and(|of| of.value.as_str() == "incident"),
                Some(crate::model::From::Term) | None => false,
            });
    if !of_incident {
        check
            .log
            .fault("AGR-13", check.whole(), "nothing says within which time a loss is told to the other parties")
            .help(format!(
                "add to clocks: `- {{ what: tell the other parties of a loss, within: 24 hours, from: {{ event: {}, of: incident }}, owner: the party that lost it, force: must }}`",
                Event::Aware
            ));
    }
}

/// An umbrella may ask more of the process agreements under it (AGR-05, REV-04).
fn asked_by_umbrella(check: &Check<'_>) {
    let a = check.a;
    for (pair, at) in a.under.entries() {
        let Some(name) = at.value.given() else {
            continue;
        };
        let Some(umbrella) = check.library.get(name) else {
            continue;
        };
        let Some(asks) = &umbrella.asks else { continue };
        for asked in asks.must_have.all() {
            let missing = match asked.value {
                Asks::Benefits => a.benefits.is_none(),
                Asks::Owners => {
                    let parties = pair.as_str().split('-');
                    let lacks = |p: &str| {
                        PartyId::parse(p).is_ok_and(|p| check.is_party(&p) && !a.owners.has(&p))
                    };
                    a.owners.is_none() || parties.into_iter().any(lacks)
                }
                Asks::Approval => a.approval.is_none(),
                Asks::UmbrellaPurpose => a
                    .purposes
                    .entries()
                    .any(|(_, p)| p.value.umbrella.is_none()),
            };
            if missing {
                check
                    .log
                    .fault(
                        "AGR-05",
                        check.whole(),
                        format!("the umbrella {name} asks for `{}`", asked.value),
                    )
                    .help(match asked.value {
                        Asks::Benefits => "write `benefits:`, each with `to` and `measured-by`",
                        Asks::Owners => "write `owners:` with the business owner at each party",
                        Asks::Approval => "write `approval:` with the level that was given",
                        Asks::UmbrellaPurpose => {
                            "give each purpose `umbrella:` with the purpose that it serves"
                        }
                    })
                    .source(umbrella.title.clone());
            }
        }
        first_review(check, name, umbrella);
    }
}

fn first_review(check: &Check<'_>, name: &crate::AgreementId, umbrella: &Beside) {
    let Some(asks) = &umbrella.asks else { return };
    let Some(term) = check.a.term.as_ref().map(|t| &t.value) else {
        return;
    };
    let Some(review) = term.review.as_ref().map(|r| &r.value) else {
        return;
    };
    let Some(first) = review.first.as_ref().or(review.every.as_ref()) else {
        return;
    };
    // The day it is counted from makes no difference to which of two periods is longer.
    let start = check.term.map_or(jiff::civil::date(2016, 1, 1), |t| t.from);
    let day = |at: &Part<crate::Period>| at.as_ref().and_then(|at| at.value.after(start));
    let Some(found) = first.value.after(start) else {
        return;
    };
    let soon = day(&asks.review_from).filter(|from| found < *from);
    let late = day(&asks.review_until).filter(|until| *until < found);
    if let Some(limit) = soon.or(late) {
        let side = if soon.is_some() { "before" } else { "after" };
        check
            .log
            .fault(
                "REV-04",
                first.span,
                format!("the first review would be {side} {limit}, as {name} asks it not to be"),
            )
            .help("write `first:` in the review")
            .source(umbrella.title.clone());
    }
}

/// Versions go up with their days, and each has a day of publication (AGR-24).
fn versions(check: &Check<'_>) {
    let number =
        |text: &str| -> Vec<u64> { text.split('.').filter_map(|n| n.parse().ok()).collect() };
    let rows = check.a.versions.all();
    for (i, at) in rows.iter().enumerate() {
        let version = &at.value;
        if version.published.is_none() {
            check
                .log
                .warn("AGR-24", at.span, "this version has no day of publication")
                .help("write `published:`, or a gap");
        }
        let Some((own, day)) = version
            .number
            .as_ref()
            .zip(version.date.as_ref().and_then(|d| d.value.given()))
        else {
            continue;
        };
        let others = rows.iter().enumerate().filter(|(j, _)| *j != i);
        let earlier = others.map(|(_, at)| &at.value).find(|other| {
            let other_day = other.date.as_ref().and_then(|d| d.value.given());
            let lower = other
                .number
                .as_ref()
                .is_some_and(|n| number(&n.value) < number(&own.value));
            lower && other_day.is_some_and(|d| day < d)
        });
        if let (Some(other), None) = (earlier, &version.out_of_order) {
            let number = other.number.as_ref().map_or("", |n| n.value.as_str());
            check
                .log
                .warn(
                    "AGR-24",
                    at.span,
                    format!("version {} is dated before version {number}", own.value),
                )
                .help("mend the day, or write `out-of-order:` with the reason");
        }
    }
}

/// No text of the agreement says what the agreement never says (EXCH-DFE-10).
fn vocabulary(check: &Check<'_>) {
    let Some(words) = &check.a.words else { return };
    let never: Vec<String> = words
        .value
        .never_say
        .all()
        .iter()
        .map(|w| w.value.to_lowercase())
        .collect();
    let Value::Map(entries) = &check.root.value else {
        return;
    };
    for (key, node) in entries.iter().filter(|(key, _)| key.text != "words") {
        lint(check, &key.text, key.span, &never);
        lint_node(check, node, &never);
    }
}

fn lint_node(check: &Check<'_>, node: &Node, never: &[String]) {
    match &node.value {
        Value::Text { text, .. } => lint(check, text, node.span, never),
        Value::List(items) => items.iter().for_each(|item| lint_node(check, item, never)),
        Value::Map(entries) => {
            for (key, value) in entries {
                lint(check, &key.text, key.span, never);
                lint_node(check, value, never);
            }
        }
    }
}

fn lint(check: &Check<'_>, text: &str, span: crate::Span, never: &[String]) {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    for word in never {
        let phrase: Vec<&str> = word.split(|c: char| !c.is_alphanumeric()).collect();
        if words
            .windows(phrase.len().max(1))
            .any(|w| w == phrase.as_slice())
        {
            check
                .log
                .fault(
                    VOCABULARY,
                    span,
                    format!("the agreement never says `{word}`"),
                )
                .help("say it in the words that stand under `words: say`");
        }
    }
}
