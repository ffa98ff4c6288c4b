//! How good a linkage is: scored pairs against a truth, and a sample of pairs against a person's judgement.
//!
//! [`measure`] counts exactly, for the controller's own eyes; [`Statement::of`] says what may be shared, in which no
//! count from 1 to 4 stands or can be worked out (RPT-08). [`draw`] and [`estimate`] are for lists without a truth.
//!
//! Pairs and clusters are never mixed: what is said of pairs is counted from scored pairs, what is said of clusters
//! from clusters alone. Recall is over all true pairs, also those that no blocking rule found. Nothing here depends on
//! the order in which it is given anything.

mod clusters;
mod estimate;
mod interval;
mod lists;
mod measure;
mod people;
mod sample;
mod shown;
mod statement;

pub use clusters::{ClusterFigures, Member, Side, joined, measure_clusters};
pub use estimate::{Bounded, Estimate, Judgement, estimate};
pub use interval::{Rate, f1, wilson};
pub use lists::Lists;
pub use measure::{
    Bin, Counts, Cut, FIXED, GroupColumn, GroupCounts, Input, Point, Quality, ScoredPair,
    StandingCounts, Unmeasurable, measure,
};
pub use people::{PeopleCounts, pairs_of_people, pairs_within};
pub use sample::{Drawn, DrawnPair, Plan, Stratum, draw};
pub use shown::{Cell, Shown, ShownRate, blocks, ladder, share_out, wide_blocks};
pub use statement::{About, SCHEMA, SCHEMA_OF_ONE, Statement};
