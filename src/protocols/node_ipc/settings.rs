//! The settings that clients and servers share. Their builders get a method for each, made here.

use std::time::Duration;

use super::{Address, Error};
use crate::engine::codec::Codec;
use crate::engine::codec::delimited::Delimiter;
use crate::engine::framing::{Framing, Mode};

/// The settings of a client or server.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub socket_root: String,
    pub appspace: String,
    pub delimiter: Delimiter,
    pub max_message_bytes: usize,
    pub max_queued_bytes: usize,
    pub max_requests: usize,
    pub linger: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            socket_root: "/tmp/".into(),
            appspace: "app.".into(),
            delimiter: super::DELIMITER.as_bytes().into(),
            max_message_bytes: 64 << 20,
            max_queued_bytes: 1 << 20,
            max_requests: 1024,
            linger: Duration::from_secs(2),
        }
    }
}

impl Settings {
    /// Fails for an invalid setting.
    pub fn check(&self) -> Result<(), Error> {
        let problem = match self {
            _ if self.delimiter.is_empty() => "delimiter: it is empty",
            Self { max_message_bytes: 0, .. } => "max_message_bytes: it is 0",
            Self { max_queued_bytes: 0, .. } => "max_queued_bytes: it is 0",
            Self { max_requests: 0, .. } => "max_requests: it is 0",
            _ => return Ok(()),
        };
        Err(Error::Unusable(problem.into()))
    }

    /// The address with a path in place of an id.
    pub fn place(&self, address: Address) -> Result<Address, Error> {
        address.resolved(&self.socket_root, &self.appspace)
    }

    pub fn framing(&self) -> Framing {
        Framing {
            codec: Codec::Delimited(self.delimiter.clone()),
            max_frame: self.max_message_bytes,
            mode: Mode::Frames,
            strict: false,
            unfinished: None,
            greeting: None,
        }
    }
}

/// The methods of a builder that has a field `settings`.
macro_rules! common_settings {
    () => {
        /// The first part of the path for an id. Default: `/tmp/`.
        pub fn socket_root(mut self, root: impl Into<String>) -> Self {
            self.settings.socket_root = root.into();
            self
        }

        /// The second part of the path for an id. Default: `app.`.
        pub fn appspace(mut self, appspace: impl Into<String>) -> Self {
            self.settings.appspace = appspace.into();
            self
        }

        /// Ends each message, on both sides. Default: a form feed. If JSON may contain the delimiter, each message is
        /// searched for it before it is sent: [`Error::DelimiterWithin`].
        pub fn delimiter(mut self, delimiter: &str) -> Self {
            // An empty one is refused when the builder is used.
            self.settings.delimiter = delimiter.as_bytes().into();
            self
        }

        /// The longest message that is accepted, in bytes. A longer one is discarded as it arrives, and reported.
        /// Default: 64 MiB.
        pub fn max_message_bytes(mut self, bytes: usize) -> Self {
            self.settings.max_message_bytes = bytes;
            self
        }

        /// Bytes that may wait for a peer that does not read. If as many wait already, a message waits itself or
        /// is refused: see the methods that send. Default: 1 MiB. A single message may exceed it.
        pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
            self.settings.max_queued_bytes = bytes;
            self
        }

        /// Requests of one peer that are handled at a time. Any more are answered with the code
        /// `ERR_FERRIPC_TOO_MANY_REQUESTS`. Default: 1024.
        pub fn max_requests(mut self, requests: usize) -> Self {
            self.settings.max_requests = requests;
            self
        }

        /// How long closing waits for a peer that takes none of the remaining bytes, and how long handlers go on after a
        /// peer has ended. As long as the peer takes something, everything is sent. Default: 2 s.
        pub fn linger(mut self, linger: Duration) -> Self {
            self.settings.linger = linger;
            self
        }
    };
}
pub(super) use common_settings;
