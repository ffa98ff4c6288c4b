//! The machine's own randomness. The only place where it is read.

/// Fills `out` with the operating system's randomness.
///
/// # Panics
/// When the operating system has none to give: no key may be made then.
#[expect(clippy::disallowed_methods, reason = "this is the port's adapter")]
#[expect(
    clippy::expect_used,
    reason = "a node that cannot draw randomness must not go on"
)]
pub(crate) fn random(out: &mut [u8]) {
    getrandom::fill(out).expect("the operating system gives randomness");
}
