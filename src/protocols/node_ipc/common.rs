//! What a client or server has apart from its connections: its settings, its handlers, and the queue through which the
//! engine talks to its task. Used by `client`, `server`, their tasks and `link`.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::Error;
use super::events::closing;
use super::requests::Handlers;
use super::settings::Settings;
use super::turns::Turns;
use crate::engine::event::Event;
use crate::engine::mailbox::Mailbox;
use crate::engine::runtime::Runtime;

/// What a client or server shares with its connections.
pub(super) struct Common {
    pub settings: Settings,
    pub mailbox: Arc<Mailbox>,
    pub runtime: Runtime,
    pub handlers: Handlers,
    /// Notified when the mailbox has something.
    ringing: Arc<Notify>,
}

impl Common {
    /// Makes it for the current tokio runtime.
    pub fn new(settings: Settings) -> Result<Arc<Self>, Error> {
        settings.check()?;
        let runtime = Runtime::current().ok_or(Error::NoRuntime)?;
        let ringing = Arc::new(Notify::new());
        let bell = ringing.clone();
        let mailbox = Arc::new(Mailbox::new(Box::new(move || bell.notify_one())));
        Ok(Arc::new(Self { settings, mailbox, runtime, handlers: Handlers::default(), ringing }))
    }

    /// Waits for the next event of the engine.
    pub async fn event(&self, turns: &mut Turns) -> Event {
        let pop = || self.mailbox.pop();
        if let Some(event) = pop() {
            return event;
        }
        if let Some(event) = turns.look(pop).await {
            return event;
        }
        loop {
            self.ringing.notified().await;
            if let Some(event) = pop() {
                return event;
            }
        }
    }

    /// The same. `None`: the task is to end.
    pub async fn event_unless(
        &self,
        turns: &mut Turns,
        is_closing: &mut watch::Receiver<bool>,
    ) -> Option<Event> {
        tokio::select! {
            biased;
            () = closing(is_closing) => None,
            event = self.event(turns) => Some(event),
        }
    }
}
