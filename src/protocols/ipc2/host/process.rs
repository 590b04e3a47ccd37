//! Processes that end with this one. Used by the launcher.

use std::io;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

#[cfg(unix)]
pub use super::child::Child;
#[cfg(not(unix))]
pub use tokio::process::Child;

/// Spawns `command` for the current runtime. The process is killed when the result is dropped and, on
/// Linux, when this process ends in whatever way. Elsewhere a worker sees its socket end.
pub async fn spawn(mut command: Command) -> io::Result<Child> {
    let runtime = Handle::current();
    end_with_this_process(&mut command);
    let (tx, rx) = oneshot::channel();
    let spawn = move || {
        let _entered = runtime.enter();
        let _ = tx.send(start(command));
    };
    on_thread(Box::new(spawn))?;
    rx.await.unwrap_or_else(|_| Err(io::Error::other("the thread that spawns workers is gone")))
}

#[cfg(unix)]
fn start(command: Command) -> io::Result<Child> {
    Child::spawn(command)
}

#[cfg(not(unix))]
fn start(command: Command) -> io::Result<Child> {
    tokio::process::Command::from(command).kill_on_drop(true).spawn()
}

type Task = Box<dyn FnOnce() + Send>;

/// Runs `task` on a thread that lives as long as this process. The system ties a process to the thread that
/// made it, and a thread of a runtime may end at any time.
fn on_thread(task: Task) -> io::Result<()> {
    static THREAD: OnceLock<Sender<Task>> = OnceLock::new();
    let tasks = match THREAD.get() {
        Some(tasks) => tasks,
        None => {
            let (tx, rx) = channel::<Task>();
            thread::Builder::new().name("ferripc-spawn".into()).spawn(move || {
                while let Ok(task) = rx.recv() {
                    task();
                }
            })?;
            THREAD.get_or_init(|| tx) // another thread may have been faster: then this one's ends
        }
    };
    tasks.send(task).map_err(|_| io::Error::other("the thread that spawns workers is gone"))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn end_with_this_process(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    let host = std::process::id();
    let prepare = move || {
        // SAFETY: two system calls without pointers, which may be made between fork and exec.
        let orphaned = unsafe {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            libc::getppid() as u32 != host // ended before it was asked for
        };
        if orphaned { Err(io::Error::from_raw_os_error(libc::ESRCH)) } else { Ok(()) }
    };
    // SAFETY: `prepare` neither allocates nor takes a lock.
    unsafe { command.pre_exec(prepare) };
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn end_with_this_process(_command: &mut Command) {}
