//! Every name that is used is declared: in this file, in the law catalogue, or in an agreement beside it.

use crate::check::Check;
use crate::grammar::{Entries, Items};
use crate::ids::{FlowId, LabelId, PartyId};
use crate::log::At;
use crate::model::{Body, By, Flow, Onward, Party, Per, SUBJECT, Schedule};
use crate::rules::{MISSING, TWICE, UNDECLARED, WORD};
use crate::words::Event;

pub(super) fn check(check: &Check<'_>) {
    header(check);
    for (id, party) in check.a.parties.entries() {
        one_party(check, id, party);
    }
    people(check);
    for (id, flow) in check.a.each_flow() {
        flow_names(check, id, &flow.value);
    }
    rest(check);
    for used in check.readings {
        let at = At::new(used.name.clone(), used.span);
        check.declared("reading", &at, check.a.readings.names());
    }
    if check.a.parties.names().nth(1).is_none() && check.a.parties.is_some() {
        let subject = check.a.each_flow().any(|(_, f)| check.to_subject(&f.value));
        if !subject {
            check.log.fault(
                MISSING,
                check.whole(),
                "an agreement has at least two parties",
            );
        }
    }
}

fn header(check: &Check<'_>) {
    let a = check.a;
    if let Some(regime) = &a.regime
        && let Some(name) = &regime.value.name
    {
        let at = At::new(name.clone(), regime.span);
        check.declared("data protection regime", &at, check.law.regimes.keys());
    }
}

fn one_party(check: &Check<'_>, id: &PartyId, at: &At<Party>) {
    let party = &at.value;
    if id.as_str() == SUBJECT {
        let message = "`subject` is the person the data is about, and no party";
        check
            .log
            .fault(TWICE, at.span, message)
            .help("give the party another name");
    }
    match party.body.as_ref().map(|b| (&b.value, b.span)) {
        Some((Body::One(body), span)) => {
            let at = At::new(body.clone(), span);
            check.declared("body in the law catalogue", &at, check.law.bodies.keys());
        }
        Some((Body::Each(each), _)) => {
            let Some(register) = &each.each_of else {
                return;
            };
            if !check.declared(
                "register in the law catalogue",
                register,
                check.law.registers.keys(),
            ) {
                return;
            }
            let Some(found) = check.law.register(&register.value) else {
                return;
            };
            if found.kind.is_none() {
                let message = format!("{} is no register of bodies", register.value);
                check.log.fault(UNDECLARED, register.span, message);
            }
            if let Some(version) = &each.version
                && !found.versions.contains_key(&version.value)
            {
                let all: Vec<String> = found.versions.keys().map(ToString::to_string).collect();
                let message = format!("{} has no version of {}", register.value, version.value);
                check
                    .log
                    .fault(UNDECLARED, version.span, message)
                    .help(format!("there is: {}", all.join(", ")));
            }
        }
        None => {}
    }
    if let Some(controller) = &party.acts_for {
        check.declared("party", controller, check.a.parties.names());
    }
}

fn people(check: &Check<'_>) {
    let a = check.a;
    for (id, case) in a.cases.entries() {
        check.all_declared("kind of person", case.value.holds.all(), a.people.names());
        if a.people.names().any(|kind| kind.as_str() == id.as_str()) {
            let message = format!("{id} is the name of a kind of person and of a case");
            check.log.fault(TWICE, case.span, message);
        }
    }
    let whom: Vec<String> = a
        .people
        .names()
        .map(ToString::to_string)
        .chain(a.cases.names().map(ToString::to_string))
        .collect();
    for (id, fact) in a.facts.entries() {
        for of in fact.value.of.all() {
            if !whom.iter().any(|w| w == of.value.as_str()) {
                let what = "kind of person or case";
                check.undeclared(what, of.value.as_str(), of.span, whom.iter());
            }
        }
        check.all_declared("party", fact.value.known_to.all(), a.parties.names());
        if crate::model::TERM_WORDS.contains(&id.as_str()) || id.as_str() == "told" {
            let message = format!("{id} is a word of the language");
            check
                .log
                .fault(WORD, fact.span, message)
                .help("give the fact another name");
        }
    }
    for (_, purpose) in a.purposes.entries() {
        let law = purpose.value.law.all();
        check.all_declared(
            "legal purpose in the law catalogue",
            law,
            check.law.purposes.keys(),
        );
        if let Some(umbrella) = &purpose.value.umbrella {
            let all: Vec<_> = a
                .under
                .entries()
                .filter_map(|(_, at)| check.library.get(at.value.given()?))
                .flat_map(|umbrella| umbrella.purposes.iter())
                .collect();
            check.declared(
                "purpose in an umbrella of this agreement",
                umbrella,
                all.into_iter(),
            );
        }
    }
}

