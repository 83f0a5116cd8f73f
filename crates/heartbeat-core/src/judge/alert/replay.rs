//! Replay: runs the rules over recorded history and returns the incidents they would have opened.
// Each recorded read-back is judged again, with every beat in its state of that time ([`as_of`]). A replay differs from what was judged then:
// - Before read-backs were recorded, one is assumed 20 seconds after each slot. The beats' records say what it saw; nothing is known about other
//   events, so the rules about them (`no_event`, `quiet`) and `blind` are silent there.
// - While PostHog asks for a pause (`Retry-After`), the rules still run each minute; here they run only at read-backs, so that `blind` opens with
//   the next read-back, or not at all if that one succeeds.
// - Aggregated hours keep only outcomes: for `lag_above` a late minute is bad and an arrived one is good, whatever the limit.
// - There are no acknowledgements, snoozes or maintenance windows, and token statuses are not recorded.

use std::time::Duration;

use super::change::changes;
use super::reach::lookback;
use super::scene::{Scene, answered};
use super::then::as_of;
use crate::model::{
    AppKind, Beat, Evidence, Hour, Incident, IngestionAlertApp, Minute, Outcome, Project, Readback, ReadbackError, ReadbackErrorKind,
    ReadbackSample, Recorded, ResponseExcerpt, RuleKind, Switch, Timestamp, Traffic,
};

/// The records of a project, starting at least [`lookback`] before the replay begins.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    pub project: &'a Project,
    /// In any order. A recorded beat takes precedence over its minute in the hour.
    pub hours: &'a [Hour],
    /// Beats of the routes in use, oldest first, in their final state.
    pub beats: &'a [Recorded],
    pub evidence: &'a [Evidence],
    /// Oldest first.
    pub samples: &'a [ReadbackSample],
    pub open: &'a [Incident],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// In its state at its end, or at the end of the replay.
    pub incident: Incident,
    /// Every rule that held it open at some time.
    pub rules: Vec<RuleKind>,
}

/// The incidents that these rules would have opened, kept open or closed from `from` until `to` (exclusive), in the order of opening. The app
/// counts as enabled since the history begins.
#[must_use]
pub fn replay(history: &History<'_>, app: &IngestionAlertApp, from: Timestamp, to: Timestamp) -> Vec<Replayed> {
    let run = Run::new(history, app, from);
    let mut ended: Vec<Replayed> = Vec::new();
    let mut open: Vec<Replayed> =
        history.open.iter().map(|incident| Replayed { incident: incident.clone(), rules: incident.rules.clone() }).collect();
    let mut stage = None;
    for moment in run.moments.iter().filter(|moment| from <= moment.asked && moment.asked < to) {
        let stage = run.stage(&mut stage, moment.asked);
        run.go_on(stage, moment, &mut open);
        let (closed, still) = open.into_iter().partition(|replayed| replayed.incident.closed.is_some());
        open = still;
        ended.extend::<Vec<Replayed>>(closed);
    }
    ended.extend(open);
    ended.sort_by_key(|replayed| (replayed.incident.opened, replayed.incident.incident_kind));
    ended
}

struct Moment {
    asked: Timestamp,
    answered: Timestamp,
    /// None where the read-back is assumed.
    result: Option<Result<Traffic, ReadbackErrorKind>>,
    /// The last successful read-back, including this one.
    last_good: Option<Timestamp>,
    failing_since: Option<Timestamp>,
}

/// The project between two changes of Heartbeat's switch.
struct Stage {
    turns: usize,
    project: Project,
}

struct Run<'a> {
    history: &'a History<'a>,
    app: IngestionAlertApp,
    begin: Timestamp,
    beats: Vec<Recorded>,
    evidence: Vec<&'a Evidence>,
    moments: Vec<Moment>,
}

