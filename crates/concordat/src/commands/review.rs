//! `concordat review`: a person's word about what was found: matches, what they tell, flags, decisions. Shows row
//! numbers, evidence and standing; never a value of a person.

use clap::Subcommand;
use exchange::change::Aggregate;
use exchange::decision::Decision;
use exchange::finding::Finding;
use exchange::flag::Flag;
use exchange::ids::{AgreementId, FlowId, HoldingId, RunId, SubjectId};
use exchange::leg::Leg;
use exchange::matches::Match;
use exchange::trace::Trace;
use exchange::{About, Deciding, Node, Verdict, Word};
use serde_json::{Value, json};

use super::acting::{
    self, Acting, At, Rows, Said, agreement_id, flow_id, op, rows, run_id, show, tell,
};
use super::second;
use crate::fail::Fail;

/// Arguments of `review`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat review list ask-2026-12 reply")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the matches of a file: row, evidence, standing, what they tell, flags.
    #[command(after_help = "Example: concordat review list ask-2026-12 reply --open")]
    List {
        /// The run.
        #[arg(value_parser = run_id)]
        run: RunId,
        /// The flow.
        #[arg(value_parser = flow_id)]
        flow: FlowId,
        /// Only what somebody still has to decide.
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        at: At,
    },
    /// Confirm the matches of rows: it is the same person.
    #[command(
        after_help = "Example: concordat review confirm ask-2026-12 reply 1,4-6 --reason \"name, birth and number agree\" --as c1:caseworker"
    )]
    Confirm {
        #[command(flatten)]
        of: Of,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Refute the matches of rows; a confirmed one is undone everywhere it went.
    #[command(
        after_help = "Example: concordat review refute ask-2026-12 reply 3 --reason \"a namesake\" --as c1:caseworker"
    )]
    Refute {
        #[command(flatten)]
        of: Of,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Say whether what a row tells is so.
    #[command(
        after_help = "Example: concordat review verify ask-2026-12 reply 3 --kind contact --reason \"a letter was answered\" --as c1:caseworker"
    )]
    Verify {
        #[command(flatten)]
        of: Of,
        /// What kind of finding, where the row tells several: contact, lead, death or third-party.
        #[arg(long)]
        kind: Option<String>,
        /// Which field, where the row tells several.
        #[arg(long)]
        field: Option<String>,
        /// It is not so, or of no use.
        #[arg(long)]
        not_so: bool,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Set a flag on the people of confirmed rows; the case register shows it.
    #[command(
        after_help = "Example: concordat review flag ask-2026-12 reply 1,4 --flag \"ISD HMRC Match\" --as c1:caseworker"
    )]
    Flag {
        #[command(flatten)]
        of: Of,
        /// The flag's exact name.
        #[arg(long)]
        flag: String,
    },
    /// Take a flag away, with the reason.
    #[command(
        after_help = "Example: concordat review lift ask-2026-12 reply 4 --flag \"ISD HMRC Match\" --reason \"leave was granted\" --as c1:caseworker"
    )]
    Lift {
        #[command(flatten)]
        of: Of,
        /// The flag's exact name.
        #[arg(long)]
        flag: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Say how what was begun because of a flag ended; it is not followed any more.
    #[command(
        after_help = "Example: concordat review conclude ask-2026-12 reply 4 --flag \"ISD HMRC Match\" --reason \"the person left the country\" --as c1:caseworker"
    )]
    Conclude {
        #[command(flatten)]
        of: Of,
        /// The flag's exact name.
        #[arg(long)]
        flag: String,
        /// How it ended.
        #[arg(long)]
        reason: String,
    },
    /// Take a decision that the agreement names.
    #[command(
        after_help = "Example: concordat review decide use-contact --run ask-2026-12 --flow reply --row 4 --reason \"the address was verified\" --as c1:caseworker"
    )]
    Decide {
        /// The agreement's name of the decision.
        decision: String,
        /// The run of the row that it is about.
        #[arg(long, value_parser = run_id, requires = "flow", requires = "row")]
        run: Option<RunId>,
        /// The flow of the row that it is about.
        #[arg(long, value_parser = flow_id)]
        flow: Option<FlowId>,
        /// The row that it is about.
        #[arg(long)]
        row: Option<u64>,
        /// The person of the pool that it is about, as `concordat due --json` names them.
        #[arg(long, conflicts_with = "run", required_unless_present = "run")]
        subject: Option<String>,
        /// What it comes to, where the agreement gives a choice.
        #[arg(long)]
        outcome: Option<String>,
        /// Why.
        #[arg(long)]
        reason: String,
        /// How the duty was considered that the agreement names, such as the best interests of a child.
        #[arg(long)]
        considered: Option<String>,
        /// The agreement. [default: the only one on the table]
        #[arg(long, value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        #[command(flatten)]
        by: Acting,
    },
    /// Agree to a decision that waits for a senior person, or do not.
    Second(second::Second),
    /// Write down that you told somebody of a decision, as the agreement says.
    Told(second::Told),
    /// Say that kept values are still needed: they are looked at again after the same time.
    #[command(
        after_help = "Example: concordat review need ask-2026-12/reply.1/kept/000004 --reason \"the case is open\" --as c1:caseworker"
    )]
    Need {
        /// The holding, as `concordat due` names it.
        holding: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Say that the tracing of somebody goes on, after it stopped by itself.
    #[command(
        after_help = "Example: concordat review restart SUBJECT --reason \"the record of the death was wrong\" --as c1:caseworker"
    )]
    Restart {
        /// The person of the pool, as `concordat due --json` names them.
        subject: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// The agreement. [default: the only one on the table]
        #[arg(long, value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        #[command(flatten)]
        by: Acting,
    },
}

