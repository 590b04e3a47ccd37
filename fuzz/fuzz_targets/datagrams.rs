//! See `ferripc_fuzz::datagrams`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferripc_fuzz::datagrams::run(bytes));
