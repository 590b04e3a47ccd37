//! Which queues are made and removed, told by the system: inotify, in a folder where the queues of this IPC namespace
//! are mounted (`/dev/mqueue`, usually). A process need not have one, and one may show another namespace's queues,
//! so that a queue of our own has to show up before a folder is believed. Used by [`super::Lookout`].

use std::ffi::{CString, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Access, Creation, Queue, unlink};

/// A queue is made or removed, or others may open it from now on.
const TOLD: u32 = libc::IN_CREATE | libc::IN_DELETE | libc::IN_ATTRIB;

/// The folder is gone, or is not watched any more.
const OVER: u32 = libc::IN_UNMOUNT | libc::IN_IGNORED | libc::IN_DELETE_SELF;

/// The fields of an event before its name: `wd`, `mask`, `cookie` and `len`, of four bytes each.
const HEAD: usize = size_of::<libc::inotify_event>();

/// Room for some events with names of any length.
const ROOM: usize = 4096;

/// Folders that are tried: there is one, usually.
const FOLDERS: usize = 8;

/// Tells of queues that are made and removed.
#[derive(Debug)]
pub struct Changes(File);

impl Changes {
    /// From now on.
    ///
    /// # Errors
    /// `ENOENT`: the queues of this namespace are mounted nowhere. `EMFILE`: the user has no inotify instance left
    /// (`fs.inotify.max_user_instances`). Whatever is in the way of making a queue, for the proof.
    pub fn watch() -> io::Result<Self> {
        let mounts = fs::read("/proc/thread-self/mountinfo")?;
        let mut why = io::Error::from_raw_os_error(libc::ENOENT);
        for folder in folders(&mounts).take(FOLDERS) {
            match Self::of(&folder) {
                Ok(changes) => return Ok(changes),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    fn of(folder: &Path) -> io::Result<Self> {
        // SAFETY: the call has no pointers.
        let fd = unsafe { libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK) };
        if fd == -1 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call has made it, for nobody else.
        let changes = Self(unsafe { File::from_raw_fd(fd) });
        let path = CString::new(folder.as_os_str().as_bytes())?;
        let wanted = TOLD | libc::IN_DELETE_SELF | libc::IN_ONLYDIR;
        // SAFETY: the path outlives the call.
        if unsafe { libc::inotify_add_watch(fd, path.as_ptr(), wanted) } == -1 {
            return Err(io::Error::last_os_error());
        }
        if changes.tells()? { Ok(changes) } else { Err(io::Error::from_raw_os_error(libc::ENOENT)) }
    }

    /// Whether it tells of a queue that is made here, and at once removed.
    fn tells(&self) -> io::Result<bool> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (pid, next) = (process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let name = format!("/ferripc-look-{pid}-{next}");
        let least = Creation { exclusive: true, max_messages: 1, message_size: 1, mode: 0o600 };
        let made = Queue::open(&name, Access::Read, Some(&least));
        let removed = made.and_then(|_| unlink(&name));
        removed.map_err(|error| error.source)?;
        self.concern(&[name])
    }

    /// Takes what was told since, and returns whether it concerns one of the queues `names` (or may, because it was
    /// too much to be told).
    ///
    /// # Errors
    /// It will not tell any more.
    pub fn concern(&self, names: &[String]) -> io::Result<bool> {
        let mut concerned = false;
        let mut room = [0; ROOM];
        loop {
            match (&self.0).read(&mut room) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(len) => {
                    for (mask, name) in events(&room[..len]) {
                        if mask & OVER != 0 {
                            return Err(io::Error::from_raw_os_error(libc::ENODEV));
                        }
                        let is_one = |it: &String| it.as_bytes().strip_prefix(b"/") == Some(name);
                        concerned |= mask & libc::IN_Q_OVERFLOW != 0 || names.iter().any(is_one);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(concerned),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// What has happened, and the name of what, in what inotify has written.
fn events(mut bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let head = bytes.get(..HEAD)?;
        let field =
            |at: usize| u32::from_ne_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (mask, len) = (field(4), field(12) as usize);
        let name = bytes.get(HEAD..HEAD + len)?;
        bytes = &bytes[HEAD + len..];
        Some((mask, name.split(|&byte| byte == 0).next()?))
    })
}

/// Where file systems of queues are mounted, by `/proc/PID/mountinfo`: see proc_pid_mountinfo(5).
fn folders(mounts: &[u8]) -> impl Iterator<Item = PathBuf> {
    mounts.split(|&byte| byte == b'\n').filter_map(|line| {
        let mut fields = line.split(|&byte| byte == b' ');
        // Number, parent and device; what of the file system is mounted; where.
        let (root, place) = (fields.nth(3)?, fields.next()?);
        // Options, until a dash.
        let kind = fields.skip_while(|&field| field != b"-").nth(1)?;
        (kind == b"mqueue" && root == b"/").then(|| unescaped(place))
    })
}

/// A path without the escapes (`\040` for a space) that keep it one field.
fn unescaped(field: &[u8]) -> PathBuf {
    let mut path = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, others)) = rest.split_first() {
        let digits = others.get(..3).and_then(|it| std::str::from_utf8(it).ok());
        let escape = digits.and_then(|it| u8::from_str_radix(it, 8).ok());
        rest = match escape {
            Some(byte) if first == b'\\' => {
                path.push(byte);
                &others[3..]
            }
            _ => {
                path.push(first);
                others
            }
        };
    }
    PathBuf::from(OsString::from_vec(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_queues_among_all() {
        let mounts = b"22 1 0:21 / /proc rw - proc proc rw\n\
            31 22 0:20 / /dev/mqueue rw,nosuid shared:9 master:2 - mqueue mqueue rw\n\
            40 22 0:20 /one /run/one rw - mqueue mqueue rw\n\
            41 22 0:39 / /a\\040b\\134 rw - mqueue none rw\n\
            42 22 8:1 / /mqueue rw - ext4 mqueue rw\n\
            torn 1 2";
        let found: Vec<_> = folders(mounts).collect();
        assert_eq!(found, ["/dev/mqueue", "/a b\\"].map(PathBuf::from));
        assert_eq!(folders(b"").count(), 0);
    }

    #[test]
    fn events_end_where_they_are_torn() {
        let event = |mask: u32, name: &[u8]| {
            let fields = [1, mask, 0, name.len() as u32].map(u32::to_ne_bytes);
            [fields.as_flattened(), name].concat()
        };
        let both = [event(7, b"a\0\0\0"), event(8, b"")].concat();
        let expected: [(u32, &[u8]); 2] = [(7, b"a"), (8, b"")];
        assert_eq!(events(&both).collect::<Vec<_>>(), expected);
        for len in 0..both.len() {
            let whole = usize::from(len >= HEAD + 4);
            assert_eq!(events(&both[..len]).count(), whole);
        }
    }
}
