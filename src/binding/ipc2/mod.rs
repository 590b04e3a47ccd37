//! ipc2 for JavaScript: the sets of workers of [`crate::protocols::ipc2`], and a worker's jobs, with payloads left
//! as bytes, which `src/js/ipc2/codec` makes and reads.
//!
//! * [`host`]: the host's class.
//! * [`worker`]: the worker's class.
//! * [`calls`]: what was begun and has yet to end.
//! * [`mailbox`]: how both tell JavaScript what has happened.
//! * [`port`]: where tasks run, and what calls JavaScript.
//! * [`processes`]: those of workers, which JavaScript starts.
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
