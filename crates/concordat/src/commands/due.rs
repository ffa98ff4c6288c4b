//! `concordat due`: what falls due when, whose it is, and what its expiry does. Only keys fall due by themselves;
//! whatever touches a person waits for a person.

mod papers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use agreement::Schedule;
use exchange::announcement::{Announcement, State as AnnouncementState};
use exchange::approval::Approval;
use exchange::change::Aggregate;
use exchange::check::line::Line;
use exchange::deadline::{last_day, london_day};
use exchange::decision::Decision;
use exchange::entrusted::Entrusted;
use exchange::finding::{Finding, State as FindingState};
use exchange::ids::{AgreementId, HoldingId};
use exchange::incident::{Incident, State as IncidentState};
use exchange::leg::{Leg, State};
use exchange::matches::Match;
use exchange::pact::Pact;
use exchange::retention::{Holding, NEED_REVIEWED};
use exchange::rival::Rival;
use exchange::run::Run;
use exchange::set_up::SetUp;
use exchange::trace::Trace;
use exchange::{Awaited, Doubt, Node, Review};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;

use super::acting::{At, Said, show};
use super::serve;
use crate::fail::Fail;

/// Arguments of `due`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat due --until 2026-12-31")]
pub(crate) struct Args {
    /// Only what falls due until this day, and what waits without a date.
    #[arg(long)]
    until: Option<Date>,
    #[command(flatten)]
    at: At,
}

/// One thing that falls due, or waits.
#[derive(Serialize)]
pub(super) struct Item {
    /// The day; none for what waits for somebody or something.
    pub(super) on: Option<Date>,
    pub(super) what: String,
    /// Whose it is.
    pub(super) whose: String,
    /// What happens by itself, or what the owner does.
    pub(super) then: String,
    /// What it is about, by the hub's own names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) about: Vec<String>,
}

impl Item {
    fn new(on: Option<Date>, whose: &str, what: String, then: impl Into<String>) -> Self {
        Self {
            on,
            what,
            whose: whose.to_owned(),
            then: then.into(),
            about: Vec::new(),
        }
    }
    fn about(mut self, about: Vec<String>) -> Self {
        self.about = about;
        self
    }
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    show(&args.at, look(args).await)
}

async fn look(args: &Args) -> Result<Said, Fail> {
    let node = args.at.node().await?;
    let today = london_day(node.ports().clock.now())?;
    let mut all = all(&args.at.dir, &node).await?;
    all.retain(|i| i.on.zip(args.until).is_none_or(|(on, until)| on <= until));
    // What has a date first, then what waits.
    all.sort_by_key(|i| (i.on.is_none(), i.on));
    let mut said = Said::shown(format!(
        "{} on {today}: {} things.",
        node.party(),
        all.len()
    ));
    for item in &all {
        let on = item
            .on
            .map_or("waits     ".to_owned(), |day| day.to_string());
        let over = if item.on.is_some_and(|on| on <= today) {
            " (due now)"
        } else {
            ""
        };
        said = said.line(format!(
            "  {on}{over}  {}: {}; {}",
            item.whose, item.what, item.then
        ));
    }
    Ok(said.with("today", json!(today)).with("items", json!(all)))
}

/// All that falls due or waits, in no order.
async fn items(node: &Node) -> Result<Vec<Item>, Fail> {
    let mut all = doubt(node).await?;
    all.extend(holdings(node).await?);
    all.extend(holds(node).await?);
    all.extend(certificates(node).await?);
    all.extend(traces(node).await?);
    all.extend(agreements(node).await?);
    all.extend(reviews(node).await?);
    all.extend(work(node).await?);
    all.extend(words(node).await?);
    all.extend(answers(node).await?);
    all.extend(lines(node).await?);
    all.extend(incidents(node).await?);
    all.extend(announcements(node).await?);
    all.extend(papers::assurances(node).await?);
    all.extend(papers::alterations(node).await?);
    Ok(all)
}

