//! What is on record of a long stretch: hours that are summed up, and the beats of the time behind them, none of them twice.

use std::collections::HashSet;

use crate::model::{Hour, Minute, Outcome, Recorded, RouteId};
use crate::store::{Store, StoreError};

/// Hours, and the beats of those hours that are not among them.
pub(super) struct History {
    /// By start and route.
    pub(super) hours: Vec<Hour>,
    /// By minute and route.
    pub(super) beats: Vec<Recorded>,
    from: Minute,
    to: Minute,
}

impl History {
    /// Reads what is on record of `routes` from `from` up to and without `to`. Hours are summed up while their beats are still kept: where there is
    /// an hour of a route, its beats are passed over.
    pub(super) async fn read(store: &dyn Store, routes: &[RouteId], from: Minute, to: Minute) -> Result<Self, StoreError> {
        let hours = store.hours(routes, Hour::starting(from), to).await?;
        // The newest hour may be summed up for some routes only, if somebody is at it right now.
        let behind = store.newest_hour().await?.map_or(from, |newest| newest.max(from));
        let there: HashSet<(RouteId, Minute)> =
            hours.iter().filter(|hour| hour.start.plus(60) > behind).map(|hour| (hour.route, hour.start)).collect();
        let mut beats = store.beats(routes, behind, to).await?;
        beats.retain(|beat| !there.contains(&(beat.route, Hour::starting(beat.minute))));
        Ok(Self { hours, beats, from, to })
    }

    /// Every minute of which anything is on record.
    pub(super) fn minutes(&self) -> impl Iterator<Item = (RouteId, Minute, Outcome)> {
        let of_hours = self.hours.iter().flat_map(|hour| {
            let minutes = hour.start.until(hour.start.plus(60)).zip(hour.outcomes);
            minutes.map(|(minute, outcome)| (hour.route, minute, outcome))
        });
        let of_beats = self.beats.iter().map(|beat| (beat.route, beat.minute, beat.outcome));
        let within = |minute: Minute| self.from <= minute && minute < self.to;
        of_hours.chain(of_beats).filter(move |(_, minute, outcome)| within(*minute) && *outcome != Outcome::Unsent)
    }
}
