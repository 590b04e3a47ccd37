//! The binding: converts between the engine and Node-API, and owns no rule of its own.
//!
//! * [`hub`]: the one class that JavaScript sees.
//! * [`core`]: what that and the following work on.
//! * [`calls`]: its calls that every message takes.
//! * [`datagrams`]: its methods for datagram sockets.
//! * [`address`]: IP addresses as numbers.
//! * [`deliver`]: engine events -> a header of numbers and one value.
//! * [`ipc2`]: workers and their jobs.
//! * [`text`]: strings across the border.
//! * [`memory`]: buffers with memory of ours.
//! * [`env_end`]: closes what has threads where an environment ends without finalizing it.
//! * [`event_loop`]: lets the engine use the environment's libuv loop.
//! * [`wake`]: a function that any thread may have called.
//! * [`scope`]: where handlers run, for async_hooks.
//! * [`tls`]: settings for TLS.
//! * [`socket_options`]: its methods for the options of connections.
//! * `mqueue`: message queues.
//! * `appview`: AppView's requests and server.
//! * [`pixivutil2`]: PixivUtil2's controller and agents.
//! * [`notices`]: what the threads of both have for JavaScript.
//! * [`table`]: things by their numbers.
//! * [`options`]: plain objects from JavaScript -> engine types.
//!
//! The only consumers are `src/js/engine/engine.js` and, for what is not a socket, the files beside it.

use napi_derive::napi;

/// The version of the crate, which has to be that of the package that loads the addon.
#[cfg_attr(test, allow(dead_code))] // tests register nothing with Node
#[napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

mod address;
#[cfg(all(target_os = "linux", feature = "appview"))]
mod appview;
mod calls;
mod core;
mod datagrams;
mod deliver;
mod env_end;
#[cfg(unix)]
mod event_loop;
mod hub;
#[cfg(all(unix, feature = "ipc2-sessions"))]
mod ipc2;
mod memory;
#[cfg(target_os = "linux")]
mod mqueue;
#[cfg(any(feature = "pixivutil2", all(target_os = "linux", feature = "appview")))]
mod notices;
mod options;
#[cfg(feature = "pixivutil2")]
mod pixivutil2;
mod scope;
mod socket_options;
#[cfg(any(feature = "pixivutil2", all(unix, feature = "ipc2-sessions")))]
mod table;
mod text;
mod tls;
mod wake;
