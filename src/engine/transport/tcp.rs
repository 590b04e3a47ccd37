//! TCP: connects to the first address that answers, and listens as Node does.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::BACKLOG;
use crate::engine::error::{Endpoint, Error};

/// How long an address may take while there is another to try (Node's
/// `autoSelectFamilyAttemptTimeout` default).
const ATTEMPT: Duration = Duration::from_millis(250);

/// Where to connect to, and from where.
#[derive(Debug, Clone)]
pub struct TcpTarget {
    /// Tried in order. The caller resolves names.
    pub addresses: Vec<SocketAddr>,
    /// Local address to connect from; the system's choice if `None`.
    pub local_address: Option<IpAddr>,
    /// Local port to connect from; 0: the system's choice.
    pub local_port: u16,
}

/// Connects. If that fails, one error per address.
pub async fn connect(target: &TcpTarget) -> Result<TcpStream, Vec<Error>> {
    let mut errors = Vec::new();
    for (index, &address) in target.addresses.iter().enumerate() {
        let attempt = connect_to(address, target);
        let result = if index + 1 == target.addresses.len() {
            attempt.await
        } else {
            timeout(ATTEMPT, attempt).await.unwrap_or_else(|_| {
                Err(Error::new(
                    "connect",
                    io::ErrorKind::TimedOut.into(),
                    Some(Endpoint::Ip(address)),
                ))
            })
        };
        match result {
            Ok(stream) => return Ok(stream),
            Err(error) => errors.push(error),
        }
    }
    Err(errors)
}

/// Connects to one address. As in libuv, tries once more after a signal.
async fn connect_to(address: SocketAddr, target: &TcpTarget) -> Result<TcpStream, Error> {
    loop {
        match try_to_connect(address, target).await {
            Err(error) if error.source.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

async fn try_to_connect(address: SocketAddr, target: &TcpTarget) -> Result<TcpStream, Error> {
    let fail = |syscall, error, at| Error::new(syscall, error, Some(Endpoint::Ip(at)));
    let (socket, any): (_, IpAddr) = match address {
        SocketAddr::V4(_) => (TcpSocket::new_v4(), Ipv4Addr::UNSPECIFIED.into()),
        SocketAddr::V6(_) => (TcpSocket::new_v6(), Ipv6Addr::UNSPECIFIED.into()),
    };
    let socket = socket.map_err(|error| fail("connect", error, address))?;
    if target.local_address.is_some() || target.local_port != 0 {
        // As in libuv: a port that an earlier connection of this process has left is free. On Windows the option
        // means something else.
        #[cfg(unix)]
        let _ = socket.set_reuseaddr(true);
        let local = SocketAddr::new(target.local_address.unwrap_or(any), target.local_port);
        socket.bind(local).map_err(|error| fail("bind", error, local))?;
    }
    #[cfg(windows)]
    refuse_at_once(&socket, address);
    let stream = socket.connect(address).await.map_err(|error| fail("connect", error, address))?;
    // Messages need low latency: a segment is never held back to fill it.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Windows tries a refused port on its own machine three times, for two seconds. Here, as in libuv, it
/// tries once.
#[cfg(windows)]
fn refuse_at_once(socket: &TcpSocket, address: SocketAddr) {
    use std::os::windows::io::AsRawSocket;
    use windows_sys::Win32::Networking::WinSock::{
        SIO_TCP_INITIAL_RTO, TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS, TCP_INITIAL_RTO_PARAMETERS,
        WSAIoctl,
    };
    if !address.ip().is_loopback() {
        return;
    }
    let parameters = TCP_INITIAL_RTO_PARAMETERS {
        Rtt: u16::MAX, // unchanged
        MaxSynRetransmissions: TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS as u8,
    };
    let mut returned = 0;
    // SAFETY: the socket is open, and the parameters live until the call returns. If the call fails
    // (Windows before 10.0.16299), connecting takes longer.
    unsafe {
        WSAIoctl(
            socket.as_raw_socket() as usize,
            SIO_TCP_INITIAL_RTO,
            (&raw const parameters).cast(),
            size_of_val(&parameters) as u32,
            std::ptr::null_mut(),
            0,
            &mut returned,
            std::ptr::null_mut(),
            None,
        );
    }
}

/// A listening socket on `address`; an unspecified IPv6 address also takes IPv4.
pub fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?; // on Windows this would let other programs take over the port
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
