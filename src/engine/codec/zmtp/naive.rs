//! Reads a whole stream from slices: the reference that the tests compare the decoder with.

use bytes::Bytes;

use super::{Decoded, Fault, Kind, Limits, MAX_COMMAND, Ready};

/// Everything in a stream, and the fault that ends it: read at once, from slices.
pub fn naive(mut stream: &[u8], kind: Kind, limits: Limits) -> (Vec<Decoded>, Option<Fault>) {
    let mut all = Vec::new();
    let fault = read(&mut stream, kind, limits, &mut all).err().flatten();
    (all, fault)
}

/// Takes this many bytes. `Err(None)`: there are fewer.
fn part<'a>(stream: &mut &'a [u8], len: u64) -> Result<&'a [u8], Option<Fault>> {
    let (part, rest) =
        usize::try_from(len).ok().and_then(|len| stream.split_at_checked(len)).ok_or(None)?;
    *stream = rest;
    Ok(part)
}

fn read(
    stream: &mut &[u8],
    kind: Kind,
    limits: Limits,
    all: &mut Vec<Decoded>,
) -> Result<(), Option<Fault>> {
    // An incomplete frame is judged by the part that is there.
    let at = |index: usize| stream.get(index).copied();
    match (at(0), at(1)) {
        (None, _) | (_, None) => return Ok(()),
        (Some(0xff), _) => {}
        (Some(length), Some(0)) if length > 0 => return Err(Some(Fault::Version("1.0"))),
        _ => return Err(Some(Fault::NotZmtp)),
    }
    if at(9).is_some_and(|byte| byte % 2 == 0) || at(10) == Some(0) {
        return Err(Some(Fault::Version("1.0")));
    }
    if at(10).is_some_and(|major| major < 3) {
        return Err(Some(Fault::Version("2.0")));
    }
    let null = [b"NULL".as_slice(), &[0; 16]].concat();
    if let Some(mechanism) = stream.get(12..32).filter(|mechanism| *mechanism != null) {
        let name: Vec<u8> = mechanism.iter().copied().take_while(|byte| *byte != 0).collect();
        return Err(Some(Fault::Mechanism(String::from_utf8_lossy(&name).into())));
    }
    let greeting = part(stream, 64)?;
    let heartbeats = greeting[10] > 3 || greeting[11] > 0;
    all.push(Decoded::Greeted { heartbeats });
    let (mut is_ready, mut message) = (false, Vec::<Bytes>::new());
    loop {
        let flags = part(stream, 1)?[0];
        let is_command = match flags {
            0..=3 => false,
            4 | 6 => true,
            _ => return Err(Some(Fault::Flags(flags))),
        };
        let len = match flags & 2 {
            0 => part(stream, 1)?[0].into(),
            _ => u64::from_be_bytes(part(stream, 8)?.try_into().unwrap()),
        };
        if is_command {
            if len > MAX_COMMAND as u64 {
                return Err(Some(Fault::CommandTooLarge(len)));
            }
            let body = part(stream, len)?;
            command(body, kind, &mut is_ready, all).map_err(Some)?;
            continue;
        }
        if !is_ready {
            return Err(Some(Fault::NotReady("a message")));
        }
        let len_of_all = len.saturating_add(message.iter().map(|frame| frame.len() as u64).sum());
        if len_of_all > limits.message as u64 {
            return Err(Some(Fault::TooLarge { len: len_of_all, limit: limits.message }));
        }
        if message.len() == limits.frames {
            return Err(Some(Fault::TooManyFrames(limits.frames)));
        }
        message.push(Bytes::copy_from_slice(part(stream, len)?));
        if flags & 1 == 0 {
            all.push(Decoded::Message(std::mem::take(&mut message)));
        }
    }
}

fn command(
    body: &[u8],
    kind: Kind,
    is_ready: &mut bool,
    all: &mut Vec<Decoded>,
) -> Result<(), Fault> {
    let name = body.first().and_then(|&len| body.get(1..1 + usize::from(len)));
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(Fault::Command("it has no name"));
    };
    let data = &body[1 + name.len()..];
    let context = |data: &[u8]| Bytes::copy_from_slice(data);
    match (name, *is_ready) {
        (b"ERROR", _) => {
            let reason = data.get(1..).unwrap_or_default();
            Err(Fault::Refused(String::from_utf8_lossy(&reason[..reason.len().min(255)]).into()))
        }
        (b"READY", false) => {
            *is_ready = true;
            all.push(Decoded::Ready(properties(data, kind)?));
            Ok(())
        }
        (_, false) => Err(Fault::NotReady("another command")),
        (b"READY", true) => Err(Fault::Command("READY comes a second time")),
        (b"PING", true) => match data {
            [_, _, rest @ ..] if rest.len() > 16 => {
                Err(Fault::Command("a PING with more than 16 bytes of context"))
            }
            [high, low, rest @ ..] => {
                let ttl = u16::from_be_bytes([*high, *low]);
                all.push(Decoded::Ping { ttl, context: context(rest) });
                Ok(())
            }
            _ => Err(Fault::Command("a PING without its time to live")),
        },
        (b"PONG", true) if data.len() > 16 => {
            Err(Fault::Command("a PONG with more than 16 bytes of context"))
        }
        (b"PONG", true) => {
            all.push(Decoded::Pong { context: context(data) });
            Ok(())
        }
        _ => Ok(()),
    }
}

fn properties(mut data: &[u8], ours: Kind) -> Result<Ready, Fault> {
    let mut found: Vec<(String, &[u8])> = Vec::new();
    while !data.is_empty() {
        let name_end = 1 + usize::from(data[0]);
        let name = data.get(1..name_end).filter(|name| !name.is_empty());
        let name = name.ok_or(Fault::Ready("a property has no name"))?;
        let cut_off = Fault::Ready("a property is cut off");
        let Some((len, rest)) = data[name_end..].split_first_chunk() else { return Err(cut_off) };
        let Some(value) = rest.get(..u32::from_be_bytes(*len) as usize) else {
            return Err(cut_off);
        };
        found.push((String::from_utf8_lossy(name).to_lowercase(), value));
        data = &rest[value.len()..];
    }
    let last = |wanted: &str| found.iter().rfind(|(name, _)| name == wanted).map(|(_, v)| *v);
    let Some(theirs) = last("socket-type") else {
        return Err(Fault::Ready("it has no Socket-Type"));
    };
    let theirs = String::from_utf8_lossy(theirs).into_owned();
    let goes = match ours {
        Kind::Req => ["REP", "ROUTER"].contains(&&*theirs),
        Kind::Rep => ["REQ", "DEALER"].contains(&&*theirs),
        Kind::Dealer | Kind::Router => {
            let other = if ours == Kind::Dealer { "REP" } else { "REQ" };
            [other, "DEALER", "ROUTER"].contains(&&*theirs)
        }
    };
    if !goes {
        return Err(Fault::SocketType { ours, theirs });
    }
    let identity = last("identity").unwrap_or_default();
    match identity {
        _ if identity.len() > 255 => Err(Fault::Ready("the identity has more than 255 bytes")),
        [0, ..] => Err(Fault::Ready("the identity begins with the byte 0")),
        _ => Ok(Ready { socket_type: theirs, identity: Bytes::copy_from_slice(identity) }),
    }
}
