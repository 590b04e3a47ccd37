//! Why a value cannot be encoded, or bytes cannot be decoded.

use super::{MAX_DEPTH, MAX_EMPTY};

/// See the variants.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end within the value.
    #[error("the payload ends within a value")]
    End,
    /// A byte that should be 0 or 1.
    #[error("{0} is not a bool")]
    Bool(u8),
    /// A byte that should be 0 (`None`) or 1 (`Some`).
    #[error("{0} is not a tag of an Option")]
    Option(u8),
    /// Bytes that should be a character.
    #[error("the bytes of a char are not UTF-8")]
    Char,
    /// Bytes that should be text.
    #[error("a string is not UTF-8 after {0} bytes")]
    Text(usize),
    /// A length that is too large for this system.
    #[error("a length of {0} is more than this system has room for")]
    Length(u64),
    /// More levels than the stack has room for.
    #[error("the value has more than {MAX_DEPTH} levels")]
    TooDeep,
    /// More elements without bytes than is sensible.
    #[error("the value has more than {MAX_EMPTY} elements without bytes")]
    TooManyEmpty,
    /// The message is longer than allowed.
    #[error("the message is longer than {0} bytes")]
    TooLong(usize),
    /// A sequence or a map whose length is not known in advance.
    #[error("the length of a sequence or map must be known beforehand")]
    UnknownLength,
    /// A type that has to ask the format what it contains (`serde_json::Value`, `#[serde(untagged)]` …).
    /// This format does not say.
    #[error("the payload does not say what it holds, so that a type has to know ({0})")]
    NotSelfDescribing(&'static str),
    /// An error of a type's own (de)serialization.
    #[error("{0}")]
    Custom(String),
}

impl serde::ser::Error for Error {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Error::Custom(message.to_string())
    }
}

impl serde::de::Error for Error {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Error::Custom(message.to_string())
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        std::io::Error::new(std::io::ErrorKind::InvalidData, error)
    }
}
