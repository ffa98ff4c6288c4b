//! `concordat explain`: may this field go from one party to another for this purpose on this day?

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use agreement::{
    Act, AsIf, Ask, Asked, FieldPath, FlowId, LabelId, NearRefusal, PartyId, Permit, PersonKind,
    Plan, PurposeId, Scope, Term,
};
use jiff::civil::Date;
use serde_json::json;

use super::{Beside, Shelf};
use crate::fail::Fail;
use crate::say;

/// Arguments of `explain`.
#[derive(clap::Args)]
#[command(
    after_help = "Example: concordat explain agreements/contact-thread.yaml --field extract.nino --about migrant --from ho --to hmrc --purpose contact --on 2026-02-02 --fact in_pool=yes --fact last_contact=2025-01-01 --fact dead=no\n\nExit codes: 0 yes, 1 no, 2 wrong use."
)]
pub(crate) struct Args {
    /// The agreement's file.
    file: PathBuf,
    /// The field, as dataset.field.
    #[arg(long)]
    field: String,
    /// The kind of person; `nobody` where the dataset is about none.
    #[arg(long)]
    about: String,
    /// The party that has it; with a register, party:member.
    #[arg(long)]
    from: String,
    /// The party that would get it, or `subject`; with a register, party:member. [default: --from]
    #[arg(long)]
    to: Option<String>,
    /// The purpose.
    #[arg(long)]
    purpose: String,
    /// The day.
    #[arg(long)]
    on: Date,
    /// What one means to do: disclose, use or keep.
    #[arg(long, default_value = "disclose")]
    act: String,
    /// Only by this flow.
    #[arg(long)]
    flow: Option<String>,
    /// A fact or field of the record, NAME=VALUE; `told:party.condition=yes` and `received:flow=yes` too. With
    /// any fact, the answer is about that record; what is not given is unknown.
    #[arg(long = "fact", value_name = "NAME=VALUE")]
    facts: Vec<String>,
    /// Answer as if every gap were filled.
    #[arg(long)]
    as_if_filled: bool,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    beside: Beside,
}

pub(crate) fn run(args: &Args) -> Result<(), Fail> {
    let as_if = if args.as_if_filled {
        AsIf::Filled
    } else {
        AsIf::Written
    };
    let plan = Shelf::open(&args.beside)?.plan(&args.file, as_if)?;
    let ask = ask(args)?;
    let facts = facts(args, &plan)?;
    // What came, or is kept, met its conditions when it was sent: a record's facts are asked of a sender.
    let record = !args.facts.is_empty() && ask.act == Act::Disclose;
    let answer = if !record {
        plan.permits().ask(&ask).map(|leave| leave.permits)
    } else {
        plan.leave(&ask, &facts).map(|id| vec![id])
    };
    let permits = answer
        .as_ref()
        .map(|ids| {
            ids.iter()
                .filter_map(|id| plan.permits().get(id))
                .collect::<Vec<&Permit>>()
        })
        .map_err(Clone::clone);
    if args.json {
        let json = match &permits {
            Ok(permits) => {
                json!({ "answer": "yes", "for-this-record": record, "as-if-filled": args.as_if_filled, "permits": permits })
            }
            Err(near) => json!({
                "answer": "no",
                "as-if-filled": args.as_if_filled,
                "refusals": near,
                "unknown": unknown(&plan, &ask),
                "stopped": stopped(&plan),
            }),
        };
        say(serde_json::to_string_pretty(&json).map_err(|e| Fail::fault(e.to_string()))?);
    } else {
        if args.as_if_filled {
            say("as if every gap were filled, so nothing can run by this:");
        }
        match &permits {
            Ok(permits) => yes(&plan, permits, record),
            Err(near) => no(&plan, near, &unknown(&plan, &ask)),
        }
    }
    match permits {
        Ok(_) => Ok(()),
        Err(_) => Err(Fail::no("")),
    }
}

fn wrong(e: agreement::BadName) -> Fail {
    Fail::usage(e.to_string())
}

