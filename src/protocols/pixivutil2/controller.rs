//! The side that starts PixivUtil2: answers agents at once, and reports to its program what they have sent.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::message::{Refusal, Side};
use super::option::{IDENTIFIER, IpcOption};
use super::room::{Connection, Permit, Room};
use super::rules::{Event, Rules, Settings, Taken};
use super::turns::{Input, Output, turns};
use crate::engine::panics::{caught, point};
use crate::protocols::zmtp::{self, Endpoint, Router, RouterEvent, RouterEvents};

/// How a controller listens, and its limits.
#[derive(Debug, Clone)]
pub struct Options {
    /// The endpoint for notifications.
    pub comm: Endpoint,
    /// The endpoint for jobs.
    pub task: Endpoint,
    /// How agents are refused.
    pub refusal: Refusal,
    /// The most jobs and calls that have not ended. More are refused.
    pub max_tasks: usize,
    /// The most bytes of events that wait for the program, and of its open jobs. Beyond that, agents are
    /// refused, and before that those that have more there than is left.
    pub max_queued_bytes: usize,
    /// The options of both sockets.
    pub sockets: zmtp::Options,
}

impl Options {
    /// Options with these endpoints, and the defaults.
    pub fn new(comm: Endpoint, task: Endpoint) -> Self {
        Self {
            comm,
            task,
            refusal: Refusal::default(),
            max_tasks: Settings::default().max_tasks,
            max_queued_bytes: 64 << 20,
            sockets: zmtp::Options { max_message_bytes: 16 << 20, ..zmtp::Options::default() },
        }
    }
}

/// A running controller. Dropping it ends its connections.
#[derive(Debug)]
pub struct Controller {
    shared: Arc<Shared>,
    ends: Mutex<Option<[tokio::task::JoinHandle<()>; 2]>>,
}

#[derive(Debug)]
struct Shared {
    rules: Mutex<Rules>,
    comm: Router,
    task: Router,
}

/// An event. It counts as waiting until it is dropped.
#[derive(Debug)]
pub struct Delivery {
    /// What has happened.
    pub event: Event,
    _room: Option<Permit>,
}

/// The events of a controller, in order for each connection. Connections take turns, so that who sends much does not hold
/// up the others.
#[derive(Debug)]
pub struct Events(Output<Connection, Delivery>);

impl Events {
    /// The next event. `None`: the controller has ended.
    pub async fn recv(&mut self) -> Option<Delivery> {
        self.0.take().await
    }
}

impl Controller {
    /// Binds both sockets. A tokio runtime has to be entered, and has to keep running.
    ///
    /// # Errors
    /// Those of [`Router::bind`].
    pub async fn bind(options: Options) -> io::Result<(Self, Events)> {
        let sockets = options.sockets.only_answers();
        let (comm, comm_events) = Router::bind(&options.comm, sockets.clone())?;
        let (task, task_events) = match Router::bind(&options.task, sockets) {
            Ok(bound) => bound,
            Err(error) => {
                comm.close().await;
                return Err(error);
            }
        };
        let settings = Settings {
            refusal: options.refusal,
            max_tasks: options.max_tasks,
            max_task_bytes: options.max_queued_bytes,
        };
        let shared = Arc::new(Shared { rules: Mutex::new(Rules::new(settings)), comm, task });
        let (sender, events) = turns();
        let room = Room::new(options.max_queued_bytes);
        let serve = |side, incoming| {
            let shared = shared.clone();
            tokio::spawn(shared.serve(
                side,
                incoming,
                Outbox { room: room.clone(), to: sender.clone() },
            ))
        };
        let ends = [serve(Side::Comm, comm_events), serve(Side::Task, task_events)];
        Ok((Self { shared: shared.clone(), ends: Mutex::new(Some(ends)) }, Events(events)))
    }

    /// The endpoint for notifications, with the port that the system chose.
    pub fn comm(&self) -> Endpoint {
        self.shared.comm.local_endpoint()
    }

    /// The endpoint for jobs, with the port that the system chose.
    pub fn task(&self) -> Endpoint {
        self.shared.task.local_endpoint()
    }