#[derive(clap::Args)]
struct Of {
    /// The run.
    #[arg(value_parser = run_id)]
    run: RunId,
    /// The flow.
    #[arg(value_parser = flow_id)]
    flow: FlowId,
    /// The rows, such as 1,4-6.
    #[arg(value_parser = rows)]
    rows: Rows,
    #[command(flatten)]
    by: Acting,
}

impl Of {
    fn key(&self) -> String {
        format!("{}/{}/{}", self.run, self.flow, self.rows)
    }
    fn one(&self) -> Result<u64, Fail> {
        match self.rows.0.as_slice() {
            [row] => Ok(*row),
            _ => Err(Fail::usage("this is said of one row at a time")),
        }
    }
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match &args.what {
        What::List {
            run,
            flow,
            open,
            at,
        } => show(at, list(at, run, flow, *open).await),
        What::Confirm { of, reason } => {
            tell(&of.by.working, word(of, Verdict::Confirm, reason).await)
        }
        What::Refute { of, reason } => {
            tell(&of.by.working, word(of, Verdict::Refute, reason).await)
        }
        What::Verify {
            of,
            kind,
            field,
            not_so,
            reason,
        } => {
            let which = (kind.as_deref(), field.as_deref());
            tell(&of.by.working, verify(of, which, !not_so, reason).await)
        }
        What::Flag { of, flag } => tell(&of.by.working, set_flag(of, flag).await),
        What::Conclude { of, flag, reason } => {
            tell(&of.by.working, conclude(of, flag, reason).await)
        }
        What::Lift { of, flag, reason } => tell(&of.by.working, lift(of, flag, reason).await),
        What::Decide {
            decision,
            run,
            flow,
            row,
            subject,
            outcome,
            reason,
            considered,
            agreement,
            by,
        } => {
            let about = match (run, flow, row, subject) {
                (Some(run), Some(flow), Some(row), _) => {
                    About::Row(run.clone(), flow.clone(), *row)
                }
                (_, _, _, Some(subject)) => About::Pool(SubjectId::parse(subject.as_str())?),
                _ => return Err(Fail::usage("name --run, --flow and --row, or --subject")),
            };
            let what = (decision.as_str(), outcome.as_deref(), reason.as_str());
            let considered = considered.as_deref();
            tell(
                &by.working,
                decide(what, considered, about, agreement.as_ref(), by).await,
            )
        }
        What::Second(args) => tell(&args.by.working, second::second(args).await),
        What::Told(args) => tell(&args.by.working, second::told(args).await),
        What::Need {
            holding,
            reason,
            by,
        } => tell(&by.working, need(holding, reason, by).await),
        What::Restart {
            subject,
            reason,
            agreement,
            by,
        } => tell(
            &by.working,
            restart(subject, reason, agreement.as_ref(), by).await,
        ),
    }
}

