//! `concordat run`, the part about what goes beside a file: what a person writes, a case, a volume that was agreed, a fact
//! that only this party can tell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agreement::FactId;
use clap::Subcommand;
use exchange::ids::{AgreementId, FlowId, RunId};
use exchange::{Case, Start, Written, WrittenRow};
use serde_json::json;

use super::acting::{self, Acting, Said, agreement_id, flow_id, op, run_id, tell};
use super::feedback;
use crate::fail::Fail;

#[derive(Subcommand)]
pub(crate) enum What {
    /// Write what goes with a run: a form, or rows picked out of its file.
    #[command(
        after_help = "Example: concordat run write manual --run monthly-2016-04 --rows picked.json --as o1:data-sharing-officer"
    )]
    Write {
        /// The flow.
        #[arg(value_parser = flow_id)]
        flow: FlowId,
        /// The run.
        #[arg(long, value_parser = run_id)]
        run: RunId,
        /// The agreement. [default: the only one on the table]
        #[arg(long, value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        /// The rows, as a JSON list: each its values by field, and with "row" the number of the row that it is picked for.
        #[arg(long, value_name = "FILE")]
        rows: Option<PathBuf>,
        /// A value of the one row of a form.
        #[arg(long, value_name = "FIELD=TEXT", value_parser = value)]
        value: Vec<(String, String)>,
        #[command(flatten)]
        by: Acting,
    },
    /// Print a form that was written here, or came in.
    #[command(
        after_help = "Example: concordat run form monthly-2016-04 notice-out --as o1:data-sharing-officer"
    )]
    Form {
        /// The run.
        #[arg(value_parser = run_id)]
        run: RunId,
        /// The flow.
        #[arg(value_parser = flow_id)]
        flow: FlowId,
        #[command(flatten)]
        by: Acting,
    },
    /// Draft a periodic form with the counts of the period, for a person to complete and write.
    #[command(
        after_help = "Example: concordat run draft quarterly --from 2016-04-01 --until 2016-06-30 > rows.json"
    )]
    Draft(feedback::Args),
    /// Record that the other party was told of a file's volume beforehand and agreed.
    #[command(
        after_help = "Example: concordat run agree monthly-2016-04 monthly --reason \"issue log, 30 March\" --as o1:data-sharing-officer"
    )]
    Agree {
        /// The run.
        #[arg(value_parser = run_id)]
        run: RunId,
        /// The flow.
        #[arg(value_parser = flow_id)]
        flow: FlowId,
        /// Where it is written.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Start a run about one case, in a circumstance that the agreement names.
    #[command(
        after_help = "Example: concordat run case ad-hoc --run case-2016-04-a --circumstance imminent-physical-risk --text \"a threat was made\" --people keys.txt --as o1:data-sharing-officer"
    )]
    Case {
        /// The flow.
        #[arg(value_parser = flow_id)]
        flow: FlowId,
        /// The run's name, the same on every node.
        #[arg(long, value_parser = run_id)]
        run: RunId,
        /// The agreement. [default: the only one on the table]
        #[arg(long, value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        /// The agreement's name of the circumstance.
        #[arg(long)]
        circumstance: String,
        /// What the circumstance is.
        #[arg(long)]
        text: String,
        /// A file with the person keys of those who are asked about, one a line.
        #[arg(long, value_name = "FILE")]
        people: PathBuf,
        /// The last day for the answer, where no clock of the agreement says it.
        #[arg(long, value_name = "DAY")]
        reply_by: Option<jiff::civil::Date>,
        #[command(flatten)]
        by: Acting,
    },
    /// Approve the circumstance of a case, as the senior information risk owner.
    #[command(
        after_help = "Example: concordat run approve-case case-2016-04-a ad-hoc --reason \"a court has ordered it\" --as r1:siro"
    )]
    ApproveCase {
        /// The run.
        #[arg(value_parser = run_id)]
        run: RunId,
        /// The flow.
        #[arg(value_parser = flow_id)]
        flow: FlowId,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: Acting,
    },
    /// Write down of one row whether a fact is so that only this party can tell, and why.
    #[command(
        after_help = "Example: concordat run fact monthly-2016-04 monthly 3 wellbeing_necessity --reason \"nobody else knows where the child is\" --as a1:analyst"
    )]
    Fact {
        /// The run.
        #[arg(value_parser = run_id)]
        run: RunId,
        /// The flow.
        #[arg(value_parser = flow_id)]
        flow: FlowId,
        /// The row.
        row: u64,
        /// The agreement's name of the fact.
        #[arg(value_parser = fact_id)]
        fact: FactId,
        /// It is not so.
        #[arg(long)]
        not_so: bool,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: Acting,
    },
}

fn fact_id(text: &str) -> Result<FactId, String> {
    FactId::parse(text).map_err(|e| e.to_string())
}

fn value(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=');
    let (field, value) = pair.ok_or("write FIELD=TEXT")?;
    Ok((field.to_owned(), value.to_owned()))
}

