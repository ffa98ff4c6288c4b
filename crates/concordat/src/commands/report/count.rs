//! The counting: from state what stands, from the ledger what happened.

use std::collections::{BTreeMap, BTreeSet};

use agreement::{Flow, Form, Plan, RowCover, Schedule, Why};
use exchange::Node;
use exchange::approval::Approval;
use exchange::change::Aggregate;
use exchange::deadline::london_day;
use exchange::decision::Decision;
use exchange::finding::Finding;
use exchange::flag::Flag;
use exchange::leg::{Leg, Side};
use exchange::matches::{Match, Standing};
use exchange::pact::Pact;
use exchange::retention::Holding;
use exchange::run::Run;
use jiff::{SignedDuration, Span};
use ledger::{Code, Digest, Entry, Fact};

use super::{About, Counts, DataSet, Destruction, File, OneRun, Report, Share, Volume};
use crate::fail::Fail;

/// Destruction that follows its date by more is late.
const IN_TIME: SignedDuration = SignedDuration::from_hours(24);

/// All that is counted, read once.
struct Books {
    entries: Vec<Entry>,
    legs: Vec<Leg>,
    runs: Vec<Run>,
    matches: Vec<Match>,
    findings: Vec<Finding>,
    flags: Vec<Flag>,
    decisions: Vec<Decision>,
    holdings: Vec<Holding>,
}

/// The report of a node.
pub(super) async fn report(node: &Node) -> Result<Report, Fail> {
    let books = Books {
        entries: entries(node).await?,
        legs: node.all().await?,
        runs: node.all().await?,
        matches: node.all().await?,
        findings: node.all().await?,
        flags: node.all().await?,
        decisions: node.all().await?,
        holdings: node.all().await?,
    };
    let mut agreements = Vec::new();
    let mut known = BTreeSet::new();
    for pact in node.all::<Pact>().await? {
        let about = about(node, &books, &pact).await?;
        known.extend(names_of(&books, &pact));
        agreements.push(about);
    }
    Ok(Report {
        party: node.party().to_string(),
        on: london_day(node.ports().clock.now())?,
        entries: books.entries.len() as u64,
        agreements,
        other_refusals: refusals(&books, |names| names.is_disjoint(&known)),
    })
}

/// Every entry, also those that have no place yet.
async fn entries(node: &Node) -> Result<Vec<Entry>, Fail> {
    let store = &node.ports().store;
    let size = store.head().await?.frontier.size();
    let placed = store.leaves(0, size).await?;
    let pending = store.pending(u32::MAX).await?;
    let bytes = placed.iter().map(|(bytes, _)| bytes);
    bytes
        .chain(pending.iter().map(|p| &p.bytes))
        .map(|bytes| Entry::parse(bytes).map_err(|e| Fail::fault(e.to_string())))
        .collect()
}

/// The names by which an operation tells that it is about an agreement: its own, and those of its runs.
fn names_of(books: &Books, pact: &Pact) -> BTreeSet<String> {
    let legs = books.legs.iter().filter(|l| l.agreement() == pact.id());
    let mut names: BTreeSet<String> = legs.map(|l| l.run().to_string()).collect();
    names.insert(pact.id().to_string());
    names
}

fn refusals(books: &Books, mine: impl Fn(&BTreeSet<String>) -> bool) -> Counts {
    let mut counts = Counts::new();
    for entry in books.entries.iter().filter(|e| e.act.as_str() == "refused") {
        let Some(Fact::Id(op)) = entry.facts.get(&Code::of("operation")) else {
            continue;
        };
        let names = op.as_str().split([':', '/']).map(str::to_owned).collect();
        if mine(&names) {
            let rule = entry.rule.as_ref().map_or("-", Code::as_str);
            *counts.entry(rule.to_owned()).or_default() += 1;
        }
    }
    counts
}