async fn list(at: &At, run: &RunId, flow: &FlowId, open: bool) -> Result<Said, Fail> {
    let node = at.node().await?;
    let all: Vec<Match> = node.under(&format!("{run}/{flow}/")).await?;
    let mut shown = Vec::new();
    let mut said = Said::shown(format!("{flow} of {run}: {} matches.", all.len()));
    for found in all.iter().filter(|m| !open || m.standing().is_open()) {
        let (findings, flags) = beside(&node, found).await?;
        let tells = |all: &[Value]| {
            all.iter()
                .map(|v| {
                    let text = |k: &str| v.get(k).and_then(Value::as_str).unwrap_or("-").to_owned();
                    format!("; {} {} ({})", text("kind"), text("of"), text("state"))
                })
                .collect::<String>()
        };
        said = said.line(format!(
            "  row {:>4}  {:<22} {:<7} {}{}{}",
            found.row(),
            found.evidence(),
            if found.evidence().is_strong() {
                "strong"
            } else {
                "weak"
            },
            found.standing().name(),
            tells(&findings),
            tells(&flags),
        ));
        shown.push(json!({
            "row": found.row(), "evidence": found.evidence().to_string(), "strong": found.evidence().is_strong(),
            "standing": found.standing().name(), "findings": findings, "flags": flags,
        }));
    }
    let leg: Option<Leg> = node.find(&Leg::key_of(run, flow)).await?;
    let (as_of, quality) = (
        leg.as_ref().and_then(Leg::as_of),
        leg.as_ref().and_then(Leg::quality),
    );
    if let Some(day) = as_of {
        said = said.line(format!(
            "  the sources stood as of {day}; of their quality: {}",
            quality.unwrap_or("nothing is said")
        ));
    }
    let undecided = all.iter().filter(|m| m.standing().is_open()).count();
    if undecided > 0 {
        said = said.next(format!(
            "{undecided} to decide: `concordat review confirm {run} {flow} ROWS --reason R`, or refute"
        ));
    }
    Ok(said
        .with("matches", Value::Array(shown))
        .with("as_of", json!(as_of))
        .with("quality", json!(quality))
        .with("undecided", json!(undecided)))
}

async fn beside(node: &Node, found: &Match) -> Result<(Vec<Value>, Vec<Value>), Fail> {
    let prefix = format!("{}/", found.key());
    let findings = node.under::<Finding>(&prefix).await?;
    let flags = node.under::<Flag>(&prefix).await?;
    Ok((
        findings
            .iter()
            .map(|f| json!({ "kind": f.kind().name(), "of": f.field(), "state": f.state().name() }))
            .collect(),
        flags
            .iter()
            .map(|f| json!({ "kind": "flag", "of": f.name(), "state": f.status() }))
            .collect(),
    ))
}

async fn word(of: &Of, verdict: Verdict, reason: &str) -> Result<Said, Fail> {
    let node = of.by.working.node().await?;
    let words: Vec<Word> = of
        .rows
        .0
        .iter()
        .map(|row| Word {
            row: *row,
            verdict,
            reason: reason.to_owned(),
        })
        .collect();
    let verb = match verdict {
        Verdict::Confirm => "match.confirm",
        Verdict::Refute => "match.refute",
    };
    // A match is confirmed once and refuted once in its life: the rows name the act.
    let op = op(verb, of.key())?;
    let done = node
        .review(&op, (&of.run, &of.flow), &words, &of.by.who)
        .await?;
    let (n, run, flow) = (words.len(), &of.run, &of.flow);
    Ok(match verdict {
        Verdict::Confirm => Said::did(format!("Matches of {flow} of {run} that are confirmed: {n}."), done)
            .next(format!(
                "`concordat review list {run} {flow}` says what they tell, to be verified before it is used"
            ))
            .undo(format!(
                "`concordat review refute {run} {flow} ROWS --reason R`: it is undone everywhere it went"
            )),
        Verdict::Refute => Said::did(format!("Matches of {flow} of {run} that are refuted: {n}."), done)
            .next("`concordat node work` tells everybody who was sent something because of them")
            .undo("a refuted match stays refuted: a later run may find the person anew"),
    })
}

async fn verify(
    of: &Of,
    (kind, field): (Option<&str>, Option<&str>),
    is_so: bool,
    reason: &str,
) -> Result<Said, Fail> {
    let row = of.one()?;
    let node = of.by.working.node().await?;
    let prefix = format!("{}/", Match::key_of(&of.run, &of.flow, row));
    let mut all: Vec<Finding> = node.under(&prefix).await?;
    all.retain(|f| kind.is_none_or(|k| f.kind().name() == k));
    all.retain(|f| field.is_none_or(|name| f.field() == Some(name)));
    let (Some(finding), true) = (all.pop(), all.is_empty()) else {
        return Err(Fail::usage(format!(
            "name one finding of row {row} with --kind and --field: `concordat review list {} {}` shows them",
            of.run, of.flow
        )));
    };
    let verb = if is_so { "verify" } else { "dismiss" };
    let op = op("finding", format!("{}/{verb}", finding.key()))?;
    let done = node
        .verify(&op, &finding.key(), is_so, reason, &of.by.who)
        .await?;
    let what = if is_so {
        "is so"
    } else {
        "is not so, or of no use"
    };
    Ok(Said::did(
        format!("What row {row} tells ({}) {what}.", finding.kind().name()),
        done,
    )
    .next("`concordat review decide DECISION`, where the agreement names one")
    .undo("a finding is decided once; it falls with its match: `concordat review refute`"))
}

