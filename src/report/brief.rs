//! Several projects in brief, for a list: what the whole [`Report`](super::Report) of each would say, from far fewer rows, and in a few questions
//! for all of them together.
//!
//! Of the last day only the last hour is read whole, and of the hours before it what was not seen so far: of that there is an index. What a verdict
//! needs beyond that is asked for where something is wrong: a list of healthy projects costs three questions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::due::Due;
use super::{OPEN_FOR_MINUTES, STRIP_MINUTES, owners, strip};
use crate::judge::{self, Facts, Verdict};
use crate::model::{Evidence, Incident, Minute, Outcome, Project, ProjectId, Readback, Recorded, RouteId, Timestamp};
use crate::store::{Reach, Store, StoreError};

/// A beat is looked for within this.
const LOOKED_WITHIN: Duration = Duration::from_mins(2);

/// A project in a list.
#[derive(Debug, Clone)]
pub struct Brief {
    /// Which project.
    pub project: Arc<Project>,
    /// When this was so.
    pub at: Timestamp,
    /// Its health, and where the way is broken.
    pub verdict: Verdict,
    /// The newest minute up to which every accepted beat has arrived.
    pub complete_through: Option<Minute>,
    /// The last hour, oldest minute first: the worst outcome among the routes; none where no beat was expected.
    pub strip: Vec<Option<Outcome>>,
    /// The newest beat that was seen, of any route.
    pub newest_seen: Option<Recorded>,
    /// Since when beats have stayed away, of those that are newer than the newest that was seen; none while the newest ones arrive.
    pub away_since: Option<Timestamp>,
    /// Its incidents that are open, newest opened first.
    pub open: Vec<Incident>,
}

impl Brief {
    /// How late the newest beat that was seen was ingested.
    #[must_use]
    pub fn newest_lag(&self) -> Option<Duration> {
        self.newest_seen.as_ref().and_then(Recorded::ingested_lag)
    }

    /// The same, and it grows while nothing arrives: by how much the newest beats are late, at least.
    #[must_use]
    pub fn lag_by_now(&self) -> Option<Duration> {
        self.newest_lag().max(self.away_since.map(|since| self.at.since(since)))
    }

    /// Of its open incidents the gravest.
    #[must_use]
    pub fn gravest(&self) -> Option<&Incident> {
        self.open.iter().max_by_key(|incident| incident.severity)
    }
}

/// These projects in brief, in their order. `readbacks` are the newest looks at them; others among them are passed over.
///
/// # Errors
/// When the store cannot be read.
pub async fn briefs(store: &Store, projects: &[Arc<Project>], readbacks: &[Readback], now: Timestamp) -> Result<Vec<Brief>, StoreError> {
    let span = Span::at(now);
    let readbacks: HashMap<ProjectId, &Readback> =
        readbacks.iter().filter(|readback| readback.at <= now).map(|readback| (readback.project, readback)).collect();
    let mut known: Vec<Known<'_>> = projects.iter().map(|project| Known::of(project, span)).collect();
    let owners = owners(projects);
    let routes: Vec<RouteId> = projects.iter().flat_map(|project| &project.routes).map(|route| route.id).collect();

    // 1. The last hour, and what was not seen of the day before it.
    let mut beats = store.open_beats(&routes, span.day).await?;
    beats.retain(|beat| beat.minute < span.hour);
    beats.extend(store.beats(&routes, span.hour, span.end).await?);
    learn(&mut known, &owners, beats);

    // 2. What was seen before that, where the hour does not tell: a beat of which no sending is on record says nothing to a verdict.
    loop {
        let reaches: Vec<Reach> = known.iter_mut().flat_map(Known::unknown).collect();
        if reaches.is_empty() {
            break;
        }
        learn(&mut known, &owners, store.newest_seen(&reaches).await?);
    }

    // 3. For how long beats have been late: these are in no index.
    let mut whole_from: HashMap<RouteId, Minute> = HashMap::new();
    let mut chunk = STRIP_MINUTES;
    loop {
        let late: Vec<(RouteId, Minute)> = known.iter().flat_map(|known| known.late_since(&whole_from)).collect();
        let Some(to) = late.iter().map(|(_, minute)| *minute).max() else { break };
        let from = to.plus(-chunk).max(span.day);
        let some: Vec<RouteId> = late.iter().filter(|(_, minute)| *minute > from).map(|(route, _)| *route).collect();
        learn(&mut known, &owners, store.beats(&some, from, to).await?);
        whole_from.extend(some.into_iter().map(|route| (route, from)));
        chunk *= 2;
    }

    // 4. Why, where capture says no.
    let rejected = known.iter().filter(|known| known.beats.values().any(|beat| says_why(beat.outcome)));
    let rejected: Vec<RouteId> = rejected.flat_map(|known| &known.project.routes).map(|route| route.id).collect();
    let evidence = if rejected.is_empty() { Vec::new() } else { store.evidence(&rejected, span.hour, span.end).await? };

    let ids: Vec<ProjectId> = projects.iter().map(|project| project.id).collect();
    let mut open: HashMap<ProjectId, Vec<Incident>> = HashMap::new();
    for incident in store.open_incidents_of(&ids).await? {
        open.entry(incident.project).or_default().push(incident);
    }
    let brief = |known: Known<'_>| {
        let project = known.project;
        let mine: Vec<Evidence> = evidence.iter().filter(|one| project.routes.iter().any(|route| route.id == one.route)).cloned().collect();
        let open = open.remove(&project.id).unwrap_or_default();
        known.brief(readbacks.get(&project.id).copied(), &mine, open, now)
    };
    Ok(known.into_iter().map(brief).collect())
}

