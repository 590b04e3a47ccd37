//! AppView: asks a process for its state and its configuration, and answers such requests. On Linux.
//!
//! Who asks makes two POSIX message queues that are named after the process's number, sends a request on one,
//! gets the response on the other and removes both. AppView's library looks for them about every millisecond; [`server`]
//! has the system tell it of them.
//! AppScope is the same under other [names](Dialect).
//!
//! # Asking
//!
//! ```no_run
//! use ferripc::protocols::appview::client::{Client, Options};
//!
//! # async fn run() -> Result<(), ferripc::engine::error::Error> {
//! let client = Client::new(4711, Options::default());
//! let response = client.request(br#"{"req":1}"#).await?;
//! assert_eq!(response.status, 200);
//! println!("{}", String::from_utf8_lossy(&response.text)); // {"status":200,"viewed":true}
//! # Ok(())
//! # }
//! ```
//!
//! # Being asked
//!
//! ```no_run
//! use ferripc::protocols::appview::server::{Event, Options, Server};
//! use ferripc::protocols::appview::state::State;
//!
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let mut state = State::default();
//! state.viewed = true;
//! state.set_cfg(r#"{"current":{"metric":{"enable":"true"}}}"#)?;
//! let server = Server::start(Options::new(std::process::id()), state, |event| {
//!     match event {
//!         Event::SetConfig { request } => println!("{request}"), // {"req":3,"cfg":{…}}
//!         Event::Request { reply, .. } => reply.send(r#"{"status":501}"#.into()),
//!     }
//!     true
//! })?;
//! server.update(|state| state.viewed = false);
//! server.stop();
//! # Ok(())
//! # }
//! ```
//!
//! [`meta_nul`](crate::engine::codec::meta_nul) describes the frames, [`state`] the commands.
//! `docs/appview.md` compares this with AppView's own description.

mod answer;
pub mod client;
mod namespace;
mod pair;
pub mod server;
pub mod state;

/// The prefix of the queues' names in AppView.
pub const APPVIEW_PREFIX: &str = "AppViewIPC";

/// The prefix of the queues' names in AppScope, AppView's parent.
pub const APPSCOPE_PREFIX: &str = "ScopeIPC";

/// Messages that a queue holds: the most that Linux allows every user.
pub const MAX_MESSAGES: usize = 10;

/// Bytes of a message: the most that Linux allows every user.
pub const MESSAGE_SIZE: usize = 8192;

/// The names of commands and fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// `getAppViewStatus`, `viewed`.
    #[default]
    AppView,
    /// `getScopeStatus`, `scoped`.
    AppScope,
}

impl Dialect {
    /// The dialect of a program whose queues' names begin with `prefix`.
    pub fn of(prefix: &str) -> Self {
        if prefix == APPSCOPE_PREFIX { Self::AppScope } else { Self::AppView }
    }

    /// The names of the commands 0 to 5.
    pub fn commands(self) -> [&'static str; 6] {
        let [status, get, set] = match self {
            Self::AppView => ["getAppViewStatus", "getAppViewCfg", "setAppViewCfg"],
            Self::AppScope => ["getScopeStatus", "getScopeCfg", "setScopeCfg"],
        };
        ["getSupportedCmd", status, get, set, "getTransportStatus", "getProcessDetails"]
    }

    /// The name of the field that `getAppViewStatus` answers with.
    pub fn viewed(self) -> &'static str {
        match self {
            Self::AppView => "viewed",
            Self::AppScope => "scoped",
        }
    }

    /// The name of the field that has the list of commands.
    pub fn list(self) -> &'static str {
        match self {
            Self::AppView => "commands_appview",
            Self::AppScope => "commands_scope",
        }
    }
}

/// The names of a process's queues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The queue to the process.
    pub input: String,
    /// The queue from the process.
    pub output: String,
}

impl Names {
    /// The names for the process `pid`, as numbered in its own pid namespace.
    pub fn new(prefix: &str, pid: u32) -> Self {
        Self { input: format!("/{prefix}In.{pid}"), output: format!("/{prefix}Out.{pid}") }
    }
}
