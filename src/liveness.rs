//! Each loop's last sign of life: up to which instant it has done all that was due.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::model::Timestamp;

/// A loop of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loop {
    /// Sends what is due, and records it.
    Pulse,
    /// Looks for what was sent.
    Verify,
    /// Folds and drops what is old.
    Keep,
    /// Tells people.
    Notify,
}

impl Loop {
    /// All loops.
    pub const ALL: [Self; 4] = [Self::Pulse, Self::Verify, Self::Keep, Self::Notify];

    /// One word, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pulse => "pulse",
            Self::Verify => "verify",
            Self::Keep => "keep",
            Self::Notify => "notify",
        }
    }

    /// How far it may be behind the clock and be on schedule: as long as one beat, look, round of keeping or message may take.
    const fn schedule(self) -> Duration {
        match self {
            Self::Pulse => Duration::from_mins(2),
            Self::Verify | Self::Notify => Duration::from_mins(1),
            Self::Keep => Duration::from_mins(11),
        }
    }
}

/// Something that is said at once, and then every few minutes however often it happens: a store that fails must not fill the log.
#[derive(Debug)]
pub struct LogThrottle(AtomicU64);

impl LogThrottle {
    const EVERY: Duration = Duration::from_mins(5);

    /// Not said yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }

    /// Whether it is to be said now, in real time.
    pub fn is_due(&self) -> bool {
        self.is_due_at(running())
    }

    fn is_due_at(&self, now: Duration) -> bool {
        let now = now.as_secs();
        let due = |last: u64| (last == u64::MAX || now >= last + Self::EVERY.as_secs()).then_some(now);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, due).is_ok()
    }
}

/// How long this process has asked for it: a clock counts from when it was made, so there is one.
fn running() -> Duration {
    static CLOCK: LazyLock<Clock> = LazyLock::new(Clock::system);
    CLOCK.monotonic()
}

impl Default for LogThrottle {
    fn default() -> Self {
        Self::new()
    }
}

/// The loops' signs of life. Cheap to clone; all clones are the same signs.
#[derive(Debug, Clone)]
pub struct Liveness {
    clock: Clock,
    started: Timestamp,
    signs: Arc<[watch::Sender<Option<Timestamp>>; Loop::ALL.len()]>,
    done: Arc<[AtomicU64; Loop::ALL.len()]>,
    store_fails: Arc<watch::Sender<bool>>,
}

impl Liveness {
    /// No loop has given a sign yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let signs = Arc::new(std::array::from_fn(|_| watch::Sender::new(None)));
        Self { started: clock.now(), clock, signs, done: Arc::default(), store_fails: Arc::new(watch::Sender::new(false)) }
    }

    /// The loop has done all that was due up to `until`. An earlier instant than the last is taken too: clocks step back.
    pub fn sign(&self, of: Loop, until: Timestamp) {
        self.signs[of as usize].send_replace(Some(until));
    }

    /// The loop has done `many` more: beats, looks, hours, messages.
    pub fn did(&self, of: Loop, many: usize) {
        self.done[of as usize].fetch_add(many as u64, Ordering::Relaxed);
    }

    /// How many the loop has done in this process.
    #[must_use]
    pub fn done(&self, of: Loop) -> u64 {
        self.done[of as usize].load(Ordering::Relaxed)
    }

    /// Up to when the loop has done all that was due; none before its first sign.
    #[must_use]
    pub fn last(&self, of: Loop) -> Option<Timestamp> {
        *self.signs[of as usize].borrow()
    }

    /// How far the loop is behind the clock, in milliseconds; none before its first sign.
    #[must_use]
    pub fn behind_ms(&self, of: Loop) -> Option<i64> {
        self.last(of).map(|last| self.clock.now().ms() - last.ms())
    }

    /// When this process began.
    #[must_use]
    pub const fn started(&self) -> Timestamp {
        self.started
    }

    /// By how much the loop is later than its schedule allows; nothing while it keeps to it.
    #[must_use]
    pub fn overdue(&self, of: Loop) -> Duration {
        self.clock.now().since(self.last(of).unwrap_or(self.started)).saturating_sub(of.schedule())
    }

    /// Whether the store does not do what it is asked, as whoever watches it found.
    pub fn say_of_store(&self, fails: bool) {
        self.store_fails.send_if_modified(|known| std::mem::replace(known, fails) != fails);
    }

    /// What was said of the store last: whether it does not do what it is asked.
    #[must_use]
    pub fn store_fails(&self) -> bool {
        *self.store_fails.borrow()
    }

    /// Waits until the store fails.
    pub async fn store_failed(&self) {
        // The sender lives in `self`: waiting cannot fail.
        let _ = self.store_fails.subscribe().wait_for(|fails| *fails).await;
    }

    /// Waits until the loop has done all that was due up to `until`.
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
        let said: Vec<u64> = (100..1_000).filter(|second| log_throttle.is_due_at(Duration::from_secs(*second))).collect();
        assert_eq!(said, [100, 400, 700]);
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
