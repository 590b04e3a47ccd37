//! Windows named pipes: connecting, and claiming a name to listen on. The transport of `path` on
//! Windows.
//!
//! A pipe is not a socket. What the driver has to know:
//!
//! * A write that does not fit into the pipe is in progress all the same ([`Writer`]).
//! * Neither side can end alone. Closing leaves what was written for the peer, which then reads the
//!   end: `ERROR_BROKEN_PIPE`, which tokio turns into a read of 0 bytes.
//! * A connection is an instance of the server's pipe, made before the client connects. So a name lives
//!   as long as a connection that was made through it, and a dead server leaves no name behind.

use std::ffi::c_void;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::os::windows::io::{AsRawHandle, RawHandle};
use std::pin::pin;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::BytesMut;
use socket2::SockRef;
use tokio::net::windows::named_pipe::{
    ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions,
};
use tokio::time::{sleep, timeout};
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_BROKEN_PIPE, ERROR_INVALID_NAME, ERROR_PATH_NOT_FOUND,
    ERROR_PIPE_BUSY, LocalFree,
};
use windows_sys::Win32::Networking::WinSock::{WSAEACCES, WSAEADDRINUSE};
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES};
use windows_sys::Win32::System::Pipes::PeekNamedPipe;

use super::line::patiently;
use super::pipe_write::Writer;

/// Instances that wait for clients at any time. This many clients can connect before the I/O thread
/// has to make new instances. Other clients find the pipe busy and wait (see the module `line`).
const INSTANCES: usize = 8;

/// How long [`PipeStream::settle`] waits. What it waits for is already on its way.
const SETTLE: Duration = Duration::from_secs(1);

/// A pipe to listen on.
#[derive(Debug, Clone)]
pub struct PipeLocal {
    /// The name, with `\\.\pipe\`.
    pub name: String,
    /// Every user of this machine may read, not only those that Windows lets read by default.
    pub readable_by_all: bool,
    /// Every user of this machine may write.
    pub writable_by_all: bool,
}

/// Connects. Waits if all instances of the pipe are taken.
pub async fn connect(name: &str) -> io::Result<PipeStream> {
    check(name)?;
    let is_busy = |error: &io::Error| is_os(error, ERROR_PIPE_BUSY);
    let open = || async { ClientOptions::new().open(name) };
    PipeStream::new(End::Client(patiently(name, is_busy, open).await?))
}

/// The system would use only the part before a NUL.
fn check(name: &str) -> io::Result<()> {
    if name.contains('\0') { Err(io::ErrorKind::InvalidInput.into()) } else { Ok(()) }
}

fn is_os(error: &io::Error, code: u32) -> bool {
    error.raw_os_error() == Some(code as i32)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connected pipe.
#[derive(Debug)]
pub struct PipeStream {
    end: End,
    writer: Writer,
}

#[derive(Debug)]
enum End {
    Client(NamedPipeClient),
    Server(NamedPipeServer),
}

macro_rules! each_end {
    ($stream:expr, $pipe:ident => $body:expr) => {
        match &$stream.end {
            End::Client($pipe) => $body,
            End::Server($pipe) => $body,
        }
    };
}

impl PipeStream {
    fn new(end: End) -> io::Result<Self> {
        Ok(Self { end, writer: Writer::new()? })
    }

    fn handle(&self) -> RawHandle {
        each_end!(self, pipe => pipe.as_raw_handle())
    }

    /// Waits until a read might succeed.
    pub async fn readable(&self) -> io::Result<()> {
        each_end!(self, pipe => pipe.readable().await)
    }

    /// Waits until no write is in progress.
    pub async fn writable(&self) -> io::Result<()> {
        while self.writer.is_busy(self.handle()) {
            self.writer.completed().await;
        }
        Ok(())
    }

    /// See [`super::Stream::try_read`].
    pub fn try_read(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        self.receive(buffer)
    }

    /// See [`super::Stream::try_write`].
    pub fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.send(pieces)
    }

    /// False: see the module's page.
    pub fn has_halves(&self) -> bool {
        false
    }

    /// Does nothing: the peer sees the end when the pipe is dropped.
    pub fn shut_down(&self) {}

    /// See [`super::Stream::taken`]. A write is complete when the peer has taken it.
    pub fn taken(&self) -> i64 {
        0
    }

    /// `None`: a pipe is not a socket.
    pub fn socket(&self) -> Option<SockRef<'_>> {
        None
    }

    /// See [`Writer::send`].
    pub fn send(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.writer.send(self.handle(), pieces)
    }

    /// Reads once into the spare capacity of `buffer`, without waiting. 0: the peer has closed.
    pub fn receive(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        each_end!(self, pipe => pipe.try_read_buf(buffer))
    }

    /// Waits for a limited time until the next read has a result: data, the end or an error.
    pub async fn settle(&self) -> bool {
        timeout(SETTLE, self.readable()).await.is_ok()
    }
}

impl Drop for PipeStream {
    fn drop(&mut self) {
        self.writer.cancel(self.handle());
    }
}

/// A listening pipe: instances that wait for clients.
#[derive(Debug)]
pub struct PipeListener {
    name: String,
    security: Option<Security>,
    /// An instance that a client has opened stays in here until it is accepted.
    waiting: Mutex<Vec<Instance>>,
}

