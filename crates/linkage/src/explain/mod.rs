//! Why a pair weighs what it weighs, and what a model does with two lists, as data for pages and pictures.
//!
//! Never shows a value of a record: values are named by their place, terms by their counts.

mod chart;
mod lists;
mod pair;
mod scales;
mod terms;
mod unlinkable;
pub(crate) mod words;
mod yields;

pub use chart::{Combination, LevelChart, ModelChart, UnitChart, chart};
pub use lists::{ListsChart, lists};
pub use pair::{Bar, KeyMet, KeyState, RuleMet, Seen, ValuePlace, Waterfall, explain};
pub use terms::{TermBin, TermChart, TermWeight};
pub use unlinkable::Unlinkable;
pub use words::rules;
pub use yields::{AtLeast, RuleYield};
