//! IP addresses and ports as numbers, since every datagram needs them in JavaScript: port, family (4
//! or 6), the address (one word or four) and its zone. Mirrored in `src/js/engine/datagrams.js`.

use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::engine::transport::zone;

/// How many numbers an address takes.
pub const WORDS: usize = 7;

/// Writes `address` to the beginning of `words`.
pub fn write(address: SocketAddr, words: &mut [u32]) {
    words[..WORDS].fill(0);
    words[0] = address.port().into();
    match address {
        SocketAddr::V4(v4) => {
            words[1] = 4;
            words[2] = v4.ip().to_bits();
        }
        SocketAddr::V6(v6) => {
            words[1] = 6;
            for (index, word) in words[2..6].iter_mut().enumerate() {
                *word = (v6.ip().to_bits() >> (96 - 32 * index)) as u32;
            }
            words[6] = v6.scope_id();
        }
    }
}

/// Reads an address from the beginning of `words`.
pub fn read(words: &[u32]) -> SocketAddr {
    let port = words[0] as u16;
    if words[1] == 4 {
        return (words[2].to_be_bytes(), port).into();
    }
    let bits = words[2..6].iter().fold(0, |bits, &word| bits << 32 | u128::from(word));
    SocketAddrV6::new(Ipv6Addr::from_bits(bits), port, 0, words[6]).into()
}

/// The text of an address without its port.
pub fn ip(address: SocketAddr) -> String {
    match address {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => {
            format!("{}%{}", v6.ip(), zone::name(v6.scope_id()))
        }
        _ => address.ip().to_string(),
    }
}