/// The minutes that count, as seen from now.
#[derive(Debug, Clone, Copy)]
struct Span {
    /// From here on what was not seen is known.
    day: Minute,
    /// From here on all is known.
    hour: Minute,
    /// The minute after the one that is under way.
    end: Minute,
}

impl Span {
    fn at(now: Timestamp) -> Self {
        let end = now.minute().plus(1);
        Self { day: end.plus(-OPEN_FOR_MINUTES), hour: end.plus(-STRIP_MINUTES), end }
    }
}

/// What is known of one project's beats so far.
struct Known<'p> {
    project: &'p Arc<Project>,
    span: Span,
    /// No beat of this project can lie at this minute or after it.
    over: Minute,
    beats: BTreeMap<(Minute, RouteId), Recorded>,
    /// Of each of these routes the newest beat that was seen before this minute was asked for.
    asked: BTreeSet<(RouteId, Minute)>,
}

fn learn(known: &mut [Known<'_>], owners: &HashMap<RouteId, usize>, beats: Vec<Recorded>) {
    for beat in beats {
        if let Some(known) = owners.get(&beat.route).and_then(|at| known.get_mut(*at)) {
            known.beats.entry((beat.minute, beat.route)).or_insert(beat);
        }
    }
}

impl<'p> Known<'p> {
    fn of(project: &'p Arc<Project>, span: Span) -> Self {
        // What was on its way when Heartbeat was switched off may have been recorded a moment later.
        let over = Due::of(project).end().map_or(span.day, |end| end.min(span.end).plus(2));
        Self { project, span, over, beats: BTreeMap::new(), asked: BTreeSet::new() }
    }

    /// What must be asked for next, of beats that were seen before the last hour; nothing, once all is known that is needed.
    fn unknown(&mut self) -> Vec<Reach> {
        let seen = || self.beats.values().filter(|beat| beat.outcome.is_seen());
        let held = self.beats.values().find(|beat| holds_back(beat.outcome)).map(|beat| beat.minute);
        let mut desired: BTreeSet<(RouteId, Minute)> = BTreeSet::new();
        for route in &self.project.routes {
            if seen().next().is_none() {
                desired.insert((route.id, self.span.hour));
            }
            if let Some(held) = held.filter(|held| !seen().any(|beat| beat.minute < *held)) {
                desired.insert((route.id, held.min(self.span.hour)));
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

    /// Whether a route's newest beats may go on before the last hour as they are in it, as far as the hour tells.
    fn may_go_on(&self, route: RouteId) -> bool {
        let mut sent = self.sent(route).take_while(|beat| beat.minute >= self.span.hour);
        match sent.next().map(|newest| newest.outcome) {
            None => true,
            // Of these nothing more is asked, or elsewhere.
            Some(Outcome::Arrived | Outcome::Late) => false,
            Some(newest) => sent.all(|beat| goes_on(newest, beat.outcome)),
        }
    }

    /// Before which minute the newest beat that was sent and seen is to be sought next: before the last hour, and before each one that was found
    /// without a sending. None once it is known, or known that there is none.
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

    /// Routes whose newest beats are late, for as long as anybody knows: and before which minute that may go on.
    fn late_since(&self, whole_from: &HashMap<RouteId, Minute>) -> Vec<(RouteId, Minute)> {
        let mut late = Vec::new();
        for route in &self.project.routes {
            let mut sent = self.sent(route.id);
            let Some(newest) = sent.next().filter(|newest| newest.outcome == Outcome::Late) else { continue };
            // Newer than the newest that was seen nothing is unknown.
            let whole = whole_from.get(&route.id).copied().unwrap_or(newest.minute.min(self.span.hour));
            let breaks = sent.find(|beat| beat.outcome != Outcome::Late);
            let begun = self.span.day.max(route.since.minute());
            if whole > begun && breaks.is_none_or(|breaks| breaks.minute < whole) {
                late.push((route.id, whole));
            }
        }
        late
    }

    /// Beats of a route of which the sending is on record, newest first.
    fn sent(&self, route: RouteId) -> impl Iterator<Item = &Recorded> {
        self.beats.values().rev().filter(move |beat| beat.route == route && beat.sent.is_some())
    }

    fn brief(self, readback: Option<&Readback>, evidence: &[Evidence], open: Vec<Incident>, now: Timestamp) -> Brief {
        let project = Arc::clone(self.project);
        let beats: Vec<Recorded> = self.beats.into_values().collect();
        let verdict = judge::verdict(&Facts {
            now,
            spec: &project.spec,
            on_since: project.on_since(),
            routes: &project.routes,
            beats: &beats,
            evidence,
            readback,
            first_bad: None,
        });
        let (complete_through, strip) = (judge::complete_through(&beats), strip(&project, &project.routes, &beats, now));
        let newest_seen = beats.iter().rfind(|beat| beat.outcome.is_seen()).cloned();
        let newer = beats.iter().filter(|beat| newest_seen.as_ref().is_none_or(|newest| beat.minute > newest.minute));
        let away_since = newer.filter(|beat| stays_away(beat, now)).map(Recorded::counted_from).min();
        Brief { project, at: now, verdict, complete_through, strip, newest_seen, away_since, open }
    }
}

/// Whether beats of these outcomes, side by side, are one stretch of trouble.
fn goes_on(newer: Outcome, older: Outcome) -> bool {
    if holds_back(newer) { holds_back(older) } else { newer == older }
}

/// Accepted, and not seen.
const fn holds_back(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Awaiting | Outcome::Lost | Outcome::Unverified)
}

/// Whether a beat that was not seen should have been: a read-back missed it, capture did not take it, or nobody has looked for longer than it takes.
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
