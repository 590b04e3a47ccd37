//! The workers of a set: which are free, which jobs wait for one, and how one that ends is replaced.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::error::JobError;
use super::manager::WorkerHandle;
use super::rules::{OnExit, Rules};
use super::session::Session;

/// A worker that is being started.
pub type Launching<R, W> = Pin<Box<dyn Future<Output = io::Result<WorkerHandle<R, W>>> + Send>>;

type Launch<R, W> = Arc<dyn Fn() -> Launching<R, W> + Send + Sync>;

/// A worker that lived this long was healthy: the next one is started at once.
const STABLE: Duration = Duration::from_secs(1);

/// A worker, with its number within the set.
pub struct Member<R, W> {
    id: u64,
    pub worker: WorkerHandle<R, W>,
}

/// The state of a [`WorkerSet`](super::workerset::WorkerSet).
pub struct Inner<R, W> {
    count: u32,
    launch: Launch<R, W>,
    rules: Rules,
    runtime: Handle,
    pool: Mutex<Pool<R, W>>,
    /// True from [`Inner::close`] on. Changes while the pool is locked.
    closed: watch::Sender<bool>,
}

/// A member, and a receiver that ends once its exit has been reported.
struct Looked<R> {
    session: Arc<Session<R>>,
    after: Option<oneshot::Receiver<()>>,
}

struct Pool<R, W> {
    next_id: u64,
    /// The workers of the set, free or not. A worker that was taken out or replaced is not among them, wherever
    /// its handle is.
    members: HashMap<u64, Looked<R>>,
    /// Workers that were replaced and have not ended: one that has a job finishes it.
    former: HashMap<u64, Looked<R>>,
    /// The last one is taken first.
    free: Vec<Member<R, W>>,
    /// Jobs without a worker. There are none while a worker is free.
    waiting: VecDeque<oneshot::Sender<Lease<R, W>>>,
    /// Workers that are being started now, without those that wait for a pause to end.
    starting: usize,
    /// Starts that failed, and workers that ended too soon, in a row.
    failures: u32,
    /// Changes with each restart: what was begun before it is not needed any more.
    epoch: u64,
}

impl<R, W> Pool<R, W> {
    /// The free worker that was used last. If there is none, one that still works on a job that was given up.
    fn pop_free(&mut self) -> Option<Member<R, W>> {
        let idle = self.free.iter().rposition(|member| member.worker.pending() == 0);
        idle.map(|at| self.free.remove(at)).or_else(|| self.free.pop())
    }

    /// Removes jobs that were given up, and those that are too many for the queue.
    fn trim(&mut self, queue: usize) -> Vec<oneshot::Sender<Lease<R, W>>> {
        self.waiting.retain(|job| !job.is_closed());
        let most = queue + self.starting;
        if self.waiting.len() > most { self.waiting.drain(most..).collect() } else { Vec::new() }
    }
}

impl<R, W> Inner<R, W> {
    /// A set without workers.
    pub fn new(count: u32, launch: Launch<R, W>, rules: Rules) -> Arc<Self> {
        let pool = Pool {
            next_id: 0,
            members: HashMap::new(),
            former: HashMap::new(),
            free: Vec::new(),
            waiting: VecDeque::new(),
            starting: 0,
            failures: 0,
            epoch: 0,
        };
        let (pool, runtime) = (Mutex::new(pool), Handle::current());
        Arc::new(Self { count, launch, rules, runtime, pool, closed: watch::Sender::new(false) })
    }

    /// Takes a worker, or waits for one.
    pub async fn take(self: &Arc<Self>) -> Result<Lease<R, W>, JobError> {
        let waiting = {
            let mut pool = self.pool();
            if self.is_closed() {
                return Err(JobError::NoWorker);
            }
            if let Some(member) = pool.pop_free() {
                return Ok(Lease::new(self, member));
            }
            if pool.waiting.len() >= self.rules.queue + pool.starting {
                pool.waiting.retain(|job| !job.is_closed());
            }
            if pool.waiting.len() >= self.rules.queue + pool.starting {
                return Err(JobError::NoWorker);
            }
            let (tx, rx) = oneshot::channel();
            pool.waiting.push_back(tx);
            rx
        };
        waiting.await.map_err(|_| JobError::NoWorker)
    }

