//! Lists of records as files, for linkage: Parquet, Arrow IPC and csv in, Parquet out. A value is text, whatever its
//! type in the file. Never writes under the final name what is not whole.

mod arrow;
mod csv;
mod list;
mod write;

pub(crate) use list::{names, open};
pub(crate) use write::{Column, Writer};