async fn set_flag(of: &Of, flag: &str) -> Result<Said, Fail> {
    let node = of.by.working.node().await?;
    let op = op("flag.set", Flag::key_of(&of.key(), flag))?;
    let rows = &of.rows.0;
    let done = node
        .set_flags(&op, (&of.run, &of.flow), rows, flag, &of.by.who)
        .await?;
    Ok(Said::did(
        format!("The flag {flag} is set for {} rows.", rows.len()),
        done,
    )
    .next("`concordat node work`: the case register shows it")
    .undo(format!(
        "`concordat review lift {} {} ROW --flag \"{flag}\" --reason R`",
        of.run, of.flow
    )))
}

async fn conclude(of: &Of, flag: &str, reason: &str) -> Result<Said, Fail> {
    let row = of.one()?;
    let node = of.by.working.node().await?;
    let key = Flag::key_of(&Match::key_of(&of.run, &of.flow, row), flag);
    let done = node
        .conclude_flag(&op("flag.conclude", &key)?, &key, reason, &of.by.who)
        .await?;
    Ok(Said::did(
        format!("What was begun because of the flag {flag} of row {row} is concluded."),
        done,
    )
    .next("`concordat report` counts what is still followed: flags in progress or applied")
    .undo("a conclusion stands; the flag itself can still be lifted: `concordat review lift`"))
}

async fn lift(of: &Of, flag: &str, reason: &str) -> Result<Said, Fail> {
    let row = of.one()?;
    let node = of.by.working.node().await?;
    let key = Flag::key_of(&Match::key_of(&of.run, &of.flow, row), flag);
    let done = node
        .lift_flag(&op("flag.lift", &key)?, &key, reason, &of.by.who)
        .await?;
    Ok(Said::did(
        format!("The flag {flag} of row {row} is to be taken away."),
        done,
    )
    .next("`concordat node work`: the case register no longer shows it")
    .undo("a flag that was lifted is not set again by the same match"))
}

async fn decide(
    (decision, outcome, reason): (&str, Option<&str>, &str),
    considered: Option<&str>,
    about: About,
    agreement: Option<&AgreementId>,
    by: &Acting,
) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let id = acting::agreement(&node, agreement).await?;
    let key = Decision::key_of(decision, &about.key(&id));
    let before: Option<Decision> = node.find(&key).await?;
    let times = before.map_or(0, |d| d.version() - u64::from(d.stands() || d.waits()));
    let op = op("decide", format!("{key}/{times}"))?;
    let what = Deciding {
        agreement: id,
        decision: decision.to_owned(),
        about,
        outcome: outcome.map(str::to_owned),
        reason: reason.to_owned(),
    };
    let done = match considered {
        Some(text) => node.decide_considering(&op, &what, text, &by.who).await?,
        None => node.decide(&op, &what, &by.who).await?,
    };
    let now: Option<Decision> = node.find(&key).await?;
    if now.as_ref().is_some_and(Decision::waits) {
        let what = format!("The decision {decision} is asked for, and waits for a senior person.");
        return Ok(Said::did(what, done)
            .next("`concordat review second DECISION`, by another person in the role that the agreement names")
            .undo("it is nothing until they agree"));
    }
    let tells: Vec<&str> = now.iter().flat_map(Decision::to_tell).collect();
    let said = Said::did(format!("The decision {decision} is taken."), done);
    let said = match tells.is_empty() {
        true => said,
        false => said.next(format!(
            "tell {}, then `concordat review told DECISION --to WHOM`: nothing is sent by itself",
            tells.join(", ")
        )),
    };
    Ok(said
        .undo("it is open again when what it rests on is recalled; the person it is about may appeal as the agreement says"))
}

async fn need(holding: &str, reason: &str, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let id = HoldingId::parse(holding)?;
    // Said once a day.
    let today = exchange::deadline::london_day(node.ports().clock.now())?;
    let op = op("need", format!("{id}/{today}"))?;
    let done = node.still_needed(&op, &id, reason, &by.who).await?;
    Ok(
        Said::did(format!("The values of {id} are still needed."), done)
            .next("`concordat due` says when they are looked at again")
            .undo(format!("`concordat destroy --holding {id} --reason R`")),
    )
}

async fn restart(
    subject: &str,
    reason: &str,
    agreement: Option<&AgreementId>,
    by: &Acting,
) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let id = acting::agreement(&node, agreement).await?;
    let subject = SubjectId::parse(subject)?;
    let trace: Option<Trace> = node.find(&Trace::key_of(&id, &subject)).await?;
    let moved = trace.map_or(0, |t| t.version() - u64::from(!t.is_stopped()));
    let op = op("trace.restart", format!("{id}/{subject}/{moved}"))?;
    let done = node
        .restart_tracing(&op, &id, &subject, reason, &by.who)
        .await?;
    Ok(Said::did("The tracing of this person goes on.", done)
        .next("the next run asks about them when it is their turn")
        .undo("a partner's word, or a decision that the agreement names, ends it"))
}
