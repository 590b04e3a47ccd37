//! See `ferripc_fuzz::length`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferripc_fuzz::length::run(bytes));
