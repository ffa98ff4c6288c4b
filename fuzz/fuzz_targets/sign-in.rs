//! See `fuzz::sign_in`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::sign_in(bytes));