#[derive(Debug)]
struct Instance {
    pipe: NamedPipeServer,
    /// The driver was asked to report a client. It then reports the pipe as writable.
    asked: bool,
}

impl Instance {
    /// Asks, once. Call it on the I/O thread, which must outlive the request.
    fn ask(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.asked, true) {
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(answer) = pin!(self.pipe.connect()).poll(&mut context) {
                answer?;
            }
        }
        Ok(())
    }

    /// Whether a client has opened it. The driver may not know yet.
    fn is_connected(&self) -> bool {
        let none = ptr::null_mut();
        let pipe = self.pipe.as_raw_handle();
        // SAFETY: the handle is open; no data are requested.
        let peeked = unsafe { PeekNamedPipe(pipe, none, 0, none.cast(), none.cast(), none.cast()) };
        // Broken: the client has left again, possibly after it sent something.
        peeked != 0 || is_os(&io::Error::last_os_error(), ERROR_BROKEN_PIPE)
    }
}

impl PipeListener {
    /// Listens. `EADDRINUSE` if the name is taken. Must be called with a runtime entered.
    pub fn listen(local: PipeLocal) -> io::Result<Self> {
        check(&local.name)?;
        let security = Security::of(&local)?;
        let listener = Self { name: local.name, security, waiting: Mutex::default() };
        for index in 0..INSTANCES {
            let instance = listener.offer(index == 0).map_err(as_bind_error)?;
            lock(&listener.waiting).push(instance);
        }
        Ok(listener)
    }

    /// A new instance, open to clients. The `first` one fails if others have its name.
    fn offer(&self, first: bool) -> io::Result<Instance> {
        let mut attributes = SECURITY_ATTRIBUTES {
            nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
            lpSecurityDescriptor: ptr::null_mut(),
            bInheritHandle: 0,
        };
        let attributes: *mut c_void = match &self.security {
            Some(security) => {
                attributes.lpSecurityDescriptor = security.0;
                (&raw mut attributes).cast()
            }
            None => ptr::null_mut(),
        };
        let mut options = ServerOptions::new();
        options.first_pipe_instance(first);
        // SAFETY: null, or attributes that live until the call returns, with a valid descriptor.
        let pipe = unsafe { options.create_with_security_attributes_raw(&self.name, attributes) }?;
        Ok(Instance { pipe, asked: false })
    }

    /// The next connection. Its instance is replaced before it is returned, so that there is always
    /// one to connect to.
    pub async fn accept(&self) -> io::Result<PipeStream> {
        poll_fn(|context| {
            let mut waiting = lock(&self.waiting);
            for instance in waiting.iter_mut() {
                instance.ask()?;
                if let Poll::Ready(ready) = instance.pipe.poll_write_ready(context) {
                    ready?;
                    let Instance { pipe, .. } = std::mem::replace(instance, self.offer(false)?);
                    return Poll::Ready(PipeStream::new(End::Server(pipe)));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Closes it. An instance is freed once the driver has seen that its wait for a client has
    /// ended.
    pub async fn close(self) {
        drop(self);
        sleep(Duration::from_millis(1)).await;
    }

    /// The next client that has already connected, if any. Its instance is not replaced.
    pub fn accept_now(&self) -> Option<PipeStream> {
        let mut waiting = lock(&self.waiting);
        let index = waiting.iter().position(Instance::is_connected)?;
        let mut instance = waiting.swap_remove(index);
        instance.ask().ok()?;
        PipeStream::new(End::Server(instance.pipe)).ok()
    }
}

/// libuv's translation of errors for a name that is taken.
fn as_bind_error(error: io::Error) -> io::Error {
    let code = match error.raw_os_error().map(|code| code as u32) {
        Some(ERROR_ACCESS_DENIED) => WSAEADDRINUSE,
        Some(ERROR_PATH_NOT_FOUND | ERROR_INVALID_NAME) => WSAEACCES,
        _ => return error,
    };
    io::Error::from_raw_os_error(code)
}

/// Who may open the pipe. Without this, Windows decides: the owner, administrators and the system have
/// full access, every user may read.
#[derive(Debug)]
struct Security(PSECURITY_DESCRIPTOR);

// SAFETY: the descriptor never changes, and only its owner frees it.
unsafe impl Send for Security {}
// SAFETY: as above.
unsafe impl Sync for Security {}

impl Security {
    fn of(local: &PipeLocal) -> io::Result<Option<Self>> {
        let all = match (local.readable_by_all, local.writable_by_all) {
            (false, false) => return Ok(None),
            (true, false) => "GR",
            (false, true) => "GW",
            (true, true) => "GRGW",
        };
        // Full access for the system, administrators and the owner; for all users, what was
        // requested.
        let rules = format!("D:(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;S-1-3-4)(A;;{all};;;WD)");
        let rules: Vec<u16> = rules.encode_utf16().chain([0]).collect();
        let mut descriptor = ptr::null_mut();
        // SAFETY: the text ends in NUL; the descriptor is ours to free.
        let made = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                rules.as_ptr(),
                SDDL_REVISION_1,
                &mut descriptor,
                ptr::null_mut(),
            )
        };
        if made == 0 { Err(io::Error::last_os_error()) } else { Ok(Some(Self(descriptor))) }
    }
}

impl Drop for Security {
    fn drop(&mut self) {
        // SAFETY: allocated by the conversion, freed only here.
        unsafe { LocalFree(self.0) };
    }
}
