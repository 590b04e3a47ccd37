//! UDP: a bound socket whose system calls move up to [`BATCH`](crate::engine::datagram::BATCH) datagrams at once where
//! the system can do that (Linux), and one at a time elsewhere.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::io::Interest;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
use self::single as calls;
#[cfg(any(target_os = "linux", target_os = "android"))]
use super::mmsg as calls;
#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
use super::slots::SLOT;
pub use super::slots::Slots;
#[cfg(test)]
use crate::engine::datagram::BATCH;
use crate::engine::datagram::Piece;
use crate::engine::error::{Endpoint, Error};

/// Binds a socket that does not block. An unspecified IPv6 address also takes IPv4, as in Node.
pub fn bind(address: SocketAddr) -> Result<Socket, Error> {
    let bind = || {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.bind(&address.into())?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    bind().map_err(|error| Error::new("bind", error, Some(Endpoint::Ip(address))))
}

/// Sends up to [`BATCH`](crate::engine::datagram::BATCH) datagrams, from any thread, without waiting. Returns how many were sent, at
/// least one; an error is about the first of them.
pub fn send(socket: &SockRef<'_>, pieces: &[Piece<'_>]) -> io::Result<usize> {
    calls::send(socket, pieces)
}

/// A bound socket, registered with a runtime.
#[derive(Debug)]
pub struct UdpSocket(tokio::net::UdpSocket);

impl UdpSocket {
    /// Registers `socket` with the current runtime.
    pub fn attach(socket: Socket) -> io::Result<Self> {
        tokio::net::UdpSocket::from_std(socket.into()).map(Self)
    }

    /// Waits until a datagram may be received.
    pub async fn readable(&self) -> io::Result<()> {
        self.0.readable().await
    }

    /// Waits until a datagram may be sent.
    pub async fn writable(&self) -> io::Result<()> {
        self.0.writable().await
    }

    /// Receives as many datagrams as one system call returns, if the driver has seen the socket
    /// readable.
    pub fn try_receive(&self, slots: &mut Slots) -> io::Result<()> {
        let result = self.0.try_io(Interest::READABLE, || {
            slots.receive(&self.socket())?;
            // Fewer than requested: there are no more. This is reported as "not ready any more", so
            // that the driver waits for the next edge instead of making another system call in vain.
            if !slots.are_full() && cfg!(unix) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(())
        });
        if slots.filled.is_empty() { result } else { Ok(()) }
    }

    /// As [`send`], if the driver has seen the socket writable.
    pub fn try_send(&self, pieces: &[Piece<'_>]) -> io::Result<usize> {
        self.0.try_io(Interest::WRITABLE, || send(&self.socket(), pieces))
    }

    /// The socket itself.
    pub fn socket(&self) -> SockRef<'_> {
        SockRef::from(&self.0)
    }
}

/// Whether a failed receive only says that an earlier datagram did not reach anyone. Windows reports
/// that to the sender's socket, where it says nothing about the socket itself.
pub fn is_echo(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused)
}

impl Slots {
    /// Receives as many datagrams as one system call gives, without waiting.
    pub fn receive(&mut self, socket: &SockRef<'_>) -> io::Result<()> {
        self.start();
        calls::receive(socket, self)
    }
}

/// One datagram per system call, for systems that have no better way.
#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
mod single {
    use super::*;

    pub fn receive(socket: &SockRef<'_>, slots: &mut Slots) -> io::Result<()> {
        for slot in slots.room.chunks_exact_mut(SLOT).take(slots.most) {
            match socket.recv_from(slot) {
                Ok((len, from)) => slots.filled.extend(from.as_socket().map(|from| (len, from))),
                Err(error) if slots.filled.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(())
    }

    pub fn send(socket: &SockRef<'_>, pieces: &[Piece<'_>]) -> io::Result<usize> {
        for (count, (to, bytes)) in pieces.iter().enumerate() {
            match socket.send_to(bytes, &(*to).into()) {
                Ok(_) => {}
                Err(error) if count == 0 => return Err(error),
                Err(_) => return Ok(count),
            }
        }
        Ok(pieces.len())
    }
}

/// A numeric option of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// May send to broadcast addresses: 0 or 1.
    Broadcast,
    /// Hops that a datagram may take.
    Ttl,
    /// Hops that a multicast datagram may take.
    MulticastTtl,
    /// Multicast datagrams also reach this machine: 0 or 1.
    MulticastLoopback,
    /// The system's receive buffer, in bytes.
    ReceiveBuffer,
    /// The system's send buffer, in bytes.
    SendBuffer,
}

fn is_v6(socket: &SockRef<'_>) -> io::Result<bool> {
    Ok(socket.local_addr()?.is_ipv6())
}

