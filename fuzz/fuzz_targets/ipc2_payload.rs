//! See `ferripc_fuzz::ipc2_payload`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferripc_fuzz::ipc2_payload::run(bytes));
