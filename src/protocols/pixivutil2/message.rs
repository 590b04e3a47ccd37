//! The messages of agents and the answers to them: frames and their meaning, without a socket. Used by
//! [`super::rules`] and [`super::agent`].
//!
//! ```text
//! agent       "" GROUP argument…      REQ's empty frame comes first
//! controller  "" GROUP value          the group in upper case
//! ```

use bytes::Bytes;

/// One of the two sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Notifications.
    Comm,
    /// Jobs.
    Task,
}

impl Side {
    /// The name, as agents write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Comm => "Comm",
            Self::Task => "Task",
        }
    }

    /// Reads the name, in upper or lower case.
    fn of(name: &[u8]) -> Option<Self> {
        let is = |side: &Self| name.eq_ignore_ascii_case(side.name().as_bytes());
        [Self::Comm, Self::Task].into_iter().find(is)
    }
}

/// The groups, as they are in answers.
pub mod group {
    #![allow(missing_docs)] // see `Request`
    pub const HANDSHAKE: &str = "HS";
    pub const TOTAL: &str = "TOTAL";
    pub const DOWNLOAD: &str = "DL";
    pub const TITLE: &str = "TITLE";
    pub const ERROR: &str = "ERROR";
    pub const IDENTIFY: &str = "IDENT";
    pub const FFMPEG: &str = "FFMPEG_REQ";
    pub const FFMPEG_RESULT: &str = "FFMPEG_RET";
    pub const ARIA2: &str = "ARIA2";
}

/// The answer to a request that is not answered with a number.
pub const OK: &[u8] = b"Ok";

/// The number of a task that does not exist, and of a job that was not accepted.
pub const NONE: i32 = -1;

/// The longest name of an agent, in bytes.
pub const LONGEST_IDENTIFIER: usize = 4096;

/// As much of a group is looked at, and said in the answer. Those that exist are shorter.
const LONGEST_GROUP: usize = 64;

/// How an agent is refused. PixivUtil2 takes `Error` for success, although its description says
/// otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refusal {
    /// `Error`, as in the description.
    #[default]
    Described,
    /// `ERROR`, on which PixivUtil2 stops.
    Effective,
}

impl Refusal {
    /// The bytes.
    pub fn text(self) -> &'static [u8] {
        match self {
            Self::Described => b"Error",
            Self::Effective => b"ERROR",
        }
    }
}

/// A request of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `HS`: the first request on each socket.
    Handshake {
        /// The agent's name.
        identifier: String,
        /// The socket that the agent believes this to be.
        side: Side,
    },
    /// `TOTAL`: how many images will come, in four bytes or in eight.
    Total(u64),
    /// `DL`: an image is done.
    Download {
        /// Its number.
        image: u64,
        /// See [`result_name`].
        result: i64,
    },
    /// `TITLE`: instead of the title of a terminal.
    Title(String),
    /// `ERROR`: something has gone wrong.
    Error {
        /// What has happened.
        details: String,
        /// The stack trace, or nothing.
        stack: String,
    },
    /// `IDENT`: another name, in versions of summer 2022.
    Identify(String),
    /// `FFMPEG_REQ`: the arguments of a job.
    Ffmpeg(Vec<String>),
    /// `FFMPEG_RET`: asks for the exit code of this task. `None`: the number cannot be that of a
    /// task.
    FfmpegResult(Option<i32>),
    /// `ARIA2`.
    Aria2 {
        /// The name of the input file.
        file: String,
        /// What is to be added to it.
        text: String,
    },
}

/// A message that is not a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It has no group and argument after REQ's empty frame, so it cannot be answered.
    Short,
    /// The group does not exist.
    Unknown,
    /// The group belongs to the other socket.
    OtherSide,
    /// An argument is missing, too long, or has the wrong length.
    Arguments,
}

impl Fault {
    /// The text of the error.
    pub fn text(self) -> &'static str {
        match self {
            Self::Short => "fewer than three frames",
            Self::Unknown => "no such group",
            Self::OtherSide => "a group of the other socket",
            Self::Arguments => "wrong arguments",
        }
    }
}

/// The group of a message, in upper case, as in the answer. `None`: [`Fault::Short`].
pub fn group_of(frames: &[Bytes]) -> Option<String> {
    match frames {
        [delimiter, group, _, ..] if delimiter.is_empty() => {
            let group = &group[..group.len().min(LONGEST_GROUP)];
            Some(String::from_utf8_lossy(group).to_ascii_uppercase())
        }
        _ => None,
    }
}

/// Whether the group is answered with a number.
pub fn wants_number(group: &str) -> bool {
    matches!(group, group::FFMPEG | group::FFMPEG_RESULT | group::ARIA2)
}

