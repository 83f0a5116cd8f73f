//! Summaries of several projects: the same as the [`Report`](super::Report) of each, from far fewer rows. Of the last day only the last
//! hour is read whole, and before it the beats that were not seen, which have an index. More is read only for projects with a failure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::days::{self, Days};
use super::due::Due;
use super::history::Detail;
use super::{LastDay, OPEN_FOR_MINUTES, STRIP_MINUTES, owners, strip, verdict};
use crate::judge::{self, Verdict};
use crate::model::{Evidence, Incident, Minute, Outcome, Project, ProjectId, Readback, Recorded, RouteId, Timestamp};
use crate::store::{Reach, Store, StoreError};

/// A read-back is expected to find a beat within this time.
const LOOKED_WITHIN: Duration = Duration::from_mins(2);

#[derive(Debug, Clone)]
pub struct Brief {
    pub project: Arc<Project>,
    pub at: Timestamp,
    pub verdict: Verdict,
    pub complete_through: Option<Minute>,
    /// The last hour, oldest minute first: the worst outcome of all routes; `None` where no beat was due.
    pub strip: Vec<Option<Outcome>>,
    pub newest_seen: Option<Recorded>,
    /// Since when the beats after the newest seen one are missing; `None` while the newest ones arrive.
    pub away_since: Option<Timestamp>,
    pub open: Vec<Incident>,
}

impl Brief {
    #[must_use]
    pub fn newest_lag(&self) -> Option<Duration> {
        self.newest_seen.as_ref().and_then(Recorded::ingested_lag)
    }

    /// [`Brief::newest_lag`], growing while nothing arrives: the least lag of the newest beats.
    #[must_use]
    pub fn lag_by_now(&self) -> Option<Duration> {
        self.newest_lag().max(self.away_since.map(|since| self.at.since(since)))
    }

    #[must_use]
    pub fn most_severe(&self) -> Option<&Incident> {
        self.open.iter().max_by_key(|incident| incident.severity)
    }
}

/// Summaries in the order of `projects`. `readbacks` are their newest read-backs; those of other projects are ignored.
pub async fn briefs(store: &Store, projects: &[Arc<Project>], readbacks: &[Readback], now: Timestamp) -> Result<Vec<Brief>, StoreError> {
    of_beats(store, projects, readbacks, last_hour(store, projects, now).await?, now).await
}

/// [`briefs`] with the [`Days`] of each: the last hour is read once.
pub async fn briefs_with_days(
    store: &Store,
    projects: &[Arc<Project>],
    readbacks: &[Readback],
    now: Timestamp,
) -> Result<Vec<(Brief, Days)>, StoreError> {
    let newest = last_hour(store, projects, now).await?;
    let detail = Detail::Outcomes { newest_from: Span::at(now).hour, newest: &newest };
    let days = days::of_each(store, projects, detail, now).await?;
    Ok(of_beats(store, projects, readbacks, newest, now).await?.into_iter().zip(days).collect())
}

async fn last_hour(store: &Store, projects: &[Arc<Project>], now: Timestamp) -> Result<Vec<Recorded>, StoreError> {
    let Span { hour, end, .. } = Span::at(now);
    store.beats(&route_ids(projects), hour, end).await
}

fn route_ids(projects: &[Arc<Project>]) -> Vec<RouteId> {
    projects.iter().flat_map(|project| &project.routes).map(|route| route.id).collect()
}