pub(crate) async fn run(what: &What) -> Result<(), Fail> {
    match what {
        What::Write {
            flow,
            run,
            agreement,
            rows,
            value,
            by,
        } => {
            let rows = match rows {
                Some(path) => read(path)?,
                None => vec![WrittenRow {
                    of: None,
                    values: value.iter().cloned().collect(),
                }],
            };
            tell(
                &by.working,
                write((flow, run), agreement.as_ref(), rows, by).await,
            )
        }
        What::Form { run, flow, by } => tell(&by.working, form(run, flow, by).await),
        What::Draft(args) => feedback::run(args).await,
        What::Agree {
            run,
            flow,
            reason,
            by,
        } => tell(&by.working, agree(run, flow, reason, by).await),
        What::Case {
            flow,
            run,
            agreement,
            circumstance,
            text,
            people,
            reply_by,
            by,
        } => {
            let people = std::fs::read_to_string(people).map_err(|e| Fail::at(people, &e))?;
            let people = people.lines().map(str::trim).filter(|l| !l.is_empty());
            let case = Case {
                circumstance: circumstance.clone(),
                text: text.clone(),
                people: people.map(str::to_owned).collect(),
            };
            tell(
                &by.working,
                start((flow, run), agreement.as_ref(), &case, *reply_by, by).await,
            )
        }
        What::ApproveCase {
            run,
            flow,
            reason,
            by,
        } => tell(&by.working, approve(run, flow, reason, by).await),
        What::Fact {
            run,
            flow,
            row,
            fact,
            not_so,
            reason,
            by,
        } => tell(
            &by.working,
            write_fact((run, flow, *row), (fact, !not_so), reason, by).await,
        ),
    }
}

/// The rows of a JSON list; a value is a text, but for the number of the row that it is picked for.
fn read(path: &Path) -> Result<Vec<WrittenRow>, Fail> {
    let bytes = std::fs::read(path).map_err(|e| Fail::at(path, &e))?;
    let wrong = |what: &str| Fail::usage(format!("{}: {what}", path.display()));
    let rows: Vec<BTreeMap<String, serde_json::Value>> = serde_json::from_slice(&bytes)
        .map_err(|e| wrong(&format!("no list of rows, at line {}", e.line())))?;
    rows.into_iter()
        .map(|mut row| {
            let of = match row.remove("row") {
                Some(number) => Some(number.as_u64().ok_or_else(|| wrong("row is no number"))?),
                None => None,
            };
            let text = |(field, value): (String, serde_json::Value)| {
                let text = value.as_str().map(str::to_owned);
                Ok((field, text.ok_or_else(|| wrong("a value is no text"))?))
            };
            let values = row.into_iter().map(text).collect::<Result<_, Fail>>()?;
            Ok(WrittenRow { of, values })
        })
        .collect()
}

async fn write(
    (flow, run): (&FlowId, &RunId),
    agreement: Option<&AgreementId>,
    rows: Vec<WrittenRow>,
    by: &Acting,
) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let written = Written {
        agreement: acting::agreement(&node, agreement).await?,
        flow: flow.clone(),
        run: run.clone(),
        rows,
    };
    let op = op("leg.write", format!("{run}/{flow}"))?;
    let done = node.write(&op, &written, &by.who).await?;
    Ok(Said::did(
        format!("{flow} of {run} is written: {} rows.", written.rows.len()),
        done,
    )
    .next(format!(
        "`concordat run release {run} {flow} --as STAFF:ROLE`, once the file that it goes with is released"
    ))
    .undo(format!("`concordat run abandon {run} {flow} --reason R`")))
}

async fn form(run: &RunId, flow: &FlowId, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let op = op(
        "form.show",
        format!("{run}/{flow}/{}", node.ports().clock.now()),
    )?;
    let (done, form) = node.form(&op, run, flow, &by.who).await?;
    let mut said = Said::did(format!("{flow} of {run}"), done);
    for row in &form {
        for (field, value) in row {
            said = said.line(format!("  {:<20} {value}", field.replace('_', " ")));
        }
    }
    Ok(said
        .with("rows", json!(form))
        .undo("nothing is changed: that it was read stands in the ledger"))
}

async fn agree(run: &RunId, flow: &FlowId, reason: &str, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let op = op("leg.volume", format!("{run}/{flow}"))?;
    let done = node.volume_agreed(&op, run, flow, reason, &by.who).await?;
    Ok(Said::did(
        format!("That the volume of {flow} of {run} was agreed is recorded."),
        done,
    )
    .next(format!(
        "`concordat run release {run} {flow} --as STAFF:ROLE`"
    ))
    .undo(format!("`concordat run abandon {run} {flow} --reason R`")))
}

async fn start(
    (flow, run): (&FlowId, &RunId),
    agreement: Option<&AgreementId>,
    case: &Case,
    reply_by: Option<jiff::civil::Date>,
    by: &Acting,
) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let start = Start {
        agreement: acting::agreement(&node, agreement).await?,
        flow: flow.clone(),
        run: run.clone(),
        at_most: None,
        reason: None,
        reply_by,
    };
    let op = op("run.start", run)?;
    let done = node.start_case(&op, &start, case, &by.who).await?;
    Ok(Said::did(
        format!("The case {run} is started: {} is prepared.", flow),
        done,
    )
    .next("write the form that it needs: `concordat run write`")
    .undo(format!("`concordat run abandon {run} {flow} --reason R`")))
}

async fn approve(run: &RunId, flow: &FlowId, reason: &str, by: &Acting) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let op = op("leg.circumstance", format!("{run}/{flow}"))?;
    let done = node
        .approve_circumstance(&op, run, flow, reason, &by.who)
        .await?;
    Ok(
        Said::did(format!("The circumstance of {run} is approved."), done)
            .next(format!(
                "`concordat run release {run} {flow} --as STAFF:ROLE`"
            ))
            .undo(format!("`concordat run abandon {run} {flow} --reason R`")),
    )
}

async fn write_fact(
    (run, flow, row): (&RunId, &FlowId, u64),
    (fact, is_so): (&FactId, bool),
    reason: &str,
    by: &Acting,
) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let op = op("fact.write", format!("{run}/{flow}/{row}/{fact}/{is_so}"))?;
    let of = (run, flow, row);
    let done = node
        .write_fact(&op, of, (fact, is_so), reason, &by.who)
        .await?;
    Ok(
        Said::did(format!("{fact} of row {row} is written down."), done)
            .next("prepare the answer, or release it")
            .undo("write down the contrary, with its reason"),
    )
}
