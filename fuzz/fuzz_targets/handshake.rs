//! See `ferripc_fuzz::handshake`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferripc_fuzz::handshake::run(bytes));