/// `party` or `party:member`.
fn party(text: &str) -> Result<(PartyId, Option<LabelId>), Fail> {
    match text.split_once(':') {
        None => Ok((PartyId::parse(text).map_err(wrong)?, None)),
        Some((party, member)) => Ok((
            PartyId::parse(party).map_err(wrong)?,
            Some(LabelId::parse(member).map_err(wrong)?),
        )),
    }
}

fn ask(args: &Args) -> Result<Ask, Fail> {
    let (from, from_member) = party(&args.from)?;
    let (to, to_member) = party(args.to.as_deref().unwrap_or(&args.from))?;
    let act = [Act::Disclose, Act::Use, Act::Keep]
        .into_iter()
        .find(|act| act.verb() == args.act)
        .ok_or_else(|| Fail::usage("--act is disclose, use or keep"))?;
    Ok(Ask {
        act,
        flow: args
            .flow
            .as_deref()
            .map(FlowId::parse)
            .transpose()
            .map_err(wrong)?,
        field: FieldPath::parse(&args.field).map_err(wrong)?,
        about: PersonKind::parse(&args.about).map_err(wrong)?,
        from,
        from_member,
        to,
        to_member,
        purpose: PurposeId::parse(&args.purpose).map_err(wrong)?,
        on: args.on,
    })
}

/// The facts of the record: each is one that the agreement knows, and stands once.
fn facts(args: &Args, plan: &Plan) -> Result<BTreeMap<String, String>, Fail> {
    let mut known: BTreeSet<String> = plan.facts.keys().map(ToString::to_string).collect();
    for flow in plan.flows.values() {
        known.extend(flow.columns.iter().map(|c| c.field.to_string()));
        known.insert(format!("received:{}", flow.id));
    }
    for condition in plan.conditions.iter() {
        match &condition.asked {
            Asked::Told { by, that, .. } => {
                known.insert(format!("told:{by}.{that}"));
            }
            Asked::All(terms) | Asked::Any(terms) => {
                known.extend(terms.iter().filter_map(|term| match term {
                    Term::Test { of, .. } => Some(of.to_string()),
                    Term::Holds(_) | Term::Fails(_) | Term::Received(_) => None,
                }))
            }
        }
    }
    let mut facts = BTreeMap::new();
    for pair in &args.facts {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| Fail::usage(format!("`{pair}` is not NAME=VALUE")))?;
        if !known.contains(name) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let text = format!(
                "the agreement asks for no fact `{name}`; it knows: {}",
                known.join(", ")
            );
            return Err(Fail::usage(text));
        }
        if facts.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Fail::usage(format!(
                "`{name}` is given twice; several values of one fact are joined by `|`"
            )));
        }
    }
    Ok(facts)
}

/// What the question names and the agreement does not have.
fn unknown(plan: &Plan, ask: &Ask) -> Vec<String> {
    let mut all = Vec::new();
    let mut tell = |what: &str, name: String, known: Vec<String>| {
        if !known.contains(&name) {
            all.push(format!(
                "there is no {what} named `{name}`; there is: {}",
                known.join(", ")
            ));
        }
    };
    let names = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<String>>();
    let parties = names(
        &mut plan
            .parties
            .keys()
            .map(ToString::to_string)
            .chain(["subject".to_owned()]),
    );
    tell("party", ask.from.to_string(), parties.clone());
    tell("party", ask.to.to_string(), parties);
    let people = plan.people.keys().map(ToString::to_string);
    tell(
        "kind of person",
        ask.about.to_string(),
        names(&mut people.chain(["nobody".to_owned()])),
    );
    tell(
        "purpose",
        ask.purpose.to_string(),
        names(&mut plan.purposes.keys().map(ToString::to_string)),
    );
    if let Some(flow) = &ask.flow {
        let flows = plan.flows.keys().chain(plan.stopped_flows.keys());
        tell(
            "flow",
            flow.to_string(),
            names(&mut flows.map(ToString::to_string)),
        );
    }
    all
}

