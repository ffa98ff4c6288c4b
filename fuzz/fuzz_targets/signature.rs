//! See `fuzz::signature`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::signature(bytes));
