//! What users do with an incident: acknowledge, unacknowledge, snooze. Recording continues.

use std::time::Duration;

use super::error::{ChangeError, Clash};
use crate::config::{Problem, duration, rules};
use crate::model::{Acknowledged, Entry, EntryKind, Incident, IncidentId, Invalid, Timestamp};
use crate::store::{IncidentFilter, Store};

const LONGEST: Duration = Duration::from_hours(30 * 24);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    at: Timestamp,
    action: Action,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    /// With `only_if_free`, an existing acknowledgement stays.
    Acknowledgement {
        by: String,
        only_if_free: bool,
    },
    Unacknowledged,
    Wait(Duration),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The state before the change.
    pub incident: Incident,
    /// The new timeline entry, or why there is none.
    pub words: String,
    /// Nothing was written: the incident is already acknowledged.
    pub is_kept: bool,
}

impl Word {
    /// Stops reminders. `by` is the user, with an optional comment.
    pub fn acknowledged(by: &str, at: Timestamp) -> Result<Self, Problem> {
        let by = rules::about("by", rules::one_line(by, 200))?;
        Ok(Self { at, action: Action::Acknowledgement { by, only_if_free: false } })
    }

    /// Keeps an existing acknowledgement.
    #[must_use]
    pub fn only_if_free(self) -> Self {
        match self.action {
            Action::Acknowledgement { by, .. } => Self { action: Action::Acknowledgement { by, only_if_free: true }, ..self },
            _ => self,
        }
    }

    /// The current acknowledger, if nothing is to be written.
    fn acknowledger<'i>(&self, incident: &'i Incident) -> Option<&'i str> {
        let Action::Acknowledgement { by, only_if_free } = &self.action else { return None };
        let known = incident.acknowledged.as_ref().map(|known| known.by.as_str());
        known.filter(|known| *only_if_free || known == by)
    }

    #[must_use]
    pub const fn unacknowledged(at: Timestamp) -> Self {
        Self { at, action: Action::Unacknowledged }
    }

    /// See [`snooze_time`] for the limits.
    #[must_use]
    pub const fn wait(lasts: Duration, at: Timestamp) -> Self {
        Self { at, action: Action::Wait(lasts) }
    }

    /// The timeline entry; `before` is the previous acknowledgement.
    fn entry(&self, before: Option<&Acknowledged>) -> Entry {
        let (kind, words) = match &self.action {
            Action::Acknowledgement { by, .. } => {
                let before = before.map_or_else(String::new, |before| format!(" (before: {})", before.by));
                (EntryKind::Acknowledged, format!("acknowledged by {by}{before}"))
            }
            Action::Unacknowledged => (EntryKind::Unacknowledged, "unacknowledged; reminders continue".to_owned()),
            Action::Wait(lasts) => {
                let until = self.at.plus(*lasts).date_and_minute();
                (EntryKind::Snoozed, format!("no reminders for {}, until {until} UTC", duration::show(*lasts)))
            }
        };
        Entry { at: self.at, kind, words }
    }

    fn apply_to(&self, incident: &Incident) -> (Option<Acknowledged>, Option<Timestamp>) {
        match &self.action {
            Action::Acknowledgement { by, .. } => (Some(Acknowledged { at: self.at, by: by.clone() }), incident.snoozed_until),
            Action::Unacknowledged => (None, incident.snoozed_until),
            Action::Wait(lasts) => (incident.acknowledged.clone(), Some(self.at.plus(*lasts))),
        }
    }
}

pub fn snooze_time(text: &str) -> Result<Duration, Invalid> {
    duration::within(text, Duration::from_secs(1), LONGEST)
}

pub async fn find(store: &Store, number: i64) -> Result<Incident, ChangeError> {
    let which = IncidentFilter { id: Some(IncidentId(number)), ..IncidentFilter::default() };
    let found = store.incidents(&which).await?.into_iter().next();
    found.ok_or(ChangeError::NoIncident(number))
}

pub async fn hold(store: &Store, number: i64, word: &Word) -> Result<Held, ChangeError> {
    let incident = find(store, number).await?;
    let Some(id) = incident.id.filter(|_| incident.is_open()) else { return Err(Clash::Over(number).into()) };
    if let Some(by) = word.acknowledger(&incident) {
        let words = format!("already acknowledged by {by}");
        return Ok(Held { incident, words, is_kept: true });
    }
    let (acknowledged, snoozed_until) = word.apply_to(&incident);
    let entry = word.entry(incident.acknowledged.as_ref());
    if store.hold(id, acknowledged.as_ref(), snoozed_until, &entry).await? {
        Ok(Held { incident, words: entry.words, is_kept: false })
    } else {
        Err(ChangeError::NoIncident(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_it_in_hand_is_named_on_one_line() {
        for by in ["", "  ", "ann\nbob", &"x".repeat(201)] {
            assert_eq!(
                Word::acknowledged(by, Timestamp::from_ms(0)).unwrap_err().to_string(),
                "by must be 1 to 200 characters on one line"
            );
        }
        assert!(
            Word::acknowledged(" ann: calling them ", Timestamp::from_ms(0))
                .unwrap()
                .entry(None)
                .words
                .ends_with("acknowledged by ann: calling them")
        );
        let before = Acknowledged { at: Timestamp::from_ms(0), by: "ann".to_owned() };
        assert_eq!(
            Word::acknowledged("bob", Timestamp::from_ms(0)).unwrap().entry(Some(&before)).words,
            "acknowledged by bob (before: ann)"
        );
    }

    #[test]
    fn reminders_wait_for_a_while_and_not_for_ever() {
        for text in ["0s", "31d", "soon", ""] {
            assert!(snooze_time(text).is_err(), "{text}");
        }
        let at = Timestamp::parse("2026-11-23T14:32:07Z").unwrap();
        let word = Word::wait(snooze_time("2h").unwrap(), at);
        assert_eq!(word.entry(None).words, "no reminders for 2h, until 2026-11-23 16:32 UTC");
    }
}
