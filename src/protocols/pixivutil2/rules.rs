//! What a controller does with each message: how it answers, and what it reports to its program. It has no socket, so
//! that it can be tested alone. Used by [`super::controller`].

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::jobs::{self, Jobs};
use super::message::{
    Fault, NONE, OK, Refusal, Request, Side, group_of, number, parse, reply, wants_number,
};
use crate::engine::panics;

/// The sender of a message. An agent has two connections; each is one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The socket's name for the connection.
    pub id: Bytes,
    /// The agent's name; empty before its handshake.
    pub identifier: Arc<str>,
    /// Which socket.
    pub side: Side,
}

/// What is reported to the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A handshake was accepted.
    Handshake(Agent),
    /// This many images will come.
    Total(Agent, u64),
    /// An image is done: its number and the result, see [`result_name`](super::message::result_name).
    Download(Agent, u64, i64),
    /// The text for the terminal's title.
    Title(Agent, String),
    /// Something has gone wrong: details, stack trace.
    ErrorReport(Agent, String, String),
    /// The agent has a new name; this is the old one.
    Identified(Agent, Arc<str>),
    /// A job: its number, and its arguments. [`Rules::finish`] ends it.
    Ffmpeg(Agent, i32, Vec<String>),
    /// A call: its number, a file, and what to add to it. [`Rules::answer`] ends it.
    Aria2(Agent, u32, String, String),
    /// A connection that had sent something has ended.
    Gone(Agent),
    /// A message was refused: its group, and why.
    Refused(Agent, String, Reason),
}

/// Why a message was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is not a request.
    Fault(Fault),
    /// The agent has mixed up the two sockets.
    Swapped,
    /// The program does not accept such jobs.
    NoHandler,
    /// Too many jobs are under way.
    TooManyTasks,
    /// Handling it has failed: a fault of this program's.
    Failed,
}

impl Reason {
    /// The text of the error.
    pub fn text(self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.text(),
            Self::Swapped => "the two sockets are mixed up",
            Self::NoHandler => "there is no handler",
            Self::TooManyTasks => "too many jobs are under way",
            Self::Failed => panics::MESSAGE,
        }
    }
}

/// An answer, and its recipient.
pub type Answer = (Bytes, Vec<Bytes>);

/// What to do with a message: first send the answer, then report the event.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The answer to the sender.
    pub reply: Option<Vec<Bytes>>,
    /// For the program.
    pub event: Option<Event>,
}

/// The settings of the rules.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How agents are refused.
    pub refusal: Refusal,
    /// The most jobs and calls that have not ended. More are refused, and an agent that has more of them than are left.
    pub max_tasks: usize,
    /// The most bytes of their arguments, with the same for each agent. A single one is always accepted.
    pub max_task_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { refusal: Refusal::default(), max_tasks: 1024, max_task_bytes: 64 << 20 }
    }
}

/// The connected agents, and their jobs.
#[derive(Debug)]
pub struct Rules {
    settings: Settings,
    /// Whether jobs of ffmpeg are accepted, and calls of aria2.
    pub ffmpeg: bool,
    /// See [`Rules::ffmpeg`].
    pub aria2: bool,
    known: HashMap<(Side, Bytes), Arc<str>>,
    jobs: Jobs,
}

impl Rules {
    /// Rules without agents.
    pub fn new(settings: Settings) -> Self {
        let jobs = Jobs::new(settings.max_tasks, settings.max_task_bytes);
        Self { settings, ffmpeg: false, aria2: false, known: HashMap::new(), jobs }
    }

    /// A connection begins. Some room for jobs is kept for it.
    pub fn come(&mut self, side: Side, id: &Bytes) {
        if side == Side::Task {
            self.jobs.enter(id);
        }
    }

    /// Handles a message. Without `room` for an event, a message that would cause one is refused.
    pub fn take(&mut self, on: Side, id: &Bytes, frames: &[Bytes], room: bool) -> Taken {
        let Some(group) = group_of(frames) else {
            let event = self.refused(on, id, String::new(), Reason::Fault(Fault::Short), room);
            return Taken { reply: None, event };
        };
        let request = parse(on, &group, frames).map_err(Reason::Fault);
        let done = request.and_then(|request| self.carry_out(on, id, request, room));
        match done {
            Ok(Done::Later(event)) => Taken { reply: None, event },
            Ok(Done::Answer(value, event)) => Taken { reply: Some(reply(&group, value)), event },
            Ok(Done::NoRoom) => Taken { reply: Some(self.refusal(&group)), event: None },
            Err(reason) => {
                let reply = Some(self.refusal(&group));
                Taken { reply, event: self.refused(on, id, group, reason, room) }
            }
        }
    }

    /// Handling a message has failed: it is refused.
    pub fn fail(&mut self, on: Side, id: &Bytes, frames: &[Bytes], room: bool) -> Taken {
        let group = group_of(frames);
        let reply = group.as_deref().map(|group| self.refusal(group));
        let event = self.refused(on, id, group.unwrap_or_default(), Reason::Failed, room);
        Taken { reply, event }
    }

