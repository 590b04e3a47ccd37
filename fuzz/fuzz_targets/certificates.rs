//! See `ferripc_fuzz::certificates`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferripc_fuzz::certificates::run(bytes));
