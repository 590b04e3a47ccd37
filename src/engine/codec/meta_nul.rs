//! META NUL DATA: the wire format of AppView and AppScope. A JSON text is cut into frames, at any byte. Each frame is
//! one message of a queue. META is a small JSON object that says how much is still to come.
//!
//! ```text
//! request:  {"req":R,"uniq":U,"remain":N} NUL data NUL     R: 1 more frames follow, 0 this is the last one
//! response: {"status":S,"uniq":U,"remain":N} NUL data      S: 206 more follow, 200 last
//! refusal:  {"status":S,"uniq":U,"remain":0}               S: 400 or 500
//! ```
//!
//! U is the same number in all frames of a request and of its response. N is how many bytes of data this frame and
//! those after it have. Used by `protocols::appview`.

use serde_json::{Map, Value};

/// Everything is well. In a frame of several: this is the last one.
pub const OK: u16 = 200;
/// More frames follow.
pub const MORE: u16 = 206;
/// Not understood.
pub const BAD_REQUEST: u16 = 400;
/// Understood, but it could not be done.
pub const FAILED: u16 = 500;
/// There is no such command.
pub const NOT_IMPLEMENTED: u16 = 501;

/// The longest text of a request that has more than one frame.
pub const LONGEST_REQUEST: usize = 1 << 20;

/// The frames of a text.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    /// `None` after the last frame.
    text: Option<&'a [u8]>,
    uniq: i32,
    size: usize,
    is_request: bool,
}

impl<'a> Frames<'a> {
    /// The frames of a request, of at most `size` bytes each. `None`: not even META fits.
    pub fn request(text: &'a [u8], uniq: i32, size: usize) -> Option<Self> {
        Self::new(text, uniq, size, true)
    }

    /// The same for a response.
    pub fn response(text: &'a [u8], uniq: i32, size: usize) -> Option<Self> {
        Self::new(text, uniq, size, false)
    }

    fn new(text: &'a [u8], uniq: i32, size: usize, is_request: bool) -> Option<Self> {
        let frames = Self { text: Some(text), uniq, size, is_request };
        // No later META is longer.
        (frames.meta(true, text.len()).len() + frames.nuls() < size).then_some(frames)
    }

    fn nuls(&self) -> usize {
        if self.is_request { 2 } else { 1 }
    }

    fn meta(&self, more: bool, remain: usize) -> String {
        let uniq = self.uniq;
        if self.is_request {
            format!(r#"{{"req":{},"uniq":{uniq},"remain":{remain}}}"#, u8::from(more))
        } else {
            let status = if more { MORE } else { OK };
            format!(r#"{{"status":{status},"uniq":{uniq},"remain":{remain}}}"#)
        }
    }
}

impl Iterator for Frames<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let text = self.text?;
        // META has the same length, whether more follows or not.
        let room = self.size - self.meta(true, text.len()).len() - self.nuls();
        let (data, rest) = text.split_at(room.min(text.len()));
        let more = !rest.is_empty();
        self.text = more.then_some(rest);
        let mut frame = self.meta(more, text.len()).into_bytes();
        frame.push(0);
        frame.extend_from_slice(data);
        if self.is_request {
            frame.push(0);
        }
        Some(frame)
    }
}

/// Why a request is not answered, in a frame without data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// [`BAD_REQUEST`] or [`FAILED`].
    pub status: u16,
    /// -1: unknown.
    pub uniq: i32,
}

impl Refusal {
    /// Its frame.
    pub fn frame(self) -> Vec<u8> {
        let Self { status, uniq } = self;
        format!(r#"{{"status":{status},"uniq":{uniq},"remain":0}}"#).into_bytes()
    }
}

/// A whole request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The number in its last frame.
    pub uniq: i32,
    /// `None`: a META had spaces, and AppView does not find its end.
    pub text: Option<Vec<u8>>,
}

/// Joins the frames of a request, as forgiving as AppView's library: `uniq` may change, `remain` may be any number.
#[derive(Debug, Default)]
pub struct RequestJoiner {
    text: Vec<u8>,
    frames: usize,
    uniq: Option<i32>,
    is_spaced: bool,
}

