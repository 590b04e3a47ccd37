//! The code that reads bytes from a peer, as functions of any bytes that panic if something is wrong. Where possible,
//! each is compared with a naive reference. libFuzzer runs them (fuzz_targets/), and `npm test` runs them with the
//! committed bytes (tests/fuzz_seeds.rs of the main crate, which includes this file).

pub mod certificates;
pub mod datagrams;
pub mod delimited;
pub mod envelope;
#[cfg(unix)]
pub mod handshake;
pub mod inbox;
pub mod input;
#[cfg(feature = "ipc2")]
pub mod ipc2_payload;
pub mod json_stream;
pub mod length;
pub mod meta_nul;
pub mod streams;
pub mod text;
pub mod values;
pub mod zmtp;

/// What a target does with its input.
pub type Run = fn(&[u8]);

/// All of them, by the names of their folders in corpus/ and regressions/.
pub const TARGETS: &[(&str, Run)] = &[
    ("delimited", delimited::run),
    ("json_stream", json_stream::run),
    ("length", length::run),
    ("text", text::run),
    ("envelope", envelope::run),
    ("datagrams", datagrams::run),
    ("inbox", inbox::run),
    ("certificates", certificates::run),
    #[cfg(unix)]
    ("handshake", handshake::run),
    #[cfg(feature = "ipc2")]
    ("ipc2_payload", ipc2_payload::run),
    ("meta_nul", meta_nul::run),
    ("values", values::run),
    ("zmtp", zmtp::run),
];