impl<'a> Run<'a> {
    fn new(history: &'a History<'a>, app: &IngestionAlertApp, from: Timestamp) -> Self {
        // An hour and its beats overlap for a while: recorded beats come first, and `dedup` keeps them.
        let mut beats: Vec<Recorded> = history.beats.to_vec();
        beats.extend(history.hours.iter().flat_map(|hour| unfolded(history.project, hour)));
        beats.sort_by_key(|beat| (beat.minute, beat.route));
        beats.dedup_by_key(|beat| (beat.minute, beat.route));
        let mut evidence: Vec<&Evidence> = history.evidence.iter().collect();
        evidence.sort_by_key(|evidence| (evidence.minute, evidence.at));
        let starts = [beats.first().map(Recorded::counted_from), history.samples.first().map(|sample| sample.at)];
        let begin = starts.into_iter().flatten().min().unwrap_or(from);
        let moments = moments(history, begin);
        let mut app = app.clone();
        app.enabled = true;
        Self { history, app, begin, beats, evidence, moments }
    }

    /// The project at `at`; rebuilt only when Heartbeat's switch changed.
    fn stage<'s>(&self, stage: &'s mut Option<Stage>, at: Timestamp) -> &'s Stage {
        let is_turn = |switch: &&Switch| switch.app == AppKind::Heartbeat;
        let turns: Vec<Switch> = self.history.project.switches.iter().filter(is_turn).filter(|switch| switch.at <= at).copied().collect();
        let fresh = stage.take().filter(|stage| stage.turns == turns.len());
        stage.insert(fresh.unwrap_or_else(|| {
            let mut project = self.history.project.clone();
            if let Some(heartbeat) = &mut project.spec.heartbeat
                && self.history.project.switches.iter().any(|switch| switch.app == AppKind::Heartbeat)
            {
                heartbeat.enabled = turns.last().is_some_and(|switch| switch.on);
            }
            project.spec.ingestion_alert = Some(self.app.clone());
            let on = Switch { app: AppKind::IngestionAlert, at: self.begin, on: true };
            Stage { turns: turns.len(), project: Project { switches: turns.into_iter().chain([on]).collect(), ..project } }
        }))
    }

    fn go_on(&self, stage: &Stage, moment: &Moment, open: &mut Vec<Replayed>) {
        let project = &stage.project;
        let earliest = moment.asked.minus(lookback(project)).minute();
        let beats = self.beats_as_of(moment, earliest, moment.asked.minute().plus(1));
        let first = self.evidence.partition_point(|evidence| evidence.minute < earliest);
        let evidence = self.evidence[first..].iter().take_while(|evidence| evidence.minute <= moment.asked.minute());
        let evidence: Vec<Evidence> =
            evidence.filter(|evidence| evidence.at <= moment.answered).map(|evidence| (*evidence).clone()).collect();
        let samples = self.history.samples;
        let samples = &samples[samples.partition_point(|sample| sample.at.minute() < earliest)..];
        let samples = &samples[..samples.partition_point(|sample| sample.at <= moment.asked)];
        let readback = moment.readback(project);
        let scene = Scene { at: moment.asked, project, beats: &beats, evidence: &evidence, readback: readback.as_ref(), samples };
        let incidents: Vec<Incident> = open.iter().map(|replayed| replayed.incident.clone()).collect();
        for change in changes(&incidents, &scene, None) {
            let beats = change.minutes.map(|(from, to)| self.beats_as_of(moment, from, to)).unwrap_or_default();
            let step = change.counted(&beats);
            match open.iter_mut().find(|replayed| replayed.incident.incident_kind == step.incident.incident_kind) {
                Some(replayed) => {
                    replayed
                        .rules
                        .extend(step.incident.rules.iter().filter(|kind| !replayed.rules.contains(kind)).copied().collect::<Vec<_>>());
                    replayed.rules.sort_unstable();
                    replayed.incident = step.incident;
                }
                None => open.push(Replayed { rules: step.incident.rules.clone(), incident: step.incident }),
            }
        }
    }

    /// The beats from `from` until `to` (exclusive), in their state when the read-back was answered.
    fn beats_as_of(&self, moment: &Moment, from: Minute, to: Minute) -> Vec<Recorded> {
        let timing = &self.history.project.spec.timing;
        let first = self.beats.partition_point(|beat| beat.minute < from);
        let window = self.beats[first..].iter().take_while(|beat| beat.minute < to);
        let sent = window.filter(|beat| beat.counted_from() <= moment.asked);
        let known_at = |beat: &Recorded| if beat.seen.is_some_and(|seen| seen <= moment.answered) { moment.answered } else { moment.asked };
        sent.filter_map(|beat| as_of(beat, known_at(beat), moment.last_good, timing)).collect()
    }
}

