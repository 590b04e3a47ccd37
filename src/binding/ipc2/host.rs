//! A host of workers, for one environment: sets and single workers by their numbers, which JavaScript gives them, as
//! it does calls.

use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use tokio::net::UnixListener;

use super::super::deliver::Payload;
use super::super::table::Table;
use super::super::wake::WakeUp;
use super::calls::Calls;
use super::mailbox::{Event, Mailbox};
use super::options::{WorkerOptions, WorkerSetOptions, millis};
use super::processes::Processes;
use crate::engine::error::Error as EngineError;
use crate::engine::runtime::Runtime;
use crate::protocols::ipc2::Raw;
use crate::protocols::ipc2::host::manager::WorkerHandle;
use crate::protocols::ipc2::host::workerset::{JobError, TimeoutAction, WorkerSet};

type Set = WorkerSet<UnixListener, Raw, Raw>;

type Worker = WorkerHandle<Raw, Raw>;

/// See `src/js/ipc2/host.js` for how it is used.
#[napi]
pub struct Ipc2Host {
    live: Option<Live>,
}

/// What a host has as long as it is not disposed of.
struct Live {
    calls: Calls,
    mailbox: Arc<Mailbox>,
    wake: WakeUp,
    header: Uint32Array,
    processes: Arc<Processes>,
    sets: Arc<Table<Arc<Set>>>,
    workers: Arc<Table<Worker>>,
}

#[napi]
impl Ipc2Host {
    /// Starts an I/O thread. `wake` is called on the JS thread for each event, which `next` takes: its kind and number
    /// go into `header`.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, wake: Function<(), ()>, header: Uint32Array) -> Result<Self> {
        let wake = WakeUp::new(&env, wake)?;
        let runtime = Runtime::start()
            .map_err(|error| Error::from_reason(EngineError::new("start", error, None).code()))?;
        let mailbox = Arc::new(Mailbox::new(wake.clone()));
        let calls = Calls::new(runtime, mailbox.clone());
        let processes = Arc::new(Processes::new(mailbox.clone()));
        let (sets, workers) = Default::default();
        Ok(Self { live: Some(Live { calls, mailbox, wake, header, processes, sets, workers }) })
    }

    /// Takes the next event.
    #[napi(catch_unwind)]
    pub fn next(&mut self) -> Payload {
        let Some(live) = &mut self.live else { return Payload::None };
        // SAFETY: the array is JavaScript's, which does not run meanwhile.
        live.mailbox.take(unsafe { live.header.as_mut() })
    }

    /// Starts the set `id`.
    #[napi(catch_unwind)]
    pub fn finish(&self, id: u32, call: u32, options: WorkerSetOptions) {
        let Some(live) = &self.live else { return };
        let (sets, mailbox) = (live.sets.clone(), live.mailbox.clone());
        let builder = options.into_builder(id, live.processes.clone());
        live.calls.begin(call, async move {
            let exits = move |exit: &_| mailbox.post(id, Event::Exit(Clone::clone(exit)));
            let started = builder.on_exit(exits).finish().await;
            ended(started.map(|set| sets.insert(id, Arc::new(set))))
        });
    }

    /// Starts the worker `id`.
    #[napi(catch_unwind)]
    pub fn spawn(&self, id: u32, call: u32, options: WorkerOptions) {
        let Some(live) = &self.live else { return };
        let (workers, mailbox) = (live.workers.clone(), live.mailbox.clone());
        let launcher = options.into_launcher(id, live.processes.clone());
        live.calls.begin(call, async move {
            let started = launcher.spawn_raw::<UnixListener>().await;
            ended(started.map(|worker| {
                watch(&worker, id, mailbox);
                workers.insert(id, worker);
            }))
        });
    }

    /// Sends a job to a worker of a set. With `timeout` in ms its worker is replaced after that, or, with `restart`
    /// false, goes on.
    #[napi(catch_unwind)]
    pub fn request(&self, set: u32, call: u32, data: &[u8], timeout: Option<f64>, restart: bool) {
        let data = raw(data);
        let action = if restart { TimeoutAction::Restart } else { TimeoutAction::Error };
        let limit = timeout.map(|ms| (millis(ms), action));
        self.of_set(set, call, async move |set| {
            let (answer, held) = set.request_held(data, limit).await?;
            Ok(Event::Answer(answer, Some(held)))
        });
    }

    /// Sends a job without an answer to a worker of a set.
    #[napi(catch_unwind)]
    pub fn notify(&self, set: u32, call: u32, data: &[u8]) {
        let data = raw(data);
        self.of_set(set, call, async move |set| set.notify(data).await.map(|()| Event::Done));
    }

    /// Replaces all workers of a set.
    #[napi(catch_unwind)]
    pub fn restart(&self, set: u32, call: u32) {
        self.of_set(set, call, async |set| Ok(set.restart().await.map(|()| Event::Done)?));
    }

    /// Ends a set; after `patience` ms it is killed. There is no such set any more then.
    #[napi(catch_unwind)]
    pub fn close(&self, set: u32, call: u32, patience: f64) {
        self.of_set(set, call, async move |set| {
            set.close(millis(patience)).await;
            Ok(Event::Done)
        });
        self.live.as_ref().map(|live| live.sets.remove(set));
    }

    /// Takes a worker without a job out of a set, as the worker `id`. Its process id; 0: there is none.
    #[napi(catch_unwind)]
    pub fn pop_worker(&self, set: u32, id: u32) -> u32 {
        let Some(live) = &self.live else { return 0 };
        let Some(worker) = live.sets.get(set).and_then(|set| set.pop_worker()) else { return 0 };
        let pid = worker.pid();
        live.calls.within(|| watch(&worker, id, live.mailbox.clone()));
        live.workers.insert(id, worker);
        pid
    }

    /// Adds the worker `id` to a set. There is no such worker any more then.
    #[napi(catch_unwind)]
    pub fn add_worker(&self, set: u32, id: u32) {
        let Some(live) = &self.live else { return };
        if let Some((set, worker)) = live.sets.get(set).zip(live.workers.remove(id)) {
            live.calls.within(|| set.add_worker(worker));
        }
    }

    /// The process id of a worker; 0: there is none.
    #[napi(catch_unwind)]
    pub fn pid(&self, worker: u32) -> u32 {
        self.on_worker(worker, Worker::pid).unwrap_or(0)
    }

    /// Sends a job to a worker.
    #[napi(catch_unwind)]
    pub fn ask(&self, worker: u32, call: u32, data: &[u8]) {
        let asked = self.on_worker(worker, |worker| worker.request(&raw(data)));
        self.begin(call, async move {
            match asked {
                Some(asked) => {
                    asked.await.map_or_else(Event::Failed, |data| Event::Answer(data, None))
                }
                None => Event::Failed(JobError::Offline(None)),
            }
        });
    }

    /// Sends a job without an answer to a worker.
    #[napi(catch_unwind)]
    pub fn tell(&self, worker: u32, call: u32, data: &[u8]) {
        let told = self.on_worker(worker, |worker| worker.notify(&raw(data)));
        let told = told.unwrap_or(Err(JobError::Offline(None)));
        self.begin(call, std::future::ready(ended(told)));
    }

    /// Kills a worker. There is no such worker any more then.
    #[napi(catch_unwind)]
    pub fn kill(&self, worker: u32) {
        let worker = self.live.as_ref().and_then(|live| live.workers.remove(worker));
        drop(worker);
    }

    /// A process that was asked for is started.
    #[napi(catch_unwind)]
    pub fn started(&self, number: u32, pid: u32) {
        if let Some(live) = &self.live {
            live.processes.started(number, pid);
        }
    }

    /// A process that was asked for cannot be started: `errno`.
    #[napi(catch_unwind)]
    pub fn not_started(&self, number: u32, errno: i32) {
        if let Some(live) = &self.live {
            live.processes.not_started(number, errno);
        }
    }

    /// A process has ended: its exit code, or the number of a signal.
    #[napi(catch_unwind)]
    pub fn ended(&self, number: u32, code: i32, signal: i32) {
        if let Some(live) = &self.live {
            live.processes.ended(number, code, signal);
        }
    }

    /// Gives up a call. No event of it follows.
    #[napi(catch_unwind)]
    pub fn give_up(&self, call: u32) {
        if let Some(live) = &self.live {
            live.calls.give_up(call);
        }
    }

    /// The process ids of a set's workers.
    #[napi(catch_unwind)]
    pub fn pids(&self, set: u32) -> Vec<u32> {
        self.set(set).map(|set| set.pids()).unwrap_or_default()
    }

    /// How many workers of a set are without a job.
    #[napi(catch_unwind)]
    pub fn available(&self, set: u32) -> u32 {
        self.set(set).map(|set| set.available() as u32).unwrap_or(0)
    }

    /// Keeps the event loop alive, or stops doing so.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, on: bool) {
        if let Some(live) = &self.live {
            live.wake.keep_alive(&env, on);
        }
    }

    /// Kills everything and frees the wake-up call. Idempotent.
    #[napi(catch_unwind)]
    pub fn dispose(&mut self) {
        self.live = None;
    }
}

