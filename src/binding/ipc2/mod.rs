//! ipc2 for JavaScript: the sets of workers of [`crate::protocols::ipc2`], and a worker's jobs. Payloads stay
//! bytes, which `src/js/ipc2/codec` encodes and decodes.
//!
//! * [`host`]: the host's class.
//! * [`worker`]: the worker's class.
//! * [`calls`]: calls that have not ended.
//! * [`mailbox`]: events for JavaScript.
//! * [`port`]: where tasks run, and how JavaScript is called.
//! * [`processes`]: the workers' processes, which JavaScript starts.
//! * [`options`]: plain objects from JavaScript -> launchers and sets.
//!
//! The only consumers are `src/js/ipc2/host.js` and `src/js/ipc2/connection.js`.

mod calls;
mod host;
mod mailbox;
mod options;
mod port;
mod processes;

mod worker;
