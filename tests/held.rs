//! What connections keep in memory while they wait, counted by the allocator: of the order of what they hold, whatever
//! they have received or sent before.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io;

use bytes::Bytes;
use ferripc::engine::codec::{Codec, Decoder, length};
use ferripc::engine::framing::Mode;
use ferripc::engine::link::{Inbox, Outbox, Shelf};

/// Counts the bytes that a thread has allocated and not freed.
struct Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    LIVE.with(|live| live.set(live.get() + bytes));
}

// SAFETY: the calls go to the system's allocator as they are; a `Cell` without a destructor allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn live() -> isize {
    LIVE.with(Cell::get)
}

const CONNECTIONS: usize = 50;

/// A read of `bytes`, as a driver does it: in pieces of the size that the inbox asks for. Returns the frames.
fn receive(inbox: &mut Inbox, shelf: &Shelf, mut bytes: &[u8]) -> usize {
    let mut frames = 0;
    while !bytes.is_empty() {
        inbox.lend(shelf);
        let buffer = inbox.prepare();
        let len = (buffer.capacity() - buffer.len()).min(bytes.len());
        buffer.extend_from_slice(&bytes[..len]);
        bytes = &bytes[len..];
        let chunk = inbox.received(len);
        drop(chunk);
        while let Some(event) = inbox.next() {
            if let ferripc::engine::event::Event::Frames { batch, .. } = event {
                frames += batch.ends.len();
            }
        }
        shelf.put(inbox.rest());
    }
    frames
}

/// How to frame a text, and a decoder for it.
type Format = (fn(&str) -> Vec<u8>, fn() -> Decoder);

fn formats() -> [Format; 3] {
    let delimited = |text: &str| format!("{text}\x0c").into_bytes();
    let json = |text: &str| text.as_bytes().to_vec();
    let with_length =
        |text: &str| [&length::header(text.len()).unwrap()[..], text.as_bytes()].concat();
    [
        (delimited, || Decoder::new(&Codec::Delimited(b"\x0c".as_slice().into()), 1 << 20)),
        (json, || Decoder::new(&Codec::JsonStream, 1 << 20)),
        (with_length, || length::Decoder::new(1 << 20).into()),
    ]
}

#[test]
fn a_connection_keeps_what_it_has_of_a_frame_and_not_what_the_last_burst_came_in() {
    for (framed, decoder) in formats() {
        for size in [100, 10_000, 300_000] {
            let frame = framed(&format!("[\"{}\"]", "x".repeat(size)));
            let count = (400 << 10) / size;
            for held in [1, 1000, 50_000].into_iter().filter(|held| *held < frame.len()) {
                let mut burst = frame.repeat(count);
                burst.extend_from_slice(&frame[..held]);
                let shelf = Shelf::default();
                let mut inboxes: Vec<Inbox> =
                    (0..CONNECTIONS).map(|_| Inbox::new(1, decoder())).collect();
                assert_eq!(receive(&mut inboxes[0], &shelf, &burst), count); // what grows once
                let before = live();
                for inbox in &mut inboxes[1..] {
                    assert_eq!(receive(inbox, &shelf, &burst), count);
                }
                let each = (live() - before) / (CONNECTIONS as isize - 1);
                let most = 2 * held as isize + 2048;
                assert!(each <= most, "{each} bytes for {held} of {}", frame.len());
                // It is a connection like any other.
                for inbox in &mut inboxes {
                    assert_eq!(receive(inbox, &shelf, &frame[held..]), 1);
                }
                let each = (live() - before) / CONNECTIONS as isize;
                assert!(each <= 2048, "{each} bytes of nothing");
            }
        }
    }
}

#[test]
fn a_frame_that_comes_byte_by_byte_fits_its_buffer() {
    for (framed, decoder) in formats() {
        let frame = framed(&format!("[\"{}\"]", "x".repeat(60_000)));
        let shelf = Shelf::default();
        let mut inbox = Inbox::new(1, decoder());
        receive(&mut inbox, &shelf, &frame);
        let before = live();
        let shelved = 256 * 1024;
        for (at, byte) in frame[..frame.len() - 1].iter().enumerate() {
            assert_eq!(receive(&mut inbox, &shelf, std::slice::from_ref(byte)), 0);
            let held = at as isize + 1;
            assert!(
                live() - before <= shelved + 2 * held + 20 * 1024,
                "{held}: {}",
                live() - before
            );
        }
        assert_eq!(receive(&mut inbox, &shelf, &frame[frame.len() - 1..]), 1);
        assert!(live() - before <= shelved + 4096);
    }
}

#[test]
fn a_frame_over_the_limit_and_raw_bytes_leave_nothing() {
    let shelf = Shelf::default();
    let codec = Codec::Delimited(b"\x0c".as_slice().into());
    let mut inboxes: Vec<Inbox> =
        (0..CONNECTIONS).map(|_| Inbox::new(1, Decoder::new(&codec, 1024))).collect();
    let bytes = vec![b'x'; 3 << 20];
    receive(&mut inboxes[0], &shelf, &bytes);
    let before = live();
    for (index, inbox) in inboxes.iter_mut().enumerate() {
        if index % 2 == 1 {
            inbox.configure(Mode::Raw, false);
        }
        receive(inbox, &shelf, &bytes);
    }
    let each = (live() - before) / CONNECTIONS as isize;
    assert!(each <= 2048, "{each}");
}

#[test]
fn what_has_left_leaves_no_room_behind() {
    let mut outbox = Outbox::default();
    let before = live();
    for _ in 0..100_000 {
        outbox.push(Bytes::from_static(b"x"));
    }
    let mut calls = 0;
    let mut write = |pieces: &[io::IoSlice<'_>]| {
        calls += 1;
        if calls % 2 == 0 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(pieces.len()) }
    };
    outbox.flush(&mut write).1.unwrap();
    assert_eq!(outbox.queued(), 0);
    assert!(live() - before <= 4096, "{}", live() - before);
}