impl Ipc2Host {
    fn begin(&self, call: u32, work: impl Future<Output = Event> + Send + 'static) {
        if let Some(live) = &self.live {
            live.calls.begin(call, work);
        }
    }

    fn set(&self, id: u32) -> Option<Arc<Set>> {
        self.live.as_ref().and_then(|live| live.sets.get(id))
    }

    /// Begins something with a set; where there is none, there is no worker either.
    fn of_set<W: Future<Output = std::result::Result<Event, JobError>> + Send + 'static>(
        &self,
        set: u32,
        call: u32,
        act: impl FnOnce(Arc<Set>) -> W + Send + 'static,
    ) {
        let work = self.set(set).map(act);
        self.begin(call, async move {
            match work {
                Some(work) => work.await.unwrap_or_else(Event::Failed),
                None => Event::Failed(JobError::NoWorker),
            }
        });
    }

    fn on_worker<T>(&self, id: u32, act: impl FnOnce(&Worker) -> T) -> Option<T> {
        self.live.as_ref().and_then(|live| live.workers.on(id, act))
    }
}

/// Tells of the end of the worker `id`.
fn watch(worker: &Worker, id: u32, mailbox: Arc<Mailbox>) {
    let exit = worker.ended();
    tokio::spawn(async move { mailbox.post(id, Event::Exit(exit.await)) });
}

fn raw(data: &[u8]) -> Raw {
    Raw(bytes::Bytes::copy_from_slice(data))
}

fn ended<T>(result: std::result::Result<T, impl Into<JobError>>) -> Event {
    result.map_or_else(|error| Event::Failed(error.into()), |_| Event::Done)
}