/// A clock that nobody vouches for.
async fn doubt(node: &Node) -> Result<Vec<Item>, Fail> {
    let item = |doubt: Doubt| {
        let then = "nothing is destroyed until it is set right, or, where it is right, somebody says so: `concordat node clock`";
        Item::new(
            None,
            &format!("{} iao or siro", node.party()),
            doubt.to_string(),
            then,
        )
    };
    Ok(node.clock_doubt().await?.map(item).into_iter().collect())
}

/// Values, by the date on which their key dies, or the event that their date is counted from.
pub(super) async fn holdings(node: &Node) -> Result<Vec<Item>, Fail> {
    let mut all = Vec::new();
    for holding in node.all::<Holding>().await? {
        let on = holding.due().map(london_day).transpose()?;
        let what = format!(
            "values of {} ({} rows) in {}",
            holding.what(),
            holding.rows(),
            holding.id()
        );
        let party = node.party().as_str();
        let held: Vec<_> = holding.holds().map(|(name, _)| name.to_string()).collect();
        let item = match holding.status() {
            "kept" | "counting" if holding.is_held() => Item::new(
                None,
                party,
                what,
                format!("nothing is destroyed while it is held: {}", held.join(", ")),
            ),
            "kept" => Item::new(
                None,
                party,
                what,
                format!("the date is counted from: {}", holding.rule().event),
            ),
            "counting" if holding.rule().event == NEED_REVIEWED => Item::new(
                on,
                &format!("{party} caseworker"),
                what,
                "destroyed on that day, unless somebody says that they are still needed: `concordat review need`",
            ),
            "counting" => Item::new(on, party, what, "the key is destroyed by itself"),
            "destroying" => Item::new(
                on,
                party,
                what,
                "the key is being destroyed: `concordat node work`",
            ),
            _ => continue,
        };
        all.push(item.about(vec![holding.id().to_string()]));
    }
    Ok(all)
}

/// Legal holds, by the day on which a person looks at them again.
async fn holds(node: &Node) -> Result<Vec<Item>, Fail> {
    let mut all: BTreeMap<(HoldingId, Date, &str), Vec<String>> = BTreeMap::new();
    for holding in node.all::<Holding>().await? {
        for (name, hold) in holding.holds() {
            let key = (name.clone(), hold.review, hold.cause.as_str());
            all.entry(key).or_default().push(holding.id().to_string());
        }
    }
    let whose = format!("{} data-protection-lead", node.party());
    let item = |((name, review, cause), about): ((HoldingId, Date, &str), Vec<String>)| {
        let what = format!(
            "the hold {name} ({cause}) on {} sets of values",
            about.len()
        );
        let then = format!(
            "a person looks at it again; it does not end by itself: `concordat hold release {name}`"
        );
        Item::new(Some(review), &whose, what, then).about(about)
    };
    Ok(all.into_iter().map(item).collect())
}

/// What partners were sent, by the date on which their certificate is to be there (RET-14).
async fn certificates(node: &Node) -> Result<Vec<Item>, Fail> {
    let officer = format!("{} data-sharing-officer", node.party());
    let mut all = Vec::new();
    for sent in node.all::<Entrusted>().await? {
        if sent.left() == 0 {
            continue;
        }
        let (party, left, key) = (sent.party(), sent.left(), sent.key());
        let what = format!("{party} is to certify the destruction of {left} rows of {key}");
        let on = sent.due().map(london_day).transpose()?;
        let then = match (sent.status(), on) {
            ("kept-there", _) => {
                "it certified the others, and keeps these while it says that they are needed".into()
            }
            (_, Some(_)) => {
                format!("ask {party} why no certificate came; one that comes closes this")
            }
            (_, None) => format!("the date is counted from: {}", sent.event()),
        };
        all.push(Item::new(on, &officer, what, then).about(vec![party.to_string(), key]));
    }
    Ok(all)
}

