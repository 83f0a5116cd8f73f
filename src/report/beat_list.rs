//! The beats of a project, newest first, in pages. Aggregated minutes have only an outcome; minutes in which a beat was due and is not
//! stored are listed as missing.
//! A page contains whole minutes and reads a bounded range: with few matches it is short and says where the next one starts.

use std::collections::HashSet;

use super::fill::fill;
use super::{BeatRecord, DAY, was_due};
use crate::model::{Evidence, Hour, Minute, Outcome, Project, Recorded, Route, RouteId, Timestamp};
use crate::store::{Store, StoreError};

/// The most minutes that are read for a page, where beats are stored.
const MINUTES: i64 = DAY;
/// Where only hours are stored, this many minutes cost as much as one minute of beats.
const MINUTES_A_BEAT: i64 = 6;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeatFilter {
    pub route: Option<RouteId>,
    pub outcome: Option<Outcome>,
    /// Only earlier minutes: [`BeatList::older`] of the previous page.
    pub before: Option<Minute>,
    /// Approximate: a minute is never split.
    pub at_most: usize,
}

impl Default for BeatFilter {
    fn default() -> Self {
        Self { route: None, outcome: None, before: None, at_most: 50 }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub route: RouteId,
    pub minute: Minute,
    pub kept: BeatRecord,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BeatList {
    /// Newest first; within a minute in the project's order of routes.
    pub beats: Vec<Listed>,
    pub evidence: Vec<Evidence>,
    /// Where the next page starts; `None` when nothing older is stored.
    pub older: Option<Minute>,
}

pub async fn beat_list(store: &Store, project: &Project, filter: &BeatFilter, now: Timestamp) -> Result<BeatList, StoreError> {
    let routes: Vec<&Route> = project.routes.iter().filter(|route| filter.route.is_none_or(|id| route.id == id)).collect();
    let Some(begun) = routes.iter().map(|route| route.since.minute()).min() else { return Ok(BeatList::default()) };
    let reader = Reader { store, project, routes: &routes, now };
    let whole_from = store.oldest_beat().await?.map_or(now.minute(), Hour::starting);
    let end = now.minute().plus(1);
    let mut reached = filter.before.unwrap_or(end).min(end);
    let mut list = BeatList::default();
    let (mut step, mut left) = (filter.at_most as i64 / routes.len() as i64 + 2, MINUTES);
    while list.beats.len() < filter.at_most && left > 0 && reached > begun {
        let is_whole = reached > whole_from;
        let from = reached.plus(-step).max(begun).max(if is_whole { whole_from } else { begun });
        let minutes = reached.index() - from.index();
        left -= if is_whole { minutes } else { minutes.div_euclid(MINUTES_A_BEAT).max(1) };
        let found = if is_whole { reader.whole(from, reached).await? } else { reader.aggregated(from, reached).await? };
        reached = fill(
            found,
            from,
            |listed| listed.minute,
            |listed| {
                if filter.outcome.is_none_or(|outcome| listed.kept.outcome() == Some(outcome)) {
                    list.beats.push(listed);
                }
                list.beats.len() >= filter.at_most
            },
        );
        step = (step * 2).min(MINUTES);
    }
    let whole: Vec<Minute> = list.beats.iter().filter(|listed| listed.kept.whole().is_some()).map(|listed| listed.minute).collect();
    if let (Some(newest), Some(oldest)) = (whole.first(), whole.last()) {
        list.evidence = store.evidence(&reader.ids(), *oldest, newest.plus(1)).await?;
    }
    list.older = (reached > begun).then_some(reached);
    Ok(list)
}

struct Reader<'a> {
    store: &'a Store,
    project: &'a Project,
    routes: &'a [&'a Route],
    now: Timestamp,
}

impl Reader<'_> {
    fn ids(&self) -> Vec<RouteId> {
        self.routes.iter().map(|route| route.id).collect()
    }

    async fn whole(&self, from: Minute, to: Minute) -> Result<Vec<Listed>, StoreError> {
        let beats = self.store.beats(&self.ids(), from, to).await?;
        let found = beats.into_iter().filter(|beat| beat.outcome != Outcome::NotSent);
        Ok(self.with_missing(found.map(listed).collect(), from, to))
    }

    async fn aggregated(&self, from: Minute, to: Minute) -> Result<Vec<Listed>, StoreError> {
        let hours = self.store.hours(&self.ids(), Hour::starting(from), to).await?;
        let minutes = hours.iter().flat_map(|hour| {
            let minutes = hour.start.until(hour.start.plus(60)).zip(hour.outcomes);
            minutes.map(|(minute, outcome)| Listed { route: hour.route, minute, kept: BeatRecord::Aggregated(outcome) })
        });
        let found =
            minutes.filter(|listed| from <= listed.minute && listed.minute < to && listed.kept != BeatRecord::Aggregated(Outcome::NotSent));
        Ok(self.with_missing(found.collect(), from, to))
    }

    fn with_missing(&self, mut found: Vec<Listed>, from: Minute, to: Minute) -> Vec<Listed> {
        let there: HashSet<(RouteId, Minute)> = found.iter().map(|listed| (listed.route, listed.minute)).collect();
        for minute in from.until(to.min(self.now.minute())) {
            let due = self.routes.iter().filter(|route| !there.contains(&(route.id, minute)));
            let due = due.filter(|route| was_due(self.project, route, minute, self.now));
            found.extend(due.map(|route| Listed { route: route.id, minute, kept: BeatRecord::Missing }));
        }
        let place = |id: RouteId| self.routes.iter().position(|route| route.id == id);
        found.sort_by_key(|listed| (std::cmp::Reverse(listed.minute), place(listed.route)));
        found
    }
}

fn listed(beat: Recorded) -> Listed {
    Listed { route: beat.route, minute: beat.minute, kept: BeatRecord::Whole(beat) }
}
