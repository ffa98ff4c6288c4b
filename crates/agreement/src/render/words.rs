//! Parts of an agreement in plain sentences.

use crate::condition::{Asked, Operand, Term, Test};
use crate::plan::{
    After, Again, Answers, ClockFrom, Flow, Keep, Many, Onward, Per, Plan, Present, Schedule,
    Sending, Volume,
};
use crate::value::FieldType;
use crate::window::{Reach, Window};
use crate::words::{Form, Frequency, MatchIs, Minted, Moment, Others, Outcome, Place, RowCover};

/// `a, b and c`.
pub(super) fn and<T: ToString>(items: &[T]) -> String {
    joined(items, "and")
}

/// `a, b or c`.
pub(super) fn or<T: ToString>(items: &[T]) -> String {
    joined(items, "or")
}

fn joined<T: ToString>(items: &[T], word: &str) -> String {
    let all: Vec<String> = items.iter().map(ToString::to_string).collect();
    match all.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

/// A sentence with its first letter large and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.trim().chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    let mut out: String = first.to_uppercase().chain(chars).collect();
    if !out.ends_with(['.', '!', '?', ':']) {
        out.push('.');
    }
    out
}

/// A name as words: `close-not-located` is `close not located`.
pub(super) fn plain(name: &str) -> String {
    name.replace(['-', '_'], " ")
}

pub(super) fn condition(asked: &Asked) -> String {
    let all = |terms: &[Term], join: &str| terms.iter().map(term).collect::<Vec<_>>().join(join);
    match asked {
        Asked::All(terms) => all(terms, "; and "),
        Asked::Any(terms) => all(terms, "; or "),
        Asked::Told { by, that, how } => {
            format!("{by} says, by {}, that `{that}` holds", plain(how.as_str()))
        }
    }
}

fn term(term: &Term) -> String {
    match term {
        Term::Test { of, test } => test_of(of, test),
        Term::Holds(other) => format!("`{other}` holds"),
        Term::Fails(other) => format!("`{other}` is known not to hold"),
        Term::Received(flow) => format!("the record came by `{flow}`"),
    }
}

pub(super) fn test_of(of: &Operand, test: &Test) -> String {
    format!("{} {test}", plain(&of.to_string().replace('.', ": ")))
}

pub(super) fn field_type(kind: &FieldType) -> String {
    match kind {
        FieldType::Plain(name) => plain(name.as_str()),
        FieldType::OneOf(values) => format!("one of: {}", values.join(", ")),
        FieldType::Listed { list, codes } => {
            format!("one of the {} {}", codes.len(), plain(list.as_str()))
        }
        FieldType::WhichOf(fields) => format!("which value of {}", or(fields)),
    }
}

pub(super) fn present(present: &Present) -> String {
    match present {
        Present::Always => "always".to_owned(),
        Present::IfHeld => "if held".to_owned(),
        Present::When { field, test } => format!("where {} {test}", plain(field.as_str())),
        Present::UnlessKnown(other) => format!("where {} is empty", plain(other.as_str())),
    }
}

pub(super) fn many(many: Many) -> String {
    match many {
        Many::One => "one".to_owned(),
        Many::All => "all that are held".to_owned(),
        Many::UpTo(n) => format!("up to {n}"),
    }
}

pub(super) fn window(window: &Window) -> String {
    let reach = match window.reach {
        Reach::Back(period) => format!("of the last {period}"),
        Reach::TaxYears { current, before } => {
            let current = if current {
                "of the present tax year and"
            } else {
                "of"
            };
            format!("{current} the {before} before it")
        }
    };
    let from = match window.from {
        Moment::Sent => "when it is sent",
        Moment::Requested => "at the request",
        Moment::Checked => "at the check",
        Moment::Received => "when it arrives",
    };
    let last = if window.last_known {
        ", or the last known"
    } else {
        ""
    };
    format!("{reach}, measured {from}{last}")
}

pub(super) fn minted(minted: Minted) -> &'static str {
    match minted {
        Minted::PerRecord => "made by the exchange for each record",
        Minted::PerCall => "made by the exchange for each call",
    }
}

