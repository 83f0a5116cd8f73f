//! `blind`: read-backs have failed for longer than the limit.

use std::time::Duration;

use super::super::row::{Extent, Marks, Row, Strength};
use super::super::scene::{View, readback_interval};
use crate::judge::diagnosis;
use crate::judge::mark::MarkOf;
use crate::model::{
    Diagnosis, Incident, Parts, Place, ReadbackError, ReadbackErrorKind, ReadbackSample, ResponseExcerpt, Rule, RuleKind, Timestamp,
};

pub(super) static ROW: Row = Row {
    back: |_, rule| rule.and_then(Rule::time_limit).unwrap_or_default(),
    cause,
    ..Row::new(
        RuleKind::Blind,
        Marks::Readbacks { mark, may_be_bad: |_, sample| is_failure(sample), extent: |view, place| Some(extent(view, place)) },
        |_| Diagnosis::at(Place::Query, "Beats cannot be read back"),
    )
};

fn mark(view: &View<'_>, place: usize) -> Option<MarkOf> {
    match view.samples.get(place)?.result {
        Ok(_) => Some(MarkOf::Good),
        // Without a key there is nothing to read back.
        Err(ReadbackErrorKind::NoKey) => None,
        Err(_) => {
            let limit = view.rule(RuleKind::Blind).and_then(Rule::time_limit).unwrap_or_default();
            (blind_until(view, place).since(blind_from(view, place)) > limit).then_some(MarkOf::Bad)
        }
    }
}

fn is_failure(sample: &ReadbackSample) -> bool {
    sample.result.is_err_and(|kind| kind != ReadbackErrorKind::NoKey)
}

/// Until when the failed read-back proves blindness. While PostHog asks for a pause there are no read-backs: the newest one then counts for
/// that time as well.
fn blind_until(view: &View<'_>, place: usize) -> Timestamp {
    let at = view.samples[place].at;
    let is_newest = place + 1 == view.samples.len();
    let waits = view.readback.filter(|readback| is_newest && readback.at == at).map(|readback| readback.not_before);
    waits.map_or(at, |until| until.min(view.at).max(at))
}

/// The start of the blindness of a failed read-back: the last good read-back, or the app's first. Time without read-backs is our own and does
/// not count: at most one interval lies before the first failed read-back.
fn blind_from(view: &View<'_>, place: usize) -> Timestamp {
    let Blindness { first_failed, last_good } = blindness(view, place);
    let at_most = readback_interval(view.project) + Duration::from_secs(5);
    last_good.map_or(first_failed, |good| good.max(first_failed.minus(at_most))).max(view.since())
}

fn extent(view: &View<'_>, place: usize) -> Extent {
    let blind = blindness(view, place);
    let first_bad = blind.first_failed.minute();
    Extent { first_bad: Some(first_bad), last_good: blind.last_good.map(Timestamp::minute).filter(|good| *good < first_bad) }
}

struct Blindness {
    first_failed: Timestamp,
    last_good: Option<Timestamp>,
}

/// The run of failed read-backs that includes `place`.
fn blindness(view: &View<'_>, place: usize) -> Blindness {
    let (run, before) = failing_run(view, place);
    let first = run.first().map_or(view.at, |sample| sample.at);
    if let Some(before) = before {
        return Blindness { first_failed: first, last_good: Some(before.at).filter(|_| before.result.is_ok()) };
    }
    // The run may begin before the view: the newest read-back knows since when. Unless Heartbeat was down before it.
    let margin = readback_interval(view.project) * 2;
    let begins_in_sight = view.from.start().plus(margin) < first;
    let was_up = view.beats.iter().any(|beat| beat.sent.is_some_and(|sent| sent < first.minus(margin)));
    let before_first = |at: Option<Timestamp>| at.filter(|at| *at <= first);
    let failing_since = view.readback.and_then(|readback| before_first(readback.failing_since)).filter(|_| was_up || !begins_in_sight);
    Blindness {
        first_failed: failing_since.unwrap_or(first),
        last_good: view.readback.and_then(|readback| before_first(readback.last_good)),
    }
}

/// The unbroken run of failed read-backs up to `place`, and the sample before it.
fn failing_run<'a>(view: &View<'a>, place: usize) -> (&'a [ReadbackSample], Option<&'a ReadbackSample>) {
    let samples = &view.samples[..=place];
    let run = samples.iter().rev().take_while(|sample| is_failure(sample)).count();
    let (earlier, run) = samples.split_at(samples.len() - run);
    (run, earlier.last())
}

fn cause(view: &View<'_>, _: Option<&Incident>) -> Option<(Strength, Diagnosis)> {
    let failure = match view.readback {
        Some(readback) => readback.result.as_ref().err()?.clone(),
        None => ReadbackError::quoting(view.samples.last()?.result.err()?, ResponseExcerpt::default()),
    };
    let down = view.readback.map_or_else(Parts::default, |readback| readback.findings.parts_down());
    Some((Strength::Counted, diagnosis::unreadable(&view.first_way(), &failure, down)))
}
