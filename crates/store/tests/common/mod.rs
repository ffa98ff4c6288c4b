//! What the store's tests share: databases to run against, and commits of the domain to put in them.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod model;
pub mod place;
pub mod postgres;
pub mod snapshot;
pub mod world;
