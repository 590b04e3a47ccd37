//! Gives a peer time to read why it was refused. Used if a handshake or a greeting has failed.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use tokio::time::timeout;

use super::Stream;

/// How long a peer has to read why its handshake failed.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How many peers an I/O thread gives that time at once.
const MOST_LISTENING: usize = 64;

thread_local! {
    static LISTENING: Cell<usize> = const { Cell::new(0) };
}

/// One peer's time to read why its handshake failed.
struct Turn;

impl Turn {
    fn take() -> Option<Self> {
        LISTENING.with(|count| {
            let has_room = count.get() < MOST_LISTENING;
            has_room.then(|| count.set(count.get() + 1)).map(|()| Self)
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // The thread may be ending.
        let _ = LISTENING.try_with(|count| count.set(count.get() - 1));
    }
}

/// Ends this side, and closes the stream once the peer has read what was sent. Must be called within a
/// task.
pub fn let_read(stream: Stream) {
    if let Some(turn) = Turn::take() {
        tokio::spawn(last_words(stream, turn));
    }
}

/// Closing a socket with unread bytes resets the connection, and the peer would not get the alert.
/// So this waits a while for the peer's end.
async fn last_words(socket: Stream, _turn: Turn) {
    socket.shut_down();
    let end = async {
        while socket.readable().await.is_ok() {
            match socket.discard() {
                Ok(false) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                _ => break,
            }
        }
    };
    let _ = timeout(LAST_WORDS, end).await;
}