    /// The command line option for an agent on this machine.
    pub fn option(&self, identifier: Option<&str>) -> IpcOption {
        // A socket that listens on all addresses is reached on the loopback address.
        let near = |endpoint: Endpoint| {
            let text = endpoint.to_string();
            text.replace("tcp://0.0.0.0:", "tcp://127.0.0.1:")
                .replace("tcp://[::]:", "tcp://[::1]:")
        };
        IpcOption {
            identifier: identifier.unwrap_or(IDENTIFIER).into(),
            comm: near(self.comm()),
            task: near(self.task()),
        }
    }

    /// Accepts jobs of ffmpeg from now on, or refuses them.
    pub fn take_ffmpeg(&self, on: bool) {
        self.shared.lock().ffmpeg = on;
    }

    /// Accepts calls of aria2 from now on, or refuses them.
    pub fn take_aria2(&self, on: bool) {
        self.shared.lock().aria2 = on;
    }

    /// A job has ended. Answers those who wait for it now, and those who ask later. The first code
    /// counts.
    pub fn finish(&self, task: i32, code: i32) {
        self.shared.send(|rules| rules.finish(task, code));
    }

    /// A call of aria2 has ended.
    pub fn answer(&self, call: u32, code: i32) {
        self.shared.send(|rules| rules.answer(call, code));
    }

    /// Answers everything that waits for a job with -1, accepts nothing more, and ends, within two
    /// seconds.
    pub async fn close(&self) {
        self.shared.send(Rules::end);
        tokio::join!(self.shared.comm.close(), self.shared.task.close());
        self.abort();
    }

    fn abort(&self) {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner).take();
        ends.into_iter().flatten().for_each(|end| end.abort());
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.abort();
    }
}

/// Where events go.
struct Outbox {
    room: Arc<Room>,
    to: Input<Connection, Delivery>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends answers to agents that wait for jobs. An agent that has left gets its answer when it asks again.
    fn send<A>(&self, answers: impl FnOnce(&mut Rules) -> A)
    where
        A: IntoIterator<Item = (Bytes, Vec<Bytes>)>,
    {
        point("pixiv-finish");
        let answers = answers(&mut self.lock()); // agents need the lock while these are sent
        for (id, frames) in answers {
            let _ = self.task.send(&id, frames);
        }
    }

    /// Answers the messages of one socket, until it is closed.
    async fn serve(self: Arc<Self>, side: Side, mut incoming: RouterEvents, outbox: Outbox) {
        let router = if side == Side::Comm { &self.comm } else { &self.task };
        while let Some(event) = incoming.recv().await {
            match event {
                RouterEvent::Connected { identity } => {
                    outbox.room.enter(side, &identity);
                    self.lock().come(side, &identity);
                }
                RouterEvent::Message { identity, frames } => {
                    let room = outbox.room.reserve(side, &identity, &frames);
                    // The answer is sent first, whatever the program does then.
                    let event = {
                        let mut rules = self.lock();
                        let taken = take(&mut rules, side, &identity, &frames, room.is_some());
                        if let Some(reply) = taken.reply {
                            let _ = router.send(&identity, reply); // or the agent has left
                        }
                        taken.event
                    };
                    outbox.put((side, identity), event, room);
                }
                RouterEvent::Disconnected { identity, .. } => {
                    outbox.room.leave(side, &identity);
                    let event = caught(|| self.lock().gone(side, &identity)).flatten();
                    outbox.put((side, identity), event, None);
                }
            }
        }
    }
}

/// What to do with a message. After a panic, it is refused: who waits for an answer has to get one.
fn take(rules: &mut Rules, side: Side, id: &Bytes, frames: &[Bytes], room: bool) -> Taken {
    let taken = caught(|| {
        point("pixiv-message");
        rules.take(side, id, frames, room)
    });
    let taken = taken.or_else(|| caught(|| rules.fail(side, id, frames, room)));
    taken.unwrap_or_default()
}

impl Outbox {
    fn put(&self, whose: Connection, event: Option<Event>, room: Option<Permit>) {
        if let Some(event) = event {
            self.to.put(whose, Delivery { event, _room: room });
        }
    }
}
