//! What is under way: sent, and not yet recorded.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{Minute, RouteId, Timestamp};
use crate::vitals::{Loop, Vitals};

/// Beats between sending and recording. When there are none, the pulse has done all that was due.
pub(super) struct Flight {
    state: Mutex<State>,
    vitals: Vitals,
}

#[derive(Default)]
struct State {
    airborne: HashSet<(RouteId, Minute)>,
    walked_to: Option<Timestamp>,
}

impl Flight {
    pub(super) fn new(vitals: Vitals) -> Self {
        Self { state: Mutex::default(), vitals }
    }

    /// The routes whose beat of `minute` is under way.
    pub(super) fn of(&self, minute: Minute) -> HashSet<RouteId> {
        self.lock().airborne.iter().filter(|(_, at)| *at == minute).map(|(route, _)| *route).collect()
    }

    pub(super) fn took_off(&self, route: RouteId, minute: Minute) {
        self.lock().airborne.insert((route, minute));
    }

    /// These are on record now.
    pub(super) fn landed(&self, beats: &[(RouteId, Minute)]) {
        let mut state = self.lock();
        for beat in beats {
            state.airborne.remove(beat);
        }
        self.sign(&state);
    }

    /// All that was due up to `now` has taken off.
    pub(super) fn walked_to(&self, now: Timestamp) {
        let mut state = self.lock();
        state.walked_to = Some(now);
        self.sign(&state);
    }

    fn sign(&self, state: &State) {
        if let (true, Some(until)) = (state.airborne.is_empty(), state.walked_to) {
            self.vitals.sign(Loop::Pulse, until);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing between lock and unlock can leave the set half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
