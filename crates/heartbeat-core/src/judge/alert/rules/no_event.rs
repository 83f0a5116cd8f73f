//! `no_event`: no watched event with a timestamp in the last `timeRange`; the only rule of PostHog's app.

use std::time::Duration;

use super::super::marks::is_news;
use super::super::row::{Extent, Marks, Row, Strength};
use super::super::scene::{Scene, View};
use crate::judge::diagnosis;
use crate::judge::mark::MarkOf;
use crate::model::{Diagnosis, IngestionAlertApp, Outcome, Recorded, RuleKind, Timestamp, Watch, duration};

pub(super) static ROW: Row = Row {
    back: |spec, _| spec.alert().map_or(Duration::ZERO, |app| app.time_range),
    can_judge,
    cause: |view, _| ROW.is_bad_now(view).then(|| (Strength::Counted, sees(view))),
    reminds_when_due: true,
    other_settings: |_, app| watched_settings(app),
    ..Row::new(
        RuleKind::NoEvent,
        Marks::Readbacks { mark, may_be_bad: |_, sample| sample.result.is_ok_and(|traffic| traffic.watched == 0), extent },
        sees,
    )
};

/// Not on heartbeats while Heartbeat is off.
fn can_judge(scene: &Scene<'_>) -> bool {
    let spec = &scene.project.spec;
    let is_off = spec.heartbeat.is_some() && !spec.beats();
    !is_off || scene.app().is_none_or(|app| app.watch != Watch::Heartbeats)
}

/// The settings of what is watched, and when.
pub(super) fn watched_settings(app: &IngestionAlertApp) -> String {
    let due = app.due.as_ref().map_or_else(String::new, |due| format!(", due {due}"));
    format!(", timeRange {}, watch {}{due}", duration::show(app.time_range), app.watch)
}

/// A zero is bad, unless it may be our own fault.
fn mark(view: &View<'_>, place: usize) -> Option<MarkOf> {
    let (app, sample) = (view.app()?, view.samples.get(place)?);
    let (at, traffic) = (sample.at, sample.result.ok()?);
    if traffic.watched > 0 {
        return is_news(traffic.watched_newest, at).then_some(MarkOf::Good);
    }
    let is_due = app.due.as_ref().is_none_or(|due| due.covers(at.minus(app.time_range), at));
    if !is_due || at.since(view.since()) < app.time_range {
        return None;
    }
    if view.watches_own_beats() && !(beats_long_enough(view, at, app.time_range) && is_missing_something(view, at, app.time_range)) {
        return None;
    }
    Some(MarkOf::Bad)
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

fn extent(view: &View<'_>, place: usize) -> Option<Extent> {
    Extent::since_newest(view, place, view.app()?.time_range, |traffic| traffic.watched_newest)
}

fn sees(view: &View<'_>) -> Diagnosis {
    let within = view.app().map_or(Duration::ZERO, |app| app.time_range);
    let watch = view.app().map(|app| &app.watch);
    let newest = view.samples.iter().filter_map(|sample| sample.result.ok()?.watched_newest).filter(|newest| *newest <= view.at).max();
    let heartbeats = (view.project.spec.beats() && watch != Some(&Watch::Heartbeats)).then(|| view.arrives(view.at, within));
    let names = match watch {
        Some(Watch::Events(names)) => Some(names.join(" or ")),
        _ => None,
    };
    let title = names.as_ref().filter(|_| heartbeats != Some(false)).map(|names| {
        let works = if heartbeats.is_some() { "; ingestion works" } else { "" };
        format!("no {names} for {}{works}", duration::show(within))
    });
    Diagnosis { title, ..diagnosis::no_events(names.as_deref(), within, newest, heartbeats) }
}
