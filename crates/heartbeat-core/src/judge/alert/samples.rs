//! Marks of the rules that judge read-backs.

use std::time::Duration;

use super::scene::{OTHERS_OVER, Scene, readback_interval};
use crate::judge::mark::{Mark, MarkOf};
use crate::model::{Outcome, ReadbackErrorKind, ReadbackSample, Recorded, RuleKind, Timestamp, Traffic, Watch};

/// One mark per read-back, newest first; none before the app was enabled.
pub(super) fn newest_first<'a>(kind: RuleKind, scene: &'a Scene<'a>) -> impl Iterator<Item = Mark> + 'a {
    let beginning = scene.marks_from(kind);
    let counted = (0..scene.samples.len()).rev().take_while(move |at| scene.samples[*at].at >= beginning);
    counted.filter_map(move |at| mark(kind, scene, at).map(|of| Mark { minute: scene.samples[at].at.minute(), of }))
}

/// The mark of the read-back with this index; none if it is undecided.
pub(super) fn mark(kind: RuleKind, scene: &Scene<'_>, place: usize) -> Option<MarkOf> {
    let sample = scene.samples.get(place)?;
    match (kind, sample.result) {
        (RuleKind::NoEvent, Ok(traffic)) => no_event(scene, sample.at, traffic),
        (RuleKind::Quiet, Ok(traffic)) => quiet(scene, place, traffic),
        (RuleKind::Blind, Ok(_)) => Some(MarkOf::Good),
        // Without a key there is nothing to read back.
        (RuleKind::Blind, Err(ReadbackErrorKind::NoKey)) => None,
        (RuleKind::Blind, Err(_)) => {
            let limit = scene.app()?.rule(kind).limit.unwrap_or_default();
            (blind_until(scene, place).since(blind_from(scene, place)) > limit).then_some(MarkOf::Bad)
        }
        _ => None,
    }
}

/// Until when the failed read-back proves blindness. While PostHog asks for a pause there are no read-backs: the newest one then counts for
/// that time as well.
fn blind_until(scene: &Scene<'_>, place: usize) -> Timestamp {
    let at = scene.samples[place].at;
    let is_newest = place + 1 == scene.samples.len();
    let waits = scene.readback.filter(|readback| is_newest && readback.at == at).map(|readback| readback.not_before);
    waits.map_or(at, |until| until.min(scene.at).max(at))
}

/// A zero is bad, unless it may be our own fault.
fn no_event(scene: &Scene<'_>, at: Timestamp, traffic: Traffic) -> Option<MarkOf> {
    let app = scene.app()?;
    if traffic.watched > 0 {
        return is_news(traffic.watched_newest, at).then_some(MarkOf::Good);
    }
    let is_due = app.due.as_ref().is_none_or(|due| due.covers(at.minus(app.time_range), at));
    if !is_due || at.since(scene.since()) < app.time_range {
        return None;
    }
    if scene.watches_own_beats() && !(beats_long_enough(scene, at, app.time_range) && is_missing_something(scene, at, app.time_range)) {
        return None;
    }
    Some(MarkOf::Bad)
}

/// Whether the newest event shows that events arrive: the time of sending of an event from the future is unknown.
fn is_news(newest: Option<Timestamp>, at: Timestamp) -> bool {
    newest.is_none_or(|newest| newest <= at.plus(Traffic::CLOCKS_AHEAD))
}

fn beats_long_enough(scene: &Scene<'_>, at: Timestamp, range: Duration) -> bool {
    scene.project.on_since().is_some_and(|on_since| at.since(on_since) >= range)
}

