//! A step: one change of an incident, as it is written.

use super::tally::ending;
use crate::model::{EndedBecause, Entry, EntryKind, Incident, NotificationKind, Timestamp};

/// What changed. Incident, entries and notifications belong into one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub incident: Incident,
    pub entries: Vec<Entry>,
    pub tell: Vec<NotificationKind>,
}

/// Closes an incident whose project is no longer watched: it was removed, or the app was switched off.
#[must_use]
pub fn abandon(open: &Incident, at: Timestamp, because: EndedBecause) -> Step {
    let incident = Incident { closed: Some(at), ended_because: Some(because), ..open.clone() };
    Step { entries: vec![closing(&incident, at)], tell: resolved(&incident), incident }
}

/// The entry of an incident that ended at `at`, from its final tally.
pub(super) fn closing(incident: &Incident, at: Timestamp) -> Entry {
    Entry { at, kind: EntryKind::Closed, words: ending(incident) }
}

/// The resolved notification is sent if the opening was notified, even when the incident is acknowledged.
pub(super) fn resolved(incident: &Incident) -> Vec<NotificationKind> {
    incident.announced.map(|_| NotificationKind::Resolved).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{only, play, project};
    use super::*;
    use crate::judge::letters::START;

    #[test]
    fn a_project_that_is_not_watched_any_more_leaves_no_incident_open() {
        let (_, book) = play(project(only(&[("capture", "on")])), "R*5");
        let step = abandon(&book.incidents[0], START.plus(6).start(), EndedBecause::ProjectRemoved);
        assert_eq!((step.incident.closed, step.tell), (Some(START.plus(6).start()), vec![NotificationKind::Resolved]));
        assert!(step.entries[0].words.starts_with("no longer watched: the project was removed; so far"), "{}", step.entries[0].words);
        let never_notified = Incident { announced: None, ..book.incidents[0].clone() };
        assert_eq!(abandon(&never_notified, START.plus(6).start(), EndedBecause::AlertOff).tell, []);
    }
}
