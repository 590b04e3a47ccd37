//! A host of workers, for one environment. JavaScript gives numbers to sets, to single workers and to calls.

use std::cell::{Ref, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::*;
use napi_derive::napi;
use tokio::net::UnixListener;

use super::super::deliver::Payload;
use super::super::env_end::EnvEnd;
use super::super::kept::Numbers;
use super::super::options::millis;
use super::super::table::Table;
use super::calls::Calls;
use super::mailbox::{Event, Mailbox};
use super::options::{WorkerOptions, WorkerSetOptions};
use super::port::{Place, Port};
use super::processes::Processes;
use crate::protocols::ipc2::Raw;
use crate::protocols::ipc2::host::manager::WorkerHandle;
use crate::protocols::ipc2::host::server::{Opening, Server};
use crate::protocols::ipc2::host::workerset::{JobError, TimeoutAction, WorkerSet};
use crate::protocols::ipc2::on_loop::LoopListener;

type Set = WorkerSet<UnixListener, Raw, Raw>;

type Worker = WorkerHandle<Raw, Raw>;

/// See `src/js/ipc2/host.js` for how it is used.
#[napi]
pub struct Ipc2Host {
    /// See [`Ipc2Host::end_with_environment`].
    env_end: Option<EnvEnd>,
    /// `None` once disposed of.
    live: Rc<RefCell<Option<Live>>>,
}

/// The state of a host until it is disposed of.
struct Live {
    calls: Calls,
    processes: Arc<Processes>,
    sets: Arc<Table<Arc<Set>>>,
    workers: Arc<Table<Worker>>,
    port: Port,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.processes.reap();
    }
}

#[napi]
impl Ipc2Host {
    /// Starts an I/O thread. [`Port::new`] says what is called with each event.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        wake: Function<(), ()>,
        turn: Option<Function<Unknown, ()>>,
        header: Numbers,
    ) -> Result<Self> {
        let port = Port::new(&env, wake, turn, header)?;
        let calls = Calls::new(port.place(), port.mailbox().clone());
        let processes = Arc::new(Processes::new(port.mailbox().clone()));
        let (sets, workers) = Default::default();
        let live = Live { calls, processes, sets, workers, port };
        Ok(Self { env_end: None, live: Rc::new(RefCell::new(Some(live))) })
    }

    /// Takes the next event.
    #[napi(catch_unwind)]
    pub fn next(&self) -> Payload {
        self.live().map_or(Payload::None, |live| live.port.next())
    }

    /// Starts the set `id`.
    #[napi(catch_unwind)]
    pub fn finish(&self, id: u32, call: u32, options: WorkerSetOptions) {
        let Some(live) = self.live() else { return };
        let sets = live.sets.clone();
        let started = live.start(id, options);
        self.begin(
            call,
            async move { ended(started.await.map(|set| sets.insert(id, Arc::new(set)))) },
        );
    }

    /// Starts the worker `id`.
    #[napi(catch_unwind)]
    pub fn spawn(&self, id: u32, call: u32, options: WorkerOptions) {
        let Some(live) = self.live() else { return };
        let (workers, mailbox) = (live.workers.clone(), live.port.mailbox().clone());
        let started = live.spawn(id, options);
        self.begin(call, async move {
            ended(started.await.map(|worker| {
                watch(&worker, id, mailbox);
                workers.insert(id, worker);
            }))
        });
    }

    /// Sends a job to a worker of a set. With `timeout` (in ms), the worker is replaced after that time or, if
    /// `restart` is false, continues.
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

    /// Ends a set. What is left after `patience` ms is killed. The set does not exist afterwards.
    #[napi(catch_unwind)]
    pub fn close(&self, set: u32, call: u32, patience: f64) {
        self.of_set(set, call, async move |set| {
            set.close(millis(patience)).await;
            Ok(Event::Done)
        });
        self.live().map(|live| live.sets.remove(set));
    }

    /// Takes an idle worker out of a set, and calls it `id`. Returns its process id, or 0 if there is
    /// none.
    #[napi(catch_unwind)]
    pub fn pop_worker(&self, set: u32, id: u32) -> u32 {
        let Some(live) = self.live() else { return 0 };
        let Some(worker) = live.sets.get(set).and_then(|set| set.pop_worker()) else { return 0 };
        let pid = worker.pid();
        live.port.within(|| watch(&worker, id, live.port.mailbox().clone()));
        live.workers.insert(id, worker);
        pid
    }

    /// Adds the worker `id` to a set. It is not a single worker afterwards.
    #[napi(catch_unwind)]
    pub fn add_worker(&self, set: u32, id: u32) {
        let Some(live) = self.live() else { return };
        if let Some((set, worker)) = live.sets.get(set).zip(live.workers.remove(id)) {
            live.port.within(|| set.add_worker(worker));
        }
    }

    /// The process id of a worker, or 0 if there is none.
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

    /// Kills a worker. It does not exist afterwards.
    #[napi(catch_unwind)]
    pub fn kill(&self, worker: u32) {
        let worker = self.live().and_then(|live| live.workers.remove(worker));
        drop(worker);
    }

    /// A requested process has started.
    #[napi(catch_unwind)]
    pub fn started(&self, number: u32, pid: u32) {
        if let Some(live) = self.live() {
            live.processes.started(number, pid);
        }
    }

    /// A requested process cannot be started, because of `errno`.
    #[napi(catch_unwind)]
    pub fn not_started(&self, number: u32, errno: i32) {
        if let Some(live) = self.live() {
            live.processes.not_started(number, errno);
        }
    }

    /// A process has ended, with an exit code or by a signal.
    #[napi(catch_unwind)]
    pub fn ended(&self, number: u32, code: i32, signal: i32) {
        if let Some(live) = self.live() {
            live.processes.ended(number, code, signal);
        }
    }

    /// Cancels a call. No event of it follows.
    #[napi(catch_unwind)]
    pub fn give_up(&self, call: u32) {
        if let Some(live) = self.live() {
            live.calls.give_up(call);
        }
    }

    /// The process ids of a set's workers.
    #[napi(catch_unwind)]
    pub fn pids(&self, set: u32) -> Vec<u32> {
        self.set(set).map(|set| set.pids()).unwrap_or_default()
    }

    /// The number of idle workers in a set.
    #[napi(catch_unwind)]
    pub fn available(&self, set: u32) -> u32 {
        self.set(set).map(|set| set.available() as u32).unwrap_or(0)
    }

    /// Keeps the event loop alive, or lets it end.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, on: bool) {
        if let Some(live) = self.live() {
            live.port.keep_alive(&env, on);
        }
    }

    /// Kills everything when the environment ends, for runtimes that do not finalize objects then.
    #[napi(catch_unwind)]
    pub fn end_with_environment(&mut self, env: Env) -> Result<()> {
        let live = self.live.clone();
        self.env_end = Some(EnvEnd::new(&env, move || drop(live.take()))?);
        Ok(())
    }

    /// Kills everything and frees the wake-up call. Idempotent.
    #[napi(catch_unwind)]
    pub fn dispose(&mut self) {
        self.env_end = None;
        drop(self.live.take());
    }
}

