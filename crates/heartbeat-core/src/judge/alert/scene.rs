//! The scene: all input of the rules at one time.

use std::time::Duration;

use crate::judge::facts::Facts;
use crate::judge::loss;
use crate::model::{
    Evidence, IngestionAlertApp, Minute, Project, Readback, ReadbackErrorKind, ReadbackSample, Recorded, RuleKind, Timestamp, Watch,
};

#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    pub at: Timestamp,
    /// With its routes in use, its switches, and the rules.
    pub project: &'a Project,
    /// The beats of its routes in use, oldest first, covering at least [`lookback`].
    pub beats: &'a [Recorded],
    /// The evidence of failures among them, oldest first.
    pub evidence: &'a [Evidence],
    pub readback: Option<&'a Readback>,
    /// Oldest first, covering at least [`lookback`], including the newest.
    pub samples: &'a [ReadbackSample],
}

/// Extra time beyond what a rule needs: for a late read-back, and for the marks before the first bad one.
const MARGIN: Duration = Duration::from_mins(10);

/// Other traffic is counted over this period before each read-back.
pub(super) const OTHERS_OVER: Duration = Duration::from_mins(30);

/// How far back beats and samples are needed for a scene of this project: for as many decided beats as the damping of the rules needs, and for
/// the read-backs within `timeRange` and the limit of `blind`.
#[must_use]
pub fn lookback(project: &Project) -> Duration {
    let blind = project.spec.alert().and_then(|app| app.rule(RuleKind::Blind).limit).unwrap_or_default();
    let range = project.spec.alert().map_or(OTHERS_OVER, |app| app.time_range.max(OTHERS_OVER));
    back_over_beats(project).max(range.max(blind) + back_over_readbacks(project))
}

/// The largest number of marks that one of these rules needs.
fn most_marks(project: &Project, kinds: &[RuleKind]) -> u32 {
    let Some(app) = project.spec.alert() else { return 0 };
    let dampings = kinds.iter().map(|kind| app.rule(*kind).damping);
    dampings.map(|damping| u32::from(damping.of.max(damping.good))).max().unwrap_or(0)
}

/// A beat is decided once `lost_after` and the limit of lag have passed; partial loss decides earlier.
fn back_over_beats(project: &Project) -> Duration {
    const UNTIL_DECIDED: [RuleKind; 4] = [RuleKind::Lost, RuleKind::Lag, RuleKind::Capture, RuleKind::AnswersLost];
    let timing = &project.spec.timing;
    let rule = |kind| project.spec.alert().map(|app| app.rule(kind)).filter(|rule| rule.on);
    let limit = rule(RuleKind::Lag).and_then(|rule| rule.limit).unwrap_or_default();
    let decided = timing.lost_after.max(limit) + Duration::from_mins(1) * most_marks(project, &UNTIL_DECIDED);
    let partial = rule(RuleKind::PartialLoss).map_or(Duration::ZERO, |rule| loss::back_over(timing.late_after, rule.damping));
    decided.max(partial) + readback_interval(project) + MARGIN
}

fn back_over_readbacks(project: &Project) -> Duration {
    readback_interval(project) * (most_marks(project, &[RuleKind::NoEvent, RuleKind::Blind, RuleKind::Quiet]) + 1) + MARGIN
}

pub(super) fn readback_interval(project: &Project) -> Duration {
    project.spec.timing.readback_interval.max(Duration::from_mins(1))
}

impl<'a> Scene<'a> {
    /// This scene without anything older than [`lookback`], so that extra history does not matter.
    pub(super) fn in_reach(&self) -> Self {
        let earliest = self.reaches();
        let beats = &self.beats[self.beats.partition_point(|beat| beat.minute < earliest)..];
        let samples = &self.samples[self.samples.partition_point(|sample| sample.at.minute() < earliest)..];
        Self { beats, samples, ..*self }
    }

    pub(super) fn reaches(&self) -> Minute {
        self.at.minus(lookback(self.project)).minute()
    }

    /// Since when Ingestion Alert is on: nothing before it counts.
    pub(super) fn since(&self) -> Timestamp {
        self.project.alert_since().unwrap_or(self.at)
    }

    /// No beat or read-back before this gets a mark.
    pub(super) fn marks_from(&self, kind: RuleKind) -> Timestamp {
        let back = if is_of_beats(kind) { back_over_beats(self.project) } else { back_over_readbacks(self.project) };
        let earliest = self.since().max(self.at.minus(back).minute().start());
        if is_of_beats(kind) { earliest.max(self.project.on_since().unwrap_or(self.at)) } else { earliest }
    }

    pub(super) fn app(&self) -> Option<&'a IngestionAlertApp> {
        self.project.spec.alert()
    }

    /// Whether this rule can judge anything here: without a key only `capture` can, without Heartbeat no rule of beats can, and `no_event` on
    /// heartbeats cannot while Heartbeat is off.
    pub(super) fn can_tell(&self, kind: RuleKind) -> bool {
        let spec = &self.project.spec;
        let is_off = spec.heartbeat.is_some() && !spec.beats();
        match kind {
            RuleKind::Capture => spec.beats(),
            _ if self.is_without_key() => false,
            RuleKind::NoEvent => !is_off || self.app().is_none_or(|app| app.watch != Watch::Heartbeats),
            RuleKind::Blind | RuleKind::Quiet => true,
            RuleKind::Lost | RuleKind::Lag | RuleKind::PartialLoss | RuleKind::AnswersLost => spec.beats(),
        }
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

/// Whether a rule's marks are minutes of beats, not read-backs.
pub(super) fn is_of_beats(kind: RuleKind) -> bool {
    matches!(kind, RuleKind::Lost | RuleKind::Lag | RuleKind::Capture | RuleKind::PartialLoss | RuleKind::AnswersLost)
}