/// Reads a message of the socket `on`, with the group from [`group_of`].
///
/// # Errors
/// [`Fault`].
pub fn parse(on: Side, group: &str, frames: &[Bytes]) -> Result<Request, Fault> {
    let arguments = frames.get(2..).unwrap_or_default();
    let home = match group {
        group::HANDSHAKE => on,
        group::FFMPEG | group::FFMPEG_RESULT | group::ARIA2 => Side::Task,
        group::TOTAL | group::DOWNLOAD | group::TITLE | group::ERROR | group::IDENTIFY => {
            Side::Comm
        }
        _ => return Err(Fault::Unknown),
    };
    if home != on {
        return Err(Fault::OtherSide);
    }
    let request = match (group, arguments) {
        (group::HANDSHAKE, [identifier, side, ..]) => Side::of(side)
            .zip(name(identifier))
            .map(|(side, identifier)| Request::Handshake { identifier, side }),
        (group::TOTAL, [count, ..]) => unsigned(count).map(Request::Total),
        (group::DOWNLOAD, [image, result, ..]) => unsigned(image)
            .zip(result_of(result))
            .map(|(image, result)| Request::Download { image, result }),
        (group::TITLE, [title, ..]) => Some(Request::Title(text(title))),
        (group::ERROR, [details, rest @ ..]) => Some(Request::Error {
            details: text(details),
            stack: rest.first().map(text).unwrap_or_default(),
        }),
        (group::IDENTIFY, [identifier, ..]) => name(identifier).map(Request::Identify),
        (group::FFMPEG, _) => {
            arguments.iter().map(argument).collect::<Option<_>>().map(Request::Ffmpeg)
        }
        (group::FFMPEG_RESULT, [task, ..]) => Some(Request::FfmpegResult(number_in(task))),
        (group::ARIA2, [file, added, ..]) => {
            argument(file).zip(argument(added)).map(|(file, text)| Request::Aria2 { file, text })
        }
        _ => None,
    };
    request.ok_or(Fault::Arguments)
}

impl Request {
    /// The size of the arguments of a job or call.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Ffmpeg(arguments) => {
                arguments.iter().map(|it| it.len() + size_of::<String>()).sum()
            }
            Self::Aria2 { file, text } => file.len() + text.len(),
            _ => 0,
        }
    }

    /// The frames that an agent sends after REQ's empty one.
    pub fn frames(self) -> Vec<Bytes> {
        let head = |group: &'static str| Bytes::from_static(group.as_bytes());
        match self {
            Self::Handshake { identifier, side } => {
                vec![head(group::HANDSHAKE), identifier.into(), head(side.name())]
            }
            Self::Total(count) => vec![head(group::TOTAL), big_endian(&count.to_be_bytes())],
            Self::Download { image, result } => {
                let result = big_endian(&(result as u32).to_be_bytes());
                vec![head(group::DOWNLOAD), big_endian(&image.to_be_bytes()), result]
            }
            Self::Title(title) => vec![head(group::TITLE), title.into()],
            Self::Error { details, stack } => {
                vec![head(group::ERROR), details.into(), stack.into()]
            }
            Self::Identify(identifier) => vec![head(group::IDENTIFY), identifier.into()],
            Self::Ffmpeg(arguments) => {
                let arguments = arguments.into_iter().map(Bytes::from);
                std::iter::once(head(group::FFMPEG)).chain(arguments).collect()
            }
            Self::FfmpegResult(task) => {
                vec![head(group::FFMPEG_RESULT), number(task.unwrap_or(NONE))]
            }
            Self::Aria2 { file, text } => vec![head(group::ARIA2), file.into(), text.into()],
        }
    }
}

/// An answer.
pub fn reply(group: &str, value: Bytes) -> Vec<Bytes> {
    vec![Bytes::new(), Bytes::copy_from_slice(group.as_bytes()), value]
}

/// A number as agents read it: little-endian, 32 bits.
pub fn number(value: i32) -> Bytes {
    Bytes::copy_from_slice(&value.to_le_bytes())
}

/// The reverse. `None`: it is not such a number.
pub fn number_in(frame: &Bytes) -> Option<i32> {
    frame[..].try_into().ok().map(i32::from_le_bytes)
}

fn big_endian(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

fn unsigned(frame: &Bytes) -> Option<u64> {
    let four = || frame[..].try_into().ok().map(|bytes| u64::from(u32::from_be_bytes(bytes)));
    frame[..].try_into().ok().map(u64::from_be_bytes).or_else(four)
}

/// Unsigned, as agents write it, except that -1 is kept.
fn result_of(frame: &Bytes) -> Option<i64> {
    let value = u32::from_be_bytes(frame[..].try_into().ok()?);
    Some(if value == u32::MAX { -1 } else { value.into() })
}

/// Text to be shown.
fn text(frame: &Bytes) -> String {
    String::from_utf8_lossy(frame).into_owned()
}

/// Text to be used: refused if decoding would change it.
fn argument(frame: &Bytes) -> Option<String> {
    std::str::from_utf8(frame).ok().map(str::to_owned)
}

fn name(frame: &Bytes) -> Option<String> {
    (frame.len() <= LONGEST_IDENTIFIER).then(|| text(frame))
}

/// The results of an image, with their names.
pub const RESULTS: [(i64, &str); 12] = [
    (-1, "NOT_OK"),
    (0, "OK"),
    (1, "SKIP_OLDER"),
    (2, "SKIP_BLACKLIST"),
    (3, "KEYBOARD_INTERRUPT"),
    (4, "SKIP_DUPLICATE"),
    (5, "SKIP_LOCAL_LARGER"),
    (6, "CHECK_DOWNLOAD"),
    (7, "SIZE_LIMIT_LARGER"),
    (8, "SIZE_LIMIT_SMALLER"),
    (9, "SKIP_DUPLICATE_NO_WAIT"),
    (9999, "ABORTED"),
];

/// The name of a result.
pub fn result_name(result: i64) -> Option<&'static str> {
    RESULTS.iter().find(|(number, _)| *number == result).map(|(_, name)| *name)
}
