//! What the rules that watch looks make of each of them.

use std::time::Duration;

use super::marks::{Mark, MarkOf};
use super::scene::{OTHERS_OVER, Scene, readback_interval};
use crate::model::{Outcome, ReadbackErrorKind, ReadbackSample, Recorded, RuleKind, Timestamp, Traffic, Watch};

/// A mark a read-back, the newest first; none before the app was on.
pub(super) fn newest_first<'a>(kind: RuleKind, scene: &'a Scene<'a>) -> impl Iterator<Item = Mark> + 'a {
    let beginning = scene.marks_from(kind);
    let counted = (0..scene.samples.len()).rev().take_while(move |at| scene.samples[*at].at >= beginning);
    counted.filter_map(move |at| mark(kind, scene, at).map(|of| Mark { minute: scene.samples[at].at.minute(), of }))
}

/// What a rule makes of the read-back at this place among the scene's; nothing where it is undecided.
pub(super) fn mark(kind: RuleKind, scene: &Scene<'_>, place: usize) -> Option<MarkOf> {
    let sample = scene.samples.get(place)?;
    match (kind, sample.result) {
        (RuleKind::NoEvent, Ok(traffic)) => no_event(scene, sample.at, traffic),
        (RuleKind::Quiet, Ok(traffic)) => quiet(scene, place, traffic),
        (RuleKind::Blind, Ok(_)) => Some(MarkOf::Good),
        // Nobody asked us to look.
        (RuleKind::Blind, Err(ReadbackErrorKind::NoKey)) => None,
        (RuleKind::Blind, Err(_)) => {
            let limit = scene.app()?.rule(kind).limit.unwrap_or_default();
            (blind_until(scene, place).since(blind_from(scene, place)) > limit).then_some(MarkOf::Bad)
        }
        _ => None,
    }
}

/// Up to when we know that a read-back that failed left us blind. While PostHog wants to be left alone there is no other look: the newest one
/// then speaks for that time too.
fn blind_until(scene: &Scene<'_>, place: usize) -> Timestamp {
    let at = scene.samples[place].at;
    let is_newest = place + 1 == scene.samples.len();
    let waits = scene.readback.filter(|readback| is_newest && readback.at == at).map(|readback| readback.not_before);
    waits.map_or(at, |until| until.min(scene.at).max(at))
}

/// A zero is trouble by itself, unless it may be our own doing.
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

/// Clocks of clients may be ahead by so much.
const AHEAD: Duration = Duration::from_mins(5);

/// Whether the newest of some events says that they come: one from the future was sent when nobody knows.
fn is_news(newest: Option<Timestamp>, at: Timestamp) -> bool {
    newest.is_none_or(|newest| newest <= at.plus(AHEAD))
}

fn beats_long_enough(scene: &Scene<'_>, at: Timestamp, range: Duration) -> bool {
    scene.project.on_since().is_some_and(|on_since| at.since(on_since) >= range)
}

/// Whether a beat should be in the zero that this read-back saw: one that capture took, that had time to arrive, and that is not there.
/// Where there is none we were down, or capture refuses, which is another rule's matter.
fn is_missing_something(scene: &Scene<'_>, at: Timestamp, range: Duration) -> bool {
    let late_after = scene.project.spec.timing.late_after;
    let was_accepted = |beat: &&Recorded| !matches!(beat.outcome, Outcome::Rejected | Outcome::Unreachable | Outcome::NotSent);
    let shortest = late_after + Duration::from_mins(2);
    if range < shortest {
        // No range so short holds a beat that had time: one before it counts, if we went on sending.
        let goes_on = scene.sent_within(at.minus(range), at).any(|beat| was_accepted(&beat));
        return goes_on && scene.sent_within(at.minus(shortest), at.minus(late_after)).any(|beat| was_accepted(&beat));
    }
    let answered = scene.answered(at);
    let mut sent = scene.sent_within(at.minus(range), at.minus(late_after)).filter(was_accepted);
    sent.any(|beat| beat.seen.is_none_or(|seen| seen > answered))
}

/// No event but heartbeats: other traffic is counted over half an hour, so a longer range needs Read-backs that cover it without a hole.
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

/// From when on we have been blind, for a read-back that failed: the last that succeeded, or the app's first. Time in which nobody looked is
/// ours, and does not count: no more than one pace lies before the first read-back that failed.
fn blind_from(scene: &Scene<'_>, place: usize) -> Timestamp {
    let Blindness { first_failed, last_good } = blindness(scene, place);
    let at_most = readback_interval(scene.project) + Duration::from_secs(5);
    last_good.map_or(first_failed, |good| good.max(first_failed.minus(at_most))).max(scene.since())
}

/// An unbroken run of read-backs that failed.
pub(super) struct Blindness {
    pub(super) first_failed: Timestamp,
    pub(super) last_good: Option<Timestamp>,
}

/// The run that the read-back at this place, which failed, belongs to.
pub(super) fn blindness(scene: &Scene<'_>, place: usize) -> Blindness {
    let (run, before) = failing_run(scene, place);
    let first = run.first().map_or(scene.at, |sample| sample.at);
    if let Some(before) = before {
        return Blindness { first_failed: first, last_good: Some(before.at).filter(|_| before.result.is_ok()) };
    }
    // The run goes on further back than the scene: the newest read-back knows from when on. Unless we were down before it.
    let a_while = readback_interval(scene.project) * 2;
    let begins_in_sight = scene.reaches().start().plus(a_while) < first;
    let was_up = scene.beats.iter().any(|beat| beat.sent.is_some_and(|sent| sent < first.minus(a_while)));
    let known = |at: Option<Timestamp>| at.filter(|at| *at <= first);
    let failing_since = scene.readback.and_then(|readback| known(readback.failing_since)).filter(|_| was_up || !begins_in_sight);
    Blindness { first_failed: failing_since.unwrap_or(first), last_good: scene.readback.and_then(|readback| known(readback.last_good)) }
}

/// The unbroken run of read-backs that failed up to this place, and the read-back sample before it.
fn failing_run<'a>(scene: &Scene<'a>, place: usize) -> (&'a [ReadbackSample], Option<&'a ReadbackSample>) {
    let samples = &scene.samples[..=place];
    let is_blind = |sample: &&ReadbackSample| sample.result.is_err_and(|trouble| trouble != ReadbackErrorKind::NoKey);
    let run = samples.iter().rev().take_while(is_blind).count();
    let (earlier, run) = samples.split_at(samples.len() - run);
    (run, earlier.last())
}
