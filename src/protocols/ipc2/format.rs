//! Messages <-> frames, for each side, in two ways: by serde, or with payloads that stay bytes ([`Raw`])
//! because they are encoded elsewhere. Used by the host's and the worker's sessions.

use std::ops::Range;

use bytes::{Buf, Bytes};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::incoming;
use super::message::{ClientSocketMessage, ServerSocketMessage};
use super::payload::{self, Error};
use crate::engine::codec::length;

/// A payload that stays bytes: those of a value of the peer's type
/// ([`payload`](crate::protocols::ipc2::payload)). For bindings to other languages, which have no Rust type
/// to encode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw(pub Bytes);

/// How one side reads frames and writes them.
pub(super) struct Format<In, Out> {
    /// The size up to which a buffer is kept for later frames once its own are decoded.
    pub keep: usize,
    /// The message in a frame, which is a part of these bytes.
    pub decode: fn(&Bytes, &[u8]) -> Result<In, Error>,
    /// The whole frame of a message, with its length, if it has at most so many bytes. The number is
    /// `None` for a job without an answer.
    pub encode: fn(&Out, Option<u32>, usize) -> Result<Frame, Error>,
}

/// A whole frame, with its length. The first part is all of it, unless the payload is large: that is then the second
/// part, which is not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame(pub [Bytes; 3]);