impl RequestJoiner {
    /// Takes a frame. Returns the request if it was the last one.
    pub fn add(&mut self, frame: &[u8]) -> Result<Option<Request>, Refusal> {
        let refuse = |status, uniq| Err(Refusal { status, uniq });
        let Some((meta, data)) = split(frame) else { return refuse(BAD_REQUEST, -1) };
        let Some(fields) = object(meta) else { return refuse(BAD_REQUEST, -1) };
        let (req, uniq) = (integer(&fields, "req"), integer(&fields, "uniq"));
        let (Some(more @ 0..=1), Some(uniq)) = (req, uniq) else { return refuse(BAD_REQUEST, -1) };
        if remain(&fields).is_none() {
            return refuse(FAILED, uniq);
        }
        if data.is_empty() {
            return refuse(BAD_REQUEST, uniq);
        }
        let data = data.strip_suffix(&[0]).unwrap_or(data);
        if data.is_empty() && more == 1 {
            return refuse(BAD_REQUEST, uniq); // or it would never end
        }
        self.uniq = Some(uniq);
        self.frames += 1;
        self.is_spaced |= has_spaces(meta);
        // One byte over the limit is kept, to know later that there were too many; the other frames still come.
        let room = if self.frames == 1 { usize::MAX } else { LONGEST_REQUEST + 1 };
        let room = room.saturating_sub(self.text.len());
        self.text.extend_from_slice(&data[..data.len().min(room)]);
        if more == 1 {
            return Ok(None);
        }
        if self.frames > 1 && self.text.len() > LONGEST_REQUEST {
            return refuse(BAD_REQUEST, uniq);
        }
        let text = std::mem::take(&mut self.text);
        Ok(Some(Request { uniq, text: (!self.is_spaced).then_some(text) }))
    }

    /// The answer if no further frame comes.
    pub fn abandoned(&self) -> Refusal {
        Refusal { status: FAILED, uniq: self.uniq.unwrap_or(-1) }
    }
}

/// A whole response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// [`OK`], or why there is no text.
    pub status: u16,
    /// Its JSON text. Empty if the request was refused.
    pub text: Vec<u8>,
}

/// What is wrong with a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// META cannot be read.
    #[error("a frame without META, or without status, uniq or remain in it")]
    Meta,
    /// It answers something else.
    #[error("a frame of another conversation: its uniq is {0}")]
    Uniq(i32),
    /// A frame is empty and is not the last one: the response might never end.
    #[error("a frame without data that is not the last one")]
    Empty,
    /// More is still to come than the frame before said.
    #[error("a frame whose remain is larger than that of the one before it")]
    Remain,
    /// It is over the limit.
    #[error("more data than the limit allows")]
    TooLarge,
}

/// Joins the frames of a response.
#[derive(Debug)]
pub struct ResponseJoiner {
    text: Vec<u8>,
    uniq: i32,
    remain: u64,
    most: usize,
}

impl ResponseJoiner {
    /// For the response to the request `uniq`, of at most `most` bytes.
    pub fn new(uniq: i32, most: usize) -> Self {
        Self { text: Vec::new(), uniq, remain: u64::MAX, most }
    }

    /// Takes a frame. Returns the response if it was the last one.
    pub fn add(&mut self, frame: &[u8]) -> Result<Option<Response>, Fault> {
        let (meta, data) = split(frame).unwrap_or((frame, &[]));
        let fields = object(meta).ok_or(Fault::Meta)?;
        let numbers = (integer(&fields, "status"), integer(&fields, "uniq"), remain(&fields));
        let (Some(status), Some(uniq), Some(remain)) = numbers else { return Err(Fault::Meta) };
        let status = u16::try_from(status).map_err(|_| Fault::Meta)?;
        let is_answer = status == OK || status == MORE;
        // A process that did not understand a request may not know its number.
        if uniq != self.uniq && (is_answer || uniq != -1) {
            return Err(Fault::Uniq(uniq));
        }
        if !is_answer {
            return Ok(Some(Response { status, text: Vec::new() }));
        }
        if remain > self.remain {
            return Err(Fault::Remain);
        }
        self.remain = remain;
        if data.len() > self.most - self.text.len() {
            return Err(Fault::TooLarge);
        }
        self.text.extend_from_slice(data);
        let is_last = status == OK;
        if data.is_empty() && !is_last {
            return Err(Fault::Empty);
        }
        Ok(is_last.then(|| Response { status, text: std::mem::take(&mut self.text) }))
    }
}

/// META, and what follows its NUL.
fn split(frame: &[u8]) -> Option<(&[u8], &[u8])> {
    let nul = memchr::memchr(0, frame)?;
    Some((&frame[..nul], &frame[nul + 1..]))
}

fn object(meta: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(meta) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}

/// A number as the library takes it: without its fraction, and within bounds.
pub fn integer(fields: &Map<String, Value>, name: &str) -> Option<i32> {
    fields.get(name)?.as_f64().map(|number| number as i32)
}

/// `None`: missing, negative, or too large to count.
fn remain(fields: &Map<String, Value>) -> Option<u64> {
    let number = fields.get("remain")?.as_f64()?;
    (number >= 0.0 && number < u64::MAX as f64).then_some(number as u64)
}

/// Whether there is white space between the parts of a JSON text.
fn has_spaces(json: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    json.iter().any(|&byte| {
        let escapes = quoted && byte == b'\\' && !escaped;
        if byte == b'"' && !escaped {
            quoted = !quoted;
        }
        escaped = escapes;
        !quoted && byte.is_ascii_whitespace()
    })
}

#[cfg(test)]
mod tests;
