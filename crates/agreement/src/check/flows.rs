//! Does each flow hold together: its ends, its columns, what it answers or follows, and what goes with it?

use std::collections::BTreeSet;

use crate::check::Check;
use crate::check::conditions::{knowable_by, known, operand};
use crate::check::data::type_of;
use crate::grammar::{Entries, Items};
use crate::ids::{FieldName, FlowId, PartyId};
use crate::log::At;
use crate::model::{Answers, Flow, Party};
use crate::rules::{
    ANSWERS, CIRCLE, DETAIL, FOLLOWS, HAVE, MEMBER, MISSING, PROCESSOR, SHAPE, SUBJECT, TEST_TYPE,
    TOGETHER, TWICE,
};
use crate::value::FieldType;
use crate::words::{Control, Does, RowCover};

pub(super) fn check(check: &Check<'_>) {
    for (id, at) in check.a.parties.entries() {
        processor(check, id, at);
    }
    for (id, at) in check.a.each_flow() {
        let flow = &at.value;
        ends(check, id, flow);
        for_member(check, id, flow);
        to_subject(check, id, flow);
        kinds(check, id, flow);
        columns(check, id, flow);
        starts(check, id, at);
        if let Some(answers) = &flow.answers {
            answer(check, id, flow, answers);
        }
        follows(check, id, flow);
        together(check, id, flow);
    }
    circles(check);
}

/// A processor acts for a controller among the parties.
fn processor(check: &Check<'_>, id: &PartyId, at: &At<Party>) {
    let party = &at.value;
    let is = party.is.as_ref().map(|is| is.value);
    match (is, &party.acts_for) {
        (Some(Control::Processor), None) => {
            check
                .log
                .fault(
                    PROCESSOR,
                    at.span,
                    format!("the processor {id} does not say for whom it acts"),
                )
                .help("write `for:` with its controller, and `does:`");
        }
        (Some(Control::Controller), Some(other)) => {
            check
                .log
                .fault(
                    DETAIL,
                    other.span,
                    format!("the controller {id} acts for nobody"),
                )
                .help("write `is: processor`, or take this out");
        }
        (Some(Control::Processor), Some(other)) => {
            let controller = check
                .a
                .parties
                .entry(&other.value)
                .and_then(|p| p.value.is.as_ref());
            if controller.is_some_and(|is| is.value == Control::Processor) {
                let message = format!("{id} acts for {}, which is no controller", other.value);
                check.log.fault(PROCESSOR, other.span, message);
            }
        }
        (Some(Control::Controller), None) | (None, _) => {}
    }
}

fn is_processor(check: &Check<'_>, party: &PartyId) -> bool {
    check
        .a
        .parties
        .entry(party)
        .and_then(|p| p.value.is.as_ref())
        .is_some_and(|is| is.value == Control::Processor)
}

fn ends(check: &Check<'_>, id: &FlowId, flow: &Flow) {
    if let (Some(from), Some(to)) = (&flow.from, &flow.to)
        && from.value == to.value
    {
        check
            .log
            .fault(SHAPE, to.span, format!("the flow {id} goes from {} to itself", from.value))
            .help("members of one register send each other nothing, unless two parties stand for them");
    }
    for end in flow.from.iter().chain(&flow.to) {
        if is_processor(check, &end.value) {
            let message = format!("the flow {id} has the processor {} at its end", end.value);
            check
                .log
                .fault(PROCESSOR, end.span, message)
                .help("write its controller there, and `handled-by:` with the processor");
        }
    }
    for hand in flow.handled_by.all() {
        let Some(party) = check.a.parties.entry(&hand.value).map(|p| &p.value) else {
            continue;
        };
        let controller = party.acts_for.as_ref().map(|c| &c.value);
        let at_an_end = flow
            .from
            .iter()
            .chain(&flow.to)
            .any(|end| Some(&end.value) == controller);
        let works = party
            .does
            .all()
            .iter()
            .any(|d| matches!(d.value, Does::Work | Does::Store));
        if !is_processor(check, &hand.value) || !at_an_end || !works {
            let message = format!(
                "{} is no processor that works or stores for the sender or the receiver of the flow {id}",
                hand.value
            );
            check
                .log
                .fault(PROCESSOR, hand.span, message)
                .help("it is a party that `is: processor`, `for:` one of the two, and `does: work` or `store`");
        }
    }
}