/// `newest` are the beats of the last hour.
async fn of_beats(
    store: &Store,
    projects: &[Arc<Project>],
    readbacks: &[Readback],
    newest: Vec<Recorded>,
    now: Timestamp,
) -> Result<Vec<Brief>, StoreError> {
    let span = Span::at(now);
    let readbacks: HashMap<ProjectId, &Readback> =
        readbacks.iter().filter(|readback| readback.at <= now).map(|readback| (readback.project, readback)).collect();
    let mut project_beats: Vec<ProjectBeats<'_>> = projects.iter().map(|project| ProjectBeats::of(project, span)).collect();
    let owners = owners(projects);

    // 1. The last hour, and the beats of the day before it that were not seen.
    let mut beats = store.open_beats(&route_ids(projects), span.day).await?;
    beats.retain(|beat| beat.minute < span.hour);
    beats.extend(newest);
    learn(&mut project_beats, &owners, beats);

    // 2. Older seen beats, where the hour is not enough. A beat whose sending is not stored does not count for a verdict.
    loop {
        let reaches: Vec<Reach> = project_beats.iter_mut().flat_map(ProjectBeats::unknown).collect();
        if reaches.is_empty() {
            break;
        }
        learn(&mut project_beats, &owners, store.newest_seen(&reaches).await?);
    }

    // 3. How long beats have been late: no index covers these.
    let mut whole_from: HashMap<RouteId, Minute> = HashMap::new();
    let mut chunk = STRIP_MINUTES;
    loop {
        let late: Vec<(RouteId, Minute)> = project_beats.iter().flat_map(|project_beats| project_beats.late_since(&whole_from)).collect();
        let Some(to) = late.iter().map(|(_, minute)| *minute).max() else { break };
        let from = to.plus(-chunk).max(span.day);
        let some: Vec<RouteId> = late.iter().filter(|(_, minute)| *minute > from).map(|(route, _)| *route).collect();
        learn(&mut project_beats, &owners, store.beats(&some, from, to).await?);
        whole_from.extend(some.into_iter().map(|route| (route, from)));
        chunk *= 2;
    }

    // 4. The reason, where capture fails.
    let rejected = project_beats.iter().filter(|project_beats| project_beats.beats.values().any(|beat| says_why(beat.outcome)));
    let rejected: Vec<RouteId> = rejected.flat_map(|project_beats| &project_beats.project.routes).map(|route| route.id).collect();
    let evidence = if rejected.is_empty() { Vec::new() } else { store.evidence(&rejected, span.hour, span.end).await? };

    let ids: Vec<ProjectId> = projects.iter().map(|project| project.id).collect();
    let mut open: HashMap<ProjectId, Vec<Incident>> = HashMap::new();
    for incident in store.open_incidents_of(&ids).await? {
        open.entry(incident.project).or_default().push(incident);
    }
    let brief = |project_beats: ProjectBeats<'_>| {
        let project = project_beats.project;
        let mine: Vec<Evidence> = evidence.iter().filter(|one| project.routes.iter().any(|route| route.id == one.route)).cloned().collect();
        let open = open.remove(&project.id).unwrap_or_default();
        project_beats.brief(readbacks.get(&project.id).copied(), &mine, open, now)
    };
    Ok(project_beats.into_iter().map(brief).collect())
}

#[derive(Debug, Clone, Copy)]
struct Span {
    /// From here on the beats that were not seen are known.
    day: Minute,
    /// From here on all beats are known.
    hour: Minute,
    end: Minute,
}

impl Span {
    fn at(now: Timestamp) -> Self {
        let end = now.minute().plus(1);
        Self { day: end.plus(-OPEN_FOR_MINUTES), hour: end.plus(-STRIP_MINUTES), end }
    }
}

struct ProjectBeats<'p> {
    project: &'p Arc<Project>,
    span: Span,
    /// The project has no beats at or after this minute.
    over: Minute,
    beats: BTreeMap<(Minute, RouteId), Recorded>,
    /// The routes and minutes for which the newest earlier seen beat was read.
    asked: BTreeSet<(RouteId, Minute)>,
}

