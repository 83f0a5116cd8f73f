//! The progress of a request, readable also after a timeout.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::{Phase, Phases};

pub(crate) struct Track(Mutex<Reached>);

struct Reached {
    phase: Phase,
    phases: Phases,
}

impl Track {
    /// A request that waits for another request's connection counts as connecting.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Reached { phase: Phase::Connect, phases: Phases::default() }))
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.lock().phase = phase;
    }

    pub(crate) fn took(&self, write: impl FnOnce(&mut Phases)) {
        write(&mut self.lock().phases);
    }

    pub(crate) fn phase(&self) -> Phase {
        self.lock().phase
    }

    pub(crate) fn phases(&self) -> Phases {
        self.lock().phases
    }

    fn lock(&self) -> MutexGuard<'_, Reached> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn microseconds(took: Duration) -> u32 {
    u32::try_from(took.as_micros()).unwrap_or(u32::MAX)
}
