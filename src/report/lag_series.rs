//! Lag over time: percentiles per point, for each route and for all together. A point is minutes or hours long.

use std::collections::BTreeMap;
use std::time::Duration;

use super::due::Due;
use super::ends::more_severe;
use super::history::{Detail, History};
use super::{DAY, HOUR, Lags, start_of};
use crate::model::{Histogram, Hour, Minute, Outcome, Project, Recorded, Route, RouteId, Timestamp};
use crate::store::{Store, StoreError};

pub const MAX_POINTS: i64 = 300;
pub const MINUTES_SHOWN: i64 = 26 * 60;
/// In minutes: as long as hours are stored by default.
const LONGEST: i64 = 400 * 24 * 60;

const MINUTES: [i64; 4] = [1, 2, 5, 10];
/// The same for hours. A point of 24 hours is a day (UTC).
const HOURS: [i64; 9] = [HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 6 * HOUR, 8 * HOUR, 12 * HOUR, DAY, 2 * DAY];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub start: Minute,
    pub lags: Lags,
    /// The worst outcome of the minutes; Not sent where a due beat is not stored; `None` where none was due.
    pub worst: Option<Outcome>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LagSeries {
    pub from: Minute,
    pub to: Minute,
    pub step: i64,
    pub all: Vec<Point>,
    /// In the project's order, each with as many points as `all`.
    pub routes: Vec<RouteSeries>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSeries {
    pub id: RouteId,
    pub name: String,
    pub points: Vec<Point>,
}

/// From `from` up to but not including `to`, and not beyond now. Points begin at multiples of their length, so that they are the same a
/// minute later.
pub async fn lag_series(store: &Store, project: &Project, from: Minute, to: Minute, now: Timestamp) -> Result<LagSeries, StoreError> {
    let to = to.min(now.minute().plus(1));
    let from = from.max(to.plus(-LONGEST)).min(to.plus(-1));
    let reach = reach(from, to);
    let detail = Detail::Beats { lags_from: reach, beats_from: from.max(to.plus(-MINUTES_SHOWN)) };
    let history = History::read(store, project.routes.iter().collect(), reach, to, detail).await?;
    Ok(of_history(project, &history, from, to, now))
}

/// Where the first point begins, at the earliest.
pub(super) fn reach(from: Minute, to: Minute) -> Minute {
    if is_short(from, to) { Hour::starting(from) } else { start_of(from, step(&HOURS, from, to)) }
}

/// From what was read already: `history` must have the lags from [`reach`] on.
pub(super) fn of_history(project: &Project, history: &History, from: Minute, to: Minute, now: Timestamp) -> LagSeries {
    let step = if is_short(from, to) && history.is_whole_from(from) { step(&MINUTES, from, to) } else { step(&HOURS, from, to) };
    let from = start_of(from, step);
    let mut collected = Collected { step, buckets: BTreeMap::new() };
    if step >= HOUR {
        history.hours.iter().filter(|hour| hour.start >= from).for_each(|hour| collected.add_hour(hour));
    }
    history.beats_from(from).iter().for_each(|beat| collected.add_beat(beat, now));

    let due = Due::of(project);
    let points = (to.index() - from.index() + step - 1) / step;
    let starts: Vec<Minute> = (0..points).map(|at| from.plus(at * step)).collect();
    let over = to.min(now.minute());
    let bucket = |route: &Route, start: Minute| {
        let mut bucket = collected.buckets.get(&(route.id, start)).cloned().unwrap_or_default();
        if due.count(start.max(route.since.minute()), start.plus(step).min(over)) > bucket.recorded {
            bucket.worst = more_severe(bucket.worst, Outcome::NotSent);
        }
        bucket
    };
    let mut all: Vec<Bucket> = vec![Bucket::default(); starts.len()];
    let mut routes = Vec::new();
    for route in &project.routes {
        let mut points = Vec::with_capacity(starts.len());
        for (start, all) in starts.iter().zip(&mut all) {
            let bucket = bucket(route, *start);
            all.merge(&bucket);
            points.push(bucket.point(*start));
        }
        routes.push(RouteSeries { id: route.id, name: route.spec.name.clone(), points });
    }
    let all = starts.iter().zip(all).map(|(start, bucket)| bucket.point(*start)).collect();
    LagSeries { from, to, step, all, routes }
}

fn is_short(from: Minute, to: Minute) -> bool {
    to.index() - from.index() <= MINUTES_SHOWN
}

/// The shortest length that gives fewer than [`MAX_POINTS`] points.
fn step(steps: &[i64], from: Minute, to: Minute) -> i64 {
    let fits = |step: &&i64| (to.index() - from.index() + **step - 1) / **step < MAX_POINTS;
    steps.iter().find(fits).or(steps.last()).copied().unwrap_or(1)
}

struct Collected {
    step: i64,
    buckets: BTreeMap<(RouteId, Minute), Bucket>,
}

impl Collected {
    fn bucket(&mut self, route: RouteId, minute: Minute) -> &mut Bucket {
        self.buckets.entry((route, start_of(minute, self.step))).or_default()
    }

    fn add_beat(&mut self, beat: &Recorded, now: Timestamp) {
        let bucket = self.bucket(beat.route, beat.minute);
        bucket.lags.extend(beat.ingested_lag());
        if beat.outcome != Outcome::NotSent {
            bucket.worst = more_severe(bucket.worst, beat.outcome);
            bucket.recorded += u32::from(beat.minute < now.minute());
        }
    }

    fn add_hour(&mut self, hour: &Hour) {
        let bucket = self.bucket(hour.route, hour.start);
        bucket.merged.merge(&hour.lags);
        for outcome in hour.outcomes.into_iter().filter(|outcome| *outcome != Outcome::NotSent) {
            bucket.worst = more_severe(bucket.worst, outcome);
            bucket.recorded += 1;
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Bucket {
    lags: Vec<Duration>,
    merged: Histogram,
    worst: Option<Outcome>,
    recorded: u32,
}

impl Bucket {
    fn merge(&mut self, other: &Self) {
        self.lags.extend(&other.lags);
        self.merged.merge(&other.merged);
        self.worst = other.worst.map_or(self.worst, |worst| more_severe(self.worst, worst));
        self.recorded += other.recorded;
    }

    fn point(mut self, start: Minute) -> Point {
        let lags = if self.merged.count() == 0 {
            // Exact values, because no histogram is involved.
            self.lags.sort_unstable();
            let exact = |share| exact(&self.lags, share);
            Lags { p50: exact(0.5), p95: exact(0.95), p99: exact(0.99), count: self.lags.len() as u64 }
        } else {
            self.lags.drain(..).for_each(|lag| self.merged.add(lag));
            Lags::of(&self.merged)
        };
        Point { start, lags, worst: self.worst }
    }
}

/// The same rule as in [`Histogram::percentile`].
fn exact(sorted: &[Duration], share: f64) -> Option<Duration> {
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_few_are_those_that_were_measured() {
        let seconds = |seconds: &[u64]| seconds.iter().copied().map(Duration::from_secs).collect::<Vec<_>>();
        for (lags, share, found) in
            [(&[1, 2, 3, 4][..], 0.5, Some(2)), (&[1, 2, 3, 4], 0.95, Some(4)), (&[7], 0.5, Some(7)), (&[], 0.5, None)]
        {
            assert_eq!(exact(&seconds(lags), share), found.map(Duration::from_secs), "{lags:?}");
        }
    }
}
