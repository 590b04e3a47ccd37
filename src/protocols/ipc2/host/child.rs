//! Processes that this crate starts and that end with this process. Used by the launcher.

use std::io;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::process::Process;

/// Starts `command` for the current runtime. On Linux, the process is killed when this process ends, in
/// whatever way. On other systems, a worker notices that its socket has ended.
pub async fn spawn(mut command: Command) -> io::Result<Process> {
    let runtime = Handle::current();
    end_with_this_process(&mut command);
    let (tx, rx) = oneshot::channel();
    let spawn = move || {
        let _entered = runtime.enter();
        let _ = tx.send(imp::start(command));
    };
    on_thread(Box::new(spawn))?;
    rx.await.unwrap_or_else(|_| Err(io::Error::other("the thread that spawns workers has ended")))
}

type Task = Box<dyn FnOnce() + Send>;

/// Runs `task` on a thread that lives as long as this process. The system ties a child process to the
/// thread that made it, and a thread of a runtime may end at any time.
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
            THREAD.get_or_init(|| tx) // another thread may have been faster: then this thread ends
        }
    };
    tasks.send(task).map_err(|_| io::Error::other("the thread that spawns workers has ended"))
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
            libc::getppid() as u32 != host // the host had ended before the signal was requested
        };
        if orphaned { Err(io::Error::from_raw_os_error(libc::ESRCH)) } else { Ok(()) }
    };
    // SAFETY: `prepare` neither allocates nor takes a lock.
    unsafe { command.pre_exec(prepare) };
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn end_with_this_process(_command: &mut Command) {}

#[cfg(not(unix))]
mod imp {
    use super::*;
    use std::sync::Arc;
    use tokio::sync::Notify;

    pub fn start(command: Command) -> io::Result<Process> {
        let mut child = tokio::process::Command::from(command).kill_on_drop(true).spawn()?;
        let killed = Arc::new(Notify::new());
        let kill = killed.clone();
        let (process, end) =
            Process::new(child.id().unwrap_or_default(), move || kill.notify_one());
        tokio::spawn(async move {
            let status = tokio::select! {
                status = child.wait() => status,
                () = killed.notified() => {
                    let _ = child.start_kill();
                    child.wait().await
                }
            };
            end.tell(status);
        });
        Ok(process)
    }
}

/// Each child has a thread that waits for its end. `SIGCHLD` is not used: its handler belongs to the
/// program that uses this library. So every child is reaped, even when its runtime is gone.
#[cfg(unix)]
mod imp {
    use super::*;
    use std::process::Child;
    use std::sync::{Arc, Mutex, PoisonError};

    /// Large enough for a system call.
    const STACK: usize = 128 * 1024;

    pub fn start(mut command: Command) -> io::Result<Process> {
        let (started, start) = channel::<(Child, _)>();
        // False once the process id may belong to another process.
        let exists = Arc::new(Mutex::new(true));
        let known = exists.clone();
        // Before the spawn, since creating a thread may fail.
        let thread = thread::Builder::new().name("ferripc-wait".into()).stack_size(STACK);
        thread.spawn(move || {
            if let Ok((child, end)) = start.recv() {
                let end: super::super::process::ProcessEnd = end;
                end.tell(wait(child, &known));
            }
        })?;
        let child = command.spawn()?;
        let pid = child.id();
        let (process, end) = Process::new(pid, move || kill(pid, &exists));
        let _ = started.send((child, end));
        Ok(process)
    }

    fn kill(pid: u32, exists: &Mutex<bool>) {
        let exists = exists.lock().unwrap_or_else(PoisonError::into_inner);
        if *exists {
            // SAFETY: a system call without pointers; the process is not reaped while the lock is held.
            unsafe { libc::kill(pid as libc::pid_t, libc::SIGKILL) };
        }
    }

    /// Waits for the end of `child`, and reaps it while `exists` is locked against `kill`.
    fn wait(mut child: Child, exists: &Mutex<bool>) -> io::Result<std::process::ExitStatus> {
        let awaited = await_end(child.id());
        let mut exists = exists.lock().unwrap_or_else(PoisonError::into_inner);
        *exists = false;
        awaited.and_then(|()| child.wait())
    }

    /// Waits for the end of a child, without reaping it.
    fn await_end(pid: u32) -> io::Result<()> {
        loop {
            // SAFETY: all zeros is a valid value of this type.
            let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
            let flags = libc::WEXITED | libc::WNOWAIT;
            // SAFETY: `info` lives as long as the call.
            if unsafe { libc::waitid(libc::P_PID, pid as libc::id_t, &mut info, flags) } == 0 {
                return Ok(());
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test);
    }

    async fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        spawn(command).await.unwrap()
    }

    #[test]
    fn a_child_tells_how_it_ended() {
        run(async {
            assert_eq!(shell("exit 7").await.wait().await.unwrap().code(), Some(7));
            let mut killed = shell("exec sleep 600").await;
            killed.kill();
            assert_eq!(killed.wait().await.unwrap().signal(), Some(libc::SIGKILL));
            assert_eq!(killed.wait().await.unwrap().signal(), Some(libc::SIGKILL));
            killed.kill(); // it exists no more
        });
    }

    #[test]
    fn a_child_that_is_dropped_is_killed_and_reaped() {
        run(async {
            let child = shell("exec sleep 600").await;
            let pid = child.id() as libc::pid_t;
            drop(child);
            // SAFETY: a system call without pointers.
            while unsafe { libc::kill(pid, 0) } == 0 {
                thread::yield_now();
            }
        });
    }

    #[test]
    fn what_cannot_be_started_is_an_error() {
        run(async {
            let error = spawn(Command::new("/nonexistent/program")).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        });
    }
}
