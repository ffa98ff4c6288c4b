//! Finding which record of one list is about the person of another, and saying why.
//!
//! The small list (the cases) is indexed; the large one (the master list) streams past it in batches, so
//! that memory depends on the cases alone:
//!
//! ```
//! use linkage::{List, Run, Solution, Standing, Trained, model::Model};
//!
//! let model = Model::read("doc.yaml", b"linkage: 1
//! name: by-number
//! id: reference
//! columns: { nino: { kind: identifier, from: nino } }
//! blocking: [nino]
//! comparisons: { nino: [same] }
//! decide: { strong: [ { nino: same } ] }
//! ")?;
//! let trained: Trained = serde_json::from_str(r#"{ "model": "by-number", "lambda": 0.0001, "records": 10000,
//!     "units": [ { "comparisons": [0], "cells": [ { "m": 1.0, "u": 1.0, "seen": 0.0 },
//!         { "m": 0.98, "u": 1e-8, "seen": 900.0 }, { "m": 0.02, "u": 0.99999999, "seen": 20.0 } ] } ] }"#)?;
//! let solution = Solution::new(model, trained)?;
//!
//! let mut cases = List::new(["reference", "nino"]);
//! cases.push(vec!["row-1".into(), "QQ123456A".into()]);
//! let mut master = List::new(["reference", "nino"]);
//! master.push(vec!["m-7".into(), "qq 12 34 56 a".into()]);
//!
//! let run = Run { threads: 1, progress: &|_| true };
//! let linked = solution.find(&cases, &master, run)?;
//! assert_eq!(linked[0].candidates[0].master, "m-7");
//! assert_eq!(linked[0].candidates[0].standing, Standing::Strong);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A match is not a fact. Nothing here confirms one: the strongest outcome is a candidate for a person to
//! look at, and a [`Standing`] follows from the evidence and cannot be set.
//!
//! This crate never reads a file, a clock or the network, draws no random number, and never puts a value of
//! a record into its output.

mod cluster;
mod diminutive;
mod engine;
mod explain;
mod list;
pub mod model;
mod profile;
pub mod quality;
mod solution;
mod sound;
mod standardise;
pub mod text;

pub use cluster::{Changes, Cluster, Clusters, Link, Member, Merge, Method, Of, Split, cluster};
pub use engine::{
    Basis, Batch, Cases, Labels, Pair, RuleTraining, Run, Scored, Source, SourceFault, Standing,
    Trained, TrainedLevel, TrainedUnit, Training, score, train, train_on_labels,
};
pub use explain::{
    AtLeast, Bar, Combination, KeyMet, KeyState, LevelChart, ListsChart, ModelChart, RuleMet,
    RuleYield, Seen, TermBin, TermChart, TermWeight, UnitChart, Unlinkable, ValuePlace, Waterfall,
    chart, explain, lists, rules,
};
pub use list::List;
pub use profile::{
    ColumnProfile, Counting, ListProfile, ModelProfile, ValueProfile, profile, profile_under,
};
pub use solution::{Candidate, Linked, Solution};
pub use standardise::{area, name, nino};
