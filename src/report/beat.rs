//! One beat's story: what was sent, what was answered and how long each part of that took, which read-backs were made, and what they saw.

use std::time::Duration;

use crate::model::{
    Beat, Evidence, Hour, Minute, Outcome, Phases, Project, ReadbackErrorKind, ReadbackSample, Recorded, Route, RouteId, Timestamp,
};
use crate::store::{Store, StoreError};

/// Read-backs are shown of so many minutes after a beat's own, and of those in which it was seen.
const READBACKS_SHOWN: i64 = 60;

/// A beat's story.
#[derive(Debug, Clone, PartialEq)]
pub struct BeatStory {
    /// Its route.
    pub route: Route,
    /// Where it went, as it was written.
    pub host: String,
    /// What it is, derived: uuid, distinct id, slot.
    pub beat: Beat,
    /// What is on record of it.
    pub kept: BeatRecord,
    /// What its failure left, oldest first.
    pub evidence: Vec<Evidence>,
    /// The Read-backs that were made in the minutes after it, oldest first, up to the one that saw it.
    pub readbacks: Vec<BeatReadback>,
}

/// What is on record of a beat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeatRecord {
    /// All of it.
    Whole(Recorded),
    /// Its hour is folded: of the beat its end is left, and its lag among those of the hour.
    Aggregated(Outcome),
    /// Nothing, though a beat was due.
    Missing,
    /// Nothing, and none was due: Heartbeat was off, there was no such route yet, or that minute is still to come.
    NotDue,
}

impl BeatRecord {
    /// The beat's end; none where none was due.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Whole(beat) => Some(beat.outcome),
            Self::Aggregated(outcome) => Some(*outcome),
            Self::Missing => Some(Outcome::NotSent),
            Self::NotDue => None,
        }
    }

    /// All of it, where that is still on record.
    #[must_use]
    pub const fn whole(&self) -> Option<&Recorded> {
        match self {
            Self::Whole(beat) => Some(beat),
            Self::Aggregated(_) | Self::Missing | Self::NotDue => None,
        }
    }
}

/// A read-back at the project after the beat was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BeatReadback {
    /// When we asked.
    pub at: Timestamp,
    /// How long after the sending.
    pub after: Duration,
    /// What came of it.
    pub saw: ReadbackFinding,
}

/// What a read-back made of a beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadbackFinding {
    /// It was there.
    It,
    /// It was not there.
    Nothing,
    /// The read-back failed.
    WebError(ReadbackErrorKind),
    /// The read-back succeeded, and nothing is on record of its having asked for this beat.
    Untold,
}

/// One phase of the last try, as a bar of a waterfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// What took so long: `dns`, `connect`, `tls` or `first byte`.
    pub name: &'static str,
    /// When it began, in microseconds after the try did.
    pub offset_us: u32,
    /// How long it took, in microseconds.
    pub us: u32,
}

/// The phases one after the other; those that were not gone through, since a connection was used again, are left out.
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

/// How long the last try took, as far as it is known; none where nothing is.
#[must_use]
pub fn took(phases: &Phases) -> Option<Duration> {
    waterfall(phases).last().map(|bar| Duration::from_micros(u64::from(bar.offset_us) + u64::from(bar.us)))
}

/// The story of the beat on this route in this minute; none when the project has no such route.
///
/// # Errors
/// When the store cannot be read.
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

/// Whether a beat was due on this route in this minute, and that is over.
#[must_use]
pub fn was_due(project: &Project, route: &Route, minute: Minute, now: Timestamp) -> bool {
    minute < now.minute() && route.since.minute() <= minute && project.was_on(minute)
}

async fn readbacks(store: &Store, project: &Project, beat: &Recorded, now: Timestamp) -> Result<Vec<BeatReadback>, StoreError> {
    let (from, soon) = (beat.minute, beat.minute.plus(READBACKS_SHOWN));
    let to = beat.seen.map_or(now, |seen| seen.min(now)).minute().plus(1);
    let mut samples = store.samples(project.id, from, to.min(soon)).await?;
    if to > soon {
        // The one that saw it, or the newest: the answer came within two minutes of the question.
        samples.extend(store.samples(project.id, soon.max(to.plus(-3)), to).await?);
    }
    Ok(told(beat, &samples))
}

/// What each of these read-backs made of the beat, up to the one that saw it.
fn told(beat: &Recorded, samples: &[ReadbackSample]) -> Vec<BeatReadback> {
    let from = beat.counted_from();
    let missed = |sample: &ReadbackSample| beat.missed.is_some_and(|missed| sample.at <= missed);
    let saw_it = samples.iter().rfind(|sample| sample.result.is_ok() && !missed(sample) && beat.seen.is_some_and(|seen| sample.at <= seen));
    let counted = samples.iter().filter(|sample| sample.at >= from && beat.seen.is_none_or(|seen| sample.at <= seen));
    let readback = |sample: &ReadbackSample| {
        let saw = match sample.result {
            Err(trouble) => ReadbackFinding::WebError(trouble),
            Ok(_) if saw_it.is_some_and(|saw| saw.at == sample.at) => ReadbackFinding::It,
            Ok(_) if missed(sample) => ReadbackFinding::Nothing,
            Ok(_) => ReadbackFinding::Untold,
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
        let good = |second| ReadbackSample { at: at(second), result: Ok(Traffic::default()) };
        let bad = |second| ReadbackSample { at: at(second), result: Err(ReadbackErrorKind::Throttled) };
        let samples = [good(2), good(30), good(90), bad(150), good(210), good(270)];
        let awaiting = Recorded { sent: Some(at(5)), outcome: Outcome::Awaiting, ..Recorded::blank(RouteId(1), START) };
        let told = |beat: &Recorded| -> Vec<(u64, ReadbackFinding)> {
            told(beat, &samples).iter().map(|readback| (readback.after.as_secs(), readback.saw)).collect()
        };
        let trouble = (145, ReadbackFinding::WebError(ReadbackErrorKind::Throttled));
        let seen = Recorded { outcome: Outcome::Late, missed: Some(at(90)), seen: Some(at(211)), ..awaiting.clone() };
        assert_eq!(told(&seen), [(25, ReadbackFinding::Nothing), (85, ReadbackFinding::Nothing), trouble, (205, ReadbackFinding::It)]);
        let at_once = Recorded { outcome: Outcome::Arrived, seen: Some(at(31)), ..awaiting.clone() };
        assert_eq!(told(&at_once), [(25, ReadbackFinding::It)]);
        let missing = Recorded { missed: Some(at(210)), ..awaiting.clone() };
        assert_eq!(told(&missing)[3..], [(205, ReadbackFinding::Nothing), (265, ReadbackFinding::Untold)]);
        assert_eq!(told(&awaiting).len(), 5, "the one before the sending says nothing");
    }
}
