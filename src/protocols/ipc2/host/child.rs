//! A child process, awaited by a thread of its own: without `SIGCHLD`, whose handler belongs to the program that
//! this library is a part of (libuv has one, too, and whoever comes last has it alone). So a child is reaped in any
//! case, also when its runtime is gone.

use std::io;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::watch;

/// Enough for a system call.
const STACK: usize = 128 * 1024;

/// Whether a process has ended, and how.
type Ended = Option<Result<ExitStatus, i32>>;

/// A process. It is killed when this is dropped.
pub struct Child {
    pid: u32,
    /// False once the process id may be another's.
    exists: Arc<Mutex<bool>>,
    ended: watch::Receiver<Ended>,
}

impl Child {
    /// Starts one.
    pub fn spawn(mut command: Command) -> io::Result<Self> {
        let (started, start) = std::sync::mpsc::channel::<std::process::Child>();
        let (tx, ended) = watch::channel(None);
        let exists = Arc::new(Mutex::new(true));
        let known = exists.clone();
        // First, since it may be refused.
        let name = thread::Builder::new().name("ferripc-wait".into()).stack_size(STACK);
        name.spawn(move || {
            if let Ok(child) = start.recv() {
                let status = wait(child, &known);
                tx.send_replace(Some(
                    status.map_err(|error| error.raw_os_error().unwrap_or_default()),
                ));
            }
        })?;
        let child = command.spawn()?;
        let pid = child.id();
        let _ = started.send(child);
        Ok(Self { pid, exists, ended })
    }

    /// Its process id.
    pub fn id(&self) -> Option<u32> {
        Some(self.pid)
    }

    /// Waits until it has ended.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        let ended = self.ended.wait_for(Option::is_some).await.ok().and_then(|ended| *ended);
        let ended = ended.ok_or_else(|| io::Error::other("nobody has waited for the process"))?;
        ended.map_err(io::Error::from_raw_os_error)
    }

    /// Kills it, if it has not ended.
    pub fn start_kill(&mut self) -> io::Result<()> {
        let exists = self.exists.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: a system call without pointers; the process is not reaped while the lock is held.
        if *exists && unsafe { libc::kill(self.pid as i32, libc::SIGKILL) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.start_kill();
    }
}

/// Waits for the end of `child`, and reaps it when nobody kills it.
fn wait(mut child: std::process::Child, exists: &Mutex<bool>) -> io::Result<ExitStatus> {
    let awaited = await_end(child.id());
    let mut exists = exists.lock().unwrap_or_else(PoisonError::into_inner);
    *exists = false;
    awaited.and_then(|()| child.wait())
}

/// Waits for the end of a child that stays to be reaped.
fn await_end(pid: u32) -> io::Result<()> {
    loop {
        // SAFETY: all zeros is a value of it.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let flags = libc::WEXITED | libc::WNOWAIT;
        // SAFETY: `info` is there as long as the call lasts.
        if unsafe { libc::waitid(libc::P_PID, pid as libc::id_t, &mut info, flags) } == 0 {
            return Ok(());
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
    use std::os::unix::process::ExitStatusExt;

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test);
    }

    fn shell(script: &str) -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Child::spawn(command).unwrap()
    }

    #[test]
    fn a_child_tells_how_it_ended() {
        run(async {
            assert_eq!(shell("exit 7").wait().await.unwrap().code(), Some(7));
            let mut killed = shell("sleep 600");
            killed.start_kill().unwrap();
            assert_eq!(killed.wait().await.unwrap().signal(), Some(libc::SIGKILL));
            assert_eq!(killed.wait().await.unwrap().signal(), Some(libc::SIGKILL));
            killed.start_kill().unwrap(); // it is no more
        });
    }

    #[test]
    fn a_child_that_is_dropped_is_killed_and_reaped() {
        let child = shell("sleep 600");
        let mut ended = child.ended.clone();
        let pid = child.pid as i32;
        drop(child);
        run(async {
            let status = ended.wait_for(Option::is_some).await.unwrap().unwrap().unwrap();
            assert_eq!(status.signal(), Some(libc::SIGKILL));
        });
        // SAFETY: a system call without pointers.
        assert_eq!(unsafe { libc::kill(pid, 0) }, -1);
    }

    #[test]
    fn what_cannot_be_started_is_an_error() {
        let error = Child::spawn(Command::new("/nonexistent/program")).map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
