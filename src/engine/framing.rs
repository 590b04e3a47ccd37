//! What a consumer wants done with the bytes of a connection or a datagram socket. It gives this to
//! [`super::hub::Hub`], which passes it to drivers and links.

use std::sync::Arc;

use super::codec::Codec;
use super::greeting::Greeting;
use super::unfinished::Unfinished;

/// How the bytes of a connection are framed, and its limits.
#[derive(Debug, Clone)]
pub struct Framing<C = Codec> {
    /// How frames are told apart. For datagrams, which are separate anyway, a delimiter.
    pub codec: C,
    /// The longest frame that is kept, in bytes.
    pub max_frame: usize,
    /// What received bytes become at first.
    pub mode: Mode,
    /// Tell at once of a frame that has passed the limit, and after each read of one that is unfinished. For
    /// datagrams: drop the rest of one after a frame over the limit.
    pub strict: bool,
    /// What both sides say first. Without a meaning for datagrams.
    pub greeting: Option<Arc<Greeting>>,
    /// The limit for the connections of a listener together. Only used for those.
    pub unfinished: Option<Arc<Unfinished>>,
}

/// What received bytes become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Frames, by the decoder.
    Frames,
    /// The bytes of each read, as they are.
    Raw,
}