/// A set or a worker that is being started.
type Starting<T> = Opening<'static, T>;

impl Live {
    fn start(&self, id: u32, options: WorkerSetOptions) -> Starting<Set> {
        match self.port.place() {
            Place::Loop(_) => self.start_over::<LoopListener>(id, options),
            Place::Runtime(_) => self.start_over::<UnixListener>(id, options),
        }
    }

    fn start_over<S: Server>(&self, id: u32, options: WorkerSetOptions) -> Starting<Set> {
        let mailbox = self.port.mailbox().clone();
        let exits = move |exit: &_| mailbox.post(id, Event::Exit(Clone::clone(exit)));
        let builder = options.into_builder::<S>(id, self.processes.clone(), self.port.place());
        Box::pin(async { builder.on_exit(exits).finish().await.map(WorkerSet::over) })
    }

    fn spawn(&self, id: u32, options: WorkerOptions) -> Starting<Worker> {
        let place = self.port.place();
        let launcher = options.into_launcher(id, self.processes.clone(), place.clone());
        Box::pin(async move {
            match place {
                Place::Loop(_) => launcher.spawn_raw::<LoopListener>().await,
                Place::Runtime(_) => launcher.spawn_raw::<UnixListener>().await,
            }
        })
    }
}

impl Ipc2Host {
    fn live(&self) -> Option<Ref<'_, Live>> {
        Ref::filter_map(self.live.borrow(), Option::as_ref).ok()
    }

    fn begin(&self, call: u32, work: impl Future<Output = Event> + Send + 'static) {
        if let Some(live) = self.live() {
            live.port.within(|| live.calls.begin(call, work));
        }
    }

    fn set(&self, id: u32) -> Option<Arc<Set>> {
        self.live().and_then(|live| live.sets.get(id))
    }

    /// Begins a call for a set. If the set does not exist, the call fails as without a worker.
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
        let live = self.live()?;
        live.port.within(|| live.workers.on(id, act))
    }
}

/// Reports the end of the worker `id`.
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
