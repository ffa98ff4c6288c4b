//! `concordat residence`: has a residence check made, and shows what stays of it to whoever works on the application. What
//! a request says comes by a file or by standard input: no personal value is on the command line.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use exchange::authority::Person;
use exchange::check::{Caller, Outcome, Request, Silence, Unanswered};
use exchange::ids::{AgreementId, StaffId};
use exchange::ports::Entropy;
use indicatif::ProgressBar;
use serde_json::json;
use zeroize::Zeroizing;

use super::acting::{self, Acting, At, Said, Working, agreement_id, op, person, show, tell};
use super::scheme;
use crate::fail::Fail;
use crate::house::Config;
use crate::os::SystemEntropy;
use crate::{calling, node_key, records};

/// Arguments of `residence`.
#[derive(clap::Args)]
#[command(after_help = "Example: concordat residence check request.json")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Have a check made. Without --as it is made for an applicant, as the application system does. Every supplier is asked
    /// whose data the agreement puts into the same months.
    #[command(
        after_help = "Example: concordat residence check request.json\n\nExample: concordat residence check - --as c1:caseworker --json"
    )]
    Check {
        /// The request as JSON (docs/residence-check.md); - reads it from standard input.
        request: PathBuf,
        /// The caseworker who asks, where it is not for an applicant who applies.
        #[arg(long = "as", value_name = "STAFF:ROLE", value_parser = person)]
        who: Option<Person>,
        #[command(flatten)]
        working: Working,
    },
    /// Let a caseworker work on an application, or no longer.
    #[command(
        after_help = "Example: concordat residence assign number.txt --caseworker c1 --as o1:data-sharing-officer"
    )]
    Assign {
        /// A file with the application's number; - reads it from standard input.
        application: PathBuf,
        /// The caseworker: a staff handle.
        #[arg(long)]
        caseworker: String,
        /// No longer.
        #[arg(long)]
        remove: bool,
        /// The agreement. [default: the only one on the table]
        #[arg(long, value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        #[command(flatten)]
        by: Acting,
    },
    /// Show what the checks of an application came to, to a caseworker who works on it.
    #[command(after_help = "Example: concordat residence show number.txt --as c1:caseworker")]
    Show {
        /// A file with the application's number; - reads it from standard input.
        application: PathBuf,
        /// The agreement. [default: the only one on the table]
        #[arg(long, value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        #[command(flatten)]
        by: Acting,
    },
    /// Count the checks by channel and outcome. Nobody is told apart.
    #[command(after_help = "Example: concordat residence counts --dir ho")]
    Counts {
        /// The agreement. [default: the only one on the table]
        #[arg(long, value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        #[command(flatten)]
        at: At,
    },
    /// Say how far the checks serve the aims that the agreement records, by four measures. Nobody is told apart.
    #[command(after_help = "Example: concordat residence aims --dir ho")]
    Aims {
        /// The agreement. [default: the only one on the table]
        #[arg(long, value_parser = agreement_id)]
        agreement: Option<AgreementId>,
        #[command(flatten)]
        at: At,
    },
    /// Work out what a scheme of so many applicants asks of a machine, from inputs that are printed with it.
    Load(scheme::Load),
    /// Make the index of a list of this party's own, out of which its node answers calls. The service takes a new index when
    /// it is started again.
    #[command(
        after_help = "Example: concordat residence index master.parquet --columns rules/dwp-records.toml --dir dwp"
    )]
    Index {
        /// The list: a Parquet, Arrow or csv file. Only lines with a National Insurance number are found by calls.
        list: PathBuf,
        /// The file that says what its columns say (docs/residence-check.md).
        #[arg(long)]
        columns: PathBuf,
        /// The index, as `calls.records` in node.toml names it.
        #[arg(long, value_name = "FILE", default_value = "records.db")]
        to: PathBuf,
        #[command(flatten)]
        working: Working,
    },
    /// Print the version by which an agreement names the rules of a file.
    #[command(after_help = "Example: concordat residence rules rules/residence-months.toml")]
    Rules {
        /// The file.
        file: PathBuf,
        /// Print the answer as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    match &args.what {
        What::Check {
            request,
            who,
            working,
        } => tell(working, check(request, who.as_ref(), working).await),
        What::Assign {
            application,
            caseworker,
            remove,
            agreement,
            by,
        } => {
            let works = !remove;
            let said = assign(application, caseworker, works, agreement.as_ref(), by).await;
            tell(&by.working, said)
        }
        What::Show {
            application,
            agreement,
            by,
        } => tell(
            &by.working,
            months(application, agreement.as_ref(), by).await,
        ),
        What::Counts { agreement, at } => show(at, counts(agreement.as_ref(), at).await),
        What::Aims { agreement, at } => show(at, scheme::aims(agreement.as_ref(), at).await),
        What::Load(args) => scheme::load(args),
        What::Index {
            list,
            columns,
            to,
            working,
        } => tell(working, index(list, columns, to, working).await),
        What::Rules { file, json } => {
            let rules = calling::rules(file)?;
            let (name, version) = (rules.name(), rules.version());
            if *json {
                crate::say(json!({ "rules": name, "version": version }));
            } else {
                crate::say(format!("{name} {version}"));
            }
            Ok(())
        }
    }
}