/// Whether this read-back's zero should contain a beat: one that capture accepted, that had time to arrive, and that was not seen. If there is
/// none, Heartbeat was down or capture rejects, which another rule judges.
fn is_missing_something(scene: &Scene<'_>, at: Timestamp, range: Duration) -> bool {
    let late_after = scene.project.spec.timing.late_after;
    let was_accepted = |beat: &&Recorded| !matches!(beat.outcome, Outcome::Rejected | Outcome::Unreachable | Outcome::NotSent);
    let shortest = late_after + Duration::from_mins(2);
    if range < shortest {
        // A range this short contains no beat that had time to arrive: one before it counts, if sending went on.
        let goes_on = scene.sent_within(at.minus(range), at).any(|beat| was_accepted(&beat));
        return goes_on && scene.sent_within(at.minus(shortest), at.minus(late_after)).any(|beat| was_accepted(&beat));
    }
    let answered = scene.answered(at);
    let mut sent = scene.sent_within(at.minus(range), at.minus(late_after)).filter(was_accepted);
    sent.any(|beat| beat.seen.is_none_or(|seen| seen > answered))
}

/// No event except heartbeats. Other events are counted over 30 minutes, so a longer range needs read-backs that cover it without a gap.
fn quiet(scene: &Scene<'_>, place: usize, traffic: Traffic) -> Option<MarkOf> {
    let app = scene.app()?;
    let at = scene.samples[place].at;
    if traffic.others > 0 {
        return is_news(traffic.newest, at).then_some(MarkOf::Good);
    }
    let beginning = at.minus(app.time_range);
    let is_watched = !matches!(app.watch, Watch::Events(_));
    if !is_watched || beginning < scene.since() || !scene.arrives(at, app.time_range) {
        return None;
    }
    let mut covered = at.minus(OTHERS_OVER);
    for sample in scene.samples[..place].iter().rev() {
        if covered <= beginning || sample.at < covered {
            break;
        }
        match sample.result {
            Ok(traffic) if traffic.others == 0 || traffic.newest.is_some_and(|newest| newest < beginning) => {
                covered = sample.at.minus(OTHERS_OVER);
            }
            Ok(_) => return None,
            Err(_) => {}
        }
    }
    (covered <= beginning).then_some(MarkOf::Bad)
}

/// The start of the blindness of a failed read-back: the last good read-back, or the app's first. Time without read-backs is our own and does
/// not count: at most one interval lies before the first failed read-back.
fn blind_from(scene: &Scene<'_>, place: usize) -> Timestamp {
    let Blindness { first_failed, last_good } = blindness(scene, place);
    let at_most = readback_interval(scene.project) + Duration::from_secs(5);
    last_good.map_or(first_failed, |good| good.max(first_failed.minus(at_most))).max(scene.since())
}

pub(super) struct Blindness {
    pub(super) first_failed: Timestamp,
    pub(super) last_good: Option<Timestamp>,
}

/// The run of failed read-backs that includes `place`.
pub(super) fn blindness(scene: &Scene<'_>, place: usize) -> Blindness {
    let (run, before) = failing_run(scene, place);
    let first = run.first().map_or(scene.at, |sample| sample.at);
    if let Some(before) = before {
        return Blindness { first_failed: first, last_good: Some(before.at).filter(|_| before.result.is_ok()) };
    }
    // The run may begin before the scene: the newest read-back knows since when. Unless Heartbeat was down before it.
    let margin = readback_interval(scene.project) * 2;
    let begins_in_sight = scene.reaches().start().plus(margin) < first;
    let was_up = scene.beats.iter().any(|beat| beat.sent.is_some_and(|sent| sent < first.minus(margin)));
    let before_first = |at: Option<Timestamp>| at.filter(|at| *at <= first);
    let failing_since = scene.readback.and_then(|readback| before_first(readback.failing_since)).filter(|_| was_up || !begins_in_sight);
    Blindness {
        first_failed: failing_since.unwrap_or(first),
        last_good: scene.readback.and_then(|readback| before_first(readback.last_good)),
    }
}

/// The unbroken run of failed read-backs up to `place`, and the sample before it.
fn failing_run<'a>(scene: &Scene<'a>, place: usize) -> (&'a [ReadbackSample], Option<&'a ReadbackSample>) {
    let samples = &scene.samples[..=place];
    let is_blind = |sample: &&ReadbackSample| sample.result.is_err_and(|kind| kind != ReadbackErrorKind::NoKey);
    let run = samples.iter().rev().take_while(is_blind).count();
    let (earlier, run) = samples.split_at(samples.len() - run);
    (run, earlier.last())
}
