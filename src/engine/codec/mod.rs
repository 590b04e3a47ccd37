//! Codecs: bytes <-> frames, without I/O or clock. One wire format, one file.

pub mod delimited;
pub mod text;