fn learn(project_beats: &mut [ProjectBeats<'_>], owners: &HashMap<RouteId, usize>, beats: Vec<Recorded>) {
    for beat in beats {
        if let Some(project_beats) = owners.get(&beat.route).and_then(|at| project_beats.get_mut(*at)) {
            project_beats.beats.entry((beat.minute, beat.route)).or_insert(beat);
        }
    }
}

impl<'p> ProjectBeats<'p> {
    fn of(project: &'p Arc<Project>, span: Span) -> Self {
        // A beat that was being sent when Heartbeat was disabled may be recorded a moment later.
        let over = Due::of(project).end().map_or(span.day, |end| end.min(span.end).plus(2));
        Self { project, span, over, beats: BTreeMap::new(), asked: BTreeSet::new() }
    }

    /// The ranges to read next, of beats that were seen before the last hour; empty when everything needed is known.
    fn unknown(&mut self) -> Vec<Reach> {
        let seen = || self.beats.values().filter(|beat| beat.outcome.is_seen());
        let held_back = self.beats.values().find(|beat| holds_back(beat.outcome)).map(|beat| beat.minute);
        let mut desired: BTreeSet<(RouteId, Minute)> = BTreeSet::new();
        for route in &self.project.routes {
            if seen().next().is_none() {
                desired.insert((route.id, self.span.hour));
            }
            if let Some(held_back) = held_back.filter(|held_back| !seen().any(|beat| beat.minute < *held_back)) {
                desired.insert((route.id, held_back.min(self.span.hour)));
            }
            if self.may_go_on(route.id) {
                desired.extend(self.before_the_sent(route.id).map(|minute| (route.id, minute)));
            }
        }
        let mut reaches = Vec::new();
        for (id, before) in desired {
            let begun = self.project.routes.iter().find(|route| route.id == id).map_or(self.span.day, |route| route.since.minute());
            let reach = Reach { route: id, from: begun.max(self.span.day), to: before.min(self.over) };
            if self.asked.insert((id, before)) && reach.from < reach.to {
                reaches.push(reach);
            }
        }
        reaches
    }

    /// Whether the failure of a route's newest beats may have begun before the last hour.
    fn may_go_on(&self, route: RouteId) -> bool {
        let mut sent = self.sent(route).take_while(|beat| beat.minute >= self.span.hour);
        match sent.next().map(|newest| newest.outcome) {
            None => true,
            Some(Outcome::Arrived | Outcome::Late) => false,
            Some(newest) => sent.all(|beat| goes_on(newest, beat.outcome)),
        }
    }

    /// The minute before which to look for the newest beat that was sent and seen: the last hour, then each found beat without a sending.
    /// `None` when it is known, or known not to exist.
    fn before_the_sent(&self, route: RouteId) -> Option<Minute> {
        let mut before = self.span.hour;
        while self.asked.contains(&(route, before)) {
            let earlier = self.beats.range(..(before, RouteId(i64::MIN))).rev().map(|(_, beat)| beat);
            let found = earlier.into_iter().find(|beat| beat.route == route && beat.outcome.is_seen())?;
            if found.sent.is_some() {
                return None;
            }
            before = found.minute;
        }
        Some(before)
    }

    /// Routes whose newest beats are late as far as the known beats reach, with the minute before which to read more.
    fn late_since(&self, whole_from: &HashMap<RouteId, Minute>) -> Vec<(RouteId, Minute)> {
        let mut late = Vec::new();
        for route in &self.project.routes {
            let mut sent = self.sent(route.id);
            let Some(newest) = sent.next().filter(|newest| newest.outcome == Outcome::Late) else { continue };
            // All beats newer than the newest seen one are known.
            let whole = whole_from.get(&route.id).copied().unwrap_or(newest.minute.min(self.span.hour));
            let breaks = sent.find(|beat| beat.outcome != Outcome::Late);
            let begun = self.span.day.max(route.since.minute());
            if whole > begun && breaks.is_none_or(|breaks| breaks.minute < whole) {
                late.push((route.id, whole));
            }
        }
        late
    }

    fn sent(&self, route: RouteId) -> impl Iterator<Item = &Recorded> {
        self.beats.values().rev().filter(move |beat| beat.route == route && beat.sent.is_some())
    }

    fn brief(self, readback: Option<&Readback>, evidence: &[Evidence], open: Vec<Incident>, now: Timestamp) -> Brief {
        let project = Arc::clone(self.project);
        let beats: Vec<Recorded> = self.beats.into_values().collect();
        let verdict = verdict(&project, &project.routes, LastDay { beats: &beats, evidence }, readback, now);
        let (complete_through, strip) = (judge::complete_through(&beats), strip(&project, &project.routes, &beats, now));
        let newest_seen = beats.iter().rfind(|beat| beat.outcome.is_seen()).cloned();
        let newer = beats.iter().filter(|beat| newest_seen.as_ref().is_none_or(|newest| beat.minute > newest.minute));
        let away_since = newer.filter(|beat| stays_away(beat, now)).map(Recorded::counted_from).min();
        Brief { project, at: now, verdict, complete_through, strip, newest_seen, away_since, open }
    }
}

/// Whether adjacent beats with these outcomes belong to one failure.
fn goes_on(newer: Outcome, older: Outcome) -> bool {
    if holds_back(newer) { holds_back(older) } else { newer == older }
}

const fn holds_back(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Awaiting | Outcome::Lost | Outcome::Unverified)
}

/// Whether a beat should have been seen: a read-back missed it, capture failed, or no read-back has looked for it in time.
fn stays_away(beat: &Recorded, now: Timestamp) -> bool {
    match beat.outcome {
        Outcome::Lost | Outcome::Rejected | Outcome::Unreachable => true,
        Outcome::Awaiting | Outcome::Unverified => beat.missed.is_some() || now.since(beat.counted_from()) > LOOKED_WITHIN,
        Outcome::NotSent | Outcome::Arrived | Outcome::Late => false,
    }
}

const fn says_why(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Rejected | Outcome::Unreachable)
}
