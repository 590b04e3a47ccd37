//! See `ferripc_fuzz::delimited`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferripc_fuzz::delimited::run(bytes));
