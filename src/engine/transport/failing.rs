//! For tests: makes writes on this thread fail, as the system's may. Checked by [`super::stream`].

use std::cell::Cell;
use std::io;
use std::os::fd::{AsRawFd, RawFd};

use socket2::SockRef;

thread_local! {
    /// The socket, and how many more of its writes succeed before one fails.
    static NEXT: Cell<Option<(RawFd, usize)>> = const { Cell::new(None) };
}

/// From now on, the `nth` write to the socket fails, once, with `ENOBUFS`.
pub fn fail(socket: RawFd, nth: usize) {
    NEXT.set(Some((socket, nth)));
}

/// Cancels the failure. Returns whether it had happened.
pub fn stop() -> bool {
    NEXT.take().is_none()
}

pub(super) fn look(socket: &SockRef<'_>) -> io::Result<()> {
    match NEXT.get() {
        Some((fd, left)) if fd == socket.as_raw_fd() => {
            NEXT.set(left.checked_sub(1).map(|left| (fd, left)));
            if left > 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ENOBUFS)) }
        }
        _ => Ok(()),
    }
}
