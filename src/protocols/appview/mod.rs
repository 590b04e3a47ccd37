//! AppView: a process that can be asked for its state and its configuration, and who asks it. On Linux.
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
//! # On the wire
//!
//! [`meta_nul`](crate::engine::codec::meta_nul) has the frames, [`state`] the commands. `docs/appview.md` compares
//! this with what AppView's own description says.

mod answer;
pub mod client;
mod namespace;
pub mod server;
pub mod state;

/// What the queues' names begin with in AppView.
pub const APPVIEW_PREFIX: &str = "AppViewIPC";

/// What the queues' names begin with in AppScope, AppView's parent.
pub const APPSCOPE_PREFIX: &str = "ScopeIPC";

/// Messages that a queue holds: what Linux allows everybody.
pub const MAX_MESSAGES: usize = 10;

/// Bytes of a message: what Linux allows everybody.
pub const MESSAGE_SIZE: usize = 8192;

/// What commands and fields are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// `getAppViewStatus`, `viewed`.
    #[default]
    AppView,
    /// `getScopeStatus`, `scoped`.
    AppScope,
}

impl Dialect {
    /// That of a program whose queues' names begin with `prefix`.
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

    /// The field of the status.
    pub fn viewed(self) -> &'static str {
        match self {
            Self::AppView => "viewed",
            Self::AppScope => "scoped",
        }
    }

    /// The field of the list of commands.
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
    /// To the process.
    pub input: String,
    /// From the process.
    pub output: String,
}

impl Names {
    /// Those of the process `pid`, in its own pid namespace.
    pub fn new(prefix: &str, pid: u32) -> Self {
        Self { input: format!("/{prefix}In.{pid}"), output: format!("/{prefix}Out.{pid}") }
    }
}
