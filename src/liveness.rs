//! The last heartbeat of each loop: the time up to which it has done everything that was due.

use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::model::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loop {
    Pulse,
    Verify,
    Retention,
    Notify,
}

impl Loop {
    pub const ALL: [Self; 4] = [Self::Pulse, Self::Verify, Self::Retention, Self::Notify];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pulse => "pulse",
            Self::Verify => "verify",
            Self::Retention => "retention",
            Self::Notify => "notify",
        }
    }

    /// How far a loop may be behind the clock: as long as one beat, read-back, retention round or notification may take.
    const fn schedule(self) -> Duration {
        match self {
            Self::Pulse => Duration::from_mins(2),
            Self::Verify | Self::Notify => Duration::from_mins(1),
            Self::Retention => Duration::from_mins(11),
        }
    }
}

/// Limits a log message to one per few minutes: a store that fails must not fill the log.
#[derive(Debug)]
pub struct LogThrottle(AtomicU64);

impl LogThrottle {
    const EVERY: Duration = Duration::from_mins(5);

    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }

    pub fn is_due(&self) -> bool {
        self.is_due_at(running())
    }

    fn is_due_at(&self, now: Duration) -> bool {
        let now = now.as_secs();
        let due = |last: u64| (last == u64::MAX || now >= last + Self::EVERY.as_secs()).then_some(now);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, due).is_ok()
    }
}

/// Logs the first of several errors in a row, and the others only for debugging.
#[derive(Debug, Default)]
pub struct FirstError {
    is_failing: bool,
}

impl FirstError {
    pub fn log(&mut self, error: &dyn Display, what: &str) {
        if std::mem::replace(&mut self.is_failing, true) {
            tracing::debug!(%error, "{what}");
        } else {
            tracing::error!(%error, "{what}");
        }
    }

    /// It works: the next error is logged again.
    pub const fn end(&mut self) {
        self.is_failing = false;
    }
}

fn running() -> Duration {
    static CLOCK: LazyLock<Clock> = LazyLock::new(Clock::system);
    CLOCK.monotonic()
}

impl Default for LogThrottle {
    fn default() -> Self {
        Self::new()
    }
}

/// Cheap to clone; all clones share the state.
#[derive(Debug, Clone)]
pub struct Liveness {
    clock: Clock,
    started: Timestamp,
    signs: Arc<[watch::Sender<Option<Timestamp>>; Loop::ALL.len()]>,
    done: Arc<[AtomicU64; Loop::ALL.len()]>,
    store_fails: Arc<watch::Sender<bool>>,
}

impl Liveness {
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let signs = Arc::new(std::array::from_fn(|_| watch::Sender::new(None)));
        Self { started: clock.now(), clock, signs, done: Arc::default(), store_fails: Arc::new(watch::Sender::new(false)) }
    }

    /// Everything that was due up to `until` is done. Earlier times than the last are accepted too, because clocks step back.
    pub fn sign(&self, of: Loop, until: Timestamp) {
        self.signs[of as usize].send_replace(Some(until));
    }

    pub fn did(&self, of: Loop, many: usize) {
        self.done[of as usize].fetch_add(many as u64, Ordering::Relaxed);
    }

    #[must_use]
    pub fn done(&self, of: Loop) -> u64 {
        self.done[of as usize].load(Ordering::Relaxed)
    }

    /// `None` before the first call of [`Liveness::sign`].
    #[must_use]
    pub fn last(&self, of: Loop) -> Option<Timestamp> {
        *self.signs[of as usize].borrow()
    }

    /// In milliseconds; `None` before the first call of [`Liveness::sign`].
    #[must_use]
    pub fn behind_ms(&self, of: Loop) -> Option<i64> {
        self.last(of).map(|last| self.clock.now().ms() - last.ms())
    }

    #[must_use]
    pub const fn started(&self) -> Timestamp {
        self.started
    }

    /// How much later the loop is than its schedule allows; zero while it is on schedule.
    #[must_use]
    pub fn overdue(&self, of: Loop) -> Duration {
        self.clock.now().since(self.last(of).unwrap_or(self.started)).saturating_sub(of.schedule())
    }

    pub fn say_of_store(&self, fails: bool) {
        self.store_fails.send_if_modified(|stored| std::mem::replace(stored, fails) != fails);
    }

    #[must_use]
    pub fn store_fails(&self) -> bool {
        *self.store_fails.borrow()
    }

    pub async fn store_failed(&self) {
        // The sender lives in `self`: waiting cannot fail.
        let _ = self.store_fails.subscribe().wait_for(|fails| *fails).await;
    }

    pub async fn reached(&self, of: Loop, until: Timestamp) {
        let mut sign = self.signs[of as usize].subscribe();
        // The sender lives in `self`: waiting cannot fail.
        let _ = sign.wait_for(|last| last.is_some_and(|last| last >= until)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_is_said_at_once_and_then_every_five_minutes() {
        let log_throttle = LogThrottle::new();
        let logged: Vec<u64> = (100..1_000).filter(|second| log_throttle.is_due_at(Duration::from_secs(*second))).collect();
        assert_eq!(logged, [100, 400, 700]);
    }

    #[test]
    fn time_passes_between_two_that_ask() {
        let (first, clock) = (running(), Clock::system());
        let passed = Duration::from_millis(20);
        while clock.monotonic() < passed {
            std::thread::yield_now();
        }
        assert!(running().saturating_sub(first) >= passed);
    }
}
