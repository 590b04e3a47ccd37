//! Micro-benchmarks of the decoder (`src/engine/codec`), compared with code that one would write or
//! use instead:
//!
//! * `naive`: append the chunk, search all that there is from its start, copy each frame out, move the
//!   rest: node-ipc's algorithm, with the same fast search (memchr) as ferripc.
//! * `tokio-util`: `AnyDelimiterCodec` or `LengthDelimitedCodec` of the crate tokio-util.
//!
//! ```text
//! cargo bench -p codec_bench --features bench                       all, two minutes
//! cargo bench -p codec_bench --features bench -- --quick text       some, roughly
//! ```
//!
//! A stream arrives in chunks, as from a socket's reads. The lengths of the frames are added up; their
//! bytes are not read. `npm test` does not run this; each night it checks that it compiles.

use std::hint::black_box;

use bytes::{Buf, BytesMut};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ferripc::engine::codec::{Batch, Decoded, Decoder, delimited, length, text};
use tokio_util::codec::{AnyDelimiterCodec, Decoder as _, LengthDelimitedCodec};

const DELIMITER: u8 = 0x0c;
const CHUNK: usize = 64 * 1024;
const MB: usize = 1024 * 1024;

/// `count` frames of `len` bytes, each with its delimiter.
fn stream(count: usize, len: usize) -> Vec<u8> {
    let mut frame = vec![b'x'; len];
    frame.push(DELIMITER);
    frame.repeat(count)
}

/// Decodes a stream in chunks of a size, and returns how many bytes its frames have.
type Decode = fn(&[u8], usize) -> usize;

fn ferripc(stream: &[u8], chunk: usize) -> usize {
    decode::<1>(delimited::Decoder::new(&[DELIMITER][..], usize::MAX / 2).into(), stream, chunk)
}

/// By the type that a connection holds; `GAP`: [`Decoder::gap`], which those that read frames know.
fn decode<const GAP: usize>(mut decoder: Decoder, stream: &[u8], chunk: usize) -> usize {
    let mut total = 0;
    for chunk in stream.chunks(chunk) {
        decoder.buffer().extend_from_slice(chunk);
        while let Some(Decoded::Batch(batch)) = decoder.next() {
            total += batch.frames(GAP).map(<[u8]>::len).sum::<usize>();
        }
    }
    total
}

fn naive(stream: &[u8], chunk: usize) -> usize {
    let mut buf = Vec::new();
    let mut total = 0;
    for chunk in stream.chunks(chunk) {
        buf.extend_from_slice(chunk);
        while let Some(at) = memchr::memchr(DELIMITER, &buf) {
            let rest = buf.split_off(at + 1);
            let frame = std::mem::replace(&mut buf, rest)[..at].to_vec();
            total += black_box(frame).len();
        }
    }
    total
}

fn tokio_util(stream: &[u8], chunk: usize) -> usize {
    let mut codec = AnyDelimiterCodec::new(vec![DELIMITER], Vec::new());
    let mut buf = BytesMut::new();
    let mut total = 0;
    for chunk in stream.chunks(chunk) {
        buf.extend_from_slice(chunk);
        while let Some(frame) = codec.decode(&mut buf).expect("no limit is set") {
            total += frame.remaining();
        }
    }
    total
}

const DECODERS: [(&str, Decode); 3] =
    [("ferripc", ferripc), ("tokio-util", tokio_util), ("naive", naive)];

fn framing(c: &mut Criterion) {
    let cases = [
        ("100 B messages, 64 KiB chunks", stream(40_000, 100), CHUNK),
        ("100 B messages, one per chunk", stream(40_000, 100), 101),
        ("one message of 4 MB, 64 KiB chunks", stream(1, 4 * MB), CHUNK),
        ("one message of 32 MB, 64 KiB chunks", stream(1, 32 * MB), CHUNK),
    ];
    for (name, stream, chunk) in cases {
        let frame_bytes = stream.iter().filter(|&&byte| byte != DELIMITER).count();
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Bytes(stream.len() as u64)).sample_size(20);
        for (decoder, decode) in DECODERS {
            assert_eq!(decode(&stream, chunk), frame_bytes, "{decoder}: {name}");
            group.bench_function(decoder, |b| b.iter(|| decode(black_box(&stream), chunk)));
        }
        group.finish();
    }
}

/// A batch from the decoder: 64 KiB of frames with this text.
fn batch(frame: &str) -> Batch {
    let mut decoder = delimited::Decoder::new(&[DELIMITER][..], usize::MAX / 2);
    let frame = format!("{frame}\x0c");
    decoder.buffer().extend_from_slice(frame.repeat(CHUNK / frame.len()).as_bytes());
    match decoder.next() {
        Some(Decoded::Batch(batch)) => batch,
        other => panic!("no batch: {other:?}"),
    }
}

fn texts(c: &mut Criterion) {
    let json =
        r#"{"type":"message","data":{"id":12345,"name":"NAME","price":17.25,"tags":["a","b"]}}"#;
    let mut group = c.benchmark_group("text of a 64 KiB batch");
    for (name, letters) in
        [("ASCII", "Grusse"), ("Latin", "Grüße"), ("CJK and emoji", "你好世界👋🌍")]
    {
        let batch = batch(&json.replace("NAME", &letters.repeat(4)));
        group.throughput(Throughput::Bytes(batch.bytes.len() as u64));
        group.bench_function(name, |b| {
            b.iter_batched(
                || vec![0; batch.ends.len()],
                |mut ends| {
                    let end = |index, end| ends[index] = end;
                    black_box(text::decode(black_box(&batch), &[DELIMITER], end));
                    ends
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// Frames with their length in front, beside `LengthDelimitedCodec` of tokio-util.
fn lengths(c: &mut Criterion) {
    let ferripc: Decode = |stream, chunk| {
        decode::<{ length::HEADER }>(length::Decoder::new(length::LONGEST).into(), stream, chunk)
    };
    let tokio_util: Decode = |stream, chunk| {
        let mut codec = LengthDelimitedCodec::builder().max_frame_length(usize::MAX).new_codec();
        let mut buf = BytesMut::new();
        let mut total = 0;
        for chunk in stream.chunks(chunk) {
            buf.extend_from_slice(chunk);
            while let Some(frame) = codec.decode(&mut buf).expect("within the limit") {
                total += frame.len();
            }
        }
        total
    };
    for (name, count, len) in [("100 B", 40_000, 100), ("1 MB", 4, MB)] {
        let frame = [&length::header(len).expect("not long")[..], &vec![b'x'; len]].concat();
        let stream = frame.repeat(count);
        let mut group =
            c.benchmark_group(format!("frames of {name} with their length, 64 KiB chunks"));
        group.throughput(Throughput::Bytes(stream.len() as u64)).sample_size(20);
        for (decoder, decode) in [("ferripc", ferripc), ("tokio-util", tokio_util)] {
            assert_eq!(decode(&stream, CHUNK), count * len, "{decoder}: {name}");
            group.bench_function(decoder, |b| b.iter(|| decode(black_box(&stream), CHUNK)));
        }
        group.finish();
    }
}

criterion_group!(benches, framing, lengths, texts);
criterion_main!(benches);
