//! Memory that is passed from process to process as a descriptor: Linux's `memfd`, sealed, so that nobody can change it
//! any more. Made by whoever sends ([`seal`]), looked at and mapped by whoever receives ([`open`]). Used by
//! [`super::passing`] and the drivers.
//!
//! A peer may pass anything. Without the seals, it could change what was checked, or cut the file, and reading the
//! mapping would end the process (`SIGBUS`). Memory of huge pages would do the same when no such page is left, and a file with
//! holes would take memory that nobody has sent.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;

use super::attachment::Attachment;

/// What the receiver relies on.
const SEALS: libc::c_int = libc::F_SEAL_WRITE | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW;

/// Nobody may run it. Refused by kernels before 6.3.
const NOEXEC_SEAL: libc::c_uint = 8;

/// From this many bytes on, memory goes and is mapped. Less is copied through the socket in the same time. A peer may pass less:
/// then it is copied, as a process has few mappings (`vm.max_map_count`), and V8 ends it where there is none left.
pub const WORTH_IT: usize = 256 * 1024;

/// The most mappings at a time, a quarter of what Linux allows a process by default (`vm.max_map_count`): with none left, V8 ends
/// it. Programs may keep what they get, and a peer may pass the same memory again and again.
const MOST_MAPPED: usize = 16 * 1024;

/// How many there are.
static MAPPED: AtomicUsize = AtomicUsize::new(0);

/// Memory of this process with what a peer has sent. It may be written to: that makes a copy of the page.
#[derive(Debug)]
pub enum Memory {
    /// The peer's pages.
    Mapped(Mapping),
    /// A copy, of little, or where there are too many mappings.
    Copied(Vec<u8>),
}

/// A private mapping, which ends when it is dropped.
#[derive(Debug)]
pub struct Mapping {
    at: NonNull<u8>,
    len: usize,
}

// SAFETY: it is plain memory of the process, and has one owner.
unsafe impl Send for Mapping {}

impl Memory {
    /// Its length, which is not 0.
    #[allow(clippy::len_without_is_empty)] // it never is
    pub fn len(&self) -> usize {
        match self {
            Memory::Mapped(mapping) => mapping.len,
            Memory::Copied(bytes) => bytes.len(),
        }
    }

    /// Where it begins. It stays there.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        match self {
            Memory::Mapped(mapping) => mapping.at.as_ptr(),
            Memory::Copied(bytes) => bytes.as_mut_ptr(),
        }
    }
}

