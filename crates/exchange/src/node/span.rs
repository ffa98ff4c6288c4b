//! Where the time of a verb goes, as spans of `tracing`: names and nothing else. Whoever composes the node decides whether
//! anybody is told; the domain reads no clock for them.

use tracing::Span;

/// One transaction of the store.
pub(super) fn commit() -> Span {
    tracing::info_span!(target: "concordat", "store commit")
}

/// Entries get their places under a signed checkpoint.
pub(super) fn placing() -> Span {
    tracing::info_span!(target: "concordat", "ledger placing")
}

/// A supplier is asked, until it has answered.
pub(super) fn call() -> Span {
    tracing::info_span!(target: "concordat", "supplier call")
}
