//! The virtual world that tests and demonstrations run in: synthetic people, the case register and the
//! master list that hold them, a clock that is set by hand and randomness that comes from a seed.
//!
//! Every value is generated; none is, or can be taken for, a real person's identifier: the National
//! Insurance numbers and postcodes are of kinds that are never issued (SEC-15).
//!
//! This crate is never part of a node that serves anybody. It never reads the wall clock, never draws from
//! the operating system's randomness, and never overwrites a file.

mod clock;
pub mod departments;
mod draw;
mod file;
pub mod look_ups;
pub mod master;
mod more_names;
mod names;
pub mod people;
pub mod register;
pub mod sandbox;
pub mod world;

pub use clock::{Backwards, SeededEntropy, VirtualClock};
pub use file::FileFault;
pub use people::{Address, Origin, Sex, SyntheticPerson, population};
