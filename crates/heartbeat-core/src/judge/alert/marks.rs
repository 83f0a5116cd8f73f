//! Marks: good or bad, one per minute of beats or per read-back. Undecided ones have no mark.

use super::scene::View;
use crate::judge::mark::{Mark, MarkOf};
use crate::model::{Recorded, Timestamp, Traffic};

/// What one beat says about its minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BeatMark {
    Good,
    Bad,
    /// It may still turn bad: its minute waits for it.
    Open,
    Nothing,
}

/// One mark per minute over the beats of all routes in use, newest first: bad if any is bad; good if any is good and none can turn bad.
pub(super) fn minutes<'a>(view: &'a View<'a>, mark_of: impl Fn(&Recorded) -> BeatMark + 'a) -> impl Iterator<Item = Mark> + 'a {
    let beginning = view.beats_from;
    let by_minute = view.beats.chunk_by(|one, next| one.minute == next.minute).rev();
    by_minute.take_while(move |beats| beats.iter().any(|beat| beat.minute >= beginning.minute())).filter_map(move |beats| {
        let mut found = None;
        for beat in beats.iter().filter(|beat| is_counted(view, beat)) {
            match mark_of(beat) {
                BeatMark::Bad => return Some(Mark { minute: beat.minute, of: MarkOf::Bad }),
                BeatMark::Open => found = Some(BeatMark::Open),
                BeatMark::Good => found = found.or(Some(BeatMark::Good)),
                BeatMark::Nothing => {}
            }
        }
        (found == Some(BeatMark::Good)).then(|| Mark { minute: beats[0].minute, of: MarkOf::Good })
    })
}

/// Whether a beat is of a route in use, and was due after the route was set up and the apps were switched on.
fn is_counted(view: &View<'_>, beat: &Recorded) -> bool {
    let route = view.project.routes.iter().find(|route| route.id == beat.route);
    route.is_some_and(|route| beat.counted_from() >= view.beats_from && beat.minute >= route.since.minute())
}

/// One mark per read-back, newest first; none before the app was enabled.
pub(super) fn readbacks<'a>(
    view: &'a View<'a>,
    mark_of: impl Fn(&View<'_>, usize) -> Option<MarkOf> + 'a,
) -> impl Iterator<Item = Mark> + 'a {
    let counted = (0..view.samples.len()).rev().take_while(|place| view.samples[*place].at >= view.readbacks_from);
    counted.filter_map(move |place| mark_of(view, place).map(|of| Mark { minute: view.samples[place].at.minute(), of }))
}

/// Whether the newest event shows that events arrive: the time of sending of an event from the future is unknown.
pub(super) fn is_news(newest: Option<Timestamp>, at: Timestamp) -> bool {
    newest.is_none_or(|newest| newest <= at.plus(Traffic::CLOCKS_AHEAD))
}