/// Changes a setting.
pub fn set(socket: &SockRef<'_>, setting: Setting, value: u32) -> io::Result<()> {
    let v6 = is_v6(socket)?;
    match setting {
        Setting::Broadcast => socket.set_broadcast(value != 0),
        Setting::Ttl if v6 => socket.set_unicast_hops_v6(value),
        Setting::Ttl => socket.set_ttl_v4(value),
        Setting::MulticastTtl if v6 => socket.set_multicast_hops_v6(value),
        Setting::MulticastTtl => socket.set_multicast_ttl_v4(value),
        Setting::MulticastLoopback if v6 => socket.set_multicast_loop_v6(value != 0),
        Setting::MulticastLoopback => socket.set_multicast_loop_v4(value != 0),
        Setting::ReceiveBuffer => socket.set_recv_buffer_size(value as usize),
        Setting::SendBuffer => socket.set_send_buffer_size(value as usize),
    }
}

/// The size of one of the system's buffers.
pub fn buffer_size(socket: &SockRef<'_>, setting: Setting) -> io::Result<usize> {
    match setting {
        Setting::ReceiveBuffer => socket.recv_buffer_size(),
        Setting::SendBuffer => socket.send_buffer_size(),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Makes multicast datagrams leave by an interface: for IPv4 given by its address, for IPv6 by the
/// zone of a wildcard address.
pub fn set_multicast_interface(socket: &SockRef<'_>, interface: SocketAddr) -> io::Result<()> {
    match (is_v6(socket)?, interface) {
        (false, SocketAddr::V4(at)) => socket.set_multicast_if_v4(at.ip()),
        (true, SocketAddr::V6(at)) => socket.set_multicast_if_v6(at.scope_id()),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Joins or leaves a multicast group, on one interface (given as above; by default, the system chooses)
/// and, for IPv4, for one source only.
pub fn set_membership(
    socket: &SockRef<'_>,
    join: bool,
    group: IpAddr,
    interface: Option<SocketAddr>,
    source: Option<IpAddr>,
) -> io::Result<()> {
    let v4 = |at: Option<SocketAddr>| match at {
        None => Ok(Ipv4Addr::UNSPECIFIED),
        Some(SocketAddr::V4(at)) => Ok(*at.ip()),
        Some(_) => Err(io::Error::from(io::ErrorKind::InvalidInput)),
    };
    match (group, source) {
        (IpAddr::V4(group), None) if join => socket.join_multicast_v4(&group, &v4(interface)?),
        (IpAddr::V4(group), None) => socket.leave_multicast_v4(&group, &v4(interface)?),
        (IpAddr::V4(group), Some(IpAddr::V4(source))) if join => {
            socket.join_ssm_v4(&source, &group, &v4(interface)?)
        }
        (IpAddr::V4(group), Some(IpAddr::V4(source))) => {
            socket.leave_ssm_v4(&source, &group, &v4(interface)?)
        }
        (IpAddr::V6(group), None) => change_v6(socket, join, group, interface),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

fn change_v6(
    socket: &SockRef<'_>,
    join: bool,
    group: Ipv6Addr,
    interface: Option<SocketAddr>,
) -> io::Result<()> {
    let index = match interface {
        None => 0,
        Some(SocketAddr::V6(at)) => at.scope_id(),
        Some(_) => return Err(io::ErrorKind::InvalidInput.into()),
    };
    if join {
        socket.join_multicast_v6(&group, index)
    } else {
        socket.leave_multicast_v6(&group, index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Receive = fn(&SockRef<'_>, &mut Slots) -> io::Result<()>;
    type Send = fn(&SockRef<'_>, &[Piece<'_>]) -> io::Result<usize>;

    fn socket(address: &str) -> std::net::UdpSocket {
        let socket = std::net::UdpSocket::bind(address).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    }

    fn exchange(at: &str, send: Send, receive: Receive) {
        let (one, two) = (socket(at), socket(at));
        let from = one.local_addr().unwrap();
        let to = two.local_addr().unwrap();
        let mut slots = Slots::new();
        let nothing = receive(&SockRef::from(&two), &mut slots).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);

        let bytes: Vec<Vec<u8>> = (0..BATCH).map(|n| vec![n as u8; n * 100]).collect();
        let pieces: Vec<Piece<'_>> = bytes.iter().map(|b| (to, &b[..])).collect();
        assert_eq!(send(&SockRef::from(&one), &pieces).unwrap(), BATCH);
        let mut received = Vec::new();
        while received.len() < BATCH {
            slots.start();
            receive(&SockRef::from(&two), &mut slots).unwrap();
            received.extend(slots.datagrams().map(|(peer, bytes)| (peer, bytes.to_vec())));
        }
        assert_eq!(received, bytes.iter().map(|b| (from, b.clone())).collect::<Vec<_>>());

        let large = vec![0; SLOT];
        let pieces: [Piece<'_>; 3] = [(to, b"small"), (to, &large), (to, b"small")];
        assert_eq!(send(&SockRef::from(&one), &pieces).unwrap(), 1);
        assert!(send(&SockRef::from(&one), &pieces[1..]).is_err());
    }

    #[test]
    fn one_datagram_per_call() {
        exchange("127.0.0.1:0", single::send, single::receive);
    }

    #[test]
    fn many_datagrams_per_call() {
        exchange("127.0.0.1:0", calls::send, calls::receive);
        if std::net::UdpSocket::bind("[::1]:0").is_ok() {
            exchange("[::1]:0", calls::send, calls::receive);
        }
    }
}