impl Frame {
    /// The length of the frame in bytes.
    pub fn len(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    /// All of it, for a writer.
    pub fn into_buf(self) -> impl Buf {
        let [head, body, tail] = self.0;
        head.chain(body).chain(tail)
    }
}

impl<In, Out> Clone for Format<In, Out> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<In, Out> Copy for Format<In, Out> {}

/// An answer, and what it answers.
pub(super) type Response<R> = (R, u32);

/// A job, and its number if it needs an answer.
pub(super) type Request<R> = (R, Option<u32>);

/// The format of a host, by serde.
pub(super) fn host<R: DeserializeOwned, W: Serialize>() -> Format<Response<R>, W> {
    Format {
        keep: incoming::KEEP,
        decode: |_, frame| {
            let ClientSocketMessage::Response { data, job_id } = payload::from_slice(frame)?;
            Ok((data, job_id))
        },
        encode: |data, job_id, most| match job_id {
            Some(job_id) => frame(&ServerSocketMessage::Bidirectional { data, job_id }, most),
            None => frame(&ServerSocketMessage::Unidirectional { data }, most),
        },
    }
}

/// The format of a worker, by serde.
pub(super) fn worker<R: DeserializeOwned, W: Serialize>() -> Format<Request<R>, W> {
    Format {
        keep: incoming::KEEP,
        decode: |_, frame| match payload::from_slice(frame)? {
            ServerSocketMessage::Unidirectional { data } => Ok((data, None)),
            ServerSocketMessage::Bidirectional { data, job_id } => Ok((data, Some(job_id))),
        },
        encode: |data, job_id, most| {
            let job_id = job_id.unwrap_or_default(); // a worker only answers
            frame(&ClientSocketMessage::Response { data, job_id }, most)
        },
    }
}

/// The format of a host, with payloads that stay bytes.
pub(super) fn raw_host() -> Format<Response<Raw>, Raw> {
    Format {
        keep: KEEP_RAW,
        decode: |bytes, frame| match tag(frame)? {
            0 => numbered(bytes, frame),
            other => Err(Error::Custom(format!("{other} is not a kind of message from a worker"))),
        },
        encode: |data, job_id, most| match job_id {
            Some(_) => raw_frame(1, data, job_id, most),
            None => raw_frame(0, data, None, most),
        },
    }
}

/// The format of a worker, with payloads that stay bytes.
pub(super) fn raw_worker() -> Format<Request<Raw>, Raw> {
    Format {
        keep: KEEP_RAW,
        decode: |bytes, frame| match tag(frame)? {
            0 => Ok((part(bytes, frame, TAG..frame.len()), None)),
            1 => numbered(bytes, frame).map(|(data, job_id)| (data, Some(job_id))),
            other => Err(Error::Custom(format!("{other} is not a kind of message from a host"))),
        },
        encode: |data, job_id, most| raw_frame(0, data, job_id, most),
    }
}

/// A large payload has a buffer of its own, so that the memory goes with the payload.
const KEEP_RAW: usize = 256 * 1024;

/// Bytes of an enum's tag and of a job's number.
const TAG: usize = 4;
const JOB_ID: usize = 4;

fn tag(frame: &[u8]) -> Result<u32, Error> {
    frame.first_chunk().copied().map(u32::from_le_bytes).ok_or(Error::End)
}

/// A payload with the job's number at the end of the frame.
fn numbered(bytes: &Bytes, frame: &[u8]) -> Result<(Raw, u32), Error> {
    let at = frame.len().checked_sub(JOB_ID).filter(|&at| at >= TAG).ok_or(Error::End)?;
    let job_id = frame[at..].first_chunk().copied().map(u32::from_le_bytes).ok_or(Error::End)?;
    Ok((part(bytes, frame, TAG..at), job_id))
}

fn part(bytes: &Bytes, frame: &[u8], range: Range<usize>) -> Raw {
    Raw(bytes.slice_ref(&frame[range]))
}

#[allow(clippy::unnecessary_min_or_max)] // where there are no longer ones: with 32 bits
fn frame<T: Serialize>(message: &T, most: usize) -> Result<Frame, Error> {
    let mut bytes = vec![0; length::HEADER];
    payload::append(message, &mut bytes, most.min(length::LONGEST))?;
    seal(bytes, most)
}

/// A payload of at least this many bytes is a part of its own.
const LARGE: usize = 16 * 1024;

fn raw_frame(tag: u32, data: &Raw, job_id: Option<u32>, most: usize) -> Result<Frame, Error> {
    if data.0.len() >= LARGE {
        return large_frame(tag, data, job_id, most);
    }
    let mut bytes = Vec::with_capacity(length::HEADER + TAG + data.0.len() + JOB_ID);
    bytes.resize(length::HEADER, 0);
    bytes.extend_from_slice(&tag.to_le_bytes());
    bytes.extend_from_slice(&data.0);
    bytes.extend(job_id.into_iter().flat_map(u32::to_le_bytes));
    seal(bytes, most)
}

fn large_frame(tag: u32, data: &Raw, job_id: Option<u32>, most: usize) -> Result<Frame, Error> {
    let tail = job_id.map(u32::to_le_bytes);
    let tail = tail.as_ref().map_or(&[][..], |bytes| &bytes[..]);
    let header = header(TAG + data.0.len() + tail.len(), most)?;
    let head = [header, tag.to_le_bytes()].concat();
    Ok(Frame([head.into(), data.0.clone(), Bytes::copy_from_slice(tail)]))
}

/// Writes the length into the room left for it at the beginning.
fn seal(mut bytes: Vec<u8>, most: usize) -> Result<Frame, Error> {
    let header = header(bytes.len() - length::HEADER, most)?;
    bytes[..length::HEADER].copy_from_slice(&header);
    Ok(Frame([bytes.into(), Bytes::new(), Bytes::new()]))
}

fn header(len: usize, most: usize) -> Result<[u8; length::HEADER], Error> {
    length::header(len).filter(|_| len <= most).ok_or(Error::TooLong(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_left_alone_make_the_same_frames() {
        let raw = |bytes: &[u8]| Raw(Bytes::copy_from_slice(bytes));
        let data = raw(&payload::to_vec("hello").unwrap());
        let text = "hello".to_owned();
        for job_id in [None, Some(0), Some(u32::MAX)] {
            let typed = (host::<String, String>().encode)(&text, job_id, 100).unwrap();
            assert_eq!((raw_host().encode)(&data, job_id, 100).unwrap(), typed);
            let [typed, ..] = typed.0;
            let read = (raw_worker().decode)(&typed, &typed[length::HEADER..]);
            assert_eq!(read, Ok((data.clone(), job_id)));
            let read = (worker::<String, String>().decode)(&typed, &typed[length::HEADER..]);
            assert_eq!(read, Ok((text.clone(), job_id)));
        }
        let large = "x".repeat(2 * LARGE);
        let whole = (host::<String, String>().encode)(&large, Some(7), usize::MAX).unwrap();
        let data_of_large = raw(&payload::to_vec(&large).unwrap());
        let parts = (raw_host().encode)(&data_of_large, Some(7), usize::MAX).unwrap();
        assert_eq!(parts.0.concat(), whole.0.concat());
        let typed = (worker::<String, String>().encode)(&text, Some(7), 100).unwrap();
        assert_eq!((raw_worker().encode)(&data, Some(7), 100).unwrap(), typed);
        let [typed, ..] = typed.0;
        let read = (raw_host().decode)(&typed, &typed[length::HEADER..]);
        assert_eq!(read, Ok((data, 7)));
    }

    #[test]
    fn what_is_too_long_or_too_short_is_an_error() {
        let text = "x".repeat(100);
        assert_eq!((host::<(), String>().encode)(&text, None, 111), Err(Error::TooLong(111)));
        assert_eq!((host::<(), String>().encode)(&text, None, 112).unwrap().len(), 116);
        let data = Raw(vec![0; 100].into());
        assert_eq!((raw_host().encode)(&data, Some(1), 107), Err(Error::TooLong(107)));
        assert_eq!((raw_host().encode)(&data, Some(1), 108).unwrap().len(), 112);
        for len in 0..12 {
            let bytes = Bytes::from(vec![1; len]);
            assert!((raw_host().decode)(&bytes, &bytes).is_err());
            assert!((raw_worker().decode)(&bytes, &bytes).is_err());
        }
    }
}