impl Moment {
    /// The recorded read-back; none where it is assumed, because it says nothing about other events.
    fn readback(&self, project: &Project) -> Option<Readback> {
        Some(Readback {
            project: project.id,
            at: self.asked,
            result: self.result?.map_err(|kind| ReadbackError::quoting(kind, ResponseExcerpt::default())),
            last_good: self.last_good,
            failing_since: self.failing_since,
            not_before: self.asked,
            posthog_id: None,
            token: None,
            findings: crate::model::Findings::default(),
        })
    }
}

/// The assumed read-backs, then the recorded ones.
fn moments(history: &History<'_>, begin: Timestamp) -> Vec<Moment> {
    const BEHIND: Duration = Duration::from_secs(20);
    let token = &history.project.spec.token;
    let end = match (history.samples.first(), history.beats.last()) {
        (Some(first), _) => first.at,
        (None, Some(last)) => last.minute.end().plus(history.project.spec.timing.lost_after + Duration::from_hours(1)),
        (None, None) => history.hours.iter().map(|hour| hour.start.plus(60).end()).max().unwrap_or(begin),
    };
    let assumed = begin.minute().until(end.minute().plus(1)).map(|minute| (Beat::slot(token, minute).plus(BEHIND), None));
    let assumed = assumed.filter(|(at, _)| *at < end);
    let recorded = history.samples.iter().map(|sample| (sample.at, Some(sample.result)));
    let readbacks: Vec<(Timestamp, Option<Result<Traffic, ReadbackErrorKind>>)> = assumed.chain(recorded).collect();
    let (mut last_good, mut failing_since) = (None, None);
    let mut moments = Vec::with_capacity(readbacks.len());
    for (place, (asked, result)) in readbacks.iter().copied().enumerate() {
        if matches!(result, Some(Err(_))) {
            failing_since = failing_since.or(Some(asked));
        } else {
            (last_good, failing_since) = (Some(asked), None);
        }
        let next = readbacks.get(place + 1).map(|(next, _)| *next);
        moments.push(Moment { asked, answered: answered(asked, next), result, last_good, failing_since });
    }
    moments
}

/// The beats of an aggregated hour, as far as the outcomes show; decided at the earliest possible time.
fn unfolded(project: &Project, hour: &Hour) -> Vec<Recorded> {
    let timing = &project.spec.timing;
    let beat = |(at, outcome): (usize, &Outcome)| {
        let minute = hour.start.plus(at as i64);
        let sent = Beat::slot(&project.spec.token, minute);
        let blank = Recorded { outcome: *outcome, sent: Some(sent), ..Recorded::blank(hour.route, minute) };
        let moment_later = Duration::from_secs(1);
        match outcome {
            Outcome::NotSent => None,
            Outcome::Arrived => Some(Recorded { seen: Some(sent.plus(moment_later)), ..blank }),
            Outcome::Late => {
                let missed = sent.plus(timing.late_after);
                Some(Recorded { missed: Some(missed), seen: Some(missed.plus(moment_later)), ..blank })
            }
            Outcome::Lost => Some(Recorded { missed: Some(sent.plus(timing.lost_after)), ..blank }),
            Outcome::Awaiting | Outcome::Rejected | Outcome::Unreachable | Outcome::Unverified => Some(blank),
        }
    };
    hour.outcomes.iter().enumerate().filter_map(beat).collect()
}
