//! See `fuzz::listing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::listing(bytes));
