//! Frames that hold a message of any value, as V8 writes it: the checks before V8 reads them.
//!
//! V8's reader throws on garbage, and nothing worse. But it allocates the size that a value claims before it checks that
//! the bytes are there, and ends the process if it cannot: eight bytes can ask for 256 MB. So every frame is first read
//! here to its end. The time and memory for that are bounded by the frame's length. Used by the binding.
//!
//! ```text
//! frame: [ length of the values, 4 bytes, big-endian | FF 0F type data | bytes of detached views ... ]
//! split: [ the same, with the highest bit set        | FF 0F type data ], and beside it the bytes
//! ```
//!
//! The format is that of `v8::ValueSerializer`, version 15, with the host objects that `src/js/node-ipc/values.js`
//! writes. What no sender writes (shared memory, modules, transferred objects) is refused.

use super::length;

/// The bytes of the length of the values.
pub const HEADER: usize = 4;

/// The version of the format.
const VERSION: u8 = 15;

/// V8 makes longer arrays dictionaries, and allocates nothing for them in advance.
const LONGEST_FAST: u32 = 32 * 1024 * 1024;

/// How many bytes one message may make V8 allocate besides its own, whatever the limit.
const MOST_ROOM: u64 = 256 * 1024 * 1024;

/// The most bytes of a BigInt. V8's own limit is twice that, and beyond it V8 ends the process.
const LONGEST_BIGINT: u32 = 64 * 1024 * 1024;

/// The least that a resizable buffer takes, in bytes: its pages, and its place among the process's mappings.
const RESIZABLE: u64 = 64 * 1024;

/// How deep values may be nested. V8's stack ends before that.
const DEEPEST: usize = 100_000;

/// In the length of the values: the bytes of detached views are not in the frame, but in memory beside it.
const SPLIT: u32 = 1 << 31;

/// The kind of a host object.
const INLINE: u32 = 0;
const PLAIN: u32 = 1;
const DETACHED: u32 = 2;

/// Why a frame is not given to V8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Its content is not valid.
    Invalid,
    /// Its content would take more memory than the limit.
    TooLarge,
}

use Refused::{Invalid, TooLarge};

/// Whether `frame` says that it has memory beside it.
pub fn is_split(frame: &[u8]) -> bool {
    frame.first().is_some_and(|first| first & 0x80 != 0)
}

/// What is sent, with its length in front, of a frame whose detached views go beside it. `whole`: the same without that,
/// up to the first of them. `None`: it is no such frame.
pub fn split(whole: &[u8]) -> Option<Vec<u8>> {
    let (values, rest) = whole.get(length::HEADER..)?.split_first_chunk::<HEADER>()?;
    let len = u32::from_be_bytes(*values);
    let header = length::header(whole.len() - length::HEADER)?;
    let is_head = rest.len() == len as usize;
    is_head.then(|| [&header, &(len | SPLIT).to_be_bytes(), rest].concat())
}

/// Checks that `frame` is a message whose values take at most `most` bytes besides its own. `beside`: bytes of memory
/// beside it, if it says that it has some; with these, too, it may have at most `most` bytes.
pub fn check(frame: &[u8], beside: usize, most: usize) -> Result<(), Refused> {
    let (header, rest) = frame.split_first_chunk::<HEADER>().ok_or(Invalid)?;
    let len = (u32::from_be_bytes(*header) & !SPLIT) as usize;
    let (values, detached) = rest.split_at_checked(len).ok_or(Invalid)?;
    let detached = match is_split(frame) {
        false => detached.len(),
        true if beside == 0 || !detached.is_empty() => return Err(Invalid),
        true if beside > most.saturating_sub(frame.len()) => return Err(TooLarge),
        true => beside,
    };
    let body = values.strip_prefix(&[0xff, VERSION]).ok_or(Invalid)?;
    let room = MOST_ROOM.min(most as u64);
    let mut reader = Reader { bytes: body, room, detached: 0 };
    if !matches!(reader.peek()?, b'"' | b'c' | b'S') {
        return Err(Invalid); // the type
    }
    reader.value()?;
    reader.value()?;
    let is_all = reader.bytes.is_empty() && reader.detached == detached as u64;
    is_all.then_some(()).ok_or(Invalid)
}

/// What is still to be read of an unfinished value.
enum Open {
    /// A value.
    Value,
    /// This many elements, then properties.
    Elements(u32),
    /// Keys and values up to this tag, then this many numbers.
    Pairs(u8, u8),
    /// Values up to this tag, then a number.
    Items(u8),
    /// The parts of an error, up to a full stop.
    Error,
    /// A number.
    Number,
}

struct Reader<'a> {
    bytes: &'a [u8],
    /// Bytes that V8 may still allocate.
    room: u64,
    /// Bytes of detached views so far.
    detached: u64,
}