pub(super) fn sending(sending: &Sending) -> String {
    let words = match &sending.schedule {
        Schedule::Every { every, from } => {
            let every = match every {
                Frequency::Day => "every day",
                Frequency::Week => "every week",
                Frequency::Month => "every month",
                Frequency::Quarter => "every quarter",
                Frequency::Year => "every year",
            };
            format!("{every} from {:04}-{:02}", from.year(), from.month())
        }
        Schedule::Once { month } => {
            format!("once, planned for {:04}-{:02}", month.year(), month.month())
        }
        Schedule::Each(occasions) => {
            let all: Vec<String> = occasions.iter().map(occasion).collect();
            format!("each time {}", or(&all))
        }
        Schedule::OnDemand {
            circumstances,
            other,
        } => {
            let which = match circumstances.as_slice() {
                [] => String::new(),
                all => {
                    let all: Vec<String> = all.iter().map(|c| plain(c.as_str())).collect();
                    format!(
                        ", in one of these circumstances, which is named: {}",
                        or(&all)
                    )
                }
            };
            let more = match other.as_slice() {
                [] => String::new(),
                needs => {
                    let needs: Vec<String> = needs.iter().map(|n| plain(n.as_str())).collect();
                    format!("; another circumstance needs {}", and(&needs))
                }
            };
            format!("on demand{which}{more}")
        }
    };
    match sending.not_before {
        Some(_) => format!("{words}, and not before the first day of the term"),
        None => words,
    }
}

fn occasion(occasion: &crate::OccasionId) -> String {
    let event = occasion
        .event()
        .map_or(String::new(), |e| plain(e.as_str()));
    let of = occasion.of();
    match event.as_str() {
        "sent" | "received" | "loaded" | "answered" => format!("`{of}` is {event}"),
        _ => format!("something happens to `{of}`: {event}"),
    }
}

pub(super) fn volume(volume: &Volume) -> String {
    let rows = match volume.least {
        Some(least) if u64::from(least) == volume.most => format!("about {least} rows"),
        Some(least) => format!("{least} to {} rows", volume.most),
        None => format!("at most {} rows", volume.most),
    };
    let per = match &volume.per {
        Per::File => "in each file".to_owned(),
        Per::Period(period) => format!("in {period}"),
        Per::Flow(flow) => format!("for each file of `{flow}`"),
    };
    let beyond = match &volume.beyond {
        Some(party) => format!("; outside that only after {party} was told and agreed"),
        None => String::new(),
    };
    format!("{rows} {per}{beyond}")
}

pub(super) fn answers(answers: &Answers) -> String {
    let rows = match answers.rows {
        RowCover::EveryRow => "one row for every row that was asked",
        RowCover::RowsSent => "rows for those that were asked",
        RowCover::RowsWithContent => "rows where there is something to say",
    };
    let others = match answers.others {
        Some(Others::NilCount) => "; the others are shown by their number",
        Some(Others::NilRow) => "; the others are shown by a row that says so",
        Some(Others::NotFound) => "; the others get one constant answer",
        None => "",
    };
    let through = match &answers.through {
        Some(flow) => format!(", which came through `{flow}`"),
        None => String::new(),
    };
    let pairs = match answers.pairs_on.as_slice() {
        [] => String::new(),
        columns => {
            let columns: Vec<String> = columns.iter().map(|c| plain(c.as_str())).collect();
            format!("; rows pair on {}", and(&columns))
        }
    };
    let same = if answers.same_file {
        "; the same file comes back, its cells unchanged"
    } else {
        ""
    };
    let once = if answers.once {
        "; each question is answered at most once"
    } else {
        ""
    };
    format!(
        "answers {}{through}: {rows}{others}{pairs}{same}{once}",
        quoted(&answers.flows)
    )
}

/// A text in pieces: plain ones, and names of the agreement that stood in backticks.
pub(super) fn pieces(text: &str) -> Vec<(bool, &str)> {
    let is_name = |piece: &str| {
        !piece.is_empty()
            && piece
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        match after.split_once('`') {
            Some((name, tail)) if is_name(name) => {
                out.push((false, before));
                out.push((true, name));
                rest = tail;
            }
            Some(_) | None => break,
        }
    }
    out.push((false, rest));
    out
}

/// Names in backticks.
pub(super) fn quoted<T: ToString>(names: &[T]) -> String {
    let all: Vec<String> = names
        .iter()
        .map(|n| format!("`{}`", n.to_string()))
        .collect();
    and(&all)
}

pub(super) fn again(again: &Again) -> String {
    let what = match again.outcome {
        Outcome::NoHit => "for which nothing was found",
        Outcome::Hit => "for which something was found",
    };
    let then = match &again.then {
        Some(decision) => format!("; then a person may decide `{decision}`"),
        None => String::new(),
    };
    format!(
        "rows {what} in `{}` are sent again every {}, {} times{then}",
        again.answer, again.every, again.times
    )
}