fn flow_names(check: &Check<'_>, id: &FlowId, flow: &Flow) {
    let a = check.a;
    if let Some(from) = &flow.from {
        check.declared("party", from, a.parties.names());
    }
    if let Some(to) = flow.to.as_ref().filter(|to| to.value.as_str() != SUBJECT) {
        check.declared("party", to, a.parties.names());
    }
    check.all_declared("dataset", flow.send.all(), a.datasets.names());
    check.all_declared("kind of person", flow.about.all(), a.people.names());
    check.all_declared("party", flow.handled_by.all(), a.parties.names());
    check.all_declared("purpose", flow.purposes.all(), a.purposes.names());
    if let Some(only) = &flow.only {
        check.declared("condition", only, a.conditions.names());
    }
    if let Some(by) = &flow.by
        && let By::Named(basis) = &by.value
    {
        let at = At::new(basis.clone(), by.span);
        check.declared("basis", &at, a.bases.names());
    }
    if let Some(route) = &flow.route
        && let Some(name) = route.value.given()
    {
        let at = At::new(name.clone(), route.span);
        check.declared("route", &at, a.routes.names());
    }
    let flows = || a.flows.names();
    let mut others: Vec<&At<FlowId>> = a.rests_on(flow).iter().collect();
    others.extend(&flow.part_of);
    if let Some(answers) = &flow.answers {
        others.extend(&answers.value.through);
    }
    if let Some(again) = &flow.again {
        let again = &again.value;
        others.extend(
            again
                .rows
                .iter()
                .filter_map(|rows| rows.value.answer.as_ref()),
        );
        if let Some(decision) = again
            .then
            .as_ref()
            .and_then(|then| then.value.decision.as_ref())
        {
            check.declared("decision", decision, a.decisions.names());
        }
    }
    for other in others {
        check.declared("flow", other, flows());
    }
    for need in flow.needs.all() {
        if let Some(other) = need.value.flow() {
            check.declared("flow", &At::new(other.clone(), need.span), flows());
        }
        if let Some(condition) = need.value.for_rows() {
            check.declared("condition", condition, a.conditions.names());
        }
    }
    if let Some(volume) = &flow.volume {
        if let Some(per) = &volume.value.per
            && let Per::Flow(other) = &per.value
        {
            check.declared("flow", &At::new(other.clone(), per.span), flows());
        }
        if let Some(agreed) = volume
            .value
            .beyond
            .as_ref()
            .and_then(|b| b.value.agreed_by.as_ref())
        {
            check.declared("party", agreed, a.parties.names());
        }
    }
    if let Some(when) = &flow.when
        && let Some(given) = when.value.given()
        && let Schedule::Each(occasions) = &given.schedule
    {
        for occasion in occasions {
            let at = At::new(occasion.clone(), when.span);
            one_occasion(check, id, &at);
        }
    }
    if let Some(starter) = &flow.started_by {
        match starter.value.role() {
            Some(_) => {
                let party = PartyId::parse(starter.value.who().as_str());
                if let Ok(party) = party {
                    check.declared("party", &At::new(party, starter.span), a.parties.names());
                }
            }
            None => {
                let who = At::new(starter.value.who(), starter.span);
                check.declared("kind of person", &who, a.people.names());
            }
        }
    }
}

/// `monthly.sent`: an event of a flow; `application.submitting`: whatever happens to a case.
fn one_occasion(check: &Check<'_>, id: &FlowId, at: &At<crate::ids::OccasionId>) {
    let of = at.value.of();
    let Some(event) = at.value.event() else {
        return;
    };
    if check
        .a
        .cases
        .names()
        .any(|case| case.as_str() == of.as_str())
    {
        return;
    }
    if !check.declared(
        "flow or case",
        &At::new(of.clone(), at.span),
        check.a.flows.names(),
    ) {
        return;
    }
    let all = ["sent", "received", "loaded", "answered"];
    if !all.contains(&event.as_str()) {
        let message =
            format!("the flow {id} waits for `{event}` of the flow {of}, which never happens");
        check.log.fault(WORD, at.span, message).help(
            check
                .log
                .did_you_mean(event.as_str(), all)
                .unwrap_or_else(|| format!("it is one of: {}", all.join(", "))),
        );
    }
}

fn rest(check: &Check<'_>) {
    let a = check.a;
    let bases = a.bases.entries().flat_map(|(_, at)| &at.value.0);
    let inline =
        a.each_flow().flat_map(
            |(_, flow)| match flow.value.by.as_ref().map(|by| &by.value) {
                Some(By::Lines(lines)) => lines.as_slice(),
                Some(By::Named(_)) | None => &[],
            },
        );
    for line in bases.chain(inline) {
        if let Some(condition) = &line.value.when {
            check.declared("condition", condition, a.conditions.names());
        }
    }
    for (dataset, onward) in a.onward.entries() {
        dataset_or_all(check, dataset.as_str(), onward.span);
        let flows = match &onward.value {
            Onward::None => &[][..],
            Onward::Flows(flows) => flows,
            Onward::OnlyAfter(block) => block.flows.all(),
        };
        check.all_declared("flow", flows, a.flows.names());
    }
    for (dataset, at) in a.controllers.entries() {
        dataset_or_all(check, dataset.as_str(), at.span);
    }
    owners(check);
}

