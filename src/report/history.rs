//! What is on record of a long stretch: hours that are summed up, and the beats of the time behind them, none of them twice.

use std::sync::Arc;

use super::owners;
use crate::model::{Hour, Minute, Outcome, Project, Recorded, RouteId};
use crate::store::{Store, StoreError};

/// Hours, and the beats of the time behind them.
pub(super) struct History {
    /// By start and route.
    pub(super) hours: Vec<Hour>,
    /// By minute and route.
    pub(super) beats: Vec<Recorded>,
    from: Minute,
    /// Before this hours tell, and from here on beats.
    behind: Minute,
    to: Minute,
}

impl History {
    /// Reads what is on record of `routes` from `from` up to and without `to`. Hours are summed up while their beats are still kept: up to there hours
    /// tell, and behind it beats; from `whole_from` on beats tell in any case, as far as they are kept.
    pub(super) async fn read(store: &Store, routes: &[RouteId], from: Minute, to: Minute, whole_from: Minute) -> Result<Self, StoreError> {
        // Of what is older than every beat hours alone can tell, whoever folded them.
        let kept = store.oldest_beat().await?.map_or(to, Hour::starting);
        let summed_up = store.summed_up().await?.unwrap_or(kept).min(Hour::starting(whole_from));
        let behind = summed_up.max(kept).clamp(from, to.max(from));
        // Only whole hours are summed up, so none lies on both sides.
        let hours = store.hours(routes, Hour::starting(from), Hour::starting(behind).min(to)).await?;
        let beats = store.beats(routes, behind, to).await?;
        Ok(Self { hours, beats, from, behind, to })
    }

    /// What of it is of each of these projects, in their order.
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

    /// Beats from `from` on.
    pub(super) fn beats_from(&self, from: Minute) -> &[Recorded] {
        &self.beats[self.beats.partition_point(|beat| beat.minute < from)..]
    }

    /// Whether what is on record from `from` on can be told minute by minute: none of it is so old that only its hour is left.
    pub(super) fn is_whole_from(&self, from: Minute) -> bool {
        from >= self.behind || !self.hours.iter().any(|hour| hour.start >= Hour::starting(from))
    }

    /// How many rows beyond one were seen of beats from `from` on. An hour counts when it begins there.
    pub(super) fn duplicates(&self, from: Minute) -> u32 {
        let of_hours: u32 = self.hours.iter().filter(|hour| hour.start >= from).map(|hour| hour.duplicates).sum();
        of_hours + self.beats_from(from).iter().map(Recorded::duplicates).sum::<u32>()
    }

    /// Every minute of which anything is on record.
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
