//! POSIX message queues, of Linux alone: whole messages with priorities, in the kernel, under a name.
//!
//! By system calls, not by the C library's functions: those are in a library of their own where glibc is older
//! than 2.34. [`Queue`] does not wait: what would have to is `EAGAIN`. [`Waiter`] waits, on a tokio runtime, and
//! [`Lookout`] for a queue that somebody else is going to make.
//! See `mq_overview(7)`. Used by the binding and by `protocols::appview`.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::time::Duration;

use tokio::io::Interest;

use crate::engine::error::{Endpoint, Error, invalid};

mod changes;
mod lookout;
mod waiter;

use changes::Changes;
pub use lookout::{Awaited, Bell, Lookout};
pub use waiter::Waiter;

/// Priorities are below this number.
pub const PRIORITIES: u32 = 32768;

/// What a queue is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Receiving.
    Read,
    /// Sending.
    Write,
    /// Both.
    Both,
}

/// How to make a queue that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Creation {
    /// `EEXIST` if it is there.
    pub exclusive: bool,
    /// Most messages that it holds.
    pub max_messages: usize,
    /// Most bytes of a message.
    pub message_size: usize,
    /// Permission bits, without those that the process's umask takes away.
    pub mode: u32,
}

/// What a queue is like, and how much is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// Most messages that it holds.
    pub max_messages: usize,
    /// Most bytes of a message.
    pub message_size: usize,
    /// Messages that are in it.
    pub messages: usize,
}

/// `struct mq_attr` of the kernel.
#[repr(C)]
#[derive(Default)]
struct RawAttributes {
    flags: libc::c_long,
    max_messages: libc::c_long,
    message_size: libc::c_long,
    messages: libc::c_long,
    reserved: [libc::c_long; 4],
}

/// An open queue. Dropping it closes it; its name and its messages stay until it is unlinked.
#[derive(Debug)]
pub struct Queue {
    fd: OwnedFd,
    name: Box<str>,
    message_size: usize,
}

