//! The commands, one file each.

pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod permits;
pub(crate) mod render;
mod sarif;
pub(crate) mod schema;
mod shelf;
pub(crate) mod synth;
pub(crate) mod verify;

pub(crate) use shelf::{Beside, Shelf};
