//! Codecs: bytes <-> frames, without I/O or clock. One wire format, one file, and
//! what reading its frames takes.

pub mod delimited;
pub mod envelope;
pub mod json;
pub mod text;