impl Queue {
    /// Opens the queue `name`, which begins with a slash; with `creation`, makes it if it is not there.
    pub fn open(name: &str, access: Access, creation: Option<&Creation>) -> Result<Self, Error> {
        let failed = |error| Error::new("mq_open", error, Some(Endpoint::Path(name.to_owned())));
        let path = kernel_name(name).map_err(failed)?;
        let mut flags = libc::O_NONBLOCK | libc::O_CLOEXEC;
        flags |= match access {
            Access::Read => libc::O_RDONLY,
            Access::Write => libc::O_WRONLY,
            Access::Both => libc::O_RDWR,
        };
        let mut attributes = RawAttributes::default();
        let mut mode = 0;
        if let Some(creation) = creation {
            flags |= libc::O_CREAT | if creation.exclusive { libc::O_EXCL } else { 0 };
            // What does not fit is more than any system allows.
            attributes.max_messages = long(creation.max_messages);
            attributes.message_size = long(creation.message_size);
            mode = creation.mode;
        }
        // SAFETY: the name and the attributes outlive the call, which writes to neither.
        let fd = retried(|| unsafe {
            libc::syscall(libc::SYS_mq_open, path.as_ptr(), flags, mode, &raw const attributes)
        });
        let fd = fd.map_err(|error| {
            let exhausted = error.raw_os_error() == Some(libc::EMFILE);
            let error = failed(error);
            if exhausted { error.because(EXHAUSTED.to_owned()) } else { error }
        })?;
        // SAFETY: the call has made it, for nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd as RawFd) };
        let mut queue = Self { fd, name: name.into(), message_size: 0 };
        queue.message_size = queue.attributes()?.message_size;
        Ok(queue)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Most bytes of a message.
    pub fn message_size(&self) -> usize {
        self.message_size
    }

    /// What it is like now.
    pub fn attributes(&self) -> Result<Attributes, Error> {
        let mut raw = RawAttributes::default();
        let none = ptr::null::<RawAttributes>();
        // SAFETY: the call writes to `raw` alone, which has the kernel's layout.
        retried(|| unsafe {
            libc::syscall(libc::SYS_mq_getsetattr, self.fd.as_raw_fd(), none, &raw mut raw)
        })
        .map_err(|error| self.failed("mq_getattr", error))?;
        Ok(Attributes {
            max_messages: raw.max_messages as usize,
            message_size: raw.message_size as usize,
            messages: raw.messages as usize,
        })
    }

    /// Gives everybody the permissions `mode`, whatever the umask.
    pub fn set_mode(&self, mode: u32) -> Result<(), Error> {
        // SAFETY: the descriptor is open.
        retried(|| unsafe {
            libc::fchmod(self.fd.as_raw_fd(), mode as libc::mode_t) as libc::c_long
        })
        .map(drop)
        .map_err(|error| self.failed("fchmod", error))
    }

    /// Whether its name is gone: nobody who does not have it open yet will open it.
    pub fn is_unlinked(&self) -> bool {
        // SAFETY: all zero is a valid `stat`.
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: the call writes to `stat` alone.
        let done = unsafe { libc::fstat(self.fd.as_raw_fd(), &raw mut stat) };
        done == 0 && stat.st_nlink == 0
    }

    /// Sends a message. `EAGAIN`: the queue is full. `EMSGSIZE`: it is too long for the queue.
    pub fn send(&self, data: &[u8], priority: u32) -> Result<(), Error> {
        let fd = self.fd.as_raw_fd();
        let forever = ptr::null::<libc::timespec>();
        // SAFETY: the call only reads `data`.
        retried(|| unsafe {
            let (data, len) = (data.as_ptr(), data.len());
            libc::syscall(libc::SYS_mq_timedsend, fd, data, len, priority, forever)
        })
        .map(drop)
        .map_err(|error| self.failed("mq_send", error))
    }

    /// Receives the oldest of the messages of the highest priority, in place of what is in `data`. Returns its
    /// priority. `EAGAIN`: the queue is empty.
    pub fn receive(&self, data: &mut Vec<u8>) -> Result<u32, Error> {
        data.clear();
        data.reserve(self.message_size);
        let fd = self.fd.as_raw_fd();
        let forever = ptr::null::<libc::timespec>();
        let mut priority = 0u32;
        let room = data.spare_capacity_mut();
        // SAFETY: the call writes at most `len` bytes to `room`, and the priority.
        let len = retried(|| unsafe {
            let (room, len) = (room.as_mut_ptr(), room.len());
            libc::syscall(libc::SYS_mq_timedreceive, fd, room, len, &raw mut priority, forever)
        })
        .map_err(|error| self.failed("mq_receive", error))?;
        // SAFETY: the call has written so many.
        unsafe { data.set_len(len as usize) };
        Ok(priority)
    }

    /// Whether there is a message to receive (or, with [`Interest::WRITABLE`], room for one), once that is so, or
    /// after `patience` at the latest.
    pub fn poll(&self, interest: Interest, patience: Duration) -> bool {
        let events = if interest.is_writable() { libc::POLLOUT } else { libc::POLLIN };
        let [is_ready] = wait_for([Some((self.as_fd(), events))], patience);
        is_ready
    }

    /// An error of the call `syscall` with this queue.
    pub fn failed(&self, syscall: &'static str, error: io::Error) -> Error {
        Error::new(syscall, error, Some(Endpoint::Path(self.name.to_string())))
    }
}

impl AsFd for Queue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

const EXHAUSTED: &str = "the user's limit RLIMIT_MSGQUEUE, or that of open files, is reached";

/// Removes a queue's name. Who has the queue open goes on with it.
pub fn unlink(name: &str) -> Result<(), Error> {
    let failed = |error| Error::new("mq_unlink", error, Some(Endpoint::Path(name.to_owned())));
    let path = kernel_name(name).map_err(failed)?;
    // SAFETY: the name outlives the call.
    retried(|| unsafe { libc::syscall(libc::SYS_mq_unlink, path.as_ptr()) })
        .map(drop)
        .map_err(failed)
}

/// Whether a queue was full, or empty.
pub fn would_block(error: &Error) -> bool {
    error.source.kind() == io::ErrorKind::WouldBlock
}

/// The name that the kernel knows a queue by: without the slash, as the C library passes it.
fn kernel_name(name: &str) -> io::Result<CString> {
    let Some(bare) = name.strip_prefix('/') else { return Err(invalid()) };
    CString::new(bare).map_err(|_| invalid())
}

/// Which of the descriptors have what is awaited of them, or have failed, once one has, or a signal comes, or after
/// `patience` at the latest.
fn wait_for<const N: usize>(
    awaited: [Option<(BorrowedFd<'_>, libc::c_short)>; N],
    patience: Duration,
) -> [bool; N] {
    let mut polled = awaited.map(|one| {
        // A negative descriptor is passed over.
        let (fd, events) = one.map_or((-1, 0), |(fd, events)| (fd.as_raw_fd(), events));
        libc::pollfd { fd, events, revents: 0 }
    });
    // SAFETY: all zero is a valid `timespec`, which has more fields on some systems.
    let mut limit: libc::timespec = unsafe { std::mem::zeroed() };
    limit.tv_sec = patience.as_secs().min(i32::MAX as u64) as _; // so much fits everywhere
    limit.tv_nsec = patience.subsec_nanos() as _;
    let (first, count) = (polled.as_mut_ptr(), N as libc::nfds_t);
    // SAFETY: there are so many; the call writes to them alone.
    let ready = unsafe { libc::ppoll(first, count, &raw const limit, ptr::null()) };
    polled.map(|one| ready > 0 && one.revents != 0)
}

fn long(number: usize) -> libc::c_long {
    number.try_into().unwrap_or(libc::c_long::MAX)
}

/// The result of a system call that returns -1 if it fails; again, if a signal has interrupted it.
fn retried(mut call: impl FnMut() -> libc::c_long) -> io::Result<libc::c_long> {
    loop {
        let result = call();
        if result != -1 {
            return Ok(result);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

#[cfg(test)]
mod tests;
