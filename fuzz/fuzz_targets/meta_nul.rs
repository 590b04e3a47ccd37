//! See `ferripc_fuzz::meta_nul`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferripc_fuzz::meta_nul::run(bytes));
