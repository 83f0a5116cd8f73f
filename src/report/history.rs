//! What is stored for a long range: days, then aggregated hours, then seen hours and the beats of the time after them, without overlap.

use std::collections::HashSet;
use std::sync::Arc;

use super::owners;
use crate::model::{Hour, Minute, Outcome, Project, Recorded, Route, RouteDay, RouteId, SeenHour};
use crate::store::{Store, StoreError};

pub(super) struct History {
    pub(super) days: Vec<RouteDay>,
    pub(super) hours: Vec<Hour>,
    seen_hours: Vec<SeenHour>,
    pub(super) beats: Vec<Recorded>,
    from: Minute,
    /// Hours cover the time before this minute, seen hours and beats the time from it on.
    behind: Minute,
    to: Minute,
}

/// What a reader needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) enum Detail<'b> {
    /// The outcome of each minute, and the duplicates of each day. `newest` are the beats from `newest_from` on, which were read before.
    Outcomes { newest_from: Minute, newest: &'b [Recorded] },
    /// The beats from `beats_from` on, as far as they are stored: the newest ones of each route, and of older ones what is in seen hours. Before
    /// `lags_from` the outcomes are enough.
    Beats { lags_from: Minute, beats_from: Minute },
}

impl Detail<'_> {
    pub(super) const fn outcomes(to: Minute) -> Self {
        Self::Outcomes { newest_from: to, newest: &[] }
    }
}

impl History {
    /// Reads `routes` from `from`, or from when the first of them was added, up to but not including `to`. Hours are aggregated while their
    /// beats are stored: days and hours are used up to there, and seen hours and beats after it.
    pub(super) async fn read(store: &Store, routes: Vec<&Route>, from: Minute, to: Minute, detail: Detail<'_>) -> Result<Self, StoreError> {
        let ids: Vec<RouteId> = routes.iter().map(|route| route.id).collect();
        let begun = routes.into_iter().map(|route| route.since.minute()).min().unwrap_or(to);
        let from = from.max(begun);
        let (lags_from, beats_from) = match detail {
            Detail::Outcomes { .. } => (to, to),
            Detail::Beats { lags_from, beats_from } => (lags_from, beats_from),
        };
        let aggregated = store.aggregated().await?;
        // Before the oldest beat only hours are stored, whichever node aggregated them.
        let oldest_hour = aggregated.oldest_beat.map_or(to, Hour::starting);
        let summed_up = aggregated.hours_to.unwrap_or(oldest_hour).min(Hour::starting(beats_from));
        let behind = summed_up.max(oldest_hour).clamp(from, to.max(from));

        // A day counts if it is whole: not cut by the range or by the retention of hours.
        let first_day = RouteDay::starting(from.max(aggregated.oldest_hour.unwrap_or(to)).plus(RouteDay::LENGTH - 1));
        // The last 24 hours are read by the minute, also if a clock that was ahead has counted them.
        let last_day = to.plus(-RouteDay::LENGTH - 1);
        let after_days = RouteDay::starting(aggregated.days_to.min(behind).min(lags_from).min(last_day)).max(first_day);
        let days = store.days(&ids, first_day, after_days).await?;
        // Only whole hours are aggregated, so none is on both sides.
        let after_hours = Hour::starting(behind).min(to);
        let mut hours = store.hours(&ids, Hour::starting(from), first_day.min(after_hours)).await?;
        hours.extend(store.hours(&ids, after_days, after_hours).await?);

        let (seen_hours, beats) = match detail {
            Detail::Outcomes { newest_from, newest } => {
                let seen = SeenHours::read(store, &ids, behind, to).await?;
                let mut beats = seen.other_beats(store, &ids, behind, newest_from.min(to)).await?;
                beats.extend(newest.iter().filter(|beat| beat.minute >= behind && !seen.have(beat.route, beat.minute)).cloned());
                (seen.0, beats)
            }
            Detail::Beats { .. } => (Vec::new(), newest_whole(store, &ids, behind, to).await?),
        };
        Ok(Self { days, hours, seen_hours, beats, from, behind, to })
    }

