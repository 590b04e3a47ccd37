//! How `server` listens: each worker's socket is in a folder of its own, which exists until the worker has connected.
//! A process that exits before that removes its folders at exit. If a process is killed, the next host removes them.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, DirEntry, File};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::net::UnixListener;

use crate::engine::error::{Endpoint, Error};
use crate::engine::transport::lock::try_lock;
use crate::engine::transport::unix;

const FOLDER: &str = "ipc2-";
const SOCKET: &str = "s";

/// A folder is only removed if it is this old: by then its maker has locked it.
const OLD: Duration = Duration::from_secs(600);

/// The most entries that are read in a folder for temporary files.
const MOST_NAMES: usize = 4096;

/// The existing folders, by their sockets. Each is locked from when its socket listens, as long as this process lives.
static THERE: LazyLock<Mutex<HashMap<String, Option<File>>>> = LazyLock::new(Mutex::default);

/// The process that has made them. What it forks inherits the list, and must leave the folders alone.
static MAKER: AtomicU32 = AtomicU32::new(0);

fn there() -> MutexGuard<'static, HashMap<String, Option<File>>> {
    THERE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A path that cannot be guessed.
pub fn path() -> String {
    let name = format!("{FOLDER}{:016x}/{SOCKET}", RandomState::new().hash_one(0));
    let in_folder = |folder: PathBuf| folder.join(&name).into_os_string().into_string().ok();
    // Absolute, since a worker may run in another folder. Fails if it is empty.
    let usual = std::path::absolute(std::env::temp_dir()).ok().and_then(in_folder);
    // The path of a socket has to be short, and is a string here.
    let usual = usual.filter(|path| unix::check("listen", path).is_ok());
    usual.unwrap_or_else(|| format!("/tmp/{name}"))
}

pub fn listen(target: &str) -> io::Result<UnixListener> {
    let folder = Path::new(target).parent().unwrap_or(Path::new(""));
    // Fails if it exists: then it belongs to another process.
    make(folder, target)?;
    let local = unix::UnixLocal {
        path: target.to_owned(),
        claim: unix::Claim::Never,
        add_mode: 0,
        padded: false,
    };
    let listening = unix::listen(&local).and_then(|(listener, _)| UnixListener::from_std(listener));
    let listener = listening.inspect_err(|_| remove(target))?;
    lock(folder, target);
    Ok(listener)
}

/// Locks the folder for good. Not before there is a socket in it: whoever makes that locks the folder, too, and would
/// wait for us.
fn lock(folder: &Path, target: &str) {
    // Some file systems know no locks: then only the folder's age protects it.
    let lock = File::open(folder).ok().filter(|file| try_lock(file).is_ok());
    if let Some(held) = there().get_mut(target) {
        *held = lock;
    }
}

/// Makes a folder that only this user can enter. The error names the folder, since the caller has
/// not chosen the name.
fn make(folder: &Path, target: &str) -> io::Result<()> {
    // Held until it is noted: a process that ends meanwhile waits for this, and removes it.
    let mut there = there();
    DirBuilder::new().mode(0o700).create(folder).map_err(|error| {
        let endpoint = Endpoint::Path(folder.display().to_string());
        io::Error::new(error.kind(), Error::new("mkdir", error, Some(endpoint)))
    })?;
    MAKER.store(process::id(), Ordering::Relaxed);
    there.insert(target.to_owned(), None);
    drop(there);
    static FIRST: Once = Once::new();
    FIRST.call_once(|| {
        // SAFETY: the function takes no arguments, returns nothing and does not unwind.
        unsafe { libc::atexit(leave) };
        remove_left(folder);
    });
    Ok(())
}

/// Removes a socket that is in a folder of its own, and the folder.
pub fn remove(target: &str) {
    // An entry here says that `listen` made the folder.
    if there().remove(target).is_some() {
        clear(target);
    }
}

fn clear(target: &str) {
    let path = Path::new(target);
    let _ = fs::remove_file(path);
    let _ = path.parent().map(fs::remove_dir);
}

/// How often, and after which pause, a process that ends looks whether it may remove its folders.
const MOST_LOOKS: u32 = 100;
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// At the process's exit.
extern "C" fn leave() {
    if MAKER.load(Ordering::Relaxed) != process::id() {
        return;
    }
    // Another thread may be at work. Or it has ended with what it held: then the next host does it.
    for _ in 0..MOST_LOOKS {
        if let Ok(there) = THERE.try_lock() {
            there.keys().for_each(|target| clear(target));
            return;
        }
        thread::sleep(LOOK_AGAIN);
    }
}

/// Removes the folders beside `own` whose makers were killed.
fn remove_left(own: &Path) {
    let (Some(parent), Ok(ours)) = (own.parent(), fs::metadata(own)) else { return };
    let Ok(names) = fs::read_dir(parent) else { return };
    for entry in names.take(MOST_NAMES).flatten() {
        if is_left(&entry, ours.uid()) {
            clear(&entry.path().join(SOCKET).to_string_lossy());
        }
    }
}

/// Whether it is such a folder, of the user `uid`, old, and locked by no process.
fn is_left(entry: &DirEntry, uid: u32) -> bool {
    let name = entry.file_name();
    let id = name.to_str().and_then(|name| name.strip_prefix(FOLDER));
    if !id.is_some_and(|id| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return false;
    }
    // Does not follow links.
    let Ok(about) = entry.metadata() else { return false };
    let age = about.modified().ok().and_then(|at| at.elapsed().ok()).unwrap_or_default();
    about.is_dir()
        && about.uid() == uid
        && age >= OLD
        && File::open(entry.path()).is_ok_and(|folder| try_lock(&folder).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::transport::lock::PATIENCE;
    use std::time::Instant;

    #[test]
    fn the_folder_is_locked_and_nobody_waits_for_that() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _entered = runtime.enter();
        let mut shortest = Duration::MAX;
        for _ in 0..5 {
            let (target, started) = (path(), Instant::now());
            let listener = listen(&target).unwrap();
            shortest = shortest.min(started.elapsed());
            let folder = File::open(Path::new(&target).parent().unwrap()).unwrap();
            assert_eq!(try_lock(&folder).unwrap_err().kind(), io::ErrorKind::WouldBlock);
            drop(listener);
            remove(&target);
        }
        assert!(shortest < PATIENCE, "{shortest:?}");
    }
}
