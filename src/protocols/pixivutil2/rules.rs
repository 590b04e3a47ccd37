//! What a controller does with each message: what it answers, and what its program is told. Without a socket, so that
//! it can be tested by itself. Used by [`super::controller`].

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use bytes::Bytes;

use super::message::group;
use super::message::{
    Fault, NONE, OK, Refusal, Request, Side, group_of, number, parse, reply, wants_number,
};

/// Exit codes that are kept, for agents that ask again.
const MOST_RESULTS: usize = 4096;

/// Who has said something. An agent has two connections; each is one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The socket's name for the connection.
    pub id: Bytes,
    /// What the agent calls itself; nothing before its handshake.
    pub identifier: Arc<str>,
    /// Which socket.
    pub side: Side,
}

/// What the program is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A handshake was accepted.
    Handshake(Agent),
    /// So many images will come.
    Total(Agent, u64),
    /// An image is done: its number and the result, see [`result_name`](super::message::result_name).
    Download(Agent, u64, i64),
    /// What would be in the terminal's title.
    Title(Agent, String),
    /// Something has gone wrong: details, stack trace.
    ErrorReport(Agent, String, String),
    /// The agent has another name now, and had this one.
    Identified(Agent, Arc<str>),
    /// A job with this number, which [`Rules::finish`] ends, and its arguments.
    Ffmpeg(Agent, i32, Vec<String>),
    /// A call with this number, which [`Rules::answer`] ends: a file, and what is to be added to it.
    Aria2(Agent, u32, String, String),
    /// A connection that has said something has ended.
    Gone(Agent),
    /// A message was refused: its group, and why.
    Refused(Agent, String, Reason),
}

/// Why a message was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is no request.
    Fault(Fault),
    /// The agent has mixed up the two sockets.
    Swapped,
    /// Nobody takes such jobs.
    NoHandler,
    /// Too many jobs are under way.
    TooManyTasks,
}

impl Reason {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.text(),
            Self::Swapped => "the two sockets are mixed up",
            Self::NoHandler => "there is no handler",
            Self::TooManyTasks => "too many jobs are under way",
        }
    }
}

/// An answer, and to whom.
pub type Answer = (Bytes, Vec<Bytes>);

/// What is to be done with a message: first the answer, then the event.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// To whom has sent it.
    pub reply: Option<Vec<Bytes>>,
    /// For the program.
    pub event: Option<Event>,
}

/// What the rules depend on.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How agents are refused.
    pub refusal: Refusal,
    /// Jobs and calls that have not ended. Further ones are refused.
    pub max_tasks: usize,
    /// Bytes of their arguments; one that is alone is always taken.
    pub max_task_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { refusal: Refusal::default(), max_tasks: 1024, max_task_bytes: 64 << 20 }
    }
}

/// Who is there, and the jobs that they have.
#[derive(Debug)]
pub struct Rules {
    settings: Settings,
    /// Whether jobs are taken, and calls of aria2.
    pub ffmpeg: bool,
    /// See [`Rules::ffmpeg`].
    pub aria2: bool,
    known: HashMap<(Side, Bytes), Arc<str>>,
    tasks: HashMap<i32, Task>,
    last_task: i32,
    /// Tasks that have ended, the oldest first.
    ended: VecDeque<i32>,
    /// Who has made a call, and its bytes.
    calls: HashMap<u32, (Bytes, usize)>,
    last_call: u32,
    /// Of jobs and calls that have not ended.
    task_bytes: usize,
}

#[derive(Debug, Default)]
struct Task {
    code: Option<i32>,
    bytes: usize,
    /// Who waits for the code.
    waiting: Vec<Bytes>,
}

impl Rules {
    /// Nobody is there.
    pub fn new(settings: Settings) -> Self {
        // An agent of a former controller is not to be given the code of somebody else's job.
        let random = RandomState::new().hash_one(0) as i32;
        Self {
            settings,
            ffmpeg: false,
            aria2: false,
            known: HashMap::new(),
            tasks: HashMap::new(),
            last_task: random & 0x3fff_ffff,
            ended: VecDeque::new(),
            calls: HashMap::new(),
            last_call: 0,
            task_bytes: 0,
        }
    }

    /// A message has come. Without `room` for an event, what would cause one is refused.
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

    /// As it is known.
    fn agent(&self, side: Side, id: &Bytes) -> Agent {
        let identifier = self.known.get(&(side, id.clone())).cloned().unwrap_or_default();
        Agent { id: id.clone(), identifier, side }
    }

