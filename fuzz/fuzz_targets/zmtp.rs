//! See `ferripc_fuzz::zmtp`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferripc_fuzz::zmtp::run(bytes));
