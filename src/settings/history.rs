//! The recorded history of a project, read a day at a time.

use std::time::Duration;

use crate::model::{Evidence, Hour, Minute, Outcome, Project, ReadbackSample, Recorded, RouteId, Timestamp};
use crate::store::{Store, StoreError};

/// All records that the rules need for a time range.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) hours: Vec<Hour>,
    pub(super) beats: Vec<Recorded>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) samples: Vec<ReadbackSample>,
}

impl History {
    /// `to` is exclusive.
    pub(super) async fn read(store: &Store, project: &Project, from: Minute, to: Minute) -> Result<Self, StoreError> {
        let routes: Vec<RouteId> = project.routes.iter().map(|route| route.id).collect();
        Ok(Self {
            hours: store.hours(&routes, Hour::starting(from), to).await?,
            beats: store.beats(&routes, from, to).await?,
            evidence: store.evidence(&routes, from, to).await?,
            samples: store.samples(project.id, from, to).await?,
        })
    }

    pub(super) fn cover(&self, coverage: &mut Coverage) {
        let is_sent = |outcome: &Outcome| *outcome != Outcome::NotSent;
        let aggregated = self.hours.iter().flat_map(|hour| {
            let sent = hour.outcomes.iter().enumerate().filter(move |(_, outcome)| is_sent(outcome));
            sent.map(|(place, _)| hour.start.plus(place as i64))
        });
        let whole = self.beats.iter().filter(|beat| is_sent(&beat.outcome)).map(|beat| beat.minute);
        for minute in aggregated.chain(whole).chain(self.samples.iter().map(|sample| sample.at.minute())) {
            coverage.note(minute);
        }
    }

    /// Applies another time range to the recorded read-backs. Each read-back has the time of the newest event that it found, which is
    /// enough to decide for any range.
    pub(super) fn count_within(&mut self, range: Duration, newest: &mut Option<Timestamp>) {
        for sample in &mut self.samples {
            if let Ok(traffic) = &mut sample.result {
                *newest = (*newest).max(traffic.watched_newest);
                let is_within = newest.is_some_and(|newest| newest > sample.at.minus(range));
                traffic.watched = if is_within { traffic.watched.max(1) } else { 0 };
            }
        }
    }
}

/// The minutes of a time range that have records. Only gaps are stored.
#[derive(Debug)]
pub(super) struct Coverage {
    to: Minute,
    /// The start of the current minute range.
    from: Minute,
    noted: Vec<bool>,
    holes: Vec<(Minute, Minute)>,
}

impl Coverage {
    /// Minutes. Shorter gaps are ignored: a restart causes them.
    const SHORTEST: i64 = 5;

    pub(super) const fn new() -> Self {
        Self { from: Minute::from_index(0), to: Minute::from_index(0), noted: Vec::new(), holes: Vec::new() }
    }

    pub(super) fn begin(&mut self, from: Minute, to: Minute) {
        (self.from, self.to) = (from, to);
        self.noted = vec![false; usize::try_from(to.index() - from.index()).unwrap_or(0)];
    }

    fn note(&mut self, minute: Minute) {
        let place = usize::try_from(minute.index() - self.from.index()).ok();
        if let Some(noted) = place.and_then(|place| self.noted.get_mut(place)) {
            *noted = true;
        }
    }

    pub(super) fn end(&mut self) {
        for (minute, noted) in self.from.until(self.to).zip(&self.noted) {
            match self.holes.last_mut() {
                _ if *noted => {}
                // The minute at the border belongs to both ranges.
                Some((_, to)) if *to >= minute => *to = minute.plus(1).max(*to),
                _ => self.holes.push((minute, minute.plus(1))),
            }
        }
    }

    pub(super) fn holes(self) -> Vec<(Minute, Minute)> {
        self.holes.into_iter().filter(|(from, to)| to.index() - from.index() >= Self::SHORTEST).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Traffic;

    #[test]
    fn holes_are_found_over_the_borders_of_stretches_and_short_ones_are_passed_over() {
        let minute = Minute::from_index;
        let mut coverage = Coverage::new();
        for (from, to, noted) in [(0, 10, &[0, 1, 4][..]), (9, 20, &[13, 14, 15, 16, 17, 18]), (20, 30, &[]), (29, 40, &[])] {
            coverage.begin(minute(from), minute(to));
            for at in noted {
                coverage.note(minute(*at));
            }
            coverage.note(minute(from - 1));
            coverage.note(minute(to));
            coverage.end();
        }
        assert_eq!(coverage.holes(), [(minute(5), minute(13)), (minute(19), minute(40))]);
    }

    #[test]
    fn looks_answer_for_another_range_by_the_newest_event_that_they_saw() {
        let at = |minutes: u64| Timestamp::from_ms(1_800_000_000_000).plus(Duration::from_mins(minutes));
        let sample = |when, watched, newest: Option<u64>| ReadbackSample {
            at: at(when),
            result: Ok(Traffic { watched, watched_newest: newest.map(at), ..Traffic::default() }),
            quota: None,
        };
        let mut newest = None;
        let mut shorter = History { samples: vec![sample(40, 9, Some(39)), sample(55, 9, Some(39))], ..History::default() };
        shorter.count_within(Duration::from_mins(10), &mut newest);
        let watched = |history: &History| history.samples.iter().map(|sample| sample.result.unwrap().watched).collect::<Vec<_>>();
        assert_eq!((watched(&shorter), newest), (vec![9, 0], Some(at(39))));
        let mut longer = History { samples: vec![sample(75, 0, None), sample(100, 0, None)], ..History::default() };
        longer.count_within(Duration::from_hours(1), &mut newest);
        assert_eq!(watched(&longer), [1, 0]);
    }
}
