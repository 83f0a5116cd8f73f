//! `quiet`: heartbeats arrive, but no other event within `timeRange`.

use std::time::Duration;

use super::super::marks::is_news;
use super::super::row::{Extent, Marks, Row, Strength};
use super::super::scene::{OTHERS_OVER, View};
use super::no_event::watched_settings;
use crate::judge::diagnosis;
use crate::judge::mark::MarkOf;
use crate::model::{Diagnosis, IngestionAlertApp, RuleKind, Timestamp, Watch};

pub(super) static ROW: Row = Row {
    back: |spec, _| range(spec.alert()),
    // An ordinary read-back may have found no other event.
    may_hold_on_ordinary: |_| true,
    cause: |view, _| ROW.is_bad_now(view).then(|| (Strength::Counted, sees(view))),
    other_settings: |_, app| watched_settings(app),
    ..Row::new(
        RuleKind::Quiet,
        Marks::Readbacks { mark, may_be_bad: |_, sample| sample.result.is_ok_and(|traffic| traffic.others == 0), extent },
        sees,
    )
};

fn range(app: Option<&IngestionAlertApp>) -> Duration {
    app.map_or(OTHERS_OVER, |app| app.time_range.max(OTHERS_OVER))
}

/// Other events are counted over 30 minutes, so a longer range needs read-backs that cover it without a gap.
fn mark(view: &View<'_>, place: usize) -> Option<MarkOf> {
    let (app, sample) = (view.app()?, view.samples.get(place)?);
    let (at, traffic) = (sample.at, sample.result.ok()?);
    if traffic.others > 0 {
        return is_news(traffic.newest, at).then_some(MarkOf::Good);
    }
    let beginning = at.minus(app.time_range);
    let is_watched = !matches!(app.watch, Watch::Events(_));
    if !is_watched || beginning < view.since() || !view.arrives(at, app.time_range) {
        return None;
    }
    let mut covered = at.minus(OTHERS_OVER);
    for sample in view.samples[..place].iter().rev() {
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

fn extent(view: &View<'_>, place: usize) -> Option<Extent> {
    Extent::since_newest(view, place, range(view.app()), |traffic| traffic.newest)
}

fn sees(view: &View<'_>) -> Diagnosis {
    let newest: Option<Timestamp> = view.samples.iter().filter_map(|sample| sample.result.ok()?.newest).max();
    diagnosis::quiet(range(view.app()), newest)
}