/// What goes to each body of a register says which rows are for which of them; an answer pairs with what its
/// receiver asked.
fn for_member(check: &Check<'_>, id: &FlowId, flow: &Flow) {
    let register = flow
        .to
        .as_ref()
        .and_then(|to| check.a.parties.entry(&to.value)?.value.register());
    match (register, &flow.for_member) {
        (None, None) => {}
        (None, Some(member)) => {
            let message = format!("the flow {id} does not go to each body of a register");
            check
                .log
                .fault(DETAIL, member.span, message)
                .help("take it out");
        }
        (Some(register), None) => {
            let Some(to) = flow
                .to
                .as_ref()
                .filter(|_| flow.answers.is_none() && check.is_personal(flow))
            else {
                return;
            };
            check
                .log
                .fault(MEMBER, to.span, format!("the flow {id} goes to each of {register}, and nothing says for which of them a row is"))
                .help(format!("write `for-member:` with a fact or field `{{ type: listed, list: {register}, ... }}`"));
        }
        (Some(register), Some(member)) => {
            let Some(of) = operand(&member.value) else {
                return;
            };
            if !known(check, member) {
                return;
            }
            let fits = type_of(check.a, check.law, &of).is_some_and(|(kind, many)| {
                !many && matches!(kind, FieldType::Listed { list, .. } if list.as_str() == register.as_str())
            });
            if !fits {
                let message = format!("{} says not for which of {register} a row is", member.value);
                check
                    .log
                    .fault(TEST_TYPE, member.span, message)
                    .help(format!(
                        "give it `type: listed, list: {register}`, and one value"
                    ));
            }
            if let Some(from) = &flow.from {
                knowable_by(
                    check,
                    &format!("the flow {id} needs {}", member.value),
                    &of,
                    from,
                    member.span,
                );
            }
        }
    }
}

fn to_subject(check: &Check<'_>, id: &FlowId, flow: &Flow) {
    let Some(to) = &flow.to else { return };
    match (check.to_subject(flow), &flow.held_about) {
        (false, None) => {}
        (false, Some(held)) => {
            check
                .log
                .fault(
                    DETAIL,
                    held.span,
                    format!("the flow {id} does not go to the person it is about"),
                )
                .help("write `to: subject`, or take this out");
        }
        (true, held) => {
            if held.is_none() {
                check
                    .log
                    .fault(
                        SUBJECT,
                        to.span,
                        format!("the flow {id} goes to a person, and does not say that it is about that person alone"),
                    )
                    .help("write `held-about: subject`");
            }
            if flow.only.is_none() {
                check
                    .log
                    .fault(
                        SUBJECT,
                        to.span,
                        format!("the flow {id} goes to a person, and nothing must be so that it is that person"),
                    )
                    .help("write `only:` with a condition on a fact that says that the person was known");
            }
            for kind in check.a.flow_about(flow) {
                let third = check
                    .a
                    .people
                    .entry(kind)
                    .is_some_and(|p| p.value.third_party);
                if third {
                    let message =
                        format!("the flow {id} would tell a person about the third party {kind}");
                    check
                        .log
                        .fault(SUBJECT, to.span, message)
                        .help("leave that dataset out");
                }
            }
        }
    }
}

/// What a flow is about is a part of what its datasets are about.
fn kinds(check: &Check<'_>, id: &FlowId, flow: &Flow) {
    let all: BTreeSet<_> = flow
        .send
        .all()
        .iter()
        .filter_map(|d| check.a.datasets.entry(&d.value))
        .flat_map(|d| d.value.kinds().iter().map(|k| &k.value))
        .collect();
    for about in flow.about.all() {
        if check.a.people.has(&about.value) && !all.is_empty() && !all.contains(&about.value) {
            let message = format!(
                "the flow {id} is about {}, and what it sends is not",
                about.value
            );
            check.log.fault(DETAIL, about.span, message);
        }
    }
}

