//! Replay: the rules run over what was recorded, to say which incidents they would have opened.
//!
//! Each read-back that is on record is gone through again, with every beat as it stood then ([`as_of`]). Three things are known less well than
//! when they happened:
//! - Before Read-backs were kept, one is assumed 20 seconds behind each slot. The beats' own records say what it saw; of other events nothing is
//!   known, so the rules about them (`no_event`, `quiet`) and `blind` are silent there.
//! - While PostHog wanted to be left alone, the rules were run each minute all the same; here they are run at the read-backs alone, so that `blind`
//!   opens with the next read-back, or not when that one succeeds.
//! - Of folded hours only the outcomes are left: `lag_above` holds a Late minute to be bad and an Arrived one to be good, whatever its limit.
//!
//! Nobody acknowledges, snoozes or opens a maintenance window in a replay, and no answer to the question whether the token is known is on record.

use std::time::Duration;

use super::scene::{Scene, answered, lookback};
use super::step::steps;
use super::then::as_of;
use crate::model::{
    AppKind, Beat, Evidence, Hour, Incident, IngestionAlertApp, Minute, Outcome, Project, Readback, ReadbackError, ReadbackErrorKind,
    ReadbackSample, Recorded, ResponseExcerpt, RuleKind, Switch, Timestamp, Traffic,
};

/// What is on record of a project, from the [`lookback`] before the replay's beginning on.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    /// The project, with all its switches.
    pub project: &'a Project,
    /// Hours, in any order. Where a beat is kept, what its hour says of that minute counts for nothing.
    pub hours: &'a [Hour],
    /// Beats of the routes in use, oldest first, as they ended.
    pub beats: &'a [Recorded],
    /// What failures left.
    pub evidence: &'a [Evidence],
    /// What is kept of each read-back, oldest first.
    pub samples: &'a [ReadbackSample],
    /// Incidents that were open when the replay begins.
    pub open: &'a [Incident],
}

/// An incident that the rules would have opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The incident, as it ended, or stands at the end of the replay: its incident kind, severity, minutes and cause.
    pub incident: Incident,
    /// Every rule that held it open at some time.
    pub rules: Vec<RuleKind>,
}

/// The incidents that these rules would have opened, kept open or closed from the first of these times up to and without the second,
/// in the order in which they opened. The app is held to be on since the history begins.
#[must_use]
pub fn replay(history: &History<'_>, app: &IngestionAlertApp, from: Timestamp, to: Timestamp) -> Vec<Replayed> {
    let run = Run::new(history, app, from);
    let mut over: Vec<Replayed> = Vec::new();
    let mut open: Vec<Replayed> =
        history.open.iter().map(|incident| Replayed { incident: incident.clone(), rules: incident.rules.clone() }).collect();
    let mut stage = None;
    for moment in run.moments.iter().filter(|moment| from <= moment.asked && moment.asked < to) {
        let stage = run.stage(&mut stage, moment.asked);
        run.go_on(stage, moment, &mut open);
        let (closed, still) = open.into_iter().partition(|replayed| replayed.incident.closed.is_some());
        open = still;
        over.extend::<Vec<Replayed>>(closed);
    }
    over.extend(open);
    over.sort_by_key(|replayed| (replayed.incident.opened, replayed.incident.incident_kind));
    over
}

/// A read-back that was made, or is assumed.
struct Moment {
    asked: Timestamp,
    answered: Timestamp,
    /// What is kept of it; none where it is assumed.
    result: Option<Result<Traffic, ReadbackErrorKind>>,
    /// The last that succeeded, this one included.
    last_good: Option<Timestamp>,
    failing_since: Option<Timestamp>,
}

/// The project as it stood between two turns of Heartbeat's switch.
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
        // Hours stand beside their beats for a while. Those that are whole come first, and stay first among equals.
        let mut beats: Vec<Recorded> = history.beats.to_vec();
        beats.extend(history.hours.iter().flat_map(|hour| unfolded(history.project, hour)));
        beats.sort_by_key(|beat| (beat.minute, beat.route));
        beats.dedup_by_key(|beat| (beat.minute, beat.route));
        let mut evidence: Vec<&Evidence> = history.evidence.iter().collect();
        evidence.sort_by_key(|evidence| (evidence.minute, evidence.at));
        let known = [beats.first().map(Recorded::counted_from), history.samples.first().map(|sample| sample.at)];
        let begin = known.into_iter().flatten().min().unwrap_or(from);
        let moments = moments(history, begin);
        let mut app = app.clone();
        app.enabled = true;
        Self { history, app, begin, beats, evidence, moments }
    }

    /// The project as it stood at `at`; made anew only when Heartbeat's switch was turned.
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
        for step in steps(&incidents, &scene, None) {
            let step = match step.recount {
                Some((from, to)) => step.recounted(&self.beats_as_of(moment, from, to)),
                None => step,
            };
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

    /// The beats of these minutes, the last one not included, as they stood when the read-back had its answer.
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
    /// The read-back as it is on record; none where it is assumed: it says nothing of other events.
    fn readback(&self, project: &Project) -> Option<Readback> {
        let failure = |trouble| ReadbackError { trouble, excerpt: ResponseExcerpt::default(), retry_after: None, note: None };
        Some(Readback {
            project: project.id,
            at: self.asked,
            result: self.result?.map_err(failure),
            last_good: self.last_good,
            failing_since: self.failing_since,
            not_before: self.asked,
            posthog_id: None,
            token: None,
            findings: crate::model::Findings::default(),
        })
    }
}

/// The Read-backs that are on record, and before the first of them those that are assumed.
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
    let kept = history.samples.iter().map(|sample| (sample.at, Some(sample.result)));
    let readbacks: Vec<(Timestamp, Option<Result<Traffic, ReadbackErrorKind>>)> = assumed.chain(kept).collect();
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

/// The beats of a folded hour, as far as their outcomes tell: decided as early as they can have been.
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
