//! Empty: this crate exists for benches/codec.rs.
