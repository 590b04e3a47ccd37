//! See `ferripc_fuzz::inbox`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferripc_fuzz::inbox::run(bytes));
