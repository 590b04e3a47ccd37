//! Nothing: benches/codec.rs is what this crate is for.
