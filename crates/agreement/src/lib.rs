//! The agreement language: one file that people sign and the hub runs.
//!
//! [`check`] takes a file's bytes through every stage: text, located tree, checked agreement, plan with its
//! canonical form and permits. It says every fault at once, each with place, rule and remedy.
//!
//! This crate never reads a clock, a file, the network or a source of randomness, and never sees a person's
//! data: dates and records are arguments.
//!
//! ```
//! use agreement::{FlowId, Law, Library};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let text = include_str!("../../../agreements/contact-thread.yaml");
//! let umbrella = include_str!("../../../agreements/mou-u-d.yaml");
//! let law = Law::built_in()?;
//! let library = Library::read([("mou-u-d.yaml", umbrella.as_bytes())], &law);
//! let checked = agreement::check("contact-thread.yaml", text.as_bytes(), &law, &library);
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
pub mod diff;
mod grammar;
mod ids;
mod law;
mod layout;
mod library;
mod log;
mod model;
mod period;
mod permit;
mod plan;
pub mod render;
pub mod rules;
pub mod schema;
mod stops;
mod unreadable;
mod value;
mod window;
mod words;

pub use canonical::{ANNEX_SCHEMA, SCHEMA};
pub use condition::{Asked, Condition, Conditions, Facts, Operand, Term, Test, Truth};
pub use document::diagnostic;
pub use document::diagnostic::{Diagnostic, Severity, Span};
pub use ids::*;
pub use law::*;
pub use layout::lay_out;
pub use library::Library;
pub use period::{Period, Unit, parse_date, parse_month};
pub use permit::{Act, Ask, Dates, Each, Leave, NearRefusal, Permit, Permits, Reason, Shape};
pub use plan::*;
pub use stops::Stops;
pub use value::{
    DatedAddress, FieldType, MATCH_OUTCOMES, NATIONS, dated_address, join, line_and_postcode,
    split, values,
};
pub use window::{Reach, Window, tax_year_start};
pub use words::*;

use check::Read;

/// What checking a file came to.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The plan, where there is no fault.
    pub plan: Option<Plan>,
    /// All that was found, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// What is supposed of the gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsIf {
    /// They are open, as written. Only this can run.
    Written,
    /// The papers are complete: what stops the whole agreement is filled, and nothing else.
    InForce,
    /// All are filled.
    Filled,
}

/// Takes the bytes of an agreement through every stage. `name` is what diagnostics call the file; `library` has
/// the agreements beside it.
pub fn check(name: &str, bytes: &[u8], law: &Law, library: &Library) -> Checked {
    check_as_if(name, bytes, law, library, AsIf::Written)
}

/// As [`check`], with a plan as if gaps were filled: what would hold then. Nothing can run by such a plan.
pub fn check_as_if(name: &str, bytes: &[u8], law: &Law, library: &Library, as_if: AsIf) -> Checked {
    let log = log::Log::new(name);
    let plan = stages(bytes, law, library, &log, as_if);
    Checked {
        plan: plan.filter(|_| !log.has_fault()),
        diagnostics: log.into_diagnostics(),
    }
}

/// The faults of a file's form alone: what the published JSON Schema describes, with duplicate names besides. No
/// name is looked up, and no law.
pub fn form(name: &str, bytes: &[u8]) -> Vec<Diagnostic> {
    let log = log::Log::new(name);
    if let Some(root) = tree(bytes, &log) {
        model::read(&root, &log);
    }
    log.into_diagnostics()
}

/// The located tree of a file; faults of its text and its YAML are told.
fn tree(bytes: &[u8], log: &log::Log) -> Option<document::Node> {
    let parsed = document::text(bytes).and_then(document::parse);
    let (root, twice) = parsed.map_err(|bad| unreadable::tell(&bad, log)).ok()?;
    for bad in &twice {
        unreadable::tell(bad, log);
    }
    Some(root)
}

fn stages(bytes: &[u8], law: &Law, library: &Library, log: &log::Log, as_if: AsIf) -> Option<Plan> {
    let root = tree(bytes, log)?;
    let agreement = model::read(&root, log)?;
    let (gaps, readings) = log.take_uses();
    let read = Read {
        agreement: &agreement,
        root: &root,
        gaps: &gaps,
        readings: &readings,
    };
    check::check(&read, law, library, log);
    if log.has_fault() {
        return None;
    }
    let plan = compile::compile(&compile::Source {
        read: &read,
        law,
        library,
        as_if,
    });
    if plan.is_none() {
        let message = "no fault was found, and yet this cannot be compiled: please report it";
        log.fault(rules::MISSING, root.place(), message);
    }
    plan
}
