//! Beats that were sent and are not yet recorded.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::liveness::{Liveness, Loop};
use crate::model::{Minute, RouteId, Timestamp};

/// The pulse is done up to the oldest of them.
pub(super) struct Flight {
    state: Mutex<State>,
    liveness: Liveness,
}

#[derive(Default)]
struct State {
    airborne: BTreeSet<(Minute, RouteId)>,
    walked_to: Option<Timestamp>,
}

impl Flight {
    pub(super) fn new(liveness: Liveness) -> Self {
        Self { state: Mutex::default(), liveness }
    }

    pub(super) fn of(&self, minute: Minute) -> HashSet<RouteId> {
        self.lock().airborne.iter().filter(|(at, _)| *at == minute).map(|(_, route)| *route).collect()
    }

    pub(super) fn took_off(&self, route: RouteId, minute: Minute) {
        self.lock().airborne.insert((minute, route));
    }

    pub(super) fn landed(&self, beats: &[(RouteId, Minute)]) {
        let mut state = self.lock();
        for (route, minute) in beats {
            state.airborne.remove(&(*minute, *route));
        }
        self.sign(&state);
    }

    pub(super) fn walked_to(&self, now: Timestamp) {
        let mut state = self.lock();
        state.walked_to = Some(now);
        self.sign(&state);
    }

    /// With many projects a beat is always in flight: the pulse is done up to the oldest one.
    fn sign(&self, state: &State) {
        let Some(walked_to) = state.walked_to else { return };
        // A beat due at the start of the minute is not done while it is in flight.
        let before = state.airborne.first().map(|(minute, _)| minute.start().minus(Duration::from_millis(1)));
        self.liveness.sign(Loop::Pulse, before.map_or(walked_to, |before| before.min(walked_to)));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave the set half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_beat_under_way_holds_back_the_sign_and_others_do_not() {
        let (clock, _hand) = Clock::hand(Timestamp::from_ms(0));
        let liveness = Liveness::new(clock);
        let (flight, minute) = (Flight::new(liveness.clone()), Minute::from_index(5));
        flight.took_off(RouteId(1), minute);
        flight.walked_to(minute.plus(1).start());
        assert!(liveness.last(Loop::Pulse) < Some(minute.start()));
        flight.took_off(RouteId(2), minute.plus(1));
        flight.landed(&[(RouteId(1), minute)]);
        assert!((minute.start()..minute.plus(1).start()).contains(&liveness.last(Loop::Pulse).unwrap()));
        assert_eq!(flight.of(minute.plus(1)), HashSet::from([RouteId(2)]));
        flight.walked_to(minute.plus(1).end());
        flight.landed(&[(RouteId(2), minute.plus(1))]);
        assert_eq!(liveness.last(Loop::Pulse), Some(minute.plus(1).end()));
    }
}
