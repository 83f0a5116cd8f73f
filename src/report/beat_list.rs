//! A project's beats one by one, newest first, page by page: of minutes that are folded their ends, and of minutes without a beat, in which one was due,
//! that they are missing.
//!
//! A page holds whole minutes, so that the next one goes on where it ended, and reads a bounded stretch of them, whatever it is that is sought: where
//! little is found, the page is short, and says how far it has come.

use std::collections::HashSet;

use super::{BeatRecord, was_due};
use crate::model::{Evidence, Hour, Minute, Outcome, Project, Recorded, Route, RouteId, Timestamp};
use crate::store::{Store, StoreError};

/// So many minutes are read for a page at most, where beats are on record.
const MINUTES: i64 = 24 * 60;
/// Where only hours are on record, so many minutes cost no more than one beat.
const MINUTES_A_BEAT: i64 = 6;

/// Which beats are sought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeatFilter {
    /// Those of this route.
    pub route: Option<RouteId>,
    /// Those that came to this end.
    pub outcome: Option<Outcome>,
    /// Those of earlier minutes: what [`BeatList::older`] said of the page before.
    pub before: Option<Minute>,
    /// About so many; a minute is not torn apart for it.
    pub at_most: usize,
}

impl Default for BeatFilter {
    fn default() -> Self {
        Self { route: None, outcome: None, before: None, at_most: 50 }
    }
}

/// A beat of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its route.
    pub route: RouteId,
    /// Its minute.
    pub minute: Minute,
    /// What is on record of it.
    pub kept: BeatRecord,
}

/// A page of beats.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BeatList {
    /// Newest first; those of one minute in the project's order of routes.
    pub beats: Vec<Listed>,
    /// What failures among those that are whole left, oldest first.
    pub evidence: Vec<Evidence>,
    /// Where the next page goes on; none where nothing older is on record.
    pub older: Option<Minute>,
}

/// A page of a project's beats.
///
/// # Errors
/// When the store cannot be read.
pub async fn beat_list(store: &Store, project: &Project, sift: &BeatFilter, now: Timestamp) -> Result<BeatList, StoreError> {
    let routes: Vec<&Route> = project.routes.iter().filter(|route| sift.route.is_none_or(|id| route.id == id)).collect();
    let Some(begun) = routes.iter().map(|route| route.since.minute()).min() else { return Ok(BeatList::default()) };
    let reader = Reader { store, project, routes: &routes, now };
    let whole_from = store.oldest_beat().await?.map_or(now.minute(), Hour::starting);
    let end = now.minute().plus(1);
    let mut reached = sift.before.unwrap_or(end).min(end);
    let mut list = BeatList::default();
    let (mut step, mut left) = (sift.at_most as i64 / routes.len() as i64 + 2, MINUTES);
    while list.beats.len() < sift.at_most && left > 0 && reached > begun {
        let is_whole = reached > whole_from;
        let from = reached.plus(-step).max(begun).max(if is_whole { whole_from } else { begun });
        let minutes = reached.index() - from.index();
        left -= if is_whole { minutes } else { minutes.div_euclid(MINUTES_A_BEAT).max(1) };
        let found = if is_whole { reader.whole(from, reached).await? } else { reader.aggregated(from, reached).await? };
        reached = fill(&mut list.beats, found, sift, from);
        step = (step * 2).min(MINUTES);
    }
    let whole: Vec<Minute> = list.beats.iter().filter(|listed| listed.kept.whole().is_some()).map(|listed| listed.minute).collect();
    if let (Some(newest), Some(oldest)) = (whole.first(), whole.last()) {
        list.evidence = store.evidence(&reader.ids(), *oldest, newest.plus(1)).await?;
    }
    list.older = (reached > begun).then_some(reached);
    Ok(list)
}

/// Puts what is wanted of `found`, newest minute first, on a page until it is full; says which minute it has reached.
fn fill(beats: &mut Vec<Listed>, found: Vec<Listed>, sift: &BeatFilter, from: Minute) -> Minute {
    let mut found = found.into_iter().peekable();
    while let Some(listed) = found.next() {
        let minute = listed.minute;
        if sift.outcome.is_none_or(|outcome| listed.kept.outcome() == Some(outcome)) {
            beats.push(listed);
        }
        let is_torn = found.peek().is_some_and(|next| next.minute == minute);
        if beats.len() >= sift.at_most && !is_torn {
            return minute;
        }
    }
    from
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

    /// Minutes of which the beats are on record, newest first.
    async fn whole(&self, from: Minute, to: Minute) -> Result<Vec<Listed>, StoreError> {
        let beats = self.store.beats(&self.ids(), from, to).await?;
        let found = beats.into_iter().filter(|beat| beat.outcome != Outcome::NotSent);
        Ok(self.with_missing(found.map(listed).collect(), from, to))
    }

    /// Minutes of which only the hours are left, newest first.
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