impl Reader<'_> {
    /// Reads one value with everything in it.
    fn value(&mut self) -> Result<(), Refused> {
        let mut open = vec![Open::Value];
        while let Some(next) = open.pop() {
            match next {
                Open::Value => self.begin(&mut open)?,
                Open::Elements(0) => open.push(Open::Pairs(b'$', 2)),
                Open::Elements(left) => {
                    open.push(Open::Elements(left - 1));
                    if self.peek()? == b'-' {
                        self.tag()?;
                    } else {
                        open.push(Open::Value);
                    }
                }
                Open::Pairs(end, numbers) if self.peek()? == end => {
                    self.tag()?;
                    for _ in 0..numbers {
                        self.number()?;
                    }
                }
                Open::Pairs(..) => open.extend([next, Open::Value, Open::Value]),
                Open::Items(end) if self.peek()? == end => {
                    self.tag()?;
                    self.number()?;
                }
                Open::Items(_) => open.extend([next, Open::Value]),
                Open::Error => match self.byte()? {
                    b'E' | b'R' | b'F' | b'S' | b'T' | b'U' => open.push(Open::Error),
                    b'm' | b'c' | b's' => open.extend([Open::Error, Open::Value]),
                    b'.' => {}
                    _ => return Err(Invalid),
                },
                Open::Number => drop(self.number()?),
            }
            if open.len() > DEEPEST {
                return Err(Invalid);
            }
        }
        Ok(())
    }

    fn begin(&mut self, open: &mut Vec<Open>) -> Result<(), Refused> {
        match self.tag()? {
            b'_' | b'0' | b'T' | b'F' | b'x' | b'y' => {}
            b'I' | b'U' | b'^' => drop(self.number()?),
            b'N' | b'D' | b'n' => self.skip(8)?,
            b'Z' | b'z' => {
                let len = self.number()? >> 1;
                if len > LONGEST_BIGINT {
                    return Err(TooLarge);
                }
                self.skip(len)?;
            }
            b'"' | b'S' | b'c' | b'B' => {
                let len = self.number()?;
                self.skip(len)?;
            }
            b'~' => {
                let (len, most) = (self.number()?, self.number()?);
                self.take_room(RESIZABLE.max(most.into()))?;
                self.skip(len)?;
            }
            b's' => open.push(Open::Value),
            b'R' => open.extend([Open::Number, Open::Value]),
            b'o' => open.push(Open::Pairs(b'{', 1)),
            b';' => open.push(Open::Pairs(b':', 1)),
            b'\'' => open.push(Open::Items(b',')),
            b'A' => {
                let len = self.number()?;
                if len as usize > self.bytes.len() {
                    return Err(Invalid);
                }
                open.push(Open::Elements(len));
            }
            b'a' => {
                let len = self.number()?;
                if len <= LONGEST_FAST {
                    self.take_room(8 * u64::from(len))?;
                }
                open.push(Open::Pairs(b'@', 2));
            }
            b'r' => open.push(Open::Error),
            b'\\' => match self.number()? {
                INLINE => {
                    let (_, len) = (self.number()?, self.number()?);
                    self.skip(len)?;
                }
                PLAIN => open.push(Open::Value),
                DETACHED => {
                    let (_, len) = (self.number()?, self.number()?);
                    self.detached += u64::from(len);
                }
                _ => return Err(Invalid),
            },
            _ => return Err(Invalid),
        }
        Ok(())
    }

    fn take_room(&mut self, bytes: u64) -> Result<(), Refused> {
        self.room = self.room.checked_sub(bytes).ok_or(TooLarge)?;
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, Refused> {
        let (first, rest) = self.bytes.split_first().ok_or(Invalid)?;
        self.bytes = rest;
        Ok(*first)
    }

    /// The next tag, without the padding before it.
    fn tag(&mut self) -> Result<u8, Refused> {
        let tag = self.peek()?;
        self.bytes = &self.bytes[1..];
        Ok(tag)
    }

    fn peek(&mut self) -> Result<u8, Refused> {
        loop {
            match self.bytes.split_first().ok_or(Invalid)? {
                (0, rest) => self.bytes = rest,
                (tag, _) => return Ok(*tag),
            }
        }
    }

    /// A number of up to 32 bits, in groups of seven, the lowest first.
    fn number(&mut self) -> Result<u32, Refused> {
        let mut number = 0u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(number).map_err(|_| Invalid);
            }
        }
        Err(Invalid)
    }

    fn skip(&mut self, len: u32) -> Result<(), Refused> {
        self.bytes = self.bytes.get(len as usize..).ok_or(Invalid)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(values: &[u8], detached: usize) -> Vec<u8> {
        let mut frame = (values.len() as u32 + 4).to_be_bytes().to_vec();
        frame.extend([0xff, VERSION, b'"', 0]);
        frame.extend(values);
        frame.resize(frame.len() + detached, 7);
        frame
    }

    fn checked(values: &[u8]) -> Result<(), Refused> {
        check(&frame(values, 0), 0, 1 << 30)
    }

    #[test]
    fn what_v8_writes_is_taken() {
        for values in [
            &b"_"[..],
            b"I\x02",
            b"N\0\0\0\0\0\0\xf8\x7f",
            b"Z\x10\x01\0\0\0\0\0\0\0",
            b"o\"\x01aA\x03_-I\x02$\0\x03\"\x01b^\0{\x02",
            b"a\x80\x08I\x06\"\x01c@\x01\x80\x08",
            b";I\x02'I\x02,\x01:\x02",
            b"R\"\x01a\x02",
            b"rTm\"\x01xcrm\"\x01c.s\"\x01s.",
            b"\0c\x02a\0",
            b"B\x02ab",
            b"~\x02\x04ab",
            b"\\\x00\x0a\x02ab",
            b"\\\x01o{\0",
        ] {
            assert_eq!(checked(values), Ok(()), "{}", values.escape_ascii());
        }
        assert_eq!(check(&frame(b"\\\x02\x0a\x05", 5), 0, 1 << 30), Ok(()));
    }

    #[test]
    fn what_nobody_writes_is_not() {
        for values in [
            &b""[..],
            b"_T",
            b"u\0",
            b"t\0",
            b"w\0",
            b"p\0",
            b"V",
            b"B\x02abVB\0\x02\0",
            b"A\x05_",
            b"A\xff\xff\xff\xff\x0f",
            b"I\xff\xff\xff\xff\x7f",
            b"\"\x05abc",
            b"o\"\x01a",
            b"rQ.",
            b"\\\x03",
            b"\\\x02\x0a\x05",
        ] {
            assert_eq!(checked(values), Err(Invalid), "{}", values.escape_ascii());
        }
        assert_eq!(check(&frame(b"_", 1), 0, 1 << 30), Err(Invalid));
        for other in
            [&b""[..], b"\0\0\0\x05\xff\x0f\"", b"\0\0\0\x05\xff\x0e\"\0_", b"\0\0\0\x04\xff\x0f__"]
        {
            assert_eq!(check(other, 0, 1 << 30), Err(Invalid), "{}", other.escape_ascii());
        }
    }

    #[test]
    fn what_v8_would_make_room_for_counts() {
        let sparse = |length: &[u8]| [b"a", length, b"@\0", length].concat();
        let two = |one: &[u8]| [b"A\x02", one, one, b"$\0\x02"].concat();
        let most = sparse(b"\x80\x80\x80\x10"); // 2^25
        assert_eq!(checked(&most), Ok(()));
        assert_eq!(checked(&two(&most)), Err(TooLarge));
        assert_eq!(check(&frame(&most, 0), 0, 1000), Err(TooLarge));
        let dictionary = sparse(b"\xff\xff\xff\xff\x0f");
        assert_eq!(check(&frame(&two(&dictionary), 0), 0, 1000), Ok(()));
        let many = [&b"A\xff\x7f"[..], &b"~\0\0".repeat(16383), b"$\0\xff\x7f"].concat();
        assert_eq!(checked(&many), Err(TooLarge));
        assert_eq!(checked(b"Z\xfe\xff\xff\xff\x0f"), Err(TooLarge));
    }

    #[test]
    fn what_goes_beside_a_frame_is_of_its_length() {
        let whole = frame(b"\\\x02\x0a\x05", 0);
        let sent = split(&[&length::header(whole.len()).unwrap()[..], &whole].concat()).unwrap();
        let (header, head) = sent.split_at(length::HEADER);
        assert_eq!(header, length::header(whole.len()).unwrap());
        assert!(is_split(head) && !is_split(&whole));
        assert_eq!(check(head, 5, 1 << 30), Ok(()));
        for wrong in [0, 4, 6, 1000] {
            assert_eq!(check(head, wrong, 1 << 30), Err(Invalid));
        }
        assert_eq!(check(head, 5, head.len() + 4), Err(TooLarge));
        assert_eq!(check(head, 5, head.len() + 5), Ok(()));
        assert_eq!(check(&[head, b"12345"].concat(), 5, 1 << 30), Err(Invalid));
        assert_eq!(check(&frame(b"\\\x02\x0a\x05", 5), 5, 1 << 30), Ok(()));
        for other in [&b""[..], &sent[..7], &[&sent[..], b"x"].concat(), &sent] {
            assert_eq!(split(other), None);
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let deep = b"A\x01".repeat(DEEPEST + 1);
        assert_eq!(checked(&deep), Err(Invalid));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        // Tags and small numbers, so that many of the frames are valid for a long way.
        #[test]
        fn any_bytes_are_looked_at(
            values in proptest::collection::vec(
                proptest::sample::select(b"_0TFIUNDZz\"SBco{;:',Aa$@-rmE.s~\\^R\0\x01\x02\x03\x80".to_vec()),
                0..200,
            ),
            detached in 0usize..4,
            beside in 0usize..4,
        ) {
            let _ = check(&frame(&values, detached), 0, 1 << 20);
            let _ = check(&values, beside, 1 << 20);
        }
    }
}
