//! The scene: everything the rules look at, as known at one time.

use std::time::Duration;

use super::loss;
use crate::judge::verdict::Facts;
use crate::model::{
    Evidence, IngestionAlertApp, Minute, Project, Readback, ReadbackErrorKind, ReadbackSample, Recorded, RuleKind, Timestamp, Watch,
};

/// Everything the rules look at, as known at `at`.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// When it is looked at.
    pub at: Timestamp,
    /// The project, with its routes in use, its switches, and the rules.
    pub project: &'a Project,
    /// The beats of its routes in use, oldest first, at least as far back as [`lookback`] says.
    pub beats: &'a [Recorded],
    /// What failures among them left, oldest first.
    pub evidence: &'a [Evidence],
    /// The newest read-back.
    pub readback: Option<&'a Readback>,
    /// What is kept of each read-back, oldest first, as far back as [`lookback`] says, the newest included.
    pub samples: &'a [ReadbackSample],
}

/// How many minutes beside what a rule needs: a read-back that came late, and the marks before the trouble.
const MARGIN: Duration = Duration::from_mins(10);

/// What is counted as other traffic lies in so many last minutes of each read-back.
pub(super) const OTHERS_OVER: Duration = Duration::from_mins(30);

/// How far back beats and read-back samples are needed for a scene of this project.
///
/// The rules look at no more decided beats than their damping says; the looks they need lie in `timeRange`, and in the limit of `blind`.
#[must_use]
pub fn lookback(project: &Project) -> Duration {
    let blind = project.spec.alert().and_then(|app| app.rule(RuleKind::Blind).limit).unwrap_or_default();
    let range = project.spec.alert().map_or(OTHERS_OVER, |app| app.time_range.max(OTHERS_OVER));
    back_over_beats(project).max(range.max(blind) + back_over_readbacks(project))
}

/// The most marks that one of these rules looks at.
fn most_marks(project: &Project, kinds: &[RuleKind]) -> u32 {
    let Some(app) = project.spec.alert() else { return 0 };
    let dampings = kinds.iter().map(|kind| app.rule(*kind).damping);
    dampings.map(|damping| u32::from(damping.of.max(damping.good))).max().unwrap_or(0)
}

/// A beat is decided once `lost_after` and the limit of lag have passed; partial loss knows earlier.
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

/// From one read-back to the next.
pub(super) fn readback_interval(project: &Project) -> Duration {
    project.spec.timing.readback_interval.max(Duration::from_mins(1))
}

impl<'a> Scene<'a> {
    /// This scene without what lies further back than [`lookback`]: so it does not matter how much more is given.
    pub(super) fn in_reach(&self) -> Self {
        let earliest = self.reaches();
        let beats = &self.beats[self.beats.partition_point(|beat| beat.minute < earliest)..];
        let samples = &self.samples[self.samples.partition_point(|sample| sample.at.minute() < earliest)..];
        Self { beats, samples, ..*self }
    }

    /// The first minute that counts.
    pub(super) fn reaches(&self) -> Minute {
        self.at.minus(lookback(self.project)).minute()
    }

    /// Since when Ingestion Alert is on: nothing before it counts.
    pub(super) fn since(&self) -> Timestamp {
        self.project.alert_since().unwrap_or(self.at)
    }

    /// No mark is made of a beat or a read-back before this.
    pub(super) fn marks_from(&self, kind: RuleKind) -> Timestamp {
        let back = if is_of_beats(kind) { back_over_beats(self.project) } else { back_over_readbacks(self.project) };
        let earliest = self.since().max(self.at.minus(back).minute().start());
        if is_of_beats(kind) { earliest.max(self.project.on_since().unwrap_or(self.at)) } else { earliest }
    }

    /// The app, with its rules.
    pub(super) fn app(&self) -> Option<&'a IngestionAlertApp> {
        self.project.spec.alert()
    }

    /// Whether this rule can tell anything here: without a key only what capture says, of beats nothing while Heartbeat is off, and of
    /// heartbeats alone nothing while we were told not to send them.
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

    /// Whether the newest read-back was none, for want of a key.
    pub(super) fn is_without_key(&self) -> bool {
        self.samples.last().is_some_and(|sample| sample.result == Err(ReadbackErrorKind::NoKey))
    }

    /// Whether what is watched holds our own beats, and we are to send them: then a zero may be our own fault.
    pub(super) fn watches_own_beats(&self) -> bool {
        self.project.spec.beats() && self.app().is_some_and(|app| !matches!(app.watch, Watch::Events(_)))
    }

    /// The same as the verdict takes it.
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

    /// Whether some beat sent within `range` before `at` had been seen by then.
    pub(super) fn arrives(&self, at: Timestamp, range: Duration) -> bool {
        let sent = self.sent_within(at.minus(range), at);
        sent.into_iter().any(|beat| beat.seen.is_some_and(|seen| seen <= self.answered(at)))
    }

    /// The beats on record that were sent from the first of these times up to the second.
    pub(super) fn sent_within(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &'a Recorded> + use<'a> {
        let first = self.beats.partition_point(|beat| beat.minute < from.minute());
        let window = self.beats[first..].iter().take_while(move |beat| beat.minute <= to.minute());
        window.filter(move |beat| beat.sent.is_some_and(|sent| from <= sent && sent <= to))
    }

    /// The latest at which a read-back that was asked at `asked` had its answer: what it saw is marked with the time of the answer.
    pub(super) fn answered(&self, asked: Timestamp) -> Timestamp {
        let next = self.samples.partition_point(|sample| sample.at <= asked);
        answered(asked, self.samples.get(next).map(|sample| sample.at))
    }
}

/// A read-back is given up by then.
const ANSWERED_WITHIN: Duration = Duration::from_secs(45);

/// The latest at which a read-back asked at `asked` had its answer, when the next one was asked at `next`.
pub(super) fn answered(asked: Timestamp, next: Option<Timestamp>) -> Timestamp {
    let latest = asked.plus(ANSWERED_WITHIN);
    next.map_or(latest, |next| latest.min(next.minus(Duration::from_millis(1))))
}

/// Whether a rule's marks are minutes with beats, and not looks.
pub(super) fn is_of_beats(kind: RuleKind) -> bool {
    matches!(kind, RuleKind::Lost | RuleKind::Lag | RuleKind::Capture | RuleKind::PartialLoss | RuleKind::AnswersLost)
}
