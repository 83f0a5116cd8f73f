//! What still arrives after an incident ended.

use super::step::Step;
use super::tally::recovery;
use crate::model::{Entry, EntryKind, Incident, IncidentKind, Recorded, Tally, Timestamp};

/// The new tally of an ended incident, from all beats of its [counted minutes](Incident::counted_minutes); none if nothing improved. It does when
/// missing, rejected or unverified beats arrived since. No notification is sent; there is an entry only when no beat is missing any more.
#[must_use]
pub fn aftermath(ended: &Incident, beats: &[Recorded], at: Timestamp) -> Option<Step> {
    ended.closed?;
    let (from, to) = ended.counted_minutes(at);
    let (before, now) = (ended.tally, Tally::of(beats, from, to));
    let outstanding = |tally: &Tally| tally.missing + tally.rejected + tally.unreachable + tally.unverified;
    // Fewer beats on record than before: they have been aggregated.
    if now.sent < before.sent || outstanding(&now) >= outstanding(&before) {
        return None;
    }
    let incident = Incident { tally: now, ..ended.clone() };
    let is_complete = before.missing > 0 && now.missing == 0;
    let entries = is_complete.then(|| Entry { at, kind: EntryKind::Aftermath, words: aftermath_words(&incident) });
    Some(Step { incident, entries: entries.into_iter().collect(), tell: Vec::new() })
}

fn aftermath_words(incident: &Incident) -> String {
    // All missing beats have arrived; why the incident ended was already said.
    recovery(&Incident { incident_kind: IncidentKind::Ingestion, ..incident.clone() })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{only, play, project, route};
    use super::*;
    use crate::judge::letters::START;
    use crate::model::Outcome;

    #[test]
    fn what_comes_after_all_is_told_by_the_timeline() {
        let mut row = project(only(&[("lost", "on")]));
        row.routes.push(route(2));
        let (world, book) = play(row, "A*20 d*40 A*9");
        let ended = &book.incidents[0];
        assert_eq!(ended.tally.missing, 80, "{:?}", ended.tally);
        let at = START.plus(200).start();
        assert_eq!(aftermath(ended, &world.beats, at), None, "nothing improved");
        let come = |count: usize| {
            let mut beats = world.beats.clone();
            let missing = beats.iter_mut().filter(|beat| !beat.outcome.is_seen());
            missing.take(count).for_each(|beat| (beat.outcome, beat.seen) = (Outcome::Late, Some(at)));
            beats
        };
        let some = aftermath(ended, &come(5), at).unwrap();
        assert_eq!((some.incident.tally.missing, some.entries.len(), some.tell.len()), (75, 0, 0));
        let all = aftermath(ended, &come(80), at).unwrap();
        assert_eq!(all.entries[0].kind, EntryKind::Aftermath);
        assert!(all.entries[0].words.starts_with("all 80 late beats arrived by"), "{}", all.entries[0].words);
        assert_eq!(aftermath(ended, &come(80)[60..], at), None, "aggregated since");
        assert_eq!(aftermath(&Incident { closed: None, ..ended.clone() }, &come(80), at), None);
    }
}