    /// Remembers who has said something: its end is told.
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
        // What needs no event needs no room.
        let request = match request {
            Request::FfmpegResult(task) => return Ok(self.result(id, task)),
            Request::Handshake { side, .. } if side != on => return Err(Reason::Swapped),
            Request::Ffmpeg(_) if !self.ffmpeg => return Err(Reason::NoHandler),
            Request::Aria2 { .. } if !self.aria2 => return Err(Reason::NoHandler),
            Request::Ffmpeg(_) | Request::Aria2 { .. } if self.is_full(bytes) => {
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
                let task = self.new_task(bytes);
                return Ok(Done::Answer(number(task), Some(Event::Ffmpeg(agent, task, arguments))));
            }
            Request::Aria2 { file, text } => {
                self.last_call = self.last_call.wrapping_add(1);
                self.calls.insert(self.last_call, (id.clone(), bytes));
                self.task_bytes += bytes;
                return Ok(Done::Later(Some(Event::Aria2(agent, self.last_call, file, text))));
            }
            Request::FfmpegResult(_) => unreachable!("see above"),
        };
        Ok(Done::Answer(Bytes::from_static(OK), Some(event)))
    }

    /// Whether a job or call of so many bytes is too much.
    fn is_full(&self, bytes: usize) -> bool {
        let under_way = self.tasks.len() - self.ended.len() + self.calls.len();
        let bytes = self.task_bytes.saturating_add(bytes);
        under_way >= self.settings.max_tasks
            || under_way > 0 && bytes > self.settings.max_task_bytes
    }

    fn rename(&mut self, agent: Agent, identifier: &str) -> Agent {
        let identifier: Arc<str> = identifier.into();
        self.known.insert((agent.side, agent.id.clone()), identifier.clone());
        Agent { identifier, ..agent }
    }

    fn new_task(&mut self, bytes: usize) -> i32 {
        self.task_bytes += bytes;
        loop {
            // Positive: -1 is no task.
            self.last_task = self.last_task.checked_add(1).unwrap_or(1);
            if !self.tasks.contains_key(&self.last_task) {
                self.tasks.insert(self.last_task, Task { bytes, ..Task::default() });
                return self.last_task;
            }
        }
    }

    fn result(&mut self, id: &Bytes, task: Option<i32>) -> Done {
        match task.and_then(|task| self.tasks.get_mut(&task)) {
            None => Done::Answer(number(NONE), None),
            Some(Task { code: Some(code), .. }) => Done::Answer(number(*code), None),
            Some(task) => {
                // Who asks twice without waiting is answered once.
                if !task.waiting.contains(id) {
                    task.waiting.push(id.clone());
                }
                Done::Later(None)
            }
        }
    }

    /// A job has ended: what those who wait for it are told.
    pub fn finish(&mut self, task: i32, code: i32) -> Vec<Answer> {
        let Some(entry) = self.tasks.get_mut(&task).filter(|it| it.code.is_none()) else {
            return Vec::new();
        };
        entry.code = Some(code);
        self.task_bytes -= std::mem::take(&mut entry.bytes);
        let waiting = std::mem::take(&mut entry.waiting);
        self.ended.push_back(task);
        if self.ended.len() > MOST_RESULTS {
            let oldest = self.ended.pop_front();
            oldest.map(|task| self.tasks.remove(&task));
        }
        let answer = reply(group::FFMPEG_RESULT, number(code));
        waiting.into_iter().map(|id| (id, answer.clone())).collect()
    }

    /// A call of aria2 has ended: what who has made it is told, if it is still there.
    pub fn answer(&mut self, call: u32, code: i32) -> Option<Answer> {
        let (id, bytes) = self.calls.remove(&call)?;
        self.task_bytes -= bytes;
        Some((id, reply(group::ARIA2, number(code))))
    }

    /// Ends all jobs and calls with -1: what those who wait are told. Agents wait for ever otherwise.
    pub fn end(&mut self) -> Vec<Answer> {
        let calls: Vec<_> = self.calls.keys().copied().collect();
        let mut answers: Vec<_> =
            calls.into_iter().filter_map(|call| self.answer(call, NONE)).collect();
        let tasks: Vec<_> = self.tasks.keys().copied().collect();
        answers.extend(tasks.into_iter().flat_map(|task| self.finish(task, NONE)));
        answers
    }

    /// A connection has ended. Its jobs go on: the agent may ask for them by another one.
    pub fn gone(&mut self, side: Side, id: &Bytes) -> Option<Event> {
        if side == Side::Task {
            self.calls.retain(|_, (caller, bytes)| {
                let stays = caller != id;
                self.task_bytes -= if stays { 0 } else { *bytes };
                stays
            });
            self.tasks.values_mut().for_each(|task| task.waiting.retain(|waiting| waiting != id));
        }
        let agent = self.agent(side, id);
        self.known.remove(&(side, id.clone())).map(|_| Event::Gone(agent))
    }
}

/// What becomes of a request.
enum Done {
    /// It is answered at once.
    Answer(Bytes, Option<Event>),
    /// It is answered later.
    Later(Option<Event>),
    /// There is no room for its event.
    NoRoom,
}
