//! See `ferripc_fuzz::envelope`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferripc_fuzz::envelope::run(bytes));