async fn about(node: &Node, books: &Books, pact: &Pact) -> Result<About, Fail> {
    let (_, plan) = node.agreement(pact.id()).await?;
    let names = names_of(books, pact);
    let legs: Vec<&Leg> = books
        .legs
        .iter()
        .filter(|l| l.agreement() == pact.id())
        .collect();
    let runs: Vec<&Run> = books
        .runs
        .iter()
        .filter(|r| r.agreement() == pact.id())
        .collect();
    let mine = |basis: &str| basis.split('/').next().is_some_and(|n| names.contains(n));
    let rows = |side| {
        let moved = legs.iter().filter(|l| l.side() == side);
        moved
            .filter(|l| side == Side::Receiver || l.sent_at().is_some())
            .map(|l| l.rows())
            .sum()
    };
    let acts = |act: &str| {
        let mine = |e: &&Entry| e.act.as_str() == act && e.agreement == Some(pact.hash());
        books.entries.iter().filter(mine).count() as u64
    };
    let data_sets = data_sets(node, books, &plan, &legs);
    let last = runs.iter().max_by_key(|r| (r.on(), r.id()));
    let coverage = last.map_or(Share::of(0, 0), |r| {
        let pool = r.pool();
        Share::of(
            (pool.checked + pool.first).min(pool.eligible),
            pool.eligible,
        )
    });
    Ok(About {
        agreement: pact.id().to_string(),
        title: plan.title.clone(),
        runs: runs
            .iter()
            .map(|r| one_run(books, &plan, &legs, r))
            .collect(),
        files: legs.iter().map(|l| file(l)).collect(),
        rows_sent: rows(Side::Sender),
        rows_received: rows(Side::Receiver),
        volumes: volumes(node, &plan, pact, &legs).await?,
        most_useful: data_sets
            .iter()
            .find(|d| d.matched > 0)
            .map(|d| d.name.clone()),
        data_sets,
        pool: node
            .pool(pact.id())
            .await?
            .into_iter()
            .map(|(state, n)| (state.to_owned(), n))
            .collect(),
        coverage,
        refusals: refusals(books, |op| !op.is_disjoint(&names)),
        findings: counted(books.findings.iter().filter(|f| mine(f.basis())), |f| {
            f.state().name().to_owned()
        }),
        flags: counted(books.flags.iter().filter(|f| mine(f.basis())), |f| {
            format!("{} {}", f.name(), f.status())
        }),
        recalls_sent: acts("recall.sent"),
        recalls_received: acts("recall.received"),
        false_matches: proved_wrong(books, pact.hash()),
        decisions: counted(books.decisions.iter().filter(|d| mine(d.about())), |d| {
            format!("{} {}", d.name(), d.status())
        }),
        destruction: Destruction {
            certificates: acts("destruction.confirmed"),
            ..destruction(node, books, pact.hash())
        },
    })
}

/// Rows that left by each flow that starts runs, against what is approved.
async fn volumes(
    node: &Node,
    plan: &Plan,
    pact: &Pact,
    legs: &[&Leg],
) -> Result<BTreeMap<String, Volume>, Fail> {
    let today = london_day(node.ports().clock.now())?;
    let year = today.checked_sub(Span::new().months(12));
    let since = year.map_err(|e| Fail::fault(e.to_string()))?;
    let mut all = BTreeMap::new();
    for flow in plan.flows.values() {
        let goes_along = matches!(
            flow.when.as_ref().map(|w| &w.schedule),
            Some(Schedule::Each(_)) | None
        );
        if flow.from != *node.party() || !flow.rests_on().is_empty() || goes_along {
            continue;
        }
        let (mut by_month, mut in_12_months) = (Counts::new(), 0);
        for leg in legs.iter().filter(|l| *l.flow() == flow.id) {
            let Some(at) = leg.sent_at() else { continue };
            let day = london_day(at)?;
            let month = format!("{}-{:02}", day.year(), day.month());
            *by_month.entry(month).or_default() += leg.rows();
            if day > since {
                in_12_months += leg.rows();
            }
        }
        let key = Approval::key_of(pact.id(), &flow.id);
        let approval: Option<Approval> = node.find(&key).await?;
        let granted = approval.filter(|a| a.status() == "granted");
        let volume = Volume {
            by_month,
            in_12_months,
            approved: granted.map(|a| a.scope().volume),
        };
        all.insert(flow.id.to_string(), volume);
    }
    Ok(all)
}

fn proved_wrong(books: &Books, hash: Digest) -> u64 {
    let was_confirmed = |e: &&Entry| {
        let was = e.facts.get(&Code::of("was"));
        e.act.as_str() == "match.refuted"
            && e.agreement == Some(hash)
            && matches!(was, Some(Fact::Code(code)) if code.as_str() == "confirmed")
    };
    books.entries.iter().filter(was_confirmed).count() as u64
}

fn counted<'a, T: 'a>(all: impl Iterator<Item = &'a T>, name: impl Fn(&T) -> String) -> Counts {
    let mut counts = Counts::new();
    for one in all {
        *counts.entry(name(one)).or_default() += 1;
    }
    counts
}