    /// A worker has finished its job.
    fn give_back(self: &Arc<Self>, member: Member<R, W>) {
        let mut pool = self.pool();
        if !pool.members.contains_key(&member.id) {
            drop(pool);
            drop(member); // it does not belong to the set any more, so this ends it
        } else if member.worker.session.is_online() {
            self.give_to(&mut pool, member);
        } else {
            drop(pool);
            member.worker.leave(); // it is about to end by itself
        }
    }

    fn give_to(self: &Arc<Self>, pool: &mut Pool<R, W>, member: Member<R, W>) {
        let mut lease = Lease::new(self, member);
        while let Some(job) = pool.waiting.pop_front() {
            match job.send(lease) {
                Ok(()) => return,
                Err(unwanted) => lease = unwanted, // the job was given up
            }
        }
        pool.free.extend(lease.member.take());
    }

    /// Takes a worker out of the set.
    pub fn pop(&self) -> Option<WorkerHandle<R, W>> {
        let mut pool = self.pool();
        let member = pool.pop_free()?;
        pool.members.remove(&member.id);
        Some(member.worker)
    }

    /// Ends all workers.
    pub async fn close(&self, patience: Duration) {
        let (sessions, told, waiting) = {
            let mut pool = self.pool();
            self.closed.send_replace(true);
            pool.epoch += 1;
            pool.starting = 0;
            let Pool { members, former, waiting, .. } = &mut *pool;
            let looked = members.values_mut().chain(former.values_mut());
            let (sessions, told): (Vec<_>, Vec<_>) =
                looked.map(|looked| (looked.session.clone(), looked.after.take())).unzip();
            (sessions, told, std::mem::take(waiting))
        };
        drop(waiting);
        sessions.iter().for_each(|session| session.out.end());
        let all_ended = async {
            for session in &sessions {
                session.ended().await;
            }
        };
        if timeout(patience, all_ended).await.is_err() {
            sessions.iter().for_each(|session| session.kill());
            for session in &sessions {
                session.ended().await;
            }
        }
        for told in told.into_iter().flatten() {
            let _ = told.await; // it only says that it is over
        }
        let old = self.pool().forget();
        drop(old);
    }

    /// The process ids of the members.
    pub fn pids(&self) -> Vec<u32> {
        let mut pids: Vec<u32> =
            self.pool().members.values().map(|looked| looked.session.pid).collect();
        pids.sort_unstable();
        pids
    }

    /// How many are free.
    pub fn available(&self) -> usize {
        self.pool().free.len()
    }

    fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    fn pool(&self) -> MutexGuard<'_, Pool<R, W>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Send + 'static, W: Send + 'static> Inner<R, W> {
    /// Adds a worker. If the set is closed, the worker ends.
    pub fn add(self: &Arc<Self>, worker: WorkerHandle<R, W>) {
        let mut pool = self.pool();
        if !self.is_closed() {
            self.add_to(&mut pool, worker);
        }
    }

    fn add_to(self: &Arc<Self>, pool: &mut Pool<R, W>, worker: WorkerHandle<R, W>) {
        let id = pool.next_id;
        pool.next_id += 1;
        let session = worker.session.clone();
        let (before, after) = oneshot::channel();
        pool.members.insert(id, Looked { session: session.clone(), after: Some(after) });
        let on_exit = self.rules.on_exit.clone();
        self.runtime.spawn(look_after(Arc::downgrade(self), id, session, on_exit, before));
        self.give_to(pool, Member { id, worker });
    }

    /// A worker of the set has ended, or is about to.
    fn lost(self: &Arc<Self>, id: u64, well: bool) {
        let mut pool = self.pool();
        pool.former.remove(&id);
        let Some(looked) = pool.members.remove(&id) else {
            return; // it is not in the set, or was replaced already
        };
        if looked.session.exit().is_none() {
            pool.former.insert(id, looked);
        }
        let at = pool.free.iter().position(|member| member.id == id);
        let ended = at.map(|at| pool.free.remove(at));
        let wanted = self.rules.respawn && (self.rules.respawn_idle || ended.is_none());
        if wanted && !self.is_closed() {
            pool.failures = if well { 0 } else { pool.failures + 1 };
            // A single failure counts as an accident.
            let pause = self.rules.pause(pool.failures.saturating_sub(1));
            self.replace(&mut pool, pause);
        }
        drop(pool);
        drop(ended);
    }

