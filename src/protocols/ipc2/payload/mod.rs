//! Values <-> bytes, as in ipc2's frames: the format of `serialize` and `deserialize` in `bincode`
//! 1.3.3.
//!
//! | type | bytes |
//! |---|---|
//! | integers, floats | fixed width, lowest byte first; `usize` as `u64` |
//! | `bool` | one byte, 0 or 1 |
//! | `char` | its UTF-8, one to four bytes |
//! | `String`, bytes | length as `u64`, then the bytes |
//! | `Vec`, maps, sets | number of elements as `u64`, then the elements (maps: key, value) |
//! | tuples, arrays, structs | the elements, nothing else |
//! | `()`, unit structs | nothing |
//! | `Option` | a byte, 0 or 1, then the value |
//! | enums | number of the variant as `u32`, then its fields |
//!
//! Bytes after the value are ignored, as in ipc2.
//!
//! # Limits
//!
//! The bytes come from a peer, so a length is never trusted. No memory is allocated for elements that
//! have not arrived ([`Error::End`]). A value of more than [`MAX_DEPTH`] levels is refused
//! ([`Error::TooDeep`]), since each level takes some of the stack. So are more than [`MAX_EMPTY`]
//! elements without bytes, such as those of a `Vec<()>` ([`Error::TooManyEmpty`]).
//!
//! ```
//! use ferripc::protocols::ipc2::payload::{from_slice, to_vec};
//!
//! let bytes = to_vec(&(7u32, "hi"))?;
//! assert_eq!(bytes, [7, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, b'h', b'i']);
//! let (number, text): (u32, &str) = from_slice(&bytes)?;
//! assert_eq!((number, text), (7, "hi"));
//! # Ok::<(), ferripc::protocols::ipc2::payload::Error>(())
//! ```

use serde::{Deserialize, Serialize};

mod de;
mod error;
mod ser;
#[cfg(test)]
mod tests;

pub use error::Error;

/// The most levels in a value. Each sequence, map, tuple, struct, enum with fields and `Option` within
/// another is one level.
pub const MAX_DEPTH: usize = 256;

/// The most elements without bytes in one value.
pub const MAX_EMPTY: u64 = 1 << 20;

/// The bytes of `value`.
///
/// # Errors
/// The value has more than [`MAX_DEPTH`] levels, or cannot be encoded.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    append(value, &mut bytes, usize::MAX)?;
    Ok(bytes)
}

/// Appends the bytes of `value`, if there are no more than `most`.
///
/// # Errors
/// As for [`to_vec`]; or there are more bytes.
pub fn append<T: Serialize + ?Sized>(
    value: &T,
    bytes: &mut Vec<u8>,
    most: usize,
) -> Result<(), Error> {
    value.serialize(&mut ser::Serializer::new(bytes, most))
}

/// The value at the beginning of `bytes`. Any bytes after it are ignored.
///
/// # Errors
/// The bytes are not those of a `T`.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Error> {
    T::deserialize(&mut de::Deserializer::new(bytes))
}
