//! See `ferripc_fuzz::text`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferripc_fuzz::text::run(bytes));
