//! What the fuzz targets have found worth keeping, and what once failed, played once more: fuzz/corpus and
//! fuzz/regressions, with the functions that libFuzzer calls.

use std::fs;
use std::path::Path;

#[path = "../fuzz/src/lib.rs"]
#[allow(missing_docs)]
mod targets;

/// The files of a folder; none if it is missing.
fn inputs(folder: &str, target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder).join(target);
    let entries = fs::read_dir(folder).into_iter().flatten().map(Result::unwrap);
    entries
        .map(|entry| (entry.path().display().to_string(), fs::read(entry.path()).unwrap()))
        .collect()
}

#[test]
fn what_is_committed_still_passes() {
    for (name, run) in targets::TARGETS {
        let seeds = inputs("corpus", name);
        assert!(!seeds.is_empty(), "{name} has no corpus");
        for (file, bytes) in seeds.into_iter().chain(inputs("regressions", name)) {
            let outcome = std::panic::catch_unwind(|| run(&bytes));
            assert!(outcome.is_ok(), "{name}: {file}");
        }
    }
}

/// Short inputs of few different bytes, always the same ones: what is simple is found without coverage.
#[test]
fn simple_inputs_pass() {
    let mut state = 1u64;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let alphabet = *b"\x0c\r\n\0\x01\x02\x03\x05\x0a\xff\xc3\xa9{}[]\"\\a1 ";
    for (name, run) in targets::TARGETS {
        let rounds = if *name == "handshake" { 20 } else { 2000 };
        for _ in 0..rounds {
            let len = random(120);
            let bytes: Vec<u8> = (0..len).map(|_| alphabet[random(alphabet.len())]).collect();
            let outcome = std::panic::catch_unwind(|| run(&bytes));
            assert!(outcome.is_ok(), "{name}: {bytes:?}");
        }
    }
}
