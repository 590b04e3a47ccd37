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
use super::lease::Lease;
use super::manager::WorkerHandle;
use super::rules::{OnExit, Rules};
use super::session::Session;
use crate::engine::panics::caught_in;

/// A worker that is being started.
pub type Launching<R, W> = Pin<Box<dyn Future<Output = io::Result<WorkerHandle<R, W>>> + Send>>;

type Launch<R, W> = Arc<dyn Fn() -> Launching<R, W> + Send + Sync>;

/// A worker that lived this long was healthy: the next one is started at once.
const STABLE: Duration = Duration::from_secs(1);

/// A worker, with its number within the set.
pub struct Member<R, W> {
    pub id: u64,
    pub worker: WorkerHandle<R, W>,
}

/// The state of a [`WorkerSet`](super::workerset::WorkerSet).
pub struct Inner<R, W> {
    count: u32,
    launch: Launch<R, W>,
    pub rules: Rules,
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
    /// Until the next restart, or the end. What was begun for it is not needed afterwards, and ends.
    era: Era,
}

/// True once it is over. Whoever began something in it listens until that has ended.
type Era = watch::Sender<bool>;

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
    pub fn give_back(self: &Arc<Self>, member: Member<R, W>) {
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
        pool.free.extend(lease.into_member());
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
        let (sessions, told, waiting, era) = {
            let mut pool = self.pool();
            self.closed.send_replace(true);
            let era = pool.end_era();
            let Pool { members, former, waiting, .. } = &mut *pool;
            let looked = members.values_mut().chain(former.values_mut());
            let (sessions, told): (Vec<_>, Vec<_>) =
                looked.map(|looked| (looked.session.clone(), looked.after.take())).unzip();
            (sessions, told, std::mem::take(waiting), era)
        };
        drop(waiting);
        sessions.iter().for_each(|session| session.out.end());
        era.closed().await; // workers that were being started are killed by now
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
            era: Era::new(false),
        };
        let (pool, runtime) = (Mutex::new(pool), Handle::current());
        let (closed, mut is_closed) = watch::channel(false);
        let inner = Arc::new(Self { count, launch, rules, runtime, pool, closed });
        let ends = Ends(Arc::downgrade(&inner));
        inner.runtime.spawn(async move {
            let ends = ends;
            let _ = is_closed.wait_for(|&closed| closed).await; // or the set is gone
            drop(ends);
        });
        inner
    }

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
    pub fn lost(self: &Arc<Self>, id: u64, well: bool) {
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
        let (launch, era, inner) =
            (self.launch.clone(), pool.era.subscribe(), Arc::downgrade(self));
        let at_once = pause.is_zero();
        pool.starting += usize::from(at_once);
        self.runtime.spawn(async move {
            let mut over = era.clone();
            let replaced = async {
                if !at_once {
                    sleep(pause).await;
                    let Some(inner) = inner.upgrade() else { return };
                    let mut pool = inner.pool();
                    if *era.borrow() {
                        return;
                    }
                    pool.starting += 1;
                }
                // A program's code to start a worker may panic: that is a start that failed.
                let started = caught_in(async { launch().await }).await;
                let Some(inner) = inner.upgrade() else { return };
                let mut pool = inner.pool();
                if *era.borrow() {
                    return;
                }
                pool.starting -= 1;
                match started {
                    Some(Ok(worker)) => inner.add_to(&mut pool, worker),
                    _ => {
                        pool.failures += 1;
                        let pause = inner.rules.pause(pool.failures);
                        inner.replace(&mut pool, pause);
                    }
                }
                let unserved = pool.trim(inner.rules.queue);
                drop(pool);
                drop(unserved);
            };
            tokio::select! {
                () = replaced => {}
                _ = over.wait_for(|&over| over) => {} // or the set is gone
            }
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

/// Closes a set when its runtime ends: jobs that wait would wait for workers that nobody starts.
struct Ends<R, W>(Weak<Inner<R, W>>);

impl<R, W> Drop for Ends<R, W> {
    fn drop(&mut self) {
        let Some(inner) = self.0.upgrade() else { return };
        let waiting = {
            let mut pool = inner.pool();
            inner.closed.send_replace(true);
            std::mem::take(&mut pool.waiting)
        };
        drop(waiting);
    }
}

impl<R, W> Pool<R, W> {
    /// Ends what is being started.
    fn end_era(&mut self) -> Era {
        self.starting = 0;
        let era = std::mem::replace(&mut self.era, Era::new(false));
        era.send_replace(true);
        era
    }

    /// Removes all members. Returns the free ones, to be dropped once the pool is unlocked.
    fn forget(&mut self) -> Vec<Member<R, W>> {
        self.end_era();
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
