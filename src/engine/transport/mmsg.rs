//! Several datagrams per system call: Linux's `recvmmsg` and `sendmmsg`. Several datagrams of one size
//! are also passed as one large one, which the system cuts last (`UDP_SEGMENT`). Used by udp.rs.

use std::io;
use std::iter;
use std::mem;
use std::os::fd::AsRawFd;
use std::ptr;
use std::slice;
use std::sync::OnceLock;

use socket2::{SockAddr, SockAddrStorage, SockRef};

use super::slots::{SLOT, Slots};
use crate::engine::datagram::Piece;

/// The largest datagrams that the system is given as one to cut: the largest that fit on the way to any
/// peer (IPv6 guarantees 1280 bytes with headers). For larger ones it would save less anyway.
const CUT_AT_MOST: usize = 1232;

const SEND_FLAGS: libc::c_int = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;

/// Fills `slots` with the datagrams that are there, without waiting.
pub fn receive(socket: &SockRef<'_>, slots: &mut Slots) -> io::Result<()> {
    let most = slots.most;
    let mut names: Vec<SockAddrStorage> = (0..most).map(|_| SockAddrStorage::zeroed()).collect();
    let mut pieces: Vec<libc::iovec> = slots
        .room
        .chunks_exact_mut(SLOT)
        .take(most)
        .map(|slot| libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: SLOT })
        .collect();
    let mut headers: Vec<libc::mmsghdr> = names
        .iter_mut()
        .zip(&mut pieces)
        .map(|(name, piece)| {
            header(ptr::from_mut(name).cast(), name.size_of(), slice::from_mut(piece))
        })
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
    if can_cut(socket) {
        let runs: Vec<&[Piece<'_>]> = runs(pieces).collect();
        if runs.len() < pieces.len()
            && let Ok(count) = send_runs(socket, &runs)
        {
            return Ok(count);
        }
        // An error with a run concerns all of it (the route may be unable to cut it), so its
        // datagrams are sent one by one.
    }
    let ones: Vec<&[Piece<'_>]> = pieces.chunks(1).collect();
    send_runs(socket, &ones)
}

/// Whether the system can cut what it is given into datagrams (since Linux 4.18; older versions would
/// send it as one).
fn can_cut(socket: &SockRef<'_>) -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let mut value: libc::c_int = 0;
        let mut len = size_of_val(&value) as libc::socklen_t;
        let (fd, room) = (socket.as_raw_fd(), ptr::from_mut(&mut value).cast());
        // SAFETY: the option's value fits into the room, whose length is given.
        unsafe { libc::getsockopt(fd, libc::SOL_UDP, libc::UDP_SEGMENT, room, &mut len) == 0 }
    })
}

/// Splits `pieces` into runs that the system can be given as one: with one address and one size, except
/// that the last may be smaller.
fn runs<'a, 'b>(mut pieces: &'b [Piece<'a>]) -> impl Iterator<Item = &'b [Piece<'a>]> {
    iter::from_fn(move || {
        let ((to, first), others) = pieces.split_first()?;
        let mut count = 1;
        if (1..=CUT_AT_MOST).contains(&first.len()) {
            let same = others.iter().take_while(|(at, b)| at == to && b.len() == first.len());
            count += same.count();
            let last = pieces.get(count).filter(|(at, b)| at == to && b.len() < first.len());
            count += usize::from(last.is_some_and(|(_, b)| !b.is_empty()));
        }
        let run;
        (run, pieces) = pieces.split_at(count);
        Some(run)
    })
}

/// A run's control message: the size to cut at.
#[repr(C)]
struct Cut {
    header: libc::cmsghdr,
    size: u16,
}

impl Cut {
    fn new(size: usize) -> Self {
        // SAFETY: a C structure of numbers, for which all zero is valid.
        let mut header: libc::cmsghdr = unsafe { mem::zeroed() };
        header.cmsg_level = libc::SOL_UDP;
        header.cmsg_type = libc::UDP_SEGMENT;
        header.cmsg_len = (size_of::<libc::cmsghdr>() + size_of::<u16>()) as _;
        Self { header, size: size as u16 }
    }
}