    pub(super) fn of_each(self, projects: &[Arc<Project>]) -> Vec<Self> {
        let Self { from, behind, to, .. } = self;
        let none = || Self { days: Vec::new(), hours: Vec::new(), seen_hours: Vec::new(), beats: Vec::new(), from, behind, to };
        let mut each: Vec<Self> = projects.iter().map(|_| none()).collect();
        let owners = owners(projects);
        for day in self.days {
            if let Some(at) = owners.get(&day.route) {
                each[*at].days.push(day);
            }
        }
        for hour in self.hours {
            if let Some(at) = owners.get(&hour.route) {
                each[*at].hours.push(hour);
            }
        }
        for hour in self.seen_hours {
            if let Some(at) = owners.get(&hour.route) {
                each[*at].seen_hours.push(hour);
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

    /// The recorded minutes of the days that are not counted.
    pub(super) fn minutes(&self) -> impl Iterator<Item = (RouteId, Minute, Outcome)> {
        let of_hours = self.hours.iter().flat_map(|hour| {
            let minutes = hour.start.until(hour.start.plus(60)).zip(hour.outcomes);
            minutes.map(|(minute, outcome)| (hour.route, minute, outcome))
        });
        let of_seen = self.seen_hours.iter().flat_map(|hour| hour.outcomes().map(|(minute, outcome)| (hour.route, minute, outcome)));
        let of_beats = self.beats.iter().map(|beat| (beat.route, beat.minute, beat.outcome));
        let within = |minute: Minute| self.from <= minute && minute < self.to;
        of_hours.chain(of_seen).chain(of_beats).filter(move |(_, minute, outcome)| within(*minute) && *outcome != Outcome::NotSent)
    }
}

/// How long beats are read whole, in minutes.
const NEWEST: i64 = 60;

/// The beats of the last hour, and before it what seen hours say of beats, by minute and route. Of a route whose newest beats were not sent and
/// seen, all beats are read: what came before them is shown.
async fn newest_whole(store: &Store, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Recorded>, StoreError> {
    let newest_from = from.max(Hour::starting(to.plus(-NEWEST)));
    let mut beats = store.beats(routes, newest_from, to).await?;
    let plain: HashSet<RouteId> =
        beats.iter().filter(|beat| beat.sent.is_some() && beat.outcome.is_seen()).map(|beat| beat.route).collect();
    let (plain, others): (Vec<RouteId>, Vec<RouteId>) = routes.iter().copied().partition(|route| plain.contains(route));
    let seen = SeenHours::read(store, &plain, from, newest_from).await?;
    beats.extend(seen.other_beats(store, &plain, from, newest_from).await?);
    beats.extend(store.beats(&others, from, newest_from).await?);
    beats.extend(seen.0.iter().flat_map(SeenHour::beats));
    beats.sort_unstable_by_key(|beat| (beat.minute, beat.route));
    Ok(beats)
}

struct SeenHours(Vec<SeenHour>);

impl SeenHours {
    async fn read(store: &Store, routes: &[RouteId], from: Minute, to: Minute) -> Result<Self, StoreError> {
        store.seen_hours(routes, Hour::starting(from.plus(59)), Hour::starting(to)).await.map(Self)
    }

    fn have(&self, route: RouteId, minute: Minute) -> bool {
        self.0.binary_search_by_key(&(Hour::starting(minute), route), |hour| (hour.start, hour.route)).is_ok()
    }

    /// The beats from `from` up to but not including `to` that are in none of these hours.
    async fn other_beats(&self, store: &Store, routes: &[RouteId], from: Minute, to: Minute) -> Result<Vec<Recorded>, StoreError> {
        let mut pieces: Vec<(Vec<RouteId>, Minute, Minute)> = Vec::new();
        let mut start = from;
        while start < to {
            let end = Hour::starting(start).plus(60).min(to);
            let missing: Vec<RouteId> = routes.iter().copied().filter(|route| !self.have(*route, start)).collect();
            match pieces.last_mut().filter(|(routes, ..)| *routes == missing) {
                Some((.., to)) => *to = end,
                None => pieces.push((missing, start, end)),
            }
            start = end;
        }
        let mut beats = Vec::new();
        for (routes, from, to) in pieces {
            beats.extend(store.beats(&routes, from, to).await?);
        }
        Ok(beats)
    }
}
