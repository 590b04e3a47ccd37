//! Reading and writing on a Unix socket together with descriptors: Linux's `recvmsg` and `sendmsg`. Used by the drivers
//! where both sides of a connection have said that they can do that ([`crate::engine::greeting`]).
//!
//! A descriptor comes with the first of the bytes that were written with it, and a read ends with these bytes. So a read brings
//! those of one write at most.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use bytes::{BufMut, BytesMut};
use socket2::SockRef;

use super::attachment::{Attachment, Received};
use super::sealed;

/// Bytes of a descriptor.
const DESCRIPTOR: usize = size_of::<libc::c_int>();

/// Room for one descriptor with its header, and for what that is padded with.
#[repr(C)]
union Control {
    bytes: [u8; 64],
    _aligned: libc::cmsghdr,
}

/// As [`super::receive`], with the memory that has come along, of at most `largest` bytes.
pub fn receive(
    socket: &SockRef<'_>,
    buffer: &mut BytesMut,
    most: usize,
    largest: usize,
) -> io::Result<Received> {
    let room = buffer.spare_capacity_mut();
    let mut piece =
        libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: most.min(room.len()) };
    let mut control = Control { bytes: [0; 64] };
    let mut header = header(&mut piece, &mut control);
    let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    let len = loop {
        // SAFETY: the header points to one piece and to the room for descriptors, both of their lengths, which outlive the
        // call.
        match unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, flags) } {
            -1 => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
            len => break len as usize,
        }
    };
    // SAFETY: the system has initialised `len` bytes of the spare capacity.
    unsafe { buffer.advance_mut(len) };
    let descriptors = descriptors(&header);
    let is_cut = header.msg_flags & libc::MSG_CTRUNC != 0;
    Ok(Received { len, attachment: attachment(descriptors, is_cut, largest) })
}

/// What has come with a read. `is_cut`: not all of it.
fn attachment(mut descriptors: Vec<OwnedFd>, is_cut: bool, largest: usize) -> Option<Attachment> {
    match (descriptors.len(), is_cut) {
        (0, false) => None,
        (0, true) => Some(Attachment::Lost), // this process has no descriptor left
        (1, false) => descriptors.pop().map(|one| sealed::open(one, largest)),
        _ => {
            sealed::close_elsewhere(descriptors);
            Some(Attachment::Invalid)
        }
    }
}

/// The descriptors that a call has brought.
#[allow(clippy::unnecessary_cast)] // the type of a length depends on the platform
fn descriptors(header: &libc::msghdr) -> Vec<OwnedFd> {
    let mut all = Vec::new();
    // SAFETY: the system has written as much as `msg_controllen` says, and the macros stay within that. Each descriptor is
    // new, and has no other owner. They may lie anywhere.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(header);
        while let Some(part) = next.as_ref() {
            if (part.cmsg_level, part.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
                let bytes = (part.cmsg_len as usize).saturating_sub(libc::CMSG_LEN(0) as usize);
                let first = libc::CMSG_DATA(part).cast::<libc::c_int>();
                for index in 0..bytes / DESCRIPTOR {
                    all.push(OwnedFd::from_raw_fd(first.add(index).read_unaligned()));
                }
            }
            next = libc::CMSG_NXTHDR(header, part);
        }
    }
    all
}

/// Writes once, from any thread, without blocking: `bytes`, which are some, and the descriptor with the first of them. On
/// an error the peer gets neither.
pub fn send(socket: &SockRef<'_>, bytes: &[u8], memory: BorrowedFd<'_>) -> io::Result<usize> {
    #[cfg(test)]
    super::failing::look(socket)?;
    let mut piece =
        libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut control = Control { bytes: [0; 64] };
    let mut header = header(&mut piece, &mut control);
    // SAFETY: the room is larger than the space for one descriptor, and aligned.
    unsafe {
        header.msg_controllen = libc::CMSG_SPACE(DESCRIPTOR as u32) as _;
        let part = libc::CMSG_FIRSTHDR(&raw const header);
        (*part).cmsg_level = libc::SOL_SOCKET;
        (*part).cmsg_type = libc::SCM_RIGHTS;
        (*part).cmsg_len = libc::CMSG_LEN(DESCRIPTOR as u32) as _;
        libc::CMSG_DATA(part).cast::<libc::c_int>().write_unaligned(memory.as_raw_fd());
    }
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    loop {
        // SAFETY: the header points to one piece and one descriptor, which outlive the call; nothing is written to.
        match unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, flags) } {
            -1 => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
            len => return Ok(len as usize),
        }
    }
}

fn header(piece: &mut libc::iovec, control: &mut Control) -> libc::msghdr {
    // SAFETY: all zero is a header without anything.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = ptr::from_mut(piece);
    header.msg_iovlen = 1;
    header.msg_control = ptr::from_mut(control).cast();
    header.msg_controllen = size_of::<Control>() as _;
    header
}
