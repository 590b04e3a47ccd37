//! Several datagrams per system call: `recvmmsg` and `sendmmsg` of Linux. Used by udp.rs.

use std::io;
use std::mem;
use std::os::fd::AsRawFd;
use std::ptr;

use socket2::{SockAddr, SockAddrStorage, SockRef};

use super::udp::{SLOT, Slots};
use crate::engine::datagram::{BATCH, Piece};

const SEND_FLAGS: libc::c_int = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;

/// Fills `slots` with what is there, without waiting.
pub fn receive(socket: &SockRef<'_>, slots: &mut Slots) -> io::Result<()> {
    let mut names: [SockAddrStorage; BATCH] = std::array::from_fn(|_| SockAddrStorage::zeroed());
    let mut pieces: Vec<libc::iovec> = slots
        .room
        .chunks_exact_mut(SLOT)
        .map(|slot| libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: SLOT })
        .collect();
    let mut headers: Vec<libc::mmsghdr> = names
        .iter_mut()
        .zip(&mut pieces)
        .map(|(name, piece)| header(ptr::from_mut(name).cast(), name.size_of(), piece))
        .collect();
    // SAFETY: each header points to a name and a piece that outlive the call, and each piece to a slot
    // of its length; the count is that of the headers.
    let count = unsafe {
        let none = ptr::null_mut();
        let (all, flags) = (headers.len() as _, libc::MSG_DONTWAIT as _);
        libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), all, flags, none)
    };
    let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    for (header, name) in headers.iter().zip(names).take(count) {
        // SAFETY: the system has written an address of that length.
        let from = unsafe { SockAddr::new(name, header.msg_hdr.msg_namelen) };
        let from = from.as_socket().ok_or(io::ErrorKind::InvalidData)?; // never on an IP socket
        slots.filled.push((header.msg_len as usize, from));
    }
    Ok(())
}

/// Sends as many of `pieces` as the system takes now, at least one.
pub fn send(socket: &SockRef<'_>, pieces: &[Piece<'_>]) -> io::Result<usize> {
    if let [(to, bytes)] = pieces {
        return socket.send_to_with_flags(bytes, &(*to).into(), SEND_FLAGS).map(|_| 1);
    }
    let names: Vec<SockAddr> = pieces.iter().map(|(to, _)| (*to).into()).collect();
    let mut pieces: Vec<libc::iovec> = pieces
        .iter()
        .map(|(_, bytes)| libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        })
        .collect();
    let mut headers: Vec<libc::mmsghdr> = names
        .iter()
        .zip(&mut pieces)
        .map(|(name, piece)| header(name.as_ptr().cast_mut().cast(), name.len(), piece))
        .collect();
    // SAFETY: each header points to a name and a piece that outlive the call, and each piece to the
    // bytes of a slice; sending only reads them.
    let count = unsafe {
        let (all, flags) = (headers.len() as _, SEND_FLAGS as _);
        libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), all, flags)
    };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

fn header(
    name: *mut libc::c_void,
    name_len: libc::socklen_t,
    piece: &mut libc::iovec,
) -> libc::mmsghdr {
    // SAFETY: a C structure of pointers and numbers, for which all zero is valid.
    let mut header: libc::mmsghdr = unsafe { mem::zeroed() };
    header.msg_hdr.msg_name = name;
    header.msg_hdr.msg_namelen = name_len;
    header.msg_hdr.msg_iov = piece;
    header.msg_hdr.msg_iovlen = 1;
    header
}