/// What a file or standard input says; wiped when it is let go of.
fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Fail> {
    if path.as_os_str() == "-" {
        // Room for the longest message, so that no copy is left where it grows.
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 17));
        let mut input = std::io::stdin().lock().take(1 << 16 | 1);
        let read = input.read_to_end(&mut bytes);
        return read
            .map(|_| bytes)
            .map_err(|e| Fail::fault(format!("standard input: {e}")));
    }
    super::shelf::read(path).map(Zeroizing::new)
}

fn number(path: &Path) -> Result<Zeroizing<String>, Fail> {
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes).ok().map(str::trim);
    match text.filter(|text| !text.is_empty()) {
        Some(text) => Ok(Zeroizing::new(text.to_owned())),
        None => Err(Fail::usage("the application's number is not there")),
    }
}

async fn check(path: &Path, who: Option<&Person>, working: &Working) -> Result<Said, Fail> {
    if working.dry_run {
        return Err(Fail::usage(
            "a check calls another department: it cannot be tried without doing it",
        ));
    }
    let request = Request::read(&read(path)?).map_err(exchange::Trouble::from)?;
    let node = working.node().await?;
    let caller = who.map_or(Caller::Applicant, |who| Caller::Staff(who.clone()));
    let checked = node.check(&request, &caller).await?;
    let what = match checked.outcome {
        Outcome::WithData => "The check is complete: a record was found.",
        Outcome::NotFound => {
            "The check is complete: no record was found. That counts against nobody."
        }
        Outcome::Ambiguous => "The records do not say clearly whom they mean: a person looks.",
        Outcome::Unsuccessful => "The check did not work. The application goes on without it.",
        Outcome::NotAttempted => "No call was made. The application goes on without it.",
    };
    let mut said = Said::shown(what).with("checked", json!(checked));
    if !checked.lacking.is_empty() {
        said = said.line(format!("  not there: {}", checked.lacking.join(", ")));
    }
    for one in &checked.unanswered {
        said = said.line(format!("  {}", silent(one)));
    }
    Ok(said.next(match checked.guidance {
        exchange::check::Guidance::NothingMore => "a caseworker decides: `concordat residence show`",
        exchange::check::Guidance::FurtherEvidence => {
            "the applicant is told which further evidence can be given; a caseworker decides on all of it"
        }
    }))
}

/// Who did not answer, and why.
fn silent(one: &Unanswered) -> String {
    let by = one.supplier.as_ref();
    let by = by.map_or(String::new(), |supplier| format!(" ({supplier})"));
    let why = match one.why {
        Silence::NotPermitted => "whoever asks may not use its agreement",
        Silence::NotInForce => "its agreement is not in force here",
        Silence::NotAgreed => "the two agreements do not both say that their data is put together",
        Silence::NotConfigured => "its route is not set up here, or not approved",
        Silence::NotAttempted => "it was not asked",
        Silence::Unsuccessful => "it did not answer in time and as agreed",
        Silence::Ambiguous => "more than one of its records could be meant",
    };
    format!("no answer under {}{by}: {why}", one.agreement)
}