/// The chain of a leave: permit, clause, law, conditions, until when.
fn yes(plan: &Plan, permits: &[&Permit], record: bool) {
    let conditional = permits
        .iter()
        .any(|p| !p.when.is_empty() || p.for_member.is_some());
    say(match (record, conditional) {
        (true, _) => "yes, for this record",
        (false, true) => {
            "yes, as far as the agreement goes; each record must also meet the conditions"
        }
        (false, false) => "yes",
    });
    for permit in permits {
        say(format!("  {}", permit.id));
        say(format!("    from  {}", permit.clause()));
        if !permit.with.is_empty() {
            let with: Vec<_> = permit.with.iter().map(ToString::to_string).collect();
            say(format!("    with  {}", with.join(", ")));
        }
        for condition in &permit.when {
            let words = plan
                .conditions
                .get(condition)
                .map(|c| condition_words(&c.asked))
                .unwrap_or_default();
            say(format!("    when  {condition}: {words}"));
        }
        let mut only = Vec::new();
        if permit.last_resort {
            only.push("as a last resort, where it is known that no line above it holds".to_owned());
        }
        if permit.scope == Scope::OneRecord && permit.act == Act::Disclose {
            only.push("one record at a time".to_owned());
        }
        if !permit.needs.is_empty() {
            let needs: Vec<_> = permit.needs.iter().map(ToString::to_string).collect();
            only.push(format!("together with {}", needs.join(" and ")));
        }
        if permit.territory.len() < agreement::NATIONS.len() {
            only.push(format!("in {}", permit.territory.join(", ")));
        }
        if !only.is_empty() {
            say(format!("    only  {}", only.join("; ")));
        }
        if let Some(of) = &permit.for_member {
            say(format!("    each  only the member that {of} names"));
        }
        say(format!("    days  {}", permit.dates));
        if let (Some(form), Some(route)) = (permit.form, &permit.route) {
            say(format!("    goes  as {form}, by {route}"));
        }
        for keep in &permit.keep {
            say(format!("    kept  at {}, {}", keep.at, keep.ends));
        }
    }
}

fn condition_words(asked: &agreement::Asked) -> String {
    let words = |terms: &[Term], join: &str| {
        let all = terms.iter().map(|term| match term {
            Term::Test { of, test } => format!("{of} {test}"),
            Term::Holds(other) => format!("{other} holds"),
            Term::Fails(other) => format!("{other} does not hold"),
            Term::Received(flow) => format!("it came by {flow}"),
        });
        all.collect::<Vec<_>>().join(join)
    };
    match asked {
        Asked::All(terms) => words(terms, " and "),
        Asked::Any(terms) => words(terms, " or "),
        Asked::Told { by, that, how } => format!("{by} says, as a {how}, that {that} holds"),
    }
}

fn no(plan: &Plan, near: &[NearRefusal], unknown: &[String]) {
    say("no");
    for line in unknown {
        say(format!("  LANG-08: {line}"));
    }
    let mut told = Vec::new();
    for refusal in near {
        for reason in &refusal.reasons {
            let line = format!("  {}: {} ({})", reason.rule, reason.message, refusal.clause);
            if !told.contains(&line) {
                say(&line);
                told.push(line);
            }
        }
    }
    for line in stopped(plan) {
        say(format!("  {line}"));
    }
}

/// What gaps stop, since a stopped flow has no permits to be near.
fn stopped(plan: &Plan) -> Vec<String> {
    let names = |gaps: &[agreement::GapId]| {
        gaps.iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut all = Vec::new();
    if !plan.stopped_by().is_empty() {
        all.push(format!(
            "AGR-04: the whole agreement is stopped by gaps: {}",
            names(plan.stopped_by())
        ));
    }
    for (flow, gaps) in &plan.stopped_flows {
        all.push(format!(
            "AGR-04: the flow {flow} is stopped by gaps: {}",
            names(gaps)
        ));
    }
    all
}
