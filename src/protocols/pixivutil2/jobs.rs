//! The jobs and calls of agents: from the request until the last who waits is answered. Used by [`super::rules`].

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;

use super::fair::{Fair, OWN_BYTES};
use super::message::{NONE, group, number, reply};
use super::rules::Answer;

/// The most exit codes that are kept for agents that ask again.
const MOST_RESULTS: usize = 4096;

/// See the module's page.
#[derive(Debug)]
pub(super) struct Jobs {
    tasks: HashMap<i32, Task>,
    last_task: i32,
    calls: HashMap<u32, Call>,
    last_call: u32,
    /// Jobs and calls that have not ended: how many, and their bytes.
    under_way: Fair<Bytes>,
    bytes: Fair<Bytes>,
    results: Results,
}

#[derive(Debug)]
struct Task {
    owner: Bytes,
    bytes: usize,
    code: Option<i32>,
    /// The agents that wait for the code.
    waiting: Vec<Bytes>,
}

#[derive(Debug)]
struct Call {
    owner: Bytes,
    bytes: usize,
}

/// The exit code of a job.
pub(super) enum Result {
    /// The job is not known.
    Unknown,
    /// It has ended.
    Ended(i32),
    /// Who has asked is answered when it ends.
    Later,
}

impl Jobs {
    /// At most so many under way, with so many bytes. A single one may have more.
    pub fn new(most: usize, bytes: usize) -> Self {
        // Random, so that an agent of an earlier controller does not get the code of another
        // agent's job.
        let random = RandomState::new().hash_one(0) as i32;
        Self {
            tasks: HashMap::new(),
            last_task: random & 0x3fff_ffff,
            calls: HashMap::new(),
            last_call: 0,
            under_way: Fair::new(most, 1),
            bytes: Fair::new(bytes, OWN_BYTES),
            results: Results::default(),
        }
    }

    /// An agent is connected.
    pub fn enter(&mut self, id: &Bytes) {
        self.under_way.enter(id.clone());
        self.bytes.enter(id.clone());
    }

    /// An agent has gone. Its calls end. Its jobs go on: the agent may ask for them on another connection.
    pub fn leave(&mut self, id: &Bytes) {
        let its = |(&number, call): (&u32, &Call)| (call.owner == id).then_some(number);
        let calls: Vec<_> = self.calls.iter().filter_map(its).collect();
        for number in calls {
            self.take_call(number);
        }
        self.tasks.values_mut().for_each(|task| task.waiting.retain(|waiting| waiting != id));
        self.under_way.leave(id.clone());
        self.bytes.leave(id.clone());
    }

    /// Whether `owner` may have another one.
    pub fn has_room(&self, owner: &Bytes, bytes: usize) -> bool {
        self.under_way.has_room(owner, 1)
            && (self.under_way.is_empty() || self.bytes.has_room(owner, bytes))
    }

    fn begin(&mut self, owner: &Bytes, bytes: usize) {
        self.under_way.take(owner.clone(), 1);
        self.bytes.take(owner.clone(), bytes);
    }

    fn end(&mut self, owner: Bytes, bytes: usize) {
        self.under_way.give_back(owner.clone(), 1);
        self.bytes.give_back(owner, bytes);
    }

    /// A job begins. Returns its number.
    pub fn new_task(&mut self, owner: &Bytes, bytes: usize) -> i32 {
        self.begin(owner, bytes);
        loop {
            // Positive: -1 does not belong to any task.
            self.last_task = self.last_task.checked_add(1).unwrap_or(1);
            if !self.tasks.contains_key(&self.last_task) {
                let task = Task { owner: owner.clone(), bytes, code: None, waiting: Vec::new() };
                self.tasks.insert(self.last_task, task);
                return self.last_task;
            }
        }
    }

    /// A call begins. Returns its number.
    pub fn new_call(&mut self, owner: &Bytes, bytes: usize) -> u32 {
        self.begin(owner, bytes);
        self.last_call = self.last_call.wrapping_add(1);
        self.calls.insert(self.last_call, Call { owner: owner.clone(), bytes });
        self.last_call
    }

    /// `id` asks for the exit code of a job.
    pub fn result(&mut self, id: &Bytes, task: i32) -> Result {
        match self.tasks.get_mut(&task) {
            None => Result::Unknown,
            Some(Task { code: Some(code), .. }) => Result::Ended(*code),
            Some(task) => {
                // An agent that asks twice without waiting is answered once.
                if !task.waiting.contains(id) {
                    task.waiting.push(id.clone());
                }
                Result::Later
            }
        }
    }

    /// A job has ended. Returns the answers to those who wait for it.
    pub fn finish(&mut self, task: i32, code: i32) -> Vec<Answer> {
        let Some(entry) = self.tasks.get_mut(&task).filter(|it| it.code.is_none()) else {
            return Vec::new();
        };
        entry.code = Some(code);
        let (owner, bytes) = (entry.owner.clone(), entry.bytes);
        let waiting = std::mem::take(&mut entry.waiting);
        if let Some(forgotten) = self.results.add(&owner, task) {
            self.tasks.remove(&forgotten);
        }
        self.end(owner, bytes);
        let answer = reply(group::FFMPEG_RESULT, number(code));
        waiting.into_iter().map(|id| (id, answer.clone())).collect()
    }

    /// A call has ended. Returns the answer to its caller, if it is still connected.
    pub fn answer(&mut self, call: u32, code: i32) -> Option<Answer> {
        let owner = self.take_call(call)?;
        Some((owner, reply(group::ARIA2, number(code))))
    }

    fn take_call(&mut self, call: u32) -> Option<Bytes> {
        let Call { owner, bytes } = self.calls.remove(&call)?;
        self.end(owner.clone(), bytes);
        Some(owner)
    }

    /// Ends all with -1, and returns the answers.
    pub fn end_all(&mut self) -> Vec<Answer> {
        let calls: Vec<_> = self.calls.keys().copied().collect();
        let mut answers: Vec<_> =
            calls.into_iter().filter_map(|call| self.answer(call, NONE)).collect();
        let tasks: Vec<_> = self.tasks.keys().copied().collect();
        answers.extend(tasks.into_iter().flat_map(|task| self.finish(task, NONE)));
        answers
    }
}

/// Which jobs have ended and are kept, by the connection that began them.
#[derive(Debug, Default)]
struct Results {
    by: HashMap<Bytes, VecDeque<(u64, i32)>>,
    count: usize,
    last: u64,
}

impl Results {
    /// Adds one. Returns the one that is not kept any more: of the connection that has most, its oldest.
    fn add(&mut self, owner: &Bytes, task: i32) -> Option<i32> {
        self.last += 1;
        self.count += 1;
        self.by.entry(owner.clone()).or_default().push_back((self.last, task));
        if self.count <= MOST_RESULTS {
            return None;
        }
        let oldest = |list: &VecDeque<(u64, i32)>| list.front().map(|(age, _)| u64::MAX - age);
        let worst = self.by.iter().max_by_key(|(_, list)| (list.len(), oldest(list)))?.0.clone();
        let list = self.by.get_mut(&worst)?;
        let forgotten = list.pop_front()?.1;
        if list.is_empty() {
            self.by.remove(&worst);
        }
        self.count -= 1;
        Some(forgotten)
    }
}
