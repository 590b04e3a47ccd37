//! Waits for a listener that has no room for another connection: a full backlog, or a busy pipe. Used by `unix`
//! and `pipe`.
//!
//! Of all that wait for the same place, only the first keeps trying. The others queue behind it, however many they
//! are, and each follows as soon as there is room.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex as Lock, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

/// How long to wait for a listener that accepts nobody.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest pause between two attempts of the first in line.
const PAUSE: Duration = Duration::from_millis(50);

/// The queue for one place.
#[derive(Debug)]
struct Line {
    /// Held by the first in line. Others get it in order of arrival.
    first: Mutex<()>,
    /// When the listener last accepted a connection.
    moved: Lock<Option<Instant>>,
}

thread_local! {
    /// The lines of an I/O thread, by their places.
    static LINES: RefCell<HashMap<String, Weak<Line>>> = RefCell::default();
}

impl Line {
    /// The line for `place`, if there is one.
    fn at(place: &str) -> Option<Arc<Self>> {
        LINES.with_borrow(|lines| lines.get(place).and_then(Weak::upgrade))
    }

    fn at_or_new(place: &str) -> Arc<Self> {
        Self::at(place).unwrap_or_else(|| {
            let line = Arc::new(Self { first: Mutex::default(), moved: Lock::default() });
            LINES.with_borrow_mut(|lines| {
                lines.retain(|_, line| line.strong_count() > 0);
                lines.insert(place.to_owned(), Arc::downgrade(&line));
            });
            line
        })
    }

    fn has_moved(&self) {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// How long the listener has accepted nobody, for an attempt that has waited since `since`.
    fn stands(&self, since: Instant) -> Duration {
        let moved = *self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        moved.map_or(since, |moved| moved.max(since)).elapsed()
    }
}

/// Repeats `attempt` at `place` while it fails because the listener there has no room. If the listener accepts nobody
/// for too long, returns the error of the last attempt. Dropping the future leaves the line.
pub async fn patiently<T, F: Future<Output = io::Result<T>>>(
    place: &str,
    is_full: impl Fn(&io::Error) -> bool,
    attempt: impl Fn() -> F,
) -> io::Result<T> {
    wait_for(place, PATIENCE, is_full, attempt).await
}

async fn wait_for<T, F: Future<Output = io::Result<T>>>(
    place: &str,
    patience: Duration,
    is_full: impl Fn(&io::Error) -> bool,
    attempt: impl Fn() -> F,
) -> io::Result<T> {
    let since = Instant::now();
    if Line::at(place).is_none() {
        match attempt().await {
            Err(error) if is_full(&error) => {}
            result => return result,
        }
    }
    let line = Line::at_or_new(place);
    let _first = line.first.lock().await;
    let mut pause = Duration::from_millis(1);
    loop {
        match attempt().await {
            Err(error) if is_full(&error) && line.stands(since) < patience => {
                sleep(pause).await;
                pause = (pause * 2).min(PAUSE);
            }
            Err(error) => return Err(error),
            result => {
                line.has_moved();
                return result;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use tokio::task::LocalSet;

    // The tests' time goes on only while all of them wait.
    const PATIENCE: Duration = Duration::from_millis(300);

    fn is_full(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::WouldBlock
    }

    /// Makes `count` attempts wait for a place that accepts one at each `period`th attempt. Returns the order in
    /// which they got in or gave up, and the number of attempts.
    async fn crowd(
        place: &'static str,
        count: usize,
        period: usize,
    ) -> (Vec<(usize, bool)>, usize) {
        let attempts = Arc::new(Lock::new(0));
        let order = Arc::new(Lock::new(Vec::new()));
        let local = LocalSet::new();
        for index in 0..count {
            let (attempts, order) = (attempts.clone(), order.clone());
            local.spawn_local(async move {
                let attempt = || async {
                    let mut attempts = attempts.lock().unwrap();
                    *attempts += 1;
                    match *attempts % period {
                        0 => Ok(()),
                        _ => Err(io::ErrorKind::WouldBlock.into()),
                    }
                };
                let result = wait_for(place, PATIENCE, is_full, attempt).await;
                order.lock().unwrap().push((index, result.is_ok()));
            });
        }
        local.await;
        let order = order.lock().unwrap().clone();
        let attempts = *attempts.lock().unwrap();
        (order, attempts)
    }

    #[tokio::test(start_paused = true)]
    async fn all_get_in_one_after_the_other_however_long_it_takes_in_all() {
        let begin = Instant::now();
        let (order, attempts) = crowd("slow", 50, 6).await;
        assert_eq!(order, (0..50).map(|index| (index, true)).collect::<Vec<_>>());
        assert!(begin.elapsed() > PATIENCE);
        assert!(attempts <= 50 * 6 + 1, "{attempts}");
        assert!(Line::at("slow").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_takes_nobody_in_is_given_up_by_all_and_without_many_attempts() {
        let (order, attempts) = crowd("full", 1000, usize::MAX).await;
        assert!(order.iter().all(|(_, got_in)| !got_in));
        assert!(attempts < 1100, "{attempts}"); // one each, and those of the first in line
    }

    #[tokio::test(start_paused = true)]
    async fn another_error_is_not_waited_on_and_who_goes_away_holds_nobody_up() {
        let tries = Cell::new(0);
        let gone = || async {
            tries.set(tries.get() + 1);
            Err::<(), _>(io::Error::from(io::ErrorKind::NotFound))
        };
        assert!(wait_for("gone", PATIENCE, is_full, gone).await.is_err());
        assert_eq!(tries.get(), 1);

        let full = || async { Err::<(), _>(io::Error::from(io::ErrorKind::WouldBlock)) };
        let mut first = Box::pin(wait_for("left", PATIENCE, is_full, full));
        assert!(tokio::time::timeout(Duration::from_millis(5), &mut first).await.is_err());
        let mut second = Box::pin(wait_for("left", PATIENCE, is_full, || async { Ok(()) }));
        assert!(tokio::time::timeout(Duration::from_millis(5), &mut second).await.is_err());
        drop(first);
        second.await.unwrap();
    }
}
