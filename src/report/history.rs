//! What is on record of a long stretch: hours that are summed up, and the beats of the time behind them, none of them twice.

use crate::model::{Hour, Minute, Outcome, Recorded, RouteId};
use crate::store::{Store, StoreError};

/// Hours, and the beats of the time behind them.
pub(super) struct History {
    /// By start and route.
    pub(super) hours: Vec<Hour>,
    /// By minute and route.
    pub(super) beats: Vec<Recorded>,
    from: Minute,
    to: Minute,
}

impl History {
    /// Reads what is on record of `routes` from `from` up to and without `to`. Hours are summed up while their beats are still kept: up to there hours
    /// tell, and behind it beats.
    pub(super) async fn read(store: &dyn Store, routes: &[RouteId], from: Minute, to: Minute) -> Result<Self, StoreError> {
        // Of what is older than every beat hours alone can tell, whoever folded them.
        let kept = store.oldest_beat().await?.map_or(to, Hour::starting);
        let behind = store.summed_up().await?.map_or(kept, |summed_up| summed_up.max(kept)).clamp(from, to.max(from));
        // Only whole hours are summed up, so none lies on both sides.
        let hours = store.hours(routes, Hour::starting(from), Hour::starting(behind).min(to)).await?;
        let beats = store.beats(routes, behind, to).await?;
        Ok(Self { hours, beats, from, to })
    }

    /// How many rows beyond one were seen of beats from `from` on. An hour counts when it begins there.
    pub(super) fn duplicates(&self, from: Minute) -> u32 {
        let of_hours: u32 = self.hours.iter().filter(|hour| hour.start >= from).map(|hour| hour.duplicates).sum();
        let beats = self.beats.iter().filter(|beat| beat.minute >= from);
        of_hours + beats.map(|beat| beat.copies.saturating_sub(1)).sum::<u32>()
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
