//! The node as a service: a JSON API over the node's verbs, who may use it, how people sign in, its probes and metrics.
//!
//! Decides nothing about exchanges: permission (may this caller?) is answered here by policies, whether a state allows
//! an act is asked of the domain. Parses no partner's file, keeps no state of its own beside the node's, and writes no
//! personal value into an address, a log line, a metric or a trace.

pub mod access;
mod admit;
mod answer;
mod api;
mod app;
mod caller;
mod idempotency;
mod limits;
mod log;
mod metrics;
#[doc(hidden)]
pub mod outside;
mod people;
mod permission;
mod probes;
mod problem;
mod routes;
mod serve;
mod session;
mod token;
mod traces;

pub use access::{Access, AccessFault, Baseline, line_of};
pub use app::{App, Entrance, Lists, Overview, Waiting};
pub use log::begin as log_to;
pub use people::provider::{Provider, SignIn};
pub use permission::{Attributes, Deed, Permissions, PolicyFault, Principal, Resource};
pub use problem::{KINDS, Kind};
pub use routes::{OPEN, TABLE, openapi, operating, router};
pub use serve::{Bound, Tls, TlsFault, serve};
pub use traces::{Traces, TracesFault};