async fn assign(
    application: &Path,
    caseworker: &str,
    works: bool,
    agreement: Option<&AgreementId>,
    by: &Acting,
) -> Result<Said, Fail> {
    let node = by.working.node().await?;
    let id = acting::agreement(&node, agreement).await?;
    let staff = StaffId::parse(caseworker)?;
    let of = (&id, number(application)?);
    let op = op("assign", moment(&node))?;
    let done = node
        .assign(&op, (of.0, &of.1), &staff, works, &by.who)
        .await?;
    let verb = if works { "works" } else { "works no longer" };
    Ok(
        Said::did(format!("{staff} {verb} on the application."), done)
            .undo("`concordat residence assign`, with or without --remove"),
    )
}

async fn months(
    application: &Path,
    agreement: Option<&AgreementId>,
    by: &Acting,
) -> Result<Said, Fail> {
    if by.working.dry_run {
        return Err(Fail::usage(
            "looking stands in the ledger first: it cannot be tried without doing it",
        ));
    }
    let node = by.working.node().await?;
    let id = acting::agreement(&node, agreement).await?;
    let of = number(application)?;
    let op = op("months", moment(&node))?;
    let (done, all) = node
        .months(&op, (&id, &of), &by.who, &BTreeSet::new())
        .await?;
    let (_, plan) = node.agreement(&id).await?;
    let marking = plan.marking.as_str().to_uppercase();
    let what = format!("{marking}: {} checks of the application.", all.len());
    let mut said = Said::did(what, done).with("marking", json!(marking));
    for check in &all {
        let outcome = check.outcome.map_or("under way", Outcome::as_str);
        said = said.line(format!("  {} {}: {outcome}", check.checked, check.flow));
        for one in &check.unanswered {
            said = said.line(format!("    {}", silent(one)));
        }
        if let Some(other) = &check.withheld {
            said = said.line(format!("    {other} lets nobody see its months today"));
        }
        for view in &check.views {
            let rest = match check.unanswered.is_empty() {
                true => "they do not show",
                false => "not known, since not everybody answered",
            };
            said = said.line(format!(
                "    of the last {} months the records show {}; {rest}:",
                view.months, view.shown
            ));
            let missing = view.each.iter().filter(|(_, truth)| truth != "yes");
            let missing: Vec<&str> = missing.map(|(month, _)| month.as_str()).collect();
            said = said.line(format!("      {}", missing.join(" ")));
        }
    }
    Ok(said
        .line("  A month that the records do not show counts against nobody: other evidence may show it.")
        .with("checks", json!(all)))
}

/// Each look and each assignment is an act of its own.
fn moment(node: &exchange::Node) -> String {
    node.ports().clock.now().as_nanosecond().to_string()
}

async fn index(list: &Path, columns: &Path, to: &Path, working: &Working) -> Result<Said, Fail> {
    let at = &working.at;
    let config = Config::read(&at.dir)?;
    let key = node_key::read(&at.dir, config.node_key.as_deref())?;
    let columns = records::Columns::read(columns)?;
    // Drawn on standard error, and only where that is a terminal.
    let bar = ProgressBar::new_spinner();
    let progress = |line| bar.set_position(line);
    let with = (&*key, Arc::new(SystemEntropy) as Arc<dyn Entropy>);
    let made = if working.dry_run {
        records::survey(list, &columns, progress)
    } else {
        records::index(list, &columns, &at.dir.join(to), with, progress).await
    };
    bar.finish_and_clear();
    let made = made?;
    let said = Said::shown(format!(
        "{} records are in {}; {} lines have no number, and no call finds them.",
        made.records,
        to.display(),
        made.without_number
    ));
    let next = format!(
        "set `calls.records = {{ index = \"{}\" }}` in node.toml, and start the service again",
        to.display()
    );
    Ok(said.with("index", json!(made)).next(next))
}

async fn counts(agreement: Option<&AgreementId>, at: &At) -> Result<Said, Fail> {
    let node = at.node().await?;
    let id = acting::agreement(&node, agreement).await?;
    let counts = node.check_counts(&id).await?;
    let mut said = Said::shown(format!("Checks under {id}:"));
    let mut rows = Vec::new();
    for ((channel, what), count) in &counts {
        said = said.line(format!("  {} {what}: {count}", channel.as_str()));
        rows.push(json!({ "channel": channel, "what": what, "count": count }));
    }
    Ok(said.with("counts", json!(rows)))
}