fn columns(check: &Check<'_>, id: &FlowId, flow: &Flow) {
    let mut seen = BTreeSet::new();
    for dataset in flow.send.all() {
        let Some(found) = check.a.datasets.entry(&dataset.value) else {
            continue;
        };
        for (name, field) in found.value.columns() {
            if !seen.insert(&name.value) {
                let message = format!("the flow {id} would have two columns named {}", name.value);
                check
                    .log
                    .fault(TWICE, dataset.span, message)
                    .help("send one of the two datasets, name one field differently, or send one by a flow that is `part-of` the other");
            }
            let Some(from) = &flow.from else { continue };
            for source in field.copy_of.all() {
                for origin in check.a.origins(&source.value).unwrap_or_default() {
                    if check.moves.lacks(&from.value, &origin) {
                        let message = format!(
                            "{} would send a copy of {origin} in the flow {id}, and no flow brings it there",
                            from.value
                        );
                        check.log.fault(HAVE, dataset.span, message);
                    }
                }
            }
        }
    }
}

/// A flow says when it is sent, or rests on another.
fn starts(check: &Check<'_>, id: &FlowId, at: &At<Flow>) {
    let flow = &at.value;
    let rests = flow.answers.is_some() || flow.follows.is_some() || flow.part_of.is_some();
    if flow.when.is_none() && !rests && !check.has_fault_at(&["flows", id.as_str()]) {
        check
            .log
            .fault(
                MISSING,
                at.span,
                format!("the flow {id} neither answers, follows or is part of another, nor says `when` it is sent"),
            )
            .help("write `when: { every: month, from: 2026-01 }`, or another of its forms");
    }
}

fn answer(check: &Check<'_>, id: &FlowId, flow: &Flow, at: &At<Answers>) {
    let a = check.a;
    let answers = &at.value;
    asked_about(check, id, flow, at);
    // By another party's hand the question comes from there, and the answer still goes to who asked first.
    let through = answers
        .through
        .as_ref()
        .and_then(|f| a.flows.entry(&f.value))
        .map(|f| &f.value);
    for asked in answers.flow.all() {
        let Some(question) = a.flows.entry(&asked.value).map(|at| &at.value) else {
            continue;
        };
        let came_to = through.map_or(&question.to, |through| &through.to);
        let is_party = |p: &&At<PartyId>| a.parties.has(&p.value);
        let same = |one: &Option<At<PartyId>>, other: &Option<At<PartyId>>| {
            let ends = one
                .as_ref()
                .filter(is_party)
                .zip(other.as_ref().filter(is_party));
            ends.is_none_or(|(x, y)| x.value == y.value)
        };
        if !same(&flow.from, came_to) || !same(&flow.to, &question.from) {
            let message = format!(
                "the flow {id} answers {}, and does not go back to who asked from who was asked",
                asked.value
            );
            check
                .log
                .fault(ANSWERS, asked.span, message)
                .help("write `follows` where it goes on to another party, or `through` where another passed the question on");
        }
        pairing(check, id, flow, asked, question, answers);
        if let Some(same) = &answers.same_file {
            same_file(check, id, flow, asked, question, same.span);
        }
    }
    if let Some(through) = &answers.through
        && let Some(way) = a.flows.entry(&through.value).map(|f| &f.value)
        && !way.follows.as_ref().is_some_and(|f| {
            f.value
                .flow
                .all()
                .iter()
                .any(|f| answers.flow.all().iter().any(|q| q.value == f.value))
        })
    {
        let message = format!(
            "{} does not follow what the flow {id} answers",
            through.value
        );
        check.log.fault(ANSWERS, through.span, message);
    }
    if answers.pairs_on.is_none() && check.is_personal(flow) {
        check
            .log
            .fault(
                "MATCH-03",
                at.span,
                format!("the flow {id} has nothing by which its rows pair with the question"),
            )
            .help("write `pairs-on:` with columns that go both ways");
    }
    cover(check, id, at);
}

