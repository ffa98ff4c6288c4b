//! The agreement language: one file that people sign and the hub runs.
//!
//! [`check`] takes a file's bytes through every stage: text, located tree, checked agreement, plan with its
//! canonical form and permits. It says every fault at once, each with place, rule and remedy.
//!
//! This crate never reads a clock, a file, the network or a source of randomness, and never sees a person's
//! data: dates and records are arguments.
//!
//! ```
//! use agreement::{FlowId, Law};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let text = include_str!("../../../agreements/contact-thread.yaml");
//! let checked = agreement::check("contact-thread.yaml", text.as_bytes(), &Law::built_in()?);
//! let plan = checked.plan.ok_or("the agreement has a fault")?;
//! let ask = plan.flow(&FlowId::parse("ask")?).ok_or("no such flow")?;
//! let permit = ask.columns.first().and_then(|c| c.permits.first()).ok_or("no permit")?;
//! assert_eq!(permit.as_str(), "ask/extract.dash_reference/migrant/bcia-2009-s21");
//! # Ok(())
//! # }
//! ```

mod canonical;
mod check;
mod compile;
mod condition;
pub mod diagnostic;
mod ids;
mod keep;
mod law;
mod model;
mod period;
mod permit;
mod plan;
mod read;
pub mod rules;
mod text;
mod tree;
mod value;

pub use canonical::{ANNEX_SCHEMA, SCHEMA};
pub use condition::{Condition, Conditions, Facts, Join, Operand, Term, Test, Truth};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use ids::*;
pub use keep::*;
pub use law::{Body, Gateway, Law, LawFault};
pub use period::{Period, Unit, parse_date, parse_month};
pub use permit::{Act, Ask, Dates, Leave, NearRefusal, Permit, Permits, Reason, Scope, Shape};
pub use plan::{After, Clock, Column, Decision, Fact, Flow, Gap, Party, Plan, Purpose};
pub use value::{FieldType, MATCH_OUTCOMES, NATIONS};

/// What checking a file came to.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The plan, where there is no fault.
    pub plan: Option<Plan>,
    /// All that was found, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// Takes the bytes of an agreement through every stage. `name` is what diagnostics call the file.
pub fn check(name: &str, bytes: &[u8], law: &Law) -> Checked {
    let log = read::Log::new(name);
    let plan = stages(bytes, law, &log);
    Checked {
        plan: plan.filter(|_| !log.has_fault()),
        diagnostics: log.into_diagnostics(),
    }
}

fn stages(bytes: &[u8], law: &Law, log: &read::Log) -> Option<Plan> {
    let parsed = text::read(bytes).and_then(tree::parse);
    let (root, twice) = parsed
        .map_err(|bad| log.fault(bad.rule, bad.span, bad.message))
        .ok()?;
    for bad in twice {
        log.fault(bad.rule, bad.span, bad.message);
    }
    let agreement = model::read(&root, log)?;
    check::check(&agreement, law, log);
    if log.has_fault() {
        return None;
    }
    let plan = compile::compile(&agreement, law);
    if plan.is_none() {
        let message = "no fault was found, and yet this cannot be compiled: please report it";
        log.fault(rules::MISSING, root.place(), message);
    }
    plan
}