pub(super) fn keep_what(keep: &Keep) -> String {
    match &keep.own {
        Some((name, holds)) => format!("{} ({})", plain(name.as_str()), and(holds)),
        None => and(&keep.what),
    }
}

pub(super) fn keep_copy(keep: &Keep) -> String {
    let copy = match (&keep.own, keep.place) {
        (Some(_), _) => "own notes",
        (None, Place::Staging) => "the copy it sends",
        (None, Place::Received) => "what it received or made",
    };
    let rows = match keep.rows {
        Some(MatchIs::Confirmed) => ", confirmed matches",
        Some(MatchIs::None) => ", rows without a match",
        None => "",
    };
    let memory = if keep.memory_only {
        ", in memory only"
    } else {
        ""
    };
    format!("{copy}{rows}{memory}")
}

pub(super) fn clock_from(from: &ClockFrom) -> String {
    match from {
        ClockFrom::Term => "from the first day of the term".to_owned(),
        ClockFrom::Event(when) => format!("after {when}"),
        ClockFrom::EarlierOf { events, of } => {
            let all: Vec<String> = events.iter().map(|e| e.happens_to(of)).collect();
            format!("after the earlier of: {}", all.join("; "))
        }
    }
}

pub(super) fn onward(onward: &Onward) -> String {
    match onward {
        Onward::None => "goes on to nobody".to_owned(),
        Onward::By(flows) => format!("goes on only by {}", quoted(flows)),
        Onward::AfterTelling(flows) if flows.is_empty() => {
            "goes on only after its exporter was told".to_owned()
        }
        Onward::AfterTelling(flows) => {
            format!(
                "goes on only after its exporter was told, and by {}",
                quoted(flows)
            )
        }
    }
}

pub(super) fn after(after: &After) -> Vec<String> {
    let mut all = Vec::new();
    match after.matched {
        Some(MatchIs::Confirmed) => all.push("the match was confirmed".to_owned()),
        Some(MatchIs::None) => all.push("there is no match".to_owned()),
        None => {}
    }
    if let Some(field) = &after.verified {
        all.push(format!(
            "{} was verified to be up to date",
            plain(&field.to_string().replace('.', ": "))
        ));
    }
    if let Some(flow) = &after.received {
        all.push(format!("`{flow}` was received"));
    }
    if let Some(flow) = &after.again {
        all.push(format!(
            "the rows of `{flow}` were sent again as often as it says"
        ));
    }
    if let Some(condition) = &after.holds {
        all.push(format!("`{condition}` holds"));
    }
    all.extend(after.tests.iter().map(|(of, test)| test_of(of, test)));
    all
}

/// The title of a party's body.
pub(super) fn party(plan: &Plan, law: &crate::Law, party: &crate::PartyId) -> String {
    let Some(found) = plan.parties.get(party) else {
        return "the person the data is about".to_owned();
    };
    match (&found.body, &found.each) {
        (Some(body), _) => found.named.clone().unwrap_or_else(|| {
            law.body(body)
                .map_or(party.to_string(), |b| b.title.clone())
        }),
        (None, Some(each)) => format!(
            "each of {}",
            law.register(&each.register)
                .map_or(each.register.to_string(), |r| r.title.clone())
        ),
        (None, None) => party.to_string(),
    }
}

/// A role of a party, for people.
pub(super) fn actor(plan: &Plan, law: &crate::Law, actor: &crate::ActorId) -> String {
    let role = match actor.role().as_ref().map(|r| r.as_str().to_owned()) {
        Some(role) if role == "iao" => "information asset owner".to_owned(),
        Some(role) if role == "siro" => "senior information risk owner".to_owned(),
        Some(role) => plain(&role),
        None => return party(plan, law, &actor.party()),
    };
    format!("the {role} of {}", party(plan, law, &actor.party()))
}

/// Who owns a duty, for people.
pub(super) fn owner(plan: &Plan, law: &crate::Law, owner: &str) -> String {
    let known = crate::PartyId::parse(owner)
        .ok()
        .filter(|p| plan.parties.contains_key(p));
    match known {
        Some(id) => party(plan, law, &id),
        None if owner == "all" => "every party".to_owned(),
        None => owner.to_owned(),
    }
}

pub(super) fn form(flow: &Flow) -> String {
    let words = match flow.form {
        None => "a form to be agreed",
        Some(Form::Xlsx) => "a workbook (xlsx)",
        Some(Form::Csv) => "a text file (csv)",
        Some(Form::Form) => "a form",
        Some(Form::Letter) => "a letter",
        Some(Form::Call) => "a call",
    };
    words.to_owned()
}