/// An answer is about people who were asked about, or third parties that it leads to.
fn asked_about(check: &Check<'_>, id: &FlowId, flow: &Flow, at: &At<Answers>) {
    let a = check.a;
    let questions = at.value.flow.all();
    let asked: Vec<_> = questions
        .iter()
        .filter_map(|q| a.flows.entry(&q.value))
        .flat_map(|q| a.flow_about(&q.value))
        .collect();
    let names: Vec<&str> = questions.iter().map(|q| q.value.as_str()).collect();
    for kind in a.flow_about(flow) {
        let third = a.people.entry(kind).is_some_and(|p| p.value.third_party);
        let known = asked.iter().all(|k| a.people.has(k));
        if !asked.contains(&kind) && !third && !asked.is_empty() && known {
            let span = questions.first().map_or(at.span, |q| q.span);
            let message = format!(
                "the flow {id} is about {kind}, about whom {} did not ask",
                names.join(" and ")
            );
            check
                .log
                .fault(ANSWERS, span, message)
                .help("a kind of person that answers lead to is marked `third-party: yes`");
        }
    }
}

/// Rows without an answer are shown too (MATCH-02).
fn cover(check: &Check<'_>, id: &FlowId, at: &At<Answers>) {
    let answers = &at.value;
    let Some(cover) = &answers.a_row_for else {
        return;
    };
    match (cover.value, &answers.others) {
        (RowCover::RowsWithContent, None) => {
            check
                .log
                .fault(
                    "MATCH-02",
                    cover.span,
                    format!("the flow {id} has rows where there is something to say, and nothing shows the others"),
                )
                .help("write `others:`: nil-count, nil-row or not-found");
        }
        (RowCover::EveryRow, Some(others)) => {
            let message = "where every row is answered there are no others";
            check
                .log
                .fault(DETAIL, others.span, message)
                .help("take it out");
        }
        (RowCover::RowsWithContent | RowCover::RowsSent | RowCover::EveryRow, _) => {}
    }
}

fn pairing(
    check: &Check<'_>,
    id: &FlowId,
    flow: &Flow,
    asked: &At<FlowId>,
    question: &Flow,
    answers: &Answers,
) {
    // A part pairs by the columns of the file that it is a part of, too.
    let whole = |of: &Flow| {
        of.part_of
            .as_ref()
            .and_then(|w| check.a.flows.entry(&w.value))
            .map(|w| &w.value)
    };
    let origin = |of: &Flow, column: &FieldName| {
        let own = check.a.sent(of).find(|f| f.field == *column);
        let of_whole = || whole(of).and_then(|w| check.a.sent(w).find(|f| f.field == *column));
        own.or_else(of_whole).map(|f| check.a.origins(&f))
    };
    // Where a dataset is not there, that was told.
    let there = |of: &Flow| {
        of.send.is_some() && of.send.all().iter().all(|d| check.a.datasets.has(&d.value))
    };
    if !there(flow) || !there(question) {
        return;
    }
    for column in answers.pairs_on.all() {
        let told = match (origin(question, &column.value), origin(flow, &column.value)) {
            (None, _) => format!(
                "{} does not send {}, so rows cannot pair on it",
                asked.value, column.value
            ),
            (_, None) => format!(
                "the flow {id} does not send {} back, so rows cannot pair on it",
                column.value
            ),
            (Some(None), _) | (_, Some(None)) => continue,
            (Some(there), Some(back)) if there != back => {
                format!(
                    "{} comes back as something else than {} sent",
                    column.value, asked.value
                )
            }
            (Some(_), Some(_)) => continue,
        };
        check
            .log
            .fault("MATCH-03", column.span, told)
            .help("send it both ways; `copy-of` says that it comes back as it went");
    }
}

