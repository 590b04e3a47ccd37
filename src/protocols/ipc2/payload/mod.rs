//! Values <-> bytes, as ipc2 has them within its frames: the format that `bincode` 1.3.3 writes with
//! its `serialize` and reads with its `deserialize`.
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
//! Bytes after the value are left alone when reading, as ipc2 does.
//!
//! # Limits
//!
//! What is read comes from somebody else. A length is never believed: nothing is allocated for elements
//! that have not arrived ([`Error::End`]); values that consist of more than [`MAX_DEPTH`] levels are
//! refused ([`Error::TooDeep`]), since each takes some of the stack; so are more than [`MAX_EMPTY`]
//! elements that have no bytes, such as those of a `Vec<()>` ([`Error::TooManyEmpty`]).
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

/// Levels of a value: each sequence, map, tuple, struct, enum with fields and `Option` within another is one.
pub const MAX_DEPTH: usize = 256;

/// Elements without bytes within one value.
pub const MAX_EMPTY: u64 = 1 << 20;

/// The bytes of `value`.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    append(value, &mut bytes, usize::MAX)?;
    Ok(bytes)
}

/// Appends the bytes of `value`, at most so many.
pub fn append<T: Serialize + ?Sized>(
    value: &T,
    bytes: &mut Vec<u8>,
    most: usize,
) -> Result<(), Error> {
    value.serialize(&mut ser::Serializer::new(bytes, most))
}

/// The value that `bytes` begin with. Those after it are ignored.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Error> {
    T::deserialize(&mut de::Deserializer::new(bytes))
}
