//! POSIX message queues, of Linux alone: whole messages with priorities, in the kernel, under a name.
//!
//! By system calls, not by the C library's functions: those are in a library of their own where glibc is older
//! than 2.34. [`Queue`] does not wait: what would have to is `EAGAIN`. [`Waiter`] waits, on a tokio runtime.
//! See `mq_overview(7)`. Used by the binding and by [`crate::protocols::appview`].

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::engine::error::{Endpoint, Error, invalid};

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
        retried(|| unsafe { libc::fchmod(self.fd.as_raw_fd(), mode as libc::mode_t).into() })
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
        let mut poll = libc::pollfd { fd: self.fd.as_raw_fd(), events, revents: 0 };
        let patience = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: there is one descriptor.
        unsafe { libc::poll(&raw mut poll, 1, patience) > 0 && poll.revents & events != 0 }
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

/// Waits for a queue, on the runtime that was current when it was made.
#[derive(Debug)]
pub struct Waiter(AsyncFd<Fd>);

/// What the runtime registers.
#[derive(Debug)]
struct Fd(Arc<Queue>);

impl AsRawFd for Fd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.fd.as_raw_fd()
    }
}

impl Waiter {
    /// One for `queue`, which can have one in each runtime.
    pub fn new(queue: Arc<Queue>) -> Result<Self, Error> {
        let name = Endpoint::Path(queue.name.to_string());
        // SAFETY: the descriptor is the queue's, which has the same one as long as it lives.
        unsafe { AsyncFd::register(Fd(queue)) }
            .map(Self)
            .map_err(|error| Error::new("epoll_ctl", error.into(), Some(name)))
    }

    /// The queue.
    pub fn queue(&self) -> &Arc<Queue> {
        &self.0.get_ref().0
    }

    /// Resolves when there is a message to receive, or room for one. Another process may still be faster.
    pub async fn ready(&self, interest: Interest) -> Result<(), Error> {
        loop {
            let guard = self.0.ready(interest).await;
            let mut guard = guard.map_err(|error| self.queue().failed("epoll_wait", error))?;
            // What the runtime remembers may be over; what comes after this look wakes it again.
            if self.queue().poll(interest, Duration::ZERO) {
                return Ok(());
            }
            guard.clear_ready();
        }
    }

    /// As [`Queue::send`], but waits for room.
    pub async fn send(&self, data: &[u8], priority: u32) -> Result<(), Error> {
        loop {
            match self.queue().send(data, priority) {
                Err(error) if would_block(&error) => self.ready(Interest::WRITABLE).await?,
                done => return done,
            }
        }
    }

    /// As [`Queue::receive`], but waits for a message.
    pub async fn receive(&self, data: &mut Vec<u8>) -> Result<u32, Error> {
        loop {
            match self.queue().receive(data) {
                Err(error) if would_block(&error) => self.ready(Interest::READABLE).await?,
                done => return done,
            }
        }
    }
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
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A name of this test's own, which goes with it.
    struct Name(String);

    impl Name {
        fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let (pid, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            Self(format!("/ferripc-test-{pid}-{next}"))
        }

        fn open(&self, access: Access, creation: Option<Creation>) -> Result<Queue, Error> {
            Queue::open(&self.0, access, creation.as_ref())
        }

        fn create(&self) -> Queue {
            self.open(Access::Both, Some(SMALL)).unwrap()
        }
    }

    impl Drop for Name {
        fn drop(&mut self) {
            let _ = unlink(&self.0);
        }
    }

    const SMALL: Creation =
        Creation { exclusive: true, max_messages: 3, message_size: 16, mode: 0o600 };

    fn code<T>(result: Result<T, Error>) -> (&'static str, &'static str) {
        let error = result.err().unwrap();
        (error.syscall, error.code())
    }

    fn received(queue: &Queue) -> (Vec<u8>, u32) {
        let mut data = Vec::new();
        let priority = queue.receive(&mut data).unwrap();
        (data, priority)
    }

