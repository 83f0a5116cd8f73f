//! The scene: all input of the rules at one time.

use std::ops::Deref;
use std::time::Duration;

use crate::judge::diagnosis::Way;
use crate::judge::facts::Facts;
use crate::model::{
    Evidence, IngestionAlertApp, Minute, Project, Readback, ReadbackErrorKind, ReadbackSample, Recorded, Rule, RuleKind, Timestamp, Watch,
};

#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    pub at: Timestamp,
    /// With its routes in use, its switches, and the rules.
    pub project: &'a Project,
    /// The beats of its routes in use, oldest first, covering at least [`lookback`](super::lookback).
    pub beats: &'a [Recorded],
    /// The evidence of failures among them, oldest first.
    pub evidence: &'a [Evidence],
    pub readback: Option<&'a Readback>,
    /// Oldest first, covering at least [`lookback`](super::lookback), including the newest.
    pub samples: &'a [ReadbackSample],
}

/// What rules see of a scene: nothing older than [`lookback`](super::lookback), so that extra history does not matter.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) scene: Scene<'a>,
    /// The first minute in sight.
    pub(super) from: Minute,
    /// No earlier beat gets a mark.
    pub(super) beats_from: Timestamp,
    /// No earlier read-back gets a mark.
    pub(super) readbacks_from: Timestamp,
}

impl<'a> Deref for View<'a> {
    type Target = Scene<'a>;

    fn deref(&self) -> &Scene<'a> {
        &self.scene
    }
}

/// Other traffic is counted over this period before each read-back.
pub(super) const OTHERS_OVER: Duration = Duration::from_mins(30);

pub(super) fn readback_interval(project: &Project) -> Duration {
    project.spec.timing.readback_interval.max(Duration::from_mins(1))
}

impl<'a> Scene<'a> {
    /// Since when Ingestion Alert is on: nothing before it counts.
    pub(super) fn since(&self) -> Timestamp {
        self.project.alert_since().unwrap_or(self.at)
    }

    pub(super) fn app(&self) -> Option<&'a IngestionAlertApp> {
        self.project.spec.alert()
    }

    pub(super) fn rule(&self, kind: RuleKind) -> Option<&'a Rule> {
        self.app().map(|app| app.rule(kind))
    }

    /// How many of the newest marks open an incident.
    pub(super) fn window(&self, kind: RuleKind) -> usize {
        self.rule(kind).map_or(1, |rule| rule.damping.of.into())
    }

    /// Whether the newest read-back was skipped because there is no key.
    pub(super) fn is_without_key(&self) -> bool {
        self.samples.last().is_some_and(|sample| sample.result == Err(ReadbackErrorKind::NoKey))
    }

    /// Whether the watched events include our own beats, and sending is on: then a zero may be our own fault.
    pub(super) fn watches_own_beats(&self) -> bool {
        self.project.spec.beats() && self.app().is_some_and(|app| !matches!(app.watch, Watch::Events(_)))
    }

    pub(super) fn facts(&self) -> Facts<'a> {
        Facts {
            now: self.at,
            spec: &self.project.spec,
            on_since: self.project.on_since(),
            routes: &self.project.routes,
            beats: self.beats,
            evidence: self.evidence,
            readback: self.readback,
            first_bad: None,
        }
    }

    /// The path of the project's first route, or of its host if it has no route.
    pub(super) fn first_way(&self) -> Way<'a> {
        let spec = &self.project.spec;
        self.project.routes.first().map_or_else(|| Way::to_host(spec), |route| Way::of(spec, route))
    }

    /// Whether a beat sent within `range` before `at` had been seen by then.
    pub(super) fn arrives(&self, at: Timestamp, range: Duration) -> bool {
        let sent = self.sent_within(at.minus(range), at);
        sent.into_iter().any(|beat| beat.seen.is_some_and(|seen| seen <= self.answered(at)))
    }

    /// The beats on record that were sent from `from` to `to`, both inclusive.
    pub(super) fn sent_within(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &'a Recorded> + use<'a> {
        let first = self.beats.partition_point(|beat| beat.minute < from.minute());
        let window = self.beats[first..].iter().take_while(move |beat| beat.minute <= to.minute());
        window.filter(move |beat| beat.sent.is_some_and(|sent| from <= sent && sent <= to))
    }

    /// The latest time at which the read-back asked at `asked` was answered: what it saw has the time of the answer.
    pub(super) fn answered(&self, asked: Timestamp) -> Timestamp {
        let next = self.samples.partition_point(|sample| sample.at <= asked);
        answered(asked, self.samples.get(next).map(|sample| sample.at))
    }
}

/// A read-back times out after this.
const ANSWERED_WITHIN: Duration = Duration::from_secs(45);

/// The latest time at which a read-back asked at `asked` was answered, if the next one was asked at `next`.
pub(super) fn answered(asked: Timestamp, next: Option<Timestamp>) -> Timestamp {
    let latest = asked.plus(ANSWERED_WITHIN);
    next.map_or(latest, |next| latest.min(next.minus(Duration::from_millis(1))))
}
