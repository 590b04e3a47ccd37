//! The binding: converts between the engine and Node-API. It has no rules of its own.
//!
//! * [`hub`]: the class that JavaScript uses.
//! * [`core`]: the state that the hub and the following share.
//! * [`calls`]: the hub's calls for every message.
//! * [`datagrams`]: the hub's methods for datagram sockets.
//! * [`address`]: IP addresses as numbers.
//! * [`deliver`]: engine events -> a header of numbers and one value.
//! * [`values`]: the same for frames of V8's values.
//! * [`ipc2`]: workers and their jobs.
//! * [`text`]: strings to and from JavaScript.
//! * [`memory`]: JavaScript buffers that use Rust's memory.
//! * [`env_end`]: closes what has threads if an environment ends without finalizing it.
//! * [`event_loop`]: lets the engine use the environment's libuv loop.
//! * [`kept`]: values of JavaScript's that Rust keeps.
//! * [`wake`]: a function that any thread can have called.
//! * [`scope`]: where handlers run, for async_hooks.
//! * [`tls`]: settings for TLS.
//! * [`socket_options`]: the hub's methods for the options of connections.
//! * `mqueue`: message queues.
//! * `appview`: AppView's requests and server.
//! * [`pixivutil2`]: PixivUtil2's controller and agents.
//! * [`notices`]: events of the threads of both, for JavaScript.
//! * [`table`]: objects by their numbers.
//! * [`options`]: plain objects from JavaScript -> engine types.
//!
//! The only consumers are `src/js/engine/engine.js` and, for everything that is not a socket, the files
//! beside it.

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
mod kept;
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
mod values;
mod wake;
