//! What is stored for a long range: aggregated hours, then the beats of the time after them, without overlap.

use std::sync::Arc;

use super::owners;
use crate::model::{Hour, Minute, Outcome, Project, Recorded, Route, RouteId};
use crate::store::{Store, StoreError};

pub(super) struct History {
    pub(super) hours: Vec<Hour>,
    pub(super) beats: Vec<Recorded>,
    from: Minute,
    /// Hours cover the time before this minute, beats the time from it on.
    behind: Minute,
    to: Minute,
}

impl History {
    /// Reads `routes` from `from`, or from when the first of them was added, up to but not including `to`. Hours are aggregated while their
    /// beats are stored: hours are used up to there, and beats after it; from `whole_from` on beats are used in any case, as far as they are
    /// stored.
    pub(super) async fn read(store: &Store, routes: Vec<&Route>, from: Minute, to: Minute, whole_from: Minute) -> Result<Self, StoreError> {
        let ids: Vec<RouteId> = routes.iter().map(|route| route.id).collect();
        let begun = routes.into_iter().map(|route| route.since.minute()).min().unwrap_or(to);
        let from = from.max(begun);
        // Before the oldest beat only hours are stored, whichever node aggregated them.
        let oldest_hour = store.oldest_beat().await?.map_or(to, Hour::starting);
        let summed_up = store.summed_up().await?.unwrap_or(oldest_hour).min(Hour::starting(whole_from));
        let behind = summed_up.max(oldest_hour).clamp(from, to.max(from));
        // Only whole hours are aggregated, so none is on both sides.
        let hours = store.hours(&ids, Hour::starting(from), Hour::starting(behind).min(to)).await?;
        let beats = store.beats(&ids, behind, to).await?;
        Ok(Self { hours, beats, from, behind, to })
    }

    pub(super) fn of_each(self, projects: &[Arc<Project>]) -> Vec<Self> {
        let Self { from, behind, to, .. } = self;
        let mut each: Vec<Self> = projects.iter().map(|_| Self { hours: Vec::new(), beats: Vec::new(), from, behind, to }).collect();
        let owners = owners(projects);
        for hour in self.hours {
            if let Some(at) = owners.get(&hour.route) {
                each[*at].hours.push(hour);
            }
        }
        for beat in self.beats {
            if let Some(at) = owners.get(&beat.route) {
                each[*at].beats.push(beat);
            }
        }
        each
    }

    pub(super) fn beats_from(&self, from: Minute) -> &[Recorded] {
        &self.beats[self.beats.partition_point(|beat| beat.minute < from)..]
    }

    /// Whether everything from `from` on is available by minute: none of it is so old that only hours are stored.
    pub(super) fn is_whole_from(&self, from: Minute) -> bool {
        from >= self.behind || !self.hours.iter().any(|hour| hour.start >= Hour::starting(from))
    }

    /// Extra rows of beats from `from` on. An hour counts if it starts there.
    pub(super) fn duplicates(&self, from: Minute) -> u32 {
        let of_hours: u32 = self.hours.iter().filter(|hour| hour.start >= from).map(|hour| hour.duplicates).sum();
        of_hours + self.beats_from(from).iter().map(Recorded::duplicates).sum::<u32>()
    }

    pub(super) fn minutes(&self) -> impl Iterator<Item = (RouteId, Minute, Outcome)> {
        let of_hours = self.hours.iter().flat_map(|hour| {
            let minutes = hour.start.until(hour.start.plus(60)).zip(hour.outcomes);
            minutes.map(|(minute, outcome)| (hour.route, minute, outcome))
        });
        let of_beats = self.beats.iter().map(|beat| (beat.route, beat.minute, beat.outcome));
        let within = |minute: Minute| self.from <= minute && minute < self.to;
        of_hours.chain(of_beats).filter(move |(_, minute, outcome)| within(*minute) && *outcome != Outcome::NotSent)
    }
}
