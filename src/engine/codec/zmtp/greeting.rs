//! The first 64 bytes of each side: which version, which mechanism. Used by the decoder.

use super::Fault;

/// The bytes of a greeting.
pub const GREETING: usize = 64;

const VERSION: usize = 10;
const MECHANISM: usize = 12;
const MECHANISM_END: usize = 32;
const NULL: [u8; MECHANISM_END - MECHANISM] = *b"NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// What each side sends first: ZMTP 3.1, NULL. libzmq waits for its beginning, and accepts all of it at once.
pub fn greeting() -> [u8; GREETING] {
    let mut greeting = [0; GREETING];
    greeting[0] = 0xff;
    greeting[8] = 1; // as libzmq does, for peers older than 2.0
    greeting[9] = 0x7f;
    greeting[VERSION] = 3;
    greeting[VERSION + 1] = 1;
    greeting[MECHANISM..MECHANISM_END].copy_from_slice(&NULL);
    greeting
}

/// Whether the peer knows heartbeats, once its greeting is complete. A fault is reported as soon as it shows.
pub(super) fn check(received: &[u8]) -> Result<Option<bool>, Fault> {
    match received {
        [] | [0xff] => return Ok(None),
        [0xff, ..] => {}
        [_] => return Ok(None), // the next byte tells what it is
        // The length of an identity, and its flags.
        [1..=0xfe, 0, ..] => return Err(Fault::Version("1.0")),
        _ => return Err(Fault::NotZmtp),
    }
    // In 1.0 these are the flags after a long length.
    if received.get(9).is_some_and(|flags| flags & 1 == 0) {
        return Err(Fault::Version("1.0"));
    }
    match received.get(VERSION) {
        Some(0) => return Err(Fault::Version("1.0")),
        Some(1..=2) => return Err(Fault::Version("2.0")),
        _ => {}
    }
    if let Some(mechanism) = received.get(MECHANISM..MECHANISM_END)
        && mechanism != NULL
    {
        let name = mechanism.split(|&byte| byte == 0).next().unwrap_or_default();
        return Err(Fault::Mechanism(String::from_utf8_lossy(name).into_owned()));
    }
    if received.len() < GREETING {
        return Ok(None);
    }
    Ok(Some((received[VERSION], received[VERSION + 1]) >= (3, 1)))
}