/// Whose turn it is to be asked about again, and where only a person goes on.
async fn traces(node: &Node) -> Result<Vec<Item>, Fail> {
    let mut again: BTreeMap<(String, Date), u64> = BTreeMap::new();
    let mut waiting: BTreeMap<(String, &'static str), Vec<String>> = BTreeMap::new();
    for trace in node.all::<Trace>().await? {
        let agreement = trace.agreement().to_string();
        if let Some(day) = trace.next_on() {
            *again.entry((agreement, day)).or_default() += 1;
        } else if trace.is_stopped() || trace.is_exhausted() {
            let subject = trace.subject().to_string();
            let key = (agreement, trace.status());
            waiting.entry(key).or_default().push(subject);
        }
    }
    let officer = format!("{} data-sharing-officer", node.party());
    let caseworker = format!("{} caseworker", node.party());
    let mut all: Vec<Item> = again
        .into_iter()
        .map(|((agreement, day), people)| {
            let what = format!("{people} people of {agreement} may be asked about again");
            let then = "the next run selects them; nothing goes by itself";
            Item::new(Some(day), &officer, what, then)
        })
        .collect();
    for ((agreement, state), people) in waiting {
        let what = format!("{} people of {agreement} are {state}", people.len());
        let then = if state == "stopped" {
            "nobody is asked about before a person says so: `concordat review restart`"
        } else {
            "a person may decide; no timer does: `concordat review decide --subject`"
        };
        all.push(Item::new(None, &caseworker, what, then).about(people));
    }
    Ok(all)
}

async fn agreements(node: &Node) -> Result<Vec<Item>, Fail> {
    let mut all = Vec::new();
    for pact in node.all::<Pact>().await? {
        if let Some(last) = pact.last() {
            all.push(Item::new(
                Some(last),
                node.party().as_str(),
                format!("the agreement {} ends", pact.id()),
                "nothing new moves after that day; what is kept falls due as before",
            ));
        }
    }
    Ok(all)
}

/// Reviews that agreements promise, each until somebody says that it is done (SEC-10).
async fn reviews(node: &Node) -> Result<Vec<Item>, Fail> {
    let today = london_day(node.ports().clock.now())?;
    let whose = format!("{} iao or siro", node.party());
    let item = |review: Review| {
        let late = if review.is_overdue(today) {
            " is OVERDUE"
        } else {
            ""
        };
        let Review {
            agreement,
            name,
            what,
            last,
            on,
        } = review;
        let last = last.map_or("never done yet".to_owned(), |day| {
            format!("last done on {day}")
        });
        let what = format!("the review {name} of {agreement} ({what}; {last}){late}");
        let then = format!(
            "a person does it, then `concordat node reviewed {name} --agreement {agreement}`"
        );
        Item::new(Some(on), &whose, what, then).about(vec![agreement.to_string()])
    };
    Ok(node.reviews().await?.into_iter().map(item).collect())
}

/// Runs and files that wait for somebody.
async fn work(node: &Node) -> Result<Vec<Item>, Fail> {
    let mut all = Vec::new();
    let officer = format!("{} data-sharing-officer", node.party());
    for run in node.all::<Run>().await? {
        if run.status() == "open" {
            all.push(Item::new(
                None,
                &officer,
                format!("the run {} is open since {}", run.id(), run.on()),
                format!("`concordat run close {}` when all is decided", run.id()),
            ));
        }
    }
    all.extend(regular(node).await?);
    for (leg, why) in node.held_back().await? {
        let what = format!(
            "the file {} of {} is sealed and held back",
            leg.flow(),
            leg.run()
        );
        let why: Vec<String> = why.iter().map(ToString::to_string).collect();
        let then = format!(
            "it goes by itself once its agreement is in force: {}",
            why.join("; ")
        );
        all.push(Item::new(None, &officer, what, then));
    }
    let ended = ended(node).await?;
    for leg in node.all::<Leg>().await? {
        let of = format!("{} {}", leg.run(), leg.flow());
        let (stands, then) = match leg.state() {
            State::Held => (
                "is held",
                format!("`concordat run load {of} --reason R`, or with --refuse"),
            ),
            State::RefusedThere => (
                "was refused by its receiver",
                format!("`concordat run reopen {of}`, or abandon it"),
            ),
            State::Prepared | State::Validated | State::Approved
                if ended.contains(leg.agreement()) =>
            {
                (
                    "was not sent before its agreement ended, and never is",
                    format!("`concordat run abandon {of} --reason R`: its values die"),
                )
            }
            State::Prepared | State::Validated | State::Approved => {
                ("is not sent", format!("`concordat run release {of}`"))
            }
            State::Sealed
            | State::Sent
            | State::Accepted
            | State::Received
            | State::Rejected
            | State::Loaded
            | State::Matched
            | State::Closed => continue,
        };
        let what = format!("the file {} of {} {stands}", leg.flow(), leg.run());
        all.push(Item::new(None, &officer, what, then));
    }
    for rival in node
        .all::<Rival>()
        .await?
        .into_iter()
        .filter(Rival::is_open)
    {
        let of = format!("{} {}", rival.run(), rival.flow());
        let what = format!(
            "a second, different file {} of {} is held",
            rival.flow(),
            rival.run()
        );
        let then = match rival.said() {
            Some(fate) => format!(
                "one person said {0}; another says so too, or not: `concordat run second {of} {0} --reason R`",
                fate.name()
            ),
            None => {
                format!("two people decide: `concordat run second {of} take --reason R`, or refuse")
            }
        };
        all.push(Item::new(None, &officer, what, then));
    }
    for approval in node.all::<Approval>().await? {
        let whose = match approval.status() {
            "asked" => "iao",
            "referred" => "siro",
            _ => continue,
        };
        all.push(Item::new(
            None,
            &format!("{} {whose}", node.party()),
            format!("the approval {} waits", approval.key()),
            "`concordat approve grant`, refuse or refer",
        ));
    }
    Ok(all)
}

/// The agreements whose last day is over.
async fn ended(node: &Node) -> Result<BTreeSet<AgreementId>, Fail> {
    let today = london_day(node.ports().clock.now())?;
    let mut pacts = node.all::<Pact>().await?;
    pacts.retain(|pact| pact.has_ended(today));
    Ok(pacts.iter().map(|pact| pact.id().clone()).collect())
}

/// Answers that are to come, or to go (RUN-18).
async fn answers(node: &Node) -> Result<Vec<Item>, Fail> {
    let now = node.ports().clock.now();
    let mut all = Vec::new();
    for awaited in node.awaited().await? {
        let by = &awaited.deadline;
        // A deadline ends with its day: what is due at midnight is due on the day before.
        let on = last_day(by.at())?;
        let late = if by.is_due(now) { " is LATE" } else { "" };
        let Awaited {
            run,
            question,
            answer,
            ..
        } = &awaited;
        let what = format!("the answer {answer} to {question} of {run}{late}");
        let then = match by.owner() == node.party() {
            true => format!("`concordat run release {run} {answer}`; no incident follows (RUN-18)"),
            false => "ask the partner when it is late; no incident follows (RUN-18)".to_owned(),
        };
        let item = Item::new(Some(on), by.owner().as_str(), what, then);
        all.push(item.about(vec![format!("{run}/{answer}")]));
    }
    Ok(all)
}

/// Lines by which no call gets through: a person tells the technical contact (RTC-19).
async fn lines(node: &Node) -> Result<Vec<Item>, Fail> {
    let mut all = Vec::new();
    for line in node.all::<Line>().await? {
        let Some(since) = line.down_since() else {
            continue;
        };
        let what = format!(
            "calls by {} to {} do not work since {since}",
            line.route(),
            line.supplier()
        );
        let then = format!(
            "tell {}; applications go on without the check, and it comes back by itself",
            line.contact()
        );
        let officer = format!("{} data-sharing-officer", node.party());
        all.push(Item::new(None, &officer, what, then).about(vec![line.route().to_string()]));
    }
    Ok(all)
}

/// What falls due or waits at the node in this directory: in the node itself, and in the list of who is known to its service.
pub(super) async fn all(dir: &Path, node: &Node) -> Result<Vec<Item>, Fail> {
    let mut all = items(node).await?;
    all.extend(listed(dir, node)?);
    Ok(all)
}

/// Teams of which more people are known to the service than when that was last reviewed (PTY-06).
fn listed(dir: &Path, node: &Node) -> Result<Vec<Item>, Fail> {
    if !dir.join(serve::ACCESS).exists() {
        return Ok(Vec::new());
    }
    let whose = format!("{} data-sharing-officer", node.party());
    let access = match serve::access(dir, node) {
        Ok(access) => access,
        Err(fault) => {
            let then = "mend the list; until then nobody can say who is too many on it";
            return Ok(vec![Item::new(None, &whose, fault.text, then)]);
        }
    };
    let today = london_day(node.ports().clock.now())?;
    let item = |(of, listed): (&web::Baseline, usize)| {
        let (team, party, before) = (&of.team, &of.party, of.people);
        let what = format!(
            "{listed} people of the team {team} of {party} are listed, and {before} were reviewed"
        );
        let then = "a person reviews who is listed, and then writes the number in access.toml; nobody is shut out";
        Item::new(None, &whose, what, then)
    };
    Ok(access.grown(today).into_iter().map(item).collect())
}

/// Incidents: the contacts that are to be told, with the instant (INC-01), and those that wait for somebody to move them on.
async fn incidents(node: &Node) -> Result<Vec<Item>, Fail> {
    let now = node.ports().clock.now();
    let whose = format!("{} data-protection-lead", node.party());
    let mut all = Vec::new();
    for incident in node.all::<Incident>().await? {
        let (name, due) = (incident.name(), incident.due());
        let contacts = node.incident_contacts(&incident).await?;
        let untold = incident.notices().iter().filter(|(_, n)| n.is_none());
        for (party, _) in untold {
            let late = if incident.is_late(now) {
                " is LATE"
            } else {
                ""
            };
            let contact = contacts.get(party).cloned().flatten();
            let contact =
                contact.unwrap_or_else(|| "a contact that the agreement leaves open".into());
            let what = format!("the notice of {name} to {party} by {due}{late}");
            let then = format!("tell {contact}, then `concordat incident notify {name} {party}`");
            let item = Item::new(Some(london_day(due)?), &whose, what, then);
            all.push(item.about(vec![name.to_string()]));
        }
        let state = incident.state();
        if state != IncidentState::Reported && state != IncidentState::Closed {
            let what = format!("the incident {name} is {}", state.name());
            let then = "move it on: `concordat incident list` says how";
            all.push(Item::new(None, &whose, what, then).about(vec![name.to_string()]));
        }
    }
    Ok(all)
}

/// What the sender of a file is to be told of another use of it, and what its receiver told (LEG-24, LEG-25).
async fn announcements(node: &Node) -> Result<Vec<Item>, Fail> {
    let now = node.ports().clock.now();
    let officer = format!("{} data-sharing-officer or analyst", node.party());
    let mut all = Vec::new();
    for announcement in node.all::<Announcement>().await? {
        let (run, flow, number) = (
            announcement.run(),
            announcement.flow(),
            announcement.number(),
        );
        let (peer, matter) = (announcement.peer(), announcement.said().matter.name());
        let of = format!("{run} {flow} {number}");
        let (what, then) = match announcement.state() {
            AnnouncementState::ToTell => {
                let late = match announcement.due().is_some_and(|due| now >= due) {
                    true => " is LATE",
                    false => "",
                };
                let what =
                    format!("{peer} is to be told of the announcement {of} ({matter}){late}");
                (
                    what,
                    format!("`concordat announce tell {of}`; the run does not end before"),
                )
            }
            AnnouncementState::Received => (
                format!("{peer} announces {of} ({matter})"),
                format!(
                    "a person looks at it: `concordat announce list`, then `concordat announce look {of}`"
                ),
            ),
            AnnouncementState::Told | AnnouncementState::LookedAt => continue,
        };
        let on = announcement.due().map(last_day).transpose()?;
        all.push(Item::new(on, &officer, what, then).about(vec![announcement.key()]));
    }
    Ok(all)
}

/// Flows that this party sends again and again and has not sent in the present period (RPT-03).
async fn regular(node: &Node) -> Result<Vec<Item>, Fail> {
    let today = london_day(node.ports().clock.now())?;
    let runs = node.all::<Run>().await?;
    let mut all = Vec::new();
    for pact in node.all::<Pact>().await? {
        if pact.may_start(today).is_err() {
            continue;
        }
        let (_, plan) = node.agreement(pact.id()).await?;
        for flow in plan.flows.values().filter(|f| f.from == *node.party()) {
            let Some(Schedule::Every { every, from }) = flow.when.as_ref().map(|w| &w.schedule)
            else {
                continue;
            };
            let mine = |r: &&Run| r.agreement() == pact.id() && *r.flow() == flow.id;
            let present = every.period_of(today);
            let last = present.and_then(|(first, _)| every.period_of(first.yesterday().ok()?));
            for (period, stands) in [(last, "was not sent"), (present, "is not sent yet")] {
                let Some((first, end)) = period else { continue };
                let begun = plan.term.is_none_or(|term| term.from <= end) && *from <= end;
                let within = |day: Date| first <= day && day <= end;
                if begun && !runs.iter().filter(mine).any(|r| within(r.on())) {
                    let what = format!(
                        "{} of {} {stands}, for {first} to {end}",
                        flow.id,
                        pact.id()
                    );
                    let then = "nothing goes by itself: start the run, or write it";
                    let officer = format!("{} data-sharing-officer", node.party());
                    all.push(Item::new(Some(end), &officer, what, then));
                }
            }
        }
    }
    Ok(all)
}

/// What waits for a person's word about rows.
async fn words(node: &Node) -> Result<Vec<Item>, Fail> {
    let mut open: BTreeMap<String, u64> = BTreeMap::new();
    for found in node.all::<Match>().await? {
        if found.standing().is_open() {
            *open
                .entry(format!("{} {}", found.run(), found.flow()))
                .or_default() += 1;
        }
    }
    let reviewer = format!("{} caseworker or analyst", node.party());
    let mut all: Vec<Item> = open
        .into_iter()
        .map(|(of, n)| {
            let then = format!("`concordat review list {of} --open`");
            Item::new(
                None,
                &reviewer,
                format!("{n} matches are not decided"),
                then,
            )
        })
        .collect();
    let caseworker = format!("{} caseworker", node.party());
    let mut findings = node.all::<Finding>().await?;
    findings.retain(|f| f.state() == FindingState::ToVerify);
    if !findings.is_empty() {
        let about = findings.iter().map(Aggregate::key).collect();
        all.push(
            Item::new(
                None,
                &caseworker,
                format!("{} findings are not looked at", findings.len()),
                "`concordat review verify`",
            )
            .about(about),
        );
    }
    all.extend(decisions(node).await?);
    Ok(all)
}

/// Decisions that are open again, wait for a senior person, or are to be told; processes that a review holds off.
async fn decisions(node: &Node) -> Result<Vec<Item>, Fail> {
    let mut all = Vec::new();
    let party = node.party();
    for decision in node.all::<Decision>().await? {
        let (name, key) = (decision.name(), decision.key());
        if decision.is_open_again() {
            all.push(Item::new(
                None,
                &format!("{party} whoever takes {name}"),
                format!("the decision {key} is open again"),
                "what it rests on was recalled: `concordat review decide`",
            ));
        }
        if decision.waits() {
            let whose = format!("{party} whom the agreement names to second {name}");
            let what = format!("the decision {key} waits for a senior person");
            let then = "`concordat review second`, with --decline where not";
            all.push(Item::new(None, &whose, what, then).about(vec![key.clone()]));
        }
        for to in decision.to_tell() {
            let what = format!("{to} is to be told of the decision {key}");
            let then = format!(
                "a person tells them, then `concordat review told {name} --to {to}`; nothing is sent by itself"
            );
            let whose = format!("{party} caseworker");
            all.push(Item::new(None, &whose, what, then).about(vec![key.clone()]));
        }
    }
    for set_up in node.all::<SetUp>().await? {
        for awaited in set_up.awaited_of() {
            let (name, agreement) = (set_up.decision(), set_up.agreement());
            let what = format!("{awaited} has not agreed to {name} of {agreement}: it is off");
            let then = format!(
                "when its review is over: `concordat node set-up {name} --party {awaited}`"
            );
            let officer = format!("{party} data-sharing-officer");
            all.push(Item::new(None, &officer, what, then));
        }
    }
    Ok(all)
}
