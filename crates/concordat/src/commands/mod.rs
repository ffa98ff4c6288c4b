//! The commands, one file each.

mod acting;
pub(crate) mod approve;
pub(crate) mod audit;
mod beside;
pub(crate) mod check;
pub(crate) mod destroy;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod due;
pub(crate) mod explain;
pub(crate) mod feedback;
pub(crate) mod fmt;
pub(crate) mod hold;
pub(crate) mod incident;
pub(crate) mod link;
pub(crate) mod lookup;
pub(crate) mod node;
pub(crate) mod permits;
pub(crate) mod prove;
pub(crate) mod render;
pub(crate) mod report;
pub(crate) mod residence;
pub(crate) mod review;
pub(crate) mod route;
pub(crate) mod run;
mod run_by_hand;
mod sarif;
pub(crate) mod schema;
pub(crate) mod serve;
mod shelf;
pub(crate) mod solution;
mod status;
pub(crate) mod synth;
pub(crate) mod verify;
pub(crate) mod witness;

pub(crate) use shelf::{Beside, Shelf};
