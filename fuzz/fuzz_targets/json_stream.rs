//! See `ferripc_fuzz::json_stream`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferripc_fuzz::json_stream::run(bytes));
