//! `concordat run draft`: the rows of a periodic form with the counts of the period, for a person to complete. Counts below
//! five are not told (RPT-08); nobody is named.

use agreement::{FieldType, Flow, Plan};
use exchange::Node;
use exchange::change::Aggregate;
use exchange::deadline::london_day;
use exchange::decision::Decision;
use exchange::finding::{Finding, State as FindingState};
use exchange::ids::{AgreementId, FlowId};
use exchange::leg::{Leg, Side};
use exchange::matches::{Match, Standing};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::acting::{self, At, agreement_id, flow_id};
use crate::fail::Fail;
use crate::say;

/// Arguments of `run draft`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The flow.
    #[arg(value_parser = flow_id)]
    flow: FlowId,
    /// The agreement. [default: the only one on the table]
    #[arg(long, value_parser = agreement_id)]
    agreement: Option<AgreementId>,
    /// The first day of the period.
    #[arg(long)]
    from: Date,
    /// The last day of it.
    #[arg(long)]
    until: Date,
    #[command(flatten)]
    at: At,
}

pub(crate) async fn run(args: &Args) -> Result<(), Fail> {
    let node = args.at.node().await?;
    let id = acting::agreement(&node, args.agreement.as_ref()).await?;
    let rows = draft(&node, &id, &args.flow, args.from, args.until).await?;
    say(serde_json::to_string_pretty(&rows).map_err(|e| Fail::fault(e.to_string()))?);
    Ok(())
}

/// What came of asking in a period.
#[derive(Default)]
struct Counts {
    asked: u64,
    found: u64,
    verified: u64,
    promoted: u64,
}

/// The rows of a form of this agreement: one for each heading of its first column that has a list of them, or one.
///
/// # Errors
/// [`Fail`] where the agreement has no such flow, or the store does not work.
pub(crate) async fn draft(
    node: &Node,
    id: &AgreementId,
    flow: &FlowId,
    from: Date,
    until: Date,
) -> Result<Vec<Map<String, Value>>, Fail> {
    let (_, plan) = node.agreement(id).await?;
    let form = plan
        .file(flow)
        .ok_or_else(|| Fail::no(format!("{id} has no flow {flow}")))?;
    let counts = counts(node, id, &plan, (from, until)).await?;
    let text = format!(
        "{} records asked about from {from} to {until}, {} found, {} contact details verified, {} in the permanent \
         record. How useful it was for this aim:",
        few(counts.asked),
        few(counts.found),
        few(counts.verified),
        few(counts.promoted)
    );
    Ok(headings(&form)
        .into_iter()
        .map(|heading| {
            let mut row = Map::new();
            for column in &form.columns {
                let name = column.field.field.to_string();
                let value = match (&column.field_type, &heading) {
                    (FieldType::OneOf(_), Some(heading)) => heading.clone(),
                    _ => text.clone(),
                };
                row.insert(name, json!(value));
            }
            row
        })
        .collect())
}

fn headings(form: &Flow) -> Vec<Option<String>> {
    let listed = form.columns.iter().find_map(|c| match &c.field_type {
        FieldType::OneOf(values) => Some(values.iter().map(|v| Some(v.to_string())).collect()),
        FieldType::Plain(_) | FieldType::Listed { .. } | FieldType::WhichOf(_) => None,
    });
    listed.unwrap_or_else(|| vec![None])
}

/// A count that names nobody.
fn few(count: u64) -> String {
    match count {
        0 => "no".to_owned(),
        1..5 => "fewer than 5".to_owned(),
        n => n.to_string(),
    }
}

async fn counts(
    node: &Node,
    id: &AgreementId,
    plan: &Plan,
    (from, until): (Date, Date),
) -> Result<Counts, Fail> {
    let mut counts = Counts::default();
    for leg in node.all::<Leg>().await? {
        let sent = leg.sent_at().map(london_day).transpose()?;
        let within = sent.is_some_and(|day| from <= day && day <= until);
        let question = plan
            .flow(leg.flow())
            .is_some_and(|f| f.only.is_some() && f.rests_on().is_empty());
        if leg.agreement() != id || leg.side() != Side::Sender || !within || !question {
            continue;
        }
        counts.asked += leg.rows();
        let prefix = format!("{}/", leg.run());
        let found = node.under::<Match>(&prefix).await?;
        let confirmed = found.iter().filter(|m| m.standing() == Standing::Confirmed);
        counts.found += confirmed.count() as u64;
        let findings = node.under::<Finding>(&prefix).await?;
        let so = findings
            .iter()
            .filter(|f| f.state() == FindingState::Verified);
        counts.verified += so.count() as u64;
        for (name, _) in plan.decisions.iter().filter(|(_, d)| d.moves.is_some()) {
            let taken = node
                .under::<Decision>(&Decision::key_of(name.as_str(), &prefix))
                .await?;
            counts.promoted += taken.iter().filter(|d| d.status() == "taken").count() as u64;
        }
    }
    Ok(counts)
}