    /// Starts a worker in place of another, after a pause.
    fn replace(self: &Arc<Self>, pool: &mut Pool<R, W>, pause: Duration) {
        let (launch, epoch, inner) = (self.launch.clone(), pool.epoch, Arc::downgrade(self));
        let at_once = pause.is_zero();
        pool.starting += usize::from(at_once);
        self.runtime.spawn(async move {
            if !at_once {
                sleep(pause).await;
                let Some(inner) = inner.upgrade() else { return };
                let mut pool = inner.pool();
                if pool.epoch != epoch {
                    return;
                }
                pool.starting += 1;
            }
            let started = launch().await;
            let Some(inner) = inner.upgrade() else { return };
            let mut pool = inner.pool();
            if pool.epoch != epoch {
                return;
            }
            pool.starting -= 1;
            match started {
                Ok(worker) => inner.add_to(&mut pool, worker),
                Err(_) => {
                    pool.failures += 1;
                    let pause = inner.rules.pause(pool.failures);
                    inner.replace(&mut pool, pause);
                }
            }
            let unserved = pool.trim(inner.rules.queue);
            drop(pool);
            drop(unserved);
        });
    }

    /// Starts `count` workers.
    pub async fn launch_all(&self) -> io::Result<Vec<WorkerHandle<R, W>>> {
        let mut starting = JoinSet::new();
        for _ in 0..self.count {
            starting.spawn_on((self.launch)(), &self.runtime);
        }
        let mut workers = Vec::new();
        while let Some(worker) = starting.join_next().await {
            workers.push(worker.map_err(io::Error::other)??);
        }
        Ok(workers)
    }

    /// Starts `count` workers, which then replace all others. Ends with the set.
    pub async fn restart(self: &Arc<Self>) -> io::Result<()> {
        let refusal = || io::Error::other("the set is closed");
        let mut closed = self.closed.subscribe();
        let workers = tokio::select! {
            workers = self.launch_all() => workers?,
            _ = closed.wait_for(|&closed| closed) => return Err(refusal()),
        };
        let mut pool = self.pool();
        if self.is_closed() {
            return Err(refusal());
        }
        let old = pool.forget();
        workers.into_iter().for_each(|worker| self.add_to(&mut pool, worker));
        drop(pool);
        drop(old);
        Ok(())
    }
}

impl<R, W> Pool<R, W> {
    /// Removes all members. Returns the free ones, to be dropped once the pool is unlocked.
    fn forget(&mut self) -> Vec<Member<R, W>> {
        self.epoch += 1;
        self.starting = 0;
        self.failures = 0;
        self.former.extend(self.members.drain());
        std::mem::take(&mut self.free)
    }
}

/// Waits for the end of a worker.
async fn look_after<R: Send + 'static, W: Send + 'static>(
    set: Weak<Inner<R, W>>,
    id: u64,
    session: Arc<Session<R>>,
    on_exit: Option<OnExit>,
    _until_told: oneshot::Sender<()>,
) {
    let started = Instant::now();
    let exit = session.ended().await;
    if let Some(set) = set.upgrade() {
        // A worker that ends while it works has a reason that the next one need not share.
        set.lost(id, session.is_used() || started.elapsed() >= STABLE);
    }
    if let Some(call) = on_exit {
        call(&exit);
    }
}

/// A worker that has a job. Dropping it puts the worker back.
pub struct Lease<R, W> {
    inner: Arc<Inner<R, W>>,
    member: Option<Member<R, W>>,
}

impl<R, W> Lease<R, W> {
    fn new(inner: &Arc<Inner<R, W>>, member: Member<R, W>) -> Self {
        Self { inner: inner.clone(), member: Some(member) }
    }

    /// Puts the worker back if other jobs may be waiting for one.
    pub fn unless_others_wait(self) -> Option<Self> {
        (self.inner.rules.queue == 0).then_some(self)
    }

    /// The worker.
    pub fn member(&self) -> &Member<R, W> {
        self.member.as_ref().expect("taken at the end only")
    }
}

impl<R: Send + 'static, W: Send + 'static> Lease<R, W> {
    /// Kills the worker, and has another one started.
    pub fn replace(mut self) {
        if let Some(member) = self.member.take() {
            self.inner.lost(member.id, true);
        }
    }
}

impl<R, W> Drop for Lease<R, W> {
    fn drop(&mut self) {
        if let Some(member) = self.member.take() {
            self.inner.give_back(member);
        }
    }
}