/// Sends as many of `runs` as the system takes now. Returns the number of datagrams.
fn send_runs(socket: &SockRef<'_>, runs: &[&[Piece<'_>]]) -> io::Result<usize> {
    let names: Vec<SockAddr> = runs.iter().map(|run| run[0].0.into()).collect();
    let mut cuts: Vec<Cut> = runs.iter().map(|run| Cut::new(run[0].1.len())).collect();
    let mut pieces: Vec<libc::iovec> = runs
        .iter()
        .flat_map(|run| run.iter())
        .map(|(_, bytes)| libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        })
        .collect();
    let mut rest = &mut pieces[..];
    let mut headers = Vec::with_capacity(runs.len());
    for ((run, name), cut) in runs.iter().zip(&names).zip(&mut cuts) {
        let (own, others) = rest.split_at_mut(run.len());
        rest = others;
        let mut header = header(name.as_ptr().cast_mut().cast(), name.len(), own);
        if run.len() > 1 {
            header.msg_hdr.msg_control = ptr::from_mut(cut).cast();
            header.msg_hdr.msg_controllen = size_of::<Cut>() as _;
        }
        headers.push(header);
    }
    // SAFETY: each header points to a name, as many pieces as it says and perhaps a control message,
    // which outlive the call, and each piece to the bytes of a slice; sending only reads them.
    let count = unsafe {
        let (all, flags) = (headers.len() as _, SEND_FLAGS as _);
        libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), all, flags)
    };
    let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    Ok(runs[..count].iter().map(|run| run.len()).sum())
}

fn header(
    name: *mut libc::c_void,
    name_len: libc::socklen_t,
    pieces: &mut [libc::iovec],
) -> libc::mmsghdr {
    // SAFETY: a C structure of pointers and numbers, for which all zero is valid.
    let mut header: libc::mmsghdr = unsafe { mem::zeroed() };
    header.msg_hdr.msg_name = name;
    header.msg_hdr.msg_namelen = name_len;
    header.msg_hdr.msg_iov = pieces.as_mut_ptr();
    header.msg_hdr.msg_iovlen = pieces.len() as _;
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::datagram::BATCH;
    use std::net::{SocketAddr, UdpSocket};

    fn bound(address: &str) -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    fn sizes(pieces: &[Piece<'_>]) -> Vec<Vec<usize>> {
        runs(pieces).map(|run| run.iter().map(|(_, bytes)| bytes.len()).collect()).collect()
    }

    #[test]
    fn a_run_has_one_address_and_one_size_except_for_a_smaller_last_one() {
        let (one, two) = (([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into());
        let room = vec![0; CUT_AT_MOST + 1];
        let of = |to: SocketAddr, len: usize| (to, &room[..len]);
        assert_eq!(
            sizes(&[of(one, 5), of(one, 5), of(one, 3), of(one, 3), of(two, 3), of(two, 4)]),
            [vec![5, 5, 3], vec![3], vec![3], vec![4]]
        );
        assert_eq!(
            sizes(&[of(one, 0), of(one, 0), of(one, 2), of(one, 0)]),
            [vec![0], vec![0], vec![2], vec![0]]
        );
        let most = CUT_AT_MOST;
        assert_eq!(
            sizes(&[of(one, most), of(one, most), of(one, most + 1), of(one, most + 1)]),
            [vec![most, most], vec![most + 1], vec![most + 1]]
        );
    }

    #[test]
    fn what_was_sent_as_runs_arrives_as_it_was() {
        for at in ["127.0.0.1:0", "[::1]:0"] {
            if UdpSocket::bind(at).is_err() {
                continue;
            }
            let ((from, _), (one, to_one), (two, to_two)) = (bound(at), bound(at), bound(at));
            let bytes: Vec<Vec<u8>> = (0..BATCH as u8)
                .map(|n| vec![n; [7, 7, 7, 3, 0, 1232][n as usize / 3 % 6]])
                .collect();
            let pieces: Vec<Piece<'_>> = bytes
                .iter()
                .enumerate()
                .map(|(n, bytes)| (if n % 8 == 7 { to_two } else { to_one }, &bytes[..]))
                .collect();
            assert!(runs(&pieces).count() < pieces.len());
            assert_eq!(send(&SockRef::from(&from), &pieces).unwrap(), BATCH);
            for (to, bytes) in pieces {
                let mut room = vec![0; SLOT];
                let receiver = if to == to_one { &one } else { &two };
                let len = receiver.recv(&mut room).unwrap();
                assert_eq!(&room[..len], bytes);
            }
        }
    }

    #[test]
    fn a_failure_within_runs_is_about_its_datagram() {
        let ((from, _), (one, to)) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
        let wrong = ([127, 0, 0, 1], 0).into(); // nothing can be sent to port 0
        let from = SockRef::from(&from);
        let pieces: [Piece<'_>; 5] =
            [(to, b"one"), (to, b"two"), (wrong, b"lost"), (wrong, b"gone"), (to, b"three")];
        assert_eq!(send(&from, &pieces).unwrap(), 2);
        assert!(send(&from, &pieces[2..]).is_err());
        assert!(send(&from, &pieces[3..]).is_err());
        assert_eq!(send(&from, &pieces[4..]).unwrap(), 1);
        for expected in [&b"one"[..], b"two", b"three"] {
            let mut room = [0; 9];
            let len = one.recv(&mut room).unwrap();
            assert_eq!(&room[..len], expected);
        }
    }
}
