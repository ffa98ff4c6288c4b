//! Finding which record of one list is about the person of another, and saying why.
//!
//! The small list (the cases) is indexed; the large one (the master list) streams past it in batches, so
//! that memory depends on the cases alone:
//!
//! ```
//! use linkage::{ExactMatcher, Field, Matcher, Outcome, Record};
//!
//! let cases = [Record::new("row-1")
//!     .with(Field::FullName, "Zoë O'Neill")
//!     .with(Field::DateOfBirth, "1980-02-29")];
//! let batch = [Record::new("m-7")
//!     .with(Field::FullName, "ZOE ONEILL")
//!     .with(Field::DateOfBirth, "1980-02-29")];
//!
//! let mut index = ExactMatcher.index(&cases)?;
//! index.probe(&batch);
//! let linked = index.finish();
//! assert_eq!(linked[0].outcome(), Outcome::Strong);
//! assert_eq!(linked[0].candidates[0].master, "m-7");
//! # Ok::<(), linkage::LinkageFault>(())
//! ```
//!
//! A match is not a fact. Nothing here confirms one: the strongest outcome is a candidate for a person to
//! look at, and an [`Outcome`] follows from the evidence and cannot be set.
//!
//! This crate never reads a file, a clock or the network, draws no random number, and never puts a value of
//! a record into its output: an explanation says which value agreed by its place in the record.

mod cluster;
mod diminutive;
mod engine;
mod exact;
mod explain;
mod matcher;
pub mod model;
mod profile;
mod record;
mod sound;
mod standardise;
pub mod text;

pub use cluster::{Changes, Cluster, Clusters, Link, Member, Merge, Method, Of, Split, cluster};
pub use engine::{
    Batch, Cases, Labels, Pair, RuleTraining, Run, Scored, Source, SourceFault, Standing, Trained,
    TrainedLevel, TrainedUnit, Training, score, train, train_on_labels,
};
pub use exact::{ExactMatcher, MOST_CANDIDATES};
pub use explain::{
    AtLeast, Bar, Combination, KeyMet, KeyState, LevelChart, ListsChart, ModelChart, RuleMet,
    RuleYield, Seen, TermBin, TermChart, TermWeight, UnitChart, Unlinkable, ValuePlace, Waterfall,
    chart, explain, lists,
};
pub use matcher::{
    Candidate, Comparison, Explanation, Index, LinkageFault, Linked, Matcher, Outcome, Rule,
    Strength,
};
pub use profile::{
    ColumnProfile, Counting, ListProfile, ModelProfile, ValueProfile, profile, profile_under,
};
pub use record::{Field, Record};
pub use standardise::{date, name, nino};
