//! The calls that read from a socket. Used by streams and drivers.

use std::io;
use std::mem::MaybeUninit;
#[cfg(unix)]
use std::os::fd::AsRawFd;

use bytes::{BufMut, BytesMut};
use socket2::SockRef;

use super::stream::uninterrupted;

/// Reads once into the spare capacity of `buffer`, at most `most` bytes, without blocking. 0: the peer has
/// shut its side down.
pub fn receive(socket: &SockRef<'_>, buffer: &mut BytesMut, most: usize) -> io::Result<usize> {
    let room = buffer.spare_capacity_mut();
    let most = most.min(room.len());
    let len = receive_into(socket, &mut room[..most])?;
    // SAFETY: the system has initialised `len` bytes of the spare capacity.
    unsafe { buffer.advance_mut(len) };
    Ok(len)
}

/// The same into `room`, whose first bytes are initialised then.
pub fn receive_into(socket: &SockRef<'_>, room: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
    uninterrupted(|| socket.recv(room))
}

/// How many bytes can be read now. 0 also at the end of the stream, after an error, and where the system does not tell.
pub fn waiting(socket: &SockRef<'_>) -> usize {
    #[cfg(unix)]
    {
        let mut waiting: libc::c_int = 0;
        // SAFETY: the descriptor is the socket's; the call writes one int.
        let told =
            unsafe { libc::ioctl(socket.as_raw_fd(), libc::FIONREAD as _, &raw mut waiting) };
        if told == 0 {
            return waiting.try_into().unwrap_or(0);
        }
    }
    let _ = socket;
    0
}
