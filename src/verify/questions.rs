//! What one read-back asks: beats that have not arrived, and minutes without a record.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{Beat, Minute, Outcome, Project, Readback, Recorded, Route, Timestamp};
use crate::posthog::query::MAX_BEATS_A_READBACK;
use crate::store::{Store, StoreError, Unsettled};

/// How long a beat is read back; a later arrival is not noticed.
pub(super) const LOOKED_FOR: Duration = Duration::from_hours(24);

pub(super) struct Asked {
    pub(super) recorded: Recorded,
    pub(super) beat: Beat,
}

pub(super) struct Questions {
    /// The stored read-back.
    pub(super) last: Option<Readback>,
    pub(super) asked: Vec<Asked>,
    /// Every minute before it in which a beat was due has a row.
    pub(super) complete_to: Minute,
}

/// Beats to read back, undecided ones first, newest first.
/// A minute without a record counts too: a process may have sent its beat and stopped before recording it. A row stays for longer than a beat is
/// looked for, so minutes before `complete_to` are not looked up again, except once an hour: a database may be restored while the program runs.
pub(super) async fn questions(
    store: &Arc<Store>,
    project: &Project,
    now: Timestamp,
    complete_to: Option<Minute>,
) -> Result<Questions, StoreError> {
    let ids: Vec<_> = project.routes.iter().map(|route| route.id).collect();
    let horizon = now.minus(LOOKED_FOR).minute();
    let mut first: Vec<Recorded> = Vec::new();
    let mut rest: Vec<Recorded> = Vec::new();
    let begun = project.routes.iter().map(|route| route.since.minute()).min().unwrap_or(horizon).max(horizon);
    // Not all projects in the same minute.
    let from_the_beginning = now.minute().index().rem_euclid(60) == project.id.0.rem_euclid(60);
    let from = complete_to.filter(|_| !from_the_beginning).map_or(begun, |complete_to| complete_to.clamp(begun, now.minute().max(begun)));
    let Unsettled { last, beats, gaps } = store.unsettled(project.id, &ids, horizon, from, now.minute()).await?;
    for beat in beats {
        let undecided = matches!(beat.outcome, Outcome::Awaiting | Outcome::Unverified | Outcome::Unreachable);
        if undecided { &mut first } else { &mut rest }.push(beat);
    }
    let mut complete_to = now.minute();
    for (id, minute) in gaps {
        let was_due = project.routes.iter().any(|route| route.id == id && minute >= route.since.minute()) && project.was_on(minute);
        if was_due {
            complete_to = complete_to.min(minute);
            first.push(Recorded::blank(id, minute));
        }
    }
    first.sort_by_key(|beat| std::cmp::Reverse(beat.minute));
    first.truncate(MAX_BEATS_A_READBACK);
    // Lost beats take turns for the remaining places.
    let room = (MAX_BEATS_A_READBACK - first.len()).min(rest.len());
    if room > 0 {
        let turn = (now.minute().index().unsigned_abs() as usize).wrapping_mul(room) % rest.len();
        rest.rotate_left(turn);
        first.extend(rest.drain(..room));
    }
    let asked = first.into_iter().filter_map(|recorded| ask(project, recorded)).collect();
    Ok(Questions { last, asked, complete_to })
}

fn ask(project: &Project, recorded: Recorded) -> Option<Asked> {
    let route: &Route = project.routes.iter().find(|route| route.id == recorded.route)?;
    let beat = Beat::derive(&project.spec.token, &route.spec, recorded.minute);
    Some(Asked { recorded, beat })
}

pub(super) fn oldest(asked: &[Asked], now: Timestamp) -> Minute {
    asked.iter().map(|asked| asked.recorded.minute).min().unwrap_or_else(|| now.minute())
}