fn dataset_or_all(check: &Check<'_>, name: &str, span: crate::Span) {
    if name != "*" && !check.a.datasets.names().any(|d| d.as_str() == name) {
        check.undeclared("dataset", name, span, check.a.datasets.names());
    }
}

/// Who owns a question or a duty: a party, or one of a few words.
fn owners(check: &Check<'_>) {
    let a = check.a;
    let clocks = a.clocks.all().iter().filter_map(|c| c.value.owner.as_ref());
    let levels = [
        "all",
        "the party that lost it",
        "contacts",
        "senior management",
    ];
    let readings = a
        .readings
        .entries()
        .filter_map(|(_, r)| r.value.owner.as_ref());
    let gaps = a.gaps.entries().filter_map(|(_, g)| g.value.owner.as_ref());
    let known = |owner: &str, words: &[&str]| {
        words.contains(&owner) || a.parties.names().any(|p| p.as_str() == owner)
    };
    let say = |owner: &At<String>, words: &[&str]| {
        if !known(&owner.value, words) {
            let all = a.parties.names().map(ToString::to_string);
            let all = all.chain(words.iter().map(|w| (*w).to_owned()));
            check.undeclared("owner", &owner.value, owner.span, all);
        }
    };
    clocks.for_each(|owner| say(owner, &levels));
    readings.chain(gaps).for_each(|owner| say(owner, &["all"]));
}

/// What an event can happen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Run,
    Call,
    Trouble,
    Issue,
    Request,
    Agreement,
    Flow,
    Decision,
    Derived,
    Person,
}

const WORDS: [(&str, Subject); 7] = [
    ("run", Subject::Run),
    ("call", Subject::Call),
    ("incident", Subject::Trouble),
    ("error", Subject::Trouble),
    ("issue", Subject::Issue),
    ("request", Subject::Request),
    ("agreement", Subject::Agreement),
];

impl Subject {
    fn happens(self) -> &'static [Event] {
        match self {
            Self::Run => &[
                Event::Sent,
                Event::Received,
                Event::Loaded,
                Event::MatchingComplete,
                Event::RunClosed,
            ],
            Self::Call => &[
                Event::Sent,
                Event::Received,
                Event::Answered,
                Event::Calculated,
            ],
            Self::Trouble => &[Event::Happened, Event::Aware, Event::Reported],
            Self::Issue => &[
                Event::Happened,
                Event::Aware,
                Event::Reported,
                Event::Escalated,
            ],
            Self::Request => &[Event::Received, Event::Answered, Event::Closed],
            Self::Agreement => &[Event::Reviewed, Event::Ended],
            Self::Flow => &[
                Event::Sent,
                Event::Received,
                Event::Loaded,
                Event::Answered,
                Event::MatchingComplete,
                Event::RunClosed,
            ],
            Self::Decision => &[Event::Decided],
            Self::Derived => &[Event::Created, Event::Calculated],
            Self::Person => &[Event::PoolLeft, Event::Closed],
        }
    }
}

/// Says where an event does not happen to what it is said to happen to.
pub(super) fn event(check: &Check<'_>, events: &[At<Event>], of: &At<LabelId>) {
    let a = check.a;
    let name = of.value.as_str();
    let is = |all: Vec<String>| all.iter().any(|n| n == name);
    let subject = WORDS
        .iter()
        .find(|(word, _)| *word == name)
        .map(|(_, subject)| *subject);
    let subject = subject
        .or_else(|| is(a.flows.names().map(ToString::to_string).collect()).then_some(Subject::Flow))
        .or_else(|| {
            is(a.decisions.names().map(ToString::to_string).collect()).then_some(Subject::Decision)
        })
        .or_else(|| {
            is(a.derived.names().map(ToString::to_string).collect()).then_some(Subject::Derived)
        })
        .or_else(|| {
            is(a.people.names().map(ToString::to_string).collect()).then_some(Subject::Person)
        })
        .or_else(|| {
            is(a.cases.names().map(ToString::to_string).collect()).then_some(Subject::Person)
        });
    let Some(subject) = subject else {
        let all = WORDS.iter().map(|(word, _)| (*word).to_owned());
        let all = all.chain(a.flows.names().map(ToString::to_string));
        check.undeclared("thing that events happen to", name, of.span, all);
        return;
    };
    for event in events {
        if !subject.happens().contains(&event.value) {
            let words: Vec<&str> = subject.happens().iter().map(|e| e.as_str()).collect();
            let message = format!("`{}` does not happen to {name}", event.value);
            check
                .log
                .fault(WORD, event.span, message)
                .help(format!("to {name} happens: {}", words.join(", ")));
        }
    }
}

/// An actor's party is declared.
pub(super) fn actor(check: &Check<'_>, actor: &At<crate::ids::ActorId>) {
    let at = At::new(actor.value.party(), actor.span);
    check.declared("party", &at, check.a.parties.names());
}
