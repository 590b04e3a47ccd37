//! See `ferripc_fuzz::values`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferripc_fuzz::values::run(bytes));
