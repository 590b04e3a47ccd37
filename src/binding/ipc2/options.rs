//! Plain objects from JavaScript -> launchers and builders of sets. Types and ranges are validated in
//! `src/js/ipc2/builder.js`.

use std::sync::Arc;

use napi_derive::napi;

use super::super::options::millis;
use super::port::Place;
use super::processes::Processes;
use crate::protocols::ipc2::Raw;
use crate::protocols::ipc2::host::Launcher;
use crate::protocols::ipc2::host::server::Server;
use crate::protocols::ipc2::host::workerset::{WorkerSet, WorkerSetBuilder};

/// The limits of a worker. JavaScript starts its process.
#[napi(object)]
pub struct WorkerOptions {
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
    /// The limits of each worker.
    pub worker: WorkerOptions,
    /// The number of workers; by default, the number of processors.
    pub count: Option<u32>,
    /// Jobs that may wait.
    pub queue: u32,
    /// Replace workers that end.
    pub respawn: bool,
    /// Replace workers that end without a job, too.
    pub respawn_idle: bool,
    /// First and longest pause, in ms.
    pub backoff: Vec<f64>,
}

impl WorkerOptions {
    /// The launcher, for the set or worker `owner`, whose tasks run at `place`.
    pub fn into_launcher(self, owner: u32, processes: Arc<Processes>, place: Place) -> Launcher {
        Launcher::starting(move |target| processes.start(owner, target))
            .connect_timeout(millis(self.connect_timeout))
            .max_message_bytes(self.max_message_bytes as usize)
            .max_queued_bytes(self.max_queued_bytes as usize)
            .tasks(move |task| place.spawn(task))
    }
}

impl WorkerSetOptions {
    /// The builder of the set `id`.
    pub fn into_builder<S: Server>(
        self,
        id: u32,
        processes: Arc<Processes>,
        place: Place,
    ) -> WorkerSetBuilder<S, Raw, Raw> {
        let mut builder = WorkerSet::<S, Raw, Raw>::raw_builder()
            .launcher(self.worker.into_launcher(id, processes, place))
            .queue(self.queue as usize)
            .respawn(self.respawn)
            .respawn_idle(self.respawn_idle);
        if let [first, longest] = self.backoff[..] {
            builder = builder.backoff(millis(first), millis(longest));
        }
        match self.count {
            Some(count) => builder.worker_count(count),
            None => builder,
        }
    }
}
