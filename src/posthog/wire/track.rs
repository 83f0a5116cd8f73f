//! How far a request has come, readable also when it is given up in the middle.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::{Phase, Phases};

/// Where a request is on its way, and how long the phases behind it took.
pub(crate) struct Track(Mutex<Reached>);

struct Reached {
    phase: Phase,
    phases: Phases,
}

impl Track {
    /// At the start. A request that waits for another's dial is counted as connecting.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Reached { phase: Phase::Connect, phases: Phases::default() }))
    }

    /// Begins `phase`.
    pub(crate) fn enter(&self, phase: Phase) {
        self.lock().phase = phase;
    }

    /// Writes down how long something took.
    pub(crate) fn took(&self, write: impl FnOnce(&mut Phases)) {
        write(&mut self.lock().phases);
    }

    /// The phase that was begun last.
    pub(crate) fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// What is known of the durations so far.
    pub(crate) fn phases(&self) -> Phases {
        self.lock().phases
    }

    fn lock(&self) -> MutexGuard<'_, Reached> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A duration as [`Phases`] holds it.
pub(super) fn microseconds(took: Duration) -> u32 {
    u32::try_from(took.as_micros()).unwrap_or(u32::MAX)
}