fn one_run(books: &Books, plan: &Plan, legs: &[&Leg], run: &Run) -> OneRun {
    let pool = run.pool();
    let of_run = legs.iter().filter(|l| l.run() == run.id());
    let sent = of_run
        .filter(|l| l.flow() == run.flow() && l.sent_at().is_some())
        .map(|l| l.rows())
        .sum();
    // The first answer with an outcome for each row says who was found.
    let answer = plan.flows.values().find(|f| {
        f.answers
            .as_ref()
            .is_some_and(|a| a.flows.contains(run.flow()) && a.rows == RowCover::EveryRow)
    });
    let found = books.matches.iter().filter(|m| {
        m.run() == run.id()
            && answer.is_some_and(|f| *m.flow() == f.id)
            && m.standing() != Standing::Refuted
    });
    let matched = found.count() as u64;
    let share = Share::of(matched, sent);
    OneRun {
        run: run.id().to_string(),
        flow: run.flow().to_string(),
        state: run.status().to_owned(),
        on: run.on(),
        register: pool.register,
        eligible: pool.eligible,
        checked: pool.checked,
        first: pool.first,
        again: pool.again,
        sent,
        matched,
        hit_rate: share.rate,
        share: share.per_mille,
    }
}

fn file(leg: &Leg) -> File {
    File {
        run: leg.run().to_string(),
        flow: leg.flow().to_string(),
        way: match leg.side() {
            Side::Sender => "to",
            Side::Receiver => "from",
        },
        peer: leg.peer().to_string(),
        state: leg.state().name(),
        rows: leg.rows(),
        withheld: leg.withheld().len() as u64,
    }
}

/// The data sets that this party had asked, and its own where it was asked: the most useful first.
fn data_sets(node: &Node, books: &Books, plan: &Plan, legs: &[&Leg]) -> Vec<DataSet> {
    let mut all = Vec::new();
    let told =
        |f: &&Flow| f.to == *node.party() && f.part_of.is_none() && f.form != Some(Form::Form);
    let files = plan.flows.values().filter(told);
    for flow in files.filter_map(|f| plan.file(&f.id)) {
        let sent = |leg: &&&Leg| match &flow.answers {
            Some(answers) => {
                answers.flows.contains(leg.flow())
                    && leg.side() == Side::Sender
                    && leg.sent_at().is_some()
            }
            None => *leg.flow() == flow.id && leg.side() == Side::Receiver,
        };
        if flow.answers.is_none() && node.ports().master.is_none() {
            continue;
        }
        let sent: u64 = legs.iter().filter(sent).map(|l| l.rows()).sum();
        let here = |m: &&Match| {
            let of = legs.iter().find(|l| l.run() == m.run());
            *m.flow() == flow.id && of.is_some()
        };
        let of = |which: fn(Standing) -> bool| {
            let all = books.matches.iter().filter(here);
            all.filter(|m| which(m.standing())).count() as u64
        };
        let matched = of(|s| s != Standing::Refuted);
        let share = Share::of(matched, sent);
        all.push(DataSet {
            name: name_of(&flow),
            flow: flow.id.to_string(),
            held_by: match &flow.answers {
                Some(_) => flow.from.to_string(),
                None => node.party().to_string(),
            },
            sent,
            matched,
            confirmed: of(|s| s == Standing::Confirmed),
            undecided: of(Standing::is_open),
            hit_rate: share.rate,
            share: share.per_mille,
        });
    }
    all.sort_by(|a, b| b.share.cmp(&a.share).then_with(|| a.name.cmp(&b.name)));
    all
}

/// The datasets that answer, or this party's own records where it was asked.
fn name_of(flow: &Flow) -> String {
    if flow.answers.is_none() {
        return "own records".into();
    }
    let answers = flow
        .columns
        .iter()
        .filter(|c| c.why.contains(&Why::Answers));
    let names: BTreeSet<String> = answers.map(|c| c.field.dataset.to_string()).collect();
    if names.is_empty() {
        return flow.id.to_string();
    }
    names.into_iter().collect::<Vec<_>>().join(" and ")
}

fn destruction(node: &Node, books: &Books, hash: Digest) -> Destruction {
    let now = node.ports().clock.now();
    let at = |entry: &Entry, name| match entry.facts.get(&Code::of(name)) {
        Some(Fact::At(at)) => Some(*at),
        _ => None,
    };
    let gone = books
        .entries
        .iter()
        .filter(|e| e.act.as_str() == "key.destroyed" && e.agreement == Some(hash));
    let (mut done, mut late) = (0, 0);
    let mut by_month = Counts::new();
    for entry in gone {
        done += 1;
        let month: String = entry.at.to_string().chars().take(7).collect();
        *by_month.entry(month).or_default() += 1;
        let times = at(entry, "due").zip(at(entry, "destroyed-at"));
        late += u64::from(times.is_some_and(|(due, at)| at.duration_since(due) > IN_TIME));
    }
    let (mut due, mut counting, mut waiting) = (0, 0, 0);
    for holding in &books.holdings {
        if holding.agreement() != Some(hash) || holding.status() == "destroyed" {
            continue;
        }
        match holding.due() {
            Some(at) if at <= now => due += 1,
            Some(_) => counting += 1,
            None => waiting += 1,
        }
    }
    Destruction {
        due,
        done,
        late,
        counting,
        waiting,
        by_month,
        certificates: 0,
    }
}
