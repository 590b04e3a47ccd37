//! A worker of a set while it has a job. Used by `set` and `pool`.

use std::sync::Arc;

use super::pool::{Inner, Member};

/// A worker that has a job. Dropping it puts the worker back.
pub struct Lease<R, W> {
    inner: Arc<Inner<R, W>>,
    member: Option<Member<R, W>>,
}

impl<R, W> Lease<R, W> {
    /// A worker that is not free.
    pub fn new(inner: &Arc<Inner<R, W>>, member: Member<R, W>) -> Self {
        Self { inner: inner.clone(), member: Some(member) }
    }

    /// Its worker, which is not put back.
    pub fn into_member(mut self) -> Option<Member<R, W>> {
        self.member.take()
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