    fn refusal(&self, group: &str) -> Vec<Bytes> {
        let value = if wants_number(group) {
            number(NONE)
        } else {
            Bytes::from_static(self.settings.refusal.text())
        };
        reply(group, value)
    }

    fn refused(
        &self,
        on: Side,
        id: &Bytes,
        group: String,
        why: Reason,
        room: bool,
    ) -> Option<Event> {
        room.then(|| Event::Refused(self.agent(on, id), group, why))
    }

    /// The agent, as far as it is known.
    fn agent(&self, side: Side, id: &Bytes) -> Agent {
        let identifier = self.known.get(&(side, id.clone())).cloned().unwrap_or_default();
        Agent { id: id.clone(), identifier, side }
    }

    /// Records that this agent has sent something, so that its end is reported.
    fn meet(&mut self, side: Side, id: &Bytes) -> Agent {
        self.known.entry((side, id.clone())).or_default();
        self.agent(side, id)
    }

    fn carry_out(
        &mut self,
        on: Side,
        id: &Bytes,
        request: Request,
        room: bool,
    ) -> Result<Done, Reason> {
        let bytes = request.bytes();
        // A request that causes no event needs no room.
        let request = match request {
            Request::FfmpegResult(task) => return Ok(self.result(id, task)),
            Request::Handshake { side, .. } if side != on => return Err(Reason::Swapped),
            Request::Ffmpeg(_) if !self.ffmpeg => return Err(Reason::NoHandler),
            Request::Aria2 { .. } if !self.aria2 => return Err(Reason::NoHandler),
            Request::Ffmpeg(_) | Request::Aria2 { .. } if !self.jobs.has_room(id, bytes) => {
                return Err(Reason::TooManyTasks);
            }
            _ if !room => return Ok(Done::NoRoom),
            request => request,
        };
        let agent = self.meet(on, id);
        let event = match request {
            Request::Handshake { identifier, .. } => {
                Event::Handshake(self.rename(agent, &identifier))
            }
            Request::Identify(identifier) => {
                let former = agent.identifier.clone();
                Event::Identified(self.rename(agent, &identifier), former)
            }
            Request::Total(count) => Event::Total(agent, count),
            Request::Download { image, result } => Event::Download(agent, image, result),
            Request::Title(title) => Event::Title(agent, title),
            Request::Error { details, stack } => Event::ErrorReport(agent, details, stack),
            Request::Ffmpeg(arguments) => {
                let task = self.jobs.new_task(id, bytes);
                return Ok(Done::Answer(number(task), Some(Event::Ffmpeg(agent, task, arguments))));
            }
            Request::Aria2 { file, text } => {
                let call = self.jobs.new_call(id, bytes);
                return Ok(Done::Later(Some(Event::Aria2(agent, call, file, text))));
            }
            Request::FfmpegResult(_) => unreachable!("see above"),
        };
        Ok(Done::Answer(Bytes::from_static(OK), Some(event)))
    }

    fn rename(&mut self, agent: Agent, identifier: &str) -> Agent {
        let identifier: Arc<str> = identifier.into();
        self.known.insert((agent.side, agent.id.clone()), identifier.clone());
        Agent { identifier, ..agent }
    }

    fn result(&mut self, id: &Bytes, task: Option<i32>) -> Done {
        match task.map_or(jobs::Result::Unknown, |task| self.jobs.result(id, task)) {
            jobs::Result::Unknown => Done::Answer(number(NONE), None),
            jobs::Result::Ended(code) => Done::Answer(number(code), None),
            jobs::Result::Later => Done::Later(None),
        }
    }

    /// A job has ended. Returns the answers to those who wait for it.
    pub fn finish(&mut self, task: i32, code: i32) -> Vec<Answer> {
        self.jobs.finish(task, code)
    }

    /// A call of aria2 has ended. Returns the answer to its caller, if it is still connected.
    pub fn answer(&mut self, call: u32, code: i32) -> Option<Answer> {
        self.jobs.answer(call, code)
    }

    /// Ends all jobs and calls with -1, accepts no more, and returns the answers. Otherwise agents would wait for
    /// ever.
    pub fn end(&mut self) -> Vec<Answer> {
        (self.ffmpeg, self.aria2) = (false, false);
        self.jobs.end_all()
    }

    /// A connection has ended. Its jobs go on: the agent may ask for them on another connection.
    pub fn gone(&mut self, side: Side, id: &Bytes) -> Option<Event> {
        if side == Side::Task {
            self.jobs.leave(id);
        }
        let agent = self.agent(side, id);
        self.known.remove(&(side, id.clone())).map(|_| Event::Gone(agent))
    }
}

/// What happens to a request.
enum Done {
    /// It is answered at once.
    Answer(Bytes, Option<Event>),
    /// It is answered later.
    Later(Option<Event>),
    /// There is no room for its event.
    NoRoom,
}
