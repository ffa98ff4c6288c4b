//! See `fuzz::call`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::call(bytes));
