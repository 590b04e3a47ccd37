//! Plain objects from JavaScript -> launchers and builders of sets. Types and ranges are validated in
//! `src/js/ipc2/builder.js`.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use napi_derive::napi;
use tokio::net::UnixListener;

use super::super::hub::duplicate;
use crate::engine::error::Error;
use crate::protocols::ipc2::Raw;
use crate::protocols::ipc2::host::Launcher;
use crate::protocols::ipc2::host::workerset::{WorkerSet, WorkerSetBuilder};

/// How a worker is started.
#[napi(object)]
pub struct WorkerOptions {
    /// The program.
    pub path: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its whole environment, but for the socket's path.
    pub env: HashMap<String, String>,
    /// Its working directory.
    pub cwd: Option<String>,
    /// A descriptor for each standard stream; -1: none.
    pub stdio: Vec<i32>,
    /// In ms.
    pub connect_timeout: f64,
    /// In bytes.
    pub max_message_bytes: f64,
    /// In bytes.
    pub max_queued_bytes: f64,
}

/// A set of workers.
#[napi(object)]
pub struct WorkerSetOptions {
    /// How each worker is started.
    pub worker: WorkerOptions,
    /// How many; otherwise as many as there are processors.
    pub count: Option<u32>,
    /// Jobs that may wait.
    pub queue: u32,
    /// Replace workers that end.
    pub respawn: bool,
    /// Also those that end without a job.
    pub respawn_idle: bool,
    /// First and longest pause, in ms.
    pub backoff: Vec<f64>,
}

impl WorkerOptions {
    /// The launcher.
    pub fn into_launcher(self) -> Result<Launcher, Error> {
        let timeout = millis(self.connect_timeout);
        let (message, queued) = (self.max_message_bytes as usize, self.max_queued_bytes as usize);
        let launcher = Launcher::new(self.path.clone()).connect_timeout(timeout);
        let launcher = launcher.max_message_bytes(message).max_queued_bytes(queued);
        Ok(launcher.configure(self.into_configuration()?))
    }

    fn into_configuration(self) -> Result<impl Fn(&mut Command) + Send + Sync + 'static, Error> {
        let streams = self.stdio.iter().map(|&fd| stream(fd)).collect::<Result<Vec<_>, _>>()?;
        Ok(move |command: &mut Command| {
            command.args(&self.args).env_clear().envs(&self.env);
            if let Some(cwd) = &self.cwd {
                command.current_dir(cwd);
            }
            let mut streams = streams.iter().map(open);
            streams.next().map(|stream| command.stdin(stream));
            streams.next().map(|stream| command.stdout(stream));
            streams.next().map(|stream| command.stderr(stream));
        })
    }
}

impl WorkerSetOptions {
    /// The builder.
    pub fn into_builder(self) -> Result<WorkerSetBuilder<UnixListener, Raw, Raw>, Error> {
        let mut builder = WorkerSet::<UnixListener, Raw, Raw>::raw_builder()
            .launcher(self.worker.into_launcher()?)
            .queue(self.queue as usize)
            .respawn(self.respawn)
            .respawn_idle(self.respawn_idle);
        if let [first, longest] = self.backoff[..] {
            builder = builder.backoff(millis(first), millis(longest));
        }
        Ok(match self.count {
            Some(count) => builder.worker_count(count),
            None => builder,
        })
    }
}

/// A duplicate of a descriptor; `None` for none.
fn stream(descriptor: i32) -> Result<Option<OwnedFd>, Error> {
    (descriptor >= 0).then(|| duplicate(descriptor)).transpose()
}

fn open(stream: &Option<OwnedFd>) -> Stdio {
    let copy = stream.as_ref().and_then(|stream| stream.try_clone().ok());
    copy.map_or_else(Stdio::null, Stdio::from)
}

/// A time from JavaScript: not a number, or less than none, is none.
pub fn millis(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms.max(0.0) / 1000.0).unwrap_or(Duration::MAX)
}
