//! What a list is like before it is linked: counts and lengths of its columns, what of them has no standard form, and how
//! many pairs a model would look at. Never gives a value.

mod columns;
mod under;

pub use columns::{ColumnProfile, Counting, ListProfile, profile};
pub use under::{ModelProfile, ValueProfile, profile_under};