    fn on_a_runtime<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(future)
    }

    #[test]
    fn messages_come_by_priority_and_then_by_age() {
        let queue = Name::new().create();
        for (text, priority) in [("old", 1), ("first", PRIORITIES - 1), ("young", 1)] {
            queue.send(text.as_bytes(), priority).unwrap();
        }
        let [first, old, young] = [(); 3].map(|()| received(&queue));
        assert_eq!(first, (b"first".to_vec(), PRIORITIES - 1));
        assert_eq!((old, young), ((b"old".to_vec(), 1), (b"young".to_vec(), 1)));
        queue.send(b"", 0).unwrap();
        assert_eq!(received(&queue), (vec![], 0));
    }

    #[test]
    fn what_would_wait_or_does_not_fit_is_refused() {
        let name = Name::new();
        let queue = name.create();
        let attributes = |messages| Attributes { max_messages: 3, message_size: 16, messages };
        assert_eq!(code(queue.receive(&mut Vec::new())), ("mq_receive", "EAGAIN"));
        assert_eq!(code(queue.send(&[0; 17], 0)), ("mq_send", "EMSGSIZE"));
        assert_eq!(code(queue.send(b"", PRIORITIES)), ("mq_send", "EINVAL"));
        assert_eq!(queue.attributes().unwrap(), attributes(0));
        for _ in 0..3 {
            queue.send(&[7; 16], 0).unwrap();
        }
        assert_eq!(code(queue.send(b"", 0)), ("mq_send", "EAGAIN"));
        assert_eq!(queue.attributes().unwrap(), attributes(3));
        let error = queue.send(b"", 0).unwrap_err();
        assert_eq!(error.to_string(), format!("mq_send EAGAIN {}", name.0));
        let reader = name.open(Access::Read, None).unwrap();
        assert_eq!(code(reader.send(b"", 0)), ("mq_send", "EBADF"));
        assert_eq!(received(&reader), (vec![7; 16], 0));
    }

    #[test]
    fn names_and_creation() {
        let name = Name::new();
        assert_eq!(code(name.open(Access::Both, None)), ("mq_open", "ENOENT"));
        let made = name.create();
        assert_eq!(code(name.open(Access::Both, Some(SMALL))), ("mq_open", "EEXIST"));
        // The attributes of a queue that is there count.
        let other = Creation { exclusive: false, max_messages: 1, ..SMALL };
        let same = name.open(Access::Both, Some(other)).unwrap();
        assert_eq!(same.attributes().unwrap().max_messages, 3);
        assert!(!made.is_unlinked());
        unlink(&name.0).unwrap();
        assert!(made.is_unlinked() && same.is_unlinked());
        assert_eq!(code(unlink(&name.0)), ("mq_unlink", "ENOENT"));
        made.send(b"still", 0).unwrap();
        assert_eq!(received(&same).0, b"still");

        for (name, expected) in [
            ("bare", "EINVAL"),
            ("", "EINVAL"),
            ("/", "ENOENT"),
            ("/a\0b", "EINVAL"),
            ("/a/b", "EACCES"),
            (&format!("/{}", "x".repeat(256)), "ENAMETOOLONG"),
        ] {
            let open = Queue::open(name, Access::Both, Some(&SMALL));
            assert_eq!(code(open), ("mq_open", expected), "{name:?}");
        }
        for (max_messages, message_size) in [(0, 16), (3, 0), (usize::MAX, 16), (3, usize::MAX)] {
            let creation = Creation { max_messages, message_size, ..SMALL };
            let open = Name::new().open(Access::Both, Some(creation));
            assert_eq!(code(open), ("mq_open", "EINVAL"), "{creation:?}");
        }
    }

    #[test]
    fn the_umask_does_not_count_for_set_mode() {
        let name = Name::new();
        let queue = name.create();
        queue.set_mode(0o642).unwrap();
        let file = std::fs::File::from(queue.fd.try_clone().unwrap());
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o642);
    }

    #[test]
    fn waits_for_a_message_and_for_room() {
        on_a_runtime(async {
            let name = Name::new();
            let reader = Waiter::new(Arc::new(name.create())).unwrap();
            let writer = Waiter::new(Arc::new(name.open(Access::Write, None).unwrap())).unwrap();
            let receive = async {
                let mut all = Vec::new();
                for _ in 0..1000 {
                    let mut data = Vec::new();
                    reader.receive(&mut data).await.unwrap();
                    all.push(u32::from_le_bytes(data.try_into().unwrap()));
                }
                all
            };
            let send = async {
                for number in 0..1000u32 {
                    writer.send(&number.to_le_bytes(), 0).await.unwrap();
                }
            };
            let (all, ()) = tokio::join!(receive, send);
            assert_eq!(all, (0..1000).collect::<Vec<_>>());
        });
    }

    #[test]
    fn two_wait_and_one_gets_it() {
        on_a_runtime(async {
            let name = Name::new();
            let open = || Waiter::new(Arc::new(name.open(Access::Both, None).unwrap())).unwrap();
            let queue = name.create();
            let (one, two) = (open(), open());
            let (mut first, mut second) = (Vec::new(), Vec::new());
            queue.send(b"x", 0).unwrap();
            tokio::select! {
                got = one.receive(&mut first) => assert_eq!(got.unwrap(), 0),
                got = two.receive(&mut second) => assert_eq!(got.unwrap(), 0),
            }
            let more = async {
                tokio::task::yield_now().await;
                queue.send(b"y", 5).unwrap();
            };
            let (got, ()) = tokio::join!(two.receive(&mut second), more);
            assert_eq!((got.unwrap(), second), (5, b"y".to_vec()));
        });
    }
}