impl Mapping {
    fn new(file: &File, len: usize) -> io::Result<Self> {
        // Threads that map at once may go over it by one each.
        if MAPPED.load(Ordering::Relaxed) >= MOST_MAPPED {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping, at a place that the system chooses, changes nothing else.
        let at = unsafe {
            libc::mmap(ptr::null_mut(), len, access, libc::MAP_PRIVATE, file.as_raw_fd(), 0)
        };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let at = NonNull::new(at.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        MAPPED.fetch_add(1, Ordering::Relaxed);
        Ok(Self { at, len })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: made by `new` with this length; nothing else refers to it.
        unsafe { libc::munmap(self.at.as_ptr().cast(), self.len) };
        MAPPED.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether this process can make such memory and take it. A sandbox may forbid either, and some that stand in for Linux know
/// only a part of it.
pub fn works() -> bool {
    static WORKED: AtomicBool = AtomicBool::new(false);
    if WORKED.load(Ordering::Relaxed) {
        return true;
    }
    let works = matches!(seal(&[b"x"]).map(|made| open(made, 1)), Ok(Attachment::Memory(_)));
    WORKED.store(works, Ordering::Relaxed);
    works
}

/// New memory with the bytes of `pieces`, one after the other. It fails where the system has none, or does not allow it.
pub fn seal(pieces: &[&[u8]]) -> io::Result<OwnedFd> {
    let len = pieces.iter().map(|piece| piece.len() as u64).sum();
    if longest_file() < len {
        return Err(io::ErrorKind::FileTooLarge.into()); // writing would end the process: SIGXFSZ
    }
    let mut file = File::from(create()?);
    for piece in pieces {
        file.write_all(piece)?;
    }
    let seals = SEALS | libc::F_SEAL_SEAL;
    // SAFETY: the call takes a descriptor, which is open, and a number.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) } {
        0 => Ok(file.into()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn create() -> io::Result<OwnedFd> {
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    match create_with(flags | NOEXEC_SEAL) {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => create_with(flags),
        created => created,
    }
}

/// By its number: glibc has a function for it only since 2.27.
fn create_with(flags: libc::c_uint) -> io::Result<OwnedFd> {
    // SAFETY: the name is a string that ends with NUL; what is returned is a new descriptor, or -1.
    unsafe {
        match libc::syscall(libc::SYS_memfd_create, c"ferripc".as_ptr(), flags) {
            -1 => Err(io::Error::last_os_error()),
            descriptor => Ok(OwnedFd::from_raw_fd(descriptor as libc::c_int)),
        }
    }
}

/// See `RLIMIT_FSIZE`.
fn longest_file() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call writes to the structure that it is given.
    let told = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    #[allow(clippy::useless_conversion)] // its type depends on the platform
    if told == 0 { limit.rlim_cur.into() } else { 0 }
}

/// What a peer has passed, if it is sealed memory of at most `most` bytes.
pub fn open(descriptor: OwnedFd, most: usize) -> Attachment {
    // Before anything else: another kind of file could keep the caller waiting.
    // SAFETY: the call takes a descriptor, which is open.
    let seals = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_GET_SEALS) };
    if seals == -1 {
        close_elsewhere(vec![descriptor]);
        return Attachment::Invalid;
    }
    if seals & SEALS != SEALS || !is_of_usual_pages(&descriptor) {
        return Attachment::Invalid;
    }
    let file = File::from(descriptor);
    let Ok(facts) = file.metadata() else { return Attachment::Invalid };
    let size = facts.len();
    match usize::try_from(size) {
        Ok(len) if len > 0 && len <= most && !has_holes(&file, size) => {
            let mapped = if len < WORTH_IT { None } else { Mapping::new(&file, len).ok() };
            let memory = match mapped {
                Some(mapping) => Ok(Memory::Mapped(mapping)),
                None => copied(&file, len).map(Memory::Copied),
            };
            memory.map_or(Attachment::Lost, Attachment::Memory)
        }
        _ if size as u128 > most as u128 => Attachment::TooLarge(size),
        _ => Attachment::Invalid,
    }
}

/// Its number of blocks does not tell: there may be some behind its end.
fn has_holes(file: &File, size: u64) -> bool {
    // SAFETY: the call takes a descriptor, which is open, and numbers.
    let first = unsafe { libc::lseek64(file.as_raw_fd(), 0, libc::SEEK_HOLE) };
    u64::try_from(first) != Ok(size)
}

#[allow(clippy::unnecessary_cast)] // their types depend on the platform
fn is_of_usual_pages(descriptor: &OwnedFd) -> bool {
    let mut facts = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the call fills the structure if it succeeds.
    unsafe {
        libc::fstatfs(descriptor.as_raw_fd(), facts.as_mut_ptr()) == 0
            && facts.assume_init().f_type as i64 == libc::TMPFS_MAGIC as i64
    }
}

fn copied(file: &File, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    bytes.resize(len, 0);
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// Closes descriptors of files that a peer has chosen: with some (of FUSE, say) that may take as long as the peer wants. One
/// thread does it, so that peers cannot make more of them.
pub fn close_elsewhere(descriptors: Vec<OwnedFd>) {
    static CLOSER: OnceLock<Option<mpsc::Sender<Vec<OwnedFd>>>> = OnceLock::new();
    let closer = CLOSER.get_or_init(|| {
        let (closer, all) = mpsc::channel();
        let builder = thread::Builder::new().name("ferripc-close".into());
        builder.spawn(move || all.into_iter().for_each(drop)).ok().map(|_| closer)
    });
    // Without a thread they are closed here, when they are dropped.
    if let Some(closer) = closer {
        let _ = closer.send(descriptors);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::slice;

    const LARGE: usize = 1 << 30;

    fn bytes_of(memory: &mut Memory) -> &mut [u8] {
        // SAFETY: it is as long as that, and borrowed meanwhile.
        unsafe { slice::from_raw_parts_mut(memory.as_mut_ptr(), memory.len()) }
    }

    fn unsealed(bytes: &[u8]) -> File {
        let mut file = File::from(create_with(libc::MFD_ALLOW_SEALING).unwrap());
        file.write_all(bytes).unwrap();
        file
    }

    fn add(file: &File, seals: libc::c_int) {
        // SAFETY: see `seal`.
        assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) }, 0);
    }

    #[test]
    fn what_is_sealed_arrives_and_is_the_receivers_own() {
        for pieces in [[&[1; 5000][..], &[], &[2; 3]], [&[1; WORTH_IT], &[], &[2; 3]]] {
            arrives(&pieces);
        }
    }

    fn arrives(pieces: &[&[u8]]) {
        let sealed = seal(pieces).unwrap();
        let twice = sealed.as_fd().try_clone_to_owned().unwrap();
        let Attachment::Memory(mut one) = open(sealed, LARGE) else { panic!() };
        let Attachment::Memory(mut other) = open(twice, LARGE) else { panic!() };
        assert_eq!(bytes_of(&mut one), pieces.concat());
        bytes_of(&mut one)[7] = 9;
        assert_eq!(bytes_of(&mut other), pieces.concat());
        let is_mapped = matches!(one, Memory::Mapped(_));
        assert_eq!(is_mapped, one.len() >= WORTH_IT);
    }

    #[test]
    fn a_copy_is_the_same() {
        let file = File::from(seal(&[&[7; 10_000]]).unwrap());
        assert_eq!(copied(&file, 10_000).unwrap(), [7; 10_000]);
        assert!(copied(&file, 10_001).is_err());
    }

    #[test]
    fn other_files_are_refused() {
        let invalid = |file: File| matches!(open(file.into(), LARGE), Attachment::Invalid);
        assert!(invalid(File::open("/dev/zero").unwrap()));
        assert!(invalid(File::open(std::env::current_exe().unwrap()).unwrap()));
        assert!(invalid(unsealed(b"abc")));
        for missing in [libc::F_SEAL_WRITE, libc::F_SEAL_SHRINK, libc::F_SEAL_GROW] {
            let file = unsealed(b"abc");
            add(&file, SEALS & !missing);
            assert!(invalid(file));
        }
        let empty = unsealed(b"");
        add(&empty, SEALS);
        assert!(invalid(empty));
        let sparse = unsealed(b"abc");
        sparse.set_len(1 << 20).unwrap();
        add(&sparse, SEALS);
        assert!(invalid(sparse));
        let hidden = unsealed(b"");
        hidden.set_len(1 << 20).unwrap();
        let (len, keep) = (1 << 20, libc::FALLOC_FL_KEEP_SIZE);
        // SAFETY: the call takes a descriptor, which is open, and numbers.
        assert_eq!(unsafe { libc::fallocate64(hidden.as_raw_fd(), keep, len, len) }, 0);
        add(&hidden, SEALS);
        assert!(invalid(hidden));
        let huge = create_with(libc::MFD_ALLOW_SEALING | libc::MFD_HUGETLB).map(File::from);
        if let Ok(huge) = huge {
            add(&huge, SEALS);
            assert!(invalid(huge));
        }
    }

    #[test]
    fn what_is_too_large_is_not_mapped() {
        let sealed = seal(&[&[1; 5000]]).unwrap();
        assert!(matches!(open(sealed, 4999), Attachment::TooLarge(5000)));
    }
}
