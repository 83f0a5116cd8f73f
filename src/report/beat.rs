//! The details of one beat: what was sent, the response and its phases, and the read-backs that looked for it.

use std::time::Duration;

use crate::model::{
    Beat, Evidence, Hour, Minute, Outcome, Phases, Project, ReadbackErrorKind, ReadbackSample, Recorded, Route, RouteId, Timestamp,
};
use crate::store::{Store, StoreError};

/// Read-backs are listed for this many minutes after the beat's own, and around the time when it was seen.
const READBACKS_SHOWN: i64 = 60;

#[derive(Debug, Clone, PartialEq)]
pub struct BeatStory {
    pub route: Route,
    pub host: String,
    pub beat: Beat,
    pub kept: BeatRecord,
    pub evidence: Vec<Evidence>,
    /// The read-backs after the beat, oldest first, up to the one that saw it.
    pub readbacks: Vec<BeatReadback>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeatRecord {
    Whole(Recorded),
    /// Its hour is aggregated: only the outcome is left.
    Aggregated(Outcome),
    Missing,
    /// No beat was due: Heartbeat was disabled, the route did not exist yet, or the minute has not ended.
    NotDue,
}

impl BeatRecord {
    /// `None` when no beat was due.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Whole(beat) => Some(beat.outcome),
            Self::Aggregated(outcome) => Some(*outcome),
            Self::Missing => Some(Outcome::NotSent),
            Self::NotDue => None,
        }
    }

    #[must_use]
    pub const fn whole(&self) -> Option<&Recorded> {
        match self {
            Self::Whole(beat) => Some(beat),
            Self::Aggregated(_) | Self::Missing | Self::NotDue => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BeatReadback {
    pub at: Timestamp,
    pub after: Duration,
    pub saw: ReadbackFinding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadbackFinding {
    Found,
    Missing,
    Failed(ReadbackErrorKind),
    /// It succeeded, and nothing is stored about whether it looked for this beat.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// `dns`, `connect`, `tls` or `first byte`.
    pub name: &'static str,
    /// Microseconds since the start of the try.
    pub offset_us: u32,
    pub us: u32,
}

/// The phases one after the other. Those skipped by a reused connection are left out.
#[must_use]
pub fn waterfall(phases: &Phases) -> Vec<Bar> {
    let named = [("dns", phases.dns_us), ("connect", phases.connect_us), ("tls", phases.tls_us), ("first byte", phases.first_byte_us)];
    let mut offset_us = 0_u32;
    let mut bars = Vec::new();
    for (name, us) in named {
        let Some(us) = us else { continue };
        bars.push(Bar { name, offset_us, us });
        offset_us = offset_us.saturating_add(us);
    }
    bars
}

/// The duration of the last try, as far as it is known.
#[must_use]
pub fn took(phases: &Phases) -> Option<Duration> {
    waterfall(phases).last().map(|bar| Duration::from_micros(u64::from(bar.offset_us) + u64::from(bar.us)))
}

pub async fn beat_story(
    store: &Store,
    project: &Project,
    route: &str,
    minute: Minute,
    now: Timestamp,
) -> Result<Option<BeatStory>, StoreError> {
    let Some(route) = project.routes.iter().find(|known| known.spec.name == route) else { return Ok(None) };
    let alone = [route.id];
    let beat = Beat::derive(&project.spec.token, &route.spec, minute);
    let recorded = store.beats(&alone, minute, minute.plus(1)).await?.pop();
    let kept = match recorded {
        Some(recorded) => BeatRecord::Whole(recorded),
        None => match aggregated(store, route.id, minute).await? {
            Some(outcome) if outcome != Outcome::NotSent => BeatRecord::Aggregated(outcome),
            _ if was_due(project, route, minute, now) => BeatRecord::Missing,
            _ => BeatRecord::NotDue,
        },
    };
    let evidence = store.evidence(&alone, minute, minute.plus(1)).await?;
    let readbacks = match kept.whole() {
        Some(recorded) => readbacks(store, project, recorded, now).await?,
        None => Vec::new(),
    };
    let host = project.spec.host_of(route).written().to_owned();
    Ok(Some(BeatStory { route: route.clone(), host, beat, kept, evidence, readbacks }))
}

async fn aggregated(store: &Store, route: RouteId, minute: Minute) -> Result<Option<Outcome>, StoreError> {
    let start = Hour::starting(minute);
    let hour = store.hours(&[route], start, start.plus(1)).await?.pop();
    Ok(hour.and_then(|hour| usize::try_from(minute.index() - start.index()).ok().and_then(|at| hour.outcomes.get(at).copied())))
}

/// Whether a beat was due on this route in this minute, and the minute has ended.
#[must_use]
pub fn was_due(project: &Project, route: &Route, minute: Minute, now: Timestamp) -> bool {
    minute < now.minute() && route.since.minute() <= minute && project.was_on(minute)
}

async fn readbacks(store: &Store, project: &Project, beat: &Recorded, now: Timestamp) -> Result<Vec<BeatReadback>, StoreError> {
    let (from, soon) = (beat.minute, beat.minute.plus(READBACKS_SHOWN));
    let to = beat.seen.map_or(now, |seen| seen.min(now)).minute().plus(1);
    let mut samples = store.samples(project.id, from, to.min(soon)).await?;
    if to > soon {
        // The read-back that saw the beat, or the newest one: a response arrives within two minutes of its query.
        samples.extend(store.samples(project.id, soon.max(to.plus(-3)), to).await?);
    }
    Ok(findings(beat, &samples))
}

fn findings(beat: &Recorded, samples: &[ReadbackSample]) -> Vec<BeatReadback> {
    let from = beat.counted_from();
    let missed = |sample: &ReadbackSample| beat.missed.is_some_and(|missed| sample.at <= missed);
    let saw_it = samples.iter().rfind(|sample| sample.result.is_ok() && !missed(sample) && beat.seen.is_some_and(|seen| sample.at <= seen));
    let counted = samples.iter().filter(|sample| sample.at >= from && beat.seen.is_none_or(|seen| sample.at <= seen));
    let readback = |sample: &ReadbackSample| {
        let saw = match sample.result {
            Err(kind) => ReadbackFinding::Failed(kind),
            Ok(_) if saw_it.is_some_and(|saw| saw.at == sample.at) => ReadbackFinding::Found,
            Ok(_) if missed(sample) => ReadbackFinding::Missing,
            Ok(_) => ReadbackFinding::Unknown,
        };
        BeatReadback { at: sample.at, after: sample.at.since(from), saw }
    };
    counted.map(readback).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Traffic;
    use crate::report::samples::START;

    fn at(second: u64) -> Timestamp {
        START.start().plus(Duration::from_secs(second))
    }

    #[test]
    fn phases_stand_one_behind_the_other() {
        let cold = Phases { dns_us: Some(900), connect_us: Some(12_000), tls_us: Some(15_000), first_byte_us: Some(34_000) };
        let bars: Vec<_> = waterfall(&cold).iter().map(|bar| (bar.name, bar.offset_us, bar.us)).collect();
        assert_eq!(bars, [("dns", 0, 900), ("connect", 900, 12_000), ("tls", 12_900, 15_000), ("first byte", 27_900, 34_000)]);
        assert_eq!(took(&cold), Some(Duration::from_micros(61_900)));
        let warm = Phases { first_byte_us: Some(800), ..Phases::default() };
        assert_eq!(waterfall(&warm), [Bar { name: "first byte", offset_us: 0, us: 800 }]);
        assert_eq!(took(&Phases::default()), None);
    }

    #[test]
    fn each_look_says_what_it_made_of_the_beat() {
        let good = |second| ReadbackSample { at: at(second), result: Ok(Traffic::default()), quota: None };
        let bad = |second| ReadbackSample { at: at(second), result: Err(ReadbackErrorKind::Throttled), quota: None };
        let samples = [good(2), good(30), good(90), bad(150), good(210), good(270)];
        let awaiting = Recorded { sent: Some(at(5)), outcome: Outcome::Awaiting, ..Recorded::blank(RouteId(1), START) };
        let findings = |beat: &Recorded| -> Vec<(u64, ReadbackFinding)> {
            findings(beat, &samples).iter().map(|readback| (readback.after.as_secs(), readback.saw)).collect()
        };
        let kind = (145, ReadbackFinding::Failed(ReadbackErrorKind::Throttled));
        let seen = Recorded { outcome: Outcome::Late, missed: Some(at(90)), seen: Some(at(211)), ..awaiting.clone() };
        assert_eq!(findings(&seen), [(25, ReadbackFinding::Missing), (85, ReadbackFinding::Missing), kind, (205, ReadbackFinding::Found)]);
        let at_once = Recorded { outcome: Outcome::Arrived, seen: Some(at(31)), ..awaiting.clone() };
        assert_eq!(findings(&at_once), [(25, ReadbackFinding::Found)]);
        let missing = Recorded { missed: Some(at(210)), ..awaiting.clone() };
        assert_eq!(findings(&missing)[3..], [(205, ReadbackFinding::Missing), (265, ReadbackFinding::Unknown)]);
        assert_eq!(findings(&awaiting).len(), 5, "the one before the sending says nothing");
    }
}
