//! `lag_above`: beats arrive later than the limit, or are missing for longer.

use std::time::Duration;

use super::super::marks::BeatMark;
use super::super::row::{Marks, Row, Strength};
use super::super::scene::{Scene, View, readback_interval};
use crate::judge::diagnosis;
use crate::model::{Diagnosis, Incident, Outcome, Recorded, Rule, RuleKind};

pub(super) static ROW: Row = Row {
    back: |_, rule| rule.filter(|rule| rule.on).and_then(Rule::time_limit).unwrap_or_default(),
    may_hold_on_ordinary: |view| limit(view) < Recorded::ORDINARY_LAG,
    cause,
    is_missing_too_long: |view, waited| waited > limit(view),
    ..Row::new(RuleKind::Lag, Marks::Beats(|view, beat| mark(beat, limit(view))), |view| diagnosis::late(newest_lag(view)))
};

fn limit(scene: &Scene<'_>) -> Duration {
    scene.rule(RuleKind::Lag).and_then(Rule::time_limit).unwrap_or(Duration::MAX)
}

/// Judged by the limit alone, without any other wait. An aggregated beat has no lag and is judged by its outcome.
fn mark(beat: &Recorded, limit: Duration) -> BeatMark {
    let is_over = |lag: Duration| if lag > limit { BeatMark::Bad } else { BeatMark::Good };
    match beat.outcome {
        Outcome::Arrived => beat.ingested_lag().map_or(BeatMark::Good, is_over),
        Outcome::Late => beat.ingested_lag().map_or(BeatMark::Bad, is_over),
        // A lost beat says nothing about a limit that is longer than `lost_after`: it is still looked for.
        Outcome::Awaiting | Outcome::Unverified | Outcome::Lost if beat.is_missing_over(limit) => BeatMark::Bad,
        Outcome::Awaiting | Outcome::Unverified | Outcome::Lost => BeatMark::Open,
        Outcome::Rejected | Outcome::Unreachable | Outcome::NotSent => BeatMark::Nothing,
    }
}

/// While beats arrive, however late, nothing is stuck.
fn cause(view: &View<'_>, _: Option<&Incident>) -> Option<(Strength, Diagnosis)> {
    let lag = newest_lag(view).filter(|lag| *lag > limit(view))?;
    let newest = view.beats.iter().filter_map(|beat| beat.seen).max();
    let arrivals_go_on = newest.is_some_and(|seen| view.at.since(seen) < readback_interval(view.project) * 3);
    Some((if arrivals_go_on { Strength::Arriving } else { Strength::Counted }, diagnosis::late(Some(lag))))
}

fn newest_lag(scene: &Scene<'_>) -> Option<Duration> {
    scene.beats.iter().rev().find(|beat| beat.outcome.is_seen())?.ingested_lag()
}