/// Where the same file comes back, every column of it does.
fn same_file(
    check: &Check<'_>,
    id: &FlowId,
    flow: &Flow,
    asked: &At<FlowId>,
    question: &Flow,
    span: crate::Span,
) {
    let back: BTreeSet<_> = check
        .a
        .sent(flow)
        .filter_map(|f| check.a.origins(&f))
        .flatten()
        .collect();
    let lost: Vec<String> = check
        .a
        .sent(question)
        .filter(|f| {
            let origins = check.a.origins(f).unwrap_or_default();
            !origins.is_empty() && !origins.iter().all(|o| back.contains(o))
        })
        .map(|f| f.field.to_string())
        .collect();
    if !lost.is_empty() {
        let message = format!(
            "the file of {} would not come back the same: the flow {id} lacks {}",
            asked.value,
            lost.join(", ")
        );
        check
            .log
            .fault(ANSWERS, span, message)
            .help("send copies of them, or take `same-file` out");
    }
}

fn follows(check: &Check<'_>, id: &FlowId, flow: &Flow) {
    let (Some(at), Some(from), Some(to)) = (&flow.follows, &flow.from, &flow.to) else {
        return;
    };
    for other in at.value.flow.all() {
        let Some(followed) = check.a.flows.entry(&other.value).map(|f| &f.value) else {
            continue;
        };
        let ends = followed.from.iter().chain(&followed.to);
        if !ends.clone().any(|end| end.value == from.value) {
            let message = format!(
                "{} neither sends nor receives {}, which the flow {id} follows",
                from.value, other.value
            );
            check.log.fault(FOLLOWS, other.span, message);
        }
        let back = followed.to.as_ref().is_some_and(|t| t.value == from.value)
            && followed.from.as_ref().is_some_and(|f| f.value == to.value);
        if back {
            let message = format!("the flow {id} goes back to who sent {}", other.value);
            check
                .log
                .fault(FOLLOWS, other.span, message)
                .help("write `answers`");
        }
    }
}

/// What goes together goes between the same parties; a part of a file goes as the file goes.
fn together(check: &Check<'_>, id: &FlowId, flow: &Flow) {
    let party = |at: &Option<At<PartyId>>| at.as_ref().map(|p| p.value.clone());
    for need in flow.needs.all() {
        let Some(other) = need.value.flow().and_then(|f| check.a.flows.entry(f)) else {
            continue;
        };
        if party(&other.value.from) != party(&flow.from)
            || party(&other.value.to) != party(&flow.to)
        {
            let message = format!("the flow {id} needs another that does not go the same way");
            check.log.fault(TOGETHER, need.span, message);
        }
    }
    let Some(part_of) = &flow.part_of else { return };
    let Some(whole) = check.a.flows.entry(&part_of.value).map(|f| &f.value) else {
        return;
    };
    let form = |f: &Flow| f.form.as_ref().map(|at| at.value.clone());
    let route = |f: &Flow| f.route.as_ref().map(|at| at.value.clone());
    let same = party(&whole.from) == party(&flow.from)
        && party(&whole.to) == party(&flow.to)
        && form(whole) == form(flow)
        && route(whole) == route(flow);
    if !same || whole.part_of.is_some() || flow.when.is_some() {
        let message = format!("the flow {id} cannot be a part of {}", part_of.value);
        check
            .log
            .fault(TOGETHER, part_of.span, message)
            .help("a part goes from and to the same parties, as the same form, on the same route, without a `when` of its own; and a part has no parts");
    }
}

/// Some flow must come first: an answer cannot answer its own answer.
fn circles(check: &Check<'_>) {
    let a = check.a;
    let mut settled: BTreeSet<&FlowId> = BTreeSet::new();
    loop {
        let before = settled.len();
        let now: Vec<&FlowId> = a
            .each_flow()
            .filter(|(_, flow)| {
                a.rests_on(&flow.value)
                    .iter()
                    .all(|f| settled.contains(&f.value) || !a.flows.has(&f.value))
            })
            .map(|(id, _)| id)
            .collect();
        settled.extend(now);
        if settled.len() == before {
            break;
        }
    }
    for (id, flow) in a.each_flow().filter(|(id, _)| !settled.contains(id)) {
        let answers = flow.value.answers.as_ref().map(|at| at.span);
        let span = answers
            .or(flow.value.follows.as_ref().map(|at| at.span))
            .unwrap_or(flow.span);
        check.log.fault(
            CIRCLE,
            span,
            format!("the flow {id} rests on flows that rest on it"),
        );
    }
}
