//! Each loop's last sign of life: up to which instant it has done all that was due.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// The loops' signs of life. Cheap to clone; all clones are the same signs.
#[derive(Debug, Clone)]
pub struct Vitals {
    clock: Clock,
    started: Timestamp,
    signs: Arc<[watch::Sender<Option<Timestamp>>; Loop::ALL.len()]>,
    done: Arc<[AtomicU64; Loop::ALL.len()]>,
}

impl Vitals {
    /// No loop has given a sign yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let signs = Arc::new(std::array::from_fn(|_| watch::Sender::new(None)));
        Self { started: clock.now(), clock, signs, done: Arc::default() }
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

    /// Waits until the loop has done all that was due up to `until`.
    pub async fn reached(&self, of: Loop, until: Timestamp) {
        let mut sign = self.signs[of as usize].subscribe();
        // The sender lives in `self`: waiting cannot fail.
        let _ = sign.wait_for(|last| last.is_some_and(|last| last >= until)).await;
    }
}
